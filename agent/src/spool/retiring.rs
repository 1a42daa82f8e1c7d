//! The last step of a report: out of the queue and into the trail (A3), also where the trail has its number already.
//!
//! That is what a backup leaves that was put back file by file, or was made while a report moved: no rename gets past it, so one
//! of the two copies goes. Trusts neither, and throws no report away that is not in the other place; what fails is tried again.

use std::fs;
use std::io;
use std::path::Path;

use mailbeat_shared::{crash, durable};

use super::{Entry, OpenError, name};
use crate::home::Home;

/// Moves a decided report into the trail.
///
/// # Errors
/// What the file system said; it stays in the queue then and is moved later.
pub fn retire(home: &Home, entry: &Entry) -> io::Result<()> {
    crash::point("A3.before");
    let is_free = match held(home, entry.sequence) {
        Some(trailed) => make_room(home, entry, &trailed)?,
        None => true,
    };
    if is_free {
        durable::rename(&entry.dir, &home.trail().join(name(entry.sequence)))?;
    }
    durable::sync_dir(&home.queue())?;
    crash::point("A3.after");
    Ok(())
}

/// The same report in the trail, if it is there too.
#[must_use]
pub fn twin(home: &Home, waiting: &Entry) -> Option<Entry> {
    held(home, waiting.sequence).filter(|trailed| is_same(waiting, trailed))
}

/// What the trail holds under a number.
fn held(home: &Home, sequence: u64) -> Option<Entry> {
    let dir = home.trail().join(name(sequence));
    dir.is_dir().then(|| Entry::at((sequence, dir)))
}

/// Whether both are copies of one report. Of a damaged one that is believed: a number is used once in a life.
fn is_same(one: &Entry, other: &Entry) -> bool {
    match (&one.meta, &other.meta) {
        (Some(one), Some(other)) => one.id == other.id,
        _ => true,
    }
}

/// Settles a number that is in both places; whether the trail's place is free afterwards.
fn make_room(home: &Home, entry: &Entry, trailed: &Entry) -> io::Result<bool> {
    let sequence = entry.sequence;
    if !is_same(entry, trailed) {
        let aside = set_aside(&trailed.dir)?;
        tracing::warn!("#{sequence}: the trail held another report of this number; it is in {aside} now");
        return Ok(true);
    }
    let stays = trailed_stays(entry, trailed);
    let which = if stays { "trail's" } else { "queue's" };
    discard(home, if stays { &entry.dir } else { &trailed.dir })?;
    // Only now: what cannot be discarded is tried again and again.
    tracing::warn!(
        "#{sequence} was in queue and trail, as a backup put back may leave it; the {which} stays"
    );
    Ok(!stays)
}

/// The trail's copy stays where its end counts, because it has the mail as it was handed over; a damaged one does not.
fn trailed_stays(entry: &Entry, trailed: &Entry) -> bool {
    let counts = match (entry.ending(), trailed.ending()) {
        (Some(ours), Some(theirs)) => ours.prevailing(Some(theirs.clone())) == theirs,
        (None, Some(_)) => true,
        (_, None) => false,
    };
    counts && !matches!(trailed.open(), Err(OpenError::Damaged { .. }))
}

/// Takes a directory away in one step, so that a crash leaves it whole or not at all: the start sweeps what is left in `tmp/`.
fn discard(home: &Home, dir: &Path) -> io::Result<()> {
    let rubbish = home.tmp().join("discarded");
    if rubbish.exists() {
        fs::remove_dir_all(&rubbish)?;
    }
    durable::rename(dir, &rubbish)?;
    fs::remove_dir_all(&rubbish)
}

/// Another report had this number: the trail of another life was put back. The queue's was made last, and the chain goes on from
/// it, so the number is its own; the other lies beside the trail's entries, where a person finds it and nothing forgets it.
fn set_aside(dir: &Path) -> io::Result<String> {
    let place = |n: u32| dir.with_extension(n.to_string());
    let free = (1..).find(|n| !place(*n).exists()).unwrap_or(0);
    durable::rename(dir, &place(free))?;
    Ok(place(free).display().to_string())
}
