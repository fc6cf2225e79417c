//! Where text comes from: files, standard input, memory; directories are searched by [`super::places`].

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::OnceLock;

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
    /// The `timing` field of a configuration, for scenarios that have none: nothing else of it is read.
    Timing,
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
    /// What is known of it before it is read.
    pub standing: Standing,
    /// Made when somebody asks.
    lines: OnceLock<Lines>,
}

/// What is known of a text before it is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Somebody gave it, or a program made it: all of it is meant to be Kubernetes objects.
    #[default]
    Given,
    /// It was found in a directory, where there are other files as well.
    Found,
    /// It could not be had: verdicts are without this.
    Absent(String),
}

impl Source {
    /// A text from memory.
    pub fn from_memory(name: &str, text: &str) -> Self {
        Source { name: name.to_owned(), text: text.to_owned(), ..Source::default() }
    }

    /// The same with another standing.
    #[must_use]
    pub fn with_standing(self, standing: Standing) -> Self {
        Source { standing, ..self }
    }

    /// The same file with another text.
    #[must_use]
    pub fn with_text(&self, text: String) -> Self {
        Source { text, lines: OnceLock::new(), ..self.clone() }
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

/// What comes from standard input; failure is reported.
pub fn read_stdin(sink: &mut Diagnostics) -> Option<Arc<Source>> {
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

/// The message of a JSON error without its ` at line 1 column 2`, which is said elsewhere.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}
