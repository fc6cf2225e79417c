//! `karpenter`: what NodePools do not say of the nodes that Karpenter may add, as users write it; part of [`super::document`].

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::document::Amount;

/// Karpenter acts, on the NodePools of the input.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Karpenter {
    /// Instance types that may be chosen. Without any: those of the nodes that each NodePool has at the start.
    pub instance_types: Vec<InstanceType>,
    /// A NodePool has at most so many nodes at a time, on their way and about to go included; unless given, two more than at
    /// the start. Where its limits allow more, verdicts say so.
    pub at_most: Option<u32>,
    /// Whether nodes expire (`expireAfter`); no unless given.
    pub expiration: Option<bool>,
}

/// An instance type of the cloud.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct InstanceType {
    /// Its name: the label `node.kubernetes.io/instance-type`.
    pub name: String,
    /// More labels of its nodes, such as zone, capacity type or architecture; a NodePool's requirements are held against them.
    pub labels: BTreeMap<String, String>,
    /// What pods can use, such as `{cpu: "4", memory: 8Gi}`; 110 pods unless given.
    pub allocatable: BTreeMap<String, Amount>,
    /// What counts against a NodePool's limits; unless given, what pods can use.
    pub capacity: BTreeMap<String, Amount>,
    /// What a node costs, by the hour or whatever all prices are by. Without prices no node is replaced by a cheaper one.
    pub price: Option<f64>,
    /// The NodePools that may choose it; all unless given.
    pub node_pools: Vec<String>,
}
