//! Word by word through the network.

use super::{
    Context, DateSpec, Grammar, Match, SlotValue, State, Step, TimeOfDay,
    network::{self, Capture, Kind, Marks, NetId, SlotId, Thread, WordId},
};
use loqa_protocol::LatencyClass;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A sentence as far as it has been said.
#[derive(Clone)]
pub struct Parse<'g> {
    grammar: &'g Grammar,
    words: Vec<String>,
    /// Waiting for a word; at the very beginning, the grammar's own.
    threads: Arc<Vec<Thread>>,
    ended: Arc<Vec<Thread>>,
}

/// Cost, commands, slots and place of the intent: the least counts.
type Rank = (u32, u8, usize, usize);

/// Readings kept after a word: far more than a household's sentences ever need.
const MAX_THREADS: usize = 4096;

impl<'g> Parse<'g> {
    pub(super) fn start(grammar: &'g Grammar, context: &Context) -> Parse<'g> {
        Parse {
            grammar,
            words: Vec::new(),
            threads: grammar.beginnings(context),
            ended: Arc::default(),
        }
    }

    /// Says the next word (normalised).
    pub fn feed(&mut self, word: &str) {
        let (network, names) = (&self.grammar.compiled.network, &self.grammar.names);
        let id = network.words.get(word).copied();
        self.words.push(word.to_owned());
        let position = self.words.len() as u32;
        let mut stepped = Vec::new();
        for thread in self.threads.iter() {
            network::step(network, names, thread, id, &mut stepped);
        }
        let (mut waiting, mut ended) = (Vec::new(), Vec::new());
        for thread in stepped {
            network::close(network, names, thread, position, &mut waiting, &mut ended);
        }
        waiting.sort_by_key(|thread| thread.cost);
        waiting.truncate(MAX_THREADS);
        self.threads = Arc::new(waiting);
        self.ended = Arc::new(ended);
    }

    /// Where the sentence stands.
    pub fn state(&self) -> State {
        if self.never_mind() {
            return State::Closed;
        }
        let Some((best, _)) = self.best() else {
            return if self.threads.iter().any(|thread| self.goes_on(thread)) {
                State::Incomplete
            } else {
                State::Dead
            };
        };
        let mut state = State::Closed;
        for thread in self.continuations(best) {
            if matches!(thread.at, network::At::Text(_)) {
                return State::Open;
            }
            state = State::Extendable;
        }
        state
    }

    /// Readings that go on inside the command and could change what it means, which is now what
    /// `best` says. Words that a literal reading has explained are not taken for free text after
    /// all.
    fn continuations<'p>(&'p self, best: &'p Thread) -> impl Iterator<Item = &'p Thread> {
        let network = &self.grammar.compiled.network;
        let free_words = |thread: &Thread| thread.cost / network::FREE;
        self.threads.iter().filter(move |thread| {
            free_words(thread) <= free_words(best)
                && thread.steps <= best.steps
                && thread.inside_command(network)
                && self.goes_on(thread)
                && !self.is_neutral(thread, best)
        })
    }

    /// Whether however `thread` goes on, it means what `ended` means already.
    fn is_neutral(&self, thread: &Thread, ended: &Thread) -> bool {
        let compiled = &self.grammar.compiled;
        let nets = &compiled.network.nets;
        let network::At::State(mut at) = thread.at else {
            return false;
        };
        let mut slots = Slots::default();
        let mut frame = thread.frame.as_ref();
        while let Some(call) = frame {
            if compiled.fills[at as usize] {
                return false;
            }
            match (&nets[call.net as usize].kind, call.slot) {
                (Kind::Intent(_) | Kind::Answer, _) => {
                    let Some(last) = &ended.captures else {
                        return false;
                    };
                    let earlier = slots.fill(thread.captures.as_ref());
                    let mut said = Slots::default();
                    let same_before = match (earlier, said.fill(last.before.as_ref())) {
                        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
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
            frame = call.up.as_ref();
        }
        false
    }

    fn goes_on(&self, thread: &Thread) -> bool {
        match thread.at {
            network::At::State(state) => !self.grammar.compiled.network.states[state as usize]
                .words
                .is_empty(),
            network::At::Name { node } => self
                .grammar
                .names
                .following(node, thread.kinds(&self.grammar.compiled.network))
                .next()
                .is_some(),
            network::At::Text(_) => true,
        }
    }

    /// Words that may follow, sorted; free text is not among them.
    pub fn next_words(&self) -> Vec<String> {
        let network = &self.grammar.compiled.network;
        let mut ids: BTreeSet<WordId> = BTreeSet::new();
        for thread in self.threads.iter() {
            match thread.at {
                network::At::State(state) => ids.extend(
                    network.states[state as usize]
                        .words
                        .iter()
                        .map(|(word, _)| *word),
                ),
                network::At::Name { node } => ids.extend(
                    self.grammar
                        .names
                        .following(node, thread.kinds(&self.grammar.compiled.network)),
                ),
                network::At::Text(_) => {}
            }
        }
        let mut words: Vec<String> = ids
            .into_iter()
            .map(|id| network.spelling[id as usize].clone())
            .collect();
        words.sort_unstable();
        words
    }

    /// Words after which the command would mean something else, sorted.
    #[cfg(test)]
    pub(super) fn changes(&self) -> Vec<&str> {
        let compiled = &self.grammar.compiled;
        let mut words: BTreeSet<&str> = BTreeSet::new();
        let best = self.best();
        for thread in best.iter().flat_map(|(best, _)| self.continuations(best)) {
            let spelling = |id: WordId| compiled.network.spelling[id as usize].as_str();
            match thread.at {
                network::At::State(state) => {
                    let next = &compiled.network.states[state as usize].words;
                    words.extend(next.iter().map(|(word, _)| spelling(*word)))
                }
                network::At::Name { node } => {
                    let kinds = thread.kinds(&compiled.network);
                    words.extend(self.grammar.names.following(node, kinds).map(spelling))
                }
                network::At::Text(_) => words.extend(["(any)"]),
            }
        }
        words.into_iter().collect()
    }

    /// Whether no sentence goes on like this.
    pub(super) fn is_dead(&self) -> bool {
        self.threads.is_empty() && self.ended.is_empty()
    }

    /// Whether nothing but their order in the files decides between two intents.
    pub(super) fn is_drawn(&self) -> bool {
        let ranks = self
            .ended
            .iter()
            .filter_map(|thread| Some(self.rank(thread)?.0));
        let ranks: BTreeSet<Rank> = ranks.collect();
        let mut ranks = ranks.iter();
        match (ranks.next(), ranks.next()) {
            (Some(one), Some(other)) => (one.0, one.1, one.2) == (other.0, other.1, other.2),
            _ => false,
        }
    }

    fn never_mind(&self) -> bool {
        self.words.len() >= 2
            && self
                .words
                .ends_with(&["never".to_owned(), "mind".to_owned()])
    }

    /// What the words mean, if they are a sentence.
    pub fn finish(&self) -> Option<Match> {
        if self.never_mind() {
            let step = Step {
                skill: "loqa".into(),
                intent: "never_mind".into(),
                slots: Vec::new(),
            };
            return Some(Match {
                steps: vec![step],
                class: LatencyClass::A,
                confirmed: None,
                follow_up: None,
            });
        }
        let (thread, mut found) = self.best()?;
        let is_text = |thread: &Thread| matches!(thread.at, network::At::Text(_));
        found.class = match () {
            () if found.class == LatencyClass::C => LatencyClass::C,
            () if self.continuations(thread).any(|thread| !is_text(thread)) => LatencyClass::B,
            () => LatencyClass::A,
        };
        Some(found)
    }

    /// The reading that counts, and what it means.
    fn best(&self) -> Option<(&Thread, Match)> {
        let mut best: Option<(Rank, &Thread, Match)> = None;
        for thread in self.ended.iter() {
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
                best = Some((rank, thread, found));
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
        let mut capture = thread.captures.as_ref();
        let mut first = usize::MAX;
        while let Some(found) = capture {
            if let Kind::Intent(intent) =
                self.grammar.compiled.network.nets[found.net as usize].kind
            {
                first = intent;
            }
            capture = found.before.as_ref();
        }
        first
    }

    fn read(&self, thread: &Thread) -> Option<Match> {
        let mut captures: Vec<&Capture> = Vec::new();
        let mut capture = thread.captures.as_ref();
        while let Some(found) = capture {
            captures.push(found);
            capture = found.before.as_ref();
        }
        captures.reverse();
        let compiled = &self.grammar.compiled;
        let mut found = Match {
            steps: Vec::new(),
            class: LatencyClass::A,
            confirmed: None,
            follow_up: None,
        };
        let mut slots: Vec<(String, SlotValue)> = Vec::new();
        for capture in captures {
            match &compiled.network.nets[capture.net as usize].kind {
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
                kind => {
                    let Some(slot) = capture.slot else { continue };
                    let words: Vec<&str> = self.words[capture.start as usize..capture.end as usize]
                        .iter()
                        .map(String::as_str)
                        .collect();
                    let (value, free) = self.value(kind, capture, &words)?;
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
    fn value(&self, kind: &Kind, capture: &Capture, words: &[&str]) -> Option<(SlotValue, bool)> {
        let names = &self.grammar.names;
        let value = match kind {
            Kind::Values(values) => SlotValue::Item(values.get(capture.mark? as usize)?.clone()),
            Kind::Typed(typed) => typed.read(words)?,
            Kind::Range(from, to, step) => {
                let n = super::numbers::value(words)?;
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
            Kind::Devices(_) => {
                SlotValue::Device(names.device_ids.get(capture.mark? as usize)?.clone())
            }
            Kind::Areas => SlotValue::Area(names.area_ids.get(capture.mark? as usize)?.clone()),
            Kind::Text(vocabulary) => {
                let text = words.join(" ");
                let free = !vocabulary.contains(&text);
                return Some((SlotValue::Text(text), free));
            }
            _ => return None,
        };
        Some((value, false))
    }
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
    fn fill<'c>(&mut self, mut capture: Option<&'c Arc<Capture>>) -> Option<&'c Arc<Capture>> {
        while let Some(found) = capture {
            let Some(slot) = found.slot else { break };
            let said = found
                .mark
                .map_or(Said::Words(found.start, found.end), Said::Entry);
            self.add(slot, found.net, said);
            capture = found.before.as_ref();
        }
        capture
    }
}

impl SlotValue {
    /// The value as later stages and `--json` see it: duration → seconds; time → RFC 3339 local,
    /// the next such moment after `now`; date → `YYYY-MM-DD`; device and area → id.
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
            SlotValue::Date(date) => date
                .after(now)
                .map_or(Value::Null, |date| json!(date.to_string())),
        }
    }
}

impl TimeOfDay {
    /// The next such moment; `None` beyond the calendar.
    fn after(self, now: &jiff::Zoned) -> Option<jiff::Zoned> {
        let hours: &[u8] = if self.meridiem_known {
            &[self.hour]
        } else {
            &[self.hour % 12, self.hour % 12 + 12]
        };
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
