//! Repairs: edits of random texts, and every violating example repaired by no more fields than its fixed twin changes.

#[path = "repair/twins.rs"]
mod twins;

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use kubound::engine::explicit::Explicit;
use kubound::engine::{Budget, Silent};
use kubound::input::Diagnostics;
use kubound::input::path::FieldPath;
use kubound::input::places::read;
use kubound::repair::text::{Action, Change, Page};
use kubound::repair::{Objects, Way, repair};
use kubound::term::Limit;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Most seconds for one example.
const PATIENCE: &str = "300s";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The exit code and what is printed.
fn kubound(arguments: &[&str], directory: &Path) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubound"));
    let output = command.args(arguments).current_dir(directory).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

fn repaired(example: &str) -> Value {
    let arguments = ["repair", "--format", "json", "--timeout", PATIENCE, example];
    let (code, out, err) = kubound(&arguments, &root().join("examples"));
    assert_eq!(code, 0, "{example}: {err}{out}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{example}: {error}"))
}

/// Of examples the field that the first repair changes, and what is there then, as far as that is short. It is that of the fix
/// that was published, or what a person would rather change than the other fields that are a repair alone.
const FIRST: [(&str, &str, Option<&str>); 20] = [
    ("c2-violating", "metadata.annotations[kubectl.kubernetes.io/last-applied-configuration]", None),
    ("c6-violating", "spec.template.spec.topologySpreadConstraints[0].whenUnsatisfiable", Some("DoNotSchedule")),
    ("crashloop-violating", "spec.unhealthyPodEvictionPolicy", Some("AlwaysAllow")),
    ("cronjob-violating", "spec.concurrencyPolicy", Some("Forbid")),
    ("drain-violating", "spec.minAvailable", Some("maxUnavailable: 1")),
    ("gitops-violating", "spec.replicas", Some("nothing")),
    ("nodegroup-violating", "spec.nodePools[0].autoscale.max", Some("4")),
    ("pinned-violating", "spec.template.spec.nodeName", None),
    ("statefulset-violating", "spec.podManagementPolicy", Some("Parallel")),
    ("failures/a9287-violating", "spec.template.spec.topologySpreadConstraints[0].nodeTaintsPolicy", Some("Honor")),
    ("failures/createmod1097-violating", "spec.replicas", Some("nothing")),
    ("failures/k106127-violating", "spec.template.spec.topologySpreadConstraints[0].nodeTaintsPolicy", Some("Honor")),
    ("failures/k116891-violating", "spec.strategy.rollingUpdate.maxUnavailable", Some("1")),
    ("failures/k64689-violating", "spec.strategy.rollingUpdate.maxUnavailable", Some("1")),
    ("failures/k66811-violating", "spec.replicas", Some("2")),
    ("failures/k67250-violating", "spec.podManagementPolicy", Some("Parallel")),
    ("failures/k89007-violating", "spec.template.spec.nodeName", None),
    ("failures/k89209-violating", "spec.strategy.rollingUpdate.maxUnavailable", Some("1")),
    ("failures/k93476-violating", "spec.minAvailable", Some("maxUnavailable: 1")),
    ("failures/k98215-violating", "spec.template.spec.topologySpreadConstraints[0].matchLabelKeys", None),
];

/// Compares the first repair of an example with what is expected, if something is.
fn changes_what_a_person_would(example: &str, answer: &Value) {
    let Some((_, field, to)) = FIRST.iter().find(|(name, ..)| *name == example) else { return };
    let edits = answer["repairs"][0]["edits"].as_array().expect("a repair");
    let fields: Vec<&str> = edits.iter().filter_map(|edit| edit["field"].as_str()).collect();
    assert_eq!(fields, [*field], "{example}");
    let given = edits[0]["to"].as_str().unwrap_or("nothing");
    assert!(to.is_none_or(|to| to == given), "{example}: {given}");
}

/// Repairs an example and compares the number of fields with that of its twin.
fn is_as_small_as_its_twin(example: &str) {
    let answer = repaired(example);
    changes_what_a_person_would(example, &answer);
    let fields = answer["repairs"][0]["edits"].as_array().map_or(0, Vec::len);
    let published = twins::changed_fields(&root().join("examples").join(example));
    assert!(fields >= 1 && fields <= published, "{example}: {fields} fields, and {published} in the twin");
    for repair in answer["repairs"].as_array().into_iter().flatten() {
        assert!(repair["results"].as_array().is_some_and(|all| all.iter().all(|it| it["verdict"] == "holds")));
        assert!(repair["diff"].as_str().is_some_and(|diff| diff.starts_with("--- a/")), "{example}");
    }
}

/// A copy of an example.
fn copied(example: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for entry in std::fs::read_dir(root().join("examples").join(example)).expect("an example") {
        let path = entry.expect("an entry").path();
        std::fs::copy(&path, directory.path().join(path.file_name().expect("a name"))).expect("copied");
    }
    directory
}

#[test]
fn what_is_applied_holds_and_changes_nothing_else() {
    let directory = copied("gitops-violating");
    let before = std::fs::read_to_string(directory.path().join("web.yaml")).expect("web.yaml");
    let (code, out, err) = kubound(&["repair", "--apply", "."], directory.path());
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("leave out spec.replicas") && err.contains("written: "), "{out}{err}");
    let after = std::fs::read_to_string(directory.path().join("web.yaml")).expect("web.yaml");
    assert_eq!(after, before.replace("  replicas: 2\n", ""), "the comment stays");
    assert_eq!(kubound(&["check", "."], directory.path()).0, 0);
    let (code, out, _) = kubound(&["repair", "--apply", "."], directory.path());
    assert!(code == 0 && out.contains("nothing to repair"), "{out}");
}

#[test]
fn files_that_commands_apply_are_changed_with_the_workload() {
    let directory = copied("failures/k98215-violating");
    let (code, out, err) = kubound(&["repair", "--apply", "."], directory.path());
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("matchLabelKeys"), "{out}");
    assert!(err.contains("web.yaml") && err.contains("web-2.yaml"), "{err}");
    assert_eq!(kubound(&["check", "."], directory.path()).0, 0, "what is on disk is what was checked");
}

#[test]
fn known_counterexamples_refute_changes_that_do_not_matter() {
    let directory = root().join("examples/failures/k72320-violating");
    let mut sink = Diagnostics::default();
    let objects = Objects::new(read(&[directory], &Limit::default(), &mut sink));
    let way = Way {
        engine: &Explicit,
        budget: Budget::bound(0),
        adjust: &|_| (),
        sizes: &[],
        ignores: &[],
        progress: &Silent,
    };
    let answer = repair("k72320".to_owned(), &objects, &way).expect("an input");
    assert!(answer.refuted * 2 > answer.tried, "{} of {}", answer.refuted, answer.tried);
    assert_eq!(answer.repairs[0].edits[0].field, "spec.unhealthyPodEvictionPolicy");
}

#[test]
fn what_is_no_file_is_not_written() {
    let examples = root().join("examples");
    for arguments in [&["repair", "--case", "c7", "--apply"][..], &["repair", "-", "--apply"]] {
        let (code, _, err) = kubound(arguments, &examples);
        assert_eq!(code, 2);
        assert!(err.contains("is no file"), "{err}");
    }
    assert_eq!(kubound(&["repair", "--case", "all"], &examples).0, 2);
    assert_eq!(kubound(&["repair", "gitops-violating", "--apply=9"], &examples).0, 2);
}

#[test]
fn a_search_ends_in_time() {
    let (code, out, _) = kubound(&["repair", "--timeout", "1ms", "c3-violating"], &root().join("examples"));
    assert_eq!(code, 3, "{out}");
}

#[test]
fn where_no_field_helps_that_is_said() {
    let directory = tempfile::tempdir().expect("a directory");
    let lost = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: lost}\nspec:\n  replicas: 1\n  selector: {matchLabels: {app: lost}}\n  \
                template:\n    metadata: {labels: {app: lost}}\n    spec: {nodeSelector: {a: b}, containers: [{name: a, image: b}]}\n";
    let scenario = "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nmetadata: {name: lost}\nspec:\n  \
                    nodePools: [{name: n, count: 1, template: {allocatable: {cpu: 1, memory: 1Gi, pods: 9}}}]\n  \
                    properties: [pods-schedulable]\n  bound: 1\n";
    std::fs::write(directory.path().join("lost.yaml"), lost).expect("written");
    std::fs::write(directory.path().join("scenario.yaml"), scenario).expect("written");
    let (code, out, err) = kubound(&["repair", "."], directory.path());
    assert!(code == 1 && out.contains("no repair of 3 fields"), "{code}: {out}{err}");
}

#[test]
fn violations_end_with_a_hint() {
    let (code, out, _) = kubound(&["check", "c3-violating"], &root().join("examples"));
    assert_eq!(code, 1);
    let words = out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("hint: Deployment search: spec.template.spec.topologySpreadConstraints"), "{out}");
    assert!(words.contains("`kubound repair c3-violating`"), "{out}");
    let (_, out, _) = kubound(&["check", "c3-violating", "--format", "json"], &root().join("examples"));
    let answer: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(answer["hints"][0]["file"], "c3-violating/cluster.yaml");
}

/// Examples that are repaired in every build; `KUBOUND_ALL_REPAIRS=1` repairs all.
const QUICK: [&str; 14] = [
    "c2-violating",
    "c3-violating",
    "c7-violating",
    "gitops-violating",
    "pinned-violating",
    "statefulset-violating",
    "nodegroup-violating",
    "failures/a9287-violating",
    "failures/createmod1097-violating",
    "failures/k106127-violating",
    "failures/k116891-violating",
    "failures/k64689-violating",
    "failures/k66811-violating",
    "failures/k89007-violating",
];

#[test]
fn examples_are_repaired_by_as_few_fields_as_their_twins_change() {
    let all = twins::violating(&root().join("examples"));
    assert!(all.len() > 35, "{} examples", all.len());
    let is_asked =
        |example: &&String| std::env::var_os("KUBOUND_ALL_REPAIRS").is_some() || QUICK.contains(&example.as_str());
    let asked: Vec<&String> = all.iter().filter(is_asked).collect();
    assert!(asked.len() >= QUICK.len(), "{asked:?}");
    assert!(FIRST.iter().all(|(name, ..)| all.iter().any(|example| example == name)), "every one is an example");
    asked.into_iter().for_each(|example| is_as_small_as_its_twin(example));
}

/// A value of a field: with mappings, sequences and scalars of all kinds.
fn value() -> impl Strategy<Value = Value> {
    let text = prop_oneof!["[a-z]{1,6}", "[0-9]{1,3}%", Just("true".to_owned()), Just("a: #b, [c]".to_owned())];
    let scalar = prop_oneof![
        any::<i16>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        text.prop_map(Value::from)
    ];
    scalar.prop_recursive(3, 24, 4, |inner| {
        let map = prop::collection::btree_map("[a-z]{1,4}", inner.clone(), 1..4);
        prop_oneof![
            map.prop_map(|map| Value::Object(map.into_iter().collect())),
            prop::collection::vec(inner, 1..4).prop_map(Value::from)
        ]
    })
}

/// A document, with a comment before and after each line that begins a field.
fn document() -> impl Strategy<Value = (Value, String)> {
    let map = prop::collection::btree_map("[a-z]{1,4}", value(), 2..5);
    map.prop_map(|map| {
        let value = Value::Object(map.into_iter().collect());
        let plain = serde_yaml::to_string(&value).expect("YAML");
        let noted = plain.lines().enumerate().map(|(number, line)| {
            let margin: String = line.chars().take_while(|next| *next == ' ').collect();
            format!("{margin}# before {number}\n{line} # behind {number}\n")
        });
        let text: String = noted.collect();
        (value, text)
    })
}

/// Paths of all values in a document.
fn paths(value: &Value, here: &FieldPath) -> Vec<FieldPath> {
    let inner: Vec<(FieldPath, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, value)| (here.key(key), value)).collect(),
        Value::Array(elements) => elements.iter().enumerate().map(|(at, it)| (here.index(at), it)).collect(),
        _ => Vec::new(),
    };
    inner.into_iter().flat_map(|(path, value)| [vec![path.clone()], paths(value, &path)].concat()).collect()
}

fn at<'v>(value: &'v Value, path: &FieldPath) -> &'v Value {
    use kubound::input::path::Step;
    path.steps().iter().fold(value, |value, step| match step {
        Step::Key(key) => &value[key],
        Step::Index(index) => &value[*index],
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn scalars_change_alone((value, text) in document(), new in any::<u16>()) {
        let page = Page::new(&text).expect("YAML");
        prop_assert_eq!(&page.documents()[0], &value);
        for path in paths(&value, &FieldPath::root()).into_iter().filter(|path| !at(&value, path).is_object() && !at(&value, path).is_array()) {
            let change = Change { document: 0, path: path.clone(), action: Action::Put(json!(new)) };
            let changed = page.changed(&[change]);
            let changed = changed.ok_or_else(|| TestCaseError::fail(format!("{path} in\n{text}")))?;
            let differ = text.lines().zip(changed.lines()).filter(|(old, new)| old != new).count();
            prop_assert!(differ <= 1 && text.lines().count() == changed.lines().count(), "{}\n{}", text, changed);
        }
    }

    #[test]
    fn fields_come_and_go((value, text) in document(), new in value()) {
        let page = Page::new(&text).expect("YAML");
        let maps = paths(&value, &FieldPath::root()).into_iter().filter(|path| at(&value, path).is_object());
        for path in maps.chain([FieldPath::root()]) {
            let added = Change { document: 0, path: path.key("added"), action: Action::Put(new.clone()) };
            let changed = page.changed(&[added]).ok_or_else(|| TestCaseError::fail(format!("{path} in\n{text}")))?;
            prop_assert!(text.lines().all(|line| changed.contains(line)), "{}\n{}", text, changed);
            let again = Page::new(&changed).expect("YAML");
            let removed = Change { document: 0, path: path.key("added"), action: Action::Remove };
            let back = again.changed(&[removed]);
            prop_assert_eq!(back.as_deref(), Some(text.as_str()));
        }
    }
}
