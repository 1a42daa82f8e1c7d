//! Sequences that steer a terminal (ECMA-48, xterm), taken out as a whole: of `ESC [ 3 1 m` nothing stays between two words that belong
//! together. Pure; one reading from left to right. None goes beyond its line, so a broken one cannot hide what follows.

use std::borrow::Cow;
use std::ops::Range;

const ESC: char = '\u{1b}';

/// The text without its sequences. Of what begins none only the control character goes.
pub(super) fn taken_out(text: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut done = 0;
    for sequence in sequences(text) {
        shown.push_str(&text[done..sequence.start]);
        done = sequence.end;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    shown.push_str(&text[done..]);
    Cow::Owned(shown)
}

/// Where the sequences of the text are, in order; of what begins none, where its control character is.
pub fn sequences(text: &str) -> impl Iterator<Item = Range<usize>> {
    let begins = |c: char| c == ESC || matches!(c, '\u{80}'..='\u{9f}');
    let mut done = 0;
    std::iter::from_fn(move || {
        let start = done + text[done..].find(begins)?;
        done = start + length(&text[start..]);
        Some(start..done)
    })
}

/// The bytes of the sequence that `text` begins with; of none, those of the character that could have begun one.
fn length(text: &str) -> usize {
    let mut chars = text.chars();
    let (lone, kind) = match (chars.next(), chars.next()) {
        (Some(ESC), Some(kind)) => (1, kind),
        (Some(ESC) | None, _) => return 1.min(text.len()),
        // One character of two bytes says the same as `ESC` and a letter.
        (Some(c1), _) => (2, char::from_u32(u32::from(c1) - 0x40).unwrap_or(ESC)),
    };
    let Some(rest) = text.get(2..) else { return lone };
    match kind {
        '[' => 2 + ending(rest, '\u{20}'..='\u{3f}', '\u{40}'..='\u{7e}'),
        ']' | 'P' | 'X' | '^' | '_' => words(rest).map_or(lone, |words| 2 + words),
        '\u{20}'..='\u{2f}' => 2 + ending(rest, '\u{20}'..='\u{2f}', '\u{30}'..='\u{7e}'),
        '\u{30}'..='\u{5f}' | 'c' | 'l' | 'm' | 'n' | 'o' | '|' | '}' | '~' => 2,
        _ => lone,
    }
}

type Letters = std::ops::RangeInclusive<char>;

/// The bytes of all `between`, and of the one of the `last` behind them.
fn ending(rest: &str, between: Letters, last: Letters) -> usize {
    let length = rest.find(|c| !between.contains(&c)).unwrap_or(rest.len());
    length + usize::from(rest[length..].starts_with(|c| last.contains(&c)))
}

/// The bytes of a title, a link or the like with what ends it: `BEL` or `ST`; `None` if another control character or nothing does.
fn words(rest: &str) -> Option<usize> {
    let end = rest.find(char::is_control)?;
    let ends = ["\u{7}", "\u{9c}", "\u{1b}\\"].into_iter().find(|mark| rest[end..].starts_with(mark))?;
    Some(end + ends.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{clean, is_clean, one_line};

    #[test]
    fn colours_titles_links_and_charsets_leave_nothing_between_the_letters() {
        for text in [
            "a\u{1b}[0mb",
            "a\u{1b}[38;5;196mb",
            "a\u{1b}[3m\u{1b}[0m\u{1b}[2mb",
            "a\u{1b}[?25lb",
            "a\u{9b}1mb",
            "a\u{1b}[1",
            "a\u{1b}]0;a title\u{7}b",
            "a\u{1b}]8;;https://example.com/x\u{1b}\\b\u{1b}]8;;\u{1b}\\",
            "a\u{9d}0;größer\u{9c}b",
            "a\u{1b}Pq#1\u{1b}\\b",
            "a\u{1b}(B\u{1b}[mb",
            "a\u{1b}7\u{1b}=b\u{1b}c",
            "a\u{1b}\u{1b}[1mb",
            "a\u{85}b\u{1b}",
        ] {
            let shown = if text.ends_with('1') { "a" } else { "ab" };
            assert_eq!(clean(text), shown, "{text:?}");
        }
    }

    #[test]
    fn a_broken_sequence_hides_nothing_of_what_follows() {
        for (text, shown) in [
            ("\u{1b}]0;no end", "]0;no end"),
            ("\u{1b}]0;no end\nand more\u{7}", "]0;no end\nand more"),
            ("\u{9d}no end\u{9d}none", "no endnone"),
            ("\u{1b}PASSWORD", "PASSWORD"),
            ("\u{1b}password", "password"),
            ("\u{1b}ü", "ü"),
            ("\u{1b}[1ü", "ü"),
            ("\u{1b}[1\n2m", "\n2m"),
            ("\u{1b}(\n", "\n"),
            ("\u{1b}", ""),
        ] {
            assert_eq!(clean(text), shown, "{text:?}");
        }
    }

    #[test]
    fn a_long_line_of_beginnings_is_read_in_one_go() {
        for bait in ["\u{1b}]", "\u{9d}", "\u{9d}x", "\u{1b}[", "\u{1b}[1", "\u{1b}", "\u{1b}P\u{1b}"] {
            assert!(clean(&bait.repeat(500_000)).len() <= 1_000_000, "{bait:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_cleaned_is_clean_and_what_is_clean_stays(text in "([\u{1b}\u{9b}\u{9d}\u{7}\u{9c}\\[\\];0-9mPK\\\\\n ]|\\PC){0,40}") {
            let cleaned = clean(&text);
            prop_assert!(is_clean(&cleaned));
            prop_assert_eq!(clean(&cleaned), cleaned.clone());
            prop_assert!(is_clean(&one_line(&text, 20)) && one_line(&text, 20).len() <= 20);
            prop_assert!(!is_clean(&text) || cleaned == text);
        }
    }
}
