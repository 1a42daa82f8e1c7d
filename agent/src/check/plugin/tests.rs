//! Plugins that do what plugins do, written in shell.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value as Json;

use super::*;
use crate::check::kind::Kind;

fn plugin(keys: &str) -> Result<Box<dyn Probe>, String> {
    Kind::named("plugin").unwrap().probe(keys.parse().unwrap())
}

fn run(keys: &str, seconds: u64) -> Sight {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    let mut look = Look { now: Timestamp::UNIX_EPOCH, deadline, memory: &mut Json::Null };
    plugin(keys).unwrap().look(&mut look)
}

fn shell(script: &str) -> Sight {
    run(&format!("command = ['/bin/sh', '-c', '''{script}''']"), 60)
}

#[test]
fn the_exit_code_is_the_verdict_and_what_is_no_exit_code_of_a_plugin_is_unknown() {
    let states = [CheckState::Ok, CheckState::Warning, CheckState::Critical, CheckState::Unknown];
    for (code, state) in states.into_iter().enumerate() {
        let sight = shell(&format!("echo 'DISK - 5% | used=95%;80;90'; exit {code}"));
        assert_eq!((sight.state, sight.output.as_str()), (state, "DISK - 5%"));
        assert_eq!((sight.values[0].label.as_str(), sight.values[0].value), ("used", 95.0));
    }
    let odd = shell("echo 'usage: me'; exit 64");
    assert_eq!(odd.state, CheckState::Unknown);
    assert!(odd.output.contains("exit status: 64") && odd.output.contains("usage: me"), "{odd:?}");
    assert!(shell("kill -SEGV $$").output.contains("signal: 11"));
    assert_eq!(shell("exit 0").output, "the plugin said nothing");
    assert_eq!(shell("echo 'cannot connect' >&2; exit 2").output, "cannot connect");
}

#[test]
fn the_script_of_the_documentation_says_how_many_wait_and_when_it_cannot_look() {
    const PAGE: &str = include_str!("../../../../docs/checks.md");
    const PLACE: &str = "/srv/shop/orders/incoming";
    let (_, script) = PAGE.split_once("```sh\n").expect("a script");
    let (script, _) = script.split_once("```").expect("its end");
    assert!(script.contains(PLACE), "{script}");
    let dir = tempfile::tempdir().unwrap();
    let said = |place: &std::path::Path| shell(&script.replace(PLACE, &place.display().to_string()));
    let add = |orders: std::ops::Range<usize>| {
        orders.for_each(|order| std::fs::write(dir.path().join(order.to_string()), "").unwrap());
    };
    assert_eq!((said(dir.path()).state, said(dir.path()).output), (CheckState::Ok, "0 orders wait".into()));
    add(0..60);
    let many = said(dir.path());
    assert_eq!((many.state, many.values[0].value), (CheckState::Warning, 60.0));
    add(60..500);
    assert_eq!(said(dir.path()).state, CheckState::Critical);
    let nowhere = said(&dir.path().join("nowhere"));
    assert_eq!(
        (nowhere.state, nowhere.output.as_str()),
        (CheckState::Unknown, "the queue cannot be looked at")
    );
}

#[test]
fn it_gets_no_environment_of_ours_and_no_shell_sees_its_arguments() {
    let sight = run("command = ['/bin/echo', '$HOME; id']", 60);
    assert_eq!(sight.output, "$HOME; id");
    let sight = run("command = ['/usr/bin/env']\nenvironment = { MYSQL_HOME = '/etc/x' }", 60);
    let mut names: Vec<&str> =
        sight.output.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    names.sort_unstable();
    assert_eq!(names, ["LC_ALL", "MYSQL_HOME", "PATH"]);
}

#[test]
fn one_that_floods_is_cut_and_one_that_hangs_is_ended_and_both_are_said() {
    let flood = shell("echo 'OK - flooding'; yes | head -c 3000000; exit 1");
    assert_eq!(flood.state, CheckState::Warning);
    assert!(flood.output.len() < 70_000 && flood.output.ends_with("it printed more than 65536 bytes)"));
    let hang = run("command = ['/bin/sh', '-c', 'sleep 600 & sleep 600']", 1);
    assert_eq!(hang.state, CheckState::Unknown);
    assert!(hang.output.contains("did not end in time"), "{hang:?}");
}

#[test]
fn a_child_that_holds_the_pipe_is_ended_and_the_answer_stands() {
    let sight = shell("sleep 600 & echo fine");
    assert_eq!((sight.state, sight.output.as_str()), (CheckState::Ok, "fine"));
}

#[test]
fn what_cannot_be_started_says_why_and_what_is_written_wrongly_is_refused() {
    let missing = run("command = ['check_no_such_thing']", 60);
    assert_eq!(missing.state, CheckState::Unknown);
    assert!(
        missing.output.starts_with("/usr/lib/nagios/plugins/check_no_such_thing is not there"),
        "{missing:?}"
    );
    assert!(run("command = ['/etc/passwd']", 60).output.contains("Permission denied"));
    let refused = |keys: &str| plugin(keys).err().unwrap();
    assert!(refused("command = []").contains("must be a list"));
    assert!(refused("command = ['check_disk -w 10']").contains("no shell"));
    assert!(refused("command = ['./check_disk']").contains("neither an absolute path"));
    assert!(refused("comand = ['x']").starts_with("unknown field `comand`"));
}
