//! Loqa's window on a screen that nobody sees, used as a person would through WebDriver:
//! <https://www.w3.org/TR/webdriver2/>.

use crate::{
    process::{CEILING, Process, installed, until},
    program::Home,
};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::{
    env,
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Command, Stdio},
};

/// Where windows can be opened: a screen and a session bus of its own.
pub struct Desk {
    window: PathBuf,
    driver: PathBuf,
    display: String,
    bus_address: String,
    _processes: [Process; 2],
}

impl Desk {
    /// Opens a screen; `None`, having said so, where something for that is missing.
    ///
    /// # Errors
    /// What is installed does not start.
    pub fn open() -> Result<Option<Desk>> {
        let Some(window) = env::var_os("LOQA_DESKTOP") else {
            eprintln!("skipped: `cargo xtask test` builds the window where WebKit is installed");
            return Ok(None);
        };
        let [Some(xvfb), Some(dbus), Some(driver)] =
            ["Xvfb", "dbus-daemon", "WebKitWebDriver"].map(installed)
        else {
            eprintln!(
                "skipped: `cargo xtask setup` installs a screen for tests, and what drives WebKit"
            );
            return Ok(None);
        };
        // It takes a number that is free, and tells which.
        let mut screen = Command::new(xvfb);
        screen.args(["-displayfd", "1", "-screen", "0", "1280x900x24"]);
        screen.args(["-nolisten", "tcp"]).stderr(Stdio::null());
        let (screen, number) = Process::that_tells(&mut screen)?;
        let mut bus = Command::new(dbus);
        bus.args(["--session", "--nofork", "--print-address=1"]);
        bus.stderr(Stdio::null());
        let (bus, bus_address) = Process::that_tells(&mut bus)?;
        Ok(Some(Desk {
            window: window.into(),
            driver,
            display: format!(":{number}"),
            bus_address,
            _processes: [screen, bus],
        }))
    }

    /// The address of its session bus.
    pub fn bus(&self) -> &str {
        &self.bus_address
    }

    /// The name of its screen.
    pub fn display(&self) -> &str {
        &self.display
    }

    /// The window as a person starts it, in this home; not yet started.
    pub fn window(&self, home: &Home) -> Command {
        let mut command = home.command_of(&self.window, [""; 0]);
        self.surround(&mut command, home);
        command
    }

    /// Opens the window in this home, to be used.
    ///
    /// # Errors
    /// It does not come up.
    pub fn use_window(&self, home: &Home) -> Result<Window> {
        // Free now; whoever else asks for one is given another for a while.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let mut driver = Command::new(&self.driver);
        driver.arg(format!("--port={port}"));
        home.surround(&mut driver);
        self.surround(&mut driver, home);
        driver.env("TAURI_WEBVIEW_AUTOMATION", "true");
        let driver = Process::start(&mut driver)?;
        until("WebKitWebDriver listens", || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
        })?;
        let mut window = Window {
            port,
            session: String::new(),
            _driver: driver,
        };
        let options = json!({ "binary": self.window, "args": ["--data", home.path("data")] });
        let wanted = json!({ "webkitgtk:browserOptions": options });
        let capabilities = json!({ "capabilities": { "alwaysMatch": wanted } });
        let session = window.ask("POST", "/session", &capabilities)?;
        let id = session["sessionId"].as_str().context("no session")?;
        window.session = format!("/session/{id}");
        // Whatever is looked for is waited for.
        let patience = json!({ "implicit": CEILING.as_millis() as u64 });
        window.post("timeouts", &patience)?;
        Ok(window)
    }

    fn surround(&self, command: &mut Command, home: &Home) {
        command
            .env("DISPLAY", &self.display)
            .env_remove("WAYLAND_DISPLAY")
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus_address)
            .env("XDG_DATA_HOME", home.path("share"))
            .env("XDG_CACHE_HOME", home.path("cache"))
            .env("LANG", "C.UTF-8")
            .env("LANGUAGE", "en")
            // There is no screen reader, and no graphics card.
            .env("NO_AT_BRIDGE", "1")
            .env("WEBKIT_DISABLE_DMABUF_RENDERER", "1");
    }
}

/// A window that is used. Dropping it ends it.
pub struct Window {
    port: u16,
    session: String,
    _driver: Process,
}

impl Window {
    /// Waits until what an XPath leads to is there.
    ///
    /// # Errors
    /// It does not come within 100 s.
    pub fn see(&self, path: &str) -> Result<()> {
        self.find(path).map(drop)
    }

    /// Touches it.
    ///
    /// # Errors
    /// As [`Window::see`], and if something lies over it.
    pub fn touch(&self, path: &str) -> Result<()> {
        let element = self.find(path)?;
        self.post(&format!("element/{element}/click"), &json!({}))?;
        Ok(())
    }

    /// Types into it, and then Enter.
    ///
    /// # Errors
    /// As [`Window::see`], and if nothing can be typed there.
    pub fn type_into(&self, path: &str, text: &str) -> Result<()> {
        let element = self.find(path)?;
        let keys = json!({ "text": format!("{text}\u{e007}") });
        self.post(&format!("element/{element}/value"), &keys)?;
        Ok(())
    }

    /// Runs a script of a page that means ill; what it hands to `done`.
    ///
    /// # Errors
    /// It does not say.
    pub fn script(&self, script: &str) -> Result<Value> {
        let script = format!("const done = arguments[0]; {script}");
        self.post("execute/async", &json!({ "script": script, "args": [] }))
    }

    fn find(&self, path: &str) -> Result<String> {
        let look = || self.post("element", &json!({ "using": "xpath", "value": path }));
        // A page that goes away takes a search with it; the next one has what is looked for.
        let found = look().or_else(|error| match error.to_string() {
            why if why.contains("unload event") => look(),
            _ => Err(error),
        });
        let found = found.with_context(|| format!("looked for {path}"))?;
        let element = found.as_object().and_then(|found| found.values().next());
        let element = element.and_then(Value::as_str).context("no element")?;
        Ok(element.to_owned())
    }

    fn post(&self, what: &str, body: &Value) -> Result<Value> {
        self.ask("POST", &format!("{}/{what}", self.session), body)
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let (port, body) = (self.port, body.to_string());
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(CEILING * 2))?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (_, document) = answer.split_once("\r\n\r\n").context("no answer")?;
        let mut document: Value = serde_json::from_str(document).context(answer.clone())?;
        let value = document["value"].take();
        ensure!(
            value.get("error").is_none_or(Value::is_null),
            "{method} {path}: {value}"
        );
        Ok(value)
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // The driver ends what it has started, and then is ended itself.
        let _ = self.ask("DELETE", &self.session, &Value::Null);
    }
}
