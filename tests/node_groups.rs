//! Node groups: nodes that a cluster autoscaler adds and removes, and pods that keep them.

use std::collections::BTreeMap;
use std::time::Duration;

use kubound::check::{self, Answer, Options, source};
use kubound::engine::explicit::Explicit;
use kubound::engine::sat::Sat;
use kubound::engine::smt::Smt;
use kubound::engine::{Budget, Engine, Extent};
use kubound::input::{self, LoadOptions, Severity};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// A Deployment: what each pod requests in thousandths of a core, how many, and more of the template's metadata and spec.
fn deployment(name: &str, cpu: u32, replicas: u32, metadata: &str, pod: &str) -> String {
    format!(
        "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {name}}}, spec: {{replicas: {replicas}, selector: \
         {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{{metadata}labels: {{app: {name}}}}}, spec: {{{pod}\
         containers: [{{name: main, image: main, resources: {{requests: {{cpu: {cpu}m}}}}}}]}}}}}}}}"
    )
}

/// Nodes of four cores: some at the start, and the limits of their group.
fn scenario(count: u32, (min, max): (u32, u32), more: &str) -> String {
    format!(
        "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  nodePools:\n  - {{name: n, count: {count}, autoscale: \
         {{min: {min}, max: {max}}}, template: {{allocatable: {{cpu: 4}}}}}}\n{more}"
    )
}

/// Verdicts by property: the k of a violation, or whether what holds is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Violated(u32),
    Holds,
    Proved,
}

fn verdicts(texts: &[&str], engine: &dyn Engine, reduce: bool, bound: u32) -> BTreeMap<String, Said> {
    let text = texts.join("\n---\n");
    let mut input = source::of_texts(&[("cluster.yaml", &text)]).unwrap_or_else(|error| panic!("{error}\n{text}"));
    // How far runs with overlapping actions are looked at depends on the size of the model.
    input.spec.scenario.interleaves_by_default = false;
    let budget = Budget { time: Some(Duration::from_secs(30)), ..Budget::bound(bound) };
    let options = Options { all: true, reduce, ..Options::new(engine, budget) };
    let results = check::check(&input, &options, &mut |_| ()).unwrap_or_else(|error| panic!("{error}\n{text}")).0;
    let mut said = BTreeMap::new();
    for result in results {
        let now = match &result.answer {
            Answer::Violated(found) => Said::Violated(found.k),
            Answer::Holds(Extent::Complete(_)) => Said::Proved,
            Answer::Holds(_) => Said::Holds,
            Answer::Unknown { .. } => continue,
        };
        let known = said.entry(result.property).or_insert(now);
        if let Said::Violated(_) = now {
            *known = now;
        }
    }
    said
}

fn explicit(texts: &[&str]) -> BTreeMap<String, Said> {
    verdicts(texts, &Explicit, true, 8)
}

/// Whether the pods of `web`, which all run at the start, are ever evicted.
fn evicts(web: &str, more: &[&str], scenario: &str) -> bool {
    let asked = format!("{scenario}  properties: [{{name: expected-replicas, target: web, value: spec.replicas}}]\n");
    let texts: Vec<&str> = [web, &asked].into_iter().chain(more.iter().copied()).collect();
    let said = explicit(&texts)["expected-replicas"];
    assert_ne!(said, Said::Holds, "the states are few");
    said != Said::Proved
}

#[test]
fn nodes_come_for_pods_that_wait_up_to_the_maximum() {
    let web = deployment("web", 1500, 6, "", "");
    let enough = explicit(&[&web, &scenario(1, (1, 3), "")]);
    assert!(enough.values().all(|&said| said == Said::Proved), "{enough:?}");
    let few = explicit(&[&web, &scenario(1, (1, 2), "")]);
    // The second node is asked for, comes, and is the last one.
    assert_eq!(few["pods-schedulable"], Said::Violated(2));
    let large = deployment("web", 4500, 1, "", "");
    assert_eq!(explicit(&[&large, &scenario(1, (1, 3), "")])["pods-schedulable"], Said::Violated(0));
}

#[test]
fn fresh_nodes_have_the_pods_of_daemon_sets() {
    let agent = |cpu: &str| {
        format!(
            "{{apiVersion: apps/v1, kind: DaemonSet, metadata: {{name: agent}}, spec: {{selector: {{matchLabels: {{app: \
             agent}}}}, template: {{metadata: {{labels: {{app: agent}}}}, spec: {{containers: [{{name: main, image: main, \
             resources: {{requests: {{cpu: {cpu}}}}}}}]}}}}}}}}"
        )
    };
    let web = deployment("web", 3500, 2, "", "");
    let said = explicit(&[&web, &agent("500m"), &scenario(1, (1, 2), "")]);
    assert_eq!(said["pods-schedulable"], Said::Proved);
    // No fresh node has room beside the agent: none is asked for.
    let said = explicit(&[&web, &agent("1"), &scenario(1, (1, 2), "")]);
    assert!(matches!(said["pods-schedulable"], Said::Violated(0)), "{said:?}");
    assert_eq!(said["no-node-oscillation"], Said::Proved);
}

#[test]
fn nodes_go_that_are_little_used_and_whose_pods_fit_elsewhere() {
    let small = deployment("web", 500, 2, "", "");
    assert!(evicts(&small, &[], &scenario(2, (1, 2), "")));
    assert!(!evicts(&small, &[], &scenario(2, (2, 2), "")), "the group is at its minimum");
    assert!(!evicts(&small, &[], &scenario(2, (1, 2), "  controllers: {clusterAutoscaler: {scaleDown: false}}\n")));
    assert!(!evicts(&small, &[], &scenario(2, (1, 2), "  controllers: {clusterAutoscaler: false}\n")));
    let threshold = "  controllers: {clusterAutoscaler: {utilizationThreshold: 12%}}\n";
    assert!(!evicts(&small, &[], &scenario(2, (1, 2), threshold)), "an eighth is not below 12 %");
    // Two pods of half a node are not below the threshold.
    assert!(!evicts(&deployment("web", 2000, 2, "", ""), &[], &scenario(2, (1, 2), "")));
    // Pods that take 1.9 of 4 cores on each of three nodes: two fit beside another one.
    assert!(evicts(&deployment("web", 1900, 3, "", ""), &[], &scenario(3, (1, 3), "")));
}

#[test]
fn pods_keep_their_nodes() {
    let pods = |metadata: &str, pod: &str| deployment("web", 500, 2, metadata, pod);
    let nodes = scenario(2, (1, 2), "");
    let safe = |value: &str| format!("annotations: {{cluster-autoscaler.kubernetes.io/safe-to-evict: '{value}'}}, ");
    assert!(!evicts(&pods(&safe("false"), ""), &[], &nodes));
    assert!(evicts(&pods(&safe("true"), ""), &[], &nodes));
    let volume = "volumes: [{name: data, emptyDir: {}}], ";
    assert!(!evicts(&pods("", volume), &[], &nodes));
    assert!(evicts(&pods(&safe("true"), volume), &[], &nodes));
    let flag = "  controllers: {clusterAutoscaler: {skipNodesWithLocalStorage: false}}\n";
    assert!(evicts(&pods("", volume), &[], &scenario(2, (1, 2), flag)));
    let bare = |name: &str, node: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{nodeName: {node}, containers: [{{name: main, \
             image: main}}]}}}}"
        )
    };
    assert!(!evicts(&pods("", ""), &[&bare("a", "n-1"), &bare("b", "n-2")], &nodes));
    let budget = |limit: &str| {
        format!(
            "{{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {{name: b}}, spec: {{{limit}, selector: \
             {{matchLabels: {{app: web}}}}}}}}"
        )
    };
    assert!(!evicts(&pods("", ""), &[&budget("minAvailable: 2")], &nodes));
    assert!(evicts(&pods("", ""), &[&budget("minAvailable: 1")], &nodes));
}

#[test]
fn pods_of_several_sizes_are_not_taken_to_fit_where_they_do_not() {
    // Two pods of 1.4 and 0.5 cores each could move into what is left of two nodes only if one of them were cut in two.
    let big = deployment("big", 2900, 2, "", "nodeSelector: {role: big}, ");
    let web = deployment("web", 900, 1, "", "nodeSelector: {role: small}, ");
    let other = deployment("other", 800, 1, "", "nodeSelector: {role: small}, ");
    let pools = "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  nodePools:\n  - {name: big, count: 2, template: \
                 {labels: {role: big}, allocatable: {cpu: 4}}}\n  - {name: n, count: 1, autoscale: {min: 0, max: 2}, \
                 template: {labels: {role: small}, allocatable: {cpu: 4}}}\n";
    let said = explicit(&[&big, &web, &other, pools]);
    assert!(said.values().all(|&said| said == Said::Proved), "{said:?}");
}

/// One pod on each node, spread hard over hostnames.
fn spread(policy: &str) -> String {
    let constraint = format!(
        "topologySpreadConstraints: [{{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, \
         {policy}labelSelector: {{matchLabels: {{app: web}}}}}}], "
    );
    deployment("web", 500, 3, "", &constraint)
}

#[test]
fn a_scale_down_that_the_scheduler_undoes_goes_round() {
    let old = "  controllers: {clusterAutoscaler: {countsGoingNode: false}}\n";
    let goes_round = |policy: &str, limits: (u32, u32), more: &str| {
        let said = explicit(&[&spread(policy), &scenario(3, limits, more)]);
        (said["no-eviction-loop"], said["no-node-oscillation"])
    };
    assert_eq!(goes_round("", (2, 4), old), (Said::Violated(4), Said::Violated(4)));
    // Where no other node may come the pod waits until the tainted one is gone.
    assert_eq!(goes_round("", (2, 3), old), (Said::Proved, Said::Proved));
    assert_eq!(goes_round("nodeTaintsPolicy: Honor, ", (2, 4), old), (Said::Proved, Said::Proved));
    assert_eq!(goes_round("", (2, 4), ""), (Said::Proved, Said::Proved));
}

#[test]
fn groups_of_given_nodes_are_like_groups_of_pools() {
    let node = |name: &str| {
        format!(
            "{{apiVersion: v1, kind: Node, metadata: {{name: {name}, labels: {{group: a}}}}, status: {{allocatable: {{cpu: \
             4, pods: 110}}}}}}"
        )
    };
    let group = "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  nodeGroups: [{name: a, matchLabels: {group: a}, \
                 min: 1, max: 2}]\n";
    let web = deployment("web", 1500, 6, "", "");
    let given = explicit(&[&web, &node("one"), group]);
    assert_eq!(given, explicit(&[&web, &scenario(1, (1, 2), "")]));
    let kept = node("two")
        .replace("labels", "annotations: {cluster-autoscaler.kubernetes.io/scale-down-disabled: 'true'}, labels");
    let small = deployment("web", 500, 2, "", "");
    assert!(evicts(&small, &[&node("one"), &node("two")], group));
    // Only the other one may go, and nothing is ever on it that would be evicted if both pods are here.
    let both = kept.replace("two", "one");
    assert!(!evicts(&small, &[&both, &kept], group));
}

#[test]
fn pods_that_start_anywhere_start_on_nodes_that_are_there() {
    let web = deployment("web", 1500, 3, "", "");
    let other = deployment("queue", 900, 1, "", "");
    let text = scenario(2, (1, 3), "  initialPlacement: any\n");
    let known = verdicts(&[&web, &other, &text], &Explicit, true, 3);
    assert_eq!(known["pods-schedulable"], Said::Proved);
    for (engine, reduce) in [(&Sat::default() as &dyn Engine, true), (&Explicit, false)] {
        assert_eq!(verdicts(&[&web, &other, &text], engine, reduce, 3)["pods-schedulable"], Said::Proved);
    }
}

/// A cluster in which nodes come and go: one or two Deployments, what keeps their pods, and what happens.
fn cluster() -> impl Strategy<Value = String> {
    let pods = prop::sample::select(vec![
        "",
        "",
        "topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, \
         labelSelector: {matchLabels: {app: web}}}], ",
        "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, \
         labelSelector: {matchLabels: {app: web}}}]}}, ",
    ]);
    let others = prop::sample::select(vec![
        "",
        "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b}, spec: {maxUnavailable: 1, selector: \
         {matchLabels: {app: web}}}}",
        "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: agent}, spec: {selector: {matchLabels: {app: agent}}, \
         template: {metadata: {labels: {app: agent}}, spec: {containers: [{name: main, image: main, resources: {requests: \
         {cpu: 500m}}}]}}}}",
    ]);
    let mores = prop::sample::select(vec![
        "  interleaving: settled\n",
        "  interleaving: async\n",
        "  controllers: {clusterAutoscaler: {countsGoingNode: false}}\n",
        "  controllers: {clusterAutoscaler: {ignoreDaemonSets: true, utilizationThreshold: 40%}}\n",
        "  failures: {atMost: 1}\n",
        "  maintenance: {parallel: 1}\n",
        "  commands: [{scale: {target: web, replicas: 1}}]\n",
        "  commands: [{drain: n-1}]\n",
    ]);
    let sizes = (prop::sample::select(vec![500, 1500, 1900, 2500]), 1..=3_u32, 1..=2_u32, 1..=3_u32, 0..=1_u32);
    (sizes, pods, others, mores, any::<bool>()).prop_map(|((cpu, replicas, count, max, min), pod, other, more, two)| {
        let web = deployment("web", cpu, replicas, "", pod);
        let queue = two.then(|| deployment("queue", 1000, 1, "", ""));
        let scenario = scenario(count, (min, max.max(count)), more);
        let texts = [Some(web), queue, Some(other.to_owned()), Some(scenario)].into_iter().flatten();
        texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n---\n")
    })
}

/// Whether all ways agree about a cluster; how many properties are violated.
fn agree(text: &str) -> Result<usize, TestCaseError> {
    let whole = verdicts(&[text], &Explicit, true, 3);
    let ways: [(&str, &dyn Engine, bool); 3] =
        [("sat", &Sat::default(), true), ("smt", &Smt::default(), true), ("single nodes", &Explicit, false)];
    for (way, engine, reduce) in ways {
        for (name, other) in verdicts(&[text], engine, reduce, 3) {
            let Some(&known) = whole.get(&name) else { continue };
            let is_loop = name.starts_with("no-") || name == "settles";
            let k = |said: Said| match said {
                // A loop of counted nodes may close before one of named nodes does.
                Said::Violated(k) => Some(if reduce || !is_loop { k } else { 0 }),
                _ => None,
            };
            prop_assert_eq!(k(known), k(other), "{}, {}:\n{}", way, name, text);
        }
    }
    Ok(whole.values().filter(|said| matches!(said, Said::Violated(_))).count())
}

#[test]
fn engines_and_models_of_single_nodes_agree() {
    let config = Config { cases: 6, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&cluster(), |text| agree(&text).map(|_| ()));
    outcome.unwrap_or_else(|error| panic!("{error}"));
    let too_many = format!("{}\n---\n{}", deployment("web", 2500, 3, "", ""), scenario(1, (0, 2), ""));
    assert!(agree(&too_many).unwrap_or_else(|error| panic!("{error}")) > 0, "there is no room for three");
}

/// The errors of a scenario beside one node with the label `group: a`, as `line: message`.
fn errors(spec: &str) -> Vec<String> {
    let node =
        "apiVersion: v1\nkind: Node\nmetadata: {name: one, labels: {group: a}}\nstatus: {allocatable: {cpu: 4}}\n";
    let text = format!("apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n{spec}");
    let texts = [("node.yaml", node), ("s.yaml", text.as_str())];
    let Err(found) = input::load_strings(&texts, LoadOptions::default()) else { panic!("this should not load") };
    let found = found.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    found.map(|diagnostic| format!("{}: {}", diagnostic.origin.line, diagnostic.message)).collect()
}

#[test]
fn groups_that_make_no_sense_are_errors_with_places() {
    let pool = |limits: &str| {
        let template = "template: {allocatable: {cpu: 4}}";
        errors(&format!("  nodePools:\n  - {{name: n, count: 2, autoscale: {limits}, {template}}}\n"))
    };
    assert_eq!(pool("{min: 3, max: 2}"), ["5: `min` is 3, above `max`, which is 2"]);
    assert_eq!(pool("{max: 1}"), ["5: there are 2 nodes at the start, which is not between 0 and 1"]);
    assert_eq!(pool("{max: 0}"), ["5: a group of no nodes"]);
    assert_eq!(pool("{max: 900000}"), ["5: 900000 nodes are too many"]);
    assert_eq!(pool("{maximum: 3}").len(), 1);
    let of_nodes = |labels: &str| format!("{{name: g, matchLabels: {{{labels}}}, max: 2}}");
    let group = of_nodes("group: b");
    assert_eq!(errors(&format!("  nodeGroups:\n  - {group}\n")), ["5: no node that is given has these labels"]);
    let group = of_nodes("group: a");
    assert_eq!(errors(&format!("  nodeGroups:\n  - {group}\n  - {group}\n"))[0], "6: node `one` is in two groups");
    let flags = errors("  controllers: {clusterAutoscaler: {utilizationThreshold: 150%}}\n");
    assert!(flags[0].starts_with("4: spec.controllers.clusterAutoscaler.utilizationThreshold: "), "{flags:?}");
    let flags = errors("  controllers: {clusterAutoscaler: {scaleDownDelayAfterAdd: soon}}\n");
    assert!(flags[0].starts_with("4: spec.controllers.clusterAutoscaler.scaleDownDelayAfterAdd: "), "{flags:?}");
}

#[test]
fn an_autoscaler_without_node_groups_is_missed() {
    let autoscaler = deployment("cluster-autoscaler", 100, 1, "", "")
        .replace("image: main", "image: example.com/autoscaling/cluster-autoscaler:v1.34.2");
    let absent = |more: &str, groups: &str| {
        let scenario = format!(
            "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  nodePools: [{{name: n, count: 1, {groups}template: \
             {{allocatable: {{cpu: 4}}}}}}]\n{more}"
        );
        let texts = [("a.yaml", autoscaler.as_str()), ("s.yaml", scenario.as_str())];
        let loaded = input::load_strings(&texts, LoadOptions::default()).unwrap_or_else(|errors| panic!("{errors}"));
        loaded.spec.absent.contains("cluster-autoscaler")
    };
    assert!(absent("", ""));
    assert!(!absent("", "autoscale: {max: 2}, "));
    assert!(!absent("  controllers: {clusterAutoscaler: false}\n", ""));
}
