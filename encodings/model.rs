//! Puts a cluster, its controllers and its properties together into one transition system.

use thiserror::Error;

use crate::cluster::resources::ResourceError;
use crate::cluster::scenario;
use crate::cluster::spec::ClusterSpec;
use crate::cluster::view::{Cluster, Parts};
use crate::property::{self, PropertyError, Selection};
use crate::system::{Interleaving, System};
use crate::term::Ctx;

use super::kube_scheduler;

/// A cluster as a transition system, with everything that is needed to tell its runs.
pub struct Model {
    /// The system, with all selected properties.
    pub system: System,
    /// Templates, classes, cells, narrators and explanations.
    pub parts: Parts,
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
}

/// Builds the model of a cluster with the selected properties.
pub fn build(spec: &ClusterSpec, selection: &Selection) -> Result<Model, ModelError> {
    let ctx = Ctx::new();
    let (unbound, parts) = {
        let mut cluster = Cluster::new(&ctx, spec)?;
        let prepared = property::prepare(&mut cluster, selection)?;
        add_controllers(&mut cluster)?;
        property::add(&cluster, selection, &prepared)?;
        let (builder, parts) = cluster.finish();
        (builder.finish(interleaving(spec)), parts)
    };
    Ok(Model { system: unbound.bind(ctx), parts })
}

fn interleaving(spec: &ClusterSpec) -> Interleaving {
    match spec.scenario.interleaving {
        scenario::Interleaving::Settled => Interleaving::Settled,
        scenario::Interleaving::Racing => Interleaving::Racing,
        scenario::Interleaving::Async => Interleaving::Async,
    }
}

/// Adds every controller that the scenario lets act. Controllers with state of their own declare it before the first
/// action is built, because an action is the difference between two states.
fn add_controllers(cluster: &mut Cluster<'_>) -> Result<(), ModelError> {
    if cluster.spec.scenario.controllers.scheduler {
        kube_scheduler::add(cluster);
    }
    Ok(())
}
