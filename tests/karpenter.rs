//! Karpenter: nodes that come for pods, nodes that are consolidated, and what keeps them.

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use kubound::check::{self, Answer, Options, source};
use kubound::engine::explicit::Explicit;
use kubound::engine::sat::Sat;
use kubound::engine::smt::Smt;
use kubound::engine::{Budget, Engine, Extent};
use kubound::input::{self, LoadOptions, Loaded, Severity};
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

/// A NodePool with more of its spec, and of its template's.
fn pool(name: &str, spec: &str, template: &str) -> String {
    format!(
        "{{apiVersion: karpenter.sh/v1, kind: NodePool, metadata: {{name: {name}}}, spec: {{{spec}template: {{spec: {{{template}\
         nodeClassRef: {{group: karpenter.k8s.aws, kind: EC2NodeClass, name: default}}}}}}}}}}"
    )
}

/// An instance type.
fn instance_type(name: &str, cpu: u32, more: &str) -> String {
    format!("{{name: {name}, {more}allocatable: {{cpu: {cpu}}}}}")
}

/// Nodes of four cores of a NodePool `p` at the start, and what else Karpenter is told.
fn scenario(count: u32, karpenter: &str, more: &str) -> String {
    format!(
        "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  nodePools:\n  - {{name: n, count: {count}, template: {{labels: \
         {{karpenter.sh/nodepool: p, node.kubernetes.io/instance-type: four, karpenter.sh/capacity-type: on-demand}}, \
         allocatable: {{cpu: 4}}}}}}\n  karpenter: {{{karpenter}}}\n{more}"
    )
}

/// The type of those nodes, at a price, and so many of them.
fn four(most: u32) -> String {
    format!("instanceTypes: [{}], atMost: {most}", instance_type("four", 4, "price: 0.4, "))
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

/// Whether the pods of `web`, which all run at the start, are ever fewer than they should be: whether they are evicted.
fn evicts(texts: &[&str], scenario: &str) -> bool {
    let asked = format!("{scenario}  properties: [{{name: expected-replicas, target: web, value: spec.replicas}}]\n");
    let texts: Vec<&str> = texts.iter().copied().chain([asked.as_str()]).collect();
    let said = explicit(&texts)["expected-replicas"];
    assert_ne!(said, Said::Holds, "the states are few");
    said != Said::Proved
}

const ALWAYS: &str = "disruption: {consolidateAfter: 0s, budgets: [{nodes: 100%}]}, ";

#[test]
fn nodes_come_for_pods_that_wait_within_the_limits() {
    let web = deployment("web", 1500, 6, "", "");
    let enough = explicit(&[&web, &pool("p", "limits: {cpu: 12}, ", ""), &scenario(1, &four(3), "")]);
    assert!(enough.values().all(|&said| said == Said::Proved), "{enough:?}");
    let few = explicit(&[&web, &pool("p", "limits: {cpu: 11}, ", ""), &scenario(1, &four(3), "")]);
    // The second node is asked for, comes, and is the last one.
    assert_eq!(few["pods-schedulable"], Said::Violated(2));
    let nodes = explicit(&[&web, &pool("p", "limits: {nodes: 2}, ", ""), &scenario(1, &four(3), "")]);
    assert_eq!(nodes["pods-schedulable"], Said::Violated(2));
    // A limit of the model is none of the cluster.
    let open = explicit(&[&web, &pool("p", "", ""), &scenario(1, &four(2), "")]);
    assert_eq!(open["pods-schedulable"], Said::Proved);
    let large = deployment("web", 4500, 1, "", "");
    assert_eq!(
        explicit(&[&large, &pool("p", "", ""), &scenario(1, &four(3), "")])["pods-schedulable"],
        Said::Violated(0)
    );
}

/// In which order Karpenter asks for nodes of these NodePools until five pods of two to a node leave it none.
fn order(pools: &[&str], types: &str) -> Vec<&'static str> {
    let web = deployment("web", 1500, 5, "", "");
    let scenario = format!(
        "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  karpenter: {{instanceTypes: [{types}], atMost: 1}}\n"
    );
    let texts: Vec<&str> = pools.iter().copied().chain([web.as_str(), &scenario]).collect();
    let story = support::answers::story("pods-schedulable", &[&texts.join("\n---\n")], 8);
    let asked = ["heavy", "light", "other"].into_iter();
    let mut asked: Vec<(usize, &str)> =
        asked.filter_map(|name| Some((story.find(&format!("asks for {name}-"))?, name))).collect();
    asked.sort();
    asked.into_iter().map(|(_, name)| name).collect()
}

#[test]
fn the_heaviest_node_pool_comes_first() {
    let light = pool("light", "limits: {cpu: 4}, weight: 1, ", "");
    let heavy = |template: &str| pool("heavy", "limits: {cpu: 4}, weight: 9, ", template);
    let four = instance_type("four", 4, "");
    assert_eq!(order(&[&light, &heavy("")], &four), ["heavy", "light"]);
    // Of equal weights, the last by name.
    let other = pool("other", "limits: {cpu: 4}, weight: 1, ", "");
    assert_eq!(order(&[&light, &other], &four), ["other", "light"]);
    assert_eq!(order(&[&light, &heavy("taints: [{key: k, effect: NoSchedule}], ")], &four), ["light"]);
    let narrow = "requirements: [{key: node.kubernetes.io/instance-type, operator: NotIn, values: [four]}], ";
    assert_eq!(order(&[&light, &heavy(narrow)], &four), ["light"]);
    let small = instance_type("small", 1, "nodePools: [heavy], ");
    assert_eq!(order(&[&light, &heavy(narrow)], &format!("{four}, {small}")), ["light"]);
}

#[test]
fn requirements_choose_types_zones_and_capacity_types() {
    let names = |template: &str, types: &str| -> Vec<String> {
        let scenario = format!(
            "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  karpenter: {{instanceTypes: [{types}], atMost: 1}}\n"
        );
        let loaded = load(&[&pool("p", "limits: {cpu: 100}, ", template), &scenario]);
        let label = |node: &kubound::cluster::object::spec::NodeSpec, key: &str| {
            node.node.metadata.labels.as_ref().and_then(|labels| labels.get(key)).cloned().unwrap_or_default()
        };
        let describe = |node| {
            let keys =
                ["node.kubernetes.io/instance-type", "topology.kubernetes.io/zone", "karpenter.sh/capacity-type"];
            keys.map(|key| label(node, key)).join("/")
        };
        loaded.spec.nodes.iter().map(describe).collect()
    };
    let types = format!(
        "{}, {}",
        instance_type("a", 4, "labels: {cloud/generation: '5'}, "),
        instance_type("b", 4, "labels: {cloud/generation: '6', topology.kubernetes.io/zone: z1}, ")
    );
    assert_eq!(names("", &types), ["a//on-demand", "b/z1/on-demand"]);
    let generation = |operator: &str, value: &str| {
        format!("requirements: [{{key: cloud/generation, operator: {operator}, values: ['{value}']}}], ")
    };
    assert_eq!(names(&generation("Gt", "5"), &types), ["b/z1/on-demand"]);
    assert_eq!(names(&generation("Lte", "5"), &types), ["a//on-demand"]);
    assert_eq!(names(&generation("Gte", "5"), &types).len(), 2);
    let spread = "requirements: [{key: topology.kubernetes.io/zone, operator: In, values: [z1, z2]}, {key: \
                  karpenter.sh/capacity-type, operator: In, values: [spot, on-demand]}], ";
    assert_eq!(
        names(spread, &types),
        ["a/z1/spot", "a/z1/on-demand", "a/z2/spot", "a/z2/on-demand", "b/z1/spot", "b/z1/on-demand"]
    );
}

#[test]
fn nodes_go_that_are_empty_or_whose_pods_fit_elsewhere() {
    let small = deployment("web", 500, 2, "", "");
    let evicts_under = |spec: &str| evicts(&[&small, &pool("p", spec, "")], &scenario(2, &four(2), ""));
    assert!(evicts_under(""), "a tenth of two nodes is one");
    assert!(evicts_under(ALWAYS));
    assert!(!evicts_under("disruption: {consolidationPolicy: WhenEmpty, consolidateAfter: 0s}, "));
    assert!(!evicts_under("disruption: {consolidateAfter: Never}, "));
    assert!(!evicts_under("disruption: {consolidateAfter: 0s, budgets: [{nodes: '0'}]}, "));
    assert!(!evicts_under("disruption: {consolidateAfter: 0s, budgets: [{nodes: '0', reasons: [Underutilized]}]}, "));
    assert!(evicts_under("disruption: {consolidateAfter: 0s, budgets: [{nodes: '0', reasons: [Empty, Drifted]}]}, "));
    // It may be no time for that budget.
    let schedule = "{nodes: '0', schedule: '0 9 * * *', duration: 8h}";
    assert!(evicts_under(&format!("disruption: {{consolidateAfter: 0s, budgets: [{schedule}]}}, ")));
    // There is no threshold, as long as the pods fit.
    let half = deployment("web", 2000, 2, "", "");
    assert!(evicts(&[&half, &pool("p", "", "")], &scenario(2, &four(2), "")));
    let large = deployment("web", 2500, 2, "", "");
    assert!(!evicts(&[&large, &pool("p", "", "")], &scenario(2, &four(2), "")));
    assert!(!evicts(&[&small, &pool("p", "", "")], &scenario(2, &four(2), "  controllers: {karpenter: false}\n")));
}

#[test]
fn annotations_and_budgets_keep_nodes() {
    let nodes = scenario(2, &four(2), "");
    let of = |metadata: &str, more: &[&str]| {
        let (web, pool) = (deployment("web", 500, 2, metadata, ""), pool("p", ALWAYS, ""));
        let texts: Vec<&str> = [web.as_str(), &pool].into_iter().chain(more.iter().copied()).collect();
        evicts(&texts, &nodes)
    };
    let kept = |value: &str| format!("annotations: {{karpenter.sh/do-not-disrupt: '{value}'}}, ");
    assert!(!of(&kept("true"), &[]));
    assert!(of(&kept("5m"), &[]), "five minutes pass");
    assert!(of(&kept("false"), &[]));
    let budget = |name: &str, limit: &str| {
        format!(
            "{{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {{name: {name}}}, spec: {{{limit}, selector: \
             {{matchLabels: {{app: web}}}}}}}}"
        )
    };
    assert!(!of("", &[&budget("b", "minAvailable: 2")]));
    assert!(of("", &[&budget("b", "minAvailable: 1")]));
    assert!(!of("", &[&budget("b", "minAvailable: 1"), &budget("c", "minAvailable: 1")]), "no pod of two is evicted");
    let bare = |annotation: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: bare, {annotation}labels: {{a: b}}}}, spec: {{nodeName: n-1, containers: \
             [{{name: main, image: main, resources: {{requests: {{cpu: 100m}}}}}}]}}}}"
        )
    };
    // Both pods may be on the other node; then the pod that nobody owns is all that keeps this one, or does not.
    let goes = |annotation: &str| of("", &[&bare(annotation)]);
    assert!(goes("") && goes(&kept("true")));
}

#[test]
fn pods_that_nobody_owns_move_unless_they_are_not_to_be_disrupted() {
    let bare = |annotation: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: bare{annotation}}}, spec: {{nodeName: n-1, containers: [{{name: main, \
             image: main, resources: {{requests: {{cpu: 100m}}}}}}]}}}}"
        )
    };
    let ends = |text: &str| {
        let texts = [text, &pool("p", ALWAYS, ""), &scenario(1, &four(2), "")];
        let loaded = load(&texts);
        kubound::cluster::object::node_groups::removable(&loaded.spec).contains_key("n-1")
    };
    assert!(ends(&bare("")));
    assert!(!ends(&bare(", annotations: {karpenter.sh/do-not-disrupt: 'true'}")));
}

#[test]
fn nodes_are_replaced_by_cheaper_ones() {
    // A pod that uses a quarter of its node, and no other node.
    let web = deployment("web", 1000, 1, "", "");
    let replaced = |types: &str, spec: &str| {
        let karpenter = format!("instanceTypes: [{types}], atMost: 2");
        evicts(&[&web, &pool("p", spec, "")], &scenario(1, &karpenter, ""))
    };
    let four = |price: &str| instance_type("four", 4, price);
    let two = |price: &str| instance_type("two", 2, price);
    assert!(replaced(&format!("{}, {}", four("price: 0.4, "), two("price: 0.2, ")), ""));
    assert!(!replaced(&format!("{}, {}", four("price: 0.2, "), two("price: 0.2, ")), ""), "it costs as much");
    assert!(!replaced(&format!("{}, {}", four(""), two("price: 0.2, ")), ""), "nobody knows");
    let small = instance_type("half", 1, "price: 0.1, ").replace("cpu: 1", "cpu: 500m");
    assert!(!replaced(&format!("{}, {small}", four("price: 0.4, ")), ""), "the pod does not fit");
    let both = format!("{}, {}", four("price: 0.4, "), two("price: 0.2, "));
    assert!(!replaced(&both, "disruption: {consolidateAfter: 0s, consolidationPolicy: WhenEmpty}, "));
    assert!(replaced(&both, "limits: {cpu: 4}, "), "the node that goes does not count");
    let narrow = format!("{}, {}", four("price: 0.4, "), two("price: 0.2, nodePools: [q], "));
    assert!(!replaced(&narrow, ""));
}

#[test]
fn a_replacement_takes_no_pod_down_for_long_and_ends() {
    let web = deployment("web", 1000, 1, "", "");
    let types = format!("{}, {}", instance_type("four", 4, "price: 0.4, "), instance_type("two", 2, "price: 0.2, "));
    let scenario = scenario(1, &format!("instanceTypes: [{types}], atMost: 2"), "");
    let said = explicit(&[&web, &pool("p", "", ""), &scenario]);
    assert_eq!(said["no-node-oscillation"], Said::Proved);
    assert_eq!(said["pods-schedulable"], Said::Proved, "the new node is there before the old one goes");
}

/// Four pods that fit two nodes in one way only.
fn packed() -> [String; 3] {
    [deployment("large", 3000, 1, "", ""), deployment("half", 2000, 2, "", ""), deployment("small", 1000, 1, "", "")]
}

#[test]
fn a_consolidation_that_the_scheduler_undoes_goes_round() {
    let goes_round = |spec: &str, more: &str| {
        let [large, half, small] = packed();
        let pool = pool("p", &format!("limits: {{cpu: 16}}, {spec}"), "");
        let said = explicit(&[&large, &half, &small, &pool, &scenario(3, &four(4), ""), more]);
        (said["no-eviction-loop"], said["no-node-oscillation"])
    };
    let nothing = "{apiVersion: v1, kind: Namespace, metadata: {name: other}}";
    let (evicted, added) = goes_round("", nothing);
    assert!(matches!((evicted, added), (Said::Violated(_), Said::Violated(_))), "{evicted:?}, {added:?}");
    let fixed = (Said::Proved, Said::Proved);
    assert_eq!(goes_round("disruption: {consolidateAfter: 0s, consolidationPolicy: WhenEmpty}, ", nothing), fixed);
    let scheduler = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nprofiles:\n- schedulerName: \
                     default-scheduler\n  pluginConfig:\n  - name: NodeResourcesFit\n    args: {apiVersion: \
                     kubescheduler.config.k8s.io/v1, kind: NodeResourcesFitArgs, scoringStrategy: {type: MostAllocated, resources: \
                     [{name: cpu, weight: 1}]}}\n";
    assert_eq!(goes_round("", scheduler), fixed);
}

/// What spread over hostnames makes the cluster autoscaler go round does nothing here: Karpenter takes it that there may always
/// be an empty node.
#[test]
fn hostnames_keep_a_domain_without_pods() {
    let spread = |policy: &str| {
        let constraint = format!(
            "topologySpreadConstraints: [{{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, \
             {policy}labelSelector: {{matchLabels: {{app: web}}}}}}], "
        );
        deployment("web", 500, 3, "", &constraint)
    };
    for policy in ["", "nodeTaintsPolicy: Honor, "] {
        let said = explicit(&[&spread(policy), &pool("p", "limits: {cpu: 16}, ", ""), &scenario(3, &four(4), "")]);
        assert_eq!((said["no-eviction-loop"], said["no-node-oscillation"]), (Said::Proved, Said::Proved), "{policy}");
    }
}

#[test]
fn nodes_expire_where_the_scenario_says_so() {
    let web = deployment("web", 2500, 1, "annotations: {karpenter.sh/do-not-disrupt: 'true'}, ", "");
    let plain = deployment("web", 2500, 1, "", "");
    let never = "disruption: {consolidateAfter: Never}, ";
    let expires = |web: &str, template: &str, expiration: &str| {
        evicts(&[web, &pool("p", never, template)], &scenario(1, &format!("{}{expiration}", four(2)), ""))
    };
    assert!(expires(&plain, "", ", expiration: true"));
    assert!(!expires(&plain, "", ""));
    assert!(!expires(&plain, "expireAfter: Never, ", ", expiration: true"));
    // A pod that is not to be disrupted is waited for, unless there is an end to that.
    assert!(!expires(&web, "", ", expiration: true"));
    assert!(expires(&web, "terminationGracePeriod: 1h, ", ", expiration: true"));
}

fn load(texts: &[&str]) -> Loaded {
    let text = texts.join("\n---\n");
    input::load_strings(&[("cluster.yaml", &text)], LoadOptions::default())
        .unwrap_or_else(|errors| panic!("{errors}\n{text}"))
}

#[test]
fn what_is_not_known_is_left_out_and_said() {
    let without = |pools: &[&str], scenario: &str| {
        let web = deployment("web", 500, 1, "", "");
        let texts: Vec<&str> = pools.iter().copied().chain([web.as_str(), scenario]).collect();
        load(&texts).spec.absent.into_iter().collect::<Vec<String>>().join(", ")
    };
    let limited = pool("p", "limits: {cpu: 16}, ", "");
    assert_eq!(without(&[&limited], &scenario(1, &four(4), "")), "");
    assert_eq!(without(&[&limited], &scenario(1, &four(3), "")), "more than 3 nodes of NodePool p");
    assert_eq!(without(&[&pool("p", "", "")], &scenario(1, &four(3), "")), "more than 3 nodes of NodePool p");
    let unpriced = format!("instanceTypes: [{}], atMost: 4", instance_type("four", 4, ""));
    assert_eq!(without(&[&limited], &scenario(1, &unpriced, "")), "replacement by cheaper nodes");
    let empty =
        pool("p", "limits: {cpu: 16}, disruption: {consolidateAfter: 0s, consolidationPolicy: WhenEmpty}, ", "");
    assert_eq!(without(&[&empty], &scenario(1, &unpriced, "")), "");
    assert_eq!(without(&[&empty], &scenario(1, "atMost: 4", "")), "other instance types of NodePool p");
    assert_eq!(without(&[&pool("q", "", "")], &scenario(1, "", "")).split(", ").next(), Some("NodePool p"));
    let fixed = pool("p", "replicas: 2, ", "");
    assert!(without(&[&fixed], &scenario(1, &four(4), "")).contains("NodePool p with replicas"));
    // Without a word in the scenario, Karpenter does not act, and verdicts are without it.
    let silent = scenario(1, "", "").replace("  karpenter: {}\n", "");
    assert_eq!(without(&[&limited], &silent), "NodePool");
    assert_eq!(without(&[&limited], &format!("{silent}  controllers: {{karpenter: false}}\n")), "");
    let claim = "{apiVersion: karpenter.sh/v1, kind: NodeClaim, metadata: {name: c}, status: {nodeName: gone}}";
    assert_eq!(without(&[&limited, claim], &scenario(1, &four(4), "")), "NodeClaim without a node");
    assert_eq!(without(&[&limited, &claim.replace("gone", "n-1")], &scenario(1, &four(4), "")), "");
}

/// The errors of a NodePool and a scenario, as `file:line: message`.
fn errors(pool: &str, scenario: &str) -> Vec<String> {
    let Err(found) = input::load_strings(&[("p", pool), ("s", scenario)], LoadOptions::default()) else {
        panic!("this should not load")
    };
    let found = found.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    found.map(|it| format!("{}:{}: {}", it.origin.file, it.origin.line, it.message)).collect()
}

#[test]
fn node_pools_that_make_no_sense_are_errors_with_places() {
    let of_pool = |spec: &str| {
        let template = "  template: {spec: {nodeClassRef: {group: g, kind: k, name: n}}}\n";
        let text =
            format!("apiVersion: karpenter.sh/v1\nkind: NodePool\nmetadata: {{name: p}}\nspec:\n{template}{spec}");
        errors(&text, &scenario(1, &four(4), ""))
    };
    let budgets = |budget: &str| of_pool(&format!("  disruption: {{consolidateAfter: 0s, budgets: [{budget}]}}\n"));
    assert_eq!(
        budgets("{nodes: 110%}"),
        ["p:6: spec.disruption.budgets[0].nodes: `110%` is neither a number of nodes nor a percentage"]
    );
    assert_eq!(
        budgets("{nodes: 10%, schedule: '@daily'}"),
        ["p:6: spec.disruption.budgets[0]: a budget has `schedule` and `duration`, or neither"]
    );
    assert_eq!(budgets("{nodes: 10%, reasons: [Bored]}").len(), 1);
    assert_eq!(of_pool("  disruption: {consolidateAfter: 0s, consolidationPolicy: Sometimes}\n").len(), 1);
    assert_eq!(of_pool("  limits: {cpu: many}\n").len(), 1);
    assert_eq!(of_pool("  weight: 0\n").len(), 1);
    let good = pool("p", "", "");
    let bad_type = scenario(1, "instanceTypes: [{name: 'A B', price: -1}]", "");
    assert_eq!(errors(&good, &bad_type).len(), 3);
    assert_eq!(errors(&good, &scenario(1, "instanceType: []", "")).len(), 1);
    let no_pool = "{apiVersion: v1, kind: Namespace, metadata: {name: a}}";
    assert_eq!(errors(no_pool, &scenario(1, "", "")), ["s:6: there is no NodePool (karpenter.sh/v1) in the input"]);
    let both = scenario(1, &four(4), "").replace("count: 1,", "count: 1, autoscale: {max: 2},");
    assert!(errors(&good, &both)[0].contains("is of NodePool p and of a node group"));
}

/// A cluster of Karpenter's: one or two Deployments, what keeps their pods, and what happens.
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
    let specs = prop::sample::select(vec![
        "",
        ALWAYS,
        "disruption: {consolidateAfter: 0s, consolidationPolicy: WhenEmpty}, ",
        "limits: {cpu: 7}, ",
    ]);
    let types = prop::sample::select(vec![
        instance_type("four", 4, "price: 0.4, "),
        format!("{}, {}", instance_type("four", 4, "price: 0.4, "), instance_type("two", 2, "price: 0.2, ")),
    ]);
    let mores = prop::sample::select(vec![
        ("", "  interleaving: settled\n"),
        ("", "  interleaving: async\n"),
        (", expiration: true", ""),
        ("", "  failures: {atMost: 1}\n"),
        ("", "  commands: [{scale: {target: web, replicas: 1}}]\n"),
        ("", "  commands: [{drain: n-1}]\n"),
    ]);
    let sizes = (prop::sample::select(vec![500, 1500, 1900, 2500]), 1..=3_u32, 1..=2_u32, 1..=3_u32);
    let texts = (pods, others, specs, types);
    (sizes, texts, mores, any::<bool>()).prop_map(
        |((cpu, replicas, count, most), (pod, other, spec, types), (setting, more), two)| {
            let karpenter = format!("instanceTypes: [{types}], atMost: {}{setting}", most.max(count));
            let queue = two.then(|| deployment("queue", 1000, 1, "", ""));
            let texts = [
                Some(deployment("web", cpu, replicas, "", pod)),
                queue,
                Some(other.to_owned()),
                Some(pool("p", spec, "")),
                Some(scenario(count, &karpenter, more)),
            ];
            texts.into_iter().flatten().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n---\n")
        },
    )
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
    let limited = pool("p", "limits: {cpu: 8}, ", "");
    let too_many = [deployment("web", 2500, 3, "", ""), limited, scenario(1, &four(2), "")].join("\n---\n");
    assert!(agree(&too_many).unwrap_or_else(|error| panic!("{error}")) > 0, "there is no room for three");
}
