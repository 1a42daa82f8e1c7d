//! `time`: whether this host's clock is kept right, and how far it is off where that is known.
//!
//! Asks who keeps it: chrony, ntpd, or systemd, whose `NTPSynchronized` is the kernel's own word (adjtimex) whoever keeps it. No
//! time server is asked.

use serde::Deserialize;

use super::probe::{Look, Probe, Sight};
use crate::os::command::{AskError, ask};

/// Settings of a `time` check: none.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Time {}

/// What the keeper of the clock says.
#[derive(Clone, Debug, PartialEq)]
struct Kept {
    synchronised: bool,
    /// Seconds; positive where this clock is ahead.
    offset: Option<f64>,
    /// Whose word it is, and after which server.
    by: String,
}

/// A program, what to ask it, and how to read its answer.
type Keeper = (&'static str, &'static [&'static str], fn(&str) -> Option<Kept>);

impl Probe for Time {
    fn look(&mut self, look: &mut Look<'_>) -> Sight {
        let mut unclear = vec![];
        let keepers: [Keeper; 3] = [
            ("chronyc", &["-n", "-c", "tracking"], chrony),
            ("ntpq", &["-n", "-c", "rv 0 leap,stratum,refid,offset"], ntpd),
            ("timedatectl", &["show", "-p", "NTPSynchronized"], systemd),
        ];
        for (program, arguments, read) in keepers {
            match ask(program, arguments, look.deadline) {
                Ok(answer) => match read(&answer) {
                    Some(kept) if program == "timedatectl" && kept.synchronised => {
                        let status = ask(program, &["timesync-status"], look.deadline).unwrap_or_default();
                        return Kept { offset: timesyncd(&status), ..kept }.sight();
                    }
                    Some(kept) => return kept.sight(),
                    None => unclear.push(format!("{program} says nothing of it")),
                },
                Err(AskError::NotThere(_)) => {}
                Err(error) => unclear.push(error.to_string()),
            }
        }
        if unclear.is_empty() {
            return Sight::unknown("neither chrony nor ntpd nor systemd is here to say who keeps the clock");
        }
        Sight::unknown(unclear.join("\n"))
    }
}

impl Kept {
    fn sight(self) -> Sight {
        let Self { synchronised, offset, by } = self;
        if !synchronised {
            let what = format!("the clock is not synchronised, says {by}");
            return Sight { state: mailbeat_shared::wire::check::CheckState::Warning, ..Sight::ok(what) };
        }
        let Some(offset) = offset else { return Sight::ok(format!("the clock is synchronised, says {by}")) };
        let direction = if offset < 0.0 { "behind" } else { "ahead" };
        let said = format!("the clock is synchronised, {:.6} s {direction}, says {by}", offset.abs());
        Sight::ok(said).with("offset", offset.abs(), "s")
    }
}

/// `chronyc -c tracking`: fourteen fields; the third is the stratum, the fifth the offset, the last the leap status.
fn chrony(answer: &str) -> Option<Kept> {
    let fields: Vec<&str> = answer.lines().next()?.split(',').collect();
    let [_, server, stratum, _, offset, .., leap] = fields.as_slice() else { return None };
    let synchronised = *leap != "Not synchronised" && stratum.parse::<u32>().ok()? > 0;
    Some(Kept { synchronised, offset: offset.parse().ok(), by: format!("chrony after {server}") })
}

/// `leap=00, stratum=2, refid=192.0.2.1, offset=-0.123`: milliseconds; a leap of 11 is no time at all.
fn ntpd(answer: &str) -> Option<Kept> {
    let field = |name: &str| {
        let pairs = answer.split([',', '\n']).filter_map(|pair| pair.trim().split_once('='));
        pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value.trim())
    };
    let milliseconds = field("offset").and_then(|text| text.parse::<f64>().ok());
    let by = format!("ntpd after {}", field("refid").unwrap_or("nobody"));
    // ntpd's offset is that of the server from us.
    Some(Kept { synchronised: field("leap")? != "11", offset: milliseconds.map(|time| -time / 1000.0), by })
}

fn systemd(answer: &str) -> Option<Kept> {
    let word = answer.lines().find_map(|line| line.strip_prefix("NTPSynchronized="))?;
    Some(Kept { synchronised: word.trim() == "yes", offset: None, by: "systemd".into() })
}

/// `Offset: -1.154ms` of `timedatectl timesync-status`, the server's from us.
fn timesyncd(status: &str) -> Option<f64> {
    let text = status.lines().find_map(|line| line.trim().strip_prefix("Offset:"))?.trim();
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    let number: f64 = text.strip_suffix(unit)?.parse().ok()?;
    let seconds = match unit {
        "us" | "µs" => number / 1e6,
        "ms" => number / 1e3,
        "s" => number,
        _ => return None,
    };
    Some(-seconds)
}

#[cfg(test)]
mod tests {
    use mailbeat_shared::wire::check::CheckState;

    use super::*;

    #[test]
    fn chrony_says_whether_and_how_far() {
        let kept = chrony(
            "C0000201,192.0.2.1,3,1764331234.123456789,0.000012345,-0.000001,0.00002,-12.3,0.001,0.05,0.01,0.002,64.5,Normal\n",
        );
        let sight = kept.unwrap().sight();
        assert_eq!(sight.output, "the clock is synchronised, 0.000012 s ahead, says chrony after 192.0.2.1");
        assert_eq!((sight.values[0].label.as_str(), sight.values[0].value), ("offset", 0.000_012_345));
        let lost = "7F7F0101,,0,0.000000000,0.000000000,0.0,0.0,0.0,0.0,0.0,1.0,1.0,0.0,Not synchronised\n";
        assert_eq!(chrony(lost).unwrap().sight().state, CheckState::Warning);
        assert_eq!(chrony("506 Cannot talk to daemon\n"), None);
    }

    #[test]
    fn ntpd_counts_in_milliseconds_and_from_the_other_side() {
        let kept = ntpd("leap=00, stratum=2,\nrefid=192.0.2.9, offset=-1500.0\n").unwrap();
        assert_eq!((kept.synchronised, kept.offset), (true, Some(1.5)));
        assert!(!ntpd("leap=11, stratum=16, refid=INIT, offset=+0.000").unwrap().synchronised);
    }

    #[test]
    fn systemd_says_whether_and_its_own_keeper_how_far() {
        assert!(systemd("NTPSynchronized=yes\n").unwrap().synchronised);
        let not = systemd("NTPSynchronized=no\n").unwrap().sight();
        assert_eq!(not.output, "the clock is not synchronised, says systemd");
        let status =
            "       Server: 192.0.2.1 (pool.example)\n       Offset: +2.5ms\n        Delay: 20.1ms\n";
        assert_eq!(timesyncd(status), Some(-0.0025));
        assert_eq!(timesyncd("Offset: 1min 2s"), None, "what is written otherwise is not guessed");
    }
}
