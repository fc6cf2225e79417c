//! `kubound watch` from the outside: it checks again whenever the input changes, however that is done, and nothing else
//! makes it.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long to wait for what has to come. It comes much sooner, unless something is wrong.
const PATIENCE: Duration = Duration::from_secs(120);
const WAITING: &str = "watching for changes";
const NODES: &str =
    "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus: {allocatable: {cpu: 4, memory: 8Gi, pods: 99}}\n";

fn web(replicas: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: {replicas}\n  selector: {{matchLabels: {{app: \
         web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      containers:\n      - {{name: main, image: x, \
         resources: {{requests: {{cpu: 1}}}}}}\n"
    )
}

/// A watch at work.
struct Watch {
    child: Child,
    lines: Receiver<String>,
}

impl Watch {
    fn begin(place: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubound"));
        command.current_dir(place).arg("watch").args(arguments).args(["--property", "pods-schedulable"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it runs");
        let (sender, lines) = channel();
        let streams: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().expect("a pipe")), Box::new(child.stderr.take().expect("a pipe"))];
        for stream in streams {
            let sender = sender.clone();
            thread::spawn(move || {
                BufReader::new(stream).lines().map_while(Result::ok).try_for_each(|line| sender.send(line)).is_ok()
            });
        }
        Watch { child, lines }
    }

    /// All that is told up to a line with this in it.
    fn until(&self, part: &str) -> Vec<String> {
        let mut told: Vec<String> = Vec::new();
        let end = Instant::now() + PATIENCE;
        while !told.last().is_some_and(|line| line.contains(part)) {
            let left = end.saturating_duration_since(Instant::now());
            told.push(self.lines.recv_timeout(left).unwrap_or_else(|error| panic!("no `{part}`: {error}: {told:#?}")));
        }
        told
    }

    /// What one check tells, which has these in it: verdicts come on one stream, the rest on the other.
    fn round(&self, parts: &[&str]) {
        let mut told = self.until(WAITING);
        for part in parts {
            if !told.iter().any(|line| line.contains(part)) {
                told.extend(self.until(part));
            }
        }
    }

    /// Ctrl-C; the exit code.
    fn interrupt(mut self) -> i32 {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill").success());
        self.ended()
    }

    fn ended(&mut self) -> i32 {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                return status.code().unwrap_or(-1);
            }
            assert!(Instant::now() < end, "it does not end");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().expect("a directory");
    let shop = place.path().join("shop");
    fs::create_dir(&shop).expect("made");
    fs::write(shop.join("nodes.yaml"), NODES).expect("written");
    fs::write(shop.join("web.yaml"), web("2")).expect("written");
    (place, shop)
}

#[test]
fn every_way_to_change_a_directory_is_seen() {
    let (place, shop) = place();
    let watch = Watch::begin(place.path(), &["shop"]);
    watch.round(&["✓ pods-schedulable"]);
    fs::write(shop.join("web.yaml"), web("9")).expect("written");
    watch.round(&["shop/web.yaml changed: checking again", "✗ pods-schedulable"]);
    // As editors do it.
    fs::write(shop.join(".web.yaml.tmp"), web("1")).expect("written");
    fs::rename(shop.join(".web.yaml.tmp"), shop.join("web.yaml")).expect("renamed");
    watch.round(&["shop/web.yaml changed", "✓ pods-schedulable"]);
    fs::write(shop.join("web.yaml"), web("many")).expect("written");
    watch.round(&["shop/web.yaml:5:13: error: spec.replicas"]);
    fs::write(shop.join("web.yaml"), web("3")).expect("written");
    watch.round(&["✓ pods-schedulable"]);
    fs::create_dir(shop.join("more")).expect("made");
    watch.round(&["shop/more changed"]);
    let other = web("4").replace("web", "other");
    fs::write(shop.join("more/other.yaml"), other).expect("written");
    watch.round(&["shop/more/other.yaml changed", "✗ pods-schedulable"]);
    fs::remove_file(shop.join("more/other.yaml")).expect("removed");
    watch.round(&["shop/more/other.yaml changed", "✓ pods-schedulable"]);
    fs::remove_dir_all(&shop).expect("removed");
    watch.round(&["changed: checking again", "error: cannot read shop"]);
    assert_eq!(watch.interrupt(), 2);
}

#[test]
fn a_single_file_may_be_replaced_and_its_neighbours_do_not_matter() {
    let (place, shop) = place();
    let watch = Watch::begin(place.path(), &["shop/web.yaml", "shop/nodes.yaml"]);
    watch.round(&["✓ pods-schedulable"]);
    fs::write(shop.join("neighbour.yaml"), "a: 1\n").expect("written");
    fs::write(shop.join("new"), web("9")).expect("written");
    fs::rename(shop.join("new"), shop.join("web.yaml")).expect("renamed");
    let told = watch.until("changed: checking again");
    assert_eq!(told.last().map(String::as_str), Some("shop/web.yaml changed: checking again"));
    watch.round(&["✗ pods-schedulable"]);
    assert_eq!(watch.interrupt(), 1);
}

#[test]
fn the_answer_is_written_anew_and_is_no_change() {
    let (place, shop) = place();
    let watch = Watch::begin(place.path(), &["shop", "-o", "shop/answer.json"]);
    watch.until(WAITING);
    let verdict = || {
        let text = fs::read_to_string(shop.join("answer.json")).expect("it is there");
        let answer: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        answer["results"][0]["verdict"].as_str().map(str::to_owned)
    };
    assert_eq!(verdict().as_deref(), Some("holds"));
    fs::write(shop.join("web.yaml"), web("9")).expect("written");
    let told = watch.until(WAITING);
    let changes: Vec<&String> = told.iter().filter(|line| line.contains("checking again")).collect();
    assert_eq!(changes, ["shop/web.yaml changed: checking again"]);
    assert_eq!(verdict().as_deref(), Some("violated"));
    assert_eq!(watch.interrupt(), 1);
}

/// Takes far longer than anybody waits for.
fn long() -> String {
    let scenario = "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  bound: 100000\n  nodePools: [{name: w, count: 30, \
                    template: {allocatable: {cpu: 64, memory: 64Gi, pods: 110}}}]\n  initialPlacement: any\n  failures: {nodes: all, \
                    atMost: 20, recover: true}\n";
    let workloads = (0..6).map(|it| web("40").replace("web", &format!("web{it}")));
    std::iter::once(scenario.to_owned()).chain(workloads).collect::<Vec<_>>().join("---\n")
}

#[test]
fn a_change_and_ctrl_c_end_a_check_that_is_under_way() {
    let (place, shop) = place();
    fs::write(shop.join("web.yaml"), long()).expect("written");
    let watch =
        Watch::begin(place.path(), &["shop", "--engine", "explicit", "--focus", "off", "--interleaving", "async"]);
    watch.until("checking 6 workloads");
    fs::write(shop.join("web.yaml"), web("2")).expect("written");
    let told = watch.until("checking again");
    assert_eq!(told.last().map(String::as_str), Some("shop/web.yaml changed: checking again"));
    assert!(!told.iter().any(|line| line.starts_with(['✓', '✗', '?'])), "{told:#?}");
    watch.round(&["✓ pods-schedulable"]);
    fs::write(shop.join("web.yaml"), long()).expect("written");
    watch.until("checking 6 workloads");
    assert_eq!(watch.interrupt(), 3);
}

#[test]
fn options_for_one_answer_are_refused() {
    for arguments in [
        &["shop", "--save-trace", "t.json"][..],
        &["shop", "--certify=proofs"],
        &["-"],
        &["--case", "c1"],
        &["shop", "--format", "nothing"],
    ] {
        let output =
            Command::new(env!("CARGO_BIN_EXE_kubound")).arg("watch").args(arguments).output().expect("it runs");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}
