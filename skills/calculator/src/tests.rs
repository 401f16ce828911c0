//! What is asked, and what is answered; and that nothing is lost on the way.

use super::*;
use crate::units::UNITS;
use alloc::vec::Vec;
use loqa_skill_sdk::testing::House;
use num_traits::Signed;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

const OPERATORS: [&str; 7] = [
    "plus",
    "minus",
    "times",
    "divided by",
    "to the power of",
    "percent of",
    "percent off",
];

fn hears(intent: &str, slots: Json) -> String {
    House::default().hears(&Calculator, intent, slots, None)
}

#[test]
fn sums_are_answered() {
    let two = |a: f64, operator: &str, b: f64| {
        hears("calculate", json!({"a": a, "operator": operator, "b": b}))
    };
    let one = |operator: &str, a: f64| hears("calculate", json!({"operator": operator, "a": a}));
    let check = |answer: String, expected: &str| assert_eq!(answer, expected);
    check(two(12.0, "times", 7.0), "12 times 7 is 84.");
    check(two(20.0, "plus", 32.0), "20 plus 32 is 52.");
    check(two(0.1, "plus", 0.2), "0.1 plus 0.2 is 0.3.");
    check(two(5.0, "minus", -3.0), "5 minus -3 is 8.");
    check(two(7.0, "divided by", 2.0), "7 divided by 2 is 3.5.");
    check(
        two(10.0, "divided by", 3.0),
        "10 divided by 3 is about 3.33.",
    );
    check(
        two(2e4, "divided by", -3.0),
        "20,000 divided by -3 is about -6,667.",
    );
    check(
        two(1.0, "divided by", 48.0),
        "1 divided by 48 is about 0.021.",
    );
    check(two(97.0, "divided by", 8.0), "97 divided by 8 is 12.125.");
    check(two(1.0, "divided by", 0.0), "You can't divide by zero.");
    check(two(15.0, "percent of", 80.0), "15 percent of 80 is 12.");
    check(
        two(2.0, "to the power of", 10.0),
        "2 to the power of 10 is 1,024.",
    );
    check(
        two(2.0, "to the power of", -2.0),
        "2 to the power of -2 is 0.25.",
    );
    check(
        two(0.0, "to the power of", -1.0),
        "You can't divide by zero.",
    );
    check(
        two(2.0, "to the power of", 0.5),
        "I only know whole powers.",
    );
    check(
        two(9.0, "to the power of", 99.0),
        "That has too many digits for me.",
    );
    check(
        two(999_999_999.0, "times", 2_000_000.0),
        "999,999,999 times 2,000,000 is about 2 quadrillion.",
    );
    check(
        one("square root", 200.0),
        "The square root of 200 is about 14.14.",
    );
    check(one("square root", 6.25), "The square root of 6.25 is 2.5.");
    check(
        one("square root", -1.0),
        "A negative number has no square root.",
    );
    check(one("squared", 1.5), "1.5 squared is 2.25.");
    check(one("a third", 90.0), "A third of 90 is 30.");
    check(
        hears(
            "calculate",
            json!({"a": 2, "operator": "plus", "b": 3, "then": "times", "c": 4}),
        ),
        "2 plus 3 times 4 is 14.",
    );
    check(
        hears(
            "calculate",
            json!({"a": 20, "operator": "percent off", "b": 50, "money": "$"}),
        ),
        "20 percent off $50 is $40.",
    );
    check(
        hears(
            "calculate",
            json!({"a": 90, "operator": "divided by", "b": 4, "money": "$"}),
        ),
        "$90 divided by 4 is $22.50.",
    );
    check(
        hears(
            "calculate",
            json!({"a": 100, "operator": "divided by", "b": 3, "money": "€"}),
        ),
        "€100 divided by 3 is about €33.33.",
    );
    check(
        hears("calculate", json!({"a": 1})),
        "I didn't get the numbers.",
    );
}

#[test]
fn units_are_turned_into_each_other() {
    let check = |amount: f64, from: &str, to: &str, expected: &str| {
        let slots = json!({"amount": amount, "from": from, "to": to});
        assert_eq!(hears("convert", slots), expected);
    };
    check(
        10.0,
        "mile",
        "kilometer",
        "10 miles is about 16.09 kilometers.",
    );
    check(1.0, "liter", "U.S. cup", "1 liter is about 4.23 U.S. cups.");
    check(1.0, "inch", "centimeter", "1 inch is 2.54 centimeters.");
    check(6.0, "foot", "centimeter", "6 feet is 182.88 centimeters.");
    check(3.0, "ounce", "gram", "3 ounces is about 85.05 grams.");
    check(
        1.0,
        "U.S. cup",
        "ounce",
        "1 U.S. cup is 8 U.S. fluid ounces.",
    );
    check(
        3.0,
        "teaspoon",
        "tablespoon",
        "3 teaspoons is 1 tablespoon.",
    );
    check(
        72.0,
        "degree Fahrenheit",
        "degree Celsius",
        "72 degrees Fahrenheit is about 22.22 degrees Celsius.",
    );
    check(
        -40.0,
        "degree Celsius",
        "degree Fahrenheit",
        "-40 degrees Celsius is -40 degrees Fahrenheit.",
    );
    check(
        1.0,
        "kelvin",
        "degree Celsius",
        "1 kelvin is -272.15 degrees Celsius.",
    );
    check(
        60.0,
        "mile per hour",
        "kilometer per hour",
        "60 miles per hour is about 96.56 kilometers per hour.",
    );
    check(
        30.0,
        "degree",
        "degree Fahrenheit",
        "30 degrees Celsius is 86 degrees Fahrenheit.",
    );
    check(
        50.0,
        "degree",
        "degree Celsius",
        "50 degrees Fahrenheit is 10 degrees Celsius.",
    );
    check(
        2.0,
        "degree",
        "mile",
        "You can't turn degrees Celsius into miles.",
    );
    check(1.0, "year", "day", "1 year is 365 days.");
    check(
        1.0,
        "acre",
        "square meter",
        "1 acre is about 4,047 square meters.",
    );
    check(1.0, "square mile", "acre", "1 square mile is 640 acres.");
    check(
        1.0,
        "gigabyte",
        "megabyte",
        "1 gigabyte is 1,000 megabytes.",
    );
    check(1.0, "bit", "terabyte", "1 bit is almost 0 terabytes.");
    check(2.0, "liter", "mile", "You can't turn liters into miles.");
    assert_eq!(
        hears("convert", json!({"from": "pound", "to": "gram"})),
        "1 pound is about 453.6 grams."
    );
}

#[test]
fn the_manifest_names_every_unit_operator_and_part() {
    let names = |list: &str| -> Vec<&str> {
        let after = MANIFEST.split(&format!("\n  {list}:\n")).nth(1).unwrap();
        let lines = after.lines().take_while(|line| line.starts_with("    "));
        let entry = |line: &'static str| match line.split_once("out: ") {
            Some((_, out)) => Some(out.trim_end_matches([' ', '}'])),
            None => line.strip_prefix("      - "),
        };
        lines.filter_map(entry).collect()
    };
    let units: Vec<&str> = UNITS.iter().map(|unit| unit.one).collect();
    assert_eq!([names("unit"), names("speed")].concat(), units);
    assert_eq!(
        names("part"),
        PARTS.iter().map(|part| part.0).collect::<Vec<_>>()
    );
    assert_eq!(
        names("square"),
        POWERS.iter().map(|power| power.0).collect::<Vec<_>>()
    );
    let operators = names("operator");
    assert!(
        operators.len() == 7
            && operators
                .into_iter()
                .all(|name| Operator::named(name).is_some())
    );
}

proptest! {
    #[test]
    fn a_measure_comes_back_as_it_went(thousandths in -1_000_000_000_000_i64..1_000_000_000_000) {
        let number = exact(thousandths as f64 / 1000.0);
        prop_assert_eq!(number, Exact::new(thousandths.into(), 1000));
        for from in UNITS {
            for to in UNITS.iter().filter(|to| from.is_like(**to)) {
                let there = from.turn(&number, *to).unwrap();
                prop_assert_eq!(to.turn(&there, *from), Some(number), "{} {}", from.one, to.one);
            }
        }
    }

    /// Against fractions made by hand: nothing is said too exactly, and nothing far off.
    #[test]
    fn what_is_said_is_the_result(a in -1_000_000_000_i128..1_000_000_000, b in 1..1_000_000_000_i128) {
        // Each result as a fraction.
        let results = [
            (Operator::Plus, a + b, 1000),
            (Operator::Minus, a - b, 1000),
            (Operator::Times, a * b, 1_000_000),
            (Operator::Over, a, b),
            (Operator::PercentOf, a * b, 100_000_000),
        ];
        for (operator, above, below) in results {
            let result = operator.apply(&Exact::new(a, 1000), &Exact::new(b, 1000)).unwrap();
            let said = spoken(&result, SUM).unwrap();
            if said == "almost 0" {
                prop_assert!(above.abs() * 10_000 < below);
                continue;
            }
            let digits = said.trim_start_matches("about ").replace(',', "");
            let decimals = digits.split_once('.').map_or(0, |(_, rest)| rest.len() as u32);
            let digits: i128 = digits.replace('.', "").parse().unwrap();
            let off = (digits * below - above * 10_i128.pow(decimals)).abs();
            let about = said.starts_with("about");
            prop_assert!(if about { off > 0 } else { off == 0 }, "{above}/{below} is {said}");
            // By 0.005 and by 0.05 percent.
            let bound = (50 * below + 5 * above.abs()) * 10_i128.pow(decimals);
            prop_assert!(off * 10_000 <= bound, "{above}/{below} is {said}");
        }
    }

    #[test]
    fn what_is_too_long_is_told(a in -1e9..1e9_f64, b in -200.0..200_f64, c in -1e9..1e9_f64) {
        for operator in OPERATORS {
            for then in OPERATORS {
                let slots = json!({"a": a, "operator": operator, "b": b.trunc(), "then": then, "c": c});
                prop_assert!(hears("calculate", slots).ends_with('.'));
            }
        }
    }

    #[test]
    fn a_root_times_itself_is_the_number(thousandths in 0..1_000_000_000_000_i128) {
        let number = Exact::new(thousandths, 1000);
        let root = root(&number).unwrap();
        let off = root * root - number;
        prop_assert!(off.abs() <= (root + 1) * Exact::new(1, 100_000_000));
    }
}
