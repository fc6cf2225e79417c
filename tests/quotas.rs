//! ResourceQuotas in the model: what they refuse, what counts against them, on several engines and with every node told
//! apart.

mod support;

use support::answers;

/// A Deployment of pods that request half a core each.
fn deployment(name: &str, image: &str, replicas: u32, strategy: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  replicas: {replicas}\n  \
         strategy: {strategy}\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    \
         metadata: {{labels: {{app: {name}}}}}\n    spec:\n      containers:\n      \
         - {{name: main, image: \"{image}\", resources: {{requests: {{cpu: 500m}}}}}}\n"
    )
}

fn quota(hard: &str) -> String {
    format!("---\napiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: compute}}\nspec: {{hard: {{{hard}}}}}\n")
}

fn scenario(more: &str) -> String {
    format!(
        "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  nodePools: [{{name: worker, count: 3, template: \
         {{allocatable: {{cpu: 8}}}}}}]\n{more}"
    )
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("      {line}\n")).collect()
}

const ONE_BY_ONE: &str = "{rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}";
const IN_PLACE: &str = "{rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}";

const BOUND: u32 = 6;

fn verdict(property: &str, texts: &[&str]) -> String {
    answers::verdict(property, texts, BOUND)
}

fn story(property: &str, texts: &[&str]) -> String {
    answers::story(property, texts, BOUND)
}

fn rollout(strategy: &str, hard: &str, interleaving: &str) -> String {
    let manifests = deployment("web", "web:1", 3, strategy) + &quota(hard);
    let update = indented(&deployment("web", "web:2", 3, strategy));
    let commands = format!("  commands:\n  - apply:\n{update}  interleaving: {interleaving}\n");
    verdict("rollout-completes", &[&manifests, &scenario(&(commands + "  properties: [rollout-completes]\n"))])
}

#[test]
fn a_quota_of_the_steady_state_leaves_no_room_for_a_surge() {
    for interleaving in ["racing", "settled"] {
        assert_eq!(rollout(ONE_BY_ONE, "pods: 3", interleaving), "violated at k = 1");
        assert_eq!(rollout(ONE_BY_ONE, "pods: 4", interleaving), "holds");
        assert_eq!(rollout(IN_PLACE, "pods: 3", interleaving), "holds");
        assert_eq!(rollout("{type: Recreate}", "requests.cpu: 1500m", interleaving), "holds");
        assert_eq!(rollout(ONE_BY_ONE, "requests.cpu: 1999m", interleaving), "violated at k = 1");
        assert_eq!(rollout(ONE_BY_ONE, "requests.cpu: 2", interleaving), "holds");
    }
}

#[test]
fn what_is_refused_is_told_with_the_quota() {
    let plain = scenario("  properties: [pods-schedulable]\n");
    let web = |hard: &str| deployment("web", "web:1", 3, ONE_BY_ONE) + &quota(hard);
    for (hard, told) in [
        ("pods: 2", "lacks 1 pod(s): ResourceQuota compute admits no more pods: 2 of 2 are used"),
        ("cpu: 700m", "lacks 2 pod(s): ResourceQuota compute admits no more cpu: 500 of 700 are used"),
        ("limits.memory: 1Gi", "lacks 3 pod(s): ResourceQuota compute wants limits.memory of every container"),
    ] {
        let text = story("pods-schedulable", &[&web(hard), &plain]);
        assert!(text.contains(told), "{hard}: {text}");
    }
    assert_eq!(verdict("pods-schedulable", &[&web("pods: 2"), &plain]), "violated at k = 0");
    assert_eq!(verdict("pods-schedulable", &[&web("pods: 3"), &plain]), "holds");
    assert_eq!(verdict("pods-schedulable", &[&web("services: 0"), &plain]), "holds");
}

#[test]
fn all_pods_of_a_namespace_count() {
    let plain = scenario("  properties: [pods-schedulable]\n");
    let of = |hard: &str, namespace: &str| {
        let other = deployment("api", "api:1", 2, IN_PLACE).replace("{name: api}}\n", "{name: api}\n");
        let other = other.replace("metadata: {name: api}", &format!("metadata: {{name: api, namespace: {namespace}}}"));
        let fixed = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: bare}\nspec: {nodeName: worker-1, containers: \
                     [{name: main, image: x, resources: {requests: {cpu: 1}}}]}\n";
        format!("{}---\n{other}{fixed}{}", deployment("web", "web:1", 2, IN_PLACE), quota(hard))
    };
    assert_eq!(verdict("pods-schedulable", &[&of("pods: 5", "default"), &plain]), "holds");
    assert_eq!(verdict("pods-schedulable", &[&of("pods: 4", "default"), &plain]), "violated at k = 0");
    assert_eq!(verdict("pods-schedulable", &[&of("pods: 4", "elsewhere"), &plain]), "holds");
    assert_eq!(verdict("pods-schedulable", &[&of("requests.cpu: 2900m", "default"), &plain]), "violated at k = 0");
    assert_eq!(verdict("pods-schedulable", &[&of("requests.cpu: 3", "default"), &plain]), "holds");
}

#[test]
fn pods_that_cannot_leave_a_dead_node_count() {
    let failing =
        scenario("  failures: {nodes: [worker-1], atMost: 1, recover: false}\n  properties: [pods-schedulable]\n");
    let web = |hard: &str| deployment("web", "web:1", 3, ONE_BY_ONE) + &quota(hard);
    assert!(verdict("pods-schedulable", &[&web("pods: 3"), &failing]).starts_with("violated"));
    assert_eq!(verdict("pods-schedulable", &[&web("pods: 6"), &failing]), "holds");
}

#[test]
fn in_async_runs_a_replica_set_may_get_its_pods_one_after_the_other() {
    let plain = scenario("  interleaving: async\n  properties: [pods-schedulable]\n  bound: 20\n");
    let web = deployment("web", "web:1", 2, ONE_BY_ONE) + &quota("pods: 1");
    assert!(verdict("pods-schedulable", &[&web, &plain]).starts_with("violated at k = "));
}

fn rollout_verdict(property: &str, strategy: &str, sets: u32, interleaving: &str) -> String {
    let manifests = deployment("web", "web:1", 3, strategy) + &quota(&format!("count/replicasets.apps: {sets}"));
    let update = indented(&deployment("web", "web:2", 3, strategy));
    let commands = format!("  commands:\n  - apply:\n{update}  interleaving: {interleaving}\n");
    verdict(property, &[&manifests, &scenario(&(commands + &format!("  properties: [{property}]\n")))])
}

#[test]
fn a_quota_on_replica_sets_keeps_a_rollout_from_beginning() {
    for interleaving in ["racing", "settled"] {
        for strategy in [ONE_BY_ONE, IN_PLACE, "{type: Recreate}"] {
            let of = |property: &str, sets: u32| rollout_verdict(property, strategy, sets, interleaving);
            assert_eq!(of("rollout-completes", 1), "violated at k = 1", "{strategy}");
            assert_eq!(of("rollout-completes", 2), "holds", "{strategy}");
            assert_eq!(of("pods-schedulable", 0), "violated at k = 0", "{strategy}");
            assert_eq!(of("pods-schedulable", 2), "holds", "{strategy}");
        }
        // Old pods run on where they overlap with new ones; else they are gone by then.
        assert_eq!(rollout_verdict("pods-schedulable", ONE_BY_ONE, 1, interleaving), "holds");
        assert_eq!(rollout_verdict("pods-schedulable", "{type: Recreate}", 1, interleaving), "violated at k = 1");
    }
}

#[test]
fn the_quota_that_refuses_a_replica_set_is_told() {
    let manifests = deployment("web", "web:1", 2, ONE_BY_ONE) + &quota("count/replicasets.apps: 1");
    let update = indented(&deployment("web", "web:2", 2, ONE_BY_ONE));
    let commands = scenario(&format!("  commands:\n  - apply:\n{update}  properties: [rollout-completes]\n"));
    let told = story("rollout-completes", &[&manifests, &commands]);
    let why = "Deployment web lacks ReplicaSet web-2: ResourceQuota compute admits no more than 1 of them";
    assert!(told.contains(why), "{told}");
}

/// Web as a running cluster has it, with a ReplicaSet for each image, oldest first; the last one has all the pods.
fn running(images: &[&str]) -> String {
    let owner = "ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: web, controller: true}]";
    let present = images.last().expect("an image");
    let mut all = deployment("web", present, 2, ONE_BY_ONE).replace("{name: web}\nspec", "{name: web, uid: web}\nspec");
    for (number, image) in images.iter().enumerate() {
        let replicas = if image == present { 2 } else { 0 };
        let metadata = format!(
            "{{name: web-{number}, uid: web-{number}, annotations: {{deployment.kubernetes.io/revision: '{number}'}}, {owner}}}\nspec"
        );
        let set = deployment("web", image, replicas, "{}").replace("kind: Deployment", "kind: ReplicaSet");
        all += &format!("---\n{}", set.replace("{name: web}\nspec", &metadata).replace("  strategy: {}\n", ""));
    }
    all
}

#[test]
fn replica_sets_that_are_history_count_and_are_used_again() {
    let update = |image: &str| {
        let manifest = indented(&deployment("web", image, 2, ONE_BY_ONE));
        scenario(&format!("  commands:\n  - apply:\n{manifest}  properties: [rollout-completes]\n"))
    };
    let of = |image: &str, hard: u32| {
        let cluster = running(&["web:1", "web:2"]) + &quota(&format!("count/replicasets.apps: {hard}"));
        verdict("rollout-completes", &[&cluster, &update(image)])
    };
    assert_eq!(of("web:3", 2), "violated at k = 1");
    assert_eq!(of("web:3", 3), "holds");
    assert_eq!(of("web:1", 2), "holds");
}

#[test]
fn a_deployment_that_goes_leaves_room_for_the_replica_sets_of_others() {
    let api = deployment("api", "api:1", 1, ONE_BY_ONE);
    let manifests =
        format!("{}---\n{api}{}", deployment("web", "web:1", 1, ONE_BY_ONE), quota("count/replicasets.apps: 2"));
    let update = format!("  - apply:\n{}", indented(&deployment("web", "web:2", 1, ONE_BY_ONE)));
    let delete = "  - delete: deployment/api\n";
    let of = |commands: String| {
        verdict(
            "rollout-completes",
            &[&manifests, &scenario(&format!("  commands:\n{commands}  properties: [rollout-completes]\n"))],
        )
    };
    assert_eq!(of(format!("{update}{delete}")), "violated at k = 1");
    assert_eq!(of(format!("{delete}{update}")), "holds");
    let elsewhere = manifests.replace("metadata: {name: api}", "metadata: {name: api, namespace: other}");
    let scenario = scenario(&format!("  commands:\n{update}  properties: [rollout-completes]\n"));
    assert_eq!(verdict("rollout-completes", &[&elsewhere, &scenario]), "holds");
}

#[test]
fn replica_sets_that_only_the_status_tells_of_count() {
    let status = "status: {used: {count/replicasets.apps: '1'}}\n";
    let manifests =
        |status: &str| deployment("web", "web:1", 1, ONE_BY_ONE) + &quota("count/replicasets.apps: 1") + status;
    let plain = scenario("  properties: [pods-schedulable]\n");
    assert_eq!(verdict("pods-schedulable", &[&manifests(""), &plain]), "holds");
    assert_eq!(verdict("pods-schedulable", &[&manifests(status), &plain]), "violated at k = 0");
}

/// A LimitRange of containers.
fn limit_range(item: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: LimitRange\nmetadata: {{name: sizes}}\nspec: {{limits: [{{type: Container, {item}}}]}}\n"
    )
}

#[test]
fn limit_ranges_complete_pods_and_refuse_them() {
    let plain = scenario("  properties: [pods-schedulable]\n");
    let web = deployment("web", "web:1", 3, ONE_BY_ONE).replace("{requests: {cpu: 500m}}", "{}");
    let with = |item: &str, hard: &str| format!("{web}{}{}", limit_range(item), quota(hard));
    let defaults = "default: {cpu: 1}, defaultRequest: {cpu: 500m}";
    assert_eq!(verdict("pods-schedulable", &[&with(defaults, "requests.cpu: 1500m, limits.cpu: 3"), &plain]), "holds");
    assert_eq!(verdict("pods-schedulable", &[&with(defaults, "limits.cpu: 2"), &plain]), "violated at k = 0");
    let beyond = "default: {cpu: 2}, max: {cpu: 1}";
    let text = story("pods-schedulable", &[&with(beyond, "pods: 9"), &plain]);
    assert!(text.contains("LimitRange sizes: container main is above the maximum of cpu"), "{text}");
}

#[test]
fn stateful_sets_ask_quotas_too() {
    let plain = scenario("  properties: [rollout-completes]\n");
    let set = |image: &str, replicas: u32| {
        deployment("web", image, replicas, "{}")
            .replace("kind: Deployment", "kind: StatefulSet")
            .replace("  strategy: {}\n", "")
    };
    for policy in ["OrderedReady", "Parallel"] {
        let set = |image: &str, replicas: u32| {
            set(image, replicas)
                .replace("spec:\n  replicas", &format!("spec:\n  podManagementPolicy: {policy}\n  replicas"))
        };
        let update = indented(&set("web:2", 3));
        let scenario = plain.clone() + &format!("  commands:\n  - apply:\n{update}");
        let of = |hard: &str| set("web:1", 3) + &quota(hard);
        assert_eq!(verdict("rollout-completes", &[&of("pods: 3"), &scenario]), "holds", "{policy}");
        assert!(verdict("rollout-completes", &[&of("pods: 2"), &scenario]).starts_with("violated"), "{policy}");
    }
}
