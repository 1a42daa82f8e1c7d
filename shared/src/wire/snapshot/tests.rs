//! What is diffed applies again, what contradicts itself is refused, and what is dear to compare is not compared.

use proptest::prelude::*;

use super::*;

fn text_file(path: &str, text: &str, mode: u8) -> WatchedFile {
    WatchedFile {
        entry: FileEntry {
            path: path.to_owned(),
            size: text.len() as u64,
            state: FileState::Text,
            encoding: Some(Encoding::Utf8),
            digest: Some(Digest::of(text.as_bytes())),
            owner: None,
            mode: Some(format!("06{mode}4")),
            detail: None,
        },
        text: Some(text.to_owned()),
    }
}

fn not_text(path: &str, state: FileState) -> WatchedFile {
    let mut file = text_file(path, "", 4);
    file.entry.state = state;
    file.entry.encoding = None;
    file.text = None;
    file
}

fn snapshots() -> impl Strategy<Value = Snapshot> {
    let line = prop_oneof!["[ab]{0,3}\n", "\\PC{0,6}\n", Just("x\r\n".to_owned()), Just("\r".to_owned())];
    let text =
        (prop::collection::vec(line, 0..12), "[ab]{0,2}").prop_map(|(lines, end)| lines.concat() + &end);
    let file = prop_oneof![
        8 => (text, 0..3_u8).prop_map(|(text, mode)| text_file("", &text, mode)),
        1 => Just(not_text("", FileState::Binary)),
        1 => Just(not_text("", FileState::Withheld)),
        1 => Just(not_text("", FileState::Unreadable)),
    ];
    prop::collection::btree_map("/etc/[a-d]", file, 0..4).prop_map(|files| {
        files
            .into_iter()
            .map(|(path, mut file)| {
                file.entry.path.clone_from(&path);
                (path, file)
            })
            .collect()
    })
}

fn manifest(of: &Snapshot) -> Vec<FileEntry> {
    of.values().map(|file| file.entry.clone()).collect()
}

fn one(file: WatchedFile) -> Snapshot {
    Snapshot::from([(file.entry.path.clone(), file)])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn what_is_diffed_can_be_applied_again(old in snapshots(), new in snapshots()) {
        prop_assert_eq!(apply(&old, &manifest(&new), &diff(&old, &new)), Ok(new));
    }

    #[test]
    fn a_diff_from_outside_is_an_error_and_never_a_panic(text in "\\PC{0,40}", diff in "(@@ -[0-9]{1,20},[0-9]{1,3} \\+1 @@\n)?[ +-]?\\PC{0,20}\n?") {
        let old = one(text_file("/etc/a", &text, 4));
        let change = Change { path: "/etc/a".into(), kind: ChangeKind::Modified,
            before: old["/etc/a"].entry.digest, after: None, diff: Some(diff), text: None };
        let _ = apply(&old, &manifest(&old), &[change]);
    }
}

#[test]
fn one_changed_line_of_many_travels_as_a_short_diff() {
    let lines: Vec<String> = (0..5_000).map(|n| format!("key{n} = {n}\n")).collect();
    let old = one(text_file("/etc/a", &lines.concat(), 4));
    let new = one(text_file("/etc/a", &lines.concat().replace("key77 = 77", "key77 = 78"), 4));
    let changes = diff(&old, &new);
    let patch = changes[0].diff.as_ref().expect("a diff");
    assert!(patch.contains("-key77 = 77\n+key77 = 78\n") && patch.len() < 250, "{patch}");
}

#[test]
fn large_texts_with_nothing_in_common_travel_whole() {
    let text = |word: &str| (0..5_000).map(|n| format!("{word} {n}\n")).collect::<String>();
    let changes = diff(&one(text_file("/a", &text("old"), 4)), &one(text_file("/a", &text("new"), 4)));
    assert!(changes[0].diff.is_none() && changes[0].text.is_some());
}

#[test]
fn a_change_from_another_version_is_refused_by_name() {
    let (first, second, third) =
        (one(text_file("/a", "1\n", 4)), one(text_file("/a", "2\n", 4)), one(text_file("/a", "3\n", 4)));
    let refused = apply(&first, &manifest(&third), &diff(&second, &third)).unwrap_err();
    assert_eq!(refused, ApplyError::OtherBase { path: "/a".into() });
}

#[test]
fn a_long_diff_of_a_short_text_travels_as_the_text() {
    let old = one(text_file("/a", "x\n", 4));
    let sent =
        |length: usize| diff(&old, &one(text_file("/a", &("y".repeat(length) + "\n"), 4))).remove(0).diff;
    let longest = (1..5_000).filter_map(sent).map(|patch| patch.len()).max();
    assert_eq!(longest, Some(4 * 1024 - 1));
}

#[test]
fn large_texts_are_compared_where_most_lines_stayed_and_small_ones_always() {
    let line = |n: usize| format!("{n:0>200}\n");
    let is_diff = |held: usize, total: usize| {
        let text = |lines: usize| (0..lines).map(line).collect::<String>();
        diff(&one(text_file("/a", &text(held), 4)), &one(text_file("/a", &text(total), 4)))[0].diff.is_some()
    };
    assert!(is_diff(100, 1_999), "small");
    assert!(!is_diff(100, 2_000));
    assert!(!is_diff(1_000, 2_000), "half");
    assert!(is_diff(1_001, 2_000));
}

#[test]
fn a_line_that_stood_there_a_hundred_times_stayed_a_hundred_times() {
    let text =
        |count| "always the same line of a length that makes a whole text dear to send\n".repeat(count);
    let changes = diff(&one(text_file("/a", &text(100), 4)), &one(text_file("/a", &text(2_000), 4)));
    assert!(changes[0].diff.is_none() && changes[0].text.is_some());
}

#[test]
fn manifest_and_changes_that_contradict_each_other_are_refused() {
    let (empty, old) = (Snapshot::new(), one(text_file("/a", "1\n", 4)));
    let new = one(text_file("/a", "2\n", 4));
    let refused = |held: &Snapshot, files: &[FileEntry], changes: &[Change]| {
        apply(held, files, changes).unwrap_err().to_string()
    };
    let modified = diff(&old, &new);
    assert_eq!(refused(&old, &[], &modified), "/a: manifest and changes disagree on whether it is there");
    let removed = diff(&old, &empty);
    let both = refused(&old, &manifest(&old), &removed);
    assert_eq!(both, "/a: added though it was there, or modified though it was not");
    assert_eq!(refused(&empty, &manifest(&new), &modified), both);
    assert_eq!(refused(&old, &manifest(&old), &diff(&empty, &old)), both);
    let unsaid = refused(&empty, &manifest(&old), &[]);
    assert_eq!(unsaid, "/a: is in the manifest, was not before, and is no change");
    let mut without_text = diff(&empty, &new);
    without_text[0].text = None;
    let missing = refused(&empty, &manifest(&new), &without_text);
    assert_eq!(missing, "/a: is text, and its text is neither sent nor held");
    let mut twice = modified;
    twice[0].text = Some("2\n".into());
    assert_eq!(refused(&old, &manifest(&new), &twice), "/a: both a diff and a text");
}

#[test]
fn a_file_whose_mode_alone_changed_keeps_its_text_and_sends_none() {
    let (old, new) = (one(text_file("/a", "1\n", 4)), one(text_file("/a", "1\n", 0)));
    let changes = diff(&old, &new);
    assert_eq!((&changes[0].diff, &changes[0].text), (&None, &None));
    assert_eq!(apply(&old, &manifest(&new), &changes), Ok(new));
}
