//! Karpenter: NodePools become node groups, whose nodes are those that there are and those that may come.
//!
//! Which instance types a cloud has, and what they cost, no manifest says: scenarios do ([`offers`]), or the nodes of a NodePool
//! stand for what it may choose. What is not known is left out, and verdicts say so.

mod node_pool;
mod offers;

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Node;

use crate::cluster::object::karpenter::{Consolidation, POOL, disrupted};
use crate::cluster::object::scenario::{NodeGroup, Scaler};
use crate::cluster::object::spec::NodeSpec;

use super::census::Census;
use super::diagnostics::Diagnostics;
use super::object::RawObject;
use super::path::FieldPath;
use super::scenario::document::Document;
use super::scenario::groups;
use super::scenario::karpenter::Karpenter;

use node_pool::Pool;
use offers::Offers;

/// How many nodes more than at the start a NodePool may have, where nobody says.
const MORE: usize = 2;
const MOVES: &str = "adds and removes nodes";

/// Whether an object is one of Karpenter's that are read: a NodePool or a NodeClaim.
pub fn is_of_karpenter(raw: &RawObject) -> bool {
    raw.api_version == "karpenter.sh/v1" && matches!(raw.kind.as_str(), "NodePool" | "NodeClaim")
}

/// The groups of all NodePools; their nodes are marked, and those that may come are added. None where the scenario does not
/// say that Karpenter acts: then verdicts are without it.
pub fn resolve(
    objects: &[Arc<RawObject>],
    document: Option<&(Arc<RawObject>, Document)>,
    nodes: &mut Vec<NodeSpec>,
    census: &mut Census,
    sink: &mut Diagnostics,
) -> Vec<NodeGroup> {
    let switch = document.and_then(|(_, document)| document.spec.controllers.karpenter);
    let asked = document.and_then(|(raw, document)| Some((raw, document, document.spec.karpenter.as_ref()?)));
    let (raw, document, settings) = match asked {
        Some(asked) if switch != Some(false) => asked,
        _ => {
            if switch != Some(false) {
                leave_out(objects, census, sink);
            }
            return Vec::new();
        }
    };
    let path = FieldPath::from("spec.karpenter");
    let pools: Vec<Pool> = objects.iter().filter_map(|raw| node_pool::read(raw, settings, census, sink)).collect();
    if !objects.iter().any(|raw| raw.kind == "NodePool") {
        let help = "give the NodePools (`kubectl get nodepools -o yaml`), or leave `karpenter` out";
        sink.push(raw.error(&path, "there is no NodePool (karpenter.sh/v1) in the input", help));
    }
    let offers = Offers::resolve((raw, &path), settings, sink);
    let first = groups::all(document).len();
    let mut resolver = Resolver { raw, path, settings, offers, nodes, census, sink };
    let groups = pools.into_iter().enumerate().map(|(index, pool)| resolver.group(first + index, pool)).collect();
    resolver.note_strangers();
    resolver.note_claims(objects);
    groups
}

/// Says that Karpenter is there and does not act.
fn leave_out(objects: &[Arc<RawObject>], census: &mut Census, sink: &mut Diagnostics) {
    objects.iter().for_each(|raw| census.count_object(raw));
    if objects.iter().any(|raw| raw.kind == "NodePool") {
        sink.note(
            "Karpenter acts where a scenario says so: add `karpenter: {}` to its `spec`, with `instanceTypes` that it may choose",
        );
    }
}

struct Resolver<'a> {
    raw: &'a RawObject,
    path: FieldPath,
    settings: &'a Karpenter,
    offers: Offers,
    nodes: &'a mut Vec<NodeSpec>,
    census: &'a mut Census,
    sink: &'a mut Diagnostics,
}

impl Resolver<'_> {
    /// The group of a NodePool, as one of this position.
    fn group(&mut self, group: usize, mut pool: Pool) -> NodeGroup {
        let members = self.members(group, &pool);
        let offers = self.known_offers(&pool, &members);
        let most = self.settings.at_most.map_or(members.len() + MORE, |most| most as usize).max(members.len());
        let mut added = Vec::new();
        let mut allowed = 0;
        for offer in &offers {
            let limit = pool.most_of(&offer.node);
            allowed = allowed.max(limit);
            let there = members.iter().filter(|&&member| offer.is_of(&self.nodes[member].node)).count();
            added.extend((there..most.min(limit)).map(|_| offer.clone()));
        }
        pool.settings.may_exceed = allowed > most;
        if allowed > most {
            self.census.leave_out(&format!("more than {most} nodes of NodePool {}", pool.name), "may come");
        }
        self.note_unknown(&pool, !offers.is_empty());
        for (number, offer) in added.into_iter().enumerate() {
            let node = offer.named(&format!("{}-{}-{}", pool.name, offer.name, number + 1));
            self.add(group, &pool, node, offer.price);
        }
        NodeGroup { name: pool.name, min: 0, max: most as i64, scaler: Scaler::Karpenter(pool.settings) }
    }

    /// The positions of a NodePool's nodes, which are marked as such.
    fn members(&mut self, group: usize, pool: &Pool) -> Vec<usize> {
        let mut members = Vec::new();
        for (index, node) in self.nodes.iter_mut().enumerate() {
            if label(&node.node, POOL) != Some(pool.name.as_str()) {
                continue;
            }
            if node.group.replace(group).is_some() {
                let message = format!("node `{}` is of NodePool {} and of a node group", node.name, pool.name);
                let help = "leave one of them out: the cluster autoscaler and Karpenter do not share nodes";
                self.sink.push(self.raw.error(&self.path, message, help));
            }
            let is_going = node.node.metadata.deletion_timestamp.is_some() || has_taint(&node.node);
            if is_going {
                self.census.leave_out("a node that Karpenter disrupts already", "is about to go");
            }
            node.offer = pool.offer(&node.node, self.offers.price(&node.node));
            members.push(index);
        }
        members
    }

    /// What a NodePool may choose: the scenario's types that meet its requirements, or what it has already.
    fn known_offers(&mut self, pool: &Pool, members: &[usize]) -> Vec<offers::Offer> {
        if !self.settings.instance_types.is_empty() {
            return self.offers.of(pool);
        }
        if !members.is_empty() {
            self.census.leave_out(&format!("other instance types of NodePool {}", pool.name), "may be chosen");
        }
        offers::of_nodes(members.iter().map(|&member| &self.nodes[member].node))
    }

    /// Counts what Karpenter would do if more were known of a NodePool.
    fn note_unknown(&mut self, pool: &Pool, has_offers: bool) {
        if !has_offers {
            self.census.leave_out(&format!("new nodes of NodePool {}", pool.name), "are of types that nobody gave");
        }
        let is_priced = self.offers.are_priced();
        if pool.settings.consolidation == Consolidation::OfUnderutilized && !is_priced {
            self.census.leave_out("replacement by cheaper nodes", "needs the prices of all instance types");
        }
    }

    fn add(&mut self, group: usize, pool: &Pool, node: Node, price: Option<i64>) {
        let name = node.metadata.name.clone().unwrap_or_default();
        let offer = pool.offer(&node, price);
        let origin = self.raw.origin(&self.path);
        self.nodes.push(NodeSpec {
            name,
            node,
            group: Some(group),
            absent: true,
            offer,
            origin,
            ..NodeSpec::default()
        });
    }

    /// Nodes of NodePools that nobody gave.
    fn note_strangers(&mut self) {
        let strangers = self.nodes.iter().filter(|node| node.group.is_none());
        let pools: BTreeSet<&str> = strangers.filter_map(|node| label(&node.node, POOL)).collect();
        pools.iter().for_each(|pool| self.census.leave_out(&format!("NodePool {pool}"), MOVES));
    }

    /// NodeClaims of which the nodes do not tell all.
    fn note_claims(&mut self, objects: &[Arc<RawObject>]) {
        for claim in objects.iter().filter(|raw| raw.kind == "NodeClaim") {
            let tree = claim.tree();
            let text = |path: &str| tree.at(&path.into()).and_then(|it| it.as_str().map(str::to_owned));
            let node = text("status.nodeName");
            let is_there = node.is_some_and(|name| self.nodes.iter().any(|it| !it.absent && it.name == name));
            if text("metadata.deletionTimestamp").is_some() {
                self.census.leave_out("NodeClaim that is being deleted", "takes its node with it");
            } else if !is_there {
                self.census.leave_out("NodeClaim without a node", "may bring one");
            }
        }
    }
}

fn label<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.metadata.labels.as_ref()?.get(key).map(String::as_str)
}

/// Whether a node carries the taint of nodes that go.
fn has_taint(node: &Node) -> bool {
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_ref());
    taints.into_iter().flatten().any(|taint| taint.key == disrupted().key)
}
