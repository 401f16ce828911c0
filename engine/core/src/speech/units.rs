//! Units after numbers.

/// How a unit is written, what is said of one and of several, and whether a space may stand
/// before it: "5 in the box" is no length.
struct Unit {
    written: &'static str,
    one: &'static str,
    many: &'static str,
    spaced: bool,
}

const fn unit(written: &'static str, one: &'static str, many: &'static str) -> Unit {
    Unit {
        written,
        one,
        many,
        spaced: true,
    }
}

const fn attached(written: &'static str, one: &'static str, many: &'static str) -> Unit {
    Unit {
        written,
        one,
        many,
        spaced: false,
    }
}

const UNITS: &[Unit] = &[
    unit("%", "percent", "percent"),
    unit("‰", "per mille", "per mille"),
    unit("°C", "degree Celsius", "degrees Celsius"),
    unit("°F", "degree Fahrenheit", "degrees Fahrenheit"),
    unit("° C", "degree Celsius", "degrees Celsius"),
    unit("° F", "degree Fahrenheit", "degrees Fahrenheit"),
    unit("℃", "degree Celsius", "degrees Celsius"),
    unit("℉", "degree Fahrenheit", "degrees Fahrenheit"),
    unit("°", "degree", "degrees"),
    attached("C", "degree Celsius", "degrees Celsius"),
    attached("F", "degree Fahrenheit", "degrees Fahrenheit"),
    unit("€", "euro", "euros"),
    unit("£", "pound", "pounds"),
    unit("$", "dollar", "dollars"),
    unit("mph", "mile per hour", "miles per hour"),
    unit("kph", "kilometer per hour", "kilometers per hour"),
    unit("kmh", "kilometer per hour", "kilometers per hour"),
    unit("km", "kilometer", "kilometers"),
    unit("m", "meter", "meters"),
    unit("cm", "centimeter", "centimeters"),
    unit("mm", "millimeter", "millimeters"),
    unit("mi", "mile", "miles"),
    unit("ft", "foot", "feet"),
    unit("yd", "yard", "yards"),
    attached("in", "inch", "inches"),
    unit("kg", "kilogram", "kilograms"),
    unit("g", "gram", "grams"),
    unit("mg", "milligram", "milligrams"),
    unit("µg", "microgram", "micrograms"),
    unit("μg", "microgram", "micrograms"),
    unit("lb", "pound", "pounds"),
    unit("lbs", "pound", "pounds"),
    unit("oz", "ounce", "ounces"),
    unit("l", "liter", "liters"),
    unit("L", "liter", "liters"),
    unit("ml", "milliliter", "milliliters"),
    unit("mL", "milliliter", "milliliters"),
    unit("kB", "kilobyte", "kilobytes"),
    unit("KB", "kilobyte", "kilobytes"),
    unit("MB", "megabyte", "megabytes"),
    unit("GB", "gigabyte", "gigabytes"),
    unit("TB", "terabyte", "terabytes"),
    unit("KiB", "kibibyte", "kibibytes"),
    unit("MiB", "mebibyte", "mebibytes"),
    unit("GiB", "gibibyte", "gibibytes"),
    unit("kW", "kilowatt", "kilowatts"),
    unit("W", "watt", "watts"),
    unit("kWh", "kilowatt hour", "kilowatt hours"),
    unit("Wh", "watt hour", "watt hours"),
    unit("V", "volt", "volts"),
    unit("mA", "milliampere", "milliamperes"),
    attached("A", "ampere", "amperes"),
    unit("Hz", "hertz", "hertz"),
    unit("kHz", "kilohertz", "kilohertz"),
    unit("MHz", "megahertz", "megahertz"),
    unit("GHz", "gigahertz", "gigahertz"),
    unit("ms", "millisecond", "milliseconds"),
    unit("s", "second", "seconds"),
    unit("sec", "second", "seconds"),
    unit("min", "minute", "minutes"),
    unit("mins", "minute", "minutes"),
    unit("h", "hour", "hours"),
    unit("hr", "hour", "hours"),
    unit("hrs", "hour", "hours"),
    unit("dB", "decibel", "decibels"),
    unit("Pa", "pascal", "pascals"),
    unit("hPa", "hectopascal", "hectopascals"),
    unit("mbar", "millibar", "millibars"),
    unit("ppm", "part per million", "parts per million"),
    unit("lm", "lumen", "lumens"),
    unit("lx", "lux", "lux"),
    unit("kcal", "kilocalorie", "kilocalories"),
    attached("k", "thousand", "thousand"),
    attached("M", "million", "million"),
];

/// The unit written from `at` on, behind at most one space; what is said, and where it ends.
/// Powers and quotients are read too: `m²`, `km/h`, `µg/m³`.
pub(super) fn after_number(text: &[char], at: usize, singular: bool) -> Option<(String, usize)> {
    let space = matches!(text.get(at), Some(' ' | '\u{a0}' | '\u{202f}' | '\u{2009}'));
    let (unit, power, mut end) = find(text, at + usize::from(space), space)?;
    let mut said = format!("{power}{}", if singular { unit.one } else { unit.many });
    if text.get(end) == Some(&'/')
        && let Some((per, power, after)) = find(text, end + 1, false)
    {
        said.push_str(" per ");
        said.push_str(power);
        said.push_str(per.one);
        end = after;
    }
    Some((said, end))
}

/// The longest unit at `at` that no letter or digit follows, with its power.
fn find(text: &[char], at: usize, spaced: bool) -> Option<(&'static Unit, &'static str, usize)> {
    UNITS
        .iter()
        .filter(|unit| unit.spaced || !spaced)
        .filter_map(|unit| {
            let mut end = at;
            for c in unit.written.chars() {
                if text.get(end) != Some(&c) {
                    return None;
                }
                end += 1;
            }
            let power = match text.get(end) {
                Some('²') => "square ",
                Some('³') => "cubic ",
                _ => "",
            };
            end += usize::from(!power.is_empty());
            let letters = unit.written.ends_with(char::is_alphabetic);
            let bounded = !letters
                || !text
                    .get(end)
                    .is_some_and(|c| c.is_alphanumeric() || *c == '\'');
            bounded.then_some((unit, power, end))
        })
        .max_by_key(|(_, _, end)| *end)
}
