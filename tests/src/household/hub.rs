//! The hub: its links, and how what happens reaches a session or a job. Nothing here thinks: the turn machine, the errand
//! and the placement do.

use super::{
    faults::Bug,
    house::House,
    jobs::Jobs,
    link::{CONTROL, End},
    model::{Later, Words},
    net::{Load, Packet},
    session::{Mouth, Session},
    world::{Machine, World},
};
use loqa_core::{
    errand,
    seams::{Committed, HostError, PrepareRequest},
    turn::{Input, ReplyId},
};
use loqa_link::wire::{Me, audio::codec::Samples, audio::packet::Packet as Audio};
use loqa_protocol::{
    AudioCodec, ClientFrame, JobFrame, NodeRole, PrivacyScope, SessionId, UtteranceId,
    link::{LinkFrame, Offer},
};
use std::{
    collections::{BTreeMap, VecDeque},
    path::PathBuf,
    time::Duration,
};

/// What the hub knows of its house, whatever happens to it.
#[derive(Clone)]
pub struct HubConfig {
    pub folder: PathBuf,
    pub words: Words,
    /// Expected of its own models.
    pub here: Duration,
    /// Which scope speech has that comes through its own microphone, then each puck.
    pub scopes: Vec<PrivacyScope>,
    /// What each node may hear, and is called.
    pub nodes: Vec<(&'static str, PrivacyScope)>,
}

/// A connection.
pub struct Linked {
    pub end: End,
    pub welcomed: bool,
    pub silent: bool,
    pub load: u32,
    pub offers: Vec<Offer>,
    /// Its jobs, by the streams they are on: job and attempt.
    pub jobs: BTreeMap<u32, (u64, usize)>,
    /// The client on it: stream and session.
    pub client: Option<(u32, u64)>,
}

/// What happens in the hub a little later.
pub enum Soon {
    /// A model of its own answers.
    Here(u64, usize, JobFrame),
    /// What the skill host did.
    Committed(u64, UtteranceId, Result<Committed, HostError>, Vec<String>),
    /// A skill host that died is asked again.
    CommitAgain(u64, UtteranceId, loqa_core::seams::DraftId),
    /// The last of a reply has left.
    Said(u64, ReplyId),
    /// A frame in which nobody says anything, after the stream has ended.
    Silence(u64),
    /// Its own processes were silent for too long, and are started again.
    HereEnds,
    /// A disk that refused is tried again.
    Flush,
}

/// What is to be handled, in its order.
pub enum Due {
    Input(u64, Input),
    Job(u64, errand::Input),
}

/// See the module.
pub struct Hub {
    pub config: HubConfig,
    pub links: BTreeMap<u64, Linked>,
    pub sessions: BTreeMap<u64, Session>,
    pub jobs: Jobs,
    pub house: House,
    pub soon: Later<Soon>,
    pub due: VecDeque<Due>,
    pub next_session: u64,
    /// Its own models do not answer before.
    pub here_hangs: Duration,
    /// What the next commit did is not told; whether the host is asked again.
    pub answer_lost: Option<bool>,
    /// What it has asked whether to do; only a planted mistake looks at it.
    pub pending: Option<PrepareRequest>,
}

impl Hub {
    /// Starts with whatever is on the disk.
    pub fn start(config: HubConfig, world: &mut World) -> Result<Hub, String> {
        let house = House::open(&config.folder)?;
        world.witness.hub_started(&house);
        let mut hub = Hub {
            config,
            links: BTreeMap::new(),
            sessions: BTreeMap::new(),
            jobs: Jobs::default(),
            house,
            soon: Later::default(),
            due: VecDeque::new(),
            next_session: 0,
            here_hangs: Duration::ZERO,
            answer_lost: None,
            pending: None,
        };
        hub.begin_session(Mouth::Here, 0, world);
        hub.soon
            .put(world.now + Duration::from_secs(1), Soon::Flush);
        Ok(hub)
    }

    /// It is killed. Who holds a session of it loses it.
    pub fn crash(self, world: &mut World) {
        for session in self.sessions.values() {
            world.witness.session_over(session.id);
            if let (Mouth::Here, true) = (session.mouth, session.request.is_some()) {
                let told = super::world::Told::Failed("the hub is gone");
                world.told.push((Machine::Hub, told));
            }
        }
    }

    pub fn begin_session(&mut self, mouth: Mouth, room: usize, world: &mut World) -> u64 {
        let id = u128::from(world.random.bits()) << 64 | u128::from(world.random.bits());
        let scope = self.config.scopes.get(room).copied().unwrap_or_default();
        world.witness.session(SessionId(id), scope);
        let key = self.next_session;
        self.next_session += 1;
        let epoch = self.house.store.snapshot().epoch;
        let session = Session::new(SessionId(id), scope, mouth, epoch, world.now);
        self.sessions.insert(key, session);
        key
    }

    pub fn deadline(&self, world: &World) -> Option<Duration> {
        let links = self
            .links
            .values()
            .map(|it| it.end.deadline(world.now))
            .min();
        let machines = self.sessions.values().filter_map(|it| it.deadline());
        let machines = machines.min().filter(|_| !world.has(Bug::LostWakeUp));
        let live = self
            .sessions
            .values()
            .filter_map(|it| it.live.as_ref()?.wakes());
        [
            links,
            machines,
            live.min(),
            self.jobs.deadline(),
            self.soon.next(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    pub fn wake(&mut self, world: &mut World) {
        let now = world.now;
        while let Some(soon) = self.soon.due(now) {
            self.happens(soon, world);
            self.settle(world);
        }
        let live: Vec<u64> = self.sessions.keys().copied().collect();
        for key in live {
            self.listens(key, world);
            let due = self.sessions.get(&key).and_then(Session::deadline);
            if due.is_some_and(|at| at <= now) && !world.has(Bug::LostWakeUp) {
                self.due.push_back(Due::Input(key, Input::Deadline));
            }
        }
        for job in self.jobs.late(now) {
            self.due.push_back(Due::Job(job, errand::Input::Time));
        }
        self.settle(world);
        self.beats(world);
        self.settle(world);
    }

    fn happens(&mut self, soon: Soon, world: &mut World) {
        match soon {
            Soon::Here(job, attempt, frame) => {
                if self.here_hangs > world.now && !self.jobs.speaks(job) {
                    return self
                        .soon
                        .put(self.here_hangs, Soon::Here(job, attempt, frame));
                }
                let came = errand::Input::Came(attempt, frame);
                self.due.push_back(Due::Job(job, came));
            }
            Soon::Committed(key, utterance, result, deeds) => {
                if let (Some(_), Ok(committed)) = (self.sessions.get(&key), &result) {
                    if !self.house.knows(utterance) {
                        world
                            .witness
                            .wrong("acknowledged before it was written".into());
                    }
                    world
                        .witness
                        .acknowledged(utterance, deeds, &committed.reply);
                }
                let told = Input::Committed(utterance, result);
                self.due.push_back(Due::Input(key, told));
            }
            Soon::CommitAgain(key, utterance, draft) => {
                self.commit(key, utterance, draft, true, world)
            }
            Soon::Said(key, reply) => {
                if let Some(session) = self.sessions.get_mut(&key)
                    && session.replies.remove(&reply).is_some()
                {
                    world.witness.audible(session.id, reply, false);
                    let heard = Duration::from_millis(500);
                    self.due
                        .push_back(Due::Input(key, Input::ReplyEnded { reply, heard }));
                }
            }
            Soon::Silence(key) => self.hears_silence(key, world),
            Soon::HereEnds => self.here_dies(world),
            Soon::Flush => {
                // Whether it took, `unsaved` tells.
                let _ = self.house.store.flush();
                self.soon
                    .put(world.now + Duration::from_secs(1), Soon::Flush);
            }
        }
    }

    /// Handles whatever follows from what has happened.
    pub fn settle(&mut self, world: &mut World) {
        loop {
            while let Some(due) = self.due.pop_front() {
                match due {
                    Due::Input(key, input) => self.tell(key, input, world),
                    Due::Job(job, input) => self.job(job, input, world),
                }
            }
            if !self.end_requests(world) {
                return;
            }
        }
    }

    fn beats(&mut self, world: &mut World) {
        let links: Vec<u64> = self.links.keys().copied().collect();
        for link in links {
            let Some(linked) = self.links.get_mut(&link) else {
                continue;
            };
            let asks = linked.client.and_then(|(_, key)| self.sessions.get(&key));
            let busy = !linked.jobs.is_empty() || asks.is_some_and(|it| it.request.is_some());
            if linked.silent && linked.end.idle_at() <= world.now {
                self.drop_link(link, world);
                continue;
            }
            if linked.welcomed {
                linked.end.tick(busy, world);
            }
            if linked.silent {
                continue;
            }
            let silent = match world.has(Bug::BlamesOthers) {
                true => linked.end.silent_at() <= world.now,
                false => linked.end.is_silent(world.now),
            };
            if silent {
                linked.silent = true;
                if let Machine::Node(node) = linked.end.peer {
                    world.given_up.push(node);
                }
                self.tell_jobs(link, "it is silent", errand::Input::Silent, world);
            }
        }
    }

    /// Something has become of a node, and so of what it does.
    fn tell_jobs(
        &mut self,
        link: u64,
        why: &str,
        input: impl Fn(usize) -> errand::Input,
        world: &mut World,
    ) {
        let Some(linked) = self.links.get_mut(&link) else {
            return;
        };
        let peer = linked.end.peer;
        world.say(|| format!("hub      {peer:?}: {why}"));
        for (job, attempt) in linked.jobs.values() {
            self.due.push_back(Due::Job(*job, input(*attempt)));
        }
    }

    fn drop_link(&mut self, link: u64, world: &mut World) {
        let why = "its connection is gone";
        let lost = |attempt| errand::Input::Lost(attempt, errand::Lost::Gone(why.into()));
        self.tell_jobs(link, why, lost, world);
        self.settle(world);
        if let Some(linked) = self.links.remove(&link)
            && let Some((_, key)) = linked.client
        {
            self.end_session(key, world);
        }
        world.net.forget(link);
    }

    pub fn arrives(&mut self, packet: Packet, world: &mut World) {
        let (link, lane) = (packet.link, packet.lane);
        if packet.load == Load::Gone {
            return self.drop_link(link, world);
        }
        if !self.links.contains_key(&link) {
            self.greet(&packet, world);
            return self.wake(world);
        }
        let Some(linked) = self.links.get_mut(&link) else {
            return;
        };
        match packet.load {
            Load::Stream(bytes) => {
                let begins = linked.end.took(lane, &bytes);
                if lane == CONTROL {
                    while let Some(frame) = linked.end.next::<LinkFrame>(lane, world) {
                        if let LinkFrame::Beat(beat) = frame {
                            linked.end.beat(&beat, world.now);
                            linked.load = beat.load_permille;
                            linked.silent = false;
                        }
                    }
                } else if let Some(&(job, attempt)) = linked.jobs.get(&lane) {
                    while let Some(frame) = linked.end.next::<JobFrame>(lane, world) {
                        let came = errand::Input::Came(attempt, frame);
                        self.due.push_back(Due::Job(job, came));
                    }
                } else if begins || linked.client.is_some_and(|(of, _)| of == lane) {
                    self.client(link, lane, begins, world);
                } else if world.has(Bug::DeadManTalks) || world.has(Bug::BothAnswers) {
                    self.dead_man_talks(link, lane, world);
                }
            }
            Load::Datagram(bytes) => match (Audio::from_bytes(&bytes), linked.client) {
                (Ok(audio), Some((_, key))) => self.audio(key, audio, world),
                (Err(error), _) => world.witness.wrong(format!("no audio: {error}")),
                _ => {}
            },
            Load::Reset | Load::Gone => {}
        }
        self.settle(world);
        self.wake(world);
    }

    /// Somebody new, or somebody whom a hub that was killed knew.
    fn greet(&mut self, packet: &Packet, world: &mut World) {
        let (me, peer) = (Machine::Hub, packet.from);
        let mut end = End::new(packet.link, me, peer, Duration::ZERO, world.now);
        let hello = match &packet.load {
            Load::Stream(bytes) if packet.lane == CONTROL => {
                end.took(CONTROL, bytes);
                end.next::<LinkFrame>(CONTROL, world)
            }
            Load::Stream(_) | Load::Datagram(_) => None,
            Load::Reset | Load::Gone => return,
        };
        let Some(LinkFrame::Hello(hello)) = hello else {
            return end.send(CONTROL, Load::Gone, world);
        };
        let household = Me {
            name: "Home".into(),
            software: "loqa".into(),
            codecs: vec![AudioCodec::Pcm16],
            ..Me::default()
        };
        let answer = match household.welcome(&hello) {
            Ok(welcome) => LinkFrame::Welcome(welcome),
            Err(problem) => LinkFrame::Refusal { problem },
        };
        end.say(CONTROL, &answer, world);
        world.say(|| format!("hub      {peer:?} is here"));
        // Whoever comes again has come for good.
        let before = self.links.iter().filter(|(_, it)| it.end.peer == peer);
        let before: Vec<u64> = before.map(|(link, _)| *link).collect();
        for link in before {
            self.drop_link(link, world);
        }
        let linked = Linked {
            end,
            welcomed: true,
            silent: false,
            load: 0,
            offers: match hello.roles.contains(&NodeRole::Inference) {
                true => hello.offers,
                false => Vec::new(),
            },
            jobs: BTreeMap::new(),
            client: None,
        };
        self.links.insert(packet.link, linked);
    }

    fn client(&mut self, link: u64, lane: u32, begins: bool, world: &mut World) {
        let Some(linked) = self.links.get_mut(&link) else {
            return;
        };
        let peer = linked.end.peer;
        if begins {
            linked.end.next::<LinkFrame>(lane, world);
            let Machine::Puck(puck) = peer else { return };
            let key = self.begin_session(Mouth::Client(link, lane), puck + 1, world);
            if let Some(linked) = self.links.get_mut(&link) {
                linked.client = Some((lane, key));
            }
        }
        let mut frames = Vec::new();
        if let Some(linked) = self.links.get_mut(&link) {
            while let Some(frame) = linked.end.next::<ClientFrame>(lane, world) {
                frames.push(frame);
            }
        }
        let key = self
            .links
            .get(&link)
            .and_then(|it| it.client)
            .map(|(_, key)| key);
        for frame in frames {
            if let Some(key) = key {
                self.asked(key, frame, world);
            }
        }
    }

    /// Somebody calls the hub itself, and speaks.
    pub fn called(&mut self, world: &mut World) {
        let ask = ClientFrame::AskAudio {
            id: 1,
            file: None,
            speech_end: None,
            fast: false,
            called: None,
        };
        self.asked(0, ask, world);
        self.settle(world);
    }

    /// 20 ms of the hub's room.
    pub fn hears(&mut self, samples: &Samples, world: &mut World) {
        self.frame(0, samples, false, world);
        self.settle(world);
        self.wake(world);
    }

    /// Nothing more is said there.
    pub fn silence(&mut self, world: &mut World) {
        self.asked(0, ClientFrame::AudioEnd { id: 1 }, world);
        self.settle(world);
        self.wake(world);
    }

    /// Nothing is under way.
    pub fn is_quiet(&self) -> bool {
        let mut sessions = self.sessions.values();
        self.jobs.is_empty() && sessions.all(Session::is_quiet)
    }
}
