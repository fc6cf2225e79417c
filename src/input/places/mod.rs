//! Inputs as people have them: directories with charts, kustomizations, and files that have nothing to do with Kubernetes.
//!
//! Files that are named, and standard input, are read as they are. A directory is searched: charts are rendered with
//! `helm template`, kustomizations with `kustomize build` or `kubectl kustomize` (`render`), and what these are made of
//! (`walk`, `kustomization`, `chart`) is not read by itself. All other files that end in `.yaml`, `.yml` or `.json`
//! are read, and those that are no Kubernetes objects are passed over ([`passed`]), which a note says.
//!
//! Nothing that may matter goes without a word in the verdict: what could not be rendered becomes a source that is
//! [absent](super::source::Standing::Absent).
//!
//! References: `helm template` and the layout of charts (<https://helm.sh/docs/topics/charts/>), kustomizations
//! (<https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/>).

mod chart;
mod kustomization;
pub mod passed;
mod program;
mod render;
mod walk;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::term::Limit;

use super::diagnostics::Diagnostics;
use super::source::{self, Source, Standing};
use kustomization::Kustomizations;
use render::Renderer;
pub use render::template_of;
use walk::Item;

/// The text of all paths: files as they are, directories as above, `-` for standard input. What cannot be read is
/// reported. Programs that render something are stopped when the limit is reached; what they were to render is absent then.
pub fn read(paths: &[PathBuf], limit: &Limit, sink: &mut Diagnostics) -> Vec<Arc<Source>> {
    let found: Vec<(&Path, Vec<Item>)> = paths.iter().map(|path| (path.as_path(), find(path, sink))).collect();
    let kustomizations = Kustomizations::new(found.iter().flat_map(|(_, items)| items));
    let mut reading = Reading { kustomizations, renderer: Renderer::new(limit), sink, sources: Vec::new() };
    for (path, items) in found {
        let before = reading.sources.len();
        let is_directory = !matches!(items.as_slice(), [Item::Named(_) | Item::Standard]);
        items.iter().for_each(|item| reading.take(item));
        if is_directory && reading.sources.len() == before && !reading.sink.has_errors() {
            let message = format!("there are no manifests in {}", path.display());
            reading.sink.error(
                message,
                "a directory is searched for charts, kustomizations, and files that end in .yaml, .yml or .json",
            );
        }
    }
    reading.renderer.tell(reading.sink);
    reading.kustomizations.tell(reading.sink);
    reading.sources
}

fn find(path: &Path, sink: &mut Diagnostics) -> Vec<Item> {
    if path.as_os_str() == "-" {
        vec![Item::Standard]
    } else if path.is_dir() {
        walk::directory(path, sink)
    } else {
        vec![Item::Named(path.to_owned())]
    }
}

struct Reading<'a> {
    kustomizations: Kustomizations,
    renderer: Renderer<'a>,
    sink: &'a mut Diagnostics,
    sources: Vec<Arc<Source>>,
}

impl Reading<'_> {
    fn take(&mut self, item: &Item) {
        match item {
            Item::Standard => self.sources.extend(source::read_stdin(self.sink)),
            Item::Named(path) => self.sources.extend(source::read_file(path, self.sink)),
            Item::File(path) if self.kustomizations.covers(path) => {}
            Item::File(path) => self.sources.extend(found(path, self.sink)),
            Item::BesideChart(path) => {
                let is_scenario = |source: &Arc<Source>| passed::is_scenario(&source.text);
                self.sources.extend(found(path, self.sink).filter(is_scenario));
            }
            Item::Chart(directory) => self.sources.extend(self.renderer.chart(directory, self.sink)),
            Item::Kustomization(file) => {
                if self.kustomizations.is_root(file) {
                    self.sources.push(self.renderer.kustomization(file, self.sink));
                }
            }
        }
    }
}

/// The text of a file that nobody named.
fn found(path: &Path, sink: &mut Diagnostics) -> Option<Arc<Source>> {
    let source = source::read_file(path, sink)?;
    Some(Arc::new(Arc::unwrap_or_clone(source).with_standing(Standing::Found)))
}

/// Where something is, whatever way leads there; the path itself if it is nowhere.
fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// A few names of many, as they are told.
fn some(names: &BTreeSet<String>) -> String {
    const SHOWN: usize = 6;
    let mut told: Vec<String> = names.iter().take(SHOWN).cloned().collect();
    told.extend(names.len().checked_sub(SHOWN).filter(|rest| *rest > 0).map(|rest| format!("and {rest} more")));
    told.join(", ")
}
