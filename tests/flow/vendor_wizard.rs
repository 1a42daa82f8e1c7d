//! The vendor's wizard: together with the customer's from nothing to a confirmed test report, and the same from a file of answers.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
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
        Installed::new(Program::Receiver, Build::Ordinary, &self.config())
    }

    /// The vendor's wizard in a terminal.
    fn setup(&self, name: &str, more: &str) -> anyhow::Result<Screen> {
        let receiver = file(Program::Receiver, Build::Ordinary)?;
        let command = format!(
            "cd {:?}; NO_COLOR=1 LANG=C {} setup {more} --config {:?}",
            self.vendor(),
            receiver.display(),
            self.config()
        );
        Screen::open(name, &command)
    }

    /// The first page, in English, and the address of the mailbox.
    fn to_the_mailbox(&self, screen: &Screen) -> anyhow::Result<()> {
        let state = self.vendor().join("state");
        screen.answer("Language / Sprache", "")?;
        screen.answer("? The name of your company:", "Pumpen GmbH")?;
        screen.answer("? State directory:", utf8(&state)?)?;
        screen.answer("? Name:", "Olivia Operator")?;
        screen.answer("? Mail address:", OPERATOR)?;
        screen.answer("? Language of the mails to this person:", "")?;
        screen.answer("? Mail address that reports are sent to:", REPORTS)
    }

    /// From there up to the password.
    fn to_the_password(&self, screen: &Screen) -> anyhow::Result<()> {
        screen.answer("? How is it read?", "")?;
        screen.answer("? Mail server:", "127.0.0.1")?;
        screen.answer("? How is the connection made private?", "")?;
        screen.answer("? Port:", &self.lab.ports().imaps.to_string())?;
        screen.answer("? User name:", "")
    }

    /// A file of answers that decides everything.
    fn answers(&self) -> anyhow::Result<PathBuf> {
        let (ports, ca) = (self.lab.ports(), self.lab.ca());
        let answers = self.dir.path().join("answers.toml");
        fs::write(
            &answers,
            format!(
                "vendor = \"Pumpen GmbH\"\nstate_dir = {:?}\npeople = [{{ contact = \"Olivia <{OPERATOR}>\", locale = \"de\" }}, {{ contact = \"manager@example.test\" }}]\n\n[mailbox]\nby = \"server\"\naddress = \"{REPORTS}\"\nhost = \"127.0.0.1\"\nport = {}\ntls_ca = {ca:?}\n\n[outgoing]\nby = \"server\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"implicit\"\nusername = \"{REPORTS}\"\ntls_ca = {ca:?}\n\n[customer]\nname = \"{CUSTOMER}\"\ncontact = \"customer@example.test\"\ndirectory = {:?}\n",
                self.vendor().join("state"),
                ports.imaps,
                ports.submissions,
                self.customer()
            ),
        )?;
        Ok(answers)
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
    screen.answer("? How do notifications leave?", "")?;
    screen.answer("? Sender of the notifications:", "")?;
    screen.answer("? Mail server:", "127.0.0.1")?;
    screen.answer("? How is the connection made private?", "")?;
    screen.answer("? Port:", &town.lab.ports().submission.to_string())?;
    screen.answer("? How is the server's certificate believed?", "")?;
    screen.answer("? CA file:", "")?;
    screen.answer("? Working language:", "")?;
    screen.answer("? Who is told?", "")?;
    let review = screen.await_words("Write this?")?;
    assert!(review.contains("+ host = \"127.0.0.1\"") && !review.contains("wrong-pw"), "{review}");
    assert!(
        !config.exists() && !town.vendor().join("state").exists(),
        "nothing is written before it is confirmed"
    );
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
    screen.answer("Issue a contract for a customer now?", "")?;
    screen.answer("? The customer's name:", CUSTOMER)?;
    screen.answer("? Language of the mails to this customer:", "")?;
    screen.answer("? Mail address of the customer's contact:", "customer@example.test")?;
    screen.answer("? Name:", "Carla Kundin")?;
    screen.answer("? Last day of the contract:", "")?;
    screen.answer("? Most systems under it:", "")?;
    screen.answer("? Where does the contract file go?", utf8(&town.customer())?)?;
    screen.answer("? Issue this contract?", "")?;
    let told = screen.await_words("There is no service")?;
    let line = |words: &str| {
        told.lines().find_map(|line| line.split_once(words)).map(|(_, rest)| rest.trim().to_owned())
    };
    let contract = line("mailbeat-agent activate ").context("the command is told")?;
    assert!(
        told.contains("cp vendor.pub /etc/mailbeat/") && town.customer().join("vendor.pub").exists(),
        "{told}"
    );
    let receiver = town.receiver()?;
    let _running = receiver.start(&["run"], &town.vendor().join("receiver.log"))?;
    screen.answer("Wait here for the first report?", "")?;
    screen.await_words("Waiting")?;
    let vendors = begun.elapsed();

    let begun = Instant::now();
    let confirmed = customer(&town, &contract)?;
    let seen = screen.await_words("has reported")?;
    assert!(seen.contains(&format!("{} of {CUSTOMER} has reported", hostname()?)), "{seen}");
    screen.await_words("ended with 0")?;
    println!("the vendor's wizard took {vendors:.1?}, the customer's {:.1?}", begun.elapsed());
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

/// The customer's wizard, with what the vendor handed over; the screen after the code.
fn customer(town: &Town, contract: &str) -> anyhow::Result<String> {
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
    screen.answer("? Mail server:", "127.0.0.1")?;
    screen.answer("? How is the connection made private?", "")?;
    screen.answer("? Port:", &town.lab.ports().submission.to_string())?;
    screen.answer("? User name:", "")?;
    screen.answer("? Password:", "agent1-pw")?;
    town.trust(&screen)?;
    screen.answer("? Write this?", "")?;
    // vendor.pub lies beside the configuration: nobody has to compare a fingerprint.
    screen.answer("Do you agree that this is sent?", "yes")?;
    let answer = await_mail(&town.lab, "customer", &["--confirm"])?;
    let (_, rest) = answer.split_once("--confirm ").context("the answer carries a code")?;
    screen.answer("Code from the vendor's mail:", rest.split_whitespace().next().context("a code")?)?;
    screen.await_words("5. Status")
}

#[test]
fn a_vendor_who_stops_writes_nothing_and_goes_on_where_it_was() -> anyhow::Result<()> {
    let town = Town::new()?;
    let screen = town.setup("stopped-vendor", "--lang de")?;
    screen.answer("Language / Sprache", "")?;
    screen.answer("? Der Name Ihrer Firma:", "Pumpen GmbH")?;
    screen.answer("? Zustandsverzeichnis:", "state")?;
    screen.await_words("ein absoluter Pfad wird gebraucht")?;
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

#[test]
fn a_file_of_answers_sets_a_receiver_up_without_asking_and_once_more_changes_nothing() -> anyhow::Result<()> {
    let town = Town::new()?;
    let answers = town.answers()?;
    let answers = utf8(&answers)?;
    let receiver = town.receiver()?;
    // Without a terminal and without answers nobody can be asked; without a password nothing is written.
    assert_eq!(receiver.output(&["setup"])?.status.code(), Some(2));
    assert_eq!(receiver.output(&["setup", "--answers", answers])?.status.code(), Some(2));
    assert!(!town.config().exists());
    let receiver = receiver
        .with_env("MAILBEAT_SETUP_PASSWORD", "reports-pw")
        .with_env("MAILBEAT_SETUP_OUTGOING_PASSWORD", "reports-pw");
    let dry = receiver.run(&["setup", "--answers", answers, "--dry-run"])?;
    assert!(dry.contains("+ host = \"127.0.0.1\"") && !town.config().exists(), "{dry}");
    let page = receiver.run(&["setup", "--answers", answers])?;
    assert!(page.contains("mailbeat-agent activate ACME"), "{page}");
    let written = fs::read_to_string(town.config())?;
    let contacts = receiver.json(&["contacts", "list"])?;
    let told = |at: usize| {
        (contacts[at]["email"].clone(), contacts[at]["customer"].clone(), contacts[at]["locale"].clone())
    };
    assert_eq!(told(0), ("customer@example.test".into(), CUSTOMER.into(), "en".into()));
    assert_eq!(told(1), (OPERATOR.into(), serde_json::Value::Null, "de".into()));
    assert_eq!(told(2), ("manager@example.test".into(), serde_json::Value::Null, serde_json::Value::Null));

    let again = receiver.run(&["setup", "--answers", answers])?;
    assert!(again.contains("has contract") && !again.contains("+ "), "{again}");
    assert_eq!(fs::read_to_string(town.config())?, written);
    assert_eq!(receiver.json(&["contacts", "list"])?, contacts);
    assert_eq!(receiver.json(&["contracts", "list"])?.as_array().map(Vec::len), Some(1));
    Ok(())
}

#[test]
fn a_vendor_asked_again_is_proposed_what_is_there_and_nothing_changes() -> anyhow::Result<()> {
    let town = Town::new()?;
    let receiver = town
        .receiver()?
        .with_env("MAILBEAT_SETUP_PASSWORD", "reports-pw")
        .with_env("MAILBEAT_SETUP_OUTGOING_PASSWORD", "reports-pw");
    receiver.run(&["setup", "--answers", utf8(&town.answers()?)?])?;
    // An operator's own line and comment.
    let written = fs::read_to_string(town.config())?.replace("#grace_days = 14", "grace_days = 30  # ours");
    fs::write(town.config(), &written)?;
    let contacts = receiver.json(&["contacts", "list"])?;
    let screen = town.setup("again", "")?;
    screen.answer("Language / Sprache", "")?;
    screen.answer("? The name of your company: (Pumpen GmbH)", "")?;
    for question in [
        "? State directory:",
        "? Name:",
        "? Mail address:",
        "? Language of the mails to this person:",
        "? Mail address that reports are sent to:",
        "? How is it read?",
        "? Mail server:",
        "? How is the connection made private?",
        "? Port:",
        "? User name:",
        "? Password:",
        "? How is the server's certificate believed?",
        "? CA file:",
        "? Folders to read:",
        "? How do notifications leave?",
        "? Sender of the notifications:",
        "? Mail server:",
        "? How is the connection made private?",
        "? Port:",
        "? User name:",
        "? Password:",
        "? How is the server's certificate believed?",
        "? CA file:",
        "? Working language:",
    ] {
        screen.answer(question, "")?;
    }
    let people = screen.await_words("? Who is told?")?;
    assert!(people.contains("  manager@example.test"), "{people}");
    screen.press("Enter")?;
    screen.await_words("Nothing changes in")?;
    screen.answer("? Write this?", "")?;
    screen.answer("? Also send a test mail", "n")?;
    screen.await_words(&format!("({CUSTOMER})"))?;
    screen.answer("? Issue a contract for a customer now? (n)", "")?;
    screen.answer("? Wait here for the first report? (n)", "")?;
    screen.await_words("ended with 0")?;
    assert_eq!(fs::read_to_string(town.config())?, written);
    assert_eq!(receiver.json(&["contacts", "list"])?, contacts);
    Ok(())
}

#[test]
fn run_as_root_it_acts_as_the_user_whose_the_state_directory_is() -> anyhow::Result<()> {
    const NOBODY: u32 = 65_534;
    let town = Town::new()?;
    for dir in [town.dir.path(), &town.vendor()] {
        fs::set_permissions(dir, fs::Permissions::from_mode(0o755))?;
    }
    let state = town.vendor().join("state");
    fs::create_dir(&state)?;
    chown(&state, Some(NOBODY), Some(NOBODY))?;
    let receiver = town.receiver()?.copied_to(town.dir.path())?;
    receiver
        .with_env("MAILBEAT_SETUP_PASSWORD", "reports-pw")
        .with_env("MAILBEAT_SETUP_OUTGOING_PASSWORD", "reports-pw")
        .run(&["setup", "--answers", utf8(&town.answers()?)?])?;
    let whose = |path: &Path| -> anyhow::Result<(u32, u32)> {
        let file = fs::metadata(path).with_context(|| path.display().to_string())?;
        Ok((file.uid(), file.mode() & 0o777))
    };
    for name in ["receiver.db", "vendor.key", "encryption.keys"] {
        assert_eq!(whose(&state.join(name))?.0, NOBODY, "{name}");
    }
    for name in ["receiver-imap-password", "receiver-smtp-password"] {
        assert_eq!(whose(&town.vendor().join(name))?, (NOBODY, 0o600), "{name}");
    }
    let contracts: Vec<PathBuf> = fs::read_dir(town.customer())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "contract"))
        .collect();
    assert_eq!(contracts.len(), 1, "{contracts:?}");
    assert_eq!(whose(&contracts[0])?, (0, 0o600), "the contract is the person's");
    assert!(!state.join("setup.contract").exists(), "nothing is left where it passed");
    Ok(())
}

#[test]
fn a_mailbox_by_oauth_is_signed_in_to_on_the_way() -> anyhow::Result<()> {
    let town = Town::around(Lab::builder().users(&["operator"]).oauth(3_600).start()?)?;
    let (lab, ports) = (&town.lab, town.lab.ports());
    let screen = town.setup("oauth-vendor", "")?;
    town.to_the_mailbox(&screen)?;
    screen.choose("? How is it read?", 1)?;
    screen.choose("? Whose account is it?", 2)?;
    screen.answer("? The OAuth server's address (issuer):", &lab.issuer())?;
    screen.answer("? Scopes:", "mail")?;
    screen.choose("? Who agrees that the account is used?", 3)?;
    screen.answer("? The application's id (client id):", "mailbeat")?;
    screen.answer("? Mail server:", "127.0.0.1")?;
    screen.answer("? How is the connection made private?", "")?;
    screen.answer("? Port:", &ports.imaps.to_string())?;
    screen.answer("? User name:", "")?;
    town.trust(&screen)?;
    screen.answer("? Folders to read:", "")?;
    screen.answer("? How do notifications leave?", "")?;
    screen.answer("? Sender of the notifications:", "")?;
    screen.answer("? Mail server:", "127.0.0.1")?;
    screen.choose("? How is the connection made private?", 1)?;
    screen.answer("? Port:", &ports.submissions.to_string())?;
    screen.answer("? How is the server's certificate believed?", "")?;
    screen.answer("? CA file:", "")?;
    screen.answer("? Working language:", "")?;
    screen.answer("? Who is told?", "")?;
    screen.answer("? Write this?", "")?;
    let shown = screen.await_words("user_code=")?;
    let address = shown.split_whitespace().find(|word| word.contains("user_code=")).context("an address")?;
    lab.browser().open(address, "reports")?;
    screen.answer("Also send a test mail to operator@example.test?", "")?;
    screen.await_words("Issue a contract for a customer now?")?;
    await_mail(lab, "operator", &["Test of outgoing mail"])?;
    Ok(())
}

fn hostname() -> anyhow::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/hostname")?.trim().to_owned())
}
