//! ImageLocality: nodes that hold more of a pod's images are better.

use crate::cluster::arithmetic::image_score;
use crate::cluster::object::spec::NodeSpec;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::{Cell, NodeClass, TemplateId, object::images};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "scheduler/ImageLocality",
    component: Scheduler,
    upstream: [
        "pkg/scheduler/framework/plugins/imagelocality/image_locality.go" => ["Score", "calculatePriority"],
    ],
    decides: "Nodes that hold more of the pod's images, weighted by their size and by how many nodes hold them, are \
        better.",
    parts: [
        "the score" => "exact: tabulated by running upstream's arithmetic",
        "images" => "nodes keep those that they start with: pods pull none",
    ],
};

/// Scores of the cells: constants.
pub fn scores(cluster: &Cluster<'_>, cells: &[Cell<'_>], template: TemplateId) -> Vec<i64> {
    let needed: Vec<String> = images::of_pod(&cluster.templates[template.0].spec).collect();
    let weights: Vec<i64> = needed.iter().map(|name| weight(cluster, name)).collect();
    let score = |class: &NodeClass| {
        let present = |name: &str| images::of_node(&class.node).any(|(other, _)| other == name);
        let sum = needed.iter().zip(&weights).filter(|(name, _)| present(name)).map(|(_, weight)| weight).sum();
        image_score::image_score(sum, needed.len() as i64)
    };
    let by_class: Vec<i64> = cluster.classes.iter().map(score).collect();
    cells.iter().map(|cell| by_class[cell.class]).collect()
}

/// What an image adds to the sum of a node that has it. Its size is what the first such node tells.
fn weight(cluster: &Cluster<'_>, name: &str) -> i64 {
    let nodes = &cluster.spec.nodes;
    let size = |node: &NodeSpec| images::of_node(&node.node).find(|(other, _)| *other == name).map(|(_, size)| size);
    let sizes: Vec<i64> = nodes.iter().filter_map(size).collect();
    if !sizes.is_empty() {
        cluster.size.depends("ImageLocality asks for the share of nodes that have an image");
    }
    image_score::scaled(sizes.first().copied().unwrap_or(0), sizes.len() as i64, nodes.len() as i64)
}
