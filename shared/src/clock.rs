//! The one place where the wall clock is read.
//!
//! Loops own a [`Clock`] and hand `now` to pure functions; a simulation owns a [`Clock::manual`] and moves it by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// Knows what time it is. Cheap to clone; all clones of a manual clock are moved together.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

/// Clocks are the same that always say the same.
impl PartialEq for Clock {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl Eq for Clock {}

impl Clock {
    /// The operating system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that only moves when [`Clock::advance`] or [`Clock::set`] is called.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        Self(Some(Arc::new(AtomicI64::new(start.as_microsecond()))))
    }

    /// The current time, cut to whole microseconds (the resolution of the store).
    ///
    /// # Panics
    /// Never in practice: the operating system's time and a manual clock both stay within jiff's range.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let micros = match &self.0 {
            Some(manual) => manual.load(Ordering::SeqCst),
            #[allow(clippy::disallowed_methods, reason = "this is the door the wall clock comes in through")]
            None => Timestamp::now().as_microsecond(),
        };
        Timestamp::from_microsecond(micros).expect("a clock stays within jiff's range")
    }

    /// Moves a manual clock; does nothing to the system clock.
    pub fn advance(&self, by: SignedDuration) {
        if let Some(manual) = &self.0 {
            let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
            manual.fetch_add(micros, Ordering::SeqCst);
        }
    }

    /// Sets a manual clock, backwards too; does nothing to the system clock.
    pub fn set(&self, to: Timestamp) {
        if let Some(manual) = &self.0 {
            manual.store(to.as_microsecond(), Ordering::SeqCst);
        }
    }
}
