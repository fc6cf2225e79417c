//! From a proposal to a size: stabilisation windows, rate policies, limits: `pkg/controller/podautoscaler/horizontal.go`.

use k8s_openapi::api::autoscaling::v2::{HPAScalingRules, HorizontalPodAutoscalerBehavior};

use crate::cluster::arithmetic::hpa_limits::{self, PolicyKind, PolicyUse, SelectPolicy};
use crate::cluster::spec::Autoscaler;
use crate::cluster::story::Scene;
use crate::cluster::view::Cluster;
use crate::encodings::model::ModelError;
use crate::system::{IntVar, State};
use crate::term::{Bool, Int, TermId, VarId};

/// Default of the controller's `--horizontal-pod-autoscaler-downscale-stabilization`, in seconds.
const DOWNSCALE_STABILIZATION: i64 = 300;
/// The controller's sync period in seconds: earlier changes are at least that old.
const SYNC_PERIOD: i64 = 15;
/// Largest table of rate limits, in entries.
const LARGEST_TABLE: u64 = 1 << 21;

/// What an autoscaler remembers.
pub struct Memory {
    /// The last recommendation.
    last: IntVar,
    /// The largest one that the scale-down window may still hold; `None` without such a window.
    peak: Option<IntVar>,
    /// The smallest one that the scale-up window may still hold.
    trough: Option<IntVar>,
    /// Replicas added, and removed, that some policy's period may still count.
    changed: Option<(IntVar, IntVar)>,
    down_window: i64,
    up_window: i64,
    behavior: Option<HorizontalPodAutoscalerBehavior>,
}

/// What follows from a proposal.
pub struct Decision<'c> {
    /// The size after stabilisation and limits.
    pub desired: Int<'c>,
    /// Inputs: what windows and periods still hold.
    pub inputs: Vec<VarId>,
    /// Their allowed values.
    pub choice: Bool<'c>,
    /// Whether the action can change something although the proposal is the present size.
    pub restless: Bool<'c>,
    /// The numbers behind it.
    pub lines: Vec<Line>,
    recalled_high: Option<Int<'c>>,
    recalled_low: Option<Int<'c>>,
    added: Option<Int<'c>>,
    removed: Option<Int<'c>>,
}

/// The numbers behind a decision.
#[derive(Clone)]
pub enum Line {
    /// Which recommendations the scale-down window holds.
    High(TermId, i64, TermId),
    /// Which recommendations the scale-up window holds.
    Low(TermId, i64, i64),
    /// Size and proposal differ by limits.
    Stabilised(TermId),
}

impl Line {
    /// In words, where there is something to say.
    pub fn tell(&self, scene: &Scene<'_>, proposed: i64, after: i64) -> Option<String> {
        match *self {
            Line::High(recalled, window, peak) => match (scene.get(recalled), scene.get(peak)) {
                (0, peak) if peak > proposed => {
                    Some(format!("more than {window} s later: earlier recommendations have left the scale-down window"))
                }
                (high, _) if high > proposed => {
                    Some(format!("the scale-down window of {window} s still holds a recommendation of {high}"))
                }
                _ => None,
            },
            Line::Low(recalled, window, none) => match scene.get(recalled) {
                low if low < proposed && low != none => {
                    Some(format!("the scale-up window of {window} s still holds a recommendation of {low}"))
                }
                _ => None,
            },
            Line::Stabilised(stabilised) => {
                let stabilised = scene.get(stabilised);
                (stabilised != after)
                    .then(|| format!("limited from {stabilised} to {after} by rate, minReplicas or maxReplicas"))
            }
        }
    }
}

fn window(rules: Option<&HPAScalingRules>, default: i64) -> i64 {
    rules.and_then(|rules| rules.stabilization_window_seconds).map_or(default, i64::from)
}

/// Declares the memory of an autoscaler.
pub fn declare(cluster: &Cluster<'_>, autoscaler: &Autoscaler, replicas: i64, min: i64, max: i64) -> Memory {
    let behavior = autoscaler.object.spec.as_ref().and_then(|spec| spec.behavior.clone());
    let up_window = window(behavior.as_ref().and_then(|it| it.scale_up.as_ref()), 0);
    let down_window = window(behavior.as_ref().and_then(|it| it.scale_down.as_ref()), DOWNSCALE_STABILIZATION);
    let name = |what: &str| format!("hpa {} {what}", autoscaler.key);
    let start = replicas.clamp(min, max);
    let int = |what: &str, lo: i64, start: i64| cluster.builder.int(name(what), lo, max, Some(start));
    let long = behavior.as_ref().is_some_and(|behavior| {
        let rules = [behavior.scale_up.as_ref(), behavior.scale_down.as_ref()];
        let policies = rules.into_iter().flatten().flat_map(|rules| rules.policies.iter().flatten());
        policies.into_iter().any(|policy| i64::from(policy.period_seconds) > SYNC_PERIOD)
    });
    Memory {
        last: int("last recommendation", min, start),
        peak: (down_window > 0).then(|| int("largest recommendation", min, start)),
        trough: (up_window > 0).then(|| int("smallest recommendation", min, start)),
        changed: long.then(|| (int("added", 0, 0), int("removed", 0, 0))),
        down_window,
        up_window,
        behavior,
    }
}

/// Stabilises and limits a proposal that lies within `min..=max`.
pub fn decide<'c>(
    cluster: &Cluster<'c>,
    memory: &Memory,
    state: &State<'c>,
    current: Int<'c>,
    proposal: Int<'c>,
    (min, max): (i64, i64),
) -> Result<Decision<'c>, ModelError> {
    let ctx = cluster.ctx();
    let mut decision = Decision {
        desired: proposal,
        inputs: Vec::new(),
        choice: ctx.bool(true),
        restless: state.get(memory.last).ne(proposal),
        lines: Vec::new(),
        recalled_high: None,
        recalled_low: None,
        added: None,
        removed: None,
    };
    let (high, low) = recall(cluster, memory, state, &mut decision, max);
    let at_most = high.map_or(proposal, |high| high.max(proposal));
    let at_least = low.map_or(proposal, |low| low.min(proposal));
    let stabilised = match &memory.behavior {
        None => at_most,
        Some(_) => current.max(at_least).min(at_most),
    };
    decision.desired = match &memory.behavior {
        None => {
            let highest = current.map(|current| hpa_limits::without_behavior(current, max, min, max).replicas);
            stabilised.max(min).min(highest)
        }
        Some(behavior) => rated(cluster, memory, state, &mut decision, behavior, (current, stabilised), (min, max))?,
    };
    decision.lines.push(Line::Stabilised(stabilised.id()));
    Ok(decision)
}

/// What the windows still hold: the largest recommendation (0: none) and the smallest (`max + 1`: none).
fn recall<'c>(
    cluster: &Cluster<'c>,
    memory: &Memory,
    state: &State<'c>,
    decision: &mut Decision<'c>,
    max: i64,
) -> (Option<Int<'c>>, Option<Int<'c>>) {
    let last = state.get(memory.last);
    if let Some(peak) = memory.peak {
        let (var, recalled) = cluster.builder.input("recalled", 0, max);
        let peak = state.get(peak);
        decision.inputs.push(var);
        decision.choice = decision.choice & (recalled.eq(0) | (recalled.ge(last) & recalled.le(peak)));
        decision.restless = decision.restless | peak.ne(last);
        decision.lines.push(Line::High(recalled.id(), memory.down_window, peak.id()));
        decision.recalled_high = Some(recalled);
    }
    if let Some(trough) = memory.trough {
        let (var, recalled) = cluster.builder.input("recalled low", 0, max + 1);
        let trough = state.get(trough);
        decision.inputs.push(var);
        decision.choice = decision.choice & (recalled.eq(max + 1) | (recalled.ge(trough) & recalled.le(last)));
        decision.restless = decision.restless | trough.ne(last);
        decision.lines.push(Line::Low(recalled.id(), memory.up_window, max + 1));
        decision.recalled_low = Some(recalled);
    }
    (decision.recalled_high, decision.recalled_low)
}

fn select(rules: Option<&HPAScalingRules>) -> SelectPolicy {
    match rules.and_then(|rules| rules.select_policy.as_deref()) {
        Some("Min") => SelectPolicy::Min,
        Some("Disabled") => SelectPolicy::Disabled,
        _ => SelectPolicy::Max,
    }
}

/// Policies of a direction; upstream's defaults where none are given.
fn policies(rules: Option<&HPAScalingRules>, up: bool) -> Vec<(PolicyKind, i64, i64)> {
    let given = rules.and_then(|rules| rules.policies.as_ref()).filter(|policies| !policies.is_empty());
    match given {
        Some(policies) => policies
            .iter()
            .map(|policy| {
                let kind = if policy.type_ == "Percent" { PolicyKind::Percent } else { PolicyKind::Pods };
                (kind, i64::from(policy.value), i64::from(policy.period_seconds))
            })
            .collect(),
        None if up => vec![(PolicyKind::Pods, 4, 15), (PolicyKind::Percent, 100, 15)],
        None => vec![(PolicyKind::Percent, 100, 15)],
    }
}

/// Limits by the policies of the direction. Of earlier changes each policy counts none or any part, the same for all
/// policies whose period is longer than the sync period.
fn rated<'c>(
    cluster: &Cluster<'c>,
    memory: &Memory,
    state: &State<'c>,
    decision: &mut Decision<'c>,
    behavior: &HorizontalPodAutoscalerBehavior,
    (current, wanted): (Int<'c>, Int<'c>),
    (min, max): (i64, i64),
) -> Result<Int<'c>, ModelError> {
    let ctx = cluster.ctx();
    let (mut added, mut removed) = (ctx.int(0), ctx.int(0));
    if let Some((up, down)) = memory.changed {
        for (name, var, slot) in [("added", up, &mut added), ("removed", down, &mut removed)] {
            let (input, counted) = cluster.builder.input(name, 0, max);
            decision.inputs.push(input);
            decision.choice = decision.choice & counted.le(state.get(var));
            *slot = counted;
        }
        (decision.added, decision.removed) = (Some(added), Some(removed));
    }
    let indices = [current, added, removed];
    let size = indices.iter().fold(1u64, |size, index| size.saturating_mul(index.range().size()));
    if size > LARGEST_TABLE {
        return Err(ModelError::TooLarge(format!(
            "maxReplicas {max} with a behavior whose policies look further back than {SYNC_PERIOD} s is too large to tabulate"
        )));
    }
    let (up, down) = (behavior.scale_up.as_ref(), behavior.scale_down.as_ref());
    let uses = |rules: &[(PolicyKind, i64, i64)], added: i64, removed: i64| -> Vec<PolicyUse> {
        let counted = |period: i64, amount: i64| if period > SYNC_PERIOD { amount } else { 0 };
        let policy = |&(kind, value, period): &(PolicyKind, i64, i64)| PolicyUse {
            kind,
            value,
            added: counted(period, added),
            removed: counted(period, removed),
        };
        rules.iter().map(policy).collect()
    };
    let (up_rules, down_rules) = (policies(up, true), policies(down, false));
    let highest = ctx.table(&indices, |it| {
        let limit = hpa_limits::scale_up_limit(it[0], select(up), &uses(&up_rules, it[1], it[2]));
        limit.max(it[0]).min(max)
    });
    let lowest = ctx.table(&indices, |it| {
        let limit = hpa_limits::scale_down_limit(it[0], select(down), &uses(&down_rules, it[1], it[2]));
        limit.min(it[0]).max(min)
    });
    Ok(wanted.gt(current).ite(wanted.min(highest), wanted.max(lowest)))
}

/// Records what happened: the recommendation, and the change of size.
pub fn remember<'c>(
    memory: &Memory,
    state: &State<'c>,
    next: &mut State<'c>,
    decision: &Decision<'c>,
    (current, desired): (Int<'c>, Int<'c>),
    (proposal, by_metrics): (Int<'c>, Bool<'c>),
) {
    let mut record = |var: IntVar, value: Int<'c>| {
        let kept = state.get(var);
        next.set(var, by_metrics.ite(value, kept));
    };
    record(memory.last, proposal);
    if let (Some(peak), Some(recalled)) = (memory.peak, decision.recalled_high) {
        record(peak, recalled.max(proposal));
    }
    if let (Some(trough), Some(recalled)) = (memory.trough, decision.recalled_low) {
        record(trough, recalled.min(proposal));
    }
    if let (Some((up, down)), Some(added), Some(removed)) = (memory.changed, decision.added, decision.removed) {
        let (most_up, most_down) = (state.get(up).range().hi, state.get(down).range().hi);
        record(up, (added + desired.minus_or_zero(current)).min(most_up));
        record(down, (removed + current.minus_or_zero(desired)).min(most_down));
    }
}
