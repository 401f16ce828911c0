//! The matcher against a slow one that is obviously right: it says every sentence of a template
//! that begins with the words so far, and looks which one they are and what the others mean.

use super::*;
use crate::manifest::{Intent, Manifest};
use proptest::{collection::vec, prelude::*, sample::select};
use std::collections::{BTreeMap, BTreeSet};

/// Few words, so that readings meet.
const WORDS: [&str; 4] = ["a", "b", "c", "d"];
/// Stands for any word that no template has.
const OTHER: &str = "zz";
/// What the lists and the rule below say, what it means, and what each word costs.
const SHADES: &[(&str, &str)] = &[
    ("a", "1"),
    ("a b", "1"),
    ("b", "2"),
    ("c", "3"),
    ("c d", "4"),
];
const LEVELS: &[(&str, &str)] = &[
    ("nineteen", "19"),
    ("twenty", "20"),
    ("twenty one", "21"),
    ("twenty two", "22"),
];
const RULE: &[(&str, &str)] = &[("a", ""), ("b c", ""), ("d", "")];
const SKILL: &str = r#"
name: s
lists:
  shade: { values: [{ in: "a [b]", out: 1 }, { in: b, out: 2 }, { in: c, out: 3 }, { in: c d, out: 4 }] }
  level: { range: { from: 19, to: 22 } }
  any: { text: {} }
rules: { r: "(a|b c|d)" }
"#;

#[derive(Clone, Debug)]
enum Tree {
    Word(&'static str),
    Rule,
    List(&'static str),
    Sequence(Vec<Tree>),
    Either(Vec<Tree>),
    Maybe(Box<Tree>),
    Permuted(Vec<Tree>),
}

/// A sentence under way.
#[derive(Clone, Debug, Default)]
struct Said {
    words: Vec<String>,
    slots: BTreeMap<String, String>,
    cost: u32,
    /// Of the words that were given.
    cost_so_far: u32,
    /// Whether the first word after those given is any word.
    open: bool,
    /// Whether a free text has several words.
    long: bool,
}

impl Said {
    /// One word more, if it is the one that was given there.
    fn word(mut self, word: &str, cost: u32, given: &[String]) -> Option<Said> {
        let at = self.words.len();
        if given.get(at).is_some_and(|given| given != word) {
            return None;
        }
        self.cost += cost;
        if at < given.len() {
            self.cost_so_far += cost;
        } else if at == given.len() {
            self.open = cost == readings::FREE;
        }
        self.words.push(word.to_owned());
        Some(self)
    }

    fn phrase(self, phrase: &str, cost: u32, given: &[String]) -> Option<Said> {
        phrase
            .split(' ')
            .try_fold(self, |said, word| said.word(word, cost, given))
    }
}

impl Tree {
    fn text(&self) -> String {
        let join =
            |parts: &[Tree], with| parts.iter().map(Tree::text).collect::<Vec<_>>().join(with);
        match self {
            Tree::Word(word) => (*word).to_owned(),
            Tree::Rule => "<r>".to_owned(),
            Tree::List(name) => format!("{{{name}}}"),
            Tree::Sequence(parts) => join(parts, " "),
            Tree::Either(parts) => format!("({})", join(parts, "|")),
            Tree::Maybe(part) => format!("[{}]", part.text()),
            Tree::Permuted(parts) => format!("({})", join(parts, ";")),
        }
    }

    /// Every way to go on from `said` that agrees with the words given.
    fn say(&self, said: &Said, given: &[String]) -> Vec<Said> {
        let one_of = |table: &[(&str, &str)], slot: &str, cost| {
            table
                .iter()
                .filter_map(|(phrase, value)| {
                    let mut said = said.clone().phrase(phrase, cost, given)?;
                    if !slot.is_empty() {
                        said.slots.insert(slot.to_owned(), (*value).to_owned());
                    }
                    Some(said)
                })
                .collect()
        };
        let in_order = |parts: &[&Tree]| {
            parts.iter().fold(vec![said.clone()], |all, part| {
                all.iter().flat_map(|said| part.say(said, given)).collect()
            })
        };
        match self {
            Tree::Word(word) => one_of(&[(word, "")], "", 0),
            Tree::Rule => one_of(RULE, "", 0),
            Tree::List("shade") => one_of(SHADES, "shade", 1),
            Tree::List("level") => one_of(LEVELS, "level", 2),
            Tree::List(_) => {
                let (mut all, mut longer) = (Vec::new(), said.clone());
                while longer.words.len() < given.len().max(said.words.len()) + 2 {
                    let word = given
                        .get(longer.words.len())
                        .map_or(OTHER, String::as_str)
                        .to_owned();
                    longer = longer.word(&word, readings::FREE, given).unwrap();
                    let text = longer.words[said.words.len()..].join(" ");
                    longer.long = said.long || text.contains(' ');
                    longer.slots.insert("any".into(), text);
                    all.push(longer.clone());
                }
                all
            }
            Tree::Sequence(parts) => in_order(&parts.iter().collect::<Vec<_>>()),
            Tree::Either(parts) => parts
                .iter()
                .flat_map(|part| part.say(said, given))
                .collect(),
            Tree::Maybe(part) => {
                let mut all = part.say(said, given);
                all.push(said.clone());
                all
            }
            Tree::Permuted(parts) => {
                let orders: &[&[usize]] = match parts.len() {
                    2 => &[&[0, 1], &[1, 0]],
                    _ => &[
                        &[0, 1, 2],
                        &[0, 2, 1],
                        &[1, 0, 2],
                        &[1, 2, 0],
                        &[2, 0, 1],
                        &[2, 1, 0],
                    ],
                };
                let order = |order: &&[usize]| {
                    in_order(&order.iter().map(|at| &parts[*at]).collect::<Vec<_>>())
                };
                orders.iter().flat_map(order).collect()
            }
        }
    }

    /// How many sentences, about: the slow matcher takes small templates only.
    fn size(&self) -> usize {
        let product = |parts: &[Tree]| parts.iter().map(Tree::size).product::<usize>();
        match self {
            Tree::Word(_) => 1,
            Tree::Rule => 3,
            Tree::List(_) => 5,
            Tree::Sequence(parts) => product(parts),
            Tree::Either(parts) => parts.iter().map(Tree::size).sum(),
            Tree::Maybe(part) => part.size() + 1,
            Tree::Permuted(parts) => product(parts) * 2 * (parts.len() - 1).pow(2),
        }
    }
}

/// An intent (by its place) and slots.
type Meaning = (usize, BTreeMap<String, String>);

/// Whether nothing but their order decides between the intents.
fn drawn(readings: &[(usize, Said)]) -> bool {
    let of = |intent| {
        let own = readings.iter().filter(move |reading| reading.0 == intent);
        own.map(|(_, said)| (said.cost, said.slots.len())).min()
    };
    of(0).is_some() && of(0) == of(1)
}

/// What the words mean, several if nothing decides, and where they stand.
struct Expected {
    meanings: BTreeSet<Meaning>,
    states: Vec<State>,
}

/// The most literal readings, of these those that fill the fewest slots, of these the first intent.
fn best(readings: &[(usize, Said)]) -> BTreeSet<Meaning> {
    let rank = |(intent, said): &(usize, Said)| (said.cost, said.slots.len(), *intent);
    let least = readings.iter().map(rank).min();
    let best = readings
        .iter()
        .filter(|reading| Some(rank(reading)) == least);
    best.map(|(intent, said)| (*intent, said.slots.clone()))
        .collect()
}

/// Whether a sentence can be read in several ways, so that only its best reading counts.
fn several(readings: &[(usize, Said)]) -> bool {
    let mut meanings = readings.iter().map(|(intent, said)| (intent, &said.slots));
    let first = meanings.next();
    meanings.any(|meaning| Some(meaning) != first)
}

/// The readings of every sentence that begins like this.
fn sentences(trees: &[Tree], given: &[String]) -> BTreeMap<Vec<String>, Vec<(usize, Said)>> {
    let mut sentences: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (intent, tree) in trees.iter().enumerate() {
        for said in tree.say(&Said::default(), given) {
            if said.words.len() >= given.len() {
                sentences
                    .entry(said.words.clone())
                    .or_default()
                    .push((intent, said));
            }
        }
    }
    sentences
}

fn expected(trees: &[Tree], given: &[String]) -> Expected {
    let mut sentences = sentences(trees, given);
    let complete = sentences.remove(given).unwrap_or_default();
    let meanings = best(&complete);
    if complete.is_empty() {
        let state = if sentences.is_empty() {
            State::Dead
        } else {
            State::Incomplete
        };
        return Expected {
            meanings,
            states: vec![state],
        };
    }
    // Words that a literal reading explains are not taken for free text after all.
    let free = |cost: u32| cost / readings::FREE;
    let limit = complete.iter().map(|(_, said)| free(said.cost)).min();
    let goes_on = |said: &Said| Some(free(said.cost_so_far)) <= limit;
    sentences.retain(|_, readings| readings.iter().any(|(_, said)| goes_on(said)));
    let open = |(_, said): &(usize, Said)| said.open && goes_on(said);
    let differs = |readings: &Vec<_>| best(readings).is_disjoint(&meanings);
    let states = if sentences.values().flatten().any(open) {
        vec![State::Open]
    } else if sentences.values().any(differs) {
        vec![State::Extendable]
    } else if several(&complete)
        || sentences.values().any(|readings| several(readings))
        || limit > Some(0)
    {
        // It waits for what a reading could become that another one will beat, be it another way to
        // hear the same free text.
        vec![State::Closed, State::Extendable]
    } else {
        vec![State::Closed]
    };
    Expected { meanings, states }
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        5 => select(&WORDS[..]).prop_map(Tree::Word),
        1 => Just(Tree::Rule),
        3 => select(&["shade", "level"][..]).prop_map(Tree::List),
        1 => Just(Tree::List("any")),
    ];
    leaf.prop_recursive(3, 8, 3, |part| {
        prop_oneof![
            vec(part.clone(), 2..4).prop_map(Tree::Sequence),
            vec(part.clone(), 2..4).prop_map(Tree::Either),
            part.clone().prop_map(|part| Tree::Maybe(part.into())),
            vec(part, 2..4).prop_map(Tree::Permuted),
        ]
    })
}

/// Two intents of one sentence each, with a word that must be said.
fn trees() -> impl Strategy<Value = Vec<Tree>> {
    let sentence = (select(&WORDS[..2]), vec(tree(), 1..3)).prop_map(|(word, mut parts)| {
        parts.insert(0, Tree::Word(word));
        Tree::Sequence(parts)
    });
    vec(sentence, 2).prop_filter("too many sentences", |trees| {
        trees.iter().map(Tree::size).sum::<usize>() < 400
    })
}

fn skill(trees: &[Tree]) -> Manifest {
    let intents = trees
        .iter()
        .zip(["first", "second"])
        .map(|(tree, name)| Intent {
            name: name.into(),
            sentences: vec![tree.text()],
            ..Intent::default()
        });
    Manifest {
        intents: intents.collect(),
        ..Manifest::parse("skill.yaml", SKILL).unwrap()
    }
}

fn meaning(found: &Match) -> Meaning {
    let step = &found.steps[0];
    let slots = step.slots.iter().map(|(slot, value)| {
        let value = match value {
            SlotValue::Text(text) => text.clone(),
            SlotValue::Item(value) => value.to_string(),
            SlotValue::Number(n) => n.to_string(),
            other => panic!("{other:?}"),
        };
        (slot.clone(), value)
    });
    (usize::from(step.intent == "second"), slots.collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, max_global_rejects: 20_000, ..ProptestConfig::default() })]
    #[test]
    fn every_word_is_understood_as_by_saying_all_sentences(
        trees in trees(), nth in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(),
        change in 0..6, word in select(&["a", "b", "c", "d", "twenty", "one", OTHER][..]),
    ) {
        // Texts side by side are refused.
        let Ok(grammar) = Grammar::unproved(&[skill(&trees)], &Home::default()) else {
            return Err(TestCaseError::reject("refused"));
        };
        let all: Vec<Said> = trees.iter().flat_map(|tree| tree.say(&Said::default(), &[])).collect();
        let mut words = nth.get(&all).words.clone();
        let at = at.index(words.len());
        match change {
            0 => drop(words.remove(at)),
            1 => words[at] = word.into(),
            2 => words.insert(at, word.into()),
            3 => words.push(word.into()),
            _ => {}
        }
        let mut parse = grammar.start(&Context::Commands);
        for end in 1..=words.len() {
            parse.feed(&words[end - 1]);
            let given = &words[..end];
            let expected = expected(&trees, given);
            let said = format!("{} on {:?}", given.join(" "), trees.iter().map(Tree::text).collect::<Vec<_>>());
            let found = parse.finish().map(|found| meaning(&found));
            match &found {
                None => prop_assert!(expected.meanings.is_empty(), "not understood: {said}"),
                Some(found) => prop_assert!(expected.meanings.contains(found), "{found:?}, not {:?}: {said}", expected.meanings),
            }
            let state = parse.state();
            prop_assert!(expected.states.contains(&state), "{state:?}, not {:?}: {said}", expected.states);
        }
    }
    #[test]
    fn two_intents_are_refused_where_a_sentence_is_a_draw(trees in trees()) {
        prop_assume!(Grammar::unproved(&[skill(&trees)], &Home::default()).is_ok());
        let mut sentences = sentences(&trees, &[]);
        // To the proof a free text is one word.
        sentences.values_mut().for_each(|readings| readings.retain(|(_, said)| !said.long));
        let draw = sentences.iter().find(|(_, readings)| drawn(readings));
        let refused = Grammar::compile(&[skill(&trees)], &Home::default()).err();
        prop_assert_eq!(draw.is_some(), refused.is_some(), "{:?} {:?}", draw, refused);
    }
}
