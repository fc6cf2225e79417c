//! What is exported, against the engines: other solvers and searches come to the same answer.
//!
//! Random systems are decided in every format by readers and searches of this test's own and by Z3, and compared with a
//! naive search; cases are decided by Z3, and by other programs where these are at hand.

#[path = "export/aiger.rs"]
mod aiger;
#[path = "export/btor2.rs"]
mod btor2;
#[path = "symbolic/random.rs"]
mod random;
#[path = "symbolic/reference.rs"]
mod reference;
#[path = "export/search.rs"]
mod search;
#[path = "export/tools.rs"]
mod tools;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aiger::{Aiger, lane};
use assert_cmd::Command;
use btor2::Btor2;
use kubound::check::source::read;
use kubound::check::{Exported, Form, InputName, Options, check, export};
use kubound::engine::auto::Auto;
use kubound::engine::export::aiger::Coding;
use kubound::engine::export::{Ending, ExportError, Machine, machine, question};
use kubound::engine::{Budget, Watch, export as formats};
use kubound::system::{PropertyId, System};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use rand::{Rng, SeedableRng, rngs::StdRng};
use random::Bytes;

fn watch() -> Watch {
    Budget::bound(0).start()
}

/// Random bytes; failures shrink to fewer of them.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let take = |(seed, count): (u64, usize)| StdRng::seed_from_u64(seed).random_iter().take(count).collect();
    (any::<u64>().no_shrink(), 80..240usize).prop_map(take)
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(ProptestConfig { cases, max_shrink_iters: 40, ..ProptestConfig::default() })
}

fn graph_of(machine: &Machine) -> Aiger {
    let write = |coding| formats::aiger::write(machine, &[], coding, &watch()).expect("written");
    let (text, binary) = (Aiger::read(&write(Coding::Text)), Aiger::read(&write(Coding::Binary)));
    assert_eq!(text, binary);
    text
}

/// In the graph of a machine what is bad is reached exactly if a run within the bound breaks the property.
fn reaches_what_breaks(system: &System, bound: Option<u32>, skipped: &AtomicUsize) -> Result<(), TestCaseError> {
    let expected = reference::search(system, bound.unwrap_or(u32::MAX));
    for (index, broken) in expected.broken.iter().enumerate() {
        let machine = machine(system, &[PropertyId(index)], bound, &watch()).expect("a machine");
        let Some(reached) = search::reached(&graph_of(&machine), &machine.actions) else {
            skipped.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        let show = || format!("{expected:?} {bound:?}\n{}", system.show());
        prop_assert_eq!(reached.get(1).copied().unwrap_or(false), expected.hazard.is_some(), "{}", show());
        if expected.hazard.is_none() {
            prop_assert_eq!(reached[0], broken.is_some(), "property {}: {}", index, show());
        }
    }
    Ok(())
}

#[test]
fn transition_systems_reach_what_is_bad_exactly_where_a_naive_search_does() {
    let skipped = AtomicUsize::new(0);
    let bound = prop_oneof![Just(None), (0u32..4).prop_map(Some)];
    let result = runner(150).run(&(bytes(), bound), |(bytes, bound)| {
        reaches_what_breaks(&random::system(&mut Bytes::new(&bytes)), bound, &skipped)
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    let skipped = skipped.into_inner();
    assert!(skipped < 75, "{skipped} are large");
}

/// Executes a machine in both formats under the same random inputs.
fn walk_together(machine: &Machine, random: &mut StdRng) -> Result<(), TestCaseError> {
    let graph = graph_of(machine);
    let words = Btor2::read(&formats::btor2::write(machine, &[], &watch()).expect("written"));
    let bits = |values: &[u64], nodes: &[u64]| -> Vec<bool> {
        let of = |(&value, &node): (&u64, &u64)| (0..words.width(node)).map(move |bit| value >> bit & 1 == 1);
        values.iter().zip(nodes).flat_map(of).collect()
    };
    let packed = |state: &[u64]| -> u128 {
        bits(state, &words.states).iter().enumerate().map(|(position, &set)| u128::from(set) << position).sum()
    };
    let mut state = words.start();
    prop_assert_eq!(packed(&state), graph.start());
    for _ in 0..60 {
        let inputs: Vec<u64> =
            words.inputs.iter().map(|&node| random.random::<u64>() >> (64 - words.width(node))).collect();
        let lanes: Vec<u64> = bits(&inputs, &words.inputs).into_iter().map(u64::from).collect();
        let (bad, next) = graph.step(packed(&state), &lanes);
        let (own_bad, own_next) = words.step(&state, &inputs);
        prop_assert_eq!(bad.iter().map(|bad| bad & 1 == 1).collect::<Vec<_>>(), own_bad);
        prop_assert_eq!(lane(&next, 0), packed(&own_next));
        state = own_next;
    }
    Ok(())
}

#[test]
fn words_and_gates_are_the_same_machine() {
    let result = runner(100).run(&(bytes(), any::<u64>()), |(bytes, seed)| {
        let system = random::system(&mut Bytes::new(&bytes));
        let all: Vec<PropertyId> = (0..system.properties.len()).map(PropertyId).collect();
        let machine = machine(&system, &all, Some(2), &watch()).expect("a machine");
        walk_together(&machine, &mut StdRng::seed_from_u64(seed))
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

/// Z3 says of scripts and of clauses what a naive search says of the system.
fn asks_what_breaks(system: &System, bound: u32) -> Result<(), TestCaseError> {
    let all: Vec<PropertyId> = (0..system.properties.len()).map(PropertyId).collect();
    let expected = reference::search(system, bound);
    let least = expected.broken.iter().flatten().copied().min();
    let show = || format!("{expected:?} {bound}\n{}", system.show());
    let patience = Budget { time: Some(Duration::from_secs(5)), ..Budget::bound(0) }.start();
    match question(system, &all, bound, &patience) {
        Ok(question) => {
            let script = formats::smt2::write(&question, system, &[], &watch()).expect("written");
            let clauses = formats::dimacs::write(&question, &[], &watch()).expect("written");
            let is_broken = least.is_some();
            prop_assert_eq!((tools::z3(&script), tools::z3(&clauses)), (is_broken, is_broken), "{}", show());
            prop_assert!(is_broken || expected.hazard.is_none() || !expected.starts, "{}", show());
            if let (Ending::Violated(depth), true) = (question.ending, expected.starts) {
                prop_assert_eq!(Some(depth), least, "{}", show());
            }
        }
        Err(ExportError::Range(_)) => {
            let hazard = expected.hazard;
            prop_assert!(!expected.starts || hazard.is_some(), "{}", show());
            prop_assert!(least.is_none_or(|least| hazard.is_none_or(|hazard| hazard <= least)), "{}", show());
        }
        Err(ExportError::Exhausted(_)) => return Err(TestCaseError::reject("some random systems take for ever")),
        Err(other) => prop_assert!(false, "{other} {}", show()),
    }
    Ok(())
}

#[test]
fn questions_are_satisfiable_exactly_where_a_naive_search_finds_a_run() {
    let result = runner(150)
        .run(&(bytes(), 0u32..4), |(bytes, bound)| asks_what_breaks(&random::system(&mut Bytes::new(&bytes)), bound));
    result.unwrap_or_else(|error| panic!("{error}"));
}

/// Cases with a bound: what violates and what holds.
const CASES: [(&str, bool, &str, u32); 4] = [
    ("c5", false, "no-eviction-loop", 2),
    ("c5", true, "no-eviction-loop", 1),
    ("c3", false, "pods-schedulable", 2),
    ("c3", true, "pods-schedulable", 2),
];

/// Every format of a case, decided by others.
#[test]
fn other_solvers_say_of_cases_what_engines_say() {
    let directory = tempfile::tempdir().expect("a directory");
    for (case, fixed, property, bound) in CASES {
        let mut input = read(&InputName::Case { case: case.to_owned(), scale: 3, fixed }).expect("a case");
        let mut options = Options::new(&*AUTO, Budget::bound(bound));
        let names = [property.to_owned()];
        options.properties = &names;
        input.spec.scenario.bound = bound;
        let (results, _) = check(&input, &options, &mut |_| ()).expect("results");
        let violated = results[0].is_violated();
        let write = |form, suffix: &str| {
            let exported = export(&input, property, form, Some(bound), &Budget::bound(0)).expect("an export");
            let Exported::File(bytes) = exported else { panic!("{case}: {exported:?}") };
            let path = directory.path().join(format!("{case}-{fixed}.{suffix}"));
            std::fs::write(&path, &bytes).expect("written");
            (path, bytes)
        };
        for (form, suffix) in [(Form::Smt2, "smt2"), (Form::Dimacs, "cnf")] {
            let (path, bytes) = write(form, suffix);
            let text = String::from_utf8(bytes).expect("text");
            assert_eq!(tools::z3(&text), violated, "{case} {fixed} {suffix}");
            for (solver, answer) in tools::solvers(&path) {
                assert_eq!(answer, violated, "{case} {fixed} {suffix}: {solver}");
            }
        }
        let (path, bytes) = write(Form::Aiger(Coding::Binary), "aig");
        let names = [property, "out-of-range"];
        let bad = Aiger::read(&bytes).bad.len();
        assert!((1..=2).contains(&bad) && bytes.windows(names[0].len()).any(|it| it == names[0].as_bytes()));
        if let Some(reached) = tools::abc(&path) {
            assert_eq!(reached, violated, "{case} {fixed}: ABC");
        }
    }
}

static AUTO: std::sync::LazyLock<Auto> = std::sync::LazyLock::new(Auto::default);

fn refused(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_kubound")).arg("export").args(arguments).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    String::from_utf8(output.stderr).expect("text")
}

#[test]
fn what_cannot_be_exported_is_refused() {
    let lines: Vec<String> = [
        &["--case", "c1", "--property", "spread-balanced", "--format", "smt2"][..],
        &["--case", "all", "--property", "settles", "--format", "smt2"],
        &["--case", "c1", "--scale", "1..3", "--property", "no-eviction-loop", "--format", "btor2"],
        &["--case", "c1", "--property", "no-eviction-loop", "-o", "somewhere.txt"],
        &["--case", "c9", "--property", "no-eviction-loop", "--format", "aiger"],
    ]
    .iter()
    .map(|arguments| refused(arguments).lines().last().unwrap_or_default().to_owned())
    .collect();
    let beginnings: Vec<&str> = lines.iter().map(|line| line.split(" and k").next().unwrap_or_default()).collect();
    insta::assert_snapshot!(beginnings.join("\n"), @r"
    error: property spread-balanced applies to nothing in this input: it needs a topology spread constraint, or `maxSkew` and `topologyKey`
    error: `all`, `wide`, `many` and `failures` are for `check` only; name one case
    error: this input has several sizes, and an export is about one: name it with --size NAME=N, or --scale N
    error: somewhere.txt: no format has files that end like this; name it with --format, or end it in .smt2, .btor2, .aag, .aig, .cnf
    error: there is no case `c9`; known are c1 to c8 (all of them: all), w1 to w4 (all of them: wide), m1 to m6 (all of them: many)
    ");
    assert!(refused(&["--case", "c1", "--property", "no-eviction-loop"]).contains("--format"));
    assert!(refused(&["--case", "c1", "--property", "nothing", "--format", "smt2"]).contains("possible values"));
}

#[test]
fn without_time_nothing_is_written() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("c1.btor2");
    let arguments = ["export", "--case", "c1", "--property", "no-eviction-loop", "--timeout", "0s", "-o"];
    let output = Command::new(env!("CARGO_BIN_EXE_kubound")).args(arguments).arg(&file).output().expect("it runs");
    assert_eq!(output.status.code(), Some(3));
    assert!(!file.exists());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("nothing was written: out of time"), "{said}");
}

#[test]
fn files_are_written_by_their_suffix_and_say_what_they_are() {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, begin) in [
        ("a.smt2", "; kubound"),
        ("a.cnf", "c kubound"),
        ("a.btor2", "; kubound"),
        ("a.aag", "aag "),
        ("a.aig", "aig "),
    ] {
        let file = directory.path().join(name);
        let arguments = ["export", "--case", "c1", "--property", "no-eviction-loop", "--bound", "1", "-q", "-o"];
        Command::new(env!("CARGO_BIN_EXE_kubound")).args(arguments).arg(&file).assert().success().stdout("");
        let bytes = std::fs::read(&file).expect("a file");
        assert!(bytes.starts_with(begin.as_bytes()), "{name}");
    }
}
