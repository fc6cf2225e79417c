//! The taint eviction controller alone, with a clock: nodes whose taints change, pods that come and whose tolerations
//! change, and the times at which they are evicted.

use k8s_openapi::api::core::v1::{Taint, Toleration};

use crate::cluster::view::rule::{Rule, rule};
use crate::encodings::clocked::clock::Clock;
use crate::system::{ActionDraft, ActionId, ActionKind, BoolVar, Builder, IntVar, Interleaving, State, System};
use crate::term::{Bool, Ctx, Int, VarId};

use super::timed::TimedPod;
use crate::encodings::taint_eviction::fate::{Fate, fate};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "clocked/taint-eviction",
    component: Clocked,
    upstream: [
        "pkg/controller/tainteviction/taint_eviction.go" => ["handleNodeUpdate", "handlePodUpdate", "processPodOnNode"],
    ],
    decides: "When pods are evicted from nodes whose taints change, as pods come and their tolerations change.",
    parts: [
        "taint eviction: times of evictions as taints and tolerations change" => "exact, to the moment",
    ],
};

/// Nodes, pods and everything that may change about them.
#[derive(Clone, Debug, Default)]
pub struct ClockedSpec {
    /// Names of nodes.
    pub nodes: Vec<String>,
    /// All taints that nodes may have. At first they have none.
    pub taints: Vec<Taint>,
    /// Pods.
    pub pods: Vec<ClockedPod>,
    /// In milliseconds.
    pub horizon: i64,
}

/// A pod.
#[derive(Clone, Debug)]
pub struct ClockedPod {
    /// Its name.
    pub name: String,
    /// Position of its node; `None` if it has none.
    pub node: Option<usize>,
    /// Whether it exists from the start.
    pub exists: bool,
    /// Lists of tolerations that it may have; at first it has the first one.
    pub tolerations: Vec<Vec<Toleration>>,
}

/// The transition system and where to find its parts.
pub struct ClockedEviction {
    /// The system.
    pub system: System,
    /// Time passes.
    pub clock: ActionId,
    /// By node: its taints change; one input per taint, whether it is there.
    pub taints: Vec<ActionId>,
    /// By node: it is deleted.
    pub deletions: Vec<ActionId>,
    /// By pod: it is created.
    pub creations: Vec<ActionId>,
    /// By pod: its tolerations become those of the list in the input.
    pub tolerations: Vec<ActionId>,
    /// By pod: its time is over.
    pub expiries: Vec<ActionId>,
    /// By pod: its variables.
    pub pods: Vec<TimedPod>,
}

struct Machine<'c, 's> {
    builder: Builder<'c>,
    spec: &'s ClockedSpec,
    clock: Clock,
    /// By node and taint.
    present: Vec<Vec<BoolVar>>,
    pods: Vec<(TimedPod, IntVar)>,
}

/// Builds the system.
pub fn build(spec: &ClockedSpec) -> ClockedEviction {
    let ctx = Ctx::new();
    let (unbound, mut eviction) = {
        let machine = Machine::declare(&ctx, spec);
        let eviction = machine.add();
        (machine.builder.finish(Interleaving::Racing), eviction)
    };
    eviction.system = unbound.bind(ctx);
    eviction
}

impl<'c, 's> Machine<'c, 's> {
    fn declare(ctx: &'c Ctx, spec: &'s ClockedSpec) -> Self {
        let builder = Builder::new(ctx);
        let clock = Clock::declare(&builder, spec.horizon);
        let taint = |node: &String, taint: &Taint| builder.bool(format!("{node} has {}", taint.key), Some(false));
        let present = |node: &String| spec.taints.iter().map(|it| taint(node, it)).collect();
        let pod = |pod: &ClockedPod| {
            let all = pod.tolerations.iter().flatten();
            let last = pod.tolerations.len().saturating_sub(1) as i64;
            let list = builder.int(format!("tolerations of {}", pod.name), 0, last, Some(0));
            (TimedPod::declare(&builder, &clock, &pod.name, pod.exists, all), list)
        };
        let (present, pods) = (spec.nodes.iter().map(present).collect(), spec.pods.iter().map(pod).collect());
        Machine { builder, spec, clock, present, pods }
    }

    fn add(&self) -> ClockedEviction {
        let (nodes, pods) = (0..self.spec.nodes.len(), 0..self.pods.len());
        let state = self.builder.state();
        let due = |to: Int<'c>| {
            let ctx = self.builder.ctx();
            ctx.any(self.pods.iter().map(|(pod, _)| pod.is_due_before(&state, to)))
        };
        ClockedEviction {
            system: System::default(),
            clock: self.clock.add(&self.builder, due),
            taints: nodes.clone().map(|node| self.add_taints(node)).collect(),
            deletions: nodes.map(|node| self.add_deletion(node)).collect(),
            creations: pods.clone().map(|pod| self.add_creation(pod)).collect(),
            tolerations: pods.map(|pod| self.add_tolerations(pod)).collect(),
            expiries: self.pods.iter().map(|(pod, _)| pod.add_expiry(&self.builder, &self.clock)).collect(),
            pods: self.pods.iter().map(|(pod, _)| pod.clone()).collect(),
        }
    }

    /// The fate of a pod; which of its lists of tolerations counts is part of the state.
    fn fate(&self, state: &State<'c>, pod: usize) -> Fate<'c> {
        let ctx = self.builder.ctx();
        let spec = &self.spec.pods[pod];
        let on_node = |node: usize| self.spec.taints.iter().zip(self.present[node].iter().map(|&var| state.is(var)));
        let taints: Vec<(&Taint, Bool<'c>)> = spec.node.into_iter().flat_map(on_node).collect();
        let list = state.get(self.pods[pod].1);
        let fates = spec.tolerations.iter().map(|tolerations| fate(ctx, tolerations, &taints));
        let of_some = fates
            .enumerate()
            .reduce(|(_, others), (index, fate)| (index, Fate::choose(list.eq(index as i64), &fate, &others)));
        of_some.map_or_else(|| fate(ctx, &[], &taints), |(_, fate)| fate)
    }

    fn add_taints(&self, node: usize) -> ActionId {
        let (ctx, state) = (self.builder.ctx(), self.builder.state());
        let mut next = state.clone();
        let mut inputs = Vec::new();
        for (taint, &present) in self.spec.taints.iter().zip(&self.present[node]) {
            let (var, input) = self.builder.input(&taint.key, 0, 1);
            inputs.push(var);
            next.set_bool(present, input.eq(1));
        }
        for (index, (pod, _)) in self.pods.iter().enumerate() {
            if self.spec.pods[index].node == Some(node) {
                let fate = self.fate(&next, index);
                pod.node_updated(&mut next, &fate, self.clock.now(&state));
            }
        }
        self.act(format!("taints of {}", self.spec.nodes[node]), ctx.bool(true), inputs, next)
    }

    /// The controller forgets the node's taints, and leaves its queue as it is.
    fn add_deletion(&self, node: usize) -> ActionId {
        let ctx = self.builder.ctx();
        let mut next = self.builder.state();
        self.present[node].iter().for_each(|&present| next.set_bool(present, ctx.bool(false)));
        self.act(format!("deletion of {}", self.spec.nodes[node]), ctx.bool(true), Vec::new(), next)
    }

    fn add_creation(&self, index: usize) -> ActionId {
        let (ctx, state) = (self.builder.ctx(), self.builder.state());
        let pod = &self.pods[index].0;
        let mut next = state.clone();
        next.set_bool(pod.existence(), ctx.bool(true));
        let fate = self.fate(&next, index);
        pod.pod_updated(&mut next, &fate, self.clock.now(&state));
        let name = format!("creation of {}", self.spec.pods[index].name);
        self.act(name, !state.is(pod.existence()) & !state.is(pod.eviction()), Vec::new(), next)
    }

    fn add_tolerations(&self, index: usize) -> ActionId {
        let (ctx, state) = (self.builder.ctx(), self.builder.state());
        let (pod, list) = &self.pods[index];
        let last = self.spec.pods[index].tolerations.len().saturating_sub(1) as i64;
        let (var, input) = self.builder.input("list", 0, last);
        let mut next = state.clone();
        next.set(*list, input);
        let fate = self.fate(&next, index);
        pod.pod_updated(&mut next, &fate, self.clock.now(&state));
        self.act(format!("tolerations of {}", self.spec.pods[index].name), ctx.bool(true), vec![var], next)
    }

    fn act(&self, name: String, guard: Bool<'c>, inputs: Vec<VarId>, next: State<'c>) -> ActionId {
        let (kind, choice) = (ActionKind::Environment, self.builder.ctx().bool(true));
        self.builder.action(ActionDraft::new(name, kind, guard, next).choosing(inputs, choice))
    }
}
