//! DaemonSets in the model: who gets a pod, who waits for its own node, what updates do.

mod support;

use std::time::Duration;

use kubound::cluster::object::spec::WorkloadKind;
use kubound::engine::explicit::Explicit;
use kubound::engine::sat::Sat;
use kubound::engine::smt::Smt;
use kubound::engine::{Budget, Engine, Silent, Verdict};
use kubound::input::{self, Loaded};
use kubound::model::{build, build_of_single_nodes};
use kubound::property::Selection;
use kubound::reduce::reduce;
use kubound::system::{Interleaving, PropertyId, System};

use support::{Answer, check, interleave, slice};

const ALL: [Interleaving; 4] = Interleaving::ALL;

/// A DaemonSet, with more fields of its spec and of its pods' spec.
fn daemon_set(image: &str, cpu: &str, more: &str, pod: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: agent}}
spec:
  {more}
  selector: {{matchLabels: {{app: agent}}}}
  template:
    metadata: {{labels: {{app: agent}}}}
    spec:
      {pod}
      containers: [{{name: main, image: {image}, resources: {{requests: {{cpu: {cpu}}}}}}}]
"
    )
}

/// A Deployment of pods that request some cpu.
fn web(replicas: u32, cpu: &str, pod: &str) -> String {
    support::WEB
        .replace("replicas: 2", &format!("replicas: {replicas}"))
        .replace("cpu: 1", &format!("cpu: {cpu}"))
        .replace("      containers:", &format!("      {pod}\n      containers:"))
}

fn class(name: &str, value: i32) -> String {
    format!("apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {{name: {name}}}\nvalue: {value}\n")
}

/// Nodes of four cpus each.
fn scenario(nodes: u32, more: &str) -> String {
    format!(
        "apiVersion: kubound.dev/v1alpha1
kind: Scenario
spec:
  bound: 4
  nodePools:
  - {{name: node, count: {nodes}, template: {{allocatable: {{cpu: \"4\", memory: 8Gi}}}}}}
{more}"
    )
}

/// A command that applies a manifest.
fn applies(manifest: &str) -> String {
    let lines: Vec<&str> = manifest.lines().map(str::trim_end).collect();
    format!("  commands:\n  - apply:\n      {}\n", lines.join("\n      "))
}

fn load(documents: &[String]) -> Loaded {
    let text = documents.join("---\n");
    input::load_strings(&[("input.yaml", &text)], Default::default())
        .unwrap_or_else(|errors| panic!("{errors}\n{text}"))
}

/// What every engine says of a property, on nodes that are counted and on single ones.
fn ask(documents: &[String], property: &str, interleaving: Interleaving) -> Answer {
    let mut loaded = load(documents);
    interleave(&mut loaded, interleaving);
    let selection = Selection::of(&[]).only(&[property.to_owned()]);
    let bound = loaded.spec.scenario.bound;
    let (sat, smt) = (Sat::default(), Smt::default());
    let engines: [&dyn Engine; 3] = [&Explicit, &sat, &smt];
    // Z3 takes long where everything may happen at any time.
    let asked = if interleaving == Interleaving::Async { &engines[..1] } else { &engines[..] };
    let merged = build(&loaded.spec, &selection).expect("a model");
    let answers = asked.iter().map(|engine| check(*engine, &merged, &slice(&merged), bound).0);
    let mut answers: Vec<Answer> = answers.collect();
    let single = build_of_single_nodes(&loaded.spec, &selection).expect("a model");
    answers.push(check(&Explicit, &single, &slice(&single), bound).0);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{property}, {interleaving:?}: {answers:?}");
    answers.swap_remove(0)
}

fn holds(documents: &[String], property: &str) {
    holds_in(documents, property, &ALL);
}

fn holds_in(documents: &[String], property: &str, interleavings: &[Interleaving]) {
    for &interleaving in interleavings {
        assert_eq!(ask(documents, property, interleaving), Answer::Holds, "{property}, {interleaving:?}");
    }
}

fn breaks(documents: &[String], property: &str) {
    for interleaving in ALL {
        let answer = ask(documents, property, interleaving);
        assert!(matches!(answer, Answer::Violated(..)), "{property}, {interleaving:?}");
    }
}

#[test]
fn a_pod_waits_for_its_own_node_and_for_no_other() {
    let objects = |cpu: &str| [scenario(3, ""), daemon_set("x", cpu, "", ""), web(2, "1", "")];
    breaks(&objects("3500m"), "pods-schedulable");
    holds(&objects("3"), "pods-schedulable");
}

#[test]
fn only_nodes_that_a_daemon_set_is_for_get_a_pod() {
    let full = |pod: &str| [scenario(2, ""), daemon_set("x", "5", "", pod)];
    breaks(&full(""), "pods-schedulable");
    holds(&full("nodeSelector: {disk: ssd}"), "pods-schedulable");
    let tainted =
        scenario(2, "").replace("template: {", "template: {taints: [{key: a, value: b, effect: NoSchedule}], ");
    holds(&[tainted.clone(), daemon_set("x", "5", "", "")], "pods-schedulable");
    breaks(&[tainted, daemon_set("x", "5", "", "tolerations: [{operator: Exists}]")], "pods-schedulable");
}

#[test]
fn nodes_that_are_down_get_no_pod() {
    let node = |name: &str, cpu: u32, ready: &str| {
        format!(
            "apiVersion: v1
kind: Node
metadata: {{name: {name}}}
status:
  allocatable: {{cpu: {cpu}, memory: 8Gi, pods: 9}}
  conditions: [{{type: Ready, status: \"{ready}\"}}]
"
        )
    };
    let bound = "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec: {bound: 4}\n".to_owned();
    let objects = |ready: &str, pod: &str| {
        [bound.clone(), node("a", 4, "True"), node("b", 1, ready), daemon_set("x", "2", "", pod)]
    };
    holds(&objects("Unknown", ""), "pods-schedulable");
    breaks(&objects("Unknown", "tolerations: [{operator: Exists}]"), "pods-schedulable");
    breaks(&objects("True", ""), "pods-schedulable");
}

#[test]
fn a_pod_of_higher_priority_makes_room_on_its_own_node() {
    let critical = daemon_set("x", "1", "", "priorityClassName: high");
    let objects = |nodes: u32| [scenario(nodes, ""), class("high", 1000), critical.clone(), web(2, "3500m", "")];
    // The Deployment's pods have to go, and there is no third node for them.
    breaks(&objects(2), "pods-schedulable");
    let only_web = |property: &str| format!("  properties: [{{name: {property}, target: daemonset/agent}}]\n");
    let asked = scenario(2, &only_web("pods-schedulable"));
    for interleaving in ALL {
        let mut loaded = load(&[asked.clone(), class("high", 1000), critical.clone(), web(2, "3500m", "")]);
        interleave(&mut loaded, interleaving);
        let model = support::model(&loaded);
        let bound = loaded.spec.scenario.bound;
        assert_eq!(check(&Explicit, &model, &slice(&model), bound).0, Answer::Holds, "{interleaving:?}");
    }
}

#[test]
fn pods_that_are_preempted_come_back_and_wait() {
    let urgent = web(1, "3500m", "priorityClassName: high");
    let commanded = scenario(1, "  commands:\n  - scale: {target: web, replicas: 1}\n");
    let objects =
        [commanded, class("high", 1000), daemon_set("x", "1", "", ""), urgent.replace("replicas: 1", "replicas: 0")];
    breaks(&objects, "pods-schedulable");
}

#[test]
fn updates_replace_pods_or_surge() {
    let update = |cpu: &str, next: &str, more: &str| {
        let next = daemon_set("y", next, more, "");
        [scenario(2, &applies(&next)), daemon_set("x", cpu, more, "")]
    };
    let surging = "updateStrategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}";
    holds(&update("3", "3", ""), "rollout-completes");
    holds(&update("3", "3", ""), "pods-schedulable");
    // Two of them do not fit on a node.
    breaks(&update("3", "3", surging), "rollout-completes");
    holds(&update("2", "2", surging), "rollout-completes");
    // One node gets stuck, the other one keeps its old pod.
    breaks(&update("3", "5", ""), "rollout-completes");
    breaks(&update("3", "5", "updateStrategy: {rollingUpdate: {maxUnavailable: 50%}}"), "rollout-completes");
}

#[test]
fn nothing_rolls_where_users_delete_pods() {
    let on_delete = "updateStrategy: {type: OnDelete}";
    let next = daemon_set("y", "5", on_delete, "");
    let objects = [scenario(2, &applies(&next)), daemon_set("x", "3", on_delete, "")];
    // Where anything may happen at any time, a pod may be made of the next template before there is one of the first.
    holds_in(&objects, "pods-schedulable", &ALL[..2]);
    holds(&objects, "rollout-completes");
}

#[test]
fn a_node_that_is_down_holds_an_update_up() {
    let next = daemon_set("y", "1", "", "");
    let fails = "  failures: {nodes: [node-1], atMost: 1, recover: false}\n";
    let objects = [scenario(2, &(fails.to_owned() + &applies(&next))), daemon_set("x", "1", "", "")];
    breaks(&objects, "rollout-completes");
    let more = "updateStrategy: {rollingUpdate: {maxUnavailable: 2}}";
    let next = daemon_set("y", "1", more, "");
    let objects = [scenario(2, &(fails.to_owned() + &applies(&next))), daemon_set("x", "1", more, "")];
    holds(&objects, "rollout-completes");
}

#[test]
fn drains_and_failures_leave_daemons_where_they_are() {
    // Where anything may happen at any time, a node may fail that was to get a pod, which then waits for it.
    let events = [
        ("  maintenance: {parallel: 1, once: true}\n", &ALL[..]),
        ("  failures: {atMost: 1, recover: true}\n", &ALL[..2]),
    ];
    for (event, interleavings) in events {
        let objects = [scenario(2, event), daemon_set("x", "3", "", ""), web(1, "1", "")];
        holds_in(&objects, "pods-schedulable", interleavings);
        for &interleaving in interleavings {
            let mut loaded = load(&objects);
            interleave(&mut loaded, interleaving);
            let selection = Selection::of(&[]).only(&["no-eviction-loop".to_owned()]);
            let model = build(&loaded.spec, &selection).expect("a model");
            let outcome = check(&Explicit, &model, &slice(&model), loaded.spec.scenario.bound).1;
            assert!(matches!(outcome.verdict, Verdict::Holds(_)), "{interleaving:?}");
        }
    }
}

#[test]
fn a_deleted_daemon_set_leaves_room() {
    let deletes = "  commands:\n  - delete: daemonset/agent\n  - scale: {target: web, replicas: 2}\n";
    let objects = |more: &str| [scenario(1, more), daemon_set("x", "3", "", ""), web(1, "1", "")];
    holds(&objects(deletes), "pods-schedulable");
    breaks(&objects("  commands:\n  - scale: {target: web, replicas: 2}\n"), "pods-schedulable");
}

/// What an API server prints: a node, a DaemonSet, and its pod there with a label of its revision.
fn dump(pod_of_second_node: bool) -> Vec<String> {
    let node = |name: &str| {
        format!(
            "apiVersion: v1\nkind: Node\nmetadata: {{name: {name}, uid: {name}}}\nstatus: {{allocatable: {{cpu: \"4\", memory: 8Gi, pods: \"9\"}}}}\n"
        )
    };
    let pod = |node: &str| {
        format!(
            "apiVersion: v1
kind: Pod
metadata:
  name: agent-{node}
  uid: agent-{node}
  labels: {{app: agent, controller-revision-hash: h, pod-template-generation: \"1\"}}
  ownerReferences: [{{apiVersion: apps/v1, kind: DaemonSet, name: agent, uid: agent, controller: true}}]
spec:
  nodeName: {node}
  containers: [{{name: main, image: x, resources: {{requests: {{cpu: 3500m}}}}}}]
  tolerations:
  - {{key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute}}
  - {{key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute}}
status: {{phase: Running, conditions: [{{type: Ready, status: \"True\"}}]}}
"
        )
    };
    let set = daemon_set("x", "3500m", "", "").replace("{name: agent}", "{name: agent, uid: agent}");
    let mut objects = vec![node("a"), node("b"), set, pod("a")];
    objects.extend(pod_of_second_node.then(|| pod("b")));
    objects
}

#[test]
fn pods_of_a_daemon_set_at_rest_are_room_that_is_used() {
    let kinds = |objects: &[String]| {
        let loaded = load(objects);
        loaded.spec.workloads.iter().map(|workload| workload.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&dump(true)), [WorkloadKind::Fixed]);
    assert_eq!(kinds(&dump(false)), [WorkloadKind::DaemonSet]);
    // Somebody who may preempt its pods, or a new template, keep it moving.
    let with = |more: &[String]| [dump(true), more.to_vec()].concat();
    let preempts =
        [class("high", 10), web(1, "1", "priorityClassName: high").replace("{name: web}", "{name: web, uid: web}")];
    assert_eq!(kinds(&with(&preempts)), [WorkloadKind::Deployment, WorkloadKind::DaemonSet]);
    assert_eq!(kinds(&with(&[daemon_set("y", "1", "", "")])), [WorkloadKind::DaemonSet]);
    // Pods of another revision are at rest where users delete them.
    let old = |update: &str| {
        let mut objects = dump(true);
        objects[2] = daemon_set("x", "2", update, "").replace(
            "{name: agent}",
            "{name: agent, uid: agent, annotations: {deprecated.daemonset.template.generation: \"2\"}}",
        );
        kinds(&objects)
    };
    assert_eq!(old("updateStrategy: {type: OnDelete}"), [WorkloadKind::Fixed]);
    assert_eq!(old(""), [WorkloadKind::DaemonSet]);
    // What the cluster has already changes nothing.
    assert_eq!(kinds(&with(&[daemon_set("x", "3500m", "", "")])), [WorkloadKind::Fixed]);
}

/// The errors of an input, as text.
fn errors(documents: &[String]) -> String {
    let text = documents.join("---\n");
    let loaded = input::load_strings(&[("input.yaml", &text)], Default::default());
    loaded.err().map(|errors| errors.to_string()).unwrap_or_default()
}

#[test]
fn mistakes_are_errors_at_their_places() {
    let set = |more: &str| [scenario(1, ""), daemon_set("x", "1", more, "")];
    for (more, problem) in [
        ("updateStrategy: {type: Recreate}", "spec.updateStrategy.type: `Recreate` is not allowed here"),
        ("updateStrategy: {rollingUpdate: {maxUnavailable: 0}}", "maxSurge and maxUnavailable cannot both be 0"),
        ("updateStrategy: {rollingUpdate: {maxSurge: 1}}", "cannot both be more than 0"),
        ("updateStrategy: {rollingUpdate: {maxUnavailable: some}}", "this is neither a number nor a percentage"),
        ("minReadySeconds: -1", "spec.minReadySeconds: -1 is too small"),
    ] {
        let told = errors(&set(more));
        assert!(told.contains(problem) && told.contains("input.yaml:"), "{more}: {told}");
    }
    let scales = scenario(1, "  commands:\n  - scale: {target: daemonset/agent, replicas: 2}\n");
    assert!(errors(&[scales, daemon_set("x", "1", "", "")]).contains("agent is a DaemonSet, which has no replicas"));
    let placed = scenario(1, "  initialPlacement: {daemonset/agent: any}\n");
    assert!(errors(&[placed, daemon_set("x", "1", "", "")]).contains("its pods stay where they are"));
    let creates = daemon_set("y", "1", "", "").trim_end().replace('\n', "\n      ");
    let creates = scenario(1, &format!("  commands:\n  - create:\n      {creates}\n"));
    assert!(errors(&[creates, daemon_set("x", "1", "", "")]).contains("DaemonSet agent exists already"));
}

#[test]
fn a_template_that_names_a_node_is_left_out_with_a_note() {
    let loaded = load(&[scenario(1, ""), daemon_set("x", "1", "", "nodeName: node-1"), web(1, "1", "")]);
    let note = loaded.diagnostics.to_string();
    assert!(note.contains("DaemonSet with nodeName keeps a pod on a node"), "{note}");
    assert_eq!(loaded.spec.workloads.len(), 1);
}

#[test]
fn pods_of_other_revisions_are_told_by_their_hash() {
    let old = |objects: Vec<String>| {
        let loaded = load(&objects);
        let [agent] = loaded.spec.workloads.as_slice() else { panic!("one workload") };
        let pods: Vec<usize> = agent.revisions.iter().map(|revision| revision.pods.len()).collect();
        let cpu = agent.revisions.iter().map(|revision| {
            let container = revision.template.spec.as_ref().expect("a spec").containers[0].clone();
            container.resources.expect("resources").requests.expect("requests")["cpu"].0.clone()
        });
        (pods, cpu.collect::<Vec<String>>())
    };
    // The DaemonSet's number says that no pod is of its template.
    let numbered = "{name: agent, uid: agent, annotations: {deprecated.daemonset.template.generation: \"2\"}}";
    let mut objects = dump(true);
    objects[2] = daemon_set("x", "2", "", "").replace("{name: agent}", numbered);
    assert_eq!(old(objects.clone()), (vec![2, 0], vec!["3500m".to_owned(), "2".to_owned()]));
    // Where histories are given, the newest is the present one, and the others tell templates.
    let history = |hash: &str, number: u32, cpu: &str| {
        format!(
            "apiVersion: apps/v1
kind: ControllerRevision
metadata:
  name: agent-{hash}
  uid: agent-{hash}
  labels: {{controller-revision-hash: {hash}}}
  ownerReferences: [{{apiVersion: apps/v1, kind: DaemonSet, name: agent, uid: agent, controller: true}}]
revision: {number}
data: {{spec: {{template: {{metadata: {{labels: {{app: agent}}}}, spec: {{containers: [{{name: main, image: x, resources: {{requests: {{cpu: {cpu}}}}}}}]}}}}}}}}
"
        )
    };
    objects.extend([history("h", 1, "3"), history("i", 2, "\"2\"")]);
    assert_eq!(old(objects), (vec![2, 0], vec!["3".to_owned(), "2".to_owned()]));
}

/// Clusters in which much happens at once.
fn busy() -> Vec<Vec<String>> {
    let next = |more: &str| applies(&daemon_set("y", "1", more, ""));
    let surging = "updateStrategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}";
    let critical = daemon_set("x", "1", "", "priorityClassName: high");
    let fails = "  failures: {atMost: 1, recover: true}\n".to_owned();
    vec![
        vec![scenario(2, &next("")), daemon_set("x", "1", "", ""), web(1, "2", "")],
        vec![scenario(2, &next(surging)), daemon_set("x", "1", surging, "")],
        vec![scenario(2, &(fails.clone() + &next(""))), daemon_set("x", "1", "", "")],
        vec![scenario(2, &fails), class("high", 1000), critical, web(2, "3500m", "")],
        vec![scenario(2, "  maintenance: {parallel: 1, once: true}\n"), daemon_set("x", "3", "", ""), web(2, "1", "")],
    ]
}

#[test]
fn one_order_of_steps_that_commute_is_as_good_as_all() {
    let mut compared = 0;
    for (number, objects) in busy().into_iter().enumerate() {
        let mut loaded = load(&objects);
        interleave(&mut loaded, Interleaving::Racing);
        let model = support::model(&loaded);
        for id in (0..model.system.properties.len()).map(PropertyId) {
            let reduction = reduce(&model.system, &model.parts, &[id]);
            let one = &reduction.slice.system;
            let all = System { all_orders: true, ..one.clone() };
            let answer = |system: &System| {
                let properties: Vec<PropertyId> = (0..system.properties.len()).map(PropertyId).collect();
                let budget = Budget { time: Some(Duration::from_secs(4)), ..Budget::bound(3) };
                let outcome = Explicit.check(system, &properties, &budget, &Silent);
                match outcome.verdict {
                    Verdict::Holds(extent) => Some((format!("{extent:?}"), outcome.statistics.states)),
                    Verdict::Violated { k, .. } => Some((format!("violated at {k}"), 0)),
                    Verdict::Unknown { .. } => None,
                }
            };
            if let (Some(one), Some(all)) = (answer(one), answer(&all)) {
                assert_eq!(one, all, "cluster {number}, {}", model.system.property(id));
                compared += 1;
            }
        }
    }
    assert!(compared >= 12, "{compared}");
}

#[test]
fn engines_agree_on_nodes_that_are_counted_and_on_single_ones() {
    for objects in busy() {
        for property in ["pods-schedulable", "no-eviction-loop", "rollout-completes", "settles"] {
            for interleaving in [Interleaving::Settled, Interleaving::Racing] {
                ask(&objects, property, interleaving);
            }
        }
    }
}
