//! The skill host: runs skills in two steps, and every utterance at most once.

mod carry;
mod prospect;

use super::{
    cards,
    deeds::Deeds,
    elsewhere::{Answers, Elsewhere, questions},
    executor::Executor,
    household::{LiveHousehold, Moment},
    own,
    plans::{Plans, Prepared, Work},
    registry::Registry,
    view::House,
};
use crate::{
    config::Patience,
    people::{self, Asking, Proofs, Ruled},
};
use futures::future::{BoxFuture, join_all};
use jiff::tz::TimeZone;
use loqa_core::{
    home::Home,
    policy::{Pin, Risk, Ruling},
    seams::{Committed, Draft, DraftId, HostError, PrepareRequest, Proof, SkillHost, Unproved},
};
use loqa_protocol::UtteranceId;
use loqa_skill_sdk::Reads;
use prospect::{Prospect, risk};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, atomic::AtomicUsize};
use tokio::sync::watch;

/// What a host is made of.
pub struct HostParts {
    /// The installed skills.
    pub registry: Registry,
    /// Areas and devices, which may be edited.
    pub home: watch::Receiver<Arc<Home>>,
    /// Time zone of the house.
    pub zone: TimeZone,
    /// State and time.
    pub household: Arc<LiveHousehold>,
    /// How devices are reached.
    pub executor: Box<dyn Executor>,
    /// How skills reach what is elsewhere.
    pub elsewhere: Elsewhere,
    /// Sentences for "what can I say": [`Registry::suggestions`].
    pub suggestions: Vec<String>,
    /// How patient Loqa is until somebody asks for more time, or less.
    pub patience: Patience,
}

/// Runs skills. Clones are the same host.
#[derive(Clone)]
pub struct Host(Arc<Inner>);

struct Inner {
    registry: RwLock<Arc<Registry>>,
    house: House,
    elsewhere: Elsewhere,
    household: Arc<LiveHousehold>,
    suggestions: Mutex<Vec<String>>,
    /// Times help was given.
    helped: AtomicUsize,
    plans: Mutex<Plans>,
    deeds: Mutex<Deeds>,
    /// For whose plan a refusal was written down last.
    refused: Mutex<Option<UtteranceId>>,
    /// Whose PINs were given.
    proofs: Proofs,
}

impl Host {
    /// A host without plans or memories.
    pub fn new(parts: HostParts) -> Host {
        let HostParts {
            registry,
            home,
            zone,
            household,
            executor,
            elsewhere,
            suggestions,
            patience,
        } = parts;
        Host(Arc::new(Inner {
            registry: RwLock::new(Arc::new(registry)),
            house: House {
                home,
                zone,
                executor,
                patience,
            },
            elsewhere,
            household,
            suggestions: Mutex::new(suggestions),
            helped: AtomicUsize::default(),
            plans: Mutex::default(),
            deeds: Mutex::default(),
            refused: Mutex::default(),
            proofs: Proofs::default(),
        }))
    }

    /// Whether this is the PIN of an owner. Takes some tens of milliseconds.
    ///
    /// # Errors
    /// It is not, or none is looked at for a while.
    pub fn is_owner(&self, pin: &Pin) -> Result<(), Unproved> {
        let moment = self.0.household.read();
        let now_ms = moment.wall.as_millisecond();
        self.0.proofs.is_owner(&moment.household, pin, now_ms)
    }

    /// Whether this is the PIN of that person.
    ///
    /// # Errors
    /// It is not, or none is looked at for a while.
    pub fn is_pin_of(&self, pin: &Pin, person: u64) -> Result<(), Unproved> {
        let moment = self.0.household.read();
        let now_ms = moment.wall.as_millisecond();
        let proofs = &self.0.proofs;
        proofs.is_of(&moment.household, pin, now_ms, person)
    }

    /// The household it acts on.
    pub fn household(&self) -> &Arc<LiveHousehold> {
        &self.0.household
    }

    /// The installed skills.
    pub fn registry(&self) -> Arc<Registry> {
        self.0.registry()
    }

    /// Has other skills from now on. What the former ones have prepared is prepared again.
    pub fn replace(&self, registry: Registry) {
        let registry = Arc::new(registry);
        *self
            .0
            .registry
            .write()
            .unwrap_or_else(PoisonError::into_inner) = registry;
    }

    /// What it suggests from now on: [`Registry::suggestions`].
    pub fn suggest(&self, suggestions: Vec<String>) {
        *lock(&self.0.suggestions) = suggestions;
    }

    /// All devices of the household as they are now, in file order.
    pub fn devices(&self) -> Vec<loqa_skill_sdk::Device> {
        let moment = self.0.household.read();
        let mut devices = self.0.house.at(&moment).devices();
        devices.retain(|device| !own::is_voice(&device.id));
        devices
    }

    /// All timers as they are now, oldest first.
    pub fn timers(&self) -> Vec<loqa_skill_sdk::Timer> {
        let moment = self.0.household.read();
        self.0.house.at(&moment).timers()
    }

    /// All alarms and reminders as they are now, oldest first.
    pub fn alarms(&self) -> Vec<loqa_skill_sdk::Alarm> {
        let moment = self.0.household.read();
        self.0.house.at(&moment).alarms()
    }

    /// What is done at a time of day, oldest first: alarms whose text is a sentence.
    pub fn schedules(&self) -> Vec<loqa_skill_sdk::Alarm> {
        let moment = self.0.household.read();
        self.0.house.at(&moment).schedules()
    }
}

impl SkillHost for Host {
    fn prepare(&self, request: &PrepareRequest) -> Result<Draft, HostError> {
        self.0.prepare(request)
    }

    fn commit(
        &self,
        utterance: UtteranceId,
        draft: DraftId,
    ) -> BoxFuture<'static, Result<Committed, HostError>> {
        let inner = self.0.clone();
        Box::pin(async move {
            let prepared = lock(&inner.plans)
                .take(draft)
                .filter(|prepared| prepared.request.utterance == utterance);
            let prepared =
                inner.renew(prepared.ok_or(HostError::Stale)?, &inner.household.read())?;
            if let Some(said) = inner.only_words(&prepared.work) {
                if let Work::Steps(steps) = &prepared.work {
                    for (step, _) in steps {
                        prepared.registry.invoked(&step.skill, &[]);
                    }
                }
                return Ok(said);
            }
            let answers = inner.ask_elsewhere(&prepared).await;
            // One fsync: too long for a thread that serves conversations.
            match tokio::task::spawn_blocking(move || inner.commit(prepared, &answers)).await {
                Ok(result) => result,
                Err(error) => Err(HostError::Failed(format!(
                    "Something went wrong inside me: {error}."
                ))),
            }
        })
    }

    fn prove(&self, pin: Pin) -> BoxFuture<'static, Result<Proof, Unproved>> {
        let inner = self.0.clone();
        Box::pin(async move {
            let proving = tokio::task::spawn_blocking(move || {
                let moment = inner.household.read();
                let now_ms = moment.wall.as_millisecond();
                inner.proofs.prove(&moment.household, &pin, now_ms)
            });
            proving.await.unwrap_or(Err(Unproved::Wrong))
        })
    }

    fn barred(&self, place: &str, room: Option<&str>) -> Vec<Risk> {
        let moment = self.0.household.read();
        people::barred(&moment.household, self.0.asking(place, room, &moment))
    }

    fn discard(&self, draft: DraftId) {
        lock(&self.0.plans).take(draft);
    }

    fn epoch(&self) -> u64 {
        self.0.household.epoch()
    }
}

impl Inner {
    fn registry(&self) -> Arc<Registry> {
        let registry = self.registry.read();
        registry.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn prepare(&self, request: &PrepareRequest) -> Result<Draft, HostError> {
        let prepared = self.plan(request, &self.household.read())?;
        let effects = match &prepared.work {
            Work::Steps(steps) => steps.iter().any(|(_, plan)| !plan.effects.is_empty()),
            Work::Undo(_) => true,
        };
        Ok(Draft {
            reply: prepared.reply.clone(),
            effects,
            confirm: prepared.confirm.clone(),
            pin: prepared.ruled.ruling == Ruling::Pin,
            hushed: prepared.ruled.hushed,
            ask: prepared.ask.clone(),
            epoch: prepared.epoch,
            id: lock(&self.plans).keep(prepared),
        })
    }

    /// What is answered to the questions of a plan, all asked at once. Nobody else waits meanwhile.
    async fn ask_elsewhere(&self, prepared: &Prepared) -> Answers {
        let asked: Vec<_> = match &prepared.work {
            Work::Steps(steps) => {
                let steps = steps.iter();
                steps
                    .flat_map(|(step, plan)| questions(&step.skill, &plan.effects))
                    .collect()
            }
            Work::Undo(deed) => {
                let deeds = &mut *lock(&self.deeds);
                let steps = deeds.get(*deed).map(|deed| deed.steps.iter());
                let steps = steps.into_iter().flatten();
                steps
                    .flat_map(|step| questions(&step.skill, &step.compensators))
                    .collect()
            }
        };
        let answers = asked.into_iter().filter_map(|(skill, request)| {
            let manifest = prepared.registry.manifest(&skill)?;
            Some(async move {
                let answer = self.elsewhere.ask(manifest, &request).await;
                (request, answer)
            })
        });
        join_all(answers).await.into_iter().collect()
    }

    /// What a request means at `moment`.
    fn plan(&self, request: &PrepareRequest, moment: &Moment) -> Result<Prepared, HostError> {
        let view = self.house.at(moment).heard_at(&request.place);
        let registry = self.registry();
        let prepared = |work, reply| Prepared {
            registry: registry.clone(),
            request: request.clone(),
            epoch: moment.epoch,
            home: view.home.clone(),
            work,
            reply,
            confirm: None,
            ask: None,
            risks: Vec::new(),
            ruled: self.ruled(&[], request, moment),
        };
        let mut steps = Vec::with_capacity(request.steps.len());
        let (mut undo, mut risks) = (None, Vec::new());
        for step in &request.steps {
            match self.prospect(&registry, step, request, &view, moment)? {
                Prospect::Do(plan) => {
                    risks.push(risk(&registry, step, &plan, &view));
                    steps.push((step.clone(), plan));
                }
                Prospect::Undo(deed, plan) => {
                    undo = Some(deed);
                    risks.push(risk(&registry, step, &plan, &view));
                    steps.push((step.clone(), plan));
                }
                Prospect::Ask { context, question } => {
                    return Ok(Prepared {
                        ask: Some(context),
                        ..prepared(Work::Steps(Vec::new()), question)
                    });
                }
            }
        }
        let reply = joined(steps.iter().map(|(_, plan)| plan.reply.as_str()));
        let ruled = self.ruled(&risks, request, moment);
        let confirm = joined(steps.iter().filter_map(|(_, plan)| plan.confirm.as_deref()));
        let confirm = match ruled.ruling {
            Ruling::Refuse => return Err(HostError::Failed(ruled.why.into())),
            // The PIN was the "yes".
            Ruling::Allow if request.proof.is_some() => String::new(),
            Ruling::Allow | Ruling::Show => confirm,
            Ruling::Confirm if confirm.is_empty() => {
                format!("You said: {}. Shall I do that?", request.text)
            }
            Ruling::Confirm => confirm,
            Ruling::Pin if confirm.is_empty() => {
                format!("You said: {}. What is the PIN?", request.text)
            }
            Ruling::Pin => format!("{confirm} What is the PIN?"),
        };
        let work = match undo {
            // Said together with other commands, "undo that" would have no clear meaning.
            Some(_) if steps.len() > 1 => {
                return Err(HostError::Failed(
                    "I can only undo one thing at a time.".into(),
                ));
            }
            Some(deed) => Work::Undo(deed),
            None => Work::Steps(steps),
        };
        Ok(Prepared {
            confirm: (!confirm.is_empty()).then_some(confirm),
            risks,
            ruled,
            ..prepared(work, reply)
        })
    }

    /// The plan as it must be carried out at `moment`: made anew if the household has changed
    /// since, in state, by an edit or in skills, as it does all the time where several people talk to it.
    fn renew(&self, prepared: Prepared, moment: &Moment) -> Result<Prepared, HostError> {
        if !self.still_ruled(&prepared, moment) {
            return Err(HostError::Stale);
        }
        let same_home = Arc::ptr_eq(&prepared.home, &self.house.home());
        let same_skills = Arc::ptr_eq(&prepared.registry, &self.registry());
        if prepared.epoch == moment.epoch && same_home && same_skills {
            return Ok(prepared);
        }
        let anew = self.plan(&prepared.request, moment)?;
        anew.stands_for(&prepared)
            .then_some(anew)
            .ok_or(HostError::Stale)
    }

    /// Whether the rules make of a plan what they did when it was prepared: they may be others now, somebody may
    /// have been a guest until a moment ago, and time passes.
    fn still_ruled(&self, prepared: &Prepared, moment: &Moment) -> bool {
        self.ruled(&prepared.risks, &prepared.request, moment) == prepared.ruled
    }

    /// What the household's rules make of steps of these risks.
    fn ruled(&self, risks: &[Risk], request: &PrepareRequest, moment: &Moment) -> Ruled {
        let asking = self.asking(&request.place, request.room.as_deref(), moment);
        let proven = request
            .proof
            .and_then(|proof| self.proofs.proven(&moment.household, proof, asking.now_ms));
        people::rule(&moment.household, risks, asking, proven)
    }

    fn asking<'a>(&self, place: &'a str, room: Option<&'a str>, moment: &Moment) -> Asking<'a> {
        let time = self.house.zoned(moment.wall).time();
        Asking {
            place,
            room,
            minute: u16::try_from(i32::from(time.hour()) * 60 + i32::from(time.minute()))
                .unwrap_or_default(),
            now_ms: moment.wall.as_millisecond(),
        }
    }

    /// What comes of work that changes nothing.
    fn only_words(&self, work: &Work) -> Option<Committed> {
        match work {
            Work::Steps(steps) if steps.iter().all(|(_, plan)| plan.effects.is_empty()) => {
                Some(Committed {
                    reply: joined(steps.iter().map(|(_, plan)| plan.reply.as_str())),
                    effects: Vec::new(),
                    ok: true,
                    cards: cards::of(steps),
                    told: Vec::new(),
                })
            }
            Work::Steps(_) | Work::Undo(_) => None,
        }
    }
}

/// Replies one after the other.
fn joined<'r>(replies: impl Iterator<Item = &'r str>) -> String {
    replies
        .filter(|reply| !reply.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Plans and memories are whole whenever the lock is free, even after a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
