//! Random terms and small systems from bytes, so that failures shrink.

use kubound::system::{
    ActionDraft, ActionKind, BoolVar, Builder, Checkpoint, IntVar, Interleaving, MarkSet, PropertyKind, System,
};
use kubound::term::{Bool, Ctx, Int};

/// A source of choices; zeros when the bytes are used up.
pub struct Bytes<'a>(std::slice::Iter<'a, u8>);

#[allow(dead_code, reason = "no test uses all of it")]
impl<'a> Bytes<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Bytes(bytes.iter())
    }

    pub fn next(&mut self) -> u8 {
        self.0.next().copied().unwrap_or(0)
    }

    pub fn below(&mut self, count: usize) -> usize {
        self.next() as usize % count.max(1)
    }

    pub fn range(&mut self) -> (i64, i64) {
        let lo = [0, 0, -3, 2, -20, 5][self.below(6)];
        (lo, lo + [1, 3, 4, 7, 30, 0][self.below(6)])
    }
}

/// Terms to build from.
#[derive(Default, Clone)]
pub struct Scope<'c> {
    pub ints: Vec<Int<'c>>,
    pub bools: Vec<Bool<'c>>,
}

impl<'c> Scope<'c> {
    pub fn int(&self, ctx: &'c Ctx, source: &mut Bytes, depth: u32) -> Int<'c> {
        let choice = source.below(if depth == 0 { 3 } else { 12 });
        let mut sub = || self.int(ctx, source, depth.saturating_sub(1));
        match choice {
            0 | 1 if !self.ints.is_empty() => self.ints[source.below(self.ints.len())],
            0..=2 => ctx.int(source.below(5) as i64 - 1),
            3 => sub() + sub(),
            4 => sub() - sub(),
            5 => sub() * (source.below(4) as i64 - 1),
            6 => sub().min(sub()),
            7 => sub().max(sub()),
            8 => {
                let table = [source.next(), source.next(), source.next()].map(|value| value as i64 % 7 - 3);
                let index = self.int(ctx, source, depth - 1).clamp(-8, 8);
                index.map(|value| table[value.rem_euclid(3) as usize] + value / 4)
            }
            9 => sub().clamp(0, 40).div(sub().clamp(1, 5)),
            10 => sub().clamp(-9, 9) * sub().clamp(-3, 4),
            _ => {
                let condition = self.bool(ctx, source, depth - 1);
                condition.ite(self.int(ctx, source, depth - 1), self.int(ctx, source, depth - 1))
            }
        }
    }

    pub fn bool(&self, ctx: &'c Ctx, source: &mut Bytes, depth: u32) -> Bool<'c> {
        let choice = source.below(if depth == 0 { 2 } else { 9 });
        let lower = depth.saturating_sub(1);
        match choice {
            0 if !self.bools.is_empty() => self.bools[source.below(self.bools.len())],
            0 | 1 => ctx.bool(!source.next().is_multiple_of(3)),
            2 => self.bool(ctx, source, lower) & self.bool(ctx, source, lower),
            3 => self.bool(ctx, source, lower) | self.bool(ctx, source, lower),
            4 => !self.bool(ctx, source, lower),
            5 | 6 => self.int(ctx, source, lower).le(self.int(ctx, source, lower)),
            7 => self.int(ctx, source, lower).eq(self.int(ctx, source, lower)),
            _ => self.bool(ctx, source, lower).ite_bool(self.bool(ctx, source, lower), self.bool(ctx, source, lower)),
        }
    }
}

struct Vars {
    ints: Vec<(IntVar, i64, i64)>,
    bools: Vec<BoolVar>,
}

fn declare(builder: &Builder<'_>, source: &mut Bytes) -> Vars {
    let mut vars = Vars { ints: Vec::new(), bools: Vec::new() };
    for index in 0..1 + source.below(3) {
        let (lo, hi) = [(0, 2), (0, 3), (-1, 2), (0, 5)][source.below(4)];
        let initial = (!source.next().is_multiple_of(6)).then(|| lo + source.below(3) as i64);
        vars.ints.push((builder.int(format!("x{index}"), lo, hi, initial), lo, hi));
    }
    for index in 0..source.below(2) {
        let initial = [Some(false), Some(true), Some(false), None][source.below(4)];
        vars.bools.push(builder.bool(format!("p{index}"), initial));
    }
    vars
}

fn scope<'c>(builder: &Builder<'c>, vars: &Vars) -> Scope<'c> {
    let state = builder.state();
    Scope {
        ints: vars.ints.iter().map(|(var, ..)| state.get(*var)).collect(),
        bools: vars.bools.iter().map(|&var| state.is(var)).collect(),
    }
}

fn action<'c>(builder: &Builder<'c>, vars: &Vars, source: &mut Bytes, index: usize) {
    let ctx = builder.ctx();
    let mut scope = scope(builder, vars);
    let kind = match source.below(4) {
        0 => ActionKind::Environment,
        1 => ActionKind::Periodic,
        _ => ActionKind::Event { rank: source.below(2) as u32 },
    };
    let (first, second) = (scope.ints[source.below(scope.ints.len())], scope.ints[source.below(scope.ints.len())]);
    let guard = match source.below(12) {
        0 => ctx.bool(true),
        1 => scope.bool(ctx, source, 3),
        2..=4 => first.lt(source.below(3) as i64),
        5..=7 => first.gt(source.below(3) as i64),
        8 => first.lt(second),
        _ => first.eq(source.below(3) as i64),
    };
    let mut inputs = Vec::new();
    for number in 0..source.below(3) {
        let (var, term) = builder.input(format!("i{index}.{number}"), 0, [1, 2, 9][source.below(3)]);
        inputs.push(var);
        scope.ints.push(term);
    }
    let choice = if inputs.is_empty() || source.below(3) > 0 { ctx.bool(true) } else { scope.bool(ctx, source, 2) };
    let mut next = builder.state();
    for _ in 0..1 + source.below(2) {
        let (var, lo, hi) = vars.ints[source.below(vars.ints.len())];
        let value = match source.below(6) {
            0 => scope.int(ctx, source, 2),
            1 => ctx.int(source.below(4) as i64),
            2 => scope.ints[source.below(scope.ints.len())],
            3 => next.get(var) - 1,
            _ => next.get(var) + 1,
        };
        next.set(var, if source.below(20) == 19 { value } else { value.clamp(lo, hi) });
    }
    if let Some(&var) = vars.bools.get(source.below(3)) {
        next.set_bool(var, scope.bool(ctx, source, 1));
    }
    let mut marks = Vec::new();
    for name in ["eviction", "load"] {
        if source.below(3) == 0 {
            marks.push((builder.mark(name), scope.bool(ctx, source, 1)));
        }
    }
    builder.action(ActionDraft::new(format!("a{index}"), kind, guard, next).choosing(inputs, choice).marked(marks));
}

/// A small system with all kinds of properties.
pub fn system(source: &mut Bytes) -> System {
    let ctx = Ctx::new();
    let unbound = {
        let builder = Builder::new(&ctx);
        let interleaving = Interleaving::ALL[source.below(4)];
        let vars = declare(&builder, source);
        if source.below(9) == 8 {
            builder.assume_initially(scope(&builder, &vars).bool(&ctx, source, 2));
        }
        let (eviction, load) = (builder.mark("eviction"), builder.mark("load"));
        for index in 0..2 + source.below(4) {
            action(&builder, &vars, source, index);
        }
        properties(&builder, &vars, source, MarkSet::of(eviction), MarkSet::of(load));
        builder.finish(interleaving)
    };
    unbound.bind(ctx)
}

fn properties(builder: &Builder<'_>, vars: &Vars, source: &mut Bytes, eviction: MarkSet, load: MarkSet) {
    let which = [1, 1, 2, 4, 8, 9, 12, 3, 15][source.below(9)];
    let condition = |source: &mut Bytes| {
        let (var, lo, hi) = vars.ints[source.below(vars.ints.len())];
        let wrong = lo + source.next() as i64 % (hi - lo + 1);
        builder.state().get(var).ne(wrong).id()
    };
    if which & 1 != 0 {
        let none_of = if source.below(2) == 0 { load } else { MarkSet::default() };
        builder.property("loop", "", PropertyKind::NoLoop { any_of: eviction, none_of });
    }
    if which & 2 != 0 {
        builder.property("settles", "", PropertyKind::Settles);
    }
    if which & 4 != 0 {
        let holds = condition(source);
        builder.property("every", "", PropertyKind::Invariant { holds, at: Checkpoint::Every });
    }
    if which & 8 != 0 {
        let holds = condition(source);
        builder.property("rest", "", PropertyKind::Invariant { holds, at: Checkpoint::Settled });
    }
}
