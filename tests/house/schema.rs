//! The report's JSON Schema is generated from the types and committed; a drift between the two fails here.
//! `MAILBEAT_BLESS=1 cargo test -p mailbeat-tests --test house schema` writes the file anew.

use mailbeat_shared::wire::report::Report;

#[test]
fn the_committed_schema_is_the_one_the_types_make() {
    let generated = serde_json::to_string_pretty(&schemars::schema_for!(Report)).unwrap() + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/schema/report.v1.json");
    if std::env::var_os("MAILBEAT_BLESS").is_some() {
        std::fs::write(path, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        generated == committed,
        "shared/schema/report.v1.json is not what the types say; MAILBEAT_BLESS=1 writes it anew"
    );
}
