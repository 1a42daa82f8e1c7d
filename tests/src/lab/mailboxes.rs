//! What is in the mailboxes, seen and changed without the programs under test.
//!
//! Dovecot's own `imap` program serves one user over a pipe, already logged in (PREAUTH, RFC 9051 section 7.1.4). So
//! mail gets in and out byte for byte, also while the IMAP server is stopped. It trusts Dovecot's answers.

use std::fs;
use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use jiff::Timestamp;

use super::{Lab, Storage, wait_for};
use crate::programs::PATIENCE;

/// An untagged answer: its text with every literal taken out, and the literals.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The lines, without the literals.
    pub text: String,
    /// The literals in order.
    pub literals: Vec<Vec<u8>>,
}

impl Lab {
    /// Puts one mail into a folder as it is; makes the folder when it is missing.
    ///
    /// # Errors
    /// Dovecot's words.
    pub fn deliver(&self, user: &str, folder: &str, raw: &[u8]) -> anyhow::Result<()> {
        self.deliver_all(user, folder, [raw])
    }

    /// The same for many mails, in order.
    ///
    /// # Errors
    /// Dovecot's words.
    pub fn deliver_all<'a>(
        &self,
        user: &str,
        folder: &str,
        mails: impl IntoIterator<Item = &'a [u8]>,
    ) -> anyhow::Result<()> {
        let mails: Vec<&[u8]> = mails.into_iter().collect();
        let mut session = Session::open(self, user)?;
        mails.chunks(100).try_for_each(|some| session.append(folder, None, some))
    }

    /// The same with an INTERNALDATE (cut to seconds): a mail that the server took in at `at`.
    ///
    /// # Errors
    /// Dovecot's words.
    pub fn deliver_at(&self, user: &str, folder: &str, at: Timestamp, raw: &[u8]) -> anyhow::Result<()> {
        Session::open(self, user)?.append(folder, Some(at), &[raw])
    }

    /// Every mail of a folder, in the order of UIDs; none if there is no such folder.
    ///
    /// # Errors
    /// Dovecot's words.
    pub fn mails(&self, user: &str, folder: &str) -> anyhow::Result<Vec<Vec<u8>>> {
        let mut session = Session::open(self, user)?;
        if !session.folders()?.iter().any(|name| name == folder) {
            return Ok(Vec::new());
        }
        session.command(&format!("EXAMINE {}", quoted(folder)))?;
        let answers = session.command("UID FETCH 1:* BODY.PEEK[]")?;
        Ok(answers.into_iter().filter_map(|answer| answer.literals.into_iter().next()).collect())
    }

    /// Waits until a folder holds at least `count` mails and gives all it holds.
    ///
    /// # Errors
    /// They did not come in time; the logs are in the error.
    pub fn wait_for_mails(&self, user: &str, folder: &str, count: usize) -> anyhow::Result<Vec<Vec<u8>>> {
        wait_for(&format!("{count} mails in {user}'s {folder}"), PATIENCE, || {
            let mails = self.mails(user, folder)?;
            Ok((mails.len() >= count).then_some(mails))
        })
        .map_err(|error| anyhow::anyhow!("{error:#}\n{}", self.logs()))
    }

    /// The names of a user's folders.
    ///
    /// # Errors
    /// Dovecot's words.
    pub fn folders(&self, user: &str) -> anyhow::Result<Vec<String>> {
        Session::open(self, user)?.folders()
    }

    /// Says IMAP commands in one session, for what has no method here; gives the untagged answers to the last.
    ///
    /// # Errors
    /// Dovecot refused one of them: with its words.
    pub fn imap(&self, user: &str, commands: &[&str]) -> anyhow::Result<Vec<Answer>> {
        let mut session = Session::open(self, user)?;
        commands.iter().try_fold(Vec::new(), |_, command| session.command(command))
    }

    /// Makes a folder another one of the same name and content: a new UIDVALIDITY and UIDs from 1, as after a restore
    /// of the server. The IMAP server is stopped meanwhile, which ends every session; it runs afterwards if it did
    /// before.
    ///
    /// # Errors
    /// The folder does not exist, or the storage is not Maildir.
    pub fn recreate_mailbox(&self, user: &str, folder: &str) -> anyhow::Result<()> {
        ensure!(self.storage == Storage::Maildir, "only a Maildir is recreated by forgetting its index");
        let ran = self.imap.is_running();
        self.stop_imap()?;
        let mut dir = self.root.join("mail").join(user).join("Maildir");
        if folder != "INBOX" {
            dir.push(format!(".{}", folder.replace('/', ".")));
        }
        for entry in fs::read_dir(&dir).with_context(|| format!("{user}'s {folder}"))? {
            let entry = entry?;
            let name = entry.file_name();
            if name.to_string_lossy().starts_with("dovecot-uidlist")
                || name.to_string_lossy().starts_with("dovecot.index")
            {
                fs::remove_file(entry.path())?;
            }
        }
        if ran { self.start_imap() } else { Ok(()) }
    }
}

/// One user's mailboxes over a pipe.
struct Session {
    child: Child,
    input: BufWriter<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Session {
    fn open(lab: &Lab, user: &str) -> anyhow::Result<Self> {
        let log = fs::File::options().create(true).append(true).open(lab.root.join("log/pipe.log"))?;
        let mut child = Command::new("doveadm")
            .arg("-c")
            .arg(lab.root.join("etc/delivery.conf"))
            .args(["exec", "imap", "-u", &lab.user(user).address])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(|error| super::missing("doveadm", "dovecot-core dovecot-imapd", &error))?;
        let input = BufWriter::new(child.stdin.take().context("stdin is piped")?);
        let output = BufReader::new(child.stdout.take().context("stdout is piped")?);
        let mut session = Self { child, input, output };
        let greeting = session.answer()?;
        ensure!(
            greeting.text.starts_with("* PREAUTH"),
            "Dovecot's imap said {:?}\n{}",
            greeting.text,
            lab.logs()
        );
        Ok(session)
    }

    fn command(&mut self, text: &str) -> anyhow::Result<Vec<Answer>> {
        write!(self.input, "t {text}\r\n")?;
        self.finish(text)
    }

    /// APPEND with non-synchronising literals, many mails in one command (RFC 3502, RFC 7888).
    fn append(&mut self, folder: &str, at: Option<Timestamp>, mails: &[&[u8]]) -> anyhow::Result<()> {
        let date = at.map_or(String::new(), |at| format!(" \"{}\"", at.strftime("%d-%b-%Y %H:%M:%S +0000")));
        let command = format!("APPEND {}", quoted(folder));
        let mut append = || {
            write!(self.input, "t {command}")?;
            for raw in mails {
                write!(self.input, "{date} {{{}+}}\r\n", raw.len())?;
                self.input.write_all(raw)?;
            }
            self.input.write_all(b"\r\n")?;
            self.finish(&command).map(drop)
        };
        match append() {
            Err(refused) if refused.to_string().contains("[TRYCREATE]") => {
                self.command(&format!("CREATE {}", quoted(folder)))?;
                self.append(folder, at, mails)
            }
            result => result,
        }
    }

    fn folders(&mut self) -> anyhow::Result<Vec<String>> {
        let answers = self.command("LIST \"\" *")?;
        let name = |answer: &Answer| {
            let (_, rest) = answer.text.split_once(") \"/\" ")?;
            Some(rest.trim().trim_matches('"').to_owned())
        };
        Ok(answers.iter().filter_map(name).collect())
    }

    fn finish(&mut self, command: &str) -> anyhow::Result<Vec<Answer>> {
        self.input.flush()?;
        let mut answers = Vec::new();
        loop {
            let answer = self.answer()?;
            if answer.text.starts_with("t OK") {
                return Ok(answers);
            }
            if answer.text.starts_with("t ") {
                bail!("Dovecot refused {command:?}: {}", answer.text.trim());
            }
            answers.push(answer);
        }
    }

    fn answer(&mut self) -> anyhow::Result<Answer> {
        let mut answer = Answer { text: String::new(), literals: Vec::new() };
        loop {
            let mut line = Vec::new();
            ensure!(self.output.read_until(b'\n', &mut line)? > 0, "Dovecot's imap ended; see log/");
            answer.text.push_str(&String::from_utf8_lossy(&line));
            let length = answer.text.strip_suffix("}\r\n").and_then(|text| text.rsplit_once('{'));
            let Some(length) = length.and_then(|(_, digits)| digits.parse().ok()) else { return Ok(answer) };
            let mut literal = vec![0; length];
            self.output.read_exact(&mut literal)?;
            answer.literals.push(literal);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.input.write_all(b"t LOGOUT\r\n").and_then(|()| self.input.flush());
        let _ = self.child.wait();
    }
}

fn quoted(folder: &str) -> String {
    format!("\"{}\"", folder.replace('\\', "\\\\").replace('"', "\\\""))
}
