//! What paces demand of the moments of one run.
//!
//! Points are the start and the steps. Of a lasso, the loop is looked at twice: what a second round demands of the first, every
//! round demands of the one before, and a round takes as long as any other.

use super::super::model::{ActionId, System};
use super::super::pace::{Bound, PaceId, Steps, TimerId};
use super::super::replay::{Interpreter, ReplayError};
use super::super::run::Runner;
use super::super::trace::Trace;

/// Why a step is at least so long after another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It comes after it.
    Order,
    /// A pace demands it; with `Bound::Most` and `Bound::Within` the later step comes first in the demand, and may be so much later.
    Bound(Bound),
    /// An action waits for ever.
    Starved(ActionId),
}

/// A demand on two points: `to` is after `from`, plus `rounds` times what a round of the loop takes, by what the reason says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// The point that is earlier, as far as the demand goes.
    pub from: usize,
    /// The other one.
    pub to: usize,
    /// So many rounds of the loop later is what it speaks of: -1, 0 or 1.
    pub rounds: i64,
    /// Why.
    pub why: Reason,
}

/// The demands on a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demands {
    /// Points: the start, and the steps.
    pub points: usize,
    /// All that is demanded.
    pub all: Vec<Demand>,
    /// Whether the run is a lasso.
    pub is_lasso: bool,
}

/// Since when something is so.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Since {
    /// Since before the run.
    Ever,
    /// Since a point.
    Point(usize),
}

/// A run that is walked along.
struct Walk<'a> {
    system: &'a System,
    /// Steps of the trace.
    steps: usize,
    /// Steps before the loop.
    stem: usize,
    demands: Vec<Demand>,
    /// Actions of a pace.
    paced: Vec<ActionId>,
    /// By action of a pace with a least time: since when its guard holds.
    holds: Vec<Option<Since>>,
    /// By action of a pace: since when it may fire, without having done so.
    waits: Vec<Option<usize>>,
    /// By pace: its last step.
    last: Vec<Option<usize>>,
    /// By timer: the step that began it.
    begun: Vec<Option<usize>>,
}

impl Demands {
    /// Of a run.
    ///
    /// # Errors
    ///
    /// If the trace is none of the system.
    pub fn of(system: &System, trace: &Trace) -> Result<Self, ReplayError> {
        let interpreter = Interpreter::new(system);
        let mut runner = interpreter.run(&trace.initial);
        let (steps, stem) = (trace.steps.len(), trace.loop_start.unwrap_or(trace.steps.len()));
        let mut walk = Walk {
            system,
            steps,
            stem,
            demands: Vec::new(),
            paced: system.action_ids().filter(|(_, action)| action.pace.is_some()).map(|(id, _)| id).collect(),
            holds: vec![None; system.actions.len()],
            waits: vec![None; system.actions.len()],
            last: vec![None; system.paces.len()],
            begun: vec![None; system.timers.len()],
        };
        walk.settle(0, None, &mut runner);
        for (index, step) in trace.steps.iter().chain(&trace.steps[stem..]).enumerate() {
            walk.fire(index + 1, ActionId(step.action));
            runner.give(step);
            walk.time(index + 1, ActionId(step.action), &mut runner);
            runner.fire(index + 1, step)?;
            walk.settle(index + 1, Some(ActionId(step.action)), &mut runner);
        }
        walk.end();
        Ok(Demands { points: steps + 1, all: walk.demands, is_lasso: stem < steps })
    }
}

impl Walk<'_> {
    /// The point of a step, counted through both rounds of the loop, and whether it is of the second one.
    fn point(&self, number: usize) -> (usize, i64) {
        if number <= self.steps { (number, 0) } else { (number - (self.steps - self.stem), 1) }
    }

    fn demand(&mut self, from: usize, to: usize, why: Reason) {
        let ((from, earlier), (to, later)) = (self.point(from), self.point(to));
        self.demands.push(Demand { from, to, rounds: later - earlier, why });
    }

    /// What a step demands of those before.
    fn fire(&mut self, number: usize, id: ActionId) {
        self.demand(number - 1, number, Reason::Order);
        let action = self.system.action(id);
        if action.passive {
            self.demand(number, number - 1, Reason::Order);
        }
        let Some(pace) = action.pace else { return };
        if let Some(Since::Point(since)) = self.holds[id.0] {
            self.demand(since, number, Reason::Bound(Bound::Least(id)));
        }
        self.keep_apart(number, pace);
    }

    fn keep_apart(&mut self, number: usize, pace: PaceId) {
        if let Some(last) = self.last[pace.0].replace(number) {
            self.demand(last, number, Reason::Bound(Bound::Apart(pace)));
        }
    }

    /// What timers demand of a step, whose inputs are in place, and what it does to them.
    fn time(&mut self, number: usize, id: ActionId, runner: &mut Runner<'_>) {
        for (position, timer) in self.system.timers.iter().enumerate() {
            let mut does = |steps: &Steps| steps.iter().any(|&(action, when)| action == id && runner.holds(when));
            let (asks, within) = (does(&timer.asks), does(&timer.within));
            let (forgets, begins) = (does(&timer.forgets), does(&timer.begins));
            if let Some(since) = self.begun[position].filter(|_| asks) {
                self.demand(since, number, Reason::Bound(Bound::Timer(TimerId(position))));
            }
            if let Some(since) = self.begun[position].filter(|_| within) {
                self.demand(number, since, Reason::Bound(Bound::Within(TimerId(position))));
            }
            let kept = self.begun[position].filter(|_| !forgets);
            self.begun[position] = if begins { Some(number) } else { kept };
        }
    }

    /// What the state after a step, or at the start, demands of the step, and what begins there.
    fn settle(&mut self, number: usize, fired: Option<ActionId>, runner: &mut Runner<'_>) {
        let candidates = runner.candidates().actions;
        let begun = if number == 0 { Since::Ever } else { Since::Point(number) };
        for index in 0..self.paced.len() {
            let id = self.paced[index];
            let may_fire = candidates.contains(&id);
            if let Some(since) = self.waits[id.0].filter(|_| fired == Some(id) || !may_fire) {
                self.demand(number, since, Reason::Bound(Bound::Most(id)));
                self.waits[id.0] = None;
            }
            self.waits[id.0] = may_fire.then_some(self.waits[id.0].unwrap_or(number));
            let holds = runner.holds(self.system.action(id).guard);
            self.holds[id.0] = holds.then_some(self.holds[id.0].unwrap_or(begun));
        }
    }

    /// What waits at the end has not waited for too long; what still waits at the end of the second round, and did before the
    /// first one ended, waits for ever.
    fn end(&mut self) {
        let is_lasso = self.stem < self.steps;
        for index in 0..self.paced.len() {
            let id = self.paced[index];
            let Some(since) = self.waits[id.0] else { continue };
            if !is_lasso {
                self.demand(self.steps, since, Reason::Bound(Bound::Most(id)));
            } else if since <= self.steps {
                self.demands.push(Demand { from: 0, to: 0, rounds: 0, why: Reason::Starved(id) });
            }
        }
    }
}
