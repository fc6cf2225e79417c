//! What HorizontalPodAutoscalers aim at, within which limits, and how fast.

use serde_json::Value;

use crate::cluster::object::quantity::{format_resource, milli_value, value};
use crate::input::path::FieldPath;
use crate::repair::edit::Preference;
use crate::repair::objects::Object;

use super::offers::{Field, Group, Offers, Try};

/// Limits, targets, behavior.
pub static GROUP: Group = Group { rules: &["hpa/", "scheduler/NodeResourcesFit", "disruption/"], offer };

fn offer(offers: &mut Offers<'_>) {
    for scaler in offers.objects.of_kind("HorizontalPodAutoscaler") {
        let target = scaler.get(&"spec.scaleTargetRef.name".into()).as_str().unwrap_or_default();
        let field = |path: FieldPath| Field::own(scaler, path).about([target.to_owned()]);
        limits(offers, scaler, &field);
        let metrics = scaler.get(&"spec.metrics".into()).as_array().map_or(0, Vec::len);
        for index in 0..metrics {
            targets(offers, &field, &FieldPath::from("spec.metrics").index(index), scaler);
        }
        behavior(offers, &field);
    }
}

fn limits<'a>(offers: &mut Offers<'a>, scaler: &'a Object, field: &impl Fn(FieldPath) -> Field<'a>) {
    let number = |path: &str| scaler.get(&path.into()).as_i64();
    let (min, max) = (number("spec.minReplicas").unwrap_or(1), number("spec.maxReplicas").unwrap_or(1));
    let more = |by: i64| format!("{by} pod(s) more, even when there is nothing to do");
    let less = |by: i64| format!("{by} pod(s) less when there is nothing to do");
    let up = [1, 2].into_iter().filter(|by| min + by <= max);
    let up = up.map(|by| Try::put(min + by, by as u32, Preference::Enlarges, more(by)));
    let down = [1, 2].into_iter().filter(|by| min - by >= 1);
    let down = down.map(|by| Try::put(min - by, by as u32, Preference::Weakens, less(by)));
    offers.offer(&field("spec.minReplicas".into()), up.chain(down));
    let less = |by: i64| format!("{by} pod(s) less under the highest load");
    let more = |by: i64| format!("up to {by} pod(s) more under the highest load");
    let down = [1, 2].into_iter().filter(|by| max - by >= min.max(1));
    let down = down.map(|by| Try::put(max - by, by as u32, Preference::Weakens, less(by)));
    let up = [1, 2].into_iter().map(|by| Try::put(max + by, by as u32, Preference::Enlarges, more(by)));
    offers.offer(&field("spec.maxReplicas".into()), down.chain(up));
}

fn targets<'a>(
    offers: &mut Offers<'a>,
    field: &impl Fn(FieldPath) -> Field<'a>,
    metric: &FieldPath,
    scaler: &'a Object,
) {
    let kinds = ["resource", "containerResource", "pods", "object", "external"];
    let Some(kind) = kinds.into_iter().find(|kind| scaler.get(&metric.key(kind)).is_object()) else { return };
    let target = metric.key(kind).key("target");
    let name = scaler.get(&metric.key(kind).key("name")).as_str().unwrap_or_default();
    let later = "the autoscaler adds pods later: each carries more load first";
    if let Some(now) = scaler.get(&target.key("averageUtilization")).as_i64() {
        let mut values: Vec<i64> = [10, 20, 30, 50].map(|by| now + by).to_vec();
        values.extend((now < 100).then_some(100));
        values.sort_unstable();
        values.dedup();
        let tries = values.into_iter().zip(1..).map(|(to, distance)| Try::put(to, distance, Preference::Tunes, later));
        offers.offer(&field(target.key("averageUtilization")), tries);
    }
    for key in ["averageValue", "value"] {
        let Some(now) = scaler.get(&target.key(key)).as_str().and_then(|text| amount(name, text)) else { continue };
        let values = [(11, 10), (5, 4), (3, 2), (2, 1)].map(|(by, of)| format_resource(name, now * by / of));
        let tries = values.into_iter().zip(1..).map(|(to, distance)| Try::put(to, distance, Preference::Tunes, later));
        offers.offer(&field(target.key(key)), tries);
    }
}

/// An amount of a resource, in the unit that it is printed in again.
fn amount(resource: &str, text: &str) -> Option<i64> {
    if resource == "cpu" { milli_value(text).ok() } else { value(text).ok() }
}

fn behavior<'a>(offers: &mut Offers<'a>, field: &impl Fn(FieldPath) -> Field<'a>) {
    let down = FieldPath::from("spec.behavior.scaleDown");
    let up = FieldPath::from("spec.behavior.scaleUp");
    let keep = "pods that are not needed any more stay until somebody scales down by hand";
    // Farther than any number: a direction is gone, not slower.
    let disabled = [Try::put("Disabled", 6, Preference::Tunes, keep)];
    offers.offer(&field(down.key("selectPolicy")), disabled);
    let longer = |seconds: i64| format!("pods that are not needed any more stay for {seconds} s");
    windows(offers, &field(down.key("stabilizationWindowSeconds")), 300, &[600, 1800, 3600], longer);
    let later = |seconds: i64| format!("pods are added only after {seconds} s of load");
    windows(offers, &field(up.key("stabilizationWindowSeconds")), 0, &[60, 300, 600], later);
    let idle = |by: f64| format!("load that is off the target by up to {:.0} % changes nothing", by * 100.0);
    for direction in [&down, &up] {
        let tolerances = [(0.2, "200m"), (0.5, "500m")].into_iter().zip(1..);
        let tries = tolerances.map(|((by, to), distance)| Try::put(to, distance, Preference::Tunes, idle(by)));
        offers.offer(&field(direction.key("tolerance")), tries);
    }
}

fn windows<'a>(
    offers: &mut Offers<'a>,
    field: &Field<'a>,
    default: i64,
    seconds: &[i64],
    costs: impl Fn(i64) -> String,
) {
    let now = match field.value() {
        Value::Null => default,
        given => given.as_i64().unwrap_or(default),
    };
    let longer = seconds.iter().filter(|it| **it > now).zip(1..);
    let tries = longer.map(|(&it, distance)| Try::put(it, distance, Preference::Tunes, costs(it)));
    offers.offer(field, tries);
}
