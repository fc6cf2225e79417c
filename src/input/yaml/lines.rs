//! Where the lines of a text begin.

use std::ops::Range;

use crate::input::tree::Position;

/// The lines of a text, as YAML separates them: by a line feed, a carriage return, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// Offsets in bytes, ascending; the first is 0.
    starts: Vec<usize>,
}

impl Lines {
    /// The lines of `text`.
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let ends = |at: &usize| match bytes[*at] {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        let starts = (0..bytes.len()).filter(ends).map(|at| at + 1);
        Lines { starts: std::iter::once(0).chain(starts).collect() }
    }

    /// A 1-based line of `text` without what ends it.
    pub fn line<'t>(&self, text: &'t str, number: usize) -> Option<&'t str> {
        let index = number.checked_sub(1)?;
        let start = *self.starts.get(index)?;
        let end = self.starts.get(index + 1).copied().unwrap_or(text.len());
        let line = text.get(start..end)?;
        (!line.is_empty()).then(|| line.trim_end_matches(['\n', '\r']))
    }

    /// The line, from 1, that a byte is on.
    pub fn number(&self, offset: usize) -> usize {
        self.starts.partition_point(|&start| start <= offset)
    }

    /// The bytes of `text` between two positions.
    pub fn range(&self, text: &str, start: Position, end: Position) -> Option<Range<usize>> {
        let (start, end) = (self.offset(text, start)?, self.offset(text, end)?);
        (start <= end).then_some(start..end)
    }

    fn offset(&self, text: &str, position: Position) -> Option<usize> {
        let start = *self.starts.get(position.line.checked_sub(1)?)?;
        let rest = text.get(start..)?;
        let (column, _) = rest.char_indices().nth(position.column.checked_sub(1)?).unwrap_or((rest.len(), ' '));
        Some(start + column)
    }
}
