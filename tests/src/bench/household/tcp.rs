//! The same frames, as PCM, over a connection of TCP each: what the kernel makes of a net that loses packets. Nothing is encrypted,
//! and nothing waits to fill a packet, so it is as soon there as TCP can have it.

use super::{
    clock::{now_ns, processor_s},
    part::{Answer, Frames, Order, obey},
};
use anyhow::Result;
use loqa_link::wire::audio::{FRAME_MS, FRAME_SAMPLES};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{Instant, sleep_until},
};

const FRAME: Duration = Duration::from_millis(FRAME_MS);
const BYTES: usize = 2 * FRAME_SAMPLES;

/// Listens.
pub async fn hub(at: SocketAddr) -> Result<()> {
    let listener = TcpListener::bind(at).await?;
    let ready = Answer {
        address: Some(listener.local_addr()?),
        ..Answer::default()
    };
    let notes = Arc::<Mutex<Vec<Frames>>>::default();
    let hearing = {
        let notes = notes.clone();
        async move {
            while let Ok((stream, _)) = listener.accept().await {
                let notes = notes.clone();
                tokio::spawn(async move {
                    if let Some(heard) = hear(stream).await {
                        let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
                        notes.push(heard);
                    }
                });
            }
        }
    };
    let hearing = tokio::spawn(hearing);
    let obeyed = obey(ready, async |order| {
        let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Answer {
            processor_s: processor_s(),
            frames: match order {
                Order::Heard => std::mem::take(&mut *notes),
                _ => Vec::new(),
            },
            ..Answer::default()
        })
    });
    let obeyed = obeyed.await;
    hearing.abort();
    obeyed
}

/// One connection says one thing, from its number to its end.
async fn hear(mut stream: TcpStream) -> Option<Frames> {
    let mut heard = Frames {
        puck: stream.read_u32().await.ok()? as usize,
        request: 1,
        ..Frames::default()
    };
    let mut frame = [0; BYTES];
    while stream.read_exact(&mut frame).await.is_ok() {
        heard.at_ns.push(now_ns());
    }
    Some(heard)
}

/// Connects these with the hub.
pub async fn pucks(hub: SocketAddr, pucks: usize) -> Result<()> {
    obey(Answer::default(), async |order| {
        let Order::Talk { frames, .. } = order else {
            return Ok(Answer::default());
        };
        let before = processor_s();
        let mut streams = Vec::new();
        for number in 0..pucks {
            let mut stream = TcpStream::connect(hub).await?;
            stream.set_nodelay(true)?;
            stream.write_u32(number as u32).await?;
            streams.push(stream);
        }
        let begin = Instant::now() + FRAME;
        let mut talks = JoinSet::new();
        for (number, stream) in streams.into_iter().enumerate() {
            let begin = begin + FRAME * number as u32 / pucks as u32;
            talks.spawn(talk(stream, number, begin, frames));
        }
        let said: Result<Vec<_>> = talks.join_all().await.into_iter().collect();
        Ok(Answer {
            processor_s: processor_s() - before,
            frames: said?,
            ..Answer::default()
        })
    })
    .await
}

async fn talk(mut stream: TcpStream, puck: usize, begin: Instant, frames: usize) -> Result<Frames> {
    let mut said = Frames {
        puck,
        request: 1,
        ..Frames::default()
    };
    for number in 0..frames as u32 {
        sleep_until(begin + FRAME * number).await;
        said.at_ns.push(now_ns());
        stream.write_all(&[0; BYTES]).await?;
    }
    stream.shutdown().await?;
    // Until the other side has all of it.
    let _ = stream.read(&mut [0]).await;
    Ok(said)
}
