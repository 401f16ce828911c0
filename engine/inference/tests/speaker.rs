//! A reply played on a sound device really sounds: through PulseAudio's null sink, whose monitor
//! is recorded. Skipped where PulseAudio is not installed.
#![cfg(target_os = "linux")]

use futures::{StreamExt, executor::block_on, stream};
use loqa_core::seams::{Speaker, SpeechChunk};
use loqa_inference::playback::DeviceSpeaker;
use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Set in the copy of this test that plays: ALSA reads its configuration from the environment.
const PLAYING: &str = "LOQA_TEST_PLAYING";
const TONE_S: f64 = 0.6;
const RECORDED_HZ: usize = 16_000;

#[test]
fn a_reply_is_recorded_from_the_monitor() {
    if std::env::var_os(PLAYING).is_some() {
        return play();
    }
    let folder = tempfile::tempdir().expect("a folder");
    let Some(_server) = PulseAudio::start(folder.path()) else {
        eprintln!("skipped: pulseaudio is not installed");
        return;
    };
    let mut recorder = Ended(
        pulse("parec", folder.path())
            .args(["--device=speaker.monitor", "--rate=16000", "--channels=1"])
            .args(["--format=s16le", "--raw", "--latency-msec=20"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("parec comes with pulseaudio-utils"),
    );
    let mut recording = recorder.0.stdout.take().expect("piped");
    // The monitor runs all the time: its first sample tells that recording has begun.
    let mut sample = [0; 2];
    recording.read_exact(&mut sample).expect("silence");
    let player = std::env::current_exe().expect("this test");
    let mut player = pulse_env(&mut Command::new(player), folder.path())
        .args([
            "--exact",
            "a_reply_is_recorded_from_the_monitor",
            "--nocapture",
        ])
        .env(PLAYING, "1")
        .spawn()
        .expect("a copy of this test");
    let mut loud = 0;
    let mut quiet_since_loud = 0;
    let mut heard_samples = 0;
    // Until half a second of silence follows the tone; a minute without one is a failure.
    while quiet_since_loud < RECORDED_HZ / 2 && heard_samples < 60 * RECORDED_HZ {
        recording.read_exact(&mut sample).expect("a sample");
        heard_samples += 1;
        let amplitude = i16::from_le_bytes(sample).unsigned_abs();
        // A square wave is loud all the time.
        if amplitude > 3000 {
            loud += 1;
            quiet_since_loud = 0;
        } else if loud > 0 {
            quiet_since_loud += 1;
        }
    }
    assert!(player.wait().expect("ended").success());
    let loud_s = loud as f64 / RECORDED_HZ as f64;
    assert!(
        (TONE_S * 0.9..TONE_S * 1.1).contains(&loud_s),
        "{loud_s} s of tone"
    );
}

/// Plays 0.6 s of a square wave, and drops a reply that would go on for ever before it.
fn play() {
    let speaker = DeviceSpeaker::open("default", None).expect("the null sink");
    eprintln!("device buffer: {:?}", speaker.buffer());
    let silence = stream::repeat_with(|| {
        Ok(SpeechChunk {
            sample_rate_hz: 16_000,
            samples: vec![0.0; 320],
        })
    });
    let dropped = speaker.arm(silence.boxed());
    block_on(dropped.start()).expect("begun");
    let finished = dropped.finished();
    drop(dropped);
    block_on(finished);
    let samples: Vec<f32> = (0..(TONE_S * 16_000.0) as usize)
        .map(|i| if i / 40 % 2 == 0 { 0.5 } else { -0.5 })
        .collect();
    let tone = samples.chunks(320).map(|chunk| {
        Ok(SpeechChunk {
            sample_rate_hz: 16_000,
            samples: chunk.to_vec(),
        })
    });
    let reply = speaker.arm(stream::iter(tone.collect::<Vec<_>>()).boxed());
    // Another choice: one that is not there changes nothing, and what is armed begins on the new one.
    speaker
        .choose("no such speaker")
        .expect_err("there is none");
    assert_eq!(speaker.name(), "default");
    speaker.choose("default").expect("opened anew");
    // It rests, as nobody needs it, and is opened for the next sound.
    speaker.rouse();
    let needed = Instant::now();
    while speaker.buffer().is_some() {
        assert!(
            needed.elapsed() < Duration::from_secs(60),
            "it does not rest"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    let before = Instant::now();
    let started = block_on(reply.start()).expect("heard");
    eprintln!("first sample left {:?} after start", started - before);
    assert_eq!(block_on(reply.finished()), Duration::from_secs_f64(TONE_S));
    // What the device holds back is still to be heard when the reply has left the ring.
    std::thread::sleep(speaker.buffer().unwrap_or(Duration::from_millis(200)) * 4);
}

#[test]
fn a_reply_ends_when_its_device_goes_away() {
    if std::env::var_os(PLAYING).is_some() {
        return play_until_lost();
    }
    let folder = tempfile::tempdir().expect("a folder");
    let Some(server) = PulseAudio::start(folder.path()) else {
        eprintln!("skipped: pulseaudio is not installed");
        return;
    };
    let player = std::env::current_exe().expect("this test");
    let mut player = pulse_env(&mut Command::new(player), folder.path())
        .args([
            "--exact",
            "a_reply_ends_when_its_device_goes_away",
            "--nocapture",
        ])
        .env(PLAYING, "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("a copy of this test");
    let output = BufReader::new(player.stdout.take().expect("piped"));
    let mut server = Some(server);
    for line in output.lines() {
        if line.expect("text").contains("playing") {
            server = None;
        }
    }
    assert!(server.is_none(), "it played");
    assert!(player.wait().expect("ended").success());
}

/// Plays a reply without end; tells when it is heard.
fn play_until_lost() {
    let speaker = DeviceSpeaker::open("default", None).expect("the null sink");
    let endless = || {
        stream::repeat_with(|| {
            Ok(SpeechChunk {
                sample_rate_hz: 16_000,
                samples: vec![0.0; 320],
            })
        })
        .boxed()
    };
    let reply = speaker.arm(endless());
    block_on(reply.start()).expect("heard");
    println!("playing");
    assert!(block_on(reply.finished()) > Duration::ZERO);
    let error = block_on(speaker.arm(endless()).start()).expect_err("no device");
    assert!(error.to_string().contains("speaker went away"), "{error}");
}

/// A private PulseAudio with a null sink, and the files that make it ALSA's default.
struct PulseAudio(#[expect(dead_code, reason = "ended when dropped")] Ended);

impl PulseAudio {
    fn start(folder: &Path) -> Option<Self> {
        let socket = folder.join("socket");
        let script = format!(
            "load-module module-native-protocol-unix socket={} auth-anonymous=1\n\
             load-module module-null-sink sink_name=speaker rate=48000 channels=2\n\
             set-default-sink speaker\n",
            socket.display()
        );
        fs::write(folder.join("default.pa"), script).expect("written");
        fs::write(
            folder.join("asound.conf"),
            "</usr/share/alsa/alsa.conf>\npcm.!default { type pulse }\nctl.!default { type pulse }\n",
        )
        .expect("written");
        let server = pulse("pulseaudio", folder)
            .args([
                "-n",
                "--daemonize=no",
                "--exit-idle-time=-1",
                "--use-pid-file=no",
            ])
            .args(["--disable-shm=yes", "--log-level=error", "-F"])
            .arg(folder.join("default.pa"))
            .spawn()
            .ok()?;
        let server = Self(Ended(server));
        let deadline = Instant::now() + Duration::from_secs(30);
        while !pulse("pactl", folder)
            .arg("info")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
        {
            assert!(Instant::now() < deadline, "pulseaudio does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(server)
    }
}

/// A process that ends with its owner.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn pulse(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    pulse_env(&mut command, folder);
    command
}

fn pulse_env<'a>(command: &'a mut Command, folder: &Path) -> &'a mut Command {
    command
        .env("HOME", folder)
        .env("XDG_RUNTIME_DIR", folder)
        .env("XDG_CONFIG_HOME", folder)
        .env(
            "PULSE_SERVER",
            format!("unix:{}", folder.join("socket").display()),
        )
        .env("ALSA_CONFIG_PATH", folder.join("asound.conf"))
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
}
