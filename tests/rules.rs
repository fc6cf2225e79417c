//! Rules: every file of `encodings/` that decides something declares one, `docs/semantics.md` is made of them, and stories
//! name them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use kubound::cluster::view::rule::{Component, Rule};
use kubound::encodings::rules;
use kubound::report::render::semantics::table;
use serde_json::Value;

/// How a file declares its rule.
const DECLARATION: &str = "pub static RULE: Rule = rule! {";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files of `encodings/`, by path from the root of the package.
fn encodings() -> BTreeMap<String, String> {
    let entries = walkdir::WalkDir::new(root().join("encodings")).into_iter().map(|entry| entry.expect("readable"));
    let files = entries.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "rs"));
    let name = |path: &Path| {
        let path = path.strip_prefix(root()).expect("inside the package");
        path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
    };
    files.map(|file| (name(file.path()), std::fs::read_to_string(file.path()).expect("readable"))).collect()
}

/// The rules that a file serves, as its module documentation says; `None` if it says nothing of the kind.
fn served(text: &str) -> Option<Vec<&str>> {
    let (_, sentence) = text.lines().take_while(|line| line.starts_with("//!")).find_map(|line| {
        let sentence = line.strip_prefix("//! Part of ")?;
        Some((line, sentence))
    })?;
    Some(sentence.split('`').skip(1).step_by(2).collect())
}

/// What is wrong with how a file names its rule.
fn violation(path: &str, text: &str) -> Option<String> {
    let declared = text.lines().filter(|line| *line == DECLARATION).count();
    let serves_all = path.matches('/').count() == 1 && text.contains("//! Part of every rule");
    match (declared, served(text)) {
        (1, None) => None,
        (0, Some(_)) if serves_all => None,
        (0, Some(ids)) if ids.is_empty() => Some(format!("{path} names no rule that it is part of")),
        (0, Some(ids)) => {
            let unknown = ids.into_iter().find(|id| rules::find(id).is_none());
            unknown.map(|id| format!("{path} is part of {id}, which is no rule"))
        }
        (0, None) => Some(format!("{path} declares no rule, and does not say whose part it is")),
        (1, Some(_)) => Some(format!("{path} declares a rule and is part of another one")),
        (several, _) => Some(format!("{path} declares {several} rules: give each decision a file")),
    }
}

#[test]
fn every_file_has_a_rule_or_is_part_of_one() {
    let files = encodings();
    assert!(files.len() > 50, "the files were not found");
    let wrong: Vec<String> = files.iter().filter_map(|(path, text)| violation(path, text)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_without_a_rule_are_found() {
    let declaration = format!("//! Decides.\n\n{DECLARATION}\n}};\n");
    for (path, text) in [
        ("encodings/new.rs", "//! Decides something.\n\nfn f() {}\n".to_owned()),
        ("encodings/a/new.rs", "//! Decides something.\n//!\n//! Part of every rule.\n".to_owned()),
        ("encodings/new.rs", "//! Part of the rule `no/such`.\n".to_owned()),
        ("encodings/new.rs", format!("{declaration}{DECLARATION}\n}};\n")),
        ("encodings/new.rs", format!("//! Part of the rule `kubelet/pods`.\n{declaration}")),
    ] {
        assert!(violation(path, &text).is_some(), "{path}: {text}");
    }
    for text in [declaration, "//! Part of the rules `kubelet/pods` and `hpa/rates`.\n".to_owned()] {
        assert_eq!(violation("encodings/new.rs", &text), None);
    }
}

#[test]
fn every_rule_is_listed_and_says_where_it_is_declared() {
    let files = encodings();
    for rule in rules::all() {
        let text = files.get(rule.source.file()).unwrap_or_else(|| panic!("{}: {}", rule.id, rule.source.file()));
        let line = text.lines().nth(rule.source.line as usize - 1);
        assert_eq!(line, Some(DECLARATION), "{} is not at {}:{}", rule.id, rule.source.file(), rule.source.line);
    }
    let declaring = files.iter().filter(|(_, text)| text.lines().any(|line| line == DECLARATION));
    let declaring: BTreeSet<&str> = declaring.map(|(path, _)| path.as_str()).collect();
    let listed: BTreeSet<&str> = rules::all().map(|rule| rule.source.file()).collect();
    assert_eq!(declaring, listed);
    assert_eq!(listed.len(), rules::all().count(), "a rule is listed twice");
}

#[test]
fn rules_are_well_formed() {
    let ids: BTreeSet<&str> = rules::all().map(|rule| rule.id).collect();
    assert_eq!(ids.len(), rules::all().count(), "two rules share an id");
    rules::all().for_each(assert_well_formed);
    for component in Component::ALL {
        assert!(rules::of(component).next().is_some(), "{} has no rules", component.name());
    }
}

fn assert_well_formed(rule: &Rule) {
    let is_word = |text: &str| !text.is_empty() && text.chars().all(|it| it.is_ascii_alphanumeric() || it == '-');
    let (group, name) = rule.id.split_once('/').expect("an id has a group and a name");
    assert!(is_word(group) && is_word(name) && name == rule.name(), "{}", rule.id);
    for upstream in rule.upstream {
        let (roots, ends): (&[&str], &[&str]) = match rule.version() {
            Some(("Kubernetes" | "descheduler", _)) => (&["pkg/", "plugin/pkg/", "staging/src/k8s.io/"], &[".go"]),
            Some(("cluster-autoscaler", _)) => (&["cluster-autoscaler/"], &[".go"]),
            Some(("vertical-pod-autoscaler", _)) => (&["vertical-pod-autoscaler/pkg/"], &[".go"]),
            _ => (&["controller/", "controllers/", "docs/", "internal/", "pkg/", "ssa/"], &[".go", ".md"]),
        };
        let is_rooted = roots.iter().any(|root| upstream.file.starts_with(root));
        let ends_well = ends.iter().any(|end| upstream.file.ends_with(end));
        assert!(is_rooted && ends_well, "{}: {}", rule.id, upstream.file);
        assert!(upstream.functions.iter().all(|name| is_word(name)), "{}: {:?}", rule.id, upstream.functions);
    }
    assert!(rule.decides.ends_with('.') && rule.decides.len() > 20, "{} says not what it decides", rule.id);
    assert!(!rule.parts.is_empty(), "{} has no parts", rule.id);
    let parts = rule.parts.iter().flat_map(|part| [part.what, part.stands]);
    let omits = rule.omits.iter().flat_map(|it| [Some(it.what), it.instead].into_iter().flatten());
    for text in parts.chain(omits) {
        assert!(!text.is_empty() && !text.contains(['|', '\n']) && !text.contains("  "), "{}: {text}", rule.id);
    }
}

/// The documentation with the tables of all components made anew.
fn with_tables(text: &str) -> String {
    let mut text = text.to_owned();
    for component in Component::ALL {
        let begin = format!("<!-- rules: {} -->\n", component.name());
        let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("docs/semantics.md lacks {begin}"));
        let (_, after) = rest.split_once("<!-- /rules -->").expect("the table ends");
        let heading = before.lines().rev().find_map(|line| line.strip_prefix("### "));
        assert_eq!(heading, Some(component.name()), "the table stands in another section");
        text = format!("{before}{begin}\n{}\n<!-- /rules -->{after}", table(component));
    }
    text
}

#[test]
fn the_documentation_has_the_tables_of_all_rules() {
    let path = root().join("docs/semantics.md");
    let text = std::fs::read_to_string(&path).expect("docs/semantics.md");
    let made = with_tables(&text);
    if std::env::var_os("KUBOUND_BLESS").is_some() {
        std::fs::write(&path, made).expect("docs/semantics.md is written");
        return;
    }
    assert!(text == made, "docs/semantics.md differs from the rules: run `KUBOUND_BLESS=1 cargo test --test rules`");
}

fn kubound(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubound"));
    let output = command.args(arguments).output().expect("it runs");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn ids(value: &Value) -> Vec<&str> {
    value.as_array().expect("ids").iter().map(|id| id.as_str().expect("an id")).collect()
}

#[test]
fn stories_name_the_rules_that_decided_them() {
    let document: Value =
        serde_json::from_str(&kubound(&["check", "--case", "all", "--format", "json"])).expect("JSON");
    let stories: Vec<&Value> = document["results"].as_array().expect("results").iter().map(|it| &it["story"]).collect();
    let blocks = stories.iter().flat_map(|story| story["blocks"].as_array().into_iter().flatten());
    let steps: Vec<&Value> = blocks.flat_map(|block| block["steps"].as_array().into_iter().flatten()).collect();
    assert!(steps.len() > 20, "hardly any step was told");
    let mut found = BTreeSet::new();
    for step in steps {
        let ids = ids(&step["rules"]);
        assert!(!ids.is_empty() && ids.iter().all(|id| rules::find(id).is_some()), "{step}");
        let own = ids[0].split('/').next();
        let expected = match step["actor"].as_str().unwrap_or_default() {
            "kube-scheduler" => Some("scheduler"),
            "descheduler" => Some("descheduler"),
            "taint eviction" => Some("taint-eviction"),
            actor if actor.starts_with("HorizontalPodAutoscaler") => Some("hpa"),
            actor if actor.starts_with("Deployment") => Some("deployment"),
            actor if actor.starts_with("ReplicaSet") => Some("replicaset"),
            _ => own,
        };
        assert_eq!(own, expected, "{step}");
        found.extend(ids);
    }
    for id in [
        "scheduler/binding",
        "scheduler/NodeResourcesFit",
        "hpa/reconcile",
        "hpa/per-pod-metrics",
        "replicaset/deletion",
    ] {
        assert!(found.contains(id), "no step was decided by {id}: {found:?}");
    }
}

/// A pod of two cores, a node of one core, and one with a taint.
const NOWHERE: &str = "apiVersion: v1
kind: Node
metadata: {name: small}
status: {allocatable: {cpu: 1, memory: 1Gi, pods: 110}}
---
apiVersion: v1
kind: Node
metadata: {name: tainted}
spec: {taints: [{key: dedicated, value: db, effect: NoSchedule}]}
status: {allocatable: {cpu: 4, memory: 1Gi, pods: 110}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web, resources: {requests: {cpu: 2}}}]}
";

#[test]
fn why_a_pod_fits_nowhere_names_the_filters_that_refuse_nodes() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("nowhere.yaml");
    std::fs::write(&path, NOWHERE).expect("written");
    let check = ["check", "--property", "pods-schedulable", path.to_str().expect("UTF-8")];
    let document: Value = serde_json::from_str(&kubound(&[&check[..], &["--format", "json"]].concat())).expect("JSON");
    let story = &document["results"][0]["story"];
    assert_eq!(ids(&story["diagnosis_rules"]), ["scheduler/NodeResourcesFit", "scheduler/TaintToleration"]);
    let told = kubound(&[&check[..], &["--verbose"]].concat());
    assert!(told.contains("[scheduler/NodeResourcesFit, scheduler/TaintToleration]"), "{told}");
    assert!(told.contains("[replicaset/reconcile]"), "{told}");
    let plain = kubound(&check);
    assert!(plain.contains("Insufficient cpu") && !plain.contains("scheduler/"), "{plain}");
}
