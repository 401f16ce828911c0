//! One client's conversation: its turns, one after the other, and what is told of them.

use super::{
    Shared,
    calls::{Claim, Standing, WithWord, Word},
    client_speaker::ClientSpeaker,
    keeping::OwnScope,
    node_speaker::NodeSpeaker,
    recording::Frames,
    service::problem,
};
use crate::{
    config::Endpoint,
    gateway::Answers,
    people::NODE,
    session::{SessionHandle, SessionOver, SessionParts, Stimulus},
    skills::own_patience,
    tasks::TaskKind,
};
use futures::StreamExt;
use loqa_core::seams::Speaker;
use loqa_protocol::{Envelope, Event, Problem, ServerFrame, SessionId, TurnSummary};
use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::{sync::mpsc, time::timeout};

/// Turns that may wait for the one before; a client that asks more waits.
const WAITING: usize = 16;
/// Somebody who speaks waits so long for a hub that is just starting.
const LEARNING: Duration = Duration::from_secs(10);
/// Events between a session and its client; the session sheds more.
const EVENTS: usize = 256;

/// A turn as a client asks it.
pub enum Turn {
    /// A sentence.
    Typed {
        /// Request.
        id: u32,
        /// The sentence.
        text: String,
    },
    /// A recording, as it comes.
    Spoken {
        /// Request.
        id: u32,
        /// The audio.
        frames: Frames,
        /// Name shown in the summary.
        file: Option<String>,
        /// First sample after the last word, if known.
        speech_end: Option<u64>,
        /// On the sample clock.
        fast: bool,
        /// To answer the call that came before it, where there was one that others may have heard.
        claim: Option<Arc<Claim>>,
        /// Names it, also where it is said again.
        utterance: Option<u128>,
    },
}

/// A session and the task that takes its turns. Ends when dropped.
pub struct Conversation {
    turns: mpsc::Sender<Turn>,
}

impl Conversation {
    /// Opens a session for one client.
    pub fn open(hub: &Arc<Shared>, answers: Answers, place: &str, scope: OwnScope) -> Conversation {
        let (turns, waiting) = mpsc::channel(WAITING);
        let (events, told) = mpsc::channel(EVENTS);
        let request = Arc::<AtomicU32>::default();
        // What is said to a node is heard there, and not here.
        let speaker: Arc<dyn Speaker> = match place.starts_with(NODE) {
            true => Arc::new(NodeSpeaker::new(answers.clone(), request.clone())),
            false => Arc::new(ClientSpeaker::new(
                hub.floor.clone(),
                answers.clone(),
                request.clone(),
            )),
        };
        let word = Word::default();
        let speaker = Arc::new(WithWord::new(speaker, word.clone()));
        let mut parts = hub.session_parts(speaker, events, place);
        parts.host = Arc::new(WithWord::new(parts.host, word.clone()));
        parts.keeps = hub.keeps(place, parts.room.clone(), scope);
        let session = hub.converse(parts);
        let taker = Taker {
            hub: hub.clone(),
            answers,
            session,
            word,
            request,
            told,
        };
        hub.tasks
            .spawn(TaskKind::CLIENT, "conversation", taker.run(waiting));
        Conversation { turns }
    }

    /// Takes a turn when those before are over.
    pub async fn take(&self, turn: Turn) {
        // The task ends before its sender only when the hub stops.
        let _ = self.turns.send(turn).await;
    }
}

struct Taker {
    hub: Arc<Shared>,
    answers: Answers,
    session: SessionHandle,
    /// Whether it may do what it is asked.
    word: Word,
    /// What is said now answers this.
    request: Arc<AtomicU32>,
    told: mpsc::Receiver<Envelope>,
}

impl Taker {
    async fn run(mut self, mut turns: mpsc::Receiver<Turn>) {
        loop {
            let turn = tokio::select! {
                biased;
                turn = turns.recv() => turn,
                // A PIN that was typed elsewhere: a turn that this client has not asked for.
                Some(envelope) = self.told.recv() => {
                    self.hub.announce(envelope);
                    continue;
                }
            };
            let Some(turn) = turn else { return };
            let id = match &turn {
                Turn::Typed { id, .. } | Turn::Spoken { id, .. } => *id,
            };
            if self.take(turn).await.is_err() {
                let gone = problem(
                    "session_over",
                    "the conversation has ended",
                    "the hub is stopping: ask again when it is up",
                );
                let _ = self
                    .answers
                    .send(ServerFrame::Problem { id, problem: gone });
            }
            let _ = self.answers.send(ServerFrame::Done { id });
        }
    }

    async fn take(&mut self, turn: Turn) -> Result<(), SessionOver> {
        match turn {
            Turn::Typed { id, text } => {
                self.word.take(None, None);
                self.request.store(id, Ordering::Relaxed);
                let session = self.session.clone();
                let asking = async move { session.ask(text).await };
                tokio::pin!(asking);
                loop {
                    tokio::select! {
                        biased;
                        Some(envelope) = self.told.recv() => self.tell(id, envelope),
                        summary = &mut asking => {
                            let summary = summary?;
                            self.tell_rest(id);
                            let _ = self.answers.send(ServerFrame::Turn { id, summary });
                            return Ok(());
                        }
                    }
                }
            }
            Turn::Spoken {
                id,
                frames,
                file,
                speech_end,
                fast,
                claim,
                utterance,
            } => {
                if self.hub.models.stt.is_none() {
                    let _ = self.answers.send(ServerFrame::Problem {
                        id,
                        problem: self.hub.cannot_hear(),
                    });
                    return Ok(());
                }
                self.request.store(id, Ordering::Relaxed);
                let stimulus = Stimulus {
                    file,
                    speech_end,
                    fast,
                    doubted: is_doubted(&claim),
                };
                // A puck may be back, and speak, before a hub that has just started can understand.
                let mut learned = self.hub.learned.subscribe();
                let _ = timeout(LEARNING, learned.wait_for(|learned| *learned)).await;
                self.word.take(claim.clone(), utterance);
                if standing(&claim) == Some(Standing::Lost) {
                    return Ok(());
                }
                let mut summaries = self.session.listen(frames.boxed(), stimulus).await?;
                // What is not sure to be answered here is told to nobody.
                let mut unsure = Some(Vec::new());
                if standing(&claim) != Some(Standing::Leads) {
                    self.answers_here(id, claim.is_some(), &mut unsure);
                }
                loop {
                    tokio::select! {
                        biased;
                        Some(envelope) = self.told.recv() => match &mut unsure {
                            Some(unsure) => unsure.push(envelope),
                            None => self.tell(id, envelope),
                        },
                        () = decided(&claim), if unsure.is_some() => {
                            if standing(&claim) == Some(Standing::Lost) {
                                return self.lose(summaries).await;
                            }
                            self.answers_here(id, true, &mut unsure);
                        }
                        summary = summaries.recv() => {
                            if unsure.is_some() {
                                let talk = summary.as_ref().is_none_or(|it| it.rejected);
                                let talk = talk && is_doubted(&claim);
                                if talk || claim.as_ref().is_some_and(|claim| !claim.settle()) {
                                    return self.lose(summaries).await;
                                }
                                self.answers_here(id, true, &mut unsure);
                            }
                            self.tell_rest(id);
                            let Some(summary) = summary else { return Ok(()) };
                            let _ = self.answers.send(ServerFrame::Turn { id, summary });
                        }
                    }
                }
            }
        }
    }

    /// What was told of it until now may be known.
    fn answers_here(&self, id: u32, called: bool, unsure: &mut Option<Vec<Envelope>>) {
        if called {
            let _ = self.answers.send(ServerFrame::Chosen { id });
        }
        for envelope in unsure.take().unwrap_or_default() {
            self.tell(id, envelope);
        }
    }

    /// Another microphone answers: nothing is left of it here.
    async fn lose(
        &mut self,
        mut summaries: mpsc::Receiver<TurnSummary>,
    ) -> Result<(), SessionOver> {
        self.session.cancel().await?;
        loop {
            tokio::select! {
                biased;
                Some(_) = self.told.recv() => {}
                summary = summaries.recv() => if summary.is_none() { break },
            }
        }
        while self.told.try_recv().is_ok() {}
        Ok(())
    }

    fn tell_rest(&mut self, id: u32) {
        while let Ok(envelope) = self.told.try_recv() {
            self.tell(id, envelope);
        }
    }

    fn tell(&self, id: u32, envelope: Envelope) {
        self.hub.announce(envelope.clone());
        // The summary goes to the client as the turn's own answer.
        if !matches!(envelope.event, Event::TurnSummary(_)) {
            let _ = self.answers.send(ServerFrame::Event { id, envelope });
        }
    }
}

/// Whether it was a call at all, only a command shows.
pub(super) fn is_doubted(claim: &Option<Arc<Claim>>) -> bool {
    claim.as_ref().is_some_and(|claim| claim.is_doubted())
}

fn standing(claim: &Option<Arc<Claim>>) -> Option<Standing> {
    claim.as_ref().map(|claim| claim.standing())
}

/// Resolves when it is sure who answers; never, where nobody disputes it.
pub(super) async fn decided(claim: &Option<Arc<Claim>>) {
    match claim {
        Some(claim) => claim.decided().await,
        None => pending().await,
    }
}

impl Shared {
    /// Does what is scheduled: a conversation of one typed turn, whose reply is spoken.
    pub(super) fn say_to_itself(self: &Arc<Self>, sentence: String) {
        let (events, mut told) = mpsc::channel(EVENTS);
        let mut parts = self.session_parts(self.floor.clone(), events, "");
        parts.turn.speak_typed = true;
        // What is scheduled is a command, or nothing.
        parts.turn.open_questions = false;
        let session = self.converse(parts);
        let hub = self.clone();
        self.tasks.spawn(TaskKind::CLIENT, "schedule", async move {
            let asking = session.ask(sentence);
            tokio::pin!(asking);
            loop {
                tokio::select! {
                    biased;
                    Some(envelope) = told.recv() => hub.announce(envelope),
                    _ = &mut asking => break,
                }
            }
            while let Ok(envelope) = told.try_recv() {
                hub.announce(envelope);
            }
        });
    }

    /// What a conversation here is made of.
    pub(super) fn session_parts(
        &self,
        speaker: Arc<dyn Speaker>,
        events: mpsc::Sender<Envelope>,
        place: &str,
    ) -> SessionParts {
        SessionParts {
            id: SessionId(rand::random()),
            stt: self.models.stt.clone(),
            llm: Some(self.models.llm.clone()),
            tts: self.models.tts.clone(),
            speaker: Some(speaker),
            vad: self.models.vad.clone(),
            host: self.host.clone(),
            grammar: self.understanding.watch(),
            events,
            voice: self.models.voice.clone(),
            placements: self.models.placements(),
            room: self.room_of(place),
            place: place.to_owned(),
            origin: "hub".into(),
            tier: self.config.conversation.tier,
            keeps: self.keeps(place, self.room_of(place), OwnScope::default()),
            zone: self.zone.clone(),
            endpoint: {
                let (household, set) = (self.household.clone(), self.config.endpoint.clone());
                Arc::new(move || {
                    let patience = own_patience(&household.read().household);
                    let patience = patience.unwrap_or(set.patience);
                    (&Endpoint {
                        patience,
                        ..set.clone()
                    })
                        .into()
                })
            },
            turn: self.turn_config(),
        }
    }

    /// Why nothing can be heard.
    pub(super) fn cannot_hear(&self) -> Problem {
        self.cannot("stt")
    }

    /// Why nothing can be said.
    pub(super) fn cannot_speak(&self) -> Problem {
        self.cannot("tts")
    }

    fn cannot(&self, kind: &str) -> Problem {
        let checks = self.models.checks();
        let check = checks.iter().find(|check| check.what == kind);
        let (message, help) = check
            .map(|check| (check.message.as_str(), check.help.as_str()))
            .unwrap_or_default();
        problem("not_loaded", message, help)
    }
}
