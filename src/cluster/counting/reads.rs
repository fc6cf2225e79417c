//! What controllers read of nodes, declared before nodes are sorted into classes.
//!
//! Nodes that agree on everything that somebody reads form a class, and a class counts its nodes without telling them apart.
//! So nothing that was not declared may be read: [`NodeView`](crate::cluster::view::NodeView) is the only way to look at
//! nodes, and holds every look against the declaration of whoever looks. What all controllers may read without a
//! declaration: allocatable resources and what pods that stay use of them, whether nodes are cordoned or down, and what a
//! scenario does to them.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::PodSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::cluster::object::spec::ClusterSpec;
use crate::cluster::object::{affinity, selector};

use super::templates::Template;

/// Somebody who reads nodes: a controller, an event, the properties.
#[derive(Clone, Copy)]
pub struct Reader {
    /// As messages name it, and where it declares what it reads.
    pub name: &'static str,
    /// Adds what it reads of a cluster with these templates.
    pub reads: fn(&ClusterSpec, &[Template], &mut Reads),
}

/// What is read of nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    /// Labels whose values matter.
    pub(super) labels: BTreeSet<String>,
    /// Labels that make domains: where no two nodes share a value, only who has the label matters.
    pub(super) topology_keys: BTreeSet<String>,
    /// Nodes that are asked for by name.
    pub(super) names: BTreeSet<String>,
    /// Images that nodes are asked for.
    pub(super) images: BTreeSet<String>,
    /// Whether taints matter.
    pub(super) taints: bool,
    /// Whether allocatable and capacity matter as they are written.
    pub(super) status: bool,
}

impl Reads {
    /// The values of a label.
    pub fn label(&mut self, key: &str) {
        self.labels.insert(key.to_owned());
    }

    /// The domains that a label makes.
    pub fn topology_key(&mut self, key: &str) {
        self.topology_keys.insert(key.to_owned());
    }

    /// Which node is the one of a name.
    pub fn name(&mut self, name: &str) {
        self.names.insert(name.to_owned());
    }

    /// Which nodes have an image.
    pub fn image(&mut self, image: String) {
        self.images.insert(image);
    }

    /// The taints.
    pub fn taints(&mut self) {
        self.taints = true;
    }

    /// Allocatable and capacity as they are written.
    pub fn status(&mut self) {
        self.status = true;
    }

    /// Whether a pod's `nodeSelector` and node affinity, required and preferred, match.
    pub fn affinity_of(&mut self, pod: &PodSpec) {
        wanted(pod).for_each(|wanted| match wanted {
            Wanted::Label(key) => self.label(key),
            Wanted::Name(name) => self.name(name),
        });
    }

    /// The domains over which a pod's spread constraints count.
    pub fn spreading_of(&mut self, pod: &PodSpec) {
        let constraints = pod.topology_spread_constraints.iter().flatten();
        constraints.for_each(|constraint| self.topology_key(&constraint.topology_key));
    }

    /// All that a pod asks of the labels of nodes: selectors, affinity to nodes and to pods, spreading.
    pub fn placement_of(&mut self, pod: &PodSpec) {
        self.affinity_of(pod);
        self.spreading_of(pod);
        affinity::all(pod).for_each(|term| self.topology_key(&term.topology_key));
    }

    /// What others read, too.
    pub(super) fn add(&mut self, others: &Reads) {
        self.labels.extend(others.labels.iter().cloned());
        self.topology_keys.extend(others.topology_keys.iter().cloned());
        self.names.extend(others.names.iter().cloned());
        self.images.extend(others.images.iter().cloned());
        self.taints |= others.taints;
        self.status |= others.status;
    }

    /// Whether a label, or its domains, were declared.
    pub(in crate::cluster) fn has_label(&self, key: &str) -> bool {
        self.labels.contains(key) || self.topology_keys.contains(key)
    }

    /// Whether the values of a label may be read, given whether every node is a domain of its own.
    pub(in crate::cluster) fn has_value(&self, key: &str, singleton: bool) -> bool {
        self.labels.contains(key) || (self.topology_keys.contains(key) && !singleton)
    }

    /// Whether a name was declared.
    pub(in crate::cluster) fn has_name(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Whether an image was declared.
    pub(in crate::cluster) fn has_image(&self, image: &str) -> bool {
        self.images.contains(image)
    }

    /// Whether taints were declared.
    pub(in crate::cluster) fn has_taints(&self) -> bool {
        self.taints
    }

    /// Whether the status as it is written was declared.
    pub(in crate::cluster) fn has_status(&self) -> bool {
        self.status
    }

    /// Whether a pod's selectors read a label or a name that was not declared.
    pub(in crate::cluster) fn lacks_of(&self, pod: &PodSpec) -> bool {
        wanted(pod).any(|wanted| match wanted {
            Wanted::Label(key) => !self.labels.contains(key),
            Wanted::Name(name) => !self.names.contains(name),
        })
    }

    /// Whether a selector reads a label that was not declared.
    pub(in crate::cluster) fn lacks(&self, wanted: &LabelSelector) -> bool {
        selector::keys(wanted).any(|key| !self.labels.contains(key))
    }
}

/// What a pod's node selectors ask for.
#[derive(Clone, Copy)]
enum Wanted<'p> {
    Label(&'p str),
    Name(&'p str),
}

/// What a pod's `nodeSelector` and node affinity ask for, one by one.
fn wanted(pod: &PodSpec) -> impl Iterator<Item = Wanted<'_>> {
    let affinity = pod.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let required = affinity.and_then(|it| it.required_during_scheduling_ignored_during_execution.as_ref());
    let preferred = affinity.and_then(|it| it.preferred_during_scheduling_ignored_during_execution.as_ref());
    let terms = required.into_iter().flat_map(|required| &required.node_selector_terms);
    let terms = terms.chain(preferred.into_iter().flatten().map(|preferred| &preferred.preference));
    let plain = pod.node_selector.iter().flatten().map(|(key, _)| Wanted::Label(key));
    plain.chain(terms.flat_map(|term| {
        let labels = term.match_expressions.iter().flatten().map(|expression| Wanted::Label(&expression.key));
        let names = term.match_fields.iter().flatten().flat_map(|field| field.values.iter().flatten());
        labels.chain(names.map(|name| Wanted::Name(name)))
    }))
}

/// What each reader reads of a cluster, and what all of them read together.
#[derive(Clone, Debug, Default)]
pub struct Readings {
    /// By reader.
    pub(in crate::cluster) of: Vec<(&'static str, Reads)>,
    /// Of all readers, and of the counting of pods itself.
    pub(super) all: Reads,
    /// Topology keys of which no two nodes share a value.
    singletons: BTreeSet<String>,
}

impl Readings {
    /// The declarations of some readers.
    pub fn of(readers: &[Reader], spec: &ClusterSpec, templates: &[Template]) -> Self {
        let mut readings = Readings { all: layout_reads(templates), ..Readings::default() };
        for reader in readers {
            let mut reads = Reads::default();
            (reader.reads)(spec, templates, &mut reads);
            readings.all.add(&reads);
            readings.of.push((reader.name, reads));
        }
        let keys = readings.all.topology_keys.iter();
        readings.singletons = keys.filter(|key| is_singleton_key(spec, key)).cloned().collect();
        readings
    }

    /// Whether no two nodes share a value of a topology key, so that each is a domain of its own.
    pub(in crate::cluster) fn is_singleton(&self, key: &str) -> bool {
        self.singletons.contains(key)
    }
}

/// What the layout of nodes reads itself: where pods of a template may run.
fn layout_reads(templates: &[Template]) -> Reads {
    let mut reads = Reads::default();
    reads.taints();
    for template in templates {
        reads.affinity_of(&template.spec);
        template.pinned_to().into_iter().for_each(|name| reads.name(name));
    }
    reads
}

/// Whether no two nodes share a value of `key`, so that each node is its own domain.
fn is_singleton_key(spec: &ClusterSpec, key: &str) -> bool {
    let mut seen = BTreeSet::new();
    spec.nodes
        .iter()
        .filter_map(|node| node.node.metadata.labels.as_ref()?.get(key))
        .all(|value| seen.insert(value.as_str()))
}
