//! From the sound device's callback to the capture thread, through a ring without locks.

use cpal::{FromSample, Sample};
use rtrb::{Consumer, Producer, RingBuffer};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::Thread,
};

/// The callback's end: no lock, no log and no allocation.
pub struct Inlet {
    ring: Producer<f32>,
    /// Samples that found no room and are still to be written as silence.
    owed: usize,
    overrun: Arc<AtomicU64>,
    /// Woken when there is something to read.
    reader: Option<Thread>,
}

/// The capture thread's end.
pub struct Outlet {
    ring: Consumer<f32>,
    overrun: Arc<AtomicU64>,
}

/// Both ends of a ring for `samples` mono samples.
pub fn ring(samples: usize, reader: Option<Thread>) -> (Inlet, Outlet) {
    let (producer, consumer) = RingBuffer::new(samples);
    let overrun = Arc::<AtomicU64>::default();
    let inlet = Inlet {
        ring: producer,
        owed: 0,
        overrun: overrun.clone(),
        reader,
    };
    let outlet = Outlet {
        ring: consumer,
        overrun,
    };
    (inlet, outlet)
}

impl Inlet {
    /// Takes what the device gives: interleaved samples of `channels` channels, whose mean is
    /// kept. What finds no room is silence later on, so that no time is lost.
    pub fn take<T: Sample>(&mut self, interleaved: &[T], channels: u16)
    where
        f32: FromSample<T>,
    {
        let channels = usize::from(channels.max(1));
        let given = interleaved.len() / channels;
        let room = self.ring.slots();
        let silence = self.owed.min(room);
        let heard = given.min(room - silence);
        if let Ok(chunk) = self.ring.write_chunk_uninit(silence + heard) {
            let mono = interleaved.chunks_exact(channels).map(|frame| {
                let sum: f32 = frame.iter().map(|sample| f32::from_sample(*sample)).sum();
                sum / channels as f32
            });
            chunk.fill_from_iter(std::iter::repeat_n(0.0, silence).chain(mono));
        }
        self.owed = self.owed - silence + given - heard;
        self.overrun
            .fetch_add((given - heard) as u64, Ordering::Relaxed);
        if let Some(reader) = &self.reader {
            reader.unpark();
        }
    }
}

impl Outlet {
    /// Appends everything that is there.
    pub fn read(&mut self, samples: &mut Vec<f32>) {
        if let Ok(chunk) = self.ring.read_chunk(self.ring.slots()) {
            samples.extend(chunk);
        }
    }

    /// Samples that found no room, so far.
    pub fn overrun(&self) -> u64 {
        self.overrun.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_is_counted_and_becomes_silence() {
        let (mut inlet, mut outlet) = ring(4, None);
        let mut heard = Vec::new();
        // Stereo: the mean.
        inlet.take(&[i16::MAX, 0, 0, 0], 2);
        inlet.take(&[0.1f32, 0.2, 0.3], 1);
        assert_eq!(outlet.overrun(), 1);
        outlet.read(&mut heard);
        inlet.take(&[0.4f32], 1);
        outlet.read(&mut heard);
        assert!((heard[0] - 0.5).abs() < 1e-3, "{heard:?}");
        assert_eq!(heard[1..], [0.0, 0.1, 0.2, 0.0, 0.4]);
    }
}
