//! Puts a cluster, its controllers and its properties together into one transition system.

use std::sync::{Arc, OnceLock};

use thiserror::Error;

use crate::cluster::counting::reads::Reader;
use crate::cluster::counting::sizes::Sizes;
use crate::cluster::counting::templates;
use crate::cluster::object::resources::ResourceError;
use crate::cluster::object::spec::{ClusterSpec, Workload};
use crate::cluster::view::{Breach, Cluster, Declaring, Parts, Shape};
use crate::property::{self, PropertyError, Selection};
use crate::system::replay::{Interpreter, Prepared};
use crate::system::settling::settle_first;
use crate::system::{IntVar, Interleaving, System};
use crate::term::{Ctx, Limit, Stopped};

use crate::encodings::deployment::DesiredVars;
use crate::encodings::descheduler::DeschedulerVars;
use crate::encodings::environment::{self, load::LoadVars};
use crate::encodings::hpa::HpaVars;
use crate::encodings::job::BatchVars;
use crate::encodings::keda::Activity;
use crate::encodings::statefulset::StatefulVars;
use crate::encodings::vertical::Passes;
use crate::encodings::{
    self, cluster_autoscaler, crash_loops, daemonset, deployment, descheduler, disruption, gitops, hpa, job, karpenter,
    keda, kube_scheduler, kubelet, pod_collector, replicaset, statefulset, taint_eviction, vertical,
};

/// A cluster as a transition system, with everything that is needed to tell its runs.
pub struct Model {
    /// The system, with all selected properties.
    pub system: System,
    /// Templates, classes, cells, narrators and explanations.
    pub parts: Parts,
    /// What interpreters of the system share.
    prepared: OnceLock<Arc<Prepared>>,
}

impl Model {
    /// An interpreter of the system, which is not changed any more.
    pub fn interpreter(&self) -> Interpreter<'_> {
        let prepared = self.prepared.get_or_init(|| Arc::new(Prepared::of(&self.system)));
        Interpreter::prepared(&self.system, Arc::clone(prepared))
    }
}

/// Why a cluster cannot be modelled.
#[derive(Debug, Error)]
pub enum ModelError {
    /// A quantity that does not parse.
    #[error(transparent)]
    Resource(#[from] ResourceError),
    /// A property that cannot be built.
    #[error(transparent)]
    Property(#[from] PropertyError),
    /// Numbers beyond what is modelled.
    #[error("{0}")]
    TooLarge(String),
    /// An encoding that breaks its obligations.
    #[error(transparent)]
    Breach(#[from] Breach),
    /// Building took too long, or too much.
    #[error("the model was not built in time")]
    Stopped(Stopped),
}

/// Builds the model of a cluster with the selected properties.
pub fn build(spec: &ClusterSpec, selection: &Selection) -> Result<Model, ModelError> {
    build_within(spec, selection, &Limit::default())
}

/// [`build`] that ends with [`ModelError::Stopped`] soon after a limit.
pub fn build_within(spec: &ClusterSpec, selection: &Selection, limit: &Limit) -> Result<Model, ModelError> {
    build_with(spec, selection, Shape::Merged, limit)
}

/// [`build`] with every node told apart: nothing is merged, nothing counted.
pub fn build_of_single_nodes(spec: &ClusterSpec, selection: &Selection) -> Result<Model, ModelError> {
    build_of_single_nodes_within(spec, selection, &Limit::default())
}

/// [`build_of_single_nodes`] that ends with [`ModelError::Stopped`] soon after a limit.
pub fn build_of_single_nodes_within(
    spec: &ClusterSpec,
    selection: &Selection,
    limit: &Limit,
) -> Result<Model, ModelError> {
    build_with(spec, selection, Shape::SingleNodes, limit)
}

/// [`build`] for several sizes at once, `spec` having all nodes of all of them. Where [`Parts::depends_on_size`] names a
/// reason, the model does not stand for them.
pub fn build_of_sizes(spec: &ClusterSpec, selection: &Selection, sizes: &Sizes) -> Result<Model, ModelError> {
    build_with(spec, selection, Shape::OfSizes(sizes), &Limit::default())
}

/// Everybody who reads nodes: encodings and properties.
pub fn readers() -> Vec<Reader> {
    encodings::READERS.into_iter().chain([property::READER]).collect()
}

fn build_with(spec: &ClusterSpec, selection: &Selection, shape: Shape<'_>, limit: &Limit) -> Result<Model, ModelError> {
    if let Some(why) = limit.reached() {
        return Err(ModelError::Stopped(why));
    }
    check_sizes(spec, selection)?;
    let ctx = Ctx::within(limit);
    let (unbound, parts) = {
        let mut declaring = Declaring::new(&ctx, spec, &readers(), shape)?;
        let prepared = property::prepare(&mut declaring, selection)?;
        let declared = Declared::of(&mut declaring);
        let cluster = declaring.acting();
        declared.add(&cluster);
        cluster.reading_as(property::READER.name, || property::add(&cluster, selection, &prepared))?;
        if let Some(why) = ctx.stopped() {
            return Err(ModelError::Stopped(why));
        }
        let (builder, parts) = cluster.finish()?;
        (builder.finish(interleaving(spec)), parts)
    };
    let mut system = unbound.bind(ctx);
    encodings::paces::grant(&mut system, spec);
    if system.interleaving == Interleaving::Overlapping {
        settle_first(&mut system);
    }
    Ok(Model { system, parts, prepared: OnceLock::new() })
}

/// Refuses workloads of more pods than tables are made for. Only what computes with `spec.replicas` tabulates it:
/// autoscalers, rollouts, budgets and expectations.
fn check_sizes(spec: &ClusterSpec, selection: &Selection) -> Result<(), ModelError> {
    let computed =
        !spec.disruption_budgets.is_empty() || selection.properties.iter().any(|it| it.arguments.contains_key("value"));
    let tabulated = |workload: &&Workload| {
        let scaled = spec.autoscalers.iter().any(|autoscaler| autoscaler.target == workload.key);
        computed || scaled || spec.scenario.maintenance.is_some() || workload.revisions.len() > 1
    };
    let sizes = spec.workloads.iter().filter(tabulated).map(|workload| (templates::max_pods(spec, workload), workload));
    match sizes.max_by_key(|(pods, _)| *pods) {
        Some((pods, workload)) if pods > templates::MOST_PODS => Err(ModelError::TooLarge(format!(
            "{} may have {pods} pods at a time, of which at most {} are modelled; lower replicas or maxReplicas",
            workload.key,
            templates::MOST_PODS
        ))),
        _ => Ok(()),
    }
}

fn interleaving(spec: &ClusterSpec) -> Interleaving {
    spec.scenario.interleaving
}

/// The state of controllers and events that have some of their own.
struct Declared {
    commands: Option<IntVar>,
    loads: Vec<LoadVars>,
    desired: DesiredVars,
    stateful: StatefulVars,
    batch: BatchVars,
    autoscalers: Vec<HpaVars>,
    activity: Activity,
    passes: Passes,
    descheduler: DeschedulerVars,
}

impl Declared {
    /// Declares it, where the scenario lets them act.
    fn of(cluster: &mut Declaring<'_>) -> Self {
        let controllers = &cluster.spec.scenario.controllers;
        let commands = environment::commands::declare(cluster);
        let loads = declare_loads(cluster);
        Declared {
            commands,
            desired: deployment::declare(cluster),
            stateful: statefulset::declare(cluster),
            batch: job::declare(cluster),
            autoscalers: if controllers.hpa { hpa::declare(cluster, &loads) } else { Vec::new() },
            activity: keda::declare(cluster),
            passes: vertical::declare(cluster),
            loads,
            descheduler: match controllers.descheduler {
                true => cluster.reading_as(descheduler::READER.name, || descheduler::declare(cluster)),
                false => DeschedulerVars::default(),
            },
        }
    }

    /// Adds every controller that the scenario lets act, and events, in the order that `settled` runs keep to among equals.
    fn add(self, cluster: &Cluster<'_>) {
        let controllers = &cluster.spec.scenario.controllers;
        cluster.reading_as(kubelet::READER.name, || kubelet::add(cluster, cluster.spec.scenario.interleaving));
        crash_loops::add(cluster);
        if controllers.taint_eviction {
            cluster.reading_as(taint_eviction::READER.name, || taint_eviction::add(cluster));
        }
        if controllers.deployment {
            deployment::add(cluster, &self.desired);
            replicaset::add(cluster);
        }
        if controllers.stateful_set {
            statefulset::add(cluster, &self.stateful);
        }
        if controllers.daemon_set {
            cluster.reading_as(daemonset::READER.name, || daemonset::add(cluster));
        }
        if controllers.job {
            job::add(cluster, &self.batch);
        }
        if controllers.scheduler {
            cluster.reading_as(kube_scheduler::READER.name, || kube_scheduler::add(cluster));
        }
        disruption::add(cluster);
        pod_collector::add(cluster);
        hpa::add(cluster, &self.autoscalers, &self.loads);
        if controllers.descheduler {
            cluster.reading_as(descheduler::READER.name, || descheduler::add(cluster, &self.descheduler));
        }
        cluster.reading_as(cluster_autoscaler::READER.name, || cluster_autoscaler::add(cluster));
        cluster.reading_as(karpenter::READER.name, || karpenter::add(cluster));
        keda::add(cluster, &self.activity);
        vertical::add(cluster, &self.passes);
        gitops::add(cluster);
        environment::load::add(cluster, &self.loads);
        environment::unready::add(cluster);
        environment::failures::add(cluster);
        environment::overload::add(cluster);
        environment::maintenance::add(cluster);
        cluster.reading_as(environment::commands::READER.name, || {
            environment::commands::add(cluster, self.commands, &self.batch);
        });
    }
}

fn declare_loads(cluster: &mut Declaring<'_>) -> Vec<LoadVars> {
    let mut declared = Vec::new();
    for index in 0..cluster.spec.scenario.loads.len() {
        let load = cluster.spec.scenario.loads[index].clone();
        let watched = cluster.spec.autoscalers.iter().any(|autoscaler| autoscaler.target == load.target);
        if watched && cluster.spec.scenario.controllers.hpa {
            let watchers = hpa::watchers(cluster, &load);
            declared.extend(environment::load::declare(cluster, index, &watchers));
        }
    }
    declared
}
