//! How fast an autoscaler with a `behavior` may scale: what one policy allows, from
//! `pkg/controller/podautoscaler/horizontal.go`, Kubernetes v1.34.

use super::go_int32;

/// The size up to which `percent` allows scaling from `start`, the replicas when the policy's period began.
pub fn percent_up(start: i64, percent: i64) -> i64 {
    go_int32((start as f64 * (1.0 + percent as f64 / 100.0)).ceil())
}

/// The size down to which `percent` allows scaling from `start`.
pub fn percent_down(start: i64, percent: i64) -> i64 {
    go_int32(start as f64 * (1.0 - percent as f64 / 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_towards_more_replicas_up_and_fewer_down() {
        assert_eq!((percent_up(10, 100), percent_up(5, 33), percent_up(10, 10)), (20, 7, 11));
        assert_eq!((percent_down(10, 100), percent_down(5, 33), percent_down(10, 10)), (0, 3, 9));
        assert_eq!(percent_down(10, 150), -5);
    }
}
