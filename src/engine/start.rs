//! Initial states: whether there is one, and random ones.
//!
//! Where every variable has its value there is nothing to search. Free ones are a question for a SAT solver: constraints
//! on the start are sums and comparisons, of which enumeration would see mostly dead ends.

use std::ops::RangeInclusive;

use super::Budget;
use super::sat::oracle::Circuits;
use super::sat::varisat::Varisat;
use crate::engine::unroll::{Answer, Oracle};
use crate::system::System;
use crate::system::replay::Interpreter;
use crate::term::{Arena, Evaluator, Sort, TermId};

/// Values that are tried for each variable of a random start before it is left to the solver.
const GUESSES: usize = 4;

/// An initial state, if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// This is one.
    State(Vec<i64>),
    /// The constraints contradict each other.
    None,
    /// The budget does not suffice to tell.
    Unknown,
}

/// Some initial state.
pub fn find(system: &System, budget: &Budget) -> Start {
    sample_free(system, budget, &mut |_, _| Vec::new())
}

/// A random initial state; `random` draws a number of a range. All are possible, but not equally likely.
pub fn sample(system: &System, budget: &Budget, random: &mut dyn FnMut(RangeInclusive<i64>) -> i64) -> Start {
    sample_free(system, budget, &mut |free, system| {
        let mut order: Vec<usize> = free.to_vec();
        for last in (1..order.len()).rev() {
            order.swap(last, random(0..=last as i64) as usize);
        }
        let guess = |variable: usize| {
            let range = system.state[variable].range;
            (0..GUESSES).map(|_| (variable, random(range.lo..=range.hi))).collect::<Vec<_>>()
        };
        order.into_iter().flat_map(guess).collect()
    })
}

/// Proposes values of the free variables of a system, to be taken where they are possible.
type Propose<'a> = dyn FnMut(&[usize], &System) -> Vec<(usize, i64)> + 'a;

fn sample_free(system: &System, budget: &Budget, propose: &mut Propose<'_>) -> Start {
    if let Some(state) = system.fixed_initial_state() {
        let interpreter = Interpreter::new(system);
        let possible = system.init.iter().all(|&condition| interpreter.holds(&state, condition));
        return if possible { Start::State(state) } else { Start::None };
    }
    let mut search = Search::new(system, budget);
    match search.ask(None) {
        Answer::Impossible => return Start::None,
        Answer::Unknown => return Start::Unknown,
        Answer::Possible => {}
    }
    let free: Vec<usize> = (0..system.state.len()).filter(|&it| system.state[it].initial.is_none()).collect();
    for (variable, value) in propose(&free, system) {
        search.prefer(variable, value);
    }
    Start::State(search.state)
}

struct Search<'s> {
    system: &'s System,
    arena: Arena,
    oracle: Circuits<Varisat>,
    /// The state that the solver found last.
    state: Vec<i64>,
    /// Variables that have their value for good.
    settled: Vec<bool>,
}

impl<'s> Search<'s> {
    fn new(system: &'s System, budget: &Budget) -> Self {
        let watch = budget.start();
        let mut arena = system.arena.clone();
        let mut oracle = Circuits::new(Varisat::new(watch.clone(), false), watch);
        for index in 0..system.state.len() {
            if let Some(value) = system.state[index].initial {
                let fact = equation(system, &mut arena, index, value);
                oracle.assume(&arena, fact);
            }
        }
        system.init.iter().for_each(|&condition| oracle.assume(&arena, condition));
        let settled = system.state.iter().map(|variable| variable.initial.is_some()).collect();
        Search { system, arena, oracle, state: Vec::new(), settled }
    }

    /// Whether there is a state, with this variable at that value; remembers one.
    fn ask(&mut self, wanted: Option<(usize, i64)>) -> Answer {
        let condition = match wanted {
            Some((variable, value)) => equation(self.system, &mut self.arena, variable, value),
            None => self.arena.bool(true),
        };
        let answer = self.oracle.is_possible(&self.arena, condition);
        if answer == Answer::Possible {
            let valuation = self.oracle.model(&self.arena);
            let mut values = Evaluator::new(&self.arena, &valuation);
            let value = |it: &crate::system::model::StateVar| {
                it.initial.unwrap_or_else(|| values.value(self.arena.variable(it.var).term))
            };
            self.state = self.system.state.iter().map(value).collect();
        }
        answer
    }

    /// Gives a variable a value if that is possible, unless it has one.
    fn prefer(&mut self, variable: usize, value: i64) {
        if self.settled[variable] || self.ask(Some((variable, value))) != Answer::Possible {
            return;
        }
        self.settled[variable] = true;
        let fact = equation(self.system, &mut self.arena, variable, value);
        self.oracle.assume(&self.arena, fact);
    }
}

fn equation(system: &System, arena: &mut Arena, variable: usize, value: i64) -> TermId {
    let variable = &system.state[variable];
    let term = arena.variable(variable.var).term;
    match (arena.sort(term), value) {
        (Sort::Bool, 0) => arena.not(term),
        (Sort::Bool, _) => term,
        (Sort::Int(_), value) => {
            let value = arena.int(value);
            arena.eq(term, value)
        }
    }
}
