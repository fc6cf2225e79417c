//! What is asked about the workloads of a cluster.

use crate::check::InputName;
use crate::cluster::object::scenario::PropertySpec;
use crate::cluster::object::spec::{ClusterSpec, ObjectKey};
use crate::engine::{Budget, Engine, Progress};
use crate::property::Selection;

/// What is asked.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The cluster.
    pub spec: &'a ClusterSpec,
    /// Where it came from.
    pub input: &'a InputName,
    /// The properties.
    pub selection: &'a Selection,
    /// Decides small models.
    pub engine: &'a dyn Engine,
    /// For all properties of all workloads together.
    pub budget: &'a Budget,
    /// Whether to go on after a violation.
    pub all: bool,
    /// Workloads up to which a cluster is searched as a whole where nothing else decides.
    pub small: usize,
    /// Watches engines.
    pub progress: &'a dyn Progress,
}

impl Question<'_> {
    /// The selected properties of a name, as far as they are about a workload.
    fn specs<'s>(&'s self, name: &'s str, key: &'s ObjectKey) -> impl Iterator<Item = &'s PropertySpec> {
        let named = self.selection.properties.iter().filter(move |it| it.name == name);
        named.filter(move |it| it.target.as_ref().is_none_or(|target| target == key))
    }

    /// Whether a property is asked about a workload.
    pub fn is_about(&self, name: &str, key: &ObjectKey) -> bool {
        self.specs(name, key).next().is_some()
    }

    /// What is asked about one workload: the same properties, with this target or without one.
    pub fn selection_about(&self, key: &ObjectKey, names: &[&str], target: Option<&ObjectKey>) -> Selection {
        let properties = names.iter().flat_map(|name| self.specs(name, key));
        let targeted =
            properties.map(|it| PropertySpec { target: target.cloned(), origin: Default::default(), ..it.clone() });
        Selection { properties: targeted.collect(), chosen: false }
    }
}
