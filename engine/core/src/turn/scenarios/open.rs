//! What no command covers.

use super::check_open as check;
use expect_test::expect;

#[test]
fn an_answer_is_said_clause_by_clause_while_it_is_made() {
    check(
        "0 speech
         400 hears why is the sky blue
         500 silence
         1300 says Because air scatters blue
         1400 says  light more than red, and we
         1500 says  see what is left. It is so
         1600 says  at noon.
         1700 ends",
        expect![[r#"
                0 transcribe from 0 ms
             1200 #0 has ended: 700 ms, incomplete
             1200 ask "why is the sky blue" after []
             1400 begin "Because air scatters blue light more than red,"
             1500 go on "and we see what is left."
             1700 go on "It is so at noon."
             1700 complete
             2500 end #0 "why is the sky blue" [] C -> "Because air scatters blue light more than red, and we see what is left. It is so at noon." None ttfa 910 ms
            effects: none
        "#]],
    );
}

#[test]
fn a_call_is_done_as_if_it_had_been_said_and_told_by_its_result() {
    check(
        "0 types it is too bright in here
         10 calls home.lights_off {}
         2000 types i am locked out
         2010 calls home.unlock {}
         3000 types yes
         4000 types make it cosy
         4010 calls home.explode {}
         5000 types i need something
         5010 calls home.add {\"text\": \"oat milk\"}",
        expect![[r#"
                0 ask "it is too bright in here" after []
               10 forget the question
               10 prepare lights_off as #0 for "turn off the lights"
               10 commit #0
               20 end #0 "it is too bright in here" [lights_off] C -> "lights off done." None
             2000 ask "i am locked out" after [it is too bright in here | lights off done.]
             2010 forget the question
             2010 prepare unlock as #1 for "unlock the door"
             2010 discard
             2010 end #1 "i am locked out" [unlock] C -> "Shall I unlock it?" None
             3000 prepare unlock as #2 for "unlock the door"
             3000 commit #2
             3010 show "the door is open"
             3010 end #2 "yes" [unlock] A -> "unlock done." None
             4000 ask "make it cosy" after [it is too bright in here | lights off done. | i am locked out | Shall I unlock it? | yes | unlock done.]
             4010 forget the question
             4010 end #3 "make it cosy" [] C -> "I didn't do anything: say it another way." None
             5000 ask "i need something" after [it is too bright in here | lights off done. | i am locked out | Shall I unlock it? | yes | unlock done. | make it cosy | I didn't do anything: say it another way.]
             5010 forget the question
             5010 prepare add(…) as #4 for "add oat milk to my list"
             5010 commit #4
             5020 end #4 "i need something" [add] C -> "add done." None
            effects: home.lights_off, home.unlock, home.add
        "#]],
    );
}

#[test]
fn what_it_claims_to_have_done_is_not_said() {
    check(
        "0 speech
         400 hears it is so dark
         500 silence
         1300 says I've turned on
         1310 says  the lights for you. Enjoy
         4000 speech
         4400 hears tell me more
         4500 silence
         5300 says Darkness is the absence of light. I will now open the door. And
         9000 types so what
         9100 says Done
         9110 ends",
        expect![[r#"
                0 transcribe from 0 ms
             1200 #0 has ended: 700 ms, incomplete
             1200 ask "it is so dark" after []
             1310 forget the question
             1310 say "I didn't do anything: say it another way."
             2120 end #0 "it is so dark" [] C -> "I didn't do anything: say it another way." None ttfa 820 ms
             4000 transcribe from 4000 ms
             5200 #1 has ended: 700 ms, incomplete
             5200 ask "tell me more" after [it is so dark | I didn't do anything: say it another way.]
             5300 forget the question
             5300 say "I didn't do anything: say it another way."
             6110 end #1 "tell me more" [] C -> "I didn't do anything: say it another way." None ttfa 810 ms
             9000 ask "so what" after [it is so dark | I didn't do anything: say it another way. | tell me more | I didn't do anything: say it another way.]
             9110 end #2 "so what" [] C -> "I didn't do anything: say it another way." None
            effects: none
        "#]],
    );
}

#[test]
fn who_waits_is_told_so_and_who_waits_too_long_too() {
    check(
        "0 speech
         400 hears what is love
         500 silence
         2450 says A feeling, they say. Or
         2500 ends
         9000 speech
         9400 hears what is death
         9500 silence
         26000 says Nothing
         30000 types and now
         30010 fails",
        expect![[r#"
                0 transcribe from 0 ms
             1200 #0 has ended: 700 ms, incomplete
             1200 ask "what is love" after []
             2400 say "One moment."
             3210 say "A feeling, they say. Or"
             4020 end #0 "what is love" [] C -> "A feeling, they say. Or" None ttfa 2720 ms
             9000 transcribe from 9000 ms
            10200 #1 has ended: 700 ms, incomplete
            10200 ask "what is death" after [what is love | A feeling, they say. Or]
            11400 say "One moment."
            25200 forget the question
            25200 say "I have no answer to that right now."
            26010 end #1 "what is death" [] C -> "I have no answer to that right now." None ttfa 15710 ms
            30000 ask "and now" after [what is love | A feeling, they say. Or | what is death | I have no answer to that right now.]
            30010 end #2 "and now" [] C -> "I have no answer to that right now." None
            effects: none
        "#]],
    );
}

#[test]
fn whoever_speaks_over_an_answer_ends_it_and_what_was_heard_of_it_is_remembered() {
    check(
        "0 speech
         400 hears tell me a story
         500 silence
         1300 says Once upon a time there was a king. He had
         2000 interrupt
         3000 types and then
         3010 says He slept.
         3020 ends
         4000 types turn off the lights
         5000 types are they off
         5010 cancel",
        expect![[r#"
                0 transcribe from 0 ms
             1200 #0 has ended: 700 ms, incomplete
             1200 ask "tell me a story" after []
             1300 begin "Once upon a time there was a king."
             2000 forget the question
             2000 silence the reply
             2000 end #0 "tell me a story" [] C -> "Once upon a time there was a king." None ttfa 810 ms
             2000 #0: 0 ms of the reply were heard
             3000 ask "and then" after [tell me a story | …]
             3020 end #1 "and then" [] C -> "He slept." None
             4000 prepare lights_off as #2
             4000 commit #2
             4010 end #2 "turn off the lights" [lights_off] A -> "lights off done." None
             5000 ask "are they off" after [tell me a story | … | and then | He slept. | turn off the lights | lights off done.]
             5010 forget the question
             5010 end #3 "are they off" [] C -> "" None
            effects: home.lights_off
        "#]],
    );
}
