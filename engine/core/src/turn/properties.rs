//! Whatever happens, in whatever order: every turn ends, nothing is done before its words are
//! final, nothing twice, nothing grave without a "yes" or, where somebody has one, without their PIN for this very wish, and
//! one reply is audible at a time.

use super::{
    answer::Phase,
    household::{Host, House, grammar},
    *,
};
use crate::{
    policy::{Pin, Policy, Role},
    seams::{Answered, DraftId, ModelError},
};
use loqa_protocol::{Hypothesis, Verdict};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What the person says: complete, beginnings, continuations, answers, nonsense.
const SENTENCES: [&str; 15] = [
    "",
    "turn off",
    "turn off the lights",
    "turn on the fan",
    "turn on the fan in the kitchen",
    "turn off the lights and turn on the fan",
    "unlock the door",
    "set a timer",
    "ten minutes",
    "yes",
    "no",
    "never mind",
    "blah blah",
    PIN,
    "nine nine nine nine",
];
/// Of the owner, as it is said.
const PIN: &str = "one two three four";

#[derive(Clone, Debug)]
enum Act {
    Speech,
    Pause,
    Resume,
    Endpoint(bool),
    Words(usize),
    Final(usize, bool),
    /// A result of a run that is over.
    LateFinal(usize),
    Deaf,
    Typed(usize),
    Cancel,
    Epoch,
    Listening(bool),
    Doubted,
    NothingHeard,
    Wait(u64),
    /// One of the results under way arrives (or does so twice).
    Deliver(usize, bool),
    StaleCommit,
    /// The language model says, calls, ends or fails.
    Model(usize),
    /// A PIN is typed, wanted or not, right or wrong.
    Pin(bool),
}

fn act() -> impl Strategy<Value = Act> {
    let sentence = 0..SENTENCES.len();
    prop_oneof![
        4 => Just(Act::Speech),
        2 => Just(Act::Pause),
        1 => Just(Act::Resume),
        4 => any::<bool>().prop_map(Act::Endpoint),
        6 => sentence.clone().prop_map(Act::Words),
        5 => (sentence.clone(), prop::bool::weighted(0.8)).prop_map(|(sentence, ok)| Act::Final(sentence, ok)),
        1 => sentence.clone().prop_map(Act::LateFinal),
        1 => Just(Act::Deaf),
        2 => sentence.prop_map(Act::Typed),
        1 => Just(Act::Cancel),
        1 => Just(Act::Epoch),
        1 => any::<bool>().prop_map(Act::Listening),
        1 => Just(Act::Doubted),
        1 => Just(Act::NothingHeard),
        4 => prop_oneof![1u64..100, 100u64..3000, 8000u64..70_000].prop_map(Act::Wait),
        6 => (0usize..4, prop::bool::weighted(0.2)).prop_map(|(index, twice)| Act::Deliver(index, twice)),
        1 => Just(Act::StaleCommit),
        4 => (0usize..6).prop_map(Act::Model),
        2 => any::<bool>().prop_map(Act::Pin),
    ]
}

struct World {
    machine: TurnMachine,
    host: Host,
    now: Duration,
    take: Option<Take>,
    finished: bool,
    /// Words of each run whose final hypothesis was delivered.
    finals: BTreeMap<Take, String>,
    /// The run a plan was prepared in, while it was not final, and the words it was prepared for.
    speculative: BTreeMap<DraftId, (Take, String)>,
    /// What each plan was asked for, and the words it was made on.
    requests: BTreeMap<DraftId, (PrepareRequest, String)>,
    committed: BTreeSet<UtteranceId>,
    ended: BTreeSet<TurnId>,
    audible: BTreeSet<ReplyId>,
    asked_to_unlock: bool,
    /// A right PIN was given, and nothing was done by it yet.
    proven: bool,
    /// The turn for which a PIN was given.
    proving: Option<TurnId>,
    /// Asked last, or given up.
    question: QuestionId,
    coming: Vec<Input>,
}

impl World {
    fn input(&mut self, input: Input) {
        if let Input::ReplyEnded { reply, .. } = &input {
            self.audible.remove(reply);
        }
        if let Input::Heard(take, hypothesis) = &input
            && hypothesis.is_final
        {
            self.finals.insert(*take, hypothesis.text());
        }
        let mut effects = Vec::new();
        self.machine.handle(input, self.now, &mut effects);
        for effect in effects {
            self.perform(effect);
        }
    }

    fn words_of(&self, id: PlanId) -> String {
        let heard = self.machine.hearing.as_ref();
        let heard = heard.and_then(|utterance| utterance.plan.as_ref());
        let answered = self.machine.answer.as_ref();
        let answered = answered.and_then(|answer| match &answer.phase {
            Phase::Preparing { plan, .. } => Some(plan),
            _ => None,
        });
        let mut plans = heard.into_iter().chain(answered);
        plans
            .find(|plan| plan.id == id)
            .map_or_else(String::new, |plan| plan.text.clone())
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Transcribe { take, .. } => {
                self.take = Some(take);
                self.finished = false;
            }
            Effect::FinishTranscription(_) => self.finished = true,
            Effect::DropTranscription(take) if self.take == Some(take) => self.take = None,
            Effect::Prepare(id, request) => {
                let result = self.host.prepare(&request);
                if let Ok(draft) = &result {
                    let words = self.words_of(id);
                    self.requests
                        .insert(draft.id, (request.clone(), words.clone()));
                    let still_spoken = self
                        .machine
                        .hearing
                        .as_ref()
                        .is_some_and(|utterance| utterance.id == request.utterance);
                    if let Some(take) = self.take.filter(|_| still_spoken) {
                        self.speculative.insert(draft.id, (take, words));
                    }
                }
                self.input(Input::Prepared(id, result, Duration::ZERO));
            }
            Effect::Discard(draft) => self.host.discard(draft),
            Effect::Commit(utterance, draft) => {
                if let Some((began, words)) = self.speculative.get(&draft) {
                    let last_words = self.finals.range(*began..).any(|(_, last)| last == words);
                    assert!(last_words, "committed before the words were final");
                }
                let (request, words) = &self.requests[&draft];
                let unlocks = request.steps.iter().any(|step| step.intent == "unlock");
                let allowed = match self.host.house.pins.is_empty() {
                    true => {
                        self.asked_to_unlock && words == "yes" && request.text.contains("unlock")
                    }
                    false => self.proven && request.proof.is_some(),
                };
                assert!(!unlocks || allowed, "unlocked without a yes, or a PIN");
                let result = self.host.commit(utterance, draft);
                if result.is_ok() {
                    self.proven &= !unlocks;
                    assert!(self.committed.insert(utterance), "committed twice");
                }
                self.coming.push(Input::Committed(utterance, result));
            }
            Effect::Speak(reply, text) => {
                assert!(
                    !text.is_empty() && self.audible.insert(reply) && self.audible.len() == 1,
                    "two replies at a time"
                );
                self.coming.push(Input::ReplyStarted {
                    reply,
                    audio_ready: self.now,
                    at: self.now,
                });
                self.coming.push(Input::ReplyEnded {
                    reply,
                    heard: Duration::ZERO,
                });
            }
            Effect::Ask { question, .. } => self.question = question,
            Effect::Prove(question, pin) => {
                let proved = self.host.house.prove(&pin);
                self.proven = proved.is_ok();
                self.proving = self.machine.answer.as_ref().map(|answer| answer.turn);
                self.coming.push(Input::Proved(question, proved));
            }
            Effect::Begin(reply, text) => {
                assert!(
                    !text.is_empty() && self.audible.insert(reply) && self.audible.len() == 1,
                    "two replies at a time"
                );
                self.coming.push(Input::ReplyStarted {
                    reply,
                    audio_ready: self.now,
                    at: self.now,
                });
            }
            Effect::GoOn(reply, _) => assert!(self.audible.contains(&reply)),
            Effect::Complete(reply) => self.coming.push(Input::ReplyEnded {
                reply,
                heard: Duration::ZERO,
            }),
            Effect::Silence(reply) | Effect::Unstage(reply) => {
                self.audible.remove(&reply);
            }
            Effect::EndTurn(ended) => {
                assert!(self.ended.insert(ended.turn), "{} ended twice", ended.turn);
                let told = &ended.summary.text;
                assert!(
                    self.proving.is_none() || !told.contains(PIN),
                    "the PIN was told: {told}"
                );
                if self.proving == Some(ended.turn) {
                    (self.proven, self.proving) = (false, None);
                }
                // What was not heard does not answer the question.
                let unheard =
                    ["", "Sorry, I couldn't hear that."].contains(&ended.summary.reply.as_str());
                self.asked_to_unlock = ended.summary.reply.contains("Shall I unlock it")
                    || (unheard && self.asked_to_unlock);
            }
            _ => {}
        }
    }

    fn act(&mut self, act: Act) {
        let at = self.now.as_millis() as u64 * 16;
        let sentence = |index: usize, is_final, verdict| Hypothesis {
            committed: SENTENCES[index].into(),
            through: at,
            is_final,
            verdict,
            ..Hypothesis::default()
        };
        match act {
            Act::Speech => self.input(Input::SpeechStarted { at }),
            Act::Pause => self.input(Input::SpeechPaused { at }),
            Act::Resume => self.input(Input::SpeechResumed),
            Act::Endpoint(fast) => {
                let expectation = if fast {
                    Expectation::Closed
                } else {
                    self.machine.expectation()
                };
                self.input(Input::Endpoint {
                    expectation,
                    through: at,
                    last_voiced: self.now,
                    t0: self.now,
                });
            }
            Act::Words(index) => {
                if let Some(take) = self.take.filter(|_| !self.finished) {
                    self.input(Input::Heard(take, sentence(index, false, Verdict::Unknown)));
                }
            }
            Act::Final(index, accepted) => {
                if let Some(take) = self.take.filter(|_| self.finished) {
                    let verdict = if accepted {
                        Verdict::Accepted
                    } else {
                        Verdict::Rejected
                    };
                    self.take = None;
                    self.input(Input::Heard(take, sentence(index, true, verdict)));
                }
            }
            Act::LateFinal(index) => self.input(Input::Heard(
                Take(0),
                sentence(index, true, Verdict::Accepted),
            )),
            Act::Deaf => {
                if let Some(take) = self.take {
                    self.input(Input::HearingFailed(take, "gone".into()));
                }
            }
            Act::Typed(index) => self.input(Input::Typed(SENTENCES[index].into())),
            Act::Cancel => {
                self.input(Input::Cancel);
                self.asked_to_unlock = false;
            }
            Act::Epoch => {
                self.host.epoch += 1;
                self.input(Input::EpochChanged);
            }
            Act::Listening(listening) => self.input(Input::Listening(listening)),
            Act::Doubted => self.input(Input::Doubted),
            Act::NothingHeard => self.input(Input::NothingHeard),
            Act::Wait(ms) => {
                self.now += Duration::from_millis(ms);
                self.input(Input::Deadline);
            }
            Act::Deliver(index, twice) => {
                if index < self.coming.len() {
                    let input = self.coming.remove(index);
                    if twice {
                        self.input(input.clone());
                    }
                    self.input(input);
                }
            }
            Act::Model(what) => {
                let call = |name: &str| {
                    Ok(Some(Answered::Call {
                        name: name.into(),
                        arguments: serde_json::Map::new(),
                    }))
                };
                let answered = match what {
                    0 => call("home.unlock"),
                    1 => call("home.explode"),
                    2 => Ok(None),
                    3 => Err(ModelError::NodeLost("llama".into())),
                    4 => Ok(Some(Answered::Words("I have unlocked the door. ".into()))),
                    _ => Ok(Some(Answered::Words(
                        "Perhaps, who knows, and so on. It".into(),
                    ))),
                };
                self.input(Input::Answered(self.question, answered));
            }
            Act::Pin(right) => {
                let digits = if right { "1234" } else { "9999" };
                let pin = Pin::typed(digits).into_iter();
                pin.for_each(|pin| self.input(Input::Pin(pin)));
            }
            Act::StaleCommit => self.host.failures = vec![HostError::Stale],
        }
    }
}

/// A household whose owner has a PIN.
fn guarded() -> House {
    House {
        policy: Policy {
            settled: true,
            own: Vec::new(),
        },
        role: Role::Household,
        pins: vec![("1234", Role::Owner, true)],
        ..House::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn every_turn_ends_and_nothing_is_done_rashly_or_twice(
        acts in prop::collection::vec(act(), 0..120),
        open_questions: bool,
        locked: bool,
    ) {
        let config = TurnConfig {
            open_questions,
            ..TurnConfig::default()
        };
        let mut world = World {
            machine: TurnMachine::new(config, SessionId(1), None, grammar()),
            host: Host::of(match locked {
                true => guarded(),
                false => House::default(),
            }),
            now: Duration::ZERO,
            take: None,
            finished: false,
            finals: BTreeMap::new(),
            speculative: BTreeMap::new(),
            requests: BTreeMap::new(),
            committed: BTreeSet::new(),
            ended: BTreeSet::new(),
            audible: BTreeSet::new(),
            asked_to_unlock: false,
            proven: false,
            proving: None,
            question: QuestionId(0),
            coming: Vec::new(),
        };
        world.act(Act::Listening(true));
        for act in acts {
            world.act(act);
        }
        // Nothing more is delivered: deadlines alone must end everything.
        for _ in 0..64 {
            let Some(deadline) = world.machine.deadline() else { break };
            prop_assert!(deadline > world.now, "a deadline that is not met would keep the shell busy");
            world.now = deadline;
            world.input(Input::Deadline);
        }
        prop_assert!(!world.machine.hearing() && !world.machine.answering());
        prop_assert_eq!(world.host.forgotten(), 0, "plans neither committed nor discarded");
    }
}
