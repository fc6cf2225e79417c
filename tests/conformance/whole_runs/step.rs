//! From a stretch of a run to an input: the objects as they were when it began, and what the user did as commands.
//!
//! What no command says is an edit of the objects at the start, where nothing happens before it: at rest, when the user
//! does it makes no difference.

use serde_json::{Value, json};

use crate::input::{LoadOptions, load_strings};
use crate::model::{Model, build_of_single_nodes};
use crate::property::Selection;

use super::record::{Step, Stretch, listed, perform_act};

/// Why a stretch is not followed.
pub type Reason = String;

/// What stands against modelling a stretch, if anything does.
pub fn not_modelled(stretch: &Stretch) -> Option<Reason> {
    let acts: Vec<&str> = stretch.steps.iter().flat_map(Step::acts).map(|(act, _)| act).collect();
    let edit = |act: &str| matches!(act, "create" | "paused" | "strategy" | "add node" | "delete pod" | "set ready");
    if let Some(act) = acts.iter().find(|act| !is_command(act) && !edit(act)) {
        return Some(format!("the action `{act}`"));
    }
    if let Some(act) = acts.iter().find(|act| edit(act)).filter(|_| acts.len() > 1) {
        return Some(format!("`{act}` among other actions"));
    }
    let down = listed(&stretch.before, "Node").iter().any(|node| node["ready"] != "True");
    if down {
        return Some("a node that is down at the start".to_owned());
    }
    if !stretch.deletion_costs.is_null() && acts.contains(&"scale") {
        return Some("pod deletion costs".to_owned());
    }
    let last = stretch.steps.last()?;
    (last.settled != json!(true)).then(|| "a step that never came to rest".to_owned())
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
    matches!(act, "image" | "scale")
}

/// What the user did as commands. What changes nothing is none.
pub fn commands(stretch: &Stretch) -> Vec<Value> {
    let mut objects = stretch.objects.clone();
    let mut commands = Vec::new();
    let steps = stretch.steps.iter().filter(|step| !step.is_refused());
    for (act, value) in steps.flat_map(Step::acts).filter(|(act, _)| is_command(act)) {
        let before = objects.clone();
        objects.iter_mut().for_each(|object| perform_act(object, act, value));
        if objects == before {
            continue;
        }
        let object = &objects[0];
        let target = format!("{}/{}", object["kind"].as_str().unwrap_or_default().to_lowercase(), name(object));
        commands.push(match act {
            "scale" => json!({"scale": {"target": target, "replicas": value}}),
            _ => json!({"apply": object}),
        });
    }
    commands
}

fn scenario(stretch: &Stretch) -> Value {
    json!({
        "apiVersion": "kubound.dev/v1alpha1",
        "kind": "Scenario",
        "spec": {"interleaving": "async", "commands": commands(stretch)},
    })
}

fn cluster(stretch: &Stretch) -> Value {
    let mut objects = stretch.objects.clone();
    for (act, value) in stretch.steps[0].acts().into_iter().filter(|(act, _)| !is_command(act)) {
        objects.iter_mut().for_each(|object| perform_act(object, act, value));
    }
    let owner = objects[0].clone();
    let mut items = nodes(stretch);
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
        node
    };
    there.map(as_it_was).collect()
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
