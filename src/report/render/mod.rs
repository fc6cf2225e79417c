//! Formats: each a file or a directory of its own, and a line in [`FORMATS`].
//!
//! Some render every [`Document`], others only what some commands answer ([`Format::answers`]). Whoever prints asks
//! [`Format::render`] for a whole one, or [`Format::part`] and then [`Format::rest`] while a command is at work; the two
//! come to the same text.
//!
//! Text from input is visible in documents already ([`crate::input::visible`]), but for names of files; whatever else has a
//! meaning in a format is escaped there.

pub mod benchmarks;
pub mod comparison;
pub mod csv;
pub mod github;
pub mod html;
pub mod itf;
pub mod json;
pub mod junit;
pub mod layout;
pub mod markdown;
pub mod sarif;
pub mod semantics;
pub mod table;
pub mod text;
pub mod words;

use super::document::{Check, Document, Part};

/// All formats, the default first. A new one is added here.
pub static FORMATS: &[&Format] = &[
    &text::FORMAT,
    &json::FORMAT,
    &table::FORMAT,
    &sarif::FORMAT,
    &junit::FORMAT,
    &github::FORMAT,
    &markdown::FORMAT,
    &html::FORMAT,
    &itf::FORMAT,
    &csv::FORMAT,
];

/// A way to write documents down.
#[derive(Debug)]
pub struct Format {
    /// Its name on the command line.
    pub name: &'static str,
    /// Who it is for.
    pub help: &'static str,
    /// How names of its files end, if files are its purpose.
    pub suffixes: &'static [&'static str],
    /// What it needs of a check besides results.
    pub needs: Needs,
    /// How it is written.
    pub writer: Writer,
}

/// What a format needs besides results, which takes time to find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// Where violations are in files.
    Sites,
    /// The states of one violation.
    States,
}

/// How a format is written. Styles for terminals may be part of the text; whoever prints decides what becomes of them.
#[derive(Clone, Copy, Debug)]
pub enum Writer {
    /// Part by part, each as soon as it is known: for people who wait.
    Parts(fn(&Part<'_>, Detail) -> String),
    /// At once, when all is known.
    Whole(fn(&Document<'_>) -> String),
    /// The same, but only what `check` answers.
    Checks(fn(&Check<'_>) -> String),
    /// The same, but only what `bench` and `compare` answer.
    Rows(fn(&Document<'_>) -> String),
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

    /// The format whose files end as this one does; of several the one of the longest suffix.
    pub fn of_file(name: &str) -> Option<&'static Format> {
        let name = name.to_lowercase();
        let ends = |format: &&Format| {
            let fitting = format.suffixes.iter().filter(|suffix| name.ends_with(**suffix));
            fitting.map(|suffix| suffix.len()).max()
        };
        FORMATS.iter().copied().filter(|format| ends(format).is_some()).max_by_key(ends)
    }

    /// Whether it renders a document. Of others nothing is rendered.
    pub fn answers(&self, document: &Document<'_>) -> bool {
        match self.writer {
            Writer::Checks(_) => matches!(document, Document::Check(_)),
            Writer::Rows(_) => matches!(document, Document::Benchmarks(_) | Document::Compared(_)),
            Writer::Parts(_) | Writer::Whole(_) => true,
        }
    }

    /// Whether it renders every document.
    pub fn is_general(&self) -> bool {
        matches!(self.writer, Writer::Parts(_) | Writer::Whole(_))
    }

    /// Whether it renders what `check` answers.
    pub fn has_checks(&self) -> bool {
        !matches!(self.writer, Writer::Rows(_))
    }

    /// Whether it renders what `bench` and `compare` answer.
    pub fn has_rows(&self) -> bool {
        !matches!(self.writer, Writer::Checks(_))
    }

    /// A whole document.
    pub fn render(&self, document: &Document<'_>, detail: Detail) -> String {
        self.rest(document, 0, detail)
    }

    /// A part of a document that is not whole yet; nothing in formats that are written at once.
    pub fn part(&self, part: &Part<'_>, detail: Detail) -> String {
        match self.writer {
            Writer::Parts(write) => write(part, detail),
            Writer::Whole(_) | Writer::Checks(_) | Writer::Rows(_) => String::new(),
        }
    }

    /// What remains of a document of which so many parts were rendered.
    pub fn rest(&self, document: &Document<'_>, told: usize, detail: Detail) -> String {
        match self.writer {
            Writer::Parts(write) => document.parts().iter().skip(told).map(|part| write(part, detail)).collect(),
            Writer::Whole(write) => write(document),
            Writer::Checks(write) => match document {
                Document::Check(check) => write(check),
                _ => String::new(),
            },
            Writer::Rows(write) if self.answers(document) => write(document),
            Writer::Rows(_) => String::new(),
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

    #[test]
    fn files_say_their_format_by_how_they_end() {
        let of = |name: &str| Format::of_file(name).map(|format| format.name);
        assert_eq!(
            ["a.json", "a.itf.json", "a.SARIF", "a.sarif.json"].map(of),
            [Some("json"), Some("itf"), Some("sarif"), Some("sarif")]
        );
        assert_eq!(
            ["a.xml", "b.md", "b.txt", "b.html", "b.exe", "json"].map(of),
            [Some("junit"), Some("markdown"), Some("text"), Some("html"), None, None]
        );
    }

    #[test]
    fn no_two_formats_have_a_suffix_in_common() {
        let all: Vec<&str> = FORMATS.iter().flat_map(|format| format.suffixes).copied().collect();
        let different: std::collections::HashSet<&str> = all.iter().copied().collect();
        assert_eq!(all.len(), different.len());
    }
}
