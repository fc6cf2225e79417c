//! The recordings' format: a run of a real control plane, and its stretches from rest to rest.
//!
//! A step that was not awaited belongs to the stretch of the step after it, for in between nothing is known to be at rest; but
//! for Jobs whose pods run.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::priority;
use super::workload::{self, Revision};

/// A recorded run.
#[derive(Clone, Debug, Deserialize)]
pub struct Run {
    /// The file that it is from.
    pub family: String,
    /// Its number, or the name of a directed scenario.
    pub seed: Value,
    /// Node objects, those that were added later too.
    pub nodes: Vec<Value>,
    /// The other objects as they were given to the API.
    pub objects: Vec<Value>,
    /// `controller.kubernetes.io/pod-deletion-cost` of pods that have one.
    #[serde(rename = "deletion costs", default)]
    pub deletion_costs: Value,
    /// Where pods are autoscaled: what they use together, as `total` in milli-cores, when it begins.
    #[serde(default)]
    pub load: Value,
    /// What the user did, and what followed.
    pub steps: Vec<Step>,
}

/// What the user did, and what followed until rest.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Step {
    /// The action.
    #[serde(rename = "do")]
    pub action: Value,
    /// The API's answer.
    #[serde(default)]
    pub result: Value,
    /// Whether it came to rest; absent where the next step followed at once.
    #[serde(default)]
    pub settled: Value,
    /// Changes, in the order of resource versions.
    pub events: Vec<Event>,
    /// Kubernetes Events.
    #[serde(default)]
    pub says: Vec<Value>,
    /// Writes that the API refused.
    #[serde(default)]
    pub refused: Vec<Value>,
    /// All objects at rest.
    #[serde(default)]
    pub after: BTreeMap<String, Value>,
}

/// A change of an object.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Event {
    /// Seconds since the run began.
    pub t: f64,
    /// `ADDED`, `MODIFIED` or `DELETED`.
    #[serde(rename = "type")]
    pub change: String,
    /// The object's kind.
    pub kind: String,
    /// Author and verb.
    #[serde(default)]
    pub by: Option<String>,
    /// The object afterwards.
    pub state: Value,
}

/// A stretch of a run, from rest to rest.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Stretch {
    /// The run's family.
    pub family: String,
    /// Seed, and the number of its first step.
    pub id: String,
    /// Nodes as they were created.
    pub nodes: Vec<Value>,
    /// The objects as the user had them when it began, those that are created later, too.
    pub objects: Vec<Value>,
    /// All objects when it began.
    pub before: BTreeMap<String, Value>,
    /// PriorityClasses.
    pub classes: Vec<Value>,
    /// The template of each revision.
    pub revisions: BTreeMap<i64, Revision>,
    /// `controller.kubernetes.io/pod-deletion-cost` of pods that have one.
    pub deletion_costs: Value,
    /// Nodes whose kubelets are silent when it begins, whether anybody has noticed or not.
    pub failed: BTreeSet<String>,
    /// What autoscaled pods use together when it begins, in milli-cores.
    pub load: i64,
    /// Whether nothing was on its way when it began.
    pub begins_at_rest: bool,
    /// Its steps; all but the last were not awaited.
    pub steps: Vec<Step>,
}

impl Step {
    /// What is done, one thing after the other, without what merely says how.
    pub fn acts(&self) -> Vec<(&str, &Value)> {
        let told = |name: &str| {
            !matches!(
                name,
                "pod" | "node" | "flags" | "timeout" | "deployment" | "ready" | "phase" | "disk" | "then wait"
            )
        };
        let acts = self.action.as_object().into_iter().flatten();
        acts.map(|(name, value)| (name.as_str(), value)).filter(|(name, _)| told(name)).collect()
    }

    /// Whether it does this.
    pub fn does(&self, act: &str) -> bool {
        self.acts().iter().any(|(name, _)| *name == act)
    }

    /// What autoscaled pods use together after it, in milli-cores.
    pub fn load_after(&self, load: i64) -> i64 {
        self.action["load"].as_i64().unwrap_or(load)
    }

    /// Whether the API refused it.
    pub fn is_refused(&self) -> bool {
        let refused = |result: &Value| result["code"].as_i64().is_some_and(|code| code >= 400);
        refused(&self.result) || self.result.as_array().into_iter().flatten().any(refused)
    }
}

impl Stretch {
    /// The objects that are there when it begins, or are created by its steps.
    pub fn present(&self) -> impl Iterator<Item = &Value> {
        self.objects
            .iter()
            .filter(|object| self.has(object["kind"].as_str().unwrap_or_default(), workload::name(object)))
    }

    fn has(&self, kind: &str, name: &str) -> bool {
        let is_created = |event: &Event| event.change == "ADDED" && event.kind == kind && event.state["name"] == name;
        // What is given once and for all is not recorded again.
        kind == "LimitRange"
            || listed(&self.before, kind).iter().any(|object| object["name"] == name)
            || self.steps.iter().flat_map(|step| &step.events).any(is_created)
    }

    /// Whether nothing was on its way any more when it ended: some recordings end the moment a deletion begins.
    pub fn came_to_rest(&self) -> bool {
        let silent = self.failed_at_the_end();
        let leaves = |pod: &Value| {
            pod["deleting"] == true && pod["node"].as_str().is_some_and(|node| !silent.contains(node)) && !is_over(pod)
        };
        let is_at_rest = |step: &Step| step.settled == true && !listed(&step.after, "Pod").iter().any(leaves);
        self.steps.last().is_some_and(is_at_rest)
    }

    /// Whether some pod is recorded to be ready or not at rest without an event that says so: rest came in the middle of
    /// something.
    pub fn is_cut_short(&self) -> bool {
        let after = self.steps.last().map(|step| listed(&step.after, "Pod")).unwrap_or_default();
        is_unexplained(listed(&self.before, "Pod"), &self.steps, after)
    }

    /// When it ended, in seconds since the run began, if that is known.
    pub fn end(&self) -> Option<f64> {
        self.steps.last()?.after.get("t")?.as_f64()
    }

    /// Nodes whose kubelets are silent when it ends.
    pub fn failed_at_the_end(&self) -> BTreeSet<String> {
        let mut failed = self.failed.clone();
        for (act, nodes) in self.steps.iter().flat_map(Step::acts) {
            match act {
                "fail node" | "fail nodes" => failed.extend(names(nodes)),
                "recover node" | "recover nodes" => failed.retain(|node| !names(nodes).any(|back| back == *node)),
                _ => {}
            }
        }
        failed
    }

    /// Nodes whose kubelets are silent at some time.
    pub fn failing(&self) -> BTreeSet<String> {
        let acts = self.steps.iter().flat_map(Step::acts);
        let fails =
            acts.filter(|(act, _)| matches!(*act, "fail node" | "fail nodes")).flat_map(|(_, nodes)| names(nodes));
        self.failed.iter().cloned().chain(fails).collect()
    }
}

/// Whether some pod is ready or not `after` steps although neither they nor what was `before` say so.
fn is_unexplained(before: &[Value], steps: &[Step], after: &[Value]) -> bool {
    let mut ready: BTreeMap<String, &Value> = BTreeMap::new();
    let events = steps.iter().flat_map(|step| &step.events).filter(|event| event.kind == "Pod");
    let seen = before.iter().chain(events.map(|event| &event.state));
    ready.extend(seen.map(|pod| (pod["uid"].to_string(), &pod["ready"])));
    after.iter().any(|pod| ready.get(&pod["uid"].to_string()).is_some_and(|known| **known != pod["ready"]))
}

/// Gives steps what rest shows of a node's failure that was noticed at that moment: its events were recorded with the next step,
/// before the user did anything.
fn noticed_in_time(mut steps: Vec<Step>) -> Vec<Step> {
    for next in 2..steps.len() {
        let (before, step) = (listed(&steps[next - 2].after, "Pod"), &steps[next - 1]);
        if !is_unexplained(before, std::slice::from_ref(step), listed(&step.after, "Pod")) {
            continue;
        }
        let of_nodes = |event: &&Event| event.by.as_deref().is_none_or(|by| by.starts_with("node-controller"));
        let first = steps[next].events.iter().take_while(of_nodes).enumerate();
        let shown = first.filter(|(_, event)| listed(&step.after, &event.kind).contains(&event.state)).last();
        let shown = shown.map_or(0, |(last, _)| last + 1);
        let noticed: Vec<Event> = steps[next].events.drain(..shown).collect();
        steps[next - 1].events.extend(noticed);
    }
    steps
}

/// The names in a name or a list of them.
fn names(value: &Value) -> impl Iterator<Item = String> + '_ {
    let list = value.as_array().into_iter().flatten();
    value.as_str().into_iter().chain(list.filter_map(Value::as_str)).map(str::to_owned)
}

/// The objects of a kind in a list of them by kind.
pub fn listed<'a>(objects: &'a BTreeMap<String, Value>, kind: &str) -> &'a [Value] {
    objects.get(kind).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// What happens in the middle of a drain is recorded as a step before it, with the drain's first events: one step does both.
fn joined(steps: Vec<Step>) -> Vec<Step> {
    let mut all: Vec<Step> = Vec::new();
    for mut step in steps {
        if let Some(before) = all.pop_if(|before| before.does("meanwhile") && step.does("drain")) {
            let scaled = before.action["meanwhile"].as_str().and_then(|text| text.strip_prefix("scale to "));
            match scaled.and_then(|size| size.parse::<i64>().ok()) {
                Some(size) => step.action["scale"] = json!(size),
                None => step.action["meanwhile"] = before.action["meanwhile"].clone(),
            }
            step.events.splice(0..0, before.events);
            step.says.splice(0..0, before.says);
            step.refused.splice(0..0, before.refused);
        }
        all.push(step);
    }
    all
}

/// Whether a pod has ended, from when on no controller counts it.
pub fn is_over(pod: &Value) -> bool {
    matches!(pod["phase"].as_str(), Some("Succeeded" | "Failed"))
}

/// Whether nothing but running pods of Jobs is there after a step: it ends a stretch, although nobody waited for it.
fn runs_only_jobs(objects: &[Value], step: &Step) -> bool {
    let pods = listed(&step.after, "Pod");
    let is_of_job = |pod: &Value| workload::of_pod(objects, pod).is_some_and(|owner| owner["kind"] == "Job");
    !pods.is_empty() && pods.iter().all(|pod| is_of_job(pod) && pod["ready"] == true && pod["deleting"] != true)
}

/// The stretches of a run, as records of their own.
pub fn stretches(run: &Value) -> Result<Vec<Value>, String> {
    let mut run: Run = serde_json::from_value(run.clone()).map_err(|error| format!("malformed record: {error}"))?;
    run.steps = noticed_in_time(joined(run.steps));
    let (classes, revisions) = (priority::classes(&run), workload::revisions(&run));
    let (mut objects, mut before, mut open) = (run.objects.clone(), BTreeMap::new(), Vec::new());
    let (mut found, mut failed, mut rests) = (Vec::new(), BTreeSet::new(), true);
    let mut load = run.load["total"].as_i64().unwrap_or(0);
    for (number, step) in run.steps.iter().enumerate() {
        open.push(step.clone());
        let goes_on = step.settled.is_null() && number + 1 < run.steps.len();
        if goes_on && !runs_only_jobs(&run.objects, step) {
            continue;
        }
        let steps: Vec<Step> = std::mem::take(&mut open);
        let seed = run.seed.as_str().map_or_else(|| run.seed.to_string(), str::to_owned);
        let stretch = Stretch {
            family: run.family.clone(),
            id: format!("seed {seed} step {}", number + 2 - steps.len()),
            nodes: run.nodes.clone(),
            objects: objects.clone(),
            before: std::mem::replace(&mut before, step.after.clone()),
            classes: classes.clone(),
            revisions: revisions.clone(),
            deletion_costs: run.deletion_costs.clone(),
            failed: failed.clone(),
            load,
            begins_at_rest: std::mem::replace(&mut rests, step.settled == true),
            steps,
        };
        failed = stretch.failed_at_the_end();
        stretch.steps.iter().for_each(|step| workload::perform(&mut objects, step));
        load = stretch.steps.iter().fold(load, |load, step| step.load_after(load));
        for kind in workload::SCALED {
            workload::resize(&mut objects, kind, listed(&step.after, kind));
        }
        found.push(json!(stretch));
    }
    Ok(found)
}
