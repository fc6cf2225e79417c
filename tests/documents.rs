//! What the documents say is so: commands print what pages show, scenarios can be read, links lead somewhere.

#[path = "documents/console.rs"]
mod console;
#[path = "documents/figures.rs"]
mod figures;
#[path = "documents/markdown.rs"]
mod markdown;
#[path = "documents/scenarios.rs"]
mod scenarios;

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use console::{Session, Step, matches, steps};
use figures::blanked;
use markdown::{Block, Page, pages, root};

/// At least so many commands of `kubound` are run: a change of format must not make them go unseen.
const LEAST_COMMANDS: usize = 20;
/// At least so many scenarios, or parts of one, are read.
const LEAST_SCENARIOS: usize = 10;
/// What may stand in a fenced block. Commands stand in `console`, where they are tested.
const LANGUAGES: [&str; 5] = ["console", "json", "rust", "text", "yaml"];
/// Marks a block that is not run; the reason follows.
const NOT_RUN: &str = "no-run: ";

/// The blocks of a page that are run.
fn run_here(page: &Page) -> Vec<Block> {
    page.blocks().into_iter().filter(|block| block.language == "console" && block.remark.is_empty()).collect()
}

/// Runs the blocks of a page; how many commands of `kubound` there were, and what differs.
fn run(page: &Page) -> (usize, Vec<String>) {
    let blocks = run_here(page);
    if blocks.is_empty() {
        return (0, Vec::new());
    }
    let session = Session::new();
    let (mut count, mut wrong) = (0, Vec::new());
    for block in blocks {
        let steps = steps(&block);
        count += steps.iter().filter(|step| step.command.contains("kubound ")).count();
        let differs = session.run(&steps);
        wrong.extend(differs.into_iter().map(|what| format!("{}:{}: {what}", page.name, block.line)));
    }
    (count, wrong)
}

#[test]
fn commands_print_what_pages_show() {
    let pages = pages();
    let ran: Vec<(usize, Vec<String>)> = std::thread::scope(|scope| {
        let threads: Vec<_> = pages.iter().map(|page| scope.spawn(|| run(page))).collect();
        threads.into_iter().map(|thread| thread.join().expect("the blocks of a page")).collect()
    });
    let wrong: Vec<&str> = ran.iter().flat_map(|(_, wrong)| wrong).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let count: usize = ran.iter().map(|(count, _)| count).sum();
    assert!(count >= LEAST_COMMANDS, "only {count} commands were run");
}

#[test]
fn blocks_say_what_they_are() {
    for page in pages() {
        for block in page.blocks() {
            let at = format!("{}:{}", page.name, block.line);
            assert!(LANGUAGES.contains(&block.language.as_str()), "{at}: `{}` is no language here", block.language);
            let reason = block.remark.strip_prefix(NOT_RUN);
            let is_marked = block.remark.is_empty() || reason.is_some_and(|reason| !reason.trim().is_empty());
            assert!(block.language != "console" || is_marked, "{at}: `{}` is not `{NOT_RUN}REASON`", block.remark);
        }
    }
}

#[test]
fn scenarios_can_be_read() {
    let mut count = 0;
    for page in pages() {
        for block in page.blocks().into_iter().filter(|block| block.language == "yaml") {
            for scenario in scenarios::scenarios(&block) {
                count += 1;
                let read = scenarios::read(&scenario);
                assert_eq!(read, Ok(()), "{}:{}:\n{scenario}", page.name, block.line);
            }
        }
    }
    assert!(count >= LEAST_SCENARIOS, "only {count} scenarios were read");
}

/// The document that the reference of JSON shows has the fields of the real one, in the same order, and its values.
#[test]
fn the_json_document_is_a_real_one() {
    let page = Page::read(&root().join("docs/json.md"));
    let block = page.blocks().into_iter().find(|block| block.language == "json").expect("an example");
    let shown: Value = serde_json::from_str(&block.text).expect("JSON");
    let arguments = ["check", "examples/c2-violating", "--engine", "explicit", "--format", "json"];
    let output = Command::new(env!("CARGO_BIN_EXE_kubound")).current_dir(root()).args(arguments).output();
    let real: Value = serde_json::from_slice(&output.expect("it runs").stdout).expect("JSON");
    assert_eq!(differences("", &shown, &real), Vec::<String>::new());
}

/// Where a shown value is not the real one. Of `{}`, `[]` and figures only the kind is compared.
fn differences(at: &str, shown: &Value, real: &Value) -> Vec<String> {
    const FIGURES: [&str; 3] = ["seconds", "peak_memory_bytes", "terms"];
    match (shown, real) {
        (Value::Object(shown), Value::Object(_)) if shown.is_empty() => Vec::new(),
        (Value::Array(shown), Value::Array(_)) if shown.is_empty() => Vec::new(),
        (Value::Number(_), Value::Number(_)) if FIGURES.iter().any(|figure| at.ends_with(figure)) => Vec::new(),
        (Value::Object(shown), Value::Object(real)) if shown.keys().eq(real.keys()) => {
            shown.iter().flat_map(|(key, value)| differences(&format!("{at}.{key}"), value, &real[key])).collect()
        }
        (Value::Array(shown), Value::Array(real)) if shown.len() == real.len() => {
            shown.iter().zip(real).flat_map(|(shown, real)| differences(at, shown, real)).collect()
        }
        _ if shown == real => Vec::new(),
        _ => vec![format!("{at}: {shown} is {real}")],
    }
}

#[test]
fn every_command_and_option_has_a_word_in_the_documents() {
    let said: String = pages().into_iter().map(|page| page.text).collect();
    for command in [
        "check",
        "init",
        "schema",
        "cases",
        "replay",
        "simulate",
        "show",
        "conformance",
        "bench",
        "compare",
        "rules",
        "explain",
    ] {
        assert!(said.contains(&format!("kubound {command}")), "{command}");
        let help = Command::new(env!("CARGO_BIN_EXE_kubound")).args([command, "--help"]).output().expect("it runs");
        let help = String::from_utf8(help.stdout).expect("UTF-8");
        let options: Vec<&str> = help.split_whitespace().filter(|word| word.starts_with("--")).collect();
        assert!(options.contains(&"--quiet"), "{command}: {help}");
        for option in options.iter().map(|word| word.trim_matches(|it: char| !it.is_ascii_alphabetic() && it != '-')) {
            let option = option.split(['[', '=', '.']).next().unwrap_or(option);
            assert!(said.contains(option), "{command}: {option}");
        }
    }
}

#[test]
fn links_lead_somewhere() {
    let pages = pages();
    let mut wrong = Vec::new();
    for page in &pages {
        for (line, target) in page.links().into_iter().filter(|(_, target)| !target.contains("://")) {
            if !leads_somewhere(page, target) {
                wrong.push(format!("{}:{line}: {target}", page.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn leads_somewhere(page: &Page, target: &str) -> bool {
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let here = root().join(&page.name);
    let there = if path.is_empty() { here.clone() } else { here.parent().unwrap_or(Path::new("")).join(path) };
    let Ok(there) = there.canonicalize() else { return false };
    anchor.is_empty() || Page::read(&there).anchors().iter().any(|it| it == anchor)
}

#[test]
fn the_readme_is_short() {
    let readme = Page::read(&root().join("README.md"));
    assert!(readme.text.lines().count() <= 200, "{} lines", readme.text.lines().count());
}

fn block(text: &str) -> Block {
    Block { line: 1, language: "console".to_owned(), remark: String::new(), text: text.to_owned() }
}

#[test]
fn steps_are_commands_and_what_they_print() {
    let found = steps(&block("$ cat > a << 'END'\n$ b\nEND\n$ c \\\n  d\ne\n\nf\n$ g\n"));
    let step = |command: &str, printed: &str| Step { command: command.to_owned(), printed: printed.to_owned() };
    assert_eq!(found, [step("cat > a << 'END'\n$ b\nEND", ""), step("c \\\n  d", "e\n\nf\n"), step("g", "")]);
}

#[test]
fn what_a_page_does_not_show_is_found() {
    let session = Session::new();
    let differs = |text: &str| session.run(&steps(&block(text))).len();
    assert_eq!(differs("$ printf 'a\\nb\\nc\\n'\na\nb\nc\n$ false\n$ echo $?\n1\n"), 0);
    assert_eq!(differs("$ printf 'a\\nb\\nc\\n'\na\n…\nc\n"), 0);
    assert_eq!(differs("$ printf 'a\\nb\\nc\\n'\na\nc\n$ echo d\n$ echo $?\n1\n"), 3);
    assert_eq!(differs("$ echo e >&2\n$ kubound check examples/c9\n"), 2);
    assert_eq!(differs("$ kubound check examples/c3-fixed --quiet\n✗ pods-schedulable: violated\n"), 1);
}

#[test]
fn figures_are_no_difference_and_everything_else_is() {
    let same = [
        ("holds  explicit, 7 ms", "holds\n  sat, 1.2 s"),
        ("c1   holds 3 sat   96 24 ms  27", "c1 holds 3 sat 96 1.1 s 270"),
        (
            "    certified: 6 questions, 20 clauses, proof of 39 bytes",
            "    certified: 6 questions, 1 clauses, proof of 1 bytes",
        ),
    ];
    for (one, other) in same {
        assert_eq!(blanked(one), blanked(other));
    }
    let different = [
        ("holds  explicit, 7 ms", "violated  explicit, 7 ms"),
        ("violated at k = 2  explicit, 7 ms", "violated at k = 3  explicit, 7 ms"),
        ("c1   holds 3 sat   96 24 ms  27", "c1   holds 3 sat   97 24 ms  27"),
        ("    1. load", "  1. load"),
        ("spec.replicas 5, 5 ready", "spec.replicas 5, 4 ready"),
    ];
    for (one, other) in different {
        assert_ne!(blanked(one), blanked(other));
    }
}

#[test]
fn a_cut_stands_for_any_number_of_lines() {
    let lines = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<String>>();
    for page in ["a b c d", "a … d", "… c d", "a b …", "… b … d", "a b c d …", "…"] {
        assert!(matches(&lines(page), &lines("a b c d")), "{page}");
    }
    for page in ["a b d", "a … c", "… d c …", "b …", "a b c … b c d", ""] {
        assert!(!matches(&lines(page), &lines("a b c d")), "{page}");
    }
}
