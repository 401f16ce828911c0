//! One conversation: the real turn machine and endpointer, and a shell around them that does what they say, as the engine's
//! own does.

use super::{
    faults::{Bug, Moment},
    house::{renamed, said},
    hub::{Due, Hub, Soon},
    jobs::Purpose,
    model::token,
    world::{MS, Machine, Told, World},
};
use loqa_core::{
    endpoint::{EndpointConfig, EndpointEvent, Endpointer},
    seams::{Committed, DraftId},
    turn::{Effect, Ended, Input, ReplyId, Take, TurnConfig, TurnMachine},
};
use loqa_link::wire::audio::{
    FRAME_SAMPLES, Hearing,
    codec::{Decoder, Samples},
    packet::Packet as Audio,
};
use loqa_protocol::{
    ClientFrame, Envelope, Event, JobFrame, JobOptions, PrivacyScope, QosTier, ServerFrame,
    SessionId, TurnId, UtteranceId,
};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

const FRAME: Duration = Duration::from_millis(20);
/// As the engine's own clients of the link have it.
const OVERTAKEN: Duration = Duration::from_millis(150);
const GONE: Duration = Duration::from_secs(3);
/// Samples that are kept in case speech turns out to have begun in them.
const KEPT: u64 = 16_000;

/// Where a session is heard and heard of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mouth {
    /// The hub's own microphone and speaker.
    Here,
    /// A client: connection and stream.
    Client(u64, u32),
}

/// A request that is spoken live, until it is in order.
pub struct Live {
    request: u32,
    hearing: Hearing,
    decoder: Decoder,
    asked: bool,
    ends: Option<Duration>,
    heard: Duration,
}

impl Live {
    fn new(request: u32, now: Duration) -> Live {
        Live {
            request,
            hearing: Hearing::default(),
            decoder: Decoder::default(),
            asked: false,
            ends: None,
            heard: now,
        }
    }

    /// When something is due though nothing has come.
    pub fn wakes(&self) -> Option<Duration> {
        let gone = self.heard + GONE;
        let hole = self.hearing.deadline().filter(|_| self.asked);
        if self.asked && self.hearing.is_ended() {
            return Some(hole.unwrap_or(gone));
        }
        let first = [hole, self.ends].into_iter().flatten().min();
        Some(first.map_or(gone, |at| at.min(gone)))
    }
}

struct Ears {
    endpointer: Endpointer,
    /// End of the newest frame.
    through: u64,
    retained: VecDeque<(u64, Vec<f32>)>,
    transcription: Option<(Take, u64)>,
    /// The transcription takes more.
    open: bool,
    ended: bool,
    any_turn: bool,
}

/// See the module.
pub struct Session {
    pub id: SessionId,
    pub scope: PrivacyScope,
    pub mouth: Mouth,
    machine: TurnMachine,
    pub began: Duration,
    epoch: u64,
    /// Under way.
    pub request: Option<u32>,
    /// Requests up to this are over.
    over: u32,
    pub live: Option<Live>,
    ears: Option<Ears>,
    /// Being made or said, and how many letters there are so far.
    pub replies: BTreeMap<ReplyId, usize>,
    seq: u64,
}

impl Session {
    pub fn new(
        id: SessionId,
        scope: PrivacyScope,
        mouth: Mouth,
        epoch: u64,
        now: Duration,
    ) -> Session {
        let config = TurnConfig {
            open_questions: true,
            ..TurnConfig::default()
        };
        Session {
            id,
            scope,
            mouth,
            machine: TurnMachine::new(config, id, None, super::house::grammar()),
            began: now,
            epoch,
            request: None,
            over: 0,
            live: None,
            ears: None,
            replies: BTreeMap::new(),
            seq: 0,
        }
    }

    /// When the turn machine wants to be woken.
    pub fn deadline(&self) -> Option<Duration> {
        self.machine.deadline().map(|at| at + self.began)
    }

    /// End of what was heard.
    pub fn through(&self) -> u64 {
        self.ears.as_ref().map_or(0, |ears| ears.through)
    }

    /// Nothing is said or answered.
    pub fn is_quiet(&self) -> bool {
        self.request.is_none() && !self.machine.hearing() && !self.machine.answering()
    }

    /// What it is called that is said or answered.
    pub fn utterance(&self) -> UtteranceId {
        UtteranceId {
            session: self.id,
            turn: self.machine.turn(),
        }
    }
}

impl Hub {
    /// A client asks something.
    pub fn asked(&mut self, key: u64, frame: ClientFrame, world: &mut World) {
        let Some(session) = self.sessions.get_mut(&key) else {
            return;
        };
        let now = world.now;
        match frame {
            ClientFrame::AskAudio { id, .. } => {
                session.request = Some(id);
                session.ears = Some(Ears {
                    endpointer: Endpointer::new(EndpointConfig::default()),
                    through: 0,
                    retained: VecDeque::new(),
                    transcription: None,
                    open: false,
                    ended: false,
                    any_turn: false,
                });
                if session.mouth != Mouth::Here {
                    let live = session.live.take().filter(|live| live.request == id);
                    let mut live = live.unwrap_or_else(|| Live::new(id, now));
                    live.asked = true;
                    session.live = Some(live);
                }
                self.due.push_back(Due::Input(key, Input::Listening(true)));
            }
            ClientFrame::AudioEnd { .. } if session.mouth == Mouth::Here => {
                self.stream_ended(key, world);
            }
            ClientFrame::AudioEnd { id } => {
                if let Some(live) = session.live.as_mut().filter(|live| live.request == id) {
                    live.ends.get_or_insert(now + OVERTAKEN);
                }
            }
            other => world.witness.wrong(format!("a puck asked {other:?}")),
        }
    }

    /// A datagram of audio.
    pub fn audio(&mut self, key: u64, packet: Audio, world: &mut World) {
        let Some(session) = self.sessions.get_mut(&key) else {
            return;
        };
        let (request, now) = (packet.route.request, world.now);
        if request <= session.over {
            return;
        }
        let live = session.live.get_or_insert_with(|| Live::new(request, now));
        if live.request != request {
            return;
        }
        live.heard = now;
        if world.has(Bug::DuplicateIsNew) && live.asked {
            let samples = packet.frames.first().and_then(|it| live.decoder.decode(it));
            if let Some(samples) = samples {
                self.frame(key, &samples, false, world);
            }
        } else {
            live.hearing.push(packet, now);
        }
        self.listens(key, world);
    }

    /// Hears what is in order by now.
    pub fn listens(&mut self, key: u64, world: &mut World) {
        let now = world.now;
        loop {
            let Some(session) = self.sessions.get_mut(&key) else {
                return;
            };
            let Some(live) = session.live.as_mut().filter(|live| live.asked) else {
                return;
            };
            if live.ends.is_some_and(|at| at <= now) || now >= live.heard + GONE {
                live.hearing.end();
            }
            match live.hearing.pop(now) {
                Some(heard) => {
                    self.frame(key, &heard.samples, heard.lost, world);
                    self.settle(world);
                }
                None if live.hearing.is_over() => {
                    session.over = live.request;
                    session.live = None;
                    return self.stream_ended(key, world);
                }
                None => return,
            }
        }
    }

    fn stream_ended(&mut self, key: u64, world: &mut World) {
        if let Some(session) = self.sessions.get_mut(&key)
            && let Some(ears) = &mut session.ears
            && !ears.ended
        {
            ears.ended = true;
            self.soon.put(world.now + FRAME, Soon::Silence(key));
            self.due.push_back(Due::Input(key, Input::Listening(false)));
        }
    }

    /// Nobody says anything after the stream has ended.
    pub fn hears_silence(&mut self, key: u64, world: &mut World) {
        let wanted = self.sessions.get(&key).is_some_and(|session| {
            let ears = session.ears.as_ref().filter(|ears| ears.ended);
            ears.is_some_and(|ears| session.machine.hearing() || ears.endpointer.in_speech())
        });
        if wanted {
            self.frame(key, &[0.0; FRAME_SAMPLES], true, world);
            self.soon.put(world.now + FRAME, Soon::Silence(key));
        }
    }

    /// 20 ms of a microphone; `made_up`: nobody sent them.
    pub fn frame(&mut self, key: u64, samples: &Samples, made_up: bool, world: &mut World) {
        let epoch = self.house.store.snapshot().epoch;
        let Some(session) = self.sessions.get_mut(&key) else {
            return;
        };
        if session.epoch != epoch {
            session.epoch = epoch;
            self.due.push_back(Due::Input(key, Input::EpochChanged));
        }
        let retain_from = session.machine.retain_from();
        let Some(ears) = &mut session.ears else {
            return;
        };
        let offset = ears.through;
        let token = token(samples);
        if let Some(token) = token.filter(|_| !made_up) {
            let at = offset as usize / FRAME_SAMPLES;
            world.witness.frame(at, token.ordinal);
        }
        ears.through += FRAME_SAMPLES as u64;
        if let Some((_, job)) = ears.transcription.filter(|_| ears.open) {
            let samples = samples.to_vec();
            let audio = JobFrame::Audio { offset, samples };
            let said = loqa_core::errand::Input::Say(audio);
            self.due.push_back(Due::Job(job, said));
        }
        let keep = retain_from
            .unwrap_or(u64::MAX)
            .min(ears.through.saturating_sub(KEPT));
        while ears
            .retained
            .front()
            .is_some_and(|(at, _)| at + FRAME_SAMPLES as u64 <= keep)
        {
            ears.retained.pop_front();
        }
        ears.retained.push_back((offset, samples.to_vec()));
        let score = if token.is_some() { 0.95 } else { 0.05 };
        let mut events = Vec::new();
        ears.endpointer.hear(offset, samples, &[score], &mut events);
        for event in events {
            self.endpointed(key, event, world.now);
        }
    }

    fn endpointed(&mut self, key: u64, event: EndpointEvent, now: Duration) {
        let Some(session) = self.sessions.get_mut(&key) else {
            return;
        };
        let Some(ears) = &mut session.ears else {
            return;
        };
        let input = match event {
            EndpointEvent::SpeechStarted { at } => {
                ears.any_turn = true;
                Input::SpeechStarted { at }
            }
            EndpointEvent::Paused { at } => Input::SpeechPaused { at },
            EndpointEvent::Resumed { .. } => Input::SpeechResumed,
            EndpointEvent::Endpoint {
                last_voiced,
                at,
                expectation,
            } => {
                let since = Duration::from_micros(
                    ears.through.saturating_sub(last_voiced) * 1_000_000 / 16_000,
                );
                let last_voiced = (now - session.began).saturating_sub(since);
                Input::Endpoint {
                    expectation,
                    through: at,
                    last_voiced,
                    t0: last_voiced,
                }
            }
        };
        self.due.push_back(Due::Input(key, input));
    }

    /// Tells the machine, does what it says, and lets the endpointer know what to expect.
    pub fn tell(&mut self, key: u64, input: Input, world: &mut World) {
        if world.has(Bug::YesAfterRestart) {
            self.late_yes(key, &input, world);
        }
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let Some(session) = self.sessions.get_mut(&key) else {
                return;
            };
            let mut effects = Vec::new();
            let now = world.now - session.began;
            session.machine.handle(input, now, &mut effects);
            for effect in effects {
                inputs.extend(self.perform(key, effect, world));
            }
        }
        let Some(session) = self.sessions.get_mut(&key) else {
            return;
        };
        let expectation = session.machine.expectation();
        let event = session
            .ears
            .as_mut()
            .and_then(|it| it.endpointer.expect(expectation));
        if let Some(event) = event {
            self.endpointed(key, event, world.now);
        }
    }

    fn perform(&mut self, key: u64, effect: Effect, world: &mut World) -> Option<Input> {
        let session = self.sessions.get_mut(&key)?;
        let (utterance, scope) = (session.utterance(), session.scope);
        match effect {
            Effect::Transcribe { take, from, .. } => {
                let Some(ears) = &session.ears else {
                    return Some(Input::HearingFailed(take, "nobody listens".into()));
                };
                let again = ears.retained.iter();
                let again = again.filter(|(at, _)| at + FRAME_SAMPLES as u64 > from);
                let again: Vec<_> = again.cloned().collect();
                let options = JobOptions::Transcribe {
                    jsgf: None,
                    likely: Vec::new(),
                    language: Some("en".into()),
                    interim: true,
                };
                let before = ears.transcription;
                let job =
                    self.begin_job(key, Purpose::Hear(take), utterance, scope, options, world);
                if let Some((_, before)) = before {
                    self.drop_job(before, world);
                }
                for (offset, samples) in again {
                    self.say(job, JobFrame::Audio { offset, samples });
                }
                let ears = self.sessions.get_mut(&key)?.ears.as_mut()?;
                (ears.transcription, ears.open) = (Some((take, job)), true);
            }
            Effect::Reopen => session.ears.as_mut()?.endpointer.reopen(),
            Effect::FinishTranscription(take) => {
                let ears = session.ears.as_mut()?;
                if let Some((of, job)) = ears.transcription
                    && of == take
                    && std::mem::take(&mut ears.open)
                {
                    self.say(job, JobFrame::Finish);
                }
            }
            Effect::DropTranscription(take) => {
                let ears = session.ears.as_mut()?;
                if let Some((_, job)) = ears.transcription.take_if(|(of, _)| *of == take) {
                    self.drop_job(job, world);
                }
            }
            Effect::Prepare(plan, request) => {
                let result = self.house.prepare(&request);
                if result.as_ref().is_ok_and(|draft| draft.confirm.is_some()) {
                    self.pending = Some(request);
                }
                return Some(Input::Prepared(plan, result, Duration::ZERO));
            }
            Effect::Prove(..) => {}
            Effect::Discard(draft) => self.house.discard(draft),
            // What is staged is made when it is said.
            Effect::Stage(..) => {}
            Effect::Unstage(reply) | Effect::Silence(reply) => {
                session.replies.remove(&reply);
                world.witness.audible(session.id, reply, false);
                if let Some(job) = self.jobs.of(key, Purpose::Speak(reply)) {
                    self.drop_job(job, world);
                }
            }
            Effect::Speak(reply, text) => {
                let job = self.voice(key, reply, &text, world);
                self.say(job, JobFrame::Finish);
            }
            Effect::Begin(reply, text) => {
                self.voice(key, reply, &text, world);
            }
            Effect::GoOn(reply, text) => {
                if let Some(job) = self.jobs.of(key, Purpose::Speak(reply)) {
                    self.say(job, JobFrame::Text { text });
                }
            }
            Effect::Complete(reply) => {
                if let Some(job) = self.jobs.of(key, Purpose::Speak(reply)) {
                    self.say(job, JobFrame::Finish);
                }
            }
            Effect::Ask {
                question,
                history,
                text,
            } => {
                let options = JobOptions::Generate {
                    system: "You are Loqa.".into(),
                    history,
                    tools: Vec::new(),
                    max_tokens: 100,
                    temperature_milli: 0,
                    seed: 0,
                };
                let purpose = Purpose::Think(question);
                let job = self.begin_job(key, purpose, utterance, scope, options, world);
                let is_final = true;
                self.say(job, JobFrame::Said { text, is_final });
            }
            Effect::Forget(question) => {
                if let Some(job) = self.jobs.of(key, Purpose::Think(question)) {
                    self.drop_job(job, world);
                }
            }
            Effect::Commit(utterance, draft) => self.commit(key, utterance, draft, false, world),
            Effect::Announce(turn, event) => self.announce(key, turn, *event, world),
            Effect::EndTurn(ended) => self.end_turn(key, *ended, world),
        }
        None
    }

    /// Has the skill host carry a plan out. One that died meanwhile is asked again, by the same name.
    pub fn commit(
        &mut self,
        key: u64,
        utterance: UtteranceId,
        draft: DraftId,
        again: bool,
        world: &mut World,
    ) {
        if !again {
            world.witness.committed(utterance);
            world.moments.push(Moment::Commit);
        }
        let deeds = self.house.deeds_of(draft);
        if world.has(Bug::AcknowledgedBeforeDurable) && !again {
            self.soon.put(
                world.now + 300 * MS,
                Soon::CommitAgain(u64::MAX, utterance, draft),
            );
            let done = deeds.iter().map(|deed| format!("Did {deed}."));
            let committed = Committed {
                reply: done.collect::<Vec<_>>().join(" "),
                effects: Vec::new(),
                ok: true,
                cards: Vec::new(),
                told: Vec::new(),
            };
            let soon = Soon::Committed(key, utterance, Ok(committed), deeds);
            return self.soon.put(world.now + 5 * MS, soon);
        }
        let by = match again && world.has(Bug::RetriedByAnotherName) {
            true => renamed(utterance),
            false => utterance,
        };
        let result = self.house.commit(by, draft, world);
        if let Some(again) = self.answer_lost.take() {
            if again {
                let soon = Soon::CommitAgain(key, utterance, draft);
                self.soon.put(world.now + 400 * MS, soon);
            }
            return;
        }
        let takes = world.between(2, 120);
        let soon = Soon::Committed(key, utterance, result, deeds);
        self.soon.put(world.now + takes, soon);
    }

    fn announce(&mut self, key: u64, turn: TurnId, event: Event, world: &mut World) {
        let Some(session) = self.sessions.get_mut(&key) else {
            return;
        };
        if event == Event::SpeechStarted {
            world.witness.turn_began(session.id, turn, world.now);
        }
        let envelope = Envelope {
            trace_id: session.id.0,
            session_id: session.id,
            turn: Some(turn),
            actor_id: String::new(),
            origin: "hub".into(),
            seq: session.seq,
            at_ms: world.now.as_millis() as i64,
            capability_tier: QosTier::Fast,
            privacy_scope: session.scope,
            event,
        };
        session.seq += 1;
        if let Some(id) = session.request
            && matches!(
                envelope.event,
                Event::TtsRequest { .. } | Event::SkillResult { .. }
            )
        {
            let envelope = envelope.clone();
            self.answer(key, ServerFrame::Event { id, envelope }, world);
        }
        let folder = self.config.folder.clone();
        self.house.keep(envelope, &folder, world);
    }

    fn end_turn(&mut self, key: u64, ended: Ended, world: &mut World) {
        let Some(session) = self.sessions.get(&key) else {
            return;
        };
        let (turn, summary) = (ended.turn, ended.summary);
        world.say(|| format!("turn {turn}  “{}” → “{}”", summary.text, summary.reply));
        world
            .witness
            .turn_ended(session.id, turn, &summary, world.now);
        if summary.reply.ends_with('?') {
            world.moments.push(Moment::Question);
        }
        if let Some(id) = session.request {
            self.answer(key, ServerFrame::Turn { id, summary }, world);
        }
    }

    /// Tells whoever asked.
    pub fn answer(&mut self, key: u64, frame: ServerFrame, world: &mut World) {
        match self.sessions.get(&key).map(|session| session.mouth) {
            Some(Mouth::Client(link, lane)) => {
                if let Some(linked) = self.links.get(&link) {
                    linked.end.say(lane, &frame, world);
                }
            }
            Some(Mouth::Here) => match frame {
                ServerFrame::Speech { samples, .. } => {
                    let words = super::model::understood(&samples);
                    world.told.push((Machine::Hub, Told::Words(words)));
                }
                ServerFrame::Done { .. } => world.told.push((Machine::Hub, Told::Over)),
                _ => {}
            },
            None => {}
        }
    }

    /// Ends requests that were answered; whether anything came of it.
    pub fn end_requests(&mut self, world: &mut World) -> bool {
        let over = |session: &Session| {
            let ears = session.ears.as_ref();
            ears.is_some_and(|ears| ears.ended && !ears.endpointer.in_speech())
                && !session.machine.hearing()
                && !session.machine.answering()
        };
        let key = self
            .sessions
            .iter()
            .find(|(_, it)| over(it))
            .map(|(key, _)| *key);
        let Some(key) = key else { return false };
        let Some(session) = self.sessions.get_mut(&key) else {
            return false;
        };
        if let Some(ears) = session.ears.as_mut().filter(|ears| !ears.any_turn) {
            ears.any_turn = true;
            self.due.push_back(Due::Input(key, Input::NothingHeard));
            return true;
        }
        session.ears = None;
        if let Some(id) = session.request.take() {
            self.answer(key, ServerFrame::Done { id }, world);
        }
        true
    }

    /// Whoever held it is gone.
    pub fn end_session(&mut self, key: u64, world: &mut World) {
        self.tell(key, Input::Cancel, world);
        self.drop_jobs(key, world);
        if let Some(session) = self.sessions.remove(&key) {
            world.witness.session_over(session.id);
        }
    }

    /// A planted mistake: "yes" to what was asked in another life.
    fn late_yes(&mut self, key: u64, input: &Input, world: &mut World) {
        let Input::Heard(_, hypothesis) = input else {
            return;
        };
        let Some(session) = self.sessions.get(&key) else {
            return;
        };
        let yes = hypothesis.is_final && hypothesis.text() == "yes";
        if !yes || session.machine.asking() {
            return;
        }
        let utterance = renamed(session.utterance());
        if let Some(request) = self.pending.take()
            && let Ok(draft) = self.house.prepare(&request)
            && self.house.commit(utterance, draft.id, world).is_ok()
        {
            world.say(|| format!("hub      {}", said(&request.steps)));
        }
    }
}
