//! Who could do a job: a process or a voice of this machine, and the nodes that are linked now; and how they have done
//! lately.

use super::errand::Errand;
use loqa_core::{
    placement::{self, Candidate, Choice, NoPlacement, Node, Pace, Wanted},
    resilience::{Breaker, Recent},
    seams::ModelError,
};
use loqa_inference::tts::{Kokoro, kokoro};
use loqa_jobs::Process;
use loqa_link::wire::Link;
use loqa_protocol::{Capability, JobFrame, NodeId, Placement, PrivacyScope, QosTier, link::Offer};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// A node that has just been asked to do something it has never done answers by then, most of the time: as often as it
/// said it would need.
const BENEFIT_OF_DOUBT: u32 = 2;
/// What a machine says to try itself lasts so long, about: [`Offer::first_ms`] of a voice that says a clause as a whole.
const TRIED: Duration = Duration::from_secs(4);
/// Nobody is late before.
const SOONEST_LATE: Duration = Duration::from_millis(100);

/// The machines.
pub struct Sites {
    began: Instant,
    known: Box<dyn Fn(NodeId) -> Option<Known> + Send + Sync>,
    state: Mutex<State>,
    changed: watch::Sender<u64>,
}

/// What the household has said of a node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    /// What people call it.
    pub name: String,
    /// The most private speech that it may hear; `None`: none.
    pub hears: Option<PrivacyScope>,
}

#[derive(Default)]
struct State {
    links: BTreeMap<NodeId, Link>,
    records: BTreeMap<(Option<NodeId>, String), Record>,
    /// The last choice, by what was wanted.
    placed: BTreeMap<String, Placed>,
    /// Who does the rest of what is said now.
    last: Option<NodeId>,
}

/// How one has done.
#[derive(Default)]
struct Record {
    recent: Recent,
    breaker: Breaker,
}

/// Where work of a kind went last.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Placed {
    node: Option<NodeId>,
    placement: Placement,
}

/// How a node has done work, for people.
#[derive(Clone, PartialEq, Debug)]
pub struct Done {
    /// `stt.whisper:tiny`.
    pub capability: String,
    /// 95 of the last 100 answers had begun by then.
    pub p95: Option<Duration>,
    /// It failed, and is left alone for so long.
    pub rests: Option<Duration>,
    /// Why the last of that work went to it, if it did.
    pub reason: Option<String>,
}

/// Where a job is done.
#[derive(Clone)]
pub(super) enum Site {
    Process(Arc<Process>),
    Voice(Arc<Kokoro>),
    Node(Link),
}

/// What is wanted of whoever does a job.
#[derive(Clone, Copy, Default)]
pub struct Wish<'a> {
    /// How private it is what is said in it.
    pub scope: PrivacyScope,
    /// How soon an answer is due.
    pub tier: QosTier,
    /// The one model, or voice, that will do; `None`: any of the engine.
    pub variant: Option<&'a str>,
}

/// A place that a job may go to.
pub(super) struct Ranked {
    pub site: Site,
    pub capability: Capability,
    pub node: Option<NodeId>,
    pub place: loqa_core::errand::Place,
}

/// A kind of work, done by this machine, by nodes, or by either.
pub struct Work {
    sites: Arc<Sites>,
    kind: String,
    name: String,
    here: watch::Sender<Here>,
}

/// Who does work of a kind on this machine.
#[derive(Clone, Default)]
pub struct Here {
    own: Option<Arc<Own>>,
    /// Nobody is to do it, neither here nor elsewhere.
    unwanted: bool,
}

/// What does it here.
struct Own {
    site: Site,
    capability: Capability,
    /// How soon it answers, before it ever has.
    prior: Duration,
}

impl Own {
    /// What does as is wished.
    fn candidate(&self, wish: &Wish<'_>) -> Candidate {
        let mut capability = self.capability.clone();
        let (unavailable, prior) = match &self.site {
            Site::Process(process) => (process.trouble(), self.prior),
            Site::Voice(kokoro) => {
                let voice = wish.variant.unwrap_or_default();
                capability.variant = voice.to_owned();
                let state = kokoro.state();
                let prior = match state {
                    kokoro::State::Ready(factor) => TRIED.mul_f64(factor),
                    _ => self.prior,
                };
                let unknown = kokoro.knows(voice).err().map(|error| error.to_string());
                (unknown.or_else(|| state.trouble()), prior)
            }
            Site::Node(_) => (None, self.prior),
        };
        Candidate {
            capability,
            node: None,
            may_hear: PrivacyScope::Ephemeral,
            first_output: prior,
            unavailable,
        }
    }
}

/// Who could do a job, and in which order they are asked.
struct Ranking {
    candidates: Vec<Candidate>,
    /// Of each candidate: where it is, and whether it was seen how soon it answers.
    sites: Vec<(Site, bool)>,
    choices: Result<Vec<Choice>, NoPlacement>,
}

impl Sites {
    /// This machine alone, of a household that tells what it `known`s of its nodes.
    pub fn new(known: impl Fn(NodeId) -> Option<Known> + Send + Sync + 'static) -> Arc<Sites> {
        Arc::new(Sites {
            began: Instant::now(),
            known: Box::new(known),
            state: Mutex::default(),
            changed: watch::Sender::default(),
        })
    }

    /// A node is linked now; by which link it was before.
    pub fn came(&self, link: &Link) -> Option<Link> {
        self.lock().links.insert(link.peer(), link.clone())
    }

    /// It is not any more, unless another link of it has come since.
    pub fn went(&self, node: NodeId) {
        let mut state = self.lock();
        if state.links.get(&node).is_some_and(Link::is_closed) {
            state.links.remove(&node);
        }
    }

    /// By which link a node is there.
    pub fn link(&self, node: NodeId) -> Option<Link> {
        self.lock().links.get(&node).cloned()
    }

    /// Those of all nodes.
    pub fn links(&self) -> Vec<Link> {
        self.lock().links.values().cloned().collect()
    }

    /// Whenever work went elsewhere than before, or came back.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// How a node has done what it was asked, for people.
    pub fn done(&self, node: NodeId) -> Vec<Done> {
        let (state, now) = (self.lock(), self.began.elapsed());
        let own = state
            .records
            .iter()
            .filter(|((of, _), _)| *of == Some(node));
        own.map(|((_, capability), record)| Done {
            capability: capability.clone(),
            p95: record.recent.p95(),
            rests: record.breaker.rests(now),
            reason: state
                .placed
                .values()
                .find(|it| it.node == Some(node) && it.placement.capability == *capability)
                .map(|it| it.placement.reason.clone()),
        })
        .collect()
    }

    /// How an attempt at a place went.
    pub(super) fn note(
        &self,
        node: Option<NodeId>,
        capability: &Capability,
        answered: Option<Duration>,
        lost: bool,
    ) {
        let now = self.began.elapsed();
        let mut state = self.lock();
        let key = (node, capability.to_string());
        let record = state.records.entry(key).or_default();
        if let Some(took) = answered {
            record.recent.note(took);
            record.breaker.succeeded();
        }
        // A process of this machine has a budget of its own, and there is no other machine to ask.
        if lost && node.is_some() {
            record.breaker.failed(now);
        }
        drop(state);
        self.changed.send_modify(|it| *it += 1);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Work {
    /// Work of whoever offers `kind.name`.
    pub fn of(sites: Arc<Sites>, kind: &str, name: &str) -> Work {
        Work {
            sites,
            kind: kind.to_owned(),
            name: name.to_owned(),
            here: watch::Sender::default(),
        }
    }

    /// From now on a process of this machine does it too, or none; how soon it answers, before it ever has. Not `wanted`:
    /// nobody does. What is under way goes on where it is.
    pub fn take(&self, wanted: bool, own: Option<(Arc<Process>, Capability)>, prior: Duration) {
        let own = own.map(|(process, capability)| Own {
            site: Site::Process(process),
            capability,
            prior,
        });
        // Where it went last is about who did it before.
        self.sites.lock().placed.remove(&self.key());
        self.here.send_replace(Here {
            own: own.map(Arc::new),
            unwanted: !wanted,
        });
    }

    /// A voice of this machine does it too.
    pub fn with_voice(self, kokoro: Arc<Kokoro>) -> Work {
        let own = Own {
            capability: Capability {
                kind: self.kind.clone(),
                name: self.name.clone(),
                // As is wished.
                variant: String::new(),
            },
            site: Site::Voice(kokoro),
            prior: TRIED,
        };
        self.here.send_modify(|here| here.own = Some(Arc::new(own)));
        self
    }

    /// Work that a process of this machine does, and nobody else.
    pub fn here(process: Arc<Process>, capability: Capability) -> Arc<Work> {
        let none = Sites::new(|_| None);
        let work = Work::of(none, &capability.kind, &capability.name);
        work.take(true, Some((process, capability)), Duration::ZERO);
        Arc::new(work)
    }

    /// Who does it on this machine, now and from now on.
    pub fn watch_here(&self) -> watch::Receiver<Here> {
        self.here.subscribe()
    }

    /// Whether anybody is to do it.
    pub fn is_wanted(&self) -> bool {
        !self.here.borrow().unwanted
    }

    /// Whether anybody could do it now.
    pub fn is_there(&self) -> bool {
        let here = self.here.borrow().clone();
        let lent = || {
            let mut links = self.sites.links().into_iter();
            links.any(|link| self.offers(&link, None).next().is_some())
        };
        !here.unwanted && (here.own.is_some() || lent())
    }

    /// That a process of this machine does it, if one does.
    pub fn own(&self) -> Option<Arc<Process>> {
        match &self.here.borrow().own.as_ref()?.site {
            Site::Process(process) => Some(process.clone()),
            Site::Voice(_) | Site::Node(_) => None,
        }
    }

    /// Who would do it now and why, and whether that is a node.
    ///
    /// # Errors
    /// Nobody could.
    pub fn look(&self, wish: &Wish<'_>) -> Result<(Placement, bool), NoPlacement> {
        let Ranking {
            candidates,
            choices,
            ..
        } = self.rank(wish, false);
        let mut choices = choices?;
        let first = choices.swap_remove(0);
        let chosen = &candidates[first.index];
        let placement = Placement {
            capability: chosen.capability.to_string(),
            reason: first.reason,
        };
        Ok((placement, chosen.node.is_some()))
    }

    /// Where the last of it went, and why; `None` before any went to a node.
    pub fn placement(&self) -> Option<Placement> {
        let state = self.sites.lock();
        let placed = state.placed.get(&self.key())?;
        Some(placed.placement.clone())
    }

    /// Begins a job, with the frame that `open`s it for whoever has a capability.
    pub(super) fn begin(&self, wish: &Wish<'_>, open: impl Fn(Capability) -> JobFrame) -> Errand {
        match self.ranked(wish) {
            Ok(ranked) => Errand::begin(self.sites.clone(), ranked, open),
            Err(none) => Errand::nobody(self.sites.clone(), self.not_loaded(&none)),
        }
    }

    fn not_loaded(&self, none: &NoPlacement) -> ModelError {
        ModelError::NotLoaded {
            what: self.key(),
            help: none.to_string(),
        }
    }

    fn key(&self) -> String {
        format!("{}.{}", self.kind, self.name)
    }

    /// Which models, or voices, nodes offer for it now.
    pub fn lent(&self) -> Vec<String> {
        let links = self.sites.links();
        let offers = links.iter().flat_map(|link| self.offers(link, None));
        offers.map(|offer| offer.capability.variant).collect()
    }

    fn offers(&self, link: &Link, variant: Option<&str>) -> std::vec::IntoIter<Offer> {
        let (health, mut offers) = (link.health(), Vec::new());
        for offer in &health.borrow().offers {
            let it = &offer.capability;
            let engine = (&it.kind, &it.name) == (&self.kind, &self.name);
            if engine && variant.is_none_or(|variant| it.variant == variant) {
                offers.push(offer.clone());
            }
        }
        offers.into_iter()
    }

    /// Who could do it now; with `waits`, also whoever has enough to do as far as they have told.
    fn rank(&self, wish: &Wish<'_>, waits: bool) -> Ranking {
        let now = self.sites.began.elapsed();
        let here = self.here.borrow().clone();
        let links = match here.unwanted {
            true => Vec::new(),
            false => self.sites.links(),
        };
        let named = links.into_iter().filter_map(|link| {
            let known = (self.sites.known)(link.peer())?;
            Some((link, known))
        });
        let named: Vec<_> = named.collect();
        let state = self.sites.lock();
        let (mut candidates, mut sites) = (Vec::new(), Vec::new());
        if let Some(own) = &here.own {
            let mut candidate = own.candidate(wish);
            let key = (None, candidate.capability.to_string());
            let seen = state.records.get(&key).and_then(|it| it.recent.p95());
            candidate.first_output = seen.unwrap_or(candidate.first_output);
            candidates.push(candidate);
            sites.push((own.site.clone(), seen.is_some()));
        }
        for (link, known) in named {
            for offer in self.offers(&link, wish.variant) {
                let key = (Some(link.peer()), offer.capability.to_string());
                let record = state.records.get(&key);
                let rests = record.and_then(|it| it.breaker.rests(now));
                let seen = record.and_then(|it| it.recent.p95());
                let health = link.health();
                let (silent, load_permille) = {
                    let health = health.borrow();
                    (health.silent, health.load_permille)
                };
                let pace = Pace {
                    alone: Duration::from_millis(offer.first_ms.into()),
                    seen,
                    round_trip: link.round_trip(),
                    load_permille,
                };
                let unavailable = match (known.hears, rests) {
                    (None, _) => Some("it may hear nothing".to_owned()),
                    _ if silent || link.is_closed() => Some("it does not answer".to_owned()),
                    (_, Some(rests)) => {
                        let seconds = rests.as_secs().max(1);
                        Some(format!("it failed, and is tried again in {seconds} s"))
                    }
                    _ if offer.running >= offer.slots && !waits => {
                        Some("it has enough to do".to_owned())
                    }
                    _ => None,
                };
                candidates.push(Candidate {
                    capability: offer.capability,
                    node: Some(Node {
                        id: link.peer(),
                        name: known.name.clone(),
                    }),
                    may_hear: known.hears.unwrap_or(PrivacyScope::Persistent),
                    first_output: pace.expected(),
                    unavailable,
                });
                sites.push((Site::Node(link.clone()), seen.is_some()));
            }
        }
        let wanted = Wanted {
            kind: self.kind.clone(),
            name: None,
            tier: wish.tier,
            scope: wish.scope,
            beside: state.last,
        };
        Ranking {
            choices: placement::ranked(&candidates, &wanted),
            candidates,
            sites,
        }
    }

    /// The places, the best first, and the choice noted.
    fn ranked(&self, wish: &Wish<'_>) -> Result<Vec<Ranked>, NoPlacement> {
        let mut ranking = self.rank(wish, false);
        if ranking.choices.is_err() {
            // What a node tells is older than what it does; and to wait for one is better than no answer.
            ranking = self.rank(wish, true);
        }
        let Ranking {
            candidates,
            sites,
            choices,
        } = ranking;
        let choices = choices?;
        let mut state = self.sites.lock();
        if let Some(first) = choices.first() {
            let chosen = &candidates[first.index];
            let placed = Placed {
                node: chosen.node.as_ref().map(|it| it.id),
                placement: Placement {
                    capability: chosen.capability.to_string(),
                    reason: first.reason.clone(),
                },
            };
            state.last = placed.node;
            let before = state.placed.insert(self.key(), placed.clone());
            if before.is_none_or(|before| before.node != placed.node) {
                tracing::info!(reason = placed.placement.reason, "work is placed");
            }
        }
        drop(state);
        self.sites.changed.send_modify(|it| *it += 1);
        let places = choices.into_iter().map(|choice| {
            let candidate = &candidates[choice.index];
            let (site, seen) = &sites[choice.index];
            let expected = candidate.first_output;
            let late = match seen {
                true => expected,
                false => expected * BENEFIT_OF_DOUBT,
            };
            Ranked {
                place: loqa_core::errand::Place {
                    name: candidate.described(),
                    tries: if candidate.node.is_none() { 2 } else { 1 },
                    late: late.max(SOONEST_LATE),
                },
                site: site.clone(),
                capability: candidate.capability.clone(),
                node: candidate.node.as_ref().map(|it| it.id),
            }
        });
        Ok(places.collect())
    }
}
