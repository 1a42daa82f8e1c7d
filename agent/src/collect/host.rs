//! The host's own numbers, from sysinfo; nobody else speaks to it.
//!
//! Only what is needed is refreshed, never everything: sysinfo keeps a handle per thread of every process otherwise. It
//! leaves out NFS, CIFS and autofs mounts, whose dead servers would hold whoever looks; so they are not reported. What it does not
//! leave out and hangs all the same costs the filesystems' numbers and no others.

mod footprint;
mod interfaces;
mod mountinfo;
mod mounts;
mod processes;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use mailbeat_shared::text;
use mailbeat_shared::wire::observation::{Observation, names};
use sysinfo::{CpuRefreshKind, DiskRefreshKind, Disks, System};

use super::disk_io::DiskIo;
use super::pressure::Pressure;
use super::{Aside, Measured, temperature, whole};
use crate::os;
pub use footprint::Footprint;
use interfaces::Interfaces;
use mountinfo::Writing;
use mounts::Mount;
pub use processes::Running;

/// How long the filesystems may take to answer: disks that sleep need some seconds to wake.
const FILESYSTEMS_ANSWER: Duration = Duration::from_secs(20);

/// A host that cannot be measured at all.
#[derive(Debug, thiserror::Error)]
#[error("this host cannot be measured: {0}")]
pub struct ProbeError(#[from] sysinfo::Error);

/// What kind of host this is; for the report's head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostFacts {
    /// The host's name as it calls itself.
    pub host_name: String,
    /// Names this run of the host.
    pub boot_id: String,
    /// Seconds since the host started.
    pub uptime_s: u64,
    /// Names this installation of the operating system. Confidential (machine-id(5)): compare it, never send it.
    pub machine_id: Option<String>,
}

/// Measures the host. Keep it between reports: CPU utilisation is that since the last sample.
pub struct HostProbe {
    system: System,
    filesystems: Aside<Measured>,
    interfaces: Interfaces,
    pressure: Pressure,
    disk_io: DiskIo,
    cpu_sampled_at: Option<Instant>,
}

impl std::fmt::Debug for HostProbe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostProbe").field("cpu_sampled_at", &self.cpu_sampled_at).finish_non_exhaustive()
    }
}

impl HostProbe {
    /// A probe without a first sample.
    ///
    /// # Errors
    /// [`ProbeError`] on a system that sysinfo does not know.
    pub fn new() -> Result<Self, ProbeError> {
        Ok(Self {
            system: System::new()?,
            filesystems: Aside::default(),
            interfaces: Interfaces::new()?,
            pressure: Pressure::default(),
            disk_io: DiskIo::default(),
            cpu_sampled_at: None,
        })
    }

    /// Name and run of this host. What the system does not say is left empty.
    #[must_use]
    pub fn facts() -> HostFacts {
        HostFacts {
            host_name: text::one_line(&System::host_name().unwrap_or_default(), 255),
            // Without a name of its own a run is known by when it began.
            boot_id: os::boot_id()
                .unwrap_or_else(|| format!("started-{}", System::boot_time().unwrap_or_default())),
            uptime_s: System::uptime().unwrap_or_default(),
            machine_id: os::machine_id().or_else(|| sysinfo::Product::uuid().ok()),
        }
    }

    /// What sysinfo knows of operating system, kernel and hardware, as far as it is asked for. Asks a `System` of its own:
    /// refreshing the probe's would shorten the time over which CPU utilisation is measured.
    #[must_use]
    pub fn inventory(os: bool, kernel: bool, hardware: bool) -> BTreeMap<String, String> {
        let mut entries: Vec<(&str, Option<String>)> = Vec::new();
        if os {
            entries.push(("os.name", System::name().ok()));
            entries.push(("os.version", System::os_version().ok()));
            entries.push(("os.description", System::long_os_version().ok()));
        }
        if kernel {
            entries.push(("os.kernel", System::kernel_version().ok()));
        }
        if hardware {
            entries.push(("host.arch", Some(System::cpu_arch())));
        }
        if let (true, Ok(mut system)) = (hardware, System::new()) {
            system.refresh_memory();
            system.refresh_cpu_list(CpuRefreshKind::nothing());
            entries.push(("host.cpu.model.name", system.cpus().first().map(|cpu| cpu.brand().to_owned())));
            entries.push(("host.cpu.logical.count", Some(system.cpus().len().to_string())));
            entries.push(("host.memory.bytes", Some(system.total_memory().to_string())));
        }
        let said = |(name, value): (&str, Option<String>)| {
            let value = text::one_line(value?.trim(), 255);
            (!value.is_empty()).then(|| (name.to_owned(), value))
        };
        entries.into_iter().filter_map(said).collect()
    }

    pub(super) fn cpu(&mut self, first_sample: Duration) -> Measured {
        if self.cpu_sampled_at.is_none() {
            self.sample_cpu();
            if first_sample.is_zero() {
                return Err("utilisation is measured between two reports; the next one has it".into());
            }
            std::thread::sleep(first_sample.max(sysinfo::MINIMUM_CPU_UPDATE_INTERVAL));
        }
        self.sample_cpu();
        let share = |percent: f32| (f64::from(percent) / 100.0).clamp(0.0, 1.0);
        let cpus = self.system.cpus().iter();
        let busiest = cpus.map(|cpu| share(cpu.usage())).fold(0.0, f64::max);
        Ok(vec![
            Observation::new(&names::CPU_UTILIZATION, share(self.system.global_cpu_usage())),
            Observation::new(&names::CPU_BUSIEST, busiest),
            Observation::new(&names::CPU_LOGICAL_COUNT, whole(self.system.cpus().len() as u64)),
        ])
    }

    fn sample_cpu(&mut self) {
        // Two samples closer than the system counts would make nonsense of the share: the older one stays.
        let recent = |at: &Instant| at.elapsed() < sysinfo::MINIMUM_CPU_UPDATE_INTERVAL;
        if !self.cpu_sampled_at.as_ref().is_some_and(recent) {
            self.system.refresh_cpu_usage();
            self.cpu_sampled_at = Some(Instant::now());
        }
    }

    pub(super) fn memory(&mut self) -> Measured {
        self.system.refresh_memory();
        let (total, available) = (self.system.total_memory(), self.system.available_memory());
        if total == 0 {
            return Err("the system does not say how much there is".into());
        }
        Ok(vec![
            Observation::new(&names::MEMORY_LIMIT, whole(total)),
            Observation::new(&names::MEMORY_UTILIZATION, share_used(total, available)),
        ])
    }

    /// A host without swap has a limit of 0 and no utilisation.
    pub(super) fn swap(&mut self) -> Measured {
        self.system.refresh_memory();
        let total = self.system.total_swap();
        let mut observations = vec![Observation::new(&names::SWAP_LIMIT, whole(total))];
        if total > 0 {
            let share = share_used(total, self.system.free_swap());
            observations.push(Observation::new(&names::SWAP_UTILIZATION, share));
        }
        Ok(observations)
    }

    /// Nothing where the system has no load average (Windows).
    pub(super) fn load(&mut self) -> Measured {
        match System::load_average() {
            Ok(load) => Ok(vec![
                Observation::new(&names::LOAD_1M, load.one),
                Observation::new(&names::LOAD_5M, load.five),
                Observation::new(&names::LOAD_15M, load.fifteen),
            ]),
            Err(sysinfo::Error::Unsupported) => Ok(Vec::new()),
            Err(error) => Err(format!("the load averages cannot be read: {error}")),
        }
    }

    pub(super) fn filesystems(&mut self) -> Measured {
        self.filesystems.ask(FILESYSTEMS_ANSWER, filesystems).unwrap_or_else(Err)
    }

    pub(super) fn network(&mut self) -> Measured {
        Ok(self.interfaces.measure())
    }

    pub(super) fn pressure(&mut self) -> Measured {
        self.pressure.measure(Path::new("/proc/pressure"), Instant::now())
    }

    pub(super) fn disk_io(&mut self) -> Measured {
        self.disk_io.measure(Path::new("/proc"), Path::new("/sys"), Instant::now())
    }

    pub(super) fn temperature() -> Measured {
        temperature::measure(Path::new("/sys"))
    }

    pub(super) fn uptime(&mut self) -> Measured {
        let uptime = System::uptime().map_err(|error| format!("the system does not say: {error}"))?;
        Ok(vec![Observation::new(&names::UPTIME, whole(uptime))])
    }

    pub(super) fn own_footprint(&mut self) -> Measured {
        let own = sysinfo::get_current_pid().map_err(|error| format!("the agent's own process: {error}"))?;
        let uses =
            Footprint::within(&mut self.system, own).map_err(|error| format!("the agent's own {error}"))?;
        Ok(vec![
            Observation::new(&names::AGENT_MEMORY, whole(uses.memory_bytes)),
            Observation::new(&names::AGENT_CPU_TIME, uses.cpu_s),
        ])
    }
}

/// Looks at every filesystem; may never come back.
fn filesystems() -> Measured {
    let mut disks = Disks::new().map_err(|error| format!("the system does not say: {error}"))?;
    disks.refresh_specifics(true, DiskRefreshKind::nothing().with_storage());
    let table = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    // Containers have single files mounted from their host.
    let directories = disks.iter().filter(|disk| disk.mount_point().is_dir());
    let mounts = directories.map(|disk| Mount {
        device: disk.name().to_string_lossy().into_owned(),
        device_number: disk.id(),
        mountpoint: os::encode_path(disk.mount_point()),
        kind: disk.file_system().to_string_lossy().into_owned(),
        total: disk.total_space(),
        available: disk.available_space(),
        inodes: os::inodes(disk.mount_point()),
        writing: mountinfo::writing(&table, &disk.mount_point().to_string_lossy())
            .unwrap_or(if disk.is_read_only() { Writing::NotMeant } else { Writing::Possible }),
    });
    Ok(mounts::told(mounts::reported(mounts.collect())))
}

fn share_used(total: u64, available: u64) -> f64 {
    (1.0 - whole(available.min(total)) / whole(total.max(1))).clamp(0.0, 1.0)
}
