//! Any Linux server: units that fail, its clock (a real chrony), a real disk that fills, memory and swap, and the logs of kernel and sign-ins.

use std::fs;
use std::time::Duration;

use mailbeat_tests::disk::Disk;
use mailbeat_tests::lab::chrony::Timekeeper;
use mailbeat_tests::site::aged;
use mailbeat_tests::stage::Stage;

use super::morning::Morning;

#[test]
fn each_fault_of_a_linux_server_becomes_its_ticket_and_resolves() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let stage = Stage::set(&home.path().join("stage"))?;
    let (cron, other) = (stage.idle_unit("cron.service")?, stage.idle_unit("shop.service")?);
    let keeper = Timekeeper::start()?;
    stage.program("chronyc", &keeper.client())?;
    let disk = Disk::image(&home.path().join("srv"), 16)?;
    let (kernel, sign_ins) = (home.path().join("log/kern.log"), home.path().join("log/auth.log"));
    for log in [&kernel, &sign_ins] {
        aged(log, "kernel: booted\n", Duration::ZERO)?;
    }
    let places = |_: &_| Ok(vec![("/var/log", home.path().join("log").display().to_string())]);
    let at = home.path().join("srv");
    let morning = Morning::begin_on(Some(&stage), Some(&at), "linux-server", "linux-01", places, &[])?;

    morning.fault(
        ("check", "failed units", "medium"),
        || other.stop(),
        || {
            morning.mail(&["1 units failed: shop.service"]).map(drop)?;
            other.start()
        },
    )?;
    let no_cron = [("check", "cron service", "high"), ("check", "failed units", "medium")];
    morning.faults(&no_cron, || cron.stop(), || cron.start())?;

    let clock = |severity| ("check", "system clock", severity);
    for (seconds, severity) in [(1.5, "medium"), (-8.0, "high")] {
        morning.fault(clock(severity), || keeper.signals(seconds), || keeper.signals(0.0))?;
    }
    morning.fault(clock("medium"), || keeper.loses_the_signal(), || keeper.signals(0.0))?;

    let at = at.display().to_string();
    for (percent, severity) in [(88, "medium"), (96, "high")] {
        morning.fault(("filesystem-full", &at, severity), || disk.fill_to(percent), || disk.clear())?;
    }
    morning.fault(("filesystem-full", &at, "critical"), || disk.fill(), || disk.clear())?;
    for (memory, swap, rule, severity) in [
        (94, 0, "memory-high", "medium"),
        (98, 0, "memory-high", "high"),
        (33, 70, "swap-high", "low"),
        (33, 90, "swap-high", "medium"),
    ] {
        morning.fault((rule, "", severity), || stage.uses(memory, swap), || stage.uses(33, 0))?;
    }

    let append = |log: &std::path::Path, line: &str, times: usize| -> anyhow::Result<()> {
        Ok(fs::write(log, fs::read_to_string(log)? + &line.repeat(times))?)
    };
    let broken = "kernel: blk_update_request: I/O error, dev sda, sector 4711\n";
    morning.event(("kernel errors", "medium"), || append(&kernel, broken, 2))?;
    morning.event(("kernel errors", "medium"), || {
        fs::rename(&kernel, home.path().join("log/kern.log.1"))?;
        Ok(fs::write(&kernel, "kernel: Out of memory: Killed process 4711 (shop)\n")?)
    })?;
    let guess = "sshd[4711]: Failed password for root from 192.0.2.1\n";
    morning.event(("failed logins", "medium"), || append(&sign_ins, guess, 201))
}
