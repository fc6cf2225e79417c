//! Failures of public issues: what was reported fails with the shortest k, what operators did about it holds, on several
//! engines and at several scales; the examples are what the cases are.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use kubound::cases::{self, Case, Suite};
use kubound::engine::explicit::Explicit;
use kubound::engine::sat::Sat;
use kubound::engine::smt::Smt;
use kubound::engine::{Budget, Engine, Extent, Silent, Verdict, guided};
use kubound::system::PropertyId;
use serde_json::Value;

use support::{Answer, check, load_case, model, slice};

/// The scale of the examples.
const SCALE: usize = 3;

/// Case, shortest k on three nodes; none where Kubernetes has mended the failure.
const EXPECTED: [(&str, Option<u32>); 24] = [
    ("k116891", Some(1)),
    ("k64689", Some(1)),
    ("k89209", Some(1)),
    ("k98215", Some(1)),
    ("k67250", Some(2)),
    ("k72775", Some(4)),
    ("k79158", Some(2)),
    ("k112027", None),
    ("createmod1097", Some(3)),
    ("a9287", Some(4)),
    ("k66811", Some(1)),
    ("k93476", Some(1)),
    ("k75957", Some(1)),
    ("kops2537", Some(1)),
    ("k72320", Some(1)),
    ("k106127", Some(0)),
    ("k117520", Some(1)),
    ("k140984", Some(1)),
    ("k141227", Some(1)),
    ("k130429", Some(0)),
    ("k89007", Some(0)),
    ("d75", Some(1)),
    ("d1219", Some(2)),
    ("d994", Some(1)),
];

/// Those in which pods preempt others have larger models.
const PREEMPTING: [&str; 2] = ["k140984", "k141227"];

/// What engines say of a variant, if all say the same.
fn answer(id: &str, scale: usize, fixed: bool, engines: &[&dyn Engine]) -> Answer {
    let loaded = load_case(id, scale, fixed);
    let model = model(&loaded);
    let slice = slice(&model);
    let answers = engines.iter().map(|&engine| check(engine, &model, &slice, loaded.spec.scenario.bound).0);
    let answers: Vec<Answer> = answers.collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{id} at {scale}, fixed={fixed}: {answers:?}");
    answers.into_iter().next().expect("an engine")
}

#[test]
fn what_was_reported_fails_with_the_shortest_k_and_what_was_done_about_it_holds() {
    let ids: Vec<&str> = Suite::Failures.cases().map(|case| case.id).collect();
    assert_eq!(ids, EXPECTED.map(|(id, _)| id));
    for (id, k) in EXPECTED {
        let case = cases::find(id).expect("a case");
        assert_eq!(case.is_mended(), k.is_none(), "{id}");
        let expected = k.map_or(Answer::Holds, |k| Answer::Violated(case.properties[0].to_owned(), k));
        let (engines, scale): (&[&dyn Engine], usize) = match PREEMPTING.contains(&id) {
            true => (&[&Explicit, &Sat::default()], 2),
            false => (&[&Explicit, &Sat::default(), &Smt::default()], SCALE),
        };
        assert_eq!(answer(id, scale, false, engines), expected, "{id}");
        assert_eq!(answer(id, scale, true, &engines[..2]), Answer::Holds, "{id}, fixed");
    }
}

#[test]
fn no_shorter_bound_finds_the_failure() {
    let longer = EXPECTED.into_iter().filter_map(|(id, k)| Some((id, k.filter(|k| *k > 0)?)));
    for (id, k) in longer.filter(|(id, _)| !PREEMPTING.contains(id)) {
        let loaded = load_case(id, SCALE, false);
        let model = model(&loaded);
        let slice = slice(&model);
        assert_eq!(check(&Explicit, &model, &slice, k - 1).0, Answer::Holds, "{id}");
        assert_eq!(check(&Sat::default(), &model, &slice, k - 1).0, Answer::Holds, "{id}");
    }
}

#[test]
fn verdicts_do_not_depend_on_the_scale() {
    for (id, k) in EXPECTED.into_iter().filter(|(id, _)| !PREEMPTING.contains(id)) {
        for (scale, fixed) in [(10, false), (10, true)] {
            let loaded = load_case(id, scale, fixed);
            let model = model(&loaded);
            let system = &slice(&model).system;
            let all: Vec<PropertyId> = (0..system.properties.len()).map(PropertyId).collect();
            let budget = Budget::bound(loaded.spec.scenario.bound);
            let verdict = guided::decide(&Explicit, system, &all, &budget, &Silent).outcome.verdict;
            let is_right = match verdict {
                Verdict::Violated { .. } => !fixed && k.is_some(),
                Verdict::Holds(extent) => (fixed || k.is_none()) && matches!(extent, Extent::Complete(_)),
                Verdict::Unknown { .. } => false,
            };
            assert!(is_right, "{id} at {scale}, fixed={fixed}: {verdict:?}");
        }
    }
}

#[test]
fn families_that_differ_in_numbers_only_are_one_query() {
    for id in ["k116891", "k64689", "k106127"] {
        let arguments =
            ["check", "--format", "json", "--engine", "explicit", "--case", id, "--scale", "1..9", "--fixed"];
        let output = Command::new(env!("CARGO_BIN_EXE_kubound")).args(arguments).output().expect("it runs");
        let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let result = &document["results"][0];
        assert_eq!((&result["verdict"], &result["extent"]["kind"]), (&"holds".into(), &"complete".into()), "{id}");
        let together = result["family"]["one_query"]["count"].as_u64().unwrap_or(0);
        assert!(together >= 6, "{id}: one query for {together} of 9 sizes");
    }
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/failures")
}

/// Where a variant is kept: what holds is not called violating.
fn directory(case: &Case, fixed: bool) -> PathBuf {
    let variant = match (fixed, case.is_mended()) {
        (true, _) => "fixed",
        (false, true) => "mended",
        (false, false) => "violating",
    };
    examples().join(format!("{}-{variant}", case.id))
}

/// Files of a directory by name.
fn contents(directory: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let file = |path: PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, fs::read_to_string(&path).expect("text"))
    };
    entries.map(|entry| file(entry.expect("an entry").path())).collect()
}

#[test]
fn examples_are_what_the_cases_are() {
    let bless = std::env::var_os("KUBOUND_BLESS").is_some();
    let mut wanted = Vec::new();
    for (case, fixed) in Suite::Failures.cases().flat_map(|case| [(case, false), (case, true)]) {
        let directory = directory(case, fixed);
        let mut files: BTreeMap<String, String> =
            cases::generate(case.id, SCALE, fixed).expect("a case").into_iter().collect();
        files.insert("README.md".to_owned(), case.readme(fixed));
        if bless {
            fs::create_dir_all(&directory).expect("a directory");
            files.iter().for_each(|(name, text)| fs::write(directory.join(name), text).expect("written"));
        }
        assert_eq!(contents(&directory), files, "{}: run with KUBOUND_BLESS=1 to write it", directory.display());
        wanted.push(directory);
    }
    let mut kept: Vec<PathBuf> =
        fs::read_dir(examples()).expect("examples").map(|entry| entry.expect("an entry").path()).collect();
    wanted.sort();
    kept.sort();
    assert_eq!(kept, wanted);
}
