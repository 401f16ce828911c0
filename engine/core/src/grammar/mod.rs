//! What sentences mean, word by word: hassil's sentence templates compiled to an automaton.

mod automaton;
mod calls;
mod compile;
#[cfg(test)]
mod everyday;
mod household;
mod network;
mod normalize;
pub mod numbers;
mod openings;
mod parse;
mod proof;
mod readings;
#[cfg(test)]
mod reference;
mod routines;
mod sample;
pub(crate) mod template;
#[cfg(test)]
mod tests;
mod typed;
mod ways;

pub use calls::{CallError, Callable};
pub use normalize::normalize;
pub use parse::Parse;
pub use routines::NoStep;

use crate::{
    home::{Device, Home},
    manifest::{FileError, Manifest},
    policy::Pin,
};
use compile::Compiled;
use household::Names;
use loqa_protocol::LatencyClass;
use network::{Edge, Kind, NetId};
use readings::{Reader, Thread};
use routines::Routines;
use serde_json::Value;
use std::{
    borrow::Cow,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// What the person may say now.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub enum Context {
    /// Any command.
    #[default]
    Commands,
    /// The answer to a skill's question, or any command.
    FollowUp {
        /// The skill that asked.
        skill: String,
        /// Name under `followups` in its manifest.
        name: String,
    },
    /// Yes or no, or any command.
    Confirm,
    /// The digits of a PIN or a no, or any command.
    Pin,
}

/// Where a sentence stands after some words.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum State {
    /// Complete, and no continuation could change this step's intent or slots.
    Closed,
    /// Complete, but a longer sentence means something else.
    Extendable,
    /// Complete, and inside a text wildcard that swallows any further word.
    Open,
    /// A beginning.
    Incomplete,
    /// No sentence begins like this.
    Dead,
}

/// One understood command.
#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    /// The skill's name.
    pub skill: String,
    /// The intent's name within it.
    pub intent: String,
    /// Slot name → value, in the order spoken.
    pub slots: Vec<(String, SlotValue)>,
}

/// A slot's value.
#[derive(Clone, PartialEq, Debug)]
pub enum SlotValue {
    /// Free text, as spoken.
    Text(String),
    /// The canonical value of a list entry (string, number or boolean).
    Item(Value),
    /// A number.
    Number(f64),
    /// Percent, 0–100.
    Percentage(f64),
    /// Seconds.
    Duration(i64),
    /// A time of day, not yet tied to a date.
    Time(TimeOfDay),
    /// A time of day of whichever day a skill finds.
    Clock(TimeOfDay),
    /// A calendar date or a relative day.
    Date(DateSpec),
    /// Canonical colour name.
    Colour(String),
    /// Device ids (one, unless the household gave several the same alias in different areas).
    Device(String),
    /// Area id.
    Area(String),
}

/// A time of day as people say it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TimeOfDay {
    /// 0–23 if `meridiem_known`, else 1–12.
    pub hour: u8,
    /// 0–59.
    pub minute: u8,
    /// Whether "am", "pm", "in the morning", "noon" or a 24-hour form said which half of the day.
    pub meridiem_known: bool,
}

/// A day as people say it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DateSpec {
    /// Days from today: 0 = today, 1 = tomorrow, -1 = yesterday.
    Relative(i32),
    /// Next such weekday (1 = Monday … 7 = Sunday), today excluded.
    Weekday(u8),
    /// Month and day, next occurrence unless a year is given.
    Calendar {
        /// 1–12.
        month: u8,
        /// 1–31.
        day: u8,
        /// Four digits.
        year: Option<i16>,
    },
}

/// A complete parse.
#[derive(Clone, PartialEq, Debug)]
pub struct Match {
    /// One step per command joined by "and".
    pub steps: Vec<Step>,
    /// A: closed. B: extendable. C: has a free-text slot outside its vocabulary.
    pub class: LatencyClass,
    /// Answer in [`Context::Confirm`].
    pub confirmed: Option<bool>,
    /// Answer in [`Context::Pin`].
    pub pin: Option<Pin>,
    /// Answer in [`Context::FollowUp`]: slots of the answer.
    pub follow_up: Option<Vec<(String, SlotValue)>>,
}

/// What a speech recogniser needs to know of a grammar.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SpeechGrammar {
    /// Grows with every rebuild in this process.
    pub version: u64,
    /// What may be said: first the commands, then for each context what may be answered besides
    /// them. `something` stands for free text that no vocabulary holds: an open recogniser must
    /// decode that span again.
    pub automata: Vec<(Context, WordAutomaton)>,
    /// Every word in them, once, sorted.
    pub words: Vec<String>,
}

impl SpeechGrammar {
    /// All that may be said in the context at `place`: the commands, and its answers beside them.
    pub fn automaton(&self, place: usize) -> Cow<'_, WordAutomaton> {
        let commands = &self.automata[0].1;
        match place {
            0 => Cow::Borrowed(commands),
            _ => Cow::Owned(commands.beside(&self.automata[place].1)),
        }
    }
}

/// An automaton over words: in every state a word leads to one other, but for those that begin a
/// list's entries or an answer.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct WordAutomaton {
    /// How many states.
    pub states: u32,
    /// The first.
    pub start: u32,
    /// Those in which a sentence may end.
    pub ends: Vec<u32>,
    /// From, index of the word, to, and how many of the skills' examples say it there.
    pub arcs: Vec<(u32, u32, u32, u32)>,
    /// The same without a word: into a list, and out of it.
    pub free: Vec<(u32, u32, u32)>,
}

impl WordAutomaton {
    /// What either says. The words that each may begin with are as likely as if they were those of
    /// one state.
    fn beside(&self, other: &WordAutomaton) -> WordAutomaton {
        let start = self.states + other.states;
        let mut both = WordAutomaton {
            states: start + 1,
            start,
            ..self.clone()
        };
        let moved = |state: &u32| state + self.states;
        both.ends.extend(other.ends.iter().map(moved));
        let arcs = other.arcs.iter();
        both.arcs
            .extend(arcs.map(|(from, word, to, said)| (moved(from), *word, moved(to), *said)));
        let free = other.free.iter();
        both.free
            .extend(free.map(|(from, to, said)| (moved(from), moved(to), *said)));
        both.free.push((start, self.start, self.beginnings()));
        both.free
            .push((start, moved(&other.start), other.beginnings()));
        both
    }

    /// How many ways lead on from the start, besides one, and how many examples take them.
    fn beginnings(&self) -> u32 {
        let arcs = self.arcs.iter().map(|(from, .., said)| (from, said));
        let free = self.free.iter().map(|(from, _, said)| (from, said));
        let ways = arcs.chain(free).filter(|(from, _)| **from == self.start);
        ways.map(|(_, said)| 1 + said).sum::<u32>().max(1) - 1
    }
}

/// All sentences of a household, compiled. Immutable; share it in an `Arc`.
pub struct Grammar {
    compiled: Arc<Compiled>,
    names: Names,
    routines: Routines,
    version: u64,
    speech: Mutex<Option<Arc<SpeechGrammar>>>,
    spoken: OnceLock<Vec<String>>,
}

/// Versions are counted per process, so that a recogniser can tell grammars apart.
static VERSION: AtomicU64 = AtomicU64::new(1);

impl Grammar {
    /// Stands, in what a recogniser of the grammar hears, for words that no grammar knows.
    pub const ANY_WORD: &str = automaton::ANY_WORD;

    /// Compiles manifests and household.
    ///
    /// # Errors
    /// Every mistake with its place: an unknown list or rule, recursion, a sentence without a
    /// necessary word, free texts side by side, bad syntax, two intents that accept one sentence.
    pub fn compile(manifests: &[Manifest], home: &Home) -> Result<Grammar, Vec<FileError>> {
        let grammar = Grammar::unproved(manifests, home)?;
        let mut compiled = (*grammar.compiled).clone();
        let tokens = Names::tokens(&mut compiled.network);
        let symbolic = Grammar::assemble(Arc::new(compiled), tokens, &Home::default());
        let errors = proof::draws(&symbolic, manifests);
        if errors.is_empty() {
            Ok(grammar)
        } else {
            Err(errors)
        }
    }

    /// Compiles without looking for sentences of two meanings.
    fn unproved(manifests: &[Manifest], home: &Home) -> Result<Grammar, Vec<FileError>> {
        let mut compiled = compile::compile(manifests)?;
        roots(&mut compiled);
        let names = Names::new(home, &mut compiled.network).sorted();
        Ok(Grammar::assemble(Arc::new(compiled), names, home))
    }

    /// The same sentences in another household.
    ///
    /// # Errors
    /// None so far; [`Home::parse`] has refused names that nobody could tell apart.
    pub fn with_home(&self, home: &Home) -> Result<Grammar, Vec<FileError>> {
        let mut compiled = (*self.compiled).clone();
        let names = Names::new(home, &mut compiled.network).sorted();
        Ok(Grammar::assemble(Arc::new(compiled), names, home))
    }

    fn assemble(compiled: Arc<Compiled>, names: Names, home: &Home) -> Grammar {
        let mut grammar = Grammar {
            compiled,
            names,
            routines: Routines::default(),
            version: VERSION.fetch_add(1, Ordering::Relaxed),
            speech: Mutex::default(),
            spoken: OnceLock::new(),
        };
        grammar.routines = routines::read(&grammar, home);
        grammar
    }

    /// Starts a sentence, to be said word by word.
    pub fn start(&self, context: &Context) -> Parse<'_> {
        Parse::start(self, context)
    }

    /// What a whole sentence means, as typed or as recognised; `None` if it is not one.
    pub fn parse(&self, context: &Context, text: &str) -> Option<Match> {
        let text = normalize::joined(text);
        let mut parse = self.start(context);
        let never_mind = parse::is_never_mind(&text);
        for word in normalize::split(&text) {
            parse.feed(word);
            if parse.is_dead() && !never_mind {
                return None;
            }
        }
        parse.finish()
    }

    /// What a recogniser needs; made when it is first asked for.
    pub fn speech(&self) -> Arc<SpeechGrammar> {
        let mut speech = self.speech.lock().unwrap_or_else(PoisonError::into_inner);
        speech
            .get_or_insert_with(|| Arc::new(automaton::speech_grammar(self, self.version)))
            .clone()
    }

    /// Grows with every rebuild in this process.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// What devices are called, then rooms, as words; made when it is first asked for.
    pub fn names(&self) -> &[String] {
        let said = |areas| self.names.spoken(areas, u16::MAX, &self.compiled.network);
        self.spoken
            .get_or_init(|| [said(false), said(true)].concat())
    }

    /// `n` sentences that a person could say here, or fewer if few can be said; the same for the
    /// same seed.
    pub fn sample(&self, seed: u64, n: usize) -> Vec<String> {
        sample::sample(self, seed, n)
    }

    /// What could be said to a device of the household: one sentence of each intent that speaks of
    /// one of its kind, the plainest that its skill knows.
    pub fn ways(&self, device: &Device) -> Vec<String> {
        ways::ways(self, device)
    }

    /// What the reading of a sentence begins with; commands for a context nobody knows.
    fn beginning(&self, context: &Context) -> Option<Thread> {
        let roots = &self.compiled.roots;
        let root = roots.iter().find(|(known, _)| known == context);
        let (_, net) = root.or_else(|| roots.first())?;
        let first = self.compiled.network.nets[*net as usize].first;
        Some(Thread::new(first))
    }

    fn reader(&self) -> Reader<'_> {
        Reader {
            network: &self.compiled.network,
            names: &self.names,
            openings: &self.compiled.openings,
        }
    }
}

/// The outermost automata: courtesy, a command, perhaps a second one, courtesy.
fn roots(compiled: &mut Compiled) {
    let mut contexts = vec![(Context::Commands, Vec::new())];
    contexts.extend(compiled.answers.iter().cloned());
    let (prefix, suffix, joint) = (compiled.prefix, compiled.suffix, compiled.joint);
    let intents = compiled.intent_nets.clone();
    let network = &mut compiled.network;
    for (context, answers) in contexts {
        let root = network.net(Kind::Plain);
        let first = network.nets[root as usize].first;
        let [asked, done, joined, again, end] = std::array::from_fn(|_| network.state());
        let mut edge = |from: u32, net: NetId, back: u32| {
            network.states[from as usize].edges.push(Edge::Call {
                net,
                slot: None,
                back,
            })
        };
        edge(first, prefix, asked);
        intents.iter().for_each(|intent| edge(asked, *intent, done));
        edge(done, joint, joined);
        intents
            .iter()
            .for_each(|intent| edge(joined, *intent, again));
        edge(done, suffix, end);
        edge(again, suffix, end);
        answers.iter().for_each(|answer| edge(first, *answer, end));
        network.states[end as usize].last = true;
        compiled.roots.push((context, root));
    }
}
