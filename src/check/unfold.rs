//! A counterexample with all its states, for tools that look at runs of transition systems.

use super::replay::{member, modelled, on_slice};
use super::saved::variable_names;
use super::source::Input;
use super::{CheckError, SavedTrace};
use crate::system::{PropertyId, Slice, System, Trace, replay};
use crate::term::{Limit, Sort};

/// A run, state by state, of the part of the model that its property needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfolded {
    /// The variables: their names, and whether they are true (1) or false (0) rather than numbers.
    pub variables: Vec<(String, bool)>,
    /// A value for each variable, for each state; one more state than the trace has steps.
    pub states: Vec<Vec<i64>>,
}

/// Executes a trace that was found on an input once more.
///
/// # Errors
///
/// If the input cannot be modelled, or the trace is none of it.
pub fn unfold(input: &Input, trace: &SavedTrace) -> Result<Unfolded, CheckError> {
    let member = member(input, trace).transpose()?;
    let unfolded = modelled(member.as_ref().unwrap_or(input), trace, &Limit::default())?
        .and_then(|model| on_slice(&model, trace, run));
    unfolded.map_err(CheckError::Usage)
}

fn run(slice: &Slice, property: PropertyId, trace: &Trace) -> Result<Unfolded, String> {
    let system = &slice.system;
    let run = replay(system, trace, system.property(property)).map_err(|error| error.to_string())?;
    let mut states = vec![run.states.first().to_vec()];
    let mut pairs = run.states.pairs();
    while let Some((_, after)) = pairs.step() {
        states.push(after.to_vec());
    }
    Ok(Unfolded { variables: variables(system), states })
}

fn variables(system: &System) -> Vec<(String, bool)> {
    let is_bool = system.state.iter().map(|it| system.arena.variable(it.var).sort == Sort::Bool);
    variable_names(system).into_iter().zip(is_bool).collect()
}
