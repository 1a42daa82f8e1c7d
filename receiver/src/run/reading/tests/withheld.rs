//! Mails that a server does not give, or gives in a way that cannot be read: they keep no other away.

use super::{Desk, bodies, three_mails};
use crate::intake::QuarantineReason;
use crate::run::SessionError;

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

/// The session ends though mails of these sizes, in MiB, are wanted, of which not all have room at a time.
async fn are_read(sizes: [usize; 3]) {
    let desk = Desk::new();
    let server = three_mails(&desk, move |command| {
        let mail = |uid: usize| {
            let bytes = (sizes[uid - 1] << 20) + 5;
            format!("* {uid} FETCH (UID {uid} BODY[]<0> {{{bytes}}}\r\n{})\r\n", "x".repeat(bytes))
        };
        command.starts_with("UID FETCH 1:3 (UID BODY").then(|| (1..=3).map(mail).collect())
    })
    .await;
    // Nobody waits so long but for ever.
    let session = tokio::time::timeout(std::time::Duration::from_secs(120), desk.session(&server)).await;
    session.expect("mails wait for each other").unwrap();
    assert_eq!(desk.read_so_far().await, (vec![], 3), "{sizes:?}");
}

#[tokio::test]
async fn a_few_large_mails_do_not_wait_for_each_other() {
    are_read([6, 6, 6]).await;
    are_read([0, 20, 0]).await;
    are_read([20, 20, 20]).await;
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
