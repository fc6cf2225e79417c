//! Which bytes of a text a change is about, and what stands there afterwards.

use std::ops::Range;

use serde_json::{Map, Value};

use crate::input::path::Step;
use crate::input::yaml::outline::{Form, Outline, Pair};

use super::change::{Action, Change};
use super::write;

/// Bytes, and what replaces them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splice {
    range: Range<usize>,
    new: String,
}

/// The splice of a change, if there is one.
pub fn of(text: &str, outlines: &[Outline], change: &Change) -> Option<Splice> {
    let editor = Editor { text };
    let root = outlines.get(change.document)?;
    let steps = change.path.steps();
    match &change.action {
        Action::Put(value) => editor.put(root, steps, value),
        Action::Replace(key, value) => editor.replace(root, steps, key, value),
        Action::Remove if steps.is_empty() => editor.drop_document(outlines, change.document),
        Action::Remove => editor.remove(root, steps),
    }
}

/// The text with all splices made; nothing if two of them are about the same bytes.
pub fn spliced(text: &str, mut splices: Vec<Splice>) -> Option<String> {
    splices.sort_by_key(|splice| (splice.range.start, splice.range.end));
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for Splice { range, new } in splices {
        out.push_str(text.get(at..range.start)?);
        out.push_str(&new);
        at = range.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

struct Editor<'t> {
    text: &'t str,
}

impl Editor<'_> {
    fn put(&self, root: &Outline, steps: &[Step], value: &Value) -> Option<Splice> {
        let mut at = root;
        for (depth, step) in steps.iter().enumerate() {
            match at.step(step) {
                Some(inner) => at = inner,
                None => return self.add(at, &steps[depth..], value),
            }
        }
        let new = match (&at.form, value) {
            (Form::Plain | Form::Quoted(_), _) if !at.range.is_empty() => write::scalar(value, &at.form),
            (Form::Block, Value::String(new)) => self.block_scalar(at, new),
            (Form::Sequence(true, _) | Form::Mapping(true, _), _) => write::flow(value, self.is_json(at)),
            _ => return None,
        };
        Some(Splice { range: at.range.clone(), new })
    }

    /// Adds what the first of `steps` does not find.
    fn add(&self, at: &Outline, steps: &[Step], value: &Value) -> Option<Splice> {
        let (first, rest) = steps.split_first()?;
        let value = wrapped(rest, value)?;
        match (&at.form, first) {
            (Form::Mapping(true, pairs), Step::Key(key)) => {
                let is_json = pairs.first().is_some_and(|pair| self.is_quoted(pair));
                let new = format!("{}: {}", write::text(key, is_json), write::flow(&value, is_json));
                let places = pairs.iter().map(|pair| pair.at.start..pair.value.range.end);
                Some(self.listed(at, places.collect(), &new))
            }
            (Form::Mapping(false, pairs), Step::Key(key)) => {
                let indent = self.column(pairs.first()?.at.start);
                Some(self.line_below(at, indent, &write::field(key, &value, indent)))
            }
            (Form::Sequence(true, elements), Step::Index(index)) if *index == elements.len() => {
                let places = elements.iter().map(|element| element.range.clone());
                Some(self.listed(at, places.collect(), &write::flow(&value, self.is_json(at))))
            }
            (Form::Sequence(false, elements), Step::Index(index)) if *index == elements.len() => {
                let indent = self.column(self.dash(elements.first()?.range.start)?);
                Some(self.line_below(at, indent, &format!("- {}", write::block(&value, indent + 2))))
            }
            _ => None,
        }
    }

    /// One more among things in braces or brackets.
    fn listed(&self, at: &Outline, places: Vec<Range<usize>>, new: &str) -> Splice {
        let Some(last) = places.last() else {
            let start = at.range.start + 1;
            return Splice { range: start..start, new: new.to_owned() };
        };
        let lead = &self.text[self.line_start(last.start)..last.start];
        let is_own_line = places.len() > 1 && !lead.is_empty() && lead.trim().is_empty();
        let separator = if is_own_line { format!(",{}{lead}", self.newline()) } else { ", ".to_owned() };
        Splice { range: last.end..last.end, new: separator + new }
    }

    /// A line, or several, below all that a collection has.
    fn line_below(&self, at: &Outline, indent: usize, new: &str) -> Splice {
        let end = self.line_end(at.range.end);
        let lines = new.replace('\n', self.newline());
        Splice { range: end..end, new: format!("{}{}{lines}", self.newline(), " ".repeat(indent)) }
    }

    fn replace(&self, root: &Outline, steps: &[Step], key: &str, value: &Value) -> Option<Splice> {
        let (Step::Key(old), parent) = steps.split_last()? else { return None };
        let parent = parent.iter().try_fold(root, |at, step| at.step(step))?;
        let Form::Mapping(is_flow, pairs) = &parent.form else { return None };
        let pair = pairs.iter().find(|pair| pair.key == *old)?;
        let is_json = self.is_quoted(pair);
        let name = write::text(key, is_json);
        let is_short = *is_flow || !matches!(pair.value.form, Form::Sequence(false, _) | Form::Mapping(false, _));
        is_short.then(|| Splice {
            range: pair.at.start..pair.value.range.end,
            new: format!("{name}: {}", write::flow(value, is_json)),
        })
    }

    fn remove(&self, root: &Outline, steps: &[Step]) -> Option<Splice> {
        let (last, parent) = steps.split_last()?;
        let parent = parent.iter().try_fold(root, |at, step| at.step(step))?;
        let (is_flow, places): (bool, Vec<Range<usize>>) = match &parent.form {
            Form::Mapping(is_flow, pairs) => {
                (*is_flow, pairs.iter().map(|pair| pair.at.start..pair.value.range.end).collect())
            }
            Form::Sequence(true, elements) => (true, elements.iter().map(|it| it.range.clone()).collect()),
            Form::Sequence(false, elements) => {
                let place = |it: &Outline| Some(self.dash(it.range.start)?..it.range.end);
                (false, elements.iter().map(place).collect::<Option<_>>()?)
            }
            _ => return None,
        };
        let index = match (last, &parent.form) {
            (Step::Index(index), _) => *index,
            (Step::Key(key), Form::Mapping(_, pairs)) => pairs.iter().position(|pair| pair.key == *key)?,
            _ => return None,
        };
        let range = if is_flow { without(&places, index)? } else { self.without_lines(&places, index)? };
        Some(Splice { range, new: String::new() })
    }

    /// The bytes to take away so that one of several things below each other is gone. Not the only one: what would be left
    /// is something else.
    fn without_lines(&self, places: &[Range<usize>], index: usize) -> Option<Range<usize>> {
        let place = places.get(index).filter(|_| places.len() > 1)?;
        let start = self.line_start(place.start);
        if self.text[start..place.start].trim().is_empty() {
            let end = self.line_end(place.end);
            let newline = self.text[end..].find('\n').map_or(0, |length| length + 1);
            return Some(start..end + newline);
        }
        // It stands behind a dash, and so will what follows it.
        Some(place.start..places.get(index + 1)?.start)
    }

    fn drop_document(&self, outlines: &[Outline], index: usize) -> Option<Splice> {
        let after = index.checked_sub(1).map_or(0, |before| outlines[before].range.end);
        let own = outlines[index].range.clone();
        let head = self.text[after..own.start].rfind("\n---").map(|at| after + at + 1);
        let tail = self.text[own.end..].find("\n---").map(|at| own.end + at + 1);
        let range = match (head, tail) {
            (Some(head), tail) => head..tail.unwrap_or(self.text.len()),
            // Its separator goes with it.
            (None, Some(tail)) => 0..(self.line_end(tail) + self.newline().len()).min(self.text.len()),
            (None, None) => self.line_start(own.start)..self.text.len(),
        };
        Some(Splice { range, new: String::new() })
    }

    /// A text below `|`, indented as the one that was there.
    fn block_scalar(&self, at: &Outline, new: &str) -> String {
        let separator = format!("{}{}", self.newline(), " ".repeat(self.column(at.range.start)));
        new.trim_end().lines().collect::<Vec<&str>>().join(&separator)
    }

    fn is_json(&self, at: &Outline) -> bool {
        match &at.form {
            Form::Mapping(_, pairs) => pairs.first().is_some_and(|pair| self.is_quoted(pair)),
            Form::Sequence(_, elements) => elements.first().is_some_and(|it| it.form == Form::Quoted('"')),
            _ => false,
        }
    }

    fn is_quoted(&self, pair: &Pair) -> bool {
        self.text[pair.at.start..].starts_with('"')
    }

    /// The dash of an element in block style.
    fn dash(&self, element: usize) -> Option<usize> {
        let line = self.line_start(element);
        self.text[line..element].rfind('-').map(|at| line + at)
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// Where the line of a byte ends, before what ends it.
    fn line_end(&self, at: usize) -> usize {
        let end = self.text[at..].find('\n').map_or(self.text.len(), |length| at + length);
        at + self.text[at..end].trim_end_matches('\r').len()
    }

    /// Characters before a byte on its line.
    fn column(&self, at: usize) -> usize {
        self.text[self.line_start(at)..at].chars().count()
    }

    fn newline(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }
}

/// The bytes to take away so that one of several things in a line is gone, with its comma.
fn without(places: &[Range<usize>], index: usize) -> Option<Range<usize>> {
    let place = places.get(index)?;
    Some(match (places.get(index + 1), index.checked_sub(1)) {
        (Some(next), _) => place.start..next.start,
        (None, Some(before)) => places[before].end..place.end,
        (None, None) => place.clone(),
    })
}

/// A value below keys.
fn wrapped(keys: &[Step], value: &Value) -> Option<Value> {
    keys.iter().rev().try_fold(value.clone(), |inner, step| match step {
        Step::Key(key) => Some(Value::Object(Map::from_iter([(key.clone(), inner)]))),
        Step::Index(_) => None,
    })
}
