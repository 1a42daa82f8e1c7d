//! People at the vendor's desk: what commands say of what waits, of what is done already, and of whom they mean. Mail lies in
//! Maildirs and is imported; no receiver runs, and no server has a part in this.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use jiff::Timestamp;
use mailbeat_tests::books::Books;
use mailbeat_tests::maildirs;
use mailbeat_tests::world::{Host, Vendor};
use serde_json::Value;
use tempfile::TempDir;

use crate::courier::CALM;

/// A vendor whose receiver does not run.
struct Desk {
    vendor: Vendor,
    dir: TempDir,
}

impl Desk {
    fn open() -> anyhow::Result<Self> {
        let dir = tempfile::Builder::new().prefix("mailbeat-desk-").tempdir()?;
        let vendor = Vendor::new(&dir.path().join("vendor"), &maildirs::transport(dir.path()), CALM)?;
        Ok(Self { vendor, dir })
    }

    fn issue(&self, customer: &str, more: &[&str]) -> anyhow::Result<String> {
        let out = utf8(self.dir.path().join(format!("{customer}.contract")))?;
        let args = ["contracts", "issue", "--customer", customer, "--out", &out];
        self.vendor.receiver.run(&[&args[..], more].concat())?;
        Ok(out)
    }

    /// Where the mail of a host goes.
    fn mail(&self, host: &str) -> PathBuf {
        self.dir.path().join("mail").join(host)
    }

    /// An activated host that has sent a heartbeat.
    fn host(&self, name: &str, contract: &str, more: &[&str]) -> anyhow::Result<Host> {
        fs::create_dir_all(self.mail(name))?;
        let host = Host::new(&self.dir.path().join(name), name, &maildirs::route(&self.mail(name)))?;
        host.write("app.conf", "workers = 4\n")?;
        fs::copy(self.vendor.key_file(), host.dir.join("vendor.pub"))?;
        host.agent.run(&[&["activate", contract, "--accept"][..], more].concat())?;
        host.agent.run(&["send", "heartbeat"])?;
        Ok(host)
    }

    /// Imports what a host sent: what became of how many.
    fn import(&self, host: &str) -> anyhow::Result<Value> {
        self.vendor.receiver.json(&["import", &utf8(self.mail(host).join("reports"))?])
    }

    /// How a command that is refused ends, and what it says.
    fn refused(&self, args: &[&str]) -> anyhow::Result<(Option<i32>, String)> {
        let output = self.vendor.receiver.output(args)?;
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        Ok((output.status.code(), said.into_owned()))
    }
}

fn utf8(path: PathBuf) -> anyhow::Result<String> {
    path.into_os_string().into_string().ok().context("a path in UTF-8")
}

#[test]
fn a_host_that_waits_is_shown_with_its_proof_and_admitted_with_its_name() -> anyhow::Result<()> {
    let desk = Desk::open()?;
    let receiver = &desk.vendor.receiver;
    let _host = desk.host("scada-01", &desk.issue("ACME", &["--approve"])?, &[])?;
    let came = desk.import("scada-01")?["Quarantined: the key is not admitted"].clone();
    let listed = receiver.json(&["quarantine", "list"])?;
    let newest = &listed["mails"][0];
    assert_eq!((&listed["total"], &newest["host"]), (&came, &"scada-01".into()), "{listed:#}");
    assert_eq!(newest["proof"], "fits", "{listed:#}");
    let (id, key) = (newest["id"].to_string(), newest["signer"].as_str().context("a key")?);
    let shown = receiver.json(&["quarantine", "show", &id])?;
    assert!(shown["content"].as_str().is_some_and(|content| content.contains("\"mailbeat\"")), "{shown:#}");
    let fewer = receiver.run(&["quarantine", "list", "--last", "1"])?;
    assert!(fewer.contains("more; `quarantine list --last"), "{fewer}");

    let (code, said) = desk.refused(&["quarantine", "release", &id])?;
    assert_eq!(code, Some(1), "it stays: {said}");
    assert!(said.contains("the key is not admitted\nwaits for approval"), "{said}");
    let admitted = receiver.json(&["systems", "approve", key])?;
    assert_eq!((&admitted["host"], &admitted["customer"]), (&"scada-01".into(), &"ACME".into()));
    assert_eq!((&admitted["recorded"], &admitted["before"]), (&came, &false.into()), "{admitted:#}");
    let again = receiver.run(&["systems", "approve", key])?;
    assert!(again.contains("was admitted before for scada-01") && again.contains(" of ACME, "), "{again}");

    let shown = receiver.json(&["systems", "show", "scada-01"])?;
    assert!(shown["problems"].is_array() && shown["spool"]["queued"].is_number(), "{shown:#}");
    let text = receiver.run(&["systems", "show", "scada-01"])?;
    assert!(text.contains("\n  queue "), "{text}");
    Ok(())
}

#[test]
fn a_systemid_that_two_customers_have_is_told_apart_by_the_customer() -> anyhow::Result<()> {
    const SYSTEM: &str = "a01ecafd-4a01-471f-ab8e-40f5cca87490";
    let desk = Desk::open()?;
    for (customer, host) in [("ACME", "scada-01"), ("BETA", "pump-01")] {
        let _host = desk.host(host, &desk.issue(customer, &[])?, &["--system-id", SYSTEM])?;
        desk.import(host)?;
    }
    let receiver = &desk.vendor.receiver;
    let (code, said) = desk.refused(&["systems", "pause", SYSTEM])?;
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("scada-01") && said.contains("pump-01") && said.contains("--customer NAME"),
        "{said}"
    );
    receiver.run(&["systems", "pause", SYSTEM, "--customer", "BETA"])?;
    for (customer, host, state) in [("ACME", "scada-01", "active"), ("BETA", "pump-01", "paused")] {
        let shown = receiver.json(&["systems", "show", SYSTEM, "--customer", customer])?;
        assert_eq!((&shown["host"], &shown["state"]), (&host.into(), &state.into()), "{shown:#}");
    }
    Ok(())
}

#[test]
fn a_revocation_ahead_is_refused_and_one_said_twice_is_found_done() -> anyhow::Result<()> {
    let desk = Desk::open()?;
    let receiver = &desk.vendor.receiver;
    desk.issue("ACME", &[])?;
    let listed = receiver.json(&["contracts", "list"])?;
    let number = listed[0]["number"].as_str().context("a number")?;
    let (code, said) = desk.refused(&["contracts", "revoke", number, "--since", "2999-12-31"])?;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("--since 2999-12-31 is still to come"), "{said}");
    let shown = receiver.json(&["contracts", "show", number])?;
    assert_eq!((&shown["state"], &shown["revoked_at"]), (&"valid".into(), &Value::Null), "{shown:#}");
    assert!(shown["report_addresses"].is_array() && shown["heartbeat_interval_s"].is_object(), "{shown:#}");
    receiver.run(&["contracts", "revoke", number])?;
    let again = receiver.run(&["contracts", "revoke", number])?;
    assert!(again.contains("is revoked already, since"), "{again}");
    Ok(())
}

#[test]
fn an_mbox_from_windows_is_read_mail_by_mail_each_when_it_came() -> anyhow::Result<()> {
    let desk = Desk::open()?;
    let _host = desk.host("scada-01", &desk.issue("ACME", &[])?, &[])?;
    let mut mbox = String::new();
    let mut mails: u64 = 0;
    for entry in fs::read_dir(desk.mail("scada-01").join("reports/new"))? {
        let mail = String::from_utf8(fs::read(entry?.path())?)?.replace("\r\n", "\n");
        mbox += &format!("From agent@acme.example Sun Jan  5 08:00:00 2025\n{mail}\n\n");
        mails += 1;
    }
    mbox += &format!("From junk@acme.example Sun Jan  5 08:00:00 2025\n\n{}\n", "x".repeat(26 << 20));
    let file = desk.dir.path().join("reports.mbox");
    fs::write(&file, mbox.replace('\n', "\r\n"))?;
    let became = desk.vendor.receiver.json(&["import", &utf8(file)?])?;
    assert!(mails > 1, "several mails are what is to be told apart");
    assert_eq!(became["Accepted"], mails, "{became:#}");
    assert_eq!(became["Skipped: larger than 25 MiB"], 1, "{became:#}");
    let came: Timestamp = "2025-01-05T08:00:00Z".parse()?;
    let then = format!("SELECT count(*) FROM reports WHERE received_at = {}", came.as_microsecond());
    assert_eq!(Books::open(&desk.vendor.dir)?.number(&then)?, i64::try_from(mails)?);
    Ok(())
}
