//! Suites: files of tasks with the answers that are known to be right, in the manner of SV-COMP's task definitions.
//!
//! A suite is read as scenarios are, with every error at its place ([`document`] has its fields, `resolve` makes tasks of
//! them). Paths in it are relative to it. A suite with an error has no tasks.

pub mod document;
mod resolve;

use std::path::PathBuf;
use std::sync::Arc;

use crate::input::path::FieldPath;
use crate::input::source::{Source, read_file};
use crate::input::tree::{Position, Tree};
use crate::input::yaml;
use crate::input::{Diagnostics, Severity, typed};

use super::task::{Row, Task, rows};
use document::Document;

/// What to do about a text that is no suite.
const HELP: &str = "docs/workbench.md describes the fields of suites";

/// A suite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suite {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// In the order of the text.
    pub tasks: Vec<Arc<Task>>,
}

impl Suite {
    /// Its rows, always in the same order.
    pub fn rows(&self) -> Vec<Row> {
        rows(&self.tasks)
    }
}

/// Reads suites.
///
/// # Errors
///
/// All that is wrong with them, each with its place and what to do.
pub fn read(files: &[PathBuf]) -> Result<Vec<Suite>, Diagnostics> {
    let mut sink = Diagnostics::default();
    let mut suites: Vec<Suite> = Vec::new();
    for file in files {
        let Some(source) = read_file(file, &mut sink) else { continue };
        let Some((suite, tree)) = of_source(&source, &mut sink) else { continue };
        if suites.iter().any(|other| other.name == suite.name) {
            let text = Text { source: &source, tree: &tree };
            let help = "rows are told by the suite that they are from: give it a name of its own";
            text.error(&"name".into(), format!("there is another suite `{}`", suite.name), help, &mut sink);
        }
        suites.push(suite);
    }
    if sink.has_errors() { Err(sink) } else { Ok(suites) }
}

/// Reads the one suite in a text.
fn of_source(source: &Arc<Source>, sink: &mut Diagnostics) -> Option<(Suite, Tree)> {
    let mut documents = match yaml::parse(&source.text) {
        Ok(documents) => documents,
        Err(error) => vec![source.explain(error).map_err(|problem| sink.push(problem.with_help(HELP))).ok()?],
    };
    let start = Position { line: 1, column: 1 };
    let [_] = documents.as_slice() else {
        let second = documents.get(1).map_or(start, |tree| tree.position);
        let message = format!("a suite is one document, and there are {} here", documents.len());
        let help = "write `formatVersion`, `name` and `tasks`; give suites files of their own";
        sink.push(source.diagnostic(Severity::Error, second, message).with_help(help));
        return None;
    };
    let tree = documents.pop()?;
    let document: Document = match serde_path_to_error::deserialize(tree.to_json()) {
        Ok(document) => document,
        Err(error) => {
            let position = typed::blamed(&tree, &error).unwrap_or(tree.position);
            let field = FieldPath::from(error.path());
            let shown = if field.steps().is_empty() { "suite".to_owned() } else { field.to_string() };
            let message = format!("{shown}: {}", error.inner());
            sink.push(source.diagnostic(Severity::Error, position, message).with_help(HELP));
            return None;
        }
    };
    let suite = resolve::resolve(&Text { source, tree: &tree }, document, sink)?;
    Some((suite, tree))
}

/// A suite as it was written.
struct Text<'a> {
    source: &'a Arc<Source>,
    tree: &'a Tree,
}

impl Text<'_> {
    fn error(&self, path: &FieldPath, message: impl Into<String>, help: impl Into<String>, sink: &mut Diagnostics) {
        let position = self.tree.position_of(path);
        sink.push(self.source.diagnostic(Severity::Error, position, message).with_help(help));
    }
}
