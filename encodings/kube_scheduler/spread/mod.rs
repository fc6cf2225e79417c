//! PodTopologySpread. `hard` has the constraints that refuse nodes, `soft` those that score them, `defaults` those of
//! pods that list none.
//!
//! Pods are counted by template: a template's pods match a selector together or not at all. A topology key of which no
//! two nodes share a value makes every node its own domain; other keys have the domains that classes name.

mod defaults;
mod hard;
mod soft;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::TopologySpreadConstraint;

use crate::cluster::object::selector;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::{Cluster, Inclusion};
use crate::cluster::{Cell, TemplateId};
use crate::term::{Bool, Int};

use super::labels;

pub use hard::Hard;
pub use soft::soft_scores;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "scheduler/PodTopologySpread",
    component: Scheduler,
    upstream: [
        "pkg/scheduler/framework/plugins/podtopologyspread/common.go" => [],
        "pkg/scheduler/framework/plugins/podtopologyspread/filtering.go" => ["PreFilter", "Filter"],
        "pkg/scheduler/framework/plugins/podtopologyspread/scoring.go" => ["PreScore", "Score", "NormalizeScore"],
    ],
    decides: "Nodes are refused in whose topology domain one more pod would make more than maxSkew, or that lack the \
        key of a DoNotSchedule constraint. By the score, domains of ScheduleAnyway constraints with fewer matching \
        pods are better.",
    parts: [
        "the filter, with its codes and messages" => "exact",
        "the score" => "exact: tabulated by running upstream's arithmetic",
        "default topology spreading: the pods that the Services selecting a pod and its controller select together" =>
            "exact for pods of StatefulSets and those without a modelled owner; pods of a Deployment or ReplicaSet count \
                those of the same template",
        "raw scores of which a table would be too large" =>
            "approximate: fixed point with an error of at most half a unit of 2⁻²⁰, which matters only at a rounding \
                boundary",
    ],
};

/// One constraint of one template, resolved.
pub struct Constraint {
    /// Topology key.
    pub key: String,
    /// `maxSkew`.
    pub max_skew: i64,
    min_domains: i64,
    /// Templates whose pods count: those that match, but none for a selector that asks for nothing.
    pub counted: Vec<TemplateId>,
    /// Templates whose pods match.
    matching: Vec<TemplateId>,
    /// Which nodes count.
    inclusion: Inclusion,
    /// Whether every node is its own domain.
    pub singleton: bool,
}

/// A domain.
struct Domain<'c> {
    /// Matching pods in it.
    pods: Int<'c>,
    /// Whether some node of it takes part in counting.
    exists: Bool<'c>,
}

/// The constraints that a template lists with a given `whenUnsatisfiable`.
pub fn constraints(cluster: &Cluster<'_>, template: TemplateId, when: &str) -> Vec<Constraint> {
    let own = cluster.templates[template.0].spec.topology_spread_constraints.iter().flatten();
    let own = own.filter(|constraint| constraint.when_unsatisfiable == when);
    own.map(|constraint| listed(cluster, template, constraint)).collect()
}

/// Whether a template has constraints that refuse nodes.
pub fn is_constrained(cluster: &Cluster<'_>, template: TemplateId) -> bool {
    !applying(cluster, template, "DoNotSchedule").is_empty()
}

/// Whether a template lists constraints, so that no default ones apply.
fn lists_any(cluster: &Cluster<'_>, template: TemplateId) -> bool {
    cluster.templates[template.0].spec.topology_spread_constraints.as_ref().is_some_and(|list| !list.is_empty())
}

/// The constraints that apply to a template: its own, else the profile's.
fn applying(cluster: &Cluster<'_>, template: TemplateId, when: &str) -> Vec<Constraint> {
    match lists_any(cluster, template) {
        true => constraints(cluster, template, when),
        false => defaults::constraints(cluster, template, when),
    }
}

fn listed(cluster: &Cluster<'_>, template: TemplateId, constraint: &TopologySpreadConstraint) -> Constraint {
    let pod = &cluster.templates[template.0];
    let mut keys = constraint.match_label_keys.clone().unwrap_or_default();
    keys.retain(|key| labels::value(cluster, template, key).is_some());
    let selected = |other: &TemplateId| match &constraint.label_selector {
        None => !keys.is_empty(),
        Some(selector) => selector::matches(selector, &cluster.templates[other.0].labels),
    };
    let matches = |other: &TemplateId| {
        cluster.templates[other.0].namespace == pod.namespace
            && selected(other)
            && labels::agree(cluster, template, *other, &keys)
    };
    let asks_nothing = keys.is_empty() && constraint.label_selector.as_ref().is_some_and(selector::is_empty);
    let matching: Vec<TemplateId> = (0..cluster.templates.len()).map(TemplateId).filter(matches).collect();
    resolved(cluster, constraint, if asks_nothing { Vec::new() } else { matching.clone() }, matching)
}

fn resolved(
    cluster: &Cluster<'_>,
    constraint: &TopologySpreadConstraint,
    counted: Vec<TemplateId>,
    matching: Vec<TemplateId>,
) -> Constraint {
    Constraint {
        key: constraint.topology_key.clone(),
        max_skew: i64::from(constraint.max_skew),
        min_domains: constraint.min_domains.map_or(1, i64::from),
        counted,
        matching,
        inclusion: Inclusion::of(constraint),
        singleton: cluster.has_singleton_domains(&constraint.topology_key),
    }
}

/// By class: whether its nodes carry the keys of all constraints.
fn has_all_keys(cluster: &Cluster<'_>, constraints: &[Constraint]) -> Vec<bool> {
    cluster.classes().map(|class| constraints.iter().all(|it| class.has_label(&it.key))).collect()
}

impl Constraint {
    /// Matching pods on each node of a cell; pods that are being deleted do not count.
    pub fn on_cell<'c>(&self, cluster: &Cluster<'c>, cell: &Cell<'c>) -> Int<'c> {
        cluster.ctx().sum(self.counted.iter().map(|&template| cluster.active_on(cell, template)))
    }

    /// Most pods that can be counted.
    fn most(&self, cluster: &Cluster<'_>) -> i64 {
        self.counted.iter().map(|id| cluster.templates[id.0].max_pods).sum()
    }

    /// Whether nodes of a class may take part in counting.
    fn includes(&self, cluster: &Cluster<'_>, template: TemplateId, class: usize) -> bool {
        let node = cluster.class(class);
        node.has_label(&self.key) && self.inclusion.admits(node, &cluster.templates[template.0])
    }

    /// By cell: whether its nodes take part in counting now; `included` names the classes that may.
    fn counts<'c>(
        &self,
        cluster: &Cluster<'c>,
        cells: &[Cell<'c>],
        template: TemplateId,
        included: &dyn Fn(usize) -> bool,
    ) -> Vec<Bool<'c>> {
        let pod = &cluster.templates[template.0];
        let counts = |cell: &Cell<'c>| match included(cell.class) {
            true => self.inclusion.counts_now(cluster, cell, pod),
            false => cluster.ctx().bool(false),
        };
        cells.iter().map(counts).collect()
    }

    /// Domains by value, over the cells that take part.
    fn by_domain<'c>(
        &self,
        cluster: &Cluster<'c>,
        cells: &[Cell<'c>],
        counts: &[Bool<'c>],
    ) -> BTreeMap<String, Domain<'c>> {
        let (ctx, most) = (cluster.ctx(), self.most(cluster));
        let mut domains: BTreeMap<String, Vec<Domain<'c>>> = BTreeMap::new();
        for (cell, &counts) in cells.iter().zip(counts).filter(|(_, counts)| counts.constant() != Some(false)) {
            if let Some(value) = cluster.node(cell).label(&self.key) {
                let pods = counts.ite(cell.multiplicity * self.on_cell(cluster, cell), 0);
                domains.entry(value.to_owned()).or_default().push(Domain { pods, exists: counts & cell.exists });
            }
        }
        let sum = |parts: Vec<Domain<'c>>| Domain {
            pods: ctx.sum(parts.iter().map(|it| it.pods)).min(most),
            exists: ctx.any(parts.iter().map(|it| it.exists)),
        };
        domains.into_iter().map(|(value, parts)| (value, sum(parts))).collect()
    }
}
