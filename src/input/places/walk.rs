//! Searches a directory: which files, charts and kustomizations there are.
//!
//! What begins with a dot is left aside. Below a chart nothing is searched: what is there is for helm, but for
//! scenarios beside `Chart.yaml`.

use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::input::diagnostics::Diagnostics;

use super::{chart, kustomization};

/// Something to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// Standard input.
    Standard,
    /// A file that was named.
    Named(PathBuf),
    /// A file of a directory.
    File(PathBuf),
    /// A file in the directory of a chart.
    BesideChart(PathBuf),
    /// The directory of a chart.
    Chart(PathBuf),
    /// The file that makes its directory a kustomization.
    Kustomization(PathBuf),
}

/// Everything in a directory, in the order of names. What cannot be searched is reported.
pub fn directory(root: &Path, sink: &mut Diagnostics) -> Vec<Item> {
    let mut items = Vec::new();
    let entries = WalkDir::new(root).follow_links(true).sort_by_file_name();
    let mut entries = entries.into_iter().filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry));
    while let Some(entry) = entries.next() {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => {
                if enter(entry.path(), &mut items) {
                    entries.skip_current_dir();
                }
            }
            Ok(entry) if entry.file_type().is_file() && is_manifest(entry.path()) => {
                items.push(Item::File(entry.into_path()));
            }
            Ok(_) => {}
            Err(error) => sink.error(format!("cannot read {}: {error}", root.display()), "check its permissions"),
        }
    }
    items
}

/// Notes what a directory is, and whether that is all there is to find in it.
fn enter(directory: &Path, items: &mut Vec<Item>) -> bool {
    if chart::is_chart(directory) {
        items.push(Item::Chart(directory.to_owned()));
        items.extend(beside(directory).into_iter().map(Item::BesideChart));
        return true;
    }
    items.extend(kustomization::file_of(directory).map(Item::Kustomization));
    false
}

/// The files next to `Chart.yaml` that are no part of the chart.
fn beside(directory: &Path) -> Vec<PathBuf> {
    let entries = WalkDir::new(directory).min_depth(1).max_depth(1).follow_links(true).sort_by_file_name();
    let files = entries.into_iter().filter_map(Result::ok).filter(|it| it.file_type().is_file() && !is_hidden(it));
    files.map(DirEntry::into_path).filter(|path| is_manifest(path) && !chart::is_part(path)).collect()
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().to_string_lossy().starts_with('.')
}

fn is_manifest(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known)))
}
