//! What a counterexample of a part of a cluster did, in words that mean the same in the whole: actions by name, nodes by
//! name, pods by the name of their ReplicaSet, numbers as they are.

use std::collections::{BTreeSet, HashMap, VecDeque};

use crate::cluster::counting::cells::Representation;
use crate::cluster::object::command::Command;
use crate::cluster::view::Parts;
use crate::model::Model;
use crate::system::Trace;
use crate::term::VarId;

/// The value of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// One of these nodes, which cannot be told apart.
    Nodes(Vec<String>),
    /// A number.
    Number(i64),
}

/// A slow step.
#[derive(Clone, Debug)]
pub struct Deed {
    /// Name of the action.
    pub action: String,
    /// Inputs by name.
    pub inputs: Vec<(String, Value)>,
}

impl Deed {
    /// The name of an input that stands for all inputs.
    pub const ANY: &str = "*";
}

/// Where pods of all workloads but one are wanted.
#[derive(Clone, Debug)]
pub struct Press {
    /// Position of the one workload.
    pub but: usize,
    /// Nodes that its pods may use.
    pub ground: BTreeSet<String>,
    /// Nodes of these that the others leave to it; none if they are to take what they can.
    pub left: BTreeSet<String>,
}

impl Press {
    /// The most distaste that there is.
    pub const MOST: u64 = 2;

    /// How little a pod of another workload is wanted on one of some nodes, which cannot be told apart: the less, the larger.
    pub fn distaste(&self, nodes: &[String]) -> u64 {
        let of =
            |node: &String| if self.left.contains(node) { Self::MOST } else { u64::from(!self.ground.contains(node)) };
        nodes.iter().map(of).min().unwrap_or(0)
    }
}

/// The choices of a run.
#[derive(Clone, Debug, Default)]
pub struct Guide {
    /// Slow steps in order.
    pub deeds: Vec<Deed>,
    /// Where the loop begins among them.
    pub loop_start: Option<usize>,
    /// Nodes to which pods of a template, by name, were bound, in order.
    pub binds: HashMap<String, VecDeque<Vec<String>>>,
    /// Other event-driven steps with inputs, by name of the action, in order.
    pub events: HashMap<String, VecDeque<Vec<(String, Value)>>>,
    /// What the others do where the guide says nothing.
    pub press: Option<Press>,
}

/// Positions of a part's commands among all commands of the whole.
pub struct Commands<'a> {
    /// By position in the part.
    pub positions: &'a [usize],
    /// All.
    pub all: &'a [Command],
}

/// Reads a guide from a run of a part.
pub fn read(model: &Model, trace: &Trace, commands: &Commands<'_>) -> Guide {
    let mut guide = Guide::default();
    let mut counted = 0;
    for (index, step) in trace.steps.iter().enumerate() {
        if trace.loop_start == Some(index) {
            guide.loop_start = Some(guide.deeds.len());
        }
        let action = &model.system.actions[step.action];
        let inputs = action.inputs.iter().zip(&step.inputs).map(|(&var, &value)| {
            let name = model.system.arena.variable(var).name.clone();
            (name, value_of(&model.parts, var, value))
        });
        let inputs: Vec<(String, Value)> = inputs.collect();
        if !action.kind.is_event() {
            let name = in_whole(&action.name, commands, &mut counted);
            guide.deeds.push(Deed { action: name, inputs });
        } else if let Some(binding) = model.parts.bindings.iter().find(|it| it.action.0 == step.action) {
            let at = |var: VarId| action.inputs.iter().position(|&it| it == var).map_or(0, |at| step.inputs[at]);
            let template = &model.parts.templates[binding.templates[at(binding.pod) as usize].0];
            let nodes = nodes_of(&model.parts, at(binding.node) as usize);
            guide.binds.entry(template.name.clone()).or_default().push_back(nodes);
        } else if !inputs.is_empty() {
            guide.events.entry(action.name.clone()).or_default().push_back(inputs);
        }
    }
    guide
}

/// The name of an action in the whole cluster: commands are numbered there with all others.
fn in_whole(name: &str, commands: &Commands<'_>, given: &mut usize) -> String {
    if !name.starts_with("command ") {
        return name.to_owned();
    }
    let position = commands.positions.get(*given).copied().unwrap_or(*given);
    *given += 1;
    command_name(position, &commands.all[position])
}

/// The name of the action that gives a command.
pub fn command_name(position: usize, command: &Command) -> String {
    format!("command {}: {}", position + 1, command.text)
}

/// What the value of an input stands for.
pub fn value_of(parts: &Parts, var: VarId, value: i64) -> Value {
    match parts.cell_inputs.contains(&var) {
        true => Value::Nodes(nodes_of(parts, value as usize)),
        false => Value::Number(value),
    }
}

/// Names of the nodes that may stand behind a cell.
pub fn nodes_of(parts: &Parts, cell: usize) -> Vec<String> {
    let mut first = 0;
    for (class, it) in parts.classes.iter().enumerate() {
        match parts.cells.representation(class) {
            Representation::Individual(nodes) => {
                if cell < first + nodes.len() {
                    return vec![it.names[cell - first].clone()];
                }
                first += nodes.len();
            }
            Representation::Counted { keys, .. } => {
                if cell < first + keys.len() {
                    return it.names.clone();
                }
                first += keys.len();
            }
        }
    }
    Vec::new()
}
