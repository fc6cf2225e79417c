//! Puts everything together: from sources to a cluster.

use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Node, Pod};

use crate::cluster::object::limit_range;
use crate::cluster::object::scenario::NodeGroup;
use crate::cluster::object::spec::{ClusterSpec, NodeSpec, ObjectKey, Workload, WorkloadKind};

use super::apply::{ApplyHistory, Manifest};
use super::autoscalers;
use super::census::Census;
use super::daemon_sets::Daemons;
use super::defaults;
use super::descheduler::{self, deployed};
use super::diagnostics::{Diagnostic, Diagnostics};
use super::family::Family;
use super::gitops::GitOps;
use super::jobs::{self, Jobs};
use super::karpenter;
use super::keda;
use super::kinds::Objects;
use super::object::{self, Located, RawObject};
use super::object_counts::{self, claims_volumes};
use super::path::FieldPath;
use super::pieces::{namespaces, node_spec, storage_classes, values};
use super::places::passed::Passed;
use super::references;
use super::rest;
use super::scenario::recommendations;
use super::scenario::sizes::{self, Sizes, Values};
use super::scenario::{self, commands, commands::Commander, document::Document, timing};
use super::scheduler;
use super::selecting;
use super::source::{Role, Source};
use super::stateful_sets::{self, Given};
use super::templates::Priorities;
use super::unique::{Unique, unique};
use super::vertical;
use super::volumes::Volumes;
use super::workloads::Owners;
use super::{LoadOptions, Loaded};

/// Resolves sources; `sink` has what went wrong with reading them.
pub fn resolve(sources: &[Arc<Source>], options: LoadOptions, mut sink: Diagnostics) -> Result<Loaded, Diagnostics> {
    let mut census = Census::default();
    let objects = sort(sources, &mut census, &mut sink);
    let document = scenario::decode(&objects.scenarios, &mut sink);
    let scenario_given = !objects.scenarios.is_empty();
    let sizes = match &document {
        Some((raw, document)) => Sizes::resolve(raw, document, objects.nodes.len(), &mut sink),
        None => Sizes::default(),
    };
    let ignores = objects.ignores.clone();
    let prepared = Prepared { sources: sources.to_vec(), options, census, objects, document, sizes };
    if prepared.sizes.dimensions.is_empty() {
        let spec = prepared.resolve(&[], &mut sink);
        return if sink.has_errors() {
            Err(sink)
        } else {
            Ok(Loaded { spec, family: None, diagnostics: sink, scenario_given, ignores })
        };
    }
    let family = Family::new(prepared);
    let spec = family.ends(&mut sink)?;
    Ok(Loaded { spec, family: Some(family), diagnostics: sink, scenario_given, ignores })
}

/// An input that is read and sorted, and becomes a cluster once sizes are given.
#[derive(Clone, Debug)]
pub struct Prepared {
    sources: Vec<Arc<Source>>,
    options: LoadOptions,
    census: Census,
    objects: Objects,
    document: Option<(Arc<RawObject>, Document)>,
    /// What sizes there are.
    pub sizes: Sizes,
}

impl Prepared {
    /// The names of the pools, in order.
    pub fn pools(&self) -> impl Iterator<Item = &str> {
        let pools = self.document.iter().flat_map(|(_, document)| &document.spec.node_pools);
        pools.map(|pool| pool.name.as_str())
    }

    /// The workloads that sizes speak of, in order.
    pub fn targets(&self) -> Vec<ObjectKey> {
        let sizes = self.document.iter().flat_map(|(_, document)| &document.spec.sizes);
        sizes.map(|sizing| scenario::key_of(&sizing.target).unwrap_or_default()).collect()
    }

    /// The cluster of a size; what is wrong with it goes to `sink`.
    pub fn resolve(&self, size: &[i64], sink: &mut Diagnostics) -> ClusterSpec {
        self.resolve_values(self.sizes.values(size), sink)
    }

    /// The cluster of the given values, which need not be those of a size.
    pub fn resolve_values(&self, values: Values, sink: &mut Diagnostics) -> ClusterSpec {
        let mut objects = self.objects.clone();
        if let Some((raw, document)) = &self.document {
            sizes::apply(raw, document, &values, &mut objects, sink);
        }
        let mut census = self.census.clone();
        let resolver = Resolver {
            sources: &self.sources,
            options: self.options,
            counts: values.pools,
            gitops: GitOps::of(&objects.gitops, &objects.autoscalers, &mut census, sink),
            census: &mut census,
            sink: &mut *sink,
        };
        let spec = resolver.cluster(objects, self.document.as_ref());
        census.report(sink);
        spec
    }
}

/// All objects by kind, but for those in files that commands of a scenario will apply.
fn sort(sources: &[Arc<Source>], census: &mut Census, sink: &mut Diagnostics) -> Objects {
    let (mut stages, mut passed): (Vec<Stage>, Passed) = Default::default();
    for source in sources {
        let mut stage = Stage::default();
        object::read(source, &mut stage);
        let is_passed = stage.taken == 0 && passed.over(source, census);
        stages.push(if is_passed { Stage::default() } else { stage });
    }
    passed.report(sink);
    stages.iter_mut().for_each(|stage| sink.append(std::mem::take(&mut stage.problems)));
    if stages.iter().all(|stage| stage.taken == 0) && !sink.has_errors() {
        sink.error(
            "there are no Kubernetes objects in the input",
            "give manifests or a dump: YAML or JSON files, or directories of them",
        );
    }
    leave_scenarios(sources, &mut stages, sink);
    let applied: Vec<(String, PathBuf)> =
        stages.iter_mut().flat_map(|stage| std::mem::take(&mut stage.applied)).collect();
    let first = |(file, path): &(String, PathBuf)| sources.iter().position(|source| source.is_file(file, path));
    let applied: HashSet<usize> = applied.iter().filter_map(first).collect();
    let mut objects = Objects::default();
    for (_, stage) in stages.into_iter().enumerate().filter(|(index, _)| !applied.contains(index)) {
        objects.append(stage.objects);
        census.append(stage.census);
        sink.append(stage.sink);
    }
    let scaled = std::mem::take(&mut objects.scaled_objects);
    objects.scaled = keda::resolve(scaled, (&mut objects.autoscalers, &mut objects.broken), census, sink);
    objects
}

/// Of scenarios that a configuration names none is taken where there is another.
fn leave_scenarios(sources: &[Arc<Source>], stages: &mut [Stage], sink: &mut Diagnostics) {
    let has = |stage: &Stage| !stage.objects.scenarios.is_empty();
    let is_given = |(source, stage): (&Arc<Source>, &Stage)| source.role == Role::Given && has(stage);
    if !sources.iter().zip(stages.iter()).any(is_given) {
        return;
    }
    for (source, stage) in sources.iter().zip(stages).filter(|(source, _)| source.role != Role::Given) {
        if has(stage) {
            sink.note(format!("the input has a Scenario of its own: that of {} is not used", source.name));
        }
        (stage.objects.scenarios, stage.applied) = (Vec::new(), Vec::new());
    }
}

/// What one source holds.
#[derive(Default)]
struct Stage {
    objects: Objects,
    census: Census,
    /// What is wrong with objects.
    sink: Diagnostics,
    /// What is wrong with documents.
    problems: Diagnostics,
    /// Files that scenarios apply, by name and by place.
    applied: Vec<(String, PathBuf)>,
    taken: usize,
}

impl object::Receiver for Stage {
    fn take(&mut self, object: RawObject) {
        self.taken += 1;
        if object.kind == "Scenario" {
            let files = commands::files(&object).into_iter();
            self.applied.extend(files.map(|file| (file.clone(), commands::locate(&object, &file))));
        }
        self.objects.add(object, &mut self.census, &mut self.sink);
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.problems.push(diagnostic);
    }

    fn forget(&mut self) {
        *self = Stage::default();
    }
}

struct Resolver<'a> {
    sources: &'a [Arc<Source>],
    options: LoadOptions,
    /// How many nodes each pool has.
    counts: Vec<i64>,
    gitops: GitOps,
    census: &'a mut Census,
    sink: &'a mut Diagnostics,
}

impl Resolver<'_> {
    fn cluster(mut self, objects: Objects, document: Option<&(Arc<RawObject>, Document)>) -> ClusterSpec {
        let pods = unique(objects.pods, self.sink).applied(self.sink);
        let priority_classes = unique(objects.priority_classes, self.sink).applied(self.sink);
        let priorities = Priorities::new(&priority_classes, &pods);
        let replica_sets = unique(objects.replica_sets, self.sink).applied(self.sink);
        let stateful_sets = unique(objects.stateful_sets, self.sink);
        let owner_selectors = selecting::owner_selectors(
            &replica_sets,
            &stateful_sets.objects,
            &unique(objects.replication_controllers, self.sink).applied(self.sink),
        );
        let deployments = unique(objects.deployments, self.sink);
        let daemon_sets = unique(objects.daemon_sets, self.sink);
        let (given_jobs, cron_jobs) = (unique(objects.jobs, self.sink), unique(objects.cron_jobs, self.sink));
        let live = |raw: &Arc<RawObject>| raw.is_live();
        let running = pods.iter().any(|pod| live(&pod.raw))
            || deployments.objects.iter().any(|object| live(&object.raw))
            || replica_sets.iter().any(|object| live(&object.raw))
            || daemon_sets.objects.iter().any(|object| live(&object.raw))
            || stateful_sets.objects.iter().any(|object| live(&object.raw))
            || given_jobs.objects.iter().any(|object| live(&object.raw))
            || cron_jobs.objects.iter().any(|object| live(&object.raw));

        let (nodes, node_pools) = self.nodes(objects.nodes, &objects.karpenter, document);
        let mut cluster = ClusterSpec { nodes, owner_selectors, ..ClusterSpec::default() };
        let named = document.map_or(&[][..], |(_, document)| &document.spec.schedulers);
        cluster.scheduler = scheduler::resolve(&objects.scheduler_configurations, named, self.census, self.sink);
        let pods = self.bound_pods(pods, &cluster.nodes);
        let (present, pending) = split(deployments, running);
        let (present_sets, pending_sets) = split(stateful_sets, running);
        let revisions = unique(objects.controller_revisions, self.sink).applied(self.sink);
        let claims = unique(objects.claims, self.sink).applied(self.sink);
        let volumes = Volumes::new(&claims, &unique(objects.volumes, self.sink).applied(self.sink));
        let stateful = Given { sets: &present_sets, revisions: &revisions, volumes: &volumes, priorities: &priorities };
        let (daemons, pending_daemons) = split(daemon_sets, running);
        let (present_jobs, pending_jobs) = split(given_jobs, running);
        let (cron_jobs, pending_cron_jobs) = split(cron_jobs, running);
        let batch = Jobs::new(&present_jobs, &cron_jobs);
        let mut owners = Owners::new(&present, &replica_sets, stateful, Daemons::new(&daemons, &revisions), batch);
        pods.iter().for_each(|pod| owners.attach(pod, self.sink));
        cluster.finished = owners.finished().clone();
        owners.missing().count(&objects.left_out, self.census);
        cluster.workloads = owners.finish(self.sink);

        let mut history = ApplyHistory::default();
        if let Some((raw, document)) = document {
            self.gitops.add_entries((raw, document), &cluster, self.sources, &objects.broken, self.sink);
        }
        self.remember(&present, WorkloadKind::Deployment, &mut cluster, &mut history, &priorities);
        self.remember(&present_sets, WorkloadKind::StatefulSet, &mut cluster, &mut history, &priorities);
        self.remember(&daemons, WorkloadKind::DaemonSet, &mut cluster, &mut history, &priorities);
        present_jobs.iter().for_each(|object| references::check(object, &cluster, &priorities, self.sink));
        cron_jobs.iter().for_each(|object| references::check(object, &cluster, &priorities, self.sink));
        self.imply_commands(&pending, &mut cluster, &mut history, &priorities);
        self.imply_commands(&pending_sets, &mut cluster, &mut history, &priorities);
        self.imply_commands(&pending_daemons, &mut cluster, &mut history, &priorities);
        self.imply_commands(&pending_jobs, &mut cluster, &mut history, &priorities);
        self.imply_commands(&pending_cron_jobs, &mut cluster, &mut history, &priorities);
        let autoscalers = unique(objects.autoscalers, self.sink).applied(self.sink);
        cluster.namespaces = namespaces(&unique(objects.namespaces, self.sink).applied(self.sink), &cluster.workloads);
        cluster.claims = storage_classes(&claims);
        cluster.services = values(unique(objects.services, self.sink).applied(self.sink));
        cluster.limit_ranges = values(unique(objects.limit_ranges, self.sink).applied(self.sink));
        cluster.quotas = values(unique(objects.quotas, self.sink).applied(self.sink));
        cluster.disruption_budgets = values(unique(objects.disruption_budgets, self.sink).applied(self.sink));
        cluster.descheduler = descheduler::resolve(&objects.descheduler_policies, &priorities, self.census, self.sink);
        self.add_scenario(document, autoscalers, &mut cluster, &mut history, &priorities, &objects.broken);
        cluster.scenario.node_groups.extend(node_pools);
        cluster.activations = keda::activations(objects.scaled, &cluster.workloads);
        cluster.scenario.syncs = std::mem::take(&mut self.gitops).finish(self.census);
        let declared = recommendations::resolve(document, &cluster, &objects.broken, self.sink);
        let verticals = vertical::Input { given: objects.verticals, pods: &pods, declared };
        vertical::resolve(verticals, &mut cluster, self.census, self.sink);
        document
            .into_iter()
            .for_each(|(raw, document)| scenario::take_for_steady(raw, document, self.census, self.sink));
        let claiming = present_sets.iter().chain(&pending_sets).filter(|set| claims_volumes(&set.value));
        let claiming = claiming.map(|set| super::key_of(&set.value.metadata).namespace).collect();
        object_counts::settle(&mut cluster, &claiming, self.census);
        let deschedulers = deployed::find(
            present.iter().chain(&pending),
            cron_jobs.iter().chain(&pending_cron_jobs),
            &objects.policy_maps,
        );
        let unread = deployed::settle(&mut cluster, deschedulers, self.sink);
        cluster.absent = self.absent(&cluster);
        cluster.absent.extend(unread);
        self.warn_of_autoscaler(&cluster);
        jobs::limit(&mut cluster);
        let is_on = cluster.scenario.controllers.max_unavailable_stateful_set;
        stateful_sets::warn_of_gate(&present_sets, is_on, self.sink);
        stateful_sets::warn_of_gate(&pending_sets, is_on, self.sink);
        rest::settle(&mut cluster, &priorities);
        cluster.caches = scheduler::caches(&cluster);
        cluster
    }

    /// Nodes that are given as objects, those of pools, and those that Karpenter may add; with the groups of its NodePools.
    fn nodes(
        &mut self,
        given: Vec<Located<Node>>,
        karpenter: &[Arc<RawObject>],
        document: Option<&(Arc<RawObject>, Document)>,
    ) -> (Vec<NodeSpec>, Vec<NodeGroup>) {
        let given = unique(given, self.sink).applied(self.sink);
        let mut nodes: Vec<NodeSpec> = given.into_iter().map(node_spec).collect();
        document.into_iter().for_each(|(raw, document)| scenario::add_groups(&mut nodes, raw, document, self.sink));
        let mut names: HashSet<String> = nodes.iter().map(|node| node.name.clone()).collect();
        for node in document
            .map(|(raw, document)| scenario::expand_pools(raw, document, &self.counts, self.sink))
            .into_iter()
            .flatten()
        {
            if !names.insert(node.name.clone()) {
                self.sink.error(format!("there are two nodes called `{}`", node.name), "rename the node pool");
            }
            nodes.push(node);
        }
        let groups = karpenter::resolve(karpenter, document, &mut nodes, self.census, self.sink);
        if nodes.is_empty() && self.options.need_nodes && !self.sink.has_errors() {
            let help = "add Node objects (`kubectl get nodes -o yaml`), or node pools in a scenario (`kubound init` writes one):\n\
                        apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  nodePools:\n  - {name: worker, count: 3, template: {allocatable: {cpu: \"4\", memory: 16Gi}}}";
            self.sink.error("there are no nodes", help);
        }
        (nodes, groups)
    }

    /// Pods without those that are bound to nodes nobody gave.
    fn bound_pods(&mut self, pods: Vec<Located<Pod>>, nodes: &[NodeSpec]) -> Vec<Located<Pod>> {
        let names: HashSet<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
        let known = |name: &str| nodes.is_empty() || name.is_empty() || names.contains(name);
        let (kept, lost): (Vec<_>, Vec<_>) = pods.into_iter().partition(|pod| known(node_of(pod)));
        for pod in lost {
            let message = format!("there is no node `{}`", node_of(&pod));
            let path = FieldPath::from("spec.nodeName");
            self.sink.push(match pod.raw.is_live() {
                true => pod.raw.warning(&path, message + "; the pod is left out", "dump the nodes too"),
                false => pod.raw.error(&path, message, "give the node too, or correct the name"),
            });
        }
        kept
    }

    /// Remembers how the workloads of a kind came to be, which are in the order of their objects.
    fn remember<T: Manifest>(
        &mut self,
        objects: &[Located<T>],
        kind: WorkloadKind,
        cluster: &mut ClusterSpec,
        history: &mut ApplyHistory,
        priorities: &Priorities,
    ) {
        let is_of_kind = |at: &usize| cluster.workloads[*at].kind == kind;
        let positions: Vec<usize> = (0..cluster.workloads.len()).filter(is_of_kind).collect();
        for (object, at) in objects.iter().zip(positions) {
            references::check(object, cluster, priorities, self.sink);
            let workload = &mut cluster.workloads[at];
            history.remember(object, workload, priorities);
            self.gitops.remember(object, workload, (history, priorities));
        }
    }

    /// What is there and not modelled, in a few words each.
    fn absent(&self, cluster: &ClusterSpec) -> BTreeSet<String> {
        let is_counted = |it: &&Workload| {
            let quotas = || cluster.quotas.iter().map(|quota| quota.metadata.namespace.as_deref().unwrap_or("default"));
            it.kind == WorkloadKind::DaemonSet && quotas().any(|namespace| namespace == it.key.namespace)
        };
        let daemons = cluster.workloads.iter().find(is_counted).map(|_| "ResourceQuota of DaemonSets".to_owned());
        let autoscaler = node_autoscaler(cluster).map(|_| "cluster-autoscaler".to_owned());
        self.census.absent().map(str::to_owned).chain(daemons).chain(autoscaler).collect()
    }

    /// Says that a cluster autoscaler is there that does nothing.
    fn warn_of_autoscaler(&mut self, cluster: &ClusterSpec) {
        if let Some(workload) = node_autoscaler(cluster) {
            let message = format!(
                "{} is a cluster autoscaler, and the scenario has no node groups: it adds and removes no nodes; give \
                 `autoscale: {{min: 1, max: 5}}` to node pools, or `nodeGroups`",
                workload.key
            );
            self.sink.note(message);
        }
    }

    /// Manifests that a running cluster does not have yet are what somebody is about to apply.
    fn imply_commands<T: Manifest>(
        &mut self,
        pending: &[Located<T>],
        cluster: &mut ClusterSpec,
        history: &mut ApplyHistory,
        priorities: &Priorities,
    ) {
        for manifest in pending {
            references::check(manifest, cluster, priorities, self.sink);
            let (census, sink) = (&mut *self.census, &mut *self.sink);
            let mut commander =
                Commander { cluster, history, priorities, broken: &[], sources: self.sources, census, sink };
            if self.gitops.take(manifest, &mut commander) {
                continue;
            }
            let (action, changes) = commander.apply(manifest);
            let key = super::key_of(manifest.value.metadata());
            let (file, kind) = (&manifest.raw.source.name, &manifest.raw.kind);
            if changes {
                self.sink.note(format!("{file} has a {kind} {key} that the running cluster does not have like this: it may be applied at any time"));
                cluster.scenario.commands.push(commands::implied(action, manifest));
            } else {
                self.sink.note(format!("{file} says of {kind} {key} what the running cluster has already"));
            }
        }
    }

    fn add_scenario(
        &mut self,
        document: Option<&(Arc<RawObject>, Document)>,
        autoscalers: Vec<Located<k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler>>,
        cluster: &mut ClusterSpec,
        history: &mut ApplyHistory,
        priorities: &Priorities,
        broken: &[String],
    ) {
        if let Some((raw, document)) = document {
            let (census, sink) = (&mut *self.census, &mut *self.sink);
            let mut commander = Commander { cluster, history, priorities, broken, sources: self.sources, census, sink };
            self.gitops.take_files(raw, &mut commander);
            commander.run(raw, &document.spec.commands);
        }
        complete(cluster);
        cluster.autoscalers = autoscalers::resolve(autoscalers, &cluster.workloads, broken, self.census, self.sink);
        if let Some((raw, document)) = document {
            let commands = std::mem::take(&mut cluster.scenario.commands);
            cluster.scenario = scenario::resolve(raw, document, cluster, broken, self.sink);
            cluster.scenario.commands = commands;
            scenario::limit_jobs(raw, document, cluster, broken, self.sink);
            scenario::release_pods(raw, cluster, self.sink);
        }
        cluster.scenario.timing = timing::resolve(document, self.sources, self.sink);
        if document.is_none_or(|(_, document)| document.spec.loads.is_none()) {
            cluster.scenario.loads = defaults::default_loads(cluster);
        }
    }
}

/// A workload that runs a cluster autoscaler, where there are no node groups for it and nobody says that it does not act.
fn node_autoscaler(cluster: &ClusterSpec) -> Option<&Workload> {
    let is_it = |image: &String| {
        let name = image.rsplit('/').next().unwrap_or_default();
        name.split([':', '@']).next() == Some("cluster-autoscaler")
    };
    let runs = |workload: &&Workload| {
        let pods = workload.revisions.iter().filter_map(|revision| revision.template.spec.as_ref());
        workload.replicas > 0 && pods.flat_map(|pod| &pod.containers).filter_map(|it| it.image.as_ref()).any(is_it)
    };
    let has_groups = cluster.scenario.node_groups.iter().any(|group| group.scaler.is_cluster_autoscaler());
    let is_silent = !has_groups && cluster.scenario.controllers.cluster_autoscaler;
    cluster.workloads.iter().filter(|_| is_silent).find(runs)
}

/// Gives templates what the LimitRanges of their namespaces give to pods.
fn complete(cluster: &mut ClusterSpec) {
    let ClusterSpec { workloads, limit_ranges, .. } = cluster;
    for workload in workloads.iter_mut().filter(|workload| workload.kind != WorkloadKind::Fixed) {
        let own = || limit_ranges.iter().filter(|range| limit_range::is_of(range, &workload.key.namespace));
        let pods = workload.revisions.iter_mut().filter_map(|revision| revision.template.spec.as_mut());
        pods.for_each(|pod| own().for_each(|range| limit_range::complete(range, pod)));
    }
}

/// The node that a pod is bound to, if it is bound.
fn node_of(pod: &Located<Pod>) -> &str {
    pod.value.spec.as_ref().and_then(|spec| spec.node_name.as_deref()).unwrap_or_default()
}

/// Workloads that are there at the start, and those that are applied later.
fn split<T>(given: Unique<T>, running: bool) -> (Vec<Located<T>>, Vec<Located<T>>) {
    let (present, new): (Vec<_>, Vec<_>) =
        given.objects.into_iter().partition(|object| !running || object.raw.is_live());
    (present, given.manifests.into_iter().chain(new).collect())
}
