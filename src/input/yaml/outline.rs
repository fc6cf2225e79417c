//! Where everything in a text begins and ends: what an edit needs that keeps comments and layout.
//!
//! A [`Tree`](crate::input::tree::Tree) says what a document means, with aliases and merge keys resolved; an
//! [`Outline`] says what is written where, with neither. The two are about the same documents, in the same order.

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use crate::input::path::Step;

/// A value as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Its bytes, without what separates it from what follows. Nothing, at the place where it would be, if nothing is
    /// written.
    pub range: Range<usize>,
    /// What is there.
    pub form: Form,
}

/// The ways to write a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// `plain` text.
    Plain,
    /// Text in quotes of this kind: `'` or `"`.
    Quoted(char),
    /// Text as a block of its own, after `|` or `>`, which are no part of it.
    Block,
    /// `*alias`.
    Alias,
    /// A sequence, and whether it stands in brackets.
    Sequence(bool, Vec<Outline>),
    /// A mapping, and whether it stands in braces.
    Mapping(bool, Vec<Pair>),
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The key, if it is a text.
    pub key: String,
    /// The bytes of the key.
    pub at: Range<usize>,
    /// The value.
    pub value: Outline,
}

impl Outline {
    /// What a step leads to.
    pub fn step(&self, step: &Step) -> Option<&Outline> {
        match (&self.form, step) {
            (Form::Mapping(_, pairs), Step::Key(key)) => {
                // The last one counts.
                pairs.iter().rfind(|pair| pair.key == *key).map(|pair| &pair.value)
            }
            (Form::Sequence(_, elements), Step::Index(index)) => elements.get(*index),
            _ => None,
        }
    }
}

/// All documents of a text, without those that say nothing; none if the text is no YAML.
pub fn outlines(text: &str) -> Option<Vec<Outline>> {
    let mut reader = Outliner { text, offsets: offsets(text), open: Vec::new(), root: None, documents: Vec::new() };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.ok()?;
        reader.accept(event, span)?;
    }
    Some(reader.documents)
}

/// The byte at which each character begins, and the end.
fn offsets(text: &str) -> Vec<usize> {
    text.char_indices().map(|(at, _)| at).chain([text.len()]).collect()
}

/// A collection that is being read.
struct Open {
    start: usize,
    is_flow: bool,
    is_mapping: bool,
    /// Keys and values in turn, each key with its text.
    children: Vec<(String, Outline)>,
}

struct Outliner<'t> {
    text: &'t str,
    offsets: Vec<usize>,
    open: Vec<Open>,
    root: Option<Outline>,
    documents: Vec<Outline>,
}

impl Outliner<'_> {
    fn accept(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        let range = self.range(&span)?;
        match event {
            Event::DocumentEnd => {
                let root = self.root.take();
                self.documents.extend(root.filter(|root| !self.says_nothing(root)));
            }
            Event::Scalar(text, style, ..) => {
                let form = match style {
                    ScalarStyle::Plain => Form::Plain,
                    ScalarStyle::SingleQuoted => Form::Quoted('\''),
                    ScalarStyle::DoubleQuoted => Form::Quoted('"'),
                    ScalarStyle::Literal | ScalarStyle::Folded => Form::Block,
                };
                let range = self.scalar(range, &form, text.is_empty());
                self.push(text.into_owned(), Outline { range, form });
            }
            Event::Alias(_) => self.push(String::new(), Outline { range, form: Form::Alias }),
            Event::SequenceStart(..) => self.begin(range.start, false),
            Event::MappingStart(..) => self.begin(range.start, true),
            Event::SequenceEnd | Event::MappingEnd => self.end(range.end),
            _ => {}
        }
        Some(())
    }

    /// The bytes of a span, without white space at its end.
    fn range(&self, span: &Span) -> Option<Range<usize>> {
        let (start, end) = (*self.offsets.get(span.start.index())?, *self.offsets.get(span.end.index())?);
        let written = self.text.get(start..end)?.trim_end();
        Some(start..start + written.len())
    }

    /// The bytes of a scalar: the parser lets some of them end where the next token begins.
    fn scalar(&self, range: Range<usize>, form: &Form, is_empty: bool) -> Range<usize> {
        match form {
            Form::Plain if is_empty => range.start..range.start,
            Form::Quoted(quote) => range.start..closed(self.text, range.start, *quote).unwrap_or(range.end),
            _ => range,
        }
    }

    fn begin(&mut self, start: usize, is_mapping: bool) {
        let is_flow = self.text[start..].starts_with(['{', '[']);
        self.open.push(Open { start, is_flow, is_mapping, children: Vec::new() });
    }

    fn end(&mut self, end: usize) {
        let Some(Open { start, is_flow, is_mapping, children }) = self.open.pop() else { return };
        // A collection in block style ends where its last element does, not where the parser noticed that.
        let last = children.last().map_or(start, |(_, child)| child.range.end);
        let range = start..if is_flow { end } else { last };
        let form = match is_mapping {
            true => Form::Mapping(is_flow, pairs(children)),
            false => Form::Sequence(is_flow, children.into_iter().map(|(_, child)| child).collect()),
        };
        self.push(String::new(), Outline { range, form });
    }

    fn push(&mut self, text: String, outline: Outline) {
        match self.open.last_mut() {
            Some(open) => open.children.push((text, outline)),
            None => self.root = Some(outline),
        }
    }

    /// Whether a document is empty, or `null`.
    fn says_nothing(&self, root: &Outline) -> bool {
        let text = &self.text[root.range.clone()];
        root.form == Form::Plain && matches!(text, "" | "~" | "null" | "Null" | "NULL")
    }
}

/// The end of a text in quotes.
fn closed(text: &str, start: usize, quote: char) -> Option<usize> {
    let mut rest = text[start..].char_indices().skip(1).peekable();
    while let Some((at, next)) = rest.next() {
        match next {
            '\\' if quote == '"' => drop(rest.next()),
            _ if next != quote => {}
            _ if quote == '\'' && rest.peek().is_some_and(|(_, twice)| *twice == quote) => drop(rest.next()),
            _ => return Some(start + at + 1),
        }
    }
    None
}

fn pairs(children: Vec<(String, Outline)>) -> Vec<Pair> {
    let mut pairs = Vec::with_capacity(children.len() / 2);
    let mut children = children.into_iter();
    while let (Some((key, at)), Some((_, value))) = (children.next(), children.next()) {
        // Where nothing is written after a key, its value ends with the colon.
        let value = match value.range.is_empty() {
            true => Outline { range: at.range.end..at.range.end, ..value },
            false => value,
        };
        pairs.push(Pair { key, at: at.range, value });
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written<'t>(text: &'t str, document: usize, steps: &[Step]) -> &'t str {
        let outlines = outlines(text).expect("YAML");
        let found = steps.iter().try_fold(&outlines[document], |at, step| at.step(step));
        &text[found.expect("a value").range.clone()]
    }

    fn key(name: &str) -> Step {
        Step::Key(name.to_owned())
    }

    #[test]
    fn values_end_before_what_follows_them() {
        let text = "# ü\na: 1 # one\nb:\n  c: 'x'   # quoted\n  d: {e: [2, three],  f: }\n\n# next\ng: |\n  one\n\n  two\n---\nh:\n- i: v\n  j: *x\n";
        let text = text.replace("i: v", "i: &x v");
        assert_eq!(written(&text, 0, &[key("a")]), "1");
        assert_eq!(written(&text, 0, &[key("b"), key("c")]), "'x'");
        assert_eq!(written(&text, 0, &[key("b")]), "c: 'x'   # quoted\n  d: {e: [2, three],  f: }");
        assert_eq!(written("a: 'x''y' # '\nb: \"\\\"\" # \"\n", 0, &[key("a")]), "'x''y'");
        assert_eq!(written("a: 'x''y' # '\nb: \"\\\"\" # \"\n", 0, &[key("b")]), "\"\\\"\"");
        assert_eq!(written(&text, 0, &[key("b"), key("d"), key("e"), Step::Index(1)]), "three");
        assert_eq!(written(&text, 0, &[key("g")]), "one\n\n  two");
        assert_eq!(written(&text, 1, &[key("h"), Step::Index(0), key("j")]), "*x");
    }

    #[test]
    fn documents_that_say_nothing_are_left_out() {
        assert_eq!(outlines("---\n# nothing\n---\na: 1\n---\n~\n").map(|all| all.len()), Some(1));
        assert_eq!(outlines("a: [1\n"), None);
    }
}
