//! Looking at queue and trail beside an agent that works on them.
//!
//! A reader takes several steps (which directories there are, what is in each, the state beside them), and the agent changes things
//! between them: a heartbeat that takes a waiting one's place comes first and the other goes then, so there is always one, and yet a
//! reader could see neither. Sequences never come back: a queue that is the same before and after was the same all the while.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Entry;
use crate::home::Home;

/// How often an agent may be found to have changed its queue meanwhile before it is shown as it was seen last.
const LOOKS: usize = 20;

/// What waits, in order of sequence.
///
/// # Errors
/// What the file system said about the queue's directory.
pub fn queued(home: &Home) -> io::Result<Vec<Entry>> {
    entries(&home.queue())
}

/// The queue, and what `beside` reads while it stays the same: both of one moment.
///
/// # Errors
/// What the file system said about the queue's directory, or what `beside` says.
pub fn with_queue<T>(home: &Home, beside: impl FnMut() -> io::Result<T>) -> io::Result<(Vec<Entry>, T)> {
    steady(|| queued(home), beside)
}

fn steady<T>(
    mut look: impl FnMut() -> io::Result<Vec<Entry>>,
    mut beside: impl FnMut() -> io::Result<T>,
) -> io::Result<(Vec<Entry>, T)> {
    let mut before = look()?;
    for _ in 1..LOOKS {
        let seen = beside()?;
        let after = look()?;
        if after == before {
            return Ok((after, seen));
        }
        before = after;
    }
    Ok((before, beside()?))
}

/// The report of this sequence in the trail.
///
/// # Errors
/// What the file system said about the directory.
pub fn in_trail(home: &Home, sequence: u64) -> io::Result<Option<Entry>> {
    Ok(entries(&home.trail())?.into_iter().find(|entry| entry.sequence == sequence))
}

/// The entries of a directory, in order of sequence; what is not named like one is left alone.
pub(crate) fn entries(dir: &Path) -> io::Result<Vec<Entry>> {
    Ok(listed(dir)?.into_iter().map(Entry::at).collect())
}

/// Which entries a directory has, in order of sequence.
fn listed(dir: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let dir = entry?.path();
        if let Some(sequence) = dir.file_name().and_then(|name| name.to_str()?.parse().ok()) {
            found.push((sequence, dir));
        }
    }
    found.sort_unstable();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use mailbeat_shared::wire::report::Kind;

    use super::super::{put, retire};
    use super::*;
    use crate::testing::parcel;

    /// A queue in which heartbeat #1 waits.
    fn one_waits() -> (tempfile::TempDir, Home, Entry) {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path());
        home.prepare().unwrap();
        let entry = put(&home, &parcel(1, Kind::Heartbeat)).unwrap();
        (dir, home, entry)
    }

    /// #2 takes the place of what waits, as the agent does it.
    fn supersede(home: &Home, waiting: &Entry) -> Entry {
        let newer = put(home, &parcel(waiting.sequence + 1, Kind::Heartbeat)).unwrap();
        retire(home, waiting).unwrap();
        newer
    }

    fn sequences(queue: &[Entry]) -> Vec<(u64, bool)> {
        queue.iter().map(|entry| (entry.sequence, entry.meta.is_some())).collect()
    }

    #[test]
    fn a_heartbeat_superseded_between_listing_the_queue_and_reading_it_leaves_the_newer_one_to_be_seen() {
        let (_dir, home, waiting) = one_waits();
        let mut looks = 0;
        let look = || {
            let names = listed(&home.queue())?;
            looks += 1;
            if looks == 1 {
                supersede(&home, &waiting);
            }
            Ok(names.into_iter().map(Entry::at).collect())
        };
        let (queue, ()) = steady(look, || Ok(())).unwrap();
        assert_eq!(sequences(&queue), [(2, true)]);
    }

    #[test]
    fn a_listing_that_saw_neither_the_one_that_went_nor_the_one_that_came_is_made_again() {
        let (_dir, home, waiting) = one_waits();
        let mut looks = 0;
        let look = || {
            looks += 1;
            if looks > 1 {
                return queued(&home);
            }
            // The system read the directory's second half before #2 was put there, and its first after #1 was gone.
            supersede(&home, &waiting);
            Ok(vec![])
        };
        let (queue, ()) = steady(look, || Ok(())).unwrap();
        assert_eq!(sequences(&queue), [(2, true)]);
    }

    #[test]
    fn what_is_read_beside_the_queue_is_of_the_same_moment() {
        let (_dir, home, first) = one_waits();
        let mut waiting = Some(first);
        let (queue, newest) = with_queue(&home, || {
            let newest = queued(&home)?.last().map(|entry| entry.sequence);
            if let Some(waiting) = waiting.take() {
                supersede(&home, &waiting);
            }
            Ok(newest)
        })
        .unwrap();
        assert_eq!((sequences(&queue), newest), (vec![(2, true)], Some(2)));
    }

    #[test]
    fn an_agent_that_never_rests_is_shown_all_the_same() {
        let (_dir, home, first) = one_waits();
        let mut waiting = first;
        let busy = || {
            waiting = supersede(&home, &waiting);
            Ok(waiting.sequence)
        };
        let (queue, newest) = with_queue(&home, busy).unwrap();
        assert_eq!(queue.len(), 1, "one waits at every moment");
        assert_eq!(newest, queue[0].sequence + 1, "and was superseded while it was looked at");
    }
}
