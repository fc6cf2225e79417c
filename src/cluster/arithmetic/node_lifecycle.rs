//! Thresholds and rates of the node lifecycle controller, after
//! `pkg/controller/nodelifecycle/node_lifecycle_controller.go` and the token bucket of `golang.org/x/time/rate`.

/// More nodes than a zone can have.
const MOST_NODES: i64 = 1 << 20;

/// Whether a zone with some ready nodes counts as unhealthy: at least three nodes that are not ready, and a share of them
/// that reaches the threshold, in single precision.
pub fn is_unhealthy(not_ready: i64, ready: i64, threshold: f32) -> bool {
    not_ready > 2 && not_ready as f32 / (not_ready + ready) as f32 >= threshold
}

/// The largest number of ready nodes beside which `not_ready` others make a zone unhealthy; -1 if none does. The share
/// falls as ready nodes are added, in single precision too.
pub fn most_ready_in_unhealthy_zone(not_ready: i64, threshold: f32) -> i64 {
    let (mut unhealthy, mut healthy) = (-1, MOST_NODES);
    while healthy - unhealthy > 1 {
        let middle = (healthy + unhealthy) / 2;
        match is_unhealthy(not_ready, middle, threshold) {
            true => unhealthy = middle,
            false => healthy = middle,
        }
    }
    unhealthy
}

/// Whole milliseconds after which a limiter of burst 1 that was just used admits again; `None` if it never does.
pub fn token_interval_ms(per_second: f32) -> Option<i64> {
    if per_second <= 0.0 {
        return None;
    }
    let limit = f64::from(per_second);
    let about = (1000.0 / limit).floor() as i64;
    (about.saturating_sub(2).max(0)..).find(|&elapsed| admits(elapsed, limit))
}

/// Upstream waits for the time, truncated to nanoseconds, that the missing part of a token takes.
fn admits(elapsed_ms: i64, limit: f64) -> bool {
    let seconds = (elapsed_ms / 1000) as f64 + (elapsed_ms % 1000 * 1_000_000) as f64 / 1e9;
    let tokens = (seconds * limit).min(1.0) - 1.0;
    tokens >= 0.0 || (1e9 * (-tokens / limit)) as i64 <= 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_is_reached_in_single_precision() {
        assert!(is_unhealthy(11, 9, 0.55));
        assert!(!is_unhealthy(2, 1, 0.55));
        assert_eq!(most_ready_in_unhealthy_zone(11, 0.55), 9);
        assert_eq!(most_ready_in_unhealthy_zone(3, 0.55), 2);
        assert_eq!(most_ready_in_unhealthy_zone(2, 0.55), -1);
    }

    #[test]
    fn rates_are_single_precision_numbers() {
        assert_eq!(token_interval_ms(0.1), Some(10_000));
        // A hundredth is a little less in single precision: after exactly 100 s there is no whole token yet.
        assert_eq!(token_interval_ms(0.01), Some(100_001));
        assert_eq!(token_interval_ms(0.0), None);
    }
}
