//! Pods of a scenario that are not well: images that are broken, and workloads whose pods cease to be ready.

use std::collections::BTreeSet;

use crate::cluster::object::images;
use crate::cluster::object::scenario::Unready;
use crate::input::path::FieldPath;

use super::document::{AnyNumber, AtMost, Spec, Unready as UnreadyDocument};
use super::{Context, known};

/// The images whose containers never become ready.
pub fn never_ready(spec: &Spec, context: &mut Context<'_>) -> Vec<String> {
    used("neverReady", &spec.never_ready, context)
}

/// The images whose containers crash and are restarted. One cannot do so and never become ready.
pub fn crash_looping(spec: &Spec, context: &mut Context<'_>) -> Vec<String> {
    let path = FieldPath::from("spec.crashLooping");
    for (index, image) in spec.crash_looping.iter().enumerate().filter(|(_, it)| spec.never_ready.contains(it)) {
        context.error(
            &path.index(index),
            format!("`{image}` is one of `neverReady`, too"),
            "keep it in `neverReady` if its containers crash before they are ready, else in `crashLooping`",
        );
    }
    used("crashLooping", &spec.crash_looping, context)
}

/// Images of containers; one that nobody has is reported.
fn used(field: &str, images: &[String], context: &mut Context<'_>) -> Vec<String> {
    let revisions = context.cluster.workloads.iter().flat_map(|workload| &workload.revisions);
    let used: BTreeSet<&str> =
        revisions.filter_map(|it| it.template.spec.as_ref()).flat_map(images::as_written).collect();
    for (index, image) in images.iter().enumerate().filter(|(_, image)| !used.contains(image.as_str())) {
        let help = known(used.iter().copied(), "image");
        let path = FieldPath::from("spec").field(field).index(index);
        context.error(&path, format!("no container has the image `{image}`"), help);
    }
    images.to_vec()
}

/// Workloads whose pods may cease to be ready; each is named once.
pub fn unready(documents: &[UnreadyDocument], context: &mut Context<'_>) -> Vec<Unready> {
    let mut all: Vec<Unready> = Vec::new();
    for (index, document) in documents.iter().enumerate() {
        let path = FieldPath::from("spec.unready").index(index);
        let Some(workload) = context.target(&path.field("target"), &document.target) else { continue };
        let at_most = match document.at_most {
            Some(AtMost::Number(0)) => {
                let help = "give 1 or more, or leave the whole entry out";
                context.error(&path.field("atMost"), format!("{path}.atMost: 0 pods is nothing at all"), help);
                continue;
            }
            Some(AtMost::Number(number)) => number,
            Some(AtMost::Word(AnyNumber::Any)) => u32::MAX,
            None => 1,
        };
        if all.iter().any(|known| known.target == workload.key) {
            let problem = format!("{} is named twice", workload.key);
            context.error(&path.field("target"), problem, "keep one of the entries");
            continue;
        }
        all.push(Unready { target: workload.key.clone(), at_most, recover: document.recover.unwrap_or(true) });
    }
    all
}
