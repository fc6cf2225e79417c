//! What others would have to take so that pods of a workload fit nowhere: for people who read that it is not known whether
//! they can.

use std::collections::HashMap;

use crate::cluster::counting::layout::requested;

use super::survey::Survey;

/// Nodes that are named; of the others there is a sum.
const NAMED: usize = 2;

/// In words, such as `if others take 2.3 cpu more of node-1 and 2.1 cpu more of node-2`; `None` if the workload's pods ask
/// for nothing, or may be on no node.
pub fn shortage(survey: &Survey<'_>, workload: usize) -> Option<String> {
    let template = survey.templates_of(workload).filter(|&it| survey.most[it] > 0).last()?;
    let pod = &survey.templates[template];
    let asked: Vec<(&str, i64)> = requested(pod).filter(|&(_, amount)| amount > 0).collect();
    let used = used_at_start(survey, &asked);
    let ground = survey.ground(template);
    let mut wants: Vec<(&str, &str, i64)> = Vec::new();
    for (_, class) in survey.classes.iter().enumerate().filter(|(position, _)| ground[*position]) {
        for name in &class.names {
            let left = |resource: &str| class.free(resource) - used.get(&(name, resource)).copied().unwrap_or(0);
            let gaps = asked.iter().map(|&(resource, amount)| (resource, (left(resource) - amount + 1).max(0)));
            // What is scarcest is what others come to take first.
            let share = |&(resource, gap): &(&str, i64)| gap as f64 / class.free(resource).max(1) as f64;
            let (resource, gap) = gaps.min_by(|a, b| share(a).total_cmp(&share(b)))?;
            wants.push((name, resource, gap));
        }
    }
    wants.sort_by_key(|&(name, _, gap)| (std::cmp::Reverse(gap), name));
    let (named, others) = wants.split_at(wants.len().min(NAMED));
    let mut parts: Vec<String> =
        named.iter().map(|&(name, resource, gap)| format!("{} more of {name}", amount(resource, gap))).collect();
    parts.extend(sums(others).map(|(resource, sum)| format!("{} more of other nodes", amount(resource, sum))));
    let last = parts.pop()?;
    let text = if parts.is_empty() { last } else { format!("{} and {last}", parts.join(", ")) };
    Some(format!("if others take {text}"))
}

/// What pods use of resources on each node at the start.
fn used_at_start<'a>(survey: &'a Survey<'_>, asked: &[(&'a str, i64)]) -> HashMap<(&'a String, &'a str), i64> {
    let mut used = HashMap::new();
    for (position, template) in survey.templates.iter().enumerate() {
        for node in survey.existing(position).filter_map(|pod| pod.node.as_ref()) {
            for &(resource, _) in asked {
                *used.entry((node, resource)).or_insert(0) += template.requests.get(resource);
            }
        }
    }
    used
}

fn sums<'a>(wants: &[(&'a str, &'a str, i64)]) -> impl Iterator<Item = (&'a str, i64)> {
    let mut sums: Vec<(&str, i64)> = Vec::new();
    for &(_, resource, gap) in wants {
        match sums.iter_mut().find(|(known, _)| *known == resource) {
            Some((_, sum)) => *sum += gap,
            None => sums.push((resource, gap)),
        }
    }
    sums.into_iter().filter(|&(_, sum)| sum > 0)
}

/// An amount of a resource, in the unit in which the scheduler counts it, for people.
fn amount(resource: &str, amount: i64) -> String {
    match resource {
        "cpu" => format!("{} cpu", (amount as f64 / 10.0).round() / 100.0),
        "memory" | "ephemeral-storage" => {
            format!("{:.1} GiB of {resource}", amount as f64 / f64::from(1 << 30))
        }
        _ => format!("{amount} {resource}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_readable() {
        assert_eq!(amount("cpu", 2301), "2.3 cpu");
        assert_eq!(amount("memory", 3 << 29), "1.5 GiB of memory");
        assert_eq!(amount("pods", 4), "4 pods");
    }
}
