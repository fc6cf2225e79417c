//! How far apart cycles of a descheduler are planned: durations as Go writes them, and schedules of CronJobs.
//!
//! A schedule is taken at the shortest time between two of its days' moments; days that it leaves out only make it longer.
//! References: Go `time.ParseDuration`; cron expressions as `github.com/robfig/cron/v3` reads them.

use std::collections::BTreeSet;

use super::policy::Rhythm;

/// Minutes of a day.
const DAY: u32 = 24 * 60;

/// The shortest time from the planned beginning of one cycle to that of the next, in seconds; `None` where it is not known.
pub fn planned(rhythm: &Rhythm) -> Option<u32> {
    match rhythm {
        Rhythm::Every(duration) => go_duration(duration).filter(|seconds| *seconds > 0),
        Rhythm::Scheduled(schedule) => Some(shortest_gap(&moments(schedule)?)? * 60),
        Rhythm::Once => None,
    }
}

/// Whole seconds of a duration such as `5m` or `1h30m0s`; what is less than one is cut off.
fn go_duration(text: &str) -> Option<u32> {
    const UNITS: [(&str, f64); 7] =
        [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let (mut rest, mut sum) = (text.trim(), 0.0);
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|next: char| !next.is_ascii_digit() && next != '.')?);
        let (unit, after) = after.split_at(after.find(|next: char| next.is_ascii_digit()).unwrap_or(after.len()));
        let seconds = UNITS.iter().find(|(name, _)| *name == unit)?.1;
        (rest, sum) = (after, sum + number.parse::<f64>().ok()? * seconds);
    }
    (0.0..=f64::from(u32::MAX)).contains(&sum).then_some(sum as u32)
}

/// The minutes of a day at which a schedule has something to do, whatever the day.
fn moments(schedule: &str) -> Option<BTreeSet<u32>> {
    let mut words =
        schedule.split_whitespace().filter(|word| !word.starts_with("TZ=") && !word.starts_with("CRON_TZ="));
    let first = words.next()?;
    match first {
        "@hourly" => return Some((0..24).map(|hour| hour * 60).collect()),
        named if named.starts_with('@') => {
            let is_daily = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight"].contains(&named);
            return is_daily.then(|| BTreeSet::from([0]));
        }
        _ => {}
    }
    let (minutes, hours) = (field(first, 59)?, field(words.next()?, 23)?);
    Some(hours.iter().flat_map(|hour| minutes.iter().map(move |minute| hour * 60 + minute)).collect())
}

/// The numbers that a field of a schedule means: `*`, `7`, `1-5`, `*/10`, `2-20/3`, `4/10`, and lists of these.
fn field(text: &str, most: u32) -> Option<BTreeSet<u32>> {
    let mut all = BTreeSet::new();
    for part in text.split(',') {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number <= most);
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (number(from)?, number(to)?),
            None if range == "*" || range == "?" => (0, most),
            None => (number(range)?, if step.is_some() { most } else { number(range)? }),
        };
        let step = step.map_or(Some(1), |step| step.parse::<usize>().ok().filter(|step| *step > 0))?;
        all.extend((from..=to).step_by(step));
    }
    Some(all)
}

/// The shortest way from one moment of a day to the next, over midnight too.
fn shortest_gap(moments: &BTreeSet<u32>) -> Option<u32> {
    let tomorrow = moments.first().map(|first| first + DAY);
    let next = moments.iter().copied().skip(1).chain(tomorrow);
    moments.iter().zip(next).map(|(now, next)| next - now).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        let read = |text: &str| planned(&Rhythm::Every(text.to_owned()));
        assert_eq!(["5m", "1h30m0s", "90s", "1.5m", "2500ms"].map(read), [300, 5400, 90, 90, 2].map(Some));
        assert_eq!(["", "0s", "5", "m", "5 parsecs", "-5m", "9999999999h"].map(read), [None; 7]);
    }

    #[test]
    fn of_a_schedule_the_shortest_gap_counts() {
        let read = |text: &str| planned(&Rhythm::Scheduled(text.to_owned())).map(|seconds| seconds / 60);
        let schedules = ["*/10 * * * *", "*/7 * * * *", "0 * * * *", "0,5 3 * * *", "30 2 * * 0", "0 8-18/2 * * 1-5"];
        assert_eq!(schedules.map(read), [10, 4, 60, 5, DAY, 120].map(Some));
        assert_eq!(
            ["@hourly", "@daily", "CRON_TZ=UTC 5/20 * * * *", "0 0,23 1 1 *"].map(read),
            [60, DAY, 20, 60].map(Some)
        );
        assert_eq!(["", "@often", "61 * * * *", "*/0 * * * *", "a b c d e", "5-1 * * * *"].map(read), [None; 6]);
        assert_eq!(planned(&Rhythm::Once), None);
    }
}
