//! The hub's end of links, in a process of its own: hears what pucks say and notes when, and is nothing of a hub besides.

use super::{
    clock::{now_ns, processor_s},
    house::House,
    part::{Answer, Frames, Order, obey},
};
use anyhow::Result;
use loqa_link::wire::{
    Client, Incoming, Link, Listener, Me, Request, Settings, audio::FRAME_SAMPLES,
};
use loqa_protocol::{AudioCodec, ClientFrame};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::Semaphore;

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
        let (notes, folder) = (notes.clone(), folder.to_owned());
        async move {
            while let Some(link) = listener.accept().await {
                tokio::spawn(serve(link, notes.clone(), folder.clone()));
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

async fn serve(link: Link, notes: Notes, folder: PathBuf) {
    let number = link.hello().name.rsplit(' ').next().map(str::parse);
    let Some(Ok(puck)) = number else { return };
    while let Ok(incoming) = link.accept().await {
        let mut client = match incoming {
            Incoming::Client(client) => client,
            Incoming::Model(request) => {
                tokio::spawn(give(request, folder.clone()));
                continue;
            }
            Incoming::Job(..) | Incoming::Page(_) => return,
        };
        let notes = notes.clone();
        tokio::spawn(async move { hear(&mut client, puck, &notes).await });
    }
}

async fn hear(client: &mut Client, puck: usize, notes: &Notes) {
    while let Ok(Some(frame)) = client.requests.next().await {
        if let ClientFrame::Audio { id, samples } = frame {
            let now = now_ns();
            let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
            let heard = notes.entry((puck, id)).or_default();
            heard.extend(std::iter::repeat_n(now, samples.len() / FRAME_SAMPLES));
        }
    }
}

/// Whoever takes a model says when that is enough.
async fn give(mut request: Request, folder: PathBuf) -> Result<()> {
    let (wanted, given) = (request.wanted().await?, super::lend::given(&folder)?);
    let turn = Semaphore::new(1);
    Ok(request.give(&wanted, &given, &turn, &mut |_| {}).await?)
}
