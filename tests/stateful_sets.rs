//! StatefulSets in the model, on several engines: what their order, their names and their volumes come to.

mod support;

use kubound::engine::Engine;
use kubound::engine::explicit::Explicit;
use kubound::engine::sat::Sat;
use kubound::input::{self, Loaded};
use kubound::model::build;
use kubound::property::Selection;
use kubound::system::Interleaving;

use support::{Answer, check, interleave, model, slice};

/// A StatefulSet `db`; `fields` are those of its spec beside selector and template.
fn set(image: &str, fields: &str) -> String {
    format!(
        "{{apiVersion: apps/v1, kind: StatefulSet, metadata: {{name: db}}, spec: {{serviceName: db, {fields}, \
         selector: {{matchLabels: {{app: db}}}}, template: {{metadata: {{labels: {{app: db}}}}, \
         spec: {{containers: [{{name: db, image: \"{image}\", resources: {{requests: {{cpu: 1}}}}}}]}}}}}}}}\n"
    )
}

fn scenario(lines: &str) -> String {
    format!("apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n{lines}")
}

fn nodes(count: usize) -> String {
    format!("  nodePools:\n  - {{name: worker, count: {count}, template: {{allocatable: {{cpu: \"4\"}}}}}}\n")
}

fn load(texts: &[&str]) -> Loaded {
    let names: Vec<String> = (0..texts.len()).map(|number| format!("{number}.yaml")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(texts.iter().copied()).collect();
    input::load_strings(&files, Default::default()).unwrap_or_else(|errors| panic!("{errors}"))
}

/// What both engines say.
fn answer(loaded: &Loaded) -> Answer {
    let model = model(loaded);
    let slice = slice(&model);
    let bound = loaded.spec.scenario.bound;
    let engines: [&dyn Engine; 2] = [&Explicit, &Sat::default()];
    let answers = engines.map(|engine| check(engine, &model, &slice, bound).0);
    assert_eq!(answers[0], answers[1], "the engines agree");
    let [answer, _] = answers;
    answer
}

/// An update to a template whose pods never become ready, reverted.
fn reverted(policy: &str, interleaving: Interleaving) -> Answer {
    let fields = format!("replicas: 2, podManagementPolicy: {policy}");
    let scenario = scenario(&format!(
        "{}  neverReady: [\"db:broken\"]\n  commands:\n  - apply: {}  - apply: {}  properties: [rollout-completes]\n  bound: 4\n",
        nodes(2),
        set("db:broken", &fields),
        set("db:1", &fields)
    ));
    let mut loaded = load(&[&set("db:1", &fields), &scenario]);
    loaded.spec.scenario.interleaving = interleaving;
    answer(&loaded)
}

#[test]
fn an_update_that_got_stuck_stays_so_in_order_after_it_is_reverted() {
    for interleaving in [Interleaving::Settled, Interleaving::Racing] {
        let stuck = Answer::Violated("rollout-completes".to_owned(), 2);
        assert_eq!(reverted("OrderedReady", interleaving), stuck, "{interleaving:?}");
        assert_eq!(reverted("Parallel", interleaving), Answer::Holds, "{interleaving:?}");
    }
}

#[test]
fn updates_complete_down_to_the_partition() {
    let strategies = [
        "minReadySeconds: 0",
        "updateStrategy: {type: RollingUpdate}",
        "updateStrategy: {rollingUpdate: {partition: 1}}",
        "podManagementPolicy: Parallel",
        "minReadySeconds: 5",
        "ordinals: {start: 3}",
    ];
    for strategy in strategies {
        let fields = format!("replicas: 2, {strategy}");
        let scenario = scenario(&format!(
            "{}  commands:\n  - apply: {}  - scale: {{target: statefulset/db, replicas: 3}}\n  properties: [rollout-completes, settles, pods-schedulable]\n  bound: 12\n",
            nodes(1),
            set("db:2", &fields)
        ));
        let mut loaded = load(&[&set("db:1", &fields), &scenario]);
        for interleaving in [Interleaving::Settled, Interleaving::Racing] {
            interleave(&mut loaded, interleaving);
            assert_eq!(answer(&loaded), Answer::Holds, "{strategy}, {interleaving:?}");
        }
    }
}

/// An autoscaled workload on nodes one of which fails for good.
fn fails(kind: &str) -> Answer {
    let workload = set("db:1", "replicas: 2").replace("StatefulSet", kind).replace("serviceName: db, ", "");
    let autoscaler = format!(
        "{{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {{name: db}}, spec: {{minReplicas: 2, \
         maxReplicas: 2, scaleTargetRef: {{apiVersion: apps/v1, kind: {kind}, name: db}}}}}}\n"
    );
    let scenario = scenario(&format!(
        "{}  controllers: {{hpa: false}}\n  failures: {{nodes: all, atMost: 1, recover: false}}\n  properties: [min-replicas]\n  bound: 4\n",
        nodes(2)
    ));
    answer(&load(&[&workload, &autoscaler, &scenario]))
}

#[test]
fn pods_of_a_dead_node_are_made_again_only_when_they_are_gone() {
    assert_eq!(fails("Deployment"), Answer::Holds);
    assert_eq!(fails("StatefulSet"), Answer::Violated("min-replicas".to_owned(), 2));
}

/// Claims of `db-0` and `db-1`, of which the first is bound to a volume in zone `a`.
const VOLUMES: &str = "
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data-db-0}, spec: {volumeName: one}}
---
{apiVersion: v1, kind: PersistentVolume, metadata: {name: one}, spec: {capacity: {storage: 1Gi}, nodeAffinity: {required: {nodeSelectorTerms: [
  {matchExpressions: [{key: topology.kubernetes.io/zone, operator: In, values: [a]}]}]}}}}
";

#[test]
fn volumes_keep_pods_in_their_zone() {
    let claims = "replicas: 2, volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce]}}]";
    let pool = |zone: &str| {
        format!(
            "  - {{name: {zone}, count: 1, template: {{labels: {{topology.kubernetes.io/zone: {zone}}}, allocatable: {{cpu: \"4\"}}}}}}\n"
        )
    };
    let scenario = scenario(&format!(
        "  nodePools:\n{}{}  commands:\n  - cordon: a-1\n  - scale: {{target: statefulset/db, replicas: 0}}\n  - scale: {{target: statefulset/db, replicas: 2}}\n  properties: [pods-schedulable]\n  bound: 4\n",
        pool("a"),
        pool("b")
    ));
    let free = load(&[&set("db:1", claims), &scenario]);
    assert!(free.diagnostics.to_string().contains("2 volumes of StatefulSet db are not given"), "{}", free.diagnostics);
    assert_eq!(answer(&free), Answer::Holds);
    let pinned = load(&[&set("db:1", claims), VOLUMES, &scenario]);
    assert!(pinned.diagnostics.to_string().contains("1 volumes of StatefulSet db"), "{}", pinned.diagnostics);
    assert_eq!(answer(&pinned), Answer::Violated("pods-schedulable".to_owned(), 3));
}

/// A StatefulSet as an API server prints it, with its pods, of which the last ones may be of another revision.
fn running(replicas: i64, updated: i64) -> String {
    let printed = set("db:1", &format!("replicas: {replicas}")).replace("{name: db}", "{name: db, uid: s}");
    let status = "}, status: {currentRevision: db-a, updateRevision: db-b}}";
    let mut text = printed.trim_end().strip_suffix("}}").map(|it| format!("{it}{status}\n")).expect("an object");
    for ordinal in 0..replicas {
        let (image, revision) = if ordinal < replicas - updated { ("db:0", "db-a") } else { ("db:1", "db-b") };
        text += &format!(
            "---\n{{apiVersion: v1, kind: Pod, metadata: {{name: db-{ordinal}, uid: p{ordinal}, labels: {{app: db, \
             controller-revision-hash: {revision}}}, ownerReferences: [{{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: s, \
             controller: true}}]}}, spec: {{nodeName: worker-{}, containers: [{{name: db, image: \"{image}\", \
             resources: {{requests: {{cpu: 1}}}}}}]}}, status: {{phase: Running, conditions: [{{type: Ready, status: \"True\"}}]}}}}\n",
            ordinal % 20 + 1
        );
    }
    text
}

#[test]
fn fifty_replicas_can_be_modelled() {
    let commands = "  commands:\n  - scale: {target: statefulset/db, replicas: 49}\n  properties: [pods-schedulable]\n  bound: 2\n";
    let loaded = load(&[&running(50, 50), &scenario(&format!("{}{commands}", nodes(20)))]);
    let model = build(&loaded.spec, &Selection::of(&loaded.spec.scenario.properties)).expect("a model");
    assert_eq!(model.parts.templates.len(), 50);
    assert_eq!(check(&Explicit, &model, &slice(&model), 2).0, Answer::Holds);
    let fresh = load(&[&set("db:1", "replicas: 50"), &scenario(&nodes(20))]);
    assert!(fresh.diagnostics.to_string().contains("50 pods that are yet to be made"), "{}", fresh.diagnostics);
}

#[test]
fn revisions_of_running_pods_are_read() {
    let loaded = load(&[&running(3, 1), &scenario(&format!("{}  properties: [rollout-completes]\n", nodes(3)))]);
    let workload = &loaded.spec.workloads[0];
    let sizes: Vec<(&str, i64)> = workload.revisions.iter().map(|it| (it.name.as_str(), it.size)).collect();
    assert_eq!((sizes, workload.current), (vec![("db-a", 2), ("db-b", 1)], 1));
    assert_eq!(workload.stateful.as_ref().map(|set| (set.current, set.current_replicas)), Some((0, 2)));
    assert_eq!(answer(&loaded), Answer::Holds, "the update goes on");
}

#[test]
fn what_is_wrong_or_ignored_is_said() {
    let read = |fields: &str| {
        let text = set("db:1", fields);
        let files = [("db.yaml", text.as_str()), ("scenario.yaml", &scenario(&nodes(1)))];
        match input::load_strings(&files, Default::default()) {
            Ok(loaded) => loaded.diagnostics.to_string(),
            Err(errors) => format!("refused: {errors}"),
        }
    };
    let wrong = [
        ("updateStrategy: {type: OnDelete, rollingUpdate: {partition: 1}}", "OnDelete takes no rollingUpdate"),
        ("updateStrategy: {rollingUpdate: {partition: -1}}", "partition"),
        ("updateStrategy: {rollingUpdate: {maxUnavailable: 0}}", "maxUnavailable cannot be 0"),
        ("podManagementPolicy: Random", "podManagementPolicy"),
        ("ordinals: {start: -2}", "start"),
    ];
    for (fields, part) in wrong {
        let said = read(fields);
        assert!(said.starts_with("refused") && said.contains(part), "{fields}: {said}");
    }
    let ignored = read("updateStrategy: {rollingUpdate: {maxUnavailable: 2}}");
    assert!(ignored.contains("MaxUnavailableStatefulSet is off by default"), "{ignored}");
    let claims = read("persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete}");
    assert!(claims.contains("persistentVolumeClaimRetentionPolicy of a StatefulSet"), "{claims}");
}
