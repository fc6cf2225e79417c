//! Questions as scripts in SMT-LIB 2, over bit-vectors without quantifiers.
//!
//! Every part of a term that is no constant has a symbol that equals it, so that what is shared is written once; the parts that
//! people ask for have names that say what they are.

use std::fmt::Write;
use std::rc::Rc;

use crate::engine::Watch;
use crate::engine::words::{Arithmetic, Translator, Words};
use crate::system::System;
use crate::term::{Arena, TermId, VarId};

use super::names::{Names, comment};
use super::{ExportError, Question, go_on};

/// The script of a question about a system, with lines of comment before it. It is satisfiable exactly if the answer is yes.
///
/// # Errors
///
/// If the budget is exhausted.
pub fn write(question: &Question, system: &System, comments: &[String], watch: &Watch) -> Result<String, ExportError> {
    let arena = &question.arena;
    let mut translator = Translator::new(Script::default());
    comments.iter().for_each(|line| translator.words.text += &format!("; {}\n", comment(line)));
    translator.words.text += "(set-logic QF_BV)\n";
    for (number, &fact) in question.facts.iter().enumerate() {
        go_on(watch, number)?;
        translator.assert(arena, fact);
    }
    let mut all = Vec::new();
    for (number, violation) in question.violations.iter().enumerate() {
        go_on(watch, number)?;
        let condition = translator.condition(arena, violation.condition);
        let property = &system.property(violation.property);
        let name = format!("violated@{}.{property}", violation.depth);
        all.push(translator.words.named(&name, "Bool", &condition));
    }
    translator.ranges();
    let any = match all.as_slice() {
        [] => "false".to_owned(),
        [only] => only.to_string(),
        several => format!("(or {})", several.join(" ")),
    };
    let _ = writeln!(translator.words.text, "(assert {any})\n(check-sat)\n(exit)");
    Ok(translator.words.text)
}

impl Translator<Script> {
    fn assert(&mut self, arena: &Arena, fact: TermId) {
        let fact = self.condition(arena, fact);
        let _ = writeln!(self.words.text, "(assert {fact})");
    }

    /// Keeps variables within their ranges.
    fn ranges(&mut self) {
        for constraint in self.take_constraints() {
            let _ = writeln!(self.words.text, "(assert {constraint})");
        }
    }
}

/// A script in the making: what a term is called, or what it is where it is short.
#[derive(Default)]
struct Script {
    text: String,
    names: Names,
    definitions: u64,
}

/// A word and its width.
type Word = (Rc<str>, u32);

impl Script {
    /// Defines a part under a number.
    fn define(&mut self, sort: &str, body: &str) -> Rc<str> {
        self.definitions += 1;
        let name = format!("t{}", self.definitions);
        self.equate(name, sort, body)
    }

    /// Defines a part under a name.
    fn named(&mut self, name: &str, sort: &str, body: &str) -> Rc<str> {
        let name = format!("|{}|", self.names.unique(name));
        self.equate(name, sort, body)
    }

    /// A constant that equals a part. Solvers expand defined functions wherever they are used, which takes the sharing away.
    fn equate(&mut self, name: String, sort: &str, body: &str) -> Rc<str> {
        let _ = writeln!(self.text, "(declare-fun {name} () {sort})\n(assert (= {name} {body}))");
        name.into()
    }

    fn truth_of(&mut self, body: &str) -> Rc<str> {
        self.define("Bool", body)
    }

    fn word_of(&mut self, body: &str, width: u32) -> Word {
        (self.define(&vector(width), body), width)
    }

    fn declare(&mut self, arena: &Arena, var: VarId, sort: &str) -> Rc<str> {
        let name = format!("|{}|", self.names.unique(&arena.variable(var).name));
        let _ = writeln!(self.text, "(declare-fun {name} () {sort})");
        name.into()
    }
}

fn vector(width: u32) -> String {
    format!("(_ BitVec {width})")
}

impl Words for Script {
    type Truth = Rc<str>;
    type Number = Word;

    fn truth(&mut self, value: bool) -> Rc<str> {
        if value { "true".into() } else { "false".into() }
    }

    fn constant(&mut self, value: i64, width: u32) -> Word {
        let bits: String = (0..width).rev().map(|bit| if value >> bit.min(63) & 1 == 1 { '1' } else { '0' }).collect();
        (format!("#b{bits}").into(), width)
    }

    fn boolean(&mut self, arena: &Arena, var: VarId) -> Rc<str> {
        self.declare(arena, var, "Bool")
    }

    fn word(&mut self, arena: &Arena, var: VarId, width: u32) -> Word {
        (self.declare(arena, var, &vector(width)), width)
    }

    fn not(&mut self, a: &Rc<str>) -> Rc<str> {
        self.truth_of(&format!("(not {a})"))
    }

    fn and(&mut self, a: &Rc<str>, b: &Rc<str>) -> Rc<str> {
        self.truth_of(&format!("(and {a} {b})"))
    }

    fn or(&mut self, a: &Rc<str>, b: &Rc<str>) -> Rc<str> {
        self.truth_of(&format!("(or {a} {b})"))
    }

    fn choose(&mut self, c: &Rc<str>, t: &Rc<str>, e: &Rc<str>) -> Rc<str> {
        self.truth_of(&format!("(ite {c} {t} {e})"))
    }

    fn select(&mut self, c: &Rc<str>, t: &Word, e: &Word) -> Word {
        self.word_of(&format!("(ite {c} {} {})", t.0, e.0), t.1)
    }

    fn equal(&mut self, a: &Word, b: &Word) -> Rc<str> {
        self.truth_of(&format!("(= {} {})", a.0, b.0))
    }

    fn at_most(&mut self, a: &Word, b: &Word, signed: bool) -> Rc<str> {
        let name = if signed { "bvsle" } else { "bvule" };
        self.truth_of(&format!("({name} {} {})", a.0, b.0))
    }

    fn arithmetic(&mut self, operator: Arithmetic, a: &Word, b: &Word) -> Word {
        let name = match operator {
            Arithmetic::Add => "bvadd",
            Arithmetic::Sub => "bvsub",
            Arithmetic::Mul => "bvmul",
            Arithmetic::Div => "bvudiv",
        };
        self.word_of(&format!("({name} {} {})", a.0, b.0), a.1)
    }

    fn cut(&mut self, a: &Word, width: u32) -> Word {
        self.word_of(&format!("((_ extract {} 0) {})", width - 1, a.0), width)
    }

    fn extend(&mut self, a: &Word, more: u32, signed: bool) -> Word {
        let name = if signed { "sign_extend" } else { "zero_extend" };
        self.word_of(&format!("((_ {name} {more}) {})", a.0), a.1 + more)
    }

    fn bit(&mut self, a: &Word, bit: u32) -> Rc<str> {
        self.truth_of(&format!("(= ((_ extract {bit} {bit}) {}) #b1)", a.0))
    }
}
