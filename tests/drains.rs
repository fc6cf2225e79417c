//! Drains, and what PodDisruptionBudgets let them evict.

mod support;

use kubound::engine::explicit::Explicit;
use kubound::engine::smt::Smt;
use kubound::input::load_strings;

use support::{Answer, check, model, slice};

/// The only node is drained.
const SCENARIO: &str = "
apiVersion: kubound.dev/v1alpha1
kind: Scenario
spec:
  nodePools:
  - {name: worker, count: 1, template: {allocatable: {cpu: '4', memory: 16Gi}}}
  commands: [{drain: worker-1}]
  properties: [pods-schedulable]
  bound: 3
";

fn budget(name: &str, limit: &str) -> String {
    format!(
        "
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {{name: {name}}}
spec: {{{limit}, selector: {{matchLabels: {{app: web}}}}}}
"
    )
}

/// A ready pod with the labels of `web` whose owner is of this kind.
fn pod_of(owner: &str) -> String {
    format!(
        "
apiVersion: v1
kind: Pod
metadata:
  name: other
  labels: {{app: web}}
  ownerReferences: [{{apiVersion: apps/v1, kind: {owner}, name: other, uid: other, controller: true}}]
spec:
  nodeName: worker-1
  containers: [{{name: main, image: main}}]
status: {{phase: Running, conditions: [{{type: Ready, status: 'True'}}]}}
"
    )
}

/// Whether the drain evicts a pod of `web`; both engines say so.
fn evicts(more: &[String]) -> bool {
    let texts: Vec<(&str, &str)> = [("scenario.yaml", SCENARIO), ("web.yaml", support::WEB)]
        .into_iter()
        .chain(more.iter().map(|it| ("more.yaml", it.as_str())))
        .collect();
    let loaded = load_strings(&texts, Default::default()).unwrap_or_else(|errors| panic!("{errors}"));
    let model = model(&loaded);
    let slice = slice(&model);
    let answer = check(&Explicit, &model, &slice, 3).0;
    assert_eq!(check(&Smt::default(), &model, &slice, 3).0, answer);
    match answer {
        Answer::Holds => false,
        violated => {
            assert_eq!(violated, Answer::Violated("pods-schedulable".to_owned(), 1));
            true
        }
    }
}

#[test]
fn a_budget_lets_go_what_it_can_spare() {
    assert!(evicts(&[]));
    assert!(evicts(&[budget("one", "maxUnavailable: 1")]));
    assert!(evicts(&[budget("one", "minAvailable: 50%")]));
    assert!(!evicts(&[budget("one", "minAvailable: 2")]));
}

#[test]
fn a_pod_under_two_budgets_is_not_evicted() {
    assert!(!evicts(&[budget("one", "maxUnavailable: 1"), budget("two", "maxUnavailable: 1")]));
}

#[test]
fn an_owner_without_a_scale_leaves_no_disruption_unless_a_number_of_pods_is_asked_for() {
    assert!(evicts(&[budget("one", "maxUnavailable: 1"), pod_of("StatefulSet")]));
    assert!(!evicts(&[budget("one", "maxUnavailable: 1"), pod_of("DaemonSet")]));
    assert!(evicts(&[budget("one", "minAvailable: 2"), pod_of("DaemonSet")]));
}
