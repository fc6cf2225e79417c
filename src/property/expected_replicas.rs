//! `expected-replicas`: a workload never falls below an expression.

use crate::cluster::object::scenario::PropertySpec;
use crate::cluster::view::Declaring;
use crate::system::Checkpoint;

use super::definition::{About, Definition, Field, Observer};
use super::floor::{self, Counts, Demand};
use super::{Expression, PropertyError, targets};

/// The property.
pub const DEFINITION: Definition = Definition {
    name: "expected-replicas",
    says: "a workload never falls below an expression such as `spec.replicas - 1` or `80%`",
    violated_by: "any state, settled or not, in which an existing workload has fewer pods on nodes that are up than `value` demands \
                  now, and fewer than the demand that it last met: again, one that is still on its way up is not blamed",
    arguments: &["value"],
    needs: "it needs a `value`, or `maintenance` in the scenario",
    about: About { missing: true, momentary: true, ..Definition::PLAIN.about },
    field: Field::OfWorkload("spec.replicas"),
    may_apply: |spec| spec.scenario.maintenance.is_some(),
    observe,
    ..Definition::PLAIN
};

fn observe(cluster: &mut Declaring<'_>, property: &PropertySpec) -> Result<Vec<Observer>, PropertyError> {
    let mut observers = Vec::new();
    let scaled = targets(cluster, &property.target).filter(|(_, object, _)| object.kind.has_scale());
    for (workload, _, vars) in scaled {
        let demand = demand(cluster, property)?;
        let declare = |demand| {
            floor::declare(cluster, DEFINITION.name, workload, vars, demand, (Checkpoint::Every, Counts::Serving))
        };
        observers.extend(demand.map(declare));
    }
    Ok(observers)
}

/// What is demanded: `value`, or, under maintenance, all replicas but those of the nodes that may be under maintenance at a
/// time.
fn demand(cluster: &Declaring<'_>, property: &PropertySpec) -> Result<Option<Demand>, PropertyError> {
    if let Some(text) = property.arguments.get("value") {
        let expression = Expression::parse(text);
        let expression = expression.map_err(|error| DEFINITION.bad("value", format!("`{text}`: {error}")))?;
        return Ok(Some(Demand::Computed(expression)));
    }
    let parallel = cluster.spec.scenario.maintenance.as_ref().map(|maintenance| i64::from(maintenance.parallel));
    Ok(parallel.map(|parallel| {
        let replicas = Expression::Name("spec.replicas".to_owned());
        Demand::Computed(Expression::Binary('-', Box::new(replicas), Box::new(Expression::Number(parallel))))
    }))
}
