//! Traces as they are kept in files: by names, so that they can be replayed on the same input, or on a changed one.

use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::cluster::object::spec::{ClusterSpec, Origin};
use crate::system::cone::cone;
use crate::system::{PropertyId, Step, System, Trace};

use super::InputName;
use super::clock::has_moments;

/// A counterexample, ready to be replayed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedTrace {
    /// The property that it breaks.
    pub property: String,
    /// What that is about.
    pub subject: String,
    /// Where the cluster came from.
    pub input: InputName,
    /// Identifies what was read.
    pub fingerprint: String,
    /// `racing`, `settled` or `async`.
    pub interleaving: String,
    /// Values of the state variables that the start leaves open, by name.
    pub initial: Map<String, Value>,
    /// What happened.
    pub steps: Vec<SavedStep>,
    /// For a lasso: the number of steps after which the loop begins.
    pub loop_start: Option<usize>,
    /// Whether it is one of the model in which every node is told apart.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub single_nodes: bool,
    /// Whether its steps could be given moments, so that it is none where they cannot.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clocked: bool,
}

/// An action and what it chose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedStep {
    /// Its name.
    pub action: String,
    /// Values of its inputs, by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub inputs: Map<String, Value>,
}

/// A saved trace that speaks of things the input does not have.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SavedError {
    /// The property is not among the input's.
    #[error("property {0} does not apply to this input")]
    Property(String),
    /// An action is missing.
    #[error("step {0}: this input has no action `{1}`")]
    Action(usize, String),
    /// An input has no value.
    #[error("step {0}: `{1}` is not given for action `{2}`")]
    Input(usize, String, String),
    /// A variable has no value.
    #[error("the trace says nothing about `{0}`")]
    Variable(String),
}

/// All traces in the JSON of a check, or the one of a file of its own.
///
/// # Errors
///
/// What is wrong with the text, in words: that it is not JSON, has no trace, or one that cannot be read.
pub fn traces(text: &str) -> Result<Vec<SavedTrace>, String> {
    let document: Value = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
    let results = document.get("results").and_then(Value::as_array);
    let of_results = results
        .into_iter()
        .flatten()
        .flat_map(|result| [result.get("trace"), result.pointer("/family/lift/trace")].into_iter().flatten());
    let traces = of_results.chain(document.get("trace")).filter(|trace| !trace.is_null());
    let traces: Result<Vec<SavedTrace>, _> = traces.map(|trace| serde_json::from_value(trace.clone())).collect();
    let traces = traces.map_err(|error| format!("not a trace: {error}"))?;
    if traces.is_empty() { Err("there is no trace in it".to_owned()) } else { Ok(traces) }
}

impl SavedTrace {
    /// A trace of a (sliced) system, to be kept.
    pub fn keep(system: &System, trace: &Trace, property: PropertyId, input: InputName, fingerprint: String) -> Self {
        let open = system.state.iter().map(|variable| variable.initial.is_none());
        let names = variable_names(system).into_iter().zip(open);
        let clocked = !system.paces.is_empty() && has_moments(system, trace);
        SavedTrace { clocked, ..Self::named(system, names.collect(), trace, property, input, fingerprint) }
    }

    /// A trace of a whole system, to be kept as one of the slice that its property needs: what other properties observe is
    /// not part of it.
    pub fn keep_sliced(
        system: &System,
        trace: &Trace,
        property: PropertyId,
        input: InputName,
        fingerprint: String,
    ) -> Self {
        let cone = cone(system, &[property]);
        let kept = system.state.iter().zip(&cone.variables).filter(|&(_, &kept)| kept);
        let (names, open): (Vec<&str>, Vec<bool>) =
            kept.map(|(variable, _)| (variable.name.as_str(), variable.initial.is_none())).unzip();
        let names = distinct(names.into_iter()).into_iter().zip(open);
        Self::named(system, names.collect(), &cone.project(trace), property, input, fingerprint)
    }

    /// A trace of a system, or of a slice of it, of which these are the variables, with whether the start leaves them open.
    fn named(
        system: &System,
        variables: Vec<(String, bool)>,
        trace: &Trace,
        property: PropertyId,
        input: InputName,
        fingerprint: String,
    ) -> Self {
        let actions = action_names(system);
        let step = |step: &Step| SavedStep {
            action: actions[step.action].clone(),
            inputs: input_names(system, step.action).into_iter().zip(step.inputs.iter().map(|&it| it.into())).collect(),
        };
        let property = system.property(property);
        SavedTrace {
            property: property.name.clone(),
            subject: property.subject.clone(),
            input,
            fingerprint,
            interleaving: system.interleaving.name().to_owned(),
            initial: open_values(variables, &trace.initial),
            steps: trace.steps.iter().map(step).collect(),
            loop_start: trace.loop_start,
            single_nodes: false,
            clocked: false,
        }
    }

    /// The trace in terms of a system, and the property that it is said to break.
    pub fn resolve(&self, system: &System) -> Result<(PropertyId, Trace), SavedError> {
        let wanted = |it: &crate::system::Property| it.name == self.property && it.subject == self.subject;
        let property = system.properties.iter().position(wanted).map(PropertyId);
        let property = property.ok_or_else(|| SavedError::Property(self.property.clone()))?;
        let initial = variable_names(system).into_iter().zip(&system.state).map(|(name, variable)| {
            let given = self.initial.get(&name).and_then(Value::as_i64);
            given.or(variable.initial).ok_or(SavedError::Variable(name))
        });
        let initial = initial.collect::<Result<Vec<i64>, SavedError>>()?;
        let actions = action_names(system);
        let steps = self.steps.iter().enumerate().map(|(index, step)| resolve_step(system, &actions, index + 1, step));
        let steps = steps.collect::<Result<Vec<Step>, SavedError>>()?;
        Ok((property, Trace { initial, steps, loop_start: self.loop_start }))
    }
}

/// What says where a run begins: everything else follows from the input.
fn open_values(variables: Vec<(String, bool)>, values: &[i64]) -> Map<String, Value> {
    let all = variables.into_iter().zip(values);
    all.filter(|((_, is_open), _)| *is_open).map(|((name, _), &value)| (name, value.into())).collect()
}

fn resolve_step(system: &System, actions: &[String], number: usize, step: &SavedStep) -> Result<Step, SavedError> {
    let action = actions.iter().position(|name| *name == step.action);
    let action = action.ok_or_else(|| SavedError::Action(number, step.action.clone()))?;
    let inputs = input_names(system, action).into_iter().map(|name| {
        let given = step.inputs.get(&name).and_then(Value::as_i64);
        given.ok_or_else(|| SavedError::Input(number, name, step.action.clone()))
    });
    Ok(Step { action, inputs: inputs.collect::<Result<Vec<i64>, SavedError>>()? })
}

/// Names of the state variables, all of them different.
pub(super) fn variable_names(system: &System) -> Vec<String> {
    distinct(system.state.iter().map(|variable| variable.name.as_str()))
}

fn action_names(system: &System) -> Vec<String> {
    distinct(system.actions.iter().map(|action| action.name.as_str()))
}

fn input_names(system: &System, action: usize) -> Vec<String> {
    distinct(system.actions[action].inputs.iter().map(|&var| system.arena.variable(var).name.as_str()))
}

/// Names that occur again get a number.
fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen: std::collections::HashMap<&str, usize> = Default::default();
    let mut number = |name: &'a str| {
        let count = seen.entry(name).or_default();
        *count += 1;
        if *count == 1 { name.to_owned() } else { format!("{name} #{count}") }
    };
    names.map(&mut number).collect()
}

/// Identifies a cluster, wherever its files are: equal clusters have equal fingerprints.
pub fn fingerprint(spec: &ClusterSpec) -> String {
    let mut spec = spec.clone();
    let origins = spec.nodes.iter_mut().map(|it| &mut it.origin);
    let origins = origins.chain(spec.workloads.iter_mut().map(|it| &mut it.origin));
    let origins = origins.chain(spec.autoscalers.iter_mut().map(|it| &mut it.origin));
    let origins = origins.chain(spec.descheduler.iter_mut().map(|it| &mut it.origin));
    let origins = origins.chain(spec.scenario.properties.iter_mut().map(|it| &mut it.origin));
    let origins = origins.chain(spec.activations.iter_mut().map(|it| &mut it.origin));
    let origins = origins.chain(spec.scenario.syncs.iter_mut().map(|it| &mut it.origin));
    let commands = spec.scenario.commands.iter_mut();
    origins.for_each(|origin| *origin = Origin::default());
    let plugins = spec.descheduler.iter_mut().flat_map(|policy| &mut policy.plugins);
    plugins.for_each(|it| it.evictor.started_by = it.evictor.started_by.map(|_| 0));
    for command in commands {
        command.origin = Origin::default();
        command.text = String::new();
    }
    let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
    // Hashing cannot fail.
    let _ = write!(hash, "{spec:?}");
    format!("{:016x}", hash.0)
}

/// FNV-1a with 64 bits: the same on every machine and in every version.
struct Fnv(u64);

impl fmt::Write for Fnv {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_distinct() {
        assert_eq!(distinct(["a", "b", "a", "a"].into_iter()), ["a", "b", "a #2", "a #3"]);
    }

    #[test]
    fn fingerprints_know_content_but_not_places() {
        let mut spec = ClusterSpec::default();
        let before = fingerprint(&spec);
        spec.nodes.push(Default::default());
        let with_node = fingerprint(&spec);
        spec.nodes[0].origin.line = 7;
        assert_ne!(before, with_node);
        assert_eq!(with_node, fingerprint(&spec));
    }
}
