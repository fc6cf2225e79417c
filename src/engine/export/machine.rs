//! A transition system as a machine: registers with their next values, inputs, and what must never be.
//!
//! One step of the machine is one action of the system, or none. The input `action` chooses which; that action fires if it
//! is its turn ([`Schedule::turns`]), its inputs are allowed and, with a bound, its block may still begin. Otherwise nothing changes.
//! So every input is allowed in every step, no constraints are needed, and
//!
//! * the runs of the machine, without the steps in which nothing changes, are the runs of the system (of at most
//!   `bound` blocks), and
//! * `bad` is reached exactly if such a run breaks a property (see `super::monitor`).
//!
//! Inputs are numbers of as many bits as their range needs; larger ones stand for the largest. Where the start is open, the
//! first step that changes anything gives the open variables their values, if these are those of a start.

use crate::engine::Watch;
use crate::engine::format::Format;
use crate::system::model::{Action, StateVar};
use crate::system::schedule::{Schedule, Turn};
use crate::system::{PropertyId, System};
use crate::term::{Arena, Range, Sort, Substitution, TermId, VarId};

use super::{ExportError, go_on, monitor};

/// A state variable of the machine.
#[derive(Clone, Debug)]
pub struct Register {
    /// Its variable, with its name and range.
    pub var: VarId,
    /// Its value at the start.
    pub initial: i64,
    /// Its value after a step: over registers and inputs, and within its range.
    pub next: TermId,
}

/// Something that must not be reached.
#[derive(Clone, Debug)]
pub struct Bad {
    /// What it is.
    pub name: String,
    /// The condition, over registers and inputs.
    pub condition: TermId,
}

/// A transition system in which every input is allowed in every step.
#[derive(Clone, Debug)]
pub struct Machine {
    /// All terms.
    pub arena: Arena,
    /// What is chosen in each step.
    pub inputs: Vec<VarId>,
    /// The state. The first ones are those of the system, in its order.
    pub registers: Vec<Register>,
    /// What must not be reached: first that a property is broken; where ranges need it, a second one says that an update
    /// leaves its range, which is an error of the encoding.
    pub bad: Vec<Bad>,
    /// What each value of the first input chooses.
    pub actions: Vec<String>,
}

/// An action as it fires in a step of the machine.
pub(super) struct Step<'s> {
    /// The action.
    pub action: &'s Action,
    /// Whether it fires.
    pub fires: TermId,
}

/// A machine under construction.
pub(super) struct Assembly<'s> {
    pub system: &'s System,
    pub arena: Arena,
    pub registers: Vec<Register>,
    inputs: Vec<VarId>,
    /// Inputs of actions become those of the machine.
    inputs_of_actions: Substitution,
}

/// The machine of a system that must keep `properties`, with runs of at most `bound` blocks, or of any length.
///
/// # Errors
///
/// If the budget is exhausted.
pub fn machine(
    system: &System,
    properties: &[PropertyId],
    bound: Option<u32>,
    watch: &Watch,
) -> Result<Machine, ExportError> {
    let mut assembly = Assembly::new(system);
    let turns = assembly.turns();
    let choice = assembly.input("action", Range::new(0, (turns.len() as i64 - 1).max(0)));
    let blocks = bound.map(|bound| assembly.register("monitor.blocks", Range::new(0, i64::from(bound)), 0));
    let begun = assembly.begin();
    let mut steps = Vec::new();
    for (number, turn) in turns.iter().enumerate() {
        go_on(watch, number)?;
        let may_begin = assembly.may_begin(turn, blocks);
        let fires = assembly.fires(turn, (choice, number as i64));
        let fires = assembly.arena.and(fires, may_begin);
        let fires = assembly.arena.and(fires, begun);
        steps.push(Step { action: system.action(turn.action), fires });
    }
    assembly.update(&steps, watch)?;
    blocks.into_iter().for_each(|blocks| assembly.count(blocks, &steps));
    let name = properties.first().map_or_else(String::new, |&id| system.property(id).name.clone());
    let broken = monitor::broken(&mut assembly, properties, &steps, begun, watch)?;
    let broken = assembly.arena.and(broken, begun);
    let mut bad = vec![Bad { name, condition: broken }];
    bad.extend(assembly.out_of_range(&steps).map(|condition| Bad { name: "out-of-range".to_owned(), condition }));
    let actions = steps.iter().map(|step| step.action.name.clone()).collect();
    let Assembly { arena, registers, inputs, .. } = assembly;
    Ok(Machine { arena, inputs, registers, bad, actions })
}

impl<'s> Assembly<'s> {
    fn new(system: &'s System) -> Self {
        let register = |it: &StateVar| Register {
            var: it.var,
            initial: it.initial.unwrap_or(it.range.lo),
            next: system.arena.variable(it.var).term,
        };
        Assembly {
            system,
            arena: system.arena.clone(),
            registers: system.state.iter().map(register).collect(),
            inputs: Vec::new(),
            inputs_of_actions: Substitution::new(),
        }
    }

    /// The term of a register's value before the step.
    pub fn value(&self, register: usize) -> TermId {
        self.arena.variable(self.registers[register].var).term
    }

    /// A new register that keeps its value, and its position.
    pub fn register(&mut self, name: &str, range: Range, initial: i64) -> usize {
        self.register_of(name, Sort::Int(range), initial)
    }

    /// A new register of a sort.
    pub fn register_of(&mut self, name: &str, sort: Sort, initial: i64) -> usize {
        let var = self.arena.new_variable(name, sort);
        self.registers.push(Register { var, initial, next: self.arena.variable(var).term });
        self.registers.len() - 1
    }

    /// A new truth value that is an input.
    pub fn flag(&mut self, name: &str) -> TermId {
        let var = self.arena.new_variable(name, Sort::Bool);
        self.inputs.push(var);
        self.arena.variable(var).term
    }

    /// A new input for values of a range, every pattern of whose bits is one of them.
    fn input(&mut self, name: &str, range: Range) -> TermId {
        let most = range.hi.saturating_sub(range.lo);
        let filled = Range::new(0, i64::MAX >> 63u32.saturating_sub(Format::of(Range::new(0, most)).width));
        let var = self.arena.new_variable(name, Sort::Int(filled));
        self.inputs.push(var);
        let (raw, most, lo) = (self.arena.variable(var).term, self.arena.int(most), self.arena.int(range.lo));
        let offset = self.arena.min(raw, most);
        self.arena.add(lo, offset)
    }

    /// A new input in place of a variable.
    fn input_for(&mut self, name: &str, var: VarId) -> TermId {
        match self.arena.variable(var).sort {
            Sort::Bool => self.flag(name),
            Sort::Int(range) => self.input(name, range),
        }
    }

    /// Whether the run has begun: from the start, or once open variables have values of a start.
    fn begin(&mut self) -> TermId {
        let system = self.system;
        let open: Vec<usize> = (0..system.state.len()).filter(|&it| system.state[it].initial.is_none()).collect();
        let certain = |&condition: &TermId| self.arena.as_bool(condition) == Some(true);
        if open.is_empty() && system.init.iter().all(certain) {
            return self.arena.bool(true);
        }
        let begun = self.register_of("monitor.begun", Sort::Bool, 0);
        let mut values = Substitution::new();
        let mut proposed = Vec::new();
        for &position in &open {
            let variable = &system.state[position];
            let value = self.input_for(&format!("start.{}", variable.name), variable.var);
            values.map(variable.var, value);
            proposed.push((position, value));
        }
        let is_start = self.all_of(system.init.iter().copied(), &mut values);
        let waits = self.value(begun);
        let waits = self.arena.not(waits);
        let begins = self.arena.and(waits, is_start);
        for (position, value) in proposed {
            self.registers[position].next = self.arena.ite(begins, value, self.registers[position].next);
        }
        let now = self.value(begun);
        self.registers[begun].next = self.arena.or(now, begins);
        now
    }

    fn all_of(&mut self, conditions: impl Iterator<Item = TermId>, under: &mut Substitution) -> TermId {
        let mut all = self.arena.bool(true);
        for condition in conditions {
            let condition = under.apply(&mut self.arena, condition);
            all = self.arena.and(all, condition);
        }
        all
    }

    /// The turns of actions that may be enabled at all; inputs of these become inputs of the machine.
    fn turns(&mut self) -> Vec<Turn> {
        let is_possible = |turn: &Turn| self.arena.as_bool(self.system.action(turn.action).guard) != Some(false);
        Schedule::new(self.system).turns().into_iter().filter(is_possible).collect()
    }

    /// Whether an action may still fire if at most so many blocks may begin.
    fn may_begin(&mut self, turn: &Turn, blocks: Option<usize>) -> TermId {
        let counted = blocks.filter(|_| self.system.counts(self.system.action(turn.action)));
        let Some(blocks) = counted else { return self.arena.bool(true) };
        let most = self.arena.range(self.value(blocks)).hi;
        let (now, last) = (self.value(blocks), self.arena.int(most - 1));
        self.arena.le(now, last)
    }

    /// Whether an action is chosen, it is its turn, and it allows the inputs.
    fn fires(&mut self, turn: &Turn, (choice, number): (TermId, i64)) -> TermId {
        let system = self.system;
        let action = system.action(turn.action);
        for &var in &action.inputs {
            let name = format!("{}.{}", action.name, system.arena.variable(var).name);
            let value = self.input_for(&name, var);
            self.inputs_of_actions.map(var, value);
        }
        let mut others = self.arena.bool(false);
        for &other in &turn.unless {
            others = self.arena.or(others, system.action(other).guard);
        }
        let number = self.arena.int(number);
        let chosen = self.arena.eq(choice, number);
        let quiet = self.arena.not(others);
        let turn = self.arena.and(action.guard, quiet);
        let allowed = self.resolved(action.choice);
        let turn = self.arena.and(turn, allowed);
        self.arena.and(chosen, turn)
    }

    /// A term over the state and an action's inputs as one over registers and the machine's inputs.
    pub fn resolved(&mut self, term: TermId) -> TermId {
        self.inputs_of_actions.apply(&mut self.arena, term)
    }

    fn update(&mut self, steps: &[Step<'_>], watch: &Watch) -> Result<(), ExportError> {
        for (number, step) in steps.iter().enumerate() {
            go_on(watch, number)?;
            for &(position, value) in &step.action.updates {
                let value = self.resolved(value);
                self.registers[position].next = self.arena.ite(step.fires, value, self.registers[position].next);
            }
        }
        Ok(())
    }

    fn count(&mut self, blocks: usize, steps: &[Step<'_>]) {
        let counted = steps.iter().filter(|step| self.system.counts(step.action)).map(|step| step.fires);
        let counted: Vec<TermId> = counted.collect();
        let begins = self.any(counted);
        let (now, one) = (self.value(blocks), self.arena.int(1));
        let more = self.arena.add(now, one);
        self.registers[blocks].next = self.arena.ite(begins, more, now);
    }

    /// The disjunction of conditions.
    pub fn any(&mut self, conditions: impl IntoIterator<Item = TermId>) -> TermId {
        let none = self.arena.bool(false);
        conditions.into_iter().fold(none, |any, it| self.arena.or(any, it))
    }

    /// That an update of a step leaves its range, if that is not excluded.
    fn out_of_range(&mut self, steps: &[Step<'_>]) -> Option<TermId> {
        let mut any = self.arena.bool(false);
        for step in steps {
            for &obligation in &step.action.obligations {
                let kept = self.resolved(obligation);
                let broken = self.arena.not(kept);
                let broken = self.arena.and(step.fires, broken);
                any = self.arena.or(any, broken);
            }
        }
        (self.arena.as_bool(any) != Some(false)).then_some(any)
    }
}
