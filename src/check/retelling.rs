//! Counterexamples of slices, believed only once they replay, as stories of the whole model.

use super::clock::Clock;
use super::{Ending, Finding, Narrative, narrate};
use crate::cluster::object::spec::ClusterSpec;
use crate::model::Model;
use crate::system::cone::Slice;
use crate::system::replay::Replayed;
use crate::system::{PropertyId, Trace, replay};

/// A counterexample of a slice as a run of the whole model.
pub(super) struct Retold {
    /// Its story.
    pub narrative: Narrative,
    /// In what way it breaks its property.
    pub finding: Finding,
    /// What executing it gave.
    pub run: Replayed,
    /// Its clock, if there is one.
    pub clock: Option<Clock>,
}

/// Replays a trace of a slice on that slice, and tells it as a run of the whole model.
pub fn retell(
    spec: &ClusterSpec,
    model: &Model,
    slice: &Slice,
    property: PropertyId,
    trace: &Trace,
) -> Result<(Narrative, Finding), String> {
    let Retold { narrative, finding, .. } = retold(spec, model, slice, property, trace)?;
    Ok((narrative, finding))
}

/// The same, with what executing it gave.
pub(super) fn retold(
    spec: &ClusterSpec,
    model: &Model,
    slice: &Slice,
    property: PropertyId,
    trace: &Trace,
) -> Result<Retold, String> {
    let broken = slice.system.property(property);
    replay(&slice.system, trace, broken).map_err(|error| error.to_string())?;
    let lifted = slice.lift(&model.system, trace).map_err(|error| error.to_string())?;
    let finding = Finding::of(broken);
    let ending = Ending::Breaks { property: broken.name.clone(), finding };
    let run = model.interpreter().execute(&lifted).map_err(|error| error.to_string())?;
    let clock = Clock::of(&slice.system, trace).map(|clock| clock.along(&lifted, trace));
    let narrative = narrate(spec, model, (&lifted, clock.as_ref()), &run, &ending);
    Ok(Retold { narrative, finding, run, clock })
}

/// What is said of a counterexample that is none.
pub fn internal(problem: &str) -> String {
    format!("internal error: the counterexample found does not replay ({problem}); please report this as a bug")
}
