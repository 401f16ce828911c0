//! A hub that listens to a silent room: `cargo xtask bench idle`.

use super::{
    figure::{Goal, Report},
    memory::mib,
};
use anyhow::{Context as _, Result};
use clap::Args;
use loqa_tests::{
    program::{Home, children},
    sound_server::Room,
};
use std::{collections::BTreeMap, fs, time::Duration};

/// Kernel ticks per second in `/proc/PID/stat` (`USER_HZ`: 100 on every Linux there is).
const TICKS_PER_S: f64 = 100.0;

/// What threads are for, by the beginnings of their names; the rest is the hub itself.
const PARTS: [(&str, &[&str]); 5] = [
    (
        "microphone",
        &["loqa-alsa", "cpal_alsa_in", "loqa-microphone"],
    ),
    ("speaker", &["cpal_alsa_out", "loqa-speaker"]),
    ("sound_server_client", &["threaded-ml"]),
    ("wake_and_echo", &["loqa-wake"]),
    ("recogniser", &["stt-"]),
];
const HUB: &str = "hub";

/// Arguments of `bench idle`.
#[derive(Args)]
pub struct IdleArgs {
    /// Seconds of silence
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Seconds of silence before them: the recogniser goes after 30, the speaker after 10
    #[arg(long, default_value_t = 35)]
    settle: u64,
}

/// Reports what a hub costs that is called by nobody.
pub fn run(args: IdleArgs, report: &mut Report) -> Result<()> {
    let used = match Room::on_one_clock(false)? {
        Some(room) => Some(listen(&room, &args)?),
        None => {
            eprintln!("skipped: pulseaudio is not installed");
            None
        }
    };
    let mut figure =
        |metric: &str, value, unit: &str, goal| report.figure("idle", metric, value, unit, goal);
    let figures = |part: fn(&Used) -> f64| used.as_ref().map(part);
    let goal = Goal::AtMost(0.03);
    figure("processor", figures(|used| used.processor), "cores", goal);
    for part in PARTS.iter().map(|(part, _)| *part).chain([HUB]) {
        let cores = used.as_ref().and_then(|used| used.parts.get(part).copied());
        figure(&format!("processor_{part}"), cores, "cores", Goal::None);
    }
    // Everything but files that others can use as well: libraries, and models that are mapped.
    let goal = Goal::AtMost(60.0);
    figure("memory_own", figures(|used| used.own_mib), "MiB", goal);
    figure(
        "memory_all",
        figures(|used| used.all_mib),
        "MiB",
        Goal::None,
    );
    Ok(())
}

struct Used {
    processor: f64,
    /// Cores by part.
    parts: BTreeMap<&'static str, f64>,
    own_mib: f64,
    all_mib: f64,
}

fn listen(room: &Room, args: &IdleArgs) -> Result<Used> {
    let seconds = args.seconds;
    let home = Home::new()?;
    let mut hub = room.hub(&home, "hey loqa")?;
    hub.until("the microphone", |line| line["state"] == "asleep")?;
    let id = hub.id().context("no hub")?;
    eprintln!("{} and {seconds} s of silence …", args.settle);
    std::thread::sleep(Duration::from_secs(args.settle));
    // What it has skills run in is part of what it costs.
    let family: Vec<u32> = children(id)?
        .into_iter()
        .map(|(child, _)| child)
        .chain([id])
        .collect();
    let all_ticks = || family.iter().map(|id| ticks(*id)).sum::<Result<f64>>();
    let before = (all_ticks()?, parts(id)?);
    std::thread::sleep(Duration::from_secs(seconds));
    let processor = (all_ticks()? - before.0) / TICKS_PER_S / seconds as f64;
    let mut parts = parts(id)?;
    for (part, cores) in &mut parts {
        *cores = (*cores - before.1.get(part).unwrap_or(&0.0)) / seconds as f64;
    }
    let sum = |field: &str| {
        family
            .iter()
            .map(|id| mib(*id, &[field]))
            .sum::<Result<f64>>()
    };
    Ok(Used {
        processor,
        parts,
        own_mib: sum("Anonymous")?,
        all_mib: sum("Rss")?,
    })
}

/// Seconds that the threads of each part have run for. Threads that have ended are not in it.
fn parts(id: u32) -> Result<BTreeMap<&'static str, f64>> {
    let mut parts = BTreeMap::new();
    for thread in fs::read_dir(format!("/proc/{id}/task"))? {
        let folder = thread?.path();
        let read = |file| fs::read_to_string(folder.join(file));
        // One that has just ended.
        let (Ok(name), Ok(ran)) = (read("comm"), read("schedstat")) else {
            continue;
        };
        let ran_ns: f64 = ran.split(' ').next().unwrap_or_default().parse()?;
        let of = |(_, names): &&(_, &[&str])| names.iter().any(|known| name.starts_with(known));
        let part = PARTS.iter().find(of).map_or(HUB, |(part, _)| *part);
        *parts.entry(part).or_default() += ran_ns / 1e9;
    }
    Ok(parts)
}

/// Ticks that a process has run for, its own and the system's on its behalf.
fn ticks(id: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    // The name in brackets may hold spaces.
    let (_, fields) = stat.rsplit_once(')').context("no name in stat")?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || {
        fields
            .next()
            .context("stat ends early")?
            .parse::<f64>()
            .map_err(anyhow::Error::from)
    };
    Ok(next()? + next()?)
}
