//! User commands, in the order in which the scenario gives them, each once, at any time after the one before.
//!
//! What `kubectl apply` does to an absent `spec.replicas` was decided when the input was read.

use crate::cluster::counting::reads::{Reader, Reads};
use crate::cluster::object::command::{Command, CommandAction, DrainFlags};
use crate::cluster::object::spec::{ClusterSpec, ObjectKey};
use crate::cluster::view::deed::Deed;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Narrator, Scene, Sentence};
use crate::cluster::view::{Change, Cluster, Declaring, WorkloadVars};
use crate::cluster::{Cell, Template};
use crate::system::{IntVar, MarkId, State};
use crate::term::Bool;

use super::super::job::BatchVars;
use super::super::{disruption, paces};
use super::{kubectl_drain, outside};

/// What commands read of nodes: the names that they give.
pub const READER: Reader = Reader { name: "commands", reads };

fn reads(spec: &ClusterSpec, _: &[Template], reads: &mut Reads) {
    spec.scenario.commands.iter().filter_map(|command| command.action.node()).for_each(|node| reads.name(node));
}

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "environment/commands",
    component: Users,
    upstream: [
        "staging/src/k8s.io/kubectl/pkg/cmd/apply/apply.go" => [],
        "staging/src/k8s.io/kubectl/pkg/cmd/apply/patcher.go" => [],
    ],
    decides: "When the commands of the scenario are given, and what each of them changes.",
    parts: [
        "`apply`: three-way merge" => "exact for the pod template and `spec.replicas`; other fields are out",
        "`apply` of a Job or CronJob that is there: `parallelism`, `suspend`" => "exact; other fields are out",
        "`apply`, `create` and `delete` of a PodDisruptionBudget" => "exact; others replace it as a whole, as if applied without a history",
        "`create`, `delete`, `scale`, `cordon`, `uncordon`, `drain`, `deleteNode`" => "in the order given, each once or never",
    ],
};

/// Declares how many commands have been given; `None` if there are none.
pub fn declare(cluster: &mut Declaring<'_>) -> Option<IntVar> {
    cluster.commands()
}

/// Adds one action per command.
pub fn add(cluster: &Cluster<'_>, given: Option<IntVar>, batch: &BatchVars) {
    let Some(given) = given else { return };
    let (ctx, state) = (cluster.ctx(), cluster.state());
    for (position, command) in cluster.spec.scenario.commands.iter().enumerate() {
        let mut next = state.clone();
        next.set(given, ctx.int(position as i64 + 1));
        let mut marks = Vec::new();
        apply((cluster, batch), &command.action, &state, &mut next, &mut marks);
        let tell = narrator(cluster, &state, position, command);
        let guard = state.get(given).eq(position as i64);
        let name = format!("command {}: {}", position + 1, command.text);
        outside(
            cluster,
            (&RULE, name, paces::commands(cluster)),
            guard,
            (Vec::new(), ctx.bool(true)),
            next,
            marks,
            tell,
        );
    }
}

fn narrator<'c>(cluster: &Cluster<'c>, state: &State<'c>, position: usize, command: &Command) -> Narrator {
    let text = format!("runs `{}`", command.text);
    let declines = match &command.action {
        CommandAction::Drain { node, flags } => kubectl_drain::explanation(cluster, state, node, *flags),
        _ => Vec::new(),
    };
    Box::new(move |scene: &Scene<'_>| {
        let why = declines.iter().filter(|(when, _)| scene.holds(*when)).map(|(_, why)| why.clone());
        let sentence = Sentence::new("user", text.clone()).done(Deed::Command { position });
        let sentence = sentence.by_if(!declines.is_empty(), &kubectl_drain::RULE);
        why.fold(sentence, Sentence::because)
    })
}

fn find<'a>(cluster: &'a Cluster<'_>, key: &ObjectKey) -> Option<(usize, &'a WorkloadVars)> {
    cluster.owners().find(|(_, object, _)| object.key == *key).map(|(index, _, vars)| (index, vars))
}

fn apply<'c>(
    (cluster, batch): (&Cluster<'c>, &BatchVars),
    action: &CommandAction,
    state: &State<'c>,
    next: &mut State<'c>,
    marks: &mut Vec<(MarkId, Bool<'c>)>,
) {
    let ctx = cluster.ctx();
    match action {
        CommandAction::Create { target } => set_existence(cluster, next, target, true),
        CommandAction::Delete { target } => set_existence(cluster, next, target, false),
        CommandAction::Scale { target, replicas } => resize(cluster, state, next, marks, target, *replicas),
        CommandAction::Apply { target, revision, replicas } => {
            if let Some((_, vars)) = find(cluster, target)
                && let Some(var) = vars.revision
            {
                next.set(var, ctx.int(*revision as i64));
            }
            if let Some(replicas) = replicas {
                resize(cluster, state, next, marks, target, *replicas);
            }
        }
        CommandAction::Adjust { target, parallelism, suspended } => {
            if let Some((index, vars)) = find(cluster, target) {
                if let Some(parallelism) = parallelism {
                    next.set(vars.replicas, ctx.int(*parallelism));
                }
                let flag = suspended.and_then(|to| Some((batch.of(index)?.suspended?, to)));
                if let Some((flag, to)) = flag {
                    next.set_bool(flag, ctx.bool(to));
                }
            }
        }
        CommandAction::Cordon { node } => on_node(cluster, next, node, |cell| cluster.change(cell).cordon(true)),
        CommandAction::Uncordon { node } => {
            on_node(cluster, next, node, |cell| cluster.change(cell).cordon(false).maintenance(0));
        }
        // Which budgets are in force is told by the number of commands that were given.
        CommandAction::Budget { .. } => {}
        CommandAction::DeleteNode { node } => on_node(cluster, next, node, |cell| cluster.change(cell).unlist()),
        CommandAction::Drain { node, flags } => drain(cluster, (node, *flags), state, next, marks),
    }
}

/// A drain cordons the node; then it declines to go on, or evicts pods.
fn drain<'c>(
    cluster: &Cluster<'c>,
    (node, flags): (&str, DrainFlags),
    state: &State<'c>,
    next: &mut State<'c>,
    marks: &mut Vec<(MarkId, Bool<'c>)>,
) {
    let ctx = cluster.ctx();
    let declines = kubectl_drain::declines(cluster, state, node, flags);
    let mut cordoned = next.clone();
    on_node(cluster, &mut cordoned, node, |cell| cluster.change(cell).cordon(true));
    if declines.constant() == Some(true) {
        return *next = cordoned;
    }
    on_node(cluster, next, node, |cell| match flags.disable_eviction {
        true => disruption::clear(cluster, cell),
        false => disruption::drain(cluster, cell),
    });
    next.replace_if(declines, &cordoned);
    let cells = cluster.cells(state);
    let evicted = |template| {
        let here = cells.iter().filter(|cell| cluster.node(cell).is_named(node));
        let some = ctx.any(here.map(|cell| cluster.active_on(cell, template).ge(1)));
        if disruption::is_left_alone(cluster, template) { ctx.bool(false) } else { some & !declines }
    };
    marks.extend(cluster.eviction_marks(evicted));
}

fn set_existence<'c>(cluster: &Cluster<'c>, next: &mut State<'c>, target: &ObjectKey, exists: bool) {
    if let Some((_, vars)) = find(cluster, target)
        && let Some(var) = vars.exists
    {
        next.set_bool(var, cluster.ctx().bool(exists));
    }
}

fn resize<'c>(
    cluster: &Cluster<'c>,
    state: &State<'c>,
    next: &mut State<'c>,
    marks: &mut Vec<(MarkId, Bool<'c>)>,
    target: &ObjectKey,
    replicas: i64,
) {
    if let Some((index, vars)) = find(cluster, target) {
        marks.push((cluster.resize_mark(index), state.get(vars.replicas).ne(replicas)));
        next.set(vars.replicas, cluster.ctx().int(replicas));
    }
}

/// Changes the node of that name, which stands alone in its class, if it is there.
fn on_node<'a, 'c>(
    cluster: &'a Cluster<'c>,
    next: &mut State<'c>,
    node: &str,
    change: impl Fn(&Cell<'c>) -> Change<'a, 'c>,
) {
    let is_named = |cell: &Cell<'c>| {
        cluster.ctx().bool(cluster.node(cell).is_named(node)) & !cluster.is_gone(cell) & cluster.is_there(cell)
    };
    let chosen: Vec<Bool<'c>> = cluster.cells(next).iter().map(is_named).collect();
    cluster.rewrite_one(next, &chosen, change);
}
