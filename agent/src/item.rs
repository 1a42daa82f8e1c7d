//! The kinds of items that may leave the house: the one list that collecting, consent, `status` and `disclose` go by.
//!
//! Nothing is measured but as one of these, and a value its item does not name is left out by name. So whatever is collected
//! stands in the data sheet, and what is new in an update or switched on later waits until a person agreed to it. Pure.

mod always;

use mailbeat_shared::wire::observation::{Metric, names};

use crate::config::Config;
pub use always::{ALWAYS, Always};

/// A kind of item that can be switched off and is sent only with consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    /// CPU utilisation and number of CPUs.
    Cpu,
    /// Memory.
    Memory,
    /// Swap.
    Swap,
    /// Load averages.
    Load,
    /// How long tasks had to wait for CPU, memory and disks.
    Pressure,
    /// Size, use and state of filesystems.
    Filesystems,
    /// What disks read and write, and how busy they are.
    DiskIo,
    /// Bytes and errors of network interfaces.
    Network,
    /// What the hardware's sensors say.
    Temperature,
    /// Time since the host started.
    Uptime,
    /// What the agent itself uses.
    Agent,
    /// How long its mail accounts may still sign in.
    Accounts,
    /// Name and version of the operating system.
    Os,
    /// The running kernel, and the newest installed.
    Kernel,
    /// Bare metal, or which virtual machine or container.
    Virtualization,
    /// Maker, model, firmware, CPU, memory, disks.
    Hardware,
    /// Installed packages.
    Packages,
    /// Updates that could be installed.
    Updates,
    /// Whether the host must be restarted.
    Reboot,
    /// The watched configuration files.
    WatchedFiles,
    /// The verdicts of checks.
    Checks,
}

/// How an item is called and switched.
struct Row {
    item: Item,
    name: &'static str,
    key: &'static str,
    is_on: fn(&Config) -> bool,
}

/// In the order of [`Item`], which is the order in which they are shown.
#[rustfmt::skip]
const LIST: [Row; 21] = [
    Row { item: Item::Cpu, name: "cpu", key: "collect.cpu", is_on: |config| config.collect.cpu },
    Row { item: Item::Memory, name: "memory", key: "collect.memory", is_on: |config| config.collect.memory },
    Row { item: Item::Swap, name: "swap", key: "collect.swap", is_on: |config| config.collect.swap },
    Row { item: Item::Load, name: "load", key: "collect.load", is_on: |config| config.collect.load },
    Row { item: Item::Pressure, name: "pressure", key: "collect.pressure", is_on: |config| config.collect.pressure },
    Row { item: Item::Filesystems, name: "filesystems", key: "collect.filesystems", is_on: |config| config.collect.filesystems },
    Row { item: Item::DiskIo, name: "disk io", key: "collect.disk_io", is_on: |config| config.collect.disk_io },
    Row { item: Item::Network, name: "network", key: "collect.network", is_on: |config| config.collect.network },
    Row { item: Item::Temperature, name: "temperature", key: "collect.temperature", is_on: |config| config.collect.temperature },
    Row { item: Item::Uptime, name: "uptime", key: "collect.uptime", is_on: |config| config.collect.uptime },
    Row { item: Item::Agent, name: "agent", key: "collect.agent", is_on: |config| config.collect.agent },
    Row { item: Item::Accounts, name: "accounts", key: "collect.accounts", is_on: |config| config.collect.accounts },
    Row { item: Item::Os, name: "os", key: "collect.os", is_on: |config| config.collect.os },
    Row { item: Item::Kernel, name: "kernel", key: "collect.kernel", is_on: |config| config.collect.kernel },
    Row { item: Item::Virtualization, name: "virtualization", key: "collect.virtualization", is_on: |config| config.collect.virtualization },
    Row { item: Item::Hardware, name: "hardware", key: "collect.hardware", is_on: |config| config.collect.hardware },
    Row { item: Item::Packages, name: "packages", key: "collect.packages", is_on: |config| config.collect.packages },
    Row { item: Item::Updates, name: "updates", key: "collect.updates", is_on: |config| config.collect.updates },
    Row { item: Item::Reboot, name: "reboot", key: "collect.reboot", is_on: |config| config.collect.reboot },
    Row { item: Item::WatchedFiles, name: "watched files", key: "watch.include", is_on: |config| !config.watch.include.is_empty() },
    Row { item: Item::Checks, name: "checks", key: "check", is_on: |config| config.check.iter().any(|check| check.enabled) },
];

impl Item {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; LIST.len()] = {
        let mut all = [Self::Cpu; LIST.len()];
        let mut at = 0;
        while at < LIST.len() {
            assert!(LIST[at].item as usize == at, "LIST is in the order of Item");
            all[at] = LIST[at].item;
            at += 1;
        }
        all
    };

    fn row(self) -> &'static Row {
        &LIST[self as usize]
    }

    /// Its name, as a person agrees to it; frozen, because consents name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The key of `agent.toml` that switches it.
    #[must_use]
    pub fn key(self) -> &'static str {
        self.row().key
    }

    /// Whether the configuration asks for it.
    #[must_use]
    pub fn is_on(self, config: &Config) -> bool {
        (self.row().is_on)(config)
    }

    /// The observations it may add to a heartbeat.
    #[must_use]
    pub fn metrics(self) -> &'static [Metric] {
        match self {
            Self::Cpu => &[names::CPU_UTILIZATION, names::CPU_BUSIEST, names::CPU_LOGICAL_COUNT],
            Self::Memory => &[names::MEMORY_LIMIT, names::MEMORY_UTILIZATION],
            Self::Swap => &[names::SWAP_LIMIT, names::SWAP_UTILIZATION],
            Self::Load => &[names::LOAD_1M, names::LOAD_5M, names::LOAD_15M],
            Self::Pressure => &[names::PRESSURE_STALLED],
            Self::Filesystems => &[
                names::FILESYSTEM_LIMIT,
                names::FILESYSTEM_UTILIZATION,
                names::FILESYSTEM_INODES,
                names::FILESYSTEM_WRITING,
                names::FILESYSTEMS_UNLISTED,
            ],
            Self::DiskIo => &[names::DISK_IO, names::DISK_BUSY, names::DISK_WAIT],
            Self::Network => &[
                names::NETWORK_IO,
                names::NETWORK_ERRORS,
                names::NETWORK_THROUGHPUT,
                names::NETWORK_RECENT_ERRORS,
            ],
            Self::Temperature => &[names::TEMPERATURE, names::TEMPERATURE_SHARE],
            Self::Uptime => &[names::UPTIME],
            Self::Agent => &[names::AGENT_MEMORY, names::AGENT_CPU_TIME],
            Self::Accounts => &[names::CREDENTIAL_REMAINING, names::SIGN_IN_REFUSALS],
            Self::Os
            | Self::Kernel
            | Self::Virtualization
            | Self::Hardware
            | Self::Packages
            | Self::Updates
            | Self::Reboot
            // Their values bear the labels of their checks.
            | Self::Checks => &[],
            Self::WatchedFiles => &[names::WATCHED_FILES, names::WATCHED_UNREADABLE],
        }
    }

    /// The keys it may add to a system report's inventory; one that ends with a full stop stands for all that begin so.
    #[must_use]
    pub fn inventory(self) -> &'static [&'static str] {
        match self {
            Self::Os => &["os.name", "os.version", "os.description"],
            Self::Kernel => &["os.kernel", "os.kernel.installed"],
            Self::Virtualization => &["host.virtualization"],
            Self::Hardware => &[
                "host.arch",
                "host.cpu.model.name",
                "host.cpu.logical.count",
                "host.memory.bytes",
                "host.vendor",
                "host.model",
                "host.firmware",
                "host.disk.",
            ],
            // Said there only where the host has nothing to tell.
            Self::Packages => &["packages"],
            Self::Updates => &["updates"],
            Self::Reboot => &["reboot"],
            _ => &[],
        }
    }

    /// Whether it may add this key to a system report's inventory.
    #[must_use]
    pub fn may_say(self, key: &str) -> bool {
        let says = |known: &&str| key == *known || (known.ends_with('.') && key.starts_with(known));
        self.inventory().iter().any(says)
    }

    /// The kinds of report it is said in.
    #[must_use]
    pub fn report(self) -> &'static str {
        match self {
            Self::Os
            | Self::Kernel
            | Self::Virtualization
            | Self::Hardware
            | Self::Packages
            | Self::Updates
            | Self::Reboot => "system",
            Self::WatchedFiles => "system, heartbeat",
            _ => "heartbeat",
        }
    }

    /// The fields of `report.json` it fills.
    #[must_use]
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Os | Self::Kernel | Self::Virtualization | Self::Hardware => &["system_report.inventory"],
            Self::Packages => {
                &["system_report.inventory", "system_report.packages", "system_report.package_list"]
            }
            Self::Updates => &["system_report.inventory", "system_report.updates"],
            Self::Reboot => &["system_report.inventory", "system_report.reboot"],
            Self::WatchedFiles => &[
                "heartbeat.observations",
                "system_report.baseline",
                "system_report.files",
                "system_report.changes",
                "system_report.since",
            ],
            Self::Checks => &["heartbeat.checks"],
            _ => &["heartbeat.observations"],
        }
    }

    fn is_agreed(self, consented: &[String]) -> bool {
        consented.iter().any(|agreed| agreed == self.name())
    }
}

/// What is switched on and agreed to: what may be collected.
#[must_use]
pub fn permitted(config: &Config, consented: &[String]) -> Vec<Item> {
    switched_on(config).into_iter().filter(|item| item.is_agreed(consented)).collect()
}

/// What is switched on and not agreed to: withheld until somebody does.
#[must_use]
pub fn withheld(config: &Config, consented: &[String]) -> Vec<Item> {
    switched_on(config).into_iter().filter(|item| !item.is_agreed(consented)).collect()
}

/// What the configuration asks for.
#[must_use]
pub fn switched_on(config: &Config) -> Vec<Item> {
    Item::ALL.into_iter().filter(|item| item.is_on(config)).collect()
}

/// How the sentence about what is withheld begins.
const WITHHELD: &str = "not sent, because nobody agreed to it yet: ";

/// Whether this is the sentence about what is withheld: true when it was said, and said anew as long as it is.
#[must_use]
pub fn is_withheld_sentence(problem: &str) -> bool {
    problem.starts_with(WITHHELD)
}

/// The sentence about what is withheld, for reports, log and `status`.
#[must_use]
pub fn withheld_sentence(withheld: &[Item]) -> Option<String> {
    let names: Vec<&str> = withheld.iter().map(|item| item.name()).collect();
    (!names.is_empty()).then(|| {
        format!("{WITHHELD}{}; `mailbeat-agent activate` shows what is new and asks", names.join(", "))
    })
}

#[cfg(test)]
mod tests;
