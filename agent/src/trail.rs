//! What became of every report, and the proof that the chain is whole.
//!
//! Only reads, except for forgetting what is older than the retention. Trusts nothing it finds: an administrator, a backup
//! or a disk may have changed it, and [`verify`] says where.

pub mod export;
pub mod filter;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::extract::{Extracted, Signed, extract};
use mailbeat_shared::wire::id::Digest;
use mailbeat_shared::wire::report::Report;
use mailbeat_shared::wire::signature::{PublicKey, Signature};
use serde::{Deserialize, Serialize};

use crate::home::Home;
use crate::spool::{self, Entry, MAIL, REPORT, SEALED, SIGNATURE};

/// The trail and the queue behind it, in order of sequence.
///
/// # Errors
/// What the file system said about the directories.
pub fn everything(home: &Home) -> io::Result<Vec<Entry>> {
    // A running agent moves reports from queue to trail meanwhile: looked at in this order none is missed, and of one seen in both
    // places the trail's is the one that is still there.
    let queued = spool::entries(&home.queue())?;
    let mut all = spool::entries(&home.trail())?;
    let in_trail: BTreeSet<u64> = all.iter().map(|entry| entry.sequence).collect();
    all.extend(queued.into_iter().filter(|entry| !in_trail.contains(&entry.sequence)));
    all.sort_by_key(|entry| entry.sequence);
    Ok(all)
}

/// What the check of the chain found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Reports looked at.
    pub reports: usize,
    /// The first and last sequence among them.
    pub range: Option<(u64, u64)>,
    /// What is broken, in order.
    pub problems: Vec<Problem>,
    /// The first of it.
    pub first_broken: Option<Problem>,
}

/// One broken thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// At which report.
    pub sequence: u64,
    /// What, a sentence.
    pub what: String,
}

/// Checks every signature, that each report names the digest of the one before, and that the kept mail carries the same
/// report. `key` is this system's.
///
/// # Errors
/// What the file system said about the directories; a damaged report is a [`Problem`].
pub fn verify(home: &Home, key: &PublicKey) -> io::Result<Verified> {
    let entries = everything(home)?;
    let range = entries.first().zip(entries.last()).map(|(first, last)| (first.sequence, last.sequence));
    let mut verified = Verified { reports: entries.len(), range, ..Verified::default() };
    let mut before: Option<(u64, Option<Digest>)> = None;
    for entry in &entries {
        let mut problem = |what: String| verified.problems.push(Problem { sequence: entry.sequence, what });
        let checked = check_one(entry, key).or_else(|what| match moved(home, entry) {
            Some(entry) => check_one(&entry, key),
            None => Err(what),
        });
        let (digest, report) = match checked {
            Ok((digest, report)) => (Some(digest), Some(report)),
            Err(what) => {
                problem(what);
                (fs::read(entry.dir.join(REPORT)).ok().map(|bytes| Digest::of(&bytes)), None)
            }
        };
        if let Some((sequence, held)) = before {
            if entry.sequence > sequence + 1 {
                problem(format!("the reports {} to {} are missing", sequence + 1, entry.sequence - 1));
            } else if let Some(report) = &report
                && report.previous != held
            {
                problem(format!("it does not name report #{sequence} as it is kept here"));
            }
        }
        before = Some((entry.sequence, digest));
    }
    verified.first_broken = verified.problems.first().cloned();
    Ok(verified)
}

/// Where a report is now that left the queue while it was looked at: the agent may run beside us.
fn moved(home: &Home, entry: &Entry) -> Option<Entry> {
    if entry.dir.is_dir() {
        return None;
    }
    spool::in_trail(home, entry.sequence).ok().flatten()
}

fn check_one(entry: &Entry, key: &PublicKey) -> Result<(Digest, Report), String> {
    let read = |name: &str| fs::read(entry.dir.join(name)).map_err(|error| format!("{name}: {error}"));
    let signature = Signature::parse(&read(SIGNATURE)?).map_err(|error| format!("{SIGNATURE}: {error}"))?;
    let verified =
        Signed::new(read(REPORT)?, signature).verify(key).map_err(|error| format!("{REPORT}: {error}"))?;
    let report = verified.decode().map_err(|error| format!("{REPORT}: {error}"))?;
    if report.sequence != entry.sequence {
        return Err(format!("the directory holds the report with sequence {}", report.sequence));
    }
    if let Ok(mail) = fs::read(entry.dir.join(MAIL)) {
        let same = match extract(&mail) {
            Extracted::Signed(signed) => {
                signed.verify(key).is_ok_and(|mailed| mailed.digest() == verified.digest())
            }
            // It cannot be opened here: it must be what was sealed when the report was made, under the same signature.
            Extracted::Sealed(sealed) => {
                sealed.bytes() == read(SEALED)?
                    && sealed.signature().armored() == verified.signature().armored()
            }
            _ => false,
        };
        if !same {
            return Err(format!("{MAIL} does not carry this report"));
        }
    }
    Ok((verified.digest(), report))
}

/// How much of the trail is kept: the `trail` table of `agent.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Days a report is kept.
    pub days: u32,
    /// Most reports kept.
    pub reports: usize,
    /// Most bytes kept on disk.
    pub bytes: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { days: 90, reports: 5_000, bytes: 512 * 1024 * 1024 }
    }
}

/// Forgets what is too old or too much, oldest first. The newest report always stays: by it the start knows which
/// sequence was used last. One that cannot be removed keeps no other.
///
/// # Errors
/// What the file system said first, and about what.
pub fn prune(home: &Home, retention: Retention, now: Timestamp) -> io::Result<usize> {
    let entries = spool::entries(&home.trail())?;
    let too_many = entries.len().saturating_sub(retention.reports.max(1));
    let sizes: Vec<u64> = entries.iter().map(Entry::bytes).collect();
    let mut bytes: u64 = sizes.iter().sum();
    let age = SignedDuration::from_hours(24 * i64::from(retention.days));
    let made = made_at(&entries, now);
    let newest = entries.len().saturating_sub(1);
    let (mut gone, mut failed) = (0, None);
    for (n, (entry, size)) in entries.iter().zip(sizes).take(newest).enumerate() {
        if n >= too_many && bytes <= retention.bytes && now.duration_since(made[n]) <= age {
            break;
        }
        match fs::remove_dir_all(&entry.dir) {
            Ok(()) => {
                bytes = bytes.saturating_sub(size);
                gone += 1;
            }
            Err(error) => failed = failed.or(Some(about(&entry.dir, &error))),
        }
    }
    failed.map_or(Ok(gone), Err)
}

/// The error with the path that it is about.
fn about(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// When each entry was made, as far as it matters for its age. One that is damaged, or dated in the future by a clock that was wrong,
/// is no younger than the one after it: it must not keep all that follow for ever.
fn made_at(entries: &[Entry], now: Timestamp) -> Vec<Timestamp> {
    let mut after = now;
    let mut made: Vec<Timestamp> = entries
        .iter()
        .rev()
        .map(|entry| {
            after = entry.meta.as_ref().map(|meta| meta.created_at).filter(|at| *at <= now).unwrap_or(after);
            after
        })
        .collect();
    made.reverse();
    made
}

#[cfg(test)]
mod tests {
    use mailbeat_shared::wire::report::Kind;

    use super::*;
    use crate::testing::{self, parcel};

    #[test]
    fn the_trail_forgets_the_oldest_and_never_the_newest() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path());
        home.prepare().unwrap();
        for sequence in 1..=5 {
            let entry = spool::put(&home, &parcel(sequence, Kind::Heartbeat)).unwrap();
            spool::retire(&home, &entry).unwrap();
        }
        let kept = || spool::entries(&home.trail()).unwrap().iter().map(|e| e.sequence).collect::<Vec<_>>();
        let made = parcel(1, Kind::Heartbeat).meta.created_at;
        let all = Retention { days: 90, reports: 100, bytes: u64::MAX };
        assert_eq!(prune(&home, all, made).unwrap(), 0);
        assert_eq!(prune(&home, Retention { reports: 4, ..all }, made).unwrap(), 1);
        assert_eq!(kept(), [2, 3, 4, 5]);
        let one = spool::in_trail(&home, 5).unwrap().unwrap().bytes();
        prune(&home, Retention { bytes: 3 * one, ..all }, made).unwrap();
        assert_eq!(kept(), [3, 4, 5]);
        prune(&home, all, made + SignedDuration::from_hours(91 * 24)).unwrap();
        assert_eq!(kept(), [5]);
        prune(&home, Retention { bytes: 1, ..all }, made).unwrap();
        assert_eq!(kept(), [5]);
    }

    #[test]
    fn one_that_cannot_be_removed_is_named_and_keeps_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path());
        home.prepare().unwrap();
        for sequence in 2..=5 {
            let entry = spool::put(&home, &parcel(sequence, Kind::Heartbeat)).unwrap();
            spool::retire(&home, &entry).unwrap();
        }
        // A file under a report's name is no directory that could be removed.
        let stuck = home.trail().join(spool::name(1));
        fs::write(&stuck, b"").unwrap();
        let made = parcel(2, Kind::Heartbeat).meta.created_at;
        let few = Retention { days: 90, reports: 2, bytes: u64::MAX };
        let said = prune(&home, few, made).unwrap_err().to_string();
        assert!(said.starts_with(&stuck.display().to_string()), "{said}");
        let kept: Vec<u64> =
            spool::entries(&home.trail()).unwrap().iter().map(|entry| entry.sequence).collect();
        assert_eq!(kept, [1, 4, 5]);
    }

    #[test]
    fn an_entry_that_is_damaged_or_dated_in_the_future_goes_with_the_one_after_it() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path());
        home.prepare().unwrap();
        let made = parcel(1, Kind::Heartbeat).meta.created_at;
        for sequence in 1..=5 {
            let mut parcel = parcel(sequence, Kind::Heartbeat);
            parcel.meta.created_at += SignedDuration::from_hours(if sequence == 2 { 100_000 } else { 0 });
            let entry = spool::put(&home, &parcel).unwrap();
            spool::retire(&home, &entry).unwrap();
        }
        fs::write(home.trail().join(spool::name(1)).join(spool::META), b"").unwrap();
        let by_age = Retention { days: 90, reports: 100, bytes: u64::MAX };
        assert_eq!(prune(&home, by_age, made + SignedDuration::from_hours(89 * 24)).unwrap(), 0);
        assert_eq!(prune(&home, by_age, made + SignedDuration::from_hours(91 * 24)).unwrap(), 4);
    }

    #[test]
    fn a_report_that_moves_to_the_trail_while_people_look_is_seen_once_and_whole() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path());
        home.prepare().unwrap();
        let queued: Vec<Entry> = (1..=150)
            .map(|sequence| spool::put(&home, &parcel(sequence, Kind::Heartbeat)).unwrap())
            .collect();
        std::thread::scope(|scope| {
            let sending =
                scope.spawn(|| queued.iter().for_each(|entry| spool::retire(&home, entry).unwrap()));
            while !sending.is_finished() {
                let verified = verify(&home, &testing::vendor().public()).unwrap();
                let gone = verified.problems.iter().find(|problem| problem.what.contains("os error 2"));
                assert_eq!(gone, None, "it is only somewhere else now");
                let seen = everything(&home).unwrap();
                assert!(seen.iter().map(|entry| entry.sequence).eq(1..=150), "one is missing or there twice");
            }
        });
    }
}
