//! Checks: the real plugins of Debian, real databases, and the way from a verdict to a ticket and back.

mod databases;
mod replay;

use std::fs;
use std::path::Path;

use mailbeat_agent::check::Tracks;
use mailbeat_agent::check::once::look_once;
use mailbeat_agent::config::{Config, RedactConfig};
use mailbeat_agent::redact::Redactor;
use mailbeat_agent::redact::pseudonym::Names;
use mailbeat_shared::clock::Clock;
use mailbeat_shared::config_file;
use mailbeat_shared::wire::check::{CheckResult, CheckState};
use mailbeat_tests::office::{Office, RULES, Way};
use mailbeat_tests::programs::{PATIENCE, wait_for};
use mailbeat_tests::world::Host;
use serde_json::Value;

/// What the checks of this configuration see now.
fn look(config: &str) -> Vec<CheckResult> {
    let config: Config = config_file::parse(Path::new("agent.toml"), config).unwrap();
    let redactor = Redactor::new([1; 32], &RedactConfig::default(), Names::default()).unwrap();
    let seen = look_once(&config.check, 4, &Tracks::default(), &redactor, Clock::system().now());
    seen.into_iter().map(|seen| seen.result).collect()
}

fn labels(result: &CheckResult) -> Vec<(&str, &str)> {
    result.observations.iter().map(|value| (value.name.as_str(), value.unit.as_str())).collect()
}

#[test]
fn debians_own_plugins_are_understood_verdict_words_and_values() {
    let plugin = |name: &str, command: &str| {
        format!("[[check]]\nname = '{name}'\ntype = 'plugin'\ncommand = [{command}]\n")
    };
    let config = [
        plugin("ok", "'check_dummy', '0', 'all is well'"),
        plugin("warning", "'check_dummy', '1', 'nearly full'"),
        plugin("critical", "'check_dummy', '2', 'down'"),
        plugin("unknown", "'check_dummy', '3', 'who knows'"),
        plugin("disk", "'check_disk', '-w', '0%', '-c', '0%', '-p', '/'"),
        plugin("disk ranges", "'check_disk', '-w', '0%', '-c', '0%', '-p', '/'")
            + "critical = { '/' = '@0:' }\n",
        plugin("load", "'check_load', '-w', '9999,9999,9999', '-c', '9999,9999,9999'"),
        plugin("processes", "'check_procs', '-w', '1:'"),
        plugin("usage", "'check_disk', '--no-such-option'"),
        plugin("not there", "'check_of_nobody'"),
    ];
    let seen = look(&config.concat());
    let states: Vec<_> = seen.iter().map(|result| (result.name.as_str(), result.state)).collect();
    use CheckState::{Critical, Ok, Unknown, Warning};
    assert_eq!(
        states,
        [
            ("ok", Ok),
            ("warning", Warning),
            ("critical", Critical),
            ("unknown", Unknown),
            ("disk", Ok),
            ("disk ranges", Critical),
            ("load", Ok),
            ("processes", Ok),
            ("usage", Unknown),
            ("not there", Unknown),
        ],
        "{seen:#?}"
    );
    assert!(seen[2].output.contains("down"), "{:?}", seen[2]);
    assert!(seen[4].output.starts_with("DISK OK") && !seen[4].output.contains('|'), "{:?}", seen[4]);
    assert_eq!(labels(&seen[4])[0].0, "/");
    assert!(seen[5].output.lines().next().unwrap().contains("should be not 0 or more"), "{:?}", seen[5]);
    assert_eq!(
        labels(&seen[6]).iter().map(|(label, _)| *label).collect::<Vec<_>>(),
        ["load1", "load5", "load15"]
    );
    assert!(seen[9].output.contains("check_of_nobody is not there"), "{:?}", seen[9]);
}

/// A plugin that says what a file says: the exit code on its first line, then its words.
fn obedient(host: &Host) -> anyhow::Result<String> {
    let (script, orders) = (host.dir.join("check_orders"), host.dir.join("orders"));
    fs::write(&script, format!("read code < '{0}'; tail -n +2 '{0}'; exit $code\n", orders.display()))?;
    order(host, "0\nORDERS OK | open=1;5;9\n")?;
    Ok(format!("command = ['/bin/sh', '{}']\n", script.display()))
}

fn order(host: &Host, what: &str) -> anyhow::Result<()> {
    let (now, next) = (host.dir.join("orders"), host.dir.join("orders.next"));
    fs::write(&next, what)?;
    Ok(fs::rename(next, now)?)
}

/// Adds checks to a host's configuration, at its end.
fn configure(host: &Host, checks: &str) -> anyhow::Result<()> {
    let path = host.dir.join("agent.toml");
    Ok(fs::write(&path, fs::read_to_string(&path)? + checks)?)
}

fn check_of(host: &Host, name: &str) -> anyhow::Result<Option<Value>> {
    let status = host.agent.json(&["status"])?;
    Ok(status["checks"].as_array().into_iter().flatten().find(|check| check["name"] == name).cloned())
}

#[test]
fn a_plugin_that_turns_critical_becomes_a_ticket_of_high_severity_and_is_resolved_when_it_is_well()
-> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let vendor = &office.vendor;
    let contract = vendor.issue("ACME Wasserwerke", 1, 3600)?;
    let _receiver = vendor.start()?;
    let host = office.host("scada-01", &office.route("office", Way::Starttls, "agent1"))?;
    let plugin = obedient(&host)?;
    configure(&host, &format!("\n[[check]]\nname = 'orders'\ntype = 'plugin'\ninterval_s = 1\n{plugin}"))?;
    host.activate(vendor, &contract)?;
    let agent = host.start()?;
    vendor.await_system("scada-01", "alive")?;
    wait_for("the first verdict", PATIENCE, || check_of(&host, "orders"))?;
    assert_eq!(vendor.tickets()?, Vec::<Value>::new());

    order(
        &host,
        "2\nORDERS CRITICAL - the shop does not answer, password=geheim4711 | open=12;5;9\nsee the manual\n",
    )?;
    let ticket = vendor.await_ticket("check", "scada-01", "open")?;
    assert_eq!(ticket["severity"], "high");
    let mail = office.await_mail("operator", &["MB-1001", "orders is critical"])?;
    assert!(mail.contains("shop does not answer") && !mail.contains("geheim4711"), "{mail}");

    // A restart changes nothing: the verdict is as old as it was.
    let since = |check: Option<Value>| check.map(|check| check["since"].clone());
    let before = since(check_of(&host, "orders")?);
    agent.terminate()?;
    let _agent = host.start()?;
    let runs_on = wait_for("a heartbeat of the new run", PATIENCE, || {
        let newest = host.newest()?;
        let checks = &newest["report"]["heartbeat"]["checks"];
        Ok(checks.get(0).map(|check| check["since"].clone()))
    })?;
    assert_eq!(Some(runs_on), before);

    order(&host, "0\nORDERS OK | open=1;5;9\n")?;
    vendor.await_ticket("check", "scada-01", "resolved")?;
    assert_eq!(vendor.tickets()?.len(), 1, "one ticket for one fault");
    Ok(())
}

#[test]
fn a_plugin_that_hangs_is_ended_with_its_children_and_delays_neither_heartbeats_nor_other_checks()
-> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let vendor = &office.vendor;
    let contract = vendor.issue("ACME Wasserwerke", 1, 3600)?;
    let _receiver = vendor.start()?;
    let host = office.host("scada-01", &office.route("office", Way::Starttls, "agent1"))?;
    let pids = host.dir.join("pids");
    let hang = format!("sleep 600 & echo $! >>{0}; sleep 600 & echo $! >>{0}; wait", pids.display());
    configure(
        &host,
        &format!(
            "\n[[check]]\nname = 'hangs'\ntype = 'plugin'\ncommand = ['/bin/sh', '-c', '{hang}']\ntimeout_s = 2\ninterval_s = 600\n\
             [[check]]\nname = 'well'\ntype = 'plugin'\ncommand = ['check_dummy', '0', 'fine']\ninterval_s = 1\n"
        ),
    )?;
    host.activate(vendor, &contract)?;
    let _agent = host.start()?;
    vendor.await_system("scada-01", "alive")?;
    let ticket = vendor.await_ticket("check", "scada-01", "open")?;
    assert_eq!(ticket["severity"], "low");
    let hangs = check_of(&host, "hangs")?.unwrap_or_default();
    assert_eq!(hangs["state"], "unknown");
    assert!(hangs["output"].as_str().is_some_and(|said| said.contains("did not end in time")), "{hangs:#}");
    let well = check_of(&host, "well")?.unwrap_or_default();
    assert!(
        well["state"] == "ok" && well["checked_at"].as_str() > well["since"].as_str(),
        "it went on: {well:#}"
    );
    let children = fs::read_to_string(&pids)?;
    assert_eq!(children.lines().count(), 2);
    for pid in children.lines() {
        wait_for("the child of the plugin to be gone", PATIENCE, || {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
            Ok(stat.map_or(true, |stat| stat.contains(") Z ")).then_some(()))
        })?;
    }
    Ok(())
}
