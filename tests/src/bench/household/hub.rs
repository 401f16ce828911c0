//! The hub's end of links, in a process of its own: hears what pucks say and notes when, and is nothing of a hub besides.

use super::{
    clock::{now_ns, processor_s},
    house::House,
    part::{Answer, Frames, Order, obey},
};
use anyhow::Result;
use loqa_link::wire::{Incoming, Link, Listener, Me, Settings, audio::FRAME_SAMPLES};
use loqa_protocol::{AudioCodec, ClientFrame};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

/// Puck and request, to when each frame was heard.
type Notes = Arc<Mutex<BTreeMap<(usize, u32), Vec<u64>>>>;

/// What a puck is called here.
pub fn name(puck: usize) -> String {
    format!("puck {puck}")
}

/// Listens.
pub async fn run(folder: &Path, pucks: usize, at: SocketAddr) -> Result<()> {
    let house = House::open(folder, pucks)?;
    let me = Me {
        name: "Home".into(),
        codecs: vec![AudioCodec::Opus, AudioCodec::Pcm16],
        ..Me::default()
    };
    let settings = Settings {
        most_nodes: pucks,
        ..Settings::default()
    };
    let listener = Listener::bind(at, house.hub.clone(), me, settings)?;
    // What names of keys took is not what links take.
    drop(house);
    let notes = Notes::default();
    let ready = Answer {
        address: Some(listener.address()?),
        ..Answer::default()
    };
    let hearing = {
        let notes = notes.clone();
        async move {
            while let Some(link) = listener.accept().await {
                tokio::spawn(serve(link, notes.clone()));
            }
        }
    };
    let hearing = tokio::spawn(hearing);
    let obeyed = obey(ready, async |order| {
        let mut answer = Answer {
            processor_s: processor_s(),
            ..Answer::default()
        };
        if matches!(order, Order::Heard) {
            let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
            let frames = std::mem::take(&mut *notes).into_iter();
            answer.frames = frames
                .map(|((puck, request), at_ns)| Frames {
                    puck,
                    request,
                    at_ns,
                })
                .collect();
        }
        Ok(answer)
    });
    let obeyed = obeyed.await;
    hearing.abort();
    obeyed
}

async fn serve(link: Link, notes: Notes) {
    let number = link.hello().name.rsplit(' ').next().map(str::parse);
    let Some(Ok(puck)) = number else { return };
    // A puck has one client.
    while let Ok(incoming) = link.accept().await {
        let Incoming::Client(mut client) = incoming else {
            return;
        };
        while let Ok(Some(frame)) = client.requests.next().await {
            if let ClientFrame::Audio { id, samples } = frame {
                let now = now_ns();
                let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
                let heard = notes.entry((puck, id)).or_default();
                heard.extend(std::iter::repeat_n(now, samples.len() / FRAME_SAMPLES));
            }
        }
    }
}
