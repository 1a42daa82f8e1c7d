//! `test`: everything the receiver depends on, step by step, with cause and fix where a step fails.

mod domains;
mod here;
mod words;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use mailbeat_shared::durable::{self, Access};
use mailbeat_shared::steps::page::Page;
use mailbeat_shared::steps::{Step, StepResult, Steps, log, name, worst};
use mailbeat_shared::transport::outcome::Outcome;
use mailbeat_shared::transport::secret::Secret;
use mailbeat_shared::wire::mail::{Frame, bare_address, compose_plain};
use serde::Serialize;

use super::{Desk, print, random};
use crate::cli;
use crate::mailbox::{self, Mailbox, MailboxSettings};
use crate::notify::Letter;
use crate::notify::mail::{OutgoingTransport, Sender};

/// What a test says to machines.
#[derive(Serialize)]
struct Told<'a> {
    result: StepResult,
    steps: &'a [Step],
}

/// `test`: exits with 1 if a step failed.
pub(super) fn run(desk: &Desk, asked: &cli::Test) -> anyhow::Result<ExitCode> {
    let own: Vec<_> = words::PHRASES.iter().chain(mailbox::PHRASES).copied().collect();
    let page = Page::new(asked.lang.unwrap_or(desk.config.locale), &own);
    let mut steps = Steps::new(desk.now);
    if !desk.json {
        let mut page = page.clone();
        steps = steps.telling(move |step| print(&page.step(step)));
    } else if asked.progress {
        let mut page = page.clone().on_stderr();
        steps = steps.telling(move |step| print_aside(&page.step(step)));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    here::walk(desk, &mut steps);
    runtime.block_on(async {
        for settings in &desk.config.mailboxes {
            steps.enter(format!("mailbox {}", settings.name()));
            Mailbox::probe(settings, &mut steps, desk.now).await;
        }
        steps.enter("outgoing mail");
        outgoing(desk, asked.mail_to.as_deref(), &mut steps).await;
        here::ping(desk, &mut steps).await;
    });
    let steps = steps.into_taken();
    let result = worst(&steps);
    if asked.progress {
        print_aside(&format!("\n{}", page.clone().on_stderr().sum(&steps)));
    }
    desk.show(&Told { result, steps: &steps }, &format!("\n{}", page.sum(&steps)))?;
    if let Some(file) = &asked.save {
        save(desk, &page, &steps, file)?;
    }
    Ok(if result == StepResult::Failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The same on standard error.
fn print_aside(text: &str) {
    use std::io::Write as _;
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

async fn outgoing(desk: &Desk, mail_to: Option<&str>, steps: &mut Steps) {
    match &desk.config.outgoing.transport {
        OutgoingTransport::Smtp(_) => Sender::probe(&desk.config.outgoing, steps).await,
        OutgoingTransport::Graph(graph) => drop(graph.probe(steps).await),
        OutgoingTransport::Maildir(maildir) => steps.note(name::MAILDIR, maildir.path.display().to_string()),
    }
    domains::walk(desk, steps).await;
    let Some(to) = mail_to else { return steps.skip(name::MESSAGE, words::NO_MAIL, Some(words::mail_to())) };
    match test_letter(desk, to) {
        Ok(letter) => match Sender::new(&desk.config.outgoing).send(&letter).await {
            Outcome::Sent { reply } => steps.note(name::MESSAGE, reply),
            other => match other.failure() {
                Some(failure) => drop(steps.judge(name::MESSAGE, Err::<(), _>(failure.clone()), |()| "")),
                None => steps.note(name::MESSAGE, other.to_string()),
            },
        },
        Err(error) => steps.fail(name::MESSAGE, format!("{error:#}"), words::address()),
    }
}

fn test_letter(desk: &Desk, to: &str) -> anyhow::Result<Letter> {
    let token: [u8; 8] = random()?;
    let token: String = token.iter().map(|byte| format!("{byte:02x}")).collect();
    let message_id = format!("test-{token}@mailbeat.invalid");
    let frame = Frame {
        from: &desk.config.outgoing.from,
        to,
        cc: &[],
        subject: "[Mailbeat] Test of outgoing mail",
        message_id: &message_id,
        date: desk.now,
        text: "This mail was sent by `mailbeat-receiver test`. If you read it, notifications reach you.\n",
        html: None,
    };
    let bytes = compose_plain(&frame, &[])?;
    Ok(Letter { to: bare_address(to).unwrap_or_default(), message_id, bytes })
}

/// Writes the log, without the secrets that a server may have repeated.
fn save(desk: &Desk, page: &Page, steps: &[Step], file: &Path) -> anyhow::Result<()> {
    let facts = [format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)];
    let secrets = secrets(desk);
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let program = concat!("mailbeat-receiver ", env!("CARGO_PKG_VERSION"));
    let text = log::text(program, desk.now, &facts, page, steps, &secrets);
    durable::replace(file, text.as_bytes(), Access::Private)
        .with_context(|| format!("writing {}", file.display()))
}

fn secrets(desk: &Desk) -> Vec<String> {
    let read = |file: &Path| std::fs::read_to_string(file).ok()?.lines().next().map(str::to_owned);
    let either = |secret: Option<&Secret>, file: Option<&std::path::PathBuf>| {
        secret.map(|secret| secret.expose().to_owned()).or_else(|| read(file?))
    };
    let imap = desk.config.mailboxes.iter().filter_map(|mailbox| match mailbox {
        MailboxSettings::Imap(imap) => either(imap.password.as_ref(), imap.password_file.as_ref()),
        MailboxSettings::Maildir(_) => None,
    });
    let smtp = match &desk.config.outgoing.transport {
        OutgoingTransport::Smtp(smtp) => either(smtp.password.as_ref(), smtp.password_file.as_ref()),
        OutgoingTransport::Maildir(_) | OutgoingTransport::Graph(_) => None,
    };
    let ping =
        desk.config.ping.as_ref().and_then(|ping| ping.url.as_ref()).map(|url| url.expose().to_owned());
    imap.chain(smtp).chain(ping).collect()
}
