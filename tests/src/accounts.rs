//! Mail accounts by OAuth in stories: tables for both programs, and a person who signs in.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;

use crate::lab::Lab;
use crate::office::Office;
use crate::programs::{Installed, PATIENCE, wait_for};
use crate::world::Host;

/// How an account signs in, for an `oauth` table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// By a secret, as the application of this name.
    Secret(&'static str),
    /// By the lab's certificate, as `agent2`.
    Certificate,
    /// By a person.
    Person(&'static str),
}

/// The lines of an `oauth` table.
///
/// # Errors
/// A secret cannot be written.
pub fn account(lab: &Lab, account: Account) -> anyhow::Result<String> {
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

/// A `[[route]]` by submission, of this user and with this account.
///
/// # Errors
/// As [`account`].
pub fn route(lab: &Lab, name: &str, user: &str, how: Account) -> anyhow::Result<String> {
    let address = lab.user(user).address;
    Ok(format!(
        "[[route]]\nname = {name:?}\ntype = \"smtp\"\nfrom = {address:?}\nhost = \"127.0.0.1\"\nport = {}\nauth = \"oauth\"\nusername = {address:?}\ntls_ca = {:?}\n[route.oauth]\n{}",
        lab.ports().submission,
        lab.ca(),
        account(lab, how)?
    ))
}

/// The vendor's tables: one account for reading and sending. `way` is port and TLS of the mailbox.
///
/// # Errors
/// As [`account`].
pub fn transport(lab: &Lab, how: Account, way: &str) -> anyhow::Result<String> {
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

/// Port and TLS of a mailbox by IMAPS.
#[must_use]
pub fn imaps(lab: &Lab) -> String {
    format!("port = {}\ntls_ca = {:?}\n", lab.ports().imaps, lab.ca())
}

/// An office whose vendor signs in by this account; access tokens last so many seconds.
///
/// # Errors
/// A server or the receiver does not start.
pub fn office(seconds: u32, how: Account, rules: &str) -> anyhow::Result<Office> {
    let lab = Lab::builder().users(&["operator"]).oauth(seconds).start()?;
    let transport = transport(&lab, how, &imaps(&lab))?;
    Office::among(lab, &transport, rules)
}

/// Signs in: the program waits, the address it shows is opened in a browser. `--device` or `--browser`. Gives where the browser
/// ended.
///
/// # Errors
/// The program showed no address, or did not end well: with what it said.
pub fn sign_in(
    lab: &Lab,
    dir: &Path,
    program: &Installed,
    manner: &str,
    login: &str,
) -> anyhow::Result<String> {
    sign_in_with(lab, dir, program, &[manner], login)
}

/// The same with these arguments, where the program has more than one account.
///
/// # Errors
/// As [`sign_in`].
pub fn sign_in_with(
    lab: &Lab,
    dir: &Path,
    program: &Installed,
    manner: &[&str],
    login: &str,
) -> anyhow::Result<String> {
    let log = dir.join(format!("sign-in-{login}-{}.log", std::process::id()));
    let _ = std::fs::remove_file(&log);
    let mut waiting = program.start(&[&["oauth", "login"], manner].concat(), &log)?;
    let said = || waiting.log();
    let address = wait_for("the program to show an address", PATIENCE, || {
        let said = said();
        let wanted = if manner.contains(&"--device") { "user_code=" } else { "code_challenge=" };
        Ok(said.split_whitespace().find(|word| word.contains(wanted)).map(str::to_owned))
    })
    .with_context(said)?;
    let ended_at = lab.browser().open(&address, login)?;
    let ended = wait_for("the sign-in to end", PATIENCE, || Ok(waiting.ended()))?;
    anyhow::ensure!(ended.success(), "{}", waiting.log());
    Ok(ended_at)
}

/// The file an account's tokens are in.
#[must_use]
pub fn tokens(state: &Path, account: &str) -> PathBuf {
    state.join("oauth").join(format!("{account}.json"))
}

/// The refresh token that is kept.
///
/// # Errors
/// There is none.
pub fn refresh_token(host: &Host, account: &str) -> anyhow::Result<String> {
    let kept: Value = serde_json::from_slice(&std::fs::read(tokens(&host.dir.join("state"), account))?)?;
    Ok(kept["refresh"]["token"].as_str().context("no refresh token is kept")?.to_owned())
}
