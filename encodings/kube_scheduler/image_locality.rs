//! ImageLocality of kube-scheduler v1.34: `pkg/scheduler/framework/plugins/imagelocality/image_locality.go`.
//!
//! Nodes keep the images that they start with: pods pull none.

use crate::cluster::arithmetic::image_score;
use crate::cluster::view::Cluster;
use crate::cluster::{Cell, TemplateId, images};

/// Score of a cell's nodes: constant.
pub fn score(cluster: &Cluster<'_>, cell: &Cell<'_>, template: TemplateId) -> i64 {
    let class = &cluster.classes[cell.class];
    let needed: Vec<String> = images::of_pod(&cluster.templates[template.0].spec).collect();
    let present = needed.iter().filter(|name| images::of_node(&class.node).any(|(other, _)| other == name.as_str()));
    let all = cluster.spec.nodes.len() as i64;
    let sum = present.map(|name| {
        let (size, nodes) = known(cluster, name);
        image_score::scaled(size, nodes, all)
    });
    image_score::image_score(sum.sum(), needed.len() as i64)
}

/// The size of an image, as the first node that has it tells, and the number of nodes that have it.
fn known(cluster: &Cluster<'_>, name: &str) -> (i64, i64) {
    let sizes = cluster
        .spec
        .nodes
        .iter()
        .filter_map(|node| images::of_node(&node.node).find(|(other, _)| *other == name).map(|(_, size)| size));
    let sizes: Vec<i64> = sizes.collect();
    (sizes.first().copied().unwrap_or(0), sizes.len() as i64)
}
