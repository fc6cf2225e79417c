//! Several schedulers in one cluster.

use crate::cases::Make::Sized;
use crate::cases::manifests::{App, file};
use crate::cases::scale::Scale;
use crate::cases::{Case, File, Suite};

use super::manifests::{Pool, scenario};

/// What a pod of web asks for: no pod of batch fits beside it.
const WEB: usize = 40;
/// What a pod of batch asks for.
const BATCH: usize = 30;

/// The cases.
pub const CASES: [Case; 1] = [Case {
    id: "k130429",
    suite: Suite::Failures,
    title: "two schedulers bind their pods to one node, which has room for one of them",
    story: "Pods of web are kube-scheduler's, the pod of batch is a second scheduler's, which packs nodes tightly. There is room for \
            all. But each scheduler decides by a cache of its own, in which pods of the other one are only once they are bound: \
            when both have pods to place, both may choose the same node. Its kubelet admits the pod that is bound first and \
            refuses the other one, OutOfcpu; that pod has failed, and its ReplicaSet makes a new one (kubernetes/kubernetes \
            issue 130429).",
    fix: "The second scheduler has a node of its own: batch selects it, and its taint keeps web away.",
    properties: &["pods-admitted"],
    make: Sized(two_schedulers),
}];

/// A second scheduler, beside that of the cluster.
const PACKER: &str = "apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: packer
  pluginConfig:
  - name: NodeResourcesFit
    args:
      scoringStrategy: {type: MostAllocated}
";

fn two_schedulers(scale: Scale, fixed: bool) -> Vec<File> {
    let replicas = "scale - 1";
    let (place, template) = match fixed {
        true => (
            "nodeSelector: {for: batch}\ntolerations:\n- {key: for, value: batch, effect: NoSchedule}\n",
            "labels: {for: batch}\n      taints: [{key: for, value: batch, effect: NoSchedule}]",
        ),
        false => ("", ""),
    };
    let web = App::new("web", scale.number(replicas), WEB);
    let batch = App::new("batch", 1, BATCH).with(format!("schedulerName: packer\n{place}"));
    let pools = [Pool::new("node", replicas), Pool::new("batch", "1").with(template)];
    let sizes = scale.open_sizes("web", &[("replicas", replicas)]);
    vec![
        file("batch.yaml", batch.manifest(true)),
        file("scheduler.yaml", PACKER),
        file("web.yaml", web.manifest(true)),
        scenario("k130429", scale, &pools, &(sizes + "  properties: [pods-admitted]\n  bound: 2\n")),
    ]
}
