//! Random steps of a system, with the reference interpreter's rules: one of the actions that may fire, and inputs that it
//! allows.

use rand::Rng;
use rand::rngs::StdRng;

use crate::system::{ActionId, Choices, Step, System};

/// Guesses of an action's inputs before they are enumerated.
const GUESSES: usize = 200;
/// Combinations of inputs that are enumerated at most.
const MOST_COMBINATIONS: u64 = 1_000_000;

/// Draws steps of one system.
pub struct Walker<'s> {
    system: &'s System,
    choosers: Vec<Choices>,
}

impl<'s> Walker<'s> {
    /// A walker of a system.
    pub fn new(system: &'s System) -> Self {
        Walker { system, choosers: system.actions.iter().map(|action| Choices::new(system, action)).collect() }
    }

    /// One of the candidates and inputs that it allows in a state; none if there is no candidate.
    pub fn pick(&self, candidates: &[ActionId], state: &[i64], random: &mut StdRng) -> Option<(ActionId, Step)> {
        let mut left = candidates.to_vec();
        while !left.is_empty() {
            let id = left.swap_remove(random.random_range(0..left.len()));
            if let Some(inputs) = self.choose(&self.choosers[id.0], state, random) {
                return Some((id, Step { action: id.0, inputs }));
            }
        }
        None
    }

    /// Random inputs that are allowed: guessed, or found from a random point on.
    fn choose(&self, choices: &Choices, state: &[i64], random: &mut StdRng) -> Option<Vec<i64>> {
        let mut here = choices.of_state(self.system, state);
        for _ in 0..GUESSES {
            let guess: Vec<i64> =
                choices.ranges().iter().map(|range| random.random_range(range.lo..=range.hi)).collect();
            if here.allows(&guess) {
                return Some(guess);
            }
        }
        let all = choices.combinations().count().min(MOST_COMBINATIONS);
        let offset = random.random_range(0..all);
        (0..all).map(|index| choices.combinations().get((index + offset) % all)).find(|inputs| here.allows(inputs))
    }
}
