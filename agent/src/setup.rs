//! The set-up of an agent: what a person decides, page by page, and what becomes of it in `agent.toml`.
//!
//! Pure but for looking whether a file is there. [`Draft`] holds the decisions, [`ask`] asks for them, [`answers`] takes them
//! from a file instead, [`configured`] edits them into the configuration. Nothing here writes; the password is never printed.

pub mod answers;
pub mod ask;
pub mod interval;
pub mod words;

use std::path::{Path, PathBuf};

use mailbeat_shared::locale::Locale;
use mailbeat_shared::transport::smtp::AuthMode;
use mailbeat_shared::wire::contract::Contract;
use mailbeat_shared::wire::mail;
use mailbeat_shared::wizard::account::{Account, Protocol};
use mailbeat_shared::wizard::edit::{Edit, Key, NoToml, list};
use mailbeat_shared::wizard::oauth::SignIn;

use crate::config::{Config, RouteKind};
use crate::item::Item;

/// How mail leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// By a mail server of the customer's, or a mail account anywhere.
    #[default]
    Server,
    /// By a mail account that signs in by OAuth.
    OAuth,
    /// By the vendor's relay.
    Relay,
    /// By the first route as it is configured, which this wizard knows too little of to change.
    Keep,
}

/// What a person decided so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The language.
    pub locale: Locale,
    /// The contract in force or the one in the file.
    pub contract: Option<Contract>,
    /// The contract file to activate with; `None` keeps the one in force.
    pub contract_file: Option<PathBuf>,
    /// The one contract file that lies where the person stands, which is proposed.
    pub nearby: Option<PathBuf>,
    /// The fingerprint of the vendor's key, for who is not asked.
    pub vendor_key: Option<String>,
    /// Seconds; `None` takes the contract's.
    pub heartbeat_interval_s: Option<u32>,
    /// Seconds; `None` takes the contract's.
    pub system_interval_s: Option<u32>,
    /// What is collected, watched files apart.
    pub items: Vec<Item>,
    /// Which files are watched.
    pub watch: Vec<String>,
    /// How mail leaves.
    pub way: Way,
    /// The sender's address.
    pub from: String,
    /// By which account.
    pub account: Account,
    /// How that one signs in, where it does so by OAuth.
    pub sign_in: SignIn,
    /// The name of a route that can only be kept.
    pub kept: Option<String>,
    /// Whether the service is to be started at the end.
    pub start_service: bool,
}

/// The kinds of items that are switched one by one.
#[must_use]
pub fn switched() -> Vec<Item> {
    Item::ALL.into_iter().filter(|item| item.key().starts_with("collect.")).collect()
}

impl Draft {
    /// What the configuration says already, with the contract in force.
    #[must_use]
    pub fn of(config: &Config, in_force: Option<Contract>) -> Self {
        let mut draft = Self {
            locale: config
                .locale
                .or(in_force.as_ref().and_then(|contract| contract.locale))
                .unwrap_or_default(),
            contract: in_force,
            contract_file: None,
            nearby: None,
            vendor_key: None,
            heartbeat_interval_s: config.heartbeat_interval_s,
            system_interval_s: config.system_interval_s,
            items: switched().into_iter().filter(|item| item.is_on(config)).collect(),
            watch: config.watch.include.clone(),
            way: Way::default(),
            from: String::new(),
            account: Account::new(Protocol::Smtp),
            sign_in: SignIn::default(),
            kept: None,
            start_service: true,
        };
        match config.route.first() {
            Some(route) => match &route.kind {
                RouteKind::Relay => draft.way = Way::Relay,
                RouteKind::Smtp(smtp) if smtp.auth != AuthMode::Oauth && !is_sample(&smtp.host) => {
                    draft.from.clone_from(&route.from);
                    draft.account = smtp.as_ref().into();
                }
                RouteKind::Smtp(smtp) if is_sample(&smtp.host) => {}
                RouteKind::Smtp(_) | RouteKind::Graph(_) | RouteKind::Maildir(_) => {
                    (draft.way, draft.kept) = (Way::Keep, Some(route.name.clone()));
                }
            },
            None if draft.contract.as_ref().is_some_and(|contract| contract.relay.is_some()) => {
                draft.way = Way::Relay;
            }
            None => {}
        }
        draft
    }
}

/// The only contract file in a directory; of several nobody knows which is meant.
#[must_use]
pub fn lone_contract(dir: &Path) -> Option<PathBuf> {
    let files = std::fs::read_dir(dir).ok()?.flatten().map(|entry| entry.path());
    let mut contracts =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "contract"));
    contracts.next().filter(|_| contracts.next().is_none())
}

/// The sample's server, which nobody has (RFC 2606).
fn is_sample(host: &str) -> bool {
    host.ends_with(".example")
}

/// The configuration's text with the draft's decisions; a new password lies in `password_file`.
///
/// # Errors
/// [`NoToml`].
pub fn configured(text: &str, draft: &Draft, password_file: &Path) -> Result<String, NoToml> {
    let mut edit = Edit::of(text)?;
    edit.set("", "locale", draft.locale.as_str());
    let intervals = [
        ("heartbeat_interval_s", draft.heartbeat_interval_s),
        ("system_interval_s", draft.system_interval_s),
    ];
    for (key, seconds) in intervals {
        match seconds {
            Some(seconds) => edit.set("", key, i64::from(seconds)),
            None => edit.remove("", key),
        }
    }
    for item in switched() {
        let on = draft.items.contains(&item);
        if let Some((table, key)) = item.key().split_once('.')
            && (!on || edit.has(table, key))
        {
            edit.set(table, key, on);
        }
    }
    if !draft.watch.is_empty() || edit.has("watch", "include") {
        edit.set("watch", "include", list(&draft.watch));
    }
    route(&mut edit, draft, password_file);
    Ok(edit.text().to_owned())
}

/// What a route by the relay takes from the contract instead.
const NOT_BY_RELAY: [&str; 16] = [
    "from",
    "host",
    "port",
    "tls",
    "auth",
    "username",
    "password",
    "password_file",
    "oauth",
    "tls_ca",
    "tls_pin",
    "proxy",
    "helo_name",
    "timeout_s",
    "verdict_timeout_s",
    "path",
];

fn route(edit: &mut Edit, draft: &Draft, password_file: &Path) {
    let (account, from) = (&draft.account, draft.from.as_str());
    let keys = match draft.way {
        Way::Keep => return,
        Way::Relay => NOT_BY_RELAY.map(Key::none).to_vec(),
        Way::Server => account.keys(password_file),
        Way::OAuth => draft.sign_in.keys(account, &mail::bare_address(from).unwrap_or_default(), None),
    };
    let sender = (draft.way != Way::Relay).then(|| Key::set("from", from));
    let kind = Key::set("type", if draft.way == Way::Relay { "relay" } else { "smtp" });
    let keys: Vec<Key> = [kind].into_iter().chain(sender).chain(keys).collect();
    edit.set_first("route", &keys);
}

#[cfg(test)]
mod tests;
