//! The household's nodes, as clients ask for them and change them.

use super::{
    Shared,
    people::Unlocked,
    service::{Told, blocking, problem},
    watched::{self, Changes},
};
use crate::{
    api::own_addresses,
    gateway::Answers,
    models::Check,
    nodes,
    people::{self, Change},
    store::{Deed, Household},
};
use loqa_link::pairing::{Invitation, Opening, Role, Roles, Secret, Seen, qr};
use loqa_protocol::{NodeEdit, NodeId, NodeSettings, Problem, ServerFrame};
use serde_json::{Value, json};
use std::{iter, net::SocketAddr, sync::Arc, time::Instant};
use tokio_rustls::rustls::pki_types::UnixTime;
use tokio_util::sync::DropGuard;

/// What the audit calls them, in the place of a skill.
const NODES: &str = "nodes";
/// Addresses in a QR code, which is read the sooner the less it holds.
const ADDRESSES: usize = 3;

impl Shared {
    /// Which nodes belong to the household, and whether one is being paired.
    pub(super) fn nodes(&self) -> Value {
        let household = self.store.snapshot();
        let state = self.nodes.desk.state();
        let pairing = match &state.seen {
            Seen::Closed(reason) => json!({ "state": "closed", "why": reason.to_string() }),
            Seen::Open { tries, .. } => json!({
                "state": "open", "until_ms": state.until_ms, "tries": tries,
            }),
            Seen::Compare {
                node, about, words, ..
            } => json!({
                "state": "compare", "until_ms": state.until_ms, "words": words,
                "node": {
                    "id": node.to_string(), "name": about.name, "roles": nodes::names(about.roles),
                },
            }),
        };
        let list: Vec<Value> = household
            .nodes
            .iter()
            .map(|(id, node)| {
                let mut shown = nodes::shown(id, node);
                shown["volume"] = nodes::volume(&household, id).into();
                if let (Ok(node), Some(shown)) = (id.parse(), shown.as_object_mut())
                    && let Value::Object(linked) = self.linked.shown(node)
                {
                    shown.extend(linked);
                }
                shown
            })
            .collect();
        let now_ms = self.household.read().wall.as_millisecond();
        json!({
            "nodes": list,
            "pairing": pairing,
            "locked": people::is_locked(&household, now_ms),
        })
    }

    /// Changes that, if whoever asks may. Blocks for keys and an fsync.
    pub(super) fn edit_nodes(&self, typed: &str, edit: &NodeEdit, unlocked: &Unlocked) -> Told {
        if self.is_reading() {
            let message = "this engine only reads: it has no nodes";
            return Err(problem("nodes", message, "ask a hub, or `loqa node`"));
        }
        self.prove_owner(typed, unlocked, Deed::Node, NODES)?;
        match edit {
            NodeEdit::Open => self.open_pairing().map(Some),
            NodeEdit::Given(shown) => {
                let given = nodes::given(shown)?;
                let opening = Opening::new([given.secret], given.only, Instant::now());
                let addresses = self.pair_with(opening)?;
                Ok(Some(json!({ "addresses": addresses })))
            }
            NodeEdit::Accept(node) => self.accept_node(*node).map(Some),
            NodeEdit::Close => {
                self.nodes.desk.close();
                Ok(None)
            }
            NodeEdit::Set { node, to } => {
                let home = self.understanding.home();
                let rooms: Vec<&str> = home.areas.iter().map(|area| area.id.as_str()).collect();
                self.change_nodes(*node, Deed::Node, |household| {
                    nodes::set(household, *node, to, &rooms)
                })?;
                Ok(None)
            }
            NodeEdit::Revoke(node) => {
                let changed = self.change_nodes(*node, Deed::NodeGone, |household| {
                    nodes::remove(household, *node)
                });
                // Also where the disk is full: it may be stolen, and is tried again to be written down.
                let id = node.to_string();
                if !self.store.snapshot().nodes.contains_key(&id) {
                    self.nodes.roster().revoke(*node);
                }
                changed?;
                tracing::info!(node = %node.short(), "a node does not belong to the household any more");
                Ok(None)
            }
        }
    }

    /// Shows a QR code and 8 digits to whoever asked, and to nobody else.
    fn open_pairing(&self) -> Result<Value, Problem> {
        let no_chance = || {
            let help = "see what the system says of its random numbers";
            problem("pairing", "this machine has no randomness", help)
        };
        let code = Secret::code(Role::Hub).ok_or_else(no_chance)?;
        let token = Secret::token(Role::Hub).ok_or_else(no_chance)?;
        let digits = code.digits();
        let opening = Opening::new([code, token.clone()], None, Instant::now());
        let addresses = self.pair_with(opening)?;
        let hub = self.nodes.hub()?.node();
        let scanned = Invitation::new(hub, token, addresses.clone()).map(|it| it.to_string());
        let drawn = scanned.as_deref().and_then(|text| qr(text).ok());
        Ok(json!({
            "code": digits,
            "qr": scanned,
            "drawn": drawn,
            "addresses": addresses,
        }))
    }

    /// Where nodes come, the likeliest first.
    fn pair_with(&self, opening: Opening) -> Result<Vec<SocketAddr>, Problem> {
        let hub = self.nodes.hub()?;
        let name = self.name_for_nodes();
        let link = self.linked.let_in()?;
        let now_ms = self.household.read().wall.as_millisecond();
        let port = self
            .nodes
            .desk
            .open(&hub, &name, opening, now_ms, link, &self.tasks)?;
        let addresses = own_addresses().into_iter();
        let addresses = addresses.map(|ip| SocketAddr::new(ip, port));
        Ok(addresses.take(ADDRESSES).collect())
    }

    fn accept_node(&self, node: NodeId) -> Result<Value, Problem> {
        let hub = self.nodes.hub()?;
        let now_ms = self.household.read().wall.as_millisecond();
        let mut name = String::new();
        self.nodes.desk.accept(node, |paired| {
            self.change_nodes(node, Deed::Node, |household| {
                let about = &paired.about;
                name = nodes::add(household, node, &about.name, about.roles, now_ms)?;
                Ok(())
            })?;
            hub.roster().pair(node);
            let certificate = hub.issue(&paired.key, UnixTime::now());
            let certificate = certificate.map_err(|it| crate::gateway::problem("nodes", &it))?;
            Ok((hub.authority().clone(), certificate))
        })?;
        tracing::info!(node = %node.short(), "a node was paired");
        Ok(json!({ "id": node.to_string(), "name": name }))
    }

    /// Changes which nodes there are, and writes down that it was done. It is durable when this returns.
    fn change_nodes(
        &self,
        node: NodeId,
        deed: Deed,
        change: impl FnOnce(&mut Household) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let noted = self.commit_noted(NODES, |household| {
            change(household)?;
            Ok(Change {
                deed,
                id: node.short().to_string(),
                to: None,
            })
        });
        noted.map(drop)
    }
}

impl Shared {
    /// A puck asks how it is set: it is told now and whenever that changes, until the guard is dropped. `muted`: what
    /// somebody has chosen there.
    pub(super) fn show_puck(
        self: &Arc<Self>,
        (id, answers): (u32, Answers),
        node: NodeId,
        muted: Option<bool>,
    ) -> DropGuard {
        let hub = self.clone();
        let showing = async move {
            if let Some(muted) = muted {
                let chosen = blocking(hub.clone(), move |hub| {
                    let to = NodeSettings {
                        muted: Some(muted),
                        ..NodeSettings::default()
                    };
                    hub.change_nodes(node, Deed::Node, |household| {
                        nodes::set(household, node, &to, &[])
                    })?;
                    Ok(None)
                });
                if let Err(problem) = chosen.await {
                    let _ = answers.send(ServerFrame::Problem { id, problem });
                }
            }
            let changes = Changes::default().of(hub.household.watch());
            let look = async || {
                let (household, key) = (hub.store.snapshot(), node.to_string());
                let paired = household.nodes.get(&key)?;
                Some(ServerFrame::Puck {
                    id,
                    volume: nodes::volume(&household, &key),
                    muted: paired.muted,
                })
            };
            // Once it is not of the household any more, there is nothing to tell it.
            let tell = |now: &Option<ServerFrame>| {
                let now = now.clone();
                now.is_some_and(|now| answers.send(now).is_ok())
            };
            watched::follow(look, tell, changes).await;
        };
        watched::until_dropped(self, "puck", showing)
    }
}

/// Shows them to a client until it is gone or the guard is dropped.
pub(super) fn show(hub: &Arc<Shared>, id: u32, answers: Answers) -> DropGuard {
    let changes = Changes::default()
        .of(hub.nodes.desk.watch())
        .of(hub.household.watch())
        .of(hub.linked.watch())
        .of(hub.linked.sites().watch());
    let look = |hub: &Shared| Ok(Some(hub.nodes()));
    watched::show(hub, (id, answers), "nodes", look, changes)
}

/// Which nodes there are, which are away and what that means, and whether the hub can prove itself to them, for the doctor.
pub(super) fn examine(hub: &Shared) -> Vec<Check> {
    let household = hub.store.snapshot();
    let names: Vec<&str> = household
        .nodes
        .values()
        .map(|it| it.name.as_str())
        .collect();
    if hub.is_reading() || (names.is_empty() && !hub.nodes.has_keys()) {
        return Vec::new();
    }
    let check = |ok, message, help: String| Check {
        what: "nodes".into(),
        ok,
        needed: false,
        message,
        help,
    };
    let own = match hub.nodes.hub() {
        Err(problem) => check(false, problem.message, problem.help),
        Ok(_) if names.is_empty() => {
            let help = "`loqa node pair` pairs one".to_owned();
            check(true, "no node is paired".into(), help)
        }
        Ok(_) => check(true, format!("paired: {}", names.join(", ")), String::new()),
    };
    let away = household.nodes.iter().filter_map(|(id, node)| {
        let id = id.parse().ok()?;
        let roles = Roles::from_bits(node.roles).filter(|_| !hub.linked.is_here(id))?;
        let so = match (roles.has(Roles::PUCK), roles.has(Roles::INFERENCE)) {
            (true, _) => "nobody is heard there; the other microphones are",
            (false, true) => "its work is done elsewhere",
            (false, false) => "nothing is shown there",
        };
        let message = format!("`{}` is away: {so}", node.name);
        let help = "see whether it has power and network, and whether `loqa-node run` runs there";
        Some(check(false, message, help.into()))
    });
    iter::once(own).chain(away).collect()
}
