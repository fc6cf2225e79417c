//! For GitHub Actions: workflow commands, which become annotations of the lines that they name.
//!
//! What is violated is an error, unless it is ignored or known: then it is a notice. What is unknown a warning, and so are errors and warnings about the input; notes about it are
//! on standard error. What holds is a plain line of the log. Escaping follows the runner (`actions/toolkit`,
//! `packages/core/src/command.ts`).

use std::fmt::Write;

use super::{Format, Needs, Writer, words};
use crate::check::{Answer, CheckResult};
use crate::cluster::object::spec::Origin;
use crate::input::{Diagnostic, Severity};
use crate::report::document::{Check, Checked};

/// Workflow commands.
pub static FORMAT: Format = Format {
    name: "github",
    help: "For GitHub Actions: annotations of the manifests",
    suffixes: &[],
    needs: Needs::Sites,
    writer: Writer::Checks(check),
};

/// Standard input, which annotations cannot point at.
const STANDARD_INPUT: &str = "-";

fn check(check: &Check<'_>) -> String {
    let diagnostics = check.diagnostics.iter().flatten().filter_map(|it| diagnostic(it));
    let compared = check.baseline.into_iter().flat_map(words::compared).map(|it| format!("- {it}\n"));
    diagnostics.chain(check.inputs.iter().flat_map(input)).chain(compared).collect()
}

fn diagnostic(diagnostic: &Diagnostic) -> Option<String> {
    let name = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => return None,
    };
    let help = diagnostic.help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
    Some(command(name, Some(&diagnostic.origin), "input", &(diagnostic.message.clone() + &help)))
}

fn input(checked: &Checked<'_>) -> impl Iterator<Item = String> {
    let skipped = checked.skipped.iter().map(move |name| format!("- {name}: {}\n", words::not_checked(checked)));
    checked.results.iter().map(move |it| result(checked, it)).chain(skipped)
}

fn result(checked: &Checked<'_>, result: &CheckResult) -> String {
    let title = format!("{}{}", result.property, words::about(result));
    let verdict = words::verdict(result);
    match &result.answer {
        Answer::Holds(_) => format!("✓ {title}: {verdict}\n"),
        Answer::Unknown { .. } => command("warning", None, &title, &verdict),
        Answer::Violated(found) => {
            let origin = checked.sites_of(result).first().and_then(|site| site.origin.as_ref());
            let why = words::why(found);
            let lines = [Some(verdict), words::reason(result), Some(why).filter(|why| !why.is_empty())];
            let message: Vec<String> = lines.into_iter().flatten().collect();
            let name = if result.counts() { "error" } else { "notice" };
            command(name, origin, &title, &message.join("\n"))
        }
    }
}

/// `::error file=web.yaml,line=3,col=1,title=…::…`
fn command(name: &str, origin: Option<&Origin>, title: &str, message: &str) -> String {
    let mut line = format!("::{name} ");
    if let Some(Origin { file, line: number, column }) = origin.filter(|it| !["", STANDARD_INPUT].contains(&&*it.file))
    {
        // Writing to a String cannot fail.
        let _ = write!(line, "file={},", property(file));
        if *number > 0 {
            let _ = write!(line, "line={number},col={column},");
        }
    }
    let _ = writeln!(line, "title={}::{}", property(title), data(message));
    line
}

/// What may stand in a message.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What may stand in a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_command_but_its_end() {
        let origin = Origin { file: "a,b:c%.yaml\n".into(), line: 3, column: 5 };
        let written = command("error", Some(&origin), "t::x,", "100 %\r\n::warning::no");
        assert_eq!(
            written,
            "::error file=a%2Cb%3Ac%25.yaml%0A,line=3,col=5,title=t%3A%3Ax%2C::100 %25%0D%0A::warning::no\n"
        );
    }

    #[test]
    fn standard_input_is_no_file() {
        let origin = Origin { file: "-".into(), line: 3, column: 5 };
        assert_eq!(command("warning", Some(&origin), "t", "m"), "::warning title=t::m\n");
    }
}
