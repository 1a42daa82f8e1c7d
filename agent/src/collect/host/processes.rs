//! The processes of one name: how many, and what they use. Never their arguments, which hold other people's secrets.

use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

/// Linux cuts the name a process bears to so many bytes.
const CUT_NAME: usize = 15;

/// A process that runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Running {
    /// Its number.
    pub pid: u32,
    /// When it started, in seconds since 1970.
    pub started: u64,
    /// For how long it runs, in seconds.
    pub runs_s: u64,
    /// Resident memory, in bytes.
    pub memory_bytes: u64,
    /// CPU time since it started, in seconds.
    pub cpu_s: f64,
}

impl Running {
    /// All whose program file bears this name; where that may not be seen, those that bear it themselves.
    ///
    /// # Errors
    /// A sentence: this system's processes cannot be listed.
    pub fn named(name: &str) -> Result<Vec<Self>, String> {
        let mut system = System::new().map_err(|error| error.to_string())?;
        // `nothing()` alone still keeps a handle for every thread.
        let only = ProcessRefreshKind::nothing().with_exe(UpdateKind::OnlyIfNotSet).without_tasks();
        system.refresh_processes_specifics(ProcessesToUpdate::All, true, only);
        let bears = |process: &&sysinfo::Process| match process.exe().and_then(|exe| exe.file_name()) {
            // After an update the program that runs is not the one in its place any more, and Linux says so.
            Some(file) => file.to_string_lossy().trim_end_matches(" (deleted)") == name,
            None => {
                process.name().to_str() == Some(&name[..name.floor_char_boundary(CUT_NAME)])
                    || process.name() == name
            }
        };
        let pids: Vec<_> = system.processes().values().filter(bears).map(sysinfo::Process::pid).collect();
        let uses = ProcessRefreshKind::nothing().with_memory().with_cpu().without_tasks();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&pids), true, uses);
        let running = pids.iter().filter_map(|pid| system.process(*pid));
        let mut running: Vec<Self> = running
            .map(|process| Self {
                pid: process.pid().as_u32(),
                started: process.start_time(),
                runs_s: process.run_time(),
                memory_bytes: process.memory(),
                cpu_s: super::whole(process.accumulated_cpu_time()) / 1000.0,
            })
            .collect();
        running.sort_by_key(|process| process.pid);
        Ok(running)
    }

    /// The process of this number, if it runs.
    #[must_use]
    pub fn with_pid(pid: u32) -> bool {
        let Ok(mut system) = System::new() else { return false };
        let pid = sysinfo::Pid::from_u32(pid);
        let only = ProcessRefreshKind::nothing().without_tasks();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, only);
        system.process(pid).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_found_by_the_name_of_its_program_and_uses_something() {
        let own = std::env::current_exe().unwrap();
        let name = own.file_name().unwrap().to_str().unwrap();
        let found = Running::named(name).unwrap();
        let me = found.iter().find(|process| process.pid == std::process::id()).unwrap();
        assert!(me.memory_bytes > 1_000_000 && me.started > 1_000_000_000, "{me:?}");
        assert_eq!(Running::named("no-such-program-runs-here").unwrap(), []);
        assert!(Running::with_pid(std::process::id()) && !Running::with_pid(u32::MAX >> 1));
    }
}
