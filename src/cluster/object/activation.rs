//! What the operator of KEDA scales by itself, beside the autoscaler that it makes: to nothing or an idle size, and back.

use super::key::{ObjectKey, Origin};

/// A ScaledObject, as far as the operator scales its target itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Activation {
    /// Namespace and name of the ScaledObject.
    pub key: ObjectKey,
    /// What it scales.
    pub target: ObjectKey,
    /// `minReplicaCount`, 0 unless given.
    pub least: i64,
    /// `idleReplicaCount`.
    pub idle: Option<i64>,
    /// Whether its triggers are always active: all of them are of cpu or memory, or activation is forced.
    pub always_active: bool,
    /// Which directions an annotation turns off.
    pub paused: Paused,
    /// Where it was written.
    pub origin: Origin,
}

/// What annotations pause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paused {
    /// Nothing.
    #[default]
    No,
    /// Scaling in.
    In,
    /// Scaling out.
    Out,
    /// Everything, at so many replicas: there is no autoscaler.
    At(i64),
}

impl Activation {
    /// The size of a target that was activated.
    pub fn active_size(&self) -> i64 {
        self.least.max(1)
    }

    /// The size of a target that is not active.
    pub fn idle_size(&self) -> i64 {
        self.idle.unwrap_or(self.least)
    }

    /// The largest size that the operator sets.
    pub fn largest(&self) -> i64 {
        match self.paused {
            Paused::At(replicas) => replicas,
            _ => self.active_size().max(self.idle_size()),
        }
    }
}
