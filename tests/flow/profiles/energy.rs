//! An energy data management: its web interface, its logs, its backup and its clock, which a real chrony keeps.

use std::fs;
use std::time::Duration;

use mailbeat_tests::lab::chrony::Timekeeper;
use mailbeat_tests::site::{Web, aged};
use mailbeat_tests::stage::Stage;

use super::morning::Morning;
use super::{DAY, HOUR};

#[test]
fn each_fault_of_an_energy_data_management_becomes_its_ticket_and_resolves() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let (root, stage) = (home.path().join("site"), Stage::set(&home.path().join("stage"))?);
    let keeper = Timekeeper::start()?;
    stage.program("chronyc", &keeper.client())?;
    let web = Web::start()?;
    web.says("/", 401, "sign in");
    let (log, backup) = (root.join("log/service.log"), root.join("backup/nightly.bak"));
    aged(&log, "INFO started\n", Duration::ZERO)?;
    let saved = |age| {
        let backup = &backup;
        move || aged(backup, "x", age)
    };
    saved(HOUR)()?;
    for (name, text) in [
        ("server.ini", "[server]\nport = 80\n"),
        ("Projects.ini", "plant = North\n"),
        ("EnergyData.xml", "<kWh/>"),
    ] {
        aged(&root.join("opt/config").join(name), text, HOUR)?;
    }
    let places = |_: &_| {
        Ok(vec![
            ("/var/log/visual-energy", root.join("log").display().to_string()),
            ("/var/backups/visual-energy", root.join("backup").display().to_string()),
            ("/opt/visual-energy", root.join("opt").display().to_string()),
            ("http://localhost/", format!("http://127.0.0.1:{}/", web.port())),
            // Nobody waits for twenty seconds.
            (
                "warning = { time = 5 }\ncritical = { time = 20 }",
                "warning = { time = 2 }\ncritical = { time = 4 }".into(),
            ),
        ])
    };
    let morning = Morning::begin_on(Some(&stage), None, "visual-energy", "energy-01", places, &[])?;
    let told = morning.agent().run(&["preview", "system", "--json"])?;
    assert!(told.contains("server.ini"), "{told}");
    assert!(!told.contains("Projects") && !told.contains("EnergyData"), "no data of projects: {told}");

    let interface = |severity| ("check", "visual energy web", severity);
    for (wait, severity) in [(2_300, "medium"), (4_300, "high")] {
        morning.fault(
            interface(severity),
            || web.waits("/", Duration::from_millis(wait)),
            || web.waits("/", Duration::ZERO),
        )?;
    }
    morning.fault(interface("high"), || web.is_down(true), || web.is_down(false))?;
    morning.fault(interface("high"), || web.says("/", 503, "busy"), || web.says("/", 200, "welcome"))?;

    let copy = |severity| ("check", "visual energy backup", severity);
    morning.fault(copy("medium"), saved(HOUR * 26), saved(HOUR))?;
    morning.fault(copy("high"), saved(DAY * 4), saved(HOUR))?;
    morning.fault(copy("high"), || Ok(fs::remove_file(&backup)?), saved(HOUR))?;

    let clock = |severity| ("check", "clock", severity);
    for (seconds, severity) in [(-3.0, "medium"), (90.0, "high")] {
        morning.fault(clock(severity), || keeper.signals(seconds), || keeper.signals(0.0))?;
    }
    morning.fault(clock("medium"), || keeper.loses_the_signal(), || keeper.signals(0.0))?;

    let lines = |count: usize| {
        let log = &log;
        move || -> anyhow::Result<()> {
            Ok(fs::write(
                log,
                fs::read_to_string(log)? + &"07:00 Error: meter 4711 does not answer\n".repeat(count),
            )?)
        }
    };
    morning.event(("visual energy errors", "medium"), lines(11))?;
    morning.event(("visual energy errors", "high"), lines(600))?;
    let away = root.join("elsewhere");
    morning.fault(
        ("check", "visual energy errors", "medium"),
        || Ok(fs::rename(root.join("log"), &away)?),
        || Ok(fs::rename(&away, root.join("log"))?),
    )
}
