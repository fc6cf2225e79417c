//! What a plugin sees of the cluster while a cycle is under way.

use k8s_openapi::api::core::v1::Pod;

use crate::cluster::object::spec::{CacheView, DeschedulerPolicy, EnabledPlugin, PodFilter};
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::{NodeView, View};
use crate::cluster::{Cell, Phase, TemplateId};
use crate::system::State;
use crate::term::{Bool, Ctx, Int};

use super::evictor::protection;
use super::memory::Memory;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "descheduler/sight",
    component: Descheduler,
    upstream: [
        "pkg/descheduler/node/node.go" => ["ReadyNodes", "IsReady"],
        "pkg/descheduler/pod/pods.go" => ["ListPodsOnANode", "BuildFilterFunc"],
    ],
    decides: "Nodes are in play if they are Ready (cordoned ones are) and match the policy's node selector. Pods \
        that have finished do not exist for a plugin; those that are starting or terminating do.",
    parts: [
        "nodes in play, and the pods on them" => "exact",
    ],
};

/// The cluster in one state, as one plugin of a policy sees it.
pub struct Sight<'a, 'c> {
    /// The cluster.
    pub cluster: &'a View<'c>,
    /// The policy.
    pub policy: &'a DeschedulerPolicy,
    /// The plugin and its profile's evictor.
    pub enabled: &'a EnabledPlugin,
    /// One pod of each template, as the API shows it.
    pub pods: &'a [Pod],
    /// What the cycle remembers; `None` if it is a single step.
    pub memory: Option<&'a Memory>,
    /// The state.
    pub state: State<'c>,
    /// All cells in that state.
    pub cells: Vec<Cell<'c>>,
}

impl<'c> Sight<'_, 'c> {
    /// The context of terms.
    pub fn ctx(&self) -> &'c Ctx {
        self.cluster.ctx()
    }

    /// One pod of a template.
    pub fn pod(&self, template: TemplateId) -> &Pod {
        &self.pods[template.0]
    }

    /// All templates, those that stay included.
    pub fn templates(&self) -> impl Iterator<Item = TemplateId> + use<> {
        (0..self.cluster.templates.len()).map(TemplateId)
    }

    /// Templates whose pods this plugin's evictor may evict at all, and the API server does not refuse.
    pub fn evictable_templates(&self) -> Vec<TemplateId> {
        let evictor = &self.enabled.evictor;
        let may_go = |id: &TemplateId| !protection::protects(evictor, &self.cluster.spec, self.pod(*id));
        self.cluster.movable().filter(may_go).collect()
    }

    /// Those of them that a plugin's `namespaces` and `labelSelector` let it look at.
    pub fn looked_at(&self, pods: &PodFilter) -> Vec<TemplateId> {
        let mut templates = self.evictable_templates();
        templates.retain(|&id| {
            let template = &self.cluster.templates[id.0];
            pods.admits(&template.namespace, &template.labels)
        });
        templates
    }

    /// Whether a node of a cell exists and is Ready.
    pub fn is_ready(&self, at: usize) -> Bool<'c> {
        self.cells[at].exists & !self.cluster.is_down(&self.cells[at])
    }

    /// Whether the nodes of a cell are in play.
    pub fn in_play(&self, at: usize) -> Bool<'c> {
        match self.node(at).is_selected(&self.policy.node_selector) {
            true => self.is_ready(at),
            false => self.ctx().bool(false),
        }
    }

    /// Number of nodes in play.
    pub fn nodes_in_play(&self) -> Int<'c> {
        let nodes = (0..self.cells.len()).map(|at| self.in_play(at).ite(self.cells[at].multiplicity, 0));
        self.cluster.at_most_nodes(self.ctx().sum(nodes))
    }

    /// The nodes of a cell.
    pub fn node(&self, at: usize) -> NodeView<'_, 'c> {
        self.cluster.node(&self.cells[at])
    }

    /// Pods of a template on each node of a cell that the cache shows, terminating ones included.
    pub fn visible(&self, at: usize, template: TemplateId) -> Int<'c> {
        let held = self.cluster.holding_on(&self.cells[at], template);
        match self.policy.cache {
            CacheView::Snapshot => held,
            CacheView::Live => held.minus_or_zero(self.evicted(at, template)),
        }
    }

    /// Those of them that are not protected for being deleted.
    pub fn active(&self, at: usize, template: TemplateId) -> Int<'c> {
        if protection::asks_for_eviction(self.pod(template)) {
            return self.visible(at, template);
        }
        let terminating = self.cluster.pods(&self.cells[at], template, Phase::Terminating);
        self.visible(at, template).minus_or_zero(terminating)
    }

    /// Pods of a template on a node of a cell that this cycle has evicted.
    pub fn evicted(&self, at: usize, template: TemplateId) -> Int<'c> {
        self.remembered(at, template, Memory::evicted)
    }

    /// Pods of a template on a node of a cell that the present stage has evicted.
    pub fn taken(&self, at: usize, template: TemplateId) -> Int<'c> {
        self.remembered(at, template, Memory::taken)
    }

    /// Pods that the cache showed when the present stage began.
    pub fn at_first(&self, at: usize, template: TemplateId) -> Int<'c> {
        match self.policy.cache {
            CacheView::Snapshot => self.visible(at, template),
            CacheView::Live => {
                let most = self.cluster.holding_on(&self.cells[at], template);
                (self.visible(at, template) + self.taken(at, template)).min(most)
            }
        }
    }

    fn remembered(
        &self,
        at: usize,
        template: TemplateId,
        which: fn(&Memory, usize, TemplateId) -> Option<crate::system::IntVar>,
    ) -> Int<'c> {
        let var = self.memory.and_then(|memory| which(memory, at, template));
        var.map_or_else(|| self.ctx().int(0), |var| self.state.get(var))
    }
}

/// One pod of each template as the API shows it: pods of modelled owners belong to a ReplicaSet, or to their StatefulSet
/// or DaemonSet.
pub fn pods(cluster: &View<'_>) -> Vec<Pod> {
    cluster.templates.iter().map(|template| made(cluster, template)).collect()
}

fn made(cluster: &View<'_>, template: &crate::cluster::Template) -> Pod {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
    if let Some(sample) = &template.sample {
        let mut pod = Pod::clone(sample);
        pod.metadata.namespace = Some(template.namespace.clone());
        return pod;
    }
    let workload = &cluster.spec.workloads[template.workload];
    let revision = &workload.revisions[template.revision];
    let (kind, name) = match &workload.stateful {
        Some(set) => ("StatefulSet", &set.name),
        None if workload.kind.is_batch() => ("Job", &workload.key.name),
        None if template.is_daemon() => ("DaemonSet", &workload.key.name),
        None => ("ReplicaSet", &template.set),
    };
    let owner = OwnerReference {
        api_version: if kind == "Job" { "batch/v1" } else { "apps/v1" }.to_owned(),
        kind: kind.to_owned(),
        name: name.clone(),
        uid: format!("{}/{name}", template.namespace),
        controller: Some(true),
        block_owner_deletion: None,
    };
    Pod {
        metadata: ObjectMeta {
            namespace: Some(template.namespace.clone()),
            labels: Some(template.labels.clone()),
            annotations: revision.template.metadata.as_ref().and_then(|metadata| metadata.annotations.clone()),
            owner_references: Some(vec![owner]),
            ..ObjectMeta::default()
        },
        spec: Some(template.spec.clone()),
        status: None,
    }
}
