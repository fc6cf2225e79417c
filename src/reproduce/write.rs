//! Files of a reproduction in a directory of their own.

use std::fs;
use std::path::Path;

use super::{File, WriteError};

/// Refuses a directory in which there is something.
///
/// # Errors
///
/// If it is not empty, or no directory.
pub fn is_free(directory: &Path) -> Result<(), WriteError> {
    if !directory.exists() {
        return Ok(());
    }
    if !directory.is_dir() {
        return Err(WriteError::NoDirectory(directory.to_owned()));
    }
    let mut entries = fs::read_dir(directory).map_err(|error| WriteError::File(directory.to_owned(), error))?;
    match entries.next() {
        Some(_) => Err(WriteError::NotEmpty(directory.to_owned())),
        None => Ok(()),
    }
}

/// Writes files below a directory, which is made if it is not there.
///
/// # Errors
///
/// If there is something in the directory, or something cannot be written.
pub fn write(directory: &Path, files: &[File]) -> Result<(), WriteError> {
    is_free(directory)?;
    for file in files {
        let path = directory.join(&file.path);
        let parent = path.parent().unwrap_or(directory);
        fs::create_dir_all(parent).map_err(|error| WriteError::File(parent.to_owned(), error))?;
        fs::write(&path, &file.text).map_err(|error| WriteError::File(path.clone(), error))?;
        if file.runs {
            make_runnable(&path)?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn make_runnable(path: &Path) -> Result<(), WriteError> {
    use std::os::unix::fs::PermissionsExt;
    let permissions = fs::Permissions::from_mode(0o755);
    fs::set_permissions(path, permissions).map_err(|error| WriteError::File(path.to_owned(), error))
}

#[cfg(not(unix))]
fn make_runnable(_: &Path) -> Result<(), WriteError> {
    Ok(())
}
