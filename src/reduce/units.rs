//! Unit scaling: quantities in the largest unit that divides them all.
//!
//! Where every value that either side of a comparison can take is a multiple of g (pods that request 8 GiB each on nodes
//! of 64 GiB, in bytes), the comparison is made in units of g: `a ≤ b` exactly if `a/g ≤ b/g`. A constant side
//! need not be a multiple: `a ≤ c` exactly if `a/g ≤ ⌊c/g⌋`. Comparisons need fewer bits and say the same; states do not
//! change at all.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::system::System;
use crate::term::{Arena, Guarded, Node, Table, TableId, TermId};

use super::terms;

/// Terms between two looks at a limit.
const LOOK_EVERY: usize = 1 << 12;

/// Scales all comparisons of a system, or none if a limit comes first. Says which units were found.
pub fn scale(system: &mut System, limit: &Guarded) -> Vec<String> {
    let roots = terms::roots(system);
    let reachable = system.arena.reachable(roots);
    let divisors = divisors(&system.arena, &reachable);
    let mut scaling = Scaling { divisors, scaled: HashMap::new(), images: Vec::new(), units: BTreeMap::new(), limit };
    let late = || vec!["no time for it".to_owned()];
    if scaling.collect(&system.arena, &reachable).is_none() {
        return late();
    }
    if scaling.units.is_empty() {
        return Vec::new();
    }
    if scaling.build(&mut system.arena, &reachable).is_none() {
        return late();
    }
    terms::replace(system, |_, term| scaling.images[term.index()]);
    let units = scaling.units.into_iter();
    units.map(|(unit, count)| format!("{count} comparisons in units of {unit}")).collect()
}

/// For every term a number that divides all its values; 0 for the constant 0.
fn divisors(arena: &Arena, reachable: &[bool]) -> Vec<u64> {
    let mut divisors: Vec<u64> = vec![1; reachable.len()];
    let mut of_tables: HashMap<TableId, u64> = HashMap::new();
    for index in (0..reachable.len()).filter(|&index| reachable[index]) {
        let of = |term: TermId| divisors[term.index()];
        divisors[index] = match arena.node(TermId::from_index(index)) {
            Node::Int(value) => value.unsigned_abs(),
            Node::Add(a, b) | Node::Sub(a, b) | Node::Min(a, b) | Node::Max(a, b) | Node::Ite(_, a, b) => {
                gcd(of(a), of(b))
            }
            Node::Mul(a, b) => of(a).saturating_mul(of(b)),
            Node::Lookup(table, _) => *of_tables.entry(table).or_insert_with(|| {
                arena.table(table).values.iter().fold(0, |all, value| gcd(all, value.unsigned_abs()))
            }),
            _ => 1,
        };
    }
    divisors
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

struct Scaling<'l> {
    divisors: Vec<u64>,
    /// Terms to be built in smaller units, with the unit, and their images once built.
    scaled: HashMap<(TermId, u64), TermId>,
    /// Images of all terms as they are.
    images: Vec<TermId>,
    /// Comparisons by unit.
    units: BTreeMap<u64, usize>,
    limit: &'l Guarded,
}

/// The smallest unit that pays: factors of two alone save bits one by one, but a table or product is cheap to keep.
const SMALLEST_UNIT: u64 = 2;

impl Scaling<'_> {
    /// The unit of a comparison of `a` and `b`, if it has one.
    fn unit(&self, arena: &Arena, a: TermId, b: TermId) -> Option<u64> {
        let of = |term: TermId| self.divisors[term.index()];
        let unit = match (arena.as_int(a), arena.as_int(b)) {
            (Some(_), Some(_)) => return None,
            (Some(_), None) => of(b),
            (None, Some(_)) => of(a),
            (None, None) => gcd(of(a), of(b)),
        };
        (unit >= SMALLEST_UNIT && unit <= i64::MAX as u64).then_some(unit)
    }

    /// Finds out which terms are needed in which units, from comparisons down to constants.
    fn collect(&mut self, arena: &Arena, reachable: &[bool]) -> Option<()> {
        let mut wanted: BTreeSet<(TermId, u64)> = BTreeSet::new();
        for index in (0..reachable.len()).filter(|&index| reachable[index]) {
            if let Node::Le(a, b) | Node::Eq(a, b) = arena.node(TermId::from_index(index))
                && let Some(unit) = self.unit(arena, a, b)
            {
                *self.units.entry(unit).or_default() += 1;
                wanted.extend([a, b].into_iter().filter(|&it| arena.as_int(it).is_none()).map(|it| (it, unit)));
            }
        }
        // The largest first: children come before parents in the arena.
        while let Some((term, unit)) = wanted.pop_last() {
            self.limit.go_on(self.scaled.len(), LOOK_EVERY)?;
            self.scaled.insert((term, unit), term);
            wanted.extend(self.parts(arena, term, unit).into_iter().filter(|&(_, unit)| unit > 1));
        }
        Some(())
    }

    /// The children that a scaled term is built of, with their units.
    fn parts(&self, arena: &Arena, term: TermId, unit: u64) -> Vec<(TermId, u64)> {
        match arena.node(term) {
            Node::Add(a, b) | Node::Sub(a, b) | Node::Min(a, b) | Node::Max(a, b) | Node::Ite(_, a, b) => {
                vec![(a, unit), (b, unit)]
            }
            Node::Mul(a, b) => {
                let first = gcd(self.divisors[a.index()], unit);
                vec![(a, first), (b, unit / first)]
            }
            _ => Vec::new(),
        }
    }

    /// Builds all images, children first.
    fn build(&mut self, arena: &mut Arena, reachable: &[bool]) -> Option<()> {
        let mut units: HashMap<TermId, Vec<u64>> = HashMap::new();
        self.scaled.keys().for_each(|&(term, unit)| units.entry(term).or_default().push(unit));
        self.images = (0..reachable.len()).map(TermId::from_index).collect();
        for (count, index) in (0..reachable.len()).filter(|&index| reachable[index]).enumerate() {
            self.limit.go_on(count, LOOK_EVERY)?;
            let term = TermId::from_index(index);
            self.images[index] = self.image(arena, term);
            for &unit in units.get(&term).into_iter().flatten() {
                let image = self.in_unit(arena, term, unit);
                self.scaled.insert((term, unit), image);
            }
        }
        Some(())
    }

    fn get(&self, (term, unit): (TermId, u64)) -> TermId {
        if unit == 1 { self.images[term.index()] } else { self.scaled[&(term, unit)] }
    }

    fn image(&self, arena: &mut Arena, term: TermId) -> TermId {
        let get = |child: TermId| self.images[child.index()];
        match arena.node(term) {
            Node::Eq(a, b) => match self.unit(arena, a, b) {
                Some(unit) => self.equal(arena, a, b, unit),
                None => arena.rebuilt(term, get),
            },
            Node::Le(a, b) => match self.unit(arena, a, b) {
                Some(unit) => {
                    let (a, b) = (self.side(arena, a, unit, true), self.side(arena, b, unit, false));
                    arena.le(a, b)
                }
                None => arena.rebuilt(term, get),
            },
            _ => arena.rebuilt(term, get),
        }
    }

    fn equal(&self, arena: &mut Arena, a: TermId, b: TermId, unit: u64) -> TermId {
        let uneven = |term: TermId| arena.as_int(term).is_some_and(|value| value % unit as i64 != 0);
        if uneven(a) || uneven(b) {
            return arena.bool(false);
        }
        let (a, b) = (self.side(arena, a, unit, true), self.side(arena, b, unit, false));
        arena.eq(a, b)
    }

    /// One side of a comparison in units; a constant is rounded towards the side that it bounds.
    fn side(&self, arena: &mut Arena, term: TermId, unit: u64, is_lower: bool) -> TermId {
        match arena.as_int(term) {
            Some(value) => {
                let unit = unit as i64;
                let floor = value.div_euclid(unit);
                let up = is_lower && value.rem_euclid(unit) > 0;
                arena.int(floor + i64::from(up))
            }
            None => self.get((term, unit)),
        }
    }

    /// A term divided by a unit that divides all its values.
    fn in_unit(&self, arena: &mut Arena, term: TermId, unit: u64) -> TermId {
        let parts = self.parts(arena, term, unit);
        let image = |index: usize| self.get(parts[index]);
        match arena.node(term) {
            Node::Int(value) => arena.int(value / unit as i64),
            Node::Add(..) => arena.add(image(0), image(1)),
            Node::Sub(..) => arena.sub(image(0), image(1)),
            Node::Min(..) => arena.min(image(0), image(1)),
            Node::Max(..) => arena.max(image(0), image(1)),
            Node::Mul(..) => arena.mul(image(0), image(1)),
            Node::Ite(c, ..) => arena.ite(self.images[c.index()], image(0), image(1)),
            Node::Lookup(table, index) => {
                let table = arena.table(table);
                let values = table.values.iter().map(|value| value / unit as i64).collect();
                let table = Table { first: table.first, values };
                let table = arena.intern_table(table);
                arena.lookup(table, self.images[index.index()])
            }
            // Nothing else has a divisor above 1.
            _ => self.images[term.index()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::{Builder, Checkpoint, Interleaving, PropertyKind};
    use crate::term::{Ctx, Evaluator, Valuation};

    #[test]
    fn comparisons_say_the_same_in_larger_units() {
        for limit in -1..40 {
            let ctx = Ctx::new();
            let (unbound, holds) = {
                let builder = Builder::new(&ctx);
                let (x, y) = (builder.int("x", 0, 5, Some(0)), builder.int("y", 0, 3, Some(0)));
                let state = builder.state();
                let (x, y) = (state.get(x), state.get(y));
                let sum = x * ctx.int(8) + y.map(|y| 4 * y) + x.ge(2).ite(12, 0);
                let holds = (sum.le(limit) & (sum.ge(limit - 7) | (sum - y * ctx.int(4)).eq(limit))).id();
                let kind = PropertyKind::Invariant { holds, at: Checkpoint::Every };
                builder.property("p", "", kind);
                (builder.finish(Interleaving::Settled), holds)
            };
            let mut system = unbound.bind(ctx);
            scale(&mut system, &Guarded::default());
            let PropertyKind::Invariant { holds: scaled, .. } = system.properties[0].kind else {
                panic!("an invariant")
            };
            for (x, y) in (0..=5).flat_map(|x| (0..=3).map(move |y| (x, y))) {
                let mut valuation = Valuation::new();
                valuation.set(system.state[0].var, x);
                valuation.set(system.state[1].var, y);
                let mut evaluator = Evaluator::new(&system.arena, &valuation);
                assert_eq!(evaluator.holds(scaled), evaluator.holds(holds), "limit {limit}, x {x}, y {y}");
            }
        }
    }

    #[test]
    fn requests_and_capacities_share_a_unit() {
        let ctx = Ctx::new();
        let unbound = {
            let builder = Builder::new(&ctx);
            let (web, db) = (builder.int("web", 0, 9, Some(0)), builder.int("db", 0, 9, Some(0)));
            let state = builder.state();
            let used = state.get(web) * ctx.int(8 << 30) + state.get(db) * ctx.int(12 << 30);
            let kind = PropertyKind::Invariant { holds: used.le(63 << 30).id(), at: Checkpoint::Every };
            builder.property("fits", "", kind);
            builder.finish(Interleaving::Settled)
        };
        assert_eq!(
            scale(&mut unbound.bind(ctx), &Guarded::default()),
            [format!("1 comparisons in units of {}", 4u64 << 30)]
        );
    }
}
