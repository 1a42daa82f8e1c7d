//! Temperatures as the hardware's own sensors tell them: of each chip the hottest, and how near it is to its own limit.
//! Linux, from `/sys/class/hwmon`; virtual machines usually have none.
//!
//! Source: the kernel's documentation, "Naming and data format standards for sysfs files". Values are thousandths of a degree.

use std::collections::BTreeMap;
use std::path::Path;

use mailbeat_shared::text;
use mailbeat_shared::wire::observation::{Observation, attributes, names};

use super::Measured;

/// Most kinds of chips that are told.
const CHIPS: usize = 8;
/// Degrees Celsius that a sensor of a running host may show; what is outside is a pin without a sensor.
const POSSIBLE: std::ops::Range<f64> = -40.0..150.0;
/// Degrees Celsius that a limit may be set to; outside it was not set.
const LIMIT: std::ops::Range<f64> = 20.0..150.0;

/// The worst of the chips of one name.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Chip {
    /// Degrees Celsius.
    hottest: f64,
    /// The share of its limit that a sensor has reached, where one has a limit.
    share: Option<f64>,
}

/// What the sensors say; nothing where there are none.
///
/// # Errors
/// A sentence: there are sensors and they cannot be listed.
pub fn measure(sys: &Path) -> Measured {
    let directory = sys.join("class/hwmon");
    let listing = match std::fs::read_dir(&directory) {
        Ok(listing) => listing,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        Err(error) => return Err(format!("{} cannot be listed: {error}", directory.display())),
    };
    // Numbers of chips change from start to start, so chips of one name are one.
    let mut chips: BTreeMap<String, Chip> = BTreeMap::new();
    for entry in listing.flatten() {
        let Some((name, chip)) = read(&entry.path()) else { continue };
        let worst = chips.entry(name).or_insert(chip);
        worst.hottest = worst.hottest.max(chip.hottest);
        worst.share = worst.share.into_iter().chain(chip.share).reduce(f64::max);
    }
    let mut chips: Vec<_> = chips.into_iter().collect();
    chips.sort_by(|a, b| b.1.hottest.total_cmp(&a.1.hottest));
    chips.truncate(CHIPS);
    chips.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(chips.iter().flat_map(|(name, chip)| told(name, chip)).collect())
}

fn told(name: &str, chip: &Chip) -> impl Iterator<Item = Observation> {
    let of_chip = |metric, value| Observation::new(metric, value).with(attributes::HARDWARE_NAME, name);
    let share = chip.share.map(|share| of_chip(&names::TEMPERATURE_SHARE, share));
    std::iter::once(of_chip(&names::TEMPERATURE, chip.hottest)).chain(share)
}

/// One chip: its name, and the worst of `temp1_input`, `temp2_input` ... with their `temp1_crit` or else `temp1_max`.
fn read(chip: &Path) -> Option<(String, Chip)> {
    let name = text::one_line(std::fs::read_to_string(chip.join("name")).ok()?.trim(), 64);
    let degrees = |file: String| {
        let text = std::fs::read_to_string(chip.join(file)).ok()?;
        text.trim().parse::<f64>().ok().map(|thousandths| thousandths / 1000.0)
    };
    let mut found: Option<Chip> = None;
    for entry in std::fs::read_dir(chip).ok()?.flatten() {
        let file = entry.file_name();
        let Some(sensor) = file.to_str().and_then(|file| file.strip_suffix("_input")) else { continue };
        let is_temperature = sensor.strip_prefix("temp").is_some_and(|number| number.parse::<u32>().is_ok());
        let value = degrees(format!("{sensor}_input")).filter(|value| POSSIBLE.contains(value));
        let Some(value) = value.filter(|_| is_temperature) else { continue };
        let limit = |kind: &str| degrees(format!("{sensor}_{kind}")).filter(|limit| LIMIT.contains(limit));
        let share = limit("crit").or_else(|| limit("max")).map(|limit| (value / limit).max(0.0));
        let worst = found.get_or_insert(Chip { hottest: value, share });
        worst.hottest = worst.hottest.max(value);
        worst.share = worst.share.into_iter().chain(share).reduce(f64::max);
    }
    found.map(|chip| (name, chip))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chips with their files, as the kernel lays them out.
    fn host(chips: &[(&str, &[(&str, &str)])]) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        for (number, (name, files)) in chips.iter().enumerate() {
            let chip = home.path().join(format!("class/hwmon/hwmon{number}"));
            std::fs::create_dir_all(&chip).unwrap();
            std::fs::write(chip.join("name"), format!("{name}\n")).unwrap();
            for (file, content) in *files {
                std::fs::write(chip.join(file), format!("{content}\n")).unwrap();
            }
        }
        home
    }

    fn said(home: &tempfile::TempDir) -> Vec<(String, String, f64)> {
        let told = measure(home.path()).unwrap();
        told.into_iter()
            .map(|found| {
                let chip = found.attribute(attributes::HARDWARE_NAME).unwrap().to_owned();
                (chip, found.name, found.value)
            })
            .collect()
    }

    fn line(chip: &str, name: &str, value: f64) -> (String, String, f64) {
        (chip.into(), name.into(), value)
    }

    #[test]
    fn of_each_chip_the_hottest_sensor_is_told_and_how_near_one_is_to_its_limit() {
        let home = host(&[
            (
                "coretemp",
                &[
                    ("temp1_input", "61000"),
                    ("temp1_crit", "100000"),
                    ("temp2_input", "59000"),
                    ("in0_input", "900"),
                ],
            ),
            ("nvme", &[("temp1_input", "70850"), ("temp1_crit", "84850"), ("temp1_max", "81850")]),
            ("nvme", &[("temp1_input", "38850"), ("temp1_crit", "84850")]),
            ("acpitz", &[("temp1_input", "27800"), ("temp1_crit", "0")]),
        ]);
        assert_eq!(
            said(&home),
            [
                line("acpitz", "hw.temperature", 27.8),
                line("coretemp", "hw.temperature", 61.0),
                line("coretemp", "mailbeat.temperature.share", 0.61),
                line("nvme", "hw.temperature", 70.85),
                line("nvme", "mailbeat.temperature.share", 70.85 / 84.85),
            ]
        );
    }

    #[test]
    fn a_pin_without_a_sensor_and_a_fan_are_no_temperatures() {
        let home = host(&[
            ("nct6798", &[("temp1_input", "-128000"), ("temp2_input", "35000"), ("temp2_max", "65261850")]),
            ("fan", &[("fan1_input", "1200"), ("temp_input", "20000")]),
        ]);
        assert_eq!(said(&home), [line("nct6798", "hw.temperature", 35.0)]);
        assert_eq!(measure(Path::new("/nowhere")), Ok(vec![]));
    }
}
