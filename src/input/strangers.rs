//! Pods without a modelled owner, put together by owner, requests and labels.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;

use crate::cluster::object::resources::{self, Resources};
use crate::cluster::object::selector::Labels;
use crate::cluster::object::spec::{ExistingPod, ObjectKey, Origin, Revision, Workload, WorkloadKind};

use super::key_of;
use super::owner::{controller, existing, workload};
use super::templates::{self, Priorities};

/// What pods of one group agree on.
type Group = (ObjectKey, String, Resources, Labels);

/// Collects them.
pub struct Strangers<'a> {
    priorities: &'a Priorities,
    workloads: Vec<Workload>,
    groups: BTreeMap<Group, usize>,
}

impl<'a> Strangers<'a> {
    /// Nobody yet.
    pub fn new(priorities: &'a Priorities) -> Self {
        Strangers { priorities, workloads: Vec::new(), groups: BTreeMap::new() }
    }

    /// Adds a pod; one that no API server printed is completed as admission does.
    pub fn add(&mut self, pod: &Arc<Pod>, is_live: bool, origin: Origin) {
        let key = key_of(&pod.metadata);
        let owner =
            controller(&pod.metadata).map_or(("Pod", None), |owner| (owner.kind.as_str(), Some(owner.name.clone())));
        let name = owner.1.filter(|_| owner.0 != "Node").unwrap_or_else(|| key.name.clone());
        let owner_key = ObjectKey { namespace: key.namespace.clone(), name };
        let mut template = templates::of_pod(pod);
        templates::complete(&mut template, self.priorities);
        let requests = template.spec.as_ref().and_then(|spec| resources::pod_requests(spec).ok()).unwrap_or_default();
        let labels = templates::stable_labels(templates::labels(&template));
        let group = (owner_key.clone(), owner.0.to_owned(), requests, labels);
        let index = *self.groups.entry(group).or_insert_with(|| {
            let name = owner_key.name.clone();
            let revision = Revision { name, template: template.clone(), ..Revision::default() };
            self.workloads.push(workload(WorkloadKind::Fixed, owner.0, owner_key, revision, origin));
            self.workloads.len() - 1
        });
        let fixed = &mut self.workloads[index];
        fixed.replicas += 1;
        fixed.revisions[0].size += 1;
        let object = match is_live {
            true => Arc::clone(pod),
            false => Arc::new(Pod { metadata: pod.metadata.clone(), spec: template.spec, status: pod.status.clone() }),
        };
        fixed.revisions[0].pods.push(ExistingPod { object: Some(object), ..existing(pod) });
    }

    /// All of them, as workloads that do not move; names need not be unique.
    pub fn finish(self) -> Vec<Workload> {
        self.workloads
    }
}
