//! KEDA: the autoscalers that ScaledObjects become, and what the operator scales by itself.

use kubound::check::{self, Answer, CheckResult, Focus, Options, source};
use kubound::cluster::object::activation::Paused;
use kubound::cluster::object::spec::ClusterSpec;
use kubound::engine::explicit::Explicit;
use kubound::engine::sat::Sat;
use kubound::engine::{Budget, Engine};
use kubound::input::{LoadOptions, load_strings};

const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 2\n  \
                   selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    \
                   spec: {containers: [{name: main, image: x, resources: {requests: {cpu: 500m}}}]}\n";
const NODE: &str = "---\napiVersion: v1\nkind: Node\nmetadata: {name: n}\nstatus: {allocatable: {cpu: 8, pods: 110}}\n";
const QUEUE: &str = "{type: rabbitmq, metadata: {queueName: q, value: \"20\"}}";
const CPU: &str = "{type: cpu, metricType: Utilization, metadata: {value: \"80\"}}";

fn scaled_object(metadata: &str, spec: &str, triggers: &str) -> String {
    format!(
        "---\napiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {{name: web{metadata}}}\nspec:\n  \
         scaleTargetRef: {{name: web}}\n  {spec}\n  triggers: [{triggers}]\n"
    )
}

fn loaded(text: &str) -> (ClusterSpec, String) {
    let loaded = load_strings(&[("a.yaml", text)], LoadOptions::default()).unwrap_or_else(|errors| panic!("{errors}"));
    (loaded.spec, loaded.diagnostics.to_string())
}

fn scenario(more: &str) -> String {
    format!(
        "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  nodePools: [{{name: worker, count: 2, template: \
         {{allocatable: {{cpu: 8}}}}}}]\n  interleaving: settled\n{more}"
    )
}

fn checked(engine: &dyn Engine, reduce: bool, texts: &[&str]) -> Vec<CheckResult> {
    let named: Vec<(&str, &str)> = ["a.yaml", "b.yaml"].into_iter().zip(texts.iter().copied()).collect();
    let mut input = source::of_texts(&named).unwrap_or_else(|error| panic!("{error}"));
    // How far runs with overlapping actions are looked at depends on the size of the model.
    input.spec.scenario.interleaves_by_default = false;
    let focus = if reduce { Focus::Auto } else { Focus::Off };
    let options = Options { all: true, reduce, focus, ..Options::new(engine, Budget::bound(5)) };
    check::check(&input, &options, &mut |_| ()).unwrap_or_else(|error| panic!("{error}")).0
}

/// The verdict about one property, on which all engines agree, reduced or not, and the story of a violation.
fn verdict(property: &str, texts: &[&str]) -> (String, String) {
    let of = |results: &[CheckResult]| {
        let result = results.iter().find(|it| it.property == property).expect("it was checked");
        match &result.answer {
            Answer::Holds(_) => ("holds".to_owned(), String::new()),
            Answer::Violated(found) => (format!("violated at k = {}", found.k), format!("{:?}", found.narrative)),
            Answer::Unknown { reason, .. } => panic!("undecided: {reason}"),
        }
    };
    let ways: [(&dyn Engine, bool); 3] = [(&Explicit, true), (&Explicit, false), (&Sat::default(), true)];
    let all: Vec<_> = ways.iter().map(|&(engine, reduce)| of(&checked(engine, reduce, texts))).collect();
    // Where nodes are told apart, a loop may close later.
    let verdicts: Vec<&str> = all.iter().map(|it| it.0.as_str()).collect();
    let is_violated: Vec<bool> = verdicts.iter().map(|it| it.starts_with("violated")).collect();
    assert!(verdicts[0] == verdicts[2] && is_violated[0] == is_violated[1], "{verdicts:?}");
    all[0].clone()
}

#[test]
fn a_scaled_object_becomes_an_autoscaler() {
    let spec = "minReplicaCount: 2\n  maxReplicaCount: 5\n  advanced: {horizontalPodAutoscalerConfig: {behavior: {scaleDown: \
                {stabilizationWindowSeconds: 60}}}}";
    let triggers = format!("{CPU}, {{type: memory, metadata: {{type: AverageValue, value: 1Gi}}}}, {QUEUE}");
    let (cluster, notes) = loaded(&(WEB.to_owned() + &scaled_object("", spec, &triggers) + NODE));
    let [autoscaler] = &cluster.autoscalers[..] else { panic!("one autoscaler: {notes}") };
    let object = autoscaler.object.spec.as_ref().expect("a spec");
    assert_eq!((autoscaler.key.name.as_str(), autoscaler.target.name.as_str()), ("keda-hpa-web", "web"));
    assert_eq!((object.min_replicas, object.max_replicas), (Some(2), 5));
    let metrics: Vec<&str> = object.metrics.iter().flatten().map(|metric| metric.type_.as_str()).collect();
    assert_eq!(metrics, ["Resource", "Resource", "External"]);
    let down = object.behavior.as_ref().and_then(|it| it.scale_down.as_ref()).expect("a behavior");
    assert_eq!(down.stabilization_window_seconds, Some(60));
    assert!(cluster.absent.is_empty(), "{notes}");
}

#[test]
fn defaults_are_those_of_keda() {
    let (cluster, _) = loaded(&(WEB.to_owned() + &scaled_object("", "pollingInterval: 5", QUEUE) + NODE));
    let object = cluster.autoscalers[0].object.spec.as_ref().expect("a spec");
    assert_eq!((object.min_replicas, object.max_replicas), (Some(1), 100));
    assert_eq!((cluster.activations[0].least, cluster.activations[0].always_active), (0, false));
    let (cluster, _) = loaded(&(WEB.to_owned() + &scaled_object("", "minReplicaCount: 1", CPU) + NODE));
    assert!(cluster.activations[0].always_active);
}

#[test]
fn the_autoscaler_of_a_dump_is_not_made_again() {
    let autoscaler = "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: keda-hpa-web, uid: u}\n\
                      spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 1, maxReplicas: 7}\n";
    let (cluster, notes) = loaded(&(WEB.to_owned() + autoscaler + &scaled_object(", uid: u2", "", QUEUE) + NODE));
    assert_eq!(cluster.autoscalers.len(), 1, "{notes}");
    assert_eq!(cluster.autoscalers[0].object.spec.as_ref().map(|spec| spec.max_replicas), Some(7));
    assert_eq!(cluster.activations.len(), 1);
}

#[test]
fn an_autoscaler_of_ones_own_beside_it_makes_two_that_do_not_act() {
    let own = "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\n\
               spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 7}\n";
    let (cluster, notes) = loaded(&(WEB.to_owned() + own + &scaled_object("", "minReplicaCount: 1", CPU) + NODE));
    assert_eq!(cluster.autoscalers.len(), 2);
    assert!(notes.contains("both scale web; Kubernetes lets neither act"), "{notes}");
}

#[test]
fn annotations_pause() {
    let with = |annotation: &str| {
        let metadata = format!(", annotations: {{autoscaling.keda.sh/{annotation}}}");
        loaded(&(WEB.to_owned() + &scaled_object(&metadata, "", QUEUE) + NODE)).0
    };
    let cluster = with("paused: \"true\"");
    assert!(cluster.autoscalers.is_empty() && cluster.activations.is_empty());
    let cluster = with("paused-replicas: \"3\"");
    assert!(cluster.autoscalers.is_empty());
    assert_eq!(cluster.activations[0].paused, Paused::At(3));
    let cluster = with("paused-scale-in: \"true\"");
    let behavior =
        cluster.autoscalers[0].object.spec.as_ref().and_then(|spec| spec.behavior.clone()).expect("a behavior");
    assert_eq!(behavior.scale_down.and_then(|rules| rules.select_policy).as_deref(), Some("Disabled"));
    assert!(with("force-activation: \"true\"").activations[0].always_active);
    assert_eq!(with("paused: \"false\"").autoscalers.len(), 1);
}

/// Whether pods of `web` that KEDA put to sleep find their room again, once somebody else has taken it.
fn wakes_up(spec: &str) -> (String, String) {
    let manifests = WEB.replace("500m", "5") + &scaled_object("", spec, QUEUE);
    let other = WEB.replace("500m", "5").replace("web", "batch");
    let batch: String = other.lines().map(|line| format!("      {line}\n")).collect();
    let asked = "  properties: [{name: pods-schedulable, target: web}]\n";
    verdict(
        "pods-schedulable",
        &[&manifests, &scenario(&format!("  controllers: {{hpa: false}}\n  commands:\n  - create:\n{batch}{asked}"))],
    )
}

#[test]
fn what_has_no_active_trigger_sleeps_and_wakes_up() {
    let (verdict, story) = wakes_up("maxReplicaCount: 2");
    assert_eq!(verdict, "violated at k = 3");
    assert!(story.contains("KEDA web") && story.contains("scales from 0 to 1 replicas"));
    assert_eq!(wakes_up("minReplicaCount: 2\n  maxReplicaCount: 2\n  idleReplicaCount: 0").0, "violated at k = 3");
}

#[test]
fn sleeping_is_no_fall_below_the_minimum() {
    let manifests = WEB.to_owned() + &scaled_object("", "maxReplicaCount: 3", QUEUE);
    let asked = |more: &str| scenario(&format!("  properties: [min-replicas]\n{more}"));
    assert_eq!(verdict("min-replicas", &[&manifests, &asked("")]).0, "holds");
    let idle =
        WEB.to_owned() + &scaled_object("", "minReplicaCount: 2\n  maxReplicaCount: 3\n  idleReplicaCount: 0", QUEUE);
    assert_eq!(verdict("min-replicas", &[&idle, &asked("")]).0, "holds");
    let scale = "  commands: [{scale: {target: web, replicas: 1}}]\n";
    assert_eq!(verdict("min-replicas", &[&idle, &asked(scale)]).0, "violated at k = 1");
}

#[test]
fn an_idle_size_that_the_autoscaler_does_not_know_is_a_loop() {
    let oscillates = |spec: &str, gitops: &str| {
        let manifests = WEB.to_owned() + &scaled_object("", spec, QUEUE);
        let asked = format!("{gitops}  properties: [no-replica-oscillation]\n");
        verdict("no-replica-oscillation", &[&manifests, &scenario(&asked)]).0
    };
    let limits = "minReplicaCount: 2\n  maxReplicaCount: 2";
    assert_eq!(oscillates(limits, ""), "holds");
    assert_eq!(oscillates(&format!("{limits}\n  idleReplicaCount: 0"), ""), "holds");
    assert!(oscillates(&format!("{limits}\n  idleReplicaCount: 1"), "").starts_with("violated"));
    // What Git declares wakes up what KEDA lets sleep.
    assert!(oscillates("maxReplicaCount: 2", "  gitops: [{tool: flux}]\n").starts_with("violated"));
}

#[test]
fn what_makes_no_sense_is_an_error_where_it_is() {
    for (metadata, spec, triggers, what) in [
        ("", "minReplicaCount: 2\n  idleReplicaCount: 2", QUEUE, "is not less than minReplicaCount 2"),
        ("", "maxReplicaCount: 3", "", "there are no triggers"),
        ("", "maxReplicaCount: 3", "{type: cpu, metadata: {value: \"80\"}}", "needs a metricType and a value"),
        ("", "minReplicaCount: 4\n  maxReplicaCount: 3", QUEUE, "maxReplicas 3 is less than minReplicas 4"),
        (", annotations: {autoscaling.keda.sh/paused-replicas: many}", "", QUEUE, "`many` is no number of replicas"),
    ] {
        let text = WEB.to_owned() + &scaled_object(metadata, spec, triggers) + NODE;
        let errors = load_strings(&[("a.yaml", &text)], LoadOptions::default()).err().map(|errors| errors.to_string());
        let told = errors.unwrap_or_else(|| panic!("{what} is an error"));
        assert!(told.contains("a.yaml:") && told.contains(what), "{told}");
    }
    let (_, told) = loaded(&(WEB.to_owned() + &scaled_object("", "maxReplicas: 3", QUEUE) + NODE));
    assert!(told.contains("has no field `spec.maxReplicas`"), "{told}");
}
