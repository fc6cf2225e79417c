//! What a project settles once: its configuration, what it ignores with a reason, and what a baseline knows. What does not
//! count must hide nothing that does.

#[path = "support/ran.rs"]
mod ran;
#[path = "reports/sarif.rs"]
mod sarif;
#[path = "config/schema.rs"]
mod schema;

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use ran::{Ran, kubound};

fn check(directory: &TempDir, arguments: &[&str]) -> Ran {
    let all = ["check", "cluster.yaml", "--engine", "explicit", "--property", "pods-schedulable"];
    kubound(directory.path(), &[&all, arguments].concat())
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A node with one core.
const NODE: &str = "apiVersion: v1
kind: Node
metadata: {name: only}
status: {allocatable: {cpu: 1, memory: 1Gi, pods: 110}}
";

/// A Deployment of pods that ask for a core each, with what its annotation ignores.
fn deployment(name: &str, replicas: u32, ignored: &str) -> String {
    let annotations = match ignored {
        "" => String::new(),
        _ => format!("\n  annotations:\n    kubound.dev/ignore: \"{ignored}\""),
    };
    format!(
        "---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}{annotations}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{containers: [{{name: main, image: x, resources: {{requests: {{cpu: 1}}}}}}]}}
"
    )
}

fn directory(workloads: &[String]) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    // Nothing above belongs to the test.
    fs::create_dir(directory.path().join(".git")).expect("made");
    write(&directory, "cluster.yaml", &(NODE.to_owned() + &workloads.concat()));
    directory
}

fn write(directory: &TempDir, name: &str, text: &str) {
    let path = directory.path().join(name);
    fs::create_dir_all(path.parent().expect("a directory")).expect("made");
    fs::write(path, text).expect("written");
}

const IGNORED: &str = "pods-schedulable=bought next week";

/// Property, subject, verdict and what is to be made of it, of each result.
fn results(document: &Value) -> Vec<String> {
    let results = document["results"].as_array().expect("results").iter();
    let shown = results.map(|it| {
        let ignored = if it["ignored"].is_null() { "" } else { " ignored" };
        let novelty = it["baseline"].as_str().map_or(String::new(), |it| format!(" {it}"));
        let text = |field: &str| it[field].as_str().expect("a text").to_owned();
        format!("{}: {}{ignored}{novelty}", text("subject"), text("verdict"))
    });
    let mut shown: Vec<String> = shown.collect();
    shown.sort();
    shown
}

#[test]
fn what_is_ignored_hides_nothing_that_counts() {
    for order in [["web", "api"], ["api", "web"]] {
        let ignored = |name: &str| if name == "web" { IGNORED } else { "" };
        let directory = directory(&order.map(|name| deployment(name, 2, ignored(name))));
        for focus in ["auto", "on", "off"] {
            let ran = check(&directory, &["--format", "json", "--focus", focus]);
            assert_eq!(ran.code, 1, "{}", ran.err);
            assert_eq!(results(&json(&ran.out)), ["api: violated", "web: violated ignored"], "{order:?} {focus}");
        }
    }
}

#[test]
fn where_all_is_ignored_the_check_passes_and_tells_each() {
    let directory = directory(&["web", "api", "shop"].map(|name| deployment(name, 2, IGNORED)));
    for focus in ["on", "off"] {
        let ran = check(&directory, &["--format", "json", "--focus", focus]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        let expected = ["api: violated ignored", "shop: violated ignored", "web: violated ignored"];
        let document = json(&ran.out);
        let apart: Vec<String> = results(&document);
        assert!(apart == expected || apart == ["web, api, shop: violated ignored"], "{focus}: {apart:?}");
        assert_eq!(document["results"][0]["ignored"]["reason"].as_str().map(|it| it.contains("bought")), Some(true));
    }
    let text = check(&directory, &[]);
    assert!(
        text.out.contains("~ pods-schedulable") && text.out.contains("bought next week (cluster.yaml:"),
        "{}",
        text.out
    );
    assert!(!text.out.contains("Insufficient cpu"), "no story of what does not count: {}", text.out);
}

#[test]
fn an_annotation_that_is_needed_no_more_is_told() {
    let directory = directory(&[deployment("web", 1, IGNORED)]);
    let ran = check(&directory, &[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("ignored, though it holds") && ran.out.contains("the annotation can go"), "{}", ran.out);
}

#[test]
fn annotations_that_mean_nothing_are_warnings_at_their_places() {
    for (value, told) in [
        ("pods-schedulabel=x", "cluster.yaml:11:25: warning: there is no property `pods-schedulabel`"),
        ("pods-schedulable", "is ignored for no reason"),
        ("*=x", "name each of them"),
        ("no-replica-oscillation=x", "no-replica-oscillation is ignored, but it does not apply"),
    ] {
        let directory = directory(&[deployment("web", 2, value)]);
        let ran = kubound(directory.path(), &["check", "cluster.yaml", "--engine", "explicit", "--all"]);
        assert_eq!(ran.code, 1, "{value}: {}", ran.err);
        assert!(ran.err.contains(told), "{value}: {}", ran.err);
    }
}

#[test]
fn annotations_of_autoscalers_and_budgets_are_about_their_workloads() {
    let autoscaler = "---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web-scaler, annotations: {kubound.dev/ignore: pods-schedulable=x}}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 2, maxReplicas: 2}
";
    let budget = "---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web-budget, annotations: {kubound.dev/ignore: pods-schedulable=x}}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
";
    for object in [autoscaler, budget] {
        let directory = directory(&[deployment("web", 2, ""), object.to_owned()]);
        let ran = check(&directory, &["--format", "json"]);
        assert_eq!((ran.code, results(&json(&ran.out))), (0, vec!["web: violated ignored".to_owned()]), "{}", ran.err);
    }
}

#[test]
fn a_configuration_is_found_and_the_command_line_wins() {
    let directory = directory(&[deployment("web", 2, "")]);
    let rule = "ignore:\n- {property: pods-schedulable, about: 'w*', reason: known}\n";
    write(&directory, ".kubound.yaml", &format!("properties: [pods-schedulable]\nengine: explicit\nbound: 2\n{rule}"));
    write(&directory, "inner/cluster.yaml", &(NODE.to_owned() + &deployment("web", 2, "")));
    let arguments = ["check", "cluster.yaml", "--format", "json"];
    let inner = directory.path().join("inner");
    for (place, file) in [(directory.path(), ".kubound.yaml"), (inner.as_path(), "../.kubound.yaml")] {
        let ran = kubound(place, &arguments);
        let document = json(&ran.out);
        assert_eq!((ran.code, results(&document)), (0, vec!["web: violated ignored".to_owned()]), "{}", ran.err);
        assert!(ran.err.contains(&format!("using {file}")), "{}", ran.err);
        assert_eq!(
            (&document["results"][0]["config"], &document["results"][0]["engine"]),
            (&file.into(), &"explicit".into())
        );
        assert_eq!(document["results"][0]["ignored"]["by"], "configuration");
    }
    let ran = kubound(directory.path(), &[&arguments[..], &["--no-config", "--property", "pods-schedulable"]].concat());
    assert_eq!(ran.code, 1);
    assert!(!ran.err.contains("using"), "{}", ran.err);
    let ran = kubound(directory.path(), &[&arguments[..], &["--property", "settles", "--bound", "1"]].concat());
    assert_eq!((ran.code, &json(&ran.out)["results"][0]["property"]), (0, &"settles".into()), "{}", ran.err);
    write(&directory, "elsewhere.yaml", "properties: [settles]\n");
    let ran = kubound(directory.path(), &[&arguments[..], &["--config", "elsewhere.yaml"]].concat());
    assert_eq!((ran.code, &json(&ran.out)["results"][0]["property"]), (0, &"settles".into()), "{}", ran.err);
}

#[test]
fn scenarios_of_configurations_are_for_inputs_without_one() {
    let directory = directory(&[deployment("web", 2, "")]);
    let scenario = "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  bound: 7\n  properties: [settles]\n";
    write(&directory, "scenarios/one.yaml", scenario);
    let arguments = ["check", "cluster.yaml", "--engine", "explicit", "--format", "json"];
    for config in ["scenario: scenarios/one.yaml\n", "scenario:\n  bound: 7\n  properties: [settles]\n"] {
        write(&directory, ".kubound.yaml", config);
        let ran = kubound(directory.path(), &arguments);
        let document = json(&ran.out);
        assert_eq!((ran.code, document["results"].as_array().map(Vec::len)), (0, Some(1)), "{}", ran.err);
        assert_eq!(document["results"][0]["property"], "settles");
        assert!(!ran.err.contains("no scenario given"), "{}", ran.err);
        let shown = kubound(directory.path(), &["simulate", "cluster.yaml", "--blocks", "1"]);
        assert_eq!(shown.code, 0, "{}", shown.err);
    }
    write(&directory, ".kubound.yaml", "scenario:\n  bound: 7\n  properties: [settle]\n");
    let ran = kubound(directory.path(), &arguments);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains(".kubound.yaml:3:16: error: there is no property `settle`"), "{}", ran.err);
    write(&directory, "cluster.yaml", &(NODE.to_owned() + &deployment("web", 2, "") + "---\n" + scenario));
    let ran = kubound(directory.path(), &arguments);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("the input has a Scenario of its own"), "{}", ran.err);
}

#[test]
fn traces_remember_the_configuration_whose_scenario_they_need() {
    let directory = directory(&[deployment("web", 2, "")]);
    write(&directory, ".kubound.yaml", "scenario: {bound: 3, properties: [pods-schedulable]}\n");
    let ran =
        kubound(directory.path(), &["check", "cluster.yaml", "-q", "--engine", "explicit", "--save-trace", "t.json"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let again = kubound(directory.path(), &["replay", "t.json"]);
    assert_eq!(again.code, 1, "{}{}", again.out, again.err);
    assert!(!again.err.contains("not the input"), "{}", again.err);
}

#[test]
fn bad_configurations_are_errors_in_every_format() {
    let directory = directory(&[deployment("web", 2, "")]);
    for (text, told) in [
        ("bound: many\n", ".kubound.yaml:1:8"),
        ("propertys: [settles]\n", "unknown field `propertys`"),
        ("ignore: [{property: settles}]\n", "missing field `reason`"),
        ("timeout: [\n", "not valid YAML"),
        ("scenario: nowhere.yaml\n", "cannot read nowhere.yaml"),
    ] {
        write(&directory, ".kubound.yaml", text);
        for command in ["check", "repair", "simulate", "show"] {
            let ran = kubound(directory.path(), &[command, "cluster.yaml"]);
            assert_eq!(ran.code, 2, "{command} {text}");
            assert!(ran.err.contains(told), "{command} {text}: {}", ran.err);
        }
        let document = json(&check(&directory, &["--format", "json"]).out);
        assert_eq!(document["diagnostics"][0]["severity"], "error", "{text}");
    }
    let ran = check(&directory, &["--config", "nowhere.yaml"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("cannot read nowhere.yaml"), "{}", ran.err);
    assert_eq!(kubound(directory.path(), &["check", "--case", "c1", "--config", ".kubound.yaml"]).code, 2);
}

#[test]
fn what_a_baseline_knows_hides_nothing_that_is_new() {
    let before = directory(&[deployment("web", 2, ""), deployment("old", 2, "")]);
    let ran = check(&before, &["--format", "json", "--all", "--focus", "on"]);
    assert_eq!(ran.code, 1);
    let now = directory(&[deployment("web", 2, ""), deployment("api", 2, "")]);
    write(&now, "baseline.json", &ran.out);
    for focus in ["auto", "off"] {
        let ran = check(&now, &["--format", "json", "--focus", focus, "--baseline", "baseline.json"]);
        assert_eq!(ran.code, 1, "{}", ran.err);
        let document = json(&ran.out);
        assert_eq!(results(&document), ["api: violated new", "web: violated known"], "{focus}");
        let count = |what: &str| document["baseline"][what].as_array().map(Vec::len);
        assert_eq!([count("known"), count("new"), count("gone"), count("open")], [Some(1), Some(1), Some(1), Some(0)]);
    }
    let text = check(&now, &["--baseline", "baseline.json"]);
    assert!(text.out.contains("1 of the baseline is gone: pods-schedulable (old)"), "{}", text.out);
    write(&now, "cluster.yaml", &(NODE.to_owned() + &deployment("web", 2, "")));
    assert_eq!(check(&now, &["--baseline", "baseline.json"]).code, 0);
    write(&now, "cluster.yaml", &(NODE.to_owned() + &deployment("web", 1, "")));
    let repaired = check(&now, &["--baseline", "baseline.json"]);
    assert_eq!(repaired.code, 0, "{}", repaired.err);
    assert!(repaired.out.contains("2 of the baseline are gone"), "{}", repaired.out);
}

#[test]
fn a_baseline_may_be_saved_traces_and_nothing_else() {
    let directory = directory(&[deployment("web", 2, "")]);
    assert_eq!(check(&directory, &["--save-trace", "traces.json"]).code, 1);
    assert_eq!(check(&directory, &["--baseline", "traces.json"]).code, 0);
    for (text, told) in [("", "not JSON"), ("{}", "no answer of `kubound check`"), ("[1, 2]", "no answer")] {
        write(&directory, "bad.json", text);
        let ran = check(&directory, &["--baseline", "bad.json"]);
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains("bad.json") && ran.err.contains(told), "{text}: {}", ran.err);
    }
    assert_eq!(check(&directory, &["--baseline", "nowhere.json"]).code, 2);
    assert_eq!(kubound(directory.path(), &["check", "--case", "all", "--baseline", "traces.json"]).code, 2);
}

#[test]
fn what_is_not_decided_is_unknown_though_it_is_ignored() {
    let directory = directory(&[deployment("web", 2, IGNORED)]);
    let ran = check(&directory, &["--timeout", "0s"]);
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
}

#[test]
fn code_scanning_is_told_of_suppressions_and_of_what_is_absent() {
    let now = directory(&[deployment("web", 2, IGNORED), deployment("api", 2, "")]);
    let before = directory(&[deployment("api", 2, ""), deployment("old", 2, "")]);
    write(&now, "baseline.json", &check(&before, &["--format", "json", "--all", "--focus", "on"]).out);
    let ran = check(&now, &["--format", "sarif", "--baseline", "baseline.json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let log = json(&ran.out);
    assert_eq!(sarif::problems(&log), Vec::<String>::new());
    let results = log["runs"][0]["results"].as_array().expect("results");
    let states: Vec<&Value> = results.iter().map(|it| &it["baselineState"]).collect();
    assert_eq!(states, [&Value::from("unchanged"), &Value::Null, &Value::from("absent")]);
    let suppression = &results[1]["suppressions"][0];
    assert_eq!((&suppression["kind"], &suppression["justification"]), (&"inSource".into(), &"bought next week".into()));
    assert_eq!(suppression["location"]["physicalLocation"]["region"]["startLine"], 11);
    let fingerprint = results[0]["partialFingerprints"]["violation/v1"].as_str();
    let same = json(&check(&now, &["--format", "json", "--baseline", "baseline.json"]).out);
    assert_eq!(same["baseline"]["known"][0].as_str(), fingerprint);
}

#[test]
fn repairs_leave_what_is_ignored() {
    let directory = directory(&[deployment("web", 2, IGNORED)]);
    write(&directory, ".kubound.yaml", "properties: [pods-schedulable]\n");
    let scenario =
        "---\napiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec: {properties: [pods-schedulable, settles]}\n";
    let text = fs::read_to_string(directory.path().join("cluster.yaml")).expect("there") + scenario;
    write(&directory, "cluster.yaml", &text);
    let ran = kubound(directory.path(), &["repair", "cluster.yaml", "--format", "json"]);
    assert_eq!((ran.code, &json(&ran.out)["ending"]), (0, &"holds".into()), "{}", ran.err);
}

/// All documents of the snapshots that are JSON.
fn documents() -> Vec<(String, Value)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("snapshots") {
        let path = entry.expect("a file").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if name.ends_with(".json.snap") {
            let text = fs::read_to_string(&path).expect("a text");
            found.push((name, json(text.splitn(3, "---\n").nth(2).expect("a snapshot"))));
        }
    }
    found
}

#[test]
fn every_answer_in_json_is_what_its_schema_says() {
    let ran = kubound(Path::new("/"), &["schema", "json"]);
    let schema = json(&ran.out);
    let documents = documents();
    assert!(documents.len() > 15, "{}", documents.len());
    for (name, document) in &documents {
        assert_eq!(schema::problems(&schema, document), Vec::<String>::new(), "{name}");
    }
    let strange = serde_json::json!({"schema": "kubound/v1", "results": [{"verdict": 3}]});
    assert!(!schema::problems(&schema, &strange).is_empty());
    let repaired =
        kubound(Path::new(env!("CARGO_MANIFEST_DIR")), &["repair", "examples/c2-violating", "--format", "json"]);
    assert_eq!(schema::problems(&schema, &json(&repaired.out)), Vec::<String>::new());
}

#[test]
fn schemas_are_written_for_editors() {
    let directory = directory(&[deployment("web", 2, "")]);
    let config = json(&kubound(directory.path(), &["schema", "config"]).out);
    let fields = config["properties"].as_object().expect("fields");
    for field in ["scenario", "properties", "bound", "timeout", "memory", "interleaving", "engine", "ignore"] {
        assert!(fields.contains_key(field), "{field}");
    }
    assert_eq!(kubound(directory.path(), &["schema", "-o", "scenario.schema.json"]).code, 0);
    let written = fs::read_to_string(directory.path().join("scenario.schema.json")).expect("written");
    assert_eq!(json(&written)["title"], "Scenario");
    let ran = kubound(directory.path(), &["init", "cluster.yaml", "--schema", "scenario.schema.json", "-o", "s.yaml"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let text = fs::read_to_string(directory.path().join("s.yaml")).expect("written");
    assert_eq!(text.lines().next(), Some("# yaml-language-server: $schema=scenario.schema.json"));
    assert_eq!(kubound(directory.path(), &["show", "cluster.yaml", "s.yaml"]).code, 0);
}
