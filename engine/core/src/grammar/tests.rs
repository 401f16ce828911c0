//! Conversations with a small grammar: words in, meaning out.

use super::*;
use crate::{
    home::{Area, Device, DeviceKind, Home},
    manifest::{FollowUp, Intent, List, ListValue, Manifest},
};
use expect_test::{Expect, expect};
use jiff::Zoned;
use std::{collections::BTreeSet, fmt::Write};

fn manifest(name: &str, intents: &[(&str, &[&str])]) -> Manifest {
    Manifest {
        name: name.into(),
        intents: intents
            .iter()
            .map(|(name, sentences)| Intent {
                name: (*name).into(),
                sentences: sentences
                    .iter()
                    .map(|sentence| (*sentence).into())
                    .collect(),
                ..Intent::default()
            })
            .collect(),
        ..Manifest::default()
    }
}

fn timers() -> Manifest {
    let mut timers = manifest(
        "timers",
        &[
            (
                "set",
                &[
                    "(set|start) [a|an] timer [for {duration}]",
                    "[set|start] [a|an] {name} timer for {duration}",
                    "wake me at {time}",
                ],
            ),
            (
                "left",
                &["how (long|much time) is left [on the {name} timer]"],
            ),
            ("cancel", &["cancel [the] timer[s]"]),
        ],
    );
    timers.lists.insert(
        "name".into(),
        List::Text {
            vocabulary: vec!["pasta".into(), "egg".into(), "soft egg".into()],
        },
    );
    timers.followups.insert(
        "length".into(),
        FollowUp {
            ask: "For how long?".into(),
            sentences: vec!["[for] {duration}".into()],
        },
    );
    timers
}

fn house() -> Manifest {
    let mut house = manifest(
        "home",
        &[
            (
                "turn",
                &[
                    "(turn|switch) {state} [<the>] {device}",
                    "(turn|switch) [<the>] {device} {state}",
                ],
            ),
            (
                "area",
                &[
                    "(turn|switch) {state} [all] [<the>] lights [in <the> {area}]",
                    "[<the>] {area} lights {state}",
                ],
            ),
            (
                "dim",
                &[
                    "(set; [<the>] {light}; to {percentage})",
                    "dim [<the>] {light} to {0..100:percentage}[%]",
                ],
            ),
            ("add", &["add {item} [to <the> {list}]"]),
            ("days", &["how many days [is it] until {date}"]),
            ("paint", &["(make|paint|turn) [<the>] {light} {colour}"]),
        ],
    );
    house.rules.insert("the".into(), "(the|my)".into());
    let value = |said: &str, means: bool| ListValue {
        said: said.into(),
        means: means.into(),
    };
    house.lists.insert(
        "state".into(),
        List::Values(vec![value("on", true), value("off [again]", false)]),
    );
    house.lists.insert(
        "item".into(),
        List::Text {
            vocabulary: vec!["milk".into(), "eggs".into(), "milk powder".into()],
        },
    );
    house
}

fn home() -> Home {
    let area = |id: &str, name: &str| Area {
        id: id.into(),
        name: name.into(),
        aliases: vec![],
        floor: None,
    };
    let device = |id: &str, name: &str, area: Option<&str>, kind| Device {
        id: id.into(),
        name: name.into(),
        aliases: vec![],
        area: area.map(Into::into),
        kind,
        confirm: false,
        features: vec![],
    };
    Home {
        areas: vec![
            area("kitchen", "kitchen"),
            area("bedroom", "bedroom"),
            area("living_room", "living room"),
        ],
        devices: vec![
            device(
                "kitchen_lights",
                "kitchen lights",
                Some("kitchen"),
                DeviceKind::Light,
            ),
            device("lamp_k", "lamp", Some("kitchen"), DeviceKind::Light),
            device("lamp_b", "lamp", Some("bedroom"), DeviceKind::Light),
            device("fan", "TV-fan 2", Some("living_room"), DeviceKind::Fan),
            device("shopping", "shopping list", None, DeviceKind::List),
        ],
        ..Home::default()
    }
}

fn grammar() -> Grammar {
    match Grammar::compile(&[timers(), house()], &home()) {
        Ok(grammar) => grammar,
        Err(errors) => panic!(
            "{}",
            errors
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n")
        ),
    }
}

/// One line per sentence: what it means, its class, and the state after each word.
fn check(context: &Context, sentences: &[&str], expected: Expect) {
    let grammar = grammar();
    let now: Zoned = "2026-11-20T18:20:00+00:00[Europe/London]".parse().unwrap();
    let mut report = String::new();
    for sentence in sentences {
        let mut parse = grammar.start(context);
        let mut states = String::new();
        for word in normalize(sentence) {
            parse.feed(&word);
            states.push(match parse.state() {
                State::Closed => 'C',
                State::Extendable => 'E',
                State::Open => 'O',
                State::Incomplete => '.',
                State::Dead => 'x',
            });
        }
        let mut meaning = Vec::new();
        let slots = |slots: &[(String, SlotValue)]| {
            slots
                .iter()
                .map(|(slot, value)| format!(" {slot}={}", value.to_json(&now)))
                .collect::<String>()
        };
        if let Some(found) = parse.finish() {
            meaning.extend(
                found
                    .confirmed
                    .map(|yes| if yes { "yes".into() } else { "no".into() }),
            );
            meaning.extend(
                found
                    .follow_up
                    .as_deref()
                    .map(|answer| format!("answer{}", slots(answer))),
            );
            meaning.extend(
                found
                    .steps
                    .iter()
                    .map(|step| format!("{}.{}{}", step.skill, step.intent, slots(&step.slots))),
            );
            meaning[0].insert_str(0, &format!("{:?}: ", found.class));
        }
        if meaning.is_empty() {
            meaning.push("nothing".into());
        }
        writeln!(report, "{sentence} [{states}]\n    {}", meaning.join(" + ")).unwrap();
    }
    expected.assert_eq(&report);
}

#[test]
fn commands_mean_what_they_say() {
    check(
        &Context::Commands,
        &[
            "Set a timer for ten minutes.",
            "set a timer",
            "start a pasta timer for an hour and a half",
            "set a rather long name timer for 90 seconds",
            "how long is left on the egg timer",
            "wake me at quarter past seven",
            "could you please turn on the kitchen lights",
            "turn the lamp off again",
            "turn off the bedroom lamp, thank you",
            "turn off the lamp in the bedroom",
            "turn on the lights in the kitchen please",
            "kitchen lights off",
            "switch on the tv fan 2",
            "set the lamp to 20%",
            "to half set my lamp",
            "dim the lamp to 7",
            "make the lamp warm white",
            "add milk to the shopping list",
            "add milk",
            "add toothpaste and salt to my shopping list",
            "how many days until christmas",
            "turn on the lamp and then set a timer for five minutes please",
            "turn on the flux capacitor",
            "turn on the lamp never mind",
            "cancel timers",
        ],
        expect![[r#"
            Set a timer for ten minutes. [..E..E]
                B: timers.set duration=600
            set a timer [..E]
                B: timers.set
            start a pasta timer for an hour and a half [......E..C]
                A: timers.set name="pasta" duration=5400
            set a rather long name timer for 90 seconds [........E]
                C: timers.set name="rather long name" duration=90
            how long is left on the egg timer [...E...C]
                A: timers.left name="egg"
            wake me at quarter past seven [.....E]
                B: timers.set time="2026-11-20T19:15:00+00:00"
            could you please turn on the kitchen lights [.......C]
                A: home.turn state=true device="kitchen_lights"
            turn the lamp off again [...CC]
                A: home.turn device="lamp_k" state=false
            turn off the bedroom lamp, thank you [....C.C]
                A: home.turn state=false device="lamp_b"
            turn off the lamp in the bedroom [...E..C]
                A: home.turn state=false device="lamp_b"
            turn on the lights in the kitchen please [...E..CC]
                A: home.area state=true area="kitchen"
            kitchen lights off [..C]
                A: home.area area="kitchen" state=false
            switch on the tv fan 2 [.....C]
                A: home.turn state=true device="fan"
            set the lamp to 20% [.....C]
                A: home.dim light="lamp_k" percentage=20
            to half set my lamp [....E]
                B: home.dim percentage=50 light="lamp_k"
            dim the lamp to 7 [....C]
                A: home.dim light="lamp_k" percentage=7
            make the lamp warm white [....C]
                A: home.paint light="lamp_k" colour="warm white"
            add milk to the shopping list [.OOOOC]
                A: home.add item="milk" list="shopping"
            add milk [.O]
                B: home.add item="milk"
            add toothpaste and salt to my shopping list [.OOOOOOC]
                C: home.add item="toothpaste and salt" list="shopping"
            how many days until christmas [....E]
                B: home.days date="2026-12-25"
            turn on the lamp and then set a timer for five minutes please [...E....E..EC]
                A: home.turn state=true device="lamp_k" + timers.set duration=300
            turn on the flux capacitor [.....]
                nothing
            turn on the lamp never mind [...E.C]
                A: loqa.never_mind
            cancel timers [.C]
                A: timers.cancel
        "#]],
    );
}

#[test]
fn spaces_inside_brackets_end_words() {
    let said = |template: &str| {
        let grammar = Grammar::compile(&[manifest("s", &[("say", &[template])])], &Home::default());
        let mut said: Vec<String> = grammar.unwrap().sample(1, 200);
        said.sort();
        said.dedup();
        format!("{template}: {}\n", said.join(", "))
    };
    let report = [
        "off[ again]",
        "(blue |red )light",
        "a[ b|s] c",
        "[very ]blue",
        "a [b][ c] d",
        "light[s|ing] [(un|)lock]",
    ]
    .map(said)
    .concat();
    expect![[r#"
        off[ again]: off, off again
        (blue |red )light: blue light, red light
        a[ b|s] c: a b c, a c, as c
        [very ]blue: blue, very blue
        a [b][ c] d: a b c d, a b d, a c d, a d
        light[s|ing] [(un|)lock]: light, light lock, light unlock, lighting, lighting lock, lighting unlock, lights, lights lock, lights unlock
    "#]].assert_eq(&report);
}

/// Whether an automaton says these words, and no others after them.
fn says(speech: &SpeechGrammar, place: usize, sentence: &str) -> bool {
    let automaton = speech.automaton(place);
    let close = |mut states: BTreeSet<u32>| {
        let mut todo: Vec<u32> = states.iter().copied().collect();
        while let Some(state) = todo.pop() {
            let free = automaton.free.iter().filter(|(from, ..)| *from == state);
            todo.extend(free.map(|(_, to, _)| *to).filter(|to| states.insert(*to)));
        }
        states
    };
    let mut states = close(BTreeSet::from([automaton.start]));
    for word in normalize(sentence) {
        let arcs = automaton.arcs.iter();
        let on = arcs.filter(|arc| states.contains(&arc.0) && speech.words[arc.1 as usize] == word);
        states = close(on.map(|arc| arc.2).collect());
    }
    automaton.ends.iter().any(|end| states.contains(end))
}

/// The recogniser's automata share what is the same in every context; nothing is lost by that.
#[test]
fn what_can_be_said_can_be_heard() {
    let grammar = grammar();
    let speech = grammar.speech();
    let mut commands = grammar.sample(1, 100);
    let two = "please turn on the lamp and then set a timer for ten minutes thanks";
    commands.push(two.into());
    let answers = [
        "",
        "yes please",
        "one two three four five",
        "for ten minutes",
    ];
    assert_eq!(speech.automata.len(), answers.len());
    for (place, (context, _)) in speech.automata.iter().enumerate() {
        for command in &commands {
            assert!(says(&speech, place, command), "{context:?}: {command}");
        }
        for (other, answer) in answers.iter().enumerate().skip(1) {
            assert_eq!(
                says(&speech, place, answer),
                place == other,
                "{context:?}: {answer}"
            );
        }
    }
}

#[test]
fn a_sentence_of_two_intents_is_told_with_both_places() {
    let refused = |(one, other): (&str, &str)| {
        let skill = format!(
            r#"
name: s
lists: {{ room: [hall, den] }}
intents:
  one: {{ sentences: [begin, "{one}"] }}
  other: {{ sentences: ["{other}"] }}
"#
        );
        let skill = Manifest::parse("skill.yaml", &skill).unwrap();
        let errors = Grammar::compile(&[skill], &Home::default()).err();
        let errors = errors.iter().flatten().map(|error| format!("{error}\n"));
        format!("{one}, {other}\n{}", errors.collect::<String>())
    };
    let report = [
        ("sing [a] song", "[now] sing (a|the) song"),
        ("dim {light}", "dim [the] {device}"),
        ("note {text}", "[now] note {text:what} [down]"),
        ("wait {number} minutes", "wait {duration}"),
        ("dim {light}", "dim {area}"),
        ("clean the hall", "clean the {room}"),
        ("note {text}", "note the {text}"),
    ]
    .map(refused)
    .concat();
    expect![[r#"
        sing [a] song, [now] sing (a|the) song
        skill.yaml:6:25: “sing a song” would be both `s.one` and `s.other`
          help: the other is said in skill.yaml:5: change one of the two, so that every sentence has one meaning
        dim {light}, dim [the] {device}
        skill.yaml:6:25: “dim {light}” would be both `s.one` and `s.other`
          help: the other is said in skill.yaml:5: change one of the two, so that every sentence has one meaning
        note {text}, [now] note {text:what} [down]
        skill.yaml:6:25: “note {text}” would be both `s.one` and `s.other`
          help: the other is said in skill.yaml:5: change one of the two, so that every sentence has one meaning
        wait {number} minutes, wait {duration}
        dim {light}, dim {area}
        clean the hall, clean the {room}
        note {text}, note the {text}
    "#]].assert_eq(&report);
}

#[test]
fn a_rule_may_be_called_like_one_of_the_built_in_ones() {
    let mut skill = manifest("tides", &[("tide", &["tide <day>"])]);
    skill
        .rules
        .insert("day".into(), "(on {date}|<month>)".into());
    skill
        .rules
        .insert("weekday".into(), "(springday|neapday)".into());
    let grammar = Grammar::compile(&[skill], &Home::default()).unwrap();
    let understood = |said| grammar.parse(&Context::Commands, said).is_some();
    assert!(understood("tide on monday") && understood("tide may"));
    assert!(!understood("tide on springday"));
}
