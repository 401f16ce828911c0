//! Work for models: placed, handed out, moved. What is decided, the core's placement, errand and breaker decide; here it
//! becomes frames on streams.

use super::{
    faults::{Bug, Moment},
    hub::{Due, Hub, Soon},
    model::{Model, Speed, Token, token},
    net::Load,
    node::{capability, id_of},
    world::{MS, Machine, World},
};
use loqa_core::{
    errand::{self, Effect, Errand, Lost, Place},
    placement::{self, Candidate, Pace, Wanted, ranked},
    resilience::{Breaker, Recent},
    seams::Answered,
    turn::{Input, QuestionId, ReplyId, Take},
};
use loqa_protocol::{JobFrame, JobOptions, PrivacyScope, QosTier, StreamKind, UtteranceId};
use std::{collections::BTreeMap, time::Duration};

/// A process of the hub's own that says nothing for so long is ended.
const SILENCE: Duration = Duration::from_secs(2);

/// What a job is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    Hear(Take),
    Think(QuestionId),
    Speak(ReplyId),
}

impl Purpose {
    fn kind(self) -> &'static str {
        match self {
            Purpose::Hear(_) => "stt",
            Purpose::Think(_) => "llm",
            Purpose::Speak(_) => "tts",
        }
    }
}

/// Where an attempt is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Here,
    There { link: u64, lane: u32, node: usize },
    Closed,
}

struct Running {
    session: u64,
    purpose: Purpose,
    errand: Errand,
    /// `None`: here.
    places: Vec<Option<usize>>,
    attempts: Vec<Way>,
    /// What was said in it, for whoever checks.
    tokens: Vec<Token>,
    /// When all was.
    complete: Option<Duration>,
}

/// All of them, and what was learnt of who does them.
#[derive(Default)]
pub struct Jobs {
    running: BTreeMap<u64, Running>,
    next: u64,
    here: BTreeMap<(u64, usize), Model>,
    breakers: BTreeMap<usize, Breaker>,
    recent: BTreeMap<(usize, &'static str), Recent>,
}

impl Jobs {
    pub fn deadline(&self) -> Option<Duration> {
        self.running
            .values()
            .filter_map(|it| it.errand.deadline())
            .min()
    }

    pub fn late(&self, now: Duration) -> Vec<u64> {
        let late = |it: &Running| it.errand.deadline().is_some_and(|at| at <= now);
        let running = self.running.iter();
        running
            .filter(|(_, it)| late(it))
            .map(|(id, _)| *id)
            .collect()
    }

    pub fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// Whether it is a voice.
    pub fn speaks(&self, id: u64) -> bool {
        let running = self.running.get(&id);
        running.is_some_and(|it| matches!(it.purpose, Purpose::Speak(_)))
    }

    /// The job of this session for that.
    pub fn of(&self, session: u64, purpose: Purpose) -> Option<u64> {
        let mut running = self.running.iter();
        running
            .find(|(_, it)| it.session == session && it.purpose == purpose)
            .map(|(id, _)| *id)
    }
}

impl Hub {
    /// Begins a job: places it, and says what it is.
    pub fn begin_job(
        &mut self,
        session: u64,
        purpose: Purpose,
        utterance: UtteranceId,
        scope: PrivacyScope,
        options: JobOptions,
        world: &mut World,
    ) -> u64 {
        let kind = purpose.kind();
        let (candidates, nodes) = self.candidates(kind, world);
        let wanted = Wanted {
            kind: kind.into(),
            name: None,
            tier: QosTier::Fast,
            scope,
            beside: None,
        };
        let mut choices = ranked(&candidates, &wanted).unwrap_or_default();
        if world.has(Bug::NoConsentAfterFailover) {
            let known: Vec<_> = choices.iter().map(|it| it.index).collect();
            let others = (0..candidates.len()).filter(|at| !known.contains(at));
            let others = others.filter(|at| candidates[*at].unavailable.is_none());
            choices.extend(others.map(|index| placement::Choice {
                index,
                reason: String::new(),
            }));
        }
        let places = choices.iter().map(|it| {
            let candidate = &candidates[it.index];
            Place {
                name: candidate.place(),
                tries: if candidate.node.is_none() { 2 } else { 1 },
                late: (candidate.first_output * 2).max(150 * MS),
            }
        });
        let places: Vec<_> = places.collect();
        let of: Vec<_> = choices.iter().map(|it| nodes[it.index]).collect();
        for node in of.iter().flatten() {
            world.witness.considered(*node, world.now);
        }
        let id = self.jobs.next;
        self.jobs.next += 1;
        world.say(|| {
            let reasons = choices.first().map(|it| it.reason.clone());
            format!("job {id:<4} {purpose:?} {}", reasons.unwrap_or_default())
        });
        let running = Running {
            session,
            purpose,
            errand: Errand::new(places),
            places: of,
            attempts: Vec::new(),
            tokens: Vec::new(),
            complete: None,
        };
        self.jobs.running.insert(id, running);
        let open = JobFrame::Open {
            capability: capability(kind),
            utterance,
            options,
        };
        self.say(id, open);
        id
    }

    /// Says something in a job.
    pub fn say(&mut self, id: u64, frame: JobFrame) {
        self.due.push_back(Due::Job(id, errand::Input::Say(frame)));
    }

    fn candidates(
        &self,
        kind: &'static str,
        world: &World,
    ) -> (Vec<Candidate>, Vec<Option<usize>>) {
        let mut candidates = vec![Candidate {
            capability: capability(kind),
            node: None,
            may_hear: PrivacyScope::Ephemeral,
            first_output: self.config.here,
            unavailable: None,
        }];
        let mut nodes = vec![None];
        for linked in self.links.values() {
            let Machine::Node(node) = linked.end.peer else {
                continue;
            };
            let offer = linked.offers.iter().find(|it| it.capability.kind == kind);
            let Some(offer) = offer.filter(|_| !linked.silent) else {
                continue;
            };
            let (name, may_hear) = self.config.nodes[node];
            let recent = self.jobs.recent.get(&(node, kind));
            let pace = Pace {
                alone: Duration::from_millis(offer.first_ms.into()),
                seen: recent.and_then(Recent::p95),
                round_trip: 10 * MS,
                load_permille: linked.load,
            };
            let rests = self
                .jobs
                .breakers
                .get(&node)
                .and_then(|it| it.rests(world.now));
            let rests = rests.filter(|_| !world.has(Bug::NoBreaker));
            candidates.push(Candidate {
                capability: offer.capability.clone(),
                node: Some(placement::Node {
                    id: id_of(node),
                    name: name.into(),
                }),
                may_hear,
                first_output: pace.expected(),
                unavailable: rests
                    .map(|left| format!("it has just failed, and rests for {left:?}")),
            });
            nodes.push(Some(node));
        }
        (candidates, nodes)
    }

    /// Something happens to a job.
    pub fn job(&mut self, id: u64, input: errand::Input, world: &mut World) {
        let Some(running) = self.jobs.running.get_mut(&id) else {
            return;
        };
        match &input {
            errand::Input::Say(JobFrame::Audio { samples, .. }) => {
                running.tokens.extend(token(samples));
            }
            errand::Input::Say(JobFrame::Finish | JobFrame::Said { is_final: true, .. }) => {
                running.complete = Some(world.now);
            }
            errand::Input::Came(attempt, frame) => {
                let way = running.attempts.get(*attempt).copied();
                if world.has(Bug::BothAnswers) && way != Some(Way::Closed) && is_words(frame) {
                    let frame = frame.clone();
                    return self.answered(id, frame, world);
                }
                if let Some(Way::There { node, .. }) = way
                    && is_first(frame)
                    && let Some(complete) = running.complete
                {
                    let recent = self.jobs.recent.entry((node, running.purpose.kind()));
                    recent.or_default().note(world.now - complete);
                    self.jobs.breakers.entry(node).or_default().succeeded();
                    world.witness.node_answered(node);
                }
            }
            errand::Input::Silent(attempt) | errand::Input::Lost(attempt, Lost::Gone(_)) => {
                if let Some(Way::There { node, .. }) = running.attempts.get(*attempt) {
                    self.jobs
                        .breakers
                        .entry(*node)
                        .or_default()
                        .failed(world.now);
                    world.witness.node_failed(*node, world.now);
                }
            }
            _ => {}
        }
        let Some(running) = self.jobs.running.get_mut(&id) else {
            return;
        };
        let effects = running.errand.handle(input, world.now);
        for effect in effects {
            self.perform_job(id, effect, world);
        }
        if self
            .jobs
            .running
            .get(&id)
            .is_some_and(|it| it.errand.is_over())
        {
            self.jobs.running.remove(&id);
        }
    }

    fn perform_job(&mut self, id: u64, effect: Effect, world: &mut World) {
        match effect {
            Effect::Open { attempt, place } => self.open(id, attempt, place, world),
            Effect::Send { attempt, frame } => {
                let frame = (*frame).clone();
                let late = world.has(Bug::NothingRetained) && attempt > 0;
                let past =
                    matches!(&frame, JobFrame::Audio { offset, .. } if self.is_past(id, *offset));
                if !(late && past) {
                    self.send(id, attempt, frame, world);
                }
            }
            Effect::Close { .. } if world.has(Bug::NeverClosed) => {}
            Effect::Close { attempt } => self.close(id, attempt, world),
            Effect::Tell(frame) => self.answered(id, frame, world),
            Effect::Again => world.say(|| format!("job {id:<4} begins again")),
            Effect::Fail(error) => self.failed(id, error, world),
        }
    }

    /// Whether it was said a while ago.
    fn is_past(&self, id: u64, offset: u64) -> bool {
        let running = self.jobs.running.get(&id);
        let key = running.map(|it| it.session);
        let through = key
            .and_then(|it| self.sessions.get(&it))
            .map_or(0, |it| it.through());
        offset + 640 < through
    }

    fn open(&mut self, id: u64, attempt: usize, place: usize, world: &mut World) {
        let Some(running) = self.jobs.running.get_mut(&id) else {
            return;
        };
        let node = running.places[place];
        world.say(|| {
            format!(
                "job {id:<4} attempt {attempt} at {}",
                node.map_or("here".into(), |it| format!("node {it}"))
            )
        });
        let way = match node {
            None => {
                self.jobs.here.insert((id, attempt), Model::default());
                Way::Here
            }
            Some(node) => {
                let mut links = self.links.iter_mut();
                let link = links.find(|(_, it)| it.end.peer == Machine::Node(node) && !it.silent);
                match link {
                    Some((link, linked)) => {
                        let lane = linked.end.open(StreamKind::Job, world);
                        linked.jobs.insert(lane, (id, attempt));
                        let link = *link;
                        // What is under way is heard of often.
                        linked.end.tick(true, world);
                        world.moments.push(Moment::Job);
                        Way::There { link, lane, node }
                    }
                    None => {
                        let gone = Lost::Gone("it is not here any more".into());
                        let lost = errand::Input::Lost(attempt, gone);
                        self.due.push_back(Due::Job(id, lost));
                        Way::Closed
                    }
                }
            }
        };
        running.attempts.push(way);
        let open = running.attempts.iter().filter(|it| **it != Way::Closed);
        world.witness.attempts(open.count());
    }

    fn send(&mut self, id: u64, attempt: usize, frame: JobFrame, world: &mut World) {
        let running = self.jobs.running.get(&id);
        match running.and_then(|it| it.attempts.get(attempt)).copied() {
            Some(Way::Here) => {
                let Some(model) = self.jobs.here.get_mut(&(id, attempt)) else {
                    return;
                };
                let speed = Speed(self.config.here);
                for (after, frame) in model.hear(frame, &self.config.words, "here", speed) {
                    self.soon
                        .put(world.now + after, Soon::Here(id, attempt, frame));
                }
            }
            Some(Way::There { link, lane, .. }) => {
                if let Some(linked) = self.links.get(&link) {
                    linked.end.say(lane, &frame, world);
                }
            }
            Some(Way::Closed) | None => {}
        }
    }

    fn close(&mut self, id: u64, attempt: usize, world: &mut World) {
        let Some(running) = self.jobs.running.get_mut(&id) else {
            return;
        };
        let Some(way) = running.attempts.get_mut(attempt) else {
            return;
        };
        match std::mem::replace(way, Way::Closed) {
            Way::There { link, lane, .. } => {
                if let Some(linked) = self.links.get_mut(&link) {
                    linked.jobs.remove(&lane);
                    linked.end.send(lane, Load::Reset, world);
                }
            }
            Way::Here => {
                self.jobs.here.remove(&(id, attempt));
                self.soon.retain(
                    |it| !matches!(it, Soon::Here(of, at, _) if (*of, *at) == (id, attempt)),
                );
            }
            Way::Closed => {}
        }
    }

    /// Nobody wants it any more.
    pub fn drop_job(&mut self, id: u64, world: &mut World) {
        let attempts = self.jobs.running.get(&id).map_or(0, |it| it.attempts.len());
        for attempt in 0..attempts {
            self.close(id, attempt, world);
        }
        self.jobs.running.remove(&id);
    }

    /// All jobs of a session.
    pub fn drop_jobs(&mut self, session: u64, world: &mut World) {
        let running = self.jobs.running.iter();
        let of = running.filter(|(_, it)| it.session == session);
        for id in of.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.drop_job(id, world);
        }
    }

    /// Its own model processes hang. Silence is noticed, as the engine does.
    pub fn here_hang(&mut self, lasts: Duration, world: &World) {
        self.here_hangs = world.now + lasts.min(SILENCE);
        if lasts > SILENCE {
            self.soon.put(self.here_hangs, Soon::HereEnds);
        }
    }

    /// Its own model processes die.
    pub fn here_dies(&mut self, world: &mut World) {
        let here = self.jobs.here.keys().copied();
        // Voices are no process.
        let here: Vec<_> = here.filter(|(id, _)| !self.jobs.speaks(*id)).collect();
        for (id, attempt) in here {
            let gone = Lost::Gone("its process ended".into());
            self.due
                .push_back(Due::Job(id, errand::Input::Lost(attempt, gone)));
        }
        self.settle(world);
    }

    /// A planted mistake: what comes on a stream that was given up is somebody's answer.
    pub fn dead_man_talks(&mut self, link: u64, lane: u32, world: &mut World) {
        let mut frames = Vec::new();
        if let Some(linked) = self.links.get_mut(&link) {
            while let Some(frame) = linked.end.next::<JobFrame>(lane, world) {
                frames.push(frame);
            }
        }
        let thinks = |it: &&Running| matches!(it.purpose, Purpose::Think(_));
        let running = self.jobs.running.iter().find(|(_, it)| thinks(it));
        let id = running.map(|(id, _)| *id);
        for frame in frames.into_iter().filter(is_words) {
            if let Some(id) = id {
                self.answered(id, frame, world);
            }
        }
    }

    fn answered(&mut self, id: u64, frame: JobFrame, world: &mut World) {
        let Some(running) = self.jobs.running.get_mut(&id) else {
            return;
        };
        let key = running.session;
        match (running.purpose, frame) {
            (Purpose::Hear(take), JobFrame::Hypothesis { mut hypothesis }) => {
                if hypothesis.is_final {
                    let text = hypothesis.text();
                    let truth = self.config.words.heard(&running.tokens);
                    world.say(|| format!("job {id:<4} heard “{text}”"));
                    if let Some(session) = self.sessions.get(&key) {
                        world.witness.finally(session.id, &text, &truth);
                    }
                } else if world.has(Bug::CommitBeforeFinal) {
                    hypothesis.is_final = hypothesis.text().ends_with("light");
                }
                self.due
                    .push_back(Due::Input(key, Input::Heard(take, hypothesis)));
            }
            (Purpose::Think(question), JobFrame::Delta { text }) => {
                running.errand.told();
                let more = Ok(Some(Answered::Words(text)));
                self.due
                    .push_back(Due::Input(key, Input::Answered(question, more)));
            }
            (Purpose::Think(question), JobFrame::Finish) => {
                self.due
                    .push_back(Due::Input(key, Input::Answered(question, Ok(None))));
            }
            (Purpose::Speak(reply), JobFrame::Speech { format, samples }) => {
                running.errand.told();
                self.voiced(key, reply, format, samples, world);
            }
            (Purpose::Speak(reply), JobFrame::Finish) => self.voice_ends(key, reply, world),
            _ => {}
        }
    }

    fn failed(&mut self, id: u64, error: loqa_core::seams::ModelError, world: &mut World) {
        let Some(running) = self.jobs.running.get(&id) else {
            return;
        };
        world.say(|| format!("job {id:<4} fails: {error}"));
        let key = running.session;
        let input = match running.purpose {
            Purpose::Hear(take) => Input::HearingFailed(take, error.to_string()),
            Purpose::Think(question) => Input::Answered(question, Err(error)),
            Purpose::Speak(reply) => return self.voice_fails(key, reply, world),
        };
        self.due.push_back(Due::Input(key, input));
    }
}

fn is_words(frame: &JobFrame) -> bool {
    matches!(frame, JobFrame::Delta { .. })
}

fn is_first(frame: &JobFrame) -> bool {
    match frame {
        JobFrame::Hypothesis { hypothesis } => hypothesis.is_final,
        JobFrame::Delta { .. } | JobFrame::Speech { .. } => true,
        _ => false,
    }
}
