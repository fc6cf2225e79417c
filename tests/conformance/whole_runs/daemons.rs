//! Pods of DaemonSets: their revisions, and the nodes that they were made for, which recordings do not name.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Node, PodSpec};
use serde_json::{Value, json};

use crate::cluster::object::{daemon, selector};

use super::objects;
use super::record::{Stretch, is_over, listed};
use super::workload::{name, revision};

/// The revision of the present template where no pod of it was ever seen.
const PRESENT: &str = "present";

fn daemon_sets(stretch: &Stretch) -> impl Iterator<Item = &Value> {
    stretch.present().filter(|object| object["kind"] == "DaemonSet")
}

/// Pods of a DaemonSet when a stretch began that were not over.
fn pods<'s>(stretch: &'s Stretch, owner: &str) -> impl Iterator<Item = &'s Value> {
    let owner = json!(owner);
    listed(&stretch.before, "Pod").iter().filter(move |pod| pod["owner"] == owner && !is_over(pod))
}

/// What stands against following a stretch: that nobody can tell which node a waiting pod was made for.
pub fn not_modelled(stretch: &Stretch) -> Option<String> {
    let is_unclear = |owner: &Value| {
        let waiting: Vec<&Value> = pods(stretch, name(owner)).filter(|pod| pod["node"].is_null()).collect();
        let revisions: BTreeSet<i64> = waiting.iter().map(|pod| revision(pod)).collect();
        !waiting.is_empty() && (vacant(stretch, owner, waiting.len()).is_none() || revisions.len() > 1)
    };
    let is_unclear = daemon_sets(stretch).any(is_unclear);
    is_unclear.then(|| "pods of a DaemonSet that wait, nobody can tell for which node".to_owned())
}

/// The nodes that so many waiting pods of a DaemonSet were made for when a stretch began, in order: those that wanted a pod
/// and had none; those that are down stopped wanting one, but may have done so before.
fn vacant(stretch: &Stretch, owner: &Value, waiting: usize) -> Option<Vec<String>> {
    let all = wanting(stretch, owner);
    let up = |(node, is_up): &(String, bool)| is_up.then(|| node.clone());
    let of_those_up: Vec<String> = all.iter().filter_map(up).collect();
    let all: Vec<String> = all.into_iter().map(|(node, _)| node).collect();
    [of_those_up, all].into_iter().find(|nodes| nodes.len() == waiting)
}

/// Nodes that want a pod of a DaemonSet and have none, and whether they are up.
fn wanting(stretch: &Stretch, owner: &Value) -> Vec<(String, bool)> {
    let spec = owner["spec"]["template"]["spec"].clone();
    let Ok(mut pod) = serde_json::from_value::<PodSpec>(spec) else { return Vec::new() };
    daemon::tolerate(&mut pod);
    let has_one: BTreeSet<&str> = pods(stretch, name(owner)).filter_map(|pod| pod["node"].as_str()).collect();
    let wants = |node: &Value| {
        let was = listed(&stretch.before, "Node").iter().find(|known| known["name"] == name(node))?;
        let mut node = node.clone();
        objects::as_before(&mut node, was);
        let node: Node = serde_json::from_value(node).ok()?;
        let taints = node.spec.as_ref().and_then(|spec| spec.taints.clone()).unwrap_or_default();
        let is_wanted = daemon::is_wanted(&pod, selector::matches_node(&pod, &node), &taints);
        let name = node.metadata.name?;
        (is_wanted && !has_one.contains(name.as_str())).then_some((name, was["ready"] == "True"))
    };
    stretch.nodes.iter().filter_map(wants).collect()
}

/// Gives a pod of a DaemonSet its revision, and, where it waits, the node that it was made for.
pub fn complete(stretch: &Stretch, pod: &Value, object: &mut Value) {
    let Some(owner) = daemon_sets(stretch).find(|owner| pod["owner"] == name(owner)) else { return };
    object["metadata"]["labels"]["controller-revision-hash"] = json!(revision(pod).to_string());
    if pod["node"].is_null() {
        let waiting: Vec<&Value> = pods(stretch, name(owner)).filter(|other| other["node"].is_null()).collect();
        let place = waiting.iter().position(|other| other["uid"] == pod["uid"]);
        let node = place.and_then(|place| vacant(stretch, owner, waiting.len())?.get(place).cloned());
        let field = json!({"key": "metadata.name", "operator": "In", "values": [node]});
        object["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] =
            json!({"nodeSelectorTerms": [{"matchFields": [field]}]});
    }
}

/// The ControllerRevisions of all DaemonSets: one for each revision that was ever seen, the present one newest.
pub fn histories(stretch: &Stretch) -> Vec<Value> {
    daemon_sets(stretch).flat_map(|owner| histories_of(stretch, owner)).collect()
}

fn histories_of(stretch: &Stretch, owner: &Value) -> Vec<Value> {
    let image = &owner["spec"]["template"]["spec"]["containers"][0]["image"];
    let own = stretch.revisions.iter().filter(|(_, revision)| revision.workload == name(owner));
    let mut known: Vec<(String, Value)> =
        own.map(|(number, revision)| (number.to_string(), json!(revision.image))).collect();
    if !known.iter().any(|(_, known)| known == image) {
        known.push((PRESENT.to_owned(), image.clone()));
    }
    let history = |(number, (hash, known)): (usize, (String, Value))| {
        let mut template = owner["spec"]["template"].clone();
        template["spec"]["containers"][0]["image"] = known.clone();
        let newest = i64::from(known == *image) * 1000;
        json!({
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": {
                "name": format!("{}-{hash}", name(owner)),
                "uid": format!("{}-{hash}", name(owner)),
                "labels": {"controller-revision-hash": hash},
                "ownerReferences": [{
                    "apiVersion": "apps/v1", "kind": "DaemonSet", "name": name(owner), "uid": name(owner), "controller": true,
                }],
            },
            "data": {"spec": {"template": template}},
            "revision": number as i64 + 1 + newest,
        })
    };
    known.into_iter().enumerate().map(history).collect()
}
