//! The transport of stories without servers: Maildirs below one directory.

use std::path::Path;

/// The receiver's `[[mailbox]]` and `[outgoing]` tables: reports are read from `reports`, people's mail goes below `people`.
#[must_use]
pub fn transport(below: &Path) -> String {
    format!(
        "[[mailbox]]\ntype = \"maildir\"\nname = \"reports\"\npath = {:?}\npoll_interval_s = 1\n\n\
         [outgoing]\ntype = \"maildir\"\nfrom = \"Mailbeat <mailbeat@example.test>\"\npath = {:?}\n",
        below.join("reports"),
        below.join("people")
    )
}

/// An agent's `[[route]]` table into the receiver's mailbox.
#[must_use]
pub fn route(below: &Path) -> String {
    format!(
        "[[route]]\nname = \"maildir\"\ntype = \"maildir\"\nfrom = \"agent@acme.example\"\npath = {:?}\n",
        below.join("reports")
    )
}
