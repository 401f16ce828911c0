//! Follows Home Assistant: connects, reads its house, takes over states as they change and sends
//! calls, and begins again when the connection is lost.

use super::{
    HomeAssistant, Imported, Trouble,
    client::{Client, Incoming, States, check},
    entity::{Degrees, Entity},
    import::{Registries, import},
    kept,
    live::{Calls, Status, Ticket},
    token::{self, Place},
};
use crate::{
    config::Units,
    egress::{Address, Egress},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tokio::time::{Instant, sleep, sleep_until};

/// First wait after a connection was lost, and the longest; each is twice the one before, more or less
/// by chance, so that a household's machines do not all come at once.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How often it is asked whether it is still there, and how long it may be silent.
const PING: Duration = Duration::from_secs(20);
/// Its house is read again when nothing in it has changed for so long.
const SETTLED: Duration = Duration::from_millis(500);
/// Events after which its house is no longer as it was read.
const CHANGES: [&str; 5] = [
    "area_registry_updated",
    "floor_registry_updated",
    "device_registry_updated",
    "entity_registry_updated",
    "homeassistant_started",
];

/// Where Home Assistant is, and what the bridge needs to follow it.
pub struct Bridge {
    /// The way there.
    pub egress: Egress,
    /// Its address.
    pub address: Address,
    /// Where its token may be, and where its house is kept.
    pub data: PathBuf,
    /// The household's unit of temperature.
    pub units: Units,
    /// Calls of its services.
    pub calls: Calls,
}

/// Follows Home Assistant until it is dropped.
pub async fn run(mut bridge: Bridge, live: HomeAssistant) {
    let mut wait = FIRST_WAIT;
    let mut sealed = bridge.egress.border().sealed();
    loop {
        if *sealed.borrow_and_update() {
            live.lose(&Trouble::Sealed);
            // The bridge holds the other end.
            let _ = sealed.wait_for(|sealed| !sealed).await;
            wait = FIRST_WAIT;
        }
        let trouble = match bridge.follow(&live, &mut wait).await {
            Err(trouble) => trouble,
            Ok(never) => match never {},
        };
        if *sealed.borrow() {
            continue;
        }
        tracing::warn!(%trouble, "Home Assistant is away");
        live.lose(&trouble);
        // One that does not let us in counts how often we come, and shuts us out for good.
        if !trouble.passes() {
            std::future::pending::<()>().await;
        }
        let jitter = rand::random_range(0.75..1.25);
        tokio::select! {
            () = sleep(wait.mul_f64(jitter)) => {}
            _ = sealed.changed() => {}
        }
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// Nothing of the kind exists.
enum Never {}

impl Bridge {
    async fn follow(
        &mut self,
        live: &HomeAssistant,
        wait: &mut Duration,
    ) -> Result<Never, Trouble> {
        let (data, address) = (self.data.clone(), self.address.clone());
        let found = tokio::task::spawn_blocking(move || token::find(&data, &address));
        let (token, place) = found.await.ok().flatten().ok_or(Trouble::NoToken)?;
        let mut client = Client::connect(&self.egress, &self.address, &token).await?;
        for event in CHANGES {
            // One that it does not know never comes.
            let data = json!({ "event_type": event });
            let _: Result<Value, _> = client.ask("subscribe_events", data).await?;
        }
        let mut following = Following {
            client,
            live,
            sent: HashMap::new(),
            subscription: None,
            place,
        };
        self.read_house(&mut following).await?;
        *wait = FIRST_WAIT;
        tracing::info!(
            version = following.client.version,
            "Home Assistant is there"
        );
        let mut settled = None;
        let mut ping = Instant::now() + PING;
        let mut heard = true;
        loop {
            tokio::select! {
                incoming = following.client.next() => {
                    heard = true;
                    if following.take(incoming?) {
                        settled = Some(Instant::now() + SETTLED);
                    }
                }
                Some(ticket) = self.calls.0.recv() => following.call(ticket).await?,
                () = sleep_until(settled.unwrap_or(ping)), if settled.is_some() => {
                    settled = None;
                    self.read_house(&mut following).await?;
                }
                () = sleep_until(ping) => {
                    if !std::mem::take(&mut heard) {
                        return Err(Trouble::Unreachable("Home Assistant is silent".into()));
                    }
                    following.client.send("ping", Value::Null).await?;
                    ping = Instant::now() + PING;
                }
            }
        }
    }

    /// Reads areas, devices and states anew, and follows the states.
    async fn read_house(&self, following: &mut Following<'_>) -> Result<(), Trouble> {
        let client = &mut following.client;
        let config: Value = needed(client, "get_config", Value::Null).await?;
        let exposed = exposed(client).await?;
        let ids = json!({ "entity_ids": exposed });
        let mut registries = Registries {
            areas: needed(client, "config/area_registry/list", Value::Null).await?,
            devices: needed(client, "config/device_registry/list", Value::Null).await?,
            entities: needed(client, "config/entity_registry/get_entries", ids.clone()).await?,
            ..Registries::default()
        };
        // An older one has none.
        let floors = client
            .ask("config/floor_registry/list", Value::Null)
            .await?;
        registries.floors = floors.unwrap_or_default();
        if let Some(subscription) = following.subscription.take() {
            let data = json!({ "subscription": subscription });
            let _: Result<Value, _> = client.ask("unsubscribe_events", data).await?;
        }
        // Without any id it would tell of all.
        let entities = if exposed.is_empty() {
            HashMap::new()
        } else {
            following.subscribe(ids).await?
        };
        let imported = import(&registries, &entities);
        let there = match config["unit_system"]["temperature"].as_str() {
            Some("°F") => Units::Imperial,
            _ => Units::Metric,
        };
        let status = Status::Connected {
            version: following.client.version.clone(),
            token: following.place.clone(),
        };
        self.take_over(following.live, imported, entities, there);
        following.live.0.status.send_replace(status);
        Ok(())
    }

    fn take_over(
        &self,
        live: &HomeAssistant,
        imported: Imported,
        entities: HashMap<String, Entity>,
        there: Units,
    ) {
        if **live.0.imported.borrow() != imported {
            if let Err(error) = kept::keep(&self.data, &self.address, &imported) {
                tracing::warn!(%error, "what Home Assistant knows of the house was not kept");
            }
            live.0.imported.send_replace(Arc::new(imported));
        }
        {
            let mut now = live.0.now();
            (now.online, now.sealed) = (true, false);
            now.degrees = Degrees {
                there,
                here: self.units,
            };
            now.entities = entities;
        }
        live.0.tell();
    }
}

/// What answers at an address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// Its version, such as `2024.3.3`.
    pub version: String,
    /// Entities that it exposes to voice assistants.
    pub exposed: usize,
}

/// Whether this is a Home Assistant that the bridge can follow with this token.
///
/// # Errors
/// [`Trouble`]: why not.
pub async fn try_out(egress: &Egress, address: &Address, token: &str) -> Result<Found, Trouble> {
    let version = check(egress, address, token).await?;
    let mut client = Client::connect(egress, address, token).await?;
    let exposed = exposed(&mut client).await?.len();
    Ok(Found { version, exposed })
}

/// Ids of the entities that are exposed to voice assistants.
async fn exposed(client: &mut Client) -> Result<Vec<String>, Trouble> {
    #[derive(Deserialize)]
    struct Exposed {
        exposed_entities: BTreeMap<String, BTreeMap<String, bool>>,
    }
    let all: Exposed = needed(client, "homeassistant/expose_entity/list", Value::Null).await?;
    let all = all.exposed_entities.into_iter();
    let exposed = all.filter(|(_, to)| to.get("conversation") == Some(&true));
    Ok(exposed.map(|(id, _)| id).collect())
}

/// Asks for what the bridge cannot do without.
async fn needed<R: DeserializeOwned>(
    client: &mut Client,
    kind: &str,
    data: Value,
) -> Result<R, Trouble> {
    let answer = client.ask(kind, data).await?;
    answer.map_err(|refusal| match refusal.code.as_str() {
        "unknown_command" => Trouble::TooOld(client.version.clone()),
        "unauthorized" => Trouble::NotAdmin,
        _ => Trouble::Unreachable(format!(
            "Home Assistant refuses {kind}: {}",
            refusal.message
        )),
    })
}

/// A connection whose states are followed.
struct Following<'l> {
    client: Client,
    live: &'l HomeAssistant,
    /// Calls that are not answered: number of the message → of the call.
    sent: HashMap<u64, u64>,
    /// Of the states.
    subscription: Option<u64>,
    /// Where the token was.
    place: Place,
}

impl Following<'_> {
    /// Subscribes to states; those that they have now.
    async fn subscribe(&mut self, ids: Value) -> Result<HashMap<String, Entity>, Trouble> {
        let id = self.client.send("subscribe_entities", ids).await?;
        self.subscription = Some(id);
        let mut first = None;
        let mut answered = false;
        loop {
            match (first.take(), answered) {
                (Some(states), true) => return Ok(states),
                (states, _) => first = states,
            }
            match self.client.next_soon().await? {
                Incoming::Answer(of, Ok(_)) if of == id => answered = true,
                Incoming::Answer(of, Err(refusal)) if of == id => {
                    return Err(Trouble::Unreachable(refusal.message));
                }
                Incoming::States(of, states) if of == id && first.is_none() => {
                    first = Some(states.added);
                }
                other => drop(self.take(other)),
            }
        }
    }

    /// Takes over what Home Assistant says; whether its house is no longer as it was read.
    fn take(&mut self, incoming: Incoming) -> bool {
        match incoming {
            Incoming::Event => return true,
            Incoming::Pong => {}
            Incoming::Answer(id, answer) => {
                if let Some(number) = self.sent.remove(&id) {
                    let mut now = self.live.0.now();
                    if let Some(waiting) = now.answers.get_mut(&number) {
                        *waiting = Some(answer.map(drop));
                    }
                    drop(now);
                    self.live.0.tell();
                }
            }
            // Of one that has been given up.
            Incoming::States(of, _) if self.subscription != Some(of) => {}
            Incoming::States(_, states) => {
                let States {
                    added,
                    changed,
                    removed,
                } = states;
                let mut now = self.live.0.now();
                // One that has come back may be another.
                let mut is_new = added.keys().any(|id| !now.entities.contains_key(id));
                now.entities.extend(added);
                for (id, change) in changed {
                    is_new |= now.entities.entry(id).or_default().change(change);
                }
                for id in &removed {
                    now.entities.remove(id);
                }
                drop(now);
                self.live.0.tell();
                return is_new;
            }
        }
        false
    }

    async fn call(&mut self, ticket: Ticket) -> Result<(), Trouble> {
        let Ticket {
            number,
            entity,
            call,
            until,
        } = ticket;
        // Nobody waits any more: done now, it would be done behind somebody's back.
        if until <= std::time::Instant::now() {
            return Ok(());
        }
        let data = json!({
            "domain": call.domain,
            "service": call.service,
            "service_data": call.data,
            "target": { "entity_id": entity },
        });
        let id = self.client.send("call_service", data).await?;
        self.sent.insert(id, number);
        Ok(())
    }
}
