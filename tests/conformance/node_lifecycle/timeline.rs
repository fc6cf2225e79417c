//! One timeline: the encoding runs with the recorded kubelets and the controller's periods, and everything that can be
//! seen of it is compared, moment by moment and object by object.
//!
//! Where the controller leaves an order open (which waiting node is tainted next, which of two writes comes first) the
//! run follows the recording as far as the encoding allows.

use serde_json::Value;

use crate::conformance::Verdict;
use crate::conformance::driver::{Driver, Watch};
use crate::conformance::json::{list, milliseconds, text};
use crate::encodings::clocked::node_lifecycle::machine::{Lifecycle, LifecycleSpec, build};
use crate::encodings::clocked::node_lifecycle::node::{Node, NodeSpec, TRUE};
use crate::encodings::taint_eviction::admission::admitted;
use crate::system::ActionId;

use super::kubelets;
use super::seen::{EVICTED, Seen, counts, describe_ready, differences, look_at_node, parse_timeline};

const MONITOR_PERIOD: usize = 5_000;
const PASS_PERIOD: usize = 100;
const FIRST_PASS: i64 = 50;

/// Compares a record. Where the controller's outcome varies from run to run, moments and numbers are enough.
pub fn compare(record: &Value, ask_z3: bool) -> Verdict {
    let varies = record["expect"]["nodeOrderVaries"] == true;
    match outcome(record, ask_z3) {
        Err(problem) => Verdict::Differs(problem),
        Ok((seen, recorded)) if varies && seen != recorded => differences(&counts(&seen), &counts(&recorded)),
        Ok((seen, recorded)) => differences(&seen, &recorded),
    }
}

fn outcome(record: &Value, ask_z3: bool) -> Result<(Seen, Seen), String> {
    let recorded = parse_timeline(&record["expect"]["timeline"])?;
    let spec = parse_spec(record)?;
    let mut script: Vec<(i64, Happening)> = Vec::new();
    for (index, node) in list(&record["nodes"]).iter().enumerate() {
        let says = kubelets::says(node, spec.horizon)?;
        script.extend(says.into_iter().map(|(time, what)| (time, Happening::Kubelet(index, what))));
    }
    let every = |first: i64, period: usize| (first..=spec.horizon).step_by(period);
    script.extend(every(0, MONITOR_PERIOD).map(|time| (time, Happening::Monitor)));
    script.extend(every(FIRST_PASS, PASS_PERIOD).map(|time| (time, Happening::Pass)));
    script.sort_by_key(|&(time, happening)| (time, happening.order()));
    let lifecycle = build(&spec);
    let driver = Driver::new(&lifecycle.system)?;
    let watch = driver.watch(&lifecycle.passes);
    let mut run = Run {
        spec: &spec,
        lifecycle: &lifecycle,
        driver,
        watch,
        recorded: &recorded,
        seen: Seen::new(),
        now: 0,
        ask_z3,
    };
    for (time, happening) in script {
        run.happens(time, happening)?;
    }
    run.expire(spec.horizon)?;
    Ok((run.seen, recorded))
}

/// What the run is driven by.
#[derive(Clone, Copy)]
enum Happening {
    Kubelet(usize, i64),
    Monitor,
    Pass,
}

impl Happening {
    /// At one moment kubelets speak first.
    fn order(self) -> u8 {
        match self {
            Happening::Kubelet(..) => 0,
            Happening::Monitor => 1,
            Happening::Pass => 2,
        }
    }
}

fn parse_spec(record: &Value) -> Result<LifecycleSpec, String> {
    let mut zones: Vec<String> = Vec::new();
    let mut nodes = Vec::new();
    for node in list(&record["nodes"]) {
        let (name, zone) = (text(&node["name"])?.to_owned(), text(&node["zone"])?.to_owned());
        let known = zones.iter().position(|known| *known == zone);
        let place = known.unwrap_or(zones.len());
        if known.is_none() {
            zones.push(zone);
        }
        let pods = vec![(format!("pod-{name}"), admitted(&[]))];
        nodes.push(NodeSpec { name, zone: place, ready: TRUE, pods });
    }
    Ok(LifecycleSpec { zones, nodes, horizon: milliseconds(&record["horizon"])?, ..LifecycleSpec::default() })
}

struct Run<'a> {
    spec: &'a LifecycleSpec,
    lifecycle: &'a Lifecycle,
    driver: Driver<'a>,
    watch: Watch,
    recorded: &'a Seen,
    seen: Seen,
    now: i64,
    ask_z3: bool,
}

impl Run<'_> {
    fn happens(&mut self, time: i64, happening: Happening) -> Result<(), String> {
        self.expire(time)?;
        match happening {
            Happening::Kubelet(node, says) => self.act(time, self.lifecycle.kubelets[node], &[says]),
            Happening::Monitor => self.act(time, self.lifecycle.monitor, &[]),
            Happening::Pass => {
                let passes = &self.lifecycle.passes;
                let clock = (self.lifecycle.now, time);
                for zone in self.driver.enabled_at(&mut self.watch, passes.len(), clock) {
                    let chosen = self.next_to_taint(time, zone)?;
                    self.act(time, passes[zone], &[chosen])?;
                }
                Ok(())
            }
        }
    }

    /// Evicts pods whose time is over by then.
    fn expire(&mut self, until: i64) -> Result<(), String> {
        let pods =
            |node: usize| self.lifecycle.nodes[node].pods.iter().enumerate().map(move |(pod, it)| (node, pod, it));
        let all = (0..self.lifecycle.nodes.len()).flat_map(pods);
        let mut due: Vec<(i64, usize, usize)> =
            all.filter_map(|(node, pod, it)| Some((it.timed.due_in(&self.driver.values)?, node, pod))).collect();
        due.sort();
        for (time, node, pod) in due.into_iter().filter(|&(time, ..)| time <= until) {
            self.act(time, self.lifecycle.expiries[node][pod], &[])?;
        }
        Ok(())
    }

    /// Fires a slow action at a time, and all that it causes.
    fn act(&mut self, time: i64, action: ActionId, inputs: &[i64]) -> Result<(), String> {
        if time > self.now {
            self.driver.fire(self.lifecycle.clock, &[time])?;
            self.now = time;
        }
        self.fire(action, inputs)?;
        loop {
            let events = self.driver.events();
            let Some(&first) = events.first() else { return Ok(()) };
            let mut next = first;
            for event in events {
                if self.is_recorded_next(&self.driver.after(event, &[])?) {
                    next = event;
                    break;
                }
            }
            self.fire(next, &[])?;
        }
    }

    fn fire(&mut self, action: ActionId, inputs: &[i64]) -> Result<(), String> {
        let next = self.driver.after(action, inputs)?;
        let changes = self.changes(&next);
        if self.ask_z3 && !changes.is_empty() {
            self.driver.confirm(action, inputs)?;
        }
        for (object, what) in changes {
            self.seen.entry((self.now, object)).or_default().push(what);
        }
        self.driver.values = next;
        Ok(())
    }

    /// What others see of a step: objects and what they are now.
    fn changes(&self, next: &[i64]) -> Vec<(String, String)> {
        let before = &self.driver.values;
        let mut changes = Vec::new();
        for node in &self.lifecycle.nodes {
            let (was, is) = (look_at_node(node, before), look_at_node(node, next));
            if was != is {
                changes.push((node.name.clone(), is));
            }
            for pod in &node.pods {
                let [ready, evicted] = [pod.ready, pod.timed.eviction()].map(|flag| flag.index());
                if before[ready] != next[ready] {
                    changes.push((pod.name.clone(), describe_ready(next[ready] != 0)));
                }
                if before[evicted] != next[evicted] {
                    changes.push((pod.name.clone(), EVICTED.to_owned()));
                }
            }
        }
        changes
    }

    /// Whether the next thing recorded of an object is what a step shows of it.
    fn is_recorded_next(&self, next: &[i64]) -> bool {
        self.changes(next).iter().any(|(object, what)| self.due_to_be_seen(self.now, object) == Some(what))
    }

    fn due_to_be_seen(&self, time: i64, object: &str) -> Option<&String> {
        let key = (time, object.to_owned());
        let already = self.seen.get(&key).map_or(0, Vec::len);
        self.recorded.get(&key)?.get(already)
    }

    /// Which of a zone's waiting nodes a pass takes: one of which something is recorded then; else one that is ready
    /// again, of which nothing is to be seen.
    fn next_to_taint(&self, time: i64, zone: usize) -> Result<i64, String> {
        let members = self.lifecycle.nodes.iter().filter(|node| node.zone == zone).enumerate();
        let values = &self.driver.values;
        let waiting = members.filter(|(_, node)| values[node.waiting.index()] != 0);
        let rank = |node: &Node| {
            let recorded = self.due_to_be_seen(time, &node.name).is_some();
            (!recorded, values[node.ready.index()] != TRUE)
        };
        let chosen = waiting.min_by_key(|(_, node)| rank(node));
        let name = || self.spec.zones[zone].clone();
        chosen.map(|(position, _)| position as i64).ok_or_else(|| format!("nobody waits in {}", name()))
    }
}
