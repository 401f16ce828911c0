//! How fast this machine is, tried once when it starts: it says a sentence, and listens to it.

use super::{Model, Models, worker::Worker};
use futures::{StreamExt, stream};
use loqa_core::seams::{FRAME_SAMPLES, SAMPLE_RATE_HZ, TranscribeOptions, Voice};
use loqa_inference::{resample::resample, tts::kokoro::PREFIX, wav};
use loqa_protocol::{Capability, link::Offer};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use tokio::{task::spawn_blocking, time::timeout};

/// As long as what people ask, and it has most sounds.
const SENTENCE: &str = "set a timer for twenty five minutes and turn off the kitchen lights";
/// The voice of an engine that is offered as a whole.
const MEASURED_WITH: &str = "en-us";
/// A machine that takes longer is of no use.
const PATIENCE: Duration = Duration::from_secs(30);

/// Longer than a model of any size takes to be loaded on a machine that it fits.
const LOADING: Duration = Duration::from_secs(120);

/// More are not looked at.
pub const MOST_OFFERS: usize = 64;

/// Tries all that there is; from then on it is offered, with how well it does.
pub async fn measure(models: &Models) -> Vec<Offer> {
    let mut measured = BTreeMap::new();
    let mut said = vec![0.0; 2 * SAMPLE_RATE_HZ as usize];
    if let Some(kokoro) = models.kokoro.clone() {
        // What is measured is a voice that has been loaded. An error is a panic of what loads it.
        let _ = spawn_blocking(move || kokoro.loaded(LOADING)).await;
    }
    for tts in &models.tts {
        // One voice of each engine: the others take as long.
        let mut engines: Vec<&Capability> = Vec::new();
        for capability in &tts.capabilities {
            if engines.iter().all(|it| it.name != capability.name) {
                engines.push(capability);
            }
        }
        for engine in engines {
            let Ok(Some((figures, samples))) = timeout(PATIENCE, speak(tts, engine)).await else {
                continue;
            };
            let alike = tts.capabilities.iter().filter(|it| it.name == engine.name);
            measured.extend(alike.map(|it| (it.clone(), figures)));
            said = samples;
        }
    }
    if let Some(stt) = &models.stt
        && let Ok(Some(figures)) = timeout(PATIENCE, hear(stt, &said)).await
    {
        measured.extend(stt.capabilities.iter().map(|it| (it.clone(), figures)));
    }
    let of = |capabilities: &[Capability], slots: u32| -> Vec<Offer> {
        // What could not do it is not offered.
        let offer = |(capability, (rtf_permille, first_ms)): (Capability, (u32, u32))| Offer {
            capability,
            slots,
            running: 0,
            rtf_permille,
            first_ms,
        };
        let known = capabilities.iter();
        let known = known.filter_map(|it| Some((it.clone(), *measured.get(it)?)));
        known.map(offer).collect()
    };
    let stt = models.stt.as_ref();
    let mut offers = stt.map_or(Vec::new(), |it| of(&it.capabilities, it.slots));
    for tts in &models.tts {
        offers.extend(of(&tts.capabilities, tts.slots));
    }
    for worker in models.workers() {
        offers.extend(of_worker(&worker, &said).await);
    }
    offers.truncate(MOST_OFFERS);
    models.offers.send_replace(offers.clone());
    // It is made once.
    let _ = models.said.set(said);
    offers
}

/// Tries one that has come, from then on it is offered; whether it could do anything.
pub async fn measure_worker(models: &Models, worker: &Worker) -> bool {
    let said = models.said.get().map_or(&[][..], Vec::as_slice);
    let offer = of_worker(worker, said).await;
    let can = offer.is_some();
    models.offers.send_modify(|offers| {
        offers.retain(|it| it.capability != worker.capability);
        offers.extend(offer);
        offers.truncate(MOST_OFFERS);
    });
    can
}

async fn of_worker(worker: &Worker, said: &[f32]) -> Option<Offer> {
    // What it loads may be large.
    let figures = timeout(LOADING, worker.measure(said)).await;
    let (rtf_permille, first_ms) = figures.ok()??;
    Some(Offer {
        capability: worker.capability.clone(),
        slots: worker.slots,
        running: 0,
        rtf_permille,
        first_ms,
    })
}

/// Compute time over audio time in thousandths, ms to the first sample; and what was said, at 16 kHz.
async fn speak(
    tts: &Model<dyn loqa_core::seams::TextToSpeech>,
    capability: &Capability,
) -> Option<((u32, u32), Vec<f32>)> {
    let voice = match capability.name.as_str() {
        "flite" => capability.variant.clone(),
        "kokoro" => format!("{PREFIX}{}", capability.variant),
        engine => format!("{engine}:{MEASURED_WITH}"),
    };
    let began = Instant::now();
    let text = stream::iter([SENTENCE.to_owned()]).boxed();
    let mut speech = tts.model.synthesize(text, Voice(voice).into());
    let (mut samples, mut rate, mut first) = (Vec::new(), 0, None);
    while let Some(chunk) = speech.next().await {
        let chunk = chunk.ok()?;
        first.get_or_insert_with(|| began.elapsed());
        rate = chunk.sample_rate_hz;
        samples.extend(chunk.samples);
    }
    let figures = figures(began.elapsed(), samples.len(), rate, first?);
    Some((figures, resample(&samples, rate, SAMPLE_RATE_HZ).ok()?))
}

/// Likewise of words, the first of which comes when all was heard.
async fn hear(
    stt: &Model<dyn loqa_core::seams::SpeechToText>,
    samples: &[f32],
) -> Option<(u32, u32)> {
    let began = Instant::now();
    let frames: Vec<_> = wav::frames(samples).collect();
    let length = frames.len() * FRAME_SAMPLES;
    let options = TranscribeOptions {
        open: true,
        ..TranscribeOptions::default()
    };
    let mut words = stt.model.transcribe(stream::iter(frames).boxed(), options);
    let mut before_last = began.elapsed();
    loop {
        let hypothesis = words.next().await?.ok()?;
        if hypothesis.is_final {
            let last = began.elapsed();
            return Some(figures(last, length, SAMPLE_RATE_HZ, last - before_last));
        }
        before_last = began.elapsed();
    }
}

fn figures(took: Duration, samples: usize, rate: u32, first: Duration) -> (u32, u32) {
    let lasts = samples as f64 / f64::from(rate.max(1));
    let rtf = took.as_secs_f64() / lasts.max(0.02);
    (
        (rtf * 1000.0).ceil() as u32,
        first.as_millis().max(1) as u32,
    )
}
