//! Puts frames in order again and decides which are not waited for any more. Pure: time comes in.
//!
//! Whoever listens here is a recogniser, which takes what there is: so a frame whose turn it is goes on at once, and only a hole is
//! waited for, until whatever fills it would have come even if it were as late as the latest of the last seconds.
//! Lateness is counted on the sample clock: frame *n* was heard *n* × 20 ms after the first.

use super::{
    FRAME_MS,
    packet::{Coded, Packet},
};
use std::{collections::BTreeMap, time::Duration};

/// Frames from the one that is waited for to the furthest that is kept: 4 s. Whoever was cut off for longer has no
/// part of a sentence to say any more.
pub const MOST_AHEAD: u32 = 200;
/// A hole is waited for at least so long, …
const LEAST_PATIENCE: Duration = Duration::from_millis(30);
/// … and at most so long.
pub const MOST_PATIENCE: Duration = Duration::from_millis(300);
/// What copies take to come: those of [`super::fec`], and one packet more.
const COPIES: Duration = Duration::from_millis(3 * FRAME_MS);
/// What may have been heard before anybody here knew of it.
const BEFORE: Duration = Duration::from_millis(FRAME_MS * MOST_AHEAD as u64);
/// How much lateness is forgotten with each packet: a thousandth, so about half of it in 14 s.
const FORGOTTEN: u32 = 1000;

/// What comes next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// This frame.
    Frame(Coded),
    /// One that is lost: something that sounds alike is to be put there.
    Lost,
}

/// Frames of one request, in order.
#[derive(Debug, Default)]
pub struct Jitter {
    /// The frame whose turn it is.
    next: u32,
    /// With whether each is a copy.
    waiting: BTreeMap<u32, (Coded, bool)>,
    /// Frames there are in all, once that is known.
    end: Option<u32>,
    /// When the first frame was heard, as far as packets tell: the earliest of all arrivals, less their place, and
    /// [`BEFORE`] later; and which packet told.
    began: Option<(Duration, u32)>,
    /// How much later than that packets have come.
    late: Duration,
    /// When it was first seen that the frame whose turn it is, and maybe some after it, had not come.
    missed: Option<Duration>,
    counts: Counts,
}

/// What became of frames.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Came with their own packet.
    pub whole: u32,
    /// Came as a copy, in a later packet.
    pub copied: u32,
    /// Did not come.
    pub lost: u32,
    /// Came when they were not waited for any more, or came twice, or from too far ahead.
    pub useless: u32,
}

impl Jitter {
    /// Takes a packet that came at `now`, on any clock that does not jump.
    pub fn push(&mut self, packet: Packet, now: Duration) {
        let newest = packet.sequence;
        if newest.saturating_sub(self.next) > MOST_AHEAD
            || self.end.is_some_and(|end| newest >= end)
        {
            self.counts.useless += 1;
            return;
        }
        if packet.last {
            self.end = Some(newest + 1);
            // What was said to be after the end is not.
            self.waiting.split_off(&(newest + 1));
        }
        self.measure(newest, now);
        let mut useful = false;
        for (back, frame) in (0..).zip(packet.frames) {
            // The parser has seen to it that there are no more frames than numbers.
            let sequence = newest - back;
            if sequence < self.next || self.waiting.contains_key(&sequence) {
                continue;
            }
            useful = true;
            self.waiting.insert(sequence, (frame, back > 0));
        }
        self.counts.useless += u32::from(!useful);
    }

    /// No frames follow that have not been sent by now: where none was said to be the last, the last that
    /// has come is.
    pub fn end(&mut self) {
        let furthest = self.waiting.last_key_value().map(|(last, _)| last + 1);
        let end = furthest.unwrap_or(self.next).max(self.next);
        self.end.get_or_insert(end);
    }

    /// The next frame; `None`: it is still waited for.
    pub fn pop(&mut self, now: Duration) -> Option<Next> {
        if self.is_over() {
            return None;
        }
        if let Some((frame, is_copy)) = self.waiting.remove(&self.next) {
            let count = match is_copy {
                true => &mut self.counts.copied,
                false => &mut self.counts.whole,
            };
            *count += 1;
            self.next += 1;
            self.missed = None;
            return Some(Next::Frame(frame));
        }
        self.deadline()?;
        self.missed.get_or_insert(now);
        if self.deadline()? > now {
            return None;
        }
        self.next += 1;
        self.counts.lost += 1;
        Some(Next::Lost)
    }

    /// When the frame whose turn it is would be given up; `None` if nothing is known to follow it.
    pub fn deadline(&self) -> Option<Duration> {
        let known = match self.end {
            Some(end) => self.next < end,
            None => !self.waiting.is_empty(),
        };
        let patience = (self.late + COPIES).clamp(LEAST_PATIENCE, MOST_PATIENCE);
        // What was kept before anybody listened comes all at once: no frame of it is late by its place.
        let missed = self.missed.unwrap_or_default() + LEAST_PATIENCE;
        let (began, _) = self.began.unwrap_or_default();
        let due = began + at(self.next) + patience;
        known.then(|| missed.max(due.saturating_sub(BEFORE)))
    }

    /// Whether all frames were given out.
    pub fn is_over(&self) -> bool {
        self.end.is_some_and(|end| self.next >= end)
    }

    /// Whether the end is known.
    pub fn is_ended(&self) -> bool {
        self.end.is_some()
    }

    /// What became of them so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn measure(&mut self, sequence: u32, now: Duration) {
        let heard = (now + BEFORE).saturating_sub(at(sequence));
        let (began, told) = *self.began.get_or_insert((heard, sequence));
        if heard < began {
            self.began = Some((heard, sequence));
            return;
        }
        // Of what was kept and came at once only the order tells anything.
        if sequence <= told {
            return;
        }
        self.late = self.late.max(heard - began).min(MOST_PATIENCE);
        self.late -= self.late / FORGOTTEN;
    }
}

/// When a frame was heard, after the first.
fn at(sequence: u32) -> Duration {
    Duration::from_millis(FRAME_MS * u64::from(sequence))
}

#[cfg(test)]
mod tests;
