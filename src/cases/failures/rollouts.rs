//! Updates that get stuck, or leave pods where they should not be.

use crate::cases::Make::{Numbered, Sized};
use crate::cases::manifests::{App, file, pool, scenario as numbered, spread};
use crate::cases::scale::Scale;
use crate::cases::{Case, File, Suite};

use super::manifests::{Pool, ZONE, apart, scenario};

/// What a pod asks for that may share a node with one more.
const HALF: usize = 24;
/// What a pod asks for that shares a node with none.
const WHOLE: usize = 40;

/// The cases.
pub const CASES: [Case; 5] = [
    Case {
        id: "k116891",
        suite: Suite::Failures,
        title: "a rollout starts one pod more than there are nodes for pods that refuse to share one",
        story: "web has a pod on each node, and its pods refuse to share a node (required anti-affinity). The update may \
                not take one away before a new one is ready, as the defaults have it for three replicas: 25 % of them, \
                rounded up, may come, and 25 %, rounded down, may be missing. The new pod fits on no node, because each \
                has an old one, and no old one goes before the new one is ready (kubernetes/kubernetes issue 116891).",
        fix: "One pod may be missing during an update, and none is started before.",
        properties: &["rollout-completes"],
        make: Sized(anti_affinity),
    },
    Case {
        id: "k64689",
        suite: Suite::Failures,
        title: "a rollout needs room for one pod more on full nodes",
        story: "Each node has room for one pod of web, and has it. The update starts a new pod before an old one may go: \
                the new one stays Pending, and the old ones are not terminated (kubernetes/kubernetes issue 64689).",
        fix: "One pod may be missing during an update, and none is started before.",
        properties: &["rollout-completes"],
        make: Sized(full_nodes),
    },
    Case {
        id: "k89209",
        suite: Suite::Failures,
        title: "a rollout needs one pod more than the quota of its namespace",
        story: "The quota of the namespace is just what runs. The update starts a new pod before an old one may go; the API \
                server refuses it, the ReplicaSet tries again for ever, and no pod is Pending: only the ReplicaSet's events \
                tell (kubernetes/kubernetes issue 89209).",
        fix: "One pod may be missing during an update, and none is started before.",
        properties: &["rollout-completes"],
        make: Numbered(quota),
    },
    Case {
        id: "k98215",
        suite: Suite::Failures,
        title: "after a rollout pods are spread less evenly than their constraint says",
        story: "Four pods are spread evenly over two zones, as a hard constraint. While an update runs, the constraint counts \
                pods of both versions: a zone that is short of old pods gets new ones, and when the last old pods are gone \
                the new ones are uneven. Nobody moves them (kubernetes/kubernetes issue 98215).",
        fix: "The constraint counts pods of one version only: `matchLabelKeys: [pod-template-hash]`.",
        properties: &["spread-balanced"],
        make: Sized(revisions),
    },
    Case {
        id: "k67250",
        suite: Suite::Failures,
        title: "a StatefulSet keeps its broken pod although the update was taken back",
        story: "Version 2 of ledger never becomes ready. The update replaces the last pod and waits for it. Applying version \
                1 again does not help: with `podManagementPolicy: OrderedReady` the controller first waits for every pod to \
                become ready, the broken one included, until somebody deletes that by hand (kubernetes/kubernetes issue \
                67250). Each pod has its data on the disk of one node.",
        fix: "With `podManagementPolicy: Parallel` the controller replaces the pod that is not ready.",
        properties: &["rollout-completes"],
        make: Numbered(broken_update),
    },
];

/// The strategy: one pod more, or one pod less.
fn strategy(app: App, fixed: bool) -> App {
    if fixed { app.rolling(1, 0) } else { app.rolling(0, 1) }
}

const UPDATE: &str = "  commands:\n  - apply: web-2.yaml\n  properties: [rollout-completes]\n  bound: 4\n";

/// An update of web on nodes of which each has one pod. Manifests leave its replicas alone, so that the update does at any
/// scale.
fn one_each(id: &str, scale: Scale, app: impl Fn() -> App) -> Vec<File> {
    let manifest = |version| App { version, ..app() }.manifest(false);
    let rest = scale.sizes("web", &[("replicas", "scale")]) + UPDATE;
    vec![
        file("web.yaml", manifest(1)),
        file("web-2.yaml", manifest(2)),
        scenario(id, scale, &[Pool::new("node", "scale")], &rest),
    ]
}

fn anti_affinity(scale: Scale, fixed: bool) -> Vec<File> {
    one_each("k116891", scale, || strategy(App::new("web", 0, HALF).with(apart("web")), fixed))
}

fn full_nodes(scale: Scale, fixed: bool) -> Vec<File> {
    one_each("k64689", scale, || strategy(App::new("web", 0, WHOLE), fixed))
}

fn quota(scale: usize, fixed: bool) -> Vec<File> {
    let manifest = |version| strategy(App { version, ..App::new("web", scale, HALF) }, fixed).manifest(true);
    let quota =
        format!("apiVersion: v1\nkind: ResourceQuota\nmetadata:\n  name: team\nspec:\n  hard: {{pods: \"{scale}\"}}\n");
    vec![
        file("web.yaml", manifest(1)),
        file("quota.yaml", quota),
        file("web-2.yaml", manifest(2)),
        numbered("k89209", &pool("node", scale, ""), UPDATE),
    ]
}

fn revisions(scale: Scale, fixed: bool) -> Vec<File> {
    let keys = if fixed { "  matchLabelKeys: [pod-template-hash]\n" } else { "" };
    let constraint = format!("topologySpreadConstraints:\n{}{keys}", spread("web", ZONE, "DoNotSchedule"));
    let manifest = |version| {
        let app = App { version, ..App::new("web", 4, HALF) };
        app.with(constraint.clone()).rolling(1, 1).manifest(true)
    };
    let zone = |name, count, label: &str| Pool::new(name, count).with(format!("labels: {{{ZONE}: {label}}}"));
    let pools = [zone("zone-a", "(scale + 1) / 2", "a"), zone("zone-b", "scale / 2", "b")];
    let rest = "  commands:\n  - apply: web-2.yaml\n  properties: [spread-balanced]\n  bound: 4\n";
    vec![file("web.yaml", manifest(1)), file("web-2.yaml", manifest(2)), scenario("k98215", scale, &pools, rest)]
}

fn broken_update(scale: usize, fixed: bool) -> Vec<File> {
    let replicas = scale.min(3);
    let policy = if fixed { "Parallel" } else { "OrderedReady" };
    let manifest = |version: usize| {
        format!(
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: ledger\nspec:\n  replicas: {replicas}\n  \
             serviceName: ledger\n  podManagementPolicy: {policy}\n  selector:\n    matchLabels: {{app: ledger}}\n  \
             template:\n    metadata:\n      labels: {{app: ledger}}\n    spec:\n      containers:\n      \
             - name: ledger\n        image: example.com/ledger:{version}\n        resources:\n          \
             requests: {{cpu: \"{HALF}\", memory: {HALF}Gi}}\n  volumeClaimTemplates:\n  - metadata: {{name: data}}\n    \
             spec:\n      accessModes: [ReadWriteOnce]\n      resources: {{requests: {{storage: 10Gi}}}}\n"
        )
    };
    let rest = "  # Version 2 crashes when it starts.\n  neverReady: [\"example.com/ledger:2\"]\n  commands:\n  \
                - apply: ledger-2.yaml\n  - apply: ledger-1-again.yaml\n  properties: [rollout-completes]\n  bound: 4\n";
    vec![
        file("ledger.yaml", manifest(1)),
        file("ledger-2.yaml", manifest(2)),
        file("ledger-1-again.yaml", manifest(1)),
        file("volumes.yaml", (0..replicas).map(volume).collect::<Vec<String>>().join("---\n")),
        numbered("k67250", &pool("node", scale, ""), rest),
    ]
}

/// The claim of a pod of ledger, and the disk of the node that it is bound to.
fn volume(ordinal: usize) -> String {
    let node = ordinal + 1;
    format!(
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: data-ledger-{ordinal}\nspec:\n  \
         volumeName: disk-{node}\n  accessModes: [ReadWriteOnce]\n  resources: {{requests: {{storage: 10Gi}}}}\n---\n\
         apiVersion: v1\nkind: PersistentVolume\nmetadata:\n  name: disk-{node}\nspec:\n  nodeAffinity:\n    required:\n      \
         nodeSelectorTerms:\n      - matchExpressions:\n        \
         - {{key: kubernetes.io/hostname, operator: In, values: [node-{node}]}}\n"
    )
}
