//! From times to the lines that are compared from release to release.

use std::time::Duration;

use mailbeat_tests::lab::Storage;

use crate::contestants::Ingested;

/// One turn of every contestant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    /// Taking one mail apart and checking its signature, and no more, on one core: what nobody can leave out who believes nothing else.
    pub(crate) verifying: Duration,
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
        each(name, "ratio", 2, f64::min, all, of);
    }
    let per_second = |rounds: &[Round]| {
        median(rounds.iter().map(|round| mails as f64 / round.filed.last_commit.as_secs_f64()))
    };
    each("ingest_mails_per_second", "1/s", 0, f64::min, all, per_second);
    let us_per_mail = |time: Duration| time.as_secs_f64() * 1e6 / mails as f64;
    let cpu = |rounds: &[Round]| median(rounds.iter().map(|round| us_per_mail(round.filed.cpu)));
    each("ingest_cpu_per_mail", "us", 0, f64::max, all, cpu);
    let server = |rounds: &[Round]| median(rounds.iter().map(|round| us_per_mail(round.filed.server_cpu)));
    each("server_cpu_per_mail", "us", 0, f64::max, all, server);
    // What every core has in the time mbsync takes, less what the server needs to give out and to move the mails.
    let cores = std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64);
    let left = |round: &Round| cores * us_per_mail(round.mbsync) - us_per_mail(round.filed.server_cpu);
    each("cpu_left_per_mail_at_mbsync_speed", "us", 0, f64::min, all, |rounds| {
        median(rounds.iter().map(left))
    });
    let verifying = |rounds: &[Round]| median(rounds.iter().map(|round| round.verifying.as_secs_f64() * 1e6));
    each("verifying_cpu_per_mail", "us", 0, f64::max, all, verifying);
    let peak = all
        .iter()
        .flat_map(|(_, rounds)| rounds)
        .map(|round| round.filed.peak_kib.max(round.observed.peak_kib));
    println!("figure ingest_peak_rss {:.1} MiB", peak.max().unwrap_or_default() as f64 / 1024.0);
    println!("figure smtp_mails_per_second_and_session {smtp:.0} 1/s");
}

/// One line a storage, and before them the less favourable under the plain name.
fn each(
    name: &str,
    unit: &str,
    digits: usize,
    worse: fn(f64, f64) -> f64,
    all: &[(Storage, Vec<Round>)],
    of: impl Fn(&[Round]) -> f64,
) {
    let worst = all.iter().map(|(_, rounds)| of(rounds)).reduce(worse).unwrap_or(f64::NAN);
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
