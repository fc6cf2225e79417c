//! What pods request and what nodes offer, in integers.
//!
//! cpu is counted in thousandths, everything else in bytes or whole units. A pod requests, per resource, the larger of
//! (containers + sidecars) and, for each init container, its own request + the sidecars declared before it; overhead
//! comes on top, and pod-level `spec.resources` replace the container sum. A limit stands in for a missing request, as
//! the API server's defaulting arranges. Of bound pods that are resized in place, a container holds the largest of what it
//! requests, what it was allocated and what it runs with.
//!
//! Reference: `k8s.io/component-helpers/resource/helpers.go` and `pkg/scheduler/framework/types.go` (v1.34).

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Container, ContainerStatus, Node, Pod, PodSpec, PodStatus, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use thiserror::Error;

use super::quantity::{self, QuantityError};

/// Number of pods that a node admits when it does not say.
pub const DEFAULT_MAX_PODS: i64 = 110;
/// What the scheduler's scoring takes for a container without a cpu request, in thousandths.
pub const DEFAULT_CPU_REQUEST: i64 = 100;
/// What the scheduler's scoring takes for a container without a memory request, in bytes.
pub const DEFAULT_MEMORY_REQUEST: i64 = 200 * 1024 * 1024;

/// Amounts of resources.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Resources {
    /// Thousandths of a core.
    pub cpu: i64,
    /// Bytes.
    pub memory: i64,
    /// Bytes.
    pub ephemeral_storage: i64,
    /// Pods: 1 for a pod.
    pub pods: i64,
    /// Extended resources and huge pages, by name.
    pub extended: BTreeMap<String, i64>,
}

/// A resource whose amount cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{resource}: {source}")]
pub struct ResourceError {
    /// The resource's name.
    pub resource: String,
    /// What is wrong with its amount.
    pub source: QuantityError,
}

type Amounts = BTreeMap<String, i64>;
type Result<T> = std::result::Result<T, ResourceError>;

/// What a pod requests (and 1 of `pods`).
pub fn pod_requests(pod: &PodSpec) -> Result<Resources> {
    let mut amounts = total(pod, None, &[], true)?;
    amounts.insert("pods".to_owned(), 1);
    Ok(Resources::from_amounts(amounts))
}

/// What scheduler scoring takes a bound pod to request: (cpu in thousandths, memory in bytes).
///
/// A container that requests no cpu or memory counts [`DEFAULT_CPU_REQUEST`] or [`DEFAULT_MEMORY_REQUEST`]; an explicit 0
/// stays 0. Malformed amounts, which the input layer refuses, count 0.
pub fn nonzero_requests(pod: &PodSpec) -> (i64, i64) {
    nonzero(pod, None, true).unwrap_or_default()
}

/// [`nonzero_requests`] without pod-level resources: how NodeResourcesFit scores the pod that it is placing.
pub fn nonzero_container_requests(pod: &PodSpec) -> (i64, i64) {
    nonzero(pod, None, false).unwrap_or_default()
}

/// What a pod is limited to: by the same rule as requests, where each container gives a limit or counts 0.
pub fn pod_limits(pod: &PodSpec) -> Result<Resources> {
    let of = |container: &Container, _: bool| {
        parse_all(container.resources.as_ref().and_then(|resources| resources.limits.as_ref()))
    };
    let mut amounts = by_containers(pod, &of)?;
    let of_pod = parse_all(pod.resources.as_ref().and_then(|resources| resources.limits.as_ref()))?;
    amounts.extend(of_pod.into_iter().filter(|(name, _)| supports_pod_level(name)));
    let mut overhead = parse_all(pod.overhead.as_ref())?;
    overhead.retain(|name, _| amounts.contains_key(name));
    add(&mut amounts, &overhead)?;
    Ok(Resources::from_amounts(amounts))
}

/// What a bound pod holds.
pub fn bound_requests(pod: &Pod) -> Result<Resources> {
    let mut amounts = match &pod.spec {
        Some(spec) => total(spec, pod.status.as_ref(), &[], true)?,
        None => Amounts::new(),
    };
    amounts.insert("pods".to_owned(), 1);
    Ok(Resources::from_amounts(amounts))
}

/// What scheduler scoring takes a bound pod to hold: (cpu in thousandths, memory in bytes).
pub fn bound_nonzero_requests(pod: &Pod) -> (i64, i64) {
    let spec = pod.spec.as_ref();
    spec.and_then(|spec| nonzero(spec, pod.status.as_ref(), true).ok()).unwrap_or_default()
}

/// The resources that a pod's containers, overhead or pod-level requests name, even with an amount of 0.
pub fn named_requests(pod: &Pod) -> BTreeSet<String> {
    let Some(spec) = &pod.spec else { return BTreeSet::new() };
    let containers = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    let resources = containers.filter_map(|container| container.resources.as_ref()).chain(spec.resources.as_ref());
    let lists = resources.filter_map(|resources| resources.requests.as_ref()).chain(spec.overhead.as_ref());
    lists.flat_map(|list| list.keys().cloned()).collect()
}

/// What a node offers: `status.allocatable`, or `status.capacity` where that is missing; [`DEFAULT_MAX_PODS`] pods.
pub fn allocatable(node: &Node) -> Result<Resources> {
    let status = node.status.as_ref();
    let listed = status.and_then(|status| status.allocatable.as_ref().or(status.capacity.as_ref()));
    let mut amounts = parse_all(listed)?;
    amounts.entry("pods".to_owned()).or_insert(DEFAULT_MAX_PODS);
    Ok(Resources::from_amounts(amounts))
}

/// The amount that `name` stands for in thousandths (cpu) or whole units.
pub fn amount(name: &str, quantity: &Quantity) -> Result<i64> {
    let parsed = if name == "cpu" { quantity::milli(quantity) } else { quantity::whole(quantity) };
    parsed.map_err(|source| ResourceError { resource: name.to_owned(), source })
}

impl Resources {
    /// The amount of a resource by its name; 0 if there is none.
    pub fn get(&self, name: &str) -> i64 {
        match name {
            "cpu" => self.cpu,
            "memory" => self.memory,
            "ephemeral-storage" => self.ephemeral_storage,
            "pods" => self.pods,
            _ => self.extended.get(name).copied().unwrap_or(0),
        }
    }

    fn from_amounts(mut amounts: Amounts) -> Self {
        let mut take = |name: &str| amounts.remove(name).unwrap_or(0);
        Resources {
            cpu: take("cpu"),
            memory: take("memory"),
            ephemeral_storage: take("ephemeral-storage"),
            pods: take("pods"),
            extended: amounts,
        }
    }
}

/// Beside pod-level requests, stand-ins fill in only what nobody requests.
fn nonzero(pod: &PodSpec, status: Option<&PodStatus>, pod_level: bool) -> Result<(i64, i64)> {
    let mut missing = vec![("cpu", DEFAULT_CPU_REQUEST), ("memory", DEFAULT_MEMORY_REQUEST)];
    if pod_level && has_pod_level_requests(pod) {
        let requested = total(pod, status, &[], true)?;
        missing.retain(|(name, _)| !requested.contains_key(*name));
    }
    let amounts = total(pod, status, &missing, pod_level)?;
    let get = |name: &str| amounts.get(name).copied().unwrap_or(0);
    Ok((get("cpu"), get("memory")))
}

/// Everything that a pod requests; of a bound pod, `status` tells what its containers hold.
fn total(pod: &PodSpec, status: Option<&PodStatus>, missing: &[(&str, i64)], pod_level: bool) -> Result<Amounts> {
    let mut amounts = container_sum(pod, status, missing)?;
    if pod_level {
        replace_by_pod_level(pod, &mut amounts)?;
    }
    add(&mut amounts, &parse_all(pod.overhead.as_ref())?)?;
    Ok(amounts)
}

/// What containers request; `missing` are stand-ins for absent requests.
fn container_sum(pod: &PodSpec, status: Option<&PodStatus>, missing: &[(&str, i64)]) -> Result<Amounts> {
    by_containers(pod, &|container, stays| {
        let held = if stays { held(status, container) } else { None };
        container_requests(container, held, missing)
    })
}

/// The rule of containers, sidecars and init containers, of amounts of each container, told whether it stays.
fn by_containers(pod: &PodSpec, of: &dyn Fn(&Container, bool) -> Result<Amounts>) -> Result<Amounts> {
    let mut sum = Amounts::new();
    for container in &pod.containers {
        add(&mut sum, &of(container, true)?)?;
    }
    let mut sidecars = Amounts::new();
    let mut peak = Amounts::new();
    for container in pod.init_containers.iter().flatten() {
        let sidecar = container.restart_policy.as_deref() == Some("Always");
        let mut running = of(container, sidecar)?;
        if sidecar {
            add(&mut sum, &running)?;
            add(&mut sidecars, &running)?;
            running.clone_from(&sidecars);
        } else {
            add(&mut running, &sidecars)?;
        }
        raise(&mut peak, &running);
    }
    raise(&mut sum, &peak);
    Ok(sum)
}

/// What the status says that a container holds, and whether that is all it can get.
fn held<'a>(status: Option<&'a PodStatus>, container: &Container) -> Option<(&'a ContainerStatus, bool)> {
    let status = status?;
    let listed = status.container_statuses.iter().chain(&status.init_container_statuses).flatten();
    let found = listed.filter(|one| one.name == container.name).find(|one| one.resources.is_some())?;
    let pending = status.conditions.iter().flatten().find(|condition| condition.type_ == "PodResizePending");
    Some((found, pending.is_some_and(|condition| condition.reason.as_deref() == Some("Infeasible"))))
}

fn container_requests(
    container: &Container,
    held: Option<(&ContainerStatus, bool)>,
    missing: &[(&str, i64)],
) -> Result<Amounts> {
    let mut amounts = match &container.resources {
        Some(resources) if !held.is_some_and(|(_, infeasible)| infeasible) => with_limits(resources)?,
        _ => Amounts::new(),
    };
    if let Some((status, _)) = held {
        let running = status.resources.as_ref().and_then(|resources| resources.requests.as_ref());
        raise(&mut amounts, &parse_all(running)?);
        raise(&mut amounts, &parse_all(status.allocated_resources.as_ref())?);
    }
    for (name, stand_in) in missing {
        amounts.entry((*name).to_owned()).or_insert(*stand_in);
    }
    Ok(amounts)
}

fn with_limits(resources: &ResourceRequirements) -> Result<Amounts> {
    let mut amounts = parse_all(resources.limits.as_ref())?;
    amounts.extend(parse_all(resources.requests.as_ref())?);
    Ok(amounts)
}

fn supports_pod_level(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || name.starts_with("hugepages-")
}

fn has_pod_level_requests(pod: &PodSpec) -> bool {
    let requests = pod.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    requests.is_some_and(|requests| requests.keys().any(|name| supports_pod_level(name)))
}

/// Pod-level requests count instead of the containers'; a pod-level limit stands in where nobody requests anything.
fn replace_by_pod_level(pod: &PodSpec, amounts: &mut Amounts) -> Result<()> {
    let Some(resources) = &pod.resources else { return Ok(()) };
    let requested =
        |name: &str| pod.containers.iter().chain(pod.init_containers.iter().flatten()).any(|c| has_request(c, name));
    for (name, limit) in parse_all(resources.limits.as_ref())? {
        if supports_pod_level(&name) && !requested(&name) {
            amounts.insert(name, limit);
        }
    }
    let requests = parse_all(resources.requests.as_ref())?;
    amounts.extend(requests.into_iter().filter(|(name, _)| supports_pod_level(name)));
    Ok(())
}

fn has_request(container: &Container, name: &str) -> bool {
    let listed = |list: Option<&BTreeMap<String, Quantity>>| list.is_some_and(|list| list.contains_key(name));
    container.resources.as_ref().is_some_and(|r| listed(r.requests.as_ref()) || listed(r.limits.as_ref()))
}

/// Amounts in numbers, by resource, as [`amount`] has them; nothing where there is no list.
pub(super) fn parse_all(list: Option<&BTreeMap<String, Quantity>>) -> Result<Amounts> {
    list.into_iter().flatten().map(|(name, quantity)| Ok((name.clone(), amount(name, quantity)?))).collect()
}

fn add(sum: &mut Amounts, other: &Amounts) -> Result<()> {
    for (name, amount) in other {
        let entry = sum.entry(name.clone()).or_insert(0);
        *entry = entry.checked_add(*amount).ok_or_else(|| overflow(name))?;
    }
    Ok(())
}

fn raise(peak: &mut Amounts, other: &Amounts) {
    for (name, amount) in other {
        let entry = peak.entry(name.clone()).or_insert(0);
        *entry = (*entry).max(*amount);
    }
}

fn overflow(name: &str) -> ResourceError {
    ResourceError { resource: name.to_owned(), source: QuantityError::Overflow("the sum of all containers".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, from_value, json};

    fn pod(spec: Value) -> PodSpec {
        from_value(spec).expect("a pod spec")
    }

    fn container(name: &str, requests: Value) -> Value {
        json!({"name": name, "resources": {"requests": requests}})
    }

    fn sidecar(name: &str, requests: Value) -> Value {
        json!({"name": name, "restartPolicy": "Always", "resources": {"requests": requests}})
    }

    #[test]
    fn the_order_of_init_containers_and_sidecars_matters() {
        let init = container("init", json!({"cpu": "900m"}));
        let side = sidecar("side", json!({"cpu": "200m"}));
        let main = container("main", json!({"cpu": "500m", "example.com/gpu": "1"}));
        let after = pod(json!({"containers": [main], "initContainers": [side, init]}));
        let before = pod(json!({"containers": [main], "initContainers": [init, side]}));
        assert_eq!(pod_requests(&after).unwrap().cpu, 1100);
        assert_eq!(pod_requests(&before).unwrap().cpu, 900);
        assert_eq!(pod_requests(&before).unwrap().get("example.com/gpu"), 1);
    }

    #[test]
    fn limits_stand_in_and_overhead_comes_on_top() {
        let spec = pod(
            json!({"overhead": {"cpu": "10m"}, "containers": [{"name": "a", "resources": {"limits": {"cpu": 1, "memory": "1Gi"}}}]}),
        );
        let requests = pod_requests(&spec).unwrap();
        assert_eq!((requests.cpu, requests.memory, requests.pods), (1010, 1 << 30, 1));
    }

    #[test]
    fn pod_level_requests_replace_the_container_sum() {
        let spec = pod(
            json!({"resources": {"requests": {"cpu": "2"}, "limits": {"memory": "1Gi"}}, "containers": [container("a", json!({"cpu": "1"}))]}),
        );
        assert_eq!(pod_requests(&spec).unwrap().cpu, 2000);
        assert_eq!(pod_requests(&spec).unwrap().memory, 1 << 30);
        assert_eq!(nonzero_container_requests(&spec), (1000, DEFAULT_MEMORY_REQUEST));
    }

    #[test]
    fn a_resized_pod_holds_the_largest_of_what_is_said_of_it() {
        let bound = |reason: &str| -> Pod {
            let spec = json!({"containers": [container("a", json!({"cpu": "4"}))]});
            let held = json!({"name": "a", "resources": {"requests": {"cpu": "2"}}, "allocatedResources": {"cpu": "3"},
                              "image": "", "imageID": "", "ready": true, "restartCount": 0});
            let condition = json!({"type": "PodResizePending", "status": "True", "reason": reason});
            let status = json!({"containerStatuses": [held], "conditions": [condition]});
            from_value(json!({"metadata": {}, "spec": spec, "status": status})).expect("a pod")
        };
        assert_eq!(bound_requests(&bound("Deferred")).unwrap().cpu, 4000);
        assert_eq!(bound_requests(&bound("Infeasible")).unwrap().cpu, 3000);
        assert_eq!(bound_nonzero_requests(&bound("Infeasible")), (3000, DEFAULT_MEMORY_REQUEST));
    }

    #[test]
    fn beside_pod_level_requests_scoring_fills_in_what_nobody_requests() {
        let spec = pod(json!({"resources": {"requests": {"memory": "1Gi"}},
                              "containers": [container("a", json!({"cpu": "1"})), {"name": "b"}]}));
        assert_eq!(nonzero_requests(&spec), (1000, 1 << 30));
        assert_eq!(nonzero_container_requests(&spec), (1100, 2 * DEFAULT_MEMORY_REQUEST));
    }

    #[test]
    fn scoring_fills_in_what_is_missing_but_not_what_is_zero() {
        let spec = pod(json!({"containers": [container("a", json!({"cpu": "0"})), {"name": "b"}]}));
        assert_eq!(nonzero_requests(&spec), (100, 2 * DEFAULT_MEMORY_REQUEST));
    }

    #[test]
    fn a_node_offers_allocatable_else_capacity() {
        let node = |status: Value| allocatable(&from_value(json!({"metadata": {}, "status": status})).expect("a node"));
        let both = node(json!({"allocatable": {"cpu": "3", "pods": "10"}, "capacity": {"cpu": "4"}})).unwrap();
        assert_eq!((both.cpu, both.pods), (3000, 10));
        let capacity = node(json!({"capacity": {"cpu": "4", "memory": "1Gi"}})).unwrap();
        assert_eq!((capacity.cpu, capacity.memory, capacity.pods), (4000, 1 << 30, DEFAULT_MAX_PODS));
        assert!(node(json!({"capacity": {"cpu": "four"}})).is_err());
    }
}
