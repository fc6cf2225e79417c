//! The queue of timed evictions: what a look at a pod does to its entry.
//!
//! An entry keeps its time when taints or tolerations change later, be it to shorter limits or to longer ones. It goes
//! when nothing is left to wait for, or when something is not tolerated, which evicts at once. Only an entry made at
//! the very same instant is made anew.

use crate::cluster::view::rule::{Rule, rule};
use crate::encodings::clocked::clock::SECOND;
use crate::term::{Bool, Ctx, Int};

use crate::encodings::taint_eviction::Fate;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "clocked/deadline",
    component: Clocked,
    upstream: [
        "pkg/controller/tainteviction/taint_eviction.go" => ["processPodOnNode"],
        "pkg/controller/tainteviction/timed_workers.go" => ["AddWork", "CancelWork"],
    ],
    decides: "What a look at a pod does to its entry in the queue of timed evictions: keep it, make it, or remove it.",
    parts: [
        "taint eviction: the queue of timed evictions" => "exact, to the moment",
    ],
};

/// A pod's entry in the queue.
#[derive(Clone, Copy, Debug)]
pub struct Deadline<'c> {
    /// Whether there is one.
    pub scheduled: Bool<'c>,
    /// When it was made; 0 if there is none.
    pub since: Int<'c>,
    /// When it evicts; 0 if there is none.
    pub due: Int<'c>,
}

/// What a look at a pod leads to.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'c> {
    /// The pod is evicted now.
    pub evict: Bool<'c>,
    /// Its entry afterwards.
    pub deadline: Deadline<'c>,
}

impl<'c> Deadline<'c> {
    /// No entry.
    pub fn none(ctx: &'c Ctx) -> Self {
        Deadline { scheduled: ctx.bool(false), since: ctx.int(0), due: ctx.int(0) }
    }

    /// Whether its time has come.
    pub fn is_due(&self, now: Int<'c>) -> Bool<'c> {
        self.scheduled & self.due.le(now)
    }
}

/// Looks at a pod: after its node's taints changed, after its own tolerations changed, or when it is new.
pub fn reconcile<'c>(fate: &Fate<'c>, before: &Deadline<'c>, now: Int<'c>) -> Decision<'c> {
    let kept = before.scheduled & fate.limited & before.since.lt(now);
    let starts = fate.limited & !kept;
    let evict = fate.untolerated | (starts & fate.seconds.eq(0));
    let scheduled = kept | (starts & !evict);
    let deadline = Deadline {
        scheduled,
        since: scheduled.ite(kept.ite(before.since, now), 0),
        due: scheduled.ite(kept.ite(before.due, now + fate.seconds * SECOND), 0),
    };
    Decision { evict, deadline }
}
