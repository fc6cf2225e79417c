//! How long things take, as users write it; part of [`super::document`].

use std::fmt;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use super::document::Duration;

/// How long things take.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum Timing {
    /// `none`: there is no clock, and what may happen may happen at any time.
    None(NoTiming),
    /// What is not given is what upstream does by default.
    Within(Box<Spans>),
}

/// No clock.
#[derive(Clone, Copy, Debug, JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub enum NoTiming {
    /// `none`.
    None,
}

/// What takes how long. Everything is optional.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Spans {
    /// What event-driven controllers and the scheduler take to act; `0s..5s` unless given.
    pub reaction: Option<Span>,
    /// From a pod's binding until it is ready; `1s..60s` unless given. `slowStart` has no end to it.
    pub pod_start: Option<Span>,
    /// From a pod's deletion until it is gone; unless given, up to its own grace period and a reaction.
    pub termination: Option<Span>,
    /// The scheduler's back-off for a pod that did not fit; `1s..10s` unless given.
    pub scheduling_backoff: Option<Span>,
    /// What controllers that make pods wait after a refusal, or a Job's after a failure; `0s..1000s` unless given.
    pub controller_backoff: Option<Span>,
    /// How long a kubelet may be silent before its node is taken for lost; `50s` unless given.
    pub node_monitor_grace: Option<Duration>,
    /// The interval of the descheduler; unless given, that of its CronJob or Deployment, or `5m`.
    pub descheduling: Option<Duration>,
    /// What passes between two maintenance steps; `1m..` unless given.
    pub pause: Option<Span>,
    /// What passes between two commands; any time unless given.
    pub commands: Option<Span>,
    /// How long a load stays; any time unless given.
    pub load: Option<Span>,
}

/// A span of time: `1s..60s` from and to, `65s..` without an end, or a duration, which means exactly that.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a span such as `1s..60s`, `65s..` or `5s`")]
pub enum Span {
    /// Exactly so many seconds.
    Seconds(u32),
    /// `from..to`, `from..`, or a duration.
    Text(String),
}

/// By hand, so that errors in the mapping are told at its fields.
impl<'de> Deserialize<'de> for Timing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TimingVisitor)
    }
}

struct TimingVisitor;

impl<'de> Visitor<'de> for TimingVisitor {
    type Value = Timing;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("`none`, or fields such as `podStart: 1s..60s`")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Timing, E> {
        match word {
            "none" => Ok(Timing::None(NoTiming::None)),
            _ => Err(E::invalid_value(Unexpected::Str(word), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Timing, A::Error> {
        Spans::deserialize(MapAccessDeserializer::new(fields)).map(|spans| Timing::Within(Box::new(spans)))
    }
}
