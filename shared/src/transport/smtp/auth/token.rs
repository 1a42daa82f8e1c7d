//! Saying who we are by a token: one command, and a second one with a new token where the first was refused.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::reply::{Reply, Stage};
use super::super::session::Session;
use crate::transport::oauth::{Access, Mechanism, OAuthSettings, challenge};
use crate::transport::outcome::{Failure, FailureKind};
use crate::transport::secret::Secret;

/// `AUTH` with everything in one line, or the answer to a challenge (RFC 4954 section 4).
struct Said<'a>(Option<Mechanism>, &'a str);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(mechanism) = self.0 {
            write!(f, "AUTH {} ", mechanism.name())?;
        }
        write!(f, "{}\r\n", STANDARD.encode(self.1))
    }
}

impl Session {
    /// Shows the token at hand, and where that is refused a new one, once.
    pub(super) async fn show_token(
        &mut self,
        oauth: &OAuthSettings,
        access: Access,
    ) -> Result<Reply, Failure> {
        self.must_be_private("token")?;
        let mechanism = Mechanism::choose(oauth.sasl, |name| self.offers_auth(name));
        let mechanism = mechanism.ok_or_else(|| self.no_way_in())?;
        let refused = match self.show(mechanism, &access).await {
            Err(refused) if refused.kind == FailureKind::Authentication && !access.fresh => refused,
            said => return said,
        };
        // It may have been revoked before its time. A server that closed meanwhile is asked with the new one next time.
        let renewed = oauth.access(Some(&access.token)).await?;
        if self.is_broken() {
            return Err(refused);
        }
        self.show(mechanism, &renewed).await
    }

    async fn show(&mut self, mechanism: Mechanism, access: &Access) -> Result<Reply, Failure> {
        let username = self.settings.username.clone().unwrap_or_default();
        let said: Secret =
            mechanism.response(&username, &self.settings.host, self.settings.port(), &access.token);
        let mut reply = self.ask(Said(Some(mechanism), said.expose()), "AUTH").await?;
        let mut why = String::new();
        if reply.code == 334 {
            let bytes = STANDARD.decode(reply.lines.concat().trim()).unwrap_or_default();
            why = challenge(&bytes).to_string();
            reply = self.ask(Said(None, mechanism.after_refusal()), "AUTH").await?;
        }
        if reply.code == 235 {
            return Ok(reply);
        }
        let failure = reply.failure(Stage::Authentication);
        Err(Failure::new(failure.kind, failure.text + &why))
    }
}
