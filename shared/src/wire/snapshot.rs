//! The watched configuration files after redaction, and what differs from the last report.
//!
//! The agent makes a [`Snapshot`] and says [`diff`]; the receiver holds the last one and says [`apply`]. Both are pure,
//! and `apply(old, diff(old, new)) == new` holds for all snapshots (a property test below).
//! What arrives here is from outside: a change that does not fit what is held is an error, never a guess.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::id::Digest;

/// What a watched path was when it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FileState {
    /// Readable text; its redacted content is sent. Only and always this state has text.
    Text,
    /// Text that the configuration withholds; only its keyed digest is sent.
    Withheld,
    /// Not text; only its keyed digest is sent.
    Binary,
    /// Larger than a watched file may be; only its size is sent.
    TooLarge,
    /// There, but the agent may not read it.
    Unreadable,
    /// A symbolic link; its target is in `detail`.
    Symlink,
    /// Left out because the report would have grown too large.
    Omitted,
}

/// How the bytes of a text file were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    #[serde(rename = "utf-8")]
    Utf8,
    /// UTF-16, by its byte order mark.
    #[serde(rename = "utf-16")]
    Utf16,
    /// Neither: read as Windows-1252.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

/// One watched file in the manifest. Every report names every watched file, changed or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FileEntry {
    /// The path in UTF-8, other bytes as `%XX` (and `%` itself as `%25`).
    pub path: String,
    /// Size on disk in bytes, before redaction.
    pub size: u64,
    /// What it was.
    pub state: FileState,
    /// How its text was read; only for text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// Keyed digest of the redacted text or of the binary content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Owner and group, `root:root`, where the system has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Permission bits, `0644`, where the system has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// A link's target, or why the file could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// One watched file with its redacted text, if it is sent as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchedFile {
    /// What the manifest says of it.
    pub entry: FileEntry,
    /// The redacted text; `None` for what is not sent as text.
    pub text: Option<String>,
}

/// All watched files at one time, by path.
pub type Snapshot = BTreeMap<String, WatchedFile>;

/// How a file differs from the last report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Not in the last report.
    Added,
    /// Other content, state, owner or mode.
    Modified,
    /// In the last report and no longer there.
    Removed,
}

/// One file's difference from the last report. At most one of `diff` and `text` is there; neither means that only
/// digest, state, owner or mode changed or that the content is not sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Change {
    /// The path, as in the manifest.
    pub path: String,
    /// What happened to it.
    pub kind: ChangeKind,
    /// Its digest in the last report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Digest>,
    /// Its digest now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Digest>,
    /// A unified diff of the redacted texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
    /// The whole redacted text, where there was none before or a long diff would be no shorter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A change that does not fit what is held.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ApplyError {
    /// The change starts from content that is not the content held.
    #[error("{path}: the change starts from another version than the one held")]
    OtherBase {
        /// The file.
        path: String,
    },
    /// The diff is malformed or its context is not there.
    #[error("{path}: the diff does not apply")]
    DiffDoesNotApply {
        /// The file.
        path: String,
    },
    /// Manifest and changes contradict each other.
    #[error("{path}: {what}")]
    Contradiction {
        /// The file.
        path: String,
        /// What contradicts what.
        what: &'static str,
    },
}

/// What happened between two snapshots, in order of path.
#[must_use]
pub fn diff(old: &Snapshot, new: &Snapshot) -> Vec<Change> {
    let removed = old.iter().filter(|(path, _)| !new.contains_key(*path)).map(|(path, was)| Change {
        path: path.clone(),
        kind: ChangeKind::Removed,
        before: was.entry.digest,
        after: None,
        diff: None,
        text: None,
    });
    let mut changes: Vec<Change> =
        new.iter().filter_map(|(path, is)| change(path, old.get(path), is)).chain(removed).collect();
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    changes
}

fn change(path: &str, was: Option<&WatchedFile>, is: &WatchedFile) -> Option<Change> {
    if was == Some(is) {
        return None;
    }
    let (diff, text) = match (was.and_then(|was| was.text.as_deref()), is.text.as_deref()) {
        (Some(old), Some(new)) if old == new => (None, None),
        (Some(old), Some(new)) => shorter(old, new),
        (None, Some(new)) => (None, Some(new.to_owned())),
        (_, None) => (None, None),
    };
    Some(Change {
        path: path.to_owned(),
        kind: if was.is_some() { ChangeKind::Modified } else { ChangeKind::Added },
        before: was.and_then(|was| was.entry.digest),
        after: is.entry.digest,
        diff,
        text,
    })
}

/// A diff, because it shows what changed; the whole text where a long diff would be no shorter.
fn shorter(old: &str, new: &str) -> (Option<String>, Option<String>) {
    const SHORT: usize = 4 * 1024;
    if !worth_comparing(old, new) {
        return (None, Some(new.to_owned()));
    }
    let patch = diffy::create_patch(old, new).to_string();
    if patch.len() < new.len().max(SHORT) { (Some(patch), None) } else { (None, Some(new.to_owned())) }
}

/// Comparing costs (lines x differing lines); two large texts with little in common are not worth it.
fn worth_comparing(old: &str, new: &str) -> bool {
    const SMALL: usize = 2_000;
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    old.lines().for_each(|line| *lines.entry(line).or_default() += 1);
    let (mut total, mut common) = (0_usize, 0_usize);
    for line in new.lines() {
        total += 1;
        if let Some(left) = lines.get_mut(line).filter(|left| **left > 0) {
            *left -= 1;
            common += 1;
        }
    }
    total < SMALL || common * 2 > total
}

/// The snapshot after a report: `files` is its manifest, `changes` what it says of `old`.
///
/// # Errors
/// [`ApplyError`] where a change does not start from what `old` holds, a diff does not apply, or manifest and changes
/// contradict each other. `old` is untouched then, and nothing of the report should be believed about the files.
pub fn apply(old: &Snapshot, files: &[FileEntry], changes: &[Change]) -> Result<Snapshot, ApplyError> {
    let by_path: BTreeMap<&str, &Change> =
        changes.iter().map(|change| (change.path.as_str(), change)).collect();
    let mut new = Snapshot::new();
    for entry in files {
        let was = old.get(&entry.path);
        let text = match by_path.get(entry.path.as_str()) {
            Some(change) => changed_text(change, was)?,
            None => was
                .ok_or_else(|| {
                    contradiction(&entry.path, "is in the manifest, was not before, and is no change")
                })?
                .text
                .clone(),
        };
        let text = text.filter(|_| entry.state == FileState::Text);
        if text.is_none() && entry.state == FileState::Text {
            return Err(contradiction(&entry.path, "is text, and its text is neither sent nor held"));
        }
        new.insert(entry.path.clone(), WatchedFile { entry: entry.clone(), text });
    }
    for change in changes {
        if (change.kind == ChangeKind::Removed) == new.contains_key(&change.path) {
            return Err(contradiction(&change.path, "manifest and changes disagree on whether it is there"));
        }
    }
    Ok(new)
}

fn contradiction(path: &str, what: &'static str) -> ApplyError {
    ApplyError::Contradiction { path: path.to_owned(), what }
}

fn changed_text(change: &Change, was: Option<&WatchedFile>) -> Result<Option<String>, ApplyError> {
    if was.is_some() != (change.kind == ChangeKind::Modified) {
        return Err(contradiction(&change.path, "added though it was there, or modified though it was not"));
    }
    if was.and_then(|was| was.entry.digest) != change.before {
        return Err(ApplyError::OtherBase { path: change.path.clone() });
    }
    let held = was.and_then(|was| was.text.as_deref());
    match (&change.diff, &change.text) {
        (Some(_), Some(_)) => Err(contradiction(&change.path, "both a diff and a text")),
        (None, Some(text)) => Ok(Some(text.clone())),
        (None, None) => Ok(held.map(str::to_owned)),
        (Some(diff), None) => {
            let fails = || ApplyError::DiffDoesNotApply { path: change.path.clone() };
            let patch = diffy::Patch::from_str(diff).map_err(|_| fails())?;
            diffy::apply(held.ok_or_else(fails)?, &patch).map(Some).map_err(|_| fails())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text_file(path: &str, text: &str, mode: u8) -> WatchedFile {
        WatchedFile {
            entry: FileEntry {
                path: path.to_owned(),
                size: text.len() as u64,
                state: FileState::Text,
                encoding: Some(Encoding::Utf8),
                digest: Some(Digest::of(text.as_bytes())),
                owner: None,
                mode: Some(format!("06{mode}4")),
                detail: None,
            },
            text: Some(text.to_owned()),
        }
    }

    fn not_text(path: &str, state: FileState) -> WatchedFile {
        let mut file = text_file(path, "", 4);
        file.entry.state = state;
        file.entry.encoding = None;
        file.text = None;
        file
    }

    fn snapshots() -> impl Strategy<Value = Snapshot> {
        let line = prop_oneof!["[ab]{0,3}\n", "\\PC{0,6}\n", Just("x\r\n".to_owned()), Just("\r".to_owned())];
        let text =
            (prop::collection::vec(line, 0..12), "[ab]{0,2}").prop_map(|(lines, end)| lines.concat() + &end);
        let file = prop_oneof![
            8 => (text, 0..3_u8).prop_map(|(text, mode)| text_file("", &text, mode)),
            1 => Just(not_text("", FileState::Binary)),
            1 => Just(not_text("", FileState::Withheld)),
            1 => Just(not_text("", FileState::Unreadable)),
        ];
        prop::collection::btree_map("/etc/[a-d]", file, 0..4).prop_map(|files| {
            files
                .into_iter()
                .map(|(path, mut file)| {
                    file.entry.path.clone_from(&path);
                    (path, file)
                })
                .collect()
        })
    }

    fn manifest(of: &Snapshot) -> Vec<FileEntry> {
        of.values().map(|file| file.entry.clone()).collect()
    }

    fn one(file: WatchedFile) -> Snapshot {
        Snapshot::from([(file.entry.path.clone(), file)])
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn what_is_diffed_can_be_applied_again(old in snapshots(), new in snapshots()) {
            prop_assert_eq!(apply(&old, &manifest(&new), &diff(&old, &new)), Ok(new));
        }

        #[test]
        fn a_diff_from_outside_is_an_error_and_never_a_panic(text in "\\PC{0,40}", diff in "(@@ -[0-9]{1,20},[0-9]{1,3} \\+1 @@\n)?[ +-]?\\PC{0,20}\n?") {
            let old = one(text_file("/etc/a", &text, 4));
            let change = Change { path: "/etc/a".into(), kind: ChangeKind::Modified,
                before: old["/etc/a"].entry.digest, after: None, diff: Some(diff), text: None };
            let _ = apply(&old, &manifest(&old), &[change]);
        }
    }

    #[test]
    fn one_changed_line_of_many_travels_as_a_short_diff() {
        let lines: Vec<String> = (0..5_000).map(|n| format!("key{n} = {n}\n")).collect();
        let old = one(text_file("/etc/a", &lines.concat(), 4));
        let new = one(text_file("/etc/a", &lines.concat().replace("key77 = 77", "key77 = 78"), 4));
        let changes = diff(&old, &new);
        let patch = changes[0].diff.as_ref().expect("a diff");
        assert!(patch.contains("-key77 = 77\n+key77 = 78\n") && patch.len() < 250, "{patch}");
    }

    #[test]
    fn large_texts_with_nothing_in_common_travel_whole() {
        let text = |word: &str| (0..5_000).map(|n| format!("{word} {n}\n")).collect::<String>();
        let changes = diff(&one(text_file("/a", &text("old"), 4)), &one(text_file("/a", &text("new"), 4)));
        assert!(changes[0].diff.is_none() && changes[0].text.is_some());
    }

    #[test]
    fn a_change_from_another_version_is_refused_by_name() {
        let (first, second, third) =
            (one(text_file("/a", "1\n", 4)), one(text_file("/a", "2\n", 4)), one(text_file("/a", "3\n", 4)));
        let refused = apply(&first, &manifest(&third), &diff(&second, &third)).unwrap_err();
        assert_eq!(refused, ApplyError::OtherBase { path: "/a".into() });
    }

    #[test]
    fn a_long_diff_of_a_short_text_travels_as_the_text() {
        let old = one(text_file("/a", "x\n", 4));
        let sent =
            |length: usize| diff(&old, &one(text_file("/a", &("y".repeat(length) + "\n"), 4))).remove(0).diff;
        let longest = (1..5_000).filter_map(sent).map(|patch| patch.len()).max();
        assert_eq!(longest, Some(4 * 1024 - 1));
    }

    #[test]
    fn large_texts_are_compared_where_most_lines_stayed_and_small_ones_always() {
        let line = |n: usize| format!("{n:0>200}\n");
        let is_diff = |held: usize, total: usize| {
            let text = |lines: usize| (0..lines).map(line).collect::<String>();
            diff(&one(text_file("/a", &text(held), 4)), &one(text_file("/a", &text(total), 4)))[0]
                .diff
                .is_some()
        };
        assert!(is_diff(100, 1_999), "small");
        assert!(!is_diff(100, 2_000));
        assert!(!is_diff(1_000, 2_000), "half");
        assert!(is_diff(1_001, 2_000));
    }

    #[test]
    fn a_line_that_stood_there_a_hundred_times_stayed_a_hundred_times() {
        let text =
            |count| "always the same line of a length that makes a whole text dear to send\n".repeat(count);
        let changes = diff(&one(text_file("/a", &text(100), 4)), &one(text_file("/a", &text(2_000), 4)));
        assert!(changes[0].diff.is_none() && changes[0].text.is_some());
    }

    #[test]
    fn manifest_and_changes_that_contradict_each_other_are_refused() {
        let (empty, old) = (Snapshot::new(), one(text_file("/a", "1\n", 4)));
        let new = one(text_file("/a", "2\n", 4));
        let refused = |held: &Snapshot, files: &[FileEntry], changes: &[Change]| {
            apply(held, files, changes).unwrap_err().to_string()
        };
        let modified = diff(&old, &new);
        assert_eq!(refused(&old, &[], &modified), "/a: manifest and changes disagree on whether it is there");
        let removed = diff(&old, &empty);
        let both = refused(&old, &manifest(&old), &removed);
        assert_eq!(both, "/a: added though it was there, or modified though it was not");
        assert_eq!(refused(&empty, &manifest(&new), &modified), both);
        assert_eq!(refused(&old, &manifest(&old), &diff(&empty, &old)), both);
        let unsaid = refused(&empty, &manifest(&old), &[]);
        assert_eq!(unsaid, "/a: is in the manifest, was not before, and is no change");
        let mut without_text = diff(&empty, &new);
        without_text[0].text = None;
        let missing = refused(&empty, &manifest(&new), &without_text);
        assert_eq!(missing, "/a: is text, and its text is neither sent nor held");
        let mut twice = modified;
        twice[0].text = Some("2\n".into());
        assert_eq!(refused(&old, &manifest(&new), &twice), "/a: both a diff and a text");
    }

    #[test]
    fn a_file_whose_mode_alone_changed_keeps_its_text_and_sends_none() {
        let (old, new) = (one(text_file("/a", "1\n", 4)), one(text_file("/a", "1\n", 0)));
        let changes = diff(&old, &new);
        assert_eq!((&changes[0].diff, &changes[0].text), (&None, &None));
        assert_eq!(apply(&old, &manifest(&new), &changes), Ok(new));
    }
}
