//! Configurations and directories that cannot be used: what is said, and with which exit code.

use std::fs;
use std::path::Path;

use crate::site::{Site, texts};

#[test]
fn a_configuration_that_cannot_be_used_ends_with_two_and_names_the_line() {
    let site = Site::new();
    site.configure("heartbeat_intervall_s = 5");
    let (code, words) = site.fails(&["status"]);
    assert_eq!(code, Some(2));
    assert!(
        words.contains(
            "agent.toml, line 1: unknown key `heartbeat_intervall_s`; did you mean `heartbeat_interval_s`?"
        ),
        "{words}"
    );

    site.configure("watch.unmute_after = 0\nredact.patterns = ['(']\ncc.system = ['nobody']");
    let checked = site.output(&["config", "check"]);
    let (out, _) = texts(&checked);
    assert_eq!(checked.status.code(), Some(2));
    assert!(out.contains("wrong: cc: \"nobody\"") && out.contains("not a regular expression"), "{out}");
    assert!(out.contains("wrong: watch: unmute_after must be at least 1"), "{out}");
    // As the sample shows them; the program itself, unlike a test of its parts, must know what \S and (?i) mean.
    site.configure(r"redact.patterns = ['ProjectCode: (\S+)', '(?i)\bcase \w+\b']");
    assert!(site.works(&["config", "check"]).contains("nothing wrong found"));
    site.configure("");
    assert!(site.works(&["config", "check"]).contains("nothing wrong found"));
    assert!(site.works(&["config", "show"]).contains("queue_reports = 2000"));
}

#[test]
fn routes_that_cannot_share_the_tokens_of_one_account_are_named_before_either_signs_in() {
    let site = Site::new();
    let checked = |second: &str| {
        site.configure("");
        let mut text = fs::read_to_string(site.path("agent.toml")).unwrap();
        for (name, client) in [("first", "one"), ("second", second)] {
            text += &format!(
                "[[route]]\nname = '{name}'\ntype = 'smtp'\nfrom = 'agent@acme.example'\nhost = 'mail.acme.example'\n\
                 auth = 'oauth'\nusername = 'agent@acme.example'\n[route.oauth]\nprovider = 'microsoft'\ntenant = 'acme.example'\n\
                 grant = 'device_code'\nclient_id = '{client}'\naccount = 'mail'\n"
            );
        }
        fs::write(site.path("agent.toml"), text).unwrap();
        texts(&site.output(&["config", "check"])).0
    };
    assert!(
        !checked("one").contains("sign in as account"),
        "one application serves both: {}",
        checked("one")
    );
    let said = checked("two");
    assert!(
        said.contains(
            "wrong: of the routes two sign in as account \"mail\" by other applications, grants or scopes"
        ),
        "{said}"
    );
}

#[test]
fn a_state_directory_that_cannot_be_made_is_said_with_what_to_do() {
    let site = Site::new();
    fs::write(site.path("state"), b"a file").unwrap();
    let (code, words) = site.fails(&["run"]);
    assert_eq!(code, Some(1));
    assert!(
        words.contains(Path::new("state").to_str().unwrap()) && words.contains("must be able to write"),
        "{words}"
    );
}
