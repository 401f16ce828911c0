//! One microphone, open: its samples, and what goes wrong with it.

#[cfg(target_os = "linux")]
use super::drain::Drain;
use super::ring::{Inlet, Outlet, ring};
use crate::sound::{self, Direction, quiet};
use cpal::{
    BufferSize, Device, Error, ErrorKind, FromSample, SampleFormat, SizedSample, Stream,
    StreamConfig,
    traits::{DeviceTrait, StreamTrait},
};
use loqa_core::seams::{FRAME_SAMPLES, SAMPLE_RATE_HZ};
use std::{
    any::Any,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

/// Errors in a row, without a sample between them, that make a microphone a lost one: some make
/// one or two when they begin.
const ERRORS: u32 = 10;
/// Seconds that the capture thread may be late.
const RING_S: u32 = 2;

/// An open microphone. Closed when dropped.
pub struct Open {
    /// What people call it.
    pub name: String,
    /// Samples per second.
    pub rate_hz: u32,
    outlet: Outlet,
    trouble: Arc<Trouble>,
    overrun: u64,
    xruns: u32,
    _stream: Box<dyn Any>,
}

/// What the device complained of.
#[derive(Default)]
pub(super) struct Trouble {
    xruns: AtomicU32,
    errors: AtomicU32,
    /// The first error that is not an overrun.
    reason: OnceLock<String>,
}

impl Open {
    /// Opens the microphone of this id or name; its samples wake the calling thread.
    ///
    /// # Errors
    /// Why not, in a sentence.
    pub fn new(wanted: &str) -> Result<Open, String> {
        let _quiet = quiet();
        let device = sound::find(&cpal::default_host(), Direction::Input, wanted)
            .map_err(|error| error.to_string())?;
        #[cfg(target_os = "linux")]
        if let Some(open) = Open::drained(&device) {
            return Ok(open);
        }
        let own = device.default_input_config().map_err(reason)?;
        let wish = StreamConfig {
            channels: 1,
            sample_rate: SAMPLE_RATE_HZ,
            // Smaller ones cost an idle hub more, and gained nothing that could be measured.
            buffer_size: BufferSize::Fixed(FRAME_SAMPLES as u32),
        };
        let framed = StreamConfig {
            buffer_size: BufferSize::Fixed(own.sample_rate() / 50),
            ..own.config()
        };
        // A sound server converts by itself; a bare device gives what it has.
        let open = |config, format| Open::with(&device, config, format);
        open(wish, SampleFormat::F32)
            .or_else(|_| open(framed, own.sample_format()))
            .or_else(|_| open(own.config(), own.sample_format()))
            .map_err(reason)
    }

    fn with(device: &Device, config: StreamConfig, format: SampleFormat) -> Result<Open, Error> {
        Open::on(device, config.sample_rate, |inlet, trouble| {
            let stream = build(device, config, format, inlet, trouble)?;
            stream.play()?;
            Ok(stream)
        })
    }

    /// One that converts by itself, as sound servers do.
    #[cfg(target_os = "linux")]
    fn drained(device: &Device) -> Option<Open> {
        let id = device.id().ok()?;
        let open = |inlet, trouble| Drain::open(id.id(), inlet, trouble);
        Open::on(device, SAMPLE_RATE_HZ, open).ok()
    }

    fn on<S: Any, E>(
        device: &Device,
        rate_hz: u32,
        open: impl FnOnce(Inlet, Arc<Trouble>) -> Result<S, E>,
    ) -> Result<Open, E> {
        let (inlet, outlet) = ring((rate_hz * RING_S) as usize, Some(thread::current()));
        let trouble = Arc::<Trouble>::default();
        let stream = Box::new(open(inlet, trouble.clone())?);
        Ok(Open {
            name: sound::name(device),
            rate_hz,
            outlet,
            trouble,
            overrun: 0,
            xruns: 0,
            _stream: stream,
        })
    }

    /// Appends what came since; whether the device has lost something before it.
    pub fn read(&mut self, samples: &mut Vec<f32>) -> bool {
        let before = samples.len();
        self.outlet.read(samples);
        if samples.len() > before {
            self.trouble.errors.store(0, Ordering::Relaxed);
        }
        let overrun = self.outlet.overrun();
        if overrun > self.overrun {
            tracing::warn!(samples = overrun - self.overrun, "microphone overrun");
            self.overrun = overrun;
        }
        let xruns = self.trouble.xruns.load(Ordering::Relaxed);
        let gap = xruns != self.xruns;
        self.xruns = xruns;
        gap
    }

    /// Why nothing more can come from it.
    pub fn lost(&self) -> Option<String> {
        let errors = self.trouble.errors.load(Ordering::Relaxed);
        let reason = || self.trouble.reason.get().cloned().unwrap_or_default();
        (errors >= ERRORS).then(|| {
            format!(
                "it was unplugged, or the sound server stopped ({})",
                reason()
            )
        })
    }
}

impl Trouble {
    /// Some samples were lost.
    pub(super) fn xrun(&self) {
        self.xruns.fetch_add(1, Ordering::Relaxed);
    }

    /// Nothing was heard this time, and why.
    #[cfg(target_os = "linux")]
    pub(super) fn error(&self, reason: String) {
        self.reason.get_or_init(|| reason);
        self.errors.fetch_add(1, Ordering::Relaxed);
    }

    fn note(&self, error: Error) {
        match error.kind() {
            ErrorKind::Xrun => self.xrun(),
            // It goes on as it is.
            ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied => {}
            kind => {
                let fatal = matches!(
                    kind,
                    ErrorKind::DeviceNotAvailable
                        | ErrorKind::HostUnavailable
                        | ErrorKind::StreamInvalidated
                        | ErrorKind::PermissionDenied
                );
                self.reason.get_or_init(|| reason(error));
                let errors = if fatal { ERRORS } else { 1 };
                self.errors.fetch_add(errors, Ordering::Relaxed);
            }
        }
    }
}

fn build(
    device: &Device,
    config: StreamConfig,
    format: SampleFormat,
    inlet: Inlet,
    trouble: Arc<Trouble>,
) -> Result<Stream, Error> {
    match format {
        SampleFormat::F32 => stream::<f32>(device, config, inlet, trouble),
        SampleFormat::F64 => stream::<f64>(device, config, inlet, trouble),
        SampleFormat::I8 => stream::<i8>(device, config, inlet, trouble),
        SampleFormat::I16 => stream::<i16>(device, config, inlet, trouble),
        SampleFormat::I24 => stream::<cpal::I24>(device, config, inlet, trouble),
        SampleFormat::I32 => stream::<i32>(device, config, inlet, trouble),
        SampleFormat::U8 => stream::<u8>(device, config, inlet, trouble),
        SampleFormat::U16 => stream::<u16>(device, config, inlet, trouble),
        _ => Err(Error::new(ErrorKind::UnsupportedConfig)),
    }
}

fn stream<T: SizedSample>(
    device: &Device,
    config: StreamConfig,
    mut inlet: Inlet,
    trouble: Arc<Trouble>,
) -> Result<Stream, Error>
where
    f32: FromSample<T>,
{
    device.build_input_stream(
        config,
        move |samples: &[T], _| inlet.take(samples, config.channels),
        move |error| trouble.note(error),
        None,
    )
}

fn reason(error: Error) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => {
            "Loqa may not use it: allow it in the system's settings".into()
        }
        ErrorKind::DeviceBusy => "another program holds it".into(),
        _ => error.to_string(),
    }
}
