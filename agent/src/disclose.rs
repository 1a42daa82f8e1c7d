//! The data sheet: what may leave the house, to whom, what for, for how long, and what it says right now.
//!
//! Made from the list that collecting goes by ([`crate::item`]), so that nothing is collected that does not stand here. Pure: what is
//! on this host is an argument.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mailbeat_shared::text;
use mailbeat_shared::wire::check::CheckResult;
use mailbeat_shared::wire::contract::Contract;
use mailbeat_shared::wire::id::{ContractNumber, Digest, SystemId};
use mailbeat_shared::wire::observation::Observation;
use mailbeat_shared::wire::report::{Kind, Promise};
use serde::Serialize;

use crate::activation::Consent;
use crate::check::CheckConfig;
use crate::compose::VERSION;
use crate::config::{Config, Locale};
use crate::item::{ALWAYS, Item};
use crate::sense::HostFacts;
use crate::trail::Retention;
use crate::words::{self, ItemWords, Page, PageError};

/// Most examples of one item.
const EXAMPLES: usize = 6;
/// Columns of a terminal.
const WIDTH: usize = 110;

/// What is known here and now.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// What the administrator decided.
    pub config: &'a Config,
    /// Under which contract and with whose consent, if activated.
    pub activation: Option<(&'a Contract, &'a Consent)>,
    /// What reports say of the configuration, if there is a key to say it with yet.
    pub config_digest: Option<Digest>,
    /// Which system, if it has a name yet.
    pub system: Option<SystemId>,
    /// The host.
    pub host: &'a HostFacts,
    /// Its numbers now.
    pub observations: &'a [Observation],
    /// What its checks see now.
    pub checks: &'a [CheckResult],
    /// What it is.
    pub inventory: &'a BTreeMap<String, String>,
    /// Now.
    pub now: Timestamp,
}

/// The data sheet.
#[derive(Clone, Debug, Serialize)]
pub struct Sheet {
    host: String,
    customer: Option<String>,
    vendor: Option<String>,
    contract: Option<ContractNumber>,
    until: Option<String>,
    report_address: Option<String>,
    routes: Option<String>,
    copies: Vec<Copy>,
    often: Option<Promise>,
    items: Vec<ItemLine>,
    always: Vec<AlwaysLine>,
    trail: Retention,
    encrypted: bool,
    version: &'static str,
    today: String,
}

#[derive(Clone, Debug, Serialize)]
struct Copy {
    kind: &'static str,
    to: String,
}

#[derive(Clone, Debug, Serialize)]
struct ItemLine {
    name: &'static str,
    #[serde(flatten)]
    words: ItemWords,
    report: &'static str,
    key: &'static str,
    sent: bool,
    withheld: bool,
    numbers: String,
    examples: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
struct AlwaysLine {
    name: &'static str,
    #[serde(flatten)]
    words: ItemWords,
    fields: String,
    examples: Vec<String>,
}

impl Sheet {
    /// The data sheet in this language.
    #[must_use]
    pub fn new(locale: Locale, facts: &Facts<'_>) -> Self {
        let mut words = words::items(locale);
        let contract = facts.activation.map(|(contract, _)| contract);
        let (routes, _) = facts.config.routes(contract);
        let routes: Vec<String> =
            routes.iter().map(|route| format!("{} ({})", route.name, route.from)).collect();
        let items =
            Item::ALL.into_iter().filter_map(|item| Some(facts.item(item, words.item.remove(item.name())?)));
        let items = items.collect();
        let always = ALWAYS.iter().filter_map(|always| {
            Some(AlwaysLine {
                name: always.name,
                words: words.always.remove(always.name)?,
                fields: always.fields.join(", "),
                examples: facts.always(always.name),
            })
        });
        Self {
            host: text::one_line(&facts.host.name, 120),
            customer: contract.map(|contract| text::one_line(&contract.customer, 120)),
            vendor: contract.map(|contract| text::one_line(&contract.vendor, 120)),
            contract: contract.map(|contract| contract.number.clone()),
            until: contract.and_then(|contract| contract.valid_until).map(day),
            report_address: contract
                .zip(facts.system)
                .map(|(of, system)| of.report_address(system).to_owned()),
            routes: (!routes.is_empty()).then(|| routes.join(", ")),
            copies: facts.copies(),
            often: contract.map(|contract| facts.config.wish().promise(contract)),
            items,
            always: always.collect(),
            trail: facts.config.trail,
            encrypted: facts.config.encrypt,
            version: VERSION,
            today: day(facts.now),
        }
    }

    /// For a terminal.
    ///
    /// # Errors
    /// [`PageError`].
    pub fn text(&self, locale: Locale) -> Result<String, PageError> {
        Ok(words::folded(&text::clean(&Page::Disclosure.render(locale, self)?), WIDTH))
    }

    /// As an annex to a data processing agreement, Markdown.
    ///
    /// # Errors
    /// [`PageError`].
    pub fn annex(&self, locale: Locale) -> Result<String, PageError> {
        Ok(text::clean(&Page::Annex.render(locale, self)?))
    }
}

impl Facts<'_> {
    fn item(&self, item: Item, words: ItemWords) -> ItemLine {
        let on = item.is_on(self.config);
        // Before the activation: what would be agreed to by it.
        let agreed = self
            .activation
            .is_none_or(|(_, consent)| consent.consented.iter().any(|agreed| agreed == item.name()));
        let metrics = item.metrics().iter().map(|metric| metric.name);
        let numbers: Vec<&str> = metrics.chain(item.inventory().iter().copied()).collect();
        ItemLine {
            name: item.name(),
            words,
            report: item.report(),
            key: item.key(),
            sent: on && agreed,
            withheld: on && !agreed,
            numbers: numbers.join(", "),
            examples: if on { self.examples(item) } else { vec![] },
        }
    }

    /// What the item says now, as it stands in `report.json`. Of watched files only which are meant.
    fn examples(&self, item: Item) -> Vec<String> {
        if item == Item::Checks {
            return self.checks();
        }
        let own =
            |observation: &&Observation| item.metrics().iter().any(|metric| metric.name == observation.name);
        let measured = self.observations.iter().filter(own).map(shown);
        let told = self.inventory.iter().filter(|(key, _)| item.may_say(key));
        let inventory = told.map(|(key, value)| format!("{key} = {}", text::one_line(value, 120)));
        let watched = self.config.watch.include.iter().filter(|_| item == Item::WatchedFiles).cloned();
        let all: Vec<String> = measured.chain(inventory).chain(watched).collect();
        let more = all.len().saturating_sub(EXAMPLES);
        let rest = (more > 0).then(|| format!("... (+{more})"));
        all.into_iter().take(EXAMPLES).chain(rest).collect()
    }

    /// Each check by name, however many: a person agrees to every single one.
    fn checks(&self) -> Vec<String> {
        let line = |check: &CheckConfig| {
            let every =
                format!("{} ({}, every {} s)", check.name, check.kind_name(), check.interval.as_secs());
            let Some(seen) = self.checks.iter().find(|seen| seen.name == check.name) else { return every };
            let first = seen.output.lines().next().unwrap_or_default();
            let values: Vec<String> = seen.observations.iter().map(shown).collect();
            text::one_line(&format!("{every}: {:?}: {first}; {}", seen.state, values.join(", ")), 300)
        };
        self.config.check.iter().filter(|check| check.enabled).map(line).collect()
    }

    fn always(&self, name: &str) -> Vec<String> {
        let contract = self.activation.map(|(contract, _)| contract);
        match name {
            "system" => {
                let system = self.system.map(|system| format!("system = {system}"));
                system
                    .into_iter()
                    .chain(contract.map(|contract| format!("contract = {}", contract.number)))
                    .collect()
            }
            "host" => vec![
                format!("agent.host = {}", text::one_line(&self.host.name, 120)),
                format!("boot_id = {}", text::one_line(&self.host.boot_id, 120)),
                format!("uptime_s = {}", self.host.uptime_s),
            ],
            "condition" => {
                let digest = self.config_digest.map(|digest| format!("agent.config_digest = {digest}"));
                std::iter::once(format!("agent.version = {VERSION}")).chain(digest).collect()
            }
            "people" => {
                let who = self.activation.map(|(_, consent)| text::one_line(&consent.activated_by, 120));
                who.map(|who| format!("enrollment.activated_by = {who}")).into_iter().collect()
            }
            "mail" => {
                self.config.routes(contract).0.iter().map(|route| format!("From: {}", route.from)).collect()
            }
            _ => vec![],
        }
    }

    fn copies(&self) -> Vec<Copy> {
        [Kind::Heartbeat, Kind::System, Kind::Enrollment, Kind::Notice, Kind::Test]
            .into_iter()
            .filter(|kind| !self.config.cc.of(*kind).is_empty())
            .map(|kind| Copy { kind: kind.as_str(), to: self.config.cc.of(kind).join(", ") })
            .collect()
    }
}

/// As it travels: `system.filesystem.utilization{/} = 0.42`, `system.memory.limit = 4096 By`.
fn shown(observation: &Observation) -> String {
    let Observation { name, value, unit, .. } = observation;
    let about: Vec<&str> = observation.attributes.values().map(String::as_str).collect();
    let about = if about.is_empty() { String::new() } else { format!("{{{}}}", about.join(", ")) };
    let unit = if unit == "1" { String::new() } else { format!(" {}", unit.trim_matches(['{', '}'])) };
    text::one_line(&format!("{name}{about} = {value}{unit}"), 160)
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests;
