//! References of templates to objects that are not in the input: priority classes, schedulers, nodes.

use crate::cluster::object::spec::{ClusterSpec, SchedulerProfile};

use super::apply::Manifest;
use super::diagnostics::Diagnostics;
use super::object::Located;
use super::path::FieldPath;
use super::templates::Priorities;

/// Reports what a workload's template refers to and nobody gave.
pub fn check(object: &Located<impl Manifest>, cluster: &ClusterSpec, priorities: &Priorities, sink: &mut Diagnostics) {
    let nodes = &cluster.nodes;
    let Some(spec) = object.value.template().and_then(|template| template.spec.as_ref()) else { return };
    let class = spec.priority_class_name.as_deref().unwrap_or_default();
    if !priorities.knows(class) {
        let path = FieldPath::from("spec.template.spec.priorityClassName");
        let message = format!("there is no PriorityClass `{class}`; priority 0 is assumed");
        sink.push(object.raw.warning(&path, message, "give the PriorityClass too"));
    }
    let scheduler = spec.scheduler_name.as_deref();
    if SchedulerProfile::named(&cluster.scheduler, scheduler).is_none() {
        let path = FieldPath::from("spec.template.spec.schedulerName");
        let name = scheduler.unwrap_or_default();
        let message = format!("there is no scheduler `{name}`: its pods stay Pending");
        let help = "give its KubeSchedulerConfiguration, or name it in `spec.schedulers` of a scenario";
        sink.push(object.raw.warning(&path, message, help));
    }
    let node = spec.node_name.as_deref().unwrap_or_default();
    if !node.is_empty() && !nodes.is_empty() && !nodes.iter().any(|known| known.name == node) {
        let path = FieldPath::from("spec.template.spec.nodeName");
        sink.push(object.raw.error(
            &path,
            format!("there is no node `{node}`"),
            "give the node too, or correct the name",
        ));
    }
}
