//! Reproductions of counterexamples: files that are sound by themselves, and scripts that do in order what the story says. The
//! kubectl that they speak to writes down what it is told; there is no cluster here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use kubound::check::source::{self, Asked, Input};
use kubound::check::standing::Standing;
use kubound::check::{Answer, Finding, InputName, Led, Narrative, Options, SavedTrace, check};
use kubound::cluster::object::key::ObjectKey;
use kubound::cluster::object::spec::Workload;
use kubound::cluster::view::deed::{Deed, PodOn};
use kubound::engine::Budget;
use kubound::engine::auto::Auto;
use kubound::input::source::Source;
use kubound::reproduce::cast::Cast;
use kubound::reproduce::files::CommandFiles;
use kubound::reproduce::story::Stage;
use kubound::reproduce::{File, deeds, reproduce, write};
use kubound::term::Limit;

/// Public failures that are looked at beside all violating examples.
const FAILURES: [&str; 1] = ["k106127"];

/// A counterexample with its files.
struct Made {
    name: String,
    input: Input,
    files: Vec<File>,
}

impl Made {
    fn text(&self, path: &str) -> &str {
        let file = self.files.iter().find(|file| file.path == path);
        &file.unwrap_or_else(|| panic!("{}: there is no {path}", self.name)).text
    }

    fn script(&self) -> &str {
        self.text("run.sh")
    }
}

fn examples() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples")
}

fn violating() -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(examples()).expect("the examples").map(|entry| entry.expect("an entry").path());
    let named = entries.filter_map(|path| {
        let name = path.file_name()?.to_str()?.strip_suffix("-violating")?.to_owned();
        Some((name, path))
    });
    let failures = FAILURES.map(|name| (name.to_owned(), examples().join(format!("failures/{name}-violating"))));
    let mut all: Vec<(String, PathBuf)> = named.chain(failures).collect();
    all.sort();
    all
}

/// The first counterexample of an input.
fn trace_of(input: &Input) -> SavedTrace {
    let engine = Auto::default();
    let options = Options::new(&engine, Budget::bound(input.spec.scenario.bound));
    let (results, _) = check(input, &options, &mut |_| ()).unwrap_or_else(|error| panic!("{error}"));
    let found = results.into_iter().find_map(|result| match result.answer {
        Answer::Violated(found) => Some(found.trace),
        _ => None,
    });
    found.expect("a violation")
}

fn made(name: &str, path: &Path) -> Made {
    let paths = vec![path.display().to_string()];
    let asked = Asked {
        name: InputName::Paths { paths, sizes: BTreeMap::new(), config: None },
        scale: (0, 0),
        sizes: Vec::new(),
    };
    let whole = source::open(&asked).unwrap_or_else(|error| panic!("{name}: {error}"));
    let trace = trace_of(&whole);
    let input = source::read(&trace.input).unwrap_or_else(|error| panic!("{name}: {error}"));
    let sources = source::texts_of(&asked, &Limit::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
    let files = reproduce(&input, &sources, &trace).unwrap_or_else(|error| panic!("{name}: {error}"));
    Made { name: name.to_owned(), input, files: files.unwrap_or_else(|why| panic!("{name}: {why}")) }
}

/// All counterexamples with their files, made once.
fn all() -> &'static [Made] {
    static ALL: OnceLock<Vec<Made>> = OnceLock::new();
    ALL.get_or_init(|| violating().iter().map(|(name, path)| made(name, path)).collect())
}

fn of(name: &str) -> &'static Made {
    all().iter().find(|made| made.name == name).unwrap_or_else(|| panic!("there is no {name}"))
}

fn written(made: &Made) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    write(&directory.path().join("kit"), &made.files).unwrap_or_else(|error| panic!("{}: {error}", made.name));
    directory
}

/// Runs a script against a kubectl that records; what it said, and what kubectl was told.
fn run(made: &Made, arguments: &[&str], answers: &[(&str, &str)]) -> (Output, Vec<String>) {
    let directory = written(made);
    let (tools, log) = (directory.path().join("tools"), directory.path().join("log"));
    fs::create_dir(&tools).expect("a directory");
    for tool in ["kubectl", "descheduler"] {
        let text = include_str!("reproduce/kubectl.sh");
        fs::write(tools.join(tool), text).expect("a tool");
        fs::set_permissions(tools.join(tool), fs::Permissions::from_mode(0o755)).expect("a program");
    }
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", tools.display());
    let mut command = Command::new("bash");
    command.arg(directory.path().join("kit/run.sh")).args(arguments).current_dir(&directory);
    command.env("PATH", path).env("KUBECTL_LOG", &log).env_remove("KUBOUND_YES");
    command.envs(["KUBOUND_TIMEOUT", "KUBOUND_POLL", "KUBOUND_QUIET"].map(|name| (name, "0")));
    command.envs(answers.iter().copied());
    let output = command.output().expect("bash runs");
    let calls = fs::read_to_string(&log).unwrap_or_default();
    (output, calls.lines().map(str::to_owned).collect())
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Asserts that lines which begin so come in this order.
fn assert_in_order(name: &str, lines: &[String], wanted: &[&str]) {
    let mut rest = lines.iter();
    for wanted in wanted {
        assert!(rest.any(|line| line.contains(wanted)), "{name}: no `{wanted}` where it should be in {lines:#?}");
    }
}

#[test]
fn scripts_of_all_violating_examples_are_scripts() {
    assert!(all().len() > 20, "{}", all().len());
    let has_shellcheck = Command::new("shellcheck").arg("--version").output().is_ok();
    for made in all() {
        let directory = written(made);
        let script = directory.path().join("kit/run.sh");
        let parsed = Command::new("bash").arg("-n").arg(&script).output().expect("bash runs");
        assert!(parsed.status.success(), "{}: {}", made.name, said(&parsed));
        if has_shellcheck {
            let checked = Command::new("shellcheck").arg(&script).output().expect("it runs");
            assert!(checked.status.success(), "{}: {}", made.name, said(&checked));
        }
        let mode = fs::metadata(&script).expect("a file").permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{} can be run", made.name);
    }
}

#[test]
fn manifests_hold_the_objects_of_the_input() {
    for made in all() {
        let manifests = made.files.iter().filter(|file| file.path.starts_with("manifests/"));
        let texts: Vec<(&str, &str)> = manifests.map(|file| (file.path.as_str(), file.text.as_str())).collect();
        let again = source::of_texts(&texts).unwrap_or_else(|error| panic!("{}: {error}", made.name));
        let workloads = |input: &Input| -> BTreeSet<String> {
            let there = input.spec.workloads.iter().filter(|workload| !workload.created_later);
            // Sizes that are not the manifest's are the script's business.
            let size = |workload: &Workload| workload.replicas_given.then_some(workload.replicas);
            there.map(|workload| format!("{} {:?}", workload.key, size(workload))).collect()
        };
        assert_eq!(workloads(&again), workloads(&made.input), "{}", made.name);
        let nodes = |input: &Input| -> BTreeMap<String, String> {
            let there = input.spec.nodes.iter().filter(|node| !node.absent);
            let told = there.map(|node| {
                let status = node.node.status.as_ref().and_then(|status| status.allocatable.clone());
                let taints = node.node.spec.as_ref().and_then(|spec| spec.taints.clone());
                (node.name.clone(), format!("{status:?} {taints:?}"))
            });
            told.collect()
        };
        assert_eq!(nodes(&again), nodes(&made.input), "{}", made.name);
        let others = |input: &Input| {
            let spec = &input.spec;
            let autoscalers: Vec<String> = spec.autoscalers.iter().map(|it| format!("{:?}", it.object.spec)).collect();
            (autoscalers, spec.quotas.len(), spec.limit_ranges.len())
        };
        assert_eq!(others(&again), others(&made.input), "{}", made.name);
    }
}

#[test]
fn scripts_run_to_their_end_and_say_what_they_saw() {
    for made in all() {
        let (output, calls) = run(made, &["--yes"], &[]);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}: {}", made.name, said(&output));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let code = if text.contains("\nnot reproduced") { 1 } else { 0 };
        assert_eq!(output.status.code(), Some(code), "{}: {text}", made.name);
        assert!(text.contains("\n== What to look for: "), "{}: {text}", made.name);
        assert!(calls.iter().any(|call| call.starts_with("apply -f ") && call.ends_with("10-nodes.yaml")));
        let readme = made.text("README.md");
        let steps = text.lines().filter(|line| line.trim_start().starts_with(['(', '1', '2', '3'])).count();
        assert!(steps > 0 && readme.contains("## The story"), "{}", made.name);
    }
}

#[test]
fn steps_of_the_story_are_taken_in_its_order() {
    let orders: [(&str, &[&str]); 11] = [
        ("c3", &["10-nodes.yaml", "apply -f -", "40-workloads.yaml", "50-autoscalers.yaml", "apply -f -", "get"]),
        ("c4", &["10-nodes.yaml", "40-workloads.yaml", "annotate node", "wait --for=condition=Ready=false"]),
        ("c5", &["40-workloads.yaml", "--policy-config-file", "--policy-config-file"]),
        (
            "w1",
            &[
                "cordon",
                "40-workloads.yaml",
                "--replicas=0",
                "uncordon",
                "scale",
                "cordon",
                "uncordon",
                "--policy-config-file",
            ],
        ),
        ("drain", &["30-base.yaml", "40-workloads.yaml", "cordon worker-"]),
        ("readiness", &["40-workloads.yaml", "commands/01.yaml"]),
        ("vpa", &["40-workloads.yaml", "60-others.yaml", "patch verticalpodautoscalers.autoscaling.k8s.io"]),
        ("nodegroup", &["40-workloads.yaml", "scale deployment/shop --replicas=8"]),
        ("gitops", &["40-workloads.yaml", "scale deployment/web --replicas="]),
        ("quota", &["30-base.yaml", "40-workloads.yaml"]),
        ("cronjob", &["40-workloads.yaml", "create job --from=cronjob/"]),
    ];
    for (name, wanted) in orders {
        let (output, calls) = run(of(name), &["--yes"], &[("KUBECTL_PODS", "")]);
        assert!(output.status.code() != Some(2), "{name}: {}", said(&output));
        assert_in_order(name, &calls, wanted);
    }
}

#[test]
fn pods_that_are_not_ready_are_patched_where_the_story_has_them() {
    let pods = "u1\\tbroker-0\\tworker-1\\tRunning\\tTrue\\t\\t\\nu2\\tbroker-1\\tworker-2\\tRunning\\tTrue\\t\\t\\nu3\\tbroker-2\\tworker-3\\tRunning\\tTrue\\t\\t\\n";
    let (output, calls) = run(of("readiness"), &["--yes"], &[("KUBECTL_PODS", pods)]);
    assert_in_order(&said(&output), &calls, &["patch pod broker-", "commands/01.yaml"]);
}

#[test]
fn pods_that_fit_nowhere_are_evidence() {
    let pending = "u1\\tsearch-1\\t\\tPending\\t\\t\\tUnschedulable\\n";
    let (output, _) = run(of("c3"), &["--yes"], &[("KUBECTL_PODS", pending)]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("\nreproduced\n"), "{}", said(&output));
    let bound = "u1\\tsearch-1\\tzone-a-1\\tRunning\\tTrue\\t\\t\\n";
    let (output, _) = run(of("c3"), &["--yes"], &[("KUBECTL_PODS", bound)]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
}

#[test]
fn nothing_is_done_to_a_cluster_that_is_not_meant() {
    let changes = |calls: &[String]| calls.iter().any(|call| !call.starts_with("config") && !call.starts_with("get"));
    let (output, calls) = run(of("c3"), &[], &[]);
    assert_eq!((output.status.code(), changes(&calls)), (Some(2), false), "{}", said(&output));
    assert!(said(&output).contains("--yes"));
    let (output, calls) = run(of("c3"), &["--yes"], &[("KUBECTL_NODES", "real\t")]);
    assert_eq!((output.status.code(), changes(&calls)), (Some(2), false), "{}", said(&output));
    assert!(said(&output).contains("not of KWOK"));
    let (output, _) = run(of("c3"), &["--yes", "--force"], &[("KUBECTL_NODES", "real\t")]);
    assert_ne!(output.status.code(), Some(2), "{}", said(&output));
    let (output, calls) = run(of("c3"), &[], &[("KUBOUND_YES", "1")]);
    assert!(output.status.code() != Some(2) && changes(&calls), "{}", said(&output));
}

#[test]
fn a_cluster_that_fails_is_not_one_that_does_not_reproduce() {
    let (output, _) = run(of("c3"), &["--yes"], &[("KUBECTL_CODE", "1")]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
}

#[test]
fn what_is_needed_is_said() {
    let needs = [
        ("c3", "--enable-metrics-server"),
        ("c4", "--enable-crds=Stage"),
        ("c4", "stage-fast.yaml"),
        ("c5", "KUBOUND_DESCHEDULER"),
        ("vpa", "The VerticalPodAutoscaler"),
        ("karpenter", "Karpenter, built with its provider"),
        ("nodegroup", "The cluster autoscaler with its provider"),
        ("gitops", "the script writes what it would put back"),
        ("crashloop", "kwokctl create cluster"),
    ];
    for (name, wanted) in needs {
        assert!(of(name).text("README.md").contains(wanted), "{name}: {}", of(name).text("README.md"));
    }
}

/// What the script does for a deed in an example.
fn lines(example: &str, deed: &Deed) -> String {
    let path = examples().join(format!("{example}-violating")).display().to_string();
    let asked = Asked {
        name: InputName::Paths { paths: vec![path], sizes: BTreeMap::new(), config: None },
        scale: (0, 0),
        sizes: Vec::new(),
    };
    let input = source::open(&asked).unwrap_or_else(|error| panic!("{example}: {error}"));
    let sources = source::texts_of(&asked, &Limit::default()).unwrap_or_else(|error| panic!("{example}: {error}"));
    let cast = Cast::new(&sources, &input.spec);
    let files = CommandFiles::new(&input.spec, &cast);
    let narrative =
        Narrative { blocks: Vec::new(), repeats_from: None, diagnosis: Vec::new(), timeline: Default::default() };
    let (start, end) = (Standing::default(), Standing::default());
    let led = Led { narrative, finding: Finding::State, start, end, subject: None, is_same_input: true };
    deeds::lines(&Stage { cluster: &input.spec, led: &led, cast: &cast, files: &files }, deed).join("\n")
}

/// A number for each kind of deed. A new one needs a number here, and a row below.
fn kind(deed: &Deed) -> usize {
    match deed {
        Deed::Command { .. } => 0,
        Deed::NodeFails { .. } => 1,
        Deed::NodeRecovers { .. } => 2,
        Deed::NodePanics { .. } => 3,
        Deed::NodeCalmsDown { .. } => 4,
        Deed::MaintenanceBegins { .. } => 5,
        Deed::MaintenanceEnds { .. } => 6,
        Deed::LoadChanges { .. } => 7,
        Deed::Readiness { .. } => 8,
        Deed::Crashes { .. } => 9,
        Deed::Restarts { .. } => 10,
        Deed::PodEnds { .. } => 11,
        Deed::ScheduleComes { .. } => 12,
        Deed::RecommendationChanges { .. } => 13,
        Deed::NodeExpires { .. } => 14,
        Deed::PutsBack { .. } => 15,
    }
}

#[test]
fn every_kind_of_deed_is_done() {
    let node = || "a node".to_owned();
    let pod = || PodOn { workload: 0, revision: 0, ordinal: Some(1), node: node() };
    let vertical = || ObjectKey { namespace: "default".to_owned(), name: "search".to_owned() };
    let rows: [(&str, Deed, &str); 16] = [
        ("nodegroup", Deed::Command { position: 0 }, "k -n default scale deployment/shop --replicas=8"),
        ("c3", Deed::NodeFails { node: node() }, "node_down 'a node'"),
        ("c3", Deed::NodeRecovers { node: node() }, "node_up 'a node'"),
        ("c3", Deed::NodePanics { node: node() }, "node_down 'a node'"),
        ("c3", Deed::NodeCalmsDown { node: node() }, "node_up 'a node'"),
        ("c3", Deed::MaintenanceBegins { node: node() }, "drain 'a node' --ignore-daemonsets --delete-emptydir-data"),
        ("c3", Deed::MaintenanceEnds { node: node() }, "k uncordon 'a node'"),
        ("c3", Deed::LoadChanges { load: 0, usage: 546 }, "load_0=546\nshow_usage"),
        ("readiness", Deed::Readiness { pod: pod(), is_ready: false }, "'a node' True broker-1"),
        ("readiness", Deed::Crashes { pod: pod() }, "'a node' True broker-1"),
        ("readiness", Deed::Restarts { pod: pod() }, "'a node' False broker-1"),
        ("cronjob", Deed::PodEnds { pod: pod(), succeeds: false }, "'a node' failed"),
        ("cronjob", Deed::ScheduleComes { workload: 1 }, "create job --from=cronjob/"),
        ("vpa", Deed::RecommendationChanges { vertical: vertical(), level: 1 }, "patch verticalpodautoscalers"),
        ("karpenter", Deed::NodeExpires { node: node() }, "k delete node 'a node' --wait=false"),
        ("gitops", Deed::PutsBack { sync: "Argo CD Application shop".to_owned() }, "k apply -f"),
    ];
    let kinds: Vec<usize> = rows.iter().map(|(_, deed, _)| kind(deed)).collect();
    assert_eq!(kinds, (0..rows.len()).collect::<Vec<usize>>());
    for (example, deed, wanted) in &rows {
        let lines = lines(example, deed);
        assert!(lines.contains(wanted) && !lines.contains("cannot "), "{deed:?}: {lines}");
    }
}

/// A cluster whose text says terrible things where it may.
const HOSTILE: &str = "
apiVersion: v1
kind: Node
metadata: {name: only}
status: {allocatable: {cpu: 1, memory: 1Gi, pods: 110}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, annotations: {note: \"'; touch pwned; '\"}}
spec:
  replicas: 1
  selector: {matchLabels: {app: \"a'$(touch pwned)`touch pwned`\\nb\"}}
  template:
    metadata: {labels: {app: \"a'$(touch pwned)`touch pwned`\\nb\"}}
    spec: {containers: [{name: web, image: \"$(touch pwned)\", resources: {requests: {cpu: 400m}}}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 1
  maxReplicas: 5
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]
---
apiVersion: kubound.dev/v1alpha1
kind: Scenario
metadata: {name: hostile}
spec:
  loads: [{target: deployment/web, resource: cpu, range: 100m..400m, initial: 100m}]
  properties: [pods-schedulable]
";

#[test]
fn text_of_the_input_runs_nothing() {
    let input = source::of_texts(&[("hostile.yaml", HOSTILE)]).unwrap_or_else(|error| panic!("{error}"));
    let trace = trace_of(&input);
    let sources = [std::sync::Arc::new(Source::from_memory("hostile.yaml", HOSTILE))];
    let files = reproduce(&input, &sources, &trace).expect("a model").expect("it replays");
    let made = Made { name: "hostile".to_owned(), input, files };
    assert!(made.script().contains("touch pwned"), "the label is in the script");
    let (output, calls) = run(&made, &["--yes", "--force"], &[]);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", said(&output));
    assert!(calls.iter().any(|call| call.contains("app=a'$(touch pwned)`touch pwned` b")), "{calls:#?}");
    let directory = written(&made);
    let script = directory.path().join("kit/run.sh");
    let checked = Command::new("bash").arg("-n").arg(script).output().expect("bash runs");
    assert!(checked.status.success(), "{}", said(&checked));
    assert!(!made.files.iter().any(|file| Path::new(&file.path).is_absolute() || file.path.contains("..")));
}

fn kubound(arguments: &[&str], directory: &Path) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_kubound")).args(arguments).current_dir(directory).output();
    let output = output.expect("it runs");
    (output.status.code().unwrap_or(-1), said(&output))
}

#[test]
fn the_command_writes_and_refuses() {
    let directory = tempfile::tempdir().expect("a directory");
    let here = directory.path();
    let example = examples().join("c3-violating").display().to_string();
    kubound(&["check", &example, "--save-trace", "c3.json"], here);
    let (code, text) = kubound(&["reproduce", "c3.json", "-o", "kit"], here);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("kit/run.sh") && here.join("kit/run.sh").is_file(), "{text}");
    let (code, text) = kubound(&["reproduce", "c3.json", "-o", "kit"], here);
    assert_eq!((code, text.contains("is not empty")), (2, true), "{text}");
    let (code, text) = kubound(&["reproduce", "c3.json", "-o", "c3.json"], here);
    assert_eq!((code, text.contains("not a directory")), (2, true), "{text}");
    let fixed = examples().join("c3-fixed").display().to_string();
    let (code, text) = kubound(&["reproduce", "c3.json", &fixed, "-o", "other"], here);
    assert_eq!((code, here.join("other").exists()), (3, false), "{text}");
    let (code, text) = kubound(&["reproduce", "c3.json", "--property", "settles", "-o", "other"], here);
    assert_eq!((code, text.contains("1 pods-schedulable of search")), (2, true), "{text}");
    let (code, text) = kubound(&["reproduce", "c3.json", "--number", "2", "-o", "other"], here);
    assert_eq!((code, text.contains("there is no counterexample 2")), (2, true), "{text}");
    fs::write(here.join("bad.json"), "{}").expect("written");
    let (code, text) = kubound(&["reproduce", "bad.json", "-o", "other"], here);
    assert_eq!((code, text.contains("there is no trace in it")), (2, true), "{text}");
}

#[test]
fn of_several_counterexamples_one_is_chosen() {
    let directory = tempfile::tempdir().expect("a directory");
    let here = directory.path();
    let example = examples().join("c7-violating").display().to_string();
    let (_, text) = kubound(&["check", &example, "--all", "--format", "json", "-o", "c7.json", "-q"], here);
    let (code, refused) = kubound(&["reproduce", "c7.json", "-o", "kit"], here);
    assert_eq!((code, refused.contains("choose one with --number")), (2, true), "{text}{refused}");
    let (code, text) = kubound(&["reproduce", "c7.json", "--property", "settles", "-o", "kit"], here);
    assert_eq!(code, 0, "{text}");
    assert!(fs::read_to_string(here.join("kit/run.sh")).expect("a script").contains("rested == 0"));
}
