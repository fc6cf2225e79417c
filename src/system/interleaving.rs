//! How actions interleave: one choice for scenarios, the command line, systems and saved traces. `docs/semantics.md` says
//! what each means for a cluster.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How event-driven actions interleave.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Interleaving {
    /// Periodic and environment actions wait until event-driven ones have settled, which act in a fixed order.
    #[default]
    Settled,
    /// Event-driven actions of one block interleave freely.
    Racing,
    /// Any enabled action may fire at any time; k counts actions.
    Async,
}

impl Interleaving {
    /// All of them.
    pub const ALL: [Interleaving; 3] = [Interleaving::Settled, Interleaving::Racing, Interleaving::Async];

    /// Its name, everywhere.
    pub fn name(self) -> &'static str {
        match self {
            Interleaving::Settled => "settled",
            Interleaving::Racing => "racing",
            Interleaving::Async => "async",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// What it allows, in a line.
    pub fn meaning(self) -> &'static str {
        match self {
            Interleaving::Settled => {
                "Slow actions wait until event-driven ones have settled, which act in a fixed order"
            }
            Interleaving::Racing => "Event-driven actions of one block interleave freely",
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
