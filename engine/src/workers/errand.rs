//! A job where it is done: [`loqa_core::errand`] with clocks, processes and links.

use super::sites::{Ranked, Site, Sites};
use futures::{StreamExt, stream};
use loqa_core::{
    errand::{self, Effect, Input, Lost},
    resilience,
    seams::{ModelError, SpeakOptions, TextToSpeech, Voice},
};
use loqa_inference::tts::{Kokoro, kokoro::PREFIX};
use loqa_jobs::{JobStream, Process};
use loqa_link::wire::{Health, Link};
use loqa_protocol::{AudioFormat, Capability, JobFrame, JobOptions, NodeId};
use std::{collections::VecDeque, convert::Infallible, future, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    task::{AbortHandle, JoinSet},
    time::{Instant, sleep_until},
};

/// Frames that whoever works may be behind: more than the longest utterance has. Further behind, it hangs.
const MOST_BEHIND: usize = 8192;
/// Frames of answers that nobody has taken; whoever works waits.
const ANSWERS: usize = 64;

/// What came of waiting.
#[derive(Debug)]
pub(super) enum Told {
    /// Part of the answer.
    Frame(JobFrame),
    /// What was told so far is void: somebody else answers.
    Again,
}

/// One job. Dropping it ends it, wherever it is done.
pub(super) struct Errand {
    errand: errand::Errand,
    began: Instant,
    sites: Arc<Sites>,
    places: Vec<(Ranked, JobFrame)>,
    attempts: Vec<Attempt>,
    running: JoinSet<()>,
    comes: mpsc::Sender<Input>,
    came: mpsc::Receiver<Input>,
    told: VecDeque<Result<Told, ModelError>>,
    given_up: bool,
}

struct Attempt {
    says: mpsc::Sender<Arc<JobFrame>>,
    task: AbortHandle,
}

impl Errand {
    pub fn begin(
        sites: Arc<Sites>,
        ranked: Vec<Ranked>,
        open: impl Fn(Capability) -> JobFrame,
    ) -> Errand {
        let errand = errand::Errand::new(ranked.iter().map(|it| it.place.clone()).collect());
        let places = ranked.into_iter().map(|it| {
            let open = open(it.capability.clone());
            (it, open)
        });
        let (comes, came) = mpsc::channel(ANSWERS);
        let mut begun = Errand {
            errand,
            began: Instant::now(),
            sites,
            places: places.collect(),
            attempts: Vec::new(),
            running: JoinSet::new(),
            comes,
            came,
            told: VecDeque::new(),
            given_up: false,
        };
        begun.handle(Input::Time);
        begun
    }

    /// One that nobody does, for this reason.
    pub fn nobody(sites: Arc<Sites>, why: ModelError) -> Errand {
        let mut errand = Errand::begin(sites, Vec::new(), |_| JobFrame::Finish);
        errand.told = VecDeque::from([Err(why)]);
        errand
    }

    /// Says something in it, to whoever does it.
    pub fn say(&mut self, frame: JobFrame) {
        self.handle(Input::Say(frame));
    }

    /// What was told of the answer was acted on: nobody else begins another.
    pub fn acted(&mut self) {
        self.errand.told();
    }

    /// How long it is waited for by whoever can do without; `None`: this machine does it if nobody else does.
    pub fn patience(&self) -> Option<Duration> {
        let mut places = self.places.iter().map(|(it, _)| it);
        let late = places.clone().map(|it| it.place.late).max();
        let here = places.any(|it| it.node.is_none());
        (!here).then(|| resilience::patience(late.unwrap_or_default()))
    }

    /// It is done without, which is the fault of whoever was asked; who that was, the last of them.
    pub fn give_up(mut self) -> String {
        self.given_up = true;
        let last = self.attempts.len().checked_sub(1);
        let place = last.and_then(|attempt| self.place_of(attempt));
        place.map_or_else(String::new, |(it, _)| it.place.name.clone())
    }

    /// The next part of the answer; never, after the last. Cancel-safe.
    ///
    /// # Errors
    /// Nobody is left who could do it.
    pub async fn next(&mut self) -> Result<Told, ModelError> {
        loop {
            if let Some(told) = self.told.pop_front() {
                return told;
            }
            let deadline = self.errand.deadline().map(|at| self.began + at);
            let input = tokio::select! {
                biased;
                Some(came) = self.came.recv() => came,
                () = sleep_until(deadline.unwrap_or(self.began)), if deadline.is_some() => Input::Time,
            };
            self.handle(input);
        }
    }

    fn handle(&mut self, input: Input) {
        let (attempt, lost) = match &input {
            Input::Lost(attempt, lost) => (Some(*attempt), Some(lost)),
            Input::Silent(attempt) => (Some(*attempt), None),
            _ => (None, None),
        };
        if let Some((place, _)) = attempt.and_then(|attempt| self.place_of(attempt)) {
            let place = &place.place.name;
            match lost {
                Some(lost) => tracing::warn!(place, ?lost, "a job is given up there"),
                None => tracing::warn!(place, "nothing is heard of a job there"),
            }
        }
        let mut behind = Vec::new();
        for effect in self.errand.handle(input, self.began.elapsed()) {
            match effect {
                Effect::Open { attempt, place } => self.open(attempt, place),
                Effect::Send { attempt, frame } => {
                    // One that has ended says so by itself.
                    if let Err(mpsc::error::TrySendError::Full(_)) =
                        self.attempts[attempt].says.try_send(frame)
                    {
                        behind.push(attempt);
                    }
                }
                Effect::Close { attempt } => self.attempts[attempt].task.abort(),
                Effect::Tell(frame) => self.told.push_back(Ok(Told::Frame(frame))),
                Effect::Again => {
                    // Nobody has taken it.
                    self.told.clear();
                    self.told.push_back(Ok(Told::Again));
                }
                Effect::Fail(error) => self.told.push_back(Err(error)),
            }
        }
        for attempt in behind {
            let hangs = Lost::Gone("it does not listen".into());
            self.handle(Input::Lost(attempt, hangs));
        }
    }

    fn place_of(&self, attempt: usize) -> Option<&(Ranked, JobFrame)> {
        let place = self.errand.outcomes().nth(attempt)?.place;
        self.places.get(place)
    }

    fn open(&mut self, attempt: usize, place: usize) {
        let (says, said) = mpsc::channel(MOST_BEHIND);
        let comes = self.comes.clone();
        let (ranked, open) = &self.places[place];
        let (site, open) = (ranked.site.clone(), open.clone());
        let task = self.running.spawn(async move {
            let tell = Tell { attempt, comes };
            let lost = match site {
                Site::Process(process) => in_process(&process, &open, said, &tell).await,
                Site::Voice(kokoro) => by_voice(&kokoro, &open, said, &tell).await,
                Site::Node(link) => at_node(&link, &open, said, &tell).await,
            };
            // Nobody wants to know where the job is over.
            let _ = tell.comes.send(Input::Lost(attempt, lost)).await;
        });
        self.attempts.push(Attempt { says, task });
    }
}

impl Drop for Errand {
    /// How it went counts for the next.
    fn drop(&mut self) {
        for outcome in self.errand.outcomes() {
            let (ranked, _) = &self.places[outcome.place];
            let node: Option<NodeId> = ranked.node;
            let (answered, lost) = (outcome.answered, outcome.lost || self.given_up);
            self.sites.note(node, &ranked.capability, answered, lost);
        }
    }
}

struct Tell {
    attempt: usize,
    comes: mpsc::Sender<Input>,
}

impl Tell {
    /// Tells it; never returns after the last: whoever ends once all was said is not lost.
    async fn tell(&self, frame: JobFrame) {
        let last = errand::is_last(&frame);
        // Nobody wants to know where the job is over.
        let _ = self.comes.send(Input::Came(self.attempt, frame)).await;
        if last {
            future::pending::<()>().await;
        }
    }
}

/// Has a process of this machine do it; why it does not go on.
async fn in_process(
    process: &Process,
    open: &JobFrame,
    mut said: mpsc::Receiver<Arc<JobFrame>>,
    tell: &Tell,
) -> Lost {
    let mut link = match JobStream::to(process) {
        Ok(link) => link,
        Err(error) => return Lost::Refused(error),
    };
    let lost = async {
        link.write(open).await?;
        loop {
            tokio::select! {
                biased;
                frame = link.read() => tell.tell(frame?).await,
                Some(frame) = said.recv() => link.write(&frame).await?,
            }
        }
    };
    let lost: Result<Infallible, std::io::Error> = lost.await;
    let Err(why) = lost;
    process.give_up(link.process());
    Lost::Gone(why.to_string())
}

/// Likewise a voice of this program.
async fn by_voice(
    kokoro: &Kokoro,
    open: &JobFrame,
    said: mpsc::Receiver<Arc<JobFrame>>,
    tell: &Tell,
) -> Lost {
    let JobFrame::Open {
        options: JobOptions::Synthesize {
            voice,
            speed_permille,
        },
        ..
    } = open
    else {
        let words = "a voice speaks, and does nothing else";
        return Lost::Refused(ModelError::Backend(words.into()));
    };
    let text = stream::unfold(said, |mut said| async move {
        match &*said.recv().await? {
            JobFrame::Text { text } => Some((text.clone(), said)),
            _ => None,
        }
    });
    let options = SpeakOptions {
        voice: Voice(voice.trim_start_matches(PREFIX).to_owned()),
        speed_permille: *speed_permille,
        ..SpeakOptions::default()
    };
    let mut speech = kokoro.synthesize(text.boxed(), options);
    while let Some(chunk) = speech.next().await {
        match chunk {
            Ok(chunk) => {
                let format = AudioFormat {
                    sample_rate_hz: chunk.sample_rate_hz,
                };
                let samples = chunk.samples;
                tell.tell(JobFrame::Speech { format, samples }).await;
            }
            Err(error) => return Lost::Refused(error),
        }
    }
    tell.tell(JobFrame::Finish).await;
    Lost::Gone("it has said everything".into())
}

/// Likewise a node.
async fn at_node(
    link: &Link,
    open: &JobFrame,
    mut said: mpsc::Receiver<Arc<JobFrame>>,
    tell: &Tell,
) -> Lost {
    let work = async {
        let (mut says, mut hears) = link.job(open).await?;
        loop {
            tokio::select! {
                biased;
                frame = hears.next() => match frame? {
                    Some(frame) => tell.tell(frame).await,
                    None => return Ok("it ended before the answer".to_owned()),
                },
                Some(frame) = said.recv() => says.send(&frame).await?,
            }
        }
    };
    let lost: Result<String, loqa_link::wire::LinkError> = tokio::select! {
        biased;
        lost = work => lost,
        never = tell_silence(link.health(), tell) => match never {},
    };
    Lost::Gone(lost.unwrap_or_else(|error| error.to_string()))
}

/// Tells each time when a node should have been heard of and was not.
async fn tell_silence(mut health: watch::Receiver<Health>, tell: &Tell) -> Infallible {
    // An error is that the link is gone, as whoever uses it sees.
    while health.wait_for(|health| health.silent).await.is_ok() {
        let _ = tell.comes.send(Input::Silent(tell.attempt)).await;
        if health.wait_for(|health| !health.silent).await.is_err() {
            break;
        }
    }
    future::pending().await
}
