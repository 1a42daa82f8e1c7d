//! Microsoft Graph as a way out: `sendMail` with a finished message, for mailboxes whose SMTP AUTH is switched off.
//!
//! The message is handed over in base64 as text/plain; Graph sends it to whom its header names and says 202. Answers are
//! untrusted; what is kept of them is the status, the error's code and message. A request whose answer never came may have
//! been carried out, and sending the same message again is right.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use super::http::{Answer, HttpClient, Request, check_url, header};
use super::oauth::{self, Access, OAuthSettings, Provider};
use super::outcome::{ConnectionProblem, Failure, FailureKind, Outcome, suggested_backoff};
use super::proxy::Proxy;
use super::tls::ClientTls;
use crate::steps::{Steps, name};
use crate::text;

/// The largest message that is handed over: Graph takes requests of 4 MiB, and base64 makes four bytes of three.
pub const MESSAGE_BYTES: u64 = 3 * 1024 * 1024 - 1024;

/// A mailbox to send from by Graph.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphSettings {
    /// The mailbox to send from; by default the sender's address.
    pub mailbox: Option<String>,
    /// Where Graph is; by default that of the account's cloud.
    pub endpoint: Option<String>,
    /// Where the token is from.
    pub oauth: Box<OAuthSettings>,
    /// Believe only certificates issued under these authorities (PEM file).
    pub tls_ca: Option<PathBuf>,
    /// The HTTP proxy to go through.
    pub proxy: Option<Proxy>,
    /// Longest wait for one step, in seconds.
    #[serde(default = "default_timeout")]
    pub timeout_s: u64,
}

fn default_timeout() -> u64 {
    60
}

/// Settings that cannot work or would not be safe.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The `oauth` table.
    #[error(transparent)]
    Oauth(#[from] oauth::SettingsError),
    /// An address that is none, or in clear.
    #[error("`endpoint` must be an https:// address (http:// only to this machine itself)")]
    Endpoint,
    /// Another provider's account.
    #[error("`type = \"graph\"` needs an `oauth` table with provider = \"microsoft\"")]
    Provider,
    /// No time at all.
    #[error("`timeout_s` must be at least 1")]
    Timeout,
}

impl GraphSettings {
    /// Whether these settings can work and are safe. Opens nothing.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), SettingsError> {
        self.oauth.check()?;
        if self.oauth.provider != Provider::Microsoft {
            return Err(SettingsError::Provider);
        }
        if self.endpoint.as_ref().is_some_and(|url| check_url(url).is_err() || !oauth::is_safe(url)) {
            return Err(SettingsError::Endpoint);
        }
        if self.timeout_s == 0 { Err(SettingsError::Timeout) } else { Ok(()) }
    }

    /// Walks the way of a message as far as the token: Graph has no way to ask whether it would take one. Whether that went well.
    pub async fn probe(&self, steps: &mut Steps) -> bool {
        let checked = self.check().map_err(|error| Failure::new(FailureKind::Settings, error.to_string()));
        if steps.judge(name::SETTINGS, checked, |()| "complete").is_err() {
            return false;
        }
        steps.judge(name::TOKEN, self.oauth.access(None).await, Access::shown).is_ok()
    }

    /// Hands over one message, whose header says to whom. `sender` is the bare address it is from.
    pub async fn send(&self, sender: &str, message: &[u8]) -> Outcome {
        if message.len() as u64 > MESSAGE_BYTES {
            let text = format!("the message has {} bytes, Graph takes {MESSAGE_BYTES}", message.len());
            return Outcome::Refused(Failure::new(FailureKind::TooLarge, text));
        }
        let access = match self.oauth.access(None).await {
            Ok(access) => access,
            Err(failure) => return Outcome::Deferred(failure),
        };
        match self.post(sender, message, &access).await {
            // It may have been revoked before its time.
            Ok(answer) if answer.status.as_u16() == 401 && !access.fresh => {
                match self.oauth.access(Some(&access.token)).await {
                    Ok(renewed) => {
                        self.post(sender, message, &renewed).await.map_or_else(lost, |answer| judge(&answer))
                    }
                    Err(failure) => Outcome::Deferred(failure),
                }
            }
            Ok(answer) => judge(&answer),
            Err(failure) => lost(failure),
        }
    }

    async fn post(&self, sender: &str, message: &[u8], access: &Access) -> Result<Answer, Failure> {
        let settings = |what: &str| Failure::new(FailureKind::Settings, what);
        let endpoint = self.endpoint.as_deref().unwrap_or(self.oauth.cloud.graph()).trim_end_matches('/');
        let mailbox = path_part(self.mailbox.as_deref().unwrap_or(sender));
        let mut token = header::HeaderValue::from_str(&format!("Bearer {}", access.token.expose()))
            .map_err(|_| settings("the token cannot stand in a header"))?;
        token.set_sensitive(true);
        let request = Request::post(format!("{endpoint}/v1.0/users/{mailbox}/sendMail"))
            .header(header::AUTHORIZATION, token)
            .header(header::CONTENT_TYPE, "text/plain")
            .body(STANDARD.encode(message).into_bytes())
            .map_err(|_| settings("`endpoint` or `mailbox` makes no address"))?;
        let limit = Duration::from_secs(self.timeout_s);
        let client = HttpClient {
            tls: ClientTls { ca: self.tls_ca.clone(), ..ClientTls::default() },
            proxy: self.proxy.clone(),
            step_limit: limit,
            total_limit: limit * 5,
            ..HttpClient::default()
        };
        client.send(request).await
    }
}

/// What an answer says of the message.
fn judge(answer: &Answer) -> Outcome {
    let said = Said::of(answer);
    match answer.status.as_u16() {
        200..=299 => Outcome::Sent { reply: said.text },
        413 => Outcome::Refused(Failure::new(FailureKind::TooLarge, said.text)),
        // The gateway gave up waiting; what stands behind it may not have.
        504 => Outcome::Unknown(Failure::new(FailureKind::Temporary, said.text)),
        429 | 503 => Outcome::Deferred(Failure::new(pause(answer, &said), said.text)),
        // Too slow, in conflict with another change, locked, too early: the same request may go well later.
        408 | 409 | 423 | 425 | 500.. => Outcome::Deferred(Failure::new(FailureKind::Temporary, said.text)),
        // About the account, its rights and its mailbox: the message is good for all we know.
        401 | 403 => Outcome::Deferred(Failure::new(FailureKind::Authentication, said.text)),
        404 => Outcome::Deferred(Failure::new(FailureKind::Settings, said.text)),
        400..=499 => {
            let failure = Failure::new(FailureKind::Permanent, said.text);
            let is_theirs = failure.text.contains("ErrorInvalidRecipients");
            Outcome::Refused(if is_theirs { failure.of_recipient() } else { failure })
        }
        _ => Outcome::Deferred(Failure::new(FailureKind::ProtocolUnclear, said.text)),
    }
}

fn pause(answer: &Answer, said: &Said) -> FailureKind {
    oauth::retry_after(answer)
        .or_else(|| suggested_backoff(&said.text))
        .map_or(FailureKind::Temporary, FailureKind::throttled)
}

/// The status with the error's code and message, or the request's id where it went well.
struct Said {
    text: String,
}

impl Said {
    fn of(answer: &Answer) -> Self {
        let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let field = |key: &str| text::one_line(json["error"][key].as_str().unwrap_or_default(), 300);
        let mut text = format!("Graph said {}", answer.status);
        match (field("code"), field("message")) {
            (code, _) if code.is_empty() => {}
            (code, message) if message.is_empty() => text += &format!(", {code}"),
            (code, message) => text += &format!(", {code}: {message}"),
        }
        if let Some(id) = answer.header("request-id") {
            text += &format!(" (request {})", text::one_line(id, 60));
        }
        Self { text }
    }
}

/// A request that ended without an answer. Where it cannot have left, the message is still here for sure.
fn lost(failure: Failure) -> Outcome {
    match failure.kind {
        FailureKind::Connection(ConnectionProblem::TimedOut | ConnectionProblem::Closed)
        | FailureKind::ProtocolUnclear => Outcome::Unknown(failure),
        _ => Outcome::Deferred(failure),
    }
}

/// An address as one part of a path.
fn path_part(address: &str) -> String {
    let mut part = String::with_capacity(address.len());
    for byte in address.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) {
            part.push(char::from(byte));
        } else {
            part += &format!("%{byte:02X}");
        }
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_is_one_part_of_the_path_whatever_it_is_called() {
        assert_eq!(path_part("scada-01@acme.example"), "scada-01@acme.example");
        assert_eq!(path_part("../a/b?c@x"), "..%2Fa%2Fb%3Fc@x");
    }

    #[test]
    fn only_microsofts_accounts_over_tls_can_send_by_graph() {
        let read = |toml: &str| -> GraphSettings {
            crate::config_file::parse(std::path::Path::new("agent.toml"), toml).unwrap()
        };
        let oauth = "[oauth]\nprovider = 'microsoft'\ntenant = 't'\nclient_id = 'c'\ngrant = 'device_code'\n";
        assert_eq!(read(oauth).check(), Ok(()));
        assert_eq!(
            read(&format!("endpoint = 'http://graph.example'\n{oauth}")).check(),
            Err(SettingsError::Endpoint)
        );
        assert_eq!(read(&oauth.replace("microsoft", "google")).check(), Err(SettingsError::Provider));
    }
}
