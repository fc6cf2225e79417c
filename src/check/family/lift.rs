//! Tries the counterexample of the smallest violating member again in another member: first by repeating its choices, then,
//! where that leads nowhere, by a check of that member alone.

use std::time::{Duration, Instant};

use super::follow::{Guide, Limits, Side, follow};
use super::report::{How, Lift};
use crate::check::saved::fingerprint;
use crate::check::{Answer, CheckResult, Counterexample, SavedTrace};
use crate::engine::Budget;
use crate::model::{Model, build, build_of_single_nodes};
use crate::system::{PropertyId, Slice, Trace, replay};

use super::question::FamilyCheck;
use crate::check::asking::named;
use crate::check::plan::{Plan, Subject};
use crate::check::retelling::retell;
use crate::check::source::Input;
use crate::check::{CheckError, VerifyError, verify};

/// Steps that repeating choices may take in all.
const MOST_STEPS: usize = 50_000;
/// Time that repeating choices may take.
const MOST_TIME: Duration = Duration::from_secs(10);

/// What becomes of `small`, the result of the member of size `from`, in the member that the family lifts to.
pub fn lift(family: &FamilyCheck<'_>, from: &[i64], small: &CheckResult, left: Option<Duration>) -> Lift {
    let started = Instant::now();
    let size = family.lift_to.clone();
    let (how, answer) = if size == from {
        (How::Itself, small.answer.clone())
    } else {
        decide(family, from, small, left).unwrap_or_else(|problem| {
            (How::Searched, Answer::Unknown { reason: problem.to_string().trim().to_owned(), covered: 0 })
        })
    };
    Lift { size, how, answer, seconds: started.elapsed().as_secs_f64() }
}

/// A member with the part of its model that a property needs.
struct Member {
    input: Input,
    model: Model,
    slice: Slice,
}

impl Member {
    fn read(family: &FamilyCheck<'_>, size: &[i64], property: &str) -> Result<Self, CheckError> {
        let mut input = family.members.member(size)?;
        (family.adjust)(&mut input);
        let selection = family.selection(&input, &[property.to_owned()]);
        let build = if family.plan.reduce { build } else { build_of_single_nodes };
        let model = build(&input.spec, &selection).map_err(VerifyError::from)?;
        let slice = model.system.slice(&named(&model.system, property));
        Ok(Member { input, model, slice })
    }

    fn side(&self) -> Side<'_> {
        Side { system: &self.slice.system, kept: &self.slice.kept, parts: &self.model.parts }
    }
}

fn decide(
    family: &FamilyCheck<'_>,
    from: &[i64],
    small: &CheckResult,
    left: Option<Duration>,
) -> Result<(How, Answer), CheckError> {
    let started = Instant::now();
    let Answer::Violated(found) = &small.answer else { return Ok((How::Itself, small.answer.clone())) };
    let target = Member::read(family, &family.lift_to, &small.property)?;
    let origin = Member::read(family, from, &small.property)?;
    if let Some(answer) = repeat(family, &origin, &target, &found.trace, left) {
        return Ok((How::Followed, answer));
    }
    let left = left.map(|left| left.saturating_sub(started.elapsed()));
    let (input, name) = (&target.input, small.property.clone());
    let selection = family.selection(input, &[name]);
    let subject = Subject { spec: &input.spec, name: input.name.clone(), selection };
    let budget = Budget { time: left, bound: input.spec.scenario.bound, ..family.plan.budget.clone() };
    let part = family.plan.engine.part(&family.members.part(&family.lift_to));
    let engine = part.as_deref().unwrap_or(family.plan.engine);
    let plan = Plan { budget, engine, patience: family.plan.patience.clone(), ..*family.plan };
    let (results, _) = verify::check(&subject, &plan, &mut |_| ())?;
    let answer = results.into_iter().next().map(|result| result.answer);
    let nothing = || Answer::Unknown { reason: "nothing was checked there".to_owned(), covered: 0 };
    Ok((How::Searched, answer.unwrap_or_else(nothing)))
}

/// Repeats the choices of a trace of `origin` in `target`.
fn repeat(
    family: &FamilyCheck<'_>,
    origin: &Member,
    target: &Member,
    trace: &SavedTrace,
    left: Option<Duration>,
) -> Option<Answer> {
    let started = Instant::now();
    let time = left.map_or(MOST_TIME, |left| (left / 2).min(MOST_TIME));
    let stop = &family.plan.budget.stop;
    let stop = || stop.load(std::sync::atomic::Ordering::Relaxed) || started.elapsed() >= time;
    let (broken, steps) = trace.resolve(&origin.slice.system).ok()?;
    let run = replay(&origin.slice.system, &steps, origin.slice.system.property(broken)).ok()?;
    let guide = Guide::of(&origin.side(), &steps, &run);
    let bound = usize::try_from(target.input.spec.scenario.bound).unwrap_or(usize::MAX);
    let limits = Limits { bound, steps: MOST_STEPS, stop: &stop };
    let property = same_property(&target.slice, origin.slice.system.property(broken).subject.as_str());
    let found = follow(&target.side(), &guide, target.slice.system.property(property), &limits)?;
    tell(target, property, &found)
}

/// The property about the same thing, else the first one.
fn same_property(slice: &Slice, subject: &str) -> PropertyId {
    PropertyId(slice.system.properties.iter().position(|it| it.subject == subject).unwrap_or(0))
}

fn tell(member: &Member, property: PropertyId, trace: &Trace) -> Option<Answer> {
    let Member { input, model, slice } = member;
    let k = replay(&slice.system, trace, slice.system.property(property)).ok()?.k();
    let (narrative, finding) = retell(&input.spec, model, slice, property, trace).ok()?;
    let trace = SavedTrace::keep(&slice.system, trace, property, input.name.clone(), fingerprint(&input.spec));
    Some(Answer::Violated(Box::new(Counterexample { k, shortest: true, finding, trace, narrative })))
}
