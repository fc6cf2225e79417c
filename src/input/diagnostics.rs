//! What is wrong, or worth knowing, about the input.
//!
//! Everything that reads input reports into a [`Diagnostics`] sink and goes on, so that a run names all errors at once.
//! The text form follows rustc: `file:line:column: error: message`, the offending line, a caret, and help.
//!
//! Messages quote what was read, so they are made [`visible`] here; the line and the file's name when they are shown.

use std::collections::HashSet;
use std::fmt::{self, Write};
use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;
use serde::Serialize;

use crate::cluster::object::spec::Origin;

use super::visible::{columns, visible, visible_lines};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The input cannot be used.
    Error,
    /// The input can be used, yet is probably not what was meant.
    Warning,
    /// How the input was understood.
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        })
    }
}

/// One thing to tell the user.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Where it is; line 0 when no single place is to blame.
    pub origin: Origin,
    /// The text of that line.
    pub line_text: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic that no single place is to blame for.
    pub fn new(severity: Severity, message: impl Into<String>) -> Self {
        let message = visible(&message.into()).into_owned();
        Diagnostic { severity, origin: Origin::default(), line_text: None, message, help: None }
    }

    /// The same with help.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(visible_lines(&help.into()).into_owned());
        self
    }

    /// The same at a place, whose line reads `line_text`.
    #[must_use]
    pub fn at(mut self, origin: Origin, line_text: Option<String>) -> Self {
        self.origin = origin;
        self.line_text = line_text;
        self
    }

    fn write_source(&self, out: &mut impl Write) -> fmt::Result {
        let Some(text) = &self.line_text else { return Ok(()) };
        let (line, shown) = (self.origin.line.to_string(), Excerpt::new(text, self.origin.column));
        let gutter = " ".repeat(line.len());
        writeln!(out, "{gutter} |")?;
        writeln!(out, "{line} | {}", shown.text)?;
        writeln!(out, "{gutter} | {}{}", " ".repeat(shown.offset), "^".repeat(shown.length))
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Origin { file, line, column } = &self.origin;
        match (file.as_str(), line) {
            ("", _) => {}
            (file, 0) => write!(f, "{}: ", visible(file))?,
            (file, line) => write!(f, "{}:{line}:{column}: ", visible(file))?,
        }
        writeln!(f, "{}: {}", self.severity, self.message)?;
        self.write_source(f)?;
        for (number, line) in self.help.iter().flat_map(|help| help.lines()).enumerate() {
            writeln!(f, "  {} {line}", if number == 0 { "= help:" } else { "       " })?;
        }
        Ok(())
    }
}

/// The part of a source line that is shown, and what of it is underlined.
struct Excerpt {
    text: String,
    offset: usize,
    length: usize,
}

impl Excerpt {
    /// At most so much of a line is shown: dumps printed as JSON may be a single line.
    const WIDTH: usize = 120;
    /// So much is shown before the offending column of a line that is too long.
    const BEFORE: usize = 40;

    fn new(line: &str, column: usize) -> Self {
        let characters = columns(line);
        let column = column.saturating_sub(1).min(characters.len());
        let start = if characters.len() > Self::WIDTH { column.saturating_sub(Self::BEFORE) } else { 0 };
        let shown = &characters[start..characters.len().min(start + Self::WIDTH)];
        let offset = column - start;
        let token =
            shown[offset..].iter().take_while(|c| !c.is_whitespace() && !matches!(c, ',' | ':' | '}' | ']')).count();
        Excerpt { text: shown.iter().collect::<String>().trim_end().to_owned(), offset, length: token.max(1) }
    }
}

/// A sink of diagnostics, in the order in which they were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    /// Hashes of all that are in the list: there may be thousands.
    hashes: HashSet<u64>,
}

impl Diagnostics {
    /// Adds one, unless the very same has been reported.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let new = self.hashes.insert(FxBuildHasher.hash_one(&diagnostic));
        if new || !self.list.contains(&diagnostic) {
            self.list.push(diagnostic);
        }
    }

    /// Adds all of another sink, in their order.
    pub fn append(&mut self, other: Diagnostics) {
        other.list.into_iter().for_each(|diagnostic| self.push(diagnostic));
    }

    /// Adds an error that no single place is to blame for.
    pub fn error(&mut self, message: impl Into<String>, help: impl Into<String>) {
        self.push(Diagnostic::new(Severity::Error, message).with_help(help));
    }

    /// Adds a note that belongs to no single place.
    pub fn note(&mut self, message: impl Into<String>) {
        self.push(Diagnostic::new(Severity::Note, message));
    }

    /// All of them, errors first, each kind in the order of discovery.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        let of = |severity| self.list.iter().filter(move |diagnostic| diagnostic.severity == severity);
        of(Severity::Error).chain(of(Severity::Warning)).chain(of(Severity::Note))
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|diagnostic| write!(f, "{diagnostic}"))
    }
}

impl std::error::Error for Diagnostics {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_points_at_the_offending_token() {
        let origin = Origin { file: "a.yaml".into(), line: 12, column: 13 };
        let diagnostic = Diagnostic::new(Severity::Error, "no such thing")
            .with_help("try another")
            .at(origin, Some("  replicas: three, or so".into()));
        let expected = "a.yaml:12:13: error: no such thing\n   |\n12 |   replicas: three, or so\n   |             ^^^^^\n  = help: try another\n";
        assert_eq!(diagnostic.to_string(), expected);
    }

    #[test]
    fn long_lines_are_cut_and_columns_beyond_the_end_are_harmless() {
        let origin = Origin { file: "a.json".into(), line: 1, column: 5000 };
        let diagnostic = Diagnostic::new(Severity::Warning, "far out").at(origin, Some("x".repeat(9000)));
        assert!(diagnostic.to_string().lines().all(|line| line.len() < 140));
        let beyond = Origin { file: "a.json".into(), line: 1, column: 50 };
        assert!(Diagnostic::new(Severity::Note, "end").at(beyond, Some("x".into())).to_string().contains("  ^"));
    }

    #[test]
    fn errors_come_first_and_nothing_twice() {
        let mut sink = Diagnostics::default();
        sink.note("n");
        sink.error("e", "h");
        sink.error("e", "h");
        assert_eq!(sink.to_string(), "error: e\n  = help: h\nnote: n\n");
        assert_eq!(sink.iter().next().map(|it| it.severity), Some(Severity::Error));
    }
}
