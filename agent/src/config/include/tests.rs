//! Profiles beside a configuration file.

use super::*;

struct Etc(tempfile::TempDir);

impl Etc {
    fn with(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("profiles")).unwrap();
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        Self(dir)
    }

    fn load(&self) -> Result<Config, String> {
        Config::load(&self.0.path().join("agent.toml"), |_| None).map_err(|error| error.to_string())
    }
}

const INCLUDE: &str = "include = ['profiles/a.toml', 'profiles/b.toml']\n";
const A: &str = "[[check]]\nname = 'one'\ntype = 'plugin'\ncommand = ['/a']\n\n[[check]]\nname = 'two'\ntype = 'plugin'\ncommand = ['/a']\n\n\
    [watch]\ninclude = ['/etc/a.conf']\n[[watch.rule]]\nfiles = ['/etc/a.conf']\nmode = 'full'\n";
const B: &str = "[[check]]\nname = 'three'\ntype = 'plugin'\ncommand = ['/b']\n[watch]\ninclude = ['/etc/b.conf']\nexclude = ['/etc/*.bak']\n\
    [redact]\npatterns = ['Kunde: (\\S+)']\n";

#[test]
fn checks_and_watch_rules_are_added_and_known_by_their_file() {
    let own =
        format!("{INCLUDE}watch.include = ['/etc/own.conf']\n[[check]]\nname = 'two'\nenabled = false\n");
    let etc = Etc::with(&[("agent.toml", &own), ("profiles/a.toml", A), ("profiles/b.toml", B)]);
    let config = etc.load().unwrap();
    let found: Vec<_> = config.check.iter().map(|check| (check.name.as_str(), check.enabled)).collect();
    assert_eq!(
        found,
        [("two", false), ("one", true), ("three", true)],
        "what the administrator wrote stands"
    );
    assert_eq!(config.check[1].file.as_deref(), Some(Path::new("profiles/a.toml")));
    assert_eq!(config.watch.include, ["/etc/own.conf", "/etc/a.conf", "/etc/b.conf"]);
    assert_eq!(
        (config.watch.exclude.len(), config.watch.rule.len(), config.redact.patterns.len()),
        (1, 1, 1)
    );
    let shown = config.shown();
    assert!(
        shown.contains("# from profiles/a.toml\n[[check]]") && shown.contains("# from profiles/b.toml\n"),
        "{shown}"
    );
    // A changed profile is a changed configuration.
    let before = config.digest(&[1; 32]);
    std::fs::write(etc.0.path().join("profiles/b.toml"), B.replace("/b", "/c")).unwrap();
    assert_ne!(etc.load().unwrap().digest(&[1; 32]), before);
}

#[test]
fn what_is_wrong_in_an_included_file_is_said_with_its_name_and_line() {
    let refused = |a: &str, b: &str| {
        Etc::with(&[("agent.toml", INCLUDE), ("profiles/a.toml", a), ("profiles/b.toml", b)])
            .load()
            .unwrap_err()
    };
    let said = refused(A, A);
    assert!(said.contains("profiles/b.toml, line 2: check \"one\" stands in profiles/a.toml too"), "{said}");
    let said = refused(&A.replace("'two'", "'one'"), B);
    assert!(said.contains("profiles/a.toml, line 7: two checks are named \"one\""), "{said}");
    let said = refused("[[chekc]]\n", B);
    assert!(said.contains("profiles/a.toml, line 1: unknown key `chekc`; did you mean `check`?"), "{said}");
    let said = refused("include = ['x']\n", B);
    assert!(said.contains("unknown key `include`"), "{said}");
    let missing = Etc::with(&[("agent.toml", INCLUDE), ("profiles/a.toml", A)]).load().unwrap_err();
    assert!(missing.contains("profiles/b.toml: No such file"), "{missing}");
    let twice = format!("{A}{}", A.split("[watch]").next().unwrap());
    assert!(Etc::with(&[("agent.toml", &twice)]).load().unwrap_err().contains("two checks are named"));
}
