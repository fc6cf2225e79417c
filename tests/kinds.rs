//! Random clusters in which all kinds of workloads meet, under quotas, budgets, failures and maintenance: explicit search
//! and SAT, reduced and with every node told apart, in focus and as a whole never contradict each other.

use std::collections::BTreeMap;
use std::time::Duration;

use kubound::check::{self, Answer, Focus, Options, source};
use kubound::engine::explicit::Explicit;
use kubound::engine::sat::Sat;
use kubound::engine::{Budget, Engine};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

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
const OTHERS: [&str; 6] = [
    "",
    "",
    "{apiVersion: v1, kind: ResourceQuota, metadata: {name: q}, spec: {hard: {pods: 3}}}",
    "{apiVersion: v1, kind: ResourceQuota, metadata: {name: q}, spec: {hard: {requests.cpu: 1500m}}}",
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

/// What is known of each property: whether it is violated, and the shortest k where the whole was asked.
fn verdicts(text: &str, engine: &dyn Engine, reduce: bool, focus: Focus) -> BTreeMap<String, (bool, Option<u32>)> {
    let input = source::of_texts(&[("cluster.yaml", text)]).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let budget = Budget { time: Some(Duration::from_secs(20)), ..Budget::bound(2) };
    let options = Options { all: true, reduce, focus, ..Options::new(engine, budget) };
    let results = check::check(&input, &options, &mut |_| ()).unwrap_or_else(|error| panic!("{error}\n{text}")).0;
    let mut known: BTreeMap<String, (bool, Option<u32>)> = BTreeMap::new();
    let mut open = Vec::new();
    for result in &results {
        let (is_violated, k) = match &result.answer {
            Answer::Holds(_) => (false, None),
            Answer::Violated(found) => (true, found.shortest.then_some(found.k)),
            Answer::Unknown { .. } => {
                open.push(result.property.clone());
                continue;
            }
        };
        let entry = known.entry(result.property.clone()).or_insert((is_violated, k));
        *entry = (entry.0 | is_violated, entry.1.min(k).or(entry.1).or(k));
    }
    // What holds of some and is open of others is open.
    known.retain(|name, (is_violated, _)| *is_violated || !open.contains(name));
    known
}

#[test]
fn workloads_of_all_kinds_get_the_same_verdicts_in_all_ways() {
    let violated = std::cell::Cell::new(0);
    let outcome =
        TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() }).run(&cluster(), |text| {
            let whole = verdicts(&text, &Explicit, true, Focus::Off);
            violated.set(violated.get() + whole.values().filter(|(is_violated, _)| *is_violated).count());
            let ways: [(&str, &dyn Engine, bool, Focus); 3] = [
                ("sat", &Sat::default(), true, Focus::Off),
                ("single nodes", &Explicit, false, Focus::Off),
                ("focus", &Explicit, true, Focus::Auto),
            ];
            for (way, engine, reduce, focus) in ways {
                for (name, other) in verdicts(&text, engine, reduce, focus) {
                    let Some(known) = whole.get(&name) else { continue };
                    prop_assert_eq!(known.0, other.0, "{}, {}:\n{}", way, name, &text);
                    // A loop of counted nodes may close before one of named nodes does. In focus, and where there was no time to
                    // rule smaller ones out, k need not be the smallest.
                    let is_loop = matches!(name.as_str(), "no-eviction-loop" | "settles");
                    if focus == Focus::Off && (reduce || !is_loop) && known.1.is_some() && other.1.is_some() {
                        prop_assert_eq!(known.1, other.1, "{}, {}:\n{}", way, name, &text);
                    }
                }
            }
            Ok(())
        });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    assert!(violated.get() > 0, "nothing was ever violated");
}
