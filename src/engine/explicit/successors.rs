//! Successors of single states, for whoever walks through a system on his own.

use crate::engine::{Budget, Silent};
use crate::system::compiled::{Machine, Stepper, Uncompiled};
use crate::system::{ActionId, System};

use super::pulse::{Halt, Pulse};

/// A compiled system.
pub struct Successors<'s> {
    machine: Machine<'s>,
}

/// What follows a state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Following {
    /// Whether no event-driven action is enabled.
    pub settled: bool,
    /// Every action that may fire with every allowed choice: its inputs, and the state afterwards.
    pub steps: Vec<(ActionId, Vec<i64>, Vec<i64>)>,
}

impl<'s> Successors<'s> {
    /// Compiles a system; an error if it breaks a rule.
    pub fn new(system: &'s System) -> Result<Self, String> {
        let machine = Machine::compile(system, &[], &|| false);
        let rule = |why| if let Uncompiled::Rule(rule) = why { rule } else { String::new() };
        Ok(Successors { machine: Machine { order: None, ..machine.map_err(rule)? } })
    }

    /// Everything that may follow a state.
    pub fn of(&self, state: &[i64]) -> Result<Following, String> {
        let packed = self.machine.layout.pack(state).ok_or("a value is out of its range")?;
        let mut stepper = Stepper::new(&self.machine);
        stepper.load(&packed);
        let mut following = Following { settled: stepper.schedule(), steps: Vec::new() };
        let mut pulse = Pulse::new(Budget::bound(0).start(), &Silent, 0);
        let outcome = stepper.fire_all(&mut pulse, &mut |fired, _| {
            following.steps.push((fired.action, fired.inputs(), self.machine.layout.values(fired.state)));
            Ok(())
        });
        match outcome {
            Ok(()) => Ok(following),
            Err(Halt::Unknown(reason)) => Err(format!("{reason:?}")),
            Err(other) => Err(format!("{other:?}")),
        }
    }
}
