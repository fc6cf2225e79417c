//! Pods that preempted and wait for their victims: each is nominated to a node, which keeps the room for it.
//!
//! Part of the rule `scheduler/DefaultPreemption`.
//!
//! Once it fits there, it is bound to that node, without a look at others. If it fits elsewhere before, or does not fit
//! although no victim is left, the nomination is void, and the pod waits like others. Where victims take no time to go,
//! there are no nominations.

use crate::cluster::view::Cluster;
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::{Cell, Phase, TemplateId};
use crate::encodings::ranks;
use crate::system::{ActionDraft, ActionKind, State};
use crate::term::Bool;

use super::super::cache::Sights;
use super::super::filters::Filters;
use super::super::{Cycle, cache, company, nominations};
use super::{RULE, lower};

/// Adds what becomes of nominated pods of the scheduled templates.
pub fn add<'c>(cluster: &Cluster<'c>, sights: &Sights<'c>, scheduled: &[TemplateId], cycles: &[Cycle<'c>]) {
    for (&template, cycle) in scheduled.iter().zip(cycles) {
        if cluster.may_be_nominated(template) && !cluster.is_stopped() {
            let cells = sights.by(cluster, template);
            let filters = Filters::new(cluster, cells, template);
            let fits = (0..cells.len()).map(|cell| filters.verdict_of_nominated(cell).passes()).collect();
            let nominee = Nominee { cluster, cells, template, fits };
            nominee.add_binding();
            nominee.add_dismissal(cluster.ctx().any(cycle.verdicts.iter().map(|verdict| verdict.passes())));
        }
    }
}

/// The nominated pods of a template.
struct Nominee<'a, 'c> {
    cluster: &'a Cluster<'c>,
    cells: &'a [Cell<'c>],
    template: TemplateId,
    /// By cell: whether a pod that is nominated to one of its nodes fits there.
    fits: Vec<Bool<'c>>,
}

impl<'c> Nominee<'_, 'c> {
    fn event(&self) -> ActionKind {
        ActionKind::Event { rank: ranks::SCHEDULER }
    }

    fn name(&self) -> String {
        self.cluster.templates[self.template.0].name.clone()
    }

    fn is_nominated(&self, cell: &Cell<'c>) -> Bool<'c> {
        cell.exists & self.cluster.nominated_on(cell, self.template).ge(1)
    }

    /// A pod gets the node that it is nominated to.
    fn add_binding(&self) {
        let (cluster, ctx, state) = (self.cluster, self.cluster.ctx(), self.cluster.state());
        let (waiting, is_daemon) = (state.get(cluster.pending[self.template.0]), cluster.is_daemon(self.template));
        let waits = |cell: &Cell<'c>| {
            if is_daemon { cluster.waiting_on(cell, self.template).ge(1) } else { waiting.ge(1) }
        };
        let may = !company::crowds_out(cluster, &state, self.template);
        let allowed = self.cells.iter().zip(&self.fits);
        let allowed = allowed.map(|(cell, &fits)| waits(cell) & may & self.is_nominated(cell) & fits);
        let allowed: Vec<Bool<'c>> = allowed.collect();
        let (var, chosen, valid) = cluster.choose_cell("node", &allowed);
        let mut next = state.clone();
        let one = ctx.int(1);
        cluster.rewrite_one(&mut next, &chosen, |cell| {
            cluster.change(cell).place(self.template).dismiss(self.template, one)
        });
        if !is_daemon && !cluster.is_apart(self.template) {
            next.set(cluster.pending[self.template.0], waiting.minus_or_zero(one));
        }
        let (name, scheduler) = (self.name(), cache::scheduler(cluster, self.template));
        let draft = ActionDraft::new(
            format!("kube-scheduler binds {name} where it is nominated"),
            self.event(),
            ctx.any(allowed),
            next,
        )
        .choosing(vec![var], valid);
        let tell = move |scene: &Scene<'_>| {
            let text = format!("binds a pod of {name} to {}", scene.moved_names());
            let why = "it is nominated to the node, and its victims have made room";
            Sentence::new(&scheduler, text).by(&nominations::RULE).because(why)
        };
        cluster.act(&RULE, draft, Box::new(tell));
    }

    /// A nomination that leads to nothing, or whose pod is gone, is taken back; `elsewhere` says whether some node fits.
    fn add_dismissal(&self, elsewhere: Bool<'c>) {
        let (cluster, ctx, state) = (self.cluster, self.cluster.ctx(), self.cluster.state());
        let nominated = cluster.sum(&state, |cell| cluster.nominated_on(cell, self.template));
        let is_gone = state.get(cluster.pending[self.template.0]).lt(nominated);
        let is_void = |(cell, &fits): (&Cell<'c>, &Bool<'c>)| {
            let vain = |elsewhere: Bool<'c>| !fits & (elsewhere | !self.waits_on(cell));
            let is_void = match cluster.is_daemon(self.template) {
                true => {
                    let waiting = cluster.waiting_on(cell, self.template);
                    waiting.lt(cluster.nominated_on(cell, self.template)) | vain(ctx.bool(false))
                }
                false => is_gone | vain(elsewhere),
            };
            self.is_nominated(cell) & is_void
        };
        let allowed: Vec<Bool<'c>> = self.cells.iter().zip(&self.fits).map(is_void).collect();
        let (var, chosen, valid) = cluster.choose_cell("node", &allowed);
        let mut next: State<'c> = state.clone();
        cluster.rewrite_one(&mut next, &chosen, |cell| cluster.change(cell).dismiss(self.template, ctx.int(1)));
        let (name, scheduler) = (self.name(), cache::scheduler(cluster, self.template));
        let draft = ActionDraft::new(
            format!("kube-scheduler gives up a nomination of {name}"),
            self.event(),
            ctx.any(allowed),
            next,
        )
        .choosing(vec![var], valid);
        let tell = move |scene: &Scene<'_>| {
            let text = format!("no longer keeps room for a pod of {name} on {}", scene.moved_names());
            Sentence::new(&scheduler, text).by(&nominations::RULE)
        };
        cluster.act(&RULE, draft, Box::new(tell));
    }

    /// Whether victims are still leaving a node.
    fn waits_on(&self, cell: &Cell<'c>) -> Bool<'c> {
        let victims = lower(self.cluster, self.template);
        self.cluster.ctx().any(victims.map(|victim| self.cluster.pods(cell, victim, Phase::Terminating).ge(1)))
    }
}
