//! The questions, page by page: Contract, Capture, Mail. All sentences are English; their German is in [`super::words`].

use std::path::{Path, PathBuf};
use std::rc::Rc;

use mailbeat_shared::locale::Locale;
use mailbeat_shared::transport::secret::Secret;
use mailbeat_shared::transport::smtp::TlsMode;
use mailbeat_shared::transport::tls::CertificatePin;
use mailbeat_shared::wire::contract::SealedContract;
use mailbeat_shared::wire::mail;
use mailbeat_shared::wizard::{Asker, Check, Move, Question, Reply, anything};

use super::{Draft, Way, interval, oauth, providers, switched};
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
    oauth::provider,
    oauth::tenant,
    oauth::grant,
    oauth::client,
    oauth::proof,
    oauth::key,
    host,
    tls,
    port,
    username,
    password,
    trust,
    authority,
    pin,
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
    let before = draft.contract_file.as_ref().map_or_else(String::new, |file| file.display().to_string());
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
        (Way::OAuth, "By a mail account at Microsoft 365 or Google (OAuth)".to_owned()),
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

fn by_server(draft: &Draft) -> bool {
    draft.way == Way::Server
}

fn from(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    if !matches!(draft.way, Way::Server | Way::OAuth) {
        return Move::Skip;
    }
    let check: Check = Rc::new(|text| {
        if mail::is_address(text) {
            Ok(())
        } else {
            Err("a mail address is needed, as in scada-01@acme.example".into())
        }
    });
    let help = "The account reports are sent from; bounces come back to it.";
    let mut note = "";
    let moved = asker.text("Sender's mail address:", help, &draft.account.from, check).then(|address| {
        if draft.account.host.is_empty() || draft.account.from != address {
            let proposal = providers::propose(&address);
            (draft.account.host, draft.account.tls, note) = (proposal.host, proposal.tls, proposal.note);
            draft.account.port = None;
            draft.account.username = mail::bare_address(&address).unwrap_or_default();
        }
        draft.account.from = address;
    });
    if !note.is_empty() && by_server(draft) {
        asker.say(note);
    }
    moved
}

fn host(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    if !by_server(draft) {
        return Move::Skip;
    }
    let check: Check = Rc::new(|text| {
        let fits = !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic() && !"/@".contains(c));
        if fits { Ok(()) } else { Err("a host name or an address is needed; the port comes later".into()) }
    });
    let help = "Proposed from the address; correct it if yours has another name.";
    asker.text("Mail server:", help, &draft.account.host, check).then(|host| draft.account.host = host)
}

fn tls(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    if !by_server(draft) {
        return Move::Skip;
    }
    let modes = [TlsMode::Starttls, TlsMode::Implicit, TlsMode::Opportunistic, TlsMode::None];
    let options = [
        "STARTTLS, port 587 (usual)".to_owned(),
        "TLS from the first byte, port 465".to_owned(),
        "TLS if offered, without a password, port 25".to_owned(),
        "No TLS, in a network you trust, without a password, port 25".to_owned(),
    ];
    let now = modes.iter().position(|mode| *mode == draft.account.tls).unwrap_or(0);
    let asked = asker.choose("How is the connection made private?", "", &options, now);
    asked.then(|chosen| draft.account.tls = modes.get(chosen).copied().unwrap_or_default())
}

fn port(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    if !by_server(draft) {
        return Move::Skip;
    }
    let usual = usual_port(draft.account.tls);
    let check: Check = Rc::new(|text| match text.parse::<u16>() {
        Ok(1..) => Ok(()),
        _ => Err("a port is a number from 1 to 65535".into()),
    });
    let ours = draft.account.port.unwrap_or(usual).to_string();
    let asked = asker.text("Port:", "", &ours, check);
    asked.then(|text| draft.account.port = text.parse().ok().filter(|port| *port != usual))
}

/// The port that goes with a mode.
fn usual_port(tls: TlsMode) -> u16 {
    match tls {
        TlsMode::Implicit => 465,
        TlsMode::Starttls => 587,
        TlsMode::Opportunistic | TlsMode::None => 25,
    }
}

fn takes_password(draft: &Draft) -> bool {
    by_server(draft) && matches!(draft.account.tls, TlsMode::Starttls | TlsMode::Implicit)
}

fn username(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    if !takes_password(draft) {
        draft.account.username.clear();
        return Move::Skip;
    }
    let help = "Often the whole mail address; empty if the server takes mail without logon.";
    asker
        .text("User name:", help, &draft.account.username, anything())
        .then(|name| draft.account.username = name)
}

fn password(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    if !takes_password(draft) || draft.account.username.is_empty() {
        return Move::Skip;
    }
    let there = draft.account.password.is_some()
        || draft.account.password_file.is_some()
        || draft.account.password_inline;
    let help = if there {
        "Empty keeps the one that is set."
    } else {
        "It is written into a file that only the agent may read."
    };
    asker.secret("Password:", help).then(|password| {
        if !password.is_empty() {
            draft.account.password = Some(Secret::new(password));
        }
    })
}

fn trust(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    if !takes_password(draft) {
        (draft.account.tls_ca, draft.account.tls_pin) = (None, None);
        return Move::Skip;
    }
    let account = &mut draft.account;
    let now = match (&account.tls_ca, &account.tls_pin) {
        (Some(_), _) => 1,
        (None, Some(_)) => 2,
        (None, None) => 0,
    };
    let options = [
        "By the authorities this system knows (usual)".to_owned(),
        "By an authority of your own: a CA file".to_owned(),
        "By its fingerprint: for a self-signed server".to_owned(),
    ];
    let asked = asker.choose("How is the server's certificate believed?", "", &options, now);
    asked.then(|chosen| {
        account.tls_ca = account.tls_ca.take().filter(|_| chosen == 1).or((chosen == 1).then(PathBuf::new));
        account.tls_pin = account.tls_pin.take().filter(|_| chosen == 2).or((chosen == 2).then(String::new));
    })
}

fn authority(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    let Some(file) = draft.account.tls_ca.clone() else { return Move::Skip };
    let check: Check = Rc::new(|text| match std::fs::read_to_string(text) {
        Ok(pem) if pem.contains("-----BEGIN CERTIFICATE-----") => Ok(()),
        Ok(_) => Err("no certificate in this file; it must be PEM (-----BEGIN CERTIFICATE-----)".into()),
        Err(error) => Err(format!("the file cannot be read: {error}")),
    });
    let asked =
        asker.text("CA file:", "The agent must be able to read it.", &file.display().to_string(), check);
    asked.then(|text| draft.account.tls_ca = Some(text.into()))
}

fn pin(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    let Some(pin) = draft.account.tls_pin.clone() else { return Move::Skip };
    let check: Check =
        Rc::new(|text| text.parse::<CertificatePin>().map(drop).map_err(|error| error.to_string()));
    let help = "As sha256:..., compared with the server's administrator.";
    asker.text("Fingerprint:", help, &pin, check).then(|text| draft.account.tls_pin = Some(text))
}

/// The language, which is asked in both.
#[must_use]
pub fn languages() -> (Vec<String>, [Locale; 2]) {
    (vec!["English".to_owned(), "Deutsch".to_owned()], Locale::ALL)
}
