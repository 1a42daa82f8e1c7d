//! Consent that ends, providers that are away, sessions that end with their token: what waits, who is told, and what mends it.

use mailbeat_tests::accounts::{Account, account, imaps, office, route, sign_in, transport};
use mailbeat_tests::books::Books;
use mailbeat_tests::lab::Lab;
use mailbeat_tests::office::{Office, RULES, Way};
use mailbeat_tests::programs::{PATIENCE, wait_for};
use mailbeat_tests::world::Host;

const REFUSED: &str = "\n[[threshold]]\nid = \"route-sign-in-refused\"\nmetric = \"mailbeat.route.sign_in.refusals\"\n\
                       subject = \"mailbeat.route\"\nabove = { high = 0 }\ntitle = \"route {subject}\"\n";

fn sequence(host: &Host) -> anyhow::Result<u64> {
    let status = host.agent.json(&["status"])?;
    Ok(status["last_accepted"]["sequence"].as_u64().unwrap_or(0))
}

fn nothing_was_lost(host: &Host) -> anyhow::Result<()> {
    let lost: Vec<_> = host.trail()?.into_iter().filter(|line| line["outcome"]["fate"] == "lost").collect();
    anyhow::ensure!(lost.is_empty(), "{lost:#?}");
    Ok(())
}

#[test]
fn after_a_revocation_reports_wait_until_somebody_signs_in_again() -> anyhow::Result<()> {
    let office = office(3_600, Account::Secret("reports"), RULES)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 1, 3_600)?;
    let _receiver = office.vendor.start()?;
    let table = route(&office.lab, "office", "agent1", Account::Person("device_code"))?;
    let host = office.host("scada-01", &table)?;
    host.activate(&office.vendor, &contract)?;
    sign_in(&office.lab, office.dir(), &host.agent, "--device", "agent1")?;
    let _agent = host.start()?;
    office.vendor.await_system("scada-01", "alive")?;

    office.lab.revoke_everything()?;
    office.lab.restart_postfix()?;
    let status = wait_for("the refusal to be told", PATIENCE, || {
        let status = host.agent.json(&["status"])?;
        let why = status["last_failure"]["what"].as_str().unwrap_or_default();
        Ok(why.contains("invalid_grant").then_some(status))
    })?;
    let advice = status["last_failure"]["advice"].as_str().unwrap_or_default();
    assert!(advice.contains("oauth login"), "{status:#}");
    let shown = host.agent.json(&["oauth", "status"])?;
    assert!(shown[0]["refusing"]["times"].as_u64() >= Some(1), "{shown:#}");

    let before = sequence(&host)?;
    sign_in(&office.lab, office.dir(), &host.agent, "--device", "agent1")?;
    host.await_sent(before + 2)?;
    office.vendor.await_system("scada-01", "alive")?;
    nothing_was_lost(&host)?;
    assert!(host.agent.json(&["oauth", "status"])?[0]["refusing"].is_null());
    Ok(())
}

#[test]
fn another_route_carries_the_reports_says_why_and_the_vendor_has_a_ticket_until_it_is_mended()
-> anyhow::Result<()> {
    let office = office(3_600, Account::Secret("reports"), &(RULES.to_owned() + REFUSED))?;
    let contract = office.vendor.issue("ACME Wasserwerke", 1, 3_600)?;
    let _receiver = office.vendor.start()?;
    let tables = office.route("backup", Way::Starttls, "agent1");
    let first = route(&office.lab, "office", "agent1", Account::Person("device_code"))?;
    let host = office.host("scada-01", &(first + &tables))?;
    host.activate(&office.vendor, &contract)?;
    sign_in(&office.lab, office.dir(), &host.agent, "--device", "agent1")?;
    let _agent = host.start()?;
    office.vendor.await_system("scada-01", "alive")?;

    office.lab.revoke_everything()?;
    office.lab.restart_postfix()?;
    let ticket = office.vendor.await_ticket("route-sign-in-refused", "scada-01", "open")?;
    assert_eq!(ticket["severity"], "high", "{ticket:#}");
    let status = host.agent.json(&["status"])?;
    assert_eq!(status["last_accepted"]["route"], "backup", "{status:#}");
    let instead = status["last_accepted"]["instead"].as_str().unwrap_or_default();
    assert!(
        instead.starts_with("office: authentication failed") && instead.contains("invalid_grant"),
        "{instead}"
    );
    let said = wait_for("a heartbeat that says so", PATIENCE, || {
        let report = host.newest()?.to_string();
        Ok(report.contains("route backup carries the reports instead of office").then_some(report))
    })?;
    assert!(said.contains("invalid_grant"), "{said}");

    sign_in(&office.lab, office.dir(), &host.agent, "--device", "agent1")?;
    wait_for("mail to return to the preferred route", PATIENCE, || {
        Ok((host.agent.json(&["status"])?["last_accepted"]["route"] == "office").then_some(()))
    })?;
    office.vendor.await_ticket("route-sign-in-refused", "scada-01", "resolved")?;
    nothing_was_lost(&host)
}

#[test]
fn while_the_oauth_server_is_dead_reports_wait_and_nothing_is_lost() -> anyhow::Result<()> {
    let office = office(4, Account::Secret("reports"), RULES)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 1, 3_600)?;
    let _receiver = office.vendor.start()?;
    let host =
        office.host("scada-01", &route(&office.lab, "office", "agent1", Account::Secret("agent1"))?)?;
    host.activate(&office.vendor, &contract)?;
    let agent = host.start()?;
    office.vendor.await_system("scada-01", "alive")?;

    // A session that is kept busy stays signed in, whatever becomes of its token: the agent begins another one.
    anyhow::ensure!(agent.terminate()?.success());
    office.lab.stop_oauth()?;
    let _agent = host.start()?;
    wait_for("reports to wait", PATIENCE, || {
        let status = host.agent.json(&["status"])?;
        let why = status["last_failure"]["what"].as_str().unwrap_or_default();
        Ok((why.contains("connection refused") || why.contains("535")).then_some(()))
    })?;
    let before = sequence(&host)?;
    office.lab.start_oauth()?;
    host.await_sent(before + 3)?;
    office.vendor.await_system("scada-01", "alive")?;
    nothing_was_lost(&host)
}

#[test]
fn a_session_that_ends_with_its_token_goes_on_with_a_new_one_and_is_no_trouble() -> anyhow::Result<()> {
    let lab = Lab::builder().users(&["operator"]).oauth(3_600).start()?;
    let line = lab.farewell_line()?;
    let way = format!("port = {}\ntls = \"none\"\n", line.port());
    let tables = transport(&lab, Account::Secret("reports"), &way)?;
    let office = Office::among(lab, &tables, RULES)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 1, 3_600)?;
    let receiver = office.vendor.start()?;
    let host =
        office.host("scada-01", &route(&office.lab, "office", "agent1", Account::Secret("agent1"))?)?;
    host.activate(&office.vendor, &contract)?;
    let _agent = host.start()?;
    office.vendor.await_system("scada-01", "alive")?;

    // The server no longer takes the token, and our clock says that it is good: only a forced refresh helps.
    office.lab.expire_access_tokens()?;
    assert!(line.say_goodbye() > 0, "nobody was there");
    wait_for("the mailbox to be opened again", PATIENCE, || {
        Ok(receiver.log().contains("the session ended with its token").then_some(()))
    })?;
    let sent = sequence(&host)?;
    host.await_sent(sent + 2)?;
    let books = Books::open(&office.vendor.dir)?;
    books.until("what was sent since to be read", &format!("SELECT max(sequence) > {sent} FROM reports"))?;
    office.vendor.await_system("scada-01", "alive")?;
    assert!(!receiver.log().contains("cannot be read"), "{}", receiver.log());
    Ok(())
}

#[test]
fn a_vendors_mailbox_whose_consent_was_revoked_is_a_ticket_and_read_again_after_a_new_one()
-> anyhow::Result<()> {
    let lab = Lab::builder().users(&["operator"]).oauth(3_600).start()?;
    let person = account(&lab, Account::Person("device_code"))?;
    let tables = format!(
        "[[mailbox]]\ntype = \"imap\"\nname = \"reports\"\nhost = \"127.0.0.1\"\nauth = \"oauth\"\nusername = {:?}\npoll_interval_s = 1\n{}[mailbox.oauth]\n{person}\n{}",
        lab.user("reports").address,
        imaps(&lab),
        mailbeat_tests::office::outgoing(&lab)
    );
    let office = Office::among(lab, &tables, RULES)?;
    sign_in(&office.lab, office.dir(), &office.vendor.receiver, "--device", "reports")?;
    let contract = office.vendor.issue("ACME Wasserwerke", 1, 3_600)?;
    let _receiver = office.vendor.start()?;
    let host = office.host("scada-01", &office.route("office", Way::Starttls, "agent1"))?;
    host.activate(&office.vendor, &contract)?;
    let _agent = host.start()?;
    office.vendor.await_system("scada-01", "alive")?;

    office.lab.revoke_everything()?;
    office.lab.stop_imap()?;
    office.lab.start_imap()?;
    let ticket = wait_for("a ticket about the account", PATIENCE, || {
        Ok(office.vendor.tickets()?.into_iter().find(|ticket| ticket["rule"] == "sign-in-refused"))
    })?;
    assert_eq!(ticket["state"], "open", "{ticket:#}");
    sign_in(&office.lab, office.dir(), &office.vendor.receiver, "--device", "reports")?;
    wait_for("the ticket to be resolved", PATIENCE, || {
        let tickets = office.vendor.tickets()?;
        Ok(tickets
            .iter()
            .any(|ticket| ticket["rule"] == "sign-in-refused" && ticket["state"] == "resolved")
            .then_some(()))
    })?;
    office.vendor.await_system("scada-01", "alive")?;
    Ok(())
}
