//! Words of a language model that say something was done. Nothing was: what is done is told by its result.

/// What is done in a house, as it stands after "I have", "I'll" or "I am".
const DEEDS: [&str; 46] = [
    "add", "adjust", "activat", "arm", "book", "brighten", "call", "cancel", "chang", "clear",
    "clos", "creat", "delet", "dim", "disabl", "done", "enabl", "increas", "decreas", "lock",
    "lower", "made", "mak", "mut", "open", "order", "paus", "play", "put", "rais", "record",
    "remind", "remov", "sav", "schedul", "send", "sent", "set", "start", "stopp", "switch", "took",
    "turn", "unlock", "updat", "wak",
];
/// Beginnings of a sentence in which somebody speaks of what they have done or are about to do.
const ONESELF: [&str; 12] = [
    "i have",
    "i've",
    "i will",
    "i'll",
    "i am",
    "i'm",
    "i just",
    "i did",
    "i already",
    "we have",
    "we've",
    "let me",
];
/// Words that may stand between.
const BETWEEN: [&str; 10] = [
    "now",
    "just",
    "already",
    "go",
    "going",
    "to",
    "gone",
    "ahead",
    "and",
    "successfully",
];
/// What follows a deed, where it is no noun.
const OBJECTS: [&str; 14] = [
    "the", "it", "that", "them", "this", "on", "off", "up", "down", "a", "an", "your", "all", "you",
];
/// Said instead of a deed.
const WHOLE: [&str; 10] = [
    "done",
    "it's done",
    "it is done",
    "all done",
    "okay done",
    "ok done",
    "consider it done",
    "sure done",
    "will do",
    "right away",
];
/// How things are afterwards.
const NOW: [&str; 6] = [
    "is now",
    "are now",
    "has been",
    "have been",
    "is set",
    "are set",
];

/// Whether a clause says that Loqa has done something, does it or will: of an effect only its result
/// speaks. Errs on the side of yes.
pub(super) fn claims(clause: &str) -> bool {
    let words: Vec<String> = clause
        .split_whitespace()
        .map(|word| {
            let word = word.trim_matches(|c: char| !c.is_alphanumeric());
            word.to_lowercase().replace('’', "'")
        })
        .filter(|word| !word.is_empty())
        .collect();
    let text = words.join(" ");
    if WHOLE.contains(&text.as_str()) {
        return true;
    }
    let deed = |word: &str| DEEDS.iter().any(|deed| word.starts_with(deed));
    let padded = format!(" {text} ");
    let oneself = ONESELF.iter().any(|start| {
        padded
            .match_indices(&format!(" {start} "))
            .any(|(at, found)| {
                let mut after = padded[at + found.len()..]
                    .split(' ')
                    .skip_while(|word| BETWEEN.contains(word));
                after.next().is_some_and(deed)
            })
    });
    // "turning off the lights", "switching it on for you".
    let mut said = words.iter().map(String::as_str);
    let first = said.find(|word| !["ok", "okay", "sure", "alright", "now", "yes"].contains(word));
    let at_once = first.is_some_and(|word| word.ends_with("ing") && deed(word))
        && said.next().is_some_and(|word| OBJECTS.contains(&word));
    let state = NOW.iter().any(|now| {
        padded
            .match_indices(&format!(" {now} "))
            .any(|(at, found)| {
                let after = &padded[at + found.len()..];
                let next = after.split(' ').next().unwrap_or_default();
                deed(next)
                    || ["on", "off", "locked", "for", "to", "closed", "ringing"].contains(&next)
            })
    });
    oneself || at_once || state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_that_something_was_done_is_told_from_an_answer() {
        for claim in [
            "I've turned off the kitchen lights.",
            "Okay, I have set a timer for ten minutes.",
            "Done!",
            "Sure, I'll lock the front door now.",
            "Turning on the fan.",
            "The lights are now off.",
            "The door has been locked.",
            "I’m going to open the blinds for you,",
            "Your alarm is set for seven.",
            "I just added milk to the list.",
            "Let me turn that off.",
        ] {
            assert!(claims(claim), "{claim}");
        }
        for answer in [
            "Paris is the capital of France.",
            "I am Loqa, and I live in this house.",
            "I don't know.",
            "You can turn off the lights by saying so.",
            "A candle has a flame; a lamp has a bulb.",
            "Turn left at the church.",
            "I have no idea how far away the moon is.",
            "Opening hours differ from shop to shop.",
            "Penguins have been studied for two hundred years.",
        ] {
            assert!(!claims(answer), "{answer}");
        }
    }
}
