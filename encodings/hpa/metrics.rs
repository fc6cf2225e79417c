//! From metrics to proposals: `pkg/controller/podautoscaler/replica_calculator.go`.
//!
//! Usage is compared with the target as an integer (percent, or milli-units per pod); what follows from that integer and
//! a number of pods is tabulated by running `cluster::arithmetic::hpa_replicas`. Pods that are not ready or have no sample
//! enter in a second pass, as upstream.

use std::cell::RefCell;
use std::collections::HashMap;

use k8s_openapi::api::autoscaling::v2::{MetricSpec, MetricTarget as TargetSpec};

use crate::cluster::arithmetic::hpa_replicas::{MetricTarget, PodTotals, Tolerance, propose_for_totals};
use crate::cluster::quantity;
use crate::cluster::scenario::{Load, LoadPer};
use crate::cluster::spec::Autoscaler;
use crate::cluster::story::Scene;
use crate::cluster::view::{Cluster, WorkloadVars};
use crate::term::{Bool, Int, TermId, VarId};

use super::Counted;
use crate::encodings::environment::load::LoadVars;

/// Largest table over usage and pods, in entries; beyond, the same quotient is computed in exact integers, which differs
/// from upstream's doubles only where a product that should be whole comes out a hair above it.
const LARGEST_TABLE: i64 = 1 << 20;
/// Beyond so many pods, usages are told apart by the compared integer alone.
const MOST_COMPARED: i64 = 1000;
/// Stands for "keep the present replicas" when the arithmetic is run.
const KEEP: i64 = 1 << 40;

/// What one metric proposes.
pub struct Proposed<'c> {
    /// Replicas, before limits.
    pub replicas: Int<'c>,
    /// Whether the metric can be read at all.
    pub valid: Bool<'c>,
    /// The input of a metric that is free.
    pub input: Option<VarId>,
    /// Allowed values of that input.
    pub choice: Bool<'c>,
    /// The numbers behind it.
    pub line: Line,
}

/// The numbers behind a proposal.
#[derive(Clone)]
pub enum Line {
    /// A metric that was computed.
    Computed {
        /// Its name.
        name: String,
        /// Unit of usage: `%`, or nothing for milli-units.
        percent: bool,
        /// The target, in the same unit.
        target: i64,
        /// Ready pods, unready and missing pods, usage, proposal.
        terms: [TermId; 5],
    },
    /// A metric that may propose anything.
    Free {
        /// Its name.
        name: String,
        /// The proposal.
        replicas: TermId,
    },
}

impl Line {
    /// In words.
    pub fn tell(&self, scene: &Scene<'_>) -> String {
        match self {
            Line::Free { name, replicas } => {
                format!("metric {name} is not modelled; suppose it proposes {}", scene.get(*replicas))
            }
            Line::Computed { name, percent, target, terms } => {
                let [ready, unready, missing, usage, proposal] = terms.map(|term| scene.get(term));
                let show =
                    |value: i64| if *percent { format!("{value} %") } else { quantity::format_resource(name, value) };
                let mut text =
                    format!("{name}: {ready} ready pod(s) use {} against a target of {}", show(usage), show(*target));
                if unready + missing > 0 {
                    text += &format!(", {unready} not ready, {missing} without metrics");
                }
                format!("{text}: proposes {proposal}")
            }
        }
    }
}

/// A per-pod metric, resolved.
struct Metric {
    name: String,
    target: MetricTarget,
    /// Request of each pod in milli-units, for Utilization.
    request: i64,
}

impl Metric {
    fn target_value(&self) -> i64 {
        match self.target {
            MetricTarget::Utilization { percent } => percent,
            MetricTarget::AverageValue { milli } | MetricTarget::Value { milli } => milli,
        }
    }

    /// Numerator and denominator that turn usage in milli-units over pods into the compared integer.
    fn scale(&self) -> (i64, i64) {
        match self.target {
            MetricTarget::Utilization { .. } => (100, self.request),
            _ => (1, 1),
        }
    }

    /// What `pods` pods that all use `usage` (in the target's unit) are scaled to; `None` keeps the present replicas.
    fn plain(&self, usage: i64, pods: i64) -> Option<i64> {
        let request = if matches!(self.target, MetricTarget::Utilization { .. }) { 100 * pods } else { 0 };
        let totals = PodTotals { ready: pods, samples: pods, usage: usage * pods, request, ..PodTotals::default() };
        let proposal = propose_for_totals(self.target, &totals, KEEP, &Tolerance::default()).ok()?;
        (proposal.replicas != KEEP).then_some(proposal.replicas)
    }

    /// The smallest and largest usage within the tolerance.
    fn tolerated(&self) -> (i64, i64) {
        let target = self.target_value();
        let kept = |usage: i64| self.plain(usage, 1).is_none();
        let edge = |mut inside: i64, mut outside: i64| {
            while inside.abs_diff(outside) > 1 {
                let middle = (inside + outside) / 2;
                if kept(middle) { inside = middle } else { outside = middle }
            }
            inside
        };
        (if kept(0) { 0 } else { edge(target, 0) }, edge(target, 2 * target + 2))
    }

    /// Usage beyond which one pod alone is scaled past `max`.
    fn ceiling(&self, max: i64) -> i64 {
        self.target_value().saturating_mul(max + 1)
    }
}

/// The per-pod metric of a metric spec, with the name of the load that it reads.
fn resolve(cluster: &Cluster<'_>, workload: usize, spec: &MetricSpec) -> Option<Metric> {
    let template = cluster.workloads[workload].as_ref()?.templates.last()?;
    let requests = &cluster.templates[template.0].requests;
    match spec.type_.as_str() {
        "Resource" => {
            let resource = spec.resource.as_ref()?;
            let in_milli = if resource.name == "cpu" { 1 } else { 1000 };
            let request = requests.get(&resource.name).checked_mul(in_milli)?;
            target(&resource.target, &resource.name, request)
        }
        "Pods" => {
            let pods = spec.pods.as_ref()?;
            target(&pods.target, &pods.metric.name, 0)
        }
        _ => None,
    }
}

fn target(spec: &TargetSpec, name: &str, request: i64) -> Option<Metric> {
    let target = match spec.type_.as_str() {
        "Utilization" if request > 0 => MetricTarget::Utilization { percent: i64::from(spec.average_utilization?) },
        "AverageValue" => MetricTarget::AverageValue { milli: quantity::milli(spec.average_value.as_ref()?).ok()? },
        _ => return None,
    };
    Some(Metric { name: name.to_owned(), target, request })
}

fn metric_specs(autoscaler: &Autoscaler) -> &[MetricSpec] {
    autoscaler.object.spec.as_ref().and_then(|spec| spec.metrics.as_deref()).unwrap_or_default()
}

/// What one metric of one autoscaler makes of a load.
pub struct Watcher {
    metric: Metric,
    per: LoadPer,
    most_pods: i64,
    max: i64,
    known: RefCell<HashMap<i64, Vec<i64>>>,
}

/// The metrics of all autoscalers that read a load.
pub fn watchers(cluster: &Cluster<'_>, load: &Load) -> Vec<Watcher> {
    let Some((workload, _, vars)) = cluster.owners().find(|(_, object, _)| object.key == load.target) else {
        return Vec::new();
    };
    let most_pods = vars.templates.iter().map(|id| cluster.templates[id.0].max_pods).max().unwrap_or(1);
    let watching = cluster.spec.autoscalers.iter().filter(|autoscaler| autoscaler.target == load.target);
    let watchers = watching.flat_map(|autoscaler| {
        let max = autoscaler.object.spec.as_ref().map_or(1, |spec| i64::from(spec.max_replicas));
        let metrics = metric_specs(autoscaler).iter().filter_map(|spec| resolve(cluster, workload, spec));
        let read = metrics.filter(|metric| metric.name == load.metric);
        read.map(move |metric| Watcher { metric, per: load.per, most_pods, max, known: RefCell::default() })
    });
    watchers.collect()
}

impl Watcher {
    /// What the metric makes of a usage, for every number of ready pods.
    pub fn signature(&self, usage: i64) -> Vec<i64> {
        let (times, by) = self.metric.scale();
        let scaled = usage.saturating_mul(times);
        if self.most_pods > MOST_COMPARED {
            return vec![if self.per == LoadPer::Workload { scaled } else { scaled / by }];
        }
        if self.per == LoadPer::Workload {
            let value = |pods: i64| scaled / by.saturating_mul(pods);
            return (1..=self.most_pods).map(|pods| self.answer(value(pods), pods)).collect();
        }
        let value = (scaled / by).min(self.metric.ceiling(self.max));
        let row = || (1..=self.most_pods).map(|pods| self.answer(value, pods)).collect();
        self.known.borrow_mut().entry(value).or_insert_with(row).clone()
    }

    fn answer(&self, value: i64, pods: i64) -> i64 {
        let value = value.min(self.metric.ceiling(self.max));
        self.metric.plain(value, pods).map_or(-1, |replicas| replicas.min(self.max))
    }
}

/// The proposals of all metrics of an autoscaler.
pub fn proposals<'c>(
    cluster: &Cluster<'c>,
    workload: usize,
    target: &WorkloadVars,
    autoscaler: &Autoscaler,
    loads: &[LoadVars],
    (min, max): (i64, i64),
) -> Vec<Proposed<'c>> {
    let proposal = |spec: &MetricSpec| {
        let metric = resolve(cluster, workload, spec);
        let load = metric.as_ref().and_then(|metric| {
            let reads = |load: &&LoadVars| {
                load.workload == workload && cluster.spec.scenario.loads[load.load].metric == metric.name
            };
            loads.iter().find(reads)
        });
        match (metric, load) {
            (Some(metric), Some(load)) => computed(cluster, target, &metric, load, max),
            _ => free(cluster, spec, (min, max)),
        }
    };
    metric_specs(autoscaler).iter().map(proposal).collect()
}

fn free<'c>(cluster: &Cluster<'c>, spec: &MetricSpec, (min, max): (i64, i64)) -> Proposed<'c> {
    let (input, replicas) = cluster.builder.input("proposal", min.min(max), max);
    let always = cluster.ctx().bool(true);
    let line = Line::Free { name: spec.type_.clone(), replicas: replicas.id() };
    Proposed { replicas, valid: always, input: Some(input), choice: always, line }
}

/// Tabulated answers of one metric.
struct Answers<'c, 'm> {
    cluster: &'m Cluster<'c>,
    metric: &'m Metric,
    tolerated: (i64, i64),
    ceiling: i64,
}

impl<'c> Answers<'c, '_> {
    /// The compared integer for a usage over a number of pods.
    fn value(&self, usage: Int<'c>, pods: Int<'c>) -> Int<'c> {
        let (times, by) = self.metric.scale();
        (usage * times).div(pods.max(1) * by).min(self.ceiling)
    }

    fn is_tolerated(&self, value: Int<'c>) -> Bool<'c> {
        value.ge(self.tolerated.0) & value.le(self.tolerated.1)
    }

    /// Replicas for `pods` pods that use `value` each, where that is not tolerated.
    fn count(&self, value: Int<'c>, pods: Int<'c>) -> Int<'c> {
        let entries = value.range().size().saturating_mul(pods.range().size());
        if entries <= LARGEST_TABLE as u64 {
            let metric = self.metric;
            return self.cluster.ctx().table(&[value, pods], |it| metric.plain(it[0], it[1]).unwrap_or(0));
        }
        let target = self.metric.target_value();
        (value * pods + (target - 1)).div(target)
    }
}

fn computed<'c>(
    cluster: &Cluster<'c>,
    target: &WorkloadVars,
    metric: &Metric,
    load: &LoadVars,
    max: i64,
) -> Proposed<'c> {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let pods = Counted::of(cluster, &state, target, metric.name == "cpu");
    let answers = Answers { cluster, metric, tolerated: metric.tolerated(), ceiling: metric.ceiling(max) };
    let current = state.get(target.replicas);
    let usage = load.total(cluster, &state, pods.ready);
    let value = first_value(cluster, &answers, load, usage, pods.ready);
    let aim = metric.target_value();
    let (above, below) = (value.gt(aim), value.lt(aim));
    let simple = answers.is_tolerated(value).ite(current, answers.count(value, pods.ready));
    let second_up = {
        let all = pods.ready + pods.missing + pods.unready;
        let value = answers.value(usage, all);
        let replicas = answers.count(value, all);
        (answers.is_tolerated(value) | value.lt(aim) | replicas.lt(current)).ite(current, replicas)
    };
    let second_down = {
        let filled = usage + pods.missing * metric.target.fallback_usage(metric.request);
        let all = pods.ready + pods.missing;
        let value = answers.value(filled, all);
        let replicas = answers.count(value, all);
        (answers.is_tolerated(value) | value.gt(aim) | replicas.gt(current)).ite(current, replicas)
    };
    let up = above & (pods.missing.ge(1) | pods.unready.ge(1));
    let down = below & pods.missing.ge(1);
    let replicas = up.ite(second_up, down.ite(second_down, simple));
    let percent = matches!(metric.target, MetricTarget::Utilization { .. });
    let terms = [pods.ready.id(), pods.unready.id(), pods.missing.id(), value.id(), replicas.id()];
    let line = Line::Computed { name: metric.name.clone(), percent, target: aim, terms };
    Proposed { replicas, valid: pods.ready.ge(1), input: None, choice: ctx.bool(true), line }
}

/// The first pass: usage over ready pods. Where every ready pod uses the same, their number cancels out.
fn first_value<'c>(
    cluster: &Cluster<'c>,
    answers: &Answers<'c, '_>,
    load: &LoadVars,
    usage: Int<'c>,
    ready: Int<'c>,
) -> Int<'c> {
    let declared = &cluster.spec.scenario.loads[load.load];
    if declared.per == LoadPer::Pod && load.ages.is_none() {
        let (times, by) = answers.metric.scale();
        let ceiling = answers.ceiling;
        let state = cluster.state();
        return match load.level {
            Some(level) => {
                state.get(level).map(|level| (load.values[level as usize].saturating_mul(times) / by).min(ceiling))
            }
            None => cluster.ctx().int((load.values[0].saturating_mul(times) / by).min(ceiling)),
        };
    }
    answers.value(usage, ready)
}
