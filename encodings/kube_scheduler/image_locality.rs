//! ImageLocality: nodes that hold more of a pod's images are better.

use crate::cluster::arithmetic::image_score;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::{Cluster, NodeView};
use crate::cluster::{Cell, TemplateId, object::images};

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
    let score = |class: NodeView<'_, '_>| {
        let present = |name: &str| class.image(name).is_some();
        let sum = needed.iter().zip(&weights).filter(|(name, _)| present(name)).map(|(_, weight)| weight).sum();
        image_score::image_score(sum, needed.len() as i64)
    };
    let by_class: Vec<i64> = cluster.classes().map(score).collect();
    cells.iter().map(|cell| by_class[cell.class]).collect()
}

/// What an image adds to the sum of a node that has it. Its size is what the first such node tells.
fn weight(cluster: &Cluster<'_>, name: &str) -> i64 {
    let Some(size) = cluster.classes().find_map(|class| class.image(name)) else {
        return 0;
    };
    let why = "ImageLocality asks for the share of nodes that have an image";
    cluster.differs_by_size(why);
    let with = cluster.fixed_number(|class| cluster.class(class).image(name).is_some(), why);
    image_score::scaled(size, with, cluster.fixed_number(|_| true, why))
}
