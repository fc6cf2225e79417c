//! Loads of which each pod has its own: the model of sums against pods with loads of their own, one by one, and engines
//! against each other.

mod support;

use std::collections::BTreeSet;

use itertools::Itertools;
use kubound::cluster::arithmetic::hpa_replicas::{Tolerance, replicas_for};
use kubound::cluster::object::scenario::LoadPer;
use kubound::engine::Engine;
use kubound::engine::explicit::Explicit;
use kubound::engine::sat::Sat;
use kubound::engine::smt::Smt;
use kubound::input::{self, Loaded};
use kubound::system::Interleaving;

use support::{Answer, WEB, check, interleave, load_case, model, slice};

/// An autoscaler of `web` that aims at so many milli-cores and remembers nothing.
fn autoscaler(aim: i64, max: i64) -> String {
    let rules = "{stabilizationWindowSeconds: 0, policies: [{type: Percent, value: 1000, periodSeconds: 15}]}";
    format!(
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: web}}\nspec:\n  \
         scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}\n  minReplicas: 1\n  maxReplicas: {max}\n  \
         metrics:\n  - type: Resource\n    resource: {{name: cpu, target: {{type: AverageValue, averageValue: {aim}m}}}}\n  \
         behavior: {{scaleUp: {rules}, scaleDown: {rules}}}\n"
    )
}

/// One node of so many cores, with pods of `web` on it, and `more` in the scenario.
fn scenario(cores: i64, load: &str, more: &str) -> String {
    format!(
        "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  initialPlacement: any\n  \
         nodePools: [{{name: node, count: 1, template: {{allocatable: {{cpu: {cores}}}}}}}]\n  \
         loads: [{{target: web, {load}}}]\n  properties: [pods-schedulable]\n{more}"
    )
}

fn load(texts: &[String]) -> Loaded {
    let names: Vec<String> = (0..texts.len()).map(|index| format!("{index}.yaml")).collect();
    let named: Vec<(&str, &str)> = names.iter().zip(texts).map(|(name, text)| (name.as_str(), text.as_str())).collect();
    input::load_strings(&named, Default::default()).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Pods with a load of their own each, and an autoscaler.
#[derive(Clone, Copy)]
struct Pods {
    least: i64,
    most: i64,
    aim: i64,
    max: i64,
    changes: bool,
    /// Whether pods may pass load on to each other while the sum remains.
    passed_on: bool,
}

/// The loads of all pods in ascending order.
type Individuals = Vec<i64>;

impl Pods {
    fn proposal(&self, loads: &[i64]) -> i64 {
        let pods = loads.len() as i64;
        let average = loads.iter().sum::<i64>() / pods;
        let (least, most) = Tolerance::default().usages(self.aim, 1);
        let wanted = if (least..=most).contains(&average) { pods } else { replicas_for(average, self.aim, pods) };
        wanted.clamp(1, self.max)
    }

    /// Any loads of so many pods.
    fn any(&self, pods: usize) -> impl Iterator<Item = Vec<i64>> + use<> {
        (self.least..=self.most).combinations_with_replacement(pods)
    }

    fn successors(&self, loads: &Individuals) -> Vec<Individuals> {
        let pods = loads.len();
        let proposal = self.proposal(loads);
        let after = proposal as usize;
        let resized: Vec<Vec<i64>> = match after > pods {
            true => self.any(after - pods).map(|new| [loads.clone(), new].concat()).collect(),
            false => loads.iter().copied().combinations(after).collect(),
        };
        resized
            .into_iter()
            .map(|mut loads| {
                loads.sort_unstable();
                loads
            })
            .collect()
    }

    /// All that can be reached from pods with these loads.
    fn reachable(&self, start: Vec<i64>) -> BTreeSet<Individuals> {
        let mut seen: BTreeSet<Individuals> = [start.clone()].into();
        let mut open = vec![start];
        while let Some(present) = open.pop() {
            let mut next = self.successors(&present);
            let others = self.any(present.len());
            let alike = |other: &Individuals| other.iter().sum::<i64>() == present.iter().sum::<i64>();
            next.extend(others.filter(|other| self.changes || (self.passed_on && alike(other))));
            open.extend(next.into_iter().filter(|it| seen.insert(it.clone())));
        }
        seen
    }

    /// The same as an autoscaler sees it: pods, and the sum of loads.
    fn sums(&self, start: Vec<i64>) -> BTreeSet<(usize, i64)> {
        self.reachable(start).into_iter().map(|loads| (loads.len(), loads.iter().sum())).collect()
    }

    /// The number of states of the model, which is explored to the end.
    fn states(&self, initial: i64) -> u64 {
        let changes = if self.changes { "any" } else { "never" };
        let Pods { least, most, aim, max, .. } = self;
        let range = format!("per: eachPod, range: {least}m..{most}m, initial: {initial}m, changes: {changes}");
        let loaded = load(&[WEB.to_owned(), autoscaler(*aim, *max), scenario(10, &range, "")]);
        let model = model(&loaded);
        let (answer, outcome) = check(&Explicit, &model, &slice(&model), 100);
        assert_eq!(answer, Answer::Holds);
        outcome.statistics.states
    }
}

/// Every sum is told apart here, because each of them is a threshold of some number of pods.
#[test]
fn sums_are_those_of_pods_with_loads_of_their_own() {
    for (least, most, initial) in [(0, 3, 0), (0, 3, 1), (0, 3, 3), (1, 3, 2), (2, 3, 3)] {
        let pods = Pods { least, most, aim: 2, max: 3, changes: true, passed_on: false };
        let expected = pods.sums(vec![initial; 2]).len() as u64;
        assert_eq!(pods.states(initial), expected, "{least}..{most} from {initial}");
    }
}

#[test]
fn loads_that_never_change_may_still_be_passed_on() {
    for (least, most, initial) in [(0, 3, 0), (0, 3, 1), (0, 3, 3), (1, 3, 2), (1, 3, 3)] {
        let fixed = Pods { least, most, aim: 2, max: 3, changes: false, passed_on: false };
        let passed_on = Pods { passed_on: true, ..fixed };
        let start = vec![initial; 2];
        assert!(fixed.sums(start.clone()).is_subset(&passed_on.sums(start.clone())));
        assert_eq!(passed_on.states(initial), passed_on.sums(start).len() as u64, "{least}..{most} from {initial}");
    }
}

fn answers(loaded: &Loaded) -> Answer {
    let model = model(loaded);
    let slice = slice(&model);
    let bound = loaded.spec.scenario.bound;
    let engines = [&Explicit as &dyn Engine, &Sat::default(), &Smt::default()];
    let answers: Vec<Answer> = engines.iter().map(|engine| check(*engine, &model, &slice, bound).0).collect();
    assert!(answers.iter().all_equal(), "{answers:?}");
    answers[0].clone()
}

/// Two pods that use what they should, one more on a user's command, and room for no fourth one.
fn busy_newcomer(per: &str) -> Loaded {
    let range = format!("per: {per}, range: 0m..2000m, initial: 1000m, changes: never");
    let more = "  commands: [{scale: {target: web, replicas: 3}}]\n  bound: 4\n";
    load(&[WEB.to_owned(), autoscaler(1000, 4), scenario(3, &range, more)])
}

#[test]
fn a_pod_that_comes_brings_a_load_of_its_own() {
    assert_eq!(answers(&busy_newcomer("pod")), Answer::Holds);
    assert_eq!(answers(&busy_newcomer("eachPod")), Answer::Violated("pods-schedulable".to_owned(), 2));
}

#[test]
fn usage_is_added_up_before_it_is_read_in_every_interleaving() {
    for (interleaving, k) in [(Interleaving::Racing, Some(2)), (Interleaving::Async, None)] {
        let mut loaded = busy_newcomer("eachPod");
        interleave(&mut loaded, interleaving);
        match (answers(&loaded), k) {
            (Answer::Violated(_, found), Some(k)) => assert_eq!(found, k),
            (Answer::Violated(_, found), None) => assert!(found > 0),
            (Answer::Holds, _) => panic!("{interleaving:?}"),
        }
    }
}

#[test]
fn what_equal_loads_break_independent_ones_break_too() {
    for id in ["c3", "w2", "w4"] {
        let k = |per: LoadPer| {
            let mut loaded = load_case(id, 3, false);
            loaded.spec.scenario.loads.iter_mut().for_each(|load| load.per = per);
            match answers(&loaded) {
                Answer::Violated(_, k) => k,
                Answer::Holds => panic!("{id} is violated"),
            }
        };
        assert!(k(LoadPer::EachPod) <= k(LoadPer::Pod), "{id}");
    }
}

/// Pods of `web` that share a load, as far as each may, with room for three of them.
fn shared(limit: &str) -> Loaded {
    let range = format!("per: deployment, range: 4000m..4000m{limit}, changes: never");
    load(&[WEB.to_owned(), autoscaler(1000, 6), scenario(3, &range, "  bound: 2\n")])
}

#[test]
fn a_pod_that_shares_a_load_uses_no_more_than_its_limit() {
    assert_eq!(answers(&shared("")), Answer::Violated("pods-schedulable".to_owned(), 1));
    assert_eq!(answers(&shared(", atMost: 1000m")), Answer::Holds);
}

/// Two pods have enough to do; of four that share the load, two of which are being deleted, the others seem to be idle.
#[test]
fn ready_pods_share_a_load_while_they_are_being_deleted() {
    let small = |samples: &str| {
        let range = format!("per: deployment, range: 1500m..1500m, changes: never, samples: {samples}");
        let properties = "  properties: [{name: expected-replicas, value: 2}]\n";
        let text = scenario(9, &range, "  sizes: [{target: web, replicas: 4}]\n  bound: 4\n");
        let mut loaded = load(&[
            WEB.to_owned(),
            autoscaler(1000, 4),
            text.replace("  properties: [pods-schedulable]\n", properties),
        ]);
        interleave(&mut loaded, Interleaving::Async);
        answers(&loaded)
    };
    assert_eq!(small("started"), Answer::Holds);
    assert!(matches!(small("ready"), Answer::Violated(property, _) if property == "expected-replicas"));
}

/// Three pods have enough to do, two have too much: while the third one is initialising, the others seem to have too little.
#[test]
fn autoscalers_overlook_pods_that_are_initialising() {
    let turns_round = |flags: &str| {
        let more = format!("  controllers: {{hpa: {flags}}}\n  bound: 4\n");
        let text = scenario(9, "per: deployment, range: 2500m..2500m, changes: never", &more);
        let properties = "properties: [{name: no-replica-oscillation, threshold: 1}]";
        answers(&load(&[
            WEB.to_owned(),
            autoscaler(1000, 4),
            text.replace("properties: [pods-schedulable]", properties),
        ]))
    };
    assert_eq!(turns_round("true"), Answer::Holds);
    let broken = turns_round("{cpuInitializationPeriod: 5m}");
    assert!(matches!(&broken, Answer::Violated(property, _) if property == "no-replica-oscillation"), "{broken:?}");
}
