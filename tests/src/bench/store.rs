//! What it costs to keep conversations: `cargo xtask bench store`.

use super::{
    figure::{Goal, Report},
    peer,
};
use anyhow::{Context as _, Result, ensure};
use clap::Args;
use loqa_engine::{event_store::EventStore, keys::Keys};
use loqa_protocol::{
    Envelope, Event, PrivacyScope, QosTier, Retained, SessionId, TurnId, TurnSummary, wire::Wire,
};
use serde::Deserialize;
use std::{
    fs::File,
    io::Write,
    path::Path,
    sync::{Arc, mpsc::Receiver},
    time::{Duration, Instant},
};

/// Events of one turn: what a spoken command tells, partials and all.
const OF_A_TURN: u64 = 10;
/// Messages that JetStream is given: it syncs each.
const MESSAGES: u32 = 5_000;
/// Turns of one conversation.
const TURNS: u64 = 5;

/// Arguments of `bench store`.
#[derive(Args)]
pub struct StoreArgs {
    /// Events to look among
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
}

/// Reports what writing, looking and checking take.
pub fn run(args: StoreArgs, report: &mut Report) -> Result<()> {
    let mut figure = |metric: &str, value: f64, unit: &str, goal| {
        report.figure("store", metric, Some(value), unit, goal);
    };
    let folder = tempfile::tempdir()?;
    let sync_ms = fdatasync_ms(folder.path())?;
    figure("fdatasync_p50", sync_ms, "ms", Goal::None);

    // As many at a time as a busy house has conversations, each waiting for its own to be on the disk.
    let store = open(&folder.path().join("acknowledged"))?;
    let mut waits = Vec::new();
    for turn in 0..400 {
        let begun = Instant::now();
        let told: Vec<_> = (0..8_u64)
            .map(|house| store.append_acknowledged(event(house * 1000 + turn / 50, turn)))
            .collect();
        for told in told {
            kept(&told)?;
            waits.push(begun.elapsed());
        }
    }
    waits.sort();
    let p99_ms = waits[waits.len() * 99 / 100].as_secs_f64() * 1e3;
    figure(
        "acknowledged_p99_ms",
        p99_ms,
        "ms",
        Goal::AtMost(5.0 + sync_ms),
    );
    store.close();

    let store = open(&folder.path().join("many"))?;
    let begun = Instant::now();
    let mut last: Option<Receiver<_>> = None;
    for n in 0..args.events {
        let event = event(n / (OF_A_TURN * TURNS), n);
        // A window of as much as the store lets wait: nothing is dropped.
        if n % 4096 == 4095 {
            let waiting = last.replace(store.append_acknowledged(event));
            if let Some(told) = waiting {
                kept(&told)?;
            }
        } else {
            store.append(event);
        }
    }
    kept(&store.append_acknowledged(event(u64::MAX >> 8, 0)))?;
    let rate = args.events as f64 / begun.elapsed().as_secs_f64();
    ensure!(store.trouble().is_none(), "{:?}", store.trouble());
    let goal = Goal::AtLeast(20_000.0);
    figure("durable_events_per_s", rate, "1/s", goal);
    if let Some(peer) = jetstream(folder.path())? {
        figure("jetstream_messages_per_s", peer, "1/s", Goal::None);
        figure("of_jetstream", rate / peer, "x", Goal::AtLeast(3.0));
    }
    let bytes = std::fs::metadata(folder.path().join("many/events.db"))?.len();
    figure(
        "bytes_per_event",
        bytes as f64 / args.events as f64,
        "B",
        Goal::None,
    );

    let mut timed = |metric: &str, goal, look: &mut dyn FnMut() -> Result<usize>| -> Result<()> {
        let mut takes = Vec::new();
        for _ in 0..7 {
            let begun = Instant::now();
            ensure!(look()? > 0, "{metric}: nothing was found");
            takes.push(begun.elapsed());
        }
        // The first of them opens what the others find open.
        let first = takes[0].as_secs_f64() * 1e3;
        takes.sort();
        figure(
            metric,
            takes[takes.len() / 2].as_secs_f64() * 1e3,
            "ms",
            goal,
        );
        figure(&format!("{metric}_first"), first, "ms", Goal::None);
        Ok(())
    };
    timed("list_ms", Goal::AtMost(20.0), &mut || {
        Ok(store.list(None, 50)?.len())
    })?;
    let middle = SessionId(u128::from(args.events / (OF_A_TURN * TURNS) / 2) + 1);
    timed("timeline_ms", Goal::AtMost(20.0), &mut || {
        Ok(store.timeline(middle)?.len())
    })?;
    timed("search_ms", Goal::AtMost(200.0), &mut || {
        Ok(store.search("quarter pasta", 50)?.len())
    })?;
    let begun = Instant::now();
    let verified = store.verify(None)?.context("nothing is kept")?;
    ensure!(verified.broken.is_empty(), "{:?}", verified.broken);
    let rate = verified.entries as f64 / begun.elapsed().as_secs_f64();
    figure(
        "verified_events_per_s",
        rate,
        "1/s",
        Goal::AtLeast(100_000.0),
    );
    let begun = Instant::now();
    store.forget(middle)?;
    figure(
        "forget_ms",
        begun.elapsed().as_secs_f64() * 1e3,
        "ms",
        Goal::None,
    );
    store.close();
    Ok(())
}

/// What JetStream keeps in a second on the same disk, of messages as long as events, each synced before it is
/// acknowledged.
fn jetstream(folder: &Path) -> Result<Option<f64>> {
    let Some(server) = std::env::var_os("LOQA_NATS_SERVER") else {
        eprintln!("skipped: JetStream (`cargo xtask bench store` brings it)");
        return Ok(None);
    };
    let bytes = (0..OF_A_TURN).map(|n| event(1, n).envelope().to_bytes().len());
    let mean = bytes.sum::<usize>() / OF_A_TURN as usize;
    let args = [
        server,
        folder.join("jetstream").into(),
        MESSAGES.to_string().into(),
        mean.to_string().into(),
    ];
    let told = peer::measure::<Jetstream>("JetStream", "store", "jetstream_peer.py", &args)?;
    Ok(told.map(|told| {
        eprintln!("JetStream of NATS {}", told.version);
        told.per_s
    }))
}

/// What `jetstream_peer.py` prints.
#[derive(Deserialize)]
struct Jetstream {
    per_s: f64,
    version: String,
}

pub fn open(data: &Path) -> Result<EventStore> {
    std::fs::create_dir_all(data)?;
    let keys = Keys::open(data, false, true)?;
    Ok(EventStore::in_folder(data, Arc::new(keys)))
}

fn kept(told: &Receiver<Result<(), String>>) -> Result<()> {
    let told = told.recv_timeout(Duration::from_secs(60))?;
    told.map_err(|reason| anyhow::anyhow!("it was not kept: {reason}"))
}

/// The `n`th event of a conversation: every tenth ends a turn.
pub fn event(conversation: u64, n: u64) -> Retained {
    let text = format!("set a pasta timer for {n} minutes and a quarter");
    let event = if n % OF_A_TURN == OF_A_TURN - 1 {
        Event::TurnSummary(TurnSummary {
            text,
            reply: format!("Pasta timer, {n} minutes, starting now."),
            ..TurnSummary::default()
        })
    } else {
        Event::SttPartial { text }
    };
    let envelope = Envelope {
        trace_id: u128::from(n),
        session_id: SessionId(u128::from(conversation) + 1),
        turn: Some(TurnId((n / OF_A_TURN) as u32)),
        actor_id: String::new(),
        origin: "hub".into(),
        seq: n,
        at_ms: 1_900_000_000_000 + n as i64,
        capability_tier: QosTier::Fast,
        privacy_scope: PrivacyScope::Session,
        event,
    };
    Retained::new(envelope).expect("it is not ephemeral")
}

/// What the disk takes to have one page for good.
fn fdatasync_ms(folder: &Path) -> Result<f64> {
    let mut file = File::create(folder.join("sync"))?;
    let mut takes = Vec::new();
    for _ in 0..100 {
        file.write_all(&[1; 4096])?;
        let begun = Instant::now();
        file.sync_data()?;
        takes.push(begun.elapsed());
    }
    takes.sort();
    Ok(takes[takes.len() / 2].as_secs_f64() * 1e3)
}
