//! The end of an utterance: its last words are acted on, or listened past.

use super::{
    Answer, Effect, Ended, Take, TurnMachine,
    reading::Meaning,
    utterance::{EndpointMark, MAX_REOPENED, Utterance},
};
use crate::endpoint::Expectation;
use loqa_protocol::{Event, Hypothesis, Speculation, TurnId, TurnSummary, Verdict};
use std::time::Duration;

impl TurnMachine {
    /// Concludes an utterance that waited for an earlier commit, once that is done.
    pub(super) fn conclude_held(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        if self
            .answer
            .as_ref()
            .is_none_or(|answer| !answer.uncommitted())
            && let Some(hypothesis) = self
                .hearing
                .as_mut()
                .and_then(|utterance| utterance.held.take())
        {
            self.conclude(hypothesis, now, effects);
        }
    }

    /// The words are known: acts on them, or listens on.
    pub(super) fn conclude(
        &mut self,
        hypothesis: Hypothesis,
        now: Duration,
        effects: &mut Vec<Effect>,
    ) {
        if self.answer.as_ref().is_some_and(Answer::uncommitted) {
            if let Some(utterance) = &mut self.hearing {
                utterance.held = Some(hypothesis);
            }
            return;
        }
        let text = hypothesis.text();
        let reading = self.read(&text);
        let Some(utterance) = &self.hearing else {
            return;
        };
        let Some(mark) = utterance.endpoint else {
            return;
        };
        let rejected = hypothesis.verdict == Verdict::Rejected;
        let due = self.expected_after(utterance, &text, &reading);
        if !rejected
            && due > mark.expectation
            && due != Expectation::Grave
            && utterance.reopened < MAX_REOPENED
        {
            if let Some(utterance) = &mut self.hearing {
                utterance.reopened += 1;
            }
            self.reopen(effects);
            return;
        }
        let Some(mut utterance) = self.hearing.take() else {
            return;
        };
        let rejected = rejected || self.doubts() && reading.meaning == Meaning::Nothing;
        self.doubted &= rejected;
        let hidden = self.hides(&reading.meaning);
        let text = if hidden { String::new() } else { text };
        let shown = if rejected {
            String::new()
        } else {
            text.clone()
        };
        self.announce(
            utterance.turn,
            Event::SttFinal {
                text: shown,
                verdict: match rejected {
                    true => Verdict::Rejected,
                    false => hypothesis.verdict,
                },
            },
            effects,
        );
        if rejected {
            self.reject(utterance, now, effects);
        } else if utterance.continues {
            let wanted = self.wanted(true, &reading.meaning);
            if let Some(steps) = wanted {
                self.join(utterance, steps, text, now, effects);
            } else {
                Self::discard(utterance.plan.take(), effects);
                self.part(utterance, &text, &reading.meaning, effects);
            }
        } else {
            self.end_answer(now, effects);
            let plan = utterance.plan.take();
            self.answer = Some(Answer::spoken(
                utterance.turn,
                utterance.id,
                utterance.from,
                mark,
                text,
                reading.class,
                now,
            ));
            self.respond(reading.meaning, plan, now, effects);
        }
    }

    /// Speech after a commit that was no further step: nothing new, or a turn of its own.
    fn part(
        &mut self,
        mut utterance: Utterance,
        text: &str,
        meaning: &Meaning,
        effects: &mut Vec<Effect>,
    ) {
        let Some(answer) = &mut self.answer else {
            return;
        };
        // "… please", "… percent": words that change nothing.
        let same = matches!(meaning, Meaning::Do { steps, .. } if *steps == answer.done);
        if same || answer.text == text {
            return;
        }
        answer.lost_speech = Some(utterance.began);
        utterance.continues = false;
        utterance.turn = utterance.id.turn;
        utterance.from = utterance.began;
        utterance.hear_again(self.new_take());
        effects.push(Effect::Transcribe {
            take: utterance.take,
            from: utterance.from,
            context: self.context(),
        });
        effects.push(Effect::FinishTranscription(utterance.take));
        self.announce(utterance.turn, Event::SpeechStarted, effects);
        self.hearing = Some(utterance);
    }

    fn reject(&mut self, mut utterance: Utterance, now: Duration, effects: &mut Vec<Effect>) {
        let speculation = if utterance.plan.is_some() {
            Speculation::Miss
        } else {
            Speculation::None
        };
        Self::discard(utterance.plan.take(), effects);
        if utterance.continues {
            if let Some(answer) = &mut self.answer {
                answer.lost_speech = Some(utterance.began);
            }
            return;
        }
        let Some(mark) = utterance.endpoint else {
            return;
        };
        if self.dialogue.is_some() || self.config.answer_rejected {
            // Loqa had asked, so it was meant for Loqa.
            self.end_answer(now, effects);
            let mut answer = Answer::spoken(
                utterance.turn,
                utterance.id,
                utterance.from,
                mark,
                String::new(),
                None,
                now,
            );
            answer.summary.rejected = true;
            answer.summary.speculation = speculation;
            self.answer = Some(answer);
            self.respond(Meaning::Nothing, None, now, effects);
        } else {
            self.listen_past(utterance.turn, Some(mark), speculation, now, effects);
        }
    }

    /// Ends a turn that was not meant for Loqa, without a word.
    pub(super) fn listen_past(
        &mut self,
        turn: TurnId,
        mark: Option<EndpointMark>,
        speculation: Speculation,
        now: Duration,
        effects: &mut Vec<Effect>,
    ) {
        let endpoint_ms = mark.map(|mark| (mark.at.as_secs_f64() - mark.t0.as_secs_f64()) * 1e3);
        let mut summary = TurnSummary {
            rejected: true,
            speculation,
            endpoint_delay_ms: endpoint_ms,
            ..TurnSummary::default()
        };
        summary.hops.endpoint_ms = endpoint_ms;
        self.end_unanswered(turn, summary, now, effects);
    }

    fn end_unanswered(
        &mut self,
        turn: TurnId,
        summary: TurnSummary,
        now: Duration,
        effects: &mut Vec<Effect>,
    ) {
        self.end_turn(
            Ended {
                turn,
                summary,
                steps: Vec::new(),
                open: false,
                acted_through: None,
                lost_speech: None,
            },
            now,
            effects,
        );
    }

    pub(super) fn hearing_failed(
        &mut self,
        take: Take,
        error: String,
        now: Duration,
        effects: &mut Vec<Effect>,
    ) {
        if self
            .hearing
            .as_ref()
            .is_none_or(|utterance| utterance.take != take)
        {
            return;
        }
        let Some(mut utterance) = self.hearing.take() else {
            return;
        };
        effects.push(Effect::DropTranscription(utterance.take));
        Self::discard(utterance.plan.take(), effects);
        let help = "typed commands still work; `loqa doctor` says what is missing".into();
        self.announce(
            utterance.turn,
            Event::Degraded {
                what: "stt".into(),
                message: error,
                help,
            },
            effects,
        );
        if utterance.continues {
            return;
        }
        if self.doubts() {
            let (turn, mark) = (utterance.turn, utterance.endpoint);
            return self.listen_past(turn, mark, Speculation::None, now, effects);
        }
        let mark = utterance.endpoint.unwrap_or(EndpointMark {
            expectation: Expectation::Incomplete,
            through: utterance.through,
            last_voiced: now,
            t0: now,
            at: now,
        });
        self.end_answer(now, effects);
        self.answer = Some(Answer::spoken(
            utterance.turn,
            utterance.id,
            utterance.from,
            mark,
            String::new(),
            None,
            now,
        ));
        let reply = self.config.phrases.not_heard.clone();
        self.say(reply, None, now, effects);
    }

    /// Ends the utterance under way without acting on it.
    pub(super) fn abandon_utterance(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        let Some(mut utterance) = self.hearing.take() else {
            return;
        };
        effects.push(Effect::DropTranscription(utterance.take));
        Self::discard(utterance.plan.take(), effects);
        if !utterance.continues {
            let hidden = self.hides(&utterance.words.reading.meaning);
            let summary = TurnSummary {
                text: match hidden {
                    true => String::new(),
                    false => utterance.words.text,
                },
                ..TurnSummary::default()
            };
            self.end_unanswered(utterance.turn, summary, now, effects);
        }
    }

    pub(super) fn hearing_deadline(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        let Some(utterance) = &self.hearing else {
            return;
        };
        if utterance
            .deadline(&self.config)
            .is_none_or(|deadline| deadline > now)
        {
            return;
        }
        if utterance.endpoint.is_none() {
            let through = utterance.through;
            self.endpoint(
                EndpointMark {
                    expectation: Expectation::Grave,
                    through,
                    last_voiced: now,
                    t0: now,
                    at: now,
                },
                effects,
            );
        } else {
            let take = utterance.take;
            self.hearing_failed(take, "the recogniser did not finish".into(), now, effects);
        }
    }
}
