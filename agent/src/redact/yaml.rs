//! Values that go on below their name: YAML block scalars and lists, continuation lines, arrays.

use super::key::Names;
use super::span::Spans;
use super::value;
use super::value_end::{self, Place, line_end};

/// A place inside brackets or a list: nothing ends at the end of the line.
const ITEM: Place = Place { first_on_line: false, inside: None, field: false };

/// Whether what stands after the separator announces a block: nothing, `|`, `>-`, `!!binary |`, `&anchor |2`.
pub(super) fn opens_block(rest: &str) -> Option<bool> {
    let rest = rest.split(" #").next().unwrap_or(rest).trim();
    let mark = rest.split_whitespace().next_back().unwrap_or("");
    let scalar =
        mark.starts_with(['|', '>']) && mark[1..].chars().all(|c| matches!(c, '+' | '-' | '0'..='9'));
    let tags = rest.split_whitespace().rev().skip(1).all(|word| word.starts_with(['!', '&']));
    if rest.is_empty()
        || (rest.starts_with(['!', '&']) && !rest.contains(' ') && rest.len() < 40 && rest != "!")
    {
        return Some(false);
    }
    (scalar && tags).then_some(true)
}

/// Marks what stands below a name at `column`, from the line after `from`. `scalar` says that a block scalar was
/// announced, so that even lines that look like settings belong to it. Returns where reading goes on.
pub(super) fn below(
    text: &str,
    name: &str,
    kind: Names,
    column: usize,
    from: usize,
    scalar: bool,
    spans: &mut Spans,
) -> usize {
    let bytes = text.as_bytes();
    let mut at = from;
    let mut block: Option<(usize, usize)> = None;
    while at < bytes.len() {
        let start = at + 1;
        if start >= bytes.len() {
            break;
        }
        let end = line_end(bytes, start);
        let line = &text[start..end];
        let content = line.trim_start_matches([' ', '\t']);
        let indent = line.len() - content.len();
        if content.trim().is_empty() {
            at = end;
            continue;
        }
        let first = start + indent;
        if scalar {
            if indent <= column {
                break;
            }
            block = Some((block.map_or(first, |(from, _)| from), end));
        } else if let Some(item) = content.strip_prefix("- ").filter(|_| indent >= column) {
            if !item.starts_with(['"', '\'']) && looks_like_setting(item) {
                break;
            }
            list_item(text, name, kind, end - item.len(), end, spans);
        } else if indent > column && !looks_like_setting(content) {
            if value::is_secret(name, kind, content) {
                spans.add(first, end);
            }
        } else {
            break;
        }
        at = end;
    }
    if let Some((from, to)) = block {
        spans.add(from, to);
    }
    if at == from { from } else { at }
}

fn list_item(text: &str, name: &str, kind: Names, at: usize, end: usize, spans: &mut Spans) {
    let item = &text[at..end];
    let quoted = item.starts_with(['"', '\'']);
    let item = item.trim().trim_matches(['"', '\'']);
    if is_name_in_list(name, item) || !value::is_secret(name, kind, item) {
        return;
    }
    spans.add(at + usize::from(quoted), at + usize::from(quoted) + item.len());
}

/// `secrets: [db_password]` lists names, `tokens: [abc]` lists tokens.
fn is_name_in_list(name: &str, item: &str) -> bool {
    let lists_names =
        ["secrets", "credentials"].iter().any(|plural| name.to_ascii_lowercase().ends_with(plural));
    lists_names && item.bytes().all(|c| c.is_ascii_lowercase() || matches!(c, b'_' | b'-' | b'.'))
}

/// `name: value`, `name = value` with blanks, `[section]`, a comment, a closing bracket: not the continuation of a value.
fn looks_like_setting(line: &str) -> bool {
    let line = line.trim_start_matches("- ");
    if line.starts_with(['#', '[', '{', '}', ']', '<', ';', '-']) {
        return true;
    }
    let name = line
        .bytes()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.' | b'"' | b'\'' | b'/'))
        .count();
    let blank = line[name..].starts_with([' ', '\t']);
    let rest = line[name..].trim_start();
    let colon = rest.strip_prefix(':').is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']));
    let equals = rest.strip_prefix('=').is_some_and(|rest| blank && rest.starts_with([' ', '\t']));
    name > 0 && (colon || equals)
}

/// Marks the items of `["a", "b"]` that starts at `at`; an item that is an object ends it. Returns where reading goes on.
pub(super) fn array(text: &str, name: &str, kind: Names, at: usize, spans: &mut Spans) -> usize {
    let bytes = text.as_bytes();
    let mut at = at + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b']' | b'{' | b'[' => return at,
            b'#' => at = line_end(bytes, at),
            byte if byte.is_ascii_whitespace() || *byte == b',' => at += 1,
            _ => {
                let item = value_end::of(text, at, ITEM);
                let inner = &text[item.inner.clone()];
                // `[success=1 default=ignore]` and `[a-z]` are no lists of values.
                if !item.quoted && inner.contains(['=', ':', '-']) && !value::is_random(inner, 8) {
                    return item.next.max(at + 1);
                }
                if !is_name_in_list(name, inner) && value::is_secret(name, kind, inner) {
                    spans.add(item.inner.start, item.inner.end);
                }
                at = item.next.max(at + 1);
            }
        }
    }
    at
}
