//! A microphone of ALSA's that is drained: whatever it has is taken at once.
//!
//! cpal takes whole periods. ALSA's plug-in for PulseAudio counts what was taken of a delivery as
//! still there, so it promises a period where there is none, and cpal asks it again and again
//! without sleeping: 5 to 40 % of a core. It keeps its promises to who leaves nothing behind.

use super::{device::Trouble, ring::Inlet};
use alsa::{
    Direction, Error, ValueOr,
    pcm::{Access, Format, HwParams, PCM},
};
use loqa_core::seams::{FRAME_SAMPLES, SAMPLE_RATE_HZ};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// How long to wait for samples before looking whether to go on, ms.
const WAIT_MS: u32 = 100;
/// After an error, or a promise that was not kept.
const PAUSE: Duration = Duration::from_millis(5);

/// An open microphone that gives frames of 16 kHz mono. Closed when dropped.
pub struct Drain {
    closing: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drain {
    /// Opens the device of this name.
    ///
    /// # Errors
    /// Also if it does not convert to 16 kHz mono by itself.
    pub fn open(name: &str, mut inlet: Inlet, trouble: Arc<Trouble>) -> Result<Drain, Error> {
        let pcm = PCM::new(name, Direction::Capture, true)?;
        {
            let wish = HwParams::any(&pcm)?;
            wish.set_access(Access::RWInterleaved)?;
            wish.set_format(Format::float())?;
            wish.set_channels(1)?;
            wish.set_rate(SAMPLE_RATE_HZ, ValueOr::Nearest)?;
            wish.set_period_size_near(FRAME_SAMPLES as i64, ValueOr::Nearest)?;
            // The plug-in loses count if more than this comes at a time.
            wish.set_buffer_size_near(i64::from(SAMPLE_RATE_HZ))?;
            pcm.hw_params(&wish)?;
        }
        pcm.start()?;
        let closing = Arc::<AtomicBool>::default();
        let closed = closing.clone();
        let thread = thread::Builder::new().name("loqa-alsa".into());
        let thread = thread.spawn(move || {
            while !closed.load(Ordering::Relaxed) {
                let taken = pcm.wait(Some(WAIT_MS)).and_then(|some| match some {
                    true => take(&pcm, &mut inlet).map(|taken| taken > 0),
                    false => Ok(true),
                });
                if let Err(error) = &taken {
                    match pcm.try_recover(*error, true).and_then(|()| pcm.start()) {
                        Ok(()) => trouble.xrun(),
                        Err(error) => trouble.error(error.to_string()),
                    }
                }
                if !matches!(taken, Ok(true)) {
                    thread::sleep(PAUSE);
                }
            }
        });
        let thread = thread.map_err(|_| Error::new("thread", -1))?;
        Ok(Drain {
            closing,
            thread: Some(thread),
        })
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Takes everything that is there; how many samples that was.
fn take(pcm: &PCM, inlet: &mut Inlet) -> Result<usize, Error> {
    let microphone = pcm.io_f32()?;
    let mut samples = [0.0f32; 4 * FRAME_SAMPLES];
    let mut taken = 0;
    loop {
        let count = match microphone.readi(&mut samples) {
            Ok(count) => count,
            Err(error) if is_nothing_yet(&error) => 0,
            Err(error) => return Err(error),
        };
        inlet.take(&samples[..count], 1);
        taken += count;
        if count < samples.len() {
            return Ok(taken);
        }
    }
}

fn is_nothing_yet(error: &Error) -> bool {
    io::Error::from_raw_os_error(error.errno()).kind() == io::ErrorKind::WouldBlock
}
