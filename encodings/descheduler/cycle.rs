//! One descheduling cycle.
//!
//! All deschedule plugins of all profiles run first, in the order listed, then all balance plugins. Limits are counted
//! over the whole cycle and asked in the order total, node, namespace; only accepted evictions count. With fewer than two
//! nodes in play nothing happens.

use k8s_openapi::api::core::v1::Pod;

use crate::cluster::object::spec::{CacheView, DeschedulerPolicy, EnabledPlugin};
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Narrator, Scene, Sentence};
use crate::cluster::view::{Change, Cluster, Leaving};
use crate::cluster::{Cell, TemplateId};
use crate::encodings::{paces, ranks};
use crate::system::{ActionDraft, ActionKind, MarkId, State};
use crate::term::{Bool, Int, TermId, VarId};

use super::api_server;
use super::evictor::{self, protection};
use super::memory::Memory;
use super::sight::Sight;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "descheduler/cycle",
    component: Descheduler,
    upstream: [
        "pkg/descheduler/descheduler.go" => ["runProfiles"],
        "pkg/descheduler/evictions/evictions.go" => ["EvictPod", "evictPod"],
    ],
    decides: "When a cycle begins and ends, in which order its plugins act, and which evictions the limits of cycle, \
        node and namespace allow.",
    parts: [
        "limits per cycle, node and namespace; what each of them ends" => "exact",
        "what the cache shows of evictions of the same cycle" =>
            "that they stay visible until the cycle ends, and may be evicted again by another plugin; that they \
                vanish at once is a setting of the model that policies cannot express",
    ],
    omits: [
        "refusals of the API server" =>
            "no budget is asked, every eviction that passes the descheduler's own limits succeeds",
        "evictions in background, grace periods, dry runs",
        "other plugins",
    ],
};

/// One stage of a cycle: a plugin, or a part of one.
pub struct Stage<'a, 'c> {
    /// The cluster.
    pub cluster: &'a Cluster<'c>,
    /// The policy.
    pub policy: &'c DeschedulerPolicy,
    /// What the cycle remembers.
    pub memory: &'a Memory,
    /// The plugin and its evictor.
    pub enabled: &'c EnabledPlugin,
    /// One pod of each template.
    pub pods: &'a [Pod],
    /// Its number, from 1.
    pub number: usize,
    /// The rule of the plugin.
    pub rule: &'static Rule,
    /// For the names of its actions.
    pub name: &'static str,
}

/// A step of a stage; see [`Stage::act`].
pub struct Step<'c> {
    /// What is added to the stage's name.
    pub name: &'static str,
    /// When it may be taken, the stage being under way.
    pub guard: Bool<'c>,
    /// Its inputs.
    pub inputs: Vec<VarId>,
    /// Which inputs are allowed.
    pub choice: Bool<'c>,
    /// The state afterwards.
    pub next: State<'c>,
    /// Evictions that it marks.
    pub marks: Vec<(MarkId, Bool<'c>)>,
    /// What it tells.
    pub tell: Narrator,
}

/// What became of an attempt to evict a pod.
pub struct Attempt<'c> {
    /// The pod goes.
    pub accepted: Bool<'c>,
    /// The limit of the cycle refuses it: the plugin ends.
    pub total: Bool<'c>,
    /// The limit of the node refuses it.
    pub node: Bool<'c>,
}

/// A pod that may be the one to go: its node, its template, and whether it is.
pub type Candidate<'c> = (usize, TemplateId, Bool<'c>);

impl<'a, 'c> Stage<'a, 'c> {
    /// What the stage sees in a state.
    pub fn sight(&self, state: &State<'c>) -> Sight<'a, 'c> {
        Sight {
            cluster: self.cluster,
            policy: self.policy,
            enabled: self.enabled,
            pods: self.pods,
            memory: Some(self.memory),
            cells: self.cluster.cells(state),
            state: state.clone(),
        }
    }

    /// Whether the stage is under way.
    pub fn is_on(&self, state: &State<'c>) -> Bool<'c> {
        state.get(self.memory.stage).eq(self.number as i64) & !is_merging(self.memory, state, self.cluster)
    }

    /// Goes on to the next stage where `when` holds.
    pub fn finish(&self, next: &mut State<'c>, when: Bool<'c>) {
        let mut finished = next.clone();
        self.memory.forget_stage(self.cluster, &mut finished);
        finished.set(self.memory.stage, self.cluster.ctx().int(self.number as i64 + 1));
        next.replace_if(when, &finished);
    }

    /// Adds a step, which is taken at once while the stage is under way.
    pub fn act(&self, step: Step<'c>) {
        let draft = ActionDraft::new(
            format!("descheduler {} {}", self.name, step.name),
            ActionKind::Event { rank: ranks::UNFINISHED },
            self.is_on(&self.cluster.state()) & step.guard,
            step.next,
        )
        .choosing(step.inputs, step.choice)
        .marked(step.marks);
        self.cluster.act(self.rule, draft, step.tell);
    }

    /// Adds a step that only ends the stage when `guard` holds.
    pub fn act_finish(&self, guard: Bool<'c>) {
        let ctx = self.cluster.ctx();
        let mut next = self.cluster.state();
        self.finish(&mut next, ctx.bool(true));
        let (inputs, marks) = Default::default();
        let tell: Narrator = Box::new(|_: &Scene<'_>| Sentence::default());
        self.act(Step { name: "ends", guard, inputs, choice: ctx.bool(true), next, marks, tell });
    }

    /// Tries to evict one pod of the one candidate that is true, and counts it if that succeeds. A pod that this cycle
    /// has evicted before counts again; `evicted` stays within what there is.
    pub fn attempt(&self, next: &mut State<'c>, candidates: &[Candidate<'c>]) -> Attempt<'c> {
        let attempt = self.ask(next, candidates, false);
        self.count_pods(next, candidates, attempt.accepted);
        attempt
    }

    /// Tries to evict once more the one candidate that is true, a pod that this stage has evicted. As long as it is
    /// there the eviction succeeds again and counts against limits; a pod that has vanished is not found.
    pub fn attempt_again(&self, next: &mut State<'c>, candidates: &[Candidate<'c>]) -> Attempt<'c> {
        self.ask(next, candidates, is_live(self.policy))
    }

    fn ask(&self, next: &mut State<'c>, candidates: &[Candidate<'c>], is_gone: bool) -> Attempt<'c> {
        let ctx = self.cluster.ctx();
        let of = |wanted: &dyn Fn(&Candidate<'c>) -> bool| {
            ctx.any(candidates.iter().filter(|it| wanted(it)).map(|&(_, _, chosen)| chosen))
        };
        let some = of(&|_| true);
        let reached = |var, most: Option<i64>| next.get(var).ge(most.unwrap_or(i64::MAX));
        let total = self.memory.total.map_or(ctx.bool(false), |var| some & reached(var, self.policy.max_total));
        let by_node = self.memory.per_node.iter().enumerate();
        let node = by_node.map(|(at, &var)| of(&|it| it.0 == at) & reached(var, self.policy.max_per_node));
        let node = ctx.any(node) & !total;
        let namespace = |id: TemplateId| &self.cluster.templates[id.0].namespace;
        let by_namespace = self.memory.per_namespace.iter();
        let namespaces = by_namespace
            .map(|(name, &var)| of(&|it| namespace(it.1) == name) & reached(var, self.policy.max_per_namespace));
        let refused = ctx.any(namespaces) | of(&|it| api_server::refuses(self.cluster, self.policy, it.1));
        let accepted = some & !total & !node & !refused & ctx.bool(!is_gone);
        self.count(next, candidates, accepted);
        Attempt { accepted, total, node }
    }

    fn count_pods(&self, next: &mut State<'c>, candidates: &[Candidate<'c>], accepted: Bool<'c>) {
        let memory = self.memory;
        let cells = self.cluster.cells(next);
        for &(at, id, chosen) in candidates {
            let held = self.cluster.holding_on(&cells[at], id);
            let evicted = memory.evicted(at, id).filter(|_| memory.merging.is_none());
            let vars = [evicted, memory.taken(at, id).filter(|_| memory.stages > 1)];
            for var in vars.into_iter().flatten() {
                next.set(var, (next.get(var) + (chosen & accepted).to_int()).min(held));
            }
        }
    }

    fn count(&self, next: &mut State<'c>, candidates: &[Candidate<'c>], accepted: Bool<'c>) {
        let memory = self.memory;
        let mut add = |var, when: Bool<'c>, most: Option<i64>| {
            let value = (next.get(var) + when.to_int()).min(most.unwrap_or(i64::MAX));
            next.set(var, value);
        };
        let ctx = self.cluster.ctx();
        let of = |wanted: &dyn Fn(&Candidate<'c>) -> bool| {
            ctx.any(candidates.iter().filter(|it| wanted(it)).map(|&(_, _, chosen)| chosen)) & accepted
        };
        if let Some(var) = memory.total {
            add(var, accepted, self.policy.max_total);
        }
        for (at, &var) in memory.per_node.iter().enumerate() {
            add(var, of(&|it| it.0 == at), self.policy.max_per_node);
        }
        for (name, &var) in &memory.per_namespace {
            let here = of(&|it| self.cluster.templates[it.1.0].namespace == *name);
            add(var, here, self.policy.max_per_namespace);
        }
    }

    /// Marks of an eviction, and its sentence.
    pub fn eviction(&self, candidates: &[Candidate<'c>], accepted: Bool<'c>) -> (Vec<(MarkId, Bool<'c>)>, Narrator) {
        let ctx = self.cluster.ctx();
        let marks = self.cluster.eviction_marks(|template| {
            ctx.any(candidates.iter().filter(|it| it.1 == template).map(|&(_, _, chosen)| chosen & accepted))
        });
        let cells = self.cluster.cells(&self.cluster.state());
        let lines: Vec<(TermId, String, String)> = candidates
            .iter()
            .map(|&(at, id, chosen)| {
                let node = self.cluster.node(&cells[at]).title(cells[at].slot).to_owned();
                (chosen.id(), self.cluster.templates[id.0].name.clone(), node)
            })
            .collect();
        let (accepted, plugin) = (accepted.id(), self.name);
        let fits = self.enabled.evictor.node_fit;
        let tell: Narrator = Box::new(move |scene: &Scene<'_>| {
            let chosen = lines.iter().find(|(chosen, ..)| scene.holds(*chosen));
            match chosen.filter(|_| scene.holds(accepted)) {
                Some((_, pod, node)) => {
                    let text = format!("evicts a pod of {pod} from {node}");
                    let sentence = Sentence::new("descheduler", text).because(plugin).by(&evictor::RULE);
                    sentence.by_if(fits, &evictor::fit::RULE)
                }
                None => Sentence::default(),
            }
        });
        (marks, tell)
    }
}

/// Adds the beginning of a cycle: nothing is under way, and two nodes are in play.
pub fn add_start(cluster: &Cluster<'_>, memory: &Memory, sight: &Sight<'_, '_>) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let mut next = state.clone();
    next.set(memory.stage, ctx.int(1));
    let in_play = (0..sight.cells.len()).map(|at| sight.in_play(at).id());
    let in_play = ctx.sum(in_play.map(|id| ctx.as_bool(id).to_int()));
    let draft = ActionDraft::new(
        "descheduler begins",
        ActionKind::Periodic,
        state.get(memory.stage).eq(0) & in_play.ge(2),
        next,
    )
    .paced(paces::descheduler(cluster, "descheduler"));
    cluster.act(&RULE, draft, Box::new(|_: &Scene<'_>| Sentence::new("descheduler", "begins a cycle")));
}

fn is_merging<'c>(memory: &Memory, state: &State<'c>, cluster: &Cluster<'c>) -> Bool<'c> {
    memory.merging.map_or_else(|| cluster.ctx().bool(false), |merging| state.is(merging))
}

/// Adds what follows a stage where evicted pods stay visible: of equal pods that it evicted, any number that is possible
/// had been evicted before, and those leave no more than once.
pub fn add_merging(cluster: &Cluster<'_>, memory: &Memory) {
    let Some(merging) = memory.merging else { return };
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let cells = cluster.cells(&state);
    let most = cluster.templates.iter().map(|template| template.max_pods).max().unwrap_or(0);
    let (input, before) = cluster.input("evicted before", 0, most);
    let (mut one, mut all) = (state.clone(), state.clone());
    let (mut some, mut valid) = (ctx.bool(false), ctx.bool(false));
    for (at, id) in memory.places() {
        let (Some(evicted), Some(taken)) = (memory.evicted(at, id), memory.taken(at, id)) else { continue };
        let held = cluster.holding_on(&cells[at], id);
        let (earlier, now) = (state.get(evicted), state.get(taken));
        let (least, most) = ((earlier + now).minus_or_zero(held), earlier.min(now));
        let first = least.lt(most) & !some;
        some = some | least.lt(most);
        valid = valid | (first & before.ge(least) & before.le(most));
        one.set(evicted, first.ite((earlier + now).minus_or_zero(before), earlier).min(held));
        one.set(taken, first.ite(0, now));
        all.set(evicted, (earlier + now).min(held));
        all.set(taken, ctx.int(0));
    }
    all.set_bool(merging, ctx.bool(false));
    let draft = |name: &str, guard, inputs, choice, next| {
        ActionDraft::new(
            format!("descheduler {name}"),
            ActionKind::Event { rank: ranks::UNFINISHED },
            state.is(merging) & guard,
            next,
        )
        .choosing(inputs, choice)
    };
    let silent = || -> Narrator { Box::new(|_: &Scene<'_>| Sentence::default()) };
    cluster.act(&RULE, draft("tells evicted pods apart", some, vec![input], valid, one), silent());
    cluster.act(&RULE, draft("merges evictions", !some, Vec::new(), ctx.bool(true), all), silent());
}

/// Adds the end of a cycle: what was evicted leaves its node.
pub fn add_end(cluster: &Cluster<'_>, memory: &Memory, pods: &[Pod]) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let cells = cluster.cells(&state);
    let mut next = state.clone();
    cluster.rewrite_all(&mut next, |cell| {
        let at = cells.iter().position(|it| (it.class, it.slot) == (cell.class, cell.slot));
        let count = |template| {
            let evicted = at.and_then(|at| memory.evicted(at, template));
            evicted.map_or_else(|| ctx.int(0), |var| state.get(var))
        };
        after_evictions(cluster, pods, cell, &count, Leaving::EvictedBefore)
    });
    memory.forget_cycle(cluster, &mut next);
    let some =
        ctx.any(memory.places().into_iter().filter_map(|(at, id)| Some(state.get(memory.evicted(at, id)?).ge(1))));
    let some = some.id();
    let draft = ActionDraft::new(
        "descheduler ends",
        ActionKind::Event { rank: ranks::UNFINISHED },
        state.get(memory.stage).eq(memory.stages as i64 + 1) & !is_merging(memory, &state, cluster),
        next,
    );
    let tell = move |scene: &Scene<'_>| match scene.holds(some) {
        true => Sentence::new("descheduler", format!("ends its cycle: evicted pods leave {}", scene.moved_names())),
        false => Sentence::new("descheduler", "ends its cycle without evictions"),
    };
    cluster.act(&RULE, draft, Box::new(tell));
}

/// What evicting `count(template)` pods does to a cell's nodes. Pods that were being deleted already go before their time.
pub fn after_evictions<'a, 'c>(
    cluster: &'a Cluster<'c>,
    pods: &[Pod],
    cell: &Cell<'c>,
    count: &dyn Fn(TemplateId) -> Int<'c>,
    why: Leaving,
) -> Change<'a, 'c> {
    let mut change = cluster.change(cell).delete_each(count, why);
    for template in cluster.movable().filter(|id| protection::asks_for_eviction(&pods[id.0])) {
        let going = count(template).minus_or_zero(cluster.active_on(cell, template));
        change = change.hasten(template, going);
    }
    change
}

/// Whether evicted pods vanish from the cache at once.
pub fn is_live(policy: &DeschedulerPolicy) -> bool {
    policy.cache == CacheView::Live
}
