//! `spread-balanced`: pods of a workload stay balanced over a topology key.

use std::collections::BTreeMap;

use crate::cluster::counting::reads::Reads;
use crate::cluster::object::scenario::PropertySpec;
use crate::cluster::object::spec::ClusterSpec;
use crate::cluster::view::{Cluster, WorkloadVars};
use crate::cluster::{Cell, Template};
use crate::system::{Checkpoint, PropertyKind};
use crate::term::{Bool, Int};

use super::definition::{About, Definition};
use super::{PropertyError, targets};

/// The property.
pub const DEFINITION: Definition = Definition {
    name: "spread-balanced",
    says: "the pods of a workload stay within maxSkew over a topology key",
    violated_by: "a settled state in which the domains of a topology key differ by more than `maxSkew` in the workload's bound \
                  pods. Of a key that no two nodes share, nodes that are down are no domains",
    arguments: &["maxSkew", "topologyKey"],
    needs: "it needs a topology spread constraint, or `maxSkew` and `topologyKey`",
    about: About { places: true, ..Definition::PLAIN.about },
    reads,
    build,
    ..Definition::PLAIN
};

fn reads(spec: &ClusterSpec, templates: &[Template], reads: &mut Reads) {
    let own = spec.scenario.properties.iter().filter(|property| property.name == DEFINITION.name);
    own.filter_map(|property| property.arguments.get("topologyKey")).for_each(|key| reads.topology_key(key));
    templates.iter().for_each(|template| reads.spreading_of(&template.spec));
}

/// Adds the property: of every workload with `maxSkew` and `topologyKey` as arguments, or by the DoNotSchedule
/// constraints of its present template; by all of them where the user asks for the property by name. Asked where nothing event-driven is enabled.
fn build(cluster: &Cluster<'_>, property: &PropertySpec) -> Result<bool, PropertyError> {
    let mut found = false;
    for (_, object, vars) in targets(cluster, &property.target) {
        for (key, skew) in limits(cluster, property, vars)? {
            let (ctx, state) = (cluster.ctx(), cluster.state());
            let counts = domain_counts(cluster, vars, &key);
            let most = vars.templates.iter().map(|id| cluster.templates[id.0].max_pods).sum::<i64>();
            let skewed = ctx.max(counts.iter().map(|&(count, exists)| exists.ite(count, 0)), 0)
                - ctx.min(counts.iter().map(|&(count, exists)| exists.ite(count, most)), 0);
            let holds = (!cluster.exists(&state, vars) | skewed.le(skew)).id();
            let kind = PropertyKind::Invariant { holds, at: Checkpoint::Settled };
            let subject = format!("{}: maxSkew {skew} over {key}", object.key);
            cluster.property(DEFINITION.name, subject, kind);
            found = true;
        }
    }
    Ok(found)
}

fn limits(
    cluster: &Cluster<'_>,
    property: &PropertySpec,
    vars: &WorkloadVars,
) -> Result<Vec<(String, i64)>, PropertyError> {
    let given_key = property.arguments.get("topologyKey");
    let given_skew = match property.arguments.get("maxSkew") {
        Some(text) => Some(
            text.trim().parse::<i64>().map_err(|_| DEFINITION.bad("maxSkew", format!("`{text}` is not a number")))?,
        ),
        None => None,
    };
    if let (Some(key), Some(skew)) = (given_key, given_skew) {
        return Ok(vec![(key.clone(), skew)]);
    }
    let present = vars.templates.last().map(|id| &cluster.templates[id.0].spec);
    let constraints = present.iter().flat_map(|spec| spec.topology_spread_constraints.iter().flatten());
    let hard = constraints.filter(|it| property.is_named || it.when_unsatisfiable == "DoNotSchedule");
    let wanted = hard.filter(|it| given_key.is_none_or(|key| *key == it.topology_key));
    Ok(wanted.map(|it| (it.topology_key.clone(), given_skew.unwrap_or(i64::from(it.max_skew)))).collect())
}

/// Pods of a workload in each domain of a key, and whether the domain exists; nodes that are down do not count.
fn domain_counts<'c>(cluster: &Cluster<'c>, vars: &WorkloadVars, key: &str) -> Vec<(Int<'c>, Bool<'c>)> {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let cells: Vec<_> = cluster.cells(&state).into_iter().filter(|cell| cluster.node(cell).has_label(key)).collect();
    let on = |cell: &Cell<'c>| ctx.sum(vars.templates.iter().map(|&template| cluster.active_on(cell, template)));
    if cluster.has_singleton_domains(key) {
        return cells.iter().map(|cell| (on(cell), cell.exists & !cluster.is_down(cell))).collect();
    }
    let mut domains: BTreeMap<&str, Vec<Int<'c>>> = Default::default();
    for cell in &cells {
        if let Some(value) = cluster.node(cell).label(key) {
            domains.entry(value).or_default().push(cell.multiplicity * on(cell));
        }
    }
    domains.into_values().map(|counts| (ctx.sum(counts), ctx.bool(true))).collect()
}
