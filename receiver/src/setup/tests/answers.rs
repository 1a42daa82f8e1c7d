//! Answers from a file, a set-up that goes on, and a test that leads back.

use super::*;

const ANSWERS: &str = "locale = 'de'\nvendor = 'Pumpen GmbH'\nstate_dir = '/srv/mailbeat'\npeople = [{ contact = 'Olivia <o@pumpen.test>', locale = 'en' }]\nMORE\n[mailbox]\nby = 'server'\naddress = 'reports@pumpen.test'\nhost = 'imap.pumpen.test'\ntls = 'starttls'\nfolders = ['INBOX', 'Spam']\npassword_file = '/run/secret'\n\n[outgoing]\nby = 'same'\nhost = 'smtp.pumpen.test'\n\n[customer]\nname = 'ACME'\ncontact = 'p@acme.test'\ndirectory = '/tmp'\n";

fn answered(change: (&str, &str)) -> Result<Draft, String> {
    let text = ANSWERS.replacen(change.0, change.1, 1).replace("MORE", "");
    let answers: Answers =
        config_file::parse(Path::new("answers.toml"), &text).map_err(|error| error.to_string())?;
    let mut draft = draft_of(SAMPLE);
    answers.into_draft(&mut draft, Customer::new(10, Locale::En, false, "/tmp".into())).map(|()| draft)
}

#[test]
fn a_file_of_answers_does_the_same_and_says_what_does_not_fit() {
    let draft = answered(("", "")).unwrap();
    let text = configure(SAMPLE, &draft);
    for line in [
        "state_dir = \"/srv/mailbeat\"    # database",
        "host = \"imap.pumpen.test\"",
        "tls = \"starttls\"",
        "folders = [\"INBOX\", \"Spam\"]",
        "from = \"Mailbeat <reports@pumpen.test>\"",
        "host = \"smtp.pumpen.test\"",
    ] {
        assert!(text.lines().any(|found| found.starts_with(line)), "{line} is not in\n{text}");
    }
    assert_eq!(text.matches("/run/secret").count(), 2, "{text}");
    // What is kept of a set-up that was stopped is such a file again.
    let kept = toml::to_string(&Answers::of(&draft)).unwrap();
    let mut resumed = draft_of(SAMPLE);
    let answers: Answers = config_file::parse(Path::new("kept"), &kept).unwrap();
    answers.into_draft(&mut resumed, Customer::new(10, Locale::En, false, "/tmp".into())).unwrap();
    assert_eq!(resumed, draft);
    for (change, wrong) in [
        (("MORE", "vendors = 'x'"), "did you mean `vendor`?"),
        (("by = 'server'", "by = 'pop3'"), "`pop3`"),
        (("host = 'imap", "hosts = 'imap"), "mailbox.hosts: there is no such key"),
        (("reports@pumpen", "reports pumpen"), "not a bare mail address"),
        (("'starttls'", "'tls'"), "mailbox.tls: \"tls\" is none; there are implicit, starttls, none"),
        (("'Spam'", "'a*'"), "mailbox.folders"),
        (("by = 'server'", "by = 'maildir'"), "no account that could be shared"),
        (("o@pumpen.test", "o pumpen"), "people: "),
        (("'/tmp'", "'/tmp'\nrelay = true"), "customer.relay: there is no [relay] table"),
        (("'/tmp'", "'/nowhere'"), "customer.directory: there is no such directory"),
        (("by = 'server'", "by = 'oauth'\noauth = { provider = 'x' }"), "mailbox.oauth: provider"),
    ] {
        let said = answered(change).unwrap_err();
        assert!(said.contains(wrong), "{change:?}: {said}");
    }
}

#[test]
fn a_set_up_half_done_goes_on_with_what_was_decided() {
    let mut draft = draft_of(SAMPLE);
    let mut person = Script::new(&[("company", typed("Pumpen GmbH")), ("Name and mail", Do::Leave)]);
    assert!(!walk(&mut draft, &mut person, &ask::questions()));
    let kept = toml::to_string(&Answers::of(&draft)).unwrap();
    let mut resumed = draft_of(SAMPLE);
    let answers: Answers = config_file::parse(Path::new("kept"), &kept).unwrap();
    answers.into_draft(&mut resumed, Customer::new(10, Locale::En, false, "/tmp".into())).unwrap();
    assert_eq!(resumed, draft);
}

#[test]
fn a_failed_test_leads_to_the_page_that_is_at_fault() {
    let at = |area: &str, name: &str| {
        let told = format!(
            r#"{{"result":"failed","steps":[{{"area":"x","name":"y","result":"ok","duration_ms":1,"seen":""}},{{"area":"{area}","name":"{name}","result":"failed"}},{{"area":"outgoing mail","name":"z","result":"failed"}}]}}"#
        );
        Told::read(told.as_bytes()).failed().unwrap().at()
    };
    assert_eq!(at("mailbox reports", "authentication"), At::MailboxLogon);
    assert_eq!(at("mailbox reports", "TLS"), At::MailboxServer);
    assert_eq!(at("mailbox reports", "folder Junk"), At::Mailbox);
    assert_eq!(at("outgoing mail", "name (DNS)"), At::OutgoingServer);
    assert_eq!(at("outgoing mail", "sender"), At::Outgoing);
    assert_eq!(at("outgoing mail", "authentication"), At::OutgoingLogon);
    assert_eq!(at("this host", "contacts"), At::Vendor);
    assert_eq!(at("this host", "disk"), At::Elsewhere);
    assert_eq!(Told::read(b"no JSON").failed(), None);
    // Where the password was wrong, nothing before it is asked again.
    let (questions, first) = ask::page_of(At::MailboxLogon);
    let mut person = Script::new(&[("User name", Do::Leave)]);
    let mut draft = answered(("", "")).unwrap();
    ask::doubt(&mut draft, At::MailboxLogon);
    assert!(!mailbeat_shared::wizard::walk_from(&mut draft, &mut person, &questions, first));
    assert_eq!(person.heard()[0], "User name:");
}
