//! What a system report says: the watched configuration files, and what the host is.
//!
//! Files and packages are told as changes of the report before, or whole. Whether changes fit what is held is not known here:
//! [`crate::wire::snapshot::apply()`] and the inventory's own function refuse what does not.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::wire::id::Digest;
use crate::wire::inventory::{PackageList, Packages, Reboot, Updates};
use crate::wire::snapshot::{Change, FileEntry};

/// The watched configuration files, and what the host is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SystemReport {
    /// Digest of the system report the changes start from; `None` means this one is full.
    pub baseline: Option<Digest>,
    /// Every watched file.
    pub files: Vec<FileEntry>,
    /// What differs from the baseline; in a full report every file is `added`.
    pub changes: Vec<Change>,
    /// In a full report: what differs from the last one, for people and programs that look for what changed. Nothing is applied
    /// from here; `changes` alone make the snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Since>,
    /// What did not fit, one sentence each.
    #[serde(default)]
    pub truncated: Vec<String>,
    /// What the host is: operating system, kernel, hardware; name and value.
    #[serde(default)]
    pub inventory: BTreeMap<String, String>,
    /// What became of the installed packages; `None` where they are not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packages: Option<Packages>,
    /// All installed packages: in a full report, and where none were told before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package_list: Option<PackageList>,
    /// Updates that could be installed; `None` where that is not told or not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updates: Option<Updates>,
    /// Whether the host must be restarted; `None` where that is not told or not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reboot: Option<Reboot>,
}

/// What differs from the last report, in one that is full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Since {
    /// Digest of the last system report.
    pub baseline: Digest,
    /// What differs from it.
    pub changes: Vec<Change>,
}

impl SystemReport {
    /// What differs from the report before, where that is told: a full report repeats everything and says apart what changed.
    #[must_use]
    pub fn news(&self) -> &[Change] {
        match (&self.since, self.baseline) {
            (Some(since), _) => &since.changes,
            (None, Some(_)) => &self.changes,
            (None, None) => &[],
        }
    }

    /// Whether there was a report before that this one tells changes from.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.baseline.is_none() && self.since.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::snapshot::ChangeKind;

    fn removed(path: &str) -> Change {
        Change {
            path: path.to_owned(),
            kind: ChangeKind::Removed,
            before: None,
            after: None,
            diff: None,
            text: None,
            owner_before: None,
            mode_before: None,
        }
    }

    #[test]
    fn a_full_report_repeats_everything_and_its_news_is_what_differs_from_the_last() {
        let last = Digest::of(b"the report before");
        let (repeated, changed) = (vec![removed("/etc/all")], vec![removed("/etc/changed")]);

        let first = SystemReport { changes: repeated.clone(), ..SystemReport::default() };
        assert_eq!((first.news(), first.is_first()), (&[][..], true));

        let ordinary = SystemReport { baseline: Some(last), changes: changed.clone(), ..first.clone() };
        assert_eq!((ordinary.news(), ordinary.is_first()), (&changed[..], false));

        let full = SystemReport { since: Some(Since { baseline: last, changes: changed.clone() }), ..first };
        assert_eq!((full.news(), full.is_first()), (&changed[..], false));
    }
}
