//! Numbers without noise: 0.1 plus 0.2 is 0.3.

use alloc::string::String;
use num_rational::Ratio;
use num_traits::{CheckedAdd, CheckedDiv, CheckedMul, CheckedSub, Signed, Zero, checked_pow};

/// A fraction of two whole numbers of up to 38 digits.
pub type Exact = Ratio<i128>;

/// Why there is no number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unknown {
    /// A division by zero.
    ByZero,
    /// More digits than there is room for.
    TooLong,
    /// The root of a negative number.
    NoRoot,
    /// A power whose exponent is not whole.
    PartOfAPower,
}

/// What is said instead of a number.
impl From<Unknown> for String {
    fn from(unknown: Unknown) -> String {
        match unknown {
            Unknown::ByZero => "You can't divide by zero.",
            Unknown::TooLong => "That has too many digits for me.",
            Unknown::NoRoot => "A negative number has no square root.",
            Unknown::PartOfAPower => "I only know whole powers.",
        }
        .into()
    }
}

/// What a slot holds. People say at most three decimals, and numbers below a billion, so nothing
/// is lost.
pub fn exact(number: f64) -> Exact {
    let half = if number < 0.0 { -0.5 } else { 0.5 };
    Exact::new((number.clamp(-1e15, 1e15) * 1000.0 + half) as i128, 1000)
}

/// What stands between two numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operator {
    /// a + b
    Plus,
    /// a − b
    Minus,
    /// a · b
    Times,
    /// a / b
    Over,
    /// a to the power of b
    Power,
    /// b · a / 100
    PercentOf,
    /// b − b · a / 100
    PercentOff,
}

impl Operator {
    /// By its name in `skill.yaml`, which is also how it is said.
    pub fn named(name: &str) -> Option<Operator> {
        Some(match name {
            "plus" => Operator::Plus,
            "minus" => Operator::Minus,
            "times" => Operator::Times,
            "divided by" => Operator::Over,
            "to the power of" => Operator::Power,
            "percent of" => Operator::PercentOf,
            "percent off" => Operator::PercentOff,
            _ => return None,
        })
    }

    /// What binds more is done first; of two that bind alike, the one that is said first.
    fn binds(self) -> u8 {
        match self {
            Operator::Plus | Operator::Minus => 0,
            Operator::Times | Operator::Over => 1,
            Operator::PercentOf | Operator::PercentOff => 2,
            Operator::Power => 3,
        }
    }

    /// The result.
    ///
    /// # Errors
    /// [`Unknown`].
    pub fn apply(self, a: &Exact, b: &Exact) -> Result<Exact, Unknown> {
        let hundred = Exact::from_integer(100);
        let result = match self {
            Operator::Plus => a.checked_add(b),
            Operator::Minus => a.checked_sub(b),
            Operator::Times => a.checked_mul(b),
            Operator::Over if b.is_zero() => return Err(Unknown::ByZero),
            Operator::Over => a.checked_div(b),
            Operator::Power => return power(a, b),
            Operator::PercentOf => a.checked_div(&hundred).and_then(|part| part.checked_mul(b)),
            Operator::PercentOff => hundred
                .checked_sub(a)
                .and_then(|rest| rest.checked_div(&hundred)?.checked_mul(b)),
        };
        result.ok_or(Unknown::TooLong)
    }

    /// The result of three numbers, with another operator between the last two.
    ///
    /// # Errors
    /// [`Unknown`].
    pub fn and(self, next: Operator, [a, b, c]: [&Exact; 3]) -> Result<Exact, Unknown> {
        if next.binds() > self.binds() {
            self.apply(a, &next.apply(b, c)?)
        } else {
            next.apply(&self.apply(a, b)?, c)
        }
    }
}

fn power(a: &Exact, b: &Exact) -> Result<Exact, Unknown> {
    if !b.is_integer() {
        return Err(Unknown::PartOfAPower);
    }
    let exponent = usize::try_from(b.abs().to_integer()).map_err(|_| Unknown::TooLong)?;
    let power = checked_pow(*a, exponent).ok_or(Unknown::TooLong)?;
    match b.is_negative() {
        true if power.is_zero() => Err(Unknown::ByZero),
        true => Ok(power.recip()),
        false => Ok(power),
    }
}

/// The square root; one that has no end is right to eight decimals, and never shorter than that.
///
/// # Errors
/// [`Unknown`].
pub fn root(number: &Exact) -> Result<Exact, Unknown> {
    const EIGHT_DECIMALS: i128 = 100_000_000;
    // √(n/d) = √(n·d)/d
    let product = number.numer().checked_mul(number.denom());
    let shifted = product.and_then(|product| product.checked_mul(EIGHT_DECIMALS.pow(2)));
    let shifted = shifted.ok_or(Unknown::TooLong)?;
    let root = shifted.checked_isqrt().ok_or(Unknown::NoRoot)?;
    // Between this one and the next: the middle.
    let rest = i128::from(root.pow(2) < shifted);
    Ok(Exact::new(
        2 * root + rest,
        2 * number.denom() * EIGHT_DECIMALS,
    ))
}
