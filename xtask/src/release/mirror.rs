//! A mirror: a folder that CLIs install from, as it is (`filesystem_mirror`) or served by any
//! web server (`network_mirror`).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::Archive;
use crate::Outcome;

/// Puts archives into a mirror under the provider's address, such as
/// `terraform.local/aop/aop`, and answers the folder of the provider.
pub fn mirror(
    folder: &Path,
    address: &str,
    version: &str,
    archives: &[Archive],
) -> Outcome<PathBuf> {
    check_address(address)?;
    let place = folder.join(address);
    fs::create_dir_all(&place)?;
    let mut described = BTreeMap::new();
    for archive in archives {
        let name = archive.path.file_name().unwrap_or_default();
        fs::copy(&archive.path, place.join(name))?;
        let description = json!({
            "hashes": [archive.content_hash()?, archive.zip_hash()?],
            "url": name.to_string_lossy(),
        });
        described.insert(archive.platform.to_string(), description);
    }
    let write = |name: &str, content| {
        let text = serde_json::to_string_pretty(&content)?;
        Outcome::Ok(fs::write(place.join(name), text + "\n")?)
    };
    write("index.json", json!({ "versions": { version: {} } }))?;
    write(&format!("{version}.json"), json!({ "archives": described }))?;
    Ok(place)
}

/// Whether an address can be this provider's, as a configuration writes it.
pub fn check_address(address: &str) -> Outcome<()> {
    let parts: Vec<&str> = address.split('/').collect();
    let is_plain = |part: &&str| {
        let is_allowed = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._:".contains(&byte)
        };
        !part.is_empty() && !part.starts_with('.') && part.bytes().all(is_allowed)
    };
    // CLIs look for archives that are called after the type.
    if !matches!(parts.as_slice(), [_, _, "aop"]) || !parts.iter().all(is_plain) {
        return Err(format!(
            "{address:?} is no address of this provider: give HOST/NAMESPACE/aop, in lower case, \
             such as terraform.local/aop/aop"
        )
        .into());
    }
    Ok(())
}
