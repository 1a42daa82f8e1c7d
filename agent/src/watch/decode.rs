//! Bytes to text: by byte order mark, else UTF-8, else Windows-1252 (every byte is something there). Line ends stay.

use mailbeat_shared::wire::snapshot::Encoding;

/// The text without its byte order mark; `None` if this is no text.
pub(super) fn decode(bytes: &[u8]) -> Option<(String, Encoding)> {
    let (text, encoding) = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => (String::from_utf8(rest.to_vec()).ok()?, Encoding::Utf8),
        [0xFF, 0xFE, rest @ ..] => (utf16(rest, u16::from_le_bytes)?, Encoding::Utf16),
        [0xFE, 0xFF, rest @ ..] => (utf16(rest, u16::from_be_bytes)?, Encoding::Utf16),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => (text.to_owned(), Encoding::Utf8),
            Err(_) => (bytes.iter().map(|byte| windows_1252(*byte)).collect(), Encoding::Windows1252),
        },
    };
    (!is_binary(&text)).then_some((text, encoding))
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    if !bytes.len().is_multiple_of(2) {
        return None;
    }
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).collect::<Result<_, _>>().ok()
}

/// WHATWG's windows-1252: the five unassigned bytes are control characters.
fn windows_1252(byte: u8) -> char {
    #[rustfmt::skip]
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9F => HIGH[usize::from(byte - 0x80)],
        other => char::from(other),
    }
}

/// A NUL, or more than one control character in thirty.
fn is_binary(text: &str) -> bool {
    let (mut all, mut control) = (0_usize, 0_usize);
    for c in text.chars() {
        all += 1;
        control += usize::from(c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}' | '\u{1b}'));
        if c == '\0' {
            return true;
        }
    }
    control * 30 > all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(bytes: &[u8]) -> Option<(String, Encoding)> {
        decode(bytes)
    }

    #[test]
    fn each_encoding_is_known_and_line_ends_stay() {
        assert_eq!(decoded("grün\r\nrot\n".as_bytes()), Some(("grün\r\nrot\n".into(), Encoding::Utf8)));
        assert_eq!(decoded(b"\xEF\xBB\xBFa"), Some(("a".into(), Encoding::Utf8)));
        assert_eq!(decoded(b"\xFF\xFEg\0\xFC\0"), Some(("gü".into(), Encoding::Utf16)));
        assert_eq!(decoded(b"\xFE\xFF\0g\0\xFC"), Some(("gü".into(), Encoding::Utf16)));
        assert_eq!(decoded(b"gr\xFCn \x80 20"), Some(("grün € 20".into(), Encoding::Windows1252)));
        assert_eq!(decoded(b""), Some((String::new(), Encoding::Utf8)));
    }

    #[test]
    fn programs_and_pictures_are_no_text() {
        assert_eq!(decoded(b"\x7FELF\x02\x01\x01\0\0\0"), None);
        assert_eq!(decoded(b"\x89PNG\r\n\x1a\n\x01\x02\x03\x04\x05"), None);
        assert_eq!(decoded(b"\xFF\xFEa"), None);
        assert_eq!(decoded(b"\xFF\xFE\x00\xD8"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_text_or_not_and_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }
    }
}
