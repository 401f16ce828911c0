//! What skills show: from templates to cards, and from cards to what everybody is told.

use loqa_core::{
    grammar::{SlotValue, Step},
    home::Home,
    manifest::{card::CardTemplate, reply},
};
use loqa_protocol::card;
use loqa_skill_sdk::{Card, CardLine, Plan};

/// The card of an intent without code, with its slots filled in.
pub fn filled(card: &CardTemplate, step: &Step, home: &Home) -> Card {
    let slots: &[(String, SlotValue)] = &step.slots;
    let fill = |template: &String| reply::render(template, slots, home);
    let line = |(name, text): &(Option<String>, String)| CardLine {
        name: name.as_ref().map(fill),
        text: fill(text),
    };
    Card {
        id: step.intent.clone(),
        title: fill(&card.title),
        lines: card.lines.iter().map(line).collect(),
        say: card.say.iter().map(fill).collect(),
        stays_s: card.stays_min * 60,
    }
}

/// What steps that were carried out show.
pub fn of(steps: &[(Step, Plan)]) -> Vec<card::Card> {
    let cards = steps
        .iter()
        .filter_map(|(step, plan)| Some(announced(&step.skill, plan.card.as_ref()?)));
    cards.collect()
}

fn announced(skill: &str, card: &Card) -> card::Card {
    let line = |line: &CardLine| card::CardLine {
        name: line.name.clone(),
        text: line.text.clone(),
    };
    let said = |sentence: &&String| !sentence.trim().is_empty();
    card::Card {
        skill: skill.into(),
        id: card.id.clone(),
        title: card.title.clone(),
        lines: card.lines.iter().map(line).collect(),
        say: card.say.iter().filter(said).cloned().collect(),
        stays_ms: card.stays_s.saturating_mul(1000),
    }
    .bounded()
}

#[cfg(test)]
mod tests {
    use super::Plan;
    use crate::skills::{
        Registry,
        tests::{House, Linked},
    };
    use loqa_core::{
        grammar::{SlotValue, Step},
        seams::SkillHost,
    };
    use loqa_protocol::card::Card;
    use loqa_skill_sdk::{EffectError, Effects, Prepared, Reads, Request, Skill};
    use loqa_skill_timers::Timers;
    use std::fs;

    const TEA: &str = r#"
name: tea
intents:
  brew:
    sentences: ["brew {text:kind}"]
    reply: "{kind}: three minutes."
    card:
      title: "{kind} tea"
      lines: [hot, { name: Steep, text: three minutes }]
      say: [set a timer for three minutes]
      stays: 3
"#;

    fn drawn(cards: &[Card]) -> String {
        let card = |card: &Card| {
            let line = |line: &loqa_protocol::card::CardLine| match &line.name {
                Some(name) => format!("{name}: {}", line.text),
                None => line.text.clone(),
            };
            let lines: Vec<String> = card.lines.iter().map(line).collect();
            format!(
                "{}.{} [{}] {} ({}) {} s",
                card.skill,
                card.id,
                card.title,
                lines.join(", "),
                card.say.join(", "),
                card.stays_ms / 1000
            )
        };
        cards.iter().map(card).collect::<Vec<_>>().join("\n")
    }

    #[tokio::test]
    async fn what_a_manifest_shows_comes_of_its_commit() {
        let skills = tempfile::tempdir().unwrap();
        fs::create_dir(skills.path().join("tea")).unwrap();
        fs::write(skills.path().join("tea/skill.yaml"), TEA).unwrap();
        let registry = Registry::load(
            &[skills.path().into()],
            None,
            &crate::skills::Machine::beside(skills.path()),
        )
        .map(crate::skills::tests::linked)
        .unwrap();
        let data = tempfile::tempdir().unwrap();
        let mut house = House::with_registry(data.path(), registry);
        let brew = |kind: &str| Step {
            skill: "tea".into(),
            intent: "brew".into(),
            slots: vec![("kind".into(), SlotValue::Text(kind.into()))],
        };
        let draft = house.prepare(&[brew("green")]).unwrap();
        house.host.discard(draft.id);
        let set = Step {
            skill: "timers".into(),
            intent: "set".into(),
            slots: vec![("duration".into(), SlotValue::Duration(60))],
        };
        // With an effect beside it, and without.
        for steps in [vec![brew("black")], vec![brew("black"), set]] {
            let draft = house.prepare(&steps).unwrap();
            let committed = house.commit(&draft).await.unwrap();
            assert_eq!(
                drawn(&committed.cards),
                "tea.brew [black tea] hot, Steep: three minutes (set a timer for three minutes) 180 s"
            );
        }
    }

    /// Timers that show a card.
    struct Carded(Timers);

    impl Skill for Carded {
        fn prepare(&self, request: &Request, reads: &dyn Reads) -> Prepared {
            match self.0.prepare(request, reads) {
                Prepared::Plan(mut plan) => {
                    plan.card = Some(loqa_skill_sdk::Card {
                        id: "egg".into(),
                        title: "an egg".into(),
                        stays_s: 60,
                        ..loqa_skill_sdk::Card::default()
                    });
                    Prepared::Plan(plan)
                }
                other => other,
            }
        }

        fn commit(&self, plan: &Plan, effects: &mut dyn Effects) -> Result<String, EffectError> {
            self.0.commit(plan, effects)
        }
    }

    #[tokio::test]
    async fn what_is_undone_takes_its_card_with_it() {
        let registry = Registry::built_in().unwrap();
        let registry = registry.with_code("timers", Linked(Carded(Timers)));
        let data = tempfile::tempdir().unwrap();
        let mut house = House::with_registry(data.path(), registry);
        let step = |skill: &str, intent: &str, slots| Step {
            skill: skill.into(),
            intent: intent.into(),
            slots,
        };
        let minute = vec![("duration".into(), SlotValue::Duration(60))];
        let mut shown = Vec::new();
        for step in [
            step("timers", "set", minute),
            step("loqa", "undo", Vec::new()),
        ] {
            let draft = house.prepare(&[step]).unwrap();
            let committed = house.commit(&draft).await.unwrap();
            shown.push(drawn(&committed.cards));
        }
        assert_eq!(
            shown,
            ["timers.egg [an egg]  () 60 s", "timers.egg []  () 0 s"]
        );
    }
}
