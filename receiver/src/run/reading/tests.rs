//! Stories of sessions with a played server. A session ends when the story says stop while the server is idle.

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
async fn a_mail_that_the_server_refuses_to_give_keeps_no_other_away_and_is_set_aside_unread() {
    let desk = Desk::new();
    let server = three_mails(&desk, |command| match command {
        _ if command.starts_with("UID FETCH 1:3 (UID BODY") => {
            Some(bodies(&[1, 3]) + "@ NO Some messages could not be FETCHed (Failure)\r\n")
        }
        _ if command.starts_with("UID FETCH 2 (UID BODY") => Some("@ BAD internal error\r\n".into()),
        _ => None,
    })
    .await;
    desk.session(&server).await.unwrap();
    assert_eq!(desk.read_so_far().await, (vec![(QuarantineReason::NotGiven, 2)], 3));
    let moves = ["UID MOVE 1,3 \"Mailbeat/Processed\"", "UID MOVE 2 \"Mailbeat/Quarantine\""];
    assert_eq!(server.commands("UID MOVE"), moves);
}

#[tokio::test]
async fn a_server_that_gives_no_mail_at_all_is_to_blame_and_no_mail_is_set_aside() {
    let desk = Desk::new();
    let refuse =
        |command: &str| command.contains("(UID BODY").then(|| "@ NO [SERVERBUG] disk\r\n".to_owned());
    let server = three_mails(&desk, refuse).await;
    for _session in 0..5 {
        assert!(desk.session(&server).await.is_err());
    }
    assert_eq!(desk.read_so_far().await, (vec![], 0));
    assert_eq!(desk.read(|tx| tx.open_windows(1)).await, []);
}

#[tokio::test]
async fn a_mail_that_is_larger_than_its_server_said_is_set_aside_and_ends_no_session() {
    let desk = Desk::new();
    let server = three_mails(&desk, |command| {
        let asked = command.split_once("(UID BODY.PEEK[]")?.1;
        let most = asked.strip_prefix("<0.").and_then(|rest| rest.strip_suffix(">)"));
        let bytes = most.map_or(30_000_000, |most| most.parse().unwrap());
        let large = format!("* 2 FETCH (UID 2 BODY[]<0> {{{bytes}}}\r\n{})\r\n", "x".repeat(bytes));
        Some(bodies(&[1]) + &large + &bodies(&[3]))
    })
    .await;
    desk.session(&server).await.unwrap();
    assert_eq!(desk.read_so_far().await, (vec![(QuarantineReason::TooLarge, 2)], 3));
}

#[tokio::test]
async fn a_mail_without_content_is_set_aside_and_not_asked_for_again() {
    let desk = Desk::new();
    let server = three_mails(&desk, |command| {
        let nothing = "* 2 FETCH (UID 2 BODY[]<0> NIL)\r\n";
        command.contains("(UID BODY").then(|| bodies(&[1, 3]) + nothing)
    })
    .await;
    for _session in 0..2 {
        desk.session(&server).await.unwrap();
    }
    assert_eq!(desk.read_so_far().await, (vec![(QuarantineReason::NotGiven, 2)], 3));
    assert_eq!(server.commands("UID FETCH 1:3 (UID BODY").len(), 1);
}

/// What the library that reads the server's answers panics on: half a character.
const DEADLY: &str = "* METADATA \"a\" (/private/comment {1}\r\n\u{e9})\r\n";

#[tokio::test]
async fn a_mail_whose_answer_cannot_be_read_or_panics_is_found_and_set_aside_and_the_others_are_read() {
    for answer in ["* 2 FETCH nonsense\r\n", DEADLY] {
        let desk = Desk::new();
        let server = three_mails(&desk, move |command| {
            let uids = command.strip_prefix("UID FETCH ")?.split_once(" (UID BODY")?.0;
            Some(match uids {
                "1:3" => bodies(&[1]) + answer,
                "2" => answer.to_owned(),
                uid => bodies(&[uid.parse().unwrap()]),
            })
        })
        .await;
        for _session in 0..2 {
            assert!(matches!(desk.session(&server).await, Err(SessionError::Mailbox(_))), "{answer}");
        }
        desk.session(&server).await.unwrap();
        assert_eq!(desk.read_so_far().await, (vec![(QuarantineReason::Poison, 2)], 3));
    }
}

#[tokio::test]
async fn a_junk_folder_that_the_server_makes_later_is_read_within_the_hour() {
    let desk = Desk::new();
    let (stop, clock, mut is_there) = (desk.stopper(), desk.clock.clone(), false);
    let server = Played::new(move |command| match command {
        "IDLE" if is_there => {
            stop();
            None
        }
        "IDLE" => {
            is_there = true;
            clock.advance(SignedDuration::from_hours(1));
            Some("* 1 EXISTS\r\n".into())
        }
        _ => (command.contains("Junk\"") && !is_there).then(String::new),
    })
    .await;
    desk.session(&server).await.unwrap();
    assert_eq!(server.commands("SELECT \"Junk\""), ["SELECT \"Junk\""]);
    let heard = desk.read(|tx| tx.mailboxes()).await.remove(0).hearing;
    assert_eq!(heard.unwrap().drained_at, desk.clock.now(), "both folders are heard");
}

#[tokio::test]
async fn a_server_that_does_not_tell_uidnext_is_read_all_the_same() {
    let desk = Desk::new();
    let server = three_mails(&desk, |command| match command {
        "FETCH * (UID)" => Some("* 3 FETCH (UID 3)\r\n".into()),
        "SELECT \"INBOX\"" => Some("* 3 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n".into()),
        "SELECT \"Junk\"" => Some("* 0 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n".into()),
        _ => command.contains("(UID BODY").then(|| bodies(&[1, 2, 3])),
    })
    .await;
    desk.session(&server).await.unwrap();
    assert_eq!(desk.read_so_far().await, (vec![], 3));
    assert!(desk.read(|tx| tx.mailboxes()).await[0].hearing.is_some());
}

#[tokio::test]
async fn a_folder_whose_uids_begin_with_a_billion_is_read_from_there_on() {
    const FIRST: u32 = 1_377_008_892;
    for there in [0, 2] {
        let desk = Desk::new();
        let stop = desk.stopper();
        let server = Played::new(move |command| match command {
            "IDLE" => {
                stop();
                None
            }
            "FETCH 1 (UID)" => Some(format!("* 1 FETCH (UID {FIRST})\r\n")),
            "SELECT \"INBOX\"" => Some(format!(
                "* {there} EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT {}] x\r\n",
                FIRST + 2
            )),
            _ if there == 0 => None,
            _ if command.contains("RFC822.SIZE") => Some(listing(FIRST..=FIRST + 1)),
            _ => command.contains("(UID BODY").then(|| bodies(&[FIRST, FIRST + 1])),
        })
        .await;
        desk.session(&server).await.unwrap();
        assert_eq!(desk.read_so_far().await, (vec![], FIRST + 1));
        assert!(server.commands("UID FETCH").len() <= 3, "{:?}", server.commands(""));
        assert!(desk.read(|tx| tx.mailboxes()).await[0].hearing.is_some());
    }
}

#[tokio::test]
async fn a_server_that_refuses_to_move_to_mark_and_to_make_folders_is_read_all_the_same() {
    for refusal in ["@ NO not here\r\n", "@ BAD no such command\r\n"] {
        let desk = Desk::new();
        let server = three_mails(&desk, move |command| match command {
            _ if command.contains("(UID BODY") => Some(bodies(&[1, 2, 3])),
            _ if command.starts_with("LIST") && command.contains("Mailbeat") => Some(String::new()),
            _ if command.starts_with("UID STORE") || command.starts_with("CREATE") => Some(refusal.into()),
            _ => None,
        })
        .await;
        desk.session(&server).await.unwrap();
        assert_eq!(desk.read_so_far().await, (vec![], 3));
        assert_eq!(server.commands("UID STORE").len(), 1, "what was recorded counts as filed");
    }
}

#[tokio::test]
async fn a_server_that_refuses_move_is_asked_to_copy() {
    let desk = Desk::new();
    let server = three_mails(&desk, |command| match command {
        _ if command.contains("(UID BODY") => Some(bodies(&[1, 2, 3])),
        _ if command.starts_with("UID MOVE") => Some("@ BAD no such command\r\n".into()),
        _ => None,
    })
    .await;
    desk.session(&server).await.unwrap();
    assert_eq!(server.commands("UID COPY"), ["UID COPY 1:3 \"Mailbeat/Processed\""]);
}

#[tokio::test]
async fn a_server_that_removes_no_old_mails_is_read_all_the_same() {
    for refused in ["EXPUNGE", "UID STORE", "SELECT \"Mailbeat/Processed\""] {
        let desk = Desk::new();
        let stop = desk.stopper();
        desk.clock.advance(SignedDuration::from_hours(24 * 365));
        let server = Played::new(move |command| match command {
            "IDLE" => {
                stop();
                None
            }
            _ if command.starts_with(refused) => Some("@ NO not here\r\n".into()),
            "SELECT \"Mailbeat/Processed\"" => Some(holding(3)),
            _ => command.starts_with("FETCH 1:3").then(|| listing(1..=3)),
        })
        .await;
        desk.session(&server).await.unwrap();
        assert_eq!(server.commands(refused).len(), 1);
        assert_eq!(desk.unreachable_since().await, None);
    }
}
