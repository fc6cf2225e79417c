//! Node groups of the cluster autoscaler: pools that scale, and nodes that are given as objects.

use k8s_openapi::api::core::v1::{Node, Taint};

use crate::cluster::object::node_groups;
use crate::cluster::object::scenario::{NodeGroup, Scaler};
use crate::cluster::object::selector;
use crate::cluster::object::spec::NodeSpec;
use crate::input::diagnostics::Diagnostics;
use crate::input::object::RawObject;
use crate::input::path::FieldPath;

use super::document::{Autoscale, ClusterAutoscaler, Document, NodeGroup as Given, NodePool};
use super::pools::HOSTNAME_LABEL;
pub use super::pools::MAX_COUNT;

/// Taints of single nodes begin so: they say how a node fares, and a fresh one has none of them.
const TAINTS_OF_STATE: &str = "node.kubernetes.io/";
/// So do those with which Karpenter says it.
const TAINTS_OF_KARPENTER: &str = "karpenter.sh/";
/// The soft taint of nodes that may be removed.
const CANDIDATE: &str = "DeletionCandidateOfClusterAutoscaler";

fn acts(document: &Document) -> bool {
    !matches!(document.spec.controllers.cluster_autoscaler, Some(ClusterAutoscaler::Acts(false)))
}

/// The groups of nodes that are given as objects; none where the autoscaler does not act.
pub fn of_nodes(document: &Document) -> impl Iterator<Item = &Given> {
    document.spec.node_groups.iter().filter(|_| acts(document))
}

/// The limits of a pool that the autoscaler scales.
pub fn of_pool(document: &Document, pool: &NodePool) -> Option<Autoscale> {
    pool.autoscale.filter(|_| acts(document))
}

/// All groups: those of nodes that are given, then those of pools.
pub fn all(document: &Document) -> Vec<NodeGroup> {
    let group = |name: &str, min: u32, max: u32| NodeGroup {
        name: name.to_owned(),
        min: min.into(),
        max: max.into(),
        scaler: Scaler::ClusterAutoscaler,
    };
    let given = of_nodes(document).map(|given| group(&given.name, given.min, given.max));
    let pools = document.spec.node_pools.iter();
    let pools = pools.filter_map(|pool| of_pool(document, pool).map(|it| group(&pool.name, it.min, it.max)));
    given.chain(pools).collect()
}

/// How many nodes a group of so many may have; limits that make no sense are reported.
pub fn most(
    Autoscale { min, max }: Autoscale,
    count: u32,
    (raw, path): (&RawObject, &FieldPath),
    sink: &mut Diagnostics,
) -> u32 {
    let (message, help) = match () {
        () if max > MAX_COUNT => (format!("{max} nodes are too many"), format!("give {MAX_COUNT} or less")),
        () if max == 0 => ("a group of no nodes".to_owned(), "raise `max`".to_owned()),
        () if min > max => (format!("`min` is {min}, above `max`, which is {max}"), "exchange them".to_owned()),
        () if !(min..=max).contains(&count) => {
            let message = format!("there are {count} nodes at the start, which is not between {min} and {max}");
            (message, "correct the number of nodes, `min` or `max`".to_owned())
        }
        () => return max,
    };
    sink.push(raw.error(path, message, help));
    count
}

/// Marks the nodes of groups that are given as objects, and adds those that may come.
pub fn add_to(nodes: &mut Vec<NodeSpec>, raw: &RawObject, document: &Document, sink: &mut Diagnostics) {
    for (index, given) in of_nodes(document).enumerate() {
        let path = FieldPath::from("spec.nodeGroups").index(index);
        let is_member = |node: &&mut NodeSpec| {
            let labels = node.node.metadata.labels.as_ref();
            labels.is_some_and(|labels| selector::matches_pairs(&given.match_labels, labels))
        };
        let (mut first, mut count) = (None, 0);
        for node in nodes.iter_mut().filter(is_member) {
            if node.group.replace(index).is_some() {
                let message = format!("node `{}` is in two groups", node.name);
                sink.push(raw.error(&path, message, "choose labels that only nodes of one group have"));
            }
            first.get_or_insert_with(|| node.clone());
            count += 1;
        }
        let Some(first) = first else {
            let help = "correct the labels, or give the group as a node pool with `autoscale`";
            sink.push(raw.error(&path.field("matchLabels"), "no node that is given has these labels", help));
            continue;
        };
        let most = most(Autoscale { min: given.min, max: given.max }, count, (raw, &path), sink);
        nodes.extend((1..=most - count).map(|number| fresh(&first, format!("{}-new-{number}", given.name))));
    }
}

/// A node of a group that is not there yet: like the first one, but for what is its own.
fn fresh(first: &NodeSpec, name: String) -> NodeSpec {
    let mut node: Node = first.node.clone();
    node.metadata.name = Some(name.clone());
    node.metadata.annotations = None;
    node.metadata.labels.get_or_insert_default().insert(HOSTNAME_LABEL.to_owned(), name.clone());
    if let Some(spec) = &mut node.spec {
        spec.unschedulable = None;
        spec.provider_id = None;
        spec.taints.iter_mut().for_each(|taints| taints.retain(is_lasting));
    }
    if let Some(status) = &mut node.status {
        (status.conditions, status.images) = (None, None);
    }
    NodeSpec { name, node, absent: true, ..first.clone() }
}

/// Whether a fresh node of a group has a taint of another one.
pub fn is_lasting(taint: &Taint) -> bool {
    let passing = [TAINTS_OF_STATE, TAINTS_OF_KARPENTER].iter().any(|prefix| taint.key.starts_with(prefix));
    !passing && taint.key != node_groups::going().key && taint.key != CANDIDATE
}
