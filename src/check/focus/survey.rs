//! What is true of a whole cluster whatever happens in it: which pods there can be, where they can go, what can trouble
//! a node. Everything here is an upper bound over all runs, found without a search; [`super::room`] and
//! [`super::anywhere`] draw their conclusions from it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use crate::cluster::counting::classes::{self, NodeClass};
use crate::cluster::counting::quotas;
use crate::cluster::counting::reads::Readings;
use crate::cluster::counting::replica_sets;
use crate::cluster::counting::templates::{self, Template, Tenure};
use crate::cluster::object::resources::ResourceError;
use crate::cluster::object::selector;
use crate::cluster::object::spec::{ClusterSpec, ExistingPod, SchedulerProfile, Workload, WorkloadKind};
use crate::cluster::object::stateful::Stateful;
use crate::cluster::object::vertical::Vertical;
use crate::cluster::{counting::loose, object::affinity};
use crate::model::readers;

/// Facts about a cluster.
pub struct Survey<'a> {
    /// The cluster.
    pub spec: &'a ClusterSpec,
    /// Its kinds of interchangeable pods: those of owners first, by workload and revision.
    pub templates: Vec<Template>,
    /// By template: what may keep its pods from being created.
    pub quotas: Vec<quotas::Limits>,
    /// What may keep ReplicaSets from being created.
    pub replica_sets: replica_sets::Limits,
    /// Its nodes, by what encodings read of them.
    pub classes: Vec<NodeClass>,
    /// By template: how many of its pods hold room at a time, at most.
    pub most: Vec<i64>,
    /// By template: the same at the end of the first block, in which nobody is resized.
    pub at_first: Vec<i64>,
    /// By class: whether a node of it can become unusable, be emptied, or empties itself of pods that are not for it.
    pub troubled: Vec<bool>,
    /// By template: whether pods of others may refuse its pods a node by required anti-affinity.
    repelled: Vec<bool>,
    class_of: HashMap<&'a str, usize>,
    of_workload: Vec<Vec<usize>>,
    grounds: RefCell<BTreeMap<String, Rc<Vec<bool>>>>,
}

impl<'a> Survey<'a> {
    /// Surveys a cluster.
    pub fn of(spec: &'a ClusterSpec) -> Result<Self, ResourceError> {
        let templates = templates::templates(spec)?;
        let quotas = quotas::limits(spec, &templates)?;
        let replica_sets = replica_sets::Limits::of(spec)?;
        let readings = Readings::of(&readers(), spec, &templates);
        let classes = classes::classes(spec, &templates, &readings, false)?;
        let troubled = classes.iter().map(|class| is_troubled(spec, class)).collect();
        let most: Vec<i64> = templates.iter().map(|template| most(spec, template)).collect();
        let at_first =
            templates.iter().zip(&most).map(|(template, &most)| most.min(at_first(spec, template))).collect();
        let class_of = classes.iter().enumerate().flat_map(|(position, class)| {
            class.members.iter().map(move |&member| (spec.nodes[member].name.as_str(), position))
        });
        let class_of = class_of.collect();
        let repelled = repelled(&templates);
        let mut of_workload = vec![Vec::new(); spec.workloads.len()];
        templates.iter().enumerate().for_each(|(position, it)| of_workload[it.workload].push(position));
        let grounds = RefCell::default();
        Ok(Survey {
            spec,
            templates,
            quotas,
            replica_sets,
            classes,
            most,
            at_first,
            troubled,
            repelled,
            class_of,
            of_workload,
            grounds,
        })
    }

    /// The templates of a workload, by position.
    pub fn templates_of(&self, workload: usize) -> impl Iterator<Item = usize> + Clone + '_ {
        self.of_workload[workload].iter().copied()
    }

    /// The class of a node.
    pub fn class_of(&self, node: &str) -> Option<usize> {
        self.class_of.get(node).copied()
    }

    /// By class: whether pods of a template may ever be bound to nodes of it.
    pub fn ground(&self, template: usize) -> Rc<Vec<bool>> {
        let pod = &self.templates[template];
        let affinity = pod.spec.affinity.as_ref().and_then(|it| it.node_affinity.as_ref());
        let asks = format!("{:?} {affinity:?} {:?} {:?}", pod.spec.node_selector, pod.tolerations(), pod.pinned_to());
        let mut grounds = self.grounds.borrow_mut();
        let found = grounds.entry(asks).or_insert_with(|| {
            let runs = |class: &NodeClass| class.names.iter().any(|name| pod.may_run_on(name, &class.node));
            Rc::new(self.classes.iter().map(runs).collect())
        });
        Rc::clone(found)
    }

    /// How many pods of a template a node has at a time, at most, while none is being deleted.
    pub fn most_on_a_node(&self, template: usize) -> i64 {
        let most = self.most[template];
        if self.templates[template].is_daemon() { most.min(1) } else { most }
    }

    /// Names of the nodes to which pods of some templates may ever be bound.
    pub fn nodes_for(&self, templates: impl Iterator<Item = usize>) -> BTreeSet<&str> {
        let grounds: Vec<Rc<Vec<bool>>> = templates.map(|template| self.ground(template)).collect();
        let usable = self.classes.iter().enumerate().filter(|(class, _)| grounds.iter().any(|ground| ground[*class]));
        usable.flat_map(|(_, class)| class.names.iter().map(String::as_str)).collect()
    }

    /// By class: whether pods of a template are there at the start or may ever come.
    pub fn reach(&self, template: usize) -> Vec<bool> {
        let pod = &self.templates[template];
        let owner = &self.spec.workloads[pod.workload];
        if self.spec.scenario.placed_anywhere.contains(&owner.key) {
            return vec![true; self.classes.len()];
        }
        let mut reach = self.ground(template).as_ref().clone();
        for class in self.existing(template).filter_map(|it| self.class_of(it.node.as_deref()?)) {
            reach[class] = true;
        }
        reach
    }

    /// The pods of a template that exist at the start.
    pub fn existing(&self, template: usize) -> impl Iterator<Item = &'a ExistingPod> + '_ {
        let pod = &self.templates[template];
        let pods = &self.spec.workloads[pod.workload].revisions[pod.revision].pods;
        pod.members.iter().map(|&member| &pods[member])
    }

    /// Whether only what nodes have and what they are like decides where pods of a template may go, and never which
    /// other pods are there: no hard spreading, no required affinity of theirs or against them, no host ports, no name.
    pub fn asks_for_room_only(&self, template: usize) -> bool {
        let pod = &self.templates[template];
        self.asks_nothing_of_others(template)
            && loose::host_ports(&pod.spec).is_empty()
            && pod.pinned_to().is_none()
            && !pod.is_daemon()
    }

    /// The same, but for host ports and names.
    pub fn asks_nothing_of_others(&self, template: usize) -> bool {
        let pod = &self.templates[template];
        let spec = &pod.spec;
        let listed = spec.topology_spread_constraints.iter().flatten();
        let profile = self.profile(template);
        let spreads = if spec.topology_spread_constraints.as_ref().is_some_and(|list| !list.is_empty()) {
            listed.cloned().collect()
        } else if profile.system_default_spreading {
            Vec::new()
        } else {
            profile.default_constraints.clone()
        };
        !spreads.iter().any(|it| it.when_unsatisfiable == "DoNotSchedule")
            && affinity::required(spec).is_empty()
            && affinity::required_anti(spec).is_empty()
            && pod.nominated_to().is_none()
            && !self.repelled[template]
    }

    /// The scheduler profile of a template; the first one where no scheduler takes its pods.
    pub fn profile(&self, template: usize) -> &'a SchedulerProfile {
        self.own_profile(template).unwrap_or(&self.spec.scheduler[0])
    }

    /// Whether a quota, which counts what others have too, may refuse pods of some templates or their ReplicaSets.
    pub fn may_be_refused(&self, templates: &[usize]) -> bool {
        let sets = |template: usize| self.replica_sets.on(self.templates[template].workload);
        templates.iter().any(|&it| !self.quotas[it].is_empty() || !sets(it).is_empty())
    }

    /// Whether some scheduler takes pods of a template.
    pub fn is_scheduled(&self, template: usize) -> bool {
        self.own_profile(template).is_some()
    }

    fn own_profile(&self, template: usize) -> Option<&'a SchedulerProfile> {
        SchedulerProfile::named(&self.spec.scheduler, self.templates[template].spec.scheduler_name.as_deref())
    }

    /// Whether pods of a template may make room for themselves.
    pub fn may_preempt(&self, template: usize) -> bool {
        let pod = &self.templates[template];
        let is_willing = pod.spec.preemption_policy.as_deref() != Some("Never");
        pod.may_be_placed() && is_willing && self.profile(template).preemption
    }

    /// Whether the descheduler may look at pods of a workload at all.
    pub fn is_descheduled(&self, workload: &Workload) -> bool {
        use crate::cluster::object::spec::DeschedulerPlugin::{
            HighNodeUtilization, InterPodAntiAffinity, LowNodeUtilization, NodeAffinity, NodeTaints, RemoveDuplicates,
            TopologySpread,
        };
        let namespace = &workload.key.namespace;
        let policy = self.spec.descheduler.as_ref().filter(|_| self.spec.scenario.controllers.descheduler);
        policy.is_some_and(|policy| {
            policy.plugins.iter().any(|enabled| match &enabled.plugin {
                RemoveDuplicates { namespaces, .. } => namespaces.admits(namespace),
                TopologySpread { pods, .. } | NodeAffinity { pods, .. } | InterPodAntiAffinity { pods } => {
                    pods.namespaces.admits(namespace)
                }
                NodeTaints(arguments) => arguments.pods.namespaces.admits(namespace),
                LowNodeUtilization(arguments) | HighNodeUtilization(arguments) => {
                    !arguments.excluded_namespaces.contains(namespace)
                }
            })
        })
    }

    /// Whether workloads leave room in a block only before the scheduler looks for some: where they do so by getting smaller,
    /// and not by rollouts, evictions or preemptions, which go on while others wait.
    pub fn is_calm(&self) -> bool {
        let moves = |workload: &Workload| {
            let is_daemon = workload.kind == WorkloadKind::DaemonSet;
            // Pods of a Job that is over go while others wait.
            is_daemon && workload.revisions.iter().any(|it| !it.pods.is_empty()) || workload.kind.is_batch()
        };
        let updates = |workload: &Workload| workload.vertical.as_ref().is_some_and(Vertical::updates);
        let rolls = |workload: &Workload| used(self.spec, workload).count() > 1 || moves(workload) || updates(workload);
        let mut priorities: Vec<i64> = self.templates.iter().map(Template::priority).collect();
        priorities.dedup();
        self.spec.descheduler.is_none()
            && priorities.len() <= 1
            && !self.troubled.contains(&true)
            && !self.owners().any(|(_, workload)| rolls(workload))
    }

    /// Whether pods of a workload stay where they are once they are bound: nobody resizes, rolls, evicts or preempts them.
    pub fn stays(&self, workload: usize) -> bool {
        let owner = &self.spec.workloads[workload];
        let scenario = &self.spec.scenario;
        let is_resized = self.spec.scales(&owner.key)
            || scenario.commands.iter().any(|it| it.action.target() == Some(&owner.key))
            || scenario.drifts_at_start(owner);
        let is_troubled = |template: usize| {
            self.reach(template).into_iter().zip(&self.troubled).any(|(reached, &troubled)| reached && troubled)
        };
        owner.kind.has_scale()
            && !owner.vertical.as_ref().is_some_and(Vertical::updates)
            && !is_resized
            && !scenario.placed_anywhere.contains(&owner.key)
            && scenario.overload.is_none()
            && !self.is_descheduled(owner)
            && used(self.spec, owner).count() == 1
            && owner.revisions[owner.current].pods.len() as i64 <= owner.replicas
            && owner.stateful.as_ref().is_none_or(|set| keeps_its_pods(owner, set))
            && !self.templates_of(workload).any(is_troubled)
            && self.templates.iter().all(|it| it.priority() == self.templates[0].priority())
    }

    /// Whether pods of a workload run already, and stay where they are.
    pub fn never_moves(&self, workload: usize) -> bool {
        let owner = &self.spec.workloads[workload];
        let revision = &owner.revisions[owner.current];
        let runs = |pod: &ExistingPod| pod.ready && pod.node.as_deref().and_then(|node| self.class_of(node)).is_some();
        self.stays(workload)
            && revision.pods.len() as i64 == owner.replicas
            && revision.size == owner.replicas
            && revision.pods.iter().all(runs)
    }

    /// Workloads that the model moves, with their positions.
    pub fn owners(&self) -> impl Iterator<Item = (usize, &'a Workload)> + use<'a> {
        self.spec.workloads.iter().enumerate().filter(|(_, workload)| workload.kind != WorkloadKind::Fixed)
    }
}

/// How many pods of a template hold room at a time, at most, while none is being deleted: in settled states.
fn most(spec: &ClusterSpec, template: &Template) -> i64 {
    match template.tenure {
        Tenure::Resident => 0,
        Tenure::Loose => template.max_pods,
        Tenure::Owned if is_used(spec, &spec.workloads[template.workload], template.revision) => template.max_pods,
        Tenure::Owned => 0,
    }
}

/// How many pods of a template hold room in a settled state before anything slow happens, at most.
fn at_first(spec: &ClusterSpec, template: &Template) -> i64 {
    let owner = &spec.workloads[template.workload];
    let existing = |owner: &Workload| owner.revisions.iter().map(|it| it.pods.len() as i64).sum::<i64>();
    match template.tenure {
        // A CronJob makes Jobs later.
        Tenure::Owned if owner.kind == WorkloadKind::CronJob => {
            owner.batch.as_ref().map_or(0, |batch| batch.done.wanted).max(existing(owner))
        }
        Tenure::Owned if owner.kind.has_replica_sets() && used(spec, owner).eq([template.revision]) => {
            // Until something slow happens, nothing else is recommended.
            let initial = owner.vertical.as_ref().map_or(0, |vertical| vertical.initial);
            let is_made = template.levels.as_ref().is_none_or(|levels| levels.contains(&initial));
            let made = if is_made { owner.replicas } else { 0 };
            made.max(template.members.len() as i64)
        }
        _ => i64::MAX,
    }
}

/// The revisions of a workload that have, or may ever get, pods.
fn used<'a>(spec: &'a ClusterSpec, workload: &'a Workload) -> impl Iterator<Item = usize> + 'a {
    (0..workload.revisions.len()).filter(move |&it| is_used(spec, workload, it))
}

/// Whether a revision has, or may ever get, pods: what has none and is not the present one stays as it is, unless
/// somebody brings it.
pub fn is_used(spec: &ClusterSpec, workload: &Workload, revision: usize) -> bool {
    let it = &workload.revisions[revision];
    // A StatefulSet makes pods of the revision that its status calls the current one, below its partition.
    let is_current = workload.stateful.as_ref().is_some_and(|set| set.current == revision);
    let is_brought = || spec.scenario.brings(&workload.key, revision);
    revision >= workload.current || is_current || it.size > 0 || !it.pods.is_empty() || is_brought()
}

/// Whether a StatefulSet keeps the pods that it has, and makes no other ones of another revision.
fn keeps_its_pods(owner: &Workload, set: &Stateful) -> bool {
    let wanted = set.start..set.start + owner.replicas;
    let stays = |pod: &ExistingPod| !pod.leaving && pod.ordinal.is_some_and(|ordinal| wanted.contains(&ordinal));
    set.current == owner.current && owner.revisions.iter().flat_map(|it| &it.pods).all(stays)
}

fn is_troubled(spec: &ClusterSpec, class: &NodeClass) -> bool {
    let no_execute = class.taints().iter().any(|taint| taint.effect == "NoExecute");
    let lists = |nodes: &[String]| class.names.iter().any(|name| nodes.contains(name));
    let mut commanded = spec.scenario.commands.iter().filter_map(|command| command.action.node());
    let named = commanded.any(|node| class.names.iter().any(|name| name == node));
    let fails = spec.scenario.failures.as_ref().is_some_and(|it| lists(&it.nodes));
    let panics = spec.scenario.overload.as_ref().is_some_and(|it| lists(&it.nodes));
    let maintained = spec.scenario.maintenance.as_ref().is_some_and(|it| lists(&it.nodes));
    no_execute || named || fails || panics || maintained || class.unschedulable || class.starts_not_ready
}

/// Which templates some required anti-affinity may speak of; namespaces are not asked.
fn repelled(templates: &[Template]) -> Vec<bool> {
    let mut selectors = Vec::new();
    let mut seen = BTreeSet::new();
    for term in templates.iter().flat_map(|template| affinity::required_anti(&template.spec)) {
        if seen.insert(format!("{:?}", term.label_selector)) {
            selectors.extend(&term.label_selector);
        }
    }
    let meets = |template: &Template| selectors.iter().any(|it| selector::matches(it, &template.labels));
    templates.iter().map(meets).collect()
}
