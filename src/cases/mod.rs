//! Failure cases, parametric in the number of nodes: the eight published ones, c1 to c8, and four that leave starts,
//! loads and failures open, w1 to w4.
//!
//! A case is a set of ordinary manifests and a scenario, as text: it goes through the input layer like anybody's files,
//! and `kubound cases --emit` writes it down. Every case has a variant that fails and one that was fixed the way an
//! operator would fix it.

mod autoscaling;
mod eviction;
pub mod family;
mod manifests;
mod placement;
mod wide;

use thiserror::Error;

/// One failure case.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// `c1` … `c8`, `w1` … `w4`.
    pub id: &'static str,
    /// What goes wrong, in a few words.
    pub title: &'static str,
    /// What happens, as an operator would tell it.
    pub story: &'static str,
    /// What the fixed variant does differently.
    pub fix: &'static str,
    /// Properties that the failing variant breaks.
    pub properties: &'static [&'static str],
    generate: fn(usize, bool) -> Vec<File>,
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
    #[error("there is no case `{0}`; known are c1 to c8 (all of them: all) and w1 to w4 (all of them: wide)")]
    Unknown(String),
    /// Too few or too many nodes.
    #[error("a scale of {0} is not possible; cases have {MIN_SCALE} to {MAX_SCALE} nodes")]
    Scale(usize),
}

/// All cases.
pub const CASES: [Case; 12] = [
    Case {
        id: "c1",
        title: "start-up load drives the autoscaler to its maximum and back",
        story: "Pods burn 8 cores while they start and 3 afterwards. The autoscaler aims at 4, takes the start-up load for \
                demand and adds pods, which start up in turn: the replicas climb to the maximum, fall when everybody has \
                calmed down, and climb again.",
        fix: "The autoscaler aims at the full request, which covers the start-up load.",
        properties: &["no-replica-oscillation"],
        generate: autoscaling::startup_load,
    },
    Case {
        id: "c2",
        title: "applying a manifest without replicas resets an autoscaled Deployment",
        story: "The Deployment was once applied with `replicas`; an autoscaler has looked after it since. Somebody removes \
                `replicas` from the manifest, as the documentation advises, and applies it: kubectl removes the field, the \
                API server fills in 1, and all but one pod are deleted, far below minReplicas.",
        fix: "The manifest that was applied last has no `replicas` either, so that applying it again leaves them alone.",
        properties: &["min-replicas"],
        generate: autoscaling::apply_without_replicas,
    },
    Case {
        id: "c3",
        title: "an autoscaled pod fits nowhere because of two spread constraints",
        story: "Pods are spread evenly over zones and over nodes, both as hard constraints, but one zone has a node more \
                than the other. When load rises the autoscaler asks for one more pod: the zone constraint allows only the \
                smaller zone, and there the host constraint forbids every node. The pod stays Pending.",
        fix: "Only the host constraint is left.",
        properties: &["pods-schedulable"],
        generate: placement::two_spread_constraints,
    },
    Case {
        id: "c4",
        title: "full nodes panic, their pods fill the next ones",
        story: "Three pods fill a node to more than 98 %, where its kernel panics. Its pods move to other nodes, fill those, \
                and so on; nodes that come back empty are filled first.",
        fix: "Pods request what leaves every node room.",
        properties: &["no-node-overload-loop"],
        generate: placement::overload,
    },
    Case {
        id: "c5",
        title: "descheduler and scheduler disagree about duplicates",
        story: "The descheduler evicts pods of one Deployment that share a node, because other nodes have fewer. Those nodes \
                have no room left, so the scheduler puts the new pods where the old ones were, for ever.",
        fix: "The nodes with fewer pods have room.",
        properties: &["no-eviction-loop"],
        generate: eviction::duplicates,
    },
    Case {
        id: "c6",
        title: "rolling maintenance piles pods up on few nodes",
        story: "One pod runs on each node and nodes are drained one after another. The evicted pod moves in with another one, \
                because spreading is only preferred, and stays there; draining that node later takes two replicas at once.",
        fix: "Spreading is required: an evicted pod waits until its node is back.",
        properties: &["expected-replicas"],
        generate: placement::maintenance,
    },
    Case {
        id: "c7",
        title: "a Deployment pinned to a tainted node never comes to rest",
        story: "The pods name their node, so no scheduler looks at them; the node has a NoExecute taint that they do not \
                tolerate. The taint evicts them, the ReplicaSet makes new ones, without end.",
        fix: "The node has no taint.",
        properties: &["no-eviction-loop", "settles"],
        generate: eviction::pinned_to_tainted_node,
    },
    Case {
        id: "c8",
        title: "descheduler and scheduler disagree about soft constraints",
        story: "Pods prefer on-demand nodes slightly to spot nodes and would like to be spread over both kinds and over all \
                nodes. The descheduler takes the wish to be spread for a rule and evicts what violates it; the scheduler \
                weighs all wishes and puts the pods back (kubernetes-sigs/descheduler issue 921).",
        fix: "The descheduler looks at hard constraints only.",
        properties: &["no-eviction-loop"],
        generate: eviction::soft_constraints,
    },
    Case {
        id: "w1",
        title: "where another application runs decides whether duplicates are evicted for ever",
        story: "One node is large, the others have room for one pod each. The descheduler evicts pods of web that share \
                the large node. As long as the small nodes are free the evicted pods move there; once the \
                other application has taken these, they come back to the large node, and are evicted again. Both \
                applications start anywhere.",
        fix: "Pods of an application refuse to share a node, so that an evicted one waits instead of coming back.",
        properties: &["no-eviction-loop"],
        generate: wide::duplicates_anywhere,
    },
    Case {
        id: "w2",
        title: "under some load an autoscaled pod fits nowhere",
        story: "Each pod uses anything between 0 and 2000m at any time, whatever the others use, the autoscaler adds and removes one \
                pod at a time, and pods are spread over zones of unequal size and over nodes, both as hard constraints. \
                The pod that brings the application to its maximum fits nowhere.",
        fix: "Only the host constraint is left.",
        properties: &["pods-schedulable"],
        generate: wide::load_and_spread,
    },
    Case {
        id: "w3",
        title: "a node fails during a rollout that needs room for one more pod",
        story: "Two applications fill all nodes but one: any node may fail, and its pods find room elsewhere, wherever \
                the others run. A rollout finds room for the one pod that it starts before it stops another. But if a node \
                is down when it begins, the new pod fits nowhere, and the rollout gets stuck.",
        fix: "One replica less leaves room for both.",
        properties: &["pods-schedulable"],
        generate: wide::failure_in_rollout,
    },
    Case {
        id: "w4",
        title: "two Deployments compete for room that is there but scattered",
        story: "A node has room for two pods of web, or for one of web and one of search. The cluster has room for one \
                pod of search on each node; but pods of web run anywhere, and where two share a node, there is none. When load \
                rises, the autoscaler asks for one more pod of search, which fits nowhere.",
        fix: "Pods of search are no larger than those of web, so that all room is alike.",
        properties: &["pods-schedulable"],
        generate: wide::competition_for_room,
    },
];

/// The case of that id.
pub fn find(id: &str) -> Result<&'static Case, CaseError> {
    CASES.iter().find(|case| case.id == id).ok_or_else(|| CaseError::Unknown(id.to_owned()))
}

/// The files of a case with about `scale` nodes (c3 and w2 have an odd number of them).
pub fn generate(id: &str, scale: usize, fixed: bool) -> Result<Vec<File>, CaseError> {
    let case = find(id)?;
    if !(MIN_SCALE..=MAX_SCALE).contains(&scale) {
        return Err(CaseError::Scale(scale));
    }
    Ok((case.generate)(scale, fixed))
}

impl Case {
    /// Whether it is one of the eight published cases; the others are wide ones.
    pub fn is_published(&self) -> bool {
        self.id.starts_with('c')
    }

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
    use crate::cluster::scenario::CommandAction;
    use crate::cluster::spec::ClusterSpec;
    use crate::input::{LoadOptions, load_strings};

    fn spec(id: &str, scale: usize, fixed: bool) -> ClusterSpec {
        let files = generate(id, scale, fixed).expect("a case");
        let texts: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        match load_strings(&texts, LoadOptions::default()) {
            Ok(loaded) => {
                let noise = loaded.diagnostics.to_string();
                assert!(noise.is_empty(), "{id} at {scale}: {noise}");
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
                    let wanted = if ["c3", "w2"].contains(&case.id) { 2 * (scale / 2) + 1 } else { scale };
                    assert_eq!(spec.nodes.len(), wanted, "{} at {scale}", case.id);
                    let asked: Vec<&str> = spec.scenario.properties.iter().map(|it| it.name.as_str()).collect();
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
        assert_eq!(generate("c1", 0, false), Err(CaseError::Scale(0)));
        assert_eq!(generate("c1", 100_000, false), Err(CaseError::Scale(100_000)));
    }
}
