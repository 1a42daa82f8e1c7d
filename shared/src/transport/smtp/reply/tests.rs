//! What replies mean, told by their codes and words.

use super::*;

fn kind(text: &str, stage: Stage) -> FailureKind {
    Reply::parse(text).unwrap().failure(stage).kind
}

#[test]
fn a_reply_of_several_lines_is_one_text_with_its_status_once() {
    let reply =
        Reply::parse("550-5.7.25 The address has no\r\n550-5.7.25 PTR record\r\n550 5.7.25 sorry\r\n")
            .unwrap();
    assert_eq!(reply.shown(), "550 5.7.25 The address has no PTR record sorry");
}

#[test]
fn half_a_reply_two_replies_and_mixed_codes_are_none() {
    for text in [
        "",
        "250-one\r\n",
        "250 a\r\n250 b\r\n",
        "250-a\r\n550 b\r\n",
        "hello\r\n",
        "999 x\r\n",
        "ä50 x\r\n",
        "25",
    ] {
        assert_eq!(Reply::parse(text), None, "{text:?}");
    }
}

#[test]
fn codes_tell_a_bad_password_a_full_queue_a_bad_address_and_a_large_mail_apart() {
    use FailureKind::{Authentication, Permanent, ProtocolUnclear, Temporary, TooLarge};
    assert_eq!(kind("535 5.7.8 no\r\n", Stage::Authentication), Authentication);
    assert_eq!(kind("550 5.7.1 account disabled\r\n", Stage::Authentication), Authentication);
    assert_eq!(kind("454 4.7.0 later\r\n", Stage::Authentication), Temporary);
    assert_eq!(
        kind("530 5.7.0 Must issue a STARTTLS command first\r\n", Stage::Message),
        FailureKind::Tls(TlsProblem::Required)
    );
    assert_eq!(kind("530 5.7.57 Client was not authenticated\r\n", Stage::Message), Authentication);
    assert_eq!(kind("452 4.3.1 disk full\r\n", Stage::Message), Temporary);
    assert_eq!(kind("550 5.1.1 who?\r\n", Stage::Message), Permanent);
    assert_eq!(kind("552 5.3.4 too big\r\n", Stage::Message), TooLarge);
    assert_eq!(kind("552 too big\r\n", Stage::Message), TooLarge);
    for full in ["552 5.2.2 mailbox full\r\n", "554 5.2.2 mailbox full\r\n", "552 Quota exceeded\r\n"] {
        assert_eq!(kind(full, Stage::Message), FailureKind::MailboxFull);
        let reply = Reply::parse(full).unwrap();
        assert!(matches!(reply.outcome(Stage::Message), Outcome::Deferred(_)), "the sender keeps it: {full}");
    }
    assert_eq!(kind("503 5.5.1 bad sequence\r\n", Stage::Message), ProtocolUnclear);
}

#[test]
fn limits_that_pass_are_waited_for_and_a_sign_in_switched_off_says_nothing_of_the_mail() {
    use FailureKind::{Authentication, Temporary, Throttled};
    assert_eq!(
        kind("432 4.3.2 Concurrent connections limit exceeded\r\n", Stage::Message),
        Throttled { seconds: 60 }
    );
    assert_eq!(
        kind("550 5.2.122 The recipient has exceeded their limit\r\n", Stage::Message),
        Throttled { seconds: 600 }
    );
    assert_eq!(
        kind("550 5.2.121 Recipient per-sender limit\r\n", Stage::Message),
        Throttled { seconds: 600 }
    );
    let asked = "421 4.3.2 Busy. Suggested Backoff Time: 201317 milliseconds\r\n";
    assert_eq!(kind(asked, Stage::Opening), Throttled { seconds: 202 });
    assert_eq!(kind("421 4.3.2 shutting down\r\n", Stage::Message), Temporary);
    for said in [
        "550 5.7.30 Basic authentication is not supported\r\n",
        "550 5.7.139 SmtpClientAuthentication is disabled\r\n",
    ] {
        let reply = Reply::parse(said).unwrap();
        assert_eq!(reply.failure(Stage::Message).kind, Authentication);
        assert!(matches!(reply.outcome(Stage::Message), Outcome::Deferred(_)), "{said}");
    }
    assert_eq!(kind("550 5.7.60 SendAsDenied\r\n", Stage::Message), FailureKind::Permanent);
}

#[test]
fn what_a_server_offers_is_read_in_any_case_and_in_the_old_form_of_auth() {
    let reply = Reply::parse(
        "250-auth.example hi\r\n250-starttls\r\n250-SIZE 1000\r\n250-AUTH=LOGIN\r\n250 AUTH plain\r\n",
    );
    let found = Capabilities::read(&reply.unwrap());
    assert!(found.starttls && found.takes_size && !found.eight_bit);
    assert_eq!((found.size, found.auth), (Some(1000), vec!["LOGIN".to_owned(), "PLAIN".to_owned()]));
    let none = Reply::parse("250-x\r\n250 SIZE 0\r\n").unwrap();
    assert_eq!(Capabilities::read(&none).size, None, "SIZE 0 is no limit (RFC 1870 section 4)");
}

#[test]
fn what_is_said_of_the_recipient_is_told_apart_from_what_is_held_against_us() {
    let is_about_them = |text: &str, stage| Reply::parse(text).unwrap().failure(stage).recipient;
    for said in [
        "550 5.1.1 <relay@x>: user unknown\r\n",
        "550 no such user\r\n",
        "550 5.4.1 Recipient address rejected: Access denied\r\n",
        "450 4.1.2 Domain not found\r\n",
        "452 4.2.2 over quota\r\n",
    ] {
        assert!(is_about_them(said, Stage::Recipient), "{said}");
        assert!(!is_about_them(said, Stage::Message), "at MAIL it is the sender's: {said}");
    }
    for said in [
        "554 5.7.1 <eva@x>: Relay access denied\r\n",
        "550 relay not permitted\r\n",
        "553 5.7.1 <mb@x>: Sender address rejected: not owned by user\r\n",
        "550 5.1.8 <mb@x>: Sender address rejected: Domain not found\r\n",
        "550 5.1.0 <mb@x>: Sender address rejected: unknown\r\n",
        "550 Sender verify failed\r\n",
        "450 4.7.1 Greylisted\r\n",
        "451 try later\r\n",
        "421 4.2.1 shutting down\r\n",
        "530 5.7.0 authenticate first\r\n",
        "503 5.5.1 bad sequence\r\n",
    ] {
        assert!(!is_about_them(said, Stage::Recipient), "{said}");
    }
    assert!(is_about_them("550 5.1.10 RecipientNotFound\r\n", Stage::Content));
    assert!(!is_about_them("554 5.7.1 content refused\r\n", Stage::Content));
}

#[test]
fn what_exchange_says_of_the_senders_own_mailbox_is_not_held_against_the_recipient() {
    for (said, expected) in [
        ("554 5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException\r\n", "later"),
        (
            "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; daily limit\r\n",
            "later",
        ),
        (
            "554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied\r\n",
            "never",
        ),
    ] {
        let reply = Reply::parse(said).unwrap();
        let failure = reply.failure(Stage::Content);
        assert!(!failure.recipient, "{said}");
        match expected {
            "later" => assert_eq!(failure.kind, FailureKind::Throttled { seconds: 600 }, "{said}"),
            _ => assert_eq!(failure.kind, FailureKind::Permanent, "{said}"),
        }
    }
    let theirs =
        Reply::parse("554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceeded\r\n").unwrap();
    assert!(theirs.failure(Stage::Content).recipient);
    let worded = Reply::parse("552 mailbox is over quota\r\n").unwrap().failure(Stage::Content);
    assert!(worded.recipient && worded.kind == FailureKind::MailboxFull);
}

#[test]
fn a_full_mailbox_and_a_full_disk_of_the_server_pass_however_they_are_worded() {
    use FailureKind::{MailboxFull, Temporary, TooLarge};
    let storage = "552 Requested mail action aborted: exceeded storage allocation\r\n";
    for (said, stage, expected) in [
        (storage, Stage::Recipient, MailboxFull),
        (storage, Stage::Content, MailboxFull),
        ("552 sorry\r\n", Stage::Recipient, MailboxFull),
        ("552 5.3.1 Mail system full\r\n", Stage::Recipient, Temporary),
        ("552 5.3.1 Mail system full\r\n", Stage::Content, Temporary),
        ("554 5.3.1 Insufficient system storage\r\n", Stage::Message, Temporary),
    ] {
        assert_eq!(kind(said, stage), expected, "{said}");
        let outcome = Reply::parse(said).unwrap().outcome(stage);
        assert!(matches!(outcome, Outcome::Deferred(_)), "{outcome}");
    }
    // What the mail itself is too large for is refused at MAIL or after the content.
    assert_eq!(kind("552 sorry\r\n", Stage::Content), TooLarge);
    assert_eq!(kind("552 5.3.4 too big\r\n", Stage::Recipient), TooLarge);
}
