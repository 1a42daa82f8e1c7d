//! The property the administrator relies on: a secret that stands in a watched file, and a name she wants disguised, is found nowhere
//! afterwards. Not in a mail, not in spool, trail or state, not in the log. Every snippet of the redaction corpus is a canary here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::site::{Running, Site, wait_for};

const SECRETS: &str = include_str!("../redaction/secrets.txt");
/// Not secret, in every watched file: where this is not found, the search is blind.
const ORDINARY: &str = "ordinary_setting_that_travels";

/// The snippets of the corpus: text without marks, and the marked secrets long enough to be looked for.
fn corpus() -> Vec<(String, Vec<String>)> {
    let of = |snippet: &str| {
        let (_, marked) = snippet.split_once('\n').unwrap();
        let secrets = marked.split('«').skip(1).map(|rest| rest.split('»').next().unwrap());
        let lines = secrets.flat_map(str::lines).map(str::trim).filter(|line| line.len() >= 8);
        (marked.replace(['«', '»'], ""), lines.map(str::to_owned).collect())
    };
    SECRETS.split("\n### ").skip(1).map(of).collect()
}

/// What is plain in one snippet may be the secret of another: `changeme` in a comment. Those say nothing.
fn telling(corpus: &[(String, Vec<String>)]) -> Vec<String> {
    let shown: String = corpus
        .iter()
        .map(|(text, secrets)| {
            secrets.iter().fold(text.clone(), |text, secret| text.replace(secret.as_str(), "\0"))
        })
        .collect();
    let secrets = corpus.iter().flat_map(|(_, secrets)| secrets);
    secrets.filter(|secret| !shown.contains(secret.as_str())).cloned().collect()
}

/// Every file below, as it lies there and, of a mail, as a reader's program would show it.
fn everything_below(dir: &Path, into: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            everything_below(&path, into);
        } else if let Ok(bytes) = fs::read(&path) {
            let mut text = String::from_utf8_lossy(&bytes).into_owned();
            text.push_str(&without_base64(&text));
            text.push_str(&without_quoted_printable(&text));
            into.insert(path, text);
        }
    }
}

/// The paragraphs that are base64 (RFC 2045 section 6.8), undone.
fn without_base64(text: &str) -> String {
    let paragraphs = text.replace('\r', "");
    let undone =
        paragraphs.split("\n\n").filter_map(|paragraph| BASE64.decode(paragraph.replace('\n', "")).ok());
    undone.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
}

/// Quoted-printable undone (RFC 2045 section 6.7), good enough to find words in.
fn without_quoted_printable(text: &str) -> String {
    let joined = text.replace("=\r\n", "").replace("=\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'=').then(|| after.get(..2)).flatten();
        match code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Where any of the words is found, outside the watched files and the configuration.
fn found(site: &Site, words: &[String]) -> Vec<String> {
    let mut files = BTreeMap::new();
    everything_below(&site.path("state"), &mut files);
    everything_below(&site.path("mail"), &mut files);
    // The agent's own private key begins like every OpenSSH key, also the one in the corpus; it is meant to be there.
    assert!(files.remove(&site.path("state/identity.key")).is_some());
    files.insert("run.log".into(), fs::read_to_string(site.path("run.log")).unwrap_or_default());
    for place in ["state", "mail"] {
        let seen =
            files.iter().any(|(path, text)| path.starts_with(site.path(place)) && text.contains(ORDINARY));
        assert!(seen, "nothing ordinary is found below {place}: the search is blind");
    }
    let places = |word: &String| {
        let path = files.iter().find(|(_, text)| text.contains(word.as_str()))?.0;
        Some(format!("{word:?} in {}", path.display()))
    };
    words.iter().filter_map(places).collect()
}

fn accepted(site: &Site, kind: &str) -> usize {
    let list = site.json(&["trail", "list", "--kind", kind, "--fate", "accepted", "--json"]);
    list.as_array().unwrap().len()
}

#[test]
fn no_secret_of_the_corpus_is_found_in_mail_spool_trail_state_or_log() {
    let corpus = corpus();
    let secrets = telling(&corpus);
    assert!(secrets.len() > 100, "{} canaries", secrets.len());
    let site = Site::new();
    site.configure("log = 'debug'\nsubject = 'full'");
    let write = |turn: usize| {
        for (number, (text, _)) in corpus.iter().enumerate() {
            // The second time something beside the secret differs, so that it stands in the context of a diff. In comments, because some
            // files are known by having no other lines than they have.
            let text = format!("# {ORDINARY} = {turn}\n{text}\n# {ORDINARY} {turn}\n");
            fs::write(site.path(&format!("watched/{number:03}.conf")), text).unwrap();
        }
    };
    write(1);
    site.activate();
    let agent = Running::start(&site);
    wait_for("the first system report", || (accepted(&site, "system") == 1).then_some(()));
    write(2);
    for kind in ["system", "heartbeat", "test"] {
        site.works(&["send", kind]);
    }
    wait_for("the second system report", || (accepted(&site, "system") == 2).then_some(()));
    site.works(&["preview", "system"]);
    site.works(&["trail", "verify"]);
    assert_eq!(agent.stop(), Some(0));
    assert_eq!(found(&site, &secrets), [""; 0]);
}

#[test]
fn with_pseudonyms_no_name_of_a_host_a_person_or_an_address_is_found() {
    let site = Site::new();
    fs::rename(site.path("watched"), site.path("watched-by-gandalf")).unwrap();
    let names =
        ["10.11.12.13", "2001:db8:aa::17", "gandalf@moria.example", "gandalf", "moria"].map(str::to_owned);
    fs::create_dir(site.path("watched")).unwrap();
    fs::create_dir(site.path("watched/gandalf")).unwrap();
    let write = |turn: usize| {
        let text = format!(
            "{ORDINARY} = {turn}\nlisten 10.11.12.13:80\nlisten [2001:db8:aa::17]:80\nadmin gandalf@moria.example\n\
             owner = gandalf\nupstream moria;\n# {turn}\n"
        );
        fs::write(site.path("watched/gandalf/moria.conf"), text).unwrap();
    };
    write(1);
    site.configure(
        "log = 'debug'\nredact.pseudonyms = ['ip', 'host', 'user', 'mail']\nredact.users = ['gandalf']\n\
         redact.hosts = ['moria']",
    );
    site.activate();
    let agent = Running::start(&site);
    wait_for("the first system report", || (accepted(&site, "system") == 1).then_some(()));
    write(2);
    site.works(&["maintenance", "start", "--for", "1h", "--reason", "gandalf restarts moria"]);
    site.works(&["send", "system"]);
    wait_for("the second system report", || (accepted(&site, "system") == 2).then_some(()));
    let host = site.json(&["trail", "show", "1", "--json"])["report"]["agent"]["host"].clone();
    assert!(host.as_str().unwrap().starts_with("<host:"), "{host}");
    assert_eq!(agent.stop(), Some(0));
    // The maintenance window keeps the administrator's own words for her own `status`.
    let mut elsewhere = found(&site, &names);
    elsewhere.retain(|place| !place.contains("/state/state."));
    assert_eq!(elsewhere, [""; 0]);
}
