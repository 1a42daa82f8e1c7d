//! What a heartbeat measures, and what the host is. Each collector stands alone: one that fails or panics becomes a sentence in
//! `problems` and the others go on.

mod accounts;
mod aside;
pub mod disk_io;
pub mod host;
pub mod inventory;
pub mod pressure;
pub mod temperature;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use mailbeat_shared::text;
use mailbeat_shared::wire::limits;
use mailbeat_shared::wire::observation::Observation;
use serde::{Deserialize, Serialize};

use crate::item::Item;
pub(crate) use accounts::accounts;
pub(crate) use aside::Aside;
use host::HostProbe;

/// Which collectors run. Everything is on unless switched off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CollectConfig {
    /// CPU utilisation and number of CPUs.
    pub cpu: bool,
    /// Memory.
    pub memory: bool,
    /// Swap.
    pub swap: bool,
    /// Load averages; Windows has none.
    pub load: bool,
    /// How long tasks had to wait for CPU, memory and disks; Linux.
    pub pressure: bool,
    /// Size, use and state of filesystems.
    pub filesystems: bool,
    /// What disks read and write, and how busy they are; Linux.
    pub disk_io: bool,
    /// Bytes and errors of network interfaces.
    pub network: bool,
    /// What the hardware's sensors say; Linux.
    pub temperature: bool,
    /// Time since the host started.
    pub uptime: bool,
    /// What the agent itself uses.
    pub agent: bool,
    /// How long mail accounts may still sign in.
    pub accounts: bool,
    /// Name and version of the operating system, in system reports like all that follow.
    pub os: bool,
    /// The running kernel, and the newest installed.
    pub kernel: bool,
    /// Bare metal, or which virtual machine or container.
    pub virtualization: bool,
    /// Maker, model, firmware, CPU, memory, disks; no serial numbers.
    pub hardware: bool,
    /// Installed packages and what became of them.
    pub packages: bool,
    /// Updates that could be installed.
    pub updates: bool,
    /// Whether the host must be restarted.
    pub reboot: bool,
}

impl Default for CollectConfig {
    fn default() -> Self {
        Self {
            cpu: true,
            memory: true,
            swap: true,
            load: true,
            pressure: true,
            filesystems: true,
            disk_io: true,
            network: true,
            temperature: true,
            uptime: true,
            agent: true,
            accounts: true,
            os: true,
            kernel: true,
            virtualization: true,
            hardware: true,
            packages: true,
            updates: true,
            reboot: true,
        }
    }
}

/// What the collectors found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Collected {
    /// At most [`limits::OBSERVATIONS`], every value finite.
    pub observations: Vec<Observation>,
    /// What could not be measured, and why: sentences for people.
    pub problems: Vec<String>,
}

/// What one collector returns: observations, or the sentence that says why there are none.
pub type Measured = Result<Vec<Observation>, String>;

type Collector = fn(&mut HostProbe, Duration) -> Measured;

/// What measures an item for heartbeats; `None` for what is no number.
fn collector(item: Item) -> Option<Collector> {
    Some(match item {
        Item::Cpu => HostProbe::cpu,
        Item::Memory => |probe, _| probe.memory(),
        Item::Swap => |probe, _| probe.swap(),
        Item::Load => |probe, _| probe.load(),
        Item::Pressure => |probe, _| probe.pressure(),
        Item::Filesystems => |probe, _| probe.filesystems(),
        Item::DiskIo => |probe, _| probe.disk_io(),
        Item::Network => |probe, _| probe.network(),
        Item::Temperature => |_, _| HostProbe::temperature(),
        Item::Uptime => |probe, _| probe.uptime(),
        Item::Agent => |probe, _| probe.own_footprint(),
        // Measured by its own collector, which needs no host.
        Item::Accounts
        | Item::Os
        | Item::Kernel
        | Item::Virtualization
        | Item::Hardware
        | Item::Packages
        | Item::Updates
        | Item::Reboot
        | Item::WatchedFiles
        | Item::Checks => return None,
    })
}

/// Runs the collectors of these items and no others. CPU utilisation is that since the last call with the same probe; the
/// first call measures over `first_sample`, in which this function sleeps (zero: leave it out and say so).
pub fn collect(items: &[Item], probe: &mut HostProbe, first_sample: Duration) -> Collected {
    let mut collected = Collected::default();
    for item in items {
        if let Some(collector) = collector(*item) {
            collected.run(*item, || collector(probe, first_sample));
        }
    }
    collected
}

impl Collected {
    /// Runs one collector and takes what it found, or why it found nothing. A number that the item does not name is left
    /// out: nobody agreed to it.
    pub fn run(&mut self, item: Item, collector: impl FnOnce() -> Measured) {
        let name = item.name();
        match catch_unwind(AssertUnwindSafe(collector)) {
            Ok(Ok(observations)) => {
                let named =
                    |found: &Observation| item.metrics().iter().any(|metric| metric.name == found.name);
                let (own, strays): (Vec<_>, Vec<_>) = observations.into_iter().partition(named);
                if let Some(stray) = strays.first() {
                    self.problem(&format!("{name}: {} is none of its values and was left out", stray.name));
                }
                self.take(name, own);
            }
            Ok(Err(problem)) => self.problem(&format!("{name}: {problem}")),
            Err(_) => self.problem(&format!("{name}: the collector broke off; this is a fault of the agent")),
        }
    }

    fn take(&mut self, name: &str, observations: Vec<Observation>) {
        let (good, bad): (Vec<_>, Vec<_>) = observations.into_iter().partition(is_admissible);
        if let Some(first) = bad.first() {
            let (name, value) = (&first.name, first.value);
            self.problem(&format!(
                "{name}: {} values left out, no number or too long a name; the first: {value}",
                bad.len()
            ));
        }
        let room = limits::OBSERVATIONS.saturating_sub(self.observations.len());
        if good.len() > room {
            self.problem(&format!(
                "{name}: {} of {} values left out, a report holds {} at most",
                good.len() - room,
                good.len(),
                limits::OBSERVATIONS
            ));
        }
        self.observations.extend(good.into_iter().take(room));
    }

    fn problem(&mut self, problem: &str) {
        self.problems.push(text::one_line(problem, limits::OUTPUT_BYTES));
    }
}

/// Whole numbers above 2^53 lose their last digits, which no rule looks at.
#[allow(clippy::cast_precision_loss, reason = "said above")]
pub(crate) fn whole(number: u64) -> f64 {
    number as f64
}

/// Whether the receiver takes it: what is not is left out here, by name, and does not spoil the whole report.
fn is_admissible(observation: &Observation) -> bool {
    observation.value.is_finite()
        && observation.attributes.len() <= limits::ATTRIBUTES
        && observation.attributes.values().all(|value| value.len() <= limits::NAME_BYTES)
}

#[cfg(test)]
mod tests {
    use mailbeat_shared::wire::observation::names;

    use super::*;

    #[test]
    fn a_collector_that_panics_is_a_sentence_and_the_next_one_still_runs() {
        let mut collected = Collected::default();
        collected.run(Item::Memory, || panic!("broken on purpose"));
        collected.run(Item::Swap, || Err("no such device".into()));
        collected.run(Item::Uptime, || Ok(vec![Observation::new(&names::UPTIME, 1.0)]));
        assert_eq!(collected.observations.len(), 1);
        assert_eq!(collected.problems.len(), 2);
        assert!(
            collected.problems[0].starts_with("memory: the collector broke off"),
            "{:?}",
            collected.problems
        );
        assert_eq!(collected.problems[1], "swap: no such device");
    }

    #[test]
    fn more_values_than_a_report_holds_are_counted_out_by_name() {
        let mut collected = Collected::default();
        collected.run(Item::Network, || {
            Ok(vec![Observation::new(&names::NETWORK_IO, 1.0); limits::OBSERVATIONS + 7])
        });
        assert_eq!(collected.observations.len(), limits::OBSERVATIONS);
        assert!(collected.problems[0].contains("7 of 507 values left out"), "{:?}", collected.problems);
    }

    #[test]
    fn a_value_that_is_no_number_is_left_out_and_named() {
        let mut collected = Collected::default();
        collected.run(Item::Cpu, || Ok(vec![Observation::new(&names::CPU_UTILIZATION, f64::NAN)]));
        assert!(collected.observations.is_empty());
        assert!(collected.problems[0].contains("system.cpu.utilization"), "{:?}", collected.problems);
    }

    #[test]
    fn a_number_that_its_item_does_not_name_stays_at_home_and_is_named() {
        let mut collected = Collected::default();
        collected.run(Item::Memory, || Ok(vec![Observation::new(&names::UPTIME, 1.0)]));
        assert!(collected.observations.is_empty());
        assert_eq!(collected.problems, ["memory: system.uptime is none of its values and was left out"]);
    }

    #[test]
    fn every_collector_can_be_switched_off_singly_and_a_mistyped_one_is_refused() {
        let config: CollectConfig = toml::from_str("swap = false").unwrap();
        assert_eq!(config, CollectConfig { swap: false, ..CollectConfig::default() });
        assert!(toml::from_str::<CollectConfig>("swapp = false").is_err());
        for (item, key) in
            Item::ALL.iter().filter_map(|item| Some((item, item.key().strip_prefix("collect.")?)))
        {
            let config: crate::config::Config = toml::from_str(&format!("collect.{key} = false")).unwrap();
            let off: Vec<Item> = Item::ALL.into_iter().filter(|item| !item.is_on(&config)).collect();
            assert_eq!(off, [*item, Item::WatchedFiles, Item::Checks], "{key}");
        }
    }

    #[test]
    fn this_host_says_what_it_is_each_part_only_if_asked() {
        let facts = HostProbe::facts();
        assert!(!facts.host_name.is_empty() && !facts.boot_id.is_empty() && facts.uptime_s > 0, "{facts:?}");
        let keys =
            |os, kernel, hardware| HostProbe::inventory(os, kernel, hardware).into_keys().collect::<Vec<_>>();
        assert_eq!(keys(false, false, false), Vec::<String>::new());
        assert_eq!(keys(false, true, false), ["os.kernel"]);
        assert!(keys(true, false, false).iter().all(|key| key.starts_with("os.") && key != "os.kernel"));
        assert!(keys(false, false, true).contains(&"host.cpu.logical.count".to_owned()));
    }

    #[test]
    fn this_host_is_measured() {
        let mut probe = HostProbe::new().unwrap();
        let first = collect(&Item::ALL, &mut probe, Duration::ZERO);
        assert!(first.problems.iter().any(|problem| problem.starts_with("cpu: ")), "{:?}", first.problems);
        std::thread::sleep(Duration::from_millis(250)); // the operating system counts CPU time in steps
        let second = collect(&Item::ALL, &mut probe, Duration::ZERO);
        assert_eq!(second.problems, Vec::<String>::new());
        let value =
            |name: &str| second.observations.iter().find(|found| found.name == name).map(|found| found.value);
        for metric in [names::CPU_UTILIZATION, names::MEMORY_UTILIZATION] {
            let share = value(metric.name).unwrap();
            assert!((0.0..=1.0).contains(&share), "{} {share}", metric.name);
        }
        assert!(value(names::AGENT_MEMORY.name).unwrap() > 1_000_000.0);
        assert!(value(names::UPTIME.name).unwrap() > 0.0);
        assert!(value(names::CPU_LOGICAL_COUNT.name).unwrap() >= 1.0);
    }
}
