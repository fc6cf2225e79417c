//! The descheduler (`sigs.k8s.io/descheduler`, June 2026, v0.36) with `descheduler/v1alpha2` policies.
//!
//! Every plugin of the policy is a periodic action of its own. Pods that it evicts are made again by their owners and
//! placed again by the scheduler within the same block.
//!
//! Left out: that the plugins of one policy run in one cycle and share its limits (each runs in a block of its own, and of
//! the limits only `maxNoOfPodsToEvictPerNode` counts, for RemoveDuplicates); `minReplicas` counts all pods of an owner;
//! pod protections other than those that follow from the kind of owner; the evictor's priority threshold.

mod duplicates;
mod spread;

use crate::cluster::spec::{DeschedulerPlugin, NamespaceFilter};
use crate::cluster::view::Cluster;
use crate::cluster::{Cell, TemplateId};
use crate::term::Bool;

use super::kubelet::room;

/// State of plugins that take several steps.
#[derive(Default)]
pub struct DeschedulerVars {
    spread: Vec<spread::GroupVars>,
}

/// Declares what the plugins remember between the steps of a cycle.
pub fn declare(cluster: &Cluster<'_>) -> DeschedulerVars {
    let plugins = cluster.spec.descheduler.iter().flat_map(|policy| &policy.plugins);
    let spread = plugins.flat_map(|plugin| match plugin {
        DeschedulerPlugin::TopologySpread { constraints, namespaces, balance_node_fit } => {
            spread::declare(cluster, constraints, namespaces, *balance_node_fit)
        }
        DeschedulerPlugin::RemoveDuplicates { .. } => Vec::new(),
    });
    DeschedulerVars { spread: spread.collect() }
}

/// Adds the plugins of the policy.
pub fn add(cluster: &Cluster<'_>, vars: &DeschedulerVars) {
    let Some(policy) = &cluster.spec.descheduler else { return };
    for plugin in &policy.plugins {
        if let DeschedulerPlugin::RemoveDuplicates { exclude_owner_kinds, namespaces } = plugin
            && !exclude_owner_kinds.iter().any(|kind| kind == "ReplicaSet")
        {
            duplicates::add(cluster, policy, namespaces);
        }
    }
    spread::add(cluster, &vars.spread);
}

/// Templates whose pods a plugin may look at: the namespaces that it names, owners with enough replicas.
fn eligible(cluster: &Cluster<'_>, namespaces: &NamespaceFilter) -> Vec<TemplateId> {
    let min_replicas = cluster.spec.descheduler.as_ref().map_or(0, |policy| policy.min_replicas);
    let wanted = |id: &TemplateId| {
        let template = &cluster.templates[id.0];
        let included = namespaces.include.is_empty() || namespaces.include.contains(&template.namespace);
        let critical = template.priority() >= 2_000_000_000;
        included && !namespaces.exclude.contains(&template.namespace) && !critical && template.max_pods >= min_replicas
    };
    cluster.movable().filter(wanted).collect()
}

/// Whether nodes of a cell are in play: Ready. Cordoned ones are.
fn in_play<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>) -> Bool<'c> {
    cell.exists & !cluster.is_down(cell)
}

/// Whether the nodes of a class are feasible for a template's pods as far as selectors and taints go.
fn is_feasible(cluster: &Cluster<'_>, class: usize, template: TemplateId) -> bool {
    let class = &cluster.classes[class];
    class.names.iter().any(|name| cluster.templates[template.0].may_run_on(name, &class.node))
}

/// Whether one more pod of a template fits a node of a cell, as the descheduler's node fit asks.
fn fits<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, template: TemplateId) -> Bool<'c> {
    if !is_feasible(cluster, cell.class, template) {
        return cluster.ctx().bool(false);
    }
    in_play(cluster, cell) & !cluster.is_cordoned(cell) & room(cluster, cell, template).ge(1)
}

/// The cells whose pods fit some other node.
fn fit_elsewhere<'c>(cluster: &Cluster<'c>, cells: &[Cell<'c>], template: TemplateId) -> Vec<Bool<'c>> {
    let ctx = cluster.ctx();
    let fitting: Vec<Bool<'c>> = cells.iter().map(|cell| fits(cluster, cell, template)).collect();
    let elsewhere = |(position, cell): (usize, &Cell<'c>)| {
        let others = fitting.iter().enumerate().filter(|&(other, _)| other != position).map(|(_, &fits)| fits);
        ctx.any(others) | (fitting[position] & cell.multiplicity.ge(2))
    };
    cells.iter().enumerate().map(elsewhere).collect()
}
