//! One run of the plugin over pods in the order in which they happen to be listed.
//!
//! Part of the rule `descheduler/RemoveDuplicates`.
//!
//! First it is found out which pod of each kind comes first on its node (the *original*), and from the rest, how many of
//! each owner may stay on a node. Then pods are handled in the order of their lists: the first ones stay, the others go.

use itertools::Itertools;

use crate::cluster::TemplateId;
use crate::cluster::view::story::{Narrator, Scene, Sentence};
use crate::encodings::descheduler::cycle::{Candidate, Stage, Step};
use crate::encodings::descheduler::sight::Sight;
use crate::system::{MarkId, State};
use crate::term::{Bool, Int, TermId, VarId};

use super::keys::Set;
use super::listed;
use super::memory::{Entry, List, Memory, Order};
use super::plan::{Column, Plan};

/// Adds the steps of a stage.
pub fn add(stage: &Stage<'_, '_>, memory: &Memory) {
    let steps = Steps { stage, memory };
    steps.begin();
    steps.handle();
    steps.end();
}

struct Steps<'s, 'a, 'c> {
    stage: &'s Stage<'a, 'c>,
    memory: &'s Memory,
}

/// A pod that may be the one that is handled.
struct Handled<'m, 'c> {
    list: &'m List,
    entry: &'m Entry,
    /// Whether it is the one.
    it: Bool<'c>,
    /// Whether it has to go.
    goes: Bool<'c>,
    /// Whether it went before, from the list of another owner.
    again: Bool<'c>,
}

/// Which template the original of a set on a node is of.
struct Original<'c> {
    at: usize,
    templates: Vec<TemplateId>,
    choice: Option<(VarId, Int<'c>)>,
}

impl<'c> Original<'c> {
    /// Whether it is of this template.
    fn is(&self, listed: &dyn Fn(usize, TemplateId) -> Int<'c>, template: TemplateId) -> Bool<'c> {
        let position = self.templates.iter().position(|&other| other == template).unwrap_or_default();
        let chosen = self.choice.map(|(_, chosen)| chosen.eq(position as i64));
        let present = listed(self.at, template).ge(1);
        chosen.map_or(present, |chosen| chosen & present)
    }

    /// Whether the choice is one that can happen; without pods the first template stands for none.
    fn is_possible(&self, listed: &dyn Fn(usize, TemplateId) -> Int<'c>) -> Option<Bool<'c>> {
        let (_, chosen) = self.choice?;
        let counts = self.templates.iter().map(|&id| listed(self.at, id));
        let present = counts.clone().enumerate().map(|(position, count)| chosen.eq(position as i64) & count.ge(1));
        let some = present.reduce(|a, b| a | b)?;
        let none = counts.map(|count| count.eq(0)).reduce(|a, b| a & b)?;
        Some(some | (none & chosen.eq(0)))
    }
}

impl<'c> Steps<'_, '_, 'c> {
    fn state(&self) -> State<'c> {
        self.stage.cluster.state()
    }

    /// Originals of all sets on all nodes, with an input where they may be of several templates.
    fn originals(&self, sight: &Sight<'_, 'c>) -> Vec<Original<'c>> {
        let (cluster, sets) = (self.stage.cluster, &self.memory.book.sets);
        let original = |(at, set): (usize, &Set)| {
            let may_be_here = |id: &TemplateId| cluster.holding_on(&sight.cells[at], *id).range().hi > 0;
            let templates: Vec<TemplateId> = set.templates.iter().copied().filter(may_be_here).collect();
            let last = templates.len().checked_sub(1)? as i64;
            let choice = (last > 0).then(|| cluster.input("original", 0, last));
            Some(Original { at, templates, choice })
        };
        (0..sight.cells.len()).cartesian_product(sets).filter_map(original).collect()
    }

    /// Pods of all templates: those that are listed, and the duplicates among them.
    fn columns(&self, sight: &Sight<'_, 'c>, originals: &[Original<'c>]) -> Vec<Column<'c>> {
        let listed = |at: usize, template: TemplateId| listed(sight, at, template);
        let duplicates = |at: usize, template: TemplateId| {
            let original = originals.iter().find(|it| it.at == at && it.templates.contains(&template));
            let first = original.map_or(sight.ctx().bool(false), |original| original.is(&listed, template));
            listed(at, template).minus_or_zero(first.to_int())
        };
        let column = |template: TemplateId| Column {
            template,
            listed: (0..sight.cells.len()).map(|at| listed(at, template)).collect(),
            duplicates: (0..sight.cells.len()).map(|at| duplicates(at, template)).collect(),
        };
        self.templates().map(column).collect()
    }

    fn plans(&self, sight: &Sight<'_, 'c>, columns: &[Column<'c>]) -> Vec<Plan<'c>> {
        let in_play: Vec<Bool<'c>> = (0..sight.cells.len()).map(|at| sight.in_play(at)).collect();
        let plan = |key: usize| {
            let handled = self.memory.book.of_key(key);
            let handled = handled.filter_map(|id| columns.iter().find(|column| column.template == id));
            Plan::new(sight.cluster, &sight.cells, &in_play, &handled.collect::<Vec<_>>())
        };
        (0..self.memory.book.keys.len()).map(plan).collect()
    }

    /// Lists the duplicates and finds out how many stay.
    fn begin(&self) {
        let (ctx, state) = (self.stage.cluster.ctx(), self.state());
        let sight = self.stage.sight(&state);
        let originals = self.originals(&sight);
        let columns = self.columns(&sight, &originals);
        let plans = self.plans(&sight, &columns);
        let mut next = state.clone();
        self.memory.lists.iter().for_each(|list| self.fill(&mut next, list, &plans, &columns));
        next.set_bool(self.memory.begun, ctx.bool(true));
        let listed = |at: usize, template: TemplateId| listed(&sight, at, template);
        let inputs = originals.iter().filter_map(|original| Some(original.choice?.0)).collect();
        let choice = ctx.all(originals.iter().filter_map(|original| original.is_possible(&listed)));
        let (guard, marks) = (!state.is(self.memory.begun), Vec::new());
        let tell = self.tell(&plans);
        self.stage.act(Step { name: "lists", guard, inputs, choice, next, marks, tell });
    }

    fn templates(&self) -> impl Iterator<Item = TemplateId> {
        self.memory.book.sets.iter().flat_map(|set| set.templates.iter().copied())
    }

    /// Fills a list with the duplicates of its key if some have to go.
    fn fill(&self, next: &mut State<'c>, list: &List, plans: &[Plan<'c>], columns: &[Column<'c>]) {
        let ctx = self.stage.cluster.ctx();
        let duplicates = |template: TemplateId| {
            let column = columns.iter().find(|column| column.template == template);
            column.map_or_else(|| ctx.int(0), |column| column.duplicates[list.at])
        };
        let all = ctx.sum(self.memory.book.of_key(list.key).map(duplicates));
        let kept = plans[list.key].kept(all);
        next.set(list.stay, kept);
        for entry in list.entries.iter().filter(|_| list.repeats.is_none()) {
            next.set(entry.left, all.gt(kept).ite(duplicates(entry.template), 0));
        }
    }

    fn tell(&self, plans: &[Plan<'c>]) -> Narrator {
        let owners = self.memory.book.keys.iter().map(|key| key.describe());
        let numbers = plans.iter().map(|plan| [plan.pods, plan.nodes, plan.stay].map(|number| number.id()));
        let lines: Vec<(String, [TermId; 3])> = owners.zip(numbers).collect();
        Box::new(move |scene: &Scene<'_>| {
            let mut sentence = Sentence::new("descheduler", "looks for duplicates");
            for (owner, numbers) in &lines {
                let [pods, nodes, stay] = numbers.map(|number| scene.get(number));
                if pods > 0 && nodes > 1 {
                    sentence.why.push(format!(
                        "RemoveDuplicates: {pods} pods of {owner} over {nodes} feasible nodes allow {stay} per node"
                    ));
                }
            }
            sentence
        })
    }

    /// The next pod of a list stays or goes.
    fn handle(&self) {
        let (ctx, state) = (self.stage.cluster.ctx(), self.state());
        let lists = self.memory.lists.iter().enumerate();
        let entries: Vec<(usize, &List, &Entry)> =
            lists.flat_map(|(index, list)| list.entries.iter().map(move |entry| (index, list, entry))).collect();
        let last = entries.len().saturating_sub(1) as i64;
        let (input, chosen) = self.stage.cluster.input("pod", 0, last);
        let next_lists = self.next_lists(&state);
        let mut next = state.clone();
        let mut handled = Vec::new();
        for (position, &(index, list, entry)) in entries.iter().enumerate() {
            let (fits, place) = self.keeps_order(&state, list, entry);
            let it = chosen.eq(position as i64) & state.get(entry.left).ge(1) & next_lists[index] & fits;
            self.record(&mut next, entry, place, it);
            next.set(entry.left, state.get(entry.left).minus_or_zero(it.to_int()));
            next.set(self.memory.last, it.ite(index as i64 + 1, next.get(self.memory.last)));
            let goes = self.pass(&mut next, list, it) | ctx.bool(list.repeats.is_some());
            let again = self.was_evicted(&state, list, entry);
            handled.push(Handled { list, entry, it, goes, again });
        }
        let choice = ctx.any(handled.iter().map(|handled| handled.it));
        let (marks, tell) = self.evict(&mut next, &handled);
        let guard = state.is(self.memory.begun) & self.waits(&state);
        self.stage.act(Step { name: "evicts", guard, inputs: vec![input], choice, next, marks, tell });
    }

    /// Evicts the pod that is handled if it has to go, and leaves lists where a limit refuses it.
    fn evict(&self, next: &mut State<'c>, handled: &[Handled<'_, 'c>]) -> (Vec<(MarkId, Bool<'c>)>, Narrator) {
        let candidate =
            |it: &Handled<'_, 'c>, which: Bool<'c>| (it.list.at, it.entry.template, it.it & it.goes & which);
        let fresh: Vec<Candidate<'c>> = handled.iter().map(|it| candidate(it, !it.again)).collect();
        let repeated: Vec<Candidate<'c>> = handled.iter().map(|it| candidate(it, it.again)).collect();
        let first = self.stage.attempt(next, &fresh);
        let second = self.stage.attempt_again(next, &repeated);
        let accepted = first.accepted | second.accepted;
        for handled in handled {
            self.remember(next, handled, accepted);
            handled.list.leave(next, handled.it & (first.node | second.node));
        }
        let total = first.total | second.total;
        self.memory.lists.iter().for_each(|list| list.leave(next, total));
        self.stage.eviction(&fresh, first.accepted)
    }

    /// Remembers what became of a pod, for other lists with the same pod.
    fn remember(&self, next: &mut State<'c>, handled: &Handled<'_, 'c>, accepted: Bool<'c>) {
        let mut add = |var, when: Bool<'c>| {
            let value: Int<'c> = next.get(var);
            next.set(var, (value + when.to_int()).min(value.range().hi));
        };
        let gone = handled.it & handled.goes & accepted;
        if let Some(past) = &handled.entry.past {
            add(past.handled, handled.it);
            add(past.stayed, handled.it & !handled.goes);
            add(past.gone, gone);
        }
        let list = handled.list;
        let repeating = self.memory.lists.iter().filter(|it| it.at == list.at && it.repeats == Some(list.key));
        repeating.flat_map(|list| &list.entries).for_each(|entry| add(entry.left, gone));
    }

    /// Counts a pod where `it` holds; whether it has to go.
    fn pass(&self, next: &mut State<'c>, list: &List, it: Bool<'c>) -> Bool<'c> {
        let stay = next.get(list.stay);
        next.set(list.stay, stay.minus_or_zero(it.to_int()));
        stay.eq(0)
    }

    /// Whether the next pod of an entry went from the list of another owner.
    fn was_evicted(&self, state: &State<'c>, list: &List, entry: &Entry) -> Bool<'c> {
        let ctx = self.stage.cluster.ctx();
        let Some(past) = &entry.past else { return ctx.bool(list.repeats.is_some()) };
        let position = state.get(past.handled);
        let others = self.memory.lists.iter().filter(|other| other.at == list.at && other.key != list.key);
        let same = others.flat_map(|other| &other.entries).filter(|other| other.template == entry.template);
        ctx.any(same.filter_map(|other| other.past.as_ref()).map(|past| {
            let from = state.get(past.stayed);
            from.le(position) & position.lt(from + state.get(past.gone))
        }))
    }

    /// Whether the order of pods in other lists lets a pod of an entry be the next, and the place that it has in it.
    fn keeps_order(&self, state: &State<'c>, list: &List, entry: &Entry) -> (Bool<'c>, Int<'c>) {
        let ctx = self.stage.cluster.ctx();
        let Some((order, rank)) = self.order(entry) else { return (ctx.bool(true), ctx.int(-1)) };
        let shared = list.entries.iter().filter(|it| it.order == entry.order);
        let place = ctx.sum(shared.filter_map(|it| it.past.as_ref()).map(|past| state.get(past.handled)));
        let known = order.places.iter().enumerate();
        let known = ctx.sum(known.map(|(index, &var)| place.eq(index as i64).ite(state.get(var), 0)));
        (known.eq(0) | known.eq(rank as i64 + 1), place)
    }

    /// The order that an entry keeps, and the position of its template in it.
    fn order(&self, entry: &Entry) -> Option<(&Order, usize)> {
        let order = &self.memory.orders[entry.order?];
        Some((order, order.templates.iter().position(|&id| id == entry.template)?))
    }

    /// Records where in the order a pod is.
    fn record(&self, next: &mut State<'c>, entry: &Entry, place: Int<'c>, it: Bool<'c>) {
        let Some((order, rank)) = self.order(entry) else { return };
        for (index, &var) in order.places.iter().enumerate() {
            next.set(var, (it & place.eq(index as i64)).ite(rank as i64 + 1, next.get(var)));
        }
    }

    fn waits(&self, state: &State<'c>) -> Bool<'c> {
        let lists = self.memory.lists.iter();
        self.stage.cluster.ctx().any(lists.map(|list| list.waits(self.stage.cluster, state)))
    }

    /// Whether each list may be the next: owners come in any order, and for each its nodes, and a list is handled to its
    /// end.
    fn next_lists(&self, state: &State<'c>) -> Vec<Bool<'c>> {
        let ctx = self.stage.cluster.ctx();
        let lists = &self.memory.lists;
        let waiting: Vec<Bool<'c>> = lists.iter().map(|list| list.waits(self.stage.cluster, state)).collect();
        let was_last: Vec<Bool<'c>> =
            (0..lists.len()).map(|list| state.get(self.memory.last).eq(list as i64 + 1)).collect();
        let unfinished = ctx.any(was_last.iter().zip(&waiting).map(|(&last, &waits)| last & waits));
        let of_key = |key: usize, flags: &[Bool<'c>]| {
            let lists = lists.iter().zip(flags).filter(|(list, _)| list.key == key);
            ctx.any(lists.map(|(_, &flag)| flag))
        };
        let keys = 0..self.memory.book.keys.len();
        let busy: Vec<Bool<'c>> = keys.map(|key| of_key(key, &was_last) & of_key(key, &waiting)).collect();
        let some_busy = ctx.any(busy.iter().copied());
        let allowed = |list: usize| {
            let key = lists[list].key;
            waiting[list] & (was_last[list] | !unfinished) & (busy[key] | !some_busy)
        };
        (0..lists.len()).map(allowed).collect()
    }

    /// Nobody is left.
    fn end(&self) {
        let (ctx, state) = (self.stage.cluster.ctx(), self.state());
        let mut next = state.clone();
        self.memory.forget(self.stage.cluster, &mut next);
        self.stage.finish(&mut next, ctx.bool(true));
        let guard = state.is(self.memory.begun) & !self.waits(&state);
        let (inputs, marks) = Default::default();
        let tell: Narrator = Box::new(|_: &Scene<'_>| Sentence::default());
        self.stage.act(Step { name: "ends", guard, inputs, choice: ctx.bool(true), next, marks, tell });
    }
}
