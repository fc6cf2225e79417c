//! Whether there is a start at all, where workloads are placed anywhere: found by putting their pods somewhere.
//!
//! Workloads alone cannot see that all of them together have no room. Where every pod finds a node one after the other,
//! largest first, the start that this makes is one of those allowed; where not, nothing is known, and the whole cluster
//! has to be asked.

use std::cmp::Reverse;

use crate::cluster::Template;
use crate::cluster::counting::layout::requested;
use crate::cluster::counting::{loose, variants};

use super::survey::Survey;

/// Whether a start was found.
pub fn is_surely_possible(survey: &Survey<'_>) -> bool {
    let spec = survey.spec;
    let anywhere = &spec.scenario.placed_anywhere;
    if anywhere.is_empty() {
        return true;
    }
    let mut nodes = Nodes::of(survey);
    let mut waiting: Vec<(usize, i64)> = Vec::new();
    for (index, template) in survey.templates.iter().enumerate() {
        let owner = &spec.workloads[template.workload];
        if anywhere.contains(&owner.key) {
            let all = variants::running(&owner.revisions[template.revision], template.variant);
            let own = if template.ordinal.is_some() { template.members.len() as i64 } else { all };
            waiting.push((index, own));
        } else {
            survey.existing(index).filter_map(|pod| pod.node.as_deref()).for_each(|node| nodes.take(node, template));
        }
    }
    waiting.sort_by_key(|&(index, _)| {
        let asked = &survey.templates[index].requests;
        (survey.templates[index].pinned_to().is_none(), Reverse(asked.cpu), Reverse(asked.memory))
    });
    waiting.into_iter().all(|(index, pods)| nodes.place(&survey.templates[index], pods))
}

/// What nodes have left.
struct Nodes<'a> {
    survey: &'a Survey<'a>,
    names: Vec<&'a str>,
    /// By node: what its pods take of each resource that somebody asks for.
    used: Vec<Vec<i64>>,
    resources: Vec<String>,
    class: Vec<usize>,
}

impl<'a> Nodes<'a> {
    fn of(survey: &'a Survey<'a>) -> Self {
        let asked = survey.templates.iter().flat_map(requested).filter(|&(_, amount)| amount > 0);
        let mut resources: Vec<String> = asked.map(|(name, _)| name.to_owned()).collect();
        resources.sort();
        resources.dedup();
        let names: Vec<&str> = survey.spec.nodes.iter().map(|node| node.name.as_str()).collect();
        let class = names.iter().map(|name| survey.class_of(name).unwrap_or(0)).collect();
        Nodes { survey, used: vec![vec![0; resources.len()]; names.len()], names, resources, class }
    }

    fn amounts(&self, template: &Template) -> Vec<i64> {
        self.resources.iter().map(|name| template.requests.get(name)).collect()
    }

    fn take(&mut self, node: &str, template: &Template) {
        let amounts = self.amounts(template);
        if let Some(at) = self.names.iter().position(|&name| name == node) {
            self.used[at].iter_mut().zip(amounts).for_each(|(used, amount)| *used += amount);
        }
    }

    /// Puts so many pods on nodes, each where most cpu is left.
    fn place(&mut self, template: &Template, pods: i64) -> bool {
        let amounts = self.amounts(template);
        let apart = !loose::host_ports(&template.spec).is_empty();
        let mut taken = vec![false; self.names.len()];
        for _ in 0..pods {
            let fits = |&node: &usize| {
                let class = &self.survey.classes[self.class[node]];
                let mut each = self.resources.iter().zip(&self.used[node]).zip(&amounts);
                let pinned = template.pinned_to().is_none_or(|name| name == self.names[node]);
                pinned
                    && !(apart && taken[node])
                    && each.all(|((name, used), &amount)| amount == 0 || used + amount <= class.free(name))
            };
            let left = |&node: &usize| {
                let used = self.resources.iter().zip(&self.used[node]).find(|(name, _)| *name == "cpu");
                self.survey.classes[self.class[node]].free("cpu") - used.map_or(0, |(_, &used)| used)
            };
            let Some(node) = (0..self.names.len()).filter(fits).max_by_key(left) else { return false };
            taken[node] = true;
            self.used[node].iter_mut().zip(&amounts).for_each(|(used, &amount)| *used += amount);
        }
        true
    }
}
