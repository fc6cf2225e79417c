//! Families of topologies: the upward search against a loop over single checks, lifted counterexamples, sizes of scenarios.

mod support;

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use kubound::engine::explicit::Explicit;
use kubound::input::{LoadOptions, Loaded, load};
use kubound::system::replay;
use serde_json::Value;

use support::{Answer, check, load_case, model, slice};

fn kubound(arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubound"));
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

fn results(arguments: &[&str]) -> (i32, Vec<Value>) {
    let all = [&["check", "--format", "json", "--engine", "explicit"], arguments].concat();
    let (code, out, err) = kubound(&all);
    let document: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"));
    (code, document["results"].as_array().expect("results").clone())
}

/// What a check of one member alone says.
fn alone(loaded: &Loaded) -> Answer {
    let model = model(loaded);
    check(&Explicit, &model, &slice(&model), loaded.spec.scenario.bound).0
}

#[test]
fn the_smallest_violating_scale_is_that_of_a_loop_over_single_checks() {
    for id in ["c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8"] {
        let scales = (1..=7).filter(|scale| id != "c3" || scale % 2 == 1);
        let smallest = scales.into_iter().find(|&scale| alone(&load_case(id, scale, false)) != Answer::Holds);
        let (code, results) = results(&["--case", id, "--scale", "1..7"]);
        let family = &results[0]["family"];
        assert_eq!(code, 1, "{id}");
        assert_eq!(family["smallest_violating"]["scale"].as_u64(), smallest.map(|scale| scale as u64), "{id}");
        let before = family["coverage"].as_array().expect("runs").iter().filter(|run| run["standing"] == "proved");
        let proved: u64 = before.map(|run| run["count"].as_u64().expect("a count")).sum();
        let step = if id == "c3" { 2 } else { 1 };
        assert_eq!(proved, (smallest.expect("each case fails somewhere") as u64 - 1) / step, "{id}");
    }
}

#[test]
fn fixed_cases_hold_at_every_scale() {
    for id in ["c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8"] {
        let (code, results) = results(&["--case", id, "--scale", "1..7", "--fixed", "--all"]);
        assert_eq!(code, 0, "{id}");
        for result in &results {
            let family = &result["family"];
            let sizes = if id == "c3" { 4 } else { 7 };
            assert_eq!((&result["verdict"], &result["extent"]["kind"]), (&"holds".into(), &"complete".into()), "{id}");
            assert_eq!((&family["sizes"], &family["decided"]), (&sizes.into(), &sizes.into()), "{id}");
            assert!(family["smallest_violating"].is_null() && family["lift"].is_null(), "{id}");
            assert_eq!(family["coverage"].as_array().map(Vec::len), Some(1), "{id}");
            assert_eq!(family["omitted"].is_string(), id == "c3", "{id}");
            // One size is checked first; another one of c8 is odd.
            let together = match id {
                "c4" | "c7" => 6,
                "c8" => 5,
                _ => 0,
            };
            assert_eq!(family["one_query"]["count"].as_u64().unwrap_or(0), together, "{id}");
        }
    }
}

#[test]
fn lifted_counterexamples_are_runs_of_the_full_topology() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("trace.json");
    let file = file.to_str().expect("UTF-8");
    for id in ["c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8"] {
        let (code, results) = results(&["--case", id, "--scale", "1..9", "--save-trace", file]);
        assert_eq!(code, 1, "{id}");
        let lift = &results[0]["family"]["lift"];
        assert_eq!((&lift["size"]["scale"], &lift["verdict"]), (&9.into(), &"violated".into()), "{id}: {lift}");
        assert_eq!(lift["trace"]["input"]["scale"], 9, "{id}");
        let (code, out, err) = kubound(&["replay", file, "--quiet"]);
        assert_eq!((code, out.matches('✗').count()), (1, 2), "{id}: the smallest and the lifted one: {out}{err}");
    }
}

#[test]
fn choices_of_a_small_counterexample_lead_to_a_large_one() {
    for (id, how) in
        [("c3", "followed"), ("c4", "followed"), ("c5", "followed"), ("c6", "followed"), ("c7", "followed")]
    {
        let (_, results) = results(&["--case", id, "--scale", "1..15"]);
        assert_eq!(results[0]["family"]["lift"]["how"], how, "{id}");
    }
}

#[test]
fn a_counterexample_that_larger_members_do_not_have_is_not_lifted() {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("web.yaml"), WEB).expect("written");
    std::fs::write(directory.path().join("scenario.yaml"), SCENARIO).expect("written");
    let path = directory.path().to_str().expect("UTF-8");
    let (code, found) = results(&[path]);
    let family = &found[0]["family"];
    assert_eq!((code, &family["smallest_violating"]["worker"]), (1, &1.into()), "{found:?}");
    assert_eq!((&family["lift"]["size"]["worker"], &family["lift"]["verdict"]), (&3.into(), &"holds".into()));
    let (code, found) = results(&[path, "--size", "worker=2..3"]);
    assert_eq!((code, &found[0]["family"]["sizes"]), (0, &2.into()));
    let (code, found) = results(&[path, "--size", "worker=1"]);
    assert_eq!((code, &found[0]["sizes"]["worker"]), (1, &1.into()));
    assert!(found[0].get("family").is_none());
    let (_, found) = results(&[path, "--lift-to", "2"]);
    assert_eq!(found[0]["family"]["lift"]["size"]["worker"], 2);
    for wrong in
        [&["--lift-to", "9"][..], &["--lift-to", "nobody=1"], &["--size", "worker=1..9"], &["--size", "nobody=1"]]
    {
        assert_eq!(kubound(&[&["check", path], wrong].concat()).0, 2, "{wrong:?}");
    }
}

/// Four pods of one core, and nodes of two: one node is too few.
const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 4\n  \
    selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    \
    spec: {containers: [{name: web, image: x, resources: {requests: {cpu: 1, memory: 1Gi}}}]}\n";
const SCENARIO: &str = "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  nodePools:\n  - name: worker\n    \
    count: {min: 1, max: 3}\n    template: {allocatable: {cpu: 2, memory: 8Gi}}\n  properties: [pods-schedulable]\n";

#[test]
fn sizes_of_scenarios_are_fixed_free_or_in_proportion() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/family-violating");
    let loaded = load(&[path], LoadOptions::default()).expect("the example");
    assert_eq!((loaded.spec.nodes.len(), loaded.spec.workloads[0].replicas), (12, 24));
    let family = loaded.family.expect("ranges");
    let names: Vec<&str> = family.dimensions().iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["on-demand", "spot"]);
    let member = family.member(&[2, 3]).expect("a member");
    assert_eq!((member.nodes.len(), member.workloads[0].replicas, family.total(&[2, 3])), (5, 10, 5));
}

#[test]
fn replicas_may_be_free_and_autoscalers_in_proportion() {
    let scenario = SCENARIO.replace("  properties: [pods-schedulable]\n", SIZES);
    let texts = [("web.yaml", WEB), ("hpa.yaml", HPA), ("scenario.yaml", &scenario)];
    let loaded = kubound::input::load_strings(&texts, LoadOptions::default()).expect("it is sound");
    let family = loaded.family.expect("ranges");
    let names: Vec<&str> = family.dimensions().iter().map(|it| it.name.as_str()).collect();
    assert_eq!((names, family.total(&[2, 5])), (vec!["worker", "deployment/web"], 7));
    let member = family.member(&[2, 5]).expect("a member");
    let limits = member.autoscalers[0].object.spec.as_ref().map(|it| (it.min_replicas, it.max_replicas));
    assert_eq!((member.workloads[0].replicas, limits), (5, Some((Some(1), 6))));
    let wrong = scenario.replace("max(1, nodes - 1)", "9");
    let texts = [("web.yaml", WEB), ("hpa.yaml", HPA), ("scenario.yaml", &wrong)];
    let errors =
        kubound::input::load_strings(&texts, LoadOptions::default()).expect_err("9 is more than 3").to_string();
    assert!(errors.contains("scenario.yaml:11:18: error: minReplicas of web would be 9"), "{errors}");
}

const SIZES: &str = "  sizes:\n  - target: web\n    replicas: {min: 1, max: 6}\n    \
    minReplicas: max(1, nodes - 1)\n    maxReplicas: 3 * nodes(worker)\n";
const HPA: &str = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec:\n  \
    scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n  maxReplicas: 4\n";

#[test]
fn the_search_goes_upward_by_total_size() {
    let (code, results) = results(&["examples/family-violating"]);
    let family = &results[0]["family"];
    assert_eq!(code, 1);
    let smallest = &family["smallest_violating"];
    let total = smallest["on-demand"].as_u64().expect("a size") + smallest["spot"].as_u64().expect("a size");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/family-violating");
    let members = load(&[path], LoadOptions::default()).expect("the example").family.expect("ranges");
    for on_demand in 1..=4 {
        for spot in (0..=8).filter(|spot| on_demand + spot < total as i64) {
            let spec = members.member(&[on_demand, spot]).expect("a member");
            let loaded = Loaded {
                spec,
                family: None,
                diagnostics: Default::default(),
                scenario_given: true,
                ignores: Vec::new(),
            };
            assert_eq!(alone(&loaded), Answer::Holds, "{on_demand} and {spot} are fewer than {total}");
        }
    }
}

#[test]
fn what_was_not_reached_in_time_is_said_and_exits_with_3() {
    let (code, found) = results(&["--case", "c3", "--scale", "1..1001", "--fixed", "--timeout", "1500ms"]);
    let family = &found[0]["family"];
    let runs = family["coverage"].as_array().expect("runs");
    assert_eq!((code, &found[0]["verdict"]), (3, &"unknown".into()));
    assert_eq!((&runs[0]["standing"], &runs[0]["from"]["scale"]), (&"proved".into(), &1.into()));
    let last = &runs[runs.len() - 1];
    assert_eq!((&last["standing"], &last["reason"]), (&"open".into(), &"out of time".into()));
    let counted: u64 = runs.iter().map(|run| run["count"].as_u64().expect("a count")).sum();
    assert_eq!(Some(counted), family["sizes"].as_u64());
}

#[cfg(unix)]
#[test]
fn an_interrupted_search_tells_what_it_covered() {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_kubound"));
    let arguments = ["check", "--case", "c3", "--scale", "1..1001", "--fixed", "--format", "json"];
    let child = command.args(arguments).stdout(std::process::Stdio::piped()).spawn().expect("it runs");
    std::thread::sleep(std::time::Duration::from_secs(2));
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("a signal").success());
    let output = child.wait_with_output().expect("it ends");
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let runs = document["results"][0]["family"]["coverage"].as_array().expect("runs");
    assert_eq!((output.status.code(), &runs[0]["standing"]), (Some(3), &"proved".into()));
    assert_eq!(runs[runs.len() - 1]["reason"], "stopped");
}

#[test]
fn a_family_of_which_some_sizes_are_impossible_is_an_error_at_its_place() {
    let scenario = SCENARIO.replace("  properties", "  maintenance: {nodes: [worker-2]}\n  properties");
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("web.yaml"), WEB).expect("written");
    std::fs::write(directory.path().join("scenario.yaml"), scenario).expect("written");
    let (code, out, err) = kubound(&["check", directory.path().to_str().expect("UTF-8")]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("scenario.yaml:8:25: error: there is no node `worker-2`"), "{err}");
    assert!(err.contains("this is so at the smallest size, worker = 1"), "{err}");
}

#[test]
fn a_family_that_holds_reads_like_this() {
    let (_, out, _) = kubound(&["check", "--engine", "explicit", "examples/family-fixed"]);
    insta::assert_snapshot!(without_time(&out));
}

#[test]
fn a_family_that_fails_reads_like_this() {
    let (_, out, _) = kubound(&["check", "--engine", "explicit", "examples/family-violating"]);
    insta::assert_snapshot!(without_time(&out));
}

#[test]
fn emitted_families_are_scenarios_with_ranges() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().to_str().expect("UTF-8");
    let (code, out, err) = kubound(&["cases", "--emit", path, "--scale", "1..5"]);
    let is_sized = |id: &str| matches!(kubound::cases::family::ranged(id, (1, 5), false), Ok(Some(_)));
    let sized = kubound::cases::CASES.iter().filter(|case| is_sized(case.id)).count();
    assert_eq!((code, out.lines().count()), (0, 2 * sized), "{err}");
    assert!(err.contains("c2, c3, c5, c6"), "{err}");
    for (id, fixed) in [("c1", false), ("c4", true), ("c7", false), ("c8", false), ("k116891", false), ("k79158", true)]
    {
        let case = directory.path().join(if fixed { format!("{id}-fixed") } else { id.to_owned() });
        let (emitted, named) = (results(&[case.to_str().expect("UTF-8")]), {
            let plain = ["--case", id, "--scale", "1..5"];
            if fixed { results(&[&plain[..], &["--fixed"]].concat()) } else { results(&plain) }
        });
        assert_eq!(emitted.0, named.0, "{id}");
        assert_eq!(emitted.1[0]["family"]["coverage"], named.1[0]["family"]["coverage"], "{id}");
    }
}

/// Replaces the time in `… explicit, 12 ms`.
fn without_time(text: &str) -> String {
    let line = |line: &str| match line.split_once("explicit, ") {
        Some((before, _)) => format!("{before}explicit, TIME"),
        None => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<String>>().join("\n")
}

#[test]
fn a_trace_of_a_member_replays_on_the_model_of_that_member_only() {
    let loaded = load_case("c3", 3, false);
    let (small, large) = (model(&loaded), model(&load_case("c3", 5, false)));
    let (small, large) = (slice(&small), slice(&large));
    let ids: Vec<_> = (0..small.system.properties.len()).map(kubound::system::PropertyId).collect();
    let budget = kubound::engine::Budget::bound(5);
    let outcome = kubound::engine::Engine::check(&Explicit, &small.system, &ids, &budget, &kubound::engine::Silent);
    let kubound::engine::Verdict::Violated { trace, property, .. } = outcome.verdict else { panic!("c3 fails") };
    assert!(replay(&small.system, &trace, small.system.property(property)).is_ok());
    assert!(replay(&large.system, &trace, large.system.property(property)).is_err());
}
