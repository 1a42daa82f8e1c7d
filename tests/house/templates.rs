//! The templates: every one exists in every language and uses the same values, nothing escapes the escaping, no language
//! leaks into the other, and the sentences that are translated are the sentences the programs say.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::sources::{root, rust_files};

/// The programs with templates.
const PROGRAMS: [&str; 2] = ["agent", "receiver"];

/// Templates of one folder by file name.
fn templates(folder: &str) -> BTreeMap<String, String> {
    let files = fs::read_dir(root().join("templates").join(folder)).unwrap().map(Result::unwrap);
    let files = files.filter(|file| file.path().extension().is_some_and(|extension| extension == "hbs"));
    files
        .map(|file| (file.file_name().into_string().unwrap(), fs::read_to_string(file.path()).unwrap()))
        .collect()
}

/// What stands between the braces of a template.
fn expressions(template: &str) -> Vec<&str> {
    template.split("{{").skip(1).map(|part| part.split_once("}}").unwrap().0).collect()
}

/// The names of values and parts a template uses; words in quotes are its own.
fn names(template: &str) -> BTreeSet<String> {
    let unquoted = |expression: &str| -> String {
        expression.split('"').enumerate().filter(|(at, _)| at % 2 == 0).map(|(_, part)| part).collect()
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_.@-".contains(c);
    let name = |word: &str| word.trim_matches(|c: char| !is_name(c)).to_owned();
    let words =
        |expression: &str| unquoted(expression).split([' ', '=', '(', ')']).map(name).collect::<Vec<_>>();
    let named = |word: &String| word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '@');
    expressions(template).into_iter().flat_map(words).filter(named).collect()
}

#[test]
fn every_template_exists_in_both_languages_and_uses_the_same_values() {
    for program in PROGRAMS {
        let (english, german) = (templates(&format!("{program}/en")), templates(&format!("{program}/de")));
        assert_eq!(
            english.keys().collect::<Vec<_>>(),
            german.keys().collect::<Vec<_>>(),
            "{program}: the languages have other templates"
        );
        for (name, template) in &english {
            assert_eq!(
                names(template),
                names(&german[name]),
                "{program}: {name} uses other values in German"
            );
        }
    }
}

#[test]
fn no_page_shows_a_value_unescaped_or_loads_anything() {
    for folder in ["agent", "agent/en", "agent/de", "receiver", "receiver/en", "receiver/de"] {
        let pages = templates(folder);
        assert!(!pages.is_empty(), "{folder} is empty");
        for (name, template) in &pages {
            assert!(
                !template.contains("{{{") && !template.contains("{{&"),
                "{folder}/{name} shows a value unescaped"
            );
            let loads = [
                "http:", "https:", "src=", "url(", "@import", "<link", "<script", "<img", "<iframe", "<form",
            ];
            for loads in loads.into_iter().filter(|_| name.ends_with(".html.hbs")) {
                assert!(!template.contains(loads), "{folder}/{name} has {loads}");
            }
            assert!(
                !template.contains("class=") || template.contains("style="),
                "{folder}/{name} relies on a style sheet that mail clients take out"
            );
        }
    }
}

/// The words of a template that people read: without expressions, tags and styles.
fn prose(template: &str) -> String {
    let outside = |text: &str, open: &str, close: &str| -> String {
        let mut parts = text.split(open);
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |all, part| all + " " + part.split_once(close).map_or(part, |(_, rest)| rest))
    };
    outside(&outside(&outside(template, "{{", "}}"), "<style", "</style>"), "<", ">")
}

fn words(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_alphanumeric() || "-_./".contains(c);
    text.split(|c: char| !is_part(c)).map(|word| word.trim_matches(['.', '-']).to_lowercase()).collect()
}

#[test]
fn no_language_leaks_into_the_other() {
    const ENGLISH: &[&str] = &[
        "the",
        "and",
        "is",
        "was",
        "with",
        "report",
        "reports",
        "file",
        "files",
        "changed",
        "what",
        "wrong",
        "left",
        "until",
        "since",
        "please",
        "sent",
        "questions",
        "verify",
        "watched",
        "customer",
        "contract",
        "why",
        "written",
        "before",
        "nothing",
        "respond",
        "within",
        "opened",
        "resolved",
        "again",
        "from",
        "these",
        "nobody",
    ];
    const GERMAN: &[&str] = &[
        "der",
        "die",
        "und",
        "ist",
        "mit",
        "bericht",
        "datei",
        "was",
        "bis",
        "seit",
        "bitte",
        "fragen",
        "kunde",
        "vertrag",
        "warum",
        "geschrieben",
        "nichts",
        "behoben",
        "wieder",
        "von",
        "diese",
        "niemand",
        "nicht",
    ];
    for program in PROGRAMS {
        for (language, foreign) in [("de", ENGLISH), ("en", GERMAN)] {
            for (name, template) in templates(&format!("{program}/{language}")) {
                // Commands are the same in every language, and quoted words are what pages show.
                let quoted: String = expressions(&template)
                    .iter()
                    .flat_map(|e| e.split('"').skip(1).step_by(2))
                    .filter(|word| word.contains(' '))
                    .collect::<Vec<_>>()
                    .join(" ");
                let lines = prose(&template) + " " + &quoted;
                let said = lines.lines().filter(|line| {
                    !line.starts_with("    ")
                        && !line.contains("ssh-keygen")
                        && !line.contains("report.json.sig")
                });
                let said: Vec<String> = said.flat_map(words).collect();
                let leaks: Vec<&String> =
                    said.iter().filter(|word| foreign.contains(&word.as_str())).collect();
                // "was" is a word of both.
                let leaks: Vec<&&String> = leaks.iter().filter(|word| word.as_str() != "was").collect();
                assert!(leaks.is_empty(), "{program}/{language}/{name} says {leaks:?}");
            }
        }
    }
}

/// The string literals of a table of phrases, in order.
fn literals(source: &str) -> Vec<String> {
    let table = source.split_once("PHRASES: &[Phrase] = &[").unwrap().1;
    let lines = table.lines().filter(|line| !line.trim_start().starts_with("//"));
    let text = lines.collect::<Vec<_>>().join("\n").replace("\\\"", "\u{1}");
    text.split('"').skip(1).step_by(2).map(|literal| literal.replace('\u{1}', "\"")).collect()
}

/// A phrase whose sentence nobody says any more is one whose sentence was changed without it.
#[test]
fn every_translated_sentence_is_one_the_program_says() {
    for (program, table) in
        [("agent", "agent/src/render/words/de/phrases.rs"), ("receiver", "receiver/src/render/words/de.rs")]
    {
        let mut files = Vec::new();
        for room in [format!("{program}/src"), "shared/src".to_owned()] {
            rust_files(&root().join(room), &mut files);
        }
        files.retain(|path| !path.components().any(|part| part.as_os_str() == "words"));
        files.push(root().join("packaging/rules.toml"));
        // As the compiler reads it: a backslash at a line's end joins the lines.
        let joined = |text: String| {
            let mut parts = text.split("\\\n");
            let first = parts.next().unwrap_or_default().to_owned();
            parts.fold(first, |all, part| all + part.trim_start()).replace("\\\"", "\"")
        };
        let said: Vec<String> = files.iter().map(|path| joined(fs::read_to_string(path).unwrap())).collect();
        let phrases = literals(&fs::read_to_string(root().join(Path::new(table))).unwrap());
        assert!(
            phrases.len() > 80 && phrases.len().is_multiple_of(2),
            "{} literals in {table}",
            phrases.len()
        );
        for sentence in phrases.iter().step_by(2).filter(|sentence| !sentence.contains("os error")) {
            let parts = sentence.split(['{', '}']).filter(|part| part.len() > 4);
            for part in parts {
                assert!(
                    said.iter().any(|source| source.contains(part)),
                    "{table}: nobody says {part:?} of {sentence:?}"
                );
            }
        }
    }
}
