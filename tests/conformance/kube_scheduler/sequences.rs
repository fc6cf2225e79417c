//! Equal pods placed one after another by the scheduler's action.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::cluster::view::Cluster;
use crate::cluster::{Cell, TemplateId};
use crate::conformance::Verdict;
use crate::encodings::kube_scheduler;
use crate::system::replay::Interpreter;
use crate::system::{Action, Interleaving, Step, System};
use crate::term::{Arena, Ctx, Evaluator, Substitution, TermId, Valuation};

use super::cluster;
use super::outcome::{self, Outcome, Values};

/// Compares one record.
pub fn compare(record: &Value, with_z3: bool) -> Verdict {
    match differences(record, with_z3) {
        Ok(differences) => Verdict::from_differences(differences),
        Err(reason) => Verdict::Differs(reason),
    }
}

/// The pods of a record: the template, numbered.
fn pods(record: &Value) -> Vec<Value> {
    let prefix = record["template"]["metadata"]["generateName"].as_str().unwrap_or_default();
    let numbered = |number: u64| {
        let mut pod = record["template"].clone();
        if let Some(metadata) = pod.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("name".to_owned(), format!("{prefix}{number}").into());
        }
        pod
    };
    (0..record["replicas"].as_u64().unwrap_or(0)).map(numbered).collect()
}

fn differences(record: &Value, with_z3: bool) -> Result<Vec<String>, String> {
    let pods = pods(record);
    let spec = cluster::spec(record, &pods)?;
    let ctx = Ctx::new();
    let mut differences = Vec::new();
    let (unbound, cycles, cells, nodes) = {
        let cluster = cluster::scheduled(&ctx, &spec)?;
        let cells = cluster.cells(&cluster.state());
        let mut cycles: BTreeMap<TemplateId, Told> = BTreeMap::new();
        let mut of_pods = Vec::new();
        for pod in &pods {
            let template = cluster::template_of(&cluster, pod).ok_or("a pod is not among the templates")?;
            cycles.entry(template).or_insert_with(|| Told::new(&cluster, &cells, template));
            of_pods.push(template);
        }
        if with_z3 && let Some(&template) = of_pods.first() {
            differences.extend(cluster::confirm(&cluster, &cells, template));
        }
        let nodes = cluster::nodes(&cluster, &cells)?;
        kube_scheduler::add(&cluster);
        let cells = cells.iter().map(Place::of).collect();
        let (builder, _) = cluster.finish().map_err(|error| error.to_string())?;
        (builder.finish(Interleaving::Settled), (cycles, of_pods), cells, nodes)
    };
    let system = unbound.bind(ctx);
    let (cycles, of_pods) = cycles;
    let run = Run { interpreter: Interpreter::new(&system), system: &system, cells };
    let pods = pods.iter().zip(&of_pods).map(|(pod, template)| (&pod["metadata"]["name"], &cycles[template]));
    let computed = run.told(pods, nodes)?;
    differences.extend(outcome::differences(&computed, &record["expect"], ""));
    Ok(differences)
}

/// The cycle of one template.
struct Told {
    outcome: Outcome,
    /// Position of the number of its waiting pods in a state.
    pending: usize,
}

impl Told {
    fn new<'c>(cluster: &Cluster<'c>, cells: &[Cell<'c>], template: TemplateId) -> Self {
        Told { outcome: cluster::outcome(cluster, cells, template), pending: cluster.pending[template.0].index() }
    }
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
    cells: Vec<Place>,
}

impl Run<'_> {
    /// Fires the action for one pod after the other, and tells each step as the recordings do.
    fn told<'t>(
        &self,
        pods: impl Iterator<Item = (&'t Value, &'t Told)>,
        mut nodes: Vec<(String, usize)>,
    ) -> Result<Value, String> {
        let mut state: Vec<i64> = self.system.state.iter().map(|variable| variable.initial.unwrap_or(0)).collect();
        let mut steps = Vec::new();
        let mut per_node: Map<String, Value> = Map::new();
        for (name, cycle) in pods {
            let values = cycle.outcome.read(&nodes, |terms| self.values(&state, terms));
            let mut step = json!({"pod": name, "feasible": values.feasible().len()});
            let Some((chosen, next)) = self.fire(&state, cycle, &values)? else {
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
    fn fire(&self, state: &[i64], cycle: &Told, values: &Values<'_>) -> Result<Option<(String, Vec<i64>)>, String> {
        let Some(action) = self.system.actions.first() else { return Ok(None) };
        if self.interpreter.candidates(state).actions.is_empty() {
            return Ok(None);
        }
        let allowed = Allowed::new(self.system, action, state);
        let pods = 0..=self.system.arena.variable(action.inputs[0]).sort.range().hi;
        for pod in pods {
            let best = values.nodes_where(|cell| allowed.has(pod, cell));
            let Some(chosen) = best.first() else { continue };
            let cell = values.cell_of(chosen).ok_or("the chosen node is in no cell")?;
            let step = Step { action: 0, inputs: vec![pod, cell as i64] };
            let fired = self.interpreter.fire(1, state, action, &step).map_err(|error| error.to_string())?;
            if fired.0[cycle.pending] < state[cycle.pending] {
                let agrees = best == values.best();
                let differs = || format!("the action allows {best:?}, the cycle {:?}", values.best());
                return if agrees { Ok(Some(((*chosen).to_owned(), fired.0))) } else { Err(differs()) };
            }
        }
        Err("the action is enabled and does not allow the pod".to_owned())
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

/// What an action allows in one state, over its inputs alone.
struct Allowed<'a> {
    arena: Arena,
    action: &'a Action,
    choice: TermId,
}

impl<'a> Allowed<'a> {
    fn new(system: &System, action: &'a Action, state: &[i64]) -> Self {
        let mut arena = system.arena.clone();
        let mut known = Substitution::new();
        for (variable, &value) in system.state.iter().zip(state) {
            let constant = arena.constant(arena.variable(variable.var).sort, value);
            known.map(variable.var, constant);
        }
        let choice = known.apply(&mut arena, action.choice);
        Allowed { arena, action, choice }
    }

    fn has(&self, pod: i64, cell: usize) -> bool {
        let mut inputs = Valuation::new();
        self.action.inputs.iter().zip([pod, cell as i64]).for_each(|(&input, value)| inputs.set(input, value));
        Evaluator::new(&self.arena, &inputs).holds(self.choice)
    }
}
