//! `README.md` of a reproduction: what it needs, the story, what to look for, and what may come out differently.

use crate::check::SavedTrace;
use crate::check::narrative::Block;
use crate::cluster::view::rule::Component;
use crate::input::visible::visible;

use super::evidence::Evidence;
use super::needs::Needs;
use super::script::title;
use super::stages::SLOW_SECONDS;
use super::story::Stage;
use super::{placement, shell};

/// The version of KWOK whose stages and metrics these files are written for.
const KWOK: &str = "v0.8.0";

/// The text.
pub fn text(stage: &Stage<'_>, trace: &SavedTrace, needs: &Needs, evidence: &Evidence) -> String {
    let mut text = format!("# A counterexample of {}\n\n", visible(&title(trace)));
    text += "`run.sh` leads a test cluster without machines (KWOK) through it, and says whether the cluster does what the \
             story says. Exit codes: 0 reproduced, 1 not reproduced, 2 it could not be tried.\n\n";
    if !stage.led.is_same_input {
        text += "The input has changed since the counterexample was found; it is one of the present input, too.\n\n";
    }
    text += &needed(needs);
    text += &story(stage);
    text += &format!("## What to look for\n\nAt the end: {}.\n\n", visible(&evidence.says));
    text += &differences(stage);
    text
}

fn needed(needs: &Needs) -> String {
    let mut text = "## What it needs\n\n* bash, awk, and kubectl 1.27 or later\n\
                    * kwokctl (https://kwok.sigs.k8s.io), and a cluster of its own:\n\n```sh\n"
        .to_owned();
    let arguments = needs.arguments.iter().map(|argument| format!(" \\\n  {}", shell::word(argument)));
    text += &format!("kwokctl create cluster --name=kubound{}\n", arguments.collect::<String>());
    if needs.applies_stages {
        text += &format!(
            "kubectl apply -f \\\n  https://github.com/kubernetes-sigs/kwok/releases/download/{KWOK}/stage-fast.yaml\n"
        );
    }
    text += "bash run.sh --yes\nkwokctl delete cluster --name=kubound\n```\n\n";
    for paragraph in &needs.besides {
        text += &format!("* {}\n", visible(paragraph));
    }
    if !needs.besides.is_empty() {
        text += "\n";
    }
    text + "Run it on a fresh cluster each time. It refuses clusters with nodes that are not of KWOK.\n\n"
}

/// The story, with the state after each block. Inside a fence nothing of it is markup, and no line begins with one.
fn story(stage: &Stage<'_>) -> String {
    let mut lines = vec!["## The story".to_owned(), String::new(), "```text".to_owned()];
    stage.narrative().blocks.iter().for_each(|block| lines.extend(told(block)));
    let rounds = stage.narrative().repeats_from.map(|first| format!("From step {first} on it goes round and round."));
    let diagnosis = stage.narrative().diagnosis.iter().map(|line| line.text.clone());
    lines.extend(rounds.into_iter().chain(diagnosis).map(|line| format!("  {line}")));
    lines.extend(["```".to_owned(), String::new()]);
    lines.push("What the script does itself is marked with `*`; for the rest it waits.".to_owned());
    lines.extend([String::new(), String::new()]);
    lines.join("\n")
}

fn told(block: &Block) -> Vec<String> {
    let mut lines = vec![format!("  {}", block.title)];
    for step in &block.steps {
        let mark = if step.told.deeds.is_empty() { ' ' } else { '*' };
        lines.push(format!("{mark} {:>4}. {} {}", step.number, step.told.actor, step.told.text));
    }
    let state = block.summary.workloads.iter().chain(&block.summary.nodes);
    lines.extend(state.map(|line| format!("        = {line}")));
    lines.push(String::new());
    lines
}

fn differences(stage: &Stage<'_>) -> String {
    let mut found = vec![
        "The story is one of the possible runs. kube-scheduler chooses at random among nodes with the same score, and \
         controllers race; try again if it goes another way."
            .to_owned(),
        "The script waits for rest after each block. What the story has happen in the middle of something may come \
         later here."
            .to_owned(),
        "The script looks at the cluster every two seconds, and may miss what lasts shorter.".to_owned(),
        "kubelets are KWOK's: pods become ready at once, refuse nothing, and are gone as soon as they are deleted."
            .to_owned(),
    ];
    found.extend(of_start(stage));
    found.extend(of_components(stage));
    let items: Vec<String> = found.iter().map(|item| format!("* {}\n", visible(item))).collect();
    format!("## What may come out differently\n\n{}", items.concat())
}

fn of_start(stage: &Stage<'_>) -> Vec<String> {
    let mut found = placement::shortcomings(stage);
    if !found.is_empty() {
        let what = found.join("; ");
        found = vec![format!("Not brought about at the start: {what}.")];
    }
    if stage.start().nodes.iter().any(|node| !node.pods.is_empty()) {
        found.push(
            "Pods are brought where the story begins by cordoning all nodes but one. Hard constraints (spreading, \
             anti-affinity) hold meanwhile, too; the script says where they are in the way."
                .to_owned(),
        );
    }
    found
}

fn of_components(stage: &Stage<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let mut add = |applies: bool, text: &str| found.extend(applies.then(|| text.to_owned()));
    add(
        stage.downs_nodes(),
        "A node that is down has the condition Ready=False by a Stage of KWOK; its lease is still renewed, and its \
         pods are gone as soon as they are evicted, where those of a dead machine would stay Terminating.",
    );
    add(
        stage.acts(Component::Autoscaler),
        "Usage takes about a minute from KWOK through metrics-server to the autoscaler, which keeps to its \
         stabilisation windows: blocks with it take minutes.",
    );
    add(
        !stage.cluster.scenario.crash_looping.is_empty(),
        "A crash is the condition Ready=False: counts of restarts do not grow.",
    );
    add(!stage.cluster.scenario.slow_start.is_empty(), &format!("Pods that may start slowly take {SLOW_SECONDS} s."));
    add(
        stage.cluster.workloads.iter().any(|workload| workload.kind.is_batch()),
        "Pods of Jobs run until the script ends them; it makes the Jobs of CronJobs itself when the story says that it is time.",
    );
    found
}
