//! Every configured check once, now: for `test`, `disclose` and whoever wants to see what the checks see.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use mailbeat_shared::wire::check::CheckResult;

use super::runner::{Run, Runner};
use super::{CheckConfig, Tracks};
use crate::redact::Redactor;

/// What a check saw.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Its verdict, as a heartbeat would say it.
    pub result: CheckResult,
    /// How long it took.
    pub took: Duration,
}

/// Runs every check that is switched on once, so many side by side, and waits for each up to its timeout; in the order of the
/// configuration. What is remembered is what the probes begin with, and stays as it is.
#[must_use]
pub fn look_once(
    configs: &[CheckConfig],
    at_once: usize,
    remembered: &Tracks,
    redactor: &Redactor,
    now: Timestamp,
) -> Vec<Seen> {
    let mut runner = Runner::new(configs);
    let mut tracks = remembered.clone();
    let mut waiting: VecDeque<&CheckConfig> = configs.iter().filter(|config| config.enabled).collect();
    let mut running: Vec<(&CheckConfig, Instant)> = vec![];
    let mut seen = vec![];
    while !waiting.is_empty() || !running.is_empty() {
        while running.len() < at_once.max(1)
            && let Some(config) = waiting.pop_front()
        {
            let memory = tracks.begin(&config.name, now);
            runner.begin(Run { name: config.name.clone(), memory, now });
            running.push((config, Instant::now()));
        }
        for ended in runner.ended(Duration::from_secs(1)) {
            let Some(n) = running.iter().position(|(config, _)| config.name == ended.name) else { continue };
            let (config, began) = running.swap_remove(n);
            tracks.take(config, ended.sight.safe(redactor), ended.memory, now);
            seen.push((config, began.elapsed()));
        }
    }
    let order = |config: &CheckConfig| configs.iter().position(|other| other.name == config.name);
    seen.sort_by_key(|(config, _)| order(config));
    seen.into_iter()
        .filter_map(|(config, took)| Some(Seen { result: tracks.result(config)?, took }))
        .collect()
}
