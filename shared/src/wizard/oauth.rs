//! How a mail account signs in by OAuth: what is asked, and the `oauth` table it makes. Microsoft 365, Google, and any other that is
//! found by its issuer. Grants stand in the order in which they are worth trying.

mod grant;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::account::Account;
use super::edit::{Key, Value, list, path, table};
use super::{Asker, Check, Move, anything, needed, providers};
use grant::{Grant, Provider, SERVICE};

/// How an account signs in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignIn {
    provider: Provider,
    tenant: String,
    /// Another provider's address.
    issuer: String,
    /// What another provider is asked for, with blanks between.
    scopes: String,
    /// Place in the provider's [`Provider::grants`].
    grant: usize,
    client_id: String,
    /// Certificate, secret or service account: a file.
    proof: PathBuf,
    /// The certificate's key.
    key: PathBuf,
}

impl SignIn {
    fn chosen(&self) -> &'static Grant {
        let grants = self.provider.grants();
        grants.get(self.grant).unwrap_or(&grants[0])
    }

    /// Whether a person has to agree once, by `oauth login`.
    #[must_use]
    pub fn needs_a_person(&self) -> bool {
        self.chosen().needs_a_person
    }

    /// Whether the provider has servers of its own, so that none has to be asked for.
    #[must_use]
    pub fn knows_servers(&self) -> bool {
        self.provider != Provider::Other
    }

    /// The folder where the provider puts what it takes for spam, where it is known.
    #[must_use]
    pub fn junk(&self) -> Option<&'static str> {
        match self.provider {
            Provider::Microsoft => Some("Junk Email"),
            Provider::Google => Some("[Gmail]/Spam"),
            Provider::Other => None,
        }
    }

    /// The keys of a route, a mailbox or outgoing mail that signs in so, as the mailbox `username`; `account` is the name its
    /// tokens are kept under, where it is not its own.
    #[must_use]
    pub fn keys(&self, server: &Account, username: &str, account: Option<&str>) -> Vec<Key> {
        let mut keys = match self.provider.host(server.protocol) {
            Some(host) => {
                let known = Account { host: host.to_owned(), ..Account::new(server.protocol) };
                known.server_keys()
            }
            None => server.server_keys(),
        };
        keys.extend([
            Key::set("auth", "oauth"),
            Key::set("username", username),
            Key::none("password"),
            Key::none("password_file"),
            Key::none("path"),
            Key::set("oauth", table(self.table(server, account))),
        ]);
        keys
    }

    /// The `oauth` table. A site whose mail server has a certificate of its own authority has its OAuth server under it too.
    fn table(&self, server: &Account, account: Option<&str>) -> Vec<(&'static str, Value)> {
        let text = |(key, value): (&'static str, String)| match key {
            "scopes" => (key, list(&value.split_whitespace().map(str::to_owned).collect::<Vec<_>>())),
            _ => (key, value.into()),
        };
        let mut keys: Vec<_> = self.set().into_iter().map(text).collect();
        keys.extend(account.map(|account| ("account", account.into())));
        let authority = server.tls_ca.as_deref().filter(|_| !self.knows_servers());
        keys.extend(authority.map(|file| ("tls_ca", path(file))));
        keys
    }

    /// What is decided, by the configuration's keys; what does not concern the provider or is empty is left out.
    fn set(&self) -> Vec<(&'static str, String)> {
        let grant = self.chosen();
        let of =
            |provider, text: &str| if self.provider == provider { text.to_owned() } else { String::new() };
        let file = |path: &Path| path.display().to_string();
        let mut keys = vec![
            ("provider", self.provider.word().to_owned()),
            ("tenant", of(Provider::Microsoft, &self.tenant)),
            ("issuer", of(Provider::Other, &self.issuer)),
            ("scopes", of(Provider::Other, &self.scopes)),
            ("grant", grant.word.to_owned()),
        ];
        keys.extend((grant.word != SERVICE.word).then(|| ("client_id", self.client_id.clone())));
        keys.extend(grant.proof.map(|(key, _)| (key, file(&self.proof))));
        keys.extend(grant.has_key.then(|| ("key_file", file(&self.key))));
        keys.retain(|(_, value)| !value.is_empty());
        keys
    }

    /// The same for a file of answers.
    pub(super) fn answers(&self) -> BTreeMap<String, String> {
        self.set().into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// Back from there.
    ///
    /// # Errors
    /// The first key that does not fit, a sentence.
    pub(super) fn from_answers(answers: &BTreeMap<String, String>) -> Result<Self, String> {
        let text = |key: &str| answers.get(key).cloned().unwrap_or_default();
        let provider = Provider::ALL.into_iter().find(|provider| provider.word() == text("provider"));
        let provider = provider.ok_or_else(|| {
            format!("provider is {:?}; there are microsoft, google, other", text("provider"))
        })?;
        let fits = |grant: &Grant| {
            let proven = grant.proof.is_none_or(|(key, _)| answers.contains_key(key) || grant.needs_a_person);
            grant.word == text("grant") && proven
        };
        let named = |grant: &Grant| grant.word == text("grant");
        // Which proof was meant may not be decided yet, in answers that were kept halfway.
        let grants = provider.grants().iter();
        let grant = grants
            .clone()
            .position(fits)
            .or(grants.clone().position(named))
            .ok_or_else(|| format!("grant {:?} is none that {} has", text("grant"), provider.word()))?;
        let proof = provider.grants()[grant].proof.map(|(key, _)| text(key)).unwrap_or_default();
        let read = Self {
            provider,
            tenant: text("tenant"),
            issuer: text("issuer"),
            scopes: text("scopes"),
            grant,
            client_id: text("client_id"),
            proof: proof.into(),
            key: text("key_file").into(),
        };
        let taken = read.set();
        match answers.keys().find(|key| !taken.iter().any(|(known, _)| known == key)) {
            Some(key) => Err(format!("{key} is of no use with this provider and grant")),
            None => Ok(read),
        }
    }

    /// Whose account.
    pub fn ask_provider(&mut self, asker: &mut dyn Asker) -> Move {
        let options = ["Microsoft 365".to_owned(), "Google".to_owned(), "Another provider's".to_owned()];
        let help = "The manual has a page for each (docs/mail-microsoft.md, mail-google.md, mail-oauth.md).";
        let now = Provider::ALL.iter().position(|provider| *provider == self.provider).unwrap_or(0);
        asker.choose("Whose account is it?", help, &options, now).then(|chosen| {
            let provider = Provider::ALL.get(chosen).copied().unwrap_or_default();
            if provider != self.provider {
                *self = Self { provider, ..Self::default() };
            }
        })
    }

    /// Which directory of Microsoft's; proposed from the mailbox's address.
    pub fn ask_tenant(&mut self, address: &str, asker: &mut dyn Asker) -> Move {
        if self.provider != Provider::Microsoft {
            return Move::Skip;
        }
        let now = if self.tenant.is_empty() { providers::domain(address) } else { self.tenant.clone() };
        let help = "The directory's id or one of its domains.";
        asker.text("Tenant:", help, &now, needed()).then(|tenant| self.tenant = tenant)
    }

    /// Where another provider is found.
    pub fn ask_issuer(&mut self, asker: &mut dyn Asker) -> Move {
        if self.provider != Provider::Other {
            return Move::Skip;
        }
        let check: Check =
            Rc::new(|text| match text.strip_prefix("https://").is_some_and(|rest| !rest.is_empty()) {
                true => Ok(()),
                false => Err("an address is needed that begins with https://".into()),
            });
        let help = "As in https://id.acme.example/realms/mail; its endpoints are found from there.";
        asker
            .text("The OAuth server's address (issuer):", help, &self.issuer, check)
            .then(|issuer| self.issuer = issuer)
    }

    /// What another provider is asked for.
    pub fn ask_scopes(&mut self, asker: &mut dyn Asker) -> Move {
        if self.provider != Provider::Other {
            return Move::Skip;
        }
        let help = "What the mail server wants, with blanks between; offline_access where a person signs in.";
        asker.text("Scopes:", help, &self.scopes, needed()).then(|scopes| self.scopes = scopes)
    }

    /// Who consents.
    pub fn ask_grant(&mut self, asker: &mut dyn Asker) -> Move {
        let options: Vec<String> =
            self.provider.grants().iter().map(|grant| grant.choice.to_owned()).collect();
        let asked = asker.choose("Who agrees that the account is used?", "", &options, self.grant);
        asked.then(|chosen| self.grant = chosen)
    }

    /// As which application.
    pub fn ask_client(&mut self, asker: &mut dyn Asker) -> Move {
        if self.chosen().word == SERVICE.word {
            return Move::Skip;
        }
        let help = "From the application's page at the provider.";
        let asked = asker.text("The application's id (client id):", help, &self.client_id, needed());
        asked.then(|id| self.client_id = id)
    }

    /// What proves that it is this application.
    pub fn ask_proof(&mut self, asker: &mut dyn Asker) -> Move {
        let Some((_, question)) = self.chosen().proof else { return Move::Skip };
        let check = if self.needs_a_person() { anything() } else { readable() };
        let now = self.proof.display().to_string();
        asker.text(question, MUST_READ, &now, check).then(|file| self.proof = file.into())
    }

    /// The certificate's key.
    pub fn ask_key(&mut self, asker: &mut dyn Asker) -> Move {
        if !self.chosen().has_key {
            return Move::Skip;
        }
        let now = self.key.display().to_string();
        let asked = asker.text("The certificate's key (PEM file):", MUST_READ, &now, readable());
        asked.then(|file| self.key = file.into())
    }
}

const MUST_READ: &str = "The service must be able to read it.";

fn readable() -> Check {
    Rc::new(|text| match std::fs::File::open(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("the file cannot be read: {error}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_what_the_table_says_and_what_does_not_fit_is_named() {
        let answers = |keys: &[(&str, &str)]| -> BTreeMap<String, String> {
            keys.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let secret = answers(&[
            ("provider", "other"),
            ("issuer", "https://id.acme.example"),
            ("scopes", "mail"),
            ("grant", "client_credentials"),
            ("client_id", "mailbeat"),
            ("client_secret_file", "/etc/secret"),
        ]);
        let sign_in = SignIn::from_answers(&secret).unwrap();
        assert_eq!((sign_in.answers(), sign_in.needs_a_person()), (secret.clone(), false));
        let refused = |change: (&str, &str)| {
            let mut changed = secret.clone();
            changed.insert(change.0.to_owned(), change.1.to_owned());
            SignIn::from_answers(&changed).unwrap_err()
        };
        assert!(refused(("provider", "mocrosoft")).contains("microsoft, google, other"));
        assert!(refused(("grant", "service_account")).contains("none that other has"));
        assert!(refused(("tenant", "x")).contains("tenant is of no use"));
    }
}
