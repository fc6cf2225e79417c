//! Edits: a field of an object with another value, and what that costs.

use super::text::Change;

/// What an edit does to whoever relies on the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Preference {
    /// Nobody loses anything.
    Harmless,
    /// Something else happens than before: more pods, later scaling, other nodes.
    Alters,
    /// Something that protects does so less.
    Weakens,
    /// Something is gone.
    Removes,
}

impl Preference {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Preference::Harmless => "harmless",
            Preference::Alters => "alters",
            Preference::Weakens => "weakens",
            Preference::Removes => "removes",
        }
    }
}

/// A field with another value, wherever it is written.
#[derive(Clone, Debug)]
pub struct Edit {
    /// The object: `Deployment web`.
    pub object: String,
    /// The field: `spec.replicas`.
    pub field: String,
    /// Where it is written first, and the line.
    pub place: (String, usize),
    /// What is there, in YAML; nothing if it is not given.
    pub from: String,
    /// What is to be there; nothing if it goes.
    pub to: String,
    /// How far from today's value: 1 is nearest.
    pub distance: u32,
    /// Whether that hurts.
    pub preference: Preference,
    /// What it costs, in words.
    pub costs: String,
    /// Rules that read the field: ids, or what they begin with if that ends with `/`.
    pub rules: &'static [&'static str],
    /// Names of the objects that it is about; none if it is about all.
    pub about: Vec<String>,
    /// The changes of texts.
    pub changes: Vec<(usize, Change)>,
}

impl Edit {
    /// Whether two edits are of the same field.
    pub fn is_of(&self, other: &Edit) -> bool {
        self.object == other.object && self.field == other.field
    }

    /// Its cost: every field counts more than any distance, and that more than any preference.
    pub fn cost(&self) -> u64 {
        const FIELD: u64 = 1_000_000;
        const STEP: u64 = 1_000;
        FIELD + STEP * u64::from(self.distance) + self.preference as u64
    }
}
