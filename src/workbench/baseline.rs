//! An earlier result of `kubound bench --format json`.

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use super::claim::{Claim, overall};
use super::found::Found;
use super::machine::Machine;

/// Why a text is no earlier result.
#[derive(Debug, Error)]
pub enum BaselineError {
    /// It is not JSON.
    #[error("not JSON: {0}; give what `kubound bench --format json` printed")]
    Json(#[from] serde_json::Error),
    /// It is something else.
    #[error("not a result of `kubound bench --format json`: it has no `{0}`")]
    Field(&'static str),
    /// A row is not as it should be.
    #[error("not a result of `kubound bench --format json`: {1} of row {0}")]
    Row(usize, String),
}

/// A result that was kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// What measured it.
    pub machine: Machine,
    /// Its rows.
    pub rows: Vec<Earlier>,
}

/// A row of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Earlier {
    /// The suite; empty if it is from none.
    pub suite: String,
    /// The task.
    pub task: String,
    /// The engine.
    pub engine: String,
    /// Options of `check`, as they were given.
    pub options: Vec<String>,
    /// What all properties came to, if anything was said.
    pub claim: Option<Claim>,
    /// Whether all of them were decided.
    pub decided: bool,
    /// Of each run.
    pub seconds: Vec<f64>,
}

#[derive(Deserialize)]
struct RowDocument {
    #[serde(default)]
    suite: Option<String>,
    task: String,
    engine: String,
    options: Vec<String>,
    verdicts: Vec<Value>,
    seconds: Vec<f64>,
    failure: Option<String>,
}

impl Baseline {
    /// Reads one.
    ///
    /// # Errors
    ///
    /// If the text is something else.
    pub fn read(text: &str) -> Result<Baseline, BaselineError> {
        let document: Value = serde_json::from_str(text)?;
        let rows = document["rows"].as_array().ok_or(BaselineError::Field("rows"))?;
        let machine = Machine::deserialize(&document["machine"]).map_err(|_| BaselineError::Field("machine"))?;
        let rows = rows.iter().enumerate().map(|(index, value)| row(index + 1, value));
        Ok(Baseline { machine, rows: rows.collect::<Result<_, _>>()? })
    }
}

fn row(number: usize, value: &Value) -> Result<Earlier, BaselineError> {
    let problem = |problem: &dyn std::fmt::Display| BaselineError::Row(number, problem.to_string());
    let read = RowDocument::deserialize(value).map_err(|error| problem(&error))?;
    let found: Option<Vec<Found>> = read.verdicts.iter().map(Found::read).collect();
    let found = found.ok_or_else(|| problem(&"unknown verdict"))?;
    if read.seconds.iter().any(|seconds| !seconds.is_finite() || *seconds < 0.0) {
        return Err(problem(&"impossible time"));
    }
    Ok(Earlier {
        suite: read.suite.unwrap_or_default(),
        task: read.task,
        engine: read.engine,
        options: read.options,
        claim: overall(found.iter().map(|found| &found.claim)),
        decided: read.failure.is_none() && !found.is_empty() && found.iter().all(|found| found.claim.is_decided()),
        seconds: read.seconds,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_result_says_why() {
        let why = |text: &str| Baseline::read(text).expect_err("no result").to_string();
        assert!(why("{").starts_with("not JSON"));
        assert!(why("{}").ends_with("it has no `rows`"));
        assert!(why(r#"{"rows": []}"#).ends_with("it has no `machine`"));
        let machine = serde_json::to_string(&Machine::this()).expect("JSON");
        let of = |row: &str| why(&format!(r#"{{"machine": {machine}, "rows": [{row}]}}"#));
        assert!(of("{}").contains("missing field `task` of row 1"));
        let row = r#"{"task": "a", "engine": "sat", "options": [], "verdicts": [{"verdict": "maybe", "k": 1}],
            "seconds": [], "failure": null}"#;
        assert!(of(row).contains("unknown verdict of row 1"));
    }
}
