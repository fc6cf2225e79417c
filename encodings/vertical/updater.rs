//! Evictions of pods that request something else than is recommended. A pass begins with one eviction; the others follow at
//! once, before anybody reacts.

use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Narrator, Scene, Sentence};
use crate::cluster::view::{Cluster, Leaving};
use crate::cluster::{Cell, Phase, TemplateId};
use crate::encodings::disruption::answer::{self, Evictee};
use crate::encodings::disruption::{self, budget};
use crate::encodings::ranks;
use crate::system::{ActionDraft, ActionKind, IntVar, State};
use crate::term::{Bool, Int};

use super::{Target, resize, restriction};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "vertical/updater",
    component: VerticalAutoscaler,
    upstream: [
        "vertical-pod-autoscaler/pkg/updater/logic/updater.go" => ["RunOnce", "getPodsUpdateOrder"],
        "vertical-pod-autoscaler/pkg/updater/priority/update_priority_calculator.go" => ["AddPod"],
        "vertical-pod-autoscaler/pkg/updater/priority/priority_processor.go" => ["GetUpdatePriority"],
    ],
    decides: "Which pods are evicted because they request something else than is recommended: through the eviction API, as \
        many in one pass as the restriction allows.",
    parts: [
        "pods that request something else" =>
            "over: any difference will do, where upstream wants one outside of the bounds of the recommendation, or of 10 % in a \
                pod that is 12 hours old",
        "the order of pods, by how far they are off" => "over: free",
        "PodDisruptionBudgets" => "exact: who is refused stays",
        "`InPlaceOrRecreate`: pods are evicted whose nodes have no room for what is recommended, or that cannot be resized" =>
            "over: after any time, where upstream waits for five minutes if there may be room later",
    ],
    omits: [
        "`evictionRequirements`, pods that were killed for want of memory (OOM)",
        "pods of DaemonSets, Jobs and other owners" => "verdicts say so",
    ],
};

/// Adds the evictions of one group of pods.
pub fn add(target: &Target<'_, '_>, left: IntVar) {
    for &template in target.group.own {
        for standing in [Standing::Ready, Standing::Unready, Standing::Starting] {
            let eviction = Eviction { target, template, standing };
            eviction.add(left, Stage::Begins);
            eviction.add(left, Stage::GoesOn);
        }
    }
}

/// How a pod stands, for the eviction API and for the restriction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Ready.
    Ready,
    /// It has started, and is not ready.
    Unready,
    /// It has yet to be ready, and may not have started.
    Starting,
}

/// Where in a pass an eviction is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Begins,
    GoesOn,
}

/// Evictions of a template's pods that stand alike.
struct Eviction<'t, 'a, 'c> {
    target: &'t Target<'a, 'c>,
    template: TemplateId,
    standing: Standing,
}

impl<'c> Eviction<'_, '_, 'c> {
    /// Adds it; a variable keeps how many more are left to the pass.
    fn add(&self, memory: IntVar, stage: Stage) {
        let (cluster, state) = (self.target.cluster, self.target.cluster.state());
        let ctx = cluster.ctx();
        let left = match stage {
            Stage::Begins => state.get(memory).eq(0).ite(restriction::allowed(self.target, &state), 0),
            Stage::GoesOn => state.get(memory),
        };
        let may_go = self.may_go(&state, left, stage);
        let guard = ctx.any(may_go.iter().copied());
        if guard.constant() == Some(false) {
            return;
        }
        let (input, chosen, valid) = cluster.choose_cell("node", &may_go);
        let mut next = state.clone();
        cluster.rewrite_one(&mut next, &chosen, |cell| {
            let one = |phase| self.one_of(cell, phase);
            cluster.change(cell).delete_of(self.template, one, Leaving::Evicted)
        });
        let remaining = if self.standing == Standing::Starting { left } else { left.minus_or_zero(1) };
        next.set(memory, some_remain(self.target, &next).ite(remaining, 0));
        let name = format!("vertical {} {} {}", self.target.vertical.key, self.verb(stage), self.name());
        let kind = match stage {
            Stage::Begins => ActionKind::Periodic,
            Stage::GoesOn => ActionKind::Event { rank: ranks::UNFINISHED },
        };
        let draft = ActionDraft::new(name, kind, guard, next)
            .choosing(vec![input], valid)
            .marked(cluster.eviction_marks(|other| ctx.bool(other == self.template)));
        cluster.act(&RULE, draft, self.narrator());
    }

    fn name(&self) -> &str {
        &self.target.cluster.templates[self.template.0].name
    }

    fn verb(&self, stage: Stage) -> &'static str {
        match (stage, self.standing) {
            (Stage::Begins, Standing::Ready) => "evicts",
            (Stage::Begins, Standing::Unready) => "evicts, not ready,",
            (Stage::Begins, Standing::Starting) => "evicts, starting,",
            (Stage::GoesOn, Standing::Ready) => "also evicts",
            (Stage::GoesOn, Standing::Unready) => "also evicts, not ready,",
            (Stage::GoesOn, Standing::Starting) => "also evicts, starting,",
        }
    }

    /// By cell: whether one of the pods may be evicted, of which so many are left to this pass.
    fn may_go(&self, state: &State<'c>, left: Int<'c>, stage: Stage) -> Vec<Bool<'c>> {
        let cluster = self.target.cluster;
        let is_allowed = match (self.standing, stage) {
            (Standing::Starting, Stage::Begins) => restriction::may_begin(self.target, state),
            _ => left.ge(1),
        };
        let goes = is_allowed & self.is_evictable(state);
        let here = |cell: &Cell<'c>| goes & cell.exists & self.is_on(cell) & self.has_to_go(cell);
        cluster.cells(state).iter().map(here).collect()
    }

    /// Whether its pods are outdated, and the API evicts them.
    fn is_evictable(&self, state: &State<'c>) -> Bool<'c> {
        let outdated = self.target.is_outdated(state, self.template);
        outdated & is_let_go(self.target.cluster, state, self.template, self.standing)
    }

    fn is_on(&self, cell: &Cell<'c>) -> Bool<'c> {
        let phases = [Phase::Starting, Phase::Unready, Phase::Running];
        self.target.cluster.ctx().any(phases.map(|phase| self.pods(cell, phase).ge(1)))
    }

    /// Whether nothing gentler would do.
    fn has_to_go(&self, cell: &Cell<'c>) -> Bool<'c> {
        !resize::is_possible(self.target, cell, self.template)
    }

    /// How many of them are in each phase on a node.
    fn pods(&self, cell: &Cell<'c>, phase: Phase) -> Int<'c> {
        let cluster = self.target.cluster;
        let pods = cluster.pods(cell, self.template, phase);
        match (phase, self.standing) {
            (Phase::Starting, Standing::Starting) | (Phase::Unready, Standing::Unready) => pods,
            (Phase::Running, Standing::Ready) => cluster.is_down(cell).ite(0, pods),
            (Phase::Running, Standing::Unready) => cluster.is_down(cell).ite(pods, 0),
            _ => cluster.ctx().int(0),
        }
    }

    /// Whether a pod in a phase is the one that goes: 0 or 1.
    fn one_of(&self, cell: &Cell<'c>, phase: Phase) -> Int<'c> {
        let here = self.pods(cell, phase).min(1);
        match phase {
            // Of those that are not ready, one on a node that is down goes only if no other one is there.
            Phase::Running => here.min(self.pods(cell, Phase::Unready).eq(0).to_int()),
            _ => here,
        }
    }

    fn narrator(&self) -> Narrator {
        let (actor, name) = (self.target.actor(), self.name().to_owned());
        let level = self.target.level(&self.target.cluster.state()).id();
        let levels = self.target.vertical.levels.clone();
        let is_budgeted = disruption::is_budgeted(self.target.cluster, self.template);
        let pod = match self.standing {
            Standing::Ready => "a pod",
            Standing::Unready => "a pod that is not ready",
            Standing::Starting => "a pod that has yet to be ready",
        };
        Box::new(move |scene: &Scene<'_>| {
            let text = format!("evicts {pod} of {name} from {}", scene.moved_names());
            let recommended = usize::try_from(scene.get(level) - 1).ok().and_then(|at| levels.get(at));
            let sentence = Sentence::new(actor.clone(), text).by(&restriction::RULE);
            let sentence = sentence.by_if(is_budgeted, &answer::RULE).by_if(is_budgeted, &budget::RULE);
            sentence.because(format!("{} is recommended", recommended.map_or("something else", String::as_str)))
        })
    }
}

/// What the API answers to the eviction of a pod; where a pod may not have started, the answer that lets it go.
fn is_let_go<'c>(cluster: &Cluster<'c>, state: &State<'c>, template: TemplateId, standing: Standing) -> Bool<'c> {
    let ctx = cluster.ctx();
    let budgets = disruption::budgets(cluster, template).map(|it| (it, budget::status(cluster, state, it)));
    let (runs, ready) = (ctx.bool(standing != Standing::Starting), ctx.bool(standing == Standing::Ready));
    answer::is_evicted(ctx, &budgets.collect::<Vec<_>>(), Evictee { runs, ready })
}

/// Whether a pass that goes on in a state finds another pod to evict.
fn some_remain<'c>(target: &Target<'_, 'c>, state: &State<'c>) -> Bool<'c> {
    let ctx = target.cluster.ctx();
    let left = ctx.int(1);
    let of = |template: TemplateId| {
        let standings = [Standing::Ready, Standing::Unready, Standing::Starting];
        standings
            .into_iter()
            .flat_map(move |standing| Eviction { target, template, standing }.may_go(state, left, Stage::GoesOn))
    };
    ctx.any(target.group.own.iter().flat_map(|&template| of(template)).collect::<Vec<_>>())
}
