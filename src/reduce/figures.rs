//! How large a system is.

use crate::system::System;

use super::terms;

/// Sizes of terms as a circuit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CircuitSize {
    /// Conjunctions of two.
    pub gates: u64,
    /// Clauses.
    pub clauses: u64,
}

/// Sizes of a system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// State variables.
    pub variables: usize,
    /// Bits that a state takes, each variable by itself.
    pub bits: u32,
    /// Distinct terms that guards, choices, updates, marks and properties are made of.
    pub terms: usize,
    /// Actions that may fire.
    pub actions: usize,
    /// What all these terms take as a circuit, if somebody asked.
    pub circuit: Option<CircuitSize>,
}

/// How to find the sizes of a system.
pub type Measure = fn(&System) -> Figures;

/// The sizes of a system.
pub fn of(system: &System) -> Figures {
    let bits = |size: u64| u64::BITS - (size - 1).leading_zeros();
    let reachable = system.arena.reachable(terms::roots(system));
    let fires = |guard| system.arena.as_bool(guard) != Some(false);
    Figures {
        variables: system.state.len(),
        bits: system.state.iter().map(|variable| bits(variable.range.size())).sum(),
        terms: reachable.into_iter().filter(|&reached| reached).count(),
        actions: system.actions.iter().filter(|action| fires(action.guard)).count(),
        circuit: None,
    }
}
