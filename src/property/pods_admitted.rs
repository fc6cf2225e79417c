//! `pods-admitted`: kubelets admit the pods that schedulers bind.

use crate::cluster::object::scenario::PropertySpec;
use crate::cluster::view::{Cluster, Declaring};
use crate::system::{BoolVar, Checkpoint, PropertyKind};

use super::definition::{About, Definition, Observer};
use super::{PropertyError, targets};

/// The property.
pub const DEFINITION: Definition = Definition {
    name: "pods-admitted",
    says: "kubelets admit the pods that schedulers bind",
    violated_by: "any state, settled or not, in which a kubelet has refused a pod of the workload that a scheduler bound, as it \
                  may where there are several; pods that name their node are not asked about",
    needs: "it needs workloads of several schedulers, and no `settled` runs",
    about: About { places: true, momentary: true, ..Definition::PLAIN.about },
    may_apply: |spec| spec.schedulers_race(),
    observe,
    ..Definition::PLAIN
};

fn observe(cluster: &mut Declaring<'_>, property: &PropertySpec) -> Result<Vec<Observer>, PropertyError> {
    let is_apart = |workload: usize| {
        let mut own = cluster.templates.iter().filter(move |template| template.workload == workload);
        own.any(|template| template.cache.is_some())
    };
    let about = targets(cluster, &property.target).map(|(workload, _, _)| workload).filter(|&it| is_apart(it));
    let about: Vec<usize> = about.collect();
    let remember = |workload| forbid(workload, cluster.remember_refusals(workload));
    Ok(about.into_iter().map(remember).collect())
}

/// That a kubelet has refused a pod of a workload, as the flag remembers it.
fn forbid(workload: usize, flag: BoolVar) -> Observer {
    Box::new(move |cluster: &Cluster<'_>| {
        let refused = cluster.state().is(flag);
        let kind = PropertyKind::Invariant { holds: (!refused).id(), at: Checkpoint::Every };
        let name = cluster.spec.workloads[workload].key.to_string();
        cluster.property_seeing(DEFINITION.name, name, kind, Vec::new());
    })
}
