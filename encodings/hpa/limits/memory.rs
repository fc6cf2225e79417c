//! What a model remembers of an autoscaler's past.
//!
//! Part of the rules `hpa/stabilisation` and `hpa/rates`.
//!
//! There is no clock, so it is chosen freely what windows and periods still count, in an order that some passage of time
//! allows. Of the recommendations, the last one, the largest and the smallest are remembered. A window holds none of
//! them, or the last, or anything up to the extreme: between the last and the extreme any value may be recalled, which
//! over-approximates what a third recommendation in between would allow. Of earlier changes a policy counts none or any
//! part, the same for all policies whose period is longer than the sync period (15 s); shorter ones see no change.

use crate::cluster::object::spec::Autoscaler;
use crate::cluster::view::rule::Rule;
use crate::cluster::view::story::Scene;
use crate::cluster::view::{Cluster, Declaring};
use crate::system::{IntVar, State};
use crate::term::{Bool, Ctx, Int, TermId, VarId};

use super::reconcile::Reconciled;
use super::rules::{DOWNSCALE_STABILIZATION, Rules};
use super::stabilisation::{self, Recommendation};
use super::{Bounds, rates};

/// The controller's sync period in seconds: earlier changes are at least that old.
const SYNC_PERIOD: i64 = 15;

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
    /// The rules of its behavior, if it has one.
    pub rules: Option<Rules>,
}

/// What an action finds in the memory.
pub struct Recalled<'c> {
    /// Inputs: what windows and periods still hold.
    pub inputs: Vec<VarId>,
    /// Their allowed values.
    pub choice: Bool<'c>,
    /// Whether the action can change something although the proposal is the present size.
    pub restless: Bool<'c>,
    /// The numbers behind it.
    pub lines: Vec<Line>,
    high: Option<Int<'c>>,
    low: Option<Int<'c>>,
    changed: Option<(Int<'c>, Int<'c>)>,
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

    /// What decided it.
    pub fn rule(&self) -> &'static Rule {
        match self {
            Line::High(..) | Line::Low(..) => &stabilisation::RULE,
            Line::Stabilised(_) => &rates::RULE,
        }
    }
}

/// Declares the memory of an autoscaler.
pub fn declare(cluster: &Declaring<'_>, autoscaler: &Autoscaler, replicas: i64, bounds: Bounds) -> Memory {
    let behavior = autoscaler.object.spec.as_ref().and_then(|spec| spec.behavior.as_ref());
    let rules = behavior.map(|behavior| Rules::of(behavior, DOWNSCALE_STABILIZATION));
    let up_window = rules.as_ref().map_or(0, |rules| rules.up.window);
    let down_window = rules.as_ref().map_or(DOWNSCALE_STABILIZATION, |rules| rules.down.window);
    let Bounds { min, max } = bounds;
    let name = |what: &str| format!("hpa {} {what}", autoscaler.key);
    let start = replicas.clamp(min, max);
    let int = |what: &str, lo: i64, start: i64| cluster.int(name(what), lo, max, Some(start));
    let long = rules
        .as_ref()
        .is_some_and(|rules| rules.up.longest_period() > SYNC_PERIOD || rules.down.longest_period() > SYNC_PERIOD);
    Memory {
        last: int("last recommendation", min, start),
        peak: (down_window > 0).then(|| int("largest recommendation", min, start)),
        trough: (up_window > 0).then(|| int("smallest recommendation", min, start)),
        changed: long.then(|| (int("added", 0, 0), int("removed", 0, 0))),
        down_window,
        up_window,
        rules,
    }
}

impl Memory {
    /// What windows and periods still hold when a proposal within the bounds is made.
    pub fn recall<'c>(&self, cluster: &Cluster<'c>, state: &State<'c>, proposal: Int<'c>, max: i64) -> Recalled<'c> {
        let mut recalled = Recalled {
            inputs: Vec::new(),
            choice: cluster.ctx().bool(true),
            restless: state.get(self.last).ne(proposal),
            lines: Vec::new(),
            high: None,
            low: None,
            changed: None,
        };
        self.recall_high(cluster, state, &mut recalled, max);
        self.recall_low(cluster, state, &mut recalled, max);
        self.recall_changes(cluster, state, &mut recalled, max);
        recalled
    }

    /// The largest recommendation; 0 stands for none.
    fn recall_high<'c>(&self, cluster: &Cluster<'c>, state: &State<'c>, recalled: &mut Recalled<'c>, max: i64) {
        let Some(peak) = self.peak else { return };
        let (last, peak) = (state.get(self.last), state.get(peak));
        let (var, high) = cluster.input("recalled", 0, max);
        recalled.inputs.push(var);
        recalled.choice = recalled.choice & (high.eq(0) | (high.ge(last) & high.le(peak)));
        recalled.restless = recalled.restless | peak.ne(last);
        recalled.lines.push(Line::High(high.id(), self.down_window, peak.id()));
        recalled.high = Some(high);
    }

    /// The smallest recommendation; `max + 1` stands for none.
    fn recall_low<'c>(&self, cluster: &Cluster<'c>, state: &State<'c>, recalled: &mut Recalled<'c>, max: i64) {
        let Some(trough) = self.trough else { return };
        let (last, trough) = (state.get(self.last), state.get(trough));
        let (var, low) = cluster.input("recalled low", 0, max + 1);
        recalled.inputs.push(var);
        recalled.choice = recalled.choice & (low.eq(max + 1) | (low.ge(trough) & low.le(last)));
        recalled.restless = recalled.restless | trough.ne(last);
        recalled.lines.push(Line::Low(low.id(), self.up_window, max + 1));
        recalled.low = Some(low);
    }

    fn recall_changes<'c>(&self, cluster: &Cluster<'c>, state: &State<'c>, recalled: &mut Recalled<'c>, max: i64) {
        let Some((up, down)) = self.changed else { return };
        let [added, removed] = [("added", up), ("removed", down)].map(|(name, var)| {
            let (input, counted) = cluster.input(name, 0, max);
            recalled.inputs.push(input);
            recalled.choice = recalled.choice & counted.le(state.get(var));
            counted
        });
        recalled.changed = Some((added, removed));
    }

    /// Records what happened: the recommendation if the metrics decided, and the change of size.
    pub fn remember<'c>(
        &self,
        state: &State<'c>,
        next: &mut State<'c>,
        recalled: &Recalled<'c>,
        (current, proposal): (Int<'c>, Int<'c>),
        (reconciled, desired): (&Reconciled<'c>, Int<'c>),
    ) {
        let mut record = |var: IntVar, value: Int<'c>| {
            let kept = state.get(var);
            next.set(var, reconciled.by_metrics.ite(value, kept));
        };
        record(self.last, proposal);
        if let (Some(peak), Some(high)) = (self.peak, recalled.high) {
            record(peak, high.max(proposal));
        }
        if let (Some(trough), Some(low)) = (self.trough, recalled.low) {
            record(trough, low.min(proposal));
        }
        if let (Some((up, down)), Some((added, removed))) = (self.changed, recalled.changed) {
            let (most_up, most_down) = (state.get(up).range().hi, state.get(down).range().hi);
            record(up, (added + desired.minus_or_zero(current)).min(most_up));
            record(down, (removed + current.minus_or_zero(desired)).min(most_down));
        }
    }
}

impl<'c> Recalled<'c> {
    /// What the windows hold. A stand-in for none changes no extreme.
    pub fn recommendations(&self, ctx: &'c Ctx) -> Vec<Recommendation<'c>> {
        let (yes, no) = (ctx.bool(true), ctx.bool(false));
        let high = self.high.map(|value| Recommendation { value, for_up: no, for_down: yes });
        let low = self.low.map(|value| Recommendation { value, for_up: yes, for_down: no });
        high.into_iter().chain(low).collect()
    }

    /// Replicas added and removed that a period of so many seconds counts.
    pub fn changes(&self, ctx: &'c Ctx, period: i64) -> (Int<'c>, Int<'c>) {
        let none = (ctx.int(0), ctx.int(0));
        self.changed.filter(|_| period > SYNC_PERIOD).unwrap_or(none)
    }
}
