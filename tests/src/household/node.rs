//! A node that runs models for the hub.

use super::{
    link::{CONTROL, Dialled},
    model::{Later, Model, Speed, Words},
    net::{Load, Packet},
    world::{Machine, World},
};
use loqa_link::wire::Me;
use loqa_protocol::{
    Capability, JobFrame, NodeId, NodeRole, PrivacyScope,
    link::{LinkFrame, Offer},
};
use std::{collections::BTreeMap, time::Duration};

/// What it is; stays the same when it starts anew.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    pub name: &'static str,
    pub kinds: Vec<&'static str>,
    pub speed: Duration,
    /// What it may hear.
    pub may_hear: PrivacyScope,
    /// What its clock is ahead.
    pub skew: Duration,
}

pub fn id_of(node: usize) -> NodeId {
    NodeId([node as u8 + 1; 32])
}

/// See the module.
pub struct Node {
    me: usize,
    pub config: NodeConfig,
    words: Words,
    /// Slower by this factor than it said of itself.
    pub slow: u32,
    link: Dialled,
    welcomed: bool,
    jobs: BTreeMap<u32, Model>,
    later: Later<(u32, JobFrame)>,
}

impl Node {
    pub fn new(me: usize, config: NodeConfig, words: Words, now: Duration) -> Node {
        Node {
            me,
            config,
            words,
            slow: 1,
            link: Dialled::At(now),
            welcomed: false,
            jobs: BTreeMap::new(),
            later: Later::default(),
        }
    }

    pub fn deadline(&self, now: Duration) -> Option<Duration> {
        [Some(self.link.deadline(now)), self.later.next()]
            .into_iter()
            .flatten()
            .min()
    }

    pub fn wake(&mut self, world: &mut World) {
        let (from, config) = (Machine::Node(self.me), &self.config);
        self.link
            .dial(from, config.skew, || introduced(config), world);
        while let Some((lane, frame)) = self.later.due(world.now) {
            if let Some(end) = self.link.end()
                && self.jobs.contains_key(&lane)
            {
                end.say(lane, &frame, world);
                if frame == JobFrame::Finish {
                    self.jobs.remove(&lane);
                }
            }
        }
        let busy = !self.jobs.is_empty();
        if let Some(end) = self.link.end() {
            if end.idle_at() <= world.now {
                return self.lost(world.now);
            }
            end.tick(busy, world);
        }
    }

    fn lost(&mut self, now: Duration) {
        self.link.lost(now);
        self.welcomed = false;
        self.jobs.clear();
        self.later = Later::default();
    }

    pub fn arrives(&mut self, packet: Packet, world: &mut World) {
        let Some(end) = self.link.of(&packet) else {
            return;
        };
        let lane = packet.lane;
        match packet.load {
            Load::Gone => self.lost(world.now),
            Load::Reset => {
                self.jobs.remove(&lane);
                self.later.retain(|(of, _)| *of != lane);
            }
            Load::Datagram(_) => {}
            Load::Stream(bytes) if lane == CONTROL => {
                end.took(lane, &bytes);
                while let Some(frame) = end.next::<LinkFrame>(lane, world) {
                    match frame {
                        LinkFrame::Welcome(_) => self.welcomed = true,
                        LinkFrame::Beat(beat) => end.beat(&beat, world.now),
                        other => world.witness.wrong(format!("a node was told {other:?}")),
                    }
                }
            }
            Load::Stream(bytes) => {
                if end.took(lane, &bytes) {
                    end.next::<LinkFrame>(lane, world);
                    self.jobs.insert(lane, Model::default());
                }
                let mut frames = Vec::new();
                while let Some(frame) = end.next::<JobFrame>(lane, world) {
                    frames.push(frame);
                }
                for frame in frames {
                    self.works(lane, frame, world);
                }
            }
        }
        self.wake(world);
    }

    fn works(&mut self, lane: u32, frame: JobFrame, world: &mut World) {
        let name = self.config.name;
        let link = self.link.end().map_or(0, |end| end.link);
        let way = (self.me, link, lane);
        world.witness.came_to_node(way, &self.config, &frame);
        let Some(model) = self.jobs.get_mut(&lane) else {
            return;
        };
        let speed = Speed(self.config.speed * self.slow);
        for (after, frame) in model.hear(frame, &self.words, name, speed) {
            self.later.put(world.now + after, (lane, frame));
        }
    }
}

/// What it says of itself.
fn introduced(config: &NodeConfig) -> Me {
    let offers = config.kinds.iter().map(|kind| Offer {
        capability: capability(kind),
        slots: 2,
        running: 0,
        rtf_permille: 100,
        first_ms: config.speed.as_millis() as u32,
    });
    Me {
        name: config.name.into(),
        software: "loqa-node".into(),
        roles: vec![NodeRole::Inference],
        offers: offers.collect(),
        codecs: Vec::new(),
    }
}

/// What is offered of each kind.
pub fn capability(kind: &str) -> Capability {
    let (name, variant) = match kind {
        "stt" => ("whisper", "base.en"),
        "llm" => ("llama", "small"),
        _ => ("kokoro", "en_US"),
    };
    Capability {
        kind: kind.into(),
        name: name.into(),
        variant: variant.into(),
    }
}
