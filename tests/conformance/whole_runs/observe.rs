//! What recording and model have in common: observations, from recorded events and from steps of the model.
//!
//! The model counts pods where the recording names them, so an observation says which revision a pod is of and where it
//! is, never its name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use super::commands::{commands as commands_of, is_command, is_given_up, is_of_user};
use super::record::{Event, Step, Stretch, is_over, listed};
use super::unready;
use super::workload::{self, Kind, SCALED, revision};

/// Who began a pod's deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// Its ReplicaSet's controller.
    ReplicaSet,
    /// Its StatefulSet's controller.
    StatefulSet,
    /// Its DaemonSet's controller.
    DaemonSet,
    /// Its Job's controller.
    Job,
    /// Taint eviction.
    Taints,
    /// The scheduler, for a pod of higher priority.
    Preemption,
    /// A drain.
    Drain,
    /// A user: that is part of the input.
    User,
    /// Somebody else.
    Other,
}

impl By {
    /// The author of a recorded deletion.
    fn recorded(by: &str) -> By {
        match by.split_whitespace().next() {
            Some("replicaset-controller") => By::ReplicaSet,
            Some("statefulset-controller") => By::StatefulSet,
            Some("daemon-set-controller") => By::DaemonSet,
            Some("job-controller") => By::Job,
            Some("node-controller") => By::Taints,
            Some("scheduler") => By::Preemption,
            Some("kubectl-drain") => By::Drain,
            Some("harness") => By::User,
            _ => By::Other,
        }
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            By::ReplicaSet => "deleted by its ReplicaSet",
            By::StatefulSet => "deleted by its StatefulSet",
            By::DaemonSet => "deleted by its DaemonSet",
            By::Job => "deleted by its Job",
            By::Taints => "evicted by taints",
            By::Preemption => "preempted",
            By::Drain => "evicted by a drain",
            By::User => "deleted by a user",
            By::Other => "deleted by somebody else",
        })
    }
}

/// Something that both can be seen doing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seen {
    /// The user's command of this number, from 0.
    Command(usize),
    /// An autoscaler gives a workload another size.
    Scaled(String, i64),
    /// A revision's ReplicaSet has another size.
    Size(i64, i64),
    /// A pod of a revision is made.
    Created(Kind),
    /// It gets a node.
    Bound(Kind, String),
    /// It becomes ready.
    Ready(Kind, String),
    /// It ceases to be ready.
    Unready(Kind, String),
    /// Its deletion begins; without a node it is gone at once.
    Deleted(Kind, Option<String>, By),
    /// It has terminated.
    Gone(Kind, String),
    /// A node is seen to be down.
    Down(String),
    /// It is back.
    Up(String),
}

impl Seen {
    /// Whether kubelets report it, or no longer report at all: controllers may see it later than it was recorded, and
    /// the taints of a node that is down come and go after its condition.
    pub fn is_report(&self) -> bool {
        matches!(self, Seen::Ready(..) | Seen::Unready(..) | Seen::Gone(..) | Seen::Down(_) | Seen::Up(_))
    }

    /// Whether it is decided before it is written: a ReplicaSet's pods are made or deleted one after the other by one
    /// decision, and the scheduler takes a pod for bound while the binding is on its way.
    pub fn is_written_later(&self) -> bool {
        matches!(self, Seen::Created(_) | Seen::Deleted(..) | Seen::Bound(..))
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Seen::Command(number) => write!(f, "command {}", number + 1),
            Seen::Scaled(workload, size) => write!(f, "{workload} autoscaled to {size}"),
            Seen::Size(revision, size) => write!(f, "ReplicaSet of revision {revision} scaled to {size}"),
            Seen::Created(kind) => write!(f, "pod {kind} created"),
            Seen::Bound(kind, node) => write!(f, "pod {kind} bound to {node}"),
            Seen::Ready(kind, node) => write!(f, "pod {kind} on {node} ready"),
            Seen::Unready(kind, node) => write!(f, "pod {kind} on {node} not ready any more"),
            Seen::Deleted(kind, Some(node), by) => write!(f, "pod {kind} on {node} {by}"),
            Seen::Deleted(kind, None, by) => write!(f, "waiting pod {kind} {by}"),
            Seen::Gone(kind, node) => write!(f, "pod {kind} on {node} gone"),
            Seen::Down(node) => write!(f, "{node} down"),
            Seen::Up(node) => write!(f, "{node} back"),
        }
    }
}

/// What of the objects decides whether a change is one.
struct Known {
    /// Pods by `uid`: whether they were ready when their kubelets last said so.
    ready: BTreeMap<String, bool>,
    /// Pods whose deletion has begun.
    deleted: BTreeSet<String>,
    /// Who begins their deletions.
    deleters: BTreeMap<String, By>,
    /// Pods that have terminated.
    gone: BTreeSet<String>,
    /// Sizes of ReplicaSets by revision.
    sizes: BTreeMap<i64, i64>,
    /// Sizes of Deployments and StatefulSets by name.
    replicas: BTreeMap<String, i64>,
    /// Nodes that are not ready.
    down: BTreeSet<String>,
}

impl Known {
    fn before(stretch: &Stretch) -> Self {
        let (pods, nodes) = (listed(&stretch.before, "Pod"), listed(&stretch.before, "Node"));
        let sets = listed(&stretch.before, "ReplicaSet").iter();
        let deleted = pods.iter().filter(|pod| pod["deleting"] == true);
        let workloads = SCALED.iter().flat_map(|kind| listed(&stretch.before, kind));
        Known {
            ready: pods.iter().map(|pod| (pod["uid"].to_string(), pod["ready"] == true)).collect(),
            deleters: deleters(stretch),
            deleted: deleted.map(|pod| pod["uid"].to_string()).collect(),
            gone: pods.iter().filter(|pod| is_over(pod)).map(|pod| pod["uid"].to_string()).collect(),
            sizes: sets.map(|set| (revision(set), set["spec.replicas"].as_i64().unwrap_or(0))).collect(),
            replicas: workloads.filter_map(workload::replicas).collect(),
            down: nodes.iter().filter(|node| node["ready"] != "True").map(name).collect(),
        }
    }

    /// The new size of a Deployment or StatefulSet that had another one.
    fn note_size(&mut self, event: &Event) -> Option<Seen> {
        let (name, size) = workload::replicas(&event.state).filter(|_| SCALED.contains(&event.kind.as_str()))?;
        let before = self.replicas.insert(name.clone(), size)?;
        (before != size).then_some(Seen::Scaled(name, size))
    }
}

/// Who deletes each pod that is deleted. An event names the last writer only, who may have done something else.
fn deleters(stretch: &Stretch) -> BTreeMap<String, By> {
    let mut deleters = BTreeMap::new();
    for event in stretch.steps.iter().flat_map(|step| &step.events).filter(|event| event.kind == "Pod") {
        let by = event.by.as_deref().unwrap_or_default();
        let deletes = by.ends_with("delete") || by.ends_with("eviction");
        if deletes && !by.starts_with("kubelet") {
            deleters.entry(event.state["uid"].to_string()).or_insert(By::recorded(by));
        }
    }
    deleters
}

/// Observations with the times of their events, step by step.
pub fn recorded(stretch: &Stretch) -> Vec<Vec<(f64, Seen)>> {
    let mut known = Known::before(stretch);
    let (mut commands, given) = (0, commands_of(stretch).len());
    let mut all = Vec::new();
    for step in &stretch.steps {
        let mut found = Vec::new();
        let commanded = !step.is_refused() && step.acts().iter().any(|(act, _)| is_command(act));
        // A node that was cordoned before is drained without a sign of it, and so is a template replaced of which a quota has refused
        // the ReplicaSet.
        let drains = step.does("drain") && !is_given_up(step);
        let replaces = commanded && step.does("image") && commands < given;
        let unseen = (drains || replaces) && !step.events.iter().any(is_of_user);
        if unseen {
            found.push((step.events.first().map_or(0.0, |event| event.t), Seen::Command(commands)));
            commands += 1;
        }
        for event in &step.events {
            let seen = if commanded && !unseen && commands < given && is_of_user(event) {
                commands += 1;
                known.note_size(event);
                Some(Seen::Command(commands - 1))
            } else {
                of_event(stretch, event, &mut known)
            };
            found.extend(seen.map(|seen| (event.t, seen)));
        }
        found.extend(ended_at_last(stretch, step, &mut known));
        all.push(found);
    }
    all
}

/// Pods that a step is recorded to have left ended, without an event that says so: rest came first.
fn ended_at_last(stretch: &Stretch, step: &Step, known: &mut Known) -> Vec<(f64, Seen)> {
    let end = step.events.last().map_or(0.0, |event| event.t);
    let ended = listed(&step.after, "Pod").iter().filter(|pod| is_over(pod));
    let ended = ended.filter(|pod| known.gone.insert(pod["uid"].to_string()));
    let gone =
        |pod: &Value| Some((end, Seen::Gone(workload::kind(&stretch.objects, pod), pod["node"].as_str()?.to_owned())));
    ended.filter_map(gone).collect()
}

fn of_event(stretch: &Stretch, event: &Event, known: &mut Known) -> Option<Seen> {
    match event.kind.as_str() {
        // Whoever wrote last is named, even if the size is the Deployment controller's.
        "ReplicaSet" if event.change != "DELETED" && is_sized(stretch, &event.state) => {
            resized(event, &mut known.sizes)
        }
        "Deployment" | "StatefulSet" => known.note_size(event),
        "Pod" => of_pod(stretch, event, known),
        "Node" if event.change == "MODIFIED" => of_node(event, known),
        _ => None,
    }
}

/// Whether a Deployment sizes a ReplicaSet.
fn is_sized(stretch: &Stretch, set: &Value) -> bool {
    let owner = workload::of_set(&stretch.objects, set["name"].as_str().unwrap_or_default());
    owner.is_some_and(|owner| owner["kind"] == "Deployment")
}

fn of_node(event: &Event, known: &mut Known) -> Option<Seen> {
    let node = name(&event.state);
    match event.state["ready"] == "True" {
        true => known.down.remove(&node).then_some(Seen::Up(node)),
        false => known.down.insert(node.clone()).then_some(Seen::Down(node)),
    }
}

fn name(object: &Value) -> String {
    object["name"].as_str().unwrap_or_default().to_owned()
}

fn resized(event: &Event, sizes: &mut BTreeMap<i64, i64>) -> Option<Seen> {
    let (revision, size) = (revision(&event.state), event.state["spec.replicas"].as_i64()?);
    let before = sizes.insert(revision, size).unwrap_or(0);
    (before != size).then_some(Seen::Size(revision, size))
}

fn of_pod(stretch: &Stretch, event: &Event, known: &mut Known) -> Option<Seen> {
    let (pod, by) = (&event.state, event.by.as_deref().unwrap_or_default());
    let (kind, node) = (workload::kind(&stretch.objects, pod), pod["node"].as_str().map(str::to_owned));
    let (id, now) = (pod["uid"].to_string(), pod["ready"] == true);
    let before = known.ready.get(&id).copied().unwrap_or(false);
    if !by.starts_with("node-controller") {
        known.ready.insert(id.clone(), now);
    }
    let begins = pod["deleting"] == true && known.deleted.insert(id.clone());
    let author = known.deleters.get(&id).copied().unwrap_or(By::Other);
    let deleted = |node| (author != By::User).then_some(Seen::Deleted(kind, node, author));
    match (event.change.as_str(), node) {
        // Others than those of modelled workloads are part of the input.
        ("ADDED", _) => workload::of_pod(&stretch.objects, pod).map(|_| Seen::Created(kind)),
        (change, None) if pod["deleting"] == true || change == "DELETED" => {
            if known.gone.insert(id) {
                deleted(None)
            } else {
                None
            }
        }
        // A user who forces a deletion waits for nobody: that is part of the input.
        ("DELETED", Some(_)) if by.starts_with("harness") => None,
        (change, Some(node)) if is_over(pod) || change == "DELETED" => {
            known.gone.insert(id).then_some(Seen::Gone(kind, node))
        }
        (_, Some(node)) if by.ends_with("binding") => Some(Seen::Bound(kind, node)),
        (_, node) if begins => deleted(node),
        (_, Some(node)) if now && !before && pod["deleting"] != true => Some(Seen::Ready(kind, node)),
        (_, Some(node)) if before && unready::is_loss(stretch, event) => Some(Seen::Unready(kind, node)),
        _ => None,
    }
}
