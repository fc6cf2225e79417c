//! Jobs and CronJobs in the model: what their pods take from others, what they count, and what of them a dump leaves; on
//! several engines and with every node told apart.

mod support;

use std::time::Duration;

use kubound::check::{self, Answer, CheckResult, Focus, Options, source};
use kubound::cluster::object::spec::WorkloadKind;
use kubound::engine::explicit::Explicit;
use kubound::engine::sat::Sat;
use kubound::engine::{Budget, Engine};
use kubound::input::{LoadOptions, Loaded, load_strings};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use support::ways;

/// A Deployment of pods that request a core each.
fn deployment(replicas: u32) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: {replicas}\n  \
         selector: {{matchLabels: {{app: web}}}}\n  strategy: {{rollingUpdate: {{maxSurge: 1, maxUnavailable: 0}}}}\n  \
         template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      containers: [{{name: main, image: web, \
         resources: {{requests: {{cpu: 1}}}}}}]\n"
    )
}

/// The spec of a Job in one line, whose pods request `cpu`.
fn job_spec(cpu: &str, more: &str) -> String {
    format!(
        "{{{more}template: {{spec: {{restartPolicy: Never, containers: [{{name: main, image: work, resources: \
         {{requests: {{cpu: {cpu}}}}}}}]}}}}}}"
    )
}

fn job(name: &str, cpu: &str, more: &str) -> String {
    format!("---\napiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}}}\nspec: {}\n", job_spec(cpu, more))
}

fn cron_job(policy: &str, more: &str) -> String {
    let spec = job_spec("1", "");
    format!(
        "---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: report}}\nspec: {{schedule: '@hourly', \
         concurrencyPolicy: {policy}, {more}jobTemplate: {{spec: {spec}}}}}\n"
    )
}

fn scenario(nodes: u32, cpu: u32, more: &str) -> String {
    format!(
        "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  nodePools: [{{name: worker, count: {nodes}, template: \
         {{allocatable: {{cpu: {cpu}}}}}}}]\n{more}"
    )
}

fn checked(engine: &dyn Engine, reduce: bool, texts: &[&str]) -> Vec<CheckResult> {
    let named: Vec<(&str, &str)> = ["a.yaml", "b.yaml"].into_iter().zip(texts.iter().copied()).collect();
    let mut input = source::of_texts(&named).unwrap_or_else(|error| panic!("{error}"));
    // How far runs with overlapping actions are looked at depends on the size of the model.
    input.spec.scenario.interleaves_by_default = false;
    let focus = if reduce { Focus::Auto } else { Focus::Off };
    let budget = Budget { time: Some(Duration::from_secs(30)), ..Budget::bound(4) };
    let options = Options { all: true, reduce, focus, ..Options::new(engine, budget) };
    check::check(&input, &options, &mut |_| ()).unwrap_or_else(|error| panic!("{error}")).0
}

/// What is said of `pods-schedulable`: by subject, at which k.
fn verdict(results: &[CheckResult]) -> String {
    let about = results.iter().filter(|it| it.property == "pods-schedulable");
    let said = about.filter_map(|result| match &result.answer {
        Answer::Holds(_) => None,
        Answer::Violated(found) => Some(format!("{} at k = {}", result.subject, found.k)),
        Answer::Unknown { reason, .. } => panic!("undecided: {reason}"),
    });
    let said: Vec<String> = said.collect();
    if said.is_empty() { "holds".to_owned() } else { said.join(", ") }
}

/// The verdict, on which all engines agree, reduced or not.
fn agreed(texts: &[&str]) -> String {
    let ways: [(&dyn Engine, bool); 3] = [(&Explicit, true), (&Explicit, false), (&Sat::default(), true)];
    let verdicts: Vec<String> = ways.iter().map(|&(engine, reduce)| verdict(&checked(engine, reduce, texts))).collect();
    assert!(verdicts.iter().all(|it| *it == verdicts[0]), "{verdicts:?}");
    verdicts[0].clone()
}

const ANY: &str = "  cronJobs: [{target: cronjob/report, atMost: any}]\n";

const GROWS: &str = "  commands: [{scale: {target: deployment/web, replicas: 2}}]\n";

#[test]
fn jobs_that_never_end_pile_up_where_they_may() {
    let web = deployment(1);
    let with = |cron: &str, more: &str| agreed(&[&format!("{web}{cron}"), &scenario(1, 3, &(GROWS.to_owned() + more))]);
    assert_eq!(with(&cron_job("Allow", ""), ANY), "web at k = 3");
    assert_eq!(with(&cron_job("Forbid", ""), ANY), "holds");
    assert_eq!(with(&cron_job("Replace", ""), ANY), "holds");
    // A CronJob makes one when the one before is over, unless somebody says otherwise.
    assert_eq!(with(&cron_job("Allow", ""), ""), "holds");
    assert_eq!(with(&cron_job("Allow", "suspend: true, "), ANY), "holds");
    // Suspending comes too late, or not at all.
    assert_eq!(with(&cron_job("Allow", ""), "  cronJobs: [{target: cronjob/report, atMost: 2}]\n"), "web at k = 3");
}

#[test]
fn a_job_takes_the_room_of_a_rollout_until_it_ends() {
    let update = "  commands:\n  - apply:\n      apiVersion: apps/v1\n      kind: Deployment\n      metadata: {name: web}\n      \
                  spec:\n        replicas: 1\n        selector: {matchLabels: {app: web}}\n        strategy: {rollingUpdate: \
                  {maxSurge: 1, maxUnavailable: 0}}\n        template:\n          metadata: {labels: {app: web}}\n          \
                  spec: {containers: [{name: main, image: new, resources: {requests: {cpu: 1}}}]}\n";
    let with = |job: &str| agreed(&[&format!("{}{job}", deployment(1)), &scenario(1, 3, update)]);
    assert_eq!(with(&job("load", "2", "")), "web at k = 1");
    assert_eq!(with(&job("load", "2", "suspend: true, ")), "holds");
    assert_eq!(with(&job("load", "1", "completions: 5, parallelism: 1, ")), "holds");
    assert_eq!(with(&job("load", "1", "completions: 5, parallelism: 2, ")), "web at k = 1");
}

#[test]
fn pods_of_jobs_wait_for_each_other_and_for_nothing_else() {
    let nodes = scenario(1, 3, "");
    assert_eq!(agreed(&[&job("load", "2", "completions: 4, parallelism: 2, "), &nodes]), "holds");
    assert_eq!(agreed(&[&(job("load", "2", "") + &job("more", "2", "")), &nodes]), "holds");
    assert_eq!(agreed(&[&job("load", "4", ""), &nodes]), "load at k = 0");
}

#[test]
fn a_job_is_resumed_created_and_deleted() {
    let with = |manifests: &str, commands: &str| {
        agreed(&[&format!("{}{manifests}", deployment(1)), &scenario(1, 2, &format!("  commands: [{commands}]\n"))])
    };
    let grow = "{scale: {target: deployment/web, replicas: 2}}";
    let suspended = job("load", "1", "suspend: true, ");
    assert_eq!(with(&suspended, &format!("{{resume: job/load}}, {grow}")), "web at k = 2");
    assert_eq!(with(&suspended, grow), "holds");
    let spec = job_spec("1", "");
    let create = format!("{{create: {{apiVersion: batch/v1, kind: Job, metadata: {{name: load}}, spec: {spec}}}}}");
    assert_eq!(with("", &format!("{create}, {grow}")), "web at k = 2");
    // Once it is deleted, its pods make room.
    assert_eq!(with(&job("load", "1", ""), &format!("{{delete: job/load}}, {grow}")), "holds");
    assert_eq!(with(&job("load", "1", ""), &format!("{{suspend: job/load}}, {grow}")), "holds");
    assert_eq!(with(&job("load", "1", ""), grow), "web at k = 1");
}

#[test]
fn verdicts_are_without_more_jobs_than_were_looked_at() {
    let text = deployment(1) + &cron_job("Allow", "");
    let large = checked(&Explicit, true, &[&text, &scenario(50, 8, &(GROWS.to_owned() + ANY))]);
    assert_eq!(verdict(&large), "holds");
    assert!(large.iter().all(|it| it.without == ["more than 2 Jobs of a CronJob at a time"]));
    let known = format!("{GROWS}  cronJobs: [{{target: cronjob/report, atMost: 3}}]\n");
    let small = checked(&Explicit, true, &[&text, &scenario(50, 8, &known)]);
    assert!(verdict(&small) == "holds" && small.iter().all(|it| it.without.is_empty()));
}

fn loaded(text: &str) -> Loaded {
    let texts = [("dump.yaml", text), ("scenario.yaml", &scenario(2, 4, ""))];
    load_strings(&texts, LoadOptions::default()).unwrap_or_else(|error| panic!("{error}"))
}

/// A Job as an API server prints it, and a pod of it.
fn live(name: &str, owner: &str, status: &str) -> String {
    let spec = job_spec("1", "completions: 3, parallelism: 2, ");
    format!(
        "---\napiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}, uid: {name}{owner}}}\nspec: {spec}\nstatus: \
         {{{status}}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}-x, uid: {name}-x, ownerReferences: \
         [{{apiVersion: batch/v1, kind: Job, name: {name}, uid: {name}, controller: true}}]}}\nspec: {{nodeName: worker-1, \
         containers: [{{name: main, resources: {{requests: {{cpu: 1}}}}}}]}}\nstatus: {{phase: Running, conditions: [{{type: \
         Ready, status: 'True'}}]}}\n"
    )
}

#[test]
fn what_is_over_in_a_dump_is_left_out_and_the_rest_goes_on() {
    let spec = loaded(&live("load", "", "active: 1, succeeded: 1, failed: 2")).spec;
    let [workload] = &spec.workloads[..] else { panic!("one Job") };
    assert_eq!((workload.kind, workload.replicas, workload.revisions[0].pods.len()), (WorkloadKind::Job, 2, 1));
    let done = workload.batch.as_ref().expect("a Job").done;
    assert_eq!((done.succeeded, done.failed), (1, 2));

    let over = "succeeded: 3, conditions: [{type: Complete, status: 'True'}]";
    let text = live("load", "", over).replace("phase: Running", "phase: Succeeded");
    let input = loaded(&(deployment(1) + &text));
    assert_eq!(input.spec.workloads.len(), 1, "only the Deployment is left");
    assert!(input.diagnostics.to_string().contains("1 Jobs that are over are left out"), "{}", input.diagnostics);
}

#[test]
fn jobs_of_a_cron_job_are_part_of_it() {
    let owner =
        ", ownerReferences: [{apiVersion: batch/v1, kind: CronJob, name: report, uid: report, controller: true}]";
    let cron = cron_job("Forbid", "").replace("name: report}", "name: report, uid: report}");
    let spec = loaded(&(cron + &live("report-1", owner, "active: 1, succeeded: 2"))).spec;
    let [workload] = &spec.workloads[..] else { panic!("one CronJob: {:?}", spec.workloads) };
    assert_eq!((workload.kind, workload.revisions[0].pods.len()), (WorkloadKind::CronJob, 1));
    assert_eq!(workload.batch.as_ref().expect("a CronJob").done.wanted, 1);
}

#[test]
fn what_the_api_refuses_is_said_where_it_is_written() {
    let refused = |text: &str| {
        let texts = [("job.yaml", text), ("scenario.yaml", &scenario(1, 4, ""))];
        load_strings(&texts, LoadOptions::default()).err().map(|errors| errors.to_string()).unwrap_or_default()
    };
    let always = job("load", "1", "").replace("restartPolicy: Never, ", "");
    assert!(refused(&always).contains("spec.template.spec.restartPolicy: `Always` is not allowed here"));
    let indexed = job("load", "1", "completionMode: Indexed, ");
    assert!(refused(&indexed).contains("spec.completions: an Indexed Job needs completions"));
    let early = job("load", "1", "backoffLimitPerIndex: 1, ");
    assert!(refused(&early).contains("spec.backoffLimitPerIndex: only Indexed Jobs have this"));
    let policy = cron_job("Sometimes", "");
    assert!(refused(&policy).contains("spec.concurrencyPolicy: `Sometimes` is not allowed here"));
}

/// A cluster of a Deployment, a Job and a CronJob as one text, under something that happens to nodes.
fn cluster() -> impl Strategy<Value = String> {
    let of_jobs = [
        "completions: 2, ",
        "parallelism: 2, ",
        "completions: 3, parallelism: 2, backoffLimit: 0, podReplacementPolicy: Failed, ",
        "completions: 2, completionMode: Indexed, backoffLimitPerIndex: 0, ",
        "podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: DisruptionTarget}]}]}, ",
        "activeDeadlineSeconds: 60, ",
    ];
    let events = ["", "  failures: {atMost: 1, recover: false}\n", "  maintenance: {parallel: 1, once: true}\n", GROWS];
    let policies = prop::sample::select(vec!["Allow", "Forbid", "Replace"]);
    let interleavings = prop::sample::select(vec!["racing", "settled"]);
    let (jobs, events) = (prop::sample::select(of_jobs.to_vec()), prop::sample::select(events.to_vec()));
    (jobs, policies, events, interleavings, 0..3_usize).prop_map(|(more, policy, event, mode, left)| {
        let mut owners = vec![deployment(1), job("load", "1", more), cron_job(policy, "")];
        let left = if event == GROWS { left.max(1) } else { left };
        owners.remove(left);
        let any = if left == 2 { "" } else { ANY };
        let scenario = scenario(1, 2, &format!("{event}{any}  interleaving: {mode}\n"));
        owners.into_iter().chain([scenario]).collect::<Vec<_>>().join("\n---\n").replace("---\n---\n", "---\n")
    })
}

#[test]
fn random_clusters_get_the_same_verdicts_in_all_ways() {
    let config = Config { cases: 8, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&cluster(), |text| ways::compare(&text).map(|_| ()));
    outcome.unwrap_or_else(|error| panic!("{error}"));
    let owners = format!("{}{}", deployment(1), job("load", "1", ""));
    let text = format!("{owners}\n---\n{}", scenario(1, 2, GROWS));
    assert!(ways::compare(&text).unwrap_or_else(|error| panic!("{error}")) > 0, "a Job takes the room");
}
