//! Terms as Z3 expressions: the words of [`crate::engine::words`].

use z3::ast::{BV, Bool};

use crate::engine::format::Format;
use crate::engine::words::{self, Arithmetic, Words};
use crate::term::{Arena, Sort, VarId};

/// Translates the terms of one growing arena, each once.
pub type Translator = words::Translator<Expressions>;

/// Z3's expressions, in the context of this thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expressions;

impl Words for Expressions {
    type Truth = Bool;
    type Number = BV;

    fn truth(&mut self, value: bool) -> Bool {
        Bool::from_bool(value)
    }

    fn constant(&mut self, value: i64, width: u32) -> BV {
        BV::from_i64(value, width)
    }

    fn boolean(&mut self, _: &Arena, var: VarId) -> Bool {
        truth_of(var)
    }

    fn word(&mut self, _: &Arena, var: VarId, width: u32) -> BV {
        word_of(var, width)
    }

    fn not(&mut self, a: &Bool) -> Bool {
        a.not()
    }

    fn and(&mut self, a: &Bool, b: &Bool) -> Bool {
        Bool::and(&[a, b])
    }

    fn or(&mut self, a: &Bool, b: &Bool) -> Bool {
        Bool::or(&[a, b])
    }

    fn choose(&mut self, c: &Bool, t: &Bool, e: &Bool) -> Bool {
        c.ite(t, e)
    }

    fn select(&mut self, c: &Bool, t: &BV, e: &BV) -> BV {
        c.ite(t, e)
    }

    fn equal(&mut self, a: &BV, b: &BV) -> Bool {
        a.eq(b)
    }

    fn at_most(&mut self, a: &BV, b: &BV, signed: bool) -> Bool {
        if signed { a.bvsle(b) } else { a.bvule(b) }
    }

    fn arithmetic(&mut self, operator: Arithmetic, a: &BV, b: &BV) -> BV {
        match operator {
            Arithmetic::Add => a.bvadd(b),
            Arithmetic::Sub => a.bvsub(b),
            Arithmetic::Mul => a.bvmul(b),
            Arithmetic::Div => a.bvudiv(b),
        }
    }

    fn cut(&mut self, a: &BV, width: u32) -> BV {
        a.extract(width - 1, 0)
    }

    fn extend(&mut self, a: &BV, more: u32, signed: bool) -> BV {
        if signed { a.sign_ext(more) } else { a.zero_ext(more) }
    }

    fn bit(&mut self, a: &BV, bit: u32) -> Bool {
        a.extract(bit, bit).eq(BV::from_i64(1, 1))
    }
}

fn truth_of(var: VarId) -> Bool {
    Bool::new_const(format!("b{}", var.index()))
}

fn word_of(var: VarId, width: u32) -> BV {
    BV::new_const(format!("v{}", var.index()), width)
}

impl Translator {
    /// Values of translated variables in a model.
    pub fn read_model(&self, arena: &Arena, model: &z3::Model) -> Vec<(VarId, i64)> {
        let read = |&var: &VarId| Some((var, read(arena, model, var)?));
        self.variables().iter().filter_map(read).collect()
    }
}

fn read(arena: &Arena, model: &z3::Model, var: VarId) -> Option<i64> {
    match arena.variable(var).sort {
        Sort::Bool => Some(model.eval(&truth_of(var), true)?.as_bool()? as i64),
        Sort::Int(range) => {
            let format = Format::of(range);
            let raw = model.eval(&word_of(var, format.width), true)?.as_u64()? as i64;
            let shift = 64 - format.width;
            Some(if format.signed { raw << shift >> shift } else { raw })
        }
    }
}
