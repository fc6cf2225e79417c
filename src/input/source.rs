//! Where text comes from: files, directories, standard input, memory.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::OnceLock;

use walkdir::{DirEntry, WalkDir};

use crate::cluster::object::spec::Origin;

use super::diagnostics::{Diagnostic, Diagnostics, Severity};
use super::tree::{Position, Tree};
use super::yaml::{Lines, Place, SyntaxError};

/// What a text is read for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// All that is in it.
    #[default]
    Given,
    /// A scenario that a configuration names: the one to take if nobody gave another.
    Scenario,
    /// The same, written in the `scenario` field of a configuration: nothing else of it is read.
    Configuration,
}

/// A named text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The file as the user named it, `-` for standard input, empty when generated.
    pub name: String,
    /// Its content.
    pub text: String,
    /// The directory that names in it are relative to; `None` when it is not from a file.
    pub directory: Option<PathBuf>,
    /// What it is read for.
    pub role: Role,
    /// Made when somebody asks.
    lines: OnceLock<Lines>,
}

impl Source {
    /// A text from memory.
    pub fn from_memory(name: &str, text: &str) -> Self {
        Source { name: name.to_owned(), text: text.to_owned(), ..Source::default() }
    }

    /// The same file with another text.
    #[must_use]
    pub fn with_text(&self, text: String) -> Self {
        let (name, directory, role) = (self.name.clone(), self.directory.clone(), self.role);
        Source { name, directory, role, text, lines: OnceLock::new() }
    }

    /// The same text, read for something else.
    #[must_use]
    pub fn with_role(&self, role: Role) -> Self {
        Source { role, ..self.clone() }
    }

    /// Whether this is the file of a name, which would be at `path`.
    pub fn is_file(&self, file: &str, path: &Path) -> bool {
        if self.directory.is_none() {
            return self.name == file;
        }
        matches!((fs::canonicalize(path), fs::canonicalize(&self.name)), (Ok(named), Ok(own)) if named == own)
    }

    /// A diagnostic about a place in this text.
    pub fn diagnostic(&self, severity: Severity, position: Position, message: impl Into<String>) -> Diagnostic {
        let text = self.lines().line(&self.text, position.line).map(str::to_owned);
        Diagnostic::new(severity, message).at(self.origin(position), text)
    }

    /// A place in this text.
    pub fn origin(&self, position: Position) -> Origin {
        Origin { file: self.name.clone(), line: position.line, column: position.column }
    }

    /// What is at a place in this text.
    pub fn tree_at(&self, place: Place) -> Option<Tree> {
        place.tree(&self.text, self.lines())
    }

    /// Makes something of a text that is not valid YAML: JSON may still be valid.
    pub fn explain(&self, error: SyntaxError) -> Result<Tree, Diagnostic> {
        let problem = |position, what: &str, message: String| {
            Err(self.diagnostic(Severity::Error, position, format!("this is not valid {what}: {message}")))
        };
        if !self.text.trim_start().starts_with(['{', '[']) {
            return problem(error.position, "YAML", error.message);
        }
        match serde_json::from_str(&self.text) {
            Ok(value) => Ok(Tree::from_json(value, Position { line: 1, column: 1 })),
            Err(json) => {
                let position = Position { line: json.line(), column: json.column().max(1) };
                problem(position, "JSON", without_place(&json))
            }
        }
    }

    fn lines(&self) -> &Lines {
        self.lines.get_or_init(|| Lines::new(&self.text))
    }
}

/// The text of all paths: files as they are, directories recursively, `-` for standard input. What cannot be read is reported.
pub fn read(paths: &[PathBuf], sink: &mut Diagnostics) -> Vec<Arc<Source>> {
    let mut sources = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            sources.extend(read_stdin(sink));
        } else if path.is_dir() {
            read_directory(path, sink, &mut sources);
        } else {
            sources.extend(read_file(path, sink));
        }
    }
    sources
}

/// The text of one file; failure is reported.
pub fn read_file(path: &Path, sink: &mut Diagnostics) -> Option<Arc<Source>> {
    let name = path.display().to_string();
    match fs::read(path).map(String::from_utf8) {
        Ok(Ok(text)) => {
            let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
            Some(Arc::new(Source { name, text, directory: path.parent().map(Path::to_owned), ..Source::default() }))
        }
        Ok(Err(_)) => {
            sink.error(format!("{name} is not UTF-8 text"), "give Kubernetes manifests as YAML or JSON");
            None
        }
        Err(error) => {
            sink.error(format!("cannot read {name}: {error}"), "check the path and its permissions");
            None
        }
    }
}

fn read_directory(directory: &Path, sink: &mut Diagnostics, sources: &mut Vec<Arc<Source>>) {
    let before = sources.len();
    let entries = WalkDir::new(directory).follow_links(true).sort_by_file_name().into_iter();
    for entry in entries.filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry)) {
        match entry {
            Ok(entry) if entry.file_type().is_file() && is_manifest(entry.path()) => {
                sources.extend(read_file(entry.path(), sink))
            }
            Ok(_) => {}
            Err(error) => sink.error(format!("cannot read {}: {error}", directory.display()), "check its permissions"),
        }
    }
    if sources.len() == before && !sink.has_errors() {
        let message = format!("there are no manifests in {}", directory.display());
        sink.error(message, "a directory is searched for files that end in .yaml, .yml or .json");
    }
}

fn read_stdin(sink: &mut Diagnostics) -> Option<Arc<Source>> {
    let mut text = String::new();
    match io::stdin().read_to_string(&mut text) {
        Ok(_) => Some(Arc::new(Source {
            name: "-".to_owned(),
            text,
            directory: Some(PathBuf::from(".")),
            ..Source::default()
        })),
        Err(error) => {
            sink.error(format!("cannot read standard input: {error}"), "pipe YAML or JSON text into it");
            None
        }
    }
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().to_string_lossy().starts_with('.')
}

fn is_manifest(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

/// The message of a JSON error without its ` at line 1 column 2`, which is said elsewhere.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}
