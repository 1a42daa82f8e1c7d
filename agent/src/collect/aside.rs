//! Asking what may never answer: on a thread of its own, with a deadline, and never twice at once.
//!
//! A filesystem whose server is gone holds whoever looks at it, and no thread can be ended from outside. So the one that is held is
//! left behind, that is said, and nobody asks again until it is back. A panic over there is one over here.

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// One question, and the thread that is out for it.
#[derive(Debug)]
pub(crate) struct Aside<T>(Option<Out<T>>);

#[derive(Debug)]
struct Out<T> {
    thread: JoinHandle<()>,
    answer: Receiver<T>,
}

impl<T> Default for Aside<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Send + 'static> Aside<T> {
    /// Asks, and waits for the answer at most so long.
    ///
    /// # Errors
    /// Why there is no answer, a sentence. What comes too late is thrown away.
    ///
    /// # Panics
    /// Where the question does.
    pub(crate) fn ask(
        &mut self,
        patience: Duration,
        question: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, String> {
        if self.0.as_ref().is_some_and(|out| matches!(out.answer.try_recv(), Err(TryRecvError::Empty))) {
            return Err("no answer yet since it was asked before; probably a file system hangs, for example one whose server is gone".into());
        }
        self.0 = None;
        let (say, answer) = sync_channel(1);
        // Nobody listens to the end only where it came too late.
        let started = thread::Builder::new().name("aside".into()).spawn(move || drop(say.send(question())));
        let thread = started.map_err(|error| format!("no thread can be started: {error}"))?;
        self.wait(Out { thread, answer }, patience)
    }

    fn wait(&mut self, out: Out<T>, patience: Duration) -> Result<T, String> {
        match out.answer.recv_timeout(patience) {
            Ok(answer) => Ok(answer),
            Err(RecvTimeoutError::Timeout) => {
                self.0 = Some(out);
                let seconds = patience.as_secs();
                Err(format!(
                    "no answer within {seconds} s; probably a file system hangs, for example one whose server is gone"
                ))
            }
            Err(RecvTimeoutError::Disconnected) => match out.thread.join() {
                Err(panic) => resume_unwind(panic),
                Ok(()) => Err("no answer".into()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn what_hangs_is_given_up_and_not_asked_again_before_it_is_back() {
        let mut aside = Aside::default();
        assert_eq!(aside.ask(LONG, || 1), Ok(1));
        let (release, held) = channel::<()>();
        let late = aside.ask(Duration::ZERO, move || held.recv().map_or(2, |()| 3));
        assert!(late.unwrap_err().starts_with("no answer within 0 s; "));
        let again = aside.ask(LONG, || panic!("it is asked while the other is still out"));
        assert!(again.unwrap_err().starts_with("no answer yet since"));
        release.send(()).unwrap();
        while aside.0.as_ref().is_some_and(|out| !out.thread.is_finished()) {
            thread::yield_now();
        }
        assert_eq!(aside.ask(LONG, || 4), Ok(4), "what came too late is of no interest");
    }

    #[test]
    fn a_panic_over_there_is_one_over_here_and_it_can_be_asked_again() {
        let mut aside = Aside::default();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            aside.ask(LONG, || -> u8 { panic!("on purpose") })
        }));
        assert!(panicked.is_err());
        assert_eq!(aside.ask(LONG, || 1), Ok(1));
    }
}
