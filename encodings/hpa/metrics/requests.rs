//! What pods request and use of a resource.

use k8s_openapi::api::core::v1::{Container, PodSpec};

use crate::cluster::object::quantity;
use crate::cluster::object::resources;
use crate::cluster::view::rule::{Rule, rule};
use crate::term::{Ctx, Int};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "hpa/requests",
    component: Autoscaler,
    upstream: [
        "pkg/controller/podautoscaler/replica_calculator.go" => ["calculateRequests"],
        "pkg/controller/podautoscaler/metrics/client.go" => ["getPodMetrics"],
    ],
    decides: "What a pod requests of a resource, against which its usage is a percentage.",
    parts: [
        "requests of containers, sidecars and pods" => "exact",
    ],
    omits: [
        "pods that are resized in place" => "upstream reads the spec, too",
    ],
};

/// A pod's request in milli-units: that of one container if it is named, else the pod's own where it has any, else the
/// sum over containers and sidecars; `None` where one of those gives none.
pub fn request(pod: &PodSpec, resource: &str, container: Option<&str>, pod_level: bool) -> Option<i64> {
    let mut running = pod.containers.iter().chain(sidecars(pod));
    match container {
        Some(name) => running.find(|it| it.name == name).and_then(|it| own(it, resource)),
        None if pod_level && requests_as_a_pod(pod) => of_pod(pod, resource),
        None => running.map(|it| own(it, resource)).sum(),
    }
}

fn sidecars(pod: &PodSpec) -> impl Iterator<Item = &Container> {
    pod.init_containers.iter().flatten().filter(|container| container.restart_policy.as_deref() == Some("Always"))
}

/// The API server lets a limit stand in for a request that is not given.
fn own(container: &Container, resource: &str) -> Option<i64> {
    let resources = container.resources.as_ref()?;
    let listed = |list: Option<&std::collections::BTreeMap<_, _>>| list.and_then(|list| list.get(resource)).cloned();
    quantity::milli(&listed(resources.requests.as_ref()).or_else(|| listed(resources.limits.as_ref()))?).ok()
}

fn requests_as_a_pod(pod: &PodSpec) -> bool {
    let requests = pod.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    let supported = |name: &String| matches!(name.as_str(), "cpu" | "memory") || name.starts_with("hugepages-");
    requests.is_some_and(|requests| requests.keys().any(supported))
}

/// Pod-level requests win; of a resource without one, what the scheduler counts stands in.
fn of_pod(pod: &PodSpec, resource: &str) -> Option<i64> {
    let total = resources::pod_requests(pod).ok()?.get(resource);
    let pod_level = pod.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    let listed = pod_level.is_some_and(|requests| requests.contains_key(resource));
    let mut containers = pod.containers.iter().chain(pod.init_containers.iter().flatten());
    let known = listed || containers.any(|container| own(container, resource).is_some());
    known.then(|| if resource == "cpu" { total } else { total.saturating_mul(1000) })
}

/// What the resource metrics API says about one container.
pub struct ContainerUsage<'c> {
    /// Its name.
    pub name: String,
    /// Usage of the resource in milli-units, if it is reported.
    pub usage: Option<Int<'c>>,
}

/// A pod's usage: of one container if it is named, else the sum; `None` (no sample) where any of those is not reported.
pub fn pod_usage<'c>(ctx: &'c Ctx, containers: &[ContainerUsage<'c>], container: Option<&str>) -> Option<Int<'c>> {
    let wanted = containers.iter().filter(|it| container.is_none_or(|name| it.name == name));
    let usages: Option<Vec<Int<'c>>> = wanted.map(|it| it.usage).collect();
    usages.filter(|usages| !usages.is_empty()).map(|usages| ctx.sum(usages))
}
