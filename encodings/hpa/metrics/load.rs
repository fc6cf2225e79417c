//! The metrics of a model: the loads of its scenario in front of the decisions of [`super::per_pod`].
//!
//! Pods of a workload are three groups: those whose sample is used, those without one (on nodes that are down, or started
//! and not ready where the metrics API shows ready pods only), and the rest. Of pods that are starting or
//! initialising, cpu usage is not used, so the rest may as well be pending.
//!
//! A metric for which no load is declared is an input from outside. One that is a share of requests that pods lack cannot
//! be read.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use k8s_openapi::api::autoscaling::v2::MetricSpec;

use crate::cluster::TemplateId;
use crate::cluster::arithmetic::hpa_replicas::{MetricTarget, Tolerance, replicas_for};
use crate::cluster::object::quantity;
use crate::cluster::object::scenario::{Load, LoadPer};
use crate::cluster::object::spec::Autoscaler;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::Scene;
use crate::cluster::view::{Cluster, View, WorkloadVars};
use crate::encodings::environment::load::shared::{self, Sharing};
use crate::encodings::environment::load::{LoadVars, Reader};
use crate::term::{Bool, Int, TermId, VarId};

use super::Controller;
use super::comparison::Comparison;
use super::per_pod::{self, PerPod};
use super::pods::{self, PodGroup, PodPhase, PodSums, Readiness, Sample};
use super::requests;
use super::source::{Metric, Source};
use super::thresholds::thresholds;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "hpa/loads",
    component: Autoscaler,
    decides: "What a metric reads of the loads that a scenario declares; a metric whose load nobody declared \
        proposes anything.",
    parts: [
        "metrics whose load nobody declared" =>
            "over: they are inputs from outside, which may propose anything within the limits; a proposal that is \
                another than the one before it is a change from outside",
        "a Utilization target of a resource whose request a VerticalPodAutoscaler changes" =>
            "over in the same way, and verdicts say so",
        "metrics of External, Object and ContainerResource kind" =>
            "over in the same way: no load can be declared for them",
        "a Utilization target of a resource that pods do not request" =>
            "exact: upstream cannot compute it, so this metric proposes nothing",
    ],
};

/// Beyond so many pods, usages are told apart by the compared integer alone.
const MOST_COMPARED: i64 = 1000;

/// What a model knows of a metric.
enum Reading<'a> {
    /// The load that the scenario declares for it.
    Declared(Watched, &'a LoadVars),
    /// Pods lack a request that it needs, so it is never read.
    Unreadable,
    /// Nobody declared what it shows: an input from outside.
    Undeclared,
}

impl<'a> Reading<'a> {
    fn of(cluster: &View<'_>, workload: usize, spec: &MetricSpec, loads: &'a [LoadVars]) -> Self {
        if changes_request(cluster, workload, spec) {
            return Reading::Undeclared;
        }
        if lacks_request(cluster, workload, spec) {
            return Reading::Unreadable;
        }
        let Some(watched) = Watched::of(cluster, workload, spec) else { return Reading::Undeclared };
        let reads = |load: &&LoadVars| {
            load.workload == workload && cluster.spec.scenario.loads[load.load].metric == watched.metric.name()
        };
        match loads.iter().find(reads) {
            Some(load) => Reading::Declared(watched, load),
            None => Reading::Undeclared,
        }
    }
}

/// Whether a metric is a share of what pods request, and they request nothing.
fn lacks_request(cluster: &View<'_>, workload: usize, spec: &MetricSpec) -> bool {
    Metric::of(spec).is_some_and(|metric| {
        matches!(metric.source, Source::Resource { .. })
            && matches!(metric.target, MetricTarget::Utilization { .. })
            && requested(cluster, workload, &metric.source).is_none()
    })
}

/// Whether a metric is a share of what pods request, and pods of one revision request different amounts.
fn changes_request(cluster: &View<'_>, workload: usize, spec: &MetricSpec) -> bool {
    let (Some(metric), Some(vars)) = (Metric::of(spec), &cluster.workloads[workload]) else { return false };
    let differ = |own: &Vec<TemplateId>| {
        let mut requested = own.iter().map(|&template| requested_by(cluster, template, &metric.source));
        let first = requested.next();
        requested.any(|it| Some(it) != first)
    };
    matches!(metric.target, MetricTarget::Utilization { .. }) && vars.by_revision.iter().any(differ)
}

/// What each pod of a workload requests of the resource that a metric reads, in milli-units; `None` for nothing.
fn requested(cluster: &View<'_>, workload: usize, source: &Source) -> Option<i64> {
    requested_by(cluster, *cluster.workloads[workload].as_ref()?.templates.last()?, source)
}

fn requested_by(cluster: &View<'_>, template: TemplateId, source: &Source) -> Option<i64> {
    let Source::Resource { resource, container } = source else { return None };
    let (pod, pod_level) = (&cluster.templates[template.0].spec, Controller::default().pod_level_resources);
    requests::request(pod, resource, container.as_deref(), pod_level).filter(|&request| request > 0)
}

/// What one metric proposes.
pub struct Proposed<'c> {
    /// Replicas, before limits.
    pub replicas: Int<'c>,
    /// Whether the metric can be read at all.
    pub valid: Bool<'c>,
    /// Of a metric that is an input from outside: the input.
    pub input: Option<VarId>,
    /// Of a load that pods share: what is not known of them.
    pub sharing: Option<Sharing<'c>>,
    /// The numbers behind it.
    pub line: Line,
}

impl Proposed<'_> {
    /// The inputs that it depends on.
    pub fn inputs(&self) -> impl Iterator<Item = VarId> {
        let shared = self.sharing.iter().flat_map(|sharing| &sharing.inputs);
        self.input.into_iter().chain(shared.copied())
    }

    /// Whether it depends on how pods share a load.
    pub fn is_shared(&self) -> bool {
        self.sharing.as_ref().is_some_and(|sharing| !sharing.inputs.is_empty())
    }
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
    /// A metric that is an input from outside.
    Undeclared {
        /// Its name.
        name: String,
        /// The proposal.
        replicas: TermId,
    },
    /// A metric that cannot be read.
    Unreadable {
        /// Its name.
        name: String,
    },
}

impl Line {
    /// In words.
    pub fn tell(&self, scene: &Scene<'_>) -> String {
        match self {
            Line::Undeclared { name, replicas } => {
                format!("metric {name} is not modelled; suppose it proposes {}", scene.get(*replicas))
            }
            Line::Unreadable { name } => format!("metric {name} cannot be computed: pods lack a request"),
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

    /// What decided it.
    pub fn rules(&self, scene: &Scene<'_>) -> Vec<&'static Rule> {
        match self {
            Line::Undeclared { .. } | Line::Unreadable { .. } => vec![&RULE],
            Line::Computed { terms: [_, unready, missing, ..], .. } => {
                let filled = scene.get(*unready) + scene.get(*missing) > 0;
                [&per_pod::RULE].into_iter().chain(filled.then_some(&pods::RULE)).collect()
            }
        }
    }
}

/// A per-pod metric of a workload.
pub(super) struct Watched {
    pub(super) metric: Metric,
    /// Request of each pod in milli-units; 1 where requests do not matter.
    pub(super) request: i64,
}

impl Watched {
    /// The metric of a spec, if a load can be declared for it.
    fn of(cluster: &View<'_>, workload: usize, spec: &MetricSpec) -> Option<Self> {
        let metric = Metric::of(spec)?;
        if !matches!(metric.source, Source::Resource { container: None, .. } | Source::Pods { .. })
            || changes_request(cluster, workload, spec)
        {
            return None;
        }
        let request = match metric.target {
            MetricTarget::Utilization { .. } => requested(cluster, workload, &metric.source)?,
            _ => 1,
        };
        Some(Watched { metric, request })
    }

    fn is_utilization(&self) -> bool {
        matches!(self.metric.target, MetricTarget::Utilization { .. })
    }

    /// Numerator and denominator that turn usage in milli-units over pods into the compared number.
    fn scale(&self) -> (i64, i64) {
        if self.is_utilization() { (100, self.request) } else { (1, 1) }
    }

    /// The smallest usage of `samples` pods together, in milli-units, that is compared as so much or more.
    pub(super) fn total(&self, compared: i64, samples: i64) -> i64 {
        let (times, by) = self.scale();
        let product = i128::from(compared) * i128::from(samples) * i128::from(by);
        i64::try_from(product.div_euclid(times.into()) + i128::from(product.rem_euclid(times.into()) > 0))
            .unwrap_or(i64::MAX)
    }

    /// Compared number beyond which one pod alone is scaled past `max`.
    fn ceiling(&self, max: i64) -> i64 {
        self.metric.target.value().saturating_mul(max + 1)
    }
}

fn metric_specs(autoscaler: &Autoscaler) -> &[MetricSpec] {
    autoscaler.object.spec.as_ref().and_then(|spec| spec.metrics.as_deref()).unwrap_or_default()
}

/// What one metric of one autoscaler makes of a load.
pub struct Watcher {
    pub(super) watched: Watched,
    pub(super) tolerated: (i64, i64),
    pub(super) per: LoadPer,
    pub(super) at_most: Option<i64>,
    /// Whether pods share the load whose usage is not used.
    pub(super) others: bool,
    /// Pods of the workload, at most.
    pub(super) most_pods: i64,
    pub(super) max: i64,
    pub(super) known: RefCell<HashMap<i64, Vec<i64>>>,
}

/// The metrics of all autoscalers that read a load.
pub struct Watchers(Vec<Watcher>);

impl Reader for Watchers {
    fn signature(&self, usage: i64) -> Vec<i64> {
        self.0.iter().flat_map(|watcher| watcher.signature(usage)).collect()
    }

    fn thresholds(&self, missing: bool) -> Option<BTreeSet<i64>> {
        let mut found = BTreeSet::new();
        self.0.iter().all(|watcher| thresholds(watcher, missing, &mut found)).then_some(found)
    }
}

/// The metrics of all autoscalers that read a load.
pub fn watchers(cluster: &View<'_>, load: &Load) -> Watchers {
    Watchers(watchers_of(cluster, load))
}

fn watchers_of(cluster: &View<'_>, load: &Load) -> Vec<Watcher> {
    let Some((workload, _, vars)) = cluster.owners().find(|(_, object, _)| object.key == load.target) else {
        return Vec::new();
    };
    let most = vars.templates.iter().map(|id| cluster.templates[id.0].max_pods);
    let most_pods = if load.per == LoadPer::EachPod { most.sum() } else { most.max().unwrap_or(1) };
    let watching = cluster.spec.autoscalers.iter().filter(|autoscaler| autoscaler.target == load.target);
    let watchers = watching.flat_map(|autoscaler| {
        let max = autoscaler.object.spec.as_ref().map_or(1, |spec| i64::from(spec.max_replicas));
        let metrics = metric_specs(autoscaler).iter().filter_map(|spec| Watched::of(cluster, workload, spec));
        let read = metrics.filter(|watched| watched.metric.name() == load.metric);
        read.map(move |watched| Watcher {
            tolerated: Tolerance::default().usages(watched.metric.target.value(), 1),
            watched,
            per: load.per,
            at_most: load.at_most,
            others: shared::shares_with_others(cluster.spec.scenario, load),
            most_pods,
            max,
            known: RefCell::default(),
        })
    });
    watchers.collect()
}

impl Watcher {
    /// What the metric makes of a usage, for every number of ready pods.
    pub fn signature(&self, usage: i64) -> Vec<i64> {
        let (times, by) = self.watched.scale();
        let scaled = usage.saturating_mul(times);
        if self.most_pods > MOST_COMPARED {
            return vec![if self.per == LoadPer::Workload { scaled } else { scaled / by }];
        }
        if self.per == LoadPer::Workload {
            return self.shared_signature(usage);
        }
        let value = (scaled / by).min(self.watched.ceiling(self.max));
        let row = || (1..=self.most_pods).map(|pods| self.answer(value, pods)).collect();
        self.known.borrow_mut().entry(value).or_insert_with(row).clone()
    }

    /// The same of a usage that pods share, for every number of others that share it.
    fn shared_signature(&self, usage: i64) -> Vec<i64> {
        let (times, by) = self.watched.scale();
        let value = |pods: i64, others: i64| {
            let part = shared::part(usage, self.at_most, pods, others);
            part.saturating_mul(times) / by.saturating_mul(pods)
        };
        let most = if self.others { self.most_pods } else { 0 };
        let answers = |pods: i64| (0..=most).map(move |others| self.answer(value(pods, others), pods));
        (1..=self.most_pods).flat_map(answers).collect()
    }

    fn answer(&self, value: i64, pods: i64) -> i64 {
        let value = value.min(self.watched.ceiling(self.max));
        if self.tolerated.0 <= value && value <= self.tolerated.1 {
            return -1;
        }
        replicas_for(value, self.watched.metric.target.value(), pods).min(self.max)
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
    let proposal = |spec: &MetricSpec| match Reading::of(cluster, workload, spec, loads) {
        Reading::Declared(watched, load) => computed(cluster, target, &watched, load, max),
        Reading::Unreadable => unreadable(cluster, spec),
        Reading::Undeclared => undeclared(cluster, spec, (min, max)),
    };
    metric_specs(autoscaler).iter().map(proposal).collect()
}

/// By metric of an autoscaler: whether it is an input from outside.
pub fn are_undeclared(cluster: &View<'_>, workload: usize, autoscaler: &Autoscaler, loads: &[LoadVars]) -> Vec<bool> {
    let is_undeclared = |spec: &MetricSpec| matches!(Reading::of(cluster, workload, spec, loads), Reading::Undeclared);
    metric_specs(autoscaler).iter().map(is_undeclared).collect()
}

fn undeclared<'c>(cluster: &Cluster<'c>, spec: &MetricSpec, (min, max): (i64, i64)) -> Proposed<'c> {
    // Limits that leave one size leave nothing to choose.
    let (input, replicas) = match min < max {
        true => {
            let (input, replicas) = cluster.input("proposal", min, max);
            (Some(input), replicas)
        }
        false => (None, cluster.ctx().int(max)),
    };
    let line = Line::Undeclared { name: spec.type_.clone(), replicas: replicas.id() };
    Proposed { replicas, valid: cluster.ctx().bool(true), input, sharing: None, line }
}

fn unreadable<'c>(cluster: &Cluster<'c>, spec: &MetricSpec) -> Proposed<'c> {
    let (ctx, line) = (cluster.ctx(), Line::Unreadable { name: spec.type_.clone() });
    Proposed { replicas: ctx.int(0), valid: ctx.bool(false), input: None, sharing: None, line }
}

fn computed<'c>(
    cluster: &Cluster<'c>,
    target: &WorkloadVars,
    watched: &Watched,
    load: &LoadVars,
    max: i64,
) -> Proposed<'c> {
    let (ctx, state, metric) = (cluster.ctx(), cluster.state(), &watched.metric);
    let controller = Controller::default();
    let sharing = load.sharing(cluster, target);
    let (groups, initialising) = pod_groups(cluster, target, watched, (load, &sharing));
    let mut sums = PodSums::of(ctx, &controller, metric, &groups, &[]);
    sums.usage = load.total_of(cluster, &state, (sums.ready, initialising), &sharing);
    let ceiling = watched.ceiling(max);
    let comparison = Comparison::new(ctx, metric.target, &controller.tolerance, Some(ceiling));
    let per_pod = PerPod { comparison: &comparison, sums: &sums };
    let first = alike(cluster, watched, load, ceiling).unwrap_or_else(|| per_pod.first());
    let proposal = per_pod.propose(first, state.get(target.replicas));
    let numbers = [sums.ready, sums.unready, sums.missing, first, proposal.replicas];
    let line = Line::Computed {
        name: metric.name().to_owned(),
        percent: watched.is_utilization(),
        target: comparison.aim(),
        terms: numbers.map(|number| number.id()),
    };
    Proposed { replicas: proposal.replicas, valid: proposal.valid, input: None, sharing: Some(sharing), line }
}

/// The first pass where every ready pod uses the same: their number cancels out.
fn alike<'c>(cluster: &Cluster<'c>, watched: &Watched, load: &LoadVars, ceiling: i64) -> Option<Int<'c>> {
    let declared = &cluster.spec.scenario.loads[load.load];
    if declared.per == LoadPer::Workload || load.tally.is_some() || load.ages.is_some() {
        return None;
    }
    let (times, by) = watched.scale();
    let compared = |level: i64| (load.levels.least(level).saturating_mul(times) / by).min(ceiling);
    Some(match load.level {
        Some(level) => cluster.state().get(level).map(compared),
        None => cluster.ctx().int(compared(0)),
    })
}

/// The pods of a workload: with a sample that is used, without one, all others; and how many of the last are ready.
fn pod_groups<'c>(
    cluster: &Cluster<'c>,
    target: &WorkloadVars,
    watched: &Watched,
    (load, sharing): (&LoadVars, &Sharing<'c>),
) -> (Vec<PodGroup<'c>>, Int<'c>) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let total =
        |value: &dyn Fn(TemplateId) -> Int<'c>| ctx.sum(target.templates.iter().map(|&template| value(template)));
    let down = |template| cluster.sum(&state, |cell| cluster.is_down(cell).ite(cluster.active_on(cell, template), 0));
    let active = total(&|template| cluster.active(&state, template));
    let missing = total(&down) + sharing.unsampled;
    let ready = cluster.measured_of(&state, target, watched.metric.is_cpu() || sharing.ready_only);
    let initialising = load.initialising(cluster, &state, ready);
    let rest = active.minus_or_zero(ready + missing + sharing.lapsed) + initialising;
    let group = |count, phase, sampled| pod_group(cluster, watched, count, phase, sampled);
    let groups = vec![
        group(ready.minus_or_zero(initialising) + sharing.lapsed, PodPhase::Running, true),
        group(missing, PodPhase::Running, false),
        group(rest, PodPhase::Pending, false),
    ];
    (groups, initialising)
}

/// Pods that are past everything that timers wait for.
fn pod_group<'c>(
    cluster: &Cluster<'c>,
    watched: &Watched,
    count: Int<'c>,
    phase: PodPhase,
    sampled: bool,
) -> PodGroup<'c> {
    let (ctx, controller) = (cluster.ctx(), Controller::default());
    let age = ctx.int(controller.cpu_initialization);
    let (yes, no) = (ctx.bool(true), ctx.bool(false));
    PodGroup {
        count,
        phase: ctx.int(phase as i64),
        deleted: no,
        readiness: Readiness { known: yes, ready: yes, not_ready: no, started: age, changed: age },
        sample: Sample { present: ctx.bool(sampled), usage: ctx.int(0), age: ctx.int(0), window: 0 },
        request: Some(watched.request),
    }
}
