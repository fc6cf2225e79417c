//! Arguments of `watch`: those of `check`, without what makes no sense again and again.

use clap::Args;

use crate::cli::CliError;

use super::Check;

/// Options of `watch`.
#[derive(Clone, Debug, Args)]
#[command(mut_arg("case", |it| it.hide(true)), mut_arg("scale", |it| it.hide(true)), mut_arg("fixed", |it| it.hide(true)))]
#[command(mut_arg("paths", |it| it.help("Files and directories (searched recursively)")))]
#[command(mut_arg("save_trace", |it| it.hide(true)))]
pub struct Watch {
    /// How to check.
    #[command(flatten)]
    pub check: Check,
}

impl Watch {
    /// Refuses what makes no sense here.
    pub fn fits(&self) -> Result<(), CliError> {
        let problem = if self.check.source.case.is_some() {
            "cases do not change: `kubound watch` takes files and directories"
        } else if self.check.source.paths.iter().any(|path| path.as_os_str() == "-") {
            "standard input is read once: `kubound watch` takes files and directories"
        } else if self.check.save_trace.is_some() {
            "--save-trace keeps one answer, and `kubound watch` gives many: use it with `kubound check`"
        } else if matches!(self.check.certify, Some(Some(_))) {
            "--certify=DIR keeps the proofs of one answer, and `kubound watch` gives many: use --certify alone"
        } else {
            return Ok(());
        };
        Err(CliError::Usage(problem.to_owned()))
    }
}
