//! Limits of node groups.

use crate::input::path::FieldPath;
use crate::repair::edit::Preference;
use crate::repair::objects::Object;

use super::offers::{Field, Group, Offers, Try};

/// How many nodes the cluster autoscaler may add.
pub static GROUP: Group = Group { rules: &["cluster-autoscaler/", "scheduler/NodeResourcesFit"], offer };

fn offer(offers: &mut Offers<'_>) {
    for scenario in offers.objects.of_kind("Scenario") {
        let pools = scenario.get(&"spec.nodePools".into()).as_array().map_or(0, Vec::len);
        for index in 0..pools {
            limits(offers, scenario, &FieldPath::from("spec.nodePools").index(index).key("autoscale"));
        }
        let groups = scenario.get(&"spec.nodeGroups".into()).as_array().map_or(0, Vec::len);
        for index in 0..groups {
            limits(offers, scenario, &FieldPath::from("spec.nodeGroups").index(index));
        }
    }
}

fn limits<'a>(offers: &mut Offers<'a>, scenario: &'a Object, path: &FieldPath) {
    let most = Field::own(scenario, path.key("max")).about_all();
    let Some(now) = most.value().as_i64() else { return };
    let more = |by: i64| format!("up to {by} node(s) more");
    offers.offer(&most, (1..=3).map(|by| Try::put(now + by, by as u32, Preference::Enlarges, more(by))));
    let least = Field::own(scenario, path.key("min")).about_all();
    let fewest = least.value().as_i64().unwrap_or(0);
    let idle = |by: i64| format!("{by} node(s) more, even when there is nothing to do");
    let tries = (1..=2).filter(|by| fewest + by <= now);
    offers.offer(&least, tries.map(|by| Try::put(fewest + by, by as u32, Preference::Enlarges, idle(by))));
}
