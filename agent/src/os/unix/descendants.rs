//! Ends a process with what it started, also what made a session of its own (setsid) and so left its group.
//!
//! Descendants are known by `/proc`. What was given to another parent before, because its own had ended, is nobody's descendant any
//! more and goes on; a service ends it with its control group. Where there is no `/proc`, the group alone is ended.

use std::collections::HashSet;
use std::fs;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// Looks at most; each finds what the one before was too early for.
const LOOKS: usize = 100;

/// Ends `root`, its group and its descendants. Its number must still be its own: nobody has waited for it.
///
/// All of them are stopped first: what is stopped starts nothing new, and keeps its parent.
pub(crate) fn end_all(root: Pid) {
    let mut known = HashSet::from([root]);
    let _ = kill_process_group(root, Signal::STOP);
    for _ in 0..LOOKS {
        let found: Vec<Pid> = processes()
            .filter(|(process, parent)| known.contains(parent) && !known.contains(process))
            .map(|(process, _)| process)
            .collect();
        if found.is_empty() {
            break;
        }
        for process in found {
            let _ = kill_process(process, Signal::STOP);
            known.insert(process);
        }
    }
    let _ = kill_process_group(root, Signal::KILL);
    for process in known {
        // It may have ended, or belong to another user.
        let _ = kill_process(process, Signal::KILL);
    }
}

/// Every process that can be seen, with its parent.
fn processes() -> impl Iterator<Item = (Pid, Pid)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        let process = pid(entry.file_name().to_str()?)?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        Some((process, parent(&stat)?))
    })
}

/// The parent in a line of `/proc/PID/stat` (proc(5)): `7 (a name) S 1 ...`; the name may hold anything.
fn parent(stat: &str) -> Option<Pid> {
    let (_, after) = stat.rsplit_once(')')?;
    pid(after.split_whitespace().nth(1)?)
}

fn pid(text: &str) -> Option<Pid> {
    Pid::from_raw(text.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processes_name_does_not_hide_its_parent() {
        let of = |stat: &str| parent(stat).map(Pid::as_raw_pid);
        assert_eq!(of("7 (sh) S 4 7 7 0"), Some(4));
        assert_eq!(of("7 (a) S 1 b) R 4 7"), Some(4));
        assert_eq!(of("1 (init) S 0 1 1"), None, "nobody's child");
        assert_eq!(of("nonsense"), None);
    }
}
