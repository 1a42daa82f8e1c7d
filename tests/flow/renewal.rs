//! Contracts renewed at a vendor that has a relay: what a customer's hosts do with the next revision, and what of the one before ends.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jiff::SignedDuration;
use mailbeat_shared::clock::Clock;
use mailbeat_shared::wire::contract::{Contract, SealedContract};
use mailbeat_tests::office::{Office, RULES, attachment};
use mailbeat_tests::programs::{PATIENCE, wait_for};
use mailbeat_tests::world::{Host, Vendor};
use serde_json::Value;

use crate::vendor_relay::{House, login};

fn opened(file: &Path) -> anyhow::Result<Contract> {
    Ok(SealedContract::open(&std::fs::read(file)?)?.contract)
}

/// Renews a contract beside its first file; the file, and what was said.
fn renew_at(vendor: &Vendor, contract: &Path, options: &[&str]) -> anyhow::Result<(PathBuf, String)> {
    let number = opened(contract)?.number.to_string();
    let name = |n: u32| contract.with_file_name(format!("{number}.{n}.contract"));
    let out = (2..).map(name).find(|out| !out.exists()).context("a free name")?;
    let args = [&["contracts", "renew", &number, "--out", out.to_str().context("UTF-8")?], options].concat();
    let said = vendor.receiver.run(&args)?;
    Ok((out, said))
}

fn renew(house: &House, contract: &Path, options: &[&str]) -> anyhow::Result<(PathBuf, String)> {
    renew_at(&house.vendor, contract, options)
}

/// A day so many days ahead, as `--valid-until` takes it.
fn in_days(days: i64) -> String {
    (Clock::system().now() + SignedDuration::from_hours(24 * days)).strftime("%F").to_string()
}

/// The lines of a contract's login in the relay's file.
fn lines_of(house: &House, username: &str) -> anyhow::Result<Vec<String>> {
    let setting = house.relay.settings().lines().find_map(|line| line.strip_prefix("logins = "));
    let text = std::fs::read_to_string(setting.context("logins")?.trim_matches('"'))?;
    Ok(text.lines().filter(|line| line.starts_with(username)).map(str::to_owned).collect())
}

fn revision(host: &Host) -> anyhow::Result<u64> {
    host.agent.json(&["status"])?["contract"]["revision"].as_u64().context("a revision")
}

/// Dovecot looks at its file of logins once a second.
fn await_refusal(host: &Host) -> anyhow::Result<()> {
    wait_for("the relay to refuse the login", PATIENCE, || Ok((!host.send("heartbeat")?).then_some(())))?;
    let failure = host.last_failure()?;
    anyhow::ensure!(failure.contains("535 5.7.8"), "{failure}");
    Ok(())
}

#[test]
fn an_agent_activated_without_the_relay_takes_the_renewed_contract_and_sends_by_it() -> anyhow::Result<()> {
    let house = House::open("[[100, 60]]")?;
    let first = house.vendor.issue("ACME Wasserwerke", 86_400, 604_800)?;
    let _receiver = house.vendor.start()?;
    let host = house.host("scada-01", &first)?;
    let _agent = host.start()?;
    let status = host.agent.json(&["status"])?;
    assert!(status["queued"].as_u64() >= Some(1), "there is no way out yet: {status:#}");

    let (renewed, said) = renew(&house, &first, &["--relay", "--valid-until", "2099-12-31"])?;
    let (before, now) = (opened(&first)?, opened(&renewed)?);
    let relay = now.relay.clone().context("a login")?;
    for words in [
        "Revision 2 of contract ",
        "It holds the password of its login: give it to the customer by a way you trust",
        "mailbeat-agent activate ",
        "Agents without a [[route]] send by the relay then",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!said.contains(&relay.password), "{said}");
    assert!(now.enrollment_secret.is_none() && now.valid_until > before.valid_until, "{now:?}");
    assert_eq!((&now.customer, now.heartbeat_interval_s), (&before.customer, before.heartbeat_interval_s));

    host.activate(&house.vendor, &renewed)?;
    house.vendor.await_system("scada-01", "alive")?;
    assert_eq!((revision(&host)?, &host.newest()?["about"]["outcome"]["route"]), (2, &"relay".into()));
    let older = host.agent.output(&["activate", first.to_str().context("UTF-8")?, "--accept"])?;
    assert!(
        !older.status.success() && String::from_utf8_lossy(&older.stderr).contains("revision 2"),
        "{older:?}"
    );
    let listed = house.vendor.receiver.json(&["contracts", "list"])?;
    assert_eq!((&listed[0]["revision"], &listed[0]["state"]), (&2.into(), &"valid".into()), "{listed:#}");
    let again = house.vendor.receiver.json(&["contracts", "import", renewed.to_str().context("UTF-8")?])?;
    assert_eq!(again[0]["result"], "held already", "{again:#}");
    Ok(())
}

#[test]
fn a_password_that_leaked_is_changed_and_what_waits_on_a_host_leaves_once_it_has_the_new_file()
-> anyhow::Result<()> {
    let house = House::open("[[100, 60]]")?;
    let (first, _) = house.issue("ACME Wasserwerke", "86400")?;
    let old = login(&first)?;
    let _receiver = house.vendor.start()?;
    let (host, other) = (house.host("scada-01", &first)?, house.host("pump-01", &first)?);
    house.vendor.await_system("scada-01", "alive")?;
    house.vendor.await_system("pump-01", "alive")?;

    let (changed, said) = renew(&house, &first, &["--relay"])?;
    let new = login(&changed)?;
    assert!(said.contains("are refused with the old password from now on"), "{said}");
    assert!(said.contains(&format!("lets it in as {}, with the new password only.", new.username)), "{said}");
    assert!(!said.contains(&old.password) && !said.contains(&new.password), "{said}");
    assert!(old.username == new.username && old.password != new.password);
    assert_eq!(lines_of(&house, &new.username)?.len(), 1);
    await_refusal(&host)?;
    await_refusal(&other)?;
    host.activate(&house.vendor, &changed)?;
    host.await_sent(1)?;
    assert!(host.send("heartbeat")?, "{}", host.last_failure()?);
    assert!(!other.send("heartbeat")?, "the old password is refused as long as a host has no other");
    other.activate(&house.vendor, &changed)?;
    other.await_sent(1)?;

    // The login ends, and comes back with the next revision.
    let (ended, said) = renew(&house, &first, &["--no-relay"])?;
    assert!(
        said.contains("lets it in no more") && said.contains("It holds no secret and may be mailed"),
        "{said}"
    );
    assert!(opened(&ended)?.relay.is_none() && lines_of(&house, &new.username)?.is_empty());
    await_refusal(&host)?;
    host.activate(&house.vendor, &ended)?;
    let status = host.agent.json(&["status"])?;
    assert!(
        status["queued"].as_u64() >= Some(1),
        "it has no way out, and keeps what it had to say: {status:#}"
    );
    let (back, _) = renew(&house, &first, &["--relay"])?;
    host.activate(&house.vendor, &back)?;
    // Dovecot takes up the new line within a second.
    wait_for("the relay to let it in again", PATIENCE, || Ok(host.send("heartbeat")?.then_some(())))?;
    host.await_sent(1)?;
    assert_eq!(revision(&host)?, 4);

    let number = opened(&first)?.number.to_string();
    house.vendor.receiver.run(&["contracts", "revoke", &number])?;
    let refused = house.vendor.receiver.output(&["contracts", "renew", &number])?;
    assert!(String::from_utf8_lossy(&refused.stderr).contains("is revoked for good"), "{refused:?}");
    Ok(())
}

#[test]
fn where_the_relays_logins_are_not_at_hand_its_operator_is_given_the_line() -> anyhow::Result<()> {
    let house = House::open("[[100, 60]]")?;
    let (first, _) = house.issue("ACME", "86400")?;
    let elsewhere: Vec<&str> =
        house.relay.settings().lines().filter(|line| !line.starts_with("logins = ")).collect();
    let people = house.dir.path().join("people");
    let outgoing =
        format!("[outgoing]\ntype = \"maildir\"\nfrom = \"mailbeat@vendor.test\"\npath = {people:?}\n");
    house.vendor.reconfigure(&[house.relay.mailbox(), outgoing, elsewhere.join("\n")].join("\n"))?;
    let username = login(&first)?.username;
    let before = lines_of(&house, &username)?;
    let (_, said) = renew(&house, &first, &["--relay"])?;
    assert!(
        said.contains(&format!("in place of one that begins with {username}:\n{username}:{{SHA512-CRYPT}}")),
        "{said}"
    );
    let (_, said) = renew(&house, &first, &["--no-relay"])?;
    assert!(said.contains(&format!("sed -i '/^{username}:/d' ")), "{said}");
    assert_eq!(lines_of(&house, &username)?, before, "it is edited where it is, by a person");
    Ok(())
}

/// Waits for the ticket about the end of a contract to be in a state.
fn await_ending(vendor: &Vendor, severity: &str, state: &str) -> anyhow::Result<Value> {
    let fits = |ticket: &Value| {
        ticket["rule"] == "contract-ending" && ticket["severity"] == severity && ticket["state"] == state
    };
    wait_for(&format!("a {severity} ticket about the contract to be {state}"), PATIENCE, || {
        Ok(vendor.tickets()?.into_iter().find(fits))
    })
}

#[test]
fn a_contract_that_ends_within_days_is_told_to_the_vendor_until_its_hosts_have_the_renewal()
-> anyhow::Result<()> {
    let house = House::open("[[100, 60]]")?;
    let first = house.vendor.issue("ACME Wasserwerke", 86_400, 604_800)?;
    let _receiver = house.vendor.start()?;
    let soon = in_days(20);
    let (ends, _) = renew(&house, &first, &["--relay", "--valid-until", &soon])?;
    assert!(house.vendor.tickets()?.is_empty(), "nobody misses what no system reports under");

    let host = house.host("scada-01", &first)?;
    host.activate(&house.vendor, &ends)?;
    let _agent = host.start()?;
    let ticket = await_ending(&house.vendor, "medium", "open")?;
    let number = opened(&first)?.number;
    let title = ticket["title"].as_str().context("a title")?;
    let wanted = format!(
        "Mailbeat receiver: contract {number} of ACME Wasserwerke is valid on its hosts until {soon}"
    );
    assert!(title == wanted && ticket["host"].is_null(), "{ticket:#}");
    let shown =
        house.vendor.receiver.run(&["tickets", "show", ticket["number"].as_str().context("a number")?])?;
    assert!(
        shown.contains(&format!("`mailbeat-receiver contracts renew {number} --valid-until DAY`")),
        "{shown}"
    );

    let (renewed, _) = renew(&house, &first, &["--valid-until", "2099-12-31"])?;
    let contracts = house.vendor.receiver.json(&["contracts", "list"])?;
    assert_eq!((&contracts[0]["revision"], &contracts[0]["behind"]), (&3.into(), &1.into()), "{contracts:#}");
    let listed = house.vendor.receiver.run(&["contracts", "list"])?;
    assert!(listed.contains("1 of 10, 1 behind"), "{listed}");
    // What was enrolled under the first goes on under the second.
    wait_for("a report under revision 2", PATIENCE, || {
        let systems = house.vendor.receiver.json(&["systems", "list"])?;
        Ok((systems[0]["contract_revision"] == 2).then_some(()))
    })?;
    await_ending(&house.vendor, "medium", "open")?;
    host.activate(&house.vendor, &renewed)?;
    await_ending(&house.vendor, "medium", "resolved")?;
    assert_eq!(house.vendor.receiver.json(&["contracts", "list"])?[0]["behind"], 0);
    Ok(())
}

#[test]
fn a_renewal_is_mailed_to_the_customer_who_activates_what_was_attached() -> anyhow::Result<()> {
    const CARLA: &str = "Carla Kundin <customer@example.test>";
    let office = Office::open(RULES)?;
    let vendor = &office.vendor;
    let first = vendor.issue("ACME Wasserwerke", 86_400, 604_800)?;
    let number = opened(&first)?.number;
    vendor.receiver.run(&["contacts", "add", CARLA, "--customer", "ACME Wasserwerke"])?;
    let _receiver = vendor.start()?;
    let (_agent, host) = office.running("scada-01", &first)?;
    let soon = in_days(20);
    let (sooner, _) = renew_at(vendor, &first, &["--valid-until", &soon])?;
    host.activate(vendor, &sooner)?;
    await_ending(vendor, "medium", "open")?;

    let (renewed, said) = renew_at(vendor, &first, &["--valid-until", "2099-12-31"])?;
    assert!(said.contains("The running receiver mails it to customer@example.test when the end"), "{said}");
    let file = format!("{number}.3.contract");
    let mail = office.await_mail("customer", &[&format!("mailbeat-agent activate {file}")])?;
    for words in [&format!("Contract {number} is renewed: activate it on"), "until 2099-12-31", &soon] {
        assert!(mail.contains(words), "{words}: {mail}");
    }
    let attached = attachment(&mail, &file)?;
    assert_eq!(attached, std::fs::read(&renewed)?);
    wait_for("the ticket to say to whom it went", PATIENCE, || {
        let ticket = await_ending(vendor, "medium", "open")?;
        let shown =
            vendor.receiver.run(&["tickets", "show", ticket["number"].as_str().context("a number")?])?;
        Ok(shown.contains("was mailed to customer@example.test").then_some(()))
    })?;

    let saved = office.dir().join(&file);
    std::fs::write(&saved, attached)?;
    host.activate(vendor, &saved)?;
    await_ending(vendor, "medium", "resolved")?;
    assert_eq!(revision(&host)?, 3);
    assert_eq!(office.lab.mails("customer", "INBOX")?.len(), 1, "neither twice, nor once it is settled");
    Ok(())
}
