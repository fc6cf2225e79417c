//! What there is to know of a property, in one place: everybody else asks here, and nobody compares names.

use crate::cluster::Template;
use crate::cluster::counting::reads::Reads;
use crate::cluster::object::scenario::PropertySpec;
use crate::cluster::object::spec::ClusterSpec;
use crate::cluster::view::{Cluster, Declaring};

use super::PropertyError;

/// Adds an observer and the invariant that it is kept for, once all controllers are there.
pub type Observer = Box<dyn Fn(&Cluster<'_>)>;

/// A property that can be asked for.
#[derive(Clone, Copy)]
pub struct Definition {
    /// Its name.
    pub name: &'static str,
    /// What it says, in a few words.
    pub says: &'static str,
    /// What breaks it, exactly.
    pub violated_by: &'static str,
    /// Names of the arguments that it takes.
    pub arguments: &'static [&'static str],
    /// What an input lacks to which it does not apply: `it needs …`.
    pub needs: &'static str,
    /// What it is about: what an answer can leave out.
    pub about: About,
    /// What of the manifests says most about it: where to look first when it is violated.
    pub field: Field,
    /// Whether it may apply to a cluster, as far as that can be told without a model.
    pub may_apply: fn(&ClusterSpec) -> bool,
    /// Adds what it reads of nodes.
    pub reads: fn(&ClusterSpec, &[Template], &mut Reads),
    /// Declares what it has to remember, before any action is built.
    pub observe: fn(&mut Declaring<'_>, &PropertySpec) -> Result<Vec<Observer>, PropertyError>,
    /// Adds what it forbids, after all actions; whether it is about anything.
    pub build: fn(&Cluster<'_>, &PropertySpec) -> Result<bool, PropertyError>,
}

/// What a property is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Where pods are, or what nodes do: no answer without places.
    pub places: bool,
    /// Pods that wait for a node: for pods that ask for room only, want of room is all that can break it.
    pub waiting: bool,
    /// Pods that should be there: whoever refuses to create one is a reason.
    pub missing: bool,
    /// Marks of single workloads: those that it is asked about by name have marks of their own.
    pub marks: bool,
    /// Something that turns round: a state that breaks it is a reversal.
    pub turns: bool,
    /// Every moment, also those in the middle of something.
    pub momentary: bool,
    /// The cluster as a whole: it cannot be asked of a workload.
    pub whole: bool,
}

/// A field of a manifest, by its path from the object. Those of pod templates are as in a Deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Of the workload.
    OfWorkload(&'static str),
    /// Of its HorizontalPodAutoscaler, if it has one.
    OfAutoscaler(&'static str),
    /// No single one.
    None,
}

impl Definition {
    /// A property of every workload, without arguments and memory, that forbids nothing.
    pub(super) const PLAIN: Definition = Definition {
        name: "",
        says: "",
        violated_by: "",
        arguments: &[],
        needs: "it needs a Deployment, ReplicaSet or DaemonSet",
        about: About {
            places: false,
            waiting: false,
            missing: false,
            marks: false,
            turns: false,
            momentary: false,
            whole: false,
        },
        field: Field::None,
        may_apply: |_| true,
        reads: |_, _, _| {},
        observe: |_, _| Ok(Vec::new()),
        build: |_, _| Ok(false),
    };

    /// The error for a use of it that does not fit an argument.
    pub(super) fn bad(&self, argument: &str, reason: String) -> PropertyError {
        PropertyError::Argument { property: self.name.to_owned(), argument: argument.to_owned(), reason }
    }
}
