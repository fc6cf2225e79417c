//! When two violations are the same one: today's and yesterday's, in a baseline or in what code scanning keeps.
//!
//! What stays when manifests are edited elsewhere: the property, what it is about, the kind of violation and which rules
//! decide; no lines, no lengths, no figures.

use std::collections::BTreeSet;
use std::fmt;

use super::{Answer, CheckResult};

/// What a violation is recognised by. Text in it is visible.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint {
    /// The property.
    pub property: String,
    /// What it is about; empty: the cluster.
    pub subjects: BTreeSet<String>,
    /// `state`, `reversal` or `loop`.
    pub finding: String,
    /// Ids of the rules that decide.
    pub rules: BTreeSet<String>,
}

impl Fingerprint {
    /// That of a violation; `None` of what is none.
    pub fn of(result: &CheckResult) -> Option<Self> {
        let Answer::Violated(found) = &result.answer else { return None };
        Some(Fingerprint {
            property: result.property.clone(),
            subjects: result.subjects().map(str::to_owned).collect(),
            finding: found.finding.name().to_owned(),
            rules: found.narrative.deciding().iter().map(|rule| rule.id.to_owned()).collect(),
        })
    }

    /// The same of each thing that it is about.
    pub fn single(&self) -> Vec<Fingerprint> {
        let of = |subjects| Fingerprint { subjects, ..self.clone() };
        if self.subjects.is_empty() {
            return vec![of(BTreeSet::new())];
        }
        self.subjects.iter().map(|subject| of(BTreeSet::from([subject.clone()]))).collect()
    }

    /// The property and what it is about, for people.
    pub fn title(&self) -> String {
        match self.subjects.is_empty() {
            true => self.property.clone(),
            false => format!("{} ({})", self.property, joined(&self.subjects, ", ")),
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fingerprint { property, subjects, finding, rules } = self;
        write!(f, "{property}/{}/{finding}/{}", joined(subjects, "+"), joined(rules, "+"))
    }
}

fn joined(texts: &BTreeSet<String>, with: &str) -> String {
    texts.iter().map(String::as_str).collect::<Vec<&str>>().join(with)
}

/// The workload of a subject such as `web: maxSkew 1 over zone`.
pub fn workload_of(subject: &str) -> &str {
    subject.split([':', ' ']).next().unwrap_or(subject)
}

/// Whether a subject is a workload, or something of it, and of no other.
pub fn is_of(subject: &str, workload: &str) -> bool {
    subject.strip_prefix(workload).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_one_of_each_subject() {
        let set = |texts: &[&str]| texts.iter().map(|&it| it.to_owned()).collect::<BTreeSet<String>>();
        let both = Fingerprint {
            property: "min-replicas".to_owned(),
            subjects: set(&["web", "api"]),
            finding: "state".to_owned(),
            rules: set(&["hpa/b", "hpa/a"]),
        };
        assert_eq!(both.to_string(), "min-replicas/api+web/state/hpa/a+hpa/b");
        assert_eq!(both.title(), "min-replicas (api, web)");
        let single: Vec<String> = both.single().iter().map(ToString::to_string).collect();
        assert_eq!(single, ["min-replicas/api/state/hpa/a+hpa/b", "min-replicas/web/state/hpa/a+hpa/b"]);
        let whole = Fingerprint { subjects: set(&[]), ..both };
        assert_eq!(whole.single(), std::slice::from_ref(&whole));
    }

    #[test]
    fn subjects_are_of_workloads() {
        assert!(is_of("web", "web") && is_of("web: maxSkew 1 over zone", "web"));
        assert!(!is_of("web-2", "web") && !is_of("web and the workloads after it", "web"));
        assert_eq!(workload_of("web and the workloads after it"), "web");
    }
}
