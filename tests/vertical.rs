//! VerticalPodAutoscalers: they are not modelled, which verdicts say where they do something.

use kubound::input::{LoadOptions, load_strings};

const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  \
                   template:\n    metadata: {labels: {app: web}}\n    \
                   spec: {containers: [{name: main, image: x, resources: {requests: {cpu: 500m, memory: 1Gi}}}]}\n";
const NODE: &str =
    "---\napiVersion: v1\nkind: Node\nmetadata: {name: n}\nstatus: {allocatable: {cpu: 8, memory: 8Gi, pods: 110}}\n";
const AUTOSCALER: &str = "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec:\n  \
                          scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n  maxReplicas: 5\n  \
                          metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]\n";

/// What verdicts are without, and what is remarked on.
fn read(more: &str, vertical: &str) -> (Vec<String>, String) {
    let object = format!(
        "---\napiVersion: autoscaling.k8s.io/v1\nkind: VerticalPodAutoscaler\nmetadata: {{name: web}}\nspec:\n  \
         targetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}\n  {vertical}\n"
    );
    let text = [WEB, more, &object, NODE].concat();
    let loaded = load_strings(&[("a.yaml", &text)], LoadOptions::default()).unwrap_or_else(|errors| panic!("{errors}"));
    (loaded.spec.absent.into_iter().collect(), loaded.diagnostics.to_string())
}

#[test]
fn one_that_does_something_is_named_with_what_it_could_do() {
    for (policy, could) in [
        ("updatePolicy: {updateMode: Recreate}", "changes what pods request, and evicts them"),
        ("updatePolicy: {minReplicas: 1}", "changes what pods request, and evicts them"),
        ("updatePolicy: {updateMode: Initial}", "changes what new pods request"),
        ("updatePolicy: {updateMode: InPlaceOrRecreate}", "in place or by evicting them"),
    ] {
        let (absent, notes) = read("", policy);
        assert_eq!(absent, ["VerticalPodAutoscaler"], "{policy}");
        assert!(notes.contains(could), "{policy}: {notes}");
    }
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
    let at_odds = |policy: &str| read(AUTOSCALER, policy).1.contains("scales web by its utilization of cpu");
    assert!(at_odds("updatePolicy: {updateMode: Recreate}"));
    assert!(!at_odds("updatePolicy: {updateMode: \"Off\"}"));
    assert!(!at_odds("resourcePolicy: {containerPolicies: [{containerName: \"*\", controlledResources: [memory]}]}"));
}

#[test]
fn fields_that_there_are_not_are_reported() {
    let (_, notes) = read("", "updatePolicy: {mode: Recreate}");
    assert!(notes.contains("has no field `spec.updatePolicy.mode`"), "{notes}");
}
