//! Other programs, where they are at hand.

use std::path::Path;
use std::process::Command;

use z3::{SatResult, Solver};

/// What Z3 says of a script, or of clauses in the format DIMACS.
pub fn z3(text: &str) -> bool {
    // Z3 takes for DIMACS what begins with the line of counts.
    let is_read = |line: &&str| !line.starts_with("c ") && !["(check-sat)", "(exit)"].contains(line);
    let lines: Vec<&str> = text.lines().filter(is_read).collect();
    let says_nothing =
        |line: &&str| line.starts_with([';', 'p']) || line.starts_with("(set") || *line == "(assert true)";
    let solver = Solver::new();
    solver.from_string(lines.join("\n") + "\n");
    assert_eq!(solver.get_assertions().is_empty(), lines.iter().all(says_nothing), "nothing was read of {text}");
    match solver.check() {
        SatResult::Sat => true,
        SatResult::Unsat => false,
        SatResult::Unknown => panic!("Z3 gave up"),
    }
}

/// What a program prints; `None` if there is no such program, which is said.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    match Command::new(program).args(arguments).output() {
        Ok(output) => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
        Err(_) => {
            eprintln!("{program} is not at hand: its part of the test is left out");
            None
        }
    }
}

fn is_satisfiable(text: &str) -> bool {
    let has = |word: &str| text.split_whitespace().any(|it| it.eq_ignore_ascii_case(word));
    match (has("sat") || has("satisfiable"), has("unsat") || has("unsatisfiable")) {
        (true, false) => true,
        (false, true) => false,
        _ => panic!("no answer: {text}"),
    }
}

/// What solvers of their own say of a script or of clauses.
pub fn solvers(file: &Path) -> Vec<(&'static str, bool)> {
    let path = file.to_str().expect("a path");
    let commands: &[(&str, &[&str])] = match file.extension().and_then(|it| it.to_str()) {
        Some("smt2") => &[("z3", &["-smt2", path]), ("boolector", &[path]), ("bitwuzla", &[path])],
        _ => &[("cadical", &["-q", "-n", path]), ("kissat", &["-q", "-n", path]), ("z3", &["-dimacs", path])],
    };
    let ask = |&(name, arguments): &(&'static str, &[&str])| Some((name, is_satisfiable(&output(name, arguments)?)));
    commands.iter().filter_map(ask).collect()
}

/// What ABC says of a graph: whether something bad is reached; `None` if it is not at hand, or gives up.
pub fn abc(file: &Path) -> Option<bool> {
    let command = format!("read_aiger {}; zero; orpos; strash; pdr -T 5", file.display());
    let text = ["berkeley-abc", "abc"].into_iter().find_map(|program| output(program, &["-q", &command]))?;
    match (text.contains("was asserted in frame"), text.contains("Property proved")) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => {
            eprintln!("ABC gives up: {text}");
            None
        }
    }
}
