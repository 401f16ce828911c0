//! The house as a dashboard is shown it: as it is, then whatever changes.

use super::{Listening, Shared, skills::skills};
use crate::{
    gateway::{Answers, ClientGone},
    tasks::TaskKind,
};
use loqa_core::home::Home;
use loqa_protocol::{Event, ServerFrame, View, ViewPart, view};
use loqa_skill_sdk::{AlarmState, TimerState};
use std::{sync::Arc, time::Duration};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How often is looked whether a skill that does not work does so again.
const LOOK: Duration = Duration::from_secs(5);

/// Shows the house to a client until it is gone or the guard is dropped.
pub(super) fn show(hub: &Arc<Shared>, id: u32, answers: Answers) -> DropGuard {
    let over = CancellationToken::new();
    let guard = over.clone().drop_guard();
    let hub = hub.clone();
    let tasks = hub.tasks.clone();
    tasks.spawn(TaskKind::BACKGROUND, "view", async move {
        let watching = watch(
            &hub,
            Screen {
                id,
                answers,
                seq: 0,
            },
        );
        // A client that is gone is no error.
        let _ = over.run_until_cancelled(watching).await;
    });
    guard
}

async fn watch(hub: &Shared, mut screen: Screen) -> Result<(), ClientGone> {
    // Subscribed first: what happens meanwhile is shown twice rather than not at all.
    let mut events = hub.events.subscribe();
    let mut epoch = hub.household.watch();
    let mut listening = hub.listening.subscribe();
    let mut about = hub.about.subscribe();
    epoch.mark_unchanged();
    listening.mark_unchanged();
    let mut troubled = hub.host.registry().troubled();
    screen.show(ViewPart::House(house(hub)))?;
    screen.show(ViewPart::State(state(hub)))?;
    for turn in hub.recent.turns() {
        screen.show(ViewPart::Event(turn))?;
    }
    for card in hub.cards.events() {
        screen.show(ViewPart::Event(card))?;
    }
    for wanted in hub.wanted_pins() {
        screen.show(ViewPart::Event(wanted))?;
    }
    // Last: who only wants the house as it is has seen it now.
    screen.show(ViewPart::Listening(ears(&listening.borrow())))?;
    loop {
        let mut over = false;
        tokio::select! {
            event = events.recv() => match event {
                Ok(envelope) => {
                    over = matches!(envelope.event, Event::TurnSummary(_));
                    screen.show(ViewPart::Event(envelope))?;
                }
                Err(RecvError::Lagged(lost)) => screen.seq += lost,
                Err(RecvError::Closed) => return Ok(()),
            },
            Ok(()) = about.changed() => {
                screen.show(ViewPart::House(house(hub)))?;
                screen.show(ViewPart::State(state(hub)))?;
            }
            Ok(()) = epoch.changed() => screen.show(ViewPart::State(state(hub)))?,
            Ok(()) = listening.changed() => {
                let now = ears(&listening.borrow_and_update());
                screen.show(ViewPart::Listening(now))?;
            }
            () = tokio::time::sleep(LOOK), if !troubled.is_empty() => over = true,
        }
        // A skill fails in a turn, and has rested after a while.
        if over {
            let now = hub.host.registry().troubled();
            if now != troubled {
                troubled = now;
                screen.show(ViewPart::House(house(hub)))?;
            }
        }
    }
}

/// Where one client looks.
struct Screen {
    id: u32,
    answers: Answers,
    seq: u64,
}

impl Screen {
    fn show(&mut self, part: ViewPart) -> Result<(), ClientGone> {
        let view = View {
            seq: self.seq,
            part,
        };
        self.seq += 1;
        self.answers.send(ServerFrame::View { id: self.id, view })
    }
}

fn house(hub: &Shared) -> view::House {
    // First: an edit by a revision that is older than what is shown is refused, and a newer one would
    // overwrite what was not seen.
    let about = hub.about.borrow().clone();
    let home = hub.understanding.home();
    let Home { areas, devices, .. } = &*home;
    let area = |area: &loqa_core::home::Area| view::Area {
        id: area.id.clone(),
        name: area.name.clone(),
        aliases: area.aliases.clone(),
        floor: area.floor.clone(),
    };
    let device = |device: &loqa_core::home::Device| view::Device {
        id: device.id.clone(),
        name: device.name.clone(),
        aliases: device.aliases.clone(),
        area: device.area.clone(),
        kind: device.kind.as_str().into(),
        confirm: device.confirm,
        features: device.features.clone(),
    };
    view::House {
        areas: areas.iter().map(area).collect(),
        devices: devices.iter().map(device).collect(),
        skills: skills(hub),
        version: env!("CARGO_PKG_VERSION").into(),
        revision: about.revision,
        home_file: hub.home_file.path().display().to_string(),
        demonstration: about.demonstration,
        name: about.name.clone(),
        welcomed: about.welcomed,
        kiosk_pin: about.kiosk_pin,
        wake: hub.config.listen.wake.clone(),
    }
}

fn state(hub: &Shared) -> view::State {
    let moment = hub.household.read();
    let timers = hub.host.timers().into_iter().map(|timer| view::Timer {
        id: timer.id,
        name: timer.name,
        total_s: timer.total_s,
        remaining_ms: timer.remaining_ms,
        paused: timer.state == TimerState::Paused,
    });
    let devices = hub.host.devices().into_iter().map(|device| {
        let state = device.state;
        view::DeviceState {
            id: device.id,
            power: state.power,
            brightness: state.brightness.map(Into::into),
            colour: state.colour,
            temperature: state.temperature,
            reading: state.reading,
            position: state.position.map(Into::into),
            locked: state.locked,
            playing: state.playing,
            volume: state.volume.map(Into::into),
            speed: state.speed.map(Into::into),
        }
    });
    let lists = moment.household.lists.iter().map(|(id, items)| view::List {
        id: id.clone(),
        items: items.clone(),
    });
    let shown = |alarm: loqa_skill_sdk::Alarm| view::Alarm {
        id: alarm.id,
        text: alarm.text,
        does: None,
        at_ms: alarm.at_ms,
        time: format!("{:02}:{:02}", alarm.at.hour, alarm.at.minute),
        days: alarm.every.map_or(0, |every| every.days.into()),
        state: match alarm.state {
            AlarmState::Waiting => "waiting",
            AlarmState::Snoozed => "snoozed",
            AlarmState::Ringing => "ringing",
            AlarmState::Missed => "missed",
        }
        .into(),
    };
    let does = |alarm: view::Alarm| view::Alarm {
        does: alarm.text,
        text: None,
        ..alarm
    };
    let schedules = hub.host.schedules().into_iter().map(shown).map(does);
    let mut alarms: Vec<_> = hub.host.alarms().into_iter().map(shown).collect();
    alarms.extend(schedules);
    alarms.sort_by_key(|alarm| alarm.id);
    view::State {
        timers: timers.collect(),
        alarms,
        devices: devices.collect(),
        lists: lists.collect(),
    }
}

fn ears(listening: &Listening) -> view::Listening {
    let none = |why: &str| view::Listening {
        why: why.into(),
        ..view::Listening::default()
    };
    let heard = |name: &String, awake, muted| view::Listening {
        microphone: Some(name.clone()),
        awake,
        muted,
        why: String::new(),
    };
    match listening {
        Listening::Off(why) | Listening::Lost(why) => none(why),
        Listening::Opening => none(""),
        Listening::Asleep(name) => heard(name, false, false),
        Listening::Awake(name) => heard(name, true, false),
        Listening::Muted(name) => heard(name, false, true),
    }
}
