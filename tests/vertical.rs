//! VerticalPodAutoscalers: what is read of them, what they do to pods on several engines and with every node told apart, and what
//! verdicts are without.

mod support;

use kubound::check::{Answer, Focus, Options, check as check_input, source};
use kubound::cluster::object::vertical::Mode;
use kubound::engine::Budget;
use kubound::engine::explicit::Explicit;
use kubound::input::{LoadOptions, Loaded, load_strings};
use kubound::model::build;
use kubound::property::Selection;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use support::answers::{story, verdict};
use support::ways;

const NODE: &str =
    "---\napiVersion: v1\nkind: Node\nmetadata: {name: n}\nstatus: {allocatable: {cpu: 8, memory: 8Gi, pods: 110}}\n";
const AUTOSCALER: &str = "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: scaler}\nspec:\n  \
                          scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n  maxReplicas: 5\n  \
                          metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]\n";
const SCHEDULABLE: &str = "pods-schedulable";

/// A workload of pods that request half a core.
fn workload(kind: &str, replicas: u32) -> String {
    format!(
        "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: web}}\nspec:\n  replicas: {replicas}\n  selector: {{matchLabels: \
         {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec: {{containers: [{{name: main, image: x, \
         resources: {{requests: {{cpu: 500m, memory: 1Gi}}}}}}]}}\n"
    )
}

fn of(kind: &str, vertical: &str) -> String {
    format!(
        "---\napiVersion: autoscaling.k8s.io/v1\nkind: VerticalPodAutoscaler\nmetadata: {{name: sizer}}\nspec:\n  \
         targetRef: {{apiVersion: apps/v1, kind: {kind}, name: web}}\n  {vertical}\n"
    )
}

fn vertical(vertical: &str) -> String {
    of("Deployment", vertical)
}

fn mode(mode: &str) -> String {
    vertical(&format!("updatePolicy: {{updateMode: '{mode}'}}"))
}

fn scenario(nodes: u32, cpu: u32, more: &str) -> String {
    format!(
        "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  nodePools: [{{name: worker, count: {nodes}, template: \
         {{allocatable: {{cpu: {cpu}, memory: 64Gi}}}}}}]\n{more}"
    )
}

/// Nothing but cpu is recommended: so much.
fn recommending(cpu: &str) -> String {
    format!("  recommendations: [{{target: web, cpu: {cpu}, memory: 1Gi}}]\n")
}

fn loaded(text: &str) -> Loaded {
    load_strings(&[("a.yaml", text)], LoadOptions::default()).unwrap_or_else(|errors| panic!("{errors}"))
}

/// What verdicts are without, and what is remarked on.
fn read(more: &str, policy: &str) -> (Vec<String>, String) {
    let loaded = loaded(&[&workload("Deployment", 1), more, &vertical(policy), NODE].concat());
    (loaded.spec.absent.into_iter().collect(), loaded.diagnostics.to_string())
}

/// The verdict about pods of which so much cpu is recommended.
fn schedulable(kind: &str, replicas: u32, vertical: &str, nodes: &str) -> String {
    verdict(SCHEDULABLE, &[&(workload(kind, replicas) + vertical), nodes], 4)
}

#[test]
fn one_of_which_nothing_is_known_is_named_with_what_it_could_do() {
    for (policy, could) in [
        ("updatePolicy: {updateMode: Recreate}", "changes what pods request, and evicts them"),
        ("updatePolicy: {minReplicas: 1}", "changes what pods request, and evicts them"),
        ("updatePolicy: {updateMode: Initial}", "changes what new pods request"),
        ("updatePolicy: {updateMode: InPlaceOrRecreate}", "in place or by evicting them"),
    ] {
        let (absent, notes) = read("", policy);
        assert_eq!(absent, ["VerticalPodAutoscaler"], "{policy}");
        assert!(notes.contains(could) && notes.contains("nothing is known of what"), "{policy}: {notes}");
    }
    let (absent, notes) = read("", "updatePolicy: {updateMode: InPlace}");
    assert_eq!(absent, ["VerticalPodAutoscaler"]);
    assert!(!notes.contains("nothing is known"), "{notes}");
}

#[test]
fn one_that_only_recommends_changes_nothing() {
    for policy in [
        "updatePolicy: {updateMode: \"Off\"}",
        "resourcePolicy: {containerPolicies: [{containerName: \"*\", mode: \"Off\"}]}",
        "resourcePolicy: {containerPolicies: [{containerName: \"*\", controlledResources: []}]}",
    ] {
        assert!(read("", policy).0.is_empty(), "{policy}");
    }
    let one = "resourcePolicy: {containerPolicies: [{containerName: sidecar, mode: \"Off\"}]}";
    assert_eq!(read("", one).0, ["VerticalPodAutoscaler"], "other containers are changed");
}

#[test]
fn an_autoscaler_by_utilization_of_what_it_changes_is_at_odds_with_it() {
    let at_odds = |policy: &str| {
        let (absent, notes) = read(AUTOSCALER, policy);
        (
            absent.join(", "),
            notes.contains(
                "scaler scales web by its utilization of cpu, whose request VerticalPodAutoscaler sizer changes",
            ),
        )
    };
    assert!(at_odds("updatePolicy: {updateMode: Recreate}").1);
    assert!(!at_odds("updatePolicy: {updateMode: \"Off\"}").1);
    assert!(!at_odds("resourcePolicy: {containerPolicies: [{containerName: \"*\", controlledResources: [memory]}]}").1);
    // What is recommended is known, but not what that does to utilization.
    let bounds = "resourcePolicy: {containerPolicies: [{containerName: \"*\", controlledResources: [cpu], minAllowed: {cpu: 1}, \
                  maxAllowed: {cpu: 1}}]}";
    assert_eq!(at_odds(bounds), ("utilization under a VerticalPodAutoscaler".to_owned(), true));
}

#[test]
fn what_is_written_wrongly_is_said_where_it_is() {
    let (_, notes) = read("", "updatePolicy: {mode: Recreate}");
    assert!(notes.contains("has no field `spec.updatePolicy.mode`"), "{notes}");
    let refused = |policy: &str, more: &str| {
        let text = [&workload("Deployment", 2), &vertical(policy), "---\n", &scenario(1, 4, more)].concat();
        let read = load_strings(&[("a.yaml", &text)], LoadOptions::default());
        read.err().map(|errors| errors.to_string()).unwrap_or_default()
    };
    let all = |policy: &str| format!("resourcePolicy: {{containerPolicies: [{{containerName: \"*\", {policy}}}]}}");
    for (policy, said) in [
        ("updatePolicy: {updateMode: Sometimes}".to_owned(), "`Sometimes` is no update mode"),
        ("updatePolicy: {minReplicas: 0}".to_owned(), "minReplicas is less than 1"),
        (all("minAllowed: {cpu: 2}, maxAllowed: {cpu: 1}"), "maxAllowed of cpu is less than minAllowed"),
        (all("maxAllowed: {cpu: much}"), "`much` is not a quantity"),
        (all("controlledValues: Some"), "`Some` is no controlledValues"),
    ] {
        let errors = refused(&policy, "");
        assert!(errors.contains(said), "{policy}: {errors}");
    }
    for (recommendation, said) in [
        ("{target: web, cpu: 2..1}", "the range starts at 2, above its end 1"),
        ("{target: web}", "nothing is recommended"),
        ("{target: web, container: other, cpu: 1}", "web has no container `other`"),
        ("{target: web, cpu: 1}, {target: web, cpu: 2}", "given twice"),
        ("{target: shop, cpu: 1}", "there is no workload `shop`"),
    ] {
        let errors = refused("updatePolicy: {}", &format!("  recommendations: [{recommendation}]\n"));
        assert!(errors.contains(said), "{recommendation}: {errors}");
    }
    let errors = refused("updatePolicy: {updateMode: 'Off'}", &recommending("1"));
    assert!(errors.contains("no VerticalPodAutoscaler changes what pods of web request"), "{errors}");
}

#[test]
fn an_evicted_pod_that_becomes_too_large_stays_pending() {
    let large = scenario(2, 2, &recommending("3"));
    assert_eq!(schedulable("Deployment", 2, &mode("Recreate"), &large), "violated at k = 2");
    assert_eq!(schedulable("Deployment", 2, &mode("Auto"), &large), "violated at k = 2");
    assert_eq!(schedulable("StatefulSet", 2, &of("StatefulSet", "updatePolicy: {}"), &large), "violated at k = 2");
    // Nobody makes new pods.
    assert_eq!(schedulable("Deployment", 2, &mode("Initial"), &large), "holds");
    let capped = "resourcePolicy: {containerPolicies: [{containerName: \"*\", maxAllowed: {cpu: 1500m}}]}";
    assert_eq!(schedulable("Deployment", 2, &vertical(capped), &large), "holds");
    assert_eq!(schedulable("Deployment", 2, &mode("Recreate"), &scenario(2, 2, &recommending("1500m"))), "holds");
    let told = story(SCHEDULABLE, &[&(workload("Deployment", 2) + &mode("Recreate")), &large], 4);
    for said in ["recommends cpu 3, memory 1Gi", "evicts a pod of web-1 from", "that request cpu 3, memory 1Gi"] {
        assert!(told.contains(said), "{said}: {told}");
    }
}

#[test]
fn new_pods_get_what_is_recommended_when_they_are_made() {
    let grows =
        |cpu: &str| scenario(2, 2, &(recommending(cpu) + "  commands: [{scale: {target: web, replicas: 3}}]\n"));
    assert_eq!(schedulable("Deployment", 2, &mode("Initial"), &grows("3")), "violated at k = 2");
    assert_eq!(
        schedulable("StatefulSet", 2, &of("StatefulSet", "updatePolicy: {updateMode: Initial}"), &grows("3")),
        "violated at k = 2"
    );
    assert_eq!(schedulable("Deployment", 2, &mode("Initial"), &grows("1")), "holds");
    // Both pods on one node, and the third one on the other.
    assert_eq!(schedulable("Deployment", 2, &mode("Initial"), &grows("1500m")), "holds");
}

#[test]
fn few_pods_and_those_of_budgets_are_left_alone() {
    let large = scenario(2, 2, &recommending("3"));
    assert_eq!(schedulable("Deployment", 1, &mode("Recreate"), &large), "holds");
    let one = vertical("updatePolicy: {minReplicas: 1}");
    assert_eq!(schedulable("Deployment", 1, &one, &large), "violated at k = 2");
    let budget = "---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: b}\nspec: {maxUnavailable: 0, selector: \
                  {matchLabels: {app: web}}}\n";
    assert_eq!(schedulable("Deployment", 2, &(mode("Recreate") + budget), &large), "holds");
    let budget = budget.replace("maxUnavailable: 0", "maxUnavailable: 1");
    assert_eq!(schedulable("Deployment", 2, &(mode("Recreate") + &budget), &large), "violated at k = 2");
}

#[test]
fn half_of_the_replicas_go_at_a_time_and_no_more() {
    let with = |value: u32| {
        let properties = format!("  properties: [{{name: expected-replicas, value: {value}}}]\n");
        let scenario = scenario(1, 4, &(recommending("5") + &properties));
        verdict("expected-replicas", &[&(workload("Deployment", 4) + &mode("Recreate")), &scenario], 5)
    };
    assert_eq!(with(2), "holds");
    // Both go in one pass.
    assert_eq!(with(3), "violated at k = 2");
}

#[test]
fn pods_are_resized_in_place_where_there_is_room() {
    let in_place = mode("InPlaceOrRecreate");
    let with = |cpu: &str| schedulable("Deployment", 2, &in_place, &scenario(1, 4, &recommending(cpu)));
    assert_eq!(with("2"), "holds");
    // The first is resized; the second has no room beside it, is evicted, and has none then either.
    assert_eq!(with("3"), "violated at k = 3");
    assert_eq!(with("5"), "violated at k = 2");
    let evictions = |vertical: &str, pod: &str| {
        let text = workload("Deployment", 2).replace("requests: {cpu: 500m, memory: 1Gi}", pod) + vertical;
        let properties = "  properties: [{name: expected-replicas, value: 2}]\n";
        verdict("expected-replicas", &[&text, &scenario(1, 8, &(recommending("2") + properties))], 4)
    };
    let own = "requests: {cpu: 500m, memory: 1Gi}";
    assert_eq!(evictions(&in_place, own), "holds");
    assert_eq!(evictions(&mode("Recreate"), own), "violated at k = 2");
    // A resize may not change the quality of service, so these are evicted.
    assert_eq!(evictions(&in_place, ""), "violated at k = 2");
}

/// A Deployment, its ReplicaSet and two pods as an API server prints them; the pods request so much.
fn live(cpu: &str) -> String {
    let template = "metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: x, resources: {requests: {cpu: 500m, \
                    memory: 1Gi}}}]}";
    let pod = |name: &str| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, uid: {name}, labels: {{app: web}}, ownerReferences: \
             [{{apiVersion: apps/v1, kind: ReplicaSet, name: web-1, uid: s, controller: true}}]}}\nspec: {{nodeName: worker-1, \
             containers: [{{name: main, image: x, resources: {{requests: {{cpu: {cpu}, memory: 1Gi}}}}}}]}}\nstatus: {{phase: \
             Running, conditions: [{{type: Ready, status: 'True'}}]}}\n"
        )
    };
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, uid: d}}\nspec: {{replicas: 2, selector: {{matchLabels: \
         {{app: web}}}}, template: {{{template}}}}}\n---\napiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {{name: web-1, uid: s, \
         ownerReferences: [{{apiVersion: apps/v1, kind: Deployment, name: web, uid: d, controller: true}}]}}\nspec: {{replicas: 2, \
         selector: {{matchLabels: {{app: web}}}}, template: {{{template}}}}}\n{}{}",
        pod("web-1-a"),
        pod("web-1-b")
    )
}

fn with_status(mode: &str, cpu: &str) -> String {
    format!(
        "{}status: {{recommendation: {{containerRecommendations: [{{containerName: main, target: {{cpu: {cpu}, memory: \
         1Gi}}}}]}}}}\n",
        vertical(&format!("updatePolicy: {{updateMode: {mode}}}"))
    )
}

#[test]
fn a_status_is_the_start_and_pods_request_what_they_have() {
    let read = |pods: &str, mode: &str, status: &str, more: &str| {
        loaded(&[&live(pods), &with_status(mode, status), "---\n", &scenario(2, 8, more)].concat()).spec
    };
    // All pods have what is recommended, so nothing is left to do.
    let spec = read("2", "Recreate", "2", "");
    let web = &spec.workloads[0];
    assert_eq!((web.vertical.is_none(), web.revisions[0].variants.len()), (true, 1));
    assert_eq!(spec.absent.iter().collect::<Vec<_>>(), ["recommendations that change"]);
    let model = build(&spec, &Selection::of(&[])).expect("a model");
    assert_eq!(model.parts.templates[0].requests.cpu, 2000);
    // They have something else.
    let spec = read("1", "Recreate", "2", "");
    let web = &spec.workloads[0];
    let sizer = web.vertical.as_ref().expect("it acts");
    assert_eq!((sizer.mode, sizer.initial, sizer.min_replicas), (Mode::Recreate, 1, 2));
    let cpus: Vec<i64> =
        build(&spec, &Selection::of(&[])).expect("a model").parts.templates.iter().map(|it| it.requests.cpu).collect();
    assert_eq!((cpus, web.revisions[0].pods[0].variant), (vec![2000, 1000], 1));
    assert_eq!(spec.absent.into_iter().collect::<Vec<_>>(), ["recommendations that change"]);
    // The scenario says what else may be recommended, and what is in between is not looked at.
    let spec = read("1", "Recreate", "2", &recommending("1..4"));
    assert_eq!(spec.workloads[0].vertical.as_ref().map(|it| (it.levels.len(), it.initial)), Some((3, 3)));
    assert_eq!(spec.absent.into_iter().collect::<Vec<_>>(), ["recommendations between the least and the most"]);
    // Nobody makes new pods, so it does not matter what they would get.
    let spec = read("1", "Initial", "2", "");
    assert_eq!((spec.workloads[0].vertical.is_none(), spec.absent.len()), (true, 0));
    assert_eq!(build(&spec, &Selection::of(&[])).expect("a model").parts.templates.len(), 1);
}

#[test]
fn recommendations_that_go_up_and_down_evict_again_but_that_is_no_loop() {
    let text = workload("Deployment", 2) + &mode("Recreate");
    let nodes = scenario(2, 4, &recommending("1..2"));
    assert_eq!(verdict("no-eviction-loop", &[&text, &nodes], 6), "holds");
    let input = source::of_texts(&[("a.yaml", &text), ("b.yaml", &nodes)]).unwrap_or_else(|error| panic!("{error}"));
    let options = Options { focus: Focus::Off, ..Options::new(&Explicit, Budget::bound(4)) };
    let (results, _) = check_input(&input, &options, &mut |_| ()).expect("results");
    assert!(results.iter().all(|it| matches!(it.answer, Answer::Holds(_))));
    assert!(results.iter().all(|it| it.without == ["recommendations between the least and the most"]));
}

#[test]
fn limits_and_other_containers_follow_the_policy() {
    let text = workload("Deployment", 2).replace(
        "resources: {requests: {cpu: 500m, memory: 1Gi}}}",
        "resources: {requests: {cpu: 500m, memory: 1Gi}, limits: {cpu: 1}}}, {name: side, image: y, resources: {requests: {cpu: 100m}}}",
    );
    let limit = |policy: &str| {
        let policies = format!(
            "resourcePolicy: {{containerPolicies: [{{containerName: side, mode: 'Off'}}, {{containerName: main{policy}}}]}}"
        );
        let spec = loaded(&[&text, &vertical(&policies), "---\n", &scenario(2, 8, &recommending("2"))].concat()).spec;
        let pod = spec.workloads[0].revisions[0].pod(1);
        let amounts = |index: usize| {
            let resources = pod.containers[index].resources.clone().unwrap_or_default();
            let of = |list: Option<std::collections::BTreeMap<String, _>>| {
                list.and_then(|mut list| list.remove("cpu"))
                    .map(|it: k8s_openapi::apimachinery::pkg::api::resource::Quantity| it.0)
            };
            (of(resources.requests), of(resources.limits))
        };
        (amounts(0), amounts(1))
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(limit(""), ((text("2"), text("4")), (text("100m"), None)));
    assert_eq!(limit(", controlledValues: RequestsOnly"), ((text("1"), text("1")), (text("100m"), None)));
    assert_eq!(limit(", controlledResources: [memory]").0.0, text("500m"));
}

#[test]
fn owners_whose_pods_are_not_told_apart_are_named() {
    let text = [&workload("Deployment", 1), &of("DaemonSet", "updatePolicy: {}"), NODE].concat();
    assert_eq!(loaded(&text).spec.absent.into_iter().collect::<Vec<_>>(), ["VerticalPodAutoscaler of a DaemonSet"]);
    let twice = [
        &workload("Deployment", 1),
        &mode("Recreate"),
        &mode("Off").replace("'Off'", "Recreate").replace("sizer", "younger"),
        NODE,
    ];
    assert!(
        loaded(&twice.concat()).diagnostics.to_string().contains("younger has a target that an older one has, too")
    );
}

/// A cluster of a workload under a VerticalPodAutoscaler and a Deployment without as one text.
fn cluster() -> impl Strategy<Value = String> {
    let modes = prop::sample::select(vec!["Recreate", "InPlaceOrRecreate", "Initial"]);
    let kinds = prop::sample::select(vec!["Deployment", "Deployment", "StatefulSet"]);
    let amounts = prop::sample::select(vec!["250m", "1", "1500m", "1..2"]);
    let events = prop::sample::select(vec![
        "",
        "",
        "  failures: {atMost: 1, recover: false}\n",
        "  maintenance: {parallel: 1, once: true}\n",
        "  commands: [{scale: {target: web, replicas: 1}}]\n",
    ]);
    let budgets = prop::sample::select(vec![
        "",
        "---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: b}\nspec: {maxUnavailable: 1, selector: {matchLabels: \
         {app: web}}}\n",
    ]);
    let interleavings = prop::sample::select(vec!["racing", "settled"]);
    let sizes = (1..=2_u32, 1..=2_u32, 1..=2_u32);
    (modes, kinds, amounts, events, budgets, interleavings, sizes).prop_map(
        |(mode, kind, cpu, event, budget, interleaving, (replicas, least, nodes))| {
            let policy = format!("updatePolicy: {{updateMode: {mode}, minReplicas: {least}}}");
            let other = workload("Deployment", 1).replace("web", "other");
            let more = format!("{}{event}  interleaving: {interleaving}\n", recommending(cpu));
            let scenario = scenario(nodes, 2, &more);
            format!("{}{}{budget}---\n{other}---\n{scenario}", workload(kind, replicas), of(kind, &policy))
        },
    )
}

#[test]
fn random_clusters_get_the_same_verdicts_in_all_ways() {
    let config = Config { cases: 10, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&cluster(), |text| ways::compare(&text).map(|_| ()));
    outcome.unwrap_or_else(|error| panic!("{error}"));
    let text = workload("Deployment", 2) + &mode("Recreate") + "---\n" + &scenario(2, 2, &recommending("3"));
    assert!(ways::compare(&text).unwrap_or_else(|error| panic!("{error}")) > 0, "a pod becomes too large");
}
