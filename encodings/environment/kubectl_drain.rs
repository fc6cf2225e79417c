//! Why `kubectl drain` declines to evict anything: pods on the node that its flags do not speak of.

use k8s_openapi::api::core::v1::PodSpec;

use crate::cluster::object::command::DrainFlags;
use crate::cluster::object::spec::WorkloadKind;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::{TemplateId, Tenure};
use crate::system::State;
use crate::term::{Bool, TermId};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "environment/drain",
    component: Users,
    upstream: [
        "staging/src/k8s.io/kubectl/pkg/drain/drain.go" => ["GetPodsForDeletion"],
        "staging/src/k8s.io/kubectl/pkg/drain/filters.go" => [
            "daemonSetFilter", "mirrorPodFilter", "localStorageFilter", "unreplicatedFilter",
        ],
    ],
    decides: "Whether a command `drain` goes on after it has cordoned the node: it fails where there are pods that its flags do \
        not speak of.",
    parts: [
        "pods that no controller owns, without `--force`; pods with emptyDir volumes, without `--delete-emptydir-data`; pods of \
            DaemonSets, without `--ignore-daemonsets`: then nothing is evicted" => "exact",
        "`--force`: pods that no controller owns are evicted and not made again" => "exact",
        "`--disable-eviction`: pods are deleted and not evicted" => "all at once, also in `async`",
    ],
    omits: [
        "pods that have finished" => "they are no pods of the model",
        "`--timeout`, `--grace-period`, `--pod-selector`",
    ],
};

/// What a drain may have against a pod.
const PROBLEMS: [Problem; 3] = [Problem::DaemonSet, Problem::LocalStorage, Problem::Unowned];

#[derive(Clone, Copy)]
enum Problem {
    DaemonSet,
    LocalStorage,
    Unowned,
}

impl Problem {
    /// Whether a pod is such a case, and the flags do not speak of it.
    fn is_of(self, owner: &str, pod: &PodSpec, flags: DrainFlags) -> bool {
        let is_local = || pod.volumes.iter().flatten().any(|volume| volume.empty_dir.is_some());
        match (self, owner) {
            (_, "Node") => false,
            (Problem::DaemonSet, "DaemonSet") => !flags.ignore_daemonsets,
            (_, "DaemonSet") => false,
            (Problem::DaemonSet, _) => false,
            (Problem::LocalStorage, _) => !flags.delete_emptydir_data && is_local(),
            (Problem::Unowned, owner) => !flags.force && owner == "Pod",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Problem::DaemonSet => "it fails: cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)",
            Problem::LocalStorage => {
                "it fails: cannot delete Pods with local storage (use --delete-emptydir-data to override)"
            }
            Problem::Unowned => "it fails: cannot delete Pods that declare no controller (use --force to override)",
        }
    }

    /// Whether such pods are on a node.
    fn is_there<'c>(self, cluster: &Cluster<'c>, state: &State<'c>, node: &str, flags: DrainFlags) -> Bool<'c> {
        let ctx = cluster.ctx();
        let counted = cluster.movable().filter(|&template| self.is_of_template(cluster, template, flags));
        let counted: Vec<TemplateId> = counted.collect();
        let here = cluster.listed(state).into_iter().filter(|cell| cluster.node(cell).is_named(node));
        let some = here.flat_map(|cell| {
            let on = counted.iter().map(|&template| cluster.holding_on(&cell, template).ge(1));
            on.collect::<Vec<_>>()
        });
        ctx.bool(self.is_uncounted(cluster, node, flags)) | ctx.any(some)
    }

    fn is_of_template(self, cluster: &Cluster<'_>, template: TemplateId, flags: DrainFlags) -> bool {
        let pod = &cluster.templates[template.0];
        self.is_of(&cluster.spec.workloads[pod.workload].owner_kind, &pod.spec, flags)
    }

    /// Whether there is such a pod among those that stay where they are.
    fn is_uncounted(self, cluster: &Cluster<'_>, node: &str, flags: DrainFlags) -> bool {
        let workloads = cluster.spec.workloads.iter().enumerate();
        let mut fixed = workloads.filter(|(_, workload)| workload.kind == WorkloadKind::Fixed);
        fixed.any(|(index, workload)| {
            let moves = |pod: usize| {
                let mut templates = cluster.templates.iter();
                templates.any(|it| it.workload == index && it.tenure == Tenure::Loose && it.members.contains(&pod))
            };
            let pods = workload.revisions.iter().flat_map(|revision| &revision.pods).enumerate();
            let mut stay = pods.filter(|(pod, it)| it.node.as_deref() == Some(node) && !moves(*pod));
            stay.any(|(_, pod)| {
                let spec = pod.object.as_ref().and_then(|object| object.spec.as_ref());
                self.is_of(&workload.owner_kind, spec.unwrap_or(&PodSpec::default()), flags)
            })
        })
    }
}

/// Whether a drain of a node with these flags evicts nothing.
pub fn declines<'c>(cluster: &Cluster<'c>, state: &State<'c>, node: &str, flags: DrainFlags) -> Bool<'c> {
    cluster.ctx().any(PROBLEMS.into_iter().map(|problem| problem.is_there(cluster, state, node, flags)))
}

/// Why it does so, each with when.
pub fn explanation<'c>(
    cluster: &Cluster<'c>,
    state: &State<'c>,
    node: &str,
    flags: DrainFlags,
) -> Vec<(TermId, String)> {
    let told = PROBLEMS.into_iter().map(|problem| (problem.is_there(cluster, state, node, flags), problem));
    let possible = told.filter(|(when, _)| when.constant() != Some(false));
    possible.map(|(when, problem)| (when.id(), problem.text().to_owned())).collect()
}
