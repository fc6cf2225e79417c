//! One proposal with a known past: `hpa_normalize.jsonl`, kind `single`.

use super::record::{Condition, Event, Limits, Single};
use super::{Differences, Probe, Verdict};
use crate::encodings::hpa::limits::history::{Entry, History};
use crate::encodings::hpa::limits::reconcile::normalise;
use crate::encodings::hpa::limits::rules::Rules;
use crate::encodings::hpa::limits::{Bounds, Past, Reason};
use crate::term::{Ctx, Int};

/// Seconds by which ages may differ from the recorded ones.
const AGES: i64 = 100;

pub fn compare(record: &Single, confirm: bool) -> Verdict {
    let ctx = Ctx::new();
    let probe = Probe::new(&ctx);
    let mut differences = Differences::default();
    let rules = rules(&record.limits, &mut differences);
    let (min, max) = (record.limits.min_replicas, record.limits.max_replicas);
    let history = History {
        recommendations: entries(&probe, "recommendation", &record.recommendations),
        added: entries(&probe, "added", &record.scale_up_events),
        removed: entries(&probe, "removed", &record.scale_down_events),
    };
    let stabilization = record.limits.downscale_stabilization_seconds;
    let changes = |period: i64| history.changes(&ctx, period);
    let recommendations = history.recommendations(&ctx, rules.as_ref(), stabilization);
    let past = Past { recommendations, changes: &changes };
    let current = replicas(&probe, "current", record.limits.current_replicas);
    let proposal = replicas(&probe, "proposal", record.proposal);
    let normalised = normalise(&ctx, rules.as_ref(), Bounds { min, max }, &past, current, proposal);
    let limited = normalised.is_limited();
    let numbers = [normalised.limited.replicas, normalised.stabilised.reason, normalised.limited.reason];
    let [desired, able, reason] = numbers.map(|number| probe.value(number));
    differences.expect("desiredReplicas", desired, record.expect.desired_replicas);
    let able = condition(Reason::at(able).holds(), able);
    differences.expect("ableToScale", able, Some(record.expect.able_to_scale.clone()));
    let reason = condition(probe.holds(limited), reason);
    differences.expect("scalingLimited", reason, Some(record.expect.scaling_limited.clone()));
    if confirm {
        differences.confirm(&probe, &numbers, &[limited]);
    }
    differences.verdict()
}

/// The rules as the user wrote them, which upstream's defaults must turn into those that the API server stores.
pub fn rules(limits: &Limits, differences: &mut Differences) -> Option<Rules> {
    let read = |behavior: &Option<_>| {
        behavior.as_ref().map(|behavior| Rules::of(behavior, limits.downscale_stabilization_seconds))
    };
    let rules = read(&limits.behavior);
    differences.expect("behaviorDefaulted", &rules, &read(&limits.behavior_defaulted));
    rules
}

/// A number of replicas that may also be half or twice the recorded one.
pub fn replicas<'c>(probe: &Probe<'c>, name: &str, value: i64) -> Int<'c> {
    probe.given(name, value, value / 2, 2 * value + 8)
}

/// A remembered number.
pub fn entry<'c>(probe: &Probe<'c>, name: &str, value: i64, age: i64) -> Entry<'c> {
    let age = probe.given(&format!("age of {name}"), age, (age - AGES).max(0), age + AGES);
    Entry { value: replicas(probe, name, value), age }
}

fn entries<'c>(probe: &Probe<'c>, name: &str, events: &[Event]) -> Vec<Entry<'c>> {
    events.iter().map(|event| entry(probe, name, event.value, event.seconds_ago)).collect()
}

/// A condition with the reason at a position; `None` if it was never set.
pub fn condition(status: bool, reason: i64) -> Option<Condition> {
    let status = if status { "True" } else { "False" }.to_owned();
    Reason::at(reason).name().map(|reason| Condition { status, reason })
}
