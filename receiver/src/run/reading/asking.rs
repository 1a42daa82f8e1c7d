//! Asking a mailbox now and then how full it is, for the receiver's own rules.
//!
//! Reading goes on whatever becomes of it: a server that refuses is asked again later, and an answer that costs the connection is not
//! asked for again for a day.

use jiff::{SignedDuration, Timestamp};

use super::super::{Receiver, SessionError};
use crate::mailbox::Mailbox;

/// Time between two questions. A mailbox fills up over hours or days, so this warns soon enough and shows soon that room was made; and
/// there are servers that count every mail anew for each answer.
const USUALLY: SignedDuration = SignedDuration::from_mins(15);
/// The same after an answer that ended the session.
const AFTER_A_BREAK: SignedDuration = SignedDuration::from_hours(24);

/// When a mailbox was asked last, kept from session to session.
#[derive(Debug, Default)]
pub(in super::super) struct Asking(Option<(Timestamp, SignedDuration)>);

impl Asking {
    /// Asks, if it is time to, and notes the answer.
    ///
    /// # Errors
    /// The session is over, or the store refuses.
    pub(super) async fn ask(
        &mut self,
        receiver: &Receiver,
        mailbox: &mut Mailbox,
        row: i64,
    ) -> Result<(), SessionError> {
        let now = receiver.now();
        if !self.is_due(now) {
            return Ok(());
        }
        // Stands until there is an answer.
        self.0 = Some((now, AFTER_A_BREAK));
        match mailbox.fills().await {
            Ok(fills) => receiver.store.write(move |tx| tx.put_fills(row, &fills)).await?,
            Err(error) if error.kind.ends_session() => return Err(error.into()),
            // What it said before stands: a hiccup of the server is no news.
            Err(error) => tracing::info!(%error, "the server does not say how full the mailbox is"),
        }
        self.0 = Some((now, USUALLY));
        Ok(())
    }

    /// A clock that was set makes it due, too.
    fn is_due(&self, now: Timestamp) -> bool {
        self.0.is_none_or(|(asked_at, pause)| now.duration_since(asked_at).abs() >= pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_is_asked_at_once_then_each_quarter_of_an_hour_and_a_day_after_an_answer_broke_the_session() {
        let at = |minutes| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
        assert!(Asking::default().is_due(at(0)));
        let answered = Asking(Some((at(60), USUALLY)));
        assert_eq!([61, 74, 75, 45].map(|minute| answered.is_due(at(minute))), [false, false, true, true]);
        let broken = Asking(Some((at(0), AFTER_A_BREAK)));
        assert_eq!([15, 24 * 60 - 1, 24 * 60].map(|minute| broken.is_due(at(minute))), [false, false, true]);
    }
}
