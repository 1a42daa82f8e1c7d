//! Processor time of processes seen from outside (proc(5)): user and system time, with that of children that have ended.

use std::fs;
use std::time::Duration;

use anyhow::Context as _;

/// Of one process.
pub(crate) fn of(pid: u32) -> anyhow::Result<Duration> {
    Ok(Stat::read(&pid.to_string())?.time)
}

/// Of all processes in a process group.
pub(crate) fn of_group(leader: u32) -> anyhow::Result<Duration> {
    let mut all = Duration::ZERO;
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())) else {
            continue;
        };
        // One that ends meanwhile is counted with its parent.
        all +=
            Stat::read(pid).ok().filter(|stat| stat.group == leader).map_or(Duration::ZERO, |stat| stat.time);
    }
    Ok(all)
}

struct Stat {
    group: u32,
    time: Duration,
}

impl Stat {
    fn read(pid: &str) -> anyhow::Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The name in brackets may hold blanks. After it pgrp is the field 5, and utime, stime, cutime and cstime are 14 to 17.
        let (_, after) = stat.rsplit_once(") ").context("stat has a name in brackets")?;
        let field = |number: usize| -> anyhow::Result<u64> {
            Ok(after.split(' ').nth(number - 3).context("stat has 52 fields")?.parse()?)
        };
        let ticks = (14..=17).map(field).sum::<anyhow::Result<u64>>()?;
        let per_second = u32::try_from(rustix::param::clock_ticks_per_second())?;
        Ok(Self { group: u32::try_from(field(5)?)?, time: Duration::from_secs(ticks) / per_second })
    }
}
