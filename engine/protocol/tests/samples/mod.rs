//! One frame of every kind, by name; and any frame at all.

mod any;
mod job;
mod keep;
mod link;
mod model;
mod nodes;
mod people;

pub use any::{any_client_frame, any_frame};
pub use job::job;
pub use link::link;

use loqa_protocol::{
    AudioFormat, Choice, ClientFrame, EffectKind, Envelope, Event, HomeEdit, HopTimings, JobFrame,
    LatencyClass, ModelChange, Partial, Placement, PrivacyScope, Problem, QosTier, ServerFrame,
    SessionId, SkillChange, Speculation, StepSummary, TurnId, TurnSummary, Verdict, View, ViewPart,
    card::{Card, CardLine},
    link::LinkFrame,
    model::ModelFrame,
    view::{
        Alarm, Area, Device, DeviceState, House, List, Listening, Skill, SkillIntent, SkillSetting,
        State, Timer,
    },
};
use serde_json::{Map, Value, json};

/// A frame of any protocol.
#[derive(Clone, PartialEq, Debug)]
#[allow(clippy::large_enum_variant, reason = "a few dozen in a test")]
pub enum Frame {
    Client(ClientFrame),
    Server(ServerFrame),
    Job(JobFrame),
    Link(LinkFrame),
    Model(ModelFrame),
}

/// Name → frame. Released names and values never change.
pub fn all() -> Vec<(String, Frame)> {
    let mut all = Vec::new();
    all.extend(
        client()
            .into_iter()
            .chain(people::client())
            .chain(nodes::client())
            .map(|(name, frame)| (format!("client.{name}"), Frame::Client(frame))),
    );
    all.extend(
        server()
            .into_iter()
            .chain(nodes::server())
            .map(|(name, frame)| (format!("server.{name}"), Frame::Server(frame))),
    );
    all.extend(events().into_iter().map(|(name, event)| {
        (
            format!("event.{name}"),
            Frame::Server(ServerFrame::Event {
                id: 4,
                envelope: envelope(event),
            }),
        )
    }));
    all.extend(
        job()
            .into_iter()
            .map(|(name, frame)| (format!("job.{name}"), Frame::Job(frame))),
    );
    all.extend(
        link()
            .into_iter()
            .map(|(name, frame)| (format!("link.{name}"), Frame::Link(frame))),
    );
    all.extend(
        model::model()
            .into_iter()
            .map(|(name, frame)| (format!("model.{name}"), Frame::Model(frame))),
    );
    all
}

fn client() -> Vec<(&'static str, ClientFrame)> {
    let id = 3;
    let mut all = vec![
        (
            "ask",
            ClientFrame::Ask {
                id,
                text: "turn off the kitchen lights".into(),
            },
        ),
        (
            "ask_audio",
            ClientFrame::AskAudio {
                id,
                file: Some("a.wav".into()),
                speech_end: Some(31_337),
                fast: true,
                called: None,
            },
        ),
        (
            "ask_audio_bare",
            ClientFrame::AskAudio {
                id: 0,
                file: None,
                speech_end: None,
                fast: false,
                called: None,
            },
        ),
        (
            "audio",
            ClientFrame::Audio {
                id,
                samples: vec![0.0, 0.5, -1.0],
            },
        ),
        ("audio_end", ClientFrame::AudioEnd { id }),
        ("transcribe", ClientFrame::Transcribe { id, open: true }),
        (
            "intent",
            ClientFrame::Intent {
                id,
                text: "what time is it".into(),
            },
        ),
        (
            "say",
            ClientFrame::Say {
                id,
                text: "hello".into(),
                voice: Some("rms".into()),
                to_client: true,
            },
        ),
        ("timers", ClientFrame::Timers { id }),
        ("doctor", ClientFrame::Doctor { id }),
        ("subscribe", ClientFrame::Subscribe { id }),
        ("watch", ClientFrame::Watch { id }),
        ("call", ClientFrame::Call { id }),
        ("mute", ClientFrame::Mute { id, muted: true }),
        ("dashboard", ClientFrame::Dashboard { id }),
        (
            "edit_device",
            edit(HomeEdit::Device(house().devices.remove(0))),
        ),
        ("edit_area", edit(HomeEdit::Area(house().areas.remove(0)))),
        ("remove_device", edit(HomeEdit::RemoveDevice("lamp".into()))),
        ("remove_area", edit(HomeEdit::RemoveArea("attic".into()))),
        (
            "ways",
            ClientFrame::Ways {
                id,
                device: "lamp".into(),
            },
        ),
        ("level", ClientFrame::Level { id, on: true }),
        ("logs", ClientFrame::Logs { id, after: 500 }),
        ("sounds", ClientFrame::Sounds { id }),
        (
            "choose_name",
            choose(Choice::HouseholdName("The Byrons".into())),
        ),
        (
            "choose_microphone",
            choose(Choice::Microphone("desk".into())),
        ),
        ("choose_speaker", choose(Choice::Speaker("none".into()))),
        ("choose_welcomed", choose(Choice::Welcomed(true))),
        ("choose_pin", choose(Choice::KioskPin("1815".into()))),
        (
            "leave",
            ClientFrame::Leave {
                id,
                pin: "1815".into(),
            },
        ),
        ("call_end", ClientFrame::CallEnd { id }),
        (
            "look_at_skill",
            ClientFrame::LookAtSkill {
                id,
                part: vec![0x50, 0x4b, 0, 0xff],
                last: true,
            },
        ),
        (
            "install_skill",
            ClientFrame::InstallSkill {
                id,
                offer: "0badcafe".into(),
                agreed: true,
            },
        ),
        ("skill_off", change(SkillChange::Enabled(false))),
        ("skill_pin", change(SkillChange::Pin("1.2.0".into()))),
        ("skill_rollback", change(SkillChange::Rollback)),
        ("skill_remove", change(SkillChange::Remove)),
        (
            "skill_set",
            change(SkillChange::Set("minutes".into(), Some("4".into()))),
        ),
        ("skill_audit", ClientFrame::SkillAudit { id, most: 100 }),
        ("skill_calls", ClientFrame::SkillCalls { id }),
        ("models", ClientFrame::Models { id, on: true }),
        ("model_pull", change_model(ModelChange::Pull)),
        ("model_pause", change_model(ModelChange::Pause)),
        ("model_verify", change_model(ModelChange::Verify)),
        ("model_remove", change_model(ModelChange::Remove)),
        (
            "choose_model",
            choose(Choice::Model("stt".into(), "whisper-base-en".into())),
        ),
        ("privacy", ClientFrame::Privacy { id, on: true }),
        ("egress", ClientFrame::Egress { id, most: 100 }),
        (
            "went_out",
            ClientFrame::WentOut {
                id,
                connections: "[]".into(),
            },
        ),
        ("seal", ClientFrame::Seal { id, sealed: true }),
    ];
    all.extend(keep::frames());
    all
}

fn change(change: SkillChange) -> ClientFrame {
    let skill = "tea".into();
    ClientFrame::ChangeSkill {
        id: 3,
        skill,
        change,
    }
}

fn change_model(change: ModelChange) -> ClientFrame {
    let model = "whisper-base-en".into();
    ClientFrame::ChangeModel {
        id: 3,
        model,
        change,
    }
}

fn choose(choice: Choice) -> ClientFrame {
    ClientFrame::Choose { id: 3, choice }
}

fn edit(edit: HomeEdit) -> ClientFrame {
    ClientFrame::EditHome {
        id: 3,
        revision: u64::MAX,
        edit,
    }
}

fn server() -> Vec<(&'static str, ServerFrame)> {
    let id = 3;
    let problem = Problem {
        code: "busy".into(),
        message: "a turn is under way".into(),
        help: "wait for it".into(),
    };
    let format = AudioFormat {
        sample_rate_hz: 16_000,
    };
    vec![
        (
            "speech",
            ServerFrame::Speech {
                id,
                format,
                samples: vec![0.25, -0.25],
            },
        ),
        (
            "turn",
            ServerFrame::Turn {
                id,
                summary: summary(),
            },
        ),
        (
            "turn_empty",
            ServerFrame::Turn {
                id,
                summary: TurnSummary::default(),
            },
        ),
        (
            "transcript",
            ServerFrame::Transcript {
                id,
                text: "set a timer".into(),
                rejected: false,
                decode_ms: 12.5,
            },
        ),
        (
            "json",
            ServerFrame::Json {
                id,
                json: "[]".into(),
            },
        ),
        ("problem", ServerFrame::Problem { id, problem }),
        ("done", ServerFrame::Done { id }),
        (
            "loudness",
            ServerFrame::Loudness {
                id,
                level_db: -30.5,
                peak: 0.25,
            },
        ),
        ("view_house", view(ViewPart::House(house()))),
        (
            "view_house_to_edit",
            view(ViewPart::House(House {
                revision: u64::MAX,
                home_file: "/home/ada/home.toml".into(),
                demonstration: true,
                name: "The Byrons".into(),
                welcomed: true,
                kiosk_pin: true,
                wake: vec!["hey loqa".into()],
                ..house()
            })),
        ),
        ("view_skills", view(ViewPart::House(skills()))),
        ("view_state", view(ViewPart::State(state()))),
        (
            "view_state_alarms",
            view(ViewPart::State(State {
                alarms: vec![Alarm {
                    id: 2,
                    text: Some("call mom".into()),
                    at_ms: 1_795_000_000_000,
                    time: "19:30".into(),
                    days: 31,
                    state: "waiting".into(),
                    does: None,
                }],
                ..state()
            })),
        ),
        (
            "view_state_schedules",
            view(ViewPart::State(State {
                alarms: vec![Alarm {
                    id: 3,
                    time: "08:00".into(),
                    state: "waiting".into(),
                    does: Some("turn on the radio".into()),
                    ..Alarm::default()
                }],
                ..state()
            })),
        ),
        (
            "view_listening",
            view(ViewPart::Listening(Listening {
                microphone: Some("desk".into()),
                awake: true,
                muted: false,
                why: String::new(),
            })),
        ),
        (
            "view_event",
            view(ViewPart::Event(envelope(Event::SpeechStarted))),
        ),
    ]
}

fn view(part: ViewPart) -> ServerFrame {
    let view = View { seq: 7, part };
    ServerFrame::View { id: 3, view }
}

fn house() -> House {
    let text = String::from;
    House {
        areas: vec![Area {
            id: text("kitchen"),
            name: text("kitchen"),
            aliases: vec![text("galley")],
            floor: Some(text("downstairs")),
        }],
        devices: vec![Device {
            id: text("front_door"),
            name: text("front door"),
            aliases: vec![text("main door")],
            area: Some(text("hallway")),
            kind: text("lock"),
            confirm: true,
            features: vec![text("brightness")],
        }],
        skills: vec![Skill {
            name: text("bins"),
            description: text("Which bin goes out when."),
            intents: vec![SkillIntent {
                name: text("which_day"),
                sentences: vec![text("when does the {bin} go out")],
                examples: vec![text("when does the trash go out")],
            }],
            ..Skill::default()
        }],
        version: text("0.1.0"),
        ..House::default()
    }
}

fn skills() -> House {
    let text = String::from;
    let tea = Skill {
        name: text("tea"),
        version: text("1.2.0"),
        from: text("installed"),
        enabled: true,
        pinned: true,
        versions: vec![text("1.0.0"), text("1.2.0")],
        permissions: vec![text("It can start, change and stop timers.")],
        wrong: text("The skill tea did not work: it crashed."),
        help: text("ask whoever wrote it"),
        settings: vec![SkillSetting {
            name: text("kind"),
            title: text("Tea in the house"),
            value: text("green"),
            can_be: text("one of: green, black"),
            choices: vec![text("green"), text("black")],
            switch: false,
            set: true,
        }],
        ..Skill::default()
    };
    House {
        skills: vec![tea],
        ..House::default()
    }
}

fn state() -> State {
    State {
        timers: vec![Timer {
            id: 1,
            name: Some("pasta".into()),
            total_s: 600,
            remaining_ms: 1_500,
            paused: true,
        }],
        alarms: Vec::new(),
        devices: vec![DeviceState {
            id: "lamp".into(),
            power: Some(true),
            brightness: Some(50),
            colour: Some("red".into()),
            temperature: Some(21.5),
            reading: Some(19.0),
            position: Some(30),
            locked: Some(false),
            playing: Some(true),
            volume: Some(40),
            speed: Some(66),
        }],
        lists: vec![List {
            id: "shopping_list".into(),
            items: vec!["milk".into()],
        }],
    }
}

fn events() -> Vec<(&'static str, Event)> {
    let text = String::from("turn off the lights");
    let intent = String::from("home.turn_off");
    vec![
        ("speech_started", Event::SpeechStarted),
        ("stt_partial", Event::SttPartial { text: text.clone() }),
        (
            "stt_final",
            Event::SttFinal {
                text: text.clone(),
                verdict: Verdict::Rejected,
            },
        ),
        (
            "nlu_response",
            Event::NluResponse {
                text: text.clone(),
                intents: vec![intent.clone()],
                reply: "OK.".into(),
            },
        ),
        (
            "speech_ended",
            Event::SpeechEnded {
                endpoint_delay_ms: 41.5,
                state: "closed".into(),
            },
        ),
        (
            "skill_invoke",
            Event::SkillInvoke {
                intent: intent.clone(),
            },
        ),
        (
            "skill_result",
            Event::SkillResult {
                intent,
                effects: vec![EffectKind::Device, EffectKind::Timer, EffectKind::List],
                ok: true,
            },
        ),
        (
            "skill_result_alarm",
            Event::SkillResult {
                intent: "alarms.wake".into(),
                effects: vec![EffectKind::Alarm],
                ok: true,
            },
        ),
        (
            "skill_result_to_elsewhere",
            Event::SkillResult {
                intent: "weather.today".into(),
                effects: vec![
                    EffectKind::Http,
                    EffectKind::Notify,
                    EffectKind::Publish,
                    EffectKind::Speak,
                ],
                ok: true,
            },
        ),
        ("tts_request", Event::TtsRequest { text: text.clone() }),
        ("reply_started", Event::ReplyStarted { text }),
        ("reply_ended", Event::ReplyEnded { heard_ms: 812 }),
        (
            "timer_rang",
            Event::TimerRang {
                id: 4,
                name: Some("pasta".into()),
                late_s: 60,
            },
        ),
        ("timer_silenced", Event::TimerSilenced { id: 4 }),
        (
            "alarm_rang",
            Event::AlarmRang {
                id: 5,
                text: Some("call mom".into()),
                time: "19:30".into(),
                late_s: 60,
            },
        ),
        ("alarm_silenced", Event::AlarmSilenced { id: 5 }),
        (
            "skill_notice",
            Event::SkillNotice {
                skill: "tea".into(),
                text: "The tea is ready.".into(),
                aloud: true,
            },
        ),
        (
            "skill_published",
            Event::SkillPublished {
                skill: "tea".into(),
                topic: "brewed".into(),
                payload: r#"{"minutes":3}"#.into(),
            },
        ),
        ("pin_wanted", Event::PinWanted { wanted: true }),
        (
            "degraded",
            Event::Degraded {
                what: "stt".into(),
                message: "no recogniser".into(),
                help: "install it".into(),
            },
        ),
        (
            "visual_card_update",
            Event::VisualCardUpdate(Card {
                skill: "clock".into(),
                id: "Christmas".into(),
                title: "Christmas".into(),
                lines: vec![
                    CardLine {
                        name: Some("Days".into()),
                        text: "35".into(),
                    },
                    CardLine {
                        name: None,
                        text: "Friday, December 25th".into(),
                    },
                ],
                say: vec!["when is Christmas".into()],
                stays_ms: 600_000,
            }),
        ),
        ("turn_summary", Event::TurnSummary(summary())),
        ("turn_summary_told", Event::TurnSummary(told())),
    ]
}

fn envelope(event: Event) -> Envelope {
    Envelope {
        trace_id: 0xfeed << 64,
        session_id: SessionId(0x00c0_ffee),
        turn: Some(TurnId(1)),
        actor_id: "ada".into(),
        origin: "kitchen".into(),
        seq: 9,
        at_ms: 1_700_000_000_000,
        capability_tier: QosTier::Balanced,
        privacy_scope: PrivacyScope::Session,
        event,
    }
}

fn slots() -> Map<String, Value> {
    let value = json!({ "name": "pasta", "duration": 600, "exact": true, "level": 0.5 });
    value.as_object().cloned().unwrap()
}

fn summary() -> TurnSummary {
    TurnSummary {
        file: Some("a.wav".into()),
        text: "set a pasta timer for ten minutes".into(),
        intent: Some("timers.set".into()),
        slots: slots(),
        steps: vec![StepSummary {
            intent: "timers.set".into(),
            slots: slots(),
        }],
        class: Some(LatencyClass::B),
        reply: "Ten minutes for the pasta.".into(),
        rejected: false,
        ttfa_ms: Some(64.5),
        result_ms: Some(50.0),
        endpoint_delay_ms: Some(41.0),
        cut_off: Some(false),
        early: Some(true),
        speculation: Speculation::Hit,
        hops: HopTimings {
            endpoint_ms: Some(41.0),
            stt_final_ms: Some(2.0),
            prepare_ms: Some(0.25),
            commit_ms: Some(4.0),
            tts_first_chunk_ms: Some(0.0),
            playback_ms: None,
        },
        ..TurnSummary::default()
    }
}

/// With how it came to be.
fn told() -> TurnSummary {
    TurnSummary {
        partials: vec![Partial {
            at_ms: -120.5,
            text: "set a pasta timer".into(),
        }],
        placements: vec![Placement {
            capability: "stt.pocketsphinx:en-us".into(),
            reason: "stt.pocketsphinx:en-us on this machine: the only one available".into(),
        }],
        ..summary()
    }
}
