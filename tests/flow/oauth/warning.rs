//! What a mail account signs in with ends one day: the vendor's default rules open tickets a fortnight ahead, from real heartbeats.

use std::process::Command;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use mailbeat_shared::clock::Clock;
use mailbeat_tests::accounts::{Account, imaps, route, sign_in_with, transport};
use mailbeat_tests::lab::Lab;
use mailbeat_tests::office::Office;
use mailbeat_tests::programs::{PATIENCE, wait_for};
use mailbeat_tests::world::Host;
use serde_json::Value;

const EXPIRES: &str = "route-credential-expires";
const REFUSED: &str = "route-sign-in-refused";

/// The rules that come with the receiver; only silence is judged sooner.
fn default_rules() -> String {
    include_str!("../../../packaging/rules.toml").replace("# grace = \"15m\"", "grace = \"2s\"")
}

/// A day so many days from now.
fn in_days(days: i64) -> String {
    let then = Clock::system().now() + SignedDuration::from_hours(24 * days);
    then.to_zoned(TimeZone::UTC).date().to_string()
}

/// The certificate `agent2` proves itself by, anew: the same key, good for so many days.
fn certify(lab: &Lab, days: u32) -> anyhow::Result<()> {
    let days = days.to_string();
    let new = ["req", "-x509", "-new", "-key", "application.key", "-subj", "/CN=Mailbeat", "-days", &days];
    let made = Command::new("openssl")
        .args(new)
        .args(["-out", "application.pem"])
        .current_dir(lab.dir().join("tls"))
        .output()?;
    anyhow::ensure!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
    Ok(())
}

/// Three ways to sign in, each with so many days left.
fn routes(lab: &Lab, consent: u32, secret: i64, certificate: u32) -> anyhow::Result<String> {
    certify(lab, certificate)?;
    let person = route(lab, "person", "agent1", Account::Person("device_code"))?;
    let by_secret = route(lab, "secret", "agent1", Account::Secret("agent1"))?;
    let by_certificate = route(lab, "certificate", "agent2", Account::Certificate)?;
    Ok(format!(
        "{person}refresh_token_days = {consent}\n{by_secret}client_secret_expires = \"{}\"\n{by_certificate}",
        in_days(secret)
    ))
}

/// The person agrees.
fn consent(office: &Office, host: &Host) -> anyhow::Result<()> {
    let manner = ["person", "--device"];
    sign_in_with(&office.lab, office.dir(), &host.agent, &manner, "agent1").map(drop)
}

/// Waits for the ticket of this rule whose title has these words.
fn await_ticket(office: &Office, rule: &str, words: &str, state: &str) -> anyhow::Result<Value> {
    let fits = |ticket: &Value| {
        ticket["rule"] == rule
            && ticket["state"] == state
            && ticket["title"].as_str().is_some_and(|title| title.contains(words))
    };
    wait_for(&format!("{rule} of {words} to be {state}"), PATIENCE, || {
        Ok(office.vendor.tickets()?.into_iter().find(fits))
    })
    .map_err(|error| error.context(format!("{:#?}", office.vendor.tickets())))
}

/// What the newest heartbeat says is left, by credential.
fn told(host: &Host) -> anyhow::Result<Vec<(String, f64)>> {
    let report = host.newest()?;
    let observations = report["report"]["heartbeat"]["observations"].as_array().cloned().unwrap_or_default();
    let left = observations.iter().filter(|seen| seen["name"] == "mailbeat.route.credential.remaining");
    let pair = |seen: &Value| {
        Some((seen["attributes"]["mailbeat.credential"].as_str()?.to_owned(), seen["value"].as_f64()?))
    };
    Ok(left.filter_map(pair).collect())
}

#[test]
fn a_fortnight_before_consent_secret_or_certificate_ends_there_is_a_ticket_until_it_is_renewed()
-> anyhow::Result<()> {
    let lab = Lab::builder().users(&["operator"]).oauth(3_600).start()?;
    let tables = transport(&lab, Account::Secret("reports"), &imaps(&lab))?;
    let office = Office::among(lab, &tables, &default_rules())?;
    let contract = office.vendor.issue("ACME Wasserwerke", 1, 3_600)?;
    let _receiver = office.vendor.start()?;
    let host = office.host("scada-01", &routes(&office.lab, 16, 16, 17)?)?;
    host.activate(&office.vendor, &contract)?;
    consent(&office, &host)?;
    let agent = host.start()?;
    office.vendor.await_system("scada-01", "alive")?;
    let left = wait_for("a heartbeat that tells of all three", PATIENCE, || {
        Ok(Some(told(&host)?).filter(|left| left.len() == 3))
    })?;
    for credential in ["refresh token", "client secret", "client certificate"] {
        let days = left.iter().find(|(name, _)| name == credential).map(|(_, days)| *days);
        assert!(days.is_some_and(|days| (15.0..17.5).contains(&days)), "{credential}: {left:?}");
    }
    let early: Vec<_> =
        office.vendor.tickets()?.into_iter().filter(|ticket| ticket["rule"] == EXPIRES).collect();
    assert!(early.is_empty(), "more than a fortnight is left: {early:#?}");

    // Two days later; and the consent is a new one, as a provider gives it that lets it last so long.
    agent.terminate()?;
    let host = Host::new(&host.dir, "scada-01", &routes(&office.lab, 13, 12, 3)?)?;
    consent(&office, &host)?;
    let agent = host.start()?;
    for (credential, severity) in
        [("refresh token", "medium"), ("client secret", "medium"), ("client certificate", "high")]
    {
        let ticket = await_ticket(&office, EXPIRES, credential, "open")?;
        assert_eq!(
            (&ticket["severity"], &ticket["host"]),
            (&severity.into(), &"scada-01".into()),
            "{ticket:#}"
        );
    }
    office.await_mail("operator", &["client certificate", "scada-01"])?;

    agent.terminate()?;
    let host = Host::new(&host.dir, "scada-01", &routes(&office.lab, 90, 180, 365)?)?;
    consent(&office, &host)?;
    let _agent = host.start()?;
    for credential in ["refresh token", "client secret", "client certificate"] {
        await_ticket(&office, EXPIRES, credential, "resolved")?;
    }

    // A refusal does not wait for a date.
    office.lab.revoke_everything()?;
    office.lab.restart_postfix()?;
    let ticket = await_ticket(&office, REFUSED, "route person", "open")?;
    assert_eq!(ticket["severity"], "high", "{ticket:#}");
    consent(&office, &host)?;
    await_ticket(&office, REFUSED, "route person", "resolved").map(drop)
}

#[test]
fn the_vendors_own_secret_is_a_ticket_about_the_receiver_until_its_new_date_is_set() -> anyhow::Result<()> {
    let lab = Lab::builder().users(&["operator"]).oauth(3_600).start()?;
    let tables = |days: i64| -> anyhow::Result<String> {
        let date = format!("account = \"vendor\"\nclient_secret_expires = \"{}\"\n", in_days(days));
        let tables = transport(&lab, Account::Secret("reports"), &imaps(&lab))?;
        Ok(tables.replace("account = \"vendor\"\n", &date))
    };
    let (soon, renewed) = (tables(9)?, tables(180)?);
    let office = Office::among(lab, &soon, &default_rules())?;
    let receiver = office.vendor.start()?;
    let ticket = await_ticket(&office, "credential-expires", "client secret", "open")?;
    assert!(ticket["host"].is_null(), "it is about the receiver itself: {ticket:#}");
    office.await_mail("operator", &["client secret"])?;
    receiver.terminate()?;
    office.vendor.reconfigure(&renewed)?;
    let _receiver = office.vendor.start()?;
    await_ticket(&office, "credential-expires", "client secret", "resolved").map(drop)
}
