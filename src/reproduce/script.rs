//! `run.sh`: the fixed part (`PRELUDE`), and what this story makes of it.

use crate::check::SavedTrace;

use super::evidence::{self, Evidence};
use super::needs::Needs;
use super::story::Stage;
use super::{placement, shell, usage};

/// Functions that every script has. It runs on bash 3.2 and later, with kubectl 1.27 and awk.
const PRELUDE: &str = include_str!("prelude.sh");

/// The script.
pub fn text(stage: &Stage<'_>, trace: &SavedTrace, needs: &Needs, evidence: &Evidence) -> String {
    let mut lines = head(trace);
    lines.extend(PRELUDE.lines().map(str::to_owned));
    lines.push(String::new());
    lines.extend(state(stage, trace));
    lines.extend(usage::function(stage.cluster));
    lines.push(String::new());
    lines.extend(sharing(stage));
    lines.extend(function("note", &evidence.notes));
    lines.extend(function("look", &looks(evidence)));
    lines.push("confirm".to_owned());
    lines.extend(needs.checks.iter().cloned());
    lines.push(String::new());
    lines.extend(shortcomings(stage));
    lines.extend(placement::lines(stage));
    lines.push(String::new());
    lines.extend(stage.lines());
    lines.extend(end(evidence));
    lines.join("\n") + "\n"
}

fn head(trace: &SavedTrace) -> Vec<String> {
    vec![
        "#!/usr/bin/env bash".to_owned(),
        shell::comment(&format!("Leads a test cluster of KWOK through a counterexample of {}.", title(trace))),
        "# README.md says what it needs, and what may come out differently. Written by `kubound reproduce`.".to_owned(),
        "#".to_owned(),
        "# Not every story needs every function and variable, and what is told is not expanded:".to_owned(),
        "# shellcheck disable=SC2016,SC2034,SC2317,SC2329".to_owned(),
        "set -Eeuo pipefail".to_owned(),
        String::new(),
    ]
}

/// What the counterexample breaks, and whose.
pub fn title(trace: &SavedTrace) -> String {
    match trace.subject.as_str() {
        "" => trace.property.clone(),
        subject => format!("{} ({subject})", trace.property),
    }
}

/// Variables that change in the story.
fn state(stage: &Stage<'_>, trace: &SavedTrace) -> Vec<String> {
    let loads = stage.cluster.scenario.loads.iter().enumerate().filter(|(_, load)| usage::is_shown(load));
    let mut lines = vec![format!("counted={}", evidence::counted(&trace.property))];
    for (position, load) in loads {
        let what = format!("{} of {} at the start, in thousandths", load.metric, load.target);
        lines.extend([shell::comment(&what), format!("load_{position}={}", usage::at_start(stage.cluster, load))]);
    }
    lines.push(String::new());
    lines
}

/// Loads that pods share are written anew while the number of pods may change.
fn sharing(stage: &Stage<'_>) -> Vec<String> {
    let is_shared = usage::is_shared(stage.cluster);
    function("share_usage", &if is_shared { vec!["show_usage".to_owned()] } else { Vec::new() })
}

fn looks(evidence: &Evidence) -> Vec<String> {
    let mut lines = vec!["found=0".to_owned()];
    lines.extend(evidence.looks.iter().cloned());
    lines.push(format!("if {}; then found=1; fi", evidence.condition));
    lines
}

fn function(name: &str, body: &[String]) -> Vec<String> {
    let mut lines = vec![format!("{name}() {{")];
    match body {
        [] => lines.push("  :".to_owned()),
        body => lines.extend(body.iter().map(|line| format!("  {line}"))),
    }
    lines.extend(["}".to_owned(), String::new()]);
    lines
}

fn shortcomings(stage: &Stage<'_>) -> Vec<String> {
    placement::shortcomings(stage).iter().map(|why| super::deeds::cannot(why)).collect()
}

fn end(evidence: &Evidence) -> Vec<String> {
    vec![
        format!("printf '\\n== What to look for: %s\\n' {}", shell::shown(&evidence.says)),
        "look".to_owned(),
        "if ((found == 1)); then".to_owned(),
        "  say 'reproduced'".to_owned(),
        "  exit 0".to_owned(),
        "fi".to_owned(),
        "say 'not reproduced (README.md says what may differ from run to run)'".to_owned(),
        "exit 1".to_owned(),
    ]
}
