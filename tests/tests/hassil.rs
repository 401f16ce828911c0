//! Loqa's grammar gives hassil's answers: random templates, sentences made from them and sentences
//! almost made from them, understood by both.

use loqa_core::{
    grammar::{Context, Grammar},
    home::Home,
    manifest::{Intent, Manifest},
};
use loqa_tests::{
    hassil::{Answer, Hassil},
    voices::Random,
};

const TEMPLATES: u64 = 400;

/// Words that are no numbers, courtesies or conjunctions: what Loqa adds to hassil's language on
/// purpose is tested elsewhere and documented in `docs/skill-yaml.md`.
const WORDS: [&str; 12] = [
    "open",
    "close",
    "lamp",
    "door",
    "river",
    "green",
    "music",
    "hold",
    "seven up",
    "it's",
    "über",
    "bath-room",
];

/// The lists and rules that templates may name.
const SKILL: &str = r#"
name: random
lists:
  shade: [red, dark blue, { in: "[very] pale blue", out: pale }, { in: "(grey|gray)", out: 7 }]
  level: { range: { from: 0, to: 120 } }
  even: { range: { from: 10, to: 40, step: 10 } }
  anything: { text: {} }
rules:
  the: "[the|my]"
  turn: "(turn|switch)[ed|ing]"
  shaded: "<the> {shade} (lamp;door)"
"#;

#[test]
fn loqa_answers_as_hassil_does() {
    let Some(mut hassil) = Hassil::start().unwrap() else {
        return;
    };
    let base = Manifest::parse("random.yaml", SKILL).unwrap();
    let home = Home::default();
    let (mut refused, mut hits, mut misses) = (0, 0, 0);
    let mut disagreements = Vec::new();
    for seed in 0..TEMPLATES {
        let mut random = Random::new(seed);
        let template = Template::sentence(&mut random);
        let text = template.text();
        // Digits are words here, and "thirty four" said to two numbers may be 30 and 4.
        if text.matches("{level").count() + text.matches("{even").count() > 1 {
            continue;
        }
        let intent = Intent {
            name: "it".into(),
            sentences: vec![text.clone()],
            ..Intent::default()
        };
        let manifest = Manifest {
            intents: vec![intent],
            ..base.clone()
        };
        // Ambiguous templates are errors here; hassil takes the first answer.
        let Ok(grammar) = Grammar::compile(std::slice::from_ref(&manifest), &home) else {
            refused += 1;
            continue;
        };
        let sentences: Vec<String> = (0..12)
            .map(|n| template.say(&mut random, n % 2 == 1))
            .collect();
        hassil.load(std::slice::from_ref(&manifest), &home).unwrap();
        for (sentence, theirs) in sentences.iter().zip(hassil.ask(&sentences).unwrap()) {
            let found = grammar.parse(&Context::Commands, sentence);
            let ours = found
                .map(|found| found.steps.iter().map(Answer::of).collect::<Vec<_>>())
                .unwrap_or_default();
            let agree = match ours.as_slice() {
                [] => theirs.is_empty(),
                [one] => theirs.iter().any(|other| other.same(one)),
                _ => false,
            };
            if !agree {
                disagreements.push(format!(
                    "seed {seed}: `{text}` on `{sentence}`\n  Loqa   {ours:?}\n  hassil {theirs:?}"
                ));
            }
            if ours.is_empty() {
                misses += 1
            } else {
                hits += 1
            }
        }
    }
    let few = disagreements.iter().take(5).map(String::as_str);
    assert!(
        disagreements.is_empty(),
        "{} disagreements:\n{}",
        disagreements.len(),
        few.collect::<Vec<_>>().join("\n")
    );
    assert!(
        refused < TEMPLATES / 4,
        "{refused} of {TEMPLATES} templates were refused"
    );
    assert!(
        hits > 500 && misses > 200,
        "{hits} sentences matched, {misses} did not: too few to tell"
    );
}

/// A sentence template that can be written down and spoken.
enum Template {
    Word(&'static str),
    Sequence(Vec<Template>),
    Optional(Vec<Template>),
    Alternatives(Vec<Template>),
    Permutation(Vec<Template>),
    /// Endings of one word: `light[s|ing]`.
    Endings(&'static str, bool),
    Rule(&'static str),
    List(&'static str, usize),
}

impl Template {
    /// At least one word that must be said, so that no template is empty.
    fn sentence(random: &mut Random) -> Template {
        let mut parts = vec![Template::Word(pick(random, &WORDS))];
        parts.extend((0..1 + random.below(3)).map(|_| Template::any(random, 2)));
        // A text at the end or before a word; two beside each other are refused.
        if random.below(5) == 0 {
            parts.push(Template::Word("about"));
            parts.push(Template::List("anything", random.below(1000)));
            if random.below(2) == 0 {
                parts.push(Template::Word("loudly"));
            }
        }
        Template::Sequence(parts)
    }

    fn any(random: &mut Random, depth: usize) -> Template {
        let some = |random: &mut Random, least: usize| {
            (0..least + random.below(2))
                .map(|_| Template::any(random, depth - 1))
                .collect::<Vec<_>>()
        };
        match random.below(if depth == 0 { 5 } else { 9 }) {
            0 | 1 => Template::Word(pick(random, &WORDS)),
            2 => Template::Endings(
                pick(random, &["light", "play", "un|lock", "off| again"]),
                random.below(2) == 0,
            ),
            3 => Template::List(
                pick(random, &["shade", "level", "even"]),
                random.below(1000),
            ),
            4 => Template::Rule(pick(random, &["the", "turn", "shaded"])),
            5 => Template::Optional(some(random, 1)),
            6 => Template::Alternatives(some(random, 2)),
            7 => Template::Permutation(some(random, 2)),
            _ => Template::Sequence(some(random, 2)),
        }
    }

    fn text(&self) -> String {
        let join = |parts: &[Template], with: &str| {
            parts
                .iter()
                .map(Template::text)
                .collect::<Vec<_>>()
                .join(with)
        };
        match self {
            Template::Word(word) => (*word).to_owned(),
            Template::Sequence(parts) => join(parts, " "),
            Template::Optional(parts) => format!("[{}]", join(parts, "|")),
            Template::Alternatives(parts) => format!("({})", join(parts, "|")),
            Template::Permutation(parts) => format!("({})", join(parts, ";")),
            // An empty alternative, `(un|)lock`, means nothing to hassil.
            Template::Endings("un|lock", _) => "[un]lock".to_owned(),
            // The space is a part of the ending, which is a word then.
            Template::Endings("off| again", true) => "off[ again|f]".to_owned(),
            Template::Endings("off| again", false) => "[very ]off".to_owned(),
            Template::Endings(word, true) => format!("{word}[s|ing]"),
            Template::Endings(word, false) => format!("{word}(ed|s)"),
            Template::Rule(name) => format!("<{name}>"),
            // A slot of its own for each, or the second would hide the first.
            Template::List(name, slot) => format!("{{{name}:slot_{slot}}}"),
        }
    }

    /// A sentence of the template; with `spoilt`, one word of it is lost, doubled or another.
    fn say(&self, random: &mut Random, spoilt: bool) -> String {
        let mut said = String::new();
        self.speak(random, &mut said);
        let mut words: Vec<&str> = said.split_whitespace().collect();
        if spoilt && !words.is_empty() {
            let at = random.below(words.len());
            match random.below(4) {
                0 => drop(words.remove(at)),
                1 => words.insert(at, words[at]),
                2 => words[at] = pick(random, &WORDS),
                _ => words.push(pick(random, &WORDS)),
            }
        }
        words.join(" ")
    }

    fn speak(&self, random: &mut Random, said: &mut String) {
        let say = |said: &mut String, words: &str| {
            said.push(' ');
            said.push_str(words);
        };
        match self {
            Template::Word(word) => say(said, word),
            Template::Sequence(parts) => parts.iter().for_each(|part| part.speak(random, said)),
            Template::Optional(parts) => {
                if random.below(2) == 0 {
                    parts[random.below(parts.len())].speak(random, said);
                }
            }
            Template::Alternatives(parts) => parts[random.below(parts.len())].speak(random, said),
            Template::Permutation(parts) => {
                let first = random.below(parts.len());
                (0..parts.len()).for_each(|n| parts[(first + n) % parts.len()].speak(random, said));
            }
            Template::Endings("un|lock", _) => say(said, pick(random, &["lock", "unlock"])),
            Template::Endings("off| again", true) => say(
                said,
                pick(random, &["off", "off again", "offf", "offagain"]),
            ),
            Template::Endings("off| again", false) => {
                say(said, pick(random, &["off", "very off", "veryoff"]))
            }
            Template::Endings(word, optional) => {
                let ending = if *optional {
                    pick(random, &["", "s", "ing"])
                } else {
                    pick(random, &["ed", "s"])
                };
                say(said, &format!("{word}{ending}"));
            }
            Template::Rule("the") => say(said, pick(random, &["", "the", "my"])),
            Template::Rule("turn") => say(
                said,
                pick(random, &["turn", "switch", "turned", "switching"]),
            ),
            Template::Rule(_) => say(
                said,
                pick(
                    random,
                    &[
                        "the red lamp door",
                        "dark blue door lamp",
                        "my gray lamp door",
                    ],
                ),
            ),
            Template::List("shade", _) => say(
                said,
                pick(
                    random,
                    &["red", "dark blue", "very pale blue", "pale blue", "grey"],
                ),
            ),
            Template::List("level", _) => {
                let number = random.below(125);
                // hassil writes numbers with hyphens and without "and", and so this says them.
                let word = ["five", "twenty one", "sixty", "one hundred"][number % 4];
                say(
                    said,
                    &if number.is_multiple_of(3) {
                        word.to_owned()
                    } else {
                        number.to_string()
                    },
                );
            }
            Template::List("even", _) => {
                say(said, pick(random, &["10", "twenty", "30", "35", "forty"]))
            }
            Template::List(_, _) => say(
                said,
                pick(random, &["strange things", "rain", "the end of it all"]),
            ),
        }
    }
}

fn pick(random: &mut Random, from: &[&'static str]) -> &'static str {
    from[random.below(from.len())]
}
