//! Properties, named as operators would: what each means over the cluster's state.
//!
//! A user-level property may become several properties of the system (one per workload; a finite form and a loop).
//! Each is a file with its [`Definition`], and [`ALL`] lists them; what several have in common is in files of its own.
//! History that a property needs is kept by *observers* (`observer.rs`).

pub mod aside;
pub mod definition;
pub mod drain_completes;
pub mod expected_replicas;
mod expression;
mod floor;
mod loops;
pub mod min_replicas;
pub mod no_eviction_loop;
pub mod no_node_oscillation;
pub mod no_node_overload_loop;
pub mod no_replica_oscillation;
mod observer;
pub mod pods_admitted;
pub mod pods_schedulable;
pub mod rollout_completes;
pub mod settles;
pub mod spread_balanced;

use std::collections::BTreeSet;

use thiserror::Error;

use crate::cluster::Template;
use crate::cluster::counting::reads::{Reader, Reads};
use crate::cluster::object::scenario::PropertySpec;
use crate::cluster::object::spec::{ClusterSpec, ObjectKey, Workload};
use crate::cluster::view::{Cluster, Declaring, View, WorkloadVars};

pub use aside::Aside;
pub use definition::{About, Definition, Field, Observer};
pub use expression::{Expression, ExpressionError, Vocabulary};
pub use observer::{OBSERVER_PREFIX, OBSERVER_RANK};

/// All properties, in the order in which they are checked and reported: a new one is a file and a line here.
pub const ALL: &[Definition] = &[
    pods_schedulable::DEFINITION,
    min_replicas::DEFINITION,
    expected_replicas::DEFINITION,
    no_replica_oscillation::DEFINITION,
    no_eviction_loop::DEFINITION,
    spread_balanced::DEFINITION,
    no_node_overload_loop::DEFINITION,
    no_node_oscillation::DEFINITION,
    settles::DEFINITION,
    rollout_completes::DEFINITION,
    drain_completes::DEFINITION,
    pods_admitted::DEFINITION,
];

/// Names of all properties, in that order.
pub const NAMES: [&str; ALL.len()] = names();

const fn names() -> [&'static str; ALL.len()] {
    let mut names = [""; ALL.len()];
    let mut position = 0;
    while position < ALL.len() {
        names[position] = ALL[position].name;
        position += 1;
    }
    names
}

/// The property of a name.
pub fn definition(name: &str) -> Option<&'static Definition> {
    ALL.iter().find(|it| it.name == name)
}

/// What the property of a name is about.
pub fn about(name: &str) -> About {
    definition(name).map_or(About::default(), |it| it.about)
}

/// Names of the properties that are about something.
pub fn those(about: impl Fn(&About) -> bool) -> impl Iterator<Item = &'static str> {
    ALL.iter().filter(move |it| about(&it.about)).map(|it| it.name)
}

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

/// What properties read of nodes.
pub const READER: Reader = Reader { name: "properties", reads };

fn reads(spec: &ClusterSpec, templates: &[Template], reads: &mut Reads) {
    ALL.iter().for_each(|definition| (definition.reads)(spec, templates, reads));
}

/// What properties need declared before any action is built.
#[derive(Default)]
pub struct Prepared {
    /// With the name of the property that each is kept for.
    observers: Vec<(&'static str, Observer)>,
}

/// Declares the variables of observers.
pub fn prepare(cluster: &mut Declaring<'_>, selection: &Selection) -> Result<Prepared, PropertyError> {
    let known =
        |property: &PropertySpec| definition(&property.name).ok_or(PropertyError::Unknown(property.name.clone()));
    let definitions = selection.properties.iter().map(known).collect::<Result<Vec<_>, PropertyError>>()?;
    mark_apart(cluster, selection);
    let mut prepared = Prepared::default();
    for (property, definition) in selection.properties.iter().zip(definitions) {
        let observers = (definition.observe)(cluster, property)?.into_iter();
        prepared.observers.extend(observers.map(|observer| (definition.name, observer)));
    }
    Ok(prepared)
}

/// Sees to it that workloads that a property of marks is asked about by name have marks of their own.
fn mark_apart(cluster: &mut Declaring<'_>, selection: &Selection) {
    let loops = selection.properties.iter().filter(|it| about(&it.name).marks);
    let targets: Option<Vec<&ObjectKey>> = loops.map(|property| property.target.as_ref()).collect();
    let Some(targets) = targets.filter(|targets| !targets.is_empty()) else { return };
    let own = cluster.owners().filter(|(_, object, _)| targets.contains(&&object.key));
    let own: Vec<usize> = own.map(|(index, _, _)| index).collect();
    cluster.mark_apart(own);
}

/// Adds the properties and their observers. Controllers' actions must have been added before.
pub fn add(cluster: &Cluster<'_>, selection: &Selection, prepared: &Prepared) -> Result<(), PropertyError> {
    for (_, observer) in &prepared.observers {
        if cluster.is_stopped() {
            return Ok(());
        }
        observer(cluster);
    }
    let mut added: BTreeSet<&str> = prepared.observers.iter().map(|&(name, _)| name).collect();
    for property in &selection.properties {
        let Some(definition) = definition(&property.name) else { continue };
        if (definition.build)(cluster, property)? {
            added.insert(definition.name);
        }
        if selection.chosen && !added.contains(definition.name) {
            return Err(not_applicable(definition.name));
        }
    }
    Ok(())
}

/// Whether a selected property may apply to a cluster, as far as that can be told without a model.
pub fn may_apply(spec: &ClusterSpec, selection: &Selection, name: &str) -> bool {
    selection.has(name) && (selection.chosen || definition(name).is_some_and(|it| (it.may_apply)(spec)))
}

/// The error for a property that applies to nothing in an input.
pub fn not_applicable(name: &str) -> PropertyError {
    PropertyError::NotApplicable(name.to_owned(), definition(name).map_or("", |it| it.needs))
}

/// Workloads that a property is about.
fn targets<'a, 'c>(
    cluster: &'a View<'c>,
    target: &'a Option<ObjectKey>,
) -> impl Iterator<Item = (usize, &'c Workload, &'a WorkloadVars)> {
    cluster.owners().filter(move |(_, object, _)| target.as_ref().is_none_or(|key| object.key == *key))
}
