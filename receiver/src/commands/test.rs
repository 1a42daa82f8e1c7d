//! `test`: everything the receiver depends on, step by step, with the cause and the fix where a step fails.

use std::process::ExitCode;

use jiff::Timestamp;
use mailbeat_shared::transport::outcome::Outcome;
use mailbeat_shared::wire::mail::{Frame, compose_plain};
use serde::Serialize;

use super::{Desk, random};
use crate::mailbox::{self, ErrorKind, Mailbox, MailboxSettings, StepName};
use crate::notify::Letter;
use crate::notify::mail::{OutgoingTransport, Sender};
use crate::store::StoreError;

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Ok,
    /// It works, and something is not as it might be.
    Warning,
    Failed,
}

#[derive(Serialize)]
struct Step {
    area: String,
    step: String,
    status: Status,
    seen: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

/// `test`: exits with 1 if a step failed.
pub(super) fn run(desk: &Desk, mail_to: Option<&str>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut steps = vec![rules(desk), database(desk)];
    runtime.block_on(async {
        for settings in &desk.config.mailboxes {
            steps.extend(mailbox(settings, desk.now).await);
        }
        steps.extend(outgoing(desk, mail_to).await);
    });
    let mut text = String::new();
    for step in &steps {
        let mark = match step.status {
            Status::Ok => "ok",
            Status::Warning => "warning",
            Status::Failed => "FAILED",
        };
        text += &format!("{mark:<8} {:<20} {:<34} {}\n", step.area, step.step, step.seen);
        if let Some(advice) = &step.advice {
            text += &format!("         -> {advice}\n");
        }
    }
    desk.show(&steps, &text)?;
    let failed = steps.iter().any(|step| step.status == Status::Failed);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn step(area: &str, step: &str, result: Result<String, (String, String)>) -> Step {
    let (status, seen, advice) = match result {
        Ok(seen) => (Status::Ok, seen, None),
        Err((seen, advice)) => (Status::Failed, seen, Some(advice).filter(|advice| !advice.is_empty())),
    };
    Step { area: area.into(), step: step.into(), status, seen, advice }
}

fn rules(desk: &Desk) -> Step {
    let result = desk.config.load_rules().map(|rules| format!("{} thresholds", rules.thresholds.len()));
    step("rules", "read", result.map_err(|error| (error.to_string(), "mend the line named".into())))
}

fn database(desk: &Desk) -> Step {
    let seen = || -> anyhow::Result<String> {
        let mut store = desk.store()?;
        let contacts = store.write(|tx| Ok::<_, StoreError>(tx.contacts(None)?.len()))?;
        anyhow::ensure!(
            contacts > 0,
            "there is no default contact; `mailbeat-receiver contacts add` adds one"
        );
        Ok(format!("{}, {contacts} default contacts", desk.config.database().display()))
    };
    let advice =
        "`mailbeat-receiver init` makes what is missing; the directory must belong to the receiver's user";
    step("database", "open and write", seen().map_err(|error| (format!("{error:#}"), advice.into())))
}

async fn mailbox(settings: &MailboxSettings, now: Timestamp) -> Vec<Step> {
    let area = format!("mailbox {}", settings.name());
    let judged = |taken: mailbox::Step| {
        // Only the first folder must be there; a Junk folder comes to be with the first junk.
        let optional =
            matches!(&taken.name, StepName::Folder(name) if Some(name) != settings.folders().first());
        let missing = matches!(&taken.result, Err(error) if error.kind == ErrorKind::FolderMissing);
        let result = taken.result.map_err(|error| (error.to_string(), error.advice().to_owned()));
        let mut judged = step(&area, &taken.name.to_string(), result);
        if optional && missing {
            judged.status = Status::Warning;
        }
        judged
    };
    Mailbox::probe(settings, now).await.into_iter().map(judged).collect()
}

async fn outgoing(desk: &Desk, mail_to: Option<&str>) -> Vec<Step> {
    let mut steps = Vec::new();
    if let Some(to) = mail_to {
        let sent = match test_letter(desk, to) {
            Ok(letter) => {
                let outcome = Sender::new(&desk.config.outgoing).send(&letter).await;
                match &outcome {
                    Outcome::Sent { reply } => Ok(reply.clone()),
                    other => Err((
                        other.to_string(),
                        other.failure().map_or("", |failure| failure.advice()).to_owned(),
                    )),
                }
            }
            Err(error) => Err((format!("{error:#}"), "give a mail address".into())),
        };
        steps.push(step("outgoing mail", &format!("send to {to}"), sent));
        return steps;
    }
    if let OutgoingTransport::Maildir(maildir) = &desk.config.outgoing.transport {
        steps.push(step(
            "outgoing mail",
            "find the folders",
            Ok(format!("below {}", maildir.path.display())),
        ));
    }
    for taken in Sender::probe(&desk.config.outgoing).await {
        let result = taken.result.map_err(|failure| (failure.to_string(), failure.advice().to_owned()));
        steps.push(step("outgoing mail", &taken.name.to_string(), result));
    }
    steps
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
    Ok(Letter { to: mailbeat_shared::wire::mail::bare_address(to).unwrap_or_default(), message_id, bytes })
}
