//! The hub's key in a keyring: GNOME's, on a bus of the test's own.

use anyhow::{Context, Result, ensure};
use loqa_tests::{
    process::{Process, installed, until},
    program::{Ended, Home},
};
use std::{
    fs,
    process::{Command, Stdio},
};
use zbus::blocking::{Connection, connection::Builder, fdo::DBusProxy};

/// As its specification has it: <https://specifications.freedesktop.org/secret-service-spec/latest/>.
const NAME: &str = "org.freedesktop.secrets";
const TOLD: &str = "On the shopping list: tea.";
/// Nobody else comes to this bus, and nothing is started for anybody there: a keyring that would ask for a password
/// finds no window for that.
const BUS: &str = r#"<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>"#;

/// Somebody's session, with a keyring that their password opens.
struct Session {
    home: Home,
    address: String,
    bus: Connection,
    _daemon: Process,
}

impl Session {
    fn begin() -> Result<Option<Session>> {
        let [Some(daemon), Some(_)] = ["dbus-daemon", "gnome-keyring-daemon"].map(installed) else {
            eprintln!("skipped: `cargo xtask setup` installs a keyring for tests");
            return Ok(None);
        };
        let home = Home::new()?.deaf()?;
        let config = home.write("bus.conf", BUS)?;
        let mut command = Command::new(daemon);
        command.args(["--nofork", "--print-address=1"]);
        command.arg("--config-file").arg(config);
        let (daemon, address) = Process::that_tells(command.stderr(Stdio::null()))?;
        let bus = Builder::address(address.as_str())?.build()?;
        Ok(Some(Session {
            home,
            address,
            bus,
            _daemon: daemon,
        }))
    }

    /// The keyring, opened with this password, or as it is when nobody has opened it.
    fn keyring(&self, password: Option<&str>) -> Result<Process> {
        let mut command = Command::new("gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets"]);
        self.surround(&mut command);
        let path = self.home.write("password", password.unwrap_or_default())?;
        command
            .args(password.map(|_| "--unlock"))
            .stdin(fs::File::open(path)?)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let keyring = Process::start(&mut command)?;
        self.wait_until(true)?;
        Ok(keyring)
    }

    fn wait_until(&self, there: bool) -> Result<()> {
        let names = DBusProxy::new(&self.bus)?;
        until("the keyring comes, or goes", || {
            let name = NAME.try_into().map(|name| names.name_has_owner(name));
            name.is_ok_and(|owned| owned.is_ok_and(|owned| owned == there))
        })
    }

    fn end(&self, keyring: Process) -> Result<()> {
        drop(keyring);
        self.wait_until(false)
    }

    fn surround(&self, command: &mut Command) {
        command
            .env("HOME", self.home.path(""))
            .env("XDG_RUNTIME_DIR", self.home.path(""))
            .env("XDG_DATA_HOME", self.home.path("share"))
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .env("LOQA_HUB_KEYRING", "true")
            .env_remove("DISPLAY");
    }

    fn loqa(&self, args: &[&str]) -> Result<Ended> {
        let mut command = self.home.command(args);
        self.surround(&mut command);
        Ok(command.stdin(Stdio::null()).output()?.into())
    }
}

#[test]
fn without_the_keyring_a_copy_of_everything_opens_nothing() -> Result<()> {
    let Some(session) = Session::begin()? else {
        return Ok(());
    };
    let data = session.home.path("data");
    let loqa = |args: &[&str]| session.loqa(args);
    let list = || loqa(&["ask", "what is on my shopping list"]);
    let closed = |ended: &Ended| {
        ended.code == Some(1) && ended.err.contains("the keyring does not give Loqa's key")
    };

    let keyring = session.keyring(Some("open sesame"))?;
    let added = loqa(&["ask", "add tea to my shopping list"])?;
    ensure!(added.code == Some(0), "{added:#?}");
    let names = fs::read_to_string(data.join("keys/hub.key"))?;
    ensure!(names.starts_with("keyring hub key "), "{names}");
    let doctor = loqa(&["doctor"])?;
    ensure!(
        doctor.out.contains("its key is in the keyring"),
        "{doctor:#?}"
    );
    let entry = names.trim().strip_prefix("keyring ").context("no name")?;

    // Gone, then there and closed: nothing is read, and nothing is harmed.
    session.end(keyring)?;
    let ended = list()?;
    ensure!(closed(&ended), "{ended:#?}");
    let keyring = session.keyring(None)?;
    let ended = list()?;
    ensure!(closed(&ended), "{ended:#?}");
    session.end(keyring)?;
    let keyring = session.keyring(Some("open sesame"))?;
    let ended = list()?;
    ensure!(ended.out.contains(TOLD), "{ended:#?}");

    // Who has a copy of everything that Loqa wrote has nothing once the household was wiped.
    let copy = session.home.path("copy");
    let copied = Command::new("cp").arg("-a").args([&data, &copy]).status()?;
    ensure!(copied.success());
    let wiped = loqa(&["wipe", "--yes"])?;
    ensure!(
        wiped.code == Some(0) && !wiped.out.contains(entry),
        "{wiped:#?}"
    );
    fs::remove_dir_all(&data)?;
    fs::rename(&copy, &data)?;
    let ended = list()?;
    ensure!(closed(&ended), "{ended:#?}");

    // A keyring that nobody opens does not keep anybody from it.
    fs::remove_dir_all(&data)?;
    let added = loqa(&["ask", "add tea to my shopping list"])?;
    ensure!(added.code == Some(0), "{added:#?}");
    session.end(keyring)?;
    let _keyring = session.keyring(None)?;
    let wiped = loqa(&["wipe", "--yes"])?;
    ensure!(wiped.code == Some(0), "{wiped:#?}");
    ensure!(
        wiped.out.contains("the keyring keeps its entry `hub key "),
        "{wiped:#?}"
    );
    ensure!(!data.join("keys").exists());
    Ok(())
}
