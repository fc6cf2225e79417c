//! What does not count, in an input: which questions are asked apart, and what is to be made of their answers.

use std::collections::{BTreeMap, BTreeSet};

use crate::cluster::object::spec::ClusterSpec;
use crate::input::visible::visible;
use crate::input::{Diagnostic, Ignore, Severity, Whom};
use crate::property::{Aside, about};

use super::CheckResult;
use super::baseline::Baseline;
use super::regard::{Ignored, Novelty, Regard};
use super::sameness::workload_of;

/// What does not count in an input.
pub struct Exceptions<'a> {
    spec: &'a ClusterSpec,
    ignores: Vec<&'a Ignore>,
    baseline: Option<&'a Baseline>,
}

impl<'a> Exceptions<'a> {
    /// What is ignored comes before what is known.
    pub fn new(
        spec: &'a ClusterSpec,
        ignores: impl IntoIterator<Item = &'a Ignore>,
        baseline: Option<&'a Baseline>,
    ) -> Self {
        Exceptions { spec, ignores: ignores.into_iter().collect(), baseline }
    }

    /// Questions about what is ignored.
    pub fn ignored(&self) -> BTreeSet<Aside> {
        self.ignores.iter().flat_map(|ignore| asides(self.spec, ignore)).collect()
    }

    /// Questions about what is known, and not ignored.
    pub fn known(&self) -> BTreeSet<Aside> {
        let ignored = self.ignored();
        let is_ignored = |it: &Aside| {
            ignored.contains(it) || ignored.contains(&Aside { property: it.property.clone(), workload: None })
        };
        let known = self.baseline.map(|baseline| baseline.asides(self.spec)).unwrap_or_default();
        known.into_iter().filter(|it| !is_ignored(it)).collect()
    }

    /// A result of what is neither, or of what is known, compared with the baseline.
    pub fn compared(&self, result: CheckResult) -> CheckResult {
        let novelty: Option<Novelty> = self.baseline.and_then(|baseline| baseline.novelty(&result));
        CheckResult { regard: Regard { ignored: None, novelty }, ..result }
    }

    /// The results that a result about what is ignored comes to: one for each reason, if it is about several workloads.
    pub fn excused(&self, result: CheckResult) -> Vec<CheckResult> {
        let mut groups: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for subject in result.subjects() {
            groups.entry(self.ignore(&result.property, subject).unwrap_or(0)).or_default().push(subject.to_owned());
        }
        let reason = |at: &usize| self.ignores.get(*at).map(|ignore| ignored(ignore));
        if groups.len() <= 1 || result.is_violated() {
            let first = groups.keys().next().copied().or_else(|| self.ignore(&result.property, ""));
            let mut own = first.as_ref().and_then(reason);
            if let Some(own) = &mut own {
                let others = groups.keys().skip(1).filter_map(reason).map(|it| format!("; {}", it.reason));
                own.reason.extend(others);
            }
            return vec![CheckResult { regard: Regard { ignored: own, novelty: None }, ..result }];
        }
        let of = |(at, subjects): (usize, Vec<String>)| CheckResult {
            subject: subjects.join(", "),
            regard: Regard { ignored: reason(&at), novelty: None },
            focus: None,
            ..result.clone()
        };
        groups.into_iter().map(of).collect()
    }

    /// Which of them is about a subject.
    fn ignore(&self, property: &str, subject: &str) -> Option<usize> {
        let name = workload_of(subject);
        let is_it = |it: &&crate::cluster::object::spec::Workload| visible(&it.key.to_string()) == name;
        let workload = self.spec.workloads.iter().find(is_it);
        self.ignores.iter().position(|ignore| {
            let covers = || workload.is_some_and(|workload| ignore.covers(self.spec, workload));
            ignore.property == property && (ignore.about == Whom::All || subject.is_empty() || covers())
        })
    }

    /// Those that had no part in any result: what they are about is not there, or the property does not apply to it. Where
    /// properties were not `asked` for, nothing is known of that.
    pub fn unused(&self, results: &[CheckResult], asked: &[String]) -> Vec<Diagnostic> {
        let used = |ignore: &Ignore| {
            let is_it = |it: &Ignored| it.origin == ignore.origin;
            results.iter().any(|it| it.property == ignore.property && it.regard.ignored.as_ref().is_some_and(is_it))
        };
        let mut told = Vec::new();
        for ignore in self.ignores.iter().filter(|it| asked.contains(&it.property) && !used(it)) {
            let is_of_any = about(&ignore.property).whole || !asides(self.spec, ignore).is_empty();
            // Another one may have said the same before.
            if is_of_any && asides(self.spec, ignore).iter().any(|it| self.is_said_before(ignore, it)) {
                continue;
            }
            let (what, help) = match is_of_any {
                true => ("it does not apply", "take this away, or correct the property"),
                false => ("it is about no workload of this input", "take this away, or correct the name"),
            };
            let message = format!("{} is ignored, but {what}", ignore.property);
            told.push(ignore.diagnostic(Severity::Warning, message).with_help(help));
        }
        told
    }

    fn is_said_before(&self, ignore: &Ignore, aside: &Aside) -> bool {
        let before = self.ignores.iter().take_while(|it| !std::ptr::eq(**it, ignore));
        before
            .flat_map(|it| asides(self.spec, it))
            .any(|it| it == *aside || it.workload.is_none() && it.property == aside.property)
    }
}

fn ignored(ignore: &Ignore) -> Ignored {
    Ignored { reason: ignore.reason.clone(), in_source: ignore.in_source, origin: ignore.origin.clone() }
}

/// What is ignored, workload by workload.
fn asides(spec: &ClusterSpec, ignore: &Ignore) -> Vec<Aside> {
    let of = |workload| Aside { property: ignore.property.clone(), workload };
    if ignore.about == Whom::All {
        return vec![of(None)];
    }
    let covered = spec.workloads.iter().filter(|workload| ignore.covers(spec, workload));
    covered.map(|workload| of(Some(workload.key.clone()))).collect()
}
