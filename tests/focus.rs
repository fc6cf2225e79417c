//! Focus and whole cluster never contradict each other: on random clusters, and on one for each way in which workloads
//! reach each other.

mod reductions {
    pub mod clusters;
}

use std::time::Duration;

use kubound::check::focus::survey::Survey;
use kubound::check::focus::{Answer, Decided, Question, Session};
use kubound::check::verify::named;
use kubound::check::{InputName, SavedTrace};
use kubound::cluster::object::scenario::PropertySpec;
use kubound::cluster::object::spec::{ClusterSpec, ExistingPod};
use kubound::engine::explicit::Explicit;
use kubound::engine::{Budget, Engine, Extent, Silent, Verdict};
use kubound::input::load_strings;
use kubound::model::{ModelError, build};
use kubound::property::{NAMES, Selection};
use kubound::system::{PropertyId, replay};
use proptest::test_runner::{Config, TestRunner};

/// How often the two agreed, and how often one of them did not know.
#[derive(Debug, Default)]
struct Tally {
    hold: usize,
    violated: usize,
    unknown: usize,
    whole_unknown: usize,
}

fn budget(spec: &ClusterSpec, seconds: u64) -> Budget {
    Budget { time: Some(Duration::from_secs(seconds)), ..Budget::bound(spec.scenario.bound) }
}

fn selection() -> Selection {
    let property = |name: &&str| PropertySpec { is_named: false, ..PropertySpec::named(name) };
    Selection { properties: NAMES.iter().map(property).collect(), chosen: false }
}

/// What the whole cluster says of a property of a workload; `None` if it does not apply.
fn whole(spec: &ClusterSpec, name: &str, subject: &str) -> Option<Verdict> {
    let workload = spec.workloads.iter().find(|it| it.key.to_string() == subject)?;
    let mut selection = selection();
    selection.properties.retain(|it| it.name == name);
    selection.properties[0].target = Some(workload.key.clone());
    let model = build(spec, &selection).expect("a model");
    let all: Vec<PropertyId> = (0..model.system.properties.len()).map(PropertyId).collect();
    let slice = model.system.slice(&all);
    let all: Vec<PropertyId> = (0..slice.system.properties.len()).map(PropertyId).collect();
    Some(Explicit.check(&slice.system, &all, &budget(spec, 3), &Silent).verdict)
}

/// The k of a counterexample, replayed as it was kept on a model of the whole cluster that was built anew.
fn replayed(spec: &ClusterSpec, kept: &SavedTrace) -> u32 {
    let mut selection = selection();
    selection.properties.retain(|it| it.name == kept.property);
    let subject = kept.subject.split(':').next();
    let workload = spec.workloads.iter().find(|it| Some(it.key.to_string().as_str()) == subject);
    selection.properties[0].target = workload.map(|it| it.key.clone());
    let model = build(spec, &selection).expect("a model");
    let is_kept = |id: &PropertyId| model.system.property(*id).subject == kept.subject;
    let own: Vec<PropertyId> = named(&model.system, &kept.property).into_iter().filter(is_kept).collect();
    let slice = model.system.slice(&own);
    let (property, trace) = kept.resolve(&slice.system).expect("it fits");
    replay(&slice.system, &trace, slice.system.property(property)).expect("it replays").k()
}

/// Compares all answers about a cluster. Whole searches are left out of the focus, so that it stands for itself.
fn compare(spec: &ClusterSpec, what: &str, tally: &mut Tally) {
    let survey = Survey::of(spec).expect("a survey");
    let (selection, budget) = (selection(), budget(spec, 10));
    let input = InputName::Paths { paths: vec![what.to_owned()], sizes: Default::default(), config: None };
    let question = Question {
        spec,
        input: &input,
        selection: &selection,
        engine: &Explicit,
        budget: &budget,
        all: true,
        small: 0,
        progress: &Silent,
    };
    let mut session = match Session::begin(question, survey) {
        Err(ModelError::TooLarge(_)) => return,
        session => session.expect("a session"),
    };
    let names = session.applicable();
    let mut all: Vec<Decided> =
        names.into_iter().filter_map(|name| session.decide(name, &[]).expect("a decision")).collect();
    all.extend(std::iter::from_fn(|| session.once_more(true).expect("a decision")));
    for decided in all {
        let name = decided.property.as_str();
        for (subject, answer) in decided.answers {
            let what = format!("{what}: {name} of {subject}");
            match (answer, || whole(spec, name, &subject)) {
                (Answer::Unknown { .. }, _) => tally.unknown += 1,
                (Answer::AlsoViolated { .. }, whole) => match whole().expect("it applies") {
                    Verdict::Holds(Extent::Complete(_) | Extent::Inductive(_)) => {
                        panic!("{what}: violated, and holds")
                    }
                    Verdict::Holds(Extent::Bound(_)) | Verdict::Violated { .. } => tally.violated += 1,
                    Verdict::Unknown { .. } => tally.whole_unknown += 1,
                },
                (Answer::Holds(extent), whole) => match whole().expect("it applies") {
                    Verdict::Violated { property: _, k, .. } => match extent {
                        // What `settles` says of the whole cluster may be another workload's doing.
                        _ if name == "settles" => {}
                        Extent::Complete(_) | Extent::Inductive(_) => {
                            panic!("{what}: holds, and is violated at k = {k}")
                        }
                        Extent::Bound(bound) => assert!(k > bound, "{what}: holds up to {bound}, violated at {k}"),
                    },
                    Verdict::Holds(_) => tally.hold += 1,
                    Verdict::Unknown { .. } => tally.whole_unknown += 1,
                },
                (Answer::Violated(found), whole) => {
                    let k_found = found.counterexample.k;
                    assert_eq!(replayed(spec, &found.counterexample.trace), k_found, "{what}");
                    match whole().expect("it applies") {
                        Verdict::Violated { k, .. } => {
                            tally.violated += 1;
                            assert!(k <= k_found, "{what}: {k_found} is shorter than the shortest, {k}");
                            assert!(found.smallest <= k, "{what}: said to be at least {}, is {k}", found.smallest);
                        }
                        Verdict::Holds(Extent::Complete(_) | Extent::Inductive(_)) => {
                            panic!("{what}: violated, and holds")
                        }
                        Verdict::Holds(Extent::Bound(k)) => {
                            assert!(k_found > k, "{what}: violated at {k_found}")
                        }
                        Verdict::Unknown { .. } => tally.whole_unknown += 1,
                    }
                }
            }
        }
    }
}

fn load(files: &[(&str, String)]) -> ClusterSpec {
    let texts: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    load_strings(&texts, Default::default()).unwrap_or_else(|errors| panic!("{errors}")).spec
}

#[test]
fn focus_and_whole_never_contradict_each_other_on_random_clusters() {
    let mut runner = TestRunner::new_with_rng(
        Config { cases: 24, failure_persistence: None, ..Config::default() },
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let tally = std::cell::RefCell::new(Tally::default());
    let sketches = reductions::clusters::sketch_of_several();
    let outcome = runner.run(&sketches, |sketch| {
        let mut spec = load(&sketch.files());
        spec.scenario.bound = 2;
        compare(&spec, &format!("{sketch:?}"), &mut tally.borrow_mut());
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    println!("{:?}", tally.borrow());
    let tally = tally.into_inner();
    assert!(tally.hold > 20 && tally.violated > 5, "the comparison is about something: {tally:?}");
}

/// Two nodes of two cpu.
const NODES: &str = "  nodePools:
  - {name: n, count: 2, template: {labels: {zone: z}, allocatable: {cpu: '2', memory: 8Gi, pods: '10'}}}
";

fn app(name: &str, replicas: usize, cpu: &str, pod: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  replicas: {replicas}\n  selector: \
         {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}, all: x}}}}\n    spec:\n{pod}      \
         containers:\n      - {{name: c, image: i, ports: [{{containerPort: 80}}], resources: {{requests: {{cpu: {cpu}}}}}}}\n---\n"
    )
}

fn autoscaler(name: &str, most: usize) -> String {
    format!(
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: {name}}}\nspec:\n  scaleTargetRef: \
         {{apiVersion: apps/v1, kind: Deployment, name: {name}}}\n  minReplicas: 1\n  maxReplicas: {most}\n  metrics:\n  - \
         {{type: Resource, resource: {{name: cpu, target: {{type: Utilization, averageUtilization: 50}}}}}}\n---\n"
    )
}

/// Compares one cluster, in settled and in racing runs.
fn channel(what: &str, objects: &[String], scenario: &str) -> Tally {
    let scenario = format!("apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n{NODES}{scenario}  bound: 4\n");
    let mut spec = load(&[("objects.yaml", objects.concat()), ("scenario.yaml", scenario)]);
    let mut tally = Tally::default();
    compare(&spec, what, &mut tally);
    spec.scenario.interleaving = kubound::system::Interleaving::Racing;
    spec.scenario.bound = 2;
    compare(&spec, &format!("{what}, racing"), &mut tally);
    println!("{what}: {tally:?}");
    tally
}

#[test]
fn room() {
    let objects = [app("a", 1, "1", ""), autoscaler("a", 3), app("b", 1, "1", ""), autoscaler("b", 3)];
    let tally = channel("room", &objects, "");
    assert!(tally.violated > 0, "together they have too little room: {tally:?}");
    channel("much room", &[app("a", 1, "100m", ""), autoscaler("a", 3), app("b", 1, "100m", "")], "");
}

#[test]
fn what_is_put_back() {
    let objects = [app("a", 1, "500m", ""), autoscaler("a", 3), app("b", 2, "500m", ""), app("c", 1, "500m", "")];
    let commands = "  commands: [{scale: {target: b, replicas: 1}}, {delete: c}]\n";
    let tally = channel("Argo CD", &objects, &format!("{commands}  gitops: [{{tool: argocd}}]\n"));
    assert!(tally.violated > 0, "an autoscaler is against it: {tally:?}");
    let ignoring = format!("{commands}  gitops: [{{tool: flux, ignore: [spec.replicas]}}]\n");
    channel("Flux, ignoring replicas", &objects, &ignoring);
}

/// A DaemonSet whose pods request some cpu, with more fields of their spec.
fn daemon_set(name: &str, cpu: &str, pod: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {{name: {name}}}\nspec:\n  selector: {{matchLabels: {{app: \
         {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n{pod}      containers:\n      - {{name: \
         c, image: i, resources: {{requests: {{cpu: {cpu}}}}}}}\n---\n"
    )
}

#[test]
fn daemon_sets_among_others() {
    let others = || [app("a", 1, "900m", ""), autoscaler("a", 2), app("b", 1, "500m", "")];
    let with = |daemons: &[String]| [&others()[..], daemons].concat();
    let crowded = channel("a DaemonSet that is short of room", &with(&[daemon_set("d", "1500m", "")]), "");
    assert!(crowded.violated > 0, "it has too little room: {crowded:?}");
    channel("a DaemonSet with room", &with(&[daemon_set("d", "50m", "")]), "");
    let class =
        "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: p}\nvalue: 9\n---\n".to_owned();
    let pod = "      priorityClassName: p\n";
    channel("a DaemonSet that preempts", &with(&[class, daemon_set("d", "1500m", pod)]), "");
    let next = daemon_set("d", "60m", "").replace("---\n", "").replace('\n', "\n      ");
    let command = format!("  commands:\n  - apply:\n      {next}\n");
    channel("a DaemonSet that is updated", &with(&[daemon_set("d", "50m", "")]), &command);
}

#[test]
fn pods_that_never_move() {
    let policy = "apiVersion: descheduler/v1alpha2\nkind: DeschedulerPolicy\nprofiles:\n- name: p\n  pluginConfig: [{name: RemoveDuplicates, args: {namespaces: {include: [default]}}}]\n  plugins: {balance: {enabled: [RemoveDuplicates]}}\n---\n";
    let others =
        |name: &str, cpu: &str| app(name, 1, cpu, "").replace("metadata: {name", "metadata: {namespace: others, name");
    let objects = [app("a", 2, "900m", ""), others("b", "1500m"), others("c", "1"), policy.to_owned()];
    let scenario = format!("apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n{NODES}  bound: 4\n");
    let mut spec = load(&[("objects.yaml", objects.concat()), ("scenario.yaml", scenario)]);
    for (name, node) in [("b", "n-1"), ("c", "n-2")] {
        let workload = spec.workloads.iter_mut().find(|it| it.key.name == name).expect("it is there");
        let pod =
            ExistingPod { name: name.to_owned(), node: Some(node.to_owned()), ready: true, ..ExistingPod::default() };
        let current = workload.current;
        workload.revisions[current].size = 1;
        workload.revisions[current].pods = vec![pod];
    }
    let mut tally = Tally::default();
    compare(&spec, "pods that never move", &mut tally);
    assert_eq!((tally.unknown, tally.whole_unknown), (0, 0), "{tally:?}");
    assert!(tally.hold > 0 && tally.violated > 0, "{tally:?}");
    // Where c may go away, two pods may come to share its node, and one of them is evicted for ever.
    let c = autoscaler("c", 2).replace("metadata: {name", "metadata: {namespace: others, name");
    let nodes = format!("apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n{NODES}");
    let autoscalers = load(&[("objects.yaml", [objects.concat(), c].concat()), ("scenario.yaml", nodes)]).autoscalers;
    spec.autoscalers = autoscalers;
    compare(&spec, "one of them moves", &mut tally);
}

#[test]
fn neighbours_join_the_focus() {
    let pool = "      nodeSelector: {only: x}\n      tolerations: [{key: only, operator: Exists}]\n";
    let nodes = "  - {name: p, count: 1, template: {labels: {only: x}, taints: [{key: only, effect: NoSchedule}], allocatable: {cpu: '2', memory: 8Gi, pods: '10'}}}\n";
    // What a needs is there if b leaves it, and a, which is bound first, keeps it; b may be short of room.
    let objects = [
        app("a", 1, "1", pool),
        autoscaler("a", 1),
        app("b", 1, "600m", pool),
        autoscaler("b", 2),
        app("c", 1, "1", ""),
    ];
    let tally = channel("neighbours", &objects, nodes);
    assert_eq!(tally.unknown, 0, "{tally:?}");
    assert!(tally.violated > 0, "{tally:?}");
}

#[test]
fn host_ports() {
    let pod = "      hostNetwork: true\n";
    channel("host ports", &[app("a", 2, "100m", pod), app("b", 1, "100m", pod)], "");
}

#[test]
fn scores() {
    let prefers = "      affinity: {podAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 10, podAffinityTerm: {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: b}}}}]}}\n";
    channel(
        "scores",
        &[app("a", 2, "500m", prefers), app("b", 2, "500m", "")],
        "  failures: {atMost: 1, recover: true}\n",
    );
}

#[test]
fn selectors() {
    let term = |kind: &str, app: &str| {
        format!(
            "      affinity: {{{kind}: {{requiredDuringSchedulingIgnoredDuringExecution: [{{topologyKey: kubernetes.io/hostname, labelSelector: {{matchLabels: {{app: {app}}}}}}}]}}}}\n"
        )
    };
    channel("anti-affinity", &[app("a", 2, "100m", &term("podAntiAffinity", "b")), app("b", 1, "100m", "")], "");
    channel("affinity", &[app("a", 1, "100m", &term("podAffinity", "b")), app("b", 1, "100m", "")], "");
    let spread = "      topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {all: x}}}]\n";
    channel("spreading over others", &[app("a", 2, "500m", spread), app("b", 3, "500m", "")], "");
}

#[test]
fn priorities() {
    let class =
        "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: high}\nvalue: 100\n---\n".to_owned();
    let high = app("a", 1, "2", "      priorityClassName: high\n");
    channel("priorities", &[class, high, autoscaler("a", 2), app("b", 2, "1", "")], "");
}

#[test]
fn budgets() {
    let budget = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: all}\nspec: {maxUnavailable: 1, selector: {matchLabels: {all: x}}}\n---\n".to_owned();
    channel(
        "budgets",
        &[app("a", 1, "500m", ""), app("b", 1, "500m", ""), budget],
        "  maintenance: {parallel: 1, once: true}\n",
    );
}

#[test]
fn descheduler() {
    let policy = "apiVersion: descheduler/v1alpha2\nkind: DeschedulerPolicy\nprofiles:\n- name: p\n  plugins: {balance: {enabled: [RemoveDuplicates]}}\n---\n".to_owned();
    channel("descheduler", &[app("a", 3, "500m", ""), app("b", 1, "1500m", ""), policy], "");
}

#[test]
fn nodes() {
    channel("failures", &[app("a", 1, "1", ""), app("b", 2, "1", "")], "  failures: {atMost: 1, recover: true}\n");
    channel(
        "overload",
        &[app("a", 1, "1", ""), app("b", 2, "900m", "")],
        "  overload: {threshold: 90%, recover: true}\n",
    );
}

#[test]
fn order_of_commands() {
    let commands =
        "  commands:\n  - scale: {target: deployment/b, replicas: 2}\n  - scale: {target: deployment/a, replicas: 3}\n";
    let tally = channel("commands", &[app("a", 1, "1", ""), app("b", 1, "1", "")], commands);
    assert!(tally.violated > 0, "together they have too little room: {tally:?}");
}

#[test]
fn circles_of_others() {
    let nodes = "  - {name: t, count: 1, template: {taints: [{key: k, effect: NoExecute}], allocatable: {cpu: '2', memory: 8Gi, pods: '10'}}}\n";
    let pinned = app("a", 1, "100m", "      nodeName: t-1\n");
    let objects = [pinned, app("b", 2, "100m", "")];
    let tally = channel("circles", &objects, nodes);
    assert!(tally.violated > 0, "one of them is evicted for ever: {tally:?}");
}
