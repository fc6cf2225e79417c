//! What a pod says of time: when it was made, bound, started and ready, and whether something came between.

use crate::cluster::object::spec::ObjectKey;
use crate::cluster::object::timing::GRACE;
use crate::input::object::RawObject;
use crate::input::tree::Tree;

use super::fields::{Reference, controller, element, number, text};
use super::stamps::Stamps;

/// The label with which the pods of a ReplicaSet end in its name.
const HASH: &str = "pod-template-hash";
/// What marks pods of which the API server has a mirror only: no scheduler saw them.
const MIRROR: &str = "kubernetes.io/config.mirror";

/// A pod.
#[derive(Debug)]
pub struct Pod {
    /// Namespace and name.
    pub key: ObjectKey,
    /// Its uid.
    pub uid: Option<String>,
    /// Who made it.
    pub owner: Option<Reference>,
    /// The label that its ReplicaSet gave it.
    pub hash: Option<String>,
    /// When it was made.
    pub created: Option<i64>,
    /// When it was bound, if it is.
    pub bound: Option<i64>,
    /// When it became ready, if it is.
    pub ready: Option<i64>,
    /// When the last of its containers started.
    pub started: Option<i64>,
    /// Whether a container has a readiness probe.
    pub is_probed: bool,
    /// Whether a container was restarted: then it is ready again.
    pub is_restarted: bool,
    /// Whether a kubelet made it, not a controller.
    pub is_mirror: bool,
    /// How long it may take to end, in seconds.
    pub grace: u32,
}

impl Pod {
    /// Reads a pod.
    pub fn of(raw: &RawObject, stamps: &mut Stamps) -> Self {
        let tree = raw.tree();
        let metadata = |key: &str| tree.get("metadata").and_then(|it| it.get(key));
        let named = |map: &str, key: &str| metadata(map).and_then(|it| it.get(key));
        let owner = controller(raw);
        let is_of_node = owner.as_ref().is_some_and(|owner| owner.identity.0 == "Node");
        let grace = number(&tree, "metadata.deletionGracePeriodSeconds");
        Pod {
            key: raw.full_key(),
            uid: text(&tree, "metadata.uid"),
            owner,
            hash: named("labels", HASH).and_then(Tree::as_str).map(str::to_owned),
            created: stamps.read(raw, &"metadata.creationTimestamp".into()),
            bound: since(raw, "PodScheduled", stamps),
            ready: since(raw, "Ready", stamps),
            started: started(raw, stamps),
            is_probed: containers(&tree).any(|it| it.get("readinessProbe").is_some()),
            is_restarted: statuses(&tree).any(|it| number(it, "restartCount").is_some_and(|count| count > 0)),
            is_mirror: is_of_node || named("annotations", MIRROR).is_some(),
            grace: grace.or_else(|| number(&tree, "spec.terminationGracePeriodSeconds")).unwrap_or(GRACE),
        }
    }
}

fn containers(tree: &Tree) -> impl Iterator<Item = &Tree> {
    let lists = ["spec.containers", "spec.initContainers"];
    lists.into_iter().filter_map(|list| tree.at(&list.into())).flat_map(Tree::elements)
}

fn statuses(tree: &Tree) -> impl Iterator<Item = &Tree> {
    let lists = ["status.containerStatuses", "status.initContainerStatuses"];
    lists.into_iter().filter_map(|list| tree.at(&list.into())).flat_map(Tree::elements)
}

/// Since when a condition is true, if it is.
fn since(raw: &RawObject, condition: &str, stamps: &mut Stamps) -> Option<i64> {
    const CONDITIONS: &str = "status.conditions";
    let tree = raw.tree();
    let says = |it: &Tree, key: &str, word: &str| it.get(key).and_then(Tree::as_str) == Some(word);
    let is_it = |it: &Tree| says(it, "type", condition) && says(it, "status", "True");
    let index = tree.at(&CONDITIONS.into())?.elements().iter().position(is_it)?;
    stamps.read(raw, &element(CONDITIONS, index, "lastTransitionTime"))
}

/// When the last of the containers started that run.
fn started(raw: &RawObject, stamps: &mut Stamps) -> Option<i64> {
    const STATUSES: &str = "status.containerStatuses";
    let count = raw.tree().at(&STATUSES.into())?.elements().len();
    (0..count).filter_map(|index| stamps.read(raw, &element(STATUSES, index, "state.running.startedAt"))).max()
}
