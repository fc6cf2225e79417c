//! Nodes as a controller may look at them: what it declared to read, and nothing else.
//!
//! A look at something undeclared might tell nodes apart that their class takes to be alike. It is answered from the class's
//! first node, and noted as a breach: the model is then refused, with a message that says what to declare.
//!
//! Numbers of nodes, and replicas at the start, may differ between the sizes that a model stands for. They come as [`BySize`], of
//! which whoever asks for a constant says why; nothing else tells them:
//!
//! ```compile_fail,E0616
//! fn counts_by_itself(cluster: &kubound::cluster::view::Cluster<'_>) {
//!     let _ = &cluster.size;
//! }
//! ```
//!
//! ```compile_fail,E0616
//! fn takes_one_of_them(numbers: kubound::cluster::counting::sizes::BySize<i64>) -> i64 {
//!     numbers.0[0]
//! }
//! ```

use k8s_openapi::api::core::v1::{NodeStatus, PodSpec, Taint};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::cluster::Cell;
use crate::cluster::counting::classes::NodeClass;
use crate::cluster::counting::reads::Reads;
use crate::cluster::counting::sizes::BySize;
use crate::cluster::object::karpenter::Offer;
use crate::cluster::object::resources::Resources;
use crate::cluster::object::scenario::Scaler;
use crate::cluster::object::spec::Workload;
use crate::cluster::object::{images, selector};
use crate::term::Int;

use super::View;

/// The nodes of one class.
#[derive(Clone, Copy)]
pub struct NodeView<'a, 'c> {
    class: &'a NodeClass,
    view: &'a View<'c>,
}

/// Where nodes are, as far as a topology key says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Domain<'a> {
    /// Nowhere: they do not have the label.
    Without,
    /// Each of them is a domain of its own.
    Alone,
    /// In the domain of this value, with all others that have it.
    Named(&'a str),
}

impl<'c> View<'c> {
    /// The nodes of a cell.
    pub fn node(&self, cell: &Cell<'_>) -> NodeView<'_, 'c> {
        self.class(cell.class)
    }

    /// The nodes of a class, by its position.
    pub fn class(&self, position: usize) -> NodeView<'_, 'c> {
        NodeView { class: &self.classes[position], view: self }
    }

    /// All classes, in their order.
    pub fn classes(&self) -> impl ExactSizeIterator<Item = NodeView<'_, 'c>> + Clone {
        (0..self.classes.len()).map(|position| self.class(position))
    }

    /// How many nodes of the classes that `of` picks there are at each size.
    pub fn numbers(&self, of: impl Fn(usize) -> bool) -> BySize<i64> {
        let picked = self.classes.iter().enumerate().filter(|(position, _)| of(*position));
        self.size.numbers(picked.flat_map(|(_, class)| class.members.iter().copied()))
    }

    /// How many nodes of the classes that `of` picks there are, for whoever needs a constant; `why` says who.
    pub fn fixed_number(&self, of: impl Fn(usize) -> bool, why: &str) -> i64 {
        if self.numbers(&of).values().len() > 1 {
            self.size.depends(why);
        }
        self.classes.iter().enumerate().filter(|(at, _)| of(*at)).map(|(_, class)| class.members.len() as i64).sum()
    }

    /// A number of nodes that is known to be at most that of all nodes: its range says so, too.
    pub fn at_most_nodes(&self, number: Int<'c>) -> Int<'c> {
        number.min(self.most_nodes())
    }

    /// At most so many nodes, for the size of tables: a bound, not their number.
    pub fn most_nodes(&self) -> i64 {
        self.spec.whole.nodes.len() as i64
    }

    /// `spec.replicas` of an owner at the start, by size.
    pub fn replicas_by_size(&self, owner: &Workload) -> BySize<i64> {
        self.size.replicas(owner)
    }

    /// The same for whoever needs a constant; `why` says who.
    pub fn fixed_replicas(&self, owner: &Workload, why: &str) -> i64 {
        self.size.fixed_replicas(owner, why)
    }

    /// A constant for what sizes may differ in: those that differ from the largest in it are looked at by themselves; `why`
    /// says what they differ in.
    pub fn constant<T: PartialEq + Copy>(&self, facts: &BySize<T>, why: &str) -> T {
        self.size.constant(facts, || why.to_owned())
    }

    /// To be called where a model of a large cluster is another one than that of a small cluster; `why` says in what.
    pub fn differs_by_size(&self, why: &str) {
        self.size.depends(why);
    }

    /// Whether no two nodes share a value of a label, so that each is a domain of its own.
    pub fn has_singleton_domains(&self, key: &str) -> bool {
        self.look(|reads| !reads.has_label(key), || format!("the domains of the label {key}"));
        let singleton = self.readings.is_singleton(key);
        if !singleton {
            let shares = self.size.shares_label(&self.classes, key);
            self.size.depends_on(&shares, || format!("at some of them no two nodes share a value of {key}"));
        }
        singleton
    }

    /// Notes a breach if what is looked at `lacks` a declaration.
    fn look(&self, lacks: impl Fn(&Reads) -> bool, what: impl Fn() -> String) {
        let Some(position) = self.reader.get() else {
            return self.breach(format!("somebody who is no reader reads {} of nodes", what()));
        };
        let (name, reads) = &self.readings.of[position];
        if lacks(reads) {
            self.breach(format!("{name} reads {} of nodes, which it did not declare: add it to its `reads`", what()));
        }
    }
}

impl<'a, 'c> NodeView<'a, 'c> {
    /// The value of a label.
    pub fn label(&self, key: &str) -> Option<&'a str> {
        let singleton = self.view.readings.is_singleton(key);
        self.view.look(|reads| !reads.has_value(key, singleton), || format!("the value of the label {key}"));
        self.class.label(key)
    }

    /// Whether the nodes have a label.
    pub fn has_label(&self, key: &str) -> bool {
        self.view.look(|reads| !reads.has_label(key), || format!("the label {key}"));
        self.class.label(key).is_some()
    }

    /// The domain of a topology key in which the nodes are.
    pub fn domain(&self, key: &str) -> Domain<'a> {
        self.view.look(|reads| !reads.has_label(key), || format!("the domains of the label {key}"));
        match self.class.label(key) {
            None => Domain::Without,
            Some(_) if self.view.readings.is_singleton(key) => Domain::Alone,
            Some(value) => Domain::Named(value),
        }
    }

    /// Whether a label selector selects the nodes.
    pub fn is_selected(&self, wanted: &LabelSelector) -> bool {
        static NONE: selector::Labels = selector::Labels::new();
        self.view.look(|reads| reads.lacks(wanted), || "labels that a selector asks for".to_owned());
        selector::matches(wanted, self.class.node.metadata.labels.as_ref().unwrap_or(&NONE))
    }

    /// Whether the nodes satisfy a pod's `nodeSelector` and required node affinity.
    pub fn matches(&self, pod: &PodSpec) -> bool {
        self.look_as(pod);
        selector::matches_node(pod, &self.class.node)
    }

    /// Sum of the weights of a pod's preferred node affinity terms that the nodes match.
    pub fn preference(&self, pod: &PodSpec) -> i64 {
        self.look_as(pod);
        selector::preferred_node_score(pod, &self.class.node)
    }

    fn look_as(&self, pod: &PodSpec) {
        self.view.look(|reads| reads.lacks_of(pod), || "labels or names that a pod's affinity asks for".to_owned());
    }

    /// The taints, in order.
    pub fn taints(&self) -> &'a [Taint] {
        self.view.look(|reads| !reads.has_taints(), || "the taints".to_owned());
        self.class.taints()
    }

    /// Whether this is the node of that name.
    pub fn is_named(&self, name: &str) -> bool {
        self.view.look(|reads| !reads.has_name(name), || format!("the name {name}"));
        self.class.names.iter().any(|known| known == name)
    }

    /// The size in bytes of an image that the nodes have.
    pub fn image(&self, name: &str) -> Option<i64> {
        self.view.look(|reads| !reads.has_image(name), || format!("the image {name}"));
        images::of_node(&self.class.node).find(|(known, _)| *known == name).map(|(_, size)| size)
    }

    /// Allocatable and capacity as they are written.
    pub fn status(&self) -> Option<&'a NodeStatus> {
        self.view.look(|reads| !reads.has_status(), || "the status".to_owned());
        self.class.node.status.as_ref()
    }

    /// What a member is called, for names of variables and for stories. Nothing may be decided by it.
    pub fn title(&self, member: usize) -> &'a str {
        &self.class.names[member]
    }

    /// Allocatable.
    pub fn allocatable(&self) -> &'a Resources {
        &self.class.allocatable
    }

    /// Used by pods that stay.
    pub fn used(&self) -> &'a Resources {
        &self.class.used
    }

    /// What scoring takes those pods to use: cpu in thousandths, memory in bytes.
    pub fn used_scoring(&self) -> (i64, i64) {
        self.class.used_scoring
    }

    /// Free of a resource for modelled pods, by name.
    pub fn free(&self, resource: &str) -> i64 {
        self.class.free(resource)
    }

    /// What pods may take at most, so that one more fits that requests `amount` of a resource, in a given unit.
    pub fn room(&self, resource: &str, amount: i64, unit: i64) -> i64 {
        crate::cluster::counting::layout::Room::most(self.class, resource, amount, unit)
    }

    /// Whether maintenance or a command may cordon or uncordon the nodes.
    pub fn may_be_cordoned(&self) -> bool {
        self.class.may_be_cordoned()
    }

    /// Whether a scenario lets the nodes fail.
    pub fn may_fail(&self) -> bool {
        self.class.may_fail
    }

    /// Whether a scenario lets the nodes panic when they are full.
    pub fn may_panic(&self) -> bool {
        self.class.may_panic
    }

    /// The node group that the nodes are of, as a position in the scenario's.
    pub fn group(&self) -> Option<usize> {
        self.class.group
    }

    /// Who scales that group.
    pub fn scaler(&self) -> Option<&'a Scaler> {
        self.class.group.map(|group| &self.view.spec.scenario.node_groups[group].scaler)
    }

    /// Whether the group's scaler may remove the nodes, as far as they and the pods that stay on them say.
    pub fn may_be_removed(&self) -> bool {
        self.class.removable
    }

    /// Whether the nodes are marked as such that the group's scaler is not to choose.
    pub fn is_kept(&self) -> bool {
        self.class.kept
    }

    /// Whether the nodes may be replaced by cheaper ones, or come as such.
    pub fn may_be_replaced(&self) -> bool {
        self.class.replaced
    }

    /// Of Karpenter's nodes: what each of them costs, and counts for.
    pub fn offer(&self) -> &'a Offer {
        &self.class.offer
    }

    /// Whether a scenario maintains the nodes.
    pub fn is_maintained(&self) -> bool {
        self.class.maintained
    }
}
