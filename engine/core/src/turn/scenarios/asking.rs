//! Conversations of several turns: what Loqa asks, and what the answers do.

use super::check;
use expect_test::expect;

#[test]
fn unlocking_waits_asks_and_needs_a_yes() {
    check(
        "1000 speech\n1300 hears unlock the door\n1400 silence\n4000 speech\n4200 hears yes\n4300 silence",
        expect![[r#"
             1000 transcribe from 1000 ms
             1300 prepare unlock as #0
             1300 stage "Shall I unlock it?"
             2100 #0 has ended: 700 ms, grave
             2100 discard
             2100 say "Shall I unlock it?"
             2910 end #0 "unlock the door" [unlock] A -> "Shall I unlock it?" Hit ttfa 710 ms
             4000 transcribe from 4000 ms in Confirm
             4200 prepare unlock as #1 for "unlock the door"
             4200 stage "unlock done."
             5000 #1 has ended: 700 ms, grave
             5000 commit #1
             5010 show "the door is open"
             5010 say "unlock done."
             5820 end #1 "yes" [unlock] A -> "unlock done." Hit ttfa 720 ms, result 710 ms
            effects: home.unlock
        "#]],
    );
}

#[test]
fn a_routine_with_a_door_asks_once_before_any_of_it() {
    check(
        "1000 types we are back\n3000 types yes",
        expect![[r#"
             1000 prepare fan_on, unlock as #0
             1000 discard
             1000 end #0 "we are back" [fan_on, unlock] A -> "Shall I unlock it?" None
             3000 prepare fan_on, unlock as #1 for "we are back"
             3000 commit #1
             3010 show "the door is open"
             3010 end #1 "yes" [fan_on, unlock] A -> "fan on done. unlock done." None
            effects: home.fan_on, home.unlock
        "#]],
    );
}

#[test]
fn a_question_may_be_answered_before_it_has_been_said() {
    check(
        "1000 speech\n1300 hears unlock the door\n1400 silence\n2500 interrupt\n2500 speech\n2700 hears yes\n2800 silence",
        expect![[r#"
             1000 transcribe from 1000 ms
             1300 prepare unlock as #0
             1300 stage "Shall I unlock it?"
             2100 #0 has ended: 700 ms, grave
             2100 discard
             2100 say "Shall I unlock it?"
             2500 silence the reply
             2500 end #0 "unlock the door" [unlock] A -> "Shall I unlock it?" Hit ttfa 710 ms
             2500 transcribe from 2500 ms in Confirm
             2500 #0: 390 ms of the reply were heard
             2700 prepare unlock as #1 for "unlock the door"
             2700 stage "unlock done."
             3500 #1 has ended: 700 ms, grave
             3500 commit #1
             3510 show "the door is open"
             3510 say "unlock done."
             4320 end #1 "yes" [unlock] A -> "unlock done." Hit ttfa 720 ms, result 710 ms
            effects: home.unlock
        "#]],
    );
}

#[test]
fn being_called_again_gives_an_answer_its_time_anew() {
    check(
        "0 types unlock the door\n5000 speech\n5200 hears well\n5300 interrupt\n12000 speech\n12200 hears yes\n12300 silence",
        expect![[r#"
                0 prepare unlock as #0
                0 discard
                0 end #0 "unlock the door" [unlock] A -> "Shall I unlock it?" None
             5000 transcribe from 5000 ms in Confirm
             5300 end #1 "well" [] -> "" None
            12000 transcribe from 12000 ms in Confirm
            12200 prepare unlock as #2 for "unlock the door"
            12200 stage "unlock done."
            13000 #2 has ended: 700 ms, grave
            13000 commit #2
            13010 show "the door is open"
            13010 say "unlock done."
            13820 end #2 "yes" [unlock] A -> "unlock done." Hit ttfa 720 ms, result 710 ms
            effects: home.unlock
        "#]],
    );
}

#[test]
fn silence_and_anything_but_yes_are_no() {
    check(
        "0 types unlock the door\n9000 types yes\n10000 types unlock the door\n11000 types well\n12000 types yes",
        expect![[r#"
                0 prepare unlock as #0
                0 discard
                0 end #0 "unlock the door" [unlock] A -> "Shall I unlock it?" None
             9000 end #1 "yes" [] -> "I didn't get that." None
            10000 prepare unlock as #2
            10000 discard
            10000 end #2 "unlock the door" [unlock] A -> "Shall I unlock it?" None
            11000 end #3 "well" [] -> "OK, I won't." None
            12000 end #4 "yes" [] -> "I didn't get that." None
            effects: none
        "#]],
    );
}

#[test]
fn a_command_instead_of_yes_is_done_and_the_question_dropped() {
    check(
        "0 types unlock the door\n1000 types turn off the lights\n2000 types yes",
        expect![[r#"
                0 prepare unlock as #0
                0 discard
                0 end #0 "unlock the door" [unlock] A -> "Shall I unlock it?" None
             1000 prepare lights_off as #1
             1000 commit #1
             1010 end #1 "turn off the lights" [lights_off] A -> "lights off done." None
             2000 end #2 "yes" [] -> "I didn't get that." None
            effects: home.lights_off
        "#]],
    );
}

#[test]
fn a_yes_to_something_that_changed_is_asked_again() {
    check(
        "0 types unlock the door\n1000 epoch\n1100 types yes\n2000 types yes",
        expect![[r#"
                0 prepare unlock as #0
                0 discard
                0 end #0 "unlock the door" [unlock] A -> "Shall I unlock it?" None
             1100 prepare unlock as #1 for "unlock the door"
             1100 discard
             1100 end #1 "yes" [unlock] A -> "Shall I unlock it!?" None
             2000 prepare unlock as #2 for "unlock the door"
             2000 commit #2
             2010 show "the door is open"
             2010 end #2 "yes" [unlock] A -> "unlock done." None
            effects: home.unlock
        "#]],
    );
}

#[test]
fn a_missing_duration_is_asked_for_and_merged() {
    check(
        "0 types set a timer\n1000 types ten minutes",
        expect![[r#"
                0 prepare set as #0
                0 discard
                0 end #0 "set a timer" [set] B -> "For how long?" None
             1000 prepare set(…) as #1 for "set a timer, ten minutes"
             1000 commit #1
             1010 end #1 "ten minutes" [set] B -> "set done." None
            effects: timers.set
        "#]],
    );
}

#[test]
fn a_question_is_asked_again_once() {
    check(
        "0 types set a timer\n1000 types blah\n2000 types blah blah\n3000 types ten minutes",
        expect![[r#"
                0 prepare set as #0
                0 discard
                0 end #0 "set a timer" [set] B -> "For how long?" None
             1000 end #1 "blah" [] -> "For how long?" None
             2000 end #2 "blah blah" [] -> "Never mind." None
             3000 end #3 "ten minutes" [] -> "I didn't get that." None
            effects: none
        "#]],
    );
}

#[test]
fn never_mind_cancels_while_speaking_and_after_a_question() {
    check(
        "1000 speech\n1300 hears turn off the lights\n1350 hears turn off the lights never mind\n1400 silence\n4000 types set a timer\n5000 types never mind",
        expect![[r#"
             1000 transcribe from 1000 ms
             1300 prepare lights_off as #0
             1300 stage "lights off done."
             1350 unstage
             1350 discard
             1440 #0 has ended: 40 ms, closed
             1440 say "Never mind."
             2250 end #0 "turn off the lights never mind" [never_mind] A -> "Never mind." None ttfa 50 ms
             4000 prepare set as #1
             4000 discard
             4000 end #1 "set a timer" [set] B -> "For how long?" None
             5000 end #2 "never mind" [never_mind] A -> "Never mind." None
            effects: none
        "#]],
    );
}

#[test]
fn repeat_says_the_last_reply_again() {
    check(
        "0 types repeat that\n1000 types turn off the lights\n2000 types repeat that",
        expect![[r#"
                0 end #0 "repeat that" [repeat] A -> "I haven't said anything yet." None
             1000 prepare lights_off as #1
             1000 commit #1
             1010 end #1 "turn off the lights" [lights_off] A -> "lights off done." None
             2000 end #2 "repeat that" [repeat] A -> "lights off done." None
            effects: home.lights_off
        "#]],
    );
}
