//! Priorities: of the classes that the input has.

use crate::repair::edit::Preference;

use super::offers::{Field, Group, Offers, Try};

/// Priority classes of workloads.
pub static GROUP: Group = Group {
    rules: &[
        "scheduler/DefaultPreemption",
        "preemption/",
        "scheduler/NodeResourcesFit",
        "daemonset/",
        "descheduler/order",
    ],
    offer,
};

fn offer(offers: &mut Offers<'_>) {
    let classes: Vec<&str> = offers.objects.of_kind("PriorityClass").map(|class| class.name.as_str()).collect();
    for workload in offers.objects.workloads().filter(|it| it.kind != "Pod") {
        let field = Field::of_template(offers.objects, workload, &"spec.priorityClassName".into());
        for class in classes.iter().filter(|class| field.value() != **class) {
            let costs = "pods of lower priority may be preempted for it, and it for those of higher priority";
            offers.offer(&field, [Try::put(*class, 1, Preference::Tunes, costs)]);
        }
    }
}
