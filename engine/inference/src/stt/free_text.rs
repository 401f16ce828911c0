//! Free text inside a grammar: rules that stand for any words become loops of phones, and the
//! span that was heard as one is decoded again with open vocabulary.

use super::decoder::Segment;
use loqa_core::grammar::Grammar;
use std::ops::Range;

/// What a span of free text is called until it has been decoded.
pub(super) const PLACEHOLDER: &str = Grammar::ANY_WORD;

/// Phones of the loop, as words: no name of a household looks like this.
pub(super) const PHONE_WORDS: [(&str, &str); 39] = [
    ("_aa", "AA"),
    ("_ae", "AE"),
    ("_ah", "AH"),
    ("_ao", "AO"),
    ("_aw", "AW"),
    ("_ay", "AY"),
    ("_b", "B"),
    ("_ch", "CH"),
    ("_d", "D"),
    ("_dh", "DH"),
    ("_eh", "EH"),
    ("_er", "ER"),
    ("_ey", "EY"),
    ("_f", "F"),
    ("_g", "G"),
    ("_hh", "HH"),
    ("_ih", "IH"),
    ("_iy", "IY"),
    ("_jh", "JH"),
    ("_k", "K"),
    ("_l", "L"),
    ("_m", "M"),
    ("_n", "N"),
    ("_ng", "NG"),
    ("_ow", "OW"),
    ("_oy", "OY"),
    ("_p", "P"),
    ("_r", "R"),
    ("_s", "S"),
    ("_sh", "SH"),
    ("_t", "T"),
    ("_th", "TH"),
    ("_uh", "UH"),
    ("_uw", "UW"),
    ("_v", "V"),
    ("_w", "W"),
    ("_y", "Y"),
    ("_z", "Z"),
    ("_zh", "ZH"),
];

/// The words as a person would read them so far: each run of phones is one [`PLACEHOLDER`].
pub(super) fn readable<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    let mut in_run = false;
    for word in words {
        let phone = word.starts_with('_');
        if phone && in_run {
            continue;
        }
        in_run = phone;
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(if phone { PLACEHOLDER } else { word });
    }
    text
}

/// Runs of phones: indices into `words`.
pub(super) fn spans(words: &[Segment]) -> Vec<Range<usize>> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    for (i, segment) in words.iter().enumerate() {
        if !segment.word.starts_with('_') {
            continue;
        }
        match spans.last_mut() {
            Some(span) if span.end == i => span.end = i + 1,
            _ => spans.push(i..i + 1),
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::single_range_in_vec_init, reason = "one span it is")]
    fn a_run_of_phones_is_one_span_and_reads_something() {
        let words: Vec<Segment> = ["add", "_m", "_ih", "_l", "_k", "to", "the", "list"]
            .iter()
            .map(|word| Segment {
                word: (*word).to_owned(),
                steps: 0..0,
                samples: 0..0,
            })
            .collect();
        assert_eq!(spans(&words), [1..5]);
        let text = readable(words.iter().map(|segment| segment.word.as_str()));
        assert_eq!(text, "add something to the list");
    }
}
