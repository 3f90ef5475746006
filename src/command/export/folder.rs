//! The folder of an export. Nothing that is there is overwritten, and no half file is ever seen:
//! each is written under another name first.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::super::Failed;

/// A file to be written: its path below the folder, and its text.
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// Writes all of the files, or none.
pub(super) fn write(folder: &Path, files: &[File]) -> Result<(), Failed> {
    if folder.is_file() {
        return Err(Failed(format!(
            "{} is a file. Nothing was written: give a folder with --out.",
            folder.display()
        )));
    }
    let there = files.iter().map(|file| folder.join(&file.path));
    if let Some(there) = there
        .into_iter()
        .find(|path| path.symlink_metadata().is_ok())
    {
        return Err(Failed(format!(
            "{} is there already, and nothing is overwritten. Nothing was written: give another \
             folder with --out.",
            there.display()
        )));
    }
    let mut made = Made::default();
    let written = files.iter().try_for_each(|file| made.write(folder, file));
    match written {
        Ok(()) => {
            made.keep();
            Ok(())
        }
        Err(error) => Err(Failed(format!(
            "The folder {} cannot be written: {error}. Nothing was left in it.",
            folder.display()
        ))),
    }
}

/// What was made so far; removed again unless it is kept.
#[derive(Default)]
struct Made {
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

impl Made {
    fn write(&mut self, folder: &Path, file: &File) -> io::Result<()> {
        let path = folder.join(&file.path);
        let parent = path.parent().unwrap_or(folder);
        self.make_folder(parent)?;
        let mut partial = tempfile::Builder::new()
            .prefix(".aop-export-")
            .tempfile_in(parent)?;
        partial.write_all(file.text.as_bytes())?;
        partial.as_file().sync_all()?;
        readable(partial.as_file())?;
        partial
            .persist_noclobber(&path)
            .map_err(|error| error.error)?;
        self.files.push(path);
        Ok(())
    }

    /// Makes a folder and those above it.
    fn make_folder(&mut self, folder: &Path) -> io::Result<()> {
        if folder.as_os_str().is_empty() || folder.is_dir() {
            return Ok(());
        }
        if let Some(above) = folder.parent() {
            self.make_folder(above)?;
        }
        fs::create_dir(folder)?;
        self.folders.push(folder.to_owned());
        Ok(())
    }

    fn keep(mut self) {
        self.folders.clear();
        self.files.clear();
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for file in &self.files {
            let _ = fs::remove_file(file);
        }
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// As any other file: what is in it is no secret.
#[cfg(unix)]
fn readable(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &fs::File) -> io::Result<()> {
    Ok(())
}
