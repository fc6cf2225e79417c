//! How many pods of an owner may stay on each node.
//!
//! Part of the rule `descheduler/RemoveDuplicates`.

use crate::cluster::object::selector::{self, HARD_EFFECTS};
use crate::cluster::view::View;
use crate::cluster::{Cell, TemplateId};
use crate::term::{Bool, Ctx, Int};

/// Pods of one template on each node of every cell.
pub struct Column<'c> {
    /// Which template.
    pub template: TemplateId,
    /// Pods that the plugin lists.
    pub listed: Vec<Int<'c>>,
    /// Those of them that are duplicates: not the first of their kind on the node.
    pub duplicates: Vec<Int<'c>>,
}

/// What the plugin finds out about one owner and image list.
pub struct Plan<'c> {
    /// Pods, those that are alone on their node included.
    pub pods: Int<'c>,
    /// Nodes that duplicates could run on.
    pub nodes: Int<'c>,
    /// Pods that may stay on each node.
    pub stay: Int<'c>,
    /// Whether there are enough nodes to do anything.
    pub acts: Bool<'c>,
}

impl<'c> Plan<'c> {
    /// The plan for the templates of one key over cells that are `in_play`.
    pub fn new(cluster: &View<'c>, cells: &[Cell<'c>], in_play: &[Bool<'c>], columns: &[&Column<'c>]) -> Self {
        let ctx = cluster.ctx();
        let most: i64 = columns.iter().map(|column| cluster.templates[column.template.0].max_pods).sum();
        let pods = ctx.sum(columns.iter().map(|column| total(ctx, cells, &column.listed))).min(most);
        let nodes = cluster.at_most_nodes(feasible(cluster, cells, in_play, columns));
        let stay = (pods + nodes.minus_or_zero(1)).div(nodes.max(1)).max(1);
        Plan { pods, nodes, stay, acts: nodes.ge(2) }
    }

    /// Of so many duplicates on a node, those that stay beside the first pod.
    pub fn kept(&self, duplicates: Int<'c>) -> Int<'c> {
        self.acts.ite(duplicates.min(self.stay - 1), duplicates)
    }
}

fn total<'c>(ctx: &'c Ctx, cells: &[Cell<'c>], counts: &[Int<'c>]) -> Int<'c> {
    ctx.sum(cells.iter().zip(counts).map(|(cell, &count)| cell.multiplicity * count))
}

/// Nodes that some duplicate matches and tolerates. A pod that only one node suits adds nothing.
fn feasible<'c>(cluster: &View<'c>, cells: &[Cell<'c>], in_play: &[Bool<'c>], columns: &[&Column<'c>]) -> Int<'c> {
    let ctx = cluster.ctx();
    let adding: Vec<(TemplateId, Bool<'c>)> = columns
        .iter()
        .map(|column| {
            let present = cells.iter().zip(&column.duplicates).map(|(cell, pods)| cell.exists & pods.ge(1));
            let suiting = cells.iter().zip(in_play).filter(|(cell, _)| suits(cluster, cell.class, column.template));
            let suiting = ctx.sum(suiting.map(|(cell, in_play)| in_play.ite(cell.multiplicity, 0)));
            (column.template, ctx.any(present) & suiting.ge(2))
        })
        .collect();
    ctx.sum(cells.iter().zip(in_play).map(|(cell, &in_play)| {
        let wanted = adding.iter().filter(|(template, _)| suits(cluster, cell.class, *template));
        (in_play & ctx.any(wanted.map(|&(_, adds)| adds))).ite(cell.multiplicity, 0)
    }))
}

/// Whether a template's pods match and tolerate the nodes of a class. Cordoned ones count.
fn suits(cluster: &View<'_>, class: usize, template: TemplateId) -> bool {
    let (class, template) = (cluster.class(class), &cluster.templates[template.0]);
    class.matches(&template.spec)
        && selector::untolerated(template.tolerations(), class.taints(), &HARD_EFFECTS).next().is_none()
}
