//! YAML and JSON text becomes positioned trees.
//!
//! Text becomes a stream of marked events (`saphyr-parser`), and events become [`Tree`]s. Anchors, aliases and merge
//! keys are resolved as YAML 1.1 does, scalars as the core schema says. Depth and size are bounded, so that hostile input
//! ends in an error rather than a crash.
//!
//! Dumps are long and their objects short: a [`Reader`] hands out documents one by one, and of a list one item at a
//! time, so that nobody has to keep the trees of all. A [`Place`] finds an object again. An [`outline`](mod@outline) says where
//! everything begins and ends, for edits of the text.

mod builder;
mod lines;
pub mod outline;
mod place;
mod scalar;

use saphyr_parser::{Event, Marker, Parser, StrInput};

use super::tree::{Position, Tree};

use builder::Builder;
pub use lines::Lines;
pub use place::Place;

/// Why a text is no YAML, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where reading stopped.
    pub position: Position,
    /// What was wrong there.
    pub message: String,
}

/// A key that a mapping has had already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeated {
    /// The key.
    pub key: String,
    /// Where it was before.
    pub before: Position,
    /// Where it is again.
    pub position: Position,
}

/// What a [`Reader`] hands out.
#[derive(Clone, Debug)]
pub enum Piece {
    /// An element of the `items` of a document, ahead of the document itself, which comes without it.
    Item(Item),
    /// A document that says something.
    Document(Tree, Place),
}

/// An element of `items`.
#[derive(Clone, Debug)]
pub struct Item {
    /// The element.
    pub tree: Tree,
    /// Where it is.
    pub place: Place,
    /// `apiVersion` and `kind` of the list, if they have been read before. Without them, the element has its own.
    pub list: Option<(String, String)>,
}

/// Reads a text piece by piece; after an error there is nothing more to read.
pub struct Reader<'t> {
    parser: Parser<'t, StrInput<'t>>,
    builder: Builder,
    splitting: bool,
}

/// Reads all documents of a text; empty ones are skipped.
pub fn parse(text: &str) -> Result<Vec<Tree>, SyntaxError> {
    let documents = Reader::new(text, false).map(|piece| match piece? {
        Piece::Item(Item { tree, .. }) | Piece::Document(tree, _) => Ok(tree),
    });
    documents.collect()
}

impl<'t> Reader<'t> {
    /// Reads `text`. With `splitting`, elements of the `items` of a document are handed out as they come, if they say
    /// what they are or the list has said so before.
    pub fn new(text: &'t str, splitting: bool) -> Self {
        Reader { parser: Parser::new_from_str(text), builder: Builder::default(), splitting }
    }

    /// Keys that were given again in what was handed out since somebody asked last.
    pub fn take_repeated(&mut self) -> Vec<Repeated> {
        self.builder.take_repeated()
    }

    fn step(&mut self, event: Event<'t>, start: &Marker, end: &Marker) -> Result<Option<Piece>, SyntaxError> {
        let ends_mapping = event == Event::MappingEnd;
        if let Some(tree) = self.builder.accept(event, position(start))? {
            let place = Place { start: tree.position, end: position(end) };
            return Ok((!tree.is_null()).then_some(Piece::Document(tree, place)));
        }
        let item = if self.splitting && ends_mapping { self.builder.take_item() } else { None };
        Ok(item.map(|(tree, list)| {
            let place = Place { start: tree.position, end: position(end) };
            Piece::Item(Item { tree, place, list })
        }))
    }
}

impl Iterator for Reader<'_> {
    type Item = Result<Piece, SyntaxError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (event, span) = match self.parser.next_event()? {
                Ok(next) => next,
                Err(cause) => return Some(Err(error(position(cause.marker()), cause.info()))),
            };
            match self.step(event, &span.start, &span.end) {
                Ok(None) => {}
                Ok(Some(piece)) => return Some(Ok(piece)),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

fn position(marker: &Marker) -> Position {
    Position { line: marker.line(), column: marker.col() + 1 }
}

fn error(position: Position, message: &str) -> SyntaxError {
    SyntaxError { position, message: message.to_owned() }
}

#[cfg(test)]
mod tests;
