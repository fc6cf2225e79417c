//! A scenario with a `timing` block: of each field what was seen, else its default, and a comment that says which.
//!
//! Timestamps are whole seconds, so what was seen is taken for a second shorter and longer than it looks. Upper ends are
//! rounded up further the longer they are; one that was seen for reactions never falls below the default, because a
//! quiet cluster does not show how slow a busy one is. Names are made [`visible`]: comments end with their lines.

use std::collections::BTreeSet;

use itertools::Itertools;

use crate::cluster::object::interval;
use crate::cluster::object::policy::{Rhythm, Runner};
use crate::cluster::object::spec::ObjectKey;
use crate::cluster::object::timing::{DESCHEDULING, GRACE, Span, Timing, shown};
use crate::input::descheduler::deployed;
use crate::input::visible::visible;

use super::measured::{ByWorkload, LONGEST_REACTION, Measured, Samples, counted};
use super::seen::Seen;

/// At most so many workloads are named in a comment.
const NAMED: usize = 5;
/// The longest period that a scenario takes, in seconds.
const LONGEST: u32 = 24 * 3600;

const HEAD: &str = "\
# What objects of a cluster say of time, each with what it rests on. Timestamps are whole seconds: spans are a second wider than
# what was seen, and rounded up. Take what suits into the Scenario of the cluster, or use it as it is.
apiVersion: kubound.dev/v1alpha1
kind: Scenario
metadata:
  name: timing
spec:
  timing:
";

/// A field of the block.
struct Line {
    field: &'static str,
    value: String,
    comment: String,
    /// Whether it is written, or only shown because it would say less than the default does.
    is_set: bool,
}

impl Line {
    fn new(field: &'static str, value: impl ToString, comment: impl Into<String>) -> Self {
        Line { field, value: value.to_string(), comment: comment.into(), is_set: true }
    }

    /// As a comment only.
    fn shown(self) -> Self {
        Line { is_set: false, ..self }
    }

    fn text(&self) -> String {
        let mark = if self.is_set { "" } else { "# " };
        let assigned = format!("{mark}{}: {}", self.field, self.value);
        format!("    {assigned:28} # {}\n", self.comment)
    }
}

/// The whole scenario.
pub fn text(seen: &Seen, measured: &Measured) -> String {
    let default = Timing::default();
    let unknown = "objects do not say it";
    let reaction = reaction(measured, &default);
    let longest = reaction.1;
    let lines = [
        reaction.0,
        start(measured, &default),
        termination(seen, longest),
        backoff(seen, measured, &default),
        Line::new("controllerBackoff", default.controller_backoff, unknown),
        Line::new("nodeMonitorGrace", shown(default.node_monitor_grace), "the default: no object says it"),
        descheduling(seen),
        Line::new("pause", default.pause, unknown),
        Line::new("commands", default.commands, unknown),
        Line::new("load", default.load, unknown),
    ];
    let by_workload = by_workload(&measured.start);
    let lines = lines.iter().map(|line| match line.field {
        "podStart" => line.text() + &by_workload,
        _ => line.text(),
    });
    format!("{HEAD}{}", lines.collect::<String>())
}

/// The reaction, and its longest.
fn reaction(measured: &Measured, default: &Timing) -> (Line, u32) {
    let usual = default.reaction.most.unwrap_or_default();
    let slowest = [(&measured.creation, "made"), (&measured.binding, "bound")]
        .into_iter()
        .filter_map(|(times, what)| slowest(times).map(|(key, samples)| (samples.most, key, what)))
        .max_by_key(|(most, ..)| *most);
    let Some((most, key, what)) = slowest else {
        return (Line::new("reaction", default.reaction, "the default: no object says how long it waited"), usual);
    };
    let of = |times: &ByWorkload| times.values().map(|it| it.count).sum::<usize>();
    let seen =
        format!("{} made, {} bound", counted(of(&measured.creation), "object"), counted(of(&measured.binding), "pod"));
    let longest = upper(most).max(usual);
    let kept = if upper(most) < usual { "; not below the default" } else { "" };
    let comment = format!("{seen}, slowest: {} {what} after {}{kept}{}", named(key), shown(most), waiting(measured));
    (Line::new("reaction", Span::within(default.reaction.least, longest), comment), longest)
}

/// The pods that were bound too late for a reaction.
fn waiting(measured: &Measured) -> String {
    match measured.waiting {
        0 => String::new(),
        count => format!("; {} waited for a node, longer than {}", counted(count, "pod"), shown(LONGEST_REACTION)),
    }
}

fn start(measured: &Measured, default: &Timing) -> Line {
    let Some((key, slow)) = slowest(&measured.start) else {
        return Line::new("podStart", default.pod_start, "the default: no pod says when it became ready");
    };
    let least = measured.start.values().map(|it| it.least).min().unwrap_or_default();
    let (pods, workloads) = (measured.start.values().map(|it| it.count).sum(), measured.start.len());
    let seen = format!("{} of {}", counted(pods, "pod"), counted(workloads, "workload"));
    let span = Span::within(least.saturating_sub(1), upper(slow.most));
    Line::new("podStart", span, format!("{seen}, slowest: {} {}", named(key), shown(slow.most)))
}

/// A line with the slowest workloads, if there are several.
fn by_workload(times: &ByWorkload) -> String {
    if times.len() < 2 {
        return String::new();
    }
    let slowest = times.iter().sorted_by_key(|(_, it)| std::cmp::Reverse(it.most));
    let told = |(key, it): (&ObjectKey, &Samples)| format!("{} {}", named(key), Span::within(it.least, it.most));
    let rest = times.len().saturating_sub(NAMED);
    let rest = if rest > 0 { format!(", and {rest} more") } else { String::new() };
    format!("    # as seen: {}{rest}\n", slowest.take(NAMED).map(told).join(", "))
}

/// Objects say how long pods may take, not how long they took: the default says that for each pod.
fn termination(seen: &Seen, reaction: u32) -> Line {
    let graces = seen.pods.iter().map(|pod| pod.grace).minmax().into_option();
    let comment =
        "objects do not say how long pods took to end; by default up to each one's own grace period, and a reaction";
    let (most, comment) = match graces {
        Some((least, most)) => (most, format!("{comment} (here {})", Span::within(least, most))),
        None => (GRACE, comment.to_owned()),
    };
    Line::new("termination", Span::within(0, most.saturating_add(reaction).min(LONGEST)), comment).shown()
}

fn backoff(seen: &Seen, measured: &Measured, default: &Timing) -> Line {
    let field = "schedulingBackoff";
    if let Some((initial, longest)) = seen.backoff.filter(|(initial, longest)| initial.or(*longest).is_some()) {
        let least = initial.unwrap_or(default.scheduling_backoff.least).min(LONGEST);
        let most = longest.or(default.scheduling_backoff.most).unwrap_or(least).clamp(least, LONGEST);
        return Line::new(field, Span::within(least, most), "as the KubeSchedulerConfiguration says");
    }
    let waits = slowest(&measured.waits).map(|(key, it)| {
        let count = measured.waits.values().map(|it| it.count).sum();
        format!("; {} bound after none was found, {} after {}", counted(count, "pod"), named(key), shown(it.most))
    });
    let comment = format!("the default: no KubeSchedulerConfiguration says it{}", waits.unwrap_or_default());
    Line::new(field, default.scheduling_backoff, comment)
}

fn descheduling(seen: &Seen) -> Line {
    let found = deployed::find(seen.deployments.iter(), seen.cron_jobs.iter(), &BTreeSet::new());
    let runners = found.iter().filter_map(deployed::Found::acting);
    let planned = runners.filter_map(|runner| Some((interval::planned(&runner.rhythm)?, runner)));
    let Some((seconds, runner)) = planned.min_by_key(|(seconds, _)| *seconds) else {
        return Line::new("descheduling", shown(DESCHEDULING), "no descheduler with an interval is among the objects")
            .shown();
    };
    Line::new("descheduling", shown(seconds.clamp(1, LONGEST)), origin(runner))
}

fn origin(runner: &Runner) -> String {
    let said = match &runner.rhythm {
        Rhythm::Every(interval) => format!("--descheduling-interval={interval}"),
        Rhythm::Scheduled(schedule) => format!("schedule {schedule}"),
        Rhythm::Once => String::new(),
    };
    visible(&format!("{}: {said}", runner.name)).into_owned()
}

fn slowest(times: &ByWorkload) -> Option<(&ObjectKey, &Samples)> {
    // The first one in the order of names, of several.
    times.iter().rev().max_by_key(|(_, samples)| samples.most)
}

fn named(key: &ObjectKey) -> String {
    visible(&key.to_string()).into_owned()
}

/// An upper end for what took so many seconds: a second more, rounded up.
fn upper(seconds: u32) -> u32 {
    let step = match seconds {
        0..10 => 1,
        10..120 => 5,
        120..600 => 30,
        _ => 60,
    };
    seconds.saturating_add(1).next_multiple_of(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upper_ends_are_above_what_was_seen() {
        assert_eq!([0, 1, 9, 10, 38, 119, 121, 600, 3600].map(upper), [1, 2, 10, 15, 40, 120, 150, 660, 3660]);
    }
}
