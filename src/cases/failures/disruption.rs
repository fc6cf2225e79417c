//! Drains and upgrades that budgets hold up.

use crate::cases::Make::Sized;
use crate::cases::manifests::{App, autoscaler, file};
use crate::cases::scale::Scale;
use crate::cases::{Case, File, Suite};

use super::manifests::{Pool, scenario};

/// What a pod asks for that may share a node with one more.
const HALF: usize = 24;

/// The cases.
pub const CASES: [Case; 5] = [
    Case {
        id: "k66811",
        suite: Suite::Failures,
        title: "the drain of a node waits for ever for an application of one pod with a budget",
        story: "web has one replica, and a budget wants at least one pod at any time. Whoever drains the node of that pod waits \
                for ever: the eviction is refused, because no other pod is ready, and nobody makes one before this one is gone \
                (kubernetes/kubernetes issue 66811).",
        fix: "web has two replicas.",
        properties: &["drain-completes"],
        make: Sized(single_replica),
    },
    Case {
        id: "k93476",
        suite: Suite::Failures,
        title: "no node can be drained while an autoscaled application is at its minimum",
        story: "The autoscaler keeps at least two pods of web, and a budget wants at least two. By day there are more and drains \
                go through. At night the autoscaler is at its minimum: no pod may go, no other one comes before that, and the \
                drain waits until somebody uses web again (kubernetes/kubernetes issue 93476).",
        fix: "The budget says how many may be missing: `maxUnavailable: 1`.",
        properties: &["drain-completes"],
        make: Sized(at_minimum),
    },
    Case {
        id: "k75957",
        suite: Suite::Failures,
        title: "no pod can be evicted that two budgets select",
        story: "The chart of web brings a budget, and the platform team has added one. Each of them allows a disruption. But the \
                API server refuses to evict a pod that more than one budget selects, whatever they say, with an internal error, \
                and the drain tries again for ever (kubernetes/kubernetes issue 75957).",
        fix: "There is one budget.",
        properties: &["drain-completes"],
        make: Sized(two_budgets),
    },
    Case {
        id: "kops2537",
        suite: Suite::Failures,
        title: "an upgrade of all nodes stalls on a budget whose percentage is rounded up to everything",
        story: "Nodes are upgraded one after another: drained, replaced, and used again. web has three pods, and a budget wants 75 % \
                of them available, which is 2.25 and rounded up to three. The upgrade stops at the first node that has one of \
                them (kubernetes/kops issue 2537, rancher/rancher issue 26400).",
        fix: "The budget lets 25 % be missing, which is rounded up, too, to one pod.",
        properties: &["drain-completes"],
        make: Sized(rounded_up),
    },
    Case {
        id: "k72320",
        suite: Suite::Failures,
        title: "pods that crash spend the budget, and the drain of their node waits for ever",
        story: "The budget of web lets one pod be missing. Version 2 crashes when it starts, so all its pods are in \
                CrashLoopBackOff and none is healthy: the budget is spent by those that are down already. A drain is \
                refused these, too, although evicting them takes nothing from anybody (kubernetes/kubernetes issue 72320).",
        fix: "The budget protects healthy pods only: `unhealthyPodEvictionPolicy: AlwaysAllow`, since v1.27.",
        properties: &["drain-completes"],
        make: Sized(crash_loops),
    },
];

/// A budget of web.
fn budget(name: &str, field: &str) -> String {
    format!(
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata:\n  name: {name}\nspec:\n  {field}\n  \
         selector:\n    matchLabels: {{app: web}}\n"
    )
}

/// So many pods of web under budgets, while nodes are drained one after another, again and again.
fn maintained(id: &str, scale: Scale, replicas: usize, budgets: String) -> Vec<File> {
    let rest = "  maintenance: {parallel: 1, once: false}\n  properties: [drain-completes]\n  bound: 6\n";
    vec![
        file("web.yaml", App::new("web", replicas, HALF).manifest(true)),
        file("budget.yaml", budgets),
        scenario(id, scale, &[Pool::new("node", "scale")], rest),
    ]
}

fn single_replica(scale: Scale, fixed: bool) -> Vec<File> {
    maintained("k66811", scale, if fixed { 2 } else { 1 }, budget("web", "minAvailable: 1"))
}

fn at_minimum(scale: Scale, fixed: bool) -> Vec<File> {
    let field = if fixed { "maxUnavailable: 1" } else { "minAvailable: 2" };
    let rest = "  loads:\n  - target: deployment/web\n    range: 3..15\n    initial: 12\n  \
                maintenance: {parallel: 1, once: false}\n  properties: [drain-completes]\n  bound: 12\n";
    vec![
        file("web.yaml", App::new("web", 2, HALF).manifest(true)),
        file("hpa.yaml", autoscaler("web", 2, 4, 50)),
        file("budget.yaml", budget("web", field)),
        scenario("k93476", scale, &[Pool::new("node", "scale")], rest),
    ]
}

fn two_budgets(scale: Scale, fixed: bool) -> Vec<File> {
    let chart = budget("web", "maxUnavailable: 1");
    let budgets = if fixed { chart } else { format!("{chart}---\n{}", budget("platform", "minAvailable: 1")) };
    maintained("k75957", scale, 3, budgets)
}

fn rounded_up(scale: Scale, fixed: bool) -> Vec<File> {
    let field = if fixed { "maxUnavailable: 25%" } else { "minAvailable: 75%" };
    maintained("kops2537", scale, 3, budget("web", field))
}

fn crash_loops(scale: Scale, fixed: bool) -> Vec<File> {
    let policy = if fixed { "\n  unhealthyPodEvictionPolicy: AlwaysAllow" } else { "" };
    let rest = "  # Version 2 crashes when it starts.\n  neverReady: [\"example.com/web:2\"]\n  \
                maintenance: {parallel: 1, once: false}\n  properties: [drain-completes]\n  bound: 6\n";
    vec![
        file("web.yaml", App { version: 2, ..App::new("web", 2, HALF) }.manifest(true)),
        file("budget.yaml", budget("web", &format!("maxUnavailable: 1{policy}"))),
        scenario("k72320", scale, &[Pool::new("node", "scale")], rest),
    ]
}
