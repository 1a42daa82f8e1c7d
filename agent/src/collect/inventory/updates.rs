//! Updates that could be installed, from the lists the package manager last fetched. Nothing is fetched.
//!
//! Only apt keeps its lists where everybody may use them; dnf and zypper keep theirs for root.

use std::time::SystemTime;

use jiff::Timestamp;
use mailbeat_shared::text;
use mailbeat_shared::wire::inventory::{PendingUpdate, Updates};
use mailbeat_shared::wire::limits;

use super::Host;
use crate::os::command;

/// What changes when lists were fetched.
const FETCHED: [&str; 2] = ["var/lib/apt/periodic/update-success-stamp", "var/lib/apt/lists/partial"];

impl Host {
    /// The pending updates, or why they are unknown on this host.
    pub(super) fn updates(&self) -> Result<Result<Updates, String>, String> {
        if !self.at("var/lib/dpkg/status").exists() || !self.at("var/lib/apt").exists() {
            return Ok(Err(
                "unknown: only apt's lists can be read without root, and there is no apt here".into()
            ));
        }
        if !self.has_lists() {
            return Ok(Err("unknown: apt has no lists; `apt-get update` fetches them".into()));
        }
        if !self.asking {
            return Ok(Err("unknown: apt cannot be asked".into()));
        }
        let answer = command::ask("apt", &["list", "--upgradable"], self.deadline)
            .map_err(|error| error.to_string())?;
        Ok(Ok(self.read_apt(&answer)))
    }

    /// Whether lists were fetched; a fresh image comes without.
    fn has_lists(&self) -> bool {
        let entries = std::fs::read_dir(self.at("var/lib/apt/lists")).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .any(|name| name.contains("_Packages"))
    }

    fn read_apt(&self, answer: &str) -> Updates {
        let mut pending: Vec<PendingUpdate> = answer.lines().filter_map(line).collect();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let (all, security) =
            (count(pending.len()), count(pending.iter().filter(|update| update.security).count()));
        pending.sort_by(|a, b| (!a.security, &a.name).cmp(&(!b.security, &b.name)));
        pending.truncate(limits::UPDATES);
        let modified = |path: &&str| self.at(path).metadata().ok()?.modified().ok();
        let fetched: Option<SystemTime> = FETCHED.iter().filter_map(modified).max();
        let as_of = fetched.and_then(|time| Timestamp::try_from(time).ok());
        Updates { source: "apt".into(), as_of, count: all, security, pending }
    }
}

/// `openssl/stable-security,stable 3.0.15-1 amd64 [upgradable from: 3.0.11-1]`
fn line(line: &str) -> Option<PendingUpdate> {
    let (name, rest) = line.split_once('/')?;
    let mut words = rest.split(' ');
    let (archives, candidate) = (words.next()?, words.next()?);
    let installed = line.split_once("upgradable from: ")?.1.split(']').next()?;
    let short = |word: &str| text::one_line(word, limits::NAME_BYTES);
    Some(PendingUpdate {
        name: short(name),
        installed: short(installed),
        candidate: short(candidate),
        security: archives.split(',').any(|archive| archive.ends_with("-security")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apts_lines_are_read_and_everything_else_it_says_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let host = Host { root: dir.path().into(), asking: false, deadline: std::time::Instant::now() };
        let updates = host.read_apt(
            "Listing...\n\
             bash/oldstable 5.2.15-2+b13 amd64 [upgradable from: 5.2.15-2+b8]\n\
             openssl/jammy-updates,jammy-security 3.0.15-1 amd64 [upgradable from: 3.0.11-1]\n\
             N: There is 1 additional version. Please use the '-a' switch to see it\n\
             /etc/x y z\n",
        );
        let names: Vec<(&str, bool)> =
            updates.pending.iter().map(|update| (update.name.as_str(), update.security)).collect();
        assert_eq!(names, [("openssl", true), ("bash", false)], "security first");
        assert_eq!((updates.count, updates.security, updates.as_of), (2, 1, None));
        assert_eq!(
            (updates.pending[1].installed.as_str(), updates.pending[1].candidate.as_str()),
            ("5.2.15-2+b8", "5.2.15-2+b13")
        );
    }
}
