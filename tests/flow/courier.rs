//! A host whose mails go nowhere by themselves: the story carries them, late, twice, in disorder or not at all.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use mailbeat_tests::office::Office;
use mailbeat_tests::world::Host;

/// Rules under which nothing becomes a ticket while a story is told.
pub(crate) const CALM: &str = "[liveness]\ngrace = \"1h\"\n";

/// The host, activated; its enrollment is #1, its first heartbeat #2.
pub(crate) struct Courier {
    pub(crate) host: Host,
}

impl Courier {
    pub(crate) fn new(office: &Office, name: &str, contract: &Path) -> anyhow::Result<Self> {
        let nowhere = office.dir().join(format!("{name}-nowhere"));
        let route = format!(
            "[[route]]\nname = \"hand\"\ntype = \"maildir\"\nfrom = \"agent1@example.test\"\npath = {nowhere:?}\n"
        );
        let host = office.host(name, &route)?;
        host.activate(&office.vendor, contract)?;
        Ok(Self { host })
    }

    /// Makes a report and gives its mail.
    pub(crate) fn make(&self, kind: &str) -> anyhow::Result<Vec<u8>> {
        self.host.agent.run(&["send", kind])?;
        self.mails()?.pop().context("a report was just made")
    }

    /// The mails of all reports so far, in order.
    pub(crate) fn mails(&self) -> anyhow::Result<Vec<Vec<u8>>> {
        let mut dirs: Vec<_> = fs::read_dir(self.host.dir.join("state/trail"))?.collect::<Result<_, _>>()?;
        dirs.sort_by_key(fs::DirEntry::file_name);
        dirs.iter().map(|dir| Ok(fs::read(dir.path().join("mail.eml"))?)).collect()
    }

    /// Carries a mail into the vendor's INBOX.
    pub(crate) fn carry(office: &Office, mail: &[u8]) -> anyhow::Result<()> {
        office.lab.deliver("reports", "INBOX", mail)
    }
}
