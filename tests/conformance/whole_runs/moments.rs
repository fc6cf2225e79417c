//! Recorded times against paces and timers: the steps that were followed must have moments that keep to all of their demands
//! and are those that were recorded.
//!
//! Moments are thousandths of a second ([`super::tempo`]), so no recorded time is rounded. An event is recorded when it arrives,
//! a while after what it tells of, and never before. A step that is several events is at the first of them; one that nobody sees is anywhere
//! between its neighbours, but not before the kubelet's report that it takes notice of. When the user began is not recorded: the start
//! is at any time before the first step.
//!
//! Of the runs of the model that explain what was recorded one has to be possible in time; [`Runs`] tries them, without those
//! that begin in a way that was not.

use std::collections::BTreeMap;

use crate::system::times::demands::{Demands, Reason};
use crate::system::times::difference;
use crate::system::times::solve::{Difference, earliest};
use crate::system::{ActionId, Bound, System, Trace};

use super::observe::Seen;
use super::tempo;
use super::trail::{Run, Runs, Taken, Trail};

/// More runs than these are not tried.
const MOST_RUNS: usize = 400;

/// By how many moments an event arrives late, at most.
const DELAY: i64 = 500;

/// By how many moments recorded times are rounded up, at most.
const ROUNDED: i64 = 10;

/// How recorded times fare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Times {
    /// They keep to so many demands.
    Kept(usize),
    /// Which demands contradict them.
    Refused(String),
    /// Why they were not looked at.
    NotCompared(String),
}

/// What was observed when, and when the recording ended, if that is known.
pub struct Record<'r> {
    /// The observations.
    pub seen: &'r [(f64, Seen)],
    /// The end.
    pub until: Option<f64>,
}

/// Compares the runs of a trail.
pub fn compare(system: &System, trail: &Trail, record: &Record<'_>) -> Times {
    let mut runs = Runs::of(trail);
    let (mut first, mut tried) = (None, 0);
    while let Some(run) = runs.next() {
        tried += 1;
        match judge(system, &run, record) {
            Ok(demands) => return Times::Kept(demands),
            Err(conflict) => {
                runs.leave(conflict.step);
                first.get_or_insert(conflict.why);
            }
        }
        if tried == MOST_RUNS {
            break;
        }
    }
    Times::Refused(format!("{} ({tried} runs tried)", first.unwrap_or_else(|| "no run".to_owned())))
}

/// Why a run is impossible.
struct Conflict {
    /// The step up to which it is.
    step: usize,
    why: String,
}

/// The number of demands that a run keeps to.
fn judge(system: &System, run: &Run, record: &Record<'_>) -> Result<usize, Conflict> {
    let demands = demands(system, run).map_err(|why| Conflict { step: 0, why })?;
    let seconds = |bound: Bound| bound.seconds(system);
    let (why, mut all): (Vec<Reason>, Vec<Difference>) =
        demands.all.iter().filter_map(|it| Some((it.why, difference(it, &seconds)?.0))).unzip();
    all.extend(recorded(run, record));
    match earliest(demands.points + 1, &all) {
        Ok(_) => Ok(why.iter().filter(|why| matches!(why, Reason::Bound(_))).count()),
        Err(circle) => Err(conflict(system, run, (&why, &all), &circle)),
    }
}

fn demands(system: &System, run: &Run) -> Result<Demands, String> {
    let steps = run.steps.iter().map(|taken| taken.step.step.clone()).collect();
    let trace = Trace { initial: run.initial.clone(), steps, loop_start: None };
    Demands::of(system, &trace).map_err(|error| error.to_string())
}

/// What was recorded of the moments of a run's points; the last point of all is when the recording began.
fn recorded(run: &Run, record: &Record<'_>) -> Vec<Difference> {
    let zero = run.steps.len() + 1;
    let (mut found, mut noticed) = (Vec::new(), BTreeMap::new());
    for (index, taken) in run.steps.iter().enumerate() {
        let next = record.seen.get(taken.stage).map(|(time, _)| *time).or(record.until);
        let since = if taken.observed { next } else { reported(taken, record, &mut noticed) };
        let no_sooner = |time| Difference { from: zero, to: index + 1, least: moment(time) - DELAY };
        let no_later = |time| Difference { from: index + 1, to: zero, least: -moment(time) - ROUNDED };
        found.extend(since.map(no_sooner).into_iter().chain(next.map(no_later)));
    }
    found
}

fn moment(seconds: f64) -> i64 {
    (seconds * tempo::SECOND).round() as i64
}

/// When what a step takes notice of was reported, at the earliest: reports that were `noticed` before are over.
fn reported(taken: &Taken, record: &Record<'_>, noticed: &mut BTreeMap<Seen, i64>) -> Option<f64> {
    let reports = taken.step.seen.iter().filter(|(seen, _)| seen.is_report());
    let times = reports.filter_map(|(seen, &many)| {
        let known = noticed.entry(seen.clone()).or_default();
        *known += many;
        let mut all = record.seen[..taken.stage].iter().filter(|(_, other)| other == seen);
        all.nth(usize::try_from(*known - 1).ok()?).map(|(time, _)| *time)
    });
    times.reduce(f64::max)
}

/// The demands of a circle in words.
fn conflict(system: &System, run: &Run, (why, all): (&[Reason], &[Difference]), circle: &[usize]) -> Conflict {
    let zero = run.steps.len() + 1;
    let points = circle.iter().flat_map(|&it| [all[it].from, all[it].to]).filter(|&point| point != zero);
    let name = |point: usize| match point.checked_sub(1).and_then(|index| run.steps.get(index)) {
        Some(taken) => format!("{} {:?}", point, system.action(ActionId(taken.step.step.action)).name),
        None if point == zero => "the beginning of the recording".to_owned(),
        None => "the start".to_owned(),
    };
    let told = circle.iter().rev().map(|&it| {
        let Difference { from, to, least } = all[it];
        let by = match why.get(it) {
            None => "as recorded".to_owned(),
            Some(Reason::Bound(bound)) => format!("{bound:?} {}", bound.name(system).unwrap_or_default()),
            Some(other) => format!("{other:?}"),
        };
        format!("{} at least {} s after {} ({by})", name(to), least as f64 / tempo::SECOND, name(from))
    });
    Conflict { why: told.collect::<Vec<_>>().join("; "), step: points.max().unwrap_or(0) }
}
