//! Files that lead a test cluster through a counterexample: manifests with KWOK's nodes, a script of kubectl steps, and
//! what to know about both.
//!
//! Nothing here reads sentences: what happens outside the control plane is in the story as a
//! [`Deed`](crate::cluster::view::deed::Deed), and each becomes commands in [`deeds`]. What a cluster cannot be brought
//! to do is said in both files, and never left out silently. All text from the input passes [`shell`] on its way into the script.

pub mod cast;
pub mod clean;
pub mod deeds;
mod error;
pub mod evidence;
pub mod files;
pub mod needs;
pub mod nodes;
pub mod placement;
pub mod readme;
pub mod script;
pub mod shell;
pub mod stages;
pub mod story;
pub mod usage;
mod write;

use std::sync::Arc;

use serde_json::Value;

use crate::check::source::Input;
use crate::check::{CheckError, SavedTrace, lead};
use crate::input::source::Source;

use cast::{Act, Cast};
use files::CommandFiles;
use story::Stage;

pub use error::WriteError;
pub use write::{is_free, write};

/// A file of a reproduction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where it is, from the directory of all.
    pub path: String,
    /// What is in it.
    pub text: String,
    /// Whether it is to be run.
    pub runs: bool,
}

/// The files for a counterexample of an input, of which these are the texts. The inner error says why it is none there.
///
/// # Errors
///
/// If the input cannot be modelled, or the trace is of an interleaving that is not known.
pub fn reproduce(
    input: &Input,
    sources: &[Arc<Source>],
    trace: &SavedTrace,
) -> Result<Result<Vec<File>, String>, CheckError> {
    let led = lead(input, trace)?;
    Ok(led.map(|led| {
        let cast = Cast::new(sources, &input.spec);
        let files = CommandFiles::new(&input.spec, &cast);
        let stage = Stage { cluster: &input.spec, led: &led, cast: &cast, files: &files };
        all(&stage, trace)
    }))
}

fn all(stage: &Stage<'_>, trace: &SavedTrace) -> Vec<File> {
    let needs = needs::of(stage);
    let evidence = evidence::of(stage, trace);
    let mut files = vec![
        File { path: "README.md".to_owned(), text: readme::text(stage, trace, &needs, &evidence), runs: false },
        File { path: "run.sh".to_owned(), text: script::text(stage, trace, &needs, &evidence), runs: true },
    ];
    files.extend(manifests(stage));
    let stages = stages::stages(stage.cluster, stage.downs_nodes());
    if !stages.is_empty() {
        files.push(yaml("kwok/stages.yaml", &stages));
    }
    files.extend(
        stage
            .cast
            .configurations
            .iter()
            .map(|(name, value)| yaml(&format!("config/{name}"), std::slice::from_ref(value))),
    );
    files.extend(stage.files.iter().map(|(name, values)| yaml(name, values)));
    files
}

/// Nodes that are there at the start, and objects in the order in which they are applied.
fn manifests(stage: &Stage<'_>) -> Vec<File> {
    let is_there = |name: &str| stage.start().nodes.iter().any(|node| node.name == name);
    let nodes = stage.cluster.nodes.iter().filter(|node| !node.absent && is_there(&node.name));
    let nodes: Vec<Value> = nodes.map(nodes::fake).collect();
    let acts = Act::ALL.into_iter().filter_map(|act| {
        let values: Vec<Value> = stage.cast.of(act).cloned().collect();
        (!values.is_empty()).then(|| yaml(&format!("manifests/{}", act.file()), &values))
    });
    [yaml("manifests/10-nodes.yaml", &nodes)].into_iter().chain(acts).collect()
}

/// Documents of one file.
fn yaml(path: &str, values: &[Value]) -> File {
    // What was read as JSON or YAML can be written as YAML.
    let documents = values.iter().map(|value| serde_yaml::to_string(value).unwrap_or_default());
    File { path: path.to_owned(), text: documents.collect::<Vec<String>>().join("---\n"), runs: false }
}
