//! From times to the lines that are compared from release to release.

use std::time::Duration;

use mailbeat_tests::lab::Storage;

use crate::contestants::Ingested;

/// One turn of every contestant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    pub(crate) ceiling: Duration,
    pub(crate) mbsync: Duration,
    /// Without filing (`--observe`).
    pub(crate) observed: Ingested,
    pub(crate) filed: Ingested,
}

/// Progress, for whoever waits.
pub(crate) fn say(what: &str) {
    eprintln!("bench: {what}");
}

/// Ratios are taken within a round, so that a machine whose speed drifts does no harm; 1 is as fast as the peer, more is faster.
pub(crate) fn print(all: &[(Storage, Vec<Round>)], mails: usize, smtp: f64) {
    let ratio = |peer: Duration, ours: Duration| peer.as_secs_f64() / ours.as_secs_f64();
    type Pair = fn(&Round) -> (Duration, Duration);
    let figures: [(&str, Pair); 4] = [
        ("ingest_vs_ceiling", |round| (round.ceiling, round.filed.last_commit)),
        ("ingest_vs_ceiling_without_filing", |round| (round.ceiling, round.observed.last_commit)),
        ("ingest_vs_mbsync", |round| (round.mbsync, round.filed.last_commit)),
        ("ingest_vs_mbsync_without_filing", |round| (round.mbsync, round.observed.last_commit)),
    ];
    for (name, pair) in figures {
        let of = |rounds: &[Round]| median(rounds.iter().map(pair).map(|(peer, ours)| ratio(peer, ours)));
        each(name, "ratio", 2, all, of);
    }
    let per_second = |rounds: &[Round]| {
        median(rounds.iter().map(|round| mails as f64 / round.filed.last_commit.as_secs_f64()))
    };
    each("ingest_mails_per_second", "1/s", 0, all, per_second);
    let cpu = |rounds: &[Round]| {
        median(rounds.iter().map(|round| round.filed.cpu.as_secs_f64() * 1e6 / mails as f64))
    };
    each("ingest_cpu_per_mail", "us", 0, all, cpu);
    let peak = all
        .iter()
        .flat_map(|(_, rounds)| rounds)
        .map(|round| round.filed.peak_kib.max(round.observed.peak_kib));
    println!("figure ingest_peak_rss {:.1} MiB", peak.max().unwrap_or_default() as f64 / 1024.0);
    println!("figure smtp_mails_per_second_and_session {smtp:.0} 1/s");
}

/// One line a storage, and before them the less favourable under the plain name.
fn each(name: &str, unit: &str, digits: usize, all: &[(Storage, Vec<Round>)], of: impl Fn(&[Round]) -> f64) {
    let values = all.iter().map(|(_, rounds)| of(rounds));
    let worst = if unit == "us" { values.fold(0.0, f64::max) } else { values.fold(f64::INFINITY, f64::min) };
    println!("figure {name} {worst:.digits$} {unit}");
    for (storage, rounds) in all {
        println!("figure {name}_{} {:.digits$} {unit}", format!("{storage:?}").to_lowercase(), of(rounds));
    }
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
