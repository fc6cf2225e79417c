//! `settles`: controllers come to rest after every event.

use crate::system::PropertyKind;

use super::definition::{About, Definition};

/// The property.
pub const DEFINITION: Definition = Definition {
    name: "settles",
    says: "controllers come to rest after every event",
    violated_by: "a block in which event-driven actions go round in a circle",
    about: About { whole: true, ..Definition::PLAIN.about },
    build: |cluster, _| {
        cluster.property(DEFINITION.name, "", PropertyKind::Settles);
        Ok(true)
    },
    ..Definition::PLAIN
};
