//! Metrics and pods of one HPA: `hpa_replicas.jsonl`.

use k8s_openapi::api::core::v1::{Pod, PodCondition};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::Value;

use super::record::{Condition, PerMetric, PodMetrics, Replicas};
use super::{Differences, Probe, Verdict};
use crate::cluster::arithmetic::hpa_replicas::MetricTarget;
use crate::cluster::object::quantity;
use crate::encodings::hpa::metrics::combine::{combine, scaling_active};
use crate::encodings::hpa::metrics::comparison::Comparison;
use crate::encodings::hpa::metrics::per_pod::PerPod;
use crate::encodings::hpa::metrics::pods::{PodGroup, PodPhase, PodSums, Readiness, Sample, serving};
use crate::encodings::hpa::metrics::requests::{ContainerUsage, pod_usage, request};
use crate::encodings::hpa::metrics::source::{Metric, Source, tolerance};
use crate::encodings::hpa::metrics::whole::{self, Scale};
use crate::encodings::hpa::metrics::{Controller, Proposal};
use crate::term::{Bool, Ctx, Int};

/// Older than anything that is recorded, in milliseconds: the age of a time that is not given.
const LONG_AGO: i64 = 1 << 45;
/// By how much ages may differ from the recorded ones, in milliseconds.
const AGES: i64 = 600_000;

pub fn compare(record: &Replicas, confirm: bool) -> Verdict {
    let ctx = Ctx::new();
    let probe = Probe::new(&ctx);
    match Situation::new(&probe, record) {
        Ok(situation) => situation.compare(confirm),
        Err(reason) => Verdict::Differs(reason),
    }
}

/// A pod's state, for whatever metric.
struct PodState<'c, 'r> {
    object: &'r Pod,
    name: &'r str,
    phase: Int<'c>,
    deleted: Bool<'c>,
    readiness: Readiness<'c>,
}

/// A pod's sample of one metric.
struct Measured<'c, 'r> {
    pod: &'r str,
    usage: Int<'c>,
    timestamp: Option<&'r Time>,
    window: i64,
}

/// A record on probe variables.
struct Situation<'c, 'p, 'r> {
    probe: &'p Probe<'c>,
    record: &'r Replicas,
    controller: Controller,
    metrics: Vec<Metric>,
    pods: Vec<PodState<'c, 'r>>,
    spec: Int<'c>,
    status: Int<'c>,
}

impl<'c, 'p, 'r> Situation<'c, 'p, 'r> {
    fn new(probe: &'p Probe<'c>, record: &'r Replicas) -> Result<Self, String> {
        let gate = |name: &str| record.controller.feature_gates.get(name).copied();
        let configurable = gate("HPAConfigurableTolerance").unwrap_or(false);
        let controller = Controller {
            tolerance: tolerance(record.controller.tolerance, record.hpa.behavior.as_ref(), configurable),
            cpu_initialization: record.controller.cpu_initialization_period_seconds * 1000,
            readiness_delay: record.controller.initial_readiness_delay_seconds * 1000,
            pod_level_resources: gate("PodLevelResources").unwrap_or(true),
        };
        let metrics = record.hpa.metrics.iter().map(Metric::of).collect::<Option<_>>();
        let replicas = |name: &str, value: i64| probe.given(name, value, 0, 2 * value + 4);
        Ok(Situation {
            probe,
            record,
            controller,
            metrics: metrics.ok_or("a metric spec that the API server refuses")?,
            pods: record.pods.iter().map(|pod| pod_state(probe, &record.now, pod)).collect(),
            spec: replicas("spec.replicas", record.scale.spec_replicas),
            status: replicas("status.replicas", record.scale.status_replicas),
        })
    }

    fn ctx(&self) -> &'c Ctx {
        self.probe.ctx()
    }

    fn compare(&self, confirm: bool) -> Verdict {
        let proposals = self.metrics.iter().map(|metric| self.propose(metric)).collect::<Result<Vec<_>, _>>();
        let proposals = match proposals {
            Ok(proposals) => proposals,
            Err(reason) => return Verdict::NotModelled(reason),
        };
        let mut differences = Differences::default();
        let recorded = &self.record.expect.per_metric;
        differences.expect("number of metrics", proposals.len(), recorded.len());
        for ((metric, proposal), recorded) in self.metrics.iter().zip(&proposals).zip(recorded) {
            self.compare_metric(metric, proposal, recorded, &mut differences);
        }
        self.compare_overall(&proposals, confirm, &mut differences);
        differences.verdict()
    }

    fn propose(&self, metric: &Metric) -> Result<Proposal<'c>, String> {
        match &metric.source {
            Source::Object { metric: name, kind, object } => {
                let found = self.record.api.custom.iter().find(|value| {
                    let described = &value.described_object;
                    value.metric.name == *name
                        && described.kind.as_ref() == Some(kind)
                        && described.name.as_ref() == Some(object)
                });
                let total = found.map(|value| self.usage(name, &value.value)).transpose()?;
                Ok(self.propose_whole(metric, total))
            }
            Source::External { metric: name } => {
                let series = self.record.api.external.iter().filter(|value| value.metric_name == *name);
                let series = series.map(|value| self.usage(name, &value.value)).collect::<Result<Vec<_>, _>>()?;
                Ok(self.propose_whole(metric, (!series.is_empty()).then(|| self.ctx().sum(series))))
            }
            Source::Resource { resource, container } => {
                let pods = self.record.api.pods.iter();
                let samples = pods.map(|pod| self.resource_sample(pod, resource, container.as_deref()));
                let samples = samples.collect::<Result<Vec<_>, _>>()?;
                Ok(self.propose_per_pod(metric, samples.into_iter().flatten().collect()))
            }
            Source::Pods { metric: name } => Ok(self.propose_per_pod(metric, self.custom_samples(name)?)),
        }
    }

    /// A usage that may also be a quarter less or more than the recorded one.
    fn usage(&self, name: &str, quantity: &Quantity) -> Result<Int<'c>, String> {
        let milli = quantity::milli(quantity).map_err(|error| error.to_string())?;
        if milli < 0 {
            return Err(format!("{name} is negative"));
        }
        Ok(self.probe.given(name, milli, milli - milli / 4, milli + milli / 4 + 8))
    }

    fn propose_whole(&self, metric: &Metric, total: Option<Int<'c>>) -> Proposal<'c> {
        let groups: Vec<PodGroup<'c>> = self.pods.iter().map(|pod| self.group(metric, pod, None)).collect();
        let scale = Scale {
            spec: self.spec,
            status: self.status,
            serving: serving(self.ctx(), &groups),
            has_pods: !groups.is_empty(),
        };
        whole::propose(self.ctx(), metric.target, &self.controller.tolerance, total, &scale)
    }

    fn propose_per_pod(&self, metric: &Metric, samples: Vec<Measured<'c, 'r>>) -> Proposal<'c> {
        let sample = |pod: &PodState<'c, 'r>| samples.iter().find(|sample| sample.pod == pod.name);
        let groups: Vec<_> = self.pods.iter().map(|pod| self.group(metric, pod, sample(pod))).collect();
        let known = |sample: &&Measured<'c, 'r>| self.pods.iter().any(|pod| pod.name == sample.pod);
        let strays: Vec<_> = samples.iter().filter(|it| !known(it)).map(|sample| sample.usage).collect();
        let sums = PodSums::of(self.ctx(), &self.controller, metric, &groups, &strays);
        let comparison = Comparison::new(self.ctx(), metric.target, &self.controller.tolerance, None);
        let per_pod = PerPod { comparison: &comparison, sums: &sums };
        per_pod.propose(per_pod.first(), self.spec)
    }

    fn resource_sample(
        &self,
        pod: &'r PodMetrics,
        resource: &str,
        container: Option<&str>,
    ) -> Result<Option<Measured<'c, 'r>>, String> {
        let usage = |it: &'r super::record::ContainerMetrics| {
            let usage = it.usage.get(resource).map(|usage| self.usage(&it.name, usage)).transpose()?;
            Ok(ContainerUsage { name: it.name.clone(), usage })
        };
        let containers = pod.containers.iter().map(usage).collect::<Result<Vec<_>, String>>()?;
        Ok(pod_usage(self.ctx(), &containers, container).map(|usage| Measured {
            pod: pod.metadata.name.as_deref().unwrap_or_default(),
            usage,
            timestamp: pod.timestamp.as_ref(),
            window: milliseconds(&pod.window),
        }))
    }

    fn custom_samples(&self, name: &str) -> Result<Vec<Measured<'c, 'r>>, String> {
        let of_pods = self
            .record
            .api
            .custom
            .iter()
            .filter(|value| value.metric.name == name && value.described_object.kind.as_deref() == Some("Pod"));
        let sample = |value: &'r super::record::MetricValue| {
            let pod = value.described_object.name.as_deref().unwrap_or_default();
            let usage = self.usage(name, &value.value)?;
            Ok(Measured { pod, usage, timestamp: value.timestamp.as_ref(), window: 60_000 })
        };
        of_pods.map(sample).collect()
    }

    fn group(&self, metric: &Metric, pod: &PodState<'c, 'r>, sample: Option<&Measured<'c, 'r>>) -> PodGroup<'c> {
        let container = match &metric.source {
            Source::Resource { container, .. } => container.as_deref(),
            _ => None,
        };
        let spec = pod.object.spec.clone().unwrap_or_default();
        let asked = metric.resource();
        let age = age(self.probe, "sample", &self.record.now, sample.and_then(|sample| sample.timestamp));
        PodGroup {
            count: self.ctx().int(1),
            phase: pod.phase,
            deleted: pod.deleted,
            readiness: pod.readiness,
            sample: Sample {
                present: self.probe.flag("has a sample", sample.is_some()),
                usage: sample.map_or(self.ctx().int(0), |sample| sample.usage),
                age,
                window: sample.map_or(0, |sample| sample.window),
            },
            request: asked.and_then(|it| request(&spec, it, container, self.controller.pod_level_resources)),
        }
    }

    fn compare_metric(&self, metric: &Metric, proposal: &Proposal<'c>, recorded: &PerMetric, found: &mut Differences) {
        let valid = self.probe.holds(proposal.valid);
        let reason = (!valid).then(|| metric.failure().to_owned());
        found.expect("reason", &reason, &recorded.reason);
        let replicas = valid.then(|| self.probe.value(proposal.replicas));
        found.expect(metric.name(), replicas, recorded.proposal);
        let Some(status) = recorded.status.as_ref().filter(|_| valid) else { return };
        let current = current(status);
        let utilization = proposal.utilization.map(|utilization| self.probe.value(utilization));
        found.expect("averageUtilization", utilization, current["averageUtilization"].as_i64());
        let field = if matches!(metric.target, MetricTarget::Value { .. }) { "value" } else { "averageValue" };
        let amount = current[field].as_str().and_then(|text| quantity::milli_value(text).ok());
        found.expect(field, Some(self.probe.value(proposal.amount)), amount);
    }

    fn compare_overall(&self, proposals: &[Proposal<'c>], confirm: bool, found: &mut Differences) {
        let expect = &self.record.expect;
        let votes: Vec<_> = proposals.iter().map(Proposal::vote).collect();
        let combined = combine(self.ctx(), &votes, self.spec);
        let acts = self.probe.holds(combined.acts);
        let metric = |position: Int<'c>| usize::try_from(self.probe.value(position)).ok().map(|at| &self.metrics[at]);
        let (winner, failed) = (metric(combined.winner), metric(combined.failed));
        let replicas = if acts { self.probe.value(combined.replicas) } else { -1 };
        found.expect("replicas", replicas, expect.replicas);
        found.expect("metric", winner.filter(|_| acts).map(Metric::title), expect.metric.clone());
        found.expect("error", failed.is_some(), expect.error.is_some());
        let (status, reason) = scaling_active(acts, failed);
        let active = Condition { status: status.to_owned(), reason: reason.to_owned() };
        found.expect("scalingActive", &active, &expect.scaling_active);
        if confirm {
            let mut conditions: Vec<Bool<'c>> = proposals.iter().map(|proposal| proposal.valid).collect();
            conditions.push(combined.acts);
            found.confirm(self.probe, &[combined.replicas, combined.winner, combined.failed], &conditions);
        }
    }
}

fn pod_state<'c, 'r>(probe: &Probe<'c>, now: &Time, pod: &'r Pod) -> PodState<'c, 'r> {
    let status = pod.status.as_ref();
    let conditions = status.and_then(|status| status.conditions.as_ref());
    let ready: Option<&PodCondition> = conditions.into_iter().flatten().find(|condition| condition.type_ == "Ready");
    let started = status.and_then(|status| status.start_time.as_ref());
    let is = |name: &str, wanted: &str| probe.flag(name, ready.is_some_and(|it| it.status == wanted));
    let phase = PodPhase::named(status.and_then(|status| status.phase.as_deref()).unwrap_or_default());
    PodState {
        object: pod,
        name: pod.metadata.name.as_deref().unwrap_or_default(),
        phase: probe.given("phase", phase as i64, 0, PodPhase::LAST),
        deleted: probe.flag("is being deleted", pod.metadata.deletion_timestamp.is_some()),
        readiness: Readiness {
            known: probe.flag("has started", ready.is_some() && started.is_some()),
            ready: is("is ready", "True"),
            not_ready: is("is not ready", "False"),
            started: age(probe, "start", now, started),
            changed: age(probe, "transition", now, ready.and_then(|it| it.last_transition_time.as_ref())),
        },
    }
}

/// Milliseconds since a time.
fn age<'c>(probe: &Probe<'c>, name: &str, now: &Time, time: Option<&Time>) -> Int<'c> {
    let age = time.map_or(LONG_AGO, |time| now.0.as_millisecond() - time.0.as_millisecond());
    probe.given(name, age, age - AGES, age + AGES)
}

/// The numbers of a metric's status.
fn current(status: &Value) -> &Value {
    let source = status.as_object().and_then(|status| status.iter().find(|(key, _)| *key != "type"));
    source.map_or(&Value::Null, |(_, source)| &source["current"])
}

/// A Go duration such as `1m30.5s`, in milliseconds.
fn milliseconds(duration: &str) -> i64 {
    let mut rest = duration;
    let mut total = 0.0;
    while let Some(end) = rest.find(|c: char| c.is_ascii_alphabetic()) {
        let after = rest[end..].find(|c: char| !c.is_ascii_alphabetic()).map_or(rest.len(), |length| end + length);
        let unit = match &rest[end..after] {
            "h" => 3_600_000.0,
            "m" => 60_000.0,
            "s" => 1000.0,
            _ => 1.0,
        };
        total += rest[..end].parse::<f64>().unwrap_or(0.0) * unit;
        rest = &rest[after..];
    }
    total as i64
}
