//! What the server calls the folders people name: its separator, and the `INBOX.` before every name on some servers.
//!
//! NAMESPACE (RFC 2342) would say it, but imap-proto 0.17 cannot read its answer; looking and trying does as well.

use std::fmt;

use async_imap::imap_proto::{MailboxDatum, NameAttribute, Response};

use super::super::{ErrorKind, MailboxError};
use super::session::Session;

/// A folder's name on the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place(String);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A folder's name as it stands in a command. The settings allow no name with a quote, backslash or control character.
pub(super) fn quoted(place: &Place) -> String {
    format!("\"{place}\"")
}

/// How the server makes names.
#[derive(Debug)]
pub(super) struct Naming {
    separator: Option<String>,
}

impl Naming {
    /// `LIST "" ""` tells the separator (RFC 9051 section 6.3.9).
    pub(super) async fn ask(session: &mut Session) -> Result<Self, MailboxError> {
        let mut separator = None;
        let note = |response: &Response<'_>| {
            if let Response::MailboxData(MailboxDatum::List(item)) = response {
                separator = item.delimiter.as_deref().filter(|text| text.len() == 1).map(str::to_owned);
            }
        };
        session.run("LIST \"\" \"\"", note).await?;
        Ok(Self { separator })
    }

    /// The names a folder may have, the likelier first.
    fn candidates(&self, folder: &str) -> Vec<Place> {
        if folder.eq_ignore_ascii_case("INBOX") {
            return vec![Place("INBOX".into())];
        }
        match &self.separator {
            Some(separator) => {
                let name = folder.replace('/', separator);
                vec![Place(name.clone()), Place(format!("INBOX{separator}{name}"))]
            }
            // A server without a hierarchy: one flat name.
            None => vec![Place(folder.replace('/', "-"))],
        }
    }

    /// Where a folder is, if it is there.
    pub(super) async fn find(
        &self,
        session: &mut Session,
        folder: &str,
    ) -> Result<Option<Place>, MailboxError> {
        for place in self.candidates(folder) {
            if exists(session, &place).await? {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// Makes a folder, and subscribes to it so that people see it in their mail programs.
    pub(super) async fn create(&self, session: &mut Session, folder: &str) -> Result<Place, MailboxError> {
        let mut refused = None;
        for place in self.candidates(folder) {
            match session.ask(&format!("CREATE {}", quoted(&place)), |_| {}).await {
                Ok(()) => match session.ask(&format!("SUBSCRIBE {}", quoted(&place)), |_| {}).await {
                    Err(error) if error.kind.ends_session() => return Err(error),
                    _ => return Ok(place),
                },
                // Servers without folders beside INBOX refuse the first name.
                Err(error) if error.kind == ErrorKind::Refused => refused = refused.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        let said = refused.map_or(String::new(), |error| error.text);
        Err(MailboxError::new(ErrorKind::Refused, format!("cannot make the folder {folder:?}: {said}")))
    }
}

/// Whether a folder is there and can be opened.
pub(super) async fn exists(session: &mut Session, place: &Place) -> Result<bool, MailboxError> {
    let mut found = false;
    let note = |response: &Response<'_>| {
        if let Response::MailboxData(MailboxDatum::List(item)) = response {
            let same =
                item.name == place.0 || (place.0 == "INBOX" && item.name.eq_ignore_ascii_case("INBOX"));
            let opens = !item.name_attributes.iter().any(is_no_folder);
            found |= same && opens;
        }
    };
    session.run(&format!("LIST \"\" {}", quoted(place)), note).await?;
    Ok(found)
}

fn is_no_folder(attribute: &NameAttribute<'_>) -> bool {
    match attribute {
        NameAttribute::NoSelect => true,
        NameAttribute::Extension(word) => word.eq_ignore_ascii_case("\\NonExistent"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(separator: Option<&str>, folder: &str) -> Vec<String> {
        let naming = Naming { separator: separator.map(str::to_owned) };
        naming.candidates(folder).iter().map(Place::to_string).collect()
    }

    #[test]
    fn a_folder_is_looked_for_with_the_servers_separator_beside_and_below_inbox() {
        assert_eq!(
            names(Some("."), "Mailbeat/Processed"),
            ["Mailbeat.Processed", "INBOX.Mailbeat.Processed"]
        );
        assert_eq!(names(Some("/"), "Inbox"), ["INBOX"]);
        assert_eq!(names(None, "Mailbeat/Processed"), ["Mailbeat-Processed"]);
    }
}
