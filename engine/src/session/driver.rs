//! The shell of the turn machine: waits for what happens next, tells the machine, does what it
//! says. All thinking is in `loqa_core::turn`.

use super::{
    Request, SessionParts, Stimulus,
    clock::Clock,
    ears::{Ears, Heard, Pace},
    mouth::{Mouth, Voiced},
    record::Record,
    thoughts::{Thoughts, Told},
};
use futures::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use loqa_core::{
    attention::Attention,
    endpoint::EndpointEvent,
    grammar::Grammar,
    seams::{
        AnswerOptions, AudioFrame, AudioFrames, Committed, HostError, Proof, TranscribeOptions,
        Unproved,
    },
    turn::{Effect, Ended, Input, QuestionId, ReplyId, TurnMachine},
};
use loqa_protocol::{Event, Message, TurnId, TurnSummary, UtteranceId};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

type Outcome = (UtteranceId, Result<Committed, HostError>);
type Proved = (QuestionId, Result<Proof, Unproved>);

pub(super) struct Driver {
    parts: SessionParts,
    requests: mpsc::Receiver<Request>,
    cancelled: CancellationToken,
    machine: TurnMachine,
    grammar: Arc<Grammar>,
    clock: Clock,
    ears: Option<Ears>,
    mouth: Mouth,
    thoughts: Thoughts,
    /// Replies that are being heard.
    audible: HashSet<ReplyId>,
    attention: watch::Sender<Attention>,
    record: Record,
    commits: FuturesUnordered<BoxFuture<'static, Outcome>>,
    proofs: FuturesUnordered<BoxFuture<'static, Proved>>,
    /// State epoch the plans under way were prepared in.
    epoch: u64,
    /// Typed turns waiting for the one before.
    typed: VecDeque<(String, oneshot::Sender<TurnSummary>)>,
    asked: HashMap<TurnId, oneshot::Sender<TurnSummary>>,
    /// Audio waiting for that before.
    audio: VecDeque<(AudioFrames, Stimulus, mpsc::Sender<TurnSummary>)>,
    latest: Duration,
}

/// What happened.
enum Wake {
    Over,
    Request(Request),
    Committed(Outcome),
    Proved(Proved),
    Voiced(Voiced),
    Answered(QuestionId, Told),
    Grammar,
    Deadline,
    Heard(Heard),
}

impl Driver {
    pub fn new(
        mut parts: SessionParts,
        requests: mpsc::Receiver<Request>,
        attention: watch::Sender<Attention>,
        cancelled: CancellationToken,
    ) -> Driver {
        let grammar = parts.grammar.borrow_and_update().clone();
        let keeps = parts.keeps.clone();
        Driver {
            machine: TurnMachine::new(
                parts.turn.clone(),
                parts.id,
                parts.room.clone(),
                grammar.clone(),
            )
            .through(parts.place.clone()),
            mouth: Mouth::new(
                parts.tts.clone(),
                parts.speaker.clone(),
                parts.voice.clone(),
                move || keeps().scope,
            ),
            thoughts: Thoughts::new(parts.llm.clone()),
            audible: HashSet::new(),
            attention,
            record: Record::new(&parts),
            epoch: parts.host.epoch(),
            parts,
            requests,
            cancelled,
            grammar,
            clock: Clock::new(),
            ears: None,
            commits: FuturesUnordered::new(),
            proofs: FuturesUnordered::new(),
            typed: VecDeque::new(),
            asked: HashMap::new(),
            audio: VecDeque::new(),
            latest: Duration::ZERO,
        }
    }

    /// Runs until the last handle is gone or the engine shuts down; turns under way then end.
    pub async fn run(mut self) {
        loop {
            match self.next().await {
                Wake::Over => break,
                wake => self.on(wake),
            }
            self.take_up_waiting();
            self.tell_attention();
        }
        self.cancel();
    }

    async fn next(&mut self) -> Wake {
        let deadline = self
            .machine
            .deadline()
            .map(|moment| self.clock.instant(moment));
        let pace = Pace {
            working: self.machine.working(),
            hearing: self.machine.hearing(),
        };
        let grammars = self.parts.grammar.has_changed().is_ok();
        tokio::select! {
            biased;
            () = self.cancelled.cancelled() => Wake::Over,
            request = self.requests.recv() => request.map_or(Wake::Over, Wake::Request),
            Some(outcome) = self.commits.next() => Wake::Committed(outcome),
            Some(proved) = self.proofs.next() => Wake::Proved(proved),
            voiced = self.mouth.next() => Wake::Voiced(voiced),
            (question, told) = self.thoughts.next() => Wake::Answered(question, told),
            Ok(()) = self.parts.grammar.changed(), if grammars => Wake::Grammar,
            () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => Wake::Deadline,
            heard = next_of(&mut self.ears, pace) => Wake::Heard(heard),
        }
    }

    fn on(&mut self, wake: Wake) {
        match wake {
            Wake::Over => {}
            Wake::Request(Request::Ask { text, answer }) => self.typed.push_back((text, answer)),
            Wake::Request(Request::Pin { pin, answer }) => {
                if self.machine.asks_pin() {
                    self.asked.insert(self.machine.next_turn(), answer);
                    self.tell(Input::Pin(pin));
                }
            }
            Wake::Request(Request::Listen {
                frames,
                stimulus,
                summaries,
            }) => self.audio.push_back((frames, stimulus, summaries)),
            Wake::Request(Request::Interrupt) => {
                self.tell(Input::Interrupt);
                self.ears = None;
                self.audio.clear();
            }
            Wake::Request(Request::Cancel) => self.cancel(),
            Wake::Committed((utterance, result)) => self.tell(Input::Committed(utterance, result)),
            Wake::Proved((question, proved)) => self.tell(Input::Proved(question, proved)),
            Wake::Voiced(voiced) => self.voiced(voiced),
            Wake::Answered(question, told) => self.tell(Input::Answered(question, told)),
            Wake::Grammar => {
                self.grammar = self.parts.grammar.borrow_and_update().clone();
                self.tell(Input::GrammarChanged(self.grammar.clone()));
            }
            Wake::Deadline => self.tell(Input::Deadline),
            Wake::Heard(Heard::Words(take, hypothesis)) => {
                self.tell(Input::Heard(take, hypothesis))
            }
            Wake::Heard(Heard::Failed(take, error)) => self.tell(Input::HearingFailed(take, error)),
            Wake::Heard(Heard::Frame(frame)) => self.hear(frame),
            Wake::Heard(Heard::Over) => self.tell(Input::Listening(false)),
        }
    }

    /// How a language model answers whoever speaks here, after what was said before.
    fn answering(&self, history: Vec<Message>) -> AnswerOptions {
        let room = self.parts.room.as_deref();
        AnswerOptions {
            history,
            tier: self.parts.tier,
            barred: self.parts.host.barred(&self.parts.place, room),
            scope: (self.parts.keeps)().scope,
        }
    }

    fn tell_attention(&self) {
        let now = Attention {
            busy: self.machine.hearing() || self.machine.answering(),
            asking: self.machine.asking(),
            speaking: !self.audible.is_empty(),
        };
        self.attention
            .send_if_modified(|before| std::mem::replace(before, now) != now);
    }

    /// Starts what waited for something else to end.
    fn take_up_waiting(&mut self) {
        while self.asked.is_empty()
            && let Some((text, answer)) = self.typed.pop_front()
        {
            self.asked.insert(self.machine.next_turn(), answer);
            self.tell(Input::Typed(text));
        }
        let silent = !self.machine.hearing() && !self.machine.answering();
        if silent {
            self.thoughts.rest();
        }
        if let Some(ears) = &self.ears
            && ears.over()
            && !ears.in_speech()
            && silent
        {
            if !ears.any_turn {
                self.tell(Input::NothingHeard);
            }
            self.ears = None;
        }
        if self.ears.is_none()
            && let Some((frames, stimulus, summaries)) = self.audio.pop_front()
        {
            let doubted = stimulus.doubted;
            self.ears = Some(Ears::new(
                frames,
                stimulus,
                summaries,
                (self.parts.vad)(),
                (self.parts.endpoint)(),
            ));
            self.tell(Input::Listening(true));
            if doubted {
                self.tell(Input::Doubted);
            }
        }
    }

    fn cancel(&mut self) {
        self.tell(Input::Cancel);
        self.ears = None;
        self.audio.clear();
        for (text, answer) in self.typed.drain(..) {
            // Whoever asked may be gone.
            let _ = answer.send(TurnSummary {
                text,
                ..TurnSummary::default()
            });
        }
    }

    fn hear(&mut self, frame: AudioFrame) {
        let epoch = self.parts.host.epoch();
        if epoch != self.epoch {
            self.epoch = epoch;
            self.tell(Input::EpochChanged);
            let hangover = (self.parts.endpoint)().hangover;
            if let Some(ears) = &mut self.ears {
                ears.endpointer().set_hangover(hangover);
            }
        }
        let now = self.now();
        let retain_from = self.machine.retain_from();
        let Some(ears) = &mut self.ears else { return };
        let spoken = ears.arrive(&frame, now);
        if ears.fast() {
            self.clock.set_to(spoken);
        }
        let mut events = Vec::new();
        ears.hear(frame, retain_from, &mut events);
        for event in events {
            self.endpointed(event);
        }
    }

    fn endpointed(&mut self, event: EndpointEvent) {
        let Some(ears) = &mut self.ears else { return };
        let input = match event {
            EndpointEvent::SpeechStarted { at } => {
                ears.any_turn = true;
                if self.machine.hears_questions() {
                    // Nothing is asked of it by whoever is asked for a PIN.
                    if !self.machine.may_hear_pin() {
                        let options = self.answering(self.machine.history());
                        self.thoughts.listen(options);
                    }
                }
                Input::SpeechStarted { at }
            }
            EndpointEvent::Paused { at } => Input::SpeechPaused { at },
            EndpointEvent::Resumed { .. } => Input::SpeechResumed,
            EndpointEvent::Endpoint {
                last_voiced,
                at,
                expectation,
            } => {
                let last_voiced = ears.moment(last_voiced);
                let t0 = ears
                    .stimulus
                    .speech_end
                    .map_or(last_voiced, |end| ears.moment(end));
                Input::Endpoint {
                    expectation,
                    through: at,
                    last_voiced,
                    t0,
                }
            }
        };
        self.tell(input);
    }

    fn voiced(&mut self, voiced: Voiced) {
        match voiced {
            Voiced::Started {
                reply,
                audio_ready,
                at,
            } => {
                // It may have been silenced, or be over, by now.
                if self.mouth.holds(reply) {
                    self.audible.insert(reply);
                }
                let at = self.clock.moment(Instant::from_std(at));
                let audio_ready =
                    audio_ready.map_or(at, |ready| self.clock.moment(Instant::from_std(ready)));
                self.tell(Input::ReplyStarted {
                    reply,
                    audio_ready,
                    at,
                });
            }
            Voiced::Ended { reply, heard } => {
                self.audible.remove(&reply);
                self.tell(Input::ReplyEnded { reply, heard });
            }
            Voiced::Failed(reply, error) => {
                self.audible.remove(&reply);
                let help = "`loqa doctor` says what is missing".into();
                let event = Event::Degraded {
                    what: "tts".into(),
                    message: error.to_string(),
                    help,
                };
                let now = self.now();
                self.record.tell(self.machine.turn(), event, now);
                self.tell(Input::ReplyEnded {
                    reply,
                    heard: Duration::ZERO,
                });
            }
        }
    }

    /// Tells the machine, does what it says, and lets the endpointer know what it expects now.
    fn tell(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let now = self.now();
            let mut effects = Vec::new();
            self.machine.handle(input, now, &mut effects);
            for effect in effects {
                inputs.extend(self.perform(effect, now));
            }
        }
        let expectation = self.machine.expectation();
        let event = self
            .ears
            .as_mut()
            .and_then(|ears| ears.endpointer().expect(expectation));
        if let Some(event) = event {
            self.endpointed(event);
        }
    }

    /// Does what the machine says; some of it has its result at once.
    fn perform(&mut self, effect: Effect, now: Duration) -> Option<Input> {
        match effect {
            Effect::Transcribe {
                take,
                from,
                context,
            } => {
                let (Some(stt), Some(ears)) = (&self.parts.stt, &mut self.ears) else {
                    return Some(Input::HearingFailed(
                        take,
                        "nothing here can understand speech".into(),
                    ));
                };
                let options = TranscribeOptions {
                    grammar: Some(self.grammar.speech()),
                    context,
                    household: Some(self.grammar.clone()),
                    open: self.machine.hears_questions(),
                    scope: (self.parts.keeps)().scope,
                };
                ears.transcribe(stt.as_ref(), take, from, options);
            }
            Effect::Reopen => {
                if let Some(ears) = &mut self.ears {
                    ears.endpointer().reopen();
                }
            }
            Effect::FinishTranscription(take) => {
                if let Some(ears) = &mut self.ears {
                    ears.finish(take);
                }
            }
            Effect::DropTranscription(take) => {
                if let Some(ears) = &mut self.ears {
                    ears.drop_transcription(take);
                }
            }
            Effect::Prepare(plan, request) => {
                let began = Instant::now();
                let result = self.parts.host.prepare(&request);
                return Some(Input::Prepared(plan, result, began.elapsed()));
            }
            Effect::Prove(question, pin) => {
                let proof = self.parts.host.prove(pin);
                self.proofs
                    .push(Box::pin(async move { (question, proof.await) }));
            }
            Effect::Discard(draft) => self.parts.host.discard(draft),
            Effect::Stage(reply, text) => self.mouth.stage(reply, &text),
            Effect::Speak(reply, text) => self.mouth.speak(reply, &text),
            Effect::Ask {
                question,
                history,
                text,
            } => {
                let options = self.answering(history);
                self.thoughts.ask(question, text, options);
            }
            Effect::Forget(question) => self.thoughts.forget(question),
            Effect::Begin(reply, text) => self.mouth.begin(reply, &text),
            Effect::GoOn(reply, text) => self.mouth.go_on(reply, &text),
            Effect::Complete(reply) => self.mouth.complete(reply),
            Effect::Unstage(reply) | Effect::Silence(reply) => self.mouth.silence(reply),
            Effect::Commit(utterance, draft) => {
                let commit = self.parts.host.commit(utterance, draft);
                self.commits
                    .push(Box::pin(async move { (utterance, commit.await) }));
            }
            Effect::Announce(turn, event) => self.record.tell(turn, *event, now),
            Effect::EndTurn(ended) => self.end_turn(*ended, now),
        }
        None
    }

    fn end_turn(&mut self, ended: Ended, now: Duration) {
        let turn = ended.turn;
        if let Some(asked) = self.asked.remove(&turn) {
            // Whoever asked may be gone.
            let _ = asked.send(self.record.end(ended, None, now));
            return;
        }
        let stimulus = self
            .ears
            .as_ref()
            .map(|ears| (&ears.stimulus, ears.through()));
        let summary = self.record.end(ended, stimulus, now);
        if let Some(ears) = &self.ears
            && ears.summaries.try_send(summary).is_err()
        {
            tracing::debug!(turn = turn.0, "nobody took the summary");
        }
    }

    /// Time never runs backwards for the machine, even when the sample clock is behind the wall.
    fn now(&mut self) -> Duration {
        self.latest = self.latest.max(self.clock.now());
        self.latest
    }
}

/// What the ears hear next; never, if nobody listens.
async fn next_of(ears: &mut Option<Ears>, pace: Pace) -> Heard {
    match ears {
        Some(ears) => ears.next(pace).await,
        None => std::future::pending().await,
    }
}
