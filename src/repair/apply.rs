//! Writes a repair into the files that it changes, each of them whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use thiserror::Error;

use super::answer::Repair;

/// Why a repair is not written.
#[derive(Debug, Error)]
pub enum ApplyError {
    /// The input is no file.
    #[error("{0} is no file: give the manifests as files or directories for --apply")]
    NoFile(String),
    /// Somebody changed a file meanwhile.
    #[error("{} has changed since it was read: run the command again", .0.display())]
    Changed(PathBuf),
    /// A file cannot be read or written.
    #[error("{path}: {error}", path = .0.display(), error = .1)]
    File(PathBuf, io::Error),
}

/// Writes all files of a repair. All are looked at, and all new texts are on disk, before the first one is put in its place.
///
/// # Errors
///
/// If something in the repair is not in a file, or a file cannot be written, or is not what it was.
pub fn apply(repair: &Repair) -> Result<(), ApplyError> {
    let mut ready = Vec::new();
    for (old, new) in &repair.files {
        if old.directory.is_none() || old.name == "-" {
            return Err(ApplyError::NoFile(old.name.clone()));
        }
        // What a link stands for is written, not the link.
        let path = fs::canonicalize(&old.name).map_err(|error| ApplyError::File(old.name.clone().into(), error))?;
        let failed = |error| ApplyError::File(path.clone(), error);
        let present = fs::read_to_string(&path).map_err(failed)?;
        let (mark, text) = present.strip_prefix('\u{feff}').map_or(("", present.as_str()), |text| ("\u{feff}", text));
        if text != old.text {
            return Err(ApplyError::Changed(path));
        }
        let file = written(&path, &format!("{mark}{}", new.text)).map_err(failed)?;
        ready.push((file, path));
    }
    for (file, path) in ready {
        file.persist(&path).map_err(|error| ApplyError::File(path, error.error))?;
    }
    Ok(())
}

/// A text next to the file whose place it will take, with the same permissions.
fn written(path: &Path, text: &str) -> io::Result<NamedTempFile> {
    let directory = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = NamedTempFile::new_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    fs::set_permissions(file.path(), fs::metadata(path)?.permissions())?;
    Ok(file)
}
