//! How long things take: of a scenario, else of a configuration, else by default.
//!
//! All that is wrong is an error at its field, and the field then is as if it were not given.

use std::sync::Arc;

use crate::cluster::object::timing::{Span, Timing};
use crate::input::diagnostics::Diagnostics;
use crate::input::object::RawObject;
use crate::input::path::FieldPath;
use crate::input::source::{Role, Source};
use crate::input::yaml;

use super::document::{self, Document, Duration};
use super::values;

/// The longest time that can be given, in seconds: a day. Whatever takes longer is outside of what a run shows.
const LONGEST: u32 = 24 * 3600;

const SPAN_HELP: &str = "write a span such as `1s..60s`, `65s..` without an end, or `5s` for exactly that";
const PERIOD_HELP: &str = "write a duration such as `90s` or `5m`, of which there is one, not a span";

/// What holds for an input; `None` where there is no clock.
pub fn resolve(
    scenario: Option<&(Arc<RawObject>, Document)>,
    sources: &[Arc<Source>],
    sink: &mut Diagnostics,
) -> Option<Timing> {
    let given = scenario.and_then(|(raw, document)| Some((raw, document.spec.timing.as_ref()?)));
    if let Some((raw, timing)) = given {
        return read(timing, raw, &"spec.timing".into(), sink);
    }
    let configured = sources.iter().find(|source| source.role == Role::Timing);
    configured.and_then(|source| of_configuration(source, sink)).unwrap_or_else(|| Some(Timing::default()))
}

/// The `timing` field of a configuration.
fn of_configuration(source: &Arc<Source>, sink: &mut Diagnostics) -> Option<Option<Timing>> {
    let tree = yaml::parse(&source.text).ok()?.into_iter().next()?;
    let raw = RawObject::of_document(source, "configuration", tree);
    let path = FieldPath::from("timing");
    let timing: document::Timing = raw.decode_at(&path, sink)?;
    Some(read(&timing, &raw, &path, sink))
}

/// What was written at `path` of a document.
pub fn read(written: &document::Timing, raw: &RawObject, path: &FieldPath, sink: &mut Diagnostics) -> Option<Timing> {
    let document::Timing::Within(spans) = written else { return None };
    let default = Timing::default();
    let mut reader = Reader { raw, path, sink };
    Some(Timing {
        reaction: reader.span("reaction", spans.reaction.as_ref()).unwrap_or(default.reaction),
        pod_start: reader.span("podStart", spans.pod_start.as_ref()).unwrap_or(default.pod_start),
        termination: reader.span("termination", spans.termination.as_ref()),
        scheduling_backoff: reader
            .span("schedulingBackoff", spans.scheduling_backoff.as_ref())
            .unwrap_or(default.scheduling_backoff),
        controller_backoff: reader
            .span("controllerBackoff", spans.controller_backoff.as_ref())
            .unwrap_or(default.controller_backoff),
        node_monitor_grace: reader
            .period("nodeMonitorGrace", spans.node_monitor_grace.as_ref())
            .unwrap_or(default.node_monitor_grace),
        descheduling: reader.period("descheduling", spans.descheduling.as_ref()),
        pause: reader.span("pause", spans.pause.as_ref()).unwrap_or(default.pause),
        commands: reader.span("commands", spans.commands.as_ref()).unwrap_or(default.commands),
        load: reader.span("load", spans.load.as_ref()).unwrap_or(default.load),
    })
}

/// Reads fields, and reports what is wrong with them at their places.
struct Reader<'a> {
    raw: &'a RawObject,
    path: &'a FieldPath,
    sink: &'a mut Diagnostics,
}

impl Reader<'_> {
    fn span(&mut self, field: &str, given: Option<&document::Span>) -> Option<Span> {
        self.told(field, span(given?))
    }

    fn period(&mut self, field: &str, given: Option<&Duration>) -> Option<u32> {
        self.told(field, period(given?))
    }

    fn told<T>(&mut self, field: &str, read: Result<T, (String, &str)>) -> Option<T> {
        let path = self.path.field(field);
        let report = |(problem, help)| self.sink.push(self.raw.error(&path, format!("{path}: {problem}"), help));
        read.map_err(report).ok()
    }
}

/// A span, or what is wrong with it and what to do.
fn span(given: &document::Span) -> Result<Span, (String, &'static str)> {
    let text = match given {
        document::Span::Seconds(seconds) => return within_a_day((*seconds).into()).map(|it| Span::within(it, it)),
        document::Span::Text(text) => text.trim(),
    };
    let end = |end: &str| {
        let seconds = values::seconds(&Duration::Text(end.to_owned()));
        within_a_day(seconds.map_err(|_| (format!("`{text}` is not a span of time"), SPAN_HELP))?)
    };
    let Some((least, most)) = text.split_once("..") else { return end(text).map(|it| Span::within(it, it)) };
    match (end(least)?, most.trim()) {
        (least, "") => Ok(Span::at_least(least)),
        (least, most) => match end(most)? {
            most if most < least => {
                Err((format!("`{text}` ends before it begins"), "write the least first, as in `1s..60s`"))
            }
            most => Ok(Span::within(least, most)),
        },
    }
}

/// A time that passes again and again.
fn period(given: &Duration) -> Result<u32, (String, &'static str)> {
    if let Duration::Text(text) = given
        && text.contains("..")
    {
        return Err((format!("`{text}` is a span, and this is a period"), PERIOD_HELP));
    }
    let seconds = values::seconds(given).map_err(|problem| (problem, PERIOD_HELP))?;
    match within_a_day(seconds)? {
        0 => Err(("a period of 0 never passes".to_owned(), "give 1s or more, or leave it out")),
        seconds => Ok(seconds),
    }
}

fn within_a_day(seconds: i64) -> Result<u32, (String, &'static str)> {
    let short = u32::try_from(seconds).ok().filter(|seconds| *seconds <= LONGEST);
    let help = "give at most 24h; where there is no end to it, write none, as in `65s..`";
    short.ok_or_else(|| (format!("{seconds} s are more than a day"), help))
}
