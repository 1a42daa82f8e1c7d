//! What disks do: bytes since the host started, and since the last report how busy each was and how long one operation took.
//! Linux, from `/proc/diskstats`.
//!
//! Source: the kernel's documentation, "I/O statistics fields". Whole disks only: partitions, loops and mapped devices are those
//! disks once more. Of a host with many the busiest are told.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use mailbeat_shared::text;
use mailbeat_shared::wire::observation::{Observation, attributes, names};

use super::Measured;

/// Most disks that are told.
const DISKS: usize = 6;
/// Bytes of a sector in this file, whatever the disk's own are.
const SECTOR: u64 = 512;
/// Devices that are no disks of their own.
const NO_DISKS: [&str; 8] = ["loop", "ram", "zram", "sr", "fd", "dm-", "md", "nbd"];

/// What was seen at the last report.
#[derive(Debug, Default)]
pub struct DiskIo {
    last: Option<(Instant, BTreeMap<String, Counters>)>,
}

/// One disk's counters since the host started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counters {
    read_bytes: u64,
    written_bytes: u64,
    operations: u64,
    /// Time of all operations together.
    spent: Duration,
    /// Time in which there was any.
    busy: Duration,
}

impl DiskIo {
    /// What the disks of this host did. `proc` and `sys` are where the kernel shows it.
    ///
    /// # Errors
    /// A sentence: it cannot be read.
    pub fn measure(&mut self, proc: &Path, sys: &Path, now: Instant) -> Measured {
        let file = proc.join("diskstats");
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
            Err(error) => return Err(format!("{} cannot be read: {error}", file.display())),
        };
        // A whole disk has an entry of its own there; a partition stands below its disk.
        let is_whole = |name: &str| sys.join("block").join(name.replace('/', "!")).exists();
        let mut disks = parse(&text);
        disks.retain(|name, counters| {
            let other = NO_DISKS.iter().any(|no| name.starts_with(no));
            !other && *counters != Counters::default() && is_whole(name)
        });
        let before = self.last.replace((now, disks.clone()));
        Ok(told(&disks, before.as_ref(), now))
    }
}

/// Observations of the busiest disks, by name.
fn told(
    disks: &BTreeMap<String, Counters>,
    before: Option<&(Instant, BTreeMap<String, Counters>)>,
    now: Instant,
) -> Vec<Observation> {
    let since = |name: &str, counters: &Counters| {
        let (at, last) = before?;
        let passed = now.checked_duration_since(*at).filter(|passed| !passed.is_zero())?;
        Some((passed, counters.since(last.get(name)?)?))
    };
    let mut told: Vec<_> =
        disks.iter().map(|(name, counters)| (name, counters, since(name, counters))).collect();
    let busy = |since: &Option<(Duration, Counters)>| since.map_or(Duration::ZERO, |(_, done)| done.busy);
    told.sort_by_key(|(_, counters, since)| std::cmp::Reverse((busy(since), counters.busy)));
    told.truncate(DISKS);
    told.sort_by_key(|(name, ..)| *name);
    told.into_iter().flat_map(|(name, counters, since)| observations(name, counters, since)).collect()
}

fn observations(name: &str, counters: &Counters, since: Option<(Duration, Counters)>) -> Vec<Observation> {
    let of_disk =
        |metric, value| Observation::new(metric, value).with(attributes::DEVICE, text::one_line(name, 64));
    let moved = |direction: &str, bytes| {
        of_disk(&names::DISK_IO, super::whole(bytes)).with(attributes::DISK_DIRECTION, direction)
    };
    let mut all = vec![moved("read", counters.read_bytes), moved("write", counters.written_bytes)];
    if let Some((passed, done)) = since {
        let busy = done.busy.as_secs_f64() / passed.as_secs_f64();
        all.push(of_disk(&names::DISK_BUSY, busy.clamp(0.0, 1.0)));
        if done.operations > 0 {
            all.push(of_disk(&names::DISK_WAIT, done.spent.as_secs_f64() / super::whole(done.operations)));
        }
    }
    all
}

impl Counters {
    /// What was added; `None` where the disk is another one than before.
    fn since(&self, last: &Self) -> Option<Self> {
        Some(Self {
            read_bytes: self.read_bytes.checked_sub(last.read_bytes)?,
            written_bytes: self.written_bytes.checked_sub(last.written_bytes)?,
            operations: self.operations.checked_sub(last.operations)?,
            spent: self.spent.checked_sub(last.spent)?,
            busy: self.busy.checked_sub(last.busy)?,
        })
    }
}

/// Each line: major, minor, name; reads, merged, sectors, ms; writes, merged, sectors, ms; in flight, busy ms, weighted ms; more.
fn parse(text: &str) -> BTreeMap<String, Counters> {
    let counters = |line: &str| {
        let mut words = line.split_whitespace().skip(2);
        let name = words.next()?.to_owned();
        let numbers: Vec<u64> = words.map_while(|word| word.parse().ok()).collect();
        let [reads, _, sectors_read, read_ms, writes, _, sectors_written, write_ms, _, busy_ms, ..] =
            numbers.as_slice()
        else {
            return None;
        };
        let counters = Counters {
            read_bytes: sectors_read.saturating_mul(SECTOR),
            written_bytes: sectors_written.saturating_mul(SECTOR),
            operations: reads.saturating_add(*writes),
            spent: Duration::from_millis(read_ms.saturating_add(*write_ms)),
            busy: Duration::from_millis(*busy_ms),
        };
        Some((name, counters))
    };
    text.lines().filter_map(counters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATS: &str = "   7       0 loop0 21 0 726 6 0 0 0 0 0 16 6 0 0 0 0 0 0\n \
        254       0 vda 1509395 58318 48911234 2833185 2960277 870817 259856016 1923957 0 756064 5617593 950080 408 185147232 742544 766840 117905\n \
        254       1 vda1 1509000 58318 48911000 2833000 2960277 870817 259856016 1923957 0 756000 5617593\n \
        11       0 sr0 9 0 3 1 0 0 0 0 0 4 1\n 8 16 sdb 0 0 0 0 0 0 0 0 0 0 0\n";

    fn host(disks: &[&str]) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        for disk in disks {
            std::fs::create_dir_all(home.path().join("block").join(disk)).unwrap();
        }
        home
    }

    fn values(observations: &[Observation], name: &str) -> Vec<f64> {
        observations.iter().filter(|found| found.name == name).map(|found| found.value).collect()
    }

    #[test]
    fn whole_disks_that_ever_did_something_are_told_with_their_counters() {
        let home = host(&["loop0", "vda", "sr0", "sdb"]);
        std::fs::write(home.path().join("diskstats"), STATS).unwrap();
        let mut disks = DiskIo::default();
        let told = disks.measure(home.path(), home.path(), Instant::now()).unwrap();
        assert!(told.iter().all(|found| found.attribute(attributes::DEVICE) == Some("vda")), "{told:?}");
        assert_eq!(values(&told, "system.disk.io"), [48_911_234.0 * 512.0, 259_856_016.0 * 512.0]);
        assert!(values(&told, "mailbeat.disk.busy").is_empty(), "that needs a look before");
    }

    #[test]
    fn how_busy_a_disk_was_is_told_of_the_time_between_two_reports() {
        let home = host(&["sda"]);
        let write = |operations: u64, spent_ms: u64, busy_ms: u64| {
            let line =
                format!("8 0 sda {operations} 0 100 {spent_ms} 0 0 0 0 0 {busy_ms} {spent_ms} 0 0 0 0\n");
            std::fs::write(home.path().join("diskstats"), line).unwrap();
        };
        let mut disks = DiskIo::default();
        let begun = Instant::now();
        let mut at = |second: u64| {
            let told = disks.measure(home.path(), home.path(), begun + Duration::from_secs(second)).unwrap();
            (values(&told, "mailbeat.disk.busy"), values(&told, "mailbeat.disk.wait"))
        };
        write(100, 1_000, 500);
        assert_eq!(at(0), (vec![], vec![]));
        write(300, 5_000, 8_000);
        assert_eq!(at(10), (vec![0.75], vec![0.02]), "7.5 s of 10 s; 4 s for 200 operations");
        assert_eq!(at(20), (vec![0.0], vec![]), "nothing was done, so nothing took any time");
        write(5, 1, 1);
        assert_eq!(at(30), (vec![], vec![]), "another disk under the same name");
    }

    #[test]
    fn of_two_hundred_disks_the_busiest_six_are_told() {
        let names: Vec<String> = (0..200).map(|number| format!("sd{number}")).collect();
        let home = host(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let stats: String = names
            .iter()
            .enumerate()
            .map(|(number, name)| format!("8 0 {name} 1 0 8 1 0 0 0 0 0 {number} 1\n"))
            .collect();
        std::fs::write(home.path().join("diskstats"), stats).unwrap();
        let told = DiskIo::default().measure(home.path(), home.path(), Instant::now()).unwrap();
        let mut named: Vec<&str> =
            told.iter().filter_map(|found| found.attribute(attributes::DEVICE)).collect();
        named.dedup();
        assert_eq!(named, ["sd194", "sd195", "sd196", "sd197", "sd198", "sd199"]);
    }
}
