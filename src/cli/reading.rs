//! Reads an input in a thread of its own, so that time and Ctrl-C end that, too.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::check::CheckError;
use crate::check::source::{Asked, Input, open_within};
use crate::engine::{Budget, UnknownReason};

/// How often time and Ctrl-C are looked at.
const PERIOD: Duration = Duration::from_millis(50);

/// How long programs that render something for the input may take to be stopped.
const GRACE: Duration = Duration::from_millis(300);

/// Reads what is asked for; the outer error says why that was not done within the budget. The thread that reads goes on
/// until the program ends, which it does soon.
pub fn within(asked: &Asked, budget: &Budget) -> Result<Result<Input, CheckError>, UnknownReason> {
    let watch = budget.start();
    let (sender, receiver) = channel();
    let asked = asked.clone();
    let limit = watch.limit();
    let reader = thread::spawn(move || sender.send(open_within(&asked, &limit)).is_ok());
    loop {
        match receiver.recv_timeout(PERIOD) {
            Ok(read) => return Ok(read),
            Err(RecvTimeoutError::Timeout) => {
                if let Some(why) = watch.exhausted() {
                    let _ = receiver.recv_timeout(GRACE);
                    return Err(why);
                }
            }
            Err(RecvTimeoutError::Disconnected) => match reader.join() {
                Err(panic) => std::panic::resume_unwind(panic),
                Ok(_) => return Err(UnknownReason::Engine("the input was not read".to_owned())),
            },
        }
    }
}
