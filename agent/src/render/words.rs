//! The words of one language: kinds, states, names of measurements, and the sentences reports hold.
//!
//! Each language is one file that implements [`Words`], so a word that is missing does not compile. What is a whole sentence
//! stands in the templates.

mod de;
mod en;

use mailbeat_shared::locale::Locale;
use mailbeat_shared::phrases::{self, Phrase};
use mailbeat_shared::wire::check::CheckState;
use mailbeat_shared::wire::observation::{Observation, attributes};
use mailbeat_shared::wire::report::{Kind, NoticeEvent};
use mailbeat_shared::wire::snapshot::{ChangeKind, FileState};

/// What is counted in verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thing {
    CriticalCheck,
    Warning,
    UnknownCheck,
    Problem,
    Change,
    FileWatched,
    FileMore,
    PackageChanged,
    Update,
    Report,
}

/// The words of one language.
pub(super) trait Words: Sync {
    /// Which language.
    fn locale(&self) -> Locale;
    /// A report's kind, as subjects begin.
    fn kind(&self, kind: Kind) -> &'static str;
    /// One of a thing, and several.
    fn noun(&self, thing: Thing) -> (&'static str, &'static str);
    /// Verdicts without a number: of a heartbeat, a system report, an enrollment, a test.
    fn verdict(&self, verdict: Verdict) -> &'static str;
    /// What happened to a file.
    fn change(&self, kind: ChangeKind) -> &'static str;
    /// Why a changed file is shown without its text.
    fn without_text(&self, state: FileState) -> &'static str;
    /// What is said of a text: that it is whole, that it is cut.
    fn extent(&self, whole: bool) -> &'static str;
    /// What a diff says of a last line without its end.
    fn no_newline(&self) -> &'static str;
    /// A check's verdict.
    fn check(&self, state: CheckState) -> &'static str;
    /// From when on.
    fn since(&self) -> &'static str;
    /// Between two heartbeats.
    fn in_between(&self) -> &'static str;
    /// A notice's verdict, and what it means.
    fn notice(&self, event: NoticeEvent) -> (&'static str, &'static str);
    /// The name of a measurement, of a fact about the host, or of a direction, by its name on the wire.
    fn name(&self, key: &str) -> Option<&'static str>;
    /// The sentences reports hold in English, and their translations.
    fn phrases(&self) -> &'static [Phrase];
}

/// Verdicts without a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    AllWell,
    NothingChanged,
    RestartRequired,
    Activated,
    DoesThisArrive,
}

/// The words of a language.
pub(super) fn of(locale: Locale) -> &'static dyn Words {
    match locale {
        Locale::En => &en::English,
        Locale::De => &de::German,
    }
}

impl dyn Words + '_ {
    /// `1 report`, `2 Berichte`.
    pub(super) fn counted(&self, count: u64, thing: Thing) -> String {
        let (one, several) = self.noun(thing);
        format!("{count} {}", if count == 1 { one } else { several })
    }

    /// A sentence of a report in this language.
    pub(super) fn said(&self, sentence: &str) -> String {
        phrases::translated(sentence, self.phrases(), self.locale())
    }

    /// `Filesystem in use /var` and `71.4 %`.
    pub(super) fn measured(&self, observation: &Observation) -> (String, String) {
        let known = self.name(&observation.name);
        let name = known.map_or_else(|| derived(&observation.name), str::to_owned);
        // A filesystem is told apart by its place; device and type are in report.json.
        let has_place = known.is_some() && observation.attributes.contains_key(attributes::MOUNTPOINT);
        let tells =
            |key: &str| !has_place || (key != attributes::DEVICE && key != attributes::FILESYSTEM_TYPE);
        let is_direction = |key: &str| key == attributes::DIRECTION || key == attributes::DISK_DIRECTION;
        // Keys come in order of name: the interface comes before the direction only if it is asked to.
        let mut which: Vec<(&String, &String)> =
            observation.attributes.iter().filter(|(key, _)| tells(key)).collect();
        which.sort_by_key(|(key, _)| is_direction(key));
        let which = which.iter().map(|(_, value)| self.name(value).unwrap_or(value));
        let name = std::iter::once(name.as_str()).chain(which).collect::<Vec<_>>().join(" ");
        (name, self.value(observation.value, &observation.unit))
    }

    fn value(&self, value: f64, unit: &str) -> String {
        let locale = self.locale();
        match unit {
            "1" => locale.number(&format!("{:.1} %", value * 100.0)),
            "By" => locale.number(&bytes(value)),
            "By/s" => locale.number(&format!("{}/s", bytes(value))),
            "Cel" => locale.number(&format!("{value:.1} °C")),
            #[allow(
                clippy::cast_possible_truncation,
                reason = "it saturates, and nobody counts seconds beyond"
            )]
            "s" if value >= 60.0 => locale.span(jiff::SignedDuration::from_secs(value as i64)),
            "s" if value > 0.0 && value < 1.0 => locale.number(&format!("{:.1} ms", value * 1000.0)),
            "s" => locale.number(&format!("{value:.1} s")),
            unit if unit.starts_with('{') => locale.number(&number(value)),
            unit => locale.number(&format!("{} {unit}", number(value))),
        }
    }

    /// A fact about the host: `Kernel` and `6.1.0`.
    pub(super) fn fact(&self, key: &str, value: &str) -> (String, String) {
        let name = self.name(key).map_or_else(|| derived(key), str::to_owned);
        let value = match value.parse::<f64>() {
            Ok(number) if key.ends_with(".bytes") => self.locale().number(&bytes(number)),
            _ => self.said(value),
        };
        (name, value)
    }
}

/// A name nobody gave a word for.
fn derived(name: &str) -> String {
    name.strip_prefix("system.").unwrap_or(name).replace(['.', '_'], " ")
}

/// Whole numbers without decimals.
fn number(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

fn bytes(value: f64) -> String {
    let mut value = value;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value.abs() < 1024.0 {
            return format!("{value:.1} {unit}").replace(".0 B", " B");
        }
        value /= 1024.0;
    }
    format!("{value:.1} TiB")
}

#[cfg(test)]
mod tests {
    use mailbeat_shared::wire::observation::names;

    use super::*;

    #[test]
    fn numbers_read_as_a_person_would_say_them_in_each_language() {
        let disk = Observation::new(&names::FILESYSTEM_UTILIZATION, 0.714)
            .with(attributes::MOUNTPOINT, "/var")
            .with(attributes::DEVICE, "/dev/sda1");
        let network = Observation::new(&names::NETWORK_IO, 8_589_934_592.0)
            .with(attributes::INTERFACE, "eth0")
            .with(attributes::DIRECTION, "receive");
        let disk_io = Observation::new(&names::DISK_IO, 1024.0)
            .with(attributes::DEVICE, "sda")
            .with(attributes::DISK_DIRECTION, "write");
        let short = Observation::new(&names::PRESSURE_STALLED, 0.021)
            .with(attributes::PRESSURE_RESOURCE, "io")
            .with(attributes::PRESSURE_WHO, "some");
        let wait = Observation::new(&names::DISK_WAIT, 0.0042).with(attributes::DEVICE, "sda");
        let up = Observation::new(&names::UPTIME, 90_061.0);
        let said = |locale, observation| {
            let (name, value) = of(locale).measured(observation);
            format!("{name}: {value}")
        };
        assert_eq!(said(Locale::En, &disk), "Filesystem in use /var: 71.4 %");
        assert_eq!(said(Locale::De, &disk), "Dateisystem belegt /var: 71,4 %");
        assert_eq!(said(Locale::En, &network), "Network traffic eth0 received: 8.0 GiB");
        assert_eq!(said(Locale::De, &network), "Netzwerkverkehr eth0 empfangen: 8,0 GiB");
        assert_eq!(said(Locale::En, &disk_io), "Disk traffic sda written: 1.0 KiB");
        assert_eq!(said(Locale::De, &short), "Engpass Platten teilweise: 2,1 %");
        assert_eq!(said(Locale::En, &wait), "Disk, time of one operation sda: 4.2 ms");
        assert_eq!(said(Locale::De, &up), "Laufzeit: 1 Tag 1 Stunde");
    }

    #[test]
    fn every_measurement_has_a_name_in_each_language() {
        for locale in Locale::ALL {
            for metric in names::ALL {
                assert!(of(locale).name(metric.name).is_some(), "{} has no word in {locale}", metric.name);
            }
        }
        let other = Observation {
            name: "acme.tank_level".into(),
            unit: "m".into(),
            ..Observation::new(&names::UPTIME, 2.5)
        };
        assert_eq!(of(Locale::De).measured(&other), ("acme tank level".into(), "2,50 m".into()));
    }

    #[test]
    fn a_problem_a_report_names_is_said_in_the_readers_language() {
        assert_eq!(phrases::faults(of(Locale::De).phrases()), Vec::<String>::new());
        let said = |sentence: &str| of(Locale::De).said(sentence);
        assert_eq!(
            said("/etc/a: Permission denied (os error 13); to allow it: setfacl -m u:mailbeat:r /etc/a"),
            "/etc/a: Zugriff verweigert (os error 13); erlauben mit: setfacl -m u:mailbeat:r /etc/a"
        );
        assert_eq!(
            said(
                "not sent, because nobody agreed to it yet: memory, watched files; `mailbeat-agent activate` shows what is new and asks"
            ),
            "nicht gesendet, weil noch niemand zugestimmt hat: Arbeitsspeicher, überwachte Dateien; `mailbeat-agent activate` zeigt, was neu ist, und fragt"
        );
        assert_eq!(
            said("#7 was dropped: more than 2000 reports were waiting"),
            "#7 wurde verworfen: mehr als 2000 Berichte warteten"
        );
        assert_eq!(of(Locale::En).said("memory"), "memory");
    }
}
