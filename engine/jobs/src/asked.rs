//! A job as whoever works on it sees it.

use loqa_protocol::{
    Capability, JobError, JobErrorKind, JobFrame, JobOptions, UtteranceId,
    wire::{StreamError, write_frame},
};
use std::{
    collections::VecDeque,
    io::{self, Write},
    net::Shutdown,
    os::unix::net::UnixStream,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// A job, from its first frame on.
pub struct Asked {
    /// Which model is to do it.
    pub capability: Capability,
    /// Whose words.
    pub utterance: UtteranceId,
    /// How.
    pub options: JobOptions,
    /// What else comes.
    pub inbox: Inbox,
    /// What is answered.
    pub answers: Answers,
}

/// Frames that have come and that nobody has taken.
#[derive(Clone, Default)]
pub struct Inbox {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    cancelled: AtomicBool,
}

#[derive(Default)]
struct State {
    frames: VecDeque<JobFrame>,
    finished: bool,
}

/// What [`Inbox::wait`] found.
#[derive(Clone, PartialEq, Debug)]
pub enum Took {
    /// The next frame.
    Frame(JobFrame),
    /// None came in time.
    Nothing,
    /// Whoever asked has said all: nothing more comes.
    Finished,
    /// Whoever asked wants no answer any more.
    Cancelled,
}

impl Inbox {
    /// The next frame, if it comes within so long.
    pub fn wait(&self, patience: Duration) -> Took {
        let until = Instant::now() + patience;
        let mut state = self.lock();
        loop {
            if self.is_cancelled() {
                return Took::Cancelled;
            }
            if let Some(frame) = state.frames.pop_front() {
                return Took::Frame(frame);
            }
            if state.finished {
                return Took::Finished;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Took::Nothing;
            }
            state = self
                .shared
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Whether whoever asked wants no answer any more; from any thread, as often as one likes.
    pub fn is_cancelled(&self) -> bool {
        self.shared.cancelled.load(Ordering::Relaxed)
    }

    /// Frames that wait.
    pub fn waiting(&self) -> usize {
        self.lock().frames.len()
    }

    /// Whether nothing comes after the frames that wait.
    pub fn is_finished(&self) -> bool {
        self.lock().finished
    }

    pub(super) fn put(&self, frame: JobFrame) {
        let mut state = self.lock();
        match frame {
            JobFrame::Finish => state.finished = true,
            frame => state.frames.push_back(frame),
        }
        drop(state);
        self.shared.changed.notify_all();
    }

    pub(super) fn cancel(&self) {
        self.shared.cancelled.store(true, Ordering::Relaxed);
        self.shared.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The way back.
#[derive(Clone)]
pub struct Answers {
    stream: Arc<Mutex<UnixStream>>,
}

impl Answers {
    pub(super) fn new(stream: UnixStream) -> Answers {
        Answers {
            stream: Arc::new(Mutex::new(stream)),
        }
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// Whoever asked is gone, or the frame is too long.
    pub fn send(&self, frame: &JobFrame) -> io::Result<()> {
        let mut bytes = Vec::new();
        write_frame(frame, &mut bytes)
            .map_err(|error: StreamError| io::Error::other(error.to_string()))?;
        let stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        (&*stream).write_all(&bytes)
    }

    /// Ends the job in both directions; what was sent still arrives.
    pub(super) fn close(&self) {
        let stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        // It may be closed already.
        let _ = stream.shutdown(Shutdown::Both);
    }

    /// Says that the job has failed; the last frame.
    pub fn fail(&self, kind: JobErrorKind, message: &str) {
        let error = JobError {
            kind,
            message: message.into(),
            help: String::new(),
        };
        // Whoever asked may be gone.
        let _ = self.send(&JobFrame::Error { error });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BEAT, MOST_JOBS, hand_over, serve};
    use loqa_protocol::{
        SessionId, TurnId,
        wire::{FrameReader, Wire},
    };
    use std::{io::Read, os::fd::AsFd, sync::mpsc, thread};

    /// A process that works, with a thread instead.
    fn worker(work: impl Fn(Asked) + Send + Sync + 'static) -> UnixStream {
        let (control, theirs) = UnixStream::pair().unwrap();
        thread::spawn(move || serve(&theirs, work).unwrap());
        control
    }

    fn ask(control: &UnixStream) -> UnixStream {
        let (mine, theirs) = UnixStream::pair().unwrap();
        hand_over(control, theirs.as_fd()).unwrap();
        mine.set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        say(
            &mine,
            &JobFrame::Open {
                capability: "stt.whisper".parse().unwrap(),
                utterance: UtteranceId {
                    session: SessionId(1),
                    turn: TurnId(1),
                },
                options: JobOptions::Synthesize {
                    voice: "slt".into(),
                    speed_permille: 0,
                },
            },
        );
        mine
    }

    fn say(mut stream: &UnixStream, frame: &JobFrame) {
        let mut bytes = Vec::new();
        write_frame(frame, &mut bytes).unwrap();
        stream.write_all(&bytes).unwrap();
    }

    /// All that comes until the other side closes.
    fn answers(mut stream: &UnixStream) -> Vec<JobFrame> {
        let (mut reader, mut all, mut bytes) = (FrameReader::default(), Vec::new(), Vec::new());
        // What it did not read before it closed is an error here, after all that it said.
        if let Err(error) = stream.read_to_end(&mut bytes) {
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        }
        reader.push(&bytes);
        while let Some(frame) = reader.next_frame().unwrap() {
            all.push(frame);
        }
        assert!(!reader.is_cut_off());
        all
    }

    fn echo(asked: Asked) {
        loop {
            match asked.inbox.wait(Duration::from_secs(20)) {
                Took::Frame(frame) => asked.answers.send(&frame).unwrap(),
                Took::Finished => return asked.answers.send(&JobFrame::Finish).unwrap(),
                other => panic!("{other:?}"),
            }
        }
    }

    fn text(text: &str) -> JobFrame {
        JobFrame::Text { text: text.into() }
    }

    #[test]
    fn jobs_are_done_side_by_side_and_in_order() {
        let control = worker(echo);
        let (first, second) = (ask(&control), ask(&control));
        say(&second, &text("b"));
        say(&first, &text("a"));
        for (stream, word) in [(&second, "b"), (&first, "a")] {
            say(stream, &text("more"));
            say(stream, &JobFrame::Finish);
            let said: Vec<_> = answers(stream)
                .into_iter()
                .filter(|it| *it != JobFrame::Alive)
                .collect();
            assert_eq!(said, [text(word), text("more"), JobFrame::Finish]);
        }
    }

    #[test]
    fn whoever_closes_cancels_and_a_long_job_is_heard_of_meanwhile() {
        let (told, tells) = mpsc::channel();
        let control = worker(move |asked| {
            told.send(asked.inbox.wait(Duration::from_secs(20)))
                .unwrap();
            told.send(asked.inbox.wait(Duration::from_secs(20)))
                .unwrap();
        });
        let mut stream = ask(&control);
        let mut beat = [0; 64];
        let read = stream.read(&mut beat).unwrap();
        assert_eq!(
            JobFrame::from_bytes(&beat[4..read.min(4 + beat[3] as usize)]),
            Ok(JobFrame::Alive)
        );
        say(&stream, &text("a"));
        assert_eq!(tells.recv().unwrap(), Took::Frame(text("a")));
        drop(stream);
        assert_eq!(tells.recv_timeout(BEAT * 100).unwrap(), Took::Cancelled);
    }

    #[test]
    fn what_is_no_job_is_refused_and_the_next_one_is_done() {
        let (begun, begins) = mpsc::channel();
        let control = worker(move |asked| {
            begun.send(()).unwrap();
            echo(asked);
        });
        let refused = |frames: &[u8]| {
            let (mut mine, theirs) = UnixStream::pair().unwrap();
            hand_over(&control, theirs.as_fd()).unwrap();
            drop(theirs);
            mine.write_all(frames).unwrap();
            matches!(answers(&mine).last(), Some(JobFrame::Error { .. }))
        };
        assert!(refused(&[0, 0, 0, 3, 255, 255, 255]), "no frame");
        assert!(refused(&[255, 255, 255, 255]), "a giant");
        let mut finish = Vec::new();
        write_frame(&JobFrame::Finish, &mut finish).unwrap();
        assert!(refused(&finish), "no opening");
        // So many at a time, and no more.
        let many: Vec<_> = (0..MOST_JOBS).map(|_| ask(&control)).collect();
        for _ in &many {
            begins.recv_timeout(BEAT * 100).unwrap();
        }
        let further = ask(&control);
        assert!(matches!(&answers(&further)[..], [JobFrame::Error { .. }]));
        for stream in many {
            say(&stream, &JobFrame::Finish);
            assert_eq!(answers(&stream).last(), Some(&JobFrame::Finish));
        }
    }
}
