//! An IMAP server that is played, for stories of what real ones do only now and then. It knows nothing of mails: the story answers.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What the story says to a command, without its tag; none: what any server answers.
type Answers = Box<dyn FnMut(&str) -> Option<String> + Send>;

/// A server on this machine, for as many connections as come, one after the other.
pub(crate) struct Played {
    pub(crate) port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Played {
    /// Answers each command with what the story has for it, then `OK`; `@` in an answer stands for the tag, and then no `OK` is added.
    /// The answer to IDLE is what is told during it.
    pub(crate) async fn new(answers: impl FnMut(&str) -> Option<String> + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let (port, seen) = (listener.local_addr().unwrap().port(), Arc::new(Mutex::new(Vec::new())));
        let (noted, mut answers): (_, Answers) = (Arc::clone(&seen), Box::new(answers));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                converse(stream, &mut answers, &noted).await;
            }
        });
        Self { port, seen }
    }

    /// The commands so far that begin so.
    pub(crate) fn commands(&self, words: &str) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|command| command.starts_with(words)).cloned().collect()
    }
}

async fn converse(mut stream: TcpStream, answers: &mut Answers, seen: &Mutex<Vec<String>>) {
    let (from_client, mut to_client) = stream.split();
    let mut lines = BufReader::new(from_client).lines();
    let (mut answer, mut idle) = ("* OK ready\r\n".to_owned(), String::new());
    while to_client.write_all(answer.as_bytes()).await.is_ok() {
        let Ok(Some(line)) = lines.next_line().await else { break };
        if line == "DONE" {
            answer = format!("{idle} OK done\r\n");
            continue;
        }
        let (tag, command) = line.split_once(' ').unwrap_or((&line, ""));
        seen.lock().unwrap().push(command.to_owned());
        let said = answers(command).unwrap_or_else(|| usual(command));
        answer = match command {
            "IDLE" => format!("+ idling\r\n{said}"),
            _ if said.contains('@') => said.replace('@', tag),
            _ => format!("{said}{tag} OK done\r\n"),
        };
        tag.clone_into(&mut idle);
    }
}

/// What any server answers: every folder is there and empty.
fn usual(command: &str) -> String {
    match command.split_once(' ').map_or(command, |(word, _)| word) {
        "CAPABILITY" => "* CAPABILITY IMAP4rev1 IDLE MOVE UIDPLUS\r\n".into(),
        "LIST" if command == "LIST \"\" \"\"" => "* LIST (\\Noselect) \"/\" \"\"\r\n".into(),
        "LIST" => format!("* LIST () \"/\" {}\r\n", command.trim_start_matches("LIST \"\" ")),
        "SELECT" | "EXAMINE" => holding(0),
        _ => String::new(),
    }
}

/// The answer to SELECT of a folder with the UIDs from 1 to this one.
pub(crate) fn holding(mails: u32) -> String {
    format!("* {mails} EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT {}] x\r\n", mails + 1)
}

/// The answer to a listing of these UIDs.
pub(crate) fn listing(uids: std::ops::RangeInclusive<u32>) -> String {
    let line = |uid| {
        format!(
            "* {uid} FETCH (UID {uid} RFC822.SIZE 5 FLAGS () INTERNALDATE \" 1-Mar-2026 12:00:00 +0000\")\r\n"
        )
    };
    uids.map(line).collect()
}
