//! Saying who we are (RFC 4954): by a password, or in `token` by one of those, over a private connection or to this machine
//! itself.

mod token;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::commands::Auth;
use lettre::transport::smtp::response::Response;

use super::reply::{Reply, Stage, failure_without_reply};
use super::session::Session;
use super::settings::AuthMode;
use crate::steps::{Steps, name};
use crate::transport::oauth::{Access, windows_only};
use crate::transport::outcome::{Failure, FailureKind, TlsProblem};
use crate::transport::tls::tls_failure;

impl Session {
    /// AUTH where the settings ask for it, never in clear except to this machine itself.
    pub(super) async fn authenticate(&mut self, steps: &mut Steps) -> Result<(), Failure> {
        if !self.settings.wants_auth() {
            return Ok(());
        }
        let said = match self.settings.oauth.clone() {
            Some(oauth) => {
                let access = steps.judge(name::TOKEN, oauth.access(None).await, Access::shown)?;
                self.show_token(&oauth, access).await
            }
            None => self.log_in().await,
        };
        steps.judge(name::AUTHENTICATE, said, Reply::shown).map(drop)
    }

    async fn log_in(&mut self) -> Result<Reply, Failure> {
        self.must_be_private("password")?;
        let mechanism = self.mechanism()?;
        let (username, password) = self.settings.credentials()?;
        let credentials = Credentials::new(username, password.expose().to_owned());
        let unclear = |error: lettre::transport::smtp::Error| failure_without_reply(&error, "AUTH");
        let mut reply =
            self.ask(Auth::new(mechanism, credentials.clone(), None).map_err(unclear)?, "AUTH").await?;
        // LOGIN asks twice, PLAIN never
        for _ in 0..2 {
            if reply.code != 334 {
                break;
            }
            let challenge: Response = format!("334 {}\r\n", reply.lines.concat()).parse().map_err(unclear)?;
            let answer =
                Auth::new_from_response(mechanism, credentials.clone(), &challenge).map_err(unclear)?;
            reply = self.ask(answer, "AUTH").await?;
        }
        if reply.code == 235 { Ok(reply) } else { Err(reply.failure(Stage::Authentication)) }
    }

    /// Whether a secret may be said on this connection.
    fn must_be_private(&self, what: &str) -> Result<(), Failure> {
        if self.socket.is_private() || self.socket.peer().ip().is_loopback() {
            return Ok(());
        }
        let text =
            format!("the connection to {} is not private; the {what} was not sent", self.socket.peer());
        Err(tls_failure(TlsProblem::NotOffered, text))
    }

    fn offers_auth(&self, name: &str) -> bool {
        self.offers.auth.iter().any(|offer| offer == name)
    }

    fn mechanism(&self) -> Result<Mechanism, Failure> {
        match self.settings.auth {
            AuthMode::Auto | AuthMode::Plain if self.offers_auth("PLAIN") => Ok(Mechanism::Plain),
            AuthMode::Auto | AuthMode::Login if self.offers_auth("LOGIN") => Ok(Mechanism::Login),
            _ => Err(self.no_way_in()),
        }
    }

    /// Nothing the server offers is what the settings want.
    fn no_way_in(&self) -> Failure {
        let offers = if self.offers.auth.is_empty() { "none".into() } else { self.offers.auth.join(", ") };
        let hint = windows_only(&self.offers.auth).unwrap_or_default();
        let text = format!(
            "{} offers no way of authentication we use; it offers: {offers}{hint}",
            self.settings.host
        );
        Failure::new(FailureKind::Authentication, text)
    }
}
