//! Node pools become nodes.

use k8s_openapi::api::core::v1::{Node, NodeSpec as KubeNodeSpec, NodeStatus};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::cluster::object::spec::NodeSpec;
use crate::input::diagnostics::Diagnostics;
use crate::input::object::RawObject;
use crate::input::path::FieldPath;
use crate::input::validate::{self, Check};

use super::document::{Document, NodePool};
use super::{groups, values};

/// The label that every node has.
pub const HOSTNAME_LABEL: &str = "kubernetes.io/hostname";
/// More nodes than this in one pool are taken for a mistake: the largest cluster Kubernetes supports has 5000.
pub const MAX_COUNT: u32 = 100_000;

/// The nodes of all pools: `<pool>-1`, `<pool>-2`, …; `counts` says how many each has. Of a node group there are all that
/// there may be.
pub fn expand(raw: &RawObject, document: &Document, counts: &[i64], sink: &mut Diagnostics) -> Vec<NodeSpec> {
    let mut nodes = Vec::new();
    let mut group = groups::of_nodes(document).count();
    for (index, (pool, &count)) in document.spec.node_pools.iter().zip(counts).enumerate() {
        let path = FieldPath::from("spec.nodePools").index(index);
        let Some(count) = possible(&path.field("count"), count, raw, sink) else { continue };
        let node = template(&path.field("template"), pool, raw, sink);
        let limits = groups::of_pool(document, pool);
        let most = limits.map_or(count, |limits| groups::most(limits, count, (raw, &path.field("autoscale")), sink));
        nodes.extend((1..=most).map(|number| NodeSpec {
            group: limits.map(|_| group),
            absent: number > count,
            ..member(pool, number, &node, raw, &path)
        }));
        group += usize::from(limits.is_some());
    }
    nodes
}

fn possible(path: &FieldPath, count: i64, raw: &RawObject, sink: &mut Diagnostics) -> Option<u32> {
    let (message, help) = match u32::try_from(count) {
        Ok(count) if count <= MAX_COUNT => return Some(count),
        Ok(_) => (format!("{count} nodes are too many"), format!("give {MAX_COUNT} or less")),
        Err(_) => (format!("there cannot be {count} nodes"), "use `max(0, …)`, or raise the smallest size".to_owned()),
    };
    sink.push(raw.error(path, message, help));
    None
}

fn template(path: &FieldPath, pool: &NodePool, raw: &RawObject, sink: &mut Diagnostics) -> Node {
    let amounts = |list: &std::collections::BTreeMap<String, super::document::Amount>| {
        list.iter()
            .map(|(name, amount)| (name.clone(), Quantity(values::text(amount))))
            .collect::<std::collections::BTreeMap<_, _>>()
    };
    let (allocatable, capacity) = (amounts(&pool.template.allocatable), amounts(&pool.template.capacity));
    let mut check = Check::new(raw, sink);
    check.amounts(&path.field("allocatable"), Some(&allocatable));
    check.amounts(&path.field("capacity"), Some(&capacity));
    validate::other::taints(&path.field("taints"), &pool.template.taints, &mut check);
    if allocatable.is_empty() && capacity.is_empty() {
        check.error(path, "the nodes of this pool offer nothing", "add `allocatable: {cpu: \"4\", memory: 8Gi}`");
    }
    if !validate::is_subdomain(&pool.name) {
        check.error(
            path,
            format!("`{}` cannot be the name of a node", pool.name),
            "use lower case letters, digits and `-`",
        );
    }
    let taints = Some(pool.template.taints.clone()).filter(|taints| !taints.is_empty());
    let some = |list: std::collections::BTreeMap<_, _>| Some(list).filter(|list| !list.is_empty());
    Node {
        metadata: ObjectMeta { labels: Some(pool.template.labels.clone()), ..ObjectMeta::default() },
        spec: Some(KubeNodeSpec { taints, ..KubeNodeSpec::default() }),
        status: Some(NodeStatus { allocatable: some(allocatable), capacity: some(capacity), ..NodeStatus::default() }),
    }
}

fn member(pool: &NodePool, number: u32, template: &Node, raw: &RawObject, path: &FieldPath) -> NodeSpec {
    let name = format!("{}-{number}", pool.name);
    let mut node = template.clone();
    node.metadata.name = Some(name.clone());
    node.metadata.labels.get_or_insert_default().insert(HOSTNAME_LABEL.to_owned(), name.clone());
    NodeSpec { name, node, pool: Some(pool.name.clone()), origin: raw.origin(path), ..NodeSpec::default() }
}
