//! Waiting for new mail: IDLE (RFC 2177) where the server can, else until it is time to look.

use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;

use async_imap::imap_proto::Response;
use tokio::time::{Instant, sleep_until};

use super::super::{ErrorKind, MailboxError, Woken, pause};
use super::ImapMailbox;
use super::session::Session;

/// How long one IDLE lasts: a connection that died in silence is noticed after this.
const ROUND: Duration = Duration::from_secs(300);

impl ImapMailbox {
    /// See [`super::super::Mailbox::wait`].
    pub(in super::super) async fn wait(
        &mut self,
        folder: &str,
        at_most: Duration,
        wake: impl Future<Output = ()>,
    ) -> Result<Woken, MailboxError> {
        let mut wake = pin!(wake);
        let until = Instant::now() + at_most;
        if self.can_idle() && self.look_again(folder).await? {
            return Ok(Woken::Mail);
        }
        while self.can_idle() {
            if self.session.is_stirred() {
                return Ok(Woken::Mail);
            }
            match idle(&mut self.session, until.min(Instant::now() + ROUND), wake.as_mut()).await {
                Ok(Woken::Time) if Instant::now() < until => {}
                Ok(woken) => return Ok(woken),
                Err(error) if error.kind == ErrorKind::Refused => {
                    tracing::warn!(mailbox = self.settings.name, %error, "the server refuses IDLE; it is polled");
                    self.abilities.idle = false;
                }
                Err(error) => return Err(error),
            }
        }
        let poll = Duration::from_secs(self.settings.poll_interval_s);
        Ok(pause(poll, until.saturating_duration_since(Instant::now()), wake).await)
    }

    fn can_idle(&self) -> bool {
        self.abilities.idle && self.settings.idle
    }

    /// Whether something came between the caller's last look at the folder and its being selected for IDLE, which
    /// tells only of what comes later.
    async fn look_again(&mut self, folder: &str) -> Result<bool, MailboxError> {
        let Some(known) = self.seen.get(folder).copied() else { return Ok(true) };
        let view = self.reselect(folder).await?;
        Ok((view.uidvalidity, view.uidnext) != (known.uidvalidity, known.uidnext))
    }
}

/// One IDLE, from the command to its tagged OK.
async fn idle(
    session: &mut Session,
    until: Instant,
    mut wake: Pin<&mut impl Future<Output = ()>>,
) -> Result<Woken, MailboxError> {
    let id = session.send("IDLE").await?;
    loop {
        match session.answer(&id, |response| matches!(response, Response::Continue(_))).await? {
            Some(true) => break,
            Some(false) => {}
            None => return Err(session.unclear("OK to IDLE before it began")),
        }
    }
    session.be_patient(2 * ROUND);
    let woken = loop {
        if session.is_stirred() {
            break Woken::Mail;
        }
        tokio::select! {
            biased;
            () = wake.as_mut() => break Woken::Caller,
            () = sleep_until(until) => break Woken::Time,
            answer = session.answer(&id, |_| ()) => if answer?.is_none() {
                return Err(session.unclear("the server ended IDLE by itself"));
            },
        }
    };
    session.end_idle().await?;
    while session.answer(&id, |_| ()).await?.is_some() {}
    Ok(woken)
}
