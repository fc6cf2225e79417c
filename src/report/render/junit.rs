//! For whatever shows test results: JUnit's XML, as the schema of Jenkins has it (`junit-10.xsd` of its xUnit plug-in).
//!
//! An input is a suite, a property of a workload a case: the property is its name, the workload its class. What is violated
//! fails with its story, what is unknown, was not looked at, is ignored or known is skipped, and an input that cannot be used is an error.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::text::plain_story;
use super::{Format, Needs, Writer, words};
use crate::check::{Answer, CheckResult};
use crate::input::Severity;
use crate::input::visible::{visible, visible_lines};
use crate::report::document::{Check, Checked};

/// JUnit.
pub static FORMAT: Format = Format {
    name: "junit",
    help: "For whatever shows test results: JUnit's XML",
    suffixes: &[".xml"],
    needs: Needs::Sites,
    writer: Writer::Checks(check),
};

/// The class of properties of the cluster as a whole, and of problems of the input.
const WHOLE: &str = "cluster";

fn check(check: &Check<'_>) -> String {
    let mut report = Report::new("kubound");
    report.add_test_suites(check.inputs.iter().map(suite));
    report.add_test_suites(errors(check));
    // Writing to a String cannot fail.
    let text = report.to_string().unwrap_or_default();
    without_sum(&text)
}

/// The schema has numbers of skipped cases by suite, and no sum of them, which is the first of all that is written.
fn without_sum(text: &str) -> String {
    let Some((before, rest)) = text.split_once(" skipped=\"") else { return text.to_owned() };
    let after = rest.split_once('"').map_or("", |(_, after)| after);
    format!("{before}{after}")
}

fn suite(checked: &Checked<'_>) -> TestSuite {
    let mut suite = TestSuite::new(checked.name.map_or("input".to_owned(), |name| name.short()));
    for result in &checked.results {
        suite.add_test_cases(cases(checked, result));
    }
    let why = words::not_checked(checked);
    suite.add_test_cases(checked.skipped.iter().map(|name| {
        let mut status = TestCaseStatus::skipped();
        status.set_message(why);
        case(name, WHOLE, status)
    }));
    suite.set_time(Duration::from_secs_f64(checked.results.iter().map(|result| result.seconds).sum()));
    suite
}

/// One for each workload that a result is about; the first one took its time.
fn cases(checked: &Checked<'_>, result: &CheckResult) -> Vec<TestCase> {
    let mut subjects: Vec<&str> = result.subjects().collect();
    if subjects.is_empty() {
        subjects.push(WHOLE);
    }
    let status = status(checked, result);
    let mut cases: Vec<TestCase> =
        subjects.iter().map(|subject| case(&result.property, subject, status.clone())).collect();
    if let Some(first) = cases.first_mut() {
        first.set_time(Duration::from_secs_f64(result.seconds));
    }
    cases
}

fn case(name: &str, class: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(class);
    case
}

fn status(checked: &Checked<'_>, result: &CheckResult) -> TestCaseStatus {
    match &result.answer {
        Answer::Holds(_) => TestCaseStatus::success(),
        Answer::Unknown { .. } => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(words::verdict(result));
            status
        }
        Answer::Violated(_) if !result.counts() => {
            let mut status = TestCaseStatus::skipped();
            let reason = words::reason(result).map_or(String::new(), |it| format!("; {it}"));
            status.set_message(words::verdict(result) + &reason);
            status
        }
        Answer::Violated(found) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(words::verdict(result));
            status.set_type(found.finding.name());
            status.set_description(place(checked, result) + &plain_story(&found.narrative));
            status
        }
    }
}

/// A line that says where the violation is, for the schema has no attribute for that.
fn place(checked: &Checked<'_>, result: &CheckResult) -> String {
    let origin = checked.sites_of(result).first().and_then(|site| site.origin.as_ref());
    origin.map_or(String::new(), |it| format!("at {}:{}:{}\n\n", visible(&it.file), it.line, it.column))
}

/// What makes the input unusable, a case each.
fn errors(check: &Check<'_>) -> Option<TestSuite> {
    let errors = check.diagnostics.iter().flatten().filter(|it| it.severity == Severity::Error);
    let cases = errors.map(|error| {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(error.message.as_str());
        status.set_type("input");
        status.set_description(visible_lines(&error.to_string()).as_ref());
        let file = visible(&error.origin.file);
        case(if file.is_empty() { "input" } else { &file }, WHOLE, status)
    });
    let cases: Vec<TestCase> = cases.collect();
    (!cases.is_empty()).then(|| {
        let mut suite = TestSuite::new("input");
        suite.add_test_cases(cases);
        suite
    })
}
