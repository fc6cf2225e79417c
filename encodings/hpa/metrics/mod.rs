//! From metrics to a proposal.
//!
//! Part of the rule `hpa/reconcile`.
//!
//! Everything is a term over groups of pods, what the metrics APIs answer and the present scale. [`per_pod`] proposes for
//! Resource, ContainerResource and Pods metrics, [`whole`] for Object and External ones, [`combine`] decides among several;
//! [`load`] puts the loads of a model in front of them.

pub mod combine;
pub mod comparison;
pub mod load;
pub mod per_pod;
pub mod pods;
pub mod requests;
pub mod source;
pub mod thresholds;
pub mod whole;

use crate::cluster::arithmetic::hpa_replicas::Tolerance;
use crate::term::{Bool, Int};

/// The controller's flags and feature gates, as far as metrics depend on them.
#[derive(Clone, Copy, Debug)]
pub struct Controller {
    /// `--horizontal-pod-autoscaler-tolerance`, or what the HPA's behavior says where its gate is on.
    pub tolerance: Tolerance,
    /// `--horizontal-pod-autoscaler-cpu-initialization-period`, in milliseconds.
    pub cpu_initialization: i64,
    /// `--horizontal-pod-autoscaler-initial-readiness-delay`, in milliseconds.
    pub readiness_delay: i64,
    /// Feature gate PodLevelResources.
    pub pod_level_resources: bool,
}

impl Default for Controller {
    fn default() -> Self {
        Controller {
            tolerance: Tolerance::default(),
            cpu_initialization: 300_000,
            readiness_delay: 30_000,
            pod_level_resources: true,
        }
    }
}

/// What one metric asks for.
pub struct Proposal<'c> {
    /// Replicas, before any limit.
    pub replicas: Int<'c>,
    /// Whether the metric can be read at all; nothing else means anything otherwise.
    pub valid: Bool<'c>,
    /// `averageUtilization` of the status, for targets of that type.
    pub utilization: Option<Int<'c>>,
    /// `averageValue` (`value` for targets of that type) of the status, in milli-units.
    pub amount: Int<'c>,
}
