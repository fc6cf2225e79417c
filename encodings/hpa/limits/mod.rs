//! From a proposal to the size that is set.
//!
//! Part of the rule `hpa/reconcile`.
//!
//! [`stabilisation`] and [`rates`] decide as upstream does about what windows and periods count of the past. What they
//! count comes from [`memory`] and [`periods`] in a model, whose [`clocks`] say what time allows of that, and from [`history`] where ages are known.
//! [`reconcile`] puts them together, with the conditions and the event.

pub mod clocks;
pub mod history;
pub mod memory;
pub mod periods;
pub mod rates;
pub mod reconcile;
pub mod rules;
pub mod stabilisation;

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscalerSpec;

use crate::term::Int;

pub use rates::Changes;
pub use stabilisation::Recommendation;

/// `minReplicas` and `maxReplicas`.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// `minReplicas`, 1 where it is not given.
    pub min: i64,
    /// `maxReplicas`.
    pub max: i64,
}

impl Bounds {
    /// The limits of an autoscaler.
    pub fn of(spec: &HorizontalPodAutoscalerSpec) -> Self {
        Bounds { min: spec.min_replicas.map_or(1, i64::from), max: spec.max_replicas.into() }
    }
}

/// What windows and periods count of the past.
pub struct Past<'c, 'p> {
    /// Earlier recommendations.
    pub recommendations: Vec<Recommendation<'c>>,
    /// Earlier changes of size.
    pub changes: &'p Changes<'c, 'p>,
}

/// Why a size is what it is: the reasons of the conditions AbleToScale, ScalingActive and ScalingLimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The condition was never set.
    Unset,
    /// The target's scale was read.
    SucceededGetScale,
    /// The proposal stands.
    ReadyForNewScale,
    /// Lower recommendations of the window hold it down.
    ScaleUpStabilized,
    /// Higher recommendations of the window hold it up.
    ScaleDownStabilized,
    /// The target was resized.
    SucceededRescale,
    /// The target is scaled to 0 and `minReplicas` is not.
    ScalingDisabled,
    /// A metric was read.
    ValidMetricFound,
    /// The recommendation is allowed.
    DesiredWithinRange,
    /// `maxReplicas` limits it.
    TooManyReplicas,
    /// `minReplicas` limits it.
    TooFewReplicas,
    /// The rate of scaling up limits it.
    ScaleUpLimit,
    /// The rate of scaling down limits it.
    ScaleDownLimit,
}

impl Reason {
    /// All, by position.
    pub const ALL: [Reason; 13] = [
        Reason::Unset,
        Reason::SucceededGetScale,
        Reason::ReadyForNewScale,
        Reason::ScaleUpStabilized,
        Reason::ScaleDownStabilized,
        Reason::SucceededRescale,
        Reason::ScalingDisabled,
        Reason::ValidMetricFound,
        Reason::DesiredWithinRange,
        Reason::TooManyReplicas,
        Reason::TooFewReplicas,
        Reason::ScaleUpLimit,
        Reason::ScaleDownLimit,
    ];

    /// Its position, which terms carry.
    pub fn code(self) -> i64 {
        self as i64
    }

    /// The reason at a position.
    pub fn at(code: i64) -> Self {
        usize::try_from(code).ok().and_then(|code| Self::ALL.get(code).copied()).unwrap_or(Reason::Unset)
    }

    /// The status of AbleToScale or ScalingActive that goes with it.
    pub fn holds(self) -> bool {
        self != Reason::ScalingDisabled
    }

    /// As Kubernetes writes it; `None` where the condition was never set.
    pub fn name(self) -> Option<String> {
        (self != Reason::Unset).then(|| format!("{self:?}"))
    }
}

/// A size and why.
#[derive(Clone, Copy)]
pub struct Size<'c> {
    /// Replicas.
    pub replicas: Int<'c>,
    /// The [`Reason`], by position.
    pub reason: Int<'c>,
}
