use super::{DeviceKind, Home, KINDS, unfit_routines};
use crate::{document::json_schema, grammar::Grammar, manifest::Manifest};
use expect_test::{Expect, expect, expect_file};

fn check(text: &str, expected: Expect) {
    let outcome = match Home::parse("home.toml", text) {
        Ok(home) => format!(
            "{} areas, {} devices, {} routines",
            home.areas.len(),
            home.devices.len(),
            home.routines.len()
        ),
        Err(errors) => errors.iter().map(|error| format!("{error}\n")).collect(),
    };
    expected.assert_eq(&outcome);
}

#[test]
fn every_error_of_a_household_is_told_at_once() {
    check(
        r#"
[[area]]
id = "kitchen"
name = "Kitchen"
aliases = ["cookery"]

[[area]]
id = "Living Room"
name = "the KITCHEN!"

[[device]]
id = "lamp"
nam = "Lamp"
kind = "ligth"
area = "kitchn"

[[device]]
id = "lamp"
name = "Ceiling-light"
aliases = ["?!"]
kind = "light"
area = "kitchen"
confirm = "yes"

[[device]]
id = "lamp_2"
name = "ceiling light"
kind = "light"
area = "kitchen"

[[device]]
id = "lamp_3"
name = "ceiling light"
kind = "light"
"#,
        expect![[r#"
            home.toml:8:6: `Living Room` is not an id
              help: use lower-case letters, digits and `_`: living_room
            home.toml:13:1: unknown key `nam`
              help: did you mean `name`?
            home.toml:14:8: unknown word `ligth`
              help: did you mean `light`?
            home.toml:15:8: unknown area `kitchn`
              help: did you mean `kitchen`?
            home.toml:18:6: a second device id `lamp`
              help: the first is in line 12: give each one of its own
            home.toml:20:12: nobody can say `?!`
              help: use words or numbers
            home.toml:23:11: expected true or false, found text
              help: write true or false, without quotes
            home.toml:27:8: a second device `ceiling light` in area `kitchen`
              help: the first is in line 19: give each one of its own
        "#]],
    );
}

#[test]
fn names_may_repeat_in_other_areas() {
    check(
        r#"
area = [{ id = "a", name = "Attic" }, { id = "b", name = "Bath", floor = "up" }]
device = [
  { id = "l1", name = "lamp", kind = "light", area = "a", aliases = ["Lamp", "light"] },
  { id = "l2", name = "lamp", kind = "light", area = "b" },
  { id = "l3", name = "lamp", kind = "light" },
]
"#,
        expect!["2 areas, 3 devices, 0 routines"],
    );
}

#[test]
fn routines_have_steps_and_names_of_their_own() {
    check(
        r#"
[[routine]]
id = "morning"
name = "Good morning"
steps = ["turn on the lamp", ""]

[[routine]]
id = "morning"
name = "wake up"
aliases = ["good-morning!"]
steps = []

[[routine]]
id = "leave"
name = "I am leaving"
step = ["lock the door"]

[[routine]]
id = "long"
name = "long"
steps = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"]
"#,
        expect![[r#"
            home.toml:5:30: this text is empty
              help: write something, or remove the line
            home.toml:8:6: a second routine id `morning`
              help: the first is in line 3: give each one of its own
            home.toml:10:12: a second routine `good-morning!`
              help: the first is in line 4: give each one of its own
            home.toml:11:9: a routine of 0 steps
              help: write 1 to 10 sentences, as you would say them
            home.toml:16:1: unknown key `step`
              help: did you mean `steps`?
            home.toml:21:9: a routine of 11 steps
              help: write 1 to 10 sentences, as you would say them
        "#]],
    );
}

#[test]
fn what_the_house_does_not_understand_of_its_routines_is_told() {
    let skill = |name: &str, text: &str| Manifest::parse(name, text).unwrap();
    let skills = [
        skill(
            "home",
            "name: home\ndescription: d\nintents:\n  on:\n    sentences: [\"turn on [the] {device}\", \"good night\", \"{scene}\"]\n",
        ),
        skill(
            "loqa",
            "name: loqa\ndescription: d\nintents:\n  routine:\n    sentences: [\"{routine}\"]\n  undo:\n    sentences: [undo that]\n",
        ),
    ];
    let text = r#"
[[device]]
id = "lamp"
name = "lamp"
kind = "light"
[[device]]
id = "movies"
name = "movie night"
kind = "scene"

[[routine]]
id = "morning"
name = "good morning"
steps = ["Turn on the lamp.", "turn on the lmap", "undo that and turn on the lamp"]
[[routine]]
id = "evening"
name = "movie night"
aliases = ["evening", "good night"]
steps = ["good morning", "turn on the lamp and turn on movie night"]
"#;
    let home = Home::parse("home.toml", text).unwrap();
    let grammar = Grammar::compile(&skills, &home).unwrap();
    let errors = unfit_routines("home.toml", text, &grammar);
    let errors: Vec<String> = errors.iter().map(|error| format!("{error}\n")).collect();
    expect![[r#"
        home.toml:14:31: the step “turn on the lmap” is not understood in this house
          help: write it as you would say it: `loqa intent` tells what a sentence means
        home.toml:14:51: the step “undo that and turn on the lamp” speaks of what was said before
          help: write what shall be done
        home.toml:17:8: “movie night” is also said for `home.on`
          help: call the routine something else, so that every sentence has one meaning
        home.toml:18:23: “good night” is also said for `home.on`
          help: call the routine something else, so that every sentence has one meaning
        home.toml:19:10: the step “good morning” is a routine itself
          help: write the steps of that routine instead
    "#]]
    .assert_eq(&errors.concat());
}

#[test]
fn odd_files_are_answered_plainly() {
    check("", expect!["0 areas, 0 devices, 0 routines"]);
    check("\u{feff}", expect!["0 areas, 0 devices, 0 routines"]);
    check(
        "[area]\nid = 1\n",
        expect![[r#"
        home.toml:1:1: expected a list, found keys with values
          help: write a list of tables: in TOML with two brackets, `[[…]]`
    "#]],
    );
    check(
        "[[area]]\nid = \"a\"\nid = \"b\"\nname = 3\n[[device]\n",
        expect![[r#"
        home.toml:3:1: this is not TOML: duplicate key
          help: keep one of the two
        home.toml:5:10: this is not TOML: unclosed array table, expected `]`
    "#]],
    );
    check(
        "[[area]]\nid = \"küche\"\nname = \"Küche\"\n",
        expect![[r#"
        home.toml:2:6: `küche` is not an id
          help: use lower-case letters, digits and `_`: k_che
    "#]],
    );
}

#[test]
fn kinds_are_the_same_everywhere() {
    assert_eq!(DeviceKind::ALL.map(DeviceKind::as_str).as_slice(), KINDS);
}

const REFERENCE: &str = include_str!("../../../../docs/home-toml.md");

#[test]
fn the_reference_names_every_key_and_its_example_is_a_household() {
    for word in super::HOME
        .keys()
        .iter()
        .map(|key| key.name)
        .chain(KINDS.iter().copied())
    {
        let named = [format!("`{word}`"), format!("[[{word}]]")]
            .iter()
            .any(|name| REFERENCE.contains(name));
        assert!(named, "docs/home-toml.md does not mention `{word}`");
    }
    let example = REFERENCE
        .split("```toml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap_or_default();
    check(example, expect!["2 areas, 6 devices, 1 routines"]);
}

#[test]
fn the_schema_for_editors_is_current() {
    let schema =
        serde_json::to_string_pretty(&json_schema("A Loqa household", &super::HOME)).expect("JSON");
    expect_file!["../../../../docs/schemas/home.schema.json"].assert_eq(&(schema + "\n"));
}
