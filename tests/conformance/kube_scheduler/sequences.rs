//! Equal pods placed one after another by the scheduler's action.

use serde_json::{Map, Value, json};

use crate::cluster::Cell;
use crate::cluster::view::Cluster;
use crate::conformance::Verdict;
use crate::encodings::kube_scheduler::{self, columns, cycle, total};
use crate::system::replay::Interpreter;
use crate::system::{Interleaving, Step, System};
use crate::term::{Ctx, Evaluator, Int, TermId};

use super::cluster;
use super::outcome::{self, Outcome, Values};

/// Compares one record.
pub fn compare(record: &Value, with_z3: bool) -> Verdict {
    match differences(record, with_z3) {
        Ok(differences) => Verdict::from_differences(differences),
        Err(reason) => Verdict::NotModelled(reason),
    }
}

/// The pods of a record: the template, numbered.
fn pods(record: &Value) -> Vec<Value> {
    let prefix = record["template"]["metadata"]["generateName"].as_str().unwrap_or_default();
    let numbered = |number: u64| {
        let mut pod = record["template"].clone();
        pod["metadata"]["name"] = format!("{prefix}{number}").into();
        pod
    };
    (0..record["replicas"].as_u64().unwrap_or(0)).map(numbered).collect()
}

fn differences(record: &Value, with_z3: bool) -> Result<Vec<String>, String> {
    let pods = pods(record);
    let spec = cluster::spec(record, &pods)?;
    let first = pods.first().ok_or("no pods")?;
    let ctx = Ctx::new();
    let mut differences = Vec::new();
    let (unbound, outcome, cells, nodes) = {
        let cluster = Cluster::new(&ctx, &spec).map_err(|error| error.to_string())?;
        let template = cluster::template_of(&cluster, first).ok_or("the pods are not among the templates")?;
        let cells = cluster.cells(&cluster.state());
        let cycle = cycle(&cluster, &cells, template);
        let columns = columns(&cluster, &cells, template, &cycle.feasible);
        let totals: Vec<Int<'_>> = (0..cells.len()).map(|cell| total(&cluster, &columns, cell)).collect();
        let outcome = Outcome::new(&cycle, &columns, &totals);
        if with_z3 {
            let probe = cluster::at_the_start(&cluster);
            differences.extend(probe.confirm(&totals, &[cycle.feasible.as_slice(), &cycle.best].concat()));
        }
        let nodes = cluster::nodes(&cluster, &cells)?;
        kube_scheduler::add(&cluster);
        let cells = cells.iter().map(Place::of).collect();
        let (builder, _) = cluster.finish();
        (builder.finish(Interleaving::Settled), outcome, cells, nodes)
    };
    let system = unbound.bind(ctx);
    let run = Run { interpreter: Interpreter::new(&system), system: &system, outcome, cells };
    let computed = run.told(&pods, nodes)?;
    differences.extend(outcome::differences(&computed, &record["expect"], ""));
    Ok(differences)
}

/// A cell without its terms.
struct Place {
    class: usize,
    multiplicity: TermId,
}

impl Place {
    fn of(cell: &Cell<'_>) -> Self {
        Place { class: cell.class, multiplicity: cell.multiplicity.id() }
    }
}

/// A system in which only the scheduler acts.
struct Run<'a> {
    interpreter: Interpreter<'a>,
    system: &'a System,
    outcome: Outcome,
    cells: Vec<Place>,
}

impl Run<'_> {
    /// Fires the action for one pod after the other, and tells each step as the recordings do.
    fn told(&self, pods: &[Value], mut nodes: Vec<(String, usize)>) -> Result<Value, String> {
        let mut state: Vec<i64> = self.system.state.iter().map(|variable| variable.initial.unwrap_or(0)).collect();
        let mut steps = Vec::new();
        let mut per_node: Map<String, Value> = Map::new();
        for pod in pods {
            let values = self.outcome.read(&nodes, |terms| self.values(&state, terms));
            let mut step = json!({"pod": pod["metadata"]["name"], "feasible": values.feasible().len()});
            let Some((chosen, next)) = self.fire(&state, &values)? else {
                step["rejected"] = values.rejected();
                step["best"] = json!([]);
                step["chosen"] = Value::Null;
                steps.push(step);
                break;
            };
            let best = values.best();
            if values.is_scored() {
                step["bestTotal"] = json!(best.first().and_then(|node| values.total(node)));
            }
            step["best"] = json!(best);
            step["chosen"] = chosen.clone().into();
            steps.push(step);
            let placed = per_node.get(&chosen).and_then(Value::as_i64).unwrap_or(0);
            per_node.insert(chosen.clone(), (placed + 1).into());
            self.follow(&mut nodes, &chosen, &state, &next);
            state = next;
        }
        let scheduled: i64 = per_node.values().filter_map(Value::as_i64).sum();
        Ok(json!({"steps": steps, "final": {"scheduled": scheduled, "perNode": per_node}}))
    }

    fn values(&self, state: &[i64], terms: &[TermId]) -> Vec<i64> {
        let valuation = self.interpreter.valuation(state, None);
        let mut evaluator = Evaluator::new(&self.system.arena, &valuation);
        terms.iter().map(|&term| evaluator.value(term)).collect()
    }

    /// Binds a pod to the first by name of the nodes that the action allows, which must be the best ones; `None` if the
    /// action is not enabled.
    fn fire(&self, state: &[i64], values: &Values<'_>) -> Result<Option<(String, Vec<i64>)>, String> {
        let Some(action) = self.system.actions.first() else { return Ok(None) };
        if self.interpreter.candidates(state).actions.is_empty() {
            return Ok(None);
        }
        let step = |cell: usize| Step { action: 0, inputs: vec![0, cell as i64] };
        let fired: Vec<Option<Vec<i64>>> = (0..self.cells.len())
            .map(|cell| self.interpreter.fire(1, state, action, &step(cell)).ok().map(|(next, _)| next))
            .collect();
        let allowed = values.nodes_where(|cell| fired[cell].is_some());
        if allowed != values.best() {
            return Err(format!("the action allows {allowed:?}, the cycle {:?}", values.best()));
        }
        let chosen = allowed.first().ok_or("the action is enabled and allows nothing")?;
        let next =
            values.cell_of(chosen).and_then(|cell| fired[cell].clone()).ok_or("the chosen node is in no cell")?;
        Ok(Some(((*chosen).to_owned(), next)))
    }

    /// Finds the cell that the chosen node is in after a step: of a counted class, the one that has gained a node.
    fn follow(&self, nodes: &mut [(String, usize)], chosen: &str, before: &[i64], after: &[i64]) {
        let Some((_, cell)) = nodes.iter_mut().find(|(name, _)| name == chosen) else { return };
        let terms: Vec<TermId> = self.cells.iter().map(|place| place.multiplicity).collect();
        let (before, after) = (self.values(before, &terms), self.values(after, &terms));
        let class = self.cells[*cell].class;
        let gained = (0..terms.len()).find(|&other| self.cells[other].class == class && after[other] > before[other]);
        *cell = gained.unwrap_or(*cell);
    }
}
