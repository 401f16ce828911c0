//! Units, and what one of them is in another.
//!
//! All sizes are exact. Those of the metric system are so by definition (BIPM, SI Brochure, 9th
//! edition). The yard is 0.9144 m and the pound 453.59237 g by the agreement of 1959, and others are
//! made of these as NIST SP 811, appendix B, tells. Cups and gallons are those of the United States,
//! whose gallon is 231 cubic inches. A year has 365 days, a kilobyte 1000 bytes (IEC 80000-13).

use crate::exact::Exact;
use Kind::{Area, Data, Length, Mass, Speed, Temperature, Time, Volume};
use num_traits::{CheckedAdd, CheckedDiv, CheckedMul, CheckedSub};

/// What is measured. The units of one kind can be turned into each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// In meters.
    Length,
    /// In grams.
    Mass,
    /// In liters.
    Volume,
    /// In kelvin.
    Temperature,
    /// In meters per second.
    Speed,
    /// In seconds.
    Time,
    /// In square meters.
    Area,
    /// In bits.
    Data,
}

/// A unit.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Unit {
    /// One of it, as in `skill.yaml`.
    pub one: &'static str,
    /// Several.
    pub several: &'static str,
    kind: Kind,
    /// How much it is of what its kind is measured in, as a fraction.
    size: (i128, i128),
    /// What is added to a number of it first, as a fraction: degrees do not begin at nothing.
    zero: (i128, i128),
}

/// In cubic inches.
const GALLON: i128 = 231;
/// In nanoliters.
const CUBIC_INCH: i128 = 16_387_064;
const LITER: i128 = 1_000_000_000;
/// In 10⁻⁸ square meters.
const SQUARE_INCH: i128 = 64_516;
const SQUARE_METER: i128 = 100_000_000;
/// In 10⁻⁵ grams.
const POUND: i128 = 45_359_237;
const GRAM: i128 = 100_000;

/// All of them.
pub const UNITS: &[Unit] = &[
    unit(Length, ["millimeter", "millimeters"], 1, 1000),
    unit(Length, ["centimeter", "centimeters"], 1, 100),
    unit(Length, ["meter", "meters"], 1, 1),
    unit(Length, ["kilometer", "kilometers"], 1000, 1),
    unit(Length, ["inch", "inches"], 9144, 10_000 * 36),
    unit(Length, ["foot", "feet"], 9144, 10_000 * 3),
    unit(Length, ["yard", "yards"], 9144, 10_000),
    unit(Length, ["mile", "miles"], 9144 * 1760, 10_000),
    unit(Length, ["nautical mile", "nautical miles"], 1852, 1),
    unit(Mass, ["milligram", "milligrams"], 1, 1000),
    unit(Mass, ["gram", "grams"], 1, 1),
    unit(Mass, ["kilogram", "kilograms"], 1000, 1),
    unit(Mass, ["metric ton", "metric tons"], 1_000_000, 1),
    unit(Mass, ["ounce", "ounces"], POUND, GRAM * 16),
    unit(Mass, ["pound", "pounds"], POUND, GRAM),
    unit(Mass, ["stone", "stone"], POUND * 14, GRAM),
    unit(Mass, ["U.S. ton", "U.S. tons"], POUND * 2000, GRAM),
    unit(Volume, ["milliliter", "milliliters"], 1, 1000),
    unit(Volume, ["liter", "liters"], 1, 1),
    kitchen(["teaspoon", "teaspoons"], 768),
    kitchen(["tablespoon", "tablespoons"], 256),
    kitchen(["U.S. fluid ounce", "U.S. fluid ounces"], 128),
    kitchen(["U.S. cup", "U.S. cups"], 16),
    kitchen(["U.S. pint", "U.S. pints"], 8),
    kitchen(["U.S. quart", "U.S. quarts"], 4),
    kitchen(["U.S. gallon", "U.S. gallons"], 1),
    degree(["degree Celsius", "degrees Celsius"], (1, 1), 27_315),
    degree(["degree Fahrenheit", "degrees Fahrenheit"], (5, 9), 45_967),
    degree(["kelvin", "kelvin"], (1, 1), 0),
    degree(["degree", "degrees"], (1, 1), 27_315),
    unit(Time, ["second", "seconds"], 1, 1),
    unit(Time, ["minute", "minutes"], 60, 1),
    unit(Time, ["hour", "hours"], 3600, 1),
    unit(Time, ["day", "days"], 86_400, 1),
    unit(Time, ["week", "weeks"], 86_400 * 7, 1),
    unit(Time, ["year", "years"], 86_400 * 365, 1),
    unit(
        Area,
        ["square inch", "square inches"],
        SQUARE_INCH,
        SQUARE_METER,
    ),
    unit(
        Area,
        ["square foot", "square feet"],
        SQUARE_INCH * 144,
        SQUARE_METER,
    ),
    unit(Area, ["square meter", "square meters"], 1, 1),
    unit(
        Area,
        ["square kilometer", "square kilometers"],
        1_000_000,
        1,
    ),
    unit(
        Area,
        ["square mile", "square miles"],
        SQUARE_INCH * 144 * 27_878_400,
        SQUARE_METER,
    ),
    unit(
        Area,
        ["acre", "acres"],
        SQUARE_INCH * 144 * 43_560,
        SQUARE_METER,
    ),
    unit(Area, ["hectare", "hectares"], 10_000, 1),
    unit(Data, ["bit", "bits"], 1, 1),
    unit(Data, ["byte", "bytes"], 8, 1),
    unit(Data, ["kilobyte", "kilobytes"], 8_000, 1),
    unit(Data, ["megabyte", "megabytes"], 8_000_000, 1),
    unit(Data, ["gigabyte", "gigabytes"], 8_000_000_000, 1),
    unit(Data, ["terabyte", "terabytes"], 8_000_000_000_000, 1),
    unit(
        Speed,
        ["mile per hour", "miles per hour"],
        9144 * 1760,
        10_000 * 3600,
    ),
    unit(
        Speed,
        ["kilometer per hour", "kilometers per hour"],
        1000,
        3600,
    ),
    unit(Speed, ["meter per second", "meters per second"], 1, 1),
    unit(Speed, ["knot", "knots"], 1852, 3600),
];

const fn unit(kind: Kind, [one, several]: [&'static str; 2], above: i128, below: i128) -> Unit {
    Unit {
        one,
        several,
        kind,
        size: (above, below),
        zero: (0, 1),
    }
}

/// So many to the gallon.
const fn kitchen(said: [&'static str; 2], to_the_gallon: i128) -> Unit {
    unit(Volume, said, GALLON * CUBIC_INCH, LITER * to_the_gallon)
}

/// A scale whose zero is so many hundredths above the absolute one.
const fn degree(said: [&'static str; 2], (above, below): (i128, i128), begins: i128) -> Unit {
    Unit {
        zero: (begins, 100),
        ..unit(Temperature, said, above, below)
    }
}

/// The unit of this name.
pub fn named(name: &str) -> Option<Unit> {
    UNITS.iter().copied().find(|unit| unit.one == name)
}

impl Unit {
    /// The one that is meant beside another: ounces of a volume are fluid ones, and degrees that are to
    /// be Celsius are Fahrenheit.
    pub fn beside(self, other: Unit) -> Unit {
        let meant = match (self.one, other.one) {
            ("ounce", _) if other.kind == Volume => "U.S. fluid ounce",
            ("degree", "degree Celsius") => "degree Fahrenheit",
            ("degree", _) => "degree Celsius",
            _ => return self,
        };
        named(meant).unwrap_or(self)
    }

    /// Whether a number of it can be turned into one of another.
    pub fn is_like(self, other: Unit) -> bool {
        self.kind == other.kind
    }

    /// Turns a number of this unit into one of a unit like it; `None` if that takes too many digits.
    pub fn turn(self, number: &Exact, into: Unit) -> Option<Exact> {
        let exact = |(above, below)| Exact::new(above, below);
        number
            .checked_add(&exact(self.zero))?
            .checked_mul(&exact(self.size))?
            .checked_div(&exact(into.size))?
            .checked_sub(&exact(into.zero))
    }

    /// What a number of it, as it is said, is called.
    pub fn of(self, number: &str) -> &'static str {
        match number {
            "1" | "about 1" => self.one,
            _ => self.several,
        }
    }
}
