//! An account's access token: from its file as long as it lasts, else from the provider.

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use super::grant::{Desk, Given};
use super::problem::NO_CONSENT;
use super::provider::preset;
use super::service_account::ServiceAccount;
use super::settings::{Grant, OAuthSettings};
use super::store::{self, Record, Refused, Token};
use crate::transport::outcome::{Failure, FailureKind};
use crate::transport::secret::Secret;

/// A token is not used in its last minute, or last quarter if it is short-lived: sending takes time.
const MARGIN: SignedDuration = SignedDuration::from_mins(1);

/// A token for a mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The token.
    pub token: Secret,
    /// Until when it is good, where the provider says.
    pub expires_at: Option<Timestamp>,
    /// It was given just now: a server that refuses it would refuse another one too.
    pub fresh: bool,
}

impl Access {
    /// What a person wants to know of it.
    #[must_use]
    pub fn shown(&self) -> String {
        match self.expires_at {
            Some(until) => format!("good until {until:.0}"),
            None => "good until the provider ends it".into(),
        }
    }
}

impl OAuthSettings {
    /// A token to show now. `refused` is one that a server has just refused: then that one is not given again.
    ///
    /// # Errors
    /// [`FailureKind::Authentication`] where the provider refuses or nobody has signed in, or what happened on the way.
    pub async fn access(&self, refused: Option<&Secret>) -> Result<Access, Failure> {
        if let Some(access) = self.kept_access(&Record::read(&self.kept.file), refused) {
            return Ok(access);
        }
        let _lock = store::lock(&self.kept.file).await?;
        let record = Record::read(&self.kept.file);
        // Somebody else may have asked while we waited.
        if let Some(access) = self.kept_access(&record, refused) {
            return Ok(access);
        }
        let is_ours = record.client == self.client_name();
        // A consent that was given to another application, or for other scopes, is still good once these settings are as they were.
        let anothers_consent = !is_ours && record.refresh.is_some();
        let record = if is_ours { record } else { Record::default() };
        let before = record.clone();
        let renewed = self.renew(record).await;
        if let (Err(failure), false) = (&renewed, anothers_consent) {
            self.note_refusal(before, failure);
        }
        renewed
    }

    /// Forgets the account's tokens here; the provider is not told.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub async fn forget(&self) -> Result<(), Failure> {
        let _lock = store::lock(&self.kept.file).await?;
        match std::fs::remove_file(&self.kept.file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                let text = format!("{}: {error}", self.kept.file.display());
                Err(Failure::new(FailureKind::Settings, text))
            }
            _ => Ok(()),
        }
    }

    /// What is asked for: what is set, else what mail needs at this provider.
    pub(super) fn wanted_scopes(&self) -> Vec<String> {
        self.scopes.clone().unwrap_or_else(|| preset(self).scopes)
    }

    /// Keeps what a person agreed to, in place of what was.
    pub(super) async fn keep_consent(&self, given: &Given) -> Result<(), Failure> {
        let _lock = store::lock(&self.kept.file).await?;
        let record = Record {
            client: self.client_name(),
            access: Some(given.access.clone()),
            refresh: given.refresh.clone(),
            consented_at: Some(self.kept.clock.now()),
            ..Record::default()
        };
        record.commit(&self.kept.file)?;
        // Who does not hear of it tries again by itself, a little later.
        let _ = store::announce(&self.kept.file);
        Ok(())
    }

    pub(super) fn record(&self) -> Record {
        let record = Record::read(&self.kept.file);
        if record.client == self.client_name() { record } else { Record::default() }
    }

    fn kept_access(&self, record: &Record, refused: Option<&Secret>) -> Option<Access> {
        let token = record.access.as_ref().filter(|_| record.client == self.client_name())?;
        let usable = is_usable(token, self.kept.clock.now()) && refused != Some(&token.token);
        usable.then(|| Access { token: token.token.clone(), expires_at: token.expires_at, fresh: false })
    }

    /// Asks the provider, and keeps what it gave before anybody uses it.
    async fn renew(&self, mut record: Record) -> Result<Access, Failure> {
        let now = self.kept.clock.now();
        let given = if self.grant.needs_a_person() {
            let Some(refresh) = record.refresh.clone() else { return Err(self.no_consent()) };
            let desk = Desk::open(self, now).await?;
            let interrupted = record.refreshing_since.replace(now);
            // Shows that the file can be written while the old token is still good: the provider gives the new one once.
            record.write(&self.kept.file)?;
            let given =
                desk.refresh(&refresh.token).await.map_err(|failure| explain(failure, interrupted))?;
            let used = Token { expires_at: desk.refresh_lasts_until().or(refresh.expires_at), ..refresh };
            Given { refresh: given.refresh.or(Some(used)), ..given }
        } else if let Some(file) = &self.service_account_file {
            let account = ServiceAccount::read(file)?;
            let settings = Self {
                token_endpoint: self.token_endpoint.clone().or(account.token_uri.clone()),
                ..self.clone()
            };
            Desk::open(&settings, now).await?.for_service_account(&account).await?
        } else {
            Desk::open(self, now).await?.for_application().await?
        };
        let Given { access, refresh, .. } = given;
        let kept = Record {
            client: self.client_name(),
            access: Some(access.clone()),
            refresh,
            consented_at: record.consented_at,
            refreshing_since: None,
            refusing: None,
        };
        kept.commit(&self.kept.file)?;
        Ok(Access { token: access.token, expires_at: access.expires_at, fresh: true })
    }

    /// What will not pass by itself is remembered, so that it can be told before mail stops.
    fn note_refusal(&self, mut record: Record, failure: &Failure) {
        let passes = matches!(
            failure.kind,
            FailureKind::Temporary | FailureKind::Throttled { .. } | FailureKind::Connection(_)
        );
        if passes {
            return;
        }
        let now = self.kept.clock.now();
        let before = record.refusing.take();
        record.client = self.client_name();
        record.refusing = Some(Refused {
            since: before.as_ref().map_or(now, |before| before.since),
            times: before.map_or(0, |before| before.times).saturating_add(1),
            why: failure.clone(),
        });
        if let Err(error) = record.write(&self.kept.file) {
            tracing::warn!("{error}");
        }
    }

    fn no_consent(&self) -> Failure {
        let text = format!("account {}: {NO_CONSENT}; run `{}`", self.account(), self.kept.command);
        Failure::new(FailureKind::Authentication, text)
    }

    /// What is wrong where two accounts are to keep their tokens under one name and neither could use the other's.
    #[must_use]
    pub fn clash<'a>(accounts: impl IntoIterator<Item = &'a Self>) -> Option<String> {
        let mut known: Vec<&Self> = Vec::new();
        for account in accounts {
            match known.iter().find(|other| other.kept.file == account.kept.file) {
                Some(other) if !account.shares_tokens_with(other) => {
                    let name = account.account();
                    return Some(format!(
                        "two sign in as account {name:?} by other applications, grants or scopes: give one of them an `account` of its own"
                    ));
                }
                Some(_) => {}
                None => known.push(account),
            }
        }
        None
    }

    /// Whether either can use the other's tokens. Who never asks a person would throw a person's consent away.
    fn shares_tokens_with(&self, other: &Self) -> bool {
        let asks = |account: &Self| account.grant.needs_a_person();
        asks(self) == asks(other) && self.client_name() == other.client_name()
    }

    /// Tells the tokens of one application and set of scopes from those of another.
    fn client_name(&self) -> String {
        let place = self.token_endpoint.as_ref().or(self.issuer.as_ref()).cloned();
        let place = place.or(preset(self).token).unwrap_or_default();
        let whom = if self.grant == Grant::ServiceAccount { self.kept.username.as_str() } else { "" };
        let parts = [place.as_str(), &self.client_id, &self.wanted_scopes().join(" "), whom];
        let digest = Sha256::digest(parts.join("\n").as_bytes());
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Whether a token is still good for a while. One from the future is of a clock that went back: nothing is known of it.
fn is_usable(token: &Token, now: Timestamp) -> bool {
    if token.obtained_at > now {
        return false;
    }
    token.expires_at.is_none_or(|end| {
        let life = end.duration_since(token.obtained_at);
        now < end - MARGIN.min(life / 4)
    })
}

/// A provider that gave a new refresh token which never reached the file takes the old one for stolen.
fn explain(failure: Failure, interrupted: Option<Timestamp>) -> Failure {
    match interrupted {
        Some(at) if failure.kind == FailureKind::Authentication => {
            let text =
                format!("{}; the refresh at {at:.0} was interrupted, its answer may be lost", failure.text);
            Failure::new(failure.kind, text)
        }
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_used_until_its_last_minute_or_last_quarter_and_never_before_it_was_given() {
        let second = |second| Timestamp::from_second(second).unwrap();
        let token = |life: Option<i64>| Token {
            token: Secret::new("t"),
            obtained_at: second(1_000),
            expires_at: life.map(|life| second(1_000 + life)),
        };
        let hour = token(Some(3_600));
        assert!(is_usable(&hour, second(1_000)) && is_usable(&hour, second(4_539)));
        assert!(!is_usable(&hour, second(4_540)) && !is_usable(&hour, second(999)));
        let short = token(Some(8));
        assert!(is_usable(&short, second(1_005)) && !is_usable(&short, second(1_006)));
        assert!(is_usable(&token(None), second(1_000_000)));
    }
}
