//! The program killed before and after every numbered point of the crash table (A0 to A3), through the real commands: nothing
//! is lost, no number is used twice, the chain is whole, and what was accepted twice is the same mail twice.
//!
//! Needs the feature `crash-points`, which release binaries do not have.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use jiff::SignedDuration;
use mailbeat_shared::clock::Clock;
use mailbeat_shared::wire::contract::{Contract, EnrollmentSecret, Interval};
use mailbeat_shared::wire::signature::SigningKey;
use serde_json::Value;

struct Site(tempfile::TempDir);

impl Site {
    fn new() -> Self {
        let site = Self(tempfile::tempdir().unwrap());
        let config = format!(
            "state_dir = {:?}\nmachine_id = 'm'\n[[route]]\ntype = 'maildir'\nfrom = 'a@acme.example'\npath = {:?}\n",
            site.path("state"),
            site.path("mail")
        );
        fs::write(site.path("agent.toml"), config).unwrap();
        let vendor = SigningKey::from_seed(&[7; 32], "vendor");
        let now = Clock::system().now();
        let interval = Interval { default: 86_400, min: 1, max: 86_400 };
        let contract = Contract {
            number: "ACME-1".parse().unwrap(),
            revision: 1,
            customer: "ACME".into(),
            vendor: "Example".into(),
            vendor_key: vendor.public(),
            vendor_succession: vec![],
            issued_at: now,
            valid_from: now,
            valid_until: Some(now + SignedDuration::from_hours(24)),
            grace_days: 0,
            report_addresses: vec!["reports@vendor.example".into()],
            systems: 1,
            maintenance_max_h: 72,
            heartbeat_interval_s: interval,
            system_interval_s: interval,
            enrollment_secret: Some(EnrollmentSecret::from_random([9; 32])),
            relay: None,
        };
        fs::write(site.path("contract.toml"), contract.seal(&vendor)).unwrap();
        fs::write(site.path("vendor.pub"), vendor.public().to_string()).unwrap();
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, args: &[&str], crash_at: Option<&str>) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailbeat-agent"));
        command.arg("--config").arg(self.path("agent.toml")).args(args).stdin(Stdio::null());
        if let Some(point) = crash_at {
            command.env("MAILBEAT_CRASH_AT", point);
        }
        command.output().unwrap()
    }

    fn works(&self, args: &[&str]) -> String {
        let output = self.command(args, None);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{args:?}: {}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    fn activate(&self, crash_at: Option<&str>) -> Output {
        self.command(&["activate", self.path("contract.toml").to_str().unwrap(), "--accept"], crash_at)
    }

    /// What became of each number.
    fn fates(&self) -> BTreeMap<u64, String> {
        let list: Value = serde_json::from_str(&self.works(&["trail", "list", "--json"])).unwrap();
        let lines = list.as_array().unwrap().iter();
        lines
            .map(|line| {
                let fate = line["outcome"]["fate"].as_str().unwrap_or("queued").to_owned();
                (line["sequence"].as_u64().unwrap(), fate)
            })
            .collect()
    }

    /// Numbers of the mails that arrived.
    fn arrived(&self) -> Vec<u64> {
        let mut arrived: Vec<u64> = fs::read_dir(self.path("mail/new"))
            .unwrap()
            .map(|entry| {
                let mail = fs::read_to_string(entry.unwrap().path()).unwrap();
                let line = mail.lines().find_map(|line| line.strip_prefix("Mailbeat-Sequence: ")).unwrap();
                line.trim().parse().unwrap()
            })
            .collect();
        arrived.sort_unstable();
        arrived
    }
}

#[test]
fn killed_at_any_point_of_sending_nothing_is_lost_and_no_number_is_used_twice() {
    for point in ["A1.before", "A1.after", "A2.before", "A2.after", "A3.before", "A3.after"] {
        let site = Site::new();
        assert!(site.activate(None).status.success());
        let killed = site.command(&["send", "system"], Some(point));
        assert_eq!(killed.status.code(), None, "{point}: it was killed");
        site.works(&["send", "heartbeat"]);
        // Before A1 the report never was; its number is used by the next one.
        let newest = if point == "A1.before" { 3 } else { 4 };
        let all: Vec<u64> = (1..=newest).collect();
        let fates = site.fates();
        assert_eq!(fates.keys().copied().collect::<Vec<_>>(), all, "{point}");
        assert!(fates.values().all(|fate| fate == "accepted"), "{point}: {fates:?}");
        // A Maildir keeps one of two deliveries of the same mail.
        assert_eq!(site.arrived(), all, "{point}");
        assert!(site.works(&["trail", "verify"]).contains("the chain is whole"), "{point}");
    }
}

#[test]
fn killed_while_activating_either_nothing_was_sent_or_it_is_activated() {
    let site = Site::new();
    assert_eq!(site.activate(Some("A0.before")).status.code(), None);
    assert!(site.works(&["status", "--json"]).contains("\"activated\": false"));
    assert!(!site.path("mail").exists());
    assert!(site.activate(None).status.success());
    assert_eq!(site.arrived(), [1, 2]);

    let site = Site::new();
    assert_eq!(site.activate(Some("A0.after")).status.code(), None);
    site.works(&["send", "heartbeat"]);
    assert_eq!(site.arrived(), [1, 2, 3]);
    assert!(site.works(&["trail", "verify"]).contains("the chain is whole"));
}
