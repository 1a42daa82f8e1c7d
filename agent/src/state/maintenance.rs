//! Announced maintenance: from its notice to its end. Pure.
//!
//! It is part of the state that is written with the notice, so that a crash leaves either both or none. It ends by itself.

use jiff::Timestamp;
use mailbeat_shared::wire::report::{Maintenance, Notice};
use serde::{Deserialize, Serialize};

/// Maintenance as announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Since when.
    pub since: Timestamp,
    /// When it ends at the latest.
    pub until: Timestamp,
    /// Why, in the administrator's words.
    pub reason: String,
}

impl Window {
    /// What a notice made at `now` announces; `None` if it names no end.
    #[must_use]
    pub fn announced(notice: &Notice, now: Timestamp) -> Option<Self> {
        Some(Self { since: now, until: notice.until?, reason: notice.reason.clone() })
    }

    /// Whether it is still on.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        now < self.until
    }

    /// As heartbeats carry it.
    #[must_use]
    pub fn on_the_wire(&self) -> Maintenance {
        Maintenance { until: self.until, reason: self.reason.clone() }
    }

    /// After the clock went back behind its beginning: it lasts as long as it was meant to, and no longer.
    #[must_use]
    pub fn rebased(self, now: Timestamp) -> Self {
        if now >= self.since {
            return self;
        }
        let until = now.checked_add(self.until.duration_since(self.since)).unwrap_or(self.until);
        Self { since: now, until, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_set_back_makes_maintenance_no_longer_than_it_was_announced() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let window = Window { since: at(1_000), until: at(1_600), reason: "pumps".into() };
        assert!(window.holds(at(1_599)) && !window.holds(at(1_600)));
        assert_eq!(window.clone().rebased(at(1_200)), window);
        let moved = window.rebased(at(100));
        assert_eq!((moved.since, moved.until), (at(100), at(700)));
    }
}
