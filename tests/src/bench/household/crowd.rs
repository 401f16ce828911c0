//! Many pucks on one hub: most are silent, some talk. How late their frames are heard, how many may talk until that is too
//! late, and what one that is silent takes of the hub's memory. Pucks run beside the hub on the same cores, and encode.

use super::{
    House,
    late::Late,
    part::{Codec, Order, Running},
};
use crate::{
    figure::{Goal, Report},
    memory::mib,
};
use anyhow::{Context as _, Result};
use std::{path::Path, thread::sleep, time::Duration};

/// Silent ones.
const IDLE: usize = 200;
/// That talk, to begin with; then so many more each time.
const TALKING: usize = 32;
/// Ten times as many silent ones.
const MANY: usize = 2000;
/// Nobody waits longer for what is said, ms.
const SOON_MS: f64 = 5.0;
/// Until what it took to meet has settled: keys of the handshake are let go, and so are its packets.
const SETTLING: Duration = Duration::from_secs(5);
/// Until what was said last has been heard.
const HEARD: Duration = Duration::from_millis(500);

/// How it went with so many that talk.
struct Level {
    talking: usize,
    late: Late,
    /// Cores that the hub and the pucks used.
    hub: f64,
    pucks: f64,
}

/// Reports all of that.
pub fn measure(folder: &Path, seconds: u64, most: usize, report: &mut Report) -> Result<()> {
    House::open(folder, MANY.max(IDLE + most))?;
    let mut hub = super::hub(folder, IDLE + most, "127.0.0.1:0", None)?;
    let at = hub.address.context("the hub is nowhere")?;
    eprintln!("{IDLE} silent pucks …");
    let own = |hub: &Running| mib(hub.id(), &["Anonymous"]);
    let alone = own(&hub)?;
    let silent = super::pucks(folder, at, Codec::Opus, 0..IDLE, None)?;
    sleep(SETTLING);
    let kib = (own(&hub)? - alone) * 1024.0 / IDLE as f64;
    let mut talkers = super::pucks(folder, at, Codec::Opus, IDLE..IDLE + most, None)?;
    let mut first = None;
    let mut holds = None;
    let mut talking = TALKING;
    while talking <= most {
        eprintln!("{IDLE} silent pucks, and {talking} that talk …");
        let level = talk(&mut hub, &mut talkers, talking, seconds)?;
        let soon = level.late.quantile(0.99).is_some_and(|p99| p99 <= SOON_MS);
        let of = |share| level.late.quantile(share).unwrap_or(f64::NAN);
        eprintln!(
            "  p50 {:.2} ms, p99 {:.2} ms, {} not heard; {:.2} cores at the hub, {:.2} at the pucks",
            of(0.5),
            of(0.99),
            level.late.missing,
            level.hub,
            level.pucks
        );
        first.get_or_insert(level);
        if !soon {
            break;
        }
        holds = Some(talking);
        talking += TALKING;
    }
    drop((silent, talkers, hub));
    let first = first.context("nobody talks")?;
    let mut figure = |metric: &str, value, unit: &str, goal| {
        report.figure("household", metric, value, unit, goal)
    };
    let name = |what: &str| format!("crowd_{IDLE}_{}_{what}", first.talking);
    let late = &first.late;
    figure(&name("p50_ms"), late.quantile(0.5), "ms", Goal::None);
    let goal = Goal::AtMost(SOON_MS);
    figure(&name("p99_ms"), late.quantile(0.99), "ms", goal);
    figure(
        &name("missing"),
        Some(late.missing as f64),
        "frames",
        Goal::None,
    );
    figure(&name("hub"), Some(first.hub), "cores", Goal::None);
    figure(&name("pucks"), Some(first.pucks), "cores", Goal::None);
    let holds = holds.map(|it| it as f64);
    figure("crowd_talking_that_hold", holds, "pucks", Goal::None);
    figure("idle_puck_kib", Some(kib), "KiB", Goal::AtMost(25.0));
    many(folder, report)
}

fn talk(hub: &mut Running, pucks: &mut Running, talking: usize, seconds: u64) -> Result<Level> {
    let before = hub.ask(&Order::Used)?.processor_s;
    let said = pucks.ask(&Order::Talk {
        pucks: talking,
        frames: super::frames(seconds),
    })?;
    sleep(HEARD);
    let used = hub.ask(&Order::Used)?.processor_s - before;
    let heard = hub.ask(&Order::Heard)?.frames;
    Ok(Level {
        talking,
        late: Late::of(&said.frames, &heard),
        hub: used / seconds as f64,
        pucks: said.processor_s / seconds as f64,
    })
}

/// Ten times as many that are silent.
fn many(folder: &Path, report: &mut Report) -> Result<()> {
    eprintln!("{MANY} silent pucks …");
    let mut hub = super::hub(folder, MANY, "127.0.0.1:0", None)?;
    let at = hub.address.context("the hub is nowhere")?;
    let alone = mib(hub.id(), &["Anonymous"])?;
    let _silent = super::pucks(folder, at, Codec::Opus, 0..MANY, None)?;
    sleep(SETTLING);
    let kib = (mib(hub.id(), &["Anonymous"])? - alone) * 1024.0 / MANY as f64;
    let before = hub.ask(&Order::Used)?.processor_s;
    sleep(SETTLING);
    let used = hub.ask(&Order::Used)?.processor_s - before;
    let mut figure = |metric: &str, value, unit: &str| {
        report.figure("household", metric, Some(value), unit, Goal::None);
    };
    figure(&format!("idle_puck_of_{MANY}_kib"), kib, "KiB");
    figure(
        &format!("hub_of_{MANY}_idle"),
        used / SETTLING.as_secs_f64(),
        "cores",
    );
    Ok(())
}
