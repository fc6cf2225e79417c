//! Failure cases, parametric in the number of nodes: the eight published ones, c1 to c8, four that leave starts,
//! loads and failures open, w1 to w4, six among many workloads, m1 to m6, and those that public issues tell of.
//!
//! A case is a set of ordinary manifests and a scenario, as text: it goes through the input layer like anybody's files,
//! and `kubound cases --emit` writes it down. Every case has a variant that fails and one that was fixed the way an
//! operator would fix it.

mod autoscaling;
mod eviction;
mod failures;
pub mod family;
mod manifests;
mod many;
mod placement;
mod scale;
mod table;
mod wide;

use thiserror::Error;

use scale::Scale;

/// All cases.
pub const CASES: [Case; number(&GROUPS)] = joined(&GROUPS);

const GROUPS: [&[Case]; 10] = [
    &table::CASES,
    &failures::rollouts::CASES,
    &failures::autoscaling::CASES,
    &failures::gitops::CASES,
    &failures::growing::CASES,
    &failures::disruption::CASES,
    &failures::scheduling::CASES,
    &failures::schedulers::CASES,
    &failures::nodes::CASES,
    &failures::descheduling::CASES,
];

const fn number(groups: &[&[Case]]) -> usize {
    let (mut group, mut sum) = (0, 0);
    while group < groups.len() {
        sum += groups[group].len();
        group += 1;
    }
    sum
}

const fn joined<const N: usize>(groups: &[&[Case]]) -> [Case; N] {
    let (mut all, mut at, mut group) = ([groups[0][0]; N], 0, 0);
    while group < groups.len() {
        let mut index = 0;
        while index < groups[group].len() {
            all[at] = groups[group][index];
            (at, index) = (at + 1, index + 1);
        }
        group += 1;
    }
    all
}

/// One failure case.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// `c1` … `c8`, `w1` … `w4`, `m1` … `m6`; `k116891` is issue 116891 of kubernetes/kubernetes.
    pub id: &'static str,
    /// Where it belongs.
    pub suite: Suite,
    /// What goes wrong, in a few words.
    pub title: &'static str,
    /// What happens, as an operator would tell it.
    pub story: &'static str,
    /// What the fixed variant does differently.
    pub fix: &'static str,
    /// Properties that the failing variant breaks.
    pub properties: &'static [&'static str],
    make: Make,
}

/// How the files of a case are made.
#[derive(Clone, Copy, Debug)]
enum Make {
    /// For a number of nodes, because manifests list pods or amounts of that number.
    Numbered(fn(usize, bool) -> Vec<File>),
    /// For a number of nodes or for a range of them.
    Sized(fn(Scale, bool) -> Vec<File>),
}

/// A group of cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// The eight published cases.
    Published,
    /// Starts, loads and failures are open.
    Wide,
    /// Among many workloads.
    Many,
    /// Told in public issues.
    Failures,
}

impl Suite {
    /// The suite that goes by a name: `all` (for the published cases), `wide`, `many` or `failures`.
    pub fn named(name: &str) -> Option<Suite> {
        match name {
            "all" => Some(Suite::Published),
            "wide" => Some(Suite::Wide),
            "many" => Some(Suite::Many),
            "failures" => Some(Suite::Failures),
            _ => None,
        }
    }

    /// Its cases.
    pub fn cases(self) -> impl Iterator<Item = &'static Case> + Clone {
        CASES.iter().filter(move |case| case.suite == self)
    }
}

/// A file of a case: its name and its text.
pub type File = (String, String);

/// The smallest scale. Some cases need more nodes to fail.
pub const MIN_SCALE: usize = 1;
/// The largest scale: the largest cluster that Kubernetes supports.
pub const MAX_SCALE: usize = 5000;

/// A case that cannot be made.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CaseError {
    /// No such case.
    #[error(
        "there is no case `{0}`; known are c1 to c8 (all of them: all), w1 to w4 (all of them: wide), m1 to m6 (all of them: many) and {list} (all of them: failures)",
        list = failures()
    )]
    Unknown(String),
    /// Too few or too many nodes.
    #[error("a scale of {0} is not possible; cases have {MIN_SCALE} to {MAX_SCALE} nodes")]
    Scale(usize),
}

fn failures() -> String {
    Suite::Failures.cases().map(|case| case.id).collect::<Vec<&str>>().join(", ")
}

/// The case of that id.
pub fn find(id: &str) -> Result<&'static Case, CaseError> {
    CASES.iter().find(|case| case.id == id).ok_or_else(|| CaseError::Unknown(id.to_owned()))
}

/// The files of a case with about `scale` nodes (c3 and w2 have an odd number of them, m1 to m6 a few more).
pub fn generate(id: &str, scale: usize, fixed: bool) -> Result<Vec<File>, CaseError> {
    let case = find(id)?;
    if !(MIN_SCALE..=MAX_SCALE).contains(&scale) {
        return Err(CaseError::Scale(scale));
    }
    Ok(match case.make {
        Make::Numbered(make) => make(scale, fixed),
        Make::Sized(make) => make(Scale::Of(scale), fixed),
    })
}

impl Case {
    /// The scales from `min` to `max` at which the case differs from smaller ones, and why others are left out.
    pub fn scales(&self, min: usize, max: usize) -> Result<(Vec<usize>, Option<String>), CaseError> {
        if let Some(wrong) = [min, max].into_iter().find(|scale| !(MIN_SCALE..=MAX_SCALE).contains(scale)) {
            return Err(CaseError::Scale(wrong));
        }
        let odd_only = ["c3", "w2"].contains(&self.id) && min < max;
        let scales: Vec<usize> = (min..=max).filter(|scale| !odd_only || scale % 2 == 1).collect();
        let why = format!("{} has an odd number of nodes: even scales are left out", self.id);
        Ok((scales, odd_only.then_some(why)))
    }

    /// Whether Kubernetes has mended the failure, so that both variants hold.
    pub fn is_mended(&self) -> bool {
        failures::MENDED.contains(&self.id)
    }

    /// The text for people that goes with the files of a variant.
    pub fn readme(&self, fixed: bool) -> String {
        let variant = if fixed { ", fixed" } else { "" };
        let fix = if fixed { format!("\nWhat is different here: {}\n", lower_first(self.fix)) } else { String::new() };
        let text = format!("# {}: {}{variant}\n\n{}\n{fix}", self.id, self.title, self.story);
        textwrap::fill(&text, 100) + "\n"
    }
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::object::command::CommandAction;
    use crate::cluster::object::spec::ClusterSpec;
    use crate::input::{LoadOptions, load_strings};

    fn spec(id: &str, scale: usize, fixed: bool) -> ClusterSpec {
        let files = generate(id, scale, fixed).expect("a case");
        let texts: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        match load_strings(&texts, LoadOptions::default()) {
            Ok(loaded) => {
                let noise = loaded.diagnostics.to_string();
                let is_mended = find(id).is_ok_and(|case| case.is_mended());
                assert!(noise.is_empty() || is_mended, "{id} at {scale}: {noise}");
                loaded.spec
            }
            Err(errors) => panic!("{id} at {scale}: {errors}"),
        }
    }

    #[test]
    fn every_case_loads_without_remarks_at_several_scales() {
        for case in &CASES {
            for scale in [1, 2, 3, 4, 5, 8, 10, 17] {
                for fixed in [false, true] {
                    let spec = spec(case.id, scale, fixed);
                    let asked: Vec<&str> = spec.scenario.properties.iter().map(|it| it.name.as_str()).collect();
                    if case.suite == Suite::Many {
                        assert!((scale..=scale + 3).contains(&spec.nodes.len()), "{} at {scale}", case.id);
                        assert!(case.properties.iter().all(|name| asked.contains(name)), "{}", case.id);
                        continue;
                    }
                    let wanted = if ["c3", "w2"].contains(&case.id) { 2 * (scale / 2) + 1 } else { scale };
                    let there = spec.nodes.iter().filter(|node| !node.absent).count();
                    assert_eq!(there, wanted, "{} at {scale}", case.id);
                    assert_eq!(asked, case.properties);
                }
            }
        }
    }

    #[test]
    fn pods_of_c3_satisfy_both_constraints_and_one_more_fits_nowhere() {
        for scale in [3, 4, 5, 7, 9, 33] {
            let spec = spec("c3", scale, false);
            let nodes = spec.nodes.len();
            let on = |name: &str| {
                let pods = &spec.workloads[0].revisions[0].pods;
                pods.iter().filter(|pod| pod.node.as_deref() == Some(name)).count()
            };
            let counts: Vec<(bool, usize)> =
                spec.nodes.iter().map(|node| (node.name.starts_with("zone-a"), on(&node.name))).collect();
            let zone = |a: bool| counts.iter().filter(|(zone, _)| *zone == a).map(|(_, count)| count).sum::<usize>();
            assert_eq!(zone(true) + zone(false), 2 * nodes - 1);
            assert_eq!(spec.workloads[0].replicas as usize, 2 * nodes - 1);
            let (least, most) = (counts.iter().map(|c| c.1).min(), counts.iter().map(|c| c.1).max());
            assert!(zone(true).abs_diff(zone(false)) <= 1 && most <= least.map(|least| least + 1));
            let fits = counts.iter().any(|&(a, count)| {
                let by_zone = zone(a) <= zone(true).min(zone(false));
                by_zone && Some(count + 1) <= least.map(|least| least + 1)
            });
            assert!(!fits, "one more pod fits at scale {scale}");
        }
    }

    #[test]
    fn applying_the_manifest_of_c2_resets_the_replicas_unless_fixed() {
        let replicas = |fixed| match spec("c2", 4, fixed).scenario.commands[0].action.clone() {
            CommandAction::Apply { revision: 0, replicas, .. } => replicas,
            other => panic!("{other:?}"),
        };
        assert_eq!((replicas(false), replicas(true)), (Some(1), None));
    }

    #[test]
    fn unknown_cases_and_impossible_scales_are_errors() {
        assert_eq!(generate("c9", 3, false), Err(CaseError::Unknown("c9".into())));
        let error = CaseError::Unknown("c9".into()).to_string();
        assert!(error.ends_with("k89007, d75, d1219, d994 (all of them: failures)"), "{error}");
        assert_eq!(generate("c1", 0, false), Err(CaseError::Scale(0)));
        assert_eq!(generate("c1", 100_000, false), Err(CaseError::Scale(100_000)));
    }
}
