//! What is installed on the host, what waits to be, and whether it must be restarted.
//!
//! A list of packages is long and changes rarely, so most reports say only what became of it; the digest of the whole list tells
//! whoever applies that whether nothing was missed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::Digest;
use super::report::SystemReport;

/// Installed packages: name (with `:arch` or `.arch` where the name alone is ambiguous) and version.
pub type PackageList = BTreeMap<String, String>;

/// What became of the installed packages since the last report that spoke of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Packages {
    /// Whose database was read: `dpkg`, `rpm`.
    pub source: String,
    /// How many are installed now.
    pub count: u32,
    /// [`digest`] of the whole list as it is now.
    pub digest: Digest,
    /// Not there before.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub added: PackageList,
    /// Another version than before.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub updated: BTreeMap<String, Versions>,
    /// There before, with the version it had.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub removed: PackageList,
}

/// Two versions of one package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Versions {
    /// Before.
    pub from: String,
    /// Now.
    pub to: String,
}

/// Updates that could be installed, as far as the host itself knows: nobody was asked over the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Updates {
    /// Whose lists were read: `apt`.
    pub source: String,
    /// When these lists were last fetched, as far as can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>", extend("format" = "date-time")))]
    pub as_of: Option<Timestamp>,
    /// How many there are.
    pub count: u32,
    /// How many of them come from a security archive.
    pub security: u32,
    /// Each of them, as many as a report may name; those from a security archive first.
    #[serde(default)]
    pub pending: Vec<PendingUpdate>,
}

/// One update that could be installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PendingUpdate {
    /// The package.
    pub name: String,
    /// The version that is there.
    pub installed: String,
    /// The version that would replace it.
    pub candidate: String,
    /// Whether it comes from a security archive.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub security: bool,
}

/// Whether the host must be restarted for what is installed to be in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reboot {
    /// Whether.
    pub required: bool,
    /// Why, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// The packages that asked for it, where they are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<String>,
}

/// Names a whole list, so that whoever applied changes knows whether it is the right one.
#[must_use]
pub fn digest(list: &PackageList) -> Digest {
    let lines: String = list.iter().map(|(name, version)| format!("{name} {version}\n")).collect();
    Digest::of(lines.as_bytes())
}

impl Packages {
    /// What to say of `new` after `old`; without an `old` nothing is said to have changed.
    #[must_use]
    pub fn between(source: &str, old: Option<&PackageList>, new: &PackageList) -> Self {
        let old = old.unwrap_or(new);
        let copy = |(name, version): (&String, &String)| (name.clone(), version.clone());
        let update = |(name, to): (&String, &String)| {
            let from = old.get(name).filter(|from| *from != to)?.clone();
            Some((name.clone(), Versions { from, to: to.clone() }))
        };
        Self {
            source: source.to_owned(),
            count: u32::try_from(new.len()).unwrap_or(u32::MAX),
            digest: digest(new),
            added: new.iter().filter(|(name, _)| !old.contains_key(*name)).map(copy).collect(),
            updated: new.iter().filter_map(update).collect(),
            removed: old.iter().filter(|(name, _)| !new.contains_key(*name)).map(copy).collect(),
        }
    }

    /// How many packages are not as they were.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.added.len() + self.updated.len() + self.removed.len()
    }

    /// The list after these changes; `None` if `held` is not the list they start from.
    #[must_use]
    pub fn apply(&self, mut held: PackageList) -> Option<PackageList> {
        held.retain(|name, _| !self.removed.contains_key(name));
        held.extend(self.added.iter().map(|(name, version)| (name.clone(), version.clone())));
        held.extend(self.updated.iter().map(|(name, versions)| (name.clone(), versions.to.clone())));
        (digest(&held) == self.digest).then_some(held)
    }
}

/// The packages after the newest of these reports (newest first), as far back as one that has the whole list. `None` where no
/// report has one, or one in between is not held.
#[must_use]
pub fn packages_after(newest_first: impl IntoIterator<Item = SystemReport>) -> Option<PackageList> {
    let mut later = Vec::new();
    for report in newest_first {
        let Some(packages) = report.packages else { continue };
        if let Some(list) = report.package_list {
            let whole = Some(list).filter(|list| digest(list) == packages.digest);
            return later.iter().rev().try_fold(whole?, |list, packages: &Packages| packages.apply(list));
        }
        later.push(packages);
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lists() -> impl Strategy<Value = PackageList> {
        prop::collection::btree_map("[a-e]", "[12]\\.[0-2]", 0..5)
    }

    fn said(packages: Packages, list: Option<PackageList>) -> SystemReport {
        SystemReport { packages: Some(packages), package_list: list, ..SystemReport::default() }
    }

    proptest! {
        #[test]
        fn what_is_said_of_packages_can_be_applied_again(old in lists(), new in lists()) {
            let packages = Packages::between("dpkg", Some(&old), &new);
            prop_assert_eq!(packages.apply(old.clone()), Some(new.clone()));
            prop_assert_eq!(packages.changes() == 0, old == new);
            prop_assert_eq!(packages.count as usize, new.len());
        }

        #[test]
        fn changes_that_start_from_another_list_are_refused(old in lists(), new in lists(), other in lists()) {
            let packages = Packages::between("dpkg", Some(&old), &new);
            prop_assert!(packages.apply(other).is_none_or(|applied| applied == new));
        }

        #[test]
        fn the_list_of_today_follows_from_the_last_whole_one_and_what_was_said_since(days in prop::collection::vec(lists(), 1..6)) {
            let mut reports = vec![said(Packages::between("dpkg", None, &days[0]), Some(days[0].clone()))];
            for day in days.windows(2) {
                reports.push(said(Packages::between("dpkg", Some(&day[0]), &day[1]), None));
                reports.push(SystemReport::default());
            }
            prop_assert_eq!(packages_after(reports.into_iter().rev()), days.last().cloned());
        }
    }

    #[test]
    fn a_missing_report_in_between_is_noticed_and_never_guessed_over() {
        let list = |version: &str| PackageList::from([("libc6".to_owned(), version.to_owned())]);
        let day = |old: &str, new: &str| Packages::between("dpkg", Some(&list(old)), &list(new));
        let whole = said(Packages::between("dpkg", None, &list("1")), Some(list("1")));
        let mut third = day("2", "3");
        third.added.insert("curl".into(), "1".into());
        third.digest = digest(&PackageList::from([
            ("libc6".into(), "3".into()),
            ("curl".into(), "1".into()),
            ("vim".into(), "9".into()),
        ]));
        assert_eq!(
            packages_after([said(third, None), whole.clone()]),
            None,
            "vim came with the one that is missing"
        );
        assert_eq!(packages_after([said(day("1", "2"), None), whole]), Some(list("2")));
        assert_eq!(packages_after([said(day("1", "2"), None)]), None);
    }
}
