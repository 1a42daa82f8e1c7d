//! Writing down what became of reports, and keeping the queue within its limits.

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::report::Kind;

use super::{Agent, StepError};
use crate::spool::{self, Ending, Entry, Fate};
use crate::state::Accepted;

/// A report whose end is known.
pub(super) struct Decided {
    pub(super) entry: Entry,
    pub(super) ending: Ending,
    pub(super) mail: Option<Vec<u8>>,
}

impl Agent {
    /// Nothing is thrown away in silence: the loss is named in later reports, and after a lost system report the next is full.
    pub(super) fn lose(
        &mut self,
        entry: Entry,
        why: String,
        route: Option<String>,
        now: Timestamp,
    ) -> Result<(), StepError> {
        tracing::error!("#{} is lost: {why}", entry.sequence);
        let attempts = self.tries.failures(entry.sequence) + 1;
        self.decide(Decided {
            entry,
            ending: Ending { fate: Fate::Lost, at: now, route, reply: why, instead: None, attempts },
            mail: None,
        })
    }

    /// Writes down an end. If that fails, it is kept in memory and the report is not sent again meanwhile.
    pub(super) fn decide(&mut self, decided: Decided) -> Result<(), StepError> {
        let sequence = decided.entry.sequence;
        self.tries.done(sequence, decided.ending.fate == Fate::Accepted);
        self.queue.retain(|entry| entry.sequence != sequence);
        self.undecided.push(decided);
        self.write_down()
    }

    /// A report that somebody removed by hand ends all the same: there is only nothing to write beside it.
    fn write_down(&mut self) -> Result<(), StepError> {
        while let Some(decided) = self.undecided.last() {
            let Decided { entry, ending, mail } = decided;
            let gone = entry.is_gone();
            if gone {
                tracing::warn!("#{} is not in the queue any more", entry.sequence);
            } else {
                spool::decide(entry, ending, mail.as_deref()).map_err(self.failed())?;
            }
            let (entry, ending) = (entry.clone(), ending.clone());
            self.remember(&entry, &ending);
            self.state.save(&self.home).map_err(self.failed())?;
            if !gone {
                spool::retire(&self.home, &entry).map_err(self.failed())?;
            }
            self.undecided.pop();
        }
        Ok(())
    }

    /// What later reports and `status` must know of an end; may be repeated after a crash.
    fn remember(&mut self, entry: &Entry, ending: &Ending) {
        match ending.fate {
            Fate::Accepted => {
                self.state.last_accepted = Some(Accepted {
                    sequence: entry.sequence,
                    at: ending.at,
                    route: ending.route.clone().unwrap_or_default(),
                    reply: ending.reply.clone(),
                    instead: ending.instead.clone(),
                });
                self.state.last_failure = None;
                if entry.kind() == Some(Kind::Heartbeat) {
                    self.state.checks.accepted(entry.sequence, &self.config.check, ending.at);
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

    /// Finishes what is decided: ends a crash or a full disk left half written, superseded heartbeats, what is over the limit.
    pub(super) fn settle(&mut self, now: Timestamp) -> Result<(), StepError> {
        self.write_down()?;
        for entry in self.queue.clone() {
            if let Some(ending) = entry.ending() {
                self.decide(Decided { entry, ending, mail: None })?;
            } else if self.state.superseded.contains(entry.sequence) {
                let reply = format!("by #{}", self.state.sequence);
                let ending = Ending {
                    fate: Fate::Superseded,
                    at: now,
                    route: None,
                    reply,
                    instead: None,
                    attempts: 0,
                };
                self.decide(Decided { entry, ending, mail: None })?;
            }
        }
        if self.grown {
            self.keep_limits(now)?;
            self.grown = false;
        }
        Ok(())
    }

    /// Drops the oldest by name where too many, too large or too old reports wait. The newest always stays.
    fn keep_limits(&mut self, now: Timestamp) -> Result<(), StepError> {
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
            self.lose(oldest, format!("dropped: {why}"), None, now)?;
        }
        Ok(())
    }
}
