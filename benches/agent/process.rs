//! A process seen from outside (proc(5)).

use std::fs;
use std::time::Duration;

use anyhow::Context as _;

/// What it used so far.
pub(crate) struct Usage {
    /// Processor time in clock ticks (usually of 10 ms), its ended children's included.
    pub(crate) cpu: Duration,
    /// Processor time to the nanosecond, of the threads that live: for what takes less than a tick.
    pub(crate) threads: Duration,
    /// Resident memory, KiB.
    pub(crate) resident_kib: u64,
    /// Of that, what no file backs, KiB.
    pub(crate) anonymous_kib: u64,
}

impl Usage {
    /// Of this process.
    pub(crate) fn of(pid: u32) -> anyhow::Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The name in brackets may hold blanks; utime, stime, cutime and cstime are the fields 14 to 17.
        let (_, after) = stat.rsplit_once(") ").context("stat has a name in brackets")?;
        let ticks = after.split(' ').skip(11).take(4).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let kib = |name: &str| -> anyhow::Result<u64> {
            let line = status.lines().find(|line| line.starts_with(name)).with_context(|| name.to_owned())?;
            Ok(line.split_ascii_whitespace().nth(1).context("a number")?.parse()?)
        };
        let per_second = rustix::param::clock_ticks_per_second();
        Ok(Self {
            cpu: Duration::from_secs(ticks) / u32::try_from(per_second)?,
            threads: threads(pid)?,
            resident_kib: kib("VmRSS:")?,
            anonymous_kib: kib("RssAnon:")?,
        })
    }
}

/// The first number of each thread's schedstat: nanoseconds on a processor.
fn threads(pid: u32) -> anyhow::Result<Duration> {
    let mut all = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let stat = fs::read_to_string(thread?.path().join("schedstat"))?;
        all += stat.split(' ').next().context("schedstat has numbers")?.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(all))
}
