//! Reading manifests, dumps and scenarios: what is understood, and how what is wrong is reported.

use std::path::PathBuf;

use kubound::cluster::object::command::CommandAction;
use kubound::cluster::object::resources;
use kubound::cluster::object::spec::{ObjectKey, WorkloadKind};
use kubound::input::{self, Diagnostics, LoadOptions, Loaded, Severity};
use proptest::prelude::*;

const WEB: &str = include_str!("fixtures/web.yaml");
const NODES: &str = "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus: {allocatable: {cpu: 4, memory: 8Gi}}\n\
                     ---\napiVersion: v1\nkind: Node\nmetadata: {name: n2}\nstatus: {allocatable: {cpu: 4, memory: 8Gi}}\n";

fn read(texts: &[(&str, &str)]) -> Result<Loaded, Diagnostics> {
    input::load_strings(texts, LoadOptions::default())
}

fn loaded(texts: &[(&str, &str)]) -> Loaded {
    read(texts).unwrap_or_else(|errors| panic!("{errors}"))
}

fn errors(texts: &[(&str, &str)]) -> Diagnostics {
    match read(texts) {
        Ok(loaded) => panic!("this should not load: {}", loaded.diagnostics),
        Err(errors) => errors,
    }
}

/// The errors of the text `a.yaml` next to two nodes as `line:column: message`.
fn located(text: &str) -> Vec<String> {
    let all = errors(&[("nodes.yaml", NODES), ("a.yaml", text)]);
    let errors = all.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    errors
        .map(|diagnostic| format!("{}:{}: {}", diagnostic.origin.line, diagnostic.origin.column, diagnostic.message))
        .collect()
}

fn scenario(spec: &str) -> String {
    format!("apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n{spec}")
}

/// The errors of a scenario's spec, whose first line is line 4, for `web` on two nodes.
fn scenario_errors(spec: &str) -> Vec<String> {
    let text = scenario(spec);
    let all = errors(&[("nodes.yaml", NODES), ("web.yaml", WEB), ("s.yaml", &text)]);
    let errors = all.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    errors
        .map(|diagnostic| format!("{}:{}: {}", diagnostic.origin.line, diagnostic.origin.column, diagnostic.message))
        .collect()
}

fn key(name: &str) -> ObjectKey {
    ObjectKey { namespace: "default".into(), name: name.into() }
}

fn shared(case: &str) -> Option<PathBuf> {
    let root = std::env::var_os("KUBOUND_SHARED").map(PathBuf::from);
    let root = root.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    let path = root.join("real-clusters").join(case);
    if !path.is_dir() {
        println!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path)
}

#[test]
fn manifests_start_from_nothing_with_defaults() {
    let Loaded { spec, family, diagnostics, scenario_given, .. } = loaded(&[("nodes.yaml", NODES), ("web.yaml", WEB)]);
    assert!(family.is_none());
    assert!(diagnostics.is_empty() && !scenario_given, "{diagnostics}");
    let web = &spec.workloads[0];
    assert_eq!(
        (web.kind, web.replicas, web.replicas_given, web.created_later),
        (WorkloadKind::Deployment, 3, true, false)
    );
    assert!(web.revisions[0].pods.is_empty() && web.current == 0);
    assert_eq!(web.strategy.type_.as_deref(), Some("RollingUpdate"));
    assert_eq!(
        spec.nodes[1]
            .node
            .metadata
            .labels
            .as_ref()
            .and_then(|labels| labels.get("kubernetes.io/hostname"))
            .map(String::as_str),
        Some("n2")
    );
    let load = &spec.scenario.loads[0];
    assert_eq!((load.range, load.initial, load.changes), ((0, 500), 150, None));
    assert!(
        input::describe_defaults(&spec)[0].contains("cpu of each pod of web"),
        "{:?}",
        input::describe_defaults(&spec)
    );
}

#[test]
fn json_and_lists_are_read() {
    let list = r#"{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"},
        "status": {"allocatable": {"cpu": "1500m"}}}]}"#;
    let typed = r#"{"apiVersion": "v1", "kind": "NodeList", "items": [{"metadata": {"name": "n2"}, "status": {"allocatable": {"cpu": 2}}}]}"#;
    let spec = loaded(&[("list.json", list), ("typed.json", typed)]).spec;
    let cpu: Vec<i64> = spec.nodes.iter().map(|node| resources::allocatable(&node.node).expect("valid").cpu).collect();
    assert_eq!(cpu, [1500, 2000]);
}

#[test]
fn errors_of_fields_are_where_the_fields_are() {
    let with = |from: &str, to: &str| located(&WEB.replace(from, to));
    assert_eq!(
        with("replicas: 3", "replicas: three"),
        ["6:13: spec.replicas: invalid type: string \"three\", expected i32"]
    );
    assert_eq!(with("replicas: 3", "replicas: -1"), ["6:13: spec.replicas: -1 is too small"]);
    assert_eq!(
        with("cpu: 250m", "cpu: 250x"),
        ["17:27: spec.template.spec.containers[0].resources.requests.cpu: `250x` is not a quantity"]
    );
    assert_eq!(
        with("cpu: 250m", "cpu: 2"),
        ["17:27: spec.template.spec.containers[0].resources.requests.cpu: the request `2` exceeds the limit `500m`"]
    );
    assert_eq!(
        with("matchLabels: {app: web}", "matchLabels: {app: other}"),
        ["7:3: spec.selector: the selector does not match the labels of the pod template"]
    );
    assert_eq!(
        with("maxReplicas: 6", "maxReplicas: 1"),
        ["26:16: spec.maxReplicas: maxReplicas 1 is less than minReplicas 2"]
    );
    assert_eq!(
        with("kind: Deployment, name: web", "kind: Deployment, name: wob"),
        ["27:65: there is no Deployment `wob` to scale"]
    );
    assert_eq!(
        with("apiVersion: apps/v1\nkind: Deployment", "apiVersion: extensions/v1beta1\nkind: Deployment")[0],
        "1:13: Deployment is not read in version `extensions/v1beta1`"
    );
    assert_eq!(
        with("  name: web\nspec:\n  replicas", "  namme: web\nspec:\n  replicas")[0],
        "3:1: metadata.name: every object needs a name"
    );
}

#[test]
fn all_errors_are_reported_at_once_and_rendered_with_their_line() {
    let text = WEB
        .replace("replicas: 3", "replicas: -3")
        .replace("cpu: 500m", "cpu: lots")
        .replace("maxReplicas: 6", "maxReplicas: 0");
    let all = errors(&[("nodes.yaml", NODES), ("a.yaml", &text)]);
    assert_eq!(all.iter().count(), 3, "{all}");
    let rendered = all.to_string();
    assert!(
        rendered.contains(
            "a.yaml:18:25: error: spec.template.spec.containers[0].resources.limits.cpu: `lots` is not a quantity"
        ),
        "{rendered}"
    );
    assert!(rendered.contains("18 |           limits: {cpu: lots}\n   |                         ^^^^"), "{rendered}");
}

#[test]
fn syntax_errors_have_places() {
    assert_eq!(located("a: [1\nb: 2")[0].split(": ").next(), Some("2:2"));
    assert!(located("{\"a\": 1,\n \"b\" 2}")[0].contains("this is not valid JSON"));
    assert!(located("just text")[0].contains("has no `kind`"));
    assert!(located("kind: Pod\n")[0].contains("has no `apiVersion`"));
}

#[test]
fn nothing_to_read_is_an_error() {
    assert!(errors(&[("a.yaml", "---\n# nothing\n---\n")]).to_string().contains("there are no Kubernetes objects"));
    assert!(errors(&[("web.yaml", WEB)]).to_string().contains("there are no nodes"));
    let empty = tempfile::tempdir().expect("a directory");
    let options = LoadOptions::default();
    let load = |path: PathBuf| input::load(&[path], options).expect_err("nothing there").to_string();
    assert!(load(empty.path().to_owned()).contains("there are no manifests in"));
    assert!(load(empty.path().join("missing.yaml")).contains("cannot read"));
    std::fs::write(empty.path().join("binary.yaml"), [0xff, 0xfe, 0x00]).expect("written");
    assert!(load(empty.path().to_owned()).contains("is not UTF-8"));
}

#[test]
fn directories_are_read_in_order_without_hidden_files() {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).expect("written");
    std::fs::create_dir(directory.path().join("sub")).expect("created");
    write("web.yaml", WEB);
    write("sub/nodes.yml", NODES);
    write(".hidden.yaml", "not: [valid");
    write("notes.txt", "not: [valid");
    let spec = input::load(&[directory.path().to_owned()], LoadOptions::default()).expect("valid").spec;
    assert_eq!((spec.nodes.len(), spec.workloads.len()), (2, 1));
}

#[test]
fn unknown_fields_are_warned_of_and_unmodelled_ones_listed_once() {
    let text = WEB
        .replace("      containers:", "      toleration: []\n      schedulingGates: [{name: wait}]\n      containers:")
        + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: d}\n";
    let diagnostics = loaded(&[("nodes.yaml", NODES), ("a.yaml", &text)]).diagnostics.to_string();
    assert!(
        diagnostics
            .contains("a.yaml:13:7: warning: a Deployment has no field `spec.template.spec.toleration`; it is ignored"),
        "{diagnostics}"
    );
    assert!(
        diagnostics.contains("note: not modelled, and left out: 2 objects that change neither pods nor nodes"),
        "{diagnostics}"
    );
    assert!(
        diagnostics.contains(
            "note: not modelled, and verdicts are without it: schedulingGates hold pods back until something lifts them"
        ),
        "{diagnostics}"
    );
}

#[test]
fn two_manifests_of_one_object_contradict_each_other() {
    let all = errors(&[("nodes.yaml", NODES), ("web.yaml", WEB), ("again.yaml", WEB)]);
    assert!(all.to_string().contains("again.yaml:4:9: error: Deployment `web` is given twice\n"), "{all}");
    assert!(all.to_string().contains("the first is at web.yaml:1"), "{all}");
}

#[test]
fn a_full_scenario_is_resolved() {
    let spec = "  nodePools:\n  - {name: pool, count: 2, template: {labels: {zone: a}, allocatable: {cpu: 4, memory: 8Gi}}}\n  loads:\n  \
                - target: deployment/web\n    range: 100m..0.4\n    changes: 3\n    startup: [{until: 1m, usage: 0.5}]\n  slowStart: [web, default/web, deployment/web]\n  \
                failures: {pool: pool, atMost: 2}\n  overload: {threshold: 90%}\n  maintenance: {nodes: [n1, pool-2], parallel: 2, once: false}\n  \
                commands:\n  - scale: {target: web, replicas: 5}\n  - drain: n1\n  controllers: {descheduler: false}\n  \
                properties: [settles, {name: no-replica-oscillation, target: web, threshold: 2}]\n  bound: 4\n  interleaving: racing\n";
    let Loaded { spec, scenario_given, .. } =
        loaded(&[("nodes.yaml", NODES), ("web.yaml", WEB), ("s.yaml", &scenario(spec))]);
    assert!(scenario_given);
    assert_eq!(spec.nodes.iter().map(|node| node.name.as_str()).collect::<Vec<_>>(), ["n1", "n2", "pool-1", "pool-2"]);
    let scenario = &spec.scenario;
    let load = &scenario.loads[0];
    assert_eq!((load.range, load.initial, load.changes, load.startup[0].until_seconds), ((100, 400), 150, Some(3), 60));
    assert_eq!(scenario.failures.as_ref().map(|failures| failures.nodes.len()), Some(2));
    assert_eq!(scenario.overload.as_ref().map(|overload| overload.threshold_percent), Some(90));
    assert_eq!(
        scenario.maintenance.as_ref().map(|maintenance| (maintenance.parallel, maintenance.once)),
        Some((2, false))
    );
    assert_eq!(scenario.commands[0].text, "kubectl scale deployment web --replicas=5");
    assert_eq!((scenario.properties.len(), scenario.bound, scenario.controllers.descheduler), (2, 4, false));
}

#[test]
fn pods_that_start_anywhere_are_as_many_as_replicas() {
    let read = |spec: &str| loaded(&[("nodes.yaml", NODES), ("web.yaml", WEB), ("s.yaml", &scenario(spec))]).spec;
    for spec in ["  initialPlacement: any\n", "  initialPlacement: {deployment/web: any}\n"] {
        let spec = read(spec);
        assert_eq!(spec.scenario.placed_anywhere, [key("web")]);
        assert_eq!((spec.workloads[0].revisions[0].size, spec.workloads[0].revisions[0].pods.len()), (3, 0));
    }
    for spec in ["  bound: 3\n", "  initialPlacement: given\n", "  initialPlacement: {web: given}\n"] {
        let spec = read(spec);
        assert!(spec.scenario.placed_anywhere.is_empty());
        assert_eq!(spec.workloads[0].revisions[0].size, 0);
    }
    let failures = read("  failures: {atMost: any}\n").scenario.failures;
    assert_eq!(failures.map(|it| it.at_most), Some(2));
}

#[test]
fn a_workload_without_room_cannot_start_anywhere() {
    let crowd = WEB.replace("replicas: 3", "replicas: 40").replace("maxReplicas: 6", "maxReplicas: 60");
    let text = scenario("  bound: 3\n  initialPlacement: any\n");
    let errors = errors(&[("nodes.yaml", NODES), ("web.yaml", &crowd), ("s.yaml", &text)]).to_string();
    assert!(errors.contains("no placement is possible: web has 40 pods, and the nodes have room for 32"), "{errors}");
    assert!(errors.contains("s.yaml:5:"), "{errors}");
}

#[test]
fn contradictions_in_a_scenario_are_errors_with_places() {
    for (spec, expected) in [
        ("  loads: [{target: web, range: 2..1}]", "4:32: spec.loads[0].range: the range starts at 2, above its end 1"),
        ("  loads: [{target: web, range: 1..2, initial: 3}]", "4:47: the initial load `3` is outside the range"),
        (
            "  loads: [{target: web, per: eachPod, range: 1..2, startup: [{until: 60s, usage: 1}]}]",
            "4:52: a start-up profile is the same for all pods",
        ),
        ("  loads: [{target: web, range: 1..2, atMost: 1}]", "4:46: pods share no load here"),
        ("  loads: [{target: web, range: 1..2, samples: ready}]", "4:47: pods share no load here"),
        ("  controllers: {hpa: {syncPeriod: soon}}", "4:35: spec.controllers.hpa.syncPeriod: `soon` is not a duration"),
        ("  loads: [{target: wob, range: 1..2}]", "4:20: there is no workload `wob`"),
        ("  loads: [{target: web, rang: 1..2}]", "4:25: spec.loads[0]"),
        ("  initialPlacement: anywhere", "4:21: spec.initialPlacement: "),
        ("  initialPlacement: {wob: any}", "4:27: there is no workload `wob`"),
        ("  initialPlacement: {web: some}", "4:"),
        ("  failures: {atMost: some}", "4:"),
        ("  failures: {nodes: [n7]}", "4:22: there is no node `n7`"),
        ("  failures: {nodes: [n1], atMost: 2}", "4:35: spec.failures.atMost: 2 is more than the 1 nodes there are"),
        ("  failures: {pool: p}", "4:20: there is no node pool `p`"),
        ("  maintenance: {parallel: 0}", "4:27: spec.maintenance.parallel: 0 nodes at a time"),
        ("  overload: {threshold: 120%}", "4:25: spec.overload.threshold: `120%` is not a percentage"),
        ("  commands: [{scale: {target: nobody, replicas: 2}}]", "4:31: there is no workload `nobody`"),
        ("  commands: [{scale: {target: web, replicas: -2}}]", "4:46: -2 is no number of replicas"),
        ("  commands: [{explode: web}]", "4:14: spec.commands[0]"),
        ("  commands: [{drain: n9}]", "4:22: there is no node `n9`"),
        ("  commands: [{drain: {node: n9}}]", "4:29: there is no node `n9`"),
        ("  commands: [{drain: {node: n1, quickly: true}}]", "4:"),
        ("  commands: [{deleteNode: n9}]", "4:27: there is no node `n9`"),
        ("  commands: [{delete: pdb/none}]", "4:23: there is no PodDisruptionBudget `none`"),
        (
            "  commands: [{apply: {apiVersion: v1, kind: Pod, metadata: {name: x}}}]",
            "4:15: there is no Deployment, StatefulSet, DaemonSet, Job, CronJob or PodDisruptionBudget to apply",
        ),
        ("  properties: [no-such]", "4:16: there is no property `no-such`"),
        ("  properties: [{name: settles, threshold: 3}]", "4:43: property settles has no argument `threshold`"),
        ("  nodePools: [{name: p, count: {min: 9, max: 1}}]", "4:25: the range starts at 9, above its end 1"),
        ("  nodePools: [{name: p, count: many}]", "4:32: `many`: `many` is not known; use scale, nodes or nodes(pool)"),
        ("  nodePools: [{name: p, count: nodes + 1}]", "4:32: `nodes + 1`: `nodes` is not known here"),
        ("  nodePools: [{name: p, count: 1 - 2}]", "4:32: there cannot be -1 nodes"),
        ("  scale: {min: 1, max: 900000}", "the ranges of this scenario allow 900000 sizes"),
        ("  sizes: [{target: wob, replicas: 2}]", "4:20: there is no Deployment or ReplicaSet `wob`"),
        (
            "  sizes: [{target: web, minReplicas: 9, maxReplicas: 2}]",
            "4:38: minReplicas of web would be 9, more than maxReplicas 2",
        ),
        ("  sizes: [{target: web, replicas: 1 - nodes}]", "4:35: replicas of web cannot be -1"),
        ("  sizes: [{target: web, minReplicas: {min: 1, max: 2}}]", "4:25: only replicas and node pools may be ranges"),
        (
            "  scale: {min: 0, max: 3}\n  sizes: [{target: web, replicas: scale - 1}]",
            "5:35: replicas of web cannot be -1",
        ),
        ("  nodePools: [{name: p, count: 2}]", "the nodes of this pool offer nothing"),
        ("  interleaving: wild", "4:17: spec.interleaving"),
    ] {
        let found = scenario_errors(spec);
        assert!(found.iter().any(|error| error.contains(expected)), "{spec}: {found:?}");
    }
}

const LIVE: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  uid: u1\n  annotations:\n    \
    kubectl.kubernetes.io/last-applied-configuration: '{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"web\"},\"spec\":{\"replicas\":1,\"selector\":{\"matchLabels\":{\"app\":\"web\"}},\"template\":{\"metadata\":{\"labels\":{\"app\":\"web\"}},\"spec\":{\"containers\":[{\"name\":\"web\"}]}}}}'\n\
    spec:\n  replicas: 4\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    \
    spec: {dnsPolicy: ClusterFirst, containers: [{name: web, image: 'x:1', imagePullPolicy: IfNotPresent}]}\n";

fn pod(name: &str, set: &str, image: &str, node: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  uid: {name}\n  labels: {{app: web, pod-template-hash: {set}}}\n  \
         ownerReferences: [{{apiVersion: apps/v1, kind: ReplicaSet, name: web-{set}, uid: r, controller: true}}]\n\
         spec: {{nodeName: {node}, containers: [{{name: web, image: '{image}'}}]}}\n\
         status: {{phase: Running, conditions: [{{type: Ready, status: 'True'}}]}}\n"
    )
}

#[test]
fn a_dump_starts_from_its_state_even_without_replica_sets() {
    let pods =
        pod("web-a1-1", "a1", "x:0", "n1") + &pod("web-b2-1", "b2", "x:1", "n2") + &pod("web-b2-2", "b2", "x:1", "n1");
    let finished = pods.clone() + &pod("web-b2-3", "b2", "x:1", "n1").replace("Running", "Failed");
    let Loaded { spec, diagnostics, .. } =
        loaded(&[("nodes.yaml", NODES), ("live.yaml", LIVE), ("pods.yaml", &finished)]);
    assert_eq!(spec.workloads.len(), 1, "{diagnostics}");
    let web = &spec.workloads[0];
    let sizes: Vec<(&str, i64, usize)> =
        web.revisions.iter().map(|r| (r.name.as_str(), r.size, r.pods.len())).collect();
    assert_eq!(sizes, [("web-a1", 1, 1), ("web-b2", 2, 2)]);
    assert_eq!((web.current, web.replicas, web.replicas_given), (1, 4, true));
    assert!(web.revisions[1].pods.iter().all(|pod| pod.ready));
    assert!(diagnostics.to_string().contains("1 pods that have finished"), "{diagnostics}");
}

#[test]
fn a_manifest_next_to_a_dump_is_about_to_be_applied() {
    let manifest = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  \
                    template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: 'x:1'}]}}\n";
    let pods = pod("web-b2-1", "b2", "x:1", "n1");
    let Loaded { spec, diagnostics, .. } =
        loaded(&[("nodes.yaml", NODES), ("live.yaml", LIVE), ("pods.yaml", &pods), ("new.yaml", manifest)]);
    let commands = &spec.scenario.commands;
    assert!(
        matches!(&commands[0].action, CommandAction::Apply { revision: 0, replicas: Some(1), .. }),
        "{commands:?} {diagnostics}"
    );
    let other = manifest.replace("web", "other");
    let spec = loaded(&[("nodes.yaml", NODES), ("live.yaml", LIVE), ("pods.yaml", &pods), ("new.yaml", &other)]).spec;
    assert!(matches!(&spec.scenario.commands[0].action, CommandAction::Create { target } if *target == key("other")));
    assert!(spec.workloads[1].created_later);
}

#[test]
fn applied_files_of_a_directory_are_not_read_as_its_manifests() {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).expect("written");
    write("web.yaml", &(WEB.to_owned() + "---\n" + NODES));
    write(
        "changed.yaml",
        &WEB.split("---").next().expect("a document").replace("  replicas: 3\n", "").replace("web:1", "web:2"),
    );
    write("scenario.yaml", &scenario("  commands:\n  - apply: changed.yaml\n"));
    let spec = input::load(&[directory.path().to_owned()], LoadOptions::default())
        .unwrap_or_else(|errors| panic!("{errors}"))
        .spec;
    assert!(matches!(&spec.scenario.commands[0].action, CommandAction::Apply { revision: 1, replicas: Some(1), .. }));
    assert_eq!((spec.workloads[0].revisions.len(), spec.workloads[0].current), (2, 0));
}

#[test]
fn other_owners_keep_their_pods() {
    let pod = |name: &str, kind: &str, owner: &str, cpu: &str| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  ownerReferences: [{{apiVersion: apps/v1, kind: {kind}, name: {owner}, uid: u}}]\n\
                 spec: {{nodeName: n1, containers: [{{name: c, resources: {{requests: {{cpu: {cpu}}}}}}}]}}\n"
        )
    };
    let pods = pod("a", "DaemonSet", "agent", "1")
        + &pod("b", "DaemonSet", "agent", "1")
        + &pod("c", "DaemonSet", "agent", "2")
        + &pod("d", "Node", "n1", "1");
    let spec = loaded(&[("nodes.yaml", NODES), ("pods.yaml", &pods)]).spec;
    let shown: Vec<(&str, &str, i64)> =
        spec.workloads.iter().map(|w| (w.key.name.as_str(), w.owner_kind.as_str(), w.replicas)).collect();
    assert_eq!(shown, [("agent", "DaemonSet", 2), ("agent-2", "DaemonSet", 1), ("d", "Node", 1)]);
    assert!(spec.workloads.iter().all(|workload| workload.kind == WorkloadKind::Fixed));
}

#[test]
fn the_dump_of_c3_is_understood() {
    let Some(path) = shared("c3") else { return };
    let Loaded { spec, diagnostics, .. } =
        input::load(&[path], LoadOptions::default()).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(spec.nodes.len(), 4);
    let (_, app) = kubound::cluster::object::scenario::find_workload(&spec.workloads, &key("h1-app")).expect("h1-app");
    assert_eq!((app.replicas, app.revisions.len(), app.revisions[0].pods.len(), app.replicas_given), (5, 1, 5, true));
    assert_eq!(app.revisions[0].name, "h1-app-bb599cf94");
    assert_eq!(
        app.revisions[0]
            .template
            .spec
            .as_ref()
            .and_then(|spec| spec.topology_spread_constraints.as_ref())
            .map(Vec::len),
        Some(2)
    );
    assert_eq!(
        spec.workloads
            .iter()
            .filter(|workload| workload.owner_kind == "DaemonSet")
            .map(|workload| workload.replicas)
            .sum::<i64>(),
        8
    );
    assert_eq!(spec.workloads.iter().filter(|workload| workload.owner_kind == "Node").count(), 4);
    assert!(
        matches!(&spec.scenario.commands[0].action, CommandAction::Create { target } if *target == key("php-apache"))
    );
    assert!(diagnostics.to_string().contains("php-apache"), "{diagnostics}");
    assert_eq!((spec.scenario.loads[0].range, spec.scenario.loads[0].initial), ((0, 100), 50));
    println!("{diagnostics}");
}

#[test]
fn the_nodes_of_c6_take_its_manifest_from_the_start() {
    let Some(path) = shared("c6") else { return };
    let text = scenario("  maintenance: {parallel: 1, once: false}\n");
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("scenario.yaml");
    std::fs::write(&file, text).expect("written");
    let Loaded { spec, diagnostics, .. } =
        input::load(&[path, file], LoadOptions::default()).unwrap_or_else(|errors| panic!("{errors}"));
    let (_, app) =
        kubound::cluster::object::scenario::find_workload(&spec.workloads, &key("php-apache")).expect("php-apache");
    assert_eq!((app.replicas, app.created_later, app.revisions[0].pods.len()), (3, false, 0), "{diagnostics}");
    let maintained = spec.scenario.maintenance.expect("maintenance").nodes;
    assert_eq!(maintained.len(), spec.nodes.len() - 1, "control-plane nodes are left alone: {maintained:?}");
}

#[test]
fn init_writes_a_scenario_that_loads() {
    let options = LoadOptions { need_nodes: false };
    for texts in [vec![("web.yaml", WEB)], vec![("nodes.yaml", NODES), ("web.yaml", WEB)], vec![("nodes.yaml", NODES)]]
    {
        let first = input::load_strings(&texts, options).unwrap_or_else(|errors| panic!("{errors}"));
        let written = input::init_scenario(&first.spec);
        let again: Vec<(&str, &str)> = texts.iter().copied().chain([("scenario.yaml", written.as_str())]).collect();
        let second = read(&again).unwrap_or_else(|errors| panic!("{errors}\n{written}"));
        assert_eq!(first.spec.scenario.loads, second.spec.scenario.loads, "{written}");
        assert!(second.scenario_given && !second.spec.nodes.is_empty());
    }
}

#[test]
fn the_schema_describes_every_part() {
    let schema = input::scenario_schema().to_string();
    for part in ["nodePools", "slowStart", "maintenance", "taintEviction", "Smallest and largest usage"] {
        assert!(schema.contains(part), "{part}");
    }
}

#[test]
fn configurations_of_scheduler_and_descheduler_are_read() {
    let scheduler = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nprofiles:\n- schedulerName: packer\n  \
                     plugins: {score: {disabled: [{name: ImageLocality}]}}\n  pluginConfig:\n  - name: NodeResourcesFit\n    \
                     args: {scoringStrategy: {type: MostAllocated, resources: [{name: cpu, weight: 3}]}}\n";
    let descheduler = "apiVersion: descheduler/v1alpha2\nkind: DeschedulerPolicy\nprofiles:\n- name: p\n  pluginConfig:\n  \
                       - {name: DefaultEvictor, args: {nodeFit: true, minReplicas: 2}}\n  - {name: RemoveDuplicates, args: {excludeOwnerKinds: [Job]}}\n  \
                       plugins: {balance: {enabled: [RemoveDuplicates, RemovePodsViolatingTopologySpreadConstraint, PodLifeTime]}}\n";
    let Loaded { spec, diagnostics, .. } =
        loaded(&[("nodes.yaml", NODES), ("s.yaml", scheduler), ("d.yaml", descheduler)]);
    assert_eq!(spec.scheduler[0].name, "default-scheduler", "the cluster's own runs beside it");
    let profile = &spec.scheduler[1];
    assert_eq!((profile.name.as_str(), &profile.fit_resources[..]), ("packer", &[("cpu".to_owned(), 3)][..]));
    assert!(!profile.scores.iter().any(|(name, _)| name == "ImageLocality"));
    let policy = spec.descheduler.expect("a policy");
    let evictor = &policy.plugins[0].evictor;
    assert_eq!((policy.plugins.len(), evictor.node_fit, evictor.min_replicas), (2, true, 2));
    assert!(diagnostics.to_string().contains("descheduler plugin PodLifeTime"), "{diagnostics}");
    let wrong = scheduler.replace("MostAllocated", "Best");
    assert!(
        errors(&[("nodes.yaml", NODES), ("s.yaml", &wrong)])
            .to_string()
            .contains("s.yaml:8:36: error: `Best` is not a scoring strategy")
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn mangled_input_never_panics(cut in 0usize..2000, at in 0usize..2000, bytes in "[\\PC\n\t ]{0,6}", json in any::<bool>()) {
        let text = format!("{WEB}---\n{NODES}---\n{}", scenario("  loads: [{target: web, range: 0..1}]\n  maintenance: {parallel: 1}\n  bound: 3\n"));
        let text = if json { LIVE.replace('\'', "") } else { text };
        let floor = |index: usize| (0..=index.min(text.len())).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(0);
        let (cut, at) = (floor(cut), floor(at));
        let mangled = format!("{}{bytes}{}", &text[..at.min(cut)], &text[at.max(cut)..]);
        if let Err(errors) = read(&[("m.yaml", &mangled)]) {
            prop_assert!(errors.has_errors());
            let _ = errors.to_string();
        }
    }

    #[test]
    fn any_text_is_a_quantity_or_an_error(text in "[-+0-9.eEmkKMGTPinu]{0,12}") {
        let (whole, milli) = (kubound::cluster::object::quantity::value(&text), kubound::cluster::object::quantity::milli_value(&text));
        prop_assert!(whole.is_ok() || milli.is_err());
    }
}
