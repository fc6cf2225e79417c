//! The choices of a counterexample, as far as they make sense in other members of the family.

use crate::cluster::view::Parts;
use crate::system::replay::Replayed;
use crate::system::{System, Trace};
use crate::term::Range;

use super::effect::Effect;

/// A member's system, or the part of it that is looked at.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// The (sliced) system.
    pub system: &'a System,
    /// For each of its variables: its position in the member's whole system.
    pub kept: &'a [usize],
    /// Classes and cells of the member.
    pub parts: &'a Parts,
}

impl Side<'_> {
    /// The value of a variable of the whole system in a state of the part; 0 if the part does not have it.
    pub(super) fn value(&self, state: &[i64], whole: usize) -> i64 {
        self.kept.binary_search(&whole).map_or(0, |index| state[index])
    }

    /// Number of positions that variables of cells may have.
    pub(super) fn positions(&self) -> usize {
        use crate::cluster::counting::cells::Representation;
        let cells = (0..self.parts.classes.len()).flat_map(|class| match self.parts.cells.representation(class) {
            Representation::Individual(nodes) => nodes.iter().flatten().map(|var| var.index()).collect::<Vec<_>>(),
            Representation::Counted { multiplicity, .. } => multiplicity.iter().map(|var| var.index()).collect(),
        });
        cells.chain(self.kept.iter().copied()).max().map_or(0, |last| last + 1)
    }
}

/// One step, by what it is and does.
#[derive(Clone, Debug)]
pub struct Deed {
    /// The action's name.
    pub action: String,
    /// What it chose, by name, as a share of the range (0 to 1).
    pub inputs: Vec<(String, f64)>,
    /// What it changed.
    pub effect: Effect,
}

/// A counterexample as a guide through another member.
#[derive(Clone, Debug)]
pub struct Guide {
    /// Steps that are no reactions: their order is kept.
    pub slow: Vec<Deed>,
    /// Event-driven steps, each as often as it occurs: another member takes more or fewer of them.
    pub events: Vec<Deed>,
    /// Of a lasso: how many of the slow steps come before the loop.
    pub stem: Option<usize>,
}

impl Guide {
    /// The guide that a run of a member gives; `run` is what replaying `trace` on `side` gave.
    pub fn of(side: &Side<'_>, trace: &Trace, run: &Replayed) -> Self {
        let mut guide = Guide { slow: Vec::new(), events: Vec::new(), stem: None };
        let mut states = run.states.pairs();
        for (index, step) in trace.steps.iter().enumerate() {
            let Some((before, after)) = states.step() else { break };
            if trace.loop_start == Some(index) {
                guide.stem = Some(guide.slow.len());
            }
            let action = &side.system.actions[step.action];
            let names = action.inputs.iter().map(|&var| side.system.arena.variable(var));
            let inputs = names.zip(&step.inputs).map(|(it, &value)| (it.name.clone(), share(it.sort.range(), value)));
            let deed = Deed {
                action: action.name.clone(),
                inputs: inputs.collect(),
                effect: Effect::between(side, before, after),
            };
            if action.kind.is_event() { guide.events.push(deed) } else { guide.slow.push(deed) }
        }
        guide
    }

    /// The slow step to be taken after so many of them: those of the stem, then the loop's again and again.
    pub fn slow_step(&self, taken: usize) -> Option<&Deed> {
        match self.stem {
            Some(stem) if taken >= self.slow.len() && stem < self.slow.len() => {
                self.slow.get(stem + (taken - stem) % (self.slow.len() - stem))
            }
            _ => self.slow.get(taken),
        }
    }
}

/// Where a value lies within its range, from 0 (smallest) to 1 (largest).
pub(super) fn share(range: Range, value: i64) -> f64 {
    value.saturating_sub(range.lo) as f64 / (range.size().saturating_sub(1)).max(1) as f64
}
