use super::{Budget, List, Manifest};
use crate::document::json_schema;
use expect_test::{Expect, expect, expect_file};
use serde_json::json;

fn check(text: &str, expected: Expect) {
    let outcome = match Manifest::parse("skill.yaml", text) {
        Ok(_) => "fine".to_owned(),
        Err(errors) => errors.iter().map(|error| format!("{error}\n")).collect(),
    };
    expected.assert_eq(&outcome);
}

const PIZZA: &str = r#"
name: pizza
description: Orders nothing, but talks about it.
lists:
  topping: [ham, { in: "(mush room|mushroom)s", out: mushroom }, { in: extra, out: 2 }]
  count: { range: { from: 1, to: 12 } }
  note:
    text: { vocabulary: [well done] }
  lamp: { devices: [light, switch] }
rules:
  order: "(order|get [me])"
intents:
  order:
    sentences:
      - "<order> {count} pizza[s] [with {topping}]"
    slots: { kind: pizza }
    reply: "{count} {kind} with {topping|nothing on top}."
    examples:
      - order two pizzas
      - { say: get me a pizza with ham, slots: { topping: ham, count: 1 } }
    negatives: [order a taxi]
    confirm: true
  menu: { sentences: [what is there] }
permissions: [list]
followups:
  size:
    ask: How big?
    sentences: ["{number:size} [inches]"]
"#;

#[test]
fn a_whole_manifest_is_read_in_order() {
    let manifest = Manifest::parse("skill.yaml", PIZZA).expect("a sound manifest");
    assert_eq!(manifest.version, "0.1.0");
    assert_eq!(
        manifest
            .intents
            .iter()
            .map(|intent| intent.name.as_str())
            .collect::<Vec<_>>(),
        ["order", "menu"]
    );
    let List::Values(toppings) = &manifest.lists["topping"] else {
        panic!("{:?}", manifest.lists)
    };
    assert_eq!(
        toppings
            .iter()
            .map(|topping| topping.means.clone())
            .collect::<Vec<_>>(),
        [json!("ham"), json!("mushroom"), json!(2)]
    );
    assert_eq!(
        manifest.lists["count"],
        List::Range {
            from: 1,
            to: 12,
            step: 1
        }
    );
    let order = &manifest.intents[0];
    assert!(order.confirm && !manifest.intents[1].confirm);
    assert_eq!(order.slots["kind"], json!("pizza"));
    assert_eq!(
        order.examples[1]
            .slots
            .as_ref()
            .map(|slots| &slots["count"]),
        Some(&json!(1))
    );
    assert_eq!(manifest.followups["size"].ask, "How big?");
    let column = manifest
        .places
        .error(
            &super::Place::Sentence {
                intent: "order".into(),
                index: 0,
            },
            8,
            "",
            "",
        )
        .column;
    assert_eq!(column, 18, "the `{{` of `{{count}}`");
}

#[test]
fn every_error_of_a_file_is_told_at_once() {
    check(
        r#"nmae: Tea Time
version: 1.0
lists:
  kind: { valeus: [green] }
  strength: { range: { from: 5, to: 1 } }
  both: { text: {}, values: [a] }
  9th: []
intents:
  brew:
    sentences:
      - [please] brew tea
      - 7
    exmaples: [brew tea]
    reply: "Your {tea"
    confirm: yes
  brew:
    sentences: brew
permissions: [timers]
"#,
        expect![[r#"
            skill.yaml:11:18: this is not YAML: while parsing a block collection, did not find expected '-' indicator
              help: quote a text that begins with `[` or `{`: "[please] stop"
        "#]],
    );
    check(
        r#"nmae: Tea Time
version: 1.0
lists:
  kind: { valeus: [green] }
  strength: { range: { from: 5, to: 1 } }
  both: { text: {}, values: [a] }
  9th: []
  vague: ["(big|large)"]
intents:
  brew:
    sentences:
      - [please]
      - 7
    exmaples: [brew tea]
    reply: "Your {tea"
    confirm: yes
  stop: { sentences: [] }
permissions: [timers]
"#,
        expect![[r#"
            skill.yaml:1:1: unknown key `nmae`
              help: did you mean `name`?
            skill.yaml:2:10: expected text, found a number
              help: put it in quotes to make it text
            skill.yaml:4:3: list `kind` is empty
              help: give it one of: values, range, text, devices
            skill.yaml:4:11: unknown key `valeus`
              help: did you mean `values`?
            skill.yaml:5:22: this range is empty: it runs from 5 to 1
              help: swap the two
            skill.yaml:6:3: list `both` is several things at once: values, text
              help: give it one of: values, range, text, devices
            skill.yaml:7:3: `9th` is not a name
              help: use letters, digits and `_`, a letter first
            skill.yaml:7:3: list `9th` has no values
              help: give it at least one, or remove it
            skill.yaml:8:11: this value is a template: nobody knows what it stands for
              help: give it an `out`: { in: "(big|large)", out: big }
            skill.yaml:12:9: expected text, found a list
              help: a text that begins with `[` or `{`, or holds `: `, needs quotes: "[please] stop"
            skill.yaml:13:9: expected text, found a number
              help: put it in quotes to make it text
            skill.yaml:14:5: unknown key `exmaples`
              help: did you mean `examples`?
            skill.yaml:15:18: this `{` is never closed
              help: a slot is written `{name}` or `{name|words}`
            skill.yaml:16:14: expected true or false, found text
              help: write true or false, without quotes
            skill.yaml:17:22: `stop` has no sentences
              help: write at least one, or remove it
            skill.yaml:18:15: unknown word `timers`
              help: did you mean `timer`?
        "#]],
    );
}

#[test]
fn yaml_that_refers_to_itself_or_repeats_itself_is_refused() {
    check(
        "name: a\nname: b\nrules:\n  x: &x one\n  y: *x\n  z: !!str two\n  <<: {q: r}\n---\nname: c\n",
        expect![[r#"
            skill.yaml:2:1: `name` is here twice
              help: it already stands in line 1: keep one
            skill.yaml:4:9: anchors (`&name`) are not read here
              help: write the text out, or make it a rule: `rules:` and `<name>`
            skill.yaml:5:6: aliases (`*name`) are not read here
              help: write the text out; quote a text that begins with `*`
            skill.yaml:6:12: tags (`!name`) are not read here
              help: remove it; quote a text that begins with `!`
            skill.yaml:7:3: merge keys (`<<`) are not read here
              help: write the keys out
            skill.yaml:8:1: a second document begins here (`---`)
              help: one file holds one document: remove the line
        "#]],
    );
    check(
        "a: &a [x,x]\nb: &b [*a]\nc: [*b]\nname: lol\n",
        expect![[r#"
            skill.yaml:1:7: anchors (`&name`) are not read here
              help: write the text out, or make it a rule: `rules:` and `<name>`
            skill.yaml:2:7: anchors (`&name`) are not read here
              help: write the text out, or make it a rule: `rules:` and `<name>`
            skill.yaml:2:8: aliases (`*name`) are not read here
              help: write the text out; quote a text that begins with `*`
            skill.yaml:3:5: aliases (`*name`) are not read here
              help: write the text out; quote a text that begins with `*`
        "#]],
    );
}

#[test]
fn odd_files_are_answered_plainly() {
    check(
        "",
        expect![[r#"
        skill.yaml:1:1: `name` is missing
          help: Its name: unique; lower-case letters, digits, `_`.
    "#]],
    );
    check("\u{feff}name: tea\n", expect!["fine"]);
    check(
        "# only\n# comments\n",
        expect![[r#"
        skill.yaml:1:1: `name` is missing
          help: Its name: unique; lower-case letters, digits, `_`.
    "#]],
    );
    check(
        "just a text",
        expect![[r#"
        skill.yaml:1:1: expected keys with values, found text
    "#]],
    );
    check(
        "name: tea\nintents:\n\tbrew:\n",
        expect![[r#"
        skill.yaml:3:2: this is not YAML: tabs disallowed within this context (block indentation)
          help: indent with spaces, not tabs
    "#]],
    );
    check(
        "name: tea\nintents:\n  brew:\n    sentences: [\"",
        expect![[r#"
        skill.yaml:4:17: this is not YAML: unclosed quote
          help: look at the indentation and the quotes of this line and the one before it
    "#]],
    );
    check(
        "name: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
        expect![[r#"
        skill.yaml:1:39: this is not YAML: recursion limit exceeded
          help: look at the indentation and the quotes of this line and the one before it
    "#]],
    );
    check(
        "name: \u{0}",
        expect![[r#"
        skill.yaml:1:7: this is not YAML: unexpected character: `\u{0}'
          help: look at the indentation and the quotes of this line and the one before it
    "#]],
    );
}

#[test]
fn a_megabyte_is_no_problem() {
    let sentences: String = (0..40_000)
        .map(|n| format!("      - say number {n} aloud\n"))
        .collect();
    let manifest = Manifest::parse(
        "skill.yaml",
        &format!("name: long\nintents:\n  say:\n    sentences:\n{sentences}"),
    );
    assert_eq!(
        manifest.map(|manifest| manifest.intents[0].sentences.len()),
        Ok(40_000)
    );
    assert!(
        Manifest::parse(
            "skill.yaml",
            &"x".repeat(crate::document::MAX_FILE_BYTES + 1)
        )
        .is_err()
    );
}

#[test]
fn the_schema_for_editors_is_current() {
    let schema =
        serde_json::to_string_pretty(&json_schema("A Loqa skill", &super::SKILL)).expect("JSON");
    expect_file!["../../../../docs/schemas/skill.schema.json"].assert_eq(&(schema + "\n"));
}

#[test]
fn a_reply_cannot_name_a_slot_that_may_be_empty() {
    check(
        r#"
name: tea
rules: { sort: "[strong] {kind}" }
intents:
  brew:
    sentences:
      - "brew <sort> tea [for {number:guests}]"
      - "brew ({kind}|{number:cups})"
    slots: { drink: tea }
    reply: "{drink} for {guests|you}: {kind}, {cusp|} {cups}."
"#,
        expect![[r#"
            skill.yaml:10:39: `brew ({kind}|{number:cups})` can be said without `kind`
              help: say something else then: {kind|something else}
            skill.yaml:10:47: no sentence of `brew` fills `cusp`
              help: did you mean `cups`?
            skill.yaml:10:55: `brew <sort> tea [for {number:guests}]` can be said without `cups`
              help: say something else then: {cups|something else}
        "#]],
    );
}

#[test]
fn a_card_is_checked_as_its_reply_is() {
    check(
        r#"
name: tea
intents:
  brew:
    sentences: ["brew {text:kind} [for {number:guests}]"]
    card:
      title: "{kind} for {guests}"
      lines:
        - "{kind} {kid"
        - { name: "For {gests|you}", text: "{guests|1}" }
      say: [a, b, c, d, e]
      stays: 1441
  serve:
    sentences: [serve]
    card: { lines: [tea], colour: red }
"#,
        expect![[r#"
            skill.yaml:7:26: `brew {text:kind} [for {number:guests}]` can be said without `guests`
              help: say something else then: {guests|something else}
            skill.yaml:9:19: this `{` is never closed
              help: a slot is written `{name}` or `{name|words}`
            skill.yaml:10:24: no sentence of `brew` fills `gests`
              help: did you mean `guests`?
            skill.yaml:11:12: 5 sentences are too many for a card
              help: keep the 4 that matter most
            skill.yaml:12:14: a card cannot stay 1441 minutes
              help: name 1 to 1440 minutes
            skill.yaml:15:11: `title` is missing
              help: What it is about.
            skill.yaml:15:27: unknown key `colour`
              help: keys known here: title, lines, say, stays
        "#]],
    );
}

const REFERENCE: &str = include_str!("../../../../docs/skill-yaml.md");

#[test]
fn the_reference_names_every_key_and_its_example_is_a_skill() {
    for key in super::SKILL.keys() {
        let named = [format!("`{}`", key.name), format!("{}:", key.name)]
            .iter()
            .any(|name| REFERENCE.contains(name));
        assert!(named, "docs/skill-yaml.md does not mention `{}`", key.name);
    }
    let example = REFERENCE
        .split("```yaml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap_or_default();
    let skill = Manifest::parse("skill.yaml", example).expect("the example is sound");
    let home = crate::home::Home::default();
    let grammar = crate::grammar::Grammar::compile(std::slice::from_ref(&skill), &home);
    let grammar = grammar.unwrap_or_else(|errors| panic!("{errors:?}"));
    assert_eq!(skill.check_examples(&grammar), []);
}

#[test]
fn examples_and_negatives_run_as_tests() {
    let skill = r#"
name: tea
lists: { tea: [green, black] }
intents:
  brew:
    sentences: ["brew {number:cups} {tea} [tea]"]
    examples:
      - brew two green tea
      - { say: brew two green, slots: { cups: 2.0, tea: black } }
      - { say: brew two green, slots: { milk: true } }
      - brew coffee
      - drink tea
    negatives: [brew, brew ten black]
  drink:
    sentences: ["drink tea"]
"#;
    let skill = Manifest::parse("skill.yaml", skill).expect("a sound manifest");
    let home = crate::home::Home::default();
    let grammar = crate::grammar::Grammar::compile(std::slice::from_ref(&skill), &home);
    let grammar = grammar.unwrap_or_else(|errors| panic!("{errors:?}"));
    let errors: String = skill
        .check_examples(&grammar)
        .iter()
        .map(|error| format!("{error}\n"))
        .collect();
    expect![[r#"
        skill.yaml:9:16: `brew two green` fills `tea` with "green", not "black"
          help: correct the example, or the sentence that matches it
        skill.yaml:10:16: `brew two green` does not fill `milk`
          help: name one that it fills: cups, tea
        skill.yaml:11:9: `brew coffee` is not understood
          help: add a sentence to `brew` that matches it
        skill.yaml:12:9: `drink tea` is understood as `tea.drink`, not as `brew`
          help: narrow that intent's sentences, or make these more exact
        skill.yaml:13:23: `brew ten black` is understood as `brew`, which it must not be
          help: narrow the sentences, or remove the negative
    "#]]
    .assert_eq(&errors);
}

#[test]
fn replies_say_what_was_understood() {
    use crate::grammar::{DateSpec, SlotValue, TimeOfDay};
    let home = crate::home::Home::parse(
        "home.toml",
        "[[device]]\nid = \"l1\"\nname = \"Reading lamp\"\nkind = \"light\"",
    )
    .expect("a home");
    let say = |template: &str, slots: &[(&str, SlotValue)]| {
        let slots: Vec<_> = slots
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        super::reply::render(template, &slots, &home)
    };
    assert_eq!(
        say(
            "{n} eggs, {d}.",
            &[
                ("n", SlotValue::Number(3.0)),
                ("d", SlotValue::Duration(5461))
            ]
        ),
        "3 eggs, 1 hour, 31 minutes and 1 second."
    );
    assert_eq!(
        say(
            "The {lamp} at {t}.",
            &[
                ("lamp", SlotValue::Device("l1".into())),
                (
                    "t",
                    SlotValue::Time(TimeOfDay {
                        hour: 19,
                        minute: 5,
                        meridiem_known: true
                    })
                )
            ]
        ),
        "The Reading lamp at 7:05 pm."
    );
    let days = [
        DateSpec::Relative(1),
        DateSpec::Weekday(7),
        DateSpec::Calendar {
            month: 12,
            day: 24,
            year: None,
        },
    ];
    let days = days.map(|day| say("{day}", &[("day", SlotValue::Date(day))]));
    assert_eq!(days, ["tomorrow", "Sunday", "December 24"]);
    assert_eq!(say("Tea {kind} with {what|milk}", &[]), "Tea with milk");
    assert_eq!(say("odd { brace", &[]), "odd { brace");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "[ -~\\n\\t{}\\[\\]:,&*!|>'\"#\u{feff}é👍]{0,80}") {
        let _ = Manifest::parse("skill.yaml", &text);
        let _ = Manifest::parse("skill.yaml", &format!("name: x\nintents:\n  a:\n    {text}"));
        let _ = crate::home::Home::parse("home.toml", &text);
        let _ = crate::home::Home::parse("home.toml", &format!("[[device]]\nname = {text}"));
    }
}

#[test]
fn settings_and_budgets_hold_what_they_say() {
    let manifest = Manifest::parse(
        "skill.yaml",
        "name: tea\nsettings:\n  minutes: { title: How long, type: number, default: 3, from: 1, to: 20 }\n  kind: { title: Which, type: choice, choices: [green, black], default: green }\nbudget: { storage: 0 }\n",
    )
    .expect("a sound manifest");
    let [minutes, kind] = manifest.settings.as_slice() else {
        panic!("{:?}", manifest.settings)
    };
    assert_eq!(minutes.typed("4.5"), Ok(4.5.into()));
    for (setting, text) in [
        (minutes, "21"),
        (minutes, "\"3\""),
        (minutes, "three"),
        (kind, "red"),
    ] {
        assert_eq!(setting.typed(text), Err(setting.can_be()), "{text}");
    }
    let usual = Budget::default();
    assert_eq!(
        manifest.budget,
        Budget {
            storage_kb: 0,
            http_per_minute: 10,
            ..usual
        }
    );
    check(
        "name: tea\nsettings:\n  a: { title: A, type: choice, default: b }\n  c: { title: C, type: switch, default: on }\nbudget: { time: 5000 }\n",
        expect![[r#"
            skill.yaml:3:3: `a` can be nothing at all
              help: list its `choices`
            skill.yaml:4:41: `c` cannot be this
              help: give it true or false
            skill.yaml:5:17: a skill cannot have 5000 for its time
              help: name 1 to 1000
        "#]],
    );
}

#[test]
fn what_is_published_is_declared_soundly() {
    check(
        r#"name: weather
permissions: [publish]
payloads:
  rain:
    type: object
    properties:
      mm: { type: numbr }
  where: { properties: {} }
  snow: { type: string, pattern: "(?=a)b" }
  sun: { type: array, items: { $ref: "https://weather.example/sun" } }
  a_topic_that_has_more_letters_than_anybody_would_want_to_read_or_type: { type: "null" }
  wind: 4
"#,
        expect![[r#"
            skill.yaml:7:19: this is no JSON Schema: "numbr" is not valid under any of the schemas listed in the 'anyOf' keyword
              help: write it as for JSON: type: object, and its `properties`
            skill.yaml:8:10: this does not say what `type` it is
              help: write it as for JSON: type: object, and its `properties`
            skill.yaml:9:34: this is no JSON Schema: "(?=a)b" is not a "regex"
              help: write it as for JSON: type: object, and its `properties`
            skill.yaml:10:32: `$ref` leads elsewhere: write out what it stands for
              help: write it as for JSON: type: object, and its `properties`
            skill.yaml:11:3: a topic has at most 64 letters
              help: give it a shorter one
            skill.yaml:12:9: expected a JSON Schema, found a number
        "#]],
    );
    check(
        "name: weather\npermissions: [timer, publish]\n",
        expect![[r#"
        skill.yaml:2:14: nothing is said of what it publishes
          help: add `payloads`, with a JSON Schema for each topic
    "#]],
    );
    check(
        "name: weather\npayloads:\n  rain: { type: object }\n",
        expect![[r#"
            skill.yaml:3:3: it publishes this without the permission to
              help: add `publish` to `permissions`
        "#]],
    );
    check(
        "name: weather\npermissions: [publish]\npayloads:\n  rain: { type: object }\n",
        expect!["fine"],
    );
}
