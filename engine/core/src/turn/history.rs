//! What was said lately, so that a question may lean on it: in memory, and not for long.

use loqa_protocol::{Message, Role, TurnId};
use std::{collections::VecDeque, time::Duration};

/// Exchanges that are kept.
const MOST: usize = 8;
/// Words of a voice in a second: of a reply that was interrupted it is not known which were heard.
const WORDS_A_SECOND: f64 = 2.6;

/// The last exchanges, the oldest first.
#[derive(Default)]
pub(super) struct History {
    exchanges: VecDeque<Exchange>,
    until: Option<Duration>,
}

struct Exchange {
    turn: TurnId,
    said: String,
    replied: String,
}

impl History {
    /// When everything is forgotten.
    pub fn until(&self) -> Option<Duration> {
        self.until
    }

    /// Adds an exchange; all are forgotten at `until`, unless another follows.
    pub fn add(&mut self, turn: TurnId, said: &str, replied: &str, until: Duration) {
        if said.is_empty() || replied.is_empty() {
            return;
        }
        if self.exchanges.len() == MOST {
            self.exchanges.pop_front();
        }
        self.exchanges.push_back(Exchange {
            turn,
            said: said.to_owned(),
            replied: replied.to_owned(),
        });
        self.until = Some(until);
    }

    /// A reply was silenced after so much of it: what was not heard was not said.
    pub fn heard(&mut self, turn: TurnId, heard: Duration) {
        let found = self.exchanges.iter_mut().find(|it| it.turn == turn);
        if let Some(exchange) = found {
            let words = (heard.as_secs_f64() * WORDS_A_SECOND) as usize;
            let heard: Vec<&str> = exchange.replied.split_whitespace().take(words).collect();
            exchange.replied = [heard.as_slice(), &["…"]].concat().join(" ");
        }
    }

    /// Forgets everything, if it is time.
    pub fn forget(&mut self, now: Duration) {
        if self.until.is_some_and(|until| until <= now) {
            *self = History::default();
        }
    }

    /// For a language model.
    pub fn messages(&self) -> Vec<Message> {
        let exchanges = self.exchanges.iter();
        let message = |role, text: &str| Message {
            role,
            text: text.to_owned(),
        };
        exchanges
            .flat_map(|it| {
                [
                    message(Role::User, &it.said),
                    message(Role::Assistant, &it.replied),
                ]
            })
            .collect()
    }
}
