//! What a NodePool says.
//!
//! Reference: `pkg/apis/v1/nodepool.go` (Karpenter v1.14).

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Node, NodeSelectorRequirement, Taint};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use serde::Deserialize;

use crate::cluster::object::karpenter::{Budget, Consolidation, NODES, NodePool, Offer, Reason, Share};
use crate::cluster::object::resources;
use crate::input::census::Census;
use crate::input::diagnostics::Diagnostics;
use crate::input::fields;
use crate::input::object::RawObject;
use crate::input::path::FieldPath;
use crate::input::scenario::karpenter::Karpenter;
use crate::input::validate::{self, Check};

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    template: Template,
    disruption: Disruption,
    limits: BTreeMap<String, Quantity>,
    weight: Option<i64>,
    replicas: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Template {
    metadata: Metadata,
    spec: TemplateSpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    labels: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct TemplateSpec {
    requirements: Vec<NodeSelectorRequirement>,
    taints: Vec<Taint>,
    expire_after: Option<String>,
    termination_grace_period: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Disruption {
    consolidation_policy: Option<String>,
    consolidate_after: Option<String>,
    budgets: Option<Vec<GivenBudget>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GivenBudget {
    nodes: Option<String>,
    reasons: Option<Vec<String>>,
    schedule: Option<String>,
    duration: Option<String>,
}

/// Fields of NodePools, by where they are.
const FIELDS: [(&str, &[&str]); 7] = [
    ("spec", &["template", "disruption", "limits", "weight", "replicas"]),
    ("spec.disruption", &["consolidationPolicy", "consolidateAfter", "budgets"]),
    ("spec.disruption.budgets", &["nodes", "reasons", "schedule", "duration"]),
    ("spec.template", &["metadata", "spec"]),
    ("spec.template.metadata", &["labels", "annotations"]),
    (
        "spec.template.spec",
        &["requirements", "taints", "startupTaints", "nodeClassRef", "expireAfter", "terminationGracePeriod"],
    ),
    ("spec.template.spec.requirements", &["key", "operator", "values", "minValues"]),
];

/// Operators of requirements.
const OPERATORS: [&str; 8] = ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt", "Gte", "Lte"];
/// Reasons of budgets.
const REASONS: [&str; 3] = ["Underutilized", "Empty", "Drifted"];

/// A NodePool that was read.
pub struct Pool {
    /// Its name.
    pub name: String,
    /// What becomes of its nodes.
    pub settings: NodePool,
    /// Labels of its nodes.
    pub labels: BTreeMap<String, String>,
    /// Taints of its nodes.
    pub taints: Vec<Taint>,
    /// What its nodes' labels have to be, in operators that node selectors know.
    pub requirements: Vec<NodeSelectorRequirement>,
}

impl Pool {
    /// What a node counts for, and costs.
    pub fn offer(&self, node: &Node, price: Option<i64>) -> Offer {
        Offer { price, counted: self.counted(node) }
    }

    /// What a node takes of the resources that are limited: of its capacity, or of what it allocates.
    fn counted(&self, node: &Node) -> BTreeMap<String, i64> {
        let status = node.status.as_ref();
        let list = |list: Option<&BTreeMap<String, Quantity>>, name: &str| {
            list.and_then(|list| list.get(name)).and_then(|it| resources::amount(name, it).ok())
        };
        let amount = |name: &str| {
            let (capacity, allocatable) = (status?.capacity.as_ref(), status?.allocatable.as_ref());
            list(capacity, name).or_else(|| list(allocatable, name))
        };
        let counted = |name: &String| if name == NODES { 1 } else { amount(name).unwrap_or(0) };
        self.settings.limits.keys().map(|name| (name.clone(), counted(name))).collect()
    }

    /// How many nodes like this the limits allow.
    pub fn most_of(&self, node: &Node) -> usize {
        let counted = self.counted(node);
        let limits = self.settings.limits.iter().filter(|(name, _)| counted[*name] > 0);
        limits.map(|(name, &limit)| usize::try_from(limit / counted[name]).unwrap_or(0)).min().unwrap_or(usize::MAX)
    }
}

/// Reads a NodePool; `None` if it is something else, cannot be read, or is a static one, which is counted.
pub fn read(raw: &Arc<RawObject>, settings: &Karpenter, census: &mut Census, sink: &mut Diagnostics) -> Option<Pool> {
    if raw.kind != "NodePool" {
        return None;
    }
    let name = raw.key().name;
    FIELDS.iter().for_each(|(path, known)| fields::report(raw, path, known, census, sink));
    let spec: Spec = raw.decode_at(&"spec".into(), sink)?;
    if spec.replicas.is_some() {
        census.leave_out(&format!("NodePool {name} with replicas"), "keeps a number of nodes");
        return None;
    }
    check(&spec, &mut Check::new(raw, sink));
    let (never, template) = (Some("Never"), spec.template.spec);
    Some(Pool {
        settings: NodePool {
            weight: spec.weight.unwrap_or(0),
            limits: limits(&spec.limits),
            consolidation: spec.disruption.consolidation(),
            budgets: spec.disruption.budgets(),
            expires: settings.expiration.unwrap_or(false) && template.expire_after.as_deref() != never,
            has_grace_period: template.termination_grace_period.is_some(),
            may_exceed: false,
        },
        labels: spec.template.metadata.labels,
        taints: template.taints,
        requirements: template.requirements.into_iter().map(known).collect(),
        name,
    })
}

fn check(spec: &Spec, check: &mut Check<'_>) {
    check.amounts(&"spec.limits".into(), Some(&spec.limits));
    validate::other::taints(&"spec.template.spec.taints".into(), &spec.template.spec.taints, check);
    let requirements = Some(spec.template.spec.requirements.as_slice());
    check.node_requirements(&"spec.template.spec.requirements".into(), requirements, &OPERATORS);
    check.at_least(&"spec.weight".into(), spec.weight, 1);
    let path = FieldPath::from("spec.disruption");
    let policies = ["WhenEmpty", "WhenEmptyOrUnderutilized", "Balanced"];
    let policy = spec.disruption.consolidation_policy.as_deref();
    check.one_of(&path.field("consolidationPolicy"), policy, &policies);
    for (index, budget) in spec.disruption.budgets.iter().flatten().enumerate() {
        budget.check(&path.field("budgets").index(index), check);
    }
}

fn limits(given: &BTreeMap<String, Quantity>) -> BTreeMap<String, i64> {
    given.iter().filter_map(|(name, quantity)| Some((name.clone(), resources::amount(name, quantity).ok()?))).collect()
}

/// A requirement in the operators of node selectors: at least 4 is more than 3.
fn known(requirement: NodeSelectorRequirement) -> NodeSelectorRequirement {
    let moved = |by: i64| {
        let values = requirement.values.iter().flatten();
        Some(values.map(|value| value.parse::<i64>().map_or(value.clone(), |it| (it + by).to_string())).collect())
    };
    let (operator, values) = match requirement.operator.as_str() {
        "Gte" => ("Gt", moved(-1)),
        "Lte" => ("Lt", moved(1)),
        other => (other, requirement.values.clone()),
    };
    NodeSelectorRequirement { key: requirement.key.clone(), operator: operator.to_owned(), values }
}

impl Disruption {
    fn consolidation(&self) -> Consolidation {
        match self.consolidation_policy.as_deref() {
            _ if self.consolidate_after.as_deref() == Some("Never") => Consolidation::Never,
            Some("WhenEmpty") => Consolidation::OfEmpty,
            _ => Consolidation::OfUnderutilized,
        }
    }

    /// Those that are always in force and are about consolidation.
    fn budgets(&self) -> Vec<Budget> {
        let Some(given) = &self.budgets else {
            return vec![Budget { reasons: vec![Reason::Empty, Reason::Underutilized], nodes: Share::Percent(10) }];
        };
        let always = given.iter().filter(|budget| budget.schedule.is_none());
        always.filter_map(|budget| Some(Budget { reasons: budget.reasons(), nodes: budget.share()? })).collect()
    }
}

impl GivenBudget {
    fn reasons(&self) -> Vec<Reason> {
        let Some(reasons) = &self.reasons else { return vec![Reason::Empty, Reason::Underutilized] };
        let reason = |name: &String| match name.as_str() {
            "Empty" => Some(Reason::Empty),
            "Underutilized" => Some(Reason::Underutilized),
            _ => None,
        };
        reasons.iter().filter_map(reason).collect()
    }

    /// `None` if it makes no sense.
    fn share(&self) -> Option<Share> {
        let text = self.nodes.as_deref().unwrap_or("10%");
        match text.strip_suffix('%') {
            Some(percent) => {
                let percent = percent.parse::<i64>().ok().filter(|percent| (0..=100).contains(percent));
                percent.map(Share::Percent)
            }
            None => text.parse::<i64>().ok().filter(|&number| number >= 0).map(Share::Number),
        }
    }

    fn check(&self, path: &FieldPath, check: &mut Check<'_>) {
        if self.share().is_none() {
            let text = self.nodes.as_deref().unwrap_or_default();
            let message = format!("`{text}` is neither a number of nodes nor a percentage");
            check.error(&path.field("nodes"), message, "write a text such as `\"2\"` or `10%`");
        }
        for (index, reason) in self.reasons.iter().flatten().enumerate() {
            check.one_of(&path.field("reasons").index(index), Some(reason.as_str()), &REASONS);
        }
        if self.schedule.is_some() != self.duration.is_some() {
            let message = "a budget has `schedule` and `duration`, or neither";
            check.error(path, message, "add the one that is missing, or leave both out");
        }
    }
}
