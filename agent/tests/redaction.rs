//! What must never leave a host, and what must leave it unchanged. The data in `redaction/` is the specification.

use std::fmt::Write as _;
use std::path::Path;

use mailbeat_agent::config::RedactConfig;
use mailbeat_agent::pattern::BadPattern;
use mailbeat_agent::redact::Redactor;
use mailbeat_agent::redact::pseudonym::Names;
use proptest::prelude::*;

const SECRETS: &str = include_str!("redaction/secrets.txt");

fn redactor() -> Redactor {
    Redactor::new([7; 32], &RedactConfig::default(), Names::default()).expect("no own patterns")
}

fn with_patterns(patterns: &[&str]) -> Result<Redactor, BadPattern> {
    let patterns = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
    Redactor::new([7; 32], &RedactConfig { patterns, ..RedactConfig::default() }, Names::default())
}

/// Name, text without marks, and the marked secrets of every snippet.
fn snippets() -> Vec<(String, String, Vec<String>)> {
    let of = |snippet: &str| {
        let (name, marked) = snippet.split_once('\n').expect("a name and a text");
        let secrets =
            marked.split('«').skip(1).map(|rest| rest.split('»').next().expect("a part").to_owned());
        (name.to_owned(), marked.replace(['«', '»'], ""), secrets.collect())
    };
    SECRETS.split("\n### ").skip(1).map(of).collect()
}

/// The parts of a secret that are worth guessing from: its lines, and words of four letters and more.
fn survivor<'s>(secret: &'s str, redacted: &str) -> Option<&'s str> {
    secret
        .split(['\n', ' '])
        .map(str::trim)
        .find(|part| part.len() >= 4 && redacted.contains(part) || redacted.contains(secret))
}

#[test]
fn no_secret_of_the_corpus_survives() {
    let mut failed = String::new();
    let snippets = snippets();
    assert!(snippets.len() >= 120, "{} snippets", snippets.len());
    for (name, text, secrets) in &snippets {
        assert!(!secrets.is_empty(), "{name}: nothing is marked");
        let redacted = redactor().redact(text);
        for survivor in secrets.iter().filter_map(|secret| survivor(secret, &redacted)) {
            let _ = writeln!(failed, "{name}: {survivor:?} survives in\n{redacted}");
        }
        if redactor().redact(&redacted) != redacted {
            let _ = writeln!(
                failed,
                "{name}: redacting again changes\n{redacted}into\n{}",
                redactor().redact(&redacted)
            );
        }
    }
    assert!(failed.is_empty(), "{failed}");
}

#[test]
fn ordinary_configuration_comes_through_unchanged() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/redaction/ordinary");
    let files: Vec<_> =
        std::fs::read_dir(folder).expect("the corpus").map(|file| file.expect("a file").path()).collect();
    assert!(files.len() >= 25, "{} files", files.len());
    let mut failed = String::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("UTF-8");
        let redacted = redactor().redact(&text);
        for (was, is) in text.lines().zip(redacted.lines()).filter(|(was, is)| was != is) {
            let _ = writeln!(
                failed,
                "{}:\n  was {was}\n  is  {is}",
                file.file_name().unwrap_or_default().display()
            );
        }
        assert!(!failed.is_empty() || text == redacted, "{}: lines were lost", file.display());
    }
    assert!(failed.is_empty(), "{failed}");
}

#[test]
fn a_replacement_names_the_secret_by_a_fingerprint_that_only_this_system_can_make() {
    let redacted = redactor().redact("password = hunter2\n");
    assert_eq!(redacted, redactor().redact("password = hunter2\n"));
    assert_ne!(redacted, redactor().redact("password = hunter3\n"));
    let other = Redactor::new([8; 32], &RedactConfig::default(), Names::default()).expect("no own patterns");
    assert_ne!(redacted, other.redact("password = hunter2\n"));
    assert!(
        redacted.starts_with("password = <redacted:") && redacted.ends_with(">\n") && redacted.len() == 31,
        "{redacted}"
    );
}

#[test]
fn the_same_secret_has_the_same_fingerprint_wherever_it_stands() {
    let redacted = redactor().redact("password = abc123\nexport TOKEN='abc123'\n{\"secret\":\"abc123\"}\n");
    let fingerprints: Vec<&str> = redacted.split("<redacted:").skip(1).map(|rest| &rest[..8]).collect();
    assert_eq!(fingerprints.len(), 3, "{redacted}");
    assert!(fingerprints.iter().all(|fingerprint| *fingerprint == fingerprints[0]), "{redacted}");
}

#[test]
fn a_secret_among_colours_is_found_and_the_colours_of_the_file_stay() {
    let redacted = redactor().redact(
        "\u{1b}[3mpassword\u{1b}[0m\u{1b}[2m=\u{1b}[0m\"hunter2\"\u{1b}[0m\nghp_16C7e42F292c\u{1b}[1m6912E7710c838347Ae178B4a \u{1b}[1mbold\u{1b}[0m\n",
    );
    let (before, rest) = redacted.split_once("<redacted:").expect("the password");
    assert_eq!(before, "\u{1b}[3mpassword\u{1b}[0m\u{1b}[2m=\u{1b}[0m\"");
    assert!(rest[8..].starts_with(">\"\u{1b}[0m\n<redacted:"), "{redacted:?}");
    assert!(rest.ends_with("> \u{1b}[1mbold\u{1b}[0m\n"), "{redacted:?}");
    assert_eq!(redactor().redact(&redacted), redacted);
}

#[test]
fn own_patterns_redact_their_group_and_a_broken_one_is_named() {
    let own = with_patterns(&[r"badge (\d+)", "ACME-[0-9]{4}"]).expect("both compile");
    let redacted = own.redact("badge 4711 for ACME-1234, ACME-x");
    assert!(redacted.starts_with("badge <redacted:") && redacted.ends_with(">, ACME-x"), "{redacted}");
    assert!(!redacted.contains("1234"), "{redacted}");
    let broken = with_patterns(&["("]).expect_err("no regular expression").to_string();
    assert!(broken.contains("\"(\" is not a regular expression"), "{broken}");
}

/// One line of 96 KiB that makes a careless scanner look at everything for everything. No clock: a quadratic
/// scanner needs minutes here and is noticed.
#[test]
fn hostile_one_line_files_are_read_in_one_go() {
    let bait = [
        "\"password\":\"a\",",
        "password ",
        "password=",
        "password='",
        "password=\"",
        "password: '/etc/",
        "{\\\"token\\\":\\\"",
        "://",
        "a:b@c:1",
        "secret = \"\"\"",
        "<password>",
        "password,",
        "tokens: [",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY-----",
        "eyJ",
        "$6$",
        "{SHA}",
        "<redacted:01234567>",
        "name: password ",
        "key ",
        "://a:",
        "{\"token\":{",
        "api_key password /etc/",
        "LS0tLS1CRUdJTi",
        "LS0tLS1CRUdJTiBDRVJU+",
        "LS0tLS1CRUdJTiBDRVJU=",
        "\u{1b}[1m",
        "password\u{1b}[0m=\u{9d}",
        "lftp -u \"a,",
        "setuser a \">b ",
        "stats auth a:",
        "key = ",
        "\"a\" ",
        "password\n",
        "password:\n",
        "- ",
        "'password=\\'",
        "\\",
        "\"",
    ];
    for text in bait {
        let line = text.repeat(96 * 1024 / text.len());
        let _ = redactor().redact(&line);
        let _ = redactor().redact(&format!("password: {line}"));
    }
}

const NAMES: &[&str] = &[
    "password",
    "DB_PASSWORD",
    "clientSecret",
    "api-key",
    "aws_secret_access_key",
    "auth_token",
    "passphrase",
    "PGPASSWORD",
    "privateKey",
    "psk",
    "credentials",
    "community",
    "smtp.passwd",
];
const STYLES: &[&str] = &[
    "NAME = VALUE",
    "NAME=VALUE",
    "NAME: VALUE",
    "NAME = \"VALUE\"",
    "NAME = 'VALUE'",
    "  NAME: 'VALUE'",
    "{\"x\":1,\"NAME\":\"VALUE\",\"y\":2}",
    "<NAME>VALUE</NAME>",
    "<a NAME=\"VALUE\" b=\"c\"/>",
    "export NAME=VALUE",
    "cmd --NAME VALUE -v",
    "cmd --NAME=VALUE -v",
    "NAME: |\n  VALUE\n  VALUE",
    "NAME:\n  - VALUE\n  - VALUE",
    "NAME: [VALUE, VALUE]",
    "{NAME: VALUE, a: b}",
    "'NAME' => 'VALUE',",
    "env:\n- name: NAME\n  value: VALUE",
    "<add key=\"NAME\" value=\"VALUE\"/>",
    "host x;NAME=VALUE;y=z",
    "\"NAME=VALUE\"",
    "#NAME=VALUE",
    "; NAME = VALUE",
    "- NAME: VALUE",
    "set NAME VALUE",
    "define('NAME', 'VALUE');",
    "{\"a\":\"{\\\"NAME\\\":\\\"VALUE\\\"}\"}",
    "https://x.example/?NAME=VALUE&a=b",
    "NAME:VALUE",
    "NAME := \"VALUE\"",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_secret_after_any_name_in_any_style_never_survives(
        name in prop::sample::select(NAMES), style in prop::sample::select(STYLES),
        secret in "[a-z]{2}[0-9]{2}[A-Za-z0-9!%^*+=_~-]{4,20}[0-9]", before in "([a-z ]{0,12}\n){0,2}", after in "(\n[a-z= ]{0,12}){0,2}",
    ) {
        let text = format!("{before}{}{after}", style.replace("NAME", name).replace("VALUE", &secret));
        let redacted = redactor().redact(&text);
        prop_assert!(!redacted.contains(&secret), "{redacted}");
    }

    #[test]
    fn no_text_makes_it_panic_and_redacting_again_changes_nothing(text in "(\\PC|\n|password|token|secret: |=|: |\"|'|\\{|\\[|<|>|://|@|-----BEGIN |PRIVATE KEY-----|\\$6\\$|--|,|;|\\\\| |<redacted:0123abcd>|name|value|key|auth|Bearer |IDENTIFIED BY |mysql -p|\u{1b}\\[1m|\u{1b}|\u{9d}x\u{9c}){0,30}") {
        let once = redactor().redact(&text);
        prop_assert_eq!(redactor().redact(&once), once);
    }

    #[test]
    fn a_cut_or_spliced_real_file_makes_no_panic(from in 0..SECRETS.len(), length in 0..400_usize) {
        let start = SECRETS.floor_char_boundary(from);
        let end = SECRETS.floor_char_boundary((start + length).min(SECRETS.len()));
        let text = SECRETS[start..end].replace(['«', '»'], "");
        let once = redactor().redact(&text);
        prop_assert_eq!(redactor().redact(&once), once);
    }
}
