//! From options to an engine.

use crate::check::InputName;
use crate::engine::Engine;
use crate::engine::auto::Auto;
use crate::engine::explicit::Explicit;
use crate::engine::sat::{Sat, SolverName};
use crate::engine::smt::Smt;
use crate::engine::unroll::Limits;

use super::CliError;
use super::args::{Check, EngineName, SatSolverName};

/// The engine that the options ask for, if they go together. Proofs of different cases go into different directories.
pub fn chosen(arguments: &Check, input: &InputName) -> Result<Box<dyn Engine>, CliError> {
    let mut sat = sat(arguments)?;
    if let (Some(directory), InputName::Case { case, .. }) = (&mut sat.keep_proofs, input) {
        directory.push(case);
    }
    Ok(match arguments.engine.unwrap_or_default() {
        EngineName::Explicit | EngineName::Smt if sat.certify => {
            let why = "--certify is about proofs of the SAT engine: use --engine sat";
            return Err(CliError::Usage(why.to_owned()));
        }
        // Explicit search has no proof to show.
        EngineName::Auto if sat.certify => Box::new(sat),
        EngineName::Auto => Box::new(Auto { sat }),
        EngineName::Explicit => Box::new(Explicit),
        EngineName::Smt => Box::new(Smt { limits: limits(arguments) }),
        EngineName::Sat => Box::new(sat),
    })
}

fn limits(arguments: &Check) -> Limits {
    Limits { splits: arguments.splits, ..Limits::default() }
}

fn sat(arguments: &Check) -> Result<Sat, CliError> {
    let solver = match arguments.sat_solver {
        SatSolverName::Varisat => SolverName::Varisat,
        SatSolverName::Cadical => SolverName::Cadical,
    };
    if !solver.is_built_in() {
        let why = "this program was built without CaDiCaL: build it with `cargo build --release --features cadical` \
                   (needs a C++ compiler), or use --sat-solver varisat";
        return Err(CliError::Usage(why.to_owned()));
    }
    let certify = arguments.certify.is_some();
    if certify && !solver.writes_proofs() {
        let why = "--certify needs --sat-solver varisat: proofs of CaDiCaL are not supported";
        return Err(CliError::Usage(why.to_owned()));
    }
    Ok(Sat { solver, certify, keep_proofs: arguments.certify.clone().flatten(), limits: limits(arguments) })
}
