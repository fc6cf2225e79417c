//! Replays a saved trace on an input, which may have changed since.

use crate::cluster::object::spec::ClusterSpec;
use crate::input::visible::visible;
use crate::model::{Model, ModelError, build_of_single_nodes_within, build_within};
use crate::property::Selection;
use crate::system::{Interleaving, PropertyId, Slice, Trace};
use crate::term::Limit;

use super::asking::named;
use super::clock::has_moments;
use super::retelling::retell;
use super::sameness::is_of;
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
pub fn replay(input: Input, trace: SavedTrace) -> Result<Replayed, CheckError> {
    let is_same_input = fingerprint(&input.spec) == trace.fingerprint;
    let told = modelled(&input, &trace, &Limit::default())?.and_then(|model| {
        let retold = |slice: &Slice, property, steps: &Trace| retell(&input.spec, &model, slice, property, steps);
        on_slice(&model, &trace, |slice, property, steps| Ok(retold(slice, property, steps)?.0))
    });
    let told = told.map_err(|problem| visible(&problem).into_owned());
    Ok(Replayed { trace, input: input.name, is_same_input, told })
}

/// The model of an input that has the property of a trace, or why there is none. The outer error is one of the trace or the
/// input.
pub(super) fn modelled(input: &Input, trace: &SavedTrace, limit: &Limit) -> Result<Result<Model, String>, CheckError> {
    let known = Interleaving::named(&trace.interleaving);
    let unknown = || CheckError::Usage(format!("there is no interleaving `{}`", trace.interleaving));
    let mut spec = input.spec.clone();
    spec.scenario.interleaving = known.ok_or_else(unknown)?;
    let selection = about(input, trace);
    let model = match trace.single_nodes {
        true => build_of_single_nodes_within(&spec, &selection, limit),
        false => build_within(&spec, &selection, limit),
    };
    match model {
        Ok(model) => Ok(Ok(model)),
        Err(ModelError::Property(error)) => Ok(Err(error.to_string())),
        Err(error) => Err(VerifyError::from(error).into()),
    }
}

/// Of a family the member that a trace is a run of.
pub(super) fn member(input: &Input, trace: &SavedTrace) -> Option<Result<Input, CheckError>> {
    let members = input.members.as_ref()?;
    let size = members.sizes.iter().find(|size| members.name(size) == trace.input)?;
    Some(members.member(size))
}

/// Makes something of a trace, in terms of the part of a model that its property needs.
pub(super) fn on_slice<T>(
    model: &Model,
    trace: &SavedTrace,
    make: impl Fn(&Slice, PropertyId, &Trace) -> Result<T, String>,
) -> Result<T, String> {
    let made = |properties: &[PropertyId]| {
        let slice = model.system.slice(properties);
        let (property, steps) = trace.resolve(&slice.system).map_err(|error| error.to_string())?;
        let made = make(&slice, property, &steps)?;
        // That it is no run at all says more.
        match trace.clocked && !has_moments(&slice.system, &steps) {
            true => Err("no delays that are allowed here lead through it".to_owned()),
            false => Ok(made),
        }
    };
    // Where others of the same name observe more, a trace that was kept for this one alone is a run without them.
    let all = named(&model.system, &trace.property);
    let is_own = |id: &PropertyId| model.system.property(*id).subject == trace.subject;
    let own: Vec<PropertyId> = all.iter().copied().filter(is_own).collect();
    let first = made(&all);
    if first.is_err() && own.len() < all.len() { made(&own).or(first) } else { first }
}

/// The property of the trace; only of the workload that it is about, where it names one.
fn about(input: &Input, trace: &SavedTrace) -> Selection {
    let mut selection = input.selection(std::slice::from_ref(&trace.property));
    if let Some(workload) = subject_of(&input.spec, trace).map(|index| &input.spec.workloads[index]) {
        let other = |target: &Option<_>| target.as_ref().is_some_and(|target| *target != workload.key);
        selection.properties.retain(|property| !other(&property.target));
        selection.properties.iter_mut().for_each(|property| property.target = Some(workload.key.clone()));
    }
    selection
}

/// The workload that a trace is about, by position, where it names one.
pub(super) fn subject_of(spec: &ClusterSpec, trace: &SavedTrace) -> Option<usize> {
    spec.workloads.iter().position(|workload| is_of(&trace.subject, &workload.key.to_string()))
}
