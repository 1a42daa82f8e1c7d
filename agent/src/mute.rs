//! Files that change in every system report are muted: their digest is still told, their content no more, until they are quiet.
//!
//! A person stops reading a report in which the same file changed again. Owner and mode of a muted file are told as before, and
//! so is that it is muted. Pure: what was counted is remembered in the state, with the report that said it.

use std::collections::BTreeMap;

use mailbeat_shared::wire::snapshot::{FileState, Snapshot, WatchedFile};
use serde::{Deserialize, Serialize};

/// How often a file changed, and how often not, in the last system reports; by path.
pub type Streaks = BTreeMap<String, Streak>;

/// One file's counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Streak {
    /// Reports in a row in which its content was another one.
    pub changed: u32,
    /// Reports in a row in which it was not, while it is muted.
    pub quiet: u32,
    /// Only its digest is told.
    pub muted: bool,
}

/// When to mute and when to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// After so many changes in a row; 0: never.
    pub mute_after: u32,
    /// After so many reports without a change; at least 1.
    pub unmute_after: u32,
}

/// Counts once more, comparing `new` with what the last report said, and takes the content of muted files out of `new`.
/// Without an `old` nothing can be compared, and what is muted stays so. A file that is gone is forgotten, unless the list was
/// `cut`.
#[must_use]
pub fn judge(
    before: &Streaks,
    old: Option<&Snapshot>,
    new: &mut Snapshot,
    cut: bool,
    patience: Patience,
) -> Streaks {
    let mut streaks: Streaks = before
        .iter()
        .filter(|(path, _)| cut && !new.contains_key(*path))
        .map(|(path, streak)| (path.clone(), *streak))
        .collect();
    for (path, file) in new.iter_mut() {
        let mut streak = before.get(path).copied().unwrap_or_default();
        if let Some(was) = old.and_then(|old| old.get(path)) {
            streak = streak.after(file.entry.differs_in_content(&was.entry), patience);
        }
        streak.muted &= patience.mute_after > 0;
        if streak.muted {
            mute(file);
        }
        if streak != Streak::default() {
            streaks.insert(path.clone(), streak);
        }
    }
    streaks
}

/// The muted files.
pub fn muted(streaks: &Streaks) -> impl Iterator<Item = &str> {
    streaks.iter().filter(|(_, streak)| streak.muted).map(|(path, _)| path.as_str())
}

impl Streak {
    fn after(self, changed: bool, patience: Patience) -> Self {
        let counted = match (changed, self.muted) {
            (true, muted) => Self { changed: self.changed.saturating_add(1), quiet: 0, muted },
            (false, true) => Self { quiet: self.quiet.saturating_add(1), ..self },
            (false, false) => Self::default(),
        };
        if counted.muted && counted.quiet >= patience.unmute_after.max(1) {
            return Self::default();
        }
        Self {
            muted: counted.muted || (patience.mute_after > 0 && counted.changed >= patience.mute_after),
            ..counted
        }
    }
}

fn mute(file: &mut WatchedFile) {
    file.entry.muted = true;
    if file.entry.state == FileState::Text {
        file.text = None;
        file.entry.encoding = None;
        file.entry.state = FileState::Withheld;
        // The same words every time, or they would be a change.
        file.entry.detail = Some("muted: it changes in every report, so only its digest is sent".into());
    }
}

#[cfg(test)]
mod tests {
    use mailbeat_shared::wire::id::Digest;
    use mailbeat_shared::wire::snapshot::{self, Encoding, FileEntry};
    use proptest::prelude::*;

    use super::*;

    const PATIENCE: Patience = Patience { mute_after: 3, unmute_after: 2 };

    fn file(text: &str, mode: &str) -> WatchedFile {
        let entry = FileEntry {
            path: "/etc/a".into(),
            size: text.len() as u64,
            state: FileState::Text,
            encoding: Some(Encoding::Utf8),
            digest: Some(Digest::of(text.as_bytes())),
            owner: Some("root:root".into()),
            mode: Some(mode.into()),
            detail: None,
            muted: false,
        };
        WatchedFile { entry, text: Some(text.into()) }
    }

    fn one(text: &str, mode: &str) -> Snapshot {
        Snapshot::from([("/etc/a".into(), file(text, mode))])
    }

    /// What each report says of a file with these contents, one after the other: muted or not, and what changed.
    fn told(contents: &[(&str, &str)], patience: Patience) -> Vec<(bool, Vec<snapshot::Change>)> {
        let (mut streaks, mut old) = (Streaks::new(), None);
        let report = |(text, mode): &(&str, &str)| {
            let mut new = one(text, mode);
            streaks = judge(&streaks, old.as_ref(), &mut new, false, patience);
            let changes = snapshot::diff(old.as_ref().unwrap_or(&Snapshot::new()), &new, |_| false);
            let muted = new["/etc/a"].entry.muted;
            old = Some(new);
            (muted, changes)
        };
        contents.iter().map(report).collect()
    }

    #[test]
    fn a_file_that_changes_every_time_is_muted_and_told_again_when_it_was_quiet() {
        let days: Vec<(&str, &str)> =
            ["1", "2", "3", "4", "5", "5", "5", "6"].map(|text| (text, "0644")).to_vec();
        let told = told(&days, PATIENCE);
        let muted: Vec<bool> = told.iter().map(|(muted, _)| *muted).collect();
        assert_eq!(muted, [false, false, false, true, true, true, false, false]);
        let content =
            |day: usize| told[day].1.iter().any(|change| change.text.is_some() || change.diff.is_some());
        assert!(content(1) && content(2) && !content(3) && !content(4), "{told:?}");
        assert_eq!(told[5].1, [], "muted and quiet: nothing to tell");
        assert_eq!(told[6].1[0].text.as_deref(), Some("5"), "whole, because nobody holds its text");
        assert!(content(7));
    }

    #[test]
    fn three_changes_with_a_day_of_rest_between_mute_nothing() {
        let days: Vec<(&str, &str)> = ["1", "2", "3", "3", "4", "5"].map(|text| (text, "0644")).to_vec();
        assert!(told(&days, PATIENCE).iter().all(|(muted, _)| !muted));
        assert!(told(&days, Patience { mute_after: 0, ..PATIENCE }).iter().all(|(muted, _)| !muted));
    }

    #[test]
    fn who_may_read_a_muted_file_is_told_all_the_same() {
        let days = [("1", "0600"), ("2", "0600"), ("3", "0600"), ("4", "0600"), ("5", "0666")];
        let told = told(&days, PATIENCE);
        assert!(told[4].0);
        assert_eq!(told[4].1[0].mode_before.as_deref(), Some("0600"));
    }

    #[test]
    fn a_list_that_was_cut_and_a_lost_baseline_forget_nothing() {
        let muted = Streaks::from([("/etc/a".into(), Streak { changed: 3, quiet: 0, muted: true })]);
        assert_eq!(judge(&muted, None, &mut Snapshot::new(), true, PATIENCE), muted);
        assert_eq!(judge(&muted, None, &mut Snapshot::new(), false, PATIENCE), Streaks::new());
        let mut new = one("x", "0644");
        assert_eq!(judge(&muted, None, &mut new, false, PATIENCE), muted);
        assert!(new["/etc/a"].entry.muted && new["/etc/a"].text.is_none());
        let mut new = one("x", "0644");
        assert_eq!(
            judge(&muted, None, &mut new, false, Patience { mute_after: 0, ..PATIENCE })
                .get("/etc/a")
                .map(|streak| streak.muted),
            Some(false)
        );
        assert!(new["/etc/a"].text.is_some(), "switched off, it is told again at once");
    }

    proptest! {
        /// Whatever happens to a file, the receiver holds what the agent said, and no other content.
        #[test]
        fn the_receiver_can_follow_muting_and_unmuting(days in prop::collection::vec(("[ab]", "06[04]4"), 1..30), mute_after in 0..4_u32) {
            let patience = Patience { mute_after, unmute_after: 2 };
            let (mut streaks, mut old, mut held) = (Streaks::new(), None::<Snapshot>, Snapshot::new());
            for (text, mode) in &days {
                let mut new = one(text, mode);
                streaks = judge(&streaks, old.as_ref(), &mut new, false, patience);
                let changes = snapshot::diff(old.as_ref().unwrap_or(&Snapshot::new()), &new, |_| false);
                let manifest: Vec<FileEntry> = new.values().map(|file| file.entry.clone()).collect();
                held = snapshot::apply(&held, &manifest, &changes).unwrap();
                prop_assert_eq!(&held, &new);
                prop_assert_eq!(held["/etc/a"].entry.mode.as_deref(), Some(mode.as_str()));
                old = Some(new);
            }
        }
    }
}
