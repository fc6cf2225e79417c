//! Memory of this process and of the machine, where the operating system tells.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a reading is good for: to ask the system takes longer than many a step between two looks at a limit.
const GOOD_FOR: Duration = Duration::from_millis(10);

/// Resident memory in bytes, as it was at most a hundredth of a second ago.
pub fn recent_resident_bytes() -> Option<u64> {
    static STARTED: OnceLock<Instant> = OnceLock::new();
    static READ_AT: AtomicU64 = AtomicU64::new(0);
    static READING: AtomicU64 = AtomicU64::new(0);
    // Nanoseconds, and never 0, which means that nothing was read yet. Two threads may both read: no harm is done.
    let now = STARTED.get_or_init(Instant::now).elapsed().as_nanos() as u64 + 1;
    let read_at = READ_AT.load(Ordering::Acquire);
    if read_at > 0 && now.saturating_sub(read_at) < GOOD_FOR.as_nanos() as u64 {
        return Some(READING.load(Ordering::Relaxed));
    }
    let bytes = resident_bytes()?;
    READING.store(bytes, Ordering::Relaxed);
    READ_AT.store(now, Ordering::Release);
    Some(bytes)
}

/// Resident memory of this process in bytes, where the system tells.
pub fn resident_bytes() -> Option<u64> {
    memory_field("VmRSS:")
}

/// Largest resident memory of this process so far in bytes, where the system tells.
pub fn peak_resident_bytes() -> Option<u64> {
    memory_field("VmHWM:")
}

/// Memory that the machine has left, in bytes, where the system tells.
pub fn available_bytes() -> Option<u64> {
    kibibytes("/proc/meminfo", "MemAvailable:")
}

fn memory_field(name: &str) -> Option<u64> {
    kibibytes("/proc/self/status", name)
}

fn kibibytes(file: &str, name: &str) -> Option<u64> {
    let status = std::fs::read_to_string(file).ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes * 1024)
}
