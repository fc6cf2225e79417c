//! Values that terms take in random runs: what never happens there may never happen at all, and nothing else needs to be
//! looked at.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rustc_hash::FxHashSet;

use crate::engine::start::{self, Start};
use crate::engine::walk::Walker;
use crate::engine::{Budget, Watch};
use crate::system::System;
use crate::system::replay::Interpreter;
use crate::system::run::Runner;
use crate::term::TermId;

/// Random runs.
const RUNS: u64 = 24;
/// Steps of a run.
const STEPS: usize = 240;
/// The share of the time that runs may take.
const SHARE: u32 = 8;
/// Different rows that are enough.
const ROWS: usize = 2000;

/// Values of some terms in states that are reached, a row each, without duplicates.
pub struct Samples {
    /// By state: the value of each term.
    pub rows: Vec<Vec<i64>>,
}

impl Samples {
    /// Collects rows from random runs until there are enough or the watch says so. Runs with the same seed are the same.
    pub fn collect(system: &System, terms: &[TermId], seed: u64, watch: &Watch) -> Self {
        let mut seen = FxHashSet::default();
        let mut rows = Vec::new();
        walk(system, seed, watch, &mut |runner| {
            let row: Vec<i64> = terms.iter().map(|&term| runner.value(term)).collect();
            if seen.insert(row.clone()) {
                rows.push(row);
            }
            rows.len() < ROWS
        });
        Samples { rows }
    }
}

/// Whether conditions hold in every state of some random runs.
pub fn always_hold(system: &System, conditions: &[TermId], seed: u64, watch: &Watch) -> bool {
    let mut hold = true;
    walk(system, seed, watch, &mut |runner| {
        hold &= conditions.iter().all(|&condition| runner.holds(condition));
        hold
    });
    hold
}

/// Visits the states of random runs, as long as the visitor says so and the watch allows.
fn walk(system: &System, seed: u64, watch: &Watch, visit: &mut dyn FnMut(&mut Runner<'_>) -> bool) {
    // Where starts are free, finding one may take long, and what is seen is only a suggestion or a second look.
    let watch = &watch.time_left().map_or_else(|| watch.clone(), |left| watch.part(left / SHARE));
    let mut random = StdRng::seed_from_u64(seed);
    let walker = Walker::new(system);
    let interpreter = Interpreter::new(system);
    for _ in 0..RUNS {
        let budget = Budget { time: watch.time_left(), ..Budget::bound(0) };
        let draw = &mut |range| random.random_range(range);
        let Start::State(initial) = start::sample(system, &budget, draw) else { return };
        let mut runner = interpreter.run(&initial);
        for number in 1..=STEPS {
            if !visit(&mut runner) || watch.exhausted().is_some() {
                return;
            }
            let candidates = runner.candidates().actions;
            let Some((_, step)) = walker.pick(&candidates, runner.state(), &mut random) else { break };
            if runner.fire(number, &step).is_err() {
                break;
            }
        }
    }
}
