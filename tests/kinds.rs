//! Random clusters in which all kinds of workloads meet, under quotas, budgets, failures and maintenance: explicit search
//! and SAT, reduced and with every node told apart, in focus and as a whole never contradict each other.

mod support;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use support::ways;

/// A workload: kind, name, what each of its pods requests in thousandths of a core, replicas, and more of its spec.
#[derive(Clone, Debug)]
struct Owner {
    kind: &'static str,
    name: &'static str,
    cpu: u32,
    replicas: u32,
    more: &'static str,
    pod: &'static str,
}

impl Owner {
    fn manifest(&self, image: &str) -> String {
        let Owner { kind, name, cpu, replicas, more, pod } = self;
        let replicas = if *kind == "DaemonSet" { String::new() } else { format!("replicas: {replicas}, ") };
        format!(
            "{{apiVersion: apps/v1, kind: {kind}, metadata: {{name: {name}}}, spec: {{{replicas}{more}\
             selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}}}, spec: \
             {{{pod}containers: [{{name: main, image: '{image}', resources: {{requests: {{cpu: {cpu}m}}}}}}]}}}}}}}}"
        )
    }
}

fn owner(kind: &'static str, name: &'static str, mores: &'static [&'static str]) -> impl Strategy<Value = Owner> {
    let pods = prop::sample::select(vec!["", "", "tolerations: [{operator: Exists}], ", "priority: 100, "]);
    (prop::sample::select(vec![100, 500, 1000, 1500]), 1..=2_u32, prop::sample::select(mores), pods)
        .prop_map(move |(cpu, replicas, more, pod)| Owner { kind, name, cpu, replicas, more, pod })
}

const OF_DEPLOYMENTS: &[&str] = &[
    "",
    "strategy: {type: Recreate}, ",
    "strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}, ",
    "strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}, ",
];
const OF_STATEFUL_SETS: &[&str] = &["", "podManagementPolicy: Parallel, ", "updateStrategy: {type: OnDelete}, "];
const OF_DAEMON_SETS: &[&str] =
    &["", "updateStrategy: {type: OnDelete}, ", "updateStrategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}, "];
/// What else there is, and what happens.
const OTHERS: [&str; 8] = [
    "",
    "",
    "{apiVersion: v1, kind: ResourceQuota, metadata: {name: q}, spec: {hard: {pods: 3}}}",
    "{apiVersion: v1, kind: ResourceQuota, metadata: {name: q}, spec: {hard: {requests.cpu: 1500m}}}",
    "{apiVersion: v1, kind: ResourceQuota, metadata: {name: q}, spec: {hard: {count/replicasets.apps: 1}}}",
    "{apiVersion: v1, kind: ResourceQuota, metadata: {name: q}, spec: {hard: {count/replicasets.apps: 0}}}",
    "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b}, spec: {maxUnavailable: 1, selector: \
     {matchLabels: {app: web}}}}",
    "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b}, spec: {minAvailable: 2, selector: \
     {matchLabels: {app: web}}}}",
];
const EVENTS: [&str; 5] = [
    "",
    "  failures: {atMost: 1, recover: true}\n",
    "  failures: {atMost: 1, recover: false}\n",
    "  maintenance: {parallel: 1, once: true}\n",
    "  maintenance: {parallel: 1, once: false}\n",
];

/// A cluster of two workloads of different kinds as one text, one of which gets another image.
fn cluster() -> impl Strategy<Value = String> {
    let owners = (
        owner("Deployment", "web", OF_DEPLOYMENTS),
        owner("StatefulSet", "db", OF_STATEFUL_SETS),
        owner("DaemonSet", "agent", OF_DAEMON_SETS),
        0..3_usize,
    );
    let others = prop::sample::select(OTHERS.to_vec());
    let events = prop::sample::select(EVENTS.to_vec());
    let interleavings = prop::sample::select(vec!["racing", "settled"]);
    (owners, others, events, interleavings, 1..=2_u32).prop_map(|((web, db, agent, left), other, event, mode, nodes)| {
        let mut owners = vec![web, db, agent];
        owners.remove(left);
        let manifests: Vec<String> = owners.iter().map(|owner| owner.manifest("one")).collect();
        let update = owners[0].manifest("two");
        let scenario = format!(
            "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  nodePools: [{{name: n, count: {nodes}, template: \
             {{allocatable: {{cpu: 2}}}}}}]\n{event}  commands: [{{apply: {update}}}]\n  interleaving: {mode}\n"
        );
        let other = (!other.is_empty()).then(|| other.to_owned());
        manifests.into_iter().chain(other).chain([scenario]).collect::<Vec<_>>().join("\n---\n")
    })
}

#[test]
fn workloads_of_all_kinds_get_the_same_verdicts_in_all_ways() {
    let violated = std::cell::Cell::new(0);
    let config = Config { cases: 12, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&cluster(), |text| {
        violated.set(violated.get() + ways::compare(&text)?);
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    assert!(violated.get() > 0, "nothing was ever violated");
}
