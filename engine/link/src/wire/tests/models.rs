//! Models on their way to a node, over a net that is cut, from a hub that errs, onto a disk that does not want them.

use super::*;
use crate::Shelf;
use loqa_protocol::{Capability, Problem, model::Sha256};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use sha2::Digest;
use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};
use tokio::{sync::Semaphore, time::timeout};

const LENGTH: usize = 5_000_000;

fn capability() -> Capability {
    "stt.whisper:whisper-base-en".parse().unwrap()
}

/// A file of the hub's.
fn file(folder: &Path, seed: u64) -> Given {
    let mut bytes = vec![0; LENGTH];
    Xoshiro256PlusPlus::seed_from_u64(seed).fill(&mut bytes[..]);
    let file = folder.join(format!("{seed}.bin"));
    fs::write(&file, &bytes).unwrap();
    Given {
        file,
        bytes: LENGTH as u64,
        sha256: sha2::Sha256::digest(&bytes).into(),
    }
}

/// The hub gives this to whoever asks over that link; how many bytes it has sent is added up, and what came of the first is
/// told.
async fn gives(link: Link, given: Given, sent: Arc<AtomicU64>) -> Result<(), GiveError> {
    let Ok(Incoming::Model(mut request)) = link.accept().await else {
        panic!("a model is asked for")
    };
    let wanted = request.wanted().await.unwrap();
    assert_eq!(wanted.capability, capability());
    let mut before = None;
    let mut told = |here: u64| {
        let added = here - before.unwrap_or(here);
        before = Some(here);
        sent.fetch_add(added, Ordering::Relaxed);
    };
    let turn = Semaphore::new(1);
    request.give(&wanted, &given, &turn, &mut told).await
}

async fn takes(link: &Link, shelf: &Shelf) -> Result<Taken, TakeError> {
    take(link, &capability(), shelf, &mut |_, _| {}).await
}

fn names(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).into_iter().flatten();
    let names = files.map(|it| it.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[tokio::test(start_paused = true)]
async fn a_model_comes_is_gone_on_with_after_a_cut_and_comes_again_only_if_it_is_another() {
    let mut house = house(40).await;
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::of(folder.path().join("models"));
    let given = file(folder.path(), 1);
    let sent = Arc::<AtomicU64>::default();

    // The net ends in the middle of it.
    let giving = tokio::spawn(gives(house.at_hub.clone(), given.clone(), sent.clone()));
    let net = house.net.clone();
    let mut told = |here: u64, _| {
        if here > LENGTH as u64 / 2 {
            net.cut("10.0.0.2:9000", true);
        }
    };
    let cut = take(&house.at_node, &capability(), &shelf, &mut told).await;
    assert!(matches!(cut, Err(TakeError::Link(_))), "{cut:?}");
    let given_up = giving.await.unwrap();
    assert!(matches!(given_up, Err(GiveError::Link(_))), "{given_up:?}");
    assert!(shelf.kept("whisper-base-en").is_none());
    let begun = shelf.begun("whisper-base-en").unwrap();
    assert!(begun.here > LENGTH as u64 / 2 && begun.here < LENGTH as u64);

    let again = async |house: &mut House, given: &Given| {
        house.net.cut("10.0.0.2:9000", false);
        house.at_node = house.dialer.dial(at()).await.unwrap();
        house.at_hub = house.listener.accept().await.unwrap();
        sent.store(0, Ordering::Relaxed);
        let giving = tokio::spawn(gives(house.at_hub.clone(), given.clone(), sent.clone()));
        let taken = takes(&house.at_node, &shelf).await.unwrap();
        timeout(ms(60_000), giving).await.unwrap().unwrap().unwrap();
        (taken, sent.load(Ordering::Relaxed))
    };
    let (taken, rest) = again(&mut house, &given).await;
    let Taken::New(new) = taken else {
        panic!("{taken:?}")
    };
    assert_eq!(rest, LENGTH as u64 - begun.here);
    assert_eq!(fs::read(&new).unwrap(), fs::read(&given.file).unwrap());
    assert!(shelf.begun("whisper-base-en").is_none());

    assert_eq!(again(&mut house, &given).await, (Taken::Same(new), 0));

    let other = file(folder.path(), 2);
    let (taken, all) = again(&mut house, &other).await;
    let Taken::New(new) = taken else {
        panic!("{taken:?}")
    };
    assert_eq!(all, LENGTH as u64);
    assert_eq!(fs::read(&new).unwrap(), fs::read(&other.file).unwrap());
    assert_eq!(names(new.parent().unwrap()).len(), 1);
    shelf.keep_only(&[]);
    assert!(names(new.parent().unwrap()).is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_what_the_hub_said_does_not_fit_or_cannot_be_written_counts_for_nothing() {
    let house = house(41).await;
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::of(folder.path().join("models"));
    let whole = file(folder.path(), 1);
    let tries = async |given: Given, shelf: &Shelf| {
        let giving = gives(house.at_hub.clone(), given, Arc::default());
        let (taken, gave) = tokio::join!(takes(&house.at_node, shelf), giving);
        let (Err(here), Err(GiveError::Useless(there))) = (taken, gave) else {
            panic!("it counts")
        };
        // Both ends know the same.
        assert_eq!(here.problem(), there);
        there.code
    };

    let sha256 = Sha256::default();
    let wrong = Given {
        sha256,
        ..whole.clone()
    };
    assert_eq!(tries(wrong, &shelf).await, "model_sum");
    let long = Given {
        bytes: 1 << 60,
        ..whole.clone()
    };
    assert_eq!(tries(long, &shelf).await, "model_full");
    // The hub's own file is shorter than it says.
    let cut = Given {
        bytes: whole.bytes + 1,
        ..whole.clone()
    };
    assert_eq!(tries(cut, &shelf).await, "model_damaged");
    shelf.keep_only(&[]);
    let gone = Given {
        file: folder.path().join("gone"),
        ..whole.clone()
    };
    assert_eq!(tries(gone, &shelf).await, "model_damaged");
    shelf.keep_only(&[]);
    let occupied = Shelf::of(whole.file.clone());
    assert_eq!(tries(whole, &occupied).await, "model_disk");
    assert!(names(&folder.path().join("models")).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_hub_says_why_it_gives_nothing_and_one_that_knows_no_models_is_called_older() {
    let house = house(42).await;
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::of(folder.path().join("models"));
    let problem = Problem {
        code: "model_not_here".into(),
        message: "the hub has not fetched it yet".into(),
        help: "fetch it".into(),
    };
    let refusing = async {
        let Incoming::Model(request) = house.at_hub.accept().await.unwrap() else {
            panic!("a model is asked for")
        };
        request.refuse(problem.clone()).await;
        let Incoming::Model(request) = house.at_hub.accept().await.unwrap() else {
            panic!("a model is asked for")
        };
        request.too_many();
    };
    let asking = async {
        let refused = takes(&house.at_node, &shelf).await.unwrap_err();
        assert_eq!(refused.problem(), problem);
        let many = takes(&house.at_node, &shelf).await.unwrap_err();
        let reset = LinkError::Reset(Reason::TooMany).to_string();
        assert_eq!(many.to_string(), reset);
    };
    tokio::join!(refusing, asking);
    // As an older one does with a stream whose kind it does not know.
    let older = TakeError::from(LinkError::Reset(Reason::UnknownKind));
    assert_eq!(older.problem().code, "model_older");
    assert!(!folder.path().join("models").exists());
}
