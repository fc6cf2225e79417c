//! The documented order of event-driven actions in `settled` runs: smaller ranks go first.
//!
//! Part of every rule.

/// Parts of a controller's atomic reconcile that are written as several steps.
pub const UNFINISHED: u32 = 0;
/// Terminations complete.
pub const TERMINATION: u32 = 1;
/// Taint eviction without a tolerated wait.
pub const TAINT_EVICTION: u32 = 2;
/// Deployment controller.
pub const DEPLOYMENT: u32 = 3;
/// ReplicaSet controller.
pub const REPLICASET: u32 = 4;
/// StatefulSet controller: as the ReplicaSet controller.
pub const STATEFULSET: u32 = 4;
/// DaemonSet controller.
pub const DAEMONSET: u32 = 4;
/// Job controller.
pub const JOB: u32 = 4;
/// kube-scheduler, and kubelets that admit pinned pods.
pub const SCHEDULER: u32 = 5;
/// Pods start.
pub const START: u32 = 6;
/// Evictions of a drain that wait for a PodDisruptionBudget.
pub const BUDGETED_EVICTION: u32 = 7;
/// Usage is added up again when pods have come or gone.
pub const USAGE: u32 = 8;
