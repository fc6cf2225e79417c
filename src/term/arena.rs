//! Storage of terms: nodes, variables and tables, each interned once.
//!
//! References: Ershov, "On programming of arithmetic operations", CACM 1(8), 1958; Filliâtre and Conchon, "Type-safe
//! modular hash-consing", ML Workshop 2006.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use rustc_hash::{FxBuildHasher, FxHashMap};

/// Handle of a term in its [`Arena`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct TermId(pub(crate) u32);

/// Handle of a variable in its [`Arena`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct VarId(pub(crate) u32);

/// Handle of a lookup table in its [`Arena`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct TableId(pub(crate) u32);

impl TermId {
    /// Position in the arena; children come before parents.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The term at that position; positions come from [`Self::index`] or lie below [`Arena::len`].
    pub fn from_index(index: usize) -> Self {
        TermId(index as u32)
    }
}

impl VarId {
    /// Position among the arena's variables.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A closed interval of integers that contains every value of a term.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Range {
    /// Smallest value.
    pub lo: i64,
    /// Largest value, not below `lo`.
    pub hi: i64,
}

impl Range {
    /// The interval `lo..=hi`; the bounds are put in order.
    pub fn new(lo: i64, hi: i64) -> Self {
        Range { lo: lo.min(hi), hi: lo.max(hi) }
    }

    /// Whether `value` lies inside.
    pub fn contains(self, value: i64) -> bool {
        self.lo <= value && value <= self.hi
    }

    /// Whether all of `other` lies inside.
    pub fn covers(self, other: Range) -> bool {
        self.lo <= other.lo && other.hi <= self.hi
    }

    /// The smallest interval that contains both.
    pub fn hull(self, other: Range) -> Range {
        Range { lo: self.lo.min(other.lo), hi: self.hi.max(other.hi) }
    }

    /// Number of values, saturating.
    pub fn size(self) -> u64 {
        self.hi.abs_diff(self.lo).saturating_add(1)
    }
}

/// The type of a term.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Sort {
    /// Truth value; evaluates to 0 or 1.
    Bool,
    /// Integer within a range.
    Int(Range),
}

impl Sort {
    /// The values a term of this sort may take (0..=1 for Booleans).
    pub fn range(self) -> Range {
        match self {
            Sort::Bool => Range { lo: 0, hi: 1 },
            Sort::Int(range) => range,
        }
    }
}

/// An operator applied to its arguments. `Not`…`IteBool`, `Eq` and `Le` are Boolean, the others integers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Node {
    /// Truth constant.
    Bool(bool),
    /// Integer constant.
    Int(i64),
    /// Variable of either sort.
    Var(VarId),
    /// Negation.
    Not(TermId),
    /// Conjunction.
    And(TermId, TermId),
    /// Disjunction.
    Or(TermId, TermId),
    /// Equality of integers.
    Eq(TermId, TermId),
    /// `a ≤ b` on integers.
    Le(TermId, TermId),
    /// Choice between two Booleans or two integers: condition, then, else.
    Ite(TermId, TermId, TermId),
    /// Sum.
    Add(TermId, TermId),
    /// Difference.
    Sub(TermId, TermId),
    /// Product.
    Mul(TermId, TermId),
    /// Quotient rounded towards zero; dividend ≥ 0, divisor ≥ 1.
    Div(TermId, TermId),
    /// Smaller of two.
    Min(TermId, TermId),
    /// Larger of two.
    Max(TermId, TermId),
    /// Entry of a table at an index that lies within the table's domain.
    Lookup(TableId, TermId),
}

impl Node {
    /// The arguments, in order.
    pub fn children(self) -> impl Iterator<Item = TermId> {
        let (a, b, c) = match self {
            Node::Bool(_) | Node::Int(_) | Node::Var(_) => (None, None, None),
            Node::Not(a) | Node::Lookup(_, a) => (Some(a), None, None),
            Node::And(a, b)
            | Node::Or(a, b)
            | Node::Eq(a, b)
            | Node::Le(a, b)
            | Node::Add(a, b)
            | Node::Sub(a, b)
            | Node::Mul(a, b)
            | Node::Div(a, b)
            | Node::Min(a, b)
            | Node::Max(a, b) => (Some(a), Some(b), None),
            Node::Ite(a, b, c) => (Some(a), Some(b), Some(c)),
        };
        a.into_iter().chain(b).chain(c)
    }
}

/// A finite function from `first..first + values.len()` to integers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Table {
    /// Index of the first entry.
    pub first: i64,
    /// Entries; never empty.
    pub values: Box<[i64]>,
}

impl Table {
    /// The entry at `index`; the nearest one outside the domain (which no built term reaches).
    pub fn get(&self, index: i64) -> i64 {
        let last = self.values.len() as i64 - 1;
        self.values[(index - self.first).clamp(0, last) as usize]
    }

    /// The interval of entries for indices within `domain`.
    pub fn image(&self, domain: Range) -> Range {
        let from = (domain.lo - self.first).max(0) as usize;
        let to = ((domain.hi - self.first).max(0) as usize).min(self.values.len() - 1);
        let slice = &self.values[from.min(to)..=to];
        let lo = slice.iter().copied().min().unwrap_or(0);
        let hi = slice.iter().copied().max().unwrap_or(0);
        Range { lo, hi }
    }
}

/// A variable's name and sort.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Name for people.
    pub name: String,
    /// Truth value or range.
    pub sort: Sort,
    /// The term that stands for it.
    pub term: TermId,
}

/// All terms of one system.
#[derive(Clone, Default, Debug)]
pub struct Arena {
    nodes: Vec<Node>,
    sorts: Vec<Sort>,
    /// Terms by the hash of their node: handles only, since the nodes are stored already.
    index: HashTable<TermId>,
    variables: Vec<Variable>,
    tables: Vec<Table>,
    table_index: FxHashMap<Table, TableId>,
    /// What was found out of tables: the values that they have over a domain.
    images: FxHashMap<(TableId, Range), Range>,
    /// Whether nothing new is made any more, but for variables and constants.
    pub(super) closed: bool,
}

impl Arena {
    /// Number of terms.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no term yet.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The operator of a term.
    pub fn node(&self, term: TermId) -> Node {
        self.nodes[term.index()]
    }

    /// The sort of a term.
    pub fn sort(&self, term: TermId) -> Sort {
        self.sorts[term.index()]
    }

    /// The values a term may take.
    pub fn range(&self, term: TermId) -> Range {
        self.sort(term).range()
    }

    /// Variables in the order of their creation.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// One variable.
    pub fn variable(&self, var: VarId) -> &Variable {
        &self.variables[var.index()]
    }

    /// One table.
    pub fn table(&self, table: TableId) -> &Table {
        &self.tables[table.0 as usize]
    }

    /// A fresh variable.
    pub fn new_variable(&mut self, name: impl Into<String>, sort: Sort) -> VarId {
        let var = VarId(self.variables.len() as u32);
        let term = self.intern(Node::Var(var), sort);
        self.variables.push(Variable { name: name.into(), sort, term });
        var
    }

    /// The term of that node, made now if it is new. A closed arena has some constant for it: whoever goes on building
    /// is done soon, and what was built is thrown away.
    pub(super) fn intern(&mut self, node: Node, sort: Sort) -> TermId {
        let hash = |node: &Node| FxBuildHasher.hash_one(node);
        let (nodes, sorts) = (&mut self.nodes, &mut self.sorts);
        let same = |term: &TermId| nodes[term.index()] == node;
        match self.index.entry(hash(&node), same, |term| hash(&nodes[term.index()])) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(_) if self.closed && !matches!(node, Node::Var(_) | Node::Bool(_) | Node::Int(_)) => {
                self.constant(sort, sort.range().lo)
            }
            Entry::Vacant(entry) => {
                let term = TermId(nodes.len() as u32);
                entry.insert(term);
                nodes.push(node);
                sorts.push(sort);
                term
            }
        }
    }

    /// The handle of that table, stored now if it is new.
    pub fn intern_table(&mut self, table: Table) -> TableId {
        if let Some(&id) = self.table_index.get(&table) {
            return id;
        }
        let id = TableId(self.tables.len() as u32);
        self.tables.push(table.clone());
        self.table_index.insert(table, id);
        id
    }

    /// [`Table::image`] of a table, looked for once for each domain: many terms look into the same large tables.
    pub(super) fn image(&mut self, table: TableId, domain: Range) -> Range {
        let stored = &self.tables[table.0 as usize];
        *self.images.entry((table, domain)).or_insert_with(|| stored.image(domain))
    }

    /// Marks all terms that `roots` are made of.
    pub fn reachable(&self, roots: impl IntoIterator<Item = TermId>) -> Vec<bool> {
        let mut marked = vec![false; self.len()];
        let mut last = 0;
        for root in roots {
            marked[root.index()] = true;
            last = last.max(root.index() + 1);
        }
        for index in (0..last).rev() {
            if marked[index] {
                for child in self.nodes[index].children() {
                    marked[child.index()] = true;
                }
            }
        }
        marked
    }
}
