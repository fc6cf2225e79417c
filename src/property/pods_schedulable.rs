//! `pods-schedulable`: every pod finds a node.

use crate::cluster::object::scenario::PropertySpec;
use crate::cluster::view::Cluster;
use crate::system::{Checkpoint, PropertyKind};

use super::definition::{About, Definition};
use super::{PropertyError, targets};

/// The property.
pub const DEFINITION: Definition = Definition {
    name: "pods-schedulable",
    says: "every pod finds a node",
    violated_by: "a settled state in which a pod of the workload has no node",
    about: About { waiting: true, ..Definition::PLAIN.about },
    build,
    ..Definition::PLAIN
};

fn build(cluster: &Cluster<'_>, property: &PropertySpec) -> Result<bool, PropertyError> {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let mut found = false;
    for (_, object, vars) in targets(cluster, &property.target) {
        if cluster.is_stopped() {
            return Ok(true);
        }
        let waiting = vars.templates.iter().map(|template| cluster.waiting(&state, *template).eq(0));
        let holds = ctx.all(waiting).id();
        let kind = PropertyKind::Invariant { holds, at: Checkpoint::Settled };
        cluster.property(DEFINITION.name, object.key.to_string(), kind);
        found = true;
    }
    Ok(found)
}
