//! What the objects of a cluster say of time: from a dump to a proposed `timing` of a scenario.
//!
//! A dump says when owners, pods and events were made and when conditions changed. `seen` keeps that of each object, read as
//! it is written, without types: an object that is wrong elsewhere still has a time. `measured` takes differences of
//! those times that belong together, and `proposal` makes spans of them, each with a word on what it rests on. What is
//! not known stays at its default, so that the proposal is a scenario in any case.
//!
//! Times that cannot be read are passed over, with a note (`stamps`); so are differences that say nothing: of pods that were
//! restarted, of nodes that went away, of clocks that disagree.

mod events;
mod fields;
mod measured;
mod pods;
mod proposal;
mod seen;
mod stamps;

use std::sync::Arc;

use super::census::Census;
use super::diagnostics::Diagnostics;
use super::object;
use super::places::passed::Passed;
use super::source::Source;

use measured::Measured;
use seen::{Reading, Seen};

/// A scenario with the `timing` that the objects of sources suggest. What is no object of Kubernetes, and what is passed over,
/// is reported; without any object there is nothing to say.
pub fn propose(sources: &[Arc<Source>], sink: &mut Diagnostics) -> String {
    let seen = read(sources, sink);
    seen.stamps.report(sink);
    let measured = Measured::new(&seen);
    measured.report(sink);
    proposal::text(&seen, &measured)
}

fn read(sources: &[Arc<Source>], sink: &mut Diagnostics) -> Seen {
    let (mut seen, mut passed, mut taken) = (Seen::default(), Passed::default(), 0);
    // What cannot be rendered or read as objects has been told by whoever looked for it.
    let mut census = Census::default();
    for source in sources {
        let mut reading = Reading::default();
        object::read(source, &mut reading);
        if reading.taken == 0 && passed.over(source, &mut census) {
            continue;
        }
        taken += reading.taken;
        sink.append(reading.problems);
        seen.append(reading.seen);
    }
    passed.report(sink);
    if taken == 0 && !sink.has_errors() {
        sink.error("there are no Kubernetes objects in the input", "give a dump: `kubectl get pods,… -A -o yaml`");
    }
    seen
}
