//! Names of files: any bytes can be written as text and read back.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use proptest::prelude::*;

use super::*;

/// The way back, as a reader of a report would write it.
fn decode_path(path: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            bytes.push(u8::from_str_radix(std::str::from_utf8(&tail[..2]).unwrap(), 16).unwrap());
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    bytes
}

proptest! {
    #[test]
    fn any_path_can_be_written_as_text_and_read_back(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let encoded = encode_path(Path::new(OsStr::from_bytes(&bytes)));
        prop_assert_eq!(decode_path(&encoded), bytes);
        prop_assert!(mailbeat_shared::text::is_clean(&encoded) && !encoded.contains(['\n', '\t']));
    }
}

#[test]
fn a_path_that_is_no_utf_8_is_watched_under_its_escaped_name() {
    let folder = folder(&[]);
    fs::write(folder.path().join(OsStr::from_bytes(b"gr\xFCn 100%.conf")), "x").unwrap();
    let watched = look(&including(&folder, &["*.conf"]));
    assert_eq!(names(&watched, &folder), ["gr%FCn 100%25.conf"]);
}
