//! `min-replicas`: an autoscaled workload never falls below `minReplicas`.

use crate::cluster::object::scenario::PropertySpec;
use crate::cluster::view::Declaring;
use crate::system::Checkpoint;

use super::definition::{About, Definition, Field, Observer};
use super::floor::{self, Counts, Demand, autoscaler};
use super::{PropertyError, targets};

/// The property.
pub const DEFINITION: Definition = Definition {
    name: "min-replicas",
    says: "an autoscaled workload never falls below `minReplicas`",
    violated_by: "a settled state in which an existing, autoscaled workload has fewer than `minReplicas` pods on nodes, \
                  although it had as many before: one that is still on its way up is not blamed. Of what KEDA lets sleep, the \
                  size at which it does is demanded while it has that size. Pods on nodes that \
                  are down count until they are evicted, if they are going to be: until then the failure took them, \
                  and no controller",
    needs: "it needs a workload with a HorizontalPodAutoscaler",
    about: About { missing: true, ..Definition::PLAIN.about },
    field: Field::OfAutoscaler("spec.minReplicas"),
    may_apply: |spec| !spec.autoscalers.is_empty(),
    observe,
    ..Definition::PLAIN
};

fn observe(cluster: &mut Declaring<'_>, property: &PropertySpec) -> Result<Vec<Observer>, PropertyError> {
    let declare = |(workload, object, vars)| {
        let demand = Demand::Fixed(floor::min_replicas(autoscaler(cluster, object)?));
        Some(floor::declare(cluster, DEFINITION.name, workload, vars, demand, (Checkpoint::Settled, Counts::Replaced)))
    };
    Ok(targets(cluster, &property.target).filter_map(declare).collect())
}
