//! The `behavior` of an HPA, read.

use k8s_openapi::api::autoscaling::v2::{HPAScalingPolicy, HPAScalingRules, HorizontalPodAutoscalerBehavior};

use crate::cluster::view::rule::{Rule, rule};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "hpa/behavior",
    component: Autoscaler,
    upstream: [
        "pkg/apis/autoscaling/v2/defaults.go" => ["GenerateHPAScaleUpRules", "GenerateHPAScaleDownRules"],
        "pkg/controller/podautoscaler/horizontal.go" => ["maybeInitScaleDownStabilizationWindow"],
    ],
    decides: "What a behavior says where it says nothing: default policies, periods and windows.",
    parts: [
        "defaults of a behavior" => "exact",
    ],
};

/// `selectPolicy` of a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelectPolicy {
    /// The policy that allows the largest change.
    Max,
    /// The policy that allows the smallest change.
    Min,
    /// No change in this direction.
    Disabled,
}

/// One policy of a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Whether [`value`](Self::value) is a percentage of the replicas when the period began, instead of a number of pods.
    pub percent: bool,
    /// Pods or percent, 1 or more.
    pub value: i64,
    /// `periodSeconds`.
    pub period: i64,
}

/// The rules of one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Direction {
    /// Which policy counts.
    pub select: SelectPolicy,
    /// `stabilizationWindowSeconds`.
    pub window: i64,
    /// Never empty.
    pub policies: Vec<Policy>,
}

impl Direction {
    /// The longest period of a policy, in seconds.
    pub fn longest_period(&self) -> i64 {
        self.policies.iter().map(|policy| policy.period).max().unwrap_or(0)
    }
}

/// The rules of both directions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// `scaleUp`.
    pub up: Direction,
    /// `scaleDown`.
    pub down: Direction,
}

impl Rules {
    /// The rules of a behavior, with upstream's defaults where it says nothing; `stabilization` is the controller's flag.
    pub fn of(behavior: &HorizontalPodAutoscalerBehavior, stabilization: i64) -> Self {
        let whole = Policy { percent: true, value: 100, period: 15 };
        let four = Policy { percent: false, value: 4, period: 15 };
        Rules {
            up: direction(behavior.scale_up.as_ref(), 0, &[four, whole]),
            down: direction(behavior.scale_down.as_ref(), stabilization, &[whole]),
        }
    }
}

fn direction(rules: Option<&HPAScalingRules>, window: i64, policies: &[Policy]) -> Direction {
    let given = rules.and_then(|rules| rules.policies.as_ref()).filter(|policies| !policies.is_empty());
    let select = match rules.and_then(|rules| rules.select_policy.as_deref()) {
        Some("Min") => SelectPolicy::Min,
        Some("Disabled") => SelectPolicy::Disabled,
        _ => SelectPolicy::Max,
    };
    Direction {
        select,
        window: rules.and_then(|rules| rules.stabilization_window_seconds).map_or(window, i64::from),
        policies: given.map_or_else(|| policies.to_vec(), |given| given.iter().map(policy).collect()),
    }
}

fn policy(policy: &HPAScalingPolicy) -> Policy {
    Policy { percent: policy.type_ == "Percent", value: policy.value.into(), period: policy.period_seconds.into() }
}
