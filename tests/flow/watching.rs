//! What a host is, and what became of its files and packages, as people at the vendor see it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use mailbeat_tests::office::{Office, RULES, Way};
use mailbeat_tests::programs::{PATIENCE, wait_for};

#[test]
fn what_a_host_is_and_what_became_of_it_is_shown_at_the_vendor() -> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 3600, 86_400)?;
    let _receiver = office.vendor.start()?;
    let host = office.host("scada-01", &office.route("office", Way::Starttls, "agent1"))?;
    host.activate(&office.vendor, &contract)?;
    office.vendor.await_system("scada-01", "alive")?;
    let receiver = &office.vendor.receiver;
    let shown = wait_for("the system report", PATIENCE, || {
        let shown = receiver.json(&["systems", "show", "scada-01"])?;
        Ok(shown["inventory"].is_object().then_some(shown))
    })?;
    assert!(shown["inventory"]["facts"]["host.virtualization"].is_string(), "{shown:#}");
    assert!(shown["files_unknown_since"].is_null(), "{shown:#}");
    if Path::new("/var/lib/dpkg/status").exists() {
        let packages = receiver.json(&["systems", "packages", "scada-01"])?;
        let count = packages.as_object().map_or(0, serde_json::Map::len);
        assert_eq!(shown["inventory"]["packages"]["count"], count);
        assert!(packages["dpkg"].is_string(), "{packages:#}");
        let text = receiver.run(&["systems", "show", "scada-01"])?;
        assert!(text.contains(&format!("{count} packages are installed (dpkg)")), "{text}");
    }
    fs::set_permissions(host.dir.join("etc/app.conf"), fs::Permissions::from_mode(0o666))?;
    host.write("new.conf", "# Generated on Sat Nov 28 03:02:02 2026\nlimit = 1\n")?;
    host.agent.run(&["send", "system"])?;
    let told = wait_for("what changed", PATIENCE, || {
        let told = receiver.run(&["systems", "changes", "scada-01"])?;
        Ok(told.contains("new.conf").then_some(told))
    })?;
    assert!(told.contains("app.conf (mode 0644 -> 0666)"), "{told}");
    assert!(told.contains("# Generated on <volatile>\n    limit = 1"), "{told}");
    Ok(())
}
