//! What an input is about, for other programs: the transition system or the bounded question of one property.
//!
//! The system is the one that engines decide: reduced to what the property needs, all orders of events in it.

use std::time::Instant;

use crate::engine::export::aiger::{self, Coding};
use crate::engine::export::{Ending, ExportError, Machine, Question, btor2, dimacs, machine, question, smt2};
use crate::engine::{Budget, Watch};
use crate::input::visible::visible;
use crate::model::{ModelError, build_within};
use crate::reduce;
use crate::system::{Interleaving, PropertyId, System};
use crate::term::Guarded;

use super::asking::{applicable, named};
use super::source::Input;
use super::whole::contradiction;
use super::{CheckError, VerifyError, reason_text};

/// What is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// The transition system as an and-inverter graph.
    Aiger(Coding),
    /// The transition system on words.
    Btor2,
    /// The bounded question as an SMT-LIB script.
    Smt2,
    /// The bounded question as clauses.
    Dimacs,
}

/// An export, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exported {
    /// What to write.
    File(Vec<u8>),
    /// The budget does not suffice, or the system is too large; why.
    Unfinished(String),
}

/// Writes down one property of an input: the transition system, with runs of at most `bound` blocks or of any length, or the question
/// whether a run of at most `bound` blocks (by default the scenario's) breaks the property.
///
/// # Errors
///
/// If the input cannot be modelled, or the property does not apply to it.
pub fn export(
    input: &Input,
    property: &str,
    form: Form,
    bound: Option<u32>,
    budget: &Budget,
) -> Result<Exported, CheckError> {
    if input.members.is_some() {
        let why = "this input has several sizes, and an export is about one: name it with --size NAME=N, or --scale N";
        return Err(CheckError::Usage(why.to_owned()));
    }
    let (watch, limit) = (budget.start(), budget.limit(Instant::now()));
    let selection = input.selection(&[property.to_owned()]);
    let model = match build_within(&input.spec, &selection, &limit) {
        Err(ModelError::Stopped(why)) => {
            return Ok(Exported::Unfinished(format!("{} while the model was built", reason_text(&why.into()))));
        }
        built => built.map_err(VerifyError::from)?,
    };
    if !applicable(&model.system).contains(&property) {
        return Err(CheckError::Usage(format!("{property} does not apply to this input: there is nothing to export")));
    }
    contradiction(&model.system, budget)?;
    let ids = named(&model.system, property);
    let reduced = reduce::reduce_within(&model.system, &model.parts, &ids, reduce::figures, &Guarded::new(limit));
    let writing = Writing { input, property, system: &reduced.slice.system, bound, form };
    match writing.write(&watch) {
        Ok(file) => Ok(Exported::File(file)),
        Err(ExportError::Exhausted(why)) => Ok(Exported::Unfinished(reason_text(&why))),
        Err(other) => Ok(Exported::Unfinished(visible(&other.to_string()).into_owned())),
    }
}

/// One export.
struct Writing<'a> {
    input: &'a Input,
    property: &'a str,
    system: &'a System,
    bound: Option<u32>,
    form: Form,
}

impl Writing<'_> {
    fn write(&self, watch: &Watch) -> Result<Vec<u8>, ExportError> {
        let all: Vec<PropertyId> = (0..self.system.properties.len()).map(PropertyId).collect();
        let asked = self.bound.unwrap_or(self.input.spec.scenario.bound);
        Ok(match self.form {
            Form::Aiger(coding) => {
                let machine = machine(self.system, &all, self.bound, watch)?;
                aiger::write(&machine, &self.about_machine(&machine), coding, watch)?
            }
            Form::Btor2 => {
                let machine = machine(self.system, &all, self.bound, watch)?;
                btor2::write(&machine, &self.about_machine(&machine), watch)?.into_bytes()
            }
            Form::Smt2 => {
                let question = question(self.system, &all, asked, watch)?;
                smt2::write(&question, self.system, &self.about_question(&question, asked), watch)?.into_bytes()
            }
            Form::Dimacs => {
                let question = question(self.system, &all, asked, watch)?;
                dimacs::write(&question, &self.about_question(&question, asked), watch)?.into_bytes()
            }
        })
    }

    /// So many blocks, or what is counted instead.
    fn blocks(&self, count: u32) -> String {
        let unit = if self.system.interleaving == Interleaving::Async { "action" } else { "block" };
        format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
    }

    fn title(&self) -> Vec<String> {
        let (name, interleaving) = (self.input.name.short(), self.system.interleaving.name());
        let mut lines =
            vec![format!("kubound {}: {} of {name}, {interleaving}", env!("CARGO_PKG_VERSION"), self.property)];
        if !self.input.spec.absent.is_empty() {
            let absent: Vec<String> = self.input.spec.absent.iter().map(|it| visible(it).into_owned()).collect();
            lines.push(format!("without {}", absent.join(", ")));
        }
        lines
    }

    fn about_machine(&self, machine: &Machine) -> Vec<String> {
        let runs = match self.bound {
            Some(bound) => format!("runs of at most {}", self.blocks(bound)),
            None => "runs, of any length,".to_owned(),
        };
        let mut lines = self.title();
        lines.push(format!("a transition system; bad is reached exactly if one of its {runs} breaks the property"));
        lines.push(
            "a step is one action, chosen by the input `action`, or nothing where that one may not fire".to_owned(),
        );
        let name = |(number, name): (usize, &String)| format!("action {number}: {}", visible(name));
        lines.extend(machine.actions.iter().enumerate().map(name));
        lines
    }

    fn about_question(&self, question: &Question, asked: u32) -> Vec<String> {
        let mut lines = self.title();
        let asked = self.blocks(asked);
        lines.push(format!("satisfiable exactly if a run of at most {asked} breaks the property"));
        lines.push(match question.ending {
            Ending::Bound => format!("the formula is about all runs of at most {asked}"),
            Ending::Complete(depth) => {
                format!("no run goes on after {}: the formula is about all runs", self.blocks(depth))
            }
            Ending::Violated(depth) => {
                format!("a run of {} breaks it: the formula is about no longer ones", self.blocks(depth))
            }
        });
        lines
    }
}
