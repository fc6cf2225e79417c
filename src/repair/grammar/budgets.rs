//! PodDisruptionBudgets.

use serde_json::{Value, json};

use crate::input::path::FieldPath;
use crate::repair::edit::Preference;
use crate::repair::objects::Object;
use crate::repair::text::Action;

use super::offers::{Field, Group, Offers, Try};

/// Budgets.
pub static GROUP: Group = Group {
    rules: &[
        "disruption/",
        "preemption/budgets",
        "cluster-autoscaler/drainability",
        "environment/maintenance",
        "environment/drain",
    ],
    offer,
};

fn offer(offers: &mut Offers<'_>) {
    for budget in offers.objects.of_kind("PodDisruptionBudget") {
        let names = selected(offers, budget);
        let field = |path: &str| Field::own(budget, path).about(names.clone());
        let least = field("spec.minAvailable");
        if !least.value().is_null() {
            // What Kubernetes recommends: it stays right when the number of pods changes. Where one pod has to be there, none
            // has to any more.
            let is_several = least.value() != 1;
            let action = Action::Replace("maxUnavailable".to_owned(), json!(1));
            let costs = "one pod may be down, however many there are".to_owned();
            offers.offer(&least, [Try { action, preference: tuned(is_several), distance: 1, costs }]);
            offers.offer(&least, available(least.value()));
        }
        let most = field("spec.maxUnavailable");
        if !most.value().is_null() {
            offers.offer(&most, unavailable(most.value()));
        }
        let policy = field("spec.unhealthyPodEvictionPolicy");
        if policy.value() != "AlwaysAllow" {
            let costs = "pods that are not ready may be evicted, even if they are about to become ready";
            offers.offer(&policy, [Try::put("AlwaysAllow", 1, Preference::Tunes, costs)]);
        }
        let costs = "nothing limits how many of its pods are disrupted, unless another budget does";
        let whole = Field::own(budget, FieldPath::root()).about(names.clone());
        offers.offer(&whole, [Try::remove(4, Preference::Removes, costs)]);
    }
}

/// Other values of `minAvailable`.
fn available(now: &Value) -> Vec<Try> {
    let less = |by: i64| format!("{by} pod(s) more may be disrupted");
    if let Some(now) = now.as_i64() {
        let down = (1..=2).filter(|by| now - by >= 0);
        let down = down.map(|by| Try::put(now - by, by as u32 + 1, tuned(now > by), less(by)));
        let more = Try::put(now + 1, 1, Preference::Harmless, "drains and evictions may have to wait");
        return down.chain([more]).collect();
    }
    percents(now, &[-25, -50], |by| format!("{} % more of the pods may be disrupted", -by))
}

/// Other values of `maxUnavailable`.
fn unavailable(now: &Value) -> Vec<Try> {
    let more = |by: i64| format!("{by} pod(s) more may be disrupted");
    if let Some(now) = now.as_i64() {
        let up = (1..=2).map(|by| Try::put(now + by, by as u32, Preference::Tunes, more(by)));
        let less = Try::put(now - 1, 1, Preference::Harmless, "drains and evictions may have to wait");
        return up.chain((now > 1).then_some(less)).collect();
    }
    percents(now, &[25, 50], |by| format!("{by} % more of the pods may be disrupted"))
}

fn percents(now: &Value, steps: &[i64], costs: impl Fn(i64) -> String) -> Vec<Try> {
    let Some(now) = now.as_str().and_then(|text| text.strip_suffix('%')?.parse::<i64>().ok()) else {
        return Vec::new();
    };
    let within = steps.iter().filter(|by| (0..=100).contains(&(now + **by))).zip(2..);
    let protects = |percent: i64| (1..100).contains(&percent);
    let one = |by: &i64, distance| Try::put(format!("{}%", now + by), distance, tuned(protects(now + by)), costs(*by));
    within.map(|(by, distance)| one(by, distance)).collect()
}

/// A budget that protects less is one that does so otherwise; one that protects nothing is none.
fn tuned(protects: bool) -> Preference {
    if protects { Preference::Tunes } else { Preference::Removes }
}

/// Names of the workloads whose pods a budget selects, as far as labels say.
fn selected(offers: &Offers<'_>, budget: &Object) -> Vec<String> {
    let wanted = budget.get(&"spec.selector.matchLabels".into()).as_object();
    let is_selected = |workload: &&Object| {
        let template = workload.template().unwrap_or_default();
        let labels = workload.get(&template.field("metadata.labels"));
        workload.namespace == budget.namespace
            && wanted.is_none_or(|wanted| wanted.iter().all(|(key, value)| labels[key] == *value))
    };
    offers.objects.workloads().filter(is_selected).map(|workload| workload.name.clone()).collect()
}
