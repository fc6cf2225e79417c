//! Replays a saved trace on an input, which may have changed since.

use crate::model::{ModelError, build, build_of_single_nodes};
use crate::property::Selection;
use crate::system::{Interleaving, PropertyId};

use super::asking::named;
use super::retelling::retell;
use super::saved::fingerprint;
use super::source::Input;
use super::{CheckError, InputName, Narrative, SavedTrace, VerifyError};

/// A saved trace that was executed again.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// The trace.
    pub trace: SavedTrace,
    /// What it was executed on.
    pub input: InputName,
    /// Whether that is what the trace was found on.
    pub is_same_input: bool,
    /// Its story, or why it is no counterexample there.
    pub told: Result<Narrative, String>,
}

/// Executes a trace on an input.
///
/// # Errors
///
/// If the input cannot be modelled, or the trace is of an interleaving that is not known. That the trace is no counterexample
/// there is no error, but what is told.
pub fn replay(mut input: Input, trace: SavedTrace) -> Result<Replayed, CheckError> {
    let is_same_input = fingerprint(&input.spec) == trace.fingerprint;
    let told = story(&mut input, &trace)?;
    Ok(Replayed { trace, input: input.name, is_same_input, told })
}

/// The story of a trace on an input, or why it is none. The outer error is one of the trace or the input.
fn story(input: &mut Input, trace: &SavedTrace) -> Result<Result<Narrative, String>, CheckError> {
    let known = Interleaving::named(&trace.interleaving);
    let unknown = || CheckError::Usage(format!("there is no interleaving `{}`", trace.interleaving));
    input.spec.scenario.interleaving = known.ok_or_else(unknown)?;
    let selection = about(input, trace);
    let model = match trace.single_nodes {
        true => build_of_single_nodes(&input.spec, &selection),
        false => build(&input.spec, &selection),
    };
    let model = match model {
        Ok(model) => model,
        Err(ModelError::Property(error)) => return Ok(Err(error.to_string())),
        Err(error) => return Err(VerifyError::from(error).into()),
    };
    let told = |properties: &[PropertyId]| {
        let slice = model.system.slice(properties);
        trace.resolve(&slice.system).map_err(|error| error.to_string()).and_then(|(property, steps)| {
            retell(&input.spec, &model, &slice, property, &steps).map(|(narrative, _)| narrative)
        })
    };
    // Where others of the same name observe more, a trace that was kept for this one alone is a run without them.
    let all = named(&model.system, &trace.property);
    let is_own = |id: &PropertyId| model.system.property(*id).subject == trace.subject;
    let own: Vec<PropertyId> = all.iter().copied().filter(is_own).collect();
    let first = told(&all);
    Ok(if first.is_err() && own.len() < all.len() { told(&own).or(first) } else { first })
}

/// The property of the trace; only of the workload that it is about, where it names one.
fn about(input: &Input, trace: &SavedTrace) -> Selection {
    let mut selection = input.selection(std::slice::from_ref(&trace.property));
    let named = input.spec.workloads.iter().find(|workload| {
        let key = workload.key.to_string();
        trace.subject == key || trace.subject.strip_prefix(&key).is_some_and(|rest| rest.starts_with(':'))
    });
    if let Some(workload) = named {
        let other = |target: &Option<_>| target.as_ref().is_some_and(|target| *target != workload.key);
        selection.properties.retain(|property| !other(&property.target));
        selection.properties.iter_mut().for_each(|property| property.target = Some(workload.key.clone()));
    }
    selection
}
