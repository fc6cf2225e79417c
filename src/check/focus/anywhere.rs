//! One workload by itself, wherever its pods are: the first and smallest model that a property is asked of.
//!
//! All nodes become one that has room for everything, and all other workloads go. That is sound where nothing that
//! happens to a node, and nobody else, takes pods of the workload away ([`obstacle`]), and where the property does not
//! ask where they are: then the rest of the cluster can do one thing to the workload, which is to leave its pods no node.
//! If [`super::room`] excludes that, the model is exact (a bisimulation that forgets places). Else the company may crowd the
//! pods out at any time ([`crate::cluster::object::spec::Company`]), which over-approximates whatever others, constraints and
//! scores can do.
//!
//! Names go as well, so that workloads alike have the same model ([`Alone::spec`]).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Node, NodeCondition, NodeStatus, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::cluster::object::activation::Activation;
use crate::cluster::object::command::Command;
use crate::cluster::object::gitops::{Declared, Sync};

use crate::cluster::object::scenario::{Load, Scenario, Unready};
use crate::cluster::object::spec::{
    Autoscaler, ClusterSpec, Company, DEFAULT_SCHEDULER, ExistingPod, FitStrategy, NodeSpec, ObjectKey, Revision,
    SchedulerProfile, Workload,
};
use crate::cluster::object::stateful::Stateful;
use crate::cluster::object::vertical::{Mode, Vertical};
use crate::property::about;

use super::survey::Survey;
use super::{arrival, room};

/// What the node is called in a model of one workload.
const NODE: &str = "anywhere";

/// How a workload is called in a model of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// Like any other, so that those alike have equal models.
    Nameless,
    /// As in the cluster, so that what happens can be told.
    Own,
}

/// How closely autoscalers are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scaling {
    /// Any size within the limits at any time: whatever loads, metrics, windows and policies come to.
    Free,
    /// As they compute it.
    Exact,
}

/// A workload alone.
pub struct Alone {
    /// The model's cluster, without names.
    pub spec: ClusterSpec,
    /// Whether others may leave its pods no room, as far as is known.
    pub crowded: bool,
    /// Positions, in the whole scenario, of the commands that are left.
    pub commands: Vec<usize>,
}

/// Why a workload cannot be looked at without places, in a few words; `None` if it can.
pub fn obstacle(survey: &Survey<'_>, workload: usize, property: &str) -> Option<String> {
    let owner = &survey.spec.workloads[workload];
    if about(property).places {
        return Some("the property asks where its pods are".to_owned());
    }
    let own: Vec<usize> = survey.templates_of(workload).collect();
    if own.iter().any(|&it| survey.templates[it].is_daemon()) {
        return Some("each of its pods is made for one node".to_owned());
    }
    if own.iter().any(|&it| survey.templates[it].pinned_to().is_some()) {
        return Some("its pods name their node".to_owned());
    }
    if !own.iter().all(|&it| survey.is_scheduled(it)) {
        return Some("no scheduler takes its pods".to_owned());
    }
    if survey.may_be_refused(&own) {
        return Some("a quota may refuse its pods".to_owned());
    }
    let trouble =
        |&template: &usize| survey.reach(template).iter().zip(&survey.troubled).any(|(&here, &bad)| here && bad);
    if own.iter().any(trouble) {
        return Some("its pods can be on nodes that fail, are drained, cordoned or tainted".to_owned());
    }
    if owner.vertical.as_ref().is_some_and(|vertical| vertical.mode == Mode::InPlaceOrRecreate) {
        return Some("whether its pods are resized depends on their nodes".to_owned());
    }
    if survey.is_descheduled(owner) {
        return Some("the descheduler may evict its pods".to_owned());
    }
    // Whoever is preempted in the first block only, and finds room again in it, has lost nothing when it ends.
    let recovers = !about(property).momentary && own.iter().all(|&it| room::always_has_room(survey, it));
    own.iter()
        .any(|&it| may_be_preempted(survey, it) && !(recovers && arrival::is_preempted_at_first_only(survey, it)))
        .then(|| "pods of higher priority may preempt its pods".to_owned())
}

/// Whether pods of higher priority may ever fit nowhere and evict those of the template.
pub fn may_be_preempted(survey: &Survey<'_>, template: usize) -> bool {
    preemptors(survey, template).next().is_some()
}

/// Templates whose pods may ever fit nowhere and evict those of another one.
pub fn preemptors<'a>(survey: &'a Survey<'_>, template: usize) -> impl Iterator<Item = usize> + 'a {
    let own = survey.templates[template].priority();
    (0..survey.templates.len()).filter(move |&other| {
        survey.templates[other].priority() > own
            && survey.most[other] > 0
            && survey.may_preempt(other)
            && !room::always_has_room(survey, other)
    })
}

/// The model of one workload, which has no [`obstacle`].
pub fn alone(survey: &Survey<'_>, workload: usize, naming: Naming, scaling: Scaling) -> Alone {
    let whole = survey.spec;
    let owner = &whole.workloads[workload];
    let images = whole.scenario.never_ready.iter().chain(&whole.scenario.crash_looping).cloned().collect();
    let names = Names { naming, scaling, owner, images };
    let crowded = !room::finds_room(survey, workload);
    let own = names.key();
    let commands: Vec<usize> = own_commands(whole, &owner.key).collect();
    let only = |when: bool| when.then(|| own.clone()).into_iter().collect();
    let scales_freely = only(scaling == Scaling::Free);
    let company = Company { crowds_out: only(crowded), scales_freely, ..Company::default() };
    let spec = ClusterSpec {
        nodes: vec![node(survey, workload)],
        workloads: vec![names.workload()],
        autoscalers: whole
            .autoscalers
            .iter()
            .filter(|it| it.target == owner.key)
            .map(|it| names.autoscaler(it))
            .collect(),
        activations: whole
            .activations
            .iter()
            .filter(|it| it.target == owner.key)
            .map(|it| names.activation(it))
            .collect(),
        namespaces: BTreeMap::new(),
        scheduler: vec![profile()],
        scenario: names.scenario(whole, &commands),
        company,
        ..ClusterSpec::default()
    };
    Alone { spec, crowded, commands }
}

/// Positions of the commands on a workload.
fn own_commands<'a>(spec: &'a ClusterSpec, key: &'a ObjectKey) -> impl Iterator<Item = usize> + 'a {
    let commands = spec.scenario.commands.iter().enumerate();
    commands.filter(move |(_, command)| command.action.target() == Some(key)).map(|(position, _)| position)
}

/// Gives a workload, and what speaks of it, the names of its model.
struct Names<'a> {
    naming: Naming,
    scaling: Scaling,
    owner: &'a Workload,
    /// Images that matter.
    images: Vec<String>,
}

impl Names<'_> {
    fn key(&self) -> ObjectKey {
        match self.naming {
            Naming::Nameless => ObjectKey { namespace: "default".to_owned(), name: "workload".to_owned() },
            Naming::Own => self.owner.key.clone(),
        }
    }

    fn workload(&self) -> Workload {
        let name = |position: usize, own: &str| match self.naming {
            Naming::Nameless => format!("workload-{position}"),
            Naming::Own => own.to_owned(),
        };
        let revision = |(position, it): (usize, &Revision)| Revision {
            name: name(position, &it.name),
            template: without_place(&it.template, &self.images),
            size: it.size,
            pods: it.pods.iter().map(pod).collect(),
            young: it.young,
            unmade: false,
            variants: it.variants.clone(),
        };
        Workload {
            key: self.key(),
            labels: BTreeMap::new(),
            selector: Default::default(),
            stateful: self.owner.stateful.as_ref().map(|set| self.stateful(set)),
            vertical: self.owner.vertical.as_ref().map(|vertical| self.vertical(vertical)),
            revisions: self.owner.revisions.iter().enumerate().map(revision).collect(),
            emptied: Vec::new(),
            history_limit: 0,
            origin: Default::default(),
            ..self.owner.clone()
        }
    }

    /// A StatefulSet whose pods find their volumes anywhere.
    fn stateful(&self, set: &Stateful) -> Stateful {
        let name = match self.naming {
            Naming::Nameless => self.key().name,
            Naming::Own => set.name.clone(),
        };
        Stateful { name, pins: BTreeMap::new(), ..set.clone() }
    }

    fn vertical(&self, vertical: &Vertical) -> Vertical {
        let key = match self.naming {
            Naming::Nameless => self.key(),
            Naming::Own => vertical.key.clone(),
        };
        Vertical { key, ..vertical.clone() }
    }

    fn autoscaler(&self, autoscaler: &Autoscaler) -> Autoscaler {
        let mut object = autoscaler.object.clone();
        let key = match self.naming {
            Naming::Nameless => self.key(),
            Naming::Own => autoscaler.key.clone(),
        };
        object.metadata = ObjectMeta { name: Some(key.name.clone()), ..ObjectMeta::default() };
        if let Some(spec) = &mut object.spec {
            spec.scale_target_ref.name = self.key().name;
        }
        Autoscaler { key, object, target: self.key(), origin: Default::default() }
    }

    fn activation(&self, activation: &Activation) -> Activation {
        let key = match self.naming {
            Naming::Nameless => self.key(),
            Naming::Own => activation.key.clone(),
        };
        Activation { key, target: self.key(), origin: Default::default(), ..activation.clone() }
    }

    /// What a GitOps controller does to the workload.
    fn sync(&self, sync: &Sync) -> Option<Sync> {
        let own = sync.declared.iter().filter(|it| it.target == self.owner.key);
        let declared: Vec<Declared> = own.map(|it| Declared { target: self.key(), ..it.clone() }).collect();
        let name = match self.naming {
            Naming::Nameless => "GitOps".to_owned(),
            Naming::Own => sync.name.clone(),
        };
        (!declared.is_empty()).then(|| Sync { name, tool: sync.tool, declared, origin: Default::default() })
    }

    fn scenario(&self, whole: &ClusterSpec, commands: &[usize]) -> Scenario {
        let (whole, own) = (&whole.scenario, &self.owner.key);
        let here = |keys: &[ObjectKey]| keys.iter().filter(|it| *it == own).map(|_| self.key()).take(1).collect();
        let command = |&at: &usize| {
            let mut action = whole.commands[at].action.clone();
            action.target_mut().into_iter().for_each(|target| *target = self.key());
            Command { action, origin: Default::default(), text: "command".to_owned() }
        };
        let exact = self.scaling == Scaling::Exact;
        let loads = whole.loads.iter().filter(|load| exact && load.target == *own).cloned();
        let unready = whole.unready.iter().filter(|it| it.target == *own);
        Scenario {
            placed_anywhere: here(&whole.placed_anywhere),
            loads: loads.map(|load| Load { target: self.key(), ..load }).collect(),
            slow_start: here(&whole.slow_start),
            never_ready: whole.never_ready.clone(),
            crash_looping: whole.crash_looping.clone(),
            unready: unready.map(|it| Unready { target: self.key(), ..it.clone() }).collect(),
            failures: None,
            overload: None,
            maintenance: None,
            node_groups: Vec::new(),
            commands: commands.iter().map(command).collect(),
            syncs: whole.syncs.iter().filter_map(|sync| self.sync(sync)).collect(),
            controllers: whole.controllers.clone(),
            properties: Vec::new(),
            bound: whole.bound,
            interleaving: whole.interleaving,
            interleaves_by_default: whole.interleaves_by_default,
            // What others do in between takes its time, too.
            timing: None,
        }
    }
}

fn pod(pod: &ExistingPod) -> ExistingPod {
    let node = pod.node.as_ref().map(|_| NODE.to_owned());
    ExistingPod { name: String::new(), node, object: None, ..pod.clone() }
}

/// A template without anything that says where its pods go, or what they are called. Of images only those are left that
/// matter, as those of containers that never become ready.
fn without_place(template: &PodTemplateSpec, images: &[String]) -> PodTemplateSpec {
    let mut spec = template.spec.clone().unwrap_or_default();
    spec.node_selector = None;
    spec.affinity = None;
    spec.topology_spread_constraints = None;
    spec.tolerations = None;
    spec.scheduler_name = None;
    spec.priority = None;
    spec.priority_class_name = None;
    spec.preemption_policy = None;
    spec.host_network = None;
    for container in spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten()) {
        container.name = String::new();
        container.image = container.image.take().filter(|image| images.contains(image));
        container.ports = None;
        container.env = None;
        container.args = None;
        container.command = None;
    }
    PodTemplateSpec { metadata: None, spec: Some(spec) }
}

/// A node that has more of everything than the workload can ever ask for. Pods that are being deleted are bounded by
/// what nodes take, so it takes as many pods as all nodes together.
fn node(survey: &Survey<'_>, workload: usize) -> NodeSpec {
    let pods: i64 = survey.classes.iter().map(|class| class.free("pods").max(0) * class.members.len() as i64).sum();
    let own = survey.templates_of(workload).map(|it| &survey.templates[it]);
    let most: i64 = own.clone().map(|template| template.max_pods).sum();
    let plain = [("cpu", PLENTY.0), ("memory", PLENTY.1), ("ephemeral-storage", PLENTY.1)];
    let extended = own.flat_map(|template| template.requests.extended.keys().map(|name| (name.as_str(), PLENTY.0)));
    let mut plenty: BTreeMap<String, Quantity> =
        plain.into_iter().chain(extended).map(|(name, much)| (name.to_owned(), Quantity(much.to_owned()))).collect();
    plenty.insert("pods".to_owned(), Quantity(pods.max(most).to_string()));
    let ready = NodeCondition { type_: "Ready".to_owned(), status: "True".to_owned(), ..NodeCondition::default() };
    let status = NodeStatus {
        allocatable: Some(plenty.clone()),
        capacity: Some(plenty),
        conditions: Some(vec![ready]),
        ..NodeStatus::default()
    };
    let metadata = ObjectMeta { name: Some(NODE.to_owned()), ..ObjectMeta::default() };
    NodeSpec {
        name: NODE.to_owned(),
        node: Node { metadata, status: Some(status), ..Node::default() },
        ..NodeSpec::default()
    }
}

/// Whole units of countable resources, and bytes.
const PLENTY: (&str, &str) = ("1000000000", "1Pi");

/// No score and no filter matters where there is one node with room for all.
fn profile() -> SchedulerProfile {
    SchedulerProfile {
        name: DEFAULT_SCHEDULER.to_owned(),
        scheduler: 0,
        filters: Vec::new(),
        scores: Vec::new(),
        preemption: false,
        default_constraints: Vec::new(),
        system_default_spreading: true,
        fit_strategy: FitStrategy::LeastAllocated,
        fit_resources: Vec::new(),
    }
}
