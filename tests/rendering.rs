//! Every kind of document in every format, as snapshots. What was measured is blanked; verdicts and stories are real.

use std::sync::Arc;
use std::time::Duration;

use kubound::check::source::{self, Asked, Input};
use kubound::check::{
    Answer, Baseline, CheckResult, Focus, InputName, Options, Replayed, Simulation, Sites, check, replay, simulate,
    unfold,
};
use kubound::cluster::view::rule::{self, Omission, Part, Rule, Upstream};
use kubound::conformance::{Component, Report, Verdict};
use kubound::engine::explicit::Explicit;
use kubound::engine::{Attempt, Budget, Certificate, Extent, Statistics, UnknownReason};
use kubound::input::{Diagnostic, Diagnostics, LoadOptions, load_strings};
use kubound::report::document::{Check, Checked, Conformance, Run};
use kubound::report::{Detail, Document, FORMATS, Format};
use kubound::system::Interleaving;
use kubound::workbench::baseline::{Baseline as Measured, Earlier};
use kubound::workbench::changes::Changes;
use kubound::workbench::claim::Standing;
use kubound::workbench::comparison::{Answered, Comparison, Side};
use kubound::workbench::found::Found;
use kubound::workbench::machine::Machine;
use kubound::workbench::measurement::{Benchmarks, Measurement};
use kubound::workbench::task::{Expected, Limits, Options as BenchOptions, Row, Target, Task};
use serde_json::{Value, json};

/// Compares a document with its snapshots, one in each format that answers it.
fn assert_reads(name: &str, document: &Document<'_>) {
    for format in FORMATS {
        let text = format.render(document, Detail::Normal);
        assert_eq!(text.is_empty() && !format.is_general(), !format.answers(document), "{name} {}", format.name);
        if format.answers(document) {
            insta::assert_snapshot!(format!("{name}.{}", format.name), lean(&plain(&text)));
        }
    }
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// A page without its style sheet and its script, which have files of their own, and an element to a line.
fn lean(text: &str) -> String {
    if !text.starts_with("<!DOCTYPE html>") {
        return text.to_owned();
    }
    let without = |text: String, begin: &str, end: &str| {
        let Some((before, rest)) = text.split_once(begin) else { return text };
        let (_, after) = rest.split_once(end).expect("it ends");
        format!("{before}{begin}…{end}{after}")
    };
    let text = without(text.to_owned(), "style-src 'sha256-", "'");
    let text = without(text, "script-src 'sha256-", "'");
    let text = without(text, "<style>", "</style>");
    without(text, "<script>", "</script>").replace("><", ">\n<")
}

fn text() -> &'static Format {
    Format::named("text").expect("the format")
}

fn case(id: &str, scale: usize, fixed: bool) -> InputName {
    InputName::Case { case: id.to_owned(), scale, fixed }
}

fn read(name: &InputName) -> Input {
    source::read(name).unwrap_or_else(|error| panic!("{name:?}: {error}"))
}

/// What explicit search says, up to the first violation, and what it leaves out.
fn results<'a>(input: &'a Input, change: impl Fn(&mut Options<'a>)) -> (Vec<CheckResult>, Vec<String>) {
    let mut options = Options::new(&Explicit, Budget::bound(input.spec.scenario.bound));
    change(&mut options);
    let (mut results, skipped) = check(input, &options, &mut |_| ()).expect("it can be checked");
    results.iter_mut().for_each(blank);
    (results, skipped)
}

/// Replaces what was measured.
fn blank(result: &mut CheckResult) {
    result.seconds = 0.25;
    result.peak_memory_bytes = Some(40 << 20);
    result.statistics = Statistics { states: 12, transitions: 34, terms: 567, ..Statistics::default() };
    blank_trace(&mut result.answer);
    if let Some(lift) = result.family.as_mut().and_then(|family| family.lift.as_mut()) {
        lift.seconds = 0.5;
        blank_trace(&mut lift.answer);
    }
}

fn blank_trace(answer: &mut Answer) {
    if let Answer::Violated(found) = answer {
        found.trace.fingerprint = "0".to_owned();
    }
}

/// The document of one input.
fn check_of<'a>(results: &'a [CheckResult], skipped: &'a [String], diagnostics: &'a Diagnostics) -> Document<'a> {
    document_of(Checked::new(results, skipped), diagnostics)
}

fn document_of<'a>(checked: Checked<'a>, diagnostics: &'a Diagnostics) -> Document<'a> {
    let diagnostics: Vec<&Diagnostic> = diagnostics.iter().collect();
    Document::Check(Check {
        inputs: vec![checked],
        several: false,
        diagnostics: Some(diagnostics),
        shard: None,
        baseline: None,
    })
}

#[test]
fn a_violation_and_what_was_not_checked() {
    let input = read(&case("c7", 3, false));
    let (results, skipped) = results(&input, |_| ());
    assert!(results[0].is_violated());
    let Answer::Violated(found) = &results[0].answer else { panic!("c7 fails") };
    let unfolded = unfold(&input, &found.trace).expect("it is one of this input");
    let run = Some(Run { result: &results[0], unfolded: &unfolded });
    let checked = Checked { name: Some(&input.name), run, ..Checked::new(&results, &skipped) };
    assert_reads("violation", &document_of(checked, &input.diagnostics));
}

#[test]
fn a_violation_at_its_place() {
    let files = kubound::cases::generate("c7", 3, false).expect("a case");
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let input = source::of_texts(&files).expect("an input");
    let (results, skipped) = results(&input, |_| ());
    let sites = Sites::of(&input, &results);
    let checked = Checked { name: Some(&input.name), sites: Some(&sites), ..Checked::new(&results, &skipped) };
    assert_reads("violation_at_its_place", &document_of(checked, &input.diagnostics));
}

#[test]
fn what_holds_by_a_certificate_or_by_one_of_two_engines_and_what_is_unknown() {
    let name = case("c1", 5, true);
    let of = |property: &str, answer: Answer| {
        let mut result = CheckResult {
            answer,
            ..CheckResult::unknown(name.clone(), property, Interleaving::default(), String::new())
        };
        result.engine = "sat".to_owned();
        blank(&mut result);
        result
    };
    let unknown = |covered| Answer::Unknown { reason: "out of time".to_owned(), covered };
    let mut all = [
        of("settles", Answer::Holds(Extent::Bound(10))),
        of("min-replicas", Answer::Holds(Extent::Complete(4))),
        of("pods-schedulable", unknown(0)),
        of("spread-balanced", unknown(3)),
    ];
    let checker = "varisat-checker";
    let time = Duration::from_millis(1500);
    all[0].certificate = Some(Certificate { checker, refuted: 7, clauses: 890, proof_bytes: 12345, time });
    let (engine, reason) = ("explicit", Some(UnknownReason::Memory));
    all[1].beside = vec![Attempt { engine, k: 2, statistics: all[1].statistics.clone(), reason }];
    let mut diagnostics = Diagnostics::default();
    diagnostics.error("there is no node", "add one");
    diagnostics.note("nothing is known of loads");
    let document = check_of(&all, &[], &diagnostics);
    assert_reads("certified_and_unknown", &document);
    insta::assert_snapshot!("certified_and_unknown.verbose", plain(&text().render(&document, Detail::Verbose)));
    insta::assert_snapshot!("certified_and_unknown.quiet", plain(&text().render(&document, Detail::Quiet)));
}

#[test]
fn a_family_whose_smallest_violation_was_lifted() {
    let asked = Asked { name: case("c3", 5, false), scale: (1, 5), sizes: Vec::new() };
    let input = source::open(&asked).expect("a family");
    let (results, skipped) = results(&input, |_| ());
    assert!(results[0].family.as_ref().is_some_and(|family| family.lift.is_some()));
    assert_reads("family", &check_of(&results, &skipped, &input.diagnostics));
}

#[test]
fn a_family_of_which_one_query_covers_many_sizes() {
    let asked = Asked { name: case("c8", 6, true), scale: (1, 6), sizes: Vec::new() };
    let input = source::open(&asked).expect("a family");
    let (results, skipped) = results(&input, |_| ());
    assert!(results[0].family.as_ref().is_some_and(|family| family.query.is_some()));
    assert_reads("family_in_one_query", &check_of(&results, &skipped, &input.diagnostics));
}

#[test]
fn workloads_in_the_company_of_others() {
    let input = read(&case("m1", 2, false));
    let (results, skipped) = results(&input, |options| (options.focus, options.explain) = (Focus::On, true));
    assert!(results[0].focus.is_some());
    assert_reads("focus", &check_of(&results, &skipped, &input.diagnostics));
}

#[test]
fn a_reduction_explained() {
    let input = read(&case("c8", 6, true));
    let (results, skipped) = results(&input, |options| options.explain = true);
    assert!(results[0].reduction.is_some());
    assert_reads("reduction", &check_of(&results, &skipped, &input.diagnostics));
}

#[test]
fn several_inputs_at_a_glance() {
    let names = [case("c2", 3, false), case("c7", 3, true)];
    let all = names.each_ref().map(|name| results(&read(name), |_| ()));
    let named = names.iter().zip(&all);
    let inputs = named.map(|(name, (results, skipped))| Checked { name: Some(name), ..Checked::new(results, skipped) });
    let document = Document::Check(Check {
        inputs: inputs.collect(),
        several: true,
        diagnostics: Some(Vec::new()),
        shard: None,
        baseline: None,
    });
    assert_reads("several", &document);
    insta::assert_snapshot!("several.verbose", plain(&text().render(&document, Detail::Verbose)));
}

/// A node of one core, and Deployments of pods that ask for one: with replicas, and what their annotations say.
fn crowded(workloads: &[(&str, u32, &str)]) -> Input {
    let node =
        "apiVersion: v1\nkind: Node\nmetadata: {name: only}\nstatus: {allocatable: {cpu: 1, memory: 1Gi, pods: 9}}\n";
    let of = |(name, replicas, ignored): &(&str, u32, &str)| {
        format!(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, annotations: {{{ignored}}}}}\n\
             spec:\n  replicas: {replicas}\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    \
             metadata: {{labels: {{app: {name}}}}}\n    spec: {{containers: [{{name: m, image: x, \
             resources: {{requests: {{cpu: 1}}}}}}]}}\n"
        )
    };
    let text = node.to_owned() + &workloads.iter().map(of).collect::<String>();
    source::of_texts(&[("cluster.yaml", &text)]).expect("an input")
}

#[test]
fn what_is_ignored_known_new_and_gone() {
    let ignored = "kubound.dev/ignore: \"pods-schedulable=the <node> is ordered\"";
    let names = ["pods-schedulable".to_owned()];
    let before = crowded(&[("api", 2, ""), ("old", 2, "")]);
    let (old, skipped) = results(&before, |options| {
        (options.properties, options.all, options.focus) = (&names, true, Focus::On);
    });
    let json = Format::named("json").expect("the format");
    let saved = json.render(&check_of(&old, &skipped, &Diagnostics::default()), Detail::Normal);
    let baseline = Baseline::read(&saved).expect("an answer");
    let input = crowded(&[("web", 2, ignored), ("api", 2, ""), ("calm", 0, ignored), ("cart", 2, "")]);
    let (results, skipped) = results(&input, |options| {
        (options.properties, options.focus, options.baseline) = (&names, Focus::Off, Some(&baseline));
    });
    let comparison = baseline.compare("old.json", &results, &names);
    let sites = Sites::of(&input, &results);
    let checked = Checked { name: Some(&input.name), sites: Some(&sites), ..Checked::new(&results, &skipped) };
    let document = Document::Check(Check {
        shard: None,
        inputs: vec![checked],
        several: false,
        diagnostics: Some(input.diagnostics.iter().collect()),
        baseline: Some(&comparison),
    });
    assert_reads("exceptions", &document);
    insta::assert_snapshot!("exceptions.quiet", plain(&text().render(&document, Detail::Quiet)));
}

#[test]
fn bad_input() {
    let manifest = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: many\n";
    let errors = load_strings(&[("web.yaml", manifest)], LoadOptions::default()).expect_err("no number");
    let diagnostics = Some(errors.iter().collect());
    assert_reads("bad_input", &Document::Check(Check { diagnostics, ..Check::default() }));
}

#[test]
fn traces_replayed() {
    let name = case("c7", 3, false);
    let (results, _) = results(&read(&name), |_| ());
    let Answer::Violated(found) = &results[0].answer else { panic!("c7 fails") };
    let again = |input: InputName, is_same_input| {
        let replayed = replay(read(&input), found.trace.clone()).expect("it is a trace");
        Replayed { is_same_input, ..replayed }
    };
    let replayed = [again(name, true), again(case("c7", 3, true), false)];
    assert_eq!(replayed.each_ref().map(|it| it.told.is_ok()), [true, false]);
    assert_reads("replay", &Document::Replay(&replayed));
}

#[test]
fn a_simulation() {
    let cut = Some("block 2 does not settle within 20000 steps".to_owned());
    let simulation = Simulation { cut, ..simulate(read(&case("c3", 2, false)), 1, 2).expect("a run") };
    assert_reads("simulation", &Document::Simulation(&simulation));
    let untold = Simulation { told: Err("step 3 is not enabled".to_owned()), cut: None, ..simulation };
    assert_reads("simulation_untold", &Document::Simulation(&untold));
}

#[test]
fn cases() {
    assert_reads("cases", &Document::Cases(&kubound::cases::CASES[..3]));
    let directories = ["out/c1", "out/c1-fixed"].map(str::to_owned);
    assert_reads("emitted", &Document::Emitted(&directories));
}

/// A rule as encodings declare it.
static FOLLOWING: Rule = Rule {
    id: "scheduler/Example",
    component: rule::Component::Scheduler,
    upstream: &[Upstream { file: "pkg/scheduler/example.go", functions: &["Filter", "Score"] }],
    decides: "Nodes are refused that are no example. Others are scored.",
    parts: &[Part { what: "the filter", stands: "exact" }, Part { what: "the score", stands: "over: any" }],
    omits: &[
        Omission { what: "counter-examples", instead: None },
        Omission { what: "sampling", instead: Some("all nodes are looked at") },
    ],
    source: rule::Source::new("src/../encodings/kube_scheduler/example.rs", 7),
};

#[test]
fn rules() {
    static OURS: Rule = Rule {
        id: "environment/example",
        component: rule::Component::Load,
        upstream: &[],
        decides: "What is ours.",
        parts: &[Part { what: "all of it", stands: "as the scenario says" }],
        omits: &[],
        source: rule::Source::new("src/../encodings/environment/example.rs", 9),
    };
    assert_reads("rules", &Document::Rules(&[&FOLLOWING, &OURS]));
    assert_reads("rule", &Document::Rule(&FOLLOWING));
    assert_reads("rule_of_ours", &Document::Rule(&OURS));
}

/// A row with an engine, measured three times; of a suite if something is expected.
fn measured(engine: &str, found: Vec<Value>, expected: Option<Expected>, failure: Option<&str>) -> Measurement {
    let target = Target::Case { case: "c1".to_owned(), scale: (10, 10), fixed: false };
    let task = Task {
        suite: expected.map_or(String::new(), |_| "published".to_owned()),
        name: target.name(),
        target,
        properties: Vec::new(),
        engines: vec![engine.to_owned()],
        limits: Limits::default(),
        options: BenchOptions { reduce: true, ..BenchOptions::default() },
        expected,
    };
    Measurement {
        row: Row { task: Arc::new(task), engine: engine.to_owned() },
        found: found.iter().map(|found| Found::read(found).expect("a result")).collect(),
        times: [30, 10, 20].map(Duration::from_millis).to_vec(),
        bytes: Some(5 << 20),
        failure: failure.map(str::to_owned),
    }
}

fn machine() -> Machine {
    Machine {
        os: "linux".to_owned(),
        arch: "x86_64".to_owned(),
        cpu: Some("Abacus 3000".to_owned()),
        cores: 2,
        kubound: "0.1.0".to_owned(),
        build: "release".to_owned(),
    }
}

fn said(verdict: &str, k: u64) -> Vec<Value> {
    vec![json!({"property": "no-replica-oscillation", "verdict": verdict, "k": k, "states": 12, "clauses": 345})]
}

fn rows(expected: Option<Expected>) -> Vec<Measurement> {
    let row = |engine: &str, found, failure| measured(engine, found, expected, failure);
    let mut unmeasured = row("smt", Vec::new(), None);
    (unmeasured.times, unmeasured.bytes) = (Vec::new(), None);
    vec![
        row("explicit", said("violated", 7), None),
        row("sat", said("holds", 9), None),
        row("auto", Vec::new(), Some("killed")),
        unmeasured,
    ]
}

#[test]
fn benchmarks() {
    let contradictions = vec!["runs of c1 at 10 contradict each other".to_owned()];
    let benchmarks = Benchmarks { shard: None, machine: machine(), rows: rows(None), contradictions, changes: None };
    assert_reads("bench", &Document::Benchmarks(&benchmarks));
}

#[test]
fn benchmarks_of_a_suite_since_a_baseline() {
    let rows = rows(Some(Expected::Violated(Some(7))));
    let earlier = |engine: &str, claim: Standing, seconds: f64| Earlier {
        suite: "published".to_owned(),
        task: "c1 at 10".to_owned(),
        engine: engine.to_owned(),
        options: Vec::new(),
        claim: Some(claim.into()),
        decided: true,
        seconds: vec![seconds; 3],
    };
    let violated = Standing::Violated { k: Some(7), shortest: true };
    let before = vec![earlier("explicit", violated.clone(), 0.001), earlier("auto", violated, 0.02)];
    let baseline = Measured { machine: Machine { kubound: "0.0.9".to_owned(), ..machine() }, rows: before };
    let changes = Some(Changes::since(&baseline, &machine(), &rows));
    let benchmarks = Benchmarks { shard: None, machine: machine(), rows, contradictions: Vec::new(), changes };
    assert_reads("bench_since", &Document::Benchmarks(&benchmarks));
}

#[test]
fn engines_side_by_side() {
    let side = |engine: &str, found: Vec<Value>, failure: Option<&str>| Side {
        engine: engine.to_owned(),
        answers: found
            .iter()
            .map(|found| Found::read(found).expect("a result"))
            .map(|found| Answered { replayed: (found.claim.word() == "violated").then_some(true), found })
            .collect(),
        seconds: 0.25,
        bytes: Some(40 << 20),
        failure: failure.map(str::to_owned),
    };
    let sides = vec![
        side("explicit", said("violated", 7), None),
        side("sat", said("holds", 9), None),
        side("smt", Vec::new(), Some("killed")),
    ];
    assert_reads("compare", &Document::Compared(&Comparison::of("c1 at 10".to_owned(), sides)));
}

#[test]
fn conformance() {
    let mut scheduler = Component::new("kube-scheduler", "v1.34.0");
    for (id, verdict) in [
        ("one", Verdict::Agrees),
        ("two", Verdict::Differs("node: n1, not n2".to_owned())),
        ("three", Verdict::Differs("score: 7, not 8".to_owned())),
        ("four", Verdict::NotModelled("volumes".to_owned())),
    ] {
        scheduler.count("placement", id, verdict);
    }
    let mut kubelet = Component::new("kubelet", "v1.34.0");
    kubelet.count("start", "five", Verdict::Agrees);
    let report = Report { components: vec![scheduler, kubelet] };
    assert_reads("conformance", &Document::Conformance(Conformance { report: &report, shown: 1 }));
}

#[test]
fn parts_told_one_by_one_come_to_the_whole_document() {
    let input = read(&case("c7", 3, false));
    let (results, skipped) = results(&input, |_| ());
    for several in [false, true] {
        let inputs = vec![Checked::new(&results, &skipped); 2];
        let document =
            Document::Check(Check { inputs, several, diagnostics: Some(Vec::new()), shard: None, baseline: None });
        let parts = document.parts();
        for format in FORMATS {
            let whole = format.render(&document, Detail::Verbose);
            for told in 0..=parts.len() {
                let first: String = parts[..told].iter().map(|part| format.part(part, Detail::Verbose)).collect();
                assert_eq!(first + &format.rest(&document, told, Detail::Verbose), whole, "{} {told}", format.name);
            }
        }
    }
}
