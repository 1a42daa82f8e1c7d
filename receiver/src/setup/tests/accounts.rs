//! Mailboxes and outgoing mail of every kind.

use super::*;

#[test]
fn one_account_by_oauth_reads_and_sends_and_a_mailbox_of_microsofts_begins_with_it() {
    let pem = tempfile::NamedTempFile::new().unwrap();
    let pem = pem.path().to_str().unwrap();
    let mut script: Vec<_> = new().into_iter().filter(|(words, _)| *words != "Password").collect();
    script.retain(|(words, _)| *words != "reports are sent to");
    script.extend([
        ("reports are sent to", typed("reports@pumpen.onmicrosoft.com")),
        ("client id", typed("1234")),
        ("Certificate (PEM", typed("/nowhere.pem")),
        ("Certificate (PEM", typed(pem)),
        ("certificate's key", typed(pem)),
    ]);
    let mut draft = draft_of(SAMPLE);
    walked(&mut draft, &script);
    let text = configure(SAMPLE, &draft);
    let oauth = format!(
        "provider = \"microsoft\", tenant = \"pumpen.onmicrosoft.com\", grant = \"client_credentials\", client_id = \"1234\", certificate_file = {pem:?}, key_file = {pem:?}"
    );
    for line in [
        format!("oauth = {{ {oauth} }}"),
        format!("oauth = {{ {oauth}, account = \"reports\" }}"),
        "host = \"outlook.office365.com\"".into(),
        "host = \"smtp.office365.com\"".into(),
        "folders = [\"INBOX\", \"Junk Email\"]".into(),
    ] {
        assert!(text.contains(&line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("\npassword_file") && draft.to_sign_in().is_empty(), "{text}");
    // Made so, it is kept: the wizard knows too little of it to ask again.
    let again = draft_of(&text);
    assert_eq!((again.mailbox.reading, again.outgoing.sending), (Reading::Keep, Sending::Keep));
    assert_eq!(configure(&text, &again), text);
    // Another provider is found by its issuer, and a person signs in once for both.
    let mut draft = Draft { outgoing: draft.outgoing, ..draft_of(&text) };
    draft.mailbox.reading = Reading::OAuth;
    let other = [
        ("Whose", Do::Choose(2)),
        ("issuer", typed("http://id.pumpen.test")),
        ("issuer", typed("https://id.pumpen.test")),
        ("Scopes", typed("mail offline_access")),
        ("Who agrees", Do::Choose(3)),
        ("client id", typed("mailbeat")),
        ("Mail server", typed("imap.pumpen.test")),
    ];
    walked_over(&mut draft, &other, &ask::page_of(At::Mailbox).0);
    let text = configure(&text, &draft);
    let oauth = "provider = \"other\", issuer = \"https://id.pumpen.test\", scopes = [\"mail\", \"offline_access\"], grant = \"device_code\"";
    assert!(text.contains(oauth) && text.contains("host = \"imap.pumpen.test\""), "{text}");
    assert_eq!(draft.to_sign_in(), ["reports"]);
}

#[test]
fn a_maildir_has_no_account_to_share_and_what_is_configured_by_hand_stays() {
    let by_hand = "[contracts]\nvendor = 'Pumpen'\nreport_addresses = ['r@pumpen.test']\n\n[[mailbox]]\nname = 'local'\ntype = 'maildir'\npath = '/srv/mail'   # ours\n\n[outgoing]\ntype = 'maildir'\nfrom = 'Mailbeat <r@pumpen.test>'\npath = '/srv/out'\n";
    let draft = draft_of(by_hand);
    assert_eq!(configure(by_hand, &draft), by_hand);
    assert!(!draft.may_share_account());
    let mut draft = Draft { people: vec![Person::read("o@pumpen.test").unwrap()], ..draft };
    walked(
        &mut draft,
        &[
            ("Maildir:", typed("mail")),
            ("Maildir:", typed("/srv/other")),
            ("How do notifications", Do::Choose(0)),
            ("Mail server", typed("mail.pumpen.test")),
            ("Is that right", Do::Choose(0)),
            ("made private", Do::Choose(2)),
        ],
    );
    let text = configure(by_hand, &draft);
    assert!(text.contains("path = \"/srv/other\"   # ours"), "{text}");
    assert!(text.contains("type = \"smtp\"") && text.contains("tls = \"opportunistic\""), "{text}");
    assert!(!text.contains("/srv/out") && !text.contains("username"), "{text}");
}
