//! Counting days.

use crate::Civil;

impl Civil {
    /// Reads a date, `YYYY-MM-DD`, at midnight.
    pub fn parse_date(text: &str) -> Option<Civil> {
        let mut parts = text.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        let date = Civil {
            year: year.parse().ok()?,
            month: month.parse().ok()?,
            day: day.parse().ok()?,
            weekday: 1,
            hour: 0,
            minute: 0,
            second: 0,
        };
        let known = (1..=12).contains(&date.month)
            && (1..=days_in(date.year, date.month)).contains(&date.day);
        (known && parts.next().is_none()).then(|| Civil {
            // Day 0 was a Wednesday.
            weekday: (date.day_number() + 2).rem_euclid(7) as u8 + 1,
            ..date
        })
    }

    /// Days since 1 March of the year 0, so that differences are days.
    pub fn day_number(self) -> i64 {
        // Counting years from March puts the leap day at their end.
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let month = (i64::from(self.month) + 9) % 12;
        let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        365 * year + leap_days + (153 * month + 2) / 5 + i64::from(self.day) - 1
    }

    /// The same time of the next day.
    #[must_use]
    pub fn next_day(self) -> Civil {
        let (year, month, day) = match (self.month, self.day) {
            (month, day) if day < days_in(self.year, month) => (self.year, month, day + 1),
            (12, _) => (self.year.saturating_add(1), 1, 1),
            (month, _) => (self.year, month + 1, 1),
        };
        Civil {
            year,
            month,
            day,
            weekday: self.weekday % 7 + 1,
            ..self
        }
    }

    /// At this time of the same day.
    #[must_use]
    pub fn at(self, hour: u8, minute: u8) -> Civil {
        Civil {
            hour,
            minute,
            second: 0,
            ..self
        }
    }
}

fn days_in(year: i16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_follow_one_another() {
        let mut day = Civil::parse_date("1999-12-31").unwrap();
        assert_eq!(day.weekday, 5);
        for _ in 0..2000 {
            let next = day.next_day();
            assert_eq!(next.day_number(), day.day_number() + 1);
            let text = alloc::format!("{:04}-{:02}-{:02}", next.year, next.month, next.day);
            assert_eq!(Civil::parse_date(&text), Some(next));
            day = next;
        }
        assert_eq!(Civil::parse_date("2026-02-29"), None);
    }
}
