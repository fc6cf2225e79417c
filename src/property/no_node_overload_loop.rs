//! `no-node-overload-loop`: nodes do not panic again and again.

use super::definition::{About, Definition};
use super::loops::forbid;

/// The property.
pub const DEFINITION: Definition = Definition {
    name: "no-node-overload-loop",
    says: "nodes do not panic again and again",
    violated_by: "a loop in which a node panics",
    needs: "it needs `overload` in the scenario",
    about: About { places: true, whole: true, ..Definition::PLAIN.about },
    may_apply: |spec| spec.scenario.overload.is_some(),
    build: |cluster, _| {
        let possible = cluster.spec.scenario.overload.is_some();
        if possible {
            forbid(cluster, DEFINITION.name, String::new(), cluster.panic_mark());
        }
        Ok(possible)
    },
    ..Definition::PLAIN
};
