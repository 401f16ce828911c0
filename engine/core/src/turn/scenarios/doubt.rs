//! What follows sounds that may have been a call.

use super::check_open as check;
use expect_test::expect;

#[test]
fn a_command_shows_that_it_was_one() {
    check(
        "0 doubted
         0 speech
         400 hears turn off the lights
         500 silence
         3000 speech
         3400 hears why is the sky blue
         3500 silence
         4300 says It scatters.
         4400 ends",
        expect![[r#"
                0 transcribe from 0 ms
              400 prepare lights_off as #0
              400 stage "lights off done."
              540 #0 has ended: 40 ms, closed
              540 commit #0
              550 say "lights off done."
             2050 end #0 "turn off the lights" [lights_off] A -> "lights off done." Hit ttfa 60 ms, result 50 ms
             3000 transcribe from 3000 ms
             4200 #1 has ended: 700 ms, incomplete
             4200 ask "why is the sky blue" after [turn off the lights | lights off done.]
             4400 say "It scatters."
             5210 end #1 "why is the sky blue" [] C -> "It scatters." None ttfa 910 ms
            effects: home.lights_off
        "#]],
    );
}

#[test]
fn anything_else_is_listened_past() {
    check(
        "0 doubted
         0 speech
         400 hears why is the sky blue
         500 silence
         3000 speech
         3100 deaf
         6000 speech
         6400 hears turn off the lights
         6450 rejects
         6500 silence",
        expect![[r#"
                0 transcribe from 0 ms
             1200 #0 has ended: 700 ms, incomplete
             1200 end #0 "" [] -> "" None rejected
             3000 transcribe from 3000 ms
             3100 end #1 "" [] -> "" None rejected
             6000 transcribe from 6000 ms
             6400 prepare lights_off as #2
             6400 stage "lights off done."
             6540 #2 has ended: 40 ms, closed
             6540 unstage
             6540 discard
             6540 end #2 "" [] -> "" Miss rejected
            effects: none
        "#]],
    );
}

#[test]
fn what_is_typed_meanwhile_is_not_doubted() {
    check(
        "0 doubted
         0 types why is the sky blue
         100 says It scatters.
         200 ends",
        expect![[r#"
                0 ask "why is the sky blue" after []
              200 end #0 "why is the sky blue" [] C -> "It scatters." None
            effects: none
        "#]],
    );
}
