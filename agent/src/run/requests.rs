//! What other processes ask of a running agent: `send`, `maintenance`, `trail resend`, `deactivate`.
//!
//! A request is a file `requests/ID.json`, written whole and renamed into place; `run` is woken by it, does it, and leaves
//! `ID.answer` instead. Without a running agent the command does the same through [`super::Agent::answer`] itself.

use std::fs;
use std::io;
use std::path::PathBuf;

use mailbeat_shared::durable::{self, Access};
use serde::{Deserialize, Serialize};

use crate::home::Home;

/// What a person asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "ask")]
pub enum Request {
    /// A heartbeat now.
    Heartbeat,
    /// A system report now.
    System,
    /// A test.
    Test {
        /// Who asks.
        by: String,
        /// The route it is meant to prove.
        #[serde(default)]
        route: Option<String>,
    },
    /// Maintenance from now on.
    StartMaintenance {
        /// For how many seconds.
        for_s: u64,
        /// Why.
        reason: String,
    },
    /// Maintenance is over.
    StopMaintenance,
    /// A report of the trail once more, with the same bytes.
    Resend {
        /// Which.
        sequence: u64,
    },
    /// A last notice, and then silence.
    Deactivate {
        /// Why.
        reason: String,
    },
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A report with this sequence was queued.
    Queued(u64),
    /// A mail server accepted it once more.
    Resent {
        /// By which route.
        route: String,
        /// The server's words.
        reply: String,
    },
    /// The consent is withdrawn; the notice's sequence, or why there is none.
    Deactivated(Result<u64, String>),
    /// It cannot be done; why.
    Refused(String),
}

/// The folder of requests.
#[derive(Clone, Debug)]
pub struct Requests(PathBuf);

impl Requests {
    /// Those of this agent.
    #[must_use]
    pub fn of(home: &Home) -> Self {
        Self(home.requests())
    }

    /// Asks; the answer will lie in the file returned.
    ///
    /// # Errors
    /// What the file system said.
    pub fn ask(&self, request: &Request, id: &str) -> io::Result<PathBuf> {
        let json = serde_json::to_vec(request).map_err(io::Error::other)?;
        durable::replace(&self.0.join(format!("{id}.json")), &json, Access::Private)?;
        Ok(self.0.join(format!("{id}.answer")))
    }

    /// The answer, once it is there; it is taken away.
    #[must_use]
    pub fn answer(&self, path: &std::path::Path) -> Option<Answer> {
        let answer = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        let _ = fs::remove_file(path);
        Some(answer)
    }

    /// Takes a request back, so that nobody does it after its asker gave up.
    pub fn withdraw(&self, id: &str) {
        let _ = fs::remove_file(self.0.join(format!("{id}.json")));
    }

    /// Leaves the answer instead of the request.
    pub(super) fn done(&self, id: &str, answer: &Answer) -> io::Result<()> {
        let json = serde_json::to_vec(answer).map_err(io::Error::other)?;
        durable::replace(&self.0.join(format!("{id}.answer")), &json, Access::Private)?;
        fs::remove_file(self.0.join(format!("{id}.json")))
    }

    /// Forgets answers nobody came for; at the start nobody waits.
    pub(super) fn sweep(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.0)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension != "json") {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// The waiting requests with their ids. One that cannot be read is answered so.
    pub(super) fn waiting(&self) -> io::Result<Vec<(String, Result<Request, String>)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "json")
                && let Some(id) = path.file_stem().and_then(|stem| stem.to_str())
            {
                let read = fs::read(&path).and_then(|bytes| Ok(serde_json::from_slice(&bytes)?));
                found.push((
                    id.to_owned(),
                    read.map_err(|error| format!("the request cannot be read: {error}")),
                ));
            }
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(found)
    }
}
