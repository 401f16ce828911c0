//! Word by word through the network.

use super::{
    Context, DateSpec, Grammar, Match, SlotValue, State, Step, TimeOfDay,
    household::ROUTINES,
    network::{Kind, Marks, NetId, SlotId, WordId},
    normalize,
    readings::{At, Calls, Capture, FREE, Thread},
};
use crate::policy::Pin;
use loqa_protocol::LatencyClass;
use std::collections::{BTreeMap, BTreeSet};

/// A sentence as far as it has been said.
#[derive(Clone)]
pub struct Parse<'g> {
    grammar: &'g Grammar,
    /// The words, separated by spaces.
    text: String,
    /// Where each ends.
    ends: Vec<u32>,
    calls: Calls,
    /// Where the readings stand after the last word.
    threads: Vec<Thread>,
    /// Those of the word before, emptied.
    spare: Vec<Thread>,
    closed: Option<Closed>,
}

/// Where readings come to without another word.
#[derive(Clone, Default)]
struct Closed {
    waiting: Vec<Thread>,
    ended: Vec<Thread>,
    /// The calls there were before.
    calls: (usize, usize),
}

/// Cost, commands, slots and place of the intent: the least counts.
type Rank = (u32, u8, usize, usize);

/// Readings kept after a word: far more than a household's sentences ever need.
const MAX_THREADS: usize = 4096;

impl<'g> Parse<'g> {
    pub(super) fn start(grammar: &'g Grammar, context: &Context) -> Parse<'g> {
        Parse {
            grammar,
            text: String::new(),
            ends: Vec::new(),
            calls: Calls::default(),
            threads: grammar.beginning(context).into_iter().collect(),
            spare: Vec::new(),
            closed: None,
        }
    }

    /// Says the next word (normalised).
    pub fn feed(&mut self, word: &str) {
        if let Some(closed) = self.closed.take() {
            self.calls.forget(closed.calls);
        }
        let reader = self.grammar.reader();
        let id = reader.network.words.get(word).copied();
        let position = self.ends.len() as u32;
        let (threads, next) = (&mut self.threads, &mut self.spare);
        reader.say(threads, id, position, &mut self.calls, next);
        std::mem::swap(threads, next);
        if self.threads.len() > MAX_THREADS {
            self.threads.sort_by_key(|thread| thread.cost);
            self.threads.truncate(MAX_THREADS);
        }
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(word);
        self.ends.push(self.text.len() as u32);
    }

    fn close(&mut self) -> &Closed {
        self.closed.get_or_insert_with(|| {
            let mut closed = Closed {
                calls: self.calls.len(),
                ..Closed::default()
            };
            let position = self.ends.len() as u32;
            let found = (&mut closed.waiting, &mut closed.ended);
            let threads = &mut self.threads.clone();
            self.grammar
                .reader()
                .close(threads, position, &mut self.calls, found);
            closed
        })
    }

    /// Where the sentence stands.
    pub fn state(&mut self) -> State {
        if is_never_mind(&self.text) {
            return State::Closed;
        }
        self.close();
        let Some((best, _)) = self.best() else {
            return if self.waiting().any(|thread| self.goes_on(thread)) {
                State::Incomplete
            } else {
                State::Dead
            };
        };
        let mut state = State::Closed;
        for thread in self.continuations(&best) {
            if matches!(thread.at, At::Text(_)) {
                return State::Open;
            }
            state = State::Extendable;
        }
        state
    }

    fn waiting(&self) -> impl Iterator<Item = &Thread> {
        self.closed.iter().flat_map(|closed| &closed.waiting)
    }

    fn ended(&self) -> impl Iterator<Item = &Thread> {
        self.closed.iter().flat_map(|closed| &closed.ended)
    }

    /// Readings that go on inside the command and could change what it means, which is now what
    /// `best` says. Words that a literal reading has explained are not taken for free text after
    /// all.
    fn continuations<'p>(&'p self, best: &'p Thread) -> impl Iterator<Item = &'p Thread> {
        let free_words = |thread: &Thread| thread.cost / FREE;
        self.waiting().filter(move |thread| {
            free_words(thread) <= free_words(best)
                && thread.steps <= best.steps
                && self.calls.inside_command(thread)
                && self.goes_on(thread)
                && !self.is_neutral(thread, best)
        })
    }

    /// Whether however `thread` goes on, it means what `ended` means already.
    fn is_neutral(&self, thread: &Thread, ended: &Thread) -> bool {
        let compiled = &self.grammar.compiled;
        let At::State(mut at) = thread.at else {
            return false;
        };
        let mut slots = Slots::default();
        for call in self.calls.frames(thread) {
            if compiled.fills[at as usize] {
                return false;
            }
            match (compiled.network.kind(call.net), call.slot) {
                (Kind::Intent(_) | Kind::Answer, _) => {
                    let mut captures = self.calls.captures(ended);
                    let Some(last) = captures.next() else {
                        return false;
                    };
                    let earlier = slots.fill(self.calls.captures(thread));
                    let mut said = Slots::default();
                    let same_before = match (earlier, said.fill(captures)) {
                        (Some(one), Some(other)) => std::ptr::eq(one, other),
                        (one, other) => one.is_none() && other.is_none(),
                    };
                    return last.net == call.net && same_before && slots == said;
                }
                (Kind::Values(_), Some(slot)) => match compiled.marks[at as usize] {
                    Marks::One(mark) => slots.add(slot, call.net, Said::Entry(mark)),
                    _ => return false,
                },
                (_, Some(_)) => return false,
                (_, None) => {}
            }
            at = call.back;
        }
        false
    }

    fn goes_on(&self, thread: &Thread) -> bool {
        self.next(thread).next().is_some() || matches!(thread.at, At::Text(_))
    }

    /// Words a reading waits for; free text is not among them.
    fn next<'p>(&'p self, thread: &Thread) -> impl Iterator<Item = WordId> + 'p {
        let network = &self.grammar.compiled.network;
        let (words, names) = match thread.at {
            At::State(state) => (Some(&network.states[state as usize].words), None),
            At::Name { node } => {
                let kinds = self.calls.kinds(thread, network);
                (None, Some(self.grammar.names.following(node, kinds)))
            }
            At::Text(_) => (None, None),
        };
        let words = words.into_iter().flatten().map(|(word, _)| *word);
        words.chain(names.into_iter().flatten())
    }

    /// Words that may follow, sorted; free text is not among them.
    pub fn next_words(&mut self) -> Vec<String> {
        self.close();
        let ids: BTreeSet<WordId> = self
            .waiting()
            .flat_map(|thread| self.next(thread))
            .collect();
        let spelling = &self.grammar.compiled.network.spelling;
        let mut words: Vec<String> = ids
            .into_iter()
            .map(|id| spelling[id as usize].clone())
            .collect();
        words.sort_unstable();
        words
    }

    /// Words after which the command would mean something else, sorted.
    #[cfg(test)]
    pub(super) fn changes(&mut self) -> Vec<&str> {
        self.close();
        let mut words: BTreeSet<&str> = BTreeSet::new();
        let best = self.best();
        let spelling = &self.grammar.compiled.network.spelling;
        for thread in best.iter().flat_map(|(best, _)| self.continuations(best)) {
            words.extend(self.next(thread).map(|id| spelling[id as usize].as_str()));
            if matches!(thread.at, At::Text(_)) {
                words.insert("(any)");
            }
        }
        words.into_iter().collect()
    }

    /// Whether no sentence goes on like this.
    pub(super) fn is_dead(&self) -> bool {
        self.threads.is_empty()
    }

    /// Whether nothing but their order in the files decides between two intents.
    pub(super) fn is_drawn(&mut self) -> bool {
        self.close();
        let ranks = self.ended().filter_map(|thread| Some(self.rank(thread)?.0));
        let ranks: BTreeSet<Rank> = ranks.collect();
        let mut ranks = ranks.iter();
        match (ranks.next(), ranks.next()) {
            (Some(one), Some(other)) => (one.0, one.1, one.2) == (other.0, other.1, other.2),
            _ => false,
        }
    }

    /// Everything that the words mean equally well.
    pub(super) fn meanings(&mut self) -> Vec<Vec<Step>> {
        self.close();
        let mut all: Vec<(Rank, Vec<Step>)> = Vec::new();
        for thread in self.ended() {
            let Some((rank, found)) = self.rank(thread) else {
                continue;
            };
            if !all.iter().any(|(_, steps)| *steps == found.steps) {
                all.push((rank, found.steps));
            }
        }
        let weight = |rank: &Rank| (rank.0, rank.1, rank.2);
        let least = all.iter().map(|(rank, _)| weight(rank)).min();
        all.retain(|(rank, _)| Some(weight(rank)) == least);
        all.into_iter().map(|(_, steps)| steps).collect()
    }

    /// What the words mean, if they are a sentence.
    pub fn finish(&mut self) -> Option<Match> {
        if is_never_mind(&self.text) {
            let step = Step {
                skill: "loqa".into(),
                intent: "never_mind".into(),
                slots: Vec::new(),
            };
            return Some(Match {
                steps: vec![step],
                class: LatencyClass::A,
                confirmed: None,
                pin: None,
                follow_up: None,
            });
        }
        self.close();
        let (thread, mut found) = self.best()?;
        let is_text = |thread: &Thread| matches!(thread.at, At::Text(_));
        found.class = match () {
            () if found.class == LatencyClass::C => LatencyClass::C,
            () if self.continuations(&thread).any(|thread| !is_text(thread)) => LatencyClass::B,
            () => LatencyClass::A,
        };
        Some(found)
    }

    /// The reading that counts, and what it means.
    fn best(&self) -> Option<(Thread, Match)> {
        let mut best: Option<(Rank, Thread, Match)> = None;
        for thread in self.ended() {
            if best
                .as_ref()
                .is_some_and(|(rank, ..)| (rank.0, rank.1) < (thread.cost, thread.steps))
            {
                continue;
            }
            let Some((rank, found)) = self.rank(thread) else {
                continue;
            };
            if best.as_ref().is_none_or(|(known, ..)| rank < *known) {
                best = Some((rank, *thread, found));
            }
        }
        best.map(|(_, thread, found)| (thread, found))
    }

    /// Fewer commands first: "milk and eggs" is one item sooner than two commands. Then fewer slots:
    /// the device "kitchen lights" sooner than all lights of the kitchen.
    fn rank(&self, thread: &Thread) -> Option<(Rank, Match)> {
        let found = self.read(thread)?;
        let slots = found.steps.iter().map(|step| step.slots.len()).sum();
        let rank = (thread.cost, thread.steps, slots, self.intent_order(thread));
        Some((rank, found))
    }

    fn intent_order(&self, thread: &Thread) -> usize {
        let network = &self.grammar.compiled.network;
        let captures = self.calls.captures(thread);
        let intents = captures.filter_map(|found| match network.kind(found.net) {
            Kind::Intent(intent) => Some(*intent),
            _ => None,
        });
        intents.last().unwrap_or(usize::MAX)
    }

    fn read(&self, thread: &Thread) -> Option<Match> {
        let mut captures: Vec<&Capture> = self.calls.captures(thread).collect();
        captures.reverse();
        let compiled = &self.grammar.compiled;
        let mut found = Match {
            steps: Vec::new(),
            class: LatencyClass::A,
            confirmed: None,
            pin: None,
            follow_up: None,
        };
        let mut slots: Vec<(String, SlotValue)> = Vec::new();
        for capture in captures {
            match compiled.network.kind(capture.net) {
                Kind::Intent(intent) => {
                    let info = &compiled.intents[*intent];
                    let mut all = std::mem::take(&mut slots);
                    for (slot, value) in &info.constants {
                        if !all.iter().any(|(name, _)| name == slot) {
                            all.push((slot.clone(), SlotValue::Item(value.clone())));
                        }
                    }
                    found.steps.push(Step {
                        skill: info.skill.clone(),
                        intent: info.name.clone(),
                        slots: all,
                    });
                }
                Kind::Answer => found.follow_up = Some(std::mem::take(&mut slots)),
                Kind::Confirm(yes) => found.confirmed = Some(*yes),
                Kind::Pin => found.pin = Pin::spoken(self.said(capture)),
                kind => {
                    let Some(slot) = capture.slot else { continue };
                    let (value, free) = self.value(kind, capture)?;
                    if free {
                        found.class = LatencyClass::C;
                    }
                    let name = &compiled.network.slots[slot as usize];
                    match slots.iter_mut().find(|(slot, _)| slot == name) {
                        Some((_, old)) => *old = value,
                        None => slots.push((name.clone(), value)),
                    }
                }
            }
        }
        Some(found)
    }

    /// A slot's value, and whether it is text outside its vocabulary.
    fn value(&self, kind: &Kind, capture: &Capture) -> Option<(SlotValue, bool)> {
        let names = &self.grammar.names;
        let text = self.said(capture);
        let words = || normalize::split(text).collect::<Vec<_>>();
        let value = match kind {
            Kind::Values(values) => SlotValue::Item(values.get(capture.mark? as usize)?.clone()),
            Kind::Typed(typed) => typed.read(&words())?,
            Kind::Range(from, to, step) => {
                let n = super::numbers::value(&words())?;
                let whole = n as i64;
                if n.fract() != 0.0
                    || whole < *from
                    || whole > *to
                    || (whole - from) % step.max(&1) != 0
                {
                    return None;
                }
                SlotValue::Number(n)
            }
            Kind::Devices(kinds) => {
                let id = names.device_ids.get(capture.mark? as usize)?.clone();
                match *kinds {
                    ROUTINES => SlotValue::Item(id.into()),
                    _ => SlotValue::Device(id),
                }
            }
            Kind::Areas => SlotValue::Area(names.area_ids.get(capture.mark? as usize)?.clone()),
            Kind::Text(vocabulary) => {
                let free = !vocabulary.iter().any(|phrase| phrase == text);
                return Some((SlotValue::Text(text.to_owned()), free));
            }
            _ => return None,
        };
        Some((value, false))
    }

    fn said(&self, capture: &Capture) -> &str {
        let end = |words: u32| {
            self.ends[..words as usize]
                .last()
                .map_or(0, |end| *end as usize)
        };
        self.text[end(capture.start)..end(capture.end)].trim_start()
    }
}

/// Whether the words end in "never mind".
pub(super) fn is_never_mind(text: &str) -> bool {
    let before = text.strip_suffix("never mind");
    before.is_some_and(|before| before.is_empty() || before.ends_with(' '))
}

/// What fills a slot, so that equal values are equal.
#[derive(PartialEq)]
enum Said {
    /// An entry of a list, however it was said.
    Entry(u32),
    /// The words from, to.
    Words(u32, u32),
}

/// What fills each slot, and by which automaton; in the order of their names.
#[derive(Default, PartialEq)]
struct Slots(BTreeMap<SlotId, (NetId, Said)>);

impl Slots {
    /// The last words for a slot count, and they are added first.
    fn add(&mut self, slot: SlotId, net: NetId, said: Said) {
        self.0.entry(slot).or_insert((net, said));
    }

    /// Adds what this command has captured; what the one before it has.
    fn fill<'c>(&mut self, captures: impl Iterator<Item = &'c Capture>) -> Option<&'c Capture> {
        for found in captures {
            let Some(slot) = found.slot else {
                return Some(found);
            };
            let said = found
                .mark
                .map_or(Said::Words(found.start, found.end), Said::Entry);
            self.add(slot, found.net, said);
        }
        None
    }
}

impl SlotValue {
    /// The value as later stages and `--json` see it: duration → seconds; time → RFC 3339 local,
    /// the next such moment after `now`; clock → `HH:MM`, or both that it may mean, the earlier first;
    /// date → `YYYY-MM-DD`; device and area → id.
    pub fn to_json(&self, now: &jiff::Zoned) -> serde_json::Value {
        use serde_json::{Value, json};
        match self {
            SlotValue::Text(text)
            | SlotValue::Colour(text)
            | SlotValue::Device(text)
            | SlotValue::Area(text) => json!(text),
            SlotValue::Item(value) => value.clone(),
            SlotValue::Number(n) | SlotValue::Percentage(n) => {
                if n.fract() == 0.0 && n.abs() < 9e15 {
                    json!(*n as i64)
                } else {
                    json!(n)
                }
            }
            SlotValue::Duration(seconds) => json!(seconds),
            SlotValue::Time(time) => time.after(now).map_or(Value::Null, |moment| {
                json!(
                    moment
                        .timestamp()
                        .display_with_offset(moment.offset())
                        .to_string()
                )
            }),
            SlotValue::Clock(time) => {
                let at = |hour: &u8| format!("{hour:02}:{:02}", time.minute);
                json!(time.hours().iter().map(at).collect::<Vec<_>>().join("/"))
            }
            SlotValue::Date(date) => date
                .after(now)
                .map_or(Value::Null, |date| json!(date.to_string())),
        }
    }
}

impl TimeOfDay {
    /// The hours that may be meant, the earlier first.
    fn hours(self) -> Vec<u8> {
        if self.meridiem_known {
            vec![self.hour]
        } else {
            vec![self.hour % 12, self.hour % 12 + 12]
        }
    }

    /// The next such moment; `None` beyond the calendar.
    fn after(self, now: &jiff::Zoned) -> Option<jiff::Zoned> {
        let hours = self.hours();
        let moments = (0..=2).flat_map(|days| {
            hours.iter().filter_map(move |hour| {
                let date = now.date().checked_add(jiff::Span::new().days(days)).ok()?;
                date.at(*hour as i8, self.minute as i8, 0, 0)
                    .to_zoned(now.time_zone().clone())
                    .ok()
            })
        });
        moments.filter(|moment| moment > now).min()
    }
}

impl DateSpec {
    /// The day meant; `None` beyond the calendar.
    fn after(self, now: &jiff::Zoned) -> Option<jiff::civil::Date> {
        let today = now.date();
        match self {
            DateSpec::Relative(days) => today.checked_add(jiff::Span::new().days(days)).ok(),
            DateSpec::Weekday(weekday) => {
                let ahead = (i32::from(weekday)
                    - i32::from(today.weekday().to_monday_one_offset()))
                .rem_euclid(7);
                today
                    .checked_add(jiff::Span::new().days(if ahead == 0 { 7 } else { ahead }))
                    .ok()
            }
            DateSpec::Calendar {
                month,
                day,
                year: Some(year),
            } => jiff::civil::Date::new(year, month as i8, day as i8).ok(),
            DateSpec::Calendar {
                month,
                day,
                year: None,
            } => {
                // The 29th of February may be years ahead.
                (0..=8)
                    .filter_map(|years| {
                        jiff::civil::Date::new(today.year() + years, month as i8, day as i8).ok()
                    })
                    .find(|date| *date >= today)
            }
        }
    }
}
