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
    evicts_with("worker-1", support::WEB, more)
}

/// The same with flags, and another `web`.
fn evicts_with(drain: &str, web: &str, more: &[String]) -> bool {
    let scenario = SCENARIO.replace("{drain: worker-1}", &format!("{{drain: {drain}}}"));
    let texts: Vec<(&str, &str)> = [("scenario.yaml", scenario.as_str()), ("web.yaml", web)]
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

/// A pod that nobody owns.
const BARE: &str = "
apiVersion: v1
kind: Pod
metadata: {name: solo}
spec:
  nodeName: worker-1
  containers: [{name: main, image: main, resources: {requests: {cpu: 500m}}}]
status: {phase: Running, conditions: [{type: Ready, status: 'True'}]}
";

#[test]
fn a_drain_declines_where_its_flags_do_not_speak_of_a_pod() {
    let bare = || vec![BARE.to_owned()];
    assert!(!evicts(&bare()));
    assert!(evicts_with("{node: worker-1, force: true}", support::WEB, &bare()));
    assert!(evicts_with("{node: worker-1}", support::WEB, &[]));
    // A pod of a DaemonSet.
    let daemon = || vec![pod_of("DaemonSet")];
    assert!(evicts(&daemon()));
    assert!(!evicts_with("{node: worker-1, force: true, deleteEmptydirData: true}", support::WEB, &daemon()));
    assert!(evicts_with("{node: worker-1, ignoreDaemonsets: true}", support::WEB, &daemon()));
    // Pods with local data.
    let local = support::WEB.to_owned() + "      volumes: [{name: tmp, emptyDir: {}}]\n";
    assert!(evicts_with("worker-1", &local, &[]));
    assert!(!evicts_with("{node: worker-1, ignoreDaemonsets: true}", &local, &[]));
    assert!(evicts_with("{node: worker-1, deleteEmptydirData: true}", &local, &[]));
}

#[test]
fn a_drain_that_deletes_asks_no_budget() {
    let budget = [budget("all", "minAvailable: 2")];
    assert!(!evicts(&budget));
    assert!(evicts_with("{node: worker-1, disableEviction: true}", support::WEB, &budget));
}

#[test]
fn pods_that_nobody_owns_are_not_made_again() {
    // Once it is evicted there is room for what waits, but the node is cordoned; so the other one must take it.
    let solo = BARE.replace("500m", "4");
    let scenario = SCENARIO.replace("count: 1", "count: 2").replace("worker-1}", "{node: worker-1, force: true}}");
    let more = scenario.replace("{drain: {", "{scale: {target: deployment/web, replicas: 2}}, {drain: {");
    let texts = [("scenario.yaml", more.as_str()), ("web.yaml", support::WEB), ("solo.yaml", solo.as_str())];
    let loaded = load_strings(&texts, Default::default()).unwrap_or_else(|errors| panic!("{errors}"));
    let model = model(&loaded);
    assert_eq!(check(&Explicit, &model, &slice(&model), 3).0, Answer::Holds);
}

/// Whether a drain that a budget of all there is keeps waiting goes on after another command.
fn goes_on_after(command: &str) -> bool {
    let commands = format!("commands: [{{drain: worker-1}}, {command}]");
    let scenario = SCENARIO.replace("commands: [{drain: worker-1}]", &commands);
    let budget = budget("all", "minAvailable: 2");
    let texts = [("scenario.yaml", scenario.as_str()), ("web.yaml", support::WEB), ("budget.yaml", budget.as_str())];
    let loaded = load_strings(&texts, Default::default()).unwrap_or_else(|errors| panic!("{errors}"));
    let model = model(&loaded);
    let slice = slice(&model);
    let answer = check(&Explicit, &model, &slice, 3).0;
    assert_eq!(check(&Smt::default(), &model, &slice, 3).0, answer);
    answer == Answer::Violated("pods-schedulable".to_owned(), 2)
}

#[test]
fn budgets_come_and_go_with_commands() {
    let apply = |name: &str, limit: &str| {
        format!(
            "{{apply: {{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {{name: {name}}}, spec: {{{limit}, selector: \
             {{matchLabels: {{app: web}}}}}}}}}}"
        )
    };
    assert!(goes_on_after("{delete: {kind: PodDisruptionBudget, name: all}}"));
    assert!(goes_on_after("{delete: pdb/all}"));
    assert!(goes_on_after(&apply("all", "minAvailable: 1")));
    assert!(!goes_on_after(&apply("all", "maxUnavailable: 0")));
    // A second one does not make the first one go.
    assert!(!goes_on_after(&apply("other", "maxUnavailable: 2")));
}

#[test]
fn percentages_are_of_what_all_owners_want() {
    let other = support::WEB.replace("metadata: {name: web}", "metadata: {name: other}").replace("cpu: 1", "cpu: 500m");
    let of = |limit: &str| vec![other.clone(), budget("both", limit)];
    // Four pods are wanted: three of them are 75 %, and all of them 76 %, rounded up.
    assert!(evicts(&of("minAvailable: 75%")));
    assert!(!evicts(&of("minAvailable: 76%")));
    assert!(evicts(&of("maxUnavailable: 1%")));
    assert!(!evicts(&of("maxUnavailable: 0%")));
}

#[test]
fn a_drain_that_fails_is_remarked_on_when_it_is_read() {
    let remarks = |drain: &str| {
        let scenario = SCENARIO.replace("{drain: worker-1}", &format!("{{drain: {drain}}}"));
        let texts = [("scenario.yaml", scenario.as_str()), ("web.yaml", support::WEB), ("solo.yaml", BARE)];
        load_strings(&texts, Default::default()).unwrap_or_else(|errors| panic!("{errors}")).diagnostics.to_string()
    };
    assert!(remarks("worker-1").contains("the drain fails while solo is there, which no controller owns"));
    assert!(!remarks("{node: worker-1, force: true}").contains("the drain fails"));
}
