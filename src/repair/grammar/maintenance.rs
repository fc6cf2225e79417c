//! The pause between maintenance steps.

use crate::cluster::object::timing::Span;
use crate::repair::edit::Preference;

use super::offers::{Field, Group, Offers, Try};

/// How long maintenance waits before it drains the next node.
pub static GROUP: Group = Group { rules: &["environment/maintenance", "disruption/"], offer };

/// Pauses that people would try, in seconds.
const PAUSES: [u32; 7] = [15, 30, 60, 90, 120, 300, 600];

fn offer(offers: &mut Offers<'_>) {
    for scenario in offers.objects.of_kind("Scenario") {
        let is_clocked = !scenario.get(&"spec.timing".into()).is_string();
        if !is_clocked || scenario.get(&"spec.maintenance".into()).is_null() {
            continue;
        }
        let field = Field::own(scenario, "spec.timing.pause").about_all();
        let tries = PAUSES.iter().zip(1..).map(|(&seconds, distance)| {
            let costs = format!("maintenance waits {seconds} s before each node");
            Try::put(Span::at_least(seconds).to_string(), distance, Preference::Tunes, costs)
        });
        offers.offer(&field, tries);
    }
}
