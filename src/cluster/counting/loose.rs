//! Pods without a modelled owner, as far as anything asks who they are.
//!
//! Most of them (system pods, pods of other owners) only use capacity and are folded into their nodes. A pod becomes a
//! template of its own, shared with pods that are equal in all that is read, where
//!
//! * it waits for a node or is being deleted, or a plugin of the descheduler, a preemption, a drain or a scale-down may evict it
//!   ([`Tenure::Loose`]: its numbers are state), or
//! * a selector of a pod that is to be scheduled matches it, it has inter-pod terms of its own, or it holds host ports
//!   that others ask for ([`Tenure::Resident`]: its numbers are constants of the node class).

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Pod, PodSpec};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::{Value, json};

use super::phases;
use super::templates::{Share, Template, Tenure};
use crate::cluster::object::affinity;
use crate::cluster::object::command::CommandAction;
use crate::cluster::object::node_groups::{self, Hold};
use crate::cluster::object::owners;
use crate::cluster::object::policy::EVICT_ANNOTATION;
use crate::cluster::object::resources::{self, ResourceError};
use crate::cluster::object::scenario::Scaler;
use crate::cluster::object::selector::{self, Labels};
use crate::cluster::object::spec::{ClusterSpec, ExistingPod, ObjectKey, Workload, WorkloadKind};

/// What makes a pod without an owner more than used capacity.
struct Readers<'a> {
    /// A descheduler policy is there: it reads everything.
    descheduler: bool,
    /// Selectors of pods that are to be scheduled.
    selectors: Vec<LabelSelector>,
    /// Whether some pod that is to be scheduled asks for host ports.
    host_ports: bool,
    /// The highest priority among pods that are to be scheduled and may preempt.
    preempting: Option<i64>,
    /// Nodes whose drains evict pods that nobody owns, too.
    forced: Vec<&'a str>,
    /// Namespaces that have a pod of a name.
    namespaces_of: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// Nodes that a cluster autoscaler or Karpenter may remove.
    removable: BTreeMap<&'a str, &'a Scaler>,
    spec: &'a ClusterSpec,
}

/// Templates of the pods whose identity matters; `owned` are those of modelled owners.
pub fn templates(spec: &ClusterSpec, owned: &[Template]) -> Result<Vec<Template>, ResourceError> {
    let readers = Readers::new(spec, owned);
    let mut templates = Vec::new();
    for (index, workload) in spec.workloads.iter().enumerate() {
        if workload.kind == WorkloadKind::Fixed {
            readers.add_groups(index, workload, &mut templates)?;
        }
    }
    Ok(templates)
}

/// Whether a pod is being deleted.
pub fn is_terminating(pod: &ExistingPod) -> bool {
    pod.leaving || pod.object.as_ref().is_some_and(|object| object.metadata.deletion_timestamp.is_some())
}

/// Nodes that are drained with `--force`.
fn forced(spec: &ClusterSpec) -> Vec<&str> {
    let commands = spec.scenario.commands.iter().map(|command| &command.action);
    let forced = commands.filter_map(|action| match action {
        CommandAction::Drain { node, flags } if flags.force => Some(node.as_str()),
        _ => None,
    });
    forced.collect()
}

impl<'a> Readers<'a> {
    fn new(spec: &'a ClusterSpec, owned: &[Template]) -> Self {
        let pods = fixed_pods(spec).filter(|(_, pod)| pod.node.is_none());
        let waiting = pods.filter_map(|(_, pod)| pod.object.as_ref()?.spec.as_ref());
        let scheduled: Vec<&PodSpec> = owned.iter().map(|template| &template.spec).chain(waiting).collect();
        let waiting = fixed_pods(spec).filter(|(_, pod)| pod.node.is_none());
        let defaults = waiting.filter_map(|(namespace, pod)| Some((namespace, pod.object.as_ref()?)));
        let defaults = defaults.flat_map(|(namespace, pod)| owners::default_selectors(spec, namespace, pod));
        let preempting = scheduled.iter().filter(|pod| pod.preemption_policy.as_deref() != Some("Never"));
        Readers {
            descheduler: spec.descheduler.is_some(),
            selectors: scheduled.iter().flat_map(|pod| selectors(pod)).chain(defaults).collect(),
            host_ports: scheduled.iter().any(|pod| has_host_ports(pod)),
            preempting: preempting.map(|pod| i64::from(pod.priority.unwrap_or(0))).max(),
            forced: forced(spec),
            namespaces_of: if spec.descheduler.is_some() { namespaces_of(spec) } else { BTreeMap::new() },
            removable: node_groups::removable(spec),
            spec,
        }
    }

    fn add_groups(
        &self,
        index: usize,
        workload: &Workload,
        templates: &mut Vec<Template>,
    ) -> Result<(), ResourceError> {
        let mut groups: BTreeMap<(Tenure, String), Vec<usize>> = BTreeMap::new();
        for (position, pod) in workload.revisions[0].pods.iter().enumerate() {
            if let Some(object) = &pod.object
                && let Some(tenure) = self.tenure(workload, pod, object)
            {
                let identity =
                    json!([identity(tenure, pod, object), self.disrupted_by(object), self.apart(workload, pod)]);
                groups.entry((tenure, identity.to_string())).or_default().push(position);
            }
        }
        for ((tenure, _), members) in groups {
            templates.push(self.template(index, workload, tenure, members)?);
        }
        Ok(())
    }

    /// The budgets that list a pod as disrupted already.
    fn disrupted_by(&self, object: &Pod) -> Vec<usize> {
        let lists = |budget: &PodDisruptionBudget| {
            let listed = budget.status.as_ref().and_then(|status| status.disrupted_pods.as_ref());
            let name = object.metadata.name.as_deref().unwrap_or_default();
            budget.metadata.namespace == object.metadata.namespace
                && listed.is_some_and(|listed| listed.contains_key(name))
        };
        let budgets = self.spec.disruption_budgets.iter().enumerate();
        budgets.filter(|(_, budget)| lists(budget)).map(|(position, _)| position).collect()
    }

    /// How a pod's numbers are kept; `None` if only its requests matter.
    fn tenure(&self, workload: &Workload, pod: &ExistingPod, object: &Pod) -> Option<Tenure> {
        let spec = object.spec.as_ref()?;
        let bound_to_node = matches!(workload.owner_kind.as_str(), "DaemonSet" | "Node");
        let asked_for = object.metadata.annotations.iter().flatten().any(|(key, _)| key == EVICT_ANNOTATION);
        let priority = i64::from(spec.priority.unwrap_or(0));
        let preemptible = !bound_to_node && self.preempting.is_some_and(|highest| priority < highest);
        let unprotected = workload.owner_kind == "DaemonSet"
            && self.spec.descheduler.as_ref().is_some_and(|policy| policy.evicts_daemon_sets());
        let evictable = self.descheduler && (!bound_to_node || asked_for || unprotected);
        let removed = self.goes_with_node(workload, pod);
        let drained =
            workload.owner_kind == "Pod" && pod.node.as_deref().is_some_and(|node| self.forced.contains(&node));
        if pod.node.is_none() || is_terminating(pod) || preemptible || evictable || removed || drained {
            return Some(Tenure::Loose);
        }
        (self.descheduler || self.reads(object, spec)).then_some(Tenure::Resident)
    }

    /// Whether the removal of its node may evict a pod.
    fn goes_with_node(&self, workload: &Workload, pod: &ExistingPod) -> bool {
        let options = &self.spec.scenario.controllers.autoscaler_options;
        let scaler = pod.node.as_deref().and_then(|node| self.removable.get(node));
        let hold = scaler.map(|scaler| node_groups::hold_of_stranger(scaler, workload, pod, options));
        matches!(hold, Some(Hold::Budgeted | Hold::Free))
    }

    /// What tells a pod from its equals in spite of all: whether its eviction is refused, and its name where a pod of
    /// another namespace has the same, because the descheduler confuses such pods.
    fn apart(&self, workload: &Workload, pod: &ExistingPod) -> Value {
        let Some(policy) = &self.spec.descheduler else { return Value::Null };
        let key = ObjectKey { namespace: workload.key.namespace.clone(), name: pod.name.clone() };
        let shared = self.namespaces_of.get(pod.name.as_str()).is_some_and(|namespaces| namespaces.len() > 1);
        json!([policy.refused.contains(&key), shared.then_some(&pod.name)])
    }

    fn reads(&self, object: &Pod, spec: &PodSpec) -> bool {
        let none = Labels::new();
        let labels = object.metadata.labels.as_ref().unwrap_or(&none);
        let affinity = spec.affinity.as_ref();
        affinity.is_some_and(|affinity| affinity.pod_affinity.is_some() || affinity.pod_anti_affinity.is_some())
            || (self.host_ports && has_host_ports(spec))
            || self.selectors.iter().any(|selector| selector::matches(selector, labels))
    }

    fn template(
        &self,
        workload: usize,
        owner: &Workload,
        tenure: Tenure,
        members: Vec<usize>,
    ) -> Result<Template, ResourceError> {
        let pods = &owner.revisions[0].pods;
        let sample = pods[members[0]].object.clone().unwrap_or_default();
        let mut template = Template {
            workload,
            kind: owner.kind,
            revision: 0,
            variant: 0,
            levels: None,
            set: owner.key.name.clone(),
            name: if members.len() == 1 { pods[members[0]].name.clone() } else { owner.key.name.clone() },
            namespace: owner.key.namespace.clone(),
            labels: sample.metadata.labels.clone().unwrap_or_default(),
            max_pods: members.len() as i64,
            ordinal: None,
            phases: phases::of_others(self.spec, tenure, members.iter().map(|&member| &pods[member])),
            slow_start: false,
            never_ready: false,
            crash_loops: false,
            share: Share::Any,
            grows: true,
            cache: None,
            spec: sample.spec.clone().unwrap_or_default(),
            requests: resources::bound_requests(&sample)?,
            scoring: resources::bound_nonzero_requests(&sample),
            placing: sample.spec.as_ref().map(resources::nonzero_container_requests).unwrap_or_default(),
            tenure,
            sample: Some(sample),
            waits: members.iter().any(|&member| pods[member].node.is_none()),
            members,
        };
        if !template.waits {
            template.spec.node_name = None;
        }
        Ok(template)
    }
}

fn namespaces_of(spec: &ClusterSpec) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut namespaces_of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for workload in spec.workloads.iter().filter(|workload| workload.kind == WorkloadKind::Fixed) {
        for pod in &workload.revisions[0].pods {
            namespaces_of.entry(&pod.name).or_default().insert(&workload.key.namespace);
        }
    }
    namespaces_of
}

/// All that is read of a pod: of residents what other pods' scheduling reads, of loose ones everything but its name and
/// the node that it runs on.
fn identity(tenure: Tenure, existing: &ExistingPod, pod: &Pod) -> Value {
    let spec = pod.spec.as_ref();
    let affinity = spec.and_then(|spec| spec.affinity.as_ref());
    let status = pod.status.as_ref();
    if tenure == Tenure::Resident {
        let ports: Vec<Value> = spec.into_iter().flat_map(host_ports).map(|port| json!(port)).collect();
        let affinity = affinity.map(|affinity| json!([affinity.pod_affinity, affinity.pod_anti_affinity]));
        return json!([pod.metadata.labels, affinity, ports, spec.and_then(|spec| spec.priority)]);
    }
    let mut spec = pod.spec.clone().unwrap_or_default();
    if existing.node.is_some() {
        spec.node_name = None;
    }
    json!([
        pod.metadata.labels,
        pod.metadata.annotations,
        pod.metadata.owner_references,
        pod.metadata.deletion_timestamp.is_some(),
        spec,
        status.map(|status| json!([
            status.phase,
            status.qos_class,
            status.start_time,
            status.nominated_node_name,
            status.conditions,
            status.container_statuses
        ])),
    ])
}

/// Pods without a modelled owner, with their namespaces.
fn fixed_pods(spec: &ClusterSpec) -> impl Iterator<Item = (&str, &ExistingPod)> {
    let fixed = spec.workloads.iter().filter(|workload| workload.kind == WorkloadKind::Fixed);
    fixed.flat_map(|workload| workload.revisions[0].pods.iter().map(|pod| (workload.key.namespace.as_str(), pod)))
}

/// The label selectors by which a pod's scheduling looks at other pods. Of a constraint without one only
/// `matchLabelKeys` may be left, which any pod may match.
fn selectors(pod: &PodSpec) -> Vec<LabelSelector> {
    let spread = pod.topology_spread_constraints.iter().flatten().filter_map(|it| match &it.label_selector {
        None => it.match_label_keys.as_ref().map(|_| LabelSelector::default()),
        given => given.clone(),
    });
    spread.chain(affinity::all(pod).filter_map(|term| term.label_selector.clone())).collect()
}

/// Host ports of a pod's containers and sidecars: protocol, address, port. In the network of the node all ports are.
pub fn host_ports(pod: &PodSpec) -> Vec<(String, String, i32)> {
    let sidecars =
        pod.init_containers.iter().flatten().filter(|container| container.restart_policy.as_deref() == Some("Always"));
    let ports = pod.containers.iter().chain(sidecars).flat_map(|container| container.ports.iter().flatten());
    let port = |port: &k8s_openapi::api::core::v1::ContainerPort| {
        let protocol = port.protocol.clone().filter(|it| !it.is_empty()).unwrap_or_else(|| "TCP".to_owned());
        let address = port.host_ip.clone().filter(|it| !it.is_empty()).unwrap_or_else(|| "0.0.0.0".to_owned());
        let number = port.host_port.filter(|&number| number > 0);
        let number = number.or(pod.host_network.unwrap_or(false).then_some(port.container_port));
        number.map(|number| (protocol, address, number))
    };
    ports.filter_map(port).collect()
}

fn has_host_ports(pod: &PodSpec) -> bool {
    !host_ports(pod).is_empty()
}
