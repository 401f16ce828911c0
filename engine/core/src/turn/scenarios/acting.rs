//! Commands: when they are prepared, carried out and answered.

use super::check;
use expect_test::expect;

#[test]
fn a_closed_command_is_prepared_while_spoken_and_committed_at_its_endpoint() {
    check(
        "1000 speech\n1300 hears turn off\n1500 hears turn off the lights\n1600 silence",
        expect![[r#"
             1000 transcribe from 1000 ms
             1500 prepare lights_off as #0
             1500 stage "lights off done."
             1640 #0 has ended: 40 ms, closed
             1640 commit #0
             1650 say "lights off done."
             3150 end #0 "turn off the lights" [lights_off] A -> "lights off done." Hit ttfa 60 ms, result 50 ms
            effects: home.lights_off
        "#]],
    );
}

#[test]
fn an_extendable_command_waits_for_its_continuation() {
    check(
        "1000 speech\n1300 hears turn on the fan\n1400 silence\n1500 speech again\n1700 hears turn on the fan in the kitchen\n1800 silence",
        expect![[r#"
             1000 transcribe from 1000 ms
             1300 prepare fan_on as #0
             1300 stage "fan on done."
             1700 unstage
             1700 discard
             1700 prepare fan_on_in_kitchen as #0
             1700 stage "fan on in kitchen done."
             1840 #0 has ended: 40 ms, closed
             1840 commit #0
             1850 say "fan on in kitchen done."
             3350 end #0 "turn on the fan in the kitchen" [fan_on_in_kitchen] A -> "fan on in kitchen done." Hit ttfa 60 ms, result 50 ms
            effects: home.fan_on_in_kitchen
        "#]],
    );
}

#[test]
fn a_sentence_guessed_in_a_pause_waits_for_the_words_that_follow() {
    check(
        "1000 speech\n1300 hears turn on\n1400 silence\n1480 hears turn off the lights\n1650 speech again\n1900 hears turn on the fan in the kitchen\n2000 silence",
        expect![[r#"
             1000 transcribe from 1000 ms
             1480 prepare lights_off as #0
             1480 stage "lights off done."
             1900 unstage
             1900 discard
             1900 prepare fan_on_in_kitchen as #0
             1900 stage "fan on in kitchen done."
             2040 #0 has ended: 40 ms, closed
             2040 commit #0
             2050 say "fan on in kitchen done."
             3550 end #0 "turn on the fan in the kitchen" [fan_on_in_kitchen] A -> "fan on in kitchen done." Hit ttfa 60 ms, result 50 ms
            effects: home.fan_on_in_kitchen
        "#]],
    );
}

#[test]
fn the_name_of_a_routine_is_all_of_its_steps() {
    check(
        "1000 speech\n1300 hears good morning\n1400 silence",
        expect![[r#"
             1000 transcribe from 1000 ms
             1300 prepare lights_off, fan_on as #0
             1300 stage "lights off done. fan on done."
             1440 #0 has ended: 40 ms, closed
             1440 commit #0
             1450 say "lights off done. fan on done."
             2950 end #0 "good morning" [lights_off, fan_on] A -> "lights off done. fan on done." Hit ttfa 60 ms, result 50 ms
            effects: home.lights_off, home.fan_on
        "#]],
    );
    check(
        "1000 types good evening",
        expect![[r#"
         1000 prepare routine(…) as #0
         1000 commit #0
         1010 end #0 "good evening" [routine] A -> "routine done." None
        effects: loqa.routine
    "#]],
    );
}

#[test]
fn more_may_be_said_after_the_name_of_a_routine() {
    check(
        "1000 speech\n1300 hears good morning\n1400 silence\n1700 speech\n1900 hears good morning and set a timer for ten minutes\n2000 silence",
        expect![[r#"
             1000 transcribe from 1000 ms
             1300 prepare lights_off, fan_on as #0
             1300 stage "lights off done. fan on done."
             1440 #0 has ended: 40 ms, closed
             1440 commit #0
             1450 say "lights off done. fan on done."
             1700 transcribe from 1000 ms
             1900 silence the reply
             1900 prepare set(…) as #1
             1900 stage "lights off done. fan on done. set done."
             2170 #0 has ended: 170 ms, extendable
             2170 commit #1
             2180 say "lights off done. fan on done. set done."
             3680 end #0 "good morning and set a timer for ten minutes" [lights_off, fan_on, set] A -> "lights off done. fan on done. set done." Hit ttfa 190 ms, result 180 ms
            effects: home.lights_off, home.fan_on, timers.set
        "#]],
    );
}

#[test]
fn a_pause_inside_a_number_does_not_end_the_command() {
    check(
        "1000 speech\n1300 hears set a timer for ten\n1400 silence\n1600 hears set a timer for ten and\n2400 speech again\n2800 hears set a timer for ten minutes\n2900 silence",
        expect![[r#"
             1000 transcribe from 1000 ms
             2800 prepare set(…) as #0
             2800 stage "set done."
             3070 #0 has ended: 170 ms, extendable
             3070 commit #0
             3080 say "set done."
             4580 end #0 "set a timer for ten minutes" [set] B -> "set done." Hit ttfa 190 ms, result 180 ms
            effects: timers.set
        "#]],
    );
}

#[test]
fn a_word_that_may_have_begun_gets_time_to_be_said() {
    check(
        "1000 speech\n1300 hears turn on the fan\n1390 hears turn on the fan in the\n1400 silence\n1650 speech again\n2000 hears turn on the fan in the kitchen\n2100 silence",
        expect![[r#"
             1000 transcribe from 1000 ms
             1300 prepare fan_on as #0
             1300 stage "fan on done."
             1390 unstage
             1390 discard
             2000 prepare fan_on_in_kitchen as #0
             2000 stage "fan on in kitchen done."
             2140 #0 has ended: 40 ms, closed
             2140 commit #0
             2150 say "fan on in kitchen done."
             3650 end #0 "turn on the fan in the kitchen" [fan_on_in_kitchen] A -> "fan on in kitchen done." Hit ttfa 60 ms, result 50 ms
            effects: home.fan_on_in_kitchen
        "#]],
    );
}

#[test]
fn other_final_words_discard_the_plan() {
    check(
        "1000 speech\n1300 hears turn on the fan\n1400 final turn off the lights\n1400 silence",
        expect![[r#"
             1000 transcribe from 1000 ms
             1300 prepare fan_on as #0
             1300 stage "fan on done."
             1570 #0 has ended: 170 ms, extendable
             1570 unstage
             1570 discard
             1570 prepare lights_off as #0 for "turn off the lights"
             1570 commit #0
             1580 say "lights off done."
             3080 end #0 "turn off the lights" [lights_off] A -> "lights off done." Miss ttfa 190 ms, result 180 ms
            effects: home.lights_off
        "#]],
    );
}

#[test]
fn an_incomplete_final_listens_on() {
    check(
        "1000 speech\n1300 hears turn off the lights\n1390 final turn off\n1400 silence\n1500 speech again\n1600 hears turn off the lights\n1700 silence",
        expect![[r#"
             1000 transcribe from 1000 ms
             1300 prepare lights_off as #0
             1300 stage "lights off done."
             1440 #0 has ended: 40 ms, closed
             1440 reopen
             1440 transcribe from 1000 ms
             1740 #0 has ended: 40 ms, closed
             1740 commit #0
             1750 say "lights off done."
             3250 end #0 "turn off the lights" [lights_off] A -> "lights off done." Hit ttfa 60 ms, result 50 ms
            effects: home.lights_off
        "#]],
    );
}

#[test]
fn and_after_the_commit_is_the_next_step_of_the_same_turn() {
    check(
        "1000 speech\n1300 hears turn off the lights\n1400 silence\n1900 speech\n2000 hears turn off the lights and turn\n2300 hears turn off the lights and turn on the fan in the kitchen\n2400 silence",
        expect![[r#"
             1000 transcribe from 1000 ms
             1300 prepare lights_off as #0
             1300 stage "lights off done."
             1440 #0 has ended: 40 ms, closed
             1440 commit #0
             1450 say "lights off done."
             1900 transcribe from 1000 ms
             2000 silence the reply
             2300 prepare fan_on_in_kitchen as #1
             2300 stage "lights off done. fan on in kitchen done."
             2440 #0 has ended: 40 ms, closed
             2440 commit #1
             2450 say "lights off done. fan on in kitchen done."
             3950 end #0 "turn off the lights and turn on the fan in the kitchen" [lights_off, fan_on_in_kitchen] A -> "lights off done. fan on in kitchen done." Hit ttfa 60 ms, result 50 ms
            effects: home.lights_off, home.fan_on_in_kitchen
        "#]],
    );
}

#[test]
fn other_speech_after_the_commit_is_a_turn_of_its_own() {
    check(
        "1000 speech\n1300 hears turn off the lights\n1400 silence\n1900 speech\n2300 hears turn on the fan in the kitchen\n2400 silence",
        expect![[r#"
             1000 transcribe from 1000 ms
             1300 prepare lights_off as #0
             1300 stage "lights off done."
             1440 #0 has ended: 40 ms, closed
             1440 commit #0
             1450 say "lights off done."
             1900 transcribe from 1000 ms
             2570 #0 has ended: 170 ms, extendable
             2570 transcribe from 1900 ms
             2570 end #0 "turn off the lights" [lights_off] A -> "lights off done." Hit ttfa 60 ms, result 50 ms LOST SPEECH
             2570 prepare fan_on_in_kitchen as #1
             2570 commit #1
             2580 say "fan on in kitchen done."
             4080 end #1 "turn on the fan in the kitchen" [fan_on_in_kitchen] A -> "fan on in kitchen done." None ttfa 190 ms, result 180 ms
            effects: home.lights_off, home.fan_on_in_kitchen
        "#]],
    );
}

#[test]
fn words_that_change_nothing_are_no_turn_of_their_own() {
    check(
        "1000 speech\n1300 hears turn off the lights\n1400 silence\n1500 speech\n1700 hears turn off the lights please\n1800 silence",
        expect![[r#"
             1000 transcribe from 1000 ms
             1300 prepare lights_off as #0
             1300 stage "lights off done."
             1440 #0 has ended: 40 ms, closed
             1440 commit #0
             1450 say "lights off done."
             1500 transcribe from 1000 ms
             1970 #0 has ended: 170 ms, extendable
             2950 end #0 "turn off the lights" [lights_off] A -> "lights off done." Hit ttfa 60 ms, result 50 ms
            effects: home.lights_off
        "#]],
    );
}

#[test]
fn two_steps_are_one_plan_one_commit_one_reply() {
    check(
        "1000 speech\n1300 hears turn off the lights and turn on the fan in the kitchen\n1400 silence",
        expect![[r#"
             1000 transcribe from 1000 ms
             1300 prepare lights_off, fan_on_in_kitchen as #0
             1300 stage "lights off done. fan on in kitchen done."
             1440 #0 has ended: 40 ms, closed
             1440 commit #0
             1450 say "lights off done. fan on in kitchen done."
             2950 end #0 "turn off the lights and turn on the fan in the kitchen" [lights_off, fan_on_in_kitchen] A -> "lights off done. fan on in kitchen done." Hit ttfa 60 ms, result 50 ms
            effects: home.lights_off, home.fan_on_in_kitchen
        "#]],
    );
}

#[test]
fn nothing_matched_and_rejected_have_no_effect() {
    check(
        "0 types make me a sandwich\n1000 speech\n1300 hears turn off the lights\n1390 rejects\n1400 silence",
        expect![[r#"
                0 end #0 "make me a sandwich" [] -> "I didn't get that." None
             1000 transcribe from 1000 ms
             1300 prepare lights_off as #1
             1300 stage "lights off done."
             1440 #1 has ended: 40 ms, closed
             1440 unstage
             1440 discard
             1440 end #1 "" [] -> "" Miss rejected
            effects: none
        "#]],
    );
}

#[test]
fn a_stale_plan_is_prepared_again_once() {
    check(
        "0 stale\n0 types turn off the lights\n1000 stale\n1000 stale\n1000 types turn off the lights",
        expect![[r#"
                0 prepare lights_off as #0
                0 commit #0
               10 prepare lights_off as #0
               10 commit #0
               20 end #0 "turn off the lights" [lights_off] A -> "lights off done." None
             1000 prepare lights_off as #1
             1000 commit #1
             1010 prepare lights_off as #1
             1010 commit #1
             1020 end #1 "turn off the lights" [lights_off] A -> "Something changed in the meantime, so I did nothing." None
            effects: home.lights_off
        "#]],
    );
}

#[test]
fn a_slow_commit_is_bridged() {
    check(
        "0 commits take 500\n1000 speech\n1300 hears turn off the lights\n1400 silence",
        expect![[r#"
             1000 transcribe from 1000 ms
             1300 prepare lights_off as #0
             1300 stage "lights off done."
             1440 #0 has ended: 40 ms, closed
             1440 commit #0
             1500 say "One moment."
             2310 say "lights off done."
             3440 end #0 "turn off the lights" [lights_off] A -> "lights off done." Hit ttfa 920 ms, result 540 ms
            effects: home.lights_off
        "#]],
    );
}

#[test]
fn free_text_waits_for_the_open_hangover() {
    check(
        "1000 speech\n1300 hears add purple paint to my list\n1400 silence",
        expect![[r#"
             1000 transcribe from 1000 ms
             1300 prepare add(…) as #0
             1300 stage "add done."
             1700 #0 has ended: 300 ms, open
             1700 commit #0
             1710 say "add done."
             3210 end #0 "add purple paint to my list" [add] C -> "add done." Hit ttfa 320 ms, result 310 ms
            effects: home.add
        "#]],
    );
}

#[test]
fn cancel_leaves_nothing_behind() {
    check(
        "1000 speech\n1300 hears turn on the fan\n1350 cancel\n2000 speech\n2300 hears turn off the lights\n2400 silence\n2600 cancel",
        expect![[r#"
             1000 transcribe from 1000 ms
             1300 prepare fan_on as #0
             1300 stage "fan on done."
             1350 unstage
             1350 discard
             1350 end #0 "turn on the fan" [] -> "" None
             2000 transcribe from 2000 ms
             2300 prepare lights_off as #1
             2300 stage "lights off done."
             2440 #1 has ended: 40 ms, closed
             2440 commit #1
             2450 say "lights off done."
             2600 silence the reply
             2600 end #1 "turn off the lights" [lights_off] A -> "lights off done." Hit ttfa 60 ms, result 50 ms
             2600 #1: 140 ms of the reply were heard
            effects: home.lights_off
        "#]],
    );
}

#[test]
fn a_deaf_recogniser_is_named_and_typing_still_works() {
    check(
        "1000 speech\n1300 hears turn on\n1350 deaf\n3000 types turn off the lights",
        expect![[r#"
             1000 transcribe from 1000 ms
             1350 say "Sorry, I couldn't hear that."
             2160 end #0 "" [] -> "Sorry, I couldn't hear that." None ttfa 10 ms
             3000 prepare lights_off as #1
             3000 commit #1
             3010 end #1 "turn off the lights" [lights_off] A -> "lights off done." None
            effects: home.lights_off
        "#]],
    );
}
