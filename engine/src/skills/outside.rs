//! Devices that other systems reach: what they have done stays done, and nothing is done in advance.

use super::{
    executor::{Executor, OwnDevices},
    host::{Host, HostParts},
    household::LiveHousehold,
    registry::Registry,
    tests::FakeClock,
};
use crate::{config::Patience, egress::Border, store::Store};
use jiff::tz::TimeZone;
use loqa_core::{
    grammar::{SlotValue, Step},
    home::Home,
    seams::{Committed, Draft, PrepareRequest, SkillHost},
};
use loqa_protocol::{SessionId, TurnId, UtteranceId};
use loqa_skill_sdk::{Device, DeviceCommand, DeviceState, EffectError};
use std::{
    collections::HashMap,
    fmt::Write,
    sync::{Arc, Mutex},
};
use tokio::sync::watch;

const HOME: &str = r#"
[[device]]
id = "near"
name = "near light"
kind = "light"
[[device]]
id = "far"
name = "far light"
kind = "light"
[[device]]
id = "farther"
name = "farther light"
kind = "light"
[[device]]
id = "broken"
name = "broken light"
kind = "light"
[[device]]
id = "whole"
name = "ceiling fan"
kind = "fan"
[[device]]
id = "broken_1"
name = "first fan"
kind = "fan"
[[device]]
id = "broken_2"
name = "second fan"
kind = "fan"
[[device]]
id = "broken_3"
name = "third fan"
kind = "fan"
[[device]]
id = "broken_4"
name = "fourth fan"
kind = "fan"
"#;

/// All but the near light are elsewhere.
#[derive(Clone, Default)]
struct Elsewhere {
    states: Arc<Mutex<HashMap<String, DeviceState>>>,
    told: Arc<Mutex<String>>,
}

impl Elsewhere {
    fn tell(&self, what: &str, device: &Device) {
        let mut told = self.told.lock().unwrap();
        write!(told, "{what} {}; ", device.id).unwrap();
    }
}

impl Executor for Elsewhere {
    fn initial(&self, kind: &str) -> DeviceState {
        OwnDevices.initial(kind)
    }

    fn state(&self, device: &str) -> Option<DeviceState> {
        let off = || OwnDevices.initial("light");
        let state = self.states.lock().unwrap().get(device).cloned();
        (device != "near").then(|| state.unwrap_or_else(off))
    }

    fn begin(&self, commands: &[(Device, DeviceCommand)]) {
        for (device, command) in commands {
            self.tell("begin", device);
            // Some are so quick that they have done it before they are waited for.
            let state = device.state.clone().after(command);
            let mut states = self.states.lock().unwrap();
            states.insert(device.id.clone(), state);
        }
    }

    fn execute(
        &self,
        device: &Device,
        command: &DeviceCommand,
    ) -> Result<DeviceState, EffectError> {
        self.tell("do", device);
        if device.id.starts_with("broken") {
            return Err(EffectError(format!("The {} did not answer.", device.name)));
        }
        let state = match command {
            DeviceCommand::Restore(before) => before.clone(),
            command => device.state.clone().after(command),
        };
        let mut states = self.states.lock().unwrap();
        states.insert(device.id.clone(), state.clone());
        Ok(state)
    }
}

struct House {
    host: Host,
    household: Arc<LiveHousehold>,
    elsewhere: Elsewhere,
    turn: u32,
    _folder: tempfile::TempDir,
}

impl House {
    fn new() -> House {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(folder.path()).unwrap());
        let household = Arc::new(LiveHousehold::new(store, FakeClock::new()));
        let elsewhere = Elsewhere::default();
        let home = Home::parse("home.toml", HOME).unwrap();
        let host = Host::new(HostParts {
            registry: crate::skills::tests::linked(Registry::built_in().unwrap()),
            home: watch::channel(Arc::new(home)).1,
            zone: TimeZone::UTC,
            household: household.clone(),
            executor: Box::new(elsewhere.clone()),
            elsewhere: super::Elsewhere::by(Border::default().to_internet([])),
            suggestions: Vec::new(),
            patience: Patience::Normal,
        });
        House {
            host,
            household,
            elsewhere,
            turn: 0,
            _folder: folder,
        }
    }

    fn told(&self) -> String {
        std::mem::take(&mut self.elsewhere.told.lock().unwrap())
    }

    fn utterance(&self) -> UtteranceId {
        UtteranceId {
            session: SessionId(7),
            turn: TurnId(self.turn),
        }
    }

    fn prepare(&mut self, steps: &[(&str, &[(&str, SlotValue)])]) -> Draft {
        self.turn += 1;
        let step = |(name, slots): &(&str, &[(&str, SlotValue)])| {
            let (skill, intent) = name.split_once('.').unwrap();
            let slots = slots
                .iter()
                .map(|(name, value)| ((*name).into(), value.clone()));
            Step {
                skill: skill.into(),
                intent: intent.into(),
                slots: slots.collect(),
            }
        };
        let request = PrepareRequest::new(
            self.utterance(),
            steps.iter().map(step).collect(),
            String::new(),
        );
        self.host.prepare(&request).unwrap()
    }

    async fn hear(&mut self, steps: &[(&str, &[(&str, SlotValue)])]) -> Committed {
        let draft = self.prepare(steps);
        self.host.commit(self.utterance(), draft.id).await.unwrap()
    }
}

fn device(id: &str) -> [(&'static str, SlotValue); 1] {
    [("device", SlotValue::Device(id.into()))]
}

fn all(kind: &str) -> [(&'static str, SlotValue); 1] {
    [("kind", SlotValue::Item(kind.into()))]
}

#[tokio::test]
async fn what_is_done_elsewhere_stays_done_where_another_fails() {
    let mut house = House::new();
    let done = house.hear(&[("home.turn_on", &all("light"))]).await;
    let said = "The near light, the far light and the farther light are on. The broken light did not answer.";
    assert_eq!((done.reply.as_str(), done.ok), (said, false));
    assert_eq!(done.effects.len(), 3);
    // All were told before the first was waited for.
    let told =
        "begin near; begin far; begin farther; begin broken; do far; do farther; do broken; ";
    assert_eq!(house.told().replace("do near; ", ""), told);
    // Only what the hub keeps is on the disk.
    let kept = house.household.read().household;
    assert_eq!(kept.devices.keys().collect::<Vec<_>>(), ["near"]);

    // A step that fails takes those before it back only where nothing outside has happened.
    let (far, near, broken) = (device("far"), device("near"), device("broken"));
    let off = |light| ("home.turn_off", light);
    let done = house.hear(&[off(&near[..]), off(&broken[..])]).await;
    let said = "The broken light did not answer. So I did nothing.";
    assert_eq!((done.reply.as_str(), done.ok), (said, false));
    let done = house
        .hear(&[off(&far[..]), off(&broken[..]), off(&near[..])])
        .await;
    let said = "The far light is off. The broken light did not answer.";
    assert_eq!((done.reply.as_str(), done.ok), (said, false));
    let kept = house.household.read().household;
    assert_eq!(kept.devices["near"].power, Some(true));
}

#[tokio::test]
async fn of_many_that_fail_two_are_named() {
    let done = House::new().hear(&[("home.turn_on", &all("fan"))]).await;
    let said = "The ceiling fan is on. The first fan did not answer. The second fan did not answer. 2 others failed as well.";
    assert_eq!((done.reply.as_str(), done.ok), (said, false));
}

#[tokio::test]
async fn undoing_is_prepared_without_touching_anything() {
    let mut house = House::new();
    let far = device("far");
    house.hear(&[("home.turn_on", &far)]).await;
    house.told();
    let draft = house.prepare(&[("loqa.undo", &[])]);
    assert_eq!(draft.reply, "OK, the far light is off again.");
    assert_eq!(house.told(), "");
    let done = house
        .host
        .commit(house.utterance(), draft.id)
        .await
        .unwrap();
    assert_eq!((done.reply, done.ok), (draft.reply, true));
    assert_eq!(house.told(), "begin far; do far; ");
}

#[tokio::test]
async fn a_change_elsewhere_is_a_new_epoch() {
    let mut house = House::new();
    let before = house.host.epoch();
    let asked = house.prepare(&[(
        "home.is",
        &[
            ("device", SlotValue::Device("far".into())),
            ("state", SlotValue::Item("on".into())),
        ],
    )]);
    assert_eq!(asked.reply, "No, the far light is off.");
    let on = DeviceState {
        power: Some(true),
        ..DeviceState::default()
    };
    house
        .elsewhere
        .states
        .lock()
        .unwrap()
        .insert("far".into(), on);
    house.household.changed_outside();
    assert!(house.host.epoch() > before);
    let told = house
        .host
        .commit(house.utterance(), asked.id)
        .await
        .unwrap();
    assert_eq!(told.reply, "Yes, the far light is on.");
}
