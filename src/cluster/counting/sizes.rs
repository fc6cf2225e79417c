//! Several sizes of one cluster in one model: which of them a run has is chosen freely at its start.
//!
//! The spec has every node that some size has, and the most replicas; a size has the first so many nodes of each pool, and
//! replicas of its own. Where the nodes of a class are counted ([`super::cells`]), a size is nothing but the values of some
//! state variables at the start: they are looked up by the number of the size, which is a state variable that no action
//! writes. Everything else has to be the same at all sizes; whoever reads the number of nodes, or the replicas at the start,
//! as a constant says so with [`OpenSize::depends`], and then the model stands for no size but that of its spec.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::system::{Builder, IntVar};
use crate::term::Int;

use super::classes::NodeClass;
use crate::cluster::object::spec::{ClusterSpec, ObjectKey, Workload};

/// Name of the state variable that says which size a run has.
const VARIABLE: &str = "size";

/// One size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Nodes of each pool that the sizes speak of, by its name.
    pub pools: BTreeMap<String, i64>,
    /// `spec.replicas` of each owner of pods that the sizes speak of.
    pub replicas: BTreeMap<ObjectKey, i64>,
}

/// Sizes of a cluster, in the order in which they are to be looked at.
#[derive(Clone, Debug, Default)]
pub struct Sizes {
    /// For each pool by name, the number of its nodes by size; all lists are equally long.
    pools: BTreeMap<String, Vec<i64>>,
    /// For each owner, its replicas by size.
    replicas: BTreeMap<ObjectKey, Vec<i64>>,
    number: usize,
}

impl Sizes {
    /// These sizes, which speak of the same pools and owners.
    pub fn new(sizes: &[Size]) -> Self {
        let mut all = Sizes { number: sizes.len(), ..Sizes::default() };
        for size in sizes {
            for (name, &nodes) in &size.pools {
                all.pools.entry(name.clone()).or_default().push(nodes);
            }
            for (key, &replicas) in &size.replicas {
                all.replicas.entry(key.clone()).or_default().push(replicas);
            }
        }
        debug_assert!(all.pools.values().chain(all.replicas.values()).all(|it| it.len() == sizes.len()));
        all
    }

    /// How many sizes there are; 0 or 1 if nothing is open.
    pub fn number(&self) -> usize {
        self.number
    }
}

/// What sizes may differ in: a value for each, or one for all of them. Only a cluster that is told why takes a constant for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BySize<T>(Vec<T>);

impl<T> BySize<T> {
    /// The same at all sizes.
    pub fn same(value: T) -> Self {
        BySize(vec![value])
    }

    /// What follows from it, by size.
    pub fn map<U>(self, of: impl FnMut(T) -> U) -> BySize<U> {
        BySize(self.0.into_iter().map(of).collect())
    }

    /// One value, or one for each size.
    pub(in crate::cluster) fn values(&self) -> &[T] {
        &self.0
    }
}

/// Why a model does not stand for all sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependence {
    /// In words.
    pub why: String,
    /// Positions of sizes that differ from the largest one in this; without them the reason is none. `None` if it is
    /// one for all of them.
    pub odd: Option<BTreeSet<usize>>,
}

/// The open size of a model under construction; closed where a model has one size only.
pub struct OpenSize<'s> {
    sizes: &'s Sizes,
    /// For each node its pool and its position there, if the pool is one of those that sizes speak of.
    places: Vec<Option<(&'s str, i64)>>,
    dependences: RefCell<Vec<Dependence>>,
    variable: Option<IntVar>,
}

impl<'s> OpenSize<'s> {
    /// Declares the variable, if there are several sizes.
    pub fn declare(builder: &Builder<'_>, spec: &ClusterSpec, sizes: &'s Sizes) -> Self {
        let mut seen: BTreeMap<&str, i64> = BTreeMap::new();
        let places = spec.nodes.iter().map(|node| {
            let (pool, _) = sizes.pools.get_key_value(node.pool.as_deref()?)?;
            let position = seen.entry(pool.as_str()).or_default();
            *position += 1;
            Some((pool.as_str(), *position - 1))
        });
        let places = places.collect();
        let variable = (sizes.number > 1).then(|| builder.int(VARIABLE, 0, sizes.number as i64 - 1, None));
        OpenSize { sizes, places, dependences: RefCell::default(), variable }
    }

    /// Which state variable says the size, by its position among the sizes; `None` if there is one size only.
    pub fn variable(&self) -> Option<IntVar> {
        self.variable
    }

    /// How many of these nodes each size has; one number for all if it is the same.
    pub fn present(&self, nodes: impl Iterator<Item = usize>) -> Vec<i64> {
        let mut always = 0;
        let mut open: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        for node in nodes {
            match self.places[node].filter(|_| self.variable.is_some()) {
                Some((pool, position)) => open.entry(pool).or_default().push(position),
                None => always += 1,
            }
        }
        let of_size = |size: usize| {
            let within = |(pool, positions): (&&str, &Vec<i64>)| {
                let nodes = self.sizes.pools[*pool][size];
                positions.partition_point(|&position| position < nodes) as i64
            };
            always + open.iter().map(within).sum::<i64>()
        };
        let mut numbers: Vec<i64> = (0..self.sizes.number.max(1)).map(of_size).collect();
        if numbers.iter().all(|&number| number == numbers[0]) {
            numbers.truncate(1);
        }
        numbers
    }

    /// The same, for those who do not know whether it matters.
    pub fn numbers(&self, nodes: impl Iterator<Item = usize>) -> BySize<i64> {
        BySize(self.present(nodes))
    }

    /// `spec.replicas` of an owner at the start, by size.
    pub fn replicas(&self, owner: &Workload) -> BySize<i64> {
        let open = self.sizes.replicas.get(&owner.key).filter(|_| self.variable.is_some());
        let open = open.filter(|all| all.iter().any(|&replicas| replicas != all[0]));
        if open.is_some() && owner.revisions.iter().any(|revision| revision.size > 0) {
            self.depends(format!("{} has ReplicaSets whose sizes depend on it", owner.key));
        }
        open.cloned().map_or_else(|| BySize::same(owner.replicas), BySize)
    }

    /// `spec.replicas` of an owner at the start, for whoever needs a constant; `why` says who.
    pub fn fixed_replicas(&self, owner: &Workload, why: &str) -> i64 {
        if self.replicas(owner).0.len() > 1 {
            self.depends(format!("replicas of {} depend on it, and {why}", owner.key));
        }
        owner.replicas
    }

    /// A state variable that starts with a value for each size, or with one value at all of them.
    pub fn int(&self, builder: &Builder<'_>, name: String, (lo, hi): (i64, i64), start: &[i64]) -> IntVar {
        let (Some(variable), [_, _, ..]) = (self.variable, start) else {
            return builder.int(name, lo, hi, start.first().copied());
        };
        let declared = builder.int(name, lo, hi, None);
        let state = builder.state();
        let value: Int<'_> = builder.ctx().table(&[state.get(variable)], |size| start[size[0] as usize]);
        builder.assume_initially(state.get(declared).eq(value));
        declared
    }

    /// What facts say where they agree; where they do not, what they say of the largest size, and the others are odd.
    pub fn constant<T: PartialEq + Copy>(&self, facts: &BySize<T>, why: impl FnOnce() -> String) -> T {
        self.depends_on(&facts.0, why);
        facts.0[facts.0.len() - 1]
    }

    /// To be called by whoever reads what differs between sizes as if it were a constant; `why` says who and what.
    pub fn depends(&self, why: impl Into<String>) {
        self.add(Dependence { why: why.into(), odd: None });
    }

    /// To be called by whoever reads what `facts` say, one of each size or one of all, as if it were a constant. All is
    /// well if they agree; else those sizes are odd that differ from the largest.
    pub fn depends_on<T: PartialEq>(&self, facts: &[T], why: impl FnOnce() -> String) {
        let odd = facts.iter().enumerate().filter(|(_, fact)| Some(*fact) != facts.last());
        let odd: BTreeSet<usize> = odd.map(|(size, _)| size).collect();
        if !odd.is_empty() {
            self.add(Dependence { why: why(), odd: Some(odd) });
        }
    }

    fn add(&self, dependence: Dependence) {
        let mut known = self.dependences.borrow_mut();
        if self.variable.is_some() && !known.contains(&dependence) {
            known.push(dependence);
        }
    }

    /// Finds classes of which a size has no nodes: controllers would take their labels for domains that are there, or not
    /// there.
    pub fn check_classes(&self, classes: &[NodeClass]) {
        for class in classes {
            let is_there: Vec<bool> = self.present(class.members.iter().copied()).iter().map(|&it| it > 0).collect();
            let why = || format!("at some of them there is no node like {}", class.names[0]);
            self.depends_on(&is_there, why);
            if is_there.last() == Some(&false) {
                self.depends(why());
            }
        }
    }

    /// Whether some value of a label is that of several nodes, by size.
    pub fn shares_label(&self, classes: &[NodeClass], key: &str) -> Vec<bool> {
        let mut nodes: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for class in classes {
            class.label(key).into_iter().for_each(|value| nodes.entry(value).or_default().extend(&class.members));
        }
        let counts: Vec<Vec<i64>> = nodes.into_values().map(|nodes| self.present(nodes.into_iter())).collect();
        let shared = |size: usize| counts.iter().any(|count| *count.get(size).unwrap_or(&count[0]) > 1);
        (0..self.sizes.number.max(1)).map(shared).collect()
    }

    /// Why the model does not stand for all sizes; empty if it does.
    pub fn into_dependences(self) -> Vec<Dependence> {
        self.dependences.into_inner()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::object::spec::NodeSpec;
    use crate::term::Ctx;

    /// One node of no pool, and three of a pool.
    fn spec() -> ClusterSpec {
        let node = |pool: Option<&str>| NodeSpec { pool: pool.map(str::to_owned), ..NodeSpec::default() };
        ClusterSpec { nodes: vec![node(None), node(Some("a")), node(Some("a")), node(Some("a"))], ..Default::default() }
    }

    fn sizes(nodes: &[i64]) -> Sizes {
        let size = |&nodes: &i64| Size { pools: [("a".to_owned(), nodes)].into(), ..Size::default() };
        Sizes::new(&nodes.iter().map(size).collect::<Vec<Size>>())
    }

    #[test]
    fn a_size_has_the_first_nodes_of_each_pool() {
        let (ctx, spec, sizes) = (Ctx::new(), spec(), sizes(&[1, 3]));
        let open = OpenSize::declare(&Builder::new(&ctx), &spec, &sizes);
        assert_eq!(open.present(0..4), [2, 4]);
        assert_eq!(open.present([2, 3].into_iter()), [0, 2]);
        assert_eq!(open.present([0, 1].into_iter()), [2]);
        open.depends("somebody counts");
        open.depends_on(&[true, true], || unreachable!("they agree"));
        open.depends_on(&[1, 2], || "somebody looks".to_owned());
        let dependence = |why: &str, odd| Dependence { why: why.to_owned(), odd };
        let known = [dependence("somebody counts", None), dependence("somebody looks", Some([0].into()))];
        assert_eq!(open.into_dependences(), known);
    }

    #[test]
    fn one_size_leaves_nothing_open() {
        let (ctx, spec, sizes) = (Ctx::new(), spec(), sizes(&[3]));
        let open = OpenSize::declare(&Builder::new(&ctx), &spec, &sizes);
        assert_eq!((open.variable(), open.present(0..4)), (None, vec![4]));
        open.depends("nobody minds");
        assert!(open.into_dependences().is_empty());
    }
}
