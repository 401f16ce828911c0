//! Conversations as text: what happens when, and what Loqa makes of it.
//!
//! A line is `<ms> <what>`: `speech` begins, words as the recogniser gives them (`hears …`),
//! `silence`, `speech again`, `types …`; the recogniser's final words are its last ones unless
//! `final …` said otherwise. A plan takes no time, a commit 5 ms (`commits take …`), a voice 10 ms
//! (0 if staged), a reply 800 ms. The language model `says …`, `calls NAME {…}`, `ends` or `fails`.

mod acting;
mod asking;
mod doubt;
mod open;
mod people;

use super::{
    household::{Host, House, grammar},
    *,
};
use crate::{
    endpoint::Hangover,
    policy::{Pin, Risk, Role, Rule, Ruling, Where},
    seams::{Answered, ModelError},
};
use expect_test::Expect;
use loqa_protocol::{Hypothesis, Verdict};
use std::fmt::Write;

const TICK: u64 = 10;

struct Room {
    machine: TurnMachine,
    host: Host,
    now: u64,
    log: String,
    take: Option<Take>,
    words: String,
    last_words: Option<String>,
    verdict: Verdict,
    silent_since: Option<u64>,
    finished: bool,
    commit_ms: u64,
    question: Option<QuestionId>,
    /// What must be told to nobody.
    secrets: Vec<&'static str>,
    /// What will happen by itself: (ms, input).
    coming: Vec<(u64, Input)>,
}

impl Room {
    fn input(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.machine
            .handle(input, Duration::from_millis(self.now), &mut effects);
        for effect in effects {
            self.perform(effect);
        }
    }

    fn note(&mut self, line: &str) {
        let _ = writeln!(self.log, "{:>5} {line}", self.now);
    }

    fn hear(&mut self) {
        if let Some(take) = self.take {
            let hypothesis = Hypothesis {
                tentative: self.words.clone(),
                through: self.now * 16,
                ..Hypothesis::default()
            };
            self.input(Input::Heard(take, hypothesis));
        }
    }

    /// The reply's voice begins in a moment.
    fn starts(&mut self, reply: ReplyId) {
        let at = Duration::from_millis(self.now + 10);
        self.coming.push((
            self.now + 10,
            Input::ReplyStarted {
                reply,
                audio_ready: at,
                at,
            },
        ));
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Transcribe {
                take,
                from,
                context,
            } => {
                self.take = Some(take);
                self.finished = false;
                let context = if context == Context::Commands {
                    String::new()
                } else {
                    format!(" in {context:?}")
                };
                self.note(&format!("transcribe from {} ms{context}", from / 16));
            }
            Effect::Reopen => self.note("reopen"),
            Effect::FinishTranscription(take) => {
                self.finished = true;
                let text = self.last_words.take().unwrap_or_else(|| self.words.clone());
                let hypothesis = Hypothesis {
                    committed: text,
                    through: self.now * 16,
                    is_final: true,
                    verdict: self.verdict,
                    ..Hypothesis::default()
                };
                self.coming.push((self.now, Input::Heard(take, hypothesis)));
            }
            Effect::DropTranscription(_) => self.take = None,
            Effect::Prepare(id, request) => {
                let steps: Vec<_> = request
                    .steps
                    .iter()
                    .map(|step| {
                        format!(
                            "{}{}",
                            step.intent,
                            if step.slots.is_empty() { "" } else { "(…)" }
                        )
                    })
                    .collect();
                let mut line =
                    format!("prepare {} as {}", steps.join(", "), request.utterance.turn);
                if request.text != self.words {
                    let _ = write!(line, " for \"{}\"", request.text);
                }
                self.note(&line);
                let result = self.host.prepare(&request);
                self.input(Input::Prepared(id, result, Duration::ZERO));
            }
            Effect::Discard(draft) => {
                self.note("discard");
                self.host.discard(draft);
            }
            Effect::Stage(_, text) => self.note(&format!("stage \"{text}\"")),
            Effect::Unstage(_) => self.note("unstage"),
            Effect::Commit(utterance, draft) => {
                self.note(&format!("commit {}", utterance.turn));
                let result = self.host.commit(utterance, draft);
                self.coming.push((
                    self.now + self.commit_ms,
                    Input::Committed(utterance, result),
                ));
            }
            Effect::Prove(question, pin) => {
                self.note("prove");
                let proved = self.host.house.prove(&pin);
                self.coming
                    .push((self.now + 40, Input::Proved(question, proved)));
            }
            Effect::Speak(reply, text) => {
                self.note(&format!("say \"{text}\""));
                self.starts(reply);
                self.coming.push((
                    self.now + 810,
                    Input::ReplyEnded {
                        reply,
                        heard: Duration::from_millis(800),
                    },
                ));
            }
            Effect::Ask {
                question,
                history,
                text,
            } => {
                self.question = Some(question);
                let before = history.iter().map(|message| message.text.as_str());
                let before = before.collect::<Vec<_>>().join(" | ");
                self.note(&format!("ask \"{text}\" after [{before}]"));
            }
            Effect::Forget(question) => {
                assert_eq!(self.question.take(), Some(question));
                self.note("forget the question");
            }
            Effect::Begin(reply, text) => {
                self.note(&format!("begin \"{text}\""));
                self.starts(reply);
            }
            Effect::GoOn(_, text) => self.note(&format!("go on \"{text}\"")),
            Effect::Complete(reply) => {
                self.note("complete");
                let heard = Duration::from_millis(800);
                self.coming
                    .push((self.now + 800, Input::ReplyEnded { reply, heard }));
            }
            Effect::Silence(reply) => {
                self.note("silence the reply");
                let ends = self.coming.iter().find(|(_, input)| {
                    matches!(input, Input::ReplyEnded { reply: id, .. } if *id == reply)
                });
                let heard = ends.map_or(0, |(at, _)| 800u64.saturating_sub(at - self.now));
                self.coming.retain(|(_, input)| !matches!(input, Input::ReplyStarted { reply: id, .. } | Input::ReplyEnded { reply: id, .. } if *id == reply));
                self.coming.push((
                    self.now,
                    Input::ReplyEnded {
                        reply,
                        heard: Duration::from_millis(heard),
                    },
                ));
            }
            Effect::Announce(turn, event) => {
                if let Event::ReplyEnded { heard_ms } = *event
                    && heard_ms < 800
                {
                    self.note(&format!("{turn}: {heard_ms} ms of the reply were heard"));
                }
                if let Event::PinWanted { wanted } = *event {
                    let what = if wanted { "is" } else { "is no longer" };
                    self.note(&format!("{turn}: a PIN {what} wanted"));
                }
                let told = format!("{event:?}");
                for secret in &self.secrets {
                    assert!(!told.contains(secret), "{told}");
                }
                if let Event::VisualCardUpdate(card) = &*event {
                    self.note(&format!("show \"{}\"", card.title));
                }
                if let Event::SpeechEnded {
                    endpoint_delay_ms,
                    state,
                } = *event
                {
                    self.note(&format!(
                        "{turn} has ended: {endpoint_delay_ms} ms, {state}"
                    ));
                }
            }
            Effect::EndTurn(ended) => {
                let told = format!("{ended:?}");
                for secret in &self.secrets {
                    assert!(!told.contains(secret), "{told}");
                }
                let summary = &ended.summary;
                let steps: Vec<_> = ended
                    .steps
                    .iter()
                    .map(|step| step.intent.as_str())
                    .collect();
                let mut line = format!(
                    "end {} \"{}\" [{}]{} -> \"{}\" {:?}",
                    ended.turn,
                    summary.text,
                    steps.join(", "),
                    summary
                        .class
                        .map_or(String::new(), |class| format!(" {class:?}")),
                    summary.reply,
                    summary.speculation
                );
                if let Some(ttfa_ms) = summary.ttfa_ms {
                    let _ = write!(line, " ttfa {ttfa_ms:.0} ms");
                }
                if let Some(result_ms) = summary.result_ms {
                    let _ = write!(line, ", result {result_ms:.0} ms");
                }
                if summary.rejected {
                    line += " rejected";
                }
                if ended.lost_speech.is_some() {
                    line += " LOST SPEECH";
                }
                self.note(&line);
            }
        }
    }

    fn answer(&mut self, answered: Result<Option<Answered>, ModelError>) {
        let question = self.question.unwrap_or(QuestionId(0));
        self.input(Input::Answered(question, answered));
    }

    fn tick(&mut self) {
        loop {
            let due = self.coming.iter().position(|(at, _)| *at <= self.now);
            let Some(index) = due else { break };
            let (_, input) = self.coming.remove(index);
            self.input(input);
        }
        if let Some(since) = self.silent_since
            && !self.finished
            && self.take.is_some()
        {
            self.hear();
            let expectation = self.machine.expectation();
            if u128::from(self.now - since) >= Hangover::default().of(expectation).as_millis() {
                self.silent_since = None;
                let t0 = Duration::from_millis(since);
                self.input(Input::Endpoint {
                    expectation,
                    through: self.now * 16,
                    last_voiced: t0,
                    t0,
                });
                return self.tick();
            }
        }
        if self
            .machine
            .deadline()
            .is_some_and(|deadline| deadline <= Duration::from_millis(self.now))
        {
            self.input(Input::Deadline);
        }
    }

    fn run(&mut self, line: &str) {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            "speech" if self.machine.hearing() && !self.finished => {
                self.silent_since = None;
                self.input(Input::SpeechResumed);
            }
            "speech" => {
                self.silent_since = None;
                self.words.clear();
                self.input(Input::SpeechStarted { at: self.now * 16 });
            }
            "hears" => {
                self.words = rest.into();
                for _ in 0..3 {
                    self.hear();
                }
            }
            "final" => self.last_words = Some(rest.into()),
            "rejects" => self.verdict = Verdict::Rejected,
            "silence" => {
                self.silent_since = Some(self.now);
                self.input(Input::SpeechPaused { at: self.now * 16 });
            }
            "types" => {
                self.words = rest.into();
                self.input(Input::Typed(rest.into()));
            }
            "interrupt" => self.input(Input::Interrupt),
            "cancel" => self.input(Input::Cancel),
            "deaf" => {
                let take = self.take.unwrap();
                self.input(Input::HearingFailed(take, "the recogniser is gone".into()));
            }
            "commits" => self.commit_ms = rest.trim_start_matches("take ").parse().unwrap(),
            "pin" => {
                let pin = Pin::typed(rest).unwrap();
                self.input(Input::Pin(pin));
            }
            "expires" => {
                let pins = self.host.house.pins.iter_mut();
                let guests = pins.filter(|pin| pin.1 == Role::Guest);
                guests.for_each(|pin| pin.2 = false);
            }
            "forbids" => {
                let risk = Risk::named(rest);
                self.host.house.policy.own.push(forbidden(risk));
            }
            "stale" => self.host.failures.push(HostError::Stale),
            "epoch" => {
                self.host.epoch += 1;
                self.input(Input::EpochChanged);
            }
            "says" => self.answer(Ok(Some(Answered::Words(rest.into())))),
            "calls" => {
                let (name, arguments) = rest.split_once(' ').unwrap();
                self.answer(Ok(Some(Answered::Call {
                    name: name.into(),
                    arguments: serde_json::from_str(arguments).unwrap(),
                })));
            }
            "ends" => self.answer(Ok(None)),
            "fails" => self.answer(Err(ModelError::NodeLost("llama".into()))),
            "audio" => self.input(Input::Listening(false)),
            "doubted" => self.input(Input::Doubted),
            other => panic!("unknown line: {other}"),
        }
    }
}

/// Nobody may have that done any more.
fn forbidden(risk: Option<Risk>) -> Rule {
    Rule {
        roles: Vec::new().into(),
        risk,
        place: Where::Anywhere,
        hours: None,
        ruling: Ruling::Refuse,
    }
}

#[track_caller]
fn check(script: &str, expect: Expect) {
    check_with(TurnConfig::default(), script, expect);
}

/// Where a language model answers what no command covers.
#[track_caller]
fn check_open(script: &str, expect: Expect) {
    let config = TurnConfig {
        open_questions: true,
        ..TurnConfig::default()
    };
    check_with(config, script, expect);
}

#[track_caller]
fn check_with(config: TurnConfig, script: &str, expect: Expect) {
    check_in(House::default(), config, script, expect);
}

/// In a house of people with PINs.
#[track_caller]
fn check_in(house: House, config: TurnConfig, script: &str, expect: Expect) {
    let session = SessionId(1);
    let secrets = match house.pins.is_empty() {
        true => Vec::new(),
        false => vec!["one two", "nine nine", "1234", "8080"],
    };
    let mut room = Room {
        machine: TurnMachine::new(config, session, None, grammar()),
        host: Host::of(house),
        now: 0,
        log: String::new(),
        take: None,
        words: String::new(),
        last_words: None,
        verdict: Verdict::Accepted,
        silent_since: None,
        finished: false,
        commit_ms: 5,
        question: None,
        secrets,
        coming: Vec::new(),
    };
    room.input(Input::Listening(true));
    let mut lines = script
        .lines()
        .map(|line| line.trim().split_once(' ').unwrap())
        .peekable();
    while room.now < 60_000 {
        while let Some((_, line)) = lines.next_if(|(at, _)| at.parse::<u64>().unwrap() <= room.now)
        {
            room.run(line);
        }
        room.tick();
        if lines.peek().is_none() && room.coming.is_empty() && room.machine.deadline().is_none() {
            break;
        }
        room.now += TICK;
    }
    assert!(
        !room.machine.hearing() && !room.machine.answering(),
        "every turn ends"
    );
    assert_eq!(
        room.host.forgotten(),
        0,
        "every plan is committed or discarded"
    );
    let effects = match room.host.effects.as_slice() {
        [] => "none".into(),
        effects => effects.join(", "),
    };
    let _ = writeln!(room.log, "effects: {effects}");
    expect.assert_eq(&room.log);
}
