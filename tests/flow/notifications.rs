//! A notification on its way through a real mail server, and what that server writes back when it cannot deliver.

use jiff::{SignedDuration, Timestamp};
use mailbeat_receiver::evaluate::Severity;
use mailbeat_receiver::notify::bounce::{NotificationId, NotificationSecret, recognise};
use mailbeat_receiver::notify::mail::{OutgoingSettings, Sender};
use mailbeat_receiver::notify::{Contact, NotificationView, compose};
use mailbeat_receiver::ticket::{Ticket, TicketEvent, TicketNumber, What};
use mailbeat_shared::transport::outcome::Outcome;
use mailbeat_shared::wire::extract::{Extracted, Other, extract};
use mailbeat_tests::lab::Lab;

fn view(contact: i64, email: &str, from: &str) -> anyhow::Result<NotificationView> {
    let at: Timestamp = "2026-11-22T03:00:00Z".parse()?;
    let what =
        What::Opened { title: "filesystem /var is 96 % full".into(), severity: Severity::High, since: at };
    let event = TicketEvent { at, what, reason: "96 %: Größe 20 GiB".into(), by: "mailbeat".into() };
    let number = TicketNumber::FIRST;
    let ticket = Ticket::open(number, "filesystem-full".parse()?, "/var".into(), &event);
    Ok(NotificationView {
        id: NotificationId { ticket: number, event: 1, contact },
        about: None,
        ticket: ticket.ok_or_else(|| anyhow::anyhow!("an Opened event opens a ticket"))?,
        response_time: SignedDuration::from_hours(1),
        event,
        history: vec![],
        contact: Contact { name: "Eva Müller".into(), email: email.into(), locale: None },
        from: from.into(),
        earlier: vec!["mb-1001-0-1-0@example.test".into()],
    })
}

#[tokio::test]
async fn a_notification_arrives_and_the_bounce_of_another_one_names_it() -> anyhow::Result<()> {
    let lab = Lab::start()?;
    let (reports, oncall, full) = (lab.user("reports"), lab.user("oncall"), lab.user("full"));
    let settings = format!(
        "from = 'Mailbeat <{}>'\ntype = 'smtp'\nhost = '127.0.0.1'\nport = {}\ntls = 'implicit'\n\
         username = '{}'\npassword = '{}'\ntls_ca = '{}'",
        reports.address,
        lab.ports().submissions,
        reports.address,
        reports.password,
        lab.ca().display()
    );
    let settings: OutgoingSettings = toml::from_str(&settings)?;
    settings.check()?;
    let secret = NotificationSecret::from_random([1; 32]);

    let mut sender = Sender::new(&settings);
    let arrives = compose(&view(1, &oncall.address, &settings.from)?, &secret)?;
    let bounces = compose(&view(2, &full.address, &settings.from)?, &secret)?;
    for letter in [&arrives, &bounces] {
        let outcome = sender.send(letter).await;
        assert!(matches!(outcome, Outcome::Sent { .. }), "{outcome}");
    }
    sender.close().await;

    let mail = lab.wait_for_mails("oncall", "INBOX", 1)?.remove(0);
    let mail = String::from_utf8_lossy(&mail);
    assert!(mail.contains(&format!("Message-ID: <{}>", arrives.message_id)), "{mail}");

    let bounce = lab.wait_for_mails("reports", "INBOX", 1)?.remove(0);
    let Extracted::Other(Other::Bounce(bounce)) = extract(&bounce) else {
        anyhow::bail!("not taken for a bounce:\n{}", String::from_utf8_lossy(&bounce))
    };
    let ours = recognise(&bounce, &secret);
    assert_eq!(ours.as_ref().map(|ours| (ours.id.contact, ours.failed)), Some((2, true)), "{bounce:?}");
    Ok(())
}
