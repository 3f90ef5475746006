//! What a release consists of: an archive for each platform, and what registries and mirrors
//! want beside them.
//!
//! ```text
//! program ─► archive (zip) ─┐
//!                           ├─► manifest, checksums ─► signature
//! program ─► archive (zip) ─┘
//!                           └─► mirror: what `provider_installation` reads
//! ```
//!
//! Everything but the signature follows from the programs, to the byte.

mod archive;
mod mirror;
mod platform;
mod sbom;
mod signature;

use std::fs;
use std::path::Path;

use crate::Outcome;

pub use archive::Archive;
pub use mirror::{check_address, mirror};
pub use platform::Platform;
pub use sbom::sbom;
pub use signature::{Signer, throwaway_key};

/// What every file of a release begins with.
const NAME: &str = "terraform-provider-aop";

/// Says which plugin protocol the program speaks; registries read it.
const MANIFEST: &str =
    "{\n  \"version\": 1,\n  \"metadata\": {\n    \"protocol_versions\": [\"6.0\"]\n  }\n}\n";

/// The name of a file of a release, such as `…_0.1.0_SHA256SUMS`.
fn file_name(version: &str, what: &str) -> String {
    format!("{NAME}_{version}_{what}")
}

/// Writes the manifest, the checksums of everything that is in the folder then, and, with a
/// signer, their signature.
pub fn seal(folder: &Path, version: &str, signer: Option<&Signer>) -> Outcome<()> {
    fs::write(folder.join(file_name(version, "manifest.json")), MANIFEST)?;
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    let mut sums = String::new();
    for name in names {
        let sum = archive::sha256(&fs::read(folder.join(&name))?);
        sums += &format!("{sum}  {name}\n");
    }
    let path = folder.join(file_name(version, "SHA256SUMS"));
    fs::write(&path, sums)?;
    match signer {
        Some(signer) => signer.sign(&path),
        None => Ok(()),
    }
}
