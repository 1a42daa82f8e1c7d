//! What may stand in a `[[mailbox]]` table.

use super::*;
use std::path::Path;

fn read(toml: &str) -> MailboxSettings {
    mailbeat_shared::config_file::parse(Path::new("receiver.toml"), toml).unwrap()
}

fn wrong(more: &str) -> String {
    read(&format!("type = 'imap'\nname = 'a'\nhost = 'h.example'\nusername = 'u'\n{more}"))
        .check()
        .unwrap_err()
        .to_string()
}

#[test]
fn the_least_settings_mean_implicit_tls_inbox_and_junk() {
    let MailboxSettings::Imap(imap) =
        read("type = 'imap'\nname = 'a'\nhost = 'h'\nusername = 'u'\npassword_file = '/p'")
    else {
        panic!("it is an IMAP account")
    };
    assert_eq!((imap.port(), imap.tls, imap.idle), (993, ImapTls::Implicit, true));
    assert_eq!(
        (imap.folders.join(" "), imap.processed.as_str()),
        ("INBOX Junk".into(), "Mailbeat/Processed")
    );
    imap.check().unwrap();
    read("type = 'maildir'\nname = 'm'\npath = '/var/mail/x'").check().unwrap();
}

#[test]
fn what_is_unsafe_or_cannot_work_is_refused_in_words() {
    for (more, words) in [
        ("", "`password_file` is missing"),
        ("password = 'x'\npassword_file = 'y'", "not both"),
        ("password = 'x'\ntls = 'none'", "unprotected"),
        ("password = 'x'\nfolders = []", "empty"),
        ("password = 'x'\nfolders = ['INBOX', 'Mailbeat/Processed']", "different folders"),
        ("password = 'x'\nfolders = ['A*']", "wildcards"),
        ("password = 'x'\nprocessed = \"a\\r\\nb\"", "folder's name"),
        ("password = 'x'\ntimeout_s = 0", "at least 1"),
    ] {
        assert!(wrong(more).contains(words), "{more}: {}", wrong(more));
    }
}

#[test]
fn an_unknown_key_is_refused_and_the_password_is_not_printed() {
    let text = "type = 'imap'\nname = 'a'\nhost = 'h'\nusername = 'u'\npasswort_file = 'x'";
    let refused = mailbeat_shared::config_file::parse::<MailboxSettings>(Path::new("r.toml"), text);
    assert!(refused.unwrap_err().to_string().contains("did you mean `password_file`?"));
    let shown = read("type = 'imap'\nname = 'a'\nhost = 'h'\nusername = 'u'\npassword = 'hush'");
    assert!(!format!("{shown:?}").contains("hush"));
}
