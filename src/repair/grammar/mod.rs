//! The grammar of repairs: which fields a person would touch, and which values they would try.
//!
//! A `Group` is a file, or a part of one: the fields of one concern, the rules that read them, and for each field a few values, nearest
//! first, each with what it costs. Loads, failures, commands and properties of a scenario are in no group: a repair changes
//! the cluster, not the question.

mod affinity;
mod autoscaling;
mod batch;
mod budgets;
mod descheduling;
mod maintenance;
mod offers;
mod placement;
mod pools;
mod priorities;
mod requests;
mod rollouts;
mod sizes;
mod spreading;

use super::edit::Edit;
use super::objects::Objects;

use offers::{Group, Offers};

/// All groups.
pub static GROUPS: [&Group; 15] = [
    &sizes::GROUP,
    &autoscaling::GROUP,
    &rollouts::GROUP,
    &budgets::GROUP,
    &spreading::GROUP,
    &spreading::TAINTS,
    &spreading::REVISIONS,
    &affinity::GROUP,
    &placement::GROUP,
    &requests::GROUP,
    &priorities::GROUP,
    &descheduling::GROUP,
    &pools::GROUP,
    &batch::GROUP,
    &maintenance::GROUP,
];

/// All edits that can be made of an input, those of one field next to each other.
pub fn edits(objects: &Objects) -> Vec<Edit> {
    let mut offers = Offers::new(objects);
    GROUPS.iter().for_each(|group| offers.take(group));
    offers.edits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encodings::rules;

    #[test]
    fn groups_name_rules_that_there_are() {
        for name in GROUPS.iter().flat_map(|group| group.rules) {
            let is_there = |id: &str| if name.ends_with('/') { id.starts_with(name) } else { id == *name };
            assert!(rules::all().any(|rule| is_there(rule.id)), "{name}");
        }
    }
}
