//! Frames over a net that loses one packet in fifty, both ways: what the link makes of that beside TCP. The net is that of two
//! namespaces and the kernel's own filter, as nothing else would have TCP lose what it sends.

use super::{
    House,
    late::Late,
    part::{Codec, Order, Running},
};
use crate::figure::{Goal, Report};
use anyhow::{Context as _, Result};
use loqa_tests::namespace::Namespace;
use std::{path::Path, process::Command, thread::sleep, time::Duration};

/// Of a hundred packets, each way.
const LOST: u32 = 2;
const HUB: &str = "10.78.0.1";
const PUCKS: &str = "10.78.0.2";
/// That talk at a time, over each.
const TALKING: usize = 8;
/// Until what was lost of the last frames has been sent again, as often as that was lost.
const HEARD: Duration = Duration::from_secs(2);

/// Reports how long frames take.
pub fn measure(folder: &Path, seconds: u64, report: &mut Report) -> Result<()> {
    House::open(folder, 2 * TALKING)?;
    let measured = match lossy()? {
        Some([hub, pucks]) => Some(talk(folder, seconds, &hub, &pucks)?),
        None => None,
    };
    let ways = ["tcp", "link_pcm", "link_opus"];
    let late = |way: usize| measured.as_ref().map(|late| &late[way]);
    let p99 = |way: usize| late(way).and_then(|late| late.quantile(0.99));
    for (way, name) in ways.into_iter().enumerate() {
        let mut figure = |what: &str, value, unit| {
            let metric = format!("lossy_{name}_{what}");
            report.figure("household", &metric, value, unit, Goal::None);
        };
        for (what, share) in [("p50_ms", 0.5), ("p99_ms", 0.99), ("p999_ms", 0.999)] {
            figure(what, late(way).and_then(|late| late.quantile(share)), "ms");
        }
        figure(
            "missing",
            late(way).map(|late| late.missing as f64),
            "frames",
        );
    }
    for (way, name) in ways.into_iter().enumerate().skip(1) {
        let of_tcp = p99(way).zip(p99(0)).map(|(link, tcp)| link / tcp);
        let metric = format!("lossy_{name}_p99_of_tcp");
        report.figure("household", &metric, of_tcp, "x", Goal::AtMost(0.5));
    }
    Ok(())
}

/// Over TCP, and over the link as PCM and as Opus, all at the same time.
fn talk(folder: &Path, seconds: u64, hub: &Namespace, pucks: &Namespace) -> Result<[Late; 3]> {
    eprintln!("{seconds} s over a net that loses {LOST} % …");
    let at = |port: u16| format!("{HUB}:{port}");
    let mut link = super::hub(folder, 2 * TALKING, &at(7443), Some(hub))?;
    let to = link.address.context("the hub is nowhere")?;
    let mut tcp = Running::start(["tcp-hub".into(), at(7444).into()], Some(hub))?;
    let talking =
        |codec, first| super::pucks(folder, to, codec, first..first + TALKING, Some(pucks));
    let mut over_tcp = Running::start(
        [
            "tcp-pucks".into(),
            at(7444).into(),
            TALKING.to_string().into(),
        ],
        Some(pucks),
    )?;
    let mut as_pcm = talking(Codec::Pcm, 0)?;
    let mut as_opus = talking(Codec::Opus, TALKING)?;
    let mut all = [&mut over_tcp, &mut as_pcm, &mut as_opus];
    for pucks in &mut all {
        pucks.order(&Order::Talk {
            pucks: TALKING,
            frames: super::frames(seconds),
        })?;
    }
    let mut said = Vec::new();
    for pucks in all {
        said.push(pucks.answer()?.frames);
    }
    sleep(HEARD);
    let linked = link.ask(&Order::Heard)?.frames;
    let tcp = tcp.ask(&Order::Heard)?.frames;
    let late = |way: usize| Late::of(&said[way], if way == 0 { &tcp } else { &linked });
    Ok([0, 1, 2].map(late))
}

/// Where the hub is, and where the pucks; `None`, having said so, without the right to make it.
fn lossy() -> Result<Option<[Namespace; 2]>> {
    let skipped = |why: &str| {
        eprintln!("skipped: {why}, so no net that loses packets");
        Ok(None)
    };
    let (Some(hub), Some(pucks)) = (Namespace::new(None), Namespace::new(None)) else {
        return skipped("no right to make a network of its own");
    };
    let joined = Command::new("ip")
        .args(["link", "add", "name", "hub", "netns", &hub.id(), "type"])
        .args(["veth", "peer", "name", "pucks", "netns", &pucks.id()])
        .status();
    if !joined.is_ok_and(|joined| joined.success()) {
        return skipped("no `ip`, or no right to join networks");
    }
    for (space, name, address) in [(&hub, "hub", HUB), (&pucks, "pucks", PUCKS)] {
        space.run(&format!(
            "ip link set lo up && ip address add {address}/24 dev {name} && ip link set {name} up"
        ))?;
        // As they come in: of what is refused on its way out the sender is told.
        let rules = format!(
            "table inet lossy {{ chain loses {{ type filter hook input priority 0; \
             iifname \"{name}\" numgen random mod 100 < {LOST} drop; }}; }}"
        );
        if let Err(error) = space.run(&format!("nft '{rules}'")) {
            return skipped(&error.to_string());
        }
    }
    Ok(Some([hub, pucks]))
}
