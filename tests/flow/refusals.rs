//! Mail servers that refuse: nothing is lost, nothing is counted twice, and what cannot be helped is said.

use std::collections::BTreeMap;

use mailbeat_tests::lab::Moment;
use mailbeat_tests::office::{Office, RULES, Way, clear_route};
use mailbeat_tests::programs::{PATIENCE, wait_for};
use serde_json::{Value, json};

/// Intervals so long that nothing is sent unless a story asks for it.
const NEVER: (u32, u32) = (86_400, 604_800);

/// How often each sequence was received and filed, by the hint in the header.
fn arrivals(office: &Office) -> anyhow::Result<BTreeMap<u64, usize>> {
    let mut counts = BTreeMap::new();
    for mail in office.lab.mails("reports", "Mailbeat/Processed")? {
        let text = String::from_utf8_lossy(&mail);
        let hint = text.lines().find_map(|line| line.strip_prefix("Mailbeat-Sequence: "));
        if let Some(sequence) = hint.and_then(|hint| hint.trim().parse().ok()) {
            *counts.entry(sequence).or_default() += 1;
        }
    }
    Ok(counts)
}

fn fate(line: &Value) -> &str {
    line["outcome"]["fate"].as_str().unwrap_or("queued")
}

#[test]
fn what_postfix_does_not_take_now_waits_in_the_queue_and_arrives_once() -> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let (lab, mx) = (&office.lab, office.lab.ports().mx);
    let contract = office.vendor.issue("ACME Wasserwerke", 1, 3600)?;
    let _receiver = office.vendor.start()?;
    let host = office.host("scada-01", &clear_route("office", mx))?;
    host.activate(&office.vendor, &contract)?;
    let agent = host.start()?;
    let mut sent = host.await_sent(1)?["sequence"].as_u64().unwrap();
    for (moment, words) in [
        (Moment::Recipient, "450 4.7.1 Greylisted, see you later"),
        (Moment::EndOfData, "451 4.3.0 Temporary local problem"),
        (Moment::Recipient, "421 4.3.2 Shutting down"),
    ] {
        lab.refuse(mx, moment, words);
        let refused = wait_for(&format!("{words} to be shown"), PATIENCE, || {
            let status = host.agent.json(&["status"])?;
            let shown =
                status["last_failure"]["what"].as_str().is_some_and(|what| what.contains(&words[..9]));
            Ok(Some(status).filter(|_| shown))
        })?;
        assert!(refused["queued"].as_u64() >= Some(1) && refused["oldest_queued"].is_string(), "{refused:#}");
        lab.accept(mx);
        sent = host.await_sent(sent + 1)?["sequence"].as_u64().unwrap();
    }
    assert!(agent.terminate()?.success());

    let trail = host.trail()?;
    let accepted: Vec<u64> = trail
        .iter()
        .filter(|line| fate(line) == "accepted")
        .filter_map(|line| line["sequence"].as_u64())
        .collect();
    assert!(trail.iter().all(|line| ["accepted", "superseded"].contains(&fate(line))), "{trail:#?}");
    wait_for("every accepted report to arrive, once", PATIENCE, || {
        let arrived = arrivals(&office)?;
        Ok(accepted.iter().eq(arrived.keys()).then_some(()))
    })?;
    assert!(arrivals(&office)?.values().all(|count| *count == 1), "{:?}", arrivals(&office)?);
    let tickets = office.vendor.tickets()?;
    assert!(tickets.iter().all(|ticket| ticket["rule"] != "reports-lost"), "{tickets:#?}");
    Ok(())
}

#[test]
fn what_is_refused_for_good_is_named_and_explained_and_holds_up_nothing() -> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let (lab, mx) = (&office.lab, office.lab.ports().mx);
    let contract = office.vendor.issue("ACME Wasserwerke", NEVER.0, NEVER.1)?;
    let _receiver = office.vendor.start()?;
    let host = office.host("scada-01", &clear_route("office", mx))?;
    host.activate(&office.vendor, &contract)?;

    let mut lost = vec![];
    for (kind, moment, code, words) in [
        ("system", Moment::Recipient, "550 5.1.1", "No such user here"),
        ("heartbeat", Moment::EndOfData, "552 5.3.4", "Message too big for this mailbox"),
    ] {
        lab.refuse(mx, moment, &format!("{code} {words}"));
        assert!(!host.send(kind)?);
        let newest = host.newest()?;
        assert_eq!(newest["about"]["outcome"]["fate"], "lost", "{newest:#}");
        let reply = newest["about"]["outcome"]["reply"].as_str().unwrap();
        assert!(reply.starts_with(code) && reply.ends_with(words), "{newest:#}");
        let status = host.agent.json(&["status"])?;
        assert_eq!((&status["queued"], &status["last_failure"]["route"]), (&json!(0), &json!("office")));
        assert!(host.last_failure()?.ends_with(reply), "{status:#}");
        lost.push(newest["about"]["sequence"].as_u64().unwrap());
        lab.accept(mx);
        assert!(host.send("heartbeat")?, "the next one is not held up");
        assert_eq!(host.last_failure()?, "");
    }
    let ranges: Vec<Value> = lost.iter().map(|lost| json!([lost, lost])).collect();
    assert_eq!(host.newest()?["report"]["lost"], json!(ranges));
    assert!(host.send("system")?);
    let newest = host.newest()?;
    assert_eq!(
        newest["report"]["system_report"]["baseline"],
        Value::Null,
        "full after a lost one: {newest:#}"
    );

    // A report that Postfix accepts and nobody ever receives is the only one missed.
    lab.refuse(mx, Moment::Recipient, "DISCARD silently lost");
    assert!(host.send("heartbeat")?);
    lab.accept(mx);
    let ticket = wait_for("a ticket of reports-lost", PATIENCE, || {
        host.send("heartbeat")?;
        Ok(office.vendor.tickets()?.into_iter().find(|ticket| ticket["rule"] == "reports-lost"))
    })?;
    assert!(ticket["title"].as_str().unwrap().contains("1 report was sent"), "{ticket:#}");
    Ok(())
}

#[test]
fn the_second_route_takes_over_when_the_first_refuses() -> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let (lab, submission) = (&office.lab, office.lab.ports().submission);
    let contract = office.vendor.issue("ACME Wasserwerke", NEVER.0, NEVER.1)?;
    let routes =
        office.route("office", Way::Starttls, "agent1") + &office.route("backup", Way::Clear, "agent1");
    let host = office.host("scada-01", &routes)?;
    host.activate(&office.vendor, &contract)?;
    for (words, route) in [
        (None, "office"),
        (Some("550 5.7.1 Not from you"), "backup"),
        (Some("450 4.7.1 Greylisted"), "backup"),
        (None, "office"),
    ] {
        match words {
            Some(words) => lab.refuse(submission, Moment::Recipient, words),
            None => lab.accept(submission),
        }
        assert!(host.send("heartbeat")?, "{words:?}");
        assert_eq!(host.newest()?["about"]["outcome"]["route"], route, "{words:?}");
    }
    let trail = host.trail()?;
    assert_eq!(
        lab.wait_for_mails("reports", "INBOX", trail.len())?.len(),
        trail.len(),
        "each went one way only"
    );
    Ok(())
}

#[test]
fn a_line_that_breaks_after_data_sends_the_same_report_twice_and_it_counts_once() -> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let contract = office.vendor.issue("ACME Wasserwerke", NEVER.0, NEVER.1)?;
    let host = office.host("scada-01", &clear_route("office", office.lab.ports().mx))?;
    host.activate(&office.vendor, &contract)?;
    let cutter = office.lab.line_cutter(1)?;
    let host = office.host("scada-01", &clear_route("office", cutter.port()))?;
    assert!(!host.send("system")?, "nobody knows what became of it");
    let broken = host.newest()?["about"]["sequence"].as_u64().unwrap();
    assert_eq!(fate(&host.newest()?["about"]), "queued");
    assert!(host.last_failure()?.contains("connection closed"), "{}", host.last_failure()?);
    assert!(host.send("heartbeat")?);
    assert!(host.trail()?.iter().all(|line| fate(line) == "accepted"));

    let _receiver = office.vendor.start()?;
    wait_for("all mails to be recorded", PATIENCE, || {
        let processed = office.lab.mails("reports", "Mailbeat/Processed")?.len();
        Ok((processed == host.trail()?.len() + 1).then_some(()))
    })?;
    assert_eq!(arrivals(&office)?[&broken], 2);
    assert_eq!(office.vendor.receiver.json(&["quarantine", "list"])?, json!({ "total": 0, "mails": [] }));
    assert_eq!(office.vendor.tickets()?, Vec::<Value>::new());
    Ok(())
}

#[test]
fn a_server_that_takes_small_mail_only_gets_a_report_that_fits_and_names_what_is_missing()
-> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let contract = office.vendor.issue("ACME Wasserwerke", NEVER.0, NEVER.1)?;
    let _receiver = office.vendor.start()?;
    let host = office.host("scada-01", &clear_route("office", office.lab.ports().small_size))?;
    let big: String = (0..3_000_u64)
        .map(|n| format!("point {n} = {:x}\n", n.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
        .collect();
    host.write("points.conf", &big)?;
    host.activate(&office.vendor, &contract)?;
    let report = &host.newest()?["report"]["system_report"];
    assert!(report["truncated"].to_string().contains("points.conf"), "{report:#}");
    assert_eq!(report["files"].as_array().map(Vec::len), Some(2), "the manifest names it all the same");
    office.vendor.await_system("scada-01", "alive")?;
    assert!(host.trail()?.iter().all(|line| fate(line) == "accepted"));
    wait_for("the vendor to be shown what did not fit", PATIENCE, || {
        let shown = office.vendor.receiver.json(&["systems", "show", "scada-01"])?;
        Ok(shown["inventory"]["truncated"].to_string().contains("points.conf").then_some(()))
    })?;
    Ok(())
}
