//! Mails that come back: whose they were, and whether they failed.

use mailbeat_receiver::notify::bounce::recognise;
use mailbeat_shared::wire::extract::{Extracted, Other, extract};

use super::*;

/// A delivery status notification as Postfix writes it about `returned`; `headers_only` as with `bounce_size_limit`.
fn postfix_bounce(returned: &[u8], action: &str, headers_only: bool) -> Vec<u8> {
    let returned = String::from_utf8_lossy(returned).into_owned();
    let (kind, returned) = match headers_only {
        true => ("text/rfc822-headers", returned.split("\r\n\r\n").next().unwrap().to_owned() + "\r\n"),
        false => ("message/rfc822", returned),
    };
    format!(
        "Return-Path: <>\r\nDate: Sun, 22 Nov 2026 03:01:00 +0000 (UTC)\r\n\
         From: MAILER-DAEMON@mx.vendor.example (Mail Delivery System)\r\n\
         Subject: Undelivered Mail Returned to Sender\r\nTo: mailbeat@vendor.example\r\n\
         Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"4C1F2.1795316460/mx.vendor.example\"\r\n\
         Message-Id: <20261122030100.4C1F3@mx.vendor.example>\r\n\r\n\
         This is a MIME-encapsulated message.\r\n\r\n\
         --4C1F2.1795316460/mx.vendor.example\r\nContent-Description: Notification\r\n\
         Content-Type: text/plain; charset=us-ascii\r\n\r\nThis is the mail system at host mx.vendor.example.\r\n\r\n\
         --4C1F2.1795316460/mx.vendor.example\r\nContent-Description: Delivery report\r\n\
         Content-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; mx.vendor.example\r\nX-Postfix-Queue-ID: 4C1F2\r\n\
         X-Postfix-Sender: rfc822; mailbeat@vendor.example\r\n\r\n\
         Final-Recipient: rfc822; eva@vendor.example\r\nAction: {action}\r\nStatus: 5.1.1\r\n\
         Remote-MTA: dns; mail.vendor.example\r\n\
         Diagnostic-Code: smtp; 550 5.1.1 <eva@vendor.example>: Recipient address rejected\r\n\r\n\
         --4C1F2.1795316460/mx.vendor.example\r\nContent-Description: Undelivered Message\r\n\
         Content-Type: {kind}\r\n\r\n{returned}\r\n\
         --4C1F2.1795316460/mx.vendor.example--\r\n"
    )
    .into_bytes()
}

#[test]
fn a_bounce_of_the_third_mail_of_a_thread_is_recognised_as_that_mails() {
    let first = letter(&view(&[full()]));
    let mut later = view(&[full(), event(5, What::Resolved, "fine")]);
    later.earlier = vec![first.message_id];
    for headers_only in [false, true] {
        let mail = postfix_bounce(&letter(&later).bytes, "failed", headers_only);
        let Extracted::Other(Other::Bounce(bounce)) = extract(&mail) else {
            panic!("not taken for a bounce: {:?}", extract(&mail))
        };
        let ours = recognise(&bounce, &secret()).unwrap();
        assert_eq!((ours.id, ours.failed), (later.id, true));
        assert!(ours.diagnostic.contains("550 5.1.1"), "{}", ours.diagnostic);
    }
}

#[test]
fn a_bounce_that_only_says_late_is_no_failure_and_a_forged_one_is_none_of_ours() {
    let letter = letter(&view(&[full()]));
    let recognised = |returned: &[u8], secret: &NotificationSecret| match extract(&postfix_bounce(
        returned, "delayed", false,
    )) {
        Extracted::Other(Other::Bounce(bounce)) => recognise(&bounce, secret),
        other => panic!("not taken for a bounce: {other:?}"),
    };
    assert!(!recognised(&letter.bytes, &secret()).unwrap().failed);
    let forged = String::from_utf8(letter.bytes.clone()).unwrap().replace("mb-1001-1-3-", "mb-1001-1-4-");
    assert_eq!(recognised(forged.as_bytes(), &secret()), None);
    assert_eq!(recognised(&letter.bytes, &NotificationSecret::from_random([9; 32])), None);
}
