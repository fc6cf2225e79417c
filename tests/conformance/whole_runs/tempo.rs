//! How long what takes in the recorded cluster, as paces of a model in thousandths of a second: the model's whole seconds would
//! be too coarse for kubelets that start pods within 0.3 s, and recorded times are multiples of 0.01 s, which this does not round.
//!
//! Controllers and the scheduler take as long as a scenario grants that says nothing of it; sync periods and windows are those
//! of the input. The simulated kubelets take what pods' annotations say.
//!
//! Left out, because models know nothing of it: when pods become ready whose images never are, or whose readiness probes the
//! user made fail before the stretch began.

use crate::cluster::counting::templates::Template;
use crate::cluster::object::spec::ClusterSpec;
use crate::model::Model;
use crate::system::{Pace, System};

use super::record::{Stretch, listed};
use super::workload::{Revision, revision};

/// Moments of a second.
pub const SECOND: f64 = 1000.0;

/// Seconds that a simulated kubelet is late by, at most.
const LATE: f64 = 1.0;

/// Seconds that they take to start pods, or to end them, unless a pod says otherwise.
const USUAL: f64 = 0.4;

/// Seconds that pods tolerate nodes that are down, unless they say otherwise: by default, and in the recorded cluster.
const TOLERATED: (u32, u32) = (300, 3);

/// Gives a model the recorded cluster's paces.
pub fn give(model: &mut Model, spec: &ClusterSpec, stretch: &Stretch) {
    let system = &mut model.system;
    system.paces.iter_mut().for_each(tolerate);
    system.paces.iter_mut().for_each(scale);
    system.timers.iter_mut().for_each(|timer| timer.seconds *= SECOND as u32);
    for template in &model.parts.templates {
        let takes = |what: &str| annotated(spec, template, what).unwrap_or(USUAL);
        let starts = becomes_ready(template) && !fails_probe(stretch, spec, template);
        set(system, &format!("{} starts", template.name), takes("sim/start"), starts);
        set(system, &format!("{} terminates", template.name), takes("sim/term"), true);
    }
}

fn tolerate(pace: &mut Pace) {
    let (default, recorded) = TOLERATED;
    if pace.least == default {
        pace.most = pace.most.map(|most| most - default + recorded);
        pace.least = recorded;
    }
}

fn scale(pace: &mut Pace) {
    let moments = |seconds: u32| seconds * SECOND as u32;
    *pace = Pace {
        name: pace.name.clone(),
        least: moments(pace.least),
        most: pace.most.map(moments),
        apart: moments(pace.apart),
    };
}

/// Lets an action take so many seconds, and have an end to it if it had one and `ends`.
fn set(system: &mut System, action: &str, takes: f64, ends: bool) {
    let moments = |seconds: f64| (seconds * SECOND).round() as u32;
    for index in (0..system.actions.len()).filter(|&it| system.actions[it].name == action).collect::<Vec<_>>() {
        let Some(known) = system.actions[index].pace.map(|id| system.paces[id.0].clone()) else { continue };
        let most = known.most.filter(|_| ends).map(|_| moments(takes + LATE));
        system.actions[index].pace = Some(system.pace(Pace { least: moments(takes), most, ..known }));
    }
}

/// What an annotation of a template's pods says, in seconds.
fn annotated(spec: &ClusterSpec, template: &Template, what: &str) -> Option<f64> {
    let revision = &spec.workloads[template.workload].revisions[template.revision];
    let own = template.sample.as_deref().and_then(|pod| pod.metadata.annotations.as_ref());
    let given = own.or_else(|| revision.template.metadata.as_ref()?.annotations.as_ref())?;
    given.get(what)?.parse().ok()
}

/// Whether some pod of a template's revision runs, and is not ready, when the stretch begins.
fn fails_probe(stretch: &Stretch, spec: &ClusterSpec, template: &Template) -> bool {
    let known =
        Revision { workload: spec.workloads[template.workload].key.name.clone(), image: image(template).to_owned() };
    listed(&stretch.before, "Pod").iter().any(|pod| {
        pod["phase"] == "Running" && pod["ready"] != true && stretch.revisions.get(&revision(pod)) == Some(&known)
    })
}

/// Whether a template's pods become ready.
fn becomes_ready(template: &Template) -> bool {
    ["ok:", "run:", "runfail:"].iter().any(|ready| image(template).starts_with(ready))
}

fn image(template: &Template) -> &str {
    template.spec.containers[0].image.as_deref().unwrap_or_default()
}
