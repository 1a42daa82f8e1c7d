//! The wizard, driven in a real terminal from nothing to a confirmed test report; and the same from a file of answers.

mod as_root;
mod installed;

use std::fs;

use anyhow::Context as _;
use mailbeat_tests::office::{Office, RULES, Way};
use mailbeat_tests::programs::{Build, Installed, Program, file};
use mailbeat_tests::screen::Screen;

const CUSTOMER: &str = "ACME Wasserwerke";

#[test]
fn from_nothing_to_a_confirmed_test_report_with_the_wizard_alone() -> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let (vendor, ports) = (&office.vendor, office.lab.ports());
    let contract = vendor.issue(CUSTOMER, 86_400, 604_800)?;
    vendor.receiver.run(&[
        "contacts",
        "add",
        "Carla Kundin <customer@example.test>",
        "--customer",
        CUSTOMER,
    ])?;
    let _receiver = vendor.start()?;
    let dir = office.dir().join("new");
    fs::create_dir(&dir)?;
    let config = dir.join("agent.toml");
    let agent = file(Program::Agent, Build::Ordinary)?;
    let command = format!(
        "NO_COLOR=1 LANG=C MAILBEAT_STATE_DIR={:?} {} setup --config {:?}",
        dir.join("state"),
        agent.display(),
        config
    );
    let screen = Screen::open("wizard", &command)?;
    screen.answer("Language / Sprache", "")?;
    screen.answer("The contract file", "/nowhere/acme.contract")?;
    screen.await_words("the file cannot be read")?;
    for _ in 0.."/nowhere/acme.contract".len() {
        screen.press("BSpace")?;
    }
    screen.answer("The contract file", contract.to_str().context("UTF-8")?)?;
    screen.answer("A heartbeat every", "1h")?;
    screen.await_words("A system report every")?;
    screen.press("Escape")?; // back
    screen.answer("? A heartbeat every", "")?;
    screen.answer("? A system report every", "")?;
    screen.answer("What may be said about this host?", "")?;
    screen.answer("Which configuration files are watched?", "")?;
    screen.answer("Other files:", "/etc/hostname")?;
    screen.answer("How does mail leave?", "")?;
    screen.answer("Sender's mail address:", "agent1@example.test")?;
    screen.answer("? Mail server:", &format!("127.0.0.1:{}", ports.submission))?;
    screen.answer("? Is that right?", "n")?;
    screen.answer("How is the connection made private?", "")?;
    screen.answer("? Port:", "")?;
    screen.answer("? User name:", "")?;
    screen.answer("? Password:", "wrong-pw")?;
    screen.await_words("How is the server's certificate believed?")?;
    screen.press("Down")?;
    screen.press("Enter")?;
    screen.answer("? CA file:", office.lab.ca().to_str().context("UTF-8")?)?;
    let review = screen.await_words("Write this?")?;
    assert!(review.contains("+ host = \"127.0.0.1\"") && !review.contains("wrong-pw"), "{review}");
    assert!(!config.exists(), "nothing is written before it is confirmed");
    screen.press("Enter")?;

    let failed = screen.await_words("How to go on?")?;
    assert!(failed.contains("The server does not know this user name or password"), "{failed}");
    screen.press("Enter")?; // change the mail account
    screen.answer("? How does mail leave?", "")?;
    screen.answer("? Sender's mail address:", "")?;
    screen.answer("? Mail server:", "")?;
    screen.answer("? Is that right?", "y")?;
    screen.answer("? Password:", "agent1-pw")?;
    screen.answer("the same? [yes/no]", "yes")?;
    screen.answer("Do you agree that this is sent?", "yes")?;
    let answer = office.await_mail("customer", &["--confirm"])?;
    let (_, rest) = answer.split_once("--confirm ").context("the answer carries a code")?;
    screen.answer("Code from the vendor's mail:", rest.split_whitespace().next().context("a code")?)?;
    screen.await_words("the vendor received #")?;
    let status = screen.await_words("5. Status")?;
    assert!(!status.contains("agent1-pw"), "{status}");
    // Whether a service is offered depends on the machine the story is told on.
    vendor.await_system(&hostname()?, "alive")?;

    let written = fs::read_to_string(&config)?;
    for line in ["# How mail leaves, in this order.", "include = [\"/etc/hostname\"]", "#log = \"info\""] {
        assert!(written.contains(line), "{line} is not in\n{written}");
    }
    assert!(!written.contains("agent1-pw"), "the password lies in a file of its own");
    let password = dir.join("smtp-password");
    assert_eq!(fs::read_to_string(&password)?, "agent1-pw\n");
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(fs::metadata(&password)?.permissions().mode() & 0o777, 0o600);
    Ok(())
}

#[test]
fn a_set_up_that_is_stopped_writes_nothing_and_goes_on_where_it_was() -> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let contract = office.vendor.issue(CUSTOMER, 86_400, 604_800)?;
    let config = office.dir().join("agent.toml");
    let agent = file(Program::Agent, Build::Ordinary)?;
    let command = format!(
        "NO_COLOR=1 MAILBEAT_STATE_DIR={:?} {} setup --lang de --config {config:?}",
        office.dir().join("state"),
        agent.display()
    );
    let screen = Screen::open("stopped", &command)?;
    screen.answer("Language / Sprache", "")?;
    screen.answer("Die Vertragsdatei Ihres Herstellers:", contract.to_str().context("UTF-8")?)?;
    screen.answer("Ein Heartbeat alle", "2h")?;
    screen.await_words("Ein Systembericht alle")?;
    screen.press("C-c")?;
    screen.await_words("Nichts wurde geschrieben")?;
    screen.await_words("ended with 1")?;
    assert!(!config.exists());
    let screen = Screen::open("resumed", &command)?;
    screen.answer("Language / Sprache", "")?;
    screen.answer("Weitermachen, wo Sie aufhörten?", "")?;
    screen.answer("Die Vertragsdatei Ihres Herstellers:", "")?;
    screen.await_words("(2h)")?;
    Ok(())
}

#[test]
fn what_a_german_administrator_agrees_to_is_said_in_german_and_their_ja_is_a_yes() -> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let contract = office.vendor.issue(CUSTOMER, 86_400, 604_800)?;
    let host = office.host("scada-01", &office.route("office", Way::Starttls, "agent1"))?;
    let config = host.dir.join("agent.toml");
    fs::write(&config, format!("locale = \"de\"\n{}", fs::read_to_string(&config)?))?;
    let agent = file(Program::Agent, Build::Ordinary)?;
    let command = format!("{} activate {contract:?} --config {config:?}", agent.display());
    let screen = Screen::open("german", &command)?;
    screen.answer("Ist er derselbe? [ja/nein]", "ja")?;
    let shown = screen.await_words("Stimmen Sie zu, dass dies gesendet wird? [j/N]")?;
    for words in
        ["Ein Heartbeat alle 86400 s mit: CPU, Arbeitsspeicher", "Über: office (von agent1@example.test)"]
    {
        assert!(shown.contains(words), "{words} is not in\n{shown}");
    }
    screen.answer("[j/N]", "ja")?;
    screen.await_words("Aktiviert. Dieses System ist")?;
    screen.await_words("Ihr Mailserver hat Berichte angenommen")?;
    assert_eq!(host.agent.json(&["status"])?["activated"], true);
    Ok(())
}

#[test]
fn a_file_of_answers_sets_a_host_up_without_asking() -> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let (vendor, ports) = (&office.vendor, office.lab.ports());
    let contract = vendor.issue(CUSTOMER, 86_400, 604_800)?;
    let _receiver = vendor.start()?;
    let dir = office.dir().join("new");
    fs::create_dir(&dir)?;
    fs::copy(vendor.key_file(), dir.join("vendor.pub"))?;
    let answers = dir.join("answers.toml");
    fs::write(
        &answers,
        format!(
            "contract = {contract:?}\nheartbeat = \"1h\"\nwatch = [\"/etc/hostname\"]\n\n[mail]\nby = \"server\"\nfrom = \"agent1@example.test\"\nhost = \"127.0.0.1\"\nport = {}\nusername = \"agent1@example.test\"\ntls_ca = {:?}\n",
            ports.submission,
            office.lab.ca()
        ),
    )?;
    let agent = Installed::new(Program::Agent, Build::Ordinary, &dir.join("agent.toml"))?;
    let agent = agent
        .with_env("MAILBEAT_STATE_DIR", dir.join("state").to_str().context("UTF-8")?)
        .with_env("MAILBEAT_SETUP_PASSWORD", "agent1-pw");
    let answers = answers.to_str().context("UTF-8")?;
    let dry = agent.run(&["setup", "--answers", answers, "--dry-run"])?;
    assert!(dry.contains("+ host = \"127.0.0.1\"") && !dir.join("agent.toml").exists(), "{dry}");
    assert_eq!(agent.output(&["setup", "--answers", answers])?.status.code(), Some(2), "nobody agreed");
    assert!(!dir.join("agent.toml").exists());
    let page = agent.run(&["setup", "--answers", answers, "--accept"])?;
    assert!(page.contains("Activated.") && page.contains("accepted (route"), "{page}");
    vendor.await_system(&hostname()?, "alive")?;
    // Once more changes nothing and is fine: the contract is in force, and the file says the same.
    let written = fs::read_to_string(dir.join("agent.toml"))?;
    let rest = fs::read_to_string(answers)?.replace(&format!("contract = {contract:?}\n"), "");
    fs::write(answers, rest)?;
    agent.run(&["setup", "--answers", answers])?;
    assert_eq!(fs::read_to_string(dir.join("agent.toml"))?, written);
    // Without a terminal and without answers nobody can be asked.
    assert_eq!(agent.output(&["setup"])?.status.code(), Some(2));
    Ok(())
}

fn hostname() -> anyhow::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/hostname")?.trim().to_owned())
}
