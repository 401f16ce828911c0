//! A process that works on jobs until its hub is gone.

use super::{
    asked::{Answers, Asked, Inbox},
    hand::take,
};
use loqa_protocol::{JobErrorKind, JobFrame, wire::FrameReader};
use std::{
    io::{self, Read},
    os::unix::net::UnixStream,
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// A job is heard of at least this often, as long as it is worked on.
pub const BEAT: Duration = Duration::from_millis(200);
/// Jobs at a time; further ones are refused.
pub const MOST_JOBS: usize = 16;
/// Frames that may wait for whoever works: more than the longest utterance has.
const MOST_FRAMES: usize = 8192;
/// How much is read at once.
const READ_BYTES: usize = 16 << 10;

/// Takes jobs from `control` and has `work` do each, on a thread of its own, until the hub closes it.
/// What `work` does not answer with a `Finish` or an `Error` has failed.
///
/// # Errors
/// The socket is broken.
pub fn serve(control: &UnixStream, work: impl Fn(Asked) + Send + Sync + 'static) -> io::Result<()> {
    let work = Arc::new(work);
    let running = Arc::new(AtomicUsize::new(0));
    while let Some(stream) = take(control)? {
        let room = running.fetch_add(1, Ordering::SeqCst) < MOST_JOBS;
        let (work, count) = (work.clone(), running.clone());
        let job = move || {
            // Whoever asked may be gone already.
            let _ = attend(stream, room, &*work);
            count.fetch_sub(1, Ordering::SeqCst);
        };
        thread::Builder::new().name("job".into()).spawn(job)?;
    }
    Ok(())
}

/// Reads what comes, says that the job is alive, and has it done.
fn attend(stream: UnixStream, room: bool, work: &(dyn Fn(Asked) + Sync)) -> io::Result<()> {
    stream.set_read_timeout(Some(BEAT))?;
    stream.set_write_timeout(Some(BEAT * 10))?;
    let answers = Answers::new(stream.try_clone()?);
    if !room {
        answers.fail(JobErrorKind::Backend, "it has too many jobs already");
        return Ok(());
    }
    let mut incoming = Incoming {
        stream,
        frames: FrameReader::default(),
        answers: answers.clone(),
        said: Instant::now(),
    };
    let Some(JobFrame::Open {
        capability,
        utterance,
        options,
    }) = incoming.next()?
    else {
        answers.fail(JobErrorKind::Backend, "the first frame opens no job");
        return Ok(());
    };
    let inbox = Inbox::default();
    let asked = Asked {
        capability,
        utterance,
        options,
        inbox: inbox.clone(),
        answers: answers.clone(),
    };
    let reading = thread::Builder::new()
        .name("job-frames".into())
        .spawn(move || read(incoming, &inbox))?;
    if panic::catch_unwind(AssertUnwindSafe(|| work(asked))).is_err() {
        answers.fail(JobErrorKind::Backend, "it failed, which is a defect");
    }
    // Ends the reading, which would otherwise go on until whoever asked closes.
    answers.close();
    // It does not panic.
    let _ = reading.join();
    Ok(())
}

fn read(mut incoming: Incoming, inbox: &Inbox) {
    while let Ok(Some(frame)) = incoming.next() {
        if inbox.waiting() == MOST_FRAMES {
            let answers = &incoming.answers;
            answers.fail(JobErrorKind::Backend, "more came than it can keep");
            break;
        }
        inbox.put(frame);
    }
    inbox.cancel();
}

/// The frames of a job, as they come.
struct Incoming {
    stream: UnixStream,
    frames: FrameReader,
    answers: Answers,
    /// When the other side was last told that this one is alive.
    said: Instant,
}

impl Incoming {
    /// The next frame; `None` once whoever asked has closed.
    fn next(&mut self) -> io::Result<Option<JobFrame>> {
        let mut buffer = [0; READ_BYTES];
        loop {
            let frame = self.frames.next_frame();
            if let Some(frame) = frame.map_err(|error| {
                self.answers.fail(JobErrorKind::Backend, &error.to_string());
                io::Error::new(io::ErrorKind::InvalidData, error.to_string())
            })? {
                return Ok(Some(frame));
            }
            if self.said.elapsed() >= BEAT {
                self.answers.send(&JobFrame::Alive)?;
                self.said = Instant::now();
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return Ok(None),
                Ok(read) => self.frames.push(&buffer[..read]),
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock
                            | io::ErrorKind::TimedOut
                            | io::ErrorKind::Interrupted
                    ) => {}
                Err(error) => return Err(error),
            }
        }
    }
}
