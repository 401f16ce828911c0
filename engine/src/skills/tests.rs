//! Conversations with the built-in skills, through the host, on a store in a temporary folder.

mod alarms;
mod folders;
mod people;
mod routines;

use super::*;
use crate::{
    config::Patience,
    egress::Border,
    store::{Household, Store, TimerPhase},
};
use jiff::{Timestamp, tz::TimeZone};
use loqa_core::{
    grammar::{Context, Grammar, SlotValue, Step},
    home::Home,
    seams::{Committed, Draft, HostError, PrepareRequest, SkillHost},
};
use loqa_protocol::{EffectKind, SessionId, TurnId, UtteranceId};
use loqa_skill_sdk::{EffectError, Effects, Plan, Prepared, Reads, Request, Skill, TimerState};
use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{sync::watch, time::Instant};

/// Friday, 20 November 2026, 19:05:30 UTC.
const START_MS: i64 = 1_795_201_530_000;

/// A wall clock that can be set, over time that tests let pass.
pub struct FakeClock {
    start: Instant,
    set_by_ms: AtomicI64,
}

impl FakeClock {
    pub fn new() -> Arc<FakeClock> {
        Arc::new(FakeClock {
            start: Instant::now(),
            set_by_ms: AtomicI64::new(0),
        })
    }

    /// Somebody sets the wall clock.
    pub fn set_by(&self, ms: i64) {
        self.set_by_ms.fetch_add(ms, SeqCst);
    }
}

impl HouseClock for FakeClock {
    fn wall(&self) -> Timestamp {
        let ms = START_MS + self.elapsed().as_millis() as i64 + self.set_by_ms.load(SeqCst);
        Timestamp::from_millisecond(ms).unwrap()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}

const HOME: &str = r#"
[[area]]
id = "kitchen"
name = "kitchen"
[[device]]
id = "kitchen_lights"
name = "kitchen lights"
area = "kitchen"
kind = "light"
[[device]]
id = "front_door"
name = "front door"
kind = "lock"
[[device]]
id = "gate"
name = "garden gate"
kind = "cover"
[[device]]
id = "movie_night"
name = "movie night"
kind = "scene"
[[device]]
id = "shopping_list"
name = "shopping list"
kind = "list"
[[routine]]
id = "good_morning"
name = "good morning"
steps = ["turn on the kitchen lights", "set a timer for five minutes", "what time is it?"]
[[routine]]
id = "we_are_back"
name = "we are back"
steps = ["turn on the kitchen lights", "unlock the front door"]
[[routine]]
id = "good_evening"
name = "good evening"
steps = ["turn on the kitchen lights", "turn on the moon."]
"#;

/// A skill linked in: what is tested here is the host, not the process that skills run in.
pub(super) struct Linked<S>(pub(super) S);

impl<S: Skill> Code for Linked<S> {
    fn prepare(&self, request: &Request, reads: &dyn Reads) -> Result<Prepared, Unanswered> {
        Ok(self.0.prepare(request, reads))
    }

    fn commit(
        &self,
        plan: &Plan,
        effects: &mut dyn Effects,
    ) -> Result<Result<String, EffectError>, Unanswered> {
        Ok(self.0.commit(plan, effects))
    }
}

/// The skills that come with Loqa have their code linked in.
pub(super) fn linked(registry: Registry) -> Registry {
    registry
        .with_code("clock", Linked(loqa_skill_clock::Clock))
        .with_code("timers", Linked(loqa_skill_timers::Timers))
        .with_code("home", Linked(loqa_skill_home::Home))
        .with_code("alarms", Linked(loqa_skill_alarms::Alarms))
        .with_code("calculator", Linked(loqa_skill_calculator::Calculator))
}

pub(super) struct House {
    pub(super) host: Host,
    pub(super) household: Arc<LiveHousehold>,
    clock: Arc<FakeClock>,
    turn: u32,
}

impl House {
    pub(super) fn in_folder(folder: &Path) -> House {
        House::with_registry(folder, linked(Registry::built_in().unwrap()))
    }

    pub(super) fn with_registry(folder: &Path, registry: Registry) -> House {
        let nowhere = Elsewhere::by(Border::default().to_internet([]));
        House::reaching(folder, registry, nowhere)
    }

    pub(super) fn reaching(folder: &Path, registry: Registry, elsewhere: Elsewhere) -> House {
        let clock = FakeClock::new();
        let household = Arc::new(LiveHousehold::new(
            Arc::new(Store::open(folder).unwrap()),
            clock.clone(),
        ));
        let host = Host::new(HostParts {
            registry,
            home: watch::channel(Arc::new(Home::parse("home.toml", HOME).unwrap())).1,
            zone: TimeZone::UTC,
            household: household.clone(),
            executor: Box::new(OwnDevices),
            elsewhere,
            suggestions: vec!["what time is it?".into(), "lights off".into()],
            patience: Patience::Normal,
        });
        House {
            host,
            household,
            clock,
            turn: 0,
        }
    }

    pub(super) fn kept(&self) -> Household {
        Household::clone(&self.household.read().household)
    }

    fn utterance(&self) -> UtteranceId {
        UtteranceId {
            session: SessionId(7),
            turn: TurnId(self.turn),
        }
    }

    pub(super) fn prepare(&mut self, steps: &[Step]) -> Result<Draft, HostError> {
        self.turn += 1;
        let text = steps
            .iter()
            .map(|step| step.intent.replace('_', " "))
            .collect::<Vec<_>>()
            .join(" and ");
        self.host
            .prepare(&PrepareRequest::new(self.utterance(), steps.to_vec(), text))
    }

    pub(super) async fn commit(&self, draft: &Draft) -> Result<Committed, HostError> {
        self.host.commit(self.utterance(), draft.id).await
    }

    /// Prepares now, and commits when it is polled.
    pub(super) fn will_hear(
        &mut self,
        steps: &[Step],
    ) -> impl Future<Output = Result<Committed, HostError>> + Send + use<> {
        let draft = self.prepare(steps).unwrap();
        self.host.commit(self.utterance(), draft.id)
    }

    /// What is said and done; a question that had to be answered with yes stands before it.
    pub(super) async fn hears(&mut self, steps: &[Step]) -> String {
        let draft = match self.prepare(steps) {
            Ok(draft) => draft,
            Err(error) => return format!("error: {error}"),
        };
        if let Some(Context::FollowUp { skill, name }) = &draft.ask {
            return format!("[{skill}.{name}] {}", draft.reply);
        }
        let committed = self.commit(&draft).await.unwrap();
        // What others answer cannot be predicted.
        if committed.ok && !draft.reply.is_empty() {
            assert_eq!(committed.reply, draft.reply, "predicted wrongly");
        }
        assert_eq!(draft.effects && committed.ok, !committed.effects.is_empty());
        match draft.confirm {
            Some(question) => format!("{question} {}", committed.reply),
            None => committed.reply,
        }
    }
}

pub(super) fn step(name: &str, slots: &[(&str, SlotValue)]) -> Step {
    let (skill, intent) = name.split_once('.').unwrap();
    let slots = slots
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    Step {
        skill: skill.into(),
        intent: intent.into(),
        slots,
    }
}

fn device(id: &str) -> (&'static str, SlotValue) {
    ("device", SlotValue::Device(id.into()))
}

fn set(seconds: i64) -> Step {
    step("timers.set", &[("duration", SlotValue::Duration(seconds))])
}

#[tokio::test]
async fn its_own_voice_is_as_loud_as_it_was_told_before_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::in_folder(folder.path());
    let (louder, quieter) = (
        step("loqa.speak_louder", &[]),
        step("loqa.speak_quieter", &[]),
    );
    let said = house.hears(std::slice::from_ref(&louder)).await;
    assert_eq!(said, "I can't speak any louder.");
    let said = house.hears(std::slice::from_ref(&quieter)).await;
    assert_eq!(said, "My voice is at 90 percent.");
    drop(house);
    let house = House::in_folder(folder.path());
    assert_eq!(own_volume(&house.household.read().household), 90);
}

#[tokio::test]
async fn it_waits_as_long_as_it_was_asked_to_before_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::in_folder(folder.path());
    for (intent, answer) in [
        ("less_time", "I'll answer at normal speed."),
        ("more_time", "I'll wait longer for you."),
        ("more_time", "I'll wait longer for you."),
        ("more_time", "I can't wait any longer."),
        ("less_time", "I'll answer faster."),
        ("normal_time", "I'll answer at normal speed."),
        ("more_time", "I'll wait longer for you."),
    ] {
        let step = step(&format!("loqa.{intent}"), &[]);
        assert_eq!(house.hears(&[step]).await, answer);
    }
    drop(house);
    let house = House::in_folder(folder.path());
    let kept = own_patience(&house.household.read().household);
    assert_eq!(kept, Some(Patience::Patient));
    let of_the_house = |device: &loqa_skill_sdk::Device| device.id != "loqa.voice";
    assert!(house.host.devices().iter().all(of_the_house));
}

#[tokio::test]
async fn a_conversation_with_all_skills() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::in_folder(folder.path());
    assert_eq!(
        house.hears(&[step("clock.time", &[])]).await,
        "It's 7:05 pm."
    );
    let tokyo = ("city", SlotValue::Item("Tokyo".into()));
    assert_eq!(
        house.hears(&[step("clock.time_in", &[tokyo])]).await,
        "It's 4:05 am tomorrow in Tokyo."
    );
    assert_eq!(
        house.hears(&[step("timers.set", &[])]).await,
        "[timers.how_long] For how long?"
    );
    assert_eq!(house.hears(&[set(600)]).await, "10 minutes, starting now.");
    assert_eq!(
        house.hears(&[step("timers.left", &[])]).await,
        "10 minutes left on your 10 minute timer."
    );
    let both = [step("home.turn_on", &[device("kitchen_lights")]), set(60)];
    assert_eq!(
        house.hears(&both).await,
        "The kitchen lights are on. 1 minute, starting now."
    );
    let unlock = step("home.unlock", &[device("front_door")]);
    assert_eq!(
        house.hears(&[unlock]).await,
        "Shall I unlock the front door? The front door is unlocked."
    );
    let gate = step("home.open", &[device("gate")]);
    assert_eq!(
        house.hears(&[gate]).await,
        "Shall I open the garden gate? The garden gate is open."
    );
    let milk = ("item", SlotValue::Text("milk".into()));
    assert_eq!(
        house.hears(&[step("home.list_add", &[milk])]).await,
        "I've added milk to the shopping list."
    );
    assert_eq!(
        house
            .hears(&[step("home.turn_off", &[device("front_door")])])
            .await,
        "The front door can't be turned on or off."
    );
    assert_eq!(
        house.hears(&[step("music.play", &[])]).await,
        "error: The skill music is not installed."
    );
    assert_eq!(
        house.hears(&[step("loqa.help", &[])]).await,
        "You can say, for example: what time is it; lights off."
    );
    assert_eq!(house.host.timers().len(), 2);
}

#[tokio::test]
async fn an_evening_from_words_to_answers() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::in_folder(folder.path());
    let home = Home::parse("home.toml", HOME).unwrap();
    let grammar = Grammar::compile(house.host.registry().manifests(), &home)
        .unwrap_or_else(|errors| panic!("{errors:?}"));
    for (said, answer) in [
        ("turn on the kitchen lights", "The kitchen lights are on."),
        (
            "Dim the kitchen lights to 30%.",
            "The kitchen lights are at 30 percent.",
        ),
        (
            "are the lights on in the kitchen?",
            "Yes, the kitchen lights are on.",
        ),
        (
            "set a timer for an hour and a half",
            "1 hour and 30 minutes, starting now.",
        ),
        (
            "set a ten minute pasta timer",
            "Pasta timer, 10 minutes, starting now.",
        ),
        (
            "how long is left on the pasta timer",
            "10 minutes left on your pasta timer.",
        ),
        (
            "add five minutes to the pasta timer",
            "I've added 5 minutes to your pasta timer.",
        ),
        (
            "undo that",
            "OK. I've taken 5 minutes off your pasta timer.",
        ),
        (
            "cancel the timer",
            "[timers.which] Which one, the 1 hour and 30 minute timer with 1 hour and 30 minutes left or the pasta timer with 10 minutes left?",
        ),
        ("cancel all timers", "Both timers are cancelled."),
        (
            "add milk and eggs to the shopping list",
            "I've added milk and eggs to the shopping list.",
        ),
        (
            "what's on my shopping list",
            "On the shopping list: milk and eggs.",
        ),
        (
            "take a note: the plumber comes tomorrow",
            "Noted: the plumber comes tomorrow.",
        ),
        (
            "clear my notes",
            "Shall I delete your note? Your notes are deleted.",
        ),
        ("undo that", "OK, your notes are as they were."),
        ("read my notes", "Your note: the plumber comes tomorrow."),
        (
            "what is fifteen percent of eighty",
            "15 percent of 80 is 12.",
        ),
        ("movie night", "Movie night is on."),
        (
            "lock the front door and turn off all the lights",
            "The front door is locked. The kitchen lights are off.",
        ),
        ("what day is it", "It's Friday, November 20th."),
        ("stop", ""),
    ] {
        let Some(found) = grammar.parse(&Context::Commands, said) else {
            panic!("`{said}` is not understood")
        };
        assert_eq!(house.hears(&found.steps).await, answer, "{said}");
    }
}

#[test]
fn the_built_in_skills_understand_their_examples() {
    let home = Home::parse("demo-home.toml", crate::config::DEMO_HOME).unwrap();
    let registry = Registry::built_in().unwrap();
    let grammar = match Grammar::compile(registry.manifests(), &home) {
        Ok(grammar) => grammar,
        Err(errors) => {
            let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
            panic!("{}", errors.join("\n"))
        }
    };
    let mut wrong = Vec::new();
    for manifest in registry.manifests() {
        let errors = manifest.check_examples(&grammar);
        wrong.extend(
            errors
                .iter()
                .map(|error| format!("{}: {error}", manifest.name)),
        );
        if manifest.name != "loqa" {
            let examples = manifest.intents.iter().map(|intent| intent.examples.len());
            assert!(examples.sum::<usize>() >= 15, "{}", manifest.name);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(registry.suggestions(&grammar).len() > 40);
}

#[tokio::test]
async fn a_plan_holds_once_for_its_utterance() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::in_folder(folder.path());
    let draft = house.prepare(&[set(60)]).unwrap();
    let again = house.host.prepare(&PrepareRequest::new(
        house.utterance(),
        vec![set(60)],
        String::new(),
    ));
    let other = UtteranceId {
        turn: TurnId(99),
        ..house.utterance()
    };
    assert_eq!(
        house.host.commit(other, draft.id).await,
        Err(HostError::Stale),
        "a plan of another utterance"
    );
    assert_eq!(
        house.commit(&draft).await,
        Err(HostError::Stale),
        "a plan is handed out once"
    );
    let draft = house
        .host
        .prepare(&PrepareRequest::new(
            house.utterance(),
            vec![set(60)],
            String::new(),
        ))
        .unwrap();
    assert_eq!(
        house.commit(&draft).await.unwrap().effects,
        [EffectKind::Timer]
    );
    assert_eq!(
        house.commit(&again.unwrap()).await,
        Err(HostError::AlreadyCommitted(house.utterance()))
    );
    let draft = house.prepare(&[set(60)]).unwrap();
    house.host.discard(draft.id);
    assert_eq!(house.commit(&draft).await, Err(HostError::Stale));
    assert_eq!(house.host.timers().len(), 1);
}

#[tokio::test]
async fn people_who_talk_at_once_are_all_answered() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::in_folder(folder.path());
    let front_door = |intent| step(intent, &[device("front_door")]);
    house.hears(&[front_door("home.unlock")]).await;
    house.hears(&[front_door("home.lock")]).await;
    let request = |person: u128, turn: u32, step: Step| {
        PrepareRequest::new(
            UtteranceId {
                session: SessionId(person),
                turn: TurnId(turn),
            },
            vec![step],
            String::new(),
        )
    };
    let milk = ("item", SlotValue::Text("milk".into()));
    // All plans are made before the first is carried out.
    let mut plans = Vec::new();
    for (person, step) in [
        (1, step("home.turn_on", &[device("kitchen_lights")])),
        (2, set(60)),
        (3, step("home.list_add", &[milk])),
        (4, step("timers.left", &[])),
        (5, front_door("home.unlock")),
        (6, step("loqa.undo", &[])),
    ] {
        let request = request(person, 0, step);
        let draft = house.host.prepare(&request).unwrap();
        plans.push((request.utterance, draft.id));
    }
    let mut answers = Vec::new();
    for (utterance, draft) in plans {
        let answer = house.host.commit(utterance, draft).await;
        answers.push(answer.map_or_else(|error| error.to_string(), |done| done.reply));
    }
    assert_eq!(
        answers,
        [
            "The kitchen lights are on.",
            "1 minute, starting now.",
            "I've added milk to the shopping list.",
            "1 minute left on your 1 minute timer.",
            "The front door is unlocked.",
            // The sixth said yes to undoing something else.
            "the plan is no longer valid",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_plan_holds_for_two_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::in_folder(folder.path());
    let draft = house.prepare(&[set(60)]).unwrap();
    tokio::time::advance(Duration::from_millis(2001)).await;
    assert_eq!(house.commit(&draft).await, Err(HostError::Stale));
}

#[tokio::test(start_paused = true)]
async fn undo_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::in_folder(folder.path());
    let undo = || step("loqa.undo", &[]);
    let why = || step("loqa.why", &[]);
    assert_eq!(
        house.hears(&[undo()]).await,
        "I haven't done anything in the last 15 minutes."
    );
    house
        .hears(&[step("home.turn_on", &[device("kitchen_lights")])])
        .await;
    house
        .hears(&[step("home.turn_off", &[device("kitchen_lights")])])
        .await;
    assert_eq!(house.hears(&[why()]).await, "Because you said: turn off.");
    tokio::time::advance(Duration::from_secs(130)).await;
    assert_eq!(
        house.hears(&[why()]).await,
        "Because you said 2 minutes ago: turn off."
    );
    assert_eq!(
        house.hears(&[undo()]).await,
        "OK, the kitchen lights are on again."
    );
    assert_eq!(
        house.hears(&[undo()]).await,
        "OK, the kitchen lights are off again."
    );
    assert_eq!(
        house.hears(&[undo()]).await,
        "I haven't done anything in the last 15 minutes."
    );

    house
        .hears(&[
            set(600),
            step("home.list_add", &[("item", SlotValue::Text("milk".into()))]),
        ])
        .await;
    assert_eq!(
        house.hears(&[undo()]).await,
        "OK, the shopping list is as it was. Your 10 minute timer is cancelled."
    );
    house
        .hears(&[step("home.activate", &[device("movie_night")])])
        .await;
    assert_eq!(house.hears(&[undo()]).await, "I can't undo that.");
    house.hears(&[set(300)]).await;
    house.hears(&[step("timers.cancel", &[])]).await;
    assert_eq!(
        house.hears(&[undo()]).await,
        "OK, your 5 minute timer is back."
    );

    house
        .hears(&[step("home.unlock", &[device("front_door")])])
        .await;
    house
        .hears(&[step("home.lock", &[device("front_door")])])
        .await;
    assert_eq!(
        house.hears(&[undo()]).await,
        "You said: lock. Shall I undo that? OK, the front door is unlocked again.",
        "undoing a lock unlocks"
    );
    tokio::time::advance(Duration::from_secs(15 * 60 + 1)).await;
    assert_eq!(
        house.hears(&[undo()]).await,
        "I haven't done anything in the last 15 minutes."
    );
}

#[tokio::test]
async fn steps_happen_together_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::in_folder(folder.path());
    let milk = || {
        step(
            "home.list_remove",
            &[("item", SlotValue::Text("milk".into()))],
        )
    };
    house
        .hears(&[step(
            "home.list_add",
            &[("item", SlotValue::Text("milk".into()))],
        )])
        .await;
    let twice = house.hears(&[set(60), milk(), milk()]).await;
    assert_eq!(twice, "milk is not on the list. So I did nothing.");
    assert!(house.host.timers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn timers_do_not_follow_a_clock_that_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::in_folder(folder.path());
    house.hears(&[set(600)]).await;
    house.clock.set_by(3 * 3_600_000);
    assert!(house.household.is_wall_clock_set());
    assert_eq!(
        house.hears(&[step("timers.left", &[])]).await,
        "10 minutes left on your 10 minute timer."
    );
    house.household.follow_wall_clock().unwrap();
    assert!(!house.household.is_wall_clock_set());
    assert_eq!(
        house.hears(&[step("timers.left", &[])]).await,
        "10 minutes left on your 10 minute timer."
    );
    let kept = house.household.store().snapshot();
    let expected = TimerPhase::Running {
        ends_at_ms: START_MS + 3 * 3_600_000 + 600_000,
    };
    assert_eq!(
        kept.timers[&1].state, expected,
        "a restart must find the new wall clock's time"
    );
}

#[tokio::test(start_paused = true)]
async fn a_timer_that_has_ended_rings_before_the_alarm_notices() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::in_folder(folder.path());
    house.hears(&[set(60)]).await;
    let states = |house: &House| house.host.timers()[0].state;
    assert_eq!(states(&house), TimerState::Running);
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(states(&house), TimerState::Ringing);
}
