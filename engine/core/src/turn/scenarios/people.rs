//! Conversations in a house where not everybody may have everything done.

use super::{super::household::House, check_in, check_with};
use crate::{
    policy::{Policy, Role},
    turn::TurnConfig,
};
use expect_test::{Expect, expect};

/// An owner's PIN is 1234.
fn house(role: Role) -> House {
    House {
        policy: Policy {
            settled: true,
            own: Vec::new(),
        },
        role,
        pins: vec![("1234", Role::Owner, true)],
        ..House::default()
    }
}

#[track_caller]
fn check(house: House, script: &str, expect: Expect) {
    check_in(house, TurnConfig::default(), script, expect);
}

#[test]
fn a_spoken_pin_opens_the_door_and_is_shown_to_nobody() {
    check(
        house(Role::Household),
        "1000 speech\n1300 hears unlock the door\n1400 silence\n4000 speech\n4200 hears one two\n4400 hears one two three four\n4500 silence",
        expect![[r#"
             1000 transcribe from 1000 ms
             1300 prepare unlock as #0
             1300 stage "What is the PIN?"
             2100 #0 has ended: 700 ms, grave
             2100 discard
             2100 say "What is the PIN?"
             2100 #0: a PIN is wanted
             2910 end #0 "unlock the door" [unlock] A -> "What is the PIN?" Hit ttfa 710 ms
             4000 transcribe from 4000 ms in Pin
             5200 #1 has ended: 700 ms, grave
             5200 prove
             5240 prepare unlock as #1 for "unlock the door"
             5240 commit #1
             5240 #1: a PIN is no longer wanted
             5250 show "the door is open"
             5250 say "unlock done."
             6060 end #1 "" [unlock] A -> "unlock done." None ttfa 760 ms, result 750 ms
            effects: home.unlock
        "#]],
    );
}

#[test]
fn a_pin_may_be_typed_for_what_was_said() {
    check(
        house(Role::Household),
        "1000 speech\n1300 hears unlock the door\n1400 silence\n9000 pin 1234",
        expect![[r#"
             1000 transcribe from 1000 ms
             1300 prepare unlock as #0
             1300 stage "What is the PIN?"
             2100 #0 has ended: 700 ms, grave
             2100 discard
             2100 say "What is the PIN?"
             2100 #0: a PIN is wanted
             2910 end #0 "unlock the door" [unlock] A -> "What is the PIN?" Hit ttfa 710 ms
             9000 prove
             9040 prepare unlock as #1
             9040 commit #1
             9040 #1: a PIN is no longer wanted
             9050 show "the door is open"
             9050 say "unlock done."
             9860 end #1 "" [unlock] -> "unlock done." None
            effects: home.unlock
        "#]],
    );
    check(
        house(Role::Household),
        "0 types unlock the door\n1000 types 12 34\n2000 pin 1234",
        expect![[r#"
                0 prepare unlock as #0
                0 discard
                0 #0: a PIN is wanted
                0 end #0 "unlock the door" [unlock] A -> "What is the PIN?" None
             1000 prove
             1040 prepare unlock as #1 for "unlock the door"
             1040 commit #1
             1040 #1: a PIN is no longer wanted
             1050 show "the door is open"
             1050 end #1 "" [unlock] -> "unlock done." None
            effects: home.unlock
        "#]],
    );
}

#[test]
fn after_three_wrong_pins_none_is_looked_at() {
    check(
        house(Role::Household),
        "0 types unlock the door\n1000 pin 8080\n2000 pin 8080\n3000 pin 8080\n4000 types unlock the door\n5000 pin 1234",
        expect![[r#"
                0 prepare unlock as #0
                0 discard
                0 #0: a PIN is wanted
                0 end #0 "unlock the door" [unlock] A -> "What is the PIN?" None
             1000 prove
             1040 end #1 "" [unlock] -> "That is not the PIN. What is the PIN?" None
             2000 prove
             2040 end #2 "" [unlock] -> "That is not the PIN. What is the PIN?" None
             3000 prove
             3040 #3: a PIN is no longer wanted
             3040 end #3 "" [unlock] -> "That was wrong too often. Try again in a minute." None
             4000 prepare unlock as #4
             4000 discard
             4000 #4: a PIN is wanted
             4000 end #4 "unlock the door" [unlock] A -> "What is the PIN?" None
             5000 prove
             5040 #5: a PIN is no longer wanted
             5040 end #5 "" [unlock] -> "That was wrong too often. Try again in a minute." None
            effects: none
        "#]],
    );
}

#[test]
fn a_pin_that_is_said_or_typed_while_another_is_looked_at_is_shown_to_nobody() {
    check(
        house(Role::Household),
        "0 types unlock the door\n1000 pin 8080\n1010 speech\n1020 hears one two three four\n1030 types 1 2 3 4",
        expect![[r#"
                0 prepare unlock as #0
                0 discard
                0 #0: a PIN is wanted
                0 end #0 "unlock the door" [unlock] A -> "What is the PIN?" None
             1000 prove
             1010 transcribe from 1010 ms
             1030 end #2 "" [] -> "" None
             1030 end #1 "" [unlock] -> "" None
             1030 #1: a PIN is no longer wanted
             1030 end #3 "" [] -> "I didn't get that." None
            effects: none
        "#]],
    );
}

#[test]
fn what_is_no_pin_is_asked_about_once_and_nobody_keeps_it() {
    check_in(
        house(Role::Household),
        TurnConfig {
            open_questions: true,
            ..TurnConfig::default()
        },
        "1000 speech\n1300 hears unlock the door\n1400 silence\n4000 speech\n4200 hears one two\n4500 silence\n8000 speech\n8200 hears nine nine nine\n8300 silence",
        expect![[r#"
             1000 transcribe from 1000 ms
             1300 prepare unlock as #0
             1300 stage "What is the PIN?"
             2100 #0 has ended: 700 ms, grave
             2100 discard
             2100 say "What is the PIN?"
             2100 #0: a PIN is wanted
             2910 end #0 "unlock the door" [unlock] A -> "What is the PIN?" Hit ttfa 710 ms
             4000 transcribe from 4000 ms in Pin
             5700 #1 has ended: 1200 ms, number
             5700 say "I need the PIN for that, digit by digit. What is the PIN?"
             6510 end #1 "" [] -> "I need the PIN for that, digit by digit. What is the PIN?" None ttfa 1210 ms
             8000 transcribe from 8000 ms in Pin
             9500 #2 has ended: 1200 ms, number
             9500 say "Never mind."
             9500 #2: a PIN is no longer wanted
            10310 end #2 "" [] -> "Never mind." None ttfa 1210 ms
            effects: none
        "#]],
    );
}

#[test]
fn somebody_else_may_say_something_else_meanwhile_or_nothing() {
    check(
        house(Role::Household),
        "0 types unlock the door\n1000 types turn off the lights\n2000 types unlock the door\n3000 types no\n4000 types unlock the door\n30000 pin 1234",
        expect![[r#"
                0 prepare unlock as #0
                0 discard
                0 #0: a PIN is wanted
                0 end #0 "unlock the door" [unlock] A -> "What is the PIN?" None
             1000 prepare lights_off as #1
             1000 commit #1
             1000 #1: a PIN is no longer wanted
             1010 end #1 "turn off the lights" [lights_off] A -> "lights off done." None
             2000 prepare unlock as #2
             2000 discard
             2000 #2: a PIN is wanted
             2000 end #2 "unlock the door" [unlock] A -> "What is the PIN?" None
             3000 #3: a PIN is no longer wanted
             3000 end #3 "no" [decline] A -> "OK, I won't." None
             4000 prepare unlock as #4
             4000 discard
             4000 #4: a PIN is wanted
             4000 end #4 "unlock the door" [unlock] A -> "What is the PIN?" None
            24000 #5: a PIN is no longer wanted
            effects: home.lights_off
        "#]],
    );
}

#[test]
fn a_child_may_not_unlock() {
    check(
        house(Role::Child),
        "1000 speech\n1300 hears unlock the door\n1400 silence\n4000 types turn off the lights",
        expect![[r#"
             1000 transcribe from 1000 ms
             1300 prepare unlock as #0
             1440 #0 has ended: 40 ms, closed
             1440 say "Only a grown-up of the house may have me do that."
             2250 end #0 "unlock the door" [unlock] A -> "Only a grown-up of the house may have me do that." Hit ttfa 50 ms
             4000 prepare lights_off as #1
             4000 commit #1
             4010 end #1 "turn off the lights" [lights_off] A -> "lights off done." None
            effects: home.lights_off
        "#]],
    );
}

#[test]
fn a_guest_whose_time_is_over_opens_nothing() {
    let with_guest = || House {
        pins: vec![("1234", Role::Guest, true)],
        ..house(Role::Household)
    };
    check(
        with_guest(),
        "0 types unlock the door\n1000 pin 1234\n2000 types unlock the door\n3000 expires\n4000 pin 1234",
        expect![[r#"
                0 prepare unlock as #0
                0 discard
                0 #0: a PIN is wanted
                0 end #0 "unlock the door" [unlock] A -> "What is the PIN?" None
             1000 prove
             1040 prepare unlock as #1
             1040 commit #1
             1040 #1: a PIN is no longer wanted
             1050 show "the door is open"
             1050 end #1 "" [unlock] -> "unlock done." None
             2000 prepare unlock as #2
             2000 discard
             2000 #2: a PIN is wanted
             2000 end #2 "unlock the door" [unlock] A -> "What is the PIN?" None
             4000 prove
             4040 end #3 "" [unlock] -> "That is not the PIN. What is the PIN?" None
            24040 #4: a PIN is no longer wanted
            effects: home.unlock
        "#]],
    );
    // Between the plan and the deed.
    check(
        House {
            pins: vec![("1234", Role::Guest, true), ("5678", Role::Owner, true)],
            ..house(Role::Household)
        },
        "0 types unlock the door\n1000 stale\n1000 pin 1234\n1045 expires\n20000 cancel",
        expect![[r#"
                0 prepare unlock as #0
                0 discard
                0 #0: a PIN is wanted
                0 end #0 "unlock the door" [unlock] A -> "What is the PIN?" None
             1000 prove
             1040 prepare unlock as #1
             1040 commit #1
             1040 #1: a PIN is no longer wanted
             1050 prepare unlock as #1
             1050 discard
             1050 #1: a PIN is wanted
             1050 end #1 "" [unlock] -> "What is the PIN?" None
            20000 #2: a PIN is no longer wanted
            effects: none
        "#]],
    );
}

#[test]
fn a_policy_that_changes_between_the_plan_and_the_deed_counts() {
    check(
        house(Role::Household),
        "1000 speech\n1300 hears turn off the lights\n1400 forbids everyday\n1400 silence",
        expect![[r#"
             1000 transcribe from 1000 ms
             1300 prepare lights_off as #0
             1300 stage "lights off done."
             1440 #0 has ended: 40 ms, closed
             1440 commit #0
             1450 prepare lights_off as #0
             1450 unstage
             1450 say "The rules of this house do not allow that here and now."
             2260 end #0 "turn off the lights" [lights_off] A -> "The rules of this house do not allow that here and now." Hit ttfa 60 ms
            effects: none
        "#]],
    );
}

#[test]
fn what_is_private_is_shown_and_not_said_where_others_may_hear() {
    check(
        house(Role::Adult),
        "1000 speech\n1300 hears read my notes\n1400 silence\n4000 speech\n4200 hears repeat that\n4300 silence",
        expect![[r#"
             1000 transcribe from 1000 ms
             1300 prepare notes as #0
             1300 stage "I've put it on the screen."
             1440 #0 has ended: 40 ms, closed
             1440 commit #0
             1450 say "I've put it on the screen."
             2950 end #0 "read my notes" [notes] A -> "notes done." Hit ttfa 60 ms, result 50 ms
             4000 transcribe from 4000 ms
             4340 #1 has ended: 40 ms, closed
             4340 say "I've put it on the screen."
             5150 end #1 "repeat that" [repeat] A -> "I've put it on the screen." None ttfa 50 ms
            effects: home.notes
        "#]],
    );
    check(
        House {
            own: true,
            ..house(Role::Adult)
        },
        "1000 speech\n1300 hears read my notes\n1400 silence",
        expect![[r#"
             1000 transcribe from 1000 ms
             1300 prepare notes as #0
             1300 stage "notes done."
             1440 #0 has ended: 40 ms, closed
             1440 commit #0
             1450 say "notes done."
             2950 end #0 "read my notes" [notes] A -> "notes done." Hit ttfa 60 ms, result 50 ms
            effects: home.notes
        "#]],
    );
}

#[test]
fn the_language_model_gets_no_further_than_the_person_it_hears() {
    let config = || TurnConfig {
        open_questions: true,
        ..TurnConfig::default()
    };
    check_in(
        house(Role::Child),
        config(),
        "0 types open sesame\n10 calls home.unlock {}",
        expect![[r#"
                0 ask "open sesame" after []
               10 forget the question
               10 prepare unlock as #0 for "unlock the door"
               10 end #0 "open sesame" [unlock] C -> "Only a grown-up of the house may have me do that." None
            effects: none
        "#]],
    );
    check_in(
        house(Role::Household),
        config(),
        "0 types open sesame\n10 calls home.unlock {}\n1000 types what now\n1100 ends",
        expect![[r#"
                0 ask "open sesame" after []
               10 forget the question
               10 prepare unlock as #0 for "unlock the door"
               10 discard
               10 #0: a PIN is wanted
               10 end #0 "open sesame" [unlock] C -> "What is the PIN?" None
             1000 end #1 "" [] -> "I need the PIN for that, digit by digit. What is the PIN?" None
            21000 #2: a PIN is no longer wanted
            effects: none
        "#]],
    );
    check_with(
        config(),
        "0 types open sesame\n10 calls home.unlock {}",
        expect![[r#"
                0 ask "open sesame" after []
               10 forget the question
               10 prepare unlock as #0 for "unlock the door"
               10 discard
               10 end #0 "open sesame" [unlock] C -> "Shall I unlock it?" None
            effects: none
        "#]],
    );
}
