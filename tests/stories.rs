//! Whole outputs of the program, as snapshots: what a person reads when a case is violated, holds, or is misspelt.

use std::path::Path;

use assert_cmd::Command;

/// Runs `kubound` in the repository; standard output and error, with measured times blanked.
fn output(arguments: &[&str]) -> String {
    let mut command = Command::cargo_bin("kubound").expect("the program is built");
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).args(arguments);
    let output = command.output().expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let shown = format!("{}{}exit {}", text(&output.stdout), text(&output.stderr), output.status.code().unwrap_or(-1));
    shown.lines().map(without_time).collect::<Vec<_>>().join("\n")
}

/// Replaces the line in `Code: encodings/….rs:12`.
fn without_line(text: &str) -> String {
    let blank = |line: &str| match line.split_once(".rs:") {
        Some((before, _)) => format!("{before}.rs:LINE"),
        None => line.to_owned(),
    };
    text.lines().map(blank).collect::<Vec<_>>().join("\n")
}

/// Replaces the time in `… explicit, 12 ms`.
fn without_time(line: &str) -> String {
    match line.split_once("explicit, ") {
        Some((before, _)) => format!("{}explicit, TIME", before.trim_end().to_owned() + " "),
        None => line.to_owned(),
    }
}

#[test]
fn a_pod_that_fits_nowhere() {
    insta::assert_snapshot!(output(&["check", "--engine", "explicit", "examples/c3-violating"]));
}

#[test]
fn a_loop_between_descheduler_and_scheduler() {
    insta::assert_snapshot!(output(&["check", "--engine", "explicit", "examples/c5-violating"]));
}

#[test]
fn a_block_that_never_rests() {
    insta::assert_snapshot!(output(&["check", "--engine", "explicit", "examples/c7-violating"]));
}

#[test]
fn panics_that_go_round() {
    insta::assert_snapshot!(output(&["check", "--engine", "explicit", "examples/c4-violating"]));
}

#[test]
fn a_case_that_holds() {
    insta::assert_snapshot!(output(&["check", "--engine", "explicit", "examples/c6-fixed"]));
}

#[test]
fn a_story_with_its_rules() {
    let told = output(&["check", "--engine", "explicit", "--verbose", "examples/c1-violating"]);
    let figures = |line: &&str| !line.contains("states, ") && !line.trim_start().starts_with("at most ");
    insta::assert_snapshot!(told.lines().filter(figures).collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_rule_explained() {
    insta::assert_snapshot!(without_line(&output(&["explain", "scheduler/PodTopologySpread"])));
}

#[test]
fn a_rule_of_ours_explained() {
    insta::assert_snapshot!(without_line(&output(&["explain", "environment/overload"])));
}

#[test]
fn a_path_that_is_not_there() {
    insta::assert_snapshot!(output(&["check", "examples/c9-violating"]));
}
