//! What leaves the house, for as long as somebody looks: what may, what did, and whether it is sealed.

use super::{
    Edited, Model,
    keeping::{Agreed, Keeping},
};
use loqa_protocol::{ClientFrame, Problem, ServerFrame};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Connections that are asked for: all that the hub remembers.
const CONNECTIONS: u32 = 512;
/// Of them, those that are shown of one place.
const SHOWN: usize = 50;

/// What is known of it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Privacy {
    /// Nothing until the hub has said so.
    pub shown: Option<Shown>,
    /// The latest connections, newest first.
    pub connections: Vec<Connection>,
    /// Why the hub cannot say it.
    pub trouble: Option<Problem>,
    /// What became of sealing, or of opening.
    pub outcome: Edited,
    asked: Option<u32>,
    /// The request for connections that is under way.
    asked_connections: Option<u32>,
    /// There may be more than what it is answered with.
    stale: bool,
}

/// What leaves the house.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Shown {
    /// Nothing does.
    pub sealed: bool,
    /// Since when it is counted, Unix ms.
    pub since_ms: i64,
    /// Where it may.
    pub allowed: Vec<Allowed>,
    /// Where somebody wanted to connect to.
    pub places: Vec<Sums>,
    /// How long words live.
    #[serde(default)]
    pub keeping: Option<Keeping>,
    /// What people have agreed to, withdrawn or not.
    #[serde(default)]
    pub consents: Vec<Agreed>,
}

/// A place that the household permits.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Allowed {
    /// `home_assistant`, `skill` or `model`.
    pub purpose: String,
    /// The skill that may ask there.
    pub who: String,
    /// Host and port; empty: wherever the publishers of models have them.
    pub host: String,
    /// What permits it.
    pub consent: Consent,
}

/// What permits connections.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
pub struct Consent {
    /// `setting`, `permission` or `order`.
    pub by: String,
    /// Of the setting, the permission or the thing.
    pub name: String,
    /// When it was given, Unix ms.
    pub at_ms: Option<i64>,
}

/// What went to one place.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sums {
    /// As of what is allowed.
    pub purpose: String,
    /// Host and port; empty for all that came after many others.
    pub host: String,
    /// The skills or models it was for.
    pub who: Vec<String>,
    /// Connections.
    pub opened: i64,
    /// Those that were not let out.
    pub refused: i64,
    /// Those that nobody answered.
    pub failed: i64,
    /// Bytes.
    pub sent: u64,
    /// Bytes.
    pub received: u64,
    /// When the last was wanted, Unix ms.
    pub last_ms: i64,
}

/// One connection.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Connection {
    /// When it was wanted, Unix ms.
    pub at_ms: i64,
    /// As of what is allowed.
    pub purpose: String,
    /// The skill or model it was for.
    pub who: String,
    /// Host and port.
    pub host: String,
    /// Over TLS?
    pub encrypted: bool,
    /// `open`, `closed`, `failed`, `refused` or `sealed`.
    pub outcome: String,
    /// Bytes.
    pub sent: u64,
    /// Bytes.
    pub received: u64,
}

/// A place, with what permits it and what went there.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Place {
    /// As of what is allowed.
    pub purpose: String,
    /// Host and port; empty: many.
    pub host: String,
    /// The skills or models it is for.
    pub who: Vec<String>,
    /// What permits it, each with the skill that it permits.
    pub consents: Vec<(String, Consent)>,
    /// What went there, if anything did or was to.
    pub sums: Option<Sums>,
}

impl Privacy {
    /// Takes the hub's answer, if the frame is one to this; whether there may be new connections.
    pub(super) fn hear(&mut self, frame: &ServerFrame) -> Option<bool> {
        match frame {
            ServerFrame::Json { id, json } if Some(*id) == self.asked => {
                self.shown = serde_json::from_str(json).ok();
                self.trouble = None;
                let places = self.shown.iter().flat_map(|it| &it.places);
                self.stale = places.count() > 0;
                Some(self.ask_again())
            }
            ServerFrame::Json { id, json } if Some(*id) == self.asked_connections => {
                self.connections = serde_json::from_str(json).unwrap_or_default();
                self.connections.reverse();
                Some(false)
            }
            ServerFrame::Done { id } if Some(*id) == self.asked_connections => {
                self.asked_connections = None;
                Some(self.ask_again())
            }
            ServerFrame::Problem { id, problem } if Some(*id) == self.asked => {
                self.trouble = Some(problem.clone());
                Some(false)
            }
            frame => self.outcome.hear(frame).then_some(false),
        }
    }

    /// Whether connections are to be asked for now: one request at a time.
    fn ask_again(&mut self) -> bool {
        self.asked_connections.is_none() && std::mem::take(&mut self.stale)
    }

    /// The connection is gone: nothing comes of what was asked.
    pub(super) fn close(&mut self) {
        self.outcome = Edited::Nothing;
        self.asked_connections = None;
    }

    /// Every place that connections may go to, or were to, by purpose.
    pub fn places(&self) -> Vec<Place> {
        let Some(shown) = &self.shown else {
            return Vec::new();
        };
        let mut places: BTreeMap<(&str, &str), Place> = BTreeMap::new();
        for allowed in &shown.allowed {
            let place = places
                .entry((&allowed.purpose, &allowed.host))
                .or_insert_with(|| Place::at(&allowed.purpose, &allowed.host));
            if !allowed.who.is_empty() {
                place.who.push(allowed.who.clone());
            }
            let consent = (allowed.who.clone(), allowed.consent.clone());
            place.consents.push(consent);
        }
        for sums in &shown.places {
            let place = places
                .entry((&sums.purpose, &sums.host))
                .or_insert_with(|| Place::at(&sums.purpose, &sums.host));
            for who in &sums.who {
                if !place.who.contains(who) {
                    place.who.push(who.clone());
                }
            }
            place.sums = Some(sums.clone());
        }
        places.into_values().collect()
    }

    /// The latest connections to a place, newest first.
    pub fn connections_to(&self, purpose: &str, host: &str) -> Vec<Connection> {
        let there = |it: &&Connection| it.purpose == purpose && it.host == host;
        let connections = self.connections.iter().filter(there);
        connections.take(SHOWN).cloned().collect()
    }
}

impl Place {
    fn at(purpose: &str, host: &str) -> Place {
        Place {
            purpose: purpose.into(),
            host: host.into(),
            ..Place::default()
        }
    }
}

impl Model {
    /// Wants to see what leaves the house, or no longer.
    pub fn watch_privacy(&mut self, on: bool) -> ClientFrame {
        let id = self.next_id();
        self.privacy.asked = Some(id);
        ClientFrame::Privacy { id, on }
    }

    /// Asks for the latest connections.
    pub(super) fn ask_connections(&mut self) -> ClientFrame {
        let id = self.next_id();
        self.privacy.asked_connections = Some(id);
        ClientFrame::Egress {
            id,
            most: CONNECTIONS,
        }
    }

    /// Seals the house, or opens it.
    pub fn seal(&mut self, sealed: bool) -> ClientFrame {
        let id = self.next_id();
        self.privacy.outcome = Edited::Waiting(id);
        ClientFrame::Seal { id, sealed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_place_is_shown_with_what_permits_it_and_what_went_there() {
        let mut model = Model::default();
        let ClientFrame::Privacy { id, on: true } = model.watch_privacy(true) else {
            panic!("it looks");
        };
        let consent = json!({ "by": "permission", "name": "http:weather.example", "at_ms": 7 });
        let may = |who: &str| json!({ "purpose": "skill", "who": who, "host": "weather.example:443", "consent": consent });
        let went = |host: &str| json!({ "purpose": "skill", "who": ["weather"], "host": host, "opened": 2, "sent": 10 });
        let shown = json!({
            "sealed": false,
            "since_ms": 1,
            "allowed": [may("weather"), may("rain")],
            "places": [went("weather.example:443"), went("other.example:443")],
        });
        let json = shown.to_string();
        let asked = model.apply(ServerFrame::Json { id, json }, 0.0).unwrap();
        assert!(matches!(asked, ClientFrame::Egress { .. }), "{asked:?}");
        let [other, weather] = &model.privacy.places()[..] else {
            panic!("two places");
        };
        assert_eq!(weather.who, ["weather", "rain"]);
        assert_eq!(weather.consents.len(), 2);
        assert_eq!(weather.sums.as_ref().map(|it| it.opened), Some(2));
        assert!(other.consents.is_empty(), "nothing permits it any more");

        // Asked once at a time.
        let json = shown.to_string();
        assert_eq!(model.apply(ServerFrame::Json { id, json }, 0.0), None);
        let connection = json!([{ "at_ms": 1, "purpose": "skill", "who": "weather", "host": "weather.example:443",
            "encrypted": true, "outcome": "closed", "sent": 1, "received": 2 }]);
        let id = asked.id();
        let json = connection.to_string();
        model.apply(ServerFrame::Json { id, json }, 0.0);
        let again = model.apply(ServerFrame::Done { id }, 0.0);
        assert!(again.is_some(), "there may be more by now");
        let to = |host| model.privacy.connections_to("skill", host).len();
        assert_eq!((to("weather.example:443"), to("other.example:443")), (1, 0));
    }

    #[test]
    fn a_house_that_cannot_be_sealed_says_why_where_it_was_wanted() {
        let mut model = Model::default();
        let id = model.seal(true).id();
        let problem = Problem {
            code: "settings".into(),
            message: "cannot write".into(),
            help: String::new(),
        };
        let refused = ServerFrame::Problem {
            id,
            problem: problem.clone(),
        };
        assert_eq!(model.apply(refused, 0.0), None);
        assert_eq!(model.privacy.outcome, Edited::Refused(problem));
        assert_eq!(model.trouble, None);
    }
}
