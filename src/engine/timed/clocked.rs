//! A system with some of its paces' demands as part of the state, so that every engine keeps to them without knowing of time.
//!
//! There is no step in which time passes: every step has one more input, the time that passes before it. A demand is a clock,
//! a variable that is as large as what it measures matters:
//!
//! | demand | clock | as an action fires |
//! | --- | --- | --- |
//! | least | since its guard holds, as far as the demand | it is that old |
//! | most | since it may fire and has not, or since it fired last | no clock of an action that may fire is beyond its demand |
//! | apart | since the last step of the pace, as far as the demand | it is that old, if the step is of the pace |
//! | timer | since it began, as far as the demand; as much where it was forgotten | it is that old, if the step waits for it |
//! | within | since a timer began, as far as one more than the demand; -1 where it was forgotten | it is no older, if the step must not be late |
//!
//! Soundness: the runs are those of the system that keep to the demands, and moments are whole multiples of what divides all
//! demands; which is no loss, because bounds are closed. Other demands are forgotten, which only allows more. Order is not
//! reduced any more ([`System::all_orders`]), for every step changes clocks.
//!
//! References: Alur and Dill, "A theory of timed automata", Theoretical Computer Science 126(2), 1994; Henzinger, Manna and
//! Pnueli, "What good are digital clocks?", ICALP 1992.

use std::collections::BTreeSet;

use crate::engine::{UnknownReason, Watch};
use crate::system::pace::Steps;
use crate::system::schedule::{Schedule, Turn};
use crate::system::{Action, ActionId, Bound, Footprint, StateVar, System, Trace, images};
use crate::term::{Arena, Range, Sort, Substitution, TermId};

/// A system with clocks, and how its runs become ones of the system without.
pub struct Clocked {
    /// The system.
    pub system: System,
    /// Variables of the system without clocks; the clocks come behind them.
    variables: usize,
}

/// What a clock shows that does not run, where 0 would be a time.
const STOPPED: i64 = -1;

/// A clock.
struct Clock {
    bound: Bound,
    /// Its largest value.
    most: i64,
    /// Its variable.
    term: TermId,
    /// When it runs; otherwise it is 0.
    runs: TermId,
}

/// Builds it.
struct Draft<'s> {
    system: &'s System,
    arena: Arena,
    clocks: Vec<Clock>,
    state: Vec<StateVar>,
    init: Vec<TermId>,
    turns: Vec<Turn>,
}

impl Clocked {
    /// A system with these demands.
    ///
    /// # Errors
    ///
    /// If the watch says that it takes too long.
    pub fn of(system: &System, bounds: &BTreeSet<Bound>, watch: &Watch) -> Result<Self, UnknownReason> {
        let mut draft = Draft {
            system,
            arena: system.arena.clone(),
            clocks: Vec::new(),
            state: system.state.clone(),
            init: system.init.clone(),
            turns: Schedule::new(system).turns(),
        };
        let seconds = |&bound: &Bound| Some((bound, bound.seconds(system)?));
        let demands: Vec<(Bound, i64)> = bounds.iter().filter_map(seconds).collect();
        let unit = demands.iter().fold(0, |unit, &(_, seconds)| gcd(unit, seconds)).max(1);
        demands.into_iter().for_each(|(bound, seconds)| draft.declare(bound, seconds / unit));
        let mut clocked = system.clone();
        clocked.actions = Vec::new();
        for (id, action) in system.action_ids() {
            if let Some(why) = watch.exhausted() {
                return Err(why);
            }
            let action = if action.passive { action.clone() } else { draft.act(id) };
            clocked.actions.push(action);
        }
        clocked.all_orders = true;
        clocked.guided = false;
        clocked.clocked = true;
        (clocked.arena, clocked.state, clocked.init) = (draft.arena, draft.state, draft.init);
        Ok(Clocked { system: clocked, variables: system.state.len() })
    }

    /// The same run without clocks.
    pub fn without(&self, trace: &Trace) -> Trace {
        let mut trace = trace.clone();
        trace.initial.truncate(self.variables);
        for step in &mut trace.steps {
            if !self.system.actions[step.action].passive {
                step.inputs.pop();
            }
        }
        trace
    }
}

/// The largest number that divides both; 0 divides nothing.
fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl Draft<'_> {
    /// Declares the clock of a demand of so many units.
    fn declare(&mut self, bound: Bound, most: i64) {
        let name = match bound {
            Bound::Least(action) => format!("clock: {} may fire since", self.system.action(action).name),
            Bound::Most(action) => format!("clock: {} waits since", self.system.action(action).name),
            Bound::Apart(pace) => format!("clock: {} was", self.system.paces[pace.0].name),
            Bound::Timer(timer) => format!("clock: {} began", self.system.timers[timer.0].name),
            Bound::Within(timer) => format!("clock: {} runs", self.system.timers[timer.0].name),
        };
        let (least, most) = if let Bound::Within(_) = bound { (STOPPED, most + 1) } else { (0, most) };
        let range = Range::new(least, most);
        let var = self.arena.new_variable(name.clone(), Sort::Int(range));
        let term = self.arena.variable(var).term;
        let runs = self.runs(bound, term);
        let initial = self.initial(bound, runs, most);
        if initial.is_none() {
            let (all, none) = (self.arena.int(most), self.arena.int(0));
            let start = self.arena.ite(runs, all, none);
            let holds = self.arena.eq(term, start);
            self.init.push(holds);
        }
        self.state.push(StateVar { var, name, range, initial, counted: false });
        self.clocks.push(Clock { bound, most, term, runs });
    }

    /// When a clock runs, which shows `term`.
    fn runs(&mut self, bound: Bound, term: TermId) -> TermId {
        match bound {
            Bound::Least(action) => self.system.action(action).guard,
            Bound::Most(action) => self.may_fire(action),
            Bound::Apart(_) | Bound::Timer(_) => self.arena.bool(true),
            Bound::Within(_) => {
                let none = self.arena.int(0);
                self.arena.le(none, term)
            }
        }
    }

    fn may_fire(&mut self, id: ActionId) -> TermId {
        let turn = self.turns.iter().find(|turn| turn.action == id);
        turn.map_or(self.system.action(id).guard, |turn| images::may_fire(self.system, &mut self.arena, turn))
    }

    /// What a clock shows at the start, where that is a constant: what was so before may have been so for long, and who waits
    /// has not yet waited.
    fn initial(&mut self, bound: Bound, runs: TermId, most: i64) -> Option<i64> {
        match bound {
            Bound::Most(_) => Some(0),
            Bound::Apart(_) | Bound::Timer(_) => Some(most),
            Bound::Within(_) => Some(STOPPED),
            Bound::Least(_) => {
                let mut start = images::at_start(self.system, &mut self.arena);
                let runs = start.apply(&mut self.arena, runs);
                self.arena.as_bool(runs).map(|runs| if runs { most } else { 0 })
            }
        }
    }

    /// An action, with the time that passes before it.
    fn act(&mut self, id: ActionId) -> Action {
        let mut action = self.system.action(id).clone();
        let longest = self.clocks.iter().map(|clock| clock.most).max().unwrap_or(0);
        let passed = self.arena.new_variable("time before", Sort::Int(Range::new(0, longest)));
        let time = self.arena.variable(passed).term;
        action.inputs.push(passed);
        let allowed = self.allowed(id, time);
        action.choice = self.arena.and(action.choice, allowed);
        let mut next = images::after(self.system, &action);
        for position in 0..self.clocks.len() {
            let value = self.after(position, id, time, &mut next);
            if value != self.clocks[position].term {
                action.updates.push((self.system.state.len() + position, value));
            }
        }
        action.footprint = Footprint::default();
        action
    }

    /// When an action may fire after so much time.
    fn allowed(&mut self, id: ActionId, time: TermId) -> TermId {
        let mut all = self.some_clock_sees(time);
        for position in 0..self.clocks.len() {
            let Clock { bound, most, term, runs } = self.clocks[position];
            let shows = self.arena.add(term, time);
            let limit = self.arena.int(most);
            let keeps = match bound {
                Bound::Most(_) => {
                    let in_time = self.arena.le(shows, limit);
                    let stands = self.arena.not(runs);
                    self.arena.or(stands, in_time)
                }
                Bound::Least(of) if of == id => self.arena.le(limit, shows),
                Bound::Apart(pace) if self.system.action(id).pace == Some(pace) => self.arena.le(limit, shows),
                Bound::Least(_) | Bound::Apart(_) => continue,
                Bound::Timer(timer) => {
                    let (asks, old) = (self.does(&self.system.timers[timer.0].asks, id), self.arena.le(limit, shows));
                    let does_not = self.arena.not(asks);
                    self.arena.or(does_not, old)
                }
                Bound::Within(timer) => {
                    let within = self.does(&self.system.timers[timer.0].within, id);
                    let must = self.arena.and(within, runs);
                    let last = self.arena.int(most - 1);
                    let in_time = self.arena.le(shows, last);
                    let need_not = self.arena.not(must);
                    self.arena.or(need_not, in_time)
                }
            };
            all = self.arena.and(all, keeps);
        }
        all
    }

    /// When a step of an action is one of these.
    fn does(&mut self, steps: &Steps, id: ActionId) -> TermId {
        let start = self.arena.bool(false);
        let own = steps.iter().filter(|&&(action, _)| action == id);
        own.fold(start, |any, &(_, when)| self.arena.or(any, when))
    }

    /// That no more time passes than some clock can tell.
    fn some_clock_sees(&mut self, time: TermId) -> TermId {
        let mut sight = self.arena.int(0);
        for position in 0..self.clocks.len() {
            let Clock { most, term, runs, .. } = self.clocks[position];
            let (limit, none) = (self.arena.int(most), self.arena.int(0));
            let left = self.arena.sub(limit, term);
            let left = self.arena.ite(runs, left, none);
            sight = self.arena.max(sight, left);
        }
        self.arena.le(time, sight)
    }

    /// What a clock shows after an action that fires after so much time.
    fn after(&mut self, position: usize, id: ActionId, time: TermId, next: &mut Substitution) -> TermId {
        let Clock { bound, most, term, runs } = self.clocks[position];
        let none = self.arena.int(0);
        let limit = self.arena.int(most);
        let shows = self.arena.add(term, time);
        let shows = self.arena.min(shows, limit);
        if let Bound::Timer(timer) | Bound::Within(timer) = bound {
            let timer = &self.system.timers[timer.0];
            let (forgets, begins) = (self.does(&timer.forgets, id), self.does(&timer.begins, id));
            let forgotten = if let Bound::Within(_) = bound { self.arena.int(STOPPED) } else { limit };
            let shows = self.arena.ite(runs, shows, forgotten);
            let kept = self.arena.ite(forgets, forgotten, shows);
            return self.arena.ite(begins, none, kept);
        }
        let begins_anew = match bound {
            Bound::Least(_) | Bound::Timer(_) | Bound::Within(_) => false,
            Bound::Most(of) => of == id,
            Bound::Apart(pace) => self.system.action(id).pace == Some(pace),
        };
        if begins_anew {
            return none;
        }
        let goes_on = next.apply(&mut self.arena, runs);
        let both = self.arena.and(runs, goes_on);
        self.arena.ite(both, shows, none)
    }
}
