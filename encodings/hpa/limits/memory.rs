//! What a model remembers of an autoscaler's past.
//!
//! Part of the rules `hpa/stabilisation` and `hpa/rates`.
//!
//! Times are no part of the state, so it is chosen freely what windows and periods ([`super::periods`]) still count, in an order that some
//! passage of time allows; which passages there are is for timers ([`super::clocks`]) to say.
//!
//! *Without a behavior* a window may carry out an earlier recommendation late, in either direction. So the last one and the
//! largest are remembered: the window holds none of them, or the last, or anything up to the largest, which
//! over-approximates what a third recommendation in between would allow.
//!
//! *With a behavior* windows only hold the size back on its way to what is proposed: it stays, or goes part of the way.
//! Nothing is remembered of recommendations, then: a window holds the size back anywhere on the way. That some
//! recommendation was where it does is not asked, which hardly matters: the present size itself was recommended once, unless
//! a user chose it, and the load may go through anything in between.

use crate::cluster::object::scenario::AutoscalerFlags;
use crate::cluster::object::spec::Autoscaler;
use crate::cluster::view::rule::Rule;
use crate::cluster::view::story::Scene;
use crate::cluster::view::{Cluster, Declaring};
use crate::system::{IntVar, State};
use crate::term::{Bool, Ctx, Int, TermId, VarId};

use super::periods::{self, Begun, Periods};
use super::reconcile::Reconciled;
use super::rules::Rules;
use super::stabilisation::{self, Recommendation};
use super::{Bounds, rates};

/// Stands for no size at all.
pub const NONE: i64 = -1;

/// The input that says which recommendation a window holds late, 0 for none.
pub const RECALLED: &str = "recalled";
/// The input that says at which size windows hold the present one back.
pub const HELD_BACK: &str = "held back";

/// What an autoscaler remembers.
pub struct Memory {
    windows: Windows,
    /// What is remembered of earlier changes, if a policy counts them.
    pub periods: Option<Periods>,
    /// The rules of its behavior, if it has one.
    pub rules: Option<Rules>,
    flags: AutoscalerFlags,
}

/// What is remembered of recommendations.
enum Windows {
    /// Without a behavior: the last one, and the largest that the window may still hold.
    Late { last: IntVar, peak: IntVar },
    /// With one: nothing. The lengths of the windows for scaling up and down.
    Back { up: i64, down: i64 },
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
    recommendations: Vec<Recommendation<'c>>,
    /// With which sizes periods begin.
    pub begun: Vec<Begun<'c>>,
}

/// The numbers behind a decision.
#[derive(Clone)]
pub enum Line {
    /// Which recommendation the window of an autoscaler without a behavior holds.
    Late {
        /// The recommendation; 0 for none.
        recalled: TermId,
        /// The largest that it might.
        peak: TermId,
        /// The window's length.
        window: i64,
    },
    /// Which size windows hold the present one back at; -1 for none. Their lengths.
    Back {
        /// The size.
        held: TermId,
        /// That of the scale-up window.
        up: i64,
        /// That of the scale-down window.
        down: i64,
    },
    /// The size that a period of so many seconds begins with, and the present one.
    Begun(i64, TermId, TermId),
    /// Size and proposal differ by limits.
    Stabilised(TermId),
}

impl Line {
    /// In words, where there is something to say.
    pub fn tell(&self, scene: &Scene<'_>, proposed: i64, after: i64) -> Option<String> {
        match *self {
            Line::Late { recalled, peak, window } => match (scene.get(recalled), scene.get(peak)) {
                (0, peak) if peak > proposed => {
                    Some(format!("more than {window} s later: earlier recommendations have left the scale-down window"))
                }
                (high, _) if high > proposed => {
                    Some(format!("the scale-down window of {window} s still holds a recommendation of {high}"))
                }
                _ => None,
            },
            Line::Back { held, up, down } => match scene.get(held) {
                NONE => None,
                held if held > proposed => {
                    Some(format!("the scale-down window of {down} s still holds a recommendation of {held}"))
                }
                held => Some(format!("the scale-up window of {up} s still holds a recommendation of {held}")),
            },
            Line::Begun(seconds, begun, current) => match (scene.get(begun), scene.get(current)) {
                (begun, current) if begun == current => None,
                (begun, _) => Some(format!("the policies' period of {seconds} s began with {begun} replicas")),
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
            Line::Late { .. } | Line::Back { .. } => &stabilisation::RULE,
            Line::Begun(..) | Line::Stabilised(_) => &rates::RULE,
        }
    }
}

/// Declares the memory of an autoscaler.
pub fn declare(cluster: &Declaring<'_>, autoscaler: &Autoscaler, replicas: i64, bounds: Bounds) -> Memory {
    let behavior = autoscaler.object.spec.as_ref().and_then(|spec| spec.behavior.as_ref());
    let flags = cluster.spec.scenario.controllers.hpa_flags;
    let rules = behavior.map(|behavior| Rules::of(behavior, flags.downscale_stabilization));
    let Bounds { min, max } = bounds;
    let int = |what: &str, lo: i64, start: i64| {
        cluster.int(format!("hpa {} {what}", autoscaler.key), lo, max, Some(start.clamp(lo, max)))
    };
    let windows = match &rules {
        None => Windows::Late {
            last: int("last recommendation", min, replicas),
            peak: int("largest recommendation", min, replicas),
        },
        Some(rules) => Windows::Back { up: rules.up.window, down: rules.down.window },
    };
    let declare = |rules| periods::declare(cluster, autoscaler, rules, flags.sync_period, bounds);
    let periods = rules.as_ref().and_then(declare);
    Memory { windows, periods, rules, flags }
}

impl Memory {
    /// The lengths of the windows for scaling up and down, in seconds.
    pub fn windows(&self) -> (i64, i64) {
        match self.windows {
            Windows::Late { .. } => (0, self.flags.downscale_stabilization),
            Windows::Back { up, down } => (up, down),
        }
    }

    /// What windows and periods still hold when a proposal within the bounds is made for a workload of the present size.
    pub fn recall<'c>(
        &self,
        cluster: &Cluster<'c>,
        state: &State<'c>,
        (current, proposal): (Int<'c>, Int<'c>),
        max: i64,
    ) -> Recalled<'c> {
        let ctx = cluster.ctx();
        let mut recalled = Recalled {
            inputs: Vec::new(),
            choice: ctx.bool(true),
            restless: ctx.bool(false),
            lines: Vec::new(),
            recommendations: Vec::new(),
            begun: Vec::new(),
        };
        match self.windows {
            Windows::Late { last, peak } => {
                let (last, peak) = (state.get(last), state.get(peak));
                recalled.restless = last.ne(proposal) | peak.ne(last);
                recalled.late(cluster, (last, peak), (max, self.flags.downscale_stabilization));
            }
            Windows::Back { up, down } => recalled.back(cluster, (up, down), (current, proposal), max),
        }
        if let Some(periods) = &self.periods {
            recalled.begun = periods.recall(cluster, state, (current, proposal), max);
        }
        for begun in &recalled.begun {
            recalled.inputs.push(begun.input);
            recalled.choice = recalled.choice & begun.possible;
            recalled.lines.push(Line::Begun(begun.seconds, begun.size.id(), current.id()));
        }
        recalled
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
            next.set(var, reconciled.by_metrics.ite(value.min(kept.range().hi), kept));
        };
        if let Windows::Late { last, peak } = self.windows {
            record(last, proposal);
            let held = recalled.recommendations.iter().fold(proposal, |most, it| most.max(it.value));
            record(peak, held);
        }
        if let Some(periods) = &self.periods {
            periods.remember(state, next, (current, desired));
        }
    }
}

impl<'c> Recalled<'c> {
    /// The largest recommendation of a window that may carry it out late; 0 stands for none.
    fn late(&mut self, cluster: &Cluster<'c>, (last, peak): (Int<'c>, Int<'c>), (max, window): (i64, i64)) {
        let (var, high) = cluster.input(RECALLED, 0, max);
        self.inputs.push(var);
        self.choice = self.choice & (high.eq(0) | (high.ge(last) & high.le(peak)));
        self.lines.push(Line::Late { recalled: high.id(), peak: peak.id(), window });
        self.recommendations.push(down_to(cluster.ctx(), high));
    }

    /// The size at which windows hold the present one back on its way to the proposal.
    fn back(
        &mut self,
        cluster: &Cluster<'c>,
        (up, down): (i64, i64),
        (current, proposal): (Int<'c>, Int<'c>),
        max: i64,
    ) {
        if up == 0 && down == 0 {
            return;
        }
        let ctx = cluster.ctx();
        let (var, held) = cluster.input(HELD_BACK, NONE, max);
        let falling = ctx.bool(down > 0) & held.gt(proposal) & held.le(current);
        let rising = ctx.bool(up > 0) & held.ge(current) & held.lt(proposal);
        self.inputs.push(var);
        self.choice = self.choice & (held.eq(NONE) | falling | rising);
        self.lines.push(Line::Back { held: held.id(), up, down });
        let value = held.max(0);
        self.recommendations.push(Recommendation { value, for_up: rising, for_down: falling });
    }

    /// What the windows hold. A stand-in for none changes no extreme.
    pub fn recommendations(&self) -> Vec<Recommendation<'c>> {
        self.recommendations.clone()
    }

    /// Replicas added and removed that a period of so many seconds counts when the size is the present one.
    pub fn changes(&self, ctx: &'c Ctx, current: Int<'c>, period: i64) -> (Int<'c>, Int<'c>) {
        let counted = self.begun.iter().find(|begun| begun.seconds == period).map(|begun| begun.size);
        counted.map_or((ctx.int(0), ctx.int(0)), |begun| (current.minus_or_zero(begun), begun.minus_or_zero(current)))
    }
}

/// A recommendation that the scale-down window holds.
fn down_to<'c>(ctx: &'c Ctx, value: Int<'c>) -> Recommendation<'c> {
    Recommendation { value, for_up: ctx.bool(false), for_down: ctx.bool(true) }
}
