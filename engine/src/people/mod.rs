//! Who lives here and what they may do: whom a place speaks for, whose PIN it is, and what the household's
//! rules make of a wish. What is kept of it is in [`Household`]; the rules are [`loqa_core::policy`]'s.

mod edit;
mod proof;
mod shown;

#[cfg(test)]
mod tests;

pub use edit::{Change, change, forgets};
pub use proof::Proofs;
pub use shown::{Seen, document};

use crate::store::{Household, Person, Place, SpeaksFor};
use loqa_core::policy::{Asked, Decision, Policy, Risk, Role, Ruling};

/// Whoever sits at the hub's own machine: the window and the command line.
pub const MACHINE: &str = "machine";
/// The microphone of the hub's machine.
pub const MICROPHONE: &str = "microphone";
/// Programs, with the hub's token or for the length of one request.
pub const PROGRAMS: &str = "programs";
/// Before the id of a browser that has signed in.
pub const SCREEN: &str = "screen:";
/// Before the id of a node: a microphone and speaker elsewhere in the house.
pub const NODE: &str = "node:";
/// Before the id of an area.
pub const ROOM: &str = "room:";

/// Where a wish came from, and when.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// The microphone or screen; empty if it is not known.
    pub place: &'a str,
    /// Area id.
    pub room: Option<&'a str>,
    /// Minutes since midnight, on the household's clock.
    pub minute: u16,
    /// Unix ms.
    pub now_ms: i64,
}

/// What the rules make of a plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ruled {
    /// The strictest of them; never [`Ruling::Show`].
    pub ruling: Ruling,
    /// Why, for whoever asked.
    pub why: &'static str,
    /// What is said of it is for the screen.
    pub hushed: bool,
}

/// What the household's rules make of a plan whose steps are of these risks. `proven` has given their PIN.
pub fn rule(
    household: &Household,
    risks: &[Risk],
    from: Asking<'_>,
    proven: Option<&Person>,
) -> Ruled {
    let mut ruled = Ruled {
        ruling: Ruling::Allow,
        why: "",
        hushed: false,
    };
    let policy = policy(household);
    for risk in risks {
        let decision = decide(household, &policy, *risk, from, proven);
        if decision.ruling == Ruling::Show {
            ruled.hushed = true;
        } else if decision.ruling > ruled.ruling {
            ruled.ruling = decision.ruling;
            ruled.why = decision.why;
        }
    }
    ruled
}

/// Risks of which nothing is done for whoever speaks there, whatever they say.
pub fn barred(household: &Household, from: Asking<'_>) -> Vec<Risk> {
    let policy = policy(household);
    let refused =
        |risk: &Risk| decide(household, &policy, *risk, from, None).ruling == Ruling::Refuse;
    Risk::ALL.into_iter().filter(refused).collect()
}

/// Of whoever speaks there.
pub fn role(household: &Household, from: Asking<'_>) -> Role {
    match speaks_for(household, from) {
        SpeaksFor::Role(role) => role,
        SpeaksFor::Person(id) => {
            person(household, id, from.now_ms).map_or(Role::Household, |person| person.role)
        }
    }
}

/// The person a place speaks for, if it speaks for one.
pub fn speaker<'h>(household: &'h Household, from: Asking<'_>) -> Option<&'h Person> {
    match speaks_for(household, from) {
        SpeaksFor::Role(_) => None,
        SpeaksFor::Person(id) => person(household, id, from.now_ms),
    }
}

/// As chosen for the place itself, else for its room.
fn speaks_for(household: &Household, from: Asking<'_>) -> SpeaksFor {
    let chosen = household.places.get(from.place);
    let room = || household.places.get(&format!("{ROOM}{}", from.room?));
    chosen
        .or_else(room)
        .map_or(SpeaksFor::Role(Role::Household), |place| place.speaks_for)
}

fn decide(
    household: &Household,
    policy: &Policy,
    risk: Risk,
    from: Asking<'_>,
    proven: Option<&Person>,
) -> Decision {
    policy.decide(&Asked {
        role: proven.map_or_else(|| role(household, from), |person| person.role),
        risk,
        room: from.room,
        shared: is_shared(household, from),
        minute: from.minute,
        proven: proven.is_some(),
        pins: household.people.values().any(|it| opens(it, from.now_ms)),
    })
}

fn policy(household: &Household) -> Policy {
    Policy {
        settled: !household.people.is_empty(),
        own: household.rules.values().cloned().collect(),
    }
}

/// Whether only an owner, who gives their PIN, may change all this.
pub fn is_locked(household: &Household, now_ms: i64) -> bool {
    let mut people = household.people.values();
    people.any(|person| edit::is_key(person, now_ms))
}

/// The person of this id, if they count now.
fn person(household: &Household, id: u64, now_ms: i64) -> Option<&Person> {
    let person = household.people.get(&id);
    person.filter(|person| person.counts(now_ms))
}

/// Whether their PIN may have something risky done.
fn opens(person: &Person, now_ms: i64) -> bool {
    person.pin.is_some() && person.counts(now_ms) && person.role != Role::Child
}

/// Whether others are to be expected there: not in a room of one person, nor at a screen of one person whose
/// room is not known.
fn is_shared(household: &Household, from: Asking<'_>) -> bool {
    let of_one = |place: &Place| match place.speaks_for {
        SpeaksFor::Person(id) => person(household, id, from.now_ms).is_some(),
        SpeaksFor::Role(_) => false,
    };
    let room = from
        .room
        .and_then(|room| household.places.get(&format!("{ROOM}{room}")));
    let screen = || {
        let chosen = household.places.get(from.place);
        chosen.filter(|_| from.place.starts_with(SCREEN))
    };
    !room.or_else(screen).is_some_and(of_one)
}
