//! The question that an unrolling comes down to: is there a run of at most so many blocks that breaks a property?
//!
//! A block ends when no run of it can go on, and how long that takes depends on the choices. So the question is made as the
//! engines make it, with every choice left open: the [unroller](crate::engine::unroll) executes block by block, asks a
//! solver where a block can end, and tells the conditions under which some run breaks a property. Their disjunction, under
//! what is known of the start, is one closed formula over the choices; its models are the runs that break the property. In it, branches that
//! the solver found impossible are left out.
//!
//! With the first block in which the property can be broken the question is complete: later blocks could only add to
//! what is satisfiable already. A formula about all blocks is one that cannot be satisfied.

use crate::engine::deepen::is_too_large;
use crate::engine::overlap::Paused;
use crate::engine::sat::oracle::Circuits;
use crate::engine::sat::varisat::Varisat;
use crate::engine::unroll::{Answer, Finding, Limits, Oracle, Unroller};
use crate::engine::{UnknownReason, Watch};
use crate::system::{PropertyId, System};
use crate::term::{Arena, TermId};

use super::ExportError;

/// A run of that many blocks breaks a property under a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Number of blocks; actions in `async`.
    pub depth: u32,
    /// The property.
    pub property: PropertyId,
    /// The condition.
    pub condition: TermId,
}

/// Why a question has no more blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It has all that were asked for.
    Bound,
    /// No run goes on to new states after so many blocks.
    Complete(u32),
    /// Some run breaks a property after so many blocks.
    Violated(u32),
}

/// A question in one formula.
#[derive(Debug)]
pub struct Question {
    /// All terms.
    pub arena: Arena,
    /// What is known of the start.
    pub facts: Vec<TermId>,
    /// The answer is yes if one of these conditions can be satisfied together with the facts.
    pub violations: Vec<Violation>,
    /// Which blocks it is about.
    pub ending: Ending,
}

/// Asks about runs of at most `bound` blocks.
///
/// # Errors
///
/// If the budget is exhausted, the system is too large, or an update can leave its range.
pub fn question(
    system: &System,
    properties: &[PropertyId],
    bound: u32,
    watch: &Watch,
) -> Result<Question, ExportError> {
    let paused = Paused::of(system);
    let system = paused.as_ref().map_or(system, |paused| &paused.system);
    if is_too_large(system) {
        return Err(ExportError::Large { terms: system.arena.len(), variables: system.state.len() });
    }
    let limits = Limits { splits: 0, ..Limits::default() };
    let mut asking = Asking {
        unroller: Unroller::new(system, properties, limits, &|| watch.exhausted().is_some()),
        oracle: Circuits::new(Varisat::new(watch.clone(), false), watch.clone()),
        violations: Vec::new(),
        system,
        watch,
    };
    let facts = asking.unroller.initial_conditions();
    for &fact in &facts {
        asking.oracle.assume(asking.unroller.arena(), fact);
    }
    let ending = asking.unroll(bound)?;
    Ok(Question { facts, violations: asking.violations, ending, arena: asking.unroller.into_arena() })
}

struct Asking<'s> {
    system: &'s System,
    unroller: Unroller<'s>,
    oracle: Circuits<Varisat>,
    violations: Vec<Violation>,
    watch: &'s Watch,
}

impl Asking<'_> {
    fn unroll(&mut self, bound: u32) -> Result<Ending, ExportError> {
        for depth in 0..=bound {
            let unrolled = match depth {
                0 => self.unroller.start(&mut self.oracle),
                _ => self.unroller.advance(&mut self.oracle),
            };
            unrolled.map_err(|_| self.exhausted())?;
            // Nobody replays a model of the question: a run that leaves a range would be taken for a counterexample.
            self.refuse_hazards()?;
            if self.is_broken(depth)? {
                return Ok(Ending::Violated(depth));
            }
            if self.unroller.is_done() {
                return Ok(Ending::Complete(depth));
            }
        }
        Ok(Ending::Bound)
    }

    /// Notes what breaks a property at this depth; whether anything can.
    fn is_broken(&mut self, depth: u32) -> Result<bool, ExportError> {
        let findings = self.unroller.take_findings();
        let is_open = |it: &&Finding| self.unroller.arena().as_bool(it.condition) != Some(false);
        let found = findings.iter().filter(is_open);
        let of = |it: &Finding| Violation { depth, property: it.property, condition: it.condition };
        self.violations.extend(found.map(of));
        let any = self.unroller.any_of(findings.iter().map(|it| it.condition));
        self.is_possible(any)
    }

    fn is_possible(&mut self, condition: TermId) -> Result<bool, ExportError> {
        if let Some(known) = self.unroller.arena().as_bool(condition) {
            return Ok(known);
        }
        match self.oracle.is_possible(self.unroller.arena(), condition) {
            Answer::Possible => Ok(true),
            Answer::Impossible => Ok(false),
            Answer::Unknown => Err(self.exhausted()),
        }
    }

    fn refuse_hazards(&mut self) -> Result<(), ExportError> {
        for hazard in self.unroller.take_hazards() {
            if self.is_possible(hazard.condition)? {
                return Err(ExportError::Range(self.system.action(hazard.action).name.clone()));
            }
        }
        Ok(())
    }

    fn exhausted(&self) -> ExportError {
        let why = || UnknownReason::Engine("the solver gave up".to_owned());
        ExportError::Exhausted(self.watch.exhausted().unwrap_or_else(why))
    }
}
