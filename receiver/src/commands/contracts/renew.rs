//! `contracts renew`: the next revision of a contract, and its login on the relay at the same moment.
//!
//! Repeated after a failure it makes one revision more. A login that ends is shut out before anything else, so that none is forgotten
//! that no contract names any more; a new password is let in after the database knows the contract that holds it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use mailbeat_shared::durable::{self, Access};
use mailbeat_shared::wire::contract::{Contract, SealedContract, file_name};

use super::super::Desk;
use super::{midnight, relay};
use crate::cli::Renew;
use crate::issuing::{self, Login, Renewal};
use crate::keyring::Keyring;

/// `contracts renew`.
pub(super) fn run(desk: &Desk, wish: &Renew) -> anyhow::Result<()> {
    let number = &wish.number;
    let key = issuing::load(&desk.config.vendor_key())?;
    let held = desk.reader()?.read(|tx| tx.contract(number))?;
    let held = held.with_context(|| format!("there is no contract {number}; `contracts list` shows them"))?;
    ensure!(held.terms.revoked_at.is_none(), "contract {number} is revoked for good; issue a new one");
    let before = SealedContract::open(held.file.as_bytes())?.contract;
    // Before anything is changed: a command that ends with an error is given again.
    let to = mailed_to(desk, held.terms.customer)?;
    let login = wish.relay.then(|| relay::draw(desk, number)).transpose()?;
    let renewal = Renewal {
        valid_until: wish.valid_until.map(|day| midnight(day.tomorrow()?)).transpose()?,
        login: match &login {
            Some(login) => Login::New(login.relay.clone()),
            None if wish.no_relay => Login::Ended,
            None => Login::AsItWas,
        },
        encryption_key: Keyring::load(&desk.config.encryption_keys())?.newest(),
    };
    let contract = issuing::renew(&before, renewal, &key.public(), desk.now)?;
    let out = wish.out.clone().unwrap_or_else(|| PathBuf::from(file_name(number, contract.revision)));
    ensure!(!out.exists(), "{} is there already; name another file with --out", out.display());
    let sealed = SealedContract { file: contract.seal(&key), contract };
    let ended = match &login {
        Some(login) => login.end_other(before.relay.as_ref())?,
        None if wish.no_relay => relay::shut_out(desk.config.relay.as_ref(), &held.file)?,
        None => None,
    };
    desk.write(|tx| tx.put_contract(&sealed, held.terms.enrollment, desk.now))?;
    let admitted = login.map(relay::NewLogin::replace).transpose()?;
    durable::replace(&out, sealed.file.as_bytes(), Access::Private)
        .with_context(|| format!("writing {}", out.display()))?;
    let relay: Vec<String> = ended.into_iter().chain(admitted).collect();
    let contract = &sealed.contract;
    desk.show(
        &serde_json::json!({
            "number": number, "revision": contract.revision, "customer": contract.customer, "file": out, "relay": relay,
        }),
        &told(&before, contract, &out, &relay, &mailed(&before, contract, to.as_deref())),
    )
}

/// To whom the receiver mails a renewal of this customer by itself; `None`: to nobody, that is for people.
fn mailed_to(desk: &Desk, customer: i64) -> anyhow::Result<Option<Vec<String>>> {
    let policy = desk.config.load_rules()?.contract_ending;
    if !policy.mail_renewal || policy.days.is_empty() {
        return Ok(None);
    }
    let contacts = desk.reader()?.read(|tx| tx.contacts_to_write_to(customer))?;
    Ok(Some(contacts.into_iter().map(|contact| contact.email).collect()))
}

/// What becomes of a file that ends later than the one before.
fn mailed(before: &Contract, contract: &Contract, to: Option<&[String]>) -> String {
    let is_longer =
        before.valid_until.is_some_and(|end| contract.valid_until.is_none_or(|until| until > end));
    match to.filter(|_| is_longer && contract.relay.is_none()) {
        None => String::new(),
        Some([]) => {
            "The customer has no contact to mail it to: hand it over (`contacts add ADDRESS --customer NAME` makes one).\n".into()
        }
        Some(to) => format!(
            "The running receiver mails it to {} when the end of what is in force on a host comes near (contract_ending in rules.toml).\n",
            to.join(", ")
        ),
    }
}

/// What the operator hands over, and what becomes of the revision before.
fn told(before: &Contract, contract: &Contract, out: &Path, relay: &[String], mailed: &str) -> String {
    let file = out.file_name().unwrap_or_default().to_string_lossy();
    let mut text = format!(
        "Revision {} of contract {} for {} is in {}\n{}, to be taken by every host of the customer:\n  mailbeat-agent activate {file}\n",
        contract.revision,
        contract.number,
        contract.customer,
        out.display(),
        match &contract.relay {
            Some(_) => "It holds the password of its login: give it to the customer by a way you trust",
            None => "It holds no secret and may be mailed",
        },
    );
    text.push_str(mailed);
    let _ = writeln!(
        text,
        "A new host takes the contract's first file before. Hosts that do not take this one go on under revision {}.",
        before.revision
    );
    for line in relay {
        let _ = writeln!(text, "{line}");
    }
    text + match (&before.relay, &contract.relay) {
        (None, Some(_)) => {
            "Agents without a [[route]] send by the relay then; beside other routes it wants [[route]] type = \"relay\"."
        }
        (Some(before), Some(now)) if before != now => {
            "Hosts that send by the relay are refused with the old password from now on. Their reports wait until they have this file."
        }
        (Some(_), None) => {
            "Hosts that send by the relay are refused from now on. Their reports wait until agent.toml has another [[route]]."
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use mailbeat_shared::wire::contract::EnrollmentSecret;
    use mailbeat_shared::wire::signature::SigningKey;

    use super::*;
    use crate::issuing::{IssueRequest, Terms, issue};

    #[test]
    fn who_is_mailed_a_renewal_is_said_or_the_command_that_names_somebody() {
        let now = Timestamp::UNIX_EPOCH;
        let (usual, vendor) =
            (Terms::new("Example GmbH", "r@v.example"), SigningKey::from_seed(&[7; 32], "v"));
        let until = |days: i64| {
            let valid_until = Some(now + SignedDuration::from_hours(24 * days));
            let request = IssueRequest { customer: "ACME".into(), valid_until, ..IssueRequest::default() };
            let secret = EnrollmentSecret::from_random([9; 32]);
            issue(request, &usual, &[], &vendor.public(), secret, now).unwrap()
        };
        let said = |to: Option<&[String]>| mailed(&until(30), &until(60), to);
        assert!(said(Some(&[])).contains("`contacts add ADDRESS --customer NAME`"), "{}", said(Some(&[])));
        let paula = ["paula@acme.example".to_owned()];
        assert!(said(Some(&paula)).contains("mails it to paula@acme.example when"), "{}", said(Some(&paula)));
        assert_eq!(said(None), "", "nobody is mailed by itself");
        assert_eq!(mailed(&until(60), &until(60), Some(&paula)), "", "it ends as the one before");
    }
}
