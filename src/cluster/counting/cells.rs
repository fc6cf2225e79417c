//! Cells: nodes of one class in one state, with a multiplicity.
//!
//! Controllers iterate over cells, never over nodes. Two representations stand behind the one interface, chosen per
//! class; encodings cannot tell them apart:
//!
//! * *individual*: every node is a cell of multiplicity 1; its attributes are state variables;
//! * *counted*: every possible combination of attributes is a cell; attributes are constants that fold away, the
//!   multiplicities are state variables that sum to the size of the class. Nodes of a class are interchangeable, so
//!   this quotient is exact, and symmetric states are one state.
//!
//! References: Emerson and Trefler, "From asymmetry to full symmetry: new techniques for symmetry reduction in model
//! checking", CHARME 1999; Pnueli, Xu and Zuck, "Liveness with (0,1,∞)-counter abstraction", CAV 2002.

use std::collections::{BTreeMap, HashMap};

use crate::system::{Builder, IntVar, State};
use crate::term::{Bool, Ctx, Int, Range};

use super::classes::NodeClass;
use super::combinations::combinations;
use super::layout::{Attribute, Layout, Presence};
use super::sizes::OpenSize;
use super::templates::{Phase, Template, TemplateId};
use super::totals::{Change, Totals};

/// How much more a cell costs whose attributes are variables: what is computed from constants folds away, and states that
/// differ in the names of nodes only are told apart.
const COST_OF_VARIABLES: u64 = 4;
/// Nodes from which on it matters that equal ones are not told apart by which of several named pods is on which.
const MANY_NODES: usize = 4;

/// The estimated sizes of both representations of a class, in bits: what its cells hold, and what is computed from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Nodes.
    pub nodes: usize,
    /// Each node a cell: every attribute is read through a table of its values.
    pub individual: u64,
    /// Each combination of attributes a cell; `None` if there are too many, or nothing to count.
    pub counted: Option<Counting>,
    /// Whether pods with names of their own can be on the nodes: told apart, these would differ in nothing but who is where.
    pub named: bool,
}

/// The counted representation of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counting {
    /// Combinations of attributes.
    pub combinations: usize,
    /// Estimated size in bits.
    pub size: u64,
}

impl Estimate {
    fn of(nodes: usize, layout: &Layout, templates: &[Template], combinations: Option<usize>) -> Self {
        let is_named = |it: &Attribute| matches!(it, Attribute::Pods(TemplateId(template), _) if templates[*template].ordinal.is_some());
        let values: u64 = layout.max.iter().map(|&max| max.unsigned_abs() + 1).sum();
        let bits = u64::from(usize::BITS - nodes.leading_zeros());
        let size = |combinations: usize| Counting { combinations, size: combinations as u64 * bits };
        Estimate {
            nodes,
            individual: COST_OF_VARIABLES * nodes as u64 * values,
            counted: combinations.map(size),
            named: layout.attributes.iter().any(is_named),
        }
    }

    /// Whether counting is estimated to be smaller, or to have far fewer states.
    pub fn prefers_counting(&self) -> bool {
        self.counted.is_some() && self.named && self.nodes >= MANY_NODES
            || self.counted.is_some_and(|counted| counted.size <= self.individual)
    }
}

/// How the nodes of one class are represented.
#[derive(Clone, Debug)]
pub enum Representation {
    /// Variables by member, then by attribute.
    Individual(Vec<Vec<IntVar>>),
    /// Multiplicity of each combination of attributes.
    Counted {
        /// The combinations.
        keys: Vec<Vec<i64>>,
        /// Position of each.
        index: HashMap<Vec<i64>, usize>,
        /// Multiplicity of each.
        multiplicity: Vec<IntVar>,
    },
}

/// All cells of a cluster.
#[derive(Clone, Debug)]
pub struct Cells {
    layouts: Vec<Layout>,
    representations: Vec<Representation>,
    estimates: Vec<Estimate>,
    sizes: Vec<i64>,
    /// Sums over all cells that every change keeps up to date.
    pub totals: Totals,
}

/// Nodes of one class that are in one state.
#[derive(Clone)]
pub struct Cell<'c> {
    /// Position of the class.
    pub class: usize,
    /// Position within the class: of the node (individual) or of the combination (counted).
    pub slot: usize,
    /// Number of nodes.
    pub multiplicity: Int<'c>,
    /// Whether there is such a node.
    pub exists: Bool<'c>,
    /// Its attributes, as the class's layout orders them.
    pub attributes: Vec<Int<'c>>,
}

impl Cells {
    /// Declares the state variables. `initial` gives the values that each member's attributes may start
    /// with; which of them go together is up to [`super::start`]. Classes whose size is open are counted if they can be.
    pub fn declare(
        builder: &Builder<'_>,
        classes: &[NodeClass],
        layouts: Vec<Layout>,
        templates: &[Template],
        initial: &dyn Fn(usize, usize) -> Vec<Range>,
        size: &OpenSize<'_>,
    ) -> Cells {
        let (mut representations, mut estimates) = (Vec::new(), Vec::new());
        for (class, (node_class, layout)) in classes.iter().zip(&layouts).enumerate() {
            let start: Vec<Vec<Range>> = (0..node_class.members.len()).map(|member| initial(class, member)).collect();
            let keys = combinations(node_class, layout, templates, &start);
            let estimate = Estimate::of(start.len(), layout, templates, keys.as_ref().map(Vec::len));
            let is_open = size.present(node_class.members.iter().copied()).len() > 1;
            let keys = keys.filter(|_| is_open || estimate.prefers_counting());
            if is_open && (keys.is_none() || start.iter().flatten().any(|range| fixed(range).is_none())) {
                size.depends(format!("nodes like {} cannot be counted", node_class.names[0]));
            }
            estimates.push(estimate);
            representations.push(match keys {
                Some(keys) => counted(builder, node_class, layout, templates, keys, &start, size),
                None => individual(builder, node_class, layout, templates, &start),
            });
        }
        let sizes = classes.iter().map(|class| class.members.len() as i64).collect();
        Cells { layouts, representations, estimates, sizes, totals: Totals::default() }
    }

    /// The layout of a class.
    pub fn layout(&self, class: usize) -> &Layout {
        &self.layouts[class]
    }

    /// The representation of a class.
    pub fn representation(&self, class: usize) -> &Representation {
        &self.representations[class]
    }

    /// The estimates by which a class's representation was chosen.
    pub fn estimate(&self, class: usize) -> Estimate {
        self.estimates[class]
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.representations.len()
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.representations.iter().map(Representation::len).sum()
    }

    /// Whether there are no cells.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All cells in a state, class by class.
    pub fn all<'c>(&self, ctx: &'c Ctx, state: &State<'c>) -> Vec<Cell<'c>> {
        (0..self.representations.len()).flat_map(|class| self.of_class(ctx, state, class)).collect()
    }

    fn of_class<'c>(&self, ctx: &'c Ctx, state: &State<'c>, class: usize) -> Vec<Cell<'c>> {
        match &self.representations[class] {
            Representation::Individual(nodes) => {
                let cell = |(slot, vars): (usize, &Vec<IntVar>)| Cell {
                    class,
                    slot,
                    multiplicity: ctx.int(1),
                    exists: ctx.bool(true),
                    attributes: vars.iter().map(|&var| state.get(var)).collect(),
                };
                nodes.iter().enumerate().map(cell).collect()
            }
            Representation::Counted { keys, multiplicity, .. } => {
                let cell = |(slot, (key, &var)): (usize, (&Vec<i64>, &IntVar))| Cell {
                    class,
                    slot,
                    multiplicity: state.get(var),
                    exists: state.get(var).ge(1),
                    attributes: key.iter().map(|&value| ctx.int(value)).collect(),
                };
                keys.iter().zip(multiplicity).enumerate().map(cell).collect()
            }
        }
    }

    /// An attribute of a cell; 0 where its class does not have it.
    pub fn get<'c>(&self, ctx: &'c Ctx, cell: &Cell<'c>, attribute: Attribute) -> Int<'c> {
        match self.layouts[cell.class].position(attribute) {
            Some(position) => cell.attributes[position],
            None => ctx.int(0),
        }
    }

    /// Gives every node new attributes: `change` tells those of each cell's nodes.
    pub fn rewrite_all<'c>(&self, ctx: &'c Ctx, state: &mut State<'c>, change: impl Fn(&Cell<'c>) -> Vec<Int<'c>>) {
        let moves = self.all(ctx, state).into_iter().map(|cell| {
            let target = change(&cell);
            Move { amount: cell.multiplicity, chosen: ctx.bool(true), cell, target }
        });
        self.apply(ctx, state, moves.collect());
    }

    /// Gives one node of the chosen cell new attributes. `chosen` has one entry per cell, at most one of them true,
    /// and that one's cell exists.
    pub fn rewrite_one<'c>(
        &self,
        ctx: &'c Ctx,
        state: &mut State<'c>,
        chosen: &[Bool<'c>],
        change: impl Fn(&Cell<'c>) -> Vec<Int<'c>>,
    ) {
        let cells = self.all(ctx, state).into_iter().zip(chosen);
        let moves = cells.filter(|(_, chosen)| chosen.constant() != Some(false)).map(|(cell, &chosen)| Move {
            amount: chosen.to_int(),
            chosen,
            target: change(&cell),
            cell,
        });
        self.apply(ctx, state, moves.collect());
    }

    fn apply<'c>(&self, ctx: &'c Ctx, state: &mut State<'c>, moves: Vec<Move<'c>>) {
        let changes: Vec<Change<'_, 'c>> = moves.iter().map(Move::change).collect();
        self.totals.update(ctx, state, &self.layouts, &changes);
        let mut gains: BTreeMap<(usize, usize), Vec<Int<'c>>> = BTreeMap::new();
        for step in moves {
            match &self.representations[step.cell.class] {
                Representation::Individual(nodes) => {
                    for (&var, (&before, &after)) in
                        nodes[step.cell.slot].iter().zip(step.cell.attributes.iter().zip(&step.target))
                    {
                        if before.id() != after.id() {
                            state.set(var, step.chosen.ite(after, before));
                        }
                    }
                }
                Representation::Counted { keys, index, .. } => {
                    for (slot, when) in targets(ctx, keys, index, &self.layouts[step.cell.class], &step) {
                        if slot != step.cell.slot {
                            let moved = when.ite(step.amount, 0);
                            gains.entry((step.cell.class, slot)).or_default().push(moved);
                            let lost = gains.entry((step.cell.class, step.cell.slot)).or_default();
                            lost.push(ctx.int(0) - moved);
                        }
                    }
                }
            }
        }
        for ((class, slot), amounts) in gains {
            if let Representation::Counted { multiplicity, .. } = &self.representations[class] {
                let var = multiplicity[slot];
                // Losses never exceed what is there and gains never exceed the class: clamping only tightens ranges.
                let value = (state.get(var) + ctx.sum(amounts)).clamp(0, self.sizes[class]);
                state.set(var, value);
            }
        }
    }
}

impl Representation {
    /// Number of cells.
    pub fn len(&self) -> usize {
        match self {
            Representation::Individual(nodes) => nodes.len(),
            Representation::Counted { keys, .. } => keys.len(),
        }
    }

    /// Whether there are no cells.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The state variables behind the cells.
    pub fn variables(&self) -> impl Iterator<Item = IntVar> + '_ {
        let (nodes, multiplicity) = match self {
            Representation::Individual(nodes) => (nodes.as_slice(), &[][..]),
            Representation::Counted { multiplicity, .. } => (&[][..], multiplicity.as_slice()),
        };
        nodes.iter().flatten().chain(multiplicity).copied()
    }
}

/// Nodes of one cell that change state.
struct Move<'c> {
    cell: Cell<'c>,
    amount: Int<'c>,
    chosen: Bool<'c>,
    target: Vec<Int<'c>>,
}

impl<'c> Move<'c> {
    fn change(&self) -> Change<'_, 'c> {
        let Move { cell, amount, chosen, target } = self;
        Change { class: cell.class, before: &cell.attributes, after: target, amount: *amount, chosen: *chosen }
    }
}

/// The combinations that a move may end in, with the condition for each.
fn targets<'c>(
    ctx: &'c Ctx,
    keys: &[Vec<i64>],
    index: &HashMap<Vec<i64>, usize>,
    layout: &Layout,
    step: &Move<'c>,
) -> Vec<(usize, Bool<'c>)> {
    let constants: Option<Vec<i64>> = step.target.iter().map(|value| value.constant()).collect();
    if let Some(constants) = constants {
        let clamped = constants.iter().zip(&layout.max).map(|(&value, &max)| value.clamp(0, max)).collect::<Vec<_>>();
        let slot = index.get(&clamped);
        debug_assert!(slot.is_some(), "no combination {clamped:?}");
        return slot.map(|&slot| (slot, ctx.bool(true))).into_iter().collect();
    }
    let matches = |key: &Vec<i64>| ctx.all(key.iter().zip(&step.target).map(|(&value, target)| target.eq(value)));
    let possible = keys.iter().enumerate().map(|(slot, key)| (slot, matches(key)));
    possible.filter(|(_, when)| when.constant() != Some(false)).collect()
}

fn individual(
    builder: &Builder<'_>,
    class: &NodeClass,
    layout: &Layout,
    templates: &[Template],
    start: &[Vec<Range>],
) -> Representation {
    let node = |(name, start): (&String, &Vec<Range>)| {
        let vars = layout.attributes.iter().zip(&layout.max).zip(start).map(|((attribute, &max), range)| {
            let label = format!("{name}: {}", describe(attribute, templates));
            builder.int(label, 0, max.max(range.hi), fixed(range))
        });
        vars.collect()
    };
    Representation::Individual(class.names.iter().zip(start).map(node).collect())
}

fn counted(
    builder: &Builder<'_>,
    class: &NodeClass,
    layout: &Layout,
    templates: &[Template],
    keys: Vec<Vec<i64>>,
    start: &[Vec<Range>],
    size: &OpenSize<'_>,
) -> Representation {
    let most = class.members.len() as i64;
    let is_free = start.iter().flatten().any(|range| fixed(range).is_none());
    let variable = |key: &Vec<i64>| {
        let agrees = |member: &Vec<Range>| member.iter().zip(key).all(|(range, &value)| range.contains(value));
        let agreeing = class.members.iter().zip(start).filter(|(_, start)| agrees(start));
        let present = size.present(agreeing.map(|(&node, _)| node));
        let name = format!("nodes like {} with {}", class.names[0], label(layout, templates, key));
        let start = if is_free && present != [0] { &[] } else { present.as_slice() };
        size.int(builder, name, (0, most), start)
    };
    let multiplicity = keys.iter().map(variable).collect();
    let index = keys.iter().cloned().enumerate().map(|(slot, key)| (key, slot)).collect();
    Representation::Counted { keys, index, multiplicity }
}

/// The one value of a range, if it has only one.
pub fn fixed(range: &Range) -> Option<i64> {
    (range.lo == range.hi).then_some(range.lo)
}

/// A combination in words, such as `2 web, cordoned`.
pub fn label(layout: &Layout, templates: &[Template], key: &[i64]) -> String {
    let parts: Vec<String> = layout
        .attributes
        .iter()
        .zip(key)
        .filter(|&(_, &value)| value > 0)
        .map(|(attribute, &value)| match attribute {
            Attribute::Presence => Presence::NAMES[value as usize].to_owned(),
            Attribute::Pods(..) | Attribute::Nominated(_) | Attribute::Assumed(_) | Attribute::Waiting(_) => {
                format!("{value} {}", describe(attribute, templates))
            }
            _ => describe(attribute, templates),
        })
        .collect();
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
}

fn describe(attribute: &Attribute, templates: &[Template]) -> String {
    match *attribute {
        Attribute::Pods(TemplateId(template), Phase::Running) => templates[template].name.clone(),
        Attribute::Pods(TemplateId(template), Phase::Starting) => format!("{} starting", templates[template].name),
        Attribute::Pods(TemplateId(template), Phase::Unready) => format!("{} not ready", templates[template].name),
        Attribute::Pods(TemplateId(template), Phase::Terminating) => {
            format!("{} terminating", templates[template].name)
        }
        Attribute::Cordoned => "cordoned".to_owned(),
        Attribute::Down => "down".to_owned(),
        Attribute::Gone => "deleted".to_owned(),
        Attribute::Maintenance => "maintenance".to_owned(),
        Attribute::Presence => "presence".to_owned(),
        Attribute::Nominated(TemplateId(template)) => format!("{} nominated", templates[template].name),
        Attribute::Assumed(TemplateId(template)) => format!("{} assumed", templates[template].name),
        Attribute::Waiting(TemplateId(template)) => format!("{} waiting", templates[template].name),
    }
}
