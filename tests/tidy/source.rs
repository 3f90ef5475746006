//! Rust sources as their tokens: without comments, documentation and unit tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, File, Item};

use crate::root;

/// Every file that git tracks or would track, as text.
pub fn files(folder: &str) -> BTreeMap<PathBuf, String> {
    let listed = Command::new("git")
        .current_dir(root())
        .args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "--",
            folder,
        ])
        .output()
        .unwrap();
    let names = String::from_utf8(listed.stdout).unwrap();
    let paths = names.lines().map(PathBuf::from);
    paths
        .filter_map(|path| Some((path.clone(), fs::read_to_string(root().join(path)).ok()?)))
        .collect()
}

/// The tokens of one source file.
pub struct Source {
    pub path: PathBuf,
    tokens: Vec<String>,
}

impl Source {
    fn parse(path: PathBuf, text: &str) -> Self {
        let mut file: File = syn::parse_str(text).unwrap();
        Code.visit_file_mut(&mut file);
        let mut tokens = Vec::new();
        flatten(file.to_token_stream(), &mut tokens);
        Self { path, tokens }
    }

    /// Whether these tokens, separated by blanks, stand somewhere one behind the other.
    pub fn has(&self, tokens: &str) -> bool {
        let wanted: Vec<&str> = tokens.split(' ').collect();
        let mut windows = self.tokens.windows(wanted.len());
        windows.any(|window| window == wanted.as_slice())
    }

    /// What stands behind each `ROOT ::`.
    pub fn named_under(&self, root: &str) -> Vec<&str> {
        let windows = self.tokens.windows(4);
        let named = windows.filter(|window| window[..3] == [root, ":", ":"]);
        named.map(|window| window[3].as_str()).collect()
    }

    /// The texts of string literals.
    pub fn literals(&self) -> impl Iterator<Item = &str> {
        let tokens = self.tokens.iter();
        tokens.filter_map(|token| token.strip_prefix('"')?.strip_suffix('"'))
    }
}

/// The sources of the product, read once.
pub fn product() -> &'static [Source] {
    static PRODUCT: LazyLock<Vec<Source>> = LazyLock::new(parse_all);
    &PRODUCT
}

fn parse_all() -> Vec<Source> {
    let folders = ["text/src", "framework/src", "cloudflare/src", "src"];
    let all = folders.iter().flat_map(|folder| files(folder));
    let is_code = |(path, _): &(PathBuf, String)| {
        let is_test = path
            .iter()
            .any(|part| part == "tests" || part == "tests.rs");
        path.extension().is_some_and(|extension| extension == "rs") && !is_test
    };
    let sources = all.filter(is_code);
    sources
        .map(|(path, text)| Source::parse(path, &text))
        .collect()
}

/// Takes out what is compiled for tests only, and what is documentation.
struct Code;

impl VisitMut for Code {
    fn visit_file_mut(&mut self, file: &mut File) {
        file.attrs.retain(|attribute| !is_doc(attribute));
        file.items.retain(|item| !is_test(item));
        visit_mut::visit_file_mut(self, file);
    }

    fn visit_item_mod_mut(&mut self, module: &mut syn::ItemMod) {
        if let Some((_, items)) = &mut module.content {
            items.retain(|item| !is_test(item));
        }
        visit_mut::visit_item_mod_mut(self, module);
    }

    fn visit_attributes_mut(&mut self, attributes: &mut Vec<Attribute>) {
        attributes.retain(|attribute| !is_doc(attribute));
    }
}

fn is_doc(attribute: &Attribute) -> bool {
    attribute.path().is_ident("doc")
}

fn is_test(item: &Item) -> bool {
    let attributes = match item {
        Item::Mod(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        _ => return false,
    };
    attributes.iter().any(|attribute| {
        let words = attribute.to_token_stream().to_string();
        attribute.path().is_ident("cfg") && words.contains("test")
    })
}

fn flatten(stream: TokenStream, tokens: &mut Vec<String>) {
    for tree in stream {
        match tree {
            TokenTree::Group(group) => flatten(group.stream(), tokens),
            other => tokens.push(other.to_string()),
        }
    }
}
