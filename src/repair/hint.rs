//! Which field to look at first after a violation, without a search: that of an edit without which the counterexample would be
//! there still; of those first the ones that the deciding rules read, then the cheapest.
//!
//! Whether it is a repair is not known: there may be other counterexamples. Where even this takes too long, it is the field
//! that has most to do with what decided.

use std::time::Duration;

use crate::check::source::of_sources;
use crate::check::{Again, Answer, CheckResult, SavedTrace};
use crate::cluster::object::scenario::Scenario;
use crate::engine::{Budget, Watch};

use super::edit::Edit;
use super::grammar;
use super::objects::Objects;
use super::relevance::Relevance;

/// Most edits that are looked at.
const MOST: usize = 32;
/// For how long: a hint comes with an answer that people wait for. A build for development is slower by far.
const PATIENCE: Duration = Duration::from_millis(if cfg!(debug_assertions) { 10_000 } else { 500 });

/// How the input of a hint is read.
pub struct Reading<'a> {
    /// Of a scenario with ranges: narrower ones.
    pub sizes: &'a [(String, (usize, usize))],
    /// Changes scenarios as options say.
    pub adjust: &'a dyn Fn(&mut Scenario),
}

/// The edit whose field has most to do with a violation; none if no field that could be changed has.
pub fn nearest(objects: &Objects, result: &CheckResult, reading: &Reading<'_>) -> Option<Edit> {
    let Answer::Violated(found) = &result.answer else { return None };
    let relevance = Relevance::of([result]);
    let mut edits: Vec<Edit> = grammar::edits(objects).into_iter().filter(|edit| relevance.admits(edit)).collect();
    edits.sort_by_key(|edit| (!relevance.decides(edit), edit.cost()));
    let look = Look {
        objects,
        reading,
        trace: &found.trace,
        watch: Budget { time: Some(PATIENCE), ..Budget::bound(0) }.start(),
    };
    let matters = || edits.iter().take(MOST).find(|edit| look.is_there_with(&[*edit]) == Some(false));
    let ended = if look.is_there_with(&[]) == Some(true) { matters() } else { None };
    // A field that few rules read has more to do with the one that decided than a field of which many read something.
    let guess = || edits.iter().min_by_key(|edit| (!relevance.decides(edit), edit.rules.len(), edit.cost()));
    ended.or_else(guess).cloned()
}

struct Look<'a> {
    objects: &'a Objects,
    reading: &'a Reading<'a>,
    trace: &'a SavedTrace,
    watch: Watch,
}

impl Look<'_> {
    /// Whether the counterexample is one with edits made; nothing if that is not known in time, or what they make is no input.
    fn is_there_with(&self, edits: &[&Edit]) -> Option<bool> {
        // Each look reads the whole input again, which may be long.
        let in_time = || self.watch.exhausted().is_none().then_some(());
        in_time()?;
        let sources = self.objects.changed(edits)?;
        in_time()?;
        let mut input = of_sources(&sources, self.reading.sizes).ok()?;
        (self.reading.adjust)(&mut input.spec.scenario);
        let is_there = Again::on(&input, self.reading.adjust, &self.watch).breaks(self.trace);
        in_time().map(|()| is_there)
    }
}
