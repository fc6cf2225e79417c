//! The workbench as users call it: suites and what they expect, baselines, plots, and engines side by side.

#[path = "support/ran.rs"]
mod ran;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use kubound::cases::{self, CASES, Suite as Group};
use kubound::workbench::suite::{self, Suite};
use kubound::workbench::task::{Expected, Target};
use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

use ran::{Ran, kubound};

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}{}", ran.out, ran.err))
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn own_suites() -> Vec<Suite> {
    let names = ["published", "wide", "families", "failures", "many"];
    let files: Vec<PathBuf> = names.iter().map(|name| root().join(format!("benches/suites/{name}.yaml"))).collect();
    let suites = suite::read(&files).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(suites.iter().map(|suite| suite.name.as_str()).collect::<Vec<_>>(), names);
    suites
}

/// A directory with a suite.
fn with_suite(text: &str) -> TempDir {
    let directory = tempdir().expect("a directory");
    fs::write(directory.path().join("suite.yaml"), text).expect("written");
    directory
}

/// A suite of quick tasks.
const QUICK: &str = "\
formatVersion: 1
name: quick
defaults: {engines: [explicit, sat], runs: 1}
tasks:
- {case: c2, expected: {verdict: violated, k: 1}}
- {case: c7, fixed: true, property: settles, expected: {verdict: holds}}
";

/// The same with these expectations of both tasks.
fn expecting(first: &str, second: &str) -> String {
    QUICK.replace("{verdict: violated, k: 1}", first).replace("{verdict: holds}", second)
}

#[test]
fn suites_of_the_repository_expect_what_their_cases_are() {
    for suite in own_suites() {
        for task in &suite.tasks {
            let expected = task.expected.unwrap_or_else(|| panic!("{}: nothing is expected", task.name));
            let holds = match &task.target {
                Target::Case { case, fixed, .. } => *fixed || cases::find(case).expect("a case").is_mended(),
                Target::Paths { named, .. } => named.iter().all(|path| path.ends_with("-fixed")),
            };
            let is_right = match expected {
                Expected::Holds => holds,
                Expected::Violated(_) => !holds,
                Expected::Unknown => false,
            };
            assert!(is_right, "{}, {}: {expected:?}", suite.name, task.name);
        }
    }
}

#[test]
fn the_suite_of_the_documents_can_be_read() {
    let page = fs::read_to_string(root().join("docs/workbench.md")).expect("the page");
    let block = page.split("```text\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a suite");
    let examples = root().join("examples");
    let directory = with_suite(&block.replace("../../examples", examples.to_str().expect("UTF-8")));
    let suites = suite::read(&[directory.path().join("suite.yaml")]).unwrap_or_else(|errors| panic!("{errors}"));
    let names: Vec<&str> = suites[0].tasks.iter().map(|task| task.name.as_str()).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    assert_eq!(names[1..], ["c1-fixed at 3", "c1-fixed at 10", "c2 at 1..100"]);
}

#[test]
fn suites_of_the_repository_have_every_case_in_both_variants() {
    let suites = own_suites();
    let variants = |name: &str| -> BTreeSet<(String, bool)> {
        let suite = suites.iter().find(|suite| suite.name == name).expect("a suite");
        let of = |target: &Target| match target {
            Target::Case { case, fixed, .. } => Some((case.clone(), *fixed)),
            Target::Paths { .. } => None,
        };
        suite.tasks.iter().filter_map(|task| of(&task.target)).collect()
    };
    let all = |is: &dyn Fn(Group) -> bool| -> BTreeSet<(String, bool)> {
        let cases = CASES.iter().filter(|case| is(case.suite));
        cases.flat_map(|case| [false, true].map(|fixed| (case.id.to_owned(), fixed))).collect()
    };
    for (name, group) in
        [("published", Group::Published), ("wide", Group::Wide), ("failures", Group::Failures), ("many", Group::Many)]
    {
        assert_eq!(variants(name), all(&|suite| suite == group), "{name}");
    }
    assert!(variants("families").is_subset(&all(&|suite| suite != Group::Many)));
    assert!(variants("families").len() >= 48, "{}", variants("families").len());
}

#[test]
fn rows_of_a_suite_are_run_and_scored() {
    let directory = with_suite(QUICK);
    let ran = kubound(directory.path(), &["bench", "suite.yaml", "--runs", "2", "--format", "json"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    let document = json(&ran);
    assert_eq!(document["scores"], json!({"right": 4, "wrong": 0, "unknown": 0}));
    let rows = document["rows"].as_array().expect("rows");
    let names: Vec<(&str, &str)> =
        rows.iter().map(|row| (row["task"].as_str().unwrap_or(""), row["engine"].as_str().unwrap_or(""))).collect();
    let (violated, fixed) = ("c2 at 3", "c7-fixed at 3: settles");
    assert_eq!(names, [(violated, "explicit"), (violated, "sat"), (fixed, "explicit"), (fixed, "sat")]);
    for row in rows {
        assert_eq!((&row["suite"], &row["score"]), (&json!("quick"), &json!("right")), "{row}");
        assert_eq!(row["seconds"].as_array().map(Vec::len), Some(2), "{row}");
        assert!(row["verdicts"][0]["states"].is_number() && row["mad_seconds"].is_number(), "{row}");
    }
    assert_eq!((&rows[2]["properties"], &rows[2]["verdicts"][0]["property"]), (&json!(["settles"]), &json!("settles")));
}

#[test]
fn tables_of_rows_are_text_and_comma_separated_values() {
    let directory = with_suite(QUICK);
    let csv = directory.path().join("rows.csv");
    let ran = kubound(directory.path(), &["bench", "suite.yaml", "--engine", "explicit", "-o", "rows.csv"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    let text = fs::read_to_string(csv).expect("it is written");
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    assert!(lines.len() == 3 && lines.iter().all(|line| line.len() == lines[0].len()), "{text}");
    assert_eq!(lines[1][..9], ["quick", "c2 at 3", "explicit", "violated", "1", "violated", "1", "right", "1"]);
    let table = kubound(directory.path(), &["bench", "suite.yaml", "--engine", "explicit"]);
    assert!(table.out.lines().all(|line| line.chars().count() <= 80), "{}", table.out);
    assert!(table.out.contains("2 rows: 2 right, 0 wrong, 0 unknown"), "{}", table.out);
}

#[test]
fn formats_of_other_commands_are_refused() {
    for command in ["bench", "compare"] {
        let ran = kubound(&root(), &[command, "--case", "c2", "--format", "sarif"]);
        assert!(ran.code == 2 && ran.err.contains("[possible values: text, json, table, csv]"), "{}", ran.err);
        let ran = kubound(&root(), &[command, "--case", "c2", "-o", "never.sarif"]);
        assert!(ran.code == 2 && ran.err.contains("others are written as text, json, table, csv"), "{}", ran.err);
    }
    let ran = kubound(&root(), &["check", "--case", "c2", "-o", "never.csv"]);
    assert!(ran.code == 2 && ran.err.contains("csv is for answers of `kubound bench`"), "{}", ran.err);
}

#[test]
fn what_contradicts_the_expectation_is_wrong() {
    for (first, second) in [("{verdict: holds}", "{verdict: holds}"), ("{verdict: violated, k: 2}", "{verdict: holds}")]
    {
        let directory = with_suite(&expecting(first, second));
        let ran = kubound(directory.path(), &["bench", "suite.yaml", "--engine", "explicit"]);
        assert_eq!(ran.code, 1, "{first}: {}{}", ran.out, ran.err);
        assert!(ran.out.contains("1 right, 1 wrong, 0 unknown"), "{}", ran.out);
        assert!(ran.out.contains("wrong: c2 at 3, explicit: violated, k = 1; expected: "), "{}", ran.out);
    }
}

#[test]
fn what_is_not_decided_is_unknown_unless_that_is_expected() {
    let suite = |expected: &str| {
        format!(
            "formatVersion: 1\nname: hurried\ntasks:\n- {{case: c1, scale: 100, engines: [explicit], runs: 2, \
             timeout: 1ms, expected: {{verdict: {expected}}}}}\n"
        )
    };
    for (expected, code, score) in [("violated", 3, "unknown"), ("unknown", 0, "right")] {
        let directory = with_suite(&suite(expected));
        let ran = kubound(directory.path(), &["bench", "suite.yaml", "--format", "json"]);
        assert_eq!((ran.code, &json(&ran)["rows"][0]["score"]), (code, &json!(score)), "{}", ran.err);
    }
}

#[test]
fn paths_are_relative_to_the_suite_and_sizes_narrow_families() {
    let directory = tempdir().expect("a directory");
    let example = root().join("examples/family-violating");
    let inner = directory.path().join("suites/here");
    fs::create_dir_all(&inner).expect("a directory");
    for entry in fs::read_dir(example).expect("the example") {
        let path = entry.expect("a file").path();
        fs::copy(&path, inner.join(path.file_name().expect("a name"))).expect("copied");
    }
    let text = "formatVersion: 1\nname: paths\ndefaults: {engines: [explicit], runs: 1}\ntasks:\n\
        - {input: here, size: {on-demand: 1, spot: 1..4}, expected: {verdict: violated}}\n";
    fs::write(directory.path().join("suites/suite.yaml"), text).expect("written");
    let ran = kubound(directory.path(), &["bench", "suites/suite.yaml", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let row = &json(&ran)["rows"][0];
    assert_eq!(row["task"], "here on-demand=1 spot=1..4");
    assert_eq!(row["sizes"], json!({"on-demand": 1, "spot": {"min": 1, "max": 4}}));
    assert!(row["verdicts"][0]["size"].as_str().is_some_and(|size| size.contains("spot = ")), "{row}");
}

#[test]
fn malformed_suites_are_errors_at_their_places() {
    const HEAD: &str = "formatVersion: 1\nname: s\n";
    for (text, place, message) in [
        ("formatVersion: [", "2:1", "this is not valid YAML"),
        ("", "1:1", "a suite is one document, and there are 0 here"),
        ("formatVersion: 1\nname: a\ntasks: []\n---\nname: b\n", "5:1", "there are 2 here"),
        ("name: s\ntasks: []\n", "1:1", "missing field `formatVersion`"),
        ("formatVersion: 2\nname: s\ntasks: [{case: c1}]\n", "1:16", "version 2 of the format, which is not known"),
        ("formatVersion: 1\nname: ''\ntasks: [{case: c1}]\n", "2:7", "the suite has no name"),
        (&format!("{HEAD}tasks: []\n"), "3:1", "there are no tasks"),
        (&format!("{HEAD}tasks:\n- {{case: c1, scales: 3}}\n"), "4:14", "unknown field `scales`"),
        (&format!("{HEAD}tasks:\n- {{case: c99}}\n"), "4:10", "there is no case `c99`"),
        (&format!("{HEAD}tasks:\n- {{}}\n"), "4:", "neither an `input` nor a `case`"),
        (&format!("{HEAD}tasks:\n- {{case: c1, input: .}}\n"), "4:", "both an `input` and a `case`"),
        (&format!("{HEAD}tasks:\n- {{input: nowhere}}\n"), "4:11", "there is no file or directory `nowhere`"),
        (&format!("{HEAD}tasks:\n- {{input: 7}}\n"), "4:11", "7 is no text"),
        (&format!("{HEAD}tasks:\n- {{input: ., scale: 3}}\n"), "4:21", "`scale` is for cases"),
        (&format!("{HEAD}tasks:\n- {{case: c1, scale: many}}\n"), "4:21", "`many` is neither a number nor a range"),
        (&format!("{HEAD}tasks:\n- {{case: c1, scale: [3, 0]}}\n"), "4:25", "a scale of 0 is not possible"),
        (&format!("{HEAD}tasks:\n- {{case: c1, size: {{a: 1}}}}\n"), "4:14", "`size` is for inputs"),
        (&format!("{HEAD}tasks:\n- {{case: c1, property: nice}}\n"), "4:24", "there is no property `nice`"),
        (&format!("{HEAD}tasks:\n- {{case: c1, expected: {{verdict: maybe}}}}\n"), "4:", "unknown variant `maybe`"),
        (&format!("{HEAD}tasks:\n- {{case: c1, expected: {{verdict: holds, k: 1}}}}\n"), "4:44", "none is expected"),
        (&format!("{HEAD}tasks:\n- {{case: c1, engines: [psychic]}}\n"), "4:24", "there is no engine `psychic`"),
        (&format!("{HEAD}tasks:\n- {{case: c1, engines: []}}\n"), "4:14", "there are no engines"),
        (&format!("{HEAD}tasks:\n- {{case: c1, engines: [sat, sat]}}\n"), "4:29", "`sat` is named twice"),
        (&format!("{HEAD}tasks:\n- {{case: c1, timeout: soon}}\n"), "4:23", "`soon` does not begin with a number"),
        (&format!("{HEAD}tasks:\n- {{case: c1, memory: 2 parsecs}}\n"), "4:22", "no unit of memory"),
        (&format!("{HEAD}tasks:\n- {{case: c1, runs: 0}}\n"), "4:20", "0 runs are not possible"),
        (
            &format!("{HEAD}defaults: {{options: {{focus: deep}}}}\ntasks: [{{case: c1}}]\n"),
            "3:29",
            "`deep` is not known",
        ),
        (&format!("{HEAD}tasks:\n- {{case: c1}}\n- {{case: c1}}\n"), "5:", "there is another task `c1 at 3`"),
        (
            &format!("{HEAD}tasks:\n- {{case: c1, name: x, scale: [3, 4]}}\n"),
            "4:20",
            "several tasks would have this name",
        ),
    ] {
        let directory = with_suite(text);
        let ran = kubound(directory.path(), &["bench", "suite.yaml"]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{text}: {}", ran.err);
        let line =
            ran.err.lines().find(|line| line.contains("error: ")).unwrap_or_else(|| panic!("{text}: {}", ran.err));
        assert!(line.starts_with(&format!("suite.yaml:{place}")) && line.contains(message), "{text}: {}", ran.err);
        assert!(ran.err.contains("= help: "), "{text}: {}", ran.err);
    }
}

#[test]
fn suites_that_are_not_there_or_go_by_one_name_are_errors() {
    let directory = with_suite(QUICK);
    let missing = kubound(directory.path(), &["bench", "nothing.yaml"]);
    assert!(missing.code == 2 && missing.err.contains("cannot read nothing.yaml"), "{}", missing.err);
    fs::write(directory.path().join("again.yaml"), QUICK).expect("written");
    let twice = kubound(directory.path(), &["bench", "suite.yaml", "again.yaml"]);
    assert!(twice.code == 2 && twice.err.contains("again.yaml:2:7: error: there is another suite"), "{}", twice.err);
    for wrong in [&["--case", "c1"][..], &["--fixed"], &["--scale", "3"], &["--suite", "wide"]] {
        assert_eq!(kubound(directory.path(), &[&["bench", "suite.yaml"], wrong].concat()).code, 2, "{wrong:?}");
    }
}

#[test]
fn names_of_tasks_are_text_wherever_they_are_told() {
    let text =
        "formatVersion: 1\nname: s\ntasks:\n- {case: c2, name: \"\\e[31m<b>=\\u202e\", engines: [explicit], runs: 1}\n";
    let directory = with_suite(text);
    for format in ["text", "table", "json", "csv"] {
        let arguments = ["bench", "suite.yaml", "--format", format, "--plot", "plots"];
        let ran = kubound(directory.path(), &arguments);
        assert!(ran.code == 0 && !ran.out.contains(['\u{1b}', '\u{202e}']), "{format}: {:?}{}", ran.out, ran.err);
    }
    let cactus = fs::read_to_string(directory.path().join("plots/cactus.svg")).expect("a picture");
    assert!(!cactus.contains(['\u{1b}', '\u{202e}']) && cactus.contains("&lt;b&gt;"), "{cactus}");
}

/// A result of the quick suite with explicit search, with these times of each run.
fn kept(directory: &Path, seconds: f64) -> Value {
    let arguments = ["bench", "suite.yaml", "--engine", "explicit", "--runs", "4", "--format", "json"];
    let mut document = json(&kubound(directory, &arguments));
    let rows = document["rows"].as_array_mut().expect("rows");
    rows.iter_mut().for_each(|row| row["seconds"] = json!(vec![seconds; 4]));
    document
}

fn against(directory: &Path, baseline: &Value) -> (Ran, Value) {
    fs::write(directory.join("baseline.json"), baseline.to_string()).expect("written");
    let arguments = ["bench", "suite.yaml", "--engine", "explicit", "--runs", "4", "--baseline", "baseline.json"];
    let text = kubound(directory, &arguments);
    let document = json(&kubound(directory, &[&arguments[..], &["--format", "json"]].concat()));
    (text, document["changes"].clone())
}

#[test]
fn what_became_slower_than_a_baseline_is_told_and_exits_with_1() {
    let directory = with_suite(QUICK);
    let (quick, slow) = (kept(directory.path(), 1e-6), kept(directory.path(), 1e4));
    let (ran, changes) = against(directory.path(), &quick);
    assert_eq!((ran.code, &changes["slower"], &changes["faster"]), (1, &json!(2), &json!(0)), "{}", ran.out);
    assert!(ran.out.contains("c2 at 3, explicit: slower: "), "{}", ran.out);
    assert!(ran.out.contains("2 rows compared: 2 slower, 0 faster, 0 verdicts worse"), "{}", ran.out);
    let (ran, changes) = against(directory.path(), &slow);
    assert_eq!((ran.code, &changes["slower"], &changes["faster"]), (0, &json!(0), &json!(2)), "{}", ran.out);
}

#[test]
fn times_of_another_machine_are_not_compared_but_verdicts_are() {
    let directory = with_suite(QUICK);
    let mut baseline = kept(directory.path(), 1e-6);
    baseline["machine"]["cpu"] = json!("abacus");
    baseline["rows"][0]["verdicts"][0] = json!({"property": "min-replicas", "verdict": "unknown", "k": 0});
    baseline["rows"][1]["task"] = json!("c9 at 3");
    let (ran, changes) = against(directory.path(), &baseline);
    assert_eq!((ran.code, &changes["slower"]), (0, &json!(0)), "{}", ran.out);
    assert!(ran.out.contains("times are not compared") && ran.out.contains("(cpu: abacus"), "{}", ran.out);
    assert!(ran.out.contains("verdict gained: violated, k = 1 after unknown"), "{}", ran.out);
    assert_eq!((&changes["gone"], &changes["rows"][0]["time"]), (&json!(["c9 at 3, explicit"]), &Value::Null));
}

#[test]
fn verdicts_that_contradict_a_baseline_exit_with_1() {
    let directory = with_suite(QUICK);
    let mut baseline = kept(directory.path(), 1e4);
    baseline["rows"][0]["verdicts"][0]["k"] = json!(0);
    let (ran, changes) = against(directory.path(), &baseline);
    assert_eq!((ran.code, &changes["worse_verdicts"]), (1, &json!(1)), "{}", ran.out);
    assert!(ran.out.contains("verdict contradicts: violated, k = 1 after violated, k = 0"), "{}", ran.out);
}

#[test]
fn few_runs_are_said_to_tell_little_and_baselines_may_be_malformed() {
    let directory = with_suite(QUICK);
    let mut baseline = kept(directory.path(), 1e-6);
    baseline["rows"][0]["seconds"] = json!([1e-6]);
    let (ran, changes) = against(directory.path(), &baseline);
    assert_eq!(changes["runs_needed"], 4, "{}", ran.out);
    assert!(ran.out.contains("give --runs 4 both times"), "{}", ran.out);
    for (text, problem) in [("{", "not JSON"), ("{}", "it has no `rows`"), ("{\"rows\": []}", "it has no `machine`")] {
        fs::write(directory.path().join("bad.json"), text).expect("written");
        let ran = kubound(directory.path(), &["bench", "suite.yaml", "--baseline", "bad.json"]);
        assert!(ran.code == 2 && ran.err.contains("bad.json") && ran.err.contains(problem), "{text}: {}", ran.err);
    }
    assert_eq!(kubound(directory.path(), &["bench", "suite.yaml", "--baseline", "nothing.json"]).code, 2);
}

#[test]
fn plots_are_pictures_that_stand_alone_and_say_what_they_show() {
    let suite = QUICK.to_owned() + "- {case: c1, scale: 100, timeout: 1ms, engines: [explicit, sat]}\n";
    let directory = with_suite(&suite);
    let ran = kubound(directory.path(), &["bench", "suite.yaml", "--plot", "plots"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    for (name, marks) in [("cactus.svg", 2 * 2 + 2), ("scatter-explicit-sat.svg", 2)] {
        let text = fs::read_to_string(directory.path().join("plots").join(name)).expect("a picture");
        let document = roxmltree::Document::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let svg = document.root_element();
        assert_eq!((svg.tag_name().name(), svg.attribute("role")), ("svg", Some("img")));
        let told = |id: &str| {
            let found = svg.children().find(|node| node.attribute("id") == Some(id)).and_then(|node| node.text());
            found.map(|text| text.trim().to_owned()).unwrap_or_default()
        };
        assert!(!told("title").is_empty() && told("desc").contains("explicit"), "{name}: {text}");
        let is_mark = |node: &roxmltree::Node<'_, '_>| node.attribute("class").is_some_and(|it| it.starts_with("mark"));
        assert_eq!(svg.descendants().filter(is_mark).count(), marks, "{name}");
        assert!(!text.contains("href") && !text.contains("<script") && !text.contains("url("), "{name}");
        assert!(text.contains("prefers-color-scheme: dark"), "{name}");
    }
}

#[test]
fn engines_are_compared_side_by_side() {
    let arguments = ["compare", "--case", "c2", "--engines", "explicit,sat,auto"];
    let ran = kubound(&root(), &[&arguments[..], &["--format", "json"]].concat());
    assert_eq!((ran.code, ran.err.as_str()), (1, ""), "{}", ran.out);
    let document = json(&ran);
    assert_eq!((&document["contradictions"], &document["input"]), (&json!([]), &json!("c2 at 3")));
    for side in document["engines"].as_array().expect("engines") {
        let result = &side["results"][0];
        assert_eq!(
            (&result["verdict"], &result["k"], &result["replayed"]),
            (&json!("violated"), &json!(1), &json!(true))
        );
        assert!(side["seconds"].is_number() && side["failure"].is_null(), "{side}");
    }
    let text = kubound(&root(), &arguments);
    assert!(text.code == 1 && text.out.contains("REPLAYED") && text.out.contains("WHOLE RUN"), "{}", text.out);
    assert!(text.out.lines().all(|line| line.chars().count() <= 80), "{}", text.out);
    let csv = kubound(&root(), &[&arguments[..], &["--format", "csv"]].concat());
    assert_eq!(csv.out.lines().count(), 4, "{}", csv.out);
}

#[test]
fn comparisons_end_as_checks_do() {
    let compare = |more: &[&str]| kubound(&root(), &[&["compare", "--engines", "explicit,sat"], more].concat());
    assert_eq!(compare(&["--case", "c7", "--fixed", "--property", "settles"]).code, 0);
    assert_eq!(compare(&["examples/c5-violating", "--bound", "1"]).code, 1);
    assert_eq!(compare(&["--case", "c1", "--scale", "100", "--timeout", "1ms"]).code, 3);
    for (wrong, problem) in [
        (&["nowhere"][..], "cannot read nowhere"),
        (&["--case", "c99"], "there is no case `c99`"),
        (&["--case", "all"], "name one case"),
        (&["-"], "standard input can be read once"),
        (&["--case", "c1", "--property", "nice"], "nice"),
        (&["--case", "c1", "--format", "sarif"], "sarif"),
        (&[], "PATH"),
    ] {
        let ran = compare(wrong);
        assert!(ran.code == 2 && ran.err.contains(problem), "{wrong:?}: {} {}", ran.code, ran.err);
    }
}
