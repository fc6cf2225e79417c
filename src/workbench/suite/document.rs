//! A suite as users write it.
//!
//! Amounts, sizes and ranges are read as they are and understood later, so that what is wrong with them can be said.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// The version of the format that is read.
pub const VERSION: u64 = 1;

/// A suite.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Document {
    /// The version of the format: 1.
    pub format_version: u64,
    /// What the suite is called.
    pub name: String,
    /// What it is for; not read.
    #[serde(default)]
    pub description: Option<String>,
    /// What tasks do not say themselves.
    #[serde(default)]
    pub defaults: Settings,
    /// The tasks.
    pub tasks: Vec<Task>,
}

/// How tasks are run.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Settings {
    /// Names of engines.
    #[serde(default)]
    pub engines: Option<Vec<String>>,
    /// Wall-clock time of one run: `60s`.
    #[serde(default)]
    pub timeout: Option<Value>,
    /// Memory of one run: `2GiB`.
    #[serde(default)]
    pub memory: Option<Value>,
    /// How often each row is run.
    #[serde(default)]
    pub runs: Option<u32>,
    /// Options of `check`.
    #[serde(default)]
    pub options: Options,
}

/// Options of `check`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Options {
    /// Whether to go on after the first violation.
    #[serde(default)]
    pub all: Option<bool>,
    /// The bound.
    #[serde(default)]
    pub bound: Option<u32>,
    /// `racing`, `settled` or `async`.
    #[serde(default)]
    pub interleaving: Option<String>,
    /// `auto`, `on` or `off`.
    #[serde(default)]
    pub focus: Option<String>,
    /// Whether the model is made smaller.
    #[serde(default)]
    pub reduce: Option<bool>,
    /// `varisat` or `cadical`.
    #[serde(default)]
    pub solver: Option<String>,
}

/// A task.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Task {
    /// What it is called; what it is about by default.
    #[serde(default)]
    pub name: Option<String>,
    /// A file or directory, or a list of them.
    #[serde(default)]
    pub input: Option<Value>,
    /// Sizes of a scenario with ranges: numbers or ranges, by name.
    #[serde(default)]
    pub size: Option<BTreeMap<String, Value>>,
    /// A case instead of an input.
    #[serde(default)]
    pub case: Option<String>,
    /// Numbers of nodes of the case: a number, a range such as `1..100`, or a list of them.
    #[serde(default)]
    pub scale: Option<Value>,
    /// Whether it is the fixed variant of the case.
    #[serde(default)]
    pub fixed: bool,
    /// A property, or a list of them.
    #[serde(default)]
    pub property: Option<Value>,
    /// The right answer.
    #[serde(default)]
    pub expected: Option<Expected>,
    /// As in the defaults.
    #[serde(default)]
    pub engines: Option<Vec<String>>,
    /// As in the defaults.
    #[serde(default)]
    pub timeout: Option<Value>,
    /// As in the defaults.
    #[serde(default)]
    pub memory: Option<Value>,
    /// As in the defaults.
    #[serde(default)]
    pub runs: Option<u32>,
    /// As in the defaults.
    #[serde(default)]
    pub options: Options,
}

/// The right answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Expected {
    /// What is right.
    pub verdict: Verdict,
    /// The length of a shortest counterexample.
    #[serde(default)]
    pub k: Option<u64>,
}

/// Verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// There is a counterexample.
    Violated,
    /// There is none within the bound.
    Holds,
    /// No engine decides it within the limits.
    Unknown,
}
