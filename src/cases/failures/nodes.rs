//! Nodes that refuse what they are given.

use crate::cases::Make::Sized;
use crate::cases::manifests::{App, file};
use crate::cases::scale::Scale;
use crate::cases::{Case, File, Suite};

use super::manifests::{HOSTNAME, Pool, scenario};

/// What a pod asks for that shares a node with none.
const WHOLE: usize = 40;

/// The cases.
pub const CASES: [Case; 1] = [Case {
    id: "k89007",
    suite: Suite::Failures,
    title: "a kubelet refuses a pod that names its node, and the ReplicaSet makes the next one, for ever",
    story: "Pods of web name their node, so that no scheduler asks whether there is room, and there is room for one of them. The \
            kubelet refuses the other one, OutOfcpu; the pod has failed, the ReplicaSet makes a new one, which is refused as \
            well, and so on, as fast as it can (kubernetes/kubernetes issue 89007).",
    fix: "Pods select the node by its label: the one that does not fit stays Pending, and nothing else happens.",
    properties: &["settles"],
    make: Sized(named_node),
}];

fn named_node(scale: Scale, fixed: bool) -> Vec<File> {
    let node =
        if fixed { format!("nodeSelector: {{{HOSTNAME}: pinned-1}}\n") } else { "nodeName: pinned-1\n".to_owned() };
    let pools = [Pool::new("pinned", "1"), Pool::new("node", "scale - 1")];
    vec![
        file("web.yaml", App::new("web", 2, WHOLE).with(node).manifest(true)),
        scenario("k89007", scale, &pools, "  properties: [settles]\n  bound: 3\n"),
    ]
}
