//! What Loqa answers by itself: the skill `loqa`.

use super::deeds::Deed;
use loqa_skill_sdk::{Timer, TimerState, wording};

/// Its name.
pub const NAME: &str = "loqa";
/// There is nothing to take back or explain.
pub const NOTHING_DONE: &str = "I haven't done anything in the last 15 minutes.";
/// What happened cannot be taken back.
pub const NO_WAY_BACK: &str = "I can't undo that.";

/// Sentences told at a time.
const SUGGESTIONS: usize = 4;

/// "Why did you do that?"
pub fn why(latest: Option<&Deed>, timers: &[Timer]) -> String {
    let ringing: Vec<String> = timers
        .iter()
        .filter(|timer| timer.state == TimerState::Ringing)
        .map(timer_name)
        .collect();
    if !ringing.is_empty() {
        return format!("Because {} ended.", wording::join(&ringing));
    }
    let Some(deed) = latest else {
        return NOTHING_DONE.into();
    };
    let minutes = deed.at.elapsed().as_secs() / 60;
    let ago = if minutes == 0 {
        String::new()
    } else {
        format!(" {} ago", wording::count(minutes, "minute"))
    };
    format!("Because you said{ago}: {}.", deed.text)
}

/// "What can I say?": some of `suggestions`, others each time (`round` counts).
pub fn help(suggestions: &[String], round: usize) -> String {
    if suggestions.is_empty() {
        return "No skills are installed.".into();
    }
    let start = round * SUGGESTIONS;
    let some: Vec<&str> = (0..SUGGESTIONS.min(suggestions.len()))
        .map(|offset| {
            suggestions[(start + offset) % suggestions.len()].trim_end_matches(['.', '?', '!'])
        })
        .collect();
    format!("You can say, for example: {}.", some.join("; "))
}

/// Says that something was taken back, given what the skills said about it.
pub fn undone(replies: &str) -> String {
    let mut words = replies.splitn(2, ' ');
    match (words.next(), words.next()) {
        (Some(first @ ("The" | "Your" | "All" | "Both")), Some(rest)) => {
            format!("OK, {} {rest}", first.to_lowercase())
        }
        _ => format!("OK. {replies}"),
    }
}

/// `your pasta timer`, `your 10 minute timer`.
pub fn timer_name(timer: &Timer) -> String {
    match &timer.name {
        Some(name) => format!("your {name} timer"),
        None => format!("your {} timer", wording::adjective(timer.total_s)),
    }
}
