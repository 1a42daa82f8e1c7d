//! Pressure stall information: the share of time in which somebody had to wait for CPU, memory or disks. Linux with
//! `/proc/pressure`; elsewhere there is none.
//!
//! Source: the kernel's documentation, "PSI - Pressure Stall Information". Unlike a load average it says what is short.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use mailbeat_shared::wire::observation::{Observation, attributes, names};

use super::Measured;

/// A resource, and whose waiting counts: for a CPU somebody always runs, so that all waiting says nothing.
const KINDS: [(&str, &str); 5] =
    [("cpu", "some"), ("memory", "some"), ("memory", "full"), ("io", "some"), ("io", "full")];
/// The kernel's word for a feature that was switched off at boot.
const SWITCHED_OFF: i32 = 95;

/// Time stalled since the host started, by resource and who waited.
type Totals = BTreeMap<(&'static str, &'static str), Duration>;

/// What was seen at the last report.
#[derive(Debug, Default)]
pub struct Pressure {
    last: Option<(Instant, Totals)>,
}

/// One line of a file.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stall {
    /// Share of the last five minutes.
    recent: f64,
    /// Since the host started.
    total: Duration,
}

impl Pressure {
    /// The share of time stalled since the last call; at first that of the last five minutes.
    ///
    /// # Errors
    /// A sentence: the kernel keeps it and it cannot be read.
    pub fn measure(&mut self, directory: &Path, now: Instant) -> Measured {
        let mut texts: BTreeMap<&str, String> = BTreeMap::new();
        for (resource, _) in KINDS {
            let file = directory.join(resource);
            match std::fs::read_to_string(&file) {
                Ok(text) => drop(texts.insert(resource, text)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) if error.raw_os_error() == Some(SWITCHED_OFF) => {}
                Err(error) => return Err(format!("{} cannot be read: {error}", file.display())),
            }
        }
        let before = self.last.take();
        let mut totals = BTreeMap::new();
        let mut observations = vec![];
        for kind @ (resource, who) in KINDS {
            let Some(stall) = texts.get(resource).and_then(|text| stall(text, who)) else { continue };
            let since = before.as_ref().and_then(|(at, totals)| {
                let passed = now.checked_duration_since(*at)?;
                Some((passed, stall.total.checked_sub(*totals.get(&kind)?)?))
            });
            let share = match since {
                Some((passed, stalled)) if !passed.is_zero() => stalled.as_secs_f64() / passed.as_secs_f64(),
                _ => stall.recent,
            };
            totals.insert(kind, stall.total);
            observations.push(
                Observation::new(&names::PRESSURE_STALLED, share.clamp(0.0, 1.0))
                    .with(attributes::PRESSURE_RESOURCE, resource)
                    .with(attributes::PRESSURE_WHO, if who == "some" { "some" } else { "all" }),
            );
        }
        self.last = Some((now, totals));
        Ok(observations)
    }
}

/// `some avg10=2.24 avg60=6.01 avg300=12.81 total=6629149792`; the total in microseconds.
fn stall(text: &str, who: &str) -> Option<Stall> {
    let line = text.lines().find(|line| line.split(' ').next() == Some(who))?;
    let field = |name: &str| line.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let percent: f64 = field("avg300")?.parse().ok()?;
    Some(Stall { recent: percent / 100.0, total: Duration::from_micros(field("total")?.parse().ok()?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const IO: &str = "some avg10=4.86 avg60=1.21 avg300=2.05 total=548520376\nfull avg10=3.13 avg60=0.85 avg300=1.19 total=160147361\n";

    #[test]
    fn a_line_of_the_kernel_is_read() {
        let stall = |who| stall(IO, who);
        let full = stall("full").unwrap();
        assert!((full.recent - 0.0119).abs() < 1e-9, "{full:?}");
        assert_eq!(full.total, Duration::from_micros(160_147_361));
        assert_eq!(stall("none"), None);
    }

    #[test]
    fn at_first_the_last_minutes_are_told_and_then_the_time_between() {
        let home = tempfile::tempdir().unwrap();
        let write = |total: u64| {
            let text = format!("some avg10=0.00 avg60=0.00 avg300=25.00 total={total}\n");
            std::fs::write(home.path().join("cpu"), text).unwrap();
        };
        let mut pressure = Pressure::default();
        let begun = Instant::now();
        let mut at = |second: u64| {
            let seen = pressure.measure(home.path(), begun + Duration::from_secs(second)).unwrap();
            assert_eq!(seen.len(), 1, "what the kernel does not keep is left out: {seen:?}");
            seen[0].value
        };
        write(1_000_000);
        assert_eq!(at(0), 0.25);
        write(7_000_000);
        assert_eq!(at(10), 0.6);
        write(0);
        assert_eq!(at(20), 0.25, "the host was restarted under us: begin again");
    }

    #[test]
    fn a_kernel_without_it_says_nothing_and_is_no_problem() {
        assert_eq!(Pressure::default().measure(Path::new("/nowhere"), Instant::now()), Ok(vec![]));
    }
}
