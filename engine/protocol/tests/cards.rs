//! Which cards are shown, whatever skills come up with.

use loqa_protocol::{
    Envelope, Event, PrivacyScope, QosTier, SessionId,
    card::{Card, CardLine, Cards},
};
use proptest::{collection::vec, prelude::*};

fn event(card: Card) -> Envelope {
    Envelope {
        trace_id: 1,
        session_id: SessionId(1),
        turn: None,
        actor_id: String::new(),
        origin: "hub".into(),
        seq: 0,
        at_ms: 0,
        capability_tier: QosTier::Fast,
        privacy_scope: PrivacyScope::Ephemeral,
        event: Event::VisualCardUpdate(card),
    }
}

fn card(skill: &str, id: &str, stays_ms: u64) -> Card {
    Card {
        skill: skill.into(),
        id: id.into(),
        title: id.to_uppercase(),
        stays_ms,
        ..Card::default()
    }
}

fn shown(cards: &Cards, now_ms: u64) -> String {
    let titles: Vec<&str> = cards.shown(now_ms).map(|it| it.title.as_str()).collect();
    titles.join(" ")
}

#[test]
fn a_card_gives_way_to_a_newer_one_and_to_time() {
    let mut cards = Cards::default();
    cards.note(&event(card("tea", "a", 1000)), 0);
    cards.note(&event(card("pie", "a", 1000)), 100);
    cards.note(&event(card("tea", "b", 500)), 200);
    assert_eq!(shown(&cards, 200), "A A B");
    cards.note(&event(card("tea", "a", 1000)), 300);
    assert_eq!(shown(&cards, 699), "A B A", "a newer one comes last");
    assert_eq!(shown(&cards, 700), "A A");
    // Who comes now is told what is left.
    let mut later = Cards::default();
    cards.events(800).for_each(|event| later.note(&event, 5000));
    assert_eq!(shown(&later, 5299), "A A");
    assert_eq!(shown(&later, 5300), "A", "of the pie, which came at 100");
    assert_eq!(shown(&later, 5500), "");
    cards.note(&event(Card::gone("tea", "a")), 800);
    assert_eq!(shown(&cards, 800), "A", "of the pie");
    assert_eq!(cards.events(800).count(), 1);
}

#[test]
fn the_oldest_of_a_skill_goes_first_then_the_oldest_of_all() {
    let mut cards = Cards::default();
    cards.note(&event(card("pie", "z", 1000)), 0);
    for id in ["a", "b", "c", "d", "e"] {
        cards.note(&event(card("tea", id, 1000)), 0);
    }
    assert_eq!(shown(&cards, 0), "Z B C D E");
    for skill in 0..31 {
        cards.note(&event(card(&skill.to_string(), "y", 1000)), 0);
    }
    assert_eq!(cards.shown(0).count(), 32);
    assert!(shown(&cards, 0).starts_with("E Y"));
}

proptest! {
    #[test]
    fn no_card_is_larger_than_a_card(
        title in ".{0,200}",
        lines in vec((proptest::option::of(".{0,200}"), ".{0,500}"), 0..40),
        say in vec(".{0,300}", 0..10),
        stays_ms: u64,
    ) {
        let lines = lines.into_iter().map(|(name, text)| CardLine { name, text }).collect();
        let card = Card { title, lines, say, stays_ms, ..Card::default() }.bounded();
        let letters = |text: &str| text.chars().count();
        prop_assert!(letters(&card.title) <= 80 && card.lines.len() <= 12 && card.say.len() <= 4);
        prop_assert!(card.lines.iter().all(|line| letters(&line.text) <= 200));
        prop_assert!(card.lines.iter().flat_map(|line| &line.name).all(|name| letters(name) <= 80));
        prop_assert!(card.say.iter().all(|sentence| letters(sentence) <= 200));
        prop_assert!((0..=24 * 3_600_000).contains(&card.stays_ms));
        prop_assert_eq!(card.clone().bounded(), card);
    }
}
