//! What other processes ask of a running agent, and doing it: `send`, `deactivate`.
//!
//! A request is a file `requests/ID.json`, written whole and renamed into place; `run` looks every second, does it, and leaves
//! `ID.answer` instead. Without a running agent the command does the same through [`Agent::answer`] itself.

use std::fs;
use std::io;
use std::path::PathBuf;

use jiff::Timestamp;
use mailbeat_shared::durable::{self, Access};
use mailbeat_shared::text;
use mailbeat_shared::wire::limits;
use mailbeat_shared::wire::report::{Body, Kind, Notice, NoticeEvent, TestMessage};
use serde::{Deserialize, Serialize};

use super::{Agent, StepError};
use crate::activation;
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
    fn waiting(&self) -> io::Result<Vec<(String, Result<Request, String>)>> {
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

impl Agent {
    /// Does what other processes asked for; whether there was anything.
    ///
    /// # Errors
    /// What the file system said about the folder.
    pub fn answer_requests(&mut self, now: Timestamp) -> io::Result<bool> {
        let requests = Requests::of(&self.home);
        let waiting = requests.waiting()?;
        for (id, request) in &waiting {
            let answer = match request {
                Ok(request) => self.answer(request, now),
                Err(error) => Answer::Refused(error.clone()),
            };
            let json = serde_json::to_vec(&answer).map_err(io::Error::other)?;
            durable::replace(&requests.0.join(format!("{id}.answer")), &json, Access::Private)?;
            fs::remove_file(requests.0.join(format!("{id}.json")))?;
        }
        Ok(!waiting.is_empty())
    }

    /// Does one request.
    pub fn answer(&mut self, request: &Request, now: Timestamp) -> Answer {
        match self.perform(request, now) {
            Ok(answer) => answer,
            Err(error) => Answer::Refused(error.to_string()),
        }
    }

    fn perform(&mut self, request: &Request, now: Timestamp) -> Result<Answer, StepError> {
        self.take_stock(now)?;
        let Some(permission) = self.permission(now).filter(|_| self.home.activation().exists()) else {
            return Ok(Answer::Refused("not activated; run `mailbeat-agent activate FILE` first".into()));
        };
        let (kind, body) = match request {
            Request::Heartbeat => (Kind::Heartbeat, None),
            Request::System => (Kind::System, None),
            Request::Test { by } => {
                let requested_by = text::one_line(by, limits::NAME_BYTES);
                (Kind::Test, Some(Body::Test { test: TestMessage { requested_by, route: None } }))
            }
            Request::Deactivate { reason } => {
                let reason = text::one_line(reason, limits::OUTPUT_BYTES);
                let notice = Notice { event: NoticeEvent::Deactivated, until: None, reason };
                (Kind::Notice, Some(Body::Notice { notice }))
            }
        };
        let composed = if permission.allows(kind) {
            self.compose(kind, body, now).map_err(|error| error.to_string())
        } else {
            Err(permission.reason().unwrap_or_default())
        };
        if matches!(request, Request::Deactivate { .. }) {
            // Whether or not a notice can be sent: who withdraws the consent is obeyed.
            activation::withdraw(&self.home, now)?;
            tracing::info!("deactivated; after the notice nothing is sent");
            return Ok(Answer::Deactivated(composed));
        }
        Ok(composed.map_or_else(Answer::Refused, Answer::Queued))
    }
}
