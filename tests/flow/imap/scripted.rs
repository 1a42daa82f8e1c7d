//! The receiver's IMAP mailbox against a server that follows a script: only for what Dovecot cannot be made to do on cue.

use std::future::pending;
use std::time::Duration;

use jiff::Timestamp;
use mailbeat_receiver::filing::Target;
use mailbeat_receiver::mailbox::{
    ErrorKind, Filing, ImapSettings, ImapTls, Mailbox, MailboxError, MailboxSettings, Woken, channel,
};
use mailbeat_shared::transport::outcome::ConnectionProblem;
use mailbeat_shared::transport::secret::Secret;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

/// Answers each command with what the script has for its first words, then `OK`; `@` in an answer stands for the tag and
/// then no `OK` is added. An answer that ends in `CLOSE` closes the connection. Gives the commands it saw.
pub(super) struct Script {
    port: u16,
    seen: tokio::task::JoinHandle<Vec<String>>,
}

pub(super) type Lines = Vec<(&'static str, &'static str)>;

pub(super) async fn serve(capability: &'static str, lines: Lines) -> Script {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (from_client, mut to_client) = stream.split();
        let mut commands = BufReader::new(from_client).lines();
        to_client.write_all(b"* OK ready\r\n").await.unwrap();
        let mut seen = Vec::new();
        while let Ok(Some(line)) = commands.next_line().await {
            let (tag, command) = line.split_once(' ').unwrap_or((&line, ""));
            let scripted =
                lines.iter().find(|(words, _)| command.starts_with(words)).map(|(_, answer)| *answer);
            let answer = scripted.map_or_else(|| usual(command, capability), str::to_owned);
            let (answer, closes) =
                answer.strip_suffix("CLOSE").map_or((answer.as_str(), false), |rest| (rest, true));
            let mut answer = answer.replace('@', tag);
            if scripted.is_none_or(|text| !text.contains('@')) && !closes {
                answer.push_str(&format!("{tag} OK done\r\n"));
            }
            seen.push(command.to_owned());
            if to_client.write_all(answer.as_bytes()).await.is_err() || closes {
                break;
            }
        }
        seen
    });
    Script { port, seen }
}

/// What any server answers.
fn usual(command: &str, capability: &str) -> String {
    match command.split_once(' ').map_or(command, |(word, _)| word) {
        "CAPABILITY" => format!("* CAPABILITY IMAP4rev1 {capability}\r\n"),
        "LIST" if command == "LIST \"\" \"\"" => "* LIST (\\Noselect) \"/\" \"\"\r\n".into(),
        "LIST" => format!("* LIST () \"/\" {}\r\n", command.trim_start_matches("LIST \"\" ")),
        "SELECT" => "* 3 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 4] x\r\n".into(),
        "UID" if command.ends_with("(UID RFC822.SIZE INTERNALDATE FLAGS)") => (1..=3)
            .map(|n| {
                format!("* {n} FETCH (UID {n} RFC822.SIZE 5 FLAGS () INTERNALDATE \" 1-Mar-2026 12:00:00 +0000\")\r\n")
            })
            .collect(),
        _ => String::new(),
    }
}

pub(super) async fn connect(script: &Script) -> Result<Mailbox, MailboxError> {
    connect_within(script, 20).await
}

async fn connect_within(script: &Script, timeout_s: u64) -> Result<Mailbox, MailboxError> {
    let mut settings = ImapSettings::new("scripted", "127.0.0.1", "user", Secret::new("password"));
    settings.port = Some(script.port);
    settings.tls = ImapTls::None;
    settings.timeout_s = timeout_s;
    settings.poll_interval_s = 3_600;
    Mailbox::connect(&MailboxSettings::Imap(settings), false).await
}

/// Fetches all three mails; gives what came and how it ended.
async fn fetch(script: &Script) -> (Vec<u32>, Result<Vec<u32>, MailboxError>) {
    let mut mailbox = connect(script).await.unwrap();
    mailbox.open("INBOX", Timestamp::UNIX_EPOCH).await.unwrap();
    let window = mailbox.list(1, 3).await.unwrap();
    assert_eq!(window.mails.len(), 3);
    let (inlet, mut outlet) = channel(1_000_000);
    let ended = mailbox.fetch(&window.mails, &inlet).await.map(|report| report.vanished);
    drop((inlet, mailbox));
    let mut uids = Vec::new();
    while let Some(mail) = outlet.next().await {
        uids.push(mail.uid);
    }
    (uids, ended)
}

const ONE: &str = "* 1 FETCH (UID 1 BODY[] {5}\r\nhello)\r\n";

#[tokio::test]
async fn a_no_to_more_mails_than_came_is_an_error_with_the_servers_words() {
    let script = serve(
        "",
        vec![
            ("UID FETCH 1:3 (UID BODY", "* 1 FETCH (UID 1 BODY[] {5}\r\nhello)\r\n@ NO [SERVERBUG] disk\r\n"),
            ("UID FETCH 2 (UID BODY", "@ NO [SERVERBUG] disk\r\n"),
            ("UID FETCH 3 (UID BODY", "@ NO [SERVERBUG] disk\r\n"),
        ],
    )
    .await;
    let (uids, ended) = fetch(&script).await;
    let error = ended.unwrap_err();
    assert_eq!((uids, error.kind), (vec![1], ErrorKind::Refused));
    assert!(error.text.contains("[SERVERBUG] disk"), "{error}");
}

#[tokio::test]
async fn the_end_of_the_connection_is_not_the_end_of_the_mails() {
    let script =
        serve("", vec![("UID FETCH 1:3 (UID BODY", "* 1 FETCH (UID 1 BODY[] {5}\r\nhello)\r\nCLOSE")]).await;
    let (uids, ended) = fetch(&script).await;
    assert_eq!((uids, ended.unwrap_err().kind), (vec![1], ErrorKind::Connection(ConnectionProblem::Closed)));
}

#[tokio::test]
async fn a_mail_cut_off_in_the_middle_is_not_handed_over() {
    let script =
        serve("", vec![("UID FETCH 1:3 (UID BODY", "* 1 FETCH (UID 1 BODY[] {5}\r\nhelCLOSE")]).await;
    let (uids, ended) = fetch(&script).await;
    assert_eq!((uids, ended.unwrap_err().kind), (vec![], ErrorKind::Connection(ConnectionProblem::Closed)));
}

#[tokio::test]
async fn a_bye_is_an_error_with_the_servers_words_and_its_wish_to_be_left_alone_is_understood() {
    let script =
        serve("", vec![("UID FETCH 1:3 (UID BODY", "* BYE going down for maintenance\r\nCLOSE")]).await;
    let error = fetch(&script).await.1.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Connection(ConnectionProblem::Closed));
    assert!(error.text.contains("BYE going down for maintenance"), "{error}");

    let busy = "@ NO Request is throttled. Suggested Backoff Time: 60000 milliseconds\r\n";
    let script = serve("", vec![("UID FETCH 1:3 (UID BODY", busy)]).await;
    let error = fetch(&script).await.1.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Throttled(Duration::from_secs(60)));
}

#[tokio::test]
async fn an_ok_without_the_mails_means_that_they_vanished() {
    let script = serve("", vec![("UID FETCH 1:3 (UID BODY", ONE)]).await;
    let (uids, ended) = fetch(&script).await;
    assert_eq!((uids, ended.unwrap()), (vec![1], vec![2, 3]));
}

#[tokio::test]
async fn a_literal_of_400_mb_is_refused_at_its_announcement() {
    let script =
        serve("", vec![("UID FETCH 1:3 (UID BODY", "* 1 FETCH (UID 1 BODY[] {400000000}\r\nxCLOSE")]).await;
    let error = fetch(&script).await.1.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Protocol);
    assert!(error.text.contains("announced 400000000 bytes"), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_no_imap_is_not_quoted() {
    let script = serve("", vec![("UID FETCH 1:3 (UID BODY", "* 1 FETCH secret mail text\r\n")]).await;
    let error = fetch(&script).await.1.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Protocol);
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[tokio::test]
async fn without_move_and_uidplus_mails_are_marked_and_nothing_is_expunged() {
    let script = serve("", vec![]).await;
    let mut mailbox = connect(&script).await.unwrap();
    assert_eq!(mailbox.file("INBOX", 7, &[1, 2], Target::Processed).await.unwrap(), Filing::Marked);
    mailbox.close().await;
    let seen = script.seen.await.unwrap();
    assert!(seen.contains(&"UID STORE 1:2 +FLAGS.SILENT ($MailbeatDone)".to_owned()), "{seen:?}");
    assert!(!seen.iter().any(|command| command.contains("EXPUNGE") || command.contains("COPY")), "{seen:?}");
}

#[tokio::test]
async fn a_connection_that_closes_during_idle_is_an_error_and_no_news() {
    let script = serve("IDLE", vec![("IDLE", "+ idling\r\nCLOSE")]).await;
    let mut mailbox = connect(&script).await.unwrap();
    mailbox.open("INBOX", Timestamp::UNIX_EPOCH).await.unwrap();
    let error = mailbox.wait("INBOX", Duration::from_secs(60), pending()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Connection(ConnectionProblem::Closed));
}

#[tokio::test]
async fn a_server_that_refuses_idle_is_polled() {
    let script = serve("IDLE", vec![("IDLE", "@ NO not today\r\n")]).await;
    let mut mailbox = connect(&script).await.unwrap();
    mailbox.open("INBOX", Timestamp::UNIX_EPOCH).await.unwrap();
    let woken = mailbox.wait("INBOX", Duration::from_secs(60), async {}).await.unwrap();
    assert_eq!(woken, Woken::Caller);
    mailbox.open("INBOX", Timestamp::UNIX_EPOCH).await.unwrap();
}

#[tokio::test]
async fn a_silent_server_is_given_up_after_the_timeout() {
    let script = serve("", vec![("LOGIN", "* OK still thinking, tag @")]).await;
    let error = connect_within(&script, 1).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Connection(ConnectionProblem::TimedOut), "{error}");
}

#[tokio::test]
async fn on_a_server_that_keeps_everything_below_inbox_our_folders_are_made_there() {
    let script = serve(
        "MOVE",
        vec![
            ("LIST \"\" \"\"", "* LIST (\\Noselect) \".\" \"\"\r\n"),
            ("LIST \"\" \"INBOX\"", "* LIST () \".\" INBOX\r\n"),
            ("LIST \"\" \"Junk\"", ""),
            ("LIST \"\" \"INBOX.Junk\"", "* LIST () \".\" INBOX.Junk\r\n"),
            ("LIST", ""),
            ("CREATE \"Mailbeat", "@ NO Mailbox name must begin with INBOX.\r\n"),
        ],
    )
    .await;
    let mut mailbox = connect(&script).await.unwrap();
    assert_eq!(mailbox.folders(), ["INBOX", "Junk"]);
    assert_eq!(mailbox.file("Junk", 7, &[1], Target::Processed).await.unwrap(), Filing::Moved);
    mailbox.close().await;
    let seen = script.seen.await.unwrap();
    for command in ["SELECT \"INBOX.Junk\"", "UID MOVE 1 \"INBOX.Mailbeat.Processed\""] {
        assert!(seen.iter().any(|line| line == command), "{command}: {seen:?}");
    }
}

#[tokio::test]
async fn an_abandoned_fetch_ends_the_session_in_place_of_answering_the_next_command() {
    let endless =
        "* 1 FETCH (UID 1 BODY[] {5}\r\nhello)\r\n* 2 FETCH (UID 2 BODY[] {5}\r\nworld)\r\n@ OK done\r\n";
    let script = serve("", vec![("UID FETCH 1:3 (UID BODY", endless)]).await;
    let mut mailbox = connect(&script).await.unwrap();
    mailbox.open("INBOX", Timestamp::UNIX_EPOCH).await.unwrap();
    let mails = mailbox.list(1, 3).await.unwrap().mails;
    let (inlet, outlet) = channel(1_000_000);
    drop(outlet);
    assert!(mailbox.fetch(&mails, &inlet).await.unwrap_err().kind.ends_session());
    assert!(mailbox.list(1, 3).await.is_err());
}

#[tokio::test]
async fn a_command_whose_caller_gave_up_waiting_ends_the_session_as_well() {
    let script = serve("", vec![]).await;
    let mut mailbox = connect(&script).await.unwrap();
    mailbox.open("INBOX", Timestamp::UNIX_EPOCH).await.unwrap();
    tokio::select! {
        biased;
        _ = mailbox.list(1, 3) => panic!("the server runs on this thread and had no turn yet"),
        () = async {} => {}
    }
    let error = mailbox.list(1, 3).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Connection(ConnectionProblem::Closed));
}
