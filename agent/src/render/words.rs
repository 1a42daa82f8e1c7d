//! Numbers, times and names in a person's words.

use jiff::Timestamp;
use mailbeat_shared::wire::observation::Observation;

/// `1 report`, `2 reports`.
pub(super) fn plural(count: u64, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// `2026-06-01 12:00 UTC`.
pub(super) fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// How often: `hour`, `90 seconds`; whole units only, to be put after "every".
pub(super) fn interval(seconds: u64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (length, word) =
        units.into_iter().find(|(length, _)| seconds.is_multiple_of(*length)).unwrap_or((1, "second"));
    match seconds / length {
        1 => word.to_owned(),
        count => plural(count, word),
    }
}

/// `filesystem utilization /var: 71 %`.
pub(super) fn measured(observation: &Observation) -> String {
    let name = observation.name.strip_prefix("system.").unwrap_or(&observation.name);
    let attributes: Vec<&str> = observation.attributes.values().map(String::as_str).collect();
    let which = if attributes.is_empty() { String::new() } else { format!(" {}", attributes.join(" ")) };
    let value = match observation.unit.as_str() {
        "1" => format!("{:.1} %", observation.value * 100.0),
        "By" => bytes(observation.value),
        "s" => format!("{:.0} s", observation.value),
        unit => format!("{} {}", number(observation.value), unit.trim_matches(['{', '}'])),
    };
    format!("{}{which}: {value}", name.replace(['.', '_'], " "))
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
    use mailbeat_shared::wire::observation::{attributes, names};

    use super::*;

    #[test]
    fn numbers_read_as_a_person_would_say_them() {
        let disk =
            Observation::new(&names::FILESYSTEM_UTILIZATION, 0.714).with(attributes::MOUNTPOINT, "/var");
        assert_eq!(measured(&disk), "filesystem utilization /var: 71.4 %");
        assert_eq!(
            measured(&Observation::new(&names::MEMORY_LIMIT, 8_589_934_592.0)),
            "memory limit: 8.0 GiB"
        );
        assert_eq!(measured(&Observation::new(&names::WATCHED_FILES, 3.0)), "mailbeat watch files: 3 file");
        assert_eq!([3_600, 90, 1, 172_800].map(interval), ["hour", "90 seconds", "second", "2 days"]);
        assert_eq!(plural(1, "problem"), "1 problem");
        assert_eq!(minute(Timestamp::UNIX_EPOCH), "1970-01-01 00:00 UTC");
    }
}
