//! A pod and its entry in the queue of timed evictions, as state variables.
//!
//! Part of the rule `clocked/deadline`.

use k8s_openapi::api::core::v1::Toleration;

use crate::encodings::clocked::clock::{Clock, SECOND};
use crate::system::{ActionDraft, ActionId, ActionKind, BoolVar, Builder, IntVar, State};
use crate::term::{Bool, Int};

use super::deadline::{Deadline, Decision, reconcile};
use crate::encodings::taint_eviction::fate::Fate;

/// State variables of a pod on a node.
#[derive(Clone, Debug)]
pub struct TimedPod {
    name: String,
    exists: BoolVar,
    evicted: BoolVar,
    scheduled: BoolVar,
    since: IntVar,
    due: IntVar,
}

impl TimedPod {
    /// Declares a pod whose tolerations are among `tolerations`.
    pub fn declare<'a>(
        builder: &Builder<'_>,
        clock: &Clock,
        name: &str,
        exists: bool,
        tolerations: impl IntoIterator<Item = &'a Toleration>,
    ) -> Self {
        let longest = tolerations.into_iter().filter_map(|toleration| toleration.toleration_seconds).max();
        let latest = clock.horizon() + longest.unwrap_or(0).max(0) * SECOND;
        TimedPod {
            name: name.to_owned(),
            exists: builder.bool(format!("{name} exists"), Some(exists)),
            evicted: builder.bool(format!("{name} was evicted"), Some(false)),
            scheduled: builder.bool(format!("{name} is to be evicted"), Some(false)),
            since: builder.int(format!("{name} scheduled at"), 0, clock.horizon(), Some(0)),
            due: builder.int(format!("{name} due at"), 0, latest, Some(0)),
        }
    }

    /// The variable that says whether the pod exists.
    pub fn existence(&self) -> BoolVar {
        self.exists
    }

    /// The variable that says whether the pod was evicted.
    pub fn eviction(&self) -> BoolVar {
        self.evicted
    }

    /// The pod's entry in the queue.
    pub fn deadline<'c>(&self, state: &State<'c>) -> Deadline<'c> {
        Deadline { scheduled: state.is(self.scheduled), since: state.get(self.since), due: state.get(self.due) }
    }

    /// When the pod's entry evicts, if there is one in a state with these values.
    pub fn due_in(&self, values: &[i64]) -> Option<i64> {
        (values[self.scheduled.index()] != 0).then(|| values[self.due.index()])
    }

    /// The taints of its node changed.
    pub fn node_updated<'c>(&self, next: &mut State<'c>, fate: &Fate<'c>, now: Int<'c>) {
        self.look(next, fate, now, next.is(self.exists));
    }

    /// Its tolerations changed, or it is new. The controller has nothing to do unless it knows of taints on the node.
    pub fn pod_updated<'c>(&self, next: &mut State<'c>, fate: &Fate<'c>, now: Int<'c>) {
        self.look(next, fate, now, next.is(self.exists) & fate.tainted);
    }

    fn look<'c>(&self, next: &mut State<'c>, fate: &Fate<'c>, now: Int<'c>, when: Bool<'c>) {
        let before = self.deadline(next);
        let Decision { evict, deadline } = reconcile(fate, &before, now);
        next.set_bool(self.exists, next.is(self.exists) & !(when & evict));
        next.set_bool(self.evicted, next.is(self.evicted) | (when & evict));
        next.set_bool(self.scheduled, when.ite_bool(deadline.scheduled, before.scheduled));
        next.set(self.since, when.ite(deadline.since, before.since));
        next.set(self.due, when.ite(deadline.due, before.due));
    }

    /// The eviction that the queue held back.
    pub fn add_expiry(&self, builder: &Builder<'_>, clock: &Clock) -> ActionId {
        let (ctx, state) = (builder.ctx(), builder.state());
        let none = Deadline::none(ctx);
        let mut next = state.clone();
        next.set_bool(self.exists, ctx.bool(false));
        next.set_bool(self.evicted, ctx.bool(true));
        next.set_bool(self.scheduled, none.scheduled);
        next.set(self.since, none.since);
        next.set(self.due, none.due);
        builder.action(ActionDraft::new(
            format!("taint eviction of {} after its toleration", self.name),
            ActionKind::Periodic,
            state.is(self.exists) & self.deadline(&state).is_due(clock.now(&state)),
            next,
        ))
    }

    /// Whether the pod is to be evicted before `moment`.
    pub fn is_due_before<'c>(&self, state: &State<'c>, moment: Int<'c>) -> Bool<'c> {
        state.is(self.scheduled) & state.get(self.due).lt(moment)
    }
}
