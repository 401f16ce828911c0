//! Which of several timers is meant.

use crate::reply;
use alloc::{format, string::String, vec::Vec};
use loqa_skill_sdk::{Request, Timer, Value, same_item, wording};

/// How a timer was told from the others.
#[derive(Default)]
pub struct Wanted<'r> {
    name: Option<&'r str>,
    /// Full length, s.
    length: Option<u64>,
    /// 1 = oldest, -1 = newest.
    position: Option<i64>,
    all: bool,
}

/// What that comes to.
pub enum Choice {
    /// These, at least one.
    These(Vec<Timer>),
    /// One of these, at least two.
    Unclear(Vec<Timer>),
    /// None: a sentence that says so.
    Nothing(String),
}

impl<'r> Wanted<'r> {
    /// Reads the slots.
    pub fn of(request: &'r Request) -> Wanted<'r> {
        let slot = |name: &str| request.slot(name);
        Wanted {
            name: slot("name").and_then(Value::as_str).map(str::trim),
            length: slot("length").and_then(Value::as_u64),
            position: slot("position").and_then(Value::as_i64),
            all: slot("all").is_some(),
        }
    }

    /// Whether any timer would do.
    pub fn is_any(&self) -> bool {
        self.name.is_none() && self.length.is_none() && self.position.is_none() && !self.all
    }

    /// The timers that answer to the description, if there is one.
    pub fn matching(&self, timers: Vec<Timer>) -> Vec<Timer> {
        let named = |timer: &Timer| {
            self.name.is_none_or(|name| {
                timer
                    .name
                    .as_deref()
                    .is_some_and(|own| same_item(own, name))
            })
        };
        let long = |timer: &Timer| self.length.is_none_or(|length| timer.total_s == length);
        let mut matching: Vec<Timer> = timers
            .into_iter()
            .filter(|timer| named(timer) && long(timer))
            .collect();
        if let Some(position) = self.position {
            let index = if position < 0 {
                matching.len().checked_sub(1)
            } else {
                usize::try_from(position - 1).ok()
            };
            matching = index
                .and_then(|index| matching.get(index).cloned())
                .into_iter()
                .collect();
        }
        matching
    }

    /// Chooses among `timers`.
    pub fn choose(&self, timers: Vec<Timer>) -> Choice {
        if timers.is_empty() {
            return Choice::Nothing(reply::NONE.into());
        }
        let mut matching = self.matching(timers.clone());
        match matching.len() {
            0 => Choice::Nothing(self.none_like_this(&timers)),
            1 => Choice::These(matching),
            _ if self.all => Choice::These(matching),
            // Two timers nobody could tell apart: the one that ends first.
            _ if matching.windows(2).all(|pair| {
                (&pair[0].name, pair[0].total_s) == (&pair[1].name, pair[1].total_s)
            }) =>
            {
                matching.sort_by_key(|timer| timer.remaining_ms);
                matching.truncate(1);
                Choice::These(matching)
            }
            _ => Choice::Unclear(matching),
        }
    }

    /// "You have no pasta timer, but …"
    pub fn none_like_this(&self, timers: &[Timer]) -> String {
        let what = match (self.name, self.length) {
            (Some(name), _) => format!("{name} timer"),
            (None, Some(length)) => format!("{} timer", wording::adjective(length)),
            (None, None) => "such timer".into(),
        };
        match timers {
            [] => reply::NONE.into(),
            timers => format!("You have no {what}, but {}.", reply::listed(timers)),
        }
    }
}
