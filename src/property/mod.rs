//! Properties, named as operators would: what each means over the cluster's state.
//!
//! A user-level property may become several properties of the system (one per workload; a finite form and a loop).
//! History that a property needs is kept by *observers*: event-driven actions that come last, write variables that no
//! controller reads, and show in no story.

mod expression;
mod loops;
mod replicas;
mod spread;

use std::collections::BTreeSet;

use thiserror::Error;

use crate::cluster::scenario::PropertySpec;
use crate::cluster::spec::{ClusterSpec, ObjectKey, Workload};
use crate::cluster::view::{Cluster, WorkloadVars};
use crate::system::{Checkpoint, PropertyKind};

pub use expression::{Expression, ExpressionError, Vocabulary};

/// Names of all properties, in the order in which they are checked and reported.
pub const NAMES: [&str; 9] = [
    "pods-schedulable",
    "min-replicas",
    "expected-replicas",
    "no-replica-oscillation",
    "no-eviction-loop",
    "spread-balanced",
    "no-node-overload-loop",
    "settles",
    "rollout-completes",
];

/// Rank of observers: after every controller.
pub const OBSERVER_RANK: u32 = 100;
/// Names of observers begin with this; stories leave them out.
pub const OBSERVER_PREFIX: &str = "observer ";

/// A property that cannot be built.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PropertyError {
    /// No such property.
    #[error("there is no property `{0}`; known are {list}", list = NAMES.join(", "))]
    Unknown(String),
    /// An argument that does not parse.
    #[error("property {property}: {argument}: {reason}")]
    Argument {
        /// The property.
        property: String,
        /// The argument.
        argument: String,
        /// What is wrong.
        reason: String,
    },
    /// It applies to nothing in this input.
    #[error("property {0} applies to nothing in this input: {1}")]
    NotApplicable(String, &'static str),
}

/// The properties to build: those asked for, or all.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Name, target, arguments.
    pub properties: Vec<PropertySpec>,
    /// Whether the user chose them: then each must apply.
    pub chosen: bool,
}

impl Selection {
    /// Those of a scenario, or all if it names none.
    pub fn of(properties: &[PropertySpec]) -> Self {
        if !properties.is_empty() {
            return Selection { properties: properties.to_vec(), chosen: true };
        }
        let default = |name: &&str| PropertySpec { is_named: false, ..PropertySpec::named(name) };
        Selection { properties: NAMES.iter().map(default).collect(), chosen: false }
    }

    /// Those of these names; none of them needs to apply.
    pub fn only(mut self, names: &[String]) -> Self {
        self.properties.retain(|property| names.contains(&property.name));
        Selection { chosen: false, ..self }
    }

    /// Whether a property of that name is selected.
    pub fn has(&self, name: &str) -> bool {
        self.properties.iter().any(|property| property.name == name)
    }
}

/// What a property needs declared before any action is built.
#[derive(Default)]
pub struct Prepared {
    replicas: Vec<replicas::Monitor>,
}

/// Declares the variables of observers.
pub fn prepare(cluster: &mut Cluster<'_>, selection: &Selection) -> Result<Prepared, PropertyError> {
    for property in &selection.properties {
        if !NAMES.contains(&property.name.as_str()) {
            return Err(PropertyError::Unknown(property.name.clone()));
        }
    }
    mark_apart(cluster, selection);
    Ok(Prepared { replicas: replicas::prepare(cluster, selection)? })
}

/// Sees to it that workloads that a loop property is asked about by name have marks of their own.
fn mark_apart(cluster: &mut Cluster<'_>, selection: &Selection) {
    let loops = selection.properties.iter().filter(|it| loops::NAMES.contains(&it.name.as_str()));
    let targets: Option<Vec<&ObjectKey>> = loops.map(|property| property.target.as_ref()).collect();
    let Some(targets) = targets.filter(|targets| !targets.is_empty()) else { return };
    let own = cluster.owners().filter(|(_, object, _)| targets.contains(&&object.key));
    let own: Vec<usize> = own.map(|(index, _, _)| index).collect();
    cluster.mark_apart(own);
}

/// Adds the properties and their observers. Controllers' actions must have been added before.
pub fn add(cluster: &Cluster<'_>, selection: &Selection, prepared: &Prepared) -> Result<(), PropertyError> {
    replicas::add(cluster, prepared)?;
    let mut added: BTreeSet<&str> = prepared.replicas.iter().map(|monitor| monitor.property()).collect();
    for property in &selection.properties {
        let found = match property.name.as_str() {
            "pods-schedulable" => pods_schedulable(cluster, property),
            "no-replica-oscillation" => loops::no_replica_loop(cluster, property),
            "no-eviction-loop" => loops::no_eviction_loop(cluster, property),
            "no-node-overload-loop" => loops::no_node_overload_loop(cluster),
            "spread-balanced" => spread::balanced(cluster, property)?,
            "settles" => settles(cluster),
            "rollout-completes" => rollout_completes(cluster, property),
            _ => false,
        };
        if found {
            added.insert(property.name.as_str());
        }
        if selection.chosen && !added.contains(property.name.as_str()) {
            return Err(not_applicable(&property.name));
        }
    }
    Ok(())
}

/// Whether a selected property may apply to a cluster, as far as that can be told without a model.
pub fn may_apply(spec: &ClusterSpec, selection: &Selection, name: &str) -> bool {
    let scenario = &spec.scenario;
    selection.has(name)
        && (selection.chosen
            || match name {
                "min-replicas" | "no-replica-oscillation" => !spec.autoscalers.is_empty(),
                "no-node-overload-loop" => scenario.overload.is_some(),
                "rollout-completes" => spec.workloads.iter().any(|workload| workload.revisions.len() > 1),
                "expected-replicas" => scenario.maintenance.is_some(),
                _ => true,
            })
}

/// The error for a property that applies to nothing in an input.
pub fn not_applicable(name: &str) -> PropertyError {
    PropertyError::NotApplicable(name.to_owned(), needs(name))
}

fn needs(name: &str) -> &'static str {
    match name {
        "min-replicas" | "no-replica-oscillation" => "it needs a workload with a HorizontalPodAutoscaler",
        "no-node-overload-loop" => "it needs `overload` in the scenario",
        "rollout-completes" => "it needs a command that applies a changed template",
        "expected-replicas" => "it needs a `value`, or `maintenance` in the scenario",
        "spread-balanced" => "it needs a topology spread constraint, or `maxSkew` and `topologyKey`",
        _ => "it needs a Deployment or ReplicaSet",
    }
}

/// Workloads that a property is about.
fn targets<'a, 'c>(
    cluster: &'a Cluster<'c>,
    target: &'a Option<ObjectKey>,
) -> impl Iterator<Item = (usize, &'c Workload, &'a WorkloadVars)> {
    cluster.owners().filter(move |(_, object, _)| target.as_ref().is_none_or(|key| object.key == *key))
}

/// Every pod finds a node: where nothing event-driven is enabled, no pod waits.
fn pods_schedulable(cluster: &Cluster<'_>, property: &PropertySpec) -> bool {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let mut found = false;
    for (_, object, vars) in targets(cluster, &property.target) {
        if cluster.is_stopped() {
            return true;
        }
        let waiting = vars.templates.iter().map(|template| state.get(cluster.pending[template.0]).eq(0));
        let holds = ctx.all(waiting).id();
        let kind = PropertyKind::Invariant { holds, at: Checkpoint::Settled };
        cluster.builder.property("pods-schedulable", object.key.to_string(), kind);
        found = true;
    }
    found
}

fn settles(cluster: &Cluster<'_>) -> bool {
    cluster.builder.property("settles", "", PropertyKind::Settles);
    true
}

/// Where everything has come to rest and no pod is still starting, the present template has all the replicas.
fn rollout_completes(cluster: &Cluster<'_>, property: &PropertySpec) -> bool {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let mut found = false;
    for (_, object, vars) in targets(cluster, &property.target).filter(|(_, _, vars)| vars.templates.len() > 1) {
        let revision = cluster.revision(&state, vars);
        let starting = ctx.any(vars.templates.iter().map(|&template| {
            cluster.sum(&state, |cell| cluster.pods(cell, template, crate::cluster::Phase::Starting)).ge(1)
        }));
        let complete = ctx.all(vars.templates.iter().enumerate().map(|(index, &template)| {
            let is_present = revision.eq(index as i64);
            let want = is_present.ite(state.get(vars.replicas), 0);
            state.get(vars.sizes[index]).eq(want) & cluster.bound(&state, template).eq(want)
        }));
        let holds = (!cluster.exists(&state, vars) | starting | complete).id();
        let kind = PropertyKind::Invariant { holds, at: Checkpoint::Settled };
        cluster.builder.property("rollout-completes", object.key.to_string(), kind);
        found = true;
    }
    found
}
