//! What is asked of branches, and the conditions that leave for a solver to decide.

use crate::system::model::{ActionId, Checkpoint, PropertyId, PropertyKind, System};
use crate::term::TermId;

use crate::engine::unroll::branch::graph::NodeId;
use crate::engine::unroll::branch::vectors::VectorId;

/// An action may leave a variable's range under a condition.
#[derive(Clone, Copy, Debug)]
pub struct Hazard {
    /// The condition.
    pub condition: TermId,
    /// The action.
    pub action: ActionId,
}

/// A property is broken under a condition.
#[derive(Clone, Copy, Debug)]
pub struct Finding {
    /// The property.
    pub property: PropertyId,
    /// The condition.
    pub condition: TermId,
    /// The branch in which it happens.
    pub node: NodeId,
    /// For a lasso: the earlier state that the branch's state equals.
    pub loop_to: Option<VectorId>,
}

/// The invariants among the properties that are asked.
pub(in crate::engine::unroll) struct Asked {
    /// In all states.
    pub every: Vec<(PropertyId, TermId)>,
    /// In states at rest.
    pub settled: Vec<(PropertyId, TermId)>,
}

impl Asked {
    pub fn new(system: &System, properties: &[PropertyId]) -> Self {
        let invariants = |checkpoint: Checkpoint| {
            let wanted = properties.iter().filter_map(move |&id| match system.property(id).kind {
                PropertyKind::Invariant { holds, at } if at == checkpoint => Some((id, holds)),
                _ => None,
            });
            wanted.collect()
        };
        Asked { every: invariants(Checkpoint::Every), settled: invariants(Checkpoint::Settled) }
    }
}
