//! The symbols that Kokoro reads, and their numbers.

/// Most symbols of one piece; the frame of zeros around it is not counted.
pub(super) const MOST: usize = 510;

/// As in the model's `config.json`, version 1.0, by symbol; runs of letters that follow each other are one
/// entry.
const SYMBOLS: [(&str, i64); 30] = [
    (";:,.!?", 1),
    ("—…\"()“” \u{303}ʣʥʦʨᵝ\u{ab67}AI", 9),
    ("O", 31),
    ("Q", 33),
    ("ST", 35),
    ("W", 39),
    ("Yᵊabcdef", 41),
    ("hijklmnopqrstuvwxyzɑɐɒæ", 50),
    ("βɔɕç", 75),
    ("ɖðʤə", 80),
    ("ɚɛɜ", 85),
    ("ɟ", 90),
    ("ɡ", 92),
    ("ɥ", 99),
    ("ɨɪʝ", 101),
    ("ɯɰŋɳɲɴø", 110),
    ("ɸθœ", 118),
    ("ɹ", 123),
    ("ɾɻ", 125),
    ("ʁɽʂʃʈʧ", 128),
    ("ʊʋ", 135),
    ("ʌɣɤ", 138),
    ("χʎ", 142),
    ("ʒʔ", 147),
    ("ˈˌː", 156),
    ("ʰ", 162),
    ("ʲ", 164),
    ("↓", 169),
    ("→↗↘", 171),
    ("ᵻ", 177),
];

/// The number of a symbol; `None` if Kokoro does not know it, and cannot say it.
pub(super) fn token(symbol: char) -> Option<i64> {
    SYMBOLS.iter().find_map(|(run, first)| {
        let place = run.chars().position(|it| it == symbol)?;
        Some(first + place as i64)
    })
}

/// Phonemes as numbers in pieces of at most [`MOST`]: cut after a pause if there is one, else after a word,
/// else anywhere. What Kokoro does not know is left out.
pub(super) fn pieces(phonemes: &str) -> Vec<Vec<i64>> {
    let known: Vec<(char, i64)> = phonemes
        .chars()
        .filter_map(|symbol| Some((symbol, token(symbol)?)))
        .collect();
    let mut rest = &known[..];
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let length = match rest.len() > MOST {
            false => rest.len(),
            true => {
                let piece = &rest[..MOST];
                let after = |ends: &[char]| piece.iter().rposition(|(it, _)| ends.contains(it));
                let cut = after(&['.', '!', '?', ';', ':', ',', '—']).or_else(|| after(&[' ']));
                // A pause at the very beginning would leave nearly nothing.
                cut.filter(|cut| *cut > MOST / 4)
                    .map_or(MOST, |cut| cut + 1)
            }
        };
        let (piece, after) = rest.split_at(length);
        // A piece of pauses alone is no speech.
        if piece.iter().any(|(symbol, _)| symbol.is_alphabetic()) {
            pieces.push(piece.iter().map(|(_, token)| *token).collect());
        }
        rest = after;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_have_the_numbers_of_the_model() {
        for (symbol, number) in [
            (';', 1),
            (' ', 16),
            ('A', 24),
            ('ɑ', 69),
            ('ɡ', 92),
            ('ˈ', 156),
            ('ᵻ', 177),
        ] {
            assert_eq!(token(symbol), Some(number), "{symbol}");
        }
        assert_eq!(
            SYMBOLS
                .iter()
                .map(|(run, _)| run.chars().count())
                .sum::<usize>(),
            114
        );
        for unknown in ['❓', 'g', '$', '\0', '7'] {
            assert_eq!(token(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn long_clauses_are_cut_where_a_speaker_would() {
        let lengths =
            |phonemes: &str| -> Vec<usize> { pieces(phonemes).iter().map(Vec::len).collect() };
        assert_eq!(lengths("həlˈO"), [5]);
        assert_eq!(lengths(&"ə".repeat(1100)), [510, 510, 80]);
        let words = "wˈɜɹd ".repeat(200);
        assert!(lengths(&words).iter().all(|length| length % 6 == 0));
        let clauses = format!("{}, {}", "wˈɜɹd ".repeat(60), "wˈɜɹd ".repeat(60));
        assert_eq!(lengths(&clauses)[0], 361);
        assert_eq!(lengths("❓❓"), [0; 0]);
        assert_eq!(lengths("... !"), [0; 0]);
    }
}
