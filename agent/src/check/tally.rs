//! What adds up between two heartbeats: how often a check ran, the spread of its values, what it counted, how bad it was. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mailbeat_shared::wire::check::{CheckState, Samples, Worst};
use serde::{Deserialize, Serialize};

use super::probe::Measure;

/// What adds up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    runs: u32,
    not_ok_s: u64,
    worst: Option<Worst>,
    spreads: BTreeMap<String, Spread>,
    counts: BTreeMap<String, f64>,
}

/// The spread of a value that goes up and down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Spread {
    min: f64,
    max: f64,
    sum: f64,
    runs: u32,
}

impl Spread {
    fn and(&self, other: &Self) -> Self {
        Self {
            min: self.min.min(other.min),
            max: self.max.max(other.max),
            sum: self.sum + other.sum,
            runs: self.runs.saturating_add(other.runs),
        }
    }
}

impl Tally {
    /// Adds one run's values.
    pub fn add(&mut self, values: &[Measure]) {
        self.runs = self.runs.saturating_add(1);
        for Measure { label, value, counts, .. } in values {
            if *counts {
                *self.counts.entry(label.clone()).or_default() += value;
            } else {
                let one = Spread { min: *value, max: *value, sum: *value, runs: 1 };
                let spread = self.spreads.get(label).map_or(one.clone(), |spread| spread.and(&one));
                self.spreads.insert(label.clone(), spread);
            }
        }
    }

    /// Adds so many seconds in which the verdict was not Ok.
    pub fn not_ok_for(&mut self, seconds: u64) {
        self.not_ok_s = self.not_ok_s.saturating_add(seconds);
    }

    /// Notes a verdict, if it is the worst yet; whether it is.
    pub fn note(&mut self, state: CheckState, at: Timestamp, output: &str) -> bool {
        let before = self.worst.as_ref().map_or(CheckState::Ok, |worst| worst.state);
        let is_worse = state.gravity() > before.gravity();
        if is_worse {
            self.worst = Some(Worst { state, at, output: output.to_owned() });
        }
        is_worse
    }

    /// Both together; `self` is the earlier.
    #[must_use]
    pub fn and(&self, later: &Self) -> Self {
        let mut both = self.clone();
        both.runs = both.runs.saturating_add(later.runs);
        both.not_ok_for(later.not_ok_s);
        if let Some(worst) = &later.worst {
            both.note(worst.state, worst.at, &worst.output);
        }
        for (label, spread) in &later.spreads {
            let united = both.spreads.get(label).map_or(spread.clone(), |earlier| earlier.and(spread));
            both.spreads.insert(label.clone(), united);
        }
        for (label, count) in &later.counts {
            *both.counts.entry(label.clone()).or_default() += count;
        }
        both
    }

    /// The worst verdict that was noted.
    #[must_use]
    pub fn worst(&self) -> Option<&Worst> {
        self.worst.as_ref()
    }

    /// The same values with sums in place of what single runs counted.
    #[must_use]
    pub fn summed(&self, values: &[Measure]) -> Vec<Measure> {
        let mut values = values.to_vec();
        for measure in values.iter_mut().filter(|measure| measure.counts) {
            measure.value = self.counts.get(&measure.label).copied().unwrap_or_default();
        }
        values
    }

    /// How it went, if there is more to say than the last run does.
    #[must_use]
    pub fn samples(&self) -> Option<Samples> {
        let sampled = |(label, spread): (&String, &Spread)| {
            let mean = rounded(spread.sum / f64::from(spread.runs.max(1))).clamp(spread.min, spread.max);
            (label.clone(), [spread.min, mean, spread.max])
        };
        // What did not move is told by its last value.
        let values = self.spreads.iter().filter(|(_, spread)| spread.min < spread.max).map(sampled).collect();
        (self.runs > 1).then_some(Samples { runs: self.runs, not_ok_s: self.not_ok_s, values })
    }
}

/// Six digits that count: nobody reads more of a mean, and a heartbeat is small.
fn rounded(mean: f64) -> f64 {
    format!("{mean:.5e}").parse().unwrap_or(mean)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::probe::Sight;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn values_spread_counts_add_up_and_two_tallies_are_as_good_as_one() {
        let runs = [(1.0, 2.0), (4.0, 0.0), (2.0, 3.0)];
        let sight = |(used, lines): (f64, f64)| {
            Sight::ok("").with("used", used, "%").counting("lines", lines, "{line}")
        };
        let mut whole = Tally::default();
        let (mut early, mut late) = (Tally::default(), Tally::default());
        for (n, run) in runs.into_iter().enumerate() {
            let half = if n < 2 { &mut early } else { &mut late };
            for tally in [&mut whole, half] {
                tally.add(&sight(run).values);
                tally.not_ok_for(10);
            }
        }
        assert_eq!(early.and(&late), whole);
        let samples = whole.samples().unwrap();
        assert_eq!((samples.runs, samples.not_ok_s), (3, 30));
        assert_eq!(samples.values, [("used".to_owned(), [1.0, 2.33333, 4.0])].into());
        let summed = whole.summed(&sight((9.0, 0.0)).values);
        assert_eq!([summed[0].value, summed[1].value], [9.0, 5.0]);
        assert_eq!(late.samples(), None, "one run says it all itself");
    }

    #[test]
    fn the_worst_verdict_stays_with_its_first_moment() {
        let mut tally = Tally::default();
        assert!(!tally.note(CheckState::Ok, at(1), "fine"));
        assert!(tally.note(CheckState::Unknown, at(2), "no answer"));
        assert!(tally.note(CheckState::Critical, at(3), "down"));
        assert!(!tally.note(CheckState::Critical, at(4), "still down"));
        assert!(!tally.note(CheckState::Warning, at(5), "slow"));
        let worst = Worst { state: CheckState::Critical, at: at(3), output: "down".into() };
        assert_eq!(tally.worst(), Some(&worst));
        let mut later = Tally::default();
        later.note(CheckState::Warning, at(9), "slow");
        assert_eq!(tally.and(&later).worst(), Some(&worst));
    }
}
