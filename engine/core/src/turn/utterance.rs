//! The person's half of a turn: words read while they are spoken, plans prepared on them.

use super::{
    Effect, Plan, Take, TurnConfig, TurnMachine,
    reading::{Meaning, Origin, Reading},
};
use crate::{endpoint::Expectation, grammar::Step, seams::SAMPLE_RATE_HZ};
use loqa_protocol::{Event, Hypothesis, TurnId, UtteranceId};
use std::time::Duration;

/// How often the end of one utterance may be taken back because its words were not complete.
pub(super) const MAX_REOPENED: u32 = 2;

/// No word is shorter. One that turns up this close to a pause is a guess at what comes next (an
/// "and", mostly), which a recogniser makes in silence.
const SHORTEST_WORD: u64 = 80 * SAMPLE_RATE_HZ as u64 / 1000;

/// How far the recogniser's words lag behind the voice. A sentence that turns up later in a pause
/// was not said before it but guessed in it: "stop the …" becomes "stop that".
const WORDS_LAG: u64 = 60 * SAMPLE_RATE_HZ as u64 / 1000;

/// The end of an utterance, as the endpointer saw it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct EndpointMark {
    pub expectation: Expectation,
    /// Sample up to which it was heard.
    pub through: u64,
    pub last_voiced: Duration,
    /// End of the last word.
    pub t0: Duration,
    /// When it was decided.
    pub at: Duration,
}

/// Speech under way, up to its final hypothesis.
pub(super) struct Utterance {
    /// The turn it belongs to: that of the answer, if it continues one.
    pub turn: TurnId,
    /// Its own name in the ledger.
    pub id: UtteranceId,
    /// Speech came so soon after a commit that it may be a further step of the same turn. It is
    /// then transcribed from the beginning of the turn: "… and …" is read as one sentence.
    pub continues: bool,
    /// Where its own audio begins.
    pub began: u64,
    /// Where its transcription begins.
    pub from: u64,
    pub take: Take,
    pub started: Duration,
    pub words: Words,
    /// The last words that were a whole sentence, and the sample up to which they were.
    sentence: Option<(Words, u64)>,
    /// Sample up to which the words were heard.
    pub through: u64,
    /// Hypotheses in a row with these words.
    unchanged: u32,
    paused: Option<u64>,
    pub reopened: u32,
    pub plan: Option<Plan>,
    pub endpoint: Option<EndpointMark>,
    /// The final hypothesis, waiting for an earlier commit to be done.
    pub held: Option<Hypothesis>,
}

/// Words and what they mean.
#[derive(Clone, Default)]
pub(super) struct Words {
    pub text: String,
    pub reading: Reading,
    /// Sample at which they were first heard.
    since: u64,
}

impl Words {
    fn whole(&self) -> bool {
        !self.reading.expectation().is_unfinished()
    }
}

impl Utterance {
    /// The words to go by: the latest, or the whole sentence that stood until the pause. Whether
    /// that was right, the final hypothesis tells.
    fn believed(&self) -> &Words {
        match (&self.sentence, self.paused) {
            (Some((sentence, until)), Some(at))
                if !self.words.whole() && until + SHORTEST_WORD >= at =>
            {
                sentence
            }
            _ => &self.words,
        }
    }

    /// Forgets what was heard, not what was planned: the recogniser starts again.
    pub(super) fn hear_again(&mut self, take: Take) {
        self.take = take;
        self.words = Words::default();
        self.sentence = None;
        self.through = 0;
    }

    pub(super) fn deadline(&self, config: &TurnConfig) -> Option<Duration> {
        match (&self.endpoint, &self.held) {
            (None, _) => Some(self.started + config.longest),
            (Some(endpoint), None) => Some(endpoint.at + config.final_timeout),
            (Some(_), Some(_)) => None,
        }
    }
}

impl TurnMachine {
    pub(super) fn speech_started(&mut self, at: u64, now: Duration, effects: &mut Vec<Effect>) {
        if let Some(utterance) = &self.hearing {
            if utterance.endpoint.is_some() {
                self.reopen(effects);
            }
            return;
        }
        let own = self.new_turn();
        let take = self.new_take();
        let continued = self
            .answer
            .as_ref()
            .filter(|answer| answer.may_continue(now, &self.config) && !self.asks_pin())
            .and_then(|answer| {
                let spoken = answer.spoken?;
                Some((answer.turn, spoken.from))
            });
        let (turn, from) = continued.unwrap_or((own, at));
        effects.push(Effect::Transcribe {
            take,
            from,
            context: self.context(),
        });
        self.announce(turn, Event::SpeechStarted, effects);
        self.hearing = Some(Utterance {
            turn,
            id: UtteranceId {
                session: self.session,
                turn: own,
            },
            continues: continued.is_some(),
            began: at,
            from,
            take,
            started: now,
            words: Words::default(),
            sentence: None,
            through: 0,
            unchanged: 0,
            paused: None,
            reopened: 0,
            plan: None,
            endpoint: None,
            held: None,
        });
    }

    pub(super) fn speech_paused(&mut self, at: u64, effects: &mut Vec<Effect>) {
        if let Some(utterance) = &mut self.hearing {
            utterance.paused = Some(at);
            self.speculate(effects);
        }
    }

    pub(super) fn speech_resumed(&mut self, effects: &mut Vec<Effect>) {
        let Some(utterance) = &mut self.hearing else {
            return;
        };
        utterance.paused = None;
        if utterance.endpoint.is_some() {
            self.reopen(effects);
        }
    }

    pub(super) fn endpoint(&mut self, mark: EndpointMark, effects: &mut Vec<Effect>) {
        let Some(utterance) = &mut self.hearing else {
            return;
        };
        if utterance.endpoint.is_some() {
            return;
        }
        utterance.endpoint = Some(mark);
        effects.push(Effect::FinishTranscription(utterance.take));
        let delay = mark.at.saturating_sub(mark.last_voiced);
        let event = Event::SpeechEnded {
            endpoint_delay_ms: delay.as_secs_f64() * 1e3,
            state: mark.expectation.name().into(),
        };
        effects.push(Effect::announce(utterance.turn, event));
    }

    /// The person goes on although the end had been decided: hear the whole utterance again.
    pub(super) fn reopen(&mut self, effects: &mut Vec<Effect>) {
        let take = self.new_take();
        let context = self.context();
        let Some(utterance) = &mut self.hearing else {
            return;
        };
        effects.push(Effect::DropTranscription(utterance.take));
        effects.push(Effect::Reopen);
        effects.push(Effect::Transcribe {
            take,
            from: utterance.from,
            context,
        });
        utterance.hear_again(take);
        utterance.endpoint = None;
        utterance.held = None;
        utterance.paused = None;
    }

    pub(super) fn heard(
        &mut self,
        take: Take,
        hypothesis: Hypothesis,
        now: Duration,
        effects: &mut Vec<Effect>,
    ) {
        let may_be_pin = self.may_hear_pin();
        let Some(utterance) = &mut self.hearing else {
            return;
        };
        if utterance.take != take || utterance.held.is_some() {
            return;
        }
        if hypothesis.is_final {
            // A recogniser that ends by itself has heard the end.
            let through = hypothesis.through;
            let ended = EndpointMark {
                expectation: Expectation::Incomplete,
                through,
                last_voiced: now,
                t0: now,
                at: now,
            };
            utterance.endpoint.get_or_insert(ended);
            self.conclude(hypothesis, now, effects);
            return;
        }
        utterance.through = hypothesis.through;
        let text = hypothesis.text();
        let changed = text != utterance.words.text;
        if changed {
            utterance.unchanged = 0;
            // Digits of a PIN are nobody's to see, and what is not one yet may become one.
            if !may_be_pin {
                effects.push(Effect::announce(
                    utterance.turn,
                    Event::SttPartial { text: text.clone() },
                ));
            }
            let reading = self.read(&text);
            if let Some(utterance) = &mut self.hearing {
                let since = utterance.through;
                utterance.words = Words {
                    text,
                    reading,
                    since,
                };
            }
            self.yield_to_continuation(effects);
        }
        let Some(utterance) = &mut self.hearing else {
            return;
        };
        utterance.unchanged += 1;
        match &mut utterance.sentence {
            Some((_, until)) if !changed && utterance.words.whole() => *until = utterance.through,
            _ if utterance.words.whole() => {
                utterance.sentence = Some((utterance.words.clone(), utterance.through))
            }
            _ => {}
        }
        self.speculate(effects);
    }

    /// Reads the words again, in a new grammar.
    pub(super) fn reread(&mut self, effects: &mut Vec<Effect>) {
        let Some(text) = self
            .hearing
            .as_ref()
            .map(|utterance| utterance.words.text.clone())
        else {
            return;
        };
        let reading = self.read(&text);
        if let Some(utterance) = &mut self.hearing {
            let since = utterance.words.since;
            utterance.words = Words {
                text,
                reading,
                since,
            };
            utterance.sentence = None;
        }
        self.replan(effects);
    }

    /// What the plan was made from has changed: makes it anew.
    pub(super) fn replan(&mut self, effects: &mut Vec<Effect>) {
        if let Some(utterance) = &mut self.hearing {
            Self::discard(utterance.plan.take(), effects);
            self.speculate(effects);
        }
    }

    /// Prepares a plan on words that have stood still, or that a pause follows.
    fn speculate(&mut self, effects: &mut Vec<Effect>) {
        let Some(utterance) = &self.hearing else {
            return;
        };
        let settled =
            utterance.paused.is_some() || utterance.unchanged >= self.config.stable_hypotheses;
        let words = utterance.believed();
        let planned = utterance
            .plan
            .as_ref()
            .is_some_and(|plan| plan.text == words.text);
        if !settled || planned || words.text.is_empty() || utterance.endpoint.is_some() {
            return;
        }
        let wanted = self.wanted(utterance.continues, &words.reading.meaning);
        let (id, text) = (utterance.id, words.text.clone());
        let said = match &words.reading.meaning {
            Meaning::Do { said, .. } => Some(said.clone()),
            _ => None,
        };
        Self::discard(
            self.hearing
                .as_mut()
                .and_then(|utterance| utterance.plan.take()),
            effects,
        );
        if let (Some(steps), Some(said)) = (wanted, said) {
            let plan = self.plan(id, steps, text, said, effects);
            if let Some(utterance) = &mut self.hearing {
                utterance.plan = Some(plan);
            }
        }
    }

    /// The steps still to be done: all, or those that go beyond what the turn has done already.
    pub(super) fn wanted(&self, continues: bool, meaning: &Meaning) -> Option<Vec<Step>> {
        let Meaning::Do { steps, .. } = meaning else {
            return None;
        };
        match &self.answer {
            Some(answer) if continues => answer.beyond(steps),
            _ => Some(steps.clone()),
        }
    }

    pub(super) fn expectation_of(&self, utterance: &Utterance) -> Expectation {
        let words_lag = utterance.paused.is_some_and(|at| utterance.through < at);
        if words_lag || utterance.reopened >= MAX_REOPENED {
            return Expectation::Incomplete;
        }
        let words = utterance.believed();
        let expected = self.expected_after(utterance, &words.text, &words.reading);
        let guessed = utterance
            .paused
            .is_some_and(|at| words.since >= at + WORDS_LAG);
        // "Pause the …": perhaps a guess at what comes next, perhaps somebody who thinks.
        let perhaps_more =
            words.text != utterance.words.text && !utterance.words.text.ends_with(" and");
        match expected {
            _ if perhaps_more => expected.max(Expectation::Open),
            Expectation::Closed if guessed => Expectation::Open,
            expected => expected,
        }
    }

    pub(super) fn expected_after(
        &self,
        utterance: &Utterance,
        text: &str,
        reading: &Reading,
    ) -> Expectation {
        let expectation = reading.expectation();
        if expectation.is_unfinished() {
            return expectation;
        }
        let draft = utterance
            .plan
            .as_ref()
            .filter(|plan| plan.text == text)
            .and_then(|plan| plan.draft.as_ref()?.as_ref().ok());
        if draft.is_some_and(|draft| draft.confirm.is_some()) {
            return Expectation::Grave;
        }
        if utterance.continues && self.wanted(true, &reading.meaning).is_none() {
            // Nothing new so far: what is being said has not been read yet.
            return expectation.max(Expectation::Extendable);
        }
        expectation
    }

    /// Synthesises what the plan under way would say, and tells what it is.
    pub(super) fn stage(&mut self, effects: &mut Vec<Effect>) {
        let reply_id = self.new_reply();
        let Some(utterance) = &mut self.hearing else {
            return;
        };
        let affirmed = matches!(
            utterance.believed().reading.meaning,
            Meaning::Do {
                origin: Origin::Affirmed,
                ..
            }
        );
        let Some(plan) = &mut utterance.plan else {
            return;
        };
        let Some(Ok(draft)) = &plan.draft else { return };
        let before = self.answer.as_ref().filter(|_| utterance.continues);
        let reply = match &draft.confirm {
            Some(question) if !affirmed => question.clone(),
            _ if draft.hushed => self.config.phrases.shown.clone(),
            _ => draft.reply.clone(),
        };
        let reply = match before {
            Some(answer) if answer.hushed => self.config.phrases.shown.clone(),
            Some(_) if draft.hushed && draft.confirm.is_none() => reply,
            Some(answer) => answer.with_replies(&reply),
            None => reply,
        };
        let intents = plan
            .steps
            .iter()
            .map(|step| format!("{}.{}", step.skill, step.intent))
            .collect();
        let event = Event::NluResponse {
            text: plan.text.clone(),
            intents,
            reply: reply.clone(),
        };
        effects.push(Effect::announce(utterance.turn, event));
        if !reply.is_empty() {
            effects.push(Effect::Stage(reply_id, reply.clone()));
            plan.staged = Some((reply_id, reply));
        }
    }

    /// "… and": the person has more to say, so the reply stops.
    fn yield_to_continuation(&mut self, effects: &mut Vec<Effect>) {
        let Some(utterance) = &self.hearing else {
            return;
        };
        if let Some(answer) = &mut self.answer
            && utterance.continues
            && utterance
                .words
                .text
                .strip_prefix(answer.text.as_str())
                .is_some_and(|rest| rest.trim_start().starts_with("and"))
        {
            answer.fall_silent(utterance.started, effects);
        }
    }
}
