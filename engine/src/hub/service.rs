//! What each frame of a client means.

use super::{
    Call, Shared,
    calls::Lost,
    conversation::{Conversation, Turn},
    doctor,
    keeping::OwnScope,
    meter, models, nodes,
    people::Unlocked,
    privacy,
    recording::{Frames, Recording},
    skills::Parts,
    view,
};
use crate::{
    gateway::{Answers, Connection, MACHINE},
    people::NODE,
    tasks::TaskKind,
    telemetry,
};
use futures::{FutureExt, StreamExt, future::BoxFuture, stream};
use loqa_core::{
    grammar::Context,
    seams::{ModelError, Speaker, TranscribeOptions, Voice},
    speech,
};
use loqa_protocol::{
    AudioFormat, ClientFrame, HomeEdit, Keep, KeepOf, ModelChange, PrivacyScope, Problem,
    ServerFrame, SessionId, Verdict,
};
use serde_json::json;
use std::{collections::BTreeMap, convert::Infallible, sync::Arc, time::Instant};
use tokio::sync::{broadcast::error::RecvError, oneshot};
use tokio_util::sync::DropGuard;

/// Nobody says more in one breath, and what is said is remembered for a while; characters.
pub(crate) const LONGEST_SENTENCE: usize = 1000;

/// One client of the hub.
pub struct Client {
    hub: Arc<Shared>,
    answers: Answers,
    /// What it speaks for its household through: a screen, programs, this machine.
    place: String,
    /// Started with the first turn.
    conversation: Option<Conversation>,
    /// Audio that is being received, by request.
    open: BTreeMap<u32, Recording>,
    /// A skill that is being received.
    parts: Parts,
    /// Shown the house until this is dropped.
    watching: Option<DropGuard>,
    /// Likewise how loud it is.
    measuring: Option<DropGuard>,
    /// Likewise the models.
    models: Option<DropGuard>,
    /// How long the words of its conversation live, if it has said so.
    scope: OwnScope,
    unlocked: Arc<Unlocked>,
    /// Likewise what leaves the house.
    privacy: Option<DropGuard>,
    /// Likewise its nodes.
    nodes: Option<DropGuard>,
    /// Closed once the last of what it changes is changed.
    changing: Option<oneshot::Receiver<Infallible>>,
    /// Likewise how this puck is set.
    puck: Option<DropGuard>,
}

impl Client {
    /// A client that has asked nothing yet.
    pub fn new(hub: Arc<Shared>, answers: Answers, place: &str) -> Client {
        hub.present.came(place);
        Client {
            hub,
            answers,
            place: place.to_owned(),
            conversation: None,
            open: BTreeMap::new(),
            parts: Parts::default(),
            scope: OwnScope::default(),
            unlocked: Arc::default(),
            watching: None,
            measuring: None,
            models: None,
            privacy: None,
            nodes: None,
            changing: None,
            puck: None,
        }
    }

    async fn ask(&mut self, id: u32, text: String) {
        let length = text.chars().count();
        if length <= LONGEST_SENTENCE {
            return self.turn(Turn::Typed { id, text }).await;
        }
        let message =
            format!("this has {length} characters, and a sentence at most {LONGEST_SENTENCE}");
        let help = "say one sentence at a time";
        self.fail(id, problem("too_long", message, help));
    }

    async fn turn(&mut self, turn: Turn) {
        let conversation = self.conversation.get_or_insert_with(|| {
            let (answers, scope) = (self.answers.clone(), self.scope.clone());
            Conversation::open(&self.hub, answers, &self.place, scope)
        });
        conversation.take(turn).await;
    }

    fn open_recording(&mut self, id: u32) -> Option<Frames> {
        if self.open.contains_key(&id) {
            self.fail(
                id,
                problem(
                    "id_in_use",
                    format!("request {id} is already receiving audio"),
                    "use an id of its own for each request",
                ),
            );
            return None;
        }
        let (recording, frames) = Recording::open();
        self.open.insert(id, recording);
        Some(frames)
    }

    fn transcribe(&self, id: u32, open: bool, frames: Frames) {
        let Some(stt) = self.hub.models.stt.clone() else {
            self.fail(id, self.hub.cannot_hear());
            return;
        };
        let household = (!open).then(|| self.hub.understanding.grammar());
        let answers = self.answers.clone();
        self.hub
            .tasks
            .spawn(TaskKind::CLIENT, "transcribe", async move {
                let started = Instant::now();
                let options = TranscribeOptions {
                    open: false,
                    grammar: household.as_ref().map(|grammar| grammar.speech()),
                    context: Context::Commands,
                    household,
                    scope: PrivacyScope::Ephemeral,
                };
                let mut hypotheses = stt.transcribe(frames.boxed(), options);
                let mut outcome = Err(ModelError::Backend(
                    "the recogniser ended without an answer".into(),
                ));
                while let Some(hypothesis) = hypotheses.next().await {
                    outcome = hypothesis;
                }
                let decode_ms = started.elapsed().as_secs_f64() * 1e3;
                let _ = match outcome {
                    Ok(hypothesis) => {
                        let rejected = hypothesis.verdict == Verdict::Rejected;
                        let text = if rejected {
                            String::new()
                        } else {
                            hypothesis.text()
                        };
                        answers.send(ServerFrame::Transcript {
                            id,
                            text,
                            rejected,
                            decode_ms,
                        })
                    }
                    Err(error) => answers.send(ServerFrame::Problem {
                        id,
                        problem: model_problem(&error),
                    }),
                };
                let _ = answers.send(ServerFrame::Done { id });
            });
    }

    fn intent(&self, id: u32, text: &str) {
        let now = self.hub.now();
        let understood = self
            .hub
            .understanding
            .grammar()
            .parse(&Context::Commands, text);
        let slots =
            |step: &loqa_core::grammar::Step| -> serde_json::Map<String, serde_json::Value> {
                step.slots
                    .iter()
                    .map(|(name, value)| (name.clone(), value.to_json(&now)))
                    .collect()
            };
        let steps: Vec<_> = understood
            .iter()
            .flat_map(|found| &found.steps)
            .map(|step| (format!("{}.{}", step.skill, step.intent), slots(step)))
            .collect();
        let first = steps.first();
        let mut document = json!({
            "text": text,
            "intent": first.map(|(intent, _)| intent),
            "slots": first.map(|(_, slots)| slots.clone()).unwrap_or_default(),
            "class": understood.as_ref().map(|found| found.class),
        });
        if steps.len() > 1 {
            document["steps"] = steps
                .iter()
                .map(|(intent, slots)| json!({ "intent": intent, "slots": slots }))
                .collect();
        }
        self.document(id, &document);
    }

    fn say(&self, id: u32, text: &str, voice: Option<String>, to_client: bool) {
        let Some(tts) = self.hub.models.tts.clone() else {
            self.fail(id, self.hub.cannot_speak());
            return;
        };
        let voice = voice.map_or_else(|| self.hub.models.voice.clone(), Voice);
        let clauses = speech::clauses(&speech::speakable(text));
        let (answers, speaker) = (self.answers.clone(), self.hub.floor.clone());
        let hub = self.hub.clone();
        self.hub.tasks.spawn(TaskKind::CLIENT, "say", async move {
            // Whoever has something said wants to hear that voice, and a command has just begun to load it.
            let loading = tokio::task::spawn_blocking(move || {
                hub.models.expressive.as_ref().inspect(|it| it.load());
            });
            let _ = loading.await;
            let mut audio = tts.synthesize(stream::iter(clauses).boxed(), voice.into());
            let mut outcome = Ok(());
            if to_client {
                while let Some(chunk) = audio.next().await {
                    match chunk {
                        Ok(chunk) => {
                            let format = AudioFormat {
                                sample_rate_hz: chunk.sample_rate_hz,
                            };
                            for piece in chunk.samples.chunks(ClientFrame::MAX_SAMPLES) {
                                let _ = answers.send(ServerFrame::Speech {
                                    id,
                                    format,
                                    samples: piece.to_vec(),
                                });
                            }
                        }
                        Err(error) => outcome = Err(error),
                    }
                }
            } else {
                let reply = speaker.arm(audio);
                outcome = reply.start().await.map(drop);
                if outcome.is_ok() {
                    reply.finished().await;
                }
            }
            if let Err(error) = outcome {
                let _ = answers.send(ServerFrame::Problem {
                    id,
                    problem: model_problem(&error),
                });
            }
            let _ = answers.send(ServerFrame::Done { id });
        });
    }

    fn timers(&self, id: u32) {
        let timers = self.hub.host.timers();
        let list: Vec<_> = timers
            .iter()
            .map(|timer| json!({ "id": timer.id, "name": timer.name, "remaining_s": timer.remaining_ms.div_ceil(1000), "total_s": timer.total_s, "state": timer.state }))
            .collect();
        self.document(id, &list.into());
    }

    /// Refuses what only an owner may, if this client has not given the PIN of one.
    fn owner(&self) -> impl FnOnce(&Shared) -> Result<(), Problem> + Send + 'static {
        let unlocked = self.unlocked.clone();
        move |hub| hub.needs_owner(&unlocked)
    }

    /// Likewise, but not of who is at the machine itself, whose account can read and remove the files.
    fn owner_elsewhere(&self) -> impl FnOnce(&Shared) -> Result<(), Problem> + Send + 'static {
        let (here, owner) = (self.place == MACHINE, self.owner());
        move |hub| if here { Ok(()) } else { owner(hub) }
    }

    /// Changes something, which blocks, on a thread of its own; it is over, or refused, in its own time, and after what
    /// the same client has changed before: of two choices the later one counts.
    fn aside(
        &mut self,
        id: u32,
        deed: impl FnOnce(&Shared) -> Result<(), Problem> + Send + 'static,
    ) {
        let (hub, answers) = (self.hub.clone(), self.answers.clone());
        let (over, changing) = oneshot::channel();
        let before = self.changing.replace(changing);
        self.hub.tasks.spawn(TaskKind::CLIENT, "aside", async move {
            if let Some(before) = before {
                // Nothing is ever sent: it is closed.
                let _ = before.await;
            }
            let done = blocking(hub, move |hub| deed(hub).map(|()| None)).await;
            answer(&answers, id, done);
            drop(over);
        });
    }

    /// Looks at something, which blocks, on a thread of its own, and tells what came of it.
    fn tell(&self, id: u32, deed: impl FnOnce(&Shared) -> Told + Send + 'static) {
        let (hub, answers) = (self.hub.clone(), self.answers.clone());
        self.hub.tasks.spawn(TaskKind::CLIENT, "aside", async move {
            let done = blocking(hub, deed).await;
            answer(&answers, id, done);
        });
    }

    /// Does something to the skills: once it is over, it is so.
    fn shelve(&self, id: u32, deed: impl FnOnce(&Shared) -> Result<(), Problem> + Send + 'static) {
        let (hub, answers) = (self.hub.clone(), self.answers.clone());
        self.hub
            .tasks
            .spawn(TaskKind::CLIENT, "skills", async move {
                let done = blocking(hub.clone(), move |hub| deed(hub).map(|()| None)).await;
                if done.is_ok() {
                    hub.follow_once().await;
                }
                answer(&answers, id, done);
            });
    }

    fn give_pin(&self, id: u32, session: SessionId, pin: String) {
        let (hub, answers) = (self.hub.clone(), self.answers.clone());
        self.hub.tasks.spawn(TaskKind::CLIENT, "pin", async move {
            let given = hub.give_pin(session, &pin).await;
            answer(&answers, id, given.map(|()| None));
        });
    }

    fn change_model(&self, id: u32, model: String, change: ModelChange) {
        let (hub, answers) = (self.hub.clone(), self.answers.clone());
        self.hub.tasks.spawn(TaskKind::CLIENT, "model", async move {
            let done = hub.change_model(&model, change).await;
            answer(&answers, id, done.map(|()| None));
        });
    }

    fn look_at_skill(&mut self, id: u32, part: &[u8], last: bool) {
        if let Some(packed) = self.parts.take(id, part, last) {
            self.tell(id, move |hub| hub.look_at_skill(&packed).map(Some));
        }
    }

    fn edit_home(&self, id: u32, revision: u64, edit: HomeEdit) {
        let (hub, answers) = (self.hub.clone(), self.answers.clone());
        self.hub.tasks.spawn(TaskKind::CLIENT, "edit", async move {
            if let Err(problem) = hub.edit_home(revision, &edit).await {
                let _ = answers.send(ServerFrame::Problem { id, problem });
            }
            let _ = answers.send(ServerFrame::Done { id });
        });
    }

    fn ways(&self, id: u32, device: &str) {
        match self.hub.understanding.home().device(device) {
            Some(device) => {
                let grammar = self.hub.understanding.grammar();
                self.document(id, &json!(grammar.ways(device)));
            }
            None => self.fail(
                id,
                problem(
                    "no_such_device",
                    format!("there is no device `{device}`"),
                    "look at the household as it is now",
                ),
            ),
        }
    }

    /// Compiles a grammar and asks the sound system: too long for a thread that serves others.
    fn examine(&self, id: u32) {
        let (hub, answers) = (self.hub.clone(), self.answers.clone());
        self.hub
            .tasks
            .spawn(TaskKind::CLIENT, "doctor", async move {
                let examining = tokio::task::spawn_blocking(move || json!(doctor::examine(&hub)));
                let _ = match examining.await {
                    Ok(checks) => answers.send(ServerFrame::Json {
                        id,
                        json: checks.to_string(),
                    }),
                    Err(error) => answers.send(ServerFrame::Problem {
                        id,
                        problem: problem("doctor", error.to_string(), "look again"),
                    }),
                };
                let _ = answers.send(ServerFrame::Done { id });
            });
    }

    fn subscribe(&self, id: u32) {
        let answers = self.answers.clone();
        let mut events = self.hub.events.subscribe();
        self.hub
            .tasks
            .spawn(TaskKind::BACKGROUND, "subscription", async move {
                loop {
                    match events.recv().await {
                        Ok(envelope) => {
                            if answers.send(ServerFrame::Event { id, envelope }).is_err() {
                                return;
                            }
                        }
                        // A gap shows in the envelopes' seq.
                        Err(RecvError::Lagged(_)) => {}
                        Err(RecvError::Closed) => return,
                    }
                }
            });
    }

    fn document(&self, id: u32, document: &serde_json::Value) {
        let _ = self.answers.send(ServerFrame::Json {
            id,
            json: document.to_string(),
        });
        let _ = self.answers.send(ServerFrame::Done { id });
    }

    fn fail(&self, id: u32, problem: Problem) {
        let _ = self.answers.send(ServerFrame::Problem { id, problem });
        let _ = self.answers.send(ServerFrame::Done { id });
    }
}

impl Connection for Client {
    fn handle(&mut self, frame: ClientFrame) -> BoxFuture<'_, ()> {
        async move {
            match frame {
                ClientFrame::Ask { id, text } => self.ask(id, text).await,
                ClientFrame::AskAudio {
                    id,
                    file,
                    speech_end,
                    fast,
                    called,
                } => {
                    let claimed = self.hub.claim(&self.place, called.as_ref());
                    let utterance = called.map(|called| called.utterance);
                    match (self.open_recording(id), claimed) {
                        (Some(frames), Ok(claim)) => {
                            self.turn(Turn::Spoken {
                                id,
                                frames,
                                file,
                                speech_end,
                                fast,
                                claim,
                                utterance,
                            })
                            .await;
                        }
                        // What it still says is heard by nobody.
                        (Some(_), Err(Lost)) => drop(self.answers.send(ServerFrame::Done { id })),
                        (None, _) => {}
                    }
                }
                ClientFrame::Transcribe { id, open } => {
                    if let Some(frames) = self.open_recording(id) {
                        self.transcribe(id, open, frames);
                    }
                }
                ClientFrame::Audio { id, samples } => match self.open.get_mut(&id) {
                    Some(recording) => recording.push(&samples).await,
                    None => self.fail(
                        id,
                        problem(
                            "no_recording",
                            format!("request {id} receives no audio"),
                            "open it with AskAudio or Transcribe",
                        ),
                    ),
                },
                ClientFrame::AudioEnd { id } => {
                    if let Some(recording) = self.open.remove(&id) {
                        recording.end().await;
                    }
                }
                ClientFrame::Intent { id, text } => self.intent(id, &text),
                ClientFrame::Say {
                    id,
                    text,
                    voice,
                    to_client,
                } => self.say(id, &text, voice, to_client),
                ClientFrame::Timers { id } => self.timers(id),
                ClientFrame::Doctor { id } => self.examine(id),
                ClientFrame::Subscribe { id } => self.subscribe(id),
                ClientFrame::Watch { id } => {
                    self.watching = Some(view::show(&self.hub, id, self.answers.clone()));
                }
                ClientFrame::Call { id } => {
                    if self.hub.call(Call::Begins) {
                        let _ = self.answers.send(ServerFrame::Done { id });
                    } else {
                        let help = "`loqa doctor` tells what is missing; typed commands work";
                        self.fail(
                            id,
                            problem("not_listening", "the room is not listened to", help),
                        );
                    }
                }
                ClientFrame::CallEnd { id } => {
                    // Where nothing listens, all has been said.
                    self.hub.call(Call::Ends);
                    let _ = self.answers.send(ServerFrame::Done { id });
                }
                ClientFrame::Mute { id, muted } => {
                    self.hub.muted.send_replace(muted);
                    let _ = self.answers.send(ServerFrame::Done { id });
                }
                ClientFrame::EditHome { id, revision, edit } => self.edit_home(id, revision, edit),
                ClientFrame::Ways { id, device } => self.ways(id, &device),
                ClientFrame::Level { id, on } => {
                    self.measuring = on.then(|| meter::show(&self.hub, id, self.answers.clone()));
                }
                ClientFrame::Logs { id, after } => {
                    self.document(id, &json!(telemetry::lines(after)));
                }
                ClientFrame::Sounds { id } => self.tell(id, |hub| Ok(Some(hub.all_sounds()))),
                ClientFrame::Choose { id, choice } => self.aside(id, |hub| hub.choose(choice)),
                ClientFrame::Leave { id, pin } => self.aside(id, move |hub| hub.pin.check(&pin)),
                ClientFrame::Pin { id, session, pin } => self.give_pin(id, session, pin),
                ClientFrame::People { id } => {
                    let place = self.place.clone();
                    self.tell(id, move |hub| hub.people(&place));
                }
                ClientFrame::EditPeople { id, pin, edit } => {
                    let unlocked = self.unlocked.clone();
                    self.tell(id, move |hub| hub.edit_people(&pin, &edit, &unlocked));
                }
                ClientFrame::Unlock { id, pin } => {
                    let unlocked = self.unlocked.clone();
                    self.aside(id, move |hub| hub.unlock(&pin, &unlocked));
                }
                ClientFrame::Nodes { id, on } => {
                    self.nodes = on.then(|| nodes::show(&self.hub, id, self.answers.clone()));
                }
                ClientFrame::EditNodes { id, pin, edit } => {
                    let unlocked = self.unlocked.clone();
                    self.tell(id, move |hub| hub.edit_nodes(&pin, &edit, &unlocked));
                }
                ClientFrame::Puck { id, muted } => {
                    let node = self.place.strip_prefix(NODE).and_then(|it| it.parse().ok());
                    let own = (id, self.answers.clone());
                    match node {
                        Some(node) => self.puck = Some(self.hub.show_puck(own, node, muted)),
                        None => self.fail(
                            id,
                            problem("no_puck", "this is no puck", "ask a puck how it is set"),
                        ),
                    }
                }
                ClientFrame::LookAtSkill { id, part, last } => self.look_at_skill(id, &part, last),
                ClientFrame::InstallSkill { id, offer, agreed } => {
                    self.shelve(id, move |hub| hub.install_skill(&offer, agreed));
                }
                ClientFrame::ChangeSkill { id, skill, change } => {
                    self.shelve(id, move |hub| hub.change_skill(&skill, change));
                }
                ClientFrame::SkillAudit { id, most } => {
                    self.tell(id, move |hub| hub.skill_audit(most).map(Some));
                }
                ClientFrame::Models { id, on } => {
                    self.models = on.then(|| models::show(&self.hub, id, self.answers.clone()));
                }
                ClientFrame::ChangeModel { id, model, change } => {
                    self.change_model(id, model, change);
                }
                ClientFrame::Kept { id, look } => {
                    let answers = self.answers.clone();
                    let owner = self.owner_elsewhere();
                    self.tell(id, move |hub| {
                        owner(hub)?;
                        hub.kept(look, |envelope| {
                            let _ = answers.send(ServerFrame::Event { id, envelope });
                        })
                    });
                }
                ClientFrame::Keep { id, keep } => {
                    let (own, owner) = (self.scope.clone(), self.owner());
                    self.aside(id, move |hub| {
                        let of = KeepOf::Conversation;
                        if !matches!(&keep, Keep::Scope { of: whose, .. } if *whose == of) {
                            owner(hub)?;
                        }
                        hub.change_keeping(keep, &own)
                    });
                }
                ClientFrame::BackUp { id, recipient } => {
                    self.tell(id, move |hub| hub.back_up(&recipient));
                }
                ClientFrame::Wipe { id, word } => {
                    let owner = self.owner_elsewhere();
                    self.aside(id, move |hub| {
                        owner(hub)?;
                        hub.wipe(&word)
                    });
                }
                ClientFrame::Audit { id, noted } => self.tell(id, move |hub| hub.audit(noted)),
                ClientFrame::Privacy { id, on } => {
                    self.privacy = on.then(|| privacy::show(&self.hub, id, self.answers.clone()));
                }
                ClientFrame::Egress { id, most } => {
                    self.tell(id, move |hub| Ok(Some(hub.egress(most))));
                }
                ClientFrame::WentOut { id, connections } => {
                    let owner = self.owner_elsewhere();
                    self.aside(id, move |hub| {
                        owner(hub)?;
                        hub.went_out(&connections)
                    });
                }
                ClientFrame::Seal { id, sealed } => {
                    let owner = self.owner();
                    self.aside(id, move |hub| {
                        if !sealed {
                            owner(hub)?;
                        }
                        hub.seal(sealed)
                    });
                }
                ClientFrame::SkillCalls { id } => {
                    self.document(id, &super::skills::calls(&self.hub))
                }
                ClientFrame::Dashboard { id } => match self.hub.way_to_dashboard() {
                    Ok(dashboard) => self.document(id, &json!(dashboard)),
                    Err(problem) => self.fail(id, problem),
                },
            }
        }
        .boxed()
    }
}

/// What came of something: a document, if it has one.
pub(super) type Told = Result<Option<serde_json::Value>, Problem>;

/// Does something that blocks, on a thread of its own.
pub(super) async fn blocking(
    hub: Arc<Shared>,
    deed: impl FnOnce(&Shared) -> Told + Send + 'static,
) -> Told {
    let done = tokio::task::spawn_blocking(move || deed(&hub)).await;
    done.unwrap_or_else(|error| Err(problem("failed", error.to_string(), "try again")))
}

/// Tells that something is over. A client that is gone is no error.
pub(super) fn answer(answers: &Answers, id: u32, told: Told) {
    let frame = match told {
        Ok(document) => document.map(|document| ServerFrame::Json {
            id,
            json: document.to_string(),
        }),
        Err(problem) => Some(ServerFrame::Problem { id, problem }),
    };
    let _ = frame.map(|frame| answers.send(frame));
    let _ = answers.send(ServerFrame::Done { id });
}

pub(super) fn problem(code: &str, message: impl Into<String>, help: &str) -> Problem {
    Problem {
        code: code.into(),
        message: message.into(),
        help: help.into(),
    }
}

pub(super) fn model_problem(error: &ModelError) -> Problem {
    let code = match error {
        ModelError::NotLoaded { .. } => "not_loaded",
        ModelError::NodeLost(_) => "node_lost",
        ModelError::Deadline(_) => "deadline",
        ModelError::Backend(_) => "backend",
        ModelError::TooMuch(_) => "too_much",
    };
    match error {
        ModelError::NotLoaded { what, help } => {
            problem(code, format!("{what} is not loaded"), help)
        }
        _ => problem(
            code,
            error.to_string(),
            "`loqa doctor` tells what is missing",
        ),
    }
}
