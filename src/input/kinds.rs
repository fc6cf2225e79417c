//! Sorts objects by kind and turns them into types.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::Metadata;
use k8s_openapi::api::apps::v1::{ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::autoscaling::v1::HorizontalPodAutoscaler as AutoscalerV1;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{
    LimitRange, Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod, ReplicationController, ResourceQuota,
    Service,
};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::scheduling::v1::PriorityClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::DeserializeOwned;

use crate::cluster::object::spec::ObjectKey;

use super::autoscalers;
use super::census::{self, Census};
use super::diagnostics::Diagnostics;
use super::embedded;
use super::gitops::recognise;
use super::ignore::{self, Ignore};
use super::influence;
use super::karpenter;
use super::keda::{self, ScaledObject};
use super::missing::Named;
use super::object::{Located, RawObject, SCENARIO_VERSION};
use super::validate;
use super::vertical::{self, Given};

/// All objects of the input, by kind, in input order, each valid by itself.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    /// Deployments.
    pub deployments: Vec<Located<Deployment>>,
    /// ReplicaSets.
    pub replica_sets: Vec<Located<ReplicaSet>>,
    /// DaemonSets.
    pub daemon_sets: Vec<Located<DaemonSet>>,
    /// StatefulSets.
    pub stateful_sets: Vec<Located<StatefulSet>>,
    /// Jobs.
    pub jobs: Vec<Located<Job>>,
    /// CronJobs.
    pub cron_jobs: Vec<Located<CronJob>>,
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
    /// LimitRanges.
    pub limit_ranges: Vec<Located<LimitRange>>,
    /// ResourceQuotas.
    pub quotas: Vec<Located<ResourceQuota>>,
    /// ControllerRevisions: templates of StatefulSets and DaemonSets.
    pub controller_revisions: Vec<Located<ControllerRevision>>,
    /// PersistentVolumeClaims.
    pub claims: Vec<Located<PersistentVolumeClaim>>,
    /// PersistentVolumes: which nodes can reach them.
    pub volumes: Vec<Located<PersistentVolume>>,
    /// PriorityClasses.
    pub priority_classes: Vec<Located<PriorityClass>>,
    /// KubeSchedulerConfigurations.
    pub scheduler_configurations: Vec<Arc<RawObject>>,
    /// DeschedulerPolicies.
    pub descheduler_policies: Vec<Arc<RawObject>>,
    /// ConfigMaps that hold DeschedulerPolicies.
    pub policy_maps: BTreeSet<ObjectKey>,
    /// ScaledObjects as they were written, until they are read.
    pub scaled_objects: Vec<Arc<RawObject>>,
    /// ScaledObjects.
    pub scaled: Vec<ScaledObject>,
    /// VerticalPodAutoscalers that do something.
    pub verticals: Vec<Given>,
    /// NodePools and NodeClaims of Karpenter.
    pub karpenter: Vec<Arc<RawObject>>,
    /// Objects of GitOps controllers, and their settings.
    pub gitops: Vec<Arc<RawObject>>,
    /// Scenarios.
    pub scenarios: Vec<Arc<RawObject>>,
    /// What annotations of objects ignore.
    pub ignores: Vec<Ignore>,
    /// Objects that may own pods and are not modelled.
    pub left_out: BTreeSet<Named>,
    /// Names of objects that were given but could not be read: whatever refers to them is not to blame.
    pub broken: Vec<String>,
}

/// Versions in which modelled kinds are understood; the first is the one to recommend.
const VERSIONS: [(&str, &[&str]); 22] = [
    ("Deployment", &["apps/v1"]),
    ("ReplicaSet", &["apps/v1"]),
    ("DaemonSet", &["apps/v1"]),
    ("StatefulSet", &["apps/v1"]),
    ("Job", &["batch/v1"]),
    ("CronJob", &["batch/v1"]),
    ("ReplicationController", &["v1"]),
    ("Pod", &["v1"]),
    ("Node", &["v1"]),
    ("HorizontalPodAutoscaler", &["autoscaling/v2", "autoscaling/v1", "autoscaling/v2beta2"]),
    ("Service", &["v1"]),
    ("Namespace", &["v1"]),
    ("PodDisruptionBudget", &["policy/v1"]),
    ("LimitRange", &["v1"]),
    ("ResourceQuota", &["v1"]),
    ("ControllerRevision", &["apps/v1"]),
    ("PersistentVolumeClaim", &["v1"]),
    ("PersistentVolume", &["v1"]),
    ("PriorityClass", &["scheduling.k8s.io/v1"]),
    ("KubeSchedulerConfiguration", &["kubescheduler.config.k8s.io/v1"]),
    ("DeschedulerPolicy", &["descheduler/v1alpha2", "descheduler/v1alpha1"]),
    ("Scenario", &[SCENARIO_VERSION]),
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
        self.ignores.extend(ignore::read(&raw, sink));
        if raw.kind == "ConfigMap" {
            for held in embedded::configurations(&raw, sink) {
                if held.kind == "DeschedulerPolicy" {
                    self.policy_maps.insert(raw.key());
                }
                self.add(held, census, sink);
            }
        }
        if keda::is_scaled_object(&raw) {
            self.scaled_objects.push(Arc::new(raw));
            return;
        }
        if vertical::is_vertical(&raw) {
            self.verticals.extend(vertical::read(raw, census, sink));
            return;
        }
        if karpenter::is_of_karpenter(&raw) {
            self.karpenter.push(Arc::new(raw));
            return;
        }
        if recognise::is_of_controller(&raw) {
            self.gitops.push(Arc::new(raw));
            return;
        }
        match standing(&raw) {
            Standing::Modelled => self.add_modelled(raw, &mut Reader { census, sink }),
            Standing::OtherKind => {
                self.note_left_out(&raw);
                census.count_object(&raw);
            }
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

    /// Remembers an object that is not modelled, if it may own pods.
    fn note_left_out(&mut self, raw: &RawObject) {
        if influence::is_foreign(raw) || influence::of(raw).is_some() {
            self.left_out.insert(Named { kind: raw.kind.clone(), key: raw.key() });
        }
    }

    fn add_modelled(&mut self, raw: RawObject, reader: &mut Reader<'_>) {
        use validate::{autoscaler, batch, other, workload};
        let broken = &mut self.broken;
        match raw.kind.as_str() {
            "Deployment" => {
                read_into(&mut self.deployments, broken, reader.read(&raw, true, workload::deployment), raw)
            }
            "ReplicaSet" => {
                read_into(&mut self.replica_sets, broken, reader.read(&raw, true, workload::replica_set), raw)
            }
            "DaemonSet" => self.add_daemon_set(reader, raw),
            "StatefulSet" => {
                read_into(&mut self.stateful_sets, broken, reader.read(&raw, true, workload::stateful_set), raw)
            }
            "Job" => self.add_job(reader, raw),
            "CronJob" => read_into(&mut self.cron_jobs, broken, reader.read(&raw, true, batch::cron_job), raw),
            "ControllerRevision" => {
                self.controller_revisions.extend(located(reader.read(&raw, true, |_, _| ()), raw));
            }
            "PersistentVolume" => self.volumes.extend(located(reader.read(&raw, false, |_, _| ()), raw)),
            "ReplicationController" => {
                self.note_left_out(&raw);
                self.replication_controllers.extend(located(reader.read_selecting(&raw), raw));
            }
            "Pod" => self.pods.extend(located(reader.read(&raw, true, workload::pod), raw)),
            "Node" => read_into(&mut self.nodes, broken, reader.read(&raw, false, other::node), raw),
            "Service" => self.services.extend(located(reader.read(&raw, true, |_, _| ()), raw)),
            "Namespace" => self.namespaces.extend(located(reader.read(&raw, false, |_, _| ()), raw)),
            "PodDisruptionBudget" => {
                self.disruption_budgets.extend(located(reader.read(&raw, true, other::disruption_budget), raw))
            }
            "LimitRange" => self.limit_ranges.extend(located(reader.read(&raw, true, other::limit_range), raw)),
            "ResourceQuota" => self.quotas.extend(located(reader.read(&raw, true, other::quota), raw)),
            "PersistentVolumeClaim" => self.claims.extend(located(reader.read(&raw, true, |_, _| ()), raw)),
            "PriorityClass" => self.priority_classes.extend(located(reader.read(&raw, false, |_, _| ()), raw)),
            "HorizontalPodAutoscaler" if raw.api_version == "autoscaling/v1" => {
                let old = located(reader.read::<AutoscalerV1>(&raw, true, autoscaler::v1), raw);
                self.autoscalers.extend(old.map(autoscalers::from_v1));
            }
            "HorizontalPodAutoscaler" => self.autoscalers.extend(located(reader.read(&raw, true, autoscaler::v2), raw)),
            "KubeSchedulerConfiguration" => self.scheduler_configurations.push(Arc::new(raw)),
            "DeschedulerPolicy" => self.descheduler_policies.push(Arc::new(raw)),
            _ => self.scenarios.push(Arc::new(raw)),
        }
    }

    /// One whose template names a node is left out: then the controller and the scheduler do other things.
    fn add_daemon_set(&mut self, reader: &mut Reader<'_>, raw: RawObject) {
        let read = reader.read(&raw, true, validate::workload::daemon_set);
        if read.as_ref().is_some_and(names_node) {
            self.left_out.insert(Named { kind: raw.kind.clone(), key: raw.key() });
            reader.census.leave_out("DaemonSet with nodeName", "keeps a pod on a node");
        } else {
            read_into(&mut self.daemon_sets, &mut self.broken, read, raw);
        }
    }

    /// One that another controller manages is left out: then that one makes its pods.
    fn add_job(&mut self, reader: &mut Reader<'_>, raw: RawObject) {
        let read: Option<Job> = reader.read(&raw, true, validate::batch::job);
        let manager = |job: &Job| job.spec.as_ref().and_then(|spec| spec.managed_by.clone());
        if read.as_ref().and_then(manager).is_some_and(|manager| manager != "kubernetes.io/job-controller") {
            self.left_out.insert(Named { kind: raw.kind.clone(), key: raw.key() });
            reader.census.leave_out("Job with managedBy", "makes pods that come and go");
        } else {
            read_into(&mut self.jobs, &mut self.broken, read, raw);
        }
    }

    /// Adds the objects of another source, which come after those that are there.
    pub fn append(&mut self, other: Objects) {
        self.deployments.extend(other.deployments);
        self.replica_sets.extend(other.replica_sets);
        self.daemon_sets.extend(other.daemon_sets);
        self.stateful_sets.extend(other.stateful_sets);
        self.jobs.extend(other.jobs);
        self.cron_jobs.extend(other.cron_jobs);
        self.replication_controllers.extend(other.replication_controllers);
        self.pods.extend(other.pods);
        self.nodes.extend(other.nodes);
        self.autoscalers.extend(other.autoscalers);
        self.services.extend(other.services);
        self.namespaces.extend(other.namespaces);
        self.disruption_budgets.extend(other.disruption_budgets);
        self.controller_revisions.extend(other.controller_revisions);
        self.claims.extend(other.claims);
        self.quotas.extend(other.quotas);
        self.limit_ranges.extend(other.limit_ranges);
        self.volumes.extend(other.volumes);
        self.priority_classes.extend(other.priority_classes);
        self.scheduler_configurations.extend(other.scheduler_configurations);
        self.descheduler_policies.extend(other.descheduler_policies);
        self.scaled_objects.extend(other.scaled_objects);
        self.scaled.extend(other.scaled);
        self.verticals.extend(other.verticals);
        self.karpenter.extend(other.karpenter);
        self.gitops.extend(other.gitops);
        self.scenarios.extend(other.scenarios);
        self.ignores.extend(other.ignores);
        self.left_out.extend(other.left_out);
        self.policy_maps.extend(other.policy_maps);
        self.broken.extend(other.broken);
    }
}

/// Whether the pods of a DaemonSet bypass the scheduler.
fn names_node(object: &DaemonSet) -> bool {
    let pod = object.spec.as_ref().and_then(|spec| spec.template.spec.as_ref());
    pod.and_then(|pod| pod.node_name.as_deref()).is_some_and(|node| !node.is_empty())
}

/// Keeps an object that could be read, and the name of one that could not.
fn read_into<T>(list: &mut Vec<Located<T>>, broken: &mut Vec<String>, read: Option<T>, raw: RawObject) {
    match read {
        Some(value) => list.push(Located::new(value, raw)),
        None => broken.push(raw.key().name),
    }
}

fn located<T>(read: Option<T>, raw: RawObject) -> Option<Located<T>> {
    read.map(|value| Located::new(value, raw))
}

/// Reads one object as a typed one, for commands of a scenario that carry a Deployment inline.
pub fn read_deployment(raw: RawObject, census: &mut Census, sink: &mut Diagnostics) -> Option<Located<Deployment>> {
    located(Reader { census, sink }.read(&raw, true, validate::workload::deployment), raw)
}

/// The same of a StatefulSet.
pub fn read_stateful_set(raw: RawObject, census: &mut Census, sink: &mut Diagnostics) -> Option<Located<StatefulSet>> {
    located(Reader { census, sink }.read(&raw, true, validate::workload::stateful_set), raw)
}

/// The same of a DaemonSet.
pub fn read_daemon_set(raw: RawObject, census: &mut Census, sink: &mut Diagnostics) -> Option<Located<DaemonSet>> {
    located(Reader { census, sink }.read(&raw, true, validate::workload::daemon_set), raw)
}

/// The same of a PodDisruptionBudget.
pub fn read_disruption_budget(
    raw: RawObject,
    census: &mut Census,
    sink: &mut Diagnostics,
) -> Option<Located<PodDisruptionBudget>> {
    located(Reader { census, sink }.read(&raw, true, validate::other::disruption_budget), raw)
}

/// The same of a Job.
pub fn read_job(raw: RawObject, census: &mut Census, sink: &mut Diagnostics) -> Option<Located<Job>> {
    located(Reader { census, sink }.read(&raw, true, validate::batch::job), raw)
}

/// The same of a CronJob.
pub fn read_cron_job(raw: RawObject, census: &mut Census, sink: &mut Diagnostics) -> Option<Located<CronJob>> {
    located(Reader { census, sink }.read(&raw, true, validate::batch::cron_job), raw)
}

struct Reader<'a> {
    census: &'a mut Census,
    sink: &'a mut Diagnostics,
}

impl Reader<'_> {
    /// Reads a controller of pods that is modelled no further than its selector, which the census says.
    fn read_selecting<T>(&mut self, raw: &RawObject) -> Option<T>
    where
        T: Metadata<Ty = ObjectMeta> + DeserializeOwned,
    {
        self.census.count_object(raw);
        let (mut object, _) = raw.decode::<T>(self.sink)?;
        default_namespace(object.metadata_mut());
        Some(object)
    }

    fn read<T>(&mut self, raw: &RawObject, namespaced: bool, check: impl Fn(&T, &mut validate::Check<'_>)) -> Option<T>
    where
        T: Metadata<Ty = ObjectMeta> + DeserializeOwned,
    {
        let (mut object, unknown) = with_version_of_type(raw).decode::<T>(self.sink)?;
        let mut checked = validate::Check::new(raw, self.sink);
        checked.metadata(object.metadata());
        check(&object, &mut checked);
        census::report_unknown_fields(raw, unknown, self.census, self.sink);
        let path = match raw.kind.as_str() {
            "Pod" => "spec",
            "CronJob" => "spec.jobTemplate.spec.template.spec",
            _ => "spec.template.spec",
        };
        self.census.count_pod_fields(raw, &path.into());
        self.census.count_set_fields(raw);
        match namespaced {
            true => default_namespace(object.metadata_mut()),
            false => object.metadata_mut().namespace = None,
        }
        Some(object)
    }
}

fn default_namespace(metadata: &mut ObjectMeta) {
    if metadata.namespace.as_deref().is_none_or(str::is_empty) {
        metadata.namespace = Some("default".to_owned());
    }
}

/// The object as its type wants it: `k8s-openapi` insists on the version it was generated from.
fn with_version_of_type(raw: &RawObject) -> Cow<'_, RawObject> {
    if raw.api_version != "autoscaling/v2beta2" {
        return Cow::Borrowed(raw);
    }
    let mut renamed = raw.clone();
    renamed.rename_version("autoscaling/v2");
    Cow::Owned(renamed)
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
