//! Diffing and applying are each other's reverse, and what a change says.

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
            owner: Some(format!("{}:root", ["root", "adm", "uid-1f2e"][usize::from(mode % 3)])),
            mode: Some(format!("06{mode}4")),
            detail: None,
            muted: false,
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

/// As the agent makes it of a file that changes in every report.
fn muted(mut file: WatchedFile) -> WatchedFile {
    file.entry.state = FileState::Withheld;
    file.entry.encoding = None;
    file.entry.detail = Some("muted".into());
    file.entry.muted = true;
    file.text = None;
    file
}

fn snapshots() -> impl Strategy<Value = Snapshot> {
    let line = prop_oneof!["[ab]{0,3}\n", "\\PC{0,6}\n", Just("x\r\n".to_owned()), Just("\r".to_owned())];
    let text = (prop::collection::vec(line, 0..12), "[ab]{0,2}")
        .prop_map(|(lines, end)| lines.concat() + &end)
        .boxed();
    let text_file = || {
        // The size on disk is before redaction and moves on its own.
        (text.clone(), 0..3_u8, 0..3_u64).prop_map(|(text, mode, more)| {
            let mut file = text_file("", &text, mode);
            file.entry.size += more;
            file
        })
    };
    let file = prop_oneof![
        8 => text_file(),
        2 => text_file().prop_map(muted),
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

fn diff_of(old: &Snapshot, new: &Snapshot) -> Vec<Change> {
    diff(old, new, |_| false)
}

fn one(file: WatchedFile) -> Snapshot {
    Snapshot::from([(file.entry.path.clone(), file)])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn what_is_diffed_can_be_applied_again(old in snapshots(), new in snapshots(), whole in "[a-d]{0,4}") {
        let changes = diff(&old, &new, |path| path.ends_with(|c| whole.contains(c)));
        prop_assert_eq!(apply(&old, &manifest(&new), &changes), Ok(new));
    }

    #[test]
    fn owner_and_mode_show_whatever_else_is_hidden(old in snapshots(), new in snapshots()) {
        let changes = diff(&old, &new, |_| false);
        for (path, is) in &new {
            let Some(was) = old.get(path) else { continue };
            let change = changes.iter().find(|change| &change.path == path);
            let told = |before: fn(&Change) -> &Option<String>| change.and_then(|change| before(change).clone());
            let (was, is) = (&was.entry, &is.entry);
            prop_assert_eq!(told(|change| &change.mode_before), was.mode.clone().filter(|_| was.mode != is.mode));
            prop_assert_eq!(told(|change| &change.owner_before), was.owner.clone().filter(|_| was.owner != is.owner));
        }
    }

    #[test]
    fn a_diff_from_outside_is_an_error_and_never_a_panic(text in "\\PC{0,40}", diff in "(@@ -[0-9]{1,20},[0-9]{1,3} \\+1 @@\n)?[ +-]?\\PC{0,20}\n?") {
        let old = one(text_file("/etc/a", &text, 4));
        let change = Change { path: "/etc/a".into(), kind: ChangeKind::Modified,
            before: old["/etc/a"].entry.digest, after: None, diff: Some(diff), text: None,
            owner_before: None, mode_before: None };
        let _ = apply(&old, &manifest(&old), &[change]);
    }
}

#[test]
fn one_changed_line_of_many_travels_as_a_short_diff() {
    let lines: Vec<String> = (0..5_000).map(|n| format!("key{n} = {n}\n")).collect();
    let old = one(text_file("/etc/a", &lines.concat(), 4));
    let new = one(text_file("/etc/a", &lines.concat().replace("key77 = 77", "key77 = 78"), 4));
    let changes = diff(&old, &new, |_| false);
    let patch = changes[0].diff.as_ref().expect("a diff");
    assert!(patch.contains("-key77 = 77\n+key77 = 78\n") && patch.len() < 250, "{patch}");
}

#[test]
fn large_texts_with_nothing_in_common_travel_whole() {
    let text = |word: &str| (0..5_000).map(|n| format!("{word} {n}\n")).collect::<String>();
    let changes =
        diff(&one(text_file("/a", &text("old"), 4)), &one(text_file("/a", &text("new"), 4)), |_| false);
    assert!(changes[0].diff.is_none() && changes[0].text.is_some());
}

#[test]
fn a_change_from_another_version_is_refused_by_name() {
    let (first, second, third) =
        (one(text_file("/a", "1\n", 4)), one(text_file("/a", "2\n", 4)), one(text_file("/a", "3\n", 4)));
    let refused = apply(&first, &manifest(&third), &diff(&second, &third, |_| false)).unwrap_err();
    assert_eq!(refused, ApplyError::OtherBase { path: "/a".into() });
}

#[test]
fn a_diff_fits_where_it_says_it_stands_or_is_refused() {
    let apply_diff = |text: &str, diff: String| {
        let (old, new) = (one(text_file("/a", text, 4)), one(text_file("/a", "new", 4)));
        let mut changes = diff_of(&old, &new);
        (changes[0].diff, changes[0].text) = (Some(diff), None);
        apply(&old, &manifest(&new), &changes).map(|new| new["/a"].text.clone().unwrap())
    };
    let change_b = |line: usize| format!("@@ -{line},1 +{line},1 @@\n-b\n+B\n");
    assert_eq!(apply_diff("a\nb\na\nb\n", change_b(4)).unwrap(), "a\nb\na\nB\n");
    let refused = ApplyError::DiffDoesNotApply { path: "/a".into() };
    for elsewhere in [0, 1, 3, 5, 99] {
        assert_eq!(apply_diff("a\nb\na\nb\n", change_b(elsewhere)).unwrap_err(), refused, "{elsewhere}");
    }
    // Looked for at every place it takes as many steps as the text has lines, times those of the diff.
    let most = " \n".repeat(99_999) + "-x\n+y\n";
    let endless = apply_diff(&"\n".repeat(200_000), format!("@@ -1,100000 +1,100000 @@\n{most}"));
    assert_eq!(endless.unwrap_err(), refused);
}

#[test]
fn a_text_that_is_wanted_whole_travels_whole_and_only_when_it_changed() {
    let (old, new) = (one(text_file("/a", "1\n2\n", 4)), one(text_file("/a", "1\n3\n", 4)));
    let changes = diff(&old, &new, |_| true);
    assert_eq!((changes[0].diff.as_deref(), changes[0].text.as_deref()), (None, Some("1\n3\n")));
    assert_eq!(diff(&new, &new, |_| true), []);
}

#[test]
fn a_size_alone_is_no_change_where_the_content_is_the_same() {
    let old = one(text_file("/a", "generated at <volatile>\n", 4));
    let mut new = old.clone();
    new.get_mut("/a").unwrap().entry.size += 1;
    assert_eq!(diff(&old, &new, |_| false), []);
    assert_eq!(apply(&old, &manifest(&new), &[]), Ok(new.clone()), "and the manifest still tells it");
    let mut huge = not_text("/a", FileState::TooLarge);
    huge.entry.digest = None;
    let mut larger = huge.clone();
    larger.entry.size += 1;
    assert_eq!(
        diff(&one(huge), &one(larger), |_| false).len(),
        1,
        "without a digest the size is all there is"
    );
}

#[test]
fn a_long_diff_of_a_short_text_travels_as_the_text() {
    let old = one(text_file("/a", "x\n", 4));
    let sent = |length: usize| {
        diff(&old, &one(text_file("/a", &("y".repeat(length) + "\n"), 4)), |_| false).remove(0).diff
    };
    let longest = (1..5_000).filter_map(sent).map(|patch| patch.len()).max();
    assert_eq!(longest, Some(4 * 1024 - 1));
}

#[test]
fn texts_are_compared_where_at_most_four_thousand_lines_differ() {
    let line = |n: usize| format!("{n:0>200}\n");
    let is_diff = |old: &dyn Fn() -> String, new: &dyn Fn() -> String| {
        let changes = diff(&one(text_file("/a", &old(), 4)), &one(text_file("/a", &new(), 4)), |_| false);
        changes[0].diff.is_some()
    };
    let lines = |count: usize| move || (0..count).map(line).collect::<String>();
    let reversed = |count: usize| move || (0..count).rev().map(line).collect::<String>();
    assert!(is_diff(&lines(1_000), &lines(5_000)));
    assert!(!is_diff(&lines(1_000), &lines(5_001)));
    assert!(is_diff(&lines(9_000), &lines(5_000)));
    assert!(!is_diff(&lines(9_001), &lines(5_000)));
    assert!(!is_diff(&lines(2_002), &reversed(2_002)), "what stands in another order differs");
    assert!(!is_diff(&|| "\n".repeat(200_000), &|| "one line\n".into()), "also where little is left");
}

#[test]
fn a_line_that_stood_there_a_hundred_times_stayed_a_hundred_times() {
    let text =
        |count| "always the same line of a length that makes a whole text dear to send\n".repeat(count);
    let changes =
        diff(&one(text_file("/a", &text(100), 4)), &one(text_file("/a", &text(4_101), 4)), |_| false);
    assert!(changes[0].diff.is_none() && changes[0].text.is_some());
}

#[test]
fn manifest_and_changes_that_contradict_each_other_are_refused() {
    let (empty, old) = (Snapshot::new(), one(text_file("/a", "1\n", 4)));
    let new = one(text_file("/a", "2\n", 4));
    let refused = |held: &Snapshot, files: &[FileEntry], changes: &[Change]| {
        apply(held, files, changes).unwrap_err().to_string()
    };
    let modified = diff(&old, &new, |_| false);
    assert_eq!(refused(&old, &[], &modified), "/a: manifest and changes disagree on whether it is there");
    let removed = diff(&old, &empty, |_| false);
    let both = refused(&old, &manifest(&old), &removed);
    assert_eq!(both, "/a: added though it was there, or modified though it was not");
    assert_eq!(refused(&empty, &manifest(&new), &modified), both);
    assert_eq!(refused(&old, &manifest(&old), &diff(&empty, &old, |_| false)), both);
    let unsaid = refused(&empty, &manifest(&old), &[]);
    assert_eq!(unsaid, "/a: is in the manifest, was not before, and is no change");
    let mut without_text = diff(&empty, &new, |_| false);
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
    let changes = diff(&old, &new, |_| false);
    assert_eq!((&changes[0].diff, &changes[0].text), (&None, &None));
    assert_eq!(apply(&old, &manifest(&new), &changes), Ok(new));
}

#[test]
fn content_is_another_by_its_digest_and_without_one_by_all_that_is_known_of_it() {
    let was = text_file("a.conf", "one\n", 4).entry;
    let look = |change: fn(&mut FileEntry)| {
        let mut is = was.clone();
        change(&mut is);
        is.differs_in_content(&was)
    };
    assert!(look(|is| is.digest = Some(Digest::of(b"two\n"))));
    for same in [
        (|is| is.size = 99) as fn(&mut FileEntry),
        |is| is.owner = Some("adm:adm".into()),
        |is| is.mode = Some("0600".into()),
        |is| (is.state, is.detail) = (FileState::Withheld, Some("muted".into())),
    ] {
        assert!(!look(same), "the digest is the same");
    }
    assert!(look(|is| is.digest = None), "it can no longer be read");
    let unread = FileEntry { digest: None, ..was };
    assert!(!unread.clone().differs_in_content(&unread));
    for change in [
        (|is| is.size = 99) as fn(&mut FileEntry),
        |is| is.state = FileState::TooLarge,
        |is| is.detail = Some("permission denied".into()),
    ] {
        let mut is = unread.clone();
        change(&mut is);
        assert!(is.differs_in_content(&unread), "{is:?}");
    }
}
