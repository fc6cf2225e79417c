//! Inputs whose scenario leaves sizes open: one cluster for each size.
//!
//! Texts are read and sorted once; what depends on sizes (nodes, replicas, names of nodes) is resolved for each member.
//! Which members are looked at, and in which order, is not decided here.

use std::collections::BTreeMap;

use crate::cluster::counting::sizes;
use crate::cluster::object::spec::{ClusterSpec, ObjectKey};

use super::diagnostics::{Diagnostic, Diagnostics, Severity};
use super::resolve::Prepared;
use super::scenario::dimension::{Dimension, Size, show};
use super::scenario::sizes::Values;

/// All clusters that an input stands for.
#[derive(Clone, Debug)]
pub struct Family {
    prepared: Prepared,
}

/// What a size comes to. A member has nothing else from its size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amounts {
    /// Nodes and replicas.
    pub size: sizes::Size,
    /// `minReplicas` and `maxReplicas` of each owner of pods that sizes speak of.
    pub limits: BTreeMap<ObjectKey, [Option<i64>; 2]>,
}

impl Family {
    pub(super) fn new(prepared: Prepared) -> Self {
        Family { prepared }
    }

    /// What members differ in; never empty.
    pub fn dimensions(&self) -> &[Dimension] {
        &self.prepared.sizes.dimensions
    }

    /// Nodes and free replicas of a member: the measure by which it is small or large.
    pub fn total(&self, size: &[i64]) -> i64 {
        self.prepared.sizes.total(size)
    }

    /// The member of a size, one value for each dimension.
    pub fn member(&self, size: &[i64]) -> Result<ClusterSpec, Diagnostics> {
        let mut sink = Diagnostics::default();
        let spec = self.prepared.resolve(size, &mut sink);
        if sink.has_errors() { Err(sink) } else { Ok(spec) }
    }

    /// What a size comes to.
    pub fn amounts(&self, size: &[i64]) -> Amounts {
        let Values { pools, targets } = self.prepared.sizes.values(size);
        let targets: Vec<(ObjectKey, [Option<i64>; 3])> = self.prepared.targets().into_iter().zip(targets).collect();
        let pools = self.prepared.pools().map(str::to_owned).zip(pools).collect();
        let replicas = targets.iter().filter_map(|(key, [replicas, ..])| Some((key.clone(), (*replicas)?))).collect();
        let limits = targets.into_iter().map(|(key, [_, min, max])| (key, [min, max])).collect();
        Amounts { size: sizes::Size { pools, replicas }, limits }
    }

    /// The cluster of such amounts, which need not be those of one size.
    pub fn cluster(&self, amounts: &Amounts) -> Result<ClusterSpec, Diagnostics> {
        let Amounts { size, limits } = amounts;
        let pools = self.prepared.pools().map(|name| size.pools.get(name).copied().unwrap_or(0)).collect();
        let target = |key: ObjectKey| {
            let [min, max] = limits.get(&key).copied().unwrap_or_default();
            [size.replicas.get(&key).copied(), min, max]
        };
        let targets = self.prepared.targets().into_iter().map(target).collect();
        let mut sink = Diagnostics::default();
        let spec = self.prepared.resolve_values(Values { pools, targets }, &mut sink);
        if sink.has_errors() { Err(sink) } else { Ok(spec) }
    }

    /// The largest member, once that and the smallest one are known to be sound: whatever a scenario names has to be
    /// there in both.
    pub(super) fn ends(&self, sink: &mut Diagnostics) -> Result<ClusterSpec, Diagnostics> {
        let smallest: Size = self.dimensions().iter().map(|it| it.min).collect();
        let largest: Size = self.dimensions().iter().map(|it| it.max).collect();
        let spec = self.prepared.resolve(&largest, sink);
        if !sink.has_errors()
            && let Err(errors) = self.member(&smallest)
        {
            errors.iter().filter(|it| it.severity == Severity::Error).for_each(|it| sink.push(it.clone()));
            let shown = show(self.dimensions(), &smallest);
            sink.push(Diagnostic::new(Severity::Note, format!("this is so at the smallest size, {shown}")));
        }
        if sink.has_errors() { Err(std::mem::take(sink)) } else { Ok(spec) }
    }
}
