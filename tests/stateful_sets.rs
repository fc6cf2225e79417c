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

#[test]
fn fifty_replicas_can_be_modelled() {
    let mut loaded = load(&[
        &set("db:1", "replicas: 50"),
        &scenario(&format!("{}  properties: [pods-schedulable]\n  bound: 2\n", nodes(20))),
    ]);
    loaded.spec.scenario.interleaving = Interleaving::Settled;
    let model = build(&loaded.spec, &Selection::of(&loaded.spec.scenario.properties)).expect("a model");
    assert_eq!(model.parts.templates.len(), 50);
    assert_eq!(check(&Explicit, &model, &slice(&model), 2).0, Answer::Holds);
}
