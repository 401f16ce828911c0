//! The network of the house. A stream keeps its order and waits out loss; a datagram is late, lost, twice there or overtaken.
//! What goes over it are bytes.

use super::world::{Happening, MS, Machine, World};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

/// What is in a packet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Load {
    /// More of a stream.
    Stream(Vec<u8>),
    /// Nothing more of that stream is wanted.
    Reset,
    Datagram(Vec<u8>),
    /// The receiver's end of this connection is not known here (QUIC's stateless reset).
    Gone,
}

/// From one machine to another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Packet {
    pub from: Machine,
    pub to: Machine,
    /// Which connection.
    pub link: u64,
    /// Which stream of it.
    pub lane: u32,
    pub load: Load,
}

/// One direction of a stream.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Lane {
    link: u64,
    lane: u32,
    to: Machine,
}

#[derive(Debug, Default)]
struct InFlight {
    packets: VecDeque<Packet>,
    last: Duration,
}

/// How good it is, and who is cut off.
#[derive(Debug, Default)]
pub struct Net {
    /// One way, ms: at least, at most.
    delay: (u64, u64),
    /// Of datagrams and packets of streams, in thousandths.
    loss: usize,
    /// Of datagrams, likewise.
    twice: usize,
    cut: BTreeMap<Machine, Duration>,
    lanes: BTreeMap<Lane, InFlight>,
}

impl Net {
    pub fn new(delay: (u64, u64), loss: usize, twice: usize) -> Net {
        Net {
            delay,
            loss,
            twice,
            ..Net::default()
        }
    }

    /// Nothing comes to or from it until then.
    pub fn cut(&mut self, machine: Machine, until: Duration) {
        let cut = self.cut.entry(machine).or_default();
        *cut = until.max(*cut);
    }

    fn is_cut(&self, packet: &Packet, now: Duration) -> bool {
        let cut = |machine| self.cut.get(machine).is_some_and(|until| *until > now);
        cut(&packet.from) || cut(&packet.to)
    }

    /// It was unplugged: what it had not yet got comes never.
    pub fn forget(&mut self, link: u64) {
        self.lanes.retain(|lane, _| lane.link != link);
    }
}

impl World {
    /// Sends it on its way.
    pub fn send(&mut self, packet: Packet) {
        let (low, high) = self.net.delay;
        let way = self.between(low, high);
        match packet.load {
            Load::Stream(_) => self.queue(packet, way),
            Load::Reset => {
                let lane = lane_of(&packet);
                // It overtakes what was said before it.
                self.net.lanes.remove(&lane);
                self.at(self.now + way, Happening::Arrives(packet));
            }
            Load::Datagram(_) | Load::Gone => {
                if self.net.is_cut(&packet, self.now) || self.happens(self.net.loss) {
                    return;
                }
                if self.happens(self.net.twice) {
                    let later = self.between(low, 2 * high);
                    self.at(self.now + later, Happening::Arrives(packet.clone()));
                }
                self.at(self.now + way, Happening::Arrives(packet));
            }
        }
    }

    fn queue(&mut self, packet: Packet, mut way: Duration) {
        while self.happens(self.net.loss) {
            // Sent again after a round trip and a little.
            way += 2 * way + 25 * MS;
        }
        let lane = lane_of(&packet);
        let in_flight = self.net.lanes.entry(lane).or_default();
        in_flight.last = in_flight.last.max(self.now + way);
        in_flight.packets.push_back(packet);
        let at = in_flight.last;
        self.at(at, Happening::Lane(lane));
    }

    /// What arrives now of this lane.
    pub fn arrived(&mut self, lane: Lane) -> Option<Packet> {
        let first = self.net.lanes.get(&lane)?.packets.front()?;
        if self.net.is_cut(first, self.now) {
            self.at(self.now + 40 * MS, Happening::Lane(lane));
            return None;
        }
        self.net.lanes.get_mut(&lane)?.packets.pop_front()
    }

    /// Whether a packet that was on its way comes through.
    pub fn comes_through(&mut self, packet: &Packet) -> bool {
        if !self.net.is_cut(packet, self.now) {
            return true;
        }
        if packet.load == Load::Reset {
            // Reliable, as a stream is.
            self.at(self.now + 40 * MS, Happening::Arrives(packet.clone()));
        }
        false
    }
}

fn lane_of(packet: &Packet) -> Lane {
    Lane {
        link: packet.link,
        lane: packet.lane,
        to: packet.to,
    }
}
