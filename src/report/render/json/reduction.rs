//! How a model was made smaller.

use serde_json::{Map, Value, json};

use crate::reduce::explain::{Class, Explanation};
use crate::reduce::{Figures, Pass};

/// The node classes, and the system before and after each pass.
pub fn value(explanation: &Explanation) -> Value {
    let class = |class: &Class| {
        let counted = class.estimate.counted.map(|it| json!({"cells": it.combinations, "bits": it.size}));
        json!({
            "nodes": class.nodes,
            "distinguished_by": class.reading.iter().map(|(key, value)| (key.clone(), json!(value))).collect::<Map<_, _>>(),
            "representation": if class.counted { "counted" } else { "individual" },
            "cells": class.cells,
            "estimate": {"individual": {"cells": class.nodes.len(), "bits": class.estimate.individual}, "counted": counted},
        })
    };
    let pass = |pass: &Pass| json!({"name": pass.name, "exact": pass.exact, "after": figures(pass.after), "notes": pass.notes});
    json!({
        "classes": explanation.classes.iter().map(class).collect::<Vec<Value>>(),
        "totals": explanation.totals,
        "before": figures(explanation.before),
        "passes": explanation.passes.iter().map(pass).collect::<Vec<Value>>(),
    })
}

fn figures(figures: Figures) -> Value {
    let Figures { variables, bits, terms, actions, circuit } = figures;
    let (gates, clauses) = (circuit.map(|size| size.gates), circuit.map(|size| size.clauses));
    json!({
        "variables": variables,
        "bits": bits,
        "terms": terms,
        "gates": gates,
        "clauses": clauses,
        "actions": actions,
    })
}
