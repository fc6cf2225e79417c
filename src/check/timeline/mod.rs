//! What a run changes, step by step: where pods are and how they stand, what nodes are like, how many replicas are wanted.
//!
//! It is read off the states of the replayed run, as [`super::narrative`] tells it: a moment for each told step, with the same
//! numbers. Steps that are not told (observers, and those about which there is nothing to say) change the moment before
//! them. Nodes have the names that the story calls them by ([`super::nodes`]); pods are as many as states count, and
//! [`lives`] follows them one by one. Pods that nothing may move are no part of any state, and none of this.

pub mod lives;
pub(super) mod record;

use crate::cluster::{Attribute, Phase, Presence};

/// Where a pod is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// On no node.
    Unscheduled,
    /// On a node: its position in [`Timeline::nodes`].
    Node(usize),
}

/// How a pod stands, in the order in which it goes through this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// On no node yet.
    Pending,
    /// Bound, not ready yet.
    Starting,
    /// Ready.
    Ready,
    /// Not ready any more.
    Unready,
    /// Being deleted.
    Terminating,
}

/// What is out of the ordinary about a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// No pod may be bound to it.
    Cordoned,
    /// Not Ready.
    Down,
    /// Its object is deleted.
    Deleted,
    /// Its turn in a rolling maintenance.
    Maintained,
    /// Of a node group, and not there.
    Absent,
    /// The same, but asked for.
    Coming,
    /// There, and being removed.
    Going,
    /// There, until another one takes its place.
    Yielding,
}

/// What a number is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quantity {
    /// `spec.replicas` of a workload: its position in [`Timeline::workloads`].
    Replicas(usize),
    /// Pods of a kind: its position in [`Timeline::pods`].
    Pods(Place, usize, Stage),
    /// Whether that is so of a node: 0 or 1.
    Condition(usize, Condition),
}

/// A number that changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub of: Quantity,
    /// What it was.
    pub before: i64,
    /// What it is from then on; another number.
    pub after: i64,
}

/// A told step, or several that are told as one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// Whether load, failures or users do it, and not the cluster itself.
    pub from_outside: bool,
    /// What is different afterwards, in the order of quantities.
    pub changes: Vec<Change>,
}

/// A run in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// Names of nodes, in the order of the input.
    pub nodes: Vec<String>,
    /// What pods of each kind go by.
    pub pods: Vec<String>,
    /// Names of workloads.
    pub workloads: Vec<String>,
    /// All numbers at the start that are not 0, in the order of quantities.
    pub start: Vec<(Quantity, i64)>,
    /// The moment of each step of the story.
    pub moments: Vec<Moment>,
}

impl Stage {
    /// All, in their order.
    pub const ALL: [Stage; 5] = [Stage::Pending, Stage::Starting, Stage::Ready, Stage::Unready, Stage::Terminating];

    /// What is said of such a pod.
    pub fn words(self) -> &'static str {
        match self {
            Stage::Pending => "pending",
            Stage::Starting => "starting",
            Stage::Ready => "ready",
            Stage::Unready => "not ready",
            Stage::Terminating => "terminating",
        }
    }

    /// Whether a pod may stand so after it stood otherwise, where it is.
    fn may_follow(self, earlier: Stage) -> bool {
        match self {
            Stage::Pending | Stage::Starting => false,
            Stage::Ready => matches!(earlier, Stage::Starting | Stage::Unready),
            Stage::Unready => matches!(earlier, Stage::Starting | Stage::Ready),
            Stage::Terminating => matches!(earlier, Stage::Starting | Stage::Ready | Stage::Unready),
        }
    }
}

impl From<Phase> for Stage {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Starting => Stage::Starting,
            Phase::Running => Stage::Ready,
            Phase::Unready => Stage::Unready,
            Phase::Terminating => Stage::Terminating,
        }
    }
}

impl Condition {
    /// What an attribute's value says of a node, if that is out of the ordinary.
    pub fn of(attribute: Attribute, value: i64) -> Option<Self> {
        let is_so = value > 0;
        match attribute {
            Attribute::Cordoned => is_so.then_some(Condition::Cordoned),
            Attribute::Down => is_so.then_some(Condition::Down),
            Attribute::Gone => is_so.then_some(Condition::Deleted),
            Attribute::Maintenance => (value == 1).then_some(Condition::Maintained),
            Attribute::Presence => Condition::of_presence(value),
            Attribute::Pods(..) | Attribute::Nominated(_) | Attribute::Assumed(_) | Attribute::Waiting(_) => None,
        }
    }

    fn of_presence(value: i64) -> Option<Self> {
        let known = [
            (Presence::Absent, Condition::Absent),
            (Presence::Coming, Condition::Coming),
            (Presence::Replacing, Condition::Coming),
            (Presence::Going, Condition::Going),
            (Presence::Yielding, Condition::Yielding),
        ];
        known.iter().find(|(presence, _)| presence.value() == value).map(|&(_, condition)| condition)
    }

    /// What is said of such a node.
    pub fn words(self) -> &'static str {
        match self {
            Condition::Cordoned => "cordoned",
            Condition::Down => "down",
            Condition::Deleted => "deleted",
            Condition::Maintained => "under maintenance",
            Condition::Absent => "not there",
            Condition::Coming => "on its way",
            Condition::Going => "being removed",
            Condition::Yielding => "to be replaced",
        }
    }
}

impl Timeline {
    /// All names in it.
    pub(super) fn names_mut(&mut self) -> impl Iterator<Item = &mut String> {
        self.nodes.iter_mut().chain(&mut self.pods).chain(&mut self.workloads)
    }

    /// A number after the last step.
    pub fn at_the_end(&self, of: Quantity) -> i64 {
        let changes = self.moments.iter().rev().flat_map(|moment| &moment.changes);
        let last = changes.into_iter().find(|change| change.of == of).map(|change| change.after);
        let first = || self.start.iter().find(|(known, _)| *known == of).map(|&(_, value)| value);
        last.or_else(first).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_attributes_are_conditions() {
        assert_eq!(Condition::of(Attribute::Maintenance, 2), None);
        assert_eq!(Condition::of(Attribute::Maintenance, 1), Some(Condition::Maintained));
        let of = |presence: Presence| Condition::of(Attribute::Presence, presence.value());
        assert_eq!(of(Presence::Here), None);
        assert_eq!([of(Presence::Coming), of(Presence::Replacing)], [Some(Condition::Coming); 2]);
        assert_eq!(of(Presence::Yielding).map(Condition::words), Some("to be replaced"));
    }

    #[test]
    fn no_pod_gets_younger() {
        assert!(Stage::Terminating.may_follow(Stage::Ready) && !Stage::Ready.may_follow(Stage::Terminating));
        assert!(Stage::ALL.iter().all(|stage| !stage.may_follow(Stage::Pending)));
    }
}
