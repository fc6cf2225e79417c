//! The story as steps of the script: what it does itself, what it waits for, and how long rest has to last.

use k8s_openapi::api::autoscaling::v2::HPAScalingRules;

use crate::check::narrative::{Block, Step};
use crate::check::standing::Standing;
use crate::check::{Led, Narrative};
use crate::cluster::object::spec::ClusterSpec;
use crate::cluster::view::rule::Component;

use super::cast::Cast;
use super::deeds;
use super::files::CommandFiles;
use super::shell;

/// Seconds without a change after which controllers rest that only react.
const CALM: i64 = 10;

/// Seconds that metrics take to reach an autoscaler, and it to act on them.
const METRICS: i64 = 60;

/// Seconds after which a node that is down loses its pods, and some more.
const EVICTION: i64 = 330;

/// Everything that the script is made of.
pub struct Stage<'a> {
    /// The cluster.
    pub cluster: &'a ClusterSpec,
    /// The counterexample.
    pub led: &'a Led,
    /// The objects at the start.
    pub cast: &'a Cast,
    /// What commands apply.
    pub files: &'a CommandFiles,
}

impl Stage<'_> {
    /// The story.
    pub fn narrative(&self) -> &Narrative {
        &self.led.narrative
    }

    /// Where it begins.
    pub fn start(&self) -> &Standing {
        &self.led.start
    }

    /// All steps.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.narrative().blocks.iter().flat_map(|block| &block.steps)
    }

    /// Whether a component acts in the story.
    pub fn acts(&self, component: Component) -> bool {
        self.steps().any(|step| is_of(step, component))
    }

    /// Whether somebody makes a node go down.
    pub fn downs_nodes(&self) -> bool {
        let done = self.steps().flat_map(|step| &step.told.deeds).any(deeds::downs_node);
        done || self.start().nodes.iter().any(|node| node.down)
    }

    /// The lines of all blocks; what goes on for ever is gone round several times.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let last_deed = self.steps().filter(|step| !step.told.deeds.is_empty()).map(|step| step.number).max();
        let blocks = &self.narrative().blocks;
        for (position, block) in blocks.iter().enumerate() {
            lines.push(format!("block {}", shell::shown(&block.title)));
            self.block(block, last_deed, &mut lines);
            // Pods that had yet to come are no evidence.
            lines.extend((position == 0 && blocks.len() > 1).then(|| "from_here_on".to_owned()));
            lines.push(String::new());
        }
        if self.narrative().repeats_from.is_some() {
            lines.push("one_round_is_over".to_owned());
            lines.push("while ((round < rounds)); do".to_owned());
            lines.extend(self.round().into_iter().map(|line| format!("  {line}")));
            lines.push("done".to_owned());
        }
        lines
    }

    /// One more round of the loop.
    fn round(&self) -> Vec<String> {
        let from = self.narrative().repeats_from.unwrap_or_default();
        let mut lines = vec!["block \"round $((round + 1))\"".to_owned()];
        for block in &self.narrative().blocks {
            let steps = block.steps.iter().filter(|step| step.number >= from).cloned().collect::<Vec<Step>>();
            if !steps.is_empty() {
                self.block(&Block { steps, ..block.clone() }, None, &mut lines);
            }
        }
        lines.push("one_round_is_over".to_owned());
        lines
    }

    /// A block: its steps in order, with rest before each deed that others come before, and at the end. The descheduler has one
    /// cycle a block.
    fn block(&self, block: &Block, last_deed: Option<usize>, lines: &mut Vec<String>) {
        let (mut waits, mut descheduled) = (false, false);
        for step in &block.steps {
            if self.narrative().repeats_from == Some(step.number) {
                lines.push("the_loop_begins".to_owned());
            }
            let is_descheduler = is_of(step, Component::Descheduler);
            let cycle = is_descheduler && !descheduled;
            descheduled |= is_descheduler;
            if step.told.deeds.is_empty() && !cycle {
                lines.push(told("watch_for", step));
                waits |= !is_descheduler;
                continue;
            }
            if std::mem::take(&mut waits) {
                lines.push(format!("settle {CALM}"));
            }
            lines.push(told("step", step));
            if last_deed == Some(step.number) {
                lines.push("from_here_on".to_owned());
            }
            if cycle {
                lines.push("deschedule".to_owned());
            }
            lines.extend(step.told.deeds.iter().flat_map(|deed| deeds::lines(self, deed)));
        }
        let calm = self.calm(block);
        let from = self.narrative().repeats_from;
        let loops = block.steps.iter().any(|step| from.is_some_and(|from| step.number >= from));
        lines.push(match loops {
            // It may be that this never rests.
            true => format!("settle {calm} {}", 3 * calm + METRICS),
            false => format!("settle {calm}"),
        });
    }

    /// How long nothing may change until a block is over: whoever acts in it may take so long to begin.
    fn calm(&self, block: &Block) -> i64 {
        let acts = |component| block.steps.iter().any(|step| is_of(step, component));
        let young = self.cluster.workloads.iter().map(|workload| workload.min_ready_seconds).max().unwrap_or(0);
        let mut calm = CALM + young;
        if acts(Component::Autoscaler) {
            calm = calm.max(METRICS + self.window());
        }
        if acts(Component::TaintEviction) {
            calm = calm.max(EVICTION);
        }
        calm
    }

    /// The longest stabilisation window of autoscalers, in seconds.
    fn window(&self) -> i64 {
        let usual = self.cluster.scenario.controllers.hpa_flags.downscale_stabilization;
        let of =
            |rules: Option<&HPAScalingRules>| rules.and_then(|rules| rules.stabilization_window_seconds).map(i64::from);
        let windows = self.cluster.autoscalers.iter().map(|autoscaler| {
            let behavior = autoscaler.object.spec.as_ref().and_then(|spec| spec.behavior.as_ref());
            let down = behavior.and_then(|it| of(it.scale_down.as_ref())).unwrap_or(usual);
            down.max(behavior.and_then(|it| of(it.scale_up.as_ref())).unwrap_or(0))
        });
        windows.max().unwrap_or(0)
    }
}

/// Whether a rule of a component decided a step.
fn is_of(step: &Step, component: Component) -> bool {
    step.told.rules.iter().any(|rule| rule.component == component)
}

/// A step in words, as the script prints it.
fn told(function: &str, step: &Step) -> String {
    let times = if step.told.times > 1 { format!(" ({} times)", step.told.times) } else { String::new() };
    let text = format!("{}{times}", step.told.text);
    format!("{function} {} {} {}", step.number, shell::shown(&step.told.actor), shell::shown(&text))
}
