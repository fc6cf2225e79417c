//! Edits: a field of an object with another value, and what that costs.

use super::text::Change;

/// What an edit costs those who rely on the field, the least first. Between edits of equally many fields this decides; how far
/// a value is from today's only where it is the same, for seconds, percents and pods have no common measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Preference {
    /// Nobody loses anything: such a change is right whatever else is.
    Harmless,
    /// A controller decides otherwise: when it scales, how it rolls out, what it may evict, in which order. That can be taken
    /// back at any time, and no pod gets less or is one less.
    Tunes,
    /// There are more pods or nodes: that costs money all the time.
    Enlarges,
    /// What was promised is less: there are fewer pods, they request less, are placed less strictly, or wait for more.
    Weakens,
    /// Something that somebody once wanted is gone.
    Removes,
}

impl Preference {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Preference::Harmless => "harmless",
            Preference::Tunes => "tunes",
            Preference::Enlarges => "enlarges",
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

    /// Its cost: every field counts more than any preference, and that more than any distance. Three edits of a preference
    /// cost less than one of the next.
    pub fn cost(&self) -> u64 {
        const FIELD: u64 = 1_000_000;
        const LEAST: u64 = 1_000;
        let preference = match self.preference {
            Preference::Harmless => 0,
            other => LEAST * 4_u64.pow(other as u32 - 1),
        };
        FIELD + preference + u64::from(self.distance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(preference: Preference, distance: u32) -> Edit {
        Edit {
            object: String::new(),
            field: String::new(),
            place: (String::new(), 0),
            from: String::new(),
            to: String::new(),
            distance,
            preference,
            costs: String::new(),
            rules: &[],
            about: Vec::new(),
            changes: Vec::new(),
        }
    }

    #[test]
    fn fields_count_before_preference_and_preference_before_distance() {
        use Preference::{Enlarges, Harmless, Removes, Tunes, Weakens};
        let order = [Harmless, Tunes, Enlarges, Weakens, Removes];
        assert!(order.is_sorted());
        for pair in order.windows(2) {
            let (better, worse) = (edit(pair[0], 6).cost(), edit(pair[1], 1).cost());
            assert!(better < worse, "{pair:?}");
        }
        let three = |preference| 3 * edit(preference, 6).cost() - 2 * edit(Harmless, 0).cost();
        assert!(three(Tunes) < edit(Enlarges, 1).cost() && three(Weakens) < edit(Removes, 1).cost());
        assert!(edit(Removes, 6).cost() < 2 * edit(Harmless, 1).cost(), "one field is less than two");
        assert!(edit(Tunes, 1).cost() < edit(Tunes, 2).cost());
    }
}
