//! The vendor's wizard on a receiver that is set up already, and with an account that a person signs in to on the way.

use std::fs;

use anyhow::Context as _;
use mailbeat_tests::lab::Lab;
use mailbeat_tests::office::await_mail;

use super::{CUSTOMER, Town, utf8};

#[test]
fn a_vendor_asked_again_is_proposed_what_is_there_and_nothing_changes() -> anyhow::Result<()> {
    let town = Town::new()?;
    let receiver = town
        .receiver()?
        .with_env("MAILBEAT_SETUP_PASSWORD", "reports-pw")
        .with_env("MAILBEAT_SETUP_OUTGOING_PASSWORD", "reports-pw");
    receiver.run(&["setup", "--answers", utf8(&town.answers()?)?])?;
    // An operator's own line and comment.
    let written = fs::read_to_string(town.config())?.replace("#grace_days = 14", "grace_days = 30  # ours");
    fs::write(town.config(), &written)?;
    let contacts = receiver.json(&["contacts", "list"])?;
    let screen = town.setup("again", "")?;
    screen.answer("Language / Sprache", "")?;
    screen.answer("? The name of your company: (Pumpen GmbH)", "")?;
    for question in [
        "? Name and mail address:",
        "? Mail address that reports are sent to:",
        "? How is it read?",
        "? Mail server:",
        "? Is that right?",
        "? Password:",
        "? Send by the same account, like this? (n)",
        "? How do notifications leave?",
        "? Sender of the notifications:",
        "? Mail server:",
        "? Is that right?",
        "? Password:",
    ] {
        screen.answer(question, "")?;
    }
    let people = screen.await_words("? Who is told?")?;
    assert!(people.contains("  manager@example.test"), "{people}");
    screen.press("Enter")?;
    screen.await_words("Nothing changes in")?;
    screen.answer("? Write this?", "")?;
    screen.answer("? Also send a test mail", "n")?;
    screen.await_words(&format!("({CUSTOMER})"))?;
    screen.answer("? Issue a contract for a customer now? (n)", "")?;
    screen.answer("? Wait here for the first report? (n)", "")?;
    screen.await_words("ended with 0")?;
    assert_eq!(fs::read_to_string(town.config())?, written);
    assert_eq!(receiver.json(&["contacts", "list"])?, contacts);
    Ok(())
}

#[test]
fn a_mailbox_by_oauth_is_signed_in_to_on_the_way() -> anyhow::Result<()> {
    let town = Town::around(Lab::builder().users(&["operator"]).oauth(3_600).start()?)?;
    let (lab, ports) = (&town.lab, town.lab.ports());
    let screen = town.setup("oauth-vendor", "")?;
    town.to_the_mailbox(&screen)?;
    screen.choose("? How is it read?", 1)?;
    screen.choose("? Whose account is it?", 2)?;
    screen.answer("? The OAuth server's address (issuer):", &lab.issuer())?;
    screen.answer("? Scopes:", "mail")?;
    screen.choose("? Who agrees that the account is used?", 3)?;
    screen.answer("? The application's id (client id):", "mailbeat")?;
    screen.answer("? Mail server:", &format!("127.0.0.1:{}", ports.imaps))?;
    screen.answer("? Is that right?", "n")?;
    screen.answer("? How is the connection made private?", "")?;
    screen.answer("? Port:", "")?;
    screen.answer("? User name:", "")?;
    town.trust(&screen)?;
    screen.answer("? Folders to read:", "")?;
    screen.answer("? Send by the same account, like this?", "n")?;
    screen.answer("? How do notifications leave?", "")?;
    screen.answer("? Sender of the notifications:", "")?;
    screen.answer("? Mail server:", &format!("127.0.0.1:{}", ports.submissions))?;
    screen.answer("? Is that right?", "n")?;
    screen.choose("? How is the connection made private?", 1)?;
    screen.answer("? Port:", "")?;
    screen.answer("? How is the server's certificate believed?", "")?;
    screen.answer("? CA file:", "")?;
    screen.answer("? Who is told?", "")?;
    screen.answer("? Write this?", "")?;
    let shown = screen.await_words("user_code=")?;
    let address = shown.split_whitespace().find(|word| word.contains("user_code=")).context("an address")?;
    lab.browser().open(address, "reports")?;
    screen.answer("Also send a test mail to operator@example.test?", "")?;
    screen.await_words("Issue a contract for a customer now?")?;
    await_mail(lab, "operator", &["Test of outgoing mail"])?;
    Ok(())
}
