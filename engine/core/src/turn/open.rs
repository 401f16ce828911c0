//! What no command covers: a language model answers, in words that are said while it goes on, or by
//! calling a command, which is then done as if it had been said.

use super::{
    Effect, QuestionId, TurnMachine,
    answer::{Filler, Phase},
    claims::claims,
};
use crate::{
    seams::{Answered, ModelError},
    speech::whole_clauses,
};
use loqa_protocol::{Event, LatencyClass, Message};
use std::time::Duration;

/// What the language model says.
pub(super) struct Thought {
    pub question: QuestionId,
    /// All its words so far.
    words: String,
    /// Bytes of them that have been cut into clauses.
    cut: usize,
    /// No more is wanted, or comes.
    pub over: bool,
}

impl TurnMachine {
    /// What was said lately, for a language model that may be asked soon.
    pub fn history(&self) -> Vec<Message> {
        self.history.messages()
    }

    /// Asks the language model what no command covers.
    pub(super) fn wonder(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        self.history.forget(now);
        let history = self.history();
        self.next_question += 1;
        let question = QuestionId(self.next_question);
        let Some(answer) = &mut self.answer else {
            return;
        };
        answer.open = true;
        answer.summary.class = Some(LatencyClass::C);
        answer.phase = Phase::Thinking { since: now };
        answer.thought = Some(Thought {
            question,
            words: String::new(),
            cut: 0,
            over: false,
        });
        effects.push(Effect::Ask {
            question,
            history,
            text: answer.text.clone(),
        });
    }

    /// More of its answer.
    pub(super) fn answered(
        &mut self,
        question: QuestionId,
        answered: Result<Option<Answered>, ModelError>,
        now: Duration,
        effects: &mut Vec<Effect>,
    ) {
        let Some(answer) = &mut self.answer else {
            return;
        };
        let turn = answer.turn;
        let Some(thought) = answer
            .thought
            .as_mut()
            .filter(|thought| thought.question == question && !thought.over)
        else {
            return;
        };
        match answered {
            Ok(Some(Answered::Words(more))) => {
                thought.words.push_str(&more);
                self.say_clauses(now, effects);
            }
            // Words come before it only where a model does not heed its grammar.
            Ok(Some(Answered::Call { .. })) if !thought.words.trim().is_empty() => {}
            Ok(Some(Answered::Call { name, arguments })) => {
                answer.stop_thinking(effects);
                answer.thought = None;
                match self.grammar.called(&name, &arguments) {
                    Ok(sentence) => {
                        let meaning = self.read(&sentence).meaning;
                        // What could not be read would be asked again, for ever.
                        self.respond_to_call(meaning, now, effects);
                    }
                    Err(_) => {
                        let reply = self.config.phrases.nothing_done.clone();
                        self.say(reply, None, now, effects);
                    }
                }
            }
            Ok(None) => self.say_rest(now, effects),
            Err(error) => {
                let help = "commands still work; `loqa doctor` says what is missing".into();
                effects.push(Effect::announce(
                    turn,
                    Event::Degraded {
                        what: "llm".into(),
                        message: error.to_string(),
                        help,
                    },
                ));
                self.say_rest(now, effects);
            }
        }
    }

    /// Says the clauses that are whole.
    fn say_clauses(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        let Some(answer) = &mut self.answer else {
            return;
        };
        let voiced = answer.is_voiced(&self.config);
        let Some(thought) = &mut answer.thought else {
            return;
        };
        let first = thought.cut == 0;
        let (clauses, bytes) = whole_clauses(&thought.words[thought.cut..], first);
        if clauses.iter().any(|clause| claims(clause)) {
            return self.take_back(now, effects);
        }
        thought.cut += bytes;
        if voiced {
            for clause in clauses {
                self.say_more(&clause, now, effects);
            }
        }
    }

    /// Says what is left of it: nothing follows.
    fn say_rest(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        let Some(answer) = &mut self.answer else {
            return;
        };
        let Some(thought) = &mut answer.thought else {
            return;
        };
        thought.over = true;
        let all = thought
            .words
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        let rest = thought.words[thought.cut..].trim().to_owned();
        thought.cut = thought.words.len();
        if claims(&rest) {
            return self.take_back(now, effects);
        }
        if matches!(answer.phase, Phase::Speaking { .. }) {
            answer.summary.reply.clone_from(&all);
            self.last_reply = all;
            if !rest.is_empty() {
                self.say_more(&rest, now, effects);
            }
            return self.complete(effects);
        }
        let reply = match all.is_empty() {
            true => self.config.phrases.no_answer.clone(),
            false => all,
        };
        self.say(reply, None, now, effects);
    }

    /// It says that it has done something, and only a command does: not a word of that is said.
    fn take_back(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        let Some(answer) = &mut self.answer else {
            return;
        };
        answer.stop_thinking(effects);
        let reply = self.config.phrases.nothing_done.clone();
        match &answer.phase {
            Phase::Speaking { text, .. } => {
                let all = format!("{text} {reply}");
                answer.summary.reply.clone_from(&all);
                self.last_reply = all;
                self.say_more(&reply, now, effects);
                self.complete(effects);
            }
            _ => self.say(reply, None, now, effects),
        }
    }

    /// Says one more clause, as soon as those before have been said.
    fn say_more(&mut self, clause: &str, now: Duration, effects: &mut Vec<Effect>) {
        let fresh = self.new_reply();
        let Some(answer) = &mut self.answer else {
            return;
        };
        let turn = answer.turn;
        let told = |text: &str| Effect::announce(turn, Event::TtsRequest { text: text.into() });
        match &mut answer.phase {
            Phase::Speaking {
                reply, text, waits, ..
            } => {
                *text = format!("{text} {clause}");
                if !*waits {
                    effects.push(told(clause));
                    effects.push(Effect::GoOn(*reply, clause.to_owned()));
                }
            }
            Phase::Thinking { .. } => {
                let waits = matches!(answer.filler, Filler::Audible(_));
                if !waits {
                    effects.push(told(clause));
                    effects.push(Effect::Begin(fresh, clause.to_owned()));
                }
                answer.phase = Phase::Speaking {
                    reply: fresh,
                    text: clause.to_owned(),
                    waits,
                    since: now,
                    started: false,
                };
            }
            _ => return,
        }
        if let Phase::Speaking { text, .. } = &answer.phase {
            answer.summary.reply.clone_from(text);
            self.last_reply.clone_from(text);
        }
    }

    fn complete(&mut self, effects: &mut Vec<Effect>) {
        if let Some(answer) = &self.answer
            && let Phase::Speaking {
                reply,
                waits: false,
                ..
            } = answer.phase
        {
            effects.push(Effect::Complete(reply));
        }
    }
}
