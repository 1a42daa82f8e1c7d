use std::fs;

use super::*;

struct Inbox {
    dir: tempfile::TempDir,
    maildir: Maildir,
}

impl Inbox {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        init(dir.path(), Timestamp::UNIX_EPOCH).unwrap();
        let table = format!("name = 'reports'\npath = {:?}", dir.path());
        let maildir = Maildir::open(&toml::from_str(&table).unwrap(), false).unwrap();
        Self { dir, maildir }
    }

    fn deliver(&self, name: &str) {
        fs::write(self.dir.path().join("new").join(name), "Subject: x\r\n\r\n").unwrap();
    }

    /// UIDs of the INBOX, and its UIDVALIDITY.
    fn look(&mut self) -> (Vec<u32>, u32) {
        let view = self.maildir.open_folder("INBOX", Timestamp::UNIX_EPOCH).unwrap();
        let mails = self.maildir.list(1, u32::MAX).unwrap();
        (mails.iter().map(|mail| mail.uid).collect(), view.uidvalidity)
    }
}

#[test]
fn a_mail_that_comes_again_under_its_old_name_gets_a_new_number() {
    let mut inbox = Inbox::new();
    inbox.deliver("a");
    inbox.deliver("b");
    let (uids, validity) = inbox.look();
    assert_eq!(uids, [1, 2]);

    // Filed, and delivered once more before anybody looked: by an agent that was killed before it could write down that it had.
    assert_eq!(inbox.maildir.file("INBOX", validity, &uids, Target::Processed).unwrap(), Filing::Moved);
    inbox.deliver("a");
    assert_eq!(inbox.look(), (vec![3], validity));

    // Gone without us, and back.
    fs::remove_file(inbox.dir.path().join("new/a")).unwrap();
    assert_eq!(inbox.look(), (vec![], validity));
    inbox.deliver("a");
    assert_eq!(inbox.look(), (vec![4], validity));
}

#[test]
fn a_mail_that_is_read_by_a_person_keeps_its_number() {
    let mut inbox = Inbox::new();
    inbox.deliver("a");
    assert_eq!(inbox.look().0, [1]);
    fs::rename(inbox.dir.path().join("new/a"), inbox.dir.path().join("cur/a:2,S")).unwrap();
    assert_eq!(inbox.look().0, [1]);
}
