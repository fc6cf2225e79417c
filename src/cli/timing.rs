//! `kubound timing`.

use crate::engine::Budget;
use crate::input::{self, Diagnostics, timing};
use crate::report::Detail;

use super::CliError;
use super::args::Timing;
use super::extras::write_new;
use super::output::remark;

/// Writes what a dump says of time. An existing file is left alone.
pub fn run(arguments: &Timing, detail: Detail) -> Result<u8, CliError> {
    let mut sink = Diagnostics::default();
    let sources = input::sources(&arguments.paths, None, &Budget::bound(0).start().limit(), &mut sink);
    let text = timing::propose(&sources, &mut sink);
    if sink.has_errors() {
        return Err(CliError::Input(sink));
    }
    if detail > Detail::Quiet {
        remark(&sink.to_string());
    }
    write_new(arguments.output.as_deref(), &text)?;
    Ok(0)
}
