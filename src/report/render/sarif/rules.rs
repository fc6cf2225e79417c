//! Properties as rules, and the rules of the model as a taxonomy.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use crate::check::{Answer, CheckResult};
use crate::cluster::view::rule::Rule;
use crate::property::{ALL, Definition};

/// All properties, in their order.
pub fn properties() -> Vec<Value> {
    ALL.iter().map(property).collect()
}

/// The position of a property among [`properties`].
pub fn index(name: &str) -> Option<usize> {
    ALL.iter().position(|it| it.name == name)
}

fn property(property: &Definition) -> Value {
    let Definition { name, says, violated_by, .. } = property;
    json!({
        "id": name,
        "shortDescription": {"text": says},
        "fullDescription": {"text": format!("Violated by {violated_by}.")},
        "help": {"text": format!(
            "A result is a run of the cluster that breaks the property, step by step. `kubound check --property {name} \
             --verbose` tells it with the rules that decided each step."
        )},
        "defaultConfiguration": {"level": "error"},
    })
}

/// The rules of the model that decided something in some story.
pub struct Taxonomy {
    taxa: Vec<&'static Rule>,
    positions: HashMap<&'static str, usize>,
}

impl Taxonomy {
    /// The rules that stories of results name.
    pub fn of<'a>(results: impl Iterator<Item = &'a CheckResult>) -> Self {
        let mut taxa: BTreeMap<&str, &'static Rule> = BTreeMap::new();
        for result in results {
            let Answer::Violated(found) = &result.answer else { continue };
            let steps = found.narrative.blocks.iter().flat_map(|block| &block.steps);
            let rules = steps.flat_map(|step| step.told.rules.iter().copied()).chain(found.narrative.deciding());
            taxa.extend(rules.map(|rule| (rule.id, rule)));
        }
        let taxa: Vec<&'static Rule> = taxa.into_values().collect();
        let positions = taxa.iter().enumerate().map(|(at, rule)| (rule.id, at)).collect();
        Taxonomy { taxa, positions }
    }

    /// The component; `None` if it is empty.
    pub fn value(&self) -> Option<Value> {
        let taxon = |rule: &&Rule| {
            json!({
                "id": rule.id,
                "shortDescription": {"text": rule.gist()},
                "fullDescription": {"text": rule.decides},
                "help": {"text": format!("{} (kubound explain {})", rule.decides, rule.id)},
            })
        };
        let taxa: Vec<Value> = self.taxa.iter().map(taxon).collect();
        (!taxa.is_empty()).then(|| {
            json!({
                "name": "kubound-model",
                "version": env!("CARGO_PKG_VERSION"),
                "shortDescription": {"text": "The rules by which the model of controllers decides"},
                "taxa": taxa,
            })
        })
    }

    /// References to rules.
    pub fn references(&self, rules: &[&'static Rule]) -> Vec<Value> {
        let reference = |rule: &&'static Rule| {
            let index = self.positions.get(rule.id)?;
            Some(json!({"id": rule.id, "index": index, "toolComponent": {"name": "kubound-model", "index": 0}}))
        };
        rules.iter().filter_map(reference).collect()
    }
}
