//! `no-eviction-loop`: pods are not evicted, made again and evicted again for ever.

use super::definition::{About, Definition, Field};
use super::loops::forbid_each;

/// The property.
pub const DEFINITION: Definition = Definition {
    name: "no-eviction-loop",
    says: "pods are not evicted, made again and evicted again for ever",
    violated_by: "a loop in which a pod of the workload is evicted (by taints, by the descheduler, by a VerticalPodAutoscaler, \
                  by a drain, by preemption)",
    about: About { marks: true, ..Definition::PLAIN.about },
    field: Field::OfWorkload("spec.template.spec"),
    build: |cluster, property| Ok(forbid_each(cluster, property, |_| true, |index| cluster.eviction_mark(index))),
    ..Definition::PLAIN
};
