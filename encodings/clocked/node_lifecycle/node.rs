//! What is known about a node: its Ready condition and taints in the API server, and the controller's own notes.
//!
//! Part of the rules `clocked/monitor` and `clocked/tainting`.

use k8s_openapi::api::core::v1::Toleration;

use crate::encodings::clocked::clock::Clock;
use crate::encodings::clocked::timed::TimedPod;
use crate::encodings::taint_eviction::admission;
use crate::system::{BoolVar, Builder, IntVar, State};
use crate::term::Bool;

/// No Ready condition was ever posted.
pub const NONE: i64 = 0;
/// Ready.
pub const TRUE: i64 = 1;
/// Not ready.
pub const FALSE: i64 = 2;
/// Silent.
pub const UNKNOWN: i64 = 3;

/// Position of the taint `node.kubernetes.io/not-ready`.
pub const NOT_READY: usize = 0;
/// Position of the taint `node.kubernetes.io/unreachable`.
pub const UNREACHABLE: usize = 1;
/// The keys of the two.
pub const KEYS: [&str; 2] = [admission::NOT_READY, admission::UNREACHABLE];
/// The Ready status that each stands for.
pub const STATUSES: [i64; 2] = [FALSE, UNKNOWN];

/// A flag for each of the two taints.
pub type PerTaint = [BoolVar; 2];

/// A node at the start.
#[derive(Clone, Debug)]
pub struct NodeSpec {
    /// Its name.
    pub name: String,
    /// Position of its zone.
    pub zone: usize,
    /// Its Ready condition.
    pub ready: i64,
    /// Its pods: names and tolerations as they were admitted.
    pub pods: Vec<(String, Vec<Toleration>)>,
}

/// State variables of a node.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Position of its zone.
    pub zone: usize,
    /// The status of its Ready condition.
    pub ready: IntVar,
    /// When the monitor last saw a sign of life.
    pub probed: IntVar,
    /// Whether the kubelet renewed its lease or posted its status since.
    pub alive: BoolVar,
    /// NoSchedule taints.
    pub no_schedule: PerTaint,
    /// NoExecute taints.
    pub no_execute: PerTaint,
    /// NoExecute taints that the controller is about to set.
    pub setting: PerTaint,
    /// NoExecute taints that it is about to take off, after those were set.
    pub removing: PerTaint,
    /// Whether it waits for its zone's limiter.
    pub waiting: BoolVar,
    /// Whether the waiting list refuses it: it waits, or was served.
    pub listed: BoolVar,
    /// Its pods.
    pub pods: Vec<NodePod>,
}

/// State variables of a pod on a node.
#[derive(Clone, Debug)]
pub struct NodePod {
    /// Its name.
    pub name: String,
    /// Its tolerations.
    pub tolerations: Vec<Toleration>,
    /// Its entry in the queue of evictions.
    pub timed: TimedPod,
    /// Whether it is ready.
    pub ready: BoolVar,
}

impl Node {
    /// Declares a node that the monitor is about to see for the first time.
    pub fn declare(builder: &Builder<'_>, clock: &Clock, spec: &NodeSpec) -> Self {
        let name = &spec.name;
        let flag = |what: &str| builder.bool(format!("{name} {what}"), Some(false));
        let flags = |what: &str| [NOT_READY, UNREACHABLE].map(|taint| flag(&format!("{what} {}", KEYS[taint])));
        Node {
            name: name.clone(),
            zone: spec.zone,
            ready: builder.int(format!("{name} ready"), NONE, UNKNOWN, Some(spec.ready)),
            probed: builder.int(format!("{name} probed"), 0, clock.horizon(), Some(0)),
            alive: builder.bool(format!("{name} alive"), Some(spec.ready != NONE)),
            no_schedule: flags("NoSchedule"),
            no_execute: flags("NoExecute"),
            setting: flags("is to get NoExecute"),
            removing: flags("is to lose NoExecute"),
            waiting: flag("waits for a taint"),
            listed: flag("is listed"),
            pods: spec.pods.iter().map(|pod| NodePod::declare(builder, clock, pod)).collect(),
        }
    }

    /// Puts the node on the waiting list, where that does not refuse it.
    pub fn list<'c>(&self, next: &mut State<'c>, when: Bool<'c>) {
        let admitted = when & !next.is(self.listed);
        next.set_bool(self.waiting, next.is(self.waiting) | admitted);
        next.set_bool(self.listed, next.is(self.listed) | admitted);
    }

    /// Strikes the node from the waiting list, so that it may be listed again.
    pub fn unlist<'c>(&self, next: &mut State<'c>, when: Bool<'c>) {
        next.set_bool(self.waiting, next.is(self.waiting) & !when);
        next.set_bool(self.listed, next.is(self.listed) & !when);
    }
}

impl NodePod {
    fn declare(builder: &Builder<'_>, clock: &Clock, (name, tolerations): &(String, Vec<Toleration>)) -> Self {
        NodePod {
            name: name.clone(),
            tolerations: tolerations.clone(),
            timed: TimedPod::declare(builder, clock, name, true, tolerations),
            ready: builder.bool(format!("{name} ready"), Some(true)),
        }
    }

    /// The controller marks the pod of a node that turned silent as not ready.
    pub fn mark_not_ready<'c>(&self, next: &mut State<'c>, when: Bool<'c>) {
        let marked = when & next.is(self.timed.existence());
        next.set_bool(self.ready, next.is(self.ready) & !marked);
    }
}
