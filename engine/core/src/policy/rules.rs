//! A rule, and the rules that every household comes with.

use super::{Asked, Risk, Role, Ruling};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What is done about wishes of a kind. What is left open is about all.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Rule {
    /// Of these roles; of all, if there is none.
    #[serde(default)]
    pub roles: Cow<'static, [Role]>,
    /// Of this risk.
    #[serde(default)]
    pub risk: Option<Risk>,
    /// In these rooms.
    #[serde(default, rename = "where")]
    pub place: Where,
    /// At this time of day.
    #[serde(default)]
    pub hours: Option<Hours>,
    /// What is done.
    pub ruling: Ruling,
}

/// In which rooms.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Where {
    /// In all, and where the room is not known.
    #[default]
    Anywhere,
    /// In those of more than one person, and where the room is not known.
    Shared,
    /// In those of one person.
    Own,
    /// In this one: an area id.
    Room(String),
}

/// A part of every day, through midnight if it ends before it begins; all of it, if it ends as it begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hours {
    /// Minutes since midnight.
    pub from: u16,
    /// Likewise; the first that is no longer of it.
    pub to: u16,
}

impl Hours {
    /// `22:00` and `06:30`; `None` if either is no time of day.
    pub fn between(from: &str, to: &str) -> Option<Hours> {
        let minutes = |text: &str| {
            let (hour, minute) = text.split_once(':')?;
            let digits = |text: &str| text.len() <= 2 && text.bytes().all(|c| c.is_ascii_digit());
            if !digits(hour) || !digits(minute) {
                return None;
            }
            let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
            (hour < 24 && minute < 60).then_some(hour * 60 + minute)
        };
        Some(Hours {
            from: minutes(from)?,
            to: minutes(to)?,
        })
    }

    /// Whether a minute of the day is in it.
    pub fn contain(self, minute: u16) -> bool {
        match self.from < self.to {
            true => (self.from..self.to).contains(&minute),
            false => minute >= self.from || minute < self.to,
        }
    }
}

impl Rule {
    /// Whether it is about this wish.
    pub fn is_about(&self, asked: &Asked<'_>) -> bool {
        let room = match &self.place {
            Where::Anywhere => true,
            Where::Shared => asked.shared,
            Where::Own => !asked.shared,
            Where::Room(id) => asked.room == Some(id.as_str()),
        };
        room && (self.roles.is_empty() || self.roles.contains(&asked.role))
            && self.risk.is_none_or(|risk| risk == asked.risk)
            && self.hours.is_none_or(|hours| hours.contain(asked.minute))
    }
}

const fn rule(roles: &'static [Role], risk: Risk, place: Where, ruling: Ruling) -> Rule {
    Rule {
        roles: Cow::Borrowed(roles),
        risk: Some(risk),
        place,
        hours: None,
        ruling,
    }
}

const RISKY: &str = "That needs somebody's word.";
const GROWN_UP: &str = "Only a grown-up of the house may have me do that.";
const NOT_FOR_ALL: &str = "That is private.";
/// Why, where a household has made the rule itself.
pub(super) const OWN: &str = "The rules of this house do not allow that here and now.";

/// Where nobody has been set up: what is risky is asked about, and nothing else is different.
pub(super) const UNSETTLED: &[(Rule, &str)] = &[(
    rule(&[], Risk::Risky, Where::Anywhere, Ruling::Confirm),
    RISKY,
)];

/// Where somebody has.
pub(super) const SETTLED: &[(Rule, &str)] = &[
    (
        rule(&[Role::Child], Risk::Risky, Where::Anywhere, Ruling::Refuse),
        GROWN_UP,
    ),
    (rule(&[], Risk::Risky, Where::Anywhere, Ruling::Pin), RISKY),
    (
        rule(&[], Risk::Risky, Where::Anywhere, Ruling::Confirm),
        RISKY,
    ),
    (
        rule(
            &[Role::Child, Role::Guest],
            Risk::Private,
            Where::Anywhere,
            Ruling::Refuse,
        ),
        NOT_FOR_ALL,
    ),
    (
        rule(
            &[Role::Household],
            Risk::Private,
            Where::Anywhere,
            Ruling::Pin,
        ),
        NOT_FOR_ALL,
    ),
    (
        rule(&[], Risk::Private, Where::Shared, Ruling::Show),
        NOT_FOR_ALL,
    ),
];
