//! Evictions from nodes that are down: they happen, but not while every node is down.

mod support;

use kubound::engine::explicit::Explicit;
use kubound::engine::smt::Smt;
use kubound::input::{Loaded, load_strings};

use support::{Answer, WEB, check, model, slice};

/// Two nodes of which each has room for everything, and both may fail.
const BOTH_FAIL: &str = "apiVersion: kubound.dev/v1alpha1
kind: Scenario
spec:
  nodePools:
  - {name: worker, count: 2, template: {allocatable: {cpu: '4', memory: 16Gi, pods: '110'}}}
  failures: {pool: worker, atMost: 2}
  properties: [pods-schedulable]
  bound: 6
";

/// A node that stays up, and that nothing is scheduled on.
const CORDONED: &str = "apiVersion: v1
kind: Node
metadata: {name: spare}
spec: {unschedulable: true}
status: {allocatable: {cpu: '4', memory: 16Gi, pods: '110'}}
";

fn answers(files: &[(&str, &str)]) -> [Answer; 2] {
    let loaded: Loaded = load_strings(files, Default::default()).unwrap_or_else(|errors| panic!("{errors}"));
    let model = model(&loaded);
    let slice = slice(&model);
    [check(&Explicit, &model, &slice, 6).0, check(&Smt::default(), &model, &slice, 6).0]
}

#[test]
fn while_every_node_is_down_pods_stay_where_they_are() {
    let answers = answers(&[("web.yaml", WEB), ("scenario.yaml", BOTH_FAIL)]);
    assert_eq!(answers, [Answer::Holds, Answer::Holds]);
}

#[test]
fn while_another_node_is_up_pods_are_evicted_though_they_fit_nowhere() {
    let answers = answers(&[("web.yaml", WEB), ("spare.yaml", CORDONED), ("scenario.yaml", BOTH_FAIL)]);
    let violated = Answer::Violated("pods-schedulable".to_owned(), 3);
    assert_eq!(answers, [violated.clone(), violated]);
}
