//! `kubound merge`.

use std::fs;
use std::path::{Path, PathBuf};

use itertools::Itertools;
use serde_json::Value;

use crate::report::merge::{Named, merge};
use crate::report::{Detail, Document};

use super::CliError;
use super::args::Merge;
use super::output::remark;
use super::printer::Printer;

/// Puts answers of shards together.
pub fn run(arguments: &Merge, detail: Detail) -> Result<u8, CliError> {
    let files: Vec<PathBuf> = arguments.files.iter().map(|path| within(path)).flatten_ok().try_collect()?;
    let documents: Vec<Named> = files.iter().map(|path| read(path)).try_collect()?;
    let printer = Printer::open(&arguments.rendering, detail)?;
    let merged = merge(&documents).map_err(|error| CliError::Usage(error.to_string()))?;
    if !merged.missing.is_empty() {
        let missing = merged.missing.iter().join(", ");
        remark(&format!("error: what shards {missing} were asked is unknown: there is no answer of theirs\n"));
    }
    printer.finish(&Document::Merged(&merged))?;
    Ok(if arguments.exit_zero { 0 } else { merged.exit_code() })
}

/// A file, or the JSON files of a directory, by name.
fn within(path: &Path) -> Result<Vec<PathBuf>, CliError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let failed = |error| CliError::File(path.to_owned(), error);
    let entries: Vec<PathBuf> =
        fs::read_dir(path).map_err(failed)?.map_ok(|entry| entry.path()).try_collect().map_err(failed)?;
    let is_json = |path: &PathBuf| path.is_file() && path.extension().is_some_and(|suffix| suffix == "json");
    let found: Vec<PathBuf> = entries.into_iter().filter(is_json).sorted().collect();
    if found.is_empty() {
        return Err(CliError::Format(path.to_owned(), "there is no file that ends in .json".to_owned()));
    }
    Ok(found)
}

fn read(path: &Path) -> Result<Named, CliError> {
    let text = fs::read_to_string(path).map_err(|error| CliError::File(path.to_owned(), error))?;
    let value: Value =
        serde_json::from_str(&text).map_err(|error| CliError::Format(path.to_owned(), error.to_string()))?;
    Ok((path.display().to_string(), value))
}
