//! What scenarios and configurations say of time: every form, every error at its place, and what is assumed without.

use std::fs;
use std::path::PathBuf;

use kubound::cluster::object::timing::{Span, Timing};
use kubound::input::{self, Diagnostics, LoadOptions};
use kubound::term::Limit;
use tempfile::TempDir;

const WEB: &str = include_str!("fixtures/web.yaml");
const NODE: &str = "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus: {allocatable: {cpu: 4, memory: 8Gi}}\n";
const HEAD: &str = "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n";

fn read(scenario: &str) -> Result<Option<Timing>, Diagnostics> {
    let texts = [("nodes.yaml", NODE), ("web.yaml", WEB), ("s.yaml", scenario)];
    input::load_strings(&texts, LoadOptions::default()).map(|loaded| loaded.spec.scenario.timing)
}

/// What a scenario's `timing` comes to, given in flow style.
fn timing(given: &str) -> Option<Timing> {
    read(&format!("{HEAD}  timing: {given}\n")).unwrap_or_else(|errors| panic!("{given}: {errors}"))
}

#[test]
fn what_is_not_given_is_the_default() {
    assert_eq!(read(&format!("{HEAD}  bound: 3\n")).ok(), Some(Some(Timing::default())));
    assert_eq!(timing("{}"), Some(Timing::default()));
    assert_eq!(timing("null"), Some(Timing::default()));
    assert_eq!(timing("none"), None);
}

#[test]
fn every_field_is_read() {
    let all = "{reaction: 0s..2s, podStart: 5s..2m, termination: 0s..35s, schedulingBackoff: 1s.., controllerBackoff: 0s..10s, \
               nodeMonitorGrace: 40s, descheduling: 10m, pause: 65s.., commands: 1m30s..1h, load: 30}";
    let expected = Timing {
        reaction: Span::within(0, 2),
        pod_start: Span::within(5, 120),
        termination: Some(Span::within(0, 35)),
        scheduling_backoff: Span::at_least(1),
        controller_backoff: Span::within(0, 10),
        node_monitor_grace: 40,
        descheduling: Some(600),
        pause: Span::at_least(65),
        commands: Span::within(90, 3600),
        load: Span::within(30, 30),
    };
    assert_eq!(timing(all), Some(expected));
}

#[test]
fn spans_are_read_as_they_are_written() {
    for (given, span) in [
        ("5s", Span::within(5, 5)),
        ("0", Span::within(0, 0)),
        ("1..60", Span::within(1, 60)),
        ("' 1s .. 60s '", Span::within(1, 60)),
        ("1m5s..", Span::at_least(65)),
        ("24h..", Span::at_least(86_400)),
    ] {
        let read = timing(&format!("{{pause: {given}}}")).expect("a clock").pause;
        assert_eq!(read, span, "{given}");
        assert_eq!(timing(&format!("{{pause: {read}}}")).expect("a clock").pause, span, "{read}");
    }
}

#[test]
fn errors_are_at_their_fields_and_say_what_to_do() {
    for (given, at, told, help) in [
        ("soon", 11, "timing: invalid value: string \"soon\"", "`none`, or fields such as"),
        ("[1]", 3, "timing: invalid type: sequence", "`none`, or fields such as"),
        ("{podstart: 1s}", 12, "unknown field `podstart`", "`podStart`"),
        ("{pause: x}", 19, "spec.timing.pause: `x` is not a span of time", "write a span such as `1s..60s`"),
        ("{pause: ..5s}", 19, "`..5s` is not a span of time", "write a span"),
        ("{pause: 1s..2s..3s}", 19, "is not a span of time", "write a span"),
        ("{pause: 1d..}", 19, "`1d..` is not a span of time", "write a span"),
        ("{pause: -1s..5s}", 19, "`-1s..5s` is not a span of time", "write a span"),
        ("{pause: [1s]}", 12, "a span such as `1s..60s`, `65s..` or `5s`", ""),
        ("{pause: 60s..1s}", 19, "`60s..1s` ends before it begins", "write the least first"),
        ("{pause: 25h..}", 19, "90000 s are more than a day", "give at most 24h"),
        ("{load: 1s..48h}", 18, "172800 s are more than a day", "write none, as in `65s..`"),
        ("{descheduling: 0s}", 26, "a period of 0 never passes", "give 1s or more"),
        ("{descheduling: 5m..10m}", 26, "`5m..10m` is a span, and this is a period", "of which there is one"),
        ("{descheduling: often}", 26, "`often` is not a duration", "write a duration such as `90s`"),
        ("{descheduling: 25h}", 26, "more than a day", "give at most 24h"),
        ("{controllerBackoff: 10s..1s}", 31, "`10s..1s` ends before it begins", "write the least first"),
        (
            "{controllerBackoff: slowly}",
            31,
            "spec.timing.controllerBackoff: `slowly` is not a span of time",
            "write a span",
        ),
        ("{nodeMonitorGrace: 40s..50s}", 30, "`40s..50s` is a span, and this is a period", "of which there is one"),
        ("{nodeMonitorGrace: soon}", 30, "spec.timing.nodeMonitorGrace: `soon` is not a duration", "write a duration"),
    ] {
        let errors = read(&format!("{HEAD}  timing: {given}\n")).expect_err(given).to_string();
        assert!(errors.contains(&format!("s.yaml:4:{at}: error: ")), "{given}: {errors}");
        assert!(errors.contains(told) && errors.contains(help), "{given}: {errors}");
    }
}

#[test]
fn all_errors_are_told_at_once() {
    let errors = read(&format!("{HEAD}  timing: {{pause: x, load: 2s..1s, descheduling: 0}}\n")).expect_err("three");
    assert_eq!(errors.iter().count(), 3, "{errors}");
}

#[test]
fn what_init_writes_reads_back_as_the_defaults() {
    let loaded = input::load_strings(&[("n.yaml", NODE), ("w.yaml", WEB)], LoadOptions::default()).expect("it loads");
    let written = input::init_scenario(&loaded.spec);
    assert_eq!(read(&written).ok(), Some(Some(Timing::default())), "{written}");
    let begins = written.find("  # timing:\n").expect("a block of times");
    let (before, block) = written.split_at(begins);
    let block: String = block.lines().map(|line| format!("{}\n", line.replacen("# ", "", 1))).collect();
    let expected = Timing { termination: Some(Span::within(0, 35)), descheduling: Some(300), ..Timing::default() };
    assert_eq!(read(&format!("{before}{block}")).map_err(|it| it.to_string()), Ok(Some(expected)), "{block}");
}

#[test]
fn schemas_describe_times() {
    for schema in [input::scenario_schema(), input::config_schema()] {
        let named = schema["$defs"]["Spans"]["properties"].as_object().expect("fields").keys().cloned();
        let fields = "reaction podStart termination schedulingBackoff controllerBackoff nodeMonitorGrace descheduling pause commands \
                      load";
        assert_eq!(named.collect::<Vec<_>>().join(" "), fields);
        let timing = schema["$defs"]["Timing"].to_string();
        assert!(timing.contains("none") && timing.contains("#/$defs/Spans"), "{timing}");
    }
}

/// A directory with a cluster, a scenario and a configuration.
fn project(scenario: &str, config: &str) -> (TempDir, Vec<PathBuf>, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).expect("written");
        path
    };
    let cluster = write("cluster.yaml", &format!("{NODE}---\n{WEB}---\n{scenario}"));
    let config = write(".kubound.yaml", config);
    (directory, vec![cluster], config)
}

fn configured(scenario: &str, config: &str) -> Result<Option<Timing>, String> {
    let (_directory, paths, config) = project(scenario, config);
    let loaded = input::load_configured(&paths, Some(&config), LoadOptions::default(), &Limit::default());
    loaded.map(|loaded| loaded.spec.scenario.timing).map_err(|errors| errors.to_string())
}

#[test]
fn a_configuration_says_what_the_scenario_does_not() {
    let slow = Some(Timing { pod_start: Span::within(60, 300), ..Timing::default() });
    const SLOW: &str = "timing: {podStart: 60s..5m}\n";
    assert_eq!(configured("", SLOW), Ok(slow.clone()));
    assert_eq!(configured(&format!("{HEAD}  bound: 3\n"), SLOW), Ok(slow.clone()));
    assert_eq!(configured(&format!("{HEAD}  timing: none\n"), SLOW), Ok(None));
    assert_eq!(configured(&format!("{HEAD}  timing: {{}}\n"), SLOW), Ok(Some(Timing::default())));
    assert_eq!(configured("", "timing: none\n"), Ok(None));
    assert_eq!(configured("", "bound: 3\ntiming:\n"), Ok(Some(Timing::default())));
    assert_eq!(configured("", &format!("{SLOW}scenario: {{bound: 3}}\n")), Ok(slow));
    assert_eq!(configured("", &format!("{SLOW}scenario: {{timing: none}}\n")), Ok(None));
    let errors = configured("", "timing: {pause: 2s..1s}\n").expect_err("it ends before it begins");
    assert!(errors.contains(".kubound.yaml:1:17: error: timing.pause:"), "{errors}");
}

#[test]
fn repairs_and_checks_read_the_same_times() {
    let (_directory, paths, config) = project("", "timing: none\n");
    let mut sink = Diagnostics::default();
    let sources = input::sources(&paths, Some(&config), &Limit::default(), &mut sink);
    let loaded = input::load_sources(&sources, LoadOptions::default()).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(loaded.spec.scenario.timing, None);
    assert!(sink.is_empty() && !loaded.scenario_given, "{sink}");
}

#[test]
fn what_is_assumed_is_said_in_a_line() {
    let told = |scenario: &str| {
        let texts = [("n.yaml", NODE), ("w.yaml", WEB), ("s.yaml", scenario)];
        let loaded = input::load_strings(&texts, LoadOptions::default()).unwrap_or_else(|errors| panic!("{errors}"));
        input::describe_defaults(&loaded.spec).pop().unwrap_or_default()
    };
    let usual = "controllers react within 0s..5s, pods start within 1s..1m and end within their grace periods; pods that do \
                 not fit are tried again after 1s..10s";
    assert_eq!(told(&format!("{HEAD}  bound: 3\n")), usual);
    let pauses = told(&format!(
        "{HEAD}  maintenance: {{parallel: 1}}\n  timing: {{termination: 1s.., pause: 65s.., load: 30s..}}\n"
    ));
    assert!(pauses.contains("end within 1s..;"), "{pauses}");
    assert!(pauses.ends_with("; maintenance pauses for 1m5s..; loads stay for 30s.."), "{pauses}");
    assert!(told(&format!("{HEAD}  timing: none\n")).starts_with("there is no clock"));
}
