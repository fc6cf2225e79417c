//! Node lifecycle: the states of zones, and timelines of nodes that fail.

mod kubelets;
mod seen;
mod timeline;

use serde_json::Value;

use crate::encodings::node_lifecycle::{Settings, zone};
use crate::term::Ctx;

use super::probe::Probe;
use super::{Source, Subject, Verdict};

/// The recordings of the node lifecycle controller.
pub const SUBJECT: Subject = Subject {
    name: "node-lifecycle",
    version: "v1.34.9",
    sources: &[Source { file: "controllers/node_lifecycle.jsonl", family, compare }],
};

fn family(record: &Value) -> String {
    format!("node_lifecycle {}", record["kind"].as_str().unwrap_or_default())
}

fn compare(record: &Value, asks_z3: bool) -> Verdict {
    match record["kind"].as_str() {
        Some("zone") => compare_zone(record, asks_z3),
        Some("timeline") => timeline::compare(record, asks_z3),
        _ => Verdict::Differs("a record of unknown kind".to_owned()),
    }
}

fn compare_zone(record: &Value, asks_z3: bool) -> Verdict {
    let (ctx, settings) = (Ctx::new(), Settings::default());
    let probe = Probe::new(&ctx);
    let given = |status: &str| {
        let nodes = record["readyConditions"][status].as_i64().unwrap_or(0);
        probe.given(status, nodes, 0, 100)
    };
    let ready = given("True");
    let not_ready = given("False") + given("Unknown") + given("none");
    let state = zone::state(&settings, ready, not_ready);
    let rate = zone::rate(&settings, state, ready + not_ready);
    let expected = &record["expect"];
    let per_second = zone::per_second(&settings, probe.value(rate));
    let mut differences = Vec::new();
    let mut differs = |what: &str, computed: Value, recorded: &Value| {
        if computed != *recorded {
            differences.push(format!("{what}: {computed}, recorded {recorded}"));
        }
    };
    differs("notReady", probe.value(not_ready).into(), &expected["notReady"]);
    differs("state", state_name(probe.value(state)).into(), &expected["state"]);
    let recorded = expected["taintsPerSecond"].as_f64().map(|rate| rate as f32);
    differs("taintsPerSecond", per_second.into(), &recorded.into());
    let doubt = if asks_z3 { probe.confirm(&[state, rate], &[]) } else { None };
    differences.extend(doubt);
    Verdict::from_differences(differences)
}

fn state_name(state: i64) -> &'static str {
    match state {
        zone::NORMAL => "Normal",
        zone::PARTIAL_DISRUPTION => "PartialDisruption",
        zone::FULL_DISRUPTION => "FullDisruption",
        _ => "Initial",
    }
}
