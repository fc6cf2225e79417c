//! The node lifecycle controller, the kubelets that it watches and the evictions that follow, as a transition system with
//! a clock. Rounds of the monitor and taint passes are actions that may happen at any time; who runs the system gives
//! them their periods.
//!
//! Part of the rules `clocked/monitor` and `clocked/tainting`.

use crate::encodings::clocked::clock::Clock;
use crate::system::{ActionDraft, ActionId, ActionKind, Builder, IntVar, Interleaving, System};
use crate::term::{Ctx, Int};

use super::limiter::LimiterVars;
use super::node::{FALSE, Node, NodeSpec, TRUE};
use super::{monitor, tainting};
use crate::encodings::node_lifecycle::Settings;
use crate::encodings::node_lifecycle::zone::{FULL_DISRUPTION, INITIAL};

/// What a kubelet says: its lease is renewed, no more.
pub const RENEWS_LEASE: i64 = 0;

/// Nodes and zones.
#[derive(Clone, Debug, Default)]
pub struct LifecycleSpec {
    /// The controller's flags.
    pub settings: Settings,
    /// Names of zones.
    pub zones: Vec<String>,
    /// Nodes.
    pub nodes: Vec<NodeSpec>,
    /// In milliseconds.
    pub horizon: i64,
}

/// State variables of a zone.
pub struct Zone {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: IntVar,
    /// How fast its nodes may be tainted.
    pub limiter: LimiterVars,
}

/// The system under construction.
pub struct Machine<'c> {
    /// Where terms and actions go.
    pub builder: Builder<'c>,
    /// The controller's flags.
    pub settings: Settings,
    /// The clock.
    pub clock: Clock,
    /// All nodes.
    pub nodes: Vec<Node>,
    /// All zones.
    pub zones: Vec<Zone>,
}

/// The transition system and where to find its parts.
pub struct Lifecycle {
    /// The system.
    pub system: System,
    /// Where it keeps the time.
    pub now: IntVar,
    /// Time passes.
    pub clock: ActionId,
    /// A round of the monitor.
    pub monitor: ActionId,
    /// By zone: the next node gets its NoExecute taint; which one is the input, by position in its zone.
    pub passes: Vec<ActionId>,
    /// By node: its kubelet speaks. The input is [`RENEWS_LEASE`] or the Ready status that it posts.
    pub kubelets: Vec<ActionId>,
    /// By node, and of it by pod: the pod's tolerated time is over.
    pub expiries: Vec<Vec<ActionId>>,
    /// All nodes.
    pub nodes: Vec<Node>,
}

/// Builds the system.
pub fn build(spec: &LifecycleSpec) -> Lifecycle {
    let ctx = Ctx::new();
    let (unbound, mut lifecycle) = {
        let machine = Machine::declare(&ctx, spec);
        let lifecycle = machine.add();
        (machine.builder.finish(Interleaving::Racing), lifecycle)
    };
    lifecycle.system = unbound.bind(ctx);
    lifecycle
}

impl<'c> Machine<'c> {
    fn declare(ctx: &'c Ctx, spec: &LifecycleSpec) -> Self {
        let builder = Builder::new(ctx);
        let clock = Clock::declare(&builder, spec.horizon);
        let settings = spec.settings.clone();
        let zone = |name: &String| Zone {
            name: name.clone(),
            state: builder.int(format!("state of {name}"), INITIAL, FULL_DISRUPTION, Some(INITIAL)),
            limiter: LimiterVars::declare(&builder, &settings, name, spec.horizon),
        };
        let zones = spec.zones.iter().map(zone).collect();
        let nodes = spec.nodes.iter().map(|node| Node::declare(&builder, &clock, node)).collect();
        Machine { builder, settings, clock, nodes, zones }
    }

    /// The nodes of a zone.
    pub fn members(&self, zone: usize) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(move |node| node.zone == zone)
    }

    fn add(&self) -> Lifecycle {
        for node in &self.nodes {
            tainting::add_no_execute(self, node);
            tainting::add_no_schedule(self, node);
        }
        let pods = |node: &Node| node.pods.iter().map(|pod| pod.timed.add_expiry(&self.builder, &self.clock)).collect();
        Lifecycle {
            system: System::default(),
            now: self.clock.variable(),
            clock: self.add_clock(),
            monitor: monitor::add(self),
            passes: (0..self.zones.len()).map(|zone| tainting::add_pass(self, zone)).collect(),
            kubelets: self.nodes.iter().map(|node| self.add_kubelet(node)).collect(),
            expiries: self.nodes.iter().map(pods).collect(),
            nodes: self.nodes.clone(),
        }
    }

    fn add_clock(&self) -> ActionId {
        let state = self.builder.state();
        self.clock.add(&self.builder, |to: Int<'c>| {
            let pods = self.nodes.iter().flat_map(|node| &node.pods);
            self.builder.ctx().any(pods.map(|pod| pod.timed.is_due_before(&state, to)))
        })
    }

    fn add_kubelet(&self, node: &Node) -> ActionId {
        let (ctx, state) = (self.builder.ctx(), self.builder.state());
        let (var, says) = self.builder.input("says", RENEWS_LEASE, FALSE);
        let mut next = state.clone();
        let posts = says.eq(TRUE) | says.eq(FALSE);
        next.set(node.ready, posts.ite(says, state.get(node.ready)));
        next.set_bool(node.alive, ctx.bool(true));
        self.builder.action(
            ActionDraft::new(format!("kubelet of {}", node.name), ActionKind::Environment, ctx.bool(true), next)
                .choosing(vec![var], ctx.bool(true)),
        )
    }
}
