//! `send` and `deactivate`: done by the running agent if there is one, else here.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::bail;
use mailbeat_shared::wire::report::Kind;

use super::{Setup, person, print, runtime};
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

pub(super) fn send(setup: &Setup, kind: SendKind) -> anyhow::Result<ExitCode> {
    let request = match kind {
        SendKind::Heartbeat => Request::Heartbeat,
        SendKind::System => Request::System,
        SendKind::Test => Request::Test { by: person() },
    };
    match ask(setup, &request)? {
        Answer::Queued(sequence) => tell(setup, sequence),
        Answer::Deactivated(_) => bail!("the agent answered something else than was asked"),
        Answer::Refused(why) => bail!(why),
    }
}

pub(super) fn deactivate(setup: &Setup, reason: String) -> anyhow::Result<ExitCode> {
    match ask(setup, &Request::Deactivate { reason })? {
        Answer::Deactivated(Ok(sequence)) => {
            print("Deactivated. After this notice nothing is sent:\n");
            tell(setup, sequence)?;
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

fn ask(setup: &Setup, request: &Request) -> anyhow::Result<Answer> {
    setup.home.prepare()?;
    if setup.home.holder().is_some_and(|holder| holder.runs) {
        return ask_running(setup, request);
    }
    let _lock = setup.lock()?;
    let mut agent = Agent::open(setup.parts(MailServers::new(runtime()?)))?;
    let answer = agent.answer(request, setup.now());
    setup.work_off(&mut agent);
    Ok(answer)
}

fn ask_running(setup: &Setup, request: &Request) -> anyhow::Result<Answer> {
    let requests = Requests::of(&setup.home);
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
    bail!(
        "the running agent did not answer within {} s; it may be busy with a slow mail server. Try again",
        ANSWER.as_secs()
    )
}

/// What became of a report, waiting for the mail server's word.
fn tell(setup: &Setup, sequence: u64) -> anyhow::Result<ExitCode> {
    let (started, asked_at) = (Instant::now(), setup.now());
    loop {
        let entries = trail::everything(&setup.home)?;
        let entry = entries.iter().find(|entry| entry.sequence == sequence);
        let ending = entry.and_then(crate::spool::Entry::ending);
        if let Some(ending) = ending {
            let kind = entry.and_then(crate::spool::Entry::kind).map_or("report", Kind::as_str);
            let by = ending.route.map_or_else(String::new, |route| format!(" (route {route})"));
            print(format!("#{sequence} {kind}: {}{by}: {}\n", ending.fate.as_str(), ending.reply));
            return Ok(if ending.fate == Fate::Lost { ExitCode::FAILURE } else { ExitCode::SUCCESS });
        }
        let runs = setup.home.holder().is_some_and(|holder| holder.runs);
        let failure = State::peek(&setup.home).last_failure;
        let tried = failure.as_ref().is_some_and(|failure| failure.at >= asked_at);
        if !runs || tried || started.elapsed() > WORD {
            print(format!("#{sequence} waits in the queue.\n"));
            if let Some(failure) = failure {
                print(format!(
                    "Last attempt by route {}: {}\n{}\n",
                    failure.route, failure.what, failure.advice
                ));
            }
            print("It is sent as soon as possible while `mailbeat-agent run` runs.\n");
            return Ok(ExitCode::FAILURE);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
