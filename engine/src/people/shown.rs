//! Who lives here and what they may do, as a document for pages, programs and the command line.

use super::{MACHINE, MICROPHONE, PROGRAMS, ROOM, SCREEN, is_locked, policy};
use crate::store::{Household, SpeaksFor};
use loqa_core::{
    home::Home,
    policy::{Rule, Where},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What is not kept.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Screens that have been here since the hub started.
    pub screens: BTreeSet<String>,
    /// The one that asks.
    pub asks: String,
    /// The room the hub stands in.
    pub room: Option<String>,
}

/// All of it. Of a PIN only whether there is one.
pub fn document(household: &Household, home: &Home, seen: &Seen, now_ms: i64) -> Value {
    let people = household.people.values();
    let people: Vec<_> = people
        .map(|it| {
            json!({
                "id": it.id,
                "name": it.name,
                "role": it.role,
                "expires_ms": it.expires_ms,
                "expired": !it.counts(now_ms),
                "pin": it.pin.is_some(),
                "keeps": it.keeps,
            })
        })
        .collect();
    let rooms = home.areas.iter().map(|it| format!("{ROOM}{}", it.id));
    let screens = seen.screens.iter().cloned();
    let asks = [seen.asks.clone()]
        .into_iter()
        .filter(|it| it.starts_with(SCREEN));
    let mut places: Vec<String> = [MICROPHONE, MACHINE, PROGRAMS].map(String::from).into();
    places.extend(rooms);
    let listed: BTreeSet<String> = screens
        .chain(asks)
        .chain(household.places.keys().cloned())
        .filter(|it| !places.contains(it))
        .collect();
    places.extend(listed);
    let places: Vec<_> = places
        .into_iter()
        .map(|place| {
            let chosen = household.places.get(&place);
            let kind = match place.split_once(':') {
                Some((kind, _)) => kind,
                None => &place,
            };
            let area = place.strip_prefix(ROOM);
            let area = area.and_then(|id| home.areas.iter().find(|area| area.id == id));
            let name = chosen
                .map(|it| it.name.as_str())
                .filter(|it| !it.is_empty());
            let speaks_for = chosen.map(|it| match it.speaks_for {
                SpeaksFor::Role(role) => role.name().to_owned(),
                SpeaksFor::Person(id) => id.to_string(),
            });
            json!({
                "kind": kind,
                "name": name.or(area.map(|area| area.name.as_str())).unwrap_or_default(),
                "speaks_for": speaks_for,
                "asks": place == seen.asks,
                "place": place,
            })
        })
        .collect();
    let own = household.rules.iter().rev();
    let own: Vec<_> = own.map(|(id, rule)| shown(Some(*id), rule)).collect();
    let policy = policy(household);
    let given: Vec<_> = policy.given().map(|rule| shown(None, rule)).collect();
    let locked = is_locked(household, now_ms);
    json!({
        "people": people,
        "places": places,
        "rules": own,
        "given": given,
        "locked": locked,
        "room": seen.room,
    })
}

fn shown(id: Option<u64>, rule: &Rule) -> Value {
    let (place, room) = match &rule.place {
        Where::Anywhere => ("anywhere", None),
        Where::Shared => ("shared", None),
        Where::Own => ("own", None),
        Where::Room(id) => ("room", Some(id)),
    };
    let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    json!({
        "id": id,
        "roles": rule.roles,
        "risk": rule.risk,
        "where": place,
        "room": room,
        "from": rule.hours.map(|it| time(it.from)),
        "to": rule.hours.map(|it| time(it.to)),
        "ruling": rule.ruling,
    })
}
