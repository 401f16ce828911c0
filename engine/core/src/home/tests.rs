use super::{DeviceKind, Home, KINDS};
use crate::document::json_schema;
use expect_test::{Expect, expect, expect_file};

fn check(text: &str, expected: Expect) {
    let outcome = match Home::parse("home.toml", text) {
        Ok(home) => format!("{} areas, {} devices", home.areas.len(), home.devices.len()),
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
        expect!["2 areas, 3 devices"],
    );
}

#[test]
fn odd_files_are_answered_plainly() {
    check("", expect!["0 areas, 0 devices"]);
    check("\u{feff}", expect!["0 areas, 0 devices"]);
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
    check(example, expect!["2 areas, 6 devices"]);
}

#[test]
fn the_schema_for_editors_is_current() {
    let schema =
        serde_json::to_string_pretty(&json_schema("A Loqa household", &super::HOME)).expect("JSON");
    expect_file!["../../../../docs/schemas/home.schema.json"].assert_eq(&(schema + "\n"));
}
