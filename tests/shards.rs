//! Shards and namespaces: each question is answered by exactly one shard, answers are those of the whole, and what is
//! missing is unknown.

use std::collections::BTreeMap;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

/// Exit code and standard output.
fn kubound(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_kubound")).args(arguments).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

/// Verdicts by property and workload; of violations with the k.
fn verdicts(document: &str) -> BTreeMap<(String, String), String> {
    let document: Value = serde_json::from_str(document).unwrap_or_else(|error| panic!("{error}: {document}"));
    let mut found = BTreeMap::new();
    for result in document["results"].as_array().expect("results") {
        let text = |field: &str| result[field].as_str().expect("text").to_owned();
        let verdict = match result["verdict"].as_str() {
            Some("violated") => format!("violated {}", result["k"]),
            _ => text("verdict"),
        };
        for subject in text("subject").split(", ") {
            let twice = found.insert((text("property"), subject.to_owned()), verdict.clone());
            assert_eq!(twice, None, "{} of {subject} is answered twice", text("property"));
        }
    }
    found
}

/// Runs all shards of a check, and the merged answer.
fn sharded(input: &[&str], of: usize, directory: &Path) -> (i32, String) {
    let mut files = Vec::new();
    for index in 0..of {
        let file = directory.join(format!("{index}.json")).display().to_string();
        let shard = format!("{index}/{of}");
        let options = ["check", "--all", "-q", "--shard", &shard, "-o", &file];
        let (code, _, err) = kubound(&[&options[..], input].concat());
        assert!(matches!(code, 0 | 1), "{shard}: {code} {err}");
        files.push(file);
    }
    let names: Vec<&str> = files.iter().map(String::as_str).collect();
    let (code, out, _) = kubound(&[&["merge", "--format", "json"][..], &names].concat());
    (code, out)
}

#[test]
fn all_shards_together_say_what_one_check_says() {
    for (input, of) in [
        (&["--case", "m1", "--scale", "4"][..], 3),
        (&["--case", "m2", "--scale", "3", "--fixed"], 2),
        (&["--case", "m3", "--scale", "4"], 4),
        (&["examples/boutique"], 5),
        (&["examples/c3-violating"], 2),
    ] {
        let directory = tempfile::tempdir().expect("a directory");
        let (code, merged) = sharded(input, of, directory.path());
        let (expected, whole, _) = kubound(&[&["check", "--all", "-q", "--format", "json"][..], input].concat());
        assert_eq!((code, verdicts(&merged)), (expected, verdicts(&whole)), "{input:?}");
    }
}

#[test]
fn a_shard_without_questions_has_no_answer() {
    let (code, out, _) = kubound(&["check", "examples/c3-violating", "--shard", "40/99", "--format", "json"]);
    assert_eq!((code, verdicts(&out).len()), (0, 0));
}

#[test]
fn a_missing_shard_is_unknown_and_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("0.json").display().to_string();
    kubound(&["check", "examples/c3-fixed", "--shard", "0/2", "--property", "min-replicas", "-q", "-o", &file]);
    let (code, out, err) = kubound(&["merge", &file, "--format", "json"]);
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("1/2") && out.contains("missing_shards"), "{err}");
    assert_eq!(kubound(&["merge", &directory.path().display().to_string()]).0, 3);
}

#[test]
fn what_is_no_shard_is_an_error() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    };
    let (broken, other) = (path("broken.json", "{"), path("other.json", "{\"cases\": []}"));
    for arguments in [&["merge", &broken][..], &["merge", &other], &["merge", "absent.json"], &["merge"]] {
        let (code, _, err) = kubound(arguments);
        assert!(code == 2 && err.contains("error:"), "{arguments:?}: {code} {err}");
    }
    for shard in ["4/4", "1", "x/y", "0/0"] {
        assert_eq!(kubound(&["check", "examples/c3-fixed", "--shard", shard]).0, 2, "{shard}");
    }
}

/// A node with room for two pods, and a Deployment of two in each of two namespaces.
const TWO_TENANTS: &str = "
apiVersion: v1
kind: Node
metadata: {name: node-1}
status:
  allocatable: {cpu: '2', memory: 4Gi, pods: '10'}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: api, image: api, resources: {requests: {cpu: '1'}}}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: blog}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web, resources: {requests: {cpu: '1'}}}]}
";

#[test]
fn a_namespace_is_asked_about_in_the_company_of_the_others() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("cluster.yaml");
    std::fs::write(&path, TWO_TENANTS).expect("written");
    let path = path.display().to_string();
    let ask = |options: &[&str]| kubound(&[&["check", &path, "--all", "-q", "--format", "json"][..], options].concat());
    let (code, out, err) = ask(&["-n", "shop"]);
    assert_eq!(code, 1, "{err}");
    let some = verdicts(&out);
    assert!(some.keys().all(|(_, subject)| subject == "shop/api"), "{some:?}");
    // Either Deployment has room alone: it is the other's pods that take it.
    assert_eq!(some[&("pods-schedulable".to_owned(), "shop/api".to_owned())], "violated 0");
    let (code, _, err) = ask(&["-n", "nowhere"]);
    assert!(code == 2 && err.contains("they are in blog, shop"), "{code} {err}");
}

/// What a row says, but for its times.
fn rows(document: &str) -> Vec<(String, String, Value)> {
    let document: Value = serde_json::from_str(document).unwrap_or_else(|error| panic!("{error}: {document}"));
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let said = |row: &Value| (text(&row["task"]), text(&row["engine"]), row["score"].clone());
    document["rows"].as_array().expect("rows").iter().map(said).collect()
}

#[test]
fn shards_of_a_suite_come_to_the_suite() {
    let directory = tempfile::tempdir().expect("a directory");
    let suite = directory.path().join("suite.yaml");
    let text = "formatVersion: 1\nname: few\ndefaults: {engines: [explicit, sat], runs: 1}\ntasks:\n\
                - {case: c2, scale: 3, expected: {verdict: violated, k: 1}}\n\
                - {case: c2, scale: 3, fixed: true, expected: {verdict: holds}}\n\
                - {case: c3, scale: 3, expected: {verdict: violated, k: 2}}\n";
    std::fs::write(&suite, text).expect("written");
    let suite = suite.display().to_string();
    let (code, whole, err) = kubound(&["bench", &suite, "-q", "--format", "json"]);
    assert_eq!(code, 0, "{err}");
    let mut files = Vec::new();
    for index in 0..2 {
        let file = directory.path().join(format!("{index}.json")).display().to_string();
        let (code, _, err) = kubound(&["bench", &suite, "-q", "--shard", &format!("{index}/2"), "-o", &file]);
        assert_eq!(code, 0, "{err}");
        files.push(file);
    }
    let (code, merged, err) = kubound(&["merge", &files[1], &files[0], "--format", "json"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(rows(&merged), rows(&whole));
    assert_eq!(kubound(&["merge", &files[0]]).0, 3);
    assert_eq!(kubound(&["merge", &files[0], &directory.path().join("absent.json").display().to_string()]).0, 2);
}
