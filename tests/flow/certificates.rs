//! Certificates: what is wrong with one is said where people look, and a pin believes exactly one.

use anyhow::Context as _;
use mailbeat_tests::lab::Certificate;
use mailbeat_tests::office::{Office, RULES, Way, mailbox, outgoing, route};
use mailbeat_tests::world::Host;

#[test]
fn the_agent_names_what_is_wrong_with_a_certificate_and_believes_a_ca_or_a_pin() -> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let lab = &office.lab;
    let contract = office.vendor.issue("ACME Wasserwerke", 86_400, 604_800)?;
    office
        .host("scada-01", &office.route("office", Way::Starttls, "agent1"))?
        .activate(&office.vendor, &contract)?;

    let ca = format!("tls_ca = {:?}\n", lab.ca());
    let pin = |certificate| anyhow::Ok(format!("tls_pin = {:?}\n", lab.pin(certificate)?));
    for (certificate, trust, problem) in [
        (Certificate::WrongName, ca.clone(), "certificate for another name"),
        (Certificate::Expired, ca.clone(), "certificate not valid now"),
        (Certificate::SelfSigned, ca.clone(), "certificate from an unknown issuer"),
        (Certificate::Good, String::new(), "certificate from an unknown issuer"),
        (Certificate::SelfSigned, pin(Certificate::Good)?, "certificate is not the pinned one"),
        (Certificate::Good, ca, ""),
        (Certificate::SelfSigned, pin(Certificate::SelfSigned)?, ""),
        (Certificate::Expired, pin(Certificate::Expired)?, ""),
    ] {
        for way in [Way::Starttls, Way::Implicit] {
            let routes = route(lab, "office", way, certificate, "agent1") + &trust;
            let host = Host::new(&office.dir().join("scada-01"), "scada-01", &routes)?;
            assert_eq!(host.send("heartbeat")?, problem.is_empty(), "{certificate:?} {way:?} {trust}");
            let said = host.last_failure()?;
            assert!(
                said.contains(problem) && said.is_empty() == problem.is_empty(),
                "{certificate:?} {way:?}: {said}"
            );
            let status = host.agent.run(&["status"])?;
            assert!(status.contains(problem), "people are told too: {status}");
        }
    }
    Ok(())
}

#[test]
fn the_receiver_names_an_expired_certificate_and_reads_behind_it_once_it_is_pinned() -> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let (lab, vendor) = (&office.lab, &office.vendor);
    let at_expired = |trust: &str| {
        let table = mailbox(lab, &format!("{trust}\npoll_interval_s = 1\n"));
        table.replace("127.0.0.1", Certificate::Expired.address()) + "\n" + &outgoing(lab)
    };
    let ca = format!("tls_ca = {:?}", lab.ca());
    let pin = |certificate| anyhow::Ok(format!("tls_pin = {:?}", lab.pin(certificate)?));
    for (trust, problem) in [
        (ca, Some("certificate not valid now")),
        (pin(Certificate::Good)?, Some("certificate is not the pinned one")),
        (pin(Certificate::Expired)?, None),
    ] {
        vendor.reconfigure(&at_expired(&trust))?;
        let output = vendor.receiver.output(&["test", "--json"])?;
        let steps: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let failed =
            steps["steps"].as_array().context("steps")?.iter().find(|step| step["result"] == "failed");
        assert_eq!(output.status.success(), problem.is_none(), "{steps:#}");
        if let Some(problem) = problem {
            let failed = failed.context("a step failed")?;
            assert!(failed["seen"].as_str().is_some_and(|seen| seen.contains(problem)), "{failed:#}");
            assert!(failed["fix"].as_str().is_some_and(|fix| !fix.is_empty()), "{failed:#}");
        }
    }
    let contract = vendor.issue("ACME Wasserwerke", 86_400, 604_800)?;
    let _receiver = vendor.start()?;
    let host = office.host("scada-01", &office.route("office", Way::Implicit, "agent1"))?;
    host.activate(vendor, &contract)?;
    vendor.await_system("scada-01", "alive")?;
    Ok(())
}
