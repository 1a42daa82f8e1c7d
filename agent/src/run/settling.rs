//! Writing down what became of reports, and keeping the queue within its limits.
//!
//! One report that cannot be put away holds up none of the others: it is named as long as that lasts ([`Agent::trouble`]), tried
//! again at every step, and not sent meanwhile.

use std::io;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::report::Kind;

use super::{Agent, StepError};
use crate::spool::{self, Ending, Entry, Fate};
use crate::state::Accepted;

/// A report whose end is known.
pub(super) struct Decided {
    entry: Entry,
    ending: Ending,
    mail: Option<Vec<u8>>,
    /// It is written down and remembered; the report has only to be moved.
    is_noted: bool,
}

impl Decided {
    /// That this became of a report, with the mail as it was handed over, if it was.
    pub(super) fn new(entry: Entry, ending: Ending, mail: Option<Vec<u8>>) -> Self {
        Self { entry, ending, mail, is_noted: false }
    }
}

impl Agent {
    /// Nothing is thrown away in silence: the loss is named in later reports, and after a lost system report the next is full.
    pub(super) fn lose(&mut self, entry: Entry, why: String, route: Option<String>, now: Timestamp) {
        tracing::error!("#{} is lost: {why}", entry.sequence);
        let attempts = self.tries.failures(entry.sequence) + 1;
        let ending = Ending { fate: Fate::Lost, at: now, route, reply: why, instead: None, attempts };
        self.decide(Decided::new(entry, ending, None));
    }

    /// Writes down an end. If that fails, it is kept in memory and the report is not sent again meanwhile.
    pub(super) fn decide(&mut self, mut decided: Decided) {
        let sequence = decided.entry.sequence;
        // Where a backup was put back, the trail may say something of it already.
        let trailed = spool::twin(&self.home, &decided.entry).and_then(|twin| twin.ending());
        decided.ending = decided.ending.prevailing(trailed);
        self.tries.done(sequence, decided.ending.fate == Fate::Accepted);
        self.queue.retain(|entry| entry.sequence != sequence);
        self.put_away(decided);
    }

    fn put_away(&mut self, mut decided: Decided) {
        let sequence = decided.entry.sequence;
        match self.note_end(&mut decided).and_then(|()| self.retire(&decided.entry)) {
            Ok(()) => {
                self.hindered.remove(&sequence);
            }
            Err(error) => {
                self.hindered.insert(sequence, error.to_string());
                self.undecided.push(decided);
            }
        }
    }

    /// Writes down what later steps must know. A report that somebody removed by hand ends all the same: there is only nothing to
    /// write beside it.
    fn note_end(&mut self, decided: &mut Decided) -> Result<(), StepError> {
        // Once: what came after it must not be forgotten again.
        if decided.is_noted {
            return Ok(());
        }
        let Decided { entry, ending, mail, .. } = &*decided;
        let is_gone = entry.is_gone();
        if !is_gone {
            spool::decide(entry, ending, mail.as_deref()).map_err(|error| failed_at(entry, error))?;
        }
        self.remember(entry, ending);
        self.state.save(&self.home).map_err(self.failed())?;
        if is_gone {
            tracing::warn!("#{} is not in the queue any more", entry.sequence);
        }
        decided.is_noted = true;
        Ok(())
    }

    fn retire(&self, entry: &Entry) -> Result<(), StepError> {
        if entry.is_gone() {
            return Ok(());
        }
        spool::retire(&self.home, entry).map_err(|error| failed_at(entry, error))
    }

    /// What later reports and `status` must know of an end; may be repeated after a crash.
    fn remember(&mut self, entry: &Entry, ending: &Ending) {
        match ending.fate {
            Fate::Accepted => {
                self.remember_accepted(entry.sequence, ending);
                if entry.kind() == Some(Kind::Heartbeat) {
                    self.state.checks.accepted(entry.sequence, &self.config.check, ending.at);
                    self.notes.accepted(entry.sequence);
                }
            }
            Fate::Superseded => self.state.superseded.add(entry.sequence, ending.at),
            Fate::Lost => {
                self.state.lost.add(entry.sequence, ending.at);
                if entry.kind().is_none_or(|kind| kind == Kind::System) {
                    self.state.baseline = None;
                }
            }
        }
    }

    fn remember_accepted(&mut self, sequence: u64, ending: &Ending) {
        // One that a backup put back is. Number or time alone tell nothing: reports overtake each other, and clocks go back.
        let is_older = |last: &Accepted| sequence < last.sequence && ending.at < last.at;
        if self.state.last_accepted.as_ref().is_some_and(is_older) {
            return;
        }
        self.state.last_accepted = Some(Accepted {
            sequence,
            at: ending.at,
            route: ending.route.clone().unwrap_or_default(),
            reply: ending.reply.clone(),
            instead: ending.instead.clone(),
        });
        self.state.last_failure = None;
    }

    /// Finishes what is decided: ends a crash or a full disk left half written, superseded heartbeats, what is over the limit.
    pub(super) fn settle(&mut self, now: Timestamp) {
        for decided in std::mem::take(&mut self.undecided) {
            self.put_away(decided);
        }
        for entry in self.queue.clone() {
            if let Some(ending) = self.ended(&entry, now) {
                self.decide(Decided::new(entry, ending, None));
            }
        }
        if self.grown {
            self.keep_limits(now);
            self.grown = false;
        }
    }

    /// What became of a report in the queue, as far as that is known.
    fn ended(&self, entry: &Entry, now: Timestamp) -> Option<Ending> {
        let superseded = || {
            let reply = format!("by #{}", self.state.sequence);
            Ending { fate: Fate::Superseded, at: now, route: None, reply, instead: None, attempts: 0 }
        };
        // One that a backup put back, and that is in the trail too, ended there: nobody needs it again.
        let trailed = || spool::twin(&self.home, entry)?.ending();
        let is_superseded = self.state.superseded.contains(entry.sequence);
        entry.ending().or_else(trailed).or_else(|| is_superseded.then(superseded))
    }

    /// Drops the oldest by name where too many, too large or too old reports wait. The newest always stays.
    fn keep_limits(&mut self, now: Timestamp) {
        let sizes: Vec<u64> = self.queue.iter().map(Entry::bytes).collect();
        let mut bytes: u64 = sizes.iter().sum();
        let age = SignedDuration::from_hours(24 * i64::from(self.config.queue_days.max(1)));
        for size in sizes {
            let [oldest, _, ..] = self.queue.as_slice() else { break };
            let oldest = oldest.clone();
            let made = oldest.meta.as_ref().map(|meta| meta.created_at);
            let why = if self.queue.len() > self.config.queue_reports {
                format!("more than {} reports were waiting", self.config.queue_reports)
            } else if bytes > self.config.queue_bytes {
                format!("more than {} bytes were waiting", self.config.queue_bytes)
            } else if made.is_some_and(|made| now.duration_since(made) > age) {
                format!("it waited for more than {} days", self.config.queue_days)
            } else {
                break;
            };
            bytes = bytes.saturating_sub(size);
            self.notes.push(format!("#{} was dropped: {why}", oldest.sequence));
            self.lose(oldest, format!("dropped: {why}"), None, now);
        }
    }
}

/// What the file system said about a report's directory, which is named.
fn failed_at(entry: &Entry, error: io::Error) -> StepError {
    StepError::State { dir: entry.dir.clone(), error }
}
