//! Drains that never end, and those that do: what is only on its way is not blamed.

mod support;

use kubound::check::{self, Answer, Options, source};
use kubound::engine::explicit::Explicit;
use kubound::engine::sat::Sat;
use kubound::engine::smt::Smt;
use kubound::engine::{Budget, Engine};
use support::answers::ask;

const MAINTENANCE: &str = "  maintenance: {parallel: 1, once: true}\n";

/// A Deployment of pods that request `cpu`, with more of its pod's spec.
fn deployment(name: &str, replicas: u32, cpu: &str, more: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  replicas: {replicas}\n  \
         selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      \
         containers: [{{name: main, image: '{name}:1', resources: {{requests: {{cpu: {cpu}}}}}}}]\n{more}---\n"
    )
}

fn budget(name: &str, app: &str, limit: &str) -> String {
    format!(
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: {name}}}\n\
         spec: {{{limit}, selector: {{matchLabels: {{app: {app}}}}}}}\n---\n"
    )
}

fn autoscaler(min: u32, max: u32) -> String {
    format!(
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: web}}\nspec:\n  minReplicas: {min}\n  \
         maxReplicas: {max}\n  scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}\n  metrics: [{{type: \
         Resource, resource: {{name: cpu, target: {{type: Utilization, averageUtilization: 50}}}}}}]\n---\n"
    )
}

fn scenario(nodes: u32, events: &str) -> String {
    format!(
        "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  nodePools: [{{name: n, count: {nodes}, template: \
         {{allocatable: {{cpu: '2'}}}}}}]\n{events}  properties: [drain-completes]\n"
    )
}

/// What is violated, and the k of it; all engines say so, and so does the model of single nodes.
fn violated(objects: &[String], scenario: &str) -> String {
    let text = objects.iter().map(String::as_str).chain([scenario]).collect::<String>();
    let found = ask(&text, &Explicit, true, 5);
    assert_eq!(ask(&text, &Sat::default(), true, 5), found, "{text}");
    assert_eq!(ask(&text, &Explicit, false, 5), found, "{text}");
    found
}

#[test]
fn a_budget_of_all_there_is_ends_no_drain() {
    for events in [MAINTENANCE, "  commands: [{drain: n-1}]\n"] {
        for (limit, found) in
            [("minAvailable: 2", "web at 1"), ("minAvailable: 100%", "web at 1"), ("maxUnavailable: 0", "web at 1")]
        {
            let objects = [deployment("web", 2, "1", ""), budget("web", "web", limit)];
            assert_eq!(violated(&objects, &scenario(2, events)), found, "{limit}, {events}");
            let text = objects.concat() + &scenario(2, events);
            assert_eq!(ask(&text, &Smt::default(), true, 5), found, "{limit}, {events}");
        }
        for limit in ["minAvailable: 1", "minAvailable: 50%", "maxUnavailable: 1"] {
            let objects = [deployment("web", 2, "1", ""), budget("web", "web", limit)];
            assert_eq!(violated(&objects, &scenario(2, events)), "", "{limit}, {events}");
        }
    }
}

#[test]
fn where_actions_interleave_freely_a_drain_that_waits_for_ever_is_found() {
    let free = scenario(2, "  commands: [{drain: n-1}]\n  interleaving: async\n");
    let of = |limit: &str| deployment("web", 1, "1", "") + &budget("web", "web", limit) + &free;
    let (kept, spared) = (of("minAvailable: 1"), of("maxUnavailable: 1"));
    for engine in [&Explicit as &dyn Engine, &Sat::default()] {
        assert!(ask(&kept, engine, true, 9).starts_with("web at "));
        assert_eq!(ask(&spared, engine, true, 9), "");
    }
}

#[test]
fn pods_that_fit_nowhere_else_keep_a_drain_waiting_if_a_budget_wants_them() {
    // Each node has room for one.
    let objects = [deployment("web", 2, "2", ""), budget("web", "web", "maxUnavailable: 1")];
    assert_eq!(violated(&objects, &scenario(2, MAINTENANCE)), "");
    let both = scenario(2, "  maintenance: {parallel: 2, once: true}\n");
    // The first node is empty and soon uncordoned; only then the other one goes on.
    assert_eq!(violated(&objects, &both), "");
    // Commands do not end a drain: the nodes stay cordoned.
    let commands = scenario(2, "  commands: [{drain: n-1}, {drain: n-2}]\n");
    assert_eq!(violated(&objects, &commands), "web at 2");
}

#[test]
fn drains_that_wait_for_each_other_wait_for_ever() {
    // A pod of each that has to leave its node fits only on the other's, which is drained as well.
    let at = |node: &str| format!("      nodeSelector: {{of: {node}}}\n");
    let pools = "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  nodePools:\n  - {name: a, count: 2, template: {labels: \
                 {of: a}, allocatable: {cpu: '1'}}}\n  - {name: b, count: 2, template: {labels: {of: b}, allocatable: {cpu: '1'}}}\n  \
                 maintenance: {parallel: 4, once: true}\n  properties: [drain-completes]\n";
    let objects = [
        deployment("web", 2, "1", &at("a")),
        budget("web", "web", "minAvailable: 1"),
        deployment("api", 2, "1", &at("b")),
        budget("api", "api", "minAvailable: 2"),
    ];
    assert_eq!(violated(&objects[..2], pools), "");
    assert!(violated(&objects, pools).contains("api at 1"));
}

#[test]
fn pods_under_two_budgets_end_no_drain() {
    let budgets = [budget("one", "web", "maxUnavailable: 1"), budget("two", "web", "maxUnavailable: 1")];
    let objects = [deployment("web", 2, "1", ""), budgets.concat()];
    assert_eq!(violated(&objects, &scenario(2, MAINTENANCE)), "web at 1");
}

#[test]
fn pods_that_are_still_starting_are_not_blamed() {
    let slow = scenario(2, &format!("{MAINTENANCE}  slowStart: [deployment/web]\n"));
    let objects = [deployment("web", 2, "1", ""), budget("web", "web", "maxUnavailable: 1")];
    assert_eq!(violated(&objects, &slow), "");
    // Those that never become ready are: they use the budget up for good.
    let broken = scenario(2, &format!("{MAINTENANCE}  neverReady: ['web:1']\n"));
    let objects = [deployment("web", 2, "1", ""), budget("web", "web", "maxUnavailable: 1")];
    assert_eq!(violated(&objects, &broken), "web at 1");
    let always = budget("web", "web", "maxUnavailable: 1, unhealthyPodEvictionPolicy: AlwaysAllow");
    assert_eq!(violated(&[deployment("web", 2, "1", ""), always], &broken), "");
}

#[test]
fn an_autoscaler_at_its_minimum_keeps_a_drain_waiting_and_one_that_grows_does_not() {
    let objects = [deployment("web", 2, "100m", ""), budget("web", "web", "minAvailable: 2"), autoscaler(2, 4)];
    let load = |range: &str| {
        scenario(2, &format!("{MAINTENANCE}  loads: [{{target: deployment/web, range: {range}, changes: never}}]\n"))
    };
    assert_eq!(violated(&objects, &load("50m..50m")), "web at 1");
    // It wants two more pods, which come before long.
    assert_eq!(violated(&objects, &load("100m..100m")), "");
}

#[test]
fn nodes_that_may_come_back_are_waited_for() {
    let objects = [deployment("web", 2, "2", ""), budget("web", "web", "minAvailable: 1")];
    let failing = |recover: bool| {
        scenario(2, &format!("  failures: {{nodes: [n-1], recover: {recover}}}\n  commands: [{{drain: n-2}}]\n"))
    };
    assert_eq!(violated(&objects, &failing(true)), "");
    // The pod of the node that is gone is replaced after a while, but there is no room for it.
    assert!(violated(&objects, &failing(false)).starts_with("web at "));
}

#[test]
fn what_keeps_a_drain_waiting_is_told() {
    let text = deployment("web", 2, "1", "") + &budget("all", "web", "minAvailable: 2") + &scenario(2, MAINTENANCE);
    let input = source::of_texts(&[("cluster.yaml", &text)]).unwrap_or_else(|error| panic!("{error}"));
    let (results, _) = check::check(&input, &Options::new(&Explicit, Budget::bound(5)), &mut |_| ()).expect("results");
    let Answer::Violated(found) = &results[0].answer else { panic!("it holds") };
    let told: Vec<&str> = found.narrative.diagnosis.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(
        told,
        [
            "the drain of n-1 waits for ever for 1 pod(s) of web-1: budget all allows no disruption (2 healthy, 2 wanted)"
        ]
    );
}
