//! Pods of StatefulSets: they are told apart by name, so each revision has a template for each ordinal, of which one pod exists
//! at most. Nothing else tells which of several pods their controller looks at next.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Affinity, NodeAffinity, NodeSelector, NodeSelectorTerm, PodSpec};

use crate::cluster::object::selector::Labels;
use crate::cluster::object::spec::{ClusterSpec, Workload};
use crate::cluster::object::stateful::Stateful;

/// The label with a pod's name.
const NAME_LABEL: &str = "statefulset.kubernetes.io/pod-name";
/// The label with its ordinal.
const INDEX_LABEL: &str = "apps.kubernetes.io/pod-index";
/// The label with its revision.
pub const REVISION_LABEL: &str = "controller-revision-hash";

/// The ordinals that pods of a revision may have. Pods are made of the current and of the update revision only; of others
/// there are those that exist. There are `most` replicas at most.
pub fn possible(
    spec: &ClusterSpec,
    (workload, set): (&Workload, &Stateful),
    revision: usize,
    most: i64,
) -> BTreeSet<i64> {
    let is_made =
        revision == set.current || revision >= workload.current || spec.scenario.brings(&workload.key, revision);
    match is_made {
        true => set.ordinals(workload, most),
        false => workload.revisions[revision].pods.iter().filter_map(|pod| pod.ordinal).collect(),
    }
}

/// The labels that the controller gives to a pod.
pub fn labels(own: &Labels, pod: &str, ordinal: i64, revision: &str) -> Labels {
    let given =
        [(NAME_LABEL, pod.to_owned()), (INDEX_LABEL, ordinal.to_string()), (REVISION_LABEL, revision.to_owned())];
    let mut labels = own.clone();
    labels.extend(given.map(|(key, value)| (key.to_owned(), value)));
    labels
}

/// A pod that may only run where each of its volumes can be reached: every term of its own node affinity holds together
/// with a term of each volume.
pub fn pinned(spec: &PodSpec, volumes: &[NodeSelector]) -> PodSpec {
    let mut spec = spec.clone();
    for volume in volumes {
        let affinity = spec.affinity.get_or_insert_with(Affinity::default);
        let affinity = affinity.node_affinity.get_or_insert_with(NodeAffinity::default);
        let required = &mut affinity.required_during_scheduling_ignored_during_execution;
        let terms = match required.take() {
            None => volume.node_selector_terms.clone(),
            Some(own) => both(&own.node_selector_terms, &volume.node_selector_terms),
        };
        *required = Some(NodeSelector { node_selector_terms: terms });
    }
    spec
}

/// Terms that hold where one of `left` and one of `right` do. A term without requirements matches nothing, on either side.
fn both(left: &[NodeSelectorTerm], right: &[NodeSelectorTerm]) -> Vec<NodeSelectorTerm> {
    let says = |term: &&NodeSelectorTerm| {
        term.match_expressions.as_ref().is_some_and(|it| !it.is_empty())
            || term.match_fields.as_ref().is_some_and(|it| !it.is_empty())
    };
    let term = |one: &NodeSelectorTerm, other: &NodeSelectorTerm| NodeSelectorTerm {
        match_expressions: joined(&one.match_expressions, &other.match_expressions),
        match_fields: joined(&one.match_fields, &other.match_fields),
    };
    let right: Vec<&NodeSelectorTerm> = right.iter().filter(says).collect();
    left.iter().filter(says).flat_map(|one| right.iter().map(move |other| term(one, other))).collect()
}

fn joined<T: Clone>(one: &Option<Vec<T>>, other: &Option<Vec<T>>) -> Option<Vec<T>> {
    let all: Vec<T> = one.iter().chain(other).flatten().cloned().collect();
    (!all.is_empty()).then_some(all)
}
