//! `send` and `deactivate`, and asking in general: done by the running agent if there is one, else here.

use std::fmt;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::bail;
use jiff::Timestamp;
use mailbeat_shared::wire::report::Kind;

use super::{Setup, print, runtime};
use crate::cli::SendKind;
use crate::identity::{draw, system_entropy};
use crate::route::MailServers;
use crate::run::{Agent, Answer, Request, Requests};
use crate::spool::{Ending, Entry, Fate};
use crate::state::{Failed, State};
use crate::trail;

/// How long to wait for the running agent, which may be talking with a slow mail server, and then for a mail server's word.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn send(setup: &Setup, kind: SendKind) -> anyhow::Result<ExitCode> {
    let request = match kind {
        SendKind::Heartbeat => Request::Heartbeat,
        SendKind::System => Request::System,
        SendKind::Test => Request::Test { by: setup.person.clone(), route: None },
    };
    match ask(setup, &request)? {
        Answer::Queued(sequence) => {
            let word = word(setup, sequence)?;
            print(word.to_string());
            Ok(if word.is_accepted() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Answer::Refused(why) => bail!(why),
        Answer::Resent { .. } | Answer::Deactivated(_) => {
            bail!("the agent answered something else than was asked")
        }
    }
}

pub(super) fn deactivate(setup: &Setup, reason: String) -> anyhow::Result<ExitCode> {
    match ask(setup, &Request::Deactivate { reason })? {
        Answer::Deactivated(Ok(sequence)) => {
            print("Deactivated. After this notice nothing is sent:\n");
            print(word(setup, sequence)?.to_string());
            Ok(ExitCode::SUCCESS)
        }
        Answer::Deactivated(Err(why)) => {
            print(format!("Deactivated; nothing is sent any more, and no notice was: {why}\n"));
            Ok(ExitCode::SUCCESS)
        }
        Answer::Queued(_) | Answer::Resent { .. } => {
            bail!("the agent answered something else than was asked")
        }
        Answer::Refused(why) => bail!(why),
    }
}

/// Asks the running agent, or does it here.
pub(super) fn ask(setup: &Setup, request: &Request) -> anyhow::Result<Answer> {
    setup.home.prepare()?;
    if setup.home.holder().is_some_and(|holder| holder.runs) {
        return ask_running(setup, request);
    }
    let _lock = setup.lock()?;
    let mut agent = Agent::open(setup.parts(MailServers::new(runtime()?)))?.for_a_moment();
    let answer = agent.answer(request, setup.now());
    setup.work_off(&mut agent);
    Ok(answer)
}

fn ask_running(setup: &Setup, request: &Request) -> anyhow::Result<Answer> {
    let requests = Requests::of(&setup.home);
    let id = format!("{:032x}", u128::from_be_bytes(draw(&mut system_entropy())));
    let path = requests.ask(request, &id)?;
    let asked = Instant::now();
    while asked.elapsed() < PATIENCE {
        if let Some(answer) = requests.answer(&path) {
            return Ok(answer);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    requests.withdraw(&id);
    bail!(
        "the running agent did not answer within {} s; it may be busy with a slow mail server. Try again",
        PATIENCE.as_secs()
    )
}

/// The mail server's word about a report, or that there is none yet.
pub(super) enum Word {
    /// It ended so.
    Ended(u64, &'static str, Ending),
    /// It waits; the last failure, if any, and until when the limit of mails an hour holds it back.
    Waits(u64, Option<Failed>, Option<Timestamp>),
}

impl Word {
    /// Whether a mail server took it, or nobody needs it any more.
    pub(super) fn is_accepted(&self) -> bool {
        matches!(self, Self::Ended(_, _, ending) if ending.fate != Fate::Lost)
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(sequence, kind, ending) => {
                write!(f, "#{sequence} {kind}: {}", ending.fate.as_str())?;
                if let Some(route) = &ending.route {
                    write!(f, " (route {route})")?;
                }
                writeln!(f, ": {}", ending.reply)
            }
            Self::Waits(sequence, failure, held_back) => {
                writeln!(f, "#{sequence} waits in the queue.")?;
                if let Some(until) = held_back {
                    writeln!(f, "mails_per_hour holds it back until {until:.0} or longer.")?;
                }
                if let Some(failure) = failure {
                    let Failed { route, what, advice, .. } = failure;
                    writeln!(f, "Last attempt by route {route}: {what}\n{advice}")?;
                }
                writeln!(f, "It is sent as soon as possible while `mailbeat-agent run` runs.")
            }
        }
    }
}

/// What became of a report, waiting for the mail server's word.
pub(super) fn word(setup: &Setup, sequence: u64) -> anyhow::Result<Word> {
    let (started, asked_at) = (Instant::now(), setup.now());
    loop {
        let entries = trail::everything(&setup.home)?;
        let entry = entries.iter().find(|entry| entry.sequence == sequence);
        if let Some(ending) = entry.and_then(Entry::ending) {
            let kind = entry.and_then(Entry::kind).map_or("report", Kind::as_str);
            return Ok(Word::Ended(sequence, kind, ending));
        }
        let runs = setup.home.holder().is_some_and(|holder| holder.runs);
        let failure = State::peek(&setup.home).last_failure;
        let tried = failure.as_ref().is_some_and(|failure| failure.at >= asked_at);
        let held_back = setup.held_back_until();
        if !runs || tried || held_back.is_some() || started.elapsed() > PATIENCE {
            return Ok(Word::Waits(sequence, failure, held_back));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
