//! Models that come from the hub over the link: asked for whenever there is one, gone on with where it was lost, at work as
//! soon as they are here.

use super::{Models, Wanted, Weights, Worker, measure::measure_worker, wanted::mb};
use crate::link::Reached;
use loqa_core::resilience::Breaker;
use loqa_link::{
    Shelf,
    wire::{Health, Link, TakeError, Taken, take},
};
use std::{future, path::Path, sync::Arc, time::Duration};
use tokio::{
    sync::watch::Receiver,
    time::{Instant, sleep},
};

/// Until what was wrong when all had come is tried again: it is long, and somebody has to do something.
const MUCH_LATER: Duration = Duration::from_secs(3600);
/// It is told how far a model is each time that so much more of it has come, percent.
const TOLD: u64 = 10;

/// Has what the settings name come from the hub, for as long as this program runs.
pub async fn fetch(models: Arc<Models>, mut hub: Reached) {
    let Some(shelf) = &models.shelf else { return };
    let names = models.of_hub.iter().filter_map(|it| match &it.weights {
        Weights::OfHub(name) => Some(name.as_str()),
        Weights::File(_) | Weights::Neither(_) => None,
    });
    shelf.keep_only(&names.collect::<Vec<_>>());
    loop {
        let here = |link: &Option<Link>| link.as_ref().is_some_and(|it| !it.is_closed());
        let link = match hub.wait_for(here).await {
            Ok(link) => link.clone(),
            Err(_) => return,
        };
        if let Some(link) = link {
            tokio::select! {
                biased;
                _ = link.closed() => {}
                () = fetch_all(&models, shelf, &link) => {}
            }
        }
    }
}

/// Whatever is wanted, over one link; never over.
async fn fetch_all(models: &Models, shelf: &Shelf, link: &Link) {
    let began = Instant::now();
    let mut hub = link.health();
    let mut left: Vec<_> = models.of_hub.iter().map(Attempt::of).collect();
    loop {
        let given = hub.borrow().models;
        let mut still = Vec::new();
        for mut attempt in left {
            if attempt.rests(began.elapsed()).is_some()
                || !attempt.make(models, shelf, link, began).await
            {
                still.push(attempt);
            }
        }
        left = still;
        let now = began.elapsed();
        let rests = left.iter().map(|it| it.rests(now).unwrap_or_default());
        let next = rests.min();
        tokio::select! {
            () = sleep(next.unwrap_or_default()), if next.is_some() => {}
            // Perhaps it is among them, or another of its name.
            true = others(&mut hub, given) => {
                left = models.of_hub.iter().map(Attempt::of).collect();
            }
            else => future::pending().await,
        }
    }
}

/// Waits until the hub has other models than when it had changed them so often; `false`: the link is over.
async fn others(hub: &mut Receiver<Health>, given: u64) -> bool {
    hub.wait_for(|it| it.models != given).await.is_ok()
}

/// One that has not come yet.
struct Attempt<'a> {
    wanted: &'a Wanted,
    breaker: Breaker,
    /// Not before, whatever the breaker says.
    until: Duration,
    /// What was said of the last failure: it is said once.
    told: String,
}

impl<'a> Attempt<'a> {
    fn of(wanted: &'a Wanted) -> Self {
        Attempt {
            wanted,
            breaker: Breaker::default(),
            until: Duration::ZERO,
            told: String::new(),
        }
    }

    fn rests(&self, now: Duration) -> Option<Duration> {
        let later = self.until.checked_sub(now).filter(|it| !it.is_zero());
        later.max(self.breaker.rests(now))
    }

    /// Whether there is no more to do.
    async fn make(&mut self, models: &Models, shelf: &Shelf, link: &Link, began: Instant) -> bool {
        let capability = self.wanted.capability();
        let model = &capability.variant;
        let mut next = None;
        let mut told = |here: u64, bytes: u64| {
            let percent = 100 * here / bytes.max(1);
            if next.is_none_or(|next| percent >= next) {
                next = Some(percent - percent % TOLD + TOLD);
                eprintln!(
                    "Fetching {model} from the hub: {percent} % of {}.",
                    mb(bytes)
                );
            }
        };
        let error = match take(link, &capability, shelf, &mut told).await {
            Ok(Taken::Same(file)) => {
                // The link may have ended while it was being tried.
                if !models.is_offered(&capability) {
                    begin(models, self.wanted, &file).await;
                }
                return true;
            }
            Ok(Taken::New(file)) => {
                begin(models, self.wanted, &file).await;
                return true;
            }
            Err(error) => error,
        };
        let now = began.elapsed();
        self.breaker.failed(now);
        match &error {
            // The hub is at something else, or the link is gone, which is told elsewhere.
            TakeError::Link(_) => return false,
            // What is here from before works without the hub's.
            TakeError::Refused(_) if models.worker(&capability).is_some() => return true,
            TakeError::Sum { .. } | TakeError::Older => self.until = now + MUCH_LATER,
            _ => {}
        }
        let problem = error.problem();
        let words = format!(
            "{model} is not fetched: {}\n  help: {}",
            problem.message, problem.help
        );
        if self.told != words {
            eprintln!("{words}");
            self.told = words;
        }
        false
    }
}

/// Has a model work that has come.
async fn begin(models: &Models, wanted: &Wanted, file: &Path) {
    let capability = wanted.capability();
    let worker = match Worker::of(wanted, file) {
        Ok(worker) => worker,
        Err(why) => {
            eprintln!("{capability} cannot be used: {why}");
            return;
        }
    };
    models.add(worker);
    let Some(worker) = models.worker(&capability) else {
        return;
    };
    if measure_worker(models, &worker).await {
        eprintln!("{capability} is here, and offered to the hub.");
    } else {
        models.remove(&capability);
        let why = match worker.process.loaded().await {
            Err(error) => error.to_string(),
            Ok(_) => "it does not answer".into(),
        };
        eprintln!("{capability} is here and cannot be used: {why}");
    }
}
