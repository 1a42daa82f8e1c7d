//! The last ways in which sending failed, for people who look after it went again. Pure.

use jiff::Timestamp;
use mailbeat_shared::transport::outcome::FailureKind;
use serde::{Deserialize, Serialize};

/// Most failures kept.
const KEPT: usize = 5;

/// An attempt that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// Of which report.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// By which route.
    pub route: String,
    /// What happened, in the server's words where there are any.
    pub what: String,
    /// What to do about it.
    pub advice: String,
    /// What to tell apart when explaining it; versions before did not write it.
    #[serde(default)]
    pub kind: Option<FailureKind>,
}

/// Failures, newest last; one that comes again in the same words by the same route takes its former place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Failures(Vec<Failed>);

impl Failures {
    /// Adds one.
    pub fn add(&mut self, failed: Failed) {
        self.0.retain(|other| (&other.route, &other.what) != (&failed.route, &failed.what));
        self.0.push(failed);
        let excess = self.0.len().saturating_sub(KEPT);
        self.0.drain(..excess);
    }

    /// Them, newest last.
    #[must_use]
    pub fn all(&self) -> &[Failed] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_five_different_failures_are_kept_and_a_repeated_one_is_one() {
        let mut failures = Failures::default();
        let failed = |sequence: u64, what: &str| Failed {
            sequence,
            at: Timestamp::from_second(sequence.cast_signed()).unwrap(),
            route: "office".into(),
            what: what.into(),
            advice: String::new(),
            kind: None,
        };
        for sequence in 1..=9 {
            failures.add(failed(sequence, "refused"));
        }
        assert_eq!(failures.all(), [failed(9, "refused")]);
        for (sequence, what) in (10..).zip(["a", "b", "c", "d", "e"]) {
            failures.add(failed(sequence, what));
        }
        let kept: Vec<&str> = failures.all().iter().map(|failed| failed.what.as_str()).collect();
        assert_eq!(kept, ["a", "b", "c", "d", "e"]);
    }
}
