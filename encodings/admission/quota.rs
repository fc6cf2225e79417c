//! ResourceQuotas: how many more pods of a template they admit.
//!
//! What is used is what pods that exist take: those that wait, those on nodes, and those that are being deleted until they are
//! gone. Which quotas can matter at all is known before ([`Limits`](crate::cluster::counting::quotas::Limits)).

use crate::cluster::TemplateId;
use crate::cluster::arithmetic::gcd;
use crate::cluster::counting::quotas::Allowance;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Line, Scene};
use crate::cluster::view::{Cluster, effect};
use crate::property;
use crate::system::{Effect, State};
use crate::term::{Int, TermId};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "admission/ResourceQuota",
    component: Admission,
    upstream: [
        "staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go" => ["CheckRequest"],
        "pkg/quota/v1/evaluator/core/pods.go" => ["Constraints", "Usage", "Matches"],
    ],
    decides: "How many more pods of a template the quotas of its namespace admit: by number, requests and limits, of \
        the scopes that it is in. One that says nothing of a limited compute resource is never admitted.",
    parts: [
        "pods, count/pods, requests and limits of cpu, memory, ephemeral storage and extended resources; scopes and \
            scope selectors" =>
            "exact",
        "pods that are being deleted" => "exact: they count until they are gone",
        "a ReplicaSet that is refused" =>
            "exact in effect: it has as many pods as are admitted and tries again as soon as there is room; its \
                back-off is time, and left out. In `async` runs it may get fewer",
    ],
    omits: [
        "quotas on other objects: `count/replicasets.apps` is asked when Deployments make ReplicaSets" =>
            "`count/deployments.apps`, `count/statefulsets.apps`, `count/daemonsets.apps`, `count/jobs.batch`, \
                `count/cronjobs.batch` and quotas on claims and storage are not asked; where somebody may be refused, verdicts say so",
        "statuses of quotas that lag behind" => "only in `async`, where a ReplicaSet may get fewer pods than there is room for",
        "DaemonSets" => "no quota refuses their pods, which count all the same; verdicts say so",
    ],
};

/// How many more pods of a template are admitted.
pub struct Room<'c> {
    /// So many; `None` where nothing refuses any.
    pub pods: Option<Int<'c>>,
    /// By quota and resource: what is told of it.
    told: Vec<Told>,
    /// What is told of what never admits one.
    never: Option<String>,
}

struct Told {
    /// `ResourceQuota compute` and the resource.
    quota: String,
    resource: String,
    pods: TermId,
    used: TermId,
    unit: i64,
    hard: i64,
}

/// How many more pods of a template are admitted in a state.
pub fn room<'c>(cluster: &Cluster<'c>, state: &State<'c>, template: TemplateId) -> Room<'c> {
    let limits = cluster.quotas(template);
    let name = |position: usize| {
        let metadata = &cluster.spec.quotas[position].metadata;
        format!("ResourceQuota {}", metadata.name.as_deref().unwrap_or_default())
    };
    let (mut pods, mut told) = (None, Vec::new());
    for allowance in &limits.allowances {
        let (unit, used) = used(cluster, state, allowance);
        let left = cluster.ctx().int(allowance.left.max(0) / unit);
        let here = left.minus_or_zero(used).div(allowance.each / unit);
        let (resource, hard) = (allowance.resource.clone(), allowance.left);
        told.push(Told { quota: name(allowance.quota), resource, pods: here.id(), used: used.id(), unit, hard });
        pods = Some(pods.map_or(here, |pods: Int<'c>| pods.min(here)));
    }
    if limits.never.is_some() {
        pods = Some(cluster.ctx().int(0));
    }
    Room { pods, told, never: limits.never.clone() }
}

/// What is used up, in a unit that divides what every pod takes.
fn used<'c>(cluster: &Cluster<'c>, state: &State<'c>, allowance: &Allowance) -> (i64, Int<'c>) {
    let unit = allowance.takers.iter().fold(0, |unit, &(_, each)| gcd(unit, each)).max(1);
    let taken = allowance.takers.iter().map(|&(id, each)| cluster.existing(state, id) * (each / unit));
    (unit, cluster.ctx().sum(taken))
}

/// Whoever creates pods of a template sees of others whether they exist.
pub fn seen(cluster: &Cluster<'_>, template: TemplateId) -> Vec<Effect> {
    let kinds: [fn(TemplateId) -> Effect; 5] =
        [effect::deleted, effect::taken, effect::ended, effect::waiting, effect::withdrawn];
    let takers = cluster.quotas(template).allowances.iter().flat_map(|it| &it.takers).map(|&(id, _)| id);
    effect::on_nodes(&kinds, takers)
}

impl Room<'_> {
    /// Says which quota keeps an owner from having its pods, where one does: of so many that are missing, unless it goes on.
    pub fn diagnose(&self, cluster: &Cluster<'_>, owner: &str, missing: TermId, goes_on: TermId) {
        if self.pods.is_none() {
            return;
        }
        for property in property::those(|about| about.missing) {
            let (refusal, owner) = (self.refusal(), owner.to_owned());
            let tell = move |scene: &Scene<'_>| match (scene.get(missing), scene.holds(goes_on), refusal(scene)) {
                (lacking @ 1.., false, Some(why)) => {
                    vec![Line { text: format!("{owner} lacks {lacking} pod(s): {why}"), rules: vec![&RULE] }]
                }
                _ => Vec::new(),
            };
            cluster.diagnose(property, Box::new(tell));
        }
    }

    /// What admits no more pods, in words, where something does not.
    fn refusal(&self) -> impl Fn(&Scene<'_>) -> Option<String> + 'static {
        let told: Vec<_> = self.told.iter().map(|it| (it.pods, it.used, it.unit, it.hard, it.text())).collect();
        let never = self.never.clone();
        move |scene| {
            let full = told.iter().find(|(pods, ..)| scene.get(*pods) == 0);
            let full = full
                .map(|(_, used, unit, hard, text)| format!("{text}: {} of {hard} are used", scene.get(*used) * unit));
            never.clone().or(full)
        }
    }
}

impl Told {
    fn text(&self) -> String {
        format!("{} admits no more {}", self.quota, self.resource)
    }
}
