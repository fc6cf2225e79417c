//! Proofs: real ones are accepted, and none is accepted for what it does not prove.

#[path = "certificates/lrat.rs"]
mod lrat;
mod support;

use std::path::Path;

use assert_cmd::Command;
use kubound::engine::sat::Sat;
use kubound::engine::sat::certificate::{Certificate, Refusal, certify, certify_and_keep};
use kubound::engine::sat::solver::{Literal, SatSolver, Solved};
use kubound::engine::sat::transcript::{Event, Recorder, Transcript};
use kubound::engine::sat::varisat::Varisat;
use kubound::engine::unroll::Limits;
use kubound::engine::{Budget, Engine, Silent, UnknownReason, Verdict, Watch};
use kubound::input::{Loaded, load_strings};
use kubound::system::PropertyId;
use proptest::prelude::*;
use support::{load_case, model, slice};

fn watch() -> Watch {
    Budget::bound(0).start()
}

/// A bound, beyond which nothing is tried.
fn up_to(bound: u32) -> Budget {
    Budget { induction: false, ..Budget::bound(bound) }
}

fn literals(numbers: &[i32]) -> Vec<Literal> {
    numbers.iter().map(|&number| Literal::new(number)).collect()
}

/// A solver with variables 1 to `variables`.
fn solver(variables: usize) -> Recorder<Varisat> {
    let mut solver = Recorder::new(Varisat::new(watch(), true));
    for _ in 0..variables {
        solver.new_variable();
    }
    solver
}

/// What was said, and the proof.
fn end(solver: Recorder<Varisat>) -> (Transcript, Vec<u8>) {
    let (solver, transcript) = solver.into_parts();
    (transcript, solver.into_proof().expect("a whole proof"))
}

/// Whether pigeons fit into one hole less; the question is a switch, so that the clauses alone are satisfiable.
fn pigeons(holes: i32) -> (Transcript, Vec<u8>) {
    let in_hole = |pigeon: i32, hole: i32| 2 + pigeon * holes + hole;
    let mut solver = solver((1 + holes * (holes + 1)) as usize);
    for pigeon in 0..=holes {
        let somewhere: Vec<i32> = (0..holes).map(|hole| in_hole(pigeon, hole)).chain([-1]).collect();
        solver.add_clause(&literals(&somewhere));
        for (other, hole) in (0..pigeon).flat_map(|other| (0..holes).map(move |hole| (other, hole))) {
            solver.add_clause(&literals(&[-in_hole(pigeon, hole), -in_hole(other, hole)]));
        }
    }
    assert_eq!(solver.solve(&literals(&[-1])), Solved::Satisfiable);
    assert_eq!(solver.solve(&literals(&[1])), Solved::Unsatisfiable);
    end(solver)
}

/// The same conversation, with some events changed or left out.
fn changed(transcript: &Transcript, change: impl Fn(usize, Event, &[Literal]) -> Option<Vec<Literal>>) -> Transcript {
    let mut other = Transcript::default();
    for (index, (event, literals)) in transcript.iter().enumerate() {
        if let Some(literals) = change(index, event, literals) {
            other.push(event, &literals);
        }
    }
    other
}

fn is_refused(transcript: &Transcript, proof: &[u8]) -> bool {
    matches!(certify(transcript, proof, &watch()), Err(Refusal::Wrong(_)))
}

#[test]
fn a_proof_is_accepted_for_its_own_formula() {
    let (transcript, proof) = pigeons(4);
    let certificate = certify(&transcript, &proof, &watch()).expect("a certificate");
    assert_eq!((certificate.refuted, certificate.proof_bytes), (1, proof.len() as u64));
    assert_eq!(certificate.clauses, transcript.len() as u64 - 1);
}

#[test]
fn a_proof_is_refused_for_any_other_formula() {
    let (transcript, proof) = pigeons(4);
    for changed_event in 0..transcript.len() {
        let without = changed(&transcript, |index, _, own| (index != changed_event).then(|| own.to_vec()));
        let weaker = changed(&transcript, |index, _, own| {
            Some(own.iter().copied().chain((index == changed_event).then(|| Literal::new(1))).collect())
        });
        let is_question = transcript.get(changed_event).is_some_and(|(event, _)| event == Event::Refuted);
        assert!(is_refused(&without, &proof), "without event {changed_event}");
        assert!(is_refused(&weaker, &proof) || is_question, "with event {changed_event} weaker");
    }
}

#[test]
fn a_proof_is_refused_for_any_other_question() {
    let (transcript, proof) = pigeons(4);
    for question in [&[-1][..], &[2], &[]] {
        let other = changed(&transcript, |_, event, own| {
            Some(if event == Event::Refuted { literals(question) } else { own.to_vec() })
        });
        assert!(is_refused(&other, &proof), "{question:?}");
    }
    let mut one_more = transcript.clone();
    one_more.push(Event::Refuted, &literals(&[2]));
    assert!(is_refused(&one_more, &proof));
}

#[test]
fn a_proof_that_is_cut_off_is_refused() {
    let (transcript, proof) = pigeons(4);
    for length in [0, 1, proof.len() / 2, proof.len() - 1] {
        assert!(is_refused(&transcript, &proof[..length]), "{length} of {} bytes", proof.len());
    }
}

#[test]
fn a_proof_without_the_step_that_refutes_is_refused() {
    let (transcript, _) = pigeons(4);
    let mut solver = solver(21);
    for (_, clause) in transcript.iter().filter(|(event, _)| *event == Event::Clause) {
        solver.add_clause(clause);
    }
    let (_, proof) = end(solver);
    assert!(is_refused(&transcript, &proof));
}

#[test]
fn a_check_beyond_the_budget_is_no_certificate() {
    let (transcript, proof) = pigeons(4);
    let over = Budget { time: Some(std::time::Duration::ZERO), ..Budget::bound(0) }.start();
    assert_eq!(certify(&transcript, &proof, &over), Err(Refusal::Exhausted));
}

/// Checks all proofs of a name that were kept, each of clauses and assumptions that were there at its question; how many they are.
fn kept_proofs(directory: &Path, name: &str, transcript: &Transcript) -> u64 {
    let mut said: Vec<Vec<i64>> = Vec::new();
    let mut count = 0;
    for (event, own) in transcript.iter() {
        let own: Vec<i64> = own.iter().map(|literal| i64::from(literal.number())).collect();
        if event == Event::Clause {
            said.push(own);
            continue;
        }
        count += 1;
        let read =
            |suffix| std::fs::read_to_string(directory.join(format!("{name}-{count}.{suffix}"))).expect("a file");
        let (formula, proof) = (read("cnf"), read("lrat"));
        assert_eq!(lrat::check(&formula, &proof), Ok(()), "question {count}\n{formula}\n{proof}");
        for clause in lrat::clauses(&formula) {
            let is_assumption = matches!(clause[..], [literal] if own.contains(&literal));
            assert!(is_assumption || said.contains(&clause), "question {count} is about {clause:?}");
        }
    }
    assert!(!directory.join(format!("{name}-{}.cnf", count + 1)).exists());
    count
}

#[test]
fn every_question_has_a_proof_that_others_can_check() {
    let (transcript, proof) = pigeons(4);
    let directory = tempfile::tempdir().expect("a directory");
    let stale = directory.path().join("pigeons-2.cnf");
    std::fs::write(&stale, "p cnf 0 0\n").expect("written");
    certify_and_keep(&transcript, &proof, &watch(), (directory.path(), "pigeons")).expect("a certificate");
    assert_eq!(kept_proofs(directory.path(), "pigeons", &transcript), 1);
    let read = |name: &str| std::fs::read_to_string(directory.path().join(name)).expect("a file");
    let (formula, proof) = (read("pigeons-1.cnf"), read("pigeons-1.lrat"));
    let lines: Vec<&str> = proof.lines().collect();
    assert!(lines.len() > 1);
    for left_out in 0..lines.len() {
        let mut rest = lines.clone();
        rest.remove(left_out);
        assert!(lrat::check(&formula, &rest.join("\n")).is_err(), "without line {left_out}");
    }
    for left_out in 1..formula.lines().count() {
        let without: Vec<&str> = formula.lines().enumerate().filter(|it| it.0 != left_out).map(|it| it.1).collect();
        assert!(lrat::check(&without.join("\n"), &proof).is_err(), "without clause {left_out}");
    }
}

/// Whether some assignment satisfies clauses and assumptions.
fn is_satisfiable(clauses: &[Vec<i32>], assumptions: &[i32], variables: u32) -> bool {
    let holds =
        |assignment: u32, literal: &i32| (assignment >> (literal.unsigned_abs() - 1) & 1 == 1) == (*literal > 0);
    (0..1 << variables).any(|assignment| {
        clauses.iter().all(|clause| clause.iter().any(|literal| holds(assignment, literal)))
            && assumptions.iter().all(|literal| holds(assignment, literal))
    })
}

fn random_literals(sizes: std::ops::Range<usize>) -> impl Strategy<Value = Vec<i32>> {
    prop::collection::vec((1..7i32, any::<bool>()).prop_map(|(var, sign)| if sign { var } else { -var }), sizes)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    /// Clauses and questions in turn: answers are right, and every conversation can be certified.
    #[test]
    fn random_conversations_are_certified(
        talk in prop::collection::vec((prop::collection::vec(random_literals(1..4), 0..8), random_literals(0..3)), 1..6)
    ) {
        let mut solver = solver(6);
        let mut clauses = Vec::new();
        for (more, assumptions) in talk {
            // Of assumptions that contradict each other varisat writes no proof that its checker accepts. Engines assume one
            // literal at a time.
            let all = assumptions.clone();
            let is_first = |it: &i32| all.iter().find(|other| other.abs() == it.abs()) == Some(it);
            let assumptions: Vec<i32> = assumptions.into_iter().filter(is_first).collect();
            more.iter().for_each(|clause| solver.add_clause(&literals(clause)));
            clauses.extend(more);
            let expected = match is_satisfiable(&clauses, &assumptions, 6) {
                true => Solved::Satisfiable,
                false => Solved::Unsatisfiable,
            };
            prop_assert_eq!(solver.solve(&literals(&assumptions)), expected, "{:?} {:?}", clauses, assumptions);
        }
        let (transcript, proof) = end(solver);
        let directory = tempfile::tempdir().expect("a directory");
        let certified = certify_and_keep(&transcript, &proof, &watch(), (directory.path(), "talk"));
        prop_assert!(certified.is_ok(), "{:?} {:?}", certified, transcript);
        prop_assert_eq!(kept_proofs(directory.path(), "talk", &transcript), transcript.refuted());
    }
}

/// Certified verdicts of a fixture or of case c6, whose fixed variant folds completely. Nothing is split by cases, so that
/// what is open stays a question for the solver.
fn certified(loaded: &Loaded) -> Certificate {
    let engine = Sat { certify: true, limits: Limits { splits: 0, branches: 64 }, ..Sat::default() };
    let model = model(loaded);
    let system = slice(&model).system;
    let properties: Vec<PropertyId> = (0..system.properties.len()).map(PropertyId).collect();
    let outcome = engine.check(&system, &properties, &up_to(loaded.spec.scenario.bound), &Silent);
    assert!(matches!(outcome.verdict, Verdict::Holds(_)), "{:?}", outcome.verdict);
    let certificate = outcome.certificate.expect("a certificate");
    assert!(certificate.refuted <= outcome.statistics.queries);
    assert_eq!(certificate.clauses, outcome.statistics.clauses);
    certificate
}

#[test]
fn what_the_solver_decided_is_certified_in_a_real_model() {
    let surge = load_strings(&[("surge.yaml", include_str!("fixtures/surge.yaml"))], Default::default());
    let certificate = certified(&surge.unwrap_or_else(|errors| panic!("{errors}")));
    assert!(certificate.refuted > 1 && certificate.clauses > 1000, "{certificate:?}");
    assert_eq!(certified(&load_case("c6", 3, true)).refuted, 0);
}

#[test]
fn a_proof_that_cannot_be_kept_leaves_nothing_certain() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("a-file");
    std::fs::write(&file, "").expect("written");
    let engine = Sat { certify: true, keep_proofs: Some(file), ..Sat::default() };
    let model = model(&load_case("c6", 3, true));
    let outcome = engine.check(&slice(&model).system, &[PropertyId(0)], &up_to(2), &Silent);
    let Verdict::Unknown { reason: UnknownReason::Engine(why), covered: 0 } = &outcome.verdict else {
        panic!("{:?}", outcome.verdict);
    };
    assert!(why.contains("a-file") && outcome.certificate.is_none(), "{why}");
}

/// Runs `check --certify=DIR` on an input that holds.
fn keep(directory: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubound"));
    command.arg("check").args(arguments).arg(format!("--certify={}", directory.display())).args(["--splits", "0"]);
    let output = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("certified: "), "{said}");
    said
}

/// The directories below one with proofs of a name, and how many there are in each.
fn proofs(directory: &Path) -> Vec<(String, usize)> {
    let mut all: Vec<(String, usize)> = std::fs::read_dir(directory)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .map(|path| {
            let files = std::fs::read_dir(&path).expect("a directory").map(|entry| entry.expect("an entry").path());
            let proofs = files.filter(|file| file.extension().is_some_and(|suffix| suffix == "lrat"));
            let check = |file: std::path::PathBuf| {
                let read = |path: &Path| std::fs::read_to_string(path).expect("a file");
                assert_eq!(lrat::check(&read(&file.with_extension("cnf")), &read(&file)), Ok(()), "{}", file.display());
            };
            (path.file_name().expect("a name").to_string_lossy().into_owned(), proofs.map(check).count())
        })
        .collect();
    all.sort();
    all
}

/// Of a family every size is certified, alone or together with others, and their proofs are kept apart.
#[test]
fn families_are_certified_size_by_size() {
    let directory = tempfile::tempdir().expect("a directory");
    let manifest = include_str!("fixtures/surge.yaml").replace("count: 5", "count: {min: 1, max: 2}");
    let input = directory.path().join("surge.yaml");
    std::fs::write(&input, manifest).expect("written");
    let proofs_of = directory.path().join("proofs");
    keep(&proofs_of, &[input.to_str().expect("a path"), "--property", "pods-schedulable", "--bound", "2"]);
    let all = proofs(&proofs_of);
    let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["worker=1", "worker=2"]);
    assert!(all.iter().all(|(_, proofs)| *proofs > 0), "{all:?}");
}
