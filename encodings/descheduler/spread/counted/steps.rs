//! The actions of one constraint: a cycle begins, domains are chosen, nodes lose pods.
//!
//! Part of the rule `descheduler/RemovePodsViolatingTopologySpreadConstraint`.

use crate::cluster::Cell;
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::view::{Change, Cluster, Leaving};
use crate::encodings::descheduler::sight::Sight;
use crate::encodings::descheduler::spread::RULE;
use crate::encodings::{paces, ranks};
use crate::system::{ActionDraft, ActionKind, State};
use crate::term::{Bool, Int, VarId};

use super::Group;
use super::placement::{Moves, Placement};

/// Adds the actions.
pub fn add<'c>(cluster: &Cluster<'c>, sight: &Sight<'_, 'c>, group: &Group) {
    let placement = Placement::new(sight, group);
    let steps = Steps { cluster, sight, group, placement };
    steps.begin();
    if group.singleton {
        steps.evict_from_largest();
    } else {
        steps.choose_domain();
        steps.evict_from_domain();
    }
}

struct Steps<'s, 'c> {
    cluster: &'s Cluster<'c>,
    sight: &'s Sight<'s, 'c>,
    group: &'s Group,
    placement: Placement<'s, 'c>,
}

impl<'c> Steps<'_, 'c> {
    /// Begins a cycle: how many moves there will be.
    fn begin(&self) {
        let (ctx, group) = (self.sight.ctx(), self.group);
        let most = self.sight.state.get(group.moves).range().hi;
        let (largest, smallest) = self.placement.extremes();
        let (moves, inputs, choice, possible) = match self.placement.moves() {
            Moves::Exactly(moves) => (moves, Vec::new(), ctx.bool(true), moves.ge(1)),
            Moves::Between(lowest, highest) => {
                let (input, moves) = self.cluster.input("moves", 1, most.max(1));
                let within = moves.ge(lowest) & moves.le(highest);
                (moves, vec![input], within, highest.ge(1) & lowest.le(highest))
            }
        };
        let mut next = self.sight.state.clone();
        next.set(group.moves, moves.min(most));
        next.set(group.average, self.placement.total().div(self.placement.number().max(1)));
        let skewed = (largest - smallest).gt(group.constraint.max_skew);
        let enough = self.sight.nodes_in_play().ge(2) & self.placement.is_stated();
        let draft = ActionDraft::new(
            format!("descheduler balances {}", group.name(self.sight)),
            ActionKind::Periodic,
            skewed & possible & enough & self.placement.is_placeable(),
            next,
        )
        .choosing(inputs, choice)
        .paced(paces::descheduler(self.cluster, &format!("descheduler {}", self.group.name(self.sight))));
        let (what, key, skew) = (self.owner(), group.constraint.key.clone(), group.constraint.max_skew);
        let ids = [largest.id(), smallest.id(), moves.id()];
        let tell = move |scene: &Scene<'_>| {
            let [largest, smallest, moves] = ids.map(|id| scene.get(id));
            Sentence::new("descheduler", format!("decides to evict {moves} pod(s) of {what} to balance {key}")).because(format!(
                "RemovePodsViolatingTopologySpreadConstraint: the largest domain has {largest}, the smallest {smallest}, maxSkew is {skew}"
            ))
        };
        self.cluster.act(&RULE, draft, Box::new(tell));
    }

    fn owner(&self) -> String {
        self.sight.cluster.templates[self.group.owner().0].name.clone()
    }

    /// Every node is a domain: the fullest one above the average loses what is above.
    fn evict_from_largest(&self) {
        let (ctx, state, group) = (self.sight.ctx(), &self.sight.state, self.group);
        let (moves, average) = (state.get(group.moves), state.get(group.average));
        let pods = &self.placement.pods;
        let there: Vec<Bool<'c>> = (0..pods.len()).map(|at| self.sight.in_play(at)).collect();
        let largest = ctx.max(pods.iter().zip(&there).map(|(&pods, there)| there.ite(pods, 0)), 0);
        let allowed: Vec<Bool<'c>> = pods
            .iter()
            .zip(&there)
            .map(|(pods, &there)| there & pods.ge(1) & pods.eq(largest) & largest.gt(average))
            .collect();
        let (var, chosen, valid) = self.cluster.choose_cell("node", &allowed);
        let count = moves.min(largest.minus_or_zero(average));
        let mut next = state.clone();
        self.cluster.rewrite_one(&mut next, &chosen, |cell| self.taken_off(cell, count));
        next.set(group.moves, moves.minus_or_zero(count));
        let some = ctx.any(allowed.iter().copied());
        self.evict(("evicts", moves.ge(1) & some), (vec![var], valid), next, count);
    }

    /// The largest domain above the average is the next to lose pods.
    fn choose_domain(&self) {
        let (ctx, state, group) = (self.sight.ctx(), &self.sight.state, self.group);
        let (moves, average) = (state.get(group.moves), state.get(group.average));
        let largest = ctx.max(self.placement.named(), 0);
        let last = group.values.len().saturating_sub(1) as i64;
        let (input, choice) = self.cluster.input("domain", 0, last);
        let sizes = self.placement.named().enumerate();
        let valid = ctx.any(sizes.map(|(index, size)| choice.eq(index as i64) & size.eq(largest)));
        let count = moves.min(largest.minus_or_zero(average));
        let mut next = state.clone();
        next.set(group.domain, choice);
        next.set(group.left, count);
        next.set(group.moves, moves.minus_or_zero(count));
        let draft = ActionDraft::new(
            format!("descheduler takes a domain of {}", group.name(self.sight)),
            ActionKind::Event { rank: ranks::UNFINISHED },
            moves.ge(1) & state.get(group.left).eq(0) & largest.gt(average),
            next,
        )
        .choosing(vec![input], valid);
        self.cluster.act(&RULE, draft, Box::new(|_: &Scene<'_>| Sentence::default()));
    }

    /// A node of the domain that is losing pods loses all of them, or as many as are left to lose.
    fn evict_from_domain(&self) {
        let (ctx, state, group) = (self.sight.ctx(), &self.sight.state, self.group);
        let (domain, left) = (state.get(group.domain), state.get(group.left));
        let allowed = |(at, pods): (usize, &Int<'c>)| match self.placement.domain[at] {
            Some(index) => self.sight.in_play(at) & domain.eq(index as i64) & pods.ge(1),
            None => ctx.bool(false),
        };
        let allowed: Vec<Bool<'c>> = self.placement.pods.iter().enumerate().map(allowed).collect();
        let (var, chosen, valid) = self.cluster.choose_cell("node", &allowed);
        let taken = chosen.iter().zip(&self.placement.pods).map(|(chosen, &pods)| chosen.ite(left.min(pods), 0));
        let taken = ctx.sum(taken);
        let mut next = state.clone();
        self.cluster.rewrite_one(&mut next, &chosen, |cell| self.taken_off(cell, left));
        next.set(group.left, left.minus_or_zero(taken));
        let some = ctx.any(allowed.iter().copied());
        self.evict(("evicts from a domain of", left.ge(1) & some), (vec![var], valid), next, taken);
    }

    /// Takes up to `count` pods of the constraint's templates off each node of a cell, template by template.
    fn taken_off(&self, cell: &Cell<'c>, count: Int<'c>) -> Change<'_, 'c> {
        let cluster = self.cluster;
        let mut left = count;
        let mut shares = Vec::new();
        for &template in &self.group.constraint.counted {
            let share = left.min(cluster.active_on(cell, template));
            left = left - share;
            shares.push((template, share));
        }
        let share = |template| {
            shares.iter().find(|(id, _)| *id == template).map_or_else(|| cluster.ctx().int(0), |&(_, share)| share)
        };
        cluster.change(cell).delete_each(share, Leaving::Evicted)
    }

    fn evict(
        &self,
        (name, guard): (&str, Bool<'c>),
        (inputs, choice): (Vec<VarId>, Bool<'c>),
        next: State<'c>,
        count: Int<'c>,
    ) {
        let (ctx, cluster, group) = (self.sight.ctx(), self.cluster, self.group);
        let draft = ActionDraft::new(
            format!("descheduler {name} {}", group.name(self.sight)),
            ActionKind::Event { rank: ranks::UNFINISHED },
            guard,
            next,
        )
        .choosing(inputs, choice)
        .marked(cluster.eviction_marks(|template| ctx.bool(group.constraint.counted.contains(&template))));
        let (what, count) = (self.owner(), count.id());
        let tell = move |scene: &Scene<'_>| {
            let text = format!("evicts {} pod(s) of {what} from {}", scene.get(count), scene.moved_names());
            Sentence::new("descheduler", text)
        };
        cluster.act(&RULE, draft, Box::new(tell));
    }
}
