//! One file of a model, fetched whole or gone on with later: from where it stopped, if it is still the
//! same file.

use crate::egress::{Address, Consent, Download, Egress, EgressError, Purpose, Request};
use hyper::{
    Uri,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
use serde::{Deserialize, Serialize};
use sha2::Digest;
use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep},
};

/// Times it may be sent on to another place.
const HOPS: usize = 5;
/// No file is longer, bytes.
const LONGEST: u64 = 200 << 30;
/// What stays free on the disk for everything else, bytes.
const SPARE: u64 = 256 << 20;
/// What is read at once to find a checksum.
const PIECE: usize = 1 << 20;

/// How long is waited for whoever sends.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For the next bytes.
    pub silence: Duration,
    /// Before the first new attempt; twice as long before each later one.
    pub pause: Duration,
    /// New attempts in a row without anything new.
    pub attempts: u32,
    /// So many bytes must come in each such time.
    pub least: (u64, Duration),
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            silence: Duration::from_secs(30),
            pause: Duration::from_secs(1),
            attempts: 5,
            least: (30_000, Duration::from_secs(30)),
        }
    }
}

/// A file that somebody wants.
pub struct Wanted<'a> {
    /// Of which model.
    pub model: &'a str,
    /// Where it is.
    pub url: &'a str,
    /// Its checksum is known: if what was gone on with is another file, that is found out.
    pub known: bool,
    /// How long it must be, bytes.
    pub bytes: Option<u64>,
    /// Where it grows until it is whole.
    pub part: PathBuf,
}

/// How far it is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Progress {
    /// Bytes that are here.
    pub here: u64,
    /// Bytes in all, where they are known.
    pub all: Option<u64>,
}

/// Why a file is not here. What has come is kept, unless it is said otherwise.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// It is not written as an address.
    #[error("`{0}` is no address of a file")]
    Address(String),
    /// Nobody can be reached, or nobody may.
    #[error(transparent)]
    Egress(#[from] EgressError),
    /// It is not there.
    #[error("{host} answers {status}")]
    Status {
        /// Who answers.
        host: String,
        /// HTTP's number.
        status: u16,
    },
    /// It was sent on too often.
    #[error("{0} sends on and on")]
    Hops(String),
    /// It stopped again and again.
    #[error("it stopped: {0}")]
    Stopped(String),
    /// It is longer or shorter than it can be.
    #[error("it is {here} bytes long, and should be {wanted}")]
    Length {
        /// As it is said, or found.
        here: u64,
        /// As it should be.
        wanted: u64,
    },
    /// There is no room.
    #[error("the disk has no room for it: {missing} MB are missing")]
    Room {
        /// So much more is needed.
        missing: u64,
    },
    /// It is something else than it should be.
    #[error("its checksum is {found}, and should be {wanted}")]
    Checksum {
        /// Of what came.
        found: String,
        /// Of what was wanted.
        wanted: String,
    },
    /// One file was named, and the model has so many.
    #[error("the model has {0} files, and one was named")]
    OneOf(usize),
    /// The disk.
    #[error("{path}: {source}")]
    Disk {
        /// Where.
        path: String,
        /// Why.
        source: io::Error,
    },
}

/// What a part is a part of.
#[derive(Default, Serialize, Deserialize)]
struct Origin {
    url: String,
    /// What tells it from a later one of the same address.
    validator: Option<String>,
}

/// How an attempt ended that did not bring it.
enum Attempt {
    /// Another may go on.
    Again(String),
    /// Nobody is there, who may come back.
    Away(EgressError),
    Over(FetchError),
}

impl From<FetchError> for Attempt {
    fn from(error: FetchError) -> Attempt {
        Attempt::Over(error)
    }
}

/// Fetches a file into its part.
///
/// # Errors
/// [`FetchError`].
pub async fn fetch(
    egress: &Egress,
    wanted: &Wanted<'_>,
    patience: Patience,
    told: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), FetchError> {
    let mut failed = 0;
    let first = length(&wanted.part);
    loop {
        let before = length(&wanted.part);
        match attempt(egress, wanted, patience, told).await {
            Ok(()) => return Ok(()),
            // Whoever has sent nothing yet is not waited for.
            Err(Attempt::Away(error)) if length(&wanted.part) <= first => return Err(error.into()),
            Err(attempt) => {
                let reason = match attempt {
                    Attempt::Again(reason) => reason,
                    Attempt::Away(error) => error.to_string(),
                    Attempt::Over(error) => return Err(error),
                };
                failed = if length(&wanted.part) > before {
                    1
                } else {
                    failed + 1
                };
                if failed > patience.attempts {
                    return Err(FetchError::Stopped(reason));
                }
                sleep(patience.pause * (1 << (failed - 1).min(6))).await;
            }
        }
    }
}

/// SHA-256 of a file as lower-case hex, and its length.
///
/// # Errors
/// It cannot be read.
pub fn checksum<D: Digest>(path: &Path) -> io::Result<(String, u64)> {
    let mut file = fs::File::open(path)?;
    let (mut sum, mut bytes) = (D::new(), 0);
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece)? {
            0 => break,
            read => {
                sum.update(&piece[..read]);
                bytes += read as u64;
            }
        }
    }
    Ok((hex::encode(sum.finalize()), bytes))
}

async fn attempt(
    egress: &Egress,
    wanted: &Wanted<'_>,
    patience: Patience,
    told: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), Attempt> {
    let disk = |source| on_disk(&wanted.part, source);
    let known = fs::read(origin(&wanted.part)).ok();
    let known: Option<Origin> = known.and_then(|text| serde_json::from_slice(&text).ok());
    let known = known.filter(|known| known.url == wanted.url);
    // Only what can be told from another file is gone on with.
    let sure = |known: &Origin| known.validator.is_some() || wanted.known;
    let mut here = match known.as_ref().is_some_and(sure) {
        true => length(&wanted.part),
        false => 0,
    };
    if here > 0 && Some(here) == wanted.bytes {
        return Ok(());
    }
    let mut headers = HeaderMap::new();
    headers.insert(
        header::ACCEPT_ENCODING,
        HeaderValue::from_static("identity"),
    );
    if here > 0 {
        let validator = known.and_then(|known| known.validator);
        let values = [
            (header::RANGE, Some(format!("bytes={here}-"))),
            (header::IF_RANGE, validator),
        ];
        for (name, value) in values {
            if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
                headers.insert(name, value);
            }
        }
    }
    let mut answer = ask(egress, wanted, headers, patience).await?;
    let text = |name: HeaderName| answer.headers.get(name).and_then(|it| it.to_str().ok());
    let number = |name| text(name).and_then(|it| it.parse::<u64>().ok());
    let all = match answer.status {
        200 => {
            here = 0;
            number(header::CONTENT_LENGTH)
        }
        206 => {
            let range = text(header::CONTENT_RANGE).and_then(range);
            let Some((_, all)) = range.filter(|(from, _)| *from == here && here > 0) else {
                truncate(&wanted.part).map_err(disk)?;
                return Err(Attempt::Again(
                    "another part came than was asked for".into(),
                ));
            };
            all
        }
        // All of it is here: what ended then was the program.
        416 if text(header::CONTENT_RANGE).and_then(|it| it.strip_prefix("bytes */"))
            == Some(&here.to_string()) =>
        {
            return Ok(());
        }
        416 if here > 0 => {
            truncate(&wanted.part).map_err(disk)?;
            return Err(Attempt::Again("it has no such part".into()));
        }
        429 | 500..=599 => return Err(Attempt::Again(format!("it answers {}", answer.status))),
        status => {
            let host = wanted.url.to_owned();
            return Err(FetchError::Status { host, status }.into());
        }
    };
    let should = wanted.bytes.unwrap_or(LONGEST);
    if let Some(all) = all
        && (all > should || wanted.bytes.is_some_and(|bytes| bytes != all))
    {
        let length = FetchError::Length {
            here: all,
            wanted: should,
        };
        return Err(length.into());
    }
    let folder = wanted.part.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(disk)?;
    room(folder, all.unwrap_or(0).saturating_sub(here))?;
    let validator = text(header::ETAG).filter(|etag| !etag.starts_with("W/"));
    let kept = Origin {
        url: wanted.url.into(),
        validator: validator.or(text(header::LAST_MODIFIED)).map(str::to_owned),
    };
    let mut file = fs::OpenOptions::new();
    let file = file
        .create(true)
        .append(here > 0)
        .write(true)
        .truncate(here == 0);
    let mut file = file.open(&wanted.part).map_err(disk)?;
    let origin = serde_json::to_vec(&kept).unwrap_or_default();
    fs::write(self::origin(&wanted.part), origin).map_err(disk)?;
    let (mut since, mut came) = (Instant::now(), 0);
    loop {
        told(Progress { here, all });
        let piece = answer.next().await.map_err(Attempt::Again)?;
        let Some(piece) = piece else { break };
        here += piece.len() as u64;
        came += piece.len() as u64;
        if here > all.unwrap_or(should) {
            truncate(&wanted.part).map_err(disk)?;
            let wanted = all.unwrap_or(should);
            return Err(FetchError::Length { here, wanted }.into());
        }
        file.write_all(&piece).map_err(disk)?;
        let (least, window) = patience.least;
        if since.elapsed() >= window {
            if came < least {
                return Err(Attempt::Again(format!(
                    "only {came} bytes came in {} s",
                    window.as_secs_f32()
                )));
            }
            (since, came) = (Instant::now(), 0);
        }
    }
    // It may take seconds, during which others speak.
    let kept = spawn_blocking(move || file.sync_all()).await;
    kept.unwrap_or_else(|error| Err(io::Error::other(error)))
        .map_err(disk)?;
    match all {
        Some(all) if here < all => Err(Attempt::Again(format!("{} of {all} bytes came", here))),
        _ => Ok(()),
    }
}

/// Asks for a file, at whichever place it is sent on to.
async fn ask(
    egress: &Egress,
    wanted: &Wanted<'_>,
    headers: HeaderMap,
    patience: Patience,
) -> Result<Download, Attempt> {
    let mut url = wanted.url.to_owned();
    for _ in 0..=HOPS {
        let (to, path) = place(&url)?;
        let request = Request {
            purpose: Purpose::Model,
            who: wanted.model,
            to: &to,
            scope: None,
            consent: Consent::Order(wanted.model),
        };
        let asked = egress.download(request, &path, headers.clone(), patience.silence);
        let answer = asked.await.map_err(|error| match error {
            EgressError::Unreachable { .. } | EgressError::Unexpected { .. } => {
                Attempt::Away(error)
            }
            error => Attempt::Over(error.into()),
        })?;
        if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
            return Ok(answer);
        }
        let next = answer.headers.get(header::LOCATION);
        let next = next.and_then(|next| next.to_str().ok()).unwrap_or_default();
        url = match next.starts_with('/') && !next.starts_with("//") {
            true => format!("{}{next}", to),
            false => next.to_owned(),
        };
    }
    Err(FetchError::Hops(url).into())
}

/// The place of an address, and the path there with what is behind a `?`.
fn place(url: &str) -> Result<(Address, String), FetchError> {
    let wrong = || FetchError::Address(url.to_owned());
    let uri: Uri = url.parse().map_err(|_| wrong())?;
    let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.authority()) else {
        return Err(wrong());
    };
    let to = format!("{scheme}://{host}").parse().map_err(|_| wrong())?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    Ok((to, path.to_owned()))
}

/// Where a `Content-Range` begins, and how long the whole is where it says so.
fn range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, all) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (from, _) = range.split_once('-')?;
    Some((from.parse().ok()?, all.parse().ok()))
}

/// Where it is kept what a part is a part of.
pub fn origin(part: &Path) -> PathBuf {
    part.with_added_extension("json")
}

pub fn length(part: &Path) -> u64 {
    part.metadata().map_or(0, |part| part.len())
}

fn truncate(part: &Path) -> io::Result<()> {
    match fs::remove_file(part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Refuses what would leave the rest of the machine no room.
pub fn room(folder: &Path, bytes: u64) -> Result<(), FetchError> {
    let disk = rustix::fs::statvfs(folder).map_err(|error| on_disk(folder, error.into()))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    match bytes.saturating_add(SPARE).saturating_sub(free) {
        0 => Ok(()),
        missing => Err(FetchError::Room {
            missing: missing.div_ceil(1_000_000),
        }),
    }
}

pub fn on_disk(path: &Path, source: io::Error) -> FetchError {
    match source.kind() {
        io::ErrorKind::StorageFull => FetchError::Room {
            missing: SPARE / 1_000_000,
        },
        _ => FetchError::Disk {
            path: path.display().to_string(),
            source,
        },
    }
}
