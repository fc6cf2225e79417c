//! What an action may choose in a concrete state, with a compiled program of its condition on inputs.

use crate::term::{Arena, Range, StagedProgram};

use super::model::{Action, System};

/// The values that some inputs may have together.
pub struct Combinations {
    /// The range of each.
    pub ranges: Vec<Range>,
}

impl Combinations {
    /// Those of an action's inputs, allowed or not.
    pub fn of(arena: &Arena, action: &Action) -> Self {
        Combinations { ranges: action.inputs.iter().map(|&var| arena.variable(var).sort.range()).collect() }
    }

    /// How many there are; saturates.
    pub fn count(&self) -> u64 {
        self.ranges.iter().fold(1, |product: u64, range| product.saturating_mul(range.size()))
    }

    /// One of them by its number, below [`Combinations::count`].
    pub fn get(&self, mut number: u64) -> Vec<i64> {
        let digit = |range: &Range| {
            let value = range.lo + (number % range.size()) as i64;
            number /= range.size();
            value
        };
        self.ranges.iter().map(digit).collect()
    }
}

/// The inputs of one action, and which of them it allows.
pub struct Choices {
    program: StagedProgram,
    inputs: Combinations,
}

/// The choices of an action in one state.
pub struct ChoicesIn<'a> {
    choices: &'a Choices,
    system: &'a System,
    values: Vec<i64>,
    slots: Vec<i64>,
}

impl Choices {
    /// The choices of an action.
    pub fn new(system: &System, action: &Action) -> Self {
        let arena = &system.arena;
        let position = |var| {
            let input = action.inputs.iter().position(|&input| input == var).map(|index| system.state.len() + index);
            input.or_else(|| system.state.iter().position(|variable| variable.var == var)).unwrap_or(0)
        };
        let is_input = |var| action.inputs.contains(&var);
        Choices {
            program: StagedProgram::compile(arena, &[action.choice], &position, &is_input),
            inputs: Combinations::of(arena, action),
        }
    }

    /// The range of each input.
    pub fn ranges(&self) -> &[Range] {
        &self.inputs.ranges
    }

    /// Combinations of inputs, allowed or not.
    pub fn combinations(&self) -> &Combinations {
        &self.inputs
    }

    /// The choices in a state of `system`, which is the one that the action is of.
    pub fn of_state<'a>(&'a self, system: &'a System, state: &[i64]) -> ChoicesIn<'a> {
        let mut values = state.to_vec();
        let mut slots = Vec::new();
        values.extend(self.inputs.ranges.iter().map(|range| range.lo));
        self.program.run_state(&system.arena, &values, &mut slots);
        ChoicesIn { choices: self, system, values, slots }
    }
}

impl ChoicesIn<'_> {
    /// Whether the action allows these inputs, which are within their ranges.
    pub fn allows(&mut self, inputs: &[i64]) -> bool {
        let first = self.values.len() - inputs.len();
        self.values[first..].copy_from_slice(inputs);
        self.choices.program.run_inputs(&self.system.arena, &self.values, &mut self.slots);
        self.choices.program.output(&self.slots, 0) != 0
    }
}
