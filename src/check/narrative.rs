//! The one story of a run, from which every renderer works.

use std::cell::RefCell;

use crate::cluster::object::spec::ClusterSpec;
use crate::cluster::view::rule::{Rule, distinct};
use crate::cluster::view::story::{Line, MovedNode, Scene, Sentence};
use crate::model::Model;
use crate::property::OBSERVER_PREFIX;
use crate::system::replay::{Interpreter, Replayed};
use crate::system::run::Runner;
use crate::system::{ActionKind, Interleaving, Trace, trace};
use crate::term::Evaluator;

use super::Finding;
use super::clock::Clock;
use super::fold::{Folded, Told, fold};
use super::nodes::NodeTracker;
use super::summary::{Summarizer, Summary};
use super::timeline::Timeline;
use super::timeline::record::Recorder;

/// How a run ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It breaks a property.
    Breaks {
        /// The property's name.
        property: String,
        /// In what way.
        finding: Finding,
    },
    /// It just ends.
    Open,
}

/// A run in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Narrative {
    /// What happens, block by block.
    pub blocks: Vec<Block>,
    /// For a lasso: the number of the first step of the loop.
    pub repeats_from: Option<usize>,
    /// What is wrong at the end, and why.
    pub diagnosis: Vec<Line>,
    /// What its steps change.
    pub timeline: Timeline,
}

impl Narrative {
    /// The rules that decided what the diagnosis says.
    pub fn deciding(&self) -> Vec<&'static Rule> {
        distinct(self.diagnosis.iter().flat_map(|line| line.rules.iter().copied()))
    }
}

/// A block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its heading.
    pub title: String,
    /// Its steps.
    pub steps: Vec<Step>,
    /// Where things stand afterwards.
    pub summary: Summary,
}

/// A numbered step, or several that are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// From 1, through all blocks.
    pub number: usize,
    /// What happens.
    pub told: Folded,
}

/// Tells a run of the whole system: the trace, its clock, and what executing it gave.
pub fn narrate(
    spec: &ClusterSpec,
    model: &Model,
    (trace, clock): (&Trace, Option<&Clock>),
    run: &Replayed,
    ending: &Ending,
) -> Narrative {
    let interpreter = model.interpreter();
    let first = run.states.first();
    let runner = RefCell::new(interpreter.run(first));
    let tracker = NodeTracker::start(spec, &model.parts, first);
    let recorder = Recorder::start(spec, &model.parts, &tracker, first);
    let mut teller = Teller { model, tracker, recorder, runner };
    let mut states = run.states.pairs();
    let mut summarizer = Summarizer::new(spec, &model.parts);
    let mut blocks = Vec::new();
    if model.system.fixed_initial_state().is_none() {
        let summary = summarizer.summarize(&teller.tracker, first);
        blocks.push(Block { title: "start: one of those possible".to_owned(), steps: Vec::new(), summary });
    }
    let (mut number, mut loop_pending) = (0, false);
    for (title, range) in block_ranges(model.system.interleaving, run) {
        let mut told = Vec::new();
        for index in range {
            loop_pending |= trace.loop_start == Some(index);
            let Some((before, after)) = states.step() else { break };
            if let Some(mut step) = teller.tell(before, after, &trace.steps[index]) {
                step.begins_loop = std::mem::take(&mut loop_pending);
                step.at = clock.and_then(|clock| clock.steps.get(index).copied());
                told.push(step);
            }
            teller.runner.borrow_mut().apply(run.states.changes(index));
        }
        let steps: Vec<Step> = fold(told)
            .into_iter()
            .map(|told| {
                number += 1;
                Step { number, told }
            })
            .collect();
        teller.recorder.fold(steps.iter().map(|step| step.told.times));
        let summary = summarizer.summarize(&teller.tracker, states.after());
        blocks.push(Block { title, steps, summary });
    }
    let begins = |step: &&Step| step.told.begins_loop;
    let repeats_from = blocks.iter().flat_map(|block: &Block| &block.steps).find(begins).map(|step| step.number);
    let nodes = teller.tracker.all(run.states.last());
    let mut diagnosis = diagnose((model, &nodes), run, ending, repeats_from, number);
    diagnosis.extend(clock.into_iter().flat_map(Clock::lines));
    let timeline = teller.recorder.end(summarizer.pod_names().to_vec());
    Narrative { blocks, repeats_from, diagnosis, timeline }.visible()
}

/// Headings and ranges of steps. Runs of single actions (`async`) are one block.
fn block_ranges(interleaving: Interleaving, run: &Replayed) -> Vec<(String, std::ops::Range<usize>)> {
    let steps = run.blocks.len();
    if interleaving == Interleaving::Async {
        return vec![("run".to_owned(), 0..steps)];
    }
    let last = run.k();
    let boundary = |block: u32| run.blocks.partition_point(|&number| number < block);
    let title = |block: u32| match block {
        0 => "start: everything settles".to_owned(),
        number => format!("block {number}"),
    };
    (0..=last).map(|block| (title(block), boundary(block)..boundary(block + 1))).collect()
}

struct Teller<'a> {
    model: &'a Model,
    tracker: NodeTracker<'a>,
    recorder: Recorder<'a>,
    /// In the state before the step that is told.
    runner: RefCell<Runner<'a>>,
}

impl Teller<'_> {
    /// One step; `None` if it is an observer's or says nothing.
    fn tell(&mut self, before: &[i64], after: &[i64], step: &trace::Step) -> Option<Told> {
        let moved = self.tracker.step(before, after);
        let told = self.sentence(before, after, step, &moved);
        if told.is_some() {
            self.recorder.begin(self.model.system.actions[step.action].kind == ActionKind::Environment);
        }
        self.recorder.step(before, after, &moved);
        told
    }

    fn sentence(&self, before: &[i64], after: &[i64], step: &trace::Step, moved: &[MovedNode]) -> Option<Told> {
        let action = &self.model.system.actions[step.action];
        let narrator = self.model.parts.narrators.get(step.action)?;
        if action.name.starts_with(OBSERVER_PREFIX) {
            return None;
        }
        self.runner.borrow_mut().give(step);
        let value = |term| self.runner.borrow_mut().value(term);
        let scene = Scene { value: &value, before, after, moved };
        let sentence = narrator(&scene);
        if sentence.text.is_empty() {
            return None;
        }
        let nodes = named(&sentence.text, &scene.moved_names(), moved);
        let own = self.model.parts.rules.get(step.action).copied().flatten();
        let rules = distinct(own.into_iter().chain(sentence.rules.iter().copied()));
        let Sentence { actor, text, why, deed, .. } = sentence;
        Some(Told { actor, text, nodes, why, rules, deed, begins_loop: false, at: None })
    }
}

fn named(text: &str, shown: &str, moved: &[MovedNode]) -> Option<(String, Vec<String>)> {
    let names = || moved.iter().map(|node| node.name.clone()).collect();
    (!moved.is_empty() && text.contains(shown)).then(|| (shown.to_owned(), names()))
}

fn diagnose(
    (model, nodes): (&Model, &[MovedNode]),
    run: &Replayed,
    ending: &Ending,
    repeats_from: Option<usize>,
    last: usize,
) -> Vec<Line> {
    let Ending::Breaks { property, finding } = ending else { return Vec::new() };
    let state = run.states.last();
    let valuation = Interpreter::new(&model.system).valuation(state, None);
    let evaluator = RefCell::new(Evaluator::new(&model.system.arena, &valuation));
    let value = |term| evaluator.borrow_mut().value(term);
    let scene = Scene { value: &value, before: state, after: state, moved: nodes };
    let own = model.parts.diagnoses.iter().filter(|(name, _)| name == property);
    let mut lines: Vec<Line> = own.flat_map(|(_, diagnosis)| diagnosis(&scene)).collect();
    match (finding, repeats_from) {
        (Finding::Loop, Some(first)) if first == last => {
            lines.push(format!("step {first} repeats for ever, with no change from outside").into());
        }
        (Finding::Loop, Some(first)) => {
            lines.push(format!("steps {first} to {last} repeat for ever, with no change from outside").into());
        }
        (Finding::Reversal, _) => {
            lines.push("the replicas turn round, though nothing changed from outside meanwhile".to_owned().into());
        }
        _ => {}
    }
    lines
}
