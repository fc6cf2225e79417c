//! Small values of a scenario: amounts, ranges, durations, percentages.
//!
//! Amounts of load are in thousandths. Errors are texts that complete "…: …" with what is wrong.

use crate::cluster::object::quantity;

use super::document::{Amount, Duration, Percent, Range};

/// An amount in thousandths.
pub fn milli(amount: &Amount) -> Result<i64, String> {
    let value = quantity::milli_value(&text(amount)).map_err(|error| error.to_string())?;
    if value < 0 { Err(format!("`{}` is negative", text(amount))) } else { Ok(value) }
}

/// An amount of a resource: thousandths of cpu, whole units of others.
pub fn of_resource(resource: &str, amount: &Amount) -> Result<i64, String> {
    let text = text(amount);
    let read = if resource == "cpu" { quantity::milli_value(&text) } else { quantity::value(&text) };
    match read {
        Ok(amount) if amount < 0 => Err(format!("`{text}` is negative")),
        Ok(amount) => Ok(amount),
        Err(error) => Err(error.to_string()),
    }
}

/// An amount as Kubernetes writes it.
pub fn text(amount: &Amount) -> String {
    match amount {
        Amount::Whole(number) => number.to_string(),
        Amount::Decimal(number) => number.to_string(),
        Amount::Text(text) => text.clone(),
    }
}

/// A range in thousandths, the lesser first.
pub fn range(range: &Range) -> Result<(i64, i64), String> {
    let (least, most) = match range {
        Range::Between { min, max } => (min.clone(), max.clone()),
        Range::Text(given) => {
            let (least, most) = given.split_once("..").ok_or_else(|| format!("`{given}` is not a range"))?;
            (Amount::Text(least.trim().to_owned()), Amount::Text(most.trim().to_owned()))
        }
    };
    match (milli(&least)?, milli(&most)?) {
        (low, high) if low > high => {
            Err(format!("the range starts at {}, above its end {}", text(&least), text(&most)))
        }
        ends => Ok(ends),
    }
}

/// Units of time, the largest first, with their seconds.
const UNITS: [(char, i64); 3] = [('h', 3600), ('m', 60), ('s', 1)];

/// A duration in seconds: a number, or numbers with units that fall, such as `1m30s`.
pub fn seconds(duration: &Duration) -> Result<i64, String> {
    let given = match duration {
        Duration::Seconds(seconds) => return Ok((*seconds).into()),
        Duration::Text(text) => text.trim(),
    };
    let read = given.parse::<u32>().map(i64::from).ok().or_else(|| with_units(given));
    read.ok_or_else(|| format!("`{given}` is not a duration"))
}

/// Seconds of a text that consists of numbers and units only.
fn with_units(text: &str) -> Option<i64> {
    let (mut rest, mut sum) = (text, 0_i64);
    for (unit, seconds) in UNITS {
        let Some((number, after)) = rest.split_once(unit) else { continue };
        let is_number = !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit());
        let number = number.parse::<i64>().ok().filter(|_| is_number)?;
        (rest, sum) = (after, sum.checked_add(number.checked_mul(seconds)?)?);
    }
    (rest.is_empty() && !text.is_empty()).then_some(sum)
}

/// A percentage from 1 to 100.
pub fn percent(percent: &Percent) -> Result<i64, String> {
    let (number, shown) = match percent {
        Percent::Number(number) => (Some(*number), number.to_string()),
        Percent::Text(text) => (text.trim().trim_end_matches('%').parse().ok(), text.clone()),
    };
    number
        .filter(|number| (1..=100).contains(number))
        .ok_or_else(|| format!("`{shown}` is not a percentage from 1% to 100%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_as_users_write_them() {
        assert_eq!(range(&Range::Text("0m..2".into())), Ok((0, 2000)));
        assert!(range(&Range::Text("2..1".into())).is_err());
        assert!(range(&Range::Text("2".into())).is_err());
        assert_eq!(seconds(&Duration::Text("5m".into())), Ok(300));
        assert_eq!(seconds(&Duration::Text("1h1m30s".into())), Ok(3690));
        for wrong in ["5 m", "", "s", "30s1m", "1m1m", "-1s", "+1s", "1.5m", "1d", "99999999999999999h"] {
            assert!(seconds(&Duration::Text(wrong.into())).is_err(), "{wrong}");
        }
        assert_eq!(percent(&Percent::Text("98%".into())), Ok(98));
        assert!(percent(&Percent::Number(0)).is_err());
        assert!(milli(&Amount::Whole(i64::MAX)).is_err());
        assert!(milli(&Amount::Whole(-1)).is_err());
    }
}
