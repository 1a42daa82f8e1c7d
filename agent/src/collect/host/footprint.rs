//! What one process uses: the agent looks at itself, and `status` at the agent that runs.

use serde::Serialize;
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// What a process uses.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Footprint {
    /// Resident memory, in bytes.
    pub memory_bytes: u64,
    /// CPU time since it started, in seconds.
    pub cpu_s: f64,
    /// For how long it runs, in seconds.
    pub runs_s: u64,
}

impl Footprint {
    /// Of the process with this id.
    ///
    /// # Errors
    /// A sentence: there is none, or it may not be looked at.
    pub fn of(pid: u32) -> Result<Self, String> {
        let mut system = System::new().map_err(|error| error.to_string())?;
        Self::within(&mut system, Pid::from_u32(pid))
    }

    pub(super) fn within(system: &mut System, pid: Pid) -> Result<Self, String> {
        // `nothing()` alone still keeps a handle for every thread.
        let only = ProcessRefreshKind::nothing().with_memory().with_cpu().without_tasks();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, only);
        let process = system.process(pid).ok_or_else(|| format!("process {pid} is not listed"))?;
        Ok(Self {
            memory_bytes: process.memory(),
            cpu_s: super::whole(process.accumulated_cpu_time()) / 1000.0,
            runs_s: process.run_time(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_something_and_one_that_is_not_there_is_named() {
        let own = Footprint::of(std::process::id()).unwrap();
        assert!(own.memory_bytes > 1_000_000, "{own:?}");
        assert!(Footprint::of(u32::MAX >> 1).unwrap_err().contains("is not listed"));
    }
}
