//! Killed before and after every numbered point, in every chapter in which the point is passed.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::Context as _;
use mailbeat_tests::programs::Build;

use crate::ends::{End, bring_home, check};
use crate::story::Chapter::{self, Acknowledge, Activate, Change, Clear, Cross, Enroll, Return, Silence};
use crate::story::{Crash, Story, Who};

/// The crash table of ARCHITECTURE.md: who passes the point, and in which chapters it dies there.
pub(crate) const TABLE: &[(&str, Who, &[Chapter])] = &[
    ("A0", Who::Agent, &[Activate]),
    ("A1", Who::Agent, &[Activate, Change, Cross, Clear, Return]),
    ("A2", Who::Agent, &[Activate, Change, Cross, Clear, Return]),
    ("A3", Who::Agent, &[Activate, Change, Cross, Clear, Return]),
    ("R1", Who::Receiver, &[Enroll, Change, Cross, Clear, Return]),
    ("R2", Who::Receiver, &[Enroll, Change, Cross, Clear, Return]),
    ("R3", Who::Receiver, &[Enroll, Change, Cross, Clear, Return]),
    ("R4", Who::Receiver, &[Silence]),
    ("R4.own", Who::Receiver, &[Silence]),
    ("R5", Who::Receiver, &[Cross, Clear, Silence]),
    ("R6", Who::Receiver, &[Acknowledge]),
];

/// Stories told at the same time: they mostly wait for the next second.
const AT_ONCE: usize = 10;

fn end(crash: Option<Crash<'_>>) -> anyhow::Result<End> {
    let mut story = Story::new(Build::CrashPoints)?;
    story.tell(crash)?;
    let poison = check(&story)?;
    anyhow::ensure!(poison == 0, "{poison} good mails were taken for poison after one death");
    End::of(&story)
}

#[test]
fn killed_before_or_after_any_point_the_story_ends_as_if_nothing_had_happened() {
    let points: Vec<(String, Who, &[Chapter])> = TABLE
        .iter()
        .flat_map(|(step, who, during)| {
            ["before", "after"].map(|side| (format!("{step}.{side}"), *who, *during))
        })
        .collect();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let undisturbed = end(None).context("undisturbed").unwrap();
    let tell = |(point, who, during): &(String, Who, &[Chapter])| -> anyhow::Result<()> {
        let disturbed = end(Some(Crash { who: *who, point, during }))?;
        anyhow::ensure!(
            disturbed == undisturbed,
            "it ended as\n{disturbed:#?}\nand undisturbed as\n{undisturbed:#?}"
        );
        Ok(())
    };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(error) = tell(case) {
                        wrong.lock().unwrap().push(format!("{}: {error:#}", case.0));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {} ended otherwise:\n{}", wrong.len(), points.len(), wrong.join("\n\n"));
}

#[test]
fn a_mail_over_which_the_receiver_dies_twice_is_set_aside_unread_and_stops_nobody() {
    let told = || -> anyhow::Result<()> {
        let mut story = Story::new(Build::CrashPoints)?;
        let contract = story.vendor.issue("ACME", 1, 3_600)?;
        story.host.activate(&story.vendor, &contract)?;
        story.die(Who::Receiver, "R2.before")?;
        story.die(Who::Receiver, "R2.before")?;
        story.start_both()?;
        story.until_number("the line to go on", "SELECT count(*) > 2 FROM reports")?;
        story.settle()?;
        anyhow::ensure!(check(&story)? == 1, "one mail, and only one, is set aside");
        let rules = story.books.column("SELECT rule FROM tickets")?;
        anyhow::ensure!(rules == ["quarantine-waiting"], "the receiver says so: {rules:?}");
        bring_home(&story)
    };
    told().unwrap();
}
