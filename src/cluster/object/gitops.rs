//! What GitOps controllers put back: for each of their objects (an Application, a Kustomization, a HelmRelease) the
//! workloads that it declares, and which of their fields it sees to.

use super::key::{ObjectKey, Origin};

/// A GitOps controller at work on what one of its objects declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sync {
    /// Who puts back, for the story: `Argo CD Application shop`. No two have the same name.
    pub name: String,
    /// Which controller it is.
    pub tool: Tool,
    /// What it declares, a workload each.
    pub declared: Vec<Declared>,
    /// Where that was written.
    pub origin: Origin,
}

/// Which controller puts back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// Argo CD, with self-heal.
    ArgoCd {
        /// The sync option `RespectIgnoreDifferences`: ignored fields stay when others are written.
        respects_ignored: bool,
    },
    /// Flux: kustomize-controller, or helm-controller with drift correction.
    Flux,
}

/// What Git has of a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The workload.
    pub target: ObjectKey,
    /// The pod template: a position among the revisions of the workload.
    pub template: Field<usize>,
    /// `spec.replicas`; `None` of a DaemonSet.
    pub replicas: Option<Field<i64>>,
    /// Whether it is only made where it is missing, and never changed.
    pub only_created: bool,
}

/// A field of a declared workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<T> {
    /// What Git has, or what the API server makes of it when it has nothing.
    pub value: T,
    /// Whether Git has it.
    pub given: bool,
    /// Whether the controller is told to leave it to others.
    pub ignored: bool,
}

impl Declared {
    /// Whether it has other replicas than the cluster has at the start.
    pub fn changes_replicas(&self, replicas: i64) -> bool {
        self.replicas.is_some_and(|field| field.value != replicas)
    }
}
