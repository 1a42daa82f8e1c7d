//! The vendor's wizard: together with the customer's from nothing to a confirmed test report, and the same from a file of answers.

mod again;
mod answers;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use mailbeat_tests::lab::Lab;
use mailbeat_tests::office::await_mail;
use mailbeat_tests::programs::{Build, Installed, Program, file};
use mailbeat_tests::screen::Screen;
use mailbeat_tests::world::{OPERATOR, REPORTS};

const CUSTOMER: &str = "ACME Wasserwerke";

/// A place for two companies: the lab, and a directory each.
struct Town {
    lab: Lab,
    dir: tempfile::TempDir,
}

impl Town {
    fn new() -> anyhow::Result<Self> {
        Self::around(Lab::builder().users(&["operator"]).start()?)
    }

    fn around(lab: Lab) -> anyhow::Result<Self> {
        let mut dir = tempfile::Builder::new().prefix("mailbeat-town-").tempdir()?;
        dir.disable_cleanup(std::env::var_os("MAILBEAT_KEEP_LAB").is_some());
        for name in ["vendor", "customer"] {
            fs::create_dir(dir.path().join(name))?;
        }
        Ok(Self { lab, dir })
    }

    fn vendor(&self) -> PathBuf {
        self.dir.path().join("vendor")
    }

    fn customer(&self) -> PathBuf {
        self.dir.path().join("customer")
    }

    fn config(&self) -> PathBuf {
        self.vendor().join("receiver.toml")
    }

    fn receiver(&self) -> anyhow::Result<Installed> {
        let receiver = Installed::new(Program::Receiver, Build::Ordinary, &self.config())?;
        Ok(receiver.with_env("MAILBEAT_STATE_DIR", utf8(&self.state())?))
    }

    /// Root is not asked where the state goes, so the environment says it.
    fn state(&self) -> PathBuf {
        self.vendor().join("state")
    }

    /// The name of the contract file that the customer was given.
    fn contract(&self) -> anyhow::Result<String> {
        for entry in fs::read_dir(self.customer())? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.ends_with(".contract") {
                return Ok(name);
            }
        }
        anyhow::bail!("the customer was given no contract")
    }

    /// The vendor's wizard in a terminal.
    fn setup(&self, name: &str, more: &str) -> anyhow::Result<Screen> {
        let receiver = file(Program::Receiver, Build::Ordinary)?;
        let command = format!(
            "cd {:?}; NO_COLOR=1 LANG=C MAILBEAT_STATE_DIR={:?} {} setup {more} --config {:?}",
            self.vendor(),
            self.state(),
            receiver.display(),
            self.config()
        );
        Screen::open(name, &command)
    }

    /// The first page, in English, and the address of the mailbox.
    fn to_the_mailbox(&self, screen: &Screen) -> anyhow::Result<()> {
        screen.answer("Language / Sprache", "")?;
        screen.answer("? The name of your company:", "Pumpen GmbH")?;
        screen.answer("? Name and mail address:", &format!("Olivia Operator <{OPERATOR}>"))?;
        screen.answer("? Mail address that reports are sent to:", REPORTS)
    }

    /// From there up to the password.
    fn to_the_password(&self, screen: &Screen) -> anyhow::Result<()> {
        screen.answer("? How is it read?", "")?;
        screen.answer("? Mail server:", &format!("127.0.0.1:{}", self.lab.ports().imaps))?;
        screen.answer("? Is that right?", "n")?;
        screen.answer("? How is the connection made private?", "")?;
        screen.answer("? Port:", "")?;
        screen.answer("? User name:", "")
    }

    fn trust(&self, screen: &Screen) -> anyhow::Result<()> {
        screen.choose("? How is the server's certificate believed?", 1)?;
        screen.answer("? CA file:", utf8(&self.lab.ca())?)
    }
}

fn utf8(path: &Path) -> anyhow::Result<&str> {
    path.to_str().context("a path in UTF-8")
}

#[test]
fn a_new_vendor_and_a_new_customer_come_from_nothing_to_a_confirmed_test_report_by_two_wizards()
-> anyhow::Result<()> {
    let town = Town::new()?;
    let (config, begun) = (town.config(), Instant::now());
    let screen = town.setup("vendor", "")?;
    town.to_the_mailbox(&screen)?;
    town.to_the_password(&screen)?;
    screen.answer("? Password:", "wrong-pw")?;
    town.trust(&screen)?;
    screen.answer("? Folders to read:", "")?;
    // The same server and authority are proposed; only the port is one that nobody could know.
    screen.answer("? Send by the same account, like this?", "n")?;
    screen.answer("? How do notifications leave?", "")?;
    screen.answer("? Sender of the notifications:", "")?;
    screen.answer("? Mail server: (127.0.0.1)", &format!("127.0.0.1:{}", town.lab.ports().submission))?;
    screen.answer("? Is that right?", "")?;
    screen.answer("? Who is told?", "")?;
    let review = screen.await_words("Write this?")?;
    assert!(review.contains("+ host = \"127.0.0.1\"") && !review.contains("wrong-pw"), "{review}");
    assert!(!config.exists() && !town.state().exists(), "nothing is written before it is confirmed");
    screen.press("Enter")?;
    screen.answer("Also send a test mail to operator@example.test?", "")?;

    let failed = screen.await_words("? How to go on?")?;
    assert!(failed.contains("mailbox reports: the step \"authentication\" failed."), "{failed}");
    screen.press("Enter")?; // the mailbox, and there the logon, which is at fault
    screen.answer("? User name:", "")?;
    screen.answer("? Password:", "reports-pw")?;
    screen.answer("? How is the server's certificate believed?", "")?;
    screen.answer("? CA file:", "")?;
    screen.answer("? Folders to read:", "")?;
    screen.answer("? Write this?", "")?;
    screen.await_words("This starts it by hand")?;
    screen.answer("Issue a contract for a customer now?", "")?;
    screen.answer("? The customer's name:", CUSTOMER)?;
    screen.answer("? Language of the mails to this customer:", "")?;
    screen.answer("? The customer's contact:", "Carla Kundin <customer@example.test>")?;
    screen.answer("? Last day of the contract:", "")?;
    screen.answer("? Most systems under it:", "")?;
    screen.answer("? Where does the contract file go?", utf8(&town.customer())?)?;
    screen.answer("? Issue this contract?", "")?;
    let told = screen.await_words("? Wait here for the first report?")?;
    for command in [
        "install -D -m 644 vendor.pub /etc/mailbeat/vendor.pub",
        "mailbeat-agent setup",
        "mailbeat-agent setup --answers FILE --accept",
    ] {
        assert!(told.contains(&format!("\n  {command}\n")), "{command}: {told}");
    }
    assert!(town.customer().join("vendor.pub").exists(), "{told}");
    let contract = town.contract()?;
    let receiver = town.receiver()?;
    let _running = receiver.start(&["run"], &town.vendor().join("receiver.log"))?;
    screen.answer("Wait here for the first report?", "")?;
    screen.await_words("Waiting")?;
    let vendors = begun.elapsed();

    let (confirmed, customers) = customer(&town, &contract)?;
    let seen = screen.await_words("has reported")?;
    assert!(seen.contains(&format!("{} of {CUSTOMER} has reported", hostname()?)), "{seen}");
    screen.await_words("ended with 0")?;
    println!("the vendor's wizard took {vendors:.1?}, the customer's {customers}");
    assert!(confirmed.contains("the vendor received #"), "{confirmed}");
    await_mail(&town.lab, "operator", &["Test of outgoing mail"])?;

    let written = fs::read_to_string(&config)?;
    for line in
        ["# Where reports are read.", "#grace_days = 14", "report_addresses = [\"reports@example.test\"]"]
    {
        assert!(written.contains(line), "{line} is not in\n{written}");
    }
    let password = town.vendor().join("receiver-imap-password");
    assert_eq!(fs::read_to_string(&password)?, "reports-pw\n");
    assert_eq!(fs::metadata(&password)?.permissions().mode() & 0o777, 0o600);
    assert!(!written.contains("reports-pw"), "the password lies in a file of its own");
    Ok(())
}

/// The customer's wizard, with what the vendor handed over: the screen after the code, and how long what took.
fn customer(town: &Town, contract: &str) -> anyhow::Result<(String, String)> {
    let begun = Instant::now();
    let (dir, agent) = (town.customer(), file(Program::Agent, Build::Ordinary)?);
    let command = format!(
        "cd {dir:?}; NO_COLOR=1 LANG=C MAILBEAT_STATE_DIR={:?} {} setup --config {:?}",
        dir.join("state"),
        agent.display(),
        dir.join("agent.toml")
    );
    let screen = Screen::open("customer", &command)?;
    screen.answer("Language / Sprache", "")?;
    screen.answer("The contract file", contract)?;
    for question in [
        "? A heartbeat every",
        "? A system report every",
        "? What may be said",
        "? Which configuration files",
        "? Other files:",
        "? How does mail leave?",
    ] {
        screen.answer(question, "")?;
    }
    screen.answer("? Sender's mail address:", "agent1@example.test")?;
    screen.answer("? Mail server:", &format!("127.0.0.1:{}", town.lab.ports().submission))?;
    screen.answer("? Is that right?", "n")?;
    screen.answer("? How is the connection made private?", "")?;
    screen.answer("? Port:", "")?;
    screen.answer("? User name:", "")?;
    screen.answer("? Password:", "agent1-pw")?;
    town.trust(&screen)?;
    screen.answer("? Write this?", "")?;
    let asked = begun.elapsed();
    // vendor.pub lies beside the configuration: nobody has to compare a fingerprint.
    screen.answer("Do you agree that this is sent?", "yes")?;
    let tested = begun.elapsed();
    let answer = await_mail(&town.lab, "customer", &["--confirm"])?;
    let (_, rest) = answer.split_once("--confirm ").context("the answer carries a code")?;
    let answered = begun.elapsed();
    screen.answer("Code from the vendor's mail:", rest.split_whitespace().next().context("a code")?)?;
    let status = screen.await_words("5. Status")?;
    let took = format!(
        "{:.1?} (questions {asked:.1?}, test {:.1?}, from the consent to the vendor's answer {:.1?})",
        begun.elapsed(),
        tested.saturating_sub(asked),
        answered.saturating_sub(tested)
    );
    Ok((status, took))
}

#[test]
fn a_vendor_who_stops_writes_nothing_and_goes_on_where_it_was() -> anyhow::Result<()> {
    let town = Town::new()?;
    let screen = town.setup("stopped-vendor", "--lang de")?;
    screen.answer("Language / Sprache", "")?;
    screen.answer("? Der Name Ihrer Firma:", "Pumpen GmbH")?;
    screen.answer("? Name und Mailadresse:", "Olivia")?;
    screen.await_words("ist keine Mailadresse")?;
    screen.press("Escape")?;
    screen.await_words("? Der Name Ihrer Firma: (Pumpen GmbH)")?;
    screen.press("C-c")?;
    screen.await_words("Nichts wurde geschrieben")?;
    screen.await_words("ended with 1")?;
    assert!(!town.config().exists());
    let screen = town.setup("resumed-vendor", "--lang de")?;
    screen.answer("Language / Sprache", "")?;
    screen.answer("Weitermachen, wo Sie aufhörten?", "")?;
    screen.await_words("(Pumpen GmbH)")?;
    Ok(())
}

fn hostname() -> anyhow::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/hostname")?.trim().to_owned())
}
