//! A room of its own for each test: private PulseAudio servers, whose null sinks are a speaker that
//! can be recorded and a microphone that can be spoken into, and unplugged.

use crate::{
    process::Process,
    program::{Home, Listener},
};
use anyhow::{Context, Result, bail, ensure};
use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// Longer than any server takes to answer.
const CEILING: Duration = Duration::from_secs(30);
/// Samples per second of what is recorded.
const RECORDED_HZ: u32 = 16_000;

/// A microphone and a speaker, on servers of their own: where there is no other source on the
/// server, one that is unplugged is gone, and not replaced by the speaker's monitor.
pub struct Room {
    folder: tempfile::TempDir,
    _servers: [Process; 2],
    microphone: Option<String>,
}

/// What the speaker plays, from the moment this was made.
pub struct Recording {
    recorder: Process,
    samples: std::thread::JoinHandle<Vec<f32>>,
}

impl Room {
    /// Builds one; `None` where PulseAudio is not installed.
    ///
    /// # Errors
    /// A server does not answer.
    pub fn new() -> Result<Option<Room>> {
        let folder = tempfile::tempdir()?;
        let servers = ["speaker", "microphone"].map(|server| start(folder.path(), server));
        let [Ok(speaker), Ok(microphone)] = servers else {
            return Ok(None);
        };
        let mut room = Room {
            folder,
            _servers: [speaker, microphone],
            microphone: None,
        };
        room.connect(("speaker", ""), ("microphone", ""))?;
        room.wait_for("speaker")?;
        room.wait_for("microphone")?;
        let sink = ["sink_name=speaker", "rate=48000", "channels=2"];
        room.pactl(
            "speaker",
            &[&["load-module", "module-null-sink"], &sink[..]].concat(),
        )?;
        room.plug_in()?;
        Ok(Some(room))
    }

    /// One whose speaker and people are the two channels of one recording ([`Room::record_both`]).
    /// The microphone hears the people, and the speaker as well if it `echoes`; it cannot be
    /// unplugged. `None` where PulseAudio is not installed.
    ///
    /// # Errors
    /// The server refuses.
    pub fn on_one_clock(echoes: bool) -> Result<Option<Room>> {
        let Some(room) = Room::new()? else {
            return Ok(None);
        };
        let load = |module: &str, args: &str| {
            let args = args.split(' ');
            let args = ["load-module", module].into_iter().chain(args);
            room.pactl("speaker", &args.collect::<Vec<_>>())
        };
        load("module-null-sink", "sink_name=air rate=16000 channels=2")?;
        let channel = |name: &str| format!("channels=1 remix=no {name}");
        for (sink, side) in [("mouth", "left"), ("people", "right")] {
            let side = format!("channel_map=mono master_channel_map=front-{side}");
            let args = channel(&format!("sink_name={sink} master=air {side}"));
            load("module-remap-sink", &args)?;
        }
        let side = "channel_map=mono master_channel_map=front-right";
        let args = channel(&format!("source_name=ear master=air.monitor {side}"));
        load("module-remap-source", &args)?;
        let ear = if echoes {
            "device \"air.monitor\""
        } else {
            "device \"ear\""
        };
        room.connect(("speaker", "device \"mouth\""), ("speaker", ear))?;
        Ok(Some(room))
    }

    /// Makes these the default devices: server, and which of its devices.
    fn connect(&self, playback: (&str, &str), capture: (&str, &str)) -> Result<()> {
        let pcm = |direction: &str, (server, device): (&str, &str)| {
            let socket = socket(self.folder.path(), server);
            let socket = socket.display();
            format!("pcm.{direction} {{ type pulse server \"unix:{socket}\" {device} }}\n")
        };
        let (playback, capture) = (pcm("out", playback), pcm("in", capture));
        let both = "pcm.!default { type asym playback.pcm out capture.pcm in }\n";
        let all = format!("</usr/share/alsa/alsa.conf>\n{playback}{capture}{both}");
        Ok(fs::write(self.folder.path().join("asound.conf"), all)?)
    }

    /// A hub that listens here, called by this phrase, or by any word if it is empty.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn hub(&self, home: &Home, wake: &str) -> Result<Listener> {
        let mut hub = home.command(["hub", "--json"]);
        self.let_in(&mut hub)
            .env("LOQA_VOICE_OUTPUT", "default")
            .env("LOQA_LISTEN_MICROPHONE", "default")
            .env("LOQA_LISTEN_CHIME", "false")
            .env("LOQA_LISTEN_WAKE", wake);
        Listener::start(hub)
    }

    /// Lets a program hear and speak in this room alone.
    pub fn let_in<'a>(&self, program: &'a mut Command) -> &'a mut Command {
        program
            .env("ALSA_CONFIG_PATH", self.folder.path().join("asound.conf"))
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
    }

    /// Connects the microphone.
    ///
    /// # Errors
    /// The server refuses.
    pub fn plug_in(&mut self) -> Result<()> {
        let sink = [
            "load-module",
            "module-null-sink",
            "sink_name=room",
            "rate=16000",
            "channels=1",
        ];
        let module = self.pactl("microphone", &sink)?;
        self.microphone = Some(module.trim().to_owned());
        Ok(())
    }

    /// Pulls the microphone's cable.
    ///
    /// # Errors
    /// The server refuses, or it was not connected.
    pub fn unplug(&mut self) -> Result<()> {
        let module = self.microphone.take().context("not plugged in")?;
        self.pactl("microphone", &["unload-module", &module])?;
        Ok(())
    }

    /// Says a WAV file into the microphone; returns when it was said.
    ///
    /// # Errors
    /// There is no microphone.
    pub fn say(&self, wav: &Path) -> Result<()> {
        self.play("microphone", "room", wav)
    }

    /// The same in a room that is [`Room::on_one_clock`].
    ///
    /// # Errors
    /// It is not.
    pub fn say_aside(&self, wav: &Path) -> Result<()> {
        self.play("speaker", "people", wav)
    }

    fn play(&self, server: &str, sink: &str, wav: &Path) -> Result<()> {
        let mut paplay = self.program("paplay", server);
        let status = paplay.arg(format!("--device={sink}")).arg(wav).status()?;
        ensure!(status.success(), "paplay: {status}");
        Ok(())
    }

    /// Records the speaker from now on.
    ///
    /// # Errors
    /// It cannot be recorded.
    pub fn record(&self) -> Result<Recording> {
        self.record_from("speaker.monitor", 1)
    }

    /// Records speaker and people from now on, one sample of each after the other, in a room that
    /// is [`Room::on_one_clock`].
    ///
    /// # Errors
    /// It is not.
    pub fn record_both(&self) -> Result<Recording> {
        self.record_from("air.monitor", 2)
    }

    fn record_from(&self, source: &str, channels: usize) -> Result<Recording> {
        let mut recorder = Process::start(
            self.program("parec", "speaker")
                .arg(format!("--device={source}"))
                .arg(format!("--channels={channels}"))
                .arg(format!("--rate={RECORDED_HZ}"))
                .args(["--format=s16le", "--raw", "--latency-msec=20"])
                .stdout(Stdio::piped()),
        )?;
        let mut sound = recorder.0.stdout.take().context("no output")?;
        // The monitor runs all the time: its first sample tells that recording has begun.
        sound.read_exact(&mut vec![0; 2 * channels])?;
        let samples = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            // What was recorded until it was stopped.
            let _ = sound.read_to_end(&mut bytes);
            let pairs = bytes.chunks_exact(2);
            pairs
                .map(|pair| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32768.0)
                .collect()
        });
        Ok(Recording { recorder, samples })
    }

    fn wait_for(&self, server: &str) -> Result<()> {
        let deadline = Instant::now() + CEILING;
        while self.pactl(server, &["info"]).is_err() {
            ensure!(Instant::now() < deadline, "pulseaudio does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn pactl(&self, server: &str, args: &[&str]) -> Result<String> {
        let output = self.program("pactl", server).args(args).output()?;
        if !output.status.success() {
            bail!("pactl: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn program(&self, program: &str, server: &str) -> Command {
        command(program, self.folder.path(), server)
    }
}

impl Recording {
    /// Stops; the samples so far, 16,000 a second.
    pub fn stop(self) -> Vec<f32> {
        drop(self.recorder);
        self.samples.join().unwrap_or_default()
    }
}

fn start(folder: &Path, server: &str) -> Result<Process> {
    let script = folder.join(server).with_extension("pa");
    let socket = socket(folder, server);
    let native = "load-module module-native-protocol-unix auth-anonymous=1 socket";
    fs::write(&script, format!("{native}={}\n", socket.display()))?;
    fs::create_dir_all(folder.join(server))?;
    Process::start(
        command("pulseaudio", folder, server)
            .args([
                "-n",
                "--daemonize=no",
                "--exit-idle-time=-1",
                "--use-pid-file=no",
            ])
            .args(["--disable-shm=yes", "--log-level=error", "-F"])
            .arg(script),
    )
}

fn socket(folder: &Path, server: &str) -> PathBuf {
    folder.join(server).join("socket")
}

fn command(program: &str, folder: &Path, server: &str) -> Command {
    let mut command = Command::new(program);
    let own = folder.join(server);
    command
        .env("HOME", &own)
        .env("XDG_RUNTIME_DIR", &own)
        .env("XDG_CONFIG_HOME", &own)
        .env(
            "PULSE_SERVER",
            format!("unix:{}", socket(folder, server).display()),
        )
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .stdin(Stdio::null());
    command
}
