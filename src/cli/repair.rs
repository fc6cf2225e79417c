//! `kubound repair`.

use std::time::Duration;

use crate::check::source::texts_of;
use crate::cluster::object::scenario::Scenario;
use crate::engine::Budget;
use crate::engine::auto::Auto;
use crate::repair::{ApplyError, Objects, Repaired, Way, apply, repair};
use crate::report::{Detail, Document};

use super::CliError;
use super::args::Repair;
use super::config;
use super::interrupt;
use super::output::remark;
use super::printer::Printer;
use super::progress::Line;
use super::source;

/// How long repairs are looked for, unless somebody says.
const TIME: Duration = Duration::from_secs(120);

/// Looks for repairs, and writes one if that is asked for.
pub fn run(arguments: &Repair, detail: Detail) -> Result<u8, CliError> {
    let config = config::told(&arguments.source, detail)?;
    let arguments = &config::repair(arguments, &config);
    let asked = source::asked(&arguments.source)?;
    let [asked] = asked.as_slice() else {
        let why = "`all`, `wide`, `many` and `failures` are for `check` only; name one case";
        return Err(CliError::Usage(why.to_owned()));
    };
    refuse_apply(arguments)?;
    let adjust = |scenario: &mut Scenario| {
        scenario.bound = arguments.bound.unwrap_or(scenario.bound);
        if let Some(interleaving) = arguments.interleaving {
            scenario.interleave(interleaving);
        }
    };
    let line = Line::new(detail > Detail::Quiet);
    let budget = Budget {
        time: Some(arguments.timeout.unwrap_or(TIME)),
        memory: arguments.memory,
        stop: interrupt::flag(),
        ..Budget::bound(0)
    };
    let reading = budget.start();
    let objects = Objects::new(texts_of(asked, &reading.limit())?);
    let way = Way {
        engine: &Auto::default(),
        budget: Budget { time: reading.time_left(), ..budget },
        adjust: &adjust,
        sizes: &asked.sizes,
        ignores: &config.ignores,
        progress: &line,
    };
    let repaired = repair(asked.name.short(), &objects, &way)?;
    line.end();
    Printer::open(&arguments.rendering, detail)?.finish(&Document::Repaired(&repaired))?;
    write(arguments, &repaired, detail)?;
    Ok(repaired.exit_code())
}

/// What is no file cannot be written: that is said before anything is searched.
fn refuse_apply(arguments: &Repair) -> Result<(), CliError> {
    let (Some(number), source) = (arguments.apply, &arguments.source) else { return Ok(()) };
    if number == 0 {
        return Err(CliError::Usage("repairs are numbered from 1".to_owned()));
    }
    match &source.case {
        Some(case) => Err(CliError::Apply(ApplyError::NoFile(format!("--case {case}")))),
        None if source.paths.iter().any(|path| path.as_os_str() == "-") => {
            Err(CliError::Apply(ApplyError::NoFile("standard input".to_owned())))
        }
        None => Ok(()),
    }
}

/// Writes the repair that was asked for, if there is something to write.
fn write(arguments: &Repair, repaired: &Repaired, detail: Detail) -> Result<(), CliError> {
    let Some(number) = arguments.apply.filter(|_| !repaired.repairs.is_empty()) else { return Ok(()) };
    let count = repaired.repairs.len();
    let chosen = repaired.repairs.get(number - 1);
    let chosen = chosen.ok_or_else(|| CliError::Usage(format!("there is no repair {number}: there are {count}")))?;
    apply(chosen)?;
    if detail > Detail::Quiet {
        let names: Vec<&str> = chosen.files.iter().map(|(old, _)| old.name.as_str()).collect();
        remark(&format!("written: {}\n", names.join(", ")));
    }
    Ok(())
}
