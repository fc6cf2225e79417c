//! Options of `kubound export`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};

use crate::check::Form;
use crate::cli::{CliError, values};
use crate::engine::export::aiger::Coding;
use crate::property::NAMES;
use crate::system::Interleaving;

use super::Source;

/// Formats of other programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormName {
    /// The bounded question as an SMT-LIB script.
    Smt2,
    /// The transition system on words.
    Btor2,
    /// The transition system as an and-inverter graph; binary in files that end in .aig.
    Aiger,
    /// The bounded question as clauses.
    Dimacs,
}

impl FormName {
    /// The format of a file, by its suffix.
    fn of_file(path: &Path) -> Option<FormName> {
        match path.extension()?.to_str()? {
            "smt2" => Some(FormName::Smt2),
            "btor2" | "btor" => Some(FormName::Btor2),
            "aag" | "aig" => Some(FormName::Aiger),
            "cnf" | "dimacs" => Some(FormName::Dimacs),
            _ => None,
        }
    }
}

/// Options of `export`.
#[derive(Clone, Debug, Args)]
pub struct Export {
    /// The input.
    #[command(flatten)]
    pub source: Source,
    /// The property.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(NAMES))]
    pub property: String,
    /// The format; by default that of FILE's suffix: .smt2, .btor2, .aag, .aig or .cnf.
    #[arg(long, value_enum, value_name = "FORMAT", required_unless_present = "output")]
    pub format: Option<FormName>,
    /// Largest number of blocks (actions in async) of a run. Without it, transition systems have runs of any length, and
    /// questions the scenario's bound.
    #[arg(long, value_name = "K")]
    pub bound: Option<u32>,
    /// How event-driven actions interleave; racing, or what the scenario says, by default.
    #[arg(long, value_parser = values::interleaving())]
    pub interleaving: Option<Interleaving>,
    /// Wall-clock time, such as 30s or 5m.
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub timeout: Option<Duration>,
    /// Memory of the process, such as 500MiB or 2GiB.
    #[arg(long, value_name = "SIZE", value_parser = values::memory)]
    pub memory: Option<u64>,
    /// Write to a file instead of standard output. Without --format its suffix says how.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl Export {
    /// What is written.
    pub fn form(&self) -> Result<Form, CliError> {
        let file = self.output.as_deref().unwrap_or(Path::new(""));
        let name = self.format.or_else(|| FormName::of_file(file)).ok_or_else(|| {
            let problem = "no format has files that end like this; name it with --format, or end it in .smt2, .btor2, \
                           .aag, .aig, .cnf";
            CliError::Format(file.to_owned(), problem.to_owned())
        })?;
        let is_binary = file.extension().is_some_and(|suffix| suffix == "aig");
        Ok(match name {
            FormName::Smt2 => Form::Smt2,
            FormName::Btor2 => Form::Btor2,
            FormName::Aiger => Form::Aiger(if is_binary { Coding::Binary } else { Coding::Text }),
            FormName::Dimacs => Form::Dimacs,
        })
    }
}
