//! The first state of the story, where it is one in which pods run already.
//!
//! Nobody can tell a Deployment where its pods are to be. But a node that is alone in taking pods gets those that come, so all
//! nodes are cordoned, and each is open for as long as the pods come that the story has on it. What a scheduler would refuse
//! for other reasons is refused here, too; the script says so and goes on.

use std::collections::BTreeMap;

use crate::check::standing::{NodeStanding, PodsOn};
use crate::cluster::Phase;
use crate::cluster::object::spec::{Workload, WorkloadKind};

use super::cast::Act;
use super::deeds::{home_and_name, pods};
use super::shell;
use super::story::Stage;

/// The lines that bring the start about, from an empty cluster.
pub fn lines(stage: &Stage<'_>) -> Vec<String> {
    let mut lines = vec!["block 'the cluster of the story'".to_owned()];
    lines.extend(stages(stage));
    lines.push("put manifests/10-nodes.yaml".to_owned());
    lines.extend(apply(stage, &[Act::Namespaces, Act::Base]));
    lines.push("show_usage".to_owned());
    let placed = placed(stage);
    if placed.is_empty() {
        lines.extend(apply(stage, &[Act::Workloads]));
    } else {
        lines.extend(one_by_one(stage, &placed));
    }
    lines.extend(resized(stage));
    lines.extend(apply(stage, &[Act::Autoscalers, Act::Others]));
    lines.extend(states(stage));
    lines
}

/// What of the start the script does not bring about, a sentence each.
pub fn shortcomings(stage: &Stage<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for node in &stage.start().nodes {
        for on in &node.pods {
            let workload = &stage.cluster.workloads[on.workload];
            let why = match (workload.kind, on.phase) {
                (WorkloadKind::Job | WorkloadKind::CronJob, _) => "a Job makes its pods anywhere",
                (WorkloadKind::Fixed, _) => continue,
                (_, Phase::Terminating) => "it is on its way out, which no script can hold",
                (_, Phase::Starting) => "it is still starting, which lasts a moment with KWOK",
                _ if on.revision != workload.current => "it is of an older template than its workload has",
                _ => continue,
            };
            found.push(format!("{} pod(s) of {} on {}: {why}", on.count, workload.key, node.name));
        }
    }
    found
}

/// A step of the placement: whose pods come to a node, and how many there are then.
struct Placed<'a> {
    node: &'a str,
    workload: usize,
    total: i64,
}

/// Pods in the order in which they come: node by node, those of StatefulSets in the order of their names, and those that are
/// to be spread one by one, each to where fewest are.
fn placed<'a>(stage: &'a Stage<'_>) -> Vec<Placed<'a>> {
    let is_told = |on: &&PodsOn| {
        let workload = &stage.cluster.workloads[on.workload];
        workload.kind.has_scale() && on.phase != Phase::Terminating
    };
    let nodes = stage.start().nodes.iter().filter(|node| !node.down);
    let all = nodes.flat_map(|node| node.pods.iter().filter(is_told).map(move |on| (node, on)));
    let mut all: Vec<(&NodeStanding, &PodsOn)> = all.collect();
    all.sort_by_key(|(_, on)| on.ordinal);
    let is_spread = |on: &PodsOn| !keys(&stage.cluster.workloads[on.workload]).is_empty();
    let (spread, plain): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, on)| is_spread(on) && on.ordinal.is_none());
    let plain = plain.into_iter().map(|(node, on)| (node.name.as_str(), on.workload, on.count));
    let mut totals: BTreeMap<usize, i64> = BTreeMap::new();
    let placed = plain.chain(one_at_a_time(stage, &spread)).map(|(node, workload, count)| {
        let total = totals.entry(workload).or_default();
        *total += count;
        Placed { node, workload, total: *total }
    });
    placed.collect()
}

/// Topology keys over which the pods of a workload are spread by hard constraints.
fn keys(workload: &Workload) -> Vec<&str> {
    let spec = workload.revisions[workload.current].template.spec.as_ref();
    let constraints = spec.and_then(|spec| spec.topology_spread_constraints.as_ref()).into_iter().flatten();
    constraints.filter(|it| it.when_unsatisfiable == "DoNotSchedule").map(|it| it.topology_key.as_str()).collect()
}

/// Pods that are spread: the next one goes to the node whose domains have fewest of its workload so far.
fn one_at_a_time<'a>(stage: &Stage<'_>, spread: &[(&'a NodeStanding, &PodsOn)]) -> Vec<(&'a str, usize, i64)> {
    let mut left: Vec<i64> = spread.iter().map(|(_, on)| on.count).collect();
    let domains: Vec<Vec<(usize, &str, String)>> = spread
        .iter()
        .map(|(node, on)| {
            let keys = keys(&stage.cluster.workloads[on.workload]);
            keys.into_iter().map(|key| (on.workload, key, domain(stage, &node.name, key))).collect()
        })
        .collect();
    let mut pods: BTreeMap<&(usize, &str, String), i64> = BTreeMap::new();
    let mut order = Vec::new();
    loop {
        let open = (0..spread.len()).filter(|&at| left[at] > 0);
        let fullest = |at: &usize| {
            let mut counts: Vec<i64> = domains[*at].iter().map(|it| pods.get(it).copied().unwrap_or(0)).collect();
            counts.sort_unstable_by(|a, b| b.cmp(a));
            // Of those that are equal, the one with most to come.
            (counts, -left[*at])
        };
        let Some(next) = open.min_by_key(fullest) else { return order };
        left[next] -= 1;
        domains[next].iter().for_each(|it| *pods.entry(it).or_default() += 1);
        order.push((spread[next].0.name.as_str(), spread[next].1.workload, 1));
    }
}

/// The domain of a node.
fn domain(stage: &Stage<'_>, node: &str, key: &str) -> String {
    let node = stage.cluster.nodes.iter().find(|it| it.name == node);
    let labels = node.and_then(|node| node.node.metadata.labels.as_ref());
    labels.and_then(|labels| labels.get(key)).cloned().unwrap_or_default()
}

/// Nodes are open one after the other.
fn one_by_one(stage: &Stage<'_>, placed: &[Placed<'_>]) -> Vec<String> {
    let names = stage.start().nodes.iter().map(|node| &node.name);
    let mut lines = vec![
        "say 'Pods are placed where the story begins: one node at a time takes any.'".to_owned(),
        format!("k cordon {}", shell::words(names)),
    ];
    lines.extend(apply(stage, &[Act::Workloads]));
    let mut moved: Vec<usize> = placed.iter().map(|it| it.workload).collect();
    moved.sort_unstable();
    moved.dedup();
    for &workload in &moved {
        let workload = &stage.cluster.workloads[workload];
        let (namespace, name) = home_and_name(workload);
        lines.push(format!("k -n {namespace} scale {name} --replicas=0"));
        lines.push(format!("until_it_is 0 existing {} || cannot 'pods are left of before'", pods(workload)));
    }
    for group in placed.chunk_by(|a, b| a.node == b.node) {
        let node = shell::word(group[0].node);
        lines.push(format!("k uncordon {node}"));
        for Placed { workload, total, .. } in group {
            let workload = &stage.cluster.workloads[*workload];
            let (_, name) = home_and_name(workload);
            lines.push(format!("place {node} {name} {} {total}", pods(workload)));
        }
        lines.push(format!("k cordon {node}"));
    }
    let open: Vec<&String> = stage.start().nodes.iter().filter(|node| !node.cordoned).map(|node| &node.name).collect();
    lines.extend((!open.is_empty()).then(|| format!("k uncordon {}", shell::words(open))));
    lines
}

/// Sizes that manifests do not have.
fn resized(stage: &Stage<'_>) -> Vec<String> {
    let placed = placed(stage);
    let standings = stage.cluster.workloads.iter().zip(&stage.start().workloads).enumerate();
    let lines = standings.filter_map(|(index, (workload, standing))| {
        let standing = standing.filter(|it| it.exists)?;
        let manifest = if workload.replicas_given { workload.replicas } else { 1 };
        let is_other = standing.replicas != manifest || placed.iter().any(|it| it.workload == index);
        let (namespace, name) = home_and_name(workload);
        let line = format!("k -n {namespace} scale {name} --replicas={}", standing.replicas);
        (workload.kind.has_scale() && is_other).then_some(line)
    });
    lines.collect()
}

/// Nodes that are down at the start, and pods that are not ready.
fn states(stage: &Stage<'_>) -> Vec<String> {
    let (mut unready, mut down) = (Vec::new(), Vec::new());
    for node in &stage.start().nodes {
        let name = shell::word(&node.name);
        down.extend(node.down.then(|| format!("node_down {name}")));
        for on in node.pods.iter().filter(|on| on.phase == Phase::Unready) {
            let workload: &Workload = &stage.cluster.workloads[on.workload];
            unready.extend((0..on.count).map(|_| format!("turn {} {name} True", pods(workload))));
        }
    }
    let rest = (!unready.is_empty()).then(|| "settle 10".to_owned());
    down.into_iter().chain(rest).chain(unready).collect()
}

fn stages(stage: &Stage<'_>) -> Option<String> {
    let has_stages = !super::stages::stages(stage.cluster, stage.downs_nodes()).is_empty();
    has_stages.then(|| "put kwok/stages.yaml".to_owned())
}

fn apply(stage: &Stage<'_>, acts: &[Act]) -> Vec<String> {
    let given = acts.iter().filter(|act| stage.cast.of(**act).next().is_some());
    let line = |act: &Act| match act {
        Act::Others => format!("try_put manifests/{}", act.file()),
        _ => format!("put manifests/{}", act.file()),
    };
    given.map(line).collect()
}
