//! Pods that are not well: readiness that is lost, crash loops, images that never become ready, pods that are ready and not
//! available yet; and who depends on it.

mod support;

use std::collections::BTreeSet;

use kubound::cluster::Phase;
use kubound::engine::Engine;
use kubound::engine::explicit::{Explicit, Successors};
use kubound::engine::sat::Sat;
use kubound::engine::smt::Smt;
use kubound::input::{Loaded, load_strings};
use kubound::system::System;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use support::{Answer, check, model, slice, ways};

/// A workload with one container; `more` is further spec.
fn owner(kind: &str, image: &str, more: &str) -> String {
    format!(
        "{{apiVersion: apps/v1, kind: {kind}, metadata: {{name: web}}, spec: {{{more}selector: {{matchLabels: {{app: web}}}}, \
         template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: main, image: '{image}', \
         resources: {{requests: {{cpu: 1}}}}}}]}}}}}}}}"
    )
}

/// A scenario on so many nodes of four cores.
fn scenario(nodes: u32, more: &str) -> String {
    format!(
        "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  nodePools:\n  - {{name: worker, count: {nodes}, \
         template: {{allocatable: {{cpu: '4', memory: 16Gi}}}}}}\n{more}"
    )
}

fn budget(more: &str) -> String {
    format!(
        "{{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {{name: web}}, \
         spec: {{{more}selector: {{matchLabels: {{app: web}}}}}}}}"
    )
}

fn load(documents: &[String]) -> Loaded {
    let text = documents.join("\n---\n");
    load_strings(&[("cluster.yaml", &text)], Default::default()).unwrap_or_else(|errors| panic!("{errors}\n{text}"))
}

/// A ready pod of the Deployment.
fn pod(name: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, labels: {{app: web, pod-template-hash: a}}, \
         ownerReferences: [{{apiVersion: apps/v1, kind: ReplicaSet, name: web-a, uid: a, controller: true}}]}}, \
         spec: {{nodeName: worker-1, containers: [{{name: main, image: x, resources: {{requests: {{cpu: 1}}}}}}]}}, \
         status: {{phase: Running, conditions: [{{type: Ready, status: 'True'}}]}}}}"
    )
}

/// What all engines say.
fn ask(documents: &[String], bound: u32) -> Answer {
    let model = model(&load(documents));
    let slice = slice(&model);
    let answer = check(&Explicit, &model, &slice, bound).0;
    let others: [&dyn Engine; 2] = [&Sat::default(), &Smt::default()];
    for engine in others {
        assert_eq!(check(engine, &model, &slice, bound).0, answer, "{} of {documents:?}", engine.name());
    }
    answer
}

fn violated(property: &str, k: u32) -> Answer {
    Answer::Violated(property.to_owned(), k)
}

/// The only node is drained, and pods that were evicted wait.
fn drained(more: &str, limit: &str) -> Answer {
    let events = format!("{more}  commands: [{{drain: worker-1}}]\n  properties: [pods-schedulable]\n");
    ask(&[owner("Deployment", "x", "replicas: 2, "), budget(limit), scenario(1, &events)], 3)
}

#[test]
fn budgets_count_pods_that_are_ready() {
    let lost = "  unready: [{target: web, atMost: any, recover: false}]\n";
    assert_eq!(drained("", "minAvailable: 2, "), Answer::Holds, "the budget is used up");
    assert_eq!(drained(lost, "minAvailable: 2, "), Answer::Holds, "what is not ready uses it up as well");
    let always = "minAvailable: 2, unhealthyPodEvictionPolicy: AlwaysAllow, ";
    assert_eq!(drained("", always), Answer::Holds, "all are ready");
    assert_eq!(drained(lost, always), violated("pods-schedulable", 2), "one that is not ready goes");
    // With the default policy pods that are not ready go as long as enough others are.
    let three = |more: &str| {
        let events = format!("{more}  commands: [{{drain: worker-1}}]\n  properties: [pods-schedulable]\n");
        ask(&[owner("Deployment", "x", "replicas: 3, "), budget("minAvailable: 2, "), scenario(1, &events)], 4)
    };
    assert_eq!(three(""), violated("pods-schedulable", 1));
}

#[test]
fn crash_loops_use_a_budget_up() {
    let crashing = "  crashLooping: [x]\n";
    assert_eq!(drained(crashing, "minAvailable: 2, "), Answer::Holds);
    let always = "minAvailable: 2, unhealthyPodEvictionPolicy: AlwaysAllow, ";
    assert_eq!(drained(crashing, always), violated("pods-schedulable", 2));
}

/// A rollout to another image, while pods cease to be ready.
fn rolled(kind: &str, spec: &str, events: &str, bound: u32) -> Answer {
    let events =
        format!("{events}  commands: [{{apply: {}}}]\n  properties: [rollout-completes]\n", owner(kind, "next", spec));
    ask(&[owner(kind, "x", spec), scenario(1, &events)], bound)
}

const FOR_GOOD: &str = "  unready: [{target: web, atMost: 1, recover: false}]\n";
const FOR_A_WHILE: &str = "  unready: [{target: web, atMost: 1}]\n";

#[test]
fn a_stateful_set_in_order_waits_for_pods_that_are_not_ready_any_more() {
    let ordered = |events: &str| rolled("StatefulSet", "replicas: 2, serviceName: web, ", events, 3);
    assert_eq!(ordered(FOR_GOOD), violated("rollout-completes", 2));
    assert_eq!(ordered(FOR_A_WHILE), Answer::Holds, "they are to be ready again");
    assert_eq!(ordered(""), Answer::Holds);
    let parallel = "replicas: 2, serviceName: web, podManagementPolicy: Parallel, ";
    assert_eq!(rolled("StatefulSet", parallel, FOR_GOOD, 3), Answer::Holds, "it replaces them");
}

#[test]
fn a_deployment_replaces_old_pods_that_are_not_ready_first_and_waits_for_new_ones() {
    let one_by_one = "replicas: 2, strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}, ";
    assert_eq!(
        rolled("Deployment", one_by_one, FOR_GOOD, 4),
        Answer::Holds,
        "old ones go, new ones are available at once"
    );
    let patient = format!("{one_by_one}minReadySeconds: 10, ");
    assert_eq!(rolled("Deployment", &patient, "", 6), Answer::Holds, "time passes");
    assert_eq!(rolled("Deployment", &patient, FOR_GOOD, 6), violated("rollout-completes", 3));
    assert_eq!(rolled("Deployment", &patient, FOR_A_WHILE, 4), Answer::Holds);
    assert_eq!(rolled("Deployment", &patient, "  crashLooping: [next]\n", 4), Answer::Holds, "they are restarted");
}

/// States that a system reaches, without actions whose names end in a certain way.
fn reached(system: &System, without: Option<&str>) -> BTreeSet<Vec<i64>> {
    let successors = Successors::new(system).expect("it is explicit");
    let start = system.fixed_initial_state().expect("a start");
    let (mut seen, mut open) = (BTreeSet::from([start.clone()]), vec![start]);
    while let Some(state) = open.pop() {
        for (action, _, next) in successors.of(&state).expect("successors").steps {
            let is_left_out = without.is_some_and(|end| system.action(action).name.ends_with(end));
            if !is_left_out && seen.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    seen
}

#[test]
fn rollouts_keep_pods_available_and_wait_for_new_ones() {
    let spec = "replicas: 2, strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}, minReadySeconds: 10, ";
    let apply = owner("Deployment", "next", spec);
    let events = format!("  commands: [{{apply: {apply}}}]\n  properties: [settles]\n");
    let documents = [owner("Deployment", "x", spec), pod("web-a-1"), pod("web-a-2"), scenario(1, &events)];
    let model = model(&load(&documents));
    let named = |name: &str| model.system.state.iter().position(|var| var.name == name).expect("it is counted");
    let available = [named("web-a available"), named("web-2 available")];
    let sizes = [named("web-a size"), named("web-2 size")];
    let all = reached(&model.system, None);
    assert!(all.iter().all(|state| available.iter().map(|&at| state[at]).sum::<i64>() >= 1), "one stays available");
    let is_done = |state: &Vec<i64>| sizes.map(|at| state[at]) == [0, 2];
    assert!(all.iter().any(is_done), "the rollout completes");
    assert!(!reached(&model.system, Some(" is available")).iter().any(is_done), "but not before time has passed");
}

#[test]
fn statuses_say_which_pods_are_not_available_yet() {
    let set = |available: i64| {
        format!(
            "{{apiVersion: apps/v1, kind: ReplicaSet, metadata: {{name: web-a, labels: {{app: web, pod-template-hash: a}}, \
             ownerReferences: [{{apiVersion: apps/v1, kind: Deployment, name: web, uid: w, controller: true}}]}}, \
             spec: {{replicas: 2, selector: {{matchLabels: {{app: web, pod-template-hash: a}}}}, template: {{metadata: \
             {{labels: {{app: web, pod-template-hash: a}}}}, spec: {{containers: [{{name: main, image: x}}]}}}}}}, \
             status: {{replicas: 2, readyReplicas: 2, availableReplicas: {available}}}}}"
        )
    };
    let loaded = load(&[owner("Deployment", "x", "replicas: 2, "), set(1), scenario(1, "")]);
    assert_eq!(loaded.spec.workloads[0].revisions[0].young, 1);
    let loaded = load(&[owner("Deployment", "x", "replicas: 2, "), set(2), scenario(1, "")]);
    assert_eq!(loaded.spec.workloads[0].revisions[0].young, 0);
}

#[test]
fn a_daemon_set_does_not_wait_for_pods_that_never_become_ready() {
    let next = |image: &str| owner("DaemonSet", image, "");
    let events = format!(
        "  neverReady: [broken]\n  commands: [{{apply: {}}}, {{apply: {}}}]\n  properties: [rollout-completes]\n",
        next("broken"),
        next("good")
    );
    assert_eq!(ask(&[next("x"), scenario(2, &events)], 3), Answer::Holds, "what is broken is replaced at once");
}

#[test]
fn crashes_are_no_excuse_for_loops_and_lost_readiness_is_one() {
    // A pod that was restarted uses much for a while; while it is not ready, the size follows from the others.
    let autoscaler = "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web}, spec: {scaleTargetRef: \
                      {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 2, maxReplicas: 3, metrics: [{type: \
                      Resource, resource: {name: cpu, target: {type: AverageValue, averageValue: 500m}}}]}}";
    let answer = |events: &str| {
        let events = format!(
            "{events}  loads: [{{target: web, range: 400m..400m, changes: never, startup: [{{until: 1m, usage: 1000m}}]}}]\n  \
             properties: [{{name: no-replica-oscillation, threshold: 1}}]\n"
        );
        let objects =
            [owner("Deployment", "x", "replicas: 2, "), pod("web-a-1"), pod("web-a-2"), autoscaler.to_owned()];
        ask(&objects.into_iter().chain([scenario(1, &events)]).collect::<Vec<_>>(), 7)
    };
    assert_eq!(answer(""), Answer::Holds);
    assert!(matches!(answer("  crashLooping: [x]\n"), Answer::Violated(..)), "they crash by themselves");
    assert_eq!(answer("  unready: [{target: web, atMost: any}]\n"), Answer::Holds, "something outside made them so");
}

#[test]
fn lost_readiness_is_told_only_where_it_may_be_lost() {
    let phases = |events: &str| {
        let loaded = load(&[owner("Deployment", "x", "replicas: 2, "), scenario(1, events)]);
        model(&loaded).parts.templates[0].phases.clone()
    };
    assert!(!phases("").contains(&Phase::Unready));
    assert!(phases("  crashLooping: [x]\n").contains(&Phase::Unready));
    assert!(phases("  unready: [{target: web}]\n").contains(&Phase::Unready));
}

#[test]
fn what_makes_no_sense_in_a_scenario_is_reported_where_it_is() {
    let problem = |events: &str| {
        let texts = [("web.yaml", owner("Deployment", "x", "replicas: 2, ")), ("s.yaml", scenario(1, events))];
        let texts = texts.each_ref().map(|(name, text)| (*name, text.as_str()));
        load_strings(&texts, Default::default()).err().map(|errors| errors.to_string()).unwrap_or_default()
    };
    for (events, said) in [
        ("  crashLooping: [y]\n", "s.yaml:6:18: error: no container has the image `y`\n"),
        ("  crashLooping: [x]\n  neverReady: [x]\n", "s.yaml:6:18: error: `x` is one of `neverReady`, too\n"),
        ("  unready: [{target: other}]\n", "s.yaml:6:22: error: there is no workload `other`\n"),
        (
            "  unready: [{target: web, atMost: 0}]\n",
            "s.yaml:6:35: error: spec.unready[0].atMost: 0 pods is nothing at all\n",
        ),
        ("  unready: [{target: web}, {target: web}]\n", "s.yaml:6:37: error: web is named twice\n"),
        ("  unready: [{target: web, often: true}]\n", "unknown field `often`"),
    ] {
        assert!(problem(events).contains(said), "{events}{}", problem(events));
    }
}

/// A workload whose pods are not well, with what else there is and what happens.
fn cluster() -> impl Strategy<Value = String> {
    let kinds = prop::sample::select(vec![
        ("Deployment", "replicas: 2, "),
        ("Deployment", "replicas: 2, minReadySeconds: 5, "),
        (
            "Deployment",
            "replicas: 3, minReadySeconds: 5, strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}, ",
        ),
        ("Deployment", "replicas: 2, minReadySeconds: 5, strategy: {type: Recreate}, "),
        ("StatefulSet", "replicas: 2, "),
        ("StatefulSet", "replicas: 2, minReadySeconds: 5, podManagementPolicy: Parallel, "),
        ("DaemonSet", ""),
        ("DaemonSet", "updateStrategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}, "),
    ]);
    let events = prop::sample::select(vec![
        "  unready: [{target: web, atMost: 1}]\n",
        "  unready: [{target: web, atMost: any, recover: false}]\n",
        "  crashLooping: [one]\n",
        "  crashLooping: [two]\n",
        "  neverReady: [two]\n",
        "  crashLooping: [two]\n  unready: [{target: web, atMost: 1}]\n",
    ]);
    let more = prop::sample::select(vec![
        "",
        "  failures: {atMost: 1, recover: true}\n",
        "  maintenance: {parallel: 1, once: true}\n",
        "  initialPlacement: any\n",
    ]);
    let budgets = prop::sample::select(vec![
        "",
        "maxUnavailable: 1, ",
        "maxUnavailable: 1, unhealthyPodEvictionPolicy: AlwaysAllow, ",
    ]);
    let modes = prop::sample::select(vec!["racing", "settled"]);
    (kinds, events, more, budgets, modes, 1..=2_u32).prop_map(|((kind, spec), events, more, limit, mode, nodes)| {
        let is_placed = kind != "DaemonSet" || !more.contains("initialPlacement");
        let more = if is_placed { more } else { "" };
        let apply = format!("  commands: [{{apply: {}}}]\n  interleaving: {mode}\n", owner(kind, "two", spec));
        let events = format!("{events}{more}{apply}");
        let limit = (!limit.is_empty()).then(|| budget(limit));
        let documents = [owner(kind, "one", spec)].into_iter().chain(limit).chain([scenario(nodes, &events)]);
        documents.collect::<Vec<_>>().join("\n---\n")
    })
}

#[test]
fn random_clusters_get_the_same_verdicts_in_all_ways() {
    let config = Config { cases: 8, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&cluster(), |text| ways::compare(&text).map(|_| ()));
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn a_rollout_that_is_stuck_is_found_in_all_ways() {
    let spec = "replicas: 2, serviceName: web, ";
    let events = format!("{FOR_GOOD}  commands: [{{apply: {}}}]\n", owner("StatefulSet", "next", spec));
    let text = [owner("StatefulSet", "x", spec), scenario(2, &events)].join("\n---\n");
    let violated = ways::compare(&text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(violated, 1);
}
