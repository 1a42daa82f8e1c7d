//! What is remembered of each check between its runs and from report to report: a part of the agent's state. Pure.
//!
//! What adds up is kept in two heaps: what a heartbeat already carries that no mail server accepted yet, and what came after it was
//! made. A heartbeat says both; the first is forgotten when it, or a newer one, was accepted. So nothing is lost with a heartbeat that
//! a newer one superseded, and a crash at any point counts again from where the last state was written.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::check::{CheckResult, CheckState};
use mailbeat_shared::wire::observation::{Attributes, Observation};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::CheckConfig;
use super::probe::{Measure, Sight};
use super::tally::Tally;
use super::verdict::judge;

/// Everything remembered, by the checks' names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tracks {
    by_name: BTreeMap<String, Track>,
    /// The newest heartbeat that a mail server accepted.
    accepted: u64,
}

/// One check's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Track {
    /// When its last run began.
    begun_at: Option<Timestamp>,
    /// The last verdict; `None` before the first run came to its end.
    last: Option<Last>,
    /// What its probe remembers.
    memory: Json,
    /// In the heartbeat `carried_by`, and not known to be accepted.
    carried: Tally,
    carried_by: u64,
    /// Since then.
    fresh: Tally,
}

/// The last verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Last {
    state: CheckState,
    since: Timestamp,
    at: Timestamp,
    output: String,
    /// The probe's own verdict and values, from which the verdict was made.
    own: CheckState,
    values: Vec<Measure>,
}

impl Tracks {
    /// When the check is due; what never ran is at once.
    #[must_use]
    pub fn due(&self, config: &CheckConfig, now: Timestamp) -> Timestamp {
        let begun = self.by_name.get(&config.name).and_then(|track| track.begun_at);
        begun.map_or(now, |begun| later(begun, config.interval))
    }

    /// Whether a run of the check ever began.
    #[must_use]
    pub fn has_begun(&self, name: &str) -> bool {
        self.by_name.get(name).is_some_and(|track| track.begun_at.is_some())
    }

    /// Notes that a run begins; what its probe remembers.
    pub fn begin(&mut self, name: &str, now: Timestamp) -> Json {
        let track = self.by_name.entry(name.to_owned()).or_default();
        track.begun_at = Some(now);
        track.memory.clone()
    }

    /// Takes a run's end, its output already redacted. `memory` is `None` where the probe did not come to an end. Whether something
    /// changed that a crash should not undo: a verdict, or what was counted.
    pub fn take(&mut self, config: &CheckConfig, sight: Sight, memory: Option<Json>, now: Timestamp) -> bool {
        let track = self.by_name.entry(config.name.clone()).or_default();
        if let Some(memory) = memory {
            track.memory = memory;
        }
        track.take(config, sight, now)
    }

    /// What a heartbeat says of the check: its last verdict, if a run ever came to its end.
    #[must_use]
    pub fn result(&self, config: &CheckConfig) -> Option<CheckResult> {
        let track = self.by_name.get(&config.name)?;
        let (last, tally) = (track.last.as_ref()?, track.carried.and(&track.fresh));
        let mut result = CheckResult::new(&config.name, last.state, last.since);
        result.output = last.output.clone();
        result.observations = tally.summed(&last.values).into_iter().map(observed).collect();
        result.severity = config.severity;
        result.checked_at = Some(last.at);
        result.worst = tally.worst().filter(|worst| worst.state.gravity() > last.state.gravity()).cloned();
        result.samples = tally.samples();
        let adds_up = result.worst.is_some()
            || result.samples.is_some()
            || last.values.iter().any(|value| value.counts);
        result.since_sequence = adds_up.then_some(self.accepted);
        Some(result)
    }

    /// The heartbeat of this sequence says everything up to now.
    pub fn carried_by(&mut self, sequence: u64) {
        for track in self.by_name.values_mut() {
            track.carried = track.carried.and(&std::mem::take(&mut track.fresh));
            track.carried_by = sequence;
        }
    }

    /// A mail server accepted the heartbeat of this sequence. What it said is said.
    pub fn accepted(&mut self, sequence: u64, configs: &[CheckConfig], now: Timestamp) {
        self.accepted = self.accepted.max(sequence);
        for (name, track) in self.by_name.iter_mut().filter(|(_, track)| track.carried_by <= sequence) {
            track.carried = Tally::default();
            if let Some(config) = configs.iter().find(|config| config.name == *name) {
                track.judge_anew(config, sequence, now);
            }
        }
    }

    /// At a start: forgets the checks that are no longer configured. A run that had not come to its end ended with the program that
    /// began it, so it is due again.
    pub fn keep_only(&mut self, configs: &[CheckConfig]) {
        self.by_name.retain(|name, _| configs.iter().any(|config| config.name == *name));
        for track in self.by_name.values_mut() {
            let ended = track.last.as_ref().map(|last| last.at);
            track.begun_at = track.begun_at.filter(|begun| ended >= Some(*begun));
        }
    }

    /// After the clock went back: what happened in its future counts as happened now.
    pub fn rebase(&mut self, now: Timestamp) {
        for track in self.by_name.values_mut() {
            track.begun_at = track.begun_at.map(|at| at.min(now));
            if let Some(last) = &mut track.last {
                (last.since, last.at) = (last.since.min(now), last.at.min(now));
            }
        }
    }
}

impl Track {
    fn take(&mut self, config: &CheckConfig, sight: Sight, now: Timestamp) -> bool {
        if let Some(last) = self.last.as_ref().filter(|last| last.state != CheckState::Ok) {
            self.fresh.not_ok_for(now.duration_since(last.at).as_secs().max(0).unsigned_abs());
        }
        self.fresh.add(&sight.values);
        let counted = sight.values.iter().any(|value| value.counts && value.value > 0.0);
        let all = self.carried.and(&self.fresh);
        let verdict = judge(config, sight.state, &all.summed(&sight.values));
        let mut output = with_reasons(&sight.output, &verdict.because);
        let is_worst = self.fresh.note(verdict.state, now, &output);
        // What was counted stands for longer than the run that counted it, and so do its words.
        let stands =
            sight.values.iter().any(|value| value.counts) && !counted && sight.state == CheckState::Ok;
        if let Some(worst) = all.worst().filter(|worst| stands && worst.state == verdict.state) {
            output = worst.output.clone();
        }
        let changed = self.last.as_ref().is_none_or(|last| last.state != verdict.state);
        let since = self.last.as_ref().filter(|_| !changed).map_or(now, |last| last.since);
        let Sight { state: own, values, .. } = sight;
        self.last = Some(Last { state: verdict.state, since, at: now, output, own, values });
        changed || is_worst || counted
    }

    /// What was counted and told is over, and the verdict it led to with it.
    fn judge_anew(&mut self, config: &CheckConfig, told: u64, now: Timestamp) {
        let Some(last) = self.last.as_mut().filter(|last| last.values.iter().any(|value| value.counts))
        else {
            return;
        };
        let verdict = judge(config, last.own, &self.fresh.summed(&last.values));
        if verdict.state != last.state {
            (last.state, last.since) = (verdict.state, now);
            last.output = with_reasons(&format!("nothing new since #{told}"), &verdict.because);
        }
    }
}

/// The first line says it all, so reasons belong to it.
fn with_reasons(output: &str, because: &[String]) -> String {
    if because.is_empty() {
        return output.to_owned();
    }
    let (first, rest) = output.split_once('\n').map_or((output, None), |(first, rest)| (first, Some(rest)));
    let mut all: Vec<&str> = because.iter().map(String::as_str).collect();
    if !first.trim().is_empty() {
        all.insert(0, first.trim_end());
    }
    let first = all.join("; ");
    rest.map_or(first.clone(), |rest| format!("{first}\n{rest}"))
}

fn observed(measure: Measure) -> Observation {
    let Measure { label, value, unit, .. } = measure;
    Observation { name: label, attributes: Attributes::new(), value, unit }
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
