//! Who may do what, where and when: rules as data, and one pure function that reads them.

mod pin;
mod rules;

#[cfg(test)]
mod tests;

pub use pin::Pin;
pub use rules::{Hours, Rule, Where};

use serde::{Deserialize, Serialize};

/// Whom a person, a microphone or a screen speaks for.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Whoever is in the house.
    #[default]
    Household,
    /// Somebody who is here for a while.
    Guest,
    /// A child of the house.
    Child,
    /// A grown-up of the house.
    Adult,
    /// A grown-up who decides who may do what.
    Owner,
}

impl Role {
    /// All of them, the one of fewest rights first.
    pub const ALL: [Role; 5] = [
        Role::Household,
        Role::Guest,
        Role::Child,
        Role::Adult,
        Role::Owner,
    ];

    /// As it is written in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Role::Household => "household",
            Role::Guest => "guest",
            Role::Child => "child",
            Role::Adult => "adult",
            Role::Owner => "owner",
        }
    }

    /// The role of this name.
    pub fn named(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// What could go wrong if somebody does it who should not.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Nothing that matters.
    #[default]
    Everyday,
    /// What it tells is not for everybody.
    Private,
    /// It opens the house, or cannot be made good.
    Risky,
}

impl Risk {
    /// All of them.
    pub const ALL: [Risk; 3] = [Risk::Everyday, Risk::Private, Risk::Risky];

    /// As a `skill.yaml` writes it.
    pub fn name(self) -> &'static str {
        match self {
            Risk::Everyday => "everyday",
            Risk::Private => "private",
            Risk::Risky => "risky",
        }
    }

    /// The risk of this name.
    pub fn named(name: &str) -> Option<Risk> {
        Risk::ALL.into_iter().find(|risk| risk.name() == name)
    }
}

/// What is done about a wish. Ordered: a later one lets less pass.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    /// It is done, and its reply is spoken.
    Allow,
    /// It is done; its reply is shown on a screen, and not spoken.
    Show,
    /// Loqa asks "shall I?" first.
    Confirm,
    /// Loqa asks for a PIN first. Whoever has given theirs is past this.
    Pin,
    /// It is not done.
    Refuse,
}

impl Ruling {
    /// All of them.
    pub const ALL: [Ruling; 5] = [
        Ruling::Allow,
        Ruling::Show,
        Ruling::Confirm,
        Ruling::Pin,
        Ruling::Refuse,
    ];

    /// As it is written in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Ruling::Allow => "allow",
            Ruling::Show => "show",
            Ruling::Confirm => "confirm",
            Ruling::Pin => "pin",
            Ruling::Refuse => "refuse",
        }
    }

    /// The ruling of this name.
    pub fn named(name: &str) -> Option<Ruling> {
        Ruling::ALL.into_iter().find(|ruling| ruling.name() == name)
    }
}

/// A wish, as far as it matters who has it, where and when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Asked<'a> {
    /// Of whoever has given their PIN, else whom the microphone or screen speaks for.
    pub role: Role,
    /// Of what is wished.
    pub risk: Risk,
    /// Area id, if it is known.
    pub room: Option<&'a str>,
    /// Whether others are to be expected there.
    pub shared: bool,
    /// Minutes since midnight, on the household's clock.
    pub minute: u16,
    /// Whether they have given their PIN.
    pub proven: bool,
    /// Whether anybody has a PIN that counts now.
    pub pins: bool,
}

/// What is done about a wish, and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Decision {
    /// What is done.
    pub ruling: Ruling,
    /// A sentence for whoever asked; empty where nothing stands in the way.
    pub why: &'static str,
}

/// The rules of a household: its own, the latest first, then those it comes with.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Policy {
    /// Whether anybody has been set up here. Until then only what is risky is asked about.
    pub settled: bool,
    /// The household's own, the oldest first.
    pub own: Vec<Rule>,
}

impl Policy {
    /// What is done about a wish: what the first rule says that is about it. A rule that asks for a PIN or a
    /// "yes" is passed by whoever has given their PIN, and one that asks for a PIN where nobody has one.
    pub fn decide(&self, asked: &Asked<'_>) -> Decision {
        let given = match self.settled {
            true => rules::SETTLED,
            false => rules::UNSETTLED,
        };
        let given = given.iter().map(|(rule, why)| (rule, *why));
        let own = self.own.iter().rev().map(|rule| (rule, rules::OWN));
        let passed = |ruling: Ruling| match ruling {
            Ruling::Pin => asked.proven || !asked.pins,
            Ruling::Confirm => asked.proven,
            Ruling::Allow | Ruling::Show | Ruling::Refuse => false,
        };
        own.chain(given)
            .find(|(rule, _)| rule.is_about(asked) && !passed(rule.ruling))
            .map_or(
                Decision {
                    ruling: Ruling::Allow,
                    why: "",
                },
                |(rule, why)| Decision {
                    ruling: rule.ruling,
                    why: if rule.ruling == Ruling::Allow {
                        ""
                    } else {
                        why
                    },
                },
            )
    }

    /// The rules that this household comes with, in the order in which they count, each with its reason.
    pub fn given(&self) -> impl Iterator<Item = &'static Rule> {
        let given = match self.settled {
            true => rules::SETTLED,
            false => rules::UNSETTLED,
        };
        given.iter().map(|(rule, _)| rule)
    }
}
