//! Text from outside, made safe to show: no control, ANSI or bidirectional override characters.

/// Whether a character may change how other text is shown or steer a terminal.
fn is_unsafe(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// Whether [`clean`] would leave the text as it is.
#[must_use]
pub fn is_clean(text: &str) -> bool {
    !text.chars().any(is_unsafe)
}

/// The text without unsafe characters; line feeds and tabs stay.
#[must_use]
pub fn clean(text: &str) -> String {
    text.chars().filter(|c| !is_unsafe(*c)).collect()
}

/// [`clean`] on one line and cut to `max` bytes at a character boundary, with `…` where something was cut.
#[must_use]
pub fn one_line(text: &str, max: usize) -> String {
    let mut line: String = text
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_escape_and_a_bidi_override_are_taken_out_and_ordinary_text_stays() {
        assert_eq!(clean("a\u{1b}[31mred\u{202E}x\r\nb\tc"), "a[31mredx\nb\tc");
        assert!(is_clean("Größe: 20 °C\n"));
        assert!(!is_clean("\u{7}"));
    }

    #[test]
    fn a_long_line_is_cut_at_a_character_and_says_so() {
        assert_eq!(one_line("äöü", 100), "äöü");
        assert_eq!(one_line("ääää", 6), "ä…");
        assert_eq!(one_line("two\nlines", 100), "two lines");
    }
}
