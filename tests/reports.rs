//! Reports for other programs, as users ask for them: that they are what their formats say, where they point, how files of
//! them are written, and that no text from input is more than text in any of them.

#[path = "reports/sarif.rs"]
mod sarif;
#[path = "reports/xml.rs"]
mod xml;

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;

const FORMATS: [&str; 9] = ["text", "json", "table", "sarif", "junit", "github", "markdown", "html", "itf"];

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn kubound(arguments: &[&str]) -> Ran {
    kubound_in(Path::new(env!("CARGO_MANIFEST_DIR")), arguments, "")
}

fn kubound_in(directory: &Path, arguments: &[&str], input: &str) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubound"));
    let output = command.current_dir(directory).args(arguments).write_stdin(input).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

/// A report of an example, as a program.
fn report(example: &str, format: &str) -> String {
    let ran = kubound(&["check", "--quiet", "--engine", "explicit", "--format", format, example]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    ran.out
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Two pods of a core each for a node that has one.
const WEB: &str = "apiVersion: v1
kind: Node
metadata: {name: only}
status: {allocatable: {cpu: 1, memory: 1Gi, pods: 110}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web, resources: {requests: {cpu: 1}}}]}
";

/// A directory with a file.
fn directory(name: &str, text: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join(name), text).expect("written");
    directory
}

#[test]
fn sarif_is_what_the_standard_says() {
    for example in ["examples/c2-violating", "examples/c3-violating", "examples/c5-violating", "examples/c7-violating"]
    {
        let log = json(&report(example, "sarif"));
        assert_eq!(sarif::problems(&log), Vec::<String>::new(), "{example}");
        assert_eq!(log["runs"][0]["results"].as_array().map(Vec::len), Some(1), "{example}");
    }
    let bad = kubound_in(Path::new("/"), &["check", "-", "--format", "sarif"], "kind: Deployment\n");
    assert_eq!(bad.code, 2);
    let log = json(&bad.out);
    assert_eq!(sarif::problems(&log), Vec::<String>::new());
    assert_eq!(log["runs"][0]["invocations"][0]["executionSuccessful"], false);
    let unknown = kubound(&["check", "--case", "c1", "--timeout", "0s", "--format", "sarif", "-q"]);
    let log = json(&unknown.out);
    assert_eq!((unknown.code, sarif::problems(&log)), (3, Vec::new()));
    assert_eq!(log["runs"][0]["results"], Value::Array(Vec::new()));
    assert_eq!(log["runs"][0]["invocations"][0]["toolExecutionNotifications"][0]["level"], "warning");
}

#[test]
fn what_is_no_sarif_is_found() {
    let good = json(&report("examples/c3-violating", "sarif"));
    let spoilt = |at: &str, value: Value| {
        let mut log = good.clone();
        *log.pointer_mut(at).unwrap_or_else(|| panic!("{at}")) = value;
        sarif::problems(&log)
    };
    for (at, value) in [
        ("/version", json("\"2.0\"")),
        ("/runs/0/tool/driver/name", Value::Null),
        ("/runs/0/results/0/message", json("{}")),
        ("/runs/0/results/0/level", json("\"fatal\"")),
        ("/runs/0/results/0/ruleIndex", json("99")),
        ("/runs/0/results/0/locations/0/physicalLocation/region/startLine", json("0")),
        ("/runs/0/results/0/codeFlows/0/threadFlows", json("[]")),
        ("/runs/0/invocations/0", json("{}")),
    ] {
        assert!(!spoilt(at, value).is_empty(), "{at}");
    }
}

/// Line and column that a report points at, and the fingerprint.
fn pointed(directory: &Path, path: &str) -> (String, u64, u64, Value) {
    let arguments = ["check", "-q", "--engine", "explicit", "--format", "sarif", path];
    let log = json(&kubound_in(directory, &arguments, "").out);
    let result = &log["runs"][0]["results"][0];
    let place = &result["locations"][0]["physicalLocation"];
    let number = |field: &str| place["region"][field].as_u64().expect("a number");
    let uri = place["artifactLocation"]["uri"].as_str().expect("a URI").to_owned();
    (uri, number("startLine"), number("startColumn"), result["partialFingerprints"].clone())
}

#[test]
fn violations_are_where_the_field_is_and_are_recognised_when_lines_move() {
    let before = directory("web.yaml", WEB);
    let after = directory("web.yaml", &format!("# A line.\n# Another one.\n{WEB}"));
    let [before, after] = [before.path(), after.path()].map(|it| pointed(it, "web.yaml"));
    assert_eq!((before.0.as_str(), before.1, before.2), ("web.yaml", 14, 5));
    assert_eq!((after.1, after.2), (16, 5));
    assert_eq!(before.3, after.3);
    let line = WEB.lines().nth(13).expect("line 14");
    assert!(line.trim_start().starts_with("spec:"), "{line}");
}

#[test]
fn violations_of_what_is_piped_in_name_the_object() {
    let ran = kubound_in(Path::new("/"), &["check", "-q", "--format", "sarif", "-"], WEB);
    let log = json(&ran.out);
    assert_eq!((ran.code, sarif::problems(&log)), (1, Vec::new()));
    let location = &log["runs"][0]["results"][0]["locations"][0];
    assert!(location.get("physicalLocation").is_none());
    assert_eq!(location["logicalLocations"][0]["fullyQualifiedName"], "Deployment web");
}

#[test]
fn steps_of_stories_are_at_the_manifests_of_those_who_act() {
    let log = json(&report("examples/c3-violating", "sarif"));
    let steps = log["runs"][0]["results"][0]["codeFlows"][0]["threadFlows"][0]["locations"].as_array().expect("steps");
    let scaling = steps.iter().map(|step| &step["location"]);
    let scaling =
        scaling.clone().find(|it| it["message"]["text"].as_str().is_some_and(|it| it.contains("scales from 5")));
    let scaling = scaling.expect("the autoscaler acts");
    assert_eq!(scaling["logicalLocations"][0]["fullyQualifiedName"], "HorizontalPodAutoscaler search");
    assert!(scaling["physicalLocation"]["artifactLocation"]["uri"].as_str().is_some_and(|it| it.ends_with(".yaml")));
}

#[test]
fn junit_has_a_case_for_each_property_of_each_workload() {
    let failed = xml::read(&report("examples/c3-violating", "junit"));
    xml::assert_junit(&failed);
    let case = failed.find("testcase").expect("a case");
    assert_eq!((case.attribute("name"), case.attribute("classname")), (Some("pods-schedulable"), Some("search")));
    let failure = case.find("failure").expect("a failure");
    assert_eq!((failure.attribute("message"), failure.attribute("type")), (Some("violated at k = 2"), Some("state")));
    assert!(failure.text.contains("HorizontalPodAutoscaler search: scales from 5 to 6 replicas"), "{}", failure.text);
    assert!(failure.text.starts_with("at examples/c3-violating/"), "{}", failure.text);
    let held = kubound(&["check", "examples/sane", "--format", "junit", "-q"]);
    let held = xml::read(&held.out);
    xml::assert_junit(&held);
    let unknown = xml::read(&kubound(&["check", "--case", "c1", "--timeout", "0s", "--format", "junit", "-q"]).out);
    xml::assert_junit(&unknown);
    assert!(
        unknown.find("skipped").is_some_and(|it| it.attribute("message").is_some_and(|it| it.contains("out of time")))
    );
    let bad = kubound_in(Path::new("/"), &["check", "-", "--format", "junit"], "kind: Deployment\n");
    let bad = (bad.code, xml::read(&bad.out));
    xml::assert_junit(&bad.1);
    assert!(bad.0 == 2 && bad.1.find("error").is_some());
}

#[test]
fn github_is_told_by_commands_of_a_line_each() {
    let out = report("examples/c3-violating", "github");
    let command = out.lines().find(|line| line.starts_with("::error ")).expect("a command");
    let (properties, message) = command["::error ".len()..].split_once("::").expect("two parts");
    let place = properties.split_once(",title=").expect("a title");
    assert!(place.0.starts_with("file=examples/c3-violating/") && place.0.contains(",line="), "{command}");
    assert_eq!(place.1, "pods-schedulable (search)");
    assert!(message.starts_with("violated at k = 2%0A1 pod(s) of search-6c9f7d58b4 stay Pending"), "{command}");
    let holds = kubound(&["check", "examples/c3-fixed", "--format", "github", "-q"]);
    assert_eq!(holds.code, 0);
    assert!(!holds.out.contains("::error") && holds.out.starts_with("✓ pods-schedulable"), "{}", holds.out);
    let bad = kubound_in(Path::new("/"), &["check", "-", "--format", "github"], "kind: Deployment\n");
    assert!(bad.code == 2 && bad.out.starts_with("::error title=input::"), "{}", bad.out);
}

#[test]
fn markdown_has_a_row_for_each_verdict_and_folds_stories() {
    let out = report("examples/c3-violating", "markdown");
    assert!(out.starts_with("### Kubound: 1 violated\n"), "{out}");
    assert!(out.contains("\n| ❌ | `pods-schedulable` | <code>search</code> | violated at k = 2 |\n"), "{out}");
    assert!(out.contains("\n<details>\n<summary>") && out.contains("\n</pre>\n\n</details>\n"), "{out}");
}

#[test]
fn itf_is_a_run_state_by_state() {
    let trace = json(&report("examples/c5-violating", "itf"));
    let states = trace["states"].as_array().expect("states");
    let vars: Vec<&str> = trace["vars"].as_array().expect("vars").iter().filter_map(Value::as_str).collect();
    assert!(!vars.is_empty() && states.len() > 1);
    for (index, state) in states.iter().enumerate() {
        let state = state.as_object().expect("a state");
        assert_eq!(state["#meta"]["index"], index);
        assert_eq!(state["#meta"].get("action").is_some(), index > 0);
        assert!(state.keys().map(String::as_str).eq(["#meta"].into_iter().chain(vars.iter().copied())));
        assert!(vars.iter().all(|&it| state[it].is_boolean() || state[it]["#bigint"].is_string()), "{state:?}");
    }
    let start = trace["loop"].as_u64().expect("a loop") as usize;
    let values = |at: usize| vars.iter().map(|&it| &states[at][it]).collect::<Vec<_>>();
    assert_eq!(values(start), values(states.len() - 1));
    assert!(states.windows(2).any(|pair| vars.iter().any(|&it| pair[0][it] != pair[1][it])), "nothing ever changes");
    let holds = json(&kubound(&["check", "examples/c3-fixed", "--format", "itf", "-q"]).out);
    assert_eq!(
        (&holds["states"], &holds["#meta"]["description"]),
        (&Value::Array(Vec::new()), &"no counterexample".into())
    );
}

#[test]
fn itf_has_room_for_one_counterexample() {
    for arguments in
        [&["--case", "c1", "--all"][..], &["--case", "all"], &["--case", "c1", "--all", "-o", "a.itf.json"]]
    {
        let asked = if arguments.contains(&"-o") { vec!["check"] } else { vec!["check", "--format", "itf"] };
        let ran = kubound(&[&asked, arguments].concat());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.err.starts_with("error: format itf is for one counterexample"), "{}", ran.err);
    }
    let one = ["check", "--case", "c7", "--all", "--property", "settles", "--format", "itf", "-q"];
    assert_eq!(kubound(&one).code, 1);
}

#[test]
fn other_commands_name_the_formats_that_they_have() {
    for command in [&["rules"][..], &["explain", "hpa/rates"], &["cases"], &["simulate", "--case", "c1"]] {
        for format in ["sarif", "junit", "github", "markdown", "html", "itf"] {
            let ran = kubound(&[command, &["--format", format]].concat());
            assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{command:?} {format}");
            assert!(ran.err.contains("[possible values: text, json, table]"), "{}", ran.err);
        }
        let ran = kubound(&[command, &["-o", "nowhere/never.sarif"]].concat());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{command:?}");
        let expected = "error: nowhere/never.sarif: sarif is for answers of `kubound check`; others are written as text, json, table";
        assert!(ran.err.starts_with(expected), "{}", ran.err);
    }
}

#[test]
fn a_file_has_the_format_of_its_suffix_unless_another_is_asked_for() {
    let directory = tempfile::tempdir().expect("a directory");
    let written = |name: &str, more: &[&str]| {
        let path = directory.path().join(name);
        let arguments = ["check", "--case", "c7", "-q", "--engine", "explicit", "-o", path.to_str().expect("UTF-8")];
        let ran = kubound(&[&arguments, more].concat());
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{name}: {}", ran.err);
        fs::read_to_string(path).expect("written")
    };
    assert_eq!(json(&written("a.sarif", &[]))["version"], "2.1.0");
    assert_eq!(json(&written("a.json", &[]))["schema"], "kubound/v1");
    assert_eq!(json(&written("a.itf.json", &[]))["#meta"]["format"], "ITF");
    assert!(written("a.xml", &[]).starts_with("<?xml"));
    assert!(written("a.md", &[]).starts_with("### Kubound"));
    assert!(written("a.html", &[]).starts_with("<!DOCTYPE html>"));
    for name in ["a.txt", "a"] {
        assert!(written(name, &[]).starts_with("✗ no-eviction-loop"), "{name}");
    }
    assert_eq!(json(&written("a.md", &["--format", "json"]))["schema"], "kubound/v1");
    assert_eq!(json(&written("a.html", &["--format", "json"]))["schema"], "kubound/v1");
    let rules = directory.path().join("rules.json");
    assert_eq!(kubound(&["rules", "--output", rules.to_str().expect("UTF-8")]).code, 0);
    assert!(json(&fs::read_to_string(rules).expect("written"))["rules"].is_array());
    let odd = directory.path().join("a.exe");
    let ran = kubound(&["check", "--case", "c7", "-o", odd.to_str().expect("UTF-8")]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("name it with --format, or end it in .txt, .json, .sarif"), "{}", ran.err);
    assert!(!odd.exists());
}

/// What is in a directory.
fn listed(directory: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> =
        fs::read_dir(directory).expect("a directory").map(|it| it.expect("it").path()).collect();
    all.sort();
    all
}

#[test]
fn files_are_written_whole_or_not_at_all() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("report.json");
    fs::write(&path, "before").expect("written");
    let to = |input: &str, path: &Path| {
        kubound_in(directory.path(), &["check", "-q", "-o", path.to_str().expect("UTF-8"), "-"], input)
    };
    let arguments = ["check", "-q", "-o", path.to_str().expect("UTF-8"), "--property", "no-node-oscillation", "-"];
    let ran = kubound_in(directory.path(), &arguments, WEB);
    assert_eq!(ran.code, 2, "it applies to nothing: {}", ran.err);
    assert_eq!(fs::read_to_string(&path).expect("it stays"), "before");
    assert_eq!(listed(directory.path()), std::slice::from_ref(&path));
    assert_eq!(to(WEB, &path).code, 1);
    assert_eq!(json(&fs::read_to_string(&path).expect("written"))["results"][0]["verdict"], "violated");
    assert_eq!(listed(directory.path()), std::slice::from_ref(&path));
    for bad in [directory.path().join("absent/report.json"), directory.path().to_owned()] {
        let ran = to(WEB, &bad);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", bad.display());
        assert!(ran.err.starts_with(&format!("error: {}: ", bad.display())), "{}", ran.err);
    }
}

#[cfg(unix)]
#[test]
fn links_stay_links_and_devices_stay_devices() {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};
    let directory = directory("real.json", "before");
    let (real, link) = (directory.path().join("real.json"), directory.path().join("link.json"));
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("permitted");
    std::os::unix::fs::symlink("real.json", &link).expect("a link");
    let ran = kubound_in(directory.path(), &["check", "-q", "-o", "link.json", "-"], WEB);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(fs::symlink_metadata(&link).expect("it is there").is_symlink());
    assert_eq!(json(&fs::read_to_string(&real).expect("written"))["schema"], "kubound/v1");
    assert_eq!(fs::metadata(&real).expect("it is there").permissions().mode() & 0o777, 0o640);
    let ran = kubound_in(directory.path(), &["check", "-q", "-o", "/dev/null", "-"], WEB);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{}", ran.err);
    assert!(fs::metadata("/dev/null").expect("it is there").file_type().is_char_device());
}

/// [`WEB`] in a namespace, and with a topology key and a label, that terminals, YAML, HTML and shells would make something of.
fn hostile() -> String {
    let nasty = r#"\u001b[31m\u001b]0;x\u0007\n::error::no\0\u202e\u009b</code></pre>|`*\u2028%0A"#;
    let spread = format!(
        "    spec:
      topologySpreadConstraints:
      - {{maxSkew: 1, topologyKey: \"zone{nasty}\", whenUnsatisfiable: DoNotSchedule}}
      containers: [{{name: web, image: web, resources: {{requests: {{cpu: 1}}}}}}]
"
    );
    let (head, _) = WEB.split_once("    spec: {").expect("a pod");
    head.replace("{name: web}", &format!("{{name: web, namespace: \"shop{nasty}\"}}")) + &spread
}

/// Whether text does something instead of being seen.
fn hidden(text: &str) -> Vec<char> {
    let obeyed = |it: &char| {
        *it != '\n' && (it.is_control() || matches!(it, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}'))
    };
    text.chars().filter(obeyed).collect()
}

#[test]
fn text_from_input_is_text_in_every_format() {
    let file = "we\u{1b}[2Jb\n\u{202e}.yaml";
    let directory = directory(file, &hostile());
    for format in FORMATS {
        for detail in ["-q", "-v", "--explain-reduction"] {
            let ran = kubound_in(directory.path(), &["check", detail, "--format", format, file], "");
            assert_eq!(ran.code, 1, "{format}: {}", ran.err);
            assert_eq!((hidden(&ran.out), hidden(&ran.err)), (Vec::new(), Vec::new()), "{format}: {}", ran.out);
            assert!(format == "table" || ran.out.contains("shop"), "{format}: {}", ran.out);
            let begins = |line: &str| line.starts_with("::error::no") || line.starts_with(".yaml");
            assert!(!ran.out.lines().chain(ran.err.lines()).any(begins), "{format}: {}", ran.out);
        }
    }
    let of = |format: &str| kubound_in(directory.path(), &["check", "-q", "--format", format, file], "").out;
    assert_eq!(sarif::problems(&json(&of("sarif"))), Vec::<String>::new());
    xml::assert_junit(&xml::read(&of("junit")));
    assert!(json(&of("json"))["results"][0]["input"][0] == file, "names of files stay as they are");
    let markdown = of("markdown");
    assert_eq!(markdown.matches("</pre>").count(), 1, "{markdown}");
    assert_eq!(markdown.matches("<code>").count(), markdown.matches("</code>").count());
    assert!(of("github").lines().all(|line| !line.starts_with("::error::")), "{}", of("github"));
}

#[test]
fn errors_about_names_send_nothing_to_terminals() {
    let name = "a\\u001b[2J\\n\\u202eb";
    let text = WEB.replace("{name: web}", &format!("{{name: \"{name}\"}}"));
    let file = "b\u{1b}c\nd.yaml";
    let directory = directory(file, &text);
    for format in FORMATS {
        let ran = kubound_in(directory.path(), &["check", "--format", format, file], "");
        assert_eq!(ran.code, 2);
        assert_eq!((hidden(&ran.out), hidden(&ran.err)), (Vec::new(), Vec::new()), "{format}: {}{}", ran.out, ran.err);
        assert!(
            ran.err.starts_with("b\\u{1b}c\\nd.yaml:8:18: error: metadata.name: `a\\u{1b}[2J\\n\\u{202e}b`"),
            "{}",
            ran.err
        );
    }
    for arguments in [&["check", "x\u{1b}[2J\ny"][..], &["replay", "x\u{1b}[2J\ny"], &["explain", "x\u{1b}[2J\ny"]] {
        let ran = kubound_in(directory.path(), arguments, "");
        assert_eq!((ran.code, hidden(&ran.err)), (2, Vec::new()), "{}", ran.err);
        assert!(!ran.err.lines().any(|line| line.starts_with('y')), "{}", ran.err);
    }
}
