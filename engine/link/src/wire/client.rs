//! A client of the hub at a node, and the same as the hub sees it: its requests over a stream, what is said live
//! in datagrams.

use super::{
    audio::{
        Hearing, Talking,
        codec::Samples,
        packet::{Packet, Route},
    },
    beat::{Busy, Work},
    link::Routed,
    reason::LinkError,
    stream::{Receiver, Sender},
};
use loqa_protocol::{AudioCodec, Called, ClientFrame, ServerFrame};
use quinn::Connection;
use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::Arc,
    time::Duration,
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

/// Spoken requests at a time.
const MOST_LIVE: usize = 4;
/// Requests that are over, or have just begun, and may still be spoken of.
const MOST_REMEMBERED: usize = 16;
/// The stream may say that there are no more before the last packets have come: so much before. Only where the packet is
/// lost that says the same is this ever waited for.
const OVERTAKEN: Duration = Duration::from_millis(150);
/// Who says nothing for so long, and not that it was all, is not there any more.
const GONE: Duration = Duration::from_secs(3);
/// Before that is believed: where this program itself stood still, what has come meanwhile is still to be read.
const SECOND_LOOK: Duration = Duration::from_millis(100);
/// So long after the last frame its copies are sent again.
const AGAIN: Duration = Duration::from_millis(20);
/// Where packets are lost, each frame is said once more by itself, so long after: what loses one seldom lasts longer, and
/// nobody waits for the next one's copy.
const ONCE_MORE: Duration = Duration::from_millis(5);
/// For so long after a packet was lost.
const CAREFUL: Duration = Duration::from_secs(10);
/// What a datagram must hold, or audio goes over the stream.
const LARGEST_PACKET: usize = 1160;

/// Asks the hub, from a node.
#[derive(Debug)]
pub struct Asker {
    says: Sender<ClientFrame>,
    connection: Connection,
    stream: u32,
    codec: AudioCodec,
    work: Arc<Work>,
    /// Packets that were lost on the way there, and until when more are expected to be.
    lost: u64,
    careful: Option<Instant>,
}

/// One request that is spoken live.
#[derive(Debug)]
pub struct Talker {
    request: u32,
    /// `None`: over the stream.
    talking: Option<Talking>,
    /// What is about to be said once more.
    again: JoinSet<()>,
    _busy: Busy,
}

impl Asker {
    pub(super) fn new(
        says: Sender<ClientFrame>,
        connection: Connection,
        stream: u32,
        codec: AudioCodec,
        work: Arc<Work>,
    ) -> Asker {
        Asker {
            says,
            connection,
            stream,
            codec,
            work,
            lost: 0,
            careful: None,
        }
    }

    /// Sends a request, or a part of one.
    ///
    /// # Errors
    /// [`Sender::send`].
    pub async fn send(&mut self, frame: &ClientFrame) -> Result<(), LinkError> {
        self.says.send(frame).await
    }

    /// Opens a request that is spoken live, frame by frame: sends its `AskAudio`.
    ///
    /// # Errors
    /// [`Sender::send`].
    pub async fn talk(&mut self, request: u32, called: Called) -> Result<Talker, LinkError> {
        let talker = self.talk_again(request, called, false).await?;
        let room = self.connection.max_datagram_size();
        let live =
            room.is_some_and(|room| room >= LARGEST_PACKET || self.codec == AudioCodec::Opus);
        let route = Route {
            stream: self.stream,
            request,
        };
        let talking = || {
            Talking::new(route, self.codec)
                .or_else(|_| Talking::new(route, AudioCodec::Pcm16))
                .ok()
        };
        Ok(Talker {
            talking: live.then(talking).flatten(),
            ..talker
        })
    }

    /// Opens a request for what was said before, all over the stream. `fast`: it comes as fast as the stream takes it.
    ///
    /// # Errors
    /// [`Sender::send`].
    pub async fn talk_again(
        &mut self,
        request: u32,
        called: Called,
        fast: bool,
    ) -> Result<Talker, LinkError> {
        let busy = self.work.begin();
        let open = ClientFrame::AskAudio {
            id: request,
            file: None,
            speech_end: None,
            fast,
            called: Some(called),
        };
        self.says.send(&open).await?;
        Ok(Talker {
            request,
            talking: None,
            again: JoinSet::new(),
            _busy: busy,
        })
    }

    /// Says the next 20 ms. What does not fit a datagram of this net goes over the stream from then on.
    ///
    /// # Errors
    /// The link is gone.
    pub async fn say(&mut self, talker: &mut Talker, samples: &Samples) -> Result<(), LinkError> {
        match &mut talker.talking {
            Some(talking) => {
                let datagram = talking.frame(samples);
                self.throw(datagram)?;
                while talker.again.try_join_next().is_some() {}
                if self.loses()
                    && let Some(again) = talking.again()
                {
                    let connection = self.connection.clone();
                    talker.again.spawn(async move {
                        sleep(ONCE_MORE).await;
                        // It is sent or lost.
                        let _ = connection.send_datagram(again.into());
                    });
                }
                Ok(())
            }
            None => {
                let audio = ClientFrame::Audio {
                    id: talker.request,
                    samples: samples.to_vec(),
                };
                self.says.send(&audio).await
            }
        }
    }

    /// That was all; takes 20 ms. Where three packets are lost one after the other, 40 ms of the end are missing, and
    /// nothing is in their place.
    ///
    /// # Errors
    /// The link is gone.
    pub async fn end(&mut self, mut talker: Talker) -> Result<(), LinkError> {
        if let Some(datagram) = talker.talking.as_mut().and_then(Talking::end) {
            // The first goes in one packet with the last frame, maybe, and is lost with it.
            self.throw(datagram.clone())?;
            sleep(AGAIN).await;
            self.throw(datagram)?;
        }
        let id = talker.request;
        self.says.send(&ClientFrame::AudioEnd { id }).await
    }

    /// Whether the way there has lost something lately.
    fn loses(&mut self) -> bool {
        let lost = self.connection.stats().path.lost_packets;
        if lost != self.lost {
            self.lost = lost;
            self.careful = Some(Instant::now() + CAREFUL);
        }
        self.careful.is_some_and(|until| Instant::now() < until)
    }

    /// A datagram is sent or lost.
    fn throw(&self, datagram: Vec<u8>) -> Result<(), LinkError> {
        match self.connection.send_datagram(datagram.into()) {
            Err(quinn::SendDatagramError::ConnectionLost(error)) => Err(error.into()),
            // Too large for a way that has become narrower: the net would have lost it.
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Nothing more is asked; what was is still answered.
    pub fn finish(self) {
        self.says.finish();
    }
}

/// A client, as the hub sees it.
pub struct Client {
    /// What it is told.
    pub answers: Sender<ServerFrame>,
    /// What it asks.
    pub requests: Requests,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({:?})", self.answers)
    }
}

/// What a client asks, and what it says live, as `Audio` frames in their order: whoever reads them cannot tell how they came.
pub struct Requests {
    frames: Receiver<ClientFrame>,
    finished: bool,
    audio: Routed,
    began: Instant,
    live: BTreeMap<u32, Live>,
    /// Whose `AskAudio` came, and no audio yet.
    asked: VecDeque<u32>,
    /// Whose audio was told to its end.
    over: VecDeque<u32>,
    ready: VecDeque<ClientFrame>,
    work: Arc<Work>,
}

/// A request that is spoken live.
struct Live {
    hearing: Hearing,
    /// Its `AskAudio` came.
    asked: bool,
    /// Its `AudioEnd` came, or must be taken for granted: there is no more from this time on.
    ends: Option<Duration>,
    /// When the last packet came.
    heard: Duration,
    /// When it seemed that nobody was there any more.
    doubted: Option<Duration>,
    _busy: Busy,
}

impl Client {
    pub(super) fn new(
        answers: Sender<ServerFrame>,
        frames: Receiver<ClientFrame>,
        audio: Routed,
        work: Arc<Work>,
    ) -> Client {
        Client {
            answers,
            requests: Requests {
                frames,
                finished: false,
                audio,
                began: Instant::now(),
                live: BTreeMap::new(),
                asked: VecDeque::new(),
                over: VecDeque::new(),
                ready: VecDeque::new(),
                work,
            },
        }
    }
}

impl Requests {
    /// The next frame; `None` once the client has said all. May be dropped and called again: nothing is lost.
    ///
    /// # Errors
    /// [`Receiver::next`].
    pub async fn next(&mut self) -> Result<Option<ClientFrame>, LinkError> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Ok(Some(frame));
            }
            if self.finished && self.live.is_empty() {
                return Ok(None);
            }
            let wakes = self.live.values().map(Live::wakes).min();
            let wakes = wakes.map(|at| self.began + at);
            tokio::select! {
                frame = self.frames.next(), if !self.finished => match frame? {
                    Some(frame) => self.asked(frame),
                    None => {
                        self.finished = true;
                        let now = self.began.elapsed();
                        for live in self.live.values_mut() {
                            live.ends.get_or_insert(now);
                        }
                    }
                },
                (packet, at) = self.audio.next() => self.heard(packet, at),
                () = sleep_until(wakes.unwrap_or(self.began)), if wakes.is_some() => {}
            }
            self.listen();
        }
    }

    fn asked(&mut self, frame: ClientFrame) {
        let now = self.began.elapsed();
        match frame {
            ClientFrame::AskAudio { id, .. } => {
                // A client that counts anew means another request.
                self.over.retain(|it| *it != id);
                match self.live.get_mut(&id) {
                    Some(live) => live.asked = true,
                    None => remember(&mut self.asked, id),
                }
            }
            ClientFrame::AudioEnd { id } if self.live.contains_key(&id) => {
                if let Some(live) = self.live.get_mut(&id) {
                    live.ends.get_or_insert(now + OVERTAKEN);
                }
                // It is told after the last of its audio.
                return;
            }
            // It was told in its place.
            ClientFrame::AudioEnd { id } if self.over.contains(&id) => return,
            // None of it has come yet.
            ClientFrame::AudioEnd { id } if self.asked.contains(&id) => {
                self.live.insert(
                    id,
                    Live {
                        hearing: Hearing::default(),
                        asked: true,
                        ends: Some(now + OVERTAKEN),
                        heard: now,
                        doubted: None,
                        _busy: self.work.begin(),
                    },
                );
                return;
            }
            // It is a recording, which goes over the stream.
            ClientFrame::Audio { id, .. } => self.asked.retain(|it| *it != id),
            _ => {}
        }
        self.ready.push_back(frame);
    }

    fn heard(&mut self, packet: Packet, at: Instant) {
        let id = packet.route.request;
        let at = at.saturating_duration_since(self.began);
        if self.over.contains(&id) {
            return;
        }
        if !self.live.contains_key(&id) {
            if self.live.len() == MOST_LIVE {
                return;
            }
            let live = Live {
                hearing: Hearing::default(),
                asked: self.asked.contains(&id),
                ends: None,
                heard: at,
                doubted: None,
                _busy: self.work.begin(),
            };
            self.live.insert(id, live);
        }
        if let Some(live) = self.live.get_mut(&id) {
            live.heard = at;
            live.doubted = None;
            live.hearing.push(packet, at);
        }
    }

    /// What is due now.
    fn listen(&mut self) {
        let now = self.began.elapsed();
        let (ready, over) = (&mut self.ready, &mut self.over);
        self.live.retain(|id, live| {
            if now >= live.heard + GONE {
                live.doubted.get_or_insert(now);
            }
            let gone = live.doubted.is_some_and(|at| at + SECOND_LOOK <= now);
            if live.ends.is_some_and(|at| at <= now) || gone {
                live.hearing.end();
            }
            if !live.asked {
                // Without its request nobody wants it.
                return !gone;
            }
            let mut samples = Vec::new();
            while let Some(heard) = live.hearing.pop(now) {
                samples.extend(heard.samples);
                if samples.len() + heard.samples.len() > ClientFrame::MAX_SAMPLES {
                    let samples = std::mem::take(&mut samples);
                    ready.push_back(ClientFrame::Audio { id: *id, samples });
                }
            }
            if !samples.is_empty() {
                ready.push_back(ClientFrame::Audio { id: *id, samples });
            }
            let goes_on = !live.hearing.is_over();
            if !goes_on {
                ready.push_back(ClientFrame::AudioEnd { id: *id });
                remember(over, *id);
            }
            goes_on
        });
        let live = &self.live;
        self.asked.retain(|id| !live.contains_key(id));
    }
}

/// The latest of them.
fn remember(requests: &mut VecDeque<u32>, id: u32) {
    requests.push_back(id);
    if requests.len() > MOST_REMEMBERED {
        requests.pop_front();
    }
}

impl Live {
    /// When something is due though nothing has come.
    fn wakes(&self) -> Duration {
        let gone = match self.doubted {
            Some(at) => at + SECOND_LOOK,
            None => self.heard + GONE,
        };
        let hole = self.hearing.deadline().filter(|_| self.asked);
        if self.asked && self.hearing.is_ended() {
            return hole.unwrap_or(gone);
        }
        let first = [hole, self.ends].into_iter().flatten().min();
        first.map_or(gone, |at| at.min(gone))
    }
}
