//! Taint eviction in the model of a cluster, whose actions ask the same fates without a clock.
//!
//! Nodes that are down carry `unreachable` with NoExecute; where that is tolerated for ever, they may carry `not-ready` as
//! well. While every node is down they carry neither, see [`crate::encodings::node_lifecycle`].

use k8s_openapi::api::core::v1::Taint;

use crate::cluster::counting::reads::{Reader, Reads};
use crate::cluster::object::spec::ClusterSpec;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::view::{Cluster, Leaving, NodeView, effect};
use crate::cluster::{Cell, Phase, Template, TemplateId};
use crate::encodings::{node_lifecycle, paces, ranks};
use crate::system::{ActionDraft, ActionKind};
use crate::term::{Bool, Ctx, Int, VarId};

use super::admission::{NOT_READY, UNREACHABLE, admitted, no_execute};
use super::fate::{self, Fate, fate};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "taint-eviction/eviction",
    component: TaintEviction,
    upstream: [
        "pkg/controller/tainteviction/taint_eviction.go" => ["processPodOnNode"],
        "pkg/controller/tainteviction/timed_workers.go" => [],
    ],
    decides: "When pods that do not tolerate the NoExecute taints of their node for ever leave it: at once, or in \
        any later block.",
    parts: [
        "a limited toleration: the eviction may happen in any later block, or never if the taint goes first" =>
            "over; of several limited tolerations the time of each is free",
        "pods of one template on one node are evicted together" =>
            "out, but in `async`: that some go earlier than others",
    ],
    omits: [
        "evictions that fail and are tried again",
    ],
};

/// The fates of a template's pods on nodes of a class.
struct Fates<'c> {
    up: Fate<'c>,
    down: Fate<'c>,
}

/// A template and its fates, by node class.
struct Subject<'a, 'c> {
    cluster: &'a Cluster<'c>,
    template: TemplateId,
    fates: Vec<Fates<'c>>,
    /// Whether nodes that are down carry NoExecute taints.
    tainting: Bool<'c>,
}

/// What the controller reads of nodes: their taints.
pub const READER: Reader = Reader { name: "taint eviction", reads };

fn reads(_: &ClusterSpec, _: &[Template], reads: &mut Reads) {
    reads.taints();
}

/// Adds evictions at once and after a tolerated time.
pub fn add(cluster: &Cluster<'_>) {
    let tainting = node_lifecycle::taints_nodes(cluster);
    for index in 0..cluster.templates.len() {
        if cluster.is_stopped() {
            return;
        }
        let pod = &cluster.templates[index];
        let fates = cluster.classes().map(|class| fates(cluster.ctx(), pod, class)).collect();
        let subject = Subject { cluster, template: TemplateId(index), fates, tainting };
        subject.add_immediate();
        subject.add_delayed();
    }
}

fn fates<'c>(ctx: &'c Ctx, pod: &Template, class: NodeView<'_, 'c>) -> Fates<'c> {
    let tolerations = admitted(pod.tolerations());
    let with = |more: Option<&Taint>| {
        let taints: Vec<_> = class.taints().iter().chain(more).map(|taint| (taint, ctx.bool(true))).collect();
        fate(ctx, &tolerations, &taints)
    };
    let unreachable = with(Some(&no_execute(UNREACHABLE)));
    let not_ready = with(Some(&no_execute(NOT_READY)));
    let evicts = unreachable.untolerated | unreachable.limited;
    Fates { up: with(None), down: Fate::choose(evicts, &unreachable, &not_ready) }
}

impl<'c> Subject<'_, 'c> {
    fn on(&self, cell: &Cell<'c>) -> Fate<'c> {
        let Fates { up, down } = &self.fates[cell.class];
        Fate::choose(self.cluster.is_down(cell) & self.tainting, down, up)
    }

    fn name(&self) -> String {
        self.cluster.templates[self.template.0].name.clone()
    }

    fn holds(condition: Bool<'c>) -> bool {
        condition.constant() == Some(true)
    }

    /// Evicts from all nodes on which something is not tolerated.
    fn add_immediate(&self) {
        let (cluster, template) = (self.cluster, self.template);
        let (ctx, state) = (cluster.ctx(), cluster.state());
        let count = |cell: &Cell<'c>| self.on(cell).at_once().ite(cluster.active_on(cell, template), 0);
        let evicted = cluster.sum(&state, count);
        if evicted.constant() == Some(0) {
            return;
        }
        let mut next = state.clone();
        cluster.rewrite_all(&mut next, |cell| cluster.change(cell).delete(template, count(cell), Leaving::Evicted));
        let (name, why, some) = (self.name(), self.why_at_once(), evicted.ge(1));
        let draft = ActionDraft::new(
            format!("taint eviction of {name}"),
            ActionKind::Event { rank: ranks::TAINT_EVICTION },
            some,
            next,
        )
        .marked(cluster.eviction_marks(|other| if other == template { some } else { ctx.bool(false) }))
        .seeing([effect::bound(template), effect::deleted(template), effect::nodes()]);
        let evicted = evicted.id();
        let tell = move |scene: &Scene<'_>| {
            let text = format!("evicts {} pod(s) of {name} from {}", scene.get(evicted), scene.moved_names());
            Sentence::new("taint eviction", text).by(&fate::RULE).because(why.clone())
        };
        cluster.act(&RULE, draft, Box::new(tell));
    }

    fn why_at_once(&self) -> String {
        let by_class = self.cluster.classes().zip(&self.fates);
        let mut guilty = by_class
            .filter(|(_, fates)| Self::holds(fates.up.at_once()))
            .flat_map(|(class, _)| class.taints().iter().filter(|taint| taint.effect == "NoExecute"));
        let shown = guilty.next().map_or_else(
            || format!("{NOT_READY}:NoExecute"),
            |taint| format!("{}={}:NoExecute", taint.key, taint.value.as_deref().unwrap_or_default()),
        );
        format!("they do not tolerate the taint {shown}")
    }

    /// One node's pods are evicted when their tolerated time is over.
    fn add_delayed(&self) {
        let (cluster, template) = (self.cluster, self.template);
        let (ctx, state) = (cluster.ctx(), cluster.state());
        let cells = cluster.cells(&state);
        let is_due = |cell: &Cell<'c>| cell.exists & self.on(cell).later() & cluster.active_on(cell, template).ge(1);
        let due: Vec<Bool<'c>> = cells.iter().map(is_due).collect();
        let some = ctx.any(due.iter().copied());
        if some.constant() == Some(false) {
            return;
        }
        let (var, chosen, valid) = cluster.choose_cell("node", &due);
        let here = |phase| {
            let pods =
                chosen.iter().zip(&cells).map(|(chosen, cell)| chosen.ite(cluster.pods(cell, template, phase), 0));
            ctx.sum(pods)
        };
        let (inputs, choice, going) = self.some_of(here);
        let mut next = state.clone();
        let of = |phase| going.iter().find(|(known, _)| *known == phase).map_or(ctx.int(0), |(_, pods)| *pods);
        cluster.rewrite_one(&mut next, &chosen, |cell| cluster.change(cell).delete_of(template, of, Leaving::Evicted));
        let evicted = ctx.sum(going.iter().map(|(_, pods)| *pods));
        let (evicted, name, seconds) = (evicted.id(), self.name(), self.limit());
        let draft = ActionDraft::new(
            format!("taint eviction of {name} after its toleration"),
            ActionKind::Periodic,
            some,
            next,
        )
        .choosing(std::iter::once(var).chain(inputs).collect(), valid & choice)
        .marked(cluster.eviction_marks(|other| ctx.bool(other == template)))
        .paced(paces::timer(cluster, "eviction after a tolerated time", seconds));
        let tell = move |scene: &Scene<'_>| {
            let text = format!("evicts {} pod(s) of {name} from {}", scene.get(evicted), scene.moved_names());
            Sentence::new("taint eviction", text)
                .by(&fate::RULE)
                .because(format!("more than {seconds} s after the NoExecute taint (tolerationSeconds)"))
        };
        cluster.act(&RULE, draft, Box::new(tell));
    }

    /// Whose time is over, of pods on one node, by phase: of all that are `here`; where slow actions do not wait of some, for they need not
    /// have come together. The inputs that say so, their allowed values, and the numbers.
    fn some_of(&self, here: impl Fn(Phase) -> Int<'c>) -> (Vec<VarId>, Bool<'c>, Vec<(Phase, Int<'c>)>) {
        let (ctx, told) = (self.cluster.ctx(), &self.cluster.templates[self.template.0].phases);
        let named =
            [(Phase::Starting, "starting"), (Phase::Unready, "not ready any more"), (Phase::Running, "running")];
        let phases = named.into_iter().filter(|(phase, _)| *phase != Phase::Unready || told.contains(phase));
        if self.cluster.spec.scenario.interleaving.waits() {
            return (Vec::new(), ctx.bool(true), phases.map(|(phase, _)| (phase, here(phase))).collect());
        }
        let (mut inputs, mut choice, mut some) = (Vec::new(), ctx.bool(true), Vec::new());
        for (phase, name) in phases {
            let here = here(phase);
            let (input, pods) = self.cluster.input(name, 0, here.range().hi);
            inputs.push(input);
            choice = choice & pods.le(here);
            some.push((phase, pods));
        }
        let any = ctx.sum(some.iter().map(|(_, pods)| *pods)).ge(1);
        (inputs, choice & any, some)
    }

    /// A limit to tell of: that on nodes that are down, if there is one.
    fn limit(&self) -> i64 {
        let fates = self.fates.iter().map(|fates| &fates.down).chain(self.fates.iter().map(|fates| &fates.up));
        fates.filter(|fate| Self::holds(fate.later())).find_map(|fate| fate.seconds.constant()).unwrap_or_default()
    }
}
