//! Cards: what a skill shows on every dashboard for a while, and the cards that are shown.

pub use crate::wire::view::{Card, CardLine};

use crate::{Envelope, Event};
use alloc::{string::String, vec::Vec};

/// Lines of a card at most.
pub const MAX_LINES: usize = 12;
/// Sentences to touch at most.
pub const MAX_SAY: usize = 4;
/// How long a card may stay, minutes.
pub const MAX_STAYS_MIN: u64 = 24 * 60;
/// How long a card stays if nobody says otherwise, minutes.
pub const STAYS_MIN: u64 = 10;
/// Letters of a title, and of the name before a line.
const MAX_TITLE: usize = 80;
/// Letters of a line, and of a sentence.
const MAX_TEXT: usize = 200;
/// Cards of one skill that are shown at once.
const OF_A_SKILL: usize = 4;
/// Cards that are shown at once.
const OF_ALL: usize = 32;

impl Card {
    /// The card within its limits: what is too long is cut.
    pub fn bounded(mut self) -> Card {
        for text in [&mut self.skill, &mut self.id, &mut self.title] {
            cut(text, MAX_TITLE);
        }
        self.lines.truncate(MAX_LINES);
        for line in &mut self.lines {
            if let Some(name) = &mut line.name {
                cut(name, MAX_TITLE);
            }
            cut(&mut line.text, MAX_TEXT);
        }
        // Half a sentence would mean something else.
        self.say
            .retain(|sentence| sentence.chars().count() <= MAX_TEXT);
        self.say.truncate(MAX_SAY);
        self.stays_ms = self.stays_ms.min(MAX_STAYS_MIN * 60_000);
        self
    }

    /// Takes the card of this skill and id back: it is shown no longer.
    pub fn gone(skill: &str, id: &str) -> Card {
        Card {
            skill: skill.into(),
            id: id.into(),
            ..Card::default()
        }
        .bounded()
    }
}

fn cut(text: &mut String, letters: usize) {
    if text.chars().count() > letters {
        *text = text.chars().take(letters - 1).chain(['…']).collect();
    }
}

/// The cards that are shown, oldest first: a few of each skill, and not too many in all, of which
/// the oldest goes first. Times are ms on any clock that does not jump.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Cards(Vec<Shown>);

#[derive(Clone, PartialEq, Debug)]
struct Shown {
    until_ms: u64,
    card: Card,
    /// What it came with.
    envelope: Envelope,
}

impl Cards {
    /// Shows the card of an event, in place of the one of the same skill and id, unless it is
    /// [`Card::gone`]; other events have none.
    pub fn note(&mut self, envelope: &Envelope, now_ms: u64) {
        let Event::VisualCardUpdate(card) = &envelope.event else {
            return;
        };
        let card = card.clone().bounded();
        let cards = &mut self.0;
        cards.retain(|known| {
            known.until_ms > now_ms
                && (&known.card.skill, &known.card.id) != (&card.skill, &card.id)
        });
        if card.stays_ms == 0 {
            return;
        }
        let of_same = |known: &Shown| known.card.skill == card.skill;
        if cards.iter().filter(|known| of_same(known)).count() >= OF_A_SKILL
            && let Some(oldest) = cards.iter().position(of_same)
        {
            cards.remove(oldest);
        }
        if cards.len() >= OF_ALL {
            cards.remove(0);
        }
        cards.push(Shown {
            until_ms: now_ms.saturating_add(card.stays_ms),
            card,
            envelope: envelope.clone(),
        });
    }

    /// The cards that stay still.
    pub fn shown(&self, now_ms: u64) -> impl Iterator<Item = &Card> {
        let staying = self.0.iter().filter(move |it| it.until_ms > now_ms);
        staying.map(|it| &it.card)
    }

    /// The events that show them to somebody who comes now, each with the time that is left.
    pub fn events(&self, now_ms: u64) -> impl Iterator<Item = Envelope> {
        let staying = self.0.iter().filter(move |it| it.until_ms > now_ms);
        staying.map(move |it| Envelope {
            event: Event::VisualCardUpdate(Card {
                stays_ms: it.until_ms - now_ms,
                ..it.card.clone()
            }),
            ..it.envelope.clone()
        })
    }
}
