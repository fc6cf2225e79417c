//! The constraints that a cycle balances, each once, and the domains that they make.
//!
//! Part of the rule `descheduler/RemovePodsViolatingTopologySpreadConstraint`.

use itertools::Itertools;
use k8s_openapi::api::core::v1::{NodeSelector, Toleration, TopologySpreadConstraint};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::cluster::object::selector::{self, Labels};
use crate::cluster::view::{Domain, Inclusion, View};
use crate::cluster::{Template, TemplateId};

/// One constraint of one namespace.
pub struct Constraint {
    /// Topology key.
    pub key: String,
    /// `maxSkew`.
    pub max_skew: i64,
    /// Templates that state it.
    pub carriers: Vec<TemplateId>,
    /// Templates whose pods it counts.
    pub counted: Vec<TemplateId>,
    identity: Identity,
}

/// What tells constraints of a namespace apart: `whenUnsatisfiable` and `minDomains` do not.
#[derive(Clone, PartialEq)]
struct Identity {
    namespace: String,
    key: String,
    max_skew: i64,
    selector: Option<Vec<Requirement>>,
    /// Under `nodeAffinityPolicy: Honor`.
    affinity: Option<(Labels, Option<NodeSelector>)>,
    /// Under `nodeTaintsPolicy: Honor`.
    tolerations: Option<Vec<Toleration>>,
}

/// Key, operator, values.
type Requirement = (String, String, Vec<String>);

/// The constraints of the pods that a plugin sees, in the order in which they are found.
pub fn constraints(cluster: &View<'_>, seen: &[TemplateId], wanted: &[String]) -> Vec<Constraint> {
    let mut found: Vec<Constraint> = Vec::new();
    for &carrier in seen {
        let template = &cluster.templates[carrier.0];
        let own = template.spec.topology_spread_constraints.iter().flatten();
        for given in own.filter(|given| wanted.contains(&given.when_unsatisfiable)) {
            let identity = identity(template, given);
            match found.iter_mut().find(|known| known.identity == identity) {
                Some(known) => known.carriers.push(carrier),
                None => found.push(Constraint {
                    key: given.topology_key.clone(),
                    max_skew: i64::from(given.max_skew),
                    carriers: vec![carrier],
                    counted: counted(cluster, seen, template, given),
                    identity,
                }),
            }
        }
    }
    found.retain(|constraint| !constraint.counted.is_empty());
    found
}

fn identity(template: &Template, given: &TopologySpreadConstraint) -> Identity {
    let inclusion = Inclusion::of(given);
    let spec = &template.spec;
    let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let required = affinity.and_then(|it| it.required_during_scheduling_ignored_during_execution.clone());
    let tolerations = || template.tolerations().to_vec();
    Identity {
        namespace: template.namespace.clone(),
        key: given.topology_key.clone(),
        max_skew: i64::from(given.max_skew),
        selector: given.label_selector.as_ref().map(|selector| requirements(selector, &pairs(template, given))),
        affinity: inclusion.affinity.then(|| (spec.node_selector.clone().unwrap_or_default(), required)),
        tolerations: inclusion.taints.then(tolerations),
    }
}

/// The pod's own values of `matchLabelKeys`; keys that it lacks are dropped.
fn pairs(template: &Template, given: &TopologySpreadConstraint) -> Labels {
    let keys = given.match_label_keys.iter().flatten();
    keys.filter_map(|key| Some((key.clone(), label(template, key)?.clone()))).collect()
}

/// A label of a template's pods. Those of a ReplicaSet carry its hash, for which its name stands.
fn label<'a>(template: &'a Template, key: &str) -> Option<&'a String> {
    let hash = || (key == "pod-template-hash" && template.is_of_replica_set()).then_some(&template.set);
    template.labels.get(key).or_else(hash)
}

fn requirements(selector: &LabelSelector, pairs: &Labels) -> Vec<Requirement> {
    let own =
        selector.match_labels.iter().flatten().map(|(key, value)| (key.clone(), "In".to_owned(), vec![value.clone()]));
    let expressions = selector
        .match_expressions
        .iter()
        .flatten()
        .map(|it| (it.key.clone(), it.operator.clone(), it.values.clone().unwrap_or_default()));
    let merged = pairs.iter().map(|(key, value)| (key.clone(), "=".to_owned(), vec![value.clone()]));
    merged.chain(own).chain(expressions).sorted_by(|a, b| a.0.cmp(&b.0)).collect()
}

fn counted(
    cluster: &View<'_>,
    seen: &[TemplateId],
    carrier: &Template,
    given: &TopologySpreadConstraint,
) -> Vec<TemplateId> {
    let Some(selector) = &given.label_selector else { return Vec::new() };
    let pairs = pairs(carrier, given);
    let counts = |id: &TemplateId| {
        let other = &cluster.templates[id.0];
        other.namespace == carrier.namespace
            && selector::matches(selector, &other.labels)
            && pairs.iter().all(|(key, value)| label(other, key) == Some(value))
    };
    seen.iter().copied().filter(counts).collect()
}

impl Constraint {
    /// Whether nodes of a class are domains even without pods.
    pub fn is_eligible(&self, cluster: &View<'_>, class: usize) -> bool {
        let Identity { affinity, tolerations, .. } = &self.identity;
        let inclusion = Inclusion { affinity: affinity.is_some(), taints: tolerations.is_some() };
        // Whoever carries the constraint has the affinity and the tolerations that are part of its identity.
        inclusion.admits(cluster.class(class), &cluster.templates[self.carriers[0].0])
    }

    /// A name for the domain of nodes of a class. Where every node is a domain of its own, it stands for all of them.
    pub fn value<'a>(&self, cluster: &'a View<'_>, class: usize) -> Option<&'a str> {
        let class = cluster.class(class);
        match class.domain(&self.key) {
            Domain::Without => None,
            Domain::Alone => Some(class.title(0)),
            Domain::Named(value) => Some(value),
        }
    }

    /// In words.
    pub fn describe(&self, cluster: &View<'_>) -> String {
        format!("{} over {}", cluster.templates[self.carriers[0].0].name, self.key)
    }
}

/// The place of a template's pods in the list of a domain, first to last: those with selectors before others, then
/// those without priority, then by ascending priority. Pods are taken from the end.
pub fn rank(template: &Template) -> (bool, Option<i32>) {
    let by_selector = template.spec.node_selector.as_ref().is_some_and(|selector| !selector.is_empty());
    let by_affinity = template.spec.affinity.as_ref().is_some_and(|affinity| affinity.node_affinity.is_some());
    (!(by_selector || by_affinity), template.spec.priority)
}
