//! Autoscalers that see something else than demand.

use crate::cases::Make::{Numbered, Sized};
use crate::cases::manifests::{App, autoscaler, file, pool, scenario as numbered};
use crate::cases::scale::Scale;
use crate::cases::{Case, File, Suite};

use super::manifests::{Pool, scenario};

/// What a pod asks for that may share a node with one more.
const HALF: usize = 24;
/// What a pod asks for that shares a node with none.
const WHOLE: usize = 40;

/// The cases.
pub const CASES: [Case; 3] = [
    Case {
        id: "k72775",
        suite: Suite::Failures,
        title: "a rollout without any load makes the autoscaler add pods",
        story: "Nobody uses web, and an update of it doubles its replicas all the same. Until v1.16 the autoscaler took the \
                pods that an update has on top for replicas that were needed; since then it starts from spec.replicas \
                (kubernetes/kubernetes issue 72775). What is left: pods of the new version burn all that they request \
                while they start, which looks like demand, and calm down afterwards.",
        fix: "The autoscaler aims at the full request, which covers the start; the pods that come on top make no difference.",
        properties: &["no-replica-oscillation"],
        make: Numbered(surge),
    },
    Case {
        id: "k79158",
        suite: Suite::Failures,
        title: "an autoscaler asks for more pods than there is room for",
        story: "Every node has room for one pod of web, and maxReplicas is one more. Under load the autoscaler goes there, and \
                a pod stays Pending. Until v1.16 it also counted Pending pods as fully used once the load was gone, so that it \
                never came down again; today it leaves them out (kubernetes/kubernetes issue 79158).",
        fix: "maxReplicas is what there is room for.",
        properties: &["pods-schedulable"],
        make: Sized(pending),
    },
    Case {
        id: "k112027",
        suite: Suite::Failures,
        title: "two autoscalers scale one Deployment",
        story: "One autoscaler keeps web between two and four pods, another one between four and six. They overruled each other in \
                turn until v1.27; since then neither acts while both select the same pods, and both say AmbiguousSelector \
                (kubernetes/kubernetes issue 112027). So nothing goes up and down any more, but nothing is scaled either.",
        fix: "There is one autoscaler.",
        properties: &["no-replica-oscillation"],
        make: Sized(two_autoscalers),
    },
];

fn surge(scale: usize, fixed: bool) -> Vec<File> {
    let target = if fixed { 100 } else { 50 };
    let app = |version| App { version, ..App::new("web", 2, HALF) }.rolling(0, 1);
    let nodes = ["node-1".to_owned(), format!("node-{}", scale.min(2))];
    let rest = "  loads:\n  - target: deployment/web\n    range: 6..6\n    initial: 6\n    changes: never\n    startup:\n    \
                - {until: 60s, usage: 24}\n  commands:\n  - apply: web-2.yaml\n  \
                properties:\n  - {name: no-replica-oscillation, threshold: 2}\n  bound: 6\n";
    vec![
        file("cluster.yaml", format!("{}---\n{}", app(1).running(false), app(1).pods(&nodes))),
        file("hpa.yaml", autoscaler("web", 2, 4, target)),
        file("web-2.yaml", app(2).manifest(false)),
        numbered("k72775", &pool("node", scale, ""), rest),
    ]
}

fn pending(scale: Scale, fixed: bool) -> Vec<File> {
    let most = if fixed { "scale" } else { "scale + 1" };
    let least = "max(1, scale - 1)";
    let app = App::new("web", scale.number(least), WHOLE);
    let sizes = [("replicas", least), ("minReplicas", least), ("maxReplicas", most)];
    let rest = "  loads:\n  - target: deployment/web\n    range: 0..40\n    initial: 20\n  \
                properties: [pods-schedulable]\n  bound: 6\n";
    vec![
        file("web.yaml", app.manifest(true)),
        file("hpa.yaml", autoscaler("web", scale.number(least), scale.number(most), 50)),
        scenario("k79158", scale, &[Pool::new("node", "scale")], &(scale.open_sizes("web", &sizes) + rest)),
    ]
}

fn two_autoscalers(scale: Scale, fixed: bool) -> Vec<File> {
    let named =
        |name: &str, min, max| autoscaler("web", min, max, 50).replacen("name: web\n", &format!("name: {name}\n"), 1);
    let mut autoscalers = named("web", 2, 4);
    if !fixed {
        autoscalers = format!("{autoscalers}---\n{}", named("web-too", 4, 6));
    }
    let rest = "  loads:\n  - target: deployment/web\n    range: 4..4\n    initial: 4\n    changes: never\n  \
                properties: [no-replica-oscillation]\n  bound: 6\n";
    vec![
        file("web.yaml", App::new("web", 3, 8).manifest(true)),
        file("hpa.yaml", autoscalers),
        scenario("k112027", scale, &[Pool::new("node", "scale")], rest),
    ]
}
