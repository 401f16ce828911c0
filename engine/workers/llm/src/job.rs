//! One job: reads ahead while the person speaks, then answers.

use crate::{
    answer::{Order, Part, answer},
    call::{Call, Tools},
    model::Model,
    pace::{QUICK, STEADY},
    prompt::{Conversation, Fault},
    queue::Queue,
    reader::{Read, Reader},
};
use loqa_jobs::{Asked, Inbox, Took};
use loqa_protocol::{JobErrorKind, JobFrame, JobOptions};
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// How long to wait for words while there is nothing to read.
const QUIET: Duration = Duration::from_secs(1);
/// How soon to try again while somebody else uses the model.
const BUSY: Duration = Duration::from_millis(20);
/// The longest answer takes this share of the context at most: the rest is for what it answers.
const ANSWER_SHARE: usize = 4;

/// A model that jobs share.
pub struct Worker<M> {
    reader: Mutex<Reader<M>>,
    queue: Queue,
    is_over: AtomicBool,
}

impl<M: Model> Worker<M> {
    /// For one model.
    pub fn new(model: M) -> Self {
        Worker {
            reader: Mutex::new(Reader::new(model)),
            queue: Queue::default(),
            is_over: AtomicBool::new(false),
        }
    }

    /// Stops all jobs and lets none begin: whoever leaves while the model computes takes away from under
    /// it what it computes with.
    pub fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
        std::mem::forget(self.queue.enter(|| false));
    }

    fn is_over(&self, inbox: &Inbox) -> bool {
        inbox.is_cancelled() || self.is_over.load(Ordering::Relaxed)
    }

    /// Does one job, to its last frame.
    pub fn work(&self, asked: &Asked) {
        match self.done(asked) {
            // Whoever asked may be gone.
            Ok(true) => drop(asked.answers.send(&JobFrame::Finish)),
            Ok(false) => {}
            Err(Fault::TooMuch(why)) => asked.answers.fail(JobErrorKind::TooMuch, &why),
            Err(Fault::Wrong(why)) => asked.answers.fail(JobErrorKind::Backend, &why),
        }
    }

    /// `false` if it was cancelled.
    fn done(
        &self,
        Asked {
            options,
            inbox,
            answers,
            ..
        }: &Asked,
    ) -> Result<bool, Fault> {
        let JobOptions::Generate {
            system,
            history,
            tools,
            max_tokens,
            temperature_milli,
            seed,
        } = options
        else {
            return Err("this process runs a language model, which does nothing but answer".into());
        };
        let offered = Tools::new(tools)?;
        let schema = offered.schema();
        let Some((mut job, grammar)) = self.with_reader(inbox, |reader| {
            let model = reader.model();
            let max_tokens = usize::try_from(*max_tokens).unwrap_or(usize::MAX);
            let room = max_tokens.min(model.context() / ANSWER_SHARE);
            let job = Job {
                conversation: Conversation::new(model, system, tools, history),
                most: model.context() - room,
            };
            let grammar = schema.map(|schema| model.grammar(&schema)).transpose()?;
            Ok((job, grammar))
        })?
        else {
            return Ok(false);
        };
        let Some(words) = self.listen(&mut job, inbox)? else {
            return Ok(false);
        };
        let order = Order {
            tools: offered,
            grammar,
            max_tokens: usize::try_from(*max_tokens).unwrap_or(usize::MAX),
            temperature: (f64::from(*temperature_milli) / 1000.0) as f32,
            seed: folded(*seed),
        };
        let whole = self.with_reader(inbox, |reader| {
            let prompt = job.conversation.prompt(reader.model(), &words, job.most)?;
            let mut tell = |part| {
                let frame = match part {
                    Part::Words(text) => JobFrame::Delta { text },
                    Part::Call(Call { name, arguments }) => JobFrame::ToolCall { name, arguments },
                };
                answers.send(&frame).is_ok()
            };
            let stop = || self.is_over(inbox);
            Ok(answer(reader, &prompt, &order, &stop, &mut tell)?)
        })?;
        Ok(whole.unwrap_or(false))
    }

    /// Reads ahead until the words are final; returns them, or `None` if it was cancelled.
    fn listen(&self, job: &mut Job, inbox: &Inbox) -> Result<Option<String>, Fault> {
        let mut words = String::new();
        // What is to be read; `None` until it is known what that is.
        let mut ahead = None;
        let mut is_read = false;
        let mut patience = Duration::ZERO;
        loop {
            match inbox.wait(patience) {
                Took::Frame(JobFrame::Said { text, is_final }) => {
                    if is_final {
                        return Ok(Some(text));
                    }
                    (words, ahead, is_read) = (text, None, false);
                    // Perhaps there are newer ones.
                    patience = Duration::ZERO;
                    continue;
                }
                Took::Frame(_) => {
                    return Err("a frame came that this job has no use for".into());
                }
                Took::Finished => {
                    return Err("the words were never said to be final".into());
                }
                Took::Cancelled => return Ok(None),
                Took::Nothing if is_read => {
                    patience = QUIET;
                    continue;
                }
                Took::Nothing => {}
            }
            let Some(_pass) = self.queue.enter_if_free() else {
                patience = BUSY;
                continue;
            };
            patience = Duration::ZERO;
            let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
            let tokens = match ahead.take() {
                Some(tokens) => tokens,
                None => job.conversation.ahead(reader.model(), &words, job.most)?,
            };
            let stop = || self.is_over(inbox) || self.queue.is_wanted();
            // What comes before the words stays as it is.
            let time = if words.is_empty() { STEADY } else { QUICK };
            is_read = reader.read(&tokens, time, &stop)? == Read::All;
            ahead = Some(tokens);
        }
    }

    /// With the model for itself, in its turn; `None` if the job was cancelled before.
    fn with_reader<T>(
        &self,
        inbox: &Inbox,
        use_it: impl FnOnce(&mut Reader<M>) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        let Some(_pass) = self.queue.enter(|| self.is_over(inbox)) else {
            return Ok(None);
        };
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        use_it(&mut reader).map(Some)
    }
}

/// What a job has its answer made from.
struct Job {
    conversation: Conversation,
    /// Tokens a prompt may have.
    most: usize,
}

/// A seed as long as llama.cpp has it, where the largest stands for a random one.
fn folded(seed: u64) -> u32 {
    match (seed ^ (seed >> 32)) as u32 {
        u32::MAX => 0,
        seed => seed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::Script;
    use loqa_jobs::{hand_over, serve};
    use loqa_protocol::{
        SessionId, TurnId, UtteranceId,
        wire::{FrameReader, write_frame},
    };
    use std::{
        io::{self, Read as _, Write},
        os::{fd::AsFd, unix::net::UnixStream},
        sync::Arc,
        thread,
    };

    fn worker(model: Script) -> (UnixStream, Arc<Worker<Script>>) {
        let (control, theirs) = UnixStream::pair().unwrap();
        let worker = Arc::new(Worker::new(model));
        let working = worker.clone();
        thread::spawn(move || serve(&theirs, move |asked| working.work(&asked)).unwrap());
        (control, worker)
    }

    fn ask(control: &UnixStream, max_tokens: u32) -> UnixStream {
        let (mine, theirs) = UnixStream::pair().unwrap();
        hand_over(control, theirs.as_fd()).unwrap();
        mine.set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let options = JobOptions::Generate {
            system: "S".into(),
            history: Vec::new(),
            tools: Vec::new(),
            max_tokens,
            temperature_milli: 0,
            seed: 1,
        };
        say(
            &mine,
            &JobFrame::Open {
                capability: "llm.llama:test".parse().unwrap(),
                utterance: UtteranceId {
                    session: SessionId(1),
                    turn: TurnId(1),
                },
                options,
            },
        );
        mine
    }

    fn say(mut stream: &UnixStream, frame: &JobFrame) {
        let mut bytes = Vec::new();
        write_frame(frame, &mut bytes).unwrap();
        stream.write_all(&bytes).unwrap();
    }

    fn said(stream: &UnixStream, text: &str, is_final: bool) {
        let text = text.into();
        say(stream, &JobFrame::Said { text, is_final });
    }

    /// All that is answered, but for the beats.
    fn answers(mut stream: &UnixStream) -> Vec<JobFrame> {
        let (mut reader, mut bytes) = (FrameReader::default(), Vec::new());
        if let Err(error) = stream.read_to_end(&mut bytes) {
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        }
        reader.push(&bytes);
        let mut all = Vec::new();
        while let Some(frame) = reader.next_frame().unwrap() {
            all.push(frame);
        }
        all.retain(|frame| *frame != JobFrame::Alive);
        all
    }

    fn words(words: &[&str]) -> Vec<JobFrame> {
        let words = words.iter().map(|text| JobFrame::Delta {
            text: (*text).into(),
        });
        words.chain([JobFrame::Finish]).collect()
    }

    /// Until the model has read so much: whoever waits for it in vain is ended by the test's own limit.
    fn until_read(worker: &Worker<Script>, text: &str) {
        while !worker.fed().concat().ends_with(text) {
            thread::yield_now();
        }
    }

    impl Worker<Script> {
        fn fed(&self) -> Vec<String> {
            let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
            reader.model().fed.clone()
        }
    }

    #[test]
    fn it_reads_while_somebody_speaks_and_only_what_is_new() {
        let (control, worker) = worker(Script::saying(&[b"Yes", b"."], &[]));
        let first = ask(&control, 9);
        until_read(&worker, "<s>S<");
        said(&first, "is it", false);
        until_read(&worker, "u>is it");
        said(&first, "is he in", false);
        until_read(&worker, "he in");
        said(&first, "is he in", true);
        assert_eq!(answers(&first), words(&["Yes", "."]));
        assert_eq!(worker.fed().concat(), "<s>S<u>is ithe in<a>Yes.");
        // A question later, all that it shares is known.
        let second = ask(&control, 1);
        said(&second, "is he out", true);
        assert_eq!(answers(&second), words(&["Yes"]));
        assert_eq!(worker.fed().concat(), "<s>S<u>is ithe in<a>Yes.out<a>");
    }

    #[test]
    fn one_who_only_listens_keeps_nobody_from_being_answered() {
        let (control, worker) = worker(Script::saying(&[b"Yes"], &[]));
        let (first, second) = (ask(&control, 9), ask(&control, 9));
        said(&first, "one", false);
        until_read(&worker, "one");
        said(&second, "two", true);
        assert_eq!(answers(&second), words(&["Yes"]));
        said(&first, "one", true);
        assert_eq!(answers(&first), words(&["Yes"]));
        assert!(worker.fed().concat().ends_with("one<a>Yes"));
    }

    #[test]
    fn what_cannot_be_answered_is_told() {
        let (control, _) = worker(Script {
            context: 40,
            ..Script::default()
        });
        let told = |stream: &UnixStream| match answers(stream).pop() {
            Some(JobFrame::Error { error }) => error.message,
            other => panic!("{other:?}"),
        };
        let long = ask(&control, 9);
        said(&long, "why does nobody ever say what they mean", true);
        assert!(told(&long).contains("49 tokens"));
        let silent = ask(&control, 9);
        say(&silent, &JobFrame::Finish);
        assert!(told(&silent).contains("never"));
        let confused = ask(&control, 9);
        say(&confused, &JobFrame::Alive);
        assert!(told(&confused).contains("no use"));
    }
}
