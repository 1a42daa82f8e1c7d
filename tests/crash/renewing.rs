//! A vendor killed while it renews a contract, which is written in three places: the database, the relay's logins, and the file that is
//! handed over. The command is given again. And a receiver killed while it mails a renewal to the customer.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use anyhow::Context as _;
use jiff::SignedDuration;
use mailbeat_shared::clock::Clock;
use mailbeat_shared::wire::contract::{Contract, SealedContract};
use mailbeat_tests::maildirs;
use mailbeat_tests::programs::Build;
use mailbeat_tests::world::Vendor;
use tempfile::TempDir;

use crate::confirming::{CONTACT, begun};
use crate::story::{Story, Who};

/// Before the database knows the next revision, and after: neither time the relay knows its password, nor anybody its file.
const POINTS: [(&str, u32); 2] = [("R6.before", 2), ("R6.after", 3)];

/// A vendor beside its relay, and a contract with a login there.
struct House {
    dir: TempDir,
    vendor: Vendor,
    number: String,
}

impl House {
    fn open() -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        let users = dir.path().join("smtp.users");
        fs::write(&users, "")?;
        let relay = format!("\n[relay]\nhost = \"relay.vendor.test\"\nlogins = {users:?}\n");
        let transport = maildirs::transport(dir.path()) + &relay;
        let vendor = Vendor::with_build(&dir.path().join("vendor"), &transport, "", Build::CrashPoints)?;
        let house = Self { dir, vendor, number: "ACME-1".into() };
        let first = house.file("first");
        let args =
            ["contracts", "issue", "--customer", "ACME", "--number", &house.number, "--relay", "--out"];
        house.vendor.receiver.run(&[&args[..], &[first.to_str().context("UTF-8")?]].concat())?;
        Ok(house)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name).with_extension("contract")
    }

    /// The relay's logins.
    fn logins(&self) -> anyhow::Result<Vec<String>> {
        let text = fs::read_to_string(self.dir.path().join("smtp.users"))?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// Renews the contract into `next`, to die at this point if there is one.
    fn renew(&self, option: &str, point: &str) -> anyhow::Result<Output> {
        let out = self.file("next");
        let args = ["contracts", "renew", &self.number, option, "--out", out.to_str().context("UTF-8")?];
        self.vendor.receiver.with_env("MAILBEAT_CRASH_AT", point).output(&args)
    }

    /// Gives the command again, after a death; what is handed over now.
    fn renew_again(&self, option: &str, point: &str) -> anyhow::Result<Contract> {
        let again = self.renew(option, "")?;
        anyhow::ensure!(again.status.success(), "{option} after {point}: {again:?}");
        Ok(SealedContract::open(&fs::read(self.file("next"))?)?.contract)
    }

    fn die(&self, option: &str, point: &str) -> anyhow::Result<()> {
        let died = self.renew(option, point)?;
        anyhow::ensure!(died.status.code().is_none(), "it did not die at {point}: {died:?}");
        anyhow::ensure!(!self.file("next").exists(), "nothing is handed over");
        Ok(())
    }
}

#[test]
fn a_login_goes_on_with_its_old_password_until_the_new_one_can_be_handed_over() {
    for (point, revision) in POINTS {
        let house = House::open().unwrap();
        let before = house.logins().unwrap();
        house.die("--relay", point).unwrap();
        assert_eq!(house.logins().unwrap(), before, "killed at {point}");
        let renewed = house.renew_again("--relay", point).unwrap();
        let after = house.logins().unwrap();
        assert_eq!((renewed.revision, before.len(), after.len()), (revision, 1, 1), "{point}");
        assert!(renewed.relay.is_some() && after != before, "{point}");
    }
}

#[test]
fn a_login_that_is_to_end_has_ended_wherever_the_command_was_killed() {
    for (point, revision) in POINTS {
        let house = House::open().unwrap();
        house.die("--no-relay", point).unwrap();
        assert_eq!(house.logins().unwrap(), Vec::<String>::new(), "killed at {point}");
        let renewed = house.renew_again("--no-relay", point).unwrap();
        assert_eq!((renewed.revision, renewed.relay), (revision, None), "{point}");
    }
}

/// A contract that ends in twenty days is renewed while the receiver is away, which then dies at this point.
fn mailed_once(point: &str) -> anyhow::Result<()> {
    let mut story = begun()?;
    let renew = |story: &Story, last_day: &str, file: &str| {
        let (number, out) = (story.contract()?, story.path(file));
        let out = out.to_str().context("UTF-8")?;
        story.vendor.receiver.run(&["contracts", "renew", &number, "--valid-until", last_day, "--out", out])
    };
    let soon = Clock::system().now() + SignedDuration::from_hours(24 * 20);
    renew(&story, &soon.strftime("%F").to_string(), "sooner.contract")?;
    let sooner = story.path("sooner.contract");
    story.host.agent.run(&["activate", sooner.to_str().context("UTF-8")?, "--accept"])?;
    story.until_ticket("contract-ending", "open")?;
    story.stop(Who::Receiver);
    renew(&story, "2099-12-31", "later.contract")?;
    story.die(Who::Receiver, point)?;
    story.start(Who::Receiver, None)?;
    story
        .until_number("the renewal to be mailed", "SELECT count(*) = 1 FROM mailings WHERE state = 'sent'")?;
    story.settle()?;
    let (mailings, remarks) = (
        story.books.number("SELECT count(*) FROM mailings")?,
        story.books.number("SELECT count(*) FROM ticket_events WHERE event = 'commented'")?,
    );
    let mails = story.files(&format!("people/{CONTACT}/new"))?.len();
    anyhow::ensure!(
        (mailings, remarks, mails) == (1, 1, 1),
        "{mailings} mailings, {remarks} remarks, {mails} mails"
    );
    Ok(())
}

#[test]
fn a_receiver_killed_over_a_renewal_that_it_mails_mails_it_once() {
    for point in ["R4.own.before", "R4.own.after", "R5.before", "R5.after"] {
        mailed_once(point).with_context(|| format!("killed at {point}")).unwrap();
    }
}
