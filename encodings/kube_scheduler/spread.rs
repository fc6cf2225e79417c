//! PodTopologySpread of kube-scheduler v1.34: `pkg/scheduler/framework/plugins/podtopologyspread/{filtering,scoring}.go`.
//!
//! Pods are counted by template: a template's pods match a selector together or not at all. A topology key of which no
//! two nodes share a value makes every node its own domain; other keys have the domains that classes name.
//!
//! Left out: pods of owners that the model does not move (DaemonSets, static pods) are not counted even where they match.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::TopologySpreadConstraint;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::cluster::arithmetic::spread_score::{self, SpreadTerm};
use crate::cluster::classes::{HOSTNAME, ZONE, is_singleton_key};
use crate::cluster::selector;
use crate::cluster::view::Cluster;
use crate::cluster::{Cell, TemplateId};
use crate::term::{Bool, Int};

use super::filters::Refusal;

/// Fixed-point unit of raw scores where an exact table would be too large.
const UNIT: i64 = 1 << 20;
/// Largest exact table of raw scores, in entries.
const LARGEST_TABLE: u64 = 1 << 16;

/// One constraint of one template, resolved.
pub struct Constraint {
    /// Topology key.
    pub key: String,
    /// `maxSkew`.
    pub max_skew: i64,
    min_domains: i64,
    /// Templates whose pods count.
    pub counted: Vec<TemplateId>,
    matches_itself: bool,
    honor_affinity: bool,
    honor_taints: bool,
    /// Whether every node is its own domain.
    pub singleton: bool,
}

/// The hard constraints of a template over the present cells.
pub struct Hard<'c> {
    /// For every constraint: per cell, whether it refuses the cell, and why.
    by_constraint: Vec<Vec<(Bool<'c>, Refusal)>>,
}

impl<'c> Hard<'c> {
    /// Refusals of a cell.
    pub fn refusals(&self, cell: usize) -> Vec<(Bool<'c>, Refusal)> {
        self.by_constraint.iter().map(|cells| cells[cell].clone()).collect()
    }
}

/// The constraints of a template with a given `whenUnsatisfiable`.
pub fn constraints(cluster: &Cluster<'_>, template: TemplateId, when: &str) -> Vec<Constraint> {
    let own = cluster.templates[template.0].spec.topology_spread_constraints.iter().flatten();
    own.filter(|constraint| constraint.when_unsatisfiable == when)
        .map(|constraint| resolve(cluster, template, constraint))
        .collect()
}

fn resolve(cluster: &Cluster<'_>, template: TemplateId, constraint: &TopologySpreadConstraint) -> Constraint {
    let pod = &cluster.templates[template.0];
    let selector = constraint.label_selector.as_ref();
    let keys = constraint.match_label_keys.as_deref().unwrap_or_default();
    let counts = |other: &TemplateId| {
        let other_pod = &cluster.templates[other.0];
        let same = |key: &String| match (pod.labels.get(key), other_pod.labels.get(key)) {
            (None, _) if key == "pod-template-hash" => *other == template,
            (None, _) => true,
            (own, others) => own == others,
        };
        other_pod.namespace == pod.namespace
            && selector.is_some_and(|selector| !is_empty(selector) && selector::matches(selector, &other_pod.labels))
            && keys.iter().all(same)
    };
    let policy = |policy: &Option<String>, default: bool| policy.as_ref().map_or(default, |policy| policy == "Honor");
    Constraint {
        key: constraint.topology_key.clone(),
        max_skew: i64::from(constraint.max_skew),
        min_domains: constraint.min_domains.map_or(1, i64::from),
        counted: (0..cluster.templates.len()).map(TemplateId).filter(counts).collect(),
        matches_itself: selector.is_some_and(|selector| selector::matches(selector, &pod.labels)),
        honor_affinity: policy(&constraint.node_affinity_policy, true),
        honor_taints: policy(&constraint.node_taints_policy, false),
        singleton: is_singleton_key(cluster.spec, &constraint.topology_key),
    }
}

fn is_empty(selector: &LabelSelector) -> bool {
    selector.match_labels.as_ref().is_none_or(|labels| labels.is_empty())
        && selector.match_expressions.as_ref().is_none_or(|expressions| expressions.is_empty())
}

/// The system's default constraints, for pods that list none: they count pods of the same ReplicaSet, whose selector
/// holds the template's hash.
fn defaults(cluster: &Cluster<'_>, template: TemplateId) -> Vec<Constraint> {
    let profile = cluster.profile(template);
    if !profile.system_default_spreading {
        let given = profile.default_constraints.iter();
        let soft = given.filter(|constraint| constraint.when_unsatisfiable == "ScheduleAnyway");
        let mut constraints: Vec<Constraint> = soft.map(|constraint| resolve(cluster, template, constraint)).collect();
        constraints.iter_mut().for_each(|constraint| constraint.counted = vec![template]);
        return constraints;
    }
    [(HOSTNAME, 3), (ZONE, 5)]
        .into_iter()
        .filter(|(key, _)| cluster.classes.iter().any(|class| class.label(key).is_some()))
        .map(|(key, max_skew)| Constraint {
            key: key.to_owned(),
            max_skew,
            min_domains: 1,
            counted: vec![template],
            matches_itself: true,
            honor_affinity: true,
            honor_taints: false,
            singleton: is_singleton_key(cluster.spec, key),
        })
        .collect()
}

impl Constraint {
    /// Matching pods on each node of a cell; pods that are being deleted do not count.
    pub fn on_cell<'c>(&self, cluster: &Cluster<'c>, cell: &Cell<'c>) -> Int<'c> {
        cluster.ctx().sum(self.counted.iter().map(|&template| cluster.active_on(cell, template)))
    }

    /// Whether nodes of a cell's class take part in counting.
    fn includes(&self, cluster: &Cluster<'_>, template: TemplateId, class: usize) -> bool {
        let (pod, class) = (&cluster.templates[template.0], &cluster.classes[class]);
        let tolerated =
            || selector::untolerated(pod.tolerations(), class.taints(), &["NoSchedule", "NoExecute"]).next().is_none();
        class.label(&self.key).is_some()
            && (!self.honor_affinity || selector::matches_node(&pod.spec, &class.node))
            && (!self.honor_taints || tolerated())
    }

    /// Matching pods by domain value, over the cells that `included` names.
    pub fn by_domain<'c>(
        &self,
        cluster: &Cluster<'c>,
        cells: &[Cell<'c>],
        included: &dyn Fn(usize) -> bool,
    ) -> BTreeMap<String, Int<'c>> {
        let mut domains: BTreeMap<String, Vec<Int<'c>>> = BTreeMap::new();
        for cell in cells.iter().filter(|cell| included(cell.class)) {
            if let Some(value) = cluster.classes[cell.class].label(&self.key) {
                let pods = cell.multiplicity * self.on_cell(cluster, cell);
                domains.entry(value.to_owned()).or_default().push(pods);
            }
        }
        let most: i64 = self.counted.iter().map(|id| cluster.templates[id.0].max_pods).sum();
        domains.into_iter().map(|(value, pods)| (value, cluster.ctx().sum(pods).min(most))).collect()
    }
}

/// DoNotSchedule constraints of a template.
pub fn hard<'c>(cluster: &Cluster<'c>, cells: &[Cell<'c>], template: TemplateId) -> Hard<'c> {
    let constraints = constraints(cluster, template, "DoNotSchedule");
    let has_all_keys =
        |class: usize| constraints.iter().all(|constraint| cluster.classes[class].label(&constraint.key).is_some());
    let by_constraint = constraints
        .iter()
        .map(|constraint| {
            let included = |class: usize| has_all_keys(class) && constraint.includes(cluster, template, class);
            refusals(cluster, cells, constraint, &included)
        })
        .collect();
    Hard { by_constraint }
}

fn refusals<'c>(
    cluster: &Cluster<'c>,
    cells: &[Cell<'c>],
    constraint: &Constraint,
    included: &dyn Fn(usize) -> bool,
) -> Vec<(Bool<'c>, Refusal)> {
    let ctx = cluster.ctx();
    let most: i64 = constraint.counted.iter().map(|id| cluster.templates[id.0].max_pods).sum();
    let domains = constraint.by_domain(cluster, cells, included);
    let single = |cell: &&Cell<'c>| included(cell.class);
    let (counts, number): (Vec<Int<'c>>, i64) = if constraint.singleton {
        let counts = cells.iter().filter(single).map(|cell| cell.exists.ite(constraint.on_cell(cluster, cell), most));
        let nodes = cluster.classes.iter().enumerate().filter(|(class, _)| included(*class));
        (counts.collect(), nodes.map(|(_, class)| class.members.len() as i64).sum())
    } else {
        (domains.values().copied().collect(), domains.len() as i64)
    };
    let smallest = if number < constraint.min_domains { ctx.int(0) } else { ctx.min(counts, 0) };
    let limit = constraint.max_skew - i64::from(constraint.matches_itself);
    let refuse = |cell: &Cell<'c>| {
        let value = cluster.classes[cell.class].label(&constraint.key);
        let here = match value {
            _ if !included(cell.class) => ctx.int(0),
            Some(_) if constraint.singleton => constraint.on_cell(cluster, cell),
            Some(value) => domains.get(value).copied().unwrap_or_else(|| ctx.int(0)),
            None => ctx.int(0),
        };
        let refused = if value.is_none() { ctx.bool(true) } else { (here - smallest).gt(limit) };
        (refused, refusal(constraint, value.is_none()))
    };
    cells.iter().map(refuse).collect()
}

fn refusal(constraint: &Constraint, label_missing: bool) -> Refusal {
    let key = &constraint.key;
    let message = if label_missing {
        format!("node(s) didn't match pod topology spread constraints (missing required label {key})")
    } else {
        format!("node(s) didn't match pod topology spread constraints (maxSkew {} over {key})", constraint.max_skew)
    };
    Refusal { plugin: "PodTopologySpread", message, unresolvable: label_missing }
}

/// Normalised ScheduleAnyway score (0..=100) of every cell, or `None` if the template has no such constraint.
pub fn soft_scores<'c>(
    cluster: &Cluster<'c>,
    cells: &[Cell<'c>],
    template: TemplateId,
    feasible: &[Bool<'c>],
) -> Option<Vec<Int<'c>>> {
    let explicit =
        cluster.templates[template.0].spec.topology_spread_constraints.as_ref().is_some_and(|c| !c.is_empty());
    let constraints =
        if explicit { constraints(cluster, template, "ScheduleAnyway") } else { defaults(cluster, template) };
    if constraints.is_empty() {
        return None;
    }
    let ctx = cluster.ctx();
    let has_keys = |class: usize| constraints.iter().all(|it| cluster.classes[class].label(&it.key).is_some());
    let scored: Vec<Bool<'c>> = cells
        .iter()
        .zip(feasible)
        .map(|(cell, &feasible)| if !explicit || has_keys(cell.class) { feasible } else { ctx.bool(false) })
        .collect();
    let columns: Vec<Column<'c>> =
        constraints.iter().map(|constraint| column(cluster, cells, template, constraint, &scored)).collect();
    let raw: Vec<Int<'c>> = (0..cells.len()).map(|cell| raw_score(cluster, &columns, cell)).collect();
    let highest = ctx.max(scored.iter().zip(&raw).map(|(&scored, &raw)| scored.ite(raw, 0)), 0);
    let above = highest.range().hi;
    let lowest = ctx.min(scored.iter().zip(&raw).map(|(&scored, &raw)| scored.ite(raw, above)), 0);
    let normalise = |(&scored, &raw): (&Bool<'c>, &Int<'c>)| {
        let share = ((highest + lowest - raw).max(0) * ctx.int(100)).div(highest.max(1)).min(100);
        scored.ite(highest.eq(0).ite(100, share), 0)
    };
    Some(scored.iter().zip(&raw).map(normalise).collect())
}

/// One constraint as the cells see it.
struct Column<'c> {
    max_skew: i64,
    domains: Int<'c>,
    /// Matching pods in each cell's domain; `None` where the cell has no domain and the constraint adds nothing.
    counts: Vec<Option<Int<'c>>>,
}

fn column<'c>(
    cluster: &Cluster<'c>,
    cells: &[Cell<'c>],
    template: TemplateId,
    constraint: &Constraint,
    scored: &[Bool<'c>],
) -> Column<'c> {
    let ctx = cluster.ctx();
    let included = |class: usize| constraint.includes(cluster, template, class);
    let by_domain = constraint.by_domain(cluster, cells, &included);
    let nodes = || ctx.sum(cells.iter().zip(scored).map(|(cell, scored)| scored.ite(cell.multiplicity, 0)));
    let domains = if constraint.singleton || constraint.key == HOSTNAME {
        nodes().min(cluster.spec.nodes.len() as i64)
    } else {
        let mut seen: BTreeMap<Option<&str>, Vec<Bool<'c>>> = BTreeMap::new();
        for (cell, &scored) in cells.iter().zip(scored) {
            seen.entry(cluster.classes[cell.class].label(&constraint.key)).or_default().push(scored);
        }
        ctx.sum(seen.into_values().map(|scored| ctx.any(scored).to_int()))
    };
    let count = |cell: &Cell<'c>| {
        let value = cluster.classes[cell.class].label(&constraint.key)?;
        if constraint.singleton || constraint.key == HOSTNAME {
            return Some(constraint.on_cell(cluster, cell));
        }
        Some(by_domain.get(value).copied().unwrap_or_else(|| ctx.int(0)))
    };
    Column { max_skew: constraint.max_skew, domains, counts: cells.iter().map(count).collect() }
}

/// Raw score of a cell: exact where the table stays small, else a sum of fixed-point weights, each off by at most half
/// a unit of 2⁻²⁰, which matters only within that distance of a rounding boundary.
fn raw_score<'c>(cluster: &Cluster<'c>, columns: &[Column<'c>], cell: usize) -> Int<'c> {
    let ctx = cluster.ctx();
    let present: Vec<(&Column<'c>, Int<'c>)> =
        columns.iter().filter_map(|column| Some((column, column.counts[cell]?))).collect();
    let indices: Vec<Int<'c>> = present.iter().flat_map(|&(column, count)| [count, column.domains]).collect();
    let skews: Vec<i64> = present.iter().map(|(column, _)| column.max_skew).collect();
    let size = indices.iter().fold(1u64, |size, index| size.saturating_mul(index.range().size()));
    if size <= LARGEST_TABLE {
        return ctx.table(&indices, |values| {
            let terms = values.chunks(2).zip(&skews);
            let terms: Vec<SpreadTerm> =
                terms.map(|(pair, &max_skew)| SpreadTerm { count: pair[0], domains: pair[1], max_skew }).collect();
            spread_score::raw_score(&terms)
        });
    }
    let weighted = present.iter().map(|&(column, count)| {
        let weight = column.domains.map(|domains| (spread_score::domain_weight(domains) * UNIT as f64).round() as i64);
        count * weight + ctx.int((column.max_skew - 1) * UNIT)
    });
    (ctx.sum(weighted) + UNIT / 2).div(UNIT)
}
