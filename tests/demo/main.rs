//! `make demo`: the main job in a minute, told with the shipped programs. No root, no servers, nothing installed.
//!
//! A vendor issues a contract, a customer activates two agents with it, a configuration file is edited, a threshold is crossed, a
//! host falls silent, and all is well again. Mail travels through Maildirs in a temporary directory. Every step asserts on
//! the programs' own `--json`; if the story does not happen, this ends with an error and says where.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use mailbeat_tests::programs::{PATIENCE, Running, wait_for};
use mailbeat_tests::world::{Host, OPERATOR, Vendor};
use serde_json::Value;

/// Rules for a story told in seconds: little grace, and a threshold that anybody can cross by adding files.
const RULES: &str = r#"
[liveness]
grace = "1s"
misses = 2

[[threshold]]
id = "many-watched-files"
metric = "mailbeat.watch.files"
above = { medium = 2, high = 4 }
title = "{value} configuration files are watched"
"#;

struct Demo {
    started: Instant,
    step: u32,
}

impl Demo {
    fn say(&mut self, what: &str) {
        self.step += 1;
        println!("{:>5.1} s  {:>2}. {what}", self.started.elapsed().as_secs_f64(), self.step);
    }

    fn detail(&self, what: &str) {
        for line in what.lines() {
            println!("             {line}");
        }
    }
}

fn main() -> anyhow::Result<()> {
    let dir = tempfile::Builder::new().prefix("mailbeat-demo-").tempdir()?.keep();
    let mut demo = Demo { started: Instant::now(), step: 0 };
    println!("Mailbeat demo in {}\n", dir.display());
    tell(&mut demo, &dir)
        .with_context(|| format!("the story did not happen; everything is in {}", dir.display()))?;
    println!("\nThe story happened in {:.0} s. Look further:", demo.started.elapsed().as_secs_f64());
    look_further(&dir);
    Ok(())
}

fn tell(demo: &mut Demo, dir: &Path) -> anyhow::Result<()> {
    let mail = dir.join("mail");
    let transport = format!(
        "[[mailbox]]\ntype = \"maildir\"\nname = \"reports\"\npath = {:?}\npoll_interval_s = 1\n\n\
         [outgoing]\ntype = \"maildir\"\nfrom = \"Mailbeat <mailbeat@example.test>\"\npath = {:?}\n",
        mail.join("reports"),
        mail.join("people")
    );
    let vendor = Vendor::new(&dir.join("vendor"), &transport, RULES)?;
    demo.say("the vendor's receiver is initialised: database, vendor key, a default contact");
    let receiver = vendor.start()?;

    let contract = vendor.issue("ACME Wasserwerke", 1, 2)?;
    let issued = vendor.receiver.json(&["contracts", "list"])?;
    ensure!(issued[0]["customer"] == "ACME Wasserwerke", "the contract is not listed: {issued}");
    demo.say(&format!(
        "contract {} is issued for {}",
        text(&issued[0]["number"]),
        text(&issued[0]["customer"])
    ));

    let routes = format!(
        "[[route]]\nname = \"maildir\"\ntype = \"maildir\"\nfrom = \"agent@acme.example\"\npath = {:?}\n",
        mail.join("reports")
    );
    let scada = Host::new(&dir.join("scada-01"), "scada-01", &routes)?;
    let pump = Host::new(&dir.join("pump-07"), "pump-07", &routes)?;
    for host in [&scada, &pump] {
        host.write("app.conf", "listen = 0.0.0.0:502\npassword = correct horse battery\nworkers = 4\n")?;
        host.activate(&vendor, &contract)?;
    }
    demo.say("two agents are activated with it, on hosts scada-01 and pump-07");
    let scada_runs = scada.start()?;
    let pump_runs = pump.start()?;

    vendor.await_system("scada-01", "alive")?;
    vendor.await_system("pump-07", "alive")?;
    demo.say("their signed heartbeats are accepted: both systems are Alive");

    change_a_file(demo, &vendor, &scada)?;
    cross_a_threshold(demo, &vendor, &scada, &mail)?;
    let pump_runs = fall_silent(demo, &vendor, &pump, pump_runs)?;

    let no_open = |tickets: &Vec<Value>| tickets.iter().all(|ticket| ticket["state"] == "resolved");
    wait_for("all tickets to be resolved", PATIENCE, || Ok(Some(vendor.tickets()?).filter(no_open)))?;
    let verified = scada.agent.run(&["trail", "verify"])?;
    demo.say("the customer's administrator verifies the trail of everything that was said");
    demo.detail(verified.trim());
    for running in [scada_runs, pump_runs, receiver] {
        let status = running.terminate()?;
        ensure!(status.success(), "a program did not end cleanly after SIGTERM: {status}");
    }
    demo.say("all three programs ended cleanly");
    Ok(())
}

fn change_a_file(demo: &mut Demo, vendor: &Vendor, scada: &Host) -> anyhow::Result<()> {
    scada.write("app.conf", "listen = 0.0.0.0:502\npassword = Tr0ub4dor&3\nworkers = 8\n")?;
    demo.say("somebody edits app.conf on scada-01: workers and the password");
    let diff = wait_for("the change to be received", PATIENCE, || {
        let changes = vendor.receiver.json(&["systems", "changes", "scada-01"])?;
        let edited = changes.as_array().into_iter().flatten().find(|change| change["kind"] == "modified");
        Ok(edited.and_then(|change| change["diff"].as_str()).map(str::to_owned))
    })?;
    ensure!(diff.contains("-workers = 4") && diff.contains("+workers = 8"), "not the edit: {diff}");
    ensure!(!diff.contains("battery") && !diff.contains("Tr0ub4dor"), "a secret left the house: {diff}");
    ensure!(diff.contains("+password = <redacted:"), "the changed password does not show as changed: {diff}");
    demo.say("its diff arrives; that the password changed shows, the password does not");
    demo.detail(&diff);
    Ok(())
}

fn cross_a_threshold(demo: &mut Demo, vendor: &Vendor, scada: &Host, mail: &Path) -> anyhow::Result<()> {
    for name in ["two.conf", "three.conf"] {
        scada.write(name, "added = true\n")?;
    }
    let ticket = vendor.await_ticket("many-watched-files", "scada-01", "open")?;
    ensure!(ticket["number"] == "MB-1001", "the first ticket is {}", ticket["number"]);
    demo.say(&format!(
        "a threshold is crossed: ticket {} \"{}\"",
        text(&ticket["number"]),
        text(&ticket["title"])
    ));
    let inbox = mail.join("people").join(OPERATOR).join("new");
    let notification = wait_for("the notification mail", PATIENCE, || {
        let mails = fs::read_dir(&inbox)?.filter_map(Result::ok);
        Ok(mails
            .filter_map(|mail| fs::read_to_string(mail.path()).ok())
            .find(|mail| mail.contains("MB-1001")))
    })?;
    demo.say("the person responsible is told by mail:");
    demo.detail(&subject(&notification));
    for name in ["two.conf", "three.conf"] {
        fs::remove_file(scada.etc.join(name))?;
    }
    vendor.await_ticket("many-watched-files", "scada-01", "resolved")?;
    demo.say("the files are removed and MB-1001 is resolved");
    Ok(())
}

fn fall_silent(demo: &mut Demo, vendor: &Vendor, pump: &Host, running: Running) -> anyhow::Result<Running> {
    running.kill();
    demo.say("the power fails at pump-07");
    let ticket = vendor.await_ticket("heartbeat-missing", "pump-07", "open")?;
    demo.say(&format!(
        "a missing heartbeat becomes ticket {} \"{}\"",
        text(&ticket["number"]),
        text(&ticket["title"])
    ));
    let running = pump.start()?;
    vendor.await_ticket("heartbeat-missing", "pump-07", "resolved")?;
    vendor.await_system("pump-07", "alive")?;
    demo.say("the power is back, and so is pump-07; its ticket is resolved");
    Ok(running)
}

/// The subject line, unfolded (RFC 5322 section 2.2.3).
fn subject(mail: &str) -> String {
    let unfolded = mail.replace("\r\n", "\n").replace("\n ", " ");
    unfolded.lines().find(|line| line.starts_with("Subject:")).unwrap_or_default().to_owned()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

fn look_further(dir: &Path) {
    let show = |what: &str, command: String| println!("  {what}\n      {command}");
    let bin =
        std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned)).unwrap_or_default();
    let receiver =
        format!("{}/mailbeat-receiver --config {}/vendor/receiver.toml", bin.display(), dir.display());
    let agent = format!("{}/mailbeat-agent --config {}/scada-01/agent.toml", bin.display(), dir.display());
    show("the tickets, and one with all its events", format!("{receiver} tickets show MB-1001"));
    show("the systems the vendor knows", format!("{receiver} systems list"));
    show("what the agent would say next", format!("{agent} preview heartbeat"));
    show("what it has said, as mail", format!("{agent} trail list"));
    show("the mails themselves", format!("ls {}/mail/*", dir.display()));
}
