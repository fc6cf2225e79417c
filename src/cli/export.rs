//! `kubound export`.

use std::time::Instant;

use crate::check::{Exported, export, reason_text};
use crate::engine::{Budget, Progress};
use crate::report::Detail;

use super::args::Export;
use super::output::{Output, remark};
use super::progress::Line;
use super::{CliError, interrupt, reading, source};

/// Exit code where there was no time or memory to finish.
const UNFINISHED: u8 = 3;

/// Writes one property of an input in a format of other programs.
pub fn run(arguments: &Export, detail: Detail) -> Result<u8, CliError> {
    let form = arguments.form()?;
    let asked = source::asked(&arguments.source)?;
    let [asked] = asked.as_slice() else {
        let why = "`all`, `wide`, `many` and `failures` are for `check` only; name one case";
        return Err(CliError::Usage(why.to_owned()));
    };
    let line = Line::new(detail > Detail::Quiet);
    let (began, stop) = (Instant::now(), interrupt::flag());
    let budget = || Budget {
        time: arguments.timeout.map(|limit| limit.saturating_sub(began.elapsed())),
        memory: arguments.memory,
        stop: stop.clone(),
        ..Budget::bound(0)
    };
    line.begin(&format!("{}: reading", asked.name.short()));
    let mut input = match reading::within(asked, &budget()) {
        Err(why) => return Ok(unfinished(&format!("{} while the input was read", reason_text(&why)))),
        Ok(read) => read?,
    };
    if let Some(interleaving) = arguments.interleaving {
        input.spec.scenario.interleave(interleaving);
    }
    source::tell(&input, detail);
    line.begin(&format!("{}: {}", asked.name.short(), arguments.property));
    let exported = export(&input, &arguments.property, form, arguments.bound, &budget())?;
    line.end();
    match exported {
        Exported::Unfinished(why) => Ok(unfinished(&why)),
        Exported::File(file) => {
            let mut output = Output::open(arguments.output.as_deref())?;
            output.bytes(&file)?;
            output.close()?;
            Ok(0)
        }
    }
}

fn unfinished(why: &str) -> u8 {
    remark(&format!("nothing was written: {why}\n"));
    UNFINISHED
}
