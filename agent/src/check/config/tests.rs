//! What a person may write into a `[[check]]` table.

use std::path::Path;

use mailbeat_shared::config_file;

use crate::check::CheckConfig;
use crate::config::Config;

fn parse(keys: &str) -> Result<CheckConfig, String> {
    let config: Result<Config, _> =
        config_file::parse(Path::new("agent.toml"), &format!("log = 'warn'\n\n[[check]]\n{keys}\n"));
    config.map_err(|error| error.to_string()).map(|config| config.check.into_iter().next().unwrap())
}

const PLUGIN: &str = "name = 'disk'\ntype = 'plugin'\ncommand = ['/x']\n";

#[test]
fn a_name_a_type_and_its_keys_are_enough() {
    let check = parse(PLUGIN).unwrap();
    assert_eq!((check.name.as_str(), check.kind_name(), check.enabled), ("disk", "plugin", true));
    assert_eq!((check.interval.as_secs(), check.timeout.as_secs()), (300, 30));
    assert!(check.probe().is_some());
    let off = parse("name = 'disk'\nenabled = false").unwrap();
    assert!(off.probe().is_none() && off.kind_name() == "off");
    assert!(parse(&format!("{PLUGIN}enabled = false")).unwrap().probe().is_none());
}

#[test]
fn a_mistyped_key_of_every_check_or_of_its_kind_is_named_with_its_line_and_what_was_meant() {
    for (wrong, meant) in [
        ("comand = ['/y']", "`comand`; did you mean `command`?"),
        ("timeout = 5", "`timeout`; did you mean `timeout_s`?"),
        ("warnings = 5", "`warnings`; did you mean `warning`?"),
    ] {
        let refused = parse(&format!("{PLUGIN}{wrong}")).unwrap_err();
        assert!(refused.starts_with("agent.toml, line 3") && refused.contains(meant), "{refused}");
    }
}

#[test]
fn what_cannot_be_is_refused_with_the_checks_name() {
    for (keys, words) in [
        ("type = 'plugin'", "missing field `name`"),
        ("name = ''\nenabled = false", "a check's `name`"),
        ("name = 'disk'", "check disk: it needs `type`: one of plugin"),
        ("name = 'disk'\ntype = 'plugins'", "check disk: type \"plugins\" is not known"),
        (&format!("{PLUGIN}interval_s = 0"), "check disk: `interval_s` must be at least 1"),
        (&format!("{PLUGIN}timeout_s = 0"), "check disk: `timeout_s` must be at least 1"),
        (&format!("{PLUGIN}severity = 'urgent'"), "urgent"),
        (&format!("{PLUGIN}warning = '20:10'"), "\"20:10\" is no range"),
        (&format!("{PLUGIN}critical = {{ used = 'x' }}"), "\"x\" is no range"),
        (&format!("{PLUGIN}warning = true"), "range"),
    ] {
        let refused = parse(keys).unwrap_err();
        assert!(refused.contains(words), "{words} is not in {refused}");
    }
}

#[test]
fn what_will_not_work_is_said_beforehand_with_the_file_it_stands_in() {
    let mut check = parse(&format!("{PLUGIN}timeout_s = 600")).unwrap();
    check.file = Some("profiles/a.toml".into());
    let said = ["/x is not there", "`timeout_s` is longer than `interval_s`"];
    assert_eq!(check.doubts(), said.map(|what| format!("check disk (from profiles/a.toml): {what}")));
    let log = parse("name = 'l'\ntype = 'log'\nfiles = '/l'\nmatch = ['x']").unwrap();
    assert!(log.doubts()[0].starts_with("check l: it only counts"));
    assert_eq!(
        parse("name = 'l'\ntype = 'log'\nfiles = '/l'\nmatch = ['x']\nwarning = 0").unwrap().doubts(),
        [""; 0]
    );
}

#[test]
fn ranges_are_numbers_texts_or_tables_of_them() {
    for keys in
        ["warning = 10", "warning = 0.5", "critical = '@10:20'", "warning = { used = 80, inodes = '~:90' }"]
    {
        parse(&format!("{PLUGIN}{keys}")).unwrap();
    }
}

#[test]
fn neither_debug_nor_show_prints_a_secret_wherever_it_stands_and_what_is_shown_can_be_read_again() {
    let text = format!(
        "[[check]]\n{PLUGIN}environment = {{ PGPASSWORD = 'geheim' }}\nwarning = {{ tokens = 80 }}\n\
         [[check]]\nname = 'web'\ntype = 'http'\nurl = 'https://x.example'\nheaders = {{ Cookie = 'geheim' }}\n\
         login = {{ username = 'u', password_file = '/f' }}\n"
    );
    let config: Config = config_file::parse(Path::new("agent.toml"), &text).unwrap();
    let shown = config.shown();
    assert!(!format!("{shown}{:?}", config.check).contains("geheim"), "{shown}");
    assert!(
        shown.contains("Cookie = \"(hidden)\"") && shown.contains("PGPASSWORD = \"(hidden)\""),
        "{shown}"
    );
    assert!(shown.contains("tokens = 80") && shown.contains("password_file = \"/f\""), "{shown}");
    let again: Config = config_file::parse(Path::new("shown"), &shown).unwrap();
    assert_eq!(again.shown(), shown);
}

#[test]
fn what_is_no_text_is_refused_without_being_repeated() {
    for (keys, words) in [
        (format!("{PLUGIN}environment = {{ PGPASSWORD = 739201 }}"), "expected a string"),
        (format!("{PLUGIN}environment = 'PGPASSWORD=739201'"), "expected a map"),
        ("name = 'p'\ntype = 'plugin'\ncommand = ['check_x -p 739201']".into(), "there is no shell"),
        (
            "name = 'w'\ntype = 'http'\nurl = 'https://x.example'\nheaders = { Cookie = 739201 }".into(),
            "expected a string",
        ),
        (
            "name = 'w'\ntype = 'http'\nurl = 'https://x.example'\nlogin = { token_file = 739201 }".into(),
            "expected path",
        ),
    ] {
        let refused = parse(&keys).unwrap_err();
        assert!(refused.contains(words) && !refused.contains("739201"), "{refused}");
    }
}
