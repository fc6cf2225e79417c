//! What makes a state of a machine bad.
//!
//! An invariant is broken in a state in which it is asked and does not hold. A loop is broken where it closes: at a step that
//! an input chooses, the monitor saves the state, and from then on it keeps in mind what steps carry; when the saved state
//! comes back, the steps between are a loop. A state that comes back is the same in all variables, so that the loop
//! can be gone round for ever: liveness has become safety.
//!
//! Reference: Biere, Artho and Schuppan, "Liveness checking as safety checking", FMICS 2002.

use crate::engine::Watch;
use crate::system::PropertyId;
use crate::system::model::{ActionKind, Checkpoint, MarkSet, PropertyKind};
use crate::term::{Sort, TermId};

use super::machine::{Assembly, Step};
use super::{ExportError, go_on};

/// The part of the monitor that all loops share.
struct Saving {
    /// Register: whether a state was saved.
    saved: usize,
    /// Whether it is saved in this step.
    saves: TermId,
    /// Whether the saved state is there again.
    returned: TermId,
}

/// Whether some property is broken; `begun` tells whether the run has a start. Registers of the system have their next
/// values already.
pub(super) fn broken(
    assembly: &mut Assembly<'_>,
    properties: &[PropertyId],
    steps: &[Step<'_>],
    begun: TermId,
    watch: &Watch,
) -> Result<TermId, ExportError> {
    let system = assembly.system;
    let mut saving = None;
    let mut broken = Vec::new();
    for (number, &id) in properties.iter().enumerate() {
        go_on(watch, number)?;
        broken.push(match system.property(id).kind {
            PropertyKind::Invariant { holds, at } => broken_at(assembly, holds, at),
            ref kind => {
                let saving = saving.get_or_insert_with(|| Saving::of(assembly, begun));
                let (counted, excused) = carried(assembly, kind, steps);
                saving.closes(assembly, number, counted, excused)
            }
        });
    }
    Ok(assembly.any(broken))
}

/// Where an invariant is asked and does not hold.
fn broken_at(assembly: &mut Assembly<'_>, holds: TermId, at: Checkpoint) -> TermId {
    let broken = assembly.arena.not(holds);
    if at == Checkpoint::Every {
        return broken;
    }
    let events = assembly.system.actions.iter().filter(|action| action.kind.is_event());
    let guards: Vec<TermId> = events.map(|action| action.guard).collect();
    let busy = assembly.any(guards);
    let settled = assembly.arena.not(busy);
    assembly.arena.and(settled, broken)
}

/// For a forbidden loop: whether this step makes a loop one that counts, and whether it makes it one that is excused.
fn carried(assembly: &mut Assembly<'_>, kind: &PropertyKind, steps: &[Step<'_>]) -> (TermId, TermId) {
    match *kind {
        PropertyKind::NoLoop { any_of, none_of } => (carry(assembly, any_of, steps), carry(assembly, none_of, steps)),
        _ => {
            let is_slow = |step: &&Step<'_>| !matches!(step.action.kind, ActionKind::Event { .. });
            let slow: Vec<TermId> = steps.iter().filter(is_slow).map(|step| step.fires).collect();
            (assembly.any(steps.iter().map(|step| step.fires)), assembly.any(slow))
        }
    }
}

/// Whether this step carries one of some marks.
fn carry(assembly: &mut Assembly<'_>, marks: MarkSet, steps: &[Step<'_>]) -> TermId {
    let mut any = assembly.arena.bool(false);
    for step in steps {
        for &(_, when) in step.action.marks.iter().filter(|(mark, _)| marks.contains(*mark)) {
            let when = assembly.resolved(when);
            let carries = assembly.arena.and(step.fires, when);
            any = assembly.arena.or(any, carries);
        }
    }
    any
}

impl Saving {
    fn of(assembly: &mut Assembly<'_>, begun: TermId) -> Self {
        let count = assembly.system.state.len();
        let wanted = assembly.flag("monitor.save");
        let wanted = assembly.arena.and(wanted, begun);
        let saved = assembly.register_of("monitor.saved", Sort::Bool, 0);
        let is_saved = assembly.value(saved);
        let is_open = assembly.arena.not(is_saved);
        let saves = assembly.arena.and(wanted, is_open);
        assembly.registers[saved].next = assembly.arena.or(is_saved, wanted);
        let mut returned = is_saved;
        for position in 0..count {
            let variable = &assembly.system.state[position];
            let sort = assembly.arena.variable(variable.var).sort;
            let copy = assembly.register_of(&format!("monitor.saved.{}", variable.name), sort, sort.range().lo);
            let (now, kept) = (assembly.value(position), assembly.value(copy));
            assembly.registers[copy].next = assembly.arena.ite(saves, now, kept);
            let same = assembly.arena.same(now, kept);
            returned = assembly.arena.and(returned, same);
        }
        Saving { saved, saves, returned }
    }

    /// Whether a loop closes that counts and is not excused.
    fn closes(&self, assembly: &mut Assembly<'_>, number: usize, counted: TermId, excused: TermId) -> TermId {
        let counts = self.remember(assembly, &format!("monitor.counts.{number}"), counted);
        let excuses = self.remember(assembly, &format!("monitor.excused.{number}"), excused);
        let forbidden = assembly.arena.not(excuses);
        let forbidden = assembly.arena.and(counts, forbidden);
        assembly.arena.and(self.returned, forbidden)
    }

    /// Whether something happened since the state was saved.
    fn remember(&self, assembly: &mut Assembly<'_>, name: &str, happens: TermId) -> TermId {
        let register = assembly.register_of(name, Sort::Bool, 0);
        let (happened, saved) = (assembly.value(register), assembly.value(self.saved));
        let since = assembly.arena.or(saved, self.saves);
        let now = assembly.arena.and(since, happens);
        assembly.registers[register].next = assembly.arena.or(happened, now);
        happened
    }
}
