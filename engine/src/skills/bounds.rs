//! How much of what a skill says and wants counts, whatever its permissions.

use loqa_skill_sdk::EffectError;

/// Timers that a household may have.
const TIMERS: usize = 100;
/// Letters of a timer's name.
const LONGEST_NAME: usize = 64;
/// Longest timer, s.
const LONGEST_S: u64 = 400 * 86_400;
/// Items on a list, and letters of each.
const ITEMS: usize = 1000;
const LONGEST_ITEM: usize = 1000;
/// Letters that are said at once: three minutes of speech.
const LONGEST_REPLY: usize = 2000;

/// What of a skill's words is said and shown: neither more than anybody listens to, nor letters that
/// steer a terminal or turn the direction of what stands after them.
pub fn spoken(words: &str) -> String {
    let steers = |letter: char| letter.is_control() && !letter.is_whitespace();
    let turns = |letter| matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let letters = words.chars().filter(|it| !steers(*it) && !turns(*it));
    letters.take(LONGEST_REPLY).collect()
}

/// Refuses one timer more than anybody has, and one that nobody would set.
///
/// # Errors
/// A sentence.
pub fn timer(others: usize, name: Option<&str>, seconds: u64) -> Result<(), EffectError> {
    let refused = if others >= TIMERS {
        format!("There are {TIMERS} timers already.")
    } else if name.is_some_and(|name| name.chars().count() > LONGEST_NAME) {
        "That is too long for the name of a timer.".into()
    } else if seconds > LONGEST_S {
        "A timer cannot be that long.".into()
    } else {
        return Ok(());
    };
    Err(EffectError(refused))
}

/// Refuses what no list has room for.
///
/// # Errors
/// A sentence.
pub fn list(items: &[String]) -> Result<(), EffectError> {
    let refused = if items.len() > ITEMS {
        format!("There are {ITEMS} things on that list already.")
    } else if items.iter().any(|it| it.chars().count() > LONGEST_ITEM) {
        "That is too long for a list.".into()
    } else {
        return Ok(());
    };
    Err(EffectError(refused))
}
