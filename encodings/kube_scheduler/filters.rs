//! Filter plugins of kube-scheduler v1.34: `pkg/scheduler/framework/plugins/{nodeunschedulable, nodename,
//! tainttoleration, nodeaffinity, noderesources/fit.go, podtopologyspread/filtering.go}`, in their order.
//!
//! A node that is down carries `node.kubernetes.io/not-ready` or `unreachable` with NoSchedule, put there by the node
//! lifecycle controller.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Taint;

use crate::cluster::layout::requested;
use crate::cluster::selector;
use crate::cluster::view::Cluster;
use crate::cluster::{Cell, Template, TemplateId};
use crate::term::{Bool, Ctx};

use super::spread;

/// Why a filter refuses a node, in the scheduler's words.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Refusal {
    /// The plugin.
    pub plugin: &'static str,
    /// The message.
    pub message: String,
    /// Whether no eviction can change it (`UnschedulableAndUnresolvable`).
    pub unresolvable: bool,
}

/// What the filters say of one cell.
pub struct Verdict<'c> {
    exists: Bool<'c>,
    /// Each filter that can refuse it: whether it does, and why. In the plugins' order.
    pub refusals: Vec<(Bool<'c>, Refusal)>,
    ctx: &'c Ctx,
}

impl<'c> Verdict<'c> {
    /// Whether the filter that refuses it says that preempting pods might help.
    pub fn resolvable(&self) -> Bool<'c> {
        let none = self.ctx.bool(false);
        let (mut refused, mut unresolvable) = (none, none);
        for plugin in self.refusals.chunk_by(|(_, a), (_, b)| a.plugin == b.plugin) {
            let hopeless = plugin.iter().filter(|(_, why)| why.unresolvable).map(|(refused, _)| *refused);
            unresolvable = unresolvable | !refused & self.ctx.any(hopeless);
            refused = refused | self.ctx.any(plugin.iter().map(|(refused, _)| *refused));
        }
        refused & !unresolvable
    }

    /// Whether the cell exists and no filter refuses it.
    pub fn passes(&self) -> Bool<'c> {
        self.exists & !self.ctx.any(self.refusals.iter().map(|(refused, _)| *refused))
    }
}

/// The verdict on every cell for a pod of a template.
pub fn verdicts<'c>(cluster: &Cluster<'c>, cells: &[Cell<'c>], template: TemplateId) -> Vec<Verdict<'c>> {
    let profile = cluster.profile(template);
    let enabled: BTreeSet<&str> = profile.filters.iter().map(String::as_str).collect();
    let spreading = spread::hard(cluster, cells, template);
    let verdict = |(index, cell): (usize, &Cell<'c>)| {
        let pod = &cluster.templates[template.0];
        let mut refusals = node_unschedulable(cluster, cell, pod);
        refusals.extend(static_filters(cluster, cell, pod));
        refusals.extend(resources_fit(cluster, cell, pod));
        refusals.extend(spreading.refusals(index));
        refusals.retain(|(refused, why)| enabled.contains(why.plugin) && refused.constant() != Some(false));
        Verdict { exists: cell.exists, refusals, ctx: cluster.ctx() }
    };
    cells.iter().enumerate().map(verdict).collect()
}

fn refusal(plugin: &'static str, message: impl Into<String>) -> Refusal {
    let unresolvable = !matches!(plugin, "NodeResourcesFit");
    Refusal { plugin, message: message.into(), unresolvable }
}

fn taint(key: &str, effect: &str) -> Taint {
    Taint { key: key.to_owned(), effect: effect.to_owned(), ..Taint::default() }
}

/// NodeUnschedulable: cordoned nodes, unless the pod tolerates the taint of that name.
fn node_unschedulable<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, pod: &Template) -> Vec<(Bool<'c>, Refusal)> {
    let tolerated = selector::tolerates(pod.tolerations(), &taint("node.kubernetes.io/unschedulable", "NoSchedule"));
    let cordoned = if tolerated { cluster.ctx().bool(false) } else { cluster.is_cordoned(cell) };
    vec![(cordoned, refusal("NodeUnschedulable", "node(s) were unschedulable"))]
}

/// NodeName, TaintToleration and NodeAffinity: they read the node's class only, apart from the taint of nodes that are down.
fn static_filters<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, pod: &Template) -> Vec<(Bool<'c>, Refusal)> {
    let (ctx, class) = (cluster.ctx(), &cluster.classes[cell.class]);
    let misnamed = pod.pinned_to().is_some_and(|name| !class.names.iter().any(|known| known == name));
    let mut refusals = vec![(ctx.bool(misnamed), refusal("NodeName", "node(s) didn't match the requested node name"))];
    if let Some(taint) = selector::untolerated(pod.tolerations(), class.taints(), &["NoSchedule", "NoExecute"]).next() {
        let value = taint.value.as_deref().unwrap_or_default();
        let message = format!("node(s) had untolerated taint {{{}: {value}}}", taint.key);
        refusals.push((ctx.bool(true), refusal("TaintToleration", message)));
    }
    let not_ready = taint("node.kubernetes.io/not-ready", "NoSchedule");
    if !selector::tolerates(pod.tolerations(), &not_ready) {
        let message = "node(s) had untolerated taint {node.kubernetes.io/not-ready: }";
        refusals.push((cluster.is_down(cell), refusal("TaintToleration", message)));
    }
    let unmatched = !selector::matches_node(&pod.spec, &class.node);
    refusals.push((ctx.bool(unmatched), refusal("NodeAffinity", "node(s) didn't match Pod's node affinity/selector")));
    refusals
}

/// NodeResourcesFit: requests of the pods on the node and of the new one within allocatable; requests of 0 always fit.
fn resources_fit<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, pod: &Template) -> Vec<(Bool<'c>, Refusal)> {
    let mut refusals = Vec::new();
    for (resource, amount) in requested(pod).filter(|&(_, amount)| amount > 0) {
        let free = cluster.classes[cell.class].free(resource);
        let others = cluster.movable().map(|other| cluster.templates[other.0].requests.get(resource));
        let unit = others.filter(|&other| other > 0).fold(amount, gcd);
        let used = cluster.movable().map(|other| {
            let request = cluster.templates[other.0].requests.get(resource) / unit;
            cluster.holding_on(cell, other) * cluster.ctx().int(request)
        });
        let room = free.div_euclid(unit) - amount / unit;
        let message = if resource == "pods" { "Too many pods".to_owned() } else { format!("Insufficient {resource}") };
        let mut why = refusal("NodeResourcesFit", message);
        why.unresolvable = resource != "pods" && amount > cluster.classes[cell.class].allocatable.get(resource);
        refusals.push((cluster.ctx().sum(used).gt(room), why));
    }
    refusals
}

/// Greatest common divisor of two positive numbers.
fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
