//! One run of the plugin over nodes and pods in the order in which they happen to be listed.
//!
//! Part of the rule `descheduler/RemovePodsViolatingTopologySpreadConstraint`.
//!
//! Everything is decided on the placement at the start: what each domain of each constraint loses (where equal domains
//! lose differently, any of them may be the one), and which pods at the end of its list that means (where some of several
//! equal ones go, it depends on the order of nodes and of their pods, which all constraints share). Then the pods go in
//! any order, each asked about again.

use crate::cluster::view::story::{Narrator, Scene, Sentence};
use crate::encodings::descheduler::cycle::{Candidate, Stage, Step};
use crate::encodings::descheduler::evictor;
use crate::encodings::descheduler::sight::Sight;
use crate::system::State;
use crate::term::{Bool, Int, TermId, VarId};

use super::memory::{BALANCING, BEGINNING, Balance, LISTING, Memory, Place};
use super::paper::{self, Fate, Paper, Part, seen};

/// Adds the steps of a stage.
pub fn add(stage: &Stage<'_, '_>, memory: &Memory, node_fit: bool) {
    let steps = Steps { stage, memory, node_fit };
    steps.balance();
    steps.choose_domain();
    steps.list();
    steps.list_next();
    steps.evict();
    steps.end();
}

struct Steps<'s, 'a, 'c> {
    stage: &'s Stage<'a, 'c>,
    memory: &'s Memory,
    node_fit: bool,
}

impl<'c> Steps<'_, '_, 'c> {
    fn state(&self) -> State<'c> {
        self.stage.cluster.state()
    }

    fn papers<'p>(&'p self, sight: &'p Sight<'p, 'c>) -> Vec<Paper<'p, 'c>> {
        let balances = self.memory.balances.iter();
        balances.map(|balance| Paper::new(sight, &balance.constraint, self.node_fit)).collect()
    }

    fn is_in(&self, phase: i64) -> Bool<'c> {
        self.state().get(self.memory.phase).eq(phase)
    }

    /// Whether equal domains are still to be chosen from.
    fn chooses(&self) -> Bool<'c> {
        let state = self.state();
        self.stage.cluster.ctx().any(self.memory.balances.iter().map(|balance| state.get(balance.left).ge(1)))
    }

    /// What each domain loses, but for equal ones.
    fn balance(&self) {
        let (ctx, state) = (self.stage.cluster.ctx(), self.state());
        let sight = self.stage.sight(&state);
        let mut next = state.clone();
        for (balance, paper) in self.memory.balances.iter().zip(self.papers(&sight)) {
            let shares = paper.shares();
            next.set(balance.left, shares.left);
            for (domain, share) in shares.shares.iter().enumerate() {
                next.set(balance.lost[domain], share.lost);
                next.set_bool(balance.open[domain], share.open);
            }
        }
        next.set(self.memory.phase, ctx.int(BALANCING));
        let tell = self.tell_balance(&sight);
        self.act("balances", self.is_in(BEGINNING), (Vec::new(), ctx.bool(true)), next, tell);
    }

    fn tell_balance(&self, sight: &Sight<'_, 'c>) -> Narrator {
        let line = |(balance, paper): (&Balance, Paper<'_, 'c>)| {
            let shares = paper.shares();
            let moves = sight.ctx().sum(shares.shares.iter().map(|share| share.lost)) + shares.left;
            let (largest, smallest) = paper.extremes();
            let what = balance.constraint.describe(sight.cluster);
            (what, balance.constraint.max_skew, [moves.id(), largest.id(), smallest.id()])
        };
        let lines: Vec<(String, i64, [TermId; 3])> =
            self.memory.balances.iter().zip(self.papers(sight)).map(line).collect();
        Box::new(move |scene: &Scene<'_>| {
            let numbers = |ids: &[TermId; 3]| ids.map(|id| scene.get(id));
            let unbalanced = lines.iter().map(|(what, skew, ids)| (what, skew, numbers(ids))).filter(|it| it.2[0] > 0);
            let why = unbalanced.map(|(what, skew, [moves, largest, smallest])| {
                format!("{what}: the largest domain has {largest}, the smallest {smallest}, maxSkew is {skew}: {moves} pod(s) have to move")
            });
            let why: Vec<String> = why.collect();
            match why.is_empty() {
                true => Sentence::default(),
                false => Sentence { why, ..Sentence::new("descheduler", "finds domains out of balance") },
            }
        })
    }

    /// One of equal domains loses all that it has above the average, or what is left to lose.
    fn choose_domain(&self) {
        let (ctx, state) = (self.stage.cluster.ctx(), self.state());
        let sight = self.stage.sight(&state);
        let number: usize = self.memory.balances.iter().map(|balance| balance.open.len()).sum();
        let (input, chosen) = self.stage.cluster.input("domain", 0, number.saturating_sub(1) as i64);
        let mut next = state.clone();
        let (mut position, mut earlier) = (0, ctx.bool(false));
        let mut allowed = Vec::new();
        for (balance, paper) in self.memory.balances.iter().zip(self.papers(&sight)) {
            let left = state.get(balance.left);
            let turn = left.ge(1) & !earlier;
            let mut taken = ctx.int(0);
            for (domain, share) in paper.shares().shares.iter().enumerate() {
                let it = turn & chosen.eq(position) & state.is(balance.open[domain]);
                let lost = left.min(share.excess);
                next.set(balance.lost[domain], it.ite(lost, state.get(balance.lost[domain])));
                next.set_bool(balance.open[domain], state.is(balance.open[domain]) & !it);
                taken = it.ite(lost, taken);
                allowed.push(it);
                position += 1;
            }
            next.set(balance.left, left.minus_or_zero(taken));
            earlier = earlier | left.ge(1);
        }
        let guard = self.is_in(BALANCING) & self.chooses();
        self.act("chooses a domain", guard, (vec![input], ctx.any(allowed)), next, silent());
    }

    /// By constraint, the parts of the lists of all domains.
    fn lists(&self, papers: &[Paper<'_, 'c>], state: &State<'c>) -> Vec<Vec<Vec<Part<'c>>>> {
        papers.iter().enumerate().map(|(balance, paper)| paper.lists(&self.memory.lost(balance, state))).collect()
    }

    /// Pods that go whatever the order, and those whose fate depends on it.
    fn list(&self) {
        let (ctx, state) = (self.stage.cluster.ctx(), self.state());
        let sight = self.stage.sight(&state);
        let papers = self.papers(&sight);
        let lists = self.lists(&papers, &state);
        let mut next = state.clone();
        for place in &self.memory.places {
            let fates = papers.iter().zip(&lists).map(|(paper, lists)| paper.fate(place.at, place.template, lists));
            let fates: Vec<Fate<'c>> = fates.collect();
            let all = ctx.any(fates.iter().map(|fate| fate.all));
            let open = ctx.any(fates.iter().map(|fate| fate.open));
            let pods = seen(&sight, place.at, place.template);
            next.set(place.unlisted, open.ite(pods, 0));
            next.set(place.victims, (all & !open).ite(pods, 0));
        }
        for (balance, lists) in self.memory.balances.iter().zip(&lists) {
            for (&quota, parts) in balance.quota.iter().zip(lists) {
                next.set(quota, paper::quota(ctx, parts));
            }
        }
        next.set(self.memory.phase, ctx.int(LISTING));
        let guard = self.is_in(BALANCING) & !self.chooses();
        self.act("lists", guard, (Vec::new(), ctx.bool(true)), next, silent());
    }

    /// The next pod of the list: of the same node as the last one as long as that has any.
    fn list_next(&self) {
        let (ctx, state) = (self.stage.cluster.ctx(), self.state());
        let sight = self.stage.sight(&state);
        let papers = self.papers(&sight);
        let lists = self.lists(&papers, &state);
        let allowed = self.next_places(&state);
        let (input, chosen) = self.input("pod");
        let mut next = state.clone();
        let mut listed = Vec::new();
        for (index, place) in self.memory.places.iter().enumerate() {
            let it = chosen.eq(index as i64) & allowed[index];
            let mut goes = ctx.bool(false);
            for (balance, (paper, lists)) in self.memory.balances.iter().zip(papers.iter().zip(&lists)) {
                let Some(domain) = paper.domain(place.at) else { continue };
                let fate = paper.fate(place.at, place.template, lists);
                let quota = balance.quota[domain];
                let (taken, rest) = paper.next(place.template, state.get(quota));
                goes = goes | fate.all | (fate.open & taken);
                next.set(quota, (it & fate.open).ite(rest, next.get(quota)));
            }
            next.set(place.unlisted, state.get(place.unlisted).minus_or_zero(it.to_int()));
            next.set(place.victims, self.grown(&state, place, it & goes));
            next.set(self.memory.last, it.ite(index as i64 + 1, next.get(self.memory.last)));
            listed.push(it);
        }
        let guard = self.is_in(LISTING) & self.memory.lists(self.stage.cluster, &state);
        self.act("lists a pod", guard, (vec![input], ctx.any(listed)), next, silent());
    }

    fn grown(&self, state: &State<'c>, place: &Place, when: Bool<'c>) -> Int<'c> {
        let victims = state.get(place.victims);
        (victims + when.to_int()).min(victims.range().hi)
    }

    fn input(&self, name: &str) -> (VarId, Int<'c>) {
        let last = self.memory.places.len().saturating_sub(1) as i64;
        self.stage.cluster.input(name, 0, last)
    }

    /// Whether a pod of each place may be the next: a node is listed to its end, and nodes of different groups, which have
    /// nothing to do with each other, are listed in a fixed order.
    fn next_places(&self, state: &State<'c>) -> Vec<Bool<'c>> {
        let ctx = self.stage.cluster.ctx();
        let places = &self.memory.places;
        let waiting: Vec<Bool<'c>> = places.iter().map(|place| state.get(place.unlisted).ge(1)).collect();
        let was_last = |place: usize| state.get(self.memory.last).eq(place as i64 + 1);
        let on_node = |at: usize| (0..places.len()).filter(move |&place| places[place].at == at);
        let nodes = 0..places.iter().map(|place| place.at + 1).max().unwrap_or(0);
        let unfinished: Vec<Bool<'c>> = nodes
            .map(|at| ctx.any(on_node(at).map(was_last)) & ctx.any(on_node(at).map(|place| waiting[place])))
            .collect();
        let some_unfinished = ctx.any(unfinished.iter().copied());
        let groups = 0..self.memory.groups.iter().map(|group| group + 1).max().unwrap_or(0);
        let mut earlier = vec![ctx.bool(false)];
        for group in groups {
            let members = (0..places.len()).filter(|&place| self.memory.groups[place] == group);
            earlier.push(earlier[group] | ctx.any(members.map(|place| waiting[place])));
        }
        let allowed = |(place, it): (usize, &Place)| {
            let group_waits = earlier[self.memory.groups[place]];
            waiting[place] & (unfinished[it.at] | !some_unfinished) & !group_waits
        };
        places.iter().enumerate().map(allowed).collect()
    }

    /// One of the pods that are to go is asked about again, and evicted.
    fn evict(&self) {
        let (ctx, state) = (self.stage.cluster.ctx(), self.state());
        let sight = self.stage.sight(&state);
        let (input, chosen) = self.input("victim");
        let mut next = state.clone();
        let mut candidates: Vec<Candidate<'c>> = Vec::new();
        let mut allowed = Vec::new();
        for (index, place) in self.memory.places.iter().enumerate() {
            let victims = state.get(place.victims);
            let it = chosen.eq(index as i64) & victims.ge(1);
            let goes = evictor::filter(&sight, place.template)
                & evictor::pre_eviction_filter(&sight, place.at, place.template);
            next.set(place.victims, victims.minus_or_zero(it.to_int()));
            candidates.push((place.at, place.template, it & goes));
            allowed.push(it);
        }
        let attempt = self.stage.attempt(&mut next, &candidates);
        for place in &self.memory.places {
            next.set(place.victims, attempt.total.ite(0, next.get(place.victims)));
        }
        let (marks, tell) = self.stage.eviction(&candidates, attempt.accepted);
        let guard = self.is_in(LISTING) & !self.memory.lists(self.stage.cluster, &state) & self.has_victims(&state);
        let choice = ctx.any(allowed);
        self.stage.act(Step { name: "evicts", guard, inputs: vec![input], choice, next, marks, tell });
    }

    fn has_victims(&self, state: &State<'c>) -> Bool<'c> {
        self.stage.cluster.ctx().any(self.memory.places.iter().map(|place| state.get(place.victims).ge(1)))
    }

    /// Nobody is left.
    fn end(&self) {
        let (ctx, state) = (self.stage.cluster.ctx(), self.state());
        let mut next = state.clone();
        self.memory.forget(self.stage.cluster, &mut next);
        self.stage.finish(&mut next, ctx.bool(true));
        let busy = self.memory.lists(self.stage.cluster, &state) | self.has_victims(&state);
        let guard = self.is_in(LISTING) & !busy;
        self.act("ends", guard, (Vec::new(), ctx.bool(true)), next, silent());
    }

    fn act(
        &self,
        name: &'static str,
        guard: Bool<'c>,
        (inputs, choice): (Vec<VarId>, Bool<'c>),
        next: State<'c>,
        tell: Narrator,
    ) {
        self.stage.act(Step { name, guard, inputs, choice, next, marks: Vec::new(), tell });
    }
}

fn silent() -> Narrator {
    Box::new(|_: &Scene<'_>| Sentence::default())
}
