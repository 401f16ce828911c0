//! A grammar's automaton in the text format PocketSphinx reads (FSG).

use super::free_text::{PHONE_WORDS, PLACEHOLDER};
use loqa_core::grammar::WordAutomaton;
use std::{
    fmt::Write as _,
    io::{self, Write as _},
};
use tempfile::NamedTempFile;

/// Phones of free text are this much less likely than words: a name that the grammar knows wins.
const FREE_TEXT: f64 = 1e-3;

/// Likelihood, at most, of a word after a sentence that is complete.
const GOES_ON: f64 = 0.02;

/// Writes the automaton to a file that vanishes when it is dropped.
///
/// `spellings` has the dictionary's entries of each word (`read`, `read(2)`); a word without one
/// cannot be said. Free text becomes a loop of phones. Of the words that may come next, those
/// are likelier that the skills' examples say there (each counts once more than it is said,
/// after Laplace); to go on after a complete sentence is less likely than to end, else noise
/// and the speech of others become a second command.
pub(super) fn write(
    automaton: &WordAutomaton,
    words: &[String],
    spellings: &[Vec<String>],
) -> io::Result<NamedTempFile> {
    let text = text(automaton, words, spellings);
    let mut file = tempfile::Builder::new()
        .prefix("loqa-")
        .suffix(".fsg")
        .tempfile()?;
    file.write_all(text.as_bytes())?;
    Ok(file)
}

fn text(automaton: &WordAutomaton, words: &[String], spellings: &[Vec<String>]) -> String {
    let last = automaton.states;
    let mut states = automaton.states + 1;
    let mut arcs = String::new();
    // Writing to a String cannot fail.
    let mut ways = vec![0u32; automaton.states as usize];
    let words_said = automaton.arcs.iter().map(|(from, .., said)| (from, said));
    let free_said = automaton.free.iter().map(|(from, .., said)| (from, said));
    for (from, said) in words_said.chain(free_said) {
        ways[*from as usize] += 1 + said;
    }
    let mut complete = vec![false; automaton.states as usize];
    for end in &automaton.ends {
        complete[*end as usize] = true;
    }
    let likely = |from: u32, said: u32| {
        let likely = f64::from(1 + said) / f64::from(ways[from as usize]);
        match complete[from as usize] {
            true => likely.min(GOES_ON),
            false => likely,
        }
    };
    for (from, to, said) in &automaton.free {
        let likely = likely(*from, *said);
        let _ = writeln!(arcs, "TRANSITION {from} {to} {likely:e}");
    }
    for (from, word, to, said) in &automaton.arcs {
        let likely = likely(*from, *said);
        let word = *word as usize;
        if words.get(word).is_some_and(|word| word == PLACEHOLDER) {
            let within = states;
            states += 1;
            for (phone, _) in PHONE_WORDS {
                let _ = writeln!(arcs, "TRANSITION {from} {within} {FREE_TEXT:e} {phone}");
                let _ = writeln!(
                    arcs,
                    "TRANSITION {within} {within} {:e} {phone}",
                    1.0 / PHONE_WORDS.len() as f64
                );
            }
            let _ = writeln!(arcs, "TRANSITION {within} {to} 1.0");
        } else {
            for spelling in spellings.get(word).into_iter().flatten() {
                let _ = writeln!(arcs, "TRANSITION {from} {to} {likely:e} {spelling}");
            }
        }
    }
    for end in &automaton.ends {
        let _ = writeln!(arcs, "TRANSITION {end} {last} 1.0");
    }
    let start = automaton.start;
    format!(
        "FSG_BEGIN loqa\nNUM_STATES {states}\nSTART_STATE {start}\nFINAL_STATE {last}\n{arcs}FSG_END\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsayable_words_leave_the_rest_of_the_grammar_intact() {
        let words: Vec<String> = ["go", "something", "東京"].map(String::from).into();
        let automaton = WordAutomaton {
            states: 3,
            start: 0,
            ends: vec![2],
            arcs: vec![(0, 0, 1, 2), (1, 1, 2, 0), (1, 2, 2, 0)],
            free: vec![(0, 1, 0)],
        };
        let text = text(
            &automaton,
            &words,
            &[vec!["go".into(), "go(2)".into()], vec![], vec![]],
        );
        assert!(text.starts_with("FSG_BEGIN loqa\nNUM_STATES 5\nSTART_STATE 0\nFINAL_STATE 3\nTRANSITION 0 1 2.5e-1\nTRANSITION 0 1 7.5e-1 go\nTRANSITION 0 1 7.5e-1 go(2)\nTRANSITION 1 4 1e-3 _aa\n"), "{text}");
        assert!(
            text.contains("TRANSITION 4 2 1.0\n")
                && text.ends_with("TRANSITION 2 3 1.0\nFSG_END\n"),
            "{text}"
        );
        assert!(!text.contains("東京"));
    }
}
