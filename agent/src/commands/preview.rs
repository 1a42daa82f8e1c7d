//! `preview`: the next report as it would be sent, made by the sender's own code.

use std::process::ExitCode;

use anyhow::bail;
use mailbeat_shared::text;
use mailbeat_shared::transport::outcome::Outcome;
use mailbeat_shared::wire::report::Kind;

use super::{Setup, print, runtime};
use crate::cli::PreviewKind;
use crate::route::{MailServers, Post, Route};
use crate::run::{Agent, Parts};

/// Opens no connection: a preview only looks.
struct NoPost;

impl Post for NoPost {
    fn send(&mut self, _: &Route, _: &str, _: &[u8], _: &str) -> Outcome {
        unreachable!("a preview sends nothing")
    }
    fn size_limit(&mut self, _: &Route) -> Option<u64> {
        None
    }
}

pub(super) fn preview(setup: &Setup, kind: PreviewKind, json: bool, mail: bool) -> anyhow::Result<ExitCode> {
    let kind = match kind {
        PreviewKind::Heartbeat => Kind::Heartbeat,
        PreviewKind::System => Kind::System,
    };
    let parts = setup.parts(MailServers::new(runtime()?));
    let mut agent = Agent::peek(Parts { post: Box::new(NoPost), ..parts });
    let Some(preview) = agent.preview(kind, setup.now())? else {
        bail!("not activated; a report is made under a contract. Run `mailbeat-agent activate FILE` first")
    };
    let parcel = &preview.parcel;
    if json {
        print(String::from_utf8_lossy(&parcel.report));
    } else if mail {
        match agent.preview_mail(&preview) {
            Some(mail) => print(String::from_utf8_lossy(&mail?).replace("\r\n", "\n")),
            None => bail!("no route is configured, so there is no sender to make the mail with"),
        }
    } else {
        print(format!("Subject: {}\n\n{}", parcel.meta.subject, text::clean(&parcel.text)));
    }
    Ok(ExitCode::SUCCESS)
}
