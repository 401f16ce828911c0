use super::*;
use expect_test::expect;
use std::fmt::Write;

const NOON: u16 = 12 * 60;

/// Every wish there can be, at some minutes of the day.
fn wishes() -> impl Iterator<Item = Asked<'static>> {
    let flags = || [false, true].into_iter();
    let wish = move |role, risk| {
        flags().flat_map(move |shared| {
            flags().flat_map(move |proven| {
                flags().flat_map(move |pins| {
                    [0, 1, 6 * 60, NOON, 22 * 60, 24 * 60 - 1].map(|minute| Asked {
                        role,
                        risk,
                        room: Some("kitchen"),
                        shared,
                        minute,
                        proven: proven && pins,
                        pins,
                    })
                })
            })
        })
    };
    Role::ALL
        .into_iter()
        .flat_map(move |role| Risk::ALL.into_iter().flat_map(move |risk| wish(role, risk)))
}

fn settled(own: &[Rule]) -> Policy {
    Policy {
        settled: true,
        own: own.to_vec(),
    }
}

fn rule(roles: &[Role], risk: Option<Risk>, place: Where, ruling: Ruling) -> Rule {
    Rule {
        roles: roles.to_vec().into(),
        risk,
        place,
        hours: None,
        ruling,
    }
}

/// Each role and risk, in a shared room and in one's own: without a PIN, and with it.
#[test]
fn who_may_do_what_once_somebody_has_been_set_up() {
    let policy = settled(&[]);
    let mut table = String::new();
    for role in Role::ALL {
        for risk in Risk::ALL {
            write!(table, "{:<9} {:<8}", role.name(), risk.name()).unwrap();
            for shared in [true, false] {
                let decide = |proven| {
                    let asked = Asked {
                        role,
                        risk,
                        room: None,
                        shared,
                        minute: NOON,
                        proven,
                        pins: true,
                    };
                    policy.decide(&asked).ruling.name()
                };
                let room = if shared { "shared" } else { "own" };
                write!(table, " {room}: {} → {}", decide(false), decide(true)).unwrap();
            }
            table.push('\n');
        }
    }
    expect![[r#"
        household everyday shared: allow → allow own: allow → allow
        household private  shared: pin → show own: pin → allow
        household risky    shared: pin → allow own: pin → allow
        guest     everyday shared: allow → allow own: allow → allow
        guest     private  shared: refuse → refuse own: refuse → refuse
        guest     risky    shared: pin → allow own: pin → allow
        child     everyday shared: allow → allow own: allow → allow
        child     private  shared: refuse → refuse own: refuse → refuse
        child     risky    shared: refuse → refuse own: refuse → refuse
        adult     everyday shared: allow → allow own: allow → allow
        adult     private  shared: show → show own: allow → allow
        adult     risky    shared: pin → allow own: pin → allow
        owner     everyday shared: allow → allow own: allow → allow
        owner     private  shared: show → show own: allow → allow
        owner     risky    shared: pin → allow own: pin → allow
    "#]]
    .assert_eq(&table);
}

#[test]
fn a_home_that_has_set_nothing_up_is_asked_about_what_is_risky_and_nothing_else() {
    let policy = Policy::default();
    for asked in wishes().filter(|asked| !asked.pins) {
        let expected = match asked.risk {
            Risk::Risky => Ruling::Confirm,
            Risk::Everyday | Risk::Private => Ruling::Allow,
        };
        assert_eq!(policy.decide(&asked).ruling, expected, "{asked:?}");
    }
}

#[test]
fn whatever_the_rules_nobody_is_asked_for_what_they_cannot_give() {
    let all = Ruling::ALL.map(|ruling| rule(&[], None, Where::Anywhere, ruling));
    for own in &all {
        for asked in wishes() {
            let decision = settled(std::slice::from_ref(own)).decide(&asked);
            if asked.proven || !asked.pins {
                assert_ne!(decision.ruling, Ruling::Pin, "{asked:?}");
            }
            if asked.proven {
                assert_ne!(decision.ruling, Ruling::Confirm, "{asked:?}");
            }
            let silent = decision.ruling == Ruling::Allow;
            assert_eq!(decision.why.is_empty(), silent, "{asked:?}");
        }
    }
}

#[test]
fn everyday_commands_are_everybodys_and_a_child_opens_nothing() {
    for asked in wishes() {
        let ruling = settled(&[]).decide(&asked).ruling;
        match (asked.role, asked.risk) {
            (_, Risk::Everyday) => assert_eq!(ruling, Ruling::Allow, "{asked:?}"),
            (Role::Child, Risk::Risky) => assert_eq!(ruling, Ruling::Refuse, "{asked:?}"),
            _ => {}
        }
    }
}

#[test]
fn the_households_own_rules_count_first_and_the_latest_of_them_first() {
    let kitchen = || Where::Room("kitchen".into());
    let aloud = rule(&[], Some(Risk::Private), kitchen(), Ruling::Allow);
    let never = rule(&[], Some(Risk::Private), kitchen(), Ruling::Refuse);
    let asked = Asked {
        role: Role::Adult,
        risk: Risk::Private,
        room: Some("kitchen"),
        shared: true,
        minute: NOON,
        proven: false,
        pins: true,
    };
    let hall = Asked {
        room: Some("hall"),
        ..asked
    };
    let decide = |own: &[Rule], asked| settled(own).decide(asked).ruling;
    assert_eq!(decide(&[], &asked), Ruling::Show);
    assert_eq!(decide(std::slice::from_ref(&aloud), &asked), Ruling::Allow);
    assert_eq!(decide(std::slice::from_ref(&aloud), &hall), Ruling::Show);
    assert_eq!(decide(&[aloud, never], &asked), Ruling::Refuse);
}

#[test]
fn hours_go_through_midnight() {
    let hours = |from, to| Hours::between(from, to).unwrap();
    let night = hours("22:00", "06:30");
    let inside = |hours: Hours| (0..24 * 60).filter(|it| hours.contain(*it)).count();
    assert_eq!(inside(night), 8 * 60 + 30);
    assert_eq!(inside(hours("06:30", "22:00")), 15 * 60 + 30);
    assert_eq!(inside(hours("7:00", "07:00")), 24 * 60);
    assert!(night.contain(22 * 60) && night.contain(0) && !night.contain(6 * 60 + 30));
    for wrong in [
        "24:00", "12:60", "12", "12:", ":30", "+1:00", "1 2:00", "012:00",
    ] {
        assert_eq!(Hours::between(wrong, "10:00"), None, "{wrong}");
    }
    let late = Rule {
        hours: Some(night),
        ..rule(&[Role::Guest], None, Where::Anywhere, Ruling::Refuse)
    };
    let at = |minute| {
        let asked = Asked {
            role: Role::Guest,
            risk: Risk::Everyday,
            room: None,
            shared: true,
            minute,
            proven: false,
            pins: true,
        };
        settled(std::slice::from_ref(&late)).decide(&asked).ruling
    };
    assert_eq!((at(23 * 60), at(NOON)), (Ruling::Refuse, Ruling::Allow));
}

#[test]
fn a_pin_is_four_to_twelve_digits_and_is_not_shown() {
    for (words, digits) in [
        ("one two three four", Some("1234")),
        ("oh nine zero five six", Some("09056")),
        ("one two three", None),
        ("one two three fourteen", None),
        ("", None),
    ] {
        assert_eq!(Pin::spoken(words).as_ref().map(Pin::digits), digits);
    }
    let pin = Pin::typed(" 12 34 ").unwrap();
    assert_eq!(pin.digits(), "1234");
    assert_eq!(format!("{pin:?}"), "Pin(…)");
    for none in ["123", "12a4", "1234567890123", "١٢٣٤", "-1234"] {
        assert_eq!(Pin::typed(none), None, "{none}");
    }
}

#[test]
fn a_rule_is_kept_as_it_is_written() {
    let rule = Rule {
        hours: Hours::between("22:00", "06:00"),
        ..rule(
            &[Role::Guest],
            Some(Risk::Risky),
            Where::Room("hall".into()),
            Ruling::Refuse,
        )
    };
    let text = serde_json::to_string(&rule).unwrap();
    expect![[r#"{"roles":["guest"],"risk":"risky","where":{"room":"hall"},"hours":{"from":1320,"to":360},"ruling":"refuse"}"#]].assert_eq(&text);
    assert_eq!(serde_json::from_str::<Rule>(&text).unwrap(), rule);
    let least: Rule = serde_json::from_str(r#"{"ruling":"pin"}"#).unwrap();
    assert_eq!(least.place, Where::Anywhere);
}
