//! Stabilization and limits: `hpa_normalize.jsonl`.

use kubound::cluster::arithmetic::hpa_limits::{
    Limited, PolicyKind, PolicyUse, Rates, SelectPolicy, Stabilized, shortcut, stabilize_with_behavior,
    stabilize_without_behavior, with_behavior, without_behavior,
};
use serde_json::Value;

use super::{Tally, int, items, records, text};

/// What an autoscaler remembers: (second, value), and for changes whether they may be overwritten.
#[derive(Default)]
struct History {
    recommendations: Vec<(i64, i64)>,
    added: Vec<(i64, i64, bool)>,
    removed: Vec<(i64, i64, bool)>,
}

#[test]
fn single_proposals_agree() {
    let Some(records) = records("controllers/hpa_normalize.jsonl") else {
        return;
    };
    let mut tally = Tally::default();
    for record in records.iter().filter(|record| record["kind"] == "single") {
        let past = |field: &str| -> Vec<(i64, i64)> {
            items(&record[field]).iter().map(|e| (-int(&e["secondsAgo"]), int(&e["value"]))).collect()
        };
        let changes = |field: &str| past(field).into_iter().map(|(at, by)| (at, by, false)).collect();
        let history = History {
            recommendations: past("recommendations"),
            added: changes("scaleUpEvents"),
            removed: changes("scaleDownEvents"),
        };
        let bounds = (int(&record["minReplicas"]), int(&record["maxReplicas"]));
        let current = int(&record["currentReplicas"]);
        let (stable, limited) = normalize(record, &history, 0, current, int(&record["proposal"]), bounds);
        tally.compare(text(&record["id"]), &outcome(&stable, &limited), &expected(&record["expect"]));
    }
    tally.finish("hpa_normalize single (size, both reasons and statuses)", 270);
}

#[test]
fn sequences_agree() {
    let Some(records) = records("controllers/hpa_normalize.jsonl") else {
        return;
    };
    let mut tally = Tally::default();
    for record in records.iter().filter(|record| record["kind"] == "sequence") {
        replay(record, &mut tally);
    }
    tally.finish("hpa_normalize sequence steps (size; reasons where metrics were read)", 1500);
}

type Outcome = (i64, Option<String>, bool, String);

fn outcome(stable: &Stabilized, limited: &Limited) -> Outcome {
    let differs = limited.differs_from(stable.replicas);
    (limited.replicas, Some(stable.reason.as_str().to_owned()), differs, limited.reason.as_str().to_owned())
}

fn expected(expect: &Value) -> Outcome {
    let limited = &expect["scalingLimited"];
    let able = text(&expect["ableToScale"]["reason"]).to_owned();
    (int(&expect["desiredReplicas"]), Some(able), limited["status"] == "True", text(&limited["reason"]).to_owned())
}

/// Runs a whole sequence with the history that the arithmetic itself leaves.
fn replay(record: &Value, tally: &mut Tally) {
    let mut history = History::default();
    let mut current = int(&record["currentReplicas"]);
    let (mut min, mut max) = (int(&record["minReplicas"]), int(&record["maxReplicas"]));
    for (step, expect) in items(&record["steps"]).iter().zip(items(&record["expect"]["steps"])) {
        current = step["setReplicas"].as_i64().unwrap_or(current);
        min = step["setMinReplicas"].as_i64().unwrap_or(min);
        max = step["setMaxReplicas"].as_i64().unwrap_or(max);
        let (now, proposal) = (int(&step["t"]), int(&step["proposal"]));
        if history.recommendations.is_empty() {
            history.recommendations.push((now, current));
        }
        let id = format!("{} t={now}", text(&record["id"]));
        let next = if let Some(shortcut) = shortcut(current, min, max) {
            let next = shortcut.replicas(min, max);
            tally.compare(&id, &next, &int(&expect["desiredReplicas"]));
            next
        } else {
            let (stable, limited) = normalize(record, &history, now, current, proposal, (min, max));
            history.recommendations.push((now, proposal));
            let (mut got, mut want) = (outcome(&stable, &limited), expected(expect));
            if limited.replicas != current {
                (got.1, want.1) = (None, None);
            }
            tally.compare(&id, &got, &want);
            limited.replicas
        };
        remember_change(record, &mut history, now, next - current);
        current = next;
    }
}

fn normalize(
    record: &Value,
    history: &History,
    now: i64,
    current: i64,
    proposal: i64,
    (min, max): (i64, i64),
) -> (Stabilized, Limited) {
    let flag = int(&record["downscaleStabilizationSeconds"]);
    let recent = |counts: &dyn Fn(i64) -> bool| -> Vec<i64> {
        history.recommendations.iter().filter(|(at, _)| counts(now - at)).map(|&(_, value)| value).collect()
    };
    let behavior = &record["behaviorDefaulted"];
    if behavior.is_null() {
        let stable = stabilize_without_behavior(proposal, recent(&|age| age <= flag).into_iter().max());
        return (stable, without_behavior(current, stable.replicas, min, max));
    }
    let window = |direction: &str| behavior[direction]["stabilizationWindowSeconds"].as_i64().unwrap_or(flag);
    let (up, down) = (window("scaleUp"), window("scaleDown"));
    let lowest = recent(&|age| age < up).into_iter().min();
    let highest = recent(&|age| age < down).into_iter().max();
    let stable = stabilize_with_behavior(current, proposal, lowest, highest);
    let policies = |direction: &str| policies(&behavior[direction], history, now);
    let select = |direction: &str| match text(&behavior[direction]["selectPolicy"]) {
        "Min" => SelectPolicy::Min,
        "Disabled" => SelectPolicy::Disabled,
        _ => SelectPolicy::Max,
    };
    let (up_policies, down_policies) = (policies("scaleUp"), policies("scaleDown"));
    let rates = Rates {
        up: select("scaleUp"),
        up_policies: &up_policies,
        down: select("scaleDown"),
        down_policies: &down_policies,
    };
    (stable, with_behavior(current, stable.replicas, min, max, &rates))
}

fn policies(rules: &Value, history: &History, now: i64) -> Vec<PolicyUse> {
    let changed = |changes: &[(i64, i64, bool)], period: i64| {
        changes.iter().filter(|(at, ..)| now - at < period).map(|&(_, by, _)| by).sum()
    };
    let policy = |policy: &Value| {
        let period = int(&policy["periodSeconds"]);
        PolicyUse {
            kind: if policy["type"] == "Pods" { PolicyKind::Pods } else { PolicyKind::Percent },
            value: int(&policy["value"]),
            added: changed(&history.added, period),
            removed: changed(&history.removed, period),
        }
    };
    items(&rules["policies"]).iter().map(policy).collect()
}

/// Stores a change, over the last one that is older than every period of its direction if there is one.
fn remember_change(record: &Value, history: &mut History, now: i64, change: i64) {
    let behavior = &record["behaviorDefaulted"];
    if behavior.is_null() || change == 0 {
        return;
    }
    let (changes, direction) =
        if change > 0 { (&mut history.added, "scaleUp") } else { (&mut history.removed, "scaleDown") };
    let longest = items(&behavior[direction]["policies"]).iter().map(|p| int(&p["periodSeconds"])).max();
    for stored in changes.iter_mut() {
        stored.2 |= now - stored.0 > longest.unwrap_or(0);
    }
    let new = (now, change.abs(), false);
    match changes.iter().rposition(|stored| stored.2) {
        Some(old) => changes[old] = new,
        None => changes.push(new),
    }
}
