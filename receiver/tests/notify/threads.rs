//! Mails of one ticket hang together, and the same mail is the same to the byte.

use super::*;

#[test]
fn the_mails_of_a_ticket_are_one_thread_and_the_same_mail_sent_again_is_the_same_to_the_byte() {
    let first = view(&[full()]);
    let one = letter(&first);
    assert_eq!(one, letter(&first), "a resend after a crash must not be a second mail");
    assert!(parsed(&one).header("References").is_none() && parsed(&one).header("In-Reply-To").is_none());

    let mut earlier = Vec::new();
    for count in 1..=60 {
        let mut events = vec![full()];
        events.extend((1..count).map(|minute| event(minute, What::Resolved, "fine")));
        let mut view = view(&events);
        view.earlier = earlier.clone();
        let letter = letter(&view);
        let mail = parsed(&letter);
        if count > 1 {
            assert_eq!(mail.in_reply_to().as_text(), earlier.last().map(String::as_str));
            let references = mail.references().as_text_list().unwrap();
            assert_eq!(references[0], one.message_id, "a thread hangs on its first mail");
            assert_eq!(references.len(), (count as usize - 1).min(21));
        }
        let header = String::from_utf8_lossy(&letter.bytes).split("\r\n\r\n").next().unwrap().to_owned();
        assert!(header.lines().all(|line| line.len() <= 998), "a header line is longer than SMTP takes");
        assert_eq!(mail.message_id(), Some(letter.message_id.as_str()));
        earlier.push(letter.message_id.clone());
    }
}

#[test]
fn another_contact_and_another_event_have_message_ids_of_their_own() {
    let base = view(&[full()]);
    let mut other = base.clone();
    other.id.contact = 4;
    let later = view(&[full(), event(5, What::Resolved, "fine")]);
    let ids = [&base, &other, &later].map(|view| letter(view).message_id);
    assert!(ids[0] != ids[1] && ids[0] != ids[2] && ids[1] != ids[2], "{ids:?}");
    assert!(ids.iter().all(|id| id.ends_with("@vendor.example")), "{ids:?}");
}
