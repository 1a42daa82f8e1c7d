//! Saying who we are: by a password, or by a token and where that is refused by a new one, once.

use async_imap::Client;
use async_imap::imap_proto::{Capability, Response};
use async_imap::types::UnsolicitedResponse;
use mailbeat_shared::steps::{Steps, name};
use mailbeat_shared::transport::oauth::{Access, Mechanism, OAuthSettings, challenge};
use mailbeat_shared::transport::secret::Secret;

use super::super::{ErrorKind, ImapSettings, MailboxError};
use super::session;
use super::wire::Wire;

/// Most untagged answers to CAPABILITY that are looked at; there is one.
const ANSWERS: usize = 16;

type Session = async_imap::Session<Wire>;

/// What we show.
pub(super) enum Proof {
    Password(Secret),
    Token(Box<OAuthSettings>),
}

impl Proof {
    /// What the settings say; a password is read from its file, a token is asked for when it is shown.
    pub(super) fn of(settings: &ImapSettings) -> Result<Self, MailboxError> {
        match &settings.oauth {
            Some(oauth) => Ok(Self::Token(oauth.clone())),
            None => settings.password().map(Self::Password),
        }
    }
}

/// Logs in.
pub(super) async fn authenticate(
    client: Client<Wire>,
    settings: &ImapSettings,
    proof: &Proof,
    steps: &mut Steps,
) -> Result<Session, MailboxError> {
    let logged_in = match proof {
        Proof::Password(password) => by_password(client, settings, password).await,
        Proof::Token(oauth) => {
            let access = oauth.access(None).await.map_err(MailboxError::from);
            let access = steps.judge(name::TOKEN, access, Access::shown)?;
            by_token(client, settings, oauth, access).await
        }
    };
    steps.judge(name::AUTHENTICATE, logged_in, |_| format!("as {}", settings.username))
}

async fn by_password(
    client: Client<Wire>,
    settings: &ImapSettings,
    password: &Secret,
) -> Result<Session, MailboxError> {
    let username = settings.username.as_str();
    // LOGIN is known everywhere, but takes ASCII only; SASL PLAIN (RFC 4616) takes everything.
    let logged_in = if username.is_ascii() && is_printable(password.expose()) {
        client.login(username, password.expose()).await
    } else {
        client.authenticate("PLAIN", Plain { username, password }).await
    };
    logged_in.map_err(|(error, _)| refusal(error, settings))
}

async fn by_token(
    mut client: Client<Wire>,
    settings: &ImapSettings,
    oauth: &OAuthSettings,
    access: Access,
) -> Result<Session, MailboxError> {
    let offered = offered(&mut client, settings).await?;
    let offers = |name: &str| offered.iter().any(|offer| offer.eq_ignore_ascii_case(name));
    let Some(mechanism) = Mechanism::choose(oauth.sasl, offers) else {
        let text = format!("{} takes no token; it offers: {}", settings.host, offered.join(", "));
        return Err(MailboxError::new(ErrorKind::Authentication, text));
    };
    let (refused, client) = match show(client, settings, mechanism, &access).await {
        Ok(session) => return Ok(session),
        Err((error, client)) if error.kind == ErrorKind::Authentication && !access.fresh => (error, client),
        Err((error, _)) => return Err(error),
    };
    // It may have been revoked before its time.
    tracing::debug!(mailbox = settings.name, error = %refused, "the token was refused; a new one is asked for");
    let renewed = oauth.access(Some(&access.token)).await?;
    show(client, settings, mechanism, &renewed).await.map_err(|(error, _)| error)
}

/// The SASL mechanisms of the answer to CAPABILITY (RFC 9051 section 6.1.1).
async fn offered(client: &mut Client<Wire>, settings: &ImapSettings) -> Result<Vec<String>, MailboxError> {
    let (seen, answers) = async_channel::bounded(ANSWERS);
    let asked = client.run_command_and_check_ok("CAPABILITY", Some(seen)).await;
    asked.map_err(|error| session::from_library(error, &settings.host))?;
    let mut offered = Vec::new();
    while let Ok(UnsolicitedResponse::Other(answer)) = answers.try_recv() {
        if let Response::Capabilities(words) = answer.parsed() {
            offered.extend(words.iter().filter_map(|word| match word {
                Capability::Auth(name) => Some(name.to_string()),
                _ => None,
            }));
        }
    }
    Ok(offered)
}

async fn show(
    client: Client<Wire>,
    settings: &ImapSettings,
    mechanism: Mechanism,
    access: &Access,
) -> Result<Session, (MailboxError, Client<Wire>)> {
    let said = mechanism.response(&settings.username, &settings.host, settings.port(), &access.token);
    let mut why = String::new();
    let token = Token { mechanism, said: Some(said), why: &mut why };
    let shown = client.authenticate(mechanism.name(), token).await;
    shown.map_err(|(error, client)| {
        let error = refusal(error, settings);
        (MailboxError::new(error.kind, error.text + &why), client)
    })
}

/// What a refused login means.
fn refusal(error: async_imap::error::Error, settings: &ImapSettings) -> MailboxError {
    let error = session::from_library(error, &settings.host);
    // RFC 5530: the server cannot check passwords now, or has too many of us; the password may be right.
    let later = ["[UNAVAILABLE]", "[INUSE]", "[LIMIT]"].iter().any(|code| error.text.contains(code));
    let kind =
        if error.kind == ErrorKind::Refused && !later { ErrorKind::Authentication } else { error.kind };
    MailboxError { kind, ..error }
}

fn is_printable(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_graphic() || c == ' ')
}

struct Plain<'a> {
    username: &'a str,
    password: &'a Secret,
}

impl async_imap::Authenticator for Plain<'_> {
    type Response = String;

    fn process(&mut self, _challenge: &[u8]) -> String {
        format!("\0{}\0{}", self.username, self.password.expose())
    }
}

/// Says the token at the first challenge; a second one says why it was refused.
struct Token<'a> {
    mechanism: Mechanism,
    said: Option<Secret>,
    why: &'a mut String,
}

impl async_imap::Authenticator for Token<'_> {
    type Response = String;

    fn process(&mut self, said: &[u8]) -> String {
        match self.said.take() {
            Some(token) => token.expose().to_owned(),
            None => {
                *self.why = challenge(said).to_string();
                self.mechanism.after_refusal().to_owned()
            }
        }
    }
}
