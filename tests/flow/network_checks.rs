//! From what a check of an agent sees to a mail to the person responsible, and back when it is mended.

use mailbeat_tests::office::{Office, RULES, Way};
use mailbeat_tests::programs::{PATIENCE, wait_for};
use mailbeat_tests::site::{Authority, Web};
use serde_json::Value;

/// The verdict of a web service counts more here than by default; certificates by the default rule.
const MORE: &str = "\n[[check_rule]]\nid = \"shop-window\"\ncheck = \"shop\"\ncritical = \"critical\"\n\n\
     [[threshold]]\nid = \"certificate-ends\"\ncheck = \"*\"\nmetric = \"days_left\"\n\
     below = { low = 30, medium = 21, high = 7, critical = 2 }\ntitle = \"{subject}: the certificate has {value} left\"\n";

#[test]
fn a_broken_service_and_a_certificate_near_its_end_become_tickets_and_resolve_when_they_are_mended()
-> anyhow::Result<()> {
    let office = Office::open(&format!("{RULES}{MORE}"))?;
    let vendor = &office.vendor;
    let contract = vendor.issue("ACME Wasserwerke", 1, 86_400)?;
    let _receiver = vendor.start()?;
    let web = Web::start()?;
    web.says("/health", 200, r#"{"status": "healthy"}"#);
    let authority = Authority::new(&office.dir().join("certs"))?;
    authority.issue("shop", 200)?;
    let checks = format!(
        "\n[[check]]\nname = \"shop\"\ntype = \"http\"\nurl = \"http://127.0.0.1:{}/health\"\ninterval_s = 1\ntimeout_s = 10\n\
         json = [{{ at = \"/status\", is = \"healthy\" }}]\n\n[[check]]\nname = \"shop certificate\"\ntype = \"certificate\"\n\
         files = [{:?}]\ninterval_s = 1\n",
        web.port(),
        office.dir().join("certs/shop.crt")
    );
    let host = office.host("shop-01", &(office.route("office", Way::Starttls, "agent1") + &checks))?;
    host.activate(vendor, &contract)?;
    let _agent = host.start()?;
    vendor.await_system("shop-01", "alive")?;
    let applies = wait_for("both checks to be reported", PATIENCE, || {
        let rows = vendor.receiver.json(&["rules", "show", "shop-01"]).unwrap_or_default();
        let rows = rows.as_array().cloned().unwrap_or_default();
        Ok((rows.iter().filter(|row| row["rule"] == "check").count() == 2).then_some(rows))
    })?;
    let shop = applies.iter().find(|row| row["subject"] == "shop").cloned().unwrap_or_default();
    assert!(
        shop["why"].as_str().is_some_and(|why| why.contains("critical: Critical by shop-window")),
        "{shop:#}"
    );
    assert_eq!(vendor.tickets()?, Vec::<Value>::new(), "a healthy day leads to none");

    web.says("/health", 500, r#"{"status": "down"}"#);
    let ticket = vendor.await_ticket("check", "shop-01", "open")?;
    assert_eq!((&ticket["subject"], &ticket["severity"]), (&"shop".into(), &"critical".into()));
    let mail = office.await_mail("operator", &["MB-1001", "Critical:"])?;
    assert!(mail.contains("500"), "{mail}");
    web.says("/health", 200, r#"{"status": "healthy"}"#);
    vendor.await_ticket("check", "shop-01", "resolved")?;
    office.await_mail("operator", &["MB-1001] Resolved:"])?;

    for (days, severity) in [(20, "medium"), (5, "high")] {
        authority.issue("shop", days)?;
        let wanted = |ticket: &Value| ticket["rule"] == "certificate-ends" && ticket["severity"] == severity;
        wait_for(&format!("a ticket of {severity}"), PATIENCE, || {
            Ok(vendor.tickets()?.into_iter().find(wanted))
        })?;
    }
    office.await_mail("operator", &["MB-1002", "High:", "certificate"])?;
    authority.issue("shop", 365)?;
    vendor.await_ticket("certificate-ends", "shop-01", "resolved")?;
    office.await_mail("operator", &["MB-1002] Resolved:"])?;
    Ok(())
}
