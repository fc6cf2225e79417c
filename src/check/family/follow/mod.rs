//! Carries a counterexample to another member of the family: the choices of the guide are repeated there as far as they
//! make sense, and whatever breaks the property on the way is returned.
//!
//! This is a depth-first search over few alternatives, those most like the guide first, and not complete: where it finds
//! nothing, nothing is known. Event-driven steps are taken as they come; their choices follow the guide's, too.
//!
//! A [`guide`] is what a counterexample means to other members, an [`effect`] is what a step means to them.

pub mod effect;
pub mod guide;

use std::collections::HashMap;

use crate::system::replay::Interpreter;
use crate::system::schedule::Candidates;
use crate::system::{
    ActionId, Checkpoint, Choices, Interleaving, MarkSet, Property, PropertyKind, Step, Trace, replay,
};

pub use guide::{Guide, Side};

use effect::Effect;
use guide::{Deed, share};

/// Alternatives of one slow step that are tried.
const BREADTH: usize = 8;
/// Alternatives of one step that are looked at closely.
const LOOKED_AT: usize = 64;
/// Combinations of inputs that are looked through.
const MOST_COMBINATIONS: u64 = 1 << 16;

/// Slow steps of one run at most: the search is recursive.
const DEEPEST: usize = 1000;

/// How far [`follow`] goes.
pub struct Limits<'a> {
    /// Largest number of slow steps of a run.
    pub bound: usize,
    /// Largest number of steps that are computed.
    pub steps: usize,
    /// Asked before every step: whether to give up.
    pub stop: &'a dyn Fn() -> bool,
}

/// Follows a guide through a member; a run that breaks `property` there, which was replayed, if there is one among
/// those tried. Not for `async` runs, in which no step is slow.
pub fn follow(side: &Side<'_>, guide: &Guide, property: &Property, limits: &Limits<'_>) -> Option<Trace> {
    let initial = side.system.fixed_initial_state()?;
    if side.system.interleaving == Interleaving::Async {
        return None;
    }
    let interpreter = Interpreter::new(side.system);
    let now = interpreter.candidates(&initial);
    let seen = HashMap::from([(initial.clone(), 0)]);
    let path = Path { seen, states: vec![initial], now, ..Path::default() };
    let mut follower = Follower { side, guide, property, limits, interpreter, choices: HashMap::new(), path, steps: 0 };
    let found = follower.walk(0)?;
    replay(side.system, &found, property).ok()?;
    Some(found)
}

/// The run so far.
#[derive(Default)]
struct Path {
    states: Vec<Vec<i64>>,
    steps: Vec<Step>,
    marks: Vec<MarkSet>,
    /// Position of the last occurrence of each state.
    seen: HashMap<Vec<i64>, usize>,
    /// Where the last state occurred before.
    again: Option<usize>,
    /// What may fire in the last state.
    now: Candidates,
}

struct Follower<'a> {
    side: &'a Side<'a>,
    guide: &'a Guide,
    property: &'a Property,
    limits: &'a Limits<'a>,
    interpreter: Interpreter<'a>,
    choices: HashMap<usize, Choices>,
    path: Path,
    steps: usize,
}

/// How a stretch of steps ended.
enum End {
    /// The property is broken.
    Found(Trace),
    /// Nothing event-driven is enabled.
    Settled,
    /// There is no point in going on from here.
    Stuck,
}

impl Follower<'_> {
    /// Lets the state settle, takes the next slow step of the guide, and so on.
    fn walk(&mut self, taken: usize) -> Option<Trace> {
        match self.settle() {
            End::Found(trace) => return Some(trace),
            End::Stuck => return None,
            End::Settled if taken >= self.limits.bound.min(DEEPEST) => return None,
            End::Settled => {}
        }
        let guide = self.guide;
        let deed = guide.slow_step(taken)?;
        let here = self.path.steps.len();
        for (step, _) in self.alternatives(|name| name == deed.action, &[deed]).into_iter().take(BREADTH) {
            if let Some(trace) = self.take(step)? {
                return Some(trace);
            }
            if let Some(trace) = self.walk(taken + 1) {
                return Some(trace);
            }
            self.path.back_to(here);
            self.path.now = self.interpreter.candidates(self.path.last());
        }
        None
    }

    /// Takes event-driven steps until none is enabled.
    fn settle(&mut self) -> End {
        let events: Vec<&Deed> = self.guide.events.iter().collect();
        loop {
            if self.inside_block(self.path.again) {
                return End::Stuck;
            }
            if self.path.now.settled {
                return End::Settled;
            }
            let Some((step, _)) = self.alternatives(|_| true, &events).into_iter().next() else { return End::Stuck };
            match self.take(step) {
                None => return End::Stuck,
                Some(Some(trace)) => return End::Found(trace),
                Some(None) => {}
            }
        }
    }

    /// Whether the run went round since a state was seen without any slow step.
    fn inside_block(&self, known: Option<usize>) -> bool {
        let event = |step: &Step| self.side.system.actions[step.action].kind.is_event();
        known.is_some_and(|start| self.path.steps[start..].iter().all(event))
    }

    /// Takes a step. `None`: there is no point in going on; a trace: the property is broken.
    #[allow(clippy::option_option, reason = "two different answers")]
    fn take(&mut self, step: Step) -> Option<Option<Trace>> {
        self.steps += 1;
        if self.steps > self.limits.steps || (self.limits.stop)() {
            return None;
        }
        let action = &self.side.system.actions[step.action];
        let number = self.path.steps.len() + 1;
        let (next, marks) = self.interpreter.fire(number, self.path.last(), action, &step).ok()?;
        let known = self.path.push(step, next, marks);
        self.path.now = self.interpreter.candidates(self.path.last());
        Some(self.violation(known))
    }

    /// The run so far as a counterexample, if it is one; `known` is where its last state occurred before.
    fn violation(&self, known: Option<usize>) -> Option<Trace> {
        let broken = match &self.property.kind {
            PropertyKind::Invariant { holds, at } => {
                let state = self.path.last();
                let asked = *at == Checkpoint::Every || self.path.now.settled;
                asked && !self.interpreter.holds(state, *holds)
            }
            PropertyKind::NoLoop { any_of, none_of } => known.is_some_and(|start| {
                let carried = self.path.marks[start..].iter().fold(MarkSet::default(), |all, &it| all.union(it));
                carried.meets(*any_of) && !carried.meets(*none_of)
            }),
            PropertyKind::Settles => self.inside_block(known),
        };
        let loop_start = if matches!(self.property.kind, PropertyKind::Invariant { .. }) { None } else { known };
        let trace = || Trace { initial: self.path.states[0].clone(), steps: self.path.steps.clone(), loop_start };
        broken.then(trace)
    }

    /// Steps that may be taken now by actions of a wanted name, those most like one of `deeds` first.
    fn alternatives(&mut self, wanted: impl Fn(&str) -> bool, deeds: &[&Deed]) -> Vec<(Step, i64)> {
        let state = self.path.last().clone();
        let candidates = self.path.now.actions.iter().copied();
        let wanted: Vec<ActionId> = candidates.filter(|id| wanted(&self.side.system.action(*id).name)).collect();
        let mut rated: Vec<(Step, i64)> = Vec::new();
        for id in wanted {
            let name = &self.side.system.action(id).name;
            let alike: Vec<&Deed> = deeds.iter().copied().filter(|deed| deed.action == *name).collect();
            let choices = self.possible(id, &state, &alike);
            let only = choices.len() == 1;
            for inputs in choices {
                let step = Step { action: id.0, inputs };
                let likeness = if only { 0 } else { self.likeness(&state, &step, &alike) };
                rated.push((step, likeness));
            }
        }
        rated.sort_by_key(|(_, likeness)| -likeness);
        rated
    }

    /// Inputs that an action allows, nearest to those of the deeds first.
    fn possible(&mut self, id: ActionId, state: &[i64], deeds: &[&Deed]) -> Vec<Vec<i64>> {
        let system = self.side.system;
        let action = system.action(id);
        let choices = self.choices.entry(id.0).or_insert_with(|| Choices::new(system, action));
        let mut here = choices.of_state(system, state);
        let all = choices.combinations().count().min(MOST_COMBINATIONS);
        let mut allowed: Vec<Vec<i64>> =
            (0..all).map(|number| choices.combinations().get(number)).filter(|inputs| here.allows(inputs)).collect();
        let names: Vec<&str> = action.inputs.iter().map(|&var| system.arena.variable(var).name.as_str()).collect();
        let ranges = choices.ranges();
        let distance = |inputs: &Vec<i64>, deed: &Deed| -> f64 {
            let own = names.iter().zip(ranges.iter().zip(inputs));
            own.map(|(name, (range, value))| {
                let given = deed.inputs.iter().find(|(known, _)| known == name);
                given.map_or(1.0, |(_, given)| (given - share(*range, *value)).abs())
            })
            .sum()
        };
        let nearest = |inputs: &Vec<i64>| deeds.iter().map(|deed| distance(inputs, deed)).fold(f64::MAX, f64::min);
        allowed.sort_by(|a, b| nearest(a).total_cmp(&nearest(b)));
        allowed.truncate(LOOKED_AT);
        allowed
    }

    fn likeness(&self, state: &[i64], step: &Step, deeds: &[&Deed]) -> i64 {
        let action = &self.side.system.actions[step.action];
        let Ok((next, _)) = self.interpreter.fire(0, state, action, step) else { return i64::MIN };
        let effect = Effect::between(self.side, state, &next);
        deeds.iter().map(|deed| deed.effect.likeness(&effect)).max().unwrap_or(-1)
    }
}

impl Path {
    fn last(&self) -> &Vec<i64> {
        // There is always an initial state.
        &self.states[self.states.len() - 1]
    }

    /// Adds a step; where its state occurred before.
    fn push(&mut self, step: Step, next: Vec<i64>, marks: MarkSet) -> Option<usize> {
        self.steps.push(step);
        self.marks.push(marks);
        let known = self.seen.insert(next.clone(), self.steps.len());
        self.states.push(next);
        self.again = known;
        known
    }

    /// Forgets all but the first `length` steps.
    fn back_to(&mut self, length: usize) {
        self.steps.truncate(length);
        self.marks.truncate(length);
        self.states.truncate(length + 1);
        self.again = None;
        self.seen = self.states.iter().cloned().enumerate().map(|(index, state)| (state, index)).collect();
    }
}
