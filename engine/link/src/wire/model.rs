//! A model on its way from a hub to a node: what either side does with its frames.

use super::{
    link::Link,
    reason::{LinkError, Reason},
    stream::{Receiver, Sender},
};
use crate::shelf::{Begun, Shelf};
use loqa_protocol::{
    Capability, Problem,
    model::{ModelFrame, ModelWanted, Sha256},
};
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

/// What a chunk has.
const CHUNK: usize = 128 << 10;
/// Who asks says at once what for.
const OPENING: Duration = Duration::from_secs(5);
/// Who has taken no chunk for so long stands in the way of others.
const STUCK: Duration = Duration::from_secs(30);
/// Before everything else: 0. What was said live, jobs and replies do not wait for a model.
pub(super) const PRIORITY: i32 = -1;

/// A node that wants a model, at the hub.
#[derive(Debug)]
pub struct Request {
    says: Sender<ModelFrame>,
    hears: Receiver<ModelFrame>,
}

/// A file that a hub has to give.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Given {
    /// Where.
    pub file: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// What it should be; the node looks.
    pub sha256: Sha256,
}

/// Why a model was not given.
#[derive(Debug, thiserror::Error)]
pub enum GiveError {
    /// The node has gone, or wants it no more.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The node has not taken any of it for a long time.
    #[error("the node takes nothing")]
    Stuck,
    /// The file, or what the node says of what came.
    #[error("{0}")]
    Useless(Problem),
}

impl Request {
    pub(super) fn new(says: Sender<ModelFrame>, hears: Receiver<ModelFrame>) -> Request {
        Request { says, hears }
    }

    /// What is wanted, which is said first.
    ///
    /// # Errors
    /// Something else was, or nothing.
    pub async fn wanted(&mut self) -> Result<ModelWanted, LinkError> {
        let first = timeout(OPENING, self.hears.next()).await;
        match first.unwrap_or(Err(LinkError::Reset(Reason::Late)))? {
            Some(ModelFrame::Wanted(wanted)) => Ok(wanted),
            _ => Err(LinkError::Garbage(
                "the first frame asks for no model".into(),
            )),
        }
    }

    /// There is nothing for that node, and why.
    pub async fn refuse(mut self, problem: Problem) {
        // It may be gone.
        if self
            .says
            .send(&ModelFrame::Refusal { problem })
            .await
            .is_ok()
        {
            self.says.finished().await;
        }
    }

    /// It asks for more at a time than it may.
    pub fn too_many(self) {
        self.says.cancel(Reason::TooMany);
    }

    /// Sends what the node lacks of a file, when it is its `turn`; `told` hears how many bytes it has. Over once the node has
    /// said that it is what it should be.
    ///
    /// # Errors
    /// [`GiveError`].
    pub async fn give(
        self,
        wanted: &ModelWanted,
        given: &Given,
        turn: &Semaphore,
        told: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(), GiveError> {
        let Request {
            mut says,
            mut hears,
        } = self;
        let sent = send(&mut says, wanted, given, turn, told).await;
        match sent {
            Ok(()) => says.finish(),
            // It says why it has enough.
            Err(GiveError::Link(LinkError::Reset(_))) => {}
            Err(error) => {
                if let GiveError::Useless(problem) = &error {
                    let problem = problem.clone();
                    says.send(&ModelFrame::Refusal { problem }).await?;
                    says.finish();
                }
                return Err(error);
            }
        }
        match hears.next().await? {
            None => sent,
            Some(ModelFrame::Refusal { problem }) => Err(GiveError::Useless(problem)),
            Some(_) => {
                Err(LinkError::Garbage("a frame that says nothing of a model".into()).into())
            }
        }
    }
}

/// Sends what of a file the node lacks.
async fn send(
    says: &mut Sender<ModelFrame>,
    wanted: &ModelWanted,
    given: &Given,
    turn: &Semaphore,
    told: &mut (dyn FnMut(u64) + Send),
) -> Result<(), GiveError> {
    let goes_on = wanted.sha256 == Some(given.sha256) && wanted.here <= given.bytes;
    let from = if goes_on { wanted.here } else { 0 };
    let file = ModelFrame::File {
        bytes: given.bytes,
        sha256: given.sha256,
        from,
    };
    says.send(&file).await?;
    told(from);
    if from == given.bytes {
        return Ok(());
    }
    let _turn = tokio::select! {
        turn = turn.acquire() => turn,
        () = says.unwanted() => return Err(LinkError::Reset(Reason::Cancelled).into()),
    };
    send_from(says, given, from, told).await
}

/// Sends a file from that byte on.
async fn send_from(
    says: &mut Sender<ModelFrame>,
    given: &Given,
    from: u64,
    told: &mut (dyn FnMut(u64) + Send),
) -> Result<(), GiveError> {
    let damaged = |why: &dyn std::fmt::Display| {
        let file = given.file.file_name().unwrap_or_default();
        let file = file.to_string_lossy();
        GiveError::Useless(Problem {
            code: "model_damaged".into(),
            message: format!("the hub's file {file} cannot be read: {why}"),
            help: "`loqa model verify` at the hub tells which of its models are what they were"
                .into(),
        })
    };
    let path = given.file.clone();
    let file = blocking(move || {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(from))?;
        Ok(file)
    });
    let file = Arc::new(file.await.map_err(|error| damaged(&error))?);
    let mut here = from;
    while here < given.bytes {
        let (file, length) = (file.clone(), (given.bytes - here).min(CHUNK as u64));
        let read = blocking(move || {
            let mut bytes = vec![0; length as usize];
            (&*file).read_exact(&mut bytes)?;
            Ok(bytes)
        });
        let bytes = read.await.map_err(|error| damaged(&error))?;
        here += bytes.len() as u64;
        let chunk = ModelFrame::Chunk { bytes };
        let sent = timeout(STUCK, says.send(&chunk)).await;
        sent.map_err(|_| GiveError::Stuck)??;
        told(here);
    }
    Ok(())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// What a node has after it has asked for a model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Taken {
    /// What it had: the hub has no other.
    Same(PathBuf),
    /// This, which has come.
    New(PathBuf),
}

/// Why a node has no model of its hub.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// The link ended: what has come is gone on with over the next one.
    #[error(transparent)]
    Link(LinkError),
    /// The hub is of a version that gives none.
    #[error("the hub is older than this node and gives no models")]
    Older,
    /// The hub has said why not.
    #[error("{0}")]
    Refused(Problem),
    /// What the hub says does not fit together.
    #[error("what the hub says of the model does not fit together: {0}")]
    Odd(String),
    /// There is no room for it.
    #[error("{folder} has room for {}, and {} are missing of the model", mib(*.free), mib(*.missing))]
    Full {
        /// Where it would go.
        folder: String,
        /// Bytes.
        missing: u64,
        /// Bytes.
        free: u64,
    },
    /// The disk.
    #[error("{folder} cannot be written: {source}")]
    Disk {
        /// Where.
        folder: String,
        /// Why.
        source: io::Error,
    },
    /// What came is not what the hub has; it was dropped.
    #[error("what came has the sum {found}, and the hub says {wanted}")]
    Sum {
        /// As the hub says.
        wanted: String,
        /// As it is.
        found: String,
    },
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}

impl From<LinkError> for TakeError {
    fn from(error: LinkError) -> TakeError {
        match error {
            LinkError::Reset(Reason::UnknownKind) => TakeError::Older,
            error => TakeError::Link(error),
        }
    }
}

impl TakeError {
    /// For people, at either end.
    pub fn problem(&self) -> Problem {
        let (code, help) = match self {
            TakeError::Refused(problem) => return problem.clone(),
            TakeError::Link(_) => ("model_link", "it goes on by itself"),
            TakeError::Older => (
                "model_older",
                "update the hub, or copy the file to the node and write its path in node.toml",
            ),
            TakeError::Odd(_) => ("model_odd", "update the hub and the node"),
            TakeError::Full { .. } => ("model_full", "make room on the node's disk"),
            TakeError::Disk { .. } => (
                "model_disk",
                "see to the node's disk, and that the folder belongs to its user",
            ),
            TakeError::Sum { .. } => (
                "model_sum",
                "`loqa model verify` at the hub tells whether its own is what it was",
            ),
        };
        Problem {
            code: code.into(),
            message: self.to_string(),
            help: help.into(),
        }
    }
}

/// Has the model that `capability` names come from the hub, or what is missing of it; `told` hears how many of its bytes are
/// here. What has come stays when this is dropped.
///
/// # Errors
/// [`TakeError`]; the hub is told of it where it can do something about it.
pub async fn take(
    link: &Link,
    capability: &Capability,
    shelf: &Shelf,
    told: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Taken, TakeError> {
    let model = &capability.variant;
    let (kept, begun) = (shelf.kept(model), shelf.begun(model));
    let (sha256, here) = match (&begun, &kept) {
        (Some(begun), _) => (Some(begun.sha256), begun.here),
        (None, Some(kept)) => (Some(kept.sha256), kept.bytes),
        (None, None) => (None, 0),
    };
    let wanted = ModelWanted {
        capability: capability.clone(),
        sha256,
        here,
    };
    let (mut says, mut hears) = link.model(&wanted).await?;
    let (bytes, sum, from) = match hears.next().await? {
        Some(ModelFrame::File {
            bytes,
            sha256,
            from,
        }) => (bytes, sha256, from),
        Some(ModelFrame::Refusal { problem }) => return Err(TakeError::Refused(problem)),
        _ => return Err(odd("it is not said what follows")),
    };
    if let Some(kept) = kept.filter(|it| it.sha256 == sum) {
        // What had begun is of one that the hub has no more.
        shelf.forget(model);
        says.finish();
        return Ok(Taken::Same(kept.file));
    }
    if from != 0 && (from != here || sha256 != Some(sum)) || from > bytes || bytes == 0 {
        return Err(odd("it begins where nobody has asked"));
    }
    if from != 0 && begun.is_none_or(|it| it.bytes != bytes) {
        // It begins anew the next time.
        shelf.forget(model);
        return Err(odd("it is not as long as it was"));
    }
    let taken = receive(&mut hears, shelf, model, (sum, bytes, from), told).await;
    match taken {
        Ok(file) => {
            says.finish();
            Ok(Taken::New(file))
        }
        Err(error) => {
            if !matches!(
                error,
                TakeError::Link(_) | TakeError::Older | TakeError::Refused(_)
            ) {
                hears.stop(Reason::Cancelled);
                let problem = error.problem();
                // It may be gone.
                if says.send(&ModelFrame::Refusal { problem }).await.is_ok() {
                    says.finish();
                }
            }
            Err(error)
        }
    }
}

fn odd(words: &str) -> TakeError {
    TakeError::Odd(words.into())
}

async fn receive(
    hears: &mut Receiver<ModelFrame>,
    shelf: &Shelf,
    model: &str,
    (sha256, bytes, from): (Sha256, u64, u64),
    told: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<PathBuf, TakeError> {
    let begun = Begun {
        sha256,
        bytes,
        here: from,
    };
    let (shelf, model) = (shelf.clone(), model.to_owned());
    let coming = on_disk(move || shelf.begin(&model, begun)).await?;
    let mut here = from;
    told(here, bytes);
    while here < bytes {
        match hears.next().await? {
            Some(ModelFrame::Chunk { bytes: chunk }) => {
                let length = chunk.len() as u64;
                if length == 0 || length > bytes - here {
                    return Err(odd("more comes than it has"));
                }
                let coming = coming.clone();
                on_disk(move || coming.write(&chunk)).await?;
                here += length;
                told(here, bytes);
            }
            Some(ModelFrame::Refusal { problem }) => return Err(TakeError::Refused(problem)),
            Some(_) => return Err(odd("something else comes")),
            None => return Err(odd("it ends too soon")),
        }
    }
    on_disk(move || coming.end()).await
}

/// What reads and writes long, beside everything else.
async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, TakeError> + Send + 'static,
) -> Result<T, TakeError> {
    let done = spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(odd(&error.to_string())))
}
