//! How actions interleave: one choice for scenarios, the command line, systems and saved traces. `docs/semantics.md` says
//! what each means for a cluster.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How event-driven actions interleave.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Interleaving {
    /// Event-driven actions of one block interleave freely; periodic and environment actions wait until these have settled.
    #[default]
    Racing,
    /// The same, but event-driven actions come in a fixed order.
    Settled,
    /// Any enabled action may fire at any time, so blocks overlap; k counts those that are not event-driven.
    Overlapping,
    /// Any enabled action may fire at any time; k counts actions.
    Async,
}

impl Interleaving {
    /// All of them.
    pub const ALL: [Interleaving; 4] =
        [Interleaving::Racing, Interleaving::Settled, Interleaving::Overlapping, Interleaving::Async];

    /// Its name, everywhere.
    pub fn name(self) -> &'static str {
        match self {
            Interleaving::Settled => "settled",
            Interleaving::Racing => "racing",
            Interleaving::Overlapping => "overlapping",
            Interleaving::Async => "async",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// Whether slow actions wait until event-driven ones have settled.
    pub fn waits(self) -> bool {
        matches!(self, Interleaving::Racing | Interleaving::Settled)
    }

    /// What it allows, in a line.
    pub fn meaning(self) -> &'static str {
        match self {
            Interleaving::Racing => "Event-driven actions come in any order, slow ones once these have settled",
            Interleaving::Settled => "Event-driven actions come in a fixed order, slow ones once these have settled",
            Interleaving::Overlapping => "Anything at any time; k counts slow actions",
            Interleaving::Async => "Anything at any time; k counts actions",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_everywhere() {
        for it in Interleaving::ALL {
            assert_eq!(Interleaving::named(it.name()), Some(it));
            assert_eq!(serde_json::to_value(it).unwrap_or_default(), it.name());
        }
        assert_eq!(Interleaving::named("orderly"), None);
    }
}
