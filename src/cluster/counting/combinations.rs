//! What a node of a class can hold at a time: the combinations of attributes that are counted.

use std::collections::HashMap;

use crate::term::Range;

use super::classes::NodeClass;
use super::layout::{Attribute, Layout, Presence, requested};
use super::templates::{Phase, Share, Template, TemplateId};

/// Combinations above which a class is never counted: a move between them may have as many targets as there are.
const MOST_COMBINATIONS: usize = 600;

/// All combinations of attributes that can arise, or `None` if there is nothing to count, or too much.
pub(super) fn combinations(
    class: &NodeClass,
    layout: &Layout,
    templates: &[Template],
    start: &[Vec<Range>],
) -> Option<Vec<Vec<i64>>> {
    if class.members.len() < 2 {
        return None;
    }
    let mut keys: Vec<Vec<i64>> = vec![Vec::new()];
    for &max in &layout.max {
        keys = keys.into_iter().flat_map(|key| (0..=max).map(move |value| extended(&key, value))).collect();
        keys.retain(|key| {
            fits(class, layout, templates, key) && is_shared(layout, templates, key) && is_bare(layout, key)
        });
        if keys.len() > MOST_COMBINATIONS {
            return None;
        }
    }
    // A node that starts over-committed could move between combinations that do not fit: count only what fits.
    let least = |member: &Vec<Range>| member.iter().map(|range| range.lo).collect::<Vec<i64>>();
    start.iter().all(|member| keys.contains(&least(member))).then_some(keys)
}

fn extended(key: &[i64], value: i64) -> Vec<i64> {
    key.iter().copied().chain([value]).collect()
}

/// Whether the pods of a (partial) combination fit the class's nodes together, and so do those that each scheduler alone
/// takes to be there: when it chose the nodes, these had room for all of its own.
fn fits(class: &NodeClass, layout: &Layout, templates: &[Template], key: &[i64]) -> bool {
    let mut used: HashMap<(Option<usize>, &str), i64> = HashMap::new();
    for (attribute, &count) in layout.attributes.iter().zip(key) {
        let (template, known_to) = match *attribute {
            Attribute::Pods(TemplateId(template), _) => (&templates[template], None),
            Attribute::Assumed(TemplateId(template)) => (&templates[template], templates[template].cache),
            _ => continue,
        };
        if count > 0 {
            for (name, amount) in requested(template) {
                *used.entry((known_to, name)).or_default() += amount * count;
            }
        }
    }
    used.iter().all(|(&(_, name), &amount)| amount == 0 || amount <= class.free(name))
}

/// Whether a (partial) combination has no more pods of a DaemonSet than its controller ever makes: the next one once the
/// last one is gone, or at least deleted if it is beside one of another revision.
fn is_shared(layout: &Layout, templates: &[Template], key: &[i64]) -> bool {
    let mut pods: HashMap<usize, i64> = HashMap::new();
    for (attribute, &count) in layout.attributes.iter().zip(key) {
        let (Attribute::Pods(id, _) | Attribute::Waiting(id)) = *attribute else { continue };
        let template = &templates[id.0];
        let counts = match template.share {
            Share::Any => false,
            Share::One => true,
            Share::Surging => !matches!(attribute, Attribute::Pods(_, Phase::Terminating)),
        };
        if counts {
            *pods.entry(template.workload).or_default() += count;
        }
    }
    let surges = |workload: usize| {
        templates.iter().any(|template| template.workload == workload && template.share == Share::Surging)
    };
    pods.iter().all(|(&workload, &count)| count <= if surges(workload) { 2 } else { 1 })
}

/// Whether a combination has nothing on nodes that are not there.
fn is_bare(layout: &Layout, key: &[i64]) -> bool {
    let presence = layout.position(Attribute::Presence).and_then(|position| Some((position, *key.get(position)?)));
    presence
        .is_none_or(|(position, value)| Presence::is_there(value) || key[..position].iter().all(|&value| value == 0))
}
