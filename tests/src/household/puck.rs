//! A microphone and a speaker in a room: sends what is said after it was called, says what it is told to, and says by itself
//! that it has lost the hub.

use super::{
    faults::Bug,
    link::{CONTROL, Dialled},
    model::{Later, understood},
    net::{Load, Packet},
    world::{MS, Machine, Told, World},
};
use loqa_link::wire::{
    Me,
    audio::{Talking, codec::Samples, packet::Route},
};
use loqa_protocol::{AudioCodec, ClientFrame, NodeRole, ServerFrame, StreamKind, link::LinkFrame};
use std::time::Duration;

/// See the module.
pub struct Puck {
    me: usize,
    link: Dialled,
    /// The stream on which it is a client.
    client: Option<u32>,
    /// What it has asked, and waits for.
    request: Option<u32>,
    requests: u32,
    talking: Option<Talking>,
    later: Later<ClientOrAgain>,
    /// Summaries of the present request.
    turns: Vec<String>,
}

enum ClientOrAgain {
    Again(Vec<u8>),
    End(ClientFrame),
}

impl Puck {
    pub fn new(me: usize, now: Duration) -> Puck {
        Puck {
            me,
            link: Dialled::At(now),
            client: None,
            request: None,
            requests: 0,
            talking: None,
            later: Later::default(),
            turns: Vec::new(),
        }
    }

    fn machine(&self) -> Machine {
        Machine::Puck(self.me)
    }

    pub fn deadline(&self, now: Duration) -> Option<Duration> {
        [Some(self.link.deadline(now)), self.later.next()]
            .into_iter()
            .flatten()
            .min()
    }

    pub fn wake(&mut self, world: &mut World) {
        let me = self.machine();
        let introduced = || Me {
            name: format!("puck {}", self.me),
            software: "loqa-node".into(),
            roles: vec![NodeRole::Puck],
            offers: Vec::new(),
            codecs: vec![AudioCodec::Pcm16],
        };
        self.link.dial(me, Duration::ZERO, introduced, world);
        while let Some(thing) = self.later.due(world.now) {
            if let (Some(end), Some(lane)) = (self.link.end(), self.client) {
                match thing {
                    ClientOrAgain::Again(bytes) => end.send(lane, Load::Datagram(bytes), world),
                    ClientOrAgain::End(frame) => end.say(lane, &frame, world),
                }
            }
        }
        let busy = self.request.is_some();
        if let Some(end) = self.link.end() {
            let silent = match busy {
                // Whoever waits for an answer is told soon.
                true => end.is_silent(world.now),
                false => end.idle_at() <= world.now,
            };
            if silent {
                return self.lost(world);
            }
            end.tick(busy, world);
        }
    }

    fn lost(&mut self, world: &mut World) {
        self.link.lost(world.now);
        self.client = None;
        self.talking = None;
        self.later = Later::default();
        if self.request.take().is_some() && !world.has(Bug::NobodyIsTold) {
            let me = self.machine();
            world.told.push((me, Told::Failed("I have lost the hub")));
        }
    }

    /// Somebody has called, and speaks.
    pub fn called(&mut self, world: &mut World) {
        let me = self.machine();
        let (Some(end), Some(lane)) = (self.link.end(), self.client) else {
            world
                .told
                .push((me, Told::Failed("I cannot reach the hub")));
            return;
        };
        self.requests += 1;
        let id = self.requests;
        self.request = Some(id);
        self.turns.clear();
        let ask = ClientFrame::AskAudio {
            id,
            file: None,
            speech_end: None,
            fast: false,
            called: None,
        };
        end.say(lane, &ask, world);
        let route = Route {
            stream: lane,
            request: id,
        };
        self.talking = Talking::new(route, AudioCodec::Pcm16).ok();
        self.wake(world);
    }

    /// 20 ms of the room.
    pub fn hears(&mut self, samples: &Samples, world: &mut World) {
        if let (Some(talking), Some(end), Some(lane)) =
            (&mut self.talking, self.link.end(), self.client)
        {
            end.send(lane, Load::Datagram(talking.frame(samples)), world);
        }
    }

    /// Nothing more is said.
    pub fn silence(&mut self, world: &mut World) {
        let (Some(mut talking), Some(end), Some(lane), Some(id)) = (
            self.talking.take(),
            self.link.end(),
            self.client,
            self.request,
        ) else {
            return;
        };
        if let Some(datagram) = talking.end() {
            end.send(lane, Load::Datagram(datagram.clone()), world);
            let again = world.now + 20 * MS;
            self.later.put(again, ClientOrAgain::Again(datagram));
            let end = ClientOrAgain::End(ClientFrame::AudioEnd { id });
            self.later.put(again, end);
        }
    }

    pub fn arrives(&mut self, packet: Packet, world: &mut World) {
        let Some(end) = self.link.of(&packet) else {
            return;
        };
        let lane = packet.lane;
        match packet.load {
            Load::Gone => self.lost(world),
            Load::Reset | Load::Datagram(_) => {}
            Load::Stream(bytes) if lane == CONTROL => {
                end.took(lane, &bytes);
                while let Some(frame) = end.next::<LinkFrame>(lane, world) {
                    match frame {
                        LinkFrame::Welcome(_) => {
                            self.client = Some(end.open(StreamKind::Client, world));
                        }
                        LinkFrame::Beat(beat) => end.beat(&beat, world.now),
                        other => world.witness.wrong(format!("a puck was told {other:?}")),
                    }
                }
            }
            Load::Stream(bytes) => {
                end.took(lane, &bytes);
                let mut frames = Vec::new();
                while let Some(frame) = end.next::<ServerFrame>(lane, world) {
                    frames.push(frame);
                }
                for frame in frames {
                    self.told(frame, world);
                }
            }
        }
        self.wake(world);
    }

    fn told(&mut self, frame: ServerFrame, world: &mut World) {
        let me = self.machine();
        if self.request != Some(frame.id()) {
            return;
        }
        match frame {
            ServerFrame::Speech { samples, .. } => {
                world.told.push((me, Told::Words(understood(&samples))));
            }
            ServerFrame::Turn { summary, .. } => self.turns.push(summary.reply),
            ServerFrame::Done { .. } => {
                self.request = None;
                self.talking = None;
                world.told.push((me, Told::Over));
            }
            ServerFrame::Event { .. } => {}
            other => world.witness.wrong(format!("{me:?} was told {other:?}")),
        }
    }
}
