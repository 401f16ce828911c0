//! Pucks in a process of their own: linked, silent, and talking when they are told to, a frame every 20 ms.

use super::{
    clock::{now_ns, processor_s},
    house::House,
    hub::name,
    part::{Answer, Codec, Frames, Order, obey},
};
use anyhow::{Context as _, Result};
use loqa_inference::wav;
use loqa_link::{
    Shelf,
    wire::{
        Asker, Dialer, Link, Me,
        audio::{FRAME_MS, FRAME_SAMPLES},
        take,
    },
};
use loqa_protocol::{AudioCodec, Called, NodeRole};
use std::{
    net::SocketAddr,
    ops::Range,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

/// What they say, in the folder of the run.
pub const SAID: &str = "said.wav";
/// That meet the hub at a time: fewer than it would ask to come again.
const MEETING: usize = 12;
/// Each of 3 s at most.
const TRIES: usize = 5;
const FRAME: Duration = Duration::from_millis(FRAME_MS);

struct Puck {
    number: usize,
    asker: Asker,
    request: u32,
    link: Link,
    _dialer: Dialer,
}

/// Links these with the hub.
pub async fn run(
    folder: &Path,
    hub: SocketAddr,
    codec: Codec,
    numbers: Range<usize>,
) -> Result<()> {
    let house = Arc::new(House::open(folder, numbers.end)?);
    let said = wav::read(folder.join(SAID))?;
    let said: Arc<Vec<[f32; FRAME_SAMPLES]>> = Arc::new(said.as_chunks().0.to_vec());
    let mut meeting = JoinSet::new();
    let mut pucks = Vec::new();
    let shelf = Shelf::of(folder.join(format!("taken-{}", numbers.start)));
    for number in numbers {
        if meeting.len() == MEETING {
            pucks.push(meeting.join_next().await.context("nobody")???);
        }
        meeting.spawn(meet(house.clone(), number, hub, codec));
    }
    while let Some(met) = meeting.join_next().await {
        pucks.push(met??);
    }
    pucks.sort_by_key(|puck| puck.number);
    let taken = Arc::<AtomicU64>::default();
    let mut taking = JoinSet::new();
    obey(Answer::default(), async |order| {
        if let Order::Take { on } = order {
            taking.shutdown().await;
            shelf.keep_only(&[]);
            let bytes = taken.swap(0, Ordering::Relaxed);
            if on && let Some(puck) = pucks.first() {
                taking.spawn(take_again(puck.link.clone(), shelf.clone(), taken.clone()));
            }
            return Ok(Answer {
                bytes,
                ..Answer::default()
            });
        }
        let Order::Talk {
            pucks: talking,
            frames,
        } = order
        else {
            return Ok(Answer {
                processor_s: processor_s(),
                ..Answer::default()
            });
        };
        let before = processor_s();
        let begin = Instant::now() + FRAME;
        let mut talks = JoinSet::new();
        let rest = pucks.split_off(talking.min(pucks.len()));
        let count = pucks.len() as u32;
        for (index, mut puck) in (0..).zip(pucks.drain(..)) {
            let said = said.clone();
            // No two begin a frame at the same time, as nobody would have them do.
            let begin = begin + FRAME * index / count;
            talks.spawn(async move {
                let at_ns = puck.talk(begin, frames, &said).await;
                (puck, at_ns)
            });
        }
        let mut answer = Answer::default();
        for (puck, at_ns) in talks.join_all().await {
            answer.frames.push(Frames {
                puck: puck.number,
                request: puck.request,
                at_ns: at_ns?,
            });
            pucks.push(puck);
        }
        answer.processor_s = processor_s() - before;
        pucks.sort_by_key(|puck| puck.number);
        pucks.extend(rest);
        Ok(answer)
    })
    .await
}

/// Has a model come, lets it go, and so on.
async fn take_again(link: Link, shelf: Shelf, taken: Arc<AtomicU64>) -> Result<()> {
    let capability = "stt.whisper:bench".parse()?;
    loop {
        let mut before = 0;
        let mut told = |here, _| {
            taken.fetch_add(here - before, Ordering::Relaxed);
            before = here;
        };
        take(&link, &capability, &shelf, &mut told).await?;
        shelf.keep_only(&[]);
    }
}

async fn meet(house: Arc<House>, number: usize, hub: SocketAddr, codec: Codec) -> Result<Puck> {
    let me = Me {
        name: name(number),
        software: "loqa-bench".into(),
        roles: vec![NodeRole::Puck],
        codecs: match codec {
            Codec::Pcm => vec![AudioCodec::Pcm16],
            Codec::Opus => vec![AudioCodec::Opus],
        },
        ..Me::default()
    };
    let dialer = Dialer::new(house.member(number)?, me, Arc::new(|_| {}))?;
    let link = reach(&dialer, hub).await?;
    let (asker, mut answers) = link.client().await?;
    // The hub of this bench answers nothing.
    tokio::spawn(async move { while let Ok(Some(_)) = answers.next().await {} });
    Ok(Puck {
        number,
        asker,
        request: 0,
        link,
        _dialer: dialer,
    })
}

/// A hub that greets many at a time asks the others to come again; so does a net that loses much.
async fn reach(dialer: &Dialer, hub: SocketAddr) -> Result<Link> {
    for _ in 1..TRIES {
        if let Ok(link) = dialer.dial(hub).await {
            return Ok(link);
        }
    }
    Ok(dialer.dial(hub).await?)
}

impl Puck {
    /// Says so many frames; when each.
    async fn talk(
        &mut self,
        begin: Instant,
        frames: usize,
        said: &[[f32; FRAME_SAMPLES]],
    ) -> Result<Vec<u64>> {
        self.request += 1;
        let mut talker = self.asker.talk(self.request, Called::default()).await?;
        let mut at_ns = Vec::with_capacity(frames);
        for (number, samples) in (0..frames as u32).zip(said.iter().cycle()) {
            sleep_until(begin + FRAME * number).await;
            at_ns.push(now_ns());
            self.asker.say(&mut talker, samples).await?;
        }
        self.asker.end(talker).await?;
        Ok(at_ns)
    }
}
