//! What containers request: less, if that is more than they use.

use crate::cluster::object::quantity::{format_cpu, format_memory, milli_value, value};
use crate::input::path::FieldPath;
use crate::repair::edit::Preference;

use super::offers::{Field, Group, Offers, Try};

/// Requests of cpu and memory.
pub static GROUP: Group = Group {
    rules: &[
        "scheduler/NodeResourcesFit",
        "scheduler/NodeResourcesBalancedAllocation",
        "environment/overload",
        "descheduler/",
        "cluster-autoscaler/",
        "admission/",
        "hpa/requests",
        "hpa/per-pod-metrics",
        "kubelet/pods",
    ],
    offer,
};

/// Shares of today's request, nearest first, as fractions.
const SHARES: [(i64, i64); 4] = [(7, 8), (3, 4), (1, 2), (1, 4)];

fn offer(offers: &mut Offers<'_>) {
    for workload in offers.objects.workloads() {
        let containers = FieldPath::from("spec.containers");
        let whole = Field::of_template(offers.objects, workload, &containers);
        for index in 0..whole.value().as_array().map_or(0, Vec::len) {
            for resource in ["cpu", "memory"] {
                let path = containers.index(index).field("resources.requests").key(resource);
                let field = Field::of_template(offers.objects, workload, &path);
                let given = match field.value() {
                    serde_json::Value::Null => continue,
                    serde_json::Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                let costs = format!("pods are promised less {resource}: right only if they use no more");
                let values = SHARES.iter().filter_map(|share| smaller(resource, &given, *share)).zip(1..);
                let tries = values.map(|(to, distance)| Try::put(to, distance, Preference::Weakens, costs.clone()));
                offers.offer(&field, tries);
            }
        }
    }
}

/// A share of a quantity, rounded down to what people write.
fn smaller(resource: &str, given: &str, (part, of): (i64, i64)) -> Option<String> {
    let rounded = |amount: i64, unit: i64| if amount >= unit { amount - amount % unit } else { amount };
    if resource == "cpu" {
        let now = milli_value(given).ok()?;
        let unit = if now >= 1000 { 50 } else { 5 };
        return Some(format_cpu(rounded(now * part / of, unit))).filter(|_| now * part / of > 0);
    }
    const MIB: i64 = 1 << 20;
    let now = value(given).ok()?;
    let unit = if now >= 1024 * MIB { 64 * MIB } else { MIB };
    Some(format_memory(rounded(now / of * part, unit))).filter(|_| now / of > 0)
}
