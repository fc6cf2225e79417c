//! Observers: event-driven actions that come last, write variables that no controller reads, and show in no story.

use crate::cluster::view::Cluster;
use crate::system::{ActionDraft, ActionKind, Effect, State};
use crate::term::Bool;

/// Rank of observers: after every controller.
pub const OBSERVER_RANK: u32 = 100;
/// Names of observers begin with this; stories leave them out.
pub const OBSERVER_PREFIX: &str = "observer ";

/// Adds an observer, which sees these changes of pods and nodes.
pub(super) fn observe<'c>(cluster: &Cluster<'c>, what: String, guard: Bool<'c>, next: State<'c>, seen: Vec<Effect>) {
    let kind = ActionKind::Event { rank: OBSERVER_RANK };
    cluster.observe(ActionDraft::new(format!("{OBSERVER_PREFIX}{what}"), kind, guard, next).seeing(seen));
}
