//! Formats: each a file or a directory of its own, and a line in [`FORMATS`].
//!
//! Every format renders every [`Document`]. Whoever prints asks [`Format::render`] for a whole one, or [`Format::part`]
//! and then [`Format::rest`] while a command is at work; the two come to the same text.

pub mod json;
pub mod layout;
pub mod semantics;
pub mod table;
pub mod text;
pub mod words;

use super::document::{Document, Part};

/// All formats, the default first. A new one is added here.
pub static FORMATS: &[&Format] = &[&text::FORMAT, &json::FORMAT, &table::FORMAT];

/// A way to write documents down.
#[derive(Debug)]
pub struct Format {
    /// Its name on the command line.
    pub name: &'static str,
    /// Who it is for.
    pub help: &'static str,
    /// How it is written.
    pub writer: Writer,
}

/// How a format is written. Styles for terminals may be part of the text; whoever prints decides what becomes of them.
#[derive(Clone, Copy, Debug)]
pub enum Writer {
    /// Part by part, each as soon as it is known: for people who wait.
    Parts(fn(&Part<'_>, Detail) -> String),
    /// At once, when all is known.
    Whole(fn(&Document<'_>) -> String),
}

/// How much people are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Detail {
    /// Verdict lines only.
    Quiet,
    /// With stories.
    #[default]
    Normal,
    /// With the engine's figures.
    Verbose,
}

impl Format {
    /// The format of a name.
    pub fn named(name: &str) -> Option<&'static Format> {
        FORMATS.iter().copied().find(|format| format.name == name)
    }

    /// A whole document.
    pub fn render(&self, document: &Document<'_>, detail: Detail) -> String {
        self.rest(document, 0, detail)
    }

    /// A part of a document that is not whole yet; nothing in formats that are written at once.
    pub fn part(&self, part: &Part<'_>, detail: Detail) -> String {
        match self.writer {
            Writer::Parts(write) => write(part, detail),
            Writer::Whole(_) => String::new(),
        }
    }

    /// What remains of a document of which so many parts were rendered.
    pub fn rest(&self, document: &Document<'_>, told: usize, detail: Detail) -> String {
        match self.writer {
            Writer::Parts(write) => document.parts().iter().skip(told).map(|part| write(part, detail)).collect(),
            Writer::Whole(write) => write(document),
        }
    }

    /// Whether people follow it while a command is at work.
    pub fn is_followed(&self) -> bool {
        matches!(self.writer, Writer::Parts(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_found_by_names_of_their_own() {
        for format in FORMATS {
            assert!(Format::named(format.name).is_some_and(|found| std::ptr::eq(found, *format)), "{}", format.name);
        }
        assert!(Format::named("runes").is_none());
    }
}
