//! The machines that belong to the household besides the hub: which they are, and how one is paired.
//!
//! Who may come in stands in the household's store, sealed; what the hub proves itself with lies beside
//! it, in the folder `nodes`.

mod desk;
#[cfg(test)]
mod tests;

pub(crate) use desk::PairingDesk;

use crate::{
    gateway::problem,
    people::NODE,
    skills::{voice_at, volume_of},
    store::{Household, PairedNode},
};
use loqa_link::{
    Authority, Hub, Identity, Roster,
    pairing::{Invitation, InvitationError, MOST_NAME, Role, Roles, Secret, plain_name},
};
use loqa_protocol::{NodeId, NodeSettings, Problem};
use serde_json::{Value, json};
use std::{
    fs, io, iter,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};
use tokio_rustls::rustls::pki_types::UnixTime;

/// In the data folder.
const FOLDER: &str = "nodes";
/// More are no household's.
const MOST_NODES: usize = 256;
/// What the household is called where its owner has given it no name.
pub(crate) const NAMELESS: &str = "Loqa";

/// The hub as its nodes know it.
pub(crate) struct Nodes {
    folder: PathBuf,
    roster: Roster,
    hub: Mutex<Option<Hub>>,
    /// Where one is paired.
    pub desk: PairingDesk,
}

impl Nodes {
    /// Those of a data folder, in which `household` was. Nothing is read or made yet.
    pub fn in_folder(data: &Path, household: &Household) -> Nodes {
        let paired = household.nodes.keys().filter_map(|id| id.parse().ok());
        Nodes {
            folder: data.join(FOLDER),
            roster: Roster::new(paired),
            hub: Mutex::default(),
            desk: PairingDesk::default(),
        }
    }

    /// Who may come in at this moment.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// What the hub shows its nodes; its keys are made the first time. Blocks.
    ///
    /// # Errors
    /// A key is damaged or out of reach.
    pub fn hub(&self) -> Result<Hub, Problem> {
        let mut hub = self.hub.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hub) = &*hub {
            return Ok(hub.clone());
        }
        let of_key = |error| problem("nodes", &error);
        let made = fs::DirBuilder::new().mode(0o700).create(&self.folder);
        if let Err(error) = made
            && error.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(problem("nodes", &error));
        }
        let identity = Identity::open(&self.folder).map_err(of_key)?;
        let authority = Authority::open(&self.folder).map_err(of_key)?;
        let now = UnixTime::now();
        let opened = Hub::new(identity, authority, self.roster.clone(), now).map_err(of_key)?;
        *hub = Some(opened.clone());
        Ok(opened)
    }

    /// Whether the keys for nodes are there.
    pub fn has_keys(&self) -> bool {
        self.folder.is_dir()
    }
}

/// What a person gives the hub that a node shows them.
#[derive(Debug)]
pub(crate) struct Given {
    pub secret: Secret,
    /// Which node, where its QR code told.
    pub only: Option<NodeId>,
}

/// Reads 8 digits, or what a node's QR code holds.
///
/// # Errors
/// It is neither.
pub(crate) fn given(text: &str) -> Result<Given, Problem> {
    let wrong = |message: String| Problem {
        code: "pairing_code".into(),
        message,
        help: "type the 8 digits that the node shows, or what its QR code holds".into(),
    };
    let text = text.trim();
    if !text.starts_with("loqa:") {
        let secret = Secret::typed(Role::Node, text).map_err(|error| wrong(error.to_string()))?;
        return Ok(Given { secret, only: None });
    }
    let read = text.parse();
    let invitation: Invitation = read.map_err(|error: InvitationError| wrong(error.to_string()))?;
    match invitation.secret().by() {
        Role::Node => Ok(Given {
            secret: invitation.secret().clone(),
            only: Some(invitation.key()),
        }),
        Role::Hub => Err(wrong("this is the QR code of a hub, not of a node".into())),
    }
}

/// There is no such node.
pub(crate) fn no_node(who: &str) -> Problem {
    Problem {
        code: "no_node".into(),
        message: format!("there is no node `{who}`"),
        help: "`loqa node list` tells which there are".into(),
    }
}

/// Puts a node that was just paired among the others; one that comes again keeps its room. Its name
/// from now on.
///
/// # Errors
/// There are too many.
pub(crate) fn add(
    household: &mut Household,
    node: NodeId,
    name: &str,
    roles: Roles,
    now_ms: i64,
) -> Result<String, Problem> {
    let id = node.to_string();
    let before = household.nodes.remove(&id);
    if household.nodes.len() >= MOST_NODES {
        return Err(Problem {
            code: "nodes".into(),
            message: format!("there are {MOST_NODES} nodes already"),
            help: "revoke one that is not used any more".into(),
        });
    }
    let name = free_name(household, name);
    let paired = PairedNode {
        name: name.clone(),
        roles: roles.bits(),
        muted: before.as_ref().is_some_and(|it| it.muted),
        hears: before.as_ref().map(|it| it.hears).unwrap_or_default(),
        room: before.map(|it| it.room).unwrap_or_default(),
        paired_at_ms: now_ms,
    };
    household.nodes.insert(id, paired);
    Ok(name)
}

/// Two pucks come out of their boxes with the same name.
fn free_name(household: &Household, name: &str) -> String {
    let most = name.floor_char_boundary(MOST_NAME - 4);
    let numbered =
        (2..=MOST_NODES + 1).map(|number| format!("{} {number}", name[..most].trim_end()));
    iter::once(name.to_owned())
        .chain(numbered)
        .find(|name| !is_taken(household, name, None))
        .unwrap_or_default()
}

fn is_taken(household: &Household, name: &str, but: Option<&str>) -> bool {
    let lower = name.to_lowercase();
    let mut others = household.nodes.iter();
    others.any(|(id, node)| Some(id.as_str()) != but && node.name.to_lowercase() == lower)
}

/// Has a node be so from now on. `rooms`: those of the house, by their ids.
///
/// # Errors
/// There is no such node or room, the name is another's or none, or what has no voice would be louder.
pub(crate) fn set(
    household: &mut Household,
    node: NodeId,
    to: &NodeSettings,
    rooms: &[&str],
) -> Result<(), Problem> {
    let NodeSettings {
        ref name,
        ref room,
        volume,
        muted,
        hears,
    } = *to;
    let (name, room) = (name.as_deref(), room.as_deref());
    let id = node.to_string();
    let wrong = |code: &str, message: String, help: &str| Problem {
        code: code.into(),
        message,
        help: help.into(),
    };
    if let Some(name) = name {
        if !plain_name(name) {
            let message = "this is no name for a node".to_owned();
            let help = "a name is one line of at most 64 bytes";
            return Err(wrong("node_name", message, help));
        }
        if is_taken(household, name, Some(&id)) {
            let message = format!("another node is called `{name}`");
            return Err(wrong("node_name", message, "choose another name"));
        }
    }
    if let Some(room) = room.filter(|room| !room.is_empty() && !rooms.contains(room)) {
        let message = format!("there is no room `{room}`");
        let help = format!("the rooms are: {}", rooms.join(", "));
        return Err(wrong("node_room", message, &help));
    }
    let paired = household.nodes.get_mut(&id);
    let paired = paired.ok_or_else(|| no_node(&node.short().to_string()))?;
    if let Some(name) = name {
        name.clone_into(&mut paired.name);
    }
    let puck = Roles::from_bits(paired.roles).is_some_and(|it| it.has(Roles::PUCK));
    if !puck && (volume.is_some() || muted.is_some()) {
        let message = format!("`{}` neither hears nor speaks", paired.name);
        let help = "only a node with the role `puck` has a volume";
        return Err(wrong("node_no_puck", message, help));
    }
    let works = Roles::from_bits(paired.roles).is_some_and(|it| it.has(Roles::INFERENCE));
    if !works && hears.is_some() {
        let message = format!("`{}` works on nobody's words", paired.name);
        let help = "only a node with the role `inference` does";
        return Err(wrong("node_no_inference", message, help));
    }
    if let Some(hears) = hears {
        paired.hears = hears;
    }
    if let Some(room) = room {
        room.clone_into(&mut paired.room);
    }
    if let Some(muted) = muted {
        paired.muted = muted;
    }
    if let Some(volume) = volume {
        let voice = household.devices.entry(voice_of(&id)).or_default();
        voice.volume = Some(volume.min(100));
    }
    Ok(())
}

/// A node goes, and how loud it was with it.
pub(crate) fn remove(household: &mut Household, node: NodeId) -> Result<(), Problem> {
    let id = node.to_string();
    household.devices.remove(&voice_of(&id));
    let gone = household.nodes.remove(&id);
    gone.map(drop)
        .ok_or_else(|| no_node(&node.short().to_string()))
}

/// How loud a node is, percent.
pub(crate) fn volume(household: &Household, id: &str) -> u8 {
    volume_of(household, &voice_of(id))
}

/// The device that its voice is.
fn voice_of(id: &str) -> String {
    voice_at(&format!("{NODE}{id}"))
}

/// A node as clients are told of it.
pub(crate) fn shown(id: &str, node: &PairedNode) -> Value {
    let roles = Roles::from_bits(node.roles);
    json!({
        "id": id,
        "name": node.name,
        "roles": roles.map(names).unwrap_or_default(),
        "room": node.room,
        "muted": node.muted,
        "hears": node.hears,
        "paired_at_ms": node.paired_at_ms,
    })
}

/// The nodes that are for that.
pub(crate) fn that_are(household: &Household, role: Roles) -> impl Iterator<Item = NodeId> + '_ {
    household.nodes.iter().filter_map(move |(id, node)| {
        let roles = Roles::from_bits(node.roles)?;
        roles.has(role).then(|| id.parse().ok())?
    })
}

/// What a node is for, in words.
pub(crate) fn names(roles: Roles) -> Vec<&'static str> {
    let all = [
        (Roles::INFERENCE, "inference"),
        (Roles::PUCK, "puck"),
        (Roles::DISPLAY, "display"),
    ];
    let has = all.iter().filter(|(role, _)| roles.has(*role));
    has.map(|(_, name)| *name).collect()
}
