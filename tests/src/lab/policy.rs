//! What Postfix is to answer, changed while it runs: a policy server as in Postfix's SMTPD_POLICY_README.
//!
//! Tables are read when a session begins; this is asked for every recipient and after every message, so a story may change
//! the answer in the middle of a session that an agent keeps.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::{fs, thread};

use super::Lab;

/// When Postfix refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// In answer to RCPT.
    Recipient,
    /// In answer to the whole message.
    EndOfData,
}

impl Moment {
    /// Postfix's word for it (`protocol_state`).
    fn state(self) -> &'static str {
        match self {
            Self::Recipient => "RCPT",
            Self::EndOfData => "END-OF-MESSAGE",
        }
    }
}

/// The answers by port; a port not named lets everything pass.
#[derive(Clone, Debug, Default)]
pub(super) struct Policy(Arc<Mutex<BTreeMap<u16, (Moment, String)>>>);

impl Policy {
    /// Answers on the socket `run/policy` below the lab's directory until this process ends.
    pub(super) fn serve(root: &Path) -> anyhow::Result<Self> {
        let path = root.join("run/policy");
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666))?;
        let policy = Self::default();
        let serving = policy.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let policy = serving.clone();
                thread::spawn(move || policy.answer(&client));
            }
        });
        Ok(policy)
    }

    fn answer(&self, client: &UnixStream) {
        let (mut port, mut state) = (0, String::new());
        for line in BufReader::new(client).lines() {
            let Ok(line) = line else { return };
            match line.split_once('=') {
                Some(("server_port", value)) => port = value.parse().unwrap_or(0),
                Some(("protocol_state", value)) => value.clone_into(&mut state),
                Some(_) => {}
                None => {
                    let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                    let action = answers.get(&port).filter(|(moment, _)| moment.state() == state);
                    let action = action.map_or("DUNNO", |(_, words)| words.as_str());
                    if write!(&mut &*client, "action={action}\n\n").is_err() {
                        return;
                    }
                }
            }
        }
    }
}

impl Lab {
    /// From now on Postfix answers mail on this port with `words`, for example `450 4.7.1 Greylisted`.
    pub fn refuse(&self, port: u16, moment: Moment, words: &str) {
        self.policy.0.lock().unwrap_or_else(PoisonError::into_inner).insert(port, (moment, words.to_owned()));
    }

    /// From now on Postfix takes mail on this port again.
    pub fn accept(&self, port: u16) {
        self.policy.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&port);
    }
}
