//! GitOps controllers: what Git declares and the cluster has otherwise is put back, all of it that one of their objects
//! declares at once, and again and again.
//!
//! Part of the rules `argocd/self-heal` and `flux/reconcile`: they say when a field is written, and this file writes it.
//! Whoever else changes sizes and templates knows nothing of it.

pub mod argo_cd;
pub mod flux;

use crate::cluster::object::gitops::{Declared, Field, Sync, Tool};
use crate::cluster::object::spec::Workload;
use crate::cluster::view::deed::Deed;
use crate::cluster::view::rule::Rule;
use crate::cluster::view::story::{Narrator, Scene, Sentence, join_names};
use crate::cluster::view::{Cluster, WorkloadVars};
use crate::system::{ActionDraft, ActionKind, IntVar, MarkId, State};
use crate::term::{Bool, TermId};

/// The rules of GitOps controllers.
pub static RULES: &[&Rule] = &[&argo_cd::RULE, &flux::RULE];

/// When a field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Written {
    /// Only when the object is made.
    AtCreation,
    /// Also when another field of the object is written.
    Along,
    /// Whenever it differs.
    OnDrift,
}

/// Adds an action for each object of a GitOps controller, unless nothing that it declares can ever differ.
pub fn add(cluster: &Cluster<'_>) {
    for sync in &cluster.spec.scenario.syncs {
        if cluster.is_stopped() {
            return;
        }
        add_one(cluster, sync);
    }
}

/// Adds the action of a controller on one of its objects. Where others may come between the calls of a reconcile, each workload
/// has an action of its own.
fn add_one(cluster: &Cluster<'_>, sync: &Sync) {
    let mut step = Step::new(cluster);
    for (index, object, vars) in cluster.owners() {
        for declared in sync.declared.iter().filter(|declared| declared.target == object.key) {
            step.put_back(cluster, sync.tool, (index, object, vars), declared);
            if !cluster.spec.scenario.interleaving.waits() {
                let whole = std::mem::replace(&mut step, Step::new(cluster));
                act(cluster, sync, format!("gitops {}: {}", sync.name, object.key), whole);
            }
        }
    }
    act(cluster, sync, format!("gitops {}", sync.name), step);
}

/// Adds an action, unless nothing can ever make it happen.
fn act<'c>(cluster: &Cluster<'c>, sync: &Sync, name: String, step: Step<'c>) {
    let guard = cluster.ctx().any(step.drifts);
    if guard.constant() == Some(false) {
        return;
    }
    cluster.note_ahead(guard);
    let rule = match sync.tool {
        Tool::ArgoCd { .. } => &argo_cd::RULE,
        Tool::Flux => &flux::RULE,
    };
    let draft = ActionDraft::new(name, ActionKind::Periodic, guard, step.next).marked(step.marks);
    cluster.act(rule, draft, narrator(sync.name.clone(), step.lines));
}

/// What putting back does to all that is declared.
struct Step<'c> {
    next: State<'c>,
    /// For each workload, whether something of it is put back.
    drifts: Vec<Bool<'c>>,
    marks: Vec<(MarkId, Bool<'c>)>,
    lines: Vec<Line>,
}

/// What a story tells of one workload.
struct Line {
    /// Its name.
    name: String,
    /// Whether it is put back.
    drifts: TermId,
    /// Whether it was gone.
    missing: TermId,
    replicas: IntVar,
    template: Option<IntVar>,
}

impl<'c> Step<'c> {
    fn new(cluster: &Cluster<'c>) -> Self {
        Step { next: cluster.state(), drifts: Vec::new(), marks: Vec::new(), lines: Vec::new() }
    }

    fn put_back(
        &mut self,
        cluster: &Cluster<'c>,
        tool: Tool,
        (index, object, vars): (usize, &Workload, &WorkloadVars),
        declared: &Declared,
    ) {
        let (ctx, state) = (cluster.ctx(), cluster.state());
        let missing = !cluster.exists(&state, vars);
        let mut fields = vec![];
        if let Some(replicas) = declared.replicas.filter(|_| may_differ(cluster, object, vars, declared)) {
            fields.push((vars.replicas, replicas.value, written(tool, declared, &replicas)));
        }
        if let Some(revision) = vars.revision {
            let value = declared.template.value as i64;
            fields.push((revision, value, written(tool, declared, &declared.template)));
        }
        let differs = |&(var, value, _): &(IntVar, i64, Written)| state.get(var).ne(value);
        let reasons = fields.iter().filter(|(_, _, written)| *written == Written::OnDrift);
        let drifts = missing | ctx.any(reasons.map(differs));
        for &(var, value, written) in &fields {
            let is_written = if written == Written::AtCreation { missing } else { drifts };
            self.next.set(var, is_written.ite(value, state.get(var)));
        }
        if let Some(exists) = vars.exists {
            self.next.set_bool(exists, ctx.bool(true));
        }
        let resized = self.next.get(vars.replicas).ne(state.get(vars.replicas));
        self.marks.push((cluster.resize_mark(index), resized));
        self.drifts.push(drifts);
        self.lines.push(Line {
            name: object.key.to_string(),
            drifts: drifts.id(),
            missing: missing.id(),
            replicas: vars.replicas,
            template: vars.revision,
        });
    }
}

/// Whether `spec.replicas` of a workload can ever be others than those declared.
fn may_differ(cluster: &Cluster<'_>, object: &Workload, vars: &WorkloadVars, declared: &Declared) -> bool {
    let spec = &cluster.spec;
    let is_given = declared.replicas.is_some_and(|field| field.given);
    let start = || cluster.fixed_replicas(object, "a GitOps controller puts them back");
    is_given && declared.changes_replicas(start())
        || vars.exists.is_some()
        || spec.scenario.resizes(object)
        || spec.scales(&object.key)
}

fn written<T>(tool: Tool, declared: &Declared, field: &Field<T>) -> Written {
    if !field.given || declared.only_created {
        return Written::AtCreation;
    }
    match tool {
        Tool::ArgoCd { respects_ignored } => argo_cd::written(field, respects_ignored),
        Tool::Flux => flux::written(field),
    }
}

fn narrator(name: String, lines: Vec<Line>) -> Narrator {
    Box::new(move |scene: &Scene<'_>| {
        let drifted: Vec<String> =
            lines.iter().filter(|line| scene.holds(line.drifts)).map(|line| line.tell(scene)).collect();
        Sentence::new(name.clone(), format!("puts back {}", join_names(drifted.iter().map(String::as_str))))
            .done(Deed::PutsBack { sync: name.clone() })
    })
}

impl Line {
    fn tell(&self, scene: &Scene<'_>) -> String {
        if scene.holds(self.missing) {
            return format!("{}, which was gone", self.name);
        }
        let at = |var: IntVar| (scene.before[var.index()], scene.after[var.index()]);
        let (before, after) = at(self.replicas);
        let template = self.template.map(at).is_some_and(|(before, after)| before != after);
        match (before != after, template) {
            (true, true) => format!("the template of {} and its replicas from {before} to {after}", self.name),
            (true, false) => format!("the replicas of {} from {before} to {after}", self.name),
            _ => format!("the template of {}", self.name),
        }
    }
}
