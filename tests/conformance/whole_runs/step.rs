//! From a stretch of a run to an input: the objects as they were when it began, and what the user did as commands.
//!
//! What no command says is an edit of the objects at the start, where nothing happens before it: at rest, when the user
//! does it makes no difference.

use serde_json::{Value, json};

use crate::encodings::replicaset::ranking::deletion_cost;
use crate::input::{LoadOptions, load_strings};
use crate::model::{Model, build_of_single_nodes};
use crate::property::Selection;

use super::observe::is_of_user;
use super::record::{Step, Stretch, listed, perform_act};

/// Why a stretch is not followed.
pub type Reason = String;

/// What stands against modelling a stretch, if anything does.
pub fn not_modelled(stretch: &Stretch) -> Option<Reason> {
    let acts: Vec<&str> = stretch.steps.iter().flat_map(Step::acts).map(|(act, _)| act).collect();
    let edit = |act: &str| matches!(act, "create" | "paused" | "strategy" | "add node" | "delete pod" | "set ready");
    let fails = |act: &str| matches!(act, "fail node" | "recover node");
    if let Some(act) = acts.iter().find(|act| !is_command(act) && !edit(act) && !fails(act)) {
        return Some(format!("the action `{act}`"));
    }
    if let Some(act) = acts.iter().find(|act| edit(act)).filter(|_| acts.len() > 1) {
        return Some(format!("`{act}` among other actions"));
    }
    if costs_decide(stretch) {
        return Some("pod deletion costs".to_owned());
    }
    let last = stretch.steps.last()?;
    (last.settled != json!(true)).then(|| "a step that never came to rest".to_owned())
}

/// Whether it may depend on deletion costs which pods are deleted: some are, not all, and one of them has costs.
fn costs_decide(stretch: &Stretch) -> bool {
    let pods: Vec<&Value> = listed(&stretch.before, "Pod").iter().filter(|pod| pod["deleting"] != true).collect();
    let cost = |pod: &Value| {
        let cost = stretch.deletion_costs.get(pod["name"].as_str().unwrap_or_default());
        deletion_cost(cost.and_then(Value::as_str))
    };
    let acts = stretch.steps.iter().flat_map(Step::acts);
    let sizes: Vec<u64> = acts.filter(|(act, _)| *act == "scale").filter_map(|(_, size)| size.as_u64()).collect();
    let most = sizes.iter().copied().max().unwrap_or(0).max(pods.len() as u64);
    pods.iter().any(|pod| cost(pod) != 0) && sizes.iter().any(|&size| size > 0 && size < most)
}

/// Builds the model of a stretch, with every node told apart.
pub fn build(stretch: &Stretch) -> Result<Model, String> {
    let (cluster, scenario) = (cluster(stretch), scenario(stretch));
    let texts = [("cluster", cluster.to_string()), ("scenario", scenario.to_string())];
    let texts = texts.each_ref().map(|(name, text)| (*name, text.as_str()));
    let loaded = load_strings(&texts, LoadOptions::default()).map_err(|diagnostics| diagnostics.to_string())?;
    let none = Selection { properties: Vec::new(), chosen: true };
    build_of_single_nodes(&loaded.spec, &none).map_err(|error| error.to_string())
}

/// Whether an act is given as a command.
pub fn is_command(act: &str) -> bool {
    matches!(act, "image" | "scale" | "drain" | "unschedulable" | "uncordon")
}

/// What the user did as commands. What changes nothing is none.
pub fn commands(stretch: &Stretch) -> Vec<Value> {
    let mut objects = stretch.objects.clone();
    let mut commands = Vec::new();
    for step in stretch.steps.iter().filter(|step| !step.is_refused()) {
        for (act, value) in step.acts().into_iter().filter(|(act, _)| is_command(act)) {
            commands.extend(match act {
                "scale" | "image" => of_workload(&mut objects, act, value),
                _ => of_node(step, act, value),
            });
        }
    }
    commands
}

fn of_workload(objects: &mut [Value], act: &str, value: &Value) -> Option<Value> {
    let before = objects.to_vec();
    objects.iter_mut().for_each(|object| perform_act(object, act, value));
    if objects == before {
        return None;
    }
    let object = &objects[0];
    let target = format!("{}/{}", object["kind"].as_str().unwrap_or_default().to_lowercase(), name(object));
    Some(match act {
        "scale" => json!({"scale": {"target": target, "replicas": value}}),
        _ => json!({"apply": object}),
    })
}

fn of_node(step: &Step, act: &str, value: &Value) -> Option<Value> {
    let changes = step.events.iter().any(is_of_user);
    match act {
        "drain" => Some(json!({"drain": value})),
        "uncordon" => changes.then(|| json!({"uncordon": value})),
        _ if value == true => changes.then(|| json!({"cordon": step.action["node"]})),
        _ => changes.then(|| json!({"uncordon": step.action["node"]})),
    }
}

fn scenario(stretch: &Stretch) -> Value {
    let mut spec = json!({"interleaving": "async", "commands": commands(stretch)});
    let failing = stretch.failing();
    if !failing.is_empty() {
        spec["failures"] = json!({"nodes": failing, "atMost": "any", "recover": true});
    }
    json!({"apiVersion": "kubound.dev/v1alpha1", "kind": "Scenario", "spec": spec})
}

fn cluster(stretch: &Stretch) -> Value {
    let mut objects = stretch.objects.clone();
    for (act, value) in stretch.steps[0].acts().into_iter().filter(|(act, _)| !is_command(act)) {
        objects.iter_mut().for_each(|object| perform_act(object, act, value));
    }
    let owner = objects[0].clone();
    let mut items = nodes(stretch);
    if !stretch.failing().is_empty() {
        items.push(elsewhere(stretch));
    }
    let sets = listed(&stretch.before, "ReplicaSet").iter();
    if owner["kind"] == "Deployment" {
        items.extend(sets.map(|set| replica_set(stretch, &owner, set)));
    }
    items.extend(objects.into_iter().map(|object| with_identity(object, "")));
    items.extend(listed(&stretch.before, "Pod").iter().filter_map(|pod| existing(stretch, &owner, pod)));
    json!({"apiVersion": "v1", "kind": "List", "items": items})
}

/// The nodes that are there, as they were when the stretch began.
fn nodes(stretch: &Stretch) -> Vec<Value> {
    let after = stretch.steps.last().map(|step| listed(&step.after, "Node")).unwrap_or_default();
    let is = |object: &&Value, name: &str| object["name"] == name;
    let there = stretch.nodes.iter().filter(|node| after.iter().any(|known| is(&known, name(node))));
    let as_it_was = |node: &Value| {
        let mut node = with_identity(node.clone(), "node-");
        let was = listed(&stretch.before, "Node").iter().find(|known| is(known, name(&node)));
        if was.is_some_and(|was| was["unschedulable"] == true) {
            node["spec"]["unschedulable"] = json!(true);
        }
        if was.is_some_and(|was| was["ready"] != "True") {
            node["status"]["conditions"] = json!([{"type": "Ready", "status": "Unknown"}]);
        }
        node
    };
    there.map(as_it_was).collect()
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

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

/// The workload's template with the image of a revision.
fn template(stretch: &Stretch, owner: &Value, revision: &Value) -> Value {
    let mut template = owner["spec"]["template"].clone();
    if let Some(image) = revision.as_i64().and_then(|revision| stretch.images.get(&revision)) {
        template["spec"]["containers"][0]["image"] = json!(image);
    }
    template
}

fn replica_set(stretch: &Stretch, owner: &Value, set: &Value) -> Value {
    let owned = json!([{
        "apiVersion": "apps/v1", "kind": "Deployment", "name": name(owner), "uid": name(owner), "controller": true,
    }]);
    let number = set["number"].as_str().unwrap_or("0");
    json!({
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
    })
}

/// A pod as it was when the stretch began, the user's edit included; `None` if the edit takes it away at once.
fn existing(stretch: &Stretch, owner: &Value, pod: &Value) -> Option<Value> {
    let template = template(stretch, owner, &pod["rev"]);
    let step = &stretch.steps[0];
    let deleted = step.does("delete pod") && step.action["delete pod"] == pod["name"] && !step.is_refused();
    if deleted && pod["node"].is_null() {
        return None;
    }
    let ready = pod["ready"] == true && !loses_readiness(stretch, pod);
    let mut object = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": pod["name"],
            "uid": pod["name"],
            "labels": template["metadata"]["labels"],
            "ownerReferences": [{
                "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": pod["owner"], "uid": pod["owner"],
                "controller": true,
            }],
        },
        "spec": template["spec"],
        "status": {
            "phase": pod["phase"],
            "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}],
        },
    });
    if !pod["node"].is_null() {
        object["spec"]["nodeName"] = pod["node"].clone();
    }
    if deleted || pod["deleting"] == true {
        object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    }
    Some(object)
}

/// Whether the user made a readiness probe of a pod fail.
pub fn loses_readiness(stretch: &Stretch, pod: &Value) -> bool {
    let step = &stretch.steps[0];
    let lost = |state: &Value| state["name"] == pod["name"] && state["ready"] == false && state["deleting"] != true;
    step.does("set ready") && step.events.iter().any(|event| event.kind == "Pod" && lost(&event.state))
}
