//! Mail accounts by OAuth, over a real OAuth server that Dovecot and, through it, Postfix ask about every token.

mod canary;
mod trouble;

use std::path::PathBuf;

use anyhow::Context as _;
use mailbeat_tests::lab::Lab;
use mailbeat_tests::office::{Office, RULES};
use mailbeat_tests::programs::{Installed, wait_for};
use mailbeat_tests::world::{Host, PATIENCE};
use serde_json::Value;

/// How an account signs in, for an `oauth` table.
#[derive(Clone, Copy)]
enum Account {
    /// By a secret, as the application of this name.
    Secret(&'static str),
    /// By the lab's certificate, as `agent2`.
    Certificate,
    /// By a person.
    Person(&'static str),
}

/// The lines of an `oauth` table.
fn account(lab: &Lab, account: Account) -> anyhow::Result<String> {
    let common = format!(
        "provider = \"other\"\nissuer = {:?}\nscopes = [\"mail\"]\ntls_ca = {:?}\n",
        lab.issuer(),
        lab.ca()
    );
    let own = match account {
        Account::Secret(name) => {
            // The lab knows both ways to send a secret.
            let way = if name == "reports" { "client_auth = \"post\"\n" } else { "" };
            let file = lab.secret_file(name)?;
            format!(
                "grant = \"client_credentials\"\nclient_id = {name:?}\nclient_secret_file = {file:?}\n{way}"
            )
        }
        Account::Certificate => {
            let tls = lab.dir().join("tls");
            format!(
                "grant = \"client_credentials\"\nclient_id = \"agent2\"\ncertificate_file = {:?}\nkey_file = {:?}\n",
                tls.join("application.pem"),
                tls.join("application.key")
            )
        }
        Account::Person(grant) => format!("grant = {grant:?}\nclient_id = \"mailbeat\"\n"),
    };
    Ok(common + &own)
}

/// A `[[route]]` by submission; `more` belongs to the route's own keys.
fn route(lab: &Lab, name: &str, user: &str, how: Account, more: &str) -> anyhow::Result<String> {
    let address = lab.user(user).address;
    Ok(format!(
        "[[route]]\nname = {name:?}\ntype = \"smtp\"\nfrom = {address:?}\nhost = \"127.0.0.1\"\nport = {}\nauth = \"oauth\"\nusername = {address:?}\ntls_ca = {:?}\n{more}[route.oauth]\n{}",
        lab.ports().submission,
        lab.ca(),
        account(lab, how)?
    ))
}

/// The vendor's tables: one account for reading and sending. `way` is port and TLS of the mailbox.
fn transport(lab: &Lab, how: Account, way: &str) -> anyhow::Result<String> {
    let (address, ca) = (lab.user("reports").address, lab.ca());
    let oauth = account(lab, how)? + "account = \"vendor\"\n";
    Ok(format!(
        "[[mailbox]]\ntype = \"imap\"\nname = \"reports\"\nhost = \"127.0.0.1\"\nauth = \"oauth\"\nusername = {address:?}\npoll_interval_s = 1\n{way}\n\
         [mailbox.oauth]\n{oauth}\n\
         [outgoing]\ntype = \"smtp\"\nfrom = \"Mailbeat <{address}>\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"implicit\"\nauth = \"oauth\"\nusername = {address:?}\ntls_ca = {ca:?}\n\
         [outgoing.oauth]\n{oauth}",
        lab.ports().submissions
    ))
}

fn imaps(lab: &Lab) -> String {
    format!("port = {}\ntls_ca = {:?}\n", lab.ports().imaps, lab.ca())
}

/// An office whose vendor signs in by this account; access tokens last so many seconds.
fn office(seconds: u32, how: Account, rules: &str) -> anyhow::Result<Office> {
    let lab = Lab::builder().users(&["operator"]).oauth(seconds).start()?;
    let transport = transport(&lab, how, &imaps(&lab))?;
    Office::among(lab, &transport, rules)
}

/// Signs in: the program waits, the address it shows is opened in a browser. `--device` or `--browser`.
fn sign_in(office: &Office, program: &Installed, manner: &str, login: &str) -> anyhow::Result<String> {
    let log = office.dir().join(format!("sign-in-{login}-{}.log", std::process::id()));
    let _ = std::fs::remove_file(&log);
    let mut waiting = program.start(&["oauth", "login", manner], &log)?;
    let said = || waiting.log();
    let address = wait_for("the program to show an address", PATIENCE, || {
        let said = said();
        let wanted = if manner == "--device" { "user_code=" } else { "code_challenge=" };
        Ok(said.split_whitespace().find(|word| word.contains(wanted)).map(str::to_owned))
    })
    .with_context(said)?;
    let ended_at = office.lab.browser().open(&address, login)?;
    let ended = wait_for("the sign-in to end", PATIENCE, || Ok(waiting.ended()))?;
    anyhow::ensure!(ended.success(), "{}", waiting.log());
    Ok(ended_at)
}

/// The file an account's tokens are in.
fn tokens(state: &std::path::Path, account: &str) -> PathBuf {
    state.join("oauth").join(format!("{account}.json"))
}

fn refresh_token(host: &Host, account: &str) -> anyhow::Result<String> {
    let kept: Value = serde_json::from_slice(&std::fs::read(tokens(&host.dir.join("state"), account))?)?;
    Ok(kept["refresh"]["token"].as_str().context("no refresh token is kept")?.to_owned())
}

#[test]
fn both_programs_work_by_tokens_alone_with_a_secret_and_with_a_certificate() -> anyhow::Result<()> {
    let office = office(6, Account::Secret("reports"), RULES)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 1, 3_600)?;
    let _receiver = office.vendor.start()?;
    for (name, user, how) in
        [("scada-01", "agent1", Account::Secret("agent1")), ("scada-02", "agent2", Account::Certificate)]
    {
        let host = office.host(name, &route(&office.lab, "office", user, how, "")?)?;
        host.activate(&office.vendor, &contract)?;
        let agent = host.start()?;
        office.vendor.await_system(name, "alive")?;
        if name == "scada-02" {
            // Longer than a token lasts: the next ones come by themselves.
            let sent = host.agent.json(&["status"])?["last_accepted"]["sequence"].as_u64().unwrap_or(0);
            host.await_sent(sent + 9)?;
            continue;
        }
        agent.kill();
        office.vendor.await_ticket("heartbeat-missing", name, "open")?;
    }
    office.await_mail("operator", &["scada-01"])?;
    let signed_in = office.lab.logs();
    anyhow::ensure!(signed_in.contains("OAUTHBEARER"), "the token was not what let them in:\n{signed_in}");
    Ok(())
}

#[test]
fn a_person_signs_in_by_a_code_and_every_refresh_keeps_a_new_refresh_token() -> anyhow::Result<()> {
    let office = office(3_600, Account::Secret("reports"), RULES)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 3_600, 36_000)?;
    let host = office
        .host("scada-01", &route(&office.lab, "office", "agent1", Account::Person("device_code"), "")?)?;
    host.activate(&office.vendor, &contract)?;
    assert!(!host.send("test")?, "nobody has signed in");
    let why = host.last_failure()?;
    assert!(why.contains("mailbeat-agent oauth login office"), "{why}");

    sign_in(&office, &host.agent, "--device", "agent1")?;
    assert!(host.send("test")?, "{}", host.last_failure()?);
    let first = refresh_token(&host, "office")?;
    office.lab.expire_access_tokens()?;
    assert!(host.send("test")?, "one forced refresh: {}", host.last_failure()?);
    let second = refresh_token(&host, "office")?;
    assert_ne!(first, second, "the provider rotates, and the new one is kept");

    let shown = host.agent.json(&["oauth", "status"])?;
    assert_eq!(shown[0]["account"], "office");
    assert!(shown[0]["consented_at"].is_string() && shown[0]["refusing"].is_null(), "{shown:#}");
    host.agent.run(&["oauth", "forget", "office"])?;
    assert!(!tokens(&host.dir.join("state"), "office").exists());
    assert!(!host.send("test")?, "it was forgotten");
    Ok(())
}

#[test]
fn a_person_signs_in_by_the_browser_of_this_machine() -> anyhow::Result<()> {
    let office = office(3_600, Account::Secret("reports"), RULES)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 3_600, 36_000)?;
    let account = Account::Person("authorization_code");
    let more = "";
    let host = office.host("scada-01", &route(&office.lab, "office", "agent1", account, more)?)?;
    host.activate(&office.vendor, &contract)?;
    let ended_at = sign_in(&office, &host.agent, "--browser", "agent1")?;
    assert!(ended_at.starts_with("http://localhost:"), "{ended_at}");
    assert!(host.send("test")?, "{}", host.last_failure()?);
    Ok(())
}

#[test]
fn a_token_for_another_mailbox_opens_nothing_and_the_servers_words_are_told() -> anyhow::Result<()> {
    let office = office(3_600, Account::Secret("reports"), RULES)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 3_600, 36_000)?;
    let host =
        office.host("scada-01", &route(&office.lab, "office", "agent2", Account::Secret("agent1"), "")?)?;
    host.activate(&office.vendor, &contract)?;
    assert!(!host.send("test")?);
    let why = host.last_failure()?;
    assert!(why.starts_with("authentication failed: 535"), "{why}");
    Ok(())
}
