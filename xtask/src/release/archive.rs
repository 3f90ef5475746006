//! The archive of one platform, and the two hashes by which CLIs know it.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use super::{NAME, Platform, file_name};
use crate::Outcome;

/// The archive of one platform.
#[derive(Clone, Debug)]
pub struct Archive {
    /// Where it is.
    pub path: PathBuf,
    /// The platform whose program it holds.
    pub platform: Platform,
}

impl Archive {
    /// Puts a program and the license of its source into an archive in this folder. The bytes
    /// follow from theirs alone: order, dates and permissions are fixed.
    pub fn pack(
        folder: &Path,
        version: &str,
        platform: &Platform,
        program: &Path,
        source: &Path,
    ) -> Outcome<Self> {
        let path = folder.join(file_name(version, &format!("{platform}.zip")));
        let mut zip = ZipWriter::new(File::create_new(&path)?);
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(9))
            .last_modified_time(DateTime::default());
        for text in ["LICENSE", "NOTICE"] {
            zip.start_file(text, options.unix_permissions(0o644))?;
            zip.write_all(&fs::read(source.join(text))?)?;
        }
        zip.start_file(
            program_name(version, platform),
            options.unix_permissions(0o755),
        )?;
        zip.write_all(&fs::read(program)?)?;
        zip.finish()?;
        Ok(Self {
            path,
            platform: platform.clone(),
        })
    }

    /// The archives of this version in a folder, in the order of their platforms.
    pub fn all_in(folder: &Path, version: &str) -> Outcome<Vec<Self>> {
        let prefix = file_name(version, "");
        let mut archives = Vec::new();
        let entries = fs::read_dir(folder);
        let unreadable = |error| format!("{} cannot be read: {error}", folder.display());
        for entry in entries.map_err(unreadable)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let Some(stem) = name.strip_suffix(".zip") else {
                continue;
            };
            let platform = stem.strip_prefix(&prefix).ok_or_else(|| {
                format!(
                    "{name} is no archive of version {version}, which is called {prefix}OS_ARCH.zip"
                )
            })?;
            let platform = Platform::parse(platform)?;
            archives.push(Self { path, platform });
        }
        archives.sort_by(|one, other| one.platform.cmp(&other.platform));
        Ok(archives)
    }

    /// Whether it holds what an archive of this version has to hold.
    pub fn check(&self, version: &str) -> Outcome<()> {
        let name = program_name(version, &self.platform);
        match self.open()?.index_for_name(&name) {
            Some(_) => Ok(()),
            None => Err(format!("{} holds no {name}", self.path.display()).into()),
        }
    }

    fn open(&self) -> Outcome<ZipArchive<File>> {
        let opened = ZipArchive::new(File::open(&self.path)?);
        opened.map_err(|error| format!("{} is no archive: {error}", self.path.display()).into())
    }

    /// `zh:`, the checksum of the archive itself.
    pub fn zip_hash(&self) -> Outcome<String> {
        Ok(format!("zh:{}", sha256(&fs::read(&self.path)?)))
    }

    /// `h1:`, the checksum of what is in it, as Go's `dirhash` makes it: a list of the files
    /// with their checksums, hashed once more.
    pub fn content_hash(&self) -> Outcome<String> {
        let mut zip = self.open()?;
        let mut lines = Vec::new();
        for index in 0..zip.len() {
            let mut file = zip.by_index(index)?;
            let mut content = Vec::new();
            file.read_to_end(&mut content)?;
            lines.push((file.name()?.into_owned(), sha256(&content)));
        }
        lines.sort();
        let lines = lines.iter().map(|(name, sum)| format!("{sum}  {name}\n"));
        let list: String = lines.collect();
        let hash = digest(&SHA256, list.as_bytes());
        Ok(format!("h1:{}", BASE64_STANDARD.encode(hash)))
    }
}

/// What the program is called in its archive.
fn program_name(version: &str, platform: &Platform) -> String {
    format!("{NAME}_v{version}{}", platform.exe_suffix())
}

/// A SHA-256 in hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    let hash = digest(&SHA256, bytes);
    hash.as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
