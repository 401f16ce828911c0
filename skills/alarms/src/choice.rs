//! Which of several alarms is meant.

use crate::reply;
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use loqa_skill_sdk::{Alarm, AlarmState, Civil, Request, Value, same_item, when};

/// Alarms, reminders, or either.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Alarm,
    Reminder,
    Either,
}

impl Kind {
    /// Whether an alarm is of this kind.
    pub fn is(self, alarm: &Alarm) -> bool {
        match self {
            Kind::Alarm => alarm.text.is_none(),
            Kind::Reminder => alarm.text.is_some(),
            Kind::Either => true,
        }
    }
}

/// How an alarm was told from the others.
pub struct Wanted {
    pub kind: Kind,
    what: Option<String>,
    times: Option<[Option<(u8, u8)>; 2]>,
    /// Days of the week, a bit each; 0: none was named.
    days: u8,
    /// The day of one time of it.
    pub on: Option<Civil>,
    next: bool,
    all: bool,
}

/// What that comes to.
pub enum Choice {
    /// These, at least one.
    These(Vec<Alarm>),
    /// Several: ask this.
    Unclear(String),
    /// None: a sentence that says so.
    Nothing(String),
}

impl Wanted {
    /// Reads the slots.
    pub fn of(request: &Request, now: Civil) -> Wanted {
        let what = text(request);
        let kind = match request.slot("kind").and_then(Value::as_str) {
            _ if what.is_some() => Kind::Reminder,
            Some("reminder") => Kind::Reminder,
            Some("all") => Kind::Either,
            _ => Kind::Alarm,
        };
        let tonight = request.slot("half").map(|_| now);
        Wanted {
            kind,
            what,
            times: when::times(request),
            days: when::days(request),
            on: when::date(request, "date")
                .or_else(|| whose(request, now))
                .or(tonight),
            next: request.slot("next").is_some(),
            all: request.slot("all").is_some(),
        }
    }

    /// Whether any would do.
    pub fn is_any(&self) -> bool {
        self.what.is_none()
            && self.times.is_none()
            && self.days == 0
            && self.on.is_none()
            && !self.next
    }

    /// The alarms that answer to the description.
    pub fn matching(&self, alarms: Vec<Alarm>) -> Vec<Alarm> {
        let matches = |alarm: &Alarm| {
            // Of one that is snoozed either time is its own.
            let shown = Some((alarm.at.hour, alarm.at.minute));
            let set_for = alarm.every.map(|every| (every.hour, every.minute));
            let timely = |times: [Option<(u8, u8)>; 2]| {
                times.into_iter().flatten().any(|time| {
                    let time = Some(time);
                    time == shown || time == set_for
                })
            };
            let every = alarm
                .every
                .map_or(1 << (alarm.at.weekday.clamp(1, 7) - 1), |it| it.days);
            self.kind.is(alarm)
                && self
                    .what
                    .as_deref()
                    .is_none_or(|what| is_about(alarm, what))
                && self.times.is_none_or(timely)
                && (self.days == 0 || every & self.days != 0)
                && self
                    .on
                    .is_none_or(|day| day.day_number() == alarm.at.day_number())
        };
        alarms.into_iter().filter(matches).collect()
    }

    /// Chooses among `alarms`.
    pub fn choose(&self, alarms: Vec<Alarm>, now: Civil) -> Choice {
        let mut matching = self.matching(alarms);
        matching.sort_by_key(order);
        if self.next {
            matching.truncate(1);
        }
        let alike = |pair: &[Alarm]| {
            (&pair[0].text, pair[0].every) == (&pair[1].text, pair[1].every)
                && pair[0].at == pair[1].at
        };
        match matching.len() {
            0 => Choice::Nothing(self.none(now)),
            1 => Choice::These(matching),
            _ if self.all => Choice::These(matching),
            _ if matching.windows(2).all(alike) => {
                matching.truncate(1);
                Choice::These(matching)
            }
            _ => Choice::Unclear(reply::which(&matching, now)),
        }
    }

    /// "You have no such alarm.", as far as it was described.
    pub fn none(&self, now: Civil) -> String {
        let noun = reply::noun(self.kind);
        match (self.on, self.is_any() || self.next) {
            (_, true) => reply::none(self.kind),
            (Some(day), _) => format!("You have no {noun} {}.", when::day(day, now)),
            _ => format!("You have no such {noun}."),
        }
    }
}

/// The next first; what rings before all.
pub fn order(alarm: &Alarm) -> (bool, i64, u8, u8, u8) {
    let at = alarm.at;
    let quiet = alarm.state != AlarmState::Ringing;
    (quiet, at.day_number(), at.hour, at.minute, at.second)
}

/// What to remind of, as Loqa says it: "my medicine" is "your medicine".
pub fn text(request: &Request) -> Option<String> {
    let said = request.slot("what")?.as_str()?;
    let theirs = |word: &str| match word {
        "my" => "your".to_string(),
        "me" | "i" => "you".to_string(),
        "mine" => "yours".to_string(),
        "myself" => "yourself".to_string(),
        word => word.to_string(),
    };
    let words: Vec<String> = said.split_whitespace().map(theirs).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// "Tomorrow's", "monday's".
fn whose(request: &Request, now: Civil) -> Option<Civil> {
    match request.slot("whose")?.as_str()? {
        "today" => Some(now),
        "tomorrow" => Some(now.next_day()),
        name => {
            let weekday = when::weekday(name)?;
            let days = core::iter::successors(Some(now), |day| Some(day.next_day()));
            days.take(7).find(|day| day.weekday == weekday)
        }
    }
}

/// Whether a reminder is of this: of the same words, or of all of them among others.
fn is_about(alarm: &Alarm, what: &str) -> bool {
    alarm.text.as_deref().is_some_and(|text| {
        let has = |word: &str| text.split(' ').any(|known| same_item(known, word));
        same_item(text, what) || what.split(' ').all(has)
    })
}
