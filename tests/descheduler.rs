//! The descheduler in the model of a whole cluster: what it evicts is made and placed again, and goes round in a circle or
//! not, on both engines alike.

use kubound::engine::explicit::Explicit;
use kubound::engine::smt::Smt;
use kubound::engine::{Budget, Engine, Silent, Verdict};
use kubound::input::{LoadOptions, load_strings};
use kubound::model::build;
use kubound::property::Selection;
use kubound::system::{PropertyId, replay};

/// Four pods of one core, and nodes of four.
const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 4\n  \
                   selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      \
                   containers:\n      - {name: a, image: a, resources: {requests: {cpu: \"1\", memory: 1Gi}}}\n";

/// A scheduler that packs pods.
const PACKING: &str = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nprofiles:\n\
                       - pluginConfig:\n  - name: NodeResourcesFit\n    \
                       args: {scoringStrategy: {type: MostAllocated, resources: [{name: cpu, weight: 1}]}}\n  \
                       plugins: {score: {disabled: [{name: \"*\"}], enabled: [{name: NodeResourcesFit, weight: 1}]}}\n";

fn policy(limits: &str, plugin: &str, point: &str, arguments: &str) -> String {
    format!(
        "apiVersion: descheduler/v1alpha2\nkind: DeschedulerPolicy\n{limits}profiles:\n- name: p\n  pluginConfig:\n  \
         - name: {plugin}\n    args: {arguments}\n  plugins: {{{point}: {{enabled: [{plugin}]}}}}\n"
    )
}

fn nodes(pools: &[(&str, usize, &str)]) -> String {
    let pool = |(name, count, more): &(&str, usize, &str)| {
        let offers = "allocatable: {cpu: \"4\", memory: 16Gi, pods: \"110\"}";
        format!("  - {{name: {name}, count: {count}, template: {{{offers}{more}}}}}\n")
    };
    let pools: String = pools.iter().map(pool).collect();
    format!(
        "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nmetadata: {{name: s}}\nspec:\n  nodePools:\n{pools}  \
         properties: [no-eviction-loop]\n"
    )
}

/// The k of a shortest eviction loop, the same on both engines.
fn eviction_loop(texts: &[&str]) -> Option<u32> {
    let named: Vec<(String, &str)> = texts.iter().enumerate().map(|(at, text)| (format!("{at}.yaml"), *text)).collect();
    let named: Vec<(&str, &str)> = named.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    let loaded = load_strings(&named, LoadOptions::default()).unwrap_or_else(|errors| panic!("{errors}"));
    let model = build(&loaded.spec, &Selection::of(&loaded.spec.scenario.properties)).expect("a model");
    let properties: Vec<PropertyId> = (0..model.system.properties.len()).map(PropertyId).collect();
    let found = [&Explicit as &dyn Engine, &Smt::default()].map(|engine| {
        match engine.check(&model.system, &properties, &Budget::bound(3), &Silent).verdict {
            Verdict::Holds(_) => None,
            Verdict::Violated { property, trace, k, .. } => {
                let run = replay(&model.system, &trace, model.system.property(property));
                assert_eq!(run.map(|run| run.k()), Ok(k), "{}: the trace replays", engine.name());
                Some(k)
            }
            Verdict::Unknown { reason, .. } => panic!("{}: {reason:?}", engine.name()),
        }
    });
    assert_eq!(found[0], found[1], "the engines agree");
    found[0]
}

#[test]
fn low_node_utilization_spreads_what_the_scheduler_packs() {
    let arguments = |target: u32| format!("{{thresholds: {{cpu: 20}}, targetThresholds: {{cpu: {target}}}}}");
    let policy = |target: u32| policy("", "LowNodeUtilization", "balance", &arguments(target));
    let cluster = nodes(&[("worker", 3, "")]);
    assert_eq!(eviction_loop(&[WEB, PACKING, &policy(50), &cluster]), Some(1));
    assert_eq!(eviction_loop(&[WEB, PACKING, &policy(100), &cluster]), None);
}

#[test]
fn pods_come_back_to_a_node_that_they_only_prefer_to_avoid() {
    let taint = ", taints: [{key: a, effect: PreferNoSchedule}]";
    let cluster = nodes(&[("soft", 2, taint), ("plain", 1, ", labels: {pool: plain}")]);
    let more = WEB.replace("replicas: 4", "replicas: 5");
    let policy = |limits: &str, include: bool| {
        let arguments = format!("{{includePreferNoSchedule: {include}}}");
        policy(limits, "RemovePodsViolatingNodeTaints", "deschedule", &arguments)
    };
    assert_eq!(eviction_loop(&[&more, &policy("", true), &cluster]), Some(1));
    assert_eq!(eviction_loop(&[&more, &policy("", false), &cluster]), None);
    let limit = |most: u32| format!("maxNoOfPodsToEvictPerNode: {most}\n");
    assert_eq!(eviction_loop(&[&more, &policy(&limit(1), true), &cluster]), Some(1));
    assert_eq!(eviction_loop(&[&more, &policy(&limit(0), true), &cluster]), None);
}
