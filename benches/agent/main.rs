//! `make bench`, the agent's half: what it costs the host it runs on.
//!
//! The program as it is packaged (profile `agent`) runs under a contract with every default collector and fifty watched files, sends
//! into a Maildir, and is looked at from outside, by `/proc`: resident memory after its reports, and processor time for one heartbeat,
//! one system report and a minute of nothing, the programs it starts included. From these a day is reckoned: 24 heartbeats, one system
//! report, the rest idle. A second agent lives with fifty checks. Redaction is timed in this process, over the ordinary files of the redaction corpus.
//! With BENCH_MAILS nothing is measured, only done, with the development build.

mod checks;
mod process;
mod redaction;

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use mailbeat_tests::maildirs;
use mailbeat_tests::programs::{Build, PATIENCE, Program, Running, file, wait_for};
use mailbeat_tests::world::{Host, Vendor};

use checks::Checks;
use process::Usage;

/// Watched files.
const FILES: usize = 50;
/// Heartbeats and system reports whose processor time is taken together; more at once would be held back (`mails_per_hour`).
const HEARTBEATS: u32 = 8;
const SYSTEM_REPORTS: u32 = 3;
/// How long nothing happens.
const IDLE: Duration = Duration::from_secs(60);

fn main() -> anyhow::Result<()> {
    let measure = std::env::var_os("BENCH_MAILS").is_none();
    let build = if measure { Build::Packaged } else { Build::Ordinary };
    let dir = tempfile::tempdir()?;
    let (host, running) = start(&dir.path().join("plain"), build, "")?;
    let usage = || Usage::of(running.pid());
    let (heartbeats, system_reports) = if measure { (HEARTBEATS, SYSTEM_REPORTS) } else { (1, 1) };
    let heartbeat = cost(&usage, heartbeats, || send(&host, "heartbeat"))?;
    let system = cost(&usage, system_reports, || send(&host, "system"))?;
    let checks = Checks::prepare(dir.path())?;
    let (per_second, checking) =
        (checks.per_second()?, living_with(&checks, &dir.path().join("checks"), build)?);
    if !measure {
        redaction::once()?;
        eprintln!(
            "bench: {} checks, {per_second:.0} a second, the agent with them {:.1} MiB; of a development build, so no figures",
            checks::COUNT,
            mib(checking.resident_kib)
        );
        eprintln!("bench: the agent sent its reports; this was a test of function, nothing was measured");
        return Ok(());
    }
    let before = usage()?;
    eprintln!("bench: the agent is idle for {} s", IDLE.as_secs());
    std::thread::sleep(IDLE);
    let after = usage()?;
    let idle = after.threads.saturating_sub(before.threads).as_secs_f64() / IDLE.as_secs_f64();
    eprintln!(
        "bench: a heartbeat {:.1} ms, a system report {:.1} ms, idle {:.3} ms a minute",
        heartbeat * 1e3,
        system * 1e3,
        idle * 60e3
    );
    println!("figure agent_cpu_per_day {:.2} s", 24.0 * heartbeat + system + 86_400.0 * idle);
    println!("figure agent_rss {:.1} MiB", mib(after.resident_kib));
    println!("figure agent_rss_anonymous {:.1} MiB", mib(after.anonymous_kib));
    println!("figure checks_per_second {per_second:.0} 1/s");
    println!("figure agent_rss_50_checks {:.1} MiB", mib(checking.resident_kib));
    println!("figure agent_rss_anonymous_50_checks {:.1} MiB", mib(checking.anonymous_kib));
    let size = fs::metadata(file(Program::Agent, build)?)?.len();
    println!("figure agent_binary_size {:.2} MB", size as f64 / 1e6);
    println!("figure redaction_throughput {:.1} MB/s", redaction::throughput()?);
    Ok(())
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

/// What an agent uses that has run each of the checks and told of them.
fn living_with(checks: &Checks, dir: &Path, build: Build) -> anyhow::Result<Usage> {
    let (host, running) = start(dir, build, &checks.config())?;
    wait_for("a verdict of each check", PATIENCE, || {
        let status = host.agent.json(&["status"])?;
        Ok((status["checks"].as_array().map(Vec::len) == Some(checks::COUNT)).then_some(()))
    })?;
    send(&host, "heartbeat")?;
    Usage::of(running.pid())
}

/// An agent that has sent its first reports.
fn start(dir: &Path, build: Build, checks: &str) -> anyhow::Result<(Host, Running)> {
    let mail = dir.join("mail");
    let vendor = Vendor::new(&dir.join("vendor"), &maildirs::transport(&mail), "")?;
    let contract = vendor.issue("ACME Wasserwerke", 3_600, 86_400)?;
    let host =
        Host::with_build(&dir.join("scada-01"), "scada-01", &(maildirs::route(&mail) + checks), build)?;
    for number in 0..FILES {
        let text: String = (0..60).map(|line| format!("setting_{line} = value {number}\n")).collect();
        host.write(&format!("{number:02}.conf"), &text)?;
    }
    host.activate(&vendor, &contract)?;
    let running = host.start()?;
    wait_for("the first reports", PATIENCE, || {
        let status = host.agent.json(&["status"])?;
        Ok((status["queued"] == 0 && status["last_accepted"].is_object() && status["runs"] == true)
            .then_some(()))
    })?;
    Ok((host, running))
}

fn send(host: &Host, kind: &str) -> anyhow::Result<()> {
    host.agent.run(&["send", kind]).map(drop).with_context(|| format!("sending a {kind} report"))
}

/// Processor seconds of one, out of so many.
fn cost(
    usage: &impl Fn() -> anyhow::Result<Usage>,
    times: u32,
    mut perform: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<f64> {
    let before = usage()?;
    for _ in 0..times {
        perform()?;
    }
    Ok((usage()?.cpu - before.cpu).as_secs_f64() / f64::from(times))
}
