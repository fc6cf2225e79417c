//! Runs ```` ```console ```` blocks: what follows `$ ` is a command for bash, and what follows that is what it prints, on
//! standard output or standard error. A line `…` stands for any number of lines.
//!
//! Commands of one page share a directory, in the order of the page, as readers type them. It begins with a copy of what
//! the repository has to offer to readers; `kubound` is the program that was just built.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::figures::blanked;
use super::markdown::{Block, root};

/// What readers find in a checkout, besides sources.
const OFFERED: [&str; 2] = ["examples", "tests/fixtures"];
/// Stands for lines that are left out.
const CUT: &str = "…";
/// Ends the output of each command.
const END: char = '\u{1e}';

/// A check that names no engine is decided by explicit search, which always wins where a machine has time, as the page
/// was written on; a busy machine or a build without optimisation may see the other engine win, and tell another run.
const PRELUDE: &str = r#"exec 2>&1 </dev/null
kubound() {
    case " $* " in
        *" --engine "*|*" --certify"*) command kubound "$@" ;;
        " check "*) command kubound "$@" --engine explicit ;;
        *) command kubound "$@" ;;
    esac
}
"#;

/// A command and what the page says that it prints.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    pub command: String,
    pub printed: String,
}

/// Where the commands of a page are run.
pub struct Session {
    directory: tempfile::TempDir,
}

/// The steps of a block.
pub fn steps(block: &Block) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut lines = block.text.lines();
    while let Some(line) = lines.next() {
        if let Some(command) = line.strip_prefix("$ ") {
            let mut command = command.to_owned();
            while command.ends_with('\\') {
                command.extend(["\n", lines.next().unwrap_or_default()]);
            }
            if let Some(end) = here_document(&command) {
                let until = lines.by_ref().take_while(|line| *line != end);
                let document: String = until.map(|line| format!("{line}\n")).collect();
                command = format!("{command}\n{document}{end}");
            }
            steps.push(Step { command, printed: String::new() });
        } else if let Some(step) = steps.last_mut() {
            step.printed.extend([line, "\n"]);
        } else {
            panic!("a block begins with a command, not with {line:?}");
        }
    }
    steps
}

/// The word that ends the document within a command such as `cat > FILE << 'END'`.
fn here_document(command: &str) -> Option<String> {
    let word = command.split_once("<<")?.1.split_whitespace().next()?;
    Some(word.trim_matches(['\'', '"']).to_owned())
}

impl Session {
    pub fn new() -> Session {
        let session = Session { directory: tempfile::tempdir().expect("a directory") };
        for name in OFFERED {
            copy(&root().join(name), &session.directory.path().join(name));
        }
        let programs = session.programs();
        std::fs::create_dir(&programs).expect("a directory");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kubound"), programs.join("kubound")).expect("a link");
        session
    }

    fn programs(&self) -> PathBuf {
        self.directory.path().join(".programs")
    }

    /// Runs all steps in one shell; what differs from the page, a paragraph each.
    pub fn run(&self, steps: &[Step]) -> Vec<String> {
        let outputs = self.outputs(steps);
        assert_eq!(outputs.len(), steps.len(), "the shell ended early: {outputs:?}");
        steps.iter().zip(outputs).filter_map(|(step, output)| difference(step, &output)).collect()
    }

    fn outputs(&self, steps: &[Step]) -> Vec<String> {
        let mut script = PRELUDE.to_owned();
        for step in steps {
            // `$?` is that of the command before, as it is for readers.
            script += &format!("{}\ncode=$?; printf '{END}'; (exit $code)\n", step.command);
        }
        let path = std::env::var("PATH").unwrap_or_default();
        let mut bash = Command::new("bash");
        bash.args(["-c", &script]).current_dir(self.directory.path()).stdin(Stdio::null());
        bash.env("PATH", format!("{}:{path}", self.programs().display()));
        let output = bash.output().expect("bash runs");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        text.split_terminator(END).map(str::to_owned).collect()
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from).into_iter().map(|entry| entry.expect("a readable directory")) {
        let target = to.join(entry.path().strip_prefix(from).expect("below"));
        match entry.file_type().is_dir() {
            true => std::fs::create_dir_all(&target).expect("a directory"),
            false => std::fs::copy(entry.path(), &target).map(drop).expect("a copy"),
        }
    }
}

fn difference(step: &Step, output: &str) -> Option<String> {
    let agrees = matches(&blanked(&step.printed), &blanked(output));
    (!agrees).then(|| format!("$ {}\n--- the page:\n{}--- the program:\n{output}", step.command, step.printed))
}

/// Whether lines are those of a page, in which `…` stands for any number of them.
pub fn matches(page: &[String], lines: &[String]) -> bool {
    let parts: Vec<&[String]> = page.split(|line| line.trim() == CUT).collect();
    let [first, middle @ .., last] = parts.as_slice() else { return page == lines };
    let Some(mut rest) = lines.strip_prefix(*first) else { return false };
    for part in middle {
        let Some(at) = (0..=rest.len()).find(|&at| rest[at..].starts_with(part)) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}
