//! Edits of a TOML file that keep its comments, its order, and everything nobody asked about. A key that stands commented out,
//! as in the samples, is switched on where it stands. Pure.

pub mod review;

use std::path::Path;

pub use toml_edit::Value;
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table};

/// A TOML file being edited.
#[derive(Debug)]
pub struct Edit {
    text: String,
    document: DocumentMut,
}

/// What becomes of a key.
#[derive(Clone, Debug)]
pub struct Key {
    name: &'static str,
    value: Option<Value>,
    usual: bool,
}

impl Key {
    /// It has this value.
    pub fn set(name: &'static str, value: impl Into<Value>) -> Self {
        Self { name, value: Some(value.into()), usual: false }
    }

    /// It has this value, or is removed.
    pub fn maybe(name: &'static str, value: Option<impl Into<Value>>) -> Self {
        Self { name, value: value.map(Into::into), usual: false }
    }

    /// It has this value; where that is the usual one, a file that does not set it need not say so.
    pub fn unless_usual(name: &'static str, value: impl Into<Value>, usual: bool) -> Self {
        Self { usual, ..Self::set(name, value) }
    }

    /// It is removed.
    #[must_use]
    pub fn none(name: &'static str) -> Self {
        Self { name, value: None, usual: false }
    }
}

/// A path as a value.
#[must_use]
pub fn path(path: &Path) -> Value {
    path.display().to_string().into()
}

/// A file that is no TOML.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NoToml(#[from] toml_edit::TomlError);

impl Edit {
    /// Begins with this text.
    ///
    /// # Errors
    /// [`NoToml`].
    pub fn of(text: &str) -> Result<Self, NoToml> {
        Ok(Self { text: text.to_owned(), document: text.parse()? })
    }

    /// Sets a key; `table` is empty for the file's own keys. What is set so already stays as it is written.
    pub fn set(&mut self, table: &str, key: &str, value: impl Into<Value>) {
        let value = value.into();
        if self.value(table, key).is_none()
            && let Some(switched_on) = uncommented(&self.text, &header(table), key)
        {
            self.take(switched_on);
        }
        let Some(table) = table_mut(&mut self.document, table) else { return };
        put(table, key, value);
        self.text = self.document.to_string();
    }

    /// Removes a key.
    pub fn remove(&mut self, table: &str, key: &str) {
        if self.value(table, key).is_some()
            && let Some(table) = table_mut(&mut self.document, table)
        {
            table.remove(key);
            self.text = self.document.to_string();
        }
    }

    /// Whether the file sets a key.
    #[must_use]
    pub fn has(&self, table: &str, key: &str) -> bool {
        self.value(table, key).is_some()
    }

    /// Sets keys of a table, or removes them; other keys in it stay.
    pub fn set_keys(&mut self, table: &str, keys: &[Key]) {
        for key in keys {
            match &key.value {
                Some(_) if key.usual && !self.has(table, key.name) => {}
                Some(value) => self.set(table, key.name, value.clone()),
                None => self.remove(table, key.name),
            }
        }
    }

    /// Sets keys of the first table of an array of tables, or removes them; other keys in it stay.
    pub fn set_first(&mut self, array: &str, keys: &[Key]) {
        for key in keys {
            let is_there = self.first(array).is_some_and(|table| table.contains_key(key.name));
            if key.usual && !is_there {
                continue;
            }
            if key.value.is_some()
                && !is_there
                && let Some(switched_on) = uncommented(&self.text, &format!("[[{array}]]"), key.name)
            {
                self.take(switched_on);
            }
            let Some(table) = self.first(array) else { return };
            match &key.value {
                Some(value) => put(table, key.name, value.clone()),
                None => drop(table.remove(key.name)),
            }
            self.text = self.document.to_string();
        }
    }

    fn first(&mut self, array: &str) -> Option<&mut Table> {
        let item = self.document.entry(array).or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
        let tables = item.as_array_of_tables_mut()?;
        if tables.is_empty() {
            tables.push(Table::new());
        }
        tables.get_mut(0)
    }

    /// The text as it is now.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    fn value(&self, table: &str, key: &str) -> Option<&Item> {
        let root = self.document.as_table();
        let table = if table.is_empty() { Some(root) } else { root.get(table)?.as_table() };
        table?.get(key)
    }

    fn take(&mut self, text: String) {
        if let Ok(document) = text.parse() {
            self.document = document;
            self.text = text;
        }
    }
}

/// A list of texts as a value.
#[must_use]
pub fn list(texts: &[String]) -> Value {
    Value::Array(Array::from_iter(texts))
}

/// A table on one line as a value.
#[must_use]
pub fn table(keys: Vec<(&str, Value)>) -> Value {
    Value::InlineTable(toml_edit::InlineTable::from_iter(keys))
}

/// The lines that differ, as `- old` and `+ new`.
#[must_use]
pub fn changes(old: &str, new: &str) -> String {
    let patch = diffy::create_patch(old, new);
    let lines = patch.hunks().iter().flat_map(|hunk| hunk.lines());
    let shown = lines.filter_map(|line| match line {
        diffy::Line::Context(_) => None,
        diffy::Line::Delete(line) => Some(format!("- {}\n", line.trim_end())),
        diffy::Line::Insert(line) => Some(format!("+ {}\n", line.trim_end())),
    });
    shown.collect()
}

fn table_mut<'d>(document: &'d mut DocumentMut, name: &str) -> Option<&'d mut Table> {
    if name.is_empty() {
        return Some(document.as_table_mut());
    }
    document.entry(name).or_insert(Item::Table(Table::new())).as_table_mut()
}

/// Sets the key and keeps the comments before and behind it.
fn put(table: &mut Table, key: &str, mut value: Value) {
    match table.get_mut(key) {
        Some(Item::Value(old)) => {
            if !means_the_same(old, &value) {
                *value.decor_mut() = old.decor().clone();
                *old = value;
            }
        }
        _ => drop(table.insert(key, Item::Value(value))),
    }
}

/// Whether two values differ in how they are written only.
fn means_the_same(one: &Value, other: &Value) -> bool {
    let bare = |value: &Value| {
        let mut bare = value.clone();
        bare.decor_mut().clear();
        bare.to_string()
    };
    match (one, other) {
        (Value::String(one), Value::String(other)) => one.value() == other.value(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| means_the_same(one, other))
        }
        _ => bare(one) == bare(other),
    }
}

/// The line a table begins with; the file's own keys have none.
fn header(table: &str) -> String {
    if table.is_empty() { String::new() } else { format!("[{table}]") }
}

/// The text with `#key = ...` switched on, if it stands below the first line that is `header`, before the next one.
fn uncommented(text: &str, header: &str, key: &str) -> Option<String> {
    let (mut here, mut been, mut found) = (header.is_empty(), header.is_empty(), false);
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if line.trim_start_matches('#').starts_with('[') {
            here = !been && line.trim_end() == header;
            been |= here;
        }
        let is_it =
            |line: &str| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
        match line.strip_prefix('#').filter(|rest| here && !found && is_it(rest)) {
            Some(rest) => {
                found = true;
                out.push_str(rest);
            }
            None => out.push_str(line),
        }
    }
    found.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "# The agent.\n#locale = \"en\"  # the language\n\n# How mail leaves.\n[[route]]\nname = \"office\"\nhost = \"mail\"  # ours\n#port = 587  # usual\n\n[watch]\ninclude = []  # globs\n\n[collect]\n#cpu = true\n#load = true\n";

    #[test]
    fn keys_are_switched_on_where_they_stand_and_comments_stay() {
        let mut edit = Edit::of(SAMPLE).unwrap();
        edit.set("", "locale", "de");
        edit.set("collect", "load", false);
        edit.set("watch", "include", list(&["/etc/hosts".to_owned()]));
        edit.set_first(
            "route",
            &[
                Key::set("host", "mx"),
                Key::set("port", 465),
                Key::none("password"),
                Key::unless_usual("tls", "starttls", true),
            ],
        );
        assert_eq!(
            edit.text(),
            "# The agent.\nlocale = \"de\"  # the language\n\n# How mail leaves.\n[[route]]\nname = \"office\"\nhost = \"mx\"  # ours\nport = 465  # usual\n\n[watch]\ninclude = [\"/etc/hosts\"]  # globs\n\n[collect]\n#cpu = true\nload = false\n"
        );
    }

    #[test]
    fn what_is_set_so_already_changes_no_byte_and_what_is_missing_is_made() {
        let text = "locale   =   'de'   # mine\n";
        let mut edit = Edit::of(text).unwrap();
        edit.set("", "locale", "de");
        assert_eq!(edit.text(), text);
        edit.set("", "locale", "fr");
        edit.set("", "locale", "fr");
        assert_eq!(edit.text(), "locale   =   \"fr\"   # mine\n");
        let several = "a = [\n  'x',  # one\n  'y',\n]\n";
        let mut edit = Edit::of(several).unwrap();
        edit.set("", "a", list(&["x".to_owned(), "y".to_owned()]));
        assert_eq!(edit.text(), several);
        let mut edit = Edit::of("").unwrap();
        edit.set("collect", "cpu", false);
        edit.set_keys("collect", &[Key::unless_usual("load", true, true), Key::none("swap")]);
        edit.set_first("route", &[Key::set("type", "relay")]);
        assert_eq!(edit.text(), "[collect]\ncpu = false\n\n[[route]]\ntype = \"relay\"\n");
        edit.remove("collect", "cpu");
        assert!(!edit.has("collect", "cpu") && Edit::of("a = ").is_err());
        assert_eq!(changes("a = 1\nb = 2\n", "a = 1\nb = 3\n"), "- b = 2\n+ b = 3\n");
    }
}
