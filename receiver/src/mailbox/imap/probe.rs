//! The way to an account and into its folders, step by step; changes nothing.

use async_imap::imap_proto::Response;
use jiff::Timestamp;
use mailbeat_shared::advice::Advice;
use mailbeat_shared::steps::{Seen, Steps, name};

use super::super::{ErrorKind, FolderView, ImapSettings, ImapTls, MailboxError};
use super::ImapMailbox;
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
        // Every failed step was noted, but finding the folders is no step of its own.
        Err(error) if error.kind == ErrorKind::FolderMissing => {
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
        match mailbox.fill().await {
            Ok(Some(fill)) if fill.percent() >= FULL => steps.fail(name::QUOTA, fill.shown(), full()),
            asked => {
                let _noted = steps.judge(name::QUOTA, asked, |fill| Fill::seen(*fill));
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

/// How full a mailbox is, in KiB. The limit is not 0.
#[derive(Clone, Copy, Debug)]
struct Fill {
    used: u64,
    limit: u64,
}

impl Fill {
    fn seen(fill: Option<Self>) -> Seen {
        let Some(fill) = fill else { return "no limit".into() };
        let warning = (fill.percent() >= NEARLY_FULL).then(|| {
            Advice::new(
                "The mailbox is nearly full; when it is, reports bounce and hosts seem silent.",
                "Let its administrator raise the quota, or keep processed mails for fewer days (`retention.processed_mail_days`).",
            )
        });
        Seen::from(fill.shown()).warned(warning)
    }

    fn percent(self) -> u64 {
        self.used.saturating_mul(100) / self.limit.max(1)
    }

    fn shown(self) -> String {
        let Self { limit, .. } = self;
        let size = if limit < 10 * 1024 { format!("{limit} KiB") } else { format!("{} MiB", limit / 1024) };
        format!("{} % of {size} used", self.percent())
    }
}

impl ImapMailbox {
    /// GETQUOTAROOT (RFC 9208 section 4.1.2); of several limits on storage the one that is fuller.
    async fn fill(&mut self) -> Result<Option<Fill>, MailboxError> {
        let mut fullest: Option<Fill> = None;
        let note = |response: &Response<'_>| {
            if let Response::Quota(quota) = response {
                for resource in &quota.resources {
                    let fill = Fill { used: resource.usage, limit: resource.limit };
                    // imap-proto keeps the type of this name to itself.
                    let is_storage = format!("{:?}", resource.name) == "Storage";
                    let share = |fill: Fill| fill.used.saturating_mul(1000) / fill.limit;
                    if is_storage
                        && fill.limit > 0
                        && fullest.is_none_or(|fullest| share(fill) > share(fullest))
                    {
                        fullest = Some(fill);
                    }
                }
            }
        };
        self.session.run("GETQUOTAROOT \"INBOX\"", note).await?;
        Ok(fullest)
    }
}
