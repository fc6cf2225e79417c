//! Checks a family of topologies: upward from the smallest member, until one breaks a property.
//!
//! A violated property is not asked of larger members; its counterexample is the one of the smallest member, and is tried
//! again where the user wants to know ([`super::lift`]).

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::coverage::Standing;
use super::report::OneQuery;
use crate::check::{CheckResult, reason_text};
use crate::engine::Budget;
use crate::input::Size;
use crate::property::NAMES;

use super::question::FamilyCheck;
use super::together::{self, Known, Together};
use super::track::Track;
use crate::check::plan::{Plan, Skipped, Subject};
use crate::check::{CheckError, VerifyError, verify};

/// Why a property has no result for a member that was checked.
const NO_RESULT: &str = "not asked there, or it does not apply";
/// A query about many members may take as long as asking each of them would, if all were like the first, and this besides.
const LEAST_TIME: Duration = Duration::from_secs(5);
/// The first member does not stand for the others if it took longer.
const MOST_SECONDS: f64 = 600.0;

/// Checks all members, tells each property's result, and names the properties that were not decided because another one
/// is violated.
pub fn check(
    family: &FamilyCheck<'_>,
    begin: &mut dyn FnMut(&str),
    tell: &mut dyn FnMut(&CheckResult),
) -> Result<(Vec<CheckResult>, Skipped), CheckError> {
    let mut search = Search {
        family,
        started: Instant::now(),
        tracks: Vec::new(),
        visited: Vec::new(),
        error: None,
        together: None,
    };
    for (index, size) in family.members.sizes.iter().enumerate() {
        // The first member is always asked, so that there is an answer for every property.
        if let Some(reason) = search.over().filter(|_| index > 0) {
            search.leave_open(index, &reason);
            break;
        }
        if index == 1 {
            search.ask_together(begin);
        }
        search.visit(size, begin)?;
    }
    search.finish(begin, tell)
}

struct Search<'a> {
    family: &'a FamilyCheck<'a>,
    started: Instant,
    tracks: Vec<Track>,
    /// Sizes that were visited, and why a property without a result there has none.
    visited: Vec<(Size, String)>,
    error: Option<VerifyError>,
    /// What is known of many members at once, or why there is no such thing; `None` before anybody asked.
    together: Option<Result<Together, String>>,
}

impl Search<'_> {
    fn left(&self) -> Option<Duration> {
        self.family.plan.budget.time.map(|limit| limit.saturating_sub(self.started.elapsed()))
    }

    /// Why no further member is looked at, if so.
    fn over(&self) -> Option<String> {
        let plan = self.family.plan;
        let violated = self.tracks.iter().filter(|track| track.violated.is_some()).count();
        if violated > 0 && (!plan.all || violated == self.tracks.len()) {
            return Some("not looked at".to_owned());
        }
        let watch = Budget { time: self.left(), ..plan.budget.clone() }.start();
        watch.exhausted().as_ref().map(reason_text)
    }

    /// Asks about all members but the first in one query, if there are any results for that one.
    fn ask_together(&mut self, begin: &mut dyn FnMut(&str)) {
        let names = self.names();
        let sizes = &self.family.members.sizes[1..];
        let alone: f64 = self.tracks.iter().map(|track| track.seconds).sum();
        let alone = Duration::from_secs_f64(alone.min(MOST_SECONDS)) * u32::try_from(sizes.len()).unwrap_or(u32::MAX);
        let time = self.left().map_or(Duration::MAX, |left| left / 2).min(LEAST_TIME + alone);
        if !self.tracks.is_empty() {
            self.together = Some(together::ask(self.family, &names, sizes, time, begin));
        }
    }

    /// Takes over what is known of a member without asking it; names of properties to ask it about, as [`Search::names`]
    /// gives them, or `None` if nothing remains to be asked.
    fn recall(&mut self, size: &[i64]) -> Option<Vec<String>> {
        let Some(Ok(together)) = &self.together else { return Some(self.names()) };
        let mut recalled = false;
        for track in self.tracks.iter_mut().filter(|track| track.violated.is_none()) {
            if let Some(known) = together.known.get(&track.last.property).filter(|known| known.covers(size)) {
                track.recall(size, known);
                recalled = true;
            }
        }
        if !recalled {
            return Some(self.names());
        }
        let open = |track: &&Track| track.violated.is_none() && track.coverage.sizes() == self.visited.len();
        let names: Vec<String> = self.tracks.iter().filter(open).map(|track| track.last.property.clone()).collect();
        Some(names).filter(|names| !names.is_empty())
    }

    /// Asks a member about every property that is not violated yet and of which nothing is known there.
    fn visit(&mut self, size: &[i64], begin: &mut dyn FnMut(&str)) -> Result<(), CheckError> {
        let started = Instant::now();
        let Some(names) = self.recall(size) else {
            self.pass(size, NO_RESULT.to_owned());
            return Ok(());
        };
        let mut input = match self.family.members.member(size) {
            Ok(input) => input,
            Err(CheckError::Input(errors)) => {
                let first = errors.iter().next().map_or(String::new(), |it| it.message.clone());
                self.pass(size, first);
                return Ok(());
            }
            Err(other) => return Err(other),
        };
        (self.family.adjust)(&mut input);
        let subject =
            Subject { spec: &input.spec, name: input.name.clone(), selection: self.family.selection(&input, &names) };
        let budget = Budget { time: self.left(), bound: input.spec.scenario.bound, ..self.family.plan.budget.clone() };
        let part = self.family.plan.engine.part(&self.family.members.part(size));
        let engine = part.as_deref().unwrap_or(self.family.plan.engine);
        let plan = Plan { budget, engine, patience: self.family.plan.patience.clone(), ..*self.family.plan };
        begin(&input.name.short());
        match verify::check(&subject, &plan, &mut |_| ()) {
            Ok((mut results, _)) => {
                // The first result of a member includes reading it, so that times add up.
                let told: f64 = results.iter().map(|result| result.seconds).sum();
                if let Some(first) = results.first_mut() {
                    first.seconds += (started.elapsed().as_secs_f64() - told).max(0.0);
                }
                results.into_iter().for_each(|result| self.add(size, result));
                self.pass(size, NO_RESULT.to_owned());
            }
            Err(error) => {
                self.pass(size, error.to_string());
                self.error = Some(error);
            }
        }
        Ok(())
    }

    /// Names of the properties to ask for: all that were asked for, but those that are violated.
    fn names(&self) -> Vec<String> {
        if self.tracks.iter().all(|track| track.violated.is_none()) {
            return self.family.names.to_vec();
        }
        let open = self.tracks.iter().filter(|track| track.violated.is_none());
        open.map(|track| track.last.property.clone()).collect()
    }

    fn add(&mut self, size: &[i64], result: CheckResult) {
        let known = self.tracks.iter().position(|track| track.last.property == result.property);
        let index = known.unwrap_or_else(|| {
            self.tracks.push(Track::new(&self.visited, &result));
            self.tracks.len() - 1
        });
        self.tracks[index].add(size, result);
    }

    /// Goes on to the next member: properties without a result for this one stay open, and why.
    fn pass(&mut self, size: &[i64], why: String) {
        let open = |track: &&mut Track| track.violated.is_none() && track.coverage.sizes() == self.visited.len();
        for track in self.tracks.iter_mut().filter(open) {
            track.coverage.add(size, Standing::Open(why.clone()));
        }
        self.visited.push((size.to_vec(), why));
    }

    fn leave_open(&mut self, from: usize, reason: &str) {
        let sizes = &self.family.members.sizes[from..];
        for track in self.tracks.iter_mut().filter(|track| track.violated.is_none()) {
            sizes.iter().for_each(|size| track.coverage.add(size, Standing::Open(reason.to_owned())));
        }
    }

    fn finish(
        mut self,
        begin: &mut dyn FnMut(&str),
        tell: &mut dyn FnMut(&CheckResult),
    ) -> Result<(Vec<CheckResult>, Skipped), CheckError> {
        if self.tracks.is_empty() {
            let stopped = self.family.plan.budget.stop.load(Ordering::Relaxed);
            return match (self.error, self.visited.first()) {
                _ if stopped => Ok((Vec::new(), Vec::new())),
                (Some(error), _) => Err(error.into()),
                (None, first) => {
                    let why = first.map_or("there is none", |(_, why)| why);
                    Err(CheckError::Usage(format!("no member of the family can be checked: {why}")))
                }
            };
        }
        let order = |track: &Track| NAMES.iter().position(|name| *name == track.last.property);
        self.tracks.sort_by_key(order);
        let stops = !self.family.plan.all && self.tracks.iter().any(|track| track.violated.is_some());
        let left = self.left();
        let (mut results, mut skipped) = (Vec::new(), Vec::new());
        for track in self.tracks {
            if stops && track.violated.is_none() {
                skipped.push(track.last.property.clone());
                continue;
            }
            let query = match &self.together {
                Some(Ok(together)) => together.known.get(&track.last.property).and_then(Known::query),
                Some(Err(why)) => Some(OneQuery::Impossible(why.clone())),
                None => None,
            };
            let result = track.result(self.family, query, left, begin);
            tell(&result);
            results.push(result);
        }
        Ok((results, skipped))
    }
}
