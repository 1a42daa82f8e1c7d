//! The package database of Red Hat, SUSE and their kin. Its format has changed three times, so `rpm` itself is asked; everybody
//! may read it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use mailbeat_shared::wire::inventory::PackageList;

use crate::os::command;

/// Where the database lies, in any of its formats.
const DATABASES: &[&str] = &[
    "usr/lib/sysimage/rpm/rpmdb.sqlite",
    "usr/lib/sysimage/rpm/Packages.db",
    "usr/lib/sysimage/rpm/Packages",
    "usr/share/rpm/rpmdb.sqlite",
    "var/lib/rpm/rpmdb.sqlite",
    "var/lib/rpm/Packages.db",
    "var/lib/rpm/Packages",
];
/// Name with architecture, a blank, epoch if there is one, version and release.
const FORMAT: &str = r"%{NAME}.%{ARCH} %|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\n";

pub(super) fn is_here(root: &Path) -> bool {
    DATABASES.iter().any(|path| root.join(path).exists())
}

pub(super) fn installed(deadline: Instant) -> Result<PackageList, String> {
    let answer =
        command::ask("rpm", &["-qa", "--qf", FORMAT], deadline).map_err(|error| error.to_string())?;
    Ok(read(&answer))
}

/// Several versions of one package, as of kernels, stand in one line.
fn read(answer: &str) -> PackageList {
    let mut versions: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (name, version) in answer.lines().filter_map(|line| line.split_once(' ')) {
        let name = name.strip_suffix(".(none)").unwrap_or(name);
        versions.entry(name.to_owned()).or_default().push(version);
    }
    let line = |(name, mut versions): (String, Vec<&str>)| {
        versions.sort_unstable();
        (name, versions.join(", "))
    };
    versions.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_kernels_are_one_package_with_several_versions_and_keys_have_no_architecture() {
        let list = read(
            "kernel.x86_64 5.14.0-503.el9\nbash.x86_64 5.1.8-9.el9\nkernel.x86_64 5.14.0-427.el9\ngpg-pubkey.(none) 8483c65d-5ccc5b19\nperl.x86_64 4:5.32.1-481.el9\n\nnoise\n",
        );
        assert_eq!(list["kernel.x86_64"], "5.14.0-427.el9, 5.14.0-503.el9");
        assert_eq!(list["gpg-pubkey"], "8483c65d-5ccc5b19");
        assert_eq!(list["perl.x86_64"], "4:5.32.1-481.el9");
        assert_eq!(list.len(), 4);
    }
}
