//! The questions, page by page: Contract, Capture, Mail. All sentences are English; their German is in [`super::words`].

use std::path::{Path, PathBuf};
use std::rc::Rc;

use mailbeat_shared::wire::contract::SealedContract;
use mailbeat_shared::wire::mail;
use mailbeat_shared::wizard::account::Account;
use mailbeat_shared::wizard::oauth::SignIn;
use mailbeat_shared::wizard::{Asker, Check, Move, Question, Reply, address, providers};

use super::{Draft, Way, interval, switched};
use crate::watch::WatchConfig;
use crate::words;

/// The pages before anything is written.
pub const QUESTIONS: &[Question<Draft>] = &[
    keep_contract,
    contract,
    heartbeat,
    system,
    items,
    files,
    more_files,
    way,
    from,
    |draft, asker| sign_in(draft, |sign_in, _| sign_in.ask_provider(asker)),
    |draft, asker| sign_in(draft, |sign_in, from| sign_in.ask_tenant(from, asker)),
    |draft, asker| sign_in(draft, |sign_in, _| sign_in.ask_issuer(asker)),
    |draft, asker| sign_in(draft, |sign_in, _| sign_in.ask_scopes(asker)),
    |draft, asker| sign_in(draft, |sign_in, _| sign_in.ask_grant(asker)),
    |draft, asker| sign_in(draft, |sign_in, _| sign_in.ask_client(asker)),
    |draft, asker| sign_in(draft, |sign_in, _| sign_in.ask_proof(asker)),
    |draft, asker| sign_in(draft, |sign_in, _| sign_in.ask_key(asker)),
    |draft, asker| server(draft, |account| account.ask_host(asker)),
    |draft, asker| server(draft, |account| account.ask_usual(asker)),
    |draft, asker| server(draft, |account| account.ask_tls(asker)),
    |draft, asker| server(draft, |account| account.ask_port(asker)),
    |draft, asker| logon(draft, |account| account.ask_username(asker)),
    |draft, asker| logon(draft, |account| account.ask_password(asker)),
    |draft, asker| server(draft, |account| account.ask_trust(asker)),
    |draft, asker| server(draft, |account| account.ask_authority(asker)),
    |draft, asker| server(draft, |account| account.ask_pin(asker)),
];
/// The page that is asked again when a test of the mail account failed.
pub const MAIL: &[Question<Draft>] = QUESTIONS.split_at(7).1;

/// Files that are worth watching on many hosts; those that are there are offered.
const WORTH_WATCHING: [&str; 12] = [
    "/etc/hosts",
    "/etc/fstab",
    "/etc/resolv.conf",
    "/etc/ssh/sshd_config",
    "/etc/crontab",
    "/etc/network/interfaces",
    "/etc/netplan",
    "/etc/nginx",
    "/etc/apache2",
    "/etc/postgresql",
    "/etc/mysql",
    "/etc/docker/daemon.json",
];

fn keep_contract(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    asker.say("\n1. Contract");
    let Some(contract) = draft.contract.as_ref().filter(|_| draft.contract_file.is_none()) else {
        return Move::Skip;
    };
    let question = format!(
        "Contract {} of {} with {} is in force.",
        contract.number, contract.customer, contract.vendor
    );
    let options = ["Keep it".to_owned(), "Activate with another contract file".to_owned()];
    match asker.choose(&question, "", &options, 0) {
        Reply::Given(0) => Move::Next,
        Reply::Given(_) => {
            draft.contract_file = Some(PathBuf::new());
            Move::Next
        }
        Reply::Back => Move::Back,
        Reply::Quit => Move::Quit,
    }
}

fn contract(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    if draft.contract.is_some() && draft.contract_file.is_none() {
        return Move::Skip;
    }
    let before = draft.contract_file.as_ref().filter(|file| !file.as_os_str().is_empty());
    let before = before.or(draft.nearby.as_ref()).map_or_else(String::new, |file| file.display().to_string());
    let check: Check = Rc::new(|file| open_contract(Path::new(file)).map(drop));
    let asked = asker.text(
        "The contract file from your vendor:",
        "Without one nothing is ever sent.",
        &before,
        check,
    );
    let mut summary = String::new();
    let moved = asked.then(|file| {
        if let Ok(sealed) = open_contract(Path::new(&file)) {
            let contract = sealed.contract;
            summary = format!(
                "Contract {} for {} from {}; reports go to {}.",
                contract.number,
                contract.customer,
                contract.vendor,
                contract.report_addresses.join(", ")
            );
            draft.contract = Some(contract);
        }
        draft.contract_file = Some(file.into());
    });
    if !summary.is_empty() {
        asker.say(&summary);
    }
    moved
}

/// Reads a contract; whether its signer is to be believed is asked at the activation.
///
/// # Errors
/// What is wrong with the file, a sentence.
pub fn open_contract(file: &Path) -> Result<SealedContract, String> {
    if file.as_os_str().is_empty() {
        return Err("a file is needed".into());
    }
    let bytes = std::fs::read(file).map_err(|error| format!("the file cannot be read: {error}"))?;
    SealedContract::open(&bytes).map_err(|error| format!("this is no contract: {error}"))
}

fn heartbeat(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    asker.say("\n2. Capture");
    let allowed = draft.contract.as_ref().map(|contract| contract.heartbeat_interval_s);
    let ours = draft.heartbeat_interval_s.or(allowed.map(|allowed| allowed.default)).unwrap_or(3_600);
    let check: Check = Rc::new(move |text| interval::within(text, allowed));
    let asked = asker.text(
        "A heartbeat every",
        "A short mail that says the host lives, with numbers.",
        &interval::shown(ours),
        check,
    );
    asked.then(|text| draft.heartbeat_interval_s = wish(&text, allowed.map(|allowed| allowed.default)))
}

fn system(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    let allowed = draft.contract.as_ref().map(|contract| contract.system_interval_s);
    let ours = draft.system_interval_s.or(allowed.map(|allowed| allowed.default)).unwrap_or(86_400);
    let check: Check = Rc::new(move |text| interval::within(text, allowed));
    let asked = asker.text(
        "A system report every",
        "What changed: watched files, packages, updates.",
        &interval::shown(ours),
        check,
    );
    asked.then(|text| draft.system_interval_s = wish(&text, allowed.map(|allowed| allowed.default)))
}

/// A length, where it differs from what the contract says anyway.
fn wish(text: &str, default: Option<u32>) -> Option<u32> {
    interval::seconds(text).filter(|seconds| Some(*seconds) != default)
}

fn items(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    let (all, words) = (switched(), words::items(draft.locale));
    let title =
        |name: &str| words.item.get(name).map_or_else(|| name.to_owned(), |words| words.title.clone());
    let options: Vec<String> = all.iter().map(|item| title(item.name())).collect();
    let on: Vec<usize> = (0..all.len()).filter(|at| draft.items.contains(&all[*at])).collect();
    let help = "Each can be switched off; `mailbeat-agent disclose` explains each.";
    let asked = asker.choose_many("What may be said about this host?", help, &options, &on);
    asked.then(|chosen| draft.items = chosen.into_iter().filter_map(|at| all.get(at).copied()).collect())
}

fn files(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    let mut options: Vec<String> = draft.watch.clone();
    let there = WORTH_WATCHING.iter().filter(|path| Path::new(path).exists());
    options.extend(there.map(|path| (*path).to_owned()).filter(|path| !draft.watch.contains(path)));
    if options.is_empty() {
        return Move::Skip;
    }
    let on: Vec<usize> = (0..draft.watch.len()).collect();
    let help = "Passwords and keys in them are taken out before anything is stored or sent.";
    let asked = asker.choose_many("Which configuration files are watched?", help, &options, &on);
    asked.then(|chosen| draft.watch = chosen.into_iter().filter_map(|at| options.get(at).cloned()).collect())
}

fn more_files(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    let check: Check = Rc::new(|text| {
        let include = text.split_whitespace().map(str::to_owned).collect();
        let faults = WatchConfig { include, ..WatchConfig::default() }.faults();
        faults.into_iter().next().map_or(Ok(()), Err)
    });
    let help = "Absolute paths or patterns such as /opt/app/**/*.conf, with blanks between; empty: no more.";
    asker.text("Other files:", help, "", check).then(|text| {
        for path in text.split_whitespace().map(str::to_owned) {
            if !draft.watch.contains(&path) {
                draft.watch.push(path);
            }
        }
    })
}

/// How mail may leave. A server is always possible, the rest where there is something to it.
fn way(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    asker.say("\n3. Mail");
    let mut ways = vec![
        (Way::Server, "By your own mail server, or a mail account with a password".to_owned()),
        (Way::OAuth, "By a mail account that signs in by OAuth (Microsoft 365, Google, other)".to_owned()),
    ];
    if let Some(relay) = draft.contract.as_ref().and_then(|contract| contract.relay.as_ref()) {
        ways.push((Way::Relay, format!("By the vendor's relay ({})", relay.host)));
    }
    ways.extend(
        draft.kept.as_ref().map(|name| (Way::Keep, format!("By the route {name}, as it is configured"))),
    );
    let now = ways.iter().position(|(way, _)| *way == draft.way).unwrap_or(0);
    let options: Vec<String> = ways.iter().map(|(_, words)| words.clone()).collect();
    let asked = asker.choose("How does mail leave?", "", &options, now);
    asked.then(|chosen| draft.way = ways.get(chosen).map_or(Way::Server, |(way, _)| *way))
}

fn from(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    if !matches!(draft.way, Way::Server | Way::OAuth) {
        return Move::Skip;
    }
    let help = "The account reports are sent from; bounces come back to it.";
    let mut note = "";
    let protocol = draft.account.protocol;
    let asked = asker.text("Sender's mail address:", help, &draft.from, address());
    let moved = asked.then(|address| {
        if draft.account.host.is_empty() || draft.from != address {
            let proposal = providers::propose(&address, protocol, &providers::offer(asker, &address));
            draft.account.propose(&proposal, mail::bare_address(&address).unwrap_or_default());
            note = proposal.note;
        }
        draft.from = address;
    });
    if !note.is_empty() && draft.way == Way::Server {
        asker.say(note);
    }
    moved
}

/// A question about signing in, with the sender's address.
fn sign_in(draft: &mut Draft, ask: impl FnOnce(&mut SignIn, &str) -> Move) -> Move {
    if draft.way == Way::OAuth { ask(&mut draft.sign_in, &draft.from) } else { Move::Skip }
}

/// A question about the server, where it is not the provider's own.
fn server(draft: &mut Draft, ask: impl FnOnce(&mut Account) -> Move) -> Move {
    let asked = match draft.way {
        Way::Server => true,
        Way::OAuth => !draft.sign_in.knows_servers(),
        Way::Relay | Way::Keep => false,
    };
    if asked { ask(&mut draft.account) } else { Move::Skip }
}

/// A question about user name and password.
fn logon(draft: &mut Draft, ask: impl FnOnce(&mut Account) -> Move) -> Move {
    if draft.way == Way::Server { ask(&mut draft.account) } else { Move::Skip }
}
