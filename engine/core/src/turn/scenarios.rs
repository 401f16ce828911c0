//! Conversations as text: what happens when, and what Loqa makes of it.
//!
//! A line is `<ms> <what>`: `speech` begins, words as the recogniser gives them (`hears …`),
//! `silence`, `speech again`, `types …`; the recogniser's final words are its last ones unless
//! `final …` said otherwise. A plan takes no time, a commit 5 ms (`commits take …`), a voice 10 ms
//! (0 if staged), a reply 800 ms.

use super::{
    household::{Host, grammar},
    *,
};
use crate::endpoint::Hangover;
use expect_test::{Expect, expect};
use loqa_protocol::{Hypothesis, Verdict};
use std::fmt::Write;

const TICK: u64 = 10;

struct Room {
    machine: TurnMachine,
    host: Host,
    now: u64,
    log: String,
    take: Option<Take>,
    words: String,
    last_words: Option<String>,
    verdict: Verdict,
    silent_since: Option<u64>,
    finished: bool,
    commit_ms: u64,
    /// What will happen by itself: (ms, input).
    coming: Vec<(u64, Input)>,
}

impl Room {
    fn input(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.machine
            .handle(input, Duration::from_millis(self.now), &mut effects);
        for effect in effects {
            self.perform(effect);
        }
    }

    fn note(&mut self, line: &str) {
        let _ = writeln!(self.log, "{:>5} {line}", self.now);
    }

    fn hear(&mut self) {
        if let Some(take) = self.take {
            let hypothesis = Hypothesis {
                tentative: self.words.clone(),
                through: self.now * 16,
                ..Hypothesis::default()
            };
            self.input(Input::Heard(take, hypothesis));
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Transcribe {
                take,
                from,
                context,
            } => {
                self.take = Some(take);
                self.finished = false;
                let context = if context == Context::Commands {
                    String::new()
                } else {
                    format!(" in {context:?}")
                };
                self.note(&format!("transcribe from {} ms{context}", from / 16));
            }
            Effect::Reopen => self.note("reopen"),
            Effect::FinishTranscription(take) => {
                self.finished = true;
                let text = self.last_words.take().unwrap_or_else(|| self.words.clone());
                let hypothesis = Hypothesis {
                    committed: text,
                    through: self.now * 16,
                    is_final: true,
                    verdict: self.verdict,
                    ..Hypothesis::default()
                };
                self.coming.push((self.now, Input::Heard(take, hypothesis)));
            }
            Effect::DropTranscription(_) => self.take = None,
            Effect::Prepare(id, request) => {
                let steps: Vec<_> = request
                    .steps
                    .iter()
                    .map(|step| {
                        format!(
                            "{}{}",
                            step.intent,
                            if step.slots.is_empty() { "" } else { "(…)" }
                        )
                    })
                    .collect();
                self.note(&format!(
                    "prepare {} as {}",
                    steps.join(", "),
                    request.utterance.turn
                ));
                let result = self.host.prepare(&request);
                self.input(Input::Prepared(id, result, Duration::ZERO));
            }
            Effect::Discard(draft) => {
                self.note("discard");
                self.host.discard(draft);
            }
            Effect::Stage(_, text) => self.note(&format!("stage \"{text}\"")),
            Effect::Unstage(_) => self.note("unstage"),
            Effect::Commit(utterance, draft) => {
                self.note(&format!("commit {}", utterance.turn));
                let result = self.host.commit(utterance, draft);
                self.coming.push((
                    self.now + self.commit_ms,
                    Input::Committed(utterance, result),
                ));
            }
            Effect::Speak(reply, text) => {
                self.note(&format!("say \"{text}\""));
                let at = Duration::from_millis(self.now + 10);
                self.coming.push((
                    self.now + 10,
                    Input::ReplyStarted {
                        reply,
                        audio_ready: at,
                        at,
                    },
                ));
                self.coming.push((
                    self.now + 810,
                    Input::ReplyEnded {
                        reply,
                        heard: Duration::from_millis(800),
                    },
                ));
            }
            Effect::Silence(reply) => {
                self.note("silence the reply");
                self.coming.retain(|(_, input)| !matches!(input, Input::ReplyStarted { reply: id, .. } | Input::ReplyEnded { reply: id, .. } if *id == reply));
                self.coming.push((
                    self.now,
                    Input::ReplyEnded {
                        reply,
                        heard: Duration::ZERO,
                    },
                ));
            }
            Effect::Announce(turn, event) => {
                if let Event::SpeechEnded {
                    endpoint_delay_ms,
                    state,
                } = *event
                {
                    self.note(&format!(
                        "{turn} has ended: {endpoint_delay_ms} ms, {state}"
                    ));
                }
            }
            Effect::EndTurn(ended) => {
                let summary = &ended.summary;
                let steps: Vec<_> = ended
                    .steps
                    .iter()
                    .map(|step| step.intent.as_str())
                    .collect();
                let mut line = format!(
                    "end {} \"{}\" [{}] -> \"{}\" {:?}",
                    ended.turn,
                    summary.text,
                    steps.join(", "),
                    summary.reply,
                    summary.speculation
                );
                if let Some(ttfa_ms) = summary.ttfa_ms {
                    let _ = write!(line, " ttfa {ttfa_ms:.0} ms");
                }
                if let Some(result_ms) = summary.result_ms {
                    let _ = write!(line, ", result {result_ms:.0} ms");
                }
                if summary.rejected {
                    line += " rejected";
                }
                if ended.lost_speech.is_some() {
                    line += " LOST SPEECH";
                }
                self.note(&line);
            }
        }
    }

    fn tick(&mut self) {
        loop {
            let due = self.coming.iter().position(|(at, _)| *at <= self.now);
            let Some(index) = due else { break };
            let (_, input) = self.coming.remove(index);
            self.input(input);
        }
        if let Some(since) = self.silent_since
            && !self.finished
            && self.take.is_some()
        {
            self.hear();
            let expectation = self.machine.expectation();
            if u128::from(self.now - since) >= Hangover::default().of(expectation).as_millis() {
                self.silent_since = None;
                let t0 = Duration::from_millis(since);
                self.input(Input::Endpoint {
                    expectation,
                    through: self.now * 16,
                    last_voiced: t0,
                    t0,
                });
                return self.tick();
            }
        }
        if self
            .machine
            .deadline()
            .is_some_and(|deadline| deadline <= Duration::from_millis(self.now))
        {
            self.input(Input::Deadline);
        }
    }

    fn run(&mut self, line: &str) {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            "speech" if self.machine.hearing() && !self.finished => {
                self.silent_since = None;
                self.input(Input::SpeechResumed);
            }
            "speech" => {
                self.silent_since = None;
                self.words.clear();
                self.input(Input::SpeechStarted { at: self.now * 16 });
            }
            "hears" => {
                self.words = rest.into();
                for _ in 0..3 {
                    self.hear();
                }
            }
            "final" => self.last_words = Some(rest.into()),
            "rejects" => self.verdict = Verdict::Rejected,
            "silence" => {
                self.silent_since = Some(self.now);
                self.input(Input::SpeechPaused { at: self.now * 16 });
            }
            "types" => self.input(Input::Typed(rest.into())),
            "cancel" => self.input(Input::Cancel),
            "deaf" => {
                let take = self.take.unwrap();
                self.input(Input::HearingFailed(take, "the recogniser is gone".into()));
            }
            "commits" => self.commit_ms = rest.trim_start_matches("take ").parse().unwrap(),
            "stale" => self.host.failures.push(HostError::Stale),
            "epoch" => {
                self.host.epoch += 1;
                self.input(Input::EpochChanged);
            }
            "audio" => self.input(Input::Listening(false)),
            other => panic!("unknown line: {other}"),
        }
    }
}

#[track_caller]
fn check(script: &str, expect: Expect) {
    let session = SessionId(1);
    let mut room = Room {
        machine: TurnMachine::new(TurnConfig::default(), session, None, grammar()),
        host: Host::default(),
        now: 0,
        log: String::new(),
        take: None,
        words: String::new(),
        last_words: None,
        verdict: Verdict::Accepted,
        silent_since: None,
        finished: false,
        commit_ms: 5,
        coming: Vec::new(),
    };
    room.input(Input::Listening(true));
    let mut lines = script
        .lines()
        .map(|line| line.trim().split_once(' ').unwrap())
        .peekable();
    while room.now < 60_000 {
        while let Some((_, line)) = lines.next_if(|(at, _)| at.parse::<u64>().unwrap() <= room.now)
        {
            room.run(line);
        }
        room.tick();
        if lines.peek().is_none() && room.coming.is_empty() && room.machine.deadline().is_none() {
            break;
        }
        room.now += TICK;
    }
    assert!(
        !room.machine.hearing() && !room.machine.answering(),
        "every turn ends"
    );
    assert_eq!(
        room.host.forgotten(),
        0,
        "every plan is committed or discarded"
    );
    let _ = writeln!(room.log, "effects: {}", room.host.effects.join(", "));
    expect.assert_eq(&room.log);
}

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
         3150 end #0 "turn off the lights" [lights_off] -> "lights off done." Hit ttfa 60 ms, result 50 ms
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
             3350 end #0 "turn on the fan in the kitchen" [fan_on_in_kitchen] -> "fan on in kitchen done." Hit ttfa 60 ms, result 50 ms
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
         1570 prepare lights_off as #0
         1570 commit #0
         1580 say "lights off done."
         3080 end #0 "turn off the lights" [lights_off] -> "lights off done." Miss ttfa 190 ms, result 180 ms
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
             3250 end #0 "turn off the lights" [lights_off] -> "lights off done." Hit ttfa 60 ms, result 50 ms
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
             3950 end #0 "turn off the lights and turn on the fan in the kitchen" [lights_off, fan_on_in_kitchen] -> "lights off done. fan on in kitchen done." Hit ttfa 60 ms, result 50 ms
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
             2570 end #0 "turn off the lights" [lights_off] -> "lights off done." Hit ttfa 60 ms, result 50 ms LOST SPEECH
             2570 prepare fan_on_in_kitchen as #1
             2570 commit #1
             2580 say "fan on in kitchen done."
             4080 end #1 "turn on the fan in the kitchen" [fan_on_in_kitchen] -> "fan on in kitchen done." None ttfa 190 ms, result 180 ms
            effects: home.lights_off, home.fan_on_in_kitchen
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
         2950 end #0 "turn off the lights and turn on the fan in the kitchen" [lights_off, fan_on_in_kitchen] -> "lights off done. fan on in kitchen done." Hit ttfa 60 ms, result 50 ms
        effects: home.lights_off, home.fan_on_in_kitchen
    "#]],
    );
}

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
             2910 end #0 "unlock the door" [unlock] -> "Shall I unlock it?" Hit ttfa 710 ms
             4000 transcribe from 4000 ms in Confirm
             4200 prepare unlock as #1
             4200 stage "unlock done."
             5000 #1 has ended: 700 ms, grave
             5000 commit #1
             5010 say "unlock done."
             5820 end #1 "yes" [unlock] -> "unlock done." Hit ttfa 720 ms, result 710 ms
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
            0 end #0 "unlock the door" [unlock] -> "Shall I unlock it?" None
         9000 end #1 "yes" [] -> "I didn't get that." None
        10000 prepare unlock as #2
        10000 discard
        10000 end #2 "unlock the door" [unlock] -> "Shall I unlock it?" None
        11000 end #3 "well" [] -> "OK, I won't." None
        12000 end #4 "yes" [] -> "I didn't get that." None
        effects: 
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
            0 end #0 "unlock the door" [unlock] -> "Shall I unlock it?" None
         1000 prepare lights_off as #1
         1000 commit #1
         1010 end #1 "turn off the lights" [lights_off] -> "lights off done." None
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
            0 end #0 "unlock the door" [unlock] -> "Shall I unlock it?" None
         1100 prepare unlock as #1
         1100 discard
         1100 end #1 "yes" [unlock] -> "Shall I unlock it!?" None
         2000 prepare unlock as #2
         2000 commit #2
         2010 end #2 "yes" [unlock] -> "unlock done." None
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
            0 end #0 "set a timer" [set] -> "For how long?" None
         1000 prepare set(…) as #1
         1000 commit #1
         1010 end #1 "ten minutes" [set] -> "set done." None
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
            0 end #0 "set a timer" [set] -> "For how long?" None
         1000 end #1 "blah" [] -> "For how long?" None
         2000 end #2 "blah blah" [] -> "Never mind." None
         3000 end #3 "ten minutes" [] -> "I didn't get that." None
        effects: 
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
             2250 end #0 "turn off the lights never mind" [never_mind] -> "Never mind." None ttfa 50 ms
             4000 prepare set as #1
             4000 discard
             4000 end #1 "set a timer" [set] -> "For how long?" None
             5000 end #2 "never mind" [never_mind] -> "Never mind." None
            effects: 
        "#]],
    );
}

#[test]
fn repeat_says_the_last_reply_again() {
    check(
        "0 types repeat that\n1000 types turn off the lights\n2000 types repeat that",
        expect![[r#"
            0 end #0 "repeat that" [repeat] -> "I haven't said anything yet." None
         1000 prepare lights_off as #1
         1000 commit #1
         1010 end #1 "turn off the lights" [lights_off] -> "lights off done." None
         2000 end #2 "repeat that" [repeat] -> "lights off done." None
        effects: home.lights_off
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
            effects: 
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
           20 end #0 "turn off the lights" [lights_off] -> "lights off done." None
         1000 prepare lights_off as #1
         1000 commit #1
         1010 prepare lights_off as #1
         1010 commit #1
         1020 end #1 "turn off the lights" [lights_off] -> "Something changed in the meantime, so I did nothing." None
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
         3440 end #0 "turn off the lights" [lights_off] -> "lights off done." Hit ttfa 920 ms, result 540 ms
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
             3210 end #0 "add purple paint to my list" [add] -> "add done." Hit ttfa 320 ms, result 310 ms
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
             2600 end #1 "turn off the lights" [lights_off] -> "lights off done." Hit ttfa 60 ms, result 50 ms
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
         3010 end #1 "turn off the lights" [lights_off] -> "lights off done." None
        effects: home.lights_off
    "#]],
    );
}
