//! Follows every way through a cycle.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::explicit::Successors;
use crate::system::replay::Interpreter;
use crate::system::{ActionId, Step};

use super::compare::Path;
use super::situation::Built;

/// More states than this in one cycle are not followed.
const MOST_STATES: usize = 200_000;

/// Follows cycles with compiled programs, and checks a sample of steps with the reference interpreter.
pub struct Explorer<'b> {
    built: &'b Built,
    successors: Successors<'b>,
    interpreter: Option<Interpreter<'b>>,
}

/// Values of the state variables.
pub type State = Vec<i64>;

/// Nodes and templates of evicted pods, in the order of eviction.
pub type Sequence = Vec<(usize, usize)>;

impl<'b> Explorer<'b> {
    /// An explorer of a system; with `replay`, every step is confirmed by the reference interpreter.
    pub fn new(built: &'b Built, replay: bool) -> Result<Self, String> {
        let successors = Successors::new(&built.system)?;
        Ok(Explorer { built, successors, interpreter: replay.then(|| Interpreter::new(&built.system)) })
    }

    fn initial(&self) -> Result<State, String> {
        self.built.system.fixed_initial_state().ok_or_else(|| "the initial state is not fixed".to_owned())
    }

    /// What one cycle may do, each as a path of one round.
    pub fn outcomes(&self) -> Result<Vec<Path>, String> {
        let start = self.initial()?;
        let ends = self.cycle(&start)?;
        Ok(ends.iter().map(|end| vec![self.built.lost(&start, end)]).collect())
    }

    /// The states in which the first cycle may end.
    pub fn ends(&self) -> Result<BTreeSet<State>, String> {
        self.cycle(&self.initial()?)
    }

    /// What cycle after cycle may do, until one evicts nothing.
    pub fn paths(&self, most: usize) -> Result<Vec<Path>, String> {
        let mut known: BTreeMap<State, BTreeSet<State>> = BTreeMap::new();
        let mut open: Vec<(State, Path)> = vec![(self.initial()?, Path::new())];
        let mut found: BTreeSet<Path> = BTreeSet::new();
        while let Some((state, path)) = open.pop() {
            if path.len() > most {
                return Err(format!("more than {most} rounds"));
            }
            let ends = match known.get(&state) {
                Some(ends) => ends.clone(),
                None => known.entry(state.clone()).or_insert(self.cycle(&state)?).clone(),
            };
            for end in ends {
                let lost = self.built.lost(&state, &end);
                if lost.is_empty() {
                    found.insert(path.clone());
                } else {
                    open.push((end, path.iter().cloned().chain([lost]).collect()));
                }
            }
        }
        Ok(found.into_iter().collect())
    }

    /// The states in which a cycle that begins in a settled state may end.
    fn cycle(&self, start: &State) -> Result<BTreeSet<State>, String> {
        let begun = self.successors.of(start)?;
        if !begun.settled {
            return Err("a cycle is under way".to_owned());
        }
        if begun.steps.is_empty() {
            return Ok([start.clone()].into());
        }
        self.confirm(start, &begun.steps)?;
        let mut open: Vec<State> = begun.steps.into_iter().map(|(_, _, state)| state).collect();
        let mut seen: BTreeSet<State> = open.iter().cloned().collect();
        let mut ends = BTreeSet::new();
        while let Some(state) = open.pop() {
            let following = self.successors.of(&state)?;
            if following.settled {
                ends.insert(state);
                continue;
            }
            self.confirm(&state, &following.steps)?;
            open.extend(following.steps.into_iter().map(|it| it.2).filter(|next| seen.insert(next.clone())));
            if seen.len() > MOST_STATES {
                return Err(format!("more than {MOST_STATES} states in a cycle"));
            }
        }
        Ok(ends)
    }

    /// The orders in which one cycle may evict, as nodes and templates.
    pub fn sequences(&self) -> Result<BTreeSet<Sequence>, String> {
        let begun = self.successors.of(&self.initial()?)?;
        let mut open: Vec<(State, Sequence)> = begun.steps.into_iter().map(|it| (it.2, Sequence::new())).collect();
        let mut seen: BTreeSet<(State, Sequence)> = open.iter().cloned().collect();
        let mut found = if open.is_empty() { [Sequence::new()].into() } else { BTreeSet::new() };
        while let Some((state, sequence)) = open.pop() {
            let following = self.successors.of(&state)?;
            if following.settled {
                found.insert(sequence);
                continue;
            }
            for (_, _, next) in following.steps {
                let evicted = self.built.evicted(&state, &next);
                let longer: Sequence = sequence.iter().copied().chain(evicted).collect();
                if seen.insert((next.clone(), longer.clone())) {
                    open.push((next, longer));
                }
            }
            if seen.len() > MOST_STATES {
                return Err(format!("more than {MOST_STATES} ways through a cycle"));
            }
        }
        Ok(found)
    }

    /// Whether the reference interpreter takes the same steps.
    fn confirm(&self, state: &State, steps: &[(ActionId, Vec<i64>, State)]) -> Result<(), String> {
        let Some(interpreter) = &self.interpreter else { return Ok(()) };
        let candidates = interpreter.candidates(state).actions;
        for (id, inputs, next) in steps {
            let action = self.built.system.action(*id);
            let step = Step { action: id.0, inputs: inputs.clone() };
            let (reached, _) = interpreter.fire(0, state, action, &step).map_err(|error| error.to_string())?;
            if reached != *next || !candidates.contains(id) {
                return Err(format!("engine and interpreter disagree about {}", action.name));
            }
        }
        Ok(())
    }
}
