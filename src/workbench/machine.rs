//! The machine and the program that measured: times of others are no measure.

use std::fs;
use std::thread::available_parallelism;

use serde::{Deserialize, Serialize};

/// What times depend on besides the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The operating system, such as `linux`.
    pub os: String,
    /// The processor's architecture, such as `x86_64`.
    pub arch: String,
    /// The processor's model, where the system tells.
    pub cpu: Option<String>,
    /// How many threads run at the same time.
    pub cores: usize,
    /// The program's version.
    pub kubound: String,
    /// `release`, or `debug` for a build without optimisation.
    pub build: String,
}

impl Machine {
    /// This one.
    pub fn this() -> Machine {
        Machine {
            os: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            cpu: fs::read_to_string("/proc/cpuinfo").ok().as_deref().and_then(model),
            cores: available_parallelism().map_or(1, usize::from),
            kubound: env!("CARGO_PKG_VERSION").to_owned(),
            build: if cfg!(debug_assertions) { "debug" } else { "release" }.to_owned(),
        }
    }

    /// Why times of the other one cannot be compared; empty if they can. Versions may differ, for that is what is compared.
    pub fn differences(&self, other: &Machine) -> Vec<String> {
        let cpu = |machine: &Machine| machine.cpu.clone().unwrap_or_else(|| "unknown".to_owned());
        let pairs = [
            ("os", other.os.clone(), self.os.clone()),
            ("arch", other.arch.clone(), self.arch.clone()),
            ("cpu", cpu(other), cpu(self)),
            ("cores", other.cores.to_string(), self.cores.to_string()),
            ("build", other.build.clone(), self.build.clone()),
        ];
        let different = pairs.into_iter().filter(|(_, before, now)| before != now);
        different.map(|(what, before, now)| format!("{what}: {before} then, {now} now")).collect()
    }
}

/// The model in what Linux says of its processors.
fn model(text: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.split_whitespace().collect::<Vec<&str>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_read_from_what_linux_says() {
        let text = "processor\t: 0\nvendor_id\t: X\nmodel name\t: Fast  CPU @ 2GHz\nflags: a\n";
        assert_eq!(model(text).as_deref(), Some("Fast CPU @ 2GHz"));
        assert_eq!(model("Hardware : board\n"), None);
    }

    #[test]
    fn versions_may_differ_and_nothing_else() {
        let this = Machine::this();
        assert!(this.differences(&Machine { kubound: "0.0.1".to_owned(), ..this.clone() }).is_empty());
        let other = Machine { cores: this.cores + 1, build: "other".to_owned(), ..this.clone() };
        assert_eq!(this.differences(&other).len(), 2);
    }
}
