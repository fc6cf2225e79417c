//! Baselines: violations that an earlier check found. They are reported and do not count; others are new.
//!
//! What is in a baseline is asked apart (`super::apart`), so that it hides nothing. Of a property of a workload a check
//! finds one shortest counterexample: a longer one of the same property and workload shows once that one is repaired.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use crate::cluster::object::spec::{ClusterSpec, ObjectKey};
use crate::input::visible::visible;
use crate::property::{Aside, about};

use super::CheckResult;
use super::regard::Novelty;
use super::sameness::{Fingerprint, is_of};

/// The version of answers that are understood.
const SCHEMA: &str = "kubound/v1";

/// Violations that are known, each of one subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    known: BTreeSet<Fingerprint>,
}

/// What became of a baseline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Novelties {
    /// The file, as the user named it.
    pub file: String,
    /// In the baseline, and found again.
    pub known: Vec<Fingerprint>,
    /// Found, and not in the baseline.
    pub new: Vec<Fingerprint>,
    /// In the baseline, and no longer so.
    pub gone: Vec<Fingerprint>,
    /// In the baseline, and nobody knows: not asked for, or not decided.
    pub open: Vec<Fingerprint>,
}

#[derive(Deserialize)]
struct Document {
    schema: String,
    results: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    property: String,
    #[serde(default)]
    subject: String,
    verdict: String,
    #[serde(default)]
    finding: Option<String>,
    #[serde(default)]
    story: Option<Story>,
    #[serde(default)]
    ignored: Option<Value>,
}

#[derive(Deserialize)]
struct Story {
    #[serde(default)]
    diagnosis_rules: Vec<String>,
}

impl Baseline {
    /// Reads what `check` wrote: JSON, or traces that it saved. What was ignored then is no part of it.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, in words.
    pub fn read(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
        let is_answer = value.get("results").is_some_and(Value::is_array);
        if !is_answer {
            return Err(
                "no answer of `kubound check`: give what `check --format json` or `--save-trace` wrote".to_owned()
            );
        }
        let document: Document = serde_path_to_error::deserialize(value)
            .map_err(|error| format!("no answer of `kubound check`: {}: {}", error.path(), error.inner()))?;
        if document.schema != SCHEMA {
            return Err(format!("schema `{}` is not read, only {SCHEMA}: write the baseline again", document.schema));
        }
        let violated = document.results.into_iter().filter(|it| it.verdict == "violated" && it.ignored.is_none());
        Ok(Baseline { known: violated.flat_map(|it| it.fingerprint().single()).collect() })
    }

    /// What of it is asked apart. What it says of workloads that are not there any more is not.
    pub fn asides(&self, spec: &ClusterSpec) -> BTreeSet<Aside> {
        let aside = |known: &Fingerprint| {
            let property = known.property.clone();
            match known.subjects.first() {
                None => about(&property).whole.then_some(Aside { property, workload: None }),
                Some(subject) => {
                    let workload = workload(spec, subject)?.clone();
                    Some(Aside { property, workload: Some(workload) })
                }
            }
        };
        self.known.iter().filter_map(aside).collect()
    }

    /// Whether it has a violation: all that it is about. `None` of what is none.
    pub fn novelty(&self, result: &CheckResult) -> Option<Novelty> {
        let single = Fingerprint::of(result)?.single();
        Some(if single.iter().all(|it| self.known.contains(it)) { Novelty::Known } else { Novelty::New })
    }

    /// What became of it. `asked` are the names of all properties that were selected.
    pub fn compare(&self, file: &str, results: &[CheckResult], asked: &[String]) -> Novelties {
        let violated = || results.iter().filter(|it| it.regard.ignored.is_none()).filter_map(Fingerprint::of);
        let found: BTreeSet<Fingerprint> = violated().flat_map(|it| it.single()).collect();
        let is_open = |known: &Fingerprint| {
            let undecided = |it: &&CheckResult| it.property == known.property && !is_settled(it);
            let is_meant = |it: &CheckResult| {
                let mut subjects = it.subjects();
                it.subject.is_empty() || known.subjects.iter().any(|known| subjects.any(|own| own == known))
            };
            let is_asked = results.iter().any(|it| it.property == known.property);
            !asked.contains(&known.property) || !is_asked || results.iter().filter(undecided).any(is_meant)
        };
        let (again, others): (Vec<_>, Vec<_>) = self.known.iter().cloned().partition(|it| found.contains(it));
        let (open, gone) = others.into_iter().partition(is_open);
        let new = violated().filter(|it| !it.single().iter().all(|it| self.known.contains(it))).collect();
        Novelties { file: file.to_owned(), known: again, new, gone, open }
    }
}

/// Whether a result says all that there is to know. One that is ignored says nothing of a baseline.
fn is_settled(result: &CheckResult) -> bool {
    !result.is_open() && result.regard.ignored.is_none()
}

fn workload<'a>(spec: &'a ClusterSpec, subject: &str) -> Option<&'a ObjectKey> {
    spec.workloads.iter().map(|it| &it.key).find(|key| is_of(subject, &visible(&key.to_string())))
}

impl Entry {
    fn fingerprint(self) -> Fingerprint {
        let subjects = self.subject.split(", ").filter(|it| !it.is_empty()).map(str::to_owned).collect();
        let rules = self.story.into_iter().flat_map(|it| it.diagnosis_rules).collect();
        Fingerprint { property: self.property, subjects, finding: self.finding.unwrap_or_default(), rules }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violations_are_read_and_nothing_else() {
        let text = r#"{"schema": "kubound/v1", "results": [
            {"property": "min-replicas", "subject": "a, b", "verdict": "violated", "finding": "state",
             "story": {"diagnosis_rules": ["x/y"]}},
            {"property": "settles", "subject": "", "verdict": "violated", "finding": "loop"},
            {"property": "pods-schedulable", "subject": "a", "verdict": "violated", "finding": "state",
             "ignored": {"reason": "old"}},
            {"property": "rollout-completes", "subject": "a", "verdict": "holds"}]}"#;
        let known: Vec<String> =
            Baseline::read(text).expect("an answer").known.iter().map(ToString::to_string).collect();
        assert_eq!(known, ["min-replicas/a/state/x/y", "min-replicas/b/state/x/y", "settles//loop/"]);
    }

    #[test]
    fn what_is_no_answer_is_said() {
        for (text, told) in [
            ("", "not JSON"),
            ("[]", "no answer"),
            ("{\"schema\": \"kubound/v1\", \"replays\": []}", "no answer"),
            ("{\"schema\": \"kubound/v2\", \"results\": []}", "`kubound/v2` is not read"),
            ("{\"results\": []}", "missing field `schema`"),
            ("{\"schema\": \"kubound/v1\", \"results\": [{}]}", "results[0]: missing field `property`"),
        ] {
            let said = Baseline::read(text).expect_err(text);
            assert!(said.contains(told), "{text}: {said}");
        }
    }
}
