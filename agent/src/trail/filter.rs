//! Which reports of the trail a person wants to see. Pure.

use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use mailbeat_shared::wire::report::Kind;

use crate::spool::{Entry, Fate};

/// What is wanted; what is not said is not asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    /// Of this kind.
    pub kind: Option<Kind>,
    /// Made then or later.
    pub since: Option<Timestamp>,
    /// Made before that.
    pub until: Option<Timestamp>,
    /// That came so far.
    pub stage: Option<Stage>,
}

/// How far a report came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It waits in the queue.
    Waiting,
    /// It ended so.
    Ended(Fate),
}

impl Filter {
    /// Whether the report is wanted. A damaged one has no kind and no time, and is wanted only where neither is asked for.
    #[must_use]
    pub fn admits(&self, entry: &Entry) -> bool {
        let made = entry.meta.as_ref().map(|meta| meta.created_at);
        let stage = || entry.ending().map_or(Stage::Waiting, |ending| Stage::Ended(ending.fate));
        self.kind.is_none_or(|kind| entry.kind() == Some(kind))
            && self.since.is_none_or(|since| made.is_some_and(|made| made >= since))
            && self.until.is_none_or(|until| made.is_some_and(|made| made < until))
            && self.stage.is_none_or(|wanted| stage() == wanted)
    }
}

/// A time as a person types it: `2026-06-01`, `2026-06-01T12:00:00Z`, or how long ago: `4h`, `2d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Then.
    At(Timestamp),
    /// So long ago.
    Ago(SignedDuration),
}

impl Moment {
    /// The time it means at `now`.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(ago) => now.checked_sub(ago).unwrap_or(Timestamp::MIN),
        }
    }
}

impl FromStr for Moment {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(at) = text.parse::<Timestamp>() {
            return Ok(Self::At(at));
        }
        // A date has no letters; what has is a length.
        if !text.contains(|c: char| c.is_ascii_alphabetic())
            && let Ok(date) = text.parse::<Date>()
            && let Ok(at) = date.to_zoned(TimeZone::UTC)
        {
            return Ok(Self::At(at.timestamp()));
        }
        length(text).map(Self::Ago).map_err(|_| {
            format!("{text:?} is no time; write 2026-06-01, 2026-06-01T12:00:00Z, or how long ago: 4h, 2d")
        })
    }
}

/// A length of time as a person types it: `90s`, `30m`, `4h`, `2d`; a day has 24 hours.
///
/// # Errors
/// What is wrong with it, a sentence.
pub fn length(text: &str) -> Result<SignedDuration, String> {
    let wrong = || format!("{text:?} is no length of time; write 30m, 4h or 2d");
    let span: Span = text.parse().map_err(|_| wrong())?;
    let length = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    if length.is_negative() { Err(wrong()) } else { Ok(length) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_typed_as_people_say_them() {
        let now: Timestamp = "2026-06-03T12:00:00Z".parse().unwrap();
        let at = |text: &str| text.parse::<Moment>().map(|moment| moment.at(now).to_string());
        assert_eq!(at("2026-06-01").unwrap(), "2026-06-01T00:00:00Z");
        assert_eq!(at("2026-06-01T14:00:00+02:00").unwrap(), "2026-06-01T12:00:00Z");
        assert_eq!(at("36h").unwrap(), "2026-06-02T00:00:00Z");
        assert_eq!(at("2d").unwrap(), "2026-06-01T12:00:00Z");
        for wrong in ["yesterday", "", "12", "-4h"] {
            assert!(at(wrong).unwrap_err().contains("is no time"), "{wrong}");
        }
    }

    #[test]
    fn lengths_are_typed_with_their_unit() {
        let seconds = |text| length(text).map(|length| length.as_secs());
        assert_eq!([seconds("90s"), seconds("1h30m"), seconds("2d")], [Ok(90), Ok(5_400), Ok(172_800)]);
        for wrong in ["4", "-4h", "1 month", "soon"] {
            assert!(length(wrong).unwrap_err().contains("is no length of time"), "{wrong}");
        }
    }
}
