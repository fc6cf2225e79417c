//! Percentages of a node's capacity as the descheduler computes them, doubles included:
//! `pkg/framework/plugins/nodeutilization/nodeutilization.go` of the descheduler (v0.36).

/// How much of a capacity is used, in percent; nothing of a capacity of 0.
pub fn percent(used: i64, capacity: i64) -> f64 {
    if capacity > 0 { used as f64 / capacity as f64 * 100.0 } else { 0.0 }
}

/// The largest use of a capacity that is at most `limit` percent; `None` if every use is.
pub fn largest_within(limit: f64, capacity: i64) -> Option<i64> {
    if percent(i64::MAX, capacity) <= limit {
        return None;
    }
    // Percentages grow with the use, from 0 on, which passes every limit: the answer lies in low..high.
    let (mut low, mut high) = (0, i64::MAX);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if percent(middle, capacity) <= limit { low = middle } else { high = middle }
    }
    Some(low)
}

/// That share of a capacity, in whole units.
pub fn share(percent: f64, capacity: i64) -> i64 {
    (percent * 0.01 * capacity as f64) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_those_of_doubles() {
        assert_eq!(largest_within(20.0, 4000), Some(800));
        assert_eq!(largest_within(0.0, 4000), Some(0));
        assert_eq!(largest_within(33.3, 3), Some(0));
        assert_eq!(largest_within(20.0, 0), None);
        for capacity in 1..200 {
            let limit = largest_within(29.0, capacity).expect("a limit");
            assert!(percent(limit, capacity) <= 29.0 && percent(limit + 1, capacity) > 29.0);
        }
    }

    #[test]
    fn shares_are_truncated() {
        assert_eq!((share(29.0, 100), share(70.0, 4000), share(100.0, 8 << 30)), (28, 2800, 8 << 30));
    }
}
