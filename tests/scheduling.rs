//! What scheduling constraints between pods bring about in a model, on both engines.

#[path = "support/mod.rs"]
mod support;

use kubound::engine::Engine;
use kubound::engine::explicit::Explicit;
use kubound::engine::smt::Smt;
use kubound::input::{self, Loaded};
use support::Answer;

/// Nodes of 4 cores, each a zone of its own.
fn nodes(number: usize) -> String {
    let node = |index: usize| {
        format!(
            "---\napiVersion: v1\nkind: Node\nmetadata: {{name: n{index}, labels: {{topology.kubernetes.io/zone: z{index}}}}}\n\
             status: {{allocatable: {{cpu: 4, memory: 8Gi}}}}\n"
        )
    };
    (1..=number).map(node).collect()
}

/// A Deployment `web` of pods that request `cpu`, with more fields of the pod's spec.
fn web(replicas: usize, cpu: &str, container: &str, pod: &str) -> String {
    format!(
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: {replicas}\n  \
         selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      \
         containers: [{{name: c, image: app, resources: {{requests: {{cpu: {cpu}}}}}{container}}}]\n{pod}"
    )
}

/// A required term about pods of `web`.
fn required(kind: &str, key: &str) -> String {
    format!(
        "      affinity: {{{kind}: {{requiredDuringSchedulingIgnoredDuringExecution: [{{topologyKey: {key}, \
         labelSelector: {{matchLabels: {{app: web}}}}}}]}}}}\n"
    )
}

fn load(texts: &[String]) -> Loaded {
    let text = texts.concat()
        + "---\napiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec: {properties: [{name: pods-schedulable}]}\n";
    input::load_strings(&[("all.yaml", &text)], Default::default()).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Whether all pods find a node, as both engines say.
fn schedules(texts: &[String]) -> bool {
    let loaded = load(texts);
    let model = support::model(&loaded);
    let slice = support::slice(&model);
    let engines: [&dyn Engine; 2] = [&Explicit, &Smt::default()];
    let answers = engines.map(|engine| support::check(engine, &model, &slice, 3).0);
    assert_eq!(answers[0], answers[1], "the engines agree");
    answers[0] == Answer::Holds
}

#[test]
fn anti_affinity_keeps_equal_pods_apart() {
    let apart = |replicas: usize, key: &str| web(replicas, "100m", "", &required("podAntiAffinity", key));
    for key in ["kubernetes.io/hostname", "topology.kubernetes.io/zone"] {
        assert!(schedules(&[nodes(3), apart(3, key)]), "{key}");
        assert!(!schedules(&[nodes(2), apart(3, key)]), "{key}");
    }
}

#[test]
fn affinity_needs_company_but_not_for_the_first_pod() {
    let together = |cpu: &str| web(2, cpu, "", &required("podAffinity", "kubernetes.io/hostname"));
    assert!(schedules(&[nodes(2), together("2")]));
    assert!(!schedules(&[nodes(2), together("3")]), "the second pod finds no room beside the first");
}

#[test]
fn host_ports_are_there_once_on_a_node() {
    let port = |replicas: usize| web(replicas, "100m", ", ports: [{containerPort: 80, hostPort: 80}]", "");
    assert!(schedules(&[nodes(3), port(3)]));
    assert!(!schedules(&[nodes(2), port(3)]));
    let shared = ", ports: [{containerPort: 80}]";
    assert!(!schedules(&[nodes(2), web(3, "100m", shared, "      hostNetwork: true\n")]));
}

#[test]
fn pods_without_a_modelled_owner_keep_others_away() {
    let bare = |node: &str| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: loner-{node}}}\nspec:\n  nodeName: {node}\n  containers: [{{name: c, image: app}}]\n  \
             affinity: {{podAntiAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: [{{topologyKey: kubernetes.io/hostname, \
             labelSelector: {{matchLabels: {{app: web}}}}}}]}}}}\n"
        )
    };
    let plain = || web(1, "100m", "", "");
    assert!(schedules(&[nodes(2), bare("n1"), plain()]));
    assert!(!schedules(&[nodes(2), bare("n1"), bare("n2"), plain()]));
}
