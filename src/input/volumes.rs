//! Where the volumes of StatefulSets can be reached: claims are bound to PersistentVolumes, which have node affinity, or
//! are labelled with the zone that they are in.
//!
//! References: `pkg/scheduler/framework/plugins/volumebinding`, `pkg/scheduler/framework/plugins/volumezone` (v1.34).

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{
    NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PersistentVolume, PersistentVolumeClaim,
};

use crate::cluster::object::spec::ObjectKey;

use super::diagnostics::Diagnostics;
use super::key_of;
use super::object::Located;

/// Labels of volumes that nodes have to agree with.
const ZONE_LABELS: [&str; 4] = [
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
];

/// Claims, and the nodes that their volumes ask for.
#[derive(Clone, Debug, Default)]
pub struct Volumes {
    /// By claim that is bound: what its volume asks of nodes; empty where that is nothing.
    asks: BTreeMap<ObjectKey, Vec<NodeSelector>>,
}

impl Volumes {
    /// Looks up the volumes of claims.
    pub fn new(claims: &[Located<PersistentVolumeClaim>], volumes: &[Located<PersistentVolume>]) -> Self {
        let volumes: BTreeMap<&str, &PersistentVolume> =
            volumes.iter().filter_map(|it| Some((it.value.metadata.name.as_deref()?, &*it.value))).collect();
        let bound = |claim: &Located<PersistentVolumeClaim>| {
            let name = claim.value.spec.as_ref()?.volume_name.as_deref()?;
            Some((key_of(&claim.value.metadata), asked(volumes.get(name)?)))
        };
        Volumes { asks: claims.iter().filter_map(bound).collect() }
    }

    /// What the volumes of each ordinal ask for, with a note where they are not known.
    pub fn pins(
        &self,
        set: &ObjectKey,
        claims: &[String],
        ordinals: BTreeSet<i64>,
        sink: &mut Diagnostics,
    ) -> BTreeMap<i64, Vec<NodeSelector>> {
        let (mut pins, mut unknown) = (BTreeMap::new(), 0);
        for ordinal in ordinals {
            let keys = claims.iter().map(|claim| set.sibling(&format!("{claim}-{}-{ordinal}", set.name)));
            let known: Vec<Option<&Vec<NodeSelector>>> = keys.map(|key| self.asks.get(&key)).collect();
            unknown += known.iter().filter(|it| it.is_none()).count();
            let asks: Vec<NodeSelector> = known.into_iter().flatten().flatten().cloned().collect();
            if !asks.is_empty() {
                pins.insert(ordinal, asks);
            }
        }
        if unknown > 0 {
            sink.note(format!(
                "{unknown} volumes of StatefulSet {set} are not given; every node is taken to reach them, before and after \
                 they are bound"
            ));
        }
        pins
    }
}

/// What a volume asks of nodes.
fn asked(volume: &PersistentVolume) -> Vec<NodeSelector> {
    let affinity = volume.spec.as_ref().and_then(|spec| spec.node_affinity.as_ref()?.required.clone());
    let labels = volume.metadata.labels.iter().flatten().filter(|(key, _)| ZONE_LABELS.contains(&key.as_str()));
    let requirements: Vec<NodeSelectorRequirement> = labels
        .map(|(key, values)| NodeSelectorRequirement {
            key: key.clone(),
            operator: "In".to_owned(),
            // A volume that several zones reach lists them all.
            values: Some(values.split("__").map(str::to_owned).collect()),
        })
        .collect();
    let term = NodeSelectorTerm { match_expressions: Some(requirements.clone()), match_fields: None };
    let zone = (!requirements.is_empty()).then(|| NodeSelector { node_selector_terms: vec![term] });
    affinity.into_iter().chain(zone).collect()
}
