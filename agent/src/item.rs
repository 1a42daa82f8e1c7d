//! The kinds of items that may leave the house: the one list that collecting, consent, `status` and `disclose` go by.
//!
//! Nothing is measured but as one of these, and a value its item does not name is left out by name. So whatever is collected
//! stands in the data sheet, and what is new in an update or switched on later waits until a person agreed to it. Pure.

use mailbeat_shared::wire::observation::{Metric, names};

use crate::config::Config;

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

/// What every report says whatever is switched on; agreed to with the activation itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Always {
    /// Its name in the data sheet's words.
    pub name: &'static str,
    /// Where it stands in `report.json`; empty for what is in the mail around it.
    pub fields: &'static [&'static str],
}

/// All of [`Always`].
pub const ALWAYS: [Always; 6] = [
    Always {
        name: "system",
        fields: &[
            "system",
            "incarnation",
            "contract",
            "identity.public_key",
            "identity.proof",
            "identity.succession",
        ],
    },
    Always {
        name: "chain",
        fields: &[
            "mailbeat",
            "id",
            "kind",
            "sequence",
            "previous",
            "superseded",
            "lost",
            "created_at",
            "promise.heartbeat_interval_s",
            "promise.system_interval_s",
            "enrollment.consented",
            "enrollment.revision",
            "notice.event",
            "notice.until",
            "test.route",
        ],
    },
    Always { name: "host", fields: &["agent.host", "boot_id", "uptime_s"] },
    Always {
        name: "condition",
        fields: &[
            "agent.version",
            "agent.locale",
            "agent.config_digest",
            "heartbeat.spool",
            "heartbeat.problems",
            "system_report.truncated",
        ],
    },
    Always {
        name: "people",
        fields: &["enrollment.activated_by", "test.requested_by", "notice.reason", "heartbeat.maintenance"],
    },
    Always { name: "mail", fields: &[] },
];

impl Item {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 21] = [
        Self::Cpu,
        Self::Memory,
        Self::Swap,
        Self::Load,
        Self::Pressure,
        Self::Filesystems,
        Self::DiskIo,
        Self::Network,
        Self::Temperature,
        Self::Uptime,
        Self::Agent,
        Self::Accounts,
        Self::Os,
        Self::Kernel,
        Self::Virtualization,
        Self::Hardware,
        Self::Packages,
        Self::Updates,
        Self::Reboot,
        Self::WatchedFiles,
        Self::Checks,
    ];

    /// Its name, as a person agrees to it; frozen, because consents name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Swap => "swap",
            Self::Load => "load",
            Self::Pressure => "pressure",
            Self::Filesystems => "filesystems",
            Self::DiskIo => "disk io",
            Self::Network => "network",
            Self::Temperature => "temperature",
            Self::Uptime => "uptime",
            Self::Agent => "agent",
            Self::Accounts => "accounts",
            Self::Os => "os",
            Self::Kernel => "kernel",
            Self::Virtualization => "virtualization",
            Self::Hardware => "hardware",
            Self::Packages => "packages",
            Self::Updates => "updates",
            Self::Reboot => "reboot",
            Self::WatchedFiles => "watched files",
            Self::Checks => "checks",
        }
    }

    /// The key of `agent.toml` that switches it.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Cpu => "collect.cpu",
            Self::Memory => "collect.memory",
            Self::Swap => "collect.swap",
            Self::Load => "collect.load",
            Self::Pressure => "collect.pressure",
            Self::Filesystems => "collect.filesystems",
            Self::DiskIo => "collect.disk_io",
            Self::Network => "collect.network",
            Self::Temperature => "collect.temperature",
            Self::Uptime => "collect.uptime",
            Self::Agent => "collect.agent",
            Self::Accounts => "collect.accounts",
            Self::Os => "collect.os",
            Self::Kernel => "collect.kernel",
            Self::Virtualization => "collect.virtualization",
            Self::Hardware => "collect.hardware",
            Self::Packages => "collect.packages",
            Self::Updates => "collect.updates",
            Self::Reboot => "collect.reboot",
            Self::WatchedFiles => "watch.include",
            Self::Checks => "check",
        }
    }

    /// Whether the configuration asks for it.
    #[must_use]
    pub fn is_on(self, config: &Config) -> bool {
        let collect = &config.collect;
        match self {
            Self::Cpu => collect.cpu,
            Self::Memory => collect.memory,
            Self::Swap => collect.swap,
            Self::Load => collect.load,
            Self::Pressure => collect.pressure,
            Self::Filesystems => collect.filesystems,
            Self::DiskIo => collect.disk_io,
            Self::Network => collect.network,
            Self::Temperature => collect.temperature,
            Self::Uptime => collect.uptime,
            Self::Agent => collect.agent,
            Self::Accounts => collect.accounts,
            Self::Os => collect.os,
            Self::Kernel => collect.kernel,
            Self::Virtualization => collect.virtualization,
            Self::Hardware => collect.hardware,
            Self::Packages => collect.packages,
            Self::Updates => collect.updates,
            Self::Reboot => collect.reboot,
            Self::WatchedFiles => !config.watch.include.is_empty(),
            Self::Checks => config.check.iter().any(|check| check.enabled),
        }
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
