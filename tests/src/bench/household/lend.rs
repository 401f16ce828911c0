//! Somebody talks while the hub sends a model: to another machine, and to the very one that somebody talks to, over the same
//! link. All on the same cores, over loopback: so the model goes as fast as those can seal and open it.

use super::{
    House,
    late::Late,
    part::{Codec, Order, Running},
};
use crate::figure::{Goal, Report};
use anyhow::{Context as _, Result};
use loqa_link::wire::Given;
use sha2::{Digest, Sha256};
use std::{
    fs,
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

/// What the hub has, in the folder of the run, and its sum.
const MODEL: &str = "model.bin";
const SUM: &str = "model.sum";
/// About whisper's base.
const BYTES: usize = 148 << 20;
/// Until what was said last has been heard.
const HEARD: Duration = Duration::from_millis(500);

/// What the hub of this bench gives to whoever asks.
pub fn given(folder: &Path) -> Result<Given> {
    let sum = hex::decode(fs::read_to_string(folder.join(SUM))?)?;
    let sha256 = sum.try_into().ok().context("no sum")?;
    Ok(Given {
        file: folder.join(MODEL),
        bytes: BYTES as u64,
        sha256,
    })
}

/// Reports how long frames take meanwhile.
pub fn measure(folder: &Path, seconds: u64, report: &mut Report) -> Result<()> {
    // The link does not compress.
    let bytes = vec![7; BYTES];
    fs::write(folder.join(MODEL), &bytes)?;
    fs::write(folder.join(SUM), hex::encode(Sha256::digest(&bytes)))?;
    drop(bytes);
    House::open(folder, 2)?;
    let mut hub = super::hub(folder, 2, "127.0.0.1:0", None)?;
    let at = hub.address.context("the hub is nowhere")?;
    let mut talker = super::pucks(folder, at, Codec::Opus, 0..1, None)?;
    let mut other = super::pucks(folder, at, Codec::Opus, 1..2, None)?;
    let mut figure = |name: &str, value, unit| {
        let metric = format!("model_{name}");
        report.figure("household", &metric, value, unit, Goal::None);
    };
    for way in ["none", "to_another", "to_the_same"] {
        eprintln!("{seconds} s of talk, a model on its way: {way} …");
        let taker = match way {
            "to_another" => Some(&mut other),
            "to_the_same" => Some(&mut talker),
            _ => None,
        };
        if let Some(taker) = taker {
            taker.ask(&Order::Take { on: true })?;
        }
        let (late, took) = talk(&mut hub, &mut talker, seconds)?;
        for (what, share) in [("p50", 0.5), ("p99", 0.99)] {
            figure(&format!("{way}_{what}_ms"), late.quantile(share), "ms");
        }
        let taken = match way {
            "to_another" => other.ask(&Order::Take { on: false })?.bytes,
            "to_the_same" => talker.ask(&Order::Take { on: false })?.bytes,
            _ => continue,
        };
        let speed = taken as f64 / 1e6 / took.as_secs_f64();
        figure(&format!("{way}_speed"), Some(speed), "MB/s");
    }
    Ok(())
}

fn talk(hub: &mut Running, puck: &mut Running, seconds: u64) -> Result<(Late, Duration)> {
    let began = Instant::now();
    let frames = super::frames(seconds);
    let said = puck.ask(&Order::Talk { pucks: 1, frames })?;
    sleep(HEARD);
    let heard = hub.ask(&Order::Heard)?.frames;
    Ok((Late::of(&said.frames, &heard), began.elapsed()))
}
