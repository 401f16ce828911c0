//! Who answers a call that several microphones have heard: what the core decides, made to hold for conversations. One that
//! has not the word neither acts nor sounds.

use super::{Listening, Shared};
use crate::people::{MICROPHONE, NODE};
use futures::{FutureExt, future::BoxFuture, stream::BoxStream};
use loqa_core::{
    arbitration::{Arbitration, Bid, CallId, Outcome},
    policy::{Pin, Risk},
    seams::{
        ArmedReply, Committed, Draft, DraftId, HostError, ModelError, PrepareRequest, Proof,
        SkillHost, Speaker, SpeechChunk, Unproved,
    },
};
use loqa_protocol::{Called, SessionId, TurnId, UtteranceId};
use std::{
    collections::BTreeMap,
    future::pending,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::{sync::watch, time::sleep_until};

/// Nobody tells of a call that is longer ago.
const LONGEST_AGO: Duration = Duration::from_secs(60);

/// Where a claim stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// What follows the call is listened to; another may still take over.
    Leads,
    /// It answers.
    Chosen,
    /// Another one does.
    Lost,
}

/// Another microphone answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lost;

/// All calls of this hub.
pub struct Calls {
    began: tokio::time::Instant,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    arbitration: Arbitration<String>,
    claims: BTreeMap<(CallId, String), watch::Sender<Standing>>,
}

impl Default for Calls {
    fn default() -> Self {
        Calls {
            began: tokio::time::Instant::now(),
            inner: Mutex::default(),
        }
    }
}

impl Calls {
    /// The microphone at `place` was called; `others`: how many more might have heard that. `None`: another one answers.
    pub fn claim(self: &Arc<Self>, place: &str, called: &Called, others: usize) -> Option<Claim> {
        let now = self.began.elapsed();
        let ago = Duration::from_millis(called.ago_ms.into()).min(LONGEST_AGO);
        let bid = Bid {
            by: place.to_owned(),
            phrase: called.phrase.clone(),
            // This hub may have begun after that.
            end: (now + LONGEST_AGO).saturating_sub(ago),
            above_noise_db: called.above_noise_db,
            score: called.score,
            doubted: called.doubted,
            detector: called.detector.clone(),
        };
        let mut inner = self.lock();
        inner.decide(now);
        let outcome = inner.arbitration.bid(bid, others, now);
        let above_noise_db = called.above_noise_db;
        tracing::debug!(place, above_noise_db, ?outcome, "a call was heard");
        let Outcome::Leads {
            call,
            instead_of,
            sure,
        } = outcome
        else {
            return None;
        };
        if let Some(before) = instead_of {
            inner.tell(&(call, before), Standing::Lost);
        }
        let standing = if sure {
            Standing::Chosen
        } else {
            Standing::Leads
        };
        let (sender, standing) = watch::channel(standing);
        let key = (call, place.to_owned());
        inner.claims.insert(key.clone(), sender);
        drop(inner);
        Some(Claim {
            calls: self.clone(),
            key,
            standing,
            doubted: called.doubted,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn decide(&mut self, now: Duration) {
        for chosen in self.arbitration.decide(now) {
            self.tell(&chosen, Standing::Chosen);
        }
    }

    fn tell(&self, whom: &(CallId, String), standing: Standing) {
        if let Some(claim) = self.claims.get(whom) {
            claim.send_replace(standing);
        }
    }
}

impl Shared {
    /// The microphone at `place` was called, or somebody has pressed a key, which nobody else has heard.
    ///
    /// # Errors
    /// Another one answers.
    pub(super) fn claim(
        &self,
        place: &str,
        called: Option<&Called>,
    ) -> Result<Option<Arc<Claim>>, Lost> {
        let Some(called) = called.filter(|called| !called.phrase.is_empty()) else {
            return Ok(None);
        };
        let others = self.microphones_besides(place);
        let claim = self.claims.claim(place, called, others);
        claim.map(|claim| Some(Arc::new(claim))).ok_or(Lost)
    }

    /// How many others may have heard what was said at `place`.
    fn microphones_besides(&self, place: &str) -> usize {
        let own = matches!(
            *self.listening.borrow(),
            Listening::Asleep(_) | Listening::Awake(_)
        );
        let own = own && place != MICROPHONE && !self.config.listen.wake.is_empty();
        let household = self.store.snapshot();
        let pucks = self.linked.pucks().into_iter().map(|node| node.to_string());
        let pucks = pucks.filter(|node| place.strip_prefix(NODE) != Some(node));
        let hears = |node: &String| household.nodes.get(node).is_some_and(|it| !it.muted);
        pucks.filter(hears).count() + usize::from(own)
    }
}

/// That a microphone may answer a call, or might.
pub struct Claim {
    calls: Arc<Calls>,
    key: (CallId, String),
    standing: watch::Receiver<Standing>,
    doubted: bool,
}

impl Claim {
    /// Where it stands now.
    pub fn standing(&self) -> Standing {
        *self.standing.borrow()
    }

    /// Whether it was a call is not known yet: something has to come of what follows.
    pub fn is_doubted(&self) -> bool {
        self.doubted && self.standing() == Standing::Leads
    }

    /// Whether that was so when it was made.
    pub fn was_doubted(&self) -> bool {
        self.doubted
    }

    /// Resolves once it is sure who answers. May be dropped and called again.
    pub async fn decided(&self) {
        let mut standing = self.standing.clone();
        loop {
            let deadline = self.calls.lock().arbitration.deadline();
            let due = deadline.map(|at| self.calls.began + at);
            tokio::select! {
                biased;
                decided = until_sure(&mut standing) => match decided {
                    true => return,
                    // It was told again, by another claim.
                    false => return pending().await,
                },
                () = sleep_until(due.unwrap_or(self.calls.began)), if due.is_some() => {
                    self.calls.lock().decide(self.calls.began.elapsed());
                }
            }
        }
    }

    /// Something is about to come of the call: whether it may. Then it answers.
    pub fn settle(&self) -> bool {
        let mut inner = self.calls.lock();
        match self.standing() {
            Standing::Chosen => true,
            Standing::Lost => false,
            Standing::Leads => {
                let settled = inner.arbitration.settle(self.key.0, &self.key.1);
                let standing = if settled {
                    Standing::Chosen
                } else {
                    Standing::Lost
                };
                inner.tell(&self.key, standing);
                settled
            }
        }
    }
}

/// False: nobody decides it any more.
async fn until_sure(standing: &mut watch::Receiver<Standing>) -> bool {
    let sure = standing.wait_for(|now| *now != Standing::Leads).await;
    sure.is_ok()
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut inner = self.calls.lock();
        // Whoever has told again has another.
        let own = inner.claims.get(&self.key);
        if !own.is_some_and(|claim| claim.subscribe().same_channel(&self.standing)) {
            return;
        }
        inner.claims.remove(&self.key);
        if self.standing() == Standing::Leads {
            inner.arbitration.withdraw(self.key.0, &self.key.1);
        }
    }
}

/// What a conversation may do for what is said at the moment.
#[derive(Clone, Default)]
pub struct Word(Arc<Mutex<Spoken>>);

#[derive(Default)]
struct Spoken {
    claim: Option<Arc<Claim>>,
    utterance: Option<u128>,
    /// Plans of it that were carried out.
    done: u32,
}

impl Word {
    /// Something else is said, by whoever has this claim; without one nobody disputes the word. `utterance` names it, also
    /// where it is said again.
    pub fn take(&self, claim: Option<Arc<Claim>>, utterance: Option<u128>) {
        *self.lock() = Spoken {
            claim,
            utterance,
            done: 0,
        };
    }

    fn lock(&self) -> MutexGuard<'_, Spoken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settle(&self) -> bool {
        let claim = self.lock().claim.clone();
        claim.is_none_or(|claim| claim.settle())
    }

    /// What the ledger calls the next plan, whichever hub carries it out.
    fn once(&self) -> Option<UtteranceId> {
        let spoken = self.lock();
        spoken.utterance.map(|utterance| UtteranceId {
            session: SessionId(utterance),
            turn: TurnId(spoken.done),
        })
    }
}

/// A skill host that acts for nobody without the word.
pub struct WithWord<T> {
    inner: T,
    word: Word,
}

impl<T> WithWord<T> {
    /// As this word has it.
    pub fn new(inner: T, word: Word) -> WithWord<T> {
        WithWord { inner, word }
    }
}

impl SkillHost for WithWord<Arc<dyn SkillHost>> {
    fn prepare(&self, request: &PrepareRequest) -> Result<Draft, HostError> {
        match self.word.once() {
            None => self.inner.prepare(request),
            once => self.inner.prepare(&PrepareRequest {
                once,
                ..request.clone()
            }),
        }
    }

    fn commit(
        &self,
        utterance: UtteranceId,
        draft: DraftId,
    ) -> BoxFuture<'static, Result<Committed, HostError>> {
        if !self.word.settle() {
            self.inner.discard(draft);
            let elsewhere = HostError::Failed("Somebody else answers.".into());
            return async { Err(elsewhere) }.boxed();
        }
        self.word.lock().done += 1;
        self.inner.commit(utterance, draft)
    }

    fn prove(&self, pin: Pin) -> BoxFuture<'static, Result<Proof, Unproved>> {
        self.inner.prove(pin)
    }

    fn barred(&self, place: &str, room: Option<&str>) -> Vec<Risk> {
        self.inner.barred(place, room)
    }

    fn discard(&self, draft: DraftId) {
        self.inner.discard(draft);
    }

    fn epoch(&self) -> u64 {
        self.inner.epoch()
    }
}

impl Speaker for WithWord<Arc<dyn Speaker>> {
    fn arm(
        &self,
        audio: BoxStream<'static, Result<SpeechChunk, ModelError>>,
    ) -> Box<dyn ArmedReply> {
        Box::new(WithWord {
            inner: self.inner.arm(audio),
            word: self.word.clone(),
        })
    }
}

impl ArmedReply for WithWord<Box<dyn ArmedReply>> {
    fn start(&self) -> BoxFuture<'static, Result<Instant, ModelError>> {
        if self.word.settle() {
            return self.inner.start();
        }
        async { Err(ModelError::Backend("another microphone answers".into())) }.boxed()
    }

    fn finished(&self) -> BoxFuture<'static, Duration> {
        self.inner.finished()
    }

    fn heard(&self) -> Duration {
        self.inner.heard()
    }

    fn set_gain_db(&self, gain_db: f32) {
        self.inner.set_gain_db(gain_db);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(above_noise_db: f32) -> Called {
        Called {
            phrase: "hey loqa".into(),
            above_noise_db,
            ..Called::default()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_heard_it_better_takes_the_word_until_something_has_come_of_it() {
        let calls = Arc::new(Calls::default());
        let hall = calls.claim("hall", &called(12.0), 2).unwrap();
        assert!(hall.decided().now_or_never().is_none());
        let kitchen = calls.claim("kitchen", &called(24.0), 2).unwrap();
        hall.decided().await;
        assert_eq!(hall.standing(), Standing::Lost);
        let (quiet, loud) = (Word::default(), Word::default());
        quiet.take(Some(hall.into()), None);
        loud.take(Some(kitchen.into()), None);
        assert_eq!((quiet.settle(), loud.settle()), (false, true));
        assert!(calls.claim("desk", &called(40.0), 2).is_none());
        // Nobody else tells.
        let later = Called {
            ago_ms: 5000,
            ..called(12.0)
        };
        let slow = calls.claim("hall", &later, 2).unwrap();
        assert_eq!(slow.standing(), Standing::Leads);
        slow.decided().await;
        assert_eq!(slow.standing(), Standing::Chosen);
        // Another call.
        let later = Called {
            phrase: "computer".into(),
            ..called(3.0)
        };
        let lone = calls.claim("desk", &later, 0).unwrap();
        assert_eq!(lone.standing(), Standing::Chosen);
    }

    #[test]
    fn what_is_said_again_has_the_name_it_had_and_each_plan_of_it_another() {
        let word = Word::default();
        assert_eq!(word.once(), None);
        let name = |word: &Word| word.once().map(|it| (it.session.0, it.turn.0));
        word.take(None, Some(9));
        assert_eq!(name(&word), Some((9, 0)));
        word.lock().done += 1;
        assert_eq!(name(&word), Some((9, 1)));
        word.take(None, Some(9));
        assert_eq!(name(&word), Some((9, 0)));
    }
}
