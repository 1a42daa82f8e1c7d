//! Edits of a TOML file that keep its comments, its order, and everything nobody asked about. A key that stands commented out,
//! as in the samples, is switched on where it stands. Pure.

pub use toml_edit::Value;
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table};

/// A TOML file being edited.
#[derive(Debug)]
pub struct Edit {
    text: String,
    document: DocumentMut,
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

    /// Sets keys of the first table of an array of tables, or removes them (`None`); other keys in it stay.
    pub fn set_first(&mut self, array: &str, keys: &[(&str, Option<Value>)]) {
        for (key, value) in keys {
            if value.is_some()
                && self.first(array).is_some_and(|table| !table.contains_key(key))
                && let Some(switched_on) = uncommented(&self.text, &format!("[[{array}]]"), key)
            {
                self.take(switched_on);
            }
            let Some(table) = self.first(array) else { return };
            match value {
                Some(value) => put(table, key, value.clone()),
                None => drop(table.remove(key)),
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
pub fn table(keys: &[(&str, String)]) -> Value {
    Value::InlineTable(toml_edit::InlineTable::from_iter(
        keys.iter().map(|(key, value)| (*key, value.as_str())),
    ))
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
            if shown(old) != shown(&value) {
                *value.decor_mut() = old.decor().clone();
                *old = value;
            }
        }
        _ => drop(table.insert(key, Item::Value(value))),
    }
}

fn shown(value: &Value) -> String {
    let mut bare = value.clone();
    bare.decor_mut().clear();
    bare.to_string()
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
            &[("host", Some("mx".into())), ("port", Some(465.into())), ("password", None)],
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
        edit.set("", "locale", "fr");
        edit.set("", "locale", "fr");
        assert_eq!(edit.text(), "locale   =   \"fr\"   # mine\n");
        let mut edit = Edit::of("").unwrap();
        edit.set("collect", "cpu", false);
        edit.set_first("route", &[("type", Some("relay".into()))]);
        assert_eq!(edit.text(), "[collect]\ncpu = false\n\n[[route]]\ntype = \"relay\"\n");
        edit.remove("collect", "cpu");
        assert!(!edit.has("collect", "cpu") && Edit::of("a = ").is_err());
        assert_eq!(changes("a = 1\nb = 2\n", "a = 1\nb = 3\n"), "- b = 2\n+ b = 3\n");
    }
}
