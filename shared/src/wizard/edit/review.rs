//! What a set-up changes in a TOML file, key by key below the table each belongs to: what a person takes in before they say yes.
//!
//! Comments are left out, lists stand on one line, and tables on one line are taken apart, so that it fits a terminal.
//! [`super::changes`] tells the lines themselves.

use std::collections::BTreeMap;
use std::path::Path;

use toml_edit::{DocumentMut, Item, Table, Value};

use crate::wizard::Asker;

/// The head of a table, and which of several of that head it is.
type Head = (String, usize);
/// Keys of a table, each with its value as it would be written.
type Keys = Vec<(String, String)>;

/// Shows a person what will change in this file; of a `sample` they are not told what it said.
pub fn show(file: &Path, old: &str, new: &str, sample: &str, asker: &mut dyn Asker) {
    let (file, is_new) = (file.display(), old == sample);
    let changes = review(old, new, !is_new);
    if changes.is_empty() {
        return asker.say(&format!("\nNothing changes in {file}."));
    }
    asker.say(&match is_new {
        true => format!("\nThis is set in {file}:"),
        false => format!("\nThis changes in {file}:"),
    });
    asker.show(&changes);
}

/// The keys that differ, as `- old` and `+ new` below the head of their table; what is old only `with_old`. Empty, if nothing
/// differs or one of the texts is no TOML.
#[must_use]
pub fn review(old: &str, new: &str, with_old: bool) -> String {
    let (Ok(old), Ok(new)) = (old.parse::<DocumentMut>(), new.parse::<DocumentMut>()) else {
        return String::new();
    };
    let (old, new) = (tables(&old), tables(&new));
    let gone = old.iter().filter(|(head, _)| !new.iter().any(|(other, _)| other == head));
    let mut text = String::new();
    for (head, _) in new.iter().chain(gone) {
        let keys = |all: &[(Head, Keys)]| -> Keys {
            all.iter().find(|(other, _)| other == head).map(|(_, keys)| keys.clone()).unwrap_or_default()
        };
        let lines = differing(&keys(&old), &keys(&new), with_old);
        if !lines.is_empty() && !head.0.is_empty() {
            text += &format!("{}\n", head.0);
        }
        text += &lines;
    }
    text
}

fn differing(old: &Keys, new: &Keys, with_old: bool) -> String {
    let was: BTreeMap<_, _> = old.iter().map(|(key, value)| (key, value)).collect();
    let mut lines = String::new();
    for (key, value) in new {
        let before = was.get(key).copied();
        if before == Some(value) {
            continue;
        }
        if let Some(before) = before.filter(|_| with_old) {
            lines += &format!("- {key} = {before}\n");
        }
        lines += &format!("+ {key} = {value}\n");
    }
    let gone = old.iter().filter(|(key, _)| with_old && !new.iter().any(|(other, _)| other == key));
    lines.extend(gone.map(|(key, value)| format!("- {key} = {value}\n")));
    lines
}

/// Every table with its keys, in the order of the text.
fn tables(document: &DocumentMut) -> Vec<(Head, Keys)> {
    let mut all = vec![];
    table("", (String::new(), 0), document.as_table(), &mut all);
    all
}

fn table(path: &str, head: Head, of: &Table, all: &mut Vec<(Head, Keys)>) {
    let (number, mut keys) = (head.1, vec![]);
    let values = of.iter().filter_map(|(key, item)| Some((key, item.as_value()?)));
    values.for_each(|(key, value)| entries(key, value, &mut keys));
    all.push((head, keys));
    for (key, item) in of {
        let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        match item {
            Item::Table(inner) => table(&path, (format!("[{path}]"), number), inner, all),
            Item::ArrayOfTables(several) => {
                for (number, inner) in several.iter().enumerate() {
                    table(&path, (format!("[[{path}]]"), number), inner, all);
                }
            }
            Item::Value(_) | Item::None => {}
        }
    }
}

fn entries(key: &str, value: &Value, into: &mut Keys) {
    match value {
        Value::InlineTable(inner) => {
            inner.iter().for_each(|(name, value)| entries(&format!("{key}.{name}"), value, into));
        }
        Value::Array(list) => {
            let all: Vec<String> = list.iter().map(bare).collect();
            into.push((key.to_owned(), format!("[{}]", all.join(", "))));
        }
        _ => into.push((key.to_owned(), bare(value))),
    }
}

/// The value without what stands around it; a text is the same however it is quoted.
fn bare(value: &Value) -> String {
    let mut bare = value.clone();
    bare.decor_mut().clear();
    match &bare {
        Value::String(text) => format!("{:?}", text.value()),
        _ => bare.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "# All.\nlocale = 'en'  # ours\n\n[[mailbox]]\nhost = \"a\"\nport = 1\n[[mailbox]]\nhost = \"z\"\n\n[watch]\ninclude = [ \"/a\",  # one\n \"/b\" ]\n";

    #[test]
    fn what_changes_stands_below_its_table_without_comments_and_one_key_a_line() {
        let new = "locale = \"en\"\n[[mailbox]]\nhost = \"b\"  # mail\noauth = { provider = \"x\", grant = \"y\" }\n[[mailbox]]\nhost = \"z\"\n[watch]\ninclude = [\"/a\", \"/c\"]\n[collect]\ncpu = false\n";
        assert_eq!(
            review(OLD, new, true),
            "[[mailbox]]\n- host = \"a\"\n+ host = \"b\"\n+ oauth.provider = \"x\"\n+ oauth.grant = \"y\"\n- port = 1\n[watch]\n- include = [\"/a\", \"/b\"]\n+ include = [\"/a\", \"/c\"]\n[collect]\n+ cpu = false\n"
        );
        let fresh = review(OLD, new, false);
        assert!(fresh.starts_with("[[mailbox]]\n+ host = \"b\"\n") && !fresh.contains("\n- "), "{fresh}");
    }

    #[test]
    fn what_is_only_written_differently_is_no_change_and_what_is_gone_is_told() {
        assert_eq!(review(OLD, &OLD.replace("'en'", "\"en\""), true), "");
        assert_eq!(
            review(OLD, "locale = 'en'\n[watch]\ninclude = ['/a', '/b']\n", true),
            "[[mailbox]]\n- host = \"a\"\n- port = 1\n[[mailbox]]\n- host = \"z\"\n"
        );
        assert_eq!(review("a =", "b = 1", true), "");
    }
}
