//! `spread-balanced`: pods of a workload stay balanced over a topology key.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::TopologySpreadConstraint;

use crate::cluster::counting::reads::Reads;
use crate::cluster::object::scenario::PropertySpec;
use crate::cluster::object::selector;
use crate::cluster::object::spec::ClusterSpec;
use crate::cluster::view::{Cluster, Inclusion, WorkloadVars};
use crate::cluster::{Cell, Template, TemplateId};
use crate::system::{Checkpoint, PropertyKind};
use crate::term::{Bool, Int};

use super::definition::{About, Definition, Field};
use super::{PropertyError, targets};

/// The label that tells revisions of a Deployment apart; its controller sets it.
const HASH: &str = "pod-template-hash";

/// The property.
pub const DEFINITION: Definition = Definition {
    name: "spread-balanced",
    says: "the pods of a workload stay within maxSkew over a topology key",
    violated_by: "a settled state in which the domains of a topology key differ by more than `maxSkew` in the workload's bound \
                  pods. Domains are those that the constraint counts (`nodeAffinityPolicy`, `nodeTaintsPolicy`), without \
                  those whose nodes are all down; of a key that no constraint names, those that the pods may be bound to. \
                  Of several revisions, those count that the constraint of the present one counts (`labelSelector`, \
                  `matchLabelKeys`). Where it counts pods of others, too, all that it counts must differ as much",
    arguments: &["maxSkew", "topologyKey"],
    needs: "it needs a topology spread constraint, or `maxSkew` and `topologyKey`",
    about: About { places: true, ..Definition::PLAIN.about },
    field: Field::OfWorkload("spec.template.spec.topologySpreadConstraints"),
    reads,
    build,
    ..Definition::PLAIN
};

fn reads(spec: &ClusterSpec, templates: &[Template], reads: &mut Reads) {
    let own = spec.scenario.properties.iter().filter(|property| property.name == DEFINITION.name);
    own.filter_map(|property| property.arguments.get("topologyKey")).for_each(|key| reads.topology_key(key));
    for template in templates {
        reads.spreading_of(&template.spec);
        reads.affinity_of(&template.spec);
    }
    reads.taints();
}

/// Adds the property: of every workload with `maxSkew` and `topologyKey` as arguments, or by the DoNotSchedule
/// constraints of its present template; by all of them where the user asks for the property by name. Asked where nothing event-driven is enabled.
fn build(cluster: &Cluster<'_>, property: &PropertySpec) -> Result<bool, PropertyError> {
    let mut found = false;
    // Pods of Jobs end where they are, which nobody evens out.
    for (_, object, vars) in targets(cluster, &property.target).filter(|(_, object, _)| !object.kind.is_batch()) {
        let Some(&present) = vars.templates.last() else { continue };
        for limit in limits(cluster, property, vars)? {
            let (ctx, state) = (cluster.ctx(), cluster.state());
            let Limit { key, skew, .. } = &limit;
            // What the scheduler keeps in balance is the sum over all that the constraint counts.
            let groups = [&limit.counted, &limit.in_company].into_iter().filter(|group| !group.is_empty());
            let in_balance = groups.map(|group| skew_of(cluster, present, &limit, group).le(*skew));
            let holds = (!cluster.exists(&state, vars) | ctx.any(in_balance)).id();
            let kind = PropertyKind::Invariant { holds, at: Checkpoint::Settled };
            let subject = format!("{}: maxSkew {skew} over {key}", object.key);
            cluster.property(DEFINITION.name, subject, kind);
            found = true;
        }
    }
    Ok(found)
}

/// How far which domains may differ.
struct Limit {
    key: String,
    skew: i64,
    inclusion: Inclusion,
    /// Templates of the workload whose pods count.
    counted: Vec<TemplateId>,
    /// The same with those of others; empty where the constraint counts no others.
    in_company: Vec<TemplateId>,
}

fn limits(cluster: &Cluster<'_>, property: &PropertySpec, vars: &WorkloadVars) -> Result<Vec<Limit>, PropertyError> {
    let Some(&present) = vars.templates.last() else { return Ok(Vec::new()) };
    let given_key = property.arguments.get("topologyKey");
    let given_skew = match property.arguments.get("maxSkew") {
        Some(text) => Some(
            text.trim().parse::<i64>().map_err(|_| DEFINITION.bad("maxSkew", format!("`{text}` is not a number")))?,
        ),
        None => None,
    };
    let constraints = cluster.templates[present.0].spec.topology_spread_constraints.iter().flatten();
    let wanted = constraints.filter(|it| given_key.is_none_or(|key| *key == it.topology_key));
    if let (Some(key), Some(skew)) = (given_key, given_skew) {
        let inclusion = wanted.map(Inclusion::of).next().unwrap_or(Inclusion::STRICT);
        return Ok(vec![Limit {
            key: key.clone(),
            skew,
            inclusion,
            counted: vars.templates.clone(),
            in_company: Vec::new(),
        }]);
    }
    let hard = wanted.filter(|it| property.is_named || it.when_unsatisfiable == "DoNotSchedule");
    let limit = |it: &TopologySpreadConstraint| {
        let all = (0..cluster.templates.len()).map(TemplateId);
        let all: Vec<TemplateId> = all.filter(|&other| counts(cluster, present, other, it)).collect();
        let counted: Vec<TemplateId> = all.iter().copied().filter(|other| vars.templates.contains(other)).collect();
        Limit {
            key: it.topology_key.clone(),
            skew: given_skew.unwrap_or(i64::from(it.max_skew)),
            inclusion: Inclusion::of(it),
            in_company: if all.len() > counted.len() { all } else { Vec::new() },
            counted,
        }
    };
    Ok(hard.map(limit).collect())
}

/// Whether a constraint of the present revision counts the pods of another template.
fn counts(
    cluster: &Cluster<'_>,
    present: TemplateId,
    other: TemplateId,
    constraint: &TopologySpreadConstraint,
) -> bool {
    let [pod, another] = [present, other].map(|template| &cluster.templates[template.0]);
    let (own, others) = (&pod.labels, &another.labels);
    let is_hash = |key: &String| key == HASH && pod.is_of_replica_set();
    let is_own = pod.workload == another.workload;
    let agree = |key: &String| match is_hash(key) {
        true => is_own && pod.revision == another.revision,
        false => own.get(key).is_none_or(|value| others.get(key) == Some(value)),
    };
    let selected = constraint.label_selector.as_ref().map_or(is_own, |selector| selector::matches(selector, others));
    present == other
        || (pod.namespace == another.namespace && selected && constraint.match_label_keys.iter().flatten().all(agree))
}

/// By how much the domains that a limit is about differ in pods of some templates.
fn skew_of<'c>(cluster: &Cluster<'c>, present: TemplateId, limit: &Limit, counted: &[TemplateId]) -> Int<'c> {
    let ctx = cluster.ctx();
    let counts = domain_counts(cluster, present, limit, counted);
    let most = counts.iter().map(|(count, _)| count.range().hi).max().unwrap_or(0);
    ctx.max(counts.iter().map(|&(count, exists)| exists.ite(count, 0)), 0)
        - ctx.min(counts.iter().map(|&(count, exists)| exists.ite(count, most)), 0)
}

/// Pods of some templates in each domain that a limit is about, and whether the domain exists.
fn domain_counts<'c>(
    cluster: &Cluster<'c>,
    present: TemplateId,
    Limit { key, inclusion, .. }: &Limit,
    counted: &[TemplateId],
) -> Vec<(Int<'c>, Bool<'c>)> {
    let (ctx, state, pod) = (cluster.ctx(), cluster.state(), &cluster.templates[present.0]);
    let included = |cell: &Cell<'c>| {
        let node = cluster.node(cell);
        node.has_label(key) && inclusion.admits(node, pod)
    };
    let cells: Vec<_> = cluster.listed(&state).into_iter().filter(included).collect();
    let on = |cell: &Cell<'c>| ctx.sum(counted.iter().map(|&template| cluster.active_on(cell, template)));
    let counts = |cell: &Cell<'c>| inclusion.counts_now(cluster, cell, pod);
    let exists = |cell: &Cell<'c>| cell.exists & !cluster.is_down(cell) & counts(cell);
    if cluster.has_singleton_domains(key) {
        return cells.iter().map(|cell| (on(cell), exists(cell))).collect();
    }
    let mut domains: BTreeMap<&str, Vec<(Int<'c>, Bool<'c>)>> = Default::default();
    for cell in &cells {
        if let Some(value) = cluster.node(cell).label(key) {
            let pods = counts(cell).ite(cell.multiplicity * on(cell), 0);
            domains.entry(value).or_default().push((pods, exists(cell)));
        }
    }
    let sum = |parts: Vec<(Int<'c>, Bool<'c>)>| {
        (ctx.sum(parts.iter().map(|&(pods, _)| pods)), ctx.any(parts.iter().map(|&(_, exists)| exists)))
    };
    domains.into_values().map(sum).collect()
}
