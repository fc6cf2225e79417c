//! State variables of the cluster besides nodes: pods without a node, and owners of pods with their sizes.

use crate::system::{BoolVar, Builder, IntVar};

use crate::cluster::counting::replica_sets;
use crate::cluster::counting::sizes::OpenSize;
use crate::cluster::counting::templates::{self, Template, TemplateId};
use crate::cluster::object::batch::Concurrency;
use crate::cluster::object::command::CommandAction;
use crate::cluster::object::spec::{ClusterSpec, Workload, WorkloadKind};

/// State variables of one Deployment, ReplicaSet, StatefulSet or DaemonSet; sizes of the last are 0.
#[derive(Clone, Debug)]
pub struct WorkloadVars {
    /// Whether the object exists; `None` if it always does.
    pub exists: Option<BoolVar>,
    /// `spec.replicas`.
    pub replicas: IntVar,
    /// Largest `spec.replicas` that can arise.
    pub max_replicas: i64,
    /// Which revision is the present template; `None` if there is only one.
    pub revision: Option<IntVar>,
    /// `spec.replicas` of each revision's ReplicaSet; a StatefulSet has none.
    pub sizes: Vec<IntVar>,
    /// Whether each revision of a Deployment has a ReplicaSet, where quotas may refuse one; else empty.
    pub made: Vec<BoolVar>,
    /// The template of each revision; of a StatefulSet those of each revision and ordinal, revision by revision. Of pods that
    /// request different amounts there are several, one after the other.
    pub templates: Vec<TemplateId>,
    /// The same by revision.
    pub by_revision: Vec<Vec<TemplateId>>,
    /// The level that its VerticalPodAutoscaler recommends; `None` where there is none, or it stays.
    pub recommended: Option<IntVar>,
}

impl WorkloadVars {
    /// The templates of a revision.
    pub fn of_revision(&self, revision: usize) -> &[TemplateId] {
        &self.by_revision[revision]
    }
}

/// Pods of a template without a node.
pub(super) fn pending(builder: &Builder<'_>, spec: &ClusterSpec, template: &Template) -> IntVar {
    let revision = &spec.workloads[template.workload].revisions[template.revision];
    let members = template.members.iter().map(|&member| &revision.pods[member]);
    // Pods of DaemonSets wait for a node of their own.
    let is_daemon = template.is_daemon();
    let waiting = members.filter(|pod| pod.waits() && !is_daemon).count() as i64;
    let most = if template.may_be_placed() && !is_daemon { template.max_pods } else { 0 };
    builder.int(format!("{} pending", template.name), 0, most, Some(waiting))
}

/// Whether the company leaves no room for pods of a template, where it may do so.
pub(super) fn crowded(builder: &Builder<'_>, spec: &ClusterSpec, template: &Template) -> Option<BoolVar> {
    let owner = &spec.workloads[template.workload].key;
    let may_be = spec.company.crowds_out.contains(owner) && template.may_be_placed();
    may_be.then(|| builder.bool(format!("{} crowded out", template.name), Some(false)))
}

/// The variables of every workload that the model moves, by position in the spec.
pub(super) fn workloads(
    builder: &Builder<'_>,
    spec: &ClusterSpec,
    templates: &[Template],
    (size, replica_sets): (&OpenSize<'_>, &replica_sets::Limits),
) -> Vec<Option<WorkloadVars>> {
    let declare = |(index, workload): (usize, &Workload)| {
        let is_limited = !replica_sets.on(index).is_empty();
        (workload.kind != WorkloadKind::Fixed)
            .then(|| declare_workload(builder, spec, templates, (index, is_limited), workload, size))
    };
    spec.workloads.iter().enumerate().map(declare).collect()
}

fn declare_workload(
    builder: &Builder<'_>,
    spec: &ClusterSpec,
    templates: &[Template],
    (index, is_limited): (usize, bool),
    workload: &Workload,
    size: &OpenSize<'_>,
) -> WorkloadVars {
    use CommandAction::{Create, Delete};
    let own: Vec<TemplateId> =
        (0..templates.len()).map(TemplateId).filter(|id| templates[id.0].workload == index).collect();
    let max_replicas = templates::max_replicas(spec, workload);
    let commands = || spec.scenario.commands.iter().map(|command| &command.action);
    let comes_or_goes =
        commands().any(|action| matches!(action, Create { target } | Delete { target } if *target == workload.key));
    let start = workload.current as i64;
    let name = &workload.key;
    let most = templates::max_pods(spec, workload);
    let of_revision = |revision| own.iter().copied().filter(|id| templates[id.0].revision == revision).collect();
    let vertical = workload.vertical.as_ref().filter(|vertical| vertical.changes());
    let sets = workload.revisions.iter().filter(|_| workload.kind != WorkloadKind::StatefulSet);
    if workload.kind == WorkloadKind::StatefulSet && size.replicas(workload).values().len() > 1 {
        size.depends(format!("the pods of StatefulSet {name} depend on it"));
    }
    let limited = workload.revisions.iter().filter(|_| is_limited && workload.kind == WorkloadKind::Deployment);
    let schedule = workload.batch.as_ref().and_then(|batch| batch.schedule);
    if schedule.is_some_and(|schedule| schedule.concurrency == Concurrency::Allow) {
        size.depends(format!("how many pods of CronJob {name} have room depends on it"));
    }
    WorkloadVars {
        exists: (comes_or_goes || workload.created_later)
            .then(|| builder.bool(format!("{name} exists"), Some(!workload.created_later))),
        replicas: size.int(
            builder,
            format!("{name} spec.replicas"),
            (0, max_replicas),
            size.replicas(workload).values(),
        ),
        max_replicas,
        revision: (workload.revisions.len() > 1)
            .then(|| builder.int(format!("{name} revision"), 0, workload.revisions.len() as i64 - 1, Some(start))),
        sizes: sets.map(|set| builder.int(format!("{} size", set.name), 0, most, Some(set.size))).collect(),
        made: limited.map(|set| builder.bool(format!("{} has a ReplicaSet", set.name), Some(!set.unmade))).collect(),
        by_revision: (0..workload.revisions.len()).map(of_revision).collect(),
        recommended: vertical.map(|vertical| {
            let last = vertical.levels.len() as i64;
            builder.int(format!("{name} recommendation"), 0, last, Some(vertical.initial))
        }),
        templates: own,
    }
}
