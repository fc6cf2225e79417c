//! Topology spread constraints.

use serde_json::json;

use crate::input::path::FieldPath;
use crate::repair::edit::Preference;
use crate::repair::objects::Object;

use super::offers::{Field, Group, Offers, Try};

/// Spread constraints.
pub static GROUP: Group = Group {
    rules: &[
        "scheduler/PodTopologySpread",
        "scheduler/binding",
        "descheduler/RemovePodsViolatingTopologySpreadConstraint",
        "cluster-autoscaler/scale-up",
        "cluster-autoscaler/simulation",
    ],
    offer,
};

/// Which nodes count as domains.
pub static TAINTS: Group = Group {
    rules: &["scheduler/TaintToleration", "cluster-autoscaler/", "environment/maintenance", "environment/failures"],
    offer: |offers| each(offers, taints),
};

/// Pods of which revisions are spread together.
pub static REVISIONS: Group = Group {
    rules: &["environment/commands", "argocd/self-heal", "flux/reconcile"],
    offer: |offers| each(offers, revisions),
};

/// Offers edits of each constraint.
fn each<'a>(offers: &mut Offers<'a>, offer: fn(&mut Offers<'a>, &'a Object, &FieldPath)) {
    for workload in offers.objects.workloads() {
        let list = FieldPath::from("spec.topologySpreadConstraints");
        let whole = Field::of_template(offers.objects, workload, &list);
        (0..whole.value().as_array().map_or(0, Vec::len)).for_each(|at| offer(offers, workload, &list.index(at)));
    }
}

fn taints<'a>(offers: &mut Offers<'a>, workload: &'a Object, path: &FieldPath) {
    let field = Field::of_template(offers.objects, workload, &path.key("nodeTaintsPolicy"));
    if field.value() != "Honor" {
        let costs = "nothing: nodes whose taints keep the pods out are no domains";
        offers.offer(&field, [Try::put("Honor", 1, Preference::Harmless, costs)]);
    }
}

fn revisions<'a>(offers: &mut Offers<'a>, workload: &'a Object, path: &FieldPath) {
    let field = Field::of_template(offers.objects, workload, &path.key("matchLabelKeys"));
    if field.value().is_null() && workload.kind == "Deployment" {
        let costs = "pods are spread with those of their own revision only";
        offers.offer(&field, [Try::put(json!(["pod-template-hash"]), 1, Preference::Harmless, costs)]);
    }
}

fn offer(offers: &mut Offers<'_>) {
    for workload in offers.objects.workloads() {
        let list = FieldPath::from("spec.topologySpreadConstraints");
        let whole = Field::of_template(offers.objects, workload, &list);
        let count = whole.value().as_array().map_or(0, Vec::len);
        for index in 0..count {
            constraint(offers, workload, &list.index(index));
            if count > 1 {
                let costs = "pods are not spread over these domains any more";
                let one = Field::of_template(offers.objects, workload, &list.index(index));
                offers.offer(&one, [Try::remove(4, Preference::Removes, costs)]);
            }
        }
        if count == 1 {
            let costs = "pods are not spread any more, but for the scheduler's defaults";
            offers.offer(&whole, [Try::remove(4, Preference::Removes, costs)]);
        }
    }
}

fn constraint<'a>(offers: &mut Offers<'a>, workload: &'a Object, path: &FieldPath) {
    let objects = offers.objects;
    let field = |key: &str| Field::of_template(objects, workload, &path.key(key));
    let hard = field("whenUnsatisfiable");
    let toggled = match hard.value().as_str() {
        Some("ScheduleAnyway") => {
            Try::put("DoNotSchedule", 1, Preference::Tunes, "pods wait where they cannot be spread")
        }
        _ => Try::put("ScheduleAnyway", 1, Preference::Weakens, "pods may share a domain while another one is short"),
    };
    offers.offer(&hard, [toggled]);
    let skew = field("maxSkew");
    let now = skew.value().as_i64().unwrap_or(1);
    let more = |by: i64| format!("a domain may have {} pods more than another one", now + by);
    offers.offer(&skew, (1..=2).map(|by| Try::put(now + by, by as u32, Preference::Weakens, more(by))));
    let domains = field("minDomains");
    if let Some(now) = domains.value().as_i64().filter(|now| *now > 1) {
        let costs = "fewer domains will do";
        offers.offer(&domains, [Try::put(now - 1, 1, Preference::Weakens, costs)]);
    }
    let key = field("topologyKey");
    let other = match key.value().as_str() {
        Some("kubernetes.io/hostname") => ("topology.kubernetes.io/zone", "pods of one zone may share a node"),
        _ => ("kubernetes.io/hostname", "pods are spread over nodes, and may share a zone"),
    };
    offers.offer(&key, [Try::put(other.0, 3, Preference::Weakens, other.1)]);
}
