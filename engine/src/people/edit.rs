//! Changes of who lives here and what they may do, as the hub takes them or says why not.

use super::{MACHINE, MICROPHONE, PROGRAMS, ROOM, SCREEN};
use crate::{
    api::password,
    store::{Deed, Household, Person, Place, SpeaksFor},
};
use loqa_core::{
    home::Home,
    policy::{Hours, Pin, Risk, Role, Rule, Ruling, Where},
};
use loqa_protocol::{PeopleEdit, PrivacyScope, Problem};

/// Characters of a name.
const LONGEST_NAME: usize = 100;
/// People, places and rules of each there can be.
const MOST: usize = 100;
/// Characters of what somebody has read and agrees to.
const LONGEST_TEXT: usize = 4000;
/// Why a PIN is none.
const PIN: &str = "a PIN has 4 to 12 digits";

/// What was changed, as it is written down: no names, and no PINs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// What.
    pub deed: Deed,
    /// Of whom or what: an id.
    pub id: String,
    /// To what, where it may be told.
    pub to: Option<String>,
}

/// Makes one change of a household whose rooms are those of `home`.
///
/// # Errors
/// What cannot be so, and what could; nothing has changed then.
pub fn change(
    household: &mut Household,
    home: &Home,
    edit: &PeopleEdit,
    now_ms: i64,
) -> Result<Change, Problem> {
    let told = |deed, id: &dyn ToString, to: Option<&str>| Change {
        deed,
        id: id.to_string(),
        to: to.map(str::to_owned),
    };
    match edit {
        PeopleEdit::Person {
            id,
            name,
            role,
            expires_ms,
        } => {
            let (id, role) = person(household, (*id, name, role, *expires_ms), now_ms)?;
            Ok(told(Deed::Person, &id, Some(role.name())))
        }
        PeopleEdit::Remove(id) => {
            find(household, *id)?;
            keeps_an_owner(household, *id, now_ms)?;
            household.people.remove(id);
            let theirs = SpeaksFor::Person(*id);
            household.places.retain(|_, it| it.speaks_for != theirs);
            Ok(told(Deed::PersonGone, id, None))
        }
        PeopleEdit::NewPin { person, pin } => {
            let hash = match pin.is_empty() {
                true => None,
                false => Some(hashed(pin)?),
            };
            if hash.is_none() {
                find(household, *person)?;
                keeps_an_owner(household, *person, now_ms)?;
            }
            let is = if hash.is_some() { "set" } else { "none" };
            find(household, *person)?.pin = hash;
            Ok(told(Deed::PersonPin, person, Some(is)))
        }
        PeopleEdit::Place {
            place,
            name,
            speaks_for,
        } => {
            set_place(household, home, place, name, speaks_for)?;
            Ok(told(Deed::Place, place, Some(speaks_for)))
        }
        PeopleEdit::Rule {
            roles,
            risk,
            r#where,
            from,
            to,
            ruling,
        } => {
            if household.rules.len() == MOST {
                return Err(too_many("rules"));
            }
            let rule = Rule {
                roles: roles
                    .iter()
                    .map(|it| role_of(it))
                    .collect::<Result<_, _>>()?,
                risk: match risk.as_str() {
                    "" => None,
                    risk => Some(Risk::named(risk).ok_or_else(|| {
                        let names = Risk::ALL.map(Risk::name).join(", ");
                        wrong("people_risk", format!("there is no risk `{risk}`"), &names)
                    })?),
                },
                place: place_of(home, r#where)?,
                hours: hours(from, to)?,
                ruling: Ruling::named(ruling).ok_or_else(|| {
                    let names = Ruling::ALL.map(Ruling::name).join(", ");
                    wrong(
                        "people_ruling",
                        format!("there is no ruling `{ruling}`"),
                        &names,
                    )
                })?,
            };
            let id = household.take_timer_id();
            household.rules.insert(id, rule);
            Ok(told(Deed::Rule, &id, Some(ruling)))
        }
        PeopleEdit::Keeps {
            person,
            scope,
            text,
        } => {
            agree(find(household, *person)?, *scope, text.trim(), now_ms)?;
            Ok(told(Deed::Consent, person, Some(scope.name())))
        }
        PeopleEdit::RemoveRule(id) => match household.rules.remove(id) {
            Some(_) => Ok(told(Deed::Rule, id, Some("gone"))),
            None => Err(wrong(
                "no_rule",
                format!("there is no rule {id}"),
                "look at the rules as they are now",
            )),
        },
    }
}

/// Whose words may not be kept any more as they were before this change, if anybody's.
pub fn forgets(household: &Household, edit: &PeopleEdit) -> Option<u64> {
    match edit {
        PeopleEdit::Remove(id) => Some(*id),
        PeopleEdit::Keeps { person, scope, .. } => {
            let before = household.people.get(person)?;
            (*scope < before.keeps.min(before.agreed())).then_some(*person)
        }
        _ => None,
    }
}

/// They agree to have their words kept so long, and no longer.
fn agree(person: &mut Person, scope: PrivacyScope, text: &str, now_ms: i64) -> Result<(), Problem> {
    for longer in [PrivacyScope::Persistent, PrivacyScope::Session] {
        if longer > scope {
            person.withdraw(longer, now_ms);
        }
    }
    if scope > PrivacyScope::Ephemeral {
        if text.is_empty() || text.chars().count() > LONGEST_TEXT {
            let message = format!("what somebody agrees to has 1 to {LONGEST_TEXT} characters");
            let help = "send the text that they have read";
            return Err(wrong("people_consent", message, help));
        }
        person.give_consent(scope, text, now_ms);
    }
    person.keeps = scope;
    Ok(())
}

/// What is kept of a PIN.
fn hashed(pin: &str) -> Result<String, Problem> {
    let pin = Pin::typed(pin).ok_or_else(|| wrong("people_pin", PIN.into(), "choose another"))?;
    password::hash(pin.digits()).map_err(|error| wrong("people_pin", error, "try again"))
}

fn person(
    household: &mut Household,
    (id, name, role, expires_ms): (u64, &str, &str, Option<i64>),
    now_ms: i64,
) -> Result<(u64, Role), Problem> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        let message = format!("a name has 1 to {LONGEST_NAME} characters");
        return Err(wrong("people_name", message, "say what people call them"));
    }
    let same = |it: &Person| it.id != id && it.name.to_lowercase() == name.to_lowercase();
    if household.people.values().any(same) {
        let message = format!("somebody here is called `{name}` already");
        return Err(wrong("people_name", message, "give them another name"));
    }
    let role = role_of(role)?;
    if role == Role::Household {
        let help = Role::ALL[1..].iter().map(|role| role.name());
        let help = help.collect::<Vec<_>>().join(", ");
        return Err(wrong(
            "people_role",
            "the household is nobody".into(),
            &help,
        ));
    }
    match (role, expires_ms) {
        (Role::Owner, Some(_)) => {
            let message = "an owner does not expire".into();
            return Err(wrong("people_expires", message, "leave the end out"));
        }
        (_, Some(expires_ms)) if expires_ms <= now_ms => {
            let message = "this end is over already".into();
            return Err(wrong("people_expires", message, "choose a later one"));
        }
        _ => {}
    }
    if id == 0 {
        if household.people.len() == MOST {
            return Err(too_many("people"));
        }
        let id = household.take_timer_id();
        let person = Person {
            id,
            name: name.into(),
            role,
            expires_ms,
            pin: None,
            keeps: PrivacyScope::Ephemeral,
            consents: Vec::new(),
        };
        household.people.insert(id, person);
        return Ok((id, role));
    }
    find(household, id)?;
    if role != Role::Owner {
        keeps_an_owner(household, id, now_ms)?;
    }
    let person = find(household, id)?;
    (person.name, person.role, person.expires_ms) = (name.into(), role, expires_ms);
    Ok((id, role))
}

fn find(household: &mut Household, id: u64) -> Result<&mut Person, Problem> {
    household.people.get_mut(&id).ok_or_else(|| {
        wrong(
            "no_person",
            format!("there is no person {id}"),
            "look at the people as they are now",
        )
    })
}

/// Where somebody may not change things without an owner's PIN, an owner with a PIN stays.
fn keeps_an_owner(household: &Household, without: u64, now_ms: i64) -> Result<(), Problem> {
    let mut people = household.people.values();
    let stays = people.any(|it| it.id != without && is_key(it, now_ms));
    let was = household.people.get(&without);
    if stays || household.people.len() == 1 || !was.is_some_and(|it| is_key(it, now_ms)) {
        return Ok(());
    }
    Err(wrong(
        "last_owner",
        "nobody else here is an owner with a PIN".into(),
        "give another owner a PIN first",
    ))
}

/// Whether their PIN lets people be changed.
pub(super) fn is_key(person: &Person, now_ms: i64) -> bool {
    person.role == Role::Owner && person.pin.is_some() && person.counts(now_ms)
}

fn set_place(
    household: &mut Household,
    home: &Home,
    place: &str,
    name: &str,
    speaks_for: &str,
) -> Result<(), Problem> {
    let known = match place.strip_prefix(ROOM) {
        Some(room) => home.areas.iter().any(|area| area.id == room),
        None => {
            let id = place.strip_prefix(SCREEN);
            let is_id = |id: &str| {
                !id.is_empty() && id.len() <= 64 && id.bytes().all(|c| c.is_ascii_hexdigit())
            };
            [MACHINE, MICROPHONE, PROGRAMS].contains(&place) || id.is_some_and(is_id)
        }
    };
    // What is gone may still be forgotten.
    let taken_back = speaks_for.is_empty() && household.places.contains_key(place);
    if !known && !taken_back {
        let help = "`microphone`, `machine`, `programs`, `room:` and the id of a room, or a screen that has been here";
        return Err(wrong(
            "people_place",
            format!("there is no `{place}`"),
            help,
        ));
    }
    if speaks_for.is_empty() {
        household.places.remove(place);
        return Ok(());
    }
    if name.chars().count() > LONGEST_NAME {
        let message = format!("a name has at most {LONGEST_NAME} characters");
        return Err(wrong("people_name", message, "make it shorter"));
    }
    let speaks_for = match speaks_for.parse() {
        Ok(id) => SpeaksFor::Person(find(household, id)?.id),
        Err(_) => SpeaksFor::Role(role_of(speaks_for)?),
    };
    if household.places.len() == MOST && !household.places.contains_key(place) {
        return Err(too_many("places"));
    }
    let name = name.trim().to_owned();
    let place = place.to_owned();
    household.places.insert(place, Place { name, speaks_for });
    Ok(())
}

fn role_of(name: &str) -> Result<Role, Problem> {
    Role::named(name).ok_or_else(|| {
        let names = Role::ALL.map(Role::name).join(", ");
        wrong("people_role", format!("there is no role `{name}`"), &names)
    })
}

fn place_of(home: &Home, name: &str) -> Result<Where, Problem> {
    Ok(match name {
        "" | "anywhere" => Where::Anywhere,
        "shared" => Where::Shared,
        "own" => Where::Own,
        room if home.areas.iter().any(|area| area.id == room) => Where::Room(room.into()),
        room => {
            let help = "`anywhere`, `shared`, `own`, or the id of a room";
            return Err(wrong(
                "people_where",
                format!("there is no room `{room}`"),
                help,
            ));
        }
    })
}

fn hours(from: &str, to: &str) -> Result<Option<Hours>, Problem> {
    if from.is_empty() && to.is_empty() {
        return Ok(None);
    }
    Hours::between(from, to).map(Some).ok_or_else(|| {
        let message = format!("from `{from}` to `{to}` is no part of a day");
        wrong("people_hours", message, "write both as 22:00")
    })
}

fn too_many(what: &str) -> Problem {
    let message = format!("a household has at most {MOST} {what}");
    wrong("people_too_many", message, "remove one first")
}

fn wrong(code: &str, message: String, help: &str) -> Problem {
    Problem {
        code: code.into(),
        message,
        help: help.into(),
    }
}
