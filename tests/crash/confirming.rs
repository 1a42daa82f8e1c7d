//! A test report and the vendor's answer to it, with a program killed at every point that either passes on its way.
//!
//! Nothing else is sent meanwhile, so the program dies over that report or that answer and over nothing else.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, ensure};
use mailbeat_tests::programs::Build;

use crate::ends::{check, names};
use crate::story::{Story, Who, crashing, is_killed};

/// The customer's person, who is answered.
pub(crate) const CONTACT: &str = "customer@example.test";
/// What is asked for, and nothing else, is sent.
const NEVER: (u32, u32) = (86_400, 604_800);

/// A host that has said all it had to, and a customer's contact.
pub(crate) fn begun() -> anyhow::Result<Story> {
    let mut story = Story::new(Build::CrashPoints)?;
    let contract = story.vendor.issue("ACME", NEVER.0, NEVER.1)?;
    story.host.activate(&story.vendor, &contract)?;
    // Its slot may be a minute away.
    for kind in ["system", "heartbeat"] {
        story.host.agent.run(&["send", kind])?;
    }
    story.start_both()?;
    story.until_number("a baseline and a heartbeat", "SELECT count(DISTINCT kind) = 3 FROM reports")?;
    story.until_quiet()?;
    let contact = format!("Carla Kundin <{CONTACT}>");
    story.vendor.receiver.run(&["contacts", "add", &contact, "--customer", "ACME"])?;
    Ok(story)
}

/// What is on the way arrives, and everybody ends. Every one of `tests` test reports was recorded once and answered once, and each
/// answer proves its own report on the host.
fn ends_with(mut story: Story, tests: usize) -> anyhow::Result<()> {
    story.until_number(
        "every answer to be sent",
        &format!("SELECT count(*) = {tests} FROM mailings WHERE state = 'sent'"),
    )?;
    story.settle()?;
    ensure!(check(&story)? == 0, "a good mail was taken for poison after one death");
    let trail = story.host.agent.json(&["trail", "list", "--last", "1000"])?;
    let made = trail.as_array().context("a list")?.iter().filter(|line| line["kind"] == "test").count();
    let recorded = story.books.number("SELECT count(*) FROM reports WHERE kind = 'test'")?;
    let rows = story.books.number("SELECT count(*) FROM mailings")?;
    let tests_i64 = i64::try_from(tests)?;
    ensure!(
        (made, recorded, rows) == (tests, tests_i64, tests_i64),
        "{made} test reports made, {recorded} recorded, {rows} to be answered, where {tests} were asked for"
    );
    let dir = story.path(&format!("people/{CONTACT}/new"));
    let mut proven = BTreeMap::new();
    for name in names(&dir)? {
        let mail = fs::read_to_string(dir.join(&name))?;
        let (_, rest) = mail.split_once("--confirm ").context("the answer carries a code")?;
        let code = rest.split_whitespace().next().context("a code")?;
        let confirmed = story.host.agent.run(&["test", "--confirm", code])?;
        let (_, rest) = confirmed.split_once("the vendor received #").context(confirmed.clone())?;
        let sequence = rest.split(' ').next().unwrap_or_default().to_owned();
        *proven.entry(sequence).or_insert(0) += 1;
    }
    ensure!(
        proven.len() == tests && proven.values().all(|count| *count == 1),
        "answers by report, where {tests} were asked for: {proven:?}"
    );
    Ok(())
}

#[test]
fn an_agent_killed_over_a_test_report_sends_it_once_or_not_at_all_and_the_next_one_is_answered_too() {
    tell_all(&["A1", "A2", "A3"], |point| {
        let mut story = begun()?;
        story.stop(Who::Agent);
        is_killed(crashing(&story.host.agent, point).output(&["test"])?.status)?;
        story.start(Who::Agent, None)?;
        // Whoever saw the program die asks again.
        story.host.agent.run(&["test"])?;
        // Before A1 there is no report yet; from then on it is owed an answer.
        ends_with(story, if point == "A1.before" { 1 } else { 2 })
    });
}

#[test]
fn a_receiver_killed_over_a_test_report_or_its_answer_answers_it_once() {
    tell_all(&["R1", "R2", "R3", "R5"], |point| {
        let mut story = begun()?;
        story.stop(Who::Receiver);
        story.host.agent.run(&["test"])?;
        story.die(Who::Receiver, point)?;
        story.start(Who::Receiver, None)?;
        ends_with(story, 1)
    });
}

/// Both sides of each step, two stories at a time.
fn tell_all(steps: &[&str], tell: impl Fn(&str) -> anyhow::Result<()> + Sync) {
    let points: Vec<String> =
        steps.iter().flat_map(|step| ["before", "after"].map(|side| format!("{step}.{side}"))).collect();
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let (tell, points) = (&tell, &points);
        let halves = [0, 1].map(|first| {
            scope.spawn(move || {
                let mine = points.iter().skip(first).step_by(2);
                let told = mine.filter_map(|point| Some(format!("{point}: {:#}", tell(point).err()?)));
                told.collect::<Vec<_>>()
            })
        });
        halves.into_iter().flat_map(|half| half.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
