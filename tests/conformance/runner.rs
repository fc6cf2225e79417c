//! Compares the records of files, one by one, on all cores.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use super::{Component, Depth, RecordingError, Recordings, Verdict};

/// A component with its recordings.
pub struct Subject {
    /// Its name.
    pub name: &'static str,
    /// The upstream version that was recorded.
    pub version: &'static str,
    /// Its recordings.
    pub sources: &'static [Source],
}

/// A file of recordings and how its records are compared.
pub struct Source {
    /// Its name below the root of the recordings.
    pub file: &'static str,
    /// The family of a record.
    pub family: fn(&Value) -> String,
    /// Compares one record; asks Z3 as well if told so.
    pub compare: fn(&Value, bool) -> Verdict,
}

/// Compares all recordings of a component.
pub fn run(subject: &Subject, recordings: &Recordings, depth: Depth) -> Result<Component, RecordingError> {
    let mut component = Component::new(subject.name, subject.version);
    for source in subject.sources {
        count(&mut component, source, &recordings.read(source.file)?, depth);
    }
    Ok(component)
}

/// Compares records and counts them.
fn count(component: &mut Component, source: &Source, records: &[Value], depth: Depth) {
    let judge = |position, record: &Value| verdict(source, record, depth.asks_z3(position));
    for (record, verdict) in records.iter().zip(each(records, judge)) {
        component.count(&(source.family)(record), record["id"].as_str().unwrap_or("?"), verdict);
    }
}

/// What is found of every record, and its position, in their order.
pub fn each<T: Send>(records: &[Value], judge: impl Fn(usize, &Value) -> T + Sync) -> Vec<T> {
    let workers = std::thread::available_parallelism().map_or(1, |cores| cores.get()).min(records.len());
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::with_capacity(records.len()));
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((position, record)) = take(&next, records) {
                    let judged = judge(position, record);
                    found.lock().unwrap_or_else(|broken| broken.into_inner()).push((position, judged));
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap_or_else(|broken| broken.into_inner());
    found.sort_by_key(|(position, _)| *position);
    found.into_iter().map(|(_, judged)| judged).collect()
}

fn take<'r>(next: &AtomicUsize, records: &'r [Value]) -> Option<(usize, &'r Value)> {
    let position = next.fetch_add(1, Ordering::Relaxed);
    records.get(position).map(|record| (position, record))
}

/// What is wrong with a record whose comparison panicked.
pub const PANICKED: &str = "the comparison panicked";

/// A record that the encoding cannot bear differs; the others are compared all the same.
fn verdict(source: &Source, record: &Value, asks_z3: bool) -> Verdict {
    guarded(|| (source.compare)(record, asks_z3)).unwrap_or_else(|| Verdict::Differs(PANICKED.to_owned()))
}

/// What a comparison finds; `None` if it panics.
pub fn guarded<T>(compare: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(compare)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn judge(record: &Value, _: bool) -> Verdict {
        match record["id"].as_str() {
            Some("good") => Verdict::Agrees,
            Some("odd") => Verdict::NotModelled("odd".to_owned()),
            _ => panic!("as the test wants it"),
        }
    }

    #[test]
    fn a_panic_is_a_difference_of_its_record_alone() {
        let source = Source { file: "", family: |_| String::new(), compare: judge };
        let records = ["good", "bad", "odd", "good"].map(|id| json!({"id": id}));
        let verdicts = each(&records, |_, record| verdict(&source, record, false));
        let differs = Verdict::Differs("the comparison panicked".to_owned());
        assert_eq!(verdicts, [Verdict::Agrees, differs, Verdict::NotModelled("odd".to_owned()), Verdict::Agrees]);
    }
}
