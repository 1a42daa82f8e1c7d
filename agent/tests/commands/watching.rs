//! What is told of watched files and of packages when they change, and when they only seem to.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::site::{Site, texts};

#[test]
fn a_file_that_changes_every_time_is_muted_by_name_and_who_may_read_it_is_told_all_the_same() {
    let site = Site::new();
    let file = site.path("watched/app.conf");
    site.configure("watch.mute_after = 2\nwatch.unmute_after = 1");
    site.activate();
    let write = |text: &str, mode: u32| {
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        site.works(&["send", "system"]);
        site.works(&["trail", "show", &site.json(&["status", "--json"])["sequence"].to_string()])
    };
    assert!(write("counter = 1\n", 0o644).contains("+counter = 1"));
    let second = write("counter = 2\n", 0o644);
    assert!(
        second.contains("Muted, because the content changes in every report") && !second.contains("counter"),
        "{second}"
    );
    assert!(second.contains("nothing changed"), "{second}");
    let status = site.works(&["status"]);
    let muted = format!("{} changes in every report", file.display());
    assert!(status.contains("Muted:") && status.contains(&muted), "{status}");
    assert_eq!(site.json(&["status", "--json"])["muted"], serde_json::json!([file]));
    let third = write("counter = 3\n", 0o666);
    assert!(
        third.contains("1 change") && third.contains("mode 0644 -> 0666") && !third.contains("counter"),
        "{third}"
    );
    let quiet = write("counter = 3\n", 0o666);
    assert!(quiet.contains("counter = 3") && !site.works(&["status"]).contains("Muted"), "{quiet}");
    assert!(site.works(&["trail", "verify"]).contains("the chain is whole"));
}

#[test]
fn a_date_of_writing_is_no_change_and_a_rule_says_how_each_file_is_told() {
    let site = Site::new();
    let rules = "[[watch.rule]]\nfiles = ['**/digest.conf']\nmode = 'digest'\n\
        [[watch.rule]]\nfiles = ['**/app.conf']\nmode = 'full'\nvolatile = ['^session (\\S+)']\n";
    let with_rules = fs::read_to_string(site.path("agent.toml")).unwrap() + rules;
    fs::write(site.path("agent.toml"), with_rules).unwrap();
    let write = |name: &str, text: &str| fs::write(site.path("watched").join(name), text).unwrap();
    write("app.conf", "# Generated on Sat Nov 28 03:02:02 2026\nsession 17a\nfirst\nlimit = 1\n");
    write("digest.conf", "password = hunter2secret\nshape = round\n");
    site.activate();
    write("app.conf", "# Generated on Sun Nov 29 13:02:02 2026\nsession 4\nfirst\nlimit = 1\n");
    let text = site.works(&["preview", "system"]);
    assert!(text.contains("nothing changed"), "{text}");
    write("app.conf", "# Generated on Sun Nov 29 13:02:02 2026\nsession 4\nfirst\nlimit = 2\n");
    write("digest.conf", "password = other2secret\nshape = square\n");
    let text = site.works(&["preview", "system"]);
    assert!(
        text.contains("2 changes")
            && text.contains(
                "app.conf (whole text):\n # Generated on <volatile>\n session <volatile>\n first\n limit = 2\n"
            ),
        "{text}"
    );
    assert!(text.contains("digest.conf (content withheld)") && !text.contains("square"), "{text}");
    let report = site.works(&["preview", "system", "--json"]);
    assert!(!report.contains("square") && !report.contains("other2secret"), "{report}");
}

/// The package list of this very host; there is one wherever these tests run on Debian or Ubuntu.
#[test]
fn packages_are_told_whole_once_then_only_what_became_of_them_and_each_part_can_be_switched_off() {
    let site = Site::new();
    site.activate();
    let of = |kind: &str, sequence: u32| -> Value {
        let path = site.path(&format!("state/trail/{sequence:010}/report.json"));
        serde_json::from_slice::<Value>(&fs::read(path).unwrap()).unwrap()[kind].take()
    };
    let first = of("system_report", 2);
    if !Path::new("/var/lib/dpkg/status").exists() {
        assert!(first["inventory"]["packages"].is_string() || first["packages"].is_object(), "{first}");
        return;
    }
    let queried =
        Command::new("dpkg-query").args(["-W", "-f", "${db:Status-Status} ${Package}\n"]).output().unwrap();
    let installed = texts(&queried).0.lines().filter(|line| line.starts_with("installed ")).count();
    assert_eq!(first["package_list"].as_object().unwrap().len(), installed);
    assert_eq!(first["packages"]["count"], installed);
    assert!(
        first["inventory"]["host.virtualization"].is_string() && first["inventory"]["os.name"].is_string()
    );
    assert!(first["updates"].is_object() || first["inventory"]["updates"].is_string(), "{first}");
    site.works(&["send", "system"]);
    let second = of("system_report", 3);
    assert!(second["package_list"].is_null() && second["packages"]["added"].is_null(), "{second}");

    let off = ["os", "kernel", "virtualization", "hardware", "packages", "updates", "reboot"];
    site.configure(&off.map(|part| format!("collect.{part} = false\n")).concat());
    let report = site.json(&["preview", "system", "--json"]);
    let keys: Vec<&String> = report["system_report"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["baseline", "changes", "files", "inventory", "truncated"]);
    assert_eq!(report["system_report"]["inventory"], serde_json::json!({}));
}
