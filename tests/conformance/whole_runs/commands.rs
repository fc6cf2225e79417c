//! What the user did as commands of a scenario.

use serde_json::{Value, json};

use super::record::{Event, Step, Stretch};
use super::workload::{self, name, perform_act};

/// Whether an act is given as a command.
pub fn is_command(act: &str) -> bool {
    matches!(act, "image" | "scale" | "drain" | "unschedulable" | "uncordon" | "delete node" | "meanwhile")
}

/// What the user did as commands. What changes nothing is none.
pub fn commands(stretch: &Stretch) -> Vec<Value> {
    let mut objects = stretch.objects.clone();
    let mut commands = Vec::new();
    for step in stretch.steps.iter().filter(|step| !step.is_refused()) {
        for (act, value) in step.acts().into_iter().filter(|(act, _)| is_command(act)) {
            commands.extend(match act {
                "scale" | "image" => of_workload(&mut objects, step, act, value),
                "meanwhile" => of_budget(&objects, value),
                _ => of_node(step, act, value),
            });
        }
    }
    commands
}

fn of_workload(objects: &mut [Value], step: &Step, act: &str, value: &Value) -> Option<Value> {
    let object = workload::target(objects, step)?;
    let before = objects[object].clone();
    perform_act(objects, step, act, value);
    let object = &objects[object];
    if *object == before {
        return None;
    }
    let target = format!("{}/{}", object["kind"].as_str().unwrap_or_default().to_lowercase(), name(object));
    Some(match act {
        "scale" => json!({"scale": {"target": target, "replicas": value}}),
        _ => json!({"apply": without_size(object)}),
    })
}

/// A manifest that leaves the size as it is.
fn without_size(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(spec) = object["spec"].as_object_mut() {
        spec.remove("replicas");
    }
    object
}

fn of_node(step: &Step, act: &str, value: &Value) -> Option<Value> {
    let changes = step.events.iter().any(is_of_user);
    match act {
        // A node that was cordoned before is drained in vain without a sign of it.
        "drain" if is_given_up(step) => changes.then(|| drain(step, value)),
        "drain" => Some(drain(step, value)),
        "delete node" => Some(json!({"deleteNode": value})),
        "uncordon" => changes.then(|| json!({"uncordon": value})),
        _ if value == true => changes.then(|| json!({"cordon": step.action["node"]})),
        _ => changes.then(|| json!({"uncordon": step.action["node"]})),
    }
}

/// What the user does to a budget while a drain waits for it.
fn of_budget(objects: &[Value], value: &Value) -> Option<Value> {
    let budget = objects.iter().find(|object| object["kind"] == "PodDisruptionBudget")?;
    match value.as_str()?.split_once(' ')? {
        ("budget", "deleted") => Some(json!({"delete": {"kind": "PodDisruptionBudget", "name": name(budget)}})),
        (field, number) => {
            let mut budget = budget.clone();
            budget["spec"] = json!({"selector": budget["spec"]["selector"], field: number.parse::<i64>().ok()?});
            Some(json!({"apply": budget}))
        }
    }
}

/// A drain with its flags.
fn drain(step: &Step, node: &Value) -> Value {
    let given: Vec<&str> = step.action["flags"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let is_given = |flag: &str| given.contains(&flag);
    json!({"drain": {
        "node": node,
        "force": is_given("--force"),
        "deleteEmptydirData": is_given("--delete-emptydir-data"),
        "ignoreDaemonsets": is_given("--ignore-daemonsets"),
        "disableEviction": is_given("--disable-eviction"),
    }})
}

/// Whether a drain cordoned the node and then declined to evict anything, because of pods that its flags do not speak of.
pub fn is_given_up(step: &Step) -> bool {
    let output = step.result["output"].as_array().into_iter().flatten().filter_map(Value::as_str);
    step.result["exit"] != 0 && !output.into_iter().any(|line| line.starts_with("evicting pod"))
}

/// Whether the user changes an object that is not a pod.
pub fn is_of_user(event: &Event) -> bool {
    matches!(
        event.kind.as_str(),
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Node" | "PodDisruptionBudget"
    ) && matches!(event.by.as_deref(), Some("harness patch" | "kubectl-drain patch" | "harness delete"))
}
