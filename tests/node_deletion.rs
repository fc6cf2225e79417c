//! Nodes that are deleted under their pods: these stay until they are collected, and nothing comes in their place before.

mod support;

use kubound::engine::explicit::Explicit;
use kubound::engine::sat::Sat;
use support::answers::ask;

fn workload(kind: &str, name: &str, replicas: u32, cpu: &str) -> String {
    let replicas = if kind == "DaemonSet" { String::new() } else { format!("replicas: {replicas}, ") };
    format!(
        "{{apiVersion: apps/v1, kind: {kind}, metadata: {{name: {name}}}, spec: {{{replicas}selector: {{matchLabels: {{app: \
         {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: main, image: main, \
         resources: {{requests: {{cpu: {cpu}}}}}}}]}}}}}}}}\n---\n"
    )
}

fn scenario(nodes: u32, more: &str) -> String {
    format!(
        "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  nodePools: [{{name: n, count: {nodes}, template: \
         {{allocatable: {{cpu: '2'}}}}}}]\n  commands: [{{deleteNode: n-1}}]\n{more}"
    )
}

/// What is violated, and the k of it, in all ways.
fn violated(objects: &[String], scenario: &str) -> String {
    let text = objects.concat() + scenario;
    let found = ask(&text, &Explicit, true, 4);
    assert_eq!(ask(&text, &Sat::default(), true, 4), found, "{text}");
    assert_eq!(ask(&text, &Explicit, false, 4), found, "{text}");
    found
}

#[test]
fn pods_of_a_node_that_is_gone_are_replaced_once_they_are_collected() {
    let asked = "  properties: [pods-schedulable]\n";
    for kind in ["Deployment", "StatefulSet"] {
        let of = |cpu: &str| [workload(kind, "web", 2, cpu)];
        assert_eq!(violated(&of("1"), &scenario(2, asked)), "", "{kind}");
        // The node that is left takes one of them. The command is the first block, and the collection the second one.
        assert_eq!(violated(&of("1500m"), &scenario(2, asked)), "web at 2", "{kind}");
        assert_eq!(violated(&of("1"), &scenario(1, asked)), "web at 2", "{kind}");
    }
}

#[test]
fn daemons_are_not_made_for_a_node_that_is_gone() {
    let asked = "  properties: [pods-schedulable, settles]\n";
    assert_eq!(violated(&[workload("DaemonSet", "agent", 0, "1")], &scenario(2, asked)), "");
}

#[test]
fn a_node_that_is_gone_is_no_domain() {
    let spread = "topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, \
                  labelSelector: {matchLabels: {app: web}}}], containers";
    let web = workload("Deployment", "web", 4, "500m").replace("containers", spread);
    assert_eq!(violated(&[web], &scenario(2, "  properties: [pods-schedulable, spread-balanced]\n")), "");
}

#[test]
fn nothing_is_drained_and_nothing_fails_that_is_gone() {
    let events = "  maintenance: {parallel: 1, once: true}\n  failures: {nodes: [n-1], recover: true}\n  \
                  properties: [drain-completes, settles]\n";
    let budget = "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b}, spec: {maxUnavailable: 1, selector: \
                  {matchLabels: {app: web}}}}\n---\n";
    let objects = [workload("Deployment", "web", 2, "500m"), budget.to_owned()];
    let text = objects.concat() + &scenario(3, events);
    assert_eq!(ask(&text, &Explicit, true, 4), "");
}
