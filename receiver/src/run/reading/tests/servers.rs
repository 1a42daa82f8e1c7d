//! Servers that do otherwise than most, and folders that come to be: what can be read is read.

use jiff::SignedDuration;

use super::{Desk, bodies, three_mails};
use crate::intake::QuarantineReason;
use crate::mailbox::played::{Played, holding, listing};

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

#[tokio::test]
async fn an_observer_reads_each_mail_once() {
    let desk = Desk { observe: true, ..Desk::new() };
    let server = three_mails(&desk, |command| match command {
        "EXAMINE \"INBOX\"" => Some(holding(3)),
        _ => command.contains("(UID BODY").then(|| bodies(&[1, 2, 3])),
    })
    .await;
    for _session in 0..3 {
        desk.session(&server).await.unwrap();
    }
    assert_eq!(desk.read_so_far().await, (vec![], 3));
    assert_eq!(server.commands("UID FETCH 1:3 (UID BODY").len(), 1);
}

#[tokio::test]
async fn what_an_observer_could_not_read_is_moved_and_not_asked_for_by_who_runs_after_it() {
    let mut desk = Desk { observe: true, ..Desk::new() };
    let server = three_mails(&desk, |command| match command {
        "EXAMINE \"INBOX\"" => Some(holding(3)),
        _ if command.starts_with("UID FETCH 2 (UID BODY") => Some("@ BAD internal error\r\n".into()),
        _ if command.starts_with("UID FETCH 1,3 (UID BODY") => Some(bodies(&[1, 3])),
        _ => command.contains("(UID BODY").then(|| bodies(&[1, 3]) + "@ NO not all\r\n"),
    })
    .await;
    desk.session(&server).await.unwrap();
    assert_eq!(desk.read_so_far().await, (vec![(QuarantineReason::NotGiven, 2)], 3));
    desk.observe = false;
    let asked = server.commands("UID FETCH 2 (UID BODY").len();
    desk.session(&server).await.unwrap();
    assert_eq!(server.commands("UID FETCH 2 (UID BODY").len(), asked);
    assert_eq!(server.commands("UID MOVE 2"), ["UID MOVE 2 \"Mailbeat/Quarantine\""]);
    assert_eq!(server.commands("UID MOVE 1,3"), ["UID MOVE 1,3 \"Mailbeat/Processed\""]);
}
