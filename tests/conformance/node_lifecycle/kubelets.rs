//! What kubelets say when, as a recording describes it: leases every ten seconds, statuses when something changes.

use serde_json::Value;

use crate::conformance::json::{list, milliseconds};
use crate::encodings::clocked::node_lifecycle::machine::RENEWS_LEASE;
use crate::encodings::clocked::node_lifecycle::node::{FALSE, TRUE};

/// The kubelet's `nodeLeaseDurationSeconds` times its renewal fraction.
const RENEWAL_PERIOD: i64 = 10_000;

/// Spans of time in milliseconds, without their ends.
struct Spans(Vec<(i64, i64)>);

impl Spans {
    fn parse(value: &Value) -> Result<Self, String> {
        let span = |span: &Value| Ok((milliseconds(&span["from"])?, milliseconds(&span["to"])?));
        Ok(Spans(list(value).iter().map(span).collect::<Result<_, String>>()?))
    }

    fn contain(&self, time: i64) -> bool {
        self.0.iter().any(|&(from, to)| (from..to).contains(&time))
    }

    fn starts(&self) -> impl Iterator<Item = i64> {
        self.0.iter().map(|&(from, _)| from)
    }

    fn ends(&self) -> impl Iterator<Item = i64> {
        self.0.iter().map(|&(_, to)| to)
    }
}

/// What the kubelet of a node says up to the horizon, and when: [`RENEWS_LEASE`] or a Ready status.
pub fn says(node: &Value, horizon: i64) -> Result<Vec<(i64, i64)>, String> {
    let (down, not_ready) = (Spans::parse(&node["down"])?, Spans::parse(&node["notReady"])?);
    let first = milliseconds(&node["firstRenew"])?;
    let renewals = (first..=horizon).step_by(RENEWAL_PERIOD as usize).map(|time| (time, RENEWS_LEASE));
    let posts = not_ready.starts().chain(not_ready.ends()).chain(down.ends());
    let posts = posts.map(|time| (time, if not_ready.contain(time) { FALSE } else { TRUE }));
    let all = renewals.chain(posts).filter(|&(time, _)| time <= horizon && !down.contain(time));
    Ok(all.collect())
}
