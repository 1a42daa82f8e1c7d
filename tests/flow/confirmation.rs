//! The loop closed: a test report goes out, the vendor answers by mail, and the code in the answer proves it on the host.

use anyhow::Context as _;
use mailbeat_tests::office::{Office, RULES, Way};

/// The code in an answer.
fn code(mail: &str) -> anyhow::Result<String> {
    let (_, rest) = mail.split_once("--confirm ").context("the answer carries a code")?;
    Ok(rest.split_whitespace().next().context("a code")?.to_owned())
}

#[test]
fn the_vendors_answer_proves_that_a_test_report_arrived_and_was_believed() -> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let vendor = &office.vendor;
    let contract = vendor.issue("ACME Wasserwerke", 86_400, 604_800)?;
    let customer = ["--customer", "ACME Wasserwerke", "--locale", "de"];
    vendor
        .receiver
        .run(&[&["contacts", "add", "Carla Kundin <customer@example.test>"], &customer[..]].concat())?;
    let _receiver = vendor.start()?;
    let host = office.host("scada-01", &office.route("office", Way::Implicit, "agent1"))?;
    host.activate(vendor, &contract)?;
    assert_eq!(
        host.agent.output(&["test", "--confirm", "AAAA-AAAA"])?.status.code(),
        Some(1),
        "nothing was sent yet"
    );

    let told = host.agent.json(&["test"])?;
    let sequence = told["sequence"].as_u64().context("a test report was sent")?;
    let answer = office.await_mail("customer", &["Testbericht", "--confirm"])?;
    for words in ["Carla Kundin", "scada-01", "Urteil", "echt", "reports, INBOX", "office"] {
        assert!(answer.contains(words), "{words}: {answer}");
    }
    let code = code(&answer)?;
    let confirmed = host.agent.run(&["test", "--confirm", &code.to_lowercase().replace('-', " ")])?;
    assert!(confirmed.contains(&format!("the vendor received #{sequence} of")), "{confirmed}");

    let wrong = host.agent.output(&["test", "--confirm", "ABCD-EFGH"])?;
    let page = String::from_utf8(wrong.stdout)?;
    assert!(wrong.status.code() == Some(1) && page.contains("mistyped"), "{page}");
    let no_code = host.agent.output(&["test", "--confirm", "12"])?;
    let page = String::from_utf8(no_code.stdout)?;
    assert!(no_code.status.code() == Some(1) && page.contains("eight letters or digits"), "{page}");

    // Another customer's contact hears nothing, and neither do the vendor's own people.
    let answers = |user| anyhow::Ok(office.lab.mails(user, "INBOX")?.len());
    assert_eq!((answers("customer")?, answers("operator")?), (1, 0));
    Ok(())
}
