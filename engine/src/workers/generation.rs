//! A language model, in a process of its own or on a node.

use super::{
    errand::{Errand, Told},
    sites::{Here, Wish, Work},
};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use loqa_core::{
    policy::Risk,
    seams::{AnswerOptions, Answered, LanguageModel, ModelError, Said},
};
use loqa_protocol::{
    JobFrame, JobOptions, Message, Placement, PrivacyScope, QosTier, SessionId, Tool, TurnId,
    UtteranceId,
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// The longest answer, tokens: what a call takes, and more than anybody listens to.
const MOST_TOKENS: u32 = 320;
/// The longest answer that is told, bytes.
const MOST_BYTES: usize = 4 << 10;
/// No answer takes longer.
const LONGEST_ANSWER: Duration = Duration::from_secs(60);
/// Answers that a tier is judged by.
const JUDGED_BY: usize = 3;
/// What some models think before they answer stands between these.
const THOUGHTS: [&str; 2] = ["<think>", "</think>"];

/// What stays the same from question to question, so that it is read once.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Prompt {
    /// Who it is and how it answers.
    pub system: String,
    /// What it may call, each with what could go wrong.
    pub tools: Vec<(Risk, Tool)>,
}

/// What is asked now: it changes with the household.
pub type Prompts = Arc<dyn Fn() -> Arc<Prompt> + Send + Sync>;

/// llama.cpp, as a language model.
pub struct Llama {
    work: Arc<Work>,
    prompts: Prompts,
    pace: Arc<Pace>,
    refused: Arc<Mutex<Option<String>>>,
}

impl Llama {
    /// Whoever does this work.
    pub fn new(work: Arc<Work>, prompts: Prompts) -> Llama {
        Llama {
            work,
            prompts,
            pace: Arc::default(),
            refused: Arc::default(),
        }
    }

    /// Why it did not answer when it was asked last, if it did not.
    pub fn trouble(&self) -> Option<String> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let own = self.work.own().and_then(|process| process.trouble());
        own.or_else(|| refused.clone())
    }

    /// Whether anybody is to answer.
    pub fn is_wanted(&self) -> bool {
        self.work.is_wanted()
    }

    /// Whether anybody can answer now.
    pub fn is_there(&self) -> bool {
        self.work.is_there()
    }

    /// Whether this machine can answer.
    pub fn is_here(&self) -> bool {
        self.work.own().is_some()
    }

    /// Where the last question went, and why; `None` before any went to a node.
    pub fn placement(&self) -> Option<Placement> {
        self.work.placement()
    }

    /// Gives the memory of this machine back, unless it was asked something lately. Whether it has.
    pub fn unload(&self) -> bool {
        let own = self.work.own();
        own.is_none_or(|process| process.unload(LONGEST_ANSWER))
    }

    /// Who answers on this machine, now and from now on.
    pub fn watch_here(&self) -> watch::Receiver<Here> {
        self.work.watch_here()
    }

    /// How much is answered now, and why it is less than was wanted, if it is.
    pub fn tier(&self, wanted: QosTier) -> (QosTier, Option<String>) {
        self.pace.tier(wanted)
    }

    /// Has it read what comes before every question, and keeps that in its memory while the stream is
    /// held. Never yields anything.
    pub fn warm(&self) -> BoxStream<'static, Result<Answered, ModelError>> {
        let silence = stream::once(async {
            Said {
                text: String::new(),
                is_final: false,
            }
        });
        let said = silence.chain(stream::pending()).boxed();
        self.answer(said, AnswerOptions::default())
    }

    fn begin(&self, history: Vec<Message>, scope: PrivacyScope, barred: &[Risk]) -> Errand {
        let prompt = (self.prompts)();
        let offered = prompt
            .tools
            .iter()
            .filter(|(risk, _)| !barred.contains(risk));
        let options = JobOptions::Generate {
            system: prompt.system.clone(),
            history,
            tools: offered.map(|(_, tool)| tool.clone()).collect(),
            max_tokens: MOST_TOKENS,
            temperature_milli: 0,
            seed: 0,
        };
        // Wherever it is done, and however often it is begun, it is the same question.
        let utterance = UtteranceId {
            session: SessionId(rand::random()),
            turn: TurnId(0),
        };
        // It begins to be said within that, wherever it is thought.
        let wish = Wish {
            scope,
            tier: QosTier::Balanced,
            variant: None,
        };
        self.work.begin(&wish, |capability| JobFrame::Open {
            capability,
            utterance,
            options: options.clone(),
        })
    }
}

impl LanguageModel for Llama {
    fn answer(
        &self,
        said: BoxStream<'static, Said>,
        options: AnswerOptions,
    ) -> BoxStream<'static, Result<Answered, ModelError>> {
        let (tier, _) = self.pace.tier(options.tier);
        let of = Measure::of(tier);
        let mut history = options.history;
        history.drain(..history.len().saturating_sub(2 * of.exchanges));
        let generation = Generation {
            job: self.begin(history, options.scope, &options.barred),
            said: Some(said),
            pace: self.pace.clone(),
            refused: self.refused.clone(),
            wanted: options.tier,
            asked: None,
            words: Words::default(),
            told: 0,
            sentences: of.sentences,
            over: false,
        };
        stream::unfold(generation, |mut generation| async move {
            if generation.over {
                return None;
            }
            let answer = generation.next().await.transpose()?;
            generation.over |= answer.is_err();
            let trouble = answer.as_ref().err().map(ToString::to_string);
            *generation
                .refused
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = trouble;
            Some((answer, generation))
        })
        .boxed()
    }
}

/// How much of a tier.
struct Measure {
    /// Exchanges it leans on.
    exchanges: usize,
    /// Sentences of an answer.
    sentences: usize,
}

impl Measure {
    fn of(tier: QosTier) -> Measure {
        let (exchanges, sentences) = match tier {
            QosTier::Fast => (2, 2),
            QosTier::Balanced => (4, 4),
            QosTier::Rich => (8, 10),
        };
        Measure {
            exchanges,
            sentences,
        }
    }
}

/// How soon answers have begun lately.
#[derive(Default)]
struct Pace(Mutex<VecDeque<Duration>>);

impl Pace {
    fn note(&self, took: Duration) {
        let mut lately = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lately.len() == JUDGED_BY {
            lately.pop_front();
        }
        lately.push_back(took);
    }

    /// The tier that is wanted; the lowest, which leans on less and says less, if all of the last answers
    /// began later than it allows.
    fn tier(&self, wanted: QosTier) -> (QosTier, Option<String>) {
        let lately = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let soonest = lately.iter().min().filter(|_| lately.len() == JUDGED_BY);
        let Some(soonest) = soonest else {
            return (wanted, None);
        };
        if wanted == QosTier::Fast || *soonest <= wanted.budget() {
            return (wanted, None);
        }
        let why = format!(
            "fast instead of {}: the last {JUDGED_BY} answers took {} ms and more to begin, and {} are allowed",
            name(wanted),
            soonest.as_millis(),
            wanted.budget().as_millis(),
        );
        (QosTier::Fast, Some(why))
    }
}

fn name(tier: QosTier) -> &'static str {
    match tier {
        QosTier::Fast => "fast",
        QosTier::Balanced => "balanced",
        QosTier::Rich => "rich",
    }
}

/// One answer. Dropping it ends the job.
struct Generation {
    job: Errand,
    /// `None` once it has ended.
    said: Option<BoxStream<'static, Said>>,
    pace: Arc<Pace>,
    refused: Arc<Mutex<Option<String>>>,
    wanted: QosTier,
    /// When the question was whole, until the first word of its answer.
    asked: Option<Instant>,
    words: Words,
    /// Bytes of the answer that were told.
    told: usize,
    /// Sentences that are still to be told.
    sentences: usize,
    over: bool,
}

/// What came of waiting.
enum Came {
    Told(Told),
    Said(Option<Said>),
}

impl Generation {
    /// The next part; `None` after the last.
    async fn next(&mut self) -> Result<Option<Answered>, ModelError> {
        while !self.over {
            if let Some(answered) = self.step().await? {
                return Ok(Some(answered));
            }
        }
        Ok(None)
    }

    async fn step(&mut self) -> Result<Option<Answered>, ModelError> {
        let said = &mut self.said;
        let more = async {
            match said {
                Some(said) => said.next().await,
                None => std::future::pending().await,
            }
        };
        let came = tokio::select! {
            biased;
            said = more => Came::Said(said),
            told = self.job.next() => Came::Told(told?),
        };
        match came {
            Came::Said(Some(said)) => {
                if said.is_final {
                    self.said = None;
                    self.asked = Some(Instant::now());
                }
                self.job.say(JobFrame::Said {
                    text: said.text,
                    is_final: said.is_final,
                });
                Ok(None)
            }
            Came::Said(None) => {
                self.over = true;
                Ok(None)
            }
            Came::Told(Told::Again) => {
                self.words = Words::default();
                Ok(None)
            }
            Came::Told(Told::Frame(JobFrame::Delta { text })) => {
                let words = self.words(&text);
                if words.is_some() {
                    self.job.acted();
                }
                Ok(words)
            }
            Came::Told(Told::Frame(JobFrame::ToolCall { name, arguments })) => {
                self.over = true;
                self.begun();
                let arguments = serde_json::from_str(&arguments).unwrap_or_default();
                Ok(Some(Answered::Call { name, arguments }))
            }
            Came::Told(Told::Frame(JobFrame::Finish)) => {
                self.over = true;
                Ok(None)
            }
            Came::Told(Told::Frame(_)) => Ok(None),
        }
    }

    /// The first word, or a call, is there.
    fn begun(&mut self) {
        if let Some(asked) = self.asked.take() {
            let (before, _) = self.pace.tier(self.wanted);
            self.pace.note(asked.elapsed());
            let (after, why) = self.pace.tier(self.wanted);
            if before != after {
                let why = why.unwrap_or_else(|| "answers begin in time again".into());
                tracing::info!(tier = name(after), why, "answers are of another tier");
            }
        }
    }

    /// Words to be told, of what came: what is thought is not, nor what is too much.
    fn words(&mut self, text: &str) -> Option<Answered> {
        let mut words = self.words.next(text);
        if words.is_empty() {
            return None;
        }
        self.begun();
        self.told += words.len();
        let ends: Vec<usize> = sentence_ends(&words).collect();
        if let Some(end) = ends.get(self.sentences.wrapping_sub(1)) {
            words.truncate(*end);
            self.over = true;
        }
        self.sentences = self.sentences.saturating_sub(ends.len());
        self.over |= self.told > MOST_BYTES;
        Some(Answered::Words(words))
    }
}

/// Where sentences end in what came, as far as it shows.
fn sentence_ends(text: &str) -> impl Iterator<Item = usize> + '_ {
    let after = |at: usize| text[at..].chars().next().is_none_or(char::is_whitespace);
    let ends = text.match_indices(['.', '!', '?']);
    ends.map(|(at, mark)| at + mark.len())
        .filter(move |end| after(*end))
}

/// What is said, without what is thought.
#[derive(Default)]
struct Words {
    thinks: bool,
    /// What may be the beginning of a mark.
    held: String,
}

impl Words {
    fn next(&mut self, text: &str) -> String {
        self.held.push_str(text);
        let mut said = String::new();
        loop {
            let mark = THOUGHTS[usize::from(self.thinks)];
            if let Some((before, after)) = self.held.split_once(mark) {
                if !self.thinks {
                    said.push_str(before);
                }
                self.held = after.to_owned();
                self.thinks = !self.thinks;
                continue;
            }
            // The end may be where a mark begins.
            let begins = |keep: &usize| self.held.ends_with(&mark[..*keep]);
            let keep = (1..mark.len()).rev().find(begins).unwrap_or(0);
            let rest = self.held.split_off(self.held.len() - keep);
            let done = std::mem::replace(&mut self.held, rest);
            if !self.thinks {
                said.push_str(&done);
            }
            return said;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tier_is_left_once_it_cannot_be_held_and_taken_up_again() {
        let pace = Pace::default();
        let tier = || pace.tier(QosTier::Rich).0;
        for _ in 0..2 {
            pace.note(Duration::from_secs(2));
            assert_eq!(tier(), QosTier::Rich);
        }
        pace.note(Duration::from_secs(3));
        assert_eq!(tier(), QosTier::Fast);
        let why = pace.tier(QosTier::Rich).1.unwrap();
        assert_eq!(
            why,
            "fast instead of rich: the last 3 answers took 2000 ms and more to begin, and 1000 are allowed"
        );
        assert_eq!(pace.tier(QosTier::Fast), (QosTier::Fast, None));
        pace.note(Duration::from_millis(900));
        assert_eq!(tier(), QosTier::Rich);
    }

    #[test]
    fn thoughts_are_not_said_however_they_come() {
        let whole = "<think>the moon? <cheese> <think></think>The moon is < a ball</thin";
        for length in 1..whole.len() {
            let (mut words, mut said) = (Words::default(), String::new());
            for piece in whole.as_bytes().chunks(length) {
                said += &words.next(std::str::from_utf8(piece).unwrap());
            }
            assert_eq!(said + &words.held, "The moon is < a ball</thin", "{length}");
        }
    }
}
