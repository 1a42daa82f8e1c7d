//! Listing and fetching by UID: sizes first, then the mails in one stream.
//!
//! A mail that the server cannot give keeps no other away: what a refused command left is asked for mail by mail. A server that refuses
//! more than it gives is in trouble itself, and no mail is to blame.

use std::collections::BTreeMap;

use async_imap::imap_proto::{AttributeValue, Response};
use jiff::Timestamp;
use mailbeat_shared::wire::limits;

use super::super::{Envelope, ErrorKind, FetchReport, Fetched, Inlet, MailboxError, WINDOW, Window};
use super::{DONE, ImapMailbox};

/// Longest set of UIDs in one command, in bytes (RFC 2683 section 3.2.1.5 asks for lines of about 1000).
const SET_BYTES: usize = 900;
/// Most bytes of a mail that are asked for: one more than is taken, because sizes are understated (Exchange estimates them).
const ASKED_BYTES: u64 = limits::MAIL_BYTES + 1;
/// Mails refused one by one after which the others are not asked for.
const MOST_REFUSED: usize = 25;

/// A fetch under way.
struct Fetching<'a> {
    /// What did not come yet.
    wanted: BTreeMap<u32, Envelope>,
    /// How many came.
    came: usize,
    /// What the server does not give, and its words.
    withheld: Vec<(Envelope, String)>,
    into: &'a Inlet,
}

impl ImapMailbox {
    /// See [`super::super::Mailbox::list`].
    pub(in super::super) async fn list(&mut self, from: u32, to: u32) -> Result<Window, MailboxError> {
        let Some(selected) = &self.selected else { return Err(self.nothing_open()) };
        // Mails are moved away once dealt with: what is left is few, however far apart their UIDs are.
        let few = self.session.mails() <= WINDOW;
        let to = if few { to } else { to.min(from.saturating_add(WINDOW - 1)) };
        if from > to {
            return Ok(Window { mails: Vec::new(), to });
        }
        // A date that cannot be read dates the mail at its fetching.
        let fallback = selected.view.asked_at;
        let mut found = BTreeMap::new();
        let mut overflow = false;
        let command = format!("UID FETCH {from}:{to} (UID RFC822.SIZE INTERNALDATE FLAGS)");
        let note = |response: &Response<'_>| {
            if let Response::Fetch(_, attributes) = response
                && let Some(envelope) = envelope(attributes, fallback)
                && (from..=to).contains(&envelope.uid)
            {
                overflow |= found.len() > 2 * WINDOW as usize;
                if !overflow {
                    found.insert(envelope.uid, envelope);
                }
            }
        };
        self.session.run(&command, note).await?;
        if overflow {
            return Err(self.session.unclear("more mails were listed than the folder was said to hold"));
        }
        Ok(Window { mails: found.into_values().collect(), to })
    }

    /// See [`super::super::Mailbox::fetch`].
    pub(in super::super) async fn fetch(
        &mut self,
        mails: &[Envelope],
        into: &Inlet,
    ) -> Result<FetchReport, MailboxError> {
        if self.selected.is_none() {
            return Err(self.nothing_open());
        }
        let (small, giants): (Vec<&Envelope>, Vec<&Envelope>) =
            mails.iter().partition(|mail| mail.size <= limits::MAIL_BYTES);
        for giant in &giants {
            self.hand_over(fetched(giant, giant.size), into).await?;
        }
        let wanted = small.iter().map(|mail| (mail.uid, **mail)).collect();
        let mut fetching = Fetching { wanted, came: 0, withheld: vec![], into };
        let uids: Vec<u32> = small.iter().map(|mail| mail.uid).collect();
        let mut refused = None;
        for set in uid_sets(&uids) {
            match self.fetch_set(&set, &mut fetching).await {
                Err(error) if error.kind == ErrorKind::Refused => refused = Some(error),
                answered => answered?,
            }
        }
        if let Some(error) = refused {
            self.fetch_singly(&mut fetching, error).await?;
        }
        for (mail, words) in fetching.withheld {
            self.hand_over(Fetched { withheld: Some(words), ..fetched(&mail, mail.size) }, into).await?;
        }
        let vanished: Vec<u32> = fetching.wanted.into_keys().collect();
        Ok(FetchReport { delivered: mails.len() - vanished.len(), vanished })
    }

    /// Asks for these mails with one command and hands over what comes.
    async fn fetch_set(&mut self, set: &str, fetching: &mut Fetching<'_>) -> Result<(), MailboxError> {
        let id = self.session.send(&format!("UID FETCH {set} (UID BODY.PEEK[]<0.{ASKED_BYTES}>)")).await?;
        loop {
            let answer = self.session.answer(&id, mail).await;
            let Some(mail) = answer.map_err(|error| self.session.pardon(error))? else { return Ok(()) };
            let Some((uid, body)) = mail else { continue };
            let Some(mail) = fetching.wanted.remove(&uid) else { continue };
            let Some(body) = body else {
                fetching.withheld.push((mail, "the server has no content for it (NIL)".into()));
                continue;
            };
            fetching.came += 1;
            let size = mail.size.max(body.len() as u64);
            let raw = Some(body).filter(|body| body.len() as u64 <= limits::MAIL_BYTES);
            self.hand_over(Fetched { raw, ..fetched(&mail, size) }, fetching.into).await?;
        }
    }

    /// What did not come is asked for mail by mail, after a refusal, to find out which of them the server does not give.
    async fn fetch_singly(
        &mut self,
        fetching: &mut Fetching<'_>,
        refusal: MailboxError,
    ) -> Result<(), MailboxError> {
        let mut refused = Vec::new();
        for (uid, mail) in fetching.wanted.clone() {
            match self.fetch_set(&uid.to_string(), fetching).await {
                // Somebody else removed it meanwhile (RFC 5530).
                Err(error) if error.text.contains("[EXPUNGEISSUED]") => {}
                Err(error) if error.kind == ErrorKind::Refused => refused.push((mail, error.text)),
                answered => answered?,
            }
            if refused.len() > MOST_REFUSED {
                return Err(refusal);
            }
        }
        if refused.len() > fetching.came {
            return Err(refusal);
        }
        for (mail, _) in &refused {
            fetching.wanted.remove(&mail.uid);
        }
        fetching.withheld.extend(refused);
        Ok(())
    }

    async fn hand_over(&mut self, mail: Fetched, into: &Inlet) -> Result<(), MailboxError> {
        if into.send(mail).await {
            return Ok(());
        }
        // The rest of the answer is on its way; nobody will read it.
        self.session.give_up();
        Err(self.session.closed("nobody reads the mails any more"))
    }

    fn nothing_open(&self) -> MailboxError {
        MailboxError::new(ErrorKind::Refused, format!("{}: no folder is open", self.settings.name))
    }
}

/// A mail without its bytes.
fn fetched(mail: &Envelope, size: u64) -> Fetched {
    let Envelope { uid, internal_date, .. } = *mail;
    Fetched { uid, internal_date, size, raw: None, withheld: None, in_flight: None }
}

/// UID and bytes of a mail, if the response carries them; no bytes where it says that there are none (NIL). Servers also send changed
/// flags unasked.
fn mail(response: &Response<'_>) -> Option<(u32, Option<Vec<u8>>)> {
    let Response::Fetch(_, attributes) = response else { return None };
    let uid = attributes.iter().find_map(|attribute| match attribute {
        AttributeValue::Uid(uid) => Some(*uid),
        _ => None,
    })?;
    let body = attributes.iter().find_map(|attribute| match attribute {
        AttributeValue::BodySection { section: None, data, .. } => Some(data.as_deref().map(<[u8]>::to_vec)),
        _ => None,
    })?;
    Some((uid, body))
}

/// What a response says of a mail; none if it lacks UID or size.
pub(super) fn envelope(attributes: &[AttributeValue<'_>], fallback: Timestamp) -> Option<Envelope> {
    let (mut uid, mut size, mut date, mut done) = (None, None, None, false);
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(number) => uid = Some(*number),
            AttributeValue::Rfc822Size(bytes) => size = Some(u64::from(*bytes)),
            AttributeValue::InternalDate(text) => date = internal_date(text),
            AttributeValue::Flags(flags) => done = flags.iter().any(|flag| flag.eq_ignore_ascii_case(DONE)),
            _ => {}
        }
    }
    Some(Envelope { uid: uid?, size: size?, internal_date: date.unwrap_or(fallback), done })
}

/// `17-Jul-1996 02:44:25 -0700`, a day below 10 with a blank before it (RFC 9051 section 9, date-time).
fn internal_date(text: &str) -> Option<Timestamp> {
    Timestamp::strptime("%d-%b-%Y %H:%M:%S %z", text.trim_start()).ok()
}

/// UIDs as sets for commands (RFC 9051 section 9, sequence-set), each of a length servers take.
pub(super) fn uid_sets(uids: &[u32]) -> Vec<String> {
    let mut sorted = uids.to_vec();
    sorted.sort_unstable();
    let mut sets: Vec<String> = Vec::new();
    for run in sorted.chunk_by(|a, b| b - a <= 1) {
        let (first, last) = (run[0], run[run.len() - 1]);
        let range = if first == last { first.to_string() } else { format!("{first}:{last}") };
        match sets.last_mut() {
            Some(set) if set.len() + range.len() < SET_BYTES => {
                set.push(',');
                set.push_str(&range);
            }
            _ => sets.push(range),
        }
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_arrival_are_read_with_their_zone_and_one_digit_days() {
        let read = |text| internal_date(text).map(|at| at.to_string());
        assert_eq!(read("17-Jul-1996 02:44:25 -0700").as_deref(), Some("1996-07-17T09:44:25Z"));
        assert_eq!(read(" 7-Jul-2026 02:44:25 +0000").as_deref(), Some("2026-07-07T02:44:25Z"));
        assert_eq!(read("yesterday"), None);
    }

    #[test]
    fn runs_of_uids_become_ranges_and_long_sets_are_cut() {
        assert_eq!(uid_sets(&[]), Vec::<String>::new());
        assert_eq!(uid_sets(&[5, 1, 2, 3, 9, 9]), ["1:3,5,9"]);
        assert_eq!(uid_sets(&[u32::MAX, u32::MAX - 1]), ["4294967294:4294967295"]);
        let scattered: Vec<u32> = (0..1_000).map(|n| 4_000_000_000 + 2 * n).collect();
        let sets = uid_sets(&scattered);
        assert!(sets.iter().all(|set| set.len() <= SET_BYTES) && sets.len() > 10);
        assert_eq!(sets.join(",").split(',').count(), 1_000);
    }
}
