//! What interleavings are for: failures that are there in some orders only are found where controllers race, and observers cost no k.

use kubound::check::{self, Answer, CheckResult, Options, source};
use kubound::engine::explicit::Explicit;
use kubound::engine::sat::Sat;
use kubound::engine::{Budget, Engine};
use kubound::system::Interleaving;

/// Five pods, spread over two nodes by a hard constraint, and a new image.
const ROLLOUT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 5
  selector: {matchLabels: {app: web}}
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 25%}}
  template:
    metadata: {labels: {app: web}}
    spec:
      topologySpreadConstraints:
      - {maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}
      containers: [{name: c, image: IMAGE, resources: {requests: {cpu: 100m}}}]
";

fn rollout() -> String {
    let next: String = ROLLOUT.replace("IMAGE", "new").lines().map(|line| format!("      {line}\n")).collect();
    format!(
        "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  \
         nodePools: [{{name: n, count: 2, template: {{allocatable: {{cpu: 4}}}}}}]\n  commands:\n  - apply:\n{next}"
    )
}

/// An autoscaled Deployment of two on two nodes without room to spare, of which one may fail.
const SCALED: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: c, resources: {requests: {cpu: 3}}}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  minReplicas: 2
  maxReplicas: 3
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]
";

const FAILURE: &str = "apiVersion: kubound.dev/v1alpha1
kind: Scenario
spec:
  nodePools: [{name: n, count: 2, template: {allocatable: {cpu: 4}}}]
  failures: {atMost: 1}
  loads: []
  controllers: {hpa: false}
";

/// Results in an interleaving.
fn results(
    engine: &dyn Engine,
    files: [&str; 2],
    (interleaving, reduce, bound): (Interleaving, bool, u32),
    properties: &[&str],
) -> Vec<CheckResult> {
    let texts = [("objects.yaml", files[0]), ("scenario.yaml", files[1])];
    let mut input = source::of_texts(&texts).unwrap_or_else(|error| panic!("{error}"));
    input.spec.scenario.interleaving = interleaving;
    let properties: Vec<String> = properties.iter().map(|&name| name.to_owned()).collect();
    let options = Options { all: true, reduce, properties: &properties, ..Options::new(engine, Budget::bound(bound)) };
    check::check(&input, &options, &mut |_| ()).unwrap_or_else(|error| panic!("{error}")).0
}

fn k(results: &[CheckResult], property: &str) -> Option<u32> {
    let result = results.iter().find(|it| it.property == property).expect("it was checked");
    match &result.answer {
        Answer::Violated(found) => {
            assert!(found.shortest, "{property} at k = {}", found.k);
            Some(found.k)
        }
        Answer::Holds(_) => None,
        Answer::Unknown { reason, .. } => panic!("undecided: {reason}"),
    }
}

#[test]
fn a_rollout_under_a_hard_constraint_ends_uneven_in_a_race_only() {
    let (objects, scenario) = (ROLLOUT.replace("IMAGE", "old"), rollout());
    for engine in [&Explicit as &dyn Engine, &Sat::default()] {
        let ask = |interleaving| results(engine, [&objects, &scenario], (interleaving, true, 1), &["spread-balanced"]);
        assert_eq!(k(&ask(Interleaving::Racing), "spread-balanced"), Some(1), "{}", engine.name());
        let settled = ask(Interleaving::Settled);
        assert!(matches!(settled[0].answer, Answer::Holds(_)));
        assert_eq!(settled[0].interleaving, Interleaving::Settled);
    }
}

#[test]
fn observers_cost_no_k() {
    for engine in [&Explicit as &dyn Engine, &Sat::default()] {
        for reduce in [true, false] {
            let ask =
                |properties: &[&str]| results(engine, [SCALED, FAILURE], (Interleaving::Async, reduce, 5), properties);
            let all = ask(&["min-replicas", "pods-schedulable", "no-replica-oscillation"]);
            let what = format!("{}, reduce={reduce}", engine.name());
            assert_eq!(k(&all, "min-replicas"), k(&ask(&["min-replicas"]), "min-replicas"), "{what}");
            assert_eq!(k(&all, "pods-schedulable"), k(&ask(&["pods-schedulable"]), "pods-schedulable"), "{what}");
        }
    }
}

/// Nobody evicts the pods of the node that fails, so the failure alone is what breaks it.
#[test]
fn one_action_is_k_1() {
    let for_ever = FAILURE.replace("{hpa: false}", "{hpa: false, taintEviction: false}\n  initialPlacement: any");
    for engine in [&Explicit as &dyn Engine, &Sat::default()] {
        for (interleaving, reduce) in Interleaving::ALL.into_iter().flat_map(|it| [(it, true), (it, false)]) {
            let found = results(engine, [SCALED, &for_ever], (interleaving, reduce, 3), &[]);
            let what = format!("{}, {}, reduce={reduce}", engine.name(), interleaving.name());
            assert_eq!(k(&found, "min-replicas"), Some(1), "{what}");
        }
    }
}
