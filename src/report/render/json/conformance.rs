//! The encodings, compared with recordings.

use serde_json::{Value, json};

use crate::conformance::{Component, Family, Report};

/// All records, by component and family.
pub fn value(report: &Report) -> Value {
    let components: Vec<Value> = report.components.iter().map(component).collect();
    json!({"components": components, "passed": report.passed(), "failed": report.failed()})
}

fn component(component: &Component) -> Value {
    let families: Vec<Value> = component.families.iter().map(family).collect();
    json!({"name": component.name, "version": component.version, "families": families})
}

fn family(family: &Family) -> Value {
    let mut value = json!({
        "name": family.name,
        "agree": family.agree,
        "differ": records(&family.differ),
        "notModelled": records(&family.not_modelled),
    });
    if family.demands > 0 {
        value["demands"] = json!(family.demands);
    }
    value
}

fn records(list: &[(String, String)]) -> Vec<Value> {
    list.iter().map(|(id, text)| json!({"id": id, "text": text})).collect()
}
