//! Logarithmic scales of times.

/// The shortest time that is shown, in seconds.
const LEAST: f64 = 1e-4;

/// From times to places along an axis.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Exponents of ten at both ends.
    decades: (i32, i32),
    /// Places of both ends.
    places: (f64, f64),
}

impl Scale {
    /// A scale that has room for all of these times, in whole powers of ten.
    pub fn of(times: impl IntoIterator<Item = f64>, places: (f64, f64)) -> Self {
        let (mut least, mut most) = (f64::INFINITY, LEAST);
        for time in times {
            (least, most) = (least.min(time.max(LEAST)), most.max(time));
        }
        let low = least.min(most).log10().floor() as i32;
        let high = (most.log10().ceil() as i32).max(low + 1);
        Scale { decades: (low, high), places }
    }

    /// Where a time is.
    pub fn at(&self, time: f64) -> f64 {
        let (low, high) = (f64::from(self.decades.0), f64::from(self.decades.1));
        let share = (time.max(LEAST).log10() - low) / (high - low);
        self.places.0 + share.clamp(0.0, 1.0) * (self.places.1 - self.places.0)
    }

    /// The powers of ten, where they are, and how they read.
    pub fn ticks(&self) -> Vec<(f64, String)> {
        let tick = |decade: i32| (self.at(10_f64.powi(decade)), label(decade));
        (self.decades.0..=self.decades.1).map(tick).collect()
    }

    /// Where other round numbers are: twice to nine times a power of ten.
    pub fn between(&self) -> Vec<f64> {
        let of = |decade: i32| (2..=9).map(move |digit| f64::from(digit) * 10_f64.powi(decade));
        (self.decades.0..self.decades.1).flat_map(of).map(|time| self.at(time)).collect()
    }
}

fn label(decade: i32) -> String {
    match decade {
        ..=-4 => "0.1 ms".to_owned(),
        -3..=-1 => format!("{} ms", 10_u32.pow((decade + 3).unsigned_abs())),
        0..=3 => format!("{} s", 10_u32.pow(decade.unsigned_abs())),
        _ => format!("10^{decade} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_between_powers_of_ten() {
        let scale = Scale::of([0.03, 2.0], (0.0, 300.0));
        let ticks = scale.ticks();
        let labels: Vec<&str> = ticks.iter().map(|(_, label)| label.as_str()).collect();
        assert_eq!(labels, ["10 ms", "100 ms", "1 s", "10 s"]);
        assert!((scale.at(0.1) - 100.0).abs() < 1e-9 && (scale.at(1e9) - 300.0).abs() < 1e-9);
        assert_eq!(scale.between().len(), 24);
    }

    #[test]
    fn one_time_and_no_time_have_scales_too() {
        assert_eq!(Scale::of([1.0], (0.0, 1.0)).ticks().len(), 2);
        assert_eq!(Scale::of([0.0], (0.0, 1.0)).ticks().len(), 2);
        assert_eq!(Scale::of([], (0.0, 1.0)).ticks().len(), 2);
    }
}
