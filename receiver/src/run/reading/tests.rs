//! Stories of sessions with a played server. A session ends when the story says stop while the server is idle.

mod servers;
mod withheld;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::clock::Clock;
use tokio::sync::watch;

use super::{Asking, note_trouble, session};
use crate::config::Config;
use crate::evaluate::rules::Rules;
use crate::intake::QuarantineReason;
use crate::keyring::Keyring;
use crate::mailbox::played::{Played, holding, listing};
use crate::run::{Receiver, SessionError, contained};
use crate::store::{Store, StoreError, StoreHandle, Tx};

/// A receiver of one mailbox, whose sessions begin when the story wants.
struct Desk {
    store: StoreHandle,
    clock: Clock,
    observe: bool,
    stop: Arc<watch::Sender<bool>>,
}

impl Desk {
    fn new() -> Self {
        let store = StoreHandle::spawn(Store::in_memory().unwrap()).unwrap();
        let clock = Clock::manual("2026-03-01T12:00:00Z".parse().unwrap());
        Self { store, clock, observe: false, stop: Arc::new(watch::channel(false).0) }
    }

    /// Says stop, once all was read.
    fn stopper(&self) -> impl Fn() + Send + use<> {
        let stop = Arc::clone(&self.stop);
        move || {
            stop.send_replace(true);
        }
    }

    fn receiver(&self, server: &Played) -> Receiver {
        self.stop.send_replace(false);
        let text = format!(
            "state_dir = \"/nowhere\"\n[contracts]\nvendor = \"V\"\nreport_addresses = [\"reports@vendor.example\"]\n\
             [[mailbox]]\nname = \"reports\"\ntype = \"imap\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n\
             username = \"u\"\npassword = \"p\"\n\
             [outgoing]\ntype = \"maildir\"\nfrom = \"reports@vendor.example\"\npath = \"/nowhere\"\n",
            server.port
        );
        let config = Config::of("receiver.toml".as_ref(), &text).unwrap();
        let (store, clock, stopping) = (self.store.clone(), self.clock.clone(), self.stop.subscribe());
        Receiver::new(config, Rules::built_in(), Keyring::default(), store, clock, self.observe, stopping)
    }

    /// One session, until it breaks or the story stops it; trouble is noted.
    async fn session(&self, server: &Played) -> Result<(), SessionError> {
        let receiver = self.receiver(server);
        let settings = &receiver.config.mailboxes[0];
        let (mut failures, mut asking, came_further) = (0, Asking::default(), AtomicBool::new(false));
        let session = session(&receiver, settings, &mut failures, &came_further, &mut asking);
        let ended = contained(session).await;
        if let Err(SessionError::Mailbox(error)) = &ended {
            note_trouble(&receiver, settings, error).await.unwrap();
        }
        ended
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.store.write(work).await.unwrap()
    }

    /// Reason and UID of what lies in quarantine, and the cursor of the first folder.
    async fn read_so_far(&self) -> (Vec<(QuarantineReason, u32)>, u32) {
        self.read(|tx| {
            let waiting = tx.quarantine_waiting(0, 100)?;
            let aside = waiting.iter().map(|row| (row.reason, row.place.uid)).collect();
            Ok((aside, tx.folder(1)?.unwrap().last_uid))
        })
        .await
    }

    async fn unreachable_since(&self) -> Option<Timestamp> {
        let rows = self.read(|tx| tx.mailboxes()).await;
        rows[0].unreachable.as_ref().map(|(since, _)| *since)
    }
}

/// The answer with the content of these mails.
fn bodies(uids: &[u32]) -> String {
    uids.iter().map(|uid| format!("* {uid} FETCH (UID {uid} BODY[]<0> {{5}}\r\nhello)\r\n")).collect()
}

/// Three mails in INBOX, whose contents the story gives, and more if it wants; it is over when the server is idle.
async fn three_mails(
    desk: &Desk,
    contents: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
) -> Played {
    let stop = desk.stopper();
    Played::new(move |command| {
        let usual = || match command {
            "IDLE" => {
                stop();
                None
            }
            "SELECT \"INBOX\"" => Some(holding(3)),
            "FETCH 1 (UID)" => Some("* 1 FETCH (UID 1)\r\n".into()),
            _ if command.contains("RFC822.SIZE") => Some(listing(1..=3)),
            _ => None,
        };
        contents(command).or_else(usual)
    })
    .await
}

#[tokio::test]
async fn a_mailbox_that_logs_in_and_cannot_be_read_is_in_trouble_until_it_was_read_to_its_end() {
    let desk = Desk::new();
    let (began, stop, mut sessions) = (desk.clock.now(), desk.stopper(), 0);
    let server = Played::new(move |command| {
        sessions += u32::from(command.starts_with("LOGIN"));
        match command {
            "IDLE" => stop(),
            _ if command.starts_with("SELECT") && sessions < 3 => return Some("@ NO disk\r\n".into()),
            _ => {}
        }
        None
    })
    .await;
    for _session in 0..2 {
        assert!(desk.session(&server).await.is_err());
        assert_eq!(desk.unreachable_since().await, Some(began));
        desk.clock.advance(SignedDuration::from_mins(10));
    }
    desk.session(&server).await.unwrap();
    assert_eq!(desk.unreachable_since().await, None);
}
