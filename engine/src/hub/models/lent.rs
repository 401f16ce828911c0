//! Models that nodes have of this hub: which may be had, and how far each is on its way.

use crate::{
    hub::{Shared, service::problem},
    library::{Kind, Library, Model},
    nodes,
};
use loqa_link::{
    pairing::Roles,
    wire::{GiveError, Given, Request},
};
use loqa_protocol::{Capability, NodeId, Problem};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::Semaphore, time::Instant};

/// Nodes that are sent something at a time: it takes the hub's processor, its disk and the net.
const AT_ONCE: usize = 2;
/// Between two times that it is shown how far a model is.
const SHOWN: Duration = Duration::from_millis(500);

/// What a node could do with a model of the library, and what it is called among those.
const KINDS: [(&str, &str, Kind); 2] = [("stt", "whisper", Kind::Stt), ("llm", "llama", Kind::Llm)];

/// Models on their way to nodes.
pub(in crate::hub) struct Lent {
    turn: Semaphore,
    /// Of each node, by what it could do with the model: so nobody can make it long.
    going: Mutex<BTreeMap<(NodeId, &'static str), Going>>,
}

/// One of them.
struct Going {
    model: String,
    here: u64,
    bytes: u64,
    /// Why it does not get there.
    trouble: Option<Problem>,
    shown: Option<Instant>,
}

impl Default for Lent {
    fn default() -> Self {
        Lent {
            turn: Semaphore::new(AT_ONCE),
            going: Mutex::default(),
        }
    }
}

impl Lent {
    /// What is on its way to a node, for people.
    pub fn shown(&self, node: NodeId) -> Vec<Value> {
        let going = self.lock();
        let of_node = going.iter().filter(|((to, _), _)| *to == node);
        let one = |((_, kind), it): (&(NodeId, &str), &Going)| {
            let mut shown = json!({
                "model": it.model, "kind": kind, "here": it.here, "bytes": it.bytes,
            });
            if let Some(trouble) = &it.trouble {
                shown["problem"] = json!(trouble);
            }
            shown
        };
        of_node.map(one).collect()
    }

    /// It is not linked any more.
    pub fn went(&self, node: NodeId) {
        self.lock().retain(|(to, _), _| *to != node);
    }

    /// So much of it is there; whether that is to be shown now.
    fn goes(&self, at: (NodeId, &'static str), model: &str, here: u64, bytes: u64) -> bool {
        let mut going = self.lock();
        let now = Instant::now();
        let before = going.get(&at).filter(|it| it.trouble.is_none());
        let before = before.and_then(|it| it.shown);
        let due = here == bytes || before.is_none_or(|at| now - at >= SHOWN);
        let it = Going {
            model: model.to_owned(),
            here,
            bytes,
            trouble: None,
            shown: if due { Some(now) } else { before },
        };
        going.insert(at, it);
        due
    }

    /// Nothing came of it, and why; `None`: it is there.
    fn ends(&self, at: (NodeId, &'static str), model: &str, trouble: Option<Problem>) {
        let mut going = self.lock();
        let before = going.remove(&at);
        if trouble.is_some() {
            let (here, bytes) = before.map_or((0, 0), |it| (it.here, it.bytes));
            let it = Going {
                model: model.to_owned(),
                here,
                bytes,
                trouble,
                shown: None,
            };
            going.insert(at, it);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(NodeId, &'static str), Going>> {
        self.going.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Gives a node the model that it asks for, or tells it why not.
    pub(in crate::hub) async fn lend(self: Arc<Self>, node: NodeId, mut request: Request) {
        let wanted = match request.wanted().await {
            Ok(wanted) => wanted,
            Err(error) => {
                tracing::debug!(node = %node.short(), %error, "a node has asked for no model");
                return;
            }
        };
        let (hub, capability) = (self.clone(), wanted.capability.clone());
        let found = tokio::task::spawn_blocking(move || {
            let kind = hub.may_have(node, &capability)?;
            let found = hub.given(kind, &capability.variant);
            Ok((kind.name(), found))
        });
        let found = found.await.unwrap_or_else(|error| {
            let message = format!("the hub cannot look for models: {error}");
            Err(problem("failed", message, "try again"))
        });
        let (kind, found) = match found {
            Ok(found) => found,
            // Nobody is shown what strangers could say.
            Err(refused) => return request.refuse(refused).await,
        };
        let (at, model) = ((node, kind), &wanted.capability.variant);
        let lent = self.linked.lent();
        let given = match found {
            Ok(given) => given,
            Err(refused) => {
                // It has it from before, and works with it.
                let has = self.linked.offers(node, &wanted.capability);
                lent.ends(at, model, (!has).then(|| refused.clone()));
                self.linked.tell();
                return request.refuse(refused).await;
            }
        };
        let mut told = |here| {
            if here < given.bytes && lent.goes(at, model, here, given.bytes) {
                self.linked.tell();
            }
        };
        let came = request.give(&wanted, &given, &lent.turn, &mut told).await;
        match &came {
            Ok(()) => {
                tracing::info!(node = %node.short(), model, "a node has a model of this hub");
                lent.ends(at, model, None);
            }
            Err(GiveError::Link(error)) => {
                tracing::info!(node = %node.short(), model, %error, "a node has taken a part of a model");
                lent.ends(at, model, None);
            }
            Err(error @ GiveError::Stuck) => {
                let help = "look whether the node's disk still writes";
                let stuck = problem("model_stuck", error.to_string(), help);
                lent.ends(at, model, Some(stuck));
            }
            Err(GiveError::Useless(useless)) => {
                let why = &useless.message;
                tracing::warn!(node = %node.short(), model, why, "a model is of no use to a node");
                lent.ends(at, model, Some(useless.clone()));
            }
        }
        self.linked.tell();
    }

    /// Of which kind the model is that it asks for, if it may.
    fn may_have(&self, node: NodeId, capability: &Capability) -> Result<Kind, Problem> {
        let household = self.store.snapshot();
        if !nodes::that_are(&household, Roles::INFERENCE).any(|it| it == node) {
            let message = "this node was not paired to run models";
            let help = "pair it again with the role `inference`";
            return Err(problem("not_for_nodes", message, help));
        }
        let alike = |(kind, name, _): &&(&str, &str, Kind)| {
            (*kind, *name) == (&*capability.kind, &*capability.name)
        };
        let known = KINDS.iter().find(alike).map(|(_, _, kind)| *kind);
        known
            .filter(|_| loqa_link::is_name(&capability.variant))
            .ok_or_else(|| {
                let message = "the hub gives no models of that kind";
                problem("model_kind", message, "update the hub and the node")
            })
    }

    /// The one file of a model, as it was when it came.
    fn given(&self, kind: Kind, name: &str) -> Result<Given, Problem> {
        let library = self.stock.library.clone()?;
        let folder = Library::folder(&self.config.hub.data, kind);
        find(&library, &folder, kind, name)
    }
}

fn find(library: &Library, folder: &Path, kind: Kind, name: &str) -> Result<Given, Problem> {
    let held = library.held()?;
    let of_kind = |it: &&Model| it.kind == kind;
    let Some(model) = library.models().iter().find(|it| it.name == name) else {
        let names = |here: bool| {
            let models = library.models().iter().filter(of_kind);
            let models = models.filter(|it| held.contains_key(&it.name) == here);
            models.map(|it| it.name.as_str()).collect::<Vec<_>>()
        };
        let (here, others) = (names(true).join(", "), names(false).join(", "));
        let here = if here.is_empty() { "none" } else { &here };
        return Err(problem(
            "model_unknown",
            format!(
                "the hub knows no model `{name}`: of that kind it has {here}, and can fetch {others}"
            ),
            "write one of these names in node.toml, or the path of a file",
        ));
    };
    if model.kind != kind {
        return Err(problem(
            "model_kind",
            format!(
                "the model `{name}` is for something else: it {}",
                model.about
            ),
            "write `whisper` for a model that hears and `llama` for one that answers",
        ));
    }
    let pull =
        || format!("`loqa model pull {name}` at the hub fetches it, and so does its page Models");
    let Some(held) = held.get(name) else {
        let message = format!("the hub has not fetched `{name}` yet");
        return Err(problem("model_not_here", message, &pull()));
    };
    let damaged = || {
        let message = format!("the hub's own file of `{name}` is gone, or is not what it was");
        problem("model_damaged", message, &pull())
    };
    let (file, sum) = held.files.iter().next().ok_or_else(damaged)?;
    let file = folder.join(file);
    let bytes = fs::metadata(&file).map_err(|_| damaged())?.len();
    let sha256 = hex::decode(&sum.sha256).ok();
    let sha256 = sha256.and_then(|it| it.try_into().ok());
    Ok(Given {
        sha256: sha256.filter(|_| bytes == sum.bytes).ok_or_else(damaged)?,
        file,
        bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn how_far_a_model_is_is_shown_now_and_then_and_why_it_does_not_come() {
        let lent = Lent::default();
        let (node, other) = (NodeId([1; 32]), NodeId([2; 32]));
        let at = (node, "stt");
        assert!(lent.goes(at, "whisper-base-en", 0, 100));
        assert!(!lent.goes(at, "whisper-base-en", 10, 100));
        tokio::time::advance(SHOWN).await;
        assert!(lent.goes(at, "whisper-base-en", 20, 100));
        let shown = json!({ "model": "whisper-base-en", "kind": "stt", "here": 20, "bytes": 100 });
        assert_eq!(lent.shown(node), [shown]);
        let full = problem("model_full", "no room", "make room");
        lent.ends(at, "whisper-base-en", Some(full));
        let shown = lent.shown(node);
        assert_eq!(shown[0]["problem"]["message"], "no room");
        assert_eq!(shown[0]["here"], 20);
        assert!(lent.shown(other).is_empty());
        // It is tried again, and comes.
        assert!(lent.goes(at, "whisper-base-en", 30, 100));
        assert!(lent.shown(node)[0].get("problem").is_none());
        lent.ends(at, "whisper-base-en", None);
        lent.ends(
            (node, "llm"),
            "qwen",
            Some(problem("model_unknown", "", "")),
        );
        lent.went(node);
        assert!(lent.shown(node).is_empty());
    }
}
