//! The crash points are complete, and absent from what is shipped.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use mailbeat_tests::programs::{Build, Program, file};

use crate::points::TABLE;
use crate::tokens;

/// Not written in one piece, or this test's own binary would be the only proof anybody needs.
fn variable() -> Vec<u8> {
    ["MAILBEAT", "CRASH", "AT"].join("_").into_bytes()
}

#[test]
fn only_the_builds_for_this_test_can_be_told_to_crash() {
    let named_in = |program, build| {
        let bytes = fs::read(file(program, build).unwrap()).unwrap();
        let wanted = variable();
        bytes.windows(wanted.len()).any(|window| window == wanted)
    };
    for program in [Program::Agent, Program::Receiver] {
        assert!(!named_in(program, Build::Ordinary), "{program:?} as it is shipped");
        assert!(named_in(program, Build::CrashPoints), "{program:?} with crash points");
    }
}

#[test]
fn every_point_in_the_sources_is_in_the_table_of_this_test_and_the_other_way_round() {
    let mut points = BTreeSet::new();
    for room in ["shared/src", "agent/src", "receiver/src"] {
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(room), &mut points);
    }
    // A4 has stories of its own, over an OAuth server.
    let steps = TABLE.iter().map(|(step, ..)| *step).chain([tokens::STEP]);
    let table: BTreeSet<String> =
        steps.flat_map(|step| [format!("{step}.before"), format!("{step}.after")]).collect();
    assert_eq!(points, table);
}

/// The names in every `crash::point("...")` below a directory.
fn collect(dir: &Path, into: &mut BTreeSet<String>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else if let Ok(text) = fs::read_to_string(&path) {
            let calls = text.split("crash::point(\"").skip(1);
            into.extend(calls.filter_map(|rest| rest.split('"').next()).map(str::to_owned));
        }
    }
}
