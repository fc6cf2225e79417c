//! What becomes of pods for which one of several schedulers has chosen a node: they are bound, refused by the kubelet, or
//! forgotten.
//!
//! Part of the rules `scheduler/caches` and `kubelet/pods`.

use crate::cluster::view::Cluster;
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::{Cell, TemplateId};
use crate::encodings::{kubelet, ranks};
use crate::system::{ActionDraft, ActionKind, State};
use crate::term::{Bool, TermId};

use super::nominations::Change;
use super::{cache, fit, node_ports};

/// Adds it for the scheduled templates of schedulers with caches of their own.
pub fn add(cluster: &Cluster<'_>, scheduled: &[TemplateId]) {
    let state = cluster.state();
    let cells = cluster.listed(&state);
    for &template in scheduled.iter().filter(|&&template| cluster.is_apart(template)) {
        if cluster.is_stopped() {
            return;
        }
        let arrival = Arrival::of(cluster, &cells, template);
        arrival.add_binding();
        arrival.add_refusal();
        arrival.add_forgetting();
    }
}

/// Pods of a template that are on their way.
struct Arrival<'a, 'c> {
    cluster: &'a Cluster<'c>,
    cells: &'a [Cell<'c>],
    template: TemplateId,
    state: State<'c>,
    /// By cell: why a kubelet there refuses one of them, in its words.
    refusals: Vec<Vec<(Bool<'c>, String)>>,
}

impl<'a, 'c> Arrival<'a, 'c> {
    fn of(cluster: &'a Cluster<'c>, cells: &'a [Cell<'c>], template: TemplateId) -> Self {
        let rivals = node_ports::rivals(cluster, template);
        let refusals = cells.iter().map(|cell| refusals(cluster, cell, template, &rivals)).collect();
        Arrival { cluster, cells, template, state: cluster.state(), refusals }
    }

    fn name(&self) -> String {
        self.cluster.templates[self.template.0].name.clone()
    }

    /// By cell: whether one of them is on its way to one of its nodes and the kubelet there refuses it, or not.
    fn arriving(&self, is_refused: bool) -> Vec<Bool<'c>> {
        let (cluster, ctx) = (self.cluster, self.cluster.ctx());
        let waiting = self.state.get(cluster.pending[self.template.0]).ge(1);
        let waits = |cell: &Cell<'c>| match cluster.is_daemon(self.template) {
            true => cluster.waiting_on(cell, self.template).ge(1),
            false => waiting,
        };
        let on = |(cell, refusals): (&Cell<'c>, &Vec<(Bool<'c>, String)>)| {
            let refused = ctx.any(refusals.iter().map(|(applies, _)| *applies));
            let comes = cell.exists & cluster.assumed_on(cell, self.template).ge(1) & waits(cell);
            comes & if is_refused { refused & !cluster.is_down(cell) } else { !refused }
        };
        self.cells.iter().zip(&self.refusals).map(on).collect()
    }

    /// One of them waits no more.
    fn leaves_the_queue(&self, next: &mut State<'c>) {
        if !self.cluster.is_daemon(self.template) {
            let pending = self.cluster.pending[self.template.0];
            next.set(pending, self.state.get(pending).minus_or_zero(1));
        }
    }

    /// A pod is bound, and its kubelet admits it.
    fn add_binding(&self) {
        let (cluster, template) = (self.cluster, self.template);
        let allowed = self.arriving(false);
        let (node, chosen, valid) = cluster.choose_cell("node", &allowed);
        let mut next = self.state.clone();
        cluster.rewrite_one(&mut next, &chosen, |cell| cluster.change(cell).forget(template).land(template));
        self.leaves_the_queue(&mut next);
        let draft = self.event(format!("{} is bound", self.name()), &allowed, next).choosing(vec![node], valid);
        let (scheduler, name) = (cache::scheduler(cluster, template), self.name());
        let tell = move |scene: &Scene<'_>| {
            Sentence::new(scheduler.clone(), format!("binds a pod of {name} to {}", scene.moved_names()))
        };
        cluster.act(&cache::RULE, draft, Box::new(tell));
    }

    /// A pod is bound, and its kubelet refuses it: it has failed, and is none any more.
    fn add_refusal(&self) {
        let (cluster, template) = (self.cluster, self.template);
        let allowed = self.arriving(true);
        let (node, chosen, valid) = cluster.choose_cell("node", &allowed);
        let mut next = self.state.clone();
        let one = cluster.ctx().int(1);
        cluster.rewrite_one(&mut next, &chosen, |cell| {
            let change = cluster.change(cell).forget(template);
            if cluster.is_daemon(template) { change.withdraw(template, one) } else { change }
        });
        self.leaves_the_queue(&mut next);
        cluster.note_refusal(&mut next, template);
        let draft = self.event(format!("kubelet refuses {}", self.name()), &allowed, next).choosing(vec![node], valid);
        let (scheduler, name, reasons) = (cache::scheduler(cluster, template), self.name(), self.reasons(&chosen));
        let tell = move |scene: &Scene<'_>| {
            let reason = reasons.iter().find(|(applies, _)| scene.holds(*applies)).map_or("", |(_, text)| text);
            let text = format!("refuses a pod of {name} on {}, which has failed: {reason}", scene.moved_names());
            Sentence::new("kubelet", text)
                .because(format!(
                    "{scheduler} chose the node before it knew of the pods that have come to be there since"
                ))
                .by(&cache::RULE)
        };
        cluster.act(&kubelet::RULE, draft, Box::new(tell));
    }

    /// The reasons of all cells, each with when it is one of the chosen cell. A kubelet gives the first.
    fn reasons(&self, chosen: &[Bool<'c>]) -> Vec<(TermId, String)> {
        let of_cell = |(refusals, &chosen): (&Vec<(Bool<'c>, String)>, &Bool<'c>)| {
            let here = |(applies, text): &(Bool<'c>, String)| ((chosen & *applies).id(), text.clone());
            refusals.iter().map(here).collect::<Vec<(TermId, String)>>()
        };
        self.refusals.iter().zip(chosen).flat_map(of_cell).collect()
    }

    /// A choice comes to nothing: the pod, or the node, was deleted.
    fn add_forgetting(&self) {
        let (cluster, template) = (self.cluster, self.template);
        let assumed = |cell: &Cell<'c>| cluster.assumed_on(cell, template);
        let waiting = self.state.get(cluster.pending[template.0]);
        let is_deleted = waiting.lt(cluster.sum(&self.state, assumed));
        let in_vain = |cell: &Cell<'c>| match cluster.is_daemon(template) {
            true => cluster.waiting_on(cell, template).lt(assumed(cell)),
            false => is_deleted,
        };
        let cells = cluster.cells(&self.state);
        let forgotten = |cell: &Cell<'c>| cell.exists & assumed(cell).ge(1) & (in_vain(cell) | cluster.is_gone(cell));
        let allowed: Vec<Bool<'c>> = cells.iter().map(forgotten).collect();
        let (node, chosen, valid) = cluster.choose_cell("node", &allowed);
        let mut next = self.state.clone();
        cluster.rewrite_one(&mut next, &chosen, |cell| cluster.change(cell).forget(template));
        let draft = self.event(format!("{} is not bound", self.name()), &allowed, next).choosing(vec![node], valid);
        let (scheduler, name) = (cache::scheduler(cluster, template), self.name());
        let tell = move |scene: &Scene<'_>| {
            let text = format!("gives up {} for a pod of {name}", scene.moved_names());
            Sentence::new(scheduler.clone(), text).because("the pod or the node is there no more")
        };
        cluster.act(&cache::RULE, draft, Box::new(tell));
    }

    fn event(&self, name: String, allowed: &[Bool<'c>], next: State<'c>) -> ActionDraft<'c> {
        let guard = self.cluster.ctx().any(allowed.iter().copied());
        let kind = ActionKind::Event { rank: ranks::SCHEDULER };
        ActionDraft::new(name, kind, guard, next).seeing(cache::seen_of_others(self.cluster))
    }
}

/// Why a kubelet refuses a pod that is bound to its node: it asks what the scheduler's filters ask, of the pods that it has.
fn refusals<'c>(
    cluster: &Cluster<'c>,
    cell: &Cell<'c>,
    template: TemplateId,
    rivals: &[TemplateId],
) -> Vec<(Bool<'c>, String)> {
    let none = Change::default();
    let out_of = |message: &str| match message.strip_prefix("Insufficient ") {
        Some(resource) => format!("OutOf{resource}"),
        None => "OutOfpods".to_owned(),
    };
    let short = fit::refusal(cluster, cell, template, &none).reasons;
    let short = short.into_iter().map(|reason| (reason.applies, out_of(&reason.message)));
    let taken = node_ports::refusal(cluster, cell, rivals, &none);
    short.chain([(taken.refuses, node_ports::RULE.name().to_owned())]).collect()
}
