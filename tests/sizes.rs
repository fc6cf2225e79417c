//! One query about many sizes says what checks of each size say, and is not asked where a size is more than numbers of nodes
//! and replicas.

mod reductions {
    pub mod clusters;
}
mod support;

use assert_cmd::Command;
use kubound::check::family::upward;
use kubound::engine::explicit::Explicit;
use kubound::engine::{Budget, Engine, Extent, Silent, Verdict};
use kubound::input::{Family, LoadOptions, load_strings};
use kubound::model::build;
use kubound::property::{NAMES, Selection};
use kubound::reduce::reduce;
use kubound::system::PropertyId;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

type Files<'a> = Vec<(&'a str, String)>;

/// What `kubound check` says of each property: the name and what it knows of the family.
fn search(files: &Files<'_>, arguments: &[&str]) -> Vec<(String, Value)> {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).expect("written");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubound"));
    command.args(["check", "--all", "--format", "json", "--engine", "explicit"]).args(arguments).arg(directory.path());
    let output = command.output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let document: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let results = document["results"].as_array().expect("results");
    results.iter().map(|it| (it["property"].as_str().expect("a name").to_owned(), it["family"].clone())).collect()
}

/// The members, if there is more than one.
fn family(files: &Files<'_>) -> Option<Family> {
    let texts: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let loaded = load_strings(&texts, LoadOptions::default()).unwrap_or_else(|errors| panic!("{errors}"));
    loaded.family.filter(|family| family.dimensions().iter().any(|it| it.min < it.max))
}

/// What a check of one member alone says of the properties of a name: `None` if it breaks one, else whether that is for good.
fn alone(family: &Family, size: &[i64], name: &str) -> Option<bool> {
    let spec = family.member(size).unwrap_or_else(|errors| panic!("{errors}"));
    let model = build(&spec, &Selection::of(&spec.scenario.properties)).expect("it can be modelled");
    let named = (0..model.system.properties.len()).map(PropertyId).filter(|&id| model.system.property(id).name == name);
    let reduction = reduce(&model.system, &model.parts, &named.collect::<Vec<PropertyId>>());
    let system = reduction.slice.system;
    let all: Vec<PropertyId> = (0..system.properties.len()).map(PropertyId).collect();
    match Explicit.check(&system, &all, &Budget::bound(spec.scenario.bound), &Silent).verdict {
        Verdict::Holds(extent) => Some(matches!(extent, Extent::Complete(_))),
        Verdict::Violated { .. } => None,
        Verdict::Unknown { reason, .. } => panic!("{name} is undecided: {reason:?}"),
    }
}

/// Compares a search with checks of each size up to the smallest that breaks a property; how many sizes one query covered.
fn compare(files: &Files<'_>, what: &str) -> u64 {
    let Some(members) = family(files) else { return 0 };
    let sizes = upward(members.dimensions(), |size| members.total(size));
    let mut covered = 0;
    for (name, found) in search(files, &[]) {
        assert!(NAMES.contains(&name.as_str()));
        let smallest = sizes.iter().position(|size| alone(&members, size, &name).is_none());
        let said = found["smallest_violating"].as_object().map(|named| {
            let of = |it: &kubound::input::Dimension| named[&it.name].as_i64().expect("a size");
            members.dimensions().iter().map(of).collect::<Vec<i64>>()
        });
        assert_eq!(said.as_ref(), smallest.map(|index| &sizes[index]), "{what}, {name}: {found}");
        let runs = found["coverage"].as_array().expect("runs");
        let count = |run: &Value| run["count"].as_u64().expect("a count") as usize;
        let held: usize =
            runs.iter().filter(|run| run["standing"] == "proved" || run["standing"] == "bounded").map(count).sum();
        assert_eq!(held, smallest.unwrap_or(sizes.len()), "{what}, {name}: {found}");
        covered += found["one_query"]["count"].as_u64().unwrap_or(0);
    }
    covered
}

/// Why sizes were checked one by one.
fn reason(files: &Files<'_>) -> String {
    let found = search(files, &[]);
    found[0].1["one_query"]["reason"].as_str().unwrap_or_default().to_owned()
}

/// A Deployment of pods of one core each, and whatever else belongs into its pods.
fn web(replicas: i64, pod: &str) -> (&'static str, String) {
    let text = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: {replicas}\n  \
         selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n{pod}      \
         containers: [{{name: web, image: x, resources: {{requests: {{cpu: 1, memory: 1Gi}}}}}}]\n"
    );
    ("web.yaml", text)
}

/// Nodes of two cores each; lines of the spec before and after the pools.
fn scenario(before: &str, count: &str, after: &str) -> (&'static str, String) {
    let text = format!(
        "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n{before}  nodePools:\n  - name: worker\n    \
         count: {count}\n    template: {{allocatable: {{cpu: 2, memory: 8Gi, pods: 5}}}}\n{after}"
    );
    ("scenario.yaml", text)
}

#[test]
fn sizes_that_all_hold_are_one_query() {
    let files = vec![web(4, ""), scenario("", "{min: 2, max: 9}", "  properties: [pods-schedulable]\n")];
    assert_eq!(compare(&files, "eight sizes"), 7);
    let (_, family) = search(&files, &["--no-reduce"]).remove(0);
    assert_eq!(family["one_query"]["reason"], "nodes are told apart (--no-reduce)");
    assert_eq!((&family["decided"], &family["coverage"][0]["standing"]), (&8.into(), &"proved".into()));
}

#[test]
fn failures_and_two_pools_are_one_query() {
    let spot = "  - name: spot\n    count: {min: 1, max: 3}\n    template: {labels: {spot: a}, allocatable: {cpu: 2, memory: 8Gi}}\n";
    let after = format!("{spot}  failures: {{pool: spot, atMost: 1}}\n  properties: [pods-schedulable, settles]\n");
    let files = vec![web(3, ""), scenario("", "{min: 1, max: 3}", &after)];
    assert!(compare(&files, "two pools") > 0);
}

#[test]
fn the_smallest_size_that_fails_is_found_by_few_queries() {
    let base = "  - name: base\n    count: 4\n    template: {allocatable: {cpu: 2, memory: 8Gi}}\n";
    let after = format!("{base}  sizes:\n  - {{target: web, replicas: 3 * scale}}\n  properties: [pods-schedulable]\n");
    let files = vec![web(1, ""), scenario("  scale: {min: 1, max: 14}\n", "scale", &after)];
    // Room for 8 + 2 * scale pods: from 9 on there are more.
    assert_eq!(compare(&files, "growing demand"), 7);
}

#[test]
fn what_reads_the_number_of_nodes_is_no_query_or_a_right_one() {
    let spread = |key: &str, more: &str| {
        format!(
            "      topologySpreadConstraints:\n      - {{maxSkew: 1, {more}topologyKey: {key}, whenUnsatisfiable: DoNotSchedule, \
             labelSelector: {{matchLabels: {{app: web}}}}}}\n"
        )
    };
    let plain = || scenario("", "{min: 2, max: 6}", "  properties: [pods-schedulable]\n");
    let domains = |least: u32| spread("kubernetes.io/hostname", &format!("minDomains: {least}, "));
    assert_eq!(compare(&vec![web(2, &domains(4)), plain()], "minDomains, all sizes but three"), 3);
    let files = vec![web(2, &domains(6)), plain()];
    assert_eq!(compare(&files, "minDomains, the largest size only"), 0);
    assert_eq!(reason(&files), "some of them have fewer domains than minDomains");
    let files = vec![web(4, &spread("kubernetes.io/hostname", "")), plain()];
    assert!(compare(&files, "spread over nodes") > 0);

    let (name, text) = plain();
    let other = "  - name: other\n    count: {min: 0, max: 2}\n    template: {labels: {zone: b}, allocatable: {cpu: 1, memory: 8Gi}}\n";
    let zoned = text.replace("{allocatable", "{labels: {zone: a}, allocatable");
    let zoned = zoned.replace("  properties", &format!("{other}  properties"));
    let files = vec![web(2, &spread("zone", "")), (name, zoned.clone())];
    assert!(compare(&files, "zones") > 0);
    let files = vec![web(2, &spread("zone", "")), (name, zoned.replace("min: 2", "min: 1"))];
    assert!(compare(&files, "zones of one node or more") > 0);

    let any = scenario("", "{min: 2, max: 5}", "  failures: {atMost: any}\n  properties: [settles]\n");
    let files = vec![web(2, ""), any];
    assert_eq!(compare(&files, "any number of failures"), 0);
    assert_eq!(reason(&files), "more than numbers of nodes and replicas depends on it");
}

#[test]
fn certificates_are_of_the_one_query_too() {
    let files =
        vec![web(4, ""), scenario("", "{min: 2, max: 9}", "  failures: {atMost: 1}\n  properties: [settles]\n")];
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in &files {
        std::fs::write(directory.path().join(name), text).expect("written");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubound"));
    let arguments = ["check", "--format", "json", "--engine", "sat", "--certify", "--bound", "2"];
    let output = command.args(arguments).arg(directory.path()).output().expect("it runs");
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let result = &document["results"][0];
    assert_eq!((&result["verdict"], &result["family"]["one_query"]["count"]), (&"holds".into(), &7.into()), "{result}");
    assert!(result["certificate"]["refuted"].is_u64(), "{result}");
}

/// The files of a random cluster with a range for each pool, from one node to as many as it has.
fn opened(files: Files<'static>) -> Files<'static> {
    let open = |(name, text): (&'static str, String)| {
        let ranges = (1..=3).fold(text, |text, count| {
            text.replace(&format!("count: {count}, template"), &format!("count: {{min: 1, max: {count}}}, template"))
        });
        (name, ranges + if name == "scenario.yaml" { "  bound: 2\n" } else { "" })
    };
    files.into_iter().map(open).collect()
}

#[test]
fn random_families_are_what_their_members_are() {
    let mut runner = TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() });
    let tried = runner.run(&reductions::clusters::sketch(), |sketch| {
        compare(&opened(sketch.files()), &format!("{sketch:?}"));
        Ok(())
    });
    tried.unwrap_or_else(|error| panic!("{error}"));
}
