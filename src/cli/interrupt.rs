//! Ctrl-C: the first one stops the search, the second one ends the program.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Exit code of a program that was interrupted.
const INTERRUPTED: i32 = 130;

/// A flag that the first Ctrl-C sets.
pub fn flag() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let own = Arc::clone(&flag);
    let handler = move || {
        if own.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED);
        }
    };
    // Without a handler Ctrl-C ends the program at once, which is what users expect of it.
    let _ = ctrlc::set_handler(handler);
    flag
}
