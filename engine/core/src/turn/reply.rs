//! Saying it: one reply at a time, then the end of the turn.

use super::{
    Effect, Ended, ReplyId, TurnMachine,
    answer::{Answer, Filler, Phase, millis_between},
};
use loqa_protocol::Event;
use std::time::Duration;

impl TurnMachine {
    /// Until when the turn waits for a further step once its answer has been said. `None`: as long
    /// as the person goes on speaking. At once, if the audio is over or another turn has begun.
    pub(super) fn lingers_until(&self) -> Option<Duration> {
        match (&self.hearing, &self.answer) {
            (Some(utterance), _) if utterance.continues => None,
            (
                None,
                Some(Answer {
                    spoken: Some(_),
                    asked: None,
                    committed_at: Some(at),
                    ..
                }),
            ) if self.listening => Some(*at + self.config.continuation),
            _ => Some(Duration::ZERO),
        }
    }

    /// Says something; the staged reply is used if it says just that.
    pub(super) fn say(
        &mut self,
        text: String,
        staged: Option<(ReplyId, String)>,
        now: Duration,
        effects: &mut Vec<Effect>,
    ) {
        let fresh = self.new_reply();
        let Some(answer) = &mut self.answer else {
            return;
        };
        let voiced = answer.is_voiced(&self.config) && !text.is_empty();
        // A question is for the room.
        let hushed = answer.hushed && self.dialogue.is_none() && !text.is_empty();
        answer.summary.reply.clone_from(&text);
        // What the room hears, and may hear again.
        let text = if hushed {
            self.config.phrases.shown.clone()
        } else {
            text
        };
        let reply = match staged {
            Some((staged, words)) if voiced && words == text => staged,
            Some((staged, _)) => {
                effects.push(Effect::Unstage(staged));
                fresh
            }
            None => fresh,
        };
        if !text.is_empty() {
            self.last_reply.clone_from(&text);
        }
        if !voiced {
            answer.silence_filler(effects);
            answer.phase = Phase::Lingering;
            return;
        }
        let waits = matches!(answer.filler, Filler::Audible(_));
        if !waits {
            effects.push(Effect::announce(
                answer.turn,
                Event::TtsRequest { text: text.clone() },
            ));
            effects.push(Effect::Speak(reply, text.clone()));
        }
        answer.phase = Phase::Speaking {
            reply,
            text,
            waits,
            since: now,
            started: false,
        };
    }

    pub(super) fn reply_started(
        &mut self,
        id: ReplyId,
        audio_ready: Duration,
        at: Duration,
        effects: &mut Vec<Effect>,
    ) {
        let Some(answer) = &mut self.answer else {
            return;
        };
        let Phase::Speaking {
            reply,
            text,
            started,
            since,
            waits: false,
        } = &mut answer.phase
        else {
            return;
        };
        if *reply != id || *started {
            return;
        }
        *started = true;
        let event = Event::ReplyStarted { text: text.clone() };
        if let Some(spoken) = answer.spoken {
            let ready = audio_ready.max(*since);
            answer.summary.ttfa_ms = Some(millis_between(spoken.endpoint.t0, at));
            answer.summary.hops.tts_first_chunk_ms = Some(millis_between(*since, ready));
            answer.summary.hops.playback_ms = Some(millis_between(ready, at));
        }
        effects.push(Effect::announce(answer.turn, event));
    }

    pub(super) fn reply_ended(
        &mut self,
        id: ReplyId,
        heard: Duration,
        now: Duration,
        effects: &mut Vec<Effect>,
    ) {
        let ended = Event::ReplyEnded {
            heard_ms: heard.as_millis() as u64,
        };
        if let Some((_, turn)) = self.silenced.take_if(|(reply, _)| *reply == id) {
            self.history.heard(turn, heard);
            return self.announce(turn, ended, effects);
        }
        let Some(answer) = &mut self.answer else {
            return;
        };
        let turn = answer.turn;
        let filler_over = answer.filler == Filler::Audible(id);
        if filler_over {
            answer.filler = Filler::Over;
        }
        match &mut answer.phase {
            Phase::Speaking {
                reply,
                text,
                waits,
                since,
                ..
            } if *waits && filler_over => {
                *waits = false;
                *since = now;
                effects.push(Effect::announce(
                    turn,
                    Event::TtsRequest { text: text.clone() },
                ));
                let more = answer.thought.as_ref().is_some_and(|thought| !thought.over);
                effects.push(match more {
                    true => Effect::Begin(*reply, text.clone()),
                    false => Effect::Speak(*reply, text.clone()),
                });
            }
            Phase::Speaking {
                reply,
                waits: false,
                ..
            } if *reply == id => {
                effects.push(Effect::announce(turn, ended));
                answer.phase = Phase::Lingering;
            }
            _ => {}
        }
    }

    /// Ends the answer under way, silencing it. A commit under way still takes place, unheard.
    pub(super) fn end_answer(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        let Some(mut answer) = self.answer.take() else {
            return;
        };
        if let Phase::Speaking {
            reply,
            started: true,
            ..
        } = answer.phase
        {
            self.silenced = Some((reply, answer.turn));
        }
        answer.fall_silent(now, effects);
        answer.drop_plan(effects);
        answer.stop_thinking(effects);
        let mut summary = answer.summary;
        if summary.rejected {
            summary.ttfa_ms = None;
        }
        if self.config.open_questions {
            let replied = match answer.hushed {
                true => &self.config.phrases.shown,
                false => &summary.reply,
            };
            self.history.add(
                answer.turn,
                &summary.text,
                replied,
                now + self.config.remember,
            );
        }
        let ended = Ended {
            turn: answer.turn,
            summary,
            steps: answer.steps,
            open: answer.open,
            acted_through: answer.acted_through,
            lost_speech: answer.lost_speech,
        };
        self.end_turn(ended, now, effects);
    }

    pub(super) fn answer_deadline(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        let until = self.lingers_until();
        let Some(answer) = &self.answer else { return };
        if answer
            .deadline(&self.config, until)
            .is_none_or(|deadline| deadline > now)
        {
            return;
        }
        match &answer.phase {
            Phase::Lingering => self.end_answer(now, effects),
            Phase::Thinking { since }
                if answer.filler_due() && now < *since + self.config.answer_timeout =>
            {
                self.fill(effects)
            }
            Phase::Thinking { .. } => {
                let reply = self.config.phrases.no_answer.clone();
                self.give_up(reply, now, effects);
            }
            Phase::Committing { since, .. }
                if answer.filler_due() && now < *since + self.config.commit_timeout =>
            {
                self.fill(effects)
            }
            Phase::Proving { .. } => {
                let reply = self.config.phrases.nothing_done.clone();
                self.give_up(reply, now, effects);
            }
            Phase::Preparing { .. } | Phase::Committing { .. } => {
                let reply = self.config.phrases.no_result.clone();
                self.give_up(reply, now, effects);
            }
            Phase::Speaking { .. } => {
                if let Some(answer) = &mut self.answer {
                    answer.fall_silent(now, effects);
                }
            }
        }
    }

    /// "One moment."
    fn fill(&mut self, effects: &mut Vec<Effect>) {
        let filler_id = self.new_reply();
        let words = self.config.phrases.filler.clone();
        if let Some(answer) = &mut self.answer {
            answer.filler = Filler::Audible(filler_id);
            effects.push(Effect::Speak(filler_id, words));
        }
    }

    fn give_up(&mut self, reply: String, now: Duration, effects: &mut Vec<Effect>) {
        let Some(answer) = &mut self.answer else {
            return;
        };
        answer.drop_plan(effects);
        answer.stop_thinking(effects);
        self.say(reply, None, now, effects);
    }
}
