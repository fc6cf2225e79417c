//! Sorts objects by kind and turns them into types.

use std::rc::Rc;

use k8s_openapi::Metadata;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::autoscaling::v1::HorizontalPodAutoscaler as AutoscalerV1;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{Namespace, Node, PersistentVolumeClaim, Pod, ReplicationController, Service};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::scheduling::v1::PriorityClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::autoscalers;
use super::census::{self, Census};
use super::diagnostics::Diagnostics;
use super::object::{Located, RawObject};
use super::validate;

/// All objects of the input, by kind, in input order, each valid by itself.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    /// Deployments.
    pub deployments: Vec<Located<Deployment>>,
    /// ReplicaSets.
    pub replica_sets: Vec<Located<ReplicaSet>>,
    /// StatefulSets: only their selectors are read.
    pub stateful_sets: Vec<Located<StatefulSet>>,
    /// ReplicationControllers: only their selectors are read.
    pub replication_controllers: Vec<Located<ReplicationController>>,
    /// Pods.
    pub pods: Vec<Located<Pod>>,
    /// Nodes.
    pub nodes: Vec<Located<Node>>,
    /// HorizontalPodAutoscalers, as v2.
    pub autoscalers: Vec<Located<HorizontalPodAutoscaler>>,
    /// Services.
    pub services: Vec<Located<Service>>,
    /// Namespaces.
    pub namespaces: Vec<Located<Namespace>>,
    /// PodDisruptionBudgets.
    pub disruption_budgets: Vec<Located<PodDisruptionBudget>>,
    /// PersistentVolumeClaims.
    pub claims: Vec<Located<PersistentVolumeClaim>>,
    /// PriorityClasses.
    pub priority_classes: Vec<Located<PriorityClass>>,
    /// KubeSchedulerConfigurations.
    pub scheduler_configurations: Vec<Rc<RawObject>>,
    /// DeschedulerPolicies.
    pub descheduler_policies: Vec<Rc<RawObject>>,
    /// Scenarios.
    pub scenarios: Vec<Rc<RawObject>>,
    /// Names of objects that were given but could not be read: whatever refers to them is not to blame.
    pub broken: Vec<String>,
}

/// Versions in which modelled kinds are understood; the first is the one to recommend.
const VERSIONS: [(&str, &[&str]); 15] = [
    ("Deployment", &["apps/v1"]),
    ("ReplicaSet", &["apps/v1"]),
    ("StatefulSet", &["apps/v1"]),
    ("ReplicationController", &["v1"]),
    ("Pod", &["v1"]),
    ("Node", &["v1"]),
    ("HorizontalPodAutoscaler", &["autoscaling/v2", "autoscaling/v1", "autoscaling/v2beta2"]),
    ("Service", &["v1"]),
    ("Namespace", &["v1"]),
    ("PodDisruptionBudget", &["policy/v1"]),
    ("PersistentVolumeClaim", &["v1"]),
    ("PriorityClass", &["scheduling.k8s.io/v1"]),
    ("KubeSchedulerConfiguration", &["kubescheduler.config.k8s.io/v1"]),
    ("DeschedulerPolicy", &["descheduler/v1alpha2"]),
    ("Scenario", &["kubound.dev/v1alpha1"]),
];

/// Whether an object is of a modelled kind, in a version that is understood.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    Modelled,
    OtherKind,
    WrongVersion(&'static [&'static str]),
}

impl Objects {
    /// Adds an object; what is wrong with it is reported, what is not modelled is counted.
    pub fn add(&mut self, raw: RawObject, census: &mut Census, sink: &mut Diagnostics) {
        match standing(&raw) {
            Standing::Modelled => self.add_modelled(Rc::new(raw), &mut Reader { census, sink }),
            Standing::OtherKind => census.count(raw.kind),
            Standing::WrongVersion(versions) => {
                self.broken.push(raw.key().name);
                let message = format!("{} is not read in version `{}`", raw.kind, raw.api_version);
                sink.push(raw.error(
                    &"apiVersion".into(),
                    message,
                    format!("use `apiVersion: {}`", versions.join("` or `")),
                ));
            }
        }
    }

    fn add_modelled(&mut self, raw: Rc<RawObject>, reader: &mut Reader<'_>) {
        let broken = &mut self.broken;
        match raw.kind.as_str() {
            "Deployment" => {
                read_into(&mut self.deployments, broken, &raw, reader.read(&raw, true, validate::workload::deployment))
            }
            "ReplicaSet" => read_into(
                &mut self.replica_sets,
                broken,
                &raw,
                reader.read(&raw, true, validate::workload::replica_set),
            ),
            "StatefulSet" => self.stateful_sets.extend(reader.read_selecting(&raw)),
            "ReplicationController" => self.replication_controllers.extend(reader.read_selecting(&raw)),
            "Pod" => self.pods.extend(reader.read(&raw, true, validate::workload::pod)),
            "Node" => read_into(&mut self.nodes, broken, &raw, reader.read(&raw, false, validate::other::node)),
            "Service" => self.services.extend(reader.read(&raw, true, |_, _| ())),
            "Namespace" => self.namespaces.extend(reader.read(&raw, false, |_, _| ())),
            "PodDisruptionBudget" => {
                self.disruption_budgets.extend(reader.read(&raw, true, validate::other::disruption_budget))
            }
            "PersistentVolumeClaim" => self.claims.extend(reader.read(&raw, true, |_, _| ())),
            "PriorityClass" => self.priority_classes.extend(reader.read(&raw, false, |_, _| ())),
            "HorizontalPodAutoscaler" if raw.api_version == "autoscaling/v1" => {
                let old = reader.read::<AutoscalerV1>(&raw, true, validate::autoscaler::v1);
                self.autoscalers.extend(old.map(autoscalers::from_v1));
            }
            "HorizontalPodAutoscaler" => self.autoscalers.extend(reader.read(&raw, true, validate::autoscaler::v2)),
            "KubeSchedulerConfiguration" => self.scheduler_configurations.push(raw),
            "DeschedulerPolicy" => self.descheduler_policies.push(raw),
            _ => self.scenarios.push(raw),
        }
    }
}

/// Keeps an object that could be read, and the name of one that could not.
fn read_into<T>(list: &mut Vec<Located<T>>, broken: &mut Vec<String>, raw: &RawObject, read: Option<Located<T>>) {
    match read {
        Some(object) => list.push(object),
        None => broken.push(raw.key().name),
    }
}

/// Reads one object as a typed one, for commands of a scenario that carry a Deployment inline.
pub fn read_deployment(
    raw: &Rc<RawObject>,
    census: &mut Census,
    sink: &mut Diagnostics,
) -> Option<Located<Deployment>> {
    Reader { census, sink }.read(raw, true, validate::workload::deployment)
}

struct Reader<'a> {
    census: &'a mut Census,
    sink: &'a mut Diagnostics,
}

impl Reader<'_> {
    /// Reads a controller of pods that is modelled no further than its selector, which the census says.
    fn read_selecting<T>(&mut self, raw: &Rc<RawObject>) -> Option<Located<T>>
    where
        T: Metadata<Ty = ObjectMeta> + DeserializeOwned,
    {
        self.census.count(raw.kind.clone());
        let mut object = raw.decode::<T>(self.sink)?;
        let namespace = &mut object.value.metadata_mut().namespace;
        if namespace.as_deref().is_none_or(str::is_empty) {
            *namespace = Some("default".to_owned());
        }
        Some(object)
    }

    fn read<T>(
        &mut self,
        raw: &Rc<RawObject>,
        namespaced: bool,
        check: impl Fn(&T, &mut validate::Check<'_>),
    ) -> Option<Located<T>>
    where
        T: Metadata<Ty = ObjectMeta> + DeserializeOwned + Serialize,
    {
        let mut object = with_version_of_type(raw).decode::<T>(self.sink)?;
        object.raw = Rc::clone(raw);
        let mut checked = validate::Check::new(raw, self.sink);
        checked.metadata(object.value.metadata());
        check(&object.value, &mut checked);
        let mut known = object.written_back();
        if let Some(known) = known.as_object_mut() {
            known.insert("kind".to_owned(), raw.kind.clone().into());
        }
        census::report_unknown_fields(raw, &known, self.census, self.sink);
        for path in ["spec", "spec.template.spec"] {
            if path != "spec" || raw.kind == "Pod" {
                self.census.count_pod_fields(raw, &path.into());
            }
        }
        let namespace = &mut object.value.metadata_mut().namespace;
        match namespaced {
            true if namespace.as_deref().is_none_or(str::is_empty) => *namespace = Some("default".to_owned()),
            true => {}
            false => *namespace = None,
        }
        Some(object)
    }
}

/// The object as its type wants it: `k8s-openapi` insists on the version it was generated from.
fn with_version_of_type(raw: &Rc<RawObject>) -> Rc<RawObject> {
    if raw.api_version != "autoscaling/v2beta2" {
        return Rc::clone(raw);
    }
    let mut renamed = RawObject::clone(raw);
    renamed.rename_version("autoscaling/v2");
    Rc::new(renamed)
}

fn standing(raw: &RawObject) -> Standing {
    let Some((_, versions)) = VERSIONS.iter().find(|(kind, _)| *kind == raw.kind) else { return Standing::OtherKind };
    let group = raw.api_version.split_once('/').map_or("", |(group, _)| group);
    let foreign = group.contains('.') && !group.ends_with(".k8s.io") && !group.ends_with("kubound.dev");
    match versions.contains(&raw.api_version.as_str()) {
        true => Standing::Modelled,
        false if foreign => Standing::OtherKind,
        false => Standing::WrongVersion(versions),
    }
}
