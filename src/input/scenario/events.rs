//! Failures, overload and maintenance of a scenario.

use crate::cluster::object::scenario::{Failures, Maintenance, Overload};
use crate::input::path::FieldPath;

use super::document::{
    AnyNumber, AtMost, Failures as FailuresDocument, Maintenance as MaintenanceDocument, Overload as OverloadDocument,
};
use super::{Context, values};

/// Requested cpu in percent at which a node panics, unless given.
const DEFAULT_THRESHOLD: i64 = 98;

/// Node failures.
pub fn failures(document: &FailuresDocument, context: &mut Context<'_>) -> Option<Failures> {
    let path = FieldPath::from("spec.failures");
    let nodes = context.nodes(&path, document.nodes.as_ref(), document.pool.as_deref());
    let given = match document.at_most {
        Some(AtMost::Word(AnyNumber::Any)) => u32::try_from(nodes.len()).ok(),
        Some(AtMost::Number(number)) => Some(number),
        None => None,
    };
    let at_most = at_once(&path.field("atMost"), given, nodes.len(), context)?;
    Some(Failures { nodes, at_most, recover: document.recover.unwrap_or(true) })
}

/// Nodes that panic when they are full.
pub fn overload(document: &OverloadDocument, context: &mut Context<'_>) -> Option<Overload> {
    let path = FieldPath::from("spec.overload");
    let nodes = context.nodes(&path, document.nodes.as_ref(), document.pool.as_deref());
    let threshold_percent = match &document.threshold {
        Some(given) => {
            context.value(&path.field("threshold"), values::percent(given), "write a percentage such as `98%`")?
        }
        None => DEFAULT_THRESHOLD,
    };
    Some(Overload { nodes, threshold_percent, recover: document.recover.unwrap_or(true) })
}

/// Rolling maintenance.
pub fn maintenance(document: &MaintenanceDocument, context: &mut Context<'_>) -> Option<Maintenance> {
    let path = FieldPath::from("spec.maintenance");
    let nodes = context.nodes(&path, document.nodes.as_ref(), document.pool.as_deref());
    let parallel = at_once(&path.field("parallel"), document.parallel, nodes.len(), context)?;
    Some(Maintenance { nodes, parallel, once: document.once.unwrap_or(true) })
}

/// How many nodes at once: 1 unless given, at least 1, at most all of them.
fn at_once(path: &FieldPath, given: Option<u32>, nodes: usize, context: &mut Context<'_>) -> Option<u32> {
    if nodes == 0 {
        return None;
    }
    let number = given.unwrap_or(1);
    if number == 0 {
        context.error(
            path,
            format!("{path}: 0 nodes at a time is nothing at all"),
            "give 1 or more, or leave the whole part out",
        );
        return None;
    }
    if number as usize > nodes {
        context.error(
            path,
            format!("{path}: {number} is more than the {nodes} nodes there are"),
            format!("give {nodes} or less"),
        );
        return None;
    }
    Some(number)
}
