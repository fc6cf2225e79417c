//! What changed since an earlier result: verdicts, and times beyond noise.
//!
//! A row is slower if its runs are larger by the one-sided Mann-Whitney test, if they are so still when all rows that are
//! compared are counted (Holm, [`LEVEL`]), and if the median grew by [`LEAST_SHARE`] and by [`LEAST_SECONDS`]: two sittings
//! of the same program differ by a little, however often each run is repeated. Faster is the same the other way round.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::baseline::{Baseline, Earlier};
use super::claim::Claim;
use super::machine::Machine;
use super::measurement::Measurement;
use super::statistics::{holm, larger, median, runs_needed};

/// The probability of any false alarm among all rows, at most.
pub const LEVEL: f64 = 0.05;
/// The least change of the median, as a share of it.
pub const LEAST_SHARE: f64 = 0.1;
/// The least change of the median in seconds.
pub const LEAST_SECONDS: f64 = 0.005;

/// All that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Changes {
    /// What measured the earlier result.
    pub before: Machine,
    /// Why times are not compared; empty if they are.
    pub incomparable: Vec<String>,
    /// One for each row that is in both results, in the order of the new one.
    pub rows: Vec<Change>,
    /// Rows that the earlier result does not have.
    pub added: Vec<String>,
    /// Rows that only the earlier result has.
    pub gone: Vec<String>,
    /// How many runs both results need so that one row can be told from noise, if they have fewer.
    pub runs_needed: Option<usize>,
}

/// A row in both results.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its suite; empty if it is from none.
    pub suite: String,
    /// Its task.
    pub task: String,
    /// Its engine.
    pub engine: String,
    /// How its verdict changed, if it did.
    pub verdict: Option<VerdictChange>,
    /// How its times changed; `None` if they are not compared.
    pub time: Option<TimeChange>,
}

/// What became of a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictChange {
    /// What was said before, in words.
    pub before: String,
    /// What is said now.
    pub now: String,
    /// How both stand to each other.
    pub kind: Shift,
}

/// How a new verdict stands to an old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shift {
    /// They cannot both be true.
    Contradicts,
    /// What was decided no longer is, or holds less far.
    Lost,
    /// What was not decided is, or holds farther.
    Gained,
}

/// What became of times.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeChange {
    /// The median before, in seconds.
    pub before: f64,
    /// The median now, in seconds.
    pub now: f64,
    /// The p-value of the change, as one of all rows.
    pub p: f64,
    /// What that comes to.
    pub pace: Pace,
}

/// Whether a row became slower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// It did.
    Slower,
    /// It became faster.
    Faster,
    /// It cannot be told from noise, or hardly changed.
    Same,
}

impl Changes {
    /// Compares results.
    pub fn since(baseline: &Baseline, machine: &Machine, rows: &[Measurement]) -> Changes {
        let key = |suite: &str, task: &str, engine: &str| (suite.to_owned(), task.to_owned(), engine.to_owned());
        let key_of = |row: &Measurement| key(&row.row.task.suite, &row.row.task.name, &row.row.engine);
        let mut earlier: HashMap<_, &Earlier> =
            baseline.rows.iter().map(|row| (key(&row.suite, &row.task, &row.engine), row)).collect();
        let (mut pairs, mut added) = (Vec::new(), Vec::new());
        for row in rows {
            match earlier.remove(&key_of(row)).filter(|before| before.options == row.row.task.options.arguments()) {
                Some(before) => pairs.push((before, row)),
                None => added.push(format!("{}, {}", row.row.task.name, row.row.engine)),
            }
        }
        let gone = baseline.rows.iter().filter(|row| earlier.contains_key(&key(&row.suite, &row.task, &row.engine)));
        let gone = gone.map(|row| format!("{}, {}", row.task, row.engine)).collect();
        let incomparable = machine.differences(&baseline.machine);
        let times = if incomparable.is_empty() { times(&pairs) } else { vec![None; pairs.len()] };
        let runs_needed = if incomparable.is_empty() { too_few(&pairs) } else { None };
        let change = |(&(before, now), time): (&(&Earlier, &Measurement), Option<TimeChange>)| Change {
            suite: before.suite.clone(),
            task: before.task.clone(),
            engine: before.engine.clone(),
            verdict: verdict(before.claim.as_ref(), now.claim().as_ref()),
            time,
        };
        let changed = pairs.iter().zip(times).map(change).collect();
        Changes { before: baseline.machine.clone(), incomparable, rows: changed, added, gone, runs_needed }
    }

    /// Rows that became slower.
    pub fn slower(&self) -> usize {
        self.paces().filter(|pace| *pace == Pace::Slower).count()
    }

    /// Rows that became faster.
    pub fn faster(&self) -> usize {
        self.paces().filter(|pace| *pace == Pace::Faster).count()
    }

    /// Rows of which verdicts contradict the earlier ones, or are worse.
    pub fn worse(&self) -> usize {
        let kinds = self.rows.iter().filter_map(|row| row.verdict.as_ref()).map(|verdict| verdict.kind);
        kinds.filter(|kind| *kind != Shift::Gained).count()
    }

    fn paces(&self) -> impl Iterator<Item = Pace> {
        self.rows.iter().filter_map(|row| row.time.as_ref()).map(|time| time.pace)
    }
}

/// Pairs of which the times can be compared: what ran out of time took what it was given.
fn is_timed((before, now): &(&Earlier, &Measurement)) -> bool {
    before.decided && now.is_decided() && !before.seconds.is_empty() && !now.times.is_empty()
}

fn times(pairs: &[(&Earlier, &Measurement)]) -> Vec<Option<TimeChange>> {
    let timed: Vec<(usize, Vec<f64>, Vec<f64>)> = pairs
        .iter()
        .enumerate()
        .filter(|(_, pair)| is_timed(pair))
        .map(|(at, (before, now))| (at, before.seconds.clone(), now.seconds()))
        .collect();
    let slower = holm(&timed.iter().map(|(_, before, now)| larger(before, now)).collect::<Vec<f64>>());
    let faster = holm(&timed.iter().map(|(_, before, now)| larger(now, before)).collect::<Vec<f64>>());
    let mut changes = vec![None; pairs.len()];
    for ((at, before, now), (slower, faster)) in timed.into_iter().zip(slower.into_iter().zip(faster)) {
        changes[at] = median(&before).zip(median(&now)).map(|(before, now)| time(before, now, slower, faster));
    }
    changes
}

fn time(before: f64, now: f64, slower: f64, faster: f64) -> TimeChange {
    let is_much = |less: f64, more: f64| more - less >= LEAST_SECONDS.max(LEAST_SHARE * less);
    let (p, pace) = match now >= before {
        true if slower <= LEVEL && is_much(before, now) => (slower, Pace::Slower),
        false if faster <= LEVEL && is_much(now, before) => (faster, Pace::Faster),
        true => (slower, Pace::Same),
        false => (faster, Pace::Same),
    };
    TimeChange { before, now, p, pace }
}

/// How many runs would be needed, if some row has fewer.
fn too_few(pairs: &[(&Earlier, &Measurement)]) -> Option<usize> {
    let timed: Vec<usize> = pairs
        .iter()
        .filter(|pair| is_timed(pair))
        .map(|(before, now)| before.seconds.len().min(now.times.len()))
        .collect();
    let needed = runs_needed(timed.len(), LEVEL);
    timed.iter().any(|&runs| runs < needed).then_some(needed)
}

fn verdict(before: Option<&Claim>, now: Option<&Claim>) -> Option<VerdictChange> {
    let is_known = |claim: Option<&Claim>| claim.is_some_and(Claim::is_decided);
    let clash = before.zip(now).is_some_and(|(before, now)| before.contradicts(now).is_some());
    let kind = match (is_known(before), is_known(now)) {
        _ if clash => Shift::Contradicts,
        (true, false) => Shift::Lost,
        (false, true) => Shift::Gained,
        (false, false) => return None,
        // Both are decided and agree: what holds may hold less far or farther than before.
        (true, true) => reach(before?, now?)?,
    };
    let words = |claim: Option<&Claim>| claim.map_or_else(|| "nothing".to_owned(), Claim::words);
    Some(VerdictChange { before: words(before), now: words(now), kind })
}

/// What became of a claim that both agree on.
fn reach(before: &Claim, now: &Claim) -> Option<Shift> {
    use super::claim::Standing::{Holds, Unknown, Violated};
    let farther = |before: u64, now: u64| match now.cmp(&before) {
        Ordering::Less => Some(Shift::Lost),
        Ordering::Equal => None,
        Ordering::Greater => Some(Shift::Gained),
    };
    // What is proved holds farther than any bound.
    let bound = |bound: &Option<u64>| bound.unwrap_or(u64::MAX);
    match (&before.standing, &now.standing) {
        (Holds(before), Holds(now)) => farther(bound(before), bound(now)),
        (Violated { .. }, Holds(_)) => Some(Shift::Lost),
        (Holds(_), Violated { .. }) => Some(Shift::Gained),
        // A longer counterexample that does not claim to be a shortest one says less.
        (Violated { k: before, .. }, Violated { k: now, .. }) => farther(bound(now), bound(before)),
        (Unknown(_), _) | (_, Unknown(_)) => None,
    }
}

impl Shift {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Shift::Contradicts => "contradicts",
            Shift::Lost => "lost",
            Shift::Gained => "gained",
        }
    }
}

impl Pace {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Pace::Slower => "slower",
            Pace::Faster => "faster",
            Pace::Same => "same",
        }
    }
}
