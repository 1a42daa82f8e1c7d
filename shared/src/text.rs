//! Text from outside, made safe to show: no control, ANSI or bidirectional override characters.

mod sequence;

pub use sequence::sequences;

/// Whether a character may change how other text is shown or steer a terminal.
fn is_unsafe(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// Whether [`clean`] would leave the text as it is.
#[must_use]
pub fn is_clean(text: &str) -> bool {
    // Nearly every text is printable ASCII, which is told without decoding it.
    text.bytes().all(|byte| matches!(byte, b' '..=b'~')) || !text.chars().any(is_unsafe)
}

/// The text as a terminal would show it: without unsafe characters and without sequences that steer it, such as colours; line feeds
/// and tabs stay.
#[must_use]
pub fn clean(text: &str) -> String {
    harmless(&sequence::taken_out(text))
}

/// The text without unsafe characters. What stood in a terminal's sequence stays to be read, so that nothing of a watched file hides
/// in one; else [`clean`] is meant.
#[must_use]
pub fn harmless(text: &str) -> String {
    text.chars().filter(|c| !is_unsafe(*c)).collect()
}

/// [`clean`] on one line and cut to `max` bytes at a character boundary, with `…` where something was cut.
#[must_use]
pub fn one_line(text: &str, max: usize) -> String {
    let mut line: String = sequence::taken_out(text)
        .chars()
        .map(|c| if c == '\n' || c == '\t' { ' ' } else { c })
        .filter(|c| !is_unsafe(*c))
        .collect();
    if line.len() > max {
        line.truncate(line.floor_char_boundary(max.saturating_sub('…'.len_utf8())));
        line.push('…');
    }
    line
}

/// The text with a capital at its beginning, as headlines have it.
#[must_use]
pub fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Lines of at most `width` characters where words allow it; the second and further lines of each are indented by `indent`. A
/// word that is longer stays whole, as far to the left as it needs to fit a line, or where it is if it fits none: a command or a
/// path that was broken could not be copied.
#[must_use]
pub fn fold(text: &str, width: usize, indent: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        let (mut column, mut begun) = (0, false);
        // What a line begins with, as spaces of its own, stays.
        for (at, word) in line.split(' ').enumerate() {
            let length = word.chars().count();
            let fits_below = length <= width;
            if at > 0 && begun && column + 1 + length > width && fits_below {
                let indent = indent.min(width - length);
                out.push('\n');
                out.extend(std::iter::repeat_n(' ', indent));
                column = indent;
            } else if at > 0 {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += length;
            begun |= length > 0;
        }
        out.push_str(end);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_escape_and_a_bidi_override_are_taken_out_and_ordinary_text_stays() {
        assert_eq!(clean("a\u{1b}[31mred\u{202E}x\r\nb\tc"), "aredx\nb\tc");
        assert_eq!(one_line("a\u{1b}[31mred\u{202E}x\r\nb\tc", 100), "aredx b c");
        assert_eq!(harmless("a\u{1b}]0;rm -rf /\u{7}\n"), "a]0;rm -rf /\n", "nothing hides in a sequence");
        assert!(is_clean("Größe: 20 °C\n"));
        assert!(!is_clean("\u{7}"));
    }

    #[test]
    fn a_long_line_is_cut_at_a_character_and_says_so() {
        assert_eq!(one_line("äöü", 100), "äöü");
        assert_eq!(one_line("ääää", 6), "ä…");
        assert_eq!(one_line("two\nlines", 100), "two lines");
    }
    #[test]
    fn lines_are_folded_between_words_and_hang_below_their_beginning() {
        assert_eq!(fold("- one two three\n- four\n", 9, 2), "- one two\n  three\n- four\n");
        assert_eq!(fold("  indented stays", 80, 0), "  indented stays");
        assert_eq!(fold("a /very/long/path/stays/whole b", 10, 2), "a /very/long/path/stays/whole\n  b");
        assert_eq!(fold("a bb 12345678 c", 10, 4), "a bb\n  12345678\n    c", "it needs a line of its own");
        assert_eq!(fold("größe größe", 11, 0), "größe größe", "characters count, not bytes");
        assert_eq!(fold("", 10, 2), "");
        assert_eq!([capitalised("änderung"), capitalised("")], ["Änderung", ""]);
    }
}
