//! Pods as they are made, bound, become ready and go, of a run that only counts them.
//!
//! Pods of a kind at a place are alike, so which of several goes on is not known: here it is the one that stood like this
//! for the longest time. Whoever adds lives up comes to the numbers of every state again. Pods that are alike all their lives
//! are one [`Life`].

use std::collections::BTreeMap;

use super::{Place, Quantity, Stage, Timeline};

/// The life of pods at one place. States are numbered: 0 at the start, then after each step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Life {
    /// Where.
    pub place: Place,
    /// Of which kind they are: a position in [`Timeline::pods`].
    pub pods: usize,
    /// How they stand from which state on, in the order of time; never empty.
    pub stages: Vec<(usize, Stage)>,
    /// The state in which they are not there any more, if there is one.
    pub until: Option<usize>,
    /// How many pods these are.
    pub count: i64,
}

impl Life {
    fn stage(&self) -> Option<Stage> {
        self.stages.last().map(|&(_, stage)| stage)
    }

    /// How they stand in a state, if they are there.
    pub fn stage_in(&self, state: usize) -> Option<Stage> {
        let is_there = self.until.is_none_or(|until| state < until);
        self.stages.iter().rev().find(|&&(since, _)| since <= state && is_there).map(|&(_, stage)| stage)
    }

    /// The state that they are there from.
    pub fn since(&self) -> usize {
        self.stages.first().map_or(0, |&(since, _)| since)
    }
}

/// Pods of a kind at a place.
type Home = (Place, usize);

/// All lives of a run: by place and kind, then by beginning.
pub fn lives(timeline: &Timeline) -> Vec<Life> {
    let mut present: BTreeMap<Home, Vec<Life>> = BTreeMap::new();
    let mut past = Vec::new();
    for &(of, count) in &timeline.start {
        if let Quantity::Pods(place, pods, stage) = of {
            begin(&mut present, (place, pods), (0, stage), count);
        }
    }
    for (index, moment) in timeline.moments.iter().enumerate() {
        let mut moves: BTreeMap<Home, Vec<(Stage, i64)>> = BTreeMap::new();
        for change in &moment.changes {
            if let Quantity::Pods(place, pods, stage) = change.of {
                moves.entry((place, pods)).or_default().push((stage, change.after - change.before));
            }
        }
        for (home, changes) in moves {
            go_on(&mut present, &mut past, home, index + 1, changes);
        }
    }
    past.extend(present.into_values().flatten());
    together(past)
}

fn begin(present: &mut BTreeMap<Home, Vec<Life>>, home: Home, stage: (usize, Stage), count: i64) {
    let (place, pods) = home;
    present.entry(home).or_default().push(Life { place, pods, stages: vec![stage], until: None, count });
}

/// What one step changes at one place: those who leave a stage enter a later one, or are gone; the others are new.
fn go_on(
    present: &mut BTreeMap<Home, Vec<Life>>,
    past: &mut Vec<Life>,
    home: Home,
    state: usize,
    mut changes: Vec<(Stage, i64)>,
) {
    for entered in 0..changes.len() {
        for left in 0..changes.len() {
            let ((to, more), (from, less)) = (changes[entered], changes[left]);
            let amount = more.min(-less);
            if amount > 0 && to.may_follow(from) {
                changes[entered].1 -= amount;
                changes[left].1 += amount;
                let all = present.entry(home).or_default();
                let mut moved = take(all, from, state, amount);
                moved.iter_mut().for_each(|life| life.stages.push((state, to)));
                all.extend(moved);
            }
        }
    }
    for (stage, change) in changes {
        match change {
            1.. => begin(present, home, (state, stage), change),
            _ => {
                let gone = take(present.entry(home).or_default(), stage, state, -change);
                past.extend(gone.into_iter().map(|life| Life { until: Some(state), ..life }));
            }
        }
    }
}

/// Takes pods out that stand in a certain way, and did so before this state: those that did for the longest time.
fn take(all: &mut Vec<Life>, stage: Stage, state: usize, mut amount: i64) -> Vec<Life> {
    let mut taken = Vec::new();
    while amount > 0 {
        let fitting = all.iter().enumerate().filter(|(_, life)| life.stage() == Some(stage));
        let before = fitting.filter(|(_, life)| life.stages.last().is_some_and(|&(since, _)| since < state));
        let Some((position, _)) = before.min_by_key(|(_, life)| life.stages.last().map(|&(since, _)| since)) else {
            break;
        };
        let life = &mut all[position];
        let count = life.count.min(amount);
        amount -= count;
        taken.push(Life { count, ..life.clone() });
        life.count -= count;
        if life.count == 0 {
            all.remove(position);
        }
    }
    taken
}

/// Lives that are alike become one.
fn together(mut all: Vec<Life>) -> Vec<Life> {
    let key = |life: &Life| (life.place, life.pods, life.stages.clone(), life.until);
    all.sort_by_cached_key(key);
    all.dedup_by(|life, kept| {
        let alike = key(life) == key(kept);
        kept.count += if alike { life.count } else { 0 };
        alike
    });
    all
}

#[cfg(test)]
mod tests {
    use super::super::{Change, Moment};
    use super::*;

    const HERE: Place = Place::Node(0);

    fn timeline(start: &[(Place, Stage, i64)], moments: &[&[(Place, Stage, i64, i64)]]) -> Timeline {
        let of = |place, stage| Quantity::Pods(place, 0, stage);
        let change =
            |&(place, stage, before, after): &(Place, Stage, i64, i64)| Change { of: of(place, stage), before, after };
        let moment = |changes: &&[_]| Moment { from_outside: false, changes: changes.iter().map(change).collect() };
        Timeline {
            start: start.iter().map(|&(place, stage, count)| (of(place, stage), count)).collect(),
            moments: moments.iter().map(moment).collect(),
            ..Timeline::default()
        }
    }

    #[test]
    fn a_pod_is_made_bound_ready_terminated_and_gone() {
        let run = timeline(
            &[],
            &[
                &[(Place::Unscheduled, Stage::Pending, 0, 1)],
                &[(Place::Unscheduled, Stage::Pending, 1, 0), (HERE, Stage::Starting, 0, 1)],
                &[(HERE, Stage::Starting, 1, 0), (HERE, Stage::Ready, 0, 1)],
                &[(HERE, Stage::Ready, 1, 0), (HERE, Stage::Terminating, 0, 1)],
                &[(HERE, Stage::Terminating, 1, 0)],
            ],
        );
        let waiting =
            Life { place: Place::Unscheduled, pods: 0, stages: vec![(1, Stage::Pending)], until: Some(2), count: 1 };
        let stages = vec![(2, Stage::Starting), (3, Stage::Ready), (4, Stage::Terminating)];
        let bound = Life { place: HERE, pods: 0, stages, until: Some(5), count: 1 };
        assert_eq!(bound.stage_in(3), Some(Stage::Ready));
        assert_eq!((bound.stage_in(1), bound.stage_in(5)), (None, None));
        assert_eq!(lives(&run), [waiting, bound]);
    }

    #[test]
    fn those_who_share_a_fate_are_one_and_others_part() {
        let run = timeline(
            &[(HERE, Stage::Ready, 5)],
            &[&[(HERE, Stage::Ready, 5, 3), (HERE, Stage::Terminating, 0, 2)], &[(HERE, Stage::Terminating, 2, 0)]],
        );
        let all = lives(&run);
        assert_eq!(all.iter().map(|life| (life.count, life.until)).collect::<Vec<_>>(), [(3, None), (2, Some(2))]);
    }

    #[test]
    fn the_end_of_one_pod_is_not_the_beginning_of_another() {
        let run = timeline(
            &[(HERE, Stage::Terminating, 1)],
            &[&[(HERE, Stage::Terminating, 1, 0), (HERE, Stage::Starting, 0, 1)]],
        );
        let all = lives(&run);
        assert_eq!(all.len(), 2);
        assert_eq!(all.iter().filter(|life| life.stage_in(1).is_some()).count(), 1);
    }

    #[test]
    fn lives_add_up_to_the_numbers_of_every_state() {
        let mut numbers = [0_i64; Stage::ALL.len()];
        let mut random = 7_u64;
        let mut moments = Vec::new();
        let mut states = vec![numbers];
        for _ in 0..200 {
            let mut changes = Vec::new();
            for stage in [Stage::Starting, Stage::Ready, Stage::Terminating] {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let (before, after) = (numbers[stage as usize], ((random >> 33) % 4) as i64);
                numbers[stage as usize] = after;
                changes.extend((before != after).then_some((HERE, stage, before, after)));
            }
            moments.push(changes);
            states.push(numbers);
        }
        let moments: Vec<&[_]> = moments.iter().map(Vec::as_slice).collect();
        let all = lives(&timeline(&[], &moments));
        for (state, numbers) in states.iter().enumerate() {
            for stage in Stage::ALL {
                let there = all.iter().filter(|life| life.stage_in(state) == Some(stage));
                assert_eq!(there.map(|life| life.count).sum::<i64>(), numbers[stage as usize], "{state} {stage:?}");
            }
        }
    }
}
