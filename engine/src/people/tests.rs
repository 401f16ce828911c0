use super::*;
use crate::store::Deed;
use expect_test::expect;
use loqa_core::{home::Home, policy::Pin, seams::Unproved};
use loqa_protocol::{PeopleEdit, PrivacyScope};
use std::time::Duration;

const NOW: i64 = 1_000_000;
const DAY: i64 = 24 * 3600 * 1000;

fn home() -> Home {
    let text = "[[area]]\nid = \"kitchen\"\nname = \"kitchen\"\n\n[[area]]\nid = \"study\"\nname = \"study\"\n";
    Home::parse("home.toml", text).unwrap()
}

fn person(name: &str, role: &str, expires_ms: Option<i64>) -> PeopleEdit {
    PeopleEdit::Person {
        id: 0,
        name: name.into(),
        role: role.into(),
        expires_ms,
    }
}

fn made(household: &mut Household, edit: &PeopleEdit) -> String {
    change(household, &home(), edit, NOW).unwrap().id
}

fn refused(household: &mut Household, edit: &PeopleEdit) -> String {
    let before = household.clone();
    let problem = change(household, &home(), edit, NOW).unwrap_err();
    assert_eq!(*household, before, "what is refused changes nothing");
    assert!(!problem.help.is_empty());
    problem.code
}

fn pin(person: &str, pin: &str) -> PeopleEdit {
    PeopleEdit::NewPin {
        person: person.parse().unwrap(),
        pin: pin.into(),
    }
}

fn place(place: &str, speaks_for: &str) -> PeopleEdit {
    PeopleEdit::Place {
        place: place.into(),
        name: String::new(),
        speaks_for: speaks_for.into(),
    }
}

fn from<'a>(place: &'a str, room: Option<&'a str>) -> Asking<'a> {
    Asking {
        place,
        room,
        minute: 12 * 60,
        now_ms: NOW,
    }
}

#[test]
fn people_come_change_and_go() {
    let mut household = Household::default();
    let ada = made(&mut household, &person(" Ada ", "owner", None));
    assert_eq!(household.people[&ada.parse().unwrap()].name, "Ada");
    for (edit, code) in [
        (person("ada", "adult", None), "people_name"),
        (person(" ", "adult", None), "people_name"),
        (person("Bo", "king", None), "people_role"),
        (person("Bo", "household", None), "people_role"),
        (person("Bo", "guest", Some(NOW)), "people_expires"),
        (person("Bo", "owner", Some(NOW + DAY)), "people_expires"),
        (pin(&ada, "12"), "people_pin"),
        (pin("99", "1234"), "no_person"),
        (PeopleEdit::Remove(99), "no_person"),
        (place("room:moon", "adult"), "people_place"),
        (place("room:study", "99"), "no_person"),
        (PeopleEdit::RemoveRule(1), "no_rule"),
    ] {
        assert_eq!(refused(&mut household, &edit), code, "{edit:?}");
    }
    let bo = made(&mut household, &person("Bo", "guest", Some(NOW + DAY)));
    made(&mut household, &pin(&ada, "1815"));
    let kept = household.people[&ada.parse().unwrap()].pin.clone().unwrap();
    assert!(kept.starts_with("$argon2id$") && !kept.contains("1815"));
    // Nobody could change anything any more.
    assert_eq!(refused(&mut household, &pin(&ada, "")), "last_owner");
    let id = ada.parse().unwrap();
    assert_eq!(
        refused(&mut household, &PeopleEdit::Remove(id)),
        "last_owner"
    );
    made(&mut household, &place("room:study", &bo));
    made(&mut household, &PeopleEdit::Remove(bo.parse().unwrap()));
    assert!(household.places.is_empty(), "nobody's room is his");
    let after = made(&mut household, &person("Bo", "child", None));
    assert_ne!(after, bo, "an id is given once");
    let told = change(&mut household, &home(), &pin(&after, "2222"), NOW).unwrap();
    assert_eq!(
        (told.deed, told.to.as_deref()),
        (Deed::PersonPin, Some("set"))
    );
}

#[test]
fn nobody_agrees_to_nothing_and_less_than_before_is_forgotten() {
    let mut household = Household::default();
    let id: u64 = made(&mut household, &person("Ada", "adult", None))
        .parse()
        .unwrap();
    let keeps = |scope, text: &str| PeopleEdit::Keeps {
        person: id,
        scope,
        text: text.into(),
    };
    let (nothing, a_while, always) = (
        PrivacyScope::Ephemeral,
        PrivacyScope::Session,
        PrivacyScope::Persistent,
    );
    for text in ["", "  ", &"x".repeat(4001)] {
        let code = refused(&mut household, &keeps(always, text));
        assert_eq!(code, "people_consent");
    }
    let mut steps = String::new();
    for (scope, text) in [
        (always, "All of it."),
        (a_while, "For a day."),
        (a_while, "For two days."),
        (always, "All of it, again."),
        (nothing, ""),
        (nothing, ""),
    ] {
        let edit = keeps(scope, text);
        let forgets = forgets(&household, &edit).is_some();
        made(&mut household, &edit);
        let ada = &household.people[&id];
        let standing = ada.consents.iter();
        let standing = standing.filter(|it| it.withdrawn_at_ms.is_none());
        let standing: Vec<_> = standing.map(|it| &*it.text).collect();
        let kept = ada.keeps.min(ada.agreed()).name();
        let line = format!("{kept}: {} forgets={forgets}\n", standing.join(" "));
        steps.push_str(&line);
    }
    expect![[r"
        persistent: All of it. forgets=false
        session: For a day. forgets=true
        session: For two days. forgets=false
        persistent: For two days. All of it, again. forgets=false
        ephemeral:  forgets=true
        ephemeral:  forgets=false
    "]]
    .assert_eq(&steps);
    assert_eq!(forgets(&household, &PeopleEdit::Remove(id)), Some(id));
}

#[test]
fn a_place_speaks_for_whom_its_owner_chose_and_else_for_its_room() {
    let mut household = Household::default();
    let ada = made(&mut household, &person("Ada", "adult", None));
    let bo = made(&mut household, &person("Bo", "guest", Some(NOW + DAY)));
    let role_at = |household: &Household, place, room| role(household, from(place, room));
    assert_eq!(
        role_at(&household, MICROPHONE, Some("study")),
        Role::Household
    );
    made(&mut household, &place("room:study", &ada));
    assert_eq!(role_at(&household, MICROPHONE, Some("study")), Role::Adult);
    assert_eq!(
        role_at(&household, MICROPHONE, Some("kitchen")),
        Role::Household
    );
    assert!(is_shared(&household, from(MICROPHONE, Some("kitchen"))));
    assert!(!is_shared(&household, from(MICROPHONE, Some("study"))));
    made(&mut household, &place(MICROPHONE, "child"));
    assert_eq!(role_at(&household, MICROPHONE, Some("study")), Role::Child);
    made(&mut household, &place("screen:0badcafe", &bo));
    assert_eq!(role_at(&household, "screen:0badcafe", None), Role::Guest);
    assert!(!is_shared(&household, from("screen:0badcafe", None)));
    let later = Asking {
        now_ms: NOW + DAY,
        ..from("screen:0badcafe", None)
    };
    assert_eq!(role(&household, later), Role::Household);
    assert!(is_shared(&household, later));
    assert_eq!(
        barred(&household, from(MICROPHONE, None)),
        [Risk::Private, Risk::Risky]
    );
    made(&mut household, &place(MICROPHONE, ""));
    assert_eq!(role_at(&household, MICROPHONE, None), Role::Household);
}

#[test]
fn the_strictest_step_counts_and_a_private_one_hushes_all() {
    let mut household = Household::default();
    let rule_at = |household: &Household, risks: &[Risk], proven: Option<&Person>| {
        rule(household, risks, from(MICROPHONE, Some("kitchen")), proven)
    };
    let both = [Risk::Private, Risk::Risky];
    let none = rule_at(&household, &both, None);
    assert_eq!((none.ruling, none.hushed), (Ruling::Confirm, false));
    let ada = made(&mut household, &person("Ada", "owner", None));
    made(&mut household, &pin(&ada, "1815"));
    let asked = rule_at(&household, &both, None);
    assert_eq!((asked.ruling, asked.hushed), (Ruling::Pin, false));
    let person = household.people.values().next();
    let proven = rule_at(&household, &both, person);
    assert_eq!((proven.ruling, proven.hushed), (Ruling::Allow, true));
}

#[tokio::test(start_paused = true)]
async fn a_pin_proves_who_somebody_is_for_a_moment_and_few_are_looked_at() {
    let mut household = Household::default();
    let ada = made(&mut household, &person("Ada", "owner", None));
    let bo = made(&mut household, &person("Bo", "guest", Some(NOW + DAY)));
    made(&mut household, &pin(&ada, "1815"));
    made(&mut household, &pin(&bo, "2222"));
    let (proofs, typed) = (Proofs::default(), |text| Pin::typed(text).unwrap());
    let proof = proofs.prove(&household, &typed("2222"), NOW).unwrap();
    let who = |household: &Household, now_ms| {
        let person = proofs.proven(household, proof, now_ms);
        person.map(|person| person.name.clone())
    };
    assert_eq!(who(&household, NOW).as_deref(), Some("Bo"));
    assert_eq!(who(&household, NOW + DAY), None, "he has gone");
    let mut changed = household.clone();
    made(&mut changed, &pin(&bo, "2222"));
    assert_eq!(
        who(&changed, NOW),
        None,
        "a PIN that was set anew is another"
    );
    tokio::time::advance(Duration::from_secs(11)).await;
    assert_eq!(who(&household, NOW), None, "it was for something long past");
    let owner = |text| proofs.is_owner(&household, &typed(text), NOW);
    // Several at once are not several wrong ones.
    std::thread::scope(|scope| {
        let at_once = [(); 6].map(|()| scope.spawn(|| owner("1815")));
        assert!(
            at_once
                .map(|it| it.join().unwrap())
                .iter()
                .all(Result::is_ok)
        );
    });
    assert_eq!(owner("2222"), Err(Unproved::Wrong));
    assert_eq!(owner("1815"), Ok(()));
    for expected in [Unproved::Wrong, Unproved::Wrong, Unproved::Locked] {
        assert_eq!(owner("0000"), Err(expected));
    }
    assert_eq!(owner("1815"), Err(Unproved::Locked));
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(owner("1815"), Ok(()));
}

#[test]
fn a_document_tells_everything_but_pins() {
    let mut household = Household::default();
    let ada = made(&mut household, &person("Ada", "owner", None));
    made(&mut household, &place("room:study", &ada));
    made(
        &mut household,
        &PeopleEdit::Rule {
            roles: vec!["guest".into()],
            risk: "risky".into(),
            r#where: "kitchen".into(),
            from: "22:00".into(),
            to: "6:30".into(),
            ruling: "refuse".into(),
        },
    );
    let seen = Seen {
        asks: "screen:0badcafe".into(),
        ..Seen::default()
    };
    let shown = |household: &Household| document(household, &home(), &seen, NOW);
    assert_eq!(shown(&household)["locked"], false);
    made(&mut household, &pin(&ada, "1815"));
    let shown = shown(&household);
    assert_eq!(shown["locked"], true);
    assert!(!shown.to_string().contains("argon2"));
    let places = shown["places"].as_array().unwrap();
    let places: Vec<_> = places
        .iter()
        .map(|it| it["place"].as_str().unwrap())
        .collect();
    assert_eq!(
        places,
        [
            "microphone",
            "machine",
            "programs",
            "room:kitchen",
            "room:study",
            "screen:0badcafe"
        ]
    );
    assert_eq!(shown["places"][4]["speaks_for"], ada.as_str());
    assert_eq!(shown["rules"][0]["to"], "06:30");
    assert_eq!(shown["rules"][0]["room"], "kitchen");
}
