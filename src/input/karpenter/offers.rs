//! The nodes that a NodePool may add: instance types of a scenario that meet its requirements, in each zone and of each capacity
//! type that these name; or nodes like those that it has.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Node, NodeSelectorRequirement, NodeSelectorTerm, NodeSpec, NodeStatus, Taint};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::cluster::counting::classes::{HOSTNAME, ZONE};
use crate::cluster::object::karpenter::{CAPACITY_TYPE, INSTANCE_TYPE, POOL};
use crate::cluster::object::selector::{self, Labels};
use crate::input::diagnostics::Diagnostics;
use crate::input::object::RawObject;
use crate::input::path::FieldPath;
use crate::input::scenario::document::Amount;
use crate::input::scenario::groups::is_lasting;
use crate::input::scenario::karpenter::{InstanceType, Karpenter};
use crate::input::scenario::values;
use crate::input::validate::{self, Check};

use super::node_pool::Pool;

/// Labels that nodes have where nothing else is said.
const USUAL: [(&str, &str); 2] = [("kubernetes.io/os", "linux"), ("kubernetes.io/arch", "amd64")];
/// How nodes are paid for where nothing else is said.
const ON_DEMAND: &str = "on-demand";
/// What nodes of one NodePool may differ in.
const KINDS: [&str; 3] = [INSTANCE_TYPE, ZONE, CAPACITY_TYPE];
/// Millionths in one.
const MILLION: f64 = 1e6;

/// A node that may be added.
#[derive(Clone)]
pub struct Offer {
    /// The name of its instance type.
    pub name: String,
    /// What it is like, without a name.
    pub node: Node,
    /// Its price in millionths.
    pub price: Option<i64>,
}

impl Offer {
    /// Such a node of a name.
    pub fn named(&self, name: &str) -> Node {
        let mut node = self.node.clone();
        node.metadata.name = Some(name.to_owned());
        node.metadata.labels.get_or_insert_default().insert(HOSTNAME.to_owned(), name.to_owned());
        node
    }

    /// Whether a node is like it: of the same type, zone and capacity type.
    pub fn is_of(&self, node: &Node) -> bool {
        kind(&self.node) == kind(node)
    }
}

/// What tells nodes of one NodePool apart.
fn kind(node: &Node) -> [Option<&String>; 3] {
    let labels = node.metadata.labels.as_ref();
    KINDS.map(|key| labels.and_then(|labels| labels.get(key)))
}

/// A node of each kind among those that there are, as it would be if it came.
pub fn of_nodes<'n>(nodes: impl Iterator<Item = &'n Node>) -> Vec<Offer> {
    let mut known = BTreeSet::new();
    let mut offers = Vec::new();
    for node in nodes.filter(|&node| known.insert(kind(node))) {
        let mut node = node.clone();
        node.metadata.annotations = None;
        if let Some(spec) = &mut node.spec {
            (spec.unschedulable, spec.provider_id) = (None, None);
            spec.taints.iter_mut().for_each(|taints| taints.retain(is_lasting));
        }
        if let Some(status) = &mut node.status {
            (status.conditions, status.images) = (None, None);
        }
        let name = node.metadata.labels.as_ref().and_then(|labels| labels.get(INSTANCE_TYPE));
        offers.push(Offer { name: name.cloned().unwrap_or_else(|| "new".to_owned()), node, price: None });
    }
    offers
}

/// The instance types of a scenario.
pub struct Offers {
    types: Vec<(InstanceType, Option<i64>)>,
}

impl Offers {
    /// Reads them; what makes no sense is reported.
    pub fn resolve((raw, path): (&RawObject, &FieldPath), settings: &Karpenter, sink: &mut Diagnostics) -> Self {
        let mut check = Check::new(raw, sink);
        let mut types = Vec::new();
        for (index, given) in settings.instance_types.iter().enumerate() {
            let at = path.field("instanceTypes").index(index);
            check_type(&at, given, &mut check);
            let price = given.price.filter(|price| price.is_finite() && *price >= 0.0);
            types.push((given.clone(), price.map(|price| (price * MILLION).round() as i64)));
        }
        if settings.at_most.is_some_and(|most| most > crate::input::scenario::groups::MAX_COUNT) {
            let help = format!("give {} or less", crate::input::scenario::groups::MAX_COUNT);
            check.error(&path.field("atMost"), "so many nodes are too many", help);
        }
        Offers { types }
    }

    /// The price of a node's type, if that is known.
    pub fn price(&self, node: &Node) -> Option<i64> {
        let own = node.metadata.labels.as_ref()?;
        let is_its = |it: &&(InstanceType, Option<i64>)| {
            let known = it.0.labels.iter().filter(|(key, _)| KINDS.contains(&key.as_str()));
            own.get(INSTANCE_TYPE) == Some(&it.0.name)
                && known.into_iter().all(|(key, value)| own.get(key) == Some(value))
        };
        self.types.iter().find(is_its)?.1
    }

    /// Whether every type has a price.
    pub fn are_priced(&self) -> bool {
        !self.types.is_empty() && self.types.iter().all(|(_, price)| price.is_some())
    }

    /// What a NodePool may choose.
    pub fn of(&self, pool: &Pool) -> Vec<Offer> {
        let types = self.types.iter().filter(|(it, _)| it.node_pools.is_empty() || it.node_pools.contains(&pool.name));
        let each = types.flat_map(|(given, price)| {
            let variants = variants(given, pool).into_iter();
            variants.map(|labels| Offer { name: given.name.clone(), node: node(given, pool, labels), price: *price })
        });
        each.collect()
    }
}

fn check_type(path: &FieldPath, given: &InstanceType, check: &mut Check<'_>) {
    if !validate::is_subdomain(&given.name) {
        let message = format!("`{}` cannot be part of a node's name", given.name);
        check.error(&path.field("name"), message, "use lower case letters, digits, `-` and `.`");
    }
    for (field, list) in [("allocatable", &given.allocatable), ("capacity", &given.capacity)] {
        check.amounts(&path.field(field), Some(&amounts(list)));
    }
    if given.allocatable.is_empty() && given.capacity.is_empty() {
        check.error(path, "nodes of this type offer nothing", "add `allocatable: {cpu: \"4\", memory: 8Gi}`");
    }
    if given.price.is_some_and(|price| !price.is_finite() || price < 0.0) {
        check.error(&path.field("price"), "this is no price", "give a number that is not negative");
    }
}

fn amounts(list: &BTreeMap<String, Amount>) -> BTreeMap<String, Quantity> {
    list.iter().map(|(name, amount)| (name.clone(), Quantity(values::text(amount)))).collect()
}

/// The labels of a type's nodes in each zone and of each capacity type that a NodePool may choose; none if its requirements rule
/// the type out.
fn variants(given: &InstanceType, pool: &Pool) -> Vec<Labels> {
    let mut labels: Labels = USUAL.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    for requirement in pool.requirements.iter().filter(|it| it.operator == "In") {
        if let [value] = requirement.values.as_deref().unwrap_or_default() {
            labels.insert(requirement.key.clone(), value.clone());
        }
    }
    labels.extend(pool.labels.clone());
    labels.extend(given.labels.clone());
    labels.insert(INSTANCE_TYPE.to_owned(), given.name.clone());
    labels.insert(POOL.to_owned(), pool.name.clone());
    let zones = spread(vec![labels], pool, ZONE, None);
    let all = spread(zones, pool, CAPACITY_TYPE, Some(ON_DEMAND));
    all.into_iter().filter(|labels| meets(labels, &pool.requirements)).collect()
}

/// Labels with each value that the requirements name for a key, where it has none; `usual` where they name none.
fn spread(all: Vec<Labels>, pool: &Pool, key: &str, usual: Option<&str>) -> Vec<Labels> {
    let named = pool.requirements.iter().find(|it| it.key == key && it.operator == "In");
    let named = named.and_then(|it| it.values.clone()).unwrap_or_default();
    let values = if named.is_empty() { usual.map(str::to_owned).into_iter().collect() } else { named };
    let each = |labels: Labels| match labels.contains_key(key) || values.is_empty() {
        true => vec![labels],
        false => {
            values.iter().map(|it| labels.clone().into_iter().chain([(key.to_owned(), it.clone())]).collect()).collect()
        }
    };
    all.into_iter().flat_map(each).collect()
}

/// Whether labels meet the requirements, as far as these are about labels that are known.
fn meets(labels: &Labels, requirements: &[NodeSelectorRequirement]) -> bool {
    let metadata = ObjectMeta { labels: Some(labels.clone()), ..ObjectMeta::default() };
    let node = Node { metadata, ..Node::default() };
    let holds = |requirement: &NodeSelectorRequirement| {
        let match_expressions = Some(vec![requirement.clone()]);
        selector::term_matches(&NodeSelectorTerm { match_expressions, ..NodeSelectorTerm::default() }, &node)
    };
    requirements.iter().filter(|it| labels.contains_key(&it.key)).all(holds)
}

fn node(given: &InstanceType, pool: &Pool, labels: Labels) -> Node {
    let some = |list: BTreeMap<String, Quantity>| Some(list).filter(|list| !list.is_empty());
    let taints: Option<Vec<Taint>> = Some(pool.taints.clone()).filter(|taints| !taints.is_empty());
    Node {
        metadata: ObjectMeta { labels: Some(labels), ..ObjectMeta::default() },
        spec: Some(NodeSpec { taints, ..NodeSpec::default() }),
        status: Some(NodeStatus {
            allocatable: some(amounts(&given.allocatable)),
            capacity: some(amounts(&given.capacity)),
            ..NodeStatus::default()
        }),
    }
}
