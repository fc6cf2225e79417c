//! What VerticalPodAutoscalers make of a recommended amount: bounds, and limits that keep their proportion.
//!
//! Amounts are thousandths of cpu, or bytes.
//!
//! Reference: `vertical-pod-autoscaler/pkg/utils/vpa/capping.go` and `limit_and_request_scaling.go` (1.7).

/// An amount within `minAllowed` and `maxAllowed`, which are 0 where they are not given. The latter wins.
pub fn capped(amount: i64, (least, most): (i64, i64)) -> i64 {
    let raised = amount.max(least);
    if most > 0 { raised.min(most) } else { raised }
}

/// The limit that is to the new request as the old limit was to the old request, which is 0 if there was none.
pub fn proportional_limit(limit: i64, request: i64, recommended: i64) -> i64 {
    if request == 0 || request == limit {
        return recommended;
    }
    let product = i128::from(limit) * i128::from(recommended);
    i64::try_from(product / i128::from(request)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_that_are_not_given_do_not_matter() {
        assert_eq!(capped(500, (0, 0)), 500);
        assert_eq!(capped(500, (600, 0)), 600);
        assert_eq!(capped(500, (0, 400)), 400);
        assert_eq!(capped(500, (600, 400)), 400);
    }

    #[test]
    fn limits_keep_their_proportion() {
        assert_eq!(proportional_limit(1000, 500, 750), 1500);
        assert_eq!(proportional_limit(1000, 300, 100), 333);
        assert_eq!(proportional_limit(500, 500, 750), 750);
        assert_eq!(proportional_limit(500, 0, 750), 750);
        assert_eq!(proportional_limit(i64::MAX, 1, 2), i64::MAX);
    }
}
