//! Days of the Gregorian calendar, and those that have names.

/// A day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Day {
    /// Four digits.
    pub year: i16,
    /// 1–12.
    pub month: u8,
    /// 1–31.
    pub day: u8,
}

/// Holidays that fall on the same date every year: name as in `skill.yaml`, month, day.
pub const HOLIDAYS: &[(&str, u8, u8)] = &[
    ("New Year's Day", 1, 1),
    ("Groundhog Day", 2, 2),
    ("Valentine's Day", 2, 14),
    ("Saint Patrick's Day", 3, 17),
    ("April Fools' Day", 4, 1),
    ("Earth Day", 4, 22),
    ("May Day", 5, 1),
    ("Juneteenth", 6, 19),
    ("Independence Day", 7, 4),
    ("Halloween", 10, 31),
    ("Veterans Day", 11, 11),
    ("Christmas Eve", 12, 24),
    ("Christmas", 12, 25),
    ("Boxing Day", 12, 26),
    ("New Year's Eve", 12, 31),
];

/// The next holiday of this name, today included.
pub fn holiday(name: &str, today: Day) -> Option<Day> {
    let (_, month, day) = HOLIDAYS.iter().find(|(known, ..)| *known == name)?;
    let this_year = Day {
        year: today.year,
        month: *month,
        day: *day,
    };
    Some(if this_year < today {
        Day {
            year: today.year.saturating_add(1),
            ..this_year
        }
    } else {
        this_year
    })
}

impl Day {
    /// Reads `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Option<Day> {
        let mut parts = text.split('-');
        let day = Day {
            year: parts.next()?.parse().ok()?,
            month: parts.next()?.parse().ok()?,
            day: parts.next()?.parse().ok()?,
        };
        (parts.next().is_none() && (1..=12).contains(&day.month) && (1..=31).contains(&day.day))
            .then_some(day)
    }

    /// Days since 1 March of the year 0, so that differences are days.
    pub fn number(self) -> i64 {
        // Counting years from March puts the leap day at their end.
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let month = (i64::from(self.month) + 9) % 12;
        let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        365 * year + leap_days + (153 * month + 2) / 5 + i64::from(self.day) - 1
    }

    /// 1 = Monday … 7 = Sunday.
    pub fn weekday(self) -> u8 {
        // Day 0 was a Wednesday.
        (self.number() + 2).rem_euclid(7) as u8 + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_follow_one_another() {
        let day = |text| Day::parse(text).unwrap();
        assert_eq!(day("2026-11-20").weekday(), 5);
        assert_eq!(day("2024-02-29").weekday(), 4);
        assert_eq!(day("1900-01-01").weekday(), 1);
        assert_eq!(day("2024-03-01").number() - day("2024-02-28").number(), 2);
        assert_eq!(day("2100-03-01").number() - day("2100-02-28").number(), 1);
        assert_eq!(day("2027-01-01").number() - day("2026-12-31").number(), 1);
        assert_eq!(
            [
                Day::parse("2026-13-01"),
                Day::parse("today"),
                Day::parse("2026-01-01-01")
            ],
            [None; 3]
        );
    }
}
