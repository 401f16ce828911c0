use super::*;
use loqa_protocol::{
    EffectKind, HopTimings, PrivacyScope, Problem, QosTier, SessionId, SkillChange, TurnId,
    Verdict,
    card::Card,
    view::{Skill, SkillIntent},
};

/// A dashboard whose connection is up.
struct Screen {
    model: Model,
    seq: u64,
}

impl Screen {
    fn open() -> Screen {
        let mut model = Model::default();
        let asked = model.open();
        assert_eq!(
            asked,
            [ClientFrame::Watch { id: 1 }, ClientFrame::Doctor { id: 2 }]
        );
        Screen { model, seq: 0 }
    }

    fn show(&mut self, part: ViewPart) -> Option<ClientFrame> {
        let view = View {
            seq: self.seq,
            part,
        };
        self.seq += 1;
        let id = self.model.watch.0;
        self.model.apply(ServerFrame::View { id, view }, 1000.0)
    }

    fn event(&mut self, turn: u32, at_ms: i64, event: Event) {
        assert_eq!(self.answer(turn, at_ms, event), None);
    }

    fn answer(&mut self, turn: u32, at_ms: i64, event: Event) -> Option<ClientFrame> {
        let envelope = Envelope {
            trace_id: 1,
            session_id: SessionId(1),
            turn: Some(TurnId(turn)),
            actor_id: String::new(),
            origin: "hub".into(),
            seq: 0,
            at_ms,
            capability_tier: QosTier::Fast,
            privacy_scope: PrivacyScope::Ephemeral,
            event,
        };
        self.show(ViewPart::Event(envelope))
    }

    fn shows(&self) -> (Mood, &str, &str) {
        let live = &self.model.live;
        (self.model.mood(), &live.heard, &live.reply)
    }
}

fn summary(text: &str, reply: &str) -> TurnSummary {
    TurnSummary {
        text: text.into(),
        reply: reply.into(),
        ..TurnSummary::default()
    }
}

#[test]
fn a_card_is_shown_until_its_time_is_over_or_another_hub_answers() {
    let mut screen = Screen::open();
    let card = Card {
        skill: "tea".into(),
        id: "brew".into(),
        title: "Green tea".into(),
        stays_ms: 500,
        ..Card::default()
    };
    screen.event(1, 0, Event::VisualCardUpdate(card.clone()));
    assert_eq!(screen.model.cards.shown(1499).collect::<Vec<_>>(), [&card]);
    assert_eq!(screen.model.cards.shown(1500).count(), 0);
    screen.model.open();
    assert_eq!(screen.model.cards.shown(1499).count(), 0);
}

#[test]
fn a_spoken_turn_is_seen_as_it_happens() {
    let mut screen = Screen::open();
    let microphone = Listening {
        microphone: Some("desk".into()),
        ..Listening::default()
    };
    screen.show(ViewPart::Listening(microphone));
    assert_eq!(screen.shows(), (Mood::Asleep, "", ""));
    screen.event(1, 0, Event::SpeechStarted);
    screen.event(
        1,
        0,
        Event::SttPartial {
            text: "lights".into(),
        },
    );
    assert_eq!(screen.shows(), (Mood::Hearing, "lights", ""));
    let text = String::from("lights on");
    screen.event(
        1,
        0,
        Event::SttFinal {
            text: text.clone(),
            verdict: Verdict::Accepted,
        },
    );
    assert_eq!(screen.shows(), (Mood::Thinking, "lights on", ""));
    let effects = vec![EffectKind::Device];
    screen.event(
        1,
        0,
        Event::SkillResult {
            intent: "home.turn_on".into(),
            effects,
            ok: true,
        },
    );
    screen.event(
        1,
        0,
        Event::ReplyStarted {
            text: "Done.".into(),
        },
    );
    screen.event(1, 5, Event::TurnSummary(summary(&text, "Done.")));
    assert_eq!(screen.shows(), (Mood::Speaking, "lights on", "Done."));
    assert!(screen.model.live.acted);
    screen.event(1, 6, Event::ReplyEnded { heard_ms: 400 });
    assert_eq!(screen.shows(), (Mood::Asleep, "lights on", "Done."));
    assert_eq!(screen.model.turns.len(), 1);
    // Shown again after a reconnect, it is the same turn.
    screen.event(1, 5, Event::TurnSummary(summary(&text, "Done.")));
    assert_eq!(screen.model.turns.len(), 1);
}

#[test]
fn a_rejected_noise_leaves_the_last_answer_standing() {
    let mut screen = Screen::open();
    screen.event(1, 0, Event::TurnSummary(summary("lights on", "Done.")));
    let noise = TurnSummary {
        rejected: true,
        ..TurnSummary::default()
    };
    screen.event(2, 0, Event::TurnSummary(noise));
    assert_eq!(screen.shows(), (Mood::Deaf, "lights on", "Done."));
}

#[test]
fn what_was_lost_is_asked_for_again() {
    let mut screen = Screen::open();
    screen.show(ViewPart::House(House::default()));
    screen.seq += 1;
    let again = screen.show(ViewPart::State(State::default()));
    assert_eq!(again, Some(ClientFrame::Watch { id: 3 }));
    // What still comes of the old subscription counts no more.
    let view = View {
        seq: 9,
        part: ViewPart::Listening(Listening::default()),
    };
    assert_eq!(
        screen.model.apply(ServerFrame::View { id: 1, view }, 0.0),
        None
    );
    screen.seq = 0;
    assert_eq!(screen.show(ViewPart::State(State::default())), None);
}

#[test]
fn a_question_of_ours_offers_yes_and_no_and_a_problem_is_told() {
    let mut screen = Screen::open();
    screen.model.ask("unlock the front door");
    assert_eq!(
        screen.shows(),
        (Mood::Thinking, "unlock the front door", "")
    );
    let turn = summary("unlock the front door", "Shall I unlock the front door?");
    screen.model.apply(
        ServerFrame::Turn {
            id: 3,
            summary: turn,
        },
        0.0,
    );
    assert!(screen.model.live.asks && !screen.model.live.acted);
    screen.model.ask("yes");
    assert!(!screen.model.live.asks);
    let problem = Problem {
        code: "x".into(),
        message: "the disk is full".into(),
        help: "free some space".into(),
    };
    screen
        .model
        .apply(ServerFrame::Problem { id: 4, problem }, 0.0);
    assert_eq!(screen.model.mood(), Mood::Deaf);
    let trouble = screen.model.trouble.clone().unwrap();
    assert_eq!(
        trouble,
        ("the disk is full".into(), "free some space".into())
    );
}

#[test]
fn turns_are_kept_for_a_quarter_of_an_hour() {
    let mut screen = Screen::open();
    for turn in 0..20 {
        let at_ms = i64::from(turn) * 60_000;
        screen.event(turn, at_ms, Event::TurnSummary(summary("x", "y")));
    }
    let turns = &screen.model.turns;
    assert_eq!((turns.len(), turns[0].key.1, turns[15].key.1), (16, 19, 4));
}

#[test]
fn timers_count_down_between_frames_unless_they_are_paused() {
    let mut screen = Screen::open();
    let timer = |id, paused| Timer {
        id,
        total_s: 600,
        remaining_ms: 61_000,
        paused,
        ..Timer::default()
    };
    let timers = vec![timer(1, false), timer(2, true)];
    screen.show(ViewPart::State(State {
        timers: timers.clone(),
        ..State::default()
    }));
    let left = |timer, now| clock(screen.model.remaining_ms(timer, now));
    assert_eq!(left(&timers[0], 1000.0), "1:01");
    assert_eq!(left(&timers[0], 3500.0), "0:59");
    assert_eq!(left(&timers[0], 1e9), "0:00");
    assert_eq!(left(&timers[1], 1e9), "1:01");
    assert_eq!(clock(3_909_000.0), "1:05:09");
}

#[test]
fn what_rings_comes_before_what_will() {
    let alarm = |state: &str, at_ms| Alarm {
        at_ms,
        state: state.into(),
        ..Alarm::default()
    };
    let alarms = [alarm("missed", 1), alarm("waiting", 3), alarm("waiting", 2)];
    assert_eq!(next_alarm(&alarms), Some(&alarms[2]));
    let alarms = [alarm("snoozed", 1), alarm("ringing", 2)];
    assert_eq!(next_alarm(&alarms), Some(&alarms[1]));
    assert_eq!(days(0b100_0101).collect::<Vec<_>>(), [0, 2, 6]);
}

#[test]
fn the_waterfall_lays_the_hops_end_to_end() {
    let summary = TurnSummary {
        hops: HopTimings {
            endpoint_ms: Some(40.0),
            stt_final_ms: Some(2.0),
            prepare_ms: Some(0.3),
            commit_ms: None,
            tts_first_chunk_ms: Some(-1.0),
            playback_ms: Some(8.0),
        },
        ..TurnSummary::default()
    };
    let expected = [
        ("endpoint", 0.0, 40.0),
        ("final", 40.0, 2.0),
        ("voice", 42.0, 0.0),
        ("playback", 42.0, 8.0),
    ];
    assert_eq!(waterfall(&summary), expected);
}

#[test]
fn suggestions_come_from_every_skill() {
    let mut screen = Screen::open();
    let skill = |name: &str, count: usize| Skill {
        name: name.into(),
        intents: (0..count)
            .map(|n| SkillIntent {
                examples: vec![format!("{name} {n}")],
                ..SkillIntent::default()
            })
            .collect(),
        enabled: true,
        ..Skill::default()
    };
    let off = Skill {
        enabled: false,
        ..skill("tea", 3)
    };
    screen.show(ViewPart::House(House {
        skills: vec![skill("loqa", 2), skill("clock", 1), off, skill("home", 5)],
        ..House::default()
    }));
    assert_eq!(screen.model.suggestions(3), ["clock 0", "home 0", "home 1"]);
    assert_eq!(screen.model.suggestions(99).len(), 6);
}

#[test]
fn an_edit_is_done_or_refused_and_nobody_elses_trouble() {
    let mut screen = Screen::open();
    let refused = |id, code: &str| ServerFrame::Problem {
        id,
        problem: Problem {
            code: code.into(),
            message: "no".into(),
            help: String::new(),
        },
    };
    let edit = HomeEdit::RemoveDevice("lamp".into());
    let ClientFrame::EditHome { id, revision, .. } = screen.model.edit(7, edit.clone()) else {
        panic!("an edit is asked for");
    };
    assert_eq!((revision, &screen.model.edited), (7, &Edited::Waiting(id)));
    screen.model.apply(refused(id, "home_changed"), 0.0);
    // The hub ends every request, a refused one too.
    screen.model.apply(ServerFrame::Done { id }, 0.0);
    assert!(
        matches!(&screen.model.edited, Edited::Refused(problem) if problem.code == "home_changed")
    );
    assert_eq!(screen.model.trouble, None);
    let id = screen.model.edit(8, edit).id();
    screen.model.apply(ServerFrame::Done { id }, 0.0);
    assert_eq!(screen.model.edited, Edited::Done);

    let id = screen.model.ask_ways("lamp").id();
    let json = r#"["turn on the lamp"]"#.into();
    screen.model.apply(ServerFrame::Json { id, json }, 0.0);
    assert_eq!(screen.model.ways["lamp"], ["turn on the lamp"]);
    // In another house one speaks in other ways.
    screen.show(ViewPart::House(House::default()));
    assert!(screen.model.ways.is_empty());
}

#[test]
fn a_skill_is_looked_at_then_installed_and_the_audit_is_asked_for_anew() {
    let mut screen = Screen::open();
    let model = &mut screen.model;
    let file = vec![7; ClientFrame::MAX_PART + 1];
    let parts = model.look_at_skill(&file);
    let sizes = parts.iter().map(|frame| match frame {
        ClientFrame::LookAtSkill { part, last, .. } => (part.len(), *last),
        _ => panic!("{frame:?}"),
    });
    let sizes: Vec<_> = sizes.collect();
    assert_eq!(
        sizes,
        [(ClientFrame::MAX_PART, false), (1, false), (0, true)]
    );
    let id = parts[0].id();
    let json = r#"{"offer":"7","name":"tea","version":"1.0.0","before":null,"pinned":false,"disabled":false,
        "description":"","examples":[],"permissions":[{"permission":"timer","sentence":"It can.","new":true}],"always":[]}"#;
    let json = json.into();
    assert_eq!(model.apply(ServerFrame::Json { id, json }, 0.0), None);
    assert_eq!(model.apply(ServerFrame::Done { id }, 0.0), None);
    let install = model.answer_offer(true).unwrap();
    let id = install.id();
    let offer = "7".into();
    let agreed = true;
    assert_eq!(install, ClientFrame::InstallSkill { id, offer, agreed });
    assert_eq!(model.answer_offer(true), None, "once");
    let asked = model.apply(ServerFrame::Done { id }, 0.0);
    assert!(matches!(asked, Some(ClientFrame::SkillAudit { .. })));
    assert!(matches!(&model.skills.offer, skills::Offer::Installed(tea) if tea.name == "tea"));

    let id = model.change_skill("tea", SkillChange::Enabled(false)).id();
    let problem = Problem {
        code: "busy".into(),
        message: String::new(),
        help: String::new(),
    };
    model.apply(ServerFrame::Problem { id, problem }, 0.0);
    assert!(matches!(model.skills.outcome, Edited::Refused(_)));
    assert_eq!(model.trouble, None, "told where it was changed");
    let versions: Vec<String> = ["1.0.0", "1.2.0", "2.0.0"].map(String::from).into();
    let at = |version: &str| Skill {
        version: version.into(),
        versions: versions.clone(),
        ..Skill::default()
    };
    assert_eq!(skills::before(&at("1.2.0")), Some("1.0.0"));
    assert_eq!(skills::before(&at("1.0.0")), None);
    assert_eq!(skills::before(&at("")), Some("2.0.0"), "its folder is gone");
}

#[test]
fn what_calls_took_is_asked_once_at_a_time_and_only_for_who_looks() {
    let mut screen = Screen::open();
    let over =
        |screen: &mut Screen| screen.answer(7, 0, Event::TurnSummary(summary("tea", "Done.")));
    assert_eq!(over(&mut screen), None, "nobody looks");
    let asked = screen.model.watch_calls(true).unwrap();
    let id = asked.id();
    assert_eq!(asked, ClientFrame::SkillCalls { id });
    assert_eq!(over(&mut screen), None, "one is under way");
    let json = r#"[{"at_ms":1,"skill":"tea","step":"prepare","total_us":90,"waited_us":9,"calls":1,"memory":65536,"fault":null},
        {"at_ms":2,"skill":"tea","step":"commit","total_us":null,"waited_us":null,"calls":null,"memory":null,"fault":"it ended"}]"#;
    let json: String = json.into();
    let answer = |id| ServerFrame::Json {
        id,
        json: json.clone(),
    };
    let again = screen.model.apply(answer(id), 0.0).unwrap();
    assert_eq!(
        screen.model.calls.latest[0].fault.as_deref(),
        Some("it ended")
    );
    assert_eq!(screen.model.apply(answer(again.id()), 0.0), None);
    screen.model.watch_calls(false);
    assert_eq!(over(&mut screen), None);
}

#[test]
fn a_problem_of_the_connection_is_no_answer_to_anything() {
    let mut screen = Screen::open();
    let problem = Problem {
        code: "slow_client".into(),
        message: "too slow".into(),
        help: "ask again".into(),
    };
    screen
        .model
        .apply(ServerFrame::Problem { id: 0, problem }, 0.0);
    let outcomes = (
        &screen.model.edited,
        &screen.model.chosen,
        &screen.model.left,
    );
    let nothing = Edited::Nothing;
    assert_eq!(outcomes, (&nothing, &nothing, &nothing));
    let told = ("too slow".into(), "ask again".into());
    assert_eq!(screen.model.trouble, Some(told));
}

#[test]
fn a_log_is_asked_for_from_where_it_ends() {
    let mut screen = Screen::open();
    let mut tell = |lines: std::ops::RangeInclusive<u64>| {
        let id = screen.model.ask_logs().id();
        let line = |seq| format!(r#"{{"seq":{seq},"at_ms":1,"level":"INFO","text":"called"}}"#);
        let lines: Vec<String> = lines.map(line).collect();
        let json = format!("[{}]", lines.join(","));
        screen.model.apply(ServerFrame::Json { id, json }, 0.0);
        let ClientFrame::Logs { after, .. } = screen.model.ask_logs() else {
            panic!("lines are asked for");
        };
        (after, screen.model.logs.len())
    };
    assert_eq!(tell(1..=3), (3, 3));
    assert_eq!(tell(4..=LINES as u64 + 2), (LINES as u64 + 2, LINES));
}
