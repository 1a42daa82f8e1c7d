//! The system report: what changed, made to fit into one mail.
//!
//! Where it is too large, the largest texts are left out first; each stays in the manifest as `omitted` and is named in
//! `truncated`. What was left out is compared again next time, so it is sent as soon as there is room.

use std::collections::BTreeMap;

use mailbeat_shared::wire::report::{Body, SystemReport};
use mailbeat_shared::wire::snapshot::{self, Change, FileState, Snapshot};

use super::{ComposeError, Desk, bare_system, bounded, parcel, report};
use crate::render::Renderer;
use crate::spool::Parcel;
use crate::state::Baseline;

/// A system report ready for the spool, and the files as it says them: the next one's baseline.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The report itself.
    pub report: mailbeat_shared::wire::report::Report,
    /// With signature and texts.
    pub parcel: Parcel,
    /// The files as the receiver will know them.
    pub snapshot: Snapshot,
}

/// What goes into a system report.
#[derive(Clone, Debug)]
pub struct Material<'a> {
    /// The watched files now.
    pub files: Snapshot,
    /// What was not possible, one sentence each.
    pub problems: Vec<String>,
    /// What the last system report said; `None` makes this one full.
    pub baseline: Option<(&'a Baseline, Snapshot)>,
    /// What the host is.
    pub inventory: BTreeMap<String, String>,
}

/// The system report whose mail is at most `limit` bytes.
///
/// # Errors
/// [`ComposeError`] if even a report without files cannot be made.
pub fn system(
    desk: &Desk<'_>,
    renderer: &Renderer,
    random: &[u8; 10],
    material: Material<'_>,
    limit: usize,
) -> Result<Fitted, ComposeError> {
    let Material { mut files, problems, baseline, inventory } = material;
    let empty = Snapshot::new();
    let (digest, old) = match &baseline {
        Some((baseline, old)) => (Some(baseline.digest), old),
        None => (None, &empty),
    };
    let mut left_out = Vec::new();
    loop {
        let changes = snapshot::diff(old, &files);
        let mut truncated = bounded(problems.clone());
        truncated.extend(left_out.iter().cloned());
        let body = Body::System {
            system_report: SystemReport {
                baseline: digest,
                files: files.values().map(|file| file.entry.clone()).collect(),
                changes,
                truncated,
                inventory: inventory.clone(),
            },
        };
        let made = report(desk, random, body);
        let parcel = match parcel(desk, renderer, &made) {
            Ok(parcel) => parcel,
            Err(error @ ComposeError::Render(_)) => return Err(error),
            Err(error) => return bare(desk, renderer, random, &error),
        };
        let excess = mail_bytes(&parcel).saturating_sub(limit);
        let Body::System { system_report } = &made.body else { unreachable!("a system report was made") };
        let named =
            if excess == 0 { vec![] } else { omit(&mut files, &system_report.changes, excess, limit) };
        if named.is_empty() {
            return Ok(Fitted { report: made, parcel, snapshot: files });
        }
        left_out.extend(named);
    }
}

fn bare(
    desk: &Desk<'_>,
    renderer: &Renderer,
    random: &[u8; 10],
    why: &ComposeError,
) -> Result<Fitted, ComposeError> {
    tracing::error!("system report: {why}");
    let report = report(desk, random, bare_system(why));
    let parcel = parcel(desk, renderer, &report)?;
    Ok(Fitted { report, parcel, snapshot: Snapshot::new() })
}

/// Takes the largest texts that travel out of `files` until `excess` bytes are saved; a sentence for each.
fn omit(files: &mut Snapshot, changes: &[Change], excess: usize, limit: usize) -> Vec<String> {
    // As JSON, where quotes and line ends are two bytes.
    let travels = |change: &Change| {
        let text = change.text.as_ref().or(change.diff.as_ref())?;
        Some(
            text.len()
                + text.bytes().filter(|byte| matches!(byte, b'"' | b'\\' | b'\n' | b'\r' | b'\t')).count(),
        )
    };
    let mut largest: Vec<(usize, &Change)> =
        changes.iter().filter_map(|change| Some((travels(change)?, change))).collect();
    largest.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
    let mut saved = 0;
    let mut named = Vec::new();
    for (bytes, change) in largest {
        if saved * 4 / 3 >= excess {
            break;
        }
        let Some(file) = files.get_mut(&change.path) else { continue };
        saved += bytes;
        file.text = None;
        file.entry.state = FileState::Omitted;
        file.entry.encoding = None;
        named.push(format!(
            "{}: left out ({bytes} bytes), because the mail would be larger than {limit} bytes",
            change.path
        ));
    }
    named
}

/// The size of the finished mail, from above: base64 in lines of 76 for the attachments, and the readable parts as if
/// every byte were escaped by quoted-printable where they are not plain ASCII.
#[must_use]
pub fn mail_bytes(parcel: &Parcel) -> usize {
    const HEADERS: usize = 6 * 1024;
    let base64 = |bytes: usize| bytes.div_ceil(57) * 78;
    let readable = |text: &str| {
        let escaped = text.bytes().filter(|byte| !byte.is_ascii() || *byte == b'=').count();
        (text.len() + 2 * escaped) * 79 / 76 + text.lines().count()
    };
    HEADERS
        + base64(parcel.report.len())
        + base64(parcel.signature.len())
        + readable(&parcel.text)
        + parcel.html.as_deref().map_or(0, readable)
}
