//! What is said about timers.

use crate::choice::Wanted;
use alloc::{borrow::ToOwned, format, string::String, vec::Vec};
use loqa_skill_sdk::{Timer, TimerOp, TimerState, wording};

/// There is nothing to tell.
pub const NONE: &str = "You have no timers.";

/// `pasta timer`, `10 minute timer`.
pub fn called(timer: &Timer) -> String {
    match &timer.name {
        Some(name) => format!("{name} timer"),
        None => format!("{} timer", wording::adjective(timer.total_s)),
    }
}

/// `your pasta timer`.
pub fn your(timer: &Timer) -> String {
    format!("your {}", called(timer))
}

/// How much is left on the timers that are meant.
pub fn left(timers: &[Timer], wanted: &Wanted<'_>) -> String {
    let meant = wanted.matching(timers.to_vec());
    match meant.as_slice() {
        [] => wanted.none_like_this(timers),
        [timer] => match timer.state {
            TimerState::Running => format!("{} left on {}.", remaining(timer), your(timer)),
            TimerState::Paused => format!(
                "{} is paused with {} left.",
                wording::sentence(&your(timer)),
                remaining(timer)
            ),
            TimerState::Ringing => format!("{} is done.", wording::sentence(&your(timer))),
        },
        several => all(several),
    }
}

/// All timers there are.
pub fn all(timers: &[Timer]) -> String {
    match timers {
        [] => NONE.to_owned(),
        [_] => format!("You have {}.", listed(timers)),
        _ => format!(
            "You have {}: {}.",
            wording::count(timers.len() as u64, "timer"),
            listed(timers)
        ),
    }
}

/// `a pasta timer with 8 minutes left and a 10 minute timer that is paused with 3 minutes left`.
pub fn listed(timers: &[Timer]) -> String {
    wording::join(
        &timers
            .iter()
            .map(|timer| described(timer, article(&called(timer))))
            .collect::<Vec<_>>(),
    )
}

/// Asks which of several is meant.
pub fn which(timers: &[Timer]) -> String {
    let described: Vec<String> = timers.iter().map(|timer| described(timer, "the")).collect();
    match described.split_last() {
        Some((last, rest)) if !rest.is_empty() => {
            format!("Which one, {} or {last}?", rest.join(", "))
        }
        _ => "Which one?".to_owned(),
    }
}

/// What was done, from the results.
pub fn done(done: &[(TimerOp, Timer)]) -> String {
    match done {
        [] => NONE.to_owned(),
        [(op, timer)] => one(op, timer),
        [(op, _), ..] => {
            let which = if done.len() == 2 {
                "Both timers".to_owned()
            } else {
                format!("All {} timers", done.len())
            };
            match op {
                TimerOp::Cancel(_) => format!("{which} are cancelled."),
                TimerOp::Pause(_) => format!("{which} are paused."),
                TimerOp::Resume(_) => format!("{which} are running again."),
                TimerOp::Restore(_) => format!("{which} are back."),
                TimerOp::Start(_) | TimerOp::Add(..) => done
                    .iter()
                    .map(|(op, timer)| one(op, timer))
                    .collect::<Vec<_>>()
                    .join(" "),
            }
        }
    }
}

fn one(op: &TimerOp, timer: &Timer) -> String {
    let name = wording::sentence(&your(timer));
    match op {
        TimerOp::Start(_) => {
            let length = wording::duration(timer.total_s);
            match &timer.name {
                Some(_) => format!(
                    "{}, {length}, starting now.",
                    wording::sentence(&called(timer))
                ),
                None => format!("{length}, starting now."),
            }
        }
        TimerOp::Pause(_) => format!("{name} is paused."),
        TimerOp::Resume(_) => format!("{name} is running again."),
        TimerOp::Add((_, seconds)) => {
            let (verb, to) = if *seconds < 0 {
                ("taken", "off")
            } else {
                ("added", "to")
            };
            format!(
                "I've {verb} {} {to} {}.",
                wording::duration(seconds.unsigned_abs()),
                your(timer)
            )
        }
        TimerOp::Cancel(_) if timer.state == TimerState::Ringing => format!("{name} is off."),
        TimerOp::Cancel(_) => format!("{name} is cancelled."),
        TimerOp::Restore(_) => format!("{name} is back."),
    }
}

fn described(timer: &Timer, article: &str) -> String {
    let name = called(timer);
    match timer.state {
        TimerState::Running => format!("{article} {name} with {} left", remaining(timer)),
        TimerState::Paused => format!(
            "{article} {name} that is paused with {} left",
            remaining(timer)
        ),
        TimerState::Ringing => format!("{article} {name} that is ringing"),
    }
}

fn remaining(timer: &Timer) -> String {
    wording::about(timer.remaining_ms.div_ceil(1000))
}

/// The article as it sounds: "an egg timer", "an 8 minute timer".
fn article(noun: &str) -> &'static str {
    let number = noun.split(' ').next().unwrap_or_default();
    let vowel = noun.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O', 'U']);
    if vowel || noun.starts_with('8') || matches!(number, "11" | "18") {
        "an"
    } else {
        "a"
    }
}
