//! What the host is, for the daily report: operating system, kernel, virtualisation, hardware, packages, pending updates, whether
//! it must be restarted. Each part has its switch and stands alone.
//!
//! Files below `/` are read and a few of the system's own programs are asked, without root and without a network. What the host
//! does not have is said in the facts ("unknown: ..."); what fails is a problem.

mod dpkg;
mod hardware;
mod kernel;
mod reboot;
mod rpm;
mod updates;
mod virtualization;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mailbeat_shared::text;
use mailbeat_shared::wire::inventory::{PackageList, Reboot, Updates};
use mailbeat_shared::wire::limits;

use super::host::HostProbe;
use crate::item::Item;

/// How long all of it may take; with what the watched files may take it makes a minute.
pub const TIME_BUDGET: Duration = Duration::from_secs(20);
/// Longest value of a fact, in bytes.
const FACT_BYTES: usize = 255;

/// What a host is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Name and value.
    pub facts: BTreeMap<String, String>,
    /// The installed packages.
    pub packages: Option<Installed>,
    /// Updates that could be installed.
    pub updates: Option<Updates>,
    /// Whether it must be restarted.
    pub reboot: Option<Reboot>,
}

/// The installed packages, as one database knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Installed {
    /// Whose database: `dpkg`, `rpm`.
    pub source: String,
    /// Name and version.
    pub list: PackageList,
}

/// Where to look.
struct Host {
    /// `/`, or a copy of a host in a test.
    root: PathBuf,
    /// Whether programs may be asked: they know only the host they run on.
    asking: bool,
    deadline: Instant,
}

/// What these items tell, and what could not be found out, one sentence each.
#[must_use]
pub fn inventory(items: &[Item], deadline: Instant) -> (Inventory, Vec<String>) {
    let host = Host { root: "/".into(), asking: true, deadline };
    let mut found = host.inventory(items);
    let on = |item| items.contains(&item);
    found.0.facts.extend(HostProbe::inventory(on(Item::Os), on(Item::Kernel), on(Item::Hardware)));
    found
}

impl Host {
    fn inventory(&self, items: &[Item]) -> (Inventory, Vec<String>) {
        let on = |item| items.contains(&item);
        let mut round = Round::default();
        // Whether this is a container decides whose the kernel is; it is found out for our own use even where it is not told.
        let needed = on(Item::Virtualization) || on(Item::Hardware) || on(Item::Kernel) || on(Item::Reboot);
        let virtualization =
            if needed { round.part("virtualization", || Ok(self.virtualization())) } else { None };
        let container = virtualization.as_ref().is_some_and(virtualization::Virtualization::is_container);
        if let Some(found) = virtualization.filter(|_| on(Item::Virtualization)) {
            round.fact("host.virtualization", found.as_str());
        }
        if on(Item::Hardware) {
            let facts = round.part("hardware", || Ok(self.hardware(container)));
            facts.into_iter().flatten().for_each(|(name, value)| round.fact(&name, &value));
        }
        if on(Item::Kernel) && !container {
            let newest = round.part("kernel", || Ok(self.newest_kernel())).flatten();
            newest.into_iter().for_each(|release| round.fact("os.kernel.installed", &release));
        }
        let asked = on(Item::Packages) || (on(Item::Reboot) && !container);
        let packages = if asked { round.part("packages", || self.packages()) } else { None };
        if on(Item::Packages) {
            round.packages(packages.as_ref().and_then(Option::as_ref));
        }
        if on(Item::Updates)
            && let Some(found) = round.part("updates", || self.updates())
        {
            match found {
                Ok(updates) => round.found.updates = Some(updates),
                Err(why) => round.fact("updates", &why),
            }
        }
        if on(Item::Reboot) {
            let list = packages.flatten().map(|(installed, _)| installed.list).unwrap_or_default();
            match round.part("reboot", || Ok(self.reboot(container, &list))) {
                Some(None) => round.fact("reboot", "unknown: neither a note nor a kernel is to be seen here"),
                known => round.found.reboot = known.flatten(),
            }
        }
        (round.found, round.problems)
    }

    /// The installed packages, and what is not as it should be with them; `None` where there is no database we know.
    fn packages(&self) -> Result<Option<(Installed, Vec<String>)>, String> {
        match dpkg::installed(&self.root)? {
            Some((list, problems)) => Ok(Some((Installed { source: "dpkg".into(), list }, problems))),
            None if self.asking && rpm::is_here(&self.root) => {
                let list = rpm::installed(self.deadline)?;
                Ok(Some((Installed { source: "rpm".into(), list }, vec![])))
            }
            None => Ok(None),
        }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// The first line of a small file, if there is one.
    fn line(&self, path: &str) -> Option<String> {
        let text = read_small(&self.at(path))?;
        let line = text::one_line(text.lines().next()?.trim(), FACT_BYTES);
        (!line.is_empty()).then_some(line)
    }
}

/// One collecting, part by part.
#[derive(Default)]
struct Round {
    found: Inventory,
    problems: Vec<String>,
}

impl Round {
    /// Runs one part; an error or a panic costs this part and becomes a sentence.
    fn part<T>(&mut self, name: &str, part: impl FnOnce() -> Result<T, String>) -> Option<T> {
        let problem = match catch_unwind(AssertUnwindSafe(part)) {
            Ok(Ok(found)) => return Some(found),
            Ok(Err(problem)) => format!("{name}: {problem}"),
            Err(_) => format!("{name}: the collector broke off; this is a fault of the agent"),
        };
        self.problems.push(text::one_line(&problem, limits::OUTPUT_BYTES));
        None
    }

    fn fact(&mut self, name: &str, value: &str) {
        let value = text::one_line(value.trim(), FACT_BYTES);
        if !value.is_empty() {
            self.found.facts.insert(name.to_owned(), value);
        }
    }

    fn packages(&mut self, found: Option<&(Installed, Vec<String>)>) {
        let Some((installed, problems)) = found else {
            if !self.problems.iter().any(|problem| problem.starts_with("packages: ")) {
                self.fact("packages", "unknown: neither a dpkg nor an rpm database is here");
            }
            return;
        };
        self.problems.extend(problems.iter().cloned());
        let mut list = PackageList::new();
        for (name, version) in &installed.list {
            if list.len() == limits::PACKAGES {
                let left_out = installed.list.len() - limits::PACKAGES;
                self.problems.push(format!(
                    "packages: {left_out} left out, a report holds {} at most",
                    limits::PACKAGES
                ));
                break;
            }
            list.insert(
                text::one_line(name, limits::NAME_BYTES),
                text::one_line(version, limits::NAME_BYTES),
            );
        }
        self.found.packages = Some(Installed { source: installed.source.clone(), list });
    }
}

/// A file of at most 64 KiB as text; `None` where it is not there or may not be read.
fn read_small(path: &Path) -> Option<String> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(64 * 1024).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests;
