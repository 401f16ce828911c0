//! Which slots a sentence fills, so that no reply or card names one that may be empty.

use super::card::CardTemplate;
use super::reply::{Piece, pieces};
use super::{FileError, Intent, Manifest, Place};
use crate::document::did_you_mean;
use crate::grammar::template::{self, Node};
use std::collections::BTreeSet;

/// Rules within rules that are followed; a circle is reported when the grammar is compiled.
const MAX_DEPTH: usize = 32;

type Slots = BTreeSet<String>;
type Combine = fn(&Slots, &Slots) -> Slots;
/// All slots, and per sentence those it may leave empty.
type Filled<'i> = (Slots, Vec<(&'i str, Slots)>);

/// Reports slots of replies and cards that a sentence of their intent leaves empty.
pub(super) fn check_replies(manifest: &Manifest, errors: &mut Vec<FileError>) {
    for intent in &manifest.intents {
        let name = || intent.name.clone();
        let reply = intent.reply.as_deref().map(|it| (Place::Reply(name()), it));
        let card = intent.card.iter().flat_map(CardTemplate::templates);
        let card = card.enumerate().map(|(index, template)| {
            let intent = name();
            (Place::Card { intent, index }, template)
        });
        let templates: Vec<_> = reply.into_iter().chain(card).collect();
        if templates.is_empty() {
            continue;
        }
        let Some(filled) = filled(manifest, intent) else {
            continue;
        };
        for (place, template) in templates {
            check(manifest, intent, &place, template, &filled, errors);
        }
    }
}

fn check(
    manifest: &Manifest,
    intent: &Intent,
    place: &Place,
    template: &str,
    (all, lacking): &Filled<'_>,
    errors: &mut Vec<FileError>,
) {
    for piece in pieces(template).unwrap_or_default() {
        let Piece::Slot {
            name,
            default,
            offset,
        } = piece
        else {
            continue;
        };
        if !all.contains(name) {
            let message = format!("no sentence of `{}` fills `{name}`", intent.name);
            let help = did_you_mean(name, all.iter().map(String::as_str), "slots");
            errors.push(manifest.places.error(place, offset, message, help));
        } else if default.is_none()
            && let Some((sentence, _)) = lacking.iter().find(|(_, slots)| slots.contains(name))
        {
            let message = format!("`{sentence}` can be said without `{name}`");
            let help = format!("say something else then: {{{name}|something else}}");
            errors.push(manifest.places.error(place, offset, message, help));
        }
    }
}

/// All slots that some sentence of the intent can fill and, per sentence, those of them it can be
/// said without. `None` if a template cannot be read, which compiling reports.
fn filled<'i>(manifest: &Manifest, intent: &'i Intent) -> Option<Filled<'i>> {
    let constant: Slots = intent.slots.keys().cloned().collect();
    let mut all = constant.clone();
    let mut sure = Vec::new();
    for sentence in &intent.sentences {
        let node = template::parse(sentence).ok()?;
        all.append(&mut slots(&node, manifest, |a, b| a | b, 0)?);
        let mut always = slots(&node, manifest, |a, b| a & b, 0)?;
        always.extend(constant.iter().cloned());
        sure.push((sentence.as_str(), always));
    }
    let lacking = sure
        .into_iter()
        .map(|(sentence, sure)| (sentence, &all - &sure));
    let lacking = lacking.collect();
    Some((all, lacking))
}

/// The slots of a template. `either` combines the alternatives: union for those that can be
/// filled, intersection for those that always are.
fn slots(node: &Node, manifest: &Manifest, either: Combine, depth: usize) -> Option<Slots> {
    let below = |node: &Node| slots(node, manifest, either, depth + 1);
    match node {
        _ if depth > MAX_DEPTH => None,
        Node::Word(_) => Some(Slots::new()),
        Node::List { slot, .. } => Some(Slots::from([slot.clone()])),
        Node::Sequence(parts) => parts
            .iter()
            .map(below)
            .try_fold(Slots::new(), |all, part| Some(&all | &part?)),
        Node::Either(parts) => {
            let mut parts = parts.iter().map(below);
            let first = parts.next().unwrap_or(Some(Slots::new()))?;
            parts.try_fold(first, |all, part| Some(either(&all, &part?)))
        }
        Node::Rule(name) => below(&template::parse(manifest.rules.get(name)?).ok()?),
    }
}
