//! The languages people are written to in, and how each writes numbers, dates and durations.
//!
//! Pure. Words live beside the templates they belong to; here is only what every text of a language has in common.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Locale {
    /// English.
    #[default]
    En,
    /// German.
    De,
}

/// A word that names no language there is.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a language there is; write en or de")]
pub struct UnknownLocale(pub String);

impl std::str::FromStr for Locale {
    type Err = UnknownLocale;
    fn from_str(text: &str) -> Result<Self, UnknownLocale> {
        let named = |locale: &Self| locale.as_str() == text;
        Self::ALL.into_iter().find(named).ok_or_else(|| UnknownLocale(crate::text::one_line(text, 40)))
    }
}

impl std::fmt::Display for Locale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Units of time as they are counted out: seconds, one, several.
type Units = [(i64, &'static str, &'static str); 4];
const ENGLISH: Units =
    [(86_400, "day", "days"), (3_600, "hour", "hours"), (60, "minute", "minutes"), (1, "second", "seconds")];
const GERMAN: Units = [
    (86_400, "Tag", "Tage"),
    (3_600, "Stunde", "Stunden"),
    (60, "Minute", "Minuten"),
    (1, "Sekunde", "Sekunden"),
];

impl Locale {
    /// All there are.
    pub const ALL: [Self; 2] = [Self::En, Self::De];

    /// The word in configuration, contracts, reports and the `lang` attribute.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
        }
    }

    fn units(self) -> &'static Units {
        match self {
            Self::En => &ENGLISH,
            Self::De => &GERMAN,
        }
    }

    /// A number as a program writes it, with this language's decimal mark: `96.1 %` is `96,1 %` in German.
    #[must_use]
    pub fn number(self, plain: &str) -> String {
        match self {
            Self::En => plain.to_owned(),
            Self::De => plain.replace('.', ","),
        }
    }

    /// The day: `2026-11-22`, `22.11.2026`.
    #[must_use]
    pub fn day(self, at: Timestamp) -> String {
        self.format(at, "%Y-%m-%d", "%d.%m.%Y")
    }

    /// To the minute: `2026-11-22 08:20 UTC`, `22.11.2026, 08:20 UTC`.
    #[must_use]
    pub fn minute(self, at: Timestamp) -> String {
        self.format(at, "%Y-%m-%d %H:%M UTC", "%d.%m.%Y, %H:%M UTC")
    }

    /// To the second: `2026-11-22 08:20:12 UTC`, `22.11.2026, 08:20:12 UTC`.
    #[must_use]
    pub fn second(self, at: Timestamp) -> String {
        self.format(at, "%Y-%m-%d %H:%M:%S UTC", "%d.%m.%Y, %H:%M:%S UTC")
    }

    fn format(self, at: Timestamp, english: &str, german: &str) -> String {
        at.strftime(if self == Self::En { english } else { german }).to_string()
    }

    /// A duration in its largest unit, cut: `3 hours`, `2 Tage`.
    #[must_use]
    pub fn roughly(self, duration: SignedDuration) -> String {
        // As with `ago` in tables, hours are counted up to two days.
        let seconds = duration.as_secs().max(0);
        let fits = |(length, ..): &&(i64, &str, &str)| {
            seconds >= *length && (*length < 86_400 || seconds >= 172_800)
        };
        let unit = self.units().iter().find(fits).unwrap_or(&self.units()[3]);
        count(seconds / unit.0, unit)
    }

    /// A duration to the second in one unit, hours at most: `15 minutes`, `24 Stunden`.
    #[must_use]
    pub fn exactly(self, duration: SignedDuration) -> String {
        let seconds = duration.as_secs().max(0);
        let unit = self.units()[1..].iter().find(|unit| seconds > 0 && seconds % unit.0 == 0);
        let unit = unit.unwrap_or(&self.units()[3]);
        count(seconds / unit.0, unit)
    }

    /// A duration in its two largest units: `3 days 4 hours`, `1 Minute 5 Sekunden`.
    #[must_use]
    pub fn span(self, duration: SignedDuration) -> String {
        let mut seconds = duration.as_secs().max(0);
        let mut parts = Vec::new();
        for unit in self.units() {
            let whole = seconds / unit.0;
            seconds %= unit.0;
            if whole > 0 {
                parts.push(count(whole, unit));
            } else if !parts.is_empty() {
                break;
            }
        }
        parts.truncate(2);
        if parts.is_empty() { count(0, &self.units()[3]) } else { parts.join(" ") }
    }

    /// How often, whole units only: `every hour`, `alle 90 Sekunden`.
    #[must_use]
    pub fn every(self, seconds: u64) -> String {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX).max(1);
        let [.., second] = self.units();
        let unit = self.units().iter().find(|unit| seconds % unit.0 == 0).unwrap_or(second);
        match (self, seconds / unit.0) {
            (Self::En, 1) => format!("every {}", unit.1),
            (Self::En, many) => format!("every {many} {}", unit.2),
            (Self::De, 1) if unit.0 == 86_400 => "jeden Tag".to_owned(),
            (Self::De, 1) => format!("jede {}", unit.1),
            (Self::De, many) => format!("alle {many} {}", unit.2),
        }
    }

    /// A number of days: `1 day`, `12 Tage`.
    #[must_use]
    pub fn days(self, days: u64) -> String {
        count(i64::try_from(days).unwrap_or(i64::MAX), &self.units()[0])
    }
}

fn count(many: i64, (_, one, several): &(i64, &str, &str)) -> String {
    format!("{many} {}", if many == 1 { one } else { several })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(seconds: i64) -> SignedDuration {
        SignedDuration::from_secs(seconds)
    }

    #[test]
    fn dates_and_numbers_are_written_as_the_language_writes_them() {
        let at: Timestamp = "2026-11-02T08:05:09Z".parse().unwrap();
        assert_eq!(Locale::En.second(at), "2026-11-02 08:05:09 UTC");
        assert_eq!(Locale::De.second(at), "02.11.2026, 08:05:09 UTC");
        assert_eq!([Locale::En.day(at), Locale::De.minute(at)], ["2026-11-02", "02.11.2026, 08:05 UTC"]);
        assert_eq!([Locale::En.number("96.1 %"), Locale::De.number("96.1 %")], ["96.1 %", "96,1 %"]);
    }

    #[test]
    fn durations_are_said_in_the_unit_that_matters() {
        let roughly = |seconds| (Locale::En.roughly(secs(seconds)), Locale::De.roughly(secs(seconds)));
        assert_eq!(roughly(0), ("0 seconds".into(), "0 Sekunden".into()));
        assert_eq!(roughly(61), ("1 minute".into(), "1 Minute".into()));
        assert_eq!(roughly(47 * 3_600), ("47 hours".into(), "47 Stunden".into()));
        assert_eq!(roughly(10 * 86_400), ("10 days".into(), "10 Tage".into()));
        let exactly = [900, 3_600, 86_400, 90].map(|seconds| Locale::De.exactly(secs(seconds)));
        assert_eq!(exactly, ["15 Minuten", "1 Stunde", "24 Stunden", "90 Sekunden"]);
        let span = [0, 65, 90_061, 86_401].map(|seconds| Locale::En.span(secs(seconds)));
        assert_eq!(span, ["0 seconds", "1 minute 5 seconds", "1 day 1 hour", "1 day"]);
    }

    #[test]
    fn a_promise_is_said_in_whole_units() {
        let said = [3_600, 90, 1, 172_800, 86_400];
        assert_eq!(
            said.map(|seconds| Locale::En.every(seconds)),
            ["every hour", "every 90 seconds", "every second", "every 2 days", "every day"]
        );
        assert_eq!(
            said.map(|seconds| Locale::De.every(seconds)),
            ["jede Stunde", "alle 90 Sekunden", "jede Sekunde", "alle 2 Tage", "jeden Tag"]
        );
        assert_eq!([Locale::De.days(1), Locale::En.days(12)], ["1 Tag", "12 days"]);
    }

    #[test]
    fn a_language_is_known_by_its_word_and_another_is_refused_by_name() {
        for locale in Locale::ALL {
            assert_eq!(locale.as_str().parse(), Ok(locale));
        }
        assert_eq!("fr".parse::<Locale>(), Err(UnknownLocale("fr".into())));
    }
}
