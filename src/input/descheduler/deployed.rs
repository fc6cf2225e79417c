//! Where a descheduler runs: Deployments and CronJobs of its image or command, or that mount the policy. Whether one of
//! them acts at all, and when its cycles begin.
//!
//! What an interval or a schedule amounts to is said in [`crate::cluster::object::interval`].
//!
//! Reference: descheduler `cmd/descheduler/app/options/options.go`, `charts/descheduler` (v0.36).

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::CronJob;
use k8s_openapi::api::core::v1::{Container, PodSpec};

use crate::cluster::object::policy::{Rhythm, Runner};
use crate::cluster::object::spec::{ClusterSpec, ObjectKey};
use crate::input::apply::Manifest;
use crate::input::diagnostics::Diagnostics;
use crate::input::key_of;
use crate::input::object::Located;

/// What the image and the command are called.
const NAME: &str = "descheduler";

/// A descheduler that was found.
pub struct Found {
    runner: Runner,
    key: ObjectKey,
    /// Why it does nothing, unless somebody changes that.
    idle: Option<&'static str>,
    /// Whether it never evicts anything.
    is_dry: bool,
}

impl Found {
    /// Who runs it, if somebody does.
    pub fn acting(&self) -> Option<&Runner> {
        Some(&self.runner).filter(|_| self.idle.is_none() && !self.is_dry)
    }
}

/// Finds deschedulers; `policies` are the ConfigMaps that hold the policy.
pub fn find<'a>(
    deployments: impl Iterator<Item = &'a Located<Deployment>>,
    cron_jobs: impl Iterator<Item = &'a Located<CronJob>>,
    policies: &BTreeSet<ObjectKey>,
) -> Vec<Found> {
    let deployments = deployments.filter_map(|object| {
        let idle = (object.value.replicas() == Some(0)).then_some("has no replicas");
        let given = |flags: &Flags<'_>| flags.value("--descheduling-interval").filter(|it| !is_zero(it));
        found(object, policies, idle, |flags| given(flags).map_or(Rhythm::Once, Rhythm::Every))
    });
    let cron_jobs = cron_jobs.filter_map(|object| {
        let spec = object.value.spec.as_ref();
        let idle = spec.is_some_and(|it| it.suspend == Some(true)).then_some("is suspended");
        let schedule = spec.map(|it| it.schedule.clone()).unwrap_or_default();
        found(object, policies, idle, |_| Rhythm::Scheduled(schedule.clone()))
    });
    deployments.chain(cron_jobs).collect()
}

fn found<T: Manifest>(
    object: &Located<T>,
    policies: &BTreeSet<ObjectKey>,
    idle: Option<&'static str>,
    rhythm: impl Fn(&Flags<'_>) -> Rhythm,
) -> Option<Found> {
    let (key, pod) = (key_of(object.value.metadata()), object.value.template()?.spec.as_ref()?);
    let by_policy = mounts(pod, &key.namespace, policies);
    let container = pod.containers.iter().find(|it| is_descheduler(it) || by_policy && pod.containers.len() == 1)?;
    let flags = Flags::of(container);
    let runner = Runner { name: format!("{} {key}", object.raw.kind), rhythm: rhythm(&flags) };
    let is_dry = flags.value("--dry-run").is_some_and(|it| it != "false");
    Some(Found { runner, key, idle, is_dry })
}

/// Whether a container runs the descheduler, by its image or by its command.
fn is_descheduler(container: &Container) -> bool {
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let image = container.image.as_deref().map(last).unwrap_or_default();
    let command = container.command.iter().flatten().next().map(|it| last(it));
    image.split([':', '@']).next() == Some(NAME) || command.as_deref() == Some(NAME)
}

/// Whether a pod mounts one of these ConfigMaps.
fn mounts(pod: &PodSpec, namespace: &str, maps: &BTreeSet<ObjectKey>) -> bool {
    let names = pod.volumes.iter().flatten().filter_map(|volume| volume.config_map.as_ref());
    let is_known = |name: &String| {
        let among = |map: &ObjectKey| map.name == *name && (map.namespace.is_empty() || map.namespace == namespace);
        maps.iter().any(among)
    };
    names.map(|map| &map.name).any(is_known)
}

/// The words of a command line.
struct Flags<'a>(Vec<&'a str>);

impl<'a> Flags<'a> {
    fn of(container: &'a Container) -> Self {
        let given = container.command.iter().flatten().chain(container.args.iter().flatten());
        Flags(given.flat_map(|it| it.split_whitespace()).collect())
    }

    /// The value of a flag, which may be empty.
    fn value(&self, flag: &str) -> Option<String> {
        let of = |(at, word): (usize, &&str)| match word.strip_prefix(flag)? {
            "" => Some(
                self.0.get(at + 1).filter(|next| !next.starts_with('-')).map_or(String::new(), |it| it.to_string()),
            ),
            rest => rest.strip_prefix('=').map(str::to_owned),
        };
        self.0.iter().enumerate().find_map(of)
    }
}

/// Whether a duration is none: then the descheduler runs once, and ends.
fn is_zero(duration: &str) -> bool {
    !duration.contains(|digit: char| ('1'..='9').contains(&digit))
}

/// Gives the policy those that run it, or takes it away where none acts. What is left out by that: deschedulers that run a
/// policy which is not given.
pub fn settle(cluster: &mut ClusterSpec, found: Vec<Found>, sink: &mut Diagnostics) -> Option<String> {
    let is_changed = |key: &ObjectKey| {
        let scenario = &cluster.scenario;
        let commanded = scenario.commands.iter().any(|command| command.action.target() == Some(key));
        let declared = scenario.syncs.iter().flat_map(|sync| &sync.declared).any(|it| it.target == *key);
        commanded || declared || cluster.scales(key)
    };
    let acts = |it: &Found| !it.is_dry && (it.idle.is_none() || is_changed(&it.key));
    let (acting, idle): (Vec<Found>, Vec<Found>) = found.into_iter().partition(acts);
    if let Some(policy) = &mut cluster.descheduler
        && (!acting.is_empty() || idle.is_empty())
    {
        policy.runners = acting.into_iter().map(|it| it.runner).collect();
        return None;
    }
    for it in idle.iter().filter(|_| cluster.descheduler.is_some()) {
        let why = if it.is_dry { "runs dry (--dry-run)" } else { it.idle.unwrap_or_default() };
        sink.note(format!("{} {why}: the descheduler evicts nothing", it.runner.name));
    }
    cluster.descheduler = None;
    let only = acting.first().filter(|_| cluster.scenario.controllers.descheduler)?;
    sink.note(format!(
        "{} runs a descheduler, and there is no DeschedulerPolicy: it evicts nothing; give its policy, or the ConfigMap \
         that holds it",
        only.runner.name
    ));
    Some(NAME.to_owned())
}
