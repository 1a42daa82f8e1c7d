//! The systemd units: fences as high as can be, and drop-ins that lower them no more than they say.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

fn systemd(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/systemd").join(file)
}

/// What `systemd-analyze security` says of a unit with these drop-ins: ten times the exposure.
fn exposure(unit: &str, drop_ins: &[&str]) -> anyhow::Result<u32> {
    let dir = tempfile::tempdir()?;
    fs::copy(systemd(unit), dir.path().join(unit))?;
    let drop_in_dir = dir.path().join(format!("{unit}.d"));
    fs::create_dir(&drop_in_dir)?;
    for drop_in in drop_ins {
        fs::copy(systemd("drop-ins").join(drop_in), drop_in_dir.join(drop_in))?;
    }
    let mut analyze = Command::new("systemd-analyze");
    analyze.args(["security", "--offline=yes", "--no-pager"]).arg(format!("./{unit}"));
    let output = analyze.current_dir(dir.path()).env("SYSTEMD_UNIT_PATH", dir.path()).output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let (_, level) = said.rsplit_once(": ").context("systemd-analyze says an exposure level")?;
    let level = level.split_whitespace().next().unwrap_or_default();
    ensure!(level.contains('.'), "{said}{}", String::from_utf8_lossy(&output.stderr));
    Ok(level.replace('.', "").parse()?)
}

#[test]
fn the_units_and_reading_all_files_leave_an_exposure_of_at_most_two() -> anyhow::Result<()> {
    for (unit, drop_ins) in [
        ("mailbeat-agent.service", &[][..]),
        ("mailbeat-receiver.service", &[]),
        ("mailbeat-agent.service", &["read-all-files.conf"]),
    ] {
        let level = exposure(unit, drop_ins)?;
        assert!(level <= 20, "{unit} with {drop_ins:?}: {level} tenths");
    }
    let loose = exposure("mailbeat-agent.service", &["setuid-plugins.conf"])?;
    assert!(loose > 40, "a drop-in that gives up so much is not to look harmless: {loose} tenths");
    Ok(())
}

#[test]
fn systemd_understands_every_line_of_the_units() -> anyhow::Result<()> {
    for unit in ["mailbeat-agent.service", "mailbeat-receiver.service"] {
        let output =
            Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(systemd(unit)).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        // The programs are not installed here, and what other packages' units say wrong is not ours.
        let ours = |line: &&str| {
            !line.contains("is not executable")
                && !["/lib/systemd/", "/usr/lib/systemd/"].iter().any(|dir| line.starts_with(dir))
        };
        let complaints: Vec<&str> = said.lines().filter(ours).collect();
        assert_eq!(complaints, Vec::<&str>::new());
    }
    Ok(())
}
