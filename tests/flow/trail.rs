//! What was said can be checked by anybody: by the agent's own trail, and by ssh-keygen on the mail that arrived.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use mailbeat_tests::office::{Office, RULES, Way, attachment};

/// `ssh-keygen -Y verify` as SECURITY.md and every mail say it.
fn verify(dir: &Path, system: &str, report: &[u8], signature: &[u8]) -> anyhow::Result<Output> {
    fs::write(dir.join("report.json"), report)?;
    fs::write(dir.join("report.json.sig"), signature)?;
    let args = [
        "-Y",
        "verify",
        "-f",
        "allowed_signers",
        "-I",
        system,
        "-n",
        "mailbeat-report",
        "-s",
        "report.json.sig",
    ];
    let input = Stdio::from(fs::File::open(dir.join("report.json"))?);
    Ok(Command::new("ssh-keygen").args(args).current_dir(dir).stdin(input).output()?)
}

#[test]
fn ssh_keygen_believes_every_report_that_arrived_and_no_other_bytes() -> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 86_400, 604_800)?;
    let host = office.host("scada-01", &office.route("office", Way::Starttls, "agent1"))?;
    host.activate(&office.vendor, &contract)?;
    for kind in ["heartbeat", "system", "test"] {
        assert!(host.send(kind)?, "{kind}");
    }
    let dir = office.dir().join("administrator");
    fs::create_dir(&dir)?;
    fs::write(dir.join("allowed_signers"), host.agent.run(&["identity", "show", "--allowed-signers"])?)?;
    let identity = host.agent.json(&["identity", "show"])?;
    let system = identity["system"].as_str().unwrap_or_default();

    let made = host.trail()?.len();
    for mail in office.lab.wait_for_mails("reports", "INBOX", made)? {
        let mail = String::from_utf8_lossy(&mail);
        let (report, signature) = (attachment(&mail, "report.json")?, attachment(&mail, "report.json.sig")?);
        let believed = verify(&dir, system, &report, &signature)?;
        let said = String::from_utf8_lossy(&believed.stdout);
        assert!(
            believed.status.success() && said.contains("Good \"mailbeat-report\" signature"),
            "{believed:?}"
        );
        let altered = String::from_utf8_lossy(&report).replacen("scada-01", "scada-02", 1);
        assert!(!verify(&dir, system, altered.as_bytes(), &signature)?.status.success());
        let other = "00000000-0000-4000-8000-000000000000";
        assert!(!verify(&dir, other, &report, &signature)?.status.success());
    }

    let verified = host.agent.json(&["trail", "verify"])?;
    assert_eq!((&verified["reports"], &verified["problems"]), (&made.into(), &serde_json::json!([])));
    let kept = host.dir.join("state/trail/0000000002/report.json");
    fs::write(&kept, fs::read_to_string(&kept)?.replacen("scada-01", "scada-02", 1))?;
    let output = host.agent.output(&["trail", "verify"])?;
    assert!(
        !output.status.success() && String::from_utf8_lossy(&output.stdout).contains("#2: "),
        "{output:?}"
    );
    Ok(())
}
