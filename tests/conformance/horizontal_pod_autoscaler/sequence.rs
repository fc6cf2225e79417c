//! A fresh HPA, reconciled again and again: `hpa_normalize.jsonl`, kind `sequence`.

use super::normalise::{condition, entry, replicas, rules};
use super::record::{Reconciled as Recorded, Sequence, Step};
use super::{Differences, Probe, Verdict};
use crate::encodings::hpa::limits::history::{Entry, History, Slot};
use crate::encodings::hpa::limits::reconcile::{Conditions, RescaleReason, reconcile};
use crate::encodings::hpa::limits::rules::Rules;
use crate::encodings::hpa::limits::{Bounds, Past, Reason};
use crate::term::{Bool, Ctx, Int};

/// What the metric of all sequences is called.
const METRIC: &str = "external metric q(nil)";

/// A number and the second at which it was remembered.
type Remembered = Vec<(i64, i64)>;

/// What lasts from one reconcile to the next.
struct Standing {
    replicas: i64,
    bounds: Bounds,
    recommendations: Remembered,
    added: Remembered,
    removed: Remembered,
    able: i64,
    active: i64,
    limited: i64,
    is_limited: bool,
}

pub fn compare(record: &Sequence, confirm: bool) -> Verdict {
    let mut differences = Differences::default();
    let rules = rules(&record.limits, &mut differences);
    let unset = Reason::Unset.code();
    let mut standing = Standing {
        replicas: record.limits.current_replicas,
        bounds: Bounds { min: record.limits.min_replicas, max: record.limits.max_replicas },
        recommendations: Vec::new(),
        added: Vec::new(),
        removed: Vec::new(),
        able: unset,
        active: unset,
        limited: unset,
        is_limited: false,
    };
    differences.expect("number of steps", record.steps.len(), record.expect.steps.len());
    for (step, recorded) in record.steps.iter().zip(&record.expect.steps) {
        let reconcile = Reconcile { step, rules: rules.as_ref(), flag: record.limits.downscale_stabilization_seconds };
        let mut found = Differences::default();
        standing = reconcile.run(standing, recorded, &mut found, confirm);
        differences.0.extend(found.0.into_iter().map(|what| format!("t={}: {what}", step.t)));
    }
    differences.verdict()
}

/// One reconcile of a sequence.
struct Reconcile<'r> {
    step: &'r Step,
    rules: Option<&'r Rules>,
    flag: i64,
}

impl Reconcile<'_> {
    fn run(&self, before: Standing, recorded: &Recorded, found: &mut Differences, confirm: bool) -> Standing {
        let ctx = Ctx::new();
        let probe = Probe::new(&ctx);
        let size = self.step.set_replicas.unwrap_or(before.replicas);
        let bounds = Bounds {
            min: self.step.set_min_replicas.unwrap_or(before.bounds.min),
            max: self.step.set_max_replicas.unwrap_or(before.bounds.max),
        };
        let current = replicas(&probe, "current", size);
        let proposal = replicas(&probe, "proposal", self.step.proposal);
        let history = self.history(&probe, &before).begun(&ctx, current);
        let changes = |period: i64| history.changes(&ctx, period);
        let past = Past { recommendations: history.recommendations(&ctx, self.rules, self.flag), changes: &changes };
        let reconciled = reconcile(&ctx, self.rules, bounds, &past, current, proposal);
        let conditions = reconciled.conditions(&ctx, self.conditions(&probe, &before));
        let stored = history.after(&ctx, self.rules, self.flag, (current, proposal), &reconciled);
        let numbers = [
            reconciled.desired,
            reconciled.rescale_reason,
            conditions.able_to_scale,
            conditions.scaling_active,
            conditions.scaling_limited,
        ];
        let [desired, reason, able, active, limited] = numbers.map(|number| probe.value(number));
        let is_limited = probe.holds(conditions.is_limited);
        let rescale = probe
            .holds(reconciled.rescales)
            .then(|| format!("New size: {desired}; reason: {}", RescaleReason::text(reason, METRIC)));
        if confirm {
            found.confirm(&probe, &numbers, &[reconciled.rescales, conditions.is_limited]);
        }
        let after = Standing {
            replicas: desired,
            bounds,
            recommendations: self.kept(&probe, &stored.recommendations),
            added: self.kept(&probe, &stored.added),
            removed: self.kept(&probe, &stored.removed),
            able,
            active,
            limited,
            is_limited,
        };
        compare_step(size, &after, rescale, recorded, found);
        after
    }

    fn history<'c>(&self, probe: &Probe<'c>, before: &Standing) -> History<'c> {
        let entries = |name: &str, remembered: &Remembered| -> Vec<Entry<'c>> {
            remembered.iter().map(|&(value, at)| entry(probe, name, value, self.step.t - at)).collect()
        };
        History {
            recommendations: entries("recommendation", &before.recommendations),
            added: entries("added", &before.added),
            removed: entries("removed", &before.removed),
        }
    }

    fn conditions<'c>(&self, probe: &Probe<'c>, before: &Standing) -> Conditions<'c> {
        let reason = |name: &str, code: i64| -> Int<'c> { probe.given(name, code, 0, Reason::ALL.len() as i64 - 1) };
        let is_limited: Bool<'c> = probe.flag("was limited", before.is_limited);
        Conditions {
            able_to_scale: reason("AbleToScale", before.able),
            scaling_active: reason("ScalingActive", before.active),
            scaling_limited: reason("ScalingLimited", before.limited),
            is_limited,
        }
    }

    /// The entries that exist, with the second at which they were remembered.
    fn kept<'c>(&self, probe: &Probe<'c>, slots: &[Slot<'c>]) -> Remembered {
        let existing = slots.iter().filter(|slot| probe.holds(slot.exists));
        existing.map(|slot| (probe.value(slot.entry.value), self.step.t - probe.value(slot.entry.age))).collect()
    }
}

fn compare_step(size: i64, after: &Standing, rescale: Option<String>, recorded: &Recorded, found: &mut Differences) {
    found.expect("currentReplicas", size, recorded.current_replicas);
    found.expect("desiredReplicas", after.replicas, recorded.desired_replicas);
    found.expect("status.desiredReplicas", after.replicas, recorded.status_desired_replicas);
    found.expect("rescale", &rescale, &recorded.rescale);
    let standing = |code: i64| condition(Reason::at(code).holds(), code);
    found.expect("ableToScale", standing(after.able), recorded.able_to_scale.clone());
    found.expect("scalingActive", standing(after.active), recorded.scaling_active.clone());
    found.expect("scalingLimited", condition(after.is_limited, after.limited), recorded.scaling_limited.clone());
}
