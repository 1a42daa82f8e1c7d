//! `send` and `deactivate`: done by the running agent if there is one, else here.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::bail;
use mailbeat_shared::wire::report::Kind;

use super::{Desk, person, print, runtime};
use crate::cli::SendKind;
use crate::identity::{draw, system_entropy};
use crate::route::MailServers;
use crate::run::{Agent, Answer, Request, Requests};
use crate::spool::Fate;
use crate::state::State;
use crate::trail;

/// How long the running agent may take to answer.
const ANSWER: Duration = Duration::from_secs(15);
/// How long to wait for the mail server's word after it.
const WORD: Duration = Duration::from_secs(60);

pub(super) fn send(desk: &Desk, kind: SendKind) -> anyhow::Result<ExitCode> {
    let request = match kind {
        SendKind::Heartbeat => Request::Heartbeat,
        SendKind::System => Request::System,
        SendKind::Test => Request::Test { by: person() },
    };
    match ask(desk, &request)? {
        Answer::Queued(sequence) => tell(desk, sequence),
        Answer::Deactivated(_) => bail!("the agent answered something else than was asked"),
        Answer::Refused(why) => bail!(why),
    }
}

pub(super) fn deactivate(desk: &Desk, reason: String) -> anyhow::Result<ExitCode> {
    match ask(desk, &Request::Deactivate { reason })? {
        Answer::Deactivated(Ok(sequence)) => {
            print("Deactivated. After this notice nothing is sent:\n");
            tell(desk, sequence)?;
            Ok(ExitCode::SUCCESS)
        }
        Answer::Deactivated(Err(why)) => {
            print(format!("Deactivated; nothing is sent any more, and no notice was: {why}\n"));
            Ok(ExitCode::SUCCESS)
        }
        Answer::Queued(_) => bail!("the agent answered something else than was asked"),
        Answer::Refused(why) => bail!(why),
    }
}

fn ask(desk: &Desk, request: &Request) -> anyhow::Result<Answer> {
    desk.home.prepare()?;
    if desk.home.holder().is_some_and(|holder| holder.runs) {
        return ask_running(desk, request);
    }
    let _lock = desk.lock()?;
    let runtime = runtime()?;
    let mut agent = Agent::open(desk.parts(MailServers::new(runtime.handle().clone())))?;
    let answer = agent.answer(request, desk.now());
    desk.work_off(&mut agent);
    Ok(answer)
}

fn ask_running(desk: &Desk, request: &Request) -> anyhow::Result<Answer> {
    let requests = Requests::of(&desk.home);
    let id = format!("{:032x}", u128::from_be_bytes(draw(&mut system_entropy())));
    let path = requests.ask(request, &id)?;
    let asked = Instant::now();
    while asked.elapsed() < ANSWER {
        if let Some(answer) = requests.answer(&path) {
            return Ok(answer);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    requests.withdraw(&id);
    bail!("the running agent did not answer within {} s; it may be busy with a slow mail server. Try again", ANSWER.as_secs())
}

/// What became of a report, waiting for the mail server's word.
fn tell(desk: &Desk, sequence: u64) -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    loop {
        let entries = trail::everything(&desk.home)?;
        let entry = entries.iter().find(|entry| entry.sequence == sequence);
        let ending = entry.and_then(crate::spool::Entry::ending);
        if let Some(ending) = ending {
            let kind = entry.and_then(crate::spool::Entry::kind).map_or("report", Kind::as_str);
            let by = ending.route.map_or_else(String::new, |route| format!(" (route {route})"));
            print(format!("#{sequence} {kind}: {}{by}: {}\n", ending.fate.as_str(), ending.reply));
            return Ok(if ending.fate == Fate::Lost { ExitCode::FAILURE } else { ExitCode::SUCCESS });
        }
        let runs = desk.home.holder().is_some_and(|holder| holder.runs);
        let failure = State::peek(&desk.home).last_failure;
        if !runs || started.elapsed() > WORD || failure.is_some() {
            print(format!("#{sequence} waits in the queue.\n"));
            if let Some(failure) = failure {
                print(format!("Last attempt by route {}: {}\n{}\n", failure.route, failure.what, failure.advice));
            }
            print("It is sent as soon as possible while `mailbeat-agent run` runs.\n");
            return Ok(ExitCode::FAILURE);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
