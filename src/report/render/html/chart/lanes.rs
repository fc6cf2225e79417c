//! What a chart shows, lane by lane: who acts, and what becomes of pods where.
//!
//! Nodes with the same fate share a lane, so a hundred nodes of which three matter are four lanes. Where there are many kinds
//! of pods, those that nothing happens to are one bar for each node, and nodes that have no others are one lane. A lane has
//! rows, in which bars do not overlap.

use std::collections::BTreeMap;

use crate::check::Narrative;
use crate::check::narrative::Step;
use crate::check::timeline::lives::{Life, lives};
use crate::check::timeline::{Condition, Moment, Place, Quantity, Timeline};

/// More lanes of those who act are one.
const MOST_ACTORS: usize = 12;
/// More lanes of nodes are left to the list of steps.
const MOST_NODES: usize = 60;

/// Up to so many kinds of pods are drawn whatever happens to them.
const FEW_KINDS: usize = 6;

/// A lane.
pub struct Lane {
    /// What it is called.
    pub name: String,
    /// All that it stands for.
    pub members: Vec<String>,
    /// What it shows.
    pub content: Content,
}

/// What a lane shows.
pub enum Content {
    /// Who acts in which steps.
    Marks(Vec<Mark>),
    /// Bars in rows.
    Bars(Vec<Vec<Bar>>),
}

/// A step of somebody.
pub struct Mark {
    /// Its number.
    pub step: usize,
    /// Whether it comes from outside of the cluster.
    pub from_outside: bool,
    /// What happens.
    pub text: String,
}

/// Something that lasts, from one state (0: the start) to another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bar {
    /// What it is.
    pub what: What,
    /// The state it begins with.
    pub since: usize,
    /// The state in which it is no more; `None` if it lasts.
    pub until: Option<usize>,
}

/// What a bar is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Something about a node.
    Condition(Condition),
    /// Pods, of which it is known whose they are.
    Pods(Life, String),
    /// Pods that nothing happens to: how many.
    Others(i64),
}

/// All lanes of a story.
pub struct Lanes {
    /// From top to bottom.
    pub lanes: Vec<Lane>,
    /// Nodes for which there was no lane left.
    pub left_out: usize,
}

impl Lanes {
    /// Those of a story.
    pub fn of(story: &Narrative) -> Lanes {
        let timeline = &story.timeline;
        let steps: Vec<&Step> = story.blocks.iter().flat_map(|block| &block.steps).collect();
        let mut lanes = actors(timeline, &steps);
        let mut bars: BTreeMap<Place, Vec<Bar>> = BTreeMap::new();
        for bar in conditions(timeline) {
            bars.entry(Place::Node(bar.0)).or_default().push(bar.1);
        }
        let matters = mattering(timeline);
        let mut others: BTreeMap<Place, i64> = BTreeMap::new();
        for life in lives(timeline) {
            if !matters[life.pods] {
                *others.entry(life.place).or_default() += life.count;
                continue;
            }
            let (place, name) = (life.place, timeline.pods[life.pods].clone());
            bars.entry(place).or_default().push(Bar {
                since: life.since(),
                until: life.until,
                what: What::Pods(life, name),
            });
        }
        for (place, pods) in others {
            bars.entry(place).or_default().push(Bar { what: What::Others(pods), since: 0, until: None });
        }
        lanes.extend(bars.remove(&Place::Unscheduled).map(|bars| Lane {
            name: "unscheduled".to_owned(),
            members: vec!["pods without a node".to_owned()],
            content: Content::Bars(rows(bars)),
        }));
        let mut nodes = nodes(timeline, &mut bars);
        let left_out = nodes.iter().skip(MOST_NODES).map(|lane| lane.members.len()).sum();
        nodes.truncate(MOST_NODES);
        lanes.extend(nodes);
        Lanes { lanes, left_out }
    }
}

/// By kind of pods: whether they are drawn by themselves. Of many kinds those are that something happens to.
fn mattering(timeline: &Timeline) -> Vec<bool> {
    let mut matters = vec![timeline.pods.len() <= FEW_KINDS; timeline.pods.len()];
    for change in timeline.moments.iter().flat_map(|moment| &moment.changes) {
        if let Quantity::Pods(_, pods, _) = change.of {
            matters[pods] = true;
        }
    }
    matters
}

/// Lanes of those who act: what comes from outside first, then in the order of their first steps.
fn actors(timeline: &Timeline, steps: &[&Step]) -> Vec<Lane> {
    let mut found: Vec<(String, Vec<Mark>)> = Vec::new();
    for (step, Moment { from_outside, .. }) in steps.iter().zip(&timeline.moments) {
        let name = if *from_outside { "environment" } else { role(timeline, &step.told.actor) };
        let text = format!("{}: {}", step.told.actor, step.told.text);
        let mark = Mark { step: step.number, from_outside: *from_outside, text };
        match found.iter_mut().find(|(known, _)| known == name) {
            Some((_, marks)) => marks.push(mark),
            None => found.push((name.to_owned(), vec![mark])),
        }
    }
    found.sort_by_key(|(_, marks)| !marks[0].from_outside);
    let rest = if found.len() > MOST_ACTORS { found.split_off(MOST_ACTORS - 1) } else { Vec::new() };
    let lane =
        |(name, marks): (String, Vec<Mark>)| Lane { members: vec![name.clone()], name, content: Content::Marks(marks) };
    let mut lanes: Vec<Lane> = found.into_iter().map(lane).collect();
    if !rest.is_empty() {
        let (members, marks): (Vec<String>, Vec<Vec<Mark>>) = rest.into_iter().unzip();
        let mut marks: Vec<Mark> = marks.into_iter().flatten().collect();
        marks.sort_by_key(|mark| mark.step);
        lanes.push(Lane { name: format!("{} others", members.len()), members, content: Content::Marks(marks) });
    }
    lanes
}

/// Who acts, without the node where: there is a kubelet on each, and what nodes do by themselves has one lane.
fn role<'a>(timeline: &Timeline, actor: &'a str) -> &'a str {
    let is_node = |name: &str| timeline.nodes.iter().any(|it| it == name);
    match actor.rsplit_once(' ') {
        Some((role, node)) if is_node(node) => role,
        _ if is_node(actor) => "nodes themselves",
        _ => actor,
    }
}

/// From when to when something was so of which node.
fn conditions(timeline: &Timeline) -> Vec<(usize, Bar)> {
    let mut since: BTreeMap<(usize, Condition), usize> = BTreeMap::new();
    let mut all = Vec::new();
    let start = timeline.start.iter().map(|&(of, value)| (0, of, value));
    let moments = timeline.moments.iter().enumerate();
    let later = moments.flat_map(|(at, moment)| moment.changes.iter().map(move |it| (at + 1, it.of, it.after)));
    for (state, of, value) in start.chain(later) {
        let Quantity::Condition(node, condition) = of else { continue };
        if value != 0 {
            since.insert((node, condition), state);
        } else if let Some(since) = since.remove(&(node, condition)) {
            all.push((node, Bar { what: What::Condition(condition), since, until: Some(state) }));
        }
    }
    let lasting = since.into_iter();
    all.extend(lasting.map(|((node, it), since)| (node, Bar { what: What::Condition(it), since, until: None })));
    all
}

/// Lanes of nodes, in the order of the input; those with the same bars are one, which stands where its first node does. Nodes
/// on which something changes go before those on which all stays as it is, and these before those without anything.
fn nodes(timeline: &Timeline, bars: &mut BTreeMap<Place, Vec<Bar>>) -> Vec<Lane> {
    let mut groups: Vec<(Vec<Bar>, Vec<usize>)> = Vec::new();
    let mut known: BTreeMap<Vec<Bar>, usize> = BTreeMap::new();
    let mut quiet: Vec<usize> = Vec::new();
    for node in 0..timeline.nodes.len() {
        let own: Vec<Bar> =
            bars.remove(&Place::Node(node)).unwrap_or_default().into_iter().map(Bar::anywhere).collect();
        if !own.is_empty() && own.iter().all(|bar| matches!(bar.what, What::Others(_))) {
            quiet.push(node);
            continue;
        }
        let group = *known.entry(own.clone()).or_insert(groups.len());
        match groups.get_mut(group) {
            Some((_, members)) => members.push(node),
            None => groups.push((own, vec![node])),
        }
    }
    groups.sort_by_key(|(bars, _)| (bars.is_empty(), bars.iter().all(Bar::is_at_rest)));
    let lane = |(bars, members): (Vec<Bar>, Vec<usize>)| {
        let members: Vec<String> = members.into_iter().map(|node| timeline.nodes[node].clone()).collect();
        Lane { name: name(&members), members, content: Content::Bars(rows(bars)) }
    };
    let mut lanes: Vec<Lane> = groups.into_iter().map(lane).collect();
    if !quiet.is_empty() {
        let members: Vec<String> = quiet.into_iter().map(|node| timeline.nodes[node].clone()).collect();
        let noun = if members.len() == 1 { "node" } else { "nodes" };
        lanes.push(Lane {
            name: format!("{} other {noun}", members.len()),
            members,
            content: Content::Bars(Vec::new()),
        });
    }
    lanes
}

/// What nodes that share a lane are called.
fn name(members: &[String]) -> String {
    match members {
        [only] => only.clone(),
        [first, rest @ ..] => format!("{first} and {} like it", rest.len()),
        [] => String::new(),
    }
}

impl Bar {
    /// The same without the node, for comparisons.
    fn anywhere(mut self) -> Self {
        if let What::Pods(life, _) = &mut self.what {
            life.place = Place::Node(0);
        }
        self
    }

    fn is_at_rest(&self) -> bool {
        let changes = matches!(&self.what, What::Pods(life, _) if life.stages.len() > 1);
        self.since == 0 && self.until.is_none() && !changes
    }
}

/// Puts bars into as few rows as they need: each into the first one that is free.
fn rows(mut bars: Vec<Bar>) -> Vec<Vec<Bar>> {
    let order = |what: &What| match what {
        What::Condition(_) => 0,
        What::Pods(..) => 1,
        What::Others(_) => 2,
    };
    bars.sort_by_key(|bar| (order(&bar.what), bar.since));
    let mut rows: Vec<Vec<Bar>> = Vec::new();
    for bar in bars {
        let is_free = |row: &&mut Vec<Bar>| {
            row.last().is_none_or(|last| {
                let alike = std::mem::discriminant(&last.what) == std::mem::discriminant(&bar.what);
                alike && last.until.is_some_and(|until| until <= bar.since)
            })
        };
        match rows.iter_mut().find(is_free) {
            Some(row) => row.push(bar),
            None => rows.push(vec![bar]),
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(since: usize, until: Option<usize>) -> Bar {
        Bar { what: What::Condition(Condition::Down), since, until }
    }

    #[test]
    fn bars_do_not_overlap_in_rows() {
        let bars = vec![condition(0, Some(2)), condition(1, None), condition(2, Some(3)), condition(3, None)];
        let rows: Vec<Vec<usize>> = rows(bars).iter().map(|row| row.iter().map(|bar| bar.since).collect()).collect();
        assert_eq!(rows, [vec![0, 2, 3], vec![1]]);
    }

    #[test]
    fn nodes_with_the_same_fate_share_a_lane() {
        let nodes_of = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        let timeline = Timeline { nodes: nodes_of, ..Timeline::default() };
        let mut bars = BTreeMap::new();
        bars.insert(Place::Node(0), vec![condition(0, None)]);
        bars.insert(Place::Node(2), vec![condition(1, None)]);
        bars.insert(Place::Node(3), vec![condition(0, None)]);
        let lanes = nodes(&timeline, &mut bars);
        let names: Vec<&str> = lanes.iter().map(|lane| lane.name.as_str()).collect();
        assert_eq!(names, ["c", "a and 1 like it", "b"]);
    }

    #[test]
    fn nodes_with_pods_that_nothing_happens_to_are_one_lane() {
        let timeline = Timeline { nodes: ["a", "b"].map(str::to_owned).to_vec(), ..Timeline::default() };
        let others = |pods| vec![Bar { what: What::Others(pods), since: 0, until: None }];
        let mut bars: BTreeMap<Place, Vec<Bar>> = [(Place::Node(0), others(3)), (Place::Node(1), others(4))].into();
        let lanes = nodes(&timeline, &mut bars);
        assert_eq!(lanes.iter().map(|lane| lane.name.as_str()).collect::<Vec<_>>(), ["2 other nodes"]);
    }

    #[test]
    fn of_many_kinds_those_matter_that_something_happens_to() {
        use crate::check::timeline::{Change, Stage};
        let of = Quantity::Pods(Place::Unscheduled, 3, Stage::Pending);
        let moment = Moment { from_outside: false, changes: vec![Change { of, before: 0, after: 1 }] };
        let many = vec![String::new(); FEW_KINDS + 1];
        let timeline = Timeline { pods: many, moments: vec![moment], ..Timeline::default() };
        assert_eq!(mattering(&timeline).iter().position(|&it| it), Some(3));
        assert!(mattering(&Timeline { pods: vec![String::new(); 2], ..Timeline::default() }).iter().all(|&it| it));
    }
}
