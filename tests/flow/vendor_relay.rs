//! The vendor's relay as packaging/mailserver installs it: what a contract's login may do there, and that it may do nothing else.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;
use mailbeat_shared::advice::server::explain;
use mailbeat_shared::steps::name;
use mailbeat_shared::transport::outcome::{FailureKind, Outcome, TlsProblem};
use mailbeat_shared::transport::secret::Secret;
use mailbeat_shared::transport::smtp::{Envelope, SmtpSettings, TlsMode, send};
use mailbeat_shared::wire::contract::{Relay, SealedContract};
use mailbeat_tests::lab::VendorRelay;
use mailbeat_tests::office::RULES;
use mailbeat_tests::programs::{PATIENCE, wait_for};
use mailbeat_tests::world::{Host, Vendor};
use serde_json::Value;

use crate::steps::{assert_fails, step, walked};

const MESSAGE: &[u8] =
    b"From: x@relay.vendor.test\r\nTo: reports@example.test\r\nSubject: hello\r\n\r\nbody\r\n";

/// A vendor that reads the relay's mailbox and gives its contracts logins there.
pub(crate) struct House {
    pub(crate) vendor: Vendor,
    pub(crate) relay: VendorRelay,
    pub(crate) dir: tempfile::TempDir,
}

impl House {
    pub(crate) fn open(limits: &str) -> anyhow::Result<Self> {
        let relay = VendorRelay::start(limits)?;
        let dir = tempfile::Builder::new().prefix("mailbeat-house-").tempdir()?;
        let people = dir.path().join("people");
        let outgoing =
            format!("[outgoing]\ntype = \"maildir\"\nfrom = \"mailbeat@vendor.test\"\npath = {people:?}\n");
        let transport = [relay.mailbox(), outgoing, relay.settings().to_owned()].join("\n");
        let vendor = Vendor::new(&dir.path().join("vendor"), &transport, RULES)?;
        Ok(Self { vendor, relay, dir })
    }

    /// Issues a contract with a login, and gives its file, and what was printed.
    pub(crate) fn issue(&self, customer: &str, interval: &str) -> anyhow::Result<(PathBuf, String)> {
        let out = self.dir.path().join(format!("{customer}.contract"));
        let args =
            ["contracts", "issue", "--relay", "--customer", customer, "--heartbeat-interval", interval];
        let file = out.to_str().context("UTF-8")?;
        let said = self
            .vendor
            .receiver
            .run(&[&args[..], &["--system-interval", "604800", "--out", file]].concat())?;
        Ok((out, said))
    }

    /// A host that knows no way but the contract's.
    pub(crate) fn host(&self, name: &str, contract: &Path) -> anyhow::Result<Host> {
        let host = Host::new(&self.dir.path().join(name), name, "")?;
        host.activate(&self.vendor, contract)?;
        Ok(host)
    }
}

pub(crate) fn login(contract: &Path) -> anyhow::Result<Relay> {
    SealedContract::open(&std::fs::read(contract)?)?.contract.relay.context("the contract offers the relay")
}

#[test]
fn a_contract_with_a_login_is_all_an_agent_needs_until_it_is_revoked() -> anyhow::Result<()> {
    let house = House::open("[[100, 60]]")?;
    let (contract, said) = house.issue("ACME Wasserwerke", "86400")?;
    assert!(said.contains("The relay localhost lets it in as acme-2026-001@relay.vendor.test."), "{said}");
    let password = login(&contract)?.password;
    assert!(!said.contains(&password), "{said}");
    let _receiver = house.vendor.start()?;
    let host = house.host("scada-01", &contract)?;
    house.vendor.await_system("scada-01", "alive")?;
    assert_eq!(host.newest()?["about"]["outcome"]["route"], "relay");

    let steps = walked(&host, &[])?;
    let bad: Vec<&Value> = steps.iter().filter(|step| step["result"] == "failed").collect();
    assert!(bad.is_empty(), "{bad:#?}");
    for (name, seen) in [
        ("authentication", "235 2.7.0"),
        ("size limit", "10.0 MiB"),
        ("sender", "250 2.1.0"),
        ("recipient", "250 2.1.5"),
    ] {
        let step = step(&steps, "route relay", name);
        assert!(step["seen"].as_str().is_some_and(|said| said.contains(seen)), "{seen}: {step:#}");
    }

    let number = host.agent.json(&["status"])?["contract"]["number"].as_str().context("a number")?.to_owned();
    let said = house.vendor.receiver.run(&["contracts", "revoke", &number])?;
    assert!(said.contains("lets it in no more (acme-2026-001@relay.vendor.test)"), "{said}");
    // Dovecot looks at its file of logins once a second.
    wait_for("the relay to know it no more", PATIENCE, || Ok((!host.send("heartbeat")?).then_some(())))?;
    assert!(host.last_failure()?.contains("535 5.7.8"), "{}", host.last_failure()?);
    let steps = walked(&host, &[])?;
    assert_fails(&steps, name::AUTHENTICATE, "535 5.7.8", "does not know this user name", "password");
    Ok(())
}

#[tokio::test]
async fn a_login_may_send_as_itself_to_the_reports_mailbox_by_tls_and_nothing_else() -> anyhow::Result<()> {
    let house = House::open("[[100, 60]]")?;
    let ours = login(&house.issue("ACME", "3600")?.0)?;
    let other = login(&house.issue("Beta", "3600")?.0)?;
    let good = SmtpSettings {
        port: Some(ours.port),
        tls: TlsMode::Implicit,
        username: Some(ours.username.clone()),
        password: Some(Secret::new(&ours.password)),
        tls_pin: ours.tls_pin.as_deref().map(str::parse).transpose()?,
        ..SmtpSettings::new("localhost")
    };
    let starttls =
        SmtpSettings { port: Some(house.relay.submission), tls: TlsMode::Starttls, ..good.clone() };
    let pin = format!("sha256:{}", "0".repeat(64));
    let large = MESSAGE.repeat(10 * 1024 * 1024 / MESSAGE.len() + 1);
    use FailureKind::{Authentication, Permanent, Tls, TooLarge};
    let (us, them, reports) = (ours.username.as_str(), other.username.as_str(), "reports@example.test");
    let with = |username: &str, password: &str| SmtpSettings {
        username: Some(username.to_owned()),
        password: Some(Secret::new(password)),
        ..good.clone()
    };
    for (what, settings, from, to, mail, expected, cause) in [
        ("another login's address", good.clone(), Some(them), reports, MESSAGE, Permanent, "may not send as"),
        ("nobody's address", good.clone(), None, reports, MESSAGE, Permanent, "may not send as"),
        (
            "somebody outside",
            good.clone(),
            Some(us),
            "anna@elsewhere.test",
            MESSAGE,
            Permanent,
            "rule of its own",
        ),
        (
            "another mailbox here",
            good.clone(),
            Some(us),
            "anna@example.test",
            MESSAGE,
            Permanent,
            "rule of its own",
        ),
        (
            "a wrong password",
            with(us, &other.password),
            Some(us),
            reports,
            MESSAGE,
            Authentication,
            "does not know",
        ),
        (
            "no login",
            SmtpSettings { username: None, password: None, ..good.clone() },
            Some(us),
            reports,
            MESSAGE,
            Permanent,
            "rule of its own",
        ),
        ("a large mail", good.clone(), Some(us), reports, &large, TooLarge, "larger than"),
        (
            "no TLS",
            SmtpSettings {
                tls: TlsMode::None,
                username: None,
                password: None,
                tls_pin: None,
                ..starttls.clone()
            },
            Some(us),
            reports,
            MESSAGE,
            Tls(TlsProblem::Required),
            "not private",
        ),
        (
            "another certificate",
            SmtpSettings { tls_pin: Some(pin.parse()?), ..good.clone() },
            Some(us),
            reports,
            MESSAGE,
            Tls(TlsProblem::PinMismatch),
            "pin",
        ),
    ] {
        let outcome = send(&settings, &Envelope::new(from, to)?, mail).await;
        let failure = outcome.failure().with_context(|| format!("{what}: {outcome}"))?;
        assert_eq!(failure.kind, expected, "{what}: {outcome}");
        let advice = explain(Some(failure.kind), &failure.text, name::RECIPIENT);
        assert!(advice.cause.contains(cause), "{what}: {outcome}: {advice:?}");
    }
    let own = Envelope::new(Some(us), reports)?;
    let tagged = Envelope::new(Some(them), "reports+acme@example.test")?;
    for (settings, envelope) in [(&good, &own), (&starttls, &own), (&with(them, &other.password), &tagged)] {
        let outcome = send(settings, envelope, MESSAGE).await;
        assert!(matches!(outcome, Outcome::Sent { .. }), "{outcome}");
    }
    wait_for("the three that were taken", PATIENCE, || Ok((house.relay.mails()? == 3).then_some(())))?;

    for port in [house.relay.submissions, house.relay.imaps] {
        assert!(!speaks_tls(port, "-tls1_1")? && speaks_tls(port, "-tls1_2")?, "TLS 1.2 at least on {port}");
    }
    // A login has no mailbox to read, and the mailbox's password sends nothing.
    let mailbox = house.relay.mailbox();
    let as_login = mailbox.replace("reports@example.test", us);
    let password_file =
        mailbox.lines().find(|line| line.starts_with("password_file")).context("a password")?;
    let file = password_file.split('"').nth(1).context("a path")?;
    let as_mailbox = with(reports, std::fs::read_to_string(file)?.trim());
    let outcome = send(&as_mailbox, &Envelope::new(Some(reports), reports)?, MESSAGE).await;
    assert_eq!(outcome.failure().map(|failure| failure.kind), Some(Authentication), "{outcome}");
    let as_login = as_login.replace(password_file, &format!("password = {:?}", ours.password));
    house.vendor.reconfigure(&format!(
        "{as_login}\n[outgoing]\ntype = \"maildir\"\nfrom = \"m@vendor.test\"\npath = {:?}\n",
        house.dir.path().join("people")
    ))?;
    let output = house.vendor.receiver.output(&["test", "--json"])?;
    let told: Value = serde_json::from_slice(&output.stdout)?;
    let steps = told["steps"].as_array().context("steps")?;
    assert_eq!(step(steps, "mailbox reports", "authentication")["result"], "failed", "{told:#}");
    Ok(())
}

/// Whether a server can be talked to with this version of TLS, by a client that would take any.
fn speaks_tls(port: u16, version: &str) -> anyhow::Result<bool> {
    let to = format!("127.0.0.1:{port}");
    let mut client = Command::new("openssl");
    client.args(["s_client", "-connect", &to, version, "-cipher", "DEFAULT:@SECLEVEL=0"]);
    Ok(client.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?.success())
}

#[test]
fn a_login_over_its_rate_is_told_to_wait_and_loses_nothing_while_others_go_on() -> anyhow::Result<()> {
    let house = House::open("[[4, 6]]")?;
    let _receiver = house.vendor.start()?;
    let host = house.host("scada-01", &house.issue("ACME", "1:1:86400")?.0)?;
    let other = house.host("pump-01", &house.issue("Beta", "86400")?.0)?;
    let agent = host.start()?;
    let status = wait_for("the relay to say that it is too much", PATIENCE, || {
        let status = host.agent.json(&["status"])?;
        let what = status["last_failure"]["what"].as_str().unwrap_or_default().to_owned();
        Ok(what.contains("rate limit of this login").then_some(status))
    })?;
    assert!(other.send("heartbeat")?, "{}", other.last_failure()?);
    let page = host.agent.run(&["status"])?;
    assert!(page.contains("450 4.7.1"), "{page}");
    let refused = status["last_failure"]["sequence"].as_u64().context("which")?;
    host.await_sent(refused)?;
    assert!(agent.terminate()?.success());

    let trail = host.trail()?;
    let fate = |line: &Value| line["outcome"]["fate"].as_str().unwrap_or("queued").to_owned();
    assert!(trail.iter().all(|line| fate(line) != "lost"), "{trail:#?}");
    let accepted = trail.iter().filter(|line| fate(line) == "accepted").count();
    let all = accepted + other.trail()?.len();
    wait_for("every accepted report to arrive, once", PATIENCE, || {
        Ok((house.relay.mails()? == all).then_some(()))
    })?;
    let tickets = house.vendor.tickets()?;
    assert!(tickets.iter().all(|ticket| ticket["rule"] != "reports-lost"), "{tickets:#?}");
    Ok(())
}
