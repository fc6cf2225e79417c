//! Which pods count.
//!
//! Pods that are being deleted or have failed are ignored. Pending pods are unready, pods without a sample are missing,
//! and where the metric is cpu usage, pods that are starting up are unready; all others are ready.
//!
//! Times are ages, in milliseconds before now.

use crate::cluster::view::rule::{Rule, rule};
use crate::term::{Bool, Ctx, Int};

use super::Controller;
use super::source::Metric;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "hpa/pods",
    component: Autoscaler,
    upstream: [
        "pkg/controller/podautoscaler/replica_calculator.go" => ["groupPods"],
    ],
    decides: "Which pods count for a metric: ready ones, unready ones, those without a sample, and those that are \
        ignored.",
    parts: [
        "groups of pods" => "exact",
        "the CPU initialisation period" =>
            "where the scenario gives it, over: any number of the pods that have become ready count at a time, oldest \
                first; else out, and with `per: eachPod`: pods count from the moment they are ready",
        "pods that are not ready any more" =>
            "exact, but for cpu usage, which counts unless they are young: over, any number of them does. With \
                `per: eachPod`, `startup` or `atMost` theirs is out",
        "pods that crash" => "as those that are not ready any more: whether a sample of them is missing is out",
    ],
};

/// `status.phase` of a pod, by its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodPhase {
    /// Not running yet.
    Pending,
    /// Running.
    Running,
    /// Ended well.
    Succeeded,
    /// Ended badly.
    Failed,
    /// Its node is out of reach.
    Unknown,
}

impl PodPhase {
    /// The last one.
    pub const LAST: i64 = PodPhase::Unknown as i64;

    /// The phase as Kubernetes writes it.
    pub fn named(name: &str) -> Self {
        match name {
            "Pending" => PodPhase::Pending,
            "Running" => PodPhase::Running,
            "Succeeded" => PodPhase::Succeeded,
            "Failed" => PodPhase::Failed,
            _ => PodPhase::Unknown,
        }
    }
}

/// The Ready condition and the start of a pod.
#[derive(Clone, Copy)]
pub struct Readiness<'c> {
    /// Whether it has both a Ready condition and a start time.
    pub known: Bool<'c>,
    /// Ready is True.
    pub ready: Bool<'c>,
    /// Ready is False (it may also be Unknown).
    pub not_ready: Bool<'c>,
    /// Age of the pod's start.
    pub started: Int<'c>,
    /// Age of the condition's last transition.
    pub changed: Int<'c>,
}

/// The usage that a metrics API reports for a pod.
#[derive(Clone, Copy)]
pub struct Sample<'c> {
    /// Whether there is one.
    pub present: Bool<'c>,
    /// Milli-units; of all pods of the group together.
    pub usage: Int<'c>,
    /// Age of its timestamp.
    pub age: Int<'c>,
    /// How long it was measured, in milliseconds.
    pub window: i64,
}

/// Interchangeable pods of the target.
pub struct PodGroup<'c> {
    /// How many.
    pub count: Int<'c>,
    /// Their phase, by position in [`PodPhase`].
    pub phase: Int<'c>,
    /// Whether they are being deleted.
    pub deleted: Bool<'c>,
    /// When they started and became ready.
    pub readiness: Readiness<'c>,
    /// What they use.
    pub sample: Sample<'c>,
    /// What each requests of the metric's resource, in milli-units; `None` where some container gives no request.
    pub request: Option<i64>,
}

/// How the pods of a group count: in one way, or (ignored) not at all.
#[derive(Clone, Copy)]
pub struct Class<'c> {
    /// With a sample that is used.
    pub ready: Bool<'c>,
    /// With a sample that is not used, or pending.
    pub unready: Bool<'c>,
    /// Without a sample.
    pub missing: Bool<'c>,
}

impl<'c> PodGroup<'c> {
    fn is(&self, phase: PodPhase) -> Bool<'c> {
        self.phase.eq(phase as i64)
    }

    /// How the pods count for a metric.
    pub fn class(&self, controller: &Controller, metric: &Metric) -> Class<'c> {
        let considered = !(self.deleted | self.is(PodPhase::Failed));
        let pending = self.is(PodPhase::Pending);
        let sampled = considered & !pending & self.sample.present;
        let starting = if metric.is_cpu() { sampled & self.is_starting(controller) } else { sampled & !sampled };
        Class {
            ready: sampled & !starting,
            unready: (considered & pending) | starting,
            missing: considered & !pending & !self.sample.present,
        }
    }

    /// Whether cpu usage is still that of a start: within the initialisation period as long as the pod is not ready or
    /// no whole window was measured since it became so; later if it never was ready.
    fn is_starting(&self, controller: &Controller) -> Bool<'c> {
        let it = &self.readiness;
        let young = it.started.lt(controller.cpu_initialization);
        let unmeasured = (self.sample.age + self.sample.window).gt(it.changed);
        let never_ready = it.not_ready & (it.changed + controller.readiness_delay).gt(it.started);
        !it.known | young.ite_bool(it.not_ready | unmeasured, never_ready)
    }

    /// Whether Object and External metrics count the pods: Running and Ready, even if they are being deleted.
    pub fn is_serving(&self) -> Bool<'c> {
        self.is(PodPhase::Running) & self.readiness.ready
    }
}

/// Pods that are Running and Ready.
pub fn serving<'c>(ctx: &'c Ctx, groups: &[PodGroup<'c>]) -> Int<'c> {
    ctx.sum(groups.iter().map(|group| group.is_serving().ite(group.count, 0)))
}

/// Sums over the pods of a target, for one per-pod metric.
pub struct PodSums<'c> {
    /// Ready pods.
    pub ready: Int<'c>,
    /// Unready pods.
    pub unready: Int<'c>,
    /// Missing pods.
    pub missing: Int<'c>,
    /// Usage of the ready pods, in milli-units.
    pub usage: Int<'c>,
    /// Samples of pods that are not among those of the target, and what they add up to.
    pub strays: (Int<'c>, Int<'c>),
    /// Requests of ready, unready and missing pods, in milli-units.
    pub requests: Requests<'c>,
    /// What missing pods are taken to use on the way down.
    pub missing_usage: Int<'c>,
    /// Whether the target has any pods at all.
    pub has_pods: bool,
    /// Whether every pod, ignored ones included, gives a request.
    pub has_requests: bool,
}

/// Requests of the pods of a target.
pub enum Requests<'c> {
    /// Every pod requests the same.
    Each(i64),
    /// Sums over ready, unready and missing pods.
    Sums {
        /// Ready pods.
        ready: Int<'c>,
        /// Unready pods.
        unready: Int<'c>,
        /// Missing pods.
        missing: Int<'c>,
        /// The smallest request of a pod that requests anything.
        least: i64,
    },
}

impl<'c> PodSums<'c> {
    /// Sums over groups. Samples of pods that the target does not have come on top.
    pub fn of(
        ctx: &'c Ctx,
        controller: &Controller,
        metric: &Metric,
        groups: &[PodGroup<'c>],
        strays: &[Int<'c>],
    ) -> Self {
        let classes: Vec<Class<'c>> = groups.iter().map(|group| group.class(controller, metric)).collect();
        let total = |class: fn(&Class<'c>) -> Bool<'c>, amount: &dyn Fn(&PodGroup<'c>) -> Int<'c>| {
            ctx.sum(groups.iter().zip(&classes).map(|(group, it)| class(it).ite(amount(group), 0)))
        };
        let count = |group: &PodGroup<'c>| group.count;
        let request = |group: &PodGroup<'c>| group.count * group.request.unwrap_or(0);
        let fallback = |group: &PodGroup<'c>| group.count * metric.target.fallback_usage(group.request.unwrap_or(0));
        PodSums {
            ready: total(|it| it.ready, &count),
            unready: total(|it| it.unready, &count),
            missing: total(|it| it.missing, &count),
            usage: total(|it| it.ready, &|group| group.sample.usage),
            strays: (ctx.int(strays.len() as i64), ctx.sum(strays.iter().copied())),
            requests: uniform(groups).unwrap_or_else(|| Requests::Sums {
                ready: total(|it| it.ready, &request),
                unready: total(|it| it.unready, &request),
                missing: total(|it| it.missing, &request),
                least: groups.iter().filter_map(|group| group.request).filter(|&it| it > 0).min().unwrap_or(1),
            }),
            missing_usage: total(|it| it.missing, &fallback),
            has_pods: !groups.is_empty(),
            has_requests: groups.iter().all(|group| group.request.is_some()),
        }
    }
}

/// The request of every pod, where all request the same and something.
fn uniform<'c>(groups: &[PodGroup<'c>]) -> Option<Requests<'c>> {
    let first = groups.first()?.request.filter(|&request| request > 0)?;
    groups.iter().all(|group| group.request == Some(first)).then_some(Requests::Each(first))
}
