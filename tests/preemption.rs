//! Preemption in the model: who goes, who comes, and what properties say about it.

mod support;

use kubound::engine::explicit::Explicit;
use kubound::engine::smt::Smt;
use kubound::engine::{Extent, Verdict};
use kubound::input::{self, Loaded};
use kubound::system::Interleaving;

use support::{Answer, check, interleave, model, slice};

/// Two nodes of two cpus, full of pods of one cpu: one of `urgent` and three of two `batch` workloads. Then `urgent` is
/// scaled up.
const CLUSTER: &str = "
apiVersion: kubound.dev/v1alpha1
kind: Scenario
spec:
  nodePools:
  - {name: node, count: 2, template: {allocatable: {cpu: \"2\", memory: 8Gi}}}
  commands:
  - scale: {target: urgent, replicas: 2}
  properties:
  - PROPERTY
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: urgent}
value: 1000
preemptionPolicy: POLICY
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: urgent}
spec:
  replicas: 1
  selector: {matchLabels: {app: urgent}}
  template:
    metadata: {labels: {app: urgent}}
    spec:
      priorityClassName: urgent
      containers: [{name: main, image: main, resources: {requests: {cpu: \"1\"}}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: batch}
spec:
  replicas: 2
  selector: {matchLabels: {app: batch}}
  template:
    metadata: {labels: {app: batch}}
    spec:
      containers: [{name: main, image: main, resources: {requests: {cpu: \"1\"}}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: guarded}
spec:
  replicas: 1
  selector: {matchLabels: {app: guarded}}
  template:
    metadata: {labels: {app: guarded}}
    spec:
      containers: [{name: main, image: main, resources: {requests: {cpu: \"1\"}}}]
";

/// Lets no pod of `guarded` be disrupted.
const BUDGET: &str = "
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: guarded}
spec:
  minAvailable: 100%
  selector: {matchLabels: {app: guarded}}
";

/// Pods of lower priority than any Deployment's that are leaving already, and take up all of a node.
const LEAVING: &str = "
apiVersion: v1
kind: Pod
metadata: {name: leaving, deletionTimestamp: \"2025-01-01T00:00:00Z\"}
spec:
  nodeName: node-1
  priority: -1
  containers: [{name: main, image: main, resources: {requests: {cpu: \"2\"}}}]
status: {phase: Running, startTime: \"2025-01-01T00:00:00Z\"}
";

fn load(property: &str, policy: &str, more: &[&str]) -> Loaded {
    let cluster = CLUSTER.replace("PROPERTY", property).replace("POLICY", policy);
    let texts = [("cluster.yaml", cluster.as_str())].into_iter().chain(more.iter().map(|&text| ("more.yaml", text)));
    input::load_strings(&texts.collect::<Vec<_>>(), Default::default()).unwrap_or_else(|errors| panic!("{errors}"))
}

/// What both engines say.
fn answer(loaded: &Loaded) -> Answer {
    let model = model(loaded);
    let slice = slice(&model);
    let (explicit, outcome) = check(&Explicit, &model, &slice, loaded.spec.scenario.bound);
    if explicit == Answer::Holds {
        assert!(matches!(outcome.verdict, Verdict::Holds(Extent::Complete(_))), "{:?}", outcome.verdict);
    }
    assert_eq!(check(&Smt::default(), &model, &slice, loaded.spec.scenario.bound).0, explicit);
    explicit
}

fn schedulable(workload: &str) -> String {
    format!("{{name: pods-schedulable, target: {workload}}}")
}

fn violated(k: u32) -> Answer {
    Answer::Violated("pods-schedulable".to_owned(), k)
}

#[test]
fn pods_of_lower_priority_make_room() {
    let lower = "PreemptLowerPriority";
    assert_eq!(answer(&load(&schedulable("urgent"), lower, &[])), Answer::Holds);
    assert_eq!(answer(&load(&schedulable("batch"), lower, &[])), violated(1));
    assert_eq!(answer(&load(&schedulable("guarded"), lower, &[])), violated(1));
}

#[test]
fn a_pod_that_never_preempts_waits() {
    assert_eq!(answer(&load(&schedulable("urgent"), "Never", &[])), violated(1));
    assert_eq!(answer(&load(&schedulable("batch"), "Never", &[])), Answer::Holds);
}

#[test]
fn a_budget_is_preferred_to_be_kept() {
    let lower = "PreemptLowerPriority";
    assert_eq!(answer(&load(&schedulable("guarded"), lower, &[BUDGET])), Answer::Holds);
    assert_eq!(answer(&load(&schedulable("batch"), lower, &[BUDGET])), violated(1));
}

/// Of six pods of one cpu on a node of six, a pod that asks for three makes three go: only of `batch` if they are the
/// youngest, else that of `guarded` and two of `batch`.
#[test]
fn no_more_pods_go_than_have_to() {
    let one_node = |least: i64| {
        let property = format!("{{name: expected-replicas, target: batch, value: {least}}}");
        let mut text = CLUSTER.replace("PROPERTY", &property).replace("POLICY", "PreemptLowerPriority");
        text = text
            .replace("count: 2, template: {allocatable: {cpu: \"2\"", "count: 1, template: {allocatable: {cpu: \"6\"");
        text = text.replace("target: urgent, replicas: 2", "target: urgent, replicas: 1");
        text = text.replacen("replicas: 1\n", "replicas: 0\n", 1).replacen("cpu: \"1\"", "cpu: \"3\"", 1);
        text = text.replacen("replicas: 2\n", "replicas: 5\n", 1);
        input::load_strings(&[("cluster.yaml", &text)], Default::default()).unwrap_or_else(|errors| panic!("{errors}"))
    };
    assert_eq!(answer(&one_node(3)), Answer::Violated("expected-replicas".to_owned(), 1));
    assert_eq!(answer(&one_node(2)), Answer::Holds);
}

#[test]
fn preemption_comes_to_rest_where_events_race() {
    for (policy, more) in [("PreemptLowerPriority", BUDGET), ("Never", BUDGET), ("PreemptLowerPriority", LEAVING)] {
        let mut loaded = load("settles", policy, &[more]);
        interleave(&mut loaded, Interleaving::Racing);
        assert_eq!(answer(&loaded), Answer::Holds);
    }
}
