//! Kokoro's voices, of this machine or of a node.

use super::{
    errand::{Errand, Told},
    sites::{Wish, Work},
};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use loqa_core::seams::{ModelError, SpeakOptions, SpeechChunk, TextStream, TextToSpeech, Voice};
use loqa_inference::tts::{
    Kokoro, Presence, Voices,
    kokoro::{PREFIX, SAMPLE_RATE_HZ},
    nearest, speak_in_turn,
};
use loqa_protocol::{JobFrame, JobOptions, PrivacyScope, QosTier, SessionId, TurnId, UtteranceId};
use std::{sync::Arc, time::Duration};
use tokio::{runtime::Handle, task::JoinSet, time::timeout};

/// Letters of a clause that takes as long as most: what is longer is waited for longer.
const MOST_LETTERS: usize = 64;
/// No clause is waited for longer, wherever it is said.
const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// The longest that a clause may last, samples: 60 s.
const LONGEST: usize = 60 * SAMPLE_RATE_HZ as usize;

/// All voices by name: Kokoro's are said by whoever of the household does so soonest, the others here.
///
/// A clause is taken as a whole, as Kokoro makes it: it is said by one of them from beginning to end, or by none.
pub struct Mouths {
    work: Arc<Work>,
    /// Has a part in it, if there is one.
    own: Option<Arc<Kokoro>>,
    /// That of the household, which somebody else stands in for.
    voice: String,
    others: Voices,
    /// How fast Kokoro speaks, wherever it does: [`SpeakOptions::speed_permille`].
    speed_permille: u32,
    /// Replies are asked for by threads of their own.
    runtime: Handle,
}

impl Mouths {
    /// Kokoro's by this work, in which `own` has a part; `voice` is the one of them that the household wants. Within a
    /// runtime.
    pub fn new(work: Arc<Work>, own: Option<Arc<Kokoro>>, voice: &str, others: Voices) -> Mouths {
        Mouths {
            work,
            own,
            voice: voice.to_owned(),
            others,
            speed_permille: 0,
            runtime: Handle::current(),
        }
    }

    /// Speaking so many times as fast as it was trained to.
    pub fn at_speed(self, times: f64) -> Mouths {
        Mouths {
            speed_permille: (1000.0 * times).round() as u32,
            ..self
        }
    }

    /// What is wanted of whoever says words that are so private by one of Kokoro's voices.
    pub fn wish(voice: &str, scope: PrivacyScope) -> Wish<'_> {
        Wish {
            scope,
            // Such a voice is worth a second.
            tier: QosTier::Rich,
            variant: Some(voice),
        }
    }
}

impl Presence for Mouths {
    fn knows(&self, voice: &str) -> Result<(), ModelError> {
        let anybody = Mouths::wish(voice, PrivacyScope::Persistent);
        if voice == self.voice || self.work.look(&anybody).is_ok() {
            return Ok(());
        }
        let lent = self.work.lent();
        let own = self.own.as_ref().map_or(&[][..], |own| own.voices());
        let mut all = own.iter().chain(&lent).map(String::as_str).peekable();
        match &self.own {
            Some(own) if own.voices().iter().any(|name| name == voice) => own.knows(voice),
            None if all.peek().is_none() => self.others.check(&Voice(format!("{PREFIX}{voice}"))),
            _ => Err(ModelError::Backend(format!(
                "Kokoro has no voice `{voice}`{}",
                nearest(voice, all)
            ))),
        }
    }

    fn is_ready(&self, voice: &str, scope: PrivacyScope) -> bool {
        if let Some(own) = &self.own {
            own.is_ready(voice, scope);
        }
        self.work.look(&Mouths::wish(voice, scope)).is_ok()
    }
}

impl TextToSpeech for Mouths {
    fn synthesize(
        &self,
        text: TextStream,
        options: SpeakOptions,
    ) -> BoxStream<'static, Result<SpeechChunk, ModelError>> {
        let Some(name) = options.voice.0.strip_prefix(PREFIX) else {
            return self.others.synthesize(text, options);
        };
        if let Err(error) = self.knows(name) {
            return stream::iter([Err(error)]).boxed();
        }
        let (work, runtime) = (self.work.clone(), self.runtime.clone());
        let options = SpeakOptions {
            speed_permille: self.speed_permille,
            ..options
        };
        speak_in_turn(text, move |clause| {
            let mut said = JoinSet::new();
            said.spawn_on(say(work.clone(), clause, options.clone()), &runtime);
            let said = async move {
                let said = match said.join_next().await {
                    Some(Ok(said)) => said,
                    Some(Err(error)) => Err(ModelError::Backend(error.to_string())),
                    None => Ok(Vec::new()),
                };
                let chunks = match said {
                    Ok(chunks) => chunks.into_iter().map(Ok).collect(),
                    Err(error) => vec![Err(error)],
                };
                stream::iter(chunks)
            };
            stream::once(said).flatten().boxed()
        })
    }
}

/// Has a clause said by whoever does so soonest.
async fn say(
    work: Arc<Work>,
    clause: String,
    options: SpeakOptions,
) -> Result<Vec<SpeechChunk>, ModelError> {
    // Wherever it is done, and however often it is begun, it is the same clause.
    let utterance = UtteranceId {
        session: SessionId(rand::random()),
        turn: TurnId(0),
    };
    let SpeakOptions {
        voice,
        speed_permille,
        scope,
    } = options;
    let name = voice.0.trim_start_matches(PREFIX);
    let mut job = work.begin(&Mouths::wish(name, scope), |capability| JobFrame::Open {
        capability,
        utterance,
        options: JobOptions::Synthesize {
            voice: voice.0.clone(),
            speed_permille,
        },
    });
    let times = 1 + clause.len() / MOST_LETTERS;
    job.say(JobFrame::Text { text: clause });
    job.say(JobFrame::Finish);
    let patience = job.patience().map(|it| it * times as u32);
    let patience = patience.unwrap_or(LONGEST_WAIT);
    match timeout(patience, whole(&mut job)).await {
        Ok(Ok(Some(said))) => Ok(said),
        Ok(Ok(None)) => {
            let words = format!("{} says what is not Kokoro's", job.give_up());
            Err(ModelError::Backend(words))
        }
        Ok(Err(error)) => Err(error),
        Err(_) => Err(ModelError::Deadline(job.give_up())),
    }
}

/// All of what is said; `None` if that cannot be.
async fn whole(job: &mut Errand) -> Result<Option<Vec<SpeechChunk>>, ModelError> {
    let (mut chunks, mut length) = (Vec::new(), 0);
    loop {
        match job.next().await? {
            Told::Again => (chunks, length) = (Vec::new(), 0),
            Told::Frame(JobFrame::Speech { format, samples }) => {
                length += samples.len();
                if format.sample_rate_hz != SAMPLE_RATE_HZ || length > LONGEST {
                    return Ok(None);
                }
                let sound = |it: f32| match it.is_finite() {
                    true => it.clamp(-1.0, 1.0),
                    false => 0.0,
                };
                chunks.push(SpeechChunk {
                    sample_rate_hz: SAMPLE_RATE_HZ,
                    samples: samples.into_iter().map(sound).collect(),
                });
            }
            Told::Frame(JobFrame::Finish) => return Ok(Some(chunks)),
            Told::Frame(_) => {}
        }
    }
}
