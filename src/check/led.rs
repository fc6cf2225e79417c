//! A saved counterexample as somebody needs it who leads another cluster through it: its story, and the states at both
//! ends.

use crate::cluster::object::spec::ClusterSpec;
use crate::input::visible::visible;
use crate::model::Model;
use crate::system::replay::Replayed as Run;
use crate::system::{PropertyId, Slice, Trace};
use crate::term::Limit;

use super::nodes::NodeTracker;
use super::replay::{modelled, on_slice, subject_of};
use super::retelling::{Retold, retold};
use super::saved::fingerprint;
use super::source::Input;
use super::standing::Standing;
use super::{CheckError, Finding, Narrative, SavedTrace};

/// A counterexample that was executed again.
#[derive(Clone, Debug)]
pub struct Led {
    /// Its story.
    pub narrative: Narrative,
    /// In what way it breaks its property.
    pub finding: Finding,
    /// Where it begins.
    pub start: Standing,
    /// Where it ends.
    pub end: Standing,
    /// The workload that it is about, by position, where it is about a single one.
    pub subject: Option<usize>,
    /// Whether the input is the one that it was found on.
    pub is_same_input: bool,
}

/// Executes a trace on an input; the inner error says why it is no counterexample there.
///
/// # Errors
///
/// As of [`replay`](super::replay()).
pub fn lead(input: &Input, trace: &SavedTrace) -> Result<Result<Led, String>, CheckError> {
    let is_same_input = fingerprint(&input.spec) == trace.fingerprint;
    let subject = subject_of(&input.spec, trace);
    let led = modelled(input, trace, &Limit::default())?.and_then(|model| {
        on_slice(&model, trace, |slice: &Slice, property: PropertyId, steps: &Trace| {
            let Retold { narrative, finding, run, .. } = retold(&input.spec, &model, slice, property, steps)?;
            let (start, end) = ends(&input.spec, &model, &run);
            Ok(Led { narrative, finding, start, end, subject, is_same_input })
        })
    });
    Ok(led.map_err(|problem| visible(&problem).into_owned()))
}

/// The first and the last state of a run.
fn ends(spec: &ClusterSpec, model: &Model, run: &Run) -> (Standing, Standing) {
    let mut tracker = NodeTracker::start(spec, &model.parts, run.states.first());
    let standing = |tracker: &NodeTracker<'_>, state: &[i64]| Standing::of(spec, &model.parts, tracker, state);
    let start = standing(&tracker, run.states.first());
    let mut states = run.states.pairs();
    while let Some((before, after)) = states.step() {
        tracker.step(before, after);
    }
    (start, standing(&tracker, run.states.last()))
}
