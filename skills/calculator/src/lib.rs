//! The calculator: sums, percentages and roots, and one unit in another.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod exact;
mod spoken;
#[cfg(test)]
mod tests;
mod units;

use alloc::{format, string::String};
use exact::{Exact, Operator, Unknown, exact, root};
use loqa_skill_sdk::{EffectError, Effects, Plan, Prepared, Reads, Request, Skill, Value, wording};
use spoken::{money, spoken};

/// The skill's `skill.yaml`.
pub const MANIFEST: &str = include_str!("../skill.yaml");

/// Decimals of a result that is said as it is: those of what was asked, and those of a measure.
const SUM: u32 = 4;
const MEASURE: u32 = 2;

/// What stands before a number, and how much of it that is.
const PARTS: &[(&str, i128, i128)] = &[
    ("half", 1, 2),
    ("a third", 1, 3),
    ("two thirds", 2, 3),
    ("a quarter", 1, 4),
    ("three quarters", 3, 4),
    ("a fifth", 1, 5),
    ("a tenth", 1, 10),
];

/// What stands behind a number, and its exponent.
const POWERS: &[(&str, i128)] = &[("squared", 2), ("cubed", 3)];

const UNHEARD: &str = "I didn't get the numbers.";

/// The calculator skill.
pub struct Calculator;

impl Skill for Calculator {
    fn prepare(&self, request: &Request, _reads: &dyn Reads) -> Prepared {
        let answer = match request.intent.as_str() {
            "convert" | "how_many" => convert(request),
            _ => calculate(request),
        };
        Prepared::Say(answer.map_or_else(|why_not| why_not, |answer| wording::sentence(&answer)))
    }

    fn commit(&self, plan: &Plan, _effects: &mut dyn Effects) -> Result<String, EffectError> {
        Ok(plan.reply.clone())
    }
}

fn calculate(request: &Request) -> Result<String, String> {
    let number = |name: &str| request.slot(name).and_then(Value::as_f64).map(exact);
    let (a, name) = number("a").zip(text(request, "operator")).ok_or(UNHEARD)?;
    let counted = |number: &Exact| match text(request, "money") {
        Some(sign) => money(number, sign),
        None => spoken(number, SUM),
    };
    let part = PARTS.iter().find(|(part, ..)| *part == name);
    let power = POWERS.iter().find(|(power, _)| *power == name);
    let (asked, result) = if let Some((_, above, below)) = part {
        let part = Operator::Times.apply(&a, &Exact::new(*above, *below));
        (format!("{name} of {}", counted(&a)?), part)
    } else if let Some((_, exponent)) = power {
        let power = Operator::Power.apply(&a, &Exact::from_integer(*exponent));
        (format!("{} {name}", spoken(&a, SUM)?), power)
    } else if name == "square root" {
        (format!("the {name} of {}", spoken(&a, SUM)?), root(&a))
    } else {
        let (operator, b) = Operator::named(name).zip(number("b")).ok_or(UNHEARD)?;
        let a_said = match operator {
            Operator::Plus | Operator::Minus | Operator::Over => counted(&a)?,
            _ => spoken(&a, SUM)?,
        };
        let b_said = match operator {
            Operator::Over => spoken(&b, SUM)?,
            _ => counted(&b)?,
        };
        let asked = format!("{a_said} {name} {b_said}");
        match text(request, "then").zip(number("c")) {
            None => (asked, operator.apply(&a, &b)),
            Some((then, c)) => {
                let next = Operator::named(then).ok_or(UNHEARD)?;
                let asked = format!("{asked} {then} {}", spoken(&c, SUM)?);
                (asked, operator.and(next, [&a, &b, &c]))
            }
        }
    };
    Ok(format!("{asked} is {}.", counted(&result?)?))
}

/// In one unit what is so much in another.
fn convert(request: &Request) -> Result<String, String> {
    let unit = |name: &str| text(request, name).and_then(units::named);
    let (from, to) = unit("from").zip(unit("to")).ok_or(UNHEARD)?;
    let (from, to) = (from.beside(to), to.beside(from));
    if !from.is_like(to) {
        return Err(format!(
            "You can't turn {} into {}.",
            from.several, to.several
        ));
    }
    let amount = request.slot("amount").and_then(Value::as_f64);
    let amount = exact(amount.unwrap_or(1.0));
    let result = from.turn(&amount, to).ok_or(Unknown::TooLong)?;
    let (amount, result) = (spoken(&amount, SUM)?, spoken(&result, MEASURE)?);
    Ok(format!(
        "{amount} {} is {result} {}.",
        from.of(&amount),
        to.of(&result)
    ))
}

fn text<'r>(request: &'r Request, slot: &str) -> Option<&'r str> {
    request.slot(slot).and_then(Value::as_str)
}

loqa_skill_sdk::component!(Calculator);
