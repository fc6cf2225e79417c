//! From VerticalPodAutoscalers to what pods of their targets request.

use std::collections::{BTreeSet, HashMap};

use k8s_openapi::api::core::v1::Pod;

use crate::cluster::counting::phases;
use crate::cluster::object::spec::{ClusterSpec, ExistingPod, ObjectKey, Revision, Workload};
use crate::cluster::object::vertical::{Mode, Vertical};
use crate::input::autoscalers;
use crate::input::census::Census;
use crate::input::diagnostics::Diagnostics;
use crate::input::object::Located;
use crate::input::owner::controller;
use crate::input::scenario::recommendations::Recommendation;

use super::given::Given;
use super::ranges::{self, Level, Ranges};
use super::variants::Variants;
use super::warn_of_conflicts;

/// Kinds of owners whose pods are told apart by what they request.
const KINDS: [&str; 3] = ["Deployment", "ReplicaSet", "StatefulSet"];

/// So many kinds of pods that request neither what is recommended nor what the template says are told apart, at most.
const MOST_STRANGE: usize = 4;

/// What VerticalPodAutoscalers are read with.
pub struct Input<'a> {
    /// Themselves.
    pub given: Vec<Given>,
    /// Running pods.
    pub pods: &'a [Located<Pod>],
    /// What the scenario says of recommendations.
    pub declared: Vec<Recommendation>,
}

/// Gives workloads their VerticalPodAutoscalers; of those that are left out, verdicts are without.
pub fn resolve(input: Input<'_>, cluster: &mut ClusterSpec, census: &mut Census, sink: &mut Diagnostics) {
    let Input { mut given, pods, declared } = input;
    given.sort_by_key(|it| (it.created.is_none(), it.created.clone(), it.key.clone()));
    let pods = Pods::of(pods);
    let mut taken: BTreeSet<ObjectKey> = BTreeSet::new();
    let mut unknown: Vec<String> = Vec::new();
    for given in &given {
        let is_at_odds = warn_of_conflicts(given, &cluster.autoscalers, sink);
        let Some(target) = target(given, cluster, census, sink) else { continue };
        let own: Vec<Recommendation> = declared.iter().filter(|it| it.target == target.key).cloned().collect();
        if !taken.insert(target.key.clone()) {
            sink.note(format!(
                "VerticalPodAutoscaler {} has a target that an older one has, too: it does nothing",
                given.key
            ));
            continue;
        }
        let known = given.mode.and_then(|mode| Some((mode, Ranges::of(given, target, &own)?)));
        let Some((mode, ranges)) = known else {
            census.leave_out("VerticalPodAutoscaler", given.could);
            unknown.extend(given.mode.map(|_| given.key.to_string()));
            continue;
        };
        let sizing = Sizing { given, mode, ranges, pods: &pods, is_at_odds };
        match sizing.sized(target, cluster) {
            Some(outcome) => put(outcome, cluster, census),
            None => census.leave_out("VerticalPodAutoscaler", given.could),
        }
    }
    if !unknown.is_empty() {
        let help = "give `recommendations` in a scenario, or minAllowed and maxAllowed";
        sink.note(format!("nothing is known of what VerticalPodAutoscaler {} recommends: {help}", unknown.join(", ")));
    }
    let is_known = |it: &ObjectKey| taken.contains(it) || given.iter().any(|given| given.target == *it);
    declared.iter().filter(|it| !is_known(&it.target)).for_each(|it| refuse(it, sink));
}

/// What becomes of a workload, and what is not known of it.
struct Outcome {
    workload: Workload,
    /// Kinds of things that verdicts are without.
    without: Vec<&'static str>,
}

const CONFLICT: &str = "utilization under a VerticalPodAutoscaler";
const BETWEEN: &str = "recommendations between the least and the most";
const CHANGE: &str = "recommendations that change";
const LIMIT_RANGES: &str = "LimitRanges of a VerticalPodAutoscaler";

fn put(outcome: Outcome, cluster: &mut ClusterSpec, census: &mut Census) {
    let Outcome { workload, without } = outcome;
    without.into_iter().for_each(|it| census.leave_out(it, "may change what pods request"));
    if let Some(known) = cluster.workloads.iter_mut().find(|it| it.key == workload.key) {
        *known = workload;
    }
}

/// The workload that one is about; what has none, or one whose pods are not told apart, is counted.
fn target<'c>(
    given: &Given,
    cluster: &'c ClusterSpec,
    census: &mut Census,
    sink: &mut Diagnostics,
) -> Option<&'c Workload> {
    if !KINDS.contains(&given.kind.as_str()) {
        census.leave_out(&format!("VerticalPodAutoscaler of a {}", given.kind), given.could);
        return None;
    }
    let found = autoscalers::target_of(&cluster.workloads, &given.kind, &given.target);
    if found.is_none() {
        let message = format!("there is no {} `{}`, so it does nothing", given.kind, given.target);
        let help = "give the target's manifest too, or correct the name and the namespace";
        sink.push(given.raw.warning(&"spec.targetRef.name".into(), message, help));
    }
    found
}

/// Reports a recommendation for a workload that nobody recommends anything for.
fn refuse(declared: &Recommendation, sink: &mut Diagnostics) {
    let message = format!("no VerticalPodAutoscaler changes what pods of {} request", declared.target);
    let help = "give one whose mode is not Off, or leave the recommendation out";
    sink.push(declared.raw.error(&declared.path, message, help));
}

/// Running pods by namespace and name, and one for each controller.
struct Pods<'a> {
    by_name: HashMap<(&'a str, &'a str), &'a Pod>,
    by_owner: HashMap<(&'a str, &'a str), &'a Pod>,
}

impl<'a> Pods<'a> {
    fn of(pods: &'a [Located<Pod>]) -> Self {
        let (mut by_name, mut by_owner) = (HashMap::new(), HashMap::new());
        for pod in pods.iter().map(|pod| &*pod.value) {
            let namespace = pod.metadata.namespace.as_deref().unwrap_or("default");
            by_name.insert((namespace, pod.metadata.name.as_deref().unwrap_or_default()), pod);
            if let Some(owner) = controller(&pod.metadata) {
                by_owner.entry((namespace, owner.name.as_str())).or_insert(pod);
            }
        }
        Pods { by_name, by_owner }
    }
}

/// What one VerticalPodAutoscaler makes of its target.
struct Sizing<'a> {
    given: &'a Given,
    mode: Mode,
    ranges: Ranges,
    pods: &'a Pods<'a>,
    /// Whether an autoscaler goes by what it changes.
    is_at_odds: bool,
}

/// What may be recommended to some effect.
struct Prospect {
    levels: Vec<Level>,
    /// The level at the start.
    initial: i64,
    /// Whether anybody makes pods.
    makes: bool,
    /// Whether it matters what is recommended later.
    changes: bool,
}

impl Sizing<'_> {
    /// The target with the variants of its pods; `None` if running pods request too many different amounts.
    fn sized(&self, target: &Workload, cluster: &ClusterSpec) -> Option<Outcome> {
        let prospect = self.prospect(target, cluster);
        let mut workload = target.clone();
        for revision in &mut workload.revisions {
            self.size(revision, &prospect, &target.key, cluster)?;
        }
        let differ = workload.revisions.iter().any(|revision| revision.variants.len() > 1);
        workload.vertical = (prospect.makes && differ).then(|| Vertical {
            key: self.given.key.clone(),
            mode: self.mode,
            min_replicas: self.given.min_replicas,
            levels: prospect.levels.iter().map(ranges::text).collect(),
            initial: prospect.initial,
        });
        if workload.vertical.is_none() {
            workload.revisions.iter_mut().for_each(settle);
        }
        let without = self.without(&prospect, &workload, cluster);
        Some(Outcome { workload, without })
    }

    /// What verdicts are without.
    fn without(&self, prospect: &Prospect, workload: &Workload, cluster: &ClusterSpec) -> Vec<&'static str> {
        let namespace = Some(&workload.key.namespace);
        let has_ranges = cluster.limit_ranges.iter().any(|it| it.metadata.namespace.as_ref() == namespace);
        let reasons = [
            (CONFLICT, self.is_at_odds && workload.vertical.is_some()),
            (BETWEEN, self.ranges.is_wide && prospect.changes && workload.vertical.is_some()),
            (CHANGE, self.ranges.is_momentary && prospect.changes),
            (LIMIT_RANGES, has_ranges && prospect.makes),
        ];
        reasons.into_iter().filter(|(_, applies)| *applies).map(|(what, _)| what).collect()
    }

    fn prospect(&self, target: &Workload, cluster: &ClusterSpec) -> Prospect {
        let (levels, initial) = self.ranges.all();
        if self.mode != Mode::Initial || !keeps_its_pods(target, cluster) {
            return Prospect { levels, initial, makes: true, changes: true };
        }
        // Pods are made in the first block, if at all.
        let start = usize::try_from(initial - 1).ok().map(|at| levels[at].clone());
        let is_there = |pod: &ExistingPod| pod.node.is_some() && !pod.leaving;
        let pods = &target.revisions[target.current].pods;
        let has_all = pods.len() as i64 == target.replicas && pods.iter().all(is_there)
            || cluster.scenario.placed_anywhere.contains(&target.key);
        Prospect { levels: start.into_iter().collect(), initial: initial.min(1), makes: !has_all, changes: false }
    }

    /// Gives a revision its variants; `None` if they are too many.
    fn size(
        &self,
        revision: &mut Revision,
        Prospect { levels, initial, makes, .. }: &Prospect,
        key: &ObjectKey,
        cluster: &ClusterSpec,
    ) -> Option<()> {
        let mut variants = Variants::new(revision, &self.given.policies);
        if *makes && *initial == 0 {
            let own = variants.own();
            variants.note(own, 0);
        }
        for (at, level) in levels.iter().enumerate().filter(|_| *makes) {
            let variant = variants.recommended(level);
            variants.note(variant, at as i64 + 1);
        }
        if cluster.scenario.placed_anywhere.contains(key) {
            let seen = self.pods.by_owner.get(&(key.namespace.as_str(), revision.name.as_str()));
            let usual = variants.of(seen.copied());
            variants.note_usual(usual);
        }
        for pod in &mut revision.pods {
            let seen = self.pods.by_name.get(&(key.namespace.as_str(), pod.name.as_str()));
            pod.variant = variants.of(seen.copied());
        }
        let is_told = variants.strange() <= MOST_STRANGE;
        revision.variants = variants.finish();
        if revision.variants.is_empty() {
            revision.pods.iter_mut().for_each(|pod| pod.variant = 0);
        }
        is_told.then_some(())
    }
}

/// Where nothing is recommended any more, new pods are like those that are there, which are alike.
fn settle(revision: &mut Revision) {
    if let [only] = revision.variants.as_mut_slice() {
        only.levels = vec![0];
    }
}

/// Whether nobody makes pods of a workload once the first block is over.
fn keeps_its_pods(workload: &Workload, cluster: &ClusterSpec) -> bool {
    let scenario = &cluster.scenario;
    let is_commanded = scenario.commands.iter().any(|it| it.action.target() == Some(&workload.key));
    workload.revisions.len() == 1
        && scenario.interleaving.waits()
        && !cluster.scales(&workload.key)
        && !is_commanded
        && !workload.created_later
        && !scenario.resizes(workload)
        && scenario.declared(&workload.key).next().is_none()
        && cluster.quotas.is_empty()
        && !phases::pods_may_be_taken(cluster)
}
