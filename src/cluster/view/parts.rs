//! What remains of a cluster when its system is built.

use crate::cluster::counting::cells::Cells;
use crate::cluster::counting::classes::NodeClass;
use crate::cluster::counting::sizes::Dependence;
use crate::cluster::counting::start::Neighbours;
use crate::cluster::counting::templates::{Template, TemplateId};
use crate::system::{ActionId, IntVar};
use crate::term::{TermId, VarId};

use super::rule::Rule;
use super::story::{Diagnosis, Narrator};
use super::variables::WorkloadVars;

/// What remains of a [`Cluster`](super::Cluster) when its system is built.
pub struct Parts {
    /// Kinds of interchangeable pods.
    pub templates: Vec<Template>,
    /// Kinds of interchangeable nodes.
    pub classes: Vec<NodeClass>,
    /// Nodes by state.
    pub cells: Cells,
    /// Nodes that are interchangeable at the start.
    pub neighbours: Vec<Neighbours>,
    /// By position in the spec's workloads.
    pub workloads: Vec<Option<WorkloadVars>>,
    /// Pods without a node, by template.
    pub pending: Vec<IntVar>,
    /// Which state variable says the size of a cluster of several sizes.
    pub size: Option<IntVar>,
    /// Why the model does not stand for all sizes; empty if it does.
    pub depends_on_size: Vec<Dependence>,
    /// Inputs whose values are positions of cells.
    pub cell_inputs: Vec<VarId>,
    /// What the inputs of actions that bind pods stand for.
    pub bindings: Vec<Binding>,
    /// What each action tells, by action.
    pub narrators: Vec<Narrator>,
    /// The rule that each action follows, by action; observers follow none.
    pub rules: Vec<Option<&'static Rule>>,
    /// Explanations by property name.
    pub diagnoses: Vec<(String, Diagnosis)>,
}

/// What the inputs of an action that binds pods one at a time stand for, for whoever looks for a choice of its own.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The action.
    pub action: ActionId,
    /// The input that says whose pod it is: a position in `templates`.
    pub pod: VarId,
    /// The input that says where it goes: the position of a cell.
    pub node: VarId,
    /// Whose pods may be bound.
    pub templates: Vec<TemplateId>,
    /// By position in `templates`: whether a pod may be bound now.
    pub binds: Vec<TermId>,
    /// By position in `templates` and cell: whether it may go there.
    pub allowed: Vec<Vec<TermId>>,
}
