//! Passes that make a model smaller, and the maps that carry traces back.
//!
//! Passes over the transition system run one after the other, each in a file of its own:
//!
//! | pass | what it does | exact | trace of the result → trace of the whole |
//! | --- | --- | --- | --- |
//! | slice ([`crate::system::cone`]) | drops what cannot influence the properties | yes | dropped variables start at their initial values; passive actions fire where they must |
//! | [`ranges`] | narrows ranges, folds constants, disables actions that never fire | yes | the same values |
//! | [`units`] | divides both sides of comparisons by what divides all their terms | yes | the same values |
//! | [`symmetry`] | of initial states that differ in the names of nodes keeps one | yes | the same values |
//!
//! Invariants:
//! * Actions keep their positions and inputs, so that the steps of a trace mean the same before and after.
//! * The variables that are left are a subsequence of the whole system's, and a state of the result is the
//!   projection of one of the whole. [`Slice::lift`] is therefore the inverse of all passes together.
//!
//! Node classes and counted cells are decided where cells are declared ([`crate::cluster::counting::classes`],
//! [`crate::cluster::counting::cells`]); [`single_nodes`] carries traces of such a model back to one in which every node is told
//! apart, and [`explain`] says what was merged and why.

pub mod explain;
pub mod figures;
mod intervals;
pub mod ranges;
pub mod single_nodes;
pub mod symmetry;
mod terms;
pub mod units;

use crate::cluster::view::Parts;
use crate::system::{PropertyId, Slice, System};
use crate::term::Guarded;

pub use figures::{CircuitSize, Figures, Measure, of as figures};
pub use terms::roots;

/// What one pass did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// Its name.
    pub name: &'static str,
    /// Whether the result has a counterexample of length k exactly if what went in has one.
    pub exact: bool,
    /// Sizes of the result.
    pub after: Figures,
    /// What it did, one line each.
    pub notes: Vec<String>,
}

/// A reduced system, and how it came about.
#[derive(Clone, Debug)]
pub struct Reduction {
    /// The reduced system, and where its variables are in the whole one.
    pub slice: Slice,
    /// Sizes of the whole system.
    pub before: Figures,
    /// The passes, in order.
    pub passes: Vec<Pass>,
    measure: Measure,
}

/// Reduces a system to what `properties` need.
pub fn reduce(whole: &System, parts: &Parts, properties: &[PropertyId]) -> Reduction {
    reduce_within(whole, parts, properties, figures::of, &Guarded::default())
}

/// The same, with figures as somebody wants them. Passes that a limit leaves no time for are left out: without them the
/// system is larger, and means the same.
pub fn reduce_within(
    whole: &System,
    parts: &Parts,
    properties: &[PropertyId],
    measure: Measure,
    limit: &Guarded,
) -> Reduction {
    let slice = whole.slice(properties);
    let mut reduction = Reduction { slice, before: measure(whole), passes: Vec::new(), measure };
    let notes = dropped(whole, &reduction.slice);
    reduction.record("slice", notes);
    if limit.stopped().is_some() {
        return reduction;
    }
    let notes = symmetry::break_initially(&mut reduction.slice, parts);
    reduction.record("symmetry", notes);
    if limit.stopped().is_some() {
        return reduction;
    }
    let notes = ranges::tighten(&mut reduction.slice, limit);
    reduction.record("ranges", notes);
    if limit.stopped().is_some() {
        return reduction;
    }
    reduction.slice_again();
    if limit.stopped().is_some() {
        return reduction;
    }
    let notes = units::scale(&mut reduction.slice.system, limit);
    reduction.record("units", notes);
    reduction
}

/// The whole system with all its variables, every step and every order of steps: nothing is reduced. Properties that are not asked for
/// are gone.
pub fn unreduced(whole: &System, properties: &[PropertyId]) -> Reduction {
    let mut system = whole.clone();
    system.properties = properties.iter().map(|&id| whole.property(id).clone()).collect();
    system.stepwise = true;
    system.all_orders = true;
    let slice = Slice { system, kept: (0..whole.state.len()).collect() };
    Reduction { slice, before: figures::of(whole), passes: Vec::new(), measure: figures::of }
}

impl Reduction {
    fn record(&mut self, name: &'static str, notes: Vec<String>) {
        let after = (self.measure)(&self.slice.system);
        self.passes.push(Pass { name, exact: true, after, notes });
    }

    /// What became constant may leave other variables without a reader.
    fn slice_again(&mut self) {
        let all: Vec<PropertyId> = (0..self.slice.system.properties.len()).map(PropertyId).collect();
        let again = self.slice.system.slice(&all);
        if again.kept.len() < self.slice.kept.len() {
            let notes = dropped(&self.slice.system, &again);
            let kept = again.kept.iter().map(|&position| self.slice.kept[position]).collect();
            self.slice = Slice { system: again.system, kept };
            self.record("slice again", notes);
        }
    }

    /// Sizes of the reduced system.
    pub fn after(&self) -> Figures {
        self.passes.last().map_or(self.before, |pass| pass.after)
    }
}

/// What a slice dropped.
fn dropped(whole: &System, slice: &Slice) -> Vec<String> {
    let mut kept = vec![false; whole.state.len()];
    slice.kept.iter().for_each(|&position| kept[position] = true);
    let variables = whole.state.iter().zip(&kept).filter(|(_, kept)| !**kept).map(|(variable, _)| &variable.name);
    let never = |system: &System, position: usize| system.arena.as_bool(system.actions[position].guard) == Some(false);
    let silenced = (0..whole.actions.len())
        .filter(|&position| never(&slice.system, position) && !never(whole, position))
        .map(|position| &whole.actions[position].name);
    let variables = variables.map(|name| format!("variable {name}: nothing that matters reads it"));
    variables.chain(silenced.map(|name| format!("action {name}: the properties do not need it"))).collect()
}
