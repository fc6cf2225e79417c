//! The ReplicaSet controller's choice of pods to delete: `controllers/pod_deletion_rank.jsonl`.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::encodings::replicaset::deletion::{self, MOST_INSERTED};
use crate::encodings::replicaset::ranking::{self, Moment, Standing};
use crate::term::{Ctx, Int};

use super::probe::Probe;
use super::{Source, Subject, Verdict};

/// The recordings of the ReplicaSet controller.
pub const SUBJECT: Subject = Subject {
    name: "replicaset",
    version: "v1.34.9",
    sources: &[Source {
        file: "controllers/pod_deletion_rank.jsonl",
        family: |_| "pod_deletion_rank".to_owned(),
        compare: |record, asks_z3| verdict(record, asks_z3).unwrap_or_else(Verdict::Differs),
    }],
};

fn parse<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    serde_json::from_value(value.clone()).map_err(|error| format!("malformed record: {error}"))
}

/// The pods of a list that count.
fn active(value: &Value) -> Result<Vec<Pod>, String> {
    let pods: Vec<Pod> = if value.is_null() { Vec::new() } else { parse(value)? };
    let is_active = |pod: &Pod| ranking::is_active(phase(pod), pod.metadata.deletion_timestamp.is_some());
    Ok(pods.into_iter().filter(is_active).collect())
}

fn verdict(record: &Value, asks_z3: bool) -> Result<Verdict, String> {
    let set: ReplicaSet = parse(&record["replicaSet"])?;
    let (pods, siblings) = (active(&record["pods"])?, active(&record["siblingPods"])?);
    if record["expect"]["notATotalOrder"] == true && pods.len() > MOST_INSERTED {
        return Ok(Verdict::NotModelled("the order is an accident of quicksort".to_owned()));
    }
    let ctx = Ctx::new();
    let probe = Probe::new(&ctx);
    let view = View::new(&probe, parse(&record["now"])?, &pods, &siblings);
    let ranked = pods.iter().map(|pod| view.pod(pod)).collect::<Result<Vec<_>, String>>()?;
    let desired = set.spec.and_then(|spec| spec.replicas).map_or(1, i64::from);
    let surplus = deletion::surplus(
        probe.given("active", pods.len() as i64, 0, 20),
        probe.given("spec.replicas", desired, 0, 20),
    );
    let positions = deletion::positions(&ctx, &ranked);
    let deleted = deletion::deleted(&positions, surplus);
    let trouble = asks_z3.then(|| probe.confirm(&positions, &deleted)).flatten();
    let mut names: Vec<(i64, String)> =
        positions.iter().map(|it| probe.value(*it)).zip(pods.iter().map(name)).collect();
    names.sort();
    let mut gone: Vec<String> =
        deleted.iter().zip(&pods).filter(|(it, _)| probe.holds(**it)).map(|(_, pod)| name(pod)).collect();
    gone.sort();
    let ranks = ranked.iter().map(|pod| json!(probe.value(pod.standing.colocated)));
    let computed = json!({
        "active": pods.len(),
        "deleteCount": probe.value(surplus),
        "ranks": pods.iter().map(name).zip(ranks).collect::<Map<_, _>>(),
        "order": names.into_iter().map(|(_, name)| name).collect::<Vec<_>>(),
        "deleted": gone,
    });
    Ok(Verdict::from_differences(differences(&computed, &record["expect"]).chain(trouble).collect()))
}

fn differences<'v>(computed: &'v Value, expect: &'v Value) -> impl Iterator<Item = String> + 'v {
    let fields = computed.as_object().into_iter().flatten();
    let differ = fields.filter(|(key, value)| **value != expect[key.as_str()]);
    differ.map(|(key, value)| format!("{key}: computed {value}, recorded {}", expect[key]))
}

fn name(pod: &Pod) -> String {
    pod.metadata.name.clone().unwrap_or_default()
}

fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default()
}

fn node(pod: &Pod) -> &str {
    pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()).unwrap_or_default()
}

/// Times that are further away are not told apart from what the encoding has to cover.
const LONGEST: i64 = 1 << 24;

/// Pods as variables.
struct View<'p, 'c> {
    probe: &'p Probe<'c>,
    now: Time,
    /// By name.
    nodes: BTreeMap<String, Int<'c>>,
    /// The node of each active pod, siblings included.
    occupied: Vec<Int<'c>>,
    uids: Vec<String>,
}

impl<'p, 'c> View<'p, 'c> {
    fn new(probe: &'p Probe<'c>, now: Time, pods: &[Pod], siblings: &[Pod]) -> Self {
        let all = || pods.iter().chain(siblings);
        let mut names: Vec<&str> = all().map(node).collect();
        names.sort();
        names.dedup();
        let last = names.len() as i64;
        let nodes = names.iter().zip(0..).map(|(name, code)| ((*name).to_owned(), probe.given(name, code, 0, last)));
        let nodes: BTreeMap<String, Int<'c>> = nodes.collect();
        let mut uids: Vec<String> = pods.iter().map(|pod| pod.metadata.uid.clone().unwrap_or_default()).collect();
        uids.sort();
        let occupied = all().map(|pod| nodes[node(pod)]).collect();
        View { probe, now, nodes, occupied, uids }
    }

    fn pod(&self, pod: &Pod) -> Result<ranking::Pod<'c>, String> {
        let count = |name: &str, value: i64| self.probe.given(name, value, 0, 100);
        let status = pod.status.clone().unwrap_or_default();
        let restartable: Vec<&str> = (pod.spec.iter().flat_map(|spec| spec.init_containers.iter().flatten()))
            .filter(|container| container.restart_policy.as_deref() == Some("Always"))
            .map(|container| container.name.as_str())
            .collect();
        let (all, init) = (status.container_statuses.unwrap_or_default(), status.init_container_statuses);
        let restarts = all.iter().map(|it| count("restarts", i64::from(it.restart_count)));
        let sidecars = init.iter().flatten().filter(|it| restartable.contains(&it.name.as_str()));
        let sidecars = sidecars.map(|it| count("restarts", i64::from(it.restart_count)));
        let ready = status.conditions.iter().flatten().find(|it| it.type_ == "Ready" && it.status == "True");
        let uid = pod.metadata.uid.clone().unwrap_or_default();
        let position = self.uids.iter().position(|known| *known == uid).unwrap_or(0) as i64;
        Ok(ranking::Pod {
            standing: self.standing(pod, ready.is_some()),
            ready_since: self.moment(ready.and_then(|condition| condition.last_transition_time.as_ref()))?,
            restarts: self.probe.ctx().max(restarts, 0),
            sidecar_restarts: self.probe.ctx().max(sidecars, 0),
            created: self.moment(pod.metadata.creation_timestamp.as_ref())?,
            uid: count("uid", position),
        })
    }

    fn standing(&self, pod: &Pod, ready: bool) -> Standing<'c> {
        let annotations = pod.metadata.annotations.as_ref();
        let cost = annotations.and_then(|all| all.get("controller.kubernetes.io/pod-deletion-cost"));
        let cost = ranking::deletion_cost(cost.map(String::as_str));
        Standing {
            scheduled: self.probe.flag("scheduled", !node(pod).is_empty()),
            phase: self.probe.given("phase", ranking::phase_rank(phase(pod)), 0, 2),
            ready: self.probe.flag("ready", ready),
            deletion_cost: self.probe.given("cost", cost, i64::from(i32::MIN), i64::from(i32::MAX)),
            colocated: ranking::colocated(self.probe.ctx(), self.nodes[node(pod)], self.occupied.iter().copied()),
        }
    }

    fn moment(&self, time: Option<&Time>) -> Result<Moment<'c>, String> {
        let known = self.probe.flag("known", time.is_some());
        let since = time.map_or(Ok(0), |time| self.seconds_since(time))?;
        Ok(Moment { known, since: self.probe.given("since", since, -LONGEST, LONGEST) })
    }

    fn seconds_since(&self, time: &Time) -> Result<i64, String> {
        match [&self.now, time].iter().all(|time| time.0.subsec_nanosecond() == 0) {
            true => Ok(self.now.0.as_second() - time.0.as_second()),
            false => Err("malformed record: a time within a second".to_owned()),
        }
    }
}
