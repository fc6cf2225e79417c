//! The term language means one thing: evaluator, programs, substitution and simplification all agree with a direct
//! reading of the expression that a term was built from.

use kubound::term::{
    Arena, Compiler, Ctx, Dependents, Evaluator, Follower, Line, Program, StagedProgram, Substitution, TermId,
    Valuation, VarId,
};
use proptest::prelude::*;

const RANGES: [(i64, i64); 4] = [(0, 3), (-2, 2), (1, 4), (5, 6)];
const BOOLS: usize = 2;

/// An integer expression as written, before any simplification.
#[derive(Clone, Debug)]
enum Num {
    Const(i64),
    Var(usize),
    Add(Box<Num>, Box<Num>),
    Sub(Box<Num>, Box<Num>),
    Mul(Box<Num>, Box<Num>),
    Div(Box<Num>, Box<Num>),
    Min(Box<Num>, Box<Num>),
    Max(Box<Num>, Box<Num>),
    Ite(Box<Cond>, Box<Num>, Box<Num>),
    Map(Box<Num>, i64),
    Table(Box<Num>, Box<Num>, i64),
}

/// A Boolean expression as written.
#[derive(Clone, Debug)]
enum Cond {
    Const(bool),
    Var(usize),
    Not(Box<Cond>),
    And(Box<Cond>, Box<Cond>),
    Or(Box<Cond>, Box<Cond>),
    Iff(Box<Cond>, Box<Cond>),
    Ite(Box<Cond>, Box<Cond>, Box<Cond>),
    Eq(Box<Num>, Box<Num>),
    Le(Box<Num>, Box<Num>),
    Lt(Box<Num>, Box<Num>),
}

/// Values of the variables: integers, then Booleans.
type Values = Vec<i64>;

fn scramble(value: i64, seed: i64) -> i64 {
    (value * 7 + seed).rem_euclid(5) - 1
}

fn scramble2(a: i64, b: i64, seed: i64) -> i64 {
    scramble(a + 3 * b, seed)
}

/// Brings a value into a range for which tables stay small, in a way that terms can express.
const SMALL: (i64, i64) = (-3, 5);

impl Num {
    fn value(&self, at: &Values) -> i64 {
        let small = |x: &Num| x.value(at).clamp(SMALL.0, SMALL.1);
        match self {
            Num::Const(value) => *value,
            Num::Var(index) => at[*index],
            Num::Add(a, b) => a.value(at) + b.value(at),
            Num::Sub(a, b) => a.value(at) - b.value(at),
            Num::Mul(a, b) => small(a) * small(b),
            Num::Div(a, b) => a.value(at).max(0) / b.value(at).max(1),
            Num::Min(a, b) => a.value(at).min(b.value(at)),
            Num::Max(a, b) => a.value(at).max(b.value(at)),
            Num::Ite(c, t, e) => {
                if c.value(at) {
                    t.value(at)
                } else {
                    e.value(at)
                }
            }
            Num::Map(a, seed) => scramble(small(a), *seed),
            Num::Table(a, b, seed) => scramble2(small(a), small(b), *seed),
        }
    }
}

impl Cond {
    fn value(&self, at: &Values) -> bool {
        match self {
            Cond::Const(value) => *value,
            Cond::Var(index) => at[RANGES.len() + index] != 0,
            Cond::Not(a) => !a.value(at),
            Cond::And(a, b) => a.value(at) & b.value(at),
            Cond::Or(a, b) => a.value(at) | b.value(at),
            Cond::Iff(a, b) => a.value(at) == b.value(at),
            Cond::Ite(c, t, e) => {
                if c.value(at) {
                    t.value(at)
                } else {
                    e.value(at)
                }
            }
            Cond::Eq(a, b) => a.value(at) == b.value(at),
            Cond::Le(a, b) => a.value(at) <= b.value(at),
            Cond::Lt(a, b) => a.value(at) < b.value(at),
        }
    }
}

/// The variables of a context, as terms.
struct Variables<'c> {
    ids: Vec<VarId>,
    ints: Vec<kubound::term::Int<'c>>,
    bools: Vec<kubound::term::Bool<'c>>,
}

fn declare(ctx: &Ctx) -> Variables<'_> {
    let (mut ids, ints): (Vec<_>, Vec<_>) =
        RANGES.iter().enumerate().map(|(index, &(lo, hi))| ctx.int_var(format!("x{index}"), lo, hi)).unzip();
    let (more, bools): (Vec<_>, Vec<_>) = (0..BOOLS).map(|index| ctx.bool_var(format!("p{index}"))).unzip();
    ids.extend(more);
    Variables { ids, ints, bools }
}

fn build_num<'c>(ctx: &'c Ctx, variables: &Variables<'c>, num: &Num) -> kubound::term::Int<'c> {
    let build = |x: &Num| build_num(ctx, variables, x);
    let small = |x: &Num| build(x).clamp(SMALL.0, SMALL.1);
    match num {
        Num::Const(value) => ctx.int(*value),
        Num::Var(index) => variables.ints[*index],
        Num::Add(a, b) => build(a) + build(b),
        Num::Sub(a, b) => build(a) - build(b),
        Num::Mul(a, b) => small(a) * small(b),
        Num::Div(a, b) => build(a).max(0).div(build(b).max(1)),
        Num::Min(a, b) => build(a).min(build(b)),
        Num::Max(a, b) => build(a).max(build(b)),
        Num::Ite(c, t, e) => build_cond(ctx, variables, c).ite(build(t), build(e)),
        Num::Map(a, seed) => small(a).map(|value| scramble(value, *seed)),
        Num::Table(a, b, seed) => ctx.table(&[small(a), small(b)], |pair| scramble2(pair[0], pair[1], *seed)),
    }
}

fn build_cond<'c>(ctx: &'c Ctx, variables: &Variables<'c>, cond: &Cond) -> kubound::term::Bool<'c> {
    let build = |x: &Cond| build_cond(ctx, variables, x);
    let num = |x: &Num| build_num(ctx, variables, x);
    match cond {
        Cond::Const(value) => ctx.bool(*value),
        Cond::Var(index) => variables.bools[*index],
        Cond::Not(a) => !build(a),
        Cond::And(a, b) => build(a) & build(b),
        Cond::Or(a, b) => build(a) | build(b),
        Cond::Iff(a, b) => build(a).iff(build(b)),
        Cond::Ite(c, t, e) => build(c).ite_bool(build(t), build(e)),
        Cond::Eq(a, b) => num(a).eq(num(b)),
        Cond::Le(a, b) => num(a).le(num(b)),
        Cond::Lt(a, b) => num(a).lt(num(b)),
    }
}

/// Integers with at most `depth` operators one inside the other; conditions likewise.
fn nums(depth: u32) -> BoxedStrategy<Num> {
    let leaf = prop_oneof![(-3..=6_i64).prop_map(Num::Const), (0..RANGES.len()).prop_map(Num::Var)];
    if depth == 0 {
        return leaf.boxed();
    }
    let one = || nums(depth - 1).prop_map(Box::new);
    let two = || (one(), one());
    prop_oneof![
        2 => leaf,
        1 => two().prop_map(|(a, b)| Num::Add(a, b)),
        1 => two().prop_map(|(a, b)| Num::Sub(a, b)),
        1 => two().prop_map(|(a, b)| Num::Mul(a, b)),
        1 => two().prop_map(|(a, b)| Num::Div(a, b)),
        1 => two().prop_map(|(a, b)| Num::Min(a, b)),
        1 => two().prop_map(|(a, b)| Num::Max(a, b)),
        2 => (conds(depth - 1).prop_map(Box::new), one(), one()).prop_map(|(c, t, e)| Num::Ite(c, t, e)),
        1 => (one(), 0..5_i64).prop_map(|(a, seed)| Num::Map(a, seed)),
        1 => (one(), one(), 0..5_i64).prop_map(|(a, b, seed)| Num::Table(a, b, seed)),
    ]
    .boxed()
}

fn conds(depth: u32) -> BoxedStrategy<Cond> {
    let leaf = prop_oneof![1 => any::<bool>().prop_map(Cond::Const), 3 => (0..BOOLS).prop_map(Cond::Var)];
    if depth == 0 {
        return leaf.boxed();
    }
    let one = || conds(depth - 1).prop_map(Box::new);
    let num = || nums(depth - 1).prop_map(Box::new);
    prop_oneof![
        1 => leaf,
        1 => one().prop_map(Cond::Not),
        1 => (one(), one()).prop_map(|(a, b)| Cond::And(a, b)),
        1 => (one(), one()).prop_map(|(a, b)| Cond::Or(a, b)),
        1 => (one(), one()).prop_map(|(a, b)| Cond::Iff(a, b)),
        1 => (one(), one(), one()).prop_map(|(c, t, e)| Cond::Ite(c, t, e)),
        1 => (num(), num()).prop_map(|(a, b)| Cond::Eq(a, b)),
        1 => (num(), num()).prop_map(|(a, b)| Cond::Le(a, b)),
        1 => (num(), num()).prop_map(|(a, b)| Cond::Lt(a, b)),
    ]
    .boxed()
}

fn values() -> impl Strategy<Value = Values> {
    let ints: Vec<_> = RANGES.iter().map(|&(lo, hi)| lo..=hi).collect();
    (ints, prop::collection::vec(0..=1_i64, BOOLS)).prop_map(|(ints, bools)| [ints, bools].concat())
}

struct Built {
    arena: Arena,
    ids: Vec<VarId>,
    roots: Vec<TermId>,
}

fn build(num: &Num, cond: &Cond) -> Built {
    let ctx = Ctx::new();
    let (ids, roots) = {
        let variables = declare(&ctx);
        let roots = vec![build_num(&ctx, &variables, num).id(), build_cond(&ctx, &variables, cond).id()];
        (variables.ids, roots)
    };
    Built { arena: ctx.into_arena(), ids, roots }
}

impl Built {
    fn position(&self) -> impl Fn(VarId) -> usize + '_ {
        |var| self.ids.iter().position(|&id| id == var).expect("declared")
    }

    fn evaluated(&self, at: &Values) -> Vec<i64> {
        let mut valuation = Valuation::new();
        self.ids.iter().zip(at).for_each(|(&id, &value)| valuation.set(id, value));
        let mut evaluator = Evaluator::new(&self.arena, &valuation);
        self.roots.iter().map(|&root| evaluator.value(root)).collect()
    }

    fn run(&self, at: &Values) -> Vec<i64> {
        let program = Program::compile(&self.arena, &self.roots, &self.position());
        let mut slots = Vec::new();
        program.run(&self.arena, at, &mut slots);
        (0..self.roots.len()).map(|index| program.output(&slots, index)).collect()
    }

    /// Runs with the variables of `inputs` as inputs, after a first run on other inputs.
    fn run_staged(&self, at: &Values, inputs: &[bool], others: &Values) -> Vec<i64> {
        let is_input = |var: VarId| inputs[(self.position())(var)];
        let staged = StagedProgram::compile(&self.arena, &self.roots, &self.position(), &is_input);
        let mut slots = Vec::new();
        staged.run_state(&self.arena, at, &mut slots);
        let early: Vec<Option<i64>> =
            (0..2).map(|index| staged.is_early(index).then(|| staged.output(&slots, index))).collect();
        staged.run_inputs(&self.arena, others, &mut slots);
        staged.run_inputs(&self.arena, at, &mut slots);
        let late: Vec<i64> = (0..2).map(|index| staged.output(&slots, index)).collect();
        assert!(early.iter().zip(&late).all(|(early, late)| early.is_none_or(|early| early == *late)));
        late
    }

    /// Runs with variables that start at `at` and grow by `slopes`; roots as lines, and for how long variables keep to
    /// their ranges.
    fn run_along(&self, at: &Values, slopes: &Values) -> (Vec<Line>, u64) {
        let mut compiler = Compiler::new(&self.arena, &self.ids, &self.roots);
        let segment = compiler.segment(&self.roots, &|_| true);
        let mut lines: Vec<Line> = compiler.slots().into_iter().map(Line::constant).collect();
        let mut horizon = u64::MAX;
        for (position, &id) in self.ids.iter().enumerate() {
            let line = Line::within(at[position], slopes[position], self.arena.variable(id).sort.range());
            lines[compiler.slot(self.arena.variable(id).term)] = line;
            horizon = horizon.min(line.until);
        }
        segment.run_along(&self.arena, &mut lines);
        (self.roots.iter().map(|&root| lines[compiler.slot(root)]).collect(), horizon)
    }

    /// Constants for the variables chosen by `which`, then the evaluator for the others.
    fn substituted(&mut self, at: &Values, which: &[bool]) -> Vec<i64> {
        let mut substitution = Substitution::new();
        for (index, &id) in self.ids.iter().enumerate().filter(|&(index, _)| which[index]) {
            let sort = self.arena.variable(id).sort;
            let image = self.arena.constant(sort, at[index]);
            substitution.map(id, image);
        }
        let roots: Vec<TermId> = self.roots.iter().map(|&root| substitution.apply(&mut self.arena, root)).collect();
        if which.iter().all(|&chosen| chosen) {
            assert!(roots.iter().all(|&root| self.arena.as_constant(root).is_some()), "a ground term is a constant");
        }
        let whole = std::mem::replace(&mut self.roots, roots);
        let values = self.evaluated(at);
        self.roots = whole;
        values
    }
}

impl Built {
    /// Follows the variables from one assignment to the next; what a root was asked for before stays known.
    fn followed(&self, path: &[Values]) -> Vec<Vec<i64>> {
        let dependents = Dependents::of(&self.arena);
        let mut follower = Follower::new(&self.arena, &dependents);
        let mut at = |values: &Values| {
            self.ids.iter().zip(values).for_each(|(&id, &value)| follower.set(id, value));
            self.roots.iter().map(|&root| follower.value(root)).collect()
        };
        path.iter().map(&mut at).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn values_that_are_kept_along_a_run_are_those_that_are_found_anew(
        num in nums(4), cond in conds(4), path in prop::collection::vec(values(), 1..5),
    ) {
        let built = build(&num, &cond);
        let anew: Vec<Vec<i64>> = path.iter().map(|at| built.evaluated(at)).collect();
        prop_assert_eq!(built.followed(&path), anew);
    }

    #[test]
    fn all_readings_of_a_term_agree(
        num in nums(4),
        cond in conds(4),
        at in values(),
        others in values(),
        inputs in prop::collection::vec(any::<bool>(), RANGES.len() + BOOLS),
    ) {
        let mut built = build(&num, &cond);
        let expected = vec![num.value(&at), cond.value(&at) as i64];
        prop_assert_eq!(&built.evaluated(&at), &expected);
        prop_assert_eq!(&built.run(&at), &expected);
        prop_assert_eq!(&built.run_staged(&at, &inputs, &others), &expected);
        for (root, value) in built.roots.iter().zip(&expected) {
            prop_assert!(built.arena.range(*root).contains(*value), "{} not in {:?}", value, built.arena.range(*root));
        }
        prop_assert_eq!(&built.substituted(&at, &inputs), &expected);
        prop_assert_eq!(&built.substituted(&at, &vec![true; inputs.len()]), &expected);
    }

    #[test]
    fn along_a_line_terms_are_what_they_are_at_its_points(
        num in nums(4),
        cond in conds(4),
        at in values(),
        slopes in prop::collection::vec(prop_oneof![2 => Just(0), 1 => -2..=2_i64], RANGES.len() + BOOLS),
    ) {
        let built = build(&num, &cond);
        let (lines, horizon) = built.run_along(&at, &slopes);
        for repetition in 0..horizon.min(8) {
            let there: Values = at.iter().zip(&slopes).map(|(at, slope)| at + slope * repetition as i64).collect();
            for (line, expected) in lines.iter().zip(built.evaluated(&there)) {
                prop_assert!(line.until > 0);
                prop_assert!(repetition >= line.until || line.value(repetition) == expected, "{:?} at {}", line, repetition);
            }
        }
    }

    #[test]
    fn building_again_adds_nothing(num in nums(4), cond in conds(4)) {
        let ctx = Ctx::new();
        let variables = declare(&ctx);
        let first = (build_num(&ctx, &variables, &num).id(), build_cond(&ctx, &variables, &cond).id());
        let terms = ctx.read(Arena::len);
        prop_assert_eq!((build_num(&ctx, &variables, &num).id(), build_cond(&ctx, &variables, &cond).id()), first);
        prop_assert_eq!(ctx.read(Arena::len), terms);
        for root in [first.0, first.1] {
            prop_assert!(ctx.read(|arena| arena.node(root)).children().all(|child| child < root));
        }
    }
}

#[test]
fn segments_compute_only_what_is_new() {
    let ctx = Ctx::new();
    let (ids, sum, twice) = {
        let ((x, a), (y, b)) = (ctx.int_var("x", 0, 9), ctx.int_var("y", 0, 9));
        let sum = a + b;
        (vec![x, y], sum.id(), (sum * sum + 1).id())
    };
    let arena = ctx.into_arena();
    let mut compiler = Compiler::new(&arena, &ids, &[twice]);
    let first = compiler.segment(&[sum], &|_| true);
    let second = compiler.segment(&[twice], &|_| true);
    assert_eq!((first.len(), second.len()), (1, 2));
    let mut slots = compiler.slots();
    slots[..2].copy_from_slice(&[3, 4]);
    first.run(&arena, &mut slots);
    second.run(&arena, &mut slots);
    assert_eq!((slots[compiler.slot(sum)], slots[compiler.slot(twice)]), (7, 50));
}

/// The line of a term over `x = 0, 1, …, 1000` and `y = 1000, 999, …, 0`.
fn line(term: impl for<'c> Fn(kubound::term::Int<'c>, kubound::term::Int<'c>) -> TermId) -> (i64, i64, u64) {
    let ctx = Ctx::new();
    let (ids, root) = {
        let ((x, a), (y, b)) = (ctx.int_var("x", 0, 1000), ctx.int_var("y", 0, 1000));
        (vec![x, y], term(a, b))
    };
    let built = Built { arena: ctx.into_arena(), ids, roots: vec![root] };
    let (lines, _) = built.run_along(&vec![0, 1000], &vec![1, -1]);
    (lines[0].at, lines[0].slope, lines[0].until)
}

#[test]
fn lines_end_where_something_changes() {
    assert_eq!(line(|x, y| (x + y).id()), (1000, 0, 1001));
    assert_eq!(line(|x, y| (y - x * 3).id()), (1000, -4, 1001));
    assert_eq!(line(|x, _| x.le(41).id()), (1, 0, 42));
    assert_eq!(line(|x, y| x.lt(y).id()), (1, 0, 500));
    assert_eq!(line(|x, y| x.eq(y).id()), (0, 0, 500));
    assert_eq!(line(|x, y| x.min(y).id()), (0, 1, 501));
    assert_eq!(line(|x, y| x.le(100).ite(y, x).id()), (1000, -1, 101));
    assert_eq!(line(|x, _| x.div(x.clamp(7, 7)).id()), (0, 0, 7));
    assert_eq!(line(|x, _| x.map(|x| (x - 200).max(0)).id()), (0, 0, 201));
    // One condition that stays false is enough; a second one may change.
    assert_eq!(line(|x, y| (x.ge(600) & y.le(900)).id()), (0, 0, 600));
    assert_eq!(line(|x, y| (x * y).id()).2, 1);
}
