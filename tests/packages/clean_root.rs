//! A minimal Debian or Ubuntu of the running release, in a directory.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, ensure};
use mailbeat_tests::programs::{Build, Program, file};
use tempfile::TempDir;

/// The root; removed when dropped.
pub(crate) struct CleanRoot {
    dir: TempDir,
    packages: PathBuf,
}

/// A program running in it; killed when dropped.
pub(crate) struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl CleanRoot {
    /// A copy of the root kept in the target directory, which is made first where it is missing.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let agent = file(Program::Agent, Build::Ordinary)?;
        let target = agent.parent().and_then(Path::parent).context("programs lie in a target directory")?;
        let (kept, packages) = (target.join("clean-root"), target.join("packages-of-tests"));
        if !kept.join("usr/bin/systemd-sysusers").exists() {
            bootstrap(&kept)?;
        }
        pack(target, &packages)?;
        let dir = tempfile::Builder::new().prefix("mailbeat-root-").tempdir_in(target)?;
        run(Command::new("cp").arg("-a").arg(kept.join(".")).arg(dir.path()))?;
        Ok(Self { dir, packages })
    }

    /// A path inside, seen from outside.
    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        self.dir.path().join(inside.trim_start_matches('/'))
    }

    /// Installs both packages; what dpkg said.
    pub(crate) fn install(&self) -> anyhow::Result<String> {
        let mut args = vec!["dpkg".to_owned(), "--install".to_owned()];
        for package in fs::read_dir(&self.packages)? {
            let package = package?;
            let name = package.file_name().into_string().ok().context("a name in UTF-8")?;
            fs::copy(package.path(), self.path("/tmp").join(&name))?;
            args.push(format!("/tmp/{name}"));
        }
        self.run("root", &args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn command(&self, user: &str, args: &[&str]) -> anyhow::Result<Command> {
        let mut command = Command::new("chroot");
        if user != "root" {
            command.arg(format!("--userspec={user}:{user}"));
        }
        command.arg(self.dir.path()).args(args).env_clear();
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", "/").env("LC_ALL", "C.UTF-8");
        command.env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
        Ok(command)
    }

    /// Runs a command inside as this user; what it printed.
    pub(crate) fn run(&self, user: &str, args: &[&str]) -> anyhow::Result<String> {
        run(&mut self.command(user, args)?)
    }

    /// Starts a command inside that goes on.
    pub(crate) fn start(&self, user: &str, args: &[&str]) -> anyhow::Result<Started> {
        let log = File::options().create(true).append(true).open(self.path("/tmp/programs.log"))?;
        let mut command = self.command(user, args)?;
        Ok(Started(command.stdout(log.try_clone()?).stderr(log).spawn()?))
    }

    /// What the programs that were started printed.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("/tmp/programs.log")).unwrap_or_default()
    }

    /// Command lines of processes inside whose name begins so.
    pub(crate) fn processes(&self, name: &str) -> anyhow::Result<Vec<String>> {
        let mut found = Vec::new();
        for process in fs::read_dir("/proc")?.flatten() {
            let inside = fs::read_link(process.path().join("root")).is_ok_and(|root| root == self.dir.path());
            let command = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            if inside && command.starts_with(name) {
                found.push(command);
            }
        }
        Ok(found)
    }
}

fn bootstrap(into: &Path) -> anyhow::Result<()> {
    let release = fs::read_to_string("/etc/os-release")?;
    let suite = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    let suite = suite.context("/etc/os-release names no release; run this on Debian or Ubuntu")?;
    let making = into.with_extension("making");
    let _ = fs::remove_dir_all(&making);
    let mut debootstrap = Command::new("debootstrap");
    debootstrap.args(["--variant=minbase", "--include=systemd,ca-certificates", suite]).arg(&making);
    run(&mut debootstrap).context("debootstrap; tests/install-deps.sh installs it")?;
    let _ = fs::remove_dir_all(into);
    Ok(fs::rename(making, into)?)
}

/// The packages of the programs these tests are about, without what only a debugger reads.
fn pack(target: &Path, into: &Path) -> anyhow::Result<()> {
    let stripped = target.join("stripped");
    fs::create_dir_all(&stripped)?;
    for program in [Program::Agent, Program::Receiver] {
        let built = file(program, Build::Ordinary)?;
        let name = built.file_name().context("a file")?.to_owned();
        run(Command::new("strip").arg("-o").arg(stripped.join(name)).arg(&built))?;
    }
    let _ = fs::remove_dir_all(into);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/pack.sh");
    let mut pack = Command::new(script);
    pack.arg(target)
        .args(["mailbeat-agent", "mailbeat-receiver"].map(|name| stripped.join(name)))
        .arg("--fast");
    run(pack.env("PACKAGES", into))?;
    Ok(())
}

fn run(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{command:?} ended with {}:\n{stdout}{stderr}", output.status);
    Ok(stdout.into_owned())
}
