//! The way to an account and into its folders, step by step; changes nothing.

use jiff::Timestamp;
use mailbeat_shared::advice::Advice;
use mailbeat_shared::steps::{Seen, Steps, name};

use super::super::{ErrorKind, FolderView, ImapSettings, ImapTls};
use super::ImapMailbox;
use crate::evaluate::fill::{Fill, Resource, fullest};
use crate::filing::Target;

/// A mailbox fuller than this, in percent, is worth a warning.
const NEARLY_FULL: u64 = 80;
/// One fuller than this takes few mails more, or none.
const FULL: u64 = 98;

/// See [`super::super::Mailbox::probe`].
pub(in super::super) async fn probe(settings: &ImapSettings, steps: &mut Steps, now: Timestamp) {
    match ImapMailbox::connect(settings, true, steps).await {
        Ok(mut mailbox) => {
            look_into(&mut mailbox, settings, steps, now).await;
            mailbox.close().await;
        }
        // Every failed step was noted, but finding the folders is no step of its own: here Exchange Online says whom it lets in and
        // nowhere else.
        Err(error) if !steps.area_failed() => {
            let _noted = steps.judge(name::folder("INBOX"), Err::<(), _>(error), |()| "");
        }
        Err(_) => {}
    }
    steps.skip_rest(&planned(settings));
}

/// The steps that every probe takes, in their order.
fn planned(settings: &ImapSettings) -> Vec<&'static str> {
    let private = match settings.tls {
        ImapTls::Implicit => &[name::TLS, name::GREETING][..],
        ImapTls::Starttls => &[name::GREETING, name::TLS],
        ImapTls::None => &[name::GREETING],
    };
    let token = if settings.oauth.is_some() { &[name::TOKEN][..] } else { &[] };
    let (before, after) = (
        [name::SETTINGS, name::RESOLVE, name::CONNECT],
        [name::AUTHENTICATE, name::CAPABILITIES, name::QUOTA],
    );
    [&before[..], private, token, &after[..]].concat()
}

async fn look_into(mailbox: &mut ImapMailbox, settings: &ImapSettings, steps: &mut Steps, now: Timestamp) {
    let first = settings.folders.first();
    for folder in &settings.folders {
        let view = mailbox.open(folder, now).await;
        match view {
            // Only the first folder must be there; a Junk folder comes to be with the first junk.
            Err(error) if error.kind == ErrorKind::FolderMissing && Some(folder) != first => {
                steps.note(name::folder(folder), Seen::from(error.to_string()).warned(Some(not_there())));
            }
            view => {
                let _noted = steps.judge(name::folder(folder), view, FolderView::seen);
            }
        }
    }
    for target in [Target::Processed, Target::Quarantine] {
        let place = mailbox.targets.get(&target);
        let seen =
            place.map_or("is made at the first start".to_owned(), |place| format!("is there as {place}"));
        steps.note(name::folder(settings.target(target)), seen);
    }
    if mailbox.abilities.quota {
        let asked = mailbox.fills().await;
        let fullest = asked.as_deref().ok().and_then(fullest).filter(|fill| fill.percent() >= FULL);
        match fullest {
            Some(fill) => steps.fail(name::QUOTA, shown(fill), full()),
            None => {
                let _noted = steps.judge(name::QUOTA, asked, |fills| seen(fills));
            }
        }
    } else {
        steps.skip(name::QUOTA, "the server does not tell (no QUOTA)", None);
    }
}

fn full() -> Advice {
    Advice::new(
        "The mailbox is full: reports bounce or wait at the senders' servers, and hosts seem silent.",
        "Let its administrator raise the quota, or delete old mails, also those in `Mailbeat/Processed`. What waits comes by itself; what bounced is sent again on its host by `mailbeat-agent trail resend NUMBER`, for each number of the ticket `reports-lost`.",
    )
}

fn not_there() -> Advice {
    Advice::new(
        "The folder is not there and is not read; many servers make it with the first junk mail.",
        "Correct `folders` if it has another name on this server; else nothing.",
    )
}

impl FolderView {
    /// What a person compares.
    pub(in super::super) fn seen(&self) -> String {
        format!("UIDVALIDITY {}, UIDNEXT {}", self.uidvalidity, self.uidnext)
    }
}

/// What a person reads of it.
fn seen(fills: &[Fill]) -> Seen {
    let Some(fill) = fullest(fills) else { return "no limit".into() };
    let warning = (fill.percent() >= NEARLY_FULL).then(|| {
        Advice::new(
            "The mailbox is nearly full; when it is, reports bounce and hosts seem silent.",
            "Let its administrator raise the quota, or keep processed mails for fewer days (`retention.processed_mail_days`).",
        )
    });
    Seen::from(shown(fill)).warned(warning)
}

fn shown(fill: &Fill) -> String {
    let (percent, most) = (fill.percent(), fill.most());
    match fill.resource {
        Resource::Storage => format!("{percent} % of {most} used"),
        Resource::Messages => format!("{percent} % of {most} mails used"),
    }
}
