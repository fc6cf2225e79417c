//! The cluster of a stretch: its objects as they were when it began, edited by what the user did first where no command says
//! that.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::commands::is_command;
use super::daemons;
use super::jobs;
use super::record::{Stretch, is_over, listed};
use super::unready;
use super::workload::{self, name, perform_act};

/// The objects as one list.
pub fn cluster(stretch: &Stretch, leaving: &BTreeSet<String>) -> Value {
    let mut objects: Vec<Value> = stretch.present().cloned().collect();
    for (act, value) in stretch.steps[0].acts().into_iter().filter(|(act, _)| !is_command(act)) {
        perform_act(&mut objects, &stretch.steps[0], act, value);
    }
    let mut items = nodes(stretch);
    if !stretch.failing().is_empty() {
        items.push(elsewhere(stretch));
    }
    items.extend(stretch.classes.iter().cloned());
    items.extend(listed(&stretch.before, "ReplicaSet").iter().filter_map(|set| replica_set(stretch, &objects, set)));
    let pods = listed(&stretch.before, "Pod").iter().filter(|pod| !is_over(pod) || jobs::is_uncounted(&objects, pod));
    items.extend(pods.filter_map(|pod| existing(stretch, &objects, leaving, pod)));
    let is_known = |object: &Value| listed(&stretch.before, "Pod").iter().any(|pod| pod["name"] == name(object));
    let given = objects.into_iter().filter(|object| match object["kind"].as_str() {
        Some("Pod") => !is_known(object),
        _ => true,
    });
    for object in given {
        if object["kind"] == "StatefulSet" {
            items.extend(controller_revisions(stretch, &object));
            items.push(stateful_set(stretch, object));
        } else if object["kind"] == "Job" {
            items.push(jobs::as_before(stretch, with_identity(object, "")));
        } else {
            items.push(with_identity(object, ""));
        }
    }
    items.extend(daemons::histories(stretch));
    json!({"apiVersion": "v1", "kind": "List", "items": items})
}

/// The nodes that are there, as they were when the stretch began.
fn nodes(stretch: &Stretch) -> Vec<Value> {
    let after = stretch.steps.last().map(|step| listed(&step.after, "Node")).unwrap_or_default();
    let is = |object: &&Value, name: &str| object["name"] == name;
    let known = || after.iter().chain(listed(&stretch.before, "Node"));
    let there = stretch.nodes.iter().filter(|node| known().any(|known| is(&known, name(node))));
    let as_it_was = |node: &Value| {
        let was = listed(&stretch.before, "Node").iter().find(|known| is(known, name(node)));
        let mut node = with_identity(node.clone(), "node-");
        if let Some(was) = was {
            as_before(&mut node, was);
        }
        let step = &stretch.steps[0];
        if step.does("taints") && step.action["node"] == name(&node) && !step.is_refused() {
            node["spec"]["taints"] = step.action["taints"].clone();
        }
        if step.action["label"] == name(&node) && !step.is_refused() {
            node["metadata"]["labels"]["disk"] = step.action["disk"].clone();
        }
        node
    };
    there.map(as_it_was).collect()
}

/// Gives a node the state that it was in. Taints of its condition follow from that.
pub fn as_before(node: &mut Value, was: &Value) {
    if let Some(disk) = was["labels"].get("disk") {
        node["metadata"]["labels"]["disk"] = disk.clone();
    }
    let taints = was["taints"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let taints: Vec<Value> = taints.filter(|taint| !taint.starts_with("node.kubernetes.io/")).map(taint).collect();
    node["spec"]["taints"] = json!(taints);
    if was["unschedulable"] == true {
        node["spec"]["unschedulable"] = json!(true);
    }
    if was["ready"] != "True" {
        node["status"]["conditions"] = json!([{"type": "Ready", "status": "Unknown"}]);
    }
}

/// A taint as it is recorded: `key=value:effect`.
fn taint(text: &str) -> Value {
    let (taint, effect) = text.rsplit_once(':').unwrap_or((text, ""));
    let (key, value) = taint.split_once('=').unwrap_or((taint, ""));
    json!({"key": key, "value": value, "effect": effect})
}

/// Other runs have nodes in zones of their own, so not every zone is down when all of this one's are.
fn elsewhere(stretch: &Stretch) -> Value {
    let mut node = stretch.nodes[0].clone();
    node["metadata"] = json!({
        "name": "elsewhere",
        "labels": {"kubernetes.io/hostname": "elsewhere", "topology.kubernetes.io/zone": "elsewhere"},
    });
    with_identity(node, "node-")
}

/// What the API server printed has an identity; the recordings leave it out.
fn with_identity(mut object: Value, prefix: &str) -> Value {
    object["metadata"]["uid"] = json!(format!("{prefix}{}", name(&object)));
    object
}

/// The workload's template with the image of a revision.
fn template(stretch: &Stretch, owner: &Value, revision: &Value) -> Value {
    let mut template = owner["spec"]["template"].clone();
    if let Some(known) = revision.as_i64().and_then(|revision| stretch.revisions.get(&revision)) {
        template["spec"]["containers"][0]["image"] = json!(known.image);
    }
    template
}

/// A Deployment's ReplicaSet as it was when the stretch began; others are given as objects.
fn replica_set(stretch: &Stretch, objects: &[Value], set: &Value) -> Option<Value> {
    let owner = workload::of_set(objects, set["name"].as_str()?).filter(|owner| owner["kind"] == "Deployment")?;
    let owned = json!([{
        "apiVersion": "apps/v1", "kind": "Deployment", "name": name(owner), "uid": name(owner), "controller": true,
    }]);
    let number = set["number"].as_str().unwrap_or("0");
    Some(json!({
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": set["name"],
            "uid": set["name"],
            "ownerReferences": owned,
            "annotations": {"deployment.kubernetes.io/revision": number},
        },
        "spec": {
            "replicas": set["spec.replicas"],
            "selector": owner["spec"]["selector"],
            "template": template(stretch, owner, &set["rev"]),
        },
    }))
}

/// The name of a StatefulSet's revision.
fn revision_name(set: &str, revision: &Value) -> Value {
    revision.as_i64().map_or(Value::Null, |number| json!(format!("{set}-revision-{number}")))
}

/// A StatefulSet with the status that it had when the stretch began.
fn stateful_set(stretch: &Stretch, object: Value) -> Value {
    let mut object = with_identity(object, "");
    let set = name(&object).to_owned();
    if let Some(was) = listed(&stretch.before, "StatefulSet").iter().find(|known| known["name"] == set.as_str()) {
        object["status"] = json!({
            "replicas": was["replicas"].as_i64().unwrap_or(0),
            "currentReplicas": was["currentReplicas"].as_i64().unwrap_or(0),
            "readyReplicas": was["readyReplicas"].as_i64().unwrap_or(0),
            "availableReplicas": was["availableReplicas"].as_i64().unwrap_or(0),
            "currentRevision": revision_name(&set, &was["currentRevision"]),
            "updateRevision": revision_name(&set, &was["updateRevision"]),
        });
    }
    object
}

/// The revisions of a StatefulSet with their templates.
fn controller_revisions(stretch: &Stretch, set: &Value) -> Vec<Value> {
    let own = stretch.revisions.iter().filter(|(_, known)| known.workload == name(set));
    let object = |number: &i64| {
        json!({
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": {
                "name": revision_name(name(set), &json!(number)),
                "uid": revision_name(name(set), &json!(number)),
            },
            "revision": number,
            "data": {"spec": {"template": template(stretch, set, &json!(number))}},
        })
    };
    own.map(|(number, _)| object(number)).collect()
}

/// A pod as it was when the stretch began, the user's edit included; `None` if the edit takes it away at once. Those that
/// are `leaving` are being deleted.
fn existing(stretch: &Stretch, objects: &[Value], leaving: &BTreeSet<String>, pod: &Value) -> Option<Value> {
    let step = &stretch.steps[0];
    if step.does("force-delete pod") && step.action["force-delete pod"] == pod["name"] && !step.is_refused() {
        return None;
    }
    let deleted = step.does("delete pod") && step.action["delete pod"] == pod["name"] && !step.is_refused();
    let deleted = deleted || pod["name"].as_str().is_some_and(|name| leaving.contains(name));
    if deleted && pod["node"].is_null() {
        return None;
    }
    let ready = pod["ready"] == true && !unready::is_given(stretch, pod);
    let mut object = as_given(stretch, objects, pod)?;
    object["status"] = json!({
        "phase": pod["phase"],
        "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}],
    });
    if !pod["node"].is_null() {
        object["spec"]["nodeName"] = pod["node"].clone();
    }
    daemons::complete(stretch, pod, &mut object);
    object["metadata"]["finalizers"] = json!(pod["finalizers"].as_array().cloned().unwrap_or_default());
    if deleted || pod["deleting"] == true {
        object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    }
    Some(object)
}

/// A pod as its owner made it, or the user.
pub fn as_given(stretch: &Stretch, objects: &[Value], pod: &Value) -> Option<Value> {
    if pod["owner"].is_null() {
        let own = objects.iter().find(|object| object["kind"] == "Pod" && name(object) == pod["name"])?;
        return Some(with_identity(own.clone(), ""));
    }
    let (kind, template) = match workload::of_pod(objects, pod) {
        Some(owner) if owner["kind"] == "StatefulSet" => {
            let mut template = template(stretch, owner, &pod["rev"]);
            template["metadata"]["labels"]["controller-revision-hash"] = revision_name(name(owner), &pod["rev"]);
            ("StatefulSet", template)
        }
        Some(owner) if owner["kind"] == "Job" => ("Job", template(stretch, owner, &pod["rev"])),
        Some(owner) if owner["kind"] == "DaemonSet" => ("DaemonSet", template(stretch, owner, &pod["rev"])),
        Some(owner) => ("ReplicaSet", template(stretch, owner, &pod["rev"])),
        None => return None,
    };
    Some(json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": pod["name"],
            "uid": pod["name"],
            "labels": template["metadata"]["labels"],
            "ownerReferences": [{
                "apiVersion": "apps/v1", "kind": kind, "name": pod["owner"], "uid": pod["owner"], "controller": true,
            }],
        },
        "spec": template["spec"],
    }))
}
