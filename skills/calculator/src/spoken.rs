//! Numbers as a person would say them: all of a short one, the beginning of a long one.

use crate::exact::{Exact, Unknown};
use alloc::{
    format,
    string::{String, ToString},
};
use num_traits::{CheckedDiv, CheckedMul, Signed};

/// Numbers from here on have no name that people would understand.
const NAMELESS: i128 = 10_i128.pow(21);
/// Larger numbers than a voice reads digit by digit.
const NAMED: [(i128, &str); 2] = [
    (10_i128.pow(18), "quintillion"),
    (10_i128.pow(15), "quadrillion"),
];

/// `84`, `about 14.14`, `almost 0`: all of it if `decimals` are enough for that, else four digits,
/// two of them behind the point at most.
///
/// # Errors
/// [`Unknown::TooLong`] from 10²¹ on.
pub fn spoken(number: &Exact, decimals: u32) -> Result<String, Unknown> {
    let size = number.abs();
    let at_least = |bound: i128| size >= Exact::from_integer(bound);
    if at_least(NAMELESS) {
        return Err(Unknown::TooLong);
    }
    if let Some((unit, name)) = NAMED.into_iter().find(|(unit, _)| at_least(*unit)) {
        let count = number.checked_div(&Exact::from_integer(unit));
        let count = spoken(&count.ok_or(Unknown::TooLong)?, 2)?;
        return Ok(format!("{count} {name}"));
    }
    let (digits, all) = rounded(number, decimals)?;
    if all {
        return Ok(written(digits, decimals));
    }
    if size < Exact::new(1, 10_000) {
        return Ok("almost 0".into());
    }
    let fewer = match () {
        () if at_least(1000) => 0,
        () if at_least(100) => 1,
        () if size >= Exact::new(1, 10) => 2,
        () if size >= Exact::new(1, 100) => 3,
        () if size >= Exact::new(1, 1000) => 4,
        () => 5,
    };
    let (digits, _) = rounded(number, fewer)?;
    Ok(format!("about {}", written(digits, fewer)))
}

/// `$30`, `$22.50`, `about -$33.33`.
///
/// # Errors
/// [`Unknown::TooLong`] from 10¹⁵ on.
pub fn money(amount: &Exact, sign: &str) -> Result<String, Unknown> {
    let (cents, all) = rounded(amount, 2)?;
    if amount.abs() >= Exact::from_integer(10_i128.pow(15)) {
        return Err(Unknown::TooLong);
    }
    let about = if all { "" } else { "about " };
    let minus = if cents < 0 { "-" } else { "" };
    let whole = written(cents.abs() / 100, 0);
    Ok(match cents.abs() % 100 {
        0 => format!("{about}{minus}{sign}{whole}"),
        rest => format!("{about}{minus}{sign}{whole}.{rest:02}"),
    })
}

/// A number's digits up to that many behind the point, and whether these are all.
fn rounded(number: &Exact, decimals: u32) -> Result<(i128, bool), Unknown> {
    let shift = Exact::from_integer(10_i128.pow(decimals));
    let shifted = number.checked_mul(&shift).ok_or(Unknown::TooLong)?;
    Ok((shifted.round().to_integer(), shifted.is_integer()))
}

/// `-1,234.5` for -123450 with two decimals.
fn written(digits: i128, decimals: u32) -> String {
    let unit = 10_u128.pow(decimals);
    let (whole, rest) = (digits.unsigned_abs() / unit, digits.unsigned_abs() % unit);
    let mut text = String::new();
    for (place, digit) in whole.to_string().chars().rev().enumerate() {
        if place > 0 && place % 3 == 0 {
            text.insert(0, ',');
        }
        text.insert(0, digit);
    }
    if digits < 0 {
        text.insert(0, '-');
    }
    if rest > 0 {
        let rest = format!("{rest:0width$}", width = decimals as usize);
        text.push('.');
        text.push_str(rest.trim_end_matches('0'));
    }
    text
}
