//! Names that are known: of hosts, by their labels, and of people, as whole words.

use std::collections::BTreeSet;

use super::{Kind, Named, Names};

/// The known names, ready to be looked for.
#[derive(Default)]
pub(super) struct Known {
    hosts: BTreeSet<Vec<String>>,
    domains: BTreeSet<Vec<String>>,
    users: BTreeSet<String>,
}

impl Known {
    pub(super) fn new(names: &Names) -> Self {
        let labels =
            |name: &String| -> Vec<String> { name.to_lowercase().split('.').map(str::to_owned).collect() };
        let hosts = names.hosts.iter().filter(|name| is_somebody(name)).map(labels);
        let domains = names.domains.iter().map(labels).filter(|labels| labels.len() >= 2);
        let users = names.users.iter().filter(|name| !name.is_empty()).cloned();
        Self { hosts: hosts.collect(), domains: domains.collect(), users: users.collect() }
    }

    pub(super) fn find_hosts(&self, text: &str, named: &mut Vec<Named>) {
        if self.hosts.is_empty() && self.domains.is_empty() {
            return;
        }
        for (start, word) in words(text, |c| c.is_alphanumeric() || matches!(c, '.' | '-')) {
            let lower = word.to_lowercase();
            // Where lower case has another length the parts could not be found again; such a word is no host name.
            if lower.len() == word.len() {
                self.hosts_of(start, &lower, named);
            }
        }
    }

    /// The hosts in `mail.acme.example` or `scada-01.log`: at every label the longest name that is known.
    fn hosts_of(&self, start: usize, word: &str, named: &mut Vec<Named>) {
        let labels: Vec<&str> = word.split('.').collect();
        let mut offset = 0;
        let mut first = 0;
        while first < labels.len() {
            let taken = (first + 1..=labels.len()).rev().find(|end| self.is_host(&labels[first..*end]));
            let until = taken.unwrap_or(first + 1);
            let length = labels[first..until].join(".").len();
            if taken.is_some() {
                let at = start + offset..start + offset + length;
                named.push(Named { at, kind: Kind::Host, parts: vec![labels[first..until].join(".")] });
            }
            offset += length + 1;
            first = until;
        }
    }

    fn is_host(&self, labels: &[&str]) -> bool {
        let owned: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        self.hosts.contains(&owned)
            || self
                .domains
                .iter()
                .any(|domain| owned.ends_with(domain) && owned.iter().all(|label| !label.is_empty()))
    }

    pub(super) fn find_users(&self, text: &str, named: &mut Vec<Named>) {
        if self.users.is_empty() {
            return;
        }
        for (start, word) in words(text, |c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_')) {
            // A full stop or a dash may end a sentence, and a name may stand between them.
            let name = word.trim_matches(['.', '-']);
            if self.users.contains(name) {
                let start = start + word.len() - word.trim_start_matches(['.', '-']).len();
                named.push(Named {
                    at: start..start + name.len(),
                    kind: Kind::User,
                    parts: vec![name.to_lowercase()],
                });
            }
        }
    }
}

/// Every host's own names for itself say nothing of it.
fn is_somebody(name: &str) -> bool {
    let lower = name.to_lowercase();
    !lower.is_empty() && !lower.starts_with("localhost") && !lower.starts_with("ip6-")
}

/// The longest runs of such characters, and where they start.
fn words(text: &str, within: impl Fn(char) -> bool) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(&within)?;
        let length = text[start..].find(|c| !within(c)).unwrap_or(text.len() - start);
        at = start + length;
        Some((start, &text[start..at]))
    })
}
