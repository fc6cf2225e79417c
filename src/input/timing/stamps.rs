//! Timestamps of objects, in seconds. Those that are none are passed over: the first ones with a note at their places, the
//! rest by number.

use jiff::Timestamp;

use crate::input::diagnostics::{Diagnostic, Diagnostics, Severity};
use crate::input::object::RawObject;
use crate::input::path::FieldPath;

/// So many broken ones are told at their places.
const TOLD: usize = 3;

/// What was wrong with timestamps.
#[derive(Debug, Default)]
pub struct Stamps {
    broken: Vec<Diagnostic>,
    more: usize,
}

impl Stamps {
    /// The time that a field says, in seconds since 1970; `None` where it says none.
    pub fn read(&mut self, raw: &RawObject, path: &FieldPath) -> Option<i64> {
        let tree = raw.tree();
        let field = tree.at(path).filter(|field| !field.is_null())?;
        let read = field.as_str().and_then(|text| text.parse::<Timestamp>().ok());
        if read.is_none() {
            self.note(raw, path);
        }
        Some(read?.as_second())
    }

    fn note(&mut self, raw: &RawObject, path: &FieldPath) {
        if self.broken.len() >= TOLD {
            self.more += 1;
            return;
        }
        let message = format!("{path} of {} {} is no timestamp and is passed over", raw.kind, raw.full_key());
        self.broken.push(raw.diagnostic(Severity::Note, path, message));
    }

    /// Adds those of another text.
    pub fn append(&mut self, other: Stamps) {
        let room = TOLD.saturating_sub(self.broken.len()).min(other.broken.len());
        self.more += other.more + other.broken.len() - room;
        self.broken.extend(other.broken.into_iter().take(room));
    }

    /// Says what was passed over.
    pub fn report(&self, sink: &mut Diagnostics) {
        self.broken.iter().for_each(|diagnostic| sink.push(diagnostic.clone()));
        if self.more > 0 {
            sink.note(format!("{} more timestamps are none and are passed over", self.more));
        }
    }
}
