//! The system report: what changed, made to fit into one mail.
//!
//! A full report that is due only because of the time becomes one of changes where it is too large. Beyond that the largest texts,
//! and the list of packages if it is among them, are left out first; each text stays in the manifest as `omitted`, and each is named
//! in `truncated`. What was left out is compared again next time, so it is sent as soon as there is room.

use std::collections::BTreeSet;

use mailbeat_shared::wire::inventory::{PackageList, Packages};
use mailbeat_shared::wire::limits;
use mailbeat_shared::wire::report::{Body, Report, Since, SystemReport};
use mailbeat_shared::wire::snapshot::{self, Change, FileState, Snapshot};

use super::{ComposeError, Desk, bounded, parcel, report};
use crate::render::Renderer;
use crate::sense::Inventory;
use crate::spool::Parcel;
use crate::state::{Baseline, Said};

/// A system report ready for the spool, and what it says: the next one's baseline.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The report itself.
    pub report: Report,
    /// With signature and texts.
    pub parcel: Parcel,
    /// Files and packages as the receiver will know them.
    pub said: Said,
}

/// What goes into a system report.
#[derive(Clone, Debug)]
pub struct Material<'a> {
    /// The watched files now.
    pub files: Snapshot,
    /// Paths of those whose changed text travels whole.
    pub whole: BTreeSet<String>,
    /// What was not possible, one sentence each.
    pub problems: Vec<String>,
    /// What the last system report said; `None` makes this one full.
    pub baseline: Option<(&'a Baseline, Said)>,
    /// It is time for a full one, if it fits.
    pub full_is_due: bool,
    /// What the host is.
    pub inventory: Inventory,
}

/// How many bytes of mail a byte left out saves at most: in base64, in the text and in the HTML. Reckoned from above, so that never
/// more is left out than must be, or the same texts might be left out each time; what is still too much goes in the next round.
const SAVES: usize = 4;

/// A report being made to fit.
struct Draft<'a> {
    material: Material<'a>,
    full: bool,
    left_out: Vec<String>,
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
    let full = material.full_is_due || material.baseline.is_none();
    let mut draft = Draft { material, full, left_out: vec![] };
    loop {
        let made = report(desk, random, Body::System { system_report: draft.report() });
        // Nobody takes so much apart, so it is not even made a mail of.
        let over = made.encode().len().saturating_sub(limits::REPORT_BYTES);
        if over > 0 && draft.shorten(&made, over * SAVES, limit) {
            continue;
        }
        let parcel = match parcel(desk, renderer, &made) {
            Ok(parcel) => parcel,
            Err(error @ ComposeError::Render(_)) => return Err(error),
            Err(error) => return bare(desk, renderer, random, draft.material.baseline, &error),
        };
        let excess = mail_bytes(&parcel).saturating_sub(limit);
        if excess == 0 || !draft.shorten(&made, excess, limit) {
            return Ok(Fitted { report: made, parcel, said: draft.said() });
        }
    }
}

/// A report that says why there is none. What was told before stays as it was told.
fn bare(
    desk: &Desk<'_>,
    renderer: &Renderer,
    random: &[u8; 10],
    before: Option<(&Baseline, Said)>,
    why: &ComposeError,
) -> Result<Fitted, ComposeError> {
    tracing::error!("system report: {why}");
    let truncated = bounded(vec![format!("the watched files were left out: {why}")]);
    let mut system_report = SystemReport { truncated, ..SystemReport::default() };
    let said = before.map_or_else(Said::default, |(baseline, said)| {
        system_report.baseline = Some(baseline.digest);
        system_report.files = said.files.values().map(|file| file.entry.clone()).collect();
        said
    });
    let report = report(desk, random, Body::System { system_report });
    let parcel = parcel(desk, renderer, &report)?;
    Ok(Fitted { report, parcel, said })
}

impl Draft<'_> {
    fn report(&self) -> SystemReport {
        let Material { files, whole, problems, baseline, inventory, .. } = &self.material;
        let whole = |path: &str| whole.contains(path);
        let since_last = baseline.as_ref().map(|(baseline, said)| Since {
            baseline: baseline.digest,
            changes: snapshot::diff(&said.files, files, whole),
        });
        let held = self.held_packages();
        let mut truncated = bounded(problems.clone());
        truncated.extend(self.left_out.iter().cloned());
        let mut system_report = SystemReport {
            files: files.values().map(|file| file.entry.clone()).collect(),
            truncated,
            inventory: inventory.facts.clone(),
            updates: inventory.updates.clone(),
            reboot: inventory.reboot.clone(),
            ..SystemReport::default()
        };
        if self.full {
            system_report.changes = snapshot::diff(&Snapshot::new(), files, whole);
            system_report.since = since_last;
        } else if let Some(Since { baseline, changes }) = since_last {
            (system_report.baseline, system_report.changes) = (Some(baseline), changes);
        }
        if let Some(installed) = &inventory.packages {
            system_report.packages = Some(Packages::between(&installed.source, held, &installed.list));
            system_report.package_list = Some(installed.list.clone()).filter(|_| self.full || held.is_none());
        }
        system_report
    }

    /// The packages told before.
    fn held_packages(&self) -> Option<&PackageList> {
        self.material.baseline.as_ref()?.1.packages.as_ref()
    }

    /// Saves some bytes, if there is anything left to save.
    fn shorten(&mut self, made: &Report, excess: usize, limit: usize) -> bool {
        let Body::System { system_report: said } = &made.body else { return false };
        if self.full && self.material.baseline.is_some() {
            self.full = false;
            self.material.problems.push(format!(
                "the full report that was due would be larger than {limit} bytes, so this one says what changed; watch fewer files"
            ));
            return true;
        }
        let named = omit(&mut self.material, said, excess, limit);
        self.left_out.extend(named.iter().cloned());
        !named.is_empty()
    }

    /// What the next report's changes start from. Packages not told now were told before.
    fn said(self) -> Said {
        let held = self.held_packages().cloned();
        let packages = self.material.inventory.packages.map(|installed| installed.list).or(held);
        Said { files: self.material.files, packages }
    }
}

/// Something that can be left out.
enum Part<'r> {
    Text(&'r Change),
    Packages,
}

/// Takes the largest parts that travel out of the material until `excess` bytes are saved; a sentence for each.
fn omit(material: &mut Material<'_>, said: &SystemReport, excess: usize, limit: usize) -> Vec<String> {
    let texts = said.changes.iter().filter_map(|change| Some((travels(change)?, Part::Text(change))));
    // Quotes, colon, comma and the start of a line around each.
    let entry = |(name, version): (&String, &String)| name.len() + version.len() + 16;
    let list = said.package_list.as_ref().map(|list| (list.iter().map(entry).sum(), Part::Packages));
    let mut largest: Vec<(usize, Part<'_>)> = texts.chain(list).collect();
    largest.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
    let (mut saved, mut named) = (0, Vec::new());
    for (bytes, part) in largest {
        if saved * SAVES >= excess {
            break;
        }
        let what = match part {
            Part::Packages => {
                material.inventory.packages = None;
                "the list of installed packages"
            }
            Part::Text(change) => {
                let Some(file) = material.files.get_mut(&change.path) else { continue };
                file.text = None;
                file.entry.state = FileState::Omitted;
                file.entry.encoding = None;
                change.path.as_str()
            }
        };
        saved += bytes;
        named.push(format!(
            "{what}: left out ({bytes} bytes), because the mail would be larger than {limit} bytes"
        ));
    }
    named
}

/// How many bytes a change's text takes as JSON, where quotes and line ends are two bytes.
fn travels(change: &Change) -> Option<usize> {
    let text = change.text.as_ref().or(change.diff.as_ref())?;
    Some(
        text.len() + text.bytes().filter(|byte| matches!(byte, b'"' | b'\\' | b'\n' | b'\r' | b'\t')).count(),
    )
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
