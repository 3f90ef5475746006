//! Platforms, as Go and so the registries spell them.

use std::fmt;

use crate::Outcome;

/// An operating system and an architecture.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Platform {
    /// Such as `linux`, `darwin`, `windows`.
    pub os: String,
    /// Such as `amd64`, `arm64`.
    pub arch: String,
}

impl Platform {
    /// The one that this runs on.
    pub fn here() -> Self {
        let os = match std::env::consts::OS {
            "macos" => "darwin",
            other => other,
        };
        let arch = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "x86" => "386",
            other => other,
        };
        Self {
            os: os.to_owned(),
            arch: arch.to_owned(),
        }
    }

    /// Reads `linux_amd64`.
    pub fn parse(text: &str) -> Outcome<Self> {
        let is_word =
            |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
        match text.split_once('_') {
            Some((os, arch)) if is_word(os) && is_word(arch) => Ok(Self {
                os: os.to_owned(),
                arch: arch.to_owned(),
            }),
            _ => Err(format!("{text:?} is no platform, such as linux_amd64").into()),
        }
    }

    /// What the names of programs end with there.
    pub(super) fn exe_suffix(&self) -> &'static str {
        match self.os.as_str() {
            "windows" => ".exe",
            _ => "",
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.os, self.arch)
    }
}
