//! Several schedulers: what they do not know of each other, and what kubelets refuse because of it.

mod support;

use kubound::check::Answer as Found;
use kubound::check::CheckResult;
use kubound::engine::explicit::Explicit;
use kubound::engine::sat::Sat;
use kubound::engine::smt::Smt;
use kubound::engine::{Engine, Extent};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use support::answers::{ask, checked, story, verdict};
use support::ways;

/// A second scheduler, beside that of the cluster.
const PACKER: &str = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nprofiles:\n- schedulerName: packer\n";
/// Two profiles of one scheduler.
const ONE: &str = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nprofiles:\n\
                   - schedulerName: default-scheduler\n- schedulerName: packer\n";

/// An owner of pods that request so many cores; `pod` has further fields of their spec.
fn owner(kind: &str, name: &str, (replicas, cpu): (u32, u32), pod: &str) -> String {
    let replicas = if kind == "DaemonSet" { String::new() } else { format!("replicas: {replicas}, ") };
    format!(
        "{{apiVersion: apps/v1, kind: {kind}, metadata: {{name: {name}}}, spec: {{{replicas}selector: {{matchLabels: \
         {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{{pod}containers: [{{name: main, \
         image: x, resources: {{requests: {{cpu: {cpu}}}}}}}]}}}}}}}}\n"
    )
}

const OF_PACKER: &str = "schedulerName: packer, ";
const TOLERANT: &str = "tolerations: [{operator: Exists}], ";

/// Nodes of four cores.
fn scenario(nodes: u32, more: &str) -> String {
    format!(
        "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  \
         nodePools:\n  - {{name: node, count: {nodes}, template: {{allocatable: {{cpu: 4, pods: 10}}}}}}\n{more}"
    )
}

/// A pod of three cores for each scheduler.
fn two_apps() -> String {
    [owner("Deployment", "web", (1, 3), ""), owner("Deployment", "batch", (1, 3), OF_PACKER)].join("---\n")
}

fn word(results: &[CheckResult], property: &str) -> &'static str {
    results.iter().find(|it| it.property == property).map_or("not asked", |it| it.answer.word())
}

#[test]
fn two_schedulers_choose_the_same_room_and_one_pod_is_refused() {
    let (apps, scenario) = (two_apps(), scenario(2, "  properties: [pods-admitted]\n  bound: 2\n"));
    let texts = [apps.as_str(), scenario.as_str(), PACKER];
    assert_eq!(verdict("pods-admitted", &texts, 2), "violated at k = 0");
    for word in ["OutOfcpu", "which nobody else knows yet", "has failed"] {
        assert!(story("pods-admitted", &texts, 2).contains(word), "{word}");
    }
    let results = checked(&Smt::default(), true, &texts, 2);
    assert_eq!(word(&results, "pods-admitted"), "violated");
}

#[test]
fn a_refused_pod_is_made_again_and_finds_other_room() {
    let apps = two_apps();
    for (nodes, schedulable) in [(2, "holds"), (1, "violated at k = 0")] {
        let scenario = scenario(nodes, "");
        let texts = [apps.as_str(), scenario.as_str(), PACKER];
        assert_eq!(verdict("pods-schedulable", &texts, 2), schedulable, "{nodes}");
        assert_eq!(verdict("settles", &texts, 2), "holds", "refusals come to an end, {nodes}");
    }
}

/// In `async` runs k counts actions: two Deployments, two ReplicaSets, two choices, a binding and a refusal.
#[test]
fn eight_actions_are_enough_where_everything_may_come_at_any_time() {
    let (apps, scenario) = (two_apps(), scenario(1, "  properties: [pods-admitted]\n  interleaving: async\n"));
    assert_eq!(verdict("pods-admitted", &[&apps, &scenario, PACKER], 9), "violated at k = 8");
}

#[test]
fn profiles_of_one_scheduler_share_its_cache() {
    let (apps, scenario) = (two_apps(), scenario(2, ""));
    let results = checked(&Explicit, true, &[&apps, &scenario, ONE], 2);
    assert_eq!(word(&results, "pods-admitted"), "not asked");
    assert_eq!(word(&results, "pods-schedulable"), "holds");
    let input = [("a.yaml", apps.as_str()), ("b.yaml", scenario.as_str()), ("c.yaml", ONE)];
    let loaded = kubound::input::load_strings(&input, Default::default()).expect("a cluster");
    let model = support::model(&loaded);
    assert!(model.parts.templates.iter().all(|template| template.cache.is_none()), "nothing is kept of caches");
}

/// A node that takes pods of batch only.
const FOR_BATCH: &str = "  - {name: batch, count: 1, template: {labels: {for: batch}, taints: [{key: for, value: batch, effect: \
                         NoSchedule}], allocatable: {cpu: 4, pods: 10}}}\n";

#[test]
fn schedulers_with_nodes_of_their_own_refuse_nobody() {
    let apps = [
        owner("Deployment", "web", (2, 3), ""),
        owner("Deployment", "batch", (1, 3), &format!("{OF_PACKER}nodeSelector: {{for: batch}}, {TOLERANT}")),
    ]
    .join("---\n");
    let scenario = scenario(2, &format!("{FOR_BATCH}  properties: [pods-admitted]\n"));
    assert_eq!(verdict("pods-admitted", &[&apps, &scenario, PACKER], 3), "holds");
    for engine in [&Explicit as &dyn Engine, &Sat::default()] {
        let results = checked(engine, true, &[&apps, &scenario, PACKER], 3);
        let Found::Holds(extent) = results[0].answer else { panic!("{results:?}") };
        assert!(engine.name() != "explicit" || matches!(extent, Extent::Complete(_)), "every state was seen");
    }
}

#[test]
fn host_ports_are_refused_too_and_affinity_is_not() {
    let port = "image: x, ports: [{containerPort: 80, hostPort: 80}]";
    let with_port = |name, scheduler| owner("Deployment", name, (1, 1), scheduler).replace("image: x", port);
    let apps = [with_port("web", ""), with_port("batch", OF_PACKER)].join("---\n");
    let scenario = scenario(2, "  properties: [pods-admitted]\n");
    assert!(story("pods-admitted", &[&apps, &scenario, PACKER], 2).contains("NodePorts"));
    let apart = "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: \
                 kubernetes.io/hostname, labelSelector: {matchExpressions: [{key: app, operator: Exists}]}}]}}, ";
    let apps = [
        owner("Deployment", "web", (1, 1), apart),
        owner("Deployment", "batch", (1, 1), &format!("{OF_PACKER}{apart}")),
    ]
    .join("---\n");
    assert_eq!(verdict("pods-admitted", &[&apps, &scenario, PACKER], 2), "holds");
}

/// A pod of higher priority makes room on the only node; a pod of another scheduler takes it, again and again.
#[test]
fn a_nomination_keeps_no_room_from_pods_of_another_scheduler() {
    let apps = |scheduler: &str| {
        let urgent = owner("Deployment", "urgent", (1, 3), &format!("priority: 100, {scheduler}"));
        [owner("Deployment", "web", (1, 3), ""), urgent].join("---\n")
    };
    let scenario = scenario(1, "  properties: [no-eviction-loop]\n  bound: 1\n");
    assert_eq!(verdict("no-eviction-loop", &[&apps(""), &scenario], 1), "holds");
    let results = checked(&Explicit, true, &[&apps(OF_PACKER), &scenario, PACKER], 1);
    assert_eq!(word(&results, "no-eviction-loop"), "violated");
}

#[test]
fn all_kinds_of_owners_make_refused_pods_again() {
    for kind in ["StatefulSet", "DaemonSet", "Deployment"] {
        let apps = [owner("Deployment", "web", (1, 3), ""), owner(kind, "other", (1, 3), OF_PACKER)].join("---\n");
        let other = format!("{}/other", kind.to_lowercase());
        for (property, found) in [
            ("{name: pods-admitted, target: deployment/web}".to_owned(), "web at 0"),
            (format!("{{name: pods-admitted, target: {other}}}"), "other at 0"),
            ("settles".to_owned(), ""),
        ] {
            let scenario = scenario(1, &format!("  properties: [{property}]\n"));
            let text = [apps.as_str(), &scenario, PACKER].join("---\n");
            assert_eq!(ask(&text, &Explicit, true, 1), found, "{kind}: {property}");
        }
    }
}

#[test]
fn pods_of_nobodys_scheduler_wait_beside_several() {
    let apps = [two_apps(), owner("Deployment", "lost", (1, 1), "schedulerName: nobody, ")].join("---\n");
    let scenario = scenario(2, "  properties: [{name: pods-schedulable, target: lost}]\n");
    assert_eq!(verdict("pods-schedulable", &[&apps, &scenario, PACKER], 1), "violated at k = 0");
    assert!(story("pods-schedulable", &[&apps, &scenario, PACKER], 1).contains("there is no scheduler `nobody`"));
}

/// Two or three workloads of two schedulers, and what happens to them.
fn cluster() -> impl Strategy<Value = String> {
    let kinds = || prop::sample::select(vec!["Deployment", "Deployment", "StatefulSet", "DaemonSet"]);
    let pods = || prop::sample::select(vec!["", "", "priority: 100, ", TOLERANT]);
    let one = || (kinds(), 1..=2_u32, 1..=4_u32, pods());
    let events = prop::sample::select(vec![
        "",
        "",
        "  failures: {atMost: 1, recover: true}\n",
        "  maintenance: {parallel: 1, once: true}\n",
        "  commands: [{scale: {target: web, replicas: 2}}]\n",
    ]);
    (1..=2_u32, one(), one(), events).prop_map(|(nodes, web, batch, event)| {
        let apps = [
            owner("Deployment", "web", (web.1, web.2), web.3),
            owner(batch.0, "batch", (batch.1, batch.2), &format!("{OF_PACKER}{}", batch.3)),
        ];
        format!("{}---\n{}---\n{PACKER}", apps.join("---\n"), scenario(nodes, event))
    })
}

#[test]
fn random_clusters_get_the_same_verdicts_in_all_ways() {
    let violated = std::cell::Cell::new(0);
    let config = Config { cases: 12, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&cluster(), |text| {
        violated.set(violated.get() + ways::compare(&text)?);
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    assert!(violated.get() > 0, "nothing was ever violated");
}
