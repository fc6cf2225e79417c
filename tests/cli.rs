//! The program as users call it: exit codes, what goes to standard output and to standard error.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;

const CASES: [&str; 8] = ["c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8"];
const WIDE_CASES: [&str; 4] = ["w1", "w2", "w3", "w4"];
const MANY_CASES: [&str; 6] = ["m1", "m2", "m3", "m4", "m5", "m6"];

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn kubound(arguments: &[&str]) -> Ran {
    kubound_with(arguments, "")
}

fn kubound_with(arguments: &[&str], input: &str) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubound"));
    let output = command.args(arguments).write_stdin(input).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn write(directory: &Path, name: &str, text: &str) -> PathBuf {
    let path = directory.join(name);
    std::fs::write(&path, text).expect("written");
    path
}

fn show(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn wrong_usage_exits_with_2() {
    for arguments in [
        &[][..],
        &["frobnicate"],
        &["check"],
        &["check", "--case", "c1", "some/path"],
        &["check", "some/path", "--scale", "3"],
        &["check", "--case", "c1", "--engine", "psychic"],
        &["check", "--case", "c1", "--property", "be-nice"],
        &["check", "--case", "c1", "--timeout", "soon"],
        &["check", "--case", "c1", "--memory", "2 parsecs"],
        &["check", "--case", "c1", "-q", "-v"],
        &["simulate", "--case", "c1", "--seed", "x"],
        &["check", "--case", "c1", "--certify", "--engine", "smt"],
        &["check", "--case", "c1", "--certify", "--engine", "explicit"],
        &["check", "--case", "c1", "--certify", "--sat-solver", "cadical"],
    ] {
        let ran = kubound(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}: {}", ran.err);
        assert!(!ran.err.is_empty());
    }
}

#[test]
fn impossible_cases_and_inputs_exit_with_2() {
    for (arguments, expected) in [
        (&["check", "--case", "c9"][..], "error: there is no case `c9`"),
        (&["check", "--case", "c1", "--scale", "0"], "error: a scale of 0 is not possible"),
        (&["check", "--case", "c1", "--scale", "9000000"], "error: a scale of 9000000"),
        (&["simulate", "--case", "all"], "error: `all`, `wide`, `many` and `failures` are for `check` only"),
        (&["check", "/does/not/exist"], "error: cannot read /does/not/exist"),
        (&["init", "/does/not/exist"], "error: cannot read /does/not/exist"),
        (&["replay", "/does/not/exist.json"], "error: /does/not/exist.json"),
    ] {
        let ran = kubound(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.err.starts_with(expected), "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn errors_in_manifests_are_shown_at_their_place_and_exit_with_2() {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: many\n";
    let ran = kubound_with(&["check", "-"], text);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.starts_with("-:5:13: error: spec.replicas"), "{}", ran.err);
    let ran = kubound_with(&["check", "-", "--format", "json"], text);
    let document = json(&ran.out);
    assert_eq!((ran.code, &document["schema"], &document["results"]), (2, &"kubound/v1".into(), &Value::Array(vec![])));
    assert_eq!(document["diagnostics"][0]["line"], 5);
}

#[test]
fn the_schema_is_json_and_describes_scenarios() {
    let ran = kubound(&["schema"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(json(&ran.out)["$defs"]["Load"].is_object(), "{}", ran.out);
}

#[test]
fn rules_are_listed_within_80_columns() {
    let ran = kubound(&["rules"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(ran.out.lines().all(|line| line.chars().count() <= 80), "{}", ran.out);
    let listed = json(&kubound(&["rules", "--format", "json"]).out);
    assert_eq!(listed["schema"], "kubound/v1");
    let ids: Vec<&str> = listed["rules"].as_array().expect("rules").iter().filter_map(|it| it["id"].as_str()).collect();
    assert!(ids.len() > 50 && ids.contains(&"scheduler/PodTopologySpread"), "{ids:?}");
    let lines: Vec<&str> = ran.out.lines().map(str::trim).collect();
    assert!(ids.iter().all(|id| lines.contains(id)), "{}", ran.out);
}

#[test]
fn a_rule_is_explained() {
    let explained = json(&kubound(&["explain", "scheduler/NodePorts", "--format", "json"]).out);
    let rule = &explained["rule"];
    assert_eq!((&rule["id"], &rule["version"]), (&"scheduler/NodePorts".into(), &"Kubernetes v1.34".into()));
    assert_eq!(rule["source"]["file"], "encodings/kube_scheduler/node_ports.rs");
    for id in ["scheduler/PodTopologySpread", "descheduler/NodeUtilization", "environment/load-of-each-pod"] {
        let text = kubound(&["explain", id]).out;
        assert!(text.starts_with(id) && text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
    let ours = json(&kubound(&["explain", "environment/load", "--format", "json"]).out);
    assert_eq!((&ours["rule"]["version"], &ours["rule"]["upstream"]), (&Value::Null, &serde_json::json!([])));
}

#[test]
fn a_rule_that_is_not_there_names_those_near_it() {
    for (wanted, near) in [
        ("PodTopologySpread", "scheduler/PodTopologySpread"),
        ("scheduler/nodeports", "scheduler/NodePorts"),
        ("hpa/stabilization", "hpa/stabilisation"),
    ] {
        let ran = kubound(&["explain", wanted]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{wanted}");
        let expected = format!("error: there is no rule {wanted}; near it: {near}, ");
        assert!(ran.err.starts_with(&expected), "{}", ran.err);
    }
}

#[test]
fn cases_are_listed_within_80_columns() {
    let ran = kubound(&["cases"]);
    assert_eq!(ran.code, 0);
    for id in CASES {
        assert!(ran.out.lines().any(|line| line.trim_start().starts_with(id)), "{}", ran.out);
    }
    assert!(ran.out.lines().all(|line| line.chars().count() <= 80), "{}", ran.out);
}

#[test]
fn emitted_cases_are_ordinary_manifests() {
    let directory = tempfile::tempdir().expect("a directory");
    let ran = kubound(&["cases", "--emit", show(directory.path()), "--scale", "4"]);
    let failures: Vec<&str> = kubound::cases::Suite::Failures.cases().map(|case| case.id).collect();
    let ids: Vec<&str> = CASES.into_iter().chain(WIDE_CASES).chain(MANY_CASES).chain(failures).collect();
    assert_eq!((ran.code, ran.out.lines().count()), (0, 2 * ids.len()), "{}", ran.err);
    for id in ids {
        for name in [id.to_owned(), format!("{id}-fixed")] {
            let case = directory.path().join(name);
            let scenario = ["scenario.yaml", "scenario.json"].into_iter().any(|name| case.join(name).is_file());
            assert!(case.join("README.md").is_file() && scenario);
            let ran = kubound(&["init", show(&case)]);
            let is_mended = kubound::cases::find(id).is_ok_and(|case| case.is_mended());
            assert!(ran.code == 0 && (ran.err.is_empty() || is_mended), "{id}: {}", ran.err);
        }
    }
}

#[test]
fn a_new_scenario_goes_with_its_manifests_and_overwrites_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let manifests = write(directory.path(), "web.yaml", include_str!("fixtures/web.yaml"));
    let scenario = directory.path().join("scenario.yaml");
    let arguments = ["init", show(&manifests), "--output", show(&scenario)];
    let first = kubound(&arguments);
    assert_eq!((first.code, first.out.as_str()), (0, ""), "{}", first.err);
    assert_eq!(kubound(&arguments).code, 2);
    let text = std::fs::read_to_string(&scenario).expect("a scenario");
    assert_eq!(kubound(&["init", show(&manifests)]).out, text);
    let ran = kubound(&["show", show(directory.path())]);
    assert!(ran.code == 0 && ran.out.contains("action kube-scheduler"), "{}", ran.err);
}

#[test]
fn results_are_json_with_the_documented_fields() {
    let ran = kubound(&["check", "--case", "c7", "--format", "json"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let document = json(&ran.out);
    let result = &document["results"][0];
    for field in [
        "case",
        "property",
        "verdict",
        "extent",
        "engine",
        "k",
        "seconds",
        "peak_memory_bytes",
        "states",
        "terms",
        "trace",
        "subject",
        "finding",
        "story",
    ] {
        assert!(!result[field].is_null(), "{field}: {result:#}");
    }
    assert_eq!((&document["schema"], &result["verdict"]), (&"kubound/v1".into(), &"violated".into()));
    assert_eq!((&result["finding"], &result["extent"]["kind"]), (&"loop".into(), &"bound".into()));
    let step = &result["trace"]["steps"][0];
    assert!(step["action"].is_string(), "{step}");
}

#[test]
fn stories_fit_80_columns_and_are_plain_when_piped() {
    let ran = kubound(&["check", "--case", "c7"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.out.starts_with("✗ no-eviction-loop (web): violated by a loop"), "{}", ran.out);
    assert!(ran.out.contains("here the loop begins") && !ran.out.contains('\u{1b}'), "{}", ran.out);
    assert!(ran.out.lines().all(|line| line.chars().count() <= 80), "{}", ran.out);
    let quiet = kubound(&["check", "--case", "c7", "-q"]);
    assert_eq!((quiet.code, quiet.out.lines().count(), quiet.err.as_str()), (1, 1, ""));
}

#[test]
fn a_saved_trace_replays_and_says_so_when_it_does_not() {
    let directory = tempfile::tempdir().expect("a directory");
    let kept = directory.path().join("trace.json");
    let ran = kubound(&["check", "--case", "c7", "-q", "--save-trace", show(&kept)]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let again = kubound(&["replay", show(&kept)]);
    assert_eq!((again.code, again.err.as_str()), (1, ""));
    assert!(again.out.contains("violates it"), "{}", again.out);
    kubound(&["cases", "--emit", show(directory.path())]);
    let fixed = directory.path().join("c7-fixed");
    let ran = kubound(&["replay", show(&kept), show(&fixed)]);
    assert_eq!(ran.code, 3, "{}", ran.out);
    assert!(ran.out.contains("no counterexample here") && ran.err.contains("not the input"), "{} {}", ran.out, ran.err);
    let broken = write(directory.path(), "broken.json", "{\"results\": []}");
    assert_eq!(kubound(&["replay", show(&broken)]).code, 2);
}

#[test]
fn the_same_seed_walks_the_same_run() {
    let walk = |seed: &str| kubound(&["simulate", "--case", "c4", "--seed", seed, "--blocks", "3"]);
    let (one, other) = (walk("1"), walk("1"));
    assert_eq!((one.code, one.out.as_str()), (0, other.out.as_str()), "{}", one.err);
    assert!(one.out.contains("kube-scheduler"), "{}", one.out);
}

#[test]
fn no_time_at_all_is_unknown() {
    let ran = kubound(&["check", "--case", "c4", "--timeout", "0ms"]);
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("unknown: out of time"), "{}", ran.out);
}

#[test]
fn what_holds_in_one_order_is_not_said_to_hold() {
    let plain = kubound(&["check", "examples/c3-fixed"]);
    assert!(plain.out.contains(": holds (proved") && !plain.out.contains("settled"), "{}", plain.out);
    let asked = ["check", "examples/c3-fixed", "--interleaving", "settled"];
    let text = kubound(&asked);
    assert!(text.code == 0 && text.out.contains(": holds in settled runs (proved"), "{}", text.out);
    let result = json(&kubound(&[&asked[..], &["--format", "json"]].concat()).out)["results"][0].clone();
    assert_eq!((&result["verdict"], &result["interleaving"]), (&"holds".into(), &"settled".into()));
    assert!(result["words"].as_str().is_some_and(|words| words.starts_with("holds in settled runs (")), "{result}");
    let table = kubound(&[&asked[..], &["--format", "table"]].concat());
    assert!(table.out.contains("holds in settled") && table.out.contains("runs (proved)"), "{}", table.out);
}

#[test]
fn defaults_are_told_on_standard_error() {
    let nodes = "---\napiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus: {allocatable: {cpu: 4, memory: 8Gi}}\n";
    let text = include_str!("fixtures/web.yaml").to_owned() + nodes;
    let ran = kubound_with(&["check", "-", "--property", "settles", "--bound", "2"], &text);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.err.starts_with("no scenario given, assuming:\n  cpu of each pod of web"), "{}", ran.err);
    assert!(ran.out.starts_with("✓ settles: holds"), "{}", ran.out);
}

#[test]
fn every_case_is_violated_and_its_fix_holds_on_every_engine_at_the_same_k() {
    for engine in ["explicit", "smt", "sat", "auto"] {
        let failing = kubound(&["check", "--case", "all", "--engine", engine, "--format", "json"]);
        let fixed = kubound(&["check", "--case", "all", "--engine", engine, "--fixed", "--format", "json"]);
        let verdicts = |ran: &Ran| -> Vec<(String, String, u64)> {
            let document = json(&ran.out);
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let results = document["results"].as_array().expect("results").iter();
            results.map(|it| (text(&it["case"]), text(&it["verdict"]), it["k"].as_u64().expect("k"))).collect()
        };
        let ks = [7, 1, 2, 5, 1, 3, 0, 2];
        let expected: Vec<_> = CASES.iter().zip(ks).map(|(id, k)| (id.to_string(), "violated".to_owned(), k)).collect();
        assert_eq!((failing.code, verdicts(&failing)), (1, expected), "{engine}");
        assert_eq!(fixed.code, 0, "{engine}: {}", fixed.out);
        assert!(verdicts(&fixed).iter().all(|(_, verdict, _)| verdict == "holds"), "{engine}");
    }
}

#[test]
fn a_story_of_a_free_start_begins_with_the_start() {
    let ran = kubound(&["check", "--case", "w4", "--engine", "sat"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let start = ran.out.find("start: one of those possible").expect("the start is told");
    assert!(ran.out[start..].contains("search: spec.replicas 2, 2 ready"), "{}", ran.out);
    let walked = kubound(&["simulate", "--case", "w4", "--seed", "7", "--blocks", "2"]);
    assert_eq!(walked.code, 0, "{}", walked.err);
    assert!(walked.out.contains("start: one of those possible") && !walked.out.contains("cannot be told"));
}

#[test]
fn saved_traces_keep_the_start() {
    let directory = tempfile::tempdir().expect("a directory");
    let saved = directory.path().join("trace.json");
    let ran = kubound(&["check", "--case", "w4", "--engine", "explicit", "--save-trace", show(&saved), "-q"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert_eq!(kubound(&["replay", show(&saved)]).code, 1);
}

#[test]
fn no_placement_for_all_pods_is_an_error() {
    let app = |name: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  replicas: 3\n  \
             selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    \
             spec:\n      containers:\n      - {{name: main, image: x, resources: {{requests: {{cpu: 2}}}}}}\n---\n"
        )
    };
    let scenario = "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  initialPlacement: any\n  nodePools:\n  \
                    - {name: node, count: 2, template: {allocatable: {cpu: 4}}}\n";
    for engine in ["explicit", "sat", "auto"] {
        let ran = kubound_with(&["check", "-", "--engine", engine], &(app("a") + &app("b") + scenario));
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.err);
        assert!(ran.err.contains("the assumptions about the start contradict each other"), "{}", ran.err);
    }
}

#[test]
fn what_holds_is_certified_and_the_proofs_are_kept() {
    let directory = tempfile::tempdir().expect("a directory");
    let certify = format!("--certify={}", show(directory.path()));
    let check = |format| {
        kubound(&["check", "tests/fixtures/surge.yaml", "--splits", "0", certify.as_str(), "--format", format])
    };
    let told = check("text");
    assert_eq!(told.code, 0, "{}", told.err);
    assert!(told.out.contains("certified: ") && told.out.contains("varisat-checker"), "{}", told.out);
    let document = json(&check("json").out);
    let result = &document["results"][0];
    let certificate = &result["certificate"];
    assert!(certificate["refuted"].as_u64() > Some(0) && result["clauses"].as_u64() > Some(0), "{result:#}");
    // What is proved by induction has two proofs, of its start and of its steps.
    let parts: &[&str] = if result["extent"]["kind"] == "inductive" { &["-start", "-steps"] } else { &[""] };
    let kept = |part: &&str, suffix: &str| {
        let name = format!("pods-schedulable{part}.{suffix}");
        std::fs::read(directory.path().join(name)).expect("it was kept")
    };
    let bytes: usize = parts.iter().map(|part| kept(part, "varisat").len()).sum();
    assert_eq!(bytes as u64, certificate["proof_bytes"].as_u64().expect("bytes"));
    assert!(parts.iter().all(|part| kept(part, "icnf").starts_with(b"p inccnf\n")));
}

#[cfg(not(feature = "cadical"))]
#[test]
fn a_solver_that_was_not_built_in_is_asked_for_in_vain() {
    let ran = kubound(&["check", "--case", "c1", "--engine", "sat", "--sat-solver", "cadical"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("--features cadical"), "{}", ran.err);
}

#[test]
fn a_portfolio_says_who_ran_beside_and_why_both_gave_up() {
    // Each block has thousands of successors: neither engine is done in that time, and sat has long begun.
    let surge = include_str!("fixtures/surge.yaml").replace("maxReplicas: 8", "maxReplicas: 30");
    let ran = kubound_with(&["check", "-", "--bound", "9", "--timeout", "1s", "--format", "json"], &surge);
    let result = &json(&ran.out)["results"][0];
    assert_eq!((ran.code, &result["reason"]), (3, &"out of time".into()), "{result:#}");
    let other = &result["beside"][0];
    let mut engines = [&result["engine"], &other["engine"]].map(|name| name.as_str().unwrap_or_default());
    engines.sort_unstable();
    assert_eq!((engines, &other["reason"]), (["explicit", "sat"], &"out of time".into()), "{result:#}");
}

/// A directory with the recordings of one component, of which `change` makes something else.
fn recordings(change: impl Fn(&str) -> String) -> tempfile::TempDir {
    recordings_of("controllers/pod_deletion_rank.jsonl", change)
}

fn recordings_of(file: &str, change: impl Fn(&str) -> String) -> tempfile::TempDir {
    let packed = std::fs::read(format!("{}/tests/oracle/{file}.gz", env!("CARGO_MANIFEST_DIR"))).expect("recordings");
    let text = std::io::read_to_string(flate2::read::GzDecoder::new(packed.as_slice())).expect("UTF-8");
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join(file);
    std::fs::create_dir(path.parent().expect("it has one")).expect("a directory");
    write(directory.path(), file, &change(&text));
    directory
}

#[test]
fn whole_runs_are_followed_and_altered_ones_are_not() {
    let packed = tempfile::tempdir().expect("a directory");
    let file = "control-plane/scale-down.jsonl.gz";
    std::fs::create_dir(packed.path().join("control-plane")).expect("a directory");
    std::fs::copy(format!("{}/tests/oracle/{file}", env!("CARGO_MANIFEST_DIR")), packed.path().join(file))
        .expect("recordings");
    let ran = kubound(&["conformance", show(packed.path())]);
    assert!(ran.code == 0 && !ran.out.contains(" 0 passed"), "{}{}", ran.out, ran.err);
    let (author, other) = ("\"replicaset-controller delete\"", "\"node-controller delete\"");
    let altered = recordings_of("control-plane/scale-down.jsonl", |text| text.replace(author, other));
    let ran = kubound(&["conformance", show(altered.path())]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
}

#[test]
fn recorded_times_keep_to_paces_and_altered_ones_do_not() {
    let timed = |starts: &str| {
        let altered = recordings_of("control-plane/scale-down.jsonl", |text| {
            text.replace("\"sim/start\":\"0.3\"", &format!("\"sim/start\":\"{starts}\""))
        });
        let ran = kubound(&["conformance", show(altered.path()), "--format", "json", "--quiet"]);
        let report = json(&ran.out);
        let times = report["components"].as_array().and_then(|all| all.last()).expect("a component");
        let family = &times["families"][0];
        (ran.code, family["demands"].as_i64(), family["differ"].as_array().map_or(0, Vec::len))
    };
    let (code, demands, refused) = timed("0.3");
    assert!(code == 0 && demands > Some(50) && refused == 0, "{demands:?} {refused}");
    // No kubelet that takes 9 s to start pods has them ready so soon.
    let (code, _, refused) = timed("9.0");
    assert!(code == 1 && refused > 0, "{refused}");
}

#[test]
fn pods_of_stateful_sets_are_followed_by_name_and_in_order() {
    let other_policy = |text: &str| text.replace("OrderedReady", "Parallel");
    let other_names = |text: &str| text.replace("db-1", "db-x").replace("db-0", "db-1").replace("db-x", "db-0");
    let other_partition = |text: &str| text.replace("\"partition\": 3", "\"partition\": 1");
    let changes: [&dyn Fn(&str) -> String; 3] = [&other_policy, &other_names, &other_partition];
    for (number, change) in changes.into_iter().enumerate() {
        let altered = recordings_of("control-plane/statefulset.jsonl", change);
        let ran = kubound(&["conformance", show(altered.path())]);
        assert_eq!(ran.code, 1, "{number}: {}{}", ran.out, ran.err);
    }
}

#[test]
fn conformance_counts_agreement_by_family_and_exits_with_1_where_something_differs() {
    let whole = recordings(str::to_owned);
    let ran = kubound(&["conformance", show(whole.path())]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains(show(whole.path())), "{}", ran.err);
    assert!(ran.out.contains("pod_deletion_rank") && ran.out.contains("120 passed, 0 failed"), "{}", ran.out);
    let wrong = recordings(|text| text.replacen("\"deleteCount\":", "\"deleteCount\":1", 1));
    let ran = kubound(&["conformance", show(wrong.path()), "--format", "json", "--quiet"]);
    assert_eq!((ran.code, ran.err.as_str()), (1, ""));
    let report = json(&ran.out);
    assert_eq!((report["passed"].as_i64(), report["failed"].as_i64()), (Some(119), Some(1)));
    let families = report["components"].as_array().into_iter().flatten().flat_map(|it| it["families"].as_array());
    let differ: Vec<&Value> = families.flatten().flat_map(|it| it["differ"].as_array()).flatten().collect();
    assert!(matches!(differ.as_slice(), [one] if one["id"].is_string() && one["text"].is_string()), "{report}");
}

#[test]
fn recordings_that_are_missing_or_malformed_exit_with_2() {
    let empty = tempfile::tempdir().expect("a directory");
    let ran = kubound(&["conformance", show(empty.path())]);
    assert!(ran.code == 2 && ran.err.contains("no recordings in"), "{}", ran.err);
    let broken = recordings(|text| format!("{}\n{{\n", text.lines().next().unwrap_or_default()));
    let ran = kubound(&["conformance", show(broken.path())]);
    assert!(ran.code == 2 && ran.err.contains("controllers/pod_deletion_rank.jsonl:2:"), "{}", ran.err);
}

#[test]
fn bench_measures_cases_on_engines_and_says_whether_they_agree() {
    let arguments =
        ["bench", "--case", "c7", "--case", "c2", "--scale", "3", "--engine", "explicit,smt,sat", "--runs", "2"];
    let ran = kubound(&[&arguments[..], &["--format", "json"]].concat());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let report = json(&ran.out);
    let rows = report["rows"].as_array().expect("rows");
    assert_eq!((rows.len(), &report["contradictions"]), (6, &serde_json::json!([])));
    let measured =
        |row: &Value| row["seconds"].as_array().is_some_and(|all| all.len() == 2) && row["failure"].is_null();
    assert!(rows.iter().all(measured), "{report}");
    let verdicts =
        |case: &str| rows.iter().filter(|row| row["case"] == case).map(|row| &row["verdicts"]).collect::<Vec<_>>();
    assert!(
        verdicts("c2").iter().all(|found| (&found[0]["verdict"], &found[0]["k"]) == (&"violated".into(), &1.into())),
        "{report}"
    );
    let table = kubound(&arguments);
    assert_eq!((table.code, table.out.lines().count()), (0, 7), "{}", table.out);
}

#[test]
fn bench_refuses_what_it_cannot_measure_and_says_what_stayed_open() {
    for wrong in [&["--case", "c99"][..], &["--scale", "5001"], &["--engine", "magic"], &["--runs", "0"]] {
        let ran = kubound(&[&["bench"][..], wrong].concat());
        assert!(ran.code == 2 && ran.out.is_empty() && !ran.err.is_empty(), "{wrong:?}: {}", ran.err);
    }
    let hurried =
        ["bench", "--case", "c1", "--scale", "100", "--engine", "explicit", "--runs", "3", "--timeout", "1ms"];
    let ran = kubound(&hurried);
    assert!(ran.code == 3 && ran.out.contains("unknown"), "{}: {}", ran.code, ran.out);
}

#[test]
fn reductions_are_explained_as_text_and_as_json() {
    let text = kubound(&["check", "--case", "c8", "--scale", "10", "--quiet", "--explain-reduction"]);
    assert_eq!(text.code, 1, "{}", text.err);
    for part in ["10 node(s) in 2 class(es)", "label lifecycle: spot", "counted in", "slice", "ranges", "units"] {
        assert!(text.out.contains(part), "{part}: {}", text.out);
    }
    let arguments = ["check", "--case", "c8", "--scale", "10", "--format", "json", "--explain-reduction"];
    let document = json(&kubound(&arguments).out);
    let reduction = &document["results"][0]["reduction"];
    let classes = reduction["classes"].as_array().expect("classes");
    let sizes: Vec<usize> = classes.iter().map(|it| it["nodes"].as_array().expect("names").len()).collect();
    assert_eq!(sizes, [2, 8]);
    assert_eq!(classes[0]["distinguished_by"]["label lifecycle"], "on-demand");
    assert_eq!(classes[1]["representation"], "counted");
    let terms = |figures: &Value| figures["terms"].as_u64().expect("a number");
    let passes = reduction["passes"].as_array().expect("passes");
    assert!(passes.iter().all(|pass| pass["exact"] == true));
    assert!(terms(&passes[passes.len() - 1]["after"]) < terms(&reduction["before"]), "{reduction}");
    let plain = json(&kubound(&["check", "--case", "c8", "--scale", "10", "--format", "json"]).out);
    assert!(plain["results"][0].get("reduction").is_none());
    assert_eq!(reduction["totals"], Value::Array(Vec::new()));
    let of_free = kubound(&["check", "--case", "w4", "--quiet", "--explain-reduction"]);
    assert!(of_free.out.contains("sums over all nodes are state variables"), "{}", of_free.out);
}

#[test]
fn every_command_that_answers_offers_every_format() {
    let directory = tempfile::tempdir().expect("a directory");
    let (trace, emitted) = (directory.path().join("trace.json"), directory.path().join("cases"));
    assert_eq!(kubound(&["check", "--case", "c7", "-q", "--save-trace", show(&trace)]).code, 1);
    let whole = recordings(str::to_owned);
    for (arguments, code, field) in [
        (&["check", "--case", "c7"][..], 1, "/results/0/story/blocks"),
        (&["replay", show(&trace)], 1, "/replays/0/story/blocks"),
        (&["simulate", "--case", "c4", "--blocks", "1"], 0, "/story/blocks"),
        (&["cases"], 0, "/cases/17/properties"),
        (&["cases", "--emit", show(&emitted)], 0, "/directories"),
        (&["bench", "--case", "c2", "--engine", "explicit", "--runs", "1", "--scale", "1"], 0, "/rows/0/verdicts"),
        (&["conformance", "--z3-every", "0", show(whole.path())], 0, "/components"),
        (&["rules"], 0, "/rules"),
        (&["explain", "hpa/rates"], 0, "/rule/parts"),
    ] {
        let of = |format| kubound(&[arguments, &["--quiet", "--format", format]].concat());
        let [text, table, document] = ["text", "table", "json"].map(of);
        assert_eq!([text.code, table.code, document.code], [code; 3], "{arguments:?}: {}{}", text.err, table.err);
        assert!(!text.out.is_empty() && table.out.lines().count() > 1, "{arguments:?}: {}", table.out);
        let document = json(&document.out);
        let list = document.pointer(field).and_then(Value::as_array);
        assert!(list.is_some_and(|list| !list.is_empty()), "{arguments:?}: {document:#}");
        assert_eq!(of("runes").code, 2, "{arguments:?}");
    }
}

#[test]
fn without_reduction_the_verdict_is_the_same_and_its_trace_replays() {
    let directory = tempfile::tempdir().expect("a directory");
    let trace = directory.path().join("c3.json");
    let arguments = ["check", "--case", "c3", "--scale", "5", "--format", "json"];
    let reduced = json(&kubound(&arguments).out);
    let more = ["--no-reduce", "--explain-reduction", "--save-trace", show(&trace)];
    let whole = json(&kubound(&[&arguments[..], &more].concat()).out);
    for field in ["verdict", "k", "finding"] {
        assert_eq!(reduced["results"][0][field], whole["results"][0][field], "{field}");
    }
    assert_eq!(whole["results"][0]["reduction"]["classes"].as_array().map(Vec::len), Some(5));
    assert_eq!(whole["results"][0]["reduction"]["passes"].as_array().map(Vec::len), Some(0));
    let replayed = kubound(&["replay", show(&trace)]);
    assert_eq!(replayed.code, 1, "{}{}", replayed.out, replayed.err);
}

#[cfg(unix)]
#[test]
fn an_interrupted_check_says_what_is_known_of_every_property() {
    use std::process::{Command, Stdio};
    use std::time::Duration;
    for after in [50, 4000] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubound"));
        command.args(["check", "--case", "m5", "--scale", "40", "--focus", "off", "--all", "-q"]);
        let running = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        std::thread::sleep(Duration::from_millis(after));
        let sent = Command::new("kill").args(["-INT", &running.id().to_string()]).status().expect("a signal");
        assert!(sent.success(), "after {after} ms it has not ended yet");
        let output = running.wait_with_output().expect("it ends");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert_eq!(output.status.code(), Some(3), "after {after} ms: {text}");
        // Before the input is read, nothing is known of what to ask.
        let known = |name: &&str| text.contains(*name);
        let all = ["pods-schedulable", "min-replicas", "no-eviction-loop", "settles"];
        assert!(after == 50 || all.iter().all(known), "after {after} ms: {text}");
    }
}
