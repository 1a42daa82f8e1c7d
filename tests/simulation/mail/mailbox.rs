//! The vendor's mailboxes with their folders, UIDs and INTERNALDATEs.

use std::collections::BTreeMap;
use std::rc::Rc;

use jiff::Timestamp;

/// Index into the folders of a mailbox.
pub(crate) const INBOX: usize = 0;
/// The other one that is read.
pub(crate) const JUNK: usize = 1;
/// Their names.
pub(crate) const FOLDERS: [&str; 2] = ["INBOX", "Junk"];

/// A mail on its way or in a folder.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) raw: Rc<[u8]>,
    /// Where the ledger knows it; `None` for what is no agent's.
    pub(crate) genuine: Option<usize>,
    /// A notification that really came back for good.
    pub(crate) came_back: bool,
    /// INTERNALDATE, once it is in the mailbox.
    pub(crate) received_at: Timestamp,
}

/// A folder.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    pub(crate) uidvalidity: u32,
    pub(crate) uidnext: u32,
    pub(crate) mails: BTreeMap<u32, Mail>,
}

impl Folder {
    fn numbered(uidvalidity: u32) -> Self {
        Self { uidvalidity, uidnext: 1, mails: BTreeMap::new() }
    }
}

/// A mailbox.
#[derive(Debug)]
pub(crate) struct Mailbox {
    pub(crate) name: &'static str,
    pub(crate) folders: [Folder; 2],
    pub(crate) reachable: bool,
    /// The receiver is told to read it. Of the second that is done when the first mail comes to it.
    pub(crate) in_use: bool,
}

impl Mailbox {
    pub(crate) fn new(name: &'static str, in_use: bool) -> Self {
        Self { name, folders: [Folder::numbered(1), Folder::numbered(1)], reachable: true, in_use }
    }

    pub(crate) fn put(&mut self, folder: usize, mail: Mail) {
        let folder = &mut self.folders[folder];
        folder.mails.insert(folder.uidnext, mail);
        folder.uidnext += 1;
        self.in_use = true;
    }

    /// The folders are recreated: other numbers for what is still there.
    pub(crate) fn renumber(&mut self) {
        for n in [INBOX, JUNK] {
            let fresh = Folder::numbered(self.folders[n].uidvalidity + 1);
            let before = std::mem::replace(&mut self.folders[n], fresh);
            before.mails.into_values().for_each(|mail| {
                let folder = &mut self.folders[n];
                folder.mails.insert(folder.uidnext, mail);
                folder.uidnext += 1;
            });
        }
    }
}
