//! One end of a connection: real frames as real bytes, and the real pulse of whoever is at the other end.

use super::{
    net::{Load, Packet},
    world::{MS, Machine, World},
};
use loqa_link::wire::{AT_REST, AT_WORK, Me, Pulse};
use loqa_protocol::{
    StreamKind,
    link::{Beat, LinkFrame},
    wire::{FrameReader, Wire, write_frame},
};
use std::{collections::BTreeMap, time::Duration};

/// The stream of `Hello` and beats.
pub const CONTROL: u32 = 0;
/// What a round trip takes, as both believe.
const ROUND_TRIP: Duration = Duration::from_millis(20);
/// Who is silent for so long has no connection any more.
const IDLE: Duration = Duration::from_secs(3);
/// Who has lost a connection tries again after so long.
const AGAIN: Duration = Duration::from_millis(400);

/// One end.
#[derive(Debug)]
pub struct End {
    pub link: u64,
    pub me: Machine,
    pub peer: Machine,
    /// What its clock is ahead of the others'.
    skew: Duration,
    pulse: Pulse,
    beat_at: Duration,
    /// It was promised so often.
    pace: Duration,
    readers: BTreeMap<u32, FrameReader>,
    next_lane: u32,
}

/// What who dials has of it.
#[derive(Debug)]
pub enum Dialled {
    /// Nothing; it tries then.
    At(Duration),
    Up(End),
}

impl Dialled {
    pub fn deadline(&self, now: Duration) -> Duration {
        match self {
            Dialled::Up(end) => end.deadline(now),
            Dialled::At(then) => *then,
        }
    }

    pub fn end(&mut self) -> Option<&mut End> {
        match self {
            Dialled::Up(end) => Some(end),
            Dialled::At(_) => None,
        }
    }

    /// Dials, if it is time to, and says who does.
    pub fn dial(
        &mut self,
        from: Machine,
        skew: Duration,
        me: impl FnOnce() -> Me,
        world: &mut World,
    ) {
        if matches!(self, Dialled::At(then) if *then <= world.now) {
            let link = world.random.bits();
            let end = End::new(link, from, Machine::Hub, skew, world.now);
            end.say(CONTROL, &LinkFrame::Hello(me().hello()), world);
            *self = Dialled::Up(end);
        }
    }

    pub fn lost(&mut self, now: Duration) {
        *self = Dialled::At(now + AGAIN);
    }

    /// Whose packet it is.
    pub fn of(&mut self, packet: &Packet) -> Option<&mut End> {
        self.end().filter(|end| end.link == packet.link)
    }
}

impl End {
    pub fn new(link: u64, me: Machine, peer: Machine, skew: Duration, now: Duration) -> End {
        End {
            link,
            me,
            peer,
            skew,
            pulse: Pulse::new(now + skew),
            beat_at: now,
            pace: AT_REST,
            readers: BTreeMap::new(),
            // Each side counts its own.
            next_lane: if me == Machine::Hub { 2 } else { 1 },
        }
    }

    /// Says this in a lane.
    pub fn say(&self, lane: u32, frame: &impl Wire, world: &mut World) {
        let mut bytes = Vec::new();
        if let Err(error) = write_frame(frame, &mut bytes) {
            world
                .witness
                .wrong(format!("a frame cannot be written: {error}"));
        }
        self.send(lane, Load::Stream(bytes), world);
    }

    pub fn send(&self, lane: u32, load: Load, world: &mut World) {
        world.send(Packet {
            from: self.me,
            to: self.peer,
            link: self.link,
            lane,
            load,
        });
    }

    /// Opens a stream.
    pub fn open(&mut self, stream: StreamKind, world: &mut World) -> u32 {
        let lane = self.next_lane;
        self.next_lane += 2;
        self.readers.insert(lane, FrameReader::default());
        self.say(lane, &LinkFrame::Open { stream }, world);
        lane
    }

    /// What a lane brings, and whether it begins with this.
    pub fn took(&mut self, lane: u32, bytes: &[u8]) -> bool {
        let begins = lane != CONTROL && !self.readers.contains_key(&lane);
        self.readers.entry(lane).or_default().push(bytes);
        begins
    }

    /// The next frame of a lane.
    pub fn next<F: Wire>(&mut self, lane: u32, world: &mut World) -> Option<F> {
        match self.readers.get_mut(&lane)?.next_frame() {
            Ok(frame) => frame,
            Err(error) => {
                let me = self.me;
                world
                    .witness
                    .wrong(format!("{me:?} cannot read a frame: {error}"));
                None
            }
        }
    }

    pub fn beat(&mut self, beat: &Beat, now: Duration) {
        self.pulse.came(beat, now + self.skew);
    }

    /// Beats, if it is time to.
    pub fn tick(&mut self, busy: bool, world: &mut World) {
        let pace = if busy { AT_WORK } else { AT_REST };
        if pace < self.pace {
            self.beat_at = world.now;
        }
        if self.beat_at <= world.now {
            self.pace = pace;
            self.beat_at = world.now + pace;
            let beat = self.pulse.next(pace);
            self.say(CONTROL, &LinkFrame::Beat(beat), world);
        }
    }

    /// When its silence means something.
    pub fn silent_at(&self) -> Duration {
        self.pulse.silent_at(ROUND_TRIP).saturating_sub(self.skew)
    }

    /// Whether it is silent, and not whoever asks was asleep.
    pub fn is_silent(&mut self, now: Duration) -> bool {
        self.silent_at() <= now && self.pulse.is_silent(now + self.skew, ROUND_TRIP)
    }

    /// When nobody waits for it any more.
    pub fn idle_at(&self) -> Duration {
        self.silent_at() + IDLE
    }

    /// When to look again.
    pub fn deadline(&self, now: Duration) -> Duration {
        let silent = [self.silent_at(), self.idle_at()];
        let next = silent.into_iter().filter(|at| *at > now).min();
        self.beat_at.min(next.unwrap_or(now + MS))
    }
}
