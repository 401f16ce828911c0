//! What leaves the house and who permits it, and what is kept in it: as a dashboard is shown it, and as it
//! is changed.

use super::{
    Shared,
    service::problem,
    watched::{self, Changes},
};
use crate::{
    egress::{By, Consent, Entry, Given, LATEST, Place, Purpose},
    gateway::Answers,
    library::Source,
    models::Check,
    store::{Audit, Household, Person},
};
use loqa_protocol::{PrivacyScope, Problem};
use serde::Serialize;
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio_util::sync::DropGuard;

/// How often is looked, while somebody looks, whether something has gone out.
const LOOK: Duration = Duration::from_secs(1);

/// A place that the household permits.
#[derive(Serialize)]
struct Allowed {
    purpose: Purpose,
    /// The skill that may ask there; empty where the purpose says it all.
    who: String,
    /// Host and port; empty: wherever the publishers of models have them.
    host: String,
    consent: Told,
}

/// A consent, and when it was given, where that was written down.
#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    given: Given,
    /// Unix ms.
    at_ms: Option<i64>,
}

/// When skills were given their permissions.
type Grants = BTreeMap<(String, String), i64>;

impl Shared {
    /// Has nothing go out any more, or again what is permitted, for now and for later. Blocks: it writes
    /// a file.
    ///
    /// # Errors
    /// It cannot be written: sealed it is until the hub ends, and opened it is not.
    pub(super) fn seal(&self, sealed: bool) -> Result<(), Problem> {
        if self.is_reading() {
            let message = "this engine only reads: it seals no house";
            return Err(problem("sealed", message, "ask a hub, or `loqa privacy`"));
        }
        if sealed {
            self.border.seal(true);
        }
        let kept = self.config.remember_switch("privacy", "sealed", sealed);
        if !sealed {
            kept?;
            self.border.seal(false);
            tracing::info!("the house is open again");
            return Ok(());
        }
        tracing::info!("the house is sealed");
        kept.map_err(|error| Problem {
            help: "it is sealed until the hub ends: set `sealed = true` under [privacy] yourself"
                .into(),
            ..Problem::from(error)
        })
    }

    /// Whether the house is sealed, where it may connect to and what went there, and how long words live.
    /// Blocks: it reads what was granted.
    pub(super) fn privacy(&self) -> Value {
        let household = self.store.snapshot();
        json!({
            "sealed": self.border.is_sealed(),
            "since_ms": self.border.since_ms(),
            "allowed": self.allowed(&self.grants()),
            "places": self.border.places(),
            // An engine that only reads has not opened what the household has chosen.
            "keeping": (!self.is_reading()).then(|| keeping(&household, self.config.conversation.privacy)),
            "consents": consents(&household),
        })
    }

    /// Takes in what a command has opened itself.
    pub(super) fn went_out(&self, connections: &str) -> Result<(), Problem> {
        let entries: Vec<Entry> = serde_json::from_str(connections).map_err(|error| {
            let message = format!("these are no connections: {error}");
            problem(
                "bad_connections",
                message,
                "use the `loqa` of this hub's version",
            )
        })?;
        self.border.take(entries.into_iter().take(LATEST));
        Ok(())
    }

    /// The latest connections. Blocks likewise.
    pub(super) fn egress(&self, most: u32) -> Value {
        let latest = self
            .border
            .latest(usize::try_from(most).unwrap_or(usize::MAX));
        if latest.is_empty() {
            return json!([]);
        }
        let grants = self.grants();
        let entry = |entry: Entry| {
            let mut document = json!(entry);
            let consent = entry.consent.map(|given| told(given, &entry.who, &grants));
            document["consent"] = json!(consent);
            document
        };
        latest.into_iter().map(entry).collect()
    }

    /// Where the household permits connections, sealed or not.
    fn allowed(&self, grants: &Grants) -> Vec<Allowed> {
        let mut allowed = Vec::new();
        if let Some(address) = self.config.home_assistant.address() {
            let given = Consent::Setting("home_assistant.url").given();
            allowed.push(Allowed {
                purpose: Purpose::HomeAssistant,
                who: String::new(),
                host: address.place(),
                consent: told(given, "", grants),
            });
        }
        let registry = self.host.registry();
        for manifest in registry.manifests() {
            for permission in &manifest.permissions {
                let Some(host) = permission.strip_prefix("http:") else {
                    continue;
                };
                let given = Consent::Permission(permission).given();
                allowed.push(Allowed {
                    purpose: Purpose::Skill,
                    who: manifest.name.clone(),
                    host: place(host),
                    consent: told(given, &manifest.name, grants),
                });
            }
        }
        let (host, given) = match Source::written(&self.config.models.from) {
            Ok(Source::Address(address, _)) => {
                (address.place(), Consent::Setting("models.from").given())
            }
            // From a folder: nothing goes out.
            Ok(Source::Path(_)) | Err(_) => return allowed,
            Ok(Source::Publisher) => (String::new(), Consent::Order("").given()),
        };
        allowed.push(Allowed {
            purpose: Purpose::Model,
            who: String::new(),
            host,
            consent: told(given, "", grants),
        });
        allowed
    }

    fn grants(&self) -> Grants {
        // That of the settings, also where this engine only reads.
        let granted = Audit::in_folder(&self.config.hub.data).hosts_granted();
        granted.unwrap_or_else(|error| {
            tracing::warn!(%error, "when skills were given permissions cannot be told");
            Grants::new()
        })
    }
}

/// How long words live, as the household has chosen; `otherwise` where nobody has.
fn keeping(household: &Household, otherwise: PrivacyScope) -> Value {
    let mut keeping = json!(household.keeping);
    keeping["otherwise"] = json!(otherwise);
    keeping
}

/// What people have agreed to, withdrawn or not, person by person.
fn consents(household: &Household) -> Value {
    let of = |person: &Person| -> Vec<Value> {
        let consents = person.consents.iter();
        let told = consents.map(|consent| {
            json!({
                "person": person.id,
                "name": person.name,
                "scope": consent.scope,
                "text": consent.text,
                "given_at_ms": consent.given_at_ms,
                "withdrawn_at_ms": consent.withdrawn_at_ms,
            })
        });
        told.collect()
    };
    household.people.values().flat_map(of).collect()
}

/// Where a permission's host is: what it leaves out goes without saying.
fn place(host: &str) -> String {
    let address = format!("https://{host}").parse();
    address.map_or_else(|_| host.to_owned(), |it: crate::egress::Address| it.place())
}

fn told(given: Given, who: &str, grants: &Grants) -> Told {
    let at_ms = match given.by {
        By::Permission => grants
            .get(&(who.to_owned(), given.name.to_string()))
            .copied(),
        _ => None,
    };
    Told { given, at_ms }
}

/// Shows it to a client until it is gone or the guard is dropped.
pub(super) fn show(hub: &Arc<Shared>, id: u32, answers: Answers) -> DropGuard {
    let changes = Changes::default()
        .of(hub.border.sealed())
        .of(hub.household.watch())
        .or_every(LOOK);
    let look = |hub: &Shared| Ok(Some(hub.privacy()));
    watched::show(hub, (id, answers), "privacy", look, changes)
}

/// What went out, for the doctor.
pub(super) fn examine(hub: &Shared) -> Check {
    let places = hub.border.places();
    let message = match (hub.border.is_sealed(), reached(&places)) {
        (true, _) => "the house is sealed: nothing goes out".to_owned(),
        (false, _) if hub.is_reading() => {
            "the house is open: it connects to places that its settings and skills name".to_owned()
        }
        (false, 0) => "the house is open: nothing has gone out since the hub started".to_owned(),
        (false, reached) => {
            format!("the house is open: connections to {reached} places since the hub started")
        }
    };
    Check {
        what: "privacy".into(),
        ok: true,
        needed: false,
        message,
        help: match hub.border.is_sealed() {
            true => "`loqa privacy unseal`, or the dashboard's page Privacy, opens it".into(),
            false => String::new(),
        },
    }
}

fn reached(places: &[Place]) -> usize {
    places.iter().filter(|place| place.opened > 0).count()
}
