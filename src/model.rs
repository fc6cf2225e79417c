//! Puts a cluster, its controllers and its properties together into one transition system.

use std::sync::{Arc, OnceLock};

use thiserror::Error;

use crate::cluster::counting::sizes::Sizes;
use crate::cluster::counting::templates;
use crate::cluster::object::resources::ResourceError;
use crate::cluster::object::spec::{ClusterSpec, Workload};
use crate::cluster::view::{Cluster, Parts};
use crate::property::{self, PropertyError, Selection};
use crate::system::replay::{Interpreter, Prepared};
use crate::system::{Interleaving, System};
use crate::term::{Ctx, Guarded, Limit, Stopped};

use crate::encodings::environment::{self, load::LoadVars};
use crate::encodings::{deployment, descheduler, disruption, hpa, kube_scheduler, kubelet, replicaset, taint_eviction};

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
    build_with(spec, selection, &View::Merged, limit)
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
    build_with(spec, selection, &View::SingleNodes, limit)
}

/// [`build`] for several sizes at once, `spec` having all nodes of all of them. Where [`Parts::depends_on_size`] names a
/// reason, the model does not stand for them.
pub fn build_of_sizes(spec: &ClusterSpec, selection: &Selection, sizes: &Sizes) -> Result<Model, ModelError> {
    build_with(spec, selection, &View::OfSizes(sizes), &Limit::default())
}

/// How a cluster is looked at.
enum View<'s> {
    Merged,
    SingleNodes,
    OfSizes(&'s Sizes),
}

fn build_with(spec: &ClusterSpec, selection: &Selection, view: &View<'_>, limit: &Limit) -> Result<Model, ModelError> {
    if let Some(why) = limit.reached() {
        return Err(ModelError::Stopped(why));
    }
    check_sizes(spec, selection)?;
    let ctx = Ctx::new();
    let (unbound, parts) = {
        let mut cluster = match view {
            View::Merged => Cluster::new(&ctx, spec)?,
            View::SingleNodes => Cluster::of_single_nodes(&ctx, spec)?,
            View::OfSizes(sizes) => Cluster::of_sizes(&ctx, spec, sizes)?,
        };
        cluster.limit = Guarded::new(limit.clone());
        let prepared = property::prepare(&mut cluster, selection)?;
        add_controllers(&mut cluster)?;
        property::add(&cluster, selection, &prepared)?;
        if let Some(why) = cluster.limit.stopped() {
            return Err(ModelError::Stopped(why));
        }
        let (builder, parts) = cluster.finish();
        (builder.finish(interleaving(spec)), parts)
    };
    Ok(Model { system: unbound.bind(ctx), parts, prepared: OnceLock::new() })
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

/// Adds every controller that the scenario lets act. Those with state of their own declare it before the first action
/// is built, because an action is the difference between two states.
fn add_controllers(cluster: &mut Cluster<'_>) -> Result<(), ModelError> {
    let controllers = cluster.spec.scenario.controllers.clone();
    let interleaving = interleaving(cluster.spec);
    let commands = environment::commands::declare(cluster);
    let loads = declare_loads(cluster);
    let desired = deployment::declare(cluster);
    let autoscalers = if controllers.hpa { hpa::declare(cluster) } else { Vec::new() };
    let descheduler = if controllers.descheduler { descheduler::declare(cluster) } else { Default::default() };
    kubelet::add(cluster, interleaving);
    if controllers.taint_eviction {
        taint_eviction::add(cluster);
    }
    if controllers.deployment {
        deployment::add(cluster, &desired);
        replicaset::add(cluster);
    }
    if controllers.scheduler {
        kube_scheduler::add(cluster);
    }
    disruption::add(cluster);
    hpa::add(cluster, &autoscalers, &loads);
    if controllers.descheduler {
        descheduler::add(cluster, &descheduler);
    }
    environment::load::add(cluster, &loads);
    environment::failures::add(cluster);
    environment::overload::add(cluster);
    environment::maintenance::add(cluster);
    environment::commands::add(cluster, commands);
    Ok(())
}

fn declare_loads(cluster: &mut Cluster<'_>) -> Vec<LoadVars> {
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
