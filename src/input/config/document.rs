//! A configuration as users write it.
//!
//! These types are what [`schema`](crate::input::schema) describes; their comments are its descriptions.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::input::scenario::document::{Spec, Timing};
use crate::system::Interleaving;

/// What a project wants of Kubound: read from `.kubound.yaml` in the working directory or above. Options of the command
/// line come first. Everything is optional.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Configuration")]
pub struct Document {
    /// For inputs without a Scenario: the path of one, from the directory of this file, or what its `spec` says.
    pub scenario: Option<Scenario>,
    /// Names of the properties to check; without any, those of the scenario, or all that apply.
    pub properties: Vec<String>,
    /// The bound k: how many blocks (one periodic or environment action and all it causes) a run may have.
    pub bound: Option<u32>,
    /// Wall-clock time for the whole input, such as 30s or 5m.
    pub timeout: Option<Amount>,
    /// Memory of the process, such as 500MiB or 2GiB.
    pub memory: Option<Amount>,
    /// How event-driven actions interleave.
    pub interleaving: Option<Interleaving>,
    /// How long things take, where the scenario does not say it: as `timing` of a Scenario.
    pub timing: Option<Timing>,
    /// The engine that decides.
    pub engine: Option<Engine>,
    /// Violations that are known and accepted: they are reported and do not count.
    pub ignore: Vec<Rule>,
}

/// A scenario, there or here.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Scenario {
    /// The path of a file.
    Path(String),
    /// What stands in the `spec` of a Scenario.
    Spec(Box<Spec>),
}

/// A number with a unit, or a bare number.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Amount {
    /// Seconds, or bytes.
    Number(u64),
    /// With a unit.
    Text(String),
}

impl Amount {
    /// As it was written.
    pub fn text(&self) -> String {
        match self {
            Amount::Number(number) => number.to_string(),
            Amount::Text(text) => text.clone(),
        }
    }
}

/// Decision procedures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Engine {
    /// Explicit search and the SAT engine at the same time; the first answer counts.
    Auto,
    /// Breadth-first search over states.
    Explicit,
    /// Bounded checking with Z3.
    Smt,
    /// Bounded search with a SAT solver.
    Sat,
}

/// Violations that do not count.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Rule {
    /// The property.
    pub property: String,
    /// Workloads, as reports name them (`web`, or `shop/web` outside of the namespace default); `*` stands for any text, `?`
    /// for any character. Without this field, all that the property is about.
    pub about: Option<String>,
    /// Why, for the report.
    pub reason: String,
    /// The last day on which it is ignored, such as 2030-12-31 (UTC).
    pub until: Option<String>,
}
