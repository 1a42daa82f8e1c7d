//! The machine itself: maker, model, firmware, disks. Serial numbers are never read: they name one machine in the world.

use std::collections::BTreeMap;

use super::Host;

/// Most disks named.
const DISKS: usize = 32;
/// Kinds of block devices that are no disks: made of others, in memory, or media that come and go.
const NO_DISKS: &[&str] = &["loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd", "drbd", "rbd"];
/// What firmware makers leave where nobody filled anything in.
const NOTHING_SAID: &[&str] = &[
    "To Be Filled By O.E.M.",
    "To be filled by O.E.M.",
    "System manufacturer",
    "System Product Name",
    "Default string",
    "Not Specified",
    "None",
];
/// A sector of `/sys/block/*/size`, in bytes, whatever the disk's own are.
const SECTOR: u64 = 512;

impl Host {
    /// Facts by name. In a container maker and disks are another system's, and there are none.
    pub(super) fn hardware(&self, container: bool) -> BTreeMap<String, String> {
        let mut facts = BTreeMap::new();
        if container {
            return facts;
        }
        let dmi = |name: &str| {
            self.line(&format!("sys/class/dmi/id/{name}"))
                .filter(|said| !NOTHING_SAID.contains(&said.as_str()))
        };
        let board = self.line("proc/device-tree/model").map(|model| model.trim_end_matches('\0').to_owned());
        let joined = |parts: [Option<String>; 3]| parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        facts.insert("host.vendor".into(), joined([dmi("sys_vendor"), None, None]));
        facts.insert(
            "host.model".into(),
            joined([dmi("product_name").or(board), dmi("product_version"), None]),
        );
        facts.insert(
            "host.firmware".into(),
            joined([dmi("bios_vendor"), dmi("bios_version"), dmi("bios_date")]),
        );
        facts.extend(self.disks());
        facts
    }

    fn disks(&self) -> BTreeMap<String, String> {
        let names = std::fs::read_dir(self.at("sys/block")).into_iter().flatten().flatten();
        let mut names: Vec<String> = names.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        let disk = |name: &String| Some((format!("host.disk.{name}"), self.disk(name)?));
        names
            .iter()
            .filter(|name| !NO_DISKS.iter().any(|kind| name.starts_with(kind)))
            .filter_map(disk)
            .take(DISKS)
            .collect()
    }

    /// `476.9 GiB, Samsung SSD 980, solid state`; `None` for a slot without a disk.
    fn disk(&self, name: &str) -> Option<String> {
        let of = |what: &str| self.line(&format!("sys/block/{name}/{what}"));
        let bytes = of("size")?.parse::<u64>().ok()?.checked_mul(SECTOR).filter(|bytes| *bytes > 0)?;
        let maker = of("device/vendor").filter(|vendor| vendor != "ATA");
        let model = [maker, of("device/model")].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let kind = match of("queue/rotational").as_deref() {
            Some("0") => "solid state",
            Some("1") => "rotating",
            _ => "",
        };
        let words = [size(bytes), model, kind.to_owned()];
        Some(words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", "))
    }
}

/// One decimal, in the unit that keeps it short; integers throughout.
fn size(bytes: u64) -> String {
    const UNITS: [(u32, &str); 3] = [(40, "TiB"), (30, "GiB"), (20, "MiB")];
    let unit = UNITS.iter().find(|(bits, _)| bytes >> bits > 0);
    unit.map_or_else(
        || format!("{bytes} B"),
        |(bits, word)| {
            let tenths = (bytes >> (bits - 10)) * 10 / 1024;
            format!("{}.{} {word}", tenths / 10, tenths % 10)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_short() {
        assert_eq!(size(512_110_190_592), "476.9 GiB");
        assert_eq!(size(2_000_398_934_016), "1.8 TiB");
        assert_eq!(size(u64::MAX), "16777215.9 TiB");
        assert_eq!(size(1_048_576), "1.0 MiB");
        assert_eq!(size(512), "512 B");
    }
}
