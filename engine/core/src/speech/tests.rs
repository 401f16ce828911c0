use super::{clauses, speakable};
use proptest::prelude::*;

fn check(cases: &[(&str, &str)]) {
    for (text, said) in cases {
        assert_eq!(speakable(text), *said, "for {text:?}");
        assert_eq!(speakable(said), *said, "twice, for {text:?}");
    }
}

#[test]
fn numbers_and_units() {
    check(&[
        ("10 minutes", "ten minutes"),
        (
            "It is 21.5 °C.",
            "It is twenty one point five degrees Celsius.",
        ),
        (
            "-1°C, +3 °C",
            "minus one degree Celsius, plus three degrees Celsius",
        ),
        (
            "50% of 1,234,567",
            "fifty percent of one million two hundred thirty four thousand five hundred sixty seven",
        ),
        (
            "120 km/h, 5 m², 12 µg/m³",
            "one hundred twenty kilometers per hour, five square meters, twelve micrograms per cubic meter",
        ),
        ("1 kB or 2 kB", "one kilobyte or two kilobytes"),
        ("5 in the box, 5in", "five in the box, five inches"),
        (
            "1½ cups, ½ cup, 3/4 cup, 5/8",
            "one and a half cups, a half cup, three quarters cup, five over eight",
        ),
        (
            "the 1st, 22nd and 103rd",
            "the first, twenty second and one hundred third",
        ),
        ("the 1990s and 20s", "the nineteen nineties and twenties"),
        ("version 1.2.3", "version one point two point three"),
        ("007, .5", "zero zero seven, zero point five"),
        (
            "1920x1080, 3 × 4",
            "one thousand nine hundred twenty by one thousand eighty, three times four",
        ),
        (
            "10-12, 555-1234",
            "ten to twelve, five five five, one two three four",
        ),
        (
            "$5, $5.50, $1.01, 3 €, $2 million",
            "five dollars, five dollars and fifty cents, one dollar and one cent, three euros, two million dollars",
        ),
        ("B12 #3 ٣", "B twelve number three three"),
    ]);
}

#[test]
fn times_and_dates() {
    check(&[
        ("7:30 am", "seven thirty a m"),
        ("at 7:05 p.m. The light", "at seven oh five p m. The light"),
        (
            "7 am, 7:00, 12:00 PM.",
            "seven a m, seven o'clock, twelve p m.",
        ),
        (
            "19:00, 19:45, 0:15, 00:00",
            "nineteen hundred, nineteen forty five, twelve fifteen a m, midnight",
        ),
        ("7:30:05", "seven thirty and five seconds"),
        ("7:30-8:00", "seven thirty to eight o'clock"),
        (
            "16:9 or 99:99",
            "sixteen to nine or ninety nine to ninety nine",
        ),
        ("2026-03-05", "March fifth twenty twenty six"),
        (
            "2026-03-05T07:30:00+01:00",
            "March fifth twenty twenty six at seven thirty",
        ),
        (
            "Friday, March 5, 2026",
            "Friday, March fifth twenty twenty six",
        ),
        (
            "the 5 March 2001, in 1905",
            "the fifth of March two thousand one, in nineteen oh five",
        ),
        ("2000 steps in May", "two thousand steps in May"),
    ]);
}

#[test]
fn words_and_symbols() {
    check(&[
        (
            "Dr. Smith, e.g. Mr. Jones vs. me etc.",
            "doctor Smith, for example mister Jones versus me et cetera.",
        ),
        ("the TV & the LED", "the T V and the L E D"),
        (
            "see https://www.example.com/path?x=1, or mail me@loqa.org.",
            "see example dot com, or mail me at loqa dot org.",
        ),
        ("**Done!** 🎉 It's `on`…", "Done! It's on."),
        ("- Milk\n- Eggs (6)", "Milk. Eggs, six"),
        ("it’s “fine” – really", "it's fine, really"),
        ("a+b=c; and/or ©", "a plus b equals c; and or"),
        ("Zoë's café", "Zoë's café"),
        ("5 < 6", "five less than six"),
        ("?!", ""),
        ("", ""),
    ]);
}

#[test]
fn a_reply_is_cut_into_clauses() {
    let cut = |text: &str, expected: &[&str]| assert_eq!(clauses(text), expected);
    cut("Okay. The light is on.", &["Okay.", "The light is on."]);
    cut(
        "Your timer, called pasta, has 3.5 minutes left, and the oven timer has 1,200 seconds left.",
        &[
            "Your timer,",
            "called pasta, has 3.5 minutes left,",
            "and the oven timer has 1,200 seconds left.",
        ],
    );
    cut(
        "It is 7 a.m. in Paris, e.g. at Dr. Smith's.",
        &["It is 7 a.m. in Paris,", "e.g. at Dr. Smith's."],
    );
    cut(
        "It is 7 a.m. The sun is up.",
        &["It is 7 a.m.", "The sun is up."],
    );
    cut(
        "I turned off the kitchen lights and the lights of the living room and all of the bedroom lights upstairs",
        &[
            "I turned off the kitchen lights",
            "and the lights of the living room and all of the bedroom lights upstairs",
        ],
    );
    cut("Done,", &["Done,"]);
    cut(" ", &[]);
}

#[test]
fn ten_thousand_characters_are_survived() {
    for unit in [
        "x", "1", ".", "a.", "-", "1:", "1-", "1,", "$", "https://", "°", "½", "🎉", "1 km/",
    ] {
        let text = unit.repeat(10_000 / unit.len());
        let said = speakable(&text);
        assert_eq!(speakable(&said), said, "for {unit:?}");
        assert_eq!(
            clauses(&text).join(" "),
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        );
    }
}

/// Text made of the things that have rules, in any order, and any characters between.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[0-9]{1,4}",
        4 => "[ .,:;/+-]",
        3 => "(am|p\\.m\\.|km|%|°C|st|th|s|x|T|Z|in|March|May|Dr\\.|e\\.g\\.|the|US|TV|\\$|€|½|²|www\\.|https://|a|B|m)",
        2 => "[a-zA-Z']{1,6}",
        2 => " ",
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn only_words_and_pauses_are_left(text in texts()) {
        let said = speakable(&text);
        for (i, c) in said.char_indices() {
            let apostrophe = c == '\'' && i > 0;
            prop_assert!(c.is_alphabetic() && !c.is_numeric() || apostrophe || " .,;:!?".contains(c), "{c:?} in {said:?}");
        }
        prop_assert!(!said.contains("  ") && !said.contains(" ,") && !said.contains(",,"));
        prop_assert_eq!(said.trim(), said.as_str());
        prop_assert_eq!(speakable(&said), said.clone());
    }

    #[test]
    fn clauses_make_the_text_again(text in texts()) {
        for text in [speakable(&text), text] {
            let cut = clauses(&text);
            prop_assert!(cut.iter().all(|clause| !clause.is_empty()));
            prop_assert_eq!(cut.join(" "), text.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
}
