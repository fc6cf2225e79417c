//! A system as text, for tests and debugging.

use std::fmt::Write;

use super::model::{ActionKind, PropertyKind, System};

impl System {
    /// Every part of the system, one declaration a line.
    pub fn show(&self) -> String {
        let mut out = String::new();
        for variable in &self.state {
            let start = variable.initial.map_or("any".to_owned(), |value| value.to_string());
            let _ = writeln!(out, "state {} : {}..{} = {start}", variable.name, variable.range.lo, variable.range.hi);
        }
        for action in &self.actions {
            let kind = match action.kind {
                ActionKind::Event { rank } => format!("event {rank}"),
                ActionKind::Periodic => "periodic".to_owned(),
                ActionKind::Environment => "environment".to_owned(),
            };
            let _ = writeln!(out, "action {} ({kind})", action.name);
            let _ = writeln!(out, "  when {}", self.arena.show(action.guard));
            let _ = writeln!(out, "  choose {}", self.arena.show(action.choice));
            for (index, term) in &action.updates {
                let _ = writeln!(out, "  {} := {}", self.state[*index].name, self.arena.show(*term));
            }
            for (mark, when) in &action.marks {
                let _ = writeln!(out, "  mark {} if {}", self.marks[mark.0 as usize], self.arena.show(*when));
            }
        }
        for property in &self.properties {
            let demand = match &property.kind {
                PropertyKind::Invariant { holds, at } => format!("always ({at:?}) {}", self.arena.show(*holds)),
                PropertyKind::NoLoop { any_of, none_of } => format!("no loop with {any_of:?} without {none_of:?}"),
                PropertyKind::Settles => "settles".to_owned(),
            };
            let _ = writeln!(out, "property {property}: {demand}");
        }
        out
    }
}
