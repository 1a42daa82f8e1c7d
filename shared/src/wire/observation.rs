//! Measured numbers.
//!
//! Names follow the OpenTelemetry semantic conventions where they have one; ours are under `mailbeat.`. All are frozen
//! in [`names`]: a rename needs an alias, because rules at the vendor and history in the store speak these words.

use litemap::LiteMap;
use serde::{Deserialize, Serialize};

/// Attributes of an observation by their key. There are one or two, of many observations: a sorted list holds them in a fifth of a
/// `BTreeMap`'s room.
pub type Attributes = LiteMap<String, String>;

/// One measured number at the time the report was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Observation {
    /// What was measured, for example `system.filesystem.utilization`.
    pub name: String,
    /// Which one of several, for example `system.filesystem.mountpoint` = `/var`.
    #[serde(default, skip_serializing_if = "LiteMap::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "std::collections::BTreeMap<String, String>"))]
    pub attributes: Attributes,
    /// The value; always finite.
    pub value: f64,
    /// Its unit as a UCUM code: `1` (a ratio), `By`, `s`, `{count}`.
    pub unit: String,
}

impl Observation {
    /// A measurement under one of the frozen [`names`].
    #[must_use]
    pub fn new(metric: &Metric, value: f64) -> Self {
        Self { name: metric.name.into(), attributes: Attributes::new(), value, unit: metric.unit.into() }
    }

    /// The same with one more attribute.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.attributes.insert(key.into(), value.into());
        self
    }

    /// The attribute with this key.
    #[must_use]
    pub fn attribute(&self, key: &str) -> Option<&str> {
        self.attributes.get(key).map(String::as_str)
    }
}

/// A frozen name with its unit and meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// The name on the wire.
    pub name: &'static str,
    /// The UCUM unit.
    pub unit: &'static str,
    /// What it means, for people.
    pub help: &'static str,
}

/// Keys of attributes, after the OpenTelemetry semantic conventions.
pub mod attributes {
    /// Where a filesystem is mounted.
    pub const MOUNTPOINT: &str = "system.filesystem.mountpoint";
    /// The filesystem's type: `ext4`.
    pub const FILESYSTEM_TYPE: &str = "system.filesystem.type";
    /// The device: `/dev/sda1`.
    pub const DEVICE: &str = "system.device";
    /// A network interface's name.
    pub const INTERFACE: &str = "network.interface.name";
    /// `receive` or `transmit`.
    pub const DIRECTION: &str = "network.io.direction";
    /// The agent's route.
    pub const ROUTE: &str = "mailbeat.route";
    /// `refresh token`, `client secret` or `client certificate`.
    pub const CREDENTIAL: &str = "mailbeat.credential";
    /// `read` or `write`.
    pub const DISK_DIRECTION: &str = "disk.io.direction";
    /// The kind of a chip with sensors: `coretemp`.
    pub const HARDWARE_NAME: &str = "hw.name";
    /// What was short: `cpu`, `memory`, `io`.
    pub const PRESSURE_RESOURCE: &str = "mailbeat.pressure.resource";
    /// Who waited: `some` tasks, or `all` of them.
    pub const PRESSURE_WHO: &str = "mailbeat.pressure.who";
}

macro_rules! metrics {
    ($($(#[$doc:meta])* $id:ident = $name:literal, $unit:literal, $help:literal;)*) => {
        /// The frozen names.
        pub mod names {
            use super::Metric;
            $(#[doc = $help] pub const $id: Metric = Metric { name: $name, unit: $unit, help: $help };)*
            /// All of them.
            pub const ALL: &[Metric] = &[$($id),*];
        }
    };
}

metrics! {
    CPU_UTILIZATION = "system.cpu.utilization", "1", "Share of all CPU time not idle since the last report";
    CPU_BUSIEST = "mailbeat.cpu.busiest", "1", "Share of time in which the busiest CPU was not idle since the last report";
    CPU_LOGICAL_COUNT = "system.cpu.logical.count", "{cpu}", "Logical CPUs";
    LOAD_1M = "system.cpu.load_average.1m", "{thread}", "Load average over one minute";
    LOAD_5M = "system.cpu.load_average.5m", "{thread}", "Load average over five minutes";
    LOAD_15M = "system.cpu.load_average.15m", "{thread}", "Load average over fifteen minutes";
    PRESSURE_STALLED = "mailbeat.pressure.stalled", "1", "Share of time in which tasks had to wait for a resource since the last report";
    MEMORY_LIMIT = "system.memory.limit", "By", "Total memory";
    MEMORY_UTILIZATION = "system.memory.utilization", "1", "Share of memory that is not available to programs";
    SWAP_LIMIT = "system.paging.limit", "By", "Total swap";
    SWAP_UTILIZATION = "system.paging.utilization", "1", "Share of swap in use";
    FILESYSTEM_LIMIT = "system.filesystem.limit", "By", "Size of a filesystem";
    FILESYSTEM_UTILIZATION = "system.filesystem.utilization", "1", "Share of a filesystem that is not available";
    FILESYSTEM_INODES = "mailbeat.filesystem.inodes.utilization", "1", "Share of a filesystem's inodes that is in use";
    FILESYSTEM_WRITING = "mailbeat.filesystem.read_only", "{state}", "0: can be written to; 1: mounted read-only; 2: mounted for writing and read-only, as after errors";
    FILESYSTEMS_UNLISTED = "mailbeat.filesystem.unlisted", "{filesystem}", "Filesystems left out because fuller ones are listed";
    DISK_IO = "system.disk.io", "By", "Bytes read from or written to a disk since boot";
    DISK_BUSY = "mailbeat.disk.busy", "1", "Share of time in which a disk worked since the last report";
    DISK_WAIT = "mailbeat.disk.wait", "s", "Mean time that one read or write of a disk took since the last report";
    NETWORK_IO = "system.network.io", "By", "Bytes through an interface since boot";
    NETWORK_ERRORS = "system.network.errors", "{error}", "Errors of an interface since boot";
    NETWORK_THROUGHPUT = "mailbeat.network.throughput", "By/s", "Bytes a second through an interface since the last report";
    NETWORK_RECENT_ERRORS = "mailbeat.network.errors.recent", "{error}", "Errors of an interface since the last report";
    TEMPERATURE = "hw.temperature", "Cel", "The hottest sensor of a kind of chip";
    TEMPERATURE_SHARE = "mailbeat.temperature.share", "1", "How near a chip is to its own limit, as a share of it in degrees Celsius";
    UPTIME = "system.uptime", "s", "Seconds since the host started";
    AGENT_MEMORY = "mailbeat.agent.memory.usage", "By", "Resident memory of the agent";
    AGENT_CPU_TIME = "mailbeat.agent.cpu.time", "s", "CPU time the agent used since it started";
    WATCHED_FILES = "mailbeat.watch.files", "{file}", "Watched configuration files";
    CREDENTIAL_REMAINING = "mailbeat.route.credential.remaining", "d", "Days until what a route signs in with expires";
    SIGN_IN_REFUSALS = "mailbeat.route.sign_in.refusals", "{refusal}", "Times in a row that a route's provider refused to give a token";
    WATCHED_UNREADABLE = "mailbeat.watch.unreadable", "{file}", "Watched configuration files that cannot be read";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_is_found_by_its_key_and_has_the_value_it_was_given_last() {
        let seen = Observation::new(&names::DISK_IO, 1.0)
            .with(attributes::DEVICE, "vda")
            .with(attributes::DISK_DIRECTION, "read")
            .with(attributes::DEVICE, "vdb");
        assert_eq!(seen.attribute(attributes::DEVICE), Some("vdb"));
        assert_eq!(seen.attribute(attributes::DISK_DIRECTION), Some("read"));
        assert_eq!((seen.attribute(attributes::INTERFACE), seen.attributes.len()), (None, 2));
    }

    /// A name that changes here changes rules at every vendor: add a new one and an alias instead.
    #[test]
    fn no_frozen_name_was_renamed_or_removed() {
        let frozen = [
            "hw.temperature",
            "mailbeat.agent.cpu.time",
            "mailbeat.agent.memory.usage",
            "mailbeat.route.credential.remaining",
            "mailbeat.route.sign_in.refusals",
            "mailbeat.cpu.busiest",
            "mailbeat.disk.busy",
            "mailbeat.disk.wait",
            "mailbeat.filesystem.inodes.utilization",
            "mailbeat.filesystem.read_only",
            "mailbeat.filesystem.unlisted",
            "mailbeat.network.errors.recent",
            "mailbeat.network.throughput",
            "mailbeat.pressure.stalled",
            "mailbeat.temperature.share",
            "mailbeat.watch.files",
            "mailbeat.watch.unreadable",
            "system.cpu.load_average.15m",
            "system.cpu.load_average.1m",
            "system.cpu.load_average.5m",
            "system.cpu.logical.count",
            "system.cpu.utilization",
            "system.disk.io",
            "system.filesystem.limit",
            "system.filesystem.utilization",
            "system.memory.limit",
            "system.memory.utilization",
            "system.network.errors",
            "system.network.io",
            "system.paging.limit",
            "system.paging.utilization",
            "system.uptime",
        ];
        let mut have: Vec<&str> = names::ALL.iter().map(|metric| metric.name).collect();
        have.sort_unstable();
        for name in frozen {
            assert!(have.contains(&name), "{name} is frozen on the wire and gone from the table");
        }
        let count = have.len();
        have.dedup();
        assert_eq!(have.len(), count, "a name stands twice in the table");
    }
}
